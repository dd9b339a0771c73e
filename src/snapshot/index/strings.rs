//! Texts, each kept once.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

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
    /// By hash; where two texts share one, the second stands under the next free number.
    by_hash: HashMap<u64, Text>,
    hasher: RandomState,
}

impl Strings {
    fn slot(&self, text: &str) -> Result<Text, u64> {
        let mut hash = self.hasher.hash_one(text);
        while let Some(found) = self.by_hash.get(&hash) {
            if self.get(*found) == Some(text) {
                return Ok(*found);
            }
            hash = hash.wrapping_add(1);
        }
        Err(hash)
    }

    /// Keeps a text.
    pub(super) fn keep(&mut self, text: &str) -> Text {
        match self.slot(text) {
            Ok(found) => found,
            Err(hash) => {
                let new = Text(u32::try_from(self.ends.len()).unwrap_or(u32::MAX));
                self.all.push_str(text);
                self.ends.push(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
                self.by_hash.insert(hash, new);
                new
            }
        }
    }

    /// A text that is kept, if it is.
    pub(super) fn find(&self, text: &str) -> Option<Text> {
        self.slot(text).ok()
    }

    /// The text; `None` for [`Text::NONE`].
    pub(super) fn get(&self, text: Text) -> Option<&str> {
        let end = *self.ends.get(text.number())?;
        let start = text.number().checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.all.get(start as usize..end as usize)
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
