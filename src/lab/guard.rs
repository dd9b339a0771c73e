//! A camera's check of who asks: WS-UsernameToken with freshness and replay, HTTP digest (RFC 7616, MD5).

use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use sha1::{Digest as _, Sha1};

use super::envelope::Token;
use super::estate::{Access, Device, Unit};
use super::product::{Dialect, plain_hex};

/// The user the estate's cameras know.
pub(super) const USER: &str = "lab-reader";
/// Its password on most of them.
pub(super) const PASSWORD: &str = "lab-camera-secret";
/// Its password on those that somebody set up differently.
const OTHER_PASSWORD: &str = "not-what-the-register-says";
/// How far Created may be from the camera's clock, in seconds.
const FRESH: i64 = 60;

/// Outcome of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Check {
    /// Come in.
    Granted,
    /// Nobody said who asks, or the challenge is stale: not held against the asker.
    Challenge { stale: bool },
    /// A wrong user, password or time; so many of them by now.
    Refused(u32),
}

/// What a camera's clock says when ours says `now`.
pub(super) fn camera_clock(unit: &Unit, now: Timestamp) -> Timestamp {
    now.checked_add(jiff::SignedDuration::from_secs(unit.clock_offset)).unwrap_or(now)
}

fn password(unit: &Unit) -> &'static str {
    if unit.other_password { OTHER_PASSWORD } else { PASSWORD }
}

/// Checks a request for what needs a user.
pub(super) fn check(
    unit: &Unit,
    token: Option<&Token>,
    authorization: Option<&str>,
    method: &str,
    now: Timestamp,
) -> Check {
    let refuse = || Check::Refused(unit.count_refusal());
    match unit.access {
        Access::Anonymous => Check::Granted,
        Access::Token => match token {
            None => Check::Challenge { stale: false },
            Some(token) if token_holds(unit, token, camera_clock(unit, now)) => Check::Granted,
            Some(_) => refuse(),
        },
        Access::Digest => match authorization.and_then(|header| header.strip_prefix("Digest ")) {
            None => Check::Challenge { stale: false },
            Some(header) => match digest_holds(unit, header, method) {
                Some(true) => Check::Granted,
                Some(false) => refuse(),
                None => Check::Challenge { stale: true },
            },
        },
    }
}

fn token_holds(unit: &Unit, token: &Token, clock: Timestamp) -> bool {
    let Ok(nonce) = BASE64_STANDARD.decode(&token.nonce) else { return false };
    let fresh = token.created.ends_with('Z')
        && token.created.parse::<Timestamp>().is_ok_and(|at| (at.as_second() - clock.as_second()).abs() <= FRESH);
    let hash = Sha1::new().chain_update(&nonce).chain_update(&token.created).chain_update(password(unit)).finalize();
    let right = token.user == USER && token.kind == "PasswordDigest" && token.password == BASE64_STANDARD.encode(hash);
    let replayed = unit.remembers(&token.nonce);
    if right && fresh && !replayed {
        unit.remember(token.nonce.clone());
        return true;
    }
    false
}

