//! Texts, each kept once.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

/// A text of a [`Strings`], or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Text(u32);

impl Text {
    /// No text.
    pub(super) const NONE: Self = Self(u32::MAX);

    /// Its place among the texts; past every one for [`Self::NONE`].
    pub(super) fn number(self) -> usize {
        self.0 as usize
    }
}

/// Texts one after the other, and where each ends.
#[derive(Debug, Default)]
pub(super) struct Strings {
    all: String,
    ends: Vec<u32>,
    by_text: HashTable<Text>,
    hasher: RandomState,
}

fn text_at<'a>(all: &'a str, ends: &[u32], text: Text) -> Option<&'a str> {
    let end = *ends.get(text.number())?;
    let start = text.number().checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    all.get(start as usize..end as usize)
}

impl Strings {
    /// Keeps a text.
    pub(super) fn keep(&mut self, text: &str) -> Text {
        if let Some(found) = self.find(text) {
            return found;
        }
        let new = Text(u32::try_from(self.ends.len()).unwrap_or(u32::MAX));
        self.all.push_str(text);
        self.ends.push(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        let Self { all, ends, by_text, hasher } = self;
        let hash = |text: &Text| hasher.hash_one(text_at(all, ends, *text).unwrap_or_default());
        by_text.insert_unique(hash(&new), new, hash);
        new
    }

    /// A text that is kept, if it is.
    pub(super) fn find(&self, text: &str) -> Option<Text> {
        self.by_text.find(self.hasher.hash_one(text), |known| self.get(*known) == Some(text)).copied()
    }

    /// The text; `None` for [`Text::NONE`].
    pub(super) fn get(&self, text: Text) -> Option<&str> {
        text_at(&self.all, &self.ends, text)
    }

    /// Every text in the order of its number.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).filter_map(|number| self.get(Text(u32::try_from(number).ok()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once_and_found_again() {
        let mut strings = Strings::default();
        let kept: Vec<Text> = ["hq", "", "depot", "hq"].iter().map(|text| strings.keep(text)).collect();
        assert_eq!(kept[0], kept[3]);
        assert_eq!((strings.get(kept[1]), strings.get(kept[2])), (Some(""), Some("depot")));
        assert_eq!((strings.get(Text::NONE), strings.find("nowhere")), (None, None));
        assert_eq!(strings.iter().collect::<Vec<_>>(), ["hq", "", "depot"]);
    }
}
