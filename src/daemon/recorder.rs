//! The one recorder: it owns the database and everything that is judged. Visits, decisions, schedules and a changed
//! configuration come in as messages; each ends in one transaction.

mod attempts;
mod cameras;
mod configuring;
mod coverage;
mod judging;
mod operation;
mod people;
mod proof;
mod registers;
mod reporting;
mod reviews;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use jiff::civil::Date;
use tokio::sync::{mpsc, oneshot, watch};

use super::InForce;
use super::alerts;
use super::credentials::{Asker, Book, Subject};
use super::{Lead, reports, targets};
use crate::alert::{Dispatch, Memory};
use crate::config::Config;
use crate::inventory::{Estate, Inventory, Registered, Registers};
use crate::maker::{Catalogue, Overruling};
use crate::net::{CredentialId, CycleId, DeviceId, DeviceText, FindingId, TargetName, Timestamp};
use crate::observation::{Collection, Readings, SystemFacts};
use crate::policy::{HouseRules, Policies, Status};
use crate::review::{Actor, Author, DecisionRequest, Ledger, Rules};
use crate::store::{Batch, DaemonRecord, DeviceRecord, StoreError, Swept, TargetKind, TargetRecord, Writer};

/// Most visits taken into one transaction.
const MOST_AT_ONCE: usize = 64;

/// Asks the recorder for something. Every reply comes after the commit.
#[derive(Debug)]
pub(super) enum Message {
    Visit(Box<Collection>),
    Decide {
        requests: Vec<DecisionRequest>,
        by: Actor,
        reply: oneshot::Sender<Result<(Vec<FindingId>, u64), String>>,
    },
    Run {
        review: String,
        reply: oneshot::Sender<Result<(CycleId, usize), String>>,
    },
    Configure(Box<InForce>),
    Problem(String),
    /// What of the daemon's work has not come round, in words.
    Late(Vec<String>),
    /// May a credential be tried?
    Claim(Asker),
    /// How the attempt ended.
    Outcome {
        subject: Subject,
        result: Result<(), DeviceText>,
        reply: oneshot::Sender<()>,
    },
    /// The attempt ended without an outcome.
    Release(Subject),
    /// The operator allows a credential again.
    Retry {
        credential: CredentialId,
        address: Option<IpAddr>,
        author: Author,
        reply: oneshot::Sender<Result<usize, String>>,
    },
    /// How far sweeps came.
    Swept(Vec<Swept>),
    /// Which addresses within these subnets are alive by what switches' address tables say.
    Alive {
        subnets: Vec<IpNet>,
        reply: oneshot::Sender<BTreeSet<IpAddr>>,
    },
    Tick,
    Outbox(alerts::Question),
    Reports(reports::Question),
    /// What somebody asked over the control socket to change, and what became of it.
    Asked {
        author: Author,
        asked: String,
        outcome: String,
    },
    Seq(oneshot::Sender<u64>),
    /// By what rules is decided.
    Rules(oneshot::Sender<Rules>),
    Stop,
}

/// What waits is taken together: one transaction costs one wait for the disk.
#[derive(Default)]
struct Work {
    visits: Vec<Collection>,
    outcomes: Vec<(Subject, Result<(), DeviceText>, oneshot::Sender<()>)>,
    /// Somebody asks for a credential, or no longer holds one.
    asked: bool,
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
    /// The packs of the configuration.
    packs: Policies,
    /// Those of them that are in force today: what is judged by.
    policies: Policies,
    house: HouseRules,
    registers: Registers,
    /// The day they were chosen for.
    today: Date,
    /// What is wrong with a newer configuration that was not taken; empty when all is well.
    problem: String,
    catalogue: Catalogue,
    estate: Estate,
    inventory: Inventory,
    ledger: Ledger,
    targets: BTreeMap<TargetName, TargetRecord>,
    credentials: Book,
    /// Since when each review is configured.
    reviews: BTreeMap<String, Timestamp>,
    /// The count word each device was stored with.
    statuses: BTreeMap<DeviceId, Status>,
    /// What registers say of when devices were installed, as it was stored.
    registered: BTreeMap<DeviceId, Registered>,
    /// Devices of which a person's word holds.
    overruled: BTreeSet<DeviceId>,
    /// When it was last looked for devices to forget.
    forgot: Timestamp,
    daemon: DaemonRecord,
    /// Which alerts the changes cause.
    dispatch: Dispatch,
    operation: operation::Operation,
    posted: watch::Sender<()>,
    /// Who looks after cameras is told what visits to others mean for them.
    leads: mpsc::Sender<Lead>,
    /// Camera targets by the device that answered there.
    addresses: BTreeMap<DeviceId, BTreeSet<TargetName>>,
    swept: Vec<Swept>,
    coverage: coverage::Count,
    proof: proof::Proof,
    /// Reports of cycles that could not be written, and why.
    unwritten: BTreeMap<CycleId, String>,
    seq: u64,
}

