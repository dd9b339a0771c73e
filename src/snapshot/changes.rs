//! What differs between two moments, and how a picture takes it in at the cost of that.

use std::collections::{BTreeMap, BTreeSet};

use super::{CarrierRow, Condition, DaemonRow, DayRow, DeviceRow, Looked, NetworkRow, SiteRow, Snapshot, TargetRow};
use crate::maker::Class;
use crate::net::{DeviceId, NetworkId, SiteId, TargetName, Timestamp};
use crate::policy::Loosened;
use crate::review::{Cycle, Decision, Finding, Matter};

/// The configuration and the daemon as readers see them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
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
}

/// A target that was visited.
#[derive(Debug, Clone, PartialEq)]
pub struct Visited {
    /// How it stands.
    pub row: TargetRow,
    /// When it was last seen whole.
    pub complete: Option<Timestamp>,
}

/// Everything that is another than it was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// The last change of the log that these hold, and when it was committed.
    pub head: (u64, Timestamp),
    /// The last visit that these hold.
    pub visits: u64,
    /// The configuration and the daemon, where one of them changed.
    pub frame: Option<Frame>,
    /// Devices that changed, and those that changed findings are about; `None`: it is no more.
    pub devices: BTreeMap<DeviceId, Option<DeviceRow>>,
    /// Findings that changed.
    pub findings: Vec<Finding>,
    /// Cycles that changed.
    pub cycles: Vec<Cycle>,
    /// Answers to whether a site was considered, oldest first, where one was given.
    pub considered: Vec<Decision>,
    /// Targets that were visited.
    pub targets: Vec<Visited>,
    /// Targets that are no longer configured.
    pub dropped: Vec<TargetName>,
    /// All carriers of alerts.
    pub carriers: BTreeMap<String, CarrierRow>,
    /// How the estate stood on the last days.
    pub days: Vec<DayRow>,
    /// All that is wrong with the work itself.
    pub conditions: Vec<Condition>,
    /// What the daemon counted of each site.
    pub looked: Looked,
    /// Nobody holds the writer's lock.
    pub absent: bool,
    /// The disk that holds the database has no space left.
    pub disk_full: bool,
}

/// Devices that every picture holds, whole or not: those that may hide cameras.
fn hides(row: &DeviceRow) -> bool {
    matches!(row.class, Class::Recorder | Class::Encoder)
}

/// Puts rows into a map. An empty one is built whole: built row by row, it would be half empty for good.
fn fill<K: Ord, V>(map: &mut BTreeMap<K, V>, rows: impl IntoIterator<Item = (K, V)>) {
    if map.is_empty() {
        *map = rows.into_iter().collect();
    } else {
        map.extend(rows);
    }
}

impl Snapshot {
    /// Takes in what changed. A picture that is not whole keeps to the devices that findings are about and those that
    /// may hide cameras.
    pub fn take(&mut self, changes: Changes) {
        if let Some(frame) = changes.frame {
            let Frame { daemon, sites, networks, department, policies, loosened, registry } = frame;
            let silent_since = self.daemon.silent_since;
            self.daemon = DaemonRow { silent_since, ..daemon };
            (self.sites, self.networks, self.department) = (sites, networks, department);
            (self.policies, self.loosened, self.registry) = (policies, loosened, registry);
        }
        (self.daemon.absent, self.daemon.disk_full) = (changes.absent, changes.disk_full);
        for name in &changes.dropped {
            self.targets.remove(name);
            self.seen.forget(name);
        }
        for Visited { row, complete } in &changes.targets {
            self.seen.note(&row.name, row.switch, *complete);
        }
        fill(&mut self.targets, changes.targets.into_iter().map(|Visited { row, .. }| (row.name.clone(), row)));
        let found: BTreeSet<DeviceId> =
            changes.findings.iter().filter_map(|finding| finding.subject.device()).collect();
        let mut came = Vec::with_capacity(changes.devices.len());
        for (id, row) in changes.devices {
            match row {
                Some(row) => {
                    if self.whole || hides(&row) || found.contains(&id) || self.devices.contains_key(&id) {
                        came.push((id, row));
                    }
                }
                None => {
                    self.devices.remove(&id);
                }
            }
        }
        fill(&mut self.devices, came);
        for row in self.devices.values_mut() {
            row.last_seen = self.seen.last_seen(row);
        }
        fill(&mut self.findings, changes.findings.into_iter().map(|finding| (finding.id, finding)));
        for answer in changes.considered {
            if let Matter::Site { site } = &answer.matter {
                self.considered.insert(site.clone(), answer);
            }
        }
        self.cycles.extend(changes.cycles.into_iter().map(|cycle| (cycle.id, cycle)));
        (self.carriers, self.conditions, self.looked) = (changes.carriers, changes.conditions, changes.looked);
        self.days = changes.days;
        self.visits = changes.visits;
        self.seq = changes.head.0;
        // A visit that changed nothing is not in the log, and still makes the picture younger.
        let visited = self.targets.values().filter_map(|target| target.last_attempt).max();
        self.as_of = visited.unwrap_or_default().max(changes.head.1);
    }
}
