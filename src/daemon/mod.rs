//! The daemon: one small loop a target, one recorder that owns the database, the control socket, the configuration
//! watch, systemd's notify protocol.

mod alerts;
mod cameras;
pub mod catalogue;
mod credentials;
pub mod packs;
mod recorder;
pub mod registers;
mod socket;
mod switches;
mod targets;
mod traps;
mod visits;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::collect::switch::SwitchCollector;
use crate::config::{self, Config, Problem, Problems, watch::Watch};
use crate::maker::Catalogue;
use crate::net::{TargetName, Timestamp};
use crate::observation::Collection;
use crate::policy::Policies;
use crate::snapshot::Filter;
use crate::store::{Swept, Writer};
use recorder::{Message, Recorder};

/// Collections that may wait for the recorder. A slow disk slows polling; memory stays.
const WAITING: usize = 256;
/// What the recorder may have said of cameras before anybody listens.
const LEADS: usize = 1_024;

/// What the daemon is started with.
#[derive(Debug, Clone)]
pub struct DaemonOptions {
    /// The configuration file.
    pub config: PathBuf,
    /// One round over every target, then end.
    pub once: bool,
    /// The UDP socket for traps that systemd handed over: used in place of `[traps] listen`.
    pub trap_socket: Option<Arc<std::net::UdpSocket>>,
}

/// How a daemon ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Stopped in good order; with `once`: every target answered.
    Complete,
    /// With `once`: some targets did not answer.
    Partial,
}

/// What the daemon goes by: all of it is checked, and changes, together.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce {
    /// The configuration.
    pub config: Config,
    /// Its policy packs.
    pub policies: Policies,
    /// Its catalogue of makers.
    pub catalogue: Catalogue,
    /// Its registers of assets.
    pub registers: Vec<config::register::Register>,
}

/// Reads the configuration with its policy packs and checks what only the whole program can: packs and filter words.
///
/// # Errors
/// Every problem at once.
pub fn load(path: &Path) -> Result<InForce, Problems> {
    let config = config::load(path)?;
    let (policies, mut problems) = packs::read(path, &config.policies);
    if problems.is_empty() {
        problems.extend(packs::unsaid(path, &config.policies, &policies));
    }
    let catalogue = or_default(catalogue::read(&config.makers), &mut problems);
    let registers = or_default(registers::read(&config.registers, &config.sites), &mut problems);
    for review in &config.reviews {
        if let Err(error) = Filter::parse(&review.select) {
            let place = format!("{} review '{}' select, character {}", path.display(), review.name, error.at + 1);
            problems.push(Problem { place, message: error.message, hint: String::new() });
        }
    }
    if problems.is_empty() { Ok(InForce { config, policies, catalogue, registers }) } else { Err(Problems(problems)) }
}

/// What was read, or nothing in its place and the problems with the others.
fn or_default<T: Default>(read: Result<T, Vec<Problem>>, problems: &mut Vec<Problem>) -> T {
    read.map_err(|found| problems.extend(found)).unwrap_or_default()
}

/// What visits to others mean for cameras.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// A camera may be there now.
    Look(IpAddr),
    /// The camera that was there answers elsewhere.
    Gone(IpAddr),
}

/// What every visit needs, whatever configuration is in force.
struct Shared {
    switches: SwitchCollector,
    /// The configuration in force.
    config: watch::Sender<Arc<Config>>,
    /// Visits under way at once.
    permits: Semaphore,
    /// Greetings sent at once, before the visits.
    greetings: Semaphore,
    recorder: mpsc::Sender<Message>,
    /// Changes when alerts were written into the outbox.
    posted: watch::Receiver<()>,
    /// Salt of credential fingerprints.
    salt: String,
    /// Addresses where cameras answered.
    cameras: Mutex<BTreeSet<IpAddr>>,
    /// When sweeps asked which address, and what it answered.
    swept: Mutex<BTreeMap<IpAddr, Swept>>,
    /// What the recorder has to say of cameras. One looks after them at a time.
    leads: tokio::sync::Mutex<mpsc::Receiver<Lead>>,
    /// Asks a target's loop for a visit now.
    pokes: Mutex<BTreeMap<TargetName, Arc<Notify>>>,
    /// What is shown as wrong with what was configured.
    troubles: tokio::sync::Mutex<Troubles>,
    visiting: AtomicUsize,
    /// Visits that ended: what the watchdog calls progress.
    finished: AtomicUsize,
}

