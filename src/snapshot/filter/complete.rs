//! Filter words that are half typed: what they may become.

use std::collections::{BTreeMap, BTreeSet};

use super::{FIELDS, STATES};
use crate::snapshot::Kinds;

/// Values of fields that stand in the data, in the order in which they are offered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known(BTreeMap<&'static str, BTreeSet<String>>);

/// Fields whose values are offered for a word without a field too.
const OFFERED: [&str; 6] = ["maker", "brand", "site", "network", "assignee", "tag"];
/// Letters of such a word at least.
const LETTERS: usize = 2;
/// Spans that are offered.
const SPANS: [&str; 4] = ["1h", "24h", "7d", "30d"];

impl Known {
    /// Takes in values of a field, all but those that no filter word can hold.
    pub fn add<'a>(&mut self, field: &'static str, values: impl IntoIterator<Item = &'a str>) {
        let whole = |value: &&str| !value.is_empty() && !value.contains(char::is_whitespace);
        let values = values.into_iter().filter(whole).map(str::to_lowercase);
        self.0.entry(field).or_default().extend(values);
    }

    fn of(&self, field: &str) -> impl Iterator<Item = &str> {
        self.0.get(field).into_iter().flatten().map(String::as_str)
    }
}

/// What a word may become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The word.
    pub word: String,
    /// What it is.
    pub says: &'static str,
}

/// What the word before the cursor may become.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// Where it begins in the text, in octets; what stands from here to the cursor is replaced.
    pub at: usize,
    /// The best first.
    pub candidates: Vec<Candidate>,
}

impl Completion {
    /// For what is typed up to the cursor; `after` is what follows it.
    #[must_use]
    pub fn new(before: &str, after: &str, known: &Known) -> Self {
        Self::of(before, after, |typed| match typed.split_once(':') {
            Some((field, value)) => values(field, value, known),
            None => words(typed, known),
        })
    }

    /// The same where rows are no devices: see [`crate::snapshot::Plain`].
    #[must_use]
    pub fn plain(before: &str, after: &str, kinds: &Kinds, known: &Known) -> Self {
        Self::of(before, after, |typed| plain(typed, kinds, known))
    }

    fn of(before: &str, after: &str, offered: impl Fn(&str) -> Vec<Candidate>) -> Self {
        // In the middle of a word nothing is offered.
        if after.starts_with(|c: char| !c.is_whitespace()) {
            return Self::default();
        }
        let start = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let word = before.get(start..).unwrap_or_default();
        let bare = word.strip_prefix('!').unwrap_or(word);
        let at = before.len() - bare.len();
        let mut candidates = offered(&bare.to_lowercase());
        candidates.retain(|candidate| candidate.word != bare);
        Self { at, candidates }
    }
}

/// Values of a field: those that begin with what is typed, then those that hold it.
fn values(name: &str, typed: &str, known: &Known) -> Vec<Candidate> {
    if name == "since" {
        return SPANS.iter().filter(|span| span.starts_with(typed)).map(|span| since(span)).collect();
    }
    let Some(field) = FIELDS.iter().find(|field| field.name == name) else { return Vec::new() };
    let unknown = ["unknown"];
    let listed = if name == "vlan" { unknown.as_slice() } else { field.values };
    let all: Vec<&str> = listed.iter().copied().chain(known.of(name)).collect();
    let candidate = |value| Candidate { word: format!("{name}:{value}"), says: field.says };
    ranked(&all, typed).into_iter().map(candidate).collect()
}

/// Values that begin with what is typed, then those that hold it.
fn ranked<'a>(all: &[&'a str], typed: &str) -> Vec<&'a str> {
    let starts = all.iter().filter(|value| value.starts_with(typed));
    // A value that is whole may only grow.
    let whole = all.contains(&typed);
    let holds = all.iter().filter(|value| !whole && !value.starts_with(typed) && value.contains(typed));
    starts.chain(holds).copied().collect()
}

/// The fields of rows that are no devices.
const PLAIN: [(&str, &str); 2] = [("kind", "what kind of thing it is"), ("site", "where it is: the site's id")];

fn plain(typed: &str, kinds: &Kinds, known: &Known) -> Vec<Candidate> {
    let sites: Vec<&str> = known.of("site").collect();
    let of_kind = |typed: &str| {
        let words: Vec<&str> = kinds.iter().map(|(kind, _)| *kind).collect();
        let says = |word: &str| kinds.iter().find(|(kind, _)| *kind == word).map_or("", |(_, says)| *says);
        let candidate = |word| Candidate { word: format!("kind:{word}"), says: says(word) };
        ranked(&words, typed).into_iter().map(candidate).collect::<Vec<_>>()
    };
    let [(_, _), (_, site)] = PLAIN;
    let of_site = |typed: &str| {
        let candidate = |id| Candidate { word: format!("site:{id}"), says: site };
        ranked(&sites, typed).into_iter().map(candidate).collect::<Vec<_>>()
    };
    match typed.split_once(':') {
        Some(("kind", value)) => of_kind(value),
        Some(("site", value)) => of_site(value),
        Some(_) => Vec::new(),
        None => {
            let fields = PLAIN.iter().filter(|(name, _)| name.starts_with(typed));
            let mut found: Vec<Candidate> =
                fields.map(|(name, says)| Candidate { word: format!("{name}:"), says }).collect();
            if typed.chars().count() >= LETTERS {
                let begins =
                    |it: &Candidate| it.word.split_once(':').is_some_and(|(_, value)| value.starts_with(typed));
                found.extend(of_kind(typed).into_iter().chain(of_site(typed)).filter(begins));
            }
            found
        }
    }
}

