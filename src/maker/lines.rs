//! Catalogue files read into lines, with everything that is wrong with them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::file::{BrandLine, ClassLine, File, MakerLine, MarkLine};
use super::patterns::{anchored, compile};
use super::registry::prefix;
use crate::config::Problem;

/// Reads files into lines, and collects what is wrong with them.
struct Reader<'a> {
    origin: &'a str,
    text: &'a str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, at: &Range<usize>, what: &str, message: impl Into<String>, hint: impl Into<String>) {
        let before = self.text.get(..at.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let place = format!("{}:{line} {what}", self.origin);
        self.problems.push(Problem { place, message: message.into(), hint: hint.into() });
    }

    fn source(&mut self, at: &Range<usize>, what: &str, source: &str) {
        if source.trim().is_empty() {
            self.problem(at, what, "has no source", "source = \"…\": where its facts are from");
        }
    }

    /// A pattern compiles alone, fits what it says it does, and does not fit what it says it does not.
    fn pattern(&mut self, at: &Range<usize>, what: &str, pattern: &str, matches: &[String], misses: &[String]) -> bool {
        let compiled = match compile(&[anchored(pattern)]) {
            Ok(compiled) => compiled,
            Err(error) => {
                let message = format!("'{pattern}' is no regular expression: {error}");
                self.problem(at, what, message, "it must fit the whole text; in TOML's single quotes a \\ stays one");
                return false;
            }
        };
        if compiled.is_match(b"") {
            self.problem(at, what, format!("'{pattern}' fits an empty text"), "say what must be there");
            return false;
        }
        for row in matches.iter().filter(|row| !compiled.is_match(row.as_bytes())) {
            self.problem(at, what, format!("'{pattern}' does not match '{row}'"), "it must fit the whole text");
        }
        for row in misses.iter().filter(|row| compiled.is_match(row.as_bytes())) {
            self.problem(at, what, format!("'{pattern}' matches '{row}', which it is to miss"), "");
        }
        true
    }

    fn marks(&mut self, at: &Range<usize>, what: &str, marks: &[MarkLine]) -> bool {
        let mut good = true;
        for mark in marks {
            good &= self.pattern(at, what, &mark.is, &mark.matches, &mark.misses);
            if mark.source.as_ref().is_some_and(|source| source.trim().is_empty()) {
                self.problem(at, what, format!("'{}' has an empty source", mark.is), "leave it out: the line's counts");
            }
        }
        good
    }
}

/// Lines of all files by what they are called: a later one takes an earlier one's place.
#[derive(Default)]
pub(super) struct Named {
    pub(super) makers: BTreeMap<String, MakerLine>,
    pub(super) brands: BTreeMap<String, BrandLine>,
    pub(super) classes: Vec<ClassLine>,
}

/// Reads a file's lines into those before it, and tells what is wrong with it.
pub(super) fn read(origin: &str, text: &str, named: &mut Named) -> Vec<Problem> {
    let mut reader = Reader { origin, text, problems: Vec::new() };
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let at = error.span().unwrap_or(0..0);
            reader.problem(&at, "catalogue", error.message(), "config/makers.toml explains every key at its head");
            return reader.problems;
        }
    };
    let mut here = Vec::new();
    for line in file.maker {
        let at = line.span();
        let line = line.into_inner();
        let what = format!("maker '{}'", line.id);
        reader.source(&at, &what, &line.source);
        for digits in line.prefixes.iter().chain(&line.prefix_hints).filter(|digits| prefix(digits).is_none()) {
            reader.problem(&at, &what, format!("'{digits}' is no block"), "6, 7 or 9 hexadecimal digits");
        }
        if here.contains(&what) {
            reader.problem(&at, &what, "stands twice in this file", "one line a maker");
        }
        if reader.marks(&at, &what, &line.marks) {
            named.makers.insert(line.id.clone(), line);
        }
        here.push(what);
    }
    for line in file.brand {
        let at = line.span();
        let line = line.into_inner();
        let what = format!("brand '{}'", line.name);
        reader.source(&at, &what, &line.source);
        if here.contains(&what) {
            reader.problem(&at, &what, "stands twice in this file", "one line a brand");
        }
        if reader.marks(&at, &what, &line.marks) {
            named.brands.insert(line.name.clone(), line);
        }
        here.push(what);
    }
    for line in file.class {
        let at = line.span();
        let line = line.into_inner();
        reader.source(&at, "class", &line.source);
        if reader.pattern(&at, "class", &line.is, &line.matches, &line.misses) {
            named.classes.push(line);
        }
    }
    reader.problems
}
