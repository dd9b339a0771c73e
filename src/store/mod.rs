//! SQLite: schema, migrations, the change log, the daemon's half ([`Writer`]) and everybody else's ([`Reader`]).
//! SQL stands in this room and nowhere else.

mod alert;
mod audit;
mod batch;
mod day;
mod engine;
mod held;
mod lock;
mod log;
mod outbox;
mod outline;
mod past;
mod picture;
mod prune;
mod query;
mod read;
mod reader;
mod recent;
mod records;
mod salt;
mod schema;
mod swept;
mod switch;
mod writer;

pub use alert::{Alert, Brief, BriefDevice, BriefPlace, BriefPrevious};
pub use audit::{BadHead, BadKey, Exported, Fault, PublicKey, SignedHead, Verdict, heads_in, verify_file};
pub use batch::{
    Batch, Change, ChangeKind, ConfigurationRecord, CredentialState, CredentialTry, DaemonRecord, DeviceRecord,
    NetworkRecord, Occupant, RequestRecord, SiteRecord, Stored, Swept, TargetKind, TargetRecord, TargetState,
};
pub use engine::EngineStart;
pub use held::{Aside, Condition, Held};
pub use log::LoggedState;
pub use outbox::{Outbox, Told};
pub use reader::{DeviceDetail, Reader};
pub use recent::Logged;
pub use records::{CycleItems, Entry};
pub use switch::SwitchDetail;
pub use writer::{Committed, Writer};

/// What can go wrong with the database, in words for the administrator.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no database at this path.
    #[error("there is no database at {0}: has the daemon run yet?")]
    Missing(std::path::PathBuf),
    /// It was written by a newer program.
    #[error("{path} was written by a newer lenswarden (schema {found}, this one knows {known}): use that one")]
    Newer {
        /// The file.
        path: std::path::PathBuf,
        /// Its `user_version`.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// It was written by an older program whose daemon has not yet migrated it.
    #[error("{path} has schema {found}, this lenswarden needs {known}: restart the daemon, it migrates")]
    Older {
        /// The file.
        path: std::path::PathBuf,
        /// Its `user_version`.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The key of the log's head is damaged.
    #[error(
        "{0} holds no signing key any more: put it back from a copy, or remove it, and the daemon makes a new one and \
         tells so in the log"
    )]
    Key(std::path::PathBuf),
    /// Another daemon holds it.
    #[error("another daemon already uses {0}")]
    Locked(std::path::PathBuf),
    /// The disk is full: nothing was written, nothing is lost.
    #[error("the disk that holds {0} is full: nothing was written, the last commit stands")]
    Full(std::path::PathBuf),
    /// The file may not be read or written.
    #[error("{path} may not be {what}")]
    Denied {
        /// The file.
        path: std::path::PathBuf,
        /// `read` or `written`.
        what: &'static str,
        /// The system's word.
        #[source]
        source: std::io::Error,
    },
    /// Not a database, or a damaged one.
    #[error("{path} cannot be used ({doing})")]
    Database {
        /// The file.
        path: std::path::PathBuf,
        /// What was being done.
        doing: &'static str,
        /// SQLite's word.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// SQLite's word as ours.
    fn from_sqlite(path: &std::path::Path, doing: &'static str, error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(Code::DiskFull) => Self::Full(path),
            Some(Code::ReadOnly) => Self::Denied { path, what: "written", source: std::io::Error::other(error) },
            Some(Code::PermissionDenied) => Self::Denied { path, what: "read", source: std::io::Error::other(error) },
            _ => Self::Database { path, doing, source: Box::new(error) },
        }
    }
}
