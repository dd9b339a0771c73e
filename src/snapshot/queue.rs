//! What waits for a decision.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Filter, Snapshot, word};
use crate::net::{Author, CycleId, FindingId};
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

/// What of the findings a reviewer goes through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Queue {
    /// What waits for a decision, or is overdue.
    #[default]
    Waiting,
    /// What has a day: by that day.
    Due,
    /// What somebody is to see to: by name, then what nobody is to.
    Assigned,
    /// What you are to see to.
    Mine,
    /// What was proposed and waits for a second person: what you may approve first.
    ToApprove,
    /// What is marked.
    Marked,
}

impl Queue {
    /// Every queue in order.
    pub const ALL: [Self; 6] = [Self::Waiting, Self::Due, Self::Assigned, Self::Mine, Self::ToApprove, Self::Marked];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Due => "due",
            Self::Assigned => "assigned",
            Self::Mine => "mine",
            Self::ToApprove => "to approve",
            Self::Marked => "marked",
        }
    }

    /// The next one, or the one before.
    #[must_use]
    pub fn turned(self, forward: bool) -> Self {
        let at = Self::ALL.iter().position(|queue| *queue == self).unwrap_or(0);
        let by = if forward { 1 } else { Self::ALL.len() - 1 };
        Self::ALL.iter().cycle().nth(at + by).copied().unwrap_or_default()
    }
}

/// By what a queue is made, beside the findings.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// What must hold of a finding.
    pub filter: &'a Filter,
    /// What is past its time.
    pub overdue: &'a BTreeSet<FindingId>,
    /// When each is due.
    pub dues: &'a BTreeMap<FindingId, Date>,
    /// Who looks.
    pub me: Option<&'a Author>,
    /// What is marked.
    pub marks: &'a BTreeSet<FindingId>,
}

