//! The daemon's half: the one connection that writes.

use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};

use super::audit::{self, PublicKey, SignedHead, SigningKey};
use super::log::{self, Appender, Head, hex, json};
use super::prune::{self, Pruning};
use super::{
    Batch, ChangeKind, StoreError, Stored, TargetRecord, day, lock, outbox, past, query, read, salt, schema, swept,
};
use crate::inventory::{AddressBinding, RowChange};
use crate::net::{DeviceId, DeviceText, TargetName, VlanId};
use crate::review::FindingState;

/// The one writer of a database. Holds a lock on it for as long as it lives.
#[derive(Debug)]
pub struct Writer {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    pub(super) epoch: String,
    salt: String,
    pub(super) head: Head,
    pub(super) key: SigningKey,
    /// The key the log names last.
    named_key: Option<PublicKey>,
    pub(super) pruning: Pruning,
    /// What the log last said of each target: a visit is logged only where it differs.
    logged_targets: BTreeMap<TargetName, String>,
    _lock: File,
}

/// What a commit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The change log's last row.
    pub seq: u64,
    /// Its hash, lower-case hex.
    pub head: String,
}

fn vrf_of(row: &AddressBinding) -> Option<&str> {
    row.vrf.as_ref().map(DeviceText::as_str)
}

fn vlan_number(vlan: Option<VlanId>) -> i64 {
    // 0 is no VLAN in 802.1Q, so it stands for "the device cannot tell" in the key.
    vlan.map_or(0, |vlan| i64::from(vlan.get()))
}

/// The part of a target that the log carries: nothing that moves with every visit.
fn logged_part(target: &TargetRecord) -> TargetRecord {
    let mut part = TargetRecord {
        last_attempt: None,
        last_ok: None,
        last_complete: None,
        requests: 0,
        took_ms: 0,
        ..target.clone()
    };
    for state in part.tables.values_mut() {
        state.rows = 0;
    }
    // What was chosen is told; how well it fits moves with every row.
    for reading in [&mut part.readings.port, &mut part.readings.vlan].into_iter().flatten() {
        (reading.score, reading.rows, reading.runner_up) = (0, 0, None);
    }
    part
}

