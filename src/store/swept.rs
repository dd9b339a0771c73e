//! How far sweeps came: the last answer of every address that was asked.

use std::net::IpAddr;

use rusqlite::Connection;

use super::Swept;
use super::log::json;
use super::read;
use crate::net::Timestamp;

/// Writes what a sweep did. An answer of an earlier one stands until there is another.
pub(super) fn write(connection: &Connection, swept: &[Swept]) -> rusqlite::Result<()> {
    for Swept { address, at, answered } in swept {
        let answer = answered.map(|(_, answer)| json(&answer)).transpose()?;
        connection
            .prepare_cached(
                "INSERT INTO swept (address, at, answered, answer) VALUES (?, ?, ?, ?) ON CONFLICT (address)
                 DO UPDATE SET at = excluded.at, answered = coalesce(excluded.answered, answered),
                               answer = coalesce(excluded.answer, answer)",
            )?
            .execute((address.to_string(), at.0, answered.map(|(at, _)| at.0), answer))?;
    }
    Ok(())
}

/// Forgets addresses that no sweep asks any more.
pub(super) fn forget(connection: &Connection, addresses: &[IpAddr]) -> rusqlite::Result<()> {
    for address in addresses {
        connection.prepare_cached("DELETE FROM swept WHERE address = ?")?.execute([address.to_string()])?;
    }
    Ok(())
}

/// Every address that was ever asked and is still.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Swept>> {
    let mut statement = connection.prepare("SELECT address, at, answered, answer FROM swept")?;
    let rows = statement.query_map([], |row| {
        let answered: Option<i64> = row.get(2)?;
        let answered = answered.map(|at| read::record(row, 3).map(|answer| (Timestamp(at), answer))).transpose()?;
        Ok(Swept { address: read::parsed(row, 0)?, at: Timestamp(row.get(1)?), answered })
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::SweepAnswer;
    use crate::store::{Batch, Writer};

    #[test]
    fn the_last_answer_of_an_address_outlives_later_silence_and_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("swept.db");
        let mut writer = Writer::open(&path).unwrap();
        let [one, other] = ["10.1.0.2", "2001:db8::7"].map(|address| address.parse().unwrap());
        let answered = Some((Timestamp(5), SweepAnswer::OpenPort));
        let mut commit = |address, at, answered| {
            let swept = vec![Swept { address, at: Timestamp(at), answered }];
            writer.commit(&Batch { swept, ..Batch::default() }).unwrap()
        };
        let seq = commit(one, 5, answered).seq;
        commit(one, 9, None);
        assert_eq!(commit(other, 7, None).seq, seq, "nothing of it is in the change log");
        drop(writer);
        let mut swept = Writer::open(&path).unwrap().load().unwrap().swept;
        swept.sort_by_key(|row| row.address);
        let expected = [(one, 9, answered), (other, 7, None)];
        assert_eq!(swept, expected.map(|(address, at, answered)| Swept { address, at: Timestamp(at), answered }));
    }
}
