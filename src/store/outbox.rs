//! The outbox: alerts that wait for their carriers. A row is written in the transaction of the finding that causes it,
//! and goes when its carrier has taken it: a daemon that is killed in between sends it when it starts again.
//!
//! Nothing of this is in the change log. The log tells what became true of the estate, and that a finding opened stands
//! there; whether a line about it has left this machine is a matter of delivery, gone as soon as it succeeds.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, TransactionBehavior};

use super::alert::Alert;
use super::held::{self, Aside};
use super::log::json;
use super::{StoreError, Writer, read};
use crate::net::{PackId, PortName, RuleId, SiteId, TargetName, Timestamp};
use crate::policy::{Severity, Subject};
use crate::snapshot::CarrierRow;

/// Most alerts that wait for one carrier. Past it new ones are counted, and the count is sent in their place.
const MOST_WAITING: i64 = 10_000;

/// That a carrier was told of a rule broken by somebody at a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The `[[alert]]`.
    pub carrier: String,
    /// The pack.
    pub policy: PackId,
    /// The rule.
    pub rule: RuleId,
    /// Whom it is about.
    pub subject: Subject,
    /// Where: the site; `None`: unknown.
    pub site: Option<SiteId>,
    /// The switch and the port; `None`: not known for sure.
    pub port: Option<(TargetName, PortName)>,
    /// How grave it was.
    pub severity: Severity,
    /// When.
    pub at: Timestamp,
}

/// What a transaction does to the outbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outbox {
    /// The carriers configured now, name and address, where the configuration changed: others go, and what waits for
    /// them.
    pub carriers: Option<Vec<(String, String)>>,
    /// New alerts.
    pub alerts: Vec<Alert>,
    /// What they tell of.
    pub told: Vec<Told>,
    /// What was told before this is forgotten.
    pub forget: Timestamp,
    /// What waits for another moment, and what is wrong with the work itself.
    pub aside: Aside,
}

pub(super) fn write(connection: &Connection, outbox: &Outbox, at: Timestamp) -> rusqlite::Result<()> {
    if let Some(carriers) = &outbox.carriers {
        put_carriers(connection, carriers, at)?;
    }
    let mut waiting: BTreeMap<&str, i64> = BTreeMap::new();
    for alert in &outbox.alerts {
        let count = match waiting.get(alert.carrier.as_str()) {
            Some(count) => *count,
            None => count_waiting(connection, &alert.carrier)?,
        };
        if count >= MOST_WAITING {
            tracing::error!(
                alert = alert.carrier,
                text = alert.text,
                "{count} alerts wait already: this one is only counted"
            );
            connection
                .prepare_cached("UPDATE carrier SET lost = lost + 1 WHERE name = ?")?
                .execute([&alert.carrier])?;
        } else {
            insert(connection, alert)?;
            waiting.insert(&alert.carrier, count + 1);
        }
    }
    for told in &outbox.told {
        connection
            .prepare_cached(
                "INSERT INTO told (carrier, policy, rule, subject, site, switch, port, severity, at)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET severity = excluded.severity, at = excluded.at",
            )?
            .execute((
                &told.carrier,
                told.policy.as_str(),
                told.rule.as_str(),
                json(&told.subject)?,
                told.site.as_ref().map_or("", SiteId::as_str),
                told.port.as_ref().map_or("", |(switch, _)| switch.as_str()),
                told.port.as_ref().map_or("", |(_, port)| port.as_str()),
                json(&told.severity)?,
                told.at.0,
            ))?;
    }
    if !outbox.told.is_empty() {
        connection.prepare_cached("DELETE FROM told WHERE at < ?")?.execute([outbox.forget.0])?;
    }
    held::write(connection, &outbox.aside)
}

fn insert(connection: &Connection, alert: &Alert) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO outbox (carrier, record) VALUES (?, ?)")?
        .execute((&alert.carrier, json(alert)?))?;
    Ok(())
}

fn count_waiting(connection: &Connection, carrier: &str) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT count(*) FROM outbox WHERE carrier = ?")?.query_row([carrier], |row| row.get(0))
}

fn put_carriers(connection: &Connection, carriers: &[(String, String)], at: Timestamp) -> rusqlite::Result<()> {
    let kept: BTreeSet<&str> = carriers.iter().map(|(name, _)| name.as_str()).collect();
    let known: Vec<String> =
        connection.prepare("SELECT name FROM carrier")?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for name in known.iter().filter(|name| !kept.contains(name.as_str())) {
        let waiting = connection.execute("DELETE FROM outbox WHERE carrier = ?", [name])?;
        connection.execute("DELETE FROM told WHERE carrier = ?", [name])?;
        connection.execute("DELETE FROM held WHERE carrier = ?", [name])?;
        connection.execute("DELETE FROM carrier WHERE name = ?", [name])?;
        if waiting > 0 {
            tracing::error!(alert = name, "no longer configured: {waiting} alerts that waited for it are not sent");
        }
    }
    for (name, address) in carriers {
        connection.execute(
            "INSERT INTO carrier (name, address, since, why, lost) VALUES (?, ?, ?, '', 0)
             ON CONFLICT (name) DO UPDATE SET address = excluded.address",
            (name, address, at.0),
        )?;
    }
    Ok(())
}

