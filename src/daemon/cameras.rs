//! Looking for cameras and visiting them: one sweep a `[[cameras]]` block, one loop an address that answered, a look at
//! an address that something speaks of: a switch's table, a Hello.

mod multicast;
mod sweeps;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::beats::{ROUND, Task};
use super::credentials::Handle;
use super::visits::{Rhythm, Visits, until};
use super::{Lead, Shared, ended, offset, targets};
use crate::collect::camera::{CameraCollector, Found, Heard};
use crate::config::{CameraBlock, Config, Credential, VendorQuery};
use crate::observation::{Announcement, Authentication, CameraVisit, Collection, VendorProtocol, WithheldReason};

/// Sweeps under way at once. They share one pace: what they send together stays gentle however many blocks there are.
const SWEEPS: usize = 16;
/// How often one address is visited because something spoke of it: a Hello can be forged, and a camera has little to
/// spare.
const RHYTHM: Rhythm =
    Rhythm { at_most_every: Duration::from_secs(60), ahead: Duration::from_secs(60), most_waiting: MOST_STRANGERS };
/// Addresses spoken of that may be looked at or wait for it, beside the cameras there are.
const MOST_STRANGERS: usize = 256;
/// Within what time of a start cameras that are known already are visited.
const FIRST_ROUND: Duration = Duration::from_secs(60);
/// When a camera is asked again whose turn with a credential did not come.
const SOON: Duration = Duration::from_secs(20);
/// How often a round asks again where the turn with a credential did not come, on the average.
const TURNS: usize = 3;
/// A visit that takes longer than this part of its deadline makes room for others: a real camera answers everything
/// within a second or two.
const LONG: u32 = 2;
/// Found addresses that may wait to be visited.
const WAITING: usize = 1024;

/// What visits to cameras need under one configuration.
struct Cameras {
    shared: Arc<Shared>,
    config: Arc<Config>,
    collector: CameraCollector,
    /// A quarter of all visits at most are to cameras: switches are never kept waiting by them.
    permits: Semaphore,
    /// As many again are to cameras that took long, so that they keep no other waiting.
    long_permits: Semaphore,
    /// Addresses whose last visit took long.
    long: Mutex<BTreeSet<IpAddr>>,
    sweeps: Semaphore,
    /// What was told by multicast over makers' own discoveries, and when.
    announced: Mutex<BTreeMap<IpAddr, (Instant, Vec<Announcement>)>>,
    stop: watch::Receiver<bool>,
}

/// How a visit went, as far as the next one depends on it.
enum Visited {
    Answered,
    /// It answered, and a credential could not be tried yet.
    TryAgain,
    Silent,
}

impl Cameras {
    fn new(shared: Arc<Shared>, config: Arc<Config>, stop: watch::Receiver<bool>) -> Arc<Self> {
        let at_once = (config.daemon.concurrency / 4).max(1);
        let collector = CameraCollector::new(&config.onvif);
        Arc::new(Self {
            shared,
            config,
            collector,
            permits: Semaphore::new(at_once),
            long_permits: Semaphore::new(at_once),
            long: Mutex::default(),
            sweeps: Semaphore::new(SWEEPS),
            announced: Mutex::default(),
            stop,
        })
    }

    fn announced(&self) -> MutexGuard<'_, BTreeMap<IpAddr, (Instant, Vec<Announcement>)>> {
        self.announced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what was heard by multicast. Whether it is about an address that is to be looked at.
    fn hear(&self, heard: Heard) -> bool {
        if !is_wanted(self.config.camera_block(heard.address), &heard) {
            return false;
        }
        let Some(announcement) = heard.announcement else { return true };
        let mut all = self.announced();
        let (at, announcements) = all.entry(heard.address).or_insert_with(|| (Instant::now(), Vec::new()));
        *at = Instant::now();
        announcements.retain(|known| known.protocol != announcement.protocol);
        announcements.push(announcement);
        true
    }

    /// What an address told by multicast within the last two times that it was asked.
    fn announced_at(&self, address: IpAddr) -> Vec<Announcement> {
        let mut all = self.announced();
        let fresh = all.get(&address).filter(|(at, _)| at.elapsed() < 2 * multicast::interval(&self.config));
        match fresh {
            Some((_, announcements)) => announcements.clone(),
            None => {
                all.remove(&address);
                Vec::new()
            }
        }
    }

