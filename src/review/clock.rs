//! What the clock alone changes: days that are over, days that are near, cycles that are late.

use jiff::Unit;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::finding::{Finding, FindingState};
use super::ledger::Ledger;
use crate::net::{CycleId, FindingId, Timestamp};

/// How many days before its day a decision is reminded of.
const REMINDERS: [u8; 3] = [14, 7, 1];
/// How long a device that was isolated stays so without being asked about again, in days.
const ISOLATED_FOR: i64 = 180;

/// Something that people must be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// `reminder`, `escalation`.
    pub kind: &'static str,
    /// The finding it is about, where it is about one.
    pub finding: Option<FindingId>,
    /// In words.
    pub words: String,
}

/// What the clock changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tick {
    /// Findings that differ from before.
    pub findings: Vec<FindingId>,
    /// Cycles that do.
    pub cycles: Vec<CycleId>,
    /// What people must be told.
    pub notices: Vec<Notice>,
}

fn days(from: Date, to: Date) -> i64 {
    from.until((Unit::Day, to)).map_or(0, |span| i64::from(span.get_days()))
}

/// Whether a decision is over: its day is, and nothing proves that it was done.
fn is_over(finding: &Finding, today: Date) -> bool {
    let Some(until) = finding.decision.as_ref().and_then(|decision| decision.kind.until()) else { return false };
    match finding.state {
        FindingState::Accepted => until < today,
        // It is gone, and the proof of that takes its time.
        FindingState::RemoveBy | FindingState::ReplaceBy => until < today && finding.handling.absent.is_none(),
        // It was done; whether it may stay so is asked again.
        FindingState::IsolateBy if finding.handling.isolated.is_some() => days(until, today) > ISOLATED_FOR,
        FindingState::IsolateBy => until < today && finding.handling.absent.is_none(),
        FindingState::Open | FindingState::NotInScope | FindingState::Closed => false,
    }
}

/// The reminder that is due of what was decided then and holds until that day, as its number of days. One that was due
/// when it was decided never is.
#[must_use]
pub fn reminder(until: Date, decided: Timestamp, reminded: Option<u8>, today: Date) -> Option<u8> {
    let decided = decided.to_jiff().to_zoned(TimeZone::UTC).date();
    let (left, all) = (days(today, until), days(decided, until));
    let due = |before: &&u8| {
        let days = i64::from(**before);
        (0..=days).contains(&left) && all > days && reminded.is_none_or(|last| last > **before)
    };
    REMINDERS.iter().filter(due).min().copied()
}

impl Ledger {
    /// What is so by this moment and this day: a decision whose day is over is open again, and its clock starts anew.
    pub fn tick(&mut self, at: Timestamp, today: Date) -> Tick {
        let mut tick = Tick::default();
        let moved = |finding: &&Finding| {
            let dropped = finding.handling.proposed.as_ref().and_then(|proposed| proposed.kind.until());
            is_over(finding, today)
                || dropped.is_some_and(|until| until < today)
                || self::reminded(finding, today).is_some()
        };
        let moved: Vec<Finding> = self.findings.values().filter(moved).cloned().collect();
        for mut finding in moved {
            let id = finding.id;
            if let Some((before, words)) = reminded(&finding, today) {
                finding.handling.reminded = Some(before);
                tick.notices.push(Notice { kind: "reminder", finding: Some(id), words });
            }
            let proposed = finding.handling.proposed.as_ref().and_then(|proposed| proposed.kind.until());
            if proposed.is_some_and(|until| until < today) {
                finding.handling.proposed = None;
            }
            if is_over(&finding, today) {
                finding = finding.opened_again(at);
            }
            if self.put(finding) {
                tick.findings.push(id);
            }
        }
        let waits = |id: &FindingId| self.findings.get(id).is_some_and(|finding| finding.state == FindingState::Open);
        for cycle in self.cycles.values_mut() {
            let waiting = cycle.items.iter().filter(|id| waits(id)).count();
            let late = cycle.closed.is_none() && cycle.escalated.is_none() && cycle.due < at;
            if let Some(to) = cycle.escalate_to.clone().filter(|_| late) {
                cycle.escalated = Some(at);
                tick.cycles.push(cycle.id);
                let words = format!(
                    "to {to}: cycle {} of review {} was due {}: {waiting} of {} wait, {} answers for it",
                    cycle.id,
                    cycle.name,
                    cycle.due,
                    cycle.items.len(),
                    cycle.owner
                );
                tick.notices.push(Notice { kind: "escalation", finding: None, words });
            }
        }
        tick
    }
}

/// The reminder of a finding that is due, with its words.
fn reminded(finding: &Finding, today: Date) -> Option<(u8, String)> {
    let decided = !matches!(finding.state, FindingState::Open | FindingState::Closed);
    let decision = finding.decision.as_ref().filter(|_| decided)?;
    let until = decision.kind.until()?;
    let before = reminder(until, decision.at, finding.handling.reminded, today)?;
    let left = days(today, until);
    let words = format!(
        "finding {}: {} ends in {left} days, decided by {}",
        finding.id,
        decision.kind.words(),
        decision.author.name
    );
    Some((before, words))
}
