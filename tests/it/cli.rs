//! The real binary: exit codes, what goes to stdout and what to stderr, and the contract's fields.

use std::collections::BTreeSet;
use std::process::Output;

use serde_json::Value;

use crate::house::House;

/// Exit code, stdout, stderr.
fn spoken(output: Output) -> (i32, String, String) {
    let text = |octets| String::from_utf8(octets).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn one_of(value: &Value, words: &[&str]) -> bool {
    value.as_str().is_some_and(|word| words.contains(&word))
}

/// An estate that one round was over.
fn polled() -> House {
    let house = House::new("");
    let (code, out, words) = spoken(house.run(&["daemon", "--once"]));
    assert_eq!((code, out.as_str()), (0, ""), "{words}");
    house
}

#[test]
fn check_says_good_on_stderr_and_problems_on_stdout() {
    let house = House::new("");
    let (code, out, words) = spoken(house.run(&["check"]));
    assert_eq!((code, out.as_str()), (0, ""), "{words}");
    assert!(words.contains("config.toml: good. ") && words.contains("policies uk-gsg-2022"), "{words}");

    house.configure("config.toml", "[[network]]\nid='n'\nkind='core'\nsite='hq'\nsubnets=['10.1.0.5/16']\n");
    let (code, out, words) = spoken(house.run(&["check"]));
    assert_eq!((code, words.as_str()), (1, "2 problems\n"));
    assert!(out.contains("config.toml:11:") && out.contains("there is no site 'hq'"), "{out}");
    assert!(out.contains("bits set behind its prefix") && out.contains("hint: the range that holds it is"), "{out}");
    // Packs and filter words are looked at when the file itself is whole.
    let review = "[[review]]\nname='r'\nschedule='daily'\nowner='o'\nselect='colour:red'\n";
    house.configure("config.toml", &format!("[[policy]]\npack='nowhere'\n{review}"));
    let (code, out, words) = spoken(house.run(&["check"]));
    assert_eq!((code, words.as_str()), (1, "2 problems\n"), "{out}");
    assert!(
        out.contains("there is no shipped pack 'nowhere'") && out.contains("there are uk-gsg-2022, us-889"),
        "{out}"
    );
    assert!(out.contains("review 'r' select, character 1"), "{out}");

    std::fs::remove_file(house.path("config.toml")).unwrap();
    let (code, out, words) = spoken(house.run(&["check"]));
    assert_eq!((code, words.as_str()), (1, "1 problem\n"));
    assert!(out.contains("the configuration cannot be read") && out.contains("--config FILE"), "{out}");
}

#[test]
fn devices_and_findings_have_the_contracts_fields() {
    let house = polled();
    let (code, out, words) = spoken(house.run(&["devices", "--json"]));
    assert_eq!((code, words.as_str()), (0, ""));
    let devices: Vec<Value> = serde_json::from_str(&out).unwrap();
    assert_eq!(devices.len(), house.lab.truth().devices.len());
    for device in &devices {
        let all = "id mac ips class surveillance maker brand model firmware serial place status first_seen last_seen";
        assert_eq!(keys(device), all.split(' ').collect(), "{device}");
        assert_eq!(keys(&device["maker"]), "id name verdict evidence".split(' ').collect());
        // Beside the contract's: how sure the place is, as a number.
        let place = "switch port if_index vlan network site certainty confidence since";
        assert_eq!(keys(&device["place"]), place.split(' ').collect());
        for mark in device["maker"]["evidence"].as_array().unwrap() {
            assert_eq!(keys(mark), "source text grade observed_at".split(' ').collect());
        }
        assert!(
            one_of(&device["class"], &["camera", "recorder", "encoder", "intercom", "other", "unknown"]),
            "{device}"
        );
        assert!(one_of(&device["surveillance"], &["yes", "no", "unknown"]), "{device}");
        assert!(one_of(&device["maker"]["verdict"], &["confirmed", "suspected", "unknown"]), "{device}");
        assert!(one_of(&device["place"]["certainty"], &["direct", "shared", "beyond", "unknown"]), "{device}");
        assert!(one_of(&device["status"], &["restricted", "suspected", "unknown", "not-restricted"]), "{device}");
        assert!(device["id"].is_u64() && device["ips"].is_array());
        device["last_seen"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    }

    let (code, out, words) = spoken(house.run(&["findings", "--json"]));
    assert_eq!((code, words.as_str()), (0, ""));
    let findings: Vec<Value> = serde_json::from_str(&out).unwrap();
    assert!(!findings.is_empty());
    for finding in &findings {
        // A decision is made on a revision, so both are there beside the contract's fields; and a register's entry that
        // was never seen has no device.
        let all = "id policy rule severity device mac entry site network state since evidence revision decision closing handling";
        assert_eq!(keys(finding), all.split(' ').collect(), "{finding}");
        assert!(one_of(&finding["severity"], &["breach", "action", "review", "info"]), "{finding}");
        assert!(devices.iter().any(|device| device["id"] == finding["device"] && device["mac"] == finding["mac"]));
        assert!(!finding["evidence"].as_array().unwrap().is_empty(), "{finding}");
    }
}

#[test]
fn tables_are_text_csv_or_json_and_the_headline_is_not_data() {
    let house = polled();
    let switches = house.lab.truth().switches;
    for (table, column) in [("devices", "MAC"), ("findings", "RULE"), ("targets", "LAST ANSWER")] {
        let (code, text, words) = spoken(house.run(&[table]));
        assert_eq!(code, 0, "{words}");
        assert!(text.trim_start().starts_with(['I', 'N']) && text.contains(column), "{table}: {text}");
        assert!(
            words.contains("3 of 3 switches answering (100 %), 12 of 13 cameras")
                && words.contains("oldest answer 20")
                && words.contains("daemon stopped"),
            "{words}"
        );
        let (code, csv, words) = spoken(house.run(&[table, "--csv"]));
        assert_eq!((code, words.as_str()), (0, ""), "{table}");
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        assert!(reader.headers().unwrap().iter().any(|name| name == column), "{csv}");
        let rows = reader.records().map(Result::unwrap).count();
        let (_, json, _) = spoken(house.run(&[table, "--json"]));
        assert_eq!(serde_json::from_str::<Vec<Value>>(&json).unwrap().len(), rows, "{table}");
        assert_eq!(text.lines().count(), rows + 1, "{table}: {text}");
        let both = spoken(house.run(&[table, "--csv", "--json"]));
        assert_eq!(both.0, 2, "{}", both.2);
    }
    let (_, out, _) = spoken(house.run(&["targets", "--json", &switches[0]]));
    let targets: Vec<Value> = serde_json::from_str(&out).unwrap();
    assert_eq!((targets.len(), targets[0]["name"].as_str()), (1, Some(switches[0].as_str())));
    assert_eq!((&targets[0]["kind"], &targets[0]["state"]), (&"switch".into(), &"answering".into()));

    // Filter words choose, and what chooses nothing is no error.
    let (code, out, _) = spoken(house.run(&["devices", "--json", "maker:hikvision", "site:headquarters"]));
    let chosen: Vec<Value> = serde_json::from_str(&out).unwrap();
    assert!(code == 0 && !chosen.is_empty());
    assert!(
        chosen.iter().all(|device| device["maker"]["id"] == "hikvision" && device["place"]["site"] == "headquarters")
    );
    assert_eq!(spoken(house.run(&["devices", "--json", "site:nowhere"])), (0, "[]\n".to_owned(), String::new()));
    let (code, out, words) = spoken(house.run(&["devices", "site:headquarters", "colour:red"]));
    assert_eq!((code, out.as_str()), (2, ""));
    let lines: Vec<&str> = words.lines().collect();
    let shown = lines.iter().position(|line| line.ends_with("site:headquarters colour:red")).expect(&words);
    let at = lines[shown].find("colour").unwrap() - lines[shown].find("site").unwrap();
    assert!(lines[shown + 1].starts_with(&format!("{}^ ", " ".repeat(at))), "{words}");
    assert!(lines[shown + 1].contains("colour"), "{words}");
}

#[test]
fn explain_and_poll_name_what_they_are_asked_for() {
    let house = polled();
    let truth = house.lab.truth();
    let finding = &truth.findings.iter().find(|(_, rule, _)| rule == "no-core-network").unwrap();
    let device = &truth.devices[&finding.2];
    let (code, out, words) = spoken(house.run(&["explain", &finding.2.to_string()]));
    assert_eq!(code, 0, "{words}");
    for part in [&finding.2.to_string(), &device.switch, &device.port, "no-core-network"] {
        assert!(out.contains(part), "{part} in {out}");
    }
    // Any notation of the address will do.
    let cisco = finding.2.to_string().replace(':', "");
    let cisco = format!("{}.{}.{}", &cisco[..4], &cisco[4..8], &cisco[8..]);
    let (code, json, words) = spoken(house.run(&["explain", &cisco, "--json"]));
    assert_eq!((code, words.as_str()), (0, ""));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["device"]["mac"], finding.2.to_string());
    let (code, out, words) = spoken(house.run(&["explain", "00:00:5e:00:53:01"]));
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(words.contains("nothing is known of '00:00:5e:00:53:01'"), "{words}");

    let (code, out, words) = spoken(house.run(&["poll", "sw-nowhere"]));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(words.contains("'sw-nowhere' is no switch of ") && words.contains(&truth.switches[0]), "{words}");
    let (code, out, words) = spoken(house.run(&["poll", &truth.switches[0], "--json"]));
    assert_eq!(code, 0, "{words}");
    let visit: Value = serde_json::from_str(&out).unwrap();
    let all = "target system tables ports vlans fdb arp neighbours inventory requests seconds errors";
    let all: BTreeSet<&str> = all.split(' ').collect();
    assert!(all.is_subset(&keys(&visit)), "{:?}", keys(&visit));
    for (value, all) in [
        (&visit["system"], "name description object_id uptime_s"),
        (&visit["ports"][0], "if_index name alias oper admin speed_mbps lag poe"),
        (&visit["vlans"][0], "id name"),
        (&visit["fdb"][0], "mac vlan if_index port status"),
        (&visit["arp"][0], "ip mac if_index"),
        (&visit["neighbours"][0], "if_index protocol chassis port system_name system_description"),
    ] {
        let all: BTreeSet<&str> = all.split(' ').collect();
        assert!(all.is_subset(&keys(value)), "{all:?} in {value}");
    }
}

#[test]
fn without_a_database_or_with_a_newer_one_it_says_so() {
    let house = House::new("");
    for command in ["devices", "findings", "targets", "explain", "review"] {
        let more = match command {
            "explain" => vec!["explain", "1"],
            "review" => vec!["review", "list"],
            _ => vec![command],
        };
        let (code, out, words) = spoken(house.run(&more));
        assert_eq!((code, out.as_str()), (2, ""), "{command}: {words}");
        assert!(words.contains("there is no database at") && words.contains("has the daemon run yet?"), "{words}");
    }
    drop(lenswarden::store::Writer::open(&house.path("lenswarden.db")).unwrap());
    rusqlite::Connection::open(house.path("lenswarden.db")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    for command in [&["devices"][..], &["daemon", "--once"]] {
        let (code, out, words) = spoken(house.run(command));
        assert_eq!((code, out.as_str()), (2, ""), "{command:?}: {words}");
        assert!(words.contains("was written by a newer lenswarden (schema 99, this one knows"), "{words}");
    }
    // A decision needs a daemon.
    let (code, _, words) = spoken(house.run(&["review", "decide", "1", "--revision", "1", "--remove-by", "+30d"]));
    assert_eq!(code, 2, "{words}");
    assert!(words.contains("control.sock"), "{words}");
    let (code, _, words) = spoken(house.run(&["review", "decide", "1", "--accept-until", "+30d"]));
    assert!(code == 2 && words.contains("--reason"), "{words}");
}

#[test]
fn a_second_daemon_on_the_database_or_on_the_control_socket_is_refused() {
    let house = House::new("");
    let daemon = house.daemon();
    house.until_a_round_is_over();
    let (code, _, words) = spoken(house.run(&["daemon"]));
    assert_eq!(code, 2, "{words}");
    assert!(words.contains("another daemon already uses") && words.contains("lenswarden.db"), "{words}");
    let text = std::fs::read_to_string(house.path("config.toml")).unwrap();
    std::fs::write(house.path("config.toml"), text.replace("lenswarden.db", "other.db")).unwrap();
    let (code, _, words) = spoken(house.run(&["daemon"]));
    assert_eq!(code, 2, "{words}");
    assert!(words.contains("control.sock is in use: another daemon listens there"), "{words}");
    // The first one is none the worse for it.
    house.until_a_round_is_over();
    daemon.stop();
}

#[test]
fn packs_are_listed_and_shown_and_what_an_own_one_loosens_is_told() {
    let house = House::new("");
    let own = lenswarden::policy::Policies::shipped_text("uk-gsg-2022").unwrap();
    let own = own.replacen("severity = \"breach\"", "severity = \"info\"", 1);
    std::fs::write(house.path("own.toml"), &own).unwrap();
    house.configure("config.toml", "[[policy]]\nfile='own.toml'\n[[policy]]\npack='us-889'\n");
    let (code, out, words) = spoken(house.run(&["policy", "list"]));
    assert_eq!((code, words.as_str()), (0, ""));
    let line = |start: &str| out.lines().find(|line| line.trim_start().starts_with(start)).unwrap().to_owned();
    assert!(line("uk-gsg-2022").contains("in force") && line("uk-gsg-2022").contains("own.toml"), "{out}");
    assert!(line("us-889").contains("in force") && line("ca-2025").contains("off"), "{out}");
    let (code, out, _) = spoken(house.run(&["policy", "show", "uk-gsg-2022"]));
    assert!(code == 0 && out.contains("looser   rule cease-deployment is info, not breach"), "{out}");
    let (code, out, _) = spoken(house.run(&["policy", "show", "us-889", "--json"]));
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &shown["differences"]), (0, &Value::Array(Vec::new())));
    assert_eq!(shown["pack"]["match"]["makers"][0], "hikvision");
    let (code, _, words) = spoken(house.run(&["policy", "show", "nowhere"]));
    assert!(code == 2 && words.contains("packs are: uk-gsg-2022, us-889, "), "{words}");
    // Nothing is dropped without a word: who decided so, and why.
    let (code, out, words) = spoken(house.run(&["check"]));
    assert_eq!((code, words.as_str()), (1, "1 problem\n"), "{out}");
    let refused = "config.toml policy 'uk-gsg-2022': it loosens the shipped pack 'uk-gsg-2022': it rule \
                   cease-deployment is info, not breach\n  hint: put that back, or say that it is meant: [[loosens]]";
    assert!(out.contains(refused), "{out}");
    let said = "[[loosens]]\nwhat='cease-deployment'\nwhy='as agreed with the board'\nwho='J. Smith'\n";
    std::fs::write(house.path("own.toml"), own + said).unwrap();
    let (code, _, words) = spoken(house.run(&["check"]));
    assert_eq!(code, 0, "{words}");
    let told =
        "loosened: pack uk-gsg-2022 rule cease-deployment is info, not breach (J. Smith: as agreed with the board)";
    assert!(words.contains(told), "{words}");
    for command in ["list", "show uk-gsg-2022"] {
        let arguments: Vec<&str> = ["policy"].into_iter().chain(command.split(' ')).collect();
        let (_, out, _) = spoken(house.run(&arguments));
        assert!(out.contains("LOOSENED") && out.contains("J. Smith: as agreed with the board"), "{out}");
    }
}