/// What is not as it was configured, for whoever looks; empty texts where all is well.
#[derive(Default)]
struct Troubles {
    /// A changed file that was not taken.
    file: String,
    /// Traps that cannot come in.
    traps: String,
    /// Interfaces where nothing is asked or heard by multicast.
    multicast: String,
    /// What the recorder was last told.
    shown: String,
}

impl Shared {
    /// Changes what is wrong and has it shown. `false`: the daemon is stopping.
    async fn show(&self, change: impl FnOnce(&mut Troubles)) -> bool {
        let mut troubles = self.troubles.lock().await;
        change(&mut troubles);
        self.tell(&mut troubles).await
    }

    /// Has the recorder take a configuration into force: with that, nothing is recorded as wrong with it. `false`: the
    /// daemon is stopping.
    async fn configure(&self, new: InForce) -> bool {
        let mut troubles = self.troubles.lock().await;
        (troubles.file, troubles.shown) = Default::default();
        let message = Message::Configure(Box::new(new));
        self.recorder.send(message).await.is_ok() && self.tell(&mut troubles).await
    }

    /// Tells the recorder what is wrong, if it does not know. Its caller holds the lock meanwhile: the recorder hears
    /// of changes in their order.
    async fn tell(&self, troubles: &mut Troubles) -> bool {
        let Troubles { file, traps, multicast, .. } = &*troubles;
        let now = [file, traps, multicast].map(String::as_str).into_iter().filter(|text| !text.is_empty());
        let now = now.collect::<Vec<_>>().join("\n");
        if now == troubles.shown {
            return true;
        }
        troubles.shown.clone_from(&now);
        self.recorder.send(Message::Problem(now)).await.is_ok()
    }

    fn pokes(&self) -> MutexGuard<'_, BTreeMap<TargetName, Arc<Notify>>> {
        self.pokes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn swept(&self) -> MutexGuard<'_, BTreeMap<IpAddr, Swept>> {
        self.swept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cameras(&self) -> MutexGuard<'_, BTreeSet<IpAddr>> {
        self.cameras.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The note by which a target's loop is asked for a visit now.
    fn poke_of(&self, name: &TargetName) -> Arc<Notify> {
        Arc::clone(self.pokes().entry(name.clone()).or_default())
    }

    /// Asks one target, or all, for a visit now. Returns how many there are.
    fn poke(&self, target: Option<&str>) -> usize {
        let pokes = self.pokes();
        let wanted = pokes.iter().filter(|(name, _)| target.is_none_or(|wanted| name.as_str() == wanted));
        wanted.map(|(_, poke)| poke.notify_one()).count()
    }

    /// Changes how many visits may be under way at once.
    fn resize(&self, concurrency: usize) {
        let before = self.config.borrow().daemon.concurrency;
        for permits in [&self.permits, &self.greetings] {
            if concurrency > before {
                permits.add_permits(concurrency - before);
            } else {
                permits.forget_permits(before - concurrency);
            }
        }
    }

    /// Makes a visit under a permit and hands over what came. `None`: the daemon is stopping.
    async fn visit(&self, visit: impl Future<Output = Collection>) -> Option<Collection> {
        let _permit = self.permits.acquire().await.ok()?;
        let collection = {
            let _visiting = Counted::one_more(&self.visiting);
            visit.await
        };
        self.hand_over(collection).await
    }

    /// Hands a visit over to the recorder. `None`: the daemon is stopping.
    async fn hand_over(&self, collection: Collection) -> Option<Collection> {
        self.finished.fetch_add(1, Ordering::Relaxed);
        self.recorder.send(Message::Visit(Box::new(collection.clone()))).await.ok()?;
        Some(collection)
    }
}

/// One of those counted, for as long as it lives: a visit may be cut short at any moment.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn one_more(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where in the interval a target has its moment: spread evenly, and the same at every start.
fn offset(name: &TargetName, interval: Duration) -> Duration {
    let mut hasher = std::hash::DefaultHasher::new();
    name.hash(&mut hasher);
    interval.mul_f64((hasher.finish() % 10_000) as f64 / 10_000.0)
}

