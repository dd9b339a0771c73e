//! Whatever a device says, no cell of the screen holds a character that hides or moves.

use lenswarden::console::Effect;
use lenswarden::net::DeviceText;
use lenswarden::net::text::{clean, hides_or_moves};
use lenswarden::observation::DeviceInformation;
use lenswarden::store::Batch;

use super::{Desk, SIZES, VIEWS, estate};

/// What may stand in any text that a device, a directory or a person gives: terminal sequences in seven and eight bits,
/// lines, bidirectional and invisible characters, tags, heaps of marks, look-alikes, markup, formulas, lengths.
const PAYLOADS: [&str; 30] = [
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]52;c;cm0gLXJm\u{7}",
    "\u{1b}P1$r0m\u{1b}\\",
    "\u{9b}31mred",
    "\u{9d}0;title\u{9c}",
    "\u{90}x\u{9c}",
    "del\u{7f}\u{8}\u{8}",
    "line\r\nFAKE: clean",
    "tab\there\u{b}\u{c}",
    "nul\u{0}nul",
    "\u{202e}kcart-fo-thgir",
    "\u{2066}isolate\u{2069}",
    "\u{61c}\u{200e}\u{200f}marks",
    "zero\u{200b}\u{200c}\u{200d}width",
    "\u{feff}bom",
    "soft\u{ad}hyphen",
    "tag\u{e0041}\u{e0042}\u{e007f}",
    "\u{2028}line\u{2029}paragraph",
    "\u{e000}private\u{f8ff}",
    "\u{fff9}a\u{fffa}b\u{fffb}",
    "a\u{338}\u{338}\u{338}\u{338}\u{338}\u{338}\u{338}\u{338}",
    "D\u{430}hua",
    "摄像机摄像机摄像机摄像机",
    "👩\u{200d}👩\u{200d}👧",
    "=HYPERLINK(\"http://x\",\"y\")",
    "+cmd|' /C calc'!A0",
    "@SUM(1)\u{9}=1",
    "<script>alert(1)</script>\"'><img src=x>",
    "-2+3\u{1b}[31m\u{202e}\u{200b}\u{2028}\r\n\u{e0041}",
];

/// Every field that a device or a person fills, filled with one payload after another from the one of that number. Names
/// pass `clean` as on their way in; the rest is left raw where its type is a plain string: what shows it is the last
/// wall.
fn hostile(from: usize) -> Batch {
    let mut payloads = PAYLOADS.into_iter().cycle().skip(from);
    let mut next = || payloads.next().unwrap();
    let mut batch = estate::of(12);
    for record in &mut batch.devices {
        let device = &mut record.device;
        let information = DeviceInformation {
            manufacturer: next().into(),
            model: next().into(),
            firmware: next().into(),
            serial: next().into(),
            hardware: next().into(),
        };
        device.facts.information = Some((information, estate::NOW));
        device.attribution.name = next().into();
        device.attribution.brand = Some(next().into());
        device.hostname = Some(DeviceText::new(next()));
        device.place.port = Some(clean(next()).into());
        device.place.reasons = vec![next().into()];
        for mark in &mut device.attribution.evidence {
            (mark.source, mark.text) = (next().into(), next().into());
        }
    }
    for finding in &mut batch.findings {
        finding.text = next().into();
        finding.place.port = Some(next().into());
        finding.place.switch = Some(next().into());
    }
    for cycle in &mut batch.cycles {
        (cycle.name, cycle.owner, cycle.select) = (next().into(), next().into(), next().into());
    }
    for target in &mut batch.targets {
        (target.why, target.address) = (next().into(), next().into());
    }
    let configuration = batch.configuration.as_mut().unwrap();
    configuration.problem = next().into();
    batch.daemon.as_mut().unwrap().host = next().into();
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

/// What left for the clipboard.
#[track_caller]
fn assert_copies_harmless(desk: &mut Desk) {
    for effect in std::mem::take(&mut desk.effects) {
        let Effect::Copy(text) = effect else { panic!("{effect:?}") };
        let bad = text.chars().find(|c| !matches!(c, '\n' | '\t') && hides_or_moves(*c));
        assert_eq!(bad, None, "{text:?}");
    }
}

fn walk(desk: &mut Desk) {
    for (_, key) in VIEWS {
        desk.type_in(key);
        assert_harmless(desk);
        desk.type_in("y");
        assert_harmless(desk);
        desk.type_in("yY");
        for digit in 1..=9 {
            desk.type_in(&format!("y{digit}"));
            assert_harmless(desk);
        }
        desk.type_in("<Esc>");
        assert_copies_harmless(desk);
        desk.type_in("<End><Enter>");
        assert_harmless(desk);
        desk.type_in("<Enter><PgDn>");
        assert_harmless(desk);
        desk.type_in("<Esc><Esc><Esc>");
    }
}

#[test]
fn no_cell_holds_what_hides_or_moves() {
    for from in 0..PAYLOADS.len() {
        walk(&mut Desk::new(&hostile(from), SIZES[0], from % 2 == 0));
    }
    for size in SIZES {
        walk(&mut Desk::new(&hostile(0), size, false));
    }
}

#[test]
fn the_columns_that_show_where_they_are_chosen_are_as_harmless() {
    let chosen = r#"{
        "devices": {"columns": ["+serial", "+hostname", "+brand", "+model", "+firmware"], "by": "serial"},
        "placement": {"columns": ["+serial", "+firmware", "+model", "+policy"], "by": "port"},
        "reviews": {"columns": ["+serial", "+firmware", "+assignee", "+tags"], "by": "switch"},
        "coverage": {"columns": ["+why"], "by": "mend"},
        "targets": {"by": "why"}
    }"#;
    for from in (0..PAYLOADS.len()).step_by(4) {
        let mut desk = Desk::new(&hostile(from), SIZES[2], false);
        desk.model.resume(&serde_json::from_str(chosen).unwrap());
        walk(&mut desk);
        desk.type_in("4");
        desk.shows("HOST NAME");
        desk.shows("SERIAL▲");
    }
}

