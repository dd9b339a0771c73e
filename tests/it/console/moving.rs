//! Selection, filters, sorting, drill-down, pictures that change under the cursor.

use lenswarden::console::keymap::Keymap;
use lenswarden::console::keys::{self, Context, EVERYWHERE, KEYS};
use lenswarden::console::{Effect, Msg, Trouble};
use lenswarden::net::DeviceId;
use lenswarden::store::{Batch, DaemonRecord, TargetState};

use super::{Desk, SIZES, estate};
use crate::sample;

fn desk() -> Desk {
    Desk::new(&estate::of(120), SIZES[0], false)
}

#[test]
fn letters_in_the_filter_are_never_commands() {
    let mut desk = desk();
    desk.type_in("4/q?12rs ");
    desk.shows("/q?12rs");
    assert!(desk.effects.is_empty());
    desk.type_in("<C-u>maker:hik");
    desk.shows("filter: maker:hik");
    desk.lacks("Dahua");
    desk.type_in("<Esc>");
    desk.lacks("filter:");
    desk.type_in("/maker:hik<Enter>");
    desk.shows("filter: maker:hik");
    desk.type_in("<Esc>q");
    assert_eq!(desk.effects, [Effect::Quit]);
}

#[test]
fn a_bad_filter_word_is_shown_where_it_stands_and_changes_nothing() {
    let mut desk = desk();
    desk.type_in("4/maker:hik colour:red");
    let screen = desk.screen();
    let lines: Vec<&str> = screen.lines().collect();
    let typed = lines.iter().position(|line| line.starts_with("/maker:hik colour:red")).unwrap();
    assert_eq!(lines[typed + 1].find('^'), Some("/maker:hik ".len()), "{screen}");
    assert!(lines[typed + 2].contains("there is no field 'colour'"), "{screen}");
    desk.lacks("Dahua");
    desk.type_in("<Enter>");
    desk.shows("/maker:hik colour:red");
    desk.type_in("<Esc>");
    desk.shows("Dahua");
}

#[test]
fn every_view_filters() {
    let mut desk = desk();
    for (key, words, gone) in [
        ("1", "maker:dahua", "Hanwha"),
        ("2", "site:depot", "hq s"),
        ("3", "maker:dahua", "Hikvision"),
        ("4", "network:core", "120"),
        ("6t", "silent", "refused     "),
    ] {
        desk.type_in(&format!("{key}/{words}<Enter>"));
        let body: Vec<String> = desk.screen().lines().skip(5).take(12).map(str::to_owned).collect();
        assert!(body.iter().all(|line| !line.contains(gone)), "{words}: {body:#?}");
        desk.type_in("/<C-u>site:nowhere<Enter>");
        desk.shows("nothing passes the filter (Esc clears it)");
    }
}

#[test]
fn the_selection_survives_a_new_picture_and_goes_to_its_neighbour_when_its_row_goes() {
    let mut desk = desk();
    desk.type_in("4sjjjjj");
    let row = desk.selected();
    let neighbour = { desk.type_in("j").selected() };
    desk.type_in("k");
    // Devices that sort before it come, and it stays selected.
    let mut more = estate::of(2).devices;
    for (record, id) in more.iter_mut().zip(900..) {
        record.device.id = DeviceId(id);
        record.device.mac = Some(sample::mac(id));
        record.device.ips = vec!["10.0.0.1".parse().unwrap()];
    }
    desk.commit(&Batch { at: estate::NOW, devices: more, ..Batch::default() });
    assert_eq!(desk.selected(), row);
    let here = |id: &DeviceId| {
        let device = desk.model.devices.read().get(*id).unwrap();
        device.mac.is_some_and(|mac| row.contains(&mac.to_string()))
    };
    let id = (1..=120).map(DeviceId).find(here).unwrap();
    desk.commit(&Batch { at: estate::NOW, retired: vec![id], ..Batch::default() });
    for seconds in [0, 2] {
        desk.tell(Msg::Clock(estate::NOW.plus(std::time::Duration::from_secs(seconds))));
    }
    assert_eq!(desk.selected(), neighbour);
}

