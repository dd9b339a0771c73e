//! The tables as a [`Snapshot`], whole or brought up to date from the change log.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Row};

use super::{Change, ChangeKind, ConfigurationRecord, DaemonRecord, TargetKind, TargetRecord, TargetState};
use super::{day, held, log, outbox, query, read};
use crate::net::{DeviceId, FindingId, Names, Timestamp};
use crate::review::{Cycle, Decision, DecisionKind, Finding, Matter};
use crate::snapshot::{
    Changes, DaemonRow, DeviceRow, Frame, Group, NetworkRow, SiteRow, Snapshot, Tally, TargetRow, Visited, group_of,
};

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

/// The configuration and the daemon.
fn frame(connection: &Connection) -> rusqlite::Result<Frame> {
    let daemon: Option<DaemonRecord> = read::meta(connection, "daemon")?;
    let configuration: ConfigurationRecord = read::meta(connection, "configuration")?.unwrap_or_default();
    let mut daemon = daemon.map_or_else(DaemonRow::default, |daemon| DaemonRow {
        host: daemon.host,
        version: daemon.version,
        started: Some(daemon.started),
        stopped: daemon.stopped,
        poll_every_s: daemon.poll_every_s,
        cameras_every_s: daemon.cameras_every_s,
        absent: false,
        disk_full: false,
        silent_since: None,
        late: daemon.late,
        configuration_problem: String::new(),
    });
    daemon.configuration_problem = configuration.problem;
    let site = |site: super::SiteRecord| {
        let row = SiteRow { id: site.id.clone(), name: site.name, sensitivity: site.sensitivity, basis: site.basis };
        (site.id, row)
    };
    let network = |network: super::NetworkRecord| {
        (network.id.clone(), NetworkRow { id: network.id, kind: network.kind, site: network.site })
    };
    Ok(Frame {
        daemon,
        sites: configuration.sites.into_iter().map(site).collect(),
        networks: configuration.networks.into_iter().map(network).collect(),
        department: configuration.department,
        policies: configuration.policies.into_iter().map(|(id, _)| id).collect(),
        loosened: configuration.loosened,
        registry: configuration.registry,
    })
}

/// The latest answer to whether each site was considered.
fn considered(connection: &Connection) -> rusqlite::Result<Vec<Decision>> {
    let sql = "SELECT record FROM decision WHERE subject >= 'site ' AND subject < 'site!' ORDER BY id";
    let mut answers = read::records::<Decision>(connection, sql, [])?;
    answers.retain(|decision| {
        matches!((&decision.matter, &decision.kind), (Matter::Site { .. }, DecisionKind::Consider { .. }))
    });
    Ok(answers)
}

/// Targets as a query gives their records.
fn visited(connection: &Connection, sql: &str, parameters: impl rusqlite::Params) -> rusqlite::Result<Vec<Visited>> {
    let visited = |target: TargetRecord| Visited { complete: target.last_complete, row: TargetRow::from(target) };
    connection.prepare_cached(sql)?.query_map(parameters, |row| read::record(row, 0).map(visited))?.collect()
}

/// Every target. Without a condition: an index over all of them would only be a way round.
pub(super) fn targets(connection: &Connection) -> rusqlite::Result<Vec<Visited>> {
    visited(connection, "SELECT record FROM target", [])
}

/// The last visit.
pub(super) fn visits(connection: &Connection) -> rusqlite::Result<u64> {
    Ok(read::meta(connection, "visit")?.unwrap_or(0))
}

/// The last change of the log, and when it was committed.
pub(super) fn head(connection: &Connection) -> rusqlite::Result<(u64, Timestamp)> {
    let head = connection
        .query_row("SELECT seq, at FROM change ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), Timestamp(row.get(1)?)))
        })
        .optional()?;
    Ok(head.unwrap_or_default())
}

/// What no log tells, but for the targets: small enough to be read whole.
fn unlogged(connection: &Connection) -> rusqlite::Result<Changes> {
    Ok(Changes {
        head: head(connection)?,
        visits: visits(connection)?,
        carriers: outbox::carriers(connection)?,
        days: day::shown(connection)?,
        conditions: held::conditions(connection)?,
        looked: read::meta(connection, "looked")?.unwrap_or_default(),
        ..Changes::default()
    })
}

/// Everything but targets, devices and findings, for a picture that is empty yet.
pub(super) fn beginning(connection: &Connection) -> rusqlite::Result<Changes> {
    let mut changes = unlogged(connection)?;
    changes.frame = Some(frame(connection)?);
    changes.cycles = read::records(connection, "SELECT record FROM cycle", [])?;
    changes.considered = considered(connection)?;
    Ok(changes)
}

/// A finding.
pub(super) fn finding(connection: &Connection, id: FindingId) -> rusqlite::Result<Option<Finding>> {
    Ok(read::records(connection, "SELECT record FROM finding WHERE id = ?", [id.0 as i64])?.pop())
}

