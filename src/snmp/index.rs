//! What tells the rows of a column apart.

use std::ops::Deref;

/// Arcs held in place: an address in a VLAN has seven, a neighbour three, a port one.
const SHORT: usize = 7;

#[derive(Clone)]
enum Arcs {
    Short(u8, [u32; SHORT]),
    Long(Box<[u32]>),
}

/// The arcs that follow a column's OID in the OID of a row. A visit holds thousands: short ones take no memory of
/// their own.
#[derive(Clone)]
pub struct Index(Arcs);

impl Index {
    /// The arcs.
    #[must_use]
    pub fn as_slice(&self) -> &[u32] {
        match &self.0 {
            Arcs::Short(length, arcs) => arcs.get(..usize::from(*length)).unwrap_or_default(),
            Arcs::Long(arcs) => arcs,
        }
    }
}

impl From<&[u32]> for Index {
    fn from(arcs: &[u32]) -> Self {
        let mut short = [0; SHORT];
        match (short.get_mut(..arcs.len()), u8::try_from(arcs.len())) {
            (Some(place), Ok(length)) => {
                // A loop: a call to copy so few would take longer.
                place.iter_mut().zip(arcs).for_each(|(place, arc)| *place = *arc);
                Self(Arcs::Short(length, short))
            }
            _ => Self(Arcs::Long(arcs.into())),
        }
    }
}

impl From<Vec<u32>> for Index {
    fn from(arcs: Vec<u32>) -> Self {
        Self::from(arcs.as_slice())
    }
}

impl Deref for Index {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        self.as_slice()
    }
}

impl PartialEq for Index {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Index {}

impl PartialOrd for Index {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Index {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_slice().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_ones_hold_what_was_put_in() {
        for length in 0..20 {
            let arcs: Vec<u32> = (100..100 + length).collect();
            assert_eq!(Index::from(arcs.clone()).as_slice(), arcs);
        }
        assert!(Index::from(vec![1, 2]) < Index::from(vec![1, 2, 0]));
        assert!(Index::from(vec![9; 9]) > Index::from(vec![9; 3]));
        assert_eq!((size_of::<Index>(), size_of::<(Index, crate::snmp::Value)>()), (32, 56));
    }
}
