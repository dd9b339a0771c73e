//! A day as spreadsheets write it. One that could be two is none: nobody guesses whether a camera came before a law.

use jiff::civil::Date;

/// Years in which something on a network was installed.
const YEARS: std::ops::RangeInclusive<i16> = 1980..=2200;

/// Reads `2019-05-31` (a time may follow), `2019/05/31`, `31.05.2019`, `31 May 2019`, `31-May-19`, and `31/05/2019` where
/// it can be read in one way only.
///
/// # Errors
/// What is wrong with it, to be put behind it.
pub(super) fn day(text: &str) -> Result<Date, &'static str> {
    const NO_DAY: &str = "is no day: write 2019-05-31";
    let text = text.trim();
    // A time of day may follow.
    let written = text.split(['T', ' ']).next().unwrap_or(text);
    // A year of two digits is none of the first century.
    let read = |format: &str, text: &str| Date::strptime(format, text).ok().filter(|day| YEARS.contains(&day.year()));
    if let Some(day) = read("%Y-%m-%d", written).or_else(|| read("%Y/%m/%d", written)) {
        return Ok(day);
    }
    if let Some(day) = read("%d.%m.%Y", written).or_else(|| read("%d.%m.%y", written)) {
        return Ok(day);
    }
    let words = text.replace('-', " ");
    for format in ["%d %b %Y", "%d %B %Y", "%d %b %y", "%B %d, %Y", "%b %d, %Y"] {
        if let Some(day) = read(format, &words) {
            return Ok(day);
        }
    }
    let either = |first: &str, second: &str| read(first, written).or_else(|| read(second, written));
    match (either("%d/%m/%Y", "%d/%m/%y"), either("%m/%d/%Y", "%m/%d/%y")) {
        (Some(one), Some(other)) if one != other => {
            Err("may be two days: write 2019-05-31; when it was installed is left out")
        }
        (one, other) => one.or(other).ok_or(NO_DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_as_people_write_it_and_one_that_could_be_two_is_none() {
        for text in [
            "2019-05-31",
            "2019-05-31T09:30:00Z",
            "2019-05-31 09:30",
            "2019/05/31",
            "31.05.2019",
            "31.05.19",
            "31/05/19",
            "31/05/2019",
            "05/31/2019",
            " 31 May 2019 ",
            "31-May-2019",
            "31-May-19",
            "May 31, 2019",
        ] {
            assert_eq!(day(text), Ok(jiff::civil::date(2019, 5, 31)), "{text}");
        }
        assert_eq!(day("04/04/2019"), Ok(jiff::civil::date(2019, 4, 4)), "either way the same");
        assert!(day("05/04/2019").unwrap_err().contains("two days"));
        for text in [
            "",
            "2019",
            "31/31/2019",
            "2019-02-30",
            "soon",
            "99999999999999999999",
            "5/2019",
            "43616",
            "0019-05-31",
            "1900-01-00",
        ] {
            assert!(day(text).unwrap_err().contains("no day"), "{text}");
        }
    }
}
