//! Whatever a device says, no cell of the screen holds a character that hides or moves.

use lenswarden::net::DeviceText;
use lenswarden::net::text::{clean, hides_or_moves};
use lenswarden::observation::DeviceInformation;
use lenswarden::store::Batch;

use super::{Desk, SIZES, VIEWS, estate};

const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{202e}evil\u{2066}\u{200b}\u{feff}\u{ad}\u{e0041}\u{2028}\r\n\t\u{0}a\u{0338}\u{0338}\u{0338}\u{0338}\u{0338}\u{0338}摄像机";

/// Every field that a device or a person fills, filled with the worst. Names pass `clean` as on their way in; the rest
/// is left raw where its type is a plain string: the screen is the last wall.
fn hostile() -> Batch {
    let mut batch = estate::of(12);
    for record in &mut batch.devices {
        let device = &mut record.device;
        let information = DeviceInformation {
            manufacturer: HOSTILE.into(),
            model: HOSTILE.into(),
            firmware: HOSTILE.into(),
            serial: HOSTILE.into(),
            hardware: HOSTILE.into(),
        };
        device.facts.information = Some((information, estate::NOW));
        device.attribution.name = HOSTILE.into();
        device.attribution.brand = Some(HOSTILE.into());
        device.hostname = Some(DeviceText::new(HOSTILE));
        device.place.port = Some(clean(HOSTILE).into());
        device.place.reasons = vec![HOSTILE.into()];
        for mark in &mut device.attribution.evidence {
            (mark.source, mark.text) = (HOSTILE.into(), HOSTILE.into());
        }
    }
    for finding in &mut batch.findings {
        finding.text = HOSTILE.into();
        finding.place.port = Some(HOSTILE.into());
        finding.place.switch = Some(HOSTILE.into());
    }
    for cycle in &mut batch.cycles {
        (cycle.name, cycle.owner, cycle.select) = (HOSTILE.into(), HOSTILE.into(), HOSTILE.into());
    }
    for target in &mut batch.targets {
        (target.why, target.address) = (HOSTILE.into(), HOSTILE.into());
    }
    let configuration = batch.configuration.as_mut().unwrap();
    configuration.problem = HOSTILE.into();
    batch.daemon.as_mut().unwrap().host = HOSTILE.into();
    batch
}

#[track_caller]
fn assert_harmless(desk: &Desk) {
    for cell in desk.buffer().content() {
        // A wide character fills its neighbour with nothing.
        let bad = cell.symbol().chars().find(|c| hides_or_moves(*c));
        assert_eq!(bad, None, "{:?} on\n{}", cell.symbol(), desk.screen());
    }
}

#[test]
fn no_cell_holds_what_hides_or_moves() {
    for size in SIZES {
        let mut desk = Desk::new(&hostile(), size, false);
        for (_, key) in VIEWS {
            desk.type_in(key);
            assert_harmless(&desk);
            desk.type_in("<End><Enter>");
            assert_harmless(&desk);
            desk.type_in("<Enter><PgDn>");
            assert_harmless(&desk);
            desk.type_in("<Esc><Esc><Esc>");
        }
    }
}

#[test]
fn what_is_pasted_is_harmless_too() {
    let mut desk = Desk::new(&estate::of(12), SIZES[0], false);
    desk.type_in("4/");
    desk.tell(lenswarden::console::Msg::Paste(format!("q{HOSTILE}")));
    assert_harmless(&desk);
    desk.shows("/q[2J");
    assert!(desk.effects.is_empty(), "a paste is never a command");
    desk.type_in("<Esc>");
    desk.tell(lenswarden::console::Msg::Paste("q".into()));
    assert!(desk.effects.is_empty());
}
