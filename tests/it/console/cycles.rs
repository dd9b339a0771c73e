//! Cycles: opened on a key, told in full, attested.

use lenswarden::console::keys::Context;
use lenswarden::console::{Effect, Msg};
use lenswarden::control::Planned;
use lenswarden::net::{Author, CycleId, Timestamp};
use lenswarden::review::{Attestation, Counts, DecisionKind, LookedAt, Part, Reporting, Role, TwoPersons};
use lenswarden::store::Batch;

use super::decisions::{greet, greeting};
use super::{Desk, SIZES, estate};

fn desk() -> Desk {
    Desk::new(&estate::of(120), SIZES[0], false)
}

fn review(name: &str, select: &str) -> Planned {
    Planned { name: name.into(), select: select.into(), owner: "estates-security".into(), due_s: 30 * 86_400 }
}

/// The daemon's answer to which reviews there are.
pub(crate) fn planned(may_decide: bool) -> Msg {
    let role = if may_decide { Role::Reviewer } else { Role::Reader };
    let reviews = vec![review("sensitive-sites", "site.sensitivity:sensitive"), review("everything", "")];
    Msg::Planned(Ok((greeting(role, TwoPersons::Never), reviews)))
}

#[test]
fn a_cycle_is_opened_from_a_list_and_not_before_it_is_confirmed() {
    let mut desk = desk();
    desk.type_in("3n");
    assert_eq!(desk.effects, [Effect::Reviews]);
    desk.shows("asking the daemon which reviews there are");
    desk.tell(planned(true));
    assert_eq!(desk.model.context(), Context::Opening);
    insta::assert_snapshot!("opening_choose", desk.screen());
    desk.type_in("<Enter>");
    assert_eq!(desk.model.context(), Context::Sure);
    insta::assert_snapshot!("opening_sure", desk.screen());
    // Of this review a cycle is open.
    desk.shows("cycle 1 of this review is open");
    desk.type_in("<Esc>jjj<Enter>");
    desk.shows("every open finding");
    desk.lacks("of this review is open");
    assert_eq!(desk.effects.len(), 1, "nothing is sent before it is confirmed");
    desk.type_in("y");
    assert_eq!(desk.effects.last(), Some(&Effect::Run("everything".into())));
    desk.shows("waiting for the daemon's answer");
    desk.tell(Msg::Opened(Ok((CycleId(3), 12))));
    desk.shows("cycle 3 is open with 12 findings");
    assert_eq!(desk.model.context(), Context::Reviews);
}

#[test]
fn what_the_daemon_refuses_and_who_may_not_are_told_why() {
    let mut desk = desk();
    desk.type_in("3n");
    desk.tell(planned(false));
    desk.shows("No cycle is opened. 'alice' may look, not decide: that takes membership");
    desk.shows("sudo usermod -aG lenswarden-review alice");
    desk.type_in("<Enter>n");
    desk.tell(Msg::Planned(Err("no daemon listens on /run/x".into())));
    desk.shows("No cycle is opened. no daemon listens on /run/x");
    desk.type_in("<Esc>n");
    desk.tell(Msg::Planned(Ok((greeting(Role::Reviewer, TwoPersons::Never), Vec::new()))));
    desk.shows("no [[review]] stands in the configuration");
    desk.type_in("<Esc>n");
    desk.tell(planned(true));
    desk.type_in("<Enter><Enter>");
    desk.tell(Msg::Opened(Err("there is no [[review]] 'sensitive-sites', or it was just opened".into())));
    desk.shows("No cycle is opened. The daemon refused: there is no [[review]]");
    desk.type_in("<Esc>");
    // One who did not wait is told too.
    desk.type_in("n");
    desk.tell(planned(true));
    desk.type_in("<Enter><Enter><Esc>");
    assert_eq!(desk.model.context(), Context::Reviews);
    desk.tell(Msg::Opened(Err("it was just opened".into())));
    desk.shows("refused: it was just opened");
    // An answer that nobody waits for changes nothing.
    desk.tell(planned(true));
    assert_eq!(desk.model.context(), Context::Reviews);
}

