//! The database: what is committed is there, is told by the log alone, and shows when it is tampered with.

use std::path::Path;
use std::time::Duration;

use lenswarden::inventory::{Merge, RowChange};
use lenswarden::net::{DeviceId, DeviceText};
use lenswarden::review::{Author, Decision, DecisionKind, FindingState, Matter};
use lenswarden::snapshot::Tally;
use lenswarden::store::{
    Batch, ConfigurationRecord, CredentialState, CredentialTry, DaemonRecord, Reader, StoreError, TargetState, Writer,
};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::sample::{START, device, finding, mac, minutes, presence, target};

fn fresh() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd #name%.db");
    (folder, path)
}

fn full_batch() -> Batch {
    let decision = Decision {
        matter: Matter::Finding { finding: lenswarden::net::FindingId(1), revision: 1 },
        kind: DecisionKind::NotInScope { reason: "a door phone".into() },
        author: Author { uid: 0, name: "root".into(), login: None },
        at: START,
        approver: None,
    };
    Batch {
        at: START,
        devices: vec![device(1, 1), device(2, 2), device(3, 3)],
        merged: vec![Merge { from: DeviceId(3), into: DeviceId(1) }],
        presence: vec![RowChange::Opened(presence(1, 1)), RowChange::Opened(presence(2, 2))],
        findings: vec![finding(1, 1, FindingState::Open, 1)],
        decisions: vec![decision],
        targets: vec![target("hq-sw1", TargetState::Answering, START)],
        credentials: vec![CredentialTry {
            address: "10.1.0.9".parse().unwrap(),
            credential: "onvif-reader".into(),
            fingerprint: "00".into(),
            state: CredentialState::Claimed,
            at: START,
            text: DeviceText::default(),
            endpoint: None,
            unknown_outcomes: 0,
        }],
        configuration: Some(ConfigurationRecord { hash: "abc".into(), ..ConfigurationRecord::default() }),
        daemon: Some(DaemonRecord {
            host: "monitor".into(),
            version: "0".into(),
            started: START,
            stopped: None,
            poll_every_s: 300,
            cameras_every_s: 900,
            late: Vec::new(),
        }),
        ..Batch::default()
    }
}

#[test]
fn what_was_committed_is_read_back_by_both_halves() {
    let (_folder, path) = fresh();
    let mut writer = Writer::open(&path).unwrap();
    let batch = full_batch();
    writer.commit(&batch).unwrap();
    let salt = writer.salt().to_owned();
    drop(writer);

    let writer = Writer::open(&path).unwrap();
    assert_eq!(writer.salt(), salt);
    let stored = writer.load().unwrap();
    assert_eq!(stored.devices, batch.devices[..2]);
    assert_eq!(stored.next_device, 4, "a merged id is never given again");
    assert_eq!(stored.presence, [presence(1, 1), presence(2, 2)]);
    assert_eq!((stored.findings, stored.decisions), (batch.findings, batch.decisions));
    assert_eq!((stored.targets, stored.credentials), (batch.targets, batch.credentials));
    assert_eq!((stored.configuration, stored.daemon), (batch.configuration, batch.daemon));

    let mut reader = Reader::open(&path).unwrap();
    let snapshot = reader.snapshot().unwrap();
    assert_eq!(snapshot.devices.len(), 2);
    assert!(!snapshot.daemon.absent);
    let detail = reader.device(DeviceId(1)).unwrap().unwrap();
    assert_eq!((detail.findings.len(), detail.decisions.len(), detail.presence.len()), (1, 1, 1));
    for what in ["44:19:B6:00:00:01", "4419.b600.0001", "10.1.0.2", "S1", "1"] {
        assert_eq!(reader.find(what).unwrap(), [DeviceId(1)], "{what}");
    }
    assert_eq!(reader.find("10.1.0.200").unwrap(), []);
}

