//! The case record of one device: what FAR 52.204-25 paragraph (d)(2) asks of a contractor who finds covered equipment,
//! within one business day and within ten more. What this program cannot know stands there as a field to fill in.

use jiff::civil::{Date, Weekday};
use serde_json::Value;

use super::cells::{FACTS, fact};
use super::device::Known;
use super::paper::{Frame, Paper, Row, Sheet};
use crate::config::NetworkKind;
use crate::maker::Evidence;
use crate::net::Timestamp;
use crate::net::text::clean;
use crate::policy::{HOUSE, Status};
use crate::review::{Decision, DecisionKind, Finding, FindingState};

/// The shipped pack of section 889, which the clause carries out.
const PACK: &str = "us-889";
const FILL_IN: &str = "to be filled in";
/// Business days of the second record.
const SECOND: u32 = 10;

/// So many business days later: Saturdays and Sundays do not count.
fn business_days(from: Date, count: u32) -> Date {
    let mut day = from;
    let mut left = count;
    while left > 0 && day < Date::MAX {
        day = day.saturating_add(jiff::Span::new().days(1));
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    day
}

fn day(at: Timestamp) -> Date {
    at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// A field that nobody here can fill in, with what is known of it all the same.
fn open(field: &str, known: &str) -> Row {
    fact(field, format!("{FILL_IN}: {known}"), "", Value::Null)
}

/// When it was identified, by what.
struct Identified<'a> {
    /// When a rule of a pack first said so; `None`: none does.
    judged: Option<(Timestamp, &'a Finding)>,
    /// The first piece of evidence for its maker.
    observed: Option<&'a Evidence>,
}

impl<'a> Identified<'a> {
    fn of(known: &Known<'a>) -> Self {
        // What the log tells of a finding first, or where that is too long ago, its latest opening.
        let opened = |finding: &Finding| {
            let rows = known.entries.iter().filter(|entry| entry.kind == "finding");
            let first = rows.filter(|entry| entry.subject == finding.id.to_string()).map(|entry| entry.at).min();
            first.map_or(finding.since, |first| first.min(finding.since))
        };
        let of_a_pack = known.findings.iter().filter(|finding| finding.policy.as_str() != HOUSE);
        let judged = of_a_pack.map(|finding| (opened(finding), finding)).min_by_key(|(at, finding)| (*at, finding.id));
        let attribution = &known.device.attribution;
        let speaks = attribution.evidence.iter().filter(|mark| mark.maker.is_some() && mark.maker == attribution.maker);
        Self { judged, observed: speaks.min_by_key(|mark| mark.observed_at) }
    }

    /// The moment both clocks are counted from.
    fn at(&self) -> Option<Timestamp> {
        self.judged.map(|(at, _)| at).or(self.observed.map(|mark| mark.observed_at))
    }
}

/// The two days by which something is due, and what they are counted from.
fn clocks(frame: &Frame<'_>, identified: &Identified<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend(identified.judged.map(|(at, finding)| {
        let words = format!("finding {} opened: {}", finding.id, frame.rule(finding));
        fact("identified", words, "change log", frame.moment(Some(at)))
    }));
    rows.extend(identified.observed.map(|mark| {
        let words = format!("{}: {}", clean(&mark.source), frame.names.words(&mark.text));
        fact(
            "first observation that speaks for the maker",
            words,
            &clean(&mark.source),
            frame.moment(Some(mark.observed_at)),
        )
    }));
    let Some(at) = identified.at() else {
        rows.push(fact("due", "not known: nothing identifies it as covered equipment", "", Value::Null));
        return rows;
    };
    let from = if identified.judged.is_some() {
        "counted from the opening of the finding"
    } else {
        "counted from the first observation"
    };
    let first = business_days(day(at), 1);
    let last = business_days(first, SECOND);
    rows.push(fact("first record due", format!("{first}, one business day after {}", day(at)), from, Value::Null));
    rows.push(open("first record submitted", "when it was is not known here"));
    let words = format!(
        "ten business days after the first record is submitted: {} if that is done on the day of identification, {last} at the latest",
        business_days(day(at), SECOND)
    );
    rows.push(fact("second record due", words, from, Value::Null));
    let words = "days are in UTC; Saturdays and Sundays do not count, public holidays are not known here and do";
    rows.push(fact("how it is counted", words, "", Value::Null));
    rows
}

