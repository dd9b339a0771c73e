//! All findings and cycles, and the only way to change them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{
    Author, Closing, Cycle, Decision, DecisionKind, DecisionRequest, Finding, FindingState, Matter, Refusal,
    latest_acceptance,
};
use crate::config::ReviewPlan;
use crate::inventory::{Merge, Place};
use crate::maker::Evidence;
use crate::net::{CycleId, FindingId, PackId, RuleId, Timestamp};
use crate::policy::{Subject, Violation};

type Key = (Subject, PackId, RuleId);

/// All findings and cycles, and the only way to change them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    findings: BTreeMap<FindingId, Finding>,
    by_key: BTreeMap<Key, FindingId>,
    cycles: BTreeMap<CycleId, Cycle>,
}

fn key(finding: &Finding) -> Key {
    (finding.subject.clone(), finding.policy.clone(), finding.rule.clone())
}

/// What a register said before in the same words it says since then, whenever its file was written last.
fn with_times(now: &[Evidence], before: Option<&Finding>) -> Vec<Evidence> {
    let mut evidence = now.to_vec();
    for mark in evidence.iter_mut().filter(|mark| mark.source.starts_with("register ")) {
        let mut same = before.into_iter().flat_map(|finding| &finding.evidence);
        if let Some(old) = same.find(|old| old.source == mark.source && old.text == mark.text) {
            mark.observed_at = old.observed_at;
        }
    }
    evidence
}

/// What must hold of a decision whatever it is about.
fn well_formed(decision: &DecisionKind, today: Date) -> Result<(), Refusal> {
    let latest = latest_acceptance(today);
    match decision {
        DecisionKind::Overrule { claim, .. } if claim.is_empty() => return Err(Refusal::NothingSaid),
        DecisionKind::Accept { until, .. } | DecisionKind::Overrule { until, .. } if *until > latest => {
            return Err(Refusal::TooLong { latest });
        }
        _ => {}
    }
    if let Some(day) = decision.until().filter(|day| *day < today) {
        return Err(Refusal::Past(day));
    }
    if decision.reason().is_some_and(|reason| reason.trim().is_empty()) {
        return Err(Refusal::NoReason);
    }
    Ok(())
}

/// A finding that can be decided, or why not.
fn allowed(finding: Option<&Finding>, id: FindingId, revision: u64) -> Result<(), Refusal> {
    let finding = finding.ok_or(Refusal::NoSuchFinding(id))?;
    if finding.state == FindingState::Closed {
        return Err(Refusal::Closed(id));
    }
    if finding.revision != revision {
        return Err(Refusal::Stale { finding: id, seen: revision, now: finding.revision });
    }
    Ok(())
}

impl Ledger {
    /// As it was when the daemon last committed.
    #[must_use]
    pub fn restore(findings: Vec<Finding>, cycles: Vec<Cycle>) -> Self {
        Self {
            by_key: findings.iter().map(|finding| (key(finding), finding.id)).collect(),
            findings: findings.into_iter().map(|finding| (finding.id, finding)).collect(),
            cycles: cycles.into_iter().map(|cycle| (cycle.id, cycle)).collect(),
        }
    }

    fn of(&self, subject: &Subject) -> Vec<FindingId> {
        let first = (subject.clone(), PackId::from(""), RuleId::from(""));
        self.by_key.range(first..).take_while(|((of, ..), _)| of == subject).map(|(_, id)| *id).collect()
    }

    fn next_finding(&self) -> FindingId {
        FindingId(self.findings.last_key_value().map_or(1, |(id, _)| id.0 + 1))
    }

