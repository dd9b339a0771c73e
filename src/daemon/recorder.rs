//! The one recorder: it owns the database and everything that is judged. Visits, decisions, schedules and a changed
//! configuration come in as messages; each ends in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::Date;
use tokio::sync::{mpsc, oneshot, watch};

use super::alerts;
use crate::alert::Dispatch;
use crate::config::Config;
use crate::inventory::{Delta, Estate, Inventory};
use crate::maker::Catalogue;
use crate::net::{CycleId, DeviceId, FindingId, TargetName, Timestamp};
use crate::observation::{Collection, Completeness, Reach, SwitchVisit};
use crate::policy::{Policies, Status};
use crate::review::{Author, DecisionRequest, FindingState, Ledger};
use crate::snapshot::{DeviceRow, Filter, SiteRow};
use crate::store::{
    Batch, ConfigurationRecord, DaemonRecord, DeviceRecord, NetworkRecord, SiteRecord, StoreError, TargetKind,
    TargetRecord, TargetState, Writer,
};

/// Most visits taken into one transaction.
const MOST_AT_ONCE: usize = 64;

/// Asks the recorder for something. Every reply comes after the commit.
#[derive(Debug)]
pub(super) enum Message {
    Visit(Box<Collection>),
    Decide {
        requests: Vec<DecisionRequest>,
        author: Author,
        reply: oneshot::Sender<Result<(Vec<FindingId>, u64), String>>,
    },
    Run {
        review: String,
        reply: oneshot::Sender<Result<(CycleId, usize), String>>,
    },
    Configure {
        config: Box<Config>,
        policies: Policies,
    },
    Problem(String),
    Tick,
    Outbox(alerts::Question),
    Seq(oneshot::Sender<u64>),
    Stop,
}

/// A batch in the making: one record a subject, the last one.
#[derive(Default)]
struct Draft {
    batch: Batch,
    devices: BTreeMap<DeviceId, DeviceRecord>,
    findings: BTreeSet<FindingId>,
    switches: BTreeSet<TargetName>,
    targets: BTreeMap<TargetName, TargetRecord>,
}

pub(super) struct Recorder {
    writer: Writer,
    config: Config,
    policies: Policies,
    catalogue: Catalogue,
    estate: Estate,
    inventory: Inventory,
    ledger: Ledger,
    targets: BTreeMap<TargetName, TargetRecord>,
    /// The count word each device was stored with.
    statuses: BTreeMap<DeviceId, Status>,
    daemon: DaemonRecord,
    /// Which alerts the changes cause.
    dispatch: Dispatch,
    posted: watch::Sender<()>,
    seq: u64,
}

fn today() -> Date {
    jiff::Zoned::now().date()
}

impl Recorder {
    /// Takes up where the last daemon stopped. The first commit says that this one started.
    pub(super) fn start(
        writer: Writer,
        config: Config,
        policies: Policies,
        catalogue: Catalogue,
        host: String,
    ) -> Result<Self, StoreError> {
        let stored = writer.load()?;
        let statuses = stored.devices.iter().map(|record| (record.device.id, record.status)).collect();
        let devices = stored.devices.into_iter().map(|record| record.device).collect();
        let inventory =
            Inventory::restore(stored.next_device, devices, stored.presence, stored.addresses, stored.switches);
        let dispatch = Dispatch::restore(config.alerts.clone(), &stored.findings, stored.told);
        let mut recorder = Self {
            estate: Estate::from(&config),
            ledger: Ledger::restore(stored.findings, stored.cycles),
            targets: stored.targets.into_iter().map(|target| (target.name.clone(), target)).collect(),
            daemon: DaemonRecord {
                host,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                started: Timestamp::now(),
                stopped: None,
                poll_every_s: config.daemon.poll_every.as_secs(),
            },
            writer,
            config: config.clone(),
            policies: policies.clone(),
            catalogue,
            inventory,
            statuses,
            dispatch,
            posted: watch::Sender::new(()),
            seq: 0,
        };
        let mut batch = recorder.configure(config, policies);
        batch.daemon = Some(recorder.daemon.clone());
        recorder.commit(&batch)?;
        Ok(recorder)
    }

    /// Changes whenever alerts were written into the outbox.
    pub(super) fn posted(&self) -> watch::Receiver<()> {
        self.posted.subscribe()
    }

