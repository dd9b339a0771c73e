//! What was: what a device was called, what a finding was, what of a device is taken out when it is forgotten.

use rusqlite::{Connection, OptionalExtension};

use super::log::hex;
use super::{Batch, StoreError, Writer, read};
use crate::net::{DeviceId, FindingId, MacAddr, Timestamp};
use crate::review::Finding;

/// A device's id and those of devices that became it.
pub(super) fn ids(connection: &Connection, id: DeviceId) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached(
            "WITH RECURSIVE was(id) AS (
                 VALUES (?)
                 UNION
                 SELECT CAST(change.subject AS INTEGER) FROM change JOIN was
                 ON change.kind = 'merge' AND json_extract(change.body, '$.into') = was.id
             )
             SELECT id FROM was ORDER BY id",
        )?
        .query_map([id.0 as i64], |row| row.get(0))?
        .collect()
}

/// Takes out the rows that showed devices which are retired and forgotten. Their changes are [`super::prune`]'s.
pub(super) fn rows(connection: &Connection, batch: &Batch) -> rusqlite::Result<()> {
    for id in batch.forgotten.iter().filter(|id| batch.retired.contains(id)) {
        let mac: Option<Option<String>> = connection
            .prepare_cached("SELECT mac FROM device WHERE id = ?")?
            .query_row([id.0 as i64], |row| row.get(0))
            .optional()?;
        if let Some(mac) = mac.flatten() {
            connection.prepare_cached("DELETE FROM presence WHERE mac = ?")?.execute([&mac])?;
            connection.prepare_cached("DELETE FROM address WHERE mac = ?")?.execute([&mac])?;
        }
    }
    Ok(())
}

impl Writer {
    /// A finding as it was at a revision, or at the one before where none was written with that number.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn finding_at(&self, id: FindingId, revision: u64) -> Result<Option<Finding>, StoreError> {
        let found = self.connection.query_row(
            "SELECT body FROM change WHERE kind = 'finding' AND subject = ?1
             AND json_extract(body, '$.revision') <= ?2 ORDER BY seq DESC LIMIT 1",
            (id.to_string(), revision as i64),
            |row| read::record(row, 0),
        );
        found.optional().map_err(|error| StoreError::from_sqlite(&self.path, "asking what a finding was", error))
    }

    /// The change log's last row and its hash, in lower-case hex.
    #[must_use]
    pub fn head(&self) -> (u64, String) {
        (self.head.seq, hex(&self.head.hash))
    }

    /// Devices that became this one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn former(&self, device: DeviceId) -> Result<Vec<DeviceId>, StoreError> {
        let all = ids(&self.connection, device)
            .map_err(|error| StoreError::from_sqlite(&self.path, "asking what a device was", error))?;
        Ok(all.into_iter().map(|id| DeviceId(id.unsigned_abs())).filter(|id| *id != device).collect())
    }

    /// When the last row that showed a device's address went; without an address, when its record last changed.
    /// `None`: no such row ever went.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn last_shown(&self, device: DeviceId, mac: Option<MacAddr>) -> Result<Option<Timestamp>, StoreError> {
        let last = match mac {
            Some(mac) => self.connection.query_row(
                "SELECT max(gone) FROM (SELECT gone FROM presence WHERE mac = ?1 UNION ALL
                                        SELECT gone FROM address WHERE mac = ?1)",
                [mac.to_string()],
                |row| row.get::<_, Option<i64>>(0),
            ),
            None => self.connection.query_row(
                "SELECT max(at) FROM change WHERE kind = 'device' AND subject = ?",
                [device.to_string()],
                |row| row.get(0),
            ),
        };
        last.map(|at| at.map(Timestamp))
            .map_err(|error| StoreError::from_sqlite(&self.path, "asking when a device was last shown", error))
    }
}
