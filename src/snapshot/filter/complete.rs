//! Filter words that are half typed: what they may become.

use std::collections::{BTreeMap, BTreeSet};

use super::{FIELDS, STATES};

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
        // In the middle of a word nothing is offered.
        if after.starts_with(|c: char| !c.is_whitespace()) {
            return Self::default();
        }
        let start = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let word = before.get(start..).unwrap_or_default();
        let bare = word.strip_prefix('!').unwrap_or(word);
        let at = before.len() - bare.len();
        let mut candidates = match bare.split_once(':') {
            Some((field, value)) => values(field, &value.to_lowercase(), known),
            None => words(&bare.to_lowercase(), known),
        };
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
    let starts = all.iter().filter(|value| value.starts_with(typed));
    // A value that is whole may only grow.
    let whole = all.contains(&typed);
    let holds = all.iter().filter(|value| !whole && !value.starts_with(typed) && value.contains(typed));
    let candidate = |value: &&str| Candidate { word: format!("{name}:{value}"), says: field.says };
    starts.chain(holds).map(candidate).collect()
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
    fn every_word_that_is_offered_whole_can_be_read() {
        let candidates = FIELDS.iter().flat_map(|field| offered(&format!("{}:", field.name)));
        for word in candidates.chain(offered("since:")) {
            assert!(Filter::parse(&word).is_ok(), "{word}");
        }
    }
}
