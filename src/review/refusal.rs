//! Why a decision was refused.

use jiff::civil::Date;

use super::rules::Role;
use crate::net::{CycleId, DeviceId, FindingId, SiteId};

/// Why a decision was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such finding.
    #[error("there is no finding {0}")]
    NoSuchFinding(FindingId),
    /// It changed since the reviewer looked.
    #[error(
        "finding {finding} changed since you looked (you saw revision {seen}, it is at {now}): look again, then decide"
    )]
    Stale {
        /// The finding.
        finding: FindingId,
        /// What the reviewer saw.
        seen: u64,
        /// What it is now.
        now: u64,
    },
    /// The evidence changed since the reviewer looked.
    #[error("the evidence on device {device} changed since you looked: {new}: look again, then decide")]
    NewEvidence {
        /// The device.
        device: DeviceId,
        /// What is new.
        new: String,
    },
    /// It is closed.
    #[error("finding {0} is closed: there is nothing to decide")]
    Closed(FindingId),
    /// No such device.
    #[error("there is no device {0}")]
    NoSuchDevice(DeviceId),
    /// No such site.
    #[error("there is no site '{0}'")]
    NoSuchSite(SiteId),
    /// A sensitive site has nothing to consider.
    #[error("site '{0}' is sensitive: what must be there is not to be considered")]
    Sensitive(SiteId),
    /// No such cycle.
    #[error("there is no cycle {0}")]
    NoSuchCycle(CycleId),
    /// It has ended.
    #[error("cycle {0} has ended")]
    Ended(CycleId),
    /// Something waits in it.
    #[error("cycle {cycle} cannot end: {waiting} of its findings wait for a decision, {first} first")]
    Waiting {
        /// The cycle.
        cycle: CycleId,
        /// How many.
        waiting: usize,
        /// One of them.
        first: FindingId,
    },
    /// Such a decision is not made on this.
    #[error("that is not decided on {0}")]
    NotOnThis(&'static str),
    /// Nothing is said in place of the evidence.
    #[error("say what it is: its maker, its class, or whether it is surveillance equipment")]
    NothingSaid,
    /// The catalogue does not know the maker.
    #[error(
        "the catalogue knows no maker '{0}': 'lenswarden identify' shows ids; makers of your own go into [makers] files"
    )]
    NoSuchMaker(String),
    /// Nobody said anything of it that could end.
    #[error("nothing said of device {0} is in force")]
    NotOverruled(DeviceId),
    /// Where two persons are needed a device is overruled on one of its findings.
    #[error("two persons are needed at its site: decide it on finding {0}, and have somebody else approve it")]
    DecideOnFinding(FindingId),
    /// A reason is needed.
    #[error("a reason is needed")]
    NoReason,
    /// What is done about the risk meanwhile is needed.
    #[error("an acceptance needs what is done about the risk meanwhile (a compensating control)")]
    NoControl,
    /// A text is too long.
    #[error("{what} is at most {most} characters long")]
    TooMuch {
        /// Which text.
        what: &'static str,
        /// How long it may be.
        most: usize,
    },
    /// A hash is not one.
    #[error("'{0}' is no SHA-256: 64 digits of 0-9 and a-f")]
    NoHash(String),
    /// The date is in the past.
    #[error("{0} is in the past")]
    Past(Date),
    /// It may not run that long.
    #[error("an acceptance, and an overruling, ends at most {days} days away: {latest} at the latest")]
    TooLong {
        /// How many days it may last.
        days: u16,
        /// The last day possible.
        latest: Date,
    },
    /// Nothing was proposed.
    #[error("nothing is proposed for finding {0}")]
    NothingProposed(FindingId),
    /// Whoever proposes does not approve.
    #[error("{0} proposed it: somebody else must approve it")]
    SamePerson(String),
    /// It has no removal that could be anywhere.
    #[error("finding {0} is not to be removed or replaced: decide that first")]
    NoStage(FindingId),
    /// Nothing was decided that could hold no longer.
    #[error("finding {0} waits for a decision already")]
    Undecided(FindingId),
    /// It takes another role.
    #[error("that takes the role of {}, you are {}", .takes.word(), .has.word())]
    Role {
        /// The role it takes.
        takes: Role,
        /// The one there is.
        has: Role,
    },
}
