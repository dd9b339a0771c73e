//! What may be decided about what, in the words of `lenswarden review`, and what each decision needs said.

use crate::review::Matter;

/// What kind of decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    #[default]
    RemoveBy,
    IsolateBy,
    ReplaceBy,
    AcceptUntil,
    NotInScope,
    Overrule,
    Approve,
    Reject,
    Reopen,
    Stage,
    Assign,
    Tag,
    Note,
    /// What a person said of a device holds no longer.
    Restore,
    /// A site is to do as sensitive ones must.
    Adopt,
    /// It is not.
    Leave,
    /// A cycle is ended.
    Attest,
}

impl Kind {
    /// What may be decided about a finding, in the order in which it stands on the form.
    const OF_FINDING: &'static [Self] = &[
        Self::RemoveBy,
        Self::IsolateBy,
        Self::ReplaceBy,
        Self::AcceptUntil,
        Self::NotInScope,
        Self::Overrule,
        Self::Approve,
        Self::Reject,
        Self::Reopen,
        Self::Stage,
        Self::Assign,
        Self::Tag,
        Self::Note,
    ];

    /// What may be decided about a matter.
    #[must_use]
    pub fn of(matter: Option<&Matter>) -> &'static [Self] {
        match matter {
            Some(Matter::Device { .. }) => &[Self::Overrule, Self::Restore, Self::Note],
            Some(Matter::Site { .. }) => &[Self::Adopt, Self::Leave, Self::Note],
            Some(Matter::Cycle { .. }) => &[Self::Attest, Self::Note],
            Some(Matter::Finding { .. }) | None => Self::OF_FINDING,
        }
    }

    /// Its words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::RemoveBy => "remove by",
            Self::IsolateBy => "isolate by",
            Self::ReplaceBy => "replace by",
            Self::AcceptUntil => "accept until",
            Self::NotInScope => "not in scope",
            Self::Overrule => "overrule",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Reopen => "open again",
            Self::Stage => "stage",
            Self::Assign => "assign",
            Self::Tag => "tag",
            Self::Note => "note",
            Self::Restore => "withdraw",
            Self::Adopt => "adopt",
            Self::Leave => "leave",
            Self::Attest => "attest",
        }
    }

    /// What it does, in a sentence.
    #[must_use]
    pub fn does(self) -> &'static str {
        match self {
            Self::RemoveBy => "it will be removed by this day",
            Self::IsolateBy => "it will be cut off from everything else by this day",
            Self::ReplaceBy => "another device will stand in its place by this day",
            Self::AcceptUntil => "it stays until this day, for a reason and with a control",
            Self::NotInScope => "the rule does not apply to it",
            Self::Overrule => "the device is not what the evidence says, until this day",
            Self::Approve => "what somebody else proposed is decided",
            Self::Reject => "what was proposed is not decided",
            Self::Reopen => "what was decided holds no longer",
            Self::Stage => "how far its removal or replacement is, as people say",
            Self::Assign => "somebody is to see to it; empty: nobody in particular",
            Self::Tag => "words to sort by; one that begins with '-' is taken off",
            Self::Note => "something to remember",
            Self::Restore => "what was said of it holds no longer: the evidence counts again",
            Self::Adopt => "the site is to do as sensitive sites must",
            Self::Leave => "the site is not to do as sensitive sites must",
            Self::Attest => "the cycle ends: what was reviewed was reviewed",
        }
    }

    /// Its last day is limited by the rules.
    #[must_use]
    pub fn is_bounded(self) -> bool {
        matches!(self, Self::AcceptUntil | Self::Overrule)
    }

    /// What must, or may, be said with it.
    #[must_use]
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::RemoveBy | Self::IsolateBy | Self::ReplaceBy => &[Field::Kind, Field::Date],
            Self::AcceptUntil => &[Field::Kind, Field::Date, Field::Control, Field::Reason],
            Self::Overrule => &[Field::Kind, Field::Date, Field::Claim, Field::Reason],
            Self::Approve => &[Field::Kind],
            Self::Stage => &[Field::Kind, Field::Stage],
            Self::Assign => &[Field::Kind, Field::Who, Field::Date],
            Self::Tag => &[Field::Kind, Field::Tags],
            Self::Note => &[Field::Kind, Field::Attachment, Field::Reason],
            Self::NotInScope
            | Self::Reject
            | Self::Reopen
            | Self::Restore
            | Self::Adopt
            | Self::Leave
            | Self::Attest => &[Field::Kind, Field::Reason],
        }
    }
}

/// A field of the form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Field {
    #[default]
    Kind,
    Date,
    Claim,
    Control,
    Stage,
    Who,
    Tags,
    /// A file's path, or a URL and the SHA-256 of its content.
    Attachment,
    Reason,
}

impl Field {
    /// What stands before it.
    #[must_use]
    pub fn label(self, kind: Kind) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Date if kind == Kind::Assign => "wanted by",
            Self::Date => "day",
            Self::Claim => "it is",
            Self::Control => "meanwhile",
            Self::Stage => "stage",
            Self::Who => "who",
            Self::Tags => "tags",
            Self::Attachment => "about",
            Self::Reason if kind == Kind::Note => "note",
            Self::Reason if kind == Kind::Attest => "statement",
            Self::Reason => "reason",
        }
    }
}
