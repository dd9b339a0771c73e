//! What is copied: the selected row, or what is filtered, with the columns of the command line's tables.

use super::model::{Message, Model, View};
use super::update::Effect;
use crate::net::DeviceId;
use crate::report::{Table, tables};

/// Most octets that are copied: 74 kB in base64, what every terminal with OSC 52 takes.
const MOST: usize = 55_500;
/// Most rows that may be looked at for that: none is shorter than this many fit.
const MOST_ROWS: usize = 2_000;

impl Model {
    fn devices_as_table(&self, ids: impl Iterator<Item = DeviceId>) -> Table {
        let rows: Vec<_> = ids.filter_map(|id| self.device(id)).collect();
        tables::devices(rows.iter())
    }

    /// Copies the selected row: its cells with tabs between them.
    pub(super) fn copy_row(&mut self) -> Effect {
        let snapshot = &self.snapshot;
        let table = match (self.view, self.selected_finding()) {
            (View::Targets, _) => {
                let target = self.lists.targets.selected().and_then(|name| snapshot.targets.get(name));
                tables::targets(std::iter::empty(), target.into_iter())
            }
            (_, Some(id)) => tables::findings(snapshot.findings.get(&id).into_iter(), snapshot),
            (_, None) => self.devices_as_table(self.selected_device().into_iter()),
        };
        let Some(row) = table.rows.first() else { return self.nothing_to_copy() };
        let text = row.join("\t");
        self.message = Some(Message { bad: false, text: "the row is copied".to_owned() });
        Effect::Copy(text)
    }

    /// Copies what is filtered as CSV, as much of it as may be copied.
    pub(super) fn copy_list(&mut self) -> Effect {
        let snapshot = &self.snapshot;
        let (table, all) = match self.view {
            View::Devices => {
                let list = &self.lists.devices;
                let all = list.order().len() - list.going();
                (self.devices_as_table(list.staying().take(MOST_ROWS).copied()), all)
            }
            View::Targets => {
                let order = self.lists.targets.order();
                let rows = order.iter().take(MOST_ROWS).filter_map(|name| snapshot.targets.get(name));
                (tables::targets(std::iter::empty(), rows), order.len())
            }
            _ => {
                let ids = self.findings_listed();
                let rows = ids.iter().take(MOST_ROWS).filter_map(|id| snapshot.findings.get(id));
                (tables::findings(rows, snapshot), ids.len())
            }
        };
        if table.rows.is_empty() {
            return self.nothing_to_copy();
        }
        let csv = table.csv();
        // Whole rows: no cell holds the end of a line.
        let end = if csv.len() <= MOST {
            csv.len()
        } else {
            csv.get(..csv.floor_char_boundary(MOST)).and_then(|text| text.rfind('\n')).map_or(0, |end| end + 1)
        };
        let text = csv.get(..end).unwrap_or_default().to_owned();
        let copied = text.lines().count().saturating_sub(1);
        let cut = copied < all;
        let words = if cut { ": no more fits the clipboard of a terminal" } else { "" };
        self.message = Some(Message { bad: cut, text: format!("{copied} of {all} rows are copied as CSV{words}") });
        Effect::Copy(text)
    }

    fn nothing_to_copy(&mut self) -> Effect {
        self.message = Some(Message { bad: true, text: "there is no row here to copy".to_owned() });
        Effect::None
    }
}
