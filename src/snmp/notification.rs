//! Traps and informs (RFC 3416 §4.2.6, §4.2.7): is a datagram an authentic notification under one credential, and which.
//!
//! Octets and cryptography are the protocol crate's. Its own receiver is not used: it binds its socket itself, so that
//! none can be handed over by systemd; it has one table of users for all senders, where here each switch has a
//! credential of its own; and it answers strangers.

mod user;

use std::time::Instant;

use async_snmp::message::{CommunityMessage, CommunityPdu};
use async_snmp::pdu::{Pdu, PduType, ResponsePdu};
use async_snmp::v3::SaltCounter;
use async_snmp::{Community, DecodeConfig, DesSaltState, Value as Wire, Version};
use bytes::Bytes;

use super::{Oid, Security, SnmpError, session};
pub use user::Senders;

/// snmpTrapOID.0
const TRAP_OID: [u32; 11] = [1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0];

/// What a datagram is under a credential.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A notification whose sender holds the credential.
    Authentic {
        /// Which (snmpTrapOID, or what RFC 3584 §3.1 makes of an SNMPv1 trap).
        trap: Oid,
        /// What an inform waits for.
        reply: Option<Vec<u8>>,
    },
    /// None yet: the sender of an SNMPv3 inform is told this engine's id, boots and time first (RFC 3414 §4).
    Report(Vec<u8>),
    /// Anything else.
    Refused,
}

/// This program as the engine that informs are sent to, and its clock.
pub struct Receiver {
    id: Bytes,
    boots: u32,
    started: Instant,
    salt: SaltCounter,
    des: DesSaltState,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver").field("boots", &self.boots).finish_non_exhaustive()
    }
}

impl Receiver {
    /// An engine of this id (RFC 3411 SnmpEngineID) at this start. `boots` grows with every start: what was
    /// authentic before is not so again.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new(id: &[u8], boots: u32) -> Result<Self, SnmpError> {
        let salt = SaltCounter::new().map_err(|error| SnmpError::Other(error.to_string()))?;
        Ok(Self { id: Bytes::copy_from_slice(id), boots, started: Instant::now(), salt, des: session::salt()? })
    }

    /// Reads a datagram of a sender that may hold only this credential. A community is compared whatever the version
    /// says; a user's message must have the security level of the credential. `senders` are the engines that this
    /// sender was heard as.
    pub fn read(&self, datagram: &[u8], security: &Security, senders: &mut Senders, now: Instant) -> Outcome {
        let datagram = Bytes::copy_from_slice(datagram);
        match security.community() {
            Some(community) => read_community(datagram, community),
            None => self.read_user(&datagram, security, senders, now),
        }
        .unwrap_or(Outcome::Refused)
    }
}

fn read_community(datagram: Bytes, community: &str) -> Option<Outcome> {
    let message = CommunityMessage::decode(datagram, DecodeConfig::DEFAULT).ok()?.value;
    if !Community::new(community.as_bytes().to_vec()).matches(message.community().as_bytes()) {
        return None;
    }
    match message.into_parts() {
        (_, _, CommunityPdu::TrapV1(trap)) => {
            Some(Outcome::Authentic { trap: Oid::new(trap.v2_trap_oid().ok()?.arcs()), reply: None })
        }
        (Version::V2c, community, CommunityPdu::Standard(pdu)) => {
            let trap = trap_of(&pdu)?;
            let reply = match response(pdu, Version::V2c) {
                Some(response) => Some(CommunityMessage::v2c(community, response).ok()?.encode().ok()?.to_vec()),
                None => None,
            };
            Some(Outcome::Authentic { trap, reply })
        }
        _ => None,
    }
}

/// Which notification a PDU is; `None`: it is none.
fn trap_of(pdu: &Pdu) -> Option<Oid> {
    if !matches!(pdu.pdu_type(), PduType::TrapV2 | PduType::InformRequest) {
        return None;
    }
    pdu.varbinds().iter().find_map(|varbind| match &varbind.value {
        Wire::ObjectIdentifier(oid) if varbind.oid.arcs() == TRAP_OID => Some(Oid::new(oid.arcs())),
        _ => None,
    })
}

/// What answers an inform: the same again as a Response (RFC 3416 §4.2.7).
fn response(pdu: Pdu, version: Version) -> Option<Pdu> {
    let inform = pdu.pdu_type() == PduType::InformRequest;
    let (request_id, _, varbinds) = pdu.into_raw_parts();
    inform.then(|| ResponsePdu::success(version, request_id, varbinds).ok().map(Into::into)).flatten()
}

#[cfg(test)]
mod tests;
