//! Attacks on an exported chain: whatever was done to it is found, with its place, in words.

use lenswarden::store::Writer;
use proptest::prelude::RngExt as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Chain, batch};

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn unhex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn millis(at: &Value) -> i64 {
    at.as_str().unwrap().parse::<lenswarden::net::Timestamp>().unwrap().0
}

/// The hash of a row, worked out from README.md's description and not by the code under test.
fn hash_of(epoch: &str, row: &Value) -> String {
    let mut hash = Sha256::new();
    let text = |name: &str| row[name].as_str().unwrap().as_bytes().to_vec();
    let seq = row["seq"].as_u64().unwrap().to_be_bytes().to_vec();
    let at = millis(&row["at"]).to_be_bytes().to_vec();
    let parts = [epoch.as_bytes().to_vec(), seq, at, text("kind"), text("subject"), unhex(&row["body_hash"])];
    for part in parts.into_iter().chain([unhex(&row["prev"])]) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}

/// What a forger with everything but the key does after a change: every hash fits again.
fn forge(lines: &mut [Value]) {
    let epoch = lines[0]["audit"]["epoch"].as_str().unwrap().to_owned();
    let mut prev = hex(&Sha256::digest(epoch.as_bytes()));
    let (mut seq, mut rows) = (0, 0);
    for line in lines {
        if let Some(row) = line.get_mut("row") {
            (seq, rows) = (seq + 1, rows + 1);
            row["seq"] = seq.into();
            row["prev"] = prev.into();
            if let Some(body) = row.get("body") {
                row["body_hash"] = hex(&Sha256::digest(body.as_str().unwrap())).into();
            }
            prev = hash_of(&epoch, row);
            row["hash"] = prev.clone().into();
        } else if line.get("end").is_some() {
            *line = json!({"end": {"rows": rows, "last": seq}});
        }
    }
}

fn parse(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn print(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// One attack on the file. `Some`: it must be found, and if a number is given, at that row.
fn attack(random: &mut TestRng, lines: &mut Vec<Value>, other: &[Value]) -> Option<u64> {
    let rows: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].get("row").is_some()).collect();
    let one = rows[random.random_range(0..rows.len())];
    let seq = lines[one]["row"]["seq"].as_u64();
    let forged = random.random_bool(0.5);
    let mut place = seq.filter(|_| !forged);
    match random.random_range(0..12) {
        // Edited: a body, or another field.
        0 => {
            let body = lines[one]["row"]["body"].as_str().unwrap().to_owned() + " ";
            lines[one]["row"]["body"] = body.into();
        }
        1 => {
            let (field, value) = [
                ("subject", json!("99")),
                ("kind", json!("decided")),
                ("at", json!("2030-01-01T00:00:00.000Z")),
                ("body_hash", json!("00".repeat(32))),
                ("hash", json!("11".repeat(32))),
                ("prev", json!("22".repeat(32))),
            ][random.random_range(0..6)]
            .clone();
            // A forger mends hashes: then that is no change.
            if forged && field != "subject" && field != "kind" && field != "at" {
                lines[one]["row"]["subject"] = "98".into();
            }
            lines[one]["row"][field] = value;
        }
        // Deleted: one row, or some. At the end of the log it is a row of a head that is missing.
        2 => {
            lines.remove(one);
            place = place.filter(|_| one != rows[rows.len() - 1]);
        }
        3 => {
            let last = rows[random.random_range(0..rows.len())].max(one);
            lines.drain(one..=last);
            place = place.filter(|_| last != rows[rows.len() - 1]);
        }
        // Inserted: an own row, or one again.
        4 => {
            let mut row = lines[one].clone();
            row["row"]["body"] = json!("{}");
            row["row"]["body_hash"] = hex(&Sha256::digest("{}")).into();
            lines.insert(one + 1, row);
        }
        5 => {
            let row = lines[one].clone();
            let to = random.random_range(1..lines.len());
            lines.insert(to, row);
            place = None;
        }
        // Reordered.
        6 => {
            let with = rows[random.random_range(0..rows.len())];
            if with == one {
                lines.swap(one, one - 1);
            } else {
                lines.swap(one, with);
            }
            place = None;
        }
        // Bodies exchanged, or taken out.
        7 => {
            let with = rows[random.random_range(0..rows.len())];
            let (a, b) = (lines[one]["row"]["body"].clone(), lines[with]["row"]["body"].clone());
            if a == b {
                lines[one]["row"]["body"] = "x".into();
            } else {
                (lines[one]["row"]["body"], lines[with]["row"]["body"]) = (b, a);
            }
        }
        8 => {
            lines[one]["row"].as_object_mut().unwrap().remove("body");
            place = seq;
        }
        // Cut off: the beginning, the end, both with an honest last line.
        9 => {
            lines.drain(1..=one);
            place = None;
        }
        10 => {
            let end = lines.pop().unwrap();
            lines.truncate(one);
            if random.random_bool(0.5) {
                lines.push(end);
            }
            place = None;
        }
        // Rolled back to an older export whose head is genuine, or signed by another.
        _ => {
            *lines = other.to_vec();
            return None;
        }
    }
    if forged {
        forge(lines);
    }
    if random.random_bool(0.2) {
        lines.retain(|line| line.get("head").is_none());
    }
    place
}

