//! The console in a real terminal: tmux types, its panes are read. Needs tmux, so it is not run with the others.

mod people;
mod terminals;
mod walks;

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lenswarden::net::{FindingId, Timestamp};
use lenswarden::review::{Decision, DecisionKind, FindingState};
use lenswarden::store::{ChangeKind, Reader};

use crate::house::{House, PATIENCE};

/// A pane with a program in it; its server ends with it.
pub(crate) struct Pane {
    server: String,
    /// What the console remembers of whoever used it: nobody yet.
    home: tempfile::TempDir,
}

impl Drop for Pane {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

impl Pane {
    pub(crate) fn start(width: u16, height: u16, command: &str) -> Self {
        // A server that is just ending is not asked for another pane.
        static PANES: AtomicUsize = AtomicUsize::new(0);
        let number = PANES.fetch_add(1, Ordering::Relaxed);
        let server = format!("lenswarden-test-{}-{number}", std::process::id());
        let pane = Self { server, home: tempfile::tempdir().unwrap() };
        let (width, height) = (width.to_string(), height.to_string());
        // What is left on the terminal afterwards can be looked at.
        let command = format!("{command}; echo ENDED $?; stty -a; cat");
        let started = pane.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", &width, "-y", &height, &command]);
        assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
        pane
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        Command::new("tmux")
            .args(["-L", &self.server])
            .args(arguments)
            .env("LC_ALL", "C.UTF-8")
            .env("XDG_STATE_HOME", self.home.path())
            // No settings of whoever runs the tests.
            .env("XDG_CONFIG_HOME", "/nonexistent")
            .output()
            .expect("tmux is installed")
    }

    pub(crate) fn screen(&self) -> String {
        String::from_utf8_lossy(&self.tmux(&["capture-pane", "-p"]).stdout).into_owned()
    }

    /// The screen with its colours, as escape sequences.
    pub(crate) fn painted(&self) -> Vec<u8> {
        self.tmux(&["capture-pane", "-e", "-p"]).stdout
    }