#[test]
fn a_picture_that_stands_still_is_left_alone_and_goes_on_with_all_that_changed() {
    let mut desk = desk();
    let before = desk.type_in("4z").screen();
    desk.shows("It stands still: this is how it was at");
    for id in [1, 2, 3] {
        desk.commit(&Batch { at: estate::NOW, retired: vec![DeviceId(id)], ..Batch::default() });
    }
    desk.tell(Msg::Clock(estate::NOW.plus(std::time::Duration::from_secs(601))));
    assert_eq!(desk.screen(), before);
    desk.type_in("z");
    desk.refresh();
    desk.lacks("It stands still");
    assert_ne!(desk.screen(), before);
    assert!((1..4).all(|id| desk.model.devices.read().get(DeviceId(id)).is_none()));
    // The space bar does so too, but where it marks.
    desk.type_in(" ");
    desk.shows("It stands still: this is how it was at");
    desk.type_in(" 2 ");
    desk.lacks("It stands still");
}

#[test]
fn the_head_tells_coverage_freshness_and_the_daemon() {
    let mut desk = desk();
    desk.shows("switches 13/16 81 %  cameras 4/5 80 %  oldest 1 h  daemon ok");
    let stopped = DaemonRecord {
        host: "monitor1".into(),
        version: "0".into(),
        started: estate::NOW,
        stopped: Some(estate::NOW),
        poll_every_s: 300,
        cameras_every_s: 900,
        late: Vec::new(),
    };
    desk.commit(&Batch { at: estate::NOW, daemon: Some(stopped.clone()), ..Batch::default() });
    desk.shows("daemon STOPPED since ");
    desk.shows("The daemon was stopped: nothing is polled since ");
    let mut killed = self::desk();
    killed.writer = None;
    killed.refresh();
    killed.shows("daemon NOT RUNNING");
    killed.shows("journalctl -u lenswarden");
    let mut hung = self::desk();
    hung.tell(Msg::Clock(estate::NOW.plus(std::time::Duration::from_secs(601))));
    hung.shows("daemon SILENT since ");
    hung.shows("The daemon runs, and nothing came of it since ");
    let mut late = self::desk();
    let record = DaemonRecord { stopped: None, late: vec!["the trap listener ended".into()], ..stopped };
    late.commit(&Batch { at: estate::NOW, daemon: Some(record), ..Batch::default() });
    late.shows("daemon LATE");
    late.shows("Late: the trap listener ended");
    let mut batch = estate::of(6);
    batch.configuration.as_mut().unwrap().registry = Some(jiff::civil::date(2020, 1, 1));
    Desk::new(&batch, SIZES[0], false).shows("the IEEE registry is of 2020-01-01, more than 12 months ago");
    let mut batch = estate::of(6);
    batch.configuration.as_mut().unwrap().problem = "config.toml:3:1: unknown variant `loud`".into();
    let bad = Desk::new(&batch, SIZES[0], false);
    bad.shows("Not as configured (`lenswarden check`)");
    bad.shows("unknown variant `loud`");
}

#[test]
fn a_target_that_goes_silent_and_a_database_that_goes_away_show_at_once() {
    let mut desk = desk();
    desk.type_in("6t/hq-acc-03<Enter>");
    let mut target = sample::target("hq-acc-03", TargetState::Silent, estate::NOW);
    target.why = "nothing came back".into();
    desk.commit(&Batch { at: estate::NOW, targets: vec![target], ..Batch::default() });
    desk.shows("silent");
    desk.shows("switches 12/16 75 %");
    desk.tell(Msg::Trouble(Trouble { what: "there is no database".into(), hint: "start the daemon".into() }));
    desk.shows("What you see is older: there is no database");
    desk.shows("start the daemon");
}

