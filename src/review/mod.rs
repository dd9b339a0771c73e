//! Findings over time, review cycles and decisions. Pure.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::config::ReviewPlan;
use crate::inventory::{Device, Merge, Place};
use crate::maker::Evidence;
use crate::net::{CycleId, DeviceId, FindingId, PackId, RuleId, Timestamp};
use crate::policy::{Severity, Violation};

/// Where a finding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingState {
    /// Waits for a decision.
    Open,
    /// Decided: to be removed by a date.
    RemoveBy,
    /// Decided: accepted until a date.
    Accepted,
    /// Decided: not in scope.
    NotInScope,
    /// The place was observed without it.
    Closed,
}

/// One rule broken by one device, through all its openings and closings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable, never used again.
    pub id: FindingId,
    /// The pack.
    pub policy: PackId,
    /// The rule within it.
    pub rule: RuleId,
    /// How grave.
    pub severity: Severity,
    /// The device.
    pub device: DeviceId,
    /// The rule in words.
    pub text: String,
    /// Where it stands.
    pub state: FindingState,
    /// When it opened (again).
    pub since: Timestamp,
    /// When it closed.
    pub closed: Option<Timestamp>,
    /// How often it was opened.
    pub openings: u32,
    /// Grows with every change: a decision names the revision it was made on.
    pub revision: u64,
    /// Where the device is, or was when it closed.
    pub place: Place,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// The decision in force.
    pub decision: Option<Decision>,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum DecisionKind {
    /// It will be removed by this date.
    RemoveBy {
        /// Last day.
        by: Date,
    },
    /// It stays until this date, for a reason.
    Accept {
        /// Last day.
        until: Date,
        /// Why.
        reason: String,
    },
    /// The rule does not apply to it.
    NotInScope {
        /// Why.
        reason: String,
    },
}

/// Who decided: the socket's peer as the kernel names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// User id (SO_PEERCRED).
    pub uid: u32,
    /// Name in the user database, else the number as text.
    pub name: String,
}

/// A decision on a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The finding.
    pub finding: FindingId,
    /// Its revision when it was decided.
    pub revision: u64,
    /// What was decided.
    pub kind: DecisionKind,
    /// Who decided.
    pub author: Author,
    /// When.
    pub at: Timestamp,
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
    /// The filter words that chose its items.
    pub select: String,
    /// Its items.
    pub items: Vec<FindingId>,
    /// When the last of its items was decided or closed.
    pub closed: Option<Timestamp>,
}

/// A request to decide, as a reviewer makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionRequest {
    /// The finding.
    pub finding: FindingId,
    /// The revision the reviewer saw.
    pub revision: u64,
    /// What is decided.
    pub decision: DecisionKind,
}

/// Why a decision was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such finding.
    #[error("there is no finding {0}")]
    NoSuchFinding(FindingId),
    /// It changed since the reviewer looked.
    #[error(
        "finding {finding} changed since you looked (you saw revision {seen}, it is at {now}): look again, then decide"
    )]
    Stale {
        /// The finding.
        finding: FindingId,
        /// What the reviewer saw.
        seen: u64,
        /// What it is now.
        now: u64,
    },
    /// It is closed.
    #[error("finding {0} is closed: there is nothing to decide")]
    Closed(FindingId),
    /// A reason is needed.
    #[error("a reason is needed")]
    NoReason,
    /// The date is in the past.
    #[error("{0} is in the past")]
    Past(Date),
    /// An acceptance may not run that long.
    #[error("an acceptance ends at most 180 days away: {latest} at the latest")]
    TooLong {
        /// The last day possible.
        latest: Date,
    },
}

/// All findings and cycles, and the only way to change them.
#[derive(Debug, Clone, Default)]
pub struct Ledger {}

impl Ledger {
    /// As it was when the daemon last committed.
    #[must_use]
    pub fn restore(_findings: Vec<Finding>, _cycles: Vec<Cycle>) -> Self {
        unimplemented!()
    }

    /// Brings a device's findings in line with the rules it breaks now, by `(pack, rule, device)`. The inventory
    /// changes a place only by observation, so what is no longer broken was really observed so.
    /// Returns the findings that differ from before.
    pub fn reconcile(&mut self, _device: &Device, _now: &[Violation], _at: Timestamp) -> Vec<FindingId> {
        unimplemented!()
    }

    /// Two devices became one: its findings too. Returns the findings that differ from before.
    pub fn merge(&mut self, _merge: Merge, _at: Timestamp) -> Vec<FindingId> {
        unimplemented!()
    }

    /// Decides, all or none. `today` is the calendar day at the daemon.
    ///
    /// # Errors
    /// The first refusal; nothing was changed.
    pub fn decide(
        &mut self,
        _requests: &[DecisionRequest],
        _author: &Author,
        _at: Timestamp,
        _today: Date,
    ) -> Result<Vec<Decision>, Refusal> {
        unimplemented!()
    }

    /// Opens a cycle. The same name and scheduled moment twice is the same cycle: `None`.
    pub fn open_cycle(
        &mut self,
        _plan: &ReviewPlan,
        _scheduled: Timestamp,
        _items: Vec<FindingId>,
        _at: Timestamp,
    ) -> Option<CycleId> {
        unimplemented!()
    }

    /// Reopens acceptances whose end has passed and closes cycles whose items are all decided or closed.
    /// Returns what differs from before.
    pub fn tick(&mut self, _at: Timestamp, _today: Date) -> (Vec<FindingId>, Vec<CycleId>) {
        unimplemented!()
    }

    /// One finding.
    #[must_use]
    pub fn finding(&self, _id: FindingId) -> Option<&Finding> {
        unimplemented!()
    }

    /// All findings, by id.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        std::iter::empty()
    }

    /// One cycle.
    #[must_use]
    pub fn cycle(&self, _id: CycleId) -> Option<&Cycle> {
        unimplemented!()
    }

    /// All cycles, by id.
    pub fn cycles(&self) -> impl Iterator<Item = &Cycle> {
        std::iter::empty()
    }
}
