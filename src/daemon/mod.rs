//! The daemon: one small loop a target, one recorder that owns the database, the control socket, the configuration
//! watch, systemd's notify protocol.

mod alerts;
mod beats;
mod cameras;
pub mod catalogue;
mod credentials;
mod metrics;
pub mod packs;
mod recorder;
mod regime;
pub mod registers;
mod reports;
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
use tokio::sync::{Notify, Semaphore, mpsc, watch};

use crate::collect::switch::SwitchCollector;
use crate::config::{self, Config, Problem, Problems};
use crate::maker::Catalogue;
use crate::net::{TargetName, Timestamp};
use crate::observation::Collection;
use crate::policy::Policies;
use crate::snapshot::Filter;
use crate::store::{Swept, Writer};
use beats::Beats;
use recorder::{Message, Recorder};

/// Collections that may wait for the recorder. A slow disk slows polling; memory stays.
const WAITING: usize = 256;
/// How long clients may take to take the last answers of a daemon that stops.
const ANSWERS: Duration = Duration::from_secs(2);
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
    beats: Beats,
}

/// What is not as it was configured, for whoever looks; empty texts where all is well.
#[derive(Default)]
struct Troubles {
    /// A changed file that was not taken.
    file: String,
    /// Traps that cannot come in.
    traps: String,
    /// Figures that cannot be served.
    metrics: String,
    /// Figures that cannot be written.
    figures: String,
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
        let Troubles { file, traps, metrics, figures, multicast, .. } = &*troubles;
        let now =
            [file, traps, metrics, figures, multicast].map(String::as_str).into_iter().filter(|text| !text.is_empty());
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
        beats: Beats::default(),
    });
    let thread = std::thread::Builder::new().name("recorder".to_owned()).spawn(move || recorder.run(inbox))?;
    // Outside systemd there is nobody to tell, and nothing to be done about that.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    tracing::info!(switches = config.switches.len(), database = %config.daemon.database.display(), "started");

    let stopping = watch::Sender::new(false);
    let outcome = if options.once {
        let outcome = round(&shared, &config).await;
        // What waited for a moment that has come goes out with the rest.
        let _ = messages.send(Message::Tick).await;
        let _ = reports::pass(&config.daemon.database, &messages).await;
        alerts::last_call(&config, &messages).await;
        outcome
    } else {
        let server = socket::Server {
            recorder: messages.clone(),
            shared: Arc::clone(&shared),
            started,
            stopping: stopping.subscribe(),
        };
        regime::watch_over(&shared, in_force, &options, server, listener, shutdown).await;
        Outcome::Complete
    };
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    stopping.send_replace(true);
    let _ = messages.send(Message::Stop).await;
    let ended = tokio::task::spawn_blocking(move || thread.join()).await;
    // What was decided to the last is told to who decided it.
    if tokio::time::timeout(ANSWERS, stopping.closed()).await.is_err() {
        tracing::warn!("clients of the control socket do not take their answers");
    }
    let _ = std::fs::remove_file(&config.daemon.control_socket);
    let in_force = shared.config.borrow().clone();
    metrics::last_word(&in_force.metrics, &config.daemon.database);
    anyhow::ensure!(ended.is_ok_and(|thread| thread.is_ok()), "the recorder ended in disorder");
    Ok(outcome)
}

/// One visit to every switch, one look at every address of every block, one visit to every camera.
async fn round(shared: &Arc<Shared>, config: &Arc<Config>) -> Outcome {
    let (switches, cameras) = tokio::join!(switches::round(shared, config), cameras::round(shared, config));
    if switches && cameras { Outcome::Complete } else { Outcome::Partial }
}
