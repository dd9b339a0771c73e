//! Walks a log row by row, from a file or a database, and says what is wrong with it, where, in words.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::head::SignedHead;
use super::key::PublicKey;
use crate::net::text::clean;
use crate::net::{DeviceId, Timestamp};
use crate::store::ChangeKind;
use crate::store::log::{Hash, genesis, hex, kind_of, row_hash};
use crate::store::prune::{Forgotten, Pruned};

/// Faults that are told one by one; more are counted.
const MOST_TOLD: usize = 100;

/// One thing wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Line of the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Row of the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// What, in words.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.what)
    }
}

/// What a walk found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Rows that were walked.
    pub rows: u64,
    /// The first of them; 0 where there is none.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// When the last was written.
    pub until: Timestamp,
    /// Signed heads that fit, published ones included.
    pub heads: u64,
    /// Published heads that speak of rows before the first one here: nothing can be said of them.
    pub heads_before: u64,
    /// Rows whose body was pruned or forgotten, as the log itself tells.
    pub pruned: u64,
    /// Nothing: clean.
    pub faults: Vec<Fault>,
    /// Faults past those that are told.
    pub more_faults: u64,
}

impl Verdict {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }
}

/// A row of the log.
pub(super) struct Row<'a> {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    pub(super) kind: &'a str,
    pub(super) subject: &'a str,
    pub(super) body: Option<&'a str>,
    pub(super) body_hash: Hash,
    pub(super) prev: Hash,
    pub(super) hash: Hash,
}

impl Row<'_> {
    fn name(&self) -> String {
        format!("row {} ({} {}, {})", self.seq, clean(self.kind), clean(self.subject), self.at)
    }
}

/// Walks rows in order; see [`Verdict`].
pub(super) struct Checker {
    epoch: String,
    keys: Vec<PublicKey>,
    /// May begin later than with row 1.
    part: bool,
    /// Published heads that are still ahead.
    published: BTreeMap<u64, Vec<SignedHead>>,
    last_hash: Hash,
    /// The last row that a good signature vouches for.
    signed: u64,
    /// Last row of each subject whose body is gone, until a row tells why.
    bare: BTreeMap<(ChangeKind, String), (u64, Option<u64>)>,
    /// The line being read.
    pub(super) line: Option<u64>,
    verdict: Verdict,
}

impl Checker {
    pub(super) fn new(epoch: &str, keys: &[PublicKey], part: bool, published: &[SignedHead]) -> Self {
        let mut checker = Self {
            epoch: epoch.to_owned(),
            keys: keys.to_vec(),
            part,
            published: BTreeMap::new(),
            last_hash: genesis(epoch),
            signed: 0,
            bare: BTreeMap::new(),
            line: None,
            verdict: Verdict::default(),
        };
        for head in published {
            if checker.is_genuine(head, "published") {
                checker.published.entry(head.seq).or_default().push(head.clone());
            }
        }
        checker
    }

    pub(super) fn fault(&mut self, row: Option<u64>, what: String) {
        self.fault_at(self.line, row, what);
    }

    fn fault_at(&mut self, line: Option<u64>, row: Option<u64>, what: String) {
        if self.verdict.faults.len() < MOST_TOLD {
            self.verdict.faults.push(Fault { line, row, what });
        } else {
            self.verdict.more_faults += 1;
        }
    }

    /// Whether a head is of this database and signed by a known key.
    fn is_genuine(&mut self, head: &SignedHead, which: &str) -> bool {
        let what = if head.epoch != self.epoch {
            "is of another database"
        } else if !head.is_signed_by(&self.keys) {
            "was not signed by the key given, or was altered"
        } else {
            return true;
        };
        self.fault(Some(head.seq), format!("the {which} head of row {} ({}) {what}", head.seq, head.at));
        false
    }

    /// The number and the link to the row before.
    fn place(&mut self, row: &Row<'_>) -> bool {
        let before = self.verdict.last;
        if self.verdict.rows == 0 && self.part && row.seq > 1 {
            return true;
        }
        if row.seq <= before {
            self.fault(Some(row.seq), format!("{} stands after row {before}: twice, or out of order", row.name()));
            return false;
        }
        if row.seq > before + 1 {
            let what = match (before + 1, row.seq - 1) {
                (first, last) if first == last => format!("row {first} is missing"),
                (first, last) => format!("rows {first} to {last} are missing"),
            };
            let hint = if before == 0 { " (a file made with --since begins later: say --part)" } else { "" };
            self.fault(Some(before + 1), format!("{what}{hint}"));
        } else if row.prev != self.last_hash {
            let what = match before {
                0 => "is not the first of this database".to_owned(),
                before => format!("does not follow row {before} as it stands here: one of the two was replaced"),
            };
            self.fault(Some(row.seq), format!("{} {what}", row.name()));
        }
        true
    }

