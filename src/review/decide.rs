//! Deciding: who may, what must hold, and where it leaves a finding.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::cycle::{Attestation, Counts, Reporting};
use super::decision::{Decision, DecisionKind, DecisionRequest, Matter, Stage};
use super::finding::{Finding, FindingState, Handling};
use super::ledger::Ledger;
use super::refusal::Refusal;
use super::rules::{Actor, Role, Rules};
use crate::net::{CycleId, FindingId, PackId, Timestamp};
use crate::policy::Subject;

/// Longest reason, note, statement, in characters.
const LONGEST_TEXT: usize = 1000;
/// Longest name of an assignee, longest tag.
const LONGEST_NAME: usize = 64;
/// Most tags of a finding.
const MOST_TAGS: usize = 20;

fn within(what: &'static str, text: &str, most: usize) -> Result<(), Refusal> {
    if text.chars().count() > most { Err(Refusal::TooMuch { what, most }) } else { Ok(()) }
}

/// What must hold of a decision whatever it is about.
fn well_formed(decision: &DecisionKind, pack: Option<&PackId>, rules: &Rules, today: Date) -> Result<(), Refusal> {
    if let Some(reason) = decision.reason() {
        if reason.trim().is_empty() {
            return Err(Refusal::NoReason);
        }
        within("a text", reason, LONGEST_TEXT)?;
    }
    match decision {
        DecisionKind::Overrule { claim, .. } if claim.is_empty() => return Err(Refusal::NothingSaid),
        DecisionKind::Accept { control, .. } if control.trim().is_empty() => return Err(Refusal::NoControl),
        DecisionKind::Accept { control, .. } => within("a control", control, LONGEST_TEXT)?,
        DecisionKind::Assign { to: Some(to), .. } => within("a name", to, LONGEST_NAME)?,
        DecisionKind::Tag { add, remove } => {
            add.iter().chain(remove).try_for_each(|tag| within("a tag", tag, LONGEST_NAME))?;
        }
        DecisionKind::Note { attachment: Some(kept), .. } => {
            within("a reference", &kept.reference, LONGEST_TEXT)?;
            let digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            if kept.sha256.len() != 64 || !kept.sha256.chars().all(digit) {
                return Err(Refusal::NoHash(crate::net::text::clean(&kept.sha256)));
            }
        }
        _ => {}
    }
    let Some(until) = decision.until() else { return Ok(()) };
    let latest = rules.latest(pack, today);
    let bounded = matches!(decision, DecisionKind::Accept { .. } | DecisionKind::Overrule { .. });
    if bounded && until > latest {
        return Err(Refusal::TooLong { days: rules.longest(pack), latest });
    }
    if until < today { Err(Refusal::Past(until)) } else { Ok(()) }
}

/// What must hold of a finding that is decided so.
fn allowed(
    finding: &Finding,
    revision: u64,
    decision: &DecisionKind,
    by: &Actor,
    rules: &Rules,
    today: Date,
) -> Result<(), Refusal> {
    let id = finding.id;
    match decision {
        DecisionKind::Consider { .. } | DecisionKind::Attest { .. } => return Err(Refusal::NotOnThis("a finding")),
        // Whatever became of it: a note changes nothing that somebody else may have looked at.
        DecisionKind::Note { .. } => return Ok(()),
        _ if finding.state == FindingState::Closed => return Err(Refusal::Closed(id)),
        _ if finding.revision != revision => {
            return Err(Refusal::Stale { finding: id, seen: revision, now: finding.revision });
        }
        _ => {}
    }
    let proposed = finding.handling.proposed.as_ref();
    let theirs = |proposed: &Decision| proposed.author.person() == by.author.person();
    match (decision, proposed) {
        (DecisionKind::Approve {} | DecisionKind::Reject { .. }, None) => Err(Refusal::NothingProposed(id)),
        (DecisionKind::Approve {}, Some(proposed)) if theirs(proposed) => {
            Err(Refusal::SamePerson(proposed.author.name.clone()))
        }
        // Its day may be over since, or the rules others.
        (DecisionKind::Approve {}, Some(proposed)) => well_formed(&proposed.kind, Some(&finding.policy), rules, today),
        // Whoever proposed it may withdraw it.
        (DecisionKind::Reject { .. }, Some(proposed)) if by.role < Role::Approver && !theirs(proposed) => {
            Err(Refusal::Role { takes: Role::Approver, has: by.role })
        }
        (DecisionKind::Stage { .. }, _)
            if !matches!(finding.state, FindingState::RemoveBy | FindingState::ReplaceBy) =>
        {
            Err(Refusal::NoStage(id))
        }
        (DecisionKind::Reopen { .. }, _) if finding.state == FindingState::Open => Err(Refusal::Undecided(id)),
        (DecisionKind::Tag { add, .. }, _) if finding.handling.tags.len() + add.len() > MOST_TAGS => {
            Err(Refusal::TooMuch { what: "the list of tags", most: MOST_TAGS })
        }
        _ => Ok(()),
    }
}

