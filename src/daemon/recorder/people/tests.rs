//! What people say of devices and what is not kept of people's, from visits to what stands in the database.

use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::daemon::recorder::*;
use crate::maker::Claim;
use crate::net::{MacAddr, VlanId};
use crate::observation::{
    Completeness, FdbRow, FdbStatus, Neighbour, NeighbourProtocol, OperStatus, Port, Reach, SwitchVisit, Table,
    TableState,
};
use crate::review::{Closing, DecisionKind, Finding, FindingState, Matter, Role};
use crate::store::Reader;

const CONFIG: &str = r#"
[[site]]
id = "hq"
sensitivity = "sensitive"
basis = "ministers"
[[network]]
id = "core"
kind = "core"
vlans = [10]
[[credential]]
id = "public"
kind = "snmp-v2c"
community = "public"
[[switch]]
name = "sw1"
address = "10.1.0.2"
site = "hq"
credential = "public"
[decisions]
two-persons = "never"
[[alert]]
name = "nobody"
kind = "syslog"
address = "/nonexistent/log"
when = ["breach"]
"#;

/// Hikvision's block; a block of nobody's; Apple's.
pub(in crate::daemon::recorder) const CAMERA: MacAddr = MacAddr([0x44, 0x19, 0xb6, 0, 0, 1]);
pub(in crate::daemon::recorder) const UNKNOWN: MacAddr = MacAddr([0x02, 0, 0, 0, 0, 2]);
pub(in crate::daemon::recorder) const PHONE: MacAddr = MacAddr([0x00, 0x04, 0xf2, 0, 0, 3]);

pub(in crate::daemon::recorder) fn recorder(path: &Path) -> Recorder {
    let config = crate::config::parse(CONFIG, Path::new("config.toml")).unwrap();
    let texts = [("uk".to_owned(), Policies::shipped_text("uk-gsg-2022").unwrap().to_owned())];
    let policies = Policies::parse(&texts).unwrap();
    let in_force = InForce { config, policies, catalogue: Catalogue::shipped(), registers: Vec::new() };
    Recorder::start(Writer::open(path).unwrap(), in_force, "here".into(), mpsc::channel(64).0).unwrap()
}

/// A visit that shows these addresses in VLAN 10, each on the port of its last octet, and what is heard there.
pub(in crate::daemon::recorder) fn visit(
    macs: &[MacAddr],
    heard: &[(MacAddr, &str, &str)],
    at: Timestamp,
) -> Collection {
    let mut visit = SwitchVisit::new("sw1".into(), "10.1.0.2:161".parse().unwrap(), "hq".into(), at);
    visit.reach = Reach::Answered;
    let state = || TableState { completeness: Completeness::Complete, rows: 1, note: None };
    for table in [Table::Dot1qFdb, Table::Interfaces, Table::Lldp, Table::IpNetToMedia] {
        visit.tables.insert(table, state());
    }
    let port = |number: u32| Port { name: format!("gi{number}").into(), oper: OperStatus::Up, ..Port::new(number) };
    visit.ports = (1..=8).map(port).collect();
    let number = |mac: MacAddr| u32::from(mac.0[5]);
    let row = |mac: &MacAddr| FdbRow {
        mac: *mac,
        vlan: VlanId::new(10),
        if_index: Some(number(*mac)),
        bridge_port: number(*mac),
        status: FdbStatus::Learned,
        table: Table::Dot1qFdb,
    };
    // Somebody is always there: a table without a single row is not believed.
    visit.fdb = [MacAddr([0x02, 0, 0, 0, 0, 8])].iter().chain(macs).map(row).collect();
    let neighbour = |(mac, words, capability): &(MacAddr, &str, &str)| Neighbour {
        if_index: Some(number(*mac)),
        protocol: NeighbourProtocol::Lldp,
        chassis: mac.to_string().as_str().into(),
        port: DeviceText::default(),
        system_name: DeviceText::default(),
        system_description: (*words).into(),
        addresses: Vec::new(),
        capabilities: vec![(*capability).to_owned()],
    };
    visit.neighbours = heard.iter().map(neighbour).collect();
    Collection::Switch(visit)
}

fn see(recorder: &mut Recorder, macs: &[MacAddr], heard: &[(MacAddr, &str, &str)], at: Timestamp) {
    let batch = recorder.absorb(&[visit(macs, heard, at)]);
    recorder.commit(&batch).unwrap();
}

fn id(recorder: &Recorder, mac: MacAddr) -> DeviceId {
    recorder.inventory.device_of(mac).unwrap().id
}

pub(in crate::daemon::recorder) fn findings(recorder: &Recorder, mac: MacAddr) -> Vec<Finding> {
    let device = id(recorder, mac);
    recorder.ledger.findings().filter(|finding| finding.subject.device() == Some(device)).cloned().collect()
}

pub(in crate::daemon::recorder) fn says(maker: &str, surveillance: Option<bool>) -> Claim {
    let maker = Some(maker).filter(|maker| !maker.is_empty()).map(Into::into);
    Claim { maker, class: None, surveillance }
}

