//! kill -9 in the middle of writing: nothing acknowledged is lost, nothing is half there.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lenswarden::inventory::RowChange;
use lenswarden::net::Timestamp;
use lenswarden::review::FindingState;
use lenswarden::snapshot::Snapshot;
use lenswarden::store::{Batch, Reader, StoreError, TargetState, Writer};

use crate::house::House;
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
        assert_eq!(reader.verify(&[], &[]).unwrap().faults, [], "kill {kill}: the log has a gap");
        assert_eq!(reader.state_from_log().unwrap(), reader.state_from_tables().unwrap(), "kill {kill}");
    }
}

/// Ends the stepping thread, however the test ends.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_daemon_killed_in_its_rounds_loses_nothing_a_reader_saw() {
    // Nobody takes the alerts: what they tell of must be in the outbox for ever.
    let house = House::new(
        "\n[[alert]]\nname = \"nobody\"\nkind = \"syslog\"\naddress = \"/nonexistent/log\"\n\
         when = [\"breach\", \"action\", \"review\", \"info\"]\n",
    );
    let path = house.path("lenswarden.db");
    let over = AtomicBool::new(false);
    let highest = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let _stop = Stop(&over);
        // The estate changes all the time, so that every round writes.
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                house.lab.step();
                std::thread::sleep(Duration::from_millis(150));
            }
        });
        // Somebody looks all the time: what was seen once may not go.
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                if let Some(snapshot) = house.look() {
                    highest.fetch_max(snapshot.seq, Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let mut moments = [0; 3];
        for kill in 0..50u64 {
            let before = house.look().map_or(0, |snapshot| snapshot.seq);
            let visited =
                |snapshot: &Snapshot| snapshot.targets.values().filter_map(|target| target.last_attempt).max();
            let begun = Timestamp::now();
            let mut daemon = house.daemon();
            let which = usize::try_from(kill % 3).unwrap();
            match which {
                // While it starts: before the lock, in the migration, at its first commit.
                0 => {}
                // In the first round.
                1 => {
                    house.until("the daemon runs", |snapshot| snapshot.seq > before && !snapshot.daemon.absent);
                }
                // Later: it visited and wrote.
                _ => {
                    house.until("visits were written", |snapshot| {
                        visited(snapshot) > Some(begun) && snapshot.seq > before + 2
                    });
                }
            }
            // The moment of death moves: 0 to 120 ms after that, 0 to 700 ms into the first round.
            let span = [120_000, 700_000, 120_000][which];
            std::thread::sleep(Duration::from_micros(kill * 104_729 % span));
            daemon.kill();
            let seen = highest.load(Ordering::Relaxed);
            moments[which] += u64::from(house.look().is_some_and(|snapshot| snapshot.seq > before));

            if !path.exists() {
                continue;
            }
            let check = rusqlite::Connection::open(&path).unwrap();
            let integrity: String = check.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
            assert_eq!(integrity, "ok", "kill {kill}");
            let version: i64 = check.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
            if version == 0 {
                continue;
            }
            let mut reader = match Reader::open(&path) {
                Err(StoreError::Older { .. }) => continue,
                opened => opened.unwrap(),
            };
            let snapshot = reader.snapshot().unwrap();
            assert!(snapshot.daemon.absent, "kill {kill}");
            assert!(snapshot.seq >= seen, "kill {kill}: a reader saw change {seen}, the log ends at {}", snapshot.seq);
            assert_eq!(reader.state_from_log().unwrap(), reader.state_from_tables().unwrap(), "kill {kill}");
            if snapshot.seq > 0 {
                assert_eq!(reader.verify(&[], &[]).unwrap().faults, [], "kill {kill}");
            }
            // Findings and their alerts are there together: each opened at least once, and every opening was told.
            let waiting: Vec<String> = check
                .prepare("SELECT record FROM outbox")
                .unwrap()
                .query_map([], |row| row.get(0))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            let told: usize = waiting
                .iter()
                .map(|record| {
                    let summary = record.split(" summary findings=").nth(1);
                    summary.map_or(1, |rest| rest.split_whitespace().next().unwrap().parse().unwrap())
                })
                .sum();
            assert!(told >= snapshot.findings.len(), "kill {kill}: {told} told of {}", snapshot.findings.len());
        }
        // The kills hit daemons that wrote, in each kind of moment (a daemon killed while it starts often had no time).
        assert!(moments[1] > 10 && moments[2] == 16, "{moments:?}");
    });
    // A wrong password is tried once; an attempt that a kill cut short may be repeated, three times at most.
    let refusals = house.lab.refusals();
    assert!(!refusals.is_empty() && refusals.values().all(|count| *count <= 4), "{refusals:?}");
    // What is left is what a daemon goes on from.
    let daemon = house.daemon();
    house.until_a_round_is_over();
    daemon.stop();
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.verify(&[], &[]).unwrap().faults, []);
    assert_eq!(reader.state_from_log().unwrap(), reader.state_from_tables().unwrap());
}
