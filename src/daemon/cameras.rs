//! Looking for cameras and visiting them: one sweep a `[[cameras]]` block, one loop an address that answered.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, Semaphore, SemaphorePermit, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::credentials::Handle;
use super::{Shared, ended, offset, targets};
use crate::collect::camera::{CameraCollector, Found};
use crate::config::{Config, Credential};
use crate::observation::{Authentication, CameraVisit, Collection, WithheldReason};

/// Sweeps under way at once: what they send together stays gentle however many blocks there are.
const SWEEPS: usize = 4;
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
            stop,
        })
    }

    /// Sweeps one block and sends what answers.
    async fn sweep(&self, block: usize, found: mpsc::Sender<Found>) {
        let (Some(block), Ok(_permit)) = (self.config.cameras.get(block), self.sweeps.acquire().await) else { return };
        let asked = self.collector.sweep(block, found).await;
        tracing::debug!(site = %block.site, asked, "a block was swept");
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
            let visit = self.collector.visit(block, address, &credentials, &handle).await;
            handle.done().await;
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
        loop {
            tokio::select! {
                biased;
                () = &mut stopped => return,
                () = tokio::time::sleep(pause) => {}
                () = poke.notified() => {}
            }
            let visited = self.visit(address).await;
            if !self.shared.cameras().contains(&address) {
                // Something answered the sweep that is no camera: the next sweep may find another thing there.
                return;
            }
            let every = self.config.daemon.cameras_every;
            pause = if matches!(visited, Visited::TryAgain) { SOON.min(every) } else { every };
        }
    }
}

fn is_to_be_tried_again(visit: &CameraVisit) -> bool {
    matches!(visit.authentication, Authentication::Withheld { reason: WithheldReason::Busy { .. } })
}

/// Watches every block until it is told to stop; visits under way may end.
pub(super) async fn watch(shared: Arc<Shared>, config: Arc<Config>, stop: watch::Receiver<bool>) {
    let cameras = Cameras::new(Arc::clone(&shared), Arc::clone(&config), stop.clone());
    let (sender, mut found) = mpsc::channel::<Found>(WAITING);
    let mut sweeps = JoinSet::new();
    for block in 0..config.cameras.len() {
        let (cameras, sender) = (Arc::clone(&cameras), sender.clone());
        sweeps.spawn(async move {
            loop {
                cameras.sweep(block, sender.clone()).await;
                tokio::time::sleep(cameras.config.daemon.sweep_every).await;
            }
        });
    }
    let mut loops = JoinSet::new();
    let mut watched = BTreeSet::new();
    let start = |address: IpAddr, first: Duration, loops: &mut JoinSet<IpAddr>| {
        let cameras = Arc::clone(&cameras);
        let poke = cameras.shared.poke_of(&targets::camera_name(address));
        loops.spawn(async move {
            cameras.watch(address, first, &poke).await;
            address
        });
    };
    let known: Vec<IpAddr> = shared.cameras().iter().copied().collect();
    for address in known {
        let first = offset(&targets::camera_name(address), FIRST_ROUND.min(config.daemon.cameras_every));
        watched.insert(address);
        start(address, first, &mut loops);
    }
    let stopped = ended(stop);
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => break,
            Some(Found { address, .. }) = found.recv() => {
                if watched.insert(address) {
                    start(address, Duration::ZERO, &mut loops);
                }
            }
            Some(Ok(address)) = loops.join_next() => {
                watched.remove(&address);
                shared.pokes().remove(&targets::camera_name(address));
            }
        }
    }
    drop(sweeps);
    while loops.join_next().await.is_some() {}
}

/// Sweeps every block and visits what answered and what is known. Returns whether every camera answered.
pub(super) async fn round(shared: &Arc<Shared>, config: &Arc<Config>) -> bool {
    let (_keep, stop) = watch::channel(false);
    let cameras = Cameras::new(Arc::clone(shared), Arc::clone(config), stop);
    let (sender, mut found) = mpsc::channel::<Found>(WAITING);
    let mut sweeps = JoinSet::new();
    for block in 0..config.cameras.len() {
        let (cameras, sender) = (Arc::clone(&cameras), sender.clone());
        sweeps.spawn(async move { cameras.sweep(block, sender).await });
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
