//! What reports ask of the past: where findings were open, what stood in a cycle when it ended, which rows of the log a
//! device has.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;

use super::{ChangeKind, DeviceDetail, DeviceRecord, Reader, StoreError, log, read};
use crate::net::{CycleId, DeviceId, FindingId, SiteId, Timestamp};
use crate::review::{Cycle, Decision, Finding, FindingState};
use crate::snapshot::{DeviceRow, Stay};

/// Rows about findings that are read for the progress of sites: some seconds' worth.
const MOST_ROWS: i64 = 400_000;
/// Rows of the log that are told of one device.
const MOST_ENTRIES: usize = 500;

/// A row of the change log, as an auditor finds it in an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What kind.
    pub kind: ChangeKind,
    /// What it is about.
    pub subject: String,
    /// Its hash, lower-case hex.
    pub hash: String,
}

/// What stood in a cycle when it ended, or stands in one that is open.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CycleItems {
    /// Its findings as they were then; of some nothing is known any more.
    pub findings: BTreeMap<FindingId, Finding>,
    /// Their devices, likewise.
    pub devices: BTreeMap<DeviceId, DeviceRow>,
}

/// What of a finding tells where it was open.
#[derive(Deserialize)]
struct Standing {
    state: FindingState,
    place: Where,
}

#[derive(Deserialize)]
struct Where {
    site: Option<SiteId>,
}

/// A finding as it was at a row of the log.
fn finding_at(connection: &Connection, id: FindingId, seq: u64) -> rusqlite::Result<Option<Finding>> {
    connection
        .prepare_cached(
            "SELECT body FROM change WHERE kind = 'finding' AND subject = ? AND seq <= ? ORDER BY seq DESC LIMIT 1",
        )?
        .query_row((id.to_string(), seq as i64), |row| read::record(row, 0))
        .optional()
}

/// A device as it was at a row of the log, or the next best: what it was is pruned with time.
fn device_at(connection: &Connection, id: DeviceId, seq: u64) -> rusqlite::Result<Option<DeviceRow>> {
    let record: Option<DeviceRecord> = connection
        .prepare_cached(
            "SELECT body FROM change WHERE kind = 'device' AND subject = ?1 AND body IS NOT NULL
             ORDER BY seq > ?2, abs(seq - ?2) LIMIT 1",
        )?
        .query_row((id.to_string(), seq as i64), |row| read::record(row, 0))
        .optional()?;
    Ok(record.map(|DeviceRecord { device, status, registered }| {
        let seen = device.first_seen;
        DeviceRow { registered, ..DeviceRow::new(&device, status, seen) }
    }))
}

fn stays(connection: &Connection) -> rusqlite::Result<Option<Vec<Stay>>> {
    let count: i64 =
        connection.query_row("SELECT count(*) FROM change WHERE kind = 'finding'", [], |row| row.get(0))?;
    if count > MOST_ROWS {
        return Ok(None);
    }
    let mut statement =
        connection.prepare("SELECT subject, at, body FROM change WHERE kind = 'finding' ORDER BY subject, seq")?;
    let mut rows = statement.query([])?;
    let mut stays: Vec<Stay> = Vec::new();
    while let Some(row) = rows.next()? {
        let subject = row.get_ref(0)?.as_str()?.parse();
        let Ok(finding) = subject.map(FindingId) else { continue };
        let at = Timestamp(row.get(1)?);
        let now: Standing = read::record(row, 2)?;
        let site = now.place.site.filter(|_| now.state != FindingState::Closed);
        let open = stays.last_mut().filter(|stay| stay.finding == finding && stay.until.is_none());
        match (open, site) {
            (Some(stay), Some(site)) if stay.site == site => {}
            (open, site) => {
                if let Some(stay) = open {
                    stay.until = Some(at);
                }
                stays.extend(site.map(|site| Stay { finding, site, from: at, until: None }));
            }
        }
    }
    Ok(Some(stays))
}

impl Reader {
    /// Where each finding was open, from when until when. `None`: the log has too many rows to be read for it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn stays(&self) -> Result<Option<Vec<Stay>>, StoreError> {
        stays(&self.connection).map_err(self.fail("reading what findings were"))
    }

    /// One cycle.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn cycle(&self, id: CycleId) -> Result<Option<Cycle>, StoreError> {
        let sql = "SELECT record FROM cycle WHERE id = ?";
        let found: rusqlite::Result<Vec<Cycle>> = read::records(&self.connection, sql, [id.0 as i64]);
        Ok(found.map_err(self.fail("reading a cycle"))?.pop())
    }

    /// Every decision on a site, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn decisions_on_site(&self, site: &SiteId) -> Result<Vec<Decision>, StoreError> {
        let sql = "SELECT record FROM decision WHERE subject = ? ORDER BY id";
        read::records(&self.connection, sql, [format!("site {site}")]).map_err(self.fail("reading decisions"))
    }

    /// What stood in a cycle at the row of the log that its attestation names; of one that is open, what stands in it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn cycle_items(&self, cycle: &Cycle) -> Result<CycleItems, StoreError> {
        let seq = cycle.attestation.as_ref().map_or(i64::MAX.unsigned_abs(), |attestation| attestation.seq);
        let read = || {
            let mut items = CycleItems::default();
            for id in &cycle.items {
                let Some(finding) = finding_at(&self.connection, *id, seq)? else { continue };
                if let Some(device) = finding.subject.device().filter(|device| !items.devices.contains_key(device)) {
                    items.devices.extend(device_at(&self.connection, device, seq)?.map(|row| (device, row)));
                }
                items.findings.insert(*id, finding);
            }
            Ok(items)
        };
        read().map_err(self.fail("reading what stood in a cycle"))
    }

    /// Rows of the log about a device, its findings and what was decided, the latest first, and how many there are.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn entries(&self, detail: &DeviceDetail) -> Result<(Vec<Entry>, usize), StoreError> {
        let mut subjects: Vec<(&str, String)> =
            ["device", "merge", "retired", "forgotten"].map(|kind| (kind, detail.device.id.to_string())).into();
        subjects.push(("decision", format!("device {}", detail.device.id)));
        for finding in &detail.findings {
            subjects.extend(["finding", "decision"].map(|kind| (kind, finding.id.to_string())));
        }
        let read = || {
            let mut statement = self.connection.prepare_cached(
                "SELECT seq, at, kind, subject, hash FROM change WHERE kind = ? AND subject = ? ORDER BY seq DESC",
            )?;
            let mut entries = Vec::new();
            for (kind, subject) in &subjects {
                let rows = statement.query_map((kind, subject), |row| {
                    let kind: String = row.get(2)?;
                    Ok(Entry {
                        seq: row.get::<_, i64>(0)?.unsigned_abs(),
                        at: Timestamp(row.get(1)?),
                        kind: log::kind_of(&kind).unwrap_or(ChangeKind::Device),
                        subject: row.get(3)?,
                        hash: log::hex(&row.get::<_, log::Hash>(4)?),
                    })
                })?;
                entries.extend(rows.collect::<rusqlite::Result<Vec<_>>>()?);
            }
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.seq));
            let count = entries.len();
            entries.truncate(MOST_ENTRIES);
            Ok((entries, count))
        };
        read().map_err(self.fail("reading the rows of a device"))
    }
}
