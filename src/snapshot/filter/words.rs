//! What filter words mean, in words.

use std::time::Duration;

use super::{BY_PART, BY_START, Filter, Word};
use crate::snapshot::Plain;
use crate::snapshot::plain::Word as PlainWord;

fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (number, unit) = match seconds {
        _ if seconds.is_multiple_of(604_800) => (seconds / 604_800, "week"),
        _ if seconds.is_multiple_of(86_400) => (seconds / 86_400, "day"),
        _ if seconds.is_multiple_of(3_600) => (seconds / 3_600, "hour"),
        _ => (seconds / 60, "minute"),
    };
    if number == 1 { format!("the last {unit}") } else { format!("the last {number} {unit}s") }
}

/// A word without a field.
fn anywhere(text: &str, negated: bool) -> String {
    format!("'{text}' stands {} in it", if negated { "nowhere" } else { "somewhere" })
}

/// What is told where nothing is typed.
const EVERYTHING: &str = "everything passes; word: anywhere, field:word: in that field, !word: not";

impl Plain {
    /// What it lets through, in a line.
    #[must_use]
    pub fn in_words(&self) -> String {
        let meaning = |(negated, word): &(bool, PlainWord)| {
            let is = if *negated { "is not" } else { "is" };
            match word {
                PlainWord::Kind(kind) => format!("its kind {is} {kind}"),
                PlainWord::Site(site) => format!("site {is} {site}"),
                PlainWord::Any(text) => anywhere(text, *negated),
            }
        };
        match self.words.as_slice() {
            [] => EVERYTHING.to_owned(),
            words => words.iter().map(meaning).collect::<Vec<_>>().join(", and "),
        }
    }
}

fn meaning(word: &Word, negated: bool) -> String {
    let not = if negated { "not " } else { "" };
    match word {
        Word::All if negated => "nothing at all".to_owned(),
        Word::All => "also what is no camera".to_owned(),
        Word::Any(text) => anywhere(text, negated),
        Word::Vlan(range) if range.first == range.last => format!("VLAN is {not}{range}"),
        Word::Vlan(range) => format!("VLAN is {not}{} to {}", range.first, range.last),
        Word::Since(time) => format!("{not}first seen, or its finding opened, in {}", span(*time)),
        Word::Field("network", value) if value == "unclassified" => {
            format!("its network is {}classified", if negated { "" } else { "not " })
        }
        Word::Field("state", value) => format!("its finding is {not}{}", value.replace('-', " ")),
        Word::Field(field, value) => {
            let verb = match (*field, negated) {
                (field, false) if BY_PART.contains(&field) => "holds",
                (field, true) if BY_PART.contains(&field) => "does not hold",
                (field, false) if BY_START.contains(&field) => "begins with",
                (field, true) if BY_START.contains(&field) => "does not begin with",
                (_, false) => "is",
                (_, true) => "is not",
            };
            let field = match *field {
                "mac" => "MAC",
                "ip" => "IP",
                "vlan" => "VLAN",
                "site.sensitivity" => "site",
                other => other,
            };
            format!("{field} {verb} {value}")
        }
    }
}

impl Filter {
    /// What it lets through, in a line.
    #[must_use]
    pub fn in_words(&self) -> String {
        if self.words.is_empty() {
            return EVERYTHING.to_owned();
        }
        let words: Vec<String> = self.words.iter().map(|(negated, word)| meaning(word, *negated)).collect();
        words.join(", and ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_as_what_they_do() {
        for (words, told) in [
            ("", "everything passes; word: anywhere, field:word: in that field, !word: not"),
            ("maker:Dahua !site:hq", "maker holds dahua, and site is not hq"),
            ("vlan:10-20 !vlan:7", "VLAN is 10 to 20, and VLAN is not 7"),
            ("vlan:unknown", "VLAN is unknown"),
            ("since:7d", "first seen, or its finding opened, in the last week"),
            ("!since:36h", "not first seen, or its finding opened, in the last 36 hours"),
            ("since:1d", "first seen, or its finding opened, in the last day"),
            ("since:90m", "first seen, or its finding opened, in the last 90 minutes"),
            ("!accepted open", "its finding is not accepted, and its finding is open"),
            ("network:unclassified mac:44:19", "its network is not classified, and MAC begins with 44:19"),
            ("x !y all", "'x' stands somewhere in it, and 'y' stands nowhere in it, and also what is no camera"),
            ("site.sensitivity:sensitive", "site is sensitive"),
        ] {
            assert_eq!(Filter::parse(words).unwrap().in_words(), told);
        }
        for (words, told) in [
            ("", EVERYTHING),
            ("!kind:port site:hq", "its kind is not port, and site is hq"),
            ("x !y", "'x' stands somewhere in it, and 'y' stands nowhere in it"),
        ] {
            assert_eq!(Plain::parse(words, &[("port", "")]).unwrap().in_words(), told);
        }
    }
}
