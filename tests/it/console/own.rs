//! What the person at the screen keeps of their own: keys, saved filters.

use lenswarden::console::list::Step;
use lenswarden::console::own::settings::Settings;
use lenswarden::console::{Effect, Msg};

use super::{Desk, SIZES, estate};

fn desk(settings: &str) -> Desk {
    let mut desk = Desk::new(&estate::of(120), SIZES[0], false);
    desk.model.take_settings(Settings::read(settings));
    desk.tell(Msg::Resized);
    desk
}

#[test]
fn a_filter_is_saved_under_a_name_recalled_in_another_view_and_forgotten() {
    let mut desk = desk("");
    desk.type_in("F");
    desk.shows("No filter is saved yet.");
    desk.type_in("s");
    desk.shows("this view has no filter");
    desk.type_in("<Esc>4/status:restricted network:core<Enter>Fs");
    insta::assert_snapshot!("saving_a_filter", desk.screen());
    desk.type_in("<Enter>");
    desk.shows("a name has 1 to 40 characters");
    desk.type_in("q1 core<Enter>");
    let words = "status:restricted network:core".to_owned();
    assert_eq!(desk.effects.pop(), Some(Effect::Keep("q1 core".into(), Some(words.clone()))));
    desk.tell(Msg::Kept(Ok("'q1 core' is saved in /home/a/.config/lenswarden/console.toml".into())));
    desk.shows("'q1 core' is saved in /home");
    desk.type_in("2F<Enter>");
    desk.shows("filter: status");
    desk.type_in("F");
    desk.shows("status is restricted, and");
    desk.type_in("x");
    assert_eq!(desk.effects.pop(), Some(Effect::Keep("q1 core".into(), None)));
    desk.shows("No filter is saved yet.");
    // A file that cannot be written takes nothing away from whoever looks.
    desk.type_in("<Esc>Fsa<Enter>");
    desk.tell(Msg::Kept(Err("/home/a/.config cannot be written: Permission denied".into())));
    desk.shows("this holds until you quit: /home/a/.config cannot be written: Permission denied");
    desk.type_in("1F<Enter>");
    desk.shows("filter: ");
}

#[test]
fn a_filter_of_a_list_whose_rows_are_no_devices_is_kept_and_told_there() {
    let mut desk = desk("[filters]\nports = \"kind:port site:hq\"\n");
    desk.lacks("no field");
    desk.type_in("6F");
    desk.shows("its kind is port, and site is hq");
    desk.type_in("<Enter>");
    desk.shows("filter: kind:port site:hq");
    desk.type_in("4F");
    desk.shows("there is no field 'kind'");
}

#[test]
fn filters_of_the_file_are_told_in_words_and_chosen() {
    let mut desk = desk("[filters]\ncore = \"network:core\"\nold = \"since:30d !accepted\"\nhq = \"site:hq\"\n");
    desk.type_in("4F<Down>");
    insta::assert_snapshot!("saved_filters", desk.screen());
    desk.type_in("<Down><Down><Up><Enter>F");
    // The filter of the view is the one that is chosen.
    assert!(desk.selected().contains("since:30d"), "{}", desk.selected());
    desk.type_in("<Esc>");
    desk.shows("filter: since:30d !accepted");
}

#[test]
fn changed_keys_work_and_stand_in_hints_and_help() {
    let mut desk = desk(
        "[keys]\nsort = [\"o\", \"F4\"]\nfilter = \"s\"\nmove-down = \"m\"\nquit = \"Q\"\nshow = [\"F1\", \"F2\"]\n",
    );
    desk.type_in("<Tab><Tab><Tab>");
    desk.shows("s filter");
    desk.shows("Q quit");
    desk.type_in("o");
    desk.shows("sorted by");
    let first = desk.selected();
    desk.type_in("m");
    assert_ne!(desk.selected(), first);
    desk.type_in("see<Enter>");
    desk.shows("filter: ee");
    desk.type_in("q?<PgDn>");
    desk.shows("o F4");
    desk.lacks("k j");
    desk.type_in("<Esc>Q");
    assert_eq!(desk.effects, [Effect::Quit]);
}

#[test]
fn what_is_wrong_with_the_settings_is_told_at_once_and_in_the_help() {
    let mut desk = desk("[keys]\nsort = \"/\"\ndance = \"x\"\n[filters]\na = \"colour:red\"\n");
    desk.shows("console.toml:3:1: dance: there is no such ac");
    desk.shows("1 of 3 (the help tells all): ");
    desk.type_in("4?");
    desk.shows("console.toml:2:1: sort: / means filter in Exposure");
    desk.shows("console.toml:5:1: there is no field 'colour'");
    desk.type_in("<Esc>s");
    desk.shows("sorted by");
}

#[test]
fn in_ascii_every_view_says_the_same_and_holds_nothing_else() {
    let mut desk = desk("[console]\nascii = \"yes\"\n");
    for key in ["1", "2", "3", "4", "5", "6", "7", "4C", "<Esc>4?", "<Esc><C-k>hik", "<Esc>4/ma", "<Esc>F"] {
        desk.type_in(key);
        assert!(desk.screen().is_ascii(), "{key}\n{}", desk.screen());
    }
    desk.type_in("<Esc>1");
    insta::assert_snapshot!("ascii", desk.screen());
}

#[test]
fn the_wheel_moves_and_a_click_selects_the_row_under_it() {
    let mut desk = desk("");
    for view in ["2", "3", "4", "5"] {
        desk.type_in(view).type_in("<Home>");
        let first = desk.selected();
        desk.tell(Msg::Wheel(Step::Down));
        assert_ne!(desk.selected(), first, "{view}");
        let line = |desk: &Desk| desk.screen().lines().position(|line| line.starts_with('▸')).unwrap() as u16;
        desk.type_in("<End><Up><Up>");
        let (at, row) = (line(&desk), desk.selected());
        desk.type_in("<Down><Down>");
        desk.tell(Msg::Click(at));
        assert_eq!(desk.selected(), row, "{view}");
        // The head is no row, and neither is what lies over the list.
        desk.tell(Msg::Click(0));
        desk.type_in("?");
        desk.tell(Msg::Click(at + 1));
        desk.type_in("<Esc>");
        assert_eq!(desk.selected(), row, "{view}");
    }
    desk.type_in("4/x");
    desk.tell(Msg::Wheel(Step::Down));
    desk.shows("/x\n");
}

#[test]
fn the_screen_begins_as_it_was_left() {
    let mut left = desk("");
    left.type_in("1s4ssS5ss");
    let mut desk = desk("");
    assert_ne!(desk.model.state(), left.model.state());
    desk.model.resume(&left.model.state());
    desk.tell(Msg::Resized);
    assert_eq!(desk.screen(), {
        left.type_in("<Home>");
        left.screen()
    });
    desk.type_in("4");
    desk.shows("MAKER▼");
}
