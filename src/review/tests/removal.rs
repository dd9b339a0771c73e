//! A removal is proved, not believed.

use super::*;

#[test]
fn a_removal_is_proved_by_its_absence_while_its_switch_answers() {
    let mut ledger = opened();
    decide(&mut ledger, 3, &jo(), DecisionKind::ReplaceBy { by: day("2026-11-30") }).unwrap();
    assert_eq!(ledger.finding(FindingId(3)).unwrap().handling.stage, Some(Stage::Planned));
    decide(&mut ledger, 3, &jo(), DecisionKind::Stage { stage: Stage::Removed }).unwrap();
    let gone = Place { gone: Some(AT), ..depot() };
    assert_eq!(see(&mut ledger, 2, &gone, &[], AT), [FindingId(3)]);
    assert_eq!(state(&ledger, 3), FindingState::ReplaceBy, "that it is gone is not yet that it was removed");
    let week = DAY * 7;
    let prove = |ledger: &mut Ledger, pass: Option<Timestamp>| {
        let successor = Successor { device: DeviceId(9), maker: "Axis".into(), status: crate::policy::Status::Unknown };
        ledger.prove((week, 3), |_| pass, |_| Some(successor.clone()), AT.plus(week * 2))
    };
    assert_eq!(prove(&mut ledger, None), []);
    assert_eq!(prove(&mut ledger, Some(AT.plus(DAY * 6))), []);
    // Its switch was silent for two days of these.
    let hour = DAY / 24;
    let mut pass = |switch: &str, before, pass| ledger.watched(&switch.into(), Some(before), pass, hour, 3);
    assert_eq!(pass("sw2", AT, AT.plus(hour)), [], "another switch");
    assert_eq!(pass("sw1", AT.minus(hour), AT), [FindingId(3)], "the first pass without it");
    assert_eq!(pass("sw1", AT, AT.plus(hour)), [FindingId(3)], "the second");
    assert_eq!(pass("sw1", AT.plus(hour), AT.plus(hour + DAY * 2)), [FindingId(3)], "a gap");
    let now = AT.plus(hour + DAY * 2);
    assert_eq!(pass("sw1", now, now.plus(hour)), [], "of those that are enough one in time is not written down");
    assert_eq!(prove(&mut ledger, Some(AT.plus(DAY * 8))), []);
    let mut set_back = ledger.clone();
    set_back.watched(&"sw1".into(), Some(AT.plus(DAY * 9)), AT.plus(DAY), hour, 3);
    assert_eq!(prove(&mut set_back, Some(AT.plus(DAY * 9))), [], "one round of its own from there");
    set_back.watched(&"sw1".into(), Some(AT.plus(DAY)), AT.plus(DAY + hour), hour, 3);
    set_back.watched(&"sw1".into(), Some(AT.plus(DAY + hour)), AT.plus(DAY + hour * 2), hour, 3);
    assert_eq!(prove(&mut set_back, Some(AT.plus(DAY * 9))), [FindingId(3)], "8 days of its own from there");
    assert_eq!(prove(&mut set_back, Some(AT.plus(DAY * 9))), []);
    assert_eq!(ledger.tick(AT, day("2026-12-02")).findings, [], "it is gone: that is not late");
    assert_eq!(prove(&mut ledger, Some(AT.plus(DAY * 9))), [FindingId(3)]);
    let closed = ledger.finding(FindingId(3)).unwrap();
    assert_eq!((closed.state, closed.closing), (FindingState::Closed, Some(Closing::Removed)));
    assert_eq!(closed.handling.successor.as_ref().map(|it| it.maker.as_str()), Some("Axis"));
    // It comes back: a breach, whatever the rule says.
    let lesser = Violation { severity: Severity::Review, ..violation(2, "a") };
    ledger.reconcile((&device(2), &depot()), &[lesser], Closing::Observed, AT.plus(week * 3));
    let back = ledger.finding(FindingId(3)).unwrap();
    assert_eq!((back.state, back.severity, back.openings), (FindingState::Open, Severity::Breach, 2));
    assert_eq!(back.handling.returned, Some(AT.plus(week * 3)));
}

#[test]
fn what_is_said_to_be_removed_and_is_seen_again_is_a_breach_at_once() {
    let mut ledger = opened();
    decide(&mut ledger, 3, &jo(), DecisionKind::RemoveBy { by: day("2027-05-01") }).unwrap();
    let gone = Place { gone: Some(AT), ..depot() };
    see(&mut ledger, 2, &gone, &[], AT);
    see(&mut ledger, 2, &depot(), &["a"], AT);
    assert_eq!(state(&ledger, 3), FindingState::RemoveBy, "unplugged for a while");
    assert_eq!(ledger.finding(FindingId(3)).unwrap().handling.absent, None, "a proof begins anew");
    decide(&mut ledger, 3, &jo(), DecisionKind::Stage { stage: Stage::Removed }).unwrap();
    see(&mut ledger, 2, &gone, &[], AT);
    see(&mut ledger, 2, &depot(), &["a"], AT);
    let back = ledger.finding(FindingId(3)).unwrap();
    assert_eq!((back.state, back.handling.returned), (FindingState::Open, Some(AT)));
}

#[test]
fn a_removal_takes_as_many_rounds_of_its_own_switch_as_are_asked_for_however_long_they_take() {
    let gone = Place { gone: Some(AT), ..depot() };
    let (week, day) = (DAY * 7, DAY);
    // Rounds that are four days apart: after a week of proof there were two of them.
    let lives = |rounds: u16| {
        let mut ledger = opened();
        decide(&mut ledger, 3, &jo(), DecisionKind::RemoveBy { by: super::day("2027-05-01") }).unwrap();
        see(&mut ledger, 2, &gone, &[], AT);
        let mut before = None;
        for step in 0..40 {
            let pass = AT.plus(day * 4 * step);
            // Another switch is seen all the time, and proves nothing.
            for hour in 0..96 {
                let pass = pass.plus(DAY / 24 * hour);
                ledger.watched(&"sw2".into(), Some(pass.minus(DAY / 24)), pass, day * 4, rounds);
            }
            ledger.watched(&"sw1".into(), before, pass, day * 4, rounds);
            before = Some(pass);
            // Its daemon starts again and again: what was counted stands.
            ledger = Ledger::restore(ledger.findings().cloned().collect(), ledger.cycles().cloned().collect());
            if ledger.prove((week, rounds), |_| before, |_| None, pass) == [FindingId(3)] {
                return step + 1;
            }
        }
        0
    };
    assert_eq!([lives(3), lives(4), lives(10), lives(41)], [3, 4, 10, 0]);
    // More are asked for when enough were counted: it goes on from there.
    let mut ledger = opened();
    see(&mut ledger, 2, &gone, &[], AT);
    let pass = |ledger: &mut Ledger, at: u32, rounds| {
        let (before, now) = (AT.plus(day * at.saturating_sub(1)), AT.plus(day * at));
        ledger.watched(&"sw1".into(), Some(before).filter(|_| at > 0), now, day, rounds);
        ledger.prove((week, rounds), |_| Some(now), |_| None, now).len()
    };
    let closed: Vec<usize> = (0..7).map(|at| pass(&mut ledger, at, 3)).collect();
    assert_eq!(closed, [0; 7], "six days");
    let closed: Vec<usize> = (7..11).map(|at| pass(&mut ledger, at, 6)).collect();
    assert_eq!(closed, [0, 0, 1, 0], "three were counted, three more");
}
