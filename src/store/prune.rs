//! Old bodies go, their hashes stay, and the log itself tells that they went: a body that is missing without such a row
//! was taken out by somebody else.
//!
//! Only what devices and targets were is pruned, and never the last word on one: the state can be rebuilt from the log
//! at any time. Findings, decisions and everything else an auditor asks for stay for good.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use serde::{Deserialize, Serialize};

use super::log::{Appender, json};
use super::{ChangeKind, SignedHead, StoreError, Writer, audit};
use crate::net::{DeviceId, Timestamp};

/// Rows looked at in one step: a step takes some milliseconds of the recorder's time.
const STEP: u64 = 2_000;

/// That bodies were pruned by age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pruned {
    /// No row after this one was touched.
    pub(super) until: u64,
    /// Everything older than this went, except the last word on each device and target.
    pub(super) before: Timestamp,
}

/// That the bodies of one device were forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Forgotten {
    /// The device.
    pub(super) device: DeviceId,
    /// How many bodies went.
    pub(super) rows: usize,
}

/// A walk through what is old enough.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Walk {
    told: Pruned,
    /// The row looked at last.
    at: u64,
    /// Whether the log tells of this walk already.
    logged: bool,
}

/// How far pruning is.
#[derive(Debug, Default)]
pub(super) struct Pruning {
    walk: Option<Walk>,
}

impl Writer {
    /// One step of pruning what is older than `keep`; `false`: the walk is at its end. Nothing is written, and the log
    /// says nothing, where there is nothing to prune.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing was written.
    pub fn prune(&mut self, keep: Duration, at: Timestamp) -> Result<bool, StoreError> {
        let path = self.path.clone();
        let fail = |error| StoreError::from_sqlite(&path, "pruning the change log", error);
        let walk = match self.pruning.walk.take() {
            Some(walk) => walk,
            None => match Walk::begin(&self.connection, at.minus(keep)).map_err(fail)? {
                Some(walk) => walk,
                None => return Ok(false),
            },
        };
        self.pruning.walk = self.step(walk, at).map_err(fail)?;
        Ok(self.pruning.walk.is_some())
    }

    fn step(&mut self, mut walk: Walk, at: Timestamp) -> rusqlite::Result<Option<Walk>> {
        let (rows, last) = superseded(&self.connection, &walk)?;
        if !rows.is_empty() {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut log = Appender { connection: &transaction, epoch: &self.epoch, at, head: self.head.clone() };
            if !walk.logged {
                log.append(ChangeKind::Pruned, "log", &json(&walk.told)?)?;
                walk.logged = true;
            }
            blank(&transaction, &rows)?;
            let head = log.head.clone();
            if head != self.head {
                audit::put_current(&transaction, &SignedHead::sign(&self.key, &self.epoch, &head, at))?;
            }
            transaction.commit()?;
            self.head = head;
        }
        Ok(last.map(|at| Walk { at, ..walk }))
    }
}

impl Walk {
    /// Up to the first row that is young enough: what comes after it is as young, or was written by a wrong clock.
    fn begin(connection: &Connection, before: Timestamp) -> rusqlite::Result<Option<Self>> {
        let until: Option<i64> = connection
            .query_row("SELECT seq - 1 FROM change WHERE at >= ? ORDER BY seq LIMIT 1", [before.0], |row| row.get(0))
            .optional()?;
        let until = match until {
            Some(until) => until,
            None => connection.query_row("SELECT coalesce(max(seq), 0) FROM change", [], |row| row.get(0))?,
        };
        let told = Pruned { until: until.unsigned_abs(), before };
        Ok((until > 0).then_some(Self { told, at: 0, logged: false }))
    }
}

/// Rows of the next step whose subject the log tells of again later, and the last row looked at; `None`: no more.
fn superseded(connection: &Connection, walk: &Walk) -> rusqlite::Result<(Vec<i64>, Option<u64>)> {
    let end = walk.told.until.min(walk.at + STEP);
    let mut statement = connection.prepare_cached(
        "SELECT seq FROM change AS old
         WHERE seq > ?1 AND seq <= ?2 AND body IS NOT NULL AND +kind IN ('device', 'target')
         AND EXISTS (SELECT 1 FROM change AS later WHERE later.subject = old.subject AND later.seq > old.seq AND
                     later.kind IN (old.kind, iif(old.kind = 'device', 'retired', 'target-dropped'),
                                    iif(old.kind = 'device', 'merge', 'target-dropped')))",
    )?;
    let rows = statement.query_map((walk.at as i64, end as i64), |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok((rows, (end < walk.told.until).then_some(end)))
}

/// Takes bodies out, and with `secure_delete` what they were out of the file: forgotten is forgotten.
fn blank(connection: &Connection, rows: &[i64]) -> rusqlite::Result<()> {
    for row in rows {
        connection.prepare_cached("UPDATE change SET body = NULL WHERE seq = ?")?.execute([row])?;
    }
    Ok(())
}

/// Takes out what a device was; the last word on it stays where it is still in the tables.
pub(super) fn forget(log: &mut Appender<'_>, device: DeviceId) -> rusqlite::Result<()> {
    let subject = device.to_string();
    let rows: Vec<i64> = log
        .connection
        .prepare_cached(
            "SELECT seq FROM change WHERE kind = 'device' AND subject = ?1 AND body IS NOT NULL AND seq <
             (SELECT max(seq) FROM change WHERE kind IN ('device', 'retired', 'merge') AND subject = ?1)",
        )?
        .query_map([&subject], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if rows.is_empty() {
        return Ok(());
    }
    blank(log.connection, &rows)?;
    log.append(ChangeKind::Forgotten, &subject, &json(&Forgotten { device, rows: rows.len() })?)
}