/// A new challenge: its realm and nonce have the structure of the maker's firmware.
pub(super) fn challenge(device: &Device, unit: &Unit, stale: bool) -> String {
    let number = unit.challenge.fetch_add(1, Ordering::Relaxed);
    // Knuth's multiplicative hash: numbers in a row do not look it.
    let mixed = number.wrapping_mul(2_654_435_761);
    let hex = |text: &str| text.bytes().map(|octet| format!("{octet:02x}")).collect::<String>();
    let (realm, nonce) = match unit.product.dialect {
        Dialect::Hikvision => {
            let tail = plain_hex(device.mac).split_at(8).1.to_uppercase();
            (format!("IP Camera({tail})"), hex(&BASE64_STANDARD.encode(format!("{mixed:08x}:{number:08x}"))))
        }
        Dialect::Dahua => {
            (format!("Login to {}", unit.serial), BASE64_STANDARD.encode(format!("onvif-digest:{mixed}{number}")))
        }
        Dialect::Axis => {
            (format!("AXIS_WS_{}", plain_hex(device.mac).to_uppercase()), format!("{mixed:08X}{number:08x}"))
        }
        _ => (unit.product.manufacturer.to_owned(), format!("{mixed:08x}{number:08x}")),
    };
    unit.remember(nonce.clone());
    let stale = if stale { ", stale=true" } else { "" };
    format!(r#"Digest realm="{realm}", qop="auth", nonce="{nonce}"{stale}"#)
}

/// Whether a digest is right; `None` if its nonce is not one of ours.
fn digest_holds(unit: &Unit, header: &str, method: &str) -> Option<bool> {
    let field = |name: &str| parameter(header, name).unwrap_or_default();
    if !unit.remembers(field("nonce")) {
        return None;
    }
    let hash = |text: String| -> String {
        md5::Md5::digest(text.as_bytes()).iter().map(|octet| format!("{octet:02x}")).collect()
    };
    let known = hash(format!("{USER}:{}:{}", field("realm"), password(unit)));
    let asked = hash(format!("{method}:{}", field("uri")));
    let wanted = match field("qop") {
        "" => hash(format!("{known}:{}:{asked}", field("nonce"))),
        qop => hash(format!("{known}:{}:{}:{}:{qop}:{asked}", field("nonce"), field("nc"), field("cnonce"))),
    };
    Some(field("username") == USER && field("response") == wanted)
}

/// A parameter of a digest header, quoted or not. Quoted commas do not occur in what a client of ours sends.
fn parameter<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header.split(',').filter_map(|part| part.trim().split_once('=')).find(|(key, _)| key.trim() == name).map(
        |(_, value)| {
            let value = value.trim();
            value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::build::make_unit;
    use crate::lab::estate::Kind;
    use crate::lab::product::product;
    use crate::lab::random::Random;
    use crate::net::MacAddr;

    fn camera(model: &str, access: Access) -> Device {
        let mac = MacAddr([0x44, 0x19, 0xb6, 1, 2, 3]);
        let mut unit = make_unit(product(model).unwrap(), mac, &mut Random::new(3));
        (unit.access, unit.clock_offset) = (access, 7 * 3600);
        Device { mac, ip: None, switch: 0, port: 1, vlan: 10, kind: Kind::Surveillance(Box::new(unit)) }
    }

    fn token(created: &str, password: &str, nonce: &[u8]) -> Token {
        let hash = Sha1::new().chain_update(nonce).chain_update(created).chain_update(password).finalize();
        Token {
            user: USER.to_owned(),
            password: BASE64_STANDARD.encode(hash),
            kind: "PasswordDigest".to_owned(),
            nonce: BASE64_STANDARD.encode(nonce),
            created: created.to_owned(),
        }
    }

    #[test]
    fn a_token_is_good_once_by_the_cameras_clock() {
        let camera = camera("TC-C35XS", Access::Token);
        let unit = camera.unit().unwrap();
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let ask = |token: &Token| check(unit, Some(token), None, "POST", now);
        assert_eq!(check(unit, None, None, "POST", now), Check::Challenge { stale: false });
        assert_eq!(
            ask(&token("2026-03-01T12:00:00Z", PASSWORD, b"one")),
            Check::Refused(1),
            "our clock is not its clock"
        );
        assert_eq!(ask(&token("2026-03-01T19:00:30Z", PASSWORD, b"two")), Check::Granted);
        assert_eq!(ask(&token("2026-03-01T19:00:30Z", PASSWORD, b"two")), Check::Refused(2), "replayed");
        assert_eq!(ask(&token("2026-03-01T19:00:30+00:00", PASSWORD, b"three")), Check::Refused(3), "not Zulu");
        assert_eq!(ask(&token("2026-03-01T19:00:30Z", "wrong", b"four")), Check::Refused(4));
    }

    #[test]
    fn a_digest_is_checked_and_a_foreign_nonce_is_only_stale() {
        let camera = camera("DS-2CD2143G2-I", Access::Digest);
        let unit = camera.unit().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let header = challenge(&camera, unit, false);
        let (realm, nonce) = (parameter(&header[7..], "realm").unwrap(), parameter(&header[7..], "nonce").unwrap());
        assert_eq!(realm, "IP Camera(0203)");
        let hash =
            |text: String| md5::Md5::digest(text.as_bytes()).iter().map(|o| format!("{o:02x}")).collect::<String>();
        let answer = |nonce: &str, password: &str| {
            let known = hash(format!("{USER}:{realm}:{password}"));
            let response = hash(format!("{known}:{nonce}:00000001:abc:auth:{}", hash("POST:/x".to_owned())));
            format!(
                r#"Digest username="{USER}", realm="{realm}", nonce="{nonce}", uri="/x", qop=auth, nc=00000001, cnonce="abc", response="{response}""#
            )
        };
        let ask = |header: &str| check(unit, None, Some(header), "POST", now);
        assert_eq!(ask(&answer(nonce, PASSWORD)), Check::Granted);
        assert_eq!(ask(&answer("00", PASSWORD)), Check::Challenge { stale: true });
        assert_eq!(ask(&answer(nonce, "wrong")), Check::Refused(1));
    }

    #[test]
    fn nonces_have_their_makers_structure() {
        let camera = camera("DS-2CD2143G2-I", Access::Digest);
        let header = challenge(&camera, camera.unit().unwrap(), false);
        let nonce = parameter(&header[7..], "nonce").unwrap();
        let octets: Vec<u8> =
            (0..nonce.len()).step_by(2).map(|at| u8::from_str_radix(&nonce[at..at + 2], 16).unwrap()).collect();
        let inner = String::from_utf8(BASE64_STANDARD.decode(octets).unwrap()).unwrap();
        assert_eq!(inner.split(':').map(str::len).collect::<Vec<_>>(), [8, 8], "{inner}");
    }
}