    pub(super) fn row(&mut self, row: &Row<'_>) {
        if !self.place(row) {
            return;
        }
        if row.hash != row_hash(&self.epoch, row.seq, row.at.0, row.kind, row.subject, &row.body_hash, &row.prev) {
            let what = "its number, time, kind, subject or one of its hashes was altered";
            self.fault(Some(row.seq), format!("{}: {what}", row.name()));
        }
        match row.body {
            Some(body) if Sha256::digest(body.as_bytes()).as_slice() != row.body_hash => {
                self.fault(Some(row.seq), format!("{}: its body was altered", row.name()));
            }
            Some(body) => self.told(row, body),
            None => self.without_body(row),
        }
        if self.verdict.rows == 0 {
            self.verdict.first = row.seq;
            let ahead = self.published.split_off(&row.seq);
            let behind = std::mem::replace(&mut self.published, ahead);
            self.verdict.heads_before = behind.values().map(|heads| heads.len() as u64).sum();
        }
        self.verdict.rows += 1;
        self.verdict.last = row.seq;
        self.verdict.until = row.at;
        self.last_hash = row.hash;
        for head in self.published.remove(&row.seq).unwrap_or_default() {
            self.compare(&head, "published");
        }
    }

    /// A row that tells why the bodies of others are gone.
    fn told(&mut self, row: &Row<'_>, body: &str) {
        match kind_of(row.kind) {
            Some(ChangeKind::Pruned) => {
                if let Ok(pruned) = serde_json::from_str::<Pruned>(body) {
                    self.bare.retain(|_, (seq, _)| *seq > pruned.until);
                }
            }
            Some(ChangeKind::Forgotten) => {
                if let Ok(forgotten) = serde_json::from_str::<Forgotten>(body) {
                    let DeviceId(device) = forgotten.device;
                    self.bare.remove(&(ChangeKind::Device, device.to_string()));
                }
            }
            _ => {}
        }
    }

    fn without_body(&mut self, row: &Row<'_>) {
        match kind_of(row.kind) {
            Some(kind) if kind.is_prunable() => {
                self.verdict.pruned += 1;
                self.bare.insert((kind, row.subject.to_owned()), (row.seq, self.line));
            }
            _ => self.fault(Some(row.seq), format!("{}: its body is gone, and this kind is never pruned", row.name())),
        }
    }

    /// A head that stands in the file or the database, after the rows it speaks of.
    pub(super) fn head(&mut self, head: &SignedHead) {
        if self.is_genuine(head, "signed") {
            if head.seq == self.verdict.last {
                self.compare(head, "signed");
            } else {
                let what =
                    format!("the signed head of row {} ({}) stands after row {}", head.seq, head.at, self.verdict.last);
                self.fault(Some(head.seq), what);
            }
        }
    }

    /// A genuine head of the row walked last.
    fn compare(&mut self, head: &SignedHead, which: &str) {
        if head.hash == self.last_hash {
            self.verdict.heads += 1;
            self.signed = head.seq;
        } else {
            let what = format!(
                "row {seq} has the hash {}, the {which} head of {} says {}: something up to row {seq} was changed since, \
                 or the database was put back from a copy and went on from there",
                hex(&self.last_hash),
                head.at,
                head.hash(),
                seq = head.seq
            );
            self.fault(Some(head.seq), what);
        }
    }

    /// How many rows were walked, and the last of them.
    pub(super) fn walked(&self) -> (u64, u64) {
        (self.verdict.rows, self.verdict.last)
    }

    /// Where the log ends; `what` names what was walked.
    pub(super) fn finish(mut self, what: &str) -> Verdict {
        self.line = None;
        for heads in std::mem::take(&mut self.published).into_values().flatten() {
            let words = format!(
                "a head published at {} tells of row {}, and {what} ends with row {}: its end was cut off, or an older \
                 state was put back",
                heads.at, heads.seq, self.verdict.last
            );
            self.fault(Some(heads.seq), words);
        }
        let mut bare: Vec<_> =
            std::mem::take(&mut self.bare).into_iter().map(|(of, (seq, line))| (seq, of, line)).collect();
        bare.sort();
        for (seq, (kind, subject), line) in bare {
            let kind = crate::store::log::kind_text(kind);
            let words = format!("row {seq} ({kind} {}): its body is gone, and no row tells why", clean(&subject));
            self.fault_at(line, Some(seq), words);
        }
        if self.signed < self.verdict.last || self.verdict.rows == 0 {
            let words = match (self.verdict.rows, self.signed) {
                (0, _) => format!("{what} has no rows: even a new database has some"),
                (_, 0) => "no row is vouched for by a signed head".to_owned(),
                (_, signed) => format!("rows {} to {} are not signed", signed + 1, self.verdict.last),
            };
            self.fault(None, words);
        }
        self.verdict
    }
}