/// Every carrier as readers see it.
pub(super) fn carriers(connection: &Connection) -> rusqlite::Result<BTreeMap<String, CarrierRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT name, address, since, why, last_sent, lost, (SELECT count(*) FROM outbox WHERE carrier = name),
                (SELECT count(*) FROM held WHERE carrier = name)
         FROM carrier",
    )?;
    let rows = statement.query_map([], |row| {
        let carrier = CarrierRow {
            name: row.get(0)?,
            address: row.get(1)?,
            since: Timestamp(row.get(2)?),
            why: row.get(3)?,
            last_sent: row.get::<_, Option<i64>>(4)?.map(Timestamp),
            lost: row.get::<_, i64>(5)?.unsigned_abs(),
            waiting: row.get::<_, i64>(6)?.unsigned_abs(),
            held: row.get::<_, i64>(7)?.unsigned_abs(),
        };
        Ok((carrier.name.clone(), carrier))
    })?;
    rows.collect()
}

/// What carriers were told.
pub(super) fn told(connection: &Connection) -> rusqlite::Result<Vec<Told>> {
    let mut statement =
        connection.prepare("SELECT severity, carrier, policy, rule, subject, site, switch, port, at FROM told")?;
    let rows = statement.query_map([], |row| {
        let (site, switch, port): (String, String, String) = (row.get(5)?, row.get(6)?, row.get(7)?);
        Ok(Told {
            severity: read::record(row, 0)?,
            carrier: row.get(1)?,
            policy: row.get::<_, String>(2)?.into(),
            rule: row.get::<_, String>(3)?.into(),
            subject: read::record(row, 4)?,
            site: (!site.is_empty()).then(|| site.into()),
            port: (!port.is_empty()).then(|| (switch.into(), port.into())),
            at: Timestamp(row.get(8)?),
        })
    })?;
    rows.collect()
}

impl Writer {
    fn fail_outbox(&self) -> impl FnOnce(rusqlite::Error) -> StoreError + use<> {
        let path = self.path.clone();
        move |error| StoreError::from_sqlite(&path, "the outbox", error)
    }

