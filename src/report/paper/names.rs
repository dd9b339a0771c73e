//! How sites, addresses and people are called in a report: by their names, or by pseudonyms that stay the same from one
//! report to the next and tell nothing.

use ring::hmac;

use crate::net::Timestamp;
use crate::net::text::{clean, clean_words};

/// Stands for free text that may name anything.
const WITHHELD: &str = "(withheld)";

/// By their names, or by pseudonyms.
#[derive(Debug, Clone)]
pub struct Names {
    key: Option<hmac::Key>,
}

impl Names {
    /// As they are.
    #[must_use]
    pub fn full() -> Self {
        Self { key: None }
    }

    /// By pseudonyms under a key: whoever has not the key cannot find out a name by trying names.
    #[must_use]
    pub fn redacted(key: &[u8]) -> Self {
        Self { key: Some(hmac::Key::new(hmac::HMAC_SHA256, key)) }
    }

    /// Whether names are withheld.
    #[must_use]
    pub fn are_redacted(&self) -> bool {
        self.key.is_some()
    }

    /// The name of something of a kind; empty stays empty.
    pub(in crate::report) fn name(&self, kind: &str, name: &str) -> String {
        let Some(key) = self.key.as_ref().filter(|_| !name.is_empty()) else { return clean(name) };
        let tag = hmac::sign(key, format!("{kind}\0{name}").as_bytes());
        let digits: String = tag.as_ref().iter().take(5).map(|octet| format!("{octet:02x}")).collect();
        format!("{kind}-{digits}")
    }

    /// What somebody or something said in own words.
    pub(in crate::report) fn words(&self, text: &str) -> String {
        if self.are_redacted() && !text.is_empty() { WITHHELD.to_owned() } else { clean_words(text) }
    }

    /// A moment (RFC 3339, UTC), or where names are withheld its day.
    pub(in crate::report) fn moment(&self, at: Timestamp) -> String {
        let text = at.to_string();
        let kept = if self.are_redacted() { text.get(..10) } else { None };
        kept.map(str::to_owned).unwrap_or(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_stable_tells_nothing_and_differs_by_kind_and_key() {
        let names = Names::redacted(b"a key");
        let site = names.name("site", "hq");
        assert_eq!(site, Names::redacted(b"a key").name("site", "hq"));
        assert!(site.starts_with("site-") && site.len() == 15 && !site.contains("hq"), "{site}");
        let other = [names.name("site", "hq2"), names.name("switch", "hq"), Names::redacted(b"b").name("site", "hq")];
        assert!(other.iter().all(|other| other.rsplit('-').next() != site.rsplit('-').next()), "{other:?}");
        assert_eq!((names.name("site", ""), names.words("")), (String::new(), String::new()));
        assert_eq!(names.words("the gate at hq"), WITHHELD);
        let full = Names::full();
        assert_eq!((full.name("site", "hq\u{1b}"), full.words("a\nb")), ("hq\\u{1b}".into(), "a b".into()));
    }
}
