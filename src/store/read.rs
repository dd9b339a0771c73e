//! Rows back into values. Used by both halves.

use std::str::FromStr;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::de::DeserializeOwned;

use super::{CredentialTry, Stored, held, outbox, swept};
use crate::inventory::{AddressBinding, Presence};
use crate::net::{DeviceText, Timestamp, VlanId};

/// A JSON column as its record.
pub(super) fn record<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

/// A text column parsed.
pub(super) fn parsed<T: FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

/// Every record of a one-column query.
pub(super) fn records<T: DeserializeOwned>(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(parameters, |row| record(row, 0))?;
    rows.collect()
}

/// One record of the `meta` table.
pub(super) fn meta<T: DeserializeOwned>(connection: &Connection, key: &str) -> rusqlite::Result<Option<T>> {
    connection.query_row("SELECT value FROM meta WHERE key = ?", [key], |row| record(row, 0)).optional()
}

/// Columns `switch, mac, vlan, if_index, port, first_seen, gone`.
pub(super) fn presence(row: &Row<'_>) -> rusqlite::Result<(Presence, Option<Timestamp>)> {
    let presence = Presence {
        switch: row.get::<_, String>(0)?.into(),
        mac: parsed(row, 1)?,
        vlan: VlanId::new(row.get(2)?),
        if_index: row.get(3)?,
        port: row.get::<_, String>(4)?.into(),
        first_seen: Timestamp(row.get(5)?),
    };
    Ok((presence, row.get::<_, Option<i64>>(6)?.map(Timestamp)))
}

/// Columns `switch, ip, mac, vrf, first_seen, gone`.
pub(super) fn address(row: &Row<'_>) -> rusqlite::Result<(AddressBinding, Option<Timestamp>)> {
    let binding = AddressBinding {
        switch: row.get::<_, String>(0)?.into(),
        ip: parsed(row, 1)?,
        mac: parsed(row, 2)?,
        vrf: row.get::<_, Option<String>>(3)?.map(|vrf| DeviceText::from(vrf.as_str())),
        first_seen: Timestamp(row.get(4)?),
    };
    Ok((binding, row.get::<_, Option<i64>>(5)?.map(Timestamp)))
}

/// How credentials stand at cameras.
pub(super) fn credentials(connection: &Connection) -> rusqlite::Result<Vec<CredentialTry>> {
    records(connection, "SELECT record FROM credential ORDER BY address, credential", [])
}

/// Everything a starting daemon needs.
pub(super) fn stored(connection: &Connection) -> rusqlite::Result<Stored> {
    // A merged id lives on in the log alone, so the log says which ids were ever given.
    let highest: Option<i64> = connection.query_row(
        "SELECT max(CAST(subject AS INTEGER)) FROM change WHERE kind IN ('device', 'merge')",
        [],
        |row| row.get(0),
    )?;
    let open_presence = "SELECT switch, mac, vlan, if_index, port, first_seen, gone FROM presence WHERE gone IS NULL";
    let open_addresses = "SELECT switch, ip, mac, vrf, first_seen, gone FROM address WHERE gone IS NULL";
    Ok(Stored {
        devices: records(connection, "SELECT record FROM device ORDER BY id", [])?,
        next_device: highest.map_or(1, |id| id.unsigned_abs() + 1),
        presence: connection
            .prepare(open_presence)?
            .query_map([], |row| presence(row).map(|(row, _)| row))?
            .collect::<Result<_, _>>()?,
        addresses: connection
            .prepare(open_addresses)?
            .query_map([], |row| address(row).map(|(row, _)| row))?
            .collect::<Result<_, _>>()?,
        switches: records(connection, "SELECT record FROM switch ORDER BY name", [])?,
        findings: records(connection, "SELECT record FROM finding ORDER BY id", [])?,
        decisions: records(connection, "SELECT record FROM decision ORDER BY id", [])?,
        cycles: records(connection, "SELECT record FROM cycle ORDER BY id", [])?,
        targets: records(connection, "SELECT record FROM target ORDER BY name", [])?,
        credentials: credentials(connection)?,
        configuration: meta(connection, "configuration")?,
        daemon: meta(connection, "daemon")?,
        told: outbox::told(connection)?,
        held: held::held(connection)?,
        conditions: held::conditions(connection)?,
        swept: swept::all(connection)?,
        looked: meta(connection, "looked")?,
    })
}
