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
}
