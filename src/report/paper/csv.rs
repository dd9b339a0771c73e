//! The return as CSV (RFC 4180), one file a table: no cell is a formula.

use std::io::Write;

use super::Handed;
use super::sheets::{sheets, text};
use crate::report::safe;

/// Writes every table: `open` makes the file of a name.
///
/// # Errors
/// A file cannot be made or written.
pub fn write<W: Write>(handed: &Handed<'_>, mut open: impl FnMut(&str) -> std::io::Result<W>) -> std::io::Result<()> {
    let summary = handed.summary().into_iter().map(|(name, words)| vec![name.to_owned(), words]);
    let mut told = vec![
        vec!["coverage".to_owned(), handed.headline()],
        vec!["as_of".to_owned(), handed.names.moment(handed.given.snapshot.as_of)],
        vec!["department".to_owned(), handed.given.snapshot.department.clone()],
        vec!["head".to_owned(), handed.head.clone().unwrap_or_default()],
    ];
    told.extend(summary);
    put(&mut open("summary.csv")?, &["name", "value"], told.into_iter())?;
    for sheet in sheets(handed) {
        let rows = sheet.rows().map(|row| row.iter().map(text).collect());
        put(&mut open(&format!("{}.csv", sheet.name))?, sheet.columns, rows)?;
    }
    Ok(())
}

fn put(out: &mut impl Write, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> std::io::Result<()> {
    // RFC 4180 §2: lines end with CR LF.
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut *out);
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| safe(cell)))?;
    }
    writer.flush()
}