/// Every finding, closed ones too.
fn findings(connection: &Connection, names: &mut Names) -> rusqlite::Result<BTreeMap<FindingId, Finding>> {
    let mut statement = connection.prepare_cached("SELECT record FROM finding")?;
    let rows = statement.query_map([], |row| read::record::<Finding>(row, 0))?;
    rows.map(|finding| {
        let mut finding = finding?;
        finding.share(names);
        Ok((finding.id, finding))
    })
    .collect()
}

/// What a return tells of: every finding, the devices that they are about and those that it names one by one; and how
/// many devices are alike, of all.
pub(super) fn returned(connection: &Connection) -> rusqlite::Result<(Snapshot, Vec<Tally>)> {
    let transaction = connection.unchecked_transaction()?;
    let mut changes = Changes { targets: targets(&transaction)?, ..beginning(&transaction)? };
    let mut names = Names::default();
    let findings = findings(&transaction, &mut names)?;
    let mut take = |mut row: DeviceRow| {
        if group_of(&row).is_some_and(|group| group != Group::NotIdentified) {
            row.share(&mut names);
            changes.devices.insert(row.id, Some(row));
        }
    };
    query::told(&transaction, &mut take)?;
    query::hiding(&transaction)?.into_iter().for_each(take);
    put_subjects(&transaction, findings.values(), &mut changes.devices)?;
    let mut snapshot = Snapshot { whole: true, findings, ..Snapshot::default() };
    snapshot.take(changes);
    snapshot.whole = false;
    Ok((snapshot, query::tallies(&transaction)?))
}

/// The whole picture, in one read transaction.
pub(super) fn load(connection: &Connection) -> rusqlite::Result<Snapshot> {
    let transaction = connection.unchecked_transaction()?;
    let mut changes = Changes { targets: targets(&transaction)?, ..beginning(&transaction)? };
    let mut names = Names::default();
    let devices = query::after(&transaction, DeviceId(0), usize::MAX)?;
    let shared = |mut row: DeviceRow| {
        row.share(&mut names);
        (row.id, Some(row))
    };
    changes.devices = devices.into_iter().map(shared).collect();
    let findings = findings(&transaction, &mut names)?;
    let mut snapshot = Snapshot { whole: true, findings, ..Snapshot::default() };
    snapshot.take(changes);
    Ok(snapshot)
}

/// The devices that findings are about.
pub(super) fn put_subjects<'a>(
    connection: &Connection,
    findings: impl IntoIterator<Item = &'a Finding>,
    devices: &mut BTreeMap<DeviceId, Option<DeviceRow>>,
) -> rusqlite::Result<()> {
    for id in findings.into_iter().filter_map(|finding| finding.subject.device()) {
        if let Entry::Vacant(place) = devices.entry(id) {
            place.insert(query::one(connection, id)?);
        }
    }
    Ok(())
}

/// Subjects of one kind that changed after the snapshot was taken.
fn touched(connection: &Connection, after: u64) -> rusqlite::Result<BTreeSet<(String, String)>> {
    connection
        .prepare_cached("SELECT DISTINCT kind, subject FROM change WHERE seq > ?")?
        .query_map([after as i64], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Reads what the log says has changed after `seq`, and the targets that were visited after `visits`.
pub(super) fn changes_since(connection: &Connection, seq: u64, visits: u64) -> rusqlite::Result<Changes> {
    let transaction = connection.unchecked_transaction()?;
    let sql = "SELECT record FROM target WHERE visit > ?";
    let mut changes = Changes { targets: visited(&transaction, sql, [visits as i64])?, ..unlogged(&transaction)? };
    for (kind, subject) in touched(&transaction, seq)? {
        let number: u64 = subject.parse().unwrap_or(0);
        match log::kind_of(&kind) {
            Some(ChangeKind::Device | ChangeKind::Merge | ChangeKind::Retired) => {
                let id = DeviceId(number);
                changes.devices.insert(id, query::one(&transaction, id)?);
            }
            Some(ChangeKind::Finding) => {
                changes.findings.extend(finding(&transaction, FindingId(number))?);
            }
            Some(ChangeKind::Cycle) => {
                let sql = "SELECT record FROM cycle WHERE id = ?";
                changes.cycles.extend(read::records::<Cycle>(&transaction, sql, [number as i64])?);
            }
            Some(ChangeKind::Decision) if subject.starts_with("site ") => {
                changes.considered = considered(&transaction)?;
            }
            Some(ChangeKind::Configuration | ChangeKind::Daemon) => changes.frame = Some(frame(&transaction)?),
            Some(ChangeKind::TargetDropped) => changes.dropped.push(subject.as_str().into()),
            // A decision stands in its finding; visited targets were read above; the rest is not in the picture.
            Some(
                ChangeKind::Decision
                | ChangeKind::Target
                | ChangeKind::Credential
                | ChangeKind::Request
                | ChangeKind::Key
                | ChangeKind::Pruned
                | ChangeKind::Forgotten,
            )
            | None => {}
        }
    }
    put_subjects(&transaction, &changes.findings, &mut changes.devices)?;
    Ok(changes)
}
