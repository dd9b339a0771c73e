//! The change log: append, verify, fold.
//!
//! A row's hash is SHA-256 over the epoch, its number, time, kind, subject, the hash of its body and the hash of the
//! row before it; every variable part is preceded by its length, so no two rows hash alike by shifting a border.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::batch::ChangeKind;
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

/// Where the current records of each kind stand, as the subjects and bodies the log tells of them.
pub(super) const TABLES: [(ChangeKind, &str); 8] = [
    (ChangeKind::Device, "SELECT CAST(id AS TEXT), record FROM device"),
    (ChangeKind::Finding, "SELECT CAST(id AS TEXT), record FROM finding"),
    (ChangeKind::Cycle, "SELECT CAST(id AS TEXT), record FROM cycle"),
    (ChangeKind::Target, "SELECT name, logged FROM target"),
    (ChangeKind::Credential, "SELECT credential || ' at ' || address, record FROM credential"),
    (ChangeKind::Configuration, "SELECT key, value FROM meta WHERE key = 'configuration'"),
    (ChangeKind::Daemon, "SELECT key, value FROM meta WHERE key = 'daemon'"),
    (ChangeKind::Key, "SELECT key, value FROM meta WHERE key = 'signing-key'"),
];
/// Decisions, in the order they were made.
pub(super) const DECISIONS: &str = "SELECT subject, record FROM decision ORDER BY id";
/// Rows of the log from one on, in order.
pub(super) const ROWS: &str =
    "SELECT seq, at, kind, subject, body, body_hash, prev, hash FROM change WHERE seq >= ? ORDER BY seq";

/// Octets as lower-case hex.
pub(super) fn hex(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len() * 2);
    for octet in octets {
        for digit in [octet >> 4, octet & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or_default());
        }
    }
    text
}

/// A hash from lower-case hex.
pub(super) fn unhex(text: &str) -> Option<Hash> {
    let digit = |octet: u8| match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'a'..=b'f' => Some(octet - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let pairs: &[[u8; 2]; 32] = pairs.try_into().ok().filter(|_| rest.is_empty())?;
    let mut hash = Hash::default();
    for (octet, [high, low]) in hash.iter_mut().zip(pairs) {
        *octet = (digit(*high)? << 4) | digit(*low)?;
    }
    Some(hash)
}

/// A kind as the log spells it.
pub(super) fn kind_text(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Device => "device",
        ChangeKind::Merge => "merge",
        ChangeKind::Retired => "retired",
        ChangeKind::Finding => "finding",
        ChangeKind::Decision => "decision",
        ChangeKind::Cycle => "cycle",
        ChangeKind::Target => "target",
        ChangeKind::TargetDropped => "target-dropped",
        ChangeKind::Credential => "credential",
        ChangeKind::Configuration => "configuration",
        ChangeKind::Daemon => "daemon",
        ChangeKind::Request => "request",
        ChangeKind::Key => "key",
        ChangeKind::Pruned => "pruned",
        ChangeKind::Forgotten => "forgotten",
    }
}

const ALL_KINDS: [ChangeKind; 15] = {
    use ChangeKind as K;
    [
        K::Device,
        K::Merge,
        K::Retired,
        K::Finding,
        K::Decision,
        K::Cycle,
        K::Target,
        K::TargetDropped,
        K::Credential,
        K::Configuration,
        K::Daemon,
        K::Request,
        K::Key,
        K::Pruned,
        K::Forgotten,
    ]
};

/// The kind of this spelling.
pub(super) fn kind_of(text: &str) -> Option<ChangeKind> {
    ALL_KINDS.into_iter().find(|kind| kind_text(*kind) == text)
}

/// What the chain of a database begins with.
pub(super) fn genesis(epoch: &str) -> Hash {
    Sha256::digest(epoch.as_bytes()).into()
}

pub(super) fn row_hash(
    epoch: &str,
    seq: u64,
    at: i64,
    kind: &str,
    subject: &str,
    body_hash: &[u8],
    prev: &[u8],
) -> Hash {
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

/// The state after the whole log, from the log alone.
pub(super) fn fold(connection: &Connection) -> rusqlite::Result<LoggedState> {
    let mut state = LoggedState::default();
    let mut statement = connection.prepare("SELECT kind, subject, body FROM change ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, subject, body): (String, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(kind) = kind_of(&kind) else { continue };
        match (kind, body) {
            (ChangeKind::Decision, Some(body)) => state.decisions.push((subject, body)),
            // The subject of a merge is the device that is no more.
            (ChangeKind::Merge | ChangeKind::Retired, _) => {
                state.records.remove(&(ChangeKind::Device, subject));
            }
            (ChangeKind::TargetDropped, _) => {
                state.records.remove(&(ChangeKind::Target, subject));
            }
            // What happened, not how anything stands.
            (ChangeKind::Request | ChangeKind::Pruned | ChangeKind::Forgotten, _) => {}
            // A later row has the state, or tells that there is none any more.
            (_, None) => {
                state.records.remove(&(kind, subject));
            }
            (_, Some(body)) => {
                state.records.insert((kind, subject), body);
            }
        }
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_as_it_is_written_and_in_no_other_spelling() {
        let hash: Hash = std::array::from_fn(|at| u8::try_from(at * 8).unwrap());
        assert_eq!(unhex(&hex(&hash)), Some(hash));
        let upper = hex(&hash).to_uppercase();
        for other in ["", "00", upper.as_str(), &"g".repeat(64), &"0".repeat(65), &"0".repeat(66), &"é".repeat(32)] {
            assert_eq!(unhex(other), None, "{other}");
        }
    }

    #[test]
    fn every_kind_is_read_as_it_is_written() {
        for kind in ALL_KINDS {
            assert_eq!(kind_of(kind_text(kind)), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind_text(kind));
        }
    }
}
