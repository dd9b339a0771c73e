//! Choosing columns, and what rows are sorted by.

use super::{Layout, Sheet};
use crate::console::list::Step;
use crate::console::model::{Message, Mode, Model, View};

impl Model {
    fn layout_mut(&mut self, sheet: Sheet) -> &mut Layout {
        self.layouts.entry(sheet).or_default()
    }

    /// Whether the rows that are looked at have no other order than the one they were written in.
    fn is_log(&self) -> bool {
        self.view == View::Activity && !self.words.activity.plain.names("visit")
    }

    /// What the rows that are looked at are sorted by, and whether the other way round.
    pub(in crate::console) fn sorted_by(&self) -> (&str, bool) {
        let (sheet, layout) = (self.sheet(), self.layout(self.sheet()));
        if self.is_log() || !sheet.sorts(&layout.by) {
            return (sheet.own_order(), layout.reversed && !self.is_log());
        }
        (&layout.by, layout.reversed)
    }

    /// Shows the columns to choose from.
    pub(in crate::console) fn show_columns(&mut self) {
        let sheet = self.sheet();
        let order = self.layout(sheet).ordered(sheet.columns());
        let by = self.sorted_by().0;
        let sorted = |at: &usize| sheet.columns().get(*at).is_some_and(|column| column.name == by);
        self.mode = Mode::Columns(order.iter().position(sorted).unwrap_or(0));
    }

    pub(in crate::console) fn step_column(&mut self, step: Step) {
        let count = self.sheet().columns().len();
        if let Mode::Columns(at) = &mut self.mode {
            *at = step.among(*at, count);
        }
    }

    /// The number of the column that is chosen in the dialog.
    fn chosen_column(&self) -> Option<usize> {
        let Mode::Columns(at) = self.mode else { return None };
        let sheet = self.sheet();
        self.layout(sheet).ordered(sheet.columns()).get(at).copied()
    }

    /// Shows the chosen column, or hides it.
    pub(in crate::console) fn toggle_column(&mut self) {
        let sheet = self.sheet();
        let columns = self.columns(sheet);
        let Some(column) = self.chosen_column().and_then(|at| columns.get(at)) else { return };
        if column.identity {
            let text = format!("{} stays: it tells the rows apart", column.title);
            self.message = Some(Message { bad: true, text });
            return;
        }
        let width = self.table_width.get();
        self.layout_mut(sheet).toggle(&columns, column, width);
    }

    /// Moves the chosen column to the left or to the right.
    pub(in crate::console) fn shift_column(&mut self, left: bool) {
        let sheet = self.sheet();
        let Some(column) = self.chosen_column() else { return };
        if self.layout_mut(sheet).shift(sheet.columns(), column, left) {
            self.step_column(if left { Step::Up } else { Step::Down });
        }
    }

    /// The columns as they were at first.
    pub(in crate::console) fn reset_columns(&mut self) {
        let sheet = self.sheet();
        self.layout_mut(sheet).reset();
        self.message = Some(Message { bad: false, text: "the columns are as they were at first".to_owned() });
    }

    /// Sorts by the chosen column; once more: the other way round.
    pub(in crate::console) fn sort_by_chosen(&mut self) {
        let sheet = self.sheet();
        let Some(column) = self.chosen_column().and_then(|at| sheet.columns().get(at)) else { return };
        match self.sorted_by() {
            (by, reversed) if by == column.name => self.sort_by(column.name, !reversed),
            _ => self.sort_by(column.name, false),
        }
    }

    /// Sorts by the next column that shows; after the last, the rows stand in their own order.
    pub(in crate::console) fn sort_by_next(&mut self) {
        let sheet = self.sheet();
        let columns = self.columns(sheet);
        let shown = self.layout(sheet).arrange(&columns, self.table_width.get(), sheet.margin()).shown;
        let mut names: Vec<&'static str> = shown
            .into_iter()
            .filter_map(|at| columns.get(at).map(|column| column.name))
            .filter(|name| sheet.sorts(name))
            .collect();
        if !names.contains(&sheet.own_order()) {
            names.push(sheet.own_order());
        }
        let by = self.sorted_by().0;
        let at = names.iter().position(|name| *name == by).map_or(0, |at| at + 1);
        let next = names.get(at).or(names.first()).copied().unwrap_or(sheet.own_order());
        self.sort_by(next, false);
    }

    /// Turns the order round.
    pub(in crate::console) fn turn_round(&mut self) {
        let (by, reversed) = self.sorted_by();
        let by = by.to_owned();
        self.sort_by(&by, !reversed);
    }

    fn sort_by(&mut self, name: &str, reversed: bool) {
        let sheet = self.sheet();
        if self.is_log() || !sheet.sorts(name) {
            let text = "the log stands in the order in which it was written (v: visits, which can be sorted)";
            self.message = Some(Message { bad: true, text: text.to_owned() });
            return;
        }
        let layout = self.layout_mut(sheet);
        // Their own order is what they have where nothing is remembered.
        layout.by = if name == sheet.own_order() { String::new() } else { name.to_owned() };
        layout.reversed = reversed;
        let title = sheet.columns().iter().find(|column| column.name == name).map_or(name, |column| column.title);
        let turned = if reversed { ", reversed" } else { "" };
        self.message = Some(Message { bad: false, text: format!("sorted by {title}{turned}") });
        match sheet {
            Sheet::Parts => self.list_parts(),
            _ => self.unsettle(self.view),
        }
    }
}
