//! A review cycle as a report: who attested what, what was looked at, every item and what was decided on it. Of a cycle
//! that ended it tells what stood then, whenever it is made.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cells::{FACTS, decided, fact, said, spelled};
use super::paper::{Frame, Paper, Row, Sheet};
use super::tables;
use crate::net::text::clean;
use crate::net::{DeviceId, FindingId};
use crate::review::{Attestation, Cycle, DecisionKind, Finding, FindingState, LookedAt, Part};
use crate::snapshot::DeviceRow;

/// A cycle with what stands, or stood, in it.
#[derive(Debug, Clone)]
pub struct Gone<'a> {
    /// The cycle.
    pub cycle: &'a Cycle,
    /// Its findings; of some nothing may be known any more.
    pub findings: &'a BTreeMap<FindingId, Finding>,
    /// Their devices, likewise.
    pub devices: &'a BTreeMap<DeviceId, DeviceRow>,
}

/// The four shares in words.
#[must_use]
pub fn shares(looked: &LookedAt) -> String {
    let part = |name: &str, part: &Part| match part.percent() {
        Some(percent) => format!("{name} {percent} % ({}/{})", part.seen, part.expected),
        None => format!("{name} not known"),
    };
    let parts = [
        part("ranges", &looked.ranges),
        part("switches", &looked.switches),
        part("ports", &looked.ports),
        part("register", &looked.register),
    ];
    parts.join(", ")
}

/// How many items stand how.
#[must_use]
pub fn counted(cycle: &Cycle, findings: &BTreeMap<FindingId, Finding>) -> String {
    let of = |states: &[FindingState]| {
        let items = cycle.items.iter().filter_map(|id| findings.get(id));
        items.filter(|finding| states.contains(&finding.state)).count()
    };
    use FindingState as S;
    format!(
        "{} items: {} wait, {} are to be removed, isolated or replaced, {} accepted, {} not in scope, {} closed",
        cycle.items.len(),
        of(&[S::Open]),
        of(&[S::RemoveBy, S::IsolateBy, S::ReplaceBy]),
        of(&[S::Accepted]),
        of(&[S::NotInScope]),
        of(&[S::Closed])
    )
}

fn about(frame: &Frame<'_>, cycle: &Cycle) -> Vec<Row> {
    let names = &frame.names;
    let rest = || Value::Null;
    let select = match cycle.select.as_str() {
        "" => "every finding that was not closed".to_owned(),
        words => names.words(words),
    };
    let mut rows = vec![
        fact("review", names.name("review", &cycle.name), "configuration", rest()),
        fact("cycle", cycle.id.to_string(), "", rest()),
        fact("what it is about", select, "configuration", rest()),
        fact("who answers for it", names.name("person", &cycle.owner), "configuration", rest()),
        fact("opened", frame.minute(cycle.opened), "change log", rest()),
        fact("due", frame.minute(cycle.due), "change log", rest()),
    ];
    rows.extend(cycle.escalated.map(|at| {
        let to = names.name("person", cycle.escalate_to.as_deref().unwrap_or_default());
        fact("late, and told", to, "change log", frame.moment(Some(at)))
    }));
    match &cycle.attestation {
        None => rows.push(fact("attested", "not yet: the cycle is open", "", rest())),
        Some(it) => {
            let who = frame.person(&it.author);
            rows.push(fact(
                "attested by",
                who.as_str().unwrap_or_default(),
                "the control socket's peer",
                frame.moment(Some(it.at)),
            ));
            rows.push(fact("statement", names.words(&it.statement), "", frame.moment(Some(it.at))));
            rows.push(fact("what answered", it.coverage.clone(), "observed", frame.moment(Some(it.at))));
            rows.push(fact(
                "change log before it",
                format!("row {}, hash {}", it.seq, clean(&it.head)),
                "change log",
                rest(),
            ));
        }
    }
    rows
}

/// Four factors as they were attested.
fn coverage<'s>(frame: &Frame<'_>, attestation: Option<&Attestation>) -> Sheet<'s> {
    const COLUMNS: &[&str] = &["factor", "seen", "expected", "percent", "oldest_look"];
    let looked = attestation.and_then(|it| it.looked.as_ref());
    let row = |(name, part): (&str, &Part)| {
        vec![name.into(), part.seen.into(), part.expected.into(), part.percent().into(), frame.moment(part.oldest)]
    };
    let parts = looked.map(|it| {
        [("ranges", &it.ranges), ("switches", &it.switches), ("ports", &it.ports), ("register", &it.register)]
    });
    let note = looked.map(|it| {
        format!(
            "All of the {} sites it can be about, as attested; of {} of them too little was looked at to show them clean.",
            it.sites, it.short
        )
    });
    let without = match attestation {
        None => "It is attested when the cycle ends.",
        Some(_) => "It was attested before the factors were recorded: how much answered then stands above.",
    };
    Sheet::of(("coverage", "What was looked at"), COLUMNS, parts.into_iter().flatten().map(row).collect())
        .noting(note.unwrap_or_default())
        .or(without)
}

