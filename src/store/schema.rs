//! Schema and migrations. The index into [`MIGRATIONS`] is `PRAGMA user_version`; an entry is never edited or removed.

use rusqlite::Connection;

/// Each entry brings a database from its own index to the next.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE meta (
        key   TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- The change log. `hash` covers body_hash and not body: an old body can be pruned and the chain still verifies.
    CREATE TABLE change (
        seq       INTEGER PRIMARY KEY,
        at        INTEGER NOT NULL,
        kind      TEXT NOT NULL,
        subject   TEXT NOT NULL,
        body      TEXT,
        body_hash BLOB NOT NULL,
        prev      BLOB NOT NULL,
        hash      BLOB NOT NULL
    ) STRICT;
    CREATE INDEX change_of_subject ON change (kind, subject, seq);

    CREATE TABLE device (
        id     INTEGER PRIMARY KEY,
        mac    TEXT,
        serial TEXT,
        record TEXT NOT NULL
    ) STRICT;
    CREATE INDEX device_by_mac ON device (mac);
    CREATE INDEX device_by_serial ON device (serial);
    CREATE TABLE device_ip (
        ip     TEXT NOT NULL,
        device INTEGER NOT NULL,
        PRIMARY KEY (ip, device)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX device_ip_of_device ON device_ip (device);

    -- Intervals: a row from when it was first seen until it was observed gone.
    CREATE TABLE presence (
        id         INTEGER PRIMARY KEY,
        switch     TEXT NOT NULL,
        mac        TEXT NOT NULL,
        vlan       INTEGER NOT NULL,
        if_index   INTEGER,
        port       TEXT NOT NULL,
        first_seen INTEGER NOT NULL,
        gone       INTEGER
    ) STRICT;
    CREATE INDEX presence_by_mac ON presence (mac);
    CREATE UNIQUE INDEX presence_open ON presence (switch, mac, vlan) WHERE gone IS NULL;
    CREATE TABLE address (
        id         INTEGER PRIMARY KEY,
        switch     TEXT NOT NULL,
        ip         TEXT NOT NULL,
        mac        TEXT NOT NULL,
        first_seen INTEGER NOT NULL,
        gone       INTEGER
    ) STRICT;
    CREATE INDEX address_by_mac ON address (mac);
    CREATE UNIQUE INDEX address_open ON address (switch, ip, mac) WHERE gone IS NULL;

    CREATE TABLE switch     (name TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE target     (name TEXT PRIMARY KEY, record TEXT NOT NULL, logged TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE finding    (id INTEGER PRIMARY KEY, device INTEGER NOT NULL, record TEXT NOT NULL) STRICT;
    CREATE INDEX finding_of_device ON finding (device);
    CREATE TABLE decision   (id INTEGER PRIMARY KEY, finding INTEGER NOT NULL, record TEXT NOT NULL) STRICT;
    CREATE INDEX decision_of_finding ON decision (finding);
    CREATE TABLE cycle      (id INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT;
    CREATE TABLE credential (address TEXT NOT NULL, credential TEXT NOT NULL, record TEXT NOT NULL,
                             PRIMARY KEY (address, credential)) STRICT, WITHOUT ROWID;
"];

/// The schema this program writes.
pub(super) const CURRENT: i64 = MIGRATIONS.len() as i64;

/// Schema of an open database; 0 for an empty one.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings a database up to [`CURRENT`], each step in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let from = usize::try_from(version(connection)?).unwrap_or(usize::MAX);
    for (index, step) in MIGRATIONS.iter().enumerate().skip(from) {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", index as i64 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}
