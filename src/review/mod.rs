//! Findings over time, review cycles and decisions. Pure.

mod changed;
mod clock;
mod cycle;
mod decide;
mod decision;
mod finding;
mod ledger;
#[cfg(test)]
mod model_tests;
mod outlook;
mod refusal;
mod rejudge;
mod rules;
#[cfg(test)]
mod tests;

pub use changed::changed;
pub use clock::{Notice, Tick, reminder};
pub use cycle::{Attestation, Counts, Cycle, LookedAt, Part, Reporting};
pub use decision::{Attachment, Decision, DecisionKind, DecisionRequest, Matter, Stage};
pub use finding::{Absence, Closing, Finding, FindingState, Handling, Successor};
pub use ledger::Ledger;
pub use outlook::{Group, Outlook, Shift, Tally, Turn};
pub use refusal::Refusal;
pub use rejudge::{Measure, Rejudged, judge_entry, rejudge};
pub use rules::{Actor, Role, Rules};

pub use crate::config::TwoPersons;
pub use crate::maker::Claim;
pub use crate::net::Author;

use jiff::Span;
use jiff::civil::Date;

/// Longest acceptance, in days.
pub const LONGEST_ACCEPTANCE: u16 = 180;

/// The last day an acceptance decided today may run to, where nothing asks for a nearer one.
#[must_use]
pub fn latest_acceptance(today: Date) -> Date {
    today.saturating_add(Span::new().days(i64::from(LONGEST_ACCEPTANCE)))
}

/// A day as people write it: `2026-12-31`, or so many days from today: `+30d`.
///
/// # Errors
/// It is neither.
pub fn day(text: &str, today: Date) -> Result<Date, String> {
    let text = text.trim();
    let days = text.strip_prefix('+').and_then(|rest| rest.strip_suffix('d')).and_then(|days| days.parse::<i32>().ok());
    let read = match days {
        Some(days) => Span::new().try_days(days).ok().map(|span| today.saturating_add(span)),
        None => text.parse().ok(),
    };
    read.ok_or_else(|| format!("'{text}' is no day: 2026-12-31 or +30d"))
}
