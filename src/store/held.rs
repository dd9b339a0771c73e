//! Beside the outbox: findings that a carrier is told of later, and what is wrong with the work itself and was told.
//! Like the outbox they are matters of delivery, so nothing of them is in the change log.

use rusqlite::Connection;

use crate::net::{FindingId, Timestamp};
pub use crate::snapshot::Condition;

/// A finding that a carrier is told of later.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// The `[[alert]]`.
    pub carrier: String,
    /// The finding.
    pub finding: FindingId,
    /// The maintenance window whose end is waited for; `None`: the digest is.
    pub window: Option<String>,
    /// Since when it waits.
    pub since: Timestamp,
}

/// What a transaction does to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aside {
    /// Findings that now wait, or wait for something else.
    pub held: Vec<Held>,
    /// Findings that wait no longer, by carrier.
    pub released: Vec<(String, FindingId)>,
    /// What began.
    pub begun: Vec<Condition>,
    /// What ended: kind and subject.
    pub ended: Vec<(String, String)>,
}

pub(super) fn write(connection: &Connection, aside: &Aside) -> rusqlite::Result<()> {
    for (carrier, finding) in &aside.released {
        connection
            .prepare_cached("DELETE FROM held WHERE carrier = ? AND finding = ?")?
            .execute((carrier, finding.0 as i64))?;
    }
    for held in &aside.held {
        connection
            .prepare_cached(
                "INSERT INTO held (carrier, finding, maintenance, since) VALUES (?, ?, ?, ?) ON CONFLICT (carrier, finding)
                 DO UPDATE SET maintenance = excluded.maintenance, since = excluded.since",
            )?
            .execute((&held.carrier, held.finding.0 as i64, held.window.as_deref(), held.since.0))?;
    }
    for (kind, subject) in &aside.ended {
        connection.prepare_cached("DELETE FROM condition WHERE kind = ? AND subject = ?")?.execute((kind, subject))?;
    }
    for condition in &aside.begun {
        connection
            .prepare_cached("INSERT OR REPLACE INTO condition (kind, subject, words, since) VALUES (?, ?, ?, ?)")?
            .execute((&condition.kind, &condition.subject, &condition.words, condition.since.0))?;
    }
    Ok(())
}

pub(super) fn held(connection: &Connection) -> rusqlite::Result<Vec<Held>> {
    let mut statement = connection.prepare("SELECT carrier, finding, maintenance, since FROM held")?;
    let rows = statement.query_map([], |row| {
        Ok(Held {
            carrier: row.get(0)?,
            finding: FindingId(row.get::<_, i64>(1)?.unsigned_abs()),
            window: row.get(2)?,
            since: Timestamp(row.get(3)?),
        })
    })?;
    rows.collect()
}

/// What is wrong with the work itself now.
pub(super) fn conditions(connection: &Connection) -> rusqlite::Result<Vec<Condition>> {
    let mut statement =
        connection.prepare("SELECT kind, subject, words, since FROM condition ORDER BY kind, subject")?;
    let rows = statement.query_map([], |row| {
        Ok(Condition { kind: row.get(0)?, subject: row.get(1)?, words: row.get(2)?, since: Timestamp(row.get(3)?) })
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Batch, Outbox, Writer};

    #[test]
    fn what_is_held_and_what_is_wrong_outlives_the_daemon_and_goes_with_its_carrier() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut writer = Writer::open(&path).unwrap();
        let mut put = |aside: Aside, carriers: Option<Vec<(String, String)>>| {
            let outbox = Outbox { aside, carriers, ..Outbox::default() };
            writer.commit(&Batch { at: Timestamp(5), outbox, ..Batch::default() }).unwrap();
            drop(std::mem::replace(&mut writer, Writer::open(&folder.path().join("other.db")).unwrap()));
            writer = Writer::open(&path).unwrap();
            let stored = writer.load().unwrap();
            (stored.held, stored.conditions)
        };
        let held = |finding, window: Option<&str>| Held {
            carrier: "soc".into(),
            finding: FindingId(finding),
            window: window.map(str::to_owned),
            since: Timestamp(7),
        };
        let condition = |kind: &str, subject: &str| Condition {
            kind: kind.into(),
            subject: subject.into(),
            words: "w".into(),
            since: Timestamp(8),
        };
        let carriers = |names: &[&str]| Some(names.iter().map(|name| ((*name).to_owned(), String::new())).collect());
        let begun = vec![condition("disk-low", ""), condition("coverage-low", "hq")];
        let first = Aside { held: vec![held(1, Some("night")), held(2, None)], begun, ..Aside::default() };
        let (waiting, wrong) = put(first, carriers(&["soc"]));
        assert_eq!(waiting, [held(1, Some("night")), held(2, None)]);
        assert_eq!(wrong, [condition("coverage-low", "hq"), condition("disk-low", "")]);
        let (waiting, wrong) = put(
            Aside {
                held: vec![held(1, None)],
                released: vec![("soc".into(), FindingId(2)), ("other".into(), FindingId(1))],
                ended: vec![("disk-low".into(), String::new())],
                ..Aside::default()
            },
            None,
        );
        assert_eq!((waiting, wrong), (vec![held(1, None)], vec![condition("coverage-low", "hq")]));
        assert_eq!(put(Aside::default(), carriers(&["soc"])).0.len(), 1);
        assert_eq!(put(Aside::default(), carriers(&["another"])).0, []);
    }
}
