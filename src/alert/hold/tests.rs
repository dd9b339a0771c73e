//! What waits, for what, and what becomes of it.

use super::super::tests::{START, breach, device, estate, finding, inventory, minutes, plan, texts};
use super::super::{Dispatch, Memory, View};
use crate::config::{AlertPlan, Digest, MaintenanceWindow, Occasion, Pace, WindowTime};
use crate::net::Timestamp;
use crate::policy::Severity;
use crate::review::{Finding, FindingState};
use crate::store::{Held, Outbox};
use std::time::Duration;

fn window(name: &str, from: i64, until: i64) -> MaintenanceWindow {
    let when = WindowTime::Once { from: minutes(from), until: minutes(until) };
    MaintenanceWindow { name: name.into(), site: Some("hq".into()), switches: Vec::new(), when }
}

fn gathered(every: u64) -> AlertPlan {
    let digest = Digest { pace: Pace::Every(Duration::from_secs(every * 60)), at_once: [Occasion::Breach].into() };
    AlertPlan { digest: Some(digest), ..plan("soc", &["breach", "review"]) }
}

struct Case {
    dispatch: Dispatch,
    findings: Vec<Finding>,
    held: Vec<Held>,
}

impl Case {
    fn new(plan: AlertPlan, windows: Vec<MaintenanceWindow>) -> Self {
        let dispatch = Dispatch::restore(vec![plan], windows, &[], Memory::default());
        Self { dispatch, findings: Vec::new(), held: Vec::new() }
    }

    /// Keeps what the database would.
    fn keep(&mut self, outbox: &Outbox) {
        for (_, finding) in &outbox.aside.released {
            self.held.retain(|held| held.finding != *finding);
        }
        for held in &outbox.aside.held {
            self.held.retain(|known| known.finding != held.finding);
            self.held.push(held.clone());
        }
    }

    fn post(&mut self, finding: Finding, at: Timestamp) -> usize {
        let (inventory, estate) = (inventory(vec![device("x")]), estate());
        let mut outbox = Outbox::default();
        let view = View { inventory: &inventory, estate: &estate };
        self.dispatch.post(std::slice::from_ref(&finding), &view, at, &mut outbox);
        self.findings.retain(|known| known.id != finding.id);
        self.findings.push(finding);
        self.keep(&outbox);
        outbox.alerts.len()
    }

    fn release(&mut self, at: Timestamp) -> Outbox {
        let (inventory, estate) = (inventory(vec![device("x")]), estate());
        let mut outbox = Outbox::default();
        let findings = &self.findings;
        let find = |id| findings.iter().find(|finding| finding.id == id);
        self.dispatch.release(find, &View { inventory: &inventory, estate: &estate }, at, &mut outbox);
        self.keep(&outbox);
        outbox
    }
}

#[test]
fn under_maintenance_alerts_wait_and_what_is_still_open_is_one_message_at_its_end() {
    let mut case = Case::new(plan("soc", &["breach", "review"]), vec![window("night", 0, 60)]);
    for id in 1..=3 {
        assert_eq!(case.post(breach(id, FindingState::Open), minutes(1)), 0);
    }
    let mut elsewhere = breach(4, FindingState::Open);
    elsewhere.place.site = Some("branch".into());
    assert_eq!(case.post(elsewhere, minutes(2)), 1, "another site is under none");
    assert_eq!(case.post(breach(2, FindingState::Closed), minutes(3)), 0);
    assert!(case.release(minutes(59)).alerts.is_empty());
    assert_eq!(case.held.len(), 3);

    // The daemon is killed and comes back, long after the end.
    let memory = Memory { held: case.held.clone(), ..Memory::default() };
    case.dispatch =
        Dispatch::restore(vec![plan("soc", &["breach"])], vec![window("night", 0, 60)], &case.findings, memory);
    let outbox = case.release(minutes(90));
    assert_eq!(
        texts(&outbox),
        [
            "breach summary findings=2 after=maintenance window=night breach no-core-network at hq: 2; see 'lenswarden findings'"
        ]
    );
    let alert = &outbox.alerts[0];
    assert_eq!((alert.kind.as_str(), alert.findings.len(), alert.more), ("maintenance", 2, 0));
    assert!(case.held.is_empty() && case.release(minutes(91)).alerts.is_empty());
}

