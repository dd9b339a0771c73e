//! What one transaction writes and what a starting daemon reads back: plain values.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::audit::SignedHead;
use super::held::{Condition, Held};
use super::outbox::{Outbox, Told};
use crate::config::{Basis, NetworkKind, Sensitivity};
use crate::inventory::{AddressBinding, Device, Merge, Presence, Registered, RowChange, SwitchRecord};
use crate::net::{CredentialId, DeviceId, DeviceText, NetworkId, SiteId, TargetName, Timestamp};
use crate::observation::{CameraStanding, Readings, SweepAnswer, Table, TableState};
use crate::policy::{Loosened, Status};
use crate::review::{Author, Cycle, Decision, Finding};
use crate::snapshot::Looked;

/// Everything one transaction writes, its change log rows included. Records are whole: the new state of their subject.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The moment of the commit.
    pub at: Timestamp,
    /// Devices that are new or differ.
    pub devices: Vec<DeviceRecord>,
    /// Devices that became another one.
    pub merged: Vec<Merge>,
    /// Devices that turned out to be a switch's own interface, or are forgotten.
    pub retired: Vec<DeviceId>,
    /// Forwarding rows.
    pub presence: Vec<RowChange<Presence>>,
    /// Address bindings.
    pub addresses: Vec<RowChange<AddressBinding>>,
    /// What is remembered of switches.
    pub switches: Vec<SwitchRecord>,
    /// Findings that are new or differ.
    pub findings: Vec<Finding>,
    /// Decisions made.
    pub decisions: Vec<Decision>,
    /// Cycles that are new or differ.
    pub cycles: Vec<Cycle>,
    /// Targets that were visited; logged only where their state differs from before.
    pub targets: Vec<TargetRecord>,
    /// Targets no longer configured.
    pub dropped_targets: Vec<TargetName>,
    /// Credential attempts: `Claimed` is committed before the credential leaves.
    pub credentials: Vec<CredentialTry>,
    /// The configuration in force, when it changed.
    pub configuration: Option<ConfigurationRecord>,
    /// The daemon's own state, when it changed.
    pub daemon: Option<DaemonRecord>,
    /// What was asked over the control socket.
    pub requests: Vec<RequestRecord>,
    /// Devices whose earlier records are forgotten; what the log keeps of them is their hashes. Of one that is retired
    /// with it every row goes.
    pub forgotten: Vec<DeviceId>,
    /// A signed head that is told to others with this batch: it vouches for the log itself, so it is not in it.
    pub published: Option<SignedHead>,
    /// Addresses that a sweep asked: where it goes on, not state, so not in the change log.
    pub swept: Vec<Swept>,
    /// Addresses that no sweep asks any more: what was remembered of them goes.
    pub unswept: Vec<IpAddr>,
    /// What of each site was looked at: counted anew at any time, so not in the change log.
    pub looked: Option<Looked>,
    /// Alerts these changes cause: delivery, not state, so not in the change log.
    pub outbox: Outbox,
}

impl Batch {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self { at: self.at, ..Self::default() }
    }
}

/// An address of a `[[cameras]]` block and its last answer to a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// The address.
    pub address: IpAddr,
    /// When a sweep asked it last.
    pub at: Timestamp,
    /// When it last answered one, and with what; `None`: never.
    pub answered: Option<(Timestamp, SweepAnswer)>,
}

/// A device and the count word it falls under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRecord {
    /// The device.
    pub device: Device,
    /// Restricted, suspected, unknown or not restricted.
    pub status: Status,
    /// What a register says of when it was installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<Registered>,
}

/// What kind of target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// `[[switch]]`, over SNMP.
    Switch,
    /// An address of a `[[cameras]]` block that answered, over ONVIF.
    Camera,
}

/// How a target stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetState {
    /// Not visited yet.
    Waiting,
    /// Answered, all tables that exist seen whole.
    Answering,
    /// Answered, something was cut off or failed.
    Partial,
    /// Did not answer.
    Silent,
    /// Refused the credential.
    Refused,
}