impl Writer {
    /// Opens or makes the database, migrates it, takes the lock.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = lock::take(path)?;
        let fail = |doing| move |error| StoreError::from_sqlite(path, doing, error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(fail("opening"))?;
        // The group may read; -wal and -shm take the mode of the database.
        std::fs::set_permissions(path, Permissions::from_mode(0o640)).map_err(|source| StoreError::Denied {
            path: path.to_owned(),
            what: "written",
            source,
        })?;
        let found = schema::version(&connection).map_err(fail("reading its version"))?;
        if found > schema::CURRENT {
            return Err(StoreError::Newer { path: path.to_owned(), found, known: schema::CURRENT });
        }
        connection.pragma_update(None, "journal_mode", "WAL").map_err(fail("setting its journal"))?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(fail("setting its journal"))?;
        // What is forgotten is overwritten, not only left to be reused.
        connection.pragma_update(None, "secure_delete", "ON").map_err(fail("setting its journal"))?;
        connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(fail("setting its journal"))?;
        connection.set_prepared_statement_cache_capacity(64);
        schema::migrate(&mut connection).map_err(fail("migrating"))?;
        let epoch = Self::drawn_once(&connection, path, "epoch")?;
        Self::drawn_once(&connection, path, "pseudonym-key")?;
        let salt = salt::load(path)?;
        let key = SigningKey::load(path)?;
        let named_key = read::meta(&connection, "signing-key").map_err(fail("reading the public key"))?;
        let head = log::head(&connection, &epoch).map_err(fail("reading the change log"))?;
        let logged_targets = connection
            .prepare("SELECT name, logged FROM target")
            .and_then(|mut statement| {
                let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?.into(), row.get(1)?)))?;
                rows.collect()
            })
            .map_err(fail("reading targets"))?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            epoch,
            salt,
            head,
            key,
            named_key,
            pruning: Pruning::default(),
            logged_targets,
            _lock: lock,
        })
    }

    /// A random value made once with the database: its own name, which the change log's chain begins with, or the key
    /// of the pseudonyms in redacted reports.
    fn drawn_once(connection: &Connection, path: &Path, key: &str) -> Result<String, StoreError> {
        let fail = |error| StoreError::from_sqlite(path, "reading its identity", error);
        let sql = "SELECT value FROM meta WHERE key = ?";
        if let Some(value) = connection.query_row(sql, [key], |row| row.get(0)).optional().map_err(fail)? {
            return Ok(value);
        }
        let value = salt::random_hex().map_err(|source| StoreError::Database {
            path: path.to_owned(),
            doing: "drawing a random number",
            source: Box::new(source),
        })?;
        connection.execute("INSERT INTO meta (key, value) VALUES (?, ?)", [key, &value]).map_err(fail)?;
        Ok(value)
    }

    /// The database's own name.
    pub(super) fn name(&self) -> &str {
        &self.epoch
    }

    /// The salt of credential fingerprints, which only the daemon's own user can read.
    #[must_use]
    pub fn salt(&self) -> &str {
        &self.salt
    }

    /// What a starting daemon must know.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn load(&self) -> Result<Stored, StoreError> {
        read::stored(&self.connection)
            .map_err(|error| StoreError::from_sqlite(&self.path, "reading what was stored", error))
    }

    /// The log's last row.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.head.seq
    }

    /// Where the log ends, as it was signed with the last commit that added to it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn signed_head(&self) -> Result<Option<SignedHead>, StoreError> {
        audit::current(&self.connection)
            .map_err(|error| StoreError::from_sqlite(&self.path, "reading the signed head", error))
    }

    /// Writes a batch and its change log rows in one transaction.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing was written.
    pub fn commit(&mut self, batch: &Batch) -> Result<Committed, StoreError> {
        let (head, logged) =
            self.try_commit(batch).map_err(|error| StoreError::from_sqlite(&self.path, "writing", error))?;
        self.head = head;
        self.named_key = Some(self.key.public());
        for name in &batch.dropped_targets {
            self.logged_targets.remove(name);
        }
        self.logged_targets.extend(logged);
        Ok(Committed { seq: self.head.seq, head: hex(&self.head.hash) })
    }

    fn try_commit(&mut self, batch: &Batch) -> rusqlite::Result<(Head, Vec<(TargetName, String)>)> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut log = Appender { connection: &transaction, epoch: &self.epoch, at: batch.at, head: self.head.clone() };
        if self.named_key != Some(self.key.public()) {
            put_meta(&mut log, ChangeKind::Key, "signing-key", &json(&self.key.public())?)?;
        }
        write_estate(&mut log, batch)?;
        past::rows(&transaction, batch)?;
        write_rows(&transaction, batch)?;
        write_devices(&mut log, batch)?;
        for device in &batch.forgotten {
            prune::forget(&mut log, *device)?;
        }
        write_reviews(&mut log, batch)?;
        for request in &batch.requests {
            log.append(ChangeKind::Request, &request.author.uid.to_string(), &json(request)?)?;
        }
        let logged = write_targets(&mut log, batch, &self.logged_targets)?;
        outbox::write(&transaction, &batch.outbox, batch.at)?;
        day::count(&transaction, batch.at)?;
        swept::write(&transaction, &batch.swept)?;
        swept::forget(&transaction, &batch.unswept)?;
        let head = log.head.clone();
        if head != self.head {
            audit::put_current(&transaction, &SignedHead::sign(&self.key, &self.epoch, &head, batch.at))?;
        }
        if let Some(head) = &batch.published {
            audit::put_published(&transaction, head)?;
        }
        transaction.commit()?;
        Ok((head, logged))
    }
}

fn put_unlogged(connection: &Connection, key: &str, body: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )?
        .execute((key, body))?;
    Ok(())
}

fn put_meta(log: &mut Appender<'_>, kind: ChangeKind, key: &str, body: &str) -> rusqlite::Result<()> {
    put_unlogged(log.connection, key, body)?;
    log.append(kind, key, body)
}

