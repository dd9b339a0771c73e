//! A dated batch of findings that waits for decisions, and how it ends.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::net::{Author, CycleId, FindingId, Timestamp};

/// What stood in a cycle when it ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// All of its findings.
    pub items: usize,
    /// Still wait.
    pub waiting: usize,
    /// To be removed, isolated or replaced.
    pub to_be_removed: usize,
    /// Accepted until a day.
    pub accepted: usize,
    /// Not in scope.
    pub not_in_scope: usize,
    /// Closed, for whatever reason.
    pub closed: usize,
}

/// A share of something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// How much of it was seen.
    pub seen: u64,
    /// How much there is.
    pub expected: u64,
    /// The oldest look it rests on; of registers the age of the oldest file.
    pub oldest: Option<Timestamp>,
}

impl Part {
    /// In per cent, rounded down. `None`: there is nothing to measure by.
    #[must_use]
    pub fn percent(&self) -> Option<u64> {
        (self.seen * 100).checked_div(self.expected)
    }

    /// With another part of the same kind.
    #[must_use]
    pub fn and(self, seen: u64, expected: u64, oldest: Option<Timestamp>) -> Self {
        let oldest = [self.oldest, oldest].into_iter().flatten().min();
        Self { seen: self.seen + seen, expected: self.expected + expected, oldest }
    }
}

/// What was looked at of the sites that a cycle can be about: four factors, never made into one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LookedAt {
    /// The sites.
    pub sites: usize,
    /// Those of them of which too little was looked at to show them clean.
    pub short: usize,
    /// Addresses of their ranges.
    pub ranges: Part,
    /// Switches that answer, of those configured and those heard.
    pub switches: Part,
    /// Linked ports on which it is known who is there.
    pub ports: Part,
    /// Entries of registers that were found.
    pub register: Part,
}

/// What became of the report of a cycle that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reporting {
    /// It is to be written.
    Due,
    /// It was.
    Written {
        /// When.
        at: Timestamp,
        /// Where.
        files: Vec<String>,
    },
}

/// Who says that a cycle was gone through, and what was known then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// Who.
    pub author: Author,
    /// When.
    pub at: Timestamp,
    /// In words.
    pub statement: String,
    /// How much of the estate was looked at.
    pub coverage: String,
    /// The same by its factors; `None`: before they were recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked: Option<LookedAt>,
    /// What stood in it.
    pub counts: Counts,
    /// The change log's last row before this.
    pub seq: u64,
    /// That row's hash, lower-case hex.
    pub head: String,
}

/// A dated batch of findings that waits for decisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cycle {
    /// Stable, never used again.
    pub id: CycleId,
    /// The name of the `[[review]]` that opened it.
    pub name: String,
    /// The moment of the schedule it stands for: one cycle for each, through restarts.
    pub scheduled: Timestamp,
    /// When it was opened.
    pub opened: Timestamp,
    /// When its items are due.
    pub due: Timestamp,
    /// Who answers for it.
    pub owner: String,
    /// Who is told when it is overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_to: Option<String>,
    /// When he was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated: Option<Timestamp>,
    /// The filter words that chose its items.
    pub select: String,
    /// Its items.
    pub items: Vec<FindingId>,
    /// The revision each item had when it was opened: the log has what that was.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub revisions: BTreeMap<FindingId, u64>,
    /// When it ended.
    pub closed: Option<Timestamp>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<Attestation>,
    /// What became of its report; `None`: none is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Reporting>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attestation_of_before_the_factors_is_still_read() {
        let old = r#"{"id":3,"name":"standard-sites","scheduled":"2026-10-01T00:00:00.000Z","opened":"2026-10-01T00:00:01.000Z",
            "due":"2026-10-31T00:00:01.000Z","owner":"estates","select":"","items":[1],"closed":"2026-10-02T00:00:00.000Z",
            "attestation":{"author":{"uid":0,"name":"root"},"at":"2026-10-02T00:00:00.000Z","statement":"s",
            "coverage":"3 of 3 switches","counts":{"items":1},"seq":7,"head":"00"}}"#;
        let cycle: Cycle = serde_json::from_str(old).unwrap();
        let told = cycle.attestation.clone().unwrap();
        assert_eq!((told.looked, told.coverage.as_str(), cycle.report.clone()), (None, "3 of 3 switches", None));
        // And what is not known is not written: the log's rows stay what they were.
        let again = serde_json::to_value(&cycle).unwrap();
        assert!(again.get("report").is_none() && again["attestation"].get("looked").is_none(), "{again}");
        let at = |at| Some(Timestamp(at));
        let part = Part::default().and(1, 2, at(5)).and(3, 3, at(4)).and(0, 1, None);
        assert_eq!((part, part.percent()), (Part { seen: 4, expected: 6, oldest: at(4) }, Some(66)));
        assert_eq!(Part::default().percent(), None, "nothing to measure by is not a hundred per cent");
    }
}
