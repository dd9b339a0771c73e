//! Who is told of what, how often, and in which words.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::config::{AlertCarrier, AlertPlan, Occasion, Sensitivity, Site};
use crate::inventory::{Certainty, Device, Estate, FormerPlace, Inventory, OwnWords, Place, SwitchRecord};
use crate::maker::{Attribution, Evidence, Facts, Grade, Verdict};
use crate::net::{DeviceId, FindingId, VlanId};
use crate::observation::{DeviceInformation, Port, SystemFacts};
use crate::policy::Subject;
use crate::review::{Finding, FindingState, Handling};
use crate::store::{Brief, Outbox, SignedHead, heads_in};

pub(super) const START: Timestamp = Timestamp(1_795_500_000_000);

pub(super) fn minutes(count: i64) -> Timestamp {
    Timestamp(START.0 + count * 60_000)
}

fn occasions(words: &[&str]) -> BTreeSet<Occasion> {
    Occasion::ALL.into_iter().filter(|occasion| words.contains(&occasion.word())).collect()
}

pub(super) fn plan(name: &str, when: &[&str]) -> AlertPlan {
    AlertPlan {
        name: name.into(),
        carrier: AlertCarrier::SyslogLocal { path: PathBuf::from("/dev/log") },
        when: occasions(when),
        timeout: Duration::from_secs(10),
        digest: None,
    }
}

pub(super) fn restore(plans: Vec<AlertPlan>, findings: &[Finding], told: Vec<crate::store::Told>) -> Dispatch {
    Dispatch::restore(plans, Vec::new(), findings, Memory { told, ..Memory::default() })
}

pub(super) fn finding(id: u64, severity: Severity, state: FindingState) -> Finding {
    Finding {
        id: FindingId(id),
        policy: "uk-gsg-2022".into(),
        rule: "no-core-network".into(),
        severity,
        subject: Subject::Device(DeviceId(id)),
        text: "surveillance equipment on a core network".into(),
        state,
        since: START,
        closed: None,
        closing: None,
        handling: Handling::default(),
        openings: 1,
        revision: 1,
        place: Place {
            switch: Some("hq-sw1".into()),
            port: Some("Gi1/0/14".to_owned().into()),
            vlan: VlanId::new(10),
            network: Some("hq-core".into()),
            if_index: Some(14),
            site: Some("hq".into()),
            certainty: Certainty::Direct,
            ..Place::default()
        },
        evidence: Vec::new(),
        decision: None,
    }
}

pub(super) fn device(model: &str) -> Device {
    let mark = |source: &str| Evidence {
        source: source.into(),
        text: "Hikvision".into(),
        grade: Grade::Strong,
        observed_at: START,
        maker: None,
    };
    let information = DeviceInformation { model: model.into(), ..DeviceInformation::default() };
    Device {
        id: DeviceId(1),
        mac: Some("44:19:b6:00:00:01".parse().unwrap()),
        ips: Vec::new(),
        endpoint: None,
        facts: Facts { information: Some((information, START)), ..Facts::default() },
        attribution: Attribution {
            name: "Hikvision".into(),
            verdict: Verdict::Confirmed,
            evidence: vec![mark("onvif manufacturer"), mark("ieee prefix"), mark("ieee prefix")],
            ..Attribution::default()
        },
        hostname: None,
        own: OwnWords::default(),
        place: Place::default(),
        first_seen: START,
        appeared: None,
    }
}

/// An inventory that knows these devices, and the switch they are on.
pub(super) fn inventory(devices: Vec<Device>) -> Inventory {
    let port = Port { name: "Gi1/0/14".to_owned().into(), alias: "jack 2.114".into(), ..Port::new(14) };
    let system = SystemFacts {
        name: "hq-sw1".into(),
        description: "Cisco IOS Software, C2960X".into(),
        object_id: "1.3.6.1.4.1.9.1.1208".into(),
        uptime_s: 1,
    };
    let switch = SwitchRecord {
        name: "hq-sw1".into(),
        site: "hq".into(),
        system: Some(system),
        ports: vec![port],
        neighbours: Vec::new(),
        own_macs: Vec::new(),
        address: None,
        bridge: true,
    };
    Inventory::restore(100, devices, Vec::new(), Vec::new(), vec![switch])
}