fn write_estate(log: &mut Appender<'_>, batch: &Batch) -> rusqlite::Result<()> {
    if let Some(daemon) = &batch.daemon {
        put_meta(log, ChangeKind::Daemon, "daemon", &json(daemon)?)?;
    }
    if let Some(looked) = &batch.looked {
        put_unlogged(log.connection, "looked", &json(looked)?)?;
    }
    if let Some(configuration) = &batch.configuration {
        put_meta(log, ChangeKind::Configuration, "configuration", &json(configuration)?)?;
    }
    for attempt in &batch.credentials {
        let (address, credential, body) = (attempt.address.to_string(), attempt.credential.as_str(), json(attempt)?);
        log.connection
            .prepare_cached(
                "INSERT INTO credential (address, credential, record) VALUES (?, ?, ?)
                 ON CONFLICT (address, credential) DO UPDATE SET record = excluded.record",
            )?
            .execute((&address, credential, &body))?;
        log.append(ChangeKind::Credential, &format!("{credential} at {address}"), &body)?;
    }
    Ok(())
}

fn write_rows(connection: &Connection, batch: &Batch) -> rusqlite::Result<()> {
    for change in &batch.presence {
        match change {
            RowChange::Opened(row) => connection
                .prepare_cached(
                    "INSERT INTO presence (switch, mac, vlan, if_index, port, first_seen) VALUES (?, ?, ?, ?, ?, ?)",
                )?
                .execute((
                    row.switch.as_str(),
                    row.mac.to_string(),
                    vlan_number(row.vlan),
                    row.if_index,
                    row.port.as_str(),
                    row.first_seen.0,
                ))?,
            RowChange::Closed(row, gone) => connection
                .prepare_cached(
                    "UPDATE presence SET gone = ? WHERE switch = ? AND mac = ? AND vlan = ? AND gone IS NULL",
                )?
                .execute((gone.0, row.switch.as_str(), row.mac.to_string(), vlan_number(row.vlan)))?,
        };
    }
    for change in &batch.addresses {
        match change {
            RowChange::Opened(row) => connection
                .prepare_cached("INSERT INTO address (switch, ip, mac, vrf, first_seen) VALUES (?, ?, ?, ?, ?)")?
                .execute((
                    row.switch.as_str(),
                    row.ip.to_string(),
                    row.mac.to_string(),
                    vrf_of(row),
                    row.first_seen.0,
                ))?,
            RowChange::Closed(row, gone) => connection
                .prepare_cached(
                    "UPDATE address SET gone = ?
                     WHERE switch = ? AND ip = ? AND mac = ? AND vrf IS ? AND gone IS NULL",
                )?
                .execute((gone.0, row.switch.as_str(), row.ip.to_string(), row.mac.to_string(), vrf_of(row)))?,
        };
    }
    for switch in &batch.switches {
        connection
            .prepare_cached(
                "INSERT INTO switch (name, record) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET record = excluded.record",
            )?
            .execute((switch.name.as_str(), json(switch)?))?;
    }
    Ok(())
}

fn write_devices(log: &mut Appender<'_>, batch: &Batch) -> rusqlite::Result<()> {
    for record in &batch.devices {
        let device = &record.device;
        let id = device.id.0 as i64;
        let serial = device.facts.said().map(|(information, _)| information.serial.as_str());
        let body = json(record)?;
        log.connection
            .prepare_cached(
                "INSERT INTO device (id, mac, serial, record) VALUES (?, ?, ?, ?) ON CONFLICT (id)
                 DO UPDATE SET mac = excluded.mac, serial = excluded.serial, record = excluded.record",
            )?
            .execute((id, device.mac.map(|mac| mac.to_string()), serial, &body))?;
        query::write(log.connection, record)?;
        log.connection.prepare_cached("DELETE FROM device_ip WHERE device = ?")?.execute([id])?;
        for ip in &device.ips {
            log.connection
                .prepare_cached("INSERT OR IGNORE INTO device_ip (ip, device) VALUES (?, ?)")?
                .execute((ip.to_string(), id))?;
        }
        log.append(ChangeKind::Device, &device.id.to_string(), &body)?;
    }
    for merge in &batch.merged {
        delete_device(log.connection, merge.from)?;
        log.append(ChangeKind::Merge, &merge.from.to_string(), &json(merge)?)?;
    }
    for id in &batch.retired {
        delete_device(log.connection, *id)?;
        log.append(ChangeKind::Retired, &id.to_string(), "null")?;
    }
    Ok(())
}

fn delete_device(connection: &Connection, id: DeviceId) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM device WHERE id = ?")?.execute([id.0 as i64])?;
    connection.prepare_cached("DELETE FROM device_ip WHERE device = ?")?.execute([id.0 as i64])?;
    Ok(())
}

