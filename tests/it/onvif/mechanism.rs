//! The server's half of HTTP digest and of WS-UsernameToken, to check what the client sends.

use base64::prelude::{BASE64_STANDARD, Engine};
use lenswarden::net::Timestamp;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::double::{Asked, PASSWORD, USER};

fn hex<D: Digest>(parts: &[&str]) -> String {
    D::digest(parts.join(":")).iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A parameter of an `Authorization: Digest` header.
pub(super) fn parameter(header: &str, name: &str) -> Option<String> {
    let at = header
        .find(&format!("{name}="))
        .filter(|at| *at == 0 || !header[..*at].ends_with(|c: char| c.is_alphanumeric()))?;
    let rest = &header[at + name.len() + 1..];
    let Some(quoted) = rest.strip_prefix('"') else { return Some(rest.split(',').next()?.trim().to_owned()) };
    Some(quoted.split('"').next()?.to_owned())
}

/// Whether a digest answers this nonce with the right password.
pub(super) fn digest_is_right(asked: &Asked, nonce: &str) -> bool {
    let Some(header) = asked.header("authorization").and_then(|value| value.strip_prefix("Digest ")) else {
        return false;
    };
    let field = |name: &str| parameter(header, name).unwrap_or_default();
    let sha = field("algorithm").to_uppercase().starts_with("SHA-256");
    let hash = |parts: &[&str]| if sha { hex::<Sha256>(parts) } else { hex::<Md5>(parts) };
    let mut secret = hash(&[USER, &field("realm"), PASSWORD]);
    if field("algorithm").to_lowercase().ends_with("-sess") {
        secret = hash(&[&secret, nonce, &field("cnonce")]);
    }
    let place = hash(&["POST", &field("uri")]);
    let expected = match field("qop").as_str() {
        "" => hash(&[&secret, nonce, &place]),
        qop => hash(&[&secret, nonce, &field("nc"), &field("cnonce"), qop, &place]),
    };
    let asked_for = asked.head.split(' ').nth(1) == Some(field("uri").as_str());
    field("username") == USER && field("nonce") == nonce && field("response") == expected && asked_for
}

fn inside<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let after = body.split_once(&format!("<{name}"))?.1.split_once('>')?.1;
    after.split('<').next()
}

/// Whether a token has the right password, a nonce not seen before and a time within 5 s of the camera's clock.
pub(super) fn token_is_right(asked: &Asked, seen: &mut Vec<String>, skew_s: i64) -> bool {
    let part = |name: &str| inside(&asked.body, name).map(str::to_owned);
    let fields = (
        part("Username>").or_else(|| inside(&asked.body, "Username").map(str::to_owned)),
        part("Password"),
        part("Nonce"),
        part("Created"),
    );
    let (Some(_), Some(digest), Some(nonce), Some(created)) = fields else { return false };
    let raw = BASE64_STANDARD.decode(&nonce).unwrap();
    let right =
        BASE64_STANDARD.encode(Sha1::new().chain_update(&raw).chain_update(&created).chain_update(PASSWORD).finalize());
    let time: Timestamp = created.parse().unwrap();
    let fresh = (time.0 - Timestamp::now().0 - skew_s * 1000).abs() <= 5_000;
    let new = !seen.contains(&nonce);
    seen.push(nonce);
    let named = asked.body.contains(&format!("<Username>{USER}</Username>"));
    right == digest && fresh && new && named && created.ends_with('Z')
}