/// A device at a camera target's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occupant {
    /// The device.
    pub device: DeviceId,
    /// Since when it answers there.
    pub since: Timestamp,
}

/// A target and its last visit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetRecord {
    /// Its name (cameras: the address as text).
    pub name: TargetName,
    /// Switch or camera.
    pub kind: TargetKind,
    /// Where it is asked, `address:port` for switches.
    pub address: String,
    /// Its site.
    pub site: SiteId,
    /// Which device answered there last; cameras only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupant: Option<Occupant>,
    /// How it stands.
    pub state: TargetState,
    /// Since when it stands so.
    pub since: Timestamp,
    /// Why, in words; empty while it answers in full.
    pub why: String,
    /// Last visit.
    pub last_attempt: Option<Timestamp>,
    /// Last visit that was answered.
    pub last_ok: Option<Timestamp>,
    /// Last visit that saw the forwarding database whole (switches) or was answered (cameras): what "last seen" rests on.
    pub last_complete: Option<Timestamp>,
    /// Requests of the last visit.
    pub requests: u32,
    /// Duration of the last visit, in milliseconds.
    pub took_ms: u64,
    /// How much of each table was seen.
    pub tables: BTreeMap<Table, TableState>,
    /// How its numbers were read.
    #[serde(default)]
    pub readings: Readings,
    /// What is remembered of it as a camera.
    #[serde(default)]
    pub camera: CameraStanding,
}

/// How a credential stands at a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialState {
    /// About to be sent; if it stays so, the daemon ended before it knew.
    Claimed,
    /// Taken.
    Accepted,
    /// Refused: not used there again until the operator acts.
    Refused,
    /// The operator allows one more attempt.
    Cleared,
}

/// A credential at a camera.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialTry {
    /// The camera's address.
    pub address: IpAddr,
    /// Its WS-Discovery endpoint reference, by which it is known again at another address.
    #[serde(default)]
    pub endpoint: Option<DeviceText>,
    /// The credential.
    pub credential: CredentialId,
    /// Fingerprint of its content: a changed password is another credential.
    pub fingerprint: String,
    /// How it stands.
    pub state: CredentialState,
    /// Since when.
    pub at: Timestamp,
    /// What the camera said, or who cleared it.
    pub text: DeviceText,
    /// Attempts whose outcome never became known.
    pub unknown_outcomes: u32,
}

/// A site as readers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteRecord {
    /// Its id.
    pub id: SiteId,
    /// What people call it.
    pub name: String,
    /// Sensitive or standard.
    pub sensitivity: Sensitivity,
    /// The limb.
    pub basis: Option<Basis>,
}

/// A network as readers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkRecord {
    /// Its id.
    pub id: NetworkId,
    /// What it is for.
    pub kind: NetworkKind,
    /// Its site.
    pub site: Option<SiteId>,
}

/// The configuration in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationRecord {
    /// Hash of the file.
    pub hash: String,
    /// Whose estate it is.
    #[serde(default)]
    pub department: String,
    /// Sites.
    pub sites: Vec<SiteRecord>,
    /// Networks.
    pub networks: Vec<NetworkRecord>,
    /// Packs in force, `id` and hash.
    pub policies: Vec<(String, String)>,
    /// What of the shipped packs does not hold, with who decided so and why.
    #[serde(default)]
    pub loosened: Vec<Loosened>,
    /// Hash of the catalogue of makers in force, its registry included.
    #[serde(default)]
    pub makers: String,
    /// The day its IEEE registry is of.
    #[serde(default)]
    pub registry: Option<jiff::civil::Date>,
    /// How many switches and camera addresses it names, for coverage.
    pub switches: u32,
    /// Reviews and since when each is configured: what a schedule's first moment is counted from.
    #[serde(default)]
    pub reviews: BTreeMap<String, Timestamp>,
    /// What is wrong with a newer file that was not taken; empty when all is well.
    pub problem: String,
}

