//! What can go wrong with the database, in words for the administrator: what it is, why, and what to type. Console and
//! command line say the same.

use std::path::{Path, PathBuf};

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no database at this path.
    #[error("there is no database at {0}: has the daemon run yet?")]
    Missing(PathBuf),
    /// Not even its folder is there.
    #[error("there is no database at {path}: its folder {folder} is not there either")]
    NoFolder {
        /// The file.
        path: PathBuf,
        /// Its folder.
        folder: PathBuf,
    },
    /// It was written by a newer program.
    #[error("{path} was written by a newer lenswarden (schema {found}, this one knows {known}): use that one")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its `user_version`.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// It was written by an older program whose daemon has not yet migrated it.
    #[error("{path} has schema {found}, this lenswarden needs {known}: restart the daemon, it migrates")]
    Older {
        /// The file.
        path: PathBuf,
        /// Its `user_version`.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// No SQLite file, or one of another program.
    #[error("{0} is no database of lenswarden")]
    Foreign(PathBuf),
    /// SQLite finds that its pages do not fit together, or a record in it cannot be read.
    #[error("{path} is damaged (found while {doing})")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// SQLite's word.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The last commits lie beside it, and who may only read cannot take them in.
    #[error(
        "the last commits to {0} lie in its -wal file, and reading that takes a daemon or the right to write there"
    )]
    Unmerged(PathBuf),
    /// Another program keeps it to itself.
    #[error("another program keeps {0} locked")]
    Busy(PathBuf),
    /// The key of the log's head is damaged.
    #[error(
        "{0} holds no signing key any more: put it back from a copy, or remove it, and the daemon makes a new one and \
         tells so in the log"
    )]
    Key(PathBuf),
    /// Another daemon holds it.
    #[error("another daemon already uses {0}")]
    Locked(PathBuf),
    /// The disk is full: nothing was written, nothing is lost.
    #[error("the disk that holds {0} is full: nothing was written, the last commit stands")]
    Full(PathBuf),
    /// The file may not be read or written.
    #[error("{path} may not be {what}")]
    Denied {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        what: &'static str,
        /// The system's word.
        #[source]
        source: std::io::Error,
    },
    /// Anything else.
    #[error("{path} cannot be used ({doing})")]
    Database {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// SQLite's word.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// SQLite's word as ours.
    pub(super) fn from_sqlite(path: &Path, doing: &'static str, error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(Code::DiskFull) => Self::Full(path),
            // The files beside the database fail in other words: they are mapped into memory.
            Some(Code::SystemIoFailure | Code::CannotOpen) if is_full(&path) => Self::Full(path),
            Some(Code::ReadOnly) => Self::Denied { path, what: "written", source: std::io::Error::other(error) },
            Some(Code::PermissionDenied) => Self::Denied { path, what: "read", source: std::io::Error::other(error) },
            Some(Code::NotADatabase) => Self::Foreign(path),
            Some(Code::DatabaseCorrupt) => Self::Damaged { path, doing, source: Box::new(error) },
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy(path),
            None if matches!(error, rusqlite::Error::FromSqlConversionFailure(..)) => {
                Self::Damaged { path, doing, source: Box::new(error) }
            }
            _ => Self::Database { path, doing, source: Box::new(error) },
        }
    }

    /// The system's word at opening as ours.
    pub(super) fn from_opening(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        if source.kind() != std::io::ErrorKind::NotFound {
            return Self::Denied { path, what: "read", source };
        }
        match path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
            Some(folder) => Self::NoFolder { folder: folder.to_owned(), path },
            None => Self::Missing(path),
        }
    }

    /// What it is and why, in one line.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = self.to_string();
        let (mut last, mut source) = (String::new(), std::error::Error::source(self));
        while let Some(cause) = source {
            // SQLite's code says once more what its message said.
            let text = cause.to_string();
            if last.is_empty() || !text.ends_with(&last) {
                words = format!("{words}: {text}");
            }
            (last, source) = (text, cause.source());
        }
        words
    }

    /// What to type.
    #[must_use]
    pub fn mend(&self) -> String {
        let which = "Is [daemon] database in the configuration the right file?";
        match self {
            Self::Missing(_) => {
                "Start the daemon: sudo systemctl start lenswarden. To look round without one: lenswarden demo"
                    .to_owned()
            }
            Self::NoFolder { .. } => format!(
                "{which} lenswarden.service makes the folder /var/lib/lenswarden: sudo systemctl start lenswarden. \
                 To look round without one: lenswarden demo"
            ),
            Self::Denied { what: "read", .. } => {
                "Members of the group lenswarden may read: sudo usermod -aG lenswarden \"$USER\", then log in again"
                    .to_owned()
            }
            Self::Denied { path, .. } => {
                format!("Only the daemon writes there: ls -l {}; journalctl -u lenswarden", folder(path))
            }
            Self::Older { .. } => "sudo systemctl restart lenswarden".to_owned(),
            Self::Newer { .. } => {
                "Use the lenswarden that the daemon was started from: systemctl cat lenswarden".to_owned()
            }
            Self::Foreign(path) => format!("{which} file {} tells what it is", path.display()),
            Self::Damaged { path, .. } => {
                format!("Stop the daemon, put {} back from a copy, then: lenswarden audit verify", path.display())
            }
            Self::Busy(path) => format!("sudo fuser -v {} tells which program; it is tried again", path.display()),
            Self::Unmerged(_) => "sudo systemctl start lenswarden takes them in".to_owned(),
            Self::Locked(_) => "systemctl status lenswarden: it runs already".to_owned(),
            Self::Full(path) => {
                format!("Make room, the daemon goes on by itself: df -h {}", folder(path))
            }
            Self::Key(_) | Self::Database { .. } => {
                format!("{which} journalctl -u lenswarden tells what the daemon says")
            }
        }
    }
}

/// A disk with less space than this, in octets, takes no transaction any more.
const LEAST_SPACE: u64 = 64 * 1024;

/// Whether a file's disk has no space for another transaction.
pub(super) fn is_full(path: &Path) -> bool {
    nix::sys::statvfs::statvfs(path)
        .is_ok_and(|system| system.blocks_available().saturating_mul(system.fragment_size()) < LEAST_SPACE)
}

fn folder(path: &Path) -> String {
    path.parent().unwrap_or(path).display().to_string()
}
