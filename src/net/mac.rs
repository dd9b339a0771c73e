//! IEEE 802 MAC addresses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A 48-bit IEEE MAC address. Printed as `aa:bb:cc:dd:ee:ff`; parsed from any of the field's notations.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(pub [u8; 6]);

/// The text is no MAC address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no MAC address: six octets are expected, as in aa:bb:cc:dd:ee:ff")]
pub struct MacError(String);

impl MacAddr {
    /// The address of these octets, or `None` if there are not exactly six.
    #[must_use]
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        <[u8; 6]>::try_from(octets).ok().map(Self)
    }

    /// The address as a number, for prefix arithmetic.
    #[must_use]
    pub fn as_u64(self) -> u64 {
        self.0.iter().fold(0, |sum, octet| (sum << 8) | u64::from(*octet))
    }

    /// Group bit set: a multicast or broadcast address, never a device's own.
    #[must_use]
    pub fn is_multicast(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// Locally administered bit set: the IEEE registry says nothing of it.
    #[must_use]
    pub fn is_local(self) -> bool {
        self.0[0] & 2 == 2
    }

    /// All zero, which some agents use for "none".
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0 == [0; 6]
    }

    /// An address several routers share (VRRP, HSRP, GLBP): seen in many places at once, never one device.
    #[must_use]
    pub fn is_virtual_router(self) -> bool {
        matches!(
            self.0,
            [0x00, 0x00, 0x5e, 0x00, 0x01 | 0x02, _]
                | [0x00, 0x00, 0x0c, 0x07, 0xac, _]
                | [0x00, 0x00, 0x0c, 0x9f, 0xf0..=0xff, _]
                | [0x00, 0x07, 0xb4, ..]
        )
    }

    /// Can stand for one end device: not zero, not a group, not a virtual router's.
    #[must_use]
    pub fn is_device(self) -> bool {
        !self.is_zero() && !self.is_multicast() && !self.is_virtual_router()
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MacAddr {
    type Err = MacError;

    /// Reads `aa:bb:cc:dd:ee:ff`, `aa-bb-…`, `aabb.ccdd.eeff`, `aabbccddeeff` and `a:b:c:d:e:f`, in either case.
    fn from_str(text: &str) -> Result<Self, MacError> {
        let error = || MacError(text.chars().take(40).collect());
        if let Some(octets) = usual(text.as_bytes()) {
            return Ok(Self(octets));
        }
        let separators = [':', '-', '.', ' '];
        let parts: Vec<&str> = text.trim().split(separators).collect();
        let mut octets = [0u8; 6];
        if parts.len() == 6 {
            for (octet, part) in octets.iter_mut().zip(&parts) {
                if part.is_empty() || part.len() > 2 || !part.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(error());
                }
                *octet = u8::from_str_radix(part, 16).map_err(|_| error())?;
            }
            return Ok(Self(octets));
        }
        let whole = match parts.len() {
            1 => true,
            2 => text.contains('-') && parts.iter().all(|part| part.len() == 6),
            3 => text.contains('.') && parts.iter().all(|part| part.len() == 4),
            _ => false,
        };
        let digits: String = parts.concat();
        if !whole || digits.len() != 12 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(error());
        }
        let number = u64::from_str_radix(&digits, 16).map_err(|_| error())?;
        octets.copy_from_slice(number.to_be_bytes().get(2..).ok_or_else(error)?);
        Ok(Self(octets))
    }
}

/// The notations nearly everybody uses, read without a copy: `aa:bb:cc:dd:ee:ff`, `aa-bb-…`, `aabbccddeeff`.
fn usual(text: &[u8]) -> Option<[u8; 6]> {
    let step = match (text.len(), text.get(2)?) {
        (17, b':' | b'-') => 3,
        (12, _) => 2,
        _ => return None,
    };
    let digit = |octet: u8| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut octets = [0u8; 6];
    for (octet, pair) in octets.iter_mut().zip(text.chunks(step)) {
        let (high, low) = (digit(*pair.first()?)?, digit(*pair.get(1)?)?);
        if pair.get(2).is_some_and(|separator| Some(separator) != text.get(2)) {
            return None;
        }
        *octet = high << 4 | low;
    }
    Some(octets)
}

impl Serialize for MacAddr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MacAddr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_of_the_field_is_one_address() {
        let wanted = MacAddr([0x44, 0x19, 0xb6, 0x01, 0x02, 0x03]);
        for text in [
            "44:19:b6:01:02:03",
            "44-19-B6-01-02-03",
            "4419.b601.0203",
            "4419B6010203",
            "4419b6-010203",
            "44:19:b6:1:2:3",
            " 44 19 b6 01 02 03 ",
        ] {
            assert_eq!(text.parse(), Ok(wanted), "{text}");
        }
        assert_eq!(wanted.to_string(), "44:19:b6:01:02:03");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "44:19:b6:01:02", "44:19:b6:01:02:03:04", "41a0bc:41a0bd", "+4:19:b6:01:02:03", "44é9b6010203"]
        {
            assert!(text.parse::<MacAddr>().is_err(), "{text}");
        }
    }

    #[test]
    fn shared_router_addresses_are_no_devices() {
        for text in
            ["00:00:5e:00:01:07", "00:00:0c:07:ac:01", "00:07:b4:00:01:02", "00:00:00:00:00:00", "01:80:c2:00:00:0e"]
        {
            assert!(!text.parse::<MacAddr>().unwrap().is_device(), "{text}");
        }
        assert!("00:00:0c:07:ad:01".parse::<MacAddr>().unwrap().is_device());
    }
}
