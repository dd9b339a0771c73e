//! Messages of SNMPv1 and SNMPv2c (RFC 1157, RFC 1901, RFC 3416), which carry a community and are not sealed. Most of
//! what a large estate says comes in these: rows are read straight off the datagram.
//!
//! Agents are forgiven what net-snmp's library forgives them: octets after the message, numbers of more than 32 bits
//! (the low ones count), an empty Counter64, an octet string said to be longer than its binding.

use std::ops::ControlFlow;

use async_snmp::version::CommunityVersion;
use async_snmp::{ErrorStatus, Version};

use super::ber::{
    INTEGER, OBJECT, OCTETS, SEQUENCE, content, element, head, integer, put, put_base128, put_integer, signed,
};
use super::{Oid, SnmpError, Value};

/// Most octets kept of one value: a PortList of 4,096 ports takes 512, a bitmap of 1,024 VLANs 128.
pub(super) const LONGEST_OCTETS: usize = 2048;
/// Most arcs of an OID (RFC 2578 §3.5).
const MOST_ARCS: usize = 128;
const RESPONSE: u8 = 0xa2;

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

/// What is asked, of which objects.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) operation: Operation,
    pub(super) oids: &'a [&'a [u32]],
}

/// A community, and the version it is asked in.
#[derive(Clone)]
pub(super) struct Community {
    version: CommunityVersion,
    name: async_snmp::Community,
}

/// OIDs with their values, the arcs of all in one place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Bindings {
    arcs: Vec<u32>,
    /// Where the arcs of each end, and its value.
    ends: Vec<(usize, Value)>,
}

impl Bindings {
    /// Shows each in order until enough were seen.
    pub(super) fn show(self, each: &mut impl FnMut(&[u32], Value) -> ControlFlow<()>) {
        let mut rest = self.arcs.as_slice();
        let mut before = 0;
        let _ = self.ends.into_iter().try_for_each(|(end, value)| {
            let (oid, after) = rest.split_at_checked(end - before).unwrap_or_default();
            (rest, before) = (after, end);
            each(oid, value)
        });
    }

    fn of(mut list: &[u8]) -> Option<Self> {
        let mut found = Self { arcs: Vec::with_capacity(list.len()), ends: Vec::with_capacity(list.len() / 16) };
        while !list.is_empty() {
            let mut binding = content(&mut list, SEQUENCE)?;
            arcs(content(&mut binding, OBJECT)?, &mut found.arcs)?;
            found.ends.push((found.arcs.len(), value(binding)?));
        }
        Some(found)
    }
}

/// Puts the arcs of an OBJECT IDENTIFIER's content behind others (X.690 §8.19).
fn arcs(object: &[u8], into: &mut Vec<u32>) -> Option<()> {
    let begun = into.len();
    let mut number = 0u64;
    for octet in object {
        number = number << 7 | u64::from(octet & 0x7f);
        if octet & 0x80 != 0 {
            // One octet more at most: a number of 32 bits, or the first with its two arcs.
            if number > u64::from(u32::MAX) >> 6 {
                return None;
            }
            continue;
        }
        if into.len() == begun {
            let first = (number / 40).min(2);
            into.push(u32::try_from(first).ok()?);
            number -= first * 40;
        }
        into.push(u32::try_from(number).ok()?);
        number = 0;
    }
    let ended = object.last().is_none_or(|last| last & 0x80 == 0);
    (ended && into.len() - begun <= MOST_ARCS).then_some(())
}

/// An OID with NULL behind it.
fn put_binding(out: &mut Vec<u8>, oid: &[u32]) {
    let mut binding = Vec::with_capacity(oid.len() * 2 + 8);
    let mut object = Vec::with_capacity(oid.len() * 2);
    let (first, rest) = match oid {
        [first, second, rest @ ..] => (u64::from(*first) * 40 + u64::from(*second), rest),
        _ => (0, [].as_slice()),
    };
    put_base128(&mut object, first);
    for arc in rest {
        put_base128(&mut object, u64::from(*arc));
    }
    put(&mut binding, OBJECT, &object);
    put(&mut binding, 0x05, &[]);
    put(out, SEQUENCE, &binding);
}

