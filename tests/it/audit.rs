//! The audit chain: what leaves as a file is checked elsewhere, whatever was done to it is found, and what is old goes
//! without a trace being lost.

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lenswarden::net::{DeviceId, FindingId};
use lenswarden::review::{Author, Decision, DecisionKind, FindingState, Matter};
use lenswarden::store::{
    Batch, Fault, PublicKey, Reader, RequestRecord, SignedHead, TargetState, Verdict, Writer, heads_in, verify_file,
};
use proptest::prelude::RngExt as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::house::{House, PATIENCE};
use crate::sample::{START, device, finding, minutes, target};

/// A database with some history, and heads published on the way.
struct Chain {
    folder: TempDir,
    database: PathBuf,
    key: PublicKey,
    heads: Vec<SignedHead>,
}

fn batch(number: i64) -> Batch {
    let at = minutes(number);
    let author = Author { uid: 1000, name: "jo".into(), login: None };
    let id = number.unsigned_abs() % 7 + 1;
    let state = if number % 2 == 0 { TargetState::Answering } else { TargetState::Silent };
    let kind = DecisionKind::NotInScope { reason: format!("a \"door\" phone\n\u{202e} {number}") };
    Batch {
        at,
        devices: vec![device(id, u32::try_from(number).unwrap() + 1)],
        findings: vec![finding(id, id, FindingState::Open, number.unsigned_abs())],
        targets: vec![target("hq-sw1", state, at)],
        decisions: vec![Decision {
            matter: Matter::Finding { finding: FindingId(id), revision: 1 },
            kind,
            author: author.clone(),
            at,
            approver: None,
        }],
        requests: vec![RequestRecord { author, asked: "decide 1".into(), outcome: "done".into(), unwritten: 0 }],
        ..Batch::default()
    }
}

