//! The subject and the key of an X.509 certificate, read with just enough DER (RFC 5280 §4.1, X.690) to get there.

use sha2::{Digest, Sha256};

use crate::net::DeviceText;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const EXPLICIT_VERSION: u8 = 0xa0;
const MAX_ATTRIBUTES: usize = 16;

/// One element: its tag, what is in it, what follows it.
struct Item<'a> {
    tag: u8,
    inside: &'a [u8],
    after: &'a [u8],
}

/// Reads one definite-length element.
fn item(octets: &[u8]) -> Option<Item<'_>> {
    let (tag, rest) = octets.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x0f))?;
            (digits.iter().fold(0usize, |sum, digit| (sum << 8) | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (inside, after) = rest.split_at_checked(length)?;
    Some(Item { tag: *tag, inside, after })
}

fn tagged(octets: &[u8], tag: u8) -> Option<Item<'_>> {
    item(octets).filter(|found| found.tag == tag)
}

/// What a certificate has from its subject on.
fn from_subject(certificate: &[u8]) -> Option<Item<'_>> {
    let signed = tagged(tagged(certificate, SEQUENCE)?.inside, SEQUENCE)?.inside;
    let start = tagged(signed, EXPLICIT_VERSION).map_or(signed, |version| version.after);
    // Serial number, signature algorithm, issuer, validity.
    let mut rest = start;
    for _ in 0..4 {
        rest = item(rest)?.after;
    }
    tagged(rest, SEQUENCE)
}

/// SHA-256 of a DER certificate's SubjectPublicKeyInfo as lower-case hex: what stays when a camera renews its certificate
/// with the same key. Of the whole certificate where it cannot be taken apart.
#[must_use]
pub fn key(certificate: &[u8]) -> String {
    let key = from_subject(certificate).and_then(|subject| {
        let length = subject.after.len() - tagged(subject.after, SEQUENCE)?.after.len();
        subject.after.get(..length)
    });
    Sha256::digest(key.unwrap_or(certificate)).iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The subject of a DER certificate as `CN=…, OU=…, O=…` in its own order; `None` where it cannot be read or is
/// empty.
#[must_use]
pub fn subject(certificate: &[u8]) -> Option<DeviceText> {
    let mut names = from_subject(certificate)?.inside;
    let mut parts = Vec::new();
    while let Some(set) = tagged(names, SET) {
        names = set.after;
        parts.extend(tagged(set.inside, SEQUENCE).and_then(|pair| attribute(pair.inside)));
        if parts.len() >= MAX_ATTRIBUTES {
            break;
        }
    }
    DeviceText::new(&parts.join(", ")).non_empty()
}

fn attribute(pair: &[u8]) -> Option<String> {
    let kind = tagged(pair, OBJECT_IDENTIFIER)?;
    let name = match kind.inside {
        [0x55, 0x04, 0x03] => "CN",
        [0x55, 0x04, 0x06] => "C",
        [0x55, 0x04, 0x07] => "L",
        [0x55, 0x04, 0x08] => "ST",
        [0x55, 0x04, 0x0a] => "O",
        [0x55, 0x04, 0x0b] => "OU",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01] => "emailAddress",
        _ => return None,
    };
    let value = item(kind.after)?;
    let text = match value.tag {
        // UTF8String, PrintableString, IA5String.
        0x0c | 0x13 | 0x16 => String::from_utf8_lossy(value.inside).into_owned(),
        // T61String, in practice Latin-1.
        0x14 => value.inside.iter().map(|octet| char::from(*octet)).collect(),
        // BMPString.
        0x1e => {
            let units: Vec<u16> = value
                .inside
                .chunks_exact(2)
                .map(|pair| pair.iter().fold(0, |sum, octet| (sum << 8) | u16::from(*octet)))
                .collect();
            String::from_utf16_lossy(&units)
        }
        _ => return None,
    };
    Some(format!("{name}={text}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn der(tag: u8, inside: &[u8]) -> Vec<u8> {
        let length = match inside.len() {
            short @ 0..=0x7f => vec![short as u8],
            long => vec![0x82, (long >> 8) as u8, long as u8],
        };
        [vec![tag], length, inside.to_vec()].concat()
    }

    fn certificate(version: bool) -> Vec<u8> {
        let name = |oid: u8, tag: u8, text: &[u8]| {
            der(SET, &der(SEQUENCE, &[der(OBJECT_IDENTIFIER, &[0x55, 0x04, oid]), der(tag, text)].concat()))
        };
        let subject = [
            name(0x03, 0x13, b"www.hikvision.com"),
            name(0x0b, 0x0c, "DVRNVR\u{202e}".as_bytes()),
            name(0x0a, 0x1e, &[0x00, b'H', 0x00, b'K']),
            name(0x2a, 0x0c, b"another attribute"),
        ];
        let mut signed = if version { der(EXPLICIT_VERSION, &der(0x02, &[2])) } else { Vec::new() };
        for part in [der(0x02, &[1]), der(SEQUENCE, &[]), der(SEQUENCE, &[0; 200]), der(SEQUENCE, &[])] {
            signed.extend(part);
        }
        signed.extend(der(SEQUENCE, &subject.concat()));
        signed.extend(der(SEQUENCE, b"the key"));
        der(SEQUENCE, &der(SEQUENCE, &signed))
    }

    #[test]
    fn the_subject_is_read_and_cleaned() {
        let expected = "CN=www.hikvision.com, OU=DVRNVR\\u{202e}, O=HK";
        for version in [true, false] {
            assert_eq!(subject(&certificate(version)).unwrap().as_str(), expected);
        }
        assert_eq!(subject(b""), None);
        assert_eq!(subject(&der(SEQUENCE, &der(SEQUENCE, &[]))), None);
    }

    #[test]
    fn the_key_is_that_of_the_certificate_or_the_whole_of_it() {
        let hex = |octets: &[u8]| Sha256::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect::<String>();
        let expected = hex(&der(SEQUENCE, b"the key"));
        assert_eq!((key(&certificate(true)), key(&certificate(false))), (expected.clone(), expected));
        assert_eq!(key(b"no certificate"), hex(b"no certificate"));
    }

    proptest! {
        #[test]
        fn cut_off_or_with_bits_flipped_it_never_panics(cut in 0usize..400, at in 0usize..400, bit in 0u8..8) {
            let mut octets = certificate(true);
            let length = octets.len();
            octets[at % length] ^= 1 << bit;
            octets.truncate(cut.min(length));
            let _ = (subject(&octets), key(&octets));
        }
    }
}
