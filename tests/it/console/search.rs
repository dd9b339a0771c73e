//! Looking things up, from anywhere.

use crossterm::event::KeyCode;
use lenswarden::console::keys::Context;
use lenswarden::console::{Effect, Msg, Question, update};
use lenswarden::net::DeviceId;

use super::{Desk, SIZES, estate, named_key};

fn desk() -> Desk {
    Desk::new(&estate::of(120), SIZES[0], false)
}

#[test]
fn a_device_is_gone_to_by_whatever_of_it_is_known() {
    let row = desk().model.devices.read().get(DeviceId(37)).unwrap();
    let mac = row.mac.unwrap().to_string();
    let octets: Vec<&str> = mac.split(':').collect();
    let place = format!("{} {}", row.place.switch.as_ref().unwrap(), row.place.port.as_ref().unwrap());
    for words in [
        mac.clone(),
        mac.to_uppercase().replace(':', "-"),
        octets.concat(),
        octets.join(" "),
        format!("{}.{}.{}", octets[..2].concat(), octets[2..4].concat(), octets[4..].concat()),
        octets[3..].join(":"),
        row.ips[0].to_string(),
        row.serial.to_string(),
        format!("{} {}", row.serial.as_str().to_lowercase(), row.place.site.as_ref().unwrap()),
        format!("{place} {}", row.serial),
    ] {
        for from in ["1", "3", "2<Enter>", "4/maker:axis", "5?"] {
            let mut desk = desk();
            desk.type_in(from).type_in("<C-k>").type_in(&words).type_in("<Enter>");
            assert_eq!(desk.model.context(), Context::Devices);
            assert!(desk.selected().contains(&mac), "{words} from {from}: {}", desk.screen());
            desk.shows(&format!("serial {}", row.serial));
        }
    }
}

#[test]
fn every_kind_is_gone_to_in_its_own_view() {
    for (words, selected, shown) in [
        ("depot", "▸? depot", "3 sites"),
        ("hq-acc-03", "▸ hq-acc-03", "10.1.0.3:161"),
        ("hikvision", "▸Hikvision", "RESTRICTED"),
        ("annke", "▸  as Annke", "RESTRICTED"),
        ("#2", "▸", "Dahua as Honeywell, DS-2CD2386G2-IU"),
        ("standard-sites", "▸    2 standard-sites", "estates-security"),
    ] {
        let mut desk = desk();
        desk.type_in("4/maker:axis<Enter><C-k>").type_in(words).type_in("<Enter>");
        assert!(desk.selected().starts_with(selected), "{words}: {}", desk.screen());
        desk.shows(shown);
    }
}

#[test]
fn what_is_found_stands_by_kind_and_the_best_first() {
    for size in SIZES {
        let mut desk = Desk::new(&estate::of(120), size, false);
        desk.type_in("<C-k>hq");
        insta::assert_snapshot!(format!("search_{}x{}", size.0, size.1), desk.screen());
    }
    let mut desk = desk();
    desk.type_in("<C-k>");
    insta::assert_snapshot!("search_nothing_typed", desk.screen());
    desk.type_in("no such thing");
    desk.shows("nothing holds all of these words");
    desk.type_in("<Enter>");
    desk.shows("nothing holds all of these words");
    // Letters that are commands elsewhere were text; back is where it was.
    desk.type_in("<Esc>q");
    assert!(desk.effects.contains(&Effect::Quit));
}

#[test]
fn the_selection_moves_and_what_is_chosen_is_gone_to() {
    let mut desk = desk();
    desk.type_in("<C-k>s0003<Down><C-n><Up>");
    let chosen = desk.selected();
    let mac = chosen.split_whitespace().find(|word| word.matches(':').count() == 5).unwrap().to_owned();
    desk.type_in("<Enter>");
    assert!(desk.selected().contains(&mac), "{chosen}\n{}", desk.screen());
}

#[test]
fn what_is_no_camera_is_gone_to_too() {
    let mut batch = estate::of(6);
    let known = batch.devices.iter_mut().find(|record| record.device.id == DeviceId(4)).unwrap();
    known.device.attribution.surveillance = lenswarden::maker::Surveillance::No;
    let mac = known.device.mac.unwrap().to_string();
    let mut desk = Desk::new(&batch, SIZES[0], false);
    desk.type_in("<C-k>").type_in(&mac).type_in("<Enter>");
    assert!(desk.selected().contains(&mac), "{}", desk.screen());
    desk.shows("filter: all");
}

#[test]
fn a_key_that_is_faster_than_the_answer_goes_where_the_answer_says() {
    let mut desk = desk();
    // As the loop does where answers are late: keys are taken in before anything is answered.
    let press = |desk: &mut Desk, event| update(&mut desk.model, Msg::Key(event));
    press(&mut desk, named_key("C-k"));
    for letter in "s0010".chars() {
        press(&mut desk, KeyCode::Char(letter).into());
    }
    let older = desk.model.questions();
    press(&mut desk, KeyCode::Char('7').into());
    press(&mut desk, named_key("Enter"));
    for question in older.iter().filter(|question| matches!(question, Question::LookUp(..))) {
        let answer = desk.follower.answer(question).unwrap();
        update(&mut desk.model, answer);
    }
    assert_eq!(desk.model.context(), Context::Search);
    desk.tell(Msg::Resized);
    assert_eq!(desk.model.context(), Context::Devices);
    let mac = desk.model.devices.read().get(DeviceId(107)).unwrap().mac.unwrap();
    assert!(desk.selected().contains(&mac.to_string()), "{}", desk.screen());
}
