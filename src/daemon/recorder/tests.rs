//! The recorder over visits made by hand, with no daemon around it.

use std::path::Path;

use tokio::sync::mpsc;

use super::*;
use crate::config;
use crate::observation::{CameraVisit, Reach, TlsKey};

const CONFIGURATION: &str = "
    [[site]]
    id = 'hq'
    sensitivity = 'standard'
    [[cameras]]
    subnets = ['10.1.20.0/24']
    site = 'hq'
    [[alert]]
    name = 'soc'
    kind = 'syslog'
    address = '127.0.0.1:9'
    when = ['breach']
";

fn recorder(folder: &Path) -> Recorder {
    recorder_of(folder, CONFIGURATION)
}

fn recorder_of(folder: &Path, configuration: &str) -> Recorder {
    recorder_by(folder, configuration, Policies::default())
}

/// The usual configuration with these packs.
pub(super) fn recorder_with(folder: &Path, policies: Policies) -> Recorder {
    recorder_by(folder, CONFIGURATION, policies)
}

fn recorder_by(folder: &Path, configuration: &str, policies: Policies) -> Recorder {
    let writer = Writer::open(&folder.join("lenswarden.db")).unwrap();
    let config = config::parse(configuration, Path::new("/nowhere/config.toml")).unwrap();
    let in_force = InForce { config, policies, catalogue: Catalogue::shipped(), registers: Vec::new() };
    let (leads, _) = mpsc::channel(9);
    Recorder::start(writer, in_force, "here".to_owned(), leads).unwrap()
}

fn told(recorder: &Recorder) -> Vec<String> {
    recorder.writer.waiting("soc", 9).unwrap().into_iter().map(|alert| alert.text).collect()
}

#[test]
fn another_tls_key_of_a_camera_is_told_once_to_every_carrier() {
    let folder = tempfile::tempdir().unwrap();
    let mut recorder = recorder(folder.path());
    let visit = |minute: i64, key: &str| {
        let at = Timestamp(1_795_500_000_000 + minute * 60_000);
        let mut visit = CameraVisit::new("10.1.20.7".parse().unwrap(), "hq".into(), at);
        visit.reach = Reach::Answered;
        visit.key = Some(TlsKey { sha256: key.repeat(32), proved: true });
        Collection::Camera(visit)
    };
    let work = |recorder: &mut Recorder, visits: Vec<Collection>| {
        recorder.work(Work { visits, ..Work::default() });
        told(recorder).len()
    };
    assert_eq!(work(&mut recorder, vec![visit(0, "aa"), visit(1, "aa")]), 0, "the first is pinned");
    assert_eq!(work(&mut recorder, vec![visit(2, "bb"), visit(3, "bb")]), 1);
    let text = told(&recorder).remove(0);
    let words = ["operation tls-key-changed camera 10.1.20.7", "from aaaaaaaaaaaaaaaa to bbbbbbbbbbbbbbbb"];
    assert!(words.iter().all(|words| text.contains(words)), "{text}");
    assert_eq!(work(&mut recorder, vec![visit(4, "bb")]), 1, "once");
    drop(recorder);
    let mut recorder = self::recorder(folder.path());
    assert_eq!(work(&mut recorder, vec![visit(5, "bb")]), 1, "and not again after a restart");
    assert_eq!(work(&mut recorder, vec![visit(6, "cc")]), 2, "a further change is another");
}

#[test]
fn what_is_late_is_shown_until_it_comes_round_and_no_longer_than_the_daemon_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mut recorder = recorder(folder.path());
    let path = folder.path().join("lenswarden.db");
    let late = || crate::store::Reader::open(&path).unwrap().snapshot().unwrap().daemon.late;
    recorder.handle(Message::Late(vec!["the trap listener ended".to_owned()]));
    assert_eq!(late(), ["the trap listener ended"]);
    let seq = recorder.seq;
    recorder.handle(Message::Late(vec!["the trap listener ended".to_owned()]));
    assert_eq!(recorder.seq, seq, "the same is written once");
    drop(recorder);
    let recorder = self::recorder(folder.path());
    assert_eq!(late(), [""; 0], "a new start");
    drop(recorder);
}

#[test]
fn what_no_block_names_any_more_is_forgotten_by_sweeps() {
    let folder = tempfile::tempdir().unwrap();
    let mut recorder = recorder(folder.path());
    let row = |address: &str| Swept { address: address.parse().unwrap(), at: Timestamp(5), answered: None };
    let swept = |recorder: &Recorder| {
        let rows = recorder.writer.load().unwrap().swept;
        rows.iter().map(|swept| swept.address.to_string()).collect::<Vec<_>>()
    };
    recorder.handle(Message::Swept(vec![row("10.1.20.7"), row("10.1.20.130"), row("10.9.9.9")]));
    assert_eq!(swept(&recorder), ["10.1.20.130", "10.1.20.7"], "the last is in no block");
    let config = config::parse(&CONFIGURATION.replace("10.1.20.0/24", "10.1.20.0/25"), Path::new("/c.toml")).unwrap();
    let in_force =
        InForce { config, policies: Policies::default(), catalogue: Catalogue::shipped(), registers: Vec::new() };
    recorder.handle(Message::Configure(Box::new(in_force)));
    assert_eq!(swept(&recorder), ["10.1.20.7"]);
    recorder.handle(Message::Swept(vec![row("10.1.20.130")]));
    assert_eq!(swept(&recorder), ["10.1.20.7"], "a sweep that ended late");
    drop(recorder);
    // The file names another block when the daemon starts again.
    let recorder = self::recorder_of(folder.path(), &CONFIGURATION.replace("10.1.20.0/24", "10.1.30.0/24"));
    assert_eq!((swept(&recorder), recorder.swept.len()), (Vec::new(), 0));
}