fn write_reviews(log: &mut Appender<'_>, batch: &Batch) -> rusqlite::Result<()> {
    for finding in &batch.findings {
        let body = json(finding)?;
        log.connection
            .prepare_cached(
                "INSERT INTO finding (id, device, record, closed) VALUES (?, ?, ?, ?) ON CONFLICT (id)
                 DO UPDATE SET device = excluded.device, record = excluded.record, closed = excluded.closed",
            )?
            .execute((
                finding.id.0 as i64,
                finding.subject.device().map(|id| id.0 as i64),
                &body,
                finding.state == FindingState::Closed,
            ))?;
        log.append(ChangeKind::Finding, &finding.id.to_string(), &body)?;
    }
    for decision in &batch.decisions {
        let body = json(decision)?;
        // A finding by its bare number, as it stands in the log of old.
        let subject =
            decision.matter.finding().map_or_else(|| decision.matter.to_string(), |finding| finding.to_string());
        log.connection
            .prepare_cached("INSERT INTO decision (subject, record) VALUES (?, ?)")?
            .execute((&subject, &body))?;
        log.append(ChangeKind::Decision, &subject, &body)?;
    }
    for cycle in &batch.cycles {
        let body = json(cycle)?;
        log.connection
            .prepare_cached(
                "INSERT INTO cycle (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record",
            )?
            .execute((cycle.id.0 as i64, &body))?;
        log.append(ChangeKind::Cycle, &cycle.id.to_string(), &body)?;
    }
    Ok(())
}

fn write_targets(
    log: &mut Appender<'_>,
    batch: &Batch,
    before: &BTreeMap<TargetName, String>,
) -> rusqlite::Result<Vec<(TargetName, String)>> {
    let mut logged = Vec::new();
    // Readers ask for what was visited after the last one they know of.
    let visit = read::meta::<i64>(log.connection, "visit")?.unwrap_or(0) + 1;
    if !batch.targets.is_empty() {
        put_unlogged(log.connection, "visit", &visit.to_string())?;
    }
    for target in &batch.targets {
        let part = json(&logged_part(target))?;
        log.connection
            .prepare_cached(
                "INSERT INTO target (name, record, logged, visit) VALUES (?, ?, ?, ?) ON CONFLICT (name)
                 DO UPDATE SET record = excluded.record, logged = excluded.logged, visit = excluded.visit",
            )?
            .execute((target.name.as_str(), json(target)?, &part, visit))?;
        if before.get(&target.name) != Some(&part) {
            log.append(ChangeKind::Target, target.name.as_str(), &part)?;
            logged.push((target.name.clone(), part));
        }
    }
    for name in &batch.dropped_targets {
        log.connection.execute("DELETE FROM target WHERE name = ?", [name.as_str()])?;
        log.connection.execute("DELETE FROM switch WHERE name = ?", [name.as_str()])?;
        log.append(ChangeKind::TargetDropped, name.as_str(), "null")?;
    }
    Ok(logged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Timestamp;
    use crate::store::{ConfigurationRecord, Reader};

    #[test]
    fn a_full_disk_writes_nothing_loses_nothing_and_is_got_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("full.db");
        let mut writer = Writer::open(&path).unwrap();
        let problem = |text: String| Batch {
            at: Timestamp(1),
            configuration: Some(ConfigurationRecord { problem: text, ..ConfigurationRecord::default() }),
            ..Batch::default()
        };
        let before = writer.commit(&problem("small".into())).unwrap();
        let pages: i64 = writer.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        writer.connection.pragma_update(None, "max_page_count", pages + 2).unwrap();
        let error = writer.commit(&problem("x".repeat(1_000_000))).unwrap_err();
        assert!(matches!(error, StoreError::Full(_)), "{error:?}");
        assert_eq!(Reader::open(&path).unwrap().snapshot().unwrap().seq, before.seq);
        writer.connection.pragma_update(None, "max_page_count", 1_000_000).unwrap();
        let after = writer.commit(&problem("x".repeat(1_000_000))).unwrap();
        assert_eq!(after.seq, before.seq + 1);
        assert_eq!(Reader::open(&path).unwrap().verify(&[], &[]).unwrap().faults, []);
    }
}
