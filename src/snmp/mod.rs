//! SNMP: the crate's session behind one small trait, table walks that know whether they saw the end, MIB tables as
//! typed rows.

pub mod addresses;
pub mod alcatel;
mod ask;
mod ber;
pub mod bridge;
pub mod cdp;
pub mod cisco_poe;
mod community;
pub mod entity;
pub mod entity_logical;
pub mod huawei;
mod index;
pub mod interfaces;
pub mod junos;
pub mod lag;
pub mod lldp;
pub mod notification;
mod packed;
pub mod poe;
pub mod qbridge;
mod report;
mod security;
mod session;
mod socket;
pub mod system;
pub mod vlan_membership;
pub mod vrf;
pub mod vtp;
mod walk;

use std::future::Future;
use std::ops::ControlFlow;

pub use ask::{Ask, Due, Group, Memory};
pub use index::Index;
pub use security::{Security, SecurityAuth, SecurityPriv};
pub use session::{Agent, Manner, Sockets};
pub use walk::{Limits, Pace, WalkEnd, Walked, walk};

/// A part of a device that has tables of its own under the same OIDs. Without SNMPv3's contexts its name stands behind
/// the community: `community@NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Context {
    /// The bridge of a VLAN, as Cisco's IOS has it: context `vlan-VLAN`, community `community@VLAN`.
    Vlan(crate::net::VlanId),
    /// A context by its name.
    Named(String),
}

/// An object identifier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(pub Vec<u32>);

impl Oid {
    /// From its arcs.
    #[must_use]
    pub fn new(arcs: &[u32]) -> Self {
        Self(arcs.to_vec())
    }

    /// What follows `root`, if this lies under it.
    #[must_use]
    pub fn under<'a>(&'a self, root: &Self) -> Option<&'a [u32]> {
        self.0.strip_prefix(root.0.as_slice())
    }

    /// This with more arcs behind it.
    #[must_use]
    pub fn join(&self, arcs: &[u32]) -> Self {
        Self([self.0.as_slice(), arcs].concat())
    }
}

impl std::fmt::Display for Oid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, arc) in self.0.iter().enumerate() {
            write!(f, "{}{arc}", if index == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

/// A value, as far as the tables read here need to tell them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// INTEGER
    Integer(i64),
    /// Counter, Gauge, TimeTicks, Unsigned.
    Unsigned(u64),
    /// OCTET STRING, Opaque.
    Octets(Vec<u8>),
    /// OBJECT IDENTIFIER, apart so that a value stays small.
    Oid(Box<Oid>),
    /// IpAddress
    Ip([u8; 4]),
    /// noSuchObject, noSuchInstance, NULL.
    Missing,
    /// endOfMibView
    End,
}

impl Value {
    /// As a number that is not negative.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Integer(number) => u64::try_from(*number).ok(),
            Self::Unsigned(number) => Some(*number),
            _ => None,
        }
    }

    /// As a number of 32 bits.
    #[must_use]
    pub fn index(&self) -> Option<u32> {
        self.number().and_then(|number| u32::try_from(number).ok())
    }

    /// As octets.
    #[must_use]
    pub fn octets(&self) -> Option<&[u8]> {
        match self {
            Self::Octets(octets) => Some(octets),
            _ => None,
        }
    }

    /// As text, cleaned.
    #[must_use]
    pub fn text(&self) -> crate::net::DeviceText {
        crate::net::DeviceText::from_octets(self.octets().unwrap_or_default())
    }
}

/// Why a request brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnmpError {
    /// No answer in time, retries included.
    #[error("no answer")]
    Timeout,
    /// The reply would not fit (tooBig).
    #[error("the reply does not fit into a datagram (tooBig)")]
    TooBig,
    /// noSuchName: the object of this number (from 1) is not there, as SNMPv1 says it.
    #[error("the agent answers noSuchName")]
    NoSuchName(u32),
    /// The agent answered with another error status.
    #[error("the agent answers {0}")]
    Status(String),
    /// The agent refuses the credential, or answers it with a report.
    #[error("{0}")]
    Refused(String),
    /// The agent has no such context (snmpUnknownContexts).
    #[error("it reports that it has no such context (snmpUnknownContexts)")]
    UnknownContext,
    /// Anything else: a reply that cannot be read, a socket that fails.
    #[error("{0}")]
    Other(String),
}

/// One agent, asked.
pub trait Session: Sync {
    /// GET, sent again while nothing comes back. The reply has one value for each OID, in order; a missing one is
    /// [`Value::Missing`].
    fn get(&self, oids: &[Oid]) -> impl Future<Output = Result<Vec<Value>, SnmpError>> + Send;
    /// GETBULK of one column, or GETNEXT where `repetitions` is 0, sent once: a walk asks for less when nothing comes.
    /// Each binding of a reply that was read to its end is shown to `each`, in order, until it has seen enough.
    fn get_bulk(
        &self,
        after: &[u32],
        repetitions: u32,
        each: &mut (impl FnMut(&[u32], Value) -> ControlFlow<()> + Send),
    ) -> impl Future<Output = Result<(), SnmpError>> + Send;
    /// How often an unanswered request may be sent again.
    fn retries(&self) -> u32;
    /// What the silence of this agent is: [`SnmpError::Timeout`], or a report that came in place of an answer.
    fn silence(&self) -> SnmpError {
        SnmpError::Timeout
    }
}
