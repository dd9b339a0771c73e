//! The watch on the configuration file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

/// How long a file must lie still before it is read: editors write in several steps.
const SETTLE: Duration = Duration::from_millis(200);

/// Tells when the configuration file may have changed.
pub struct Watch {
    changes: mpsc::Receiver<()>,
    /// The folder is watched, not the file: editors and configuration tools replace it.
    _watcher: notify::RecommendedWatcher,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl Watch {
    /// Begins to watch the folder the file is in.
    ///
    /// # Errors
    /// The system refuses the watch.
    pub fn new(path: &Path) -> notify::Result<Self> {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = absolute.parent().map_or_else(|| PathBuf::from("/"), Path::to_owned);
        let name = absolute.file_name().map(std::ffi::OsStr::to_owned);
        // One waiting note is enough: the file is read as it stands then.
        let (sender, changes) = mpsc::channel(1);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let concerns = |event: &notify::Event| {
                !matches!(event.kind, notify::EventKind::Access(_))
                    && event.paths.iter().any(|path| path.file_name() == name.as_deref())
            };
            // An error of the watch may hide a change: reading once too often does no harm.
            if event.as_ref().map_or(true, concerns) {
                let _ = sender.try_send(());
            }
        })?;
        watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        Ok(Self { changes, _watcher: watcher })
    }

    /// Waits for the file to have changed and to lie still.
    pub async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            return std::future::pending().await;
        }
        while tokio::time::timeout(SETTLE, self.changes.recv()).await.is_ok_and(|note| note.is_some()) {}
    }
}
