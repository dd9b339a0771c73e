//! One switch, and the way from a device over switches: what a reader asks for when it is looked at.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::OptionalExtension;

use super::{Reader, StoreError, read};
use crate::inventory::{AddressBinding, Around, Path, Place, Presence, SwitchRecord, path};
use crate::net::{TargetName, Timestamp};

/// A switch as it is remembered, and how many addresses are learned on its ports.
#[derive(Debug, Clone, PartialEq)]
pub struct SwitchDetail {
    /// Its record: ports and neighbours.
    pub record: SwitchRecord,
    /// Addresses on each port by ifIndex, and when the newest of them came.
    pub learned: BTreeMap<u32, (usize, Timestamp)>,
}

impl Reader {
    /// A switch; `None`: none of that name was ever read.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn switch(&self, name: &TargetName) -> Result<Option<SwitchDetail>, StoreError> {
        self.try_switch(name).map_err(self.fail("reading a switch"))
    }

    fn try_switch(&self, name: &TargetName) -> rusqlite::Result<Option<SwitchDetail>> {
        let Some(record) = self.switch_record(name.as_str())? else { return Ok(None) };
        // By the index of open rows: what was there before is not gone through.
        let mut statement = self.connection.prepare_cached(
            "SELECT if_index, count(DISTINCT mac), max(first_seen) FROM presence
             WHERE switch = ? AND gone IS NULL AND if_index IS NOT NULL GROUP BY if_index",
        )?;
        let rows = statement.query_map([name.as_str()], |row| {
            let count: u32 = row.get(1)?;
            Ok((row.get(0)?, (usize::try_from(count).unwrap_or(usize::MAX), Timestamp(row.get(2)?))))
        })?;
        Ok(Some(SwitchDetail { record, learned: rows.collect::<rusqlite::Result<_>>()? }))
    }

    fn switch_record(&self, name: &str) -> rusqlite::Result<Option<SwitchRecord>> {
        let mut statement = self.connection.prepare_cached("SELECT record FROM switch WHERE name = ?")?;
        statement.query_row([name], |row| read::record(row, 0)).optional()
    }

    /// The one switch that goes by one of these names, whatever their case.
    fn switch_called(&self, names: &BTreeSet<String>) -> rusqlite::Result<Option<SwitchRecord>> {
        let mut found: BTreeSet<String> = BTreeSet::new();
        let sql = "SELECT name FROM switch WHERE name = ? COLLATE NOCASE";
        for name in names {
            let mut statement = self.connection.prepare_cached(sql)?;
            // A first label that is marked as cut has a dot behind it.
            let rows = statement.query_map([name.trim_end_matches('.')], |row| row.get::<_, String>(0))?;
            found.extend(rows.collect::<rusqlite::Result<Vec<_>>>()?);
        }
        match found.first().filter(|_| found.len() == 1) {
            Some(name) => self.switch_record(name),
            None => Ok(None),
        }
    }

    /// The way from a device's place towards the core.
    pub(super) fn path(
        &self,
        place: &Place,
        presence: &[(Presence, Option<Timestamp>)],
        addresses: &[(AddressBinding, Option<Timestamp>)],
        switches: &BTreeMap<TargetName, SwitchRecord>,
    ) -> rusqlite::Result<Path> {
        let around = Around {
            rows: presence.iter().filter(|(_, gone)| gone.is_none()).map(|(row, _)| row).collect(),
            switches: switches.values().collect(),
            routers: addresses.iter().filter(|(_, gone)| gone.is_none()).map(|(row, _)| &row.switch).collect(),
        };
        let mut failed = None;
        let found =
            path(place, &around, |names| self.switch_called(names).map_err(|error| failed = Some(error)).ok()?);
        failed.map_or(Ok(found), Err)
    }
}
