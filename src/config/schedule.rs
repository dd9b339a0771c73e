//! Moments that come round: the usual words or a cron line, in a time zone.

use std::time::Duration;

use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone};
use toml::Spanned;

use super::checker::Checker;
use super::file;
use crate::net::Timestamp;

/// The cron line of the usual words: at midnight, on the first day.
fn cron_of(text: &str) -> &str {
    match text {
        "daily" => "0 0 * * *",
        "weekly" => "0 0 * * 1",
        "monthly" => "0 0 1 * *",
        "quarterly" => "0 0 1 1,4,7,10 *",
        "half-yearly" => "0 0 1 1,7 *",
        "yearly" => "0 0 1 1 *",
        cron => cron,
    }
}

/// The IANA name that was written, UTC where none was. `None`: there is no such zone.
pub(super) fn zone<'a>(checker: &mut Checker<'_>, key: &str, written: &'a file::Text) -> Option<&'a str> {
    let Some(written) = written else { return Some("UTC") };
    if jiff::tz::TimeZone::get(written.get_ref()).is_ok() {
        return Some(written.get_ref());
    }
    let message = format!("there is no time zone '{}'", written.get_ref());
    checker.problem(written.span(), key, message, "an IANA name: Europe/London");
    None
}

/// What was written as a schedule in a zone that there is.
pub(super) fn schedule(
    checker: &mut Checker<'_>,
    key: &str,
    written: &Spanned<String>,
    zone: &str,
) -> Option<Schedule> {
    let text = written.get_ref();
    let read = Schedule::read(text, zone);
    if read.is_none() {
        let hint = "daily, weekly, monthly, quarterly, half-yearly, yearly or a cron line: \"0 9 1 * *\"";
        checker.problem(written.span(), key, format!("'{text}' is no schedule"), hint);
    }
    read
}

/// When something comes round: a cron line in a time zone. Equality is that of the text.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// As the configuration has it (`quarterly`, `0 9 1 * *`).
    pub text: String,
    /// IANA time zone name.
    pub zone: String,
    /// The same, ready to be asked: by the clock on the wall, as if it never were turned.
    wall: cronexpr::Crontab,
    /// The zone of that clock.
    at: TimeZone,
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, &self.zone) == (&other.text, &other.zone)
    }
}

impl Schedule {
    /// Reads a usual word or a cron line. `None`: it is neither, or there is no such zone.
    #[must_use]
    pub fn read(text: &str, zone: &str) -> Option<Self> {
        let wall = cronexpr::parse_crontab(&format!("{} UTC", cron_of(text))).ok()?;
        Some(Self { text: text.to_owned(), zone: zone.to_owned(), wall, at: TimeZone::get(zone).ok()? })
    }

    /// When a time on the wall is: the first time where clocks are turned back; where they are turned forward over it,
    /// the moment at which they are.
    fn moment(&self, wall: civil::DateTime) -> Option<Timestamp> {
        let ambiguous = self.at.to_ambiguous_timestamp(wall);
        let gap = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
        let moment = ambiguous.compatible().ok()?;
        // The turn itself is not before itself.
        let after = moment.saturating_add(jiff::SignedDuration::from_secs(1)).ok()?;
        let turned = if gap { self.at.preceding(after).next().map(|turn| turn.timestamp()) } else { None };
        Some(Timestamp::from_jiff(turned.unwrap_or(moment)))
    }