    /// Brings a subject's findings in line with the rules it breaks now, where it is, by `(subject, pack, rule)`. The
    /// inventory changes a place only by observation, so what is no longer broken was really observed so.
    /// `why` is what closes those that are broken no longer. Returns the findings that differ from before.
    pub fn reconcile(
        &mut self,
        (subject, place): (&Subject, &Place),
        now: &[Violation],
        why: Closing,
        at: Timestamp,
    ) -> Vec<FindingId> {
        let mut changed = Vec::new();
        for violation in now {
            let key = (subject.clone(), violation.pack.clone(), violation.rule.clone());
            let id = self.by_key.get(&key).copied().unwrap_or_else(|| self.next_finding());
            let before = self.findings.get(&id);
            let opens = before.is_none_or(|finding| finding.state == FindingState::Closed);
            let mut finding = before.cloned().unwrap_or_else(|| Finding {
                id,
                policy: violation.pack.clone(),
                rule: violation.rule.clone(),
                severity: violation.severity,
                subject: subject.clone(),
                text: String::new(),
                state: FindingState::Closed,
                since: at,
                closed: None,
                closing: None,
                openings: 0,
                revision: 0,
                place: place.clone(),
                evidence: Vec::new(),
                decision: None,
            });
            finding.severity = violation.severity;
            finding.text.clone_from(&violation.text);
            finding.evidence = with_times(&violation.evidence, before.filter(|_| !opens));
            // How sure a place is moves without its subject: that is no news about the finding.
            if !finding.place.is_same_spot(place) {
                finding.place.clone_from(place);
            }
            if opens {
                finding.state = FindingState::Open;
                finding.since = at;
                (finding.closed, finding.closing) = (None, None);
                finding.decision = None;
                finding.openings += 1;
            }
            if self.put(finding) {
                changed.push(id);
            }
            self.by_key.insert(key, id);
        }
        for id in self.of(subject) {
            let broken = |finding: &Finding| {
                now.iter().any(|violation| violation.pack == finding.policy && violation.rule == finding.rule)
            };
            let Some(finding) = self.findings.get(&id).filter(|finding| !broken(finding)) else { continue };
            // Elsewhere it would not have been broken anyhow.
            let why = if finding.place.is_same_spot(place) { why } else { Closing::Observed };
            if self.close(id, why, at) {
                changed.push(id);
            }
        }
        changed.sort_unstable();
        changed
    }

    /// A subject is no more (a device that turned out to be a switch's own interface, an entry that was taken out of its
    /// register): its findings close.
    pub fn retire(&mut self, subject: &Subject, at: Timestamp) -> Vec<FindingId> {
        self.of(subject).into_iter().filter(|id| self.close(*id, Closing::Merged, at)).collect()
    }

    /// Stores a finding; its revision grows where it differs. Returns whether it does.
    fn put(&mut self, mut finding: Finding) -> bool {
        if self.findings.get(&finding.id) == Some(&finding) {
            return false;
        }
        finding.revision += 1;
        self.findings.insert(finding.id, finding);
        true
    }

    fn close(&mut self, id: FindingId, why: Closing, at: Timestamp) -> bool {
        match self.findings.get(&id) {
            Some(finding) if finding.state != FindingState::Closed => {
                let (closed, closing) = (Some(at), Some(why));
                self.put(Finding { state: FindingState::Closed, closed, closing, ..finding.clone() })
            }
            _ => false,
        }
    }

    /// Two devices became one: its findings too. Returns the findings that differ from before.
    pub fn merge(&mut self, merge: Merge, at: Timestamp) -> Vec<FindingId> {
        let mut changed = Vec::new();
        for id in self.of(&Subject::Device(merge.from)) {
            let Some(finding) = self.findings.get(&id).cloned() else { continue };
            self.by_key.remove(&key(&finding));
            let moved = Finding { subject: Subject::Device(merge.into), ..finding };
            if let std::collections::btree_map::Entry::Vacant(e) = self.by_key.entry(key(&moved)) {
                e.insert(id);
                if self.put(moved) {
                    changed.push(id);
                }
            } else {
                // The device that stays has this finding already: this one ends, and both stand in the log.
                if self.close(id, Closing::Merged, at) {
                    changed.push(id);
                }
            }
        }
        changed
    }

