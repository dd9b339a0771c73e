//! IEEE 802.1Q VLAN identifiers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A VLAN identifier, 1 to 4094 (IEEE 802.1Q §9.6; 0 is "no VLAN" and 4095 is reserved).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct VlanId(u16);

impl VlanId {
    /// The VLAN of this number, if it is one.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        u16::try_from(number).ok().filter(|id| (1..=4094).contains(id)).map(Self)
    }

    /// Its number.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for VlanId {
    type Error = String;

    fn try_from(number: u16) -> Result<Self, String> {
        Self::new(u32::from(number)).ok_or_else(|| format!("{number} is no VLAN: 1 to 4094"))
    }
}

impl From<VlanId> for u16 {
    fn from(vlan: VlanId) -> Self {
        vlan.0
    }
}

impl fmt::Display for VlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// VLANs from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VlanRange {
    /// Lowest VLAN of the range.
    pub first: VlanId,
    /// Highest VLAN of the range.
    pub last: VlanId,
}

impl VlanRange {
    /// Whether the VLAN lies in the range.
    #[must_use]
    pub fn contains(&self, vlan: VlanId) -> bool {
        (self.first..=self.last).contains(&vlan)
    }
}

impl VlanRange {
    /// The fewest ranges that hold these VLANs, in order.
    #[must_use]
    pub fn covering(vlans: &std::collections::BTreeSet<VlanId>) -> Vec<Self> {
        let mut ranges: Vec<Self> = Vec::new();
        for vlan in vlans {
            match ranges.last_mut().filter(|range| range.last.0 + 1 == vlan.0) {
                Some(range) => range.last = *vlan,
                None => ranges.push(Self { first: *vlan, last: *vlan }),
            }
        }
        ranges
    }
}

impl FromStr for VlanRange {
    type Err = String;

    /// Reads `10` or `20-29`.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| {
            part.trim().parse().ok().and_then(VlanId::new).ok_or_else(|| format!("'{part}' is no VLAN: 1 to 4094"))
        };
        let (first, last) = match text.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(text)?, number(text)?),
        };
        if first > last {
            return Err(format!("'{text}' runs backwards"));
        }
        Ok(Self { first, last })
    }
}

impl fmt::Display for VlanRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_vlans_exist() {
        assert_eq!(VlanId::new(0), None);
        assert_eq!(VlanId::new(4095), None);
        assert_eq!(VlanId::new(65546), None);
        assert_eq!(VlanId::new(4094).map(VlanId::get), Some(4094));
    }

    #[test]
    fn ranges_read_and_print_alike() {
        for text in ["10", "20-29"] {
            assert_eq!(text.parse::<VlanRange>().unwrap().to_string(), text);
        }
        for text in ["29-20", "0", "", "1-", "a", "4095"] {
            assert!(text.parse::<VlanRange>().is_err(), "{text}");
        }
    }

    #[test]
    fn neighbouring_vlans_are_one_range() {
        let vlans = [1, 2, 3, 7, 4094].into_iter().filter_map(VlanId::new).collect();
        let text: Vec<String> = VlanRange::covering(&vlans).iter().map(ToString::to_string).collect();
        assert_eq!(text, ["1-3", "7", "4094"]);
        assert_eq!(VlanRange::covering(&std::collections::BTreeSet::new()), []);
    }
}
