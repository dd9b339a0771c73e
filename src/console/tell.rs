//! A row of the change log in one line for people: who or what, where, and what became of it.

use serde::de::DeserializeOwned;

use super::activity::{Happening, Told};
use crate::inventory::{Merge, Place};
use crate::net::{DeviceId, SiteId, Timestamp};
use crate::policy::{Severity, Subject};
use crate::review::{Cycle, Decision, Finding, FindingState, Matter};
use crate::snapshot::{Kinds, TargetRow, word};
use crate::store::{
    ChangeKind, ConfigurationRecord, CredentialTry, DaemonRecord, DeviceRecord, Logged, RequestRecord, TargetRecord,
};

/// The words that `kind:` takes, and what each stands for.
pub const KINDS: &Kinds = &[
    ("device", "a device came, changed or went"),
    ("move", "a device is at another place"),
    ("finding", "a finding opened, changed or closed"),
    ("decision", "somebody decided"),
    ("cycle", "a review began, ended or was attested"),
    ("target", "a switch or camera answers otherwise than before"),
    ("credential", "a credential was refused, or tried again"),
    ("configuration", "another configuration is in force"),
    ("daemon", "the daemon started or stopped"),
    ("request", "somebody asked the daemon for something"),
    ("audit", "the log itself: its key, what was pruned"),
    ("alert", "a carrier was told"),
    ("visit", "each target's last visit, instead of the log"),
];

/// What people call a device.
pub type Naming<'a> = &'a dyn Fn(DeviceId) -> Option<String>;

/// What a row tells, before it has its number and time.
struct Line {
    kind: &'static str,
    severity: Option<Severity>,
    site: Option<SiteId>,
    text: String,
}

fn line(kind: &'static str, site: Option<&SiteId>, text: String) -> Line {
    Line { kind, severity: None, site: site.cloned(), text }
}

fn read<T: DeserializeOwned>(body: Option<&String>) -> Option<T> {
    serde_json::from_str(body?).ok()
}

/// A row of the log.
pub(super) fn change(logged: &Logged, name: Naming<'_>) -> Told {
    let change = &logged.change;
    let subject = &change.subject;
    let line = match change.kind {
        ChangeKind::Device => device(logged),
        ChangeKind::Merge => merge(logged),
        ChangeKind::Retired => {
            line("device", None, format!("device {subject} is no more: a switch's own, or forgotten"))
        }
        ChangeKind::Finding => finding(logged, name),
        ChangeKind::Decision => decision(logged, name),
        ChangeKind::Cycle => cycle(logged),
        ChangeKind::Target => target(logged),
        ChangeKind::TargetDropped => line("target", None, format!("{subject} is asked no longer")),
        ChangeKind::Credential => credential(logged),
        ChangeKind::Configuration => configuration(logged),
        ChangeKind::Daemon => daemon(logged),
        ChangeKind::Request => request(logged),
        ChangeKind::Key => {
            line("audit", None, "the head of the log is signed with another key from here on".to_owned())
        }
        ChangeKind::Pruned => line("audit", None, "old bodies of devices and targets were pruned".to_owned()),
        ChangeKind::Forgotten => line("audit", None, format!("earlier bodies of device {subject} were forgotten")),
    };
    let Line { kind, severity, site, text } = line;
    Told { key: Happening::Change(change.seq), at: change.at, kind, severity, site, text }
}

/// What a row says whose body is pruned, or is none that this program reads.
fn pruned(kind: &'static str, what: &str, logged: &Logged) -> Line {
    let why = if logged.change.body.is_some() { "cannot be read" } else { "is pruned" };
    line(kind, None, format!("{what} {}: what was told {why}", logged.change.subject))
}

fn at(place: &Place) -> String {
    let switch = place.switch.as_ref().map(ToString::to_string);
    let port = place.port.as_ref().map(ToString::to_string);
    let vlan = place.vlan.map(|vlan| format!("VLAN {vlan}"));
    let words: Vec<String> = [switch, port, vlan].into_iter().flatten().collect();
    if words.is_empty() { "no known place".to_owned() } else { words.join(" ") }
}

/// What people call it, and who made it.
fn names(record: &DeviceRecord) -> (String, String) {
    let device = &record.device;
    let mac = device.mac.map(|mac| mac.to_string());
    let ip = device.ips.first().map(ToString::to_string);
    let name = mac.or(ip).unwrap_or_else(|| format!("device {}", device.id));
    (name, maker(record))
}

fn maker(record: &DeviceRecord) -> String {
    let made = &record.device.attribution;
    match (&made.brand, made.name.is_empty()) {
        (Some(brand), false) => format!("{} as {brand}", made.name),
        (Some(brand), true) => brand.clone(),
        (None, true) => "unknown maker".to_owned(),
        (None, false) => made.name.clone(),
    }
}

