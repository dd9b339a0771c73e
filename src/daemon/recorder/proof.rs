//! The recorder's part in the proof of the log: heads that are published, requests that are written down, old bodies
//! that go.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Recorder;
use crate::net::Timestamp;
use crate::review::Author;
use crate::store::{Batch, RequestRecord};

/// How often the signed head is told to others where the log has grown.
const PUBLISH: Duration = Duration::from_secs(3600);
/// How often old bodies are looked for.
const PRUNE: Duration = Duration::from_secs(86_400);
/// Requests of one user that are written down within [`WINDOW`]; more are counted. Anybody on the machine may ask, and
/// nobody may fill the disk by asking.
const MOST_WRITTEN: u32 = 100;
const WINDOW: Duration = Duration::from_secs(3600);

/// A user's requests of the last while.
#[derive(Debug, Clone, Copy)]
struct Asked {
    since: Timestamp,
    written: u32,
    unwritten: u64,
}

/// What was published, pruned and asked, and when.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// Row and moment of the head published last.
    published: Option<(u64, Timestamp)>,
    /// Something happened whose head is published at once.
    due: bool,
    /// When old bodies were looked for last.
    pruned: Option<Timestamp>,
    asked: BTreeMap<u32, Asked>,
}

impl Proof {
    /// Looks at what was committed: the end of a review cycle is published with its head.
    pub(super) fn note(&mut self, batch: &Batch) {
        self.due |= batch.cycles.iter().any(|cycle| cycle.closed.is_some());
    }

    /// The row for a request; `None`: there were too many, it is only counted.
    fn record(&mut self, author: Author, asked: String, outcome: String, at: Timestamp) -> Option<RequestRecord> {
        let of = self.asked.entry(author.uid).or_insert(Asked { since: at, written: 0, unwritten: 0 });
        // A clock that was set back begins anew.
        if at.since(of.since) >= WINDOW || at < of.since {
            (of.since, of.written) = (at, 0);
        }
        if of.written == MOST_WRITTEN {
            of.unwritten += 1;
            return None;
        }
        of.written += 1;
        let unwritten = std::mem::take(&mut of.unwritten);
        Some(RequestRecord { author, asked, outcome, unwritten })
    }

    fn is_due(&self, seq: u64, at: Timestamp) -> bool {
        self.published.is_none_or(|(row, when)| row != seq && (self.due || at.since(when) >= PUBLISH || at < when))
    }
}

impl Recorder {
    /// Writes down what somebody asked to change, and what became of it.
    pub(super) fn note_request(&mut self, author: Author, asked: String, outcome: String) {
        let at = Timestamp::now();
        let requests: Vec<RequestRecord> = self.proof.record(author, asked, outcome, at).into_iter().collect();
        self.commit_until_it_holds(&Batch { at, requests, ..Batch::default() });
    }

    /// What the log needs now and then.
    pub(super) fn keep_log(&mut self) {
        let at = Timestamp::now();
        if self.proof.pruned.is_none_or(|last| at.since(last) >= PRUNE || at < last) {
            match self.writer.prune(self.config.daemon.keep_history, at) {
                Ok(true) => {}
                Ok(false) => self.proof.pruned = Some(at),
                Err(error) => {
                    tracing::error!(%error, "old bodies stay for another day");
                    self.proof.pruned = Some(at);
                }
            }
            self.seq = self.writer.seq();
        }
        if self.proof.is_due(self.seq, at) {
            self.publish_head(at);
        }
    }

    /// Tells others where the log ends: they can hold it against any later state.
    fn publish_head(&mut self, at: Timestamp) {
        let head = match self.writer.signed_head() {
            Ok(Some(head)) => head,
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%error, "the head of the log is not published");
                return;
            }
        };
        tracing::info!("{head}");
        let mut batch = Batch { at, ..Batch::default() };
        self.dispatch.head(&head, at, &mut batch.outbox);
        self.proof.published = Some((head.seq, at));
        self.proof.due = false;
        batch.published = Some(head);
        self.commit_until_it_holds(&batch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_who_asks_without_end_fills_no_log_and_is_counted() {
        let mut proof = Proof::default();
        let mut ask = |uid, at| {
            let author = Author { uid, name: "jo".into(), login: None };
            proof.record(author, "poll".into(), "refused".into(), Timestamp(at))
        };
        let written = (0..1_000).filter(|at| ask(7, *at).is_some()).count();
        assert_eq!(written, 100);
        assert_eq!(ask(8, 5).unwrap().unwritten, 0, "another user is written down");
        assert_eq!(ask(7, 3_600_000).unwrap().unwritten, 900);
        assert_eq!(ask(7, 3_600_001).unwrap().unwritten, 0);
        assert_eq!(ask(7, 5).unwrap().unwritten, 0, "a clock set back");
    }

    #[test]
    fn heads_are_published_at_first_then_hourly_and_at_the_end_of_a_cycle_where_the_log_grew() {
        let mut proof = Proof::default();
        assert!(proof.is_due(5, Timestamp(0)));
        proof.published = Some((5, Timestamp(0)));
        assert!(!proof.is_due(5, Timestamp(9_000_000)), "nothing was added");
        assert!(!proof.is_due(6, Timestamp(3_599_999)));
        assert!(proof.is_due(6, Timestamp(3_600_000)));
        proof.due = true;
        assert!(proof.is_due(6, Timestamp(1)));
    }
}