impl Recorder {
    /// Takes up where the last daemon stopped. The first commit says that this one started.
    pub(super) fn start(
        writer: Writer,
        in_force: InForce,
        host: String,
        leads: mpsc::Sender<Lead>,
    ) -> Result<Self, StoreError> {
        let stored = writer.load()?;
        let InForce { config, policies, catalogue, .. } = in_force.clone();
        let operation = operation::Operation::new(&stored, Timestamp::now());
        let memory = Memory { told: stored.told, held: stored.held, conditions: stored.conditions };
        let (plans, windows) = (config.alerts.clone(), config.maintenance.clone());
        let dispatch = Dispatch::restore(plans, windows, &stored.findings, memory);
        let statuses = stored.devices.iter().map(|record| (record.device.id, record.status)).collect();
        let said = stored.devices.iter().filter_map(|record| Some((record.device.id, record.registered.clone()?)));
        let registered = said.collect();
        let devices: Vec<_> = stored.devices.into_iter().map(|record| record.device).collect();
        let holds = |device: &crate::inventory::Device| device.facts.overruling.as_ref().is_some_and(Overruling::holds);
        let overruled = devices.iter().filter(|device| holds(device)).map(|device| device.id).collect();
        let inventory =
            Inventory::restore(stored.next_device, devices, stored.presence, stored.addresses, stored.switches);
        let mut recorder = Self {
            estate: Estate::from(&config),
            ledger: Ledger::restore(stored.findings, stored.cycles),
            targets: stored.targets.into_iter().map(|target| (target.name.clone(), target)).collect(),
            credentials: Book::restore(stored.credentials),
            reviews: stored.configuration.map(|record| record.reviews).unwrap_or_default(),
            daemon: DaemonRecord {
                host,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                started: Timestamp::now(),
                stopped: None,
                poll_every_s: config.daemon.poll_every.as_secs(),
                cameras_every_s: config.daemon.cameras_every.as_secs(),
                late: Vec::new(),
            },
            writer,
            house: HouseRules::from(&config.house),
            registers: Registers::default(),
            config,
            packs: policies,
            policies: Policies::default(),
            today: Date::default(),
            problem: String::new(),
            catalogue,
            inventory,
            statuses,
            registered,
            overruled,
            forgot: Timestamp::now(),
            dispatch,
            operation,
            posted: watch::Sender::new(()),
            leads,
            addresses: BTreeMap::new(),
            coverage: coverage::Count::new(&stored.swept),
            swept: stored.swept,
            proof: proof::Proof::default(),
            unwritten: BTreeMap::new(),
            seq: 0,
        };
        recorder.index_addresses();
        // What is stored was judged by another configuration, perhaps by another version of this program.
        let mut batch = recorder.configure(in_force, true);
        batch.daemon = Some(recorder.daemon.clone());
        recorder.commit(&batch)?;
        Ok(recorder)
    }

    /// Cameras that answered before, by address.
    pub(super) fn cameras(&self) -> BTreeSet<IpAddr> {
        let cameras = self.targets.values().filter(|target| target.kind == TargetKind::Camera);
        cameras.filter_map(|target| target.name.as_str().parse().ok()).collect()
    }

    /// How the numbers of each switch were read at its last visit, and by what it is known that it is the same firmware.
    pub(super) fn readings(&self) -> Vec<(TargetName, SystemFacts, Readings)> {
        let of = |target: &TargetRecord| {
            let system = self.inventory.switch(&target.name)?.system.clone()?;
            Some((target.name.clone(), system, target.readings.clone()))
        };
        self.targets.values().filter_map(of).collect()
    }

    /// The salt of credential fingerprints.
    pub(super) fn salt(&self) -> &str {
        self.writer.salt()
    }

    /// Changes whenever alerts were written into the outbox.
    pub(super) fn posted(&self) -> watch::Receiver<()> {
        self.posted.subscribe()
    }