/// A finding that a decision holds for.
fn decided(finding: &Finding, decision: &Decision) -> Finding {
    let Some(state) = decision.kind.state() else { return finding.clone() };
    let stage = (state == FindingState::ReplaceBy).then_some(Stage::Planned);
    let Handling { absent, returned, .. } = finding.handling.clone();
    let handling = Handling { stage, absent, returned, ..finding.handling.kept() };
    Finding { state, decision: Some(Box::new(decision.clone())), handling, ..finding.clone() }
}

/// Whether a decision waits for a second person.
fn waits(finding: &Finding, decision: &DecisionKind, rules: &Rules) -> bool {
    decision.lets_it_stay() && rules.takes_two(finding.place.site.as_ref())
}

/// A finding after a decision, and the decision that holds since, where one does: a proposed one when it is approved.
fn after(finding: &Finding, made: &Decision, rules: &Rules) -> (Finding, Option<Decision>) {
    let with = |handling| Finding { handling, ..finding.clone() };
    let handling = finding.handling.clone();
    match &made.kind {
        kind if waits(finding, kind, rules) => {
            (with(Handling { proposed: Some(Box::new(made.clone())), ..handling }), None)
        }
        DecisionKind::Approve {} => {
            let Some(proposed) = &handling.proposed else { return (finding.clone(), None) };
            let holds = Decision { approver: Some(made.author.clone()), ..(**proposed).clone() };
            let finding = with(Handling { proposed: None, ..handling });
            (decided(&finding, &holds), Some(holds))
        }
        DecisionKind::Reject { .. } => (with(Handling { proposed: None, ..handling }), None),
        DecisionKind::Stage { stage } => (with(Handling { stage: Some(*stage), ..handling }), None),
        DecisionKind::Assign { to, due } => (with(Handling { assignee: to.clone(), due: *due, ..handling }), None),
        DecisionKind::Tag { add, remove } => {
            let tags = handling.tags.union(add).filter(|tag| !remove.contains(*tag)).cloned().collect();
            (with(Handling { tags, ..handling }), None)
        }
        DecisionKind::Reopen { .. } => (finding.clone().opened_again(made.at), None),
        _ => (decided(finding, made), Some(made.clone())),
    }
}

impl Ledger {
    fn check(&self, requests: &[DecisionRequest], by: &Actor, rules: &Rules, today: Date) -> Result<(), Refusal> {
        for (index, request) in requests.iter().enumerate() {
            let takes = request.decision.takes();
            if by.role < takes {
                return Err(Refusal::Role { takes, has: by.role });
            }
            let mut pack = None;
            match (&request.on, &request.decision) {
                (Matter::Finding { finding: id, revision }, decision) => {
                    let finding = self.findings.get(id).ok_or(Refusal::NoSuchFinding(*id))?;
                    allowed(finding, *revision, decision, by, rules, today)?;
                    pack = Some(&finding.policy);
                    let twice = |other: &DecisionRequest| other.on.finding() == Some(*id);
                    // Twice in one request: the second was made on a revision that the first ends.
                    if requests.iter().take(index).any(twice) {
                        let (seen, finding) = (*revision, *id);
                        return Err(Refusal::Stale { finding, seen, now: seen + 1 });
                    }
                }
                (Matter::Device { device, .. }, DecisionKind::Overrule { .. }) => {
                    let two = |finding: &&Finding| {
                        finding.state != FindingState::Closed && rules.takes_two(finding.place.site.as_ref())
                    };
                    // On the device itself nobody would have to approve it.
                    if let Some(finding) = self.findings_of(&Subject::Device(*device)).find(two) {
                        return Err(Refusal::DecideOnFinding(finding.id));
                    }
                }
                (Matter::Device { .. }, DecisionKind::Restore { .. } | DecisionKind::Note { .. })
                | (Matter::Site { .. }, DecisionKind::Consider { .. } | DecisionKind::Note { .. })
                | (Matter::Cycle { .. }, DecisionKind::Note { .. }) => {}
                (Matter::Cycle { cycle }, DecisionKind::Attest { .. }) => self.may_end(*cycle)?,
                (Matter::Device { .. }, _) => return Err(Refusal::NotOnThis("a device, but on its findings")),
                (Matter::Site { .. }, _) => return Err(Refusal::NotOnThis("a site")),
                (Matter::Cycle { .. }, _) => return Err(Refusal::NotOnThis("a cycle, but on its findings")),
            }
            well_formed(&request.decision, pack, rules, today)?;
        }
        Ok(())
    }

