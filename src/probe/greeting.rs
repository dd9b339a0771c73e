//! `Server`, the digest challenge, and the manner of SOAP replies.

use std::collections::BTreeSet;

use base64::prelude::{BASE64_STANDARD, Engine};

use crate::net::DeviceText;

/// Name of the nonce structure: hexadecimal digits of the base64 of two hexadecimal numbers parted by a colon. Seen
/// on Hikvision firmware, where it survives a changed realm (two samples).
pub const NONCE_HEX_OF_PAIR: &str = "hex-of-base64-of-hex-pair";
/// Name of the nonce structure: base64 of `onvif-digest:` and a number. Seen on Dahua firmware (two samples).
pub const NONCE_ONVIF_DIGEST: &str = "base64-of-onvif-digest-number";
/// Name of the envelope style: declared standalone, with the SOAP encoding namespace. Seen on Dahua firmware.
pub const STANDALONE_ENVELOPE: &str = "standalone-envelope";

const MAX_NAMESPACES: usize = 8;
/// Namespace authorities that every vendor's replies carry.
const COMMON: [&str; 9] = [
    "w3.org",
    "xmlsoap.org",
    "oasis-open.org",
    "onvif.org",
    "tempuri.org",
    "microsoft.com",
    "w3c.org",
    "ietf.org",
    "genivia.com",
];

/// The `Server` header.
#[must_use]
pub fn server(value: &[u8]) -> Option<DeviceText> {
    DeviceText::from_octets(value).non_empty()
}

/// The realm of a challenge.
#[must_use]
pub fn realm(value: &str) -> Option<DeviceText> {
    DeviceText::new(value).non_empty()
}

/// The structure of a digest nonce, if it is one that speaks for a maker.
#[must_use]
pub fn nonce(value: &str) -> Option<&'static str> {
    if value.len() > 256 {
        return None;
    }
    let decoded = |text: &str| String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok();
    let number = |text: &str| decoded(text)?.strip_prefix("onvif-digest:").map(str::to_owned);
    if number(value).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|octet| octet.is_ascii_digit())) {
        return Some(NONCE_ONVIF_DIGEST);
    }
    let inner = unhex(value).and_then(|octets| String::from_utf8(octets).ok()).and_then(|text| decoded(&text))?;
    let (left, right) = inner.split_once(':')?;
    let part = |text: &str| (6..=8).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_hexdigit());
    (part(left) && part(right)).then_some(NONCE_HEX_OF_PAIR)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| !digits.is_empty() && digits.len() % 2 == 0)?;
    digits.chunks_exact(2).map(|pair| u8::try_from(pair.iter().fold(0, |sum, digit| sum * 16 + digit)).ok()).collect()
}

/// What of a SOAP reply is a maker's own: namespaces outside the standards, and the style of its envelope. Weak
/// marks: clones copy them.
#[must_use]
pub fn soap(namespaces: &BTreeSet<String>, standalone: bool) -> Vec<DeviceText> {
    let mut marks: Vec<DeviceText> = Vec::new();
    if standalone && namespaces.contains("http://www.w3.org/2003/05/soap-encoding") {
        marks.push(DeviceText::new(STANDALONE_ENVELOPE));
    }
    let own = namespaces.iter().filter(|name| is_own(name)).take(MAX_NAMESPACES);
    marks.extend(own.map(|name| DeviceText::new(name)));
    marks
}

/// An `http` name whose authority is none of the standards'.
fn is_own(namespace: &str) -> bool {
    let Some((_, rest)) = namespace.split_once("://") else { return false };
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    let belongs = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    !host.is_empty() && !COMMON.iter().any(|domain| belongs(domain))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hex(text: &str) -> String {
        text.bytes().map(|octet| format!("{octet:02x}")).collect()
    }

    #[test]
    fn nonces_are_told_by_their_structure() {
        assert_eq!(nonce(&hex(&BASE64_STANDARD.encode("58b70b73:82939914"))), Some(NONCE_HEX_OF_PAIR));
        assert_eq!(nonce(&hex(&BASE64_STANDARD.encode("4221dbc:def9a062")).to_uppercase()), Some(NONCE_HEX_OF_PAIR));
        assert_eq!(nonce(&BASE64_STANDARD.encode("onvif-digest:1234567890")), Some(NONCE_ONVIF_DIGEST));
        for other in [
            "dcd98b7102dd2f0e8b11d0f600bfb0c093".to_owned(),
            String::new(),
            "é".to_owned(),
            "f".repeat(3),
            BASE64_STANDARD.encode("onvif-digest:"),
            hex(&BASE64_STANDARD.encode("nothex00:82939914")),
            "f".repeat(10_000),
        ] {
            assert_eq!(nonce(&other), None, "{other}");
        }
    }

    #[test]
    fn only_a_makers_own_namespaces_are_marks() {
        let declared: BTreeSet<String> = [
            "http://www.w3.org/2003/05/soap-encoding",
            "http://www.onvif.org/ver10/schema",
            "http://docs.oasis-open.org/wsn/b-2",
            "http://www.hikvision.com/2011/event/topics",
            "http://notonvif.org/x",
            "urn:oasis:names:tc:SAML:1.0:assertion",
            "http://",
        ]
        .map(str::to_owned)
        .into();
        let text = |standalone| soap(&declared, standalone).iter().map(ToString::to_string).collect::<Vec<_>>();
        let own = ["http://notonvif.org/x", "http://www.hikvision.com/2011/event/topics"];
        assert_eq!(text(false), own);
        assert_eq!(text(true), [STANDALONE_ENVELOPE, own[0], own[1]]);
    }

    #[test]
    fn headers_are_cleaned_and_empty_ones_are_none() {
        assert_eq!(server(b"Hikvision-Webs\x1b[2J").unwrap().as_str(), "Hikvision-Webs\\u{1b}[2J");
        assert_eq!((server(b" "), realm("")), (None, None));
    }

    proptest! {
        #[test]
        fn no_nonce_makes_it_panic(value in "\\PC{0,60}") {
            let _ = nonce(&value);
        }
    }
}
