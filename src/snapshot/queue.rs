//! What waits for a decision.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::{Filter, Snapshot, word};
use crate::net::{CycleId, FindingId};
use crate::review::{Cycle, Finding, FindingState};

/// How far a review cycle is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Items that wait.
    pub waiting: usize,
    /// All items.
    pub all: usize,
    /// It is past its due time and something waits.
    pub overdue: bool,
}

impl Finding {
    /// How it stands, in a word: its state, or what of that matters more just now.
    #[must_use]
    pub fn standing(&self) -> String {
        match self.state {
            FindingState::Closed => word(&self.state),
            _ if self.handling.proposed.is_some() => "to approve".to_owned(),
            _ if self.handling.absent.is_some() => "absent".to_owned(),
            FindingState::IsolateBy if self.handling.isolated.is_some() => "isolated".to_owned(),
            FindingState::Open if self.handling.returned.is_some() => "came back".to_owned(),
            FindingState::Open if self.handling.assignee.is_some() => "assigned".to_owned(),
            _ => word(&self.state),
        }
    }

    /// It was opened again: a decision lapsed, or the device came back.
    #[must_use]
    pub fn reopened(&self) -> bool {
        self.openings > 1
    }
}

impl Snapshot {
    fn waits(&self, id: FindingId) -> bool {
        self.findings.get(&id).is_some_and(|finding| finding.state == FindingState::Open)
    }

    /// How far a cycle is.
    #[must_use]
    pub fn progress(&self, cycle: &Cycle) -> Progress {
        let waiting = cycle.items.iter().filter(|id| self.waits(**id)).count();
        let overdue = waiting > 0 && cycle.closed.is_none() && cycle.due < self.as_of;
        Progress { waiting, all: cycle.items.len(), overdue }
    }

    /// Findings that are past their time: undecided in a cycle past its due time, or to be removed by a day that is
    /// over.
    #[must_use]
    pub fn overdue(&self) -> BTreeSet<FindingId> {
        let today = self.as_of.to_jiff().to_zoned(TimeZone::UTC).date();
        let late = self.cycles.values().filter(|cycle| cycle.closed.is_none() && cycle.due < self.as_of);
        let undecided = late.flat_map(|cycle| &cycle.items).copied().filter(|id| self.waits(*id));
        let not_removed = self.findings.values().filter(|finding| {
            matches!(finding.state, FindingState::RemoveBy | FindingState::IsolateBy | FindingState::ReplaceBy)
                && (finding.handling.absent.is_none() && finding.handling.isolated.is_none())
                && matches!(&finding.decision, Some(decision)
                    if decision.kind.until().is_some_and(|until| until < today))
        });
        undecided.chain(not_removed.map(|finding| finding.id)).collect()
    }

    /// Findings that wait for a decision, in the order in which a person should look: overdue, reopened, grave, old.
    #[must_use]
    pub fn queue(&self, filter: &Filter, overdue: &BTreeSet<FindingId>) -> Vec<FindingId> {
        let mut waiting: Vec<&Finding> = self
            .findings
            .values()
            .filter(|finding| finding.state == FindingState::Open || overdue.contains(&finding.id))
            .filter(|finding| filter.finding(finding, self.device_of(finding), &self.sites, self.as_of))
            .collect();
        waiting.sort_by_key(|finding| urgency(finding, overdue));
        waiting.into_iter().map(|finding| finding.id).collect()
    }

    /// A cycle's items, those that wait first.
    #[must_use]
    pub fn items(&self, cycle: CycleId, filter: &Filter, overdue: &BTreeSet<FindingId>) -> Vec<FindingId> {
        let items = self.cycles.get(&cycle).map(|cycle| cycle.items.as_slice()).unwrap_or_default();
        let mut items: Vec<&Finding> = items
            .iter()
            .filter_map(|id| self.findings.get(id))
            .filter(|finding| filter.finding(finding, self.device_of(finding), &self.sites, self.as_of))
            .collect();
        items.sort_by_key(|finding| (finding.state, urgency(finding, overdue)));
        items.into_iter().map(|finding| finding.id).collect()
    }
}

