//! Findings open, are decided, expire, close and come back.

use super::*;
use crate::config::ReviewPlan;
use crate::inventory::{Merge, Place};
use crate::net::{DeviceId, EntryId};
use crate::policy::{Subject, Violation};

const AT: Timestamp = Timestamp(1_795_500_000_000);

fn today() -> Date {
    "2026-11-24".parse().unwrap()
}

fn device(id: u64) -> Subject {
    Subject::Device(DeviceId(id))
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

fn opened() -> Ledger {
    let mut ledger = Ledger::default();
    assert_eq!(
        ledger.reconcile(
            (&device(1), &Place::default()),
            &[violation(1, "a"), violation(1, "b")],
            Closing::Observed,
            AT
        ),
        [FindingId(1), FindingId(2)]
    );
    assert_eq!(
        ledger.reconcile((&device(2), &Place::default()), &[violation(2, "a")], Closing::Observed, AT),
        [FindingId(3)]
    );
    ledger
}

fn author() -> Author {
    Author { uid: 1000, name: "jo".into(), login: None }
}

fn request(finding: u64, revision: u64, decision: DecisionKind) -> DecisionRequest {
    DecisionRequest { on: Matter::Finding { finding: FindingId(finding), revision }, decision }
}

fn accept(until: &str, reason: &str) -> DecisionKind {
    DecisionKind::Accept { until: until.parse().unwrap(), reason: reason.into() }
}

fn state(ledger: &Ledger, id: u64) -> FindingState {
    ledger.finding(FindingId(id)).unwrap().state
}

#[test]
fn the_same_violation_again_changes_nothing() {
    let mut ledger = opened();
    assert_eq!(
        ledger.reconcile(
            (&device(1), &Place::default()),
            &[violation(1, "a"), violation(1, "b")],
            Closing::Observed,
            AT.plus(std::time::Duration::from_secs(9))
        ),
        []
    );
}

#[test]
fn what_is_no_longer_broken_closes_and_comes_back_as_the_same_finding() {
    let mut ledger = opened();
    assert_eq!(
        ledger.reconcile((&device(1), &Place::default()), &[violation(1, "b")], Closing::Observed, AT),
        [FindingId(1)]
    );
    assert_eq!(
        (state(&ledger, 1), state(&ledger, 2), state(&ledger, 3)),
        (FindingState::Closed, FindingState::Open, FindingState::Open)
    );
    ledger.reconcile((&device(1), &Place::default()), &[violation(1, "a"), violation(1, "b")], Closing::Observed, AT);
    let again = ledger.finding(FindingId(1)).unwrap();
    assert_eq!((again.state, again.openings, again.closed), (FindingState::Open, 2, None));
}

#[test]
fn a_decision_holds_while_the_rule_is_broken_and_ends_with_its_day() {
    let mut ledger = opened();
    let decided = ledger.decide(&[request(1, 1, accept("2026-12-01", "safety"))], &author(), AT, today()).unwrap();
    assert_eq!(decided[0].author, author());
    assert_eq!(
        ledger.reconcile(
            (&device(1), &Place::default()),
            &[violation(1, "a"), violation(1, "b")],
            Closing::Observed,
            AT
        ),
        []
    );
    assert_eq!(ledger.tick(AT, "2026-12-01".parse().unwrap()).0, [], "the last day belongs to it");
    assert_eq!(ledger.tick(AT, "2026-12-02".parse().unwrap()).0, [FindingId(1)]);
    let again = ledger.finding(FindingId(1)).unwrap();
    assert_eq!((again.state, again.decision.as_ref()), (FindingState::Open, None));
}

#[test]
fn an_overdue_removal_is_open_again() {
    let mut ledger = opened();
    let by = "2026-12-01".parse().unwrap();
    ledger.decide(&[request(3, 1, DecisionKind::RemoveBy { by })], &author(), AT, today()).unwrap();
    assert_eq!(state(&ledger, 3), FindingState::RemoveBy);
    assert_eq!(ledger.tick(AT, "2027-01-01".parse().unwrap()).0, [FindingId(3)]);
}

#[test]
fn refusals_change_nothing_not_even_the_good_half() {
    let good = request(3, 1, accept("2026-12-01", "safety"));
    let latest: Date = "2027-05-23".parse().unwrap();
    let cases = [
        (request(9, 1, accept("2026-12-01", "x")), Refusal::NoSuchFinding(FindingId(9))),
        (request(1, 7, accept("2026-12-01", "x")), Refusal::Stale { finding: FindingId(1), seen: 7, now: 1 }),
        (request(1, 1, accept("2026-12-01", "  ")), Refusal::NoReason),
        (request(1, 1, DecisionKind::NotInScope { reason: String::new() }), Refusal::NoReason),
        (request(1, 1, accept("2026-11-23", "x")), Refusal::Past("2026-11-23".parse().unwrap())),
        (request(1, 1, accept("2027-05-24", "x")), Refusal::TooLong { latest }),
        (good.clone(), Refusal::Stale { finding: FindingId(3), seen: 1, now: 2 }),
    ];
    for (bad, refusal) in cases {
        let mut ledger = opened();
        let before = ledger.clone();
        assert_eq!(ledger.decide(&[good.clone(), bad], &author(), AT, today()), Err(refusal));
        assert_eq!(ledger, before);
    }
    let mut closed = opened();
    closed.reconcile((&device(2), &Place::default()), &[], Closing::Observed, AT);
    assert_eq!(
        closed.decide(&[request(3, 2, accept("2026-12-01", "x"))], &author(), AT, today()),
        Err(Refusal::Closed(FindingId(3)))
    );
    opened().decide(&[request(1, 1, accept(&latest.to_string(), "x"))], &author(), AT, today()).unwrap();
}

#[test]
fn findings_follow_a_merge_and_a_retired_device_has_none_open() {
    let mut ledger = opened();
    let changed = ledger.merge(Merge { from: DeviceId(2), into: DeviceId(1) }, AT);
    assert_eq!((changed, state(&ledger, 3)), (vec![FindingId(3)], FindingState::Closed));
    let mut other = opened();
    other.reconcile((&device(1), &Place::default()), &[violation(1, "b")], Closing::Observed, AT);
    assert_eq!(opened().retire(&device(1), AT), [FindingId(1), FindingId(2)]);
    let mut moved = Ledger::default();
    moved.reconcile((&device(5), &Place::default()), &[violation(5, "a")], Closing::Observed, AT);
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
    assert_eq!(ledger.reconcile((&first, &place), &[of(&first)], Closing::Observed, AT), [FindingId(4)]);
    assert_eq!(ledger.reconcile((&second, &place), &[of(&second)], Closing::Observed, AT), [FindingId(5)]);
    assert_eq!(ledger.reconcile((&first, &place), &[], Closing::Observed, AT), [FindingId(4)]);
    assert_eq!((state(&ledger, 4), state(&ledger, 5)), (FindingState::Closed, FindingState::Open));
    let record = serde_json::to_value(ledger.finding(FindingId(5)).unwrap()).unwrap();
    assert_eq!(record["entry"], serde_json::json!({"register": "estates", "key": "A2"}));
    assert_eq!(record.get("device"), None);
    let read: Finding = serde_json::from_value(record).unwrap();
    assert_eq!(Some(&read), ledger.finding(FindingId(5)));
    assert_eq!(ledger.retire(&second, AT), [FindingId(5)]);
}

#[test]
fn a_cycle_opens_once_and_closes_when_nothing_waits() {
    let plan = ReviewPlan {
        name: "standard-sites".into(),
        schedule: crate::config::Schedule {
            text: "daily".into(),
            zone: "UTC".into(),
            cron: cronexpr::parse_crontab("0 0 * * * UTC").unwrap(),
        },
        select: String::new(),
        owner: "estates".into(),
        due: std::time::Duration::from_secs(86_400),
    };
    let mut ledger = opened();
    let items = vec![FindingId(1), FindingId(3)];
    assert_eq!(ledger.open_cycle(&plan, AT, items.clone(), AT), Some(CycleId(1)));
    assert_eq!(ledger.open_cycle(&plan, AT, items, AT), None);
    assert_eq!(ledger.tick(AT, today()), (vec![], vec![]));
    ledger.decide(&[request(1, 1, accept("2026-12-01", "x"))], &author(), AT, today()).unwrap();
    ledger.reconcile((&device(2), &Place::default()), &[], Closing::Observed, AT);
    assert_eq!(ledger.tick(AT, today()).1, [CycleId(1)]);
    assert_eq!(ledger.tick(AT, today()).1, []);
    let restored = Ledger::restore(ledger.findings().cloned().collect(), ledger.cycles().cloned().collect());
    assert_eq!(restored, ledger);
}
