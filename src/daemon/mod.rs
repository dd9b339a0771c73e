//! The daemon: one small loop a target, one recorder that owns the database, the control socket, the configuration
//! watch, systemd's notify protocol.

mod alerts;
mod recorder;
mod socket;

use std::collections::BTreeMap;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::collect::switch::SwitchCollector;
use crate::config::{self, Config, PolicyChoice, Problem, Problems, Switch, watch::Watch};
use crate::maker::Catalogue;
use crate::net::{TargetName, Timestamp};
use crate::observation::Collection;
use crate::policy::Policies;
use crate::snapshot::Filter;
use crate::store::Writer;
use recorder::{Message, Recorder};

/// Collections that may wait for the recorder. A slow disk slows polling; memory stays.
const WAITING: usize = 256;
/// Where Debian keeps the IEEE registry, older first.
const REGISTRY_FOLDERS: [&str; 2] = ["/usr/share/ieee-data", "/var/lib/ieee-data"];

/// What the daemon is started with.
#[derive(Debug, Clone)]
pub struct DaemonOptions {
    /// The configuration file.
    pub config: PathBuf,
    /// One round over every target, then end.
    pub once: bool,
}

/// How a daemon ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Stopped in good order; with `once`: every target answered.
    Complete,
    /// With `once`: some targets did not answer.
    Partial,
}

/// Reads the configuration with its policy packs and checks what only the whole program can: packs and filter words.
///
/// # Errors
/// Every problem at once.
pub fn load(path: &Path) -> Result<(Config, Policies), Problems> {
    let config = config::load(path)?;
    let mut problems = Vec::new();
    let mut texts = Vec::new();
    for choice in &config.policies {
        let (place, text) = match choice {
            PolicyChoice::Shipped(id) => (
                id.clone(),
                Policies::shipped_text(id).map(str::to_owned).ok_or_else(|| {
                    (
                        format!("there is no shipped pack '{id}'"),
                        format!("there are {}", Policies::shipped_ids().join(", ")),
                    )
                }),
            ),
            PolicyChoice::File(file) => (
                file.display().to_string(),
                std::fs::read_to_string(file)
                    .map_err(|error| (format!("the pack cannot be read: {error}"), String::new())),
            ),
        };
        match text {
            Ok(text) => texts.push((place, text)),
            Err((message, hint)) => {
                problems.push(Problem { place: format!("{} policy", path.display()), message, hint });
            }
        }
    }
    let policies = Policies::parse(&texts).unwrap_or_else(|found| {
        problems.extend(found.into_iter().map(|(place, message)| Problem { place, message, hint: String::new() }));
        Policies::default()
    });
    for review in &config.reviews {
        if let Err(error) = Filter::parse(&review.select) {
            let place = format!("{} review '{}' select, character {}", path.display(), review.name, error.at + 1);
            problems.push(Problem { place, message: error.message, hint: String::new() });
        }
    }
    if problems.is_empty() { Ok((config, policies)) } else { Err(Problems(problems)) }
}

/// The catalogue, with the host's copy of the IEEE registry where it has one.
fn catalogue() -> Catalogue {
    let files = REGISTRY_FOLDERS
        .iter()
        .flat_map(|folder| ["oui.csv", "mam.csv", "oui36.csv"].map(|name| Path::new(folder).join(name)));
    let texts: Vec<String> = files.filter_map(|file| std::fs::read_to_string(file).ok()).collect();
    Catalogue::shipped().with_registry(&texts)
}

/// What every visit needs.
struct Shared {
    collector: SwitchCollector,
    permits: Semaphore,
    recorder: mpsc::Sender<Message>,
    /// Changes when alerts were written into the outbox.
    posted: watch::Receiver<()>,
    visiting: AtomicUsize,
    /// Visits that ended: what the watchdog calls progress.
    finished: AtomicUsize,
}

impl Shared {
    /// Visits one switch and hands over what came. `false`: it did not answer.
    async fn visit(&self, config: &Config, target: &Switch) -> bool {
        let Ok(_permit) = self.permits.acquire().await else { return false };
        let Some(credential) = config.credential(&target.credential) else { return false };
        self.visiting.fetch_add(1, Ordering::Relaxed);
        let visit = self.collector.visit(&config.snmp, target, credential).await;
        self.visiting.fetch_sub(1, Ordering::Relaxed);
        self.finished.fetch_add(1, Ordering::Relaxed);
        let answered = recorder::all_answered(&visit);
        let sent = self.recorder.send(Message::Visit(Box::new(Collection::Switch(visit)))).await;
        answered && sent.is_ok()
    }
}

/// Where in the interval a target has its moment: spread evenly, and the same at every start.
fn offset(name: &TargetName, interval: Duration) -> Duration {
    let mut hasher = std::hash::DefaultHasher::new();
    name.hash(&mut hasher);
    interval.mul_f64((hasher.finish() % 10_000) as f64 / 10_000.0)
}

/// Visits one switch again and again. `poke` asks for a visit now.
async fn poll(shared: Arc<Shared>, config: Arc<Config>, target: Switch, poke: Arc<Notify>) {
    let every = config.daemon.poll_every;
    // The first round comes within seconds of the start; the moments of later ones are spread over the interval.
    tokio::time::sleep(offset(&target.name, every.min(Duration::from_secs(5)))).await;
    loop {
        shared.visit(&config, &target).await;
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = poke.notified() => {}
        }
    }
}

