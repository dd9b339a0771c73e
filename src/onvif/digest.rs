//! HTTP digest access authentication, the client's half (RFC 7616, RFC 2617, RFC 2069).
//!
//! Reads challenges as cameras write them: several in a header, a scheme in any case, values without quotes,
//! missing commas. Answers with the parameters that the challenge gave and no other: firmware exists that refuses
//! an `algorithm` it did not name.

use md5::Md5;
use sha2::Sha256;

use super::OnvifError;

/// Most challenges read of one reply, and most parameters of one.
const MAX_CHALLENGES: usize = 8;
const MAX_PARAMETERS: usize = 24;

/// One challenge of `WWW-Authenticate`. Text is Latin-1: a character is an octet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Challenge {
    /// Its scheme, lower case.
    pub scheme: String,
    /// Its parameters, names in lower case, in their order.
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// A parameter's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The nonce was only too old: the one refusal that says nothing about the password.
    #[must_use]
    pub fn stale(&self) -> bool {
        self.get("stale").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A digest challenge that [`answer`] can answer.
    #[must_use]
    pub fn usable(&self) -> bool {
        self.scheme == "digest"
            && self.get("nonce").is_some()
            && self.algorithm().is_some()
            && self.protection().is_some()
    }

    fn algorithm(&self) -> Option<Algorithm> {
        let (hash, session) = match self.get("algorithm").unwrap_or("MD5").to_ascii_uppercase().as_str() {
            "MD5" => (hex::<Md5> as fn(&[&[u8]]) -> String, false),
            "MD5-SESS" => (hex::<Md5> as fn(&[&[u8]]) -> String, true),
            "SHA-256" => (hex::<Sha256> as fn(&[&[u8]]) -> String, false),
            "SHA-256-SESS" => (hex::<Sha256> as fn(&[&[u8]]) -> String, true),
            _ => return None,
        };
        Some(Algorithm { hash, session })
    }

    /// `Some(true)` for qop=auth, `Some(false)` for none (RFC 2069), `None` for what is not spoken here.
    fn protection(&self) -> Option<bool> {
        match self.get("qop") {
            None => Some(false),
            Some(offered) if offered.trim().is_empty() => Some(false),
            Some(offered) => offered.split([',', ' ']).any(|word| word.eq_ignore_ascii_case("auth")).then_some(true),
        }
    }
}

struct Algorithm {
    hash: fn(&[&[u8]]) -> String,
    session: bool,
}

fn hex<D: sha2::Digest>(parts: &[&[u8]]) -> String {
    let mut hash = D::new();
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Latin-1 text back to its octets.
fn octets(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect()
}

/// Reads the challenges of every `WWW-Authenticate` header of a reply.
#[must_use]
pub fn challenges<'a>(headers: impl Iterator<Item = &'a [u8]>) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    for header in headers {
        let text: String = header.iter().map(|octet| char::from(*octet)).collect();
        let mut rest = text.as_str();
        // A parameter belongs to the scheme before it in the same header.
        let mut current: Option<Challenge> = None;
        loop {
            rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            let end = rest.find(|c: char| c == '=' || c == ',' || c == '"' || c.is_whitespace()).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let parameter = after.trim_start().strip_prefix('=').filter(|_| !word.is_empty());
            if let Some(value) = parameter {
                let (value, after) = value_of(value.trim_start());
                rest = after;
                if let Some(challenge) = current.as_mut().filter(|known| known.parameters.len() < MAX_PARAMETERS) {
                    challenge.parameters.push((word.to_ascii_lowercase(), value));
                }
                continue;
            }
            if let Some(challenge) = current.take() {
                found.push(challenge);
            }
            if rest.is_empty() || found.len() >= MAX_CHALLENGES {
                break;
            }
            if word.is_empty() {
                // A stray quote or equals sign.
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            current = Some(Challenge { scheme: word.to_ascii_lowercase(), parameters: Vec::new() });
            rest = after;
        }
    }
    found
}

/// A value, quoted or not, and what follows it.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(text.len());
        let (value, after) = text.split_at(end);
        return (value.to_owned(), after);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

/// The value of `Authorization` that answers a challenge for one request.
///
/// # Errors
/// The challenge is not [`Challenge::usable`], or the system gives no randomness.
pub fn answer(
    challenge: &Challenge,
    method: &str,
    uri: &str,
    user: &str,
    password: &str,
) -> Result<Vec<u8>, OnvifError> {
    let random = getrandom::u64().map_err(|_| OnvifError::Request("no randomness"))?;
    with_cnonce(challenge, method, uri, user, password, &format!("{random:016x}"))
}

fn with_cnonce(
    challenge: &Challenge,
    method: &str,
    uri: &str,
    user: &str,
    password: &str,
    cnonce: &str,
) -> Result<Vec<u8>, OnvifError> {
    const COUNT: &str = "00000001";
    let unusable = || OnvifError::Request("the digest challenge cannot be answered");
    let Algorithm { hash, session } = challenge.algorithm().ok_or_else(unusable)?;
    let protected = challenge.protection().ok_or_else(unusable)?;
    let nonce = octets(challenge.get("nonce").ok_or_else(unusable)?);
    let realm = octets(challenge.get("realm").unwrap_or_default());
    let mut secret = hash(&[user.as_bytes(), &realm, password.as_bytes()]);
    if session {
        secret = hash(&[secret.as_bytes(), &nonce, cnonce.as_bytes()]);
    }
    let asked = hash(&[method.as_bytes(), uri.as_bytes()]);
    let response = if protected {
        hash(&[secret.as_bytes(), &nonce, COUNT.as_bytes(), cnonce.as_bytes(), b"auth", asked.as_bytes()])
    } else {
        hash(&[secret.as_bytes(), &nonce, asked.as_bytes()])
    };

    let mut out = b"Digest ".to_vec();
    quoted(&mut out, "username", user.as_bytes());
    for name in ["realm", "nonce", "opaque"] {
        if let Some(value) = challenge.get(name) {
            out.extend(b", ");
            quoted(&mut out, name, &octets(value));
        }
    }
    out.extend(b", ");
    quoted(&mut out, "uri", uri.as_bytes());
    if let Some(algorithm) = challenge.get("algorithm") {
        out.extend(b", algorithm=");
        out.extend(octets(algorithm));
    }
    if protected {
        out.extend(format!(", qop=auth, nc={COUNT}").bytes());
    }
    if protected || session {
        out.extend(format!(", cnonce=\"{cnonce}\"").bytes());
    }
    out.extend(format!(", response=\"{response}\"").bytes());
    Ok(out)
}

fn quoted(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend(name.bytes());
    out.extend(b"=\"");
    for octet in value {
        if matches!(octet, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*octet);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests;
