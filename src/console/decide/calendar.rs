//! A month as a grid, to choose a day in.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde::Serialize;

/// A day being chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    /// The day under the cursor.
    pub day: Date,
    /// The first day that may be chosen.
    pub first: Date,
    /// The last one; `None`: there is none.
    pub last: Option<Date>,
}

/// How the cursor goes over days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Days {
    Before,
    After,
    WeekBefore,
    WeekAfter,
    MonthBefore,
    MonthAfter,
}

impl Calendar {
    /// Whether a day may be chosen.
    #[must_use]
    pub fn allows(&self, day: Date) -> bool {
        day >= self.first && self.last.is_none_or(|last| day <= last)
    }

    /// Moves, and stays within what may be chosen.
    pub fn go(&mut self, days: Days) {
        let span = match days {
            Days::Before => -1.days(),
            Days::After => 1.day(),
            Days::WeekBefore => -1.weeks(),
            Days::WeekAfter => 1.week(),
            Days::MonthBefore => -1.months(),
            Days::MonthAfter => 1.month(),
        };
        let day = self.day.saturating_add(span).max(self.first);
        self.day = self.last.map_or(day, |last| day.min(last));
    }

    /// The month's weeks, Monday first; a day of another month is left out.
    #[must_use]
    pub fn weeks(&self) -> Vec<[Option<Date>; 7]> {
        let mut weeks = vec![[None; 7]];
        let mut day = self.day.first_of_month();
        while day.month() == self.day.month() {
            if day.weekday() == Weekday::Monday && day.day() > 1 {
                weeks.push([None; 7]);
            }
            let at = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
            if let Some(place) = weeks.last_mut().and_then(|week| week.get_mut(at)) {
                *place = Some(day);
            }
            match day.tomorrow() {
                Ok(next) => day = next,
                Err(_) => break,
            }
        }
        weeks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_is_laid_out_and_the_cursor_stays_within_the_limits() {
        let mut calendar = Calendar { day: day("2026-11-24"), first: day("2026-11-24"), last: Some(day("2027-05-23")) };
        let weeks = calendar.weeks();
        assert_eq!((weeks.len(), weeks[0][6], weeks[0][0]), (6, Some(day("2026-11-01")), None));
        assert_eq!(weeks[5][0], Some(day("2026-11-30")));
        for (days, expected) in [
            (Days::Before, "2026-11-24"),
            (Days::After, "2026-11-25"),
            (Days::WeekAfter, "2026-12-02"),
            (Days::MonthAfter, "2027-01-02"),
            (Days::WeekBefore, "2026-12-26"),
            (Days::MonthBefore, "2026-11-26"),
        ] {
            calendar.go(days);
            assert_eq!(calendar.day, day(expected), "{days:?}");
        }
        (0..12).for_each(|_| calendar.go(Days::MonthAfter));
        assert_eq!(calendar.day, day("2027-05-23"));
        assert!(!calendar.allows(day("2027-05-24")) && !calendar.allows(day("2026-11-23")));
        let unlimited = Calendar { last: None, ..calendar };
        assert!(unlimited.allows(day("2099-01-01")));
    }
}
