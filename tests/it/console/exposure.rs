//! Whose equipment is where: drill-downs, what came and went, how far removal is.

use lenswarden::console::keys::Context;
use lenswarden::net::Timestamp;
use lenswarden::policy::Status;
use lenswarden::store::{Batch, Reader};

use super::{Desk, SIZES, estate};

fn desk(size: (u16, u16)) -> Desk {
    Desk::new(&estate::of(120), size, false)
}

fn numbers(line: &str) -> Vec<String> {
    let number = |word: &&str| word.replace(',', "").parse::<u32>().is_ok();
    line.split_whitespace().filter(number).map(str::to_owned).collect()
}

#[test]
fn a_drill_down_holds_as_many_devices_as_its_row_said() {
    let mut desk = desk(SIZES[0]);
    for _ in 0..8 {
        let row = desk.selected();
        let count = numbers(&row)[0].clone();
        desk.type_in("d");
        desk.shows(&format!(" {count} devices of:"));
        desk.type_in("<Esc>");
        assert_eq!(desk.selected(), row, "back where it was");
        desk.type_in("<Enter>");
        desk.shows(&format!("{count} devices at "));
        let mut sum = 0;
        for _ in 0..9 {
            let site = desk.selected();
            let there = numbers(&site)[0].clone();
            desk.type_in("<Enter>");
            assert_eq!(desk.model.context(), Context::Devices);
            desk.shows(&format!(" {there} devices of:"));
            desk.shows(&format!(
                " at {} (Esc goes back)",
                site.trim_start_matches('▸').split_whitespace().next().unwrap()
            ));
            desk.type_in("<Esc>");
            assert_eq!(desk.selected(), site, "back where it was");
            sum += there.parse::<u32>().unwrap();
            desk.type_in("j");
            if desk.selected() == site {
                break;
            }
        }
        assert_eq!(sum.to_string(), count);
        desk.type_in("<Esc>");
        assert_eq!(desk.selected(), row, "back where it was");
        desk.type_in("j");
    }
}

#[test]
fn a_row_stands_apart_by_the_kind_of_its_network() {
    let mut desk = desk(SIZES[1]);
    for _ in 0..8 {
        let row = numbers(&desk.selected());
        let all: u32 = row[0].parse().unwrap();
        // All, sensitive, standard, elsewhere, then the networks.
        let networks: u32 = row[4..8].iter().map(|number| number.parse::<u32>().unwrap()).sum();
        assert_eq!(networks, all, "{}", desk.selected());
        desk.type_in("j");
    }
    insta::assert_snapshot!("exposure_sites", desk.type_in("<Home><Enter>").screen());
}

/// Everything restricted or suspected goes from the site.
fn gone(from: &str, at: Timestamp) -> Batch {
    let mut devices = estate::of(120).devices;
    devices.retain(|record| {
        record.device.place.site == Some(from.into()) && matches!(record.status, Status::Restricted | Status::Suspected)
    });
    devices.iter_mut().for_each(|record| record.device.place.gone = Some(at));
    Batch { at, devices, ..Batch::default() }
}

#[test]
fn the_trend_tells_what_went_and_removal_is_that_of_the_return() {
    let mut desk = desk(SIZES[1]);
    desk.shows("restricted 52, counted since 26 Nov");
    desk.shows("removed 0 % (0/2 sites)");
    let later = Timestamp(estate::NOW.0 + 86_400_000);
    // Devices go, and every switch answers all the same.
    let mut batch = gone("hq", later);
    for target in estate::of(120).targets {
        let last = Some(Timestamp(later.0 - 1_000));
        let answers = target.last_ok.is_some();
        let at = if answers { last } else { None };
        batch.targets.push(lenswarden::store::TargetRecord { last_attempt: last, last_ok: at, ..target });
    }
    desk.commit(&batch);
    let restricted = batch.devices.iter().filter(|record| record.status == Status::Restricted).count();
    desk.shows(&format!(" 52 → {} since 26 Nov", 52 - restricted));
    desk.shows(&format!("30 d: {restricted} gone 0 came"));
    desk.shows("removed 50 % (1/2 sites)");
    let snapshot = desk.snapshot();
    let past = Reader::open(&desk.path()).unwrap().stays().unwrap();
    let tallies = snapshot.tallies(&snapshot.overdue());
    let handed = snapshot.to_return(&tallies, None, None, past.as_deref());
    assert_eq!((handed.done_percent(), handed.affected()), (Some(50), 2));
    // Of a part of the estate nothing of this is known.
    desk.type_in("/maker:dahua<Enter>");
    desk.lacks("removed");
}
