//! A list on its way out, to a pipe or into a file: in pieces, and the octets are the same as in one.

use std::io::{self, Write};

use serde_json::Value;

use super::Table;
use crate::net::text::{shown, shown_json};

/// Some rows of a list, as the form wants them.
#[derive(Debug, Clone, PartialEq)]
pub enum Rows {
    /// For people and spreadsheets.
    Table(Table),
    /// For programs: the contract's fields.
    Json(Vec<Value>),
}

impl Rows {
    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Table(table) => table.rows.len(),
            Self::Json(values) => values.len(),
        }
    }
}

/// Where a list goes: a table as CSV with its column names once, values as one JSON array.
#[derive(Debug)]
pub struct Outlet<W> {
    out: W,
    begun: bool,
    /// Whether a value stands in the array already.
    filled: bool,
}

impl<W: Write> Outlet<W> {
    /// Nothing is written yet.
    pub fn new(out: W) -> Self {
        Self { out, begun: false, filled: false }
    }

    /// Writes rows: all pieces of one list in the same form, and an empty list as one piece without rows.
    ///
    /// # Errors
    /// It cannot be written to.
    pub fn write(&mut self, rows: &Rows) -> io::Result<()> {
        let begun = std::mem::replace(&mut self.begun, true);
        match rows {
            Rows::Table(table) => {
                let csv = if begun { table.csv_rows() } else { table.csv() };
                self.out.write_all(shown(&csv).as_bytes())
            }
            Rows::Json(values) => {
                if !begun {
                    self.out.write_all(b"[")?;
                }
                values.iter().try_for_each(|value| self.value(value))
            }
        }
    }

    /// A value as it stands in an array that is printed in lines.
    fn value(&mut self, value: &Value) -> io::Result<()> {
        let filled = std::mem::replace(&mut self.filled, true);
        self.out.write_all(if filled { b",\n" } else { b"\n" })?;
        let text = serde_json::to_string_pretty(value)?;
        // In JSON the end of a line in a text is an escape: what is one here is between values.
        for (number, line) in shown_json(&text).lines().enumerate() {
            self.out.write_all(if number == 0 { b"  " } else { b"\n  " })?;
            self.out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    /// Ends the list.
    ///
    /// # Errors
    /// It cannot be written to.
    pub fn end(mut self, form: super::Format) -> io::Result<W> {
        if form == super::Format::Json {
            let open: &[u8] = if self.begun { b"" } else { b"[" };
            self.out.write_all(open)?;
            self.out.write_all(if self.filled { b"\n]\n" } else { b"]\n" })?;
        }
        self.out.flush()?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report::Format;

    fn written(form: Format, pieces: &[Rows]) -> String {
        let mut outlet = Outlet::new(Vec::new());
        pieces.iter().for_each(|rows| outlet.write(rows).unwrap());
        String::from_utf8(outlet.end(form).unwrap()).unwrap()
    }

    #[test]
    fn pieces_are_what_the_whole_is() {
        let values = [json!({"a": "x\ny\u{202e}", "b": [1, {"c": null}]}), json!({}), json!({"a": []})];
        let whole = serde_json::to_string_pretty(&values).unwrap() + "\n";
        let whole = shown_json(&whole).into_owned();
        assert!(whole.contains("\\u202e") && whole.contains("x\\ny"), "{whole}");
        let piece = |from: usize, to: usize| Rows::Json(values[from..to].to_vec());
        assert_eq!(written(Format::Json, &[piece(0, 3)]), whole);
        assert_eq!(written(Format::Json, &[piece(0, 1), piece(1, 1), piece(1, 3)]), whole);
        assert_eq!(written(Format::Json, &[piece(0, 0)]), "[]\n");
        assert_eq!(written(Format::Json, &[]), "[]\n");

        let row = |text: &str| vec![text.to_owned(), "=1".to_owned()];
        let table = |rows: &[&str]| {
            Rows::Table(Table { columns: vec!["A", "B"], rows: rows.iter().map(|text| row(text)).collect() })
        };
        let whole = written(Format::Csv, &[table(&["x", "a\r\nb\u{1b}", "z"])]);
        assert_eq!(written(Format::Csv, &[table(&["x"]), table(&["a\r\nb\u{1b}", "z"])]), whole);
        assert_eq!(whole, "A,B\nx,'=1\na  b\\u{1b},'=1\nz,'=1\n");
        assert_eq!(written(Format::Csv, &[table(&[])]), "A,B\n");
    }
}
