//! Patterns of the catalogue, compiled once: all that look at one field are held against a text at the same time.

use std::borrow::Cow;
use std::collections::BTreeMap;

use regex::bytes::{RegexSet, RegexSetBuilder};

use super::catalogue::Owner;
use super::file::{Field, Said};
use crate::net::text::plain;

/// Whose a pattern is, and what it says where it fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Says {
    /// Whose equipment it is; `None` for words that only tell a class.
    pub(super) owner: Option<Owner>,
    /// What it is.
    pub(super) class: Option<Said>,
    /// It may weigh: not a hint.
    pub(super) weighs: bool,
}

/// The patterns of one field.
#[derive(Debug, Clone, Default)]
struct Set {
    texts: Vec<String>,
    says: Vec<Says>,
    compiled: Option<RegexSet>,
}

/// All patterns, by field.
#[derive(Debug, Clone, Default)]
pub(super) struct Patterns(BTreeMap<Field, Set>);

/// A pattern as it is compiled: the whole text must fit, in either case.
pub(super) fn anchored(pattern: &str) -> String {
    format!("^(?:{pattern})$")
}

/// Compiles patterns together. Texts are ASCII but for what a device mangled: octets are enough.
///
/// # Errors
/// What is wrong with one of them.
pub(super) fn compile(texts: &[String]) -> Result<RegexSet, regex::Error> {
    RegexSetBuilder::new(texts).unicode(false).case_insensitive(true).dot_matches_new_line(true).build()
}

impl Patterns {
    pub(super) fn add(&mut self, field: Field, pattern: &str, says: Says) {
        let set = self.0.entry(field).or_default();
        set.texts.push(anchored(pattern));
        set.says.push(says);
    }

    /// Compiles what was added. Every pattern compiled alone before; together they may only be too large.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn finish(&mut self) -> Result<(), regex::Error> {
        for set in self.0.values_mut() {
            set.compiled = Some(compile(&set.texts)?);
        }
        Ok(())
    }

    /// What the patterns of a field say of a text, as an eye reads it: letters of other alphabets hide nobody.
    pub(super) fn ask(&self, field: Field, text: &str) -> Vec<Says> {
        let Some(set) = self.0.get(&field).filter(|_| !text.is_empty()) else { return Vec::new() };
        let Some(compiled) = &set.compiled else { return Vec::new() };
        // Nearly all texts are read as they stand; what was cleaned out of the others stands in them as an escape.
        let read: Cow<'_, str> = if text.is_ascii() && !text.contains('\\') { text.into() } else { plain(text).into() };
        let fitting = compiled.matches(read.as_bytes());
        fitting.iter().filter_map(|index| set.says.get(index).copied()).collect()
    }
}
