//! The recorder's part in reviews: decisions, cycles, what the clock alone changes.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Draft, Recorder};
use crate::alert::View;
use crate::config::{Sensitivity, Site};
use crate::inventory::{Device, Inventory, Place};
use crate::net::{CycleId, DeviceId, FindingId, TargetName, Timestamp};
use crate::policy::Status;
use crate::review::{
    Actor, Attestation, Cycle, Decision, DecisionKind, DecisionRequest, FindingState, Matter, Notice, Refusal, Rules,
    Successor, changed,
};
use crate::snapshot::{DeviceRow, Filter, SiteRow};
use crate::store::{Batch, TargetRecord};

pub(super) fn today() -> Date {
    jiff::Zoned::now().date()
}

impl Recorder {
    pub(super) fn decide(&mut self, requests: &[DecisionRequest], by: &Actor) -> Result<(Vec<FindingId>, u64), String> {
        let at = Timestamp::now();
        let requests = self.understood(requests).map_err(|refusal| refusal.to_string())?;
        let before = (self.ledger.clone(), self.dispatch.clone());
        let rules = self.rules();
        let (made, holding) =
            self.ledger.decide(&requests, by, &rules, at, today()).map_err(|refusal| self.why(&refusal))?;
        let mut draft = Draft { batch: Batch { at, ..Batch::default() }, ..Draft::default() };
        draft.findings.extend(made.iter().filter_map(|decision| decision.matter.finding()));
        let said_before = self.say_of_devices(&holding, &mut draft);
        self.end_cycles(&holding, &mut draft);
        draft.batch.decisions = made;
        let ids = draft.findings.iter().copied().collect();
        let batch = self.finish(draft);
        match self.commit(&batch) {
            Ok(()) => Ok((ids, self.seq)),
            Err(error) => {
                // Not written is not decided.
                self.unsay(said_before, at);
                (self.ledger, self.dispatch) = before;
                Err(error.to_string())
            }
        }
    }

    /// By what rules is decided.
    pub(super) fn rules(&self) -> Rules {
        let standard = self.config.sites.iter().filter(|site| site.sensitivity == Sensitivity::Standard);
        let packs = self.policies.packs().iter();
        Rules {
            two_persons: self.config.decisions.two_persons,
            standard: standard.map(|site| site.id.clone()).collect(),
            longest: self.config.decisions.longest_acceptance,
            packs: packs.filter_map(|pack| Some((pack.id.clone(), pack.longest_acceptance?))).collect(),
        }
    }

    /// A refusal in words; of a stale decision what changed since.
    fn why(&self, refusal: &Refusal) -> String {
        let Refusal::Stale { finding, seen, .. } = refusal else { return refusal.to_string() };
        let then = self.writer.finding_at(*finding, *seen).ok().flatten();
        let words = then.zip(self.ledger.finding(*finding)).map(|(then, now)| changed(&then, now));
        words.map_or_else(|| refusal.to_string(), |words| format!("{refusal}; since then: {}", words.join("; ")))
    }

    /// Ends the cycles that somebody attests, with what is known now.
    fn end_cycles(&mut self, holding: &[Decision], draft: &mut Draft) {
        for decision in holding {
            let (Matter::Cycle { cycle }, DecisionKind::Attest { statement }) = (&decision.matter, &decision.kind)
            else {
                continue;
            };
            let (seq, head) = self.writer.head();
            let select = self.ledger.cycle(*cycle).map(|cycle| cycle.select.as_str());
            let (coverage, looked) = self.looked_at(select.unwrap_or_default(), decision.at);
            let attestation = Attestation {
                author: decision.author.clone(),
                at: decision.at,
                statement: statement.clone(),
                coverage,
                looked: select.map(|_| looked),
                counts: self.ledger.counts(*cycle),
                seq,
                head,
            };
            let plan = |cycle: &Cycle| self.config.reviews.iter().find(|plan| plan.name == cycle.name);
            let reported = self.ledger.cycle(*cycle).and_then(plan).is_some_and(|plan| plan.report.is_some());
            self.ledger.end_cycle(*cycle, attestation, reported);
            draft.batch.cycles.extend(self.ledger.cycle(*cycle).cloned());
        }
    }

