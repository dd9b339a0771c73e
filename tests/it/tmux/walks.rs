//! Walks through the demo, as somebody does who looks for what is wrong: each screen stands in the output.

use std::time::Duration;

use super::Pane;

fn demo(width: u16, height: u16) -> Pane {
    let pane = Pane::start(width, height, &format!("{} demo", env!("CARGO_BIN_EXE_lenswarden")));
    pane.until("Hikvision");
    // Cameras answer sooner than switches tell where they are.
    pane.until("switches 3 of 3 answer");
    pane
}

/// The first MAC address in a line that holds these words.
fn mac(screen: &str, words: &[&str]) -> Option<String> {
    let line = screen.lines().find(|line| words.iter().all(|word| line.contains(word)))?;
    line.split_whitespace().find(|word| word.len() == 17 && word.matches(':').count() == 5).map(str::to_owned)
}

/// As switches write it.
fn dotted(mac: &str) -> String {
    let digits: Vec<char> = mac.chars().filter(|c| *c != ':').collect();
    digits.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(".")
}

fn walk(width: u16, height: u16) {
    let pane = demo(width, height);
    let height = usize::from(height);

    // Two keys at most from the start to the restricted cameras on core networks.
    let core = pane.step(&["2"], "on core networks");
    let found = mac(&core, &["Hikvision", "core"]).expect("a Hikvision camera on a core network");
    assert_eq!(core.lines().count(), height);

    // Makers, a maker's sites, its devices there, and back.
    pane.step(&["1"], "MAKER");
    let sites = pane.step(&["Enter"], "(Esc goes back)");
    assert!(sites.contains("devices at") && sites.contains("headquarters"), "{sites}");
    let devices = pane.step(&["Enter"], "devices of: ");
    assert!(devices.contains(&found), "{devices}");
    pane.step(&["Escape"], "devices at");
    pane.step(&["Escape"], "first found");
    let back = pane.until("MAKER");
    assert!(back.contains("RESTRICTED") && !back.contains("(Esc goes back)"), "{back}");

    // Sites, and the dossier of one.
    pane.step(&["5"], "NOT shown to be clean");
    pane.step(&["Enter"], "── site ");
    let dossier = pane.step(&["Enter"], "back");
    assert!(dossier.contains("── site headquarters") && dossier.contains("networks"), "{dossier}");
    pane.step(&["Escape"], "SENSITIVITY");

    // What was not seen, and all targets.
    pane.step(&["6"], "not seen:  ");
    let targets = pane.step(&["t"], "switches answer");
    assert!(targets.contains("headquarters-core") && targets.contains("depot-core"), "{targets}");

    // What happened, and the last visits.
    pane.step(&["7"], "WHEN");
    let visits = pane.step(&["v"], "last visits");
    assert!(visits.contains("depot-core answering") || visits.contains("headquarters-core answering"), "{visits}");
    pane.press(&["v"]);

    // Anything is found in any notation.
    pane.step(&["C-k"], "search");
    pane.type_text(&dotted(&found));
    pane.until(&found);
    let gone_to = pane.step(&["Enter"], &format!("{found} ── "));
    assert!(gone_to.contains("evidence"), "{gone_to}");

    // A mistake in a filter stands under the cursor.
    pane.step(&["4"], "devices of");
    pane.step(&["/"], "complete");
    pane.type_text("maker:hik colour:red");
    let mistake = pane.step(&[], "there is no field 'colour'");
    let lines: Vec<&str> = mistake.lines().collect();
    let typed = lines.iter().position(|line| line.starts_with("/maker:hik colour:red")).expect("what is typed");
    assert_eq!(lines[typed + 1].find('^'), Some("/maker:hik ".len()), "{mistake}");
    pane.step(&["Escape"], "devices of");
    pane.press(&["q"]);
    let left = pane.until("ENDED 0");
    assert!(!left.contains("-icanon"), "{left}");
}

#[test]
#[ignore = "needs tmux: run by .ci/run"]
fn a_walk_at_120x40() {
    walk(120, 40);
}

#[test]
#[ignore = "needs tmux: run by .ci/run"]
fn a_walk_at_200x60() {
    walk(200, 60);
}

#[test]
#[ignore = "needs tmux: run by .ci/run"]
fn a_row_that_leaves_is_seen_to_go_in_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lenswarden.db");
    let mut daemon = crate::console::estate::write(&database, &crate::console::estate::of(20));
    let config = folder.path().join("config.toml");
    std::fs::write(&config, format!("[daemon]\ndatabase = {database:?}\n")).unwrap();
    let binary = env!("CARGO_BIN_EXE_lenswarden");
    let pane = Pane::start(80, 24, &format!("{binary} --config {}", config.display()));
    pane.until("RESTRICTED");
    let before = pane.step(&["4"], "devices of");
    let first = mac(&before, &["▸"]).unwrap();
    let id = (1..=20).map(lenswarden::net::DeviceId).find(|id| crate::sample::mac(id.0).to_string() == first).unwrap();
    let batch = lenswarden::store::Batch { at: crate::console::estate::NOW, retired: vec![id], ..Default::default() };
    daemon.commit(&batch).unwrap();
    let going = pane.step(&[], "- 1 leaves");
    let row = going.lines().find(|line| line.contains(&first)).expect("it is still there");
    assert!(row.starts_with('-'), "{row}");
    let painted = String::from_utf8(pane.painted()).unwrap();
    let row = painted.lines().find(|line| line.contains(&first)).expect("it is still there");
    assert!(row.contains("\u{1b}[2") || row.contains(";2"), "dim: {row:?}");
    let begun = std::time::Instant::now();
    while pane.screen().contains(&first) {
        assert!(begun.elapsed() < crate::house::PATIENCE, "it never went\n{}", pane.screen());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(pane.screen().lines().any(|line| line.starts_with('▸')));
}
