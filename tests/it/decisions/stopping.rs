//! The daemon is stopped or killed while it decides: what was acknowledged stands, what was refused changed nothing, and
//! whoever was not answered is told that he does not know.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lenswarden::control::Reply;
use lenswarden::control::client::{Client, ControlError};
use lenswarden::store::Reader;

use super::{first_finding, note, notes};
use crate::house::{House, PATIENCE};

/// What clients were told of what they asked, by the text of their notes.
#[derive(Default)]
struct Told {
    decided: BTreeSet<String>,
    /// Refused, or not even asked: nothing was changed.
    unchanged: BTreeSet<String>,
    unknown: BTreeSet<String>,
}

impl Told {
    /// Notes what a client was told; whether it may go on.
    fn note(&mut self, text: String, answer: Result<Reply, ControlError>) -> bool {
        let words = answer.as_ref().err().map(ToString::to_string).unwrap_or_default();
        match answer {
            Ok(Reply::Decided { .. }) => {
                self.decided.insert(text);
                return true;
            }
            Err(ControlError::Refused(why)) => {
                assert_eq!(why, "the daemon is stopping: nothing was changed");
                self.unchanged.insert(text);
            }
            Err(ControlError::Unasked(_)) => {
                assert!(words.ends_with("nothing was changed"), "{words}");
                self.unchanged.insert(text);
            }
            Err(ControlError::Unanswered(..)) => {
                assert!(words.contains("it is not known whether all of it was done, or nothing"), "{words}");
                assert!(words.contains("'lenswarden review show --finding "), "{words}");
                self.unknown.insert(text);
            }
            other => panic!("{text}: {other:?}"),
        }
        false
    }
}

fn connected(house: &House) -> Client {
    let begun = Instant::now();
    loop {
        if let Ok(client) = Client::connect(&house.path("control.sock")) {
            return client;
        }
        assert!(begun.elapsed() < PATIENCE, "nobody listens");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What is in the database is whole, and what clients were told of it is so.
fn check(house: &House, told: &Told) -> BTreeSet<String> {
    let written = notes(house);
    let lost: Vec<_> = told.decided.difference(&written).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let changed: Vec<_> = told.unchanged.intersection(&written).collect();
    assert!(changed.is_empty(), "said to have changed nothing: {changed:?}");
    let reader = Reader::open(&house.path("lenswarden.db")).unwrap();
    assert_eq!(reader.verify(&[], &[]).unwrap().faults, []);
    assert_eq!(reader.state_from_log().unwrap(), reader.state_from_tables().unwrap());
    written
}

/// Decides without end while the daemon is killed again and again.
fn killed(kills: u64) {
    let house = House::new("");
    let daemon = house.daemon();
    let finding = first_finding(&house);
    drop(daemon);
    let mut told = Told::default();
    let mut asked = 0;
    for kill in 0..kills {
        let mut daemon = house.daemon();
        let mut client = connected(&house);
        // The moment of death moves: 0 to 90 ms after the first decision was sent, or was answered.
        let moment = Duration::from_micros(kill * 104_729 % 90_000);
        let (begin, begun) = std::sync::mpsc::channel();
        let daemon = &mut daemon;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let _ = begun.recv();
                std::thread::sleep(moment);
                daemon.kill();
            });
            if kill % 2 == 1 {
                let _ = begin.send(());
            }
            loop {
                let text = format!("decision {asked}");
                asked += 1;
                let answer = client.ask(&note(finding, text.clone()));
                let goes_on = told.note(text, answer);
                let _ = begin.send(());
                if !goes_on {
                    break;
                }
            }
        });
    }
    assert!(told.decided.len() as u64 >= kills / 2, "{} of {asked}", told.decided.len());
    check(&house, &told);
}

#[test]
fn no_acknowledged_decision_is_lost_by_a_few_kills() {
    killed(6);
}

#[test]
#[ignore = "takes some minutes: run by .ci/run"]
fn no_acknowledged_decision_is_lost_by_200_kills() {
    killed(200);
}

#[test]
fn a_daemon_that_is_stopped_answers_what_it_was_asked_before() {
    let house = House::new("");
    let told = Mutex::new(Told::default());
    let mut finding = None;
    for stop in 0..4 {
        let daemon = house.daemon();
        let finding = *finding.get_or_insert_with(|| first_finding(&house));
        let acknowledged = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for client in 0..8 {
                let (house, told, acknowledged) = (&house, &told, &acknowledged);
                scope.spawn(move || {
                    let mut connection = connected(house);
                    for number in 0.. {
                        let text = format!("stop {stop} client {client} decision {number}");
                        let answer = connection.ask(&note(finding, text.clone()));
                        if !told.lock().unwrap().note(text, answer) {
                            break;
                        }
                        acknowledged.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let begun = Instant::now();
            while acknowledged.load(Ordering::Relaxed) < 8 {
                assert!(begun.elapsed() < PATIENCE, "nothing is decided");
                std::thread::sleep(Duration::from_millis(5));
            }
            daemon.stop();
        });
    }
    let told = told.into_inner().unwrap();
    assert!(told.decided.len() >= 32);
    // Who is left without an answer asked too late: what is in the log was acknowledged, all of it.
    assert_eq!(check(&house, &told), told.decided);
}

/// While somebody else holds the database for themselves, a decision waits in the daemon.
#[test]
fn a_decision_that_waits_for_the_disk_is_done_when_the_daemon_is_stopped_and_is_not_when_it_is_killed() {
    let house = House::new("");
    let mut daemon = house.daemon();
    let finding = first_finding(&house);
    let in_flight = |text: &str, end: &mut dyn FnMut()| {
        let holder = rusqlite::Connection::open(house.path("lenswarden.db")).unwrap();
        holder.busy_timeout(PATIENCE).unwrap();
        let mut client = connected(&house);
        holder.execute_batch("BEGIN IMMEDIATE").unwrap();
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| {
                let answer = client.ask(&note(finding, text.to_owned()));
                assert!(answer.is_err() || over.load(Ordering::SeqCst), "done while the database was somebody else's");
                let mut told = Told::default();
                told.note(text.to_owned(), answer);
                told
            });
            end();
            over.store(true, Ordering::SeqCst);
            holder.execute_batch("ROLLBACK").unwrap();
            asking.join().unwrap()
        })
    };
    let told = in_flight("killed", &mut || daemon.kill());
    assert_eq!((told.decided.len(), told.unknown.len() + told.unchanged.len()), (0, 1));
    assert_eq!(check(&house, &told), BTreeSet::new(), "nothing was changed");
    let daemon = house.daemon();
    let told = in_flight("stopped", &mut || {
        let process = nix::unistd::Pid::from_raw(daemon.id().cast_signed());
        nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
    });
    assert!(daemon.ended(), "in good order");
    assert_eq!(check(&house, &told), told.decided);
}