/// The daemon's own state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonRecord {
    /// The host it runs on.
    pub host: String,
    /// Program version.
    pub version: String,
    /// When it started.
    pub started: Timestamp,
    /// When it stopped in good order; `None` while it runs (or was killed).
    pub stopped: Option<Timestamp>,
    /// How often switches are visited, in seconds: what freshness is measured by.
    pub poll_every_s: u64,
    /// How often cameras are, in seconds.
    #[serde(default)]
    pub cameras_every_s: u64,
    /// What of its own work has not come round for too long, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<String>,
}

/// What kind of change a change log row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// A device's identity, maker or place: body is its whole record.
    Device,
    /// Two devices became one.
    Merge,
    /// A device turned out to be a switch's own interface, or is forgotten.
    Retired,
    /// A finding.
    Finding,
    /// A decision.
    Decision,
    /// A review cycle.
    Cycle,
    /// A target's state.
    Target,
    /// A target is no longer configured.
    TargetDropped,
    /// A credential at a camera.
    Credential,
    /// Configuration, sites, networks and policies.
    Configuration,
    /// The daemon started or stopped.
    Daemon,
    /// Somebody asked over the control socket to change something: body is a [`RequestRecord`].
    Request,
    /// The key that the log's head is signed with from here on: body is the public half, in PEM.
    Key,
    /// Bodies were pruned by age.
    Pruned,
    /// The earlier bodies of a device were forgotten.
    Forgotten,
}

impl ChangeKind {
    /// Whether bodies of this kind may go when they are old, or with their device. All others stay for good: they are
    /// what was decided, what it rested on, and who did what.
    #[must_use]
    pub fn is_prunable(self) -> bool {
        matches!(self, Self::Device | Self::Target)
    }

    /// The kinds that tell of the end of a record of this kind.
    pub(super) fn ends(self) -> &'static [Self] {
        match self {
            Self::Device => &[Self::Merge, Self::Retired],
            Self::Target => &[Self::TargetDropped],
            _ => &[],
        }
    }
}

/// What somebody asked to change over the control socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// Who, as the kernel names the peer.
    pub author: Author,
    /// What was asked (`decide`, `run`, `retry`, `poll`).
    pub asked: String,
    /// What became of it: `done`, or why it was refused.
    pub outcome: String,
    /// Requests of this user before it that were not written down one by one, there being too many.
    #[serde(default)]
    pub unwritten: u64,
}

/// One row of the change log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Gap-free within the database's epoch, from 1.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What kind.
    pub kind: ChangeKind,
    /// What it is about (`17`, `hq-sw1`).
    pub subject: String,
    /// The new state of the subject, as JSON; `None` once pruned.
    pub body: Option<String>,
}

/// What a starting daemon reads back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stored {
    /// Devices.
    pub devices: Vec<DeviceRecord>,
    /// The next id a device gets: past every id ever given.
    pub next_device: u64,
    /// Open forwarding rows.
    pub presence: Vec<Presence>,
    /// Open address bindings.
    pub addresses: Vec<AddressBinding>,
    /// Switches.
    pub switches: Vec<SwitchRecord>,
    /// Findings, closed ones too.
    pub findings: Vec<Finding>,
    /// Decisions ever made.
    pub decisions: Vec<Decision>,
    /// Cycles.
    pub cycles: Vec<Cycle>,
    /// Targets.
    pub targets: Vec<TargetRecord>,
    /// Credentials at cameras.
    pub credentials: Vec<CredentialTry>,
    /// The configuration last in force.
    pub configuration: Option<ConfigurationRecord>,
    /// The daemon's last word.
    pub daemon: Option<DaemonRecord>,
    /// What carriers of alerts were told lately.
    pub told: Vec<Told>,
    /// Findings that carriers are told of later.
    pub held: Vec<Held>,
    /// What is wrong with the work itself.
    pub conditions: Vec<Condition>,
    /// How far sweeps came.
    pub swept: Vec<Swept>,
    /// What of each site was looked at, when it was last counted.
    pub looked: Option<Looked>,
}