impl Chain {
    fn new(batches: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        let mut writer = Writer::open(&database).unwrap();
        let mut heads = Vec::new();
        for number in 0..batches {
            writer.commit(&batch(number)).unwrap();
            if number % 4 == 3 {
                let published = writer.signed_head().unwrap();
                heads.extend(published.clone());
                writer.commit(&Batch { at: minutes(number), published, ..Batch::default() }).unwrap();
            }
        }
        let key = Reader::open(&database).unwrap().signing_key().unwrap().unwrap();
        Self { folder, database, key, heads }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn export(&self) -> String {
        let file = self.path("export");
        Reader::open(&self.database).unwrap().export(&file, None).unwrap();
        std::fs::read_to_string(file).unwrap()
    }

    fn check(&self, text: impl AsRef<[u8]>) -> Verdict {
        verify_file(text.as_ref(), &[self.key], self.heads.last().map_or(&[], std::slice::from_ref), false)
            .unwrap_or_else(|error| Verdict {
                faults: vec![Fault { line: None, row: None, what: error.to_string() }],
                ..Verdict::default()
            })
    }
}

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

#[test]
fn heads_are_found_in_a_syslog_file_and_hold_against_a_database_put_back() {
    let chain = Chain::new(4);
    let copy = chain.path("copy.db");
    std::fs::copy(&chain.database, &copy).unwrap();
    let mut writer = Writer::open(&chain.database).unwrap();
    writer.commit(&batch(4)).unwrap();
    let head = writer.signed_head().unwrap().unwrap();
    drop(writer);
    let log = format!(
        "<110>1 2026-11-28T12:00:00Z monitor lenswarden - - - operation audit-head {head}\nlenswarden-head-1 x\n"
    );
    assert_eq!(heads_in(&log), std::slice::from_ref(&head));
    assert_eq!(heads_in(&format!("(\"{head}\"), <p>{head}</p>")).len(), 1, "what touches it spoils it");

    let verify = |heads: &[SignedHead]| Reader::open(&chain.database).unwrap().verify(&[chain.key], heads).unwrap();
    assert_eq!(verify(std::slice::from_ref(&head)).faults, []);
    std::fs::rename(copy, &chain.database).unwrap();
    assert_eq!(verify(&[]).faults, [], "an older state is whole in itself");
    let faults = verify(std::slice::from_ref(&head)).faults;
    assert!(faults[0].what.contains("or an older state was put back"), "{faults:?}");
    // And where it went on from there.
    let mut writer = Writer::open(&chain.database).unwrap();
    writer.commit(&batch(5)).unwrap();
    writer.commit(&batch(6)).unwrap();
    drop(writer);
    let faults = verify(&[head]).faults;
    assert!(faults[0].what.contains("put back from a copy and went on from there"), "{faults:?}");
}

#[test]
fn a_lost_key_is_told_of_and_an_auditor_needs_both() {
    let chain = Chain::new(4);
    std::fs::remove_file(chain.path("a.db.key")).unwrap();
    Writer::open(&chain.database).unwrap().commit(&batch(4)).unwrap();
    let reader = Reader::open(&chain.database).unwrap();
    let new = reader.signing_key().unwrap().unwrap();
    assert_ne!(new, chain.key);
    let check = |keys: &[PublicKey]| verify_file(chain.export().as_bytes(), keys, &chain.heads, false).unwrap();
    assert_eq!(check(&[chain.key, new]).faults, []);
    for one in [chain.key, new] {
        let faults = check(&[one]).faults;
        assert!(faults.iter().any(|fault| fault.what.contains("was not signed by the key given")), "{faults:?}");
    }
    assert_eq!(reader.verify(&[], &chain.heads).unwrap().faults, []);
}

#[test]
fn old_bodies_go_and_the_rest_stays_what_it_was() {
    let chain = Chain::new(40);
    let mut writer = Writer::open(&chain.database).unwrap();
    let keep = Duration::from_secs(10 * 60);
    while writer.prune(keep, minutes(40)).unwrap() {}
    let seq = writer.seq();
    while writer.prune(keep, minutes(40)).unwrap() {}
    assert_eq!(writer.seq(), seq, "nothing to prune writes nothing");
    drop(writer);
    let reader = Reader::open(&chain.database).unwrap();
    let verdict = reader.verify(&[chain.key], &chain.heads).unwrap();
    assert_eq!((verdict.faults, verdict.pruned), (Vec::new(), 60), "30 of devices, 30 of the switch");
    assert_eq!(reader.state_from_log().unwrap(), reader.state_from_tables().unwrap());
    let changes = reader.changes(0, 10_000).unwrap();
    let bare = changes.iter().filter(|change| change.body.is_none());
    assert!(bare.clone().all(|change| change.kind.is_prunable() && change.at < minutes(30)));
    let verdict = chain.check(chain.export());
    assert_eq!((verdict.faults, verdict.pruned), (Vec::new(), 60));
    // A part of the log does not hold what tells of every missing body, and the last row always is in it.
    let part = chain.path("part");
    reader.export(&part, Some(minutes(35))).unwrap();
    let text = std::fs::read(&part).unwrap();
    let verdict = verify_file(text.as_slice(), &[chain.key], &chain.heads, true).unwrap();
    assert_eq!((verdict.faults, verdict.heads_before > 0, verdict.first), (Vec::new(), true, 177));
    let whole = verify_file(text.as_slice(), &[chain.key], &[], false).unwrap();
    assert!(whole.faults[0].what.contains("say --part"), "{:?}", whole.faults);
}

/// Whether the octets stand anywhere in the database's files.
fn stands_in(folder: &Path, what: &str) -> bool {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    files.into_iter().any(|octets| octets.windows(what.len()).any(|window| window == what.as_bytes()))
}

#[test]
fn a_forgotten_device_leaves_nothing_of_itself_but_hashes() {
    let chain = Chain::new(2);
    let mut writer = Writer::open(&chain.database).unwrap();
    let said = |serial: &str| {
        let mut record = device(50, 1);
        let mut information = record.device.facts.information.clone().unwrap();
        information.0.serial = serial.into();
        record.device.facts.information = Some(information);
        record
    };
    writer.commit(&Batch { at: START, devices: vec![said("PRIVATE-PHONE-1")], ..Batch::default() }).unwrap();
    writer.commit(&Batch { at: START, devices: vec![said("PRIVATE-PHONE-2")], ..Batch::default() }).unwrap();
    let forgotten = vec![DeviceId(50)];
    writer
        .commit(&Batch { at: START, devices: vec![said("")], forgotten: forgotten.clone(), ..Batch::default() })
        .unwrap();
    let verdict = Reader::open(&chain.database).unwrap().verify(&[], &[]).unwrap();
    assert_eq!((verdict.faults, verdict.pruned), (Vec::new(), 2));
    writer.commit(&Batch { at: START, retired: forgotten.clone(), forgotten, ..Batch::default() }).unwrap();
    drop(writer);
    let reader = Reader::open(&chain.database).unwrap();
    assert_eq!(reader.verify(&[], &[]).unwrap().pruned, 3);
    assert_eq!(reader.state_from_log().unwrap(), reader.state_from_tables().unwrap());
    assert!(!stands_in(chain.folder.path(), "PRIVATE-PHONE"), "octets of it are left in a file");
}

/// Exit code, stdout, stderr.
fn spoken(output: std::process::Output) -> (i32, String, String) {
    let text = |octets| String::from_utf8(octets).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_daemon_signs_publishes_and_writes_down_who_asked_and_the_auditor_checks_it_elsewhere() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let address = receiver.local_addr().unwrap();
    let house = House::new(&format!(
        "\n[[alert]]\nname = \"soc\"\nkind = \"syslog\"\naddress = \"{address}\"\nwhen = [\"breach\", \"audit\"]\n"
    ));
    let daemon = house.daemon();
    house.until_a_round_is_over();
    let (mut heard, begun) = (Vec::new(), Instant::now());
    while heard.is_empty() {
        assert!(begun.elapsed() < PATIENCE, "no head was published");
        let mut buffer = [0; 4096];
        let Ok(length) = receiver.recv(&mut buffer) else { continue };
        heard = heads_in(std::str::from_utf8(&buffer[..length]).unwrap());
    }
    let asked = ["review", "decide", "9999", "--not-in-scope", "--reason", "a test", "--revision", "1"];
    assert_eq!(house.run(&asked).status.code(), Some(1));
    let (code, pem, words) = spoken(house.run(&["audit", "key"]));
    assert_eq!((code, pem.lines().next()), (0, Some("-----BEGIN PUBLIC KEY-----")), "{words}");
    let log = daemon.stop();
    assert!(heads_in(&log).contains(&heard[0]), "the daemon's own log has it too: {log}");

    let changes = Reader::open(&house.path("lenswarden.db")).unwrap().changes(0, 100_000).unwrap();
    let requests: Vec<RequestRecord> = changes
        .iter()
        .filter(|change| change.kind == lenswarden::store::ChangeKind::Request)
        .map(|change| serde_json::from_str(change.body.as_ref().unwrap()).unwrap())
        .collect();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(request.author.uid, nix::unistd::Uid::current().as_raw());
    assert_eq!(request.asked, "decide finding 9999");
    assert_eq!(request.outcome, "refused: there is no finding 9999");

    // On the auditor's machine: the file, the key from when the daemon was set up, what syslog kept.
    let [key, file, syslog] = ["key.pem", "export", "syslog"].map(|name| house.path(name).to_str().unwrap().to_owned());
    std::fs::write(&key, &pem).unwrap();
    std::fs::write(&syslog, format!("some line\n<110>1 - - lenswarden: {}\n", heard[0])).unwrap();
    let (code, printed, words) = spoken(house.run(&["audit", "export", &file]));
    assert_eq!((code, &printed), (0, &pem), "{words}");
    std::fs::remove_file(house.path("config.toml")).unwrap();
    let (code, out, words) = spoken(house.run(&["audit", "verify", &file, "--key", &key, "--head", &syslog]));
    assert_eq!((code, out.as_str()), (0, ""), "{words}");
    assert!(words.starts_with("clean: "), "{words}");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("Hikvision", "Hikvisiom", 1)).unwrap();
    let (code, out, words) = spoken(house.run(&["audit", "verify", &file, "--key", &key]));
    assert!(code == 1 && out.contains("its body was altered") && words.starts_with("NOT CLEAN"), "{out}{words}");
    let cases: [&[&str]; 4] = [
        &["audit", "verify", &key, "--key", &key],
        &["audit", "verify", &file, "--key", &file],
        &["audit", "verify", &file, "--key", &key, "--head", &key],
        &["audit", "verify", "/nonexistent", "--key", &key],
    ];
    for case in cases {
        let (code, out, words) = spoken(house.run(case));
        assert_eq!((code, out.as_str()), (2, ""), "{case:?}: {words}");
    }
    let (code, _, words) = spoken(house.run(&["audit", "verify", &file]));
    assert!(code == 2 && words.contains("--key"), "{words}");
}

