//! Edges of the rules that a small slip would move.

use super::*;

fn graded(ledger: &mut Ledger, place: &Place, rule: &str, severity: Severity, at: Timestamp) {
    let now = Violation { severity, ..violation(2, rule) };
    ledger.reconcile((&device(2), place), &[now], Closing::Observed, at);
}

#[test]
fn what_is_approved_must_hold_by_the_day_and_the_rules_of_its_approval() {
    let proposed = || {
        let mut ledger = sensitive();
        decide(&mut ledger, 1, &jo(), accept("2026-12-01", "x")).unwrap();
        ledger
    };
    let approve = |ledger: &mut Ledger, rules: &Rules, today: &str| {
        let revision = ledger.finding(FindingId(1)).unwrap().revision;
        let request = request(1, revision, DecisionKind::Approve {});
        ledger.decide(&[request], &ann(), rules, AT, day(today)).map(|_| ())
    };
    assert_eq!(approve(&mut proposed(), &rules(), "2026-12-02"), Err(Refusal::Past(day("2026-12-01"))));
    let stricter = Rules { packs: [("uk-gsg-2022".into(), 5)].into(), ..rules() };
    let latest = day("2026-11-29");
    assert_eq!(approve(&mut proposed(), &stricter, "2026-11-24"), Err(Refusal::TooLong { days: 5, latest }));
    assert_eq!(approve(&mut proposed(), &stricter, "2026-11-26"), Ok(()));
}

#[test]
fn where_the_site_is_not_known_two_are_needed() {
    let mut ledger = Ledger::default();
    see(&mut ledger, 1, &Place { site: None, ..depot() }, &["a"], AT);
    decide(&mut ledger, 1, &ann(), accept("2026-12-01", "x")).unwrap();
    assert_eq!(state(&ledger, 1), FindingState::Open, "proposed");
    assert!(matches!(decide(&mut ledger, 1, &ann(), DecisionKind::Approve {}), Err(Refusal::SamePerson(_))));
}

#[test]
fn a_decision_forgets_neither_an_absence_nor_a_return() {
    let mut ledger = opened();
    let gone = Place { gone: Some(AT), ..depot() };
    see(&mut ledger, 2, &gone, &[], AT);
    let absent = ledger.finding(FindingId(3)).unwrap().handling.absent.clone();
    assert!(absent.is_some());
    decide(&mut ledger, 3, &jo(), DecisionKind::RemoveBy { by: day("2027-01-01") }).unwrap();
    decide(&mut ledger, 3, &jo(), DecisionKind::Stage { stage: Stage::Removed }).unwrap();
    assert_eq!(ledger.finding(FindingId(3)).unwrap().handling.absent, absent, "its proof goes on");
    see(&mut ledger, 2, &depot(), &["a"], AT);
    decide(&mut ledger, 3, &jo(), accept("2026-12-01", "x")).unwrap();
    graded(&mut ledger, &depot(), "a", Severity::Review, AT);
    let back = ledger.finding(FindingId(3)).unwrap();
    assert_eq!((back.handling.returned, back.severity), (Some(AT), Severity::Breach), "it was removed, and is back");
}

#[test]
fn what_was_away_without_a_decision_comes_back_as_what_it_was() {
    let mut ledger = Ledger::default();
    graded(&mut ledger, &depot(), "a", Severity::Review, AT);
    see(&mut ledger, 2, &Place { gone: Some(AT), ..depot() }, &[], AT);
    let (from, to) = (AT.plus(DAY), AT.plus(DAY * 9));
    ledger.watched(&"sw1".into(), None, from, DAY * 9, 1);
    assert_eq!(ledger.prove((DAY * 7, 1), |_| Some(to), |_| None, to), [FindingId(1)]);
    assert_eq!(ledger.finding(FindingId(1)).unwrap().closing, Some(Closing::Removed));
    graded(&mut ledger, &depot(), "a", Severity::Review, to);
    let back = ledger.finding(FindingId(1)).unwrap();
    assert_eq!((back.state, back.severity, back.handling.returned), (FindingState::Open, Severity::Review, None));
}

#[test]
fn an_acceptance_ends_when_it_is_graver_than_was_accepted_and_not_for_something_lesser_beside_it() {
    let accepted = |severity| {
        let mut ledger = Ledger::default();
        graded(&mut ledger, &depot(), "a", severity, AT);
        decide(&mut ledger, 1, &jo(), accept("2026-12-01", "x")).unwrap();
        ledger
    };
    let mut graver = accepted(Severity::Review);
    graded(&mut graver, &depot(), "a", Severity::Breach, AT);
    assert_eq!(state(&graver, 1), FindingState::Open);
    let mut beside = accepted(Severity::Breach);
    let lesser = Violation { severity: Severity::Review, ..violation(2, "c") };
    beside.reconcile((&device(2), &depot()), &[violation(2, "a"), lesser], Closing::Observed, AT);
    assert_eq!((state(&beside, 1), state(&beside, 2)), (FindingState::Accepted, FindingState::Open));
    // It moved to another site and is gone there: it was not accepted there.
    let mut left = accepted(Severity::Breach);
    see(&mut left, 2, &Place { site: Some("hq".into()), gone: Some(AT), ..depot() }, &[], AT);
    assert_eq!(state(&left, 1), FindingState::Open);
    let mut unplugged = accepted(Severity::Breach);
    see(&mut unplugged, 2, &Place { gone: Some(AT), ..depot() }, &[], AT);
    assert_eq!(state(&unplugged, 1), FindingState::Accepted);
}

#[test]
fn an_isolation_is_asked_about_again_on_the_day_after_half_a_year_and_not_before() {
    let mut ledger = opened();
    decide(&mut ledger, 3, &jo(), DecisionKind::IsolateBy { by: day("2026-12-01") }).unwrap();
    see(&mut ledger, 2, &Place { network_kind: Some(NetworkKind::Surveillance), ..depot() }, &["a"], AT);
    ledger.tick(AT, day("2027-05-30"));
    assert_eq!(state(&ledger, 3), FindingState::IsolateBy, "180 days after its day");
    ledger.tick(AT, day("2027-05-31"));
    assert_eq!(state(&ledger, 3), FindingState::Open);
}

#[test]
fn the_clock_of_what_is_over_starts_anew() {
    let mut ledger = opened();
    decide(&mut ledger, 3, &jo(), accept("2026-12-01", "x")).unwrap();
    let over = AT.plus(DAY * 8);
    ledger.tick(over, day("2026-12-02"));
    let again = ledger.finding(FindingId(3)).unwrap();
    assert_eq!((again.state, again.since, again.openings), (FindingState::Open, over, 2));
}
