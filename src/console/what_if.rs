//! A change tried out: what is typed, then what it would open, change and close. Nothing is changed by it.

use std::fmt;
use std::sync::Arc;

use super::input::Input;
use crate::review::Outlook;

/// Tries out what was typed: what it would do, or why that cannot be told. May take long.
type Tried = dyn Fn(&str) -> Result<Outlook, String> + Send + Sync;

/// How whoever starts the console tries a change out.
#[derive(Clone)]
pub struct Trial(Arc<Tried>);

impl Trial {
    /// Tries by this.
    #[must_use]
    pub fn new(trial: impl Fn(&str) -> Result<Outlook, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(trial))
    }

    pub(super) fn of(&self, words: &str) -> Result<Outlook, String> {
        (self.0)(words)
    }
}

impl fmt::Debug for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trial")
    }
}

/// How far it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Progress {
    /// It is being typed.
    #[default]
    Typing,
    /// It is being tried out.
    Judging,
    /// What it would do, or why that cannot be told.
    Judged(Result<Box<Outlook>, String>),
}

/// A change being tried out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WhatIf {
    /// What is typed.
    pub input: Input,
    /// How far it is.
    pub progress: Progress,
}

impl WhatIf {
    /// What was typed is tried out. The answer to an older question is none to this one: nobody waits for it any more.
    pub(super) fn judged(&mut self, words: &str, answer: Result<Outlook, String>) {
        if self.progress == Progress::Judging && self.input.text() == words {
            self.progress = Progress::Judged(answer.map(Box::new));
        }
    }
}
