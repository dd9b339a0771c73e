//! What an answer means for who may ask (ONVIF Core §5.12.1): pure reading, so that the rule which keeps cameras
//! from locking us out stands in one place.

use super::digest::Challenge;
use super::lockout::connections_full;
use super::service::{Answer, Operation};
use super::soap::Payload;
use super::xml::Element;
use crate::net::DeviceText;

/// What the answer to a request that proved nothing says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Here it is.
    Granted(Element),
    /// A user is needed, over HTTP digest.
    NeedsDigest(Challenge),
    /// A user is needed, over WS-UsernameToken.
    NeedsToken,
    /// A user is needed, and only methods are offered that show the password or are not known here.
    Unsafe(DeviceText),
    /// It has no such operation.
    Unsupported,
    /// Neither an answer nor a question for a user.
    Failed(String),
}

/// What the answer to a request with a credential says about the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Taken.
    Taken(Element),
    /// The nonce was too old: the one case in which the same credential may be sent again, once.
    Stale(Challenge),
    /// Refused, in the camera's words.
    Refused(DeviceText),
    /// It has no such operation, and so says nothing of the credential.
    Unsupported,
    /// It does not say.
    Undecided(String),
}

/// Reads the answer to a request that proved nothing.
#[must_use]
pub fn access(answer: &Answer, operation: Operation) -> Access {
    if let Some(full) = full(answer) {
        return Access::Failed(full);
    }
    if answer.status == 401 && !answer.challenges.is_empty() {
        if let Some(challenge) = answer.challenges.iter().find(|challenge| challenge.usable()) {
            return Access::NeedsDigest(challenge.clone());
        }
        let offered: Vec<&str> = answer.challenges.iter().map(|challenge| challenge.scheme.as_str()).collect();
        return Access::Unsafe(DeviceText::new(&offered.join(", ")));
    }
    match answer.envelope.as_ref().map(|envelope| &envelope.payload) {
        Ok(Payload::Reply(reply)) if reply.name == operation.reply() => Access::Granted(reply.clone()),
        Ok(Payload::Fault(fault)) if fault.about_authorization() => Access::NeedsToken,
        Ok(Payload::Fault(fault)) if fault.unsupported() => Access::Unsupported,
        _ if answer.status == 401 => Access::Unsafe(DeviceText::new("nothing")),
        _ => Access::Failed(failure(answer)),
    }
}

/// Reads the answer to a request that carried a credential. `before` is the challenge it answered, if it was one.
#[must_use]
pub fn verdict(answer: &Answer, operation: Operation, before: Option<&Challenge>) -> Verdict {
    let payload = answer.envelope.as_ref().map(|envelope| &envelope.payload);
    let fault = match payload {
        Ok(Payload::Fault(fault)) => Some(fault),
        _ => None,
    };
    if answer.status == 401 && before.is_some() {
        let renewed = |challenge: &&Challenge| {
            challenge.usable() && challenge.stale() && challenge.get("nonce") != before.and_then(|old| old.get("nonce"))
        };
        if let Some(challenge) = answer.challenges.iter().find(renewed) {
            return Verdict::Stale(challenge.clone());
        }
    }
    if let Some(full) = full(answer) {
        return Verdict::Undecided(full);
    }
    // 407, 423 and 429 are no right answers to a password, but answers about it.
    if matches!(answer.status, 401 | 403 | 407 | 423 | 429) {
        let words = fault.map_or_else(|| status(answer.status), |fault| fault.text().to_string());
        return Verdict::Refused(DeviceText::new(&words));
    }
    match payload {
        Ok(Payload::Reply(reply)) if reply.name == operation.reply() => Verdict::Taken(reply.clone()),
        Ok(Payload::Fault(fault)) if fault.about_authorization() => Verdict::Refused(fault.text()),
        Ok(Payload::Fault(fault)) if fault.unsupported() => Verdict::Unsupported,
        _ => Verdict::Undecided(failure(answer)),
    }
}

/// A refusal that is about connections and not about a user: some cameras answer 401 to both. Whoever is asked with a
/// credential all the same has an attempt without an outcome.
fn full(answer: &Answer) -> Option<String> {
    let refused =
        answer.status >= 400 || matches!(answer.envelope.as_ref().map(|it| &it.payload), Ok(Payload::Fault(_)));
    let words = answer.words();
    let is_full = refused && connections_full(&words);
    is_full.then(|| format!("too many are connected to it ({}); {}", DeviceText::new(&words), status(answer.status)))
}

/// Why an answer is none, for a person.
fn failure(answer: &Answer) -> String {
    match answer.envelope.as_ref().map(|envelope| &envelope.payload) {
        _ if (300..400).contains(&answer.status) => {
            format!("{}: a redirect, which is never followed", status(answer.status))
        }
        Ok(Payload::Fault(fault)) => format!("SOAP fault {}", fault.text()),
        Ok(Payload::Reply(reply)) => format!("an unexpected reply {}", DeviceText::new(&reply.name)),
        Err(error) if answer.status == 200 => format!("the answer cannot be read: {error}"),
        Err(_) => status(answer.status),
    }
}

fn status(code: u16) -> String {
    format!("HTTP status {code}")
}
