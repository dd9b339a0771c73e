//! A change tried out from the console.

use lenswarden::console::keys::Context;
use lenswarden::console::{Effect, Msg};
use lenswarden::net::{MacAddr, Timestamp};
use lenswarden::policy::{Severity, Status};
use lenswarden::review::{Author, Decision, DecisionKind, Finding, FindingState, Matter, Outlook, Shift, Turn};

use super::{Desk, SIZES, estate};

/// What a change would do: a finding for each of the estate's, by turns.
pub(crate) fn outlook(desk: &Desk) -> Outlook {
    let turns = [Turn::Opens, Turn::Changes, Turn::Closes];
    let decision = |finding: &Finding| Decision {
        matter: Matter::Finding { finding: finding.id, revision: finding.revision },
        kind: DecisionKind::Accept {
            until: "2026-12-31".parse().unwrap(),
            reason: "none".into(),
            control: "a guard".into(),
        },
        author: Author { uid: 1, name: "alice".into(), login: None },
        at: Timestamp(0),
        approver: None,
    };
    let shift = |(at, finding): (usize, &Finding)| {
        let turn = turns[at % 3];
        let state = if turn == Turn::Closes { FindingState::Closed } else { FindingState::Open };
        Shift {
            turn,
            severity_before: (turn == Turn::Changes).then_some(Severity::Review),
            falls: (turn == Turn::Closes).then(|| decision(finding)),
            mac: Some(MacAddr([0x44, 0x19, 0xb6, 0, 0, at as u8])),
            maker: "Hikvision\u{1b}[2J".into(),
            finding: Finding { state, ..finding.clone() },
        }
    };
    let mut shifts: Vec<Shift> = desk.model.snapshot.findings.values().enumerate().map(shift).collect();
    shifts.sort_by_key(|shift| (shift.turn, shift.finding.severity, shift.finding.id));
    let statuses = [(Status::Restricted, (12, 15)), (Status::Unknown, (9, 9))].into();
    Outlook { shifts, statuses, notes: vec!["pack own would be refused".into()] }
}

fn desk() -> Desk {
    Desk::new(&estate::of(120), SIZES[0], false)
}

#[test]
fn a_change_is_typed_tried_and_shown_and_the_way_back_is_its_words() {
    let mut desk = desk();
    desk.type_in("2w");
    assert_eq!(desk.model.context(), Context::WhatIf);
    desk.shows("Nothing: the");
    desk.type_in("own.toml +us-889 q<Enter>");
    assert_eq!(desk.effects.last(), Some(&Effect::Try("own.toml +us-889 q".into())));
    desk.shows("every device is judged by it");
    // Somebody asked something else before.
    desk.tell(Msg::Tried("other.toml".into(), Err("there is no file".into())));
    desk.shows("every device is judged by it");
    let found = outlook(&desk);
    let last = found.shifts.last().unwrap().clone();
    desk.tell(Msg::Tried("own.toml +us-889 q".into(), Ok(found)));
    assert_eq!(desk.model.context(), Context::Outlook);
    insta::assert_snapshot!("what_if", desk.screen());
    desk.lacks("\u{1b}[2J");
    desk.type_in("G");
    desk.shows(&format!("{} ", last.mac.unwrap()));
    desk.shows("void: accept until 2026-12-31 by alice");
    desk.type_in("g");
    desk.shows("would open");
    desk.type_in("<Esc>");
    desk.shows("what if: own.toml +us-889 q");
    desk.type_in("<Esc>");
    assert_eq!(desk.model.context(), Context::Placement);
}

#[test]
fn what_cannot_be_told_says_why() {
    let mut desk = desk();
    desk.type_in("1w<Enter>");
    desk.tell(Msg::Tried(String::new(), Err("config.toml:3:1: unknown variant `loud`".into())));
    desk.shows("This cannot be told. config.toml:3:1: unknown variant `loud`");
    desk.type_in("<Esc>x<Enter>");
    // Not waited for: what comes is not shown over something else.
    desk.type_in("<Esc><Esc>");
    desk.tell(Msg::Tried("x".into(), Ok(Outlook::default())));
    assert_eq!(desk.model.context(), Context::Exposure);
    desk.lacks("would open");
}
