//! Saved filters: the list to choose from; and a line that is asked for: a name, a file.

use super::input::Input;
use super::list::Step;
use super::model::{Message, Mode, Model};
use super::own::settings::name_of_filter;
use super::update::Effect;

/// A line that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// What for.
    pub wanted: Wanted,
    /// What is typed.
    pub input: Input,
    /// Why that cannot be taken.
    pub complaint: Option<String>,
}

/// What a line is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The name that these filter words are kept under.
    Name(String),
    /// The file that what is filtered is written into.
    File,
}

impl Model {
    /// Shows the saved filters.
    pub(super) fn show_saved(&mut self) {
        let words = &self.words.of(self.view).text;
        let at = self.filters.iter().position(|(_, saved)| saved == words).unwrap_or(0);
        self.mode = Mode::Saved(at);
    }

    pub(super) fn step_saved(&mut self, step: Step) {
        if let Mode::Saved(at) = &mut self.mode {
            *at = step.among(*at, self.filters.len());
        }
    }

    /// The view's filter is the chosen one.
    pub(super) fn recall(&mut self) {
        let Mode::Saved(at) = self.mode else { return };
        let Some((_, words)) = self.filters.get(at) else { return };
        let (view, words) = (self.view, words.clone());
        self.words.of_mut(view).set(&words, view);
        self.unsettle(view);
        self.mode = Mode::Browse;
    }

    /// Asks for the name to keep the view's filter under.
    pub(super) fn ask_for_name(&mut self) {
        let words = self.words.of(self.view).text.trim().to_owned();
        if words.is_empty() {
            let text = "this view has no filter: type one with /".to_owned();
            self.message = Some(Message { bad: true, text });
            return;
        }
        self.mode =
            Mode::Ask(Box::new(Asking { wanted: Wanted::Name(words), input: Input::default(), complaint: None }));
    }

    /// Takes what is typed.
    pub(super) fn answer(&mut self) -> Effect {
        match &self.mode {
            Mode::Ask(asking) if asking.wanted == Wanted::File => self.export(),
            _ => self.keep_filter(),
        }
    }

    /// Takes the name: the filter is kept, here at once and in the file as soon as it is written.
    fn keep_filter(&mut self) -> Effect {
        let Mode::Ask(asking) = &mut self.mode else { return Effect::None };
        let Wanted::Name(words) = &asking.wanted else { return Effect::None };
        let (name, words) = (asking.input.text().trim().to_owned(), words.clone());
        if let Err(why) = name_of_filter(&name) {
            asking.complaint = Some(why);
            return Effect::None;
        }
        match self.filters.iter_mut().find(|(known, _)| *known == name) {
            Some((_, kept)) => kept.clone_from(&words),
            None => self.filters.push((name.clone(), words.clone())),
        }
        self.mode = Mode::Browse;
        Effect::Keep(name, Some(words))
    }

    /// Forgets the chosen filter.
    pub(super) fn forget_filter(&mut self) -> Effect {
        let Mode::Saved(at) = &mut self.mode else { return Effect::None };
        if *at >= self.filters.len() {
            return Effect::None;
        }
        let (name, _) = self.filters.remove(*at);
        *at = (*at).min(self.filters.len().saturating_sub(1));
        Effect::Keep(name, None)
    }

    /// A filter was written or forgotten in the file, or not.
    pub(super) fn kept(&mut self, written: Result<String, String>) {
        let bad = written.is_err();
        let text = written.unwrap_or_else(|why| format!("this holds until you quit: {why}"));
        self.message = Some(Message { bad, text });
    }
}
