//! Findings over time, review cycles and decisions. Pure.

mod ledger;
mod outlook;
mod rejudge;
#[cfg(test)]
mod tests;

pub use ledger::Ledger;
pub use outlook::{Group, Outlook, Shift, Tally, Turn};
pub use rejudge::{Measure, Rejudged, rejudge};

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::inventory::Place;
use crate::maker::Evidence;
use crate::net::{CycleId, FindingId, PackId, RuleId, Timestamp};
use crate::policy::{Severity, Subject};

/// Longest acceptance, in days.
const LONGEST_ACCEPTANCE: i64 = 180;

/// The last day an acceptance decided today may run to.
#[must_use]
pub fn latest_acceptance(today: Date) -> Date {
    today.saturating_add(Span::new().days(LONGEST_ACCEPTANCE))
}

/// A day as people write it: `2026-12-31`, or so many days from today: `+30d`.
///
/// # Errors
/// It is neither.
pub fn day(text: &str, today: Date) -> Result<Date, String> {
    let text = text.trim();
    let days = text.strip_prefix('+').and_then(|rest| rest.strip_suffix('d')).and_then(|days| days.parse::<i32>().ok());
    let read = match days {
        Some(days) => Span::new().try_days(days).ok().map(|span| today.saturating_add(span)),
        None => text.parse().ok(),
    };
    read.ok_or_else(|| format!("'{text}' is no day: 2026-12-31 or +30d"))
}

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

/// One rule broken by one subject, through all its openings and closings.
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
    /// Whom it is about.
    #[serde(flatten)]
    pub subject: Subject,
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
    /// Where its subject is, or was when it closed; of a register's entry the site alone.
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
