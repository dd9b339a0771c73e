//! The work itself: what must not wait until somebody looks. What lasts is told when it begins and when it ends, once
//! each, over restarts too.

use std::collections::BTreeMap;

use super::dispatch::Dispatch;
use super::{line, message};
use crate::config::{AlertPlan, Occasion};
use crate::net::Timestamp;
use crate::policy::Severity;
use crate::store::{Condition, Outbox};

/// Something that is wrong now: kind, what it is about where there can be several of a kind, and in words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wrong {
    /// Its kind.
    pub kind: &'static str,
    /// What it is about; empty where there is one of a kind.
    pub subject: String,
    /// In words.
    pub words: String,
}

impl Dispatch {
    /// Who is told of the work itself: whoever asks for it; nobody does: all.
    pub(super) fn operators(&self) -> impl Iterator<Item = &AlertPlan> {
        let asked = self.plans.iter().any(|plan| plan.when.contains(&Occasion::Operational));
        self.plans.iter().filter(move |plan| !asked || plan.when.contains(&Occasion::Operational))
    }

    fn tell(&self, severity: Severity, kind: &str, words: &str, at: Timestamp, outbox: &mut Outbox) {
        let tell = |plan: &AlertPlan| message(&plan.name, severity, kind, at, line::operational(kind, words));
        outbox.alerts.extend(self.operators().map(tell));
    }

    /// Something that happened, in the transaction that records it.
    pub fn operational(&self, kind: &str, words: &str, at: Timestamp, outbox: &mut Outbox) {
        self.tell(Severity::Action, kind, words, at, outbox);
    }

    /// Whether this is wrong and was told.
    #[must_use]
    pub fn is_wrong(&self, kind: &str, subject: &str) -> bool {
        self.conditions.contains_key(&(kind.to_owned(), subject.to_owned()))
    }

    /// All that is wrong now: what is new begins, what is no longer among it has ended.
    pub fn operate(&mut self, wrong: Vec<Wrong>, at: Timestamp, outbox: &mut Outbox) {
        let mut now: BTreeMap<(String, String), Wrong> = BTreeMap::new();
        for wrong in wrong {
            now.entry((wrong.kind.to_owned(), wrong.subject.clone())).or_insert(wrong);
        }
        let ended: Vec<_> = self.conditions.keys().filter(|key| !now.contains_key(*key)).cloned().collect();
        for key in ended {
            let Some(before) = self.conditions.remove(&key) else { continue };
            let words = format!("is over; since {}: {}", before.since, before.words);
            self.tell(Severity::Info, &before.kind, &words, at, outbox);
            outbox.aside.ended.push(key);
        }
        for (key, wrong) in now {
            if self.conditions.contains_key(&key) {
                continue;
            }
            self.tell(Severity::Action, wrong.kind, &wrong.words, at, outbox);
            let Wrong { kind, subject, words } = wrong;
            let condition = Condition { kind: kind.to_owned(), subject, words, since: at };
            outbox.aside.begun.push(condition.clone());
            self.conditions.insert(key, condition);
        }
    }
}
