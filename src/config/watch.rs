//! The watch on the configuration file and on those it names.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::{RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

/// How long a file must lie still before it is read: editors write in several steps.
const SETTLE: Duration = Duration::from_millis(200);

/// Tells when the configuration file, or one it names, may have changed.
pub struct Watch {
    changes: mpsc::Receiver<()>,
    watched: Watched,
}

/// What is watched: more can be added while another task waits.
#[derive(Clone)]
pub struct Watched {
    names: Arc<Mutex<BTreeSet<OsString>>>,
    /// Folders are watched, not files: editors and configuration tools replace those.
    watcher: Arc<Mutex<notify::RecommendedWatcher>>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}

impl Watched {
    /// Watches a file as well, there or not yet.
    ///
    /// # Errors
    /// The system refuses the watch: its folder is not there, mostly.
    pub fn add(&self, path: &Path) -> notify::Result<()> {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = absolute.parent().unwrap_or(Path::new("/"));
        self.names
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(absolute.file_name().map(std::ffi::OsStr::to_owned));
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner).watch(folder, RecursiveMode::NonRecursive)
    }
}

impl Watch {
    /// Begins to watch the folder the file is in.
    ///
    /// # Errors
    /// The system refuses the watch.
    pub fn new(path: &Path) -> notify::Result<Self> {
        let names: Arc<Mutex<BTreeSet<OsString>>> = Arc::default();
        let known = Arc::clone(&names);
        // One waiting note is enough: the files are read as they stand then.
        let (sender, changes) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let names = known.lock().unwrap_or_else(PoisonError::into_inner);
            let concerns = |event: &notify::Event| {
                !matches!(event.kind, notify::EventKind::Access(_))
                    && event.paths.iter().any(|path| path.file_name().is_some_and(|name| names.contains(name)))
            };
            // An error of the watch may hide a change: reading once too often does no harm.
            if event.as_ref().map_or(true, concerns) {
                let _ = sender.try_send(());
            }
        })?;
        let watched = Watched { names, watcher: Arc::new(Mutex::new(watcher)) };
        watched.add(path)?;
        Ok(Self { changes, watched })
    }

    /// What is watched.
    #[must_use]
    pub fn watched(&self) -> Watched {
        self.watched.clone()
    }

    /// Waits for a file to have changed and to lie still.
    pub async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            return std::future::pending().await;
        }
        while tokio::time::timeout(SETTLE, self.changes.recv()).await.is_ok_and(|note| note.is_some()) {}
    }
}