#[test]
fn a_cycle_tells_what_was_looked_at_and_where_its_report_lies() {
    let mut desk = desk();
    let mut cycle = desk.model.snapshot.cycles[&CycleId(1)].clone();
    // While it is open: as it is now.
    desk.type_in("3<Enter>");
    desk.shows("looked at");
    desk.shows("register");
    desk.lacks("attested");
    let part = |seen, expected| Part { seen, expected, oldest: None };
    let at = estate::NOW;
    cycle.closed = Some(at);
    cycle.attestation = Some(Attestation {
        author: Author { uid: 1000, name: "alice".into(), login: None },
        at,
        statement: "gone through with estates".into(),
        coverage: "12 of 16 switches and 4 of 5 cameras answer in full".into(),
        looked: Some(LookedAt {
            sites: 3,
            short: 1,
            ranges: part(250, 254),
            switches: part(12, 16),
            ports: part(90, 100),
            register: part(0, 0),
        }),
        counts: Counts { items: 9, waiting: 0, accepted: 2, to_be_removed: 7, ..Counts::default() },
        seq: 77,
        head: "ab".repeat(32),
    });
    let files = vec!["/var/lib/lenswarden/reports/sensitive-sites-2026-11-26-1.html".to_owned()];
    cycle.report = Some(Reporting::Written { at: Timestamp(at.0 + 1000), files });
    desk.commit(&Batch { at, cycles: vec![cycle], ..Batch::default() });
    desk.shows("by alice (uid 1000): gone through with estates");
    desk.shows("ranges 98 % (250/254), switches 75 % (12/16), ports 90 % (90/100)");
    desk.shows("register not known");
    desk.shows("/var/lib/lenswarden/reports/sensitive-sites-2026-11-26-1.html");
    insta::assert_snapshot!("cycle_items", desk.screen());
    // In the pane, with all that was attested.
    desk.type_in("<Esc><Esc>3<End><Enter><Home>j");
    desk.shows("12 of 16 switches and 4 of 5 cameras answer in full");
    let mut wide = Desk::new(&estate::of(120), SIZES[2], false);
    let closed = desk.model.snapshot.cycles[&CycleId(1)].clone();
    wide.commit(&Batch { at, cycles: vec![closed], ..Batch::default() });
    wide.type_in("3<End><Enter><Home>j");
    insta::assert_snapshot!("cycle_pane_200x60", wide.screen());
}

#[test]
fn whoever_attests_sees_first_what_would_be_attested() {
    let mut desk = desk();
    desk.type_in("3r");
    greet(&mut desk, true);
    desk.type_in("<Tab>gone through with estates");
    desk.shows("With it is kept, as it is then; now:");
    desk.shows("switches and");
    insta::assert_snapshot!("form_attest", desk.screen());
    desk.type_in("<Enter>");
    // Something waits in it: the form says so before the daemon does.
    desk.shows("wait for a decision");
    let mut findings: Vec<_> = desk.model.snapshot.findings.values().cloned().collect();
    findings.iter_mut().for_each(|finding| finding.state = lenswarden::review::FindingState::Closed);
    desk.commit(&Batch { at: estate::NOW, findings, ..Batch::default() });
    desk.type_in("<Enter>");
    assert_eq!(desk.model.context(), Context::Confirm, "{}", desk.screen());
    desk.shows("With it is kept, as it is then; now:");
    desk.shows("0 wait, ");
    insta::assert_snapshot!("form_attest_confirm", desk.screen());
    desk.type_in("y");
    let Some(Effect::Decide(requests)) = desk.effects.last() else { panic!("{:?}", desk.effects) };
    let kind = DecisionKind::Attest { statement: "gone through with estates".into() };
    assert_eq!(requests[0].decision, kind);
}
