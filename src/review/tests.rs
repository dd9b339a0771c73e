//! Findings open, are decided, expire, close and come back.

mod edges;
mod removal;

use std::time::Duration;

use super::*;
use crate::config::{NetworkKind, ReviewPlan};
use crate::inventory::{Merge, Place};
use crate::net::{CycleId, DeviceId, EntryId, FindingId, Timestamp};
use crate::policy::{Severity, Subject, Violation};

/// 24 November 2026.
const AT: Timestamp = Timestamp(1_795_500_000_000);
const DAY: Duration = Duration::from_secs(86_400);

fn today() -> Date {
    "2026-11-24".parse().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn device(id: u64) -> Subject {
    Subject::Device(DeviceId(id))
}

/// Somewhere at a site that is not sensitive.
fn depot() -> Place {
    Place { site: Some("depot".into()), switch: Some("sw1".into()), port: Some("gi1".into()), ..Place::default() }
}

fn rules() -> Rules {
    Rules { standard: ["depot".into()].into(), ..Rules::default() }
}

fn violation(id: u64, rule: &str) -> Violation {
    Violation {
        pack: "uk-gsg-2022".into(),
        rule: rule.into(),
        severity: Severity::Breach,
        subject: device(id),
        text: "on a core network".into(),
        evidence: Vec::new(),
    }
}

fn see(ledger: &mut Ledger, id: u64, place: &Place, broken: &[&str], at: Timestamp) -> Vec<FindingId> {
    let now: Vec<Violation> = broken.iter().map(|rule| violation(id, rule)).collect();
    ledger.reconcile((&device(id), place), &now, Closing::Observed, at)
}

fn opened() -> Ledger {
    let mut ledger = Ledger::default();
    assert_eq!(see(&mut ledger, 1, &depot(), &["a", "b"], AT), [FindingId(1), FindingId(2)]);
    assert_eq!(see(&mut ledger, 2, &depot(), &["a"], AT), [FindingId(3)]);
    ledger
}

fn person(uid: u32, name: &str, role: Role) -> Actor {
    Actor { author: Author { uid, name: name.into(), login: None }, role }
}

fn jo() -> Actor {
    person(1000, "jo", Role::Reviewer)
}

fn ann() -> Actor {
    person(1001, "ann", Role::Approver)
}

fn request(finding: u64, revision: u64, decision: DecisionKind) -> DecisionRequest {
    DecisionRequest { on: Matter::Finding { finding: FindingId(finding), revision }, decision }
}

fn accept(until: &str, reason: &str) -> DecisionKind {
    DecisionKind::Accept { until: day(until), reason: reason.into(), control: "a guard".into() }
}

fn state(ledger: &Ledger, id: u64) -> FindingState {
    ledger.finding(FindingId(id)).unwrap().state
}

/// Decides on a finding as it is now.
fn decide(ledger: &mut Ledger, id: u64, by: &Actor, decision: DecisionKind) -> Result<(), Refusal> {
    let revision = ledger.finding(FindingId(id)).unwrap().revision;
    ledger.decide(&[request(id, revision, decision)], by, &rules(), AT, today()).map(|_| ())
}

#[test]
fn the_same_violation_again_changes_nothing() {
    let mut ledger = opened();
    assert_eq!(see(&mut ledger, 1, &depot(), &["a", "b"], AT.plus(DAY)), []);
}

#[test]
fn what_is_no_longer_broken_closes_and_comes_back_as_the_same_finding() {
    let mut ledger = opened();
    assert_eq!(see(&mut ledger, 1, &depot(), &["b"], AT), [FindingId(1)]);
    let states = [1, 2, 3].map(|id| state(&ledger, id));
    assert_eq!(states, [FindingState::Closed, FindingState::Open, FindingState::Open]);
    assert_eq!(ledger.finding(FindingId(1)).unwrap().closing, Some(Closing::Observed));
    see(&mut ledger, 1, &depot(), &["a", "b"], AT);
    let again = ledger.finding(FindingId(1)).unwrap();
    assert_eq!((again.state, again.openings, again.closed, again.closing), (FindingState::Open, 2, None, None));
}

#[test]
fn a_decision_holds_while_the_rule_is_broken_and_ends_with_its_day() {
    let mut ledger = opened();
    let request = request(1, 1, accept("2026-12-01", "safety"));
    let (made, holding) = ledger.decide(&[request], &jo(), &rules(), AT, today()).unwrap();
    assert_eq!((&made, made[0].author.clone()), (&holding, jo().author));
    assert_eq!(see(&mut ledger, 1, &depot(), &["a", "b"], AT), []);
    assert_eq!(ledger.tick(AT, day("2026-11-24")).findings, []);
    let tick = ledger.tick(AT, day("2026-12-01"));
    assert_eq!(tick.notices.len(), 1, "reminded, and the last day belongs to it: {tick:?}");
    assert_eq!(state(&ledger, 1), FindingState::Accepted);
    assert_eq!(ledger.tick(AT, day("2026-12-02")).findings, [FindingId(1)]);
    let again = ledger.finding(FindingId(1)).unwrap();
    assert_eq!((again.state, again.decision.as_ref(), again.openings), (FindingState::Open, None, 2));
}

#[test]
fn every_decision_with_a_day_is_open_again_when_it_is_over() {
    let by = day("2026-12-01");
    for kind in [DecisionKind::RemoveBy { by }, DecisionKind::IsolateBy { by }, DecisionKind::ReplaceBy { by }] {
        let mut ledger = opened();
        decide(&mut ledger, 3, &jo(), kind.clone()).unwrap();
        assert_eq!(Some(state(&ledger, 3)), kind.state());
        assert_eq!(ledger.tick(AT, day("2027-01-01")).findings, [FindingId(3)], "{kind:?}");
        assert_eq!(state(&ledger, 3), FindingState::Open);
    }
}

#[test]
fn one_is_reminded_14_7_and_1_days_before_once_each() {
    let mut ledger = opened();
    decide(&mut ledger, 3, &jo(), accept("2026-12-24", "safety")).unwrap();
    decide(&mut ledger, 1, &jo(), accept("2026-11-29", "decided late")).unwrap();
    let mut told = Vec::new();
    for step in 0..31 {
        let today = today().saturating_add(Span::new().days(step));
        for _ in 0..2 {
            told.extend(ledger.tick(AT, today).notices.into_iter().map(|notice| (step, notice.words)));
        }
        // A daemon that starts again reminds of nothing twice.
        ledger = Ledger::restore(ledger.findings().cloned().collect(), ledger.cycles().cloned().collect());
    }
    let days: Vec<(i64, bool)> = told.iter().map(|(step, words)| (*step, words.contains("finding 3"))).collect();
    assert_eq!(days, [(4, false), (16, true), (23, true), (29, true)], "{told:?}");
    assert!(told[1].1.contains("accept until 2026-12-24 ends in 14 days, decided by jo"), "{told:?}");
    // Whoever was away is told once, how near it is.
    let mut away = opened();
    decide(&mut away, 3, &jo(), accept("2026-12-24", "safety")).unwrap();
    assert_eq!(away.tick(AT, day("2026-12-21")).notices.len(), 1);
    assert_eq!(away.tick(AT, day("2026-12-22")).notices.len(), 0);
}

#[test]
fn refusals_change_nothing_not_even_the_good_half() {
    let good = request(3, 1, accept("2026-12-01", "safety"));
    let latest = day("2027-05-23");
    let uncontrolled = DecisionKind::Accept { until: day("2026-12-01"), reason: "x".into(), control: " ".into() };
    let cases = [
        (request(9, 1, accept("2026-12-01", "x")), Refusal::NoSuchFinding(FindingId(9))),
        (request(1, 7, accept("2026-12-01", "x")), Refusal::Stale { finding: FindingId(1), seen: 7, now: 1 }),
        (request(1, 1, accept("2026-12-01", "  ")), Refusal::NoReason),
        (request(1, 1, uncontrolled), Refusal::NoControl),
        (request(1, 1, DecisionKind::NotInScope { reason: String::new() }), Refusal::NoReason),
        (request(1, 1, accept("2026-11-23", "x")), Refusal::Past(day("2026-11-23"))),
        (request(1, 1, accept("2027-05-24", "x")), Refusal::TooLong { days: 180, latest }),
        (request(1, 1, DecisionKind::Approve {}), Refusal::Role { takes: Role::Approver, has: Role::Reviewer }),
        (request(1, 1, DecisionKind::Reject { reason: "x".into() }), Refusal::NothingProposed(FindingId(1))),
        (request(1, 1, DecisionKind::Stage { stage: Stage::Ordered }), Refusal::NoStage(FindingId(1))),
        (request(1, 1, DecisionKind::Reopen { reason: "x".into() }), Refusal::Undecided(FindingId(1))),
        (request(1, 1, DecisionKind::Attest { statement: "x".into() }), Refusal::NotOnThis("a finding")),
        (
            request(1, 1, DecisionKind::NotInScope { reason: "r".repeat(1001) }),
            Refusal::TooMuch { what: "a text", most: 1000 },
        ),
        (good.clone(), Refusal::Stale { finding: FindingId(3), seen: 1, now: 2 }),
    ];
    for (bad, refusal) in cases {
        let mut ledger = opened();
        let before = ledger.clone();
        let refused = ledger.decide(&[good.clone(), bad], &jo(), &rules(), AT, today());
        assert_eq!(refused, Err(refusal));
        assert_eq!(ledger, before);
    }
    let mut closed = opened();
    see(&mut closed, 2, &depot(), &[], AT);
    assert_eq!(decide(&mut closed, 3, &jo(), accept("2026-12-01", "x")), Err(Refusal::Closed(FindingId(3))));
    decide(&mut opened(), 1, &jo(), accept("2027-05-23", "x")).unwrap();
    let reader = person(7, "eve", Role::Reader);
    let refused = decide(&mut opened(), 1, &reader, DecisionKind::RemoveBy { by: latest });
    assert_eq!(refused, Err(Refusal::Role { takes: Role::Reviewer, has: Role::Reader }));
}

#[test]
fn a_pack_may_ask_for_a_shorter_acceptance() {
    let rules = Rules { packs: [("uk-gsg-2022".into(), 30)].into(), longest: 90, ..rules() };
    let mut ledger = opened();
    let long = [request(1, 1, accept("2026-12-25", "x"))];
    let refused = ledger.decide(&long, &jo(), &rules, AT, today());
    assert_eq!(refused, Err(Refusal::TooLong { days: 30, latest: day("2026-12-24") }));
    assert_eq!(Rules { longest: 500, ..rules }.longest(None), LONGEST_ACCEPTANCE, "nothing asks for a longer one");
}

/// A ledger with one finding at a sensitive site.
fn sensitive() -> Ledger {
    let mut ledger = Ledger::default();
    see(&mut ledger, 1, &Place { site: Some("hq".into()), ..depot() }, &["a"], AT);
    ledger
}

#[test]
fn at_a_sensitive_site_somebody_else_must_approve_what_lets_it_stay() {
    for kind in [accept("2026-12-01", "x"), DecisionKind::NotInScope { reason: "x".into() }] {
        let mut ledger = sensitive();
        decide(&mut ledger, 1, &ann(), kind.clone()).unwrap();
        assert_eq!(state(&ledger, 1), FindingState::Open, "proposed is not decided");
        assert_eq!(decide(&mut ledger, 1, &ann(), DecisionKind::Approve {}), Err(Refusal::SamePerson("ann".into())));
        // Whoever she became, she is the same person; so is root, where she logged in.
        let mut root = person(0, "root", Role::Administrator);
        root.author.login = Some(crate::net::User { uid: 1001, name: "ann".into() });
        assert!(matches!(decide(&mut ledger, 1, &root, DecisionKind::Approve {}), Err(Refusal::SamePerson(_))));
        let other = person(1002, "bob", Role::Approver);
        let revision = ledger.finding(FindingId(1)).unwrap().revision;
        let approve = [request(1, revision, DecisionKind::Approve {})];
        let (made, holding) = ledger.decide(&approve, &other, &rules(), AT, today()).unwrap();
        assert_eq!((&made[0].kind, &holding[0].kind), (&DecisionKind::Approve {}, &kind));
        let decision = ledger.finding(FindingId(1)).unwrap().decision.clone().unwrap();
        assert_eq!((decision.author, decision.approver), (ann().author, Some(other.author)));
        assert_eq!(Some(state(&ledger, 1)), kind.state());
    }
    let mut ledger = sensitive();
    decide(&mut ledger, 1, &jo(), DecisionKind::RemoveBy { by: today() }).unwrap();
    assert_eq!(state(&ledger, 1), FindingState::RemoveBy, "one person may have it removed");
    let overrule = |on| {
        let claim = "maker:axis".parse().unwrap();
        DecisionRequest { on, decision: DecisionKind::Overrule { claim, until: today(), reason: "x".into() } }
    };
    let on_device = overrule(Matter::Device { device: DeviceId(1), seen: [].into() });
    let refused = ledger.decide(std::slice::from_ref(&on_device), &ann(), &rules(), AT, today());
    assert_eq!(refused, Err(Refusal::DecideOnFinding(FindingId(1))), "no way round");
    let (_, holding) = opened().decide(&[on_device], &jo(), &rules(), AT, today()).unwrap();
    assert_eq!(holding.len(), 1, "at a site where one is enough");
    let mut anywhere = opened();
    let always = Rules { two_persons: crate::config::TwoPersons::Always, ..rules() };
    anywhere.decide(&[request(1, 1, accept("2026-12-01", "x"))], &jo(), &always, AT, today()).unwrap();
    assert_eq!(state(&anywhere, 1), FindingState::Open);
}

#[test]
fn what_is_proposed_is_rejected_withdrawn_or_too_late() {
    let rejected = DecisionKind::Reject { reason: "no".into() };
    let mut ledger = sensitive();
    decide(&mut ledger, 1, &jo(), accept("2026-12-01", "x")).unwrap();
    let other = person(1002, "bob", Role::Reviewer);
    assert!(matches!(decide(&mut ledger, 1, &other, rejected.clone()), Err(Refusal::Role { .. })));
    decide(&mut ledger, 1, &jo(), rejected).unwrap();
    assert_eq!(decide(&mut ledger, 1, &ann(), DecisionKind::Approve {}), Err(Refusal::NothingProposed(FindingId(1))));
    decide(&mut ledger, 1, &jo(), accept("2026-12-01", "x")).unwrap();
    assert_eq!(ledger.tick(AT, day("2026-12-02")).findings, [FindingId(1)]);
    assert_eq!(ledger.finding(FindingId(1)).unwrap().handling.proposed, None, "its day is over");
}

#[test]
fn a_new_breach_or_another_site_ends_an_acceptance() {
    let mut ledger = opened();
    see(&mut ledger, 1, &depot(), &["a"], AT);
    decide(&mut ledger, 1, &jo(), accept("2026-12-01", "x")).unwrap();
    see(&mut ledger, 1, &depot(), &["a", "c"], AT);
    assert_eq!(state(&ledger, 1), FindingState::Open, "another rule is broken since");
    decide(&mut ledger, 1, &jo(), accept("2026-12-01", "x")).unwrap();
    see(&mut ledger, 1, &Place { site: Some("hq".into()), ..depot() }, &["a", "c"], AT);
    assert_eq!(state(&ledger, 1), FindingState::Open, "it was accepted elsewhere");
}

#[test]
fn what_was_isolated_stays_so_until_it_leaves_that_network_or_for_half_a_year() {
    let mut ledger = opened();
    let by = day("2026-12-01");
    let cctv = Place { network_kind: Some(NetworkKind::Surveillance), ..depot() };
    decide(&mut ledger, 3, &jo(), DecisionKind::IsolateBy { by }).unwrap();
    see(&mut ledger, 2, &cctv, &["a"], AT);
    assert!(ledger.tick(AT, day("2027-03-01")).findings.iter().all(|id| state(&ledger, id.0) != FindingState::Open));
    assert_eq!(state(&ledger, 3), FindingState::IsolateBy);
    let mut left = ledger.clone();
    see(&mut left, 2, &depot(), &["a"], AT);
    assert_eq!(state(&left, 3), FindingState::Open);
    assert_eq!(ledger.tick(AT, day("2027-06-01")).findings, [FindingId(3)]);
}

#[test]
fn assignee_tags_and_notes_stay_and_notes_change_nothing() {
    let mut ledger = opened();
    let assign = DecisionKind::Assign { to: Some("estates".into()), due: Some(day("2026-12-01")) };
    decide(&mut ledger, 1, &jo(), assign).unwrap();
    let tag = |add: &[&str], remove: &[&str]| DecisionKind::Tag {
        add: add.iter().map(ToString::to_string).collect(),
        remove: remove.iter().map(ToString::to_string).collect(),
    };
    decide(&mut ledger, 1, &jo(), tag(&["lobby", "old"], &[])).unwrap();
    decide(&mut ledger, 1, &jo(), tag(&[], &["old"])).unwrap();
    let before = ledger.clone();
    let attachment = Attachment { reference: "/srv/photo.jpg".into(), sha256: "a".repeat(64) };
    let note = DecisionKind::Note { text: "seen it".into(), attachment: Some(attachment) };
    // On whatever revision: nobody else's look is spoilt.
    ledger.decide(&[request(1, 0, note)], &jo(), &rules(), AT, today()).unwrap();
    assert_eq!(ledger, before);
    let bad = Attachment { reference: "x".into(), sha256: "A".repeat(64) };
    let bad = DecisionKind::Note { text: "x".into(), attachment: Some(bad) };
    assert!(matches!(decide(&mut ledger, 1, &jo(), bad), Err(Refusal::NoHash(_))));
    decide(&mut ledger, 1, &jo(), accept("2026-12-01", "x")).unwrap();
    ledger.tick(AT, day("2026-12-02"));
    let handling = &ledger.finding(FindingId(1)).unwrap().handling;
    assert_eq!((handling.assignee.as_deref(), handling.tags.len()), (Some("estates"), 1));
    decide(&mut ledger, 1, &jo(), accept("2026-12-01", "x")).unwrap();
    decide(&mut ledger, 1, &jo(), DecisionKind::Reopen { reason: "a slip".into() }).unwrap();
    assert_eq!(state(&ledger, 1), FindingState::Open);
}

#[test]
fn whoever_looked_too_long_ago_is_told_what_changed() {
    let mut ledger = opened();
    let then = ledger.finding(FindingId(1)).unwrap().clone();
    decide(&mut ledger, 1, &jo(), accept("2026-12-01", "x")).unwrap();
    see(&mut ledger, 1, &Place { port: Some("gi2".into()), ..depot() }, &["a", "b"], AT);
    let words = changed(&then, ledger.finding(FindingId(1)).unwrap()).join("; ");
    for wanted in ["it was open, it is accepted", "jo decided: accept until 2026-12-01", "gi1", "it is at sw1 gi2"] {
        assert!(words.contains(wanted), "{words}");
    }
}

#[test]
fn findings_follow_a_merge_and_a_retired_device_has_none_open() {
    let mut ledger = opened();
    let changed = ledger.merge(Merge { from: DeviceId(2), into: DeviceId(1) }, AT);
    assert_eq!((changed, state(&ledger, 3)), (vec![FindingId(3)], FindingState::Closed));
    assert_eq!(opened().retire(&device(1), AT), [FindingId(1), FindingId(2)]);
    let mut moved = Ledger::default();
    see(&mut moved, 5, &depot(), &["a"], AT);
    assert_eq!(moved.merge(Merge { from: DeviceId(5), into: DeviceId(4) }, AT), [FindingId(1)]);
    assert_eq!(moved.finding(FindingId(1)).unwrap().subject, device(4));
}

#[test]
fn an_entry_of_a_register_has_findings_as_a_device_has() {
    let entry = |key: &str| Subject::Entry(EntryId { register: "estates".into(), key: key.into() });
    let place = Place { site: Some("hq".into()), ..Place::default() };
    let of = |subject: &Subject| Violation { subject: subject.clone(), ..violation(1, "never-seen") };
    let (first, second) = (entry("A1"), entry("A2"));
    let mut ledger = opened();
    let see = |ledger: &mut Ledger, subject: &Subject, now: &[Violation]| {
        ledger.reconcile((subject, &place), now, Closing::Observed, AT)
    };
    assert_eq!(see(&mut ledger, &first, &[of(&first)]), [FindingId(4)]);
    assert_eq!(see(&mut ledger, &second, &[of(&second)]), [FindingId(5)]);
    assert_eq!(see(&mut ledger, &first, &[]), [FindingId(4)]);
    assert_eq!((state(&ledger, 4), state(&ledger, 5)), (FindingState::Closed, FindingState::Open));
    let record = serde_json::to_value(ledger.finding(FindingId(5)).unwrap()).unwrap();
    assert_eq!(record["entry"], serde_json::json!({"register": "estates", "key": "A2"}));
    assert_eq!(record.get("device"), None);
    let read: Finding = serde_json::from_value(record).unwrap();
    assert_eq!(Some(&read), ledger.finding(FindingId(5)));
    assert_eq!(ledger.retire(&second, AT), [FindingId(5)]);
}

#[test]
fn a_cycle_opens_once_is_escalated_once_and_ends_when_somebody_attests_that_nothing_waits() {
    let plan = ReviewPlan {
        name: "standard-sites".into(),
        schedule: crate::config::Schedule::read("daily", "UTC").unwrap(),
        select: String::new(),
        owner: "estates".into(),
        escalate_to: Some("the head of estates".into()),
        due: DAY,
        report: None,
    };
    let mut ledger = opened();
    let items = vec![FindingId(1), FindingId(3)];
    assert_eq!(ledger.open_cycle(&plan, AT, items.clone(), AT), Some(CycleId(1)));
    assert_eq!(ledger.open_cycle(&plan, AT, items, AT), None);
    assert_eq!(ledger.cycle(CycleId(1)).unwrap().revisions[&FindingId(3)], 1, "dated: what it was is in the log");
    assert_eq!(ledger.tick(AT, today()), Tick::default());
    let late = ledger.tick(AT.plus(DAY * 2), today());
    assert_eq!((late.cycles, late.notices.len()), (vec![CycleId(1)], 1));
    assert!(late.notices[0].words.contains("to the head of estates"), "{:?}", late.notices);
    assert_eq!(ledger.tick(AT.plus(DAY * 2), today()), Tick::default());

    let attest = || {
        let decision = DecisionKind::Attest { statement: "gone through".into() };
        [DecisionRequest { on: Matter::Cycle { cycle: CycleId(1) }, decision }]
    };
    let refused = ledger.decide(&attest(), &jo(), &rules(), AT, today());
    assert_eq!(refused, Err(Refusal::Waiting { cycle: CycleId(1), waiting: 2, first: FindingId(1) }));
    decide(&mut ledger, 1, &jo(), accept("2026-12-01", "x")).unwrap();
    see(&mut ledger, 2, &depot(), &[], AT);
    ledger.decide(&attest(), &jo(), &rules(), AT, today()).unwrap();
    let counts = ledger.counts(CycleId(1));
    assert_eq!((counts.items, counts.accepted, counts.closed, counts.waiting), (2, 1, 1, 0));
    let attestation = Attestation {
        author: jo().author,
        at: AT,
        statement: "gone through".into(),
        looked: None,
        coverage: "all".into(),
        counts,
        seq: 7,
        head: "00".into(),
    };
    ledger.end_cycle(CycleId(1), attestation, false);
    assert_eq!(ledger.cycle(CycleId(1)).unwrap().closed, Some(AT));
    assert_eq!(ledger.decide(&attest(), &jo(), &rules(), AT, today()), Err(Refusal::Ended(CycleId(1))));
    let restored = Ledger::restore(ledger.findings().cloned().collect(), ledger.cycles().cloned().collect());
    assert_eq!(restored, ledger);
}
