//! A report as CSV (RFC 4180), one file a table: no cell is a formula.

use std::io::Write;

use super::Paper;
use super::sheet::text;
use crate::report::safe;

/// Writes every table: `open` makes the file of a name.
///
/// # Errors
/// A file cannot be made or written.
pub fn write<W: Write>(paper: &Paper<'_>, mut open: impl FnMut(&str) -> std::io::Result<W>) -> std::io::Result<()> {
    let frame = paper.frame;
    let mut told = vec![
        vec!["title".to_owned(), paper.title.clone()],
        vec!["coverage".to_owned(), paper.headline.clone()],
        vec!["as_of".to_owned(), frame.names.moment(paper.as_of)],
        vec!["department".to_owned(), frame.snapshot.department.clone()],
        vec!["head".to_owned(), frame.head.clone().unwrap_or_default()],
    ];
    told.extend(paper.terms.iter().map(|term| vec!["term".to_owned(), term.clone()]));
    told.extend(paper.summary.iter().map(|(name, words)| vec![(*name).to_owned(), words.clone()]));
    put(&mut open("summary.csv")?, &["name", "value"], told.into_iter())?;
    for sheet in &paper.sheets {
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