pub(super) fn estate() -> Estate {
    let site = Site {
        id: "hq".into(),
        name: "HQ".into(),
        sensitivity: Sensitivity::Standard,
        basis: None,
        owner: "estates, ext. 4711".into(),
        address_ranges: Vec::new(),
    };
    Estate::new(&[site], Vec::new())
}

fn line_of(finding: &Finding, device: Option<Device>) -> String {
    let brief = brief_of(finding, device);
    line::finding(word(finding.severity), &brief)
}

fn brief_of(finding: &Finding, device: Option<Device>) -> Brief {
    let device = device.map(|device| Device { id: finding.subject.device().unwrap(), ..device });
    let (inventory, estate) = (inventory(device.into_iter().collect()), estate());
    brief::of(finding, &View { inventory: &inventory, estate: &estate })
}

pub(super) fn post(dispatch: &mut Dispatch, findings: &[Finding], at: Timestamp) -> Outbox {
    let mut outbox = Outbox::default();
    let mut known = device("DS-2CD2143G2-I");
    known.id = findings[0].subject.device().unwrap();
    let (inventory, estate) = (inventory(vec![known]), estate());
    dispatch.post(findings, &View { inventory: &inventory, estate: &estate }, at, &mut outbox);
    outbox
}

pub(super) fn texts(outbox: &Outbox) -> Vec<&str> {
    outbox.alerts.iter().map(|alert| alert.text.as_str()).collect()
}

pub(super) fn breach(id: u64, state: FindingState) -> Finding {
    finding(id, Severity::Breach, state)
}

#[test]
fn a_line_says_what_where_since_when_and_on_what_grounds() {
    let mut dispatch = restore(vec![plan("soc", &["breach"])], &[], Vec::new());
    let outbox = post(&mut dispatch, &[breach(17, FindingState::Open)], START);
    assert_eq!(
        texts(&outbox),
        ["breach no-core-network finding=17 site=hq mac=44:19:b6:00:00:01 switch=hq-sw1 port=Gi1/0/14 \
          text=\"jack 2.114\" vlan=10 network=hq-core place=direct since=2026-11-24T06:00Z maker=Hikvision \
          verdict=confirmed grade=strong owner=\"estates, ext. 4711\" contain=\"interface Gi1/0/14 ; shutdown\""]
    );
    let alert = &outbox.alerts[0];
    assert_eq!((alert.carrier.as_str(), alert.kind.as_str(), alert.at), ("soc", "no-core-network", START));
}

#[test]
fn what_is_not_known_is_said_to_be_unknown() {
    let bare = Finding { place: Place::default(), ..breach(1, FindingState::Open) };
    let line = line_of(&bare, None);
    for key in ["site", "ip", "switch", "port", "vlan", "network", "place"] {
        assert!(line.contains(&format!(" {key}=unknown")), "{key} in {line}");
    }
}

#[test]
fn a_port_that_only_leads_there_is_not_given_as_its_port() {
    let mut beyond = breach(1, FindingState::Open);
    beyond.place.certainty = Certainty::Beyond;
    let line = line_of(&beyond, None);
    assert!(line.contains(" switch=unknown port=unknown beyond=\"hq-sw1 Gi1/0/14\" vlan=10 "), "{line}");
}

