//! Orders of rows: a key, then the identity, so that the same picture always has the same order.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::{Snapshot, TargetRow};
use crate::net::TargetName;

/// Numbers in texts by their value, letters whatever their case, as people put names in order: `Gi1/0/9` before
/// `Gi1/0/10`. Texts that differ in nothing else stand by their octets.
pub(super) fn natural(one: &str, other: &str) -> Ordering {
    let (mut a, mut b) = (one.as_bytes(), other.as_bytes());
    loop {
        let (Some((x, rest)), Some((y, others))) = (a.split_first(), b.split_first()) else {
            return a.len().cmp(&b.len()).then_with(|| one.cmp(other));
        };
        let ordering = if x.is_ascii_digit() && y.is_ascii_digit() {
            let (number, after) = number(a);
            let (another, behind) = self::number(b);
            (a, b) = (after, behind);
            number.len().cmp(&another.len()).then_with(|| number.cmp(another))
        } else {
            (a, b) = (rest, others);
            x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase())
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
}

/// The digits that a text begins with, without zeros before them, and what follows.
fn number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|octet| !octet.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    (digits.get(zeros..).unwrap_or_default(), rest)
}

/// What a row says in a column, to be put in order by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said<'a> {
    /// A number: the smallest first.
    Number(i64),
    /// A text: numbers in it by their value, letters whatever their case.
    Text(Cow<'a, str>),
    /// Nothing: after all that say something, whichever way round.
    Nothing,
}

impl<'a> Said<'a> {
    /// A number of things: the most first.
    #[must_use]
    pub fn most(number: usize) -> Self {
        Self::Number(i64::try_from(number).map_or(i64::MIN, |number| -number))
    }

    /// A text; an empty one says nothing.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Nothing } else { Self::Text(text) }
    }

    /// A number, where there is one.
    pub fn number(number: Option<impl Into<i64>>) -> Self {
        number.map_or(Self::Nothing, |number| Self::Number(number.into()))
    }

    fn compare(&self, other: &Self, reversed: bool) -> Ordering {
        let ordering = match (self, other) {
            (Self::Nothing, Self::Nothing) => Ordering::Equal,
            (Self::Nothing, _) => return Ordering::Greater,
            (_, Self::Nothing) => return Ordering::Less,
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => natural(a, b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        };
        if reversed { ordering.reverse() } else { ordering }
    }
}

/// Rows by what they say; those that say the same stay as they stood.
pub fn in_order<'a, T>(rows: Vec<T>, reversed: bool, said: impl Fn(&T) -> Said<'a>) -> Vec<T> {
    let mut keyed: Vec<(Said<'a>, T)> = rows.into_iter().map(|row| (said(&row), row)).collect();
    keyed.sort_by(|(one, _), (other, _)| one.compare(other, reversed));
    keyed.into_iter().map(|(_, row)| row).collect()
}

/// Rows that have an order of their own the other way round.
pub(super) fn turned<T>(mut rows: Vec<T>, reversed: bool) -> Vec<T> {
    if reversed {
        rows.reverse();
    }
    rows
}

/// What devices can be sorted by. As in every order of this room, the names that these serialise to are those of the
/// columns; the first is the rows' own order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum DeviceOrder {
    #[default]
    Status,
    Mac,
    Address,
    Class,
    Surveillance,
    Maker,
    Brand,
    Verdict,
    Model,
    Firmware,
    Serial,
    Hostname,
    Site,
    /// By switch, on it by its ports.
    Switch,
    /// By the name of the port, whatever the switch.
    Port,
    Vlan,
    Network,
    NetworkKind,
    Certainty,
    /// Since when it is there.
    Since,
    FirstSeen,
    LastSeen,
    /// By its number.
    Id,
}

/// What targets can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum TargetOrder {
    /// Refused and silent ones first.
    #[default]
    State,
    Name,
    Kind,
    Address,
    Site,
    Since,
    Answer,
    Requests,
    Duration,
    Why,
}

/// How much a person should look at a target: the smaller, the sooner.
fn trouble(snapshot: &Snapshot, target: &TargetRow) -> u8 {
    match target.state.as_str() {
        "refused" => 0,
        "silent" => 1,
        _ if snapshot.is_stale(target) => 2,
        "partial" => 3,
        "waiting" => 4,
        _ => 5,
    }
}

impl Snapshot {
    /// Names of the targets that hold every one of these words, in order.
    #[must_use]
    pub fn sorted_targets(&self, words: &str, order: TargetOrder, reversed: bool) -> Vec<TargetName> {
        let mut rows: Vec<&TargetRow> = self.targets.values().filter(|target| target.holds(words)).collect();
        // Stable: by name, where nothing else tells them apart.
        rows.sort_by_key(|target| (trouble(self, target), !target.switch));
        let said = |target: &&TargetRow| match order {
            TargetOrder::State => Said::Nothing,
            TargetOrder::Name => Said::text(target.name.as_str().to_owned()),
            TargetOrder::Kind => Said::text(target.kind()),
            TargetOrder::Address => Said::text(target.address.clone()),
            TargetOrder::Site => Said::text(target.site.as_str().to_owned()),
            TargetOrder::Since => Said::Number(target.since.0),
            // Whoever never answered is longest without an answer.
            TargetOrder::Answer => Said::Number(target.last_ok.map_or(i64::MIN, |time| time.0)),
            TargetOrder::Requests => Said::most(usize::try_from(target.requests).unwrap_or(usize::MAX)),
            TargetOrder::Duration => Said::most(usize::try_from(target.took_ms).unwrap_or(usize::MAX)),
            TargetOrder::Why => Said::text(target.why.clone()),
        };
        let rows = match order {
            TargetOrder::State => turned(rows, reversed),
            _ => in_order(rows, reversed, said),
        };
        rows.into_iter().map(|row| row.name.clone()).collect()
    }
}

impl TargetRow {
    /// What it is, in a word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        if self.switch { "switch" } else { "camera" }
    }

    /// Every one of these words stands in its name, address, site, kind or state.
    #[must_use]
    pub fn holds(&self, words: &str) -> bool {
        let kind = self.kind();
        let text = format!("{} {} {} {kind} {}", self.name, self.address, self.site, self.state).to_lowercase();
        words.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_as_people_put_them_in_order() {
        let order = ["", "007", "7", "a", "A2", "a10", "ab", "Gi1/0/9", "gi1/0/10", "V5.7.3", "V5.10", "é"];
        for (at, one) in order.iter().enumerate() {
            for (place, other) in order.iter().enumerate() {
                assert_eq!(natural(one, other), at.cmp(&place), "{one} {other}");
            }
        }
    }

    #[test]
    fn what_says_nothing_stands_last_and_what_says_the_same_stays() {
        let rows = vec![(1, "b"), (2, ""), (3, "a"), (4, "b"), (5, "")];
        let order = |reversed| {
            let sorted = in_order(rows.clone(), reversed, |(_, text)| Said::text(*text));
            sorted.into_iter().map(|(number, _)| number).collect::<Vec<_>>()
        };
        assert_eq!(order(false), [3, 1, 4, 2, 5]);
        assert_eq!(order(true), [1, 4, 3, 2, 5]);
        assert!(Said::most(3).compare(&Said::most(2), false).is_lt());
    }
}
