//! A removal is proved by what the switch it was on really showed. What a day is near of is reminded of once.

use std::path::Path;
use std::time::Duration;

use crate::daemon::recorder::people::tests::{CAMERA, PHONE, UNKNOWN, findings, jo, overrule, recorder, says, visit};
use crate::daemon::recorder::*;
use crate::observation::{Completeness, Reach, SwitchVisit, SystemFacts, Table};
use crate::review::{Closing, DecisionKind, FindingState, Matter};

const HOUR: Duration = Duration::from_secs(3600);
const EVERY: Duration = Duration::from_secs(6 * 3600);

/// A recorder that polls every six hours, of which the camera has just been missing for three whole rounds.
fn gone(path: &Path, rounds: u16) -> (Recorder, Timestamp) {
    let mut recorder = recorder(path);
    recorder.config.daemon.poll_every = EVERY;
    recorder.config.decisions.removal_rounds = rounds;
    let mut at = Timestamp::now().minus(HOUR * 24 * 100);
    see(&mut recorder, visit(&[CAMERA, UNKNOWN, PHONE], &[], at));
    for _ in 0..3 {
        at = at.plus(EVERY);
        assert!(findings(&recorder, CAMERA).iter().all(|finding| finding.handling.absent.is_none()));
        see(&mut recorder, visit(&[UNKNOWN, PHONE], &[], at));
    }
    assert!(findings(&recorder, CAMERA).iter().all(|finding| finding.handling.absent.is_some()));
    (recorder, at)
}

fn see(recorder: &mut Recorder, visit: Collection) {
    recorder.work(Work { visits: vec![visit], ..Work::default() });
}

/// After how many rounds, seen so, of four weeks the removal is proved.
fn proved(rounds: u16, seen: impl Fn(u32, &mut SwitchVisit)) -> Option<u32> {
    let folder = tempfile::tempdir().unwrap();
    let (mut recorder, gone) = gone(&folder.path().join("a.db"), rounds);
    for round in 1..=28 * 4 {
        let Collection::Switch(mut visit) = visit(&[UNKNOWN, PHONE], &[], gone.plus(EVERY * round)) else { panic!() };
        seen(round, &mut visit);
        see(&mut recorder, Collection::Switch(visit));
        recorder.tick();
        let of_camera = findings(&recorder, CAMERA);
        assert!(!of_camera.is_empty());
        if of_camera.iter().all(|finding| finding.state == FindingState::Closed) {
            assert!(of_camera.iter().all(|finding| finding.closing == Some(Closing::Removed)), "{of_camera:?}");
            return Some(round);
        }
    }
    None
}

fn cut(visit: &mut SwitchVisit) {
    visit.tables.get_mut(&Table::Dot1qFdb).unwrap().completeness = Completeness::Partial;
}

#[test]
fn it_takes_a_week_and_as_many_complete_rounds_as_are_configured() {
    assert_eq!(proved(3, |_, _| {}), Some(28), "a week of rounds every six hours");
    assert_eq!(proved(40, |_, _| {}), Some(39), "the round that showed it gone is the first");
    assert_eq!(proved(1000, |_, _| {}), None);
    // Of two rounds one is cut: none is too far from the next, and half of them count.
    let half = |round: u32, visit: &mut SwitchVisit| {
        if round % 2 == 1 {
            cut(visit);
        }
    };
    assert_eq!(proved(3, half), Some(28));
    assert_eq!(proved(40, half), Some(78));
}

#[test]
fn rounds_in_which_its_switch_did_not_show_all_it_has_prove_nothing() {
    assert_eq!(proved(3, |_, visit| visit.reach = Reach::Silent("no answer".into())), None);
    assert_eq!(proved(3, |_, visit| cut(visit)), None);
    // Its ports are up and its table is empty: an agent that still starts, a context that is refused.
    assert_eq!(proved(3, |_, visit| visit.fdb.clear()), None);
    // It started anew, and what its numbers mean now was not read.
    let restarted = |_: u32, visit: &mut SwitchVisit| {
        let (name, description, object_id) = ("sw1".into(), "".into(), String::new());
        visit.system = Some(SystemFacts { name, description, object_id, uptime_s: 60 });
        visit.tables.get_mut(&Table::Interfaces).unwrap().completeness = Completeness::Partial;
    };
    assert_eq!(proved(3, restarted), None);
    // A week of silence between two rounds is no proof.
    let silent = |round: u32, visit: &mut SwitchVisit| {
        if !round.is_multiple_of(28) {
            visit.reach = Reach::Silent("no answer".into());
        }
    };
    assert_eq!(proved(3, silent), None);
}

/// A recorder with an acceptance, or a person's word on a device, that ends in 20 days.
fn ends_in_20_days(path: &Path, word: bool) -> Recorder {
    let mut recorder = recorder(path);
    see(&mut recorder, visit(&[CAMERA], &[], Timestamp::now()));
    let until = reviews::today().saturating_add(jiff::Span::new().days(20));
    let request = if word {
        overrule(&recorder, CAMERA, says("axis", None), 20)
    } else {
        let found = findings(&recorder, CAMERA);
        let on = Matter::Finding { finding: found[0].id, revision: found[0].revision };
        let (reason, control) = ("safety".to_owned(), "a guard".to_owned());
        DecisionRequest { on, decision: DecisionKind::Accept { until, reason, control } }
    };
    recorder.decide(&[request], &jo()).unwrap();
    recorder
}

/// On which of these days, counted from today, whoever is told is reminded; each day the clock is asked twice, and the
/// daemon starts anew in between.
fn reminded(word: bool, days: &[i64]) -> Vec<i64> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut recorder = ends_in_20_days(&path, word);
    let mut told = Vec::new();
    for day in days {
        for _ in 0..2 {
            let today = reviews::today().saturating_add(jiff::Span::new().days(*day));
            let mut draft = Draft { batch: Batch { at: Timestamp::now(), ..Batch::default() }, ..Draft::default() };
            recorder.pass(today, &mut draft);
            let batch = recorder.finish(draft);
            told.extend(batch.outbox.alerts.iter().filter(|alert| alert.kind == "reminder").map(|_| *day));
            recorder.commit_until_it_holds(&batch);
            drop(recorder);
            recorder = self::recorder(&path);
        }
    }
    let waiting = recorder.writer.waiting("nobody", 99).unwrap();
    assert_eq!(waiting.iter().filter(|alert| alert.kind == "reminder").count(), told.len(), "each is in the outbox");
    told
}

#[test]
fn each_reminder_comes_once_over_restarts_and_jumps_of_the_clock() {
    for word in [false, true] {
        let each: Vec<i64> = (0..=20).collect();
        assert_eq!(reminded(word, &each), [6, 13, 19], "14, 7 and 1 days before, {word}");
        // Forward over two of them: one says how near it is. Back: it was said. Forward again.
        assert_eq!(reminded(word, &[0, 15, 3, 7, 13, 15, 18, 19, 5, 20]), [15, 19], "{word}");
        assert_eq!(reminded(word, &[0, 19, 0, 6, 13, 19, 20]), [19], "{word}");
    }
}