/// What a reviewer who looks now sends.
pub(in crate::daemon::recorder) fn overrule(
    recorder: &Recorder,
    mac: MacAddr,
    claim: Claim,
    days: i64,
) -> DecisionRequest {
    let device = recorder.inventory.device_of(mac).unwrap();
    let marks = device.attribution.evidence.iter();
    let seen = marks.map(|mark| (mark.source.clone(), mark.text.clone())).collect();
    let until = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(days));
    let decision = DecisionKind::Overrule { claim, until, reason: "looked at it".into() };
    DecisionRequest { on: Matter::Device { device: device.id, seen }, decision }
}

pub(in crate::daemon::recorder) fn jo() -> Actor {
    Actor { author: Author { uid: 1000, name: "jo".into(), login: None }, role: Role::Reviewer }
}

fn told(recorder: &Recorder) -> Vec<String> {
    recorder.writer.waiting("nobody", 99).unwrap().into_iter().map(|alert| alert.kind).collect()
}

fn whole(path: &Path) {
    let reader = Reader::open(path).unwrap();
    assert_eq!(reader.verify(&[], &[]).unwrap().faults, []);
    assert_eq!(reader.state_from_log().unwrap(), reader.state_from_tables().unwrap());
}

#[test]
fn an_overruled_device_falls_under_no_rule_until_new_evidence_says_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let mut recorder = self::recorder(&path);
    let now = Timestamp::now();
    see(&mut recorder, &[CAMERA], &[], now);
    let before = findings(&recorder, CAMERA);
    assert!(before.len() >= 2 && before.iter().all(|finding| finding.state == FindingState::Open), "{before:#?}");

    let request = overrule(&recorder, CAMERA, says("Axis", Some(false)), 30);
    let (changed, _) = recorder.decide(&[request], &jo()).unwrap();
    assert_eq!(changed.len(), before.len());
    let closed = findings(&recorder, CAMERA);
    assert!(closed.iter().all(|finding| finding.closing == Some(Closing::Overruled)), "{closed:#?}");
    let device = recorder.inventory.device_of(CAMERA).unwrap();
    assert_eq!(device.attribution.maker.as_ref().unwrap().as_str(), "axis");
    assert_eq!(device.attribution.evidence[0].source, "operator");
    assert!(device.attribution.evidence.iter().any(|mark| mark.source == "ieee prefix"), "nothing is hidden");
    assert_eq!(recorder.statuses[&device.id], Status::NotRestricted);
    let detail = Reader::open(&path).unwrap().device(device.id).unwrap().unwrap();
    assert_eq!((detail.decisions.len(), detail.status), (1, Status::NotRestricted));
    assert_eq!(detail.decisions[0].author, jo().author);

    // The same again, and a daemon that starts again, change nothing.
    see(&mut recorder, &[CAMERA], &[], now);
    drop(recorder);
    let mut recorder = self::recorder(&path);
    see(&mut recorder, &[CAMERA], &[], now);
    assert!(findings(&recorder, CAMERA).iter().all(|finding| finding.state == FindingState::Closed));

    // Its switch hears what it calls itself.
    let heard = [(CAMERA, "Hikvision DS-2CD2143G2-I", "station")];
    see(&mut recorder, &[CAMERA], &heard, now);
    let again = findings(&recorder, CAMERA);
    assert!(again.iter().all(|finding| finding.state == FindingState::Open && finding.openings == 2), "{again:#?}");
    let said = recorder.inventory.device_of(CAMERA).unwrap().facts.overruling.clone().unwrap();
    assert!(said.ended.as_ref().is_some_and(|ended| ended.why.contains("DS-2CD2143G2-I")), "{said:?}");
    assert!(told(&recorder).contains(&"overruling-ended".to_owned()), "somebody is told");
    drop(recorder);
    whole(&path);
}

#[test]
fn a_device_overruled_to_a_restricted_maker_opens_findings_until_the_last_day() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let mut recorder = self::recorder(&path);
    see(&mut recorder, &[UNKNOWN], &[], Timestamp::now());
    assert_eq!(findings(&recorder, UNKNOWN), []);
    let claim = Claim { class: Some(crate::maker::Class::Camera), ..says("hikvision", None) };
    let request = overrule(&recorder, UNKNOWN, claim, 30);
    recorder.decide(&[request], &jo()).unwrap();
    let open = findings(&recorder, UNKNOWN);
    assert!(!open.is_empty() && open.iter().all(|finding| finding.state == FindingState::Open));
    assert_eq!(recorder.statuses[&id(&recorder, UNKNOWN)], Status::Restricted);

    let day = |days: i64| jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(days));
    for (today, holds) in [(day(30), true), (day(31), false)] {
        let mut draft = Draft::default();
        recorder.end_overrulings(today, &mut draft);
        assert_eq!(recorder.overruled.len(), usize::from(holds));
        let batch = recorder.finish(draft);
        recorder.commit_until_it_holds(&batch);
    }
    assert_eq!(recorder.statuses[&id(&recorder, UNKNOWN)], Status::Unknown);
    let closed = findings(&recorder, UNKNOWN);
    assert!(closed.iter().all(|finding| finding.closing == Some(Closing::Observed)), "{closed:#?}");
}

