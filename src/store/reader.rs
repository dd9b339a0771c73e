//! Everybody else's half: read-only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::error::is_full;
use super::log::{self, LoggedState, TABLES};
use super::{
    Change, CredentialTry, DeviceRecord, StoreError, Stored, TargetKind, TargetRecord, lock, outline, past, picture,
    query, read, schema,
};
use crate::inventory::{AddressBinding, Device, Path as Way, Presence, Registered, SwitchRecord};
use crate::net::{DeviceId, FindingId, MacAddr, TargetName, Timestamp};
use crate::policy::Status;
use crate::review::{Decision, Finding};
use crate::snapshot::{Changes, DeviceRow, Seen, Snapshot, Tally};

/// A read-only view of the database. Works while the daemon writes, and when it is stopped.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    pub(super) connection: Connection,
    /// Opened with `immutable=1`: nobody writes, and nothing new is seen through this connection.
    immutable: bool,
    /// The file that was opened: its device and inode.
    file: (u64, u64),
    /// Its disk had no space left at the last look.
    full: bool,
    /// `PRAGMA data_version` at the last look.
    seen: i64,
}

/// All that is known of one device.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceDetail {
    /// Its record, evidence included.
    pub device: Device,
    /// Its count word.
    pub status: Status,
    /// What a register says of when it was installed.
    pub registered: Option<Registered>,
    /// Last seen.
    pub last_seen: Timestamp,
    /// Its findings, closed ones too.
    pub findings: Vec<Finding>,
    /// Every decision ever made on them, oldest first.
    pub decisions: Vec<Decision>,
    /// Where it was seen: forwarding rows, newest first, each with when it went.
    pub presence: Vec<(Presence, Option<Timestamp>)>,
    /// The switches that show it now.
    pub switches: BTreeMap<TargetName, SwitchRecord>,
    /// Its address bindings, newest first.
    pub addresses: Vec<(AddressBinding, Option<Timestamp>)>,
    /// The way from its port towards the core.
    pub path: Way,
    /// Its changes in the log, newest first, at most 100.
    pub history: Vec<Change>,
}

/// A path as the path part of an SQLite URI.
fn uri_path(path: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt;
    let mut out = String::new();
    for octet in path.as_os_str().as_bytes() {
        match octet {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => out.push(char::from(*octet)),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{octet:02X}");
            }
        }
    }
    out
}

/// Opens and reads once: an unreadable database shows itself only at the first read. Its schema's version, and whether
/// it is one of ours, or none of anybody yet.
fn try_open(path: &Path, immutable: bool) -> rusqlite::Result<(Connection, i64, bool)> {
    let uri = format!("file:{}?mode=ro{}", uri_path(path), if immutable { "&immutable=1" } else { "" });
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    let version = schema::version(&connection)?;
    let is_ours = schema::is_ours(&connection)?;
    Ok((connection, version, is_ours))
}

/// A file by its device and inode: what is put in its place is another one.
fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Whether commits lie beside a database that it does not hold itself.
fn has_journal(path: &Path) -> bool {
    let mut journal = path.as_os_str().to_owned();
    journal.push("-wal");
    std::fs::metadata(journal).is_ok_and(|metadata| metadata.len() > 0)
}