    /// What waits for a carrier, oldest first, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn waiting(&self, carrier: &str, limit: usize) -> Result<Vec<Alert>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Alert>> {
            let mut statement = self
                .connection
                .prepare_cached("SELECT record, id FROM outbox WHERE carrier = ? ORDER BY id LIMIT ?")?;
            let rows = statement.query_map((carrier, limit as i64), |row| {
                let id = row.get::<_, i64>(1)?.unsigned_abs();
                let key = format!("{}-{id}", self.name());
                Ok(Alert { id, key, ..read::record(row, 0)? })
            })?;
            rows.collect()
        };
        read().map_err(self.fail_outbox())
    }

    /// A carrier took these: they go. Where some could only be counted before, `lost` makes the message that says so,
    /// and it waits in their place.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing went.
    pub fn delivered(
        &mut self,
        carrier: &str,
        ids: &[u64],
        at: Timestamp,
        lost: impl FnOnce(u64) -> Alert,
    ) -> Result<(), StoreError> {
        let fail = self.fail_outbox();
        let write = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for id in ids {
                transaction
                    .prepare_cached("DELETE FROM outbox WHERE id = ? AND carrier = ?")?
                    .execute((*id as i64, carrier))?;
            }
            let counted: i64 = transaction
                .prepare_cached(
                    "UPDATE carrier SET last_sent = ?1, since = iif(why = '', since, ?1), why = '' WHERE name = ?2
                     RETURNING lost",
                )?
                .query_row((at.0, carrier), |row| row.get(0))?;
            if counted > 0 {
                insert(&transaction, &lost(counted.unsigned_abs()))?;
                transaction.execute("UPDATE carrier SET lost = 0 WHERE name = ?", [carrier])?;
            }
            transaction.commit()
        };
        write().map_err(fail)
    }

    /// A carrier did not take what waits, and why.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn undelivered(&mut self, carrier: &str, why: &str, at: Timestamp) -> Result<(), StoreError> {
        self.connection
            .execute(
                "UPDATE carrier SET since = iif(why = '', ?1, since), why = ?2 WHERE name = ?3 AND why <> ?2",
                (at.0, why, carrier),
            )
            .map(|_| ())
            .map_err(self.fail_outbox())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Batch, Reader};

    fn alert(carrier: &str, text: &str) -> Alert {
        Alert {
            id: 0,
            key: String::new(),
            carrier: carrier.into(),
            severity: Severity::Breach,
            kind: "no-core-network".into(),
            at: Timestamp(5),
            text: text.into(),
            findings: Vec::new(),
            more: 0,
            body: String::new(),
        }
    }

    fn post(writer: &mut Writer, outbox: Outbox) {
        writer.commit(&Batch { at: Timestamp(5), outbox, ..Batch::default() }).unwrap();
    }

    fn carriers(names: &[&str]) -> Outbox {
        let names = names.iter().map(|name| ((*name).to_owned(), format!("to {name}"))).collect();
        Outbox { carriers: Some(names), ..Outbox::default() }
    }

    #[test]
    fn what_was_taken_goes_and_the_rest_waits_through_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut writer = Writer::open(&path).unwrap();
        post(&mut writer, carriers(&["one", "two"]));
        let alerts = vec![alert("one", "a"), alert("two", "b"), alert("one", "c")];
        post(&mut writer, Outbox { alerts, ..Outbox::default() });
        drop(writer);
        let mut writer = Writer::open(&path).unwrap();
        let texts = |writer: &Writer, carrier: &str| -> Vec<String> {
            writer.waiting(carrier, 10).unwrap().into_iter().map(|alert| alert.text).collect()
        };
        assert_eq!((texts(&writer, "one"), texts(&writer, "two")), (vec!["a".into(), "c".into()], vec!["b".into()]));
        let first = writer.waiting("one", 1).unwrap()[0].id;
        writer.undelivered("one", "nobody listens", Timestamp(7)).unwrap();
        writer.undelivered("one", "still nobody", Timestamp(8)).unwrap();
        let mut reader = Reader::open(&path).unwrap();
        let row = reader.snapshot().unwrap().carriers["one"].clone();
        assert_eq!((row.since, row.why.as_str(), row.waiting), (Timestamp(7), "still nobody", 2));
        writer.delivered("one", &[first], Timestamp(9), |_| panic!("none was lost")).unwrap();
        assert_eq!(texts(&writer, "one"), ["c"]);
        let row = reader.snapshot().unwrap().carriers["one"].clone();
        assert_eq!((row.since, row.why.as_str(), row.last_sent), (Timestamp(9), "", Some(Timestamp(9))));
        // Another carrier's number takes nothing away.
        writer.delivered("one", &[2], Timestamp(9), |_| panic!("none was lost")).unwrap();
        assert_eq!(texts(&writer, "two"), ["b"]);
        post(&mut writer, carriers(&["one"]));
        assert_eq!(texts(&writer, "two"), Vec::<String>::new());
        assert_eq!(reader.snapshot().unwrap().carriers.keys().collect::<Vec<_>>(), ["one"]);
    }

    #[test]
    fn what_was_told_is_read_back_and_forgotten_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut writer = Writer::open(&path).unwrap();
        let told = |device, site: Option<&str>, at| Told {
            carrier: "one".into(),
            policy: "p".into(),
            rule: "r".into(),
            subject: Subject::Device(crate::net::DeviceId(device)),
            site: site.map(SiteId::from),
            port: site.map(|_| ("sw1".into(), "Gi1/0/1".to_owned().into())),
            severity: Severity::Action,
            at: Timestamp(at),
        };
        let outbox = |told, forget| Outbox { told, forget: Timestamp(forget), ..Outbox::default() };
        post(&mut writer, outbox(vec![told(1, Some("hq"), 10), told(1, None, 20)], 0));
        post(&mut writer, outbox(vec![told(1, None, 30), told(2, None, 30)], 15));
        assert_eq!(writer.load().unwrap().told, [told(1, None, 30), told(2, None, 30)]);
        post(&mut writer, outbox(vec![told(1, Some("hq"), 40)], 31));
        assert_eq!(writer.load().unwrap().told, [told(1, Some("hq"), 40)]);
    }

    #[test]
    fn past_the_limit_alerts_are_counted_and_the_count_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut writer = Writer::open(&path).unwrap();
        post(&mut writer, carriers(&["one"]));
        let most = usize::try_from(MOST_WAITING).unwrap();
        let alerts = (0..most + 3).map(|number| alert("one", &number.to_string())).collect();
        post(&mut writer, Outbox { alerts, ..Outbox::default() });
        let row = Reader::open(&path).unwrap().snapshot().unwrap().carriers["one"].clone();
        assert_eq!((row.waiting, row.lost), (most as u64, 3));
        let ids: Vec<u64> = writer.waiting("one", 2).unwrap().iter().map(|alert| alert.id).collect();
        writer.delivered("one", &ids, Timestamp(9), |count| alert("one", &format!("lost {count}"))).unwrap();
        let waiting = writer.waiting("one", most).unwrap();
        assert_eq!((waiting.len(), waiting.last().unwrap().text.as_str()), (most - 1, "lost 3"));
        assert_eq!(Reader::open(&path).unwrap().snapshot().unwrap().carriers["one"].lost, 0);
    }
}
