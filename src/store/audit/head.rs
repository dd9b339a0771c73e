//! A signed head: where the log ended at a moment, in one line that fits into a syslog message and onto paper.
//!
//! `lenswarden-head-1 EPOCH SEQ HASH AT SIGNATURE`: the database's random name, the number and the hash of the last row
//! (hex), the moment (RFC 3339, UTC), and the Ed25519 signature (base64) of everything before the last space.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::{Connection, OptionalExtension, Row};

use super::key::{PublicKey, SigningKey};
use crate::net::Timestamp;
use crate::store::log::{Hash, Head, hex, unhex};

/// What the line begins with; its last part is the version of the form.
const WORD: &str = "lenswarden-head-1";

/// Where the log ended at a moment, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    /// The database's random name.
    pub(super) epoch: String,
    /// The last row.
    pub seq: u64,
    /// Its hash.
    pub(in crate::store) hash: Hash,
    /// When it was signed.
    pub at: Timestamp,
    pub(super) signature: Vec<u8>,
}

/// Why a line is no head.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("that is no signed head: {WORD} EPOCH ROW HASH TIME SIGNATURE, as 'lenswarden audit head' prints it")]
pub struct BadHead;

impl SignedHead {
    pub(in crate::store) fn sign(key: &SigningKey, epoch: &str, head: &Head, at: Timestamp) -> Self {
        let unsigned = Self { epoch: epoch.to_owned(), seq: head.seq, hash: head.hash, at, signature: Vec::new() };
        Self { signature: key.sign(&unsigned.statement()), ..unsigned }
    }

    /// What the signature is of.
    #[must_use]
    pub fn statement(&self) -> String {
        format!("{WORD} {} {} {} {}", self.epoch, self.seq, hex(&self.hash), self.at)
    }

    /// The 64 octets of the signature (RFC 8032).
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The hash of the last row, lower-case hex.
    #[must_use]
    pub fn hash(&self) -> String {
        hex(&self.hash)
    }

    /// Whether one of these keys signed it.
    #[must_use]
    pub fn is_signed_by(&self, keys: &[PublicKey]) -> bool {
        let statement = self.statement();
        keys.iter().any(|key| key.signed(&statement, &self.signature))
    }
}

impl fmt::Display for SignedHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.statement(), STANDARD.encode(&self.signature))
    }
}

impl FromStr for SignedHead {
    type Err = BadHead;

    fn from_str(text: &str) -> Result<Self, BadHead> {
        let parts: Vec<&str> = text.split_ascii_whitespace().take(7).collect();
        let [WORD, epoch, seq, hash, at, signature] = parts.as_slice() else { return Err(BadHead) };
        let head = Self {
            epoch: (*epoch).to_owned(),
            seq: seq.parse().map_err(|_| BadHead)?,
            hash: unhex(hash).ok_or(BadHead)?,
            at: at.parse().map_err(|_| BadHead)?,
            signature: STANDARD.decode(signature).map_err(|_| BadHead)?,
        };
        // One spelling only: what is signed is the text.
        if head.to_string() == parts.join(" ") { Ok(head) } else { Err(BadHead) }
    }
}

/// Every head in a text of any kind: a list of them, a syslog file, a report.
#[must_use]
pub fn heads_in(text: &str) -> Vec<SignedHead> {
    let starts = text.match_indices(WORD).filter_map(|(at, _)| text.get(at..));
    let words = |rest: &str| rest.split_ascii_whitespace().take(6).collect::<Vec<_>>().join(" ");
    // Whatever stands around a head in a syslog line or a page is no part of its signature.
    let bare =
        |words: String| words.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && !"+/=".contains(c)).to_owned();
    starts.filter_map(|rest| bare(words(rest)).parse().ok()).collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<SignedHead> {
    Ok(SignedHead {
        seq: row.get::<_, i64>(0)?.unsigned_abs(),
        at: Timestamp(row.get(1)?),
        hash: row.get(2)?,
        signature: row.get(3)?,
        epoch: row.get(4)?,
    })
}

/// Puts down where the log ends now.
pub(in crate::store) fn put_current(connection: &Connection, head: &SignedHead) -> rusqlite::Result<()> {
    put(connection, "INSERT OR REPLACE INTO head (seq, at, hash, signature, current) VALUES (?, ?, ?, ?, 1)", head)?;
    connection.prepare_cached("DELETE FROM head WHERE current = 1 AND seq <> ?")?.execute([head.seq as i64])?;
    Ok(())
}

/// Keeps a head that is told to others.
pub(in crate::store) fn put_published(connection: &Connection, head: &SignedHead) -> rusqlite::Result<()> {
    put(connection, "INSERT OR REPLACE INTO head (seq, at, hash, signature, current) VALUES (?, ?, ?, ?, 0)", head)
}

fn put(connection: &Connection, sql: &str, head: &SignedHead) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute((head.seq as i64, head.at.0, head.hash, &head.signature))?;
    Ok(())
}

const COLUMNS: &str = "SELECT seq, at, hash, signature, (SELECT value FROM meta WHERE key = 'epoch') FROM head";

/// Where the log ends, as it was signed with the last commit.
pub(in crate::store) fn current(connection: &Connection) -> rusqlite::Result<Option<SignedHead>> {
    connection.query_row(&format!("{COLUMNS} ORDER BY seq DESC LIMIT 1"), [], read).optional()
}

/// Heads from a row on, in order.
pub(super) fn stored(connection: &Connection, from: u64) -> rusqlite::Result<Vec<SignedHead>> {
    let mut statement = connection.prepare(&format!("{COLUMNS} WHERE seq >= ? ORDER BY seq"))?;
    statement.query_map([from as i64], read)?.collect()
}
