//! The tables as a [`Snapshot`], whole or brought up to date from the change log.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    Change, ChangeKind, ConfigurationRecord, DaemonRecord, DeviceRecord, TargetKind, TargetRecord, TargetState,
};
use super::{log, outbox, read};
use crate::inventory::Device;
use crate::net::{DeviceId, TargetName, Timestamp};
use crate::review::{Cycle, Decision, DecisionKind, Finding, Matter};
use crate::snapshot::{DaemonRow, DeviceRow, NetworkRow, SiteRow, Snapshot, TargetRow};

/// When targets were last seen whole: what "last seen" of a device rests on.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Seen {
    switches: BTreeMap<TargetName, Timestamp>,
    cameras: BTreeMap<IpAddr, Timestamp>,
}

impl Seen {
    pub(super) fn of<'a>(targets: impl Iterator<Item = &'a TargetRecord>) -> Self {
        let mut seen = Self::default();
        for target in targets {
            let Some(at) = target.last_complete else { continue };
            match target.kind {
                TargetKind::Switch => {
                    seen.switches.insert(target.name.clone(), at);
                }
                TargetKind::Camera => {
                    if let Ok(ip) = target.name.as_str().parse() {
                        seen.cameras.insert(ip, at);
                    }
                }
            }
        }
        seen
    }

    /// The latest of: the last complete pass of the switch it is on, its own last answer, when it went.
    fn latest(
        &self,
        switch: Option<&TargetName>,
        gone: Option<Timestamp>,
        ips: &[IpAddr],
        first: Timestamp,
    ) -> Timestamp {
        let on_switch = gone.or_else(|| self.switches.get(switch?).copied());
        let answered = ips.iter().filter_map(|ip| self.cameras.get(ip).copied()).max();
        on_switch.max(answered).unwrap_or(first).max(first)
    }

    pub(super) fn last_seen(&self, device: &Device) -> Timestamp {
        self.latest(device.place.switch.as_ref(), device.place.gone, &device.ips, device.first_seen)
    }

    fn last_seen_row(&self, row: &DeviceRow) -> Timestamp {
        self.latest(row.place.switch.as_ref(), row.place.gone, &row.ips, row.first_seen)
    }
}

pub(super) fn device_row(record: DeviceRecord, seen: &Seen) -> DeviceRow {
    let DeviceRecord { device, status, registered } = record;
    DeviceRow { registered, ..DeviceRow::new(&device, status, seen.last_seen(&device)) }
}

fn state_text(state: TargetState) -> &'static str {
    match state {
        TargetState::Waiting => "waiting",
        TargetState::Answering => "answering",
        TargetState::Partial => "partial",
        TargetState::Silent => "silent",
        TargetState::Refused => "refused",
    }
}

impl From<TargetRecord> for TargetRow {
    /// A target as readers see it.
    fn from(target: TargetRecord) -> Self {
        Self {
            switch: target.kind == TargetKind::Switch,
            name: target.name,
            address: target.address,
            site: target.site,
            state: state_text(target.state).to_owned(),
            since: target.since,
            why: target.why,
            last_attempt: target.last_attempt,
            last_ok: target.last_ok,
            requests: target.requests,
            took_ms: target.took_ms,
            tables: target.tables,
            readings: target.readings,
            camera: target.camera,
        }
    }
}

/// Columns `seq, at, kind, subject, body`.
pub(super) fn change(row: &Row<'_>) -> rusqlite::Result<Change> {
    let kind: String = row.get(2)?;
    let unknown = || rusqlite::Error::InvalidColumnType(2, "kind".to_owned(), rusqlite::types::Type::Text);
    Ok(Change {
        seq: row.get::<_, i64>(0)?.unsigned_abs(),
        at: Timestamp(row.get(1)?),
        kind: log::kind_of(&kind).ok_or_else(unknown)?,
        subject: row.get(3)?,
        body: row.get(4)?,
    })
}

pub(super) fn changes(connection: &Connection, after: u64, limit: usize) -> rusqlite::Result<Vec<Change>> {
    connection
        .prepare_cached("SELECT seq, at, kind, subject, body FROM change WHERE seq > ? ORDER BY seq LIMIT ?")?
        .query_map((after as i64, limit as i64), change)?
        .collect()
}