#[test]
fn a_visit_that_changes_nothing_writes_no_log_row_and_still_moves_last_seen() {
    let (_folder, path) = fresh();
    let mut writer = Writer::open(&path).unwrap();
    let before = writer.commit(&full_batch()).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let mut snapshot = reader.snapshot().unwrap();
    let quiet = Batch {
        at: minutes(5),
        targets: vec![target("hq-sw1", TargetState::Answering, minutes(5))],
        ..Batch::default()
    };
    assert!(!reader.refresh(&mut snapshot).unwrap(), "nothing happened yet");
    let after = writer.commit(&quiet).unwrap();
    assert_eq!(before, after);
    assert!(reader.refresh(&mut snapshot).unwrap());
    assert_eq!(snapshot.devices[&DeviceId(1)].last_seen, minutes(5));
    assert_eq!(snapshot, reader.snapshot().unwrap());
}

#[test]
fn presence_is_an_interval() {
    let (_folder, path) = fresh();
    let mut writer = Writer::open(&path).unwrap();
    writer.commit(&full_batch()).unwrap();
    let moved = lenswarden::inventory::Presence { first_seen: minutes(9), ..presence(1, 7) };
    let batch = Batch {
        at: minutes(9),
        presence: vec![RowChange::Closed(presence(1, 1), minutes(9)), RowChange::Opened(moved.clone())],
        ..Batch::default()
    };
    writer.commit(&batch).unwrap();
    let detail = Reader::open(&path).unwrap().device(DeviceId(1)).unwrap().unwrap();
    assert_eq!(detail.presence, [(moved, None), (presence(1, 1), Some(minutes(9)))]);
}

#[test]
fn what_was_done_to_the_log_is_found_with_its_place() {
    // Rows: 1 key, 2 daemon, 3 configuration, 4 credential, 5 to 7 devices, 8 merge, 9 finding, 10 decision, 11 target.
    let tampering = [
        ("UPDATE change SET body = replace(body, 'Gi1', 'Gi9') WHERE seq = 5", 5, "body was altered"),
        ("UPDATE change SET subject = 'hq-sw9' WHERE seq = 9", 9, "kind, subject or one of its hashes was altered"),
        ("UPDATE change SET at = at + 1 WHERE seq = 2", 2, "its number, time"),
        ("DELETE FROM change WHERE seq = 3", 3, "row 3 is missing"),
        ("DELETE FROM change WHERE seq < 3", 1, "rows 1 to 2 are missing"),
        ("DELETE FROM change WHERE seq > 8", 11, "the signed head of row 11"),
        ("DELETE FROM change WHERE seq > 8; DELETE FROM head", 8, "no row is vouched for"),
        ("UPDATE change SET seq = 99 WHERE seq = 6", 6, "row 6 is missing"),
        (
            "UPDATE change SET seq = -1 WHERE seq = 6; UPDATE change SET seq = 6 WHERE seq = 7;
          UPDATE change SET seq = 7 WHERE seq = -1",
            6,
            "does not follow row 5",
        ),
        (
            "INSERT INTO change SELECT max(seq) + 1, at, kind, subject, body, body_hash, hash, hash FROM change",
            12,
            "hashes was altered",
        ),
        ("UPDATE change SET body = NULL WHERE seq = 10", 10, "(decision 1, "),
        ("UPDATE change SET body = NULL WHERE seq = 5", 5, "row 5 (device 1): its body is gone, and no row tells why"),
        ("UPDATE head SET hash = zeroblob(32)", 11, "was not signed by the key given"),
    ];
    for (sql, row, words) in tampering {
        let (_folder, path) = fresh();
        let mut writer = Writer::open(&path).unwrap();
        assert_eq!(writer.commit(&full_batch()).unwrap().seq, 11);
        drop(writer);
        assert_eq!(Reader::open(&path).unwrap().verify(&[], &[]).unwrap().faults, []);
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let faults = Reader::open(&path).unwrap().verify(&[], &[]).unwrap().faults;
        let found = faults.iter().any(|fault| fault.row.unwrap_or(8) == row && fault.what.contains(words));
        assert!(found, "{sql}: {faults:#?}");
    }
}

