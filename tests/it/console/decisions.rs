//! The walk through a decision.

use lenswarden::console::decide::Greeting;
use lenswarden::console::keys::Context;
use lenswarden::console::{Effect, Msg};
use lenswarden::review::{DecisionKind, DecisionRequest, FindingState, Matter};
use lenswarden::store::Batch;

use super::{Desk, SIZES, estate};

pub(crate) fn greet(desk: &mut Desk, may_decide: bool) {
    let today = "2026-11-26".parse().unwrap();
    desk.tell(Msg::Greeted(Ok(Greeting { you: "alice".into(), may_decide, today })));
}

fn desk() -> Desk {
    Desk::new(&estate::of(120), SIZES[0], false)
}

fn sent(desk: &Desk) -> Vec<DecisionRequest> {
    match desk.effects.last() {
        Some(Effect::Decide(requests)) => requests.clone(),
        other => panic!("nothing was sent: {other:?}"),
    }
}

#[test]
fn one_finding_is_accepted_after_a_wrong_day_and_a_missing_reason() {
    let mut desk = desk();
    desk.type_in("2r");
    assert_eq!(desk.effects, [Effect::Greet]);
    desk.shows("asking the daemon who you are");
    greet(&mut desk, true);
    insta::assert_snapshot!("form_empty", desk.screen());
    desk.type_in("<Right><Right><Right><Tab>2026-11-2");
    desk.shows("is no day: 2026-12-31 or +30d");
    desk.type_in("5");
    desk.shows("2026-11-25 is in the past");
    desk.type_in("<C-u>+181d");
    desk.shows("too far: an acceptance ends on 2027-05-25 at the latest");
    desk.type_in("<Backspace><Backspace><Backspace><Backspace>30d");
    desk.shows("= Saturday, 26 December 2026");
    desk.type_in("<Enter>");
    desk.shows("what is done about the risk meanwhile?");
    desk.type_in("a guard<Enter>");
    desk.shows("a reason is needed");
    desk.type_in("q for quiet: the door must be watched");
    insta::assert_snapshot!("form_filled", desk.screen());
    desk.type_in("<Enter>");
    assert_eq!(desk.model.context(), Context::Confirm);
    insta::assert_snapshot!("form_confirm", desk.screen());
    desk.type_in("<Esc>");
    assert_eq!(desk.model.context(), Context::Form);
    desk.type_in("<Enter>y");
    let requests = sent(&desk);
    let finding = desk.model.snapshot.findings[&requests[0].on.finding().unwrap()].clone();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].on, Matter::Finding { finding: finding.id, revision: finding.revision });
    let reason = "q for quiet: the door must be watched".to_owned();
    assert_eq!(
        requests[0].decision,
        DecisionKind::Accept { until: "2026-12-26".parse().unwrap(), reason, control: "a guard".into() }
    );
    desk.shows("waiting for the daemon's answer");
    desk.tell(Msg::Decided(Ok("decided: change 99 of the log".into())));
    desk.shows("decided: change 99 of the log");
    assert_eq!(desk.model.context(), Context::Placement);
}

#[test]
fn a_refusal_stays_until_it_is_read() {
    let mut desk = desk();
    desk.type_in("2r");
    greet(&mut desk, true);
    desk.type_in("<Tab>+9d<Enter>y");
    desk.tell(Msg::Decided(Err("finding 1 changed since you looked".into())));
    desk.shows("The daemon refused, nothing was changed: finding 1 changed since you looked");
    desk.type_in("j2x");
    desk.shows("The daemon refused");
    desk.type_in("<Esc>");
    desk.lacks("The daemon refused");
}

#[test]
fn whoever_may_not_decide_is_told_before_any_form() {
    let mut desk = desk();
    desk.type_in("3jjr");
    greet(&mut desk, false);
    desk.shows("You cannot decide now. 'alice' may look, not decide.");
    desk.lacks("reason");
    desk.type_in("<Esc>r");
    desk.tell(Msg::Greeted(Err("no daemon listens on /run/x: is it running?".into())));
    desk.shows("no daemon listens on /run/x");
}

#[test]
fn marked_findings_are_decided_together_and_only_those_that_show() {
    let mut desk = desk();
    desk.type_in("3jj   ");
    desk.shows("3 marked");
    desk.type_in("r");
    greet(&mut desk, true);
    desk.shows("decide 3 findings");
    desk.type_in("<Right><Right><Right><Right><Tab>bought for the canteen<Enter>");
    desk.shows("on each of these findings:");
    desk.type_in("<Enter>");
    let requests = sent(&desk);
    assert_eq!(requests.len(), 3);
    for request in &requests {
        let finding = request.on.finding().unwrap();
        let revision = desk.model.snapshot.findings[&finding].revision;
        assert_eq!(request.on, Matter::Finding { finding, revision });
        assert_eq!(request.decision, DecisionKind::NotInScope { reason: "bought for the canteen".into() });
    }
    desk.tell(Msg::Decided(Ok("3 findings are decided".into())));
    desk.lacks("marked");
    // Marks that a filter hides are not decided.
    desk.type_in("  /maker:nobody<Enter>r");
    desk.shows("there is nothing to decide here");
}

#[test]
fn an_answer_that_nobody_waits_for_still_shows() {
    let mut desk = desk();
    desk.type_in("2r");
    greet(&mut desk, true);
    desk.type_in("<Tab>+9d<Enter>y<Esc>");
    assert_eq!(desk.model.context(), Context::Placement);
    desk.tell(Msg::Decided(Err("the disk is full".into())));
    desk.shows("refused, nothing was changed: the disk is full");
}

#[test]
fn a_decided_finding_leaves_the_queue() {
    let mut desk = desk();
    desk.type_in("3jj");
    let row = desk.selected();
    let before = desk.model.snapshot.findings.values().filter(|finding| finding.state == FindingState::Open).count();
    desk.shows(&format!("{before} wait for a decision"));
    desk.type_in("r");
    greet(&mut desk, true);
    desk.type_in("<Tab>+9d<Enter>y");
    let id = sent(&desk)[0].on.finding().unwrap();
    let mut finding = desk.model.snapshot.findings[&id].clone();
    (finding.state, finding.revision) = (FindingState::RemoveBy, finding.revision + 1);
    desk.commit(&Batch { at: estate::NOW, findings: vec![finding], ..Batch::default() });
    desk.tell(Msg::Decided(Ok("decided".into())));
    desk.shows(&format!("{} wait for a decision", before - 1));
    assert_ne!(desk.selected(), row);
    assert!(!desk.selected().is_empty());
}

#[test]
fn a_cycle_opens_its_items_and_esc_goes_back_to_it() {
    let mut desk = desk();
    desk.type_in("3");
    let cycle = desk.selected();
    assert!(cycle.contains("sensitive-sites"), "{cycle}");
    desk.type_in("<Enter>");
    desk.shows("cycle 1 sensitive-sites: 9 items");
    desk.type_in("jj<Esc>");
    assert_eq!(desk.selected(), cycle);
}