#[test]
fn what_does_not_fit_is_left_out_by_what_it_matters() {
    let mut moved = breach(17, FindingState::Open);
    moved.place.before = Some(Box::new(FormerPlace {
        switch: "branch-sw7".into(),
        port: Some("Gi1/0/3".to_owned().into()),
        if_index: Some(3),
        vlan: None,
        network: None,
        site: Some("branch".into()),
        certainty: None,
        since: minutes(-90),
        until: minutes(-30),
        before: None,
    }));
    let known = Device { first_seen: minutes(-60), ..device("DS-2CD2143G2-I") };
    let brief = brief_of(&moved, Some(known.clone()));
    assert_eq!(brief.contain.as_deref(), Some("interface Gi1/0/14 ; shutdown"));
    let line = line::finding("breach", &brief);
    assert!(line.chars().count() <= 300, "{line}");
    // First seen and where before come before the owner, the model and the evidence last: those are in the JSON.
    assert!(line.contains(" first-seen=2026-11-24T05:00Z ") && line.contains(" contain=\"interface"), "{line}");
    assert!(!line.contains("model=") && !line.contains("evidence="), "{line}");
    // Nobody knows the switch's words: there is room for where it was before.
    let mut bare = Brief { contain: None, ..brief };
    let line = line::finding("breach", &bare);
    assert!(line.contains(" before=\"branch-sw7 Gi1/0/3\""), "{line}");
    bare.previous = None;
    assert!(line::finding("breach", &bare).contains(" owner=\"estates, ext. 4711\""));
    // Others are on that port too: it is not suggested that they be cut off.
    moved.place.certainty = Certainty::Shared;
    assert_eq!(brief_of(&moved, Some(known)).contain, None);
}

