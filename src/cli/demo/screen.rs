//! The demo on a screen: the estate lives, the daemon polls it, the console shows it.

use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::oneshot;

use super::super::{runtime, say, what_if};
use super::prepare;
use crate::console::{self, ConsoleOptions};
use crate::control::Request;
use crate::control::client::Client;
use crate::daemon::{self, DaemonOptions};
use crate::lab::{Lab, Size};
use crate::review::FindingState;
use crate::store::Reader;

/// How long the daemon may take to make its database.
const PATIENCE: Duration = Duration::from_secs(30);
/// When the first thing happens in the estate, and how far apart the others are.
const FIRST_EVENT: Duration = Duration::from_secs(12);
const BETWEEN_EVENTS: Duration = Duration::from_secs(10);
/// The reviews of the lab's configuration.
const REVIEWS: [&str; 2] = ["sensitive-sites", "standard-sites"];

/// `[daemon]` settings: short enough to watch, long enough for the size.
fn intervals(size: Size) -> &'static str {
    match size {
        Size::Small => "poll-every = \"2s\"\ncameras-every = \"20s\"\nsweep-every = \"5s\"\n",
        Size::Campus => "poll-every = \"5s\"\ncameras-every = \"1m\"\nsweep-every = \"10s\"\n",
        Size::Ministry => "poll-every = \"1m\"\ncameras-every = \"5m\"\nsweep-every = \"1m\"\n",
    }
}

pub(super) fn run(size: Size, no_color: bool) -> Result<ExitCode> {
    let runtime = runtime()?;
    say("starting a simulated estate; nothing of it leaves this machine, and it is gone when you quit");
    let (folder, lab) = runtime.block_on(prepare(size, intervals(size)))?;
    let (stop, stopped) = oneshot::channel::<()>();
    let options = DaemonOptions { config: folder.config(), once: false, trap_socket: None };
    let daemon = runtime.spawn(daemon::run(options, async {
        let _ = stopped.await;
    }));
    let begun = Instant::now();
    while Reader::open(&folder.database()).is_err() && !daemon.is_finished() && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(50));
    }
    let (notices, shown) = std::sync::mpsc::channel();
    let living = runtime.spawn(live(lab, notices));
    let (database, socket) = (folder.database(), folder.control_socket());
    let reviews = runtime.spawn_blocking(move || open_reviews(&database, &socket));
    // A daemon that could not start says why below.
    let console = if daemon.is_finished() {
        Ok(None)
    } else {
        console::run(ConsoleOptions {
            trial: what_if::trial(&folder.config()),
            database: folder.database(),
            control_socket: folder.control_socket(),
            no_color,
            keep: false,
            notices: Some(shown),
        })
    };
    drop(stop);
    let ended = runtime.block_on(daemon).context("the daemon broke down")?;
    living.abort();
    reviews.abort();
    runtime.shutdown_timeout(Duration::from_secs(1));
    drop(folder);
    console?;
    ended?;
    Ok(ExitCode::SUCCESS)
}

/// Lets things happen in the estate for as long as somebody watches.
async fn live(lab: Lab, notices: Sender<String>) {
    tokio::time::sleep(FIRST_EVENT).await;
    while notices.send(lab.step()).is_ok() {
        tokio::time::sleep(BETWEEN_EVENTS).await;
    }
}

/// Opens the lab's reviews as soon as there are findings to review: their own moments may be months away.
fn open_reviews(database: &Path, socket: &Path) {
    let begun = Instant::now();
    let some = |database: &Path| {
        let mut reader = Reader::open(database).ok()?;
        let snapshot = reader.snapshot().ok()?;
        Some(snapshot.findings.values().filter(|finding| finding.state == FindingState::Open).count() >= 5)
    };
    while some(database) != Some(true) {
        if begun.elapsed() > PATIENCE {
            return;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    // A demo without its reviews is still a demo.
    if let Ok(mut client) = Client::connect(socket) {
        for review in REVIEWS {
            let _ = client.ask(&Request::Run { review: review.to_owned() });
        }
    }
}