fn since(span: &str) -> Candidate {
    Candidate { word: format!("since:{span}"), says: "first seen, or opened, in the last so many m, h, d, w" }
}

/// Fields, states, and values that say of themselves which field they are of.
fn words(typed: &str, known: &Known) -> Vec<Candidate> {
    let named = |name: &str| name.starts_with(typed);
    let fields = FIELDS.iter().filter(|field| named(field.name));
    let fields = fields.map(|field| Candidate { word: format!("{}:", field.name), says: field.says });
    let since = Some(Candidate { word: "since:".to_owned(), says: since("").says }).filter(|_| named("since"));
    let says = "where the finding stands";
    let states = STATES.iter().filter(|state| !typed.is_empty() && named(state));
    let states = states.map(|state| Candidate { word: (*state).to_owned(), says });
    let all = Candidate { word: "all".to_owned(), says: "also what is known to be no camera" };
    let all = Some(all).filter(|_| !typed.is_empty() && named("all"));
    let mut found: Vec<Candidate> = fields.chain(since).chain(states).chain(all).collect();
    if typed.chars().count() >= LETTERS {
        for name in OFFERED {
            found.extend(
                values(name, typed, known).into_iter().filter(|candidate| {
                    candidate.word.split_once(':').is_some_and(|(_, value)| value.starts_with(typed))
                }),
            );
        }
        for field in FIELDS.iter().filter(|field| field.name != "state") {
            let values = field.values.iter().filter(|value| value.starts_with(typed));
            found.extend(values.map(|value| Candidate { word: format!("{}:{value}", field.name), says: field.says }));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Filter;

    fn known() -> Known {
        let mut known = Known::default();
        known.add("maker", ["dahua", "hikvision", "Sony Corp"]);
        known.add("site", ["hq", "HQ-annex", "depot"]);
        known.add("tag", ["roof"]);
        known
    }

    fn offered(before: &str) -> Vec<String> {
        let completion = Completion::new(before, "", &known());
        completion.candidates.into_iter().map(|candidate| candidate.word).collect()
    }

    #[test]
    fn fields_values_and_what_stands_in_the_data_are_offered() {
        assert_eq!(offered("ma"), ["maker:", "mac:"]);
        assert_eq!(offered("maker:"), ["maker:dahua", "maker:hikvision"]);
        assert_eq!(offered("x !maker:kv"), ["maker:hikvision"]);
        assert_eq!(offered("site:h"), ["site:hq", "site:hq-annex"]);
        assert_eq!(offered("dah"), ["maker:dahua"]);
        assert_eq!(offered("ro"), ["tag:roof"]);
        assert_eq!(offered("status:su"), ["status:suspected"]);
        assert_eq!(offered("restr"), ["status:restricted"]);
        assert_eq!(offered("acc"), ["accepted"]);
        assert_eq!(offered("since:"), ["since:1h", "since:24h", "since:7d", "since:30d"]);
        assert_eq!(offered("sin"), ["since:"]);
        assert_eq!(offered("al"), ["all"]);
        assert_eq!(offered("vlan:"), ["vlan:unknown"]);
        // Whole, of no field, of any text: nothing to offer.
        for text in ["status:restricted", "colour:", "serial:", "all", "zzz"] {
            assert_eq!(offered(text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(offered("").len(), FIELDS.len() + 1);
        assert_eq!(Completion::new("ma", "ker:x", &known()), Completion::default());
        assert_eq!(Completion::new("a !ma", " b", &known()).at, 3);
    }

    #[test]
    fn of_rows_that_are_no_devices_kinds_and_sites_are_offered() {
        let kinds: &Kinds = &[("port", "a port"), ("partial", "a part"), ("range", "addresses")];
        let offered = |before: &str| {
            let candidates = Completion::plain(before, "", kinds, &known()).candidates;
            candidates.into_iter().map(|it| format!("{} {}", it.word, it.says)).collect::<Vec<_>>()
        };
        assert_eq!(offered(""), ["kind: what kind of thing it is", "site: where it is: the site's id"]);
        assert_eq!(offered("x !kind:P"), ["kind:port a port", "kind:partial a part"]);
        assert_eq!(offered("kind:ge"), ["kind:range addresses"]);
        assert_eq!(offered("ra"), ["kind:range addresses"]);
        assert_eq!(offered("site:h").len(), 2);
        assert_eq!(offered("de"), ["site:depot where it is: the site's id"]);
        for text in ["kind:port", "maker:", "zz", "p"] {
            assert_eq!(offered(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn every_word_that_is_offered_whole_can_be_read() {
        let candidates = FIELDS.iter().flat_map(|field| offered(&format!("{}:", field.name)));
        for word in candidates.chain(offered("since:")) {
            assert!(Filter::parse(&word).is_ok(), "{word}");
        }
    }
}
