//! What people decide, and about what.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::finding::FindingState;
use super::rules::Role;
use crate::maker::Claim;
use crate::net::{Author, CycleId, DeviceId, FindingId, SiteId, Timestamp};

/// How far a replacement is, as people say. That it is really gone is not theirs to say: that is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Stage {
    Planned,
    Ordered,
    Removed,
}

/// Something that is kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// A path or a URL.
    pub reference: String,
    /// SHA-256 of its content, lower-case hex: whether it is still the same.
    pub sha256: String,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum DecisionKind {
    /// It will be removed by this date.
    RemoveBy {
        /// Last day.
        by: Date,
    },
    /// It will be cut off from everything but a network for surveillance equipment by this date.
    IsolateBy {
        /// Last day.
        by: Date,
    },
    /// Another device will stand in its place by this date.
    ReplaceBy {
        /// Last day.
        by: Date,
    },
    /// How far the replacement or removal is.
    Stage {
        /// So far.
        stage: Stage,
    },
    /// It stays until this date, for a reason.
    Accept {
        /// Last day.
        until: Date,
        /// Why.
        reason: String,
        /// What is done about the risk meanwhile.
        #[serde(default)]
        control: String,
    },
    /// The rule does not apply to it.
    NotInScope {
        /// Why: the evidence.
        reason: String,
    },
    /// Its device is not what the evidence says: until a day, or until new evidence speaks against this.
    Overrule {
        /// What it is.
        claim: Claim,
        /// Last day.
        until: Date,
        /// Why.
        reason: String,
    },
    /// What a person said of the device holds no longer: the evidence counts again.
    Restore {
        /// Why.
        reason: String,
    },
    /// What another person proposed is decided. (With braces: a field that a forger adds is refused then.)
    Approve {},
    /// What was proposed is not decided.
    Reject {
        /// Why.
        reason: String,
    },
    /// What was decided holds no longer: it waits for a decision again.
    Reopen {
        /// Why.
        reason: String,
    },
    /// Somebody is to see to it.
    Assign {
        /// Who; `None`: nobody in particular.
        to: Option<String>,
        /// By when a decision is wanted.
        due: Option<Date>,
    },
    /// Words people sort by.
    Tag {
        /// These are put on it.
        #[serde(default)]
        add: BTreeSet<String>,
        /// These are taken off.
        #[serde(default)]
        remove: BTreeSet<String>,
    },
    /// Something to remember.
    Note {
        /// It.
        text: String,
        /// What it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attachment: Option<Attachment>,
    },
    /// Whether a site that is not sensitive should do as sensitive ones must was considered.
    Consider {
        /// It should.
        adopt: bool,
        /// Why.
        reason: String,
    },
    /// A cycle is ended: what was reviewed was reviewed.
    Attest {
        /// In words.
        statement: String,
    },
}

