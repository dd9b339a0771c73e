//! What a change would do, as text, table and JSON.

use serde::Serialize;
use serde_json::{Value, json};

use super::Table;
use crate::net::DeviceText;
use crate::review::{Decision, Outlook, Shift, Tally};

fn spelled(value: &impl Serialize) -> String {
    json!(value).as_str().unwrap_or_default().to_owned()
}

fn word<T: ToString>(value: Option<&T>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

fn counted(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// A decision in a few words: what, and whose.
#[must_use]
pub fn decision(decision: &Decision) -> String {
    format!("{} by {}", decision.kind.words(), DeviceText::new(&decision.author.name))
}

/// It in one line.
#[must_use]
pub fn headline(outlook: &Outlook) -> String {
    let Tally { opens, changes, closes, falls } = outlook.total();
    let falls = match falls {
        0 => String::new(),
        count => format!("; {} would be void", counted(count, "decision")),
    };
    format!("{} would open, {changes} change, {closes} close{falls}", counted(opens, "finding"))
}

/// Devices whose count word would be another, in one line; nothing where none would.
#[must_use]
pub fn statuses(outlook: &Outlook) -> Option<String> {
    let moved = outlook.statuses.iter().filter(|(_, (now, then))| now != then);
    let words: Vec<String> =
        moved.map(|(status, (now, then))| format!("{} {now} -> {then}", spelled(status))).collect();
    (!words.is_empty()).then(|| format!("devices: {}", words.join(", ")))
}

/// The counts by rule, site and severity.
#[must_use]
pub fn tallies(outlook: &Outlook) -> Table {
    let rows = outlook.tallies().into_iter().map(|((policy, rule, site, severity), tally)| {
        let Tally { opens, changes, closes, falls } = tally;
        let mut row = vec![format!("{policy}/{rule}"), word(site.as_ref()), severity.letter().to_string()];
        row.extend([opens, changes, closes, falls].map(|count| count.to_string()));
        row
    });
    Table { columns: vec!["RULE", "SITE", "S", "OPEN", "CHANGE", "CLOSE", "VOID"], rows: rows.collect() }
}

/// How grave, and how grave it is now where that differs.
#[must_use]
pub fn severity(shift: &Shift) -> String {
    let now = spelled(&shift.finding.severity);
    shift.severity_before.map_or_else(|| now.clone(), |before| format!("{now}, is {}", spelled(&before)))
}

/// Finding by finding.
#[must_use]
pub fn shifts(outlook: &Outlook) -> Table {
    let row = |shift: &Shift| {
        let Shift { turn, finding, falls, mac, maker, .. } = shift;
        vec![
            turn.word().to_owned(),
            severity(shift),
            format!("{}/{}", finding.policy, finding.rule),
            word(mac.as_ref()),
            maker.clone(),
            word(finding.place.site.as_ref()),
            word(finding.place.switch.as_ref()),
            word(finding.place.port.as_ref()),
            word(finding.place.network.as_ref()),
            falls.as_ref().map(decision).unwrap_or_default(),
            finding.text.clone(),
        ]
    };
    Table {
        columns: vec!["WOULD", "SEVERITY", "RULE", "MAC", "MAKER", "SITE", "SWITCH", "PORT", "NETWORK", "VOID", "TEXT"],
        rows: outlook.shifts.iter().map(row).collect(),
    }
}

/// All of it as JSON.
#[must_use]
pub fn json(outlook: &Outlook) -> Value {
    let Tally { opens, changes, closes, falls } = outlook.total();
    let groups = outlook.tallies().into_iter().map(|((policy, rule, site, severity), tally)| {
        json!({
            "policy": policy, "rule": rule, "site": site, "severity": severity, "opens": tally.opens,
            "changes": tally.changes, "closes": tally.closes, "decisions": tally.falls,
        })
    });
    let statuses =
        outlook.statuses.iter().map(|(status, (now, then))| (spelled(status), json!({"now": now, "then": then})));
    let findings = outlook.shifts.iter().map(|shift| {
        let Shift { turn, finding, severity_before, falls, mac, maker } = shift;
        json!({
            "turn": turn.word(), "id": (*turn != crate::review::Turn::Opens).then_some(finding.id), "policy": finding.policy,
            "rule": finding.rule, "severity": finding.severity, "severity_before": severity_before, "device": finding.subject.device(), "entry": finding.subject.entry(),
            "mac": mac, "maker": maker, "site": finding.place.site, "network": finding.place.network,
            "text": finding.text, "decision": falls,
        })
    });
    json!({
        "opens": opens, "changes": changes, "closes": closes, "decisions": falls,
        "groups": groups.collect::<Vec<_>>(), "statuses": statuses.collect::<serde_json::Map<_, _>>(),
        "findings": findings.collect::<Vec<_>>(), "notes": outlook.notes,
    })
}