    /// Visits one address and hands over what came.
    async fn visit(&self, address: IpAddr) -> Visited {
        let Some(block) = self.config.camera_block(address) else { return Visited::Silent };
        let took_long = self.long().contains(&address);
        let Ok(permit) = (if took_long { &self.long_permits } else { &self.permits }).acquire().await else {
            return Visited::Silent;
        };
        if *self.stop.borrow() {
            return Visited::Silent;
        }
        let credentials: Vec<&Credential> =
            block.credentials.iter().filter_map(|id| self.config.credential(id)).collect();
        let visit = async {
            let handle = Handle::new(&self.shared.recorder, &self.shared.salt);
            let mut visit = self.collector.visit(block, address, &credentials, &handle).await;
            handle.done().await;
            self.announced_at(address).into_iter().for_each(|announcement| visit.hear(announcement));
            Collection::Camera(visit)
        };
        let begun = Instant::now();
        let collection = self.make_room(permit, self.shared.visit(visit)).await;
        if begun.elapsed() > self.config.onvif.deadline / LONG {
            self.long().insert(address);
        } else {
            self.long().remove(&address);
        }
        match collection {
            Some(Collection::Camera(visit)) if visit.reach.answered() => {
                self.shared.cameras().insert(address);
                if is_to_be_tried_again(&visit) { Visited::TryAgain } else { Visited::Answered }
            }
            _ => Visited::Silent,
        }
    }

    fn long(&self) -> MutexGuard<'_, BTreeSet<IpAddr>> {
        self.long.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a visit; where it takes long, it gives its place to another, as long as there is room beside.
    async fn make_room<T>(&self, permit: SemaphorePermit<'_>, visit: impl Future<Output = T>) -> T {
        tokio::pin!(visit);
        if let Ok(collection) = timeout(self.config.onvif.deadline / LONG, &mut visit).await {
            return collection;
        }
        let _permit = match self.long_permits.try_acquire() {
            Ok(other) => {
                drop(permit);
                other
            }
            Err(_) => permit,
        };
        visit.await
    }

    /// Visits one address again and again for as long as it was a camera once. Ends between visits, never within one.
    async fn watch(&self, address: IpAddr, first: Duration, poke: &Notify) {
        let stopped = ended(self.stop.clone());
        tokio::pin!(stopped);
        let mut pause = first;
        let is_camera = || self.shared.cameras().contains(&address);
        let mut known = is_camera();
        loop {
            tokio::select! {
                biased;
                () = &mut stopped => return,
                () = tokio::time::sleep(pause) => {}
                () = poke.notified() => {}
            }
            if known && !is_camera() {
                // It answers elsewhere now.
                return;
            }
            let visited = self.visit(address).await;
            if !is_camera() {
                // Nothing, or something that is no camera: the next sweep may find another thing there.
                return;
            }
            known = true;
            let every = self.config.daemon.cameras_every;
            pause = if matches!(visited, Visited::TryAgain) { SOON.min(every) } else { every };
        }
    }
}

/// Whether what was heard counts: its address is in a block, and the block names the query that it answers.
fn is_wanted(block: Option<&CameraBlock>, heard: &Heard) -> bool {
    let query = heard.announcement.as_ref().map(|announcement| match announcement.protocol {
        VendorProtocol::Sadp => VendorQuery::Sadp,
        VendorProtocol::Dhip => VendorQuery::Dhip,
    });
    block.is_some_and(|block| query.is_none_or(|query| block.vendor_queries.contains(&query)))
}

fn is_to_be_tried_again(visit: &CameraVisit) -> bool {
    matches!(visit.authentication, Authentication::Withheld { reason: WithheldReason::Busy { .. } })
}

/// The loops of addresses, one each.
struct Loops {
    cameras: Arc<Cameras>,
    tasks: JoinSet<IpAddr>,
    watched: BTreeSet<IpAddr>,
}

impl Loops {
    /// Starts the loop of an address that has none.
    fn start(&mut self, address: IpAddr, first: Duration) {
        if !self.watched.insert(address) {
            return;
        }
        let cameras = Arc::clone(&self.cameras);
        let poke = cameras.shared.poke_of(&targets::camera_name(address));
        self.tasks.spawn(async move {
            cameras.watch(address, first, &poke).await;
            address
        });
    }

    /// Has an address visited now that something spoke of.
    fn look_at(&mut self, address: IpAddr) {
        if self.watched.contains(&address) {
            self.cameras.shared.poke(Some(&address.to_string()));
        } else if self.tasks.len() < self.cameras.shared.cameras().len() + MOST_STRANGERS {
            self.start(address, Duration::ZERO);
        }
    }

    fn ended(&mut self, address: IpAddr) {
        self.watched.remove(&address);
        self.cameras.shared.pokes().remove(&targets::camera_name(address));
    }
}

