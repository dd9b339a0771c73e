//! One rule broken by one subject, and how it is dealt with.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::decision::{Decision, Stage};
use crate::inventory::{Device, Place};
use crate::maker::{Attribution, Evidence, Overruling};
use crate::net::{DeviceId, FindingId, Names, PackId, RuleId, Timestamp};
use crate::policy::{Severity, Status, Subject};

/// Where a finding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingState {
    /// Waits for a decision.
    Open,
    /// Decided: to be removed by a date.
    RemoveBy,
    /// Decided: to be cut off from everything else by a date.
    IsolateBy,
    /// Decided: to be replaced by a date.
    ReplaceBy,
    /// Decided: accepted until a date.
    Accepted,
    /// Decided: not in scope.
    NotInScope,
    /// Over: see [`Closing`].
    Closed,
}

/// Why a finding is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closing {
    /// The device, or the place it speaks of, was observed and breaks the rule no longer.
    Observed,
    /// Its removal is proved: absent from every polled port for long enough, while its old switch answered.
    Removed,
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

/// A device that is on no polled port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// Since when: three complete rounds had shown it nowhere.
    pub since: Timestamp,
    /// The first complete pass of its old switch after that: what is proved is counted from here.
    pub watched_from: Option<Timestamp>,
    /// Complete passes of its old switch from there on, counted until they are enough.
    #[serde(default)]
    pub rounds: u16,
    /// For how much of the time since its old switch did not answer, in milliseconds: that proves nothing.
    pub unwatched_ms: u64,
}

impl Absence {
    /// From now on: nothing is proved yet.
    pub(super) fn begins(since: Timestamp) -> Self {
        Self { since, watched_from: None, rounds: 0, unwatched_ms: 0 }
    }

    /// How much of the time until its old switch's last complete pass was watched.
    #[must_use]
    pub fn watched(&self, last_pass: Timestamp) -> Duration {
        let from = self.watched_from.filter(|from| *from < last_pass);
        let all = from.map_or(Duration::ZERO, |from| last_pass.since(from));
        all.saturating_sub(Duration::from_millis(self.unwatched_ms))
    }

    /// Its old switch was seen whole, and without it, after the pass before; a gap of more than `longest` proves nothing,
    /// and where the clock was set back the proof begins anew. Passes that are more than enough are not counted: that
    /// would change a finding with each of them.
    pub(super) fn passed(&mut self, before: Option<Timestamp>, pass: Timestamp, longest: Duration, enough: u16) {
        match (self.watched_from, before) {
            (Some(_), Some(before)) if pass >= before => {
                let gap = pass.since(before);
                if self.rounds < enough {
                    self.rounds += 1;
                }
                if gap > longest {
                    self.unwatched_ms += u64::try_from(gap.as_millis()).unwrap_or(u64::MAX);
                }
            }
            _ => (self.watched_from, self.rounds, self.unwatched_ms) = (Some(pass), 1, 0),
        }
    }
}

/// What stands on the port of a device whose removal is proved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Successor {
    /// It.
    pub device: DeviceId,
    /// Its maker's name; empty: not known.
    pub maker: String,
    /// Its count word.
    pub status: Status,
}

/// How a finding is dealt with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Handling {
    /// Who is to see to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// By when a decision is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Date>,
    /// Words people sort by.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// What one person wants, and a second one must approve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Box<Decision>>,
    /// How far its replacement, or removal, is, as people say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// Since when it is seen on a network for surveillance equipment, where isolating it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isolated: Option<Timestamp>,
    /// It is on no polled port: its removal, not yet proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent: Option<Absence>,
    /// When it came back after it had been removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned: Option<Timestamp>,
    /// What is on its port since it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<Successor>,
    /// Of how many days before its day was last reminded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminded: Option<u8>,
}

impl Handling {
    /// Whether there is nothing to say of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What stays of it when the finding is decided anew, opens or closes: who sees to it, and what it is called.
    pub(super) fn kept(&self) -> Self {
        Self { assignee: self.assignee.clone(), due: self.due, tags: self.tags.clone(), ..Self::default() }
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
    pub decision: Option<Box<Decision>>,
    /// How it is dealt with.
    #[serde(default, skip_serializing_if = "Handling::is_empty")]
    pub handling: Handling,
}

impl Finding {
    /// Its names as others hold them too.
    pub fn share(&mut self, names: &mut Names) {
        self.policy.share(names);
        self.rule.share(names);
        self.place.share(names);
    }

    /// What was observed for this rule: its evidence without what speaks for maker and class, and without the place,
    /// both of which its device has anyway.
    pub fn observed<'a>(&'a self, attribution: &'a Attribution) -> impl Iterator<Item = &'a Evidence> {
        self.evidence.iter().filter(|mark| mark.source != "place" && !attribution.evidence.contains(mark))
    }

    /// It open again: the clock starts anew, what was decided holds no longer.
    pub(super) fn opened_again(self, at: Timestamp) -> Self {
        Self {
            state: FindingState::Open,
            since: at,
            closed: None,
            closing: None,
            openings: self.openings + 1,
            decision: None,
            handling: Handling {
                absent: self.handling.absent.clone(),
                returned: self.handling.returned,
                ..self.handling.kept()
            },
            ..self
        }
    }
}
