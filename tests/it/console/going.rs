//! Rows that leave because the data changed: they are seen to go.

use std::time::Duration;

use lenswarden::console::{Effect, Msg};
use lenswarden::net::{DeviceId, FindingId};
use lenswarden::review::{Finding, FindingState};
use lenswarden::store::Batch;
use ratatui::style::Modifier;

use super::{Desk, SIZES, estate};

fn desk(plain: bool) -> Desk {
    Desk::new(&estate::of(120), SIZES[0], plain)
}

/// Lets the clock go on by so many milliseconds since the picture.
fn clock(desk: &mut Desk, ms: u64) {
    desk.tell(Msg::Clock(estate::NOW.plus(Duration::from_millis(ms))));
}

/// The rows that are marked as going, and whether all of each is dim.
fn going(desk: &Desk) -> Vec<(String, bool)> {
    let buffer = desk.buffer();
    let rows = desk.screen();
    let marked = rows.lines().enumerate().filter(|(_, line)| line.starts_with('-'));
    let dim = |y: usize| {
        (0..buffer.area.width).all(|x| buffer[(x, u16::try_from(y).unwrap())].modifier.contains(Modifier::DIM))
    };
    marked.map(|(y, line)| (line.to_owned(), dim(y))).collect()
}

/// The open finding of the selected row.
fn selected_finding(desk: &Desk) -> Finding {
    let (row, snapshot) = (desk.selected(), &desk.model.snapshot);
    let is_it = |finding: &&Finding| {
        let mac = snapshot.device_of(finding).and_then(|device| device.mac).unwrap().to_string();
        finding.state == FindingState::Open && row.contains(&mac) && row.contains(finding.severity.letter())
    };
    snapshot.findings.values().find(is_it).unwrap().clone()
}

#[test]
fn a_device_that_is_no_more_stays_a_moment_in_its_place() {
    for plain in [false, true] {
        let mut desk = desk(plain);
        desk.type_in("4jjj");
        let before = desk.screen();
        let selected = desk.selected();
        let there = |desk: &Desk, id| desk.model.devices.read().get(id).and_then(|row| row.mac);
        let id = (1..=120)
            .map(DeviceId)
            .find(|id| there(&desk, *id).is_some_and(|mac| selected.contains(&mac.to_string())))
            .unwrap();
        let below = { desk.type_in("j").selected() };
        desk.type_in("k");
        desk.commit(&Batch { at: estate::NOW, retired: vec![id], ..Batch::default() });
        assert_eq!(there(&desk, id), None);
        println!("{}", desk.screen());
        // Its row, all of it as it was, dim and with a sign; no other row moved.
        let rows = |screen: &str| screen.lines().skip(5).map(|line| line.replace(['▸', '-'], " ")).collect::<Vec<_>>();
        assert_eq!(rows(&desk.screen()), rows(&before));
        assert_eq!(going(&desk), [(selected.replacen('▸', "-", 1), true)]);
        desk.shows("- 1 leaves");
        desk.shows(" 150 devices of 181,");
        // What is copied lacks it.
        desk.type_in("Y");
        let Some(Effect::Copy(text)) = desk.effects.pop() else { panic!("{:?}", desk.effects) };
        assert!(!text.contains(&selected[13..30]), "{selected}\n{text}");
        // What is written into a file does too.
        let folder = tempfile::tempdir().unwrap();
        let written = desk.export(&folder.path().join("devices.csv"));
        assert!(!written.contains(&selected[13..30]) && written.lines().count() == 151, "{selected}\n{written}");
        // It goes, and the selection to its neighbour.
        clock(&mut desk, 0);
        clock(&mut desk, 1_999);
        assert_eq!(going(&desk).len(), 1);
        clock(&mut desk, 2_000);
        assert_eq!(going(&desk), []);
        assert_eq!(desk.selected(), below);
        desk.lacks("leaves");
    }
}

#[test]
fn a_finding_that_waits_no_longer_stays_a_moment_in_placement_and_in_reviews() {
    for (keys, plain) in [("2jj", false), ("3jjjj", true)] {
        let mut desk = desk(plain);
        desk.type_in(keys);
        let mut finding = selected_finding(&desk);
        let selected = desk.selected();
        finding.state = FindingState::Closed;
        finding.revision += 1;
        desk.commit(&Batch { at: estate::NOW, findings: vec![finding.clone()], ..Batch::default() });
        println!("{}", desk.screen());
        let gone = going(&desk);
        assert!(gone.len() == 1 && gone[0].1 && gone[0].0[1..40] == selected['▸'.len_utf8()..][..39], "{gone:?}");
        desk.shows("- 1 leaves");
        // It cannot be decided any more.
        assert!(!desk.model.snapshot.findings.values().any(|it| it.id == finding.id && it.state == FindingState::Open));
        clock(&mut desk, 0);
        clock(&mut desk, 2_500);
        assert_eq!(going(&desk), []);
    }
}

#[test]
fn a_row_that_a_filter_an_order_or_a_key_takes_away_goes_at_once() {
    let mut desk = desk(true);
    for keys in [
        "4/maker:hik<Enter>",
        "s",
        "<Esc>",
        "2/site:hq<Enter>",
        "3/maker:dahua<Enter>",
        "u",
        "uuuu",
        "<Esc>",
        "1<Enter>d",
    ] {
        desk.type_in(keys);
        desk.lacks("leave");
        assert_eq!(going(&desk), [], "{keys}");
    }
    // A mark that is taken away, in the queue of what is marked.
    desk.type_in("3<Esc><Esc>U");
    desk.type_in("uuuuuu");
    let ids: Vec<FindingId> = desk.model.snapshot.findings.keys().copied().take(2).collect();
    assert_eq!(ids.len(), 2);
    desk.lacks("leave");
}

#[test]
fn many_that_leave_at_once_are_held_as_far_as_the_screen_goes() {
    let mut desk = desk(true);
    desk.type_in("4");
    let retired = (1..=100).map(DeviceId).collect();
    desk.commit(&Batch { at: estate::NOW, retired, ..Batch::default() });
    desk.shows("leave");
    let held = going(&desk).len();
    assert_eq!(held, 17, "{}", desk.screen());
    clock(&mut desk, 0);
    clock(&mut desk, 2_000);
    assert_eq!(going(&desk), []);
    desk.lacks("leave");
}
