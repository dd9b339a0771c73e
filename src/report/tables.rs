//! Devices, findings and targets as tables.

use serde_json::{Value, json};

use super::Table;
use crate::inventory::Device;
use crate::net::{DeviceText, Timestamp};
use crate::policy::Status;
use crate::review::{Decision, Finding, Handling};
use crate::snapshot::{CarrierRow, Condition, DaemonState, DeviceRow, Share, Snapshot, TargetRow};

/// Things that are wrong with the work itself which a headline names.
const MOST_NAMED: usize = 3;

fn plain(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn word<T: ToString>(value: Option<&T>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// A moment to the minute, in UTC.
#[must_use]
pub fn minute(time: Timestamp) -> String {
    let text = time.to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

/// A device as the contract's JSON.
#[must_use]
pub fn device_json(device: &Device, status: Status, last_seen: Timestamp) -> Value {
    let attribution = &device.attribution;
    let said = device.facts.said().map(|(information, _)| information.clone()).unwrap_or_default();
    let place = &device.place;
    let evidence: Vec<Value> = attribution
        .evidence
        .iter()
        .map(|mark| json!({"source": mark.source, "text": mark.text, "grade": mark.grade, "observed_at": mark.observed_at}))
        .collect();
    let mut value = json!({
        "id": device.id,
        "mac": device.mac,
        "ips": device.ips,
        "class": attribution.class.broad(),
        "surveillance": attribution.surveillance,
        "maker": {"id": attribution.maker, "name": attribution.name, "verdict": attribution.verdict, "evidence": evidence},
        "brand": attribution.brand,
        "model": said.model,
        "firmware": said.firmware,
        "serial": said.serial,
        "place": {
            "switch": place.switch, "port": place.port, "if_index": place.if_index, "vlan": place.vlan,
            "network": place.network, "site": place.site, "certainty": place.certainty,
            "confidence": place.confidence, "since": place.since,
        },
        "status": status,
        "first_seen": device.first_seen,
        "last_seen": last_seen,
    });
    // Beside the contract's fields, where a person said something.
    if let (Some(said), Value::Object(fields)) = (&device.facts.overruling, &mut value) {
        let said = json!({"claim": said.claim, "until": said.until, "reason": said.reason, "author": said.author,
                          "at": said.at, "ended": said.ended});
        fields.insert("overruling".to_owned(), said);
    }
    value
}

/// Devices for people and spreadsheets.
#[must_use]
pub fn devices<'a>(rows: impl Iterator<Item = &'a DeviceRow>) -> Table {
    let row = |device: &DeviceRow| {
        vec![
            device.id.to_string(),
            word(device.mac.as_ref()),
            word(device.ips.first()),
            plain(&json!(device.class)),
            device.maker_name.clone(),
            device.brand.clone().unwrap_or_default(),
            device.model.to_string(),
            plain(&json!(device.status)),
            word(device.place.site.as_ref()),
            word(device.place.switch.as_ref()),
            word(device.place.port.as_ref()),
            word(device.place.vlan.as_ref()),
            word(device.place.network.as_ref()),
            plain(&json!(device.place.certainty)),
            minute(device.last_seen),
        ]
    };
    Table {
        columns: vec![
            "ID",
            "MAC",
            "IP",
            "CLASS",
            "MAKER",
            "BRAND",
            "MODEL",
            "STATUS",
            "SITE",
            "SWITCH",
            "PORT",
            "VLAN",
            "NETWORK",
            "CERTAINTY",
            "LAST SEEN",
        ],
        rows: rows.map(row).collect(),
    }
}

/// A finding as the contract's JSON.
#[must_use]
pub fn finding_json(finding: &Finding, snapshot: &Snapshot) -> Value {
    json!({
        "id": finding.id,
        "policy": finding.policy,
        "rule": finding.rule,
        "severity": finding.severity,
        "device": finding.subject.device(),
        "mac": snapshot.device_of(finding).and_then(|device| device.mac),
        "entry": finding.subject.entry(),
        "site": finding.place.site,
        "network": finding.place.network,
        "state": finding.state,
        "closing": finding.closing,
        "handling": finding.handling,
        "since": finding.since,
        "revision": finding.revision,
        "decision": finding.decision,
        "evidence": finding.evidence,
    })
}

/// How a finding is dealt with, in lines.
#[must_use]
pub fn handling(finding: &Finding) -> Vec<String> {
    let Handling { assignee, due, tags, proposed, stage, isolated, absent, returned, successor, .. } =
        &finding.handling;
    let mut lines = Vec::new();
    lines.extend(assignee.as_ref().map(|who| format!("assigned to {who}")));
    lines.extend(due.map(|due| format!("a decision is wanted by {due}")));
    if !tags.is_empty() {
        lines.push(format!("tags {}", tags.iter().cloned().collect::<Vec<_>>().join(" ")));
    }
    lines.extend(proposed.as_ref().map(|it| format!("proposed by {}, to be approved: {}", it.author, it.kind)));
    lines.extend(stage.map(|stage| format!("said to be {}", plain(&json!(stage)))));
    lines.extend(isolated.map(|at| format!("seen on a network for surveillance equipment since {}", minute(at))));
    lines.extend(absent.as_ref().map(|it| {
        let unwatched = it.unwatched_ms / 60_000;
        let (since, rounds) = (minute(it.since), it.rounds);
        format!(
            "on no polled port since {since}, by at least {rounds} complete rounds of its old switch, which was silent for \
             {unwatched} min of that"
        )
    }));
    lines.extend(returned.map(|at| format!("it was removed, and came back at {}", minute(at))));
    lines.extend(successor.as_ref().map(|it| {
        let maker = if it.maker.is_empty() { "an unknown maker" } else { &it.maker };
        format!("on its port is device {} of {maker} now, {}", it.device, plain(&json!(it.status)))
    }));
    lines
}

/// A decision in a line: when, what, who.
#[must_use]
pub fn decision(decision: &Decision) -> String {
    let approver = decision.approver.as_ref().map(|who| format!(", approved by {who}")).unwrap_or_default();
    format!("{}  {}  by {}{approver}", minute(decision.at), decision.kind, decision.author)
}

/// The columns of findings.
pub(super) const FINDINGS: [&str; 13] =
    ["ID", "S", "RULE", "STATE", "MAC", "MAKER", "SITE", "SWITCH", "PORT", "VLAN", "NETWORK", "SINCE", "REVISION"];

/// A finding's cells.
pub(super) fn finding_cells(finding: &Finding, snapshot: &Snapshot) -> Vec<String> {
    let device = snapshot.device_of(finding);
    vec![
        finding.id.to_string(),
        finding.severity.letter().to_string(),
        finding.rule.to_string(),
        plain(&json!(finding.state)),
        device.and_then(|device| device.mac).map_or_else(|| word(finding.subject.entry()), |mac| mac.to_string()),
        device.map(|device| device.maker_name.clone()).unwrap_or_default(),
        word(finding.place.site.as_ref()),
        word(finding.place.switch.as_ref()),
        word(finding.place.port.as_ref()),
        word(finding.place.vlan.as_ref()),
        word(finding.place.network.as_ref()),
        minute(finding.since),
        finding.revision.to_string(),
    ]
}

/// Findings for people and spreadsheets.
#[must_use]
pub fn findings<'a>(rows: impl Iterator<Item = &'a Finding>, snapshot: &Snapshot) -> Table {
    Table { columns: FINDINGS.to_vec(), rows: rows.map(|finding| finding_cells(finding, snapshot)).collect() }
}

/// A target as JSON.
#[must_use]
pub fn target_json(target: &TargetRow) -> Value {
    json!({
        "name": target.name, "kind": if target.switch { "switch" } else { "camera" }, "address": target.address,
        "site": target.site, "state": target.state, "since": target.since, "why": target.why,
        "last_attempt": target.last_attempt, "last_ok": target.last_ok, "requests": target.requests,
        "took_ms": target.took_ms, "tables": target.tables, "readings": target.readings, "camera": target.camera,
    })
}

/// Why a target stands as it does, and what else should be known of it.
fn why(target: &TargetRow) -> String {
    let mut parts = vec![target.why.clone()];
    parts.extend(target.camera.remarks());
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

/// Targets for people and spreadsheets; before them what is wrong with the work itself.
#[must_use]
pub fn targets<'a>(
    conditions: impl Iterator<Item = &'a Condition>,
    rows: impl Iterator<Item = &'a TargetRow>,
) -> Table {
    let wrong = |condition: &Condition| {
        let [none, state, since] = ["".to_owned(), "wrong".to_owned(), minute(condition.since)];
        let words = DeviceText::new(&condition.words).to_string();
        [condition.name(), none.clone(), none.clone(), state, since, none.clone(), none.clone(), none, words].to_vec()
    };
    let row = |target: &TargetRow| {
        vec![
            target.name.to_string(),
            target.address.clone(),
            target.site.to_string(),
            target.state.clone(),
            minute(target.since),
            target.last_ok.map(minute).unwrap_or_default(),
            target.requests.to_string(),
            target.took_ms.to_string(),
            why(target),
        ]
    };
    Table {
        columns: vec!["NAME", "ADDRESS", "SITE", "STATE", "SINCE", "LAST ANSWER", "REQUESTS", "MS", "WHY"],
        rows: conditions.map(wrong).chain(rows.map(row)).collect(),
    }
}

/// The first line of every table: what share of the estate was seen, how the daemon is, and whose alerts do not leave.
#[must_use]
pub fn headline(snapshot: &Snapshot) -> String {
    let failing: String = (snapshot.carriers.values())
        .filter(|carrier| !carrier.why.is_empty())
        .map(|carrier| {
            let (name, since) = (DeviceText::new(&carrier.name), minute(carrier.since));
            format!(", ALERTS OF {name} NOT SENT since {since}: {} wait", carrier.waiting + carrier.lost)
        })
        .collect();
    freshness(snapshot, true) + &failing + &wrong(snapshot)
}

/// What is wrong with the work itself, by name. The age of the registry is told with the freshness already.
fn wrong(snapshot: &Snapshot) -> String {
    let names = snapshot.conditions.iter().filter(|condition| condition.kind != "registry-old");
    let names: Vec<String> = names.map(|condition| DeviceText::new(&condition.name()).to_string()).collect();
    match (names.len(), names.get(..MOST_NAMED)) {
        (0, _) => String::new(),
        (all, Some(first)) if all > MOST_NAMED => {
            format!(", NOT IN ORDER: {} and {} more", first.join(", "), all - MOST_NAMED)
        }
        _ => format!(", NOT IN ORDER: {}", names.join(", ")),
    }
}

/// What is wrong with the work itself, as an entry before the targets.
#[must_use]
pub fn condition_json(condition: &Condition) -> Value {
    json!({
        "name": condition.name(), "kind": "condition", "state": "wrong", "since": condition.since,
        "why": condition.words,
    })
}

/// What share of the estate was seen, and how the daemon is. `named`: by name what of its work is late.
#[must_use]
pub fn freshness(snapshot: &Snapshot, named: bool) -> String {
    let coverage = snapshot.coverage();
    let share = |share: &Share, kind: &str| {
        let percent = share.percent().map(|percent| format!(" ({percent} %)")).unwrap_or_default();
        format!("{} of {} {kind} answering{percent}", share.answering, share.all)
    };
    let cameras =
        if coverage.cameras.all == 0 { String::new() } else { format!(", {}", share(&coverage.cameras, "cameras")) };
    let hidden = coverage.behind_recorders().map(|words| format!(", {words}")).unwrap_or_default();
    let daemon = match snapshot.daemon.state() {
        DaemonState::Running if snapshot.daemon.late.is_empty() => "running".to_owned(),
        DaemonState::Running if !named => "LATE".to_owned(),
        DaemonState::Running => format!("LATE: {}", DeviceText::new(&snapshot.daemon.late.join("; "))),
        DaemonState::Silent(since) => format!("SILENT since {}", minute(since)),
        DaemonState::DiskFull => "waits: DISK FULL".to_owned(),
        DaemonState::Stopped(stopped) => format!("stopped since {}", minute(stopped)),
        DaemonState::Killed | DaemonState::Never => "NOT RUNNING".to_owned(),
    };
    let looked: Vec<String> =
        snapshot.looked_at().into_iter().map(|(what, percent)| format!(", {percent} % of {what} seen")).collect();
    let looked = looked.concat();
    let registry = snapshot.registry.filter(|_| snapshot.registry_warning().is_some());
    let registry = registry.map(|date| format!(", IEEE registry OLD: of {date}")).unwrap_or_default();
    let loosened = match snapshot.loosened.len() {
        0 => String::new(),
        1 => ", 1 thing of shipped packs loosened".to_owned(),
        count => format!(", {count} things of shipped packs loosened"),
    };
    let oldest = coverage.oldest().map_or_else(|| "never".to_owned(), minute);
    format!(
        "{}{cameras}{hidden}{looked}, oldest answer {oldest}, as of {}, daemon {daemon}{loosened}{registry}",
        share(&coverage.switches, "switches"),
        minute(snapshot.as_of)
    )
}

/// Each carrier of alerts in a line: where it sends, what it sent last, what waits and why.
#[must_use]
pub fn carriers(snapshot: &Snapshot) -> Vec<String> {
    let line = |carrier: &CarrierRow| {
        let (name, address) = (DeviceText::new(&carrier.name), DeviceText::new(&carrier.address));
        let last =
            carrier.last_sent.map_or_else(|| "nothing sent yet".to_owned(), |at| format!("last sent {}", minute(at)));
        let trouble = match (carrier.why.is_empty(), carrier.lost) {
            (true, _) => String::new(),
            (false, 0) => format!(", FAILING since {}: {}", minute(carrier.since), DeviceText::new(&carrier.why)),
            (false, lost) => {
                let (since, why) = (minute(carrier.since), DeviceText::new(&carrier.why));
                format!(", {lost} more only counted, FAILING since {since}: {why}")
            }
        };
        let held = match carrier.held {
            0 => String::new(),
            held => format!(", {held} for the digest or after maintenance"),
        };
        format!("alert {name}: {address}, {last}, {} wait{held}{trouble}", carrier.waiting)
    };
    snapshot.carriers.values().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headline_names_three_things_that_are_wrong_and_counts_the_rest_and_the_registry_once() {
        let wrong = |kind: &str, subject: &str| Condition {
            kind: kind.into(),
            subject: subject.into(),
            words: "x".into(),
            since: Timestamp(0),
        };
        let mut snapshot = Snapshot { conditions: vec![wrong("registry-old", "")], ..Snapshot::default() };
        assert!(!headline(&snapshot).contains("NOT IN ORDER"), "its age is told with the freshness");
        snapshot.conditions.push(wrong("coverage-low", "ports h\u{1b}[2Jq"));
        assert!(
            headline(&snapshot).ends_with(", NOT IN ORDER: coverage-low ports h\\u{1b}[2Jq"),
            "{}",
            headline(&snapshot)
        );
        snapshot.conditions.extend(["a", "b", "c"].map(|credential| wrong("credential-refused", credential)));
        let line = headline(&snapshot);
        assert!(line.ends_with("credential-refused a, credential-refused b and 1 more"), "{line}");
    }
}