#[test]
fn to_do_without_the_default_pack_must_be_said_and_is_kept_in_the_log() {
    let house = House::new("");
    let bare = std::fs::read_to_string(house.path("config.toml")).unwrap();
    let write = |policies: &str| {
        let with = bare.replace("[[policy]]\npack = \"uk-gsg-2022\"\n", policies);
        assert_ne!(with, bare);
        std::fs::write(house.path("config.toml"), with).unwrap();
    };
    write("[[policy]]\npack = 'us-889'\n");
    let (code, out, _) = spoken(house.run(&["check"]));
    assert!(
        code == 1 && out.contains("'uk-gsg-2022', which is in force unless one says otherwise, is left out"),
        "{out}"
    );
    write("[[policy]]\npack = 'us-889'\n[[policy]]\npack = 'uk-gsg-2022'\noff = 'no UK department'\n");
    let (code, out, _) = spoken(house.run(&["check"]));
    assert!(code == 1 && out.contains("'uk-gsg-2022' is off without why and who"), "{out}");
    let off = "pack = 'uk-gsg-2022'\noff = 'no UK department'\nwho = 'J. Smith'\n";
    write(&format!("[[policy]]\npack = 'us-889'\n[[policy]]\n{off}"));
    let daemon = house.daemon();
    house.until_a_round_is_over();
    daemon.stop();
    let (_, out, words) = spoken(house.run(&["findings", "--json"]));
    assert!(out.contains("us-889") && !out.contains("uk-gsg-2022"), "{out}");
    let (_, _, words_of_table) = spoken(house.run(&["findings"]));
    assert!(words.is_empty() && words_of_table.contains("1 thing of shipped packs loosened"), "{words_of_table}");
    let mut reader = lenswarden::store::Reader::open(&house.path("lenswarden.db")).unwrap();
    assert_eq!(reader.snapshot().unwrap().loosened.len(), 1);
    let changes = reader.changes(0, 100_000).unwrap();
    let logged = changes.iter().filter_map(|change| change.body.as_deref()).any(|body| {
        body.contains("\"loosened\":[{\"pack\":\"uk-gsg-2022\",\"text\":\"is off\"") && body.contains("J. Smith")
    });
    assert!(logged);
}

