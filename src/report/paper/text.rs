//! A report for a terminal and a mail: coverage first, then what is said in short, then the tables.

use std::io::Write;

use super::Paper;
use crate::report::Table;

/// Rows of a table that are shown; the other forms have all.
const MOST_ROWS: usize = 50;

/// What a line of the summary is called: (a) to (g), or a word.
pub(super) fn label(name: &str) -> String {
    if name.len() == 1 { format!("({name})") } else { name.to_owned() }
}

/// Writes it.
///
/// # Errors
/// It cannot be written.
pub fn write(paper: &Paper<'_>, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "{}\n\n{}", paper.headline, paper.title)?;
    for line in &paper.terms {
        writeln!(out, "{line}")?;
    }
    let wide = paper.summary.iter().map(|(name, _)| label(name).chars().count()).max().unwrap_or(0);
    for (at, (name, words)) in paper.summary.iter().enumerate() {
        let before = if at == 0 { "\n" } else { "" };
        writeln!(out, "{before}{:wide$}  {words}", label(name))?;
    }
    for sheet in paper.sheets.iter().filter(|sheet| sheet.is_shown()) {
        let (rows, more) = sheet.brief(MOST_ROWS);
        writeln!(out, "\n{}\n", sheet.title)?;
        if !sheet.note.is_empty() {
            writeln!(out, "{}\n", sheet.note)?;
        }
        if rows.is_empty() {
            writeln!(out, "{}", sheet.without)?;
            continue;
        }
        let columns = sheet.brief.to_vec();
        write!(out, "{}", Table { columns, rows }.without_empty_columns().text())?;
        if more > 0 {
            writeln!(out, "and {more} more: --format csv has all")?;
        }
    }
    if let Some(head) = &paper.frame.head {
        writeln!(out, "\n{head}")?;
    }
    Ok(())
}
