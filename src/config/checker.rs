//! What checking a configuration takes: places in the file, values with a range, references with a hint.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use ipnet::IpNet;
use toml::Spanned;

use super::Problem;
use super::file;

/// Collects problems while a file is checked.
pub(super) struct Checker<'a> {
    text: &'a str,
    pub(super) path: &'a Path,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(text: &'a str, path: &'a Path) -> Self {
        Self { text, path, problems: Vec::new() }
    }

    fn place(&self, at: Range<usize>, key: &str) -> String {
        let before = self.text.get(..at.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{}:{line}:{column} {key}", self.path.display())
    }

    pub(super) fn problem(&mut self, at: Range<usize>, key: &str, message: impl Into<String>, hint: impl Into<String>) {
        let place = self.place(at, key);
        self.problems.push(Problem { place, message: message.into(), hint: hint.into() });
    }

    pub(super) fn duration(&mut self, key: &str, written: &file::Text, default: &str, least: Duration) -> Duration {
        let parse = |text: &str| {
            let span: jiff::SignedDuration = text.parse().ok()?;
            Duration::try_from(span).ok()
        };
        // Days are calendar days to the library; here a day is 24 hours.
        let parse = |text: &str| match text.strip_suffix('d').map(str::parse::<u64>) {
            Some(Ok(days)) => days.checked_mul(86_400).map(Duration::from_secs),
            _ => parse(text),
        };
        let fallback = parse(default).unwrap_or(least);
        let Some(written) = written else { return fallback };
        match parse(written.get_ref()) {
            Some(duration) if duration >= least => duration,
            Some(_) => {
                self.problem(
                    written.span(),
                    key,
                    format!("'{}' is too short", written.get_ref()),
                    format!("at least {}", in_days(least)),
                );
                fallback
            }
            None => {
                let message = format!("'{}' is no duration", written.get_ref());
                self.problem(written.span(), key, message, "a number and a unit: 30s, 5m, 2h, 30d");
                fallback
            }
        }
    }

    pub(super) fn number<T: TryFrom<i64>>(
        &mut self,
        key: &str,
        written: Option<&Spanned<i64>>,
        default: T,
        range: std::ops::RangeInclusive<i64>,
    ) -> T {
        let Some(written) = written else { return default };
        match T::try_from(*written.get_ref()) {
            Ok(number) if range.contains(written.get_ref()) => number,
            _ => {
                let message = format!("{} is out of range", written.get_ref());
                self.problem(written.span(), key, message, format!("{} to {}", range.start(), range.end()));
                default
            }
        }
    }

    pub(super) fn net(&mut self, key: &str, written: &Spanned<String>) -> Option<IpNet> {
        let text = written.get_ref();
        let single = || text.parse::<IpAddr>().map(IpNet::from).ok();
        match text.parse::<IpNet>().ok().or_else(single) {
            Some(net) if net.addr() == net.trunc().addr() => Some(net),
            Some(net) => {
                let hint = format!("the range that holds it is {}", net.trunc());
                self.problem(written.span(), key, format!("'{text}' has bits set behind its prefix"), hint);
                None
            }
            None => {
                self.problem(
                    written.span(),
                    key,
                    format!("'{text}' is no address range"),
                    "as in 10.1.0.0/16 or 2001:db8::/32",
                );
                None
            }
        }
    }

    /// A reference to something named elsewhere.
    pub(super) fn known(&mut self, key: &str, written: &Spanned<String>, what: &str, names: &[String]) -> bool {
        let name = written.get_ref();
        if names.contains(name) {
            return true;
        }
        let near = names.iter().min_by_key(|other| distance(name, other)).filter(|other| distance(name, other) <= 3);
        let hint = match near {
            Some(near) => format!("did you mean '{near}'?"),
            None if names.is_empty() => format!("there is no [[{what}]] yet"),
            None => format!("the {what}s are: {}", names.join(", ")),
        };
        self.problem(written.span(), key, format!("there is no {what} '{name}'"), hint);
        false
    }

    pub(super) fn unique(&mut self, key: &str, names: &[&Spanned<String>]) {
        let mut seen = BTreeSet::new();
        for name in names {
            if !seen.insert(name.get_ref()) {
                self.problem(
                    name.span(),
                    key,
                    format!("'{}' stands twice", name.get_ref()),
                    "each needs a name of its own",
                );
            }
            if name.get_ref().trim().is_empty() {
                self.problem(name.span(), key, "the name is empty", "");
            }
        }
    }
}

/// A duration as people write it: whole days as such.
fn in_days(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds > 0 && seconds.is_multiple_of(86_400) {
        format!("{}d", seconds / 86_400)
    } else {
        format!("{duration:?}")
    }
}

/// Edit distance (Levenshtein), for "did you mean".
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let cost = at(&row, j) + usize::from(x != *y);
            next.push(cost.min(at(&row, j + 1) + 1).min(at(&next, j) + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