fn device(logged: &Logged) -> Line {
    let Some(now) = read::<DeviceRecord>(logged.change.body.as_ref()) else {
        return pruned("device", "device", logged);
    };
    let place = &now.device.place;
    let (name, made) = names(&now);
    let site = place.site.as_ref();
    let Some(before) = read::<DeviceRecord>(logged.before.as_ref()) else {
        let what = if logged.known { "changed (what it was before is pruned)" } else { "new" };
        let (class, status) = (word(&now.device.attribution.class), word(&now.status));
        return line("device", site, format!("{what}: {name}, {made}, class {class}, {status}, on {}", at(place)));
    };
    let was = &before.device.place;
    let where_now = |place: &Place| (place.switch.clone(), place.port.clone(), place.vlan, place.site.clone());
    match (was.gone, place.gone) {
        (None, Some(_)) => return line("move", site, format!("gone: {name}, {made}, from {}", at(was))),
        (Some(_), None) => return line("move", site, format!("back: {name}, {made}, on {}", at(place))),
        _ if where_now(was) != where_now(place) => {
            return line("move", site, format!("moved: {name}, {made}, from {} to {}", at(was), at(place)));
        }
        _ => {}
    }
    let network = |place: &Place| place.network.as_ref().map_or_else(|| "unclassified".to_owned(), ToString::to_string);
    let verdict = |record: &DeviceRecord| format!("{} {}", maker(record), word(&record.device.attribution.verdict));
    let ips = |record: &DeviceRecord| {
        let all: Vec<String> = record.device.ips.iter().map(ToString::to_string).collect();
        if all.is_empty() { "none".to_owned() } else { all.join(" ") }
    };
    let said = |record: &DeviceRecord| {
        let said = record.device.facts.said().map(|(said, _)| said.clone()).unwrap_or_default();
        format!("{} {}", said.model, said.firmware)
    };
    let differs = [
        ("status", word(&before.status), word(&now.status)),
        ("maker", verdict(&before), verdict(&now)),
        ("class", word(&before.device.attribution.class), word(&now.device.attribution.class)),
        ("network", network(was), network(place)),
        ("certainty", word(&was.certainty), word(&place.certainty)),
        ("address", ips(&before), ips(&now)),
        ("says it is", said(&before), said(&now)),
    ];
    let told = differs.into_iter().find(|(_, was, is)| was != is);
    let text = told.map_or_else(
        || format!("{name}, {made}: more is known of it (Enter: what)"),
        |(what, was, is)| format!("{name}, {made}: {what} {is}, was {was}"),
    );
    line("device", site, text)
}

fn merge(logged: &Logged) -> Line {
    match read::<Merge>(logged.change.body.as_ref()) {
        Some(merge) => line("device", None, format!("device {} turned out to be device {}", merge.from, merge.into)),
        None => pruned("device", "device", logged),
    }
}

fn about(subject: &Subject, name: Naming<'_>) -> String {
    match subject {
        Subject::Device(id) => name(*id).unwrap_or_else(|| format!("device {id}")),
        Subject::Entry(entry) => format!("{} of register {}", entry.key, entry.register),
    }
}

fn finding(logged: &Logged, name: Naming<'_>) -> Line {
    let Some(now) = read::<Finding>(logged.change.body.as_ref()) else {
        return pruned("finding", "finding", logged);
    };
    let before: Option<Finding> = read(logged.before.as_ref());
    let head = format!("finding {} {}", now.id, now.rule);
    let who = about(&now.subject, name);
    let place = now.place.switch.as_ref().map(|_| format!(" on {}", at(&now.place))).unwrap_or_default();
    let state = |finding: &Finding| word(&finding.state);
    let text = match &before {
        None if now.state == FindingState::Open => format!("{head} opened: {who}{place}: {}", now.text),
        Some(before) if before.openings < now.openings => format!("{head} opened again: {who}{place}"),
        Some(before) if before.state != now.state => match (now.state, now.closing) {
            (FindingState::Closed, Some(closing)) => format!("{head} closed ({}): {who}", word(&closing)),
            _ => format!("{head} is {}, was {}: {who}", state(&now), state(before)),
        },
        Some(before) if before.severity != now.severity => {
            format!("{head} is {}, was {}: {who}", word(&now.severity), word(&before.severity))
        }
        Some(before) if before.handling != now.handling => format!("{head}: {}: {who}", now.standing()),
        Some(before) if before.place != now.place => format!("{head}: {who} is now on {}", at(&now.place)),
        _ => format!("{head} is {}: {who}", state(&now)),
    };
    Line { severity: Some(now.severity), ..line("finding", now.place.site.as_ref(), text) }
}

