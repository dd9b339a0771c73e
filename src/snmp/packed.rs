//! A column packed for keeping: what thousands of switches said an hour ago must not fill the memory.

use super::{Index, Oid, Value};

/// Rows of a column in few octets each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Packed(Box<[u8]>);

const INTEGER: u8 = 0;
const UNSIGNED: u8 = 1;
const OCTETS: u8 = 2;
const OID: u8 = 3;
const IP: u8 = 4;
const MISSING: u8 = 5;
const END: u8 = 6;

/// A number in groups of seven bits, the lowest first.
fn put(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

fn take(input: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (octet, rest) = input.split_first()?;
        *input = rest;
        number |= u64::from(octet & 0x7f).checked_shl(shift)?;
        if octet & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn put_arcs(out: &mut Vec<u8>, arcs: &[u32]) {
    put(out, arcs.len() as u64);
    for arc in arcs {
        put(out, u64::from(*arc));
    }
}

fn take_length(input: &mut &[u8]) -> Option<usize> {
    take(input).and_then(|length| usize::try_from(length).ok()).filter(|length| *length <= input.len())
}

fn take_arcs(input: &mut &[u8]) -> Option<Vec<u32>> {
    (0..take_length(input)?).map(|_| take(input).and_then(|arc| u32::try_from(arc).ok())).collect()
}

fn take_octets<'a>(input: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (octets, rest) = input.split_at_checked(length)?;
    *input = rest;
    Some(octets)
}

impl Packed {
    /// Packs rows.
    pub(super) fn new(rows: &[(Index, Value)]) -> Self {
        let mut out = Vec::new();
        for (index, value) in rows {
            put_arcs(&mut out, index);
            match value {
                Value::Integer(number) => {
                    out.push(INTEGER);
                    // Small negative numbers stay small.
                    put(&mut out, (number << 1 ^ number >> 63).cast_unsigned());
                }
                Value::Unsigned(number) => {
                    out.push(UNSIGNED);
                    put(&mut out, *number);
                }
                Value::Octets(octets) => {
                    out.push(OCTETS);
                    put(&mut out, octets.len() as u64);
                    out.extend_from_slice(octets);
                }
                Value::Oid(oid) => {
                    out.push(OID);
                    put_arcs(&mut out, &oid.0);
                }
                Value::Ip(octets) => {
                    out.push(IP);
                    out.extend_from_slice(octets);
                }
                Value::Missing => out.push(MISSING),
                Value::End => out.push(END),
            }
        }
        Self(out.into())
    }

    /// The rows again.
    pub(super) fn rows(&self) -> Vec<(Index, Value)> {
        let mut input = &*self.0;
        std::iter::from_fn(|| {
            if input.is_empty() {
                return None;
            }
            let index = take_arcs(&mut input)?.into();
            let (kind, rest) = input.split_first()?;
            input = rest;
            let value = match *kind {
                INTEGER => {
                    let number = take(&mut input)?;
                    Value::Integer((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
                }
                UNSIGNED => Value::Unsigned(take(&mut input)?),
                OCTETS => {
                    let length = take_length(&mut input)?;
                    Value::Octets(take_octets(&mut input, length)?.to_vec())
                }
                OID => Value::Oid(Box::new(Oid(take_arcs(&mut input)?))),
                IP => Value::Ip(take_octets(&mut input, 4)?.try_into().ok()?),
                MISSING => Value::Missing,
                END => Value::End,
                _ => return None,
            };
            Some((index, value))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i64>().prop_map(Value::Integer),
            any::<u64>().prop_map(Value::Unsigned),
            proptest::collection::vec(any::<u8>(), 0..300).prop_map(Value::Octets),
            proptest::collection::vec(any::<u32>(), 0..20).prop_map(|arcs| Value::Oid(Box::new(Oid(arcs)))),
            any::<[u8; 4]>().prop_map(Value::Ip),
            Just(Value::Missing),
            Just(Value::End),
        ]
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_again(
            rows in proptest::collection::vec((proptest::collection::vec(any::<u32>(), 0..12), value()), 0..40)
        ) {
            let rows: Vec<(Index, Value)> = rows.into_iter().map(|(index, value)| (index.into(), value)).collect();
            prop_assert_eq!(Packed::new(&rows).rows(), rows);
        }

        #[test]
        fn garbage_ends_and_never_panics(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Packed(octets.into()).rows();
        }
    }

    #[test]
    fn a_row_takes_a_few_octets() {
        let rows: Vec<_> = (10_101..10_149).map(|index| (vec![index].into(), Value::Integer(6))).collect();
        assert!(Packed::new(&rows).0.len() <= rows.len() * 5);
    }
}