fn put_estate(connection: &Connection, snapshot: &mut Snapshot) -> rusqlite::Result<()> {
    let daemon: Option<DaemonRecord> = read::meta(connection, "daemon")?;
    let configuration: ConfigurationRecord = read::meta(connection, "configuration")?.unwrap_or_default();
    let DaemonRow { absent, silent_since, .. } = snapshot.daemon;
    snapshot.daemon = daemon.map_or_else(DaemonRow::default, |daemon| DaemonRow {
        host: daemon.host,
        version: daemon.version,
        started: Some(daemon.started),
        stopped: daemon.stopped,
        poll_every_s: daemon.poll_every_s,
        cameras_every_s: daemon.cameras_every_s,
        absent,
        silent_since,
        late: daemon.late,
        configuration_problem: String::new(),
    });
    snapshot.daemon.configuration_problem = configuration.problem;
    snapshot.registry = configuration.registry;
    snapshot.department = configuration.department;
    snapshot.loosened = configuration.loosened;
    snapshot.policies = configuration.policies.into_iter().map(|(id, _)| id).collect();
    let site = |site: super::SiteRecord| {
        let row = SiteRow { id: site.id.clone(), name: site.name, sensitivity: site.sensitivity, basis: site.basis };
        (site.id, row)
    };
    snapshot.sites = configuration.sites.into_iter().map(site).collect();
    let network = |network: super::NetworkRecord| {
        (network.id.clone(), NetworkRow { id: network.id, kind: network.kind, site: network.site })
    };
    snapshot.networks = configuration.networks.into_iter().map(network).collect();
    Ok(())
}

/// The latest answer to whether each site was considered.
fn put_considered(connection: &Connection, snapshot: &mut Snapshot) -> rusqlite::Result<()> {
    let sql = "SELECT record FROM decision WHERE subject >= 'site ' AND subject < 'site!' ORDER BY id";
    for decision in read::records::<Decision>(connection, sql, [])? {
        if let (Matter::Site { site }, DecisionKind::Consider { .. }) = (&decision.matter, &decision.kind) {
            snapshot.considered.insert(site.clone(), decision);
        }
    }
    Ok(())
}

fn put_head(connection: &Connection, snapshot: &mut Snapshot) -> rusqlite::Result<()> {
    let head = connection
        .query_row("SELECT seq, at FROM change ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), Timestamp(row.get(1)?)))
        })
        .optional()?;
    (snapshot.seq, snapshot.as_of) = head.unwrap_or_default();
    // A visit that changed nothing is not in the log, and still makes the picture younger.
    let visited = snapshot.targets.values().filter_map(|target| target.last_attempt).max();
    snapshot.as_of = visited.unwrap_or_default().max(snapshot.as_of);
    Ok(())
}

/// The whole picture, in one read transaction.
pub(super) fn load(connection: &Connection) -> rusqlite::Result<Snapshot> {
    let transaction = connection.unchecked_transaction()?;
    let mut snapshot = Snapshot::default();
    put_estate(&transaction, &mut snapshot)?;
    let targets: Vec<TargetRecord> = read::records(&transaction, "SELECT record FROM target", [])?;
    let seen = Seen::of(targets.iter());
    let mut statement = transaction.prepare("SELECT record FROM device ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let record: DeviceRecord = read::record(row, 0)?;
        snapshot.devices.insert(record.device.id, device_row(record, &seen));
    }
    drop(rows);
    drop(statement);
    put_rest(&transaction, &mut snapshot, targets)?;
    Ok(snapshot)
}

/// The picture without its devices, in one read transaction.
pub(super) fn outline(connection: &Connection) -> rusqlite::Result<Snapshot> {
    let transaction = connection.unchecked_transaction()?;
    let mut snapshot = Snapshot::default();
    put_estate(&transaction, &mut snapshot)?;
    let targets: Vec<TargetRecord> = read::records(&transaction, "SELECT record FROM target", [])?;
    put_rest(&transaction, &mut snapshot, targets)?;
    Ok(snapshot)
}

