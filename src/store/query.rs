//! Devices as narrow rows, and how many are alike: what readers go through, kept beside the records by the writer.

use std::net::IpAddr;

use rusqlite::types::Type;
use rusqlite::{Connection, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as WordError, StrDeserializer};

use super::{DeviceRecord, read};
use crate::inventory::{Confidence, Place, Registered};
use crate::net::{DeviceId, DeviceText, MacAddr, MakerId, NetworkId, PortName, SiteId, TargetName, Timestamp, VlanId};
use crate::snapshot::{DeviceRow, Tally, word};

/// Every column of a row, in the order in which it is written and read.
const COLUMNS: &str = "id, mac, ips, class, surveillance, maker, maker_name, verdict, brand, model, firmware, serial, \
                       hostname, switch, port, if_index, vlan, network, network_kind, site, certainty, confidence, \
                       since, gone, status, first_seen, appeared, register, installed";

/// The schema's step that brought them: narrow rows of devices, how many are alike, which findings are closed, which
/// targets were visited since. [`fill`] makes the rows from the records; the triggers keep the rest.
pub(super) const STEP: &str = "
    CREATE TABLE device_row (
        id           INTEGER PRIMARY KEY,
        mac          INTEGER,
        ips          TEXT NOT NULL,
        class        TEXT NOT NULL,
        surveillance TEXT NOT NULL,
        maker        TEXT,
        maker_name   TEXT NOT NULL,
        verdict      TEXT NOT NULL,
        brand        TEXT,
        model        TEXT NOT NULL,
        firmware     TEXT NOT NULL,
        serial       TEXT NOT NULL,
        hostname     TEXT,
        switch       TEXT,
        port         TEXT,
        if_index     INTEGER,
        vlan         INTEGER,
        network      TEXT,
        network_kind TEXT,
        site         TEXT,
        certainty    TEXT NOT NULL,
        confidence   INTEGER NOT NULL,
        since        INTEGER NOT NULL,
        gone         INTEGER,
        status       TEXT NOT NULL,
        first_seen   INTEGER NOT NULL,
        appeared     INTEGER
    ) STRICT;
    CREATE INDEX device_row_hiding ON device_row (id) WHERE class IN ('recorder', 'encoder');
    CREATE TABLE device_tally (
        surveillance TEXT NOT NULL,
        class        TEXT NOT NULL,
        verdict      TEXT NOT NULL,
        status       TEXT NOT NULL,
        maker        TEXT NOT NULL,
        maker_name   TEXT NOT NULL,
        brand        TEXT NOT NULL,
        site         TEXT NOT NULL,
        network      TEXT NOT NULL,
        network_kind TEXT NOT NULL,
        gone         INTEGER NOT NULL,
        devices      INTEGER NOT NULL,
        PRIMARY KEY (surveillance, class, verdict, status, maker, maker_name, brand, site, network, network_kind, gone)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER device_row_came AFTER INSERT ON device_row BEGIN
        INSERT INTO device_tally VALUES (new.surveillance, new.class, new.verdict, new.status, ifnull(new.maker, ''), new.maker_name,
            ifnull(new.brand, ''), ifnull(new.site, ''), ifnull(new.network, ''), ifnull(new.network_kind, ''), new.gone IS NOT NULL, 1)
            ON CONFLICT DO UPDATE SET devices = devices + 1;
    END;
    CREATE TRIGGER device_row_went AFTER DELETE ON device_row BEGIN
        UPDATE device_tally SET devices = devices - 1 WHERE (surveillance, class, verdict, status, maker, maker_name, brand, site, network, network_kind, gone) =
            (old.surveillance, old.class, old.verdict, old.status, ifnull(old.maker, ''), old.maker_name,
            ifnull(old.brand, ''), ifnull(old.site, ''), ifnull(old.network, ''), ifnull(old.network_kind, ''), old.gone IS NOT NULL);
        DELETE FROM device_tally WHERE devices = 0 AND (surveillance, class, verdict, status, maker, maker_name, brand, site, network, network_kind, gone) =
            (old.surveillance, old.class, old.verdict, old.status, ifnull(old.maker, ''), old.maker_name,
            ifnull(old.brand, ''), ifnull(old.site, ''), ifnull(old.network, ''), ifnull(old.network_kind, ''), old.gone IS NOT NULL);
    END;
    CREATE TRIGGER device_went AFTER DELETE ON device BEGIN
        DELETE FROM device_row WHERE id = old.id;
    END;
    ALTER TABLE finding ADD COLUMN closed INTEGER NOT NULL DEFAULT 0;
    UPDATE finding SET closed = 1 WHERE record ->> 'state' = 'closed';
    CREATE INDEX finding_standing ON finding (id) WHERE closed = 0;
    ALTER TABLE target ADD COLUMN visit INTEGER NOT NULL DEFAULT 0;
    UPDATE target SET visit = 1;
    INSERT INTO meta VALUES ('visit', '1');
    CREATE INDEX target_by_visit ON target (visit);
";

/// What registers say of when devices were installed. [`fill`] makes the rows.
pub(super) const REGISTERS: &str = "
    ALTER TABLE device_row ADD COLUMN register TEXT;
    ALTER TABLE device_row ADD COLUMN installed TEXT;
";

/// A word of a list as its value.
fn value<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    T::deserialize(StrDeserializer::<WordError>::new(text))
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

fn optional<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    if row.get_ref(column)?.as_str_or_null()?.is_none() { Ok(None) } else { value(row, column).map(Some) }
}

fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<DeviceText> {
    Ok(DeviceText::new(row.get_ref(column)?.as_str()?))
}

fn mac_number(mac: MacAddr) -> i64 {
    let [a, b, c, d, e, f] = mac.0;
    i64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

fn mac(number: i64) -> MacAddr {
    let [_, _, a, b, c, d, e, f] = number.to_be_bytes();
    MacAddr([a, b, c, d, e, f])
}

/// A row; nobody saw the device since it was first seen, as far as this tells.
fn device_row(row: &Row<'_>) -> rusqlite::Result<DeviceRow> {
    let name = |column: usize| row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from);
    let ips = row.get_ref(2)?.as_str()?.split_ascii_whitespace().filter_map(|ip| ip.parse::<IpAddr>().ok());
    let first_seen = Timestamp(row.get(25)?);
    Ok(DeviceRow {
        id: DeviceId(row.get::<_, i64>(0)?.unsigned_abs()),
        mac: row.get::<_, Option<i64>>(1)?.map(mac),
        ips: ips.collect(),
        class: value(row, 3)?,
        surveillance: value(row, 4)?,
        maker: name(5)?.map(Into::into),
        maker_name: row.get(6)?,
        verdict: value(row, 7)?,
        brand: row.get(8)?,
        model: text(row, 9)?,
        firmware: text(row, 10)?,
        serial: text(row, 11)?,
        hostname: name(12)?.map(DeviceText::new),
        place: Place {
            switch: name(13)?.map(Into::into),
            port: name(14)?.map(Into::into),
            if_index: row.get(15)?,
            vlan: row.get::<_, Option<u32>>(16)?.and_then(VlanId::new),
            network: name(17)?.map(Into::into),
            network_kind: optional(row, 18)?,
            site: name(19)?.map(Into::into),
            certainty: value(row, 20)?,
            confidence: Confidence::of_percent(row.get(21)?),
            since: Timestamp(row.get(22)?),
            gone: row.get::<_, Option<i64>>(23)?.map(Timestamp),
            ..Place::default()
        },
        status: value(row, 24)?,
        first_seen,
        appeared: row.get::<_, Option<i64>>(26)?.map(Timestamp),
        last_seen: first_seen,
        registered: registered(row)?,
    })
}

/// What a register says of when a device was installed.
fn registered(row: &Row<'_>) -> rusqlite::Result<Option<Registered>> {
    let register: Option<String> = row.get(27)?;
    let Some(register) = register else { return Ok(None) };
    Ok(Some(Registered { register, installed: read::parsed(row, 28)? }))
}

fn as_word<T: Serialize>(value: Option<&T>) -> Option<String> {
    value.map(word)
}