    /// Opens a cycle over the findings its words choose.
    pub(super) fn open_review(&mut self, name: &str, scheduled: Timestamp) -> Option<(CycleId, usize)> {
        let plan = self.config.reviews.iter().find(|plan| plan.name == name)?.clone();
        let filter = Filter::parse(&plan.select).ok()?;
        let at = Timestamp::now();
        let row = |site: &Site| (site.id.clone(), site_row(site));
        let sites: BTreeMap<_, _> = self.config.sites.iter().map(row).collect();
        let chosen = |finding: &&crate::review::Finding| {
            let device = finding.subject.device().and_then(|id| self.inventory.device(id));
            let row = device.map(|device| DeviceRow::new(device, self.policies.status(device, &self.catalogue), at));
            finding.state != FindingState::Closed && filter.finding(finding, row.as_ref(), &sites, at)
        };
        let items: Vec<FindingId> = self.ledger.findings().filter(chosen).map(|finding| finding.id).collect();
        let count = items.len();
        let id = self.ledger.open_cycle(&plan, scheduled, items, at)?;
        let batch = Batch { at, cycles: self.ledger.cycle(id).cloned().into_iter().collect(), ..Batch::default() };
        self.commit_until_it_holds(&batch);
        Some((id, count))
    }

    /// What the clock alone changes: what was decided until a day, reminders, removals that are proved, what is new no
    /// longer, reviews that are due.
    pub(super) fn tick(&mut self) {
        let at = Timestamp::now();
        self.turn_to(today(), at);
        let mut draft = Draft { batch: Batch { at, ..Batch::default() }, ..Draft::default() };
        self.pass(today(), &mut draft);
        let batch = self.finish(draft);
        self.commit_until_it_holds(&batch);
        for (name, scheduled) in self.due_reviews(at) {
            self.open_review(&name, scheduled);
        }
    }

    /// What is so by now.
    pub(super) fn pass(&mut self, today: Date, draft: &mut Draft) {
        let at = draft.batch.at;
        self.end_overrulings(today, draft);
        self.remind_of_overrulings(today, draft);
        self.end_what_is_new(draft);
        let decisions = self.config.decisions;
        let proof = (decisions.removal_proof, decisions.removal_rounds);
        let last_pass = |name: &TargetName| self.targets.get(name).and_then(|target| target.last_complete);
        let successor = |place: &Place| successor(&self.inventory, &self.statuses, place);
        draft.findings.extend(self.ledger.prove(proof, last_pass, successor, at));
        let tick = self.ledger.tick(at, today);
        draft.findings.extend(tick.findings);
        draft.batch.cycles.extend(tick.cycles.iter().filter_map(|id| self.ledger.cycle(*id).cloned()));
        let view = View { inventory: &self.inventory, estate: &self.estate };
        for Notice { kind, finding, words } in tick.notices {
            tracing::info!("{kind}: {words}");
            match finding.and_then(|id| self.ledger.finding(id)) {
                Some(finding) => self.dispatch.remind(finding, &words, &view, at, &mut draft.batch.outbox),
                None => self.dispatch.operational(kind, &words, at, &mut draft.batch.outbox),
            }
        }
    }

    /// A switch was seen whole: that proves something of what is missing there, if not too long passed since the last
    /// time.
    pub(super) fn follow_watch(&mut self, now: &TargetRecord, draft: &mut Draft) {
        let before = self.targets.get(&now.name).and_then(|target| target.last_complete);
        if let Some(pass) = now.last_complete.filter(|pass| Some(*pass) != before) {
            let longest = self.config.daemon.poll_every * 3;
            let rounds = self.config.decisions.removal_rounds;
            draft.findings.extend(self.ledger.watched(&now.name, before, pass, longest, rounds));
        }
    }

    /// Reviews whose moment has come since their last cycle, or since they were configured where there is none.
    fn due_reviews(&self, at: Timestamp) -> Vec<(String, Timestamp)> {
        let mut due = Vec::new();
        for plan in &self.config.reviews {
            let cycles = self.ledger.cycles().filter(|cycle| cycle.name == plan.name);
            let configured = self.reviews.get(&plan.name).copied().unwrap_or(self.daemon.started);
            let after = cycles.map(|cycle| cycle.scheduled).max().unwrap_or(configured);
            due.extend(plan.schedule.latest(after, at).map(|moment| (plan.name.clone(), moment)));
        }
        due
    }
}

/// A site as filter words and coverage know it.
pub(super) fn site_row(site: &Site) -> SiteRow {
    SiteRow { id: site.id.clone(), name: site.name.clone(), sensitivity: site.sensitivity, basis: site.basis }
}

/// What stands on a port now.
fn successor(inventory: &Inventory, statuses: &BTreeMap<DeviceId, Status>, place: &Place) -> Option<Successor> {
    let here = |device: &&Device| {
        let there = &device.place;
        there.gone.is_none() && there.port.is_some() && (&there.switch, &there.port) == (&place.switch, &place.port)
    };
    let device = inventory.devices().find(here)?;
    let status = statuses.get(&device.id).copied().unwrap_or(Status::Unknown);
    Some(Successor { device: device.id, maker: device.attribution.name.clone(), status })
}

#[cfg(test)]
mod tests;
