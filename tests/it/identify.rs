//! `identify`: the real binary over rows in every form, bad ones among them.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::house::House;

/// Exit code, stdout, stderr.
fn identify(config: &str, arguments: &[&str], input: &[u8]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    if !config.is_empty() {
        std::fs::write(&path, config).unwrap();
    }
    std::fs::write(folder.path().join("own.toml"), OWN).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_lenswarden"))
        .arg("--config")
        .arg(&path)
        .arg("identify")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeding = std::thread::spawn(move || {
        let _ = pipe.write_all(&input);
    });
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

const OWN: &str = "[[maker]]\nid = 'axis'\nname = 'Axis of ours'\nentity = 'Axis Communications AB'\ncountry = 'SE'\n\
                   jurisdiction = 'prc'\norganisations = ['Axis Communications']\nsource = 'a test'\n";

fn objects(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn rows_of_every_form_have_a_verdict_each_in_their_order() {
    let rows = r#"{"id": "one", "observations": {"mac": "44-19-B6-01-02-03", "onvif": {"manufacturer": "HIKVISION", "model": "DS-2CD2143G2-I"}}, "expected": {"any": "thing"}}

4419.b601.0203
{"sysobjectid": "1.3.6.1.4.1.368.1.1", "snmp_sysdescr": "; AXIS P1354; Network Camera; 5.90.1.2; x; 1; 1;"}
{"mac": "00:1f:55:01:02:03", "onvif": {"scopes": ["onvif://www.onvif.org/name/Honeywell", "onvif://www.onvif.org/hardware/H4W2PER3", "onvif://www.onvif.org/extension/unique_identifier"]}}
46:19:b6:01:02:03
"#;
    let (code, out, words) = identify("", &["--json"], rows.as_bytes());
    assert_eq!((code, words.as_str()), (0, ""));
    let answers = objects(&out);
    assert_eq!(answers.len(), 5);
    for answer in &answers {
        for key in "is_surveillance class maker brand verdict restricted_by review_by evidence status line".split(' ') {
            assert!(answer.get(key).is_some(), "{key}: {answer}");
        }
    }
    let lines: Vec<_> = answers.iter().map(|answer| answer["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [1, 3, 4, 5, 6]);
    let told = |answer: &Value| {
        ["is_surveillance", "class", "maker", "brand", "verdict", "status"]
            .map(|key| answer[key].as_str().unwrap_or("-").to_owned())
            .join(" ")
    };
    let told: Vec<_> = answers.iter().map(told).collect();
    assert_eq!(
        told,
        [
            "yes camera hikvision Hikvision confirmed restricted",
            "unknown unknown hikvision Hikvision suspected suspected",
            "yes camera axis Axis confirmed not-restricted",
            "yes camera dahua Honeywell confirmed restricted",
            "unknown unknown - - unknown unknown",
        ]
    );
    assert_eq!(answers[0]["id"], "one");
    let all = ["uk-gsg-2022", "us-889", "us-fcc-covered", "ca-2025", "au-2023", "scot-2023", "tw-2021"];
    assert_eq!(answers[0]["restricted_by"], serde_json::json!(all));
    let mark = &answers[0]["evidence"][0];
    assert!(["source", "text", "grade", "observed_at"].iter().all(|key| mark.get(key).is_some()), "{mark}");
}

#[test]
fn a_bad_row_has_its_place_and_loses_no_other() {
    let mut rows =
        b"44:19:b6:01:02:03\nnonsense\n{\"mac\": \"44:19\"}\n{\"mac\": 5, \"model\": [1]}\n{broken\n[1]\n".to_vec();
    rows.extend(b"\xff\xfe\n");
    rows.extend(std::iter::repeat_n(b'x', 3 << 20));
    rows.extend(b"\n{\"observations\": 7}\n{\"onvif\": {\"model\": {\"deep\": 1}}}\n{\"colour\": \"red\\u001b[2J\"}\nac:cc:8e:01:02:03");
    let (code, out, words) = identify("", &["-", "--json"], &rows);
    assert_eq!(code, 3, "{words}");
    let answers = objects(&out);
    let bad: Vec<_> = answers.iter().map(|answer| answer.get("error").is_some()).collect();
    let mut wanted = vec![true; 12];
    for good in [0, 10, 11] {
        wanted[good] = false;
    }
    assert_eq!(bad, wanted, "{out}");
    assert_eq!(answers[11]["maker"], "axis");
    for (line, why) in [
        (2, "'nonsense' is no MAC address and no JSON object"),
        (3, "mac: '44:19' is no MAC address"),
        (5, "it is no JSON"),
        (7, "it is no UTF-8"),
        (8, "longer than 1048576 octets"),
        (9, "observations: an object is expected"),
        (10, "onvif.model: a text is expected"),
    ] {
        assert!(words.contains(&format!("line {line}: {why}")), "{words}");
        assert!(answers[line - 1]["error"].as_str().unwrap().starts_with(why), "{out}");
        assert_eq!(answers[line - 1]["verdict"], "unknown");
    }
    assert!(words.contains("not known here, and passed over: colour"), "{words}");
    assert!(words.contains("9 of 12 rows could not be read"), "{words}");
    assert!(!out.contains('\u{1b}') && !words.contains('\u{1b}'));
}

#[test]
fn a_csv_is_read_by_its_header_and_a_table_is_written_in_columns() {
    let rows = "MAC,manufacturer,model,scopes,colour\n44:19:b6:01:02:03,HIKVISION,DS-2CD2143G2-I,,\n,\"Acme, Ltd\",x1,,red\n\
                one,two\n,Dahua,=1+1,onvif://www.onvif.org/extension/unique_identifier,\n";
    let (code, out, words) = identify("", &["--json"], rows.to_lowercase().as_bytes());
    let answers = objects(&out);
    assert_eq!((code, answers.len()), (3, 4), "{words}");
    assert!(words.contains("line 4: 2 values under 5 columns"), "{words}");
    assert!(words.contains("passed over: colour"), "{words}");
    assert_eq!((&answers[0]["verdict"], &answers[1]["brand"]), (&"confirmed".into(), &"acme, ltd".into()));
    assert_eq!((&answers[3]["line"], &answers[3]["verdict"]), (&5.into(), &"confirmed".into()));
    let (_, out, _) = identify("", &["--csv"], rows.to_lowercase().as_bytes());
    let mut reader = csv::Reader::from_reader(out.as_bytes());
    let read: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!((read.len(), &read[0][4], &read[2][11]), (4, "Hikvision", "2 values under 5 columns"));
    let (_, out, _) = identify("", &[], b"44:19:b6:01:02:03\n{\"mac\": \"44:19:b6:01:02:03\"}\n");
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("line") && lines[0].contains("restricted_by"), "{out}");
    // However a row is given, its line is the same but for its number.
    assert_eq!(lines[1][6..], lines[2][6..]);
    for (column, word) in [("maker", "Hikvision"), ("verdict", "suspected"), ("restricted_by", "uk-gsg-2022")] {
        let at = lines[0].find(column).unwrap();
        assert!(lines[1][at..].starts_with(word), "{column}: {out}");
    }
}

#[test]
fn the_configurations_own_makers_and_packs_count_and_a_bad_one_is_told() {
    let (code, out, words) = identify("[makers]\nfiles = ['own.toml']\n", &["--json"], b"ac:cc:8e:01:02:03\n");
    assert_eq!((code, words.as_str()), (0, ""));
    let answer = &objects(&out)[0];
    assert_eq!((&answer["maker_name"], &answer["status"]), (&"Axis of ours".into(), &"suspected".into()));
    let (code, out, words) = identify("[makers]\nfiles = ['none.toml']\n", &["--json"], b"");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(words.contains("none.toml: it cannot be read") && words.contains("hint: named by [makers]"), "{words}");
    let (code, _, words) = identify("[makers]\nshipped = false\n", &[], b"");
    assert_eq!(code, 2);
    assert!(words.contains("config.toml:2:11 makers.shipped: without the shipped catalogue there is none"), "{words}");
}

#[test]
fn an_own_pack_takes_the_place_of_the_shipped_one() {
    let folder = tempfile::tempdir().unwrap();
    let own = lenswarden::policy::Policies::shipped_text("ca-2025").unwrap().replace("\"hikvision\"", "\"dahua\"");
    std::fs::write(folder.path().join("pack.toml"), own).unwrap();
    let config = format!("[[policy]]\nfile = {:?}\n", folder.path().join("pack.toml"));
    let (code, out, words) = identify(&config, &["--json"], b"44:19:b6:01:02:03\n3c:ef:8c:01:02:03\n");
    assert_eq!((code, words.as_str()), (0, ""));
    let by: Vec<_> =
        objects(&out).iter().map(|answer| answer["restricted_by"].to_string().contains("ca-2025")).collect();
    assert_eq!(by, [false, true]);
}

proptest::proptest! {
    #[test]
    fn no_rows_make_it_panic_and_each_has_its_answer(rows in proptest::collection::vec("[ -~]{1,40}|\\{\"(mac|onvif|model|vendor_mib|www_authenticate|scopes)\": ?(\"\\PC{0,20}\"|\\[\"a\"\\]|\\{\"model\": \"x\"\\}|7|null)\\}", 0..8)) {
        use lenswarden::cli::identify::{Judge, stream};
        let judge = Judge {
            catalogue: lenswarden::maker::Catalogue::shipped(),
            policies: lenswarden::policy::Policies::shipped(),
            at: lenswarden::net::Timestamp(0),
        };
        let input = format!("44:19:b6:01:02:03\n{}", rows.join("\n"));
        let mut output = Vec::new();
        let tally = stream(&mut input.as_bytes(), &mut output, &judge, lenswarden::report::Format::Json, &mut |_| {}).unwrap();
        let blank = rows.iter().filter(|row| row.trim().is_empty()).count() as u64;
        proptest::prop_assert_eq!(tally.rows, 1 + rows.len() as u64 - blank);
        let answers = objects(&String::from_utf8(output).unwrap());
        proptest::prop_assert_eq!(answers.len() as u64, tally.rows);
    }
}

#[test]
fn a_changed_catalogue_is_taken_without_a_restart_and_a_bad_one_changes_nothing() {
    let house = House::new("\n[makers]\nfiles = ['own.toml']\n");
    let own = |text: &str| std::fs::write(house.path("own.toml"), text).unwrap();
    own("");
    let daemon = house.daemon();
    let named = |name: &'static str| {
        move |snapshot: &lenswarden::snapshot::Snapshot| snapshot.devices.values().any(|row| row.maker_name == name)
    };
    house.until("a camera of Axis", named("Axis"));
    own(OWN);
    let renamed = house.until("the catalogue's change shows", named("Axis of ours"));
    assert!(!named("Axis")(&renamed) && renamed.registry.is_some());
    own("[[maker]]\n");
    let bad = house.until("the problem shows", |snapshot| {
        snapshot.daemon.configuration_problem.contains("own.toml:1 catalogue: missing field")
    });
    assert!(named("Axis of ours")(&bad));
    own("");
    house.until("the old name is back", named("Axis"));
    daemon.stop();
    let (code, out, _) = {
        let output = house.run(&["explain", "1"]);
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap(), ())
    };
    assert!(code == 0 && out.contains("prefixes by the IEEE registry of 20"), "{out}");
}

#[test]
fn the_catalogue_names_the_marks_that_a_probe_gives() {
    let shipped = lenswarden::maker::Catalogue::shipped_text();
    for name in [lenswarden::probe::NONCE_HEX_OF_PAIR, lenswarden::probe::NONCE_ONVIF_DIGEST] {
        assert!(shipped.contains(&format!("in = \"nonce\", is = '{name}'")), "{name}");
    }
}
