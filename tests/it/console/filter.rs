//! Filter words: completed and told while they are typed.

use super::{Desk, SIZES, estate};

fn desk() -> Desk {
    Desk::new(&estate::of(120), SIZES[0], false)
}

#[test]
fn words_are_completed_from_the_fields_and_from_the_data() {
    let mut desk = desk();
    desk.type_in("4/ma<Tab>da<Tab>");
    desk.shows("/maker:dahua\n");
    desk.shows(" maker holds dahua\n");
    desk.type_in("!si<Down><Tab>");
    desk.shows("/maker:dahua !site.sensitivity:\n");
    desk.shows("'site.sensitivity:' needs a value");
    // The cursor that goes right at the end takes what is offered.
    desk.type_in("<Down><Right>");
    desk.shows("/maker:dahua !site.sensitivity:standard\n");
    desk.shows(" maker holds dahua, and site is not standard\n");
    desk.type_in("re<Tab>");
    desk.shows("standard remove-by");
    desk.type_in("<Backspace><Enter>");
    desk.shows("filter: maker:dahua !site.sensitivity:standard");
}

#[test]
fn what_is_offered_is_chosen_and_what_is_half_typed_stays() {
    let mut desk = desk();
    desk.type_in("2/");
    insta::assert_snapshot!("filter_nothing_typed", desk.screen());
    desk.type_in("network:<Down><Down><Up>");
    insta::assert_snapshot!("filter_offers", desk.screen());
    desk.type_in("<Tab>vlan:10-20 since:7d");
    insta::assert_snapshot!("filter_in_words", desk.screen());
    // In the middle of a word nothing is offered, and → moves.
    desk.type_in("<Home><Right><Tab>");
    desk.shows("/network:core vlan:10-20 since:7d\n");
    // Far more offers than fit: the chosen one stands on the screen, with what it is.
    desk.type_in("<C-u>").type_in(&"<Down>".repeat(30)).type_in("<Tab>");
    desk.shows("/since:\n");
    desk.type_in("<Esc>");
    desk.lacks("/since:");
}

#[test]
fn kinds_and_sites_are_completed_and_told_where_rows_are_no_devices() {
    let mut desk = desk();
    desk.type_in("6/");
    desk.shows("kind:  site:");
    desk.type_in("ki<Tab>ne");
    insta::assert_snapshot!("filter_coverage", desk.screen());
    // What a filter leaves out was not seen all the same.
    desk.lacks("nothing that is known of was left unseen");
    desk.type_in("<Tab>!si<Tab>mi<Right>");
    desk.shows("/kind:neighbour !site:ministers\n");
    desk.shows(" its kind is neighbour, and site is not ministers\n");
    desk.type_in("kind:cow");
    let screen = desk.screen();
    let lines: Vec<&str> = screen.lines().collect();
    let typed = lines.iter().position(|line| line.starts_with("/kind:neighbour")).unwrap();
    assert_eq!(lines[typed + 1].find('^'), Some("/kind:neighbour !site:ministers ".len()), "{screen}");
    assert!(lines[typed + 2].contains("'cow' is no kind; there are daemon, work"), "{screen}");
    desk.type_in("<Esc>7/vis");
    desk.shows("each target's last visit, instead of the log");
    desk.type_in("<Tab>dep<Tab><Enter>");
    desk.shows("filter: kind:visit site:depot");
    desk.shows("visit      depot");
    desk.lacks("visit      hq");
}

#[test]
fn where_words_are_of_no_field_none_is_offered() {
    let mut desk = desk();
    desk.type_in("6t");
    desk.type_in("/ma<Tab>");
    desk.shows("/ma\n");
    desk.shows("rows that hold every one of these words");
    desk.lacks("maker:");
}