    /// The first moment after this one. Each time on the wall is one moment, whatever is done to clocks.
    #[must_use]
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let mut wall = self.at.to_datetime(after.to_jiff());
        loop {
            let as_if = wall.to_zoned(TimeZone::UTC).ok()?.timestamp();
            wall = TimeZone::UTC.to_datetime(self.wall.find_next(as_if.to_string().as_str()).ok()?.timestamp());
            let moment = self.moment(wall)?;
            if moment > after {
                return Some(moment);
            }
        }
    }

    /// The latest moment after `after` and not after `until`. Several that were missed are one: the latest.
    #[must_use]
    pub fn latest(&self, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        const HOUR: u64 = 3600;
        // Looked for in the last hour first: a schedule of minutes has few moments there, whatever was missed before.
        for hours in [1, 24, 24 * 32, 24 * 370, 24 * 3700] {
            let mut at = until.minus(Duration::from_secs(hours * HOUR)).max(after);
            let mut found = None;
            while let Some(next) = self.next(at).filter(|next| *next <= until) {
                (at, found) = (next, Some(next));
            }
            if found.is_some() || at == after {
                return found;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latest(line: &str, after: &str, until: &str) -> Option<String> {
        let (line, zone) = line.rsplit_once(' ').unwrap();
        let schedule = Schedule::read(line, zone).unwrap();
        schedule.latest(after.parse().unwrap(), until.parse().unwrap()).map(|moment| moment.to_string())
    }

    #[test]
    fn the_latest_moment_that_was_missed_counts_and_only_once() {
        let minutely = latest("* * * * * UTC", "2020-01-01T00:00:00Z", "2026-11-24T10:00:30Z");
        assert_eq!(minutely.as_deref(), Some("2026-11-24T10:00:00.000Z"));
        assert_eq!(latest("* * * * * UTC", "2026-11-24T10:00:00Z", "2026-11-24T10:00:59Z"), None);
        let quarterly = |after: &str| latest("0 0 1 1,4,7,10 * UTC", after, "2026-11-24T10:00:00Z");
        assert_eq!(quarterly("2024-01-01T00:00:00Z").as_deref(), Some("2026-10-01T00:00:00.000Z"));
        assert_eq!(quarterly("2026-10-01T00:00:00Z"), None);
        // 1 April and 1 October by the clock on the wall of London.
        let london = |until: &str| latest("0 9 1 4,10 * Europe/London", "2026-01-01T00:00:00Z", until);
        assert_eq!(london("2026-04-01T07:59:59Z"), None);
        assert_eq!(london("2026-04-01T08:00:00Z").as_deref(), Some("2026-04-01T08:00:00.000Z"));
        assert_eq!(london("2026-11-24T00:00:00Z").as_deref(), Some("2026-10-01T08:00:00.000Z"));
    }

    /// Follows a schedule as the daemon does, with restarts round each moment: what was done last is all it knows.
    fn fires(schedule: &Schedule, from: Timestamp, until: Timestamp) -> Vec<Timestamp> {
        let minute = Duration::from_secs(60);
        let (mut last, mut fired) = (from, Vec::new());
        while let Some(moment) = schedule.next(last).filter(|moment| *moment <= until) {
            // Before it, at it, after it, and again: one fires, in each life of the daemon.
            for now in [moment.minus(minute), moment, moment, moment.plus(minute), moment.plus(minute * 5)] {
                if let Some(at) = schedule.latest(last, now) {
                    fired.push(at);
                    last = at;
                }
            }
            assert_eq!(last, moment, "{} in {}", schedule.text, schedule.zone);
        }
        fired
    }

    /// Two days round each turn of a zone's clocks in these years, and a week at the beginning.
    fn turns(zone: &TimeZone, from: Timestamp, until: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let days = |count: u64| Duration::from_secs(count * 86_400);
        let turns = zone.following(from.to_jiff()).map(|turn| Timestamp::from_jiff(turn.timestamp()));
        let round = turns.take_while(|at| *at < until).map(|at| (at.minus(days(2)), at.plus(days(2))));
        std::iter::once((from, from.plus(days(7)))).chain(round).collect()
    }

    fn every_moment_fires_once(zones: impl Iterator<Item = String>, years: i16) {
        let day = |year: i16| {
            Timestamp::from_jiff(civil::date(year, 1, 1).at(12, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp())
        };
        let (from, until) = (day(2026), day(2026 + years));
        let mut seen = std::collections::BTreeSet::new();
        for name in zones {
            let zone = TimeZone::get(&name).unwrap();
            let turns = turns(&zone, from, until);
            // Many names are one zone.
            if !seen.insert((turns.clone(), zone.to_offset(from.to_jiff()).seconds())) {
                continue;
            }
            // At nine there is no gap in any zone; at half past two, and at midnight, there is in some.
            for text in ["0 9 * * *", "daily", "30 2 * * *"] {
                let schedule = Schedule::read(text, &name).unwrap();
                for (from, until) in &turns {
                    let fired = fires(&schedule, *from, *until);
                    assert!(fired.len() >= 3, "{text} in {name}");
                    let dates: Vec<_> = fired.iter().map(|at| at.to_jiff().to_zoned(zone.clone()).date()).collect();
                    for (before, after) in dates.iter().zip(dates.iter().skip(1)) {
                        assert_eq!(before.tomorrow().unwrap(), *after, "{text} in {name}: once on every day");
                    }
                }
            }
            for (text, a_year) in [("monthly", 12), ("quarterly", 4), ("half-yearly", 2), ("yearly", 1)] {
                let fired = fires(&Schedule::read(text, &name).unwrap(), from, until);
                assert_eq!(fired.len(), a_year * usize::try_from(years).unwrap(), "{text} in {name}");
            }
        }
        assert!(seen.len() > 3);
    }

    #[test]
    fn every_moment_fires_once_where_clocks_are_turned() {
        let zones = ["Europe/London", "Africa/Cairo", "America/Havana", "Australia/Lord_Howe", "UTC"];
        every_moment_fires_once(zones.into_iter().map(str::to_owned), 1);
    }

    #[test]
    #[ignore = "takes a minute: run by .ci/run"]
    fn every_moment_fires_once_in_every_zone_over_20_years() {
        every_moment_fires_once(jiff::tz::db().available().map(|name| name.to_string()), 20);
    }
}
