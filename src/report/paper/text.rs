//! The return for a terminal and a mail: coverage first, then what is said in short, then the tables.

use std::io::Write;

use super::Handed;
use super::sheets::sheets;
use crate::report::Table;

/// Rows of a table that are shown; the other forms have all.
const MOST_ROWS: usize = 50;

/// Writes it.
///
/// # Errors
/// It cannot be written.
pub fn write(handed: &Handed<'_>, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "{}\n\n{}", handed.headline(), handed.title())?;
    for line in handed.terms() {
        writeln!(out, "{line}")?;
    }
    writeln!(out)?;
    for (name, words) in handed.summary() {
        let name = if name.len() == 1 { format!("({name})") } else { "all".to_owned() };
        writeln!(out, "{name:5} {words}")?;
    }
    for sheet in sheets(handed).iter().filter(|sheet| sheet.count > 0) {
        let (rows, more) = sheet.brief(MOST_ROWS);
        let columns = sheet.brief.to_vec();
        writeln!(out, "\n{}\n", sheet.title)?;
        write!(out, "{}", Table { columns, rows }.without_empty_columns().text())?;
        if more > 0 {
            writeln!(out, "and {more} more: --format csv has all")?;
        }
    }
    if let Some(head) = &handed.head {
        writeln!(out, "\n{head}")?;
    }
    Ok(())
}