/// Resolves when what runs under a configuration is to end.
async fn ended(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Runs until `shutdown` resolves (or, with `once`, until the round is over and committed).
///
/// # Errors
/// The configuration is bad, the database cannot be used, a socket cannot be bound.
pub async fn run(options: DaemonOptions, shutdown: impl Future<Output = ()>) -> anyhow::Result<Outcome> {
    let in_force = load(&options.config)?;
    let config = in_force.config.clone();
    let writer = Writer::open(&config.daemon.database)?;
    let listener = socket::bind(&config.daemon.control_socket)?;
    let switches = SwitchCollector::bind().await.context("no socket for SNMP")?;
    let host = nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let started = Timestamp::now();
    let (leading, leads) = mpsc::channel(LEADS);
    let mut recorder = Recorder::start(writer, in_force.clone(), host, leading)?;
    let swept = recorder.take_swept().into_iter().map(|swept| (swept.address, swept)).collect();
    for (switch, system, readings) in recorder.readings() {
        switches.recall(switch, &system, &readings);
    }
    let (messages, inbox) = mpsc::channel(WAITING);
    let config = Arc::new(config);
    let shared = Arc::new(Shared {
        switches,
        config: watch::Sender::new(Arc::clone(&config)),
        permits: Semaphore::new(config.daemon.concurrency),
        greetings: Semaphore::new(config.daemon.concurrency),
        recorder: messages.clone(),
        posted: recorder.posted(),
        salt: recorder.salt().to_owned(),
        cameras: Mutex::new(recorder.cameras()),
        swept: Mutex::new(swept),
        leads: tokio::sync::Mutex::new(leads),
        pokes: Mutex::default(),
        troubles: tokio::sync::Mutex::default(),
        visiting: AtomicUsize::new(0),
        finished: AtomicUsize::new(0),
    });
    let thread = std::thread::Builder::new().name("recorder".to_owned()).spawn(move || recorder.run(inbox))?;
    // Outside systemd there is nobody to tell, and nothing to be done about that.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    tracing::info!(switches = config.switches.len(), database = %config.daemon.database.display(), "started");

    let outcome = if options.once {
        let outcome = round(&shared, &config).await;
        alerts::last_call(&config, &messages).await;
        outcome
    } else {
        let server = socket::Server { recorder: messages.clone(), shared: Arc::clone(&shared), started };
        watch_over(&shared, in_force, &options, server, listener, shutdown).await;
        Outcome::Complete
    };
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    let _ = messages.send(Message::Stop).await;
    let ended = tokio::task::spawn_blocking(move || thread.join()).await;
    let _ = std::fs::remove_file(&config.daemon.control_socket);
    anyhow::ensure!(ended.is_ok_and(|thread| thread.is_ok()), "the recorder ended in disorder");
    Ok(outcome)
}

/// One visit to every switch, one look at every address of every block, one visit to every camera.
async fn round(shared: &Arc<Shared>, config: &Arc<Config>) -> Outcome {
    let (switches, cameras) = tokio::join!(switches::round(shared, config), cameras::round(shared, config));
    if switches && cameras { Outcome::Complete } else { Outcome::Partial }
}

/// What runs under one configuration.
struct Regime {
    stop: watch::Sender<bool>,
    switches: JoinSet<()>,
    /// Cut short at any moment they lose nothing: what was not taken waits in the outbox.
    alerts: JoinSet<()>,
    cameras: JoinHandle<()>,
}

impl Regime {
    /// Starts the loops of a configuration. Cameras wait until `before` has let go of them: none is visited twice at
    /// once, and no attempt to log in is cut short.
    fn start(shared: &Arc<Shared>, config: &Arc<Config>, before: Option<JoinHandle<()>>) -> Self {
        let (stop, stopped) = watch::channel(false);
        shared.pokes().clear();
        let mut switches = JoinSet::new();
        for target in &config.switches {
            let poke = shared.poke_of(&target.name);
            switches.spawn(switches::watch(Arc::clone(shared), Arc::clone(config), target.clone(), poke));
        }
        let mut alerts = JoinSet::new();
        for plan in &config.alerts {
            alerts.spawn(alerts::carry(plan.clone(), shared.recorder.clone(), shared.posted.clone()));
        }
        let (shared, config) = (Arc::clone(shared), Arc::clone(config));
        let cameras = tokio::spawn(async move {
            if let Some(before) = before {
                let _ = before.await;
            }
            cameras::watch(shared, config, stopped).await;
        });
        Self { stop, switches, alerts, cameras }
    }

    /// Ends the loops. What is returned resolves when visits to cameras that are under way have ended.
    fn end(mut self) -> JoinHandle<()> {
        self.stop.send_replace(true);
        self.switches.abort_all();
        self.alerts.abort_all();
        self.cameras
    }
}

/// Everything that goes on until the daemon stops.
async fn watch_over(
    shared: &Arc<Shared>,
    mut in_force: InForce,
    options: &DaemonOptions,
    server: socket::Server,
    listener: tokio::net::UnixListener,
    shutdown: impl Future<Output = ()>,
) {
    let path = options.config.as_path();
    let mut config = Arc::new(in_force.config.clone());
    let mut regime = Regime::start(shared, &config, None);
    let listening = tokio::spawn(traps::watch(Arc::clone(shared), options.trap_socket.clone()));
    let accepting = tokio::spawn(socket::accept(listener, Arc::new(server)));
    // The watch lives in a task of its own: waiting for the file to lie still must not be cut short by a tick.
    let (note, mut noted) = mpsc::channel(1);
    let asking = tokio::spawn(note_hangups(note.clone()));
    let watch = Watch::new(path).map_err(|error| tracing::warn!(%error, "the configuration is not watched")).ok();
    let watched = watch.as_ref().map(Watch::watched);
    catalogue::watch(watched.as_ref(), &config);
    let watching = watch.map(|mut watch| {
        tokio::spawn(async move {
            // Looked at once before waiting: it may have changed since it was read and before it was watched.
            while note.send(()).await.is_ok() {
                watch.changed().await;
            }
        })
    });
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let mut seen = usize::MAX;
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(()) = noted.recv() => match load(path) {
                // Everything is compared, not the file alone: a secret or a pack in a file of its own may have changed.
                Ok(new) if new != in_force => {
                    tracing::info!(hash = %new.config.hash, "a changed configuration is in force");
                    in_force = new.clone();
                    config = Arc::new(new.config.clone());
                    catalogue::watch(watched.as_ref(), &config);
                    if !shared.configure(new).await { break; }
                    shared.switches.keep_only(&config.switches);
                    shared.cameras().retain(|address| config.camera_block(*address).is_some());
                    shared.resize(config.daemon.concurrency);
                    shared.config.send_replace(Arc::clone(&config));
                    let before = regime.end();
                    regime = Regime::start(shared, &config, Some(before));
                }
                // The file is again as it is in force: what was wrong with it is over.
                Ok(_) => {
                    if !shared.show(|troubles| troubles.file.clear()).await { break; }
                }
                Err(problems) => {
                    tracing::error!("the changed configuration is not taken, the old one stays in force:\n{problems}");
                    if !shared.show(|troubles| troubles.file = problems.to_string()).await { break; }
                }
            },
            _ = tick.tick() => {
                // The recorder answers only between transactions: a reply is progress.
                let (reply, answer) = oneshot::channel();
                let _ = shared.recorder.try_send(Message::Tick);
                let asked = shared.recorder.try_send(Message::Seq(reply)).is_ok();
                let alive = asked && tokio::time::timeout(Duration::from_secs(1), answer).await.is_ok_and(|seq| seq.is_ok());
                let finished = shared.finished.load(Ordering::Relaxed);
                if alive || finished != seen {
                    let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
                }
                seen = finished;
            }
        }
    }
    // An attempt to log in that is cut short is one whose outcome nobody knows: it may end.
    let patience = config.onvif.deadline + Duration::from_secs(1);
    if tokio::time::timeout(patience, regime.end()).await.is_err() {
        tracing::warn!("visits to cameras did not end in time");
    }
    accepting.abort();
    listening.abort();
    asking.abort();
    if let Some(watching) = watching {
        watching.abort();
    }
}

/// SIGHUP asks for the configuration to be read again: a rotated secret in a file of its own changes nothing the watch
/// sees.
async fn note_hangups(note: mpsc::Sender<()>) {
    let Ok(mut hangups) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) else { return };
    while hangups.recv().await.is_some() {
        if note.send(()).await.is_err() {
            return;
        }
    }
}
