//! The control socket's words: line-framed JSON over a Unix socket, one request and one reply a line.
//!
//! The author of a decision is never in a request: the daemon takes it from the socket's peer (SO_PEERCRED).

pub mod client;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::net::{Author, CredentialId, CycleId, FindingId, PackId, Timestamp};
use crate::review::{DecisionRequest, Role, TwoPersons};

/// Version of the words; the first line each side sends names it.
pub const VERSION: u32 = 2;
/// Longest line either side accepts, in octets.
pub const MAX_LINE: usize = 64 * 1024;

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ask", deny_unknown_fields)]
pub enum Request {
    /// First line of a connection.
    Hello {
        /// [`VERSION`] of the client.
        version: u32,
    },
    /// How the daemon is.
    Status,
    /// By what rules is decided, and who the client is to them.
    Rules,
    /// Decide one or several findings: all or none.
    Decide {
        /// The decisions.
        decisions: Vec<DecisionRequest>,
    },
    /// Which reviews are configured.
    Reviews,
    /// Open the cycle of a `[[review]]` now.
    Run {
        /// Its name.
        review: String,
    },
    /// Allow a credential again that cameras refused: one more attempt each.
    Retry {
        /// The credential.
        credential: CredentialId,
        /// Only at this camera.
        address: Option<IpAddr>,
    },
    /// Visit one target, or all, now.
    Poll {
        /// Only this one.
        target: Option<String>,
    },
}

/// A `[[review]]` of the configuration in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// Its name.
    pub name: String,
    /// What it is about, in filter words; empty: every open finding.
    pub select: String,
    /// Who answers for it.
    pub owner: String,
    /// How long its items may wait, in seconds.
    pub due_s: u64,
}

/// What the daemon answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "answer", deny_unknown_fields)]
pub enum Reply {
    /// To `hello`.
    Hello {
        /// [`VERSION`] of the daemon.
        version: u32,
        /// Who the kernel says you are.
        you: String,
        /// What you may do.
        role: Role,
    },
    /// To `rules`: what a client can tell a reviewer before anything is sent. Which sites are sensitive stands in the
    /// database.
    Rules {
        /// Who the kernel says you are.
        you: Author,
        /// Where two persons are needed to let something stay.
        two_persons: TwoPersons,
        /// Longest acceptance and overruling, in days.
        longest: u16,
        /// Packs that ask for a shorter one.
        packs: BTreeMap<PackId, u16>,
        /// Groups that may decide.
        reviewers: Vec<String>,
        /// Groups that may approve.
        approvers: Vec<String>,
    },
    /// To `status`.
    Status {
        /// Last committed change.
        seq: u64,
        /// When the daemon started.
        started: Timestamp,
        /// Visits under way.
        visiting: usize,
    },
    /// Decided, committed, in the change log.
    Decided {
        /// The findings.
        findings: Vec<FindingId>,
        /// The change log's last row.
        seq: u64,
    },
    /// To `reviews`.
    Reviews {
        /// In the order of the configuration.
        reviews: Vec<Planned>,
    },
    /// To `run`.
    Opened {
        /// The cycle.
        cycle: CycleId,
        /// How many items it has.
        items: usize,
    },
    /// Done; how many things it touched.
    Done {
        /// How many.
        count: usize,
    },
    /// Refused: nothing was changed.
    Refused {
        /// Why, and what to do.
        why: String,
    },
}
