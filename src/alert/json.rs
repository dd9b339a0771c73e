//! An alert as JSON, version 1: the body of a webhook and what a command reads. Keys are added within a version, none
//! changes its meaning.

use serde::Serialize;

use super::Origin;
use super::word;
use crate::net::Timestamp;
use crate::store::{Alert, Brief};

/// The version of this form.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Body<'a> {
    version: u32,
    id: &'a str,
    at: Timestamp,
    host: &'a str,
    alert: &'a str,
    kind: &'a str,
    severity: &'a str,
    text: &'a str,
    findings: &'a [Brief],
    more: usize,
}

/// The same message is the same octets, however often it is sent.
pub(super) fn body(alert: &Alert, origin: &Origin) -> Vec<u8> {
    let body = Body {
        version: VERSION,
        id: &alert.key,
        at: alert.at,
        host: &origin.host,
        alert: &alert.carrier,
        kind: &alert.kind,
        severity: word(alert.severity),
        text: &alert.text,
        findings: &alert.findings,
        more: alert.more,
    };
    // Numbers, texts and lists of them: there is nothing in it that cannot be written.
    serde_json::to_vec(&body).unwrap_or_default()
}
