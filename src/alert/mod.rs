//! Changes as messages: who is told of which finding, in which words, over which carrier.
//!
//! [`Dispatch`] turns findings that changed into rows of the outbox ([`crate::store::Outbox`]), which are written in the
//! transaction of the findings themselves. What waits there is sent by [`send`], at least once.

mod carrier;
mod dispatch;
mod line;
mod syslog;
#[cfg(test)]
mod tests;

pub use carrier::{Origin, SendError, address, send};
pub use dispatch::Dispatch;

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

/// The message that stands in for `count` alerts that too many waited before.
#[must_use]
pub fn lost(carrier: &str, count: u64, at: Timestamp) -> Alert {
    Alert {
        id: 0,
        carrier: carrier.to_owned(),
        severity: Severity::Breach,
        kind: "lost".to_owned(),
        at,
        text: format!("lost alerts={count}: too many waited while this carrier failed; see 'lenswarden findings'"),
    }
}

/// A trial message.
#[must_use]
pub fn trial(carrier: &str, at: Timestamp) -> Alert {
    Alert {
        id: 0,
        carrier: carrier.to_owned(),
        severity: Severity::Info,
        kind: "test".to_owned(),
        at,
        text: format!("test alert={}: a trial, nothing happened", line::value(carrier, 64)),
    }
}
