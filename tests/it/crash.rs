//! kill -9 in the middle of writing: nothing acknowledged is lost, nothing is half there.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use lenswarden::inventory::RowChange;
use lenswarden::net::Timestamp;
use lenswarden::review::FindingState;
use lenswarden::store::{Batch, Reader, TargetState, Writer};

use crate::sample::{START, device, finding, presence, target};

const DATABASE: &str = "LENSWARDEN_TEST_CRASH_DATABASE";

/// Not a test of its own: the process that the next one kills.
#[test]
#[ignore = "run by what_was_acknowledged_survives_kill_9"]
fn child_commits_until_it_is_killed() {
    let Ok(path) = std::env::var(DATABASE) else { return };
    let mut writer = Writer::open(Path::new(&path)).unwrap();
    let first = writer.load().unwrap().next_device;
    for round in first..first + 100_000 {
        let devices = (0..20).map(|step| device(round + step, u32::try_from(step).unwrap() + 1)).collect();
        let batch = Batch {
            at: Timestamp(START.0 + i64::try_from(round).unwrap()),
            devices,
            presence: vec![RowChange::Opened(presence(round, 1))],
            findings: vec![finding(round, round, FindingState::Open, round)],
            targets: vec![target(&format!("sw{}", round % 5), TargetState::Answering, Timestamp(round.cast_signed()))],
            ..Batch::default()
        };
        let committed = writer.commit(&batch).unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "committed {} {}", committed.seq, committed.head).unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crash.db");
    let mut acknowledged = (0, String::new());
    for kill in 0..50u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "crash::child_commits_until_it_is_killed",
                "--exact",
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(DATABASE, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut note = |line: &str| {
            let mut words = line.split_whitespace().skip_while(|word| *word != "committed").skip(1);
            if let (Some(seq), Some(head)) = (words.next(), words.next()) {
                acknowledged = (seq.parse().unwrap(), head.to_owned());
                return true;
            }
            false
        };
        assert!(lines.by_ref().any(|line| note(&line.unwrap())), "the child never committed");
        // The moment of death moves through a commit: 0 to 12 ms after the first one.
        std::thread::sleep(Duration::from_micros(kill * 7919 % 12_000));
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines.map_while(Result::ok) {
            note(&line);
        }
        let check = rusqlite::Connection::open(&path).unwrap();
        let integrity: String = check.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
        assert_eq!(integrity, "ok");
        let head: String = check
            .query_row("SELECT lower(hex(hash)) FROM change WHERE seq = ?", [acknowledged.0], |row| row.get(0))
            .unwrap();
        assert_eq!(head, acknowledged.1, "kill {kill}: an acknowledged commit is gone");
        drop(check);
        let reader = Reader::open(&path).unwrap();
        assert_eq!(reader.first_broken_change().unwrap(), None, "kill {kill}: the log has a gap");
        assert_eq!(reader.state_from_log().unwrap(), reader.state_from_tables().unwrap(), "kill {kill}");
    }
}