#[test]
fn what_cannot_be_overruled_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let mut recorder = self::recorder(&path);
    see(&mut recorder, &[CAMERA], &[], Timestamp::now());
    let good = overrule(&recorder, CAMERA, says("axis", None), 30);
    let nobody = overrule(&recorder, CAMERA, says("nobody at all", None), 30);
    let nothing = overrule(&recorder, CAMERA, Claim::default(), 30);
    let long = overrule(&recorder, CAMERA, says("axis", None), 181);
    let past = overrule(&recorder, CAMERA, says("axis", None), -1);
    let device = id(&recorder, CAMERA);
    let blind = DecisionRequest { on: Matter::Device { device, seen: [].into() }, ..good.clone() };
    let gone = DecisionRequest { on: Matter::Device { device: DeviceId(99), seen: [].into() }, ..good.clone() };
    let accept = DecisionKind::RemoveBy { by: jiff::Zoned::now().date() };
    let other = DecisionRequest { decision: accept, ..good.clone() };
    let restore = DecisionRequest { decision: DecisionKind::Restore { reason: "x".into() }, ..good.clone() };
    let seq = recorder.seq;
    for (bad, why) in [
        (nobody, "knows no maker 'nobody at all'"),
        (nothing, "say what it is"),
        (long, "180 days"),
        (past, "in the past"),
        (blind, "changed since you looked: ieee prefix"),
        (gone, "no device 99"),
        (other, "but on its findings"),
        (restore, "nothing said of device"),
    ] {
        let refused = recorder.decide(&[good.clone(), bad], &jo()).unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    assert_eq!((recorder.seq, recorder.overruled.len()), (seq, 0));
    recorder.decide(std::slice::from_ref(&good), &jo()).unwrap();
    let withdrawn = DecisionRequest {
        decision: DecisionKind::Restore { reason: "a slip".into() },
        ..overrule(&recorder, CAMERA, says("axis", None), 30)
    };
    recorder.decide(&[withdrawn], &jo()).unwrap();
    assert_eq!(recorder.overruled.len(), 0);
    assert!(findings(&recorder, CAMERA).iter().all(|finding| finding.state == FindingState::Open));
}

#[test]
fn what_is_no_camera_is_forgotten_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let mut recorder = self::recorder(&path);
    let now = Timestamp::now();
    let heard = [(PHONE, "a desk set", "telephone")];
    see(&mut recorder, &[CAMERA, UNKNOWN, PHONE], &heard, now);
    let phone = id(&recorder, PHONE);
    assert_eq!(recorder.statuses[&phone], Status::NotRestricted);
    for _ in 0..3 {
        see(&mut recorder, &[], &[], now);
    }
    for mac in [CAMERA, UNKNOWN, PHONE] {
        assert!(recorder.inventory.device_of(mac).unwrap().place.gone.is_some());
    }
    let day = Duration::from_secs(86_400);
    recorder.forget(now.plus(day * 29));
    assert!(recorder.inventory.device(phone).is_some(), "not yet");
    recorder.forget(now.plus(day * 31));
    assert!(recorder.inventory.device_of(PHONE).is_none(), "forgotten");
    assert!(recorder.inventory.device_of(UNKNOWN).is_some(), "unknown is not 'no camera'");
    assert!(recorder.inventory.device_of(CAMERA).is_some());
    let snapshot = Reader::open(&path).unwrap().snapshot().unwrap();
    assert!(!snapshot.devices.contains_key(&phone) && snapshot.devices.contains_key(&id(&recorder, UNKNOWN)));
    whole(&path);
    drop(recorder);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let octets = std::fs::read(file.unwrap().path()).unwrap();
        for word in ["00:04:f2:00:00:03", "a desk set"] {
            assert!(!octets.windows(word.len()).any(|at| at == word.as_bytes()), "{word} is still in the file");
        }
    }
    // Its number is not given again, also by a daemon that starts again.
    let mut recorder = self::recorder(&path);
    see(&mut recorder, &[PHONE], &heard, Timestamp::now());
    assert!(id(&recorder, PHONE) > phone);
}

#[test]
fn what_is_there_or_was_in_question_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let mut recorder = self::recorder(&path);
    let now = Timestamp::now();
    let day = Duration::from_secs(86_400);
    let heard = [(PHONE, "a desk set", "telephone")];
    see(&mut recorder, &[PHONE], &heard, now.minus(day * 60));
    // Its switch was silent for long: a daemon that starts looks first.
    recorder.forget(now.plus(day));
    assert!(recorder.inventory.device_of(PHONE).is_some());
    see(&mut recorder, &[PHONE], &heard, now.plus(day));
    recorder.forget(now.plus(day * 2));
    assert!(recorder.inventory.device_of(PHONE).is_some(), "it is there");
    let request = overrule(&recorder, PHONE, says("", Some(false)), 30);
    recorder.decide(&[request], &jo()).unwrap();
    recorder.forget(now.plus(day * 99));
    assert!(recorder.inventory.device_of(PHONE).is_some(), "somebody decided on it");
}