/// All but the devices and what is configured.
fn put_rest(connection: &Connection, snapshot: &mut Snapshot, targets: Vec<TargetRecord>) -> rusqlite::Result<()> {
    let findings: Vec<Finding> = read::records(connection, "SELECT record FROM finding", [])?;
    snapshot.findings = findings.into_iter().map(|finding| (finding.id, finding)).collect();
    let cycles: Vec<Cycle> = read::records(connection, "SELECT record FROM cycle", [])?;
    snapshot.cycles = cycles.into_iter().map(|cycle| (cycle.id, cycle)).collect();
    put_considered(connection, snapshot)?;
    snapshot.targets = targets.into_iter().map(|target| (target.name.clone(), TargetRow::from(target))).collect();
    snapshot.carriers = outbox::carriers(connection)?;
    snapshot.looked = read::meta(connection, "looked")?.unwrap_or_default();
    put_head(connection, snapshot)
}

/// Subjects of one kind that changed after the snapshot was taken.
fn touched(connection: &Connection, after: u64) -> rusqlite::Result<BTreeSet<(String, String)>> {
    connection
        .prepare_cached("SELECT DISTINCT kind, subject FROM change WHERE seq > ?")?
        .query_map([after as i64], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Re-reads what the log says has changed, and all targets (whose visits the log leaves out).
pub(super) fn advance(connection: &Connection, snapshot: &mut Snapshot) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let targets: Vec<TargetRecord> = read::records(&transaction, "SELECT record FROM target", [])?;
    let seen = Seen::of(targets.iter());
    snapshot.looked = read::meta(&transaction, "looked")?.unwrap_or_default();
    snapshot.targets = targets.into_iter().map(|target| (target.name.clone(), TargetRow::from(target))).collect();
    for (kind, subject) in touched(&transaction, snapshot.seq)? {
        let number: u64 = subject.parse().unwrap_or(0);
        match log::kind_of(&kind) {
            Some(ChangeKind::Device | ChangeKind::Merge | ChangeKind::Retired) => {
                let found: Option<DeviceRecord> = transaction
                    .prepare_cached("SELECT record FROM device WHERE id = ?")?
                    .query_row([number as i64], |row| read::record(row, 0))
                    .optional()?;
                match found {
                    Some(record) => {
                        snapshot.devices.insert(record.device.id, device_row(record, &seen));
                    }
                    None => {
                        snapshot.devices.remove(&DeviceId(number));
                    }
                }
            }
            Some(ChangeKind::Finding) => {
                let sql = "SELECT record FROM finding WHERE id = ?";
                let found: Vec<Finding> = read::records(&transaction, sql, [number as i64])?;
                snapshot.findings.extend(found.into_iter().map(|finding| (finding.id, finding)));
            }
            Some(ChangeKind::Cycle) => {
                let found: Vec<Cycle> =
                    read::records(&transaction, "SELECT record FROM cycle WHERE id = ?", [number as i64])?;
                snapshot.cycles.extend(found.into_iter().map(|cycle| (cycle.id, cycle)));
            }
            Some(ChangeKind::Decision) if subject.starts_with("site ") => put_considered(&transaction, snapshot)?,
            Some(ChangeKind::Configuration | ChangeKind::Daemon) => put_estate(&transaction, snapshot)?,
            // A decision stands in its finding; targets were read above; credentials are not part of the picture.
            Some(
                ChangeKind::Decision
                | ChangeKind::Target
                | ChangeKind::TargetDropped
                | ChangeKind::Credential
                | ChangeKind::Request
                | ChangeKind::Key
                | ChangeKind::Pruned
                | ChangeKind::Forgotten,
            )
            | None => {}
        }
    }
    for row in snapshot.devices.values_mut() {
        row.last_seen = seen.last_seen_row(row);
    }
    // Delivery leaves no row in the log: there are a handful of carriers, and all are read.
    snapshot.carriers = outbox::carriers(&transaction)?;
    put_head(&transaction, snapshot)
}