impl By<'_> {
    /// Whether a finding that stands is in a queue, whatever the filter says.
    fn holds(&self, queue: Queue, finding: &Finding) -> bool {
        match queue {
            Queue::Waiting => finding.state == FindingState::Open || self.overdue.contains(&finding.id),
            Queue::Due => self.dues.contains_key(&finding.id),
            Queue::Assigned => finding.handling.assignee.is_some() || finding.state == FindingState::Open,
            Queue::Mine => self.me.is_some_and(|me| finding.handling.assignee.as_ref() == Some(&me.name)),
            Queue::ToApprove => finding.handling.proposed.is_some(),
            Queue::Marked => self.marks.contains(&finding.id),
        }
    }
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

    /// When each finding that stands is due: by the day a decision on it is wanted, that of a cycle it waits in, or that
    /// its decision holds until; the first of these.
    #[must_use]
    pub fn dues(&self) -> BTreeMap<FindingId, Date> {
        let mut dues: BTreeMap<FindingId, Date> = BTreeMap::new();
        let mut note = |id: FindingId, day: Date| {
            let kept = dues.entry(id).or_insert(day);
            *kept = day.min(*kept);
        };
        for cycle in self.cycles.values().filter(|cycle| cycle.closed.is_none()) {
            let day = cycle.due.to_jiff().to_zoned(TimeZone::UTC).date();
            cycle.items.iter().filter(|id| self.waits(**id)).for_each(|id| note(*id, day));
        }
        for finding in self.findings.values().filter(|finding| finding.state != FindingState::Closed) {
            let until = finding.decision.as_ref().and_then(|decision| decision.kind.until());
            let wanted = finding.handling.due.filter(|_| finding.state == FindingState::Open);
            until.into_iter().chain(wanted).for_each(|day| note(finding.id, day));
        }
        dues
    }

    /// How many findings are in each queue, whatever the filter says.
    #[must_use]
    pub fn queue_counts(&self, by: &By<'_>) -> BTreeMap<Queue, usize> {
        let mut counts = BTreeMap::new();
        for finding in self.findings.values().filter(|finding| finding.state != FindingState::Closed) {
            // Whom nobody is to see to stands below those, and is not one of them.
            let assigned = |queue: &Queue| *queue != Queue::Assigned || finding.handling.assignee.is_some();
            for queue in Queue::ALL.into_iter().filter(|queue| by.holds(*queue, finding)).filter(assigned) {
                *counts.entry(queue).or_default() += 1;
            }
        }
        counts
    }

    /// A queue, in the order in which a person should look.
    #[must_use]
    pub fn queued(&self, queue: Queue, by: &By<'_>) -> Vec<FindingId> {
        if queue == Queue::Waiting {
            return self.queue(by.filter, by.overdue);
        }
        let own = |finding: &Finding| {
            let proposed = finding.handling.proposed.as_ref();
            proposed.zip(by.me).is_some_and(|(proposed, me)| proposed.author.person() == me.person())
        };
        let standing = self.findings.values().filter(|finding| finding.state != FindingState::Closed);
        let mut found: Vec<&Finding> = standing
            .filter(|finding| by.holds(queue, finding))
            .filter(|finding| by.filter.finding(finding, self.device_of(finding), &self.sites, self.as_of))
            .collect();
        found.sort_by_cached_key(|finding| {
            let who = match queue {
                Queue::Assigned => Some((finding.handling.assignee.is_none(), finding.handling.assignee.clone())),
                _ => None,
            };
            let day = by.dues.get(&finding.id).copied().filter(|_| matches!(queue, Queue::Due | Queue::Mine));
            let late = !by.overdue.contains(&finding.id);
            let own = queue == Queue::ToApprove && own(finding);
            // Who has no day comes after those who have one.
            (who, own, late, day.is_none(), day, urgency(finding, by.overdue))
        });
        found.into_iter().map(|finding| finding.id).collect()
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
    fn queues_hold_what_they_say_with_what_presses_on_top() {
        let mut picture = picture();
        let me = Author { uid: 7, name: "me".into(), login: None };
        let assign = |picture: &mut Snapshot, id: u64, who: &str, due: Option<&str>| {
            let finding = picture.findings.get_mut(&FindingId(id)).unwrap();
            finding.handling.assignee = Some(who.into());
            finding.handling.due = due.map(|day| day.parse().unwrap());
        };
        assign(&mut picture, 1, "me", Some("2026-12-24"));
        assign(&mut picture, 2, "zoe", None);
        let propose = |uid| Decision {
            matter: Matter::Finding { finding: FindingId(3), revision: 1 },
            kind: DecisionKind::NotInScope { reason: "x".into() },
            author: Author { uid, name: "p".into(), login: None },
            at: NOW,
            approver: None,
        };
        picture.findings.get_mut(&FindingId(1)).unwrap().handling.proposed = Some(Box::new(propose(7)));
        picture.findings.get_mut(&FindingId(3)).unwrap().handling.proposed = Some(Box::new(propose(8)));
        let (overdue, dues, filter) = (picture.overdue(), picture.dues(), Filter::default());
        let marks = [FindingId(6), FindingId(7)].into();
        let by = By { filter: &filter, overdue: &overdue, dues: &dues, me: Some(&me), marks: &marks };
        let ids = |queue| picture.queued(queue, &by).iter().map(|id| id.0).collect::<Vec<_>>();
        assert_eq!(ids(Queue::Waiting), [4, 5, 3, 2, 1]);
        assert_eq!(ids(Queue::Due), [5, 4, 1, 6], "the overdue ones first, each by its day");
        assert_eq!(ids(Queue::Assigned), [1, 2, 4, 3]);
        assert_eq!(ids(Queue::Mine), [1]);
        assert_eq!(ids(Queue::ToApprove), [3, 1], "what I proposed is not mine to approve");
        assert_eq!(ids(Queue::Marked), [6], "what is closed is not decided");
        assert_eq!(picture.queued(Queue::Mine, &By { me: None, ..by }), []);
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
