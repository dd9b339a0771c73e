//! Schema and migrations. The index into [`MIGRATIONS`] is `PRAGMA user_version`; an entry is never edited or removed.

use rusqlite::Connection;

use super::{day, query};

/// Each entry brings a database from its own index to the next.
const MIGRATIONS: &[&str] = &[
    "
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
",
    // Alerts on their way: not state, so nothing of it is in the change log. Numbers are never given twice.
    "
    CREATE TABLE outbox (
        id      INTEGER PRIMARY KEY AUTOINCREMENT,
        carrier TEXT NOT NULL,
        record  TEXT NOT NULL
    ) STRICT;
    CREATE INDEX outbox_of_carrier ON outbox (carrier, id);
    CREATE TABLE carrier (
        name      TEXT PRIMARY KEY,
        address   TEXT NOT NULL,
        since     INTEGER NOT NULL,
        why       TEXT NOT NULL,
        last_sent INTEGER,
        lost      INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE told (
        carrier  TEXT NOT NULL,
        policy   TEXT NOT NULL,
        rule     TEXT NOT NULL,
        device   INTEGER NOT NULL,
        site     TEXT NOT NULL,
        switch   TEXT NOT NULL,
        port     TEXT NOT NULL,
        severity TEXT NOT NULL,
        at       INTEGER NOT NULL,
        PRIMARY KEY (carrier, policy, rule, device, site, switch, port)
    ) STRICT, WITHOUT ROWID;
",
    // How far sweeps came: a place to go on from, so nothing of it is in the change log.
    "
    CREATE TABLE swept (
        address  TEXT PRIMARY KEY,
        at       INTEGER NOT NULL,
        answered INTEGER,
        answer   TEXT
    ) STRICT, WITHOUT ROWID;
",
    // A finding may be about a register's entry, which is no device.
    "
    ALTER TABLE finding RENAME TO finding_before;
    DROP INDEX finding_of_device;
    CREATE TABLE finding (id INTEGER PRIMARY KEY, device INTEGER, record TEXT NOT NULL) STRICT;
    INSERT INTO finding SELECT id, device, record FROM finding_before;
    DROP TABLE finding_before;
    CREATE INDEX finding_of_device ON finding (device);
    ALTER TABLE told RENAME TO told_before;
    CREATE TABLE told (
        carrier  TEXT NOT NULL,
        policy   TEXT NOT NULL,
        rule     TEXT NOT NULL,
        subject  TEXT NOT NULL,
        site     TEXT NOT NULL,
        switch   TEXT NOT NULL,
        port     TEXT NOT NULL,
        severity TEXT NOT NULL,
        at       INTEGER NOT NULL,
        PRIMARY KEY (carrier, policy, rule, subject, site, switch, port)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO told SELECT carrier, policy, rule, '{\"device\":' || device || '}', site, switch, port, severity, at
        FROM told_before;
    DROP TABLE told_before;
",
    // The VRF of an address; NULL where it is in none, or where that was not noted yet.
    "
    ALTER TABLE address ADD COLUMN vrf TEXT;
    DROP INDEX address_open;
    CREATE UNIQUE INDEX address_open ON address (switch, ip, mac, ifnull(vrf, '')) WHERE gone IS NULL;
",
    // Signed heads of the change log: those that were told to others, and the one of the last commit.
    "
    CREATE TABLE head (
        seq       INTEGER PRIMARY KEY,
        at        INTEGER NOT NULL,
        hash      BLOB NOT NULL,
        signature BLOB NOT NULL,
        current   INTEGER NOT NULL
    ) STRICT;
",
    // Findings that carriers are told of later, and what is wrong with the work itself: delivery, like the outbox.
    "
    CREATE TABLE held (
        carrier TEXT NOT NULL,
        finding INTEGER NOT NULL,
        maintenance TEXT,
        since   INTEGER NOT NULL,
        PRIMARY KEY (carrier, finding)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE condition (
        kind    TEXT NOT NULL,
        subject TEXT NOT NULL,
        words   TEXT NOT NULL,
        since   INTEGER NOT NULL,
        PRIMARY KEY (kind, subject)
    ) STRICT, WITHOUT ROWID;
",
    // Decisions are made on more than findings: a finding by its number, else `device 17`.
    "
    CREATE TABLE decided (id INTEGER PRIMARY KEY, subject TEXT NOT NULL, record TEXT NOT NULL) STRICT;
    INSERT INTO decided SELECT id, CAST(finding AS TEXT), record FROM decision;
    DROP TABLE decision;
    ALTER TABLE decided RENAME TO decision;
    CREATE INDEX decision_of_subject ON decision (subject);
",
    query::STEP,
    query::REGISTERS,
    day::STEP,
];

/// The schema this program writes.
pub(super) const CURRENT: i64 = MIGRATIONS.len() as i64;

/// Schema of an open database; 0 for an empty one.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Whether it is a database of this program, or of none yet.
pub(super) fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*), count(*) FILTER (WHERE name = 'change') FROM sqlite_schema WHERE type = 'table'";
    connection.query_row(sql, [], |row| Ok(row.get::<_, i64>(0)? == 0 || row.get::<_, i64>(1)? == 1))
}

/// Brings a database up to [`CURRENT`], each step in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let from = usize::try_from(version(connection)?).unwrap_or(usize::MAX);
    for (index, step) in MIGRATIONS.iter().enumerate().skip(from) {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)?;
        transaction.execute_batch(step)?;
        // The last step of those that make the rows.
        if *step == query::REGISTERS {
            query::fill(&transaction)?;
        }
        transaction.pragma_update(None, "user_version", index as i64 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{AddressBinding, RowChange};
    use crate::net::Timestamp;
    use crate::policy::Subject;
    use crate::store::{Alert, Batch, Outbox, Reader, Writer};

    /// Every table with every row, as text.
    fn contents(connection: &Connection) -> Vec<String> {
        let tables: Vec<String> = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let mut all = Vec::new();
        for table in tables {
            let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).unwrap();
            let columns = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let cells: Vec<_> = (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at).unwrap()).collect();
                all.push(format!("{table} {cells:?}"));
            }
        }
        all
    }

    /// A row of before, with what it has now: an address has a VRF, which nobody had noted; a finding is closed or not; a
    /// target was visited; what a decision is about is a word.
    fn as_now(row: &str) -> String {
        for (table, more) in [("address ", "Null"), ("finding ", "Integer(0)"), ("target ", "Integer(1)")] {
            if row.starts_with(table) {
                return row.replace(']', &format!(", {more}]"));
            }
        }
        match row.starts_with("decision ") {
            true => row.replacen("Integer(1), Integer(1)", "Integer(1), Text(\"1\")", 1),
            false => row.to_owned(),
        }
    }

    /// Without the rows that are made from others.
    fn given(mut rows: Vec<String>) -> Vec<String> {
        rows.retain(|row| {
            !row.starts_with("device_row ") && !row.starts_with("device_tally ") && !row.contains("visit")
        });
        rows
    }

    /// A device as a record of schema 1.
    fn device(id: u64, mac: &str) -> String {
        let device = crate::inventory::Device {
            id: crate::net::DeviceId(id),
            mac: mac.parse().ok(),
            ips: Vec::new(),
            endpoint: None,
            facts: crate::maker::Facts::default(),
            attribution: crate::maker::Attribution::default(),
            hostname: None,
            place: crate::inventory::Place::default(),
            first_seen: Timestamp(1),
            appeared: None,
            own: crate::inventory::OwnWords::default(),
        };
        let status = crate::policy::Status::Unknown;
        serde_json::to_string(&crate::store::DeviceRecord { device, status, registered: None }).unwrap()
    }

    #[test]
    fn the_same_addresses_in_two_vrfs_are_two_rows_and_close_apart() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(&folder.path().join("new.db")).unwrap();
        let row = |vrf: Option<&str>| AddressBinding {
            switch: "r".into(),
            ip: "10.1.2.3".parse().unwrap(),
            mac: "44:19:b6:00:00:01".parse().unwrap(),
            vrf: vrf.map(Into::into),
            first_seen: Timestamp(1),
        };
        let all = [None, Some("cameras"), Some("guest")].map(row);
        let opened = all.iter().cloned().map(RowChange::Opened).collect();
        writer.commit(&Batch { addresses: opened, ..Batch::default() }).unwrap();
        let stored = writer.load().unwrap().addresses;
        assert_eq!(stored.iter().collect::<std::collections::BTreeSet<_>>(), all.iter().collect());
        for (gone, left) in [(0, vec![&all[1], &all[2]]), (2, vec![&all[1]])] {
            let closed = vec![RowChange::Closed(all[gone].clone(), Timestamp(2))];
            writer.commit(&Batch { addresses: closed, ..Batch::default() }).unwrap();
            assert_eq!(writer.load().unwrap().addresses.iter().collect::<Vec<_>>(), left);
        }
    }

    #[test]
    fn what_was_told_and_found_of_devices_before_registers_is_still_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.db");
        let old = Connection::open(&path).unwrap();
        for step in MIGRATIONS.iter().take(3) {
            old.execute_batch(step).unwrap();
        }
        old.pragma_update(None, "user_version", 3).unwrap();
        let record = r#"{"id":4,"policy":"p","rule":"r","severity":"breach","device":7,"text":"x","state":"open",
            "since":"2026-11-24T10:00:00Z","closed":null,"openings":1,"revision":1,"place":{"switch":null,"port":null,
            "if_index":null,"vlan":null,"network":null,"network_kind":null,"site":null,"certainty":"unknown",
            "since":"2026-11-24T10:00:00Z","gone":null,"reasons":[]},"evidence":[],"decision":null}"#;
        old.execute("INSERT INTO finding VALUES (4, 7, ?)", [record]).unwrap();
        old.execute_batch(
            "INSERT INTO meta VALUES ('epoch', '00'), ('pseudonym-key', '22'), ('salt', '11');
             INSERT INTO told VALUES ('soc', 'p', 'r', 7, 'hq', '', '', '\"breach\"', 5);",
        )
        .unwrap();
        drop(old);
        let writer = Writer::open(&path).unwrap();
        let stored = writer.load().unwrap();
        let device = Subject::Device(crate::net::DeviceId(7));
        assert_eq!(stored.told.iter().map(|told| &told.subject).collect::<Vec<_>>(), [&device]);
        assert_eq!(stored.findings.iter().map(|finding| &finding.subject).collect::<Vec<_>>(), [&device]);
        let of_device = "SELECT count(*) FROM finding WHERE device = 7";
        assert_eq!(writer.connection.query_row(of_device, [], |row| row.get(0)), Ok(1));
    }

    #[test]
    fn a_database_of_schema_1_keeps_every_row_and_gets_an_outbox() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        old.execute_batch(
            "INSERT INTO meta VALUES ('epoch', '00'), ('pseudonym-key', '22'), ('salt', '11');
             INSERT INTO device_ip VALUES ('10.1.0.2', 1);
             INSERT INTO presence VALUES (1, 'sw1', '44:19:b6:00:00:01', 10, 4, 'Gi1/0/4', 5, NULL);
             INSERT INTO address VALUES (1, 'sw1', '10.1.0.2', '44:19:b6:00:00:01', 5, 9);
             INSERT INTO switch VALUES ('sw1', '{}');
             INSERT INTO target VALUES ('sw1', '{}', '{}');
             INSERT INTO finding VALUES (1, 1, '{}');
             INSERT INTO decision VALUES (1, 1, '{}');
             INSERT INTO cycle VALUES (1, '{}');
             INSERT INTO credential VALUES ('10.1.0.9', 'reader', '{}');
             INSERT INTO change VALUES (1, 5, 'device', '1', '{}', zeroblob(32), zeroblob(32), zeroblob(32));",
        )
        .unwrap();
        for (id, mac, serial) in [(1, "44:19:b6:00:00:01", Some("S1")), (2, "", None)] {
            let mac = Some(mac).filter(|mac| !mac.is_empty());
            let record = device(id, mac.unwrap_or_default());
            old.execute("INSERT INTO device VALUES (?, ?, ?, ?)", (id as i64, mac, serial, record)).unwrap();
        }
        let before = contents(&old);
        assert_eq!(before.len(), 15);
        drop(old);
        let mut writer = Writer::open(&path).unwrap();
        assert_eq!(version(&writer.connection).unwrap(), CURRENT);
        let expected: Vec<String> = before.iter().map(|row| as_now(row)).collect();
        assert_eq!(given(contents(&writer.connection)), expected);
        let alert = Alert {
            id: 0,
            key: String::new(),
            carrier: "soc".into(),
            severity: crate::policy::Severity::Breach,
            kind: "test".into(),
            at: crate::net::Timestamp(1),
            text: "x".into(),
            findings: Vec::new(),
            more: 0,
            body: String::new(),
        };
        let outbox = Outbox {
            carriers: Some(vec![("soc".into(), "somewhere".into())]),
            alerts: vec![alert],
            ..Outbox::default()
        };
        writer.commit(&Batch { outbox, ..Batch::default() }).unwrap();
        assert_eq!(writer.waiting("soc", 9).unwrap().len(), 1);
        drop(writer);
        let reader = Reader::open(&path).unwrap();
        let rows = reader.rows(crate::net::DeviceId(0), 9).unwrap();
        let macs: Vec<_> = rows.iter().map(|row| row.mac.map(|mac| mac.to_string())).collect();
        assert_eq!(macs, [Some("44:19:b6:00:00:01".to_owned()), None], "readers find the devices of before");
        // Opened again, nothing is migrated twice.
        assert_eq!(Writer::open(&path).unwrap().waiting("soc", 9).unwrap()[0].text, "x");
    }
}