#[test]
fn a_hostile_name_forges_no_key_breaks_no_line_and_hides_no_port() {
    for model in [
        "x\" port=Gi1/0/99 y=\"",
        "x\nbreach no-core-network port=Gi1/0/99",
        "\u{202e}\u{1b}[2J\\",
        &"Z".repeat(5000),
        &"\u{1f4f7} ".repeat(500),
    ] {
        let line = line_of(&breach(1, FindingState::Open), Some(device(model)));
        assert!(line.chars().count() <= 300, "{line}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(line.contains(" port=Gi1/0/14 ") && line.contains(" vlan=10 "), "{line}");
        // Outside quotes there is one port, the true one.
        let outside: String = line.split('"').step_by(2).collect();
        assert_eq!(line.matches('"').count() % 2, 0, "{line}");
        assert_eq!(outside.matches("port=").count(), 1, "{line}");
        assert!(!line.contains('\u{202e}') && !line.contains('\\'), "{line:?}");
    }
    let mut wide = breach(u64::MAX, FindingState::Open);
    wide.rule = "r".repeat(90).into();
    wide.place.switch = Some("s w".repeat(90).into());
    wide.place.port = Some("p p".repeat(90).into());
    wide.place.network = Some("n n".repeat(90).into());
    wide.place.site = Some("h h".repeat(90).into());
    let line = line_of(&wide, Some(device(&"Z".repeat(5000))));
    assert!(line.chars().count() <= 300 && line.contains(" port=") && line.contains(" vlan=10"), "{line}");
}

#[test]
fn openings_reopenings_and_worse_are_news_and_nothing_else_is() {
    use FindingState::{Accepted, Closed, Open, RemoveBy};
    use Severity::{Action, Breach, Review};
    let cases = [
        (None, (Open, Breach), true),
        (None, (Closed, Breach), false),
        (Some((Open, Breach)), (Open, Breach), false),
        (Some((Open, Breach)), (Closed, Breach), false),
        (Some((Closed, Breach)), (Open, Breach), true),
        (Some((RemoveBy, Breach)), (Open, Breach), true),
        (Some((Open, Breach)), (Accepted, Breach), false),
        (Some((Open, Review)), (Open, Breach), true),
        (Some((Accepted, Review)), (Accepted, Breach), true),
        (Some((Accepted, Breach)), (Accepted, Review), false),
        (None, (Open, Review), false),
        (Some((Open, Breach)), (Open, Review), false),
        (Some((Open, Review)), (Open, Action), true),
    ];
    for (before, (state, severity), told) in cases {
        let before: Vec<Finding> = before.map(|(state, severity)| finding(1, severity, state)).into_iter().collect();
        let mut dispatch = restore(vec![plan("soc", &["breach", "action"])], &before, Vec::new());
        let outbox = post(&mut dispatch, &[finding(1, severity, state)], minutes(1));
        assert_eq!(outbox.alerts.len(), usize::from(told), "{before:?} -> {state:?} {severity:?}");
        assert_eq!(outbox.told.len(), outbox.alerts.len());
    }
}

#[test]
fn a_full_estate_is_a_few_summaries_and_no_flood() {
    let plans = vec![plan("soc", &["breach"]), plan("estates", &["action"])];
    let mut dispatch = restore(plans, &[], Vec::new());
    let many: Vec<Finding> = (0..10_000)
        .map(|id| {
            let mut finding = breach(id, FindingState::Open);
            finding.rule = format!("rule-{}", id % 7).into();
            finding.place.site = Some(format!("site-{}", id % 90).into());
            finding
        })
        .collect();
    let outbox = post(&mut dispatch, &many, START);
    assert_eq!((outbox.alerts.len(), outbox.told.len()), (1, 10_000));
    let text = texts(&outbox)[0];
    assert!(text.starts_with("breach summary findings=10000 breach rule-0 at site-0: 16,"), "{text}");
    assert!(text.ends_with(" more; see 'lenswarden findings'") && text.chars().count() <= 300, "{text}");
    // Nothing is left out of the counts.
    let numbers = |text: &str| -> usize {
        let counts = text.split(": ").skip(1).filter_map(|rest| rest.split(',').next()?.parse::<usize>().ok());
        let more = text.split(" and ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
        counts.sum::<usize>() + more.unwrap_or(0)
    };
    assert_eq!(numbers(text), 10_000, "{text}");

    // A first round comes in many commits: twenty lines, then summaries, and each alone in its commit is a line.
    let mut dispatch = restore(vec![plan("soc", &["breach"])], &[], Vec::new());
    let commits: Vec<usize> =
        many.chunks(15).take(100).map(|commit| post(&mut dispatch, commit, minutes(60)).alerts.len()).collect();
    assert_eq!((commits[0], commits[1..].iter().max()), (15, Some(&1)));
    let late = breach(20_000, FindingState::Open);
    assert!(texts(&post(&mut dispatch, &[late], minutes(60)))[0].contains("finding=20000"));
    // A minute later lines are lines again.
    let calm: Vec<Finding> = (30_000..30_010).map(|id| breach(id, FindingState::Open)).collect();
    assert_eq!(post(&mut dispatch, &calm, minutes(61)).alerts.len(), 10);
}

#[test]
fn each_carrier_gets_what_it_asked_for() {
    let plans = vec![plan("soc", &["breach"]), plan("estates", &["breach", "review"])];
    let mut dispatch = restore(plans, &[], Vec::new());
    let outbox =
        post(&mut dispatch, &[breach(1, FindingState::Open), finding(2, Severity::Review, FindingState::Open)], START);
    let carriers: Vec<&str> = outbox.alerts.iter().map(|alert| alert.carrier.as_str()).collect();
    assert_eq!(carriers, ["soc", "estates", "estates"]);
    // A plan that comes later is told of what happens from then on.
    dispatch.configure(&[plan("new", &["breach"])], &[]);
    assert!(post(&mut dispatch, &[breach(1, FindingState::Open)], minutes(1)).alerts.is_empty());
    assert_eq!(post(&mut dispatch, &[breach(3, FindingState::Open)], minutes(1)).alerts[0].carrier, "new");
}

#[test]
fn what_was_lost_and_a_trial_say_so() {
    assert!(lost("soc", 7, START).text.contains("alerts=7"));
    assert_eq!(trial("so\nc", START).text, "test alert=\"so c\": a trial, nothing happened");
}

#[test]
fn what_concerns_the_work_itself_is_told_in_a_line_that_is_clean_to_whoever_asks_or_to_all() {
    let mut dispatch = restore(vec![plan("soc", &["breach"]), plan("desk", &["info"])], &[], Vec::new());
    let mut outbox = Outbox::default();
    let words = format!("credential x\u{1b}[2J was refused\nby several cameras {}", "y".repeat(400));
    dispatch.operational("credential-stopped", &words, START, &mut outbox);
    let told = |outbox: &Outbox| -> Vec<(String, String)> {
        outbox.alerts.iter().map(|alert| (alert.carrier.clone(), alert.kind.clone())).collect()
    };
    let pair = |carrier: &str, kind: &str| (carrier.to_owned(), kind.to_owned());
    assert_eq!(told(&outbox), [pair("soc", "credential-stopped"), pair("desk", "credential-stopped")]);
    let text = &outbox.alerts[0].text;
    assert!(text.starts_with("operation credential-stopped credential x") && text.chars().count() <= 300, "{text}");
    assert!(!text.contains(['\u{1b}', '\n']), "{text:?}");
    dispatch.configure(&[plan("soc", &["breach"]), plan("desk", &["operational"]), plan("log", &["audit"])], &[]);
    let mut outbox = Outbox::default();
    dispatch.operational("credential-stopped", "x", START, &mut outbox);
    let head: SignedHead =
        format!("lenswarden-head-1 e 7 {} {START} {}==", "ab".repeat(32), "A".repeat(86)).parse().unwrap();
    dispatch.head(&head, START, &mut outbox);
    assert_eq!(told(&outbox), [pair("desk", "credential-stopped"), pair("log", "audit-head")]);
    assert_eq!(heads_in(&outbox.alerts[1].text), [head], "whole, so that it can be held against the log");
}

#[test]
fn what_lasts_is_told_when_it_begins_and_when_it_ends_also_over_a_restart() {
    let plans = || vec![plan("soc", &["breach"])];
    let mut dispatch = restore(plans(), &[], Vec::new());
    let wrong =
        |kind: &'static str, subject: &str| Wrong { kind, subject: subject.into(), words: format!("{kind} words") };
    let look = |dispatch: &mut Dispatch, wrong: Vec<Wrong>, minute: i64| {
        let mut outbox = Outbox::default();
        dispatch.operate(wrong, minutes(minute), &mut outbox);
        outbox
    };
    let begun = look(&mut dispatch, vec![wrong("disk-low", ""), wrong("coverage-low", "hq")], 0);
    assert_eq!(texts(&begun), ["operation coverage-low coverage-low words", "operation disk-low disk-low words"]);
    let again = look(&mut dispatch, vec![wrong("disk-low", ""), wrong("coverage-low", "hq")], 1);
    assert!(again.alerts.is_empty() && again.aside == crate::store::Aside::default());
    let memory = Memory { conditions: begun.aside.begun.clone(), ..Memory::default() };
    let mut dispatch = Dispatch::restore(plans(), Vec::new(), &[], memory);
    assert!(dispatch.is_wrong("disk-low", "") && !dispatch.is_wrong("coverage-low", "branch"));
    let ended = look(&mut dispatch, vec![wrong("coverage-low", "hq"), wrong("coverage-low", "branch")], 2);
    assert_eq!(
        texts(&ended),
        [
            "operation disk-low is over; since 2026-11-24T06:00:00.000Z: disk-low words",
            "operation coverage-low coverage-low words"
        ]
    );
    assert_eq!(ended.aside.ended, [("disk-low".to_owned(), String::new())]);
    assert_eq!(ended.aside.begun[0].subject, "branch");
}

#[test]
fn a_reminder_goes_to_whoever_is_told_of_such_findings_and_says_where_it_is() {
    let dispatch = restore(vec![plan("soc", &["breach"]), plan("desk", &["info"])], &[], Vec::new());
    let mut outbox = Outbox::default();
    let (inventory, estate) = (inventory(vec![device("x")]), estate());
    let view = View { inventory: &inventory, estate: &estate };
    dispatch.remind(&breach(1, FindingState::Accepted), "accepted until 2026-12-01", &view, START, &mut outbox);
    assert_eq!(outbox.alerts.len(), 1);
    let text = texts(&outbox)[0];
    assert!(text.starts_with("reminder \"accepted until 2026-12-01\" breach no-core-network finding=1 "), "{text}");
    assert!(text.contains(" port=Gi1/0/14 ") && text.chars().count() <= 300, "{text}");
    // Nobody asks for findings as grave as this one: what was accepted must not end unnoticed.
    let lesser = Finding { severity: Severity::Action, ..breach(1, FindingState::Accepted) };
    let mut outbox = Outbox::default();
    dispatch.remind(&lesser, "accepted until 2026-12-01", &view, START, &mut outbox);
    assert_eq!(outbox.alerts.iter().map(|alert| alert.carrier.as_str()).collect::<Vec<_>>(), ["soc", "desk"]);
}
