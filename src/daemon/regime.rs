//! What goes on until the daemon stops: the loops of one configuration after another, the watch on the configuration,
//! the second's tick that tells who is late.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::beats::{self, Late, Task};
use super::recorder::Message;
use super::{
    DaemonOptions, InForce, Shared, alerts, cameras, catalogue, load, metrics, reports, socket, switches, traps,
};
use crate::config::{Config, watch::Watch};

/// How long the recorder may be at one transaction.
const LONGEST_COMMIT: Duration = Duration::from_secs(60);

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
            let task = switches.spawn(switches::watch(Arc::clone(shared), Arc::clone(config), target.clone(), poke));
            shared.beats.keep(Task::Switch(target.name.clone()), task);
        }
        let mut alerts = JoinSet::new();
        for plan in &config.alerts {
            let task = alerts.spawn(alerts::carry(plan.clone(), Arc::clone(shared)));
            shared.beats.keep(Task::Alerts(plan.name.clone()), task);
        }
        let (all, config) = (Arc::clone(shared), Arc::clone(config));
        let cameras = tokio::spawn(async move {
            if let Some(before) = before {
                let _ = before.await;
                all.beats.forget(|task| matches!(task, Task::Sweep(_)));
            }
            cameras::watch(all, config, stopped).await;
        });
        shared.beats.keep(Task::Cameras, cameras.abort_handle());
        Self { stop, switches, alerts, cameras }
    }

    /// Ends the loops. What is returned resolves when visits to cameras that are under way have ended.
    async fn end(mut self, shared: &Shared) -> JoinHandle<()> {
        self.stop.send_replace(true);
        tokio::join!(self.switches.shutdown(), self.alerts.shutdown());
        shared.beats.forget(Task::is_of_a_configuration);
        self.cameras
    }
}

/// Everything that goes on until the daemon stops.
pub(super) async fn watch_over(
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
    let measuring = tokio::spawn(metrics::watch(Arc::clone(shared)));
    shared.beats.keep(Task::Metrics, measuring.abort_handle());
    let reporting = tokio::spawn(reports::watch(Arc::clone(shared)));
    shared.beats.keep(Task::Reports, reporting.abort_handle());
    shared.beats.keep(Task::Traps, listening.abort_handle());
    shared.beats.keep(Task::Control, accepting.abort_handle());
    shared.beats.note(Task::Recorder, LONGEST_COMMIT);
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
    if let Some(watching) = &watching {
        shared.beats.keep(Task::Watch, watching.abort_handle());
    }
    let mut tardiness = Tardiness::default();
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
                    shared.swept().retain(|address, _| config.camera_block(*address).is_some());
                    shared.cameras().retain(|address| config.camera_block(*address).is_some());
                    shared.resize(config.daemon.concurrency);
                    shared.config.send_replace(Arc::clone(&config));
                    let before = regime.end(shared).await;
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
                if alive {
                    shared.beats.note(Task::Recorder, LONGEST_COMMIT);
                }
                let late = shared.beats.late();
                // What only a new start mends is systemd's to see.
                if (alive || finished != seen) && !late.iter().any(Late::is_fatal) {
                    let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
                }
                seen = finished;
                tardiness.tell(shared, &late);
            }
        }
    }
    // An attempt to log in that is cut short is one whose outcome nobody knows: it may end.
    let patience = config.onvif.deadline + Duration::from_secs(1);
    if tokio::time::timeout(patience, regime.end(shared).await).await.is_err() {
        tracing::warn!("visits to cameras did not end in time");
    }
    accepting.abort();
    listening.abort();
    measuring.abort();
    reporting.abort();
    asking.abort();
    if let Some(watching) = watching {
        watching.abort();
    }
}

/// Who was late at the last tick.
#[derive(Default)]
struct Tardiness {
    late: Vec<Late>,
    /// The recorder was told so.
    told: bool,
}

impl Tardiness {
    /// Tells of what is late now and was not before, and of what came round again.
    fn tell(&mut self, shared: &Shared, late: &[Late]) {
        if late == self.late && self.told {
            return;
        }
        for now in late.iter().filter(|now| !self.late.contains(now)) {
            tracing::error!("late: {now}");
        }
        for before in self.late.iter().filter(|before| !late.iter().any(|now| now.task == before.task)) {
            tracing::info!("no longer late: {}", before.task);
        }
        self.late = late.to_vec();
        // A recorder that is late itself has no room for it: it is told when it has.
        self.told = shared.recorder.try_send(Message::Late(beats::in_words(late))).is_ok();
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
