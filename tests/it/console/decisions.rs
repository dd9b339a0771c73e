//! The walk through a decision.

use lenswarden::console::decide::Greeting;
use lenswarden::console::keys::Context;
use lenswarden::console::{Effect, Msg};
use lenswarden::review::{
    Attachment, Author, Decision, DecisionKind, DecisionRequest, FindingState, Matter, Role, TwoPersons,
};
use lenswarden::store::Batch;

use super::{Desk, SIZES, estate};

/// The daemon says who is there: somebody who may decide, or only look.
pub(crate) fn greet(desk: &mut Desk, may_decide: bool) {
    greet_as(desk, if may_decide { Role::Approver } else { Role::Reader }, TwoPersons::Never);
}

fn greet_as(desk: &mut Desk, role: Role, two_persons: TwoPersons) {
    desk.tell(Msg::Greeted(Ok(greeting(role, two_persons))));
}

/// What the daemon says of somebody.
pub(crate) fn greeting(role: Role, two_persons: TwoPersons) -> Greeting {
    Greeting {
        you: Author { uid: 1000, name: "alice".into(), login: None },
        role,
        today: "2026-11-26".parse().unwrap(),
        two_persons,
        longest: 180,
        packs: [].into(),
        reviewers: vec!["lenswarden-review".into()],
        approvers: vec!["lenswarden-approve".into()],
    }
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
    desk.shows("The daemon refused: finding 1 changed since you looked");
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
    desk.shows("takes membership");
    desk.shows("sudo usermod -aG lenswarden-review alice");
    desk.lacks("decide again");
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
    desk.shows("3 of 3 take effect at once");
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
    desk.shows("marked 0");
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
    desk.shows("refused: the disk is full");
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
    // It is seen to go.
    for seconds in [0, 2] {
        desk.tell(Msg::Clock(estate::NOW.plus(std::time::Duration::from_secs(seconds))));
    }
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

/// A finding as it became, written down.
fn became(desk: &mut Desk, id: lenswarden::net::FindingId, change: impl FnOnce(&mut lenswarden::review::Finding)) {
    let mut finding = desk.model.snapshot.findings[&id].clone();
    finding.revision += 1;
    change(&mut finding);
    desk.commit(&Batch { at: estate::NOW, findings: vec![finding], ..Batch::default() });
}

#[test]
fn of_several_what_needs_a_second_person_is_told_and_single_ones_are_left_out() {
    let mut desk = Desk::new(&estate::of(120), SIZES[1], false);
    desk.type_in("3/!state:accepted<Enter><Home>jj");
    // Sensitive sites come first here, others later: mark some of each.
    desk.type_in("  <End> ");
    desk.type_in("r");
    greet_as(&mut desk, Role::Reviewer, TwoPersons::Sensitive);
    desk.type_in("<Right><Right><Right><Tab>+30d<Tab>a guard<Tab>no money<Enter>");
    assert_eq!(desk.model.context(), Context::Confirm);
    desk.shows("1 of 3 take effect at once; 2 need a second person.");
    insta::assert_snapshot!("form_several", desk.screen());
    desk.type_in("j ");
    desk.shows("left out");
    desk.type_in("y");
    assert_eq!(sent(&desk).len(), 2);
}

#[test]
fn a_day_is_chosen_in_a_calendar_that_ends_where_the_rules_do() {
    let mut desk = desk();
    desk.type_in("2r");
    greet(&mut desk, true);
    desk.type_in("<Right><Right><Right><C-d>");
    assert_eq!(desk.model.context(), Context::Calendar);
    desk.shows("November 2026");
    desk.shows("until 2027-05-25");
    insta::assert_snapshot!("form_calendar", desk.screen());
    desk.type_in("<PgDn><PgDn><PgDn><PgDn><PgDn><PgDn><PgDn>");
    desk.shows("May 2027");
    desk.type_in("<Up><Left><Enter>");
    desk.shows("= Monday, 17 May 2027");
    desk.type_in("<C-d><Esc>");
    assert_eq!(desk.model.context(), Context::Form);
}

#[test]
fn what_changed_meanwhile_is_told_and_decided_again() {
    let mut desk = desk();
    desk.type_in("2r");
    greet(&mut desk, true);
    desk.type_in("<Tab>+9d<Enter>y");
    let id = sent(&desk)[0].on.finding().unwrap();
    became(&mut desk, id, |finding| finding.text = "it is a breach of another kind".into());
    desk.tell(Msg::Decided(Err(format!("finding {id} changed since you looked"))));
    assert_eq!(desk.model.context(), Context::Denied);
    desk.shows("Since the form was opened:");
    desk.shows(&format!("finding {id}: "));
    insta::assert_snapshot!("form_stale", desk.screen());
    desk.type_in("a<Enter>y");
    let Matter::Finding { revision, .. } = sent(&desk)[0].on else { panic!() };
    assert_eq!(revision, desk.model.snapshot.findings[&id].revision);
}

#[test]
fn a_note_s_file_is_hashed_before_it_is_confirmed() {
    let mut desk = desk();
    desk.type_in("2r");
    greet(&mut desk, true);
    desk.type_in("<Left><Tab>/tmp/permit.pdf<Tab>the permit<Enter>");
    assert_eq!(desk.effects.last(), Some(&Effect::Attach("/tmp/permit.pdf".into())));
    desk.shows("the hash of what the note is about is computed");
    let attachment = Attachment { reference: "/tmp/permit.pdf".into(), sha256: "ab".repeat(32) };
    desk.tell(Msg::Attached("/tmp/permit.pdf".into(), Ok(attachment.clone())));
    desk.shows("note on /tmp/permit.pdf (sha256");
    desk.shows(&"ab".repeat(32));
    desk.type_in("y");
    let note = DecisionKind::Note { text: "the permit".into(), attachment: Some(attachment) };
    assert_eq!(sent(&desk)[0].decision, note);
}

#[test]
fn cycles_devices_and_sites_are_decided_on_too() {
    let mut desk = desk();
    desk.type_in("3r");
    greet(&mut desk, true);
    desk.shows("decide a cycle");
    desk.type_in("<Tab>all gone through<Enter>");
    desk.shows("cycle 1 cannot end: 7 of its findings wait for a decision");
    desk.type_in("<Esc>4r");
    greet(&mut desk, true);
    desk.shows("decide a device");
    desk.type_in("<Tab>+9d<Tab>class:phone<Tab>it rings<Enter>y");
    let Matter::Device { seen, .. } = &sent(&desk)[0].on else { panic!("{:?}", sent(&desk)) };
    assert!(!seen.is_empty(), "it is overruled against the evidence that was read");
    desk.tell(Msg::Decided(Ok("decided".into())));
    desk.type_in("5/site:hq<Enter>c");
    greet(&mut desk, true);
    desk.shows("decide a site");
    desk.type_in("<Tab>few people<Enter>");
    desk.shows("site 'hq' is sensitive: what must be there is not to be considered");
}

#[test]
fn queues_are_gone_through_with_their_counts() {
    let mut desk = desk();
    greet(&mut desk, true);
    desk.type_in("3");
    let waiting = |finding: &&lenswarden::review::Finding| finding.state == FindingState::Open;
    let id = desk.model.snapshot.findings.values().find(waiting).unwrap().id;
    became(&mut desk, id, |finding| {
        finding.handling.assignee = Some("alice".into());
        finding.handling.due = Some("2026-12-01".parse().unwrap());
        finding.handling.proposed = Some(Box::new(Decision {
            matter: Matter::Finding { finding: id, revision: 1 },
            kind: DecisionKind::NotInScope { reason: "a rig".into() },
            author: Author { uid: 7, name: "bob".into(), login: None },
            at: estate::NOW,
            approver: None,
        }));
    });
    desk.shows("mine 1  to approve 1  marked 0");
    desk.type_in("u");
    desk.shows("DUE");
    insta::assert_snapshot!("queue_due", desk.screen());
    desk.type_in("u");
    assert!(desk.selected().contains("alice"), "{}", desk.selected());
    desk.type_in("u");
    assert!(desk.selected().contains("alice"), "{}", desk.selected());
    desk.type_in("u");
    assert!(desk.selected().contains("to approve"), "{}", desk.selected());
    // What another proposed is offered for approval.
    desk.type_in("r");
    greet(&mut desk, true);
    desk.shows("•approve");
    desk.type_in("<Esc> u");
    desk.shows("marked 1");
    desk.type_in("UUUUU");
    desk.shows("CYCLE REVIEW");
}

#[test]
fn whoever_may_only_look_sees_what_he_may_not_do() {
    let mut desk = desk();
    greet(&mut desk, false);
    desk.type_in("3");
    desk.shows("(r decide)");
    desk.type_in("r");
    greet(&mut desk, false);
    desk.shows("group lenswarden-review");
}
