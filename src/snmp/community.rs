//! Messages of SNMPv1 and SNMPv2c (RFC 1157, RFC 1901, RFC 3416), which carry a community and are not sealed. Most of
//! what a large estate answers comes in these, so their rows are read straight off the datagram.
//!
//! What agents are forgiven is what net-snmp's library forgives them: octets after the message, numbers of more than
//! 32 bits (their low half counts), an empty Counter64, an octet string that is said to be longer than its binding.

use async_snmp::ErrorStatus;

use super::ber::{self, INTEGER, OBJECT, OCTETS, SEQUENCE, content, element, integer};
use super::{Oid, SnmpError, Value};

/// Most octets kept of one value: a PortList of 4,096 ports takes 512, a bitmap of 1,024 VLANs 128.
pub(super) const LONGEST_OCTETS: usize = 2048;
/// Most arcs of an OID (RFC 2578 §3.5).
const MOST_ARCS: usize = 128;

const GET: u8 = 0xa0;
const GET_NEXT: u8 = 0xa1;
const RESPONSE: u8 = 0xa2;
const GET_BULK: u8 = 0xa5;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// GET
    Get,
    /// GETNEXT
    Next,
    /// GETBULK of so many repetitions.
    Bulk(u32),
}

/// A version and a community of it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Community {
    /// 0 is SNMPv1, 1 is SNMPv2c.
    version: u8,
    name: Vec<u8>,
}

/// An OID's arcs and its value, many of them in one place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Bindings {
    arcs: Vec<u32>,
    /// Where the arcs of each end, and the value.
    values: Vec<(usize, Value)>,
}

impl Bindings {
    /// Each in order.
    pub(super) fn into_each(self) -> impl Iterator<Item = (impl std::ops::Deref<Target = [u32]>, Value)> {
        std::iter::empty::<(Vec<u32>, Value)>()
    }
}
