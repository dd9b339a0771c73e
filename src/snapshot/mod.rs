//! What a reader sees at one instant: rows, totals, sort and filter. Pure.
//!
//! The store fills a [`Snapshot`] and keeps it current; console, reports and the command line only read it.

mod attested;
mod changes;
mod coverage;
mod curve;
mod exposure;
mod faceplate;
mod filter;
mod finding_order;
mod hidden;
mod index;
mod look_up;
mod part;
mod placement;
mod plain;
mod queue;
mod removal;
mod returns;
mod seen;
mod site_coverage;
mod sites;
mod sort;
mod unseen;

pub use changes::{Changes, Frame, Visited};
pub use coverage::{Ailment, Coverage, DaemonState, Share};
pub use curve::{Curve, Day, Stay};
pub use exposure::{Exposure, ExposureKey, ExposureOrder, ExposureRow, Group, Tally, group_of};
pub use faceplate::{Faceplate, Jack, Sign, Unit};
pub use filter::{Candidate, Completion, Filter, FilterError, Known};
pub use finding_order::{FindingOrder, Pressing};
pub use index::{Index, Scope};
pub use look_up::{Hit, Hits, Score, Sought};
pub use part::{AtSite, Part, PartOrder};
pub use placement::{Placement, PlacementKey};
pub use plain::{Kinds, Plain};
pub use queue::{By, Progress, Queue};
pub use removal::{DayRow, Flow, Removal};
pub use returns::{
    Changed, Consideration, Happened, INSTRUCTION, Installed, Item, NetworkReturn, Return, SiteReturn, Standing,
};
pub use seen::Seen;
pub use site_coverage::{Factor, FactorKind, Gap, Looked, RegisterLooked, SiteCoverage, SiteLooked};
pub use sites::{SiteCounts, SiteOrder};
pub use sort::{DeviceOrder, Said, TargetOrder, in_order};
pub use unseen::{Unseen, UnseenKey, UnseenKind, UnseenOrder};

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::config::{Basis, NetworkKind, Sensitivity};
use crate::inventory::{Device, Place, Registered};
use crate::maker::{Class, Surveillance, Verdict};
use crate::net::{
    CycleId, DeviceId, DeviceText, FindingId, MacAddr, MakerId, Names, NetworkId, SiteId, TargetName, Timestamp,
};
use crate::observation::{CameraStanding, Readings, Table, TableState};
use crate::policy::{Loosened, Status};
use crate::review::{Cycle, Decision, Finding};

/// A value of a list (a state, a class, a kind) as the one word people read everywhere: the one it serialises to.
#[must_use]
pub fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Everything a view needs, at one instant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// The last change this shows.
    pub seq: u64,
    /// When that was committed.
    pub as_of: Timestamp,
    /// The daemon.
    pub daemon: DaemonRow,
    /// Sites by id.
    pub sites: BTreeMap<SiteId, SiteRow>,
    /// Networks by id.
    pub networks: BTreeMap<NetworkId, NetworkRow>,
    /// Whose estate it is; empty where the configuration does not tell.
    pub department: String,
    /// Packs in force.
    pub policies: Vec<String>,
    /// What of the shipped packs does not hold, with who decided so and why.
    pub loosened: Vec<Loosened>,
    /// The day the IEEE registry that makers are told by is of.
    pub registry: Option<jiff::civil::Date>,
    /// The last visit this shows: visits that change nothing are not in the log.
    pub visits: u64,
    /// `devices` holds every device; else those that findings are about and those that may hide cameras, and an
    /// [`Index`] beside it holds all.
    pub whole: bool,
    /// Devices by id.
    pub devices: BTreeMap<DeviceId, DeviceRow>,
    /// Findings by id, closed ones too.
    pub findings: BTreeMap<FindingId, Finding>,
    /// Whether each site that is not sensitive was considered: the latest answer.
    pub considered: BTreeMap<SiteId, Decision>,
    /// Review cycles by id.
    pub cycles: BTreeMap<CycleId, Cycle>,
    /// Targets by name.
    pub targets: BTreeMap<TargetName, TargetRow>,
    /// Carriers of alerts by name.
    pub carriers: BTreeMap<String, CarrierRow>,
    /// How the estate stood on the last days, the oldest first.
    pub days: Vec<DayRow>,
    /// What is wrong with the work itself, by kind and subject.
    pub conditions: Vec<Condition>,
    /// What the daemon counted of each site.
    pub looked: Looked,
    /// When targets were last seen whole.
    pub seen: Seen,
}

/// The daemon as the database shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DaemonRow {
    /// The host it runs on.
    pub host: String,
    /// Program version.
    pub version: String,
    /// When it started.
    pub started: Option<Timestamp>,
    /// When it stopped in good order; `None` while it runs or if it was killed.
    pub stopped: Option<Timestamp>,
    /// How often switches are visited, in seconds.
    pub poll_every_s: u64,
    /// How often cameras are, in seconds.
    pub cameras_every_s: u64,
    /// Nobody holds the database's writer lock: no daemon runs, whatever the rows say.
    pub absent: bool,
    /// The disk that holds the database has no space left, as whoever reads sees it: a daemon that runs waits.
    pub disk_full: bool,
    /// Since when nothing came of a running daemon, where that is too long; by the clock of whoever reads.
    pub silent_since: Option<Timestamp>,
    /// What of the daemon's own work has not come round for too long, in words.
    pub late: Vec<String>,
    /// What is wrong with a newer configuration file that was not taken; empty when all is well.
    pub configuration_problem: String,
}