fn attacked(attacks: u32) {
    let old = Chain::new(15);
    let older = parse(&old.export());
    let chain = Chain::new(24);
    let whole = chain.export();
    assert_eq!(chain.check(&whole).faults, []);
    // The same database, some time ago.
    let mut rolled = Writer::open(&chain.database).unwrap();
    let before = parse(&whole);
    rolled.commit(&batch(24)).unwrap();
    let published = rolled.signed_head().unwrap().unwrap();
    drop(rolled);
    let now = Chain { heads: vec![published], ..chain };
    let whole = now.export();
    assert_eq!(now.check(&whole).faults, []);
    let lines = parse(&whole);
    let mut random = TestRunner::new_with_rng(
        Config::default(),
        TestRng::from_seed(RngAlgorithm::ChaCha, b"ten thousand attacks on a chain."),
    )
    .new_rng();
    for number in 0..attacks {
        let mut mine = lines.clone();
        let place = attack(&mut random, &mut mine, if number % 2 == 0 { &older } else { &before });
        assert_ne!(mine, lines, "attack {number} changed nothing");
        let faults = now.check(print(&mine)).faults;
        assert!(!faults.is_empty(), "attack {number} was not found");
        if let Some(row) = place {
            assert!(faults.iter().any(|fault| fault.row == Some(row)), "attack {number} at row {row}: {faults:#?}");
        }
        // And octets anywhere, which need not even be JSON afterwards.
        let mut octets = whole.clone().into_bytes();
        let at = random.random_range(0..octets.len());
        octets[at] ^= 1 << random.random_range(0..7);
        assert!(
            !now.check(&octets).is_clean(),
            "octet {at} of {:?}",
            String::from_utf8_lossy(&octets[at.saturating_sub(40)..at + 1])
        );
        let cut = random.random_range(0..whole.len() - 1);
        assert!(!now.check(&whole.as_bytes()[..cut]).is_clean(), "cut off at {cut}");
    }
}

#[test]
fn attacks_on_an_exported_chain_are_found() {
    attacked(300);
}

#[test]
#[ignore = "ten thousand: .ci/run"]
fn ten_thousand_attacks_on_an_exported_chain_are_found() {
    attacked(10_000);
}

#[test]
fn faults_are_told_in_words_and_with_their_place() {
    let chain = Chain::new(8);
    let whole = chain.export();
    let told = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut lines = parse(&whole);
        change(&mut lines);
        let faults = chain.check(print(&lines)).faults;
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let decision = r"line 10: row 9 (decision 2, 2026-11-24T06:01:00.000Z): ";
    assert_eq!(told(&|lines| lines[9]["row"]["body"] = "{}".into()), format!("{decision}its body was altered"));
    assert_eq!(
        told(&|lines| {
            lines[9]["row"].as_object_mut().unwrap().remove("body");
        }),
        format!("{decision}its body is gone, and this kind is never pruned")
    );
    assert_eq!(
        told(&|lines| {
            lines.remove(9);
        })
        .lines()
        .next()
        .unwrap(),
        "line 10: row 9 is missing"
    );
    assert!(told(&|lines| lines.swap(9, 10)).contains("stands after row 10: twice, or out of order"));
    let cut = told(&|lines| {
        lines.truncate(9);
    });
    assert!(
        cut.contains("the file breaks off") && cut.contains("its end was cut off, or an older state was put back"),
        "{cut}"
    );
    let subject = told(&|lines| lines[9]["row"]["subject"] = "\u{1b}[2J7".into());
    assert!(!subject.contains('\u{1b}') && subject.contains("one of its hashes was altered"), "{subject}");
}
