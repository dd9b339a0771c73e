//! What was found as text, CSV and JSON. Field names are the contract's.

pub mod camera;
pub mod tables;
pub mod visit;

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

impl Table {
    /// As aligned text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING).set_header(&self.columns);
        for row in &self.rows {
            table.add_row(row);
        }
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n") + "\n"
    }

    /// As CSV. A cell that a spreadsheet would take for a formula gets an apostrophe.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing into memory cannot fail.
        let _ = writer.write_record(&self.columns);
        for row in &self.rows {
            let _ = writer.write_record(row.iter().map(|cell| safe(cell)));
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

/// A cell that a spreadsheet takes for no formula.
fn safe(cell: &str) -> String {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{cell}"),
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
    fn no_cell_is_a_formula_and_quotes_survive() {
        let cells = ["=1+1", "+1", "-1", "@x", "a,b", "a\"b", "plain"].map(str::to_owned).to_vec();
        let table = Table { columns: vec!["a", "b", "c", "d", "e", "f", "g"], rows: vec![cells.clone()] };
        let csv = table.csv();
        assert!(csv.contains("'=1+1,'+1,'-1,'@x,\"a,b\",\"a\"\"b\",plain"), "{csv}");
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])));
        assert_eq!(&row[6], cells[6]);
    }
}