fn urgency(finding: &Finding, overdue: &BTreeSet<FindingId>) -> (bool, bool, crate::policy::Severity, i64, FindingId) {
    let late = overdue.contains(&finding.id);
    (!late, !finding.reopened(), finding.severity, finding.since.0, finding.id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::inventory::Place;
    use crate::net::{DeviceId, Timestamp};
    use crate::policy::{Severity, Subject};
    use crate::review::{Author, Decision, DecisionKind, Handling, Matter};

    const NOW: Timestamp = Timestamp(1_795_500_000_000);

    fn finding(id: u64, state: FindingState, openings: u32, decision: Option<DecisionKind>) -> Finding {
        let author = Author { uid: 1, name: "a".into(), login: None };
        let id = FindingId(id);
        let decision = decision.map(|kind| Decision {
            matter: Matter::Finding { finding: id, revision: 1 },
            kind,
            author,
            at: NOW,
            approver: None,
        });
        Finding {
            id,
            policy: "p".into(),
            rule: "r".into(),
            severity: if id.0 == 2 { Severity::Breach } else { Severity::Action },
            subject: Subject::Device(DeviceId(1)),
            text: String::new(),
            state,
            since: NOW,
            closed: None,
            closing: None,
            handling: Handling::default(),
            openings,
            revision: 1,
            place: Place::default(),
            evidence: Vec::new(),
            decision: decision.map(Box::new),
        }
    }

    fn cycle(id: u64, due: i64, items: &[u64]) -> Cycle {
        Cycle {
            id: CycleId(id),
            name: "c".into(),
            scheduled: NOW,
            opened: NOW,
            due: Timestamp(NOW.0 + due),
            owner: String::new(),
            select: String::new(),
            items: items.iter().map(|id| FindingId(*id)).collect(),
            closed: None,
            escalate_to: None,
            escalated: None,
            revisions: BTreeMap::new(),
            attestation: None,
            report: None,
        }
    }

    fn picture() -> Snapshot {
        let by = |text: &str| DecisionKind::RemoveBy { by: text.parse().unwrap() };
        let findings = [
            finding(1, FindingState::Open, 1, None),
            finding(2, FindingState::Open, 1, None),
            finding(3, FindingState::Open, 2, None),
            finding(4, FindingState::Open, 1, None),
            finding(5, FindingState::RemoveBy, 1, Some(by("2026-01-01"))),
            finding(6, FindingState::RemoveBy, 1, Some(by("2099-01-01"))),
            finding(7, FindingState::Closed, 1, None),
        ];
        let cycles = [cycle(1, -1, &[4, 7]), cycle(2, 1, &[1, 6])];
        Snapshot {
            as_of: NOW,
            findings: findings.into_iter().map(|finding| (finding.id, finding)).collect(),
            cycles: cycles.into_iter().map(|cycle| (cycle.id, cycle)).collect(),
            ..Snapshot::default()
        }
    }

    #[test]
    fn overdue_then_reopened_then_grave() {
        let picture = picture();
        let overdue = picture.overdue();
        assert_eq!(overdue, [FindingId(4), FindingId(5)].into());
        let order: Vec<u64> = picture.queue(&Filter::default(), &overdue).iter().map(|id| id.0).collect();
        assert_eq!(order, [4, 5, 3, 2, 1]);
    }

    #[test]
    fn a_cycle_tells_how_far_it_is() {
        let picture = picture();
        let progress = |id| picture.progress(&picture.cycles[&CycleId(id)]);
        assert_eq!(progress(1), Progress { waiting: 1, all: 2, overdue: true });
        assert_eq!(progress(2), Progress { waiting: 1, all: 2, overdue: false });
        let items = picture.items(CycleId(2), &Filter::default(), &picture.overdue());
        assert_eq!(items, [FindingId(1), FindingId(6)]);
    }
}
