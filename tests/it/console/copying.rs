//! What is copied: a cell, a row, what is filtered.

use lenswarden::console::Effect;
use lenswarden::console::keys::Context;

use super::{Desk, SIZES, VIEWS, estate};

fn desk() -> Desk {
    Desk::new(&estate::of(120), SIZES[0], false)
}

#[track_caller]
fn copied(desk: &mut Desk) -> String {
    match desk.effects.pop() {
        Some(Effect::Copy(text)) => text,
        other => panic!("{other:?}\n{}", desk.screen()),
    }
}

#[test]
fn a_cell_is_copied_by_its_number_or_as_the_chosen_one() {
    let mut desk = desk();
    desk.type_in("4/serial:S00001<Enter>y");
    insta::assert_snapshot!("copy_menu", desk.screen());
    let digits = ["1", "2", "3", "4", "5"].map(|digit| {
        assert_eq!(desk.model.context(), Context::Copy);
        desk.type_in(digit);
        let text = copied(&mut desk);
        desk.shows(&format!("is copied: {text}"));
        desk.type_in("y");
        text
    });
    let [mac, ip, serial, switch, port] = digits;
    assert_eq!((serial.as_str(), switch.as_str(), port.as_str()), ("S00001", "depot-acc-02", "Gi1/0/2"));
    assert!(mac.split(':').count() == 6 && ip.parse::<std::net::IpAddr>().is_ok(), "{mac} {ip}");
    desk.type_in("<Down><Enter>");
    assert_eq!(copied(&mut desk), ip);
    // In the detail, on the front of its switch and through its finding it is the same device.
    for keys in
        ["<Enter><Enter>y3", "<Esc>fy3", "<Esc>2/serial:S00001<Enter>y3", "3/serial:S00001<Enter><Down><Down>y3"]
    {
        desk.type_in(keys);
        assert_eq!(copied(&mut desk), "S00001", "{keys}");
    }
    assert_eq!(desk.effects, []);
    // What is not known is not copied as nothing.
    desk.type_in("4/<C-u>all<Enter><End>y3");
    desk.shows("SERIAL is not known here: nothing is copied");
    desk.type_in("y<Esc>");
    assert_eq!((desk.effects.len(), desk.model.context()), (0, Context::Devices));
}

#[test]
fn a_row_of_every_view_is_copied_and_what_is_filtered_too() {
    let mut desk = desk();
    for (name, keys) in VIEWS.into_iter().chain([("parts", "1<Enter>"), ("visits", "7v")]) {
        desk.type_in(keys).type_in("<Home>yy");
        let row = copied(&mut desk);
        assert!(row.contains('\t') && row.lines().count() == 1, "{name}: {row}");
        desk.shows("the row is copied");
        desk.type_in("Y");
        let list = copied(&mut desk);
        let head = list.lines().next().unwrap();
        if name != "reviews" {
            assert_eq!(head.split(',').count(), row.split('\t').count(), "{name}: {head}\n{row}");
        }
        desk.shows("rows are copied as CSV");
        desk.type_in("yY");
        assert_eq!(copied(&mut desk), list, "{name}");
    }
}

#[test]
fn the_clipboard_takes_whole_rows_and_says_what_it_does_not_take() {
    let mut desk = desk();
    desk.type_in("4/maker:axis<Enter>Y");
    let list = copied(&mut desk);
    assert!(list.starts_with("ID,MAC,IP,") && list.lines().skip(1).all(|line| line.contains("Axis")), "{list}");
    desk.shows("17 of 17 rows are copied as CSV");
    for keys in ["<Esc>/nothing-like-it<Enter>Y", "y"] {
        desk.type_in(keys);
        desk.shows("there is no row here to copy");
    }
    assert_eq!(desk.effects, []);
    let mut large = Desk::new(&estate::of(900), SIZES[0], false);
    large.type_in("4Y");
    let text = copied(&mut large);
    assert!(text.len() <= 55_500 && text.ends_with('\n'), "{}", text.len());
    large.shows("a clipboard takes no more; e makes a file");
}

#[test]
fn the_hash_of_an_entry_and_what_to_type_are_copied_from_where_they_are_shown() {
    let mut desk = desk();
    desk.type_in("7<Enter>y3");
    let hash = copied(&mut desk);
    assert!(hash.len() == 64 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{hash}\n{}", desk.screen());
    desk.type_in("6<Home>y2");
    let mend = copied(&mut desk);
    assert!(mend.contains("lenswarden") || mend.contains("look at"), "{mend}");
}
