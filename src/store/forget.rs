//! What is forgotten, and what a device was called before.

use rusqlite::{Connection, OptionalExtension};

use super::batch::ChangeKind;
use super::log::Appender;
use super::{StoreError, Writer};
use crate::net::{DeviceId, MacAddr, Timestamp};

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

/// Forgets devices: their rows go, and the bodies of their changes. The hashes of those stay, so the chain does too.
pub(super) fn write(log: &mut Appender<'_>, forgotten: &[DeviceId]) -> rusqlite::Result<()> {
    for id in forgotten {
        let connection = log.connection;
        let mac: Option<Option<String>> = connection
            .prepare_cached("SELECT mac FROM device WHERE id = ?")?
            .query_row([id.0 as i64], |row| row.get(0))
            .optional()?;
        if let Some(mac) = mac.flatten() {
            connection.prepare_cached("DELETE FROM presence WHERE mac = ?")?.execute([&mac])?;
            connection.prepare_cached("DELETE FROM address WHERE mac = ?")?.execute([&mac])?;
        }
        for former in ids(connection, *id)? {
            connection
                .prepare_cached("UPDATE change SET body = NULL WHERE kind = 'device' AND subject = ?")?
                .execute([former.to_string()])?;
        }
        connection.prepare_cached("DELETE FROM device WHERE id = ?")?.execute([id.0 as i64])?;
        connection.prepare_cached("DELETE FROM device_ip WHERE device = ?")?.execute([id.0 as i64])?;
        log.append(ChangeKind::Forgotten, &id.to_string(), "null")?;
    }
    Ok(())
}

impl Writer {
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