fn decision(logged: &Logged, name: Naming<'_>) -> Line {
    let Some(made) = read::<Decision>(logged.change.body.as_ref()) else {
        return pruned("decision", "decision on", logged);
    };
    let (site, about) = match &made.matter {
        Matter::Site { site } => (Some(site), made.matter.to_string()),
        Matter::Device { device, .. } => (None, name(*device).unwrap_or_else(|| made.matter.to_string())),
        _ => (None, made.matter.to_string()),
    };
    let approved = made.approver.as_ref().map(|second| format!(", approved by {second}")).unwrap_or_default();
    line("decision", site, format!("{} on {about}: {}{approved}", made.author, made.kind))
}

fn cycle(logged: &Logged) -> Line {
    let Some(now) = read::<Cycle>(logged.change.body.as_ref()) else { return pruned("cycle", "cycle", logged) };
    let what = match (now.closed, now.escalated, logged.known) {
        (Some(_), ..) => "closed",
        (None, Some(_), _) => "is overdue and was escalated",
        (None, None, true) => "changed",
        (None, None, false) => "opened",
    };
    line("cycle", None, format!("cycle {} {} {what}: {} items, due {}", now.id, now.name, now.items.len(), now.due))
}

fn target(logged: &Logged) -> Line {
    let Some(now) = read::<TargetRecord>(logged.change.body.as_ref()) else {
        return pruned("target", "target", logged);
    };
    let before: Option<TargetRecord> = read(logged.before.as_ref());
    let state = word(&now.state);
    let why = if now.why.is_empty() { String::new() } else { format!(": {}", now.why) };
    let text = match before {
        Some(before) if before.state != now.state => {
            format!("{} is {state}, was {}{why}", now.name, word(&before.state))
        }
        Some(_) => format!("{} is {state}, and what it has differs (Enter: what){why}", now.name),
        None => format!("{} is {state}{why}", now.name),
    };
    line("target", Some(&now.site), text)
}

fn credential(logged: &Logged) -> Line {
    let Some(tried) = read::<CredentialTry>(logged.change.body.as_ref()) else {
        return pruned("credential", "credential", logged);
    };
    let said = if tried.text.is_empty() { String::new() } else { format!(": {}", tried.text) };
    let text = format!("credential {} at {} is {}{said}", tried.credential, tried.address, word(&tried.state));
    line("credential", None, text)
}

fn configuration(logged: &Logged) -> Line {
    let Some(now) = read::<ConfigurationRecord>(logged.change.body.as_ref()) else {
        return pruned("configuration", "configuration", logged);
    };
    let text = if now.problem.is_empty() {
        let packs: Vec<&str> = now.policies.iter().map(|(pack, _)| pack.as_str()).collect();
        let (sites, networks) = (now.sites.len(), now.networks.len());
        format!("configuration in force: {sites} sites, {networks} networks, policy {}", packs.join(" "))
    } else {
        format!("a newer configuration file was not taken: {}", now.problem.replace('\n', " "))
    };
    line("configuration", None, text)
}

fn daemon(logged: &Logged) -> Line {
    let Some(now) = read::<DaemonRecord>(logged.change.body.as_ref()) else {
        return pruned("daemon", "daemon", logged);
    };
    let what = match (now.stopped, now.late.is_empty()) {
        (Some(_), _) => "stopped".to_owned(),
        (None, true) => format!("runs since {}", now.started),
        (None, false) => format!("is late: {}", now.late.join("; ")),
    };
    line("daemon", None, format!("daemon {} on {} {what}", now.version, now.host))
}

fn request(logged: &Logged) -> Line {
    let Some(asked) = read::<RequestRecord>(logged.change.body.as_ref()) else {
        return pruned("request", "request of user", logged);
    };
    let more = match asked.unwritten {
        0 => String::new(),
        more => format!(" ({more} more were not written down)"),
    };
    line("request", None, format!("{} asked: {}: {}{more}", asked.author, asked.asked, asked.outcome))
}

/// An alert that a carrier was told.
pub(super) fn alert(told: &crate::store::Told, name: Naming<'_>) -> Told {
    let about = about(&told.subject, name);
    let port = told.port.as_ref().map(|(switch, port)| format!(" on {switch} {port}")).unwrap_or_default();
    Told {
        key: Happening::Alert(told.at, format!("{} {} {} {about}{port}", told.carrier, told.policy, told.rule)),
        at: told.at,
        kind: "alert",
        severity: Some(told.severity),
        site: told.site.clone(),
        text: format!("{} was told: {}/{}: {about}{port}", told.carrier, told.policy, told.rule),
    }
}

/// A target's last visit.
pub(super) fn visit(target: &TargetRow) -> Option<Told> {
    let at: Timestamp = target.last_attempt?;
    let why = if target.why.is_empty() { String::new() } else { format!(": {}", target.why) };
    Some(Told {
        key: Happening::Visit(target.name.clone()),
        at,
        kind: "visit",
        severity: None,
        site: Some(target.site.clone()),
        text: format!("{} {}, {} requests, {} ms{why}", target.name, target.state, target.requests, target.took_ms),
    })
}
