//! Changes as messages: who is told of which finding, in which words, over which carrier.
//!
//! [`Dispatch`] turns findings that changed into rows of the outbox ([`crate::store::Outbox`]), which are written in the
//! transaction of the findings themselves. What waits there is sent by [`send`], at least once.

mod brief;
mod carrier;
mod command;
mod connect;
mod dispatch;
mod hold;
mod journal;
mod json;
mod line;
mod mail;
mod operation;
mod syslog;
#[cfg(test)]
mod tests;
mod told;
mod webhook;

pub use brief::View;
pub use carrier::{Origin, SendError, address, receipt, send};
pub use dispatch::{Dispatch, Memory};
pub use operation::Wrong;

use crate::net::Timestamp;
use crate::policy::Severity;
use crate::store::Alert;

/// A severity as the configuration and the messages spell it.
fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Breach => "breach",
        Severity::Action => "action",
        Severity::Review => "review",
        Severity::Info => "info",
    }
}

/// A message that is not in the outbox yet.
fn message(carrier: &str, severity: Severity, kind: &str, at: Timestamp, text: String) -> Alert {
    Alert {
        id: 0,
        key: String::new(),
        carrier: carrier.to_owned(),
        severity,
        kind: kind.to_owned(),
        at,
        text,
        findings: Vec::new(),
        more: 0,
        body: String::new(),
    }
}

/// The message that stands in for `count` alerts that too many waited before.
#[must_use]
pub fn lost(carrier: &str, count: u64, at: Timestamp) -> Alert {
    let text = format!("lost alerts={count}: too many waited while this carrier failed; see 'lenswarden findings'");
    message(carrier, Severity::Breach, "lost", at, text)
}

/// A trial message.
#[must_use]
pub fn trial(carrier: &str, at: Timestamp) -> Alert {
    let text = format!("test alert={}: a trial, nothing happened", line::value(carrier, 64));
    Alert { key: format!("test-{}", at.0), ..message(carrier, Severity::Info, "test", at, text) }
}