/// A site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteRow {
    /// Its id.
    pub id: SiteId,
    /// What people call it.
    pub name: String,
    /// Sensitive or standard.
    pub sensitivity: Sensitivity,
    /// The limb.
    pub basis: Option<Basis>,
}

/// A network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkRow {
    /// Its id.
    pub id: NetworkId,
    /// What it is for.
    pub kind: NetworkKind,
    /// Its site.
    pub site: Option<SiteId>,
}

/// A device, without its evidence (which is read for one device when it is asked for).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    /// Its id.
    pub id: DeviceId,
    /// Its MAC address.
    pub mac: Option<MacAddr>,
    /// Its addresses.
    pub ips: Vec<IpAddr>,
    /// What it is.
    pub class: Class,
    /// Whether it is surveillance equipment.
    pub surveillance: Surveillance,
    /// Its maker's id.
    pub maker: Option<MakerId>,
    /// Its maker's name; empty where none is believed.
    pub maker_name: String,
    /// How sure.
    pub verdict: Verdict,
    /// The name on it.
    pub brand: Option<String>,
    /// Model.
    pub model: DeviceText,
    /// Firmware.
    pub firmware: DeviceText,
    /// Serial number.
    pub serial: DeviceText,
    /// Host name it gives itself.
    pub hostname: Option<DeviceText>,
    /// Where it is; `reasons`, `rivals` and `before` are left empty here.
    pub place: Place,
    /// The count word.
    pub status: Status,
    /// First seen.
    pub first_seen: Timestamp,
    /// When it came, where its place was looked at before it did.
    pub appeared: Option<Timestamp>,
    /// Last seen: now, as far as its switch's last complete pass or its own last answer goes.
    pub last_seen: Timestamp,
    /// What a register says of when it was installed.
    pub registered: Option<Registered>,
}

/// A target.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetRow {
    /// Its name.
    pub name: TargetName,
    /// It is a switch (else a camera's address).
    pub switch: bool,
    /// Where it is asked.
    pub address: String,
    /// Its site.
    pub site: SiteId,
    /// `waiting`, `answering`, `partial`, `silent`, `refused`.
    pub state: String,
    /// Since when it stands so.
    pub since: Timestamp,
    /// Why.
    pub why: String,
    /// Last visit.
    pub last_attempt: Option<Timestamp>,
    /// Last visit that was answered.
    pub last_ok: Option<Timestamp>,
    /// Requests of the last visit.
    pub requests: u32,
    /// Its duration in milliseconds.
    pub took_ms: u64,
    /// How much of each table was seen.
    pub tables: BTreeMap<Table, TableState>,
    /// How its numbers were read.
    pub readings: Readings,
    /// What is remembered of it as a camera.
    pub camera: CameraStanding,
}

/// A carrier of alerts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CarrierRow {
    /// The `[[alert]]`'s name.
    pub name: String,
    /// Where it sends to.
    pub address: String,
    /// Since when it stands so: failing, or not.
    pub since: Timestamp,
    /// Why it does not take what is sent; empty while it does.
    pub why: String,
    /// When it last took something.
    pub last_sent: Option<Timestamp>,
    /// Alerts that wait for it.
    pub waiting: u64,
    /// Findings it is told of when a maintenance window ends or a digest is due.
    pub held: u64,
    /// Alerts that found too many waiting: only counted, and the count is sent.
    pub lost: u64,
}

/// Something wrong with the work itself: told when it begins and when it ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// What kind: `polling-late`, `coverage-low`, `credential-refused`, `credential-stopped`, `clock-off`, `disk-low`,
    /// `registry-old`.
    pub kind: String,
    /// What it is about, where there can be several of a kind: a site, a credential.
    pub subject: String,
    /// In words, as it was when it began.
    pub words: String,
    /// Since when.
    pub since: Timestamp,
}

impl Condition {
    /// Its kind and what it is about.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.kind, self.subject).trim_end().to_owned()
    }

    /// Every one of these words stands in its name.
    #[must_use]
    pub fn holds(&self, words: &str) -> bool {
        let name = self.name().to_lowercase();
        words.to_lowercase().split_whitespace().all(|word| name.contains(word))
    }
}

impl Snapshot {
    /// The device a finding is about; `None` for a register's entry, and for a device that is no more.
    #[must_use]
    pub fn device_of(&self, finding: &Finding) -> Option<&DeviceRow> {
        self.devices.get(&finding.subject.device()?)
    }
}

impl DeviceRow {
    /// What people call it: its MAC address, or else its first IP address.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.mac.map(|mac| mac.to_string()).or_else(|| self.ips.first().map(ToString::to_string))
    }

    /// Its names as others hold them too.
    pub fn share(&mut self, names: &mut Names) {
        self.maker.iter_mut().for_each(|name| name.share(names));
        self.place.share(names);
    }

    /// A device as a row.
    #[must_use]
    pub fn new(device: &Device, status: Status, last_seen: Timestamp) -> Self {
        let information = device.facts.said().map(|(information, _)| information.clone()).unwrap_or_default();
        Self {
            id: device.id,
            mac: device.mac,
            ips: device.ips.clone(),
            class: device.attribution.class,
            surveillance: device.attribution.surveillance,
            maker: device.attribution.maker.clone(),
            maker_name: device.attribution.name.clone(),
            verdict: device.attribution.verdict,
            brand: device.attribution.brand.clone(),
            model: information.model,
            firmware: information.firmware,
            serial: information.serial,
            hostname: device.hostname.clone(),
            place: Place { reasons: Vec::new(), rivals: Vec::new(), before: None, ..device.place.clone() },
            status,
            first_seen: device.first_seen,
            appeared: device.appeared,
            last_seen,
            registered: None,
        }
    }
}
