//! SQLite: schema, migrations, the change log, the daemon's half ([`Writer`]) and everybody else's ([`Reader`]).
//! SQL stands in this room and nowhere else.

mod alert;
mod audit;
mod batch;
mod day;
mod engine;
mod error;
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
pub use error::StoreError;
pub use held::{Aside, Condition, Held};
pub use log::LoggedState;
pub use outbox::{Outbox, Told};
pub use reader::{DeviceDetail, Reader};
pub use recent::Logged;
pub use records::{CycleItems, Entry};
pub use switch::SwitchDetail;
pub use writer::{Committed, Writer};
