//! What happened.

use lenswarden::console::keys::Context;
use lenswarden::net::{Author, Timestamp};
use lenswarden::review::{Closing, Decision, DecisionKind, FindingState, Matter};
use lenswarden::store::{Batch, Reader, RequestRecord, TargetState};

use super::{Desk, SIZES, estate};
use crate::sample;

fn desk(size: (u16, u16)) -> Desk {
    let mut desk = Desk::new(&estate::of(120), size, false);
    desk.type_in("7");
    desk
}

fn author() -> Author {
    Author { uid: 1000, name: "alice".into(), login: None }
}

/// A quarter of an hour later, much happened to the second device and its finding.
fn happened() -> Batch {
    let at = Timestamp(estate::NOW.0 + 900_000);
    let before = estate::of(120);
    let mut moved = before.devices[1].clone();
    moved.device.place.switch = Some("hq-acc-01".into());
    moved.device.place.port = Some("Gi1/0/48".into());
    let mut gone = before.devices[2].clone();
    gone.device.place.gone = Some(at);
    let mut closed = before.findings[0].clone();
    (closed.state, closed.closed, closed.closing) = (FindingState::Closed, Some(at), Some(Closing::Observed));
    let mut silent = before.targets[0].clone();
    (silent.state, silent.why) = (TargetState::Silent, "nothing came back".into());
    let reason = "asked for by the board".to_owned();
    Batch {
        at,
        devices: vec![moved, gone],
        findings: vec![closed],
        decisions: vec![Decision {
            matter: Matter::Site { site: "depot".into() },
            kind: DecisionKind::Consider { adopt: true, reason },
            author: author(),
            at,
            approver: None,
        }],
        targets: vec![silent],
        requests: vec![RequestRecord {
            author: author(),
            asked: "decide".into(),
            outcome: "refused: you may not".into(),
            unwritten: 0,
        }],
        ..Batch::default()
    }
}

#[test]
fn what_happens_is_told_in_words_and_stands_on_top() {
    let mut desk = desk(SIZES[2]);
    desk.commit(&happened());
    desk.type_in("<Home>");
    for words in [
        "moved: 44:19:b6:00:00:02, Axis, from ministers-acc-03 Gi1/0/3 VLAN 120 to hq-acc-01 Gi1/0/48 VLAN 120",
        "gone: 44:19:b6:00:00:03, Hikvision as Annke, from hq-acc-04 Gi1/0/4 VLAN 120",
        "finding 1 no-core-network closed (observed): 44:19:b6:00:00:01",
        "alice (uid 1000) on site depot: considered: to do as sensitive sites must: asked for by the board",
        "alice (uid 1000) asked: decide: refused: you may not",
        "depot-acc-01 is silent, was answering: nothing came back",
    ] {
        desk.shows(words);
    }
    desk.lacks("{");
    desk.type_in("/kind:move site:depot");
    desk.lacks("gone:");
    desk.type_in("<C-u>kind:move<Enter>");
    desk.shows("gone:");
    desk.lacks("finding 1");
    desk.type_in("/<C-u>!kind:move alice<Enter>");
    desk.lacks("gone:");
    desk.shows("asked: decide");
    desk.type_in("/<C-u>kind:gossip");
    desk.shows("'gossip' is no kind; there are device, move, finding");
}

#[test]
fn an_entry_shows_what_differs_its_hash_and_the_signed_head() {
    let mut desk = desk(SIZES[0]);
    desk.commit(&happened());
    desk.type_in("/kind:move moved<Enter><Enter><Enter>");
    assert_eq!(desk.model.context(), Context::Detail);
    let reader = Reader::open(&desk.path()).unwrap();
    let rows = reader.recent(0, u64::MAX, 20).unwrap();
    let row = rows.iter().find(|row| row.change.subject == "2").unwrap();
    desk.shows(&format!("row {} of the change log", row.change.seq));
    desk.shows(&row.hash[..60]);
    desk.shows("place.port: Gi1/0/48, was Gi1/0/3");
    desk.shows("lenswarden-head-1");
    desk.lacks("{");
    let head = reader.signed_head().unwrap().unwrap().to_string();
    let told: String = desk.screen().lines().flat_map(str::split_whitespace).collect();
    assert!(told.contains(&head.split_whitespace().collect::<String>()), "{head}\n{}", desk.screen());
    // The selection stays on its entry while others come.
    let mut batch = happened();
    batch.at = Timestamp(estate::NOW.0 + 960_000);
    batch.devices.clear();
    desk.commit(&batch);
    desk.shows(&format!("row {} of the change log", row.change.seq));
}

#[test]
fn the_log_is_read_on_to_its_first_row() {
    let mut desk = desk(SIZES[0]);
    desk.shows("read back to row ");
    for _ in 0..9 {
        desk.type_in("<End>");
    }
    desk.lacks("read back to row ");
    let last = desk.snapshot().seq;
    desk.shows(&format!("{last} rows, the last is {last}"));
}

#[test]
fn visits_are_told_by_their_targets_and_rounds_by_the_visits() {
    let mut desk = desk(SIZES[0]);
    desk.shows("16 visits of 800 ms, 31 requests");
    desk.type_in("v");
    desk.shows("filter: kind:visit");
    desk.shows("21 last visits");
    desk.shows("hq-acc-03 answering, 31 requests, 800 ms");
    desk.type_in("v");
    desk.shows("rows, the last is");
    let mut target = sample::target("hq-acc-03", TargetState::Answering, estate::NOW);
    target.last_attempt = Some(Timestamp(estate::NOW.0 + 300_000));
    target.took_ms = 2_400;
    desk.commit(&Batch { at: estate::NOW, targets: vec![target], ..Batch::default() });
    desk.shows("switches ▃█ 1 visit of 2400 ms, 31 requests, hq-acc-03 2400 ms");
}