    /// Runs on a thread of its own until it is told to stop or nobody is left to tell it anything.
    pub(super) fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        while let Some(first) = messages.blocking_recv() {
            let mut work = Work::default();
            let mut next = Some(first);
            let mut other = None;
            while let Some(message) = next {
                match message {
                    Message::Visit(visit) => work.visits.push(*visit),
                    Message::Outcome { subject, result, reply } => work.outcomes.push((subject, result, reply)),
                    Message::Claim(asker) => {
                        self.credentials.ask(asker);
                        work.asked = true;
                    }
                    Message::Release(subject) => {
                        self.credentials.release(&subject);
                        work.asked = true;
                    }
                    message => {
                        other = Some(message);
                        break;
                    }
                }
                next = if work.visits.len() < MOST_AT_ONCE { messages.try_recv().ok() } else { None };
            }
            self.work(work);
            match other {
                Some(Message::Stop) => break,
                Some(message) => self.handle(message),
                None => {}
            }
        }
        self.count_looked(Timestamp::now(), true);
        self.daemon.stopped = Some(Timestamp::now());
        self.daemon.late.clear();
        let batch = Batch { at: Timestamp::now(), daemon: Some(self.daemon.clone()), ..Batch::default() };
        if let Err(error) = self.commit(&batch) {
            tracing::error!(%error, "the end could not be recorded");
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Decide { requests, by, reply } => {
                let _ = reply.send(self.decide(&requests, &by));
            }
            Message::Run { review, reply } => {
                let opened = self.open_review(&review, Timestamp::now());
                let _ = reply
                    .send(opened.ok_or_else(|| format!("there is no [[review]] '{review}', or it was just opened")));
            }
            Message::Configure(in_force) => {
                let batch = self.configure(*in_force, false);
                self.commit_until_it_holds(&batch);
            }
            Message::Problem(problem) => {
                self.problem = problem;
                let configuration = Some(self.configuration_record());
                self.commit_until_it_holds(&Batch { at: Timestamp::now(), configuration, ..Batch::default() });
            }
            Message::Late(late) => {
                if late != self.daemon.late {
                    self.daemon.late = late;
                    let daemon = Some(self.daemon.clone());
                    self.commit_until_it_holds(&Batch { at: Timestamp::now(), daemon, ..Batch::default() });
                }
            }
            Message::Swept(mut swept) => {
                // One that was under way when the configuration changed.
                swept.retain(|swept| self.config.camera_block(swept.address).is_some());
                self.coverage.note(&swept);
                self.commit_until_it_holds(&Batch { at: Timestamp::now(), swept, ..Batch::default() });
            }
            Message::Alive { subnets, reply } => {
                let _ = reply.send(self.inventory.alive_within(&subnets));
            }
            Message::Tick => {
                self.tick();
                self.forget(Timestamp::now());
                self.count_looked(Timestamp::now(), false);
                self.keep_log();
                self.watch_operation(Timestamp::now());
            }
            Message::Asked { author, asked, outcome } => self.note_request(author, asked, outcome),
            Message::Outbox(question) => alerts::answer(&mut self.writer, question),
            Message::Rules(reply) => {
                let _ = reply.send(self.rules());
            }
            Message::Reports(question) => self.answer_reports(question),
            Message::Seq(reply) => {
                let _ = reply.send(self.seq);
            }
            Message::Retry { credential, address, author, reply } => {
                let _ = reply.send(self.retry(&credential, address, &author));
            }
            // Taken together in `run`.
            Message::Visit(_) | Message::Claim(_) | Message::Outcome { .. } | Message::Release(_) | Message::Stop => {}
        }
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.seq = self.writer.commit(batch)?.seq;
        self.proof.note(batch);
        if !batch.outbox.alerts.is_empty() {
            self.posted.send_replace(());
        }
        Ok(())
    }

    /// A full disk loses nothing: the batch waits here, polling waits behind it, and both go on when there is space.
    fn commit_until_it_holds(&mut self, batch: &Batch) {
        if batch.is_empty() {
            return;
        }
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
            self.operation.note(visit);
            let mut record = targets::record(visit, &self.targets);
            if record.is_none() && !matches!(visit, Collection::Camera(visit) if !visit.marks.is_empty()) {
                continue;
            }
            let known = match visit {
                Collection::Switch(visit) => self.inventory.was_seen_whole(&visit.target),
                Collection::Camera(_) => (false, false),
            };
            let delta = self.inventory.absorb(visit, &self.estate, &self.catalogue);
            if let (Collection::Switch(visit), Some(record)) = (visit, &mut record)
                && !delta.rows_whole
            {
                // A table that came to its end and is not believed (empty while ports are up, or before its numbers are
                // known again after a restart) shows nothing whole.
                record.last_complete = self.targets.get(&visit.target).and_then(|before| before.last_complete);
            }
            self.look_at_newcomers(&delta, known);
            self.follow_merges(&delta, &mut draft);
            let judged = delta.devices.clone();
            self.judge(delta, &judged, &mut draft);
            let Some(record) = record else { continue };
            self.follow_watch(&record, &mut draft);
            // It may have been dropped by an earlier visit of this batch.
            draft.batch.dropped_targets.retain(|name| *name != record.name);
            let before = self.targets.insert(record.name.clone(), record.clone());
            self.tell_of_key(before.as_ref(), &record, &mut draft.batch);
            draft.targets.insert(record.name.clone(), record.clone());
            if let Collection::Camera(visit) = visit {
                self.settle_camera(visit, record, &mut draft);
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
}