impl DecisionKind {
    /// It in a few words, without the reason.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::RemoveBy { by } => format!("remove by {by}"),
            Self::IsolateBy { by } => format!("isolate by {by}"),
            Self::ReplaceBy { by } => format!("replace by {by}"),
            Self::Stage { stage: Stage::Planned } => "replacement planned".to_owned(),
            Self::Stage { stage: Stage::Ordered } => "replacement ordered".to_owned(),
            Self::Stage { stage: Stage::Removed } => "said to be removed".to_owned(),
            Self::Accept { until, .. } => format!("accept until {until}"),
            Self::NotInScope { .. } => "not in scope".to_owned(),
            Self::Overrule { claim, until, .. } => format!("attribution overruled until {until} ({claim})"),
            Self::Restore { .. } => "attribution no longer overruled".to_owned(),
            Self::Approve {} => "approved".to_owned(),
            Self::Reject { .. } => "rejected".to_owned(),
            Self::Reopen { .. } => "opened again".to_owned(),
            Self::Assign { to, due } => {
                let to = to.as_ref().map_or_else(|| "assigned to nobody".to_owned(), |to| format!("assigned to {to}"));
                due.map_or_else(|| to.clone(), |due| format!("{to}, wanted by {due}"))
            }
            Self::Tag { add, remove } => {
                let signed = |sign: char, words: &BTreeSet<String>| -> Vec<String> {
                    words.iter().map(|word| format!("{sign}{word}")).collect()
                };
                format!("tags {}", [signed('+', add), signed('-', remove)].concat().join(" "))
            }
            Self::Note { attachment: None, .. } => "note".to_owned(),
            Self::Note { attachment: Some(kept), .. } => {
                format!("note on {} (sha256 {})", kept.reference, kept.sha256)
            }
            Self::Consider { adopt: true, .. } => "considered: to do as sensitive sites must".to_owned(),
            Self::Consider { adopt: false, .. } => "considered: not to do as sensitive sites must".to_owned(),
            Self::Attest { .. } => "attested".to_owned(),
        }
    }

    /// It says that the device is to go.
    #[must_use]
    pub fn removes(&self) -> bool {
        matches!(self, Self::RemoveBy { .. } | Self::ReplaceBy { .. } | Self::Stage { .. })
    }

    /// The last day it holds, where it has one.
    #[must_use]
    pub fn until(&self) -> Option<Date> {
        match self {
            Self::RemoveBy { by } | Self::IsolateBy { by } | Self::ReplaceBy { by } => Some(*by),
            Self::Accept { until, .. } | Self::Overrule { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// Where it leaves its finding; `None`: where it was.
    #[must_use]
    pub fn state(&self) -> Option<FindingState> {
        match self {
            Self::RemoveBy { .. } => Some(FindingState::RemoveBy),
            Self::IsolateBy { .. } => Some(FindingState::IsolateBy),
            Self::ReplaceBy { .. } => Some(FindingState::ReplaceBy),
            Self::Accept { .. } => Some(FindingState::Accepted),
            Self::NotInScope { .. } => Some(FindingState::NotInScope),
            // What is said of the device closes and opens findings, this one and others; the rest moves none.
            _ => None,
        }
    }

    /// The words that go with it, where it needs some.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Accept { reason, .. }
            | Self::NotInScope { reason }
            | Self::Overrule { reason, .. }
            | Self::Restore { reason }
            | Self::Reject { reason }
            | Self::Reopen { reason }
            | Self::Consider { reason, .. } => Some(reason),
            Self::Note { text, .. } => Some(text),
            Self::Attest { statement } => Some(statement),
            _ => None,
        }
    }

    /// Whether it lets a device stay as it is: where two persons are needed, such a decision needs them.
    #[must_use]
    pub fn lets_it_stay(&self) -> bool {
        matches!(self, Self::Accept { .. } | Self::NotInScope { .. } | Self::Overrule { .. })
    }

    /// Who may decide so.
    #[must_use]
    pub fn takes(&self) -> Role {
        if matches!(self, Self::Approve {}) { Role::Approver } else { Role::Reviewer }
    }
}

impl std::fmt::Display for DecisionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words())?;
        if let Some(reason) = self.reason() {
            write!(f, ": {reason}")?;
        }
        match self {
            Self::Accept { control, .. } if !control.is_empty() => write!(f, "; meanwhile: {control}"),
            _ => Ok(()),
        }
    }
}

/// What a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Matter {
    /// A finding.
    Finding {
        /// Which.
        finding: FindingId,
        /// Its revision when the reviewer looked.
        revision: u64,
    },
    /// A device, whatever rules it breaks.
    Device {
        /// Which.
        device: DeviceId,
        /// The evidence the reviewer saw, by source and text. Not stored.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        seen: BTreeSet<(String, String)>,
    },
    /// A site.
    Site {
        /// Which.
        site: SiteId,
    },
    /// A cycle.
    Cycle {
        /// Which.
        cycle: CycleId,
    },
}

impl Matter {
    /// The finding, where it is one.
    #[must_use]
    pub fn finding(&self) -> Option<FindingId> {
        match self {
            Self::Finding { finding, .. } => Some(*finding),
            _ => None,
        }
    }
}

impl std::fmt::Display for Matter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Finding { finding, .. } => write!(f, "finding {finding}"),
            Self::Device { device, .. } => write!(f, "device {device}"),
            Self::Site { site } => write!(f, "site {site}"),
            Self::Cycle { cycle } => write!(f, "cycle {cycle}"),
        }
    }
}

/// A decision that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What it is about.
    #[serde(flatten)]
    pub matter: Matter,
    /// What was decided.
    pub kind: DecisionKind,
    /// Who decided; where a second person approved it, who proposed it.
    pub author: Author,
    /// When.
    pub at: Timestamp,
    /// The second person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<Author>,
}

/// A request to decide, as a reviewer makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionRequest {
    /// What it is about, as the reviewer saw it.
    pub on: Matter,
    /// What is decided.
    pub decision: DecisionKind,
}
