//! The one table of keys: what is pressed, where, and what it does. Dispatch, the hints at the foot of the screen, the
//! help and the README's table are all read from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

mod table;

pub use table::{EVERYWHERE, KEYS};
use table::{LISTS, LOOKING, SCROLLING, SEARCHING, SHOWING, TYPING};

use super::decide::Days;
use super::faceplate::Over;
use super::input::Edit;
use super::list::Step;

/// Where a key is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// The exposure list.
    Exposure,
    /// The placement list.
    Placement,
    /// The review list.
    Reviews,
    /// The device list.
    Devices,
    /// The site list.
    Sites,
    /// What was not seen.
    Coverage,
    /// What happened.
    Activity,
    /// The target list.
    Targets,
    /// A detail that fills the screen.
    Detail,
    /// A site's dossier that fills the screen.
    Dossier,
    /// A switch's front.
    Faceplate,
    /// Filter words are being typed.
    Filter,
    /// A decision is being filled in.
    Form,
    /// A day is being chosen.
    Calendar,
    /// A decision is shown as it would be sent.
    Confirm,
    /// A change to try out is being typed.
    WhatIf,
    /// What a change would do is shown.
    Outlook,
    /// Something is told that can only be closed.
    Told,
    /// The daemon refused a decision.
    Denied,
    /// The keys are shown.
    Help,
    /// Something is looked up.
    Search,
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Action {
    Quit,
    Repaint,
    Help,
    /// The view whose number was pressed.
    Show,
    NextView,
    PreviousView,
    Move(Step),
    Open,
    Back,
    Filter,
    /// Take what is offered.
    Complete,
    Search,
    Sort,
    Reverse,
    Mark,
    Decide,
    /// Done with typing.
    Accept,
    NextField,
    PreviousField,
    Edit(Edit),
    Send,
    /// A calendar.
    Calendar,
    /// Over its days.
    Days(Days),
    /// The next of the review queues, or the one before.
    Queue(bool),
    /// Decide again, on what is there now.
    Again,
    /// Try a change out.
    WhatIf,
    /// All targets.
    Targets,
    /// The visits instead of the log.
    Visits,
    /// The site's devices.
    SiteDevices,
    /// The site's findings.
    SiteFindings,
    /// A switch's front.
    Faceplate,
    /// Over its ports.
    Over(Over),
    /// The next device on a port.
    NextDevice,
}

/// A key, with or without Ctrl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chord(pub KeyCode, pub bool);

/// A line of the table.
#[derive(Debug)]
pub struct Binding {
    /// As people read it.
    pub label: &'static str,
    /// The keys.
    pub chords: &'static [Chord],
    /// Where it works.
    pub contexts: &'static [Context],
    /// What it does.
    pub action: Action,
    /// The word at the foot of the screen; empty: not there.
    pub hint: &'static str,
    /// The sentence in the help and in the README.
    pub does: &'static str,
}

impl Context {
    /// Letters are text here, not commands.
    #[must_use]
    pub fn takes_text(self) -> bool {
        TYPING.contains(&self)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Exposure => "Exposure",
            Self::Placement => "Placement",
            Self::Reviews => "Reviews",
            Self::Devices => "Devices",
            Self::Sites => "Sites",
            Self::Coverage => "Coverage",
            Self::Activity => "Activity",
            Self::Targets => "Targets",
            Self::Detail => "detail",
            Self::Dossier => "dossier",
            Self::Faceplate => "faceplate",
            Self::Filter => "filter",
            Self::Form => "decision",
            Self::Calendar => "calendar",
            Self::Confirm => "confirmation",
            Self::WhatIf => "what if",
            Self::Outlook => "its answer",
            Self::Denied => "refusal",
            Self::Told => "message",
            Self::Help => "help",
            Self::Search => "search",
        }
    }
}

/// What a key does in a context.
#[must_use]
pub fn find(context: Context, event: &KeyEvent) -> Option<&'static Binding> {
    let pressed = Chord(event.code, event.modifiers.contains(KeyModifiers::CONTROL));
    KEYS.iter().find(|binding| binding.contexts.contains(&context) && binding.chords.contains(&pressed))
}

/// The lines of the table that work in a context and have something to say.
pub fn working_in(context: Context) -> impl Iterator<Item = &'static Binding> {
    KEYS.iter().filter(move |binding| binding.contexts.contains(&context) && !binding.does.is_empty())
}

/// The table as the README has it.
#[must_use]
pub fn markdown() -> String {
    let mut out = "| key | where | does |\n|---|---|---|\n".to_owned();
    for binding in KEYS.iter().filter(|binding| !binding.does.is_empty()) {
        let place = match binding.contexts {
            contexts if contexts == EVERYWHERE => "everywhere".to_owned(),
            contexts if contexts == LISTS => "lists".to_owned(),
            contexts if contexts == LOOKING => "lists, detail".to_owned(),
            contexts if contexts == SHOWING => "lists, detail, faceplate".to_owned(),
            contexts if contexts == SCROLLING => "lists, detail, what if, help".to_owned(),
            contexts if contexts == SEARCHING => "lists, detail, filter, what if, help".to_owned(),
            contexts => contexts.iter().map(|context| context.word()).collect::<Vec<_>>().join(", "),
        };
        out += &format!("| {} | {place} | {} |\n", binding.label, binding.does);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for context in EVERYWHERE {
            let mut seen: Vec<Chord> = Vec::new();
            for binding in KEYS.iter().filter(|binding| binding.contexts.contains(context)) {
                for chord in binding.chords {
                    assert!(!seen.contains(chord), "{chord:?} twice in {context:?}");
                    seen.push(*chord);
                }
            }
        }
    }

    #[test]
    fn no_letter_is_a_command_where_text_is_typed() {
        for context in EVERYWHERE.iter().filter(|context| context.takes_text()) {
            let commands = KEYS.iter().filter(|binding| binding.contexts.contains(context));
            let letters = commands
                .flat_map(|binding| binding.chords)
                .filter(|Chord(code, control)| matches!(code, KeyCode::Char(_)) && !control);
            assert_eq!(letters.count(), 0, "{context:?}");
        }
    }
}