    pub(crate) fn until(&self, words: &str) -> String {
        let begun = Instant::now();
        loop {
            let screen = self.screen();
            if screen.contains(words) {
                return screen;
            }
            assert!(begun.elapsed() < PATIENCE, "never on the screen: {words}\n{screen}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Presses keys by tmux's names.
    pub(crate) fn press(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Presses keys and waits for words; what is then on the screen stands in the output of the test.
    fn step(&self, keys: &[&str], words: &str) -> String {
        self.press(keys);
        let screen = self.until(words);
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        println!("── {test}: {}\n{screen}", keys.join(" "));
        screen
    }

    fn type_text(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }
}

fn decisions(house: &House) -> Vec<Decision> {
    let changes = Reader::open(&house.path("lenswarden.db")).unwrap().changes(0, 100_000).unwrap();
    let bodies =
        changes.into_iter().filter(|change| change.kind == ChangeKind::Decision).filter_map(|change| change.body);
    bodies.map(|body| serde_json::from_str(&body).unwrap()).collect()
}

#[test]
#[ignore = "takes a minute and needs tmux: run by .ci/run"]
fn a_scheduled_review_is_decided_from_the_console_and_from_the_command_line() {
    let root = nix::unistd::Uid::effective().is_root();
    let house = House::new(
        "\n[[review]]\nname = \"every-minute\"\nschedule = \"* * * * *\"\nselect = \"status:restricted\"\n\
         owner = \"tests\"\ndue = \"1h\"\n",
    );
    // Somebody else may decide too, and reads nothing but where the daemon is.
    let configuration = std::fs::read_to_string(house.path("config.toml")).unwrap();
    let groups = configuration.clone() + "\n[roles]\nreviewers = [\"nogroup\"]\n[decisions]\ntwo-persons = \"never\"\n";
    std::fs::write(house.path("config.toml"), groups).unwrap();
    house.configure("reviewer.toml", "");
    for (name, mode) in [(".", 0o755), ("reviewer.toml", 0o644)] {
        std::fs::set_permissions(house.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let begun = Timestamp::now();
    let daemon = house.daemon();
    house.until_a_round_is_over();
    // Its moment is at most a minute away.
    let minute = Instant::now();
    while house.look().is_none_or(|snapshot| !snapshot.cycles.values().any(|cycle| cycle.name == "every-minute")) {
        assert!(minute.elapsed() < Duration::from_secs(75), "the review never opened");
        std::thread::sleep(Duration::from_millis(100));
    }

    let binary = env!("CARGO_BIN_EXE_lenswarden");
    let config = house.path("config.toml");
    let pane = Pane::start(80, 24, &format!("{binary} --config {}", config.display()));
    pane.until("RESTRICTED");
    pane.press(&["3"]);
    pane.until("wait for a decision");
    // From the cycles down to the first finding.
    let at_finding = || {
        let selected = pane.screen().lines().find(|line| line.starts_with('▸')).map(str::to_owned);
        selected.is_some_and(|line| line.trim_end().ends_with("open"))
    };
    let begun_moving = Instant::now();
    while !at_finding() {
        assert!(begun_moving.elapsed() < PATIENCE, "no finding was reached\n{}", pane.screen());
        pane.press(&["Down"]);
        std::thread::sleep(Duration::from_millis(200));
    }
    pane.press(&["r"]);
    // The daemon says first who decides.
    pane.until("kind");
    pane.press(&["Right", "Right", "Right", "Tab"]);
    pane.type_text("+30d");
    pane.press(&["Tab"]);
    pane.type_text("a guard");
    pane.press(&["Tab"]);
    pane.type_text("replaced with the quarter's order");
    pane.press(&["Enter"]);
    let confirm = pane.until("accept until");
    assert!(confirm.contains("replaced with the quarter's order") && confirm.contains("at once"), "{confirm}");
    assert!(decisions(&house).is_empty(), "nothing is sent before it is confirmed");
    pane.press(&["Enter"]);
    pane.until("decided: change");

    let open = |id: &FindingId| house.look().is_some_and(|snapshot| snapshot.findings[id].state == FindingState::Open);
    let cycle = house.look().unwrap().cycles.values().next().unwrap().clone();
    let other = cycle.items.iter().find(|id| open(id)).copied().unwrap();
    let revision = house.look().unwrap().findings[&other].revision.to_string();
    let mut command = if root {
        let mut command = Command::new("runuser");
        // The binary may lie where nobody else may look: it goes where all can.
        std::fs::copy(binary, house.path("lenswarden")).unwrap();
        command.args(["-u", "nobody", "--"]).arg(house.path("lenswarden"));
        command
    } else {
        Command::new(binary)
    };
    let number = other.to_string();
    let arguments = ["review", "decide", &number, "--revision", &revision, "--not-in-scope", "--reason", "a test rig"];
    let decided = command.arg("--config").arg(house.path("reviewer.toml")).args(arguments).output().unwrap();
    assert!(decided.status.success(), "{}", String::from_utf8_lossy(&decided.stderr));

    let me = nix::unistd::User::from_uid(nix::unistd::Uid::effective()).unwrap().unwrap().name;
    let them = if root { "nobody".to_owned() } else { me.clone() };
    let made = decisions(&house);
    let [first, second] = made.as_slice() else { panic!("{made:#?}") };
    assert_eq!([&first.author.name, &second.author.name], [&me, &them]);
    assert!(
        matches!(&first.kind, DecisionKind::Accept { reason, .. } if reason == "replaced with the quarter's order")
    );
    assert!(matches!(&second.kind, DecisionKind::NotInScope { reason } if reason == "a test rig"));
    assert!(begun < first.at && first.at < second.at);
    assert_eq!(
        (second.matter.finding(), Reader::open(&house.path("lenswarden.db")).unwrap().verify(&[], &[]).unwrap().faults),
        (Some(other), Vec::new())
    );

    // The terminal is as it was.
    pane.press(&["q"]);
    let left = pane.until("ENDED 0");
    assert!(pane.until("echo").contains(" echo ") && !left.contains("-icanon"), "{left}");
    daemon.stop();
}

#[test]
#[ignore = "needs tmux: run by .ci/run"]
fn the_demo_shows_something_at_every_size_and_a_signal_leaves_the_terminal_as_it_was() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let pane = Pane::start(width, height, &format!("exec 3>&1; {} demo", env!("CARGO_BIN_EXE_lenswarden")));
        let begun = Instant::now();
        pane.until("Hikvision");
        assert!(begun.elapsed() < Duration::from_secs(10), "nothing to see within 10 s");
        for (key, words) in [
            ("2", "on core networks"),
            ("3", "wait for a decision"),
            ("4", "devices of"),
            ("6t", "switches answer"),
            ("?", "keys in"),
        ] {
            pane.press(&[key]);
            let screen = pane.until(words);
            println!("{screen}");
            assert_eq!(screen.lines().count(), usize::from(height));
        }
        let processes = Command::new("pgrep").args(["-f", "lenswarden demo$"]).output().unwrap();
        let pid = String::from_utf8_lossy(&processes.stdout).lines().last().unwrap().to_owned();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let left = pane.until("ENDED");
        assert!(!left.contains("-icanon"), "{left}");
    }
}

#[test]
#[ignore = "needs tmux: run by .ci/run"]
fn a_terminal_is_left_as_it_was_whatever_ends_the_console_and_whatever_size_it_has_meanwhile() {
    let house = House::new("");
    let daemon = house.daemon();
    house.until_a_round_is_over();
    let start = || {
        let binary = env!("CARGO_BIN_EXE_lenswarden");
        let command = format!("RUST_BACKTRACE=0 {binary} --config {}", house.path("config.toml").display());
        let pane = Pane::start(80, 24, &command);
        pane.until("RESTRICTED");
        pane
    };
    let storm = start();
    for step in 0..60_u16 {
        let (width, height) = (20 + step * 37 % 200, 3 + step * 13 % 60);
        storm.tmux(&["resize-window", "-x", &width.to_string(), "-y", &height.to_string()]);
        storm.press(&[["1", "2", "3", "4", "5", "6", "7", "j", "Enter", "?", "Escape", "f"][usize::from(step % 12)]]);
    }
    storm.tmux(&["resize-window", "-x", "80", "-y", "24"]);
    // What follows an Escape at once is Alt and a key.
    for key in ["Escape", "Escape", "Escape", "1"] {
        storm.press(&[key]);
        std::thread::sleep(Duration::from_millis(200));
    }
    println!("{}", storm.until("RESTRICTED"));
    storm.press(&["q"]);
    let left = storm.until("ENDED 0");
    assert!(!left.contains("-icanon"), "{left}");
    drop(storm);

    let fallen = start();
    fallen.press(&["M-F12"]);
    let left = fallen.until("ENDED 101");
    assert!(
        left.contains("Alt-F12 was pressed") && !left.contains("-icanon") && !left.contains("RESTRICTED"),
        "{left}"
    );
    drop(fallen);

    for signal in ["-TERM", "-HUP"] {
        let ended = start();
        let processes =
            Command::new("pgrep").args(["-f", "^[^ ]*lenswarden --config [^ ]*/config.toml$"]).output().unwrap();
        let pid = String::from_utf8_lossy(&processes.stdout).lines().last().unwrap().to_owned();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let left = ended.until("ENDED");
        assert!(!left.contains("-icanon") && !left.contains("RESTRICTED"), "{signal}: {left}");
    }
    daemon.stop();
}

#[test]
#[ignore = "needs tmux: run by .ci/run"]
fn what_is_filtered_is_a_file_and_a_cell_is_in_the_clipboard() {
    let house = House::new("");
    let daemon = house.daemon();
    house.until_a_round_is_over();
    let binary = env!("CARGO_BIN_EXE_lenswarden");
    let config = house.path("config.toml");
    let pane = Pane::start(80, 24, &format!("{binary} --config {}", config.display()));
    pane.tmux(&["set", "-s", "set-clipboard", "on"]);
    pane.until("RESTRICTED");
    pane.press(&["4"]);
    pane.until("devices of");
    pane.press(&["/"]);
    pane.type_text("all status:restricted");
    pane.press(&["Enter"]);
    pane.until("filter: all status:restricted");
    pane.press(&["e"]);
    pane.until("name: lenswarden-devices-20");
    pane.press(&["C-u"]);
    let file = house.path("restricted.csv");
    pane.type_text(&file.display().to_string());
    println!("{}", pane.until("restricted.csv"));
    pane.press(&["Enter"]);
    println!("{}", pane.until("rows as CSV: "));
    let exported = std::fs::read_to_string(&file).unwrap();
    let printed = house.run(&["devices", "status:restricted", "--csv"]).stdout;
    let ids = |text: &str| {
        let mut ids: Vec<String> = text.lines().map(|line| line.split(',').take(2).collect::<String>()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&exported), ids(&String::from_utf8(printed).unwrap()));
    pane.press(&["y"]);
    println!("{}", pane.until("copy a cell"));
    pane.press(&["1"]);
    let said = pane.until("MAC is copied: ");
    let buffer = String::from_utf8(pane.tmux(&["show-buffer"]).stdout).unwrap();
    assert!(buffer.len() == 17 && said.contains(&format!("MAC is copied: {buffer}")), "{buffer}\n{said}");
    pane.press(&["q"]);
    pane.until("ENDED 0");

    // A table that is watched is painted over itself, and Ctrl-C leaves it there.
    let watching = Pane::start(80, 24, &format!("{binary} --config {} devices --watch=1", config.display()));
    let screen = watching.until("MAC");
    assert!(screen.contains("daemon running"), "{screen}");
    watching.press(&["C-c"]);
    let left = watching.until("ENDED 0");
    assert!(left.contains("Hikvision") && !left.contains("-icanon"), "{left}");
    daemon.stop();
}
