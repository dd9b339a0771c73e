//! Filter words being typed: what they were, and what the word before the cursor may become.

use std::rc::Rc;

use super::input::{Edit, Input};
use super::list::Step;
use super::model::{Mode, Model, View};
use super::tell;
use crate::net::{NetworkId, SiteId};
use crate::snapshot::{Completion, Filter, FilterError, Kinds, Known, Plain, UnseenKind};

/// Filter words being typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typing {
    /// What is typed.
    pub input: Input,
    /// What it was before.
    pub before: String,
    /// What the word before the cursor may become.
    pub completion: Completion,
    /// Which of that is chosen.
    pub at: usize,
    known: Rc<Known>,
    /// The words that `kind:` takes, where rows are no devices.
    kinds: Option<&'static Kinds>,
}

impl Typing {
    pub(super) fn new(text: &str, known: Known, kinds: Option<&'static Kinds>) -> Self {
        let (input, before, known) = (Input::new(text), text.to_owned(), Rc::new(known));
        let mut typing = Self { input, before, known, kinds, ..Self::default() };
        typing.offer();
        typing
    }

    fn offer(&mut self) {
        let (before, after) = (self.input.before(), self.input.after());
        self.completion = match self.kinds {
            Some(kinds) => Completion::plain(before, after, kinds, &self.known),
            // Where the words are of no fields, nothing is known.
            None if *self.known == Known::default() => Completion::default(),
            None => Completion::new(before, after, &self.known),
        };
        self.at = 0;
    }

    pub(super) fn insert(&mut self, text: &str) {
        self.input.insert(text);
        self.offer();
    }

    /// Edits; the cursor that goes right at the end takes what is offered.
    pub(super) fn edit(&mut self, edit: Edit) {
        if edit == Edit::Right && self.input.after().is_empty() {
            return self.complete();
        }
        self.input.edit(edit);
        self.offer();
    }

    /// Takes what is offered; a whole word gets a blank after it.
    pub(super) fn complete(&mut self) {
        let Some(candidate) = self.completion.candidates.get(self.at) else { return };
        let blank = if candidate.word.ends_with(':') { "" } else { " " };
        let word = format!("{}{blank}", candidate.word);
        self.input.replace(self.completion.at, &word);
        self.offer();
    }

    pub(super) fn step(&mut self, step: Step) {
        let last = self.completion.candidates.len().saturating_sub(1);
        self.at = match step {
            Step::Up => self.at.saturating_sub(1),
            _ => (self.at + 1).min(last),
        };
    }
}

impl View {
    /// The words that `kind:` takes in its filter, where its rows are no devices.
    pub(super) fn kinds(self) -> Option<&'static Kinds> {
        match self {
            Self::Coverage => Some(&UnseenKind::WORDS),
            Self::Activity => Some(tell::KINDS),
            _ => None,
        }
    }

    /// What filter words let through in it, in words.
    pub(super) fn means(self, words: &str) -> Result<String, FilterError> {
        match (self, self.kinds()) {
            (Self::Targets, _) => Ok("rows that hold every one of these words".to_owned()),
            (_, Some(kinds)) => Plain::parse(words, kinds).map(|plain| plain.in_words()),
            (_, None) => Filter::parse(words).map(|filter| filter.in_words()),
        }
    }
}

impl Model {
    /// What filter words of this view may hold, as far as it stands in the data.
    pub(super) fn known(&self) -> Known {
        let mut known = Known::default();
        if self.view == View::Targets {
            return known;
        }
        let snapshot = &self.snapshot;
        known.add("site", snapshot.sites.keys().map(SiteId::as_str));
        if self.view.kinds().is_some() {
            return known;
        }
        known.add("network", ["core", "surveillance", "other", "unclassified"]);
        known.add("network", snapshot.networks.keys().map(NetworkId::as_str));
        known
            .add("switch", snapshot.targets.values().filter(|target| target.switch).map(|target| target.name.as_str()));
        known.add("policy", snapshot.policies.iter().map(String::as_str));
        for finding in snapshot.findings.values() {
            known.add("rule", [finding.rule.as_str()]);
            known.add("assignee", finding.handling.assignee.as_deref());
            known.add("tag", finding.handling.tags.iter().map(String::as_str));
        }
        let devices = self.devices.read();
        known.add("maker", devices.makers());
        known.add("brand", devices.brands());
        known
    }
}

/// What is typed in the filter is the view's filter at once, as far as it can be read.
pub(super) fn take_filter(model: &mut Model, text: &str) {
    let view = model.view;
    model.words.of_mut(view).set(text, view);
    model.unsettle(view);
}

pub(super) fn take_typed(model: &mut Model) {
    if let Mode::Filter(typing) = &model.mode {
        let text = typing.input.text().to_owned();
        take_filter(model, &text);
    }
}

pub(super) fn insert(model: &mut Model, text: &str) {
    match &mut model.mode {
        Mode::Filter(typing) => {
            typing.insert(text);
            take_typed(model);
        }
        Mode::Decide(form) => form.insert(text),
        Mode::WhatIf(what_if) => what_if.input.insert(text),
        Mode::Search(search) => search.input.insert(text),
        Mode::Ask(asking) => asking.input.insert(text),
        _ => {}
    }
}

pub(super) fn edit(model: &mut Model, edit: Edit) {
    match &mut model.mode {
        Mode::Filter(typing) => {
            typing.edit(edit);
            take_typed(model);
        }
        Mode::Decide(form) => form.edit(edit),
        Mode::WhatIf(what_if) => what_if.input.edit(edit),
        Mode::Search(search) => search.input.edit(edit),
        Mode::Ask(asking) => asking.input.edit(edit),
        _ => {}
    }
}
