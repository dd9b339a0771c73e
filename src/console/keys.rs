//! The one table of keys: what is pressed, where, and what it does. Dispatch, the hints at the foot of the screen, the
//! help and the README's table are all read from it.

mod places;
mod table;

use crossterm::event::KeyCode;
use serde::Serialize;

use super::faceplate::Over;
pub use places::EVERYWHERE;
use places::TYPING;
pub(super) use places::{LISTS, LOOKING, SCROLLING, SEARCHING, SHOWING, SORTED};
pub use table::KEYS;

use super::decide::Days;
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
    /// Saved filters are shown.
    Saved,
    /// The columns of a list are shown.
    Columns,
    /// A line is asked for.
    Ask,
    /// The cells of a row are shown.
    Copy,
    /// A review is being chosen.
    Opening,
    /// A cycle is shown as it would be opened.
    Sure,
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Action {
    Quit,
    Repaint,
    /// The picture stands still, and goes on.
    Freeze,
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
    Saved,
    Keep,
    Forget,
    /// The cells of a row.
    Copy,
    CopyCell,
    CopyRow,
    CopyList,
    Export,
    Search,
    Sort,
    Reverse,
    /// The columns of the list.
    Columns,
    ToggleColumn,
    ColumnLeft,
    ColumnRight,
    /// The columns as they were at first.
    FirstColumns,
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
    /// The next of the review queues.
    NextQueue,
    PreviousQueue,
    /// Decide again, on what is there now.
    Again,
    /// Open the cycle of a review now.
    NewCycle,
    /// Try a change out.
    WhatIf,
    /// All targets.
    Targets,
    /// The devices of the exposure's row.
    PartDevices,
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

    pub(super) fn word(self) -> &'static str {
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
            Self::Saved => "saved filters",
            Self::Columns => "columns",
            Self::Ask => "a name",
            Self::Copy => "copying",
            Self::Opening => "new cycle",
            Self::Sure => "its confirmation",
        }
    }
}