#[test]
fn one_that_is_left_is_a_line_and_none_is_silence() {
    let mut case = Case::new(plan("soc", &["breach"]), vec![window("night", 0, 60)]);
    case.post(breach(1, FindingState::Open), minutes(1));
    case.post(breach(2, FindingState::Open), minutes(1));
    case.post(breach(1, FindingState::Closed), minutes(2));
    assert!(texts(&case.release(minutes(60)))[0].starts_with("breach no-core-network finding=2 "));
    let mut case = Case::new(plan("soc", &["breach"]), vec![window("night", 0, 60)]);
    case.post(breach(1, FindingState::Open), minutes(1));
    case.post(breach(1, FindingState::Closed), minutes(2));
    assert!(case.release(minutes(60)).alerts.is_empty() && case.held.is_empty());
}

#[test]
fn windows_that_follow_each_other_hold_on_but_not_for_ever() {
    let mut case = Case::new(plan("soc", &["breach"]), vec![window("one", 0, 60), window("two", 50, 20_000)]);
    case.post(breach(1, FindingState::Open), minutes(1));
    assert!(case.release(minutes(61)).alerts.is_empty());
    assert_eq!(case.held[0].window.as_deref(), Some("two"));
    assert!(case.release(minutes(61 + 7 * 1440 - 1)).alerts.is_empty());
    assert_eq!(case.release(minutes(61 + 7 * 1440)).alerts.len(), 1);
}

#[test]
fn a_digest_gathers_what_may_wait_and_lets_through_what_may_not() {
    let mut case = Case::new(gathered(60), vec![window("night", 200, 260)]);
    let review = |id, state| finding(id, Severity::Review, state);
    assert_eq!(case.post(breach(1, FindingState::Open), minutes(0)), 1, "a breach is told at once");
    case.post(review(2, FindingState::Open), minutes(10));
    case.post(review(3, FindingState::Open), minutes(30));
    case.post(review(3, FindingState::Closed), minutes(40));
    assert!(case.release(minutes(69)).alerts.is_empty());
    let outbox = case.release(minutes(70));
    assert_eq!(
        (outbox.alerts.len(), outbox.alerts[0].kind.as_str(), outbox.alerts[0].findings.len()),
        (1, "digest", 2)
    );
    assert_eq!(outbox.alerts[0].findings[1].state, FindingState::Closed, "what came and went is told too");
    assert!(case.held.is_empty() && case.release(minutes(71)).alerts.is_empty());

    // After maintenance the digest is still to come, but not for what may not wait.
    case.post(review(5, FindingState::Open), minutes(210));
    case.post(breach(6, FindingState::Open), minutes(210));
    let outbox = case.release(minutes(260));
    assert!(texts(&outbox)[0].contains(" finding=6 ") && outbox.alerts.len() == 1);
    assert_eq!((case.held.len(), case.held[0].window.as_ref()), (1, None));
    assert!(texts(&case.release(minutes(320)))[0].contains(" finding=5 "));
}

#[test]
fn what_waited_goes_out_when_nothing_holds_it_any_more() {
    let mut case = Case::new(gathered(600), vec![window("night", 0, 60)]);
    case.post(breach(1, FindingState::Open), minutes(1));
    case.post(finding(2, Severity::Review, FindingState::Open), START.minus(Duration::from_secs(60)));
    assert_eq!(case.held.len(), 2);
    case.dispatch.configure(&[plan("soc", &["breach"])], &[]);
    assert_eq!(case.release(minutes(2)).alerts.len(), 2);
    let mut case = Case::new(gathered(600), Vec::new());
    case.post(finding(2, Severity::Review, FindingState::Open), minutes(1));
    case.dispatch.configure(&[plan("another", &["breach"])], &[]);
    assert!(case.release(minutes(900)).alerts.is_empty());
}