#[test]
fn restricted_cameras_on_core_networks_are_two_keys_away() {
    use lenswarden::config::NetworkKind;
    use lenswarden::policy::Status;
    for size in SIZES {
        let mut desk = Desk::new(&estate::of(60), size, false);
        let there = desk.snapshot();
        let wanted = there.devices.values().filter(|row| {
            let on_core = row.place.network_kind == Some(NetworkKind::Core) && row.place.gone.is_none();
            on_core && matches!(row.status, Status::Restricted | Status::Suspected)
        });
        let wanted: Vec<String> = wanted.map(|row| row.mac.unwrap().to_string()).collect();
        assert!(!wanted.is_empty());
        desk.type_in("2");
        for mac in &wanted {
            let screen = desk.screen();
            let row = screen.lines().find(|line| line.contains(mac) && line.contains(" core ")).unwrap_or_default();
            assert!(row.trim_start_matches('▸').trim_start().starts_with('B'), "{mac}\n{screen}");
        }
    }
}

#[test]
fn notices_stand_in_the_status_line() {
    let mut desk = desk();
    desk.tell(Msg::Notice("a camera was moved to VLAN 10".into()));
    desk.shows("a camera was moved to VLAN 10");
}

/// Keys that lead to each context.
fn way_to(context: Context) -> &'static str {
    match context {
        Context::Exposure => "1",
        Context::Placement => "2",
        Context::Reviews => "3",
        Context::Devices => "4",
        Context::Sites => "5",
        Context::Coverage => "6",
        Context::Activity => "7",
        Context::Targets => "6t",
        Context::Detail => "4<Enter><Enter>",
        Context::Dossier => "5<Enter><Enter>",
        Context::Faceplate => "4f",
        Context::Filter => "4/",
        Context::Form | Context::Calendar | Context::Confirm | Context::Told | Context::Denied => "2r",
        Context::WhatIf | Context::Outlook => "1w",
        Context::Help => "1?",
        Context::Search => "1<C-k>",
        Context::Saved => "4F",
        Context::Columns => "4C",
        Context::Ask => "4/a<Enter>Fs",
        Context::Copy => "4y",
        Context::Opening | Context::Sure => "3n",
    }
}

#[test]
fn every_key_of_the_table_is_reached_where_it_says() {
    let first = Desk::new(&estate::of(6), SIZES[0], false);
    for context in EVERYWHERE {
        for binding in KEYS.iter().filter(|binding| binding.contexts.contains(context)) {
            for keys::Chord(code, control) in binding.chords {
                let mut desk = first.beside();
                desk.type_in(way_to(*context));
                if matches!(context, Context::Form | Context::Calendar | Context::Confirm | Context::Denied) {
                    super::decisions::greet(&mut desk, true);
                }
                if *context == Context::Calendar {
                    desk.type_in("<C-d>");
                }
                if *context == Context::Confirm {
                    desk.type_in("<Tab>+9d<Enter>");
                }
                if *context == Context::Denied {
                    desk.type_in("<Tab>+9d<Enter>y");
                    desk.tell(Msg::Decided(Err("it changed".into())));
                }
                if matches!(context, Context::Opening | Context::Sure) {
                    desk.tell(super::cycles::planned(true));
                }
                if *context == Context::Sure {
                    desk.type_in("<Enter>");
                }
                if *context == Context::Outlook {
                    desk.type_in("<Enter>");
                    let found = super::what_if::outlook(&desk);
                    desk.tell(Msg::Tried(String::new(), Ok(found)));
                }
                assert_eq!(desk.model.context(), *context);
                let mut event = crossterm::event::KeyEvent::from(*code);
                if *control {
                    event.modifiers = crossterm::event::KeyModifiers::CONTROL;
                }
                let found = Keymap::default().find(*context, &event);
                assert!(found.is_some_and(|(found, _)| std::ptr::eq(found, binding)));
                desk.tell(Msg::Key(event));
                let quits = desk.effects.contains(&Effect::Quit);
                assert_eq!(quits, binding.action == keys::Action::Quit, "{} in {context:?}", binding.label);
            }
        }
    }
}