    /// Runs on a thread of its own until it is told to stop or nobody is left to tell it anything.
    pub(super) fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        while let Some(first) = messages.blocking_recv() {
            let mut visits = Vec::new();
            let mut next = Some(first);
            // What waits is taken together: one transaction costs one wait for the disk.
            let mut other = None;
            while let Some(message) = next {
                match message {
                    Message::Visit(visit) => visits.push(*visit),
                    message => {
                        other = Some(message);
                        break;
                    }
                }
                next = if visits.len() < MOST_AT_ONCE { messages.try_recv().ok() } else { None };
            }
            if !visits.is_empty() {
                let batch = self.absorb(&visits);
                self.commit_until_it_holds(&batch);
            }
            match other {
                Some(Message::Stop) => break,
                Some(message) => self.handle(message),
                None => {}
            }
        }
        self.daemon.stopped = Some(Timestamp::now());
        let batch = Batch { at: Timestamp::now(), daemon: Some(self.daemon.clone()), ..Batch::default() };
        if let Err(error) = self.commit(&batch) {
            tracing::error!(%error, "the end could not be recorded");
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Decide { requests, author, reply } => {
                let _ = reply.send(self.decide(&requests, &author));
            }
            Message::Run { review, reply } => {
                let opened = self.open_review(&review, Timestamp::now());
                let _ = reply
                    .send(opened.ok_or_else(|| format!("there is no [[review]] '{review}', or it was just opened")));
            }
            Message::Configure { config, policies } => {
                let batch = self.configure(*config, policies);
                self.commit_until_it_holds(&batch);
            }
            Message::Problem(problem) => {
                let configuration = Some(self.configuration_record(problem));
                self.commit_until_it_holds(&Batch { at: Timestamp::now(), configuration, ..Batch::default() });
            }
            Message::Tick => self.tick(),
            Message::Outbox(question) => alerts::answer(&mut self.writer, question),
            Message::Seq(reply) => {
                let _ = reply.send(self.seq);
            }
            Message::Visit(_) | Message::Stop => {}
        }
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.seq = self.writer.commit(batch)?.seq;
        if !batch.outbox.alerts.is_empty() {
            self.posted.send_replace(());
        }
        Ok(())
    }

    /// A full disk loses nothing: the batch waits here, polling waits behind it, and both go on when there is space.
    fn commit_until_it_holds(&mut self, batch: &Batch) {
        let mut pause = Duration::from_secs(1);
        while let Err(error) = self.commit(batch) {
            tracing::error!(%error, "nothing was written; trying again in {pause:?}");
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_secs(30));
        }
    }

    fn absorb(&mut self, visits: &[Collection]) -> Batch {
        let mut draft = Draft { batch: Batch { at: Timestamp::now(), ..Batch::default() }, ..Draft::default() };
        for visit in visits {
            let delta = self.inventory.absorb(visit, &self.estate, &self.catalogue);
            let judged = delta.devices.clone();
            self.judge(delta, &judged, &mut draft);
            if let Collection::Switch(visit) = visit {
                let record = self.target_of(visit);
                self.targets.insert(record.name.clone(), record.clone());
                draft.targets.insert(record.name.clone(), record);
            }
        }
        self.finish(draft)
    }

    /// The draft as the batch that is written.
    fn finish(&mut self, draft: Draft) -> Batch {
        let mut batch = Batch {
            devices: draft.devices.into_values().collect(),
            findings: draft.findings.iter().filter_map(|id| self.ledger.finding(*id).cloned()).collect(),
            switches: draft.switches.iter().filter_map(|name| self.inventory.switch(name).cloned()).collect(),
            targets: draft.targets.into_values().collect(),
            ..draft.batch
        };
        self.post_alerts(&mut batch);
        batch
    }

    /// Puts the alerts that the batch's findings cause beside them.
    fn post_alerts(&mut self, batch: &mut Batch) {
        let device = |id| self.inventory.device(id);
        self.dispatch.post(&batch.findings, device, batch.at, &mut batch.outbox);
    }

    /// Judges the devices, and puts the delta and what the judgement changed into the draft.
    fn judge(&mut self, delta: Delta, judged: &[DeviceId], draft: &mut Draft) {
        let at = draft.batch.at;
        for merge in &delta.merged {
            draft.findings.extend(self.ledger.merge(*merge, at));
            draft.devices.remove(&merge.from);
        }
        for id in &delta.retired {
            draft.findings.extend(self.ledger.retire(*id, at));
            draft.devices.remove(id);
        }
        for id in judged {
            let Some(device) = self.inventory.device(*id) else { continue };
            let now = self.policies.judge(device, &self.estate, &self.catalogue);
            draft.findings.extend(self.ledger.reconcile(device, &now, at));
            let status = self.policies.status(device, &self.catalogue);
            let before = self.statuses.insert(*id, status);
            if before != Some(status) || delta.devices.binary_search(id).is_ok() {
                draft.devices.insert(*id, DeviceRecord { device: device.clone(), status });
            }
        }
        draft.batch.merged.extend(delta.merged);
        draft.batch.retired.extend(delta.retired);
        draft.batch.presence.extend(delta.presence);
        draft.batch.addresses.extend(delta.addresses);
        draft.switches.extend(delta.switches);
    }

    fn put_findings(&self, ids: &[FindingId], batch: &mut Batch) {
        for id in ids {
            batch.findings.retain(|finding| finding.id != *id);
            batch.findings.extend(self.ledger.finding(*id).cloned());
        }
    }

    fn target_of(&self, visit: &SwitchVisit) -> TargetRecord {
        let before = self.targets.get(&visit.target);
        let trouble: Vec<&str> = visit.errors.iter().map(|error| error.asked.as_str()).collect();
        let (state, why) = match &visit.reach {
            Reach::Silent(why) => (TargetState::Silent, why.clone()),
            Reach::Refused(why) => (TargetState::Refused, why.clone()),
            Reach::Answered if trouble.is_empty() => (TargetState::Answering, String::new()),
            Reach::Answered => (TargetState::Partial, format!("not seen whole: {}", trouble.join(", "))),
        };
        let answered = visit.reach.answered();
        let same = before.filter(|before| before.state == state);
        TargetRecord {
            name: visit.target.clone(),
            kind: TargetKind::Switch,
            address: visit.address.to_string(),
            site: visit.site.clone(),
            state,
            since: same.map_or(visit.finished, |before| before.since),
            why,
            last_attempt: Some(visit.finished),
            last_ok: answered.then_some(visit.finished).or(before.and_then(|before| before.last_ok)),
            last_complete: (answered && visit.fdb_complete())
                .then_some(visit.finished)
                .or(before.and_then(|before| before.last_complete)),
            requests: visit.requests,
            took_ms: u64::try_from(visit.finished.since(visit.started).as_millis()).unwrap_or(u64::MAX),
            tables: if answered {
                visit.tables.clone()
            } else {
                before.map(|before| before.tables.clone()).unwrap_or_default()
            },
        }
    }

    fn configuration_record(&self, problem: String) -> ConfigurationRecord {
        let site = |site: &crate::config::Site| SiteRecord {
            id: site.id.clone(),
            name: site.name.clone(),
            sensitivity: site.sensitivity,
            basis: site.basis,
        };
        let network = |network: &crate::config::Network| NetworkRecord {
            id: network.id.clone(),
            kind: network.kind,
            site: network.site.clone(),
        };
        ConfigurationRecord {
            hash: self.config.hash.clone(),
            sites: self.config.sites.iter().map(site).collect(),
            networks: self.config.networks.iter().map(network).collect(),
            policies: self.policies.packs().iter().map(|pack| (pack.id.to_string(), pack.hash.clone())).collect(),
            switches: u32::try_from(self.config.switches.len()).unwrap_or(u32::MAX),
            problem,
        }
    }

    /// Takes a checked configuration into force: targets come and go, everything is judged anew.
    fn configure(&mut self, config: Config, policies: Policies) -> Batch {
        let at = Timestamp::now();
        let mut draft = Draft { batch: Batch { at, ..Batch::default() }, ..Draft::default() };
        self.estate = Estate::from(&config);
        self.policies = policies;
        self.config = config;
        let configured = |name: &TargetName| self.config.switches.iter().any(|switch| switch.name == *name);
        let dropped: Vec<TargetName> = self.targets.keys().filter(|name| !configured(name)).cloned().collect();
        for name in dropped {
            let delta = self.inventory.forget_switch(&name, &self.estate, &self.catalogue, at);
            let judged = delta.devices.clone();
            self.judge(delta, &judged, &mut draft);
            self.targets.remove(&name);
            draft.batch.dropped_targets.push(name);
        }
        for switch in &self.config.switches {
            let known = self.targets.get(&switch.name);
            if known.is_none_or(|known| known.address != switch.address.to_string() || known.site != switch.site) {
                let record = TargetRecord {
                    name: switch.name.clone(),
                    kind: TargetKind::Switch,
                    address: switch.address.to_string(),
                    site: switch.site.clone(),
                    state: TargetState::Waiting,
                    since: at,
                    why: "not visited yet".to_owned(),
                    last_attempt: None,
                    last_ok: None,
                    last_complete: None,
                    requests: 0,
                    took_ms: 0,
                    tables: BTreeMap::new(),
                };
                draft.targets.insert(switch.name.clone(), record.clone());
                self.targets.insert(switch.name.clone(), record);
            }
        }
        let delta = self.inventory.rejudge(&self.estate, &self.catalogue, at);
        // A changed pack changes verdicts of devices whose own record stays: all are judged.
        let all: Vec<DeviceId> = self.inventory.devices().map(|device| device.id).collect();
        self.judge(delta, &all, &mut draft);
        draft.batch.configuration = Some(self.configuration_record(String::new()));
        draft.batch.outbox.carriers = Some(alerts::carriers(&self.config));
        self.dispatch.configure(&self.config.alerts);
        self.finish(draft)
    }

    fn decide(&mut self, requests: &[DecisionRequest], author: &Author) -> Result<(Vec<FindingId>, u64), String> {
        let at = Timestamp::now();
        let before = (self.ledger.clone(), self.dispatch.clone());
        let decisions = self.ledger.decide(requests, author, at, today()).map_err(|refusal| refusal.to_string())?;
        let ids: Vec<FindingId> = decisions.iter().map(|decision| decision.finding).collect();
        let (reopened, closed) = self.ledger.tick(at, today());
        let mut batch = Batch { at, decisions, ..Batch::default() };
        self.put_findings(&ids, &mut batch);
        self.put_findings(&reopened, &mut batch);
        self.post_alerts(&mut batch);
        batch.cycles = closed.iter().filter_map(|id| self.ledger.cycle(*id).cloned()).collect();
        match self.commit(&batch) {
            Ok(()) => Ok((ids, self.seq)),
            Err(error) => {
                // Not written is not decided.
                (self.ledger, self.dispatch) = before;
                Err(error.to_string())
            }
        }
    }

    /// Opens a cycle over the findings its words choose.
    fn open_review(&mut self, name: &str, scheduled: Timestamp) -> Option<(CycleId, usize)> {
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
            let device = self.inventory.device(finding.device);
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

    /// What the clock alone changes: acceptances that end, cycles that close, reviews that are due.
    fn tick(&mut self) {
        let at = Timestamp::now();
        let (reopened, closed) = self.ledger.tick(at, today());
        if !reopened.is_empty() || !closed.is_empty() {
            let mut batch = Batch { at, ..Batch::default() };
            self.put_findings(&reopened, &mut batch);
            self.post_alerts(&mut batch);
            batch.cycles = closed.iter().filter_map(|id| self.ledger.cycle(*id).cloned()).collect();
            self.commit_until_it_holds(&batch);
        }
        for (name, scheduled) in self.due_reviews(at) {
            self.open_review(&name, scheduled);
        }
    }

    /// Reviews whose moment has come since their last cycle, or since this daemon started where there is none.
    fn due_reviews(&self, at: Timestamp) -> Vec<(String, Timestamp)> {
        let mut due = Vec::new();
        for plan in &self.config.reviews {
            let cycles = self.ledger.cycles().filter(|cycle| cycle.name == plan.name);
            let mut from = cycles.map(|cycle| cycle.scheduled).max().unwrap_or(self.daemon.started);
            let mut moment = None;
            // Several missed moments are one review: the latest.
            for _ in 0..1000 {
                match plan.schedule.cron.find_next(from.to_string().as_str()) {
                    Ok(next) if Timestamp::from_jiff(next.timestamp()) <= at => {
                        from = Timestamp::from_jiff(next.timestamp());
                        moment = Some(from);
                    }
                    _ => break,
                }
            }
            due.extend(moment.map(|moment| (plan.name.clone(), moment)));
        }
        due
    }
}

/// Whether every switch of a configuration answered in full or in part.
pub(super) fn all_answered(visit: &SwitchVisit) -> bool {
    visit.reach.answered() && visit.tables.values().all(|state| state.completeness != Completeness::Failed)
}