/// Watches every block until it is told to stop; visits under way may end.
pub(super) async fn watch(shared: Arc<Shared>, config: Arc<Config>, stop: watch::Receiver<bool>) {
    let cameras = Cameras::new(Arc::clone(&shared), Arc::clone(&config), stop.clone());
    let mut leads = shared.leads.lock().await;
    let (sender, mut found) = mpsc::channel::<Found>(WAITING);
    let mut sweeps = JoinSet::new();
    for block in 0..config.cameras.len() {
        let task = sweeps.spawn(sweeps::watch(Arc::clone(&cameras), block, sender.clone()));
        shared.beats.keep(Task::Sweep(block), task);
    }
    let (telling, mut heard) = mpsc::channel::<Heard>(WAITING);
    let interfaces = multicast::start(&shared, &config, &telling).await;
    let mut loops = Loops { cameras: Arc::clone(&cameras), tasks: JoinSet::new(), watched: BTreeSet::new() };
    let known: Vec<IpAddr> = shared.cameras().iter().copied().collect();
    for address in known {
        loops.start(address, offset(&targets::camera_name(address), FIRST_ROUND.min(config.daemon.cameras_every)));
    }
    let mut visits = Visits::new(RHYTHM);
    let mut round = tokio::time::interval(ROUND);
    let stopped = ended(stop);
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => break,
            _ = round.tick() => shared.beats.note(Task::Cameras, 4 * ROUND),
            Some(Found { address, .. }) = found.recv() => loops.start(address, Duration::ZERO),
            Some(lead) = leads.recv() => match lead {
                Lead::Look(address) => {
                    visits.note(&address, Instant::now());
                }
                Lead::Gone(address) => {
                    shared.cameras().remove(&address);
                    shared.poke(Some(&address.to_string()));
                }
            },
            Some(heard) = heard.recv() => {
                let address = heard.address;
                if cameras.hear(heard) {
                    visits.note(&address, Instant::now());
                }
            }
            () = until(visits.next()) => {
                for address in visits.take(Instant::now()) {
                    loops.look_at(address);
                }
            }
            Some(Ok(address)) = loops.tasks.join_next() => loops.ended(address),
        }
    }
    drop((sweeps, interfaces));
    while loops.tasks.join_next().await.is_some() {}
}

/// Sweeps every block and visits what answered and what is known. Returns whether every camera answered.
pub(super) async fn round(shared: &Arc<Shared>, config: &Arc<Config>) -> bool {
    let (_keep, stop) = watch::channel(false);
    let cameras = Cameras::new(Arc::clone(shared), Arc::clone(config), stop);
    let (sender, mut found) = mpsc::channel::<Found>(WAITING);
    let mut sweeps = JoinSet::new();
    for block in 0..config.cameras.len() {
        sweeps.spawn(sweeps::once(Arc::clone(&cameras), block, sender.clone()));
    }
    drop(sender);
    let known: BTreeSet<IpAddr> = shared.cameras().clone();
    let mut visits = JoinSet::new();
    let visit = |address: IpAddr, visits: &mut JoinSet<(IpAddr, Visited)>| {
        let cameras = Arc::clone(&cameras);
        visits.spawn(async move { (address, cameras.visit(address).await) });
    };
    let mut asked = known.clone();
    for address in &known {
        visit(*address, &mut visits);
    }
    while let Some(Found { address, .. }) = found.recv().await {
        if asked.insert(address) {
            visit(address, &mut visits);
        }
    }
    let (mut complete, mut patience) = (true, asked.len() * TURNS);
    while let Some(visited) = visits.join_next().await {
        match visited {
            // Its turn with a credential had not come: now fewer others wait.
            Ok((address, Visited::TryAgain)) if patience > 0 => {
                patience -= 1;
                visit(address, &mut visits);
            }
            Ok((address, Visited::Silent)) if known.contains(&address) => complete = false,
            Ok(_) => {}
            Err(_) => complete = false,
        }
    }
    complete
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::DeviceInformation;

    #[test]
    fn what_is_heard_counts_in_blocks_only_and_by_the_queries_that_they_name() {
        let mut block = CameraBlock {
            site: "hq".into(),
            subnets: vec!["10.1.20.0/24".parse().unwrap()],
            credentials: Vec::new(),
            ports: Vec::new(),
            discovery_port: 3702,
            rtsp_port: 554,
            snmp_port: 161,
            vendor_queries: vec![VendorQuery::Dhip],
        };
        let hello = Heard { address: "10.1.20.7".parse().unwrap(), announcement: None };
        let announcement = Announcement {
            protocol: VendorProtocol::Sadp,
            information: DeviceInformation::default(),
            kind: "".into(),
            mac: None,
            activated: None,
        };
        let sadp = Heard { announcement: Some(announcement), ..hello.clone() };
        assert_eq!([&hello, &sadp].map(|heard| is_wanted(None, heard)), [false, false]);
        assert_eq!([&hello, &sadp].map(|heard| is_wanted(Some(&block), heard)), [true, false]);
        block.vendor_queries.push(VendorQuery::Sadp);
        assert!(is_wanted(Some(&block), &sadp));
    }
}