#[test]
fn coverage_names_each_gap_and_sites_count_what_they_have() {
    let house = polled();
    let truth = house.lab.truth();
    let (code, out, words) = spoken(house.run(&["coverage", "--json"]));
    assert_eq!((code, words.as_str()), (0, ""));
    let coverage: Vec<Value> = serde_json::from_str(&out).unwrap();
    assert_eq!(coverage.len(), 2, "{out}");
    let (mut expected, mut linked) = (0, 0);
    for site in &coverage {
        let factor = |kind: &str| {
            let factors = site["factors"].as_array().unwrap();
            factors.iter().find(|factor| factor["kind"] == kind).unwrap_or_else(|| panic!("{site}")).clone()
        };
        let (ranges, switches, ports) = (factor("ranges"), factor("switches"), factor("ports"));
        expected += switches["expected"].as_u64().unwrap();
        linked += ports["expected"].as_u64().unwrap();
        assert_eq!((&switches["percent"], &ports["percent"]), (&100.into(), &100.into()), "{site}");
        assert!(!switches["oldest"].is_null() && !ranges["oldest"].is_null(), "{site}");
        // The lab's switches are managed where nobody looks for cameras.
        let gaps = ranges["gaps"].as_array().unwrap();
        assert_eq!((gaps.len(), gaps[0]["what"].as_str().unwrap().ends_with(".1.0/30")), (1, true), "{site}");
        assert_eq!(ranges["expected"].as_u64().unwrap() - ranges["seen"].as_u64().unwrap(), 4, "{site}");
        let doubts = site["doubts"].as_array().unwrap();
        assert!(site["enough"] == false && doubts[0].as_str().unwrap().contains("below 95 %"), "{site}");
    }
    let ports: std::collections::BTreeSet<_> =
        truth.devices.values().map(|device| (&device.switch, &device.port)).collect();
    assert_eq!((expected, linked), (truth.switches.len() as u64, ports.len() as u64));

    let (code, out, words) = spoken(house.run(&["coverage", "site:headquarters"]));
    assert!(code == 0 && words.contains("of address ranges seen, 100 % of linked ports seen"), "{words}");
    assert!(out.contains("NOT shown to be clean") && out.contains("no [[cameras]] block looks there"), "{out}");
    assert!(!out.contains("depot"), "{out}");
    let (code, out, words) = spoken(house.run(&["coverage", "site:nowhere"]));
    assert!((code, out.as_str()) == (1, "") && words.contains("sites are depot, headquarters"), "{words}");

    let (_, out, _) = spoken(house.run(&["sites", "--json"]));
    let sites: Vec<Value> = serde_json::from_str(&out).unwrap();
    for site in &sites {
        let here = || truth.devices.values().filter(|device| site["id"] == device.site.as_str());
        let cameras = here().filter(|device| device.class != "other").count() as u64;
        assert_eq!(site["counts"]["surveillance"].as_u64(), Some(cameras), "{site}");
        assert_eq!(site["coverage"]["site"], site["id"]);
    }
    let open: u64 = sites.iter().map(|site| site["counts"]["open"].as_u64().unwrap()).sum();
    let (_, out, _) = spoken(house.run(&["findings", "!closed"]));
    assert_eq!(open, truth.findings.len() as u64, "{out}");
}
