//! Findings over time, review cycles and decisions. Pure.

mod ledger;
mod outlook;
mod rejudge;
#[cfg(test)]
mod tests;

pub use ledger::Ledger;
pub use outlook::{Group, Outlook, Shift, Tally, Turn};
pub use rejudge::{Measure, Rejudged, judge_entry, rejudge};

use std::collections::BTreeSet;

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::inventory::{Device, Place};
pub use crate::maker::Claim;
use crate::maker::{Attribution, Evidence, Overruling};
pub use crate::net::Author;
use crate::net::{CycleId, DeviceId, FindingId, PackId, RuleId, Timestamp};
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

/// Why a finding is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closing {
    /// The device, or the place it speaks of, was observed and breaks the rule no longer.
    Observed,
    /// A person said that the device is not what the evidence says.
    Overruled,
    /// The device turned out to be another one, or none.
    Merged,
}

impl Closing {
    /// Why a rule is no longer broken by a device where it was.
    #[must_use]
    pub fn of(device: &Device) -> Self {
        if device.facts.overruling.as_ref().is_some_and(Overruling::holds) { Self::Overruled } else { Self::Observed }
    }
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
    /// Why it closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<Closing>,
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

impl Finding {
    /// What was observed for this rule: its evidence without what speaks for maker and class, and without the place,
    /// both of which its device has anyway.
    pub fn observed<'a>(&'a self, attribution: &'a Attribution) -> impl Iterator<Item = &'a Evidence> {
        self.evidence.iter().filter(|mark| mark.source != "place" && !attribution.evidence.contains(mark))
    }
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
    /// Its device is not what the evidence says: until a day, or until new evidence speaks against this.
    Overrule {
        /// What it is.
        claim: Claim,
        /// Last day.
        until: Date,
        /// Why.
        reason: String,
    },
    /// What a person said of the device holds no longer: the evidence counts again.
    Restore {
        /// Why.
        reason: String,
    },
}

impl DecisionKind {
    /// It in a few words, without the reason.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::RemoveBy { by } => format!("remove by {by}"),
            Self::Accept { until, .. } => format!("accept until {until}"),
            Self::NotInScope { .. } => "not in scope".to_owned(),
            Self::Overrule { claim, until, .. } => format!("attribution overruled until {until} ({claim})"),
            Self::Restore { .. } => "attribution no longer overruled".to_owned(),
        }
    }

    /// The last day it holds, where it has one.
    #[must_use]
    pub fn until(&self) -> Option<Date> {
        match self {
            Self::RemoveBy { by } => Some(*by),
            Self::Accept { until, .. } | Self::Overrule { until, .. } => Some(*until),
            Self::NotInScope { .. } | Self::Restore { .. } => None,
        }
    }

    /// Where it leaves its finding; `None`: where it was.
    #[must_use]
    pub fn state(&self) -> Option<FindingState> {
        match self {
            Self::RemoveBy { .. } => Some(FindingState::RemoveBy),
            Self::Accept { .. } => Some(FindingState::Accepted),
            Self::NotInScope { .. } => Some(FindingState::NotInScope),
            // What is said of the device closes and opens findings, this one and others.
            Self::Overrule { .. } | Self::Restore { .. } => None,
        }
    }

    /// Why, where it needs a reason.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::RemoveBy { .. } => None,
            Self::Accept { reason, .. }
            | Self::NotInScope { reason }
            | Self::Overrule { reason, .. }
            | Self::Restore { reason } => Some(reason),
        }
    }
}

impl std::fmt::Display for DecisionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words())?;
        self.reason().map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}

/// What a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Matter {
    /// A finding.
    Finding {
        /// Which.
        finding: FindingId,
        /// Its revision when the reviewer looked.
        revision: u64,
    },
    /// A device, whatever rules it breaks.
    Device {
        /// Which.
        device: DeviceId,
        /// The evidence the reviewer saw, by source and text. Not stored.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        seen: BTreeSet<(String, String)>,
    },
}

impl Matter {
    /// The finding, where it is one.
    #[must_use]
    pub fn finding(&self) -> Option<FindingId> {
        match self {
            Self::Finding { finding, .. } => Some(*finding),
            Self::Device { .. } => None,
        }
    }
}

impl std::fmt::Display for Matter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Finding { finding, .. } => write!(f, "finding {finding}"),
            Self::Device { device, .. } => write!(f, "device {device}"),
        }
    }
}

/// A decision that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What it is about.
    #[serde(flatten)]
    pub matter: Matter,
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
    /// What it is about, as the reviewer saw it.
    pub on: Matter,
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
    /// The evidence changed since the reviewer looked.
    #[error("the evidence on device {device} changed since you looked: {new}: look again, then decide")]
    NewEvidence {
        /// The device.
        device: DeviceId,
        /// What is new.
        new: String,
    },
    /// No such device.
    #[error("there is no device {0}")]
    NoSuchDevice(DeviceId),
    /// Such a decision is not made on this.
    #[error("a device can be overruled, or not overruled any more; all else is decided on its findings")]
    NotOnADevice,
    /// Nothing is said in place of the evidence.
    #[error("say what it is: its maker, its class, or whether it is surveillance equipment")]
    NothingSaid,
    /// The catalogue does not know the maker.
    #[error(
        "the catalogue knows no maker '{0}': 'lenswarden identify' shows ids; makers of your own go into [makers] files"
    )]
    NoSuchMaker(String),
    /// Nobody said anything of it that could end.
    #[error("nothing said of device {0} is in force")]
    NotOverruled(DeviceId),
    /// A reason is needed.
    #[error("a reason is needed")]
    NoReason,
    /// The date is in the past.
    #[error("{0} is in the past")]
    Past(Date),
    /// An acceptance may not run that long.
    #[error("an acceptance, and an overruling, ends at most 180 days away: {latest} at the latest")]
    TooLong {
        /// The last day possible.
        latest: Date,
    },
}
