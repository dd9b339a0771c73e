//! A list as a table with the columns that are chosen, and the dialog that they are chosen in.

use std::cell::Cell;
use std::hash::Hash;

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::overlay::window;
use super::pen::{Pen, Piece, Row, Table};
use crate::console::columns::{Column, Sheet};
use crate::console::list::List;
use crate::console::model::{Mode, Model};

/// The sign of an order, by whether the greatest stands first.
fn sign(down: bool) -> &'static str {
    if down { "▼" } else { "▲" }
}

/// The table of a list in an area: its first row has the columns' names, the others are what a page is.
pub(super) fn table<'a, I: Clone + Eq + Hash>(
    model: &Model,
    sheet: Sheet,
    columns: &'a [Column],
    list: &'a List<I>,
    area: Rect,
) -> Table<'a> {
    list.page.set(usize::from(area.height.saturating_sub(1)));
    model.table_width.set(area.width);
    let (by, reversed) = model.sorted_by();
    let sorted = columns.iter().enumerate().find(|(_, column)| column.name == by);
    let shown = model.layout(sheet).arrange(columns, area.width, sheet.margin()).shown;
    Table {
        columns,
        shown,
        sorted: sorted.map(|(at, column)| (at, sign(column.down != reversed))),
        count: list.order().len(),
        selected: list.selected().map(|_| list.at()),
        offset: &list.offset,
        margin: sheet.margin(),
    }
}

/// What rows are sorted by, where no column on the screen says so.
pub(super) fn sorted_by(model: &Model, width: u16) -> Piece {
    let sheet = model.sheet();
    let (by, reversed) = model.sorted_by();
    let columns = model.columns(sheet);
    let at = columns.iter().position(|column| column.name == by);
    let shown = model.layout(sheet).arrange(&columns, width, sheet.margin()).shown;
    if at.is_some_and(|at| shown.contains(&at)) || (by == sheet.own_order() && !reversed) {
        return Piece::default();
    }
    let title = at.and_then(|at| columns.get(at)).map_or(by, |column| column.title);
    let turned = if reversed { ", reversed" } else { "" };
    Piece::new(format!("   by {title}{turned}"), model.theme.label())
}

/// That there is no room for all that was chosen, above the hints.
pub(super) fn no_room(model: &Model, pen: &mut Pen<'_>, area: Rect) {
    let sheet = model.sheet();
    let layout = model.layout(sheet);
    if !layout.is_chosen() || !matches!(model.mode, Mode::Browse | Mode::Columns(_)) {
        return;
    }
    let columns = model.columns(sheet);
    let left_out = layout.arrange(&columns, model.table_width.get(), sheet.margin()).no_room;
    if left_out.is_empty() {
        return;
    }
    let titles: Vec<&str> = left_out.iter().filter_map(|at| columns.get(*at)).map(|column| column.title).collect();
    let text = format!("no room for {} (C: choose)", titles.join(", "));
    pen.put(area.x + 1, area.bottom() - 2, area.width - 1, &text, model.theme.warn());
}

const COLUMNS: &[Column] =
    &[Column::new("SHOWN", 12), Column::new("COLUMN", 13), Column::new("WHAT IT IS", 40).grow(30)];

/// Rows of the list that stay in sight above the dialog, with its head.
const IN_SIGHT: u16 = 6;

/// The columns to choose from, over the lower part of the list: what is chosen shows in what is left of it.
pub(super) fn draw(model: &Model, at: usize, pen: &mut Pen<'_>, area: Rect) {
    let sheet = model.sheet();
    let columns = model.columns(sheet);
    let layout = model.layout(sheet);
    let (width, theme) = (model.table_width.get(), model.theme);
    let order = layout.ordered(&columns);
    let arranged = layout.arrange(&columns, width, sheet.margin());
    let wanted = u16::try_from(order.len()).unwrap_or(u16::MAX).saturating_add(2);
    let height = wanted.min(area.height.saturating_sub(IN_SIGHT));
    let area = Rect { y: area.bottom() - height, height, ..area };
    window(pen, area, &format!("columns of {}, from left to right", super::sheet_name(model)));
    let (by, reversed) = model.sorted_by();
    let offset = Cell::new(0);
    let table = Table { count: order.len(), selected: Some(at), ..Table::plain(COLUMNS, &offset, area.width, 2) };
    let row = |place: usize| {
        let Some((at, column)) = order.get(place).and_then(|at| Some((*at, columns.get(*at)?))) else {
            return Row::default();
        };
        let shown = match () {
            () if column.identity => Piece::from("[x] always"),
            () if arranged.shown.contains(&at) => Piece::from("[x]"),
            () if arranged.no_room.contains(&at) => Piece::new("[ ] no room", theme.warn()),
            // Nobody chose it: it comes with the width.
            () if (width + 1..Column::CHOSEN).contains(&column.from) && layout.wants(column, column.from) => {
                Piece::from(format!("[ ] from {}", column.from))
            }
            () => Piece::from("[ ]"),
        };
        let sorted = if by == column.name { format!(" {}", sign(column.down != reversed)) } else { String::new() };
        let style = if layout.wants(column, width) { theme.title() } else { Style::new() };
        let cells =
            vec![shown, Piece::new(format!("{}{sorted}", column.title), style), Piece::new(column.says, theme.label())];
        Row { mark: Piece::default(), cells }
    };
    pen.table(Rect { y: area.y + 1, height: height.saturating_sub(1), ..area }, &table, row);
}
