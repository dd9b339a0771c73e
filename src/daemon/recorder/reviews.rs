//! The recorder's part in reviews: decisions, cycles, what the clock alone changes.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Draft, Recorder};
use crate::net::{CycleId, FindingId, Timestamp};
use crate::review::{Author, DecisionRequest, FindingState};
use crate::snapshot::{DeviceRow, Filter, SiteRow};
use crate::store::Batch;

pub(super) fn today() -> Date {
    jiff::Zoned::now().date()
}

impl Recorder {
    pub(super) fn decide(
        &mut self,
        requests: &[DecisionRequest],
        author: &Author,
    ) -> Result<(Vec<FindingId>, u64), String> {
        let at = Timestamp::now();
        let requests = self.understood(requests).map_err(|refusal| refusal.to_string())?;
        let before = (self.ledger.clone(), self.dispatch.clone());
        let decisions = self.ledger.decide(&requests, author, at, today()).map_err(|refusal| refusal.to_string())?;
        let mut draft = Draft { batch: Batch { at, ..Batch::default() }, ..Draft::default() };
        draft.findings.extend(decisions.iter().filter_map(|decision| decision.matter.finding()));
        let said_before = self.say_of_devices(&decisions, &mut draft);
        let (reopened, closed) = self.ledger.tick(at, today());
        draft.findings.extend(reopened);
        draft.batch.decisions = decisions;
        draft.batch.cycles = closed.iter().filter_map(|id| self.ledger.cycle(*id).cloned()).collect();
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

    /// Opens a cycle over the findings its words choose.
    pub(super) fn open_review(&mut self, name: &str, scheduled: Timestamp) -> Option<(CycleId, usize)> {
        let plan = self.config.reviews.iter().find(|plan| plan.name == name)?.clone();
        let filter = Filter::parse(&plan.select).ok()?;
        let at = Timestamp::now();
        let row = |site: &crate::config::Site| {
            let row = SiteRow {
                id: site.id.clone(),
                name: site.name.clone(),
                sensitivity: site.sensitivity,
                basis: site.basis,
            };
            (site.id.clone(), row)
        };
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

    /// What the clock alone changes: acceptances that end, cycles that close, what is new no longer, reviews that are due.
    pub(super) fn tick(&mut self) {
        let at = Timestamp::now();
        self.turn_to(today(), at);
        let mut draft = Draft { batch: Batch { at, ..Batch::default() }, ..Draft::default() };
        self.end_overrulings(today(), &mut draft);
        self.end_what_is_new(&mut draft);
        let (reopened, closed) = self.ledger.tick(at, today());
        draft.findings.extend(reopened);
        draft.batch.cycles = closed.iter().filter_map(|id| self.ledger.cycle(*id).cloned()).collect();
        let batch = self.finish(draft);
        self.commit_until_it_holds(&batch);
        for (name, scheduled) in self.due_reviews(at) {
            self.open_review(&name, scheduled);
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
