//! Terminals of other kinds, and what is sent to them: never a question, for a terminal that does not answer would keep
//! the console waiting, and one that does would type its answer into whatever comes next.

use std::path::Path;

use super::Pane;
use crate::console::estate;

/// What asks a terminal something: its attributes, its state, the cursor's place, its colours, its modes, its size, its
/// name, its capabilities, its clipboard (ECMA-48, DEC STD 070, xterm's ctlseqs).
const QUESTIONS: [&str; 20] = [
    "\u{1b}[c",
    "\u{1b}[0c",
    "\u{1b}[>c",
    "\u{1b}[>0c",
    "\u{1b}[=c",
    "\u{1b}[5n",
    "\u{1b}[6n",
    "\u{1b}[?6n",
    "\u{1b}[?u",
    "\u{1b}[>q",
    "\u{1b}[>0q",
    "\u{1b}[14t",
    "\u{1b}[18t",
    "\u{1b}]10;?",
    "\u{1b}]11;?",
    "\u{1b}]4;",
    "\u{1b}]52;c;?",
    "\u{1b}P+q",
    "\u{1b}P$q",
    "$p",
];

/// Starts the console on a terminal of this kind, looks round and quits; what was sent to it.
fn sent(folder: &Path, terminal: &str) -> String {
    let (binary, config) = (env!("CARGO_BIN_EXE_lenswarden"), folder.join("config.toml"));
    let record = folder.join(format!("{terminal}.record"));
    let console = format!("TERM={terminal} {binary} --config {}", config.display());
    let pane = Pane::start(80, 24, &format!("script -qefc '{console}' {}", record.display()));
    pane.until("RESTRICTED");
    for (keys, words) in [
        (&["2"][..], "on core networks"),
        (&["3"], "wait for a decision"),
        (&["4"], "devices of"),
        (&["C-k"], "go to it"),
        (&["Escape"], "devices of"),
        (&["?"], "keys in"),
        (&["Escape"], "devices of"),
        (&["C-l"], "devices of"),
        (&["1"], "MAKER"),
    ] {
        pane.step(keys, words);
    }
    pane.press(&["q"]);
    let left = pane.until("ENDED 0");
    assert!(!left.contains("-icanon") && pane.until("echo").contains(" echo "), "{left}");
    String::from_utf8_lossy(&std::fs::read(record).unwrap()).into_owned()
}

#[test]
#[ignore = "needs tmux and script: run by .ci/run"]
fn terminals_of_other_kinds_are_drawn_on_left_as_they_were_and_never_asked_anything() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("lenswarden.db");
    let _daemon = estate::write(&database, &estate::of(20));
    let config = format!("[daemon]\ndatabase = {database:?}\n");
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    for terminal in ["linux", "screen", "vt100", "xterm-256color"] {
        let sent = sent(folder.path(), terminal);
        for question in QUESTIONS {
            assert!(!sent.contains(question), "{terminal} is asked {question:?}");
        }
        // What `script` writes of itself stands in the first line and in the last.
        let own: String = sent.lines().skip(1).collect::<Vec<_>>().join("\n");
        let ascii = own.is_ascii();
        assert_eq!(
            ascii,
            matches!(terminal, "linux" | "vt100"),
            "{terminal}: lines and bars are ASCII where no more shows"
        );
        if let (Some(hidden), shown) = (sent.rfind("\u{1b}[?25l"), sent.rfind("\u{1b}[?25h")) {
            assert!(shown > Some(hidden), "{terminal}: the cursor is shown again");
        }
        println!("{terminal}: {} octets in all", sent.len());
    }
}
