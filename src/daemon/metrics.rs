//! Figures for a monitoring system: served over HTTP, written to a file, or both. They are taken from the database, as
//! every reader's picture is, and now and then only: whoever asks often costs no more.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, timeout};

use super::{Shared, WAITING};
use crate::config::MetricsSettings;
use crate::report::metrics::{METRICS_TYPE, Work, metrics};
use crate::store::{CredentialState, Reader};

/// How long figures are told again as they are, and how many times as long as it took to take them.
const FRESH: Duration = Duration::from_secs(5);
const SHARE: u32 = 20;
/// How often the file is written.
const FILE_EVERY: Duration = Duration::from_secs(15);
/// How soon it is tried again to listen where it was refused.
const RETRY: Duration = Duration::from_secs(30);
/// Who is served at once, and for how long at most.
const MOST_CLIENTS: usize = 8;
const LONGEST: Duration = Duration::from_secs(10);
/// Most octets of a request.
const MOST_OCTETS: usize = 16 * 1024;

/// Figures as they were taken last.
struct Taken {
    at: Instant,
    cost: Duration,
    text: Arc<str>,
}

struct Figures {
    shared: Arc<Shared>,
    database: PathBuf,
    taken: Mutex<Option<Taken>>,
}

/// Takes figures from the database.
fn take(database: &Path, work: &Work) -> anyhow::Result<String> {
    let mut reader = Reader::open(database)?;
    let refused = reader.credentials()?.iter().filter(|attempt| attempt.state == CredentialState::Refused).count();
    Ok(metrics(&reader.outline()?.0, &Work { credentials_refused: refused, ..*work }))
}

impl Figures {
    async fn text(&self) -> anyhow::Result<Arc<str>> {
        let mut taken = self.taken.lock().await;
        if let Some(taken) = &*taken
            && taken.at.elapsed() < FRESH.max(taken.cost * SHARE)
        {
            return Ok(Arc::clone(&taken.text));
        }
        let begun = Instant::now();
        let work = Work {
            queue: WAITING.saturating_sub(self.shared.recorder.capacity()),
            queue_limit: WAITING,
            visits: self.shared.visiting.load(Ordering::Relaxed),
            late: self.shared.beats.late().len(),
            credentials_refused: 0,
        };
        let database = self.database.clone();
        let text: Arc<str> = tokio::task::spawn_blocking(move || take(&database, &work)).await??.into();
        *taken = Some(Taken { at: Instant::now(), cost: begun.elapsed(), text: Arc::clone(&text) });
        Ok(text)
    }
}

/// Serves and writes under whatever configuration is in force, until the task is ended.
pub(super) async fn watch(shared: Arc<Shared>) {
    let mut configs = shared.config.subscribe();
    // The database stays the one that was opened, whatever a later configuration says.
    let database = configs.borrow().daemon.database.clone();
    loop {
        let config = Arc::clone(&configs.borrow_and_update());
        let MetricsSettings { listen, file } = config.metrics.clone();
        if let Some(warning) = config.metrics.warning() {
            tracing::warn!("{warning}");
        }
        let (shared, database) = (Arc::clone(&shared), database.clone());
        let figures = Arc::new(Figures { shared, database, taken: Mutex::default() });
        tokio::select! {
            changed = configs.changed() => if changed.is_err() { return },
            () = serve(&figures, listen) => return,
            () = write(&figures, file.as_deref()) => return,
        }
    }
}

/// Serves as long as the configuration is in force. Ends only with the daemon.
async fn serve(figures: &Arc<Figures>, listen: Option<SocketAddr>) {
    let shared = &figures.shared;
    let mut said = String::new();
    loop {
        let bound = match listen {
            Some(address) => TcpListener::bind(address).await.map(Some).map_err(|error| (address, error)),
            None => Ok(None),
        };
        let trouble = match &bound {
            Ok(_) => String::new(),
            Err((address, error)) => format!("[metrics] listen: {address} cannot be listened at: {error}"),
        };
        if !trouble.is_empty() && trouble != said {
            tracing::error!("{trouble}");
        }
        said.clone_from(&trouble);
        if !shared.show(|troubles| troubles.metrics = trouble).await {
            return;
        }
        match bound {
            Ok(Some(listener)) => accept(figures, &listener).await,
            Ok(None) => std::future::pending().await,
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    }
}

async fn accept(figures: &Arc<Figures>, listener: &TcpListener) {
    let places = Arc::new(Semaphore::new(MOST_CLIENTS));
    // With the listener they end, when another configuration comes.
    let mut clients = tokio::task::JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        while clients.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let figures = Arc::clone(figures);
                clients.spawn(async move {
                    let _ = timeout(LONGEST, answer(figures, stream)).await;
                    drop(place);
                });
            }
            // Too many files are open, or the client has gone: another comes.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn answer(figures: Arc<Figures>, stream: TcpStream) {
    let service = service_fn(|request: Request<hyper::body::Incoming>| {
        let figures = Arc::clone(&figures);
        async move { Ok::<_, Infallible>(respond(&figures, request.method(), request.uri().path()).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(MOST_OCTETS)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a client of the figures broke off");
    }
}

async fn respond(figures: &Figures, method: &Method, path: &str) -> Response<String> {
    let (status, kind, body) = match (method, path) {
        (&Method::GET, "/metrics") => match figures.text().await {
            Ok(text) => (StatusCode::OK, METRICS_TYPE, text.to_string()),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "no figures could be taken");
                (StatusCode::SERVICE_UNAVAILABLE, "text/plain", "the database cannot be read\n".to_owned())
            }
        },
        (_, "/metrics") => (StatusCode::METHOD_NOT_ALLOWED, "text/plain", "GET\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, "text/plain", "/metrics\n".to_owned()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    response
}

/// Writes the file again and again, as long as the configuration is in force.
async fn write(figures: &Figures, file: Option<&Path>) {
    let Some(file) = file else { return std::future::pending().await };
    let mut round = tokio::time::interval(FILE_EVERY);
    round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        round.tick().await;
        let written = match figures.text().await {
            Ok(text) => replace(file, &text),
            Err(error) => Err(error),
        };
        let trouble = written.err().map(|error| format!("[metrics] file: {error:#}")).unwrap_or_default();
        if !figures.shared.show(|troubles| troubles.figures = trouble).await {
            return;
        }
    }
}

/// Puts a text in the place of a file's, whole: nobody ever reads a half of it.
fn replace(file: &Path, text: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    // Another ending: the collector reads what ends in .prom.
    let new = file.with_extension("prom.new");
    let write = || {
        std::fs::write(&new, text)?;
        // Its reader is another user.
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o644))?;
        std::fs::rename(&new, file)
    };
    write().with_context(|| format!("{} cannot be written", file.display()))
}

/// The last figures: the daemon has stopped, and the file does not say that it runs.
pub(super) fn last_word(settings: &MetricsSettings, database: &Path) {
    let Some(file) = &settings.file else { return };
    let written =
        take(database, &Work { queue_limit: WAITING, ..Work::default() }).and_then(|text| replace(file, &text));
    if let Err(error) = written {
        tracing::error!(error = format!("{error:#}"), "the last figures are not written");
    }
}
