//! The console and the command line show the same rows for the same words.

use std::collections::BTreeSet;
use std::path::Path;

use lenswarden::console::Msg;
use lenswarden::net::Timestamp;
use lenswarden::review::FindingState;
use lenswarden::snapshot::{Filter, UnseenKind};
use serde_json::Value;

use super::{Desk, SIZES, estate};

/// Filter words: each field at least once, alone, turned round and beside others.
const WORDS: [&str; 44] = [
    "",
    "all",
    "hikvision",
    "!hikvision",
    "maker:dahua",
    "brand:annke",
    "model:ds-2cd",
    "class:camera",
    "class:other",
    "!class:camera all",
    "surveillance:yes",
    "surveillance:no",
    "site:hq",
    "!site:hq",
    "site.sensitivity:sensitive",
    "network:core",
    "network:cctv",
    "network:unclassified",
    "status:restricted",
    "status:not-restricted all",
    "verdict:suspected",
    "certainty:shared",
    "severity:breach",
    "severity:review",
    "policy:uk-gsg-2022",
    "rule:no-core-network",
    "state:open",
    "remove-by",
    "!accepted",
    "assignee:alice",
    "tag:urgent",
    "switch:acc-03",
    "port:gi1/0/1",
    "vlan:10",
    "vlan:50-70",
    "vlan:unknown",
    "mac:44:19:b6:00:00:0",
    "mac:4419.b600.0001",
    "ip:10.1.0.2",
    "serial:s0001",
    "entry:cam",
    "since:1d",
    "!since:12h maker:hikvision",
    "maker:dahua site:hq status:restricted network:core !accepted vlan:10-20 since:7d",
];

/// What a command prints as JSON.
fn printed(configuration: &Path, command: &str, words: &str) -> Vec<Value> {
    let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_lenswarden"));
    run.arg("--config").arg(configuration).args([command, "--json", "--"]).args(words.split_whitespace());
    let said = run.output().unwrap();
    assert!(said.status.success(), "{command} {words}: {}", String::from_utf8_lossy(&said.stderr));
    serde_json::from_slice(&said.stdout).unwrap()
}

struct Both {
    desk: Desk,
    folder: tempfile::TempDir,
    written: usize,
}

impl Both {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut batch = estate::of(120);
        for (number, finding) in batch.findings.iter_mut().enumerate() {
            finding.handling.assignee = (number % 4 == 0).then(|| "alice".to_owned());
            finding.handling.tags = if number % 5 == 0 { ["urgent".to_owned()].into() } else { [].into() };
            if number % 9 == 8 {
                finding.state = FindingState::Closed;
            }
        }
        let mut desk = Desk::new(&batch, SIZES[0], false);
        // Whether the daemon is silent goes by the clock, for both.
        desk.tell(Msg::Clock(Timestamp::now()));
        let configuration = format!("[daemon]\ndatabase = \"{}\"\n", desk.path().display());
        std::fs::write(folder.path().join("config.toml"), configuration).unwrap();
        Self { desk, folder, written: 0 }
    }

    fn printed(&self, command: &str, words: &str) -> Vec<Value> {
        printed(&self.folder.path().join("config.toml"), command, words)
    }

    /// What a view exports of the same words.
    fn exported(&mut self, keys: &str, words: &str) -> Vec<Value> {
        self.written += 1;
        let path = self.folder.path().join(format!("{}.json", self.written));
        self.desk.type_in(&format!("{keys}/<C-u>{words}<Enter>"));
        serde_json::from_str(&self.desk.export(&path)).unwrap()
    }
}

/// Rows in the order of a field, as texts.
fn by(field: &str, rows: &[Value]) -> Vec<String> {
    let mut rows: Vec<(String, String)> = rows.iter().map(|row| (row[field].to_string(), row.to_string())).collect();
    rows.sort();
    rows.into_iter().map(|(_, row)| row).collect()
}

#[test]
fn the_words_name_every_field() {
    let error = Filter::parse("colour:red").unwrap_err().to_string();
    let fields: Vec<&str> = error.rsplit("there are ").next().unwrap().split(", ").collect();
    assert!(fields.len() > 20, "{error}");
    for field in fields {
        assert!(WORDS.iter().any(|words| words.contains(&format!("{field}:"))), "{field}");
    }
}