/// A number without a sign, of up to eight octets and a zero before them.
fn unsigned(content: &[u8]) -> Option<u64> {
    let octets = if content.len() == 9 { content.strip_prefix(&[0])? } else { content };
    (octets.len() <= 8).then(|| octets.iter().fold(0, |value, octet| value << 8 | u64::from(*octet)))
}

/// The value that is all that is left of a binding.
fn value(binding: &[u8]) -> Option<Value> {
    let mut rest = binding;
    let (tag, length) = head(&mut rest)?;
    // An octet string may be said to be longer than there is room for it.
    let length = if matches!(tag, OCTETS | 0x44) { length.min(rest.len()) } else { length };
    if length != rest.len() {
        return None;
    }
    let low = |number: u64| Value::Unsigned(number & u64::from(u32::MAX));
    Some(match tag {
        INTEGER => {
            let [_, _, _, _, low @ ..] = signed(rest)?.to_be_bytes();
            Value::Integer(i64::from(i32::from_be_bytes(low)))
        }
        OCTETS | 0x44 => Value::Octets(rest.get(..LONGEST_OCTETS).unwrap_or(rest).to_vec()),
        OBJECT => {
            let mut oid = Vec::new();
            arcs(rest, &mut oid)?;
            Value::Oid(Box::new(Oid(oid)))
        }
        // IpAddress
        0x40 => Value::Ip(rest.try_into().ok()?),
        // Counter32, Gauge32, TimeTicks, UInteger32
        0x41..=0x43 | 0x47 if !rest.is_empty() => low(unsigned(rest)?),
        // Counter64
        0x46 => Value::Unsigned(unsigned(rest)?),
        // NULL, noSuchObject, noSuchInstance
        0x05 | 0x80 | 0x81 if rest.is_empty() => Value::Missing,
        // endOfMibView
        0x82 if rest.is_empty() => Value::End,
        // A constructed OCTET STRING is nothing an agent may send.
        0x05 | 0x24 | 0x41..=0x43 | 0x47 | 0x80..=0x82 => return None,
        _ => Value::Missing,
    })
}

impl Community {
    pub(super) fn new(version: CommunityVersion, name: &str) -> Self {
        Self { version, name: async_snmp::Community::new(name.as_bytes().to_vec()) }
    }

    /// SNMPv1: one row a request, an error for what is missing, no 64-bit counters.
    pub(super) fn is_v1(&self) -> bool {
        Version::from(self.version) == Version::V1
    }

    /// A request as a datagram.
    pub(super) fn request(&self, id: i32, request: &Request<'_>) -> Vec<u8> {
        let (kind, repetitions) = match request.operation {
            Operation::Get => (0xa0, 0),
            Operation::Next => (0xa1, 0),
            Operation::Bulk(repetitions) => (0xa5, i32::try_from(repetitions).unwrap_or(i32::MAX)),
        };
        let room = 16 + request.oids.iter().map(|oid| oid.len() * 2 + 8).sum::<usize>();
        let mut list = Vec::with_capacity(room);
        for oid in request.oids {
            put_binding(&mut list, oid);
        }
        let mut pdu = Vec::with_capacity(room + 24);
        put_integer(&mut pdu, id);
        put_integer(&mut pdu, 0);
        put_integer(&mut pdu, repetitions);
        put(&mut pdu, SEQUENCE, &list);
        let name = self.name.as_bytes();
        let mut message = Vec::with_capacity(room + name.len() + 40);
        put_integer(&mut message, if self.is_v1() { 0 } else { 1 });
        put(&mut message, OCTETS, name);
        put(&mut message, kind, &pdu);
        let mut datagram = Vec::with_capacity(message.len() + 4);
        put(&mut datagram, SEQUENCE, &message);
        datagram
    }