    fn may_end(&self, id: CycleId) -> Result<(), Refusal> {
        let cycle = self.cycles.get(&id).ok_or(Refusal::NoSuchCycle(id))?;
        if cycle.closed.is_some() {
            return Err(Refusal::Ended(id));
        }
        let waits = |id: &&FindingId| self.findings.get(*id).is_some_and(|finding| finding.state == FindingState::Open);
        match cycle.items.iter().find(waits) {
            Some(first) => {
                let waiting = cycle.items.iter().filter(waits).count();
                Err(Refusal::Waiting { cycle: id, waiting, first: *first })
            }
            None => Ok(()),
        }
    }

    /// Decides, all or none. `today` is the calendar day at the daemon. Returns what was written down, and of it, or of
    /// what was proposed before, the decisions that hold since.
    ///
    /// # Errors
    /// The first refusal; nothing was changed.
    pub fn decide(
        &mut self,
        requests: &[DecisionRequest],
        by: &Actor,
        rules: &Rules,
        at: Timestamp,
        today: Date,
    ) -> Result<(Vec<Decision>, Vec<Decision>), Refusal> {
        self.check(requests, by, rules, today)?;
        let (mut made, mut holding) = (Vec::new(), Vec::new());
        for request in requests {
            let matter = match &request.on {
                Matter::Device { device, .. } => Matter::Device { device: *device, seen: BTreeSet::new() },
                matter => matter.clone(),
            };
            let (kind, author) = (request.decision.clone(), by.author.clone());
            let decision = Decision { matter, kind, author, at, approver: None };
            match decision.matter.finding().and_then(|id| self.findings.get(&id)) {
                Some(finding) => {
                    let (finding, holds) = after(finding, &decision, rules);
                    self.put(finding);
                    holding.extend(holds);
                }
                None => holding.push(decision.clone()),
            }
            made.push(decision);
        }
        Ok((made, holding))
    }

    /// What stands in a cycle now.
    #[must_use]
    pub fn counts(&self, id: CycleId) -> Counts {
        let items = self.cycles.get(&id).map(|cycle| cycle.items.as_slice()).unwrap_or_default();
        let mut counts = Counts { items: items.len(), ..Counts::default() };
        for finding in items.iter().filter_map(|id| self.findings.get(id)) {
            match finding.state {
                FindingState::Open => counts.waiting += 1,
                FindingState::RemoveBy | FindingState::IsolateBy | FindingState::ReplaceBy => counts.to_be_removed += 1,
                FindingState::Accepted => counts.accepted += 1,
                FindingState::NotInScope => counts.not_in_scope += 1,
                FindingState::Closed => counts.closed += 1,
            }
        }
        counts
    }

    /// Ends a cycle, with what is known then. `reported`: a report is to be written.
    pub fn end_cycle(&mut self, id: CycleId, attestation: Attestation, reported: bool) {
        if let Some(cycle) = self.cycles.get_mut(&id) {
            cycle.closed = Some(attestation.at);
            cycle.attestation = Some(attestation);
            cycle.report = reported.then_some(Reporting::Due);
        }
    }

    /// The report of a cycle that ended was written into these files.
    pub fn reported(&mut self, id: CycleId, files: Vec<String>, at: Timestamp) {
        if let Some(cycle) = self.cycles.get_mut(&id) {
            cycle.report = Some(Reporting::Written { at, files });
        }
    }
}