/// Writes a device's row anew.
pub(super) fn write(connection: &Connection, record: &DeviceRecord) -> rusqlite::Result<()> {
    let device = &record.device;
    let (row, registered) = (DeviceRow::new(device, record.status, device.first_seen), record.registered.as_ref());
    let id = row.id.0 as i64;
    let place = &row.place;
    let ips: Vec<String> = row.ips.iter().map(ToString::to_string).collect();
    connection.prepare_cached("DELETE FROM device_row WHERE id = ?")?.execute([id])?;
    connection
        .prepare_cached(&format!(
            "INSERT INTO device_row ({COLUMNS})
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ))?
        .execute(rusqlite::params![
            id,
            row.mac.map(mac_number),
            ips.join(" "),
            word(&row.class),
            word(&row.surveillance),
            row.maker.as_ref().map(MakerId::as_str),
            row.maker_name,
            word(&row.verdict),
            row.brand,
            row.model.as_str(),
            row.firmware.as_str(),
            row.serial.as_str(),
            row.hostname.as_ref().map(DeviceText::as_str),
            place.switch.as_ref().map(TargetName::as_str),
            place.port.as_ref().map(PortName::as_str),
            place.if_index,
            place.vlan.map(VlanId::get),
            place.network.as_ref().map(NetworkId::as_str),
            as_word(place.network_kind.as_ref()),
            place.site.as_ref().map(SiteId::as_str),
            word(&place.certainty),
            place.confidence.percent(),
            place.since.0,
            place.gone.map(|gone| gone.0),
            word(&row.status),
            row.first_seen.0,
            row.appeared.map(|appeared| appeared.0),
            registered.map(|said| &said.register),
            registered.map(|said| said.installed.to_string()),
        ])?;
    Ok(())
}

/// Makes every row anew from the records: for a database that had none.
pub(super) fn fill(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT record FROM device ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        write(connection, &read::record(row, 0)?)?;
    }
    Ok(())
}

/// Rows of devices past `after`, by id, at most `limit`.
pub(super) fn after(connection: &Connection, after: DeviceId, limit: usize) -> rusqlite::Result<Vec<DeviceRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM device_row WHERE id > ? ORDER BY id LIMIT ?"))?
        .query_map((after.0 as i64, i64::try_from(limit).unwrap_or(i64::MAX)), device_row)?
        .collect()
}

/// Rows of the devices that are restricted or suspected of it, and of what may be surveillance equipment on a core
/// network, one after another.
pub(super) fn told(connection: &Connection, mut take: impl FnMut(DeviceRow)) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM device_row
         WHERE status IN ('restricted', 'suspected') OR (network_kind = 'core' AND surveillance <> 'no')"
    ))?;
    statement.query_map([], device_row)?.try_for_each(|row| row.map(&mut take))
}

/// One device's row.
pub(super) fn one(connection: &Connection, id: DeviceId) -> rusqlite::Result<Option<DeviceRow>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM device_row WHERE id = ?"))?;
    let mut rows = statement.query_map([id.0 as i64], device_row)?;
    rows.next().transpose()
}

/// Rows of the devices that may hide cameras.
pub(super) fn hiding(connection: &Connection) -> rusqlite::Result<Vec<DeviceRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM device_row WHERE class IN ('recorder', 'encoder')"))?
        .query_map([], device_row)?
        .collect()
}

/// Rows of the devices that findings which stand are about.
pub(super) fn found(connection: &Connection) -> rusqlite::Result<Vec<DeviceRow>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM device_row WHERE id IN (SELECT device FROM finding WHERE closed = 0)"
        ))?
        .query_map([], device_row)?
        .collect()
}

/// How many devices are alike, of all.
pub(super) fn tallies(connection: &Connection) -> rusqlite::Result<Vec<Tally>> {
    let given = |text: &str| if text.is_empty() { None } else { Some(text.to_owned()) };
    connection
        .prepare_cached(
            "SELECT surveillance, class, verdict, status, maker, maker_name, brand, site, network,
                    network_kind, gone, devices
             FROM device_tally",
        )?
        .query_map([], |row| {
            Ok(Tally {
                surveillance: value(row, 0)?,
                class: value(row, 1)?,
                verdict: value(row, 2)?,
                status: value(row, 3)?,
                maker: given(row.get_ref(4)?.as_str()?).map(Into::into),
                maker_name: row.get(5)?,
                brand: given(row.get_ref(6)?.as_str()?),
                site: given(row.get_ref(7)?.as_str()?).map(Into::into),
                network: given(row.get_ref(8)?.as_str()?).map(Into::into),
                network_kind: if row.get_ref(9)?.as_str()?.is_empty() { None } else { Some(value(row, 9)?) },
                gone: row.get(10)?,
                devices: usize::try_from(row.get::<_, i64>(11)?).unwrap_or(0),
                open: 0,
                overdue: 0,
            })
        })?
        .collect()
}