#[test]
fn devices_findings_placement_and_exposure_are_the_same_for_every_filter_word() {
    let mut both = Both::new();
    let overdue: BTreeSet<u64> = both.desk.snapshot().overdue().iter().map(|id| id.0).collect();
    let mut found = [0; 4];
    for words in WORDS {
        // The console leaves out what is no camera where nobody asks for it.
        let asked = Filter::parse(words).unwrap().asks_for_all();
        let left = if asked { words.to_owned() } else { format!("{words} !surveillance:no") };
        let devices = both.printed("devices", &left);
        assert_eq!(by("id", &both.exported("4", words)), by("id", &devices), "devices {words}");

        // Reviews begins with what waits.
        let mut waiting = both.printed("findings", words);
        waiting.retain(|row| row["state"] == "open" || overdue.contains(&row["id"].as_u64().unwrap()));
        assert_eq!(by("id", &both.exported("3", words)), by("id", &waiting), "findings {words}");

        // These have an order of their own: it is the same.
        let placement = both.printed("placement", words);
        assert_eq!(both.exported("2", words), placement, "placement {words}");
        let exposure = both.printed("exposure", words);
        assert_eq!(both.exported("1", words), exposure, "exposure {words}");
        for (sum, rows) in found.iter_mut().zip([devices.len(), waiting.len(), placement.len(), exposure.len()]) {
            *sum += rows;
        }
    }
    assert!(found.iter().all(|rows| *rows > 100), "{found:?}");
}

#[test]
fn sites_coverage_targets_and_the_log_are_the_same_for_every_filter_word() {
    let mut both = Both::new();
    for words in ["", "hq", "!hq", "site:depot", "site.sensitivity:sensitive", "all", "house", "!site:hq ministers"] {
        let sites = both.printed("sites", words);
        assert_eq!(by("id", &both.exported("5", words)), by("id", &sites), "sites {words}");
    }
    for words in ["", "hq", "silent", "switch HQ", "camera refused", "10.1.20"] {
        let targets = both.printed("targets", words);
        assert_eq!(by("name", &both.exported("6t", words)), by("name", &targets), "targets {words}");
    }
    let kinds = UnseenKind::WORDS.map(|(kind, _)| format!("kind:{kind}"));
    let others = ["", "site:hq", "!site:hq", "hq-acc", "!kind:port dist", "kind:switch site:depot"];
    let mut seen = 0;
    for words in others.iter().copied().chain(kinds.iter().map(String::as_str)) {
        let unseen = both.printed("unseen", words);
        seen += unseen.len();
        assert_eq!(both.exported("6", words), unseen, "unseen {words}");
    }
    assert!(seen > 25, "{seen}");
    let kinds = lenswarden::console::happened::KINDS.iter();
    let kinds: Vec<String> = kinds.map(|(kind, _)| format!("kind:{kind}")).collect();
    for words in ["", "site:hq", "!kind:device", "hikvision"].into_iter().chain(kinds.iter().map(String::as_str)) {
        let log = both.printed("log", words);
        assert_eq!(both.exported("7", words), log, "log {words}");
    }
}

#[test]
fn a_file_holds_the_octets_that_the_command_prints() {
    let mut both = Both::new();
    let configuration = both.folder.path().join("config.toml");
    for (keys, command, words) in [
        ("2", "placement", "site:hq"),
        ("1", "exposure", ""),
        ("6", "unseen", ""),
        ("7", "log", "kind:finding"),
        ("7", "log", "kind:visit"),
        ("5", "sites", "site:hq"),
        ("4", "devices", "nothing-like-it"),
        ("4", "devices", "serial:s00001"),
        ("6t", "targets", "hq-acc-03"),
    ] {
        for form in ["csv", "json"] {
            both.written += 1;
            let path = both.folder.path().join(format!("{}.{form}", both.written));
            both.desk.type_in(&format!("{keys}/<C-u>{words}<Enter>"));
            let file = both.desk.export(&path);
            let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_lenswarden"));
            run.arg("--config")
                .arg(&configuration)
                .args([command, &format!("--{form}")])
                .args(words.split_whitespace());
            let said = String::from_utf8(run.output().unwrap().stdout).unwrap();
            assert_eq!(file, said, "{command} {words} {form}");
        }
    }
}