#[test]
fn the_live_database_is_checked_while_the_daemon_writes() {
    let house = House::new("");
    let daemon = house.daemon();
    house.until_a_round_is_over();
    let (code, out, words) = spoken(house.run(&["audit", "verify"]));
    assert_eq!((code, out.as_str()), (0, ""), "{words}");
    let (code, head, _) = spoken(house.run(&["audit", "head"]));
    assert!(code == 0 && heads_in(&head).len() == 1, "{head}");
    drop(daemon);
    let (code, out, words) = spoken(house.run(&["audit", "verify", "--json", "--head", head.trim()]));
    assert_eq!(code, 0, "{out}{words}");
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["faults"], json!([]));
    let other = rusqlite::Connection::open(house.path("lenswarden.db")).unwrap();
    other.execute_batch("UPDATE finding SET record = replace(record, '\"open\"', '\"closed\"')").unwrap();
    let (code, out, _) = spoken(house.run(&["audit", "verify"]));
    assert!(code == 1 && out.contains("was altered in its table"), "{out}");
}

#[test]
#[ignore = "needs openssl"]
fn openssl_finds_the_signature_good_and_that_of_another_text_bad() {
    let chain = Chain::new(4);
    let head = Reader::open(&chain.database).unwrap().signed_head().unwrap().unwrap();
    std::fs::write(chain.path("key.pem"), chain.key.pem()).unwrap();
    std::fs::write(chain.path("signature"), head.signature()).unwrap();
    let verified = |statement: &str| {
        std::fs::write(chain.path("statement"), statement).unwrap();
        let arguments =
            "pkeyutl -verify -pubin -inkey key.pem -rawin -in statement -sigfile signature".split_whitespace();
        let output = std::process::Command::new("openssl").args(arguments).current_dir(chain.folder.path()).output();
        output.unwrap().status.success()
    };
    let line = head.to_string();
    let (statement, _) = line.rsplit_once(' ').unwrap();
    assert!(verified(statement));
    assert!(!verified(&statement.replacen("head-1", "head-2", 1)));
}
