//! The writer's lock: a file beside the database that the daemon holds as long as it lives. The kernel lets go of it
//! when the process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::StoreError;

/// How long a starting daemon waits: a reader looks at the lock for an instant, and must not keep a daemon out.
const PATIENCE: Duration = Duration::from_secs(1);

fn path_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Takes the lock for this process.
pub(super) fn take(database: &Path) -> Result<File, StoreError> {
    let path = path_of(database);
    let denied = |source| StoreError::Denied { path: path.clone(), what: "written", source };
    let file = OpenOptions::new().create(true).truncate(false).write(true).read(true).open(&path).map_err(denied)?;
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(Duration::from_millis(20)),
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked(database.to_owned())),
            Err(TryLockError::Error(source)) => return Err(StoreError::Denied { path, what: "locked", source }),
        }
    }
}

/// Whether any process holds the lock now.
pub(super) fn is_held(database: &Path) -> bool {
    File::open(path_of(database)).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
