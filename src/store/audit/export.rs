//! The log as a file that another machine can check: JSON lines, one a row, in the form README.md describes.

use std::borrow::Cow;
use std::io::Write;

use anyhow::Result;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::head::{self, SignedHead};
use super::key::PublicKey;
use crate::net::Timestamp;
use crate::store::{Reader, log, read};

/// What the first line calls the form.
pub(super) const FORMAT: &str = "lenswarden-audit";
/// Version of the form.
pub(super) const VERSION: u32 = 1;

/// One line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Line<'a> {
    /// The first line.
    Audit {
        format: String,
        version: u32,
        epoch: String,
        /// The key of the database, for information: who checks has his own.
        key: Option<PublicKey>,
    },
    /// A row of the log.
    #[serde(borrow)]
    Row(ExportedRow<'a>),
    /// A signed head, after the row it speaks of.
    Head(String),
    /// The last line.
    End { rows: u64, last: u64 },
}

/// A row of the log; hashes in hex.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportedRow<'a> {
    pub(super) seq: u64,
    /// RFC 3339 in UTC, to the millisecond; no other spelling of it.
    #[serde(borrow)]
    pub(super) at: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) subject: Cow<'a, str>,
    /// Left out: pruned.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) body_hash: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) prev: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) hash: Cow<'a, str>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Rows.
    pub rows: u64,
    /// The last of them.
    pub last: u64,
    /// The key the database's heads are signed with.
    pub key: Option<PublicKey>,
}

impl Reader {
    /// Writes the log from a moment on, a row at a time.
    ///
    /// # Errors
    /// The database cannot be read, the file not be written.
    pub fn export(&self, out: &mut impl Write, since: Option<Timestamp>) -> Result<Exported> {
        write(&self.connection, out, since)
    }
}

fn put(out: &mut impl Write, line: &Line<'_>) -> Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// Rows and heads of one instant, in order.
fn write(connection: &Connection, out: &mut impl Write, since: Option<Timestamp>) -> Result<Exported> {
    let transaction = connection.unchecked_transaction()?;
    let epoch: String = transaction.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0))?;
    let key: Option<PublicKey> = read::meta(&transaction, "signing-key")?;
    let (format, version) = (FORMAT.to_owned(), VERSION);
    put(out, &Line::Audit { format, version, epoch, key })?;
    // The clock may have been set back: from the first row of that age on, all.
    let from: i64 = transaction
        .query_row("SELECT min(seq) FROM change WHERE at >= ?", [since.map_or(i64::MIN, |since| since.0)], |row| {
            row.get::<_, Option<i64>>(0)
        })?
        .unwrap_or(i64::MAX);
    let mut heads: std::iter::Peekable<std::vec::IntoIter<SignedHead>> =
        head::stored(&transaction, from.unsigned_abs())?.into_iter().peekable();
    let mut exported = Exported { rows: 0, last: 0, key };
    let mut statement = transaction.prepare(log::ROWS)?;
    let mut rows = statement.query([from])?;
    while let Some(row) = rows.next()? {
        let text = |column| -> rusqlite::Result<Cow<'_, str>> { Ok(row.get_ref(column)?.as_str()?.into()) };
        let hash = |column| -> rusqlite::Result<Cow<'_, str>> { Ok(log::hex(row.get_ref(column)?.as_blob()?).into()) };
        let seq = row.get::<_, i64>(0)?.unsigned_abs();
        let line = ExportedRow {
            seq,
            at: Timestamp(row.get(1)?).to_string().into(),
            kind: text(2)?,
            subject: text(3)?,
            body: row.get_ref(4)?.as_str_or_null()?.map(Cow::Borrowed),
            body_hash: hash(5)?,
            prev: hash(6)?,
            hash: hash(7)?,
        };
        put(out, &Line::Row(line))?;
        (exported.rows, exported.last) = (exported.rows + 1, seq);
        while let Some(head) = heads.next_if(|head| head.seq <= seq) {
            put(out, &Line::Head(head.to_string()))?;
        }
    }
    // Where the end of the log is missing from the database, its head is not.
    for head in heads {
        put(out, &Line::Head(head.to_string()))?;
    }
    put(out, &Line::End { rows: exported.rows, last: exported.last })?;
    Ok(exported)
}
