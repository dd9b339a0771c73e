//! Names of organisations as registries and devices spell them, looked up by their beginning.

use std::borrow::Cow;
use std::collections::HashMap;

use super::catalogue::Owner;
use crate::net::text::plain;

/// Case, blanks and letters of other alphabets folded: registries and devices spell one name in several ways.
pub(super) fn fold(text: &str) -> String {
    let plain: Cow<'_, str> = if text.is_ascii() { text.into() } else { plain(text).into() };
    let mut folded = String::with_capacity(text.len());
    for word in plain.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    folded
}

/// Beginnings of organisations' names, in buckets by their first two octets.
#[derive(Debug, Clone, Default)]
pub(super) struct Organisations(HashMap<[u8; 2], Vec<(Box<str>, Owner)>>);

fn bucket(folded: &str) -> Option<[u8; 2]> {
    folded.as_bytes().first_chunk().copied()
}

impl Organisations {
    pub(super) fn add(&mut self, beginning: &str, owner: Owner) {
        let folded = fold(beginning);
        if let Some(key) = bucket(&folded) {
            self.0.entry(key).or_default().push((folded.into(), owner));
        }
    }

    /// Whose name begins like this, word by word; the longest beginning counts.
    pub(super) fn owner(&self, organisation: &str) -> Option<Owner> {
        let folded = fold(organisation);
        let begins = |beginning: &str| {
            folded.strip_prefix(beginning).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
        };
        let fitting = self.0.get(&bucket(&folded)?)?.iter().filter(|(beginning, _)| begins(beginning));
        fitting.max_by_key(|(beginning, _)| beginning.len()).map(|(_, owner)| *owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_begins_with_whole_words_and_the_longest_beginning_counts() {
        let mut names = Organisations::default();
        names.add("TRUEN", Owner::Maker(1));
        names.add("Hangzhou  Hikvision", Owner::Maker(2));
        names.add("hangzhou hikvision digital", Owner::Maker(3));
        assert_eq!(names.owner("Truen Co., Ltd."), Some(Owner::Maker(1)));
        assert_eq!(names.owner("TRUEN"), Some(Owner::Maker(1)));
        assert_eq!(names.owner("Truenorth Networks"), None);
        assert_eq!(names.owner("Hangzhou Hikvision  Digital Technology"), Some(Owner::Maker(3)));
        assert_eq!(names.owner("Hangzhou HIKVISION Storage"), Some(Owner::Maker(2)));
        assert_eq!(names.owner(""), None);
        assert_eq!(names.owner("h"), None);
    }
}
