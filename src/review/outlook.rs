//! What a change would do before it does it: the findings of a ledger against those of the same one judged otherwise.

use std::collections::BTreeMap;

use super::{Decision, Finding, FindingState, Ledger};
use crate::inventory::Inventory;
use crate::net::{FindingId, MacAddr, RuleId, SiteId};
use crate::policy::{Severity, Status};

/// What would become of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// It would open, or open again.
    Opens,
    /// Its severity or its words would be others.
    Changes,
    /// It would close.
    Closes,
}

impl Turn {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Opens => "opens",
            Self::Changes => "changes",
            Self::Closes => "closes",
        }
    }
}

/// A finding that would be another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// What would become of it.
    pub turn: Turn,
    /// As it would be; its id is not given for good before it opens.
    pub finding: Finding,
    /// How grave it is now, where it is open and would be graver or less grave.
    pub severity_before: Option<Severity>,
    /// The decision that would no longer hold.
    pub falls: Option<Decision>,
    /// Its device's address.
    pub mac: Option<MacAddr>,
    /// Its device's maker.
    pub maker: String,
}

/// How many findings of one rule, site and severity would open, change and close, and how many decisions fall.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Tally {
    pub opens: usize,
    pub changes: usize,
    pub closes: usize,
    pub falls: usize,
}

/// What a tally counts together.
pub type Group = (String, RuleId, Option<SiteId>, Severity);

/// What a change would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Findings that would be others: the gravest first, by rule, site and device.
    pub shifts: Vec<Shift>,
    /// Devices by count word: now, and then.
    pub statuses: BTreeMap<Status, (usize, usize)>,
    /// What a reader must know of it.
    pub notes: Vec<String>,
}

impl Outlook {
    /// The findings `changed` of two ledgers: as they are, and as they would be.
    #[must_use]
    pub fn new(before: &Ledger, after: &Ledger, changed: &[FindingId], inventory: &Inventory) -> Self {
        let shift = |id: &FindingId| {
            let now = after.finding(*id)?;
            let was = before.finding(*id).filter(|finding| finding.state != FindingState::Closed);
            let is_open = now.state != FindingState::Closed;
            let turn = match was {
                None if is_open => Turn::Opens,
                Some(_) if !is_open => Turn::Closes,
                Some(was) if (was.severity, &was.text) != (now.severity, &now.text) => Turn::Changes,
                // Its evidence or place is told anew: no news.
                _ => return None,
            };
            let device = now.subject.device().and_then(|id| inventory.device(id));
            let decision = was.filter(|was| was.state != FindingState::Open).and_then(|was| was.decision.clone());
            Some(Shift {
                turn,
                severity_before: was.map(|was| was.severity).filter(|severity| *severity != now.severity),
                falls: decision.filter(|_| !is_open || now.decision.is_none()).map(|decision| *decision),
                mac: device.and_then(|device| device.mac),
                maker: device.map(|device| device.attribution.name.clone()).unwrap_or_default(),
                finding: now.clone(),
            })
        };
        let mut shifts: Vec<Shift> = changed.iter().filter_map(shift).collect();
        shifts.sort_by(|a, b| {
            let order = |shift: &Shift| (shift.turn, shift.finding.severity);
            let place =
                |shift: &Shift| (shift.finding.place.site.clone(), shift.finding.subject.clone(), shift.finding.id);
            let rule = |shift: &Shift| (shift.finding.policy.clone(), shift.finding.rule.clone());
            order(a).cmp(&order(b)).then_with(|| rule(a).cmp(&rule(b))).then_with(|| place(a).cmp(&place(b)))
        });
        Self { shifts, ..Self::default() }
    }

    /// The counts, by rule, site and severity.
    #[must_use]
    pub fn tallies(&self) -> BTreeMap<Group, Tally> {
        let mut tallies: BTreeMap<Group, Tally> = BTreeMap::new();
        for Shift { turn, finding, falls, .. } in &self.shifts {
            let Finding { policy, rule, severity, place, .. } = finding;
            let group = (policy.to_string(), rule.clone(), place.site.clone(), *severity);
            let tally = tallies.entry(group).or_default();
            match turn {
                Turn::Opens => tally.opens += 1,
                Turn::Changes => tally.changes += 1,
                Turn::Closes => tally.closes += 1,
            }
            tally.falls += usize::from(falls.is_some());
        }
        tallies
    }

    /// All of it together.
    #[must_use]
    pub fn total(&self) -> Tally {
        self.tallies().values().fold(Tally::default(), |sum, tally| Tally {
            opens: sum.opens + tally.opens,
            changes: sum.changes + tally.changes,
            closes: sum.closes + tally.closes,
            falls: sum.falls + tally.falls,
        })
    }
}
