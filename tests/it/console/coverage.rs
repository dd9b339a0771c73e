//! What was not seen.

use lenswarden::console::Msg;
use lenswarden::console::keys::Context;
use lenswarden::report::sites;
use lenswarden::store::{Aside, Condition, DaemonRecord};

use super::{Desk, SIZES, estate};

fn desk(size: (u16, u16)) -> Desk {
    let mut desk = Desk::new(&estate::of(120), size, false);
    desk.type_in("6");
    desk
}

#[test]
fn each_site_lacks_what_the_command_prints() {
    let mut desk = desk(SIZES[2]);
    let snapshot = desk.snapshot();
    let printed = sites::gaps(&snapshot.coverage_of_sites(), snapshot.sites.values());
    assert_eq!(printed.rows.len(), 7);
    for row in &printed.rows {
        let kinds: &[&str] = match row[1].as_str() {
            "ranges" => &["range"],
            "switches" => &["switch", "neighbour"],
            "ports" => &["port"],
            _ => &["register"],
        };
        let of_both = printed.rows.iter().filter(|other| other[..2] == row[..2]).count();
        let mut shown = 0;
        let mut found = false;
        for kind in kinds {
            desk.type_in(&format!("/<C-u>site:{} kind:{kind}<Enter>", row[0]));
            let screen = desk.screen();
            let lines = screen.lines().filter(|line| line.trim_start_matches(['▸', ' ']).starts_with(kind));
            shown += lines.clone().count();
            found |= lines.clone().any(|line| line.contains(&row[2]) && line.contains(&row[4][..20.min(row[4].len())]));
        }
        assert_eq!(shown, of_both, "{row:?}");
        assert!(found, "{row:?}\n{}", desk.screen());
    }
}

#[test]
fn the_gravest_stands_first_and_says_what_to_type() {
    let mut desk = desk(SIZES[0]);
    assert!(desk.selected().contains("switch"), "{}", desk.selected());
    let condition = |kind: &str, subject: &str, words: &str| Condition {
        kind: kind.into(),
        subject: subject.into(),
        words: words.into(),
        since: estate::NOW,
    };
    let begun = vec![
        condition("disk-low", "", "2 % of the disk are left"),
        condition("credential-stopped", "onvif-reader", "it was refused by several cameras"),
    ];
    let mut batch = lenswarden::store::Batch { at: estate::NOW, ..Default::default() };
    batch.outbox.aside = Aside { begun, ..Aside::default() };
    desk.commit(&batch);
    desk.type_in("<Home>");
    assert!(desk.selected().contains("work"), "{}", desk.selected());
    desk.shows("disk-low");
    desk.shows("df -h, then make room");
    let record = DaemonRecord { late: vec!["visits to cameras ended".into()], ..estate::daemon() };
    let mut batch = lenswarden::store::Batch { at: estate::NOW, ..Default::default() };
    batch.daemon = Some(record);
    batch.outbox.aside = Aside { ended: vec![("disk-low".into(), String::new())], ..Aside::default() };
    desk.commit(&batch);
    desk.type_in("<Home>");
    assert!(desk.selected().contains("visits to camera"), "{}", desk.selected());
    desk.lacks("disk-low");
    desk.shows("journalctl -u lenswarden; where it stays late: sudo ");
    desk.type_in("/kind:work<Enter>");
    desk.shows("lenswarden credential retry onvif-reader");
    let mut hung = self::desk(SIZES[0]);
    hung.tell(Msg::Clock(estate::NOW.plus(std::time::Duration::from_secs(601))));
    hung.type_in("<Home>");
    assert!(hung.selected().contains("the daemon"), "{}", hung.selected());
}

#[test]
fn its_detail_is_the_targets_and_the_way_back_from_all_targets_is_here() {
    let mut desk = desk(SIZES[0]);
    desk.type_in("/kind:switch depot-acc-07<Enter>");
    desk.shows("lenswarden poll depot-acc-07");
    insta::assert_snapshot!("coverage_detail", desk.screen());
    desk.type_in("t");
    assert_eq!(desk.model.context(), Context::Targets);
    desk.shows("switches answer");
    desk.type_in("<Esc>");
    assert_eq!(desk.model.context(), Context::Coverage);
    desk.shows("filter: kind:switch depot-acc-07");
    desk.type_in("/<C-u>kind:nothing");
    desk.shows("'nothing' is no kind; there are daemon, work, alerts, switch");
}