    /// What a datagram answers to the request of this number; `None` if it is no answer to it that can be read.
    pub(super) fn answer(&self, id: i32, datagram: &[u8]) -> Option<Result<Bindings, SnmpError>> {
        let mut message = content(&mut &datagram[..], SEQUENCE)?;
        let version = integer(&mut message)?;
        if version != if self.is_v1() { 0 } else { 1 } || !self.name.matches(content(&mut message, OCTETS)?) {
            return None;
        }
        let mut pdu = content(&mut message, RESPONSE).filter(|_| message.is_empty())?;
        if integer(&mut pdu)? != id {
            return None;
        }
        let (status, index) = (integer(&mut pdu)?, integer(&mut pdu)?);
        let (SEQUENCE, list) = element(&mut pdu)? else { return None };
        let bindings = Bindings::of(list).filter(|_| pdu.is_empty())?;
        Some(match ErrorStatus::from_i32(status) {
            ErrorStatus::NoError => Ok(bindings),
            ErrorStatus::TooBig => Err(SnmpError::TooBig),
            ErrorStatus::NoSuchName => Err(SnmpError::NoSuchName(u32::try_from(index).unwrap_or(0))),
            other => Err(SnmpError::Status(other.to_string())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snmp::session::value_of;
    use async_snmp::message::CommunityMessage;
    use async_snmp::pdu::{GetBulkPdu, OutboundErrorStatus, RequestPdu, ResponsePdu};
    use async_snmp::{DecodeConfig, Value as V, VarBind};
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = V> {
        prop_oneof![
            any::<i32>().prop_map(V::Integer),
            any::<u32>().prop_map(V::Gauge32),
            any::<u32>().prop_map(V::TimeTicks),
            any::<u64>().prop_map(V::Counter64),
            any::<[u8; 4]>().prop_map(V::IpAddress),
            proptest::collection::vec(any::<u8>(), 0..300).prop_map(|octets| V::OctetString(octets.into())),
            proptest::collection::vec(any::<u32>(), 0..20).prop_map(|arcs| V::ObjectIdentifier(oid(2, 5, &arcs))),
            Just(V::NoSuchInstance),
            Just(V::EndOfMibView),
        ]
    }

    fn oid(first: u32, second: u32, rest: &[u32]) -> async_snmp::Oid {
        async_snmp::Oid::new([first, second].into_iter().chain(rest.iter().copied()))
    }

    fn any_binding() -> impl Strategy<Value = VarBind> {
        let arcs = proptest::collection::vec(any::<u32>(), 0..20);
        (0u32..3, 0u32..40, arcs, any_value())
            .prop_map(|(first, second, rest, value)| VarBind::new(oid(first, second, &rest), value))
    }

    fn response(bindings: &[VarBind]) -> Vec<u8> {
        let pdu = ResponsePdu::new(Version::V2c, 77, OutboundErrorStatus::NoError, None, bindings.to_vec()).unwrap();
        CommunityMessage::v2c("c", pdu.into_raw()).unwrap().encode().unwrap().to_vec()
    }

    fn shown(bindings: Bindings) -> Vec<(Vec<u32>, Value)> {
        let mut all = Vec::new();
        bindings.show(&mut |oid, value| {
            all.push((oid.to_vec(), value));
            ControlFlow::Continue(())
        });
        all
    }

    /// What the protocol crate makes of a datagram, by the rules of a request with number 77.
    fn by_the_crate(datagram: &[u8]) -> Option<Vec<(Vec<u32>, Value)>> {
        let message = CommunityMessage::decode(datagram.to_vec().into(), DecodeConfig::DEFAULT).ok()?.value;
        let pdu = message.pdu().standard()?.clone();
        let fits = message.version() == Version::V2c && message.community().matches("c");
        let answers = pdu.pdu_type() == async_snmp::PduType::Response && pdu.request_id() == 77;
        let whole = fits && answers && !pdu.is_error();
        let (_, _, bindings) = whole.then(|| pdu.into_raw_parts())?;
        Some(bindings.into_iter().map(|row| (row.oid.arcs().to_vec(), value_of(row.value))).collect())
    }

    fn by_us(datagram: &[u8]) -> Option<Vec<(Vec<u32>, Value)>> {
        Community::new(CommunityVersion::V2c, "c").answer(77, datagram)?.ok().map(shown)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn requests_are_what_the_crate_writes(
            oids in proptest::collection::vec((0u32..3, 0u32..40, proptest::collection::vec(any::<u32>(), 0..20)), 1..9),
            (id, repetitions, kind) in (any::<i32>(), 0u32..1_000_000, 0u8..4),
            community in "[ -~]{0,300}",
        ) {
            let oids: Vec<_> = oids.iter().map(|(first, second, rest)| oid(*first, *second, rest)).collect();
            let asked: Vec<&[u32]> = oids.iter().map(async_snmp::Oid::arcs).collect();
            let null = |oid: &async_snmp::Oid| VarBind::null(oid.clone());
            let get = |version| RequestPdu::get(version, id, &oids).unwrap().into_raw();
            let next = |version| RequestPdu::get_next(version, id, &oids).unwrap().into_raw();
            let bulk = || GetBulkPdu::new(Version::V2c, id, 0, repetitions, oids.iter().map(null).collect());
            let (version, operation, pdu) = match kind {
                0 => (CommunityVersion::V1, Operation::Get, get(Version::V1)),
                1 => (CommunityVersion::V2c, Operation::Get, get(Version::V2c)),
                2 => (CommunityVersion::V1, Operation::Next, next(Version::V1)),
                _ => (CommunityVersion::V2c, Operation::Bulk(repetitions), bulk().unwrap().into_raw()),
            };
            let theirs = CommunityMessage::new(version, community.clone(), pdu).unwrap().encode().unwrap();
            let ours = Community::new(version, &community).request(id, &Request { operation, oids: &asked });
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn what_is_written_by_others_is_read(bindings in proptest::collection::vec(any_binding(), 0..20)) {
            let datagram = response(&bindings);
            let ours = by_us(&datagram);
            prop_assert!(ours.is_some());
            prop_assert_eq!(ours, by_the_crate(&datagram));
        }

        /// Octets overwritten, put in, taken out, cut off.
        #[test]
        fn what_is_damaged_is_read_as_the_crate_reads_it(
            bindings in proptest::collection::vec(any_binding(), 1..5),
            damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..4),
        ) {
            let mut datagram = response(&bindings);
            for (place, octet, kind) in damage {
                let at = place.index(datagram.len());
                match kind {
                    0 => datagram[at] = octet,
                    1 => datagram.insert(at, octet),
                    2 if datagram.len() > 1 => drop(datagram.remove(at)),
                    _ => datagram[at] ^= 1 << (octet % 8),
                }
            }
            prop_assert_eq!(by_us(&datagram), by_the_crate(&datagram));
        }
    }

    #[test]
    fn errors_are_told_apart_and_what_answers_something_else_is_none() {
        let answer = |status, index, version, community, id| {
            let pdu = [0xa2, 11, 2, 1, id, 2, 1, status, 2, 1, index, 0x30, 0];
            let datagram = [&[0x30, 19, 2, 1, version, 4, 1, community][..], &pdu].concat();
            Community::new(CommunityVersion::V2c, "c").answer(77, &datagram).map(|answer| answer.map(shown))
        };
        let v2c = 1;
        assert_eq!(answer(0, 0, v2c, b'c', 77), Some(Ok(Vec::new())));
        assert_eq!(answer(1, 0, v2c, b'c', 77), Some(Err(SnmpError::TooBig)));
        assert_eq!(answer(2, 3, v2c, b'c', 77), Some(Err(SnmpError::NoSuchName(3))));
        assert_eq!(answer(5, 0, v2c, b'c', 77), Some(Err(SnmpError::Status("genErr".to_owned()))));
        assert_eq!(answer(0, 0, v2c, b'd', 77), None);
        assert_eq!(answer(0, 0, v2c, b'c', 78), None);
        assert_eq!(answer(0, 0, 0, b'c', 77), None);
    }
}