/// What a decision does about the risk, in words.
fn mitigation(frame: &Frame<'_>, finding: &Finding, decision: &Decision) -> Row {
    let control = match &decision.kind {
        DecisionKind::Accept { control, .. } if !control.is_empty() => {
            format!("; meanwhile: {}", frame.names.words(control))
        }
        _ => String::new(),
    };
    let reason = decision.kind.reason().map(|reason| format!("; because: {}", frame.names.words(reason)));
    let words = format!("{}{}{control}", frame.names.words(&decision.kind.words()), reason.unwrap_or_default());
    let approver = decision.approver.as_ref().map(|who| format!(", approved by {}", text(&frame.person(who))));
    let by = format!("{}{}", text(&frame.person(&decision.author)), approver.unwrap_or_default());
    fact(&format!("decided on finding {}", finding.id), words, &by, frame.moment(Some(decision.at)))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What is done about it: decisions in force, what was proposed, how far its removal is, where it is set apart.
fn mitigations(frame: &Frame<'_>, known: &Known<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    let standing = || known.findings.iter().filter(|finding| finding.state != FindingState::Closed);
    for finding in standing() {
        rows.extend(finding.decision.as_ref().map(|decision| mitigation(frame, finding, decision)));
        rows.extend(
            super::tables::handling(finding)
                .iter()
                .map(|line| fact(&format!("finding {}", finding.id), frame.names.words(line), "", Value::Null)),
        );
    }
    let place = &known.device.place;
    let apart = place.network_kind == Some(NetworkKind::Surveillance) && place.gone.is_none();
    if let Some(network) = place.network.as_ref().filter(|_| apart) {
        let words = format!(
            "it is on network {}, which is set apart for surveillance equipment",
            frame.names.name("network", network.as_str())
        );
        rows.push(fact("placement", words, "observed", frame.moment(Some(place.since))));
    }
    rows.extend(
        place
            .gone
            .map(|gone| fact("placement", "no polled port shows it any more", "observed", frame.moment(Some(gone)))),
    );
    if standing().all(|finding| finding.decision.is_none()) {
        rows.push(fact("mitigation", "nothing was decided about it", "change log", Value::Null));
    }
    rows.extend(standing().filter(|finding| finding.state == FindingState::Open).map(|finding| {
        let field = format!("asked for by {}", frame.rule(finding));
        fact(&field, frame.rule_words(finding), "the policy", frame.moment(Some(finding.since)))
    }));
    rows
}

/// Within one business day: (d)(2)(i).
fn first(frame: &Frame<'_>, known: &Known<'_>) -> Vec<Row> {
    let device = known.device;
    let attribution = &device.attribution;
    let identity = known.identity(frame);
    let of = |field: &str| {
        let row = identity.iter().find(|row| row.first().is_some_and(|cell| cell == field));
        row.and_then(|row| row.get(1)).map(text).unwrap_or_default().to_owned()
    };
    let maker = attribution.name.as_str();
    let supplier = match maker {
        "" => "who supplied it is not known here, nor who made it".to_owned(),
        maker => format!("who supplied it is not known here; {} made it", clean(maker)),
    };
    let brand = attribution.brand.as_deref().unwrap_or(maker);
    let described = [
        ("", "class"),
        ("firmware ", "firmware"),
        ("serial number ", "serial number"),
        ("MAC address ", "MAC address"),
    ];
    let described: Vec<String> = described
        .iter()
        .map(|(before, field)| (before, of(field)))
        .filter(|(_, value)| !value.is_empty() && value != super::cells::NOT_KNOWN)
        .map(|(before, value)| format!("{before}{value}"))
        .collect();
    let place = &device.place;
    let site = place.site.as_ref().map(|site| text(&frame.site_name(Some(site))).to_owned()).unwrap_or_default();
    let since = frame.moment(Some(device.first_seen));
    vec![
        open("contract number", "contracts are not known here"),
        open("order numbers", "orders are not known here, if any apply"),
        open("supplier name", &supplier),
        open("supplier unique entity identifier", "not known here, if it is known at all"),
        open("supplier CAGE code", "not known here, if it is known at all"),
        fact("maker", of("maker"), "evidence below", Value::Null),
        fact("brand", clean(brand), "evidence below", Value::Null),
        fact("model number", of("model"), "its own word", Value::Null),
        fact("item description", described.join(", "), "its own word, forwarding tables", since),
        fact(
            "where it is",
            site,
            &format!("certainty {}", crate::snapshot::word(&place.certainty)),
            frame.moment(Some(place.since)),
        ),
    ]
}

/// Within ten business days more: (d)(2)(ii), beside the mitigation, of which all that is known is told again.
fn second(frame: &Frame<'_>, known: &Known<'_>) -> Vec<Row> {
    let snapshot = frame.snapshot;
    let mut rows = Vec::new();
    let packs = frame.packs();
    let watched = format!(
        "switches and cameras are polled, and whatever is new is judged at once by policies {}; switches every {} s",
        packs.join(", "),
        snapshot.daemon.poll_every_s
    );
    rows.push(fact("efforts to prevent use: watch", watched, "configuration in force", Value::Null));
    if let Some(site) = known.device.place.site.as_ref().filter(|site| snapshot.sites.contains_key(*site)) {
        let coverage = snapshot.coverage_of(site);
        let shares = coverage.factors.iter().map(|factor| match factor.percent() {
            Some(percent) => format!("{} {percent} %", factor.kind.word()),
            None => format!("{} not known", factor.kind.word()),
        });
        let words = shares.collect::<Vec<_>>().join(", ");
        rows.push(fact("efforts to prevent use: what of its site is looked at", words, "observed", Value::Null));
    }
    let of_it = |id| known.findings.iter().any(|finding| finding.id == id);
    for cycle in snapshot.cycles.values().filter(|cycle| cycle.items.iter().any(|id| of_it(*id))) {
        let closed = cycle.closed.map_or_else(|| "open".to_owned(), |at| format!("closed {}", frame.minute(at)));
        let words = format!("cycle {} of review {}: {closed}", cycle.id, frame.names.name("review", &cycle.name));
        rows.push(fact("efforts to prevent use: review", words, "change log", frame.moment(Some(cycle.opened))));
    }
    rows.push(open(
        "other efforts to prevent use or submission",
        "what was done outside this program is not known here",
    ));
    let planned = known.findings.iter().filter(|finding| finding.state != FindingState::Closed);
    let planned = planned.filter_map(|finding| Some((finding, finding.decision.as_ref()?)));
    for (finding, decision) in planned.filter(|(_, decision)| decision.kind.removes()) {
        let words = format!("{} (finding {})", decision.kind.words(), finding.id);
        rows.push(fact(
            "additional efforts: planned",
            words,
            text(&frame.person(&decision.author)),
            frame.moment(Some(decision.at)),
        ));
    }
    rows.push(open("additional efforts to be incorporated", "what else is meant to be done is not known here"));
    rows
}

/// The record.
#[must_use]
pub fn record<'a>(frame: &'a Frame<'a>, known: &Known<'a>) -> Paper<'a> {
    let identified = Identified::of(known);
    let in_force = frame.snapshot.policies.iter().any(|pack| pack == PACK);
    let covered = known.findings.iter().find(|finding| finding.policy.as_str() == PACK);
    let judged = match (in_force, covered) {
        (false, _) => {
            format!("Pack {PACK} is not in force here: whether the clause covers this maker is not judged by it.")
        }
        (true, Some(finding)) => format!(
            "By pack {PACK} the clause's equipment: finding {}, {}.",
            finding.id,
            crate::snapshot::word(&finding.state)
        ),
        (true, None) => format!("Pack {PACK} is in force and has no finding about this device."),
    };
    let doubt = (known.status != Status::Restricted).then(|| {
        format!(
            "Its count word is {}: that it is covered equipment is not established.",
            crate::snapshot::word(&known.status)
        )
    });
    let mut terms = frame.terms();
    terms.push(
        "Contents of FAR 52.204-25 (d)(2); fields that this program cannot know say 'to be filled in'.".to_owned(),
    );
    terms.push(judged);
    terms.extend(doubt);
    let due = match identified.at() {
        Some(at) => {
            let first = business_days(day(at), 1);
            format!(
                "first record by {first}, second ten business days after it is submitted, {} at the latest",
                business_days(first, SECOND)
            )
        }
        None => "nothing identifies it as covered equipment".to_owned(),
    };
    Paper {
        terms,
        summary: vec![("device", format!("{}, number {}", known.name(frame), known.device.id)), ("due", due)],
        fields: vec![("device", known.device.id.0.into())],
        sheets: vec![
            Sheet::of(("clocks", "When it is due"), FACTS, clocks(frame, &identified)),
            Sheet::of(("first", "Within one business day: (d)(2)(i)"), FACTS, first(frame, known)),
            Sheet::of(
                ("mitigation", "Mitigation undertaken or recommended, for both records"),
                FACTS,
                mitigations(frame, known),
            ),
            Sheet::of(("second", "Within ten business days more: (d)(2)(ii)"), FACTS, second(frame, known)),
            known.evidence(frame),
            frame.findings("Findings", known.findings.iter()),
            frame.decisions(("decisions", "Everything that was decided, oldest first"), known.decisions.iter(), |it| {
                known.holds(it)
            }),
        ],
        ..frame.paper("lenswarden-case", format!("Device {}: case record", known.name(frame)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn business_days_leave_out_the_end_of_the_week() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        for (from, count, expected) in [
            ("2026-11-23", 1, "2026-11-24"),
            ("2026-11-27", 1, "2026-11-30"),
            ("2026-11-28", 1, "2026-11-30"),
            ("2026-11-29", 1, "2026-11-30"),
            ("2026-11-24", 10, "2026-12-08"),
            ("2026-11-27", 10, "2026-12-11"),
        ] {
            assert_eq!(business_days(day(from), count), day(expected), "{count} after {from}");
        }
        assert_eq!(business_days(Date::MAX, 10), Date::MAX);
    }
}