#[test]
fn tables_that_were_altered_behind_the_logs_back_are_found() {
    let tampering = [
        ("UPDATE finding SET record = replace(record, 'open', 'closed')", "finding 1 was altered in its table"),
        ("DELETE FROM finding", "finding 1 is gone from its table"),
        ("UPDATE decision SET record = replace(record, 'door', 'back')", "the decision of row 10 was altered"),
        ("DELETE FROM decision", "the decision of row 10 is gone"),
        ("INSERT INTO decision SELECT 9, subject, record FROM decision", "the log never told of it"),
        ("INSERT INTO device SELECT 9, mac, serial, record FROM device LIMIT 1", "device 9 is in its table"),
        ("DELETE FROM device WHERE id = 2", "device 2 is gone from its table"),
        ("UPDATE target SET logged = '{}'", "target hq-sw1 was altered"),
        ("UPDATE meta SET value = '{}' WHERE key = 'configuration'", "configuration configuration was altered"),
        ("DELETE FROM credential", "credential onvif-reader at 10.1.0.9 is gone"),
    ];
    for (sql, words) in tampering {
        let (_folder, path) = fresh();
        Writer::open(&path).unwrap().commit(&full_batch()).unwrap();
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let faults = Reader::open(&path).unwrap().verify(&[], &[]).unwrap().faults;
        assert!(faults.len() == 1 && faults[0].what.contains(words), "{sql}: {faults:#?}");
    }
}