#[test]
fn nothing_that_is_printed_hides_moves_or_is_a_formula() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = folder.path().join("config.toml");
    for from in (0..PAYLOADS.len()).step_by(5) {
        let database = folder.path().join(format!("{from}.db"));
        drop(estate::write(&database, &hostile(from)));
        std::fs::write(&configuration, format!("[daemon]\ndatabase = \"{}\"\n", database.display())).unwrap();
        for words in [
            "devices all",
            "devices all --csv",
            "devices all --json",
            "findings",
            "findings --csv",
            "findings --json",
            "targets",
            "targets --csv",
            "targets --json",
            "sites",
            "sites --csv",
            "coverage",
            "coverage --csv",
            "exposure",
            "exposure --csv",
            "exposure --json",
            "placement",
            "placement --csv",
            "placement --json",
            "unseen",
            "unseen --csv",
            "unseen --json",
            "log",
            "log --csv",
            "log --json",
            "explain 1",
            "review list",
            "report",
            "report --format html",
            "report --format json",
            "report --dossier 1",
            "report --dossier 1 --format html",
        ] {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lenswarden"));
            let said = command.arg("--config").arg(&configuration).args(words.split(' ')).output().unwrap();
            let data = String::from_utf8(said.stdout).unwrap();
            let text = data.clone() + &String::from_utf8(said.stderr).unwrap();
            assert!(text.len() > 100, "{words}: {text}");
            let bad = text.chars().find(|c| *c != '\n' && hides_or_moves(*c));
            assert_eq!(bad, None, "{words} from {from}");
            if words.contains("html") {
                assert!(!text.contains("<script>") && !text.contains("<img"), "{words} from {from}");
            }
            if words.ends_with("--csv") {
                let mut rows = csv::Reader::from_reader(data.as_bytes()).into_records();
                let formula = rows.find_map(|row| {
                    let row = row.unwrap();
                    row.iter().find(|cell| cell.starts_with(['=', '+', '@'])).map(str::to_owned)
                });
                assert_eq!(formula, None, "{words} from {from}");
            }
        }
    }
}

#[test]
fn nothing_that_is_exported_hides_moves_or_is_a_formula() {
    let folder = tempfile::tempdir().unwrap();
    for from in 0..PAYLOADS.len() {
        let mut desk = Desk::new(&hostile(from), SIZES[0], false);
        for (name, keys) in VIEWS {
            desk.type_in(keys);
            let csv = desk.export(&folder.path().join(format!("{name}-{from}.csv")));
            assert_harmless(&desk);
            let bad = csv.chars().find(|c| *c != '\n' && hides_or_moves(*c));
            assert_eq!(bad, None, "{name} from {from}");
            let mut rows = csv::Reader::from_reader(csv.as_bytes()).into_records();
            let formula = rows.find_map(|row| {
                let row = row.unwrap();
                row.iter().find(|cell| cell.starts_with(['=', '+', '-', '@'])).map(str::to_owned)
            });
            assert_eq!(formula, None, "{name} from {from}");
            // Each row is a line: a reader that goes by lines sees the same.
            let count = csv::Reader::from_reader(csv.as_bytes()).into_records().count();
            assert_eq!(csv.lines().count(), count + 1, "{name} from {from}");
            let json = desk.export(&folder.path().join(format!("{name}-{from}.json")));
            let bad = json.chars().find(|c| *c != '\n' && hides_or_moves(*c));
            assert_eq!(bad, None, "{name} from {from}");
            let values: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
            assert_eq!(values.len(), count, "{name} from {from}");
        }
    }
}

#[test]
fn what_is_pasted_is_harmless_too() {
    let mut desk = Desk::new(&estate::of(12), SIZES[0], false);
    desk.type_in("4/");
    desk.tell(lenswarden::console::Msg::Paste(format!("q{}", PAYLOADS.concat())));
    assert_harmless(&desk);
    desk.shows("/q[2J");
    assert!(desk.effects.is_empty(), "a paste is never a command");
    desk.type_in("<Esc>");
    desk.tell(lenswarden::console::Msg::Paste("q".into()));
    assert!(desk.effects.is_empty());
}
