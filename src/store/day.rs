//! How the estate stood on each day: one small row, counted anew now and then while the daemon writes. A statistic, so
//! nothing of it is in the change log.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension};

use super::query;
use crate::net::Timestamp;
use crate::snapshot::{DayRow, ExposureOrder, Snapshot};

/// The schema's step that brought it.
pub(super) const STEP: &str = "
    CREATE TABLE day (
        day            TEXT PRIMARY KEY,
        at             INTEGER NOT NULL,
        restricted     INTEGER NOT NULL,
        suspected      INTEGER NOT NULL,
        unknown        INTEGER NOT NULL,
        not_restricted INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";
/// How often today's row is counted anew, in milliseconds.
const EVERY: i64 = 600_000;
/// Days that are kept: a year and a month to compare it with.
const MOST: i64 = 400;
/// Days that a picture shows.
const SHOWN: i64 = 30;

fn day(at: Timestamp) -> Date {
    at.to_jiff().to_zoned(TimeZone::UTC).date()
}

/// Counts today, where that is due.
pub(super) fn count(connection: &Connection, at: Timestamp) -> rusqlite::Result<()> {
    let today = day(at).to_string();
    let counted: Option<i64> = connection
        .prepare_cached("SELECT at FROM day WHERE day = ?")?
        .query_row([&today], |row| row.get(0))
        .optional()?;
    // A clock that was set back counts anew, too.
    if counted.is_some_and(|counted| (0..EVERY).contains(&(at.0 - counted))) {
        return Ok(());
    }
    let of = Snapshot::default().exposure(query::tallies(connection)?, ExposureOrder::Gravity, false);
    let counts = [of.restricted, of.suspected, of.unknown, of.not_restricted];
    let [restricted, suspected, unknown, not_restricted] = counts.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO day (day, at, restricted, suspected, unknown, not_restricted)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute((&today, at.0, restricted, suspected, unknown, not_restricted))?;
    connection
        .prepare_cached("DELETE FROM day WHERE day NOT IN (SELECT day FROM day ORDER BY day DESC LIMIT ?)")?
        .execute([MOST])?;
    Ok(())
}

/// The last days, the oldest first; days on which no daemon ran are left out.
pub(super) fn shown(connection: &Connection) -> rusqlite::Result<Vec<DayRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT day, restricted, suspected, unknown, not_restricted FROM day ORDER BY day DESC LIMIT ?",
    )?;
    let rows = statement.query_map([SHOWN], |row| {
        let count = |column| -> rusqlite::Result<u64> { Ok(row.get::<_, i64>(column)?.unsigned_abs()) };
        Ok(DayRow {
            day: row.get::<_, String>(0)?.parse().unwrap_or_default(),
            restricted: count(1)?,
            suspected: count(2)?,
            unknown: count(3)?,
            not_restricted: count(4)?,
        })
    })?;
    let mut days: Vec<DayRow> = rows.collect::<rusqlite::Result<_>>()?;
    days.reverse();
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_row_counted_now_and_then() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = crate::store::Writer::open(&folder.path().join("a.db")).unwrap();
        let hour = 3_600_000;
        for at in [0, 60_000, hour, 25 * hour, 24 * 2 * hour + 5] {
            let batch = crate::store::Batch { at: Timestamp(1_795_500_000_000 + at), ..Default::default() };
            writer.commit(&batch).unwrap();
        }
        let days = shown(&writer.connection).unwrap();
        let told: Vec<String> = days.iter().map(|day| day.day.to_string()).collect();
        assert_eq!(told, ["2026-11-24", "2026-11-25", "2026-11-26"]);
        let at: i64 = writer.connection.query_row("SELECT min(at) FROM day", [], |row| row.get(0)).unwrap();
        assert_eq!(at, 1_795_500_000_000 + hour, "counted anew, and not at every commit");
    }
}