    /// Decides, all or none. `today` is the calendar day at the daemon.
    ///
    /// # Errors
    /// The first refusal; nothing was changed.
    pub fn decide(
        &mut self,
        requests: &[DecisionRequest],
        author: &Author,
        at: Timestamp,
        today: Date,
    ) -> Result<Vec<Decision>, Refusal> {
        for (index, request) in requests.iter().enumerate() {
            match &request.on {
                Matter::Finding { finding, revision } => {
                    allowed(self.findings.get(finding), *finding, *revision)?;
                    let twice = |other: &DecisionRequest| other.on.finding() == Some(*finding);
                    // Twice in one request: the second was made on a revision that the first ends.
                    if requests.iter().take(index).any(twice) {
                        let (seen, finding) = (*revision, *finding);
                        return Err(Refusal::Stale { finding, seen, now: seen + 1 });
                    }
                }
                Matter::Device { .. } => match request.decision {
                    DecisionKind::Overrule { .. } | DecisionKind::Restore { .. } => {}
                    _ => return Err(Refusal::NotOnADevice),
                },
            }
            well_formed(&request.decision, today)?;
        }
        let mut decisions = Vec::new();
        for request in requests {
            let matter = match &request.on {
                Matter::Device { device, .. } => Matter::Device { device: *device, seen: BTreeSet::new() },
                matter @ Matter::Finding { .. } => matter.clone(),
            };
            let decision = Decision { matter, kind: request.decision.clone(), author: author.clone(), at };
            let finding = decision.matter.finding().and_then(|id| self.findings.get(&id)).cloned();
            if let Some((state, finding)) = decision.kind.state().zip(finding) {
                self.put(Finding { state, decision: Some(decision.clone()), ..finding });
            }
            decisions.push(decision);
        }
        Ok(decisions)
    }

    /// Opens a cycle. The same name and scheduled moment twice is the same cycle: `None`.
    pub fn open_cycle(
        &mut self,
        plan: &ReviewPlan,
        scheduled: Timestamp,
        items: Vec<FindingId>,
        at: Timestamp,
    ) -> Option<CycleId> {
        if self.cycles.values().any(|cycle| cycle.name == plan.name && cycle.scheduled == scheduled) {
            return None;
        }
        let id = CycleId(self.cycles.last_key_value().map_or(1, |(id, _)| id.0 + 1));
        let cycle = Cycle {
            id,
            name: plan.name.clone(),
            scheduled,
            opened: at,
            due: at.plus(plan.due),
            owner: plan.owner.clone(),
            select: plan.select.clone(),
            items,
            closed: None,
        };
        self.cycles.insert(id, cycle);
        Some(id)
    }

    /// Reopens what a decision no longer covers (an acceptance whose last day is over, a removal that is overdue) and
    /// closes cycles whose items are all decided or closed. Returns what differs from before.
    pub fn tick(&mut self, at: Timestamp, today: Date) -> (Vec<FindingId>, Vec<CycleId>) {
        let over = |finding: &&Finding| {
            let end = finding.decision.as_ref().and_then(|decision| decision.kind.until());
            matches!(finding.state, FindingState::RemoveBy | FindingState::Accepted)
                && end.is_some_and(|end| end < today)
        };
        let reopened: Vec<Finding> = self.findings.values().filter(over).cloned().collect();
        let ids = reopened.iter().map(|finding| finding.id).collect();
        for finding in reopened {
            let openings = finding.openings + 1;
            self.put(Finding { state: FindingState::Open, since: at, openings, decision: None, ..finding });
        }
        let waits = |id: &FindingId| self.findings.get(id).is_some_and(|finding| finding.state == FindingState::Open);
        let done = |cycle: &&mut Cycle| cycle.closed.is_none() && !cycle.items.iter().any(waits);
        let mut closed = Vec::new();
        for cycle in self.cycles.values_mut().filter(done) {
            cycle.closed = Some(at);
            closed.push(cycle.id);
        }
        (ids, closed)
    }

    /// One finding.
    #[must_use]
    pub fn finding(&self, id: FindingId) -> Option<&Finding> {
        self.findings.get(&id)
    }

    /// Whether a subject has, or ever had, a finding.
    #[must_use]
    pub fn has_any(&self, subject: &Subject) -> bool {
        !self.of(subject).is_empty()
    }

    /// All findings, by id.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.values()
    }

    /// One cycle.
    #[must_use]
    pub fn cycle(&self, id: CycleId) -> Option<&Cycle> {
        self.cycles.get(&id)
    }

    /// All cycles, by id.
    pub fn cycles(&self) -> impl Iterator<Item = &Cycle> {
        self.cycles.values()
    }
}
