//! All findings and cycles, and the only way to change them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::finding::{Absence, Closing, Finding, FindingState, Handling, Successor};
use super::{Cycle, Stage};
use crate::config::{NetworkKind, ReviewPlan};
use crate::inventory::{Merge, Place};
use crate::maker::Evidence;
use crate::net::{CycleId, FindingId, PackId, RuleId, TargetName, Timestamp};
use crate::policy::{Severity, Subject, Violation};

type Key = (Subject, PackId, RuleId);

/// All findings and cycles, and the only way to change them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    pub(super) findings: BTreeMap<FindingId, Finding>,
    by_key: BTreeMap<Key, FindingId>,
    /// Findings whose device is on no polled port.
    absent: BTreeSet<FindingId>,
    pub(super) cycles: BTreeMap<CycleId, Cycle>,
}

fn is_absent(finding: &Finding) -> bool {
    finding.state != FindingState::Closed && finding.handling.absent.is_some()
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

/// A finding that a subject breaks now, brought in line with that.
fn seen(before: &Finding, violation: &Violation, place: &Place, at: Timestamp) -> Finding {
    let mut finding = Finding {
        severity: violation.severity,
        text: violation.text.clone(),
        evidence: with_times(&violation.evidence, Some(before).filter(|before| before.state != FindingState::Closed)),
        // How sure a place is moves without its subject: that is no news about the finding.
        place: if before.place.is_same_spot(place) { before.place.clone() } else { place.clone() },
        ..before.clone()
    };
    finding.handling.absent = None;
    // What merely was away for a while, and nobody decided to remove, comes back as what it was.
    let meant = before.decision.as_ref().is_some_and(|decision| decision.kind.removes());
    let removed = match before.state {
        FindingState::Closed => before.closing == Some(Closing::Removed) && meant,
        _ => before.handling.absent.is_some() && before.handling.stage == Some(Stage::Removed),
    };
    if removed {
        finding.handling.returned = Some(at);
    }
    // What was removed and is back is a breach, whatever it was before.
    if finding.handling.returned.is_some() {
        finding.severity = Severity::Breach;
    }
    let elsewhere = before.place.site != finding.place.site;
    let graver = finding.severity == Severity::Breach && before.severity > Severity::Breach;
    let voids = before.state == FindingState::Accepted && (elsewhere || graver);
    let left = before.handling.isolated.is_some() && finding.place.network_kind != Some(NetworkKind::Surveillance);
    if before.state == FindingState::Closed || removed || voids || left {
        if before.state == FindingState::Closed && !removed {
            finding.handling.returned = None;
        }
        finding = finding.opened_again(at);
        finding.handling.absent = None;
    }
    if finding.state == FindingState::IsolateBy && finding.place.network_kind == Some(NetworkKind::Surveillance) {
        finding.handling.isolated.get_or_insert(at);
    }
    finding
}

impl Ledger {
    /// As it was when the daemon last committed.
    #[must_use]
    pub fn restore(findings: Vec<Finding>, cycles: Vec<Cycle>) -> Self {
        Self {
            absent: findings.iter().filter(|finding| is_absent(finding)).map(|finding| finding.id).collect(),
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
    /// inventory changes a place only by observation, so what is no longer broken was really observed so; that it is
    /// nowhere any more is only the beginning of a proof ([`Self::prove`]). `why` is what closes those that are broken no
    /// longer. Returns the findings that differ from before.
    pub fn reconcile(
        &mut self,
        (subject, place): (&Subject, &Place),
        now: &[Violation],
        why: Closing,
        at: Timestamp,
    ) -> Vec<FindingId> {
        let mut changed = Vec::new();
        let mut breach = false;
        for violation in now {
            let key = (subject.clone(), violation.pack.clone(), violation.rule.clone());
            let id = self.by_key.get(&key).copied().unwrap_or_else(|| self.next_finding());
            let before = self.findings.get(&id).cloned().unwrap_or_else(|| Finding {
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
                handling: Handling::default(),
            });
            let now = seen(&before, violation, place, at);
            breach |= now.openings > before.openings && now.severity == Severity::Breach;
            if self.put(now) {
                changed.push(id);
            }
            self.by_key.insert(key, id);
        }
        for id in self.of(subject) {
            let broken = |finding: &Finding| {
                now.iter().any(|violation| violation.pack == finding.policy && violation.rule == finding.rule)
            };
            let Some(finding) = self.findings.get(&id).filter(|finding| finding.state != FindingState::Closed) else {
                continue;
            };
            let differs = if broken(finding) {
                // What was accepted was accepted beside no such breach.
                breach && finding.state == FindingState::Accepted && self.put(finding.clone().opened_again(at))
            } else if let Some(since) = place.gone.filter(|_| why != Closing::Overruled) {
                let elsewhere = finding.place.site != place.site && finding.state == FindingState::Accepted;
                let mut finding = if elsewhere { finding.clone().opened_again(at) } else { finding.clone() };
                finding.place = place.clone();
                finding.handling.absent.get_or_insert_with(|| Absence::begins(since));
                self.put(finding)
            } else {
                // Elsewhere it would not have been broken anyhow.
                let why = if finding.place.is_same_spot(place) { why } else { Closing::Observed };
                self.close(id, why, None, at)
            };
            if differs {
                changed.push(id);
            }
        }
        changed.sort_unstable();
        changed.dedup();
        changed
    }

    /// A switch was seen whole: for what is missing there that proves something. `before`: when it was seen whole last;
    /// `longest`: a longer gap proves nothing; `rounds`: how many passes are enough.
    /// Returns the findings that differ from before.
    pub fn watched(
        &mut self,
        switch: &TargetName,
        before: Option<Timestamp>,
        pass: Timestamp,
        longest: Duration,
        rounds: u16,
    ) -> Vec<FindingId> {
        let here: Vec<Finding> =
            self.absent().filter(|finding| finding.place.switch.as_ref() == Some(switch)).cloned().collect();
        let mut changed = Vec::new();
        for mut finding in here {
            let Some(absent) = &mut finding.handling.absent else { continue };
            absent.passed(before, pass, longest, rounds);
            let id = finding.id;
            if self.put(finding) {
                changed.push(id);
            }
        }
        changed
    }

    fn absent(&self) -> impl Iterator<Item = &Finding> {
        self.absent.iter().filter_map(|id| self.findings.get(id))
    }

    /// Closes findings whose removal is proved: on no polled port for so long and so many rounds, while the switch they
    /// were on answered (`last_pass`: when that was last seen whole). Returns them.
    pub fn prove(
        &mut self,
        (absent_for, rounds): (Duration, u16),
        last_pass: impl Fn(&TargetName) -> Option<Timestamp>,
        successor: impl Fn(&Place) -> Option<Successor>,
        at: Timestamp,
    ) -> Vec<FindingId> {
        let proved = |finding: &Finding| {
            let pass = finding.place.switch.as_ref().and_then(&last_pass);
            let absent = finding.handling.absent.as_ref().filter(|absent| absent.rounds >= rounds);
            pass.zip(absent).is_some_and(|(pass, absent)| absent.watched(pass) >= absent_for)
        };
        let proved: Vec<Finding> = self.absent().filter(|finding| proved(finding)).cloned().collect();
        let after = |finding: &Finding| successor(&finding.place);
        proved
            .into_iter()
            .filter(|finding| self.close(finding.id, Closing::Removed, after(finding), at))
            .map(|finding| finding.id)
            .collect()
    }

    /// A subject is no more (a device that turned out to be a switch's own interface, an entry that was taken out of its
    /// register): its findings close.
    pub fn retire(&mut self, subject: &Subject, at: Timestamp) -> Vec<FindingId> {
        self.of(subject).into_iter().filter(|id| self.close(*id, Closing::Merged, None, at)).collect()
    }

    /// Stores a finding; its revision grows where it differs. Returns whether it does.
    pub(super) fn put(&mut self, mut finding: Finding) -> bool {
        if self.findings.get(&finding.id) == Some(&finding) {
            return false;
        }
        finding.revision += 1;
        if is_absent(&finding) {
            self.absent.insert(finding.id);
        } else {
            self.absent.remove(&finding.id);
        }
        self.findings.insert(finding.id, finding);
        true
    }

    fn close(&mut self, id: FindingId, why: Closing, successor: Option<Successor>, at: Timestamp) -> bool {
        match self.findings.get(&id) {
            Some(finding) if finding.state != FindingState::Closed => {
                let (closed, closing) = (Some(at), Some(why));
                let Handling { returned, stage, .. } = finding.handling;
                let handling = Handling { returned, stage, successor, ..finding.handling.kept() };
                self.put(Finding { state: FindingState::Closed, closed, closing, handling, ..finding.clone() })
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
                if self.close(id, Closing::Merged, None, at) {
                    changed.push(id);
                }
            }
        }
        changed
    }

    /// Opens a cycle over these findings as they stand. The same name and scheduled moment twice is the same cycle:
    /// `None`.
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
        let revision = |id: &FindingId| Some((*id, self.findings.get(id)?.revision));
        let cycle = Cycle {
            id,
            name: plan.name.clone(),
            scheduled,
            opened: at,
            due: at.plus(plan.due),
            owner: plan.owner.clone(),
            escalate_to: plan.escalate_to.clone(),
            escalated: None,
            select: plan.select.clone(),
            revisions: items.iter().filter_map(revision).collect(),
            items,
            closed: None,
            attestation: None,
            report: None,
        };
        self.cycles.insert(id, cycle);
        Some(id)
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

    /// A subject's findings.
    pub fn findings_of(&self, subject: &Subject) -> impl Iterator<Item = &Finding> {
        self.of(subject).into_iter().filter_map(|id| self.findings.get(&id))
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
