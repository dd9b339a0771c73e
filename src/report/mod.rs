//! What was found as text, CSV and JSON. Field names are the contract's.

pub mod camera;
pub mod case;
mod cells;
pub mod cycle;
pub mod device;
pub mod lists;
pub mod metrics;
mod outlet;
pub mod outlook;
pub mod paper;
pub mod returns;
pub mod rows;
pub mod sites;
pub mod tables;
pub mod visit;

pub use outlet::{Outlet, Rows};

use std::borrow::Cow;

use crate::net::text::{clean_words, is_plain};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for a person.
    Text,
    /// RFC 4180, formula-safe.
    Csv,
    /// The contract's fields.
    Json,
}

impl Format {
    /// By the options of a command.
    #[must_use]
    pub fn chosen(json: bool, csv: bool) -> Self {
        match (json, csv) {
            (true, _) => Self::Json,
            (_, true) => Self::Csv,
            _ => Self::Text,
        }
    }
}

/// A table: its column names and rows of cells, all cleaned text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Column names.
    pub columns: Vec<&'static str>,
    /// Rows.
    pub rows: Vec<Vec<String>>,
}

/// How a cell is to be taken, where there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As any other.
    Plain,
    /// As it should be.
    Good,
    /// Not known, or not for certain.
    Doubt,
    /// Not as it should be.
    Bad,
    /// Of no weight.
    Faint,
}

impl Table {
    /// As aligned text.
    #[must_use]
    pub fn text(&self) -> String {
        self.draw(None)
    }

    /// The same in colours, each cell by its column and what it says.
    #[must_use]
    pub fn painted(&self, tone: fn(&str, &str) -> Tone) -> String {
        self.draw(Some(tone))
    }

    fn draw(&self, tone: Option<fn(&str, &str) -> Tone>) -> String {
        use comfy_table::{Attribute, Cell, Color};
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING).set_header(&self.columns);
        if tone.is_some() {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        for row in &self.rows {
            table.add_row(row.iter().zip(&self.columns).map(|(text, column)| {
                let cell = Cell::new(text);
                match tone.map_or(Tone::Plain, |tone| tone(column, text)) {
                    Tone::Plain => cell,
                    Tone::Good => cell.fg(Color::DarkGreen),
                    Tone::Doubt => cell.fg(Color::DarkYellow),
                    Tone::Bad => cell.fg(Color::DarkRed).add_attribute(Attribute::Bold),
                    Tone::Faint => cell.add_attribute(Attribute::Dim),
                }
            }));
        }
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n") + "\n"
    }

    /// Without the columns that have nothing in any row.
    #[must_use]
    pub fn without_empty_columns(self) -> Self {
        let told: Vec<bool> = (0..self.columns.len())
            .map(|at| self.rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.is_empty())))
            .collect();
        let keep = |at: &usize| told.get(*at).copied().unwrap_or(false);
        Self {
            columns: self.columns.into_iter().enumerate().filter(|(at, _)| keep(at)).map(|(_, name)| name).collect(),
            rows: self
                .rows
                .into_iter()
                .map(|row| row.into_iter().enumerate().filter(|(at, _)| keep(at)).map(|(_, cell)| cell).collect())
                .collect(),
        }
    }

    /// As CSV: the column names, then the rows. A cell that a spreadsheet would take for a formula gets an apostrophe.
    #[must_use]
    pub fn csv(&self) -> String {
        self.written(true)
    }

    /// The rows of [`Self::csv`] without the column names.
    #[must_use]
    pub fn csv_rows(&self) -> String {
        self.written(false)
    }

    fn written(&self, with_columns: bool) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing into memory cannot fail.
        if with_columns {
            let _ = writer.write_record(&self.columns);
        }
        for row in &self.rows {
            let _ = writer.write_record(row.iter().map(|cell| safe(&one_line(cell))));
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

/// A cell without an end of a line or anything else that hides or moves: the last wall, nearly every cell has passed one.
#[must_use]
pub fn one_line(cell: &str) -> Cow<'_, str> {
    if is_plain(cell) {
        return Cow::Borrowed(cell);
    }
    Cow::Owned(clean_words(cell))
}

/// A cell that a spreadsheet takes for no formula.
fn safe(cell: &str) -> String {
    match cell.chars().next() {
        // Some spreadsheets read the wide forms of East Asian keyboards as well.
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠') => format!("'{cell}"),
        _ => cell.to_owned(),
    }
}

/// One row of a CSV without its end, for tables that are written as their rows come.
#[must_use]
pub fn csv_row(cells: &[String]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing into memory cannot fail.
    let _ = writer.write_record(cells.iter().map(|cell| safe(cell)));
    let row = String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default();
    row.trim_end_matches(['\r', '\n']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_without_a_word_go_and_colours_change_no_word() {
        let cells = |row: [&str; 3]| row.map(str::to_owned).to_vec();
        let table =
            Table { columns: vec!["A", "B", "C"], rows: vec![cells(["up", "", "x"]), cells(["down", "", "?"])] };
        let table = table.without_empty_columns();
        assert_eq!(table.columns, ["A", "C"]);
        let plain = table.text();
        assert!(!plain.contains('\x1b') && plain.contains("down"), "{plain:?}");
        let painted = table.painted(|_, cell| if cell == "?" { Tone::Doubt } else { Tone::Plain });
        assert!(painted.contains("\x1b["), "{painted:?}");
        let mut bare = String::new();
        for part in painted.split('\x1b') {
            bare += part.strip_prefix('[').and_then(|part| part.split_once('m')).map_or(part, |(_, rest)| rest);
        }
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&bare), words(&plain));
    }

    #[test]
    fn no_cell_is_a_formula_and_quotes_survive() {
        let cells = ["=1+1", "+1", "-1", "＝x", "a,b", "a\"b", "plain"].map(str::to_owned).to_vec();
        let table = Table { columns: vec!["a", "b", "c", "d", "e", "f", "g"], rows: vec![cells.clone()] };
        let csv = table.csv();
        assert!(csv.contains("'=1+1,'+1,'-1,'＝x,\"a,b\",\"a\"\"b\",plain"), "{csv}");
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])));
        assert_eq!(&row[6], cells[6]);
    }
}
