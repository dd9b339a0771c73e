//! Where keys are pressed.

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

impl Context {
    /// Letters are text here, not commands.
    #[must_use]
    pub fn takes_text(self) -> bool {
        super::TYPING.contains(&self)
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
        }
    }
}
