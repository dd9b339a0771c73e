//! Choosing columns, sorting by each, and what of that is remembered.

use crossterm::event::KeyCode;
use lenswarden::console::own::state;
use lenswarden::console::{Msg, Question, Wanted, update};
use lenswarden::snapshot::DeviceOrder;

use super::{Desk, SIZES, VIEWS, estate};

fn desk(size: (u16, u16)) -> Desk {
    Desk::new(&estate::of(120), size, false)
}

/// The names of the columns on the screen, where one of them has the sign of the order.
fn head(desk: &Desk) -> Vec<String> {
    let screen = desk.screen();
    let line = screen.lines().find(|line| line.contains(['▲', '▼']));
    line.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

#[test]
fn columns_are_chosen_in_a_dialog_over_the_list() {
    for size in [SIZES[0], SIZES[1]] {
        let mut desk = desk(size);
        desk.type_in("4C");
        insta::assert_snapshot!(format!("columns_{}x{}", size.0, size.1), desk.screen());
    }
    let mut desk = desk(SIZES[0]);
    // The serial number, far to the left; the site away.
    desk.type_in("4C<Home>").type_in(&"<Down>".repeat(10)).type_in(" ").type_in(&"K".repeat(8));
    desk.type_in(&"<Down>".repeat(10));
    insta::assert_snapshot!("columns_chosen_80x24", desk.screen());
    desk.type_in("<Esc>");
    assert_eq!(&head(&desk)[..3], ["STATUS▲", "DEVICE", "SERIAL"], "{}", desk.screen());
    desk.shows("S00001");
    desk.shows("no room for PORT, SEEN (C: choose)");
    // What has no room gives way to what is hidden.
    desk.type_in("C<Home>").type_in(&"<Down>".repeat(6)).type_in(" ");
    desk.type_in("q");
    desk.lacks("MAKER");
    desk.shows("PORT");
    desk.shows("no room for SEEN (C: choose)");
    // The one that tells rows apart stays.
    desk.type_in("C<Home><Down> ");
    desk.shows("DEVICE stays: it tells the rows apart");
    desk.type_in("d");
    desk.shows("the columns are as they were at first");
    desk.type_in("C");
    assert_eq!(head(&desk), ["STATUS▲", "DEVICE", "MAKER", "SITE", "SWITCH", "PORT", "VLAN", "SEEN"]);
}

#[test]
fn what_nobody_chose_comes_with_the_width_and_what_was_chosen_comes_and_stays() {
    let mut wide = desk(SIZES[1]);
    wide.type_in("4");
    assert!(head(&wide).contains(&"IP".to_owned()));
    wide.type_in("C<Home><Down><Down> <Esc>");
    assert!(!head(&wide).contains(&"IP".to_owned()));
    let mut narrow = desk(SIZES[0]);
    narrow.model.resume(&wide.model.state());
    narrow.type_in("4C<Home><Down><Down>");
    narrow.lacks("from 100");
    assert!(!head(&narrow).contains(&"IP".to_owned()));
    narrow.type_in(" <Esc>");
    assert!(head(&narrow).contains(&"IP".to_owned()), "{}", narrow.screen());
    // Moved only, it still comes with the width.
    let mut moved = desk(SIZES[0]);
    moved.type_in("4C<Home><Down><Down>K");
    moved.shows("from 100");
    wide.model.resume(&moved.model.state());
    wide.type_in("<Esc>");
    assert_eq!(&head(&wide)[..3], ["STATUS▲", "IP", "DEVICE"]);
}

#[test]
fn every_list_lets_its_columns_be_chosen_and_sorts_by_each() {
    for size in SIZES {
        let mut desk = desk(size);
        for (name, key) in VIEWS.into_iter().chain([("parts", "1<Enter>")]) {
            desk.type_in(key).type_in("C");
            desk.shows("columns of ");
            desk.type_in("<Home>");
            for column in 0..24 {
                desk.type_in("<Enter>");
                let turned = desk.type_in("s").screen();
                desk.type_in("<Down> ");
                assert!(
                    turned.contains("sorted by") || turned.contains("the log stands in"),
                    "{name} {column}\n{turned}"
                );
            }
            desk.type_in("d<Esc>");
            // Round through what shows, back to the list's own order.
            let first = desk.type_in("s<Home>").screen();
            let round = (0..30).any(|_| desk.type_in("s<Home>").screen() == first);
            assert!(round, "{name}\n{first}\n{}", desk.screen());
            if name == "parts" {
                desk.type_in("<Esc>");
            }
        }
    }
}

#[test]
fn rows_are_sorted_as_their_cells_say_and_the_selection_stays() {
    let mut desk = desk(SIZES[2]);
    let cells = |desk: &Desk, title: &str, rows: usize| -> Vec<String> {
        let screen = desk.screen();
        let lines: Vec<&str> = screen.lines().collect();
        let head = lines.iter().rposition(|line| line.contains(title)).unwrap();
        let at = lines[head].chars().collect::<String>().find(title).unwrap();
        let at = lines[head][..at].chars().count();
        let cell = |line: &&str| line.chars().skip(at).take(9).collect::<String>().trim().to_owned();
        lines[head + 1..].iter().take(rows).map(cell).collect()
    };
    for (view, column, title) in
        [("2", "sw", "SWITCH"), ("3", "port", "PORT"), ("6", "what", "NOT SEEN"), ("6t", "", "NAME")]
    {
        desk.type_in(view).type_in("<Home><Down><Down>");
        let name = |desk: &Desk| desk.selected().chars().take(21).collect::<String>();
        let selected = name(&desk);
        let down = match column {
            "sw" => 7,
            "port" => 8,
            "what" => 2,
            _ => 0,
        };
        desk.type_in("C<Home>").type_in(&"<Down>".repeat(down)).type_in("<Enter><Esc>");
        assert_eq!(name(&desk), selected, "{view}");
        desk.type_in("<Home>");
        let rows = cells(&desk, title, 5);
        let mut sorted = rows.clone();
        sorted.sort();
        assert_eq!(rows, sorted, "{}", desk.screen());
        desk.type_in("S");
        desk.shows(", reversed");
        desk.type_in("<Home>");
        assert_ne!(cells(&desk, title, 5), rows, "{}", desk.screen());
    }
    // Ports by their numbers, not by their letters.
    desk.type_in("3S<Home>");
    let ports: Vec<String> = cells(&desk, "PORT", 20);
    let number = |port: &String| port.rsplit('/').next().unwrap().parse::<u32>().unwrap();
    assert!(ports.is_sorted_by_key(number), "{ports:?}");
    assert!(ports.iter().any(|port| port.ends_with("/10")), "{ports:?}");
}

#[test]
fn the_log_stands_as_it_was_written_and_visits_are_sorted() {
    let mut desk = desk(SIZES[0]);
    desk.type_in("7s");
    desk.shows("the log stands in the order in which it was written");
    desk.shows("▼WHEN");
    desk.type_in("vCs<Esc>");
    desk.shows("▲WHEN");
    desk.type_in("C<End><Enter><Esc><Home>");
    desk.shows("WHAT▲");
    assert!(desk.selected().contains("10.1.20.1"), "{}", desk.selected());
    desk.type_in("v");
    desk.shows("▼WHEN");
}

#[test]
fn devices_are_put_in_order_by_the_thread_that_reads() {
    let mut desk = desk(SIZES[0]);
    let before = desk.type_in("4").selected();
    assert!(update(&mut desk.model, Msg::Key(KeyCode::Char('S').into())).0);
    desk.model.settle();
    // Nothing is sorted here: it is asked, once, and the rows stand as they stood until the answer comes.
    match desk.model.questions().as_slice() {
        [Question::View(ask)] => {
            assert_eq!(ask.wanted, Wanted::Devices(None, DeviceOrder::Status, true, (Vec::new(), 0)));
        }
        asked => panic!("{asked:?}"),
    }
    desk.model.settle();
    assert!(desk.model.questions().is_empty());
    assert_eq!(desk.selected(), before);
}

#[test]
fn columns_and_order_are_as_they_were_left_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("console.json");
    let mut left = desk(SIZES[0]);
    left.type_in("4C<Home><Down><Down> KK<Esc>ss5C<End>s<Esc>1<Enter>C<Home><Down>s<Esc>2sS");
    state::write(&path, &left.model.state()).unwrap();
    let mut desk = desk(SIZES[0]);
    desk.model.resume(&state::read(&path).unwrap());
    for key in ["2", "4", "5", "1<Enter>"] {
        // Where it was left the maker's sites are looked at already.
        left.type_in("1<Esc><Esc>").type_in(key).type_in("<Home>");
        desk.type_in("1<Esc><Esc>").type_in(key).type_in("<Home>");
        assert_eq!(desk.screen(), left.screen(), "{key}");
    }
    desk.shows("NAME▲");
    desk.type_in("4");
    assert_eq!(head(&desk)[0], "IP");
    desk.type_in("5");
    desk.shows("by LEAST");
}
