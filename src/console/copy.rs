//! What is copied: a cell, the selected row, or what is filtered, with the columns of the command line's tables.

use super::list::Step;
use super::listed::{Listed, Source};
use super::model::{Message, Mode, Model};
use super::update::Effect;
use crate::net::DeviceId;
use crate::report::one_line;
use crate::snapshot::PlacementKey;

/// Most octets that are copied: 74 kB in base64, what every terminal with OSC 52 takes.
const MOST: usize = 55_500;
/// Most rows that may be looked at for that: none is shorter than this many fit.
const MOST_ROWS: usize = 2_000;
/// What is wanted most often, in this order: the first nine have digits, the same for every row of a view.
const FIRST: [&str; 10] = ["MAC", "IP", "SERIAL", "SWITCH", "PORT", "VLAN", "SITE", "WHAT TO DO", "WHAT", "HASH"];

/// The cells of a row, to choose one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Menu {
    /// What each is called, and what it says.
    pub cells: Vec<(&'static str, String)>,
    /// Which is chosen.
    pub at: usize,
    /// What lies below.
    pub over: Box<Mode>,
}

impl Menu {
    pub(super) fn step(&mut self, step: Step) {
        self.at = step.among(self.at, self.cells.len());
    }
}

impl Model {
    fn selected_source(&self) -> Option<Source> {
        self.listed_row().map(|listed| self.source(listed))
    }

    /// What no table of a command has of the selected row.
    fn more_cells(&self, source: &Source) -> Vec<(&'static str, String)> {
        let of_finding = |id| self.snapshot.findings.get(&id)?.subject.device();
        let device: Option<DeviceId> = match &source.listed {
            Listed::Devices(ids) => ids.first().copied(),
            Listed::Findings(ids) => ids.first().copied().and_then(of_finding),
            Listed::Placement(keys) => keys.first().and_then(|key| match key {
                PlacementKey::Finding(id) => of_finding(*id),
                PlacementKey::Device(id) => Some(*id),
            }),
            _ => None,
        };
        let mut cells = Vec::new();
        if let Some(row) = device.and_then(|id| self.device(id)) {
            cells.push(("IP", row.ips.first().map(ToString::to_string).unwrap_or_default()));
            cells.push(("SERIAL", row.serial.to_string()));
            cells.push(("MODEL", row.model.to_string()));
            cells.push(("FIRMWARE", row.firmware.to_string()));
            cells.push(("HOST NAME", row.hostname.map(|name| name.to_string()).unwrap_or_default()));
        }
        let entry = self.entry.as_ref().and_then(|(_, entry)| entry.as_ref());
        if let Some(entry) = entry.filter(|entry| self.selected_entry() == Some(entry.logged.change.seq)) {
            cells.push(("HASH", entry.logged.hash.clone()));
        }
        cells
    }

    /// Shows the cells of the selected row.
    pub(super) fn show_cells(&mut self) {
        let Some(source) = self.selected_source() else { return self.nothing_to_copy() };
        let table = source.table(0..1);
        let Some(row) = table.rows.first() else { return self.nothing_to_copy() };
        let mut cells: Vec<(&'static str, String)> =
            table.columns.iter().copied().zip(row.iter().map(|cell| one_line(cell).into_owned())).collect();
        for (name, says) in self.more_cells(&source) {
            if cells.iter().all(|(known, _)| *known != name) {
                cells.push((name, one_line(&says).into_owned()));
            }
        }
        cells.sort_by_key(|(name, _)| FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()));
        let over = Box::new(std::mem::take(&mut self.mode));
        self.mode = Mode::Copy(Menu { cells, at: 0, over });
    }

    /// Copies a cell: the one of that number, or the chosen one.
    pub(super) fn copy_cell(&mut self, number: Option<usize>) -> Effect {
        let Mode::Copy(menu) = &mut self.mode else { return Effect::None };
        let Some((name, says)) = menu.cells.get(number.unwrap_or(menu.at)) else { return Effect::None };
        let (name, says) = (*name, says.clone());
        self.mode = std::mem::take(menu.over.as_mut());
        if says.is_empty() {
            self.message = Some(Message { bad: true, text: format!("{name} is not known here: nothing is copied") });
            return Effect::None;
        }
        self.message = Some(Message { bad: false, text: format!("{name} is copied: {says}") });
        Effect::Copy(says)
    }

    fn close_menu(&mut self) {
        if let Mode::Copy(menu) = &mut self.mode {
            self.mode = std::mem::take(menu.over.as_mut());
        }
    }

    /// Copies the selected row: its cells with tabs between them.
    pub(super) fn copy_row(&mut self) -> Effect {
        self.close_menu();
        let table = self.selected_source().map(|source| source.table(0..1));
        let Some(row) = table.as_ref().and_then(|table| table.rows.first()) else {
            self.nothing_to_copy();
            return Effect::None;
        };
        let cells: Vec<_> = row.iter().map(|cell| one_line(cell)).collect();
        self.message = Some(Message { bad: false, text: "the row is copied".to_owned() });
        Effect::Copy(cells.join("\t"))
    }

    /// Copies what is filtered as CSV, as much of it as may be copied.
    pub(super) fn copy_list(&mut self) -> Effect {
        self.close_menu();
        if let Some(text) = self.is_in_part() {
            self.message = Some(Message { bad: true, text });
            return Effect::None;
        }
        let all = self.count_listed();
        let table = self.source(self.listed(MOST_ROWS)).table(0..MOST_ROWS);
        if table.rows.is_empty() {
            self.nothing_to_copy();
            return Effect::None;
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
        let words = if cut { ": a clipboard takes no more; e makes a file" } else { "" };
        self.message = Some(Message { bad: cut, text: format!("{copied} of {all} rows are copied as CSV{words}") });
        Effect::Copy(text)
    }

    fn nothing_to_copy(&mut self) {
        self.message = Some(Message { bad: true, text: "there is no row here to copy".to_owned() });
    }
}