fn message(path: &Path) -> String {
    match Reader::open(path) {
        Ok(_) => "opened".into(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_unusable_database_says_what_it_is() {
    let (folder, path) = fresh();
    assert!(message(&path).contains("has the daemon run yet?"), "{}", message(&path));
    std::fs::write(&path, "this is no database, but it is long enough to be taken for one".repeat(99)).unwrap();
    assert!(message(&path).contains("is no database of lenswarden"), "{}", message(&path));
    assert!(matches!(Writer::open(&path), Err(StoreError::Foreign(_))));

    let newer = folder.path().join("newer.db");
    drop(Writer::open(&newer).unwrap());
    rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(message(&newer).contains("newer lenswarden (schema 99"), "{}", message(&newer));
    assert!(matches!(Writer::open(&newer), Err(StoreError::Newer { found: 99, .. })));

    let older = folder.path().join("older.db");
    drop(Writer::open(&older).unwrap());
    rusqlite::Connection::open(&older).unwrap().pragma_update(None, "user_version", 0).unwrap();
    assert!(message(&older).contains("restart the daemon, it migrates"), "{}", message(&older));

    let busy = folder.path().join("busy.db");
    let _daemon = Writer::open(&busy).unwrap();
    assert!(matches!(Writer::open(&busy), Err(StoreError::Locked(_))));
    let nowhere = folder.path().join("no/such/folder/x.db");
    assert!(matches!(Writer::open(&nowhere), Err(StoreError::Denied { .. })));
}

#[test]
fn a_stopped_daemons_database_is_read_and_followed_when_it_starts_again() {
    let (_folder, path) = fresh();
    Writer::open(&path).unwrap().commit(&full_batch()).unwrap();
    assert!(!path.with_file_name("odd #name%.db-wal").exists());
    let mut reader = Reader::open(&path).unwrap();
    let mut snapshot = reader.snapshot().unwrap();
    assert!(snapshot.daemon.absent, "nobody holds the lock");
    let mut writer = Writer::open(&path).unwrap();
    assert!(reader.refresh(&mut snapshot).unwrap());
    assert!(!snapshot.daemon.absent);
    writer.commit(&Batch { at: minutes(1), devices: vec![device(7, 7)], ..Batch::default() }).unwrap();
    assert!(reader.refresh(&mut snapshot).unwrap());
    assert!(snapshot.devices.contains_key(&DeviceId(7)));
}

/// What a random batch may do, in few enough subjects that they meet.
fn any_batch() -> impl Strategy<Value = Batch> {
    let devices = prop::collection::btree_map(1u64..9, 1u32..5, 0..4);
    let findings = prop::collection::btree_map(1u64..5, (1u64..9, 0u64..4), 0..3);
    let states = prop_oneof![Just(TargetState::Answering), Just(TargetState::Silent)];
    let targets = prop::collection::btree_map("sw[1-3]", states, 0..3);
    let merged = prop::option::of((20u64..29, 1u64..9));
    (devices, findings, targets, merged, 0i64..9, any::<bool>()).prop_map(
        |(devices, findings, targets, merged, at, decided)| {
            let mut batch = Batch { at: minutes(at), ..Batch::default() };
            batch.devices = devices.into_iter().map(|(id, port)| device(id, port)).collect();
            if let Some((from, into)) = merged {
                batch.devices.push(device(from, 1));
                batch.merged.push(Merge { from: DeviceId(from), into: DeviceId(into) });
                batch.retired = if from == 28 { vec![DeviceId(into)] } else { Vec::new() };
            }
            batch.findings = findings
                .into_iter()
                .map(|(id, (device, revision))| finding(id, device, FindingState::Open, revision))
                .collect();
            batch.targets = targets.iter().map(|(name, state)| target(name, *state, minutes(at))).collect();
            batch.dropped_targets = if at == 8 { vec!["sw1".into()] } else { Vec::new() };
            batch.targets.retain(|target| !batch.dropped_targets.contains(&target.name));
            // The device of one who was merged away, one that is there, one that never was.
            batch.forgotten = if at % 3 == 0 { vec![DeviceId(at.unsigned_abs()), DeviceId(21)] } else { Vec::new() };
            if decided {
                batch.decisions = full_batch().decisions;
            }
            batch
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The log is complete: it alone tells the state the tables hold, whatever was pruned or forgotten of it, and a
    /// refreshed picture equals a fresh one.
    #[test]
    fn the_log_alone_rebuilds_the_state(batches in prop::collection::vec(any_batch(), 1..8)) {
        let (_folder, path) = fresh();
        let mut writer = Writer::open(&path).unwrap();
        let mut reader = Reader::open(&path).unwrap();
        let mut snapshot = reader.snapshot().unwrap();
        for (number, batch) in batches.iter().enumerate() {
            writer.commit(batch).unwrap();
            reader.refresh(&mut snapshot).unwrap();
            let fresh = reader.snapshot().unwrap();
            prop_assert_eq!(&snapshot, &fresh);
            // The counts that are kept are those of the rows, and what is left out of an outline is no finding's device.
            let (outline, mut tallies) = reader.outline().unwrap();
            tallies.sort();
            let mut counted: Vec<Tally> = Vec::new();
            for row in fresh.devices.values() {
                let one = Tally::of(row, 1, (0, 0));
                match counted.iter_mut().find(|tally| Tally { devices: 1, ..(*tally).clone() } == one) {
                    Some(tally) => tally.devices += 1,
                    None => counted.push(one),
                }
            }
            counted.sort();
            prop_assert_eq!(tallies, counted);
            for finding in fresh.findings.values() {
                prop_assert_eq!(outline.device_of(finding), fresh.device_of(finding));
            }
            prop_assert_eq!(&outline.targets, &fresh.targets);
            let standing = fresh.findings.iter().filter(|(_, finding)| finding.state != FindingState::Closed);
            prop_assert!(standing.into_iter().all(|(id, finding)| outline.findings.get(id) == Some(finding)));
            prop_assert_eq!(reader.state_from_log().unwrap(), reader.state_from_tables().unwrap());
            if number % 2 == 1 {
                while writer.prune(Duration::from_secs(120), batch.at).unwrap() {}
                prop_assert_eq!(reader.state_from_log().unwrap(), reader.state_from_tables().unwrap());
            }
            if number % 3 == 2 {
                drop(writer);
                writer = Writer::open(&path).unwrap();
            }
        }
        prop_assert_eq!(reader.verify(&[], &[]).unwrap().faults, []);
    }
}

#[test]
fn sample_addresses_differ() {
    assert_ne!(mac(1), mac(2));
}