/// Runs until `shutdown` resolves (or, with `once`, until the round is over and committed).
///
/// # Errors
/// The configuration is bad, the database cannot be used, a socket cannot be bound.
pub async fn run(options: DaemonOptions, shutdown: impl Future<Output = ()>) -> anyhow::Result<Outcome> {
    let (config, policies) = load(&options.config)?;
    let writer = Writer::open(&config.daemon.database)?;
    let listener = socket::bind(&config.daemon.control_socket)?;
    let collector = SwitchCollector::bind().await.context("no socket for SNMP")?;
    let host = nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let started = Timestamp::now();
    let recorder = Recorder::start(writer, config.clone(), policies, catalogue(), host)?;
    let posted = recorder.posted();
    let (messages, inbox) = mpsc::channel(WAITING);
    let thread = std::thread::Builder::new().name("recorder".to_owned()).spawn(move || recorder.run(inbox))?;
    let shared = Arc::new(Shared {
        collector,
        permits: Semaphore::new(config.daemon.concurrency),
        recorder: messages.clone(),
        posted,
        visiting: AtomicUsize::new(0),
        finished: AtomicUsize::new(0),
    });
    let config = Arc::new(config);
    // Outside systemd there is nobody to tell, and nothing to be done about that.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    tracing::info!(switches = config.switches.len(), database = %config.daemon.database.display(), "started");

    let outcome = if options.once {
        let outcome = round(&shared, &config).await;
        alerts::last_call(&config, &messages).await;
        outcome
    } else {
        let server = socket::Server {
            recorder: messages.clone(),
            shared: Arc::clone(&shared),
            config: Arc::clone(&config),
            started,
        };
        tokio::select! {
            () = shutdown => {}
            () = watch_over(&shared, Arc::clone(&config), &options.config, server, listener) => {}
        }
        Outcome::Complete
    };
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    let _ = messages.send(Message::Stop).await;
    let ended = tokio::task::spawn_blocking(move || thread.join()).await;
    let _ = std::fs::remove_file(&config.daemon.control_socket);
    anyhow::ensure!(ended.is_ok_and(|thread| thread.is_ok()), "the recorder ended in disorder");
    Ok(outcome)
}

/// One visit to every switch.
async fn round(shared: &Arc<Shared>, config: &Arc<Config>) -> Outcome {
    let mut visits = JoinSet::new();
    for target in config.switches.clone() {
        let (shared, config) = (Arc::clone(shared), Arc::clone(config));
        visits.spawn(async move { shared.visit(&config, &target).await });
    }
    let mut outcome = Outcome::Complete;
    while let Some(answered) = visits.join_next().await {
        if !answered.unwrap_or(false) {
            outcome = Outcome::Partial;
        }
    }
    outcome
}

/// Everything that goes on until the daemon stops.
async fn watch_over(
    shared: &Arc<Shared>,
    mut config: Arc<Config>,
    path: &Path,
    server: socket::Server,
    listener: tokio::net::UnixListener,
) {
    let server = Arc::new(server);
    let mut loops = JoinSet::new();
    let mut pokes: BTreeMap<TargetName, Arc<Notify>> = BTreeMap::new();
    start_loops(shared, &config, &mut loops, &mut pokes);
    let (poke, mut poked) = mpsc::channel::<Option<String>>(16);
    let accepting = tokio::spawn(socket::accept(listener, server, poke));
    // The watch lives in a task of its own: waiting for the file to lie still must not be cut short by a tick.
    let (note, mut noted) = mpsc::channel(1);
    let watching = Watch::new(path)
        .map_err(|error| tracing::warn!(%error, "the configuration is not watched"))
        .ok()
        .map(|mut watch| {
            tokio::spawn(async move {
                // Looked at once before waiting: it may have changed since it was read and before it was watched.
                while note.send(()).await.is_ok() {
                    watch.changed().await;
                }
            })
        });
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let mut seen = usize::MAX;
    // A file was not taken, and readers are shown why.
    let mut refused = false;
    loop {
        tokio::select! {
            Some(()) = noted.recv() => match load(path) {
                Ok((new, policies)) if new.hash != config.hash => {
                    tracing::info!(hash = %new.hash, "a changed configuration is in force");
                    let message = Message::Configure { config: Box::new(new.clone()), policies };
                    config = Arc::new(new);
                    refused = false;
                    if shared.recorder.send(message).await.is_err() { break; }
                    shared.collector.keep_only(&config.switches);
                    loops.abort_all();
                    loops = JoinSet::new();
                    pokes.clear();
                    start_loops(shared, &config, &mut loops, &mut pokes);
                }
                Ok(_) if refused => {
                    tracing::info!("the configuration is again the one in force");
                    refused = false;
                    if shared.recorder.send(Message::Problem(String::new())).await.is_err() { break; }
                }
                Ok(_) => {}
                Err(problems) => {
                    refused = true;
                    tracing::error!("the changed configuration is not taken, the old one stays in force:\n{problems}");
                    if shared.recorder.send(Message::Problem(problems.to_string())).await.is_err() { break; }
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
            Some(target) = poked.recv() => {
                for (name, poke) in &pokes {
                    if target.as_ref().is_none_or(|wanted| wanted == name.as_str()) {
                        poke.notify_one();
                    }
                }
            }
        }
    }
    accepting.abort();
    if let Some(watching) = watching {
        watching.abort();
    }
}

fn start_loops(
    shared: &Arc<Shared>,
    config: &Arc<Config>,
    loops: &mut JoinSet<()>,
    pokes: &mut BTreeMap<TargetName, Arc<Notify>>,
) {
    for target in &config.switches {
        let poke = Arc::new(Notify::new());
        pokes.insert(target.name.clone(), Arc::clone(&poke));
        loops.spawn(poll(Arc::clone(shared), Arc::clone(config), target.clone(), poke));
    }
    for plan in &config.alerts {
        loops.spawn(alerts::carry(plan.clone(), shared.recorder.clone(), shared.posted.clone()));
    }
}
