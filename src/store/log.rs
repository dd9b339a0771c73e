//! The change log: append, verify, fold.
//!
//! A row's hash is SHA-256 over the epoch, its number, time, kind, subject, the hash of its body and the hash of the
//! row before it; every variable part is preceded by its length, so no two rows hash alike by shifting a border.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::batch::ChangeKind;
use crate::inventory::Merge;
use crate::net::Timestamp;

/// A SHA-256.
pub(super) type Hash = [u8; 32];

/// Where the chain stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) hash: Hash,
}

/// The state the log tells of, keyed by kind and subject: every body is the whole new state of its subject.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoggedState {
    /// Current records, as JSON.
    pub records: BTreeMap<(ChangeKind, String), String>,
    /// Every decision in order: what it is about, JSON.
    pub decisions: Vec<(String, String)>,
}

/// A kind as the log spells it.
pub(super) fn kind_text(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Device => "device",
        ChangeKind::Merge => "merge",
        ChangeKind::Retired => "retired",
        ChangeKind::Forgotten => "forgotten",
        ChangeKind::Finding => "finding",
        ChangeKind::Decision => "decision",
        ChangeKind::Cycle => "cycle",
        ChangeKind::Target => "target",
        ChangeKind::TargetDropped => "target-dropped",
        ChangeKind::Credential => "credential",
        ChangeKind::Configuration => "configuration",
        ChangeKind::Daemon => "daemon",
    }
}

/// The kind of this spelling.
pub(super) fn kind_of(text: &str) -> Option<ChangeKind> {
    use ChangeKind as K;
    [
        K::Device,
        K::Merge,
        K::Retired,
        K::Forgotten,
        K::Finding,
        K::Decision,
        K::Cycle,
        K::Target,
        K::TargetDropped,
        K::Credential,
        K::Configuration,
        K::Daemon,
    ]
    .into_iter()
    .find(|kind| kind_text(*kind) == text)
}

/// What the chain of a database begins with.
pub(super) fn genesis(epoch: &str) -> Hash {
    Sha256::digest(epoch.as_bytes()).into()
}

fn row_hash(epoch: &str, seq: u64, at: i64, kind: &str, subject: &str, body_hash: &[u8], prev: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    for part in
        [epoch.as_bytes(), &seq.to_be_bytes(), &at.to_be_bytes(), kind.as_bytes(), subject.as_bytes(), body_hash, prev]
    {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Appends rows to the log within a transaction.
pub(super) struct Appender<'a> {
    pub(super) connection: &'a Connection,
    pub(super) epoch: &'a str,
    pub(super) at: Timestamp,
    pub(super) head: Head,
}

impl Appender<'_> {
    /// Appends one change; the body is the subject's new state.
    pub(super) fn append(&mut self, kind: ChangeKind, subject: &str, body: &str) -> rusqlite::Result<()> {
        let seq = self.head.seq + 1;
        let body_hash: Hash = Sha256::digest(body.as_bytes()).into();
        let hash = row_hash(self.epoch, seq, self.at.0, kind_text(kind), subject, &body_hash, &self.head.hash);
        self.connection
            .prepare_cached(
                "INSERT INTO change (seq, at, kind, subject, body, body_hash, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute((seq as i64, self.at.0, kind_text(kind), subject, body, body_hash, self.head.hash, hash))?;
        self.head = Head { seq, hash };
        Ok(())
    }
}

/// A record as the log and the tables hold it. Our own types serialise without failing.
pub(super) fn json(record: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(record).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// Where the log ends.
pub(super) fn head(connection: &Connection, epoch: &str) -> rusqlite::Result<Head> {
    let last = connection
        .query_row("SELECT seq, hash FROM change ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok(Head { seq: row.get::<_, i64>(0)?.unsigned_abs(), hash: row.get(1)? })
        })
        .optional()?;
    Ok(last.unwrap_or(Head { seq: 0, hash: genesis(epoch) }))
}

/// Walks the whole chain. `Some(seq)`: the first row that is missing, altered or out of place.
pub(super) fn first_broken(connection: &Connection, epoch: &str) -> rusqlite::Result<Option<u64>> {
    let mut statement =
        connection.prepare("SELECT seq, at, kind, subject, body, body_hash, prev, hash FROM change ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let mut expected = Head { seq: 0, hash: genesis(epoch) };
    while let Some(row) = rows.next()? {
        let seq = row.get::<_, i64>(0)?.unsigned_abs();
        let (at, kind, subject): (i64, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let body: Option<String> = row.get(4)?;
        let (body_hash, prev, hash): (Vec<u8>, Vec<u8>, Vec<u8>) = (row.get(5)?, row.get(6)?, row.get(7)?);
        let body_fits = body.is_none_or(|body| Sha256::digest(body.as_bytes()).as_slice() == body_hash);
        let wanted = row_hash(epoch, seq, at, &kind, &subject, &body_hash, &prev);
        if seq != expected.seq + 1 || prev != expected.hash || !body_fits || hash != wanted {
            return Ok(Some(expected.seq + 1));
        }
        expected = Head { seq, hash: wanted };
    }
    Ok(None)
}

/// The state after the whole log, from the log alone.
pub(super) fn fold(connection: &Connection) -> rusqlite::Result<LoggedState> {
    let mut state = LoggedState::default();
    let mut statement = connection.prepare("SELECT kind, subject, body FROM change ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, subject, body): (String, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (Some(kind), Some(body)) = (kind_of(&kind), body) else { continue };
        match kind {
            ChangeKind::Decision => state.decisions.push((subject, body)),
            ChangeKind::Merge => {
                if let Ok(merge) = serde_json::from_str::<Merge>(&body) {
                    state.records.remove(&(ChangeKind::Device, merge.from.to_string()));
                }
            }
            ChangeKind::Retired | ChangeKind::Forgotten => {
                state.records.remove(&(ChangeKind::Device, subject));
            }
            ChangeKind::TargetDropped => {
                state.records.remove(&(ChangeKind::Target, subject));
            }
            _ => {
                state.records.insert((kind, subject), body);
            }
        }
    }
    Ok(state)
}