impl Reader {
    /// Opens the database read-only. Where the daemon is stopped and left no `-wal` file, it opens with
    /// `immutable=1`, and [`crate::snapshot::DaemonRow::absent`] is set.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let opened = std::fs::File::open(path).and_then(|_| identity(path));
        let file = opened.map_err(|source| StoreError::from_opening(path, source))?;
        let fail = |error| StoreError::from_sqlite(path, "opening", error);
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let (opened, immutable) = match try_open(&absolute, false) {
            Ok(opened) => (opened, false),
            Err(error) => match fail(error) {
                // Somebody writes, or it is none: looking past that would show what is not so.
                error @ (StoreError::Busy(_) | StoreError::Foreign(_) | StoreError::Damaged { .. }) => {
                    return Err(error);
                }
                // What was committed last would be missing from what is shown.
                _ if !lock::is_held(path) && has_journal(path) => return Err(StoreError::Unmerged(path.to_owned())),
                // Read permission alone cannot make the -shm file that a stopped daemon took away with it.
                error if !lock::is_held(path) => (try_open(&absolute, true).map_err(|_| error)?, true),
                error => return Err(error),
            },
        };
        let (connection, found, is_ours) = opened;
        let reader = Self { path: path.to_owned(), connection, immutable, file, full: false, seen: -1 };
        if !is_ours {
            return Err(StoreError::Foreign(path.to_owned()));
        }
        reader.fits(found)?;
        Ok(reader)
    }

    /// Whether this program knows a schema.
    fn fits(&self, found: i64) -> Result<(), StoreError> {
        let (path, known) = (self.path.clone(), schema::CURRENT);
        match found {
            found if found > known => Err(StoreError::Newer { path, found, known }),
            found if found < known => Err(StoreError::Older { path, found, known }),
            _ => Ok(()),
        }
    }

    /// Whether the file that was opened still lies at its path; else another one does.
    ///
    /// # Errors
    /// None does, or it may not be looked at: see [`StoreError`].
    pub fn is_there(&self) -> Result<bool, StoreError> {
        let found = identity(&self.path).map_err(|source| StoreError::from_opening(&self.path, source))?;
        Ok(found == self.file)
    }

    pub(super) fn fail(&self, doing: &'static str) -> impl FnOnce(rusqlite::Error) -> StoreError + '_ {
        move |error| StoreError::from_sqlite(&self.path, doing, error)
    }

    /// The whole picture.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn snapshot(&mut self) -> Result<Snapshot, StoreError> {
        self.begin(picture::load, |snapshot| snapshot)
    }

    /// The picture without the devices that no finding is about (those are read by [`Self::rows`]), and how many
    /// devices are alike, of all: what the first screen needs, at a cost that does not grow with the estate.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn outline(&mut self) -> Result<(Snapshot, Vec<Tally>), StoreError> {
        let path = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        let immutable = self.immutable;
        let beside = move || try_open(&path, immutable).map(|(beside, ..)| beside);
        self.begin(|connection| outline::outline(connection, beside), |(snapshot, _)| snapshot)
    }

    /// What a return tells of: every finding, the devices that it names one by one, and how many are alike, of all.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn returned(&mut self) -> Result<(Snapshot, Vec<Tally>), StoreError> {
        self.begin(picture::returned, |(snapshot, _)| snapshot)
    }

    fn begin<T>(
        &mut self,
        load: impl FnOnce(&Connection) -> rusqlite::Result<T>,
        snapshot: impl FnOnce(&mut T) -> &mut Snapshot,
    ) -> Result<T, StoreError> {
        self.follow_a_starting_daemon()?;
        let version = self.data_version()?;
        let mut picture = load(&self.connection).map_err(self.fail("reading the picture"))?;
        let daemon = &mut snapshot(&mut picture).daemon;
        (daemon.absent, daemon.disk_full) = (!lock::is_held(&self.path), is_full(&self.path));
        (self.seen, self.full) = (version, daemon.disk_full);
        Ok(picture)
    }

    /// Rows of devices past `after`, by id, at most `limit`; last seen when they were first seen, as far as these tell.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn rows(&self, after: DeviceId, limit: usize) -> Result<Vec<DeviceRow>, StoreError> {
        query::after(&self.connection, after, limit).map_err(self.fail("reading devices"))
    }

    /// What changed after that change of the log and that visit, at the cost of that; `None`: nothing did (one
    /// `PRAGMA data_version` and a look at the writer's lock). `absent`: whether no daemon ran.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn changes_since(&mut self, seq: u64, visits: u64, absent: bool) -> Result<Option<Changes>, StoreError> {
        self.follow_a_starting_daemon()?;
        let (absent_now, full_now) = (!lock::is_held(&self.path), is_full(&self.path));
        let version = self.data_version()?;
        if version == self.seen && absent == absent_now && self.full == full_now {
            return Ok(None);
        }
        // A newer daemon may have changed the schema under this connection.
        self.fits(schema::version(&self.connection).map_err(self.fail("asking for its version"))?)?;
        let read = picture::changes_since(&self.connection, seq, visits);
        let mut changes = read.map_err(self.fail("reading what changed"))?;
        (changes.absent, changes.disk_full) = (absent_now, full_now);
        (self.seen, self.full) = (version, full_now);
        Ok(Some(changes))
    }

    /// Brings a snapshot up to date at the cost of what changed since. `false`: nothing did.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn refresh(&mut self, snapshot: &mut Snapshot) -> Result<bool, StoreError> {
        let changes = self.changes_since(snapshot.seq, snapshot.visits, snapshot.daemon.absent)?;
        Ok(changes.map(|changes| snapshot.take(changes)).is_some())
    }

    /// An immutable connection sees nothing of a daemon that started since: open anew.
    fn follow_a_starting_daemon(&mut self) -> Result<(), StoreError> {
        if self.immutable && lock::is_held(&self.path) {
            *self = Self::open(&self.path)?;
        }
        Ok(())
    }

    fn data_version(&self) -> Result<i64, StoreError> {
        self.connection
            .pragma_query_value(None, "data_version", |row| row.get(0))
            .map_err(self.fail("asking whether anything changed"))
    }

    /// One device with everything about it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn device(&self, id: DeviceId) -> Result<Option<DeviceDetail>, StoreError> {
        self.try_device(id).map_err(self.fail("reading a device"))
    }

    fn try_device(&self, id: DeviceId) -> rusqlite::Result<Option<DeviceDetail>> {
        let connection = &self.connection;
        let key = id.0 as i64;
        let found: Option<DeviceRecord> = connection
            .query_row("SELECT record FROM device WHERE id = ?", [key], |row| read::record(row, 0))
            .optional()?;
        let Some(DeviceRecord { device, status, registered }) = found else { return Ok(None) };
        let mac = device.mac.map(|mac| mac.to_string()).unwrap_or_default();
        // Only the targets its last sight rests on: its switch, and itself as a camera.
        let mut targets: Vec<TargetRecord> = Vec::new();
        let addresses = device.ips.iter().map(ToString::to_string);
        for name in addresses.chain(device.place.switch.iter().map(ToString::to_string)) {
            targets.extend(read::records(connection, "SELECT record FROM target WHERE name = ?", [name])?);
        }
        let mut seen = Seen::default();
        for target in &targets {
            seen.note(&target.name, target.kind == TargetKind::Switch, target.last_complete);
        }
        let mut presence = connection.prepare_cached(
            "SELECT switch, mac, vlan, if_index, port, first_seen, gone FROM presence WHERE mac = ?
             ORDER BY gone IS NOT NULL, gone DESC, first_seen DESC LIMIT 100",
        )?;
        let mut addresses = connection.prepare_cached(
            "SELECT switch, ip, mac, vrf, first_seen, gone FROM address WHERE mac = ?
             ORDER BY gone IS NOT NULL, gone DESC, first_seen DESC LIMIT 100",
        )?;
        let mut history = connection.prepare_cached(
            "SELECT seq, at, kind, subject, body FROM change WHERE kind IN ('device', 'merge', 'retired') AND subject = ?
             ORDER BY seq DESC LIMIT 100",
        )?;
        let presence: Vec<(Presence, Option<Timestamp>)> =
            presence.query_map([&mac], read::presence)?.collect::<Result<_, _>>()?;
        let mut switches: BTreeMap<TargetName, SwitchRecord> = BTreeMap::new();
        for (row, _) in presence.iter().filter(|(_, gone)| gone.is_none()) {
            if !switches.contains_key(&row.switch) {
                let sql = "SELECT record FROM switch WHERE name = ?";
                let found: Vec<SwitchRecord> = read::records(connection, sql, [row.switch.as_str()])?;
                switches.extend(found.into_iter().map(|record| (record.name.clone(), record)));
            }
        }
        let mut decisions = Vec::new();
        let of_findings = "SELECT id, record FROM decision
                           WHERE subject IN (SELECT CAST(id AS TEXT) FROM finding WHERE device = ?) ORDER BY id";
        let mut take = |sql: &str, parameter: &dyn rusqlite::ToSql| -> rusqlite::Result<()> {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([parameter], |row| Ok((row.get::<_, i64>(0)?, read::record(row, 1)?)))?;
            decisions.extend(rows.collect::<rusqlite::Result<Vec<(i64, Decision)>>>()?);
            Ok(())
        };
        take(of_findings, &key)?;
        for former in past::ids(connection, id)? {
            take("SELECT id, record FROM decision WHERE subject = ?", &format!("device {former}"))?;
        }
        decisions.sort_by_key(|(number, _)| *number);
        let decisions = decisions.into_iter().map(|(_, decision)| decision).collect();
        let addresses: Vec<(AddressBinding, Option<Timestamp>)> =
            addresses.query_map([&mac], read::address)?.collect::<Result<_, _>>()?;
        Ok(Some(DeviceDetail {
            status,
            path: self.path(&device.place, &presence, &addresses, &switches)?,
            registered,
            last_seen: seen.last_seen(&DeviceRow::new(&device, status, device.first_seen)),
            findings: read::records(connection, "SELECT record FROM finding WHERE device = ? ORDER BY id", [key])?,
            decisions,
            presence,
            switches,
            addresses,
            history: history.query_map([id.to_string()], picture::change)?.collect::<Result<_, _>>()?,
            device,
        }))
    }

    /// Devices by what people call them: a MAC address in any notation, an IP address, a serial number, an id.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn find(&self, what: &str) -> Result<Vec<DeviceId>, StoreError> {
        let what = what.trim();
        let (sql, key) = if let Ok(ip) = what.parse::<std::net::IpAddr>() {
            ("SELECT device FROM device_ip WHERE ip = ? ORDER BY device", ip.to_string())
        } else if let Ok(mac) = what.parse::<MacAddr>() {
            ("SELECT id FROM device WHERE mac = ? ORDER BY id", mac.to_string())
        } else {
            ("SELECT id FROM device WHERE serial = ?1 OR CAST(id AS TEXT) = ?1 ORDER BY id", what.to_owned())
        };
        let mut statement = self.connection.prepare_cached(sql).map_err(self.fail("looking for a device"))?;
        let rows = statement.query_map([key], |row| Ok(DeviceId(row.get::<_, i64>(0)?.unsigned_abs())));
        rows.and_then(Iterator::collect).map_err(self.fail("looking for a device"))
    }

    /// A device's record, evidence included; `None`: it is no more.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn device_record(&self, id: DeviceId) -> Result<Option<DeviceRecord>, StoreError> {
        let read = || {
            let mut statement = self.connection.prepare_cached("SELECT record FROM device WHERE id = ?")?;
            statement.query_row([id.0 as i64], |row| read::record(row, 0)).optional()
        };
        read().map_err(self.fail("reading a device"))
    }

    /// The key of the pseudonyms in redacted reports. It lies in the database: who may read that needs no pseudonyms.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn pseudonym_key(&self) -> Result<Vec<u8>, StoreError> {
        let sql = "SELECT value FROM meta WHERE key = 'pseudonym-key'";
        let key: rusqlite::Result<String> = self.connection.query_row(sql, [], |row| row.get(0));
        key.map(String::into_bytes).map_err(self.fail("reading the key of pseudonyms"))
    }

    /// Every decision on a finding, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn decisions(&self, finding: FindingId) -> Result<Vec<Decision>, StoreError> {
        let sql = "SELECT record FROM decision WHERE subject = ? ORDER BY id";
        read::records(&self.connection, sql, [finding.to_string()]).map_err(self.fail("reading decisions"))
    }

    /// All that a daemon that started now would take up, at one instant: to try out what it would do.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn stored(&self) -> Result<Stored, StoreError> {
        let read = || read::stored(&*self.connection.unchecked_transaction()?);
        read().map_err(self.fail("reading what was stored"))
    }

    /// How credentials stand at cameras, by address and credential.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn credentials(&self) -> Result<Vec<CredentialTry>, StoreError> {
        read::credentials(&self.connection).map_err(self.fail("reading credentials"))
    }

    /// Change log rows after `seq`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn changes(&self, after: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        picture::changes(&self.connection, after, limit).map_err(self.fail("reading the change log"))
    }

    /// The current state as the change log alone tells it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn state_from_log(&self) -> Result<LoggedState, StoreError> {
        log::fold(&self.connection).map_err(self.fail("folding the change log"))
    }

    /// The current state as the tables hold it: equal to [`Self::state_from_log`], or something is wrong.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn state_from_tables(&self) -> Result<LoggedState, StoreError> {
        let mut state = LoggedState::default();
        let pairs = |sql: &str| -> rusqlite::Result<Vec<(String, String)>> {
            self.connection.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        for (kind, sql) in TABLES {
            let rows = pairs(sql).map_err(self.fail("reading the tables"))?;
            state.records.extend(rows.into_iter().map(|(subject, body)| ((kind, subject), body)));
        }
        state.decisions = pairs(log::DECISIONS).map_err(self.fail("reading the tables"))?;
        Ok(state)
    }
}
