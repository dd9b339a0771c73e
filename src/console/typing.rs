//! Filter words being typed: what they were, and what the word before the cursor may become.

use std::rc::Rc;

use super::input::{Edit, Input};
use super::list::Step;
use super::model::{Mode, Model, View};
use crate::net::{NetworkId, SiteId};
use crate::snapshot::{Completion, Known};

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
}

impl Typing {
    pub(super) fn new(text: &str, known: Known) -> Self {
        let (input, before, known) = (Input::new(text), text.to_owned(), Rc::new(known));
        let mut typing = Self { input, before, known, ..Self::default() };
        typing.offer();
        typing
    }

    fn offer(&mut self) {
        // Where the words are of no fields, nothing is known.
        if *self.known != Known::default() {
            self.completion = Completion::new(self.input.before(), self.input.after(), &self.known);
        }
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
    /// Its filter words may name a device's or a finding's fields.
    pub(super) fn has_fields(self) -> bool {
        !matches!(self, Self::Coverage | Self::Activity | Self::Targets)
    }
}

impl Model {
    /// What filter words of this view may hold, as far as it stands in the data.
    pub(super) fn known(&self) -> Known {
        let mut known = Known::default();
        if !self.view.has_fields() {
            return known;
        }
        let snapshot = &self.snapshot;
        known.add("site", snapshot.sites.keys().map(SiteId::as_str));
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
        Mode::Browse
        | Mode::Detail
        | Mode::Saved(_)
        | Mode::Faceplate(_)
        | Mode::Pinned { .. }
        | Mode::Copy(_)
        | Mode::Help { .. } => {}
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
        Mode::Browse
        | Mode::Detail
        | Mode::Saved(_)
        | Mode::Faceplate(_)
        | Mode::Pinned { .. }
        | Mode::Copy(_)
        | Mode::Help { .. } => {}
    }
}