const ITEMS: &[&str] = &[
    "finding",
    "rule",
    "severity",
    "site",
    "device",
    "class",
    "maker",
    "model",
    "mac",
    "status",
    "network_kind",
    "state",
    "closing",
    "decision",
    "until",
    "reason",
    "control",
    "by",
    "at",
    "approved_by",
    "assignee",
    "handling",
    "revision_opened",
    "revision",
];
const ITEMS_BRIEF: &[&str] = &[
    "finding",
    "rule",
    "site",
    "maker",
    "model",
    "mac",
    "state",
    "decision",
    "until",
    "reason",
    "control",
    "by",
    "at",
    "approved_by",
];

fn item(frame: &Frame<'_>, gone: &Gone<'_>, id: FindingId) -> Row {
    let names = &frame.names;
    let opened = gone.cycle.revisions.get(&id).copied();
    let Some(finding) = gone.findings.get(&id) else {
        let mut row = vec![Value::Null; ITEMS.len()];
        for (cell, value) in row.iter_mut().zip([id.0.into(), "not known any more".into()]) {
            *cell = value;
        }
        return row;
    };
    let device = finding.subject.device().and_then(|id| gone.devices.get(&id));
    let [decision, until, ..] = decided(finding);
    let made = finding.decision.as_ref();
    let reason = made.and_then(|made| made.kind.reason()).unwrap_or_default();
    let control = made.and_then(|made| {
        if let DecisionKind::Accept { control, .. } = &made.kind { Some(control.as_str()) } else { None }
    });
    let model = device.map(|row| said(names, row, row.model.as_str())).unwrap_or_default();
    vec![
        id.0.into(),
        frame.rule(finding).into(),
        spelled(&finding.severity),
        frame.site(finding.place.site.as_ref()),
        finding.subject.device().map(|id| id.0).into(),
        device.map(|row| spelled(&row.class)).unwrap_or_default(),
        clean(device.map(|row| row.maker_name.as_str()).unwrap_or_default()).into(),
        model.into(),
        frame.called("mac", device.and_then(|row| row.mac.as_ref())),
        device.map(|row| spelled(&row.status)).unwrap_or_default(),
        finding.place.network_kind.as_ref().map(spelled).unwrap_or_default(),
        spelled(&finding.state),
        finding.closing.as_ref().map(spelled).unwrap_or_default(),
        decision,
        until,
        names.words(reason).into(),
        names.words(control.unwrap_or_default()).into(),
        made.map(|made| frame.person(&made.author)).unwrap_or_default(),
        frame.moment(made.map(|made| made.at)),
        made.and_then(|made| made.approver.as_ref()).map(|who| frame.person(who)).unwrap_or_default(),
        frame.called("person", finding.handling.assignee.as_ref()),
        names.words(&tables::handling(finding).join("; ")).into(),
        opened.into(),
        finding.revision.into(),
    ]
}

/// The report.
#[must_use]
pub fn attestation<'a>(frame: &'a Frame<'a>, gone: &Gone<'a>) -> Paper<'a> {
    let cycle = gone.cycle;
    let name = frame.names.name("review", &cycle.name);
    let plain = frame.paper("lenswarden-cycle", String::new());
    let attested = cycle.attestation.as_ref();
    let state = match attested {
        Some(it) => {
            let who = frame.person(&it.author);
            format!("attested {} by {}", frame.minute(it.at), who.as_str().unwrap_or_default())
        }
        None => format!("open, due {}", frame.minute(cycle.due)),
    };
    let headline = attested.map(|it| {
        let shares = it.looked.as_ref().map(|looked| format!("; {}", shares(looked))).unwrap_or_default();
        format!("{}{shares}, as of {}", it.coverage, frame.minute(it.at))
    });
    let items = gone.cycle.items.iter().map(|id| item(frame, gone, *id)).collect();
    let then = if attested.is_some() { "Items, as they stood when it was attested" } else { "Items, as they stand" };
    Paper {
        as_of: attested.map_or(plain.as_of, |it| it.at),
        headline: headline.unwrap_or_else(|| plain.headline.clone()),
        title: format!("Review {name}, cycle {}", cycle.id),
        terms: frame.terms(),
        summary: vec![("state", state), ("counts", counted(cycle, gone.findings))],
        fields: vec![("cycle", cycle.id.0.into()), ("review", name.into()), ("attested", attested.is_some().into())],
        sheets: vec![
            Sheet::of(("attestation", "The cycle and its attestation"), FACTS, about(frame, cycle)),
            coverage(frame, attested),
            Sheet::of(("items", then), ITEMS, items)
                .shown_as(ITEMS_BRIEF)
                .or("No finding was selected when it was opened."),
        ],
        ..plain
    }
}
