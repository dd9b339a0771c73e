//! The end of the change log, newest first: what a reader looks at live.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};

use super::log::hex;
use super::{Change, Reader, StoreError, Told, outbox, picture};
use crate::net::{DeviceId, SiteId, Timestamp};

/// A row of the log as a reader is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The row.
    pub change: Change,
    /// What its subject was before; `None`: nothing, or it is pruned.
    pub before: Option<String>,
    /// The subject stood in the log before.
    pub known: bool,
    /// Its hash, in lower-case hex.
    pub hash: String,
    /// The hash of the row before it.
    pub previous: String,
}

/// What a body of the same kind and subject was before a row.
fn before(connection: &Connection, change: &Change) -> rusqlite::Result<Option<Option<String>>> {
    connection
        .prepare_cached(
            "SELECT body FROM change INDEXED BY change_of_subject WHERE kind = ? AND subject = ? AND seq < ?
             ORDER BY seq DESC LIMIT 1",
        )?
        .query_row((super::log::kind_text(change.kind), &change.subject, change.seq as i64), |row| row.get(0))
        .optional()
}

fn rows(connection: &Connection, from: u64, to: u64, limit: usize) -> rusqlite::Result<Vec<Logged>> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, at, kind, subject, body, hash, prev FROM change WHERE seq > ? AND seq < ? ORDER BY seq DESC LIMIT ?",
    )?;
    let to = i64::try_from(to).unwrap_or(i64::MAX);
    let rows = statement.query_map((from as i64, to, i64::try_from(limit).unwrap_or(i64::MAX)), |row| {
        let hash = |column| -> rusqlite::Result<String> { Ok(hex(row.get_ref(column)?.as_blob()?)) };
        Ok((picture::change(row)?, hash(5)?, hash(6)?))
    })?;
    let mut logged = Vec::new();
    for row in rows {
        let (change, hash, previous) = row?;
        let found = before(connection, &change)?;
        logged.push(Logged { known: found.is_some(), before: found.flatten(), change, hash, previous });
    }
    Ok(logged)
}

impl Reader {
    /// Rows of the change log past `from` and before `to`, newest first, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn recent(&self, from: u64, to: u64, limit: usize) -> Result<Vec<Logged>, StoreError> {
        rows(&self.connection, from, to, limit).map_err(self.fail("reading the change log"))
    }

    /// Every device that a finding was ever about, with each site where it was then.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn found_at(&self) -> Result<BTreeSet<(DeviceId, SiteId)>, StoreError> {
        let read = || -> rusqlite::Result<BTreeSet<(DeviceId, SiteId)>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT DISTINCT device, record ->> '$.place.site' FROM finding
                 WHERE device IS NOT NULL AND record ->> '$.place.site' IS NOT NULL",
            )?;
            let pair = |row: &rusqlite::Row<'_>| {
                Ok((DeviceId(row.get::<_, i64>(0)?.unsigned_abs()), row.get::<_, String>(1)?.into()))
            };
            statement.query_map([], pair)?.collect()
        };
        read().map_err(self.fail("reading where findings stood"))
    }

    /// What carriers of alerts were told lately, newest first, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn told(&self, since: Timestamp, limit: usize) -> Result<Vec<Told>, StoreError> {
        let mut told = outbox::told(&self.connection).map_err(self.fail("reading what was told"))?;
        told.retain(|told| told.at >= since);
        told.sort_by(|one, other| other.at.cmp(&one.at).then_with(|| one.carrier.cmp(&other.carrier)));
        told.truncate(limit);
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Batch, ChangeKind, DaemonRecord, Writer};

    #[test]
    fn the_log_is_read_from_its_end_with_what_was_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut writer = Writer::open(&path).unwrap();
        let daemon = |stopped| DaemonRecord {
            host: "h".into(),
            version: "0".into(),
            started: Timestamp(1),
            stopped,
            poll_every_s: 300,
            cameras_every_s: 900,
            late: Vec::new(),
        };
        for at in [1, 2, 3] {
            let daemon = Some(daemon((at > 1).then_some(Timestamp(at))));
            writer.commit(&Batch { at: Timestamp(at), daemon, ..Batch::default() }).unwrap();
        }
        let reader = Reader::open(&path).unwrap();
        let all = reader.recent(0, u64::MAX, 100).unwrap();
        let daemons: Vec<&Logged> = all.iter().filter(|row| row.change.kind == ChangeKind::Daemon).collect();
        assert_eq!(daemons.len(), 3);
        assert!(all.windows(2).all(|two| two[0].change.seq == two[1].change.seq + 1 && two[0].previous == two[1].hash));
        assert_eq!(daemons[0].before, daemons[1].change.body);
        assert!(daemons[0].known && !daemons[2].known);
        let (last, hash) = writer.head();
        assert_eq!((all[0].change.seq, &all[0].hash), (last, &hash));
        assert_eq!(reader.recent(last - 1, u64::MAX, 100).unwrap().len(), 1);
        assert_eq!(reader.recent(0, last, 1).unwrap()[0].change.seq, last - 1);
    }
}
