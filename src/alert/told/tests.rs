//! The same is told once while it stands, once an hour if it flaps, and nothing new is left out.

use super::super::Memory;
use super::super::tests::{breach, estate, finding, inventory, minutes, plan, post, restore, texts};
use super::*;
use crate::inventory::Certainty;

/// A carrier, a finding that lives, and the daemon's minutes.
struct Life {
    dispatch: Dispatch,
    finding: Finding,
    minute: i64,
    /// What the database remembers.
    stored: Vec<Told>,
    told: Vec<(i64, String)>,
}

impl Life {
    fn new() -> Self {
        let dispatch = restore(vec![plan("soc", &["breach", "review"])], &[], Vec::new());
        Self { dispatch, finding: breach(1, FindingState::Closed), minute: 0, stored: Vec::new(), told: Vec::new() }
    }

    fn take(&mut self, outbox: &Outbox) {
        let port = |text: &str| text.split(" port=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        self.told.extend(texts(outbox).into_iter().map(|text| (self.minute, port(text))));
        if !outbox.told.is_empty() {
            self.stored.retain(|told| told.at >= outbox.forget);
            self.stored.extend(outbox.told.clone());
        }
    }

    /// A commit that changes the finding so.
    fn change(&mut self, change: impl FnOnce(&mut Finding)) {
        change(&mut self.finding);
        let outbox = post(&mut self.dispatch, std::slice::from_ref(&self.finding), minutes(self.minute));
        self.take(&outbox);
    }

    fn open(&mut self) {
        let since = minutes(self.minute);
        self.change(|finding| (finding.state, finding.since) = (FindingState::Open, since));
    }

    fn close(&mut self) {
        self.change(|finding| finding.state = FindingState::Closed);
    }

    fn port(&mut self, port: u32) {
        self.change(|finding| {
            finding.place.port = Some(format!("Gi1/0/{port}").into());
            finding.place.certainty = Certainty::Direct;
        });
    }

    fn unsure(&mut self) {
        self.change(|finding| finding.place.certainty = Certainty::Beyond);
    }

    /// Minutes pass; in each the recorder looks.
    fn pass(&mut self, count: i64) {
        for _ in 0..count {
            self.minute += 1;
            let mut outbox = Outbox::default();
            let (inventory, estate) = (inventory(Vec::new()), estate());
            let view = View { inventory: &inventory, estate: &estate };
            let known = self.finding.clone();
            let find = |id: FindingId| Some(&known).filter(|known| known.id == id);
            self.dispatch.again(find, &view, minutes(self.minute), &mut outbox);
            self.take(&outbox);
        }
    }

    fn restart(&mut self) {
        let plans = vec![plan("soc", &["breach", "review"])];
        self.dispatch = restore(plans, std::slice::from_ref(&self.finding), self.stored.clone());
    }

    fn told(&self) -> Vec<(i64, &str)> {
        self.told.iter().map(|(minute, port)| (*minute, port.as_str())).collect()
    }
}

#[test]
fn the_same_rule_device_and_site_is_told_once_while_it_stands() {
    let mut life = Life::new();
    life.open();
    for minute in 0..600 {
        life.pass(1);
        // Evidence and words change all the time; the port is sure, is not, and is again.
        life.change(|finding| finding.text = format!("words {minute}"));
        match minute % 20 {
            5 => life.unsure(),
            10 => life.port(14),
            15 => life.restart(),
            _ => {}
        }
    }
    assert_eq!(life.told(), [(0, "Gi1/0/14")]);
}

#[test]
fn what_closes_and_opens_all_the_time_is_told_once_an_hour() {
    let mut life = Life::new();
    for minute in 0..200 {
        if minute % 2 == 0 {
            life.open();
        } else {
            life.close();
        }
        life.pass(1);
        if minute == 70 {
            life.restart();
        }
    }
    let minutes: Vec<i64> = life.told().iter().map(|(minute, _)| *minute).collect();
    assert!(minutes.len() == 4 && minutes.windows(2).all(|two| two[1] - two[0] >= 60), "{minutes:?}");
}

#[test]
fn a_port_that_flaps_is_told_once_an_hour_and_as_it_is_then() {
    let mut life = Life::new();
    life.open();
    for minute in 0..180 {
        life.port(if minute % 2 == 0 { 14 } else { 15 });
        life.pass(1);
    }
    let minutes: Vec<i64> = life.told().iter().map(|(minute, _)| *minute).collect();
    assert!(minutes.len() <= 4 && minutes.windows(2).all(|two| two[1] - two[0] >= 60), "{minutes:?}");
}

#[test]
fn what_moved_is_told_with_its_port_when_the_hour_is_over_and_at_once_after_it() {
    let mut life = Life::new();
    life.open();
    life.pass(10);
    life.port(15);
    life.pass(300);
    assert_eq!(life.told(), [(0, "Gi1/0/14"), (60, "Gi1/0/15")], "a message that names a wrong port is set right");
    life.port(16);
    assert_eq!(life.told().last(), Some(&(310, "Gi1/0/16")));
    // There and back within the hour: what was told is right.
    life.port(15);
    life.pass(20);
    life.port(16);
    life.pass(300);
    assert_eq!(life.told().len(), 3);
}

#[test]
fn what_closed_and_opens_again_is_told_though_the_hour_is_not_over() {
    for (closes, opens, told) in [(10, 20, 60), (10, 59, 60), (59, 61, 61), (100, 101, 101)] {
        let mut life = Life::new();
        life.open();
        life.pass(closes);
        life.close();
        life.pass(opens - closes);
        life.open();
        life.restart();
        life.pass(300);
        let minutes: Vec<i64> = life.told().iter().map(|(minute, _)| *minute).collect();
        assert_eq!(minutes, [0, told], "closed {closes}, opened {opens}");
    }
    // What is over when the hour is, is not told.
    let mut life = Life::new();
    life.open();
    life.pass(10);
    life.close();
    life.open();
    life.pass(10);
    life.close();
    life.pass(300);
    assert_eq!(life.told().len(), 1);
}

#[test]
fn another_site_a_graver_matter_and_the_first_sure_port_are_told_at_once() {
    let mut life = Life::new();
    life.change(|finding| finding.place.certainty = Certainty::Beyond);
    life.open();
    assert_eq!(life.told(), [(0, "unknown")]);
    life.pass(1);
    life.port(14);
    life.unsure();
    life.port(14);
    assert_eq!(life.told(), [(0, "unknown"), (1, "Gi1/0/14")]);
    life.pass(1);
    life.change(|finding| finding.place.site = Some("branch".into()));
    assert_eq!(life.told().last(), Some(&(2, "Gi1/0/14")));
    life.pass(1);
    // Back, within the hour: the last word on it is wrong, which is set right when the hour is over.
    life.change(|finding| finding.place.site = Some("hq".into()));
    life.pass(300);
    assert_eq!(life.told()[3..], [(61, "Gi1/0/14")]);
    let mut life = Life::new();
    life.finding = finding(1, Severity::Review, FindingState::Closed);
    life.open();
    life.pass(1);
    for severity in [Severity::Breach, Severity::Review, Severity::Breach] {
        life.change(|finding| finding.severity = severity);
        life.pass(1);
    }
    assert_eq!(life.told(), [(0, "Gi1/0/14"), (1, "Gi1/0/14")], "the gravest once");
    // Another device, another rule, another carrier: other matters.
    let mut dispatch = restore(vec![plan("soc", &["breach"]), plan("desk", &["breach"])], &[], Vec::new());
    let mut other_rule = breach(2, FindingState::Open);
    (other_rule.rule, other_rule.subject) = ("other".into(), breach(1, FindingState::Open).subject);
    let all = [breach(1, FindingState::Open), other_rule, breach(3, FindingState::Open)];
    assert_eq!(post(&mut dispatch, &all, minutes(0)).alerts.len(), 6);
}

#[test]
fn a_clock_that_is_set_back_swallows_nothing() {
    let mut life = Life::new();
    life.minute = 100_000;
    life.open();
    life.pass(1);
    life.close();
    life.minute = 0;
    life.open();
    assert_eq!(life.told().len(), 2, "the hour of another time");
    let memory = Memory { told: life.stored.clone(), ..Memory::default() };
    let known = std::slice::from_ref(&life.finding);
    let mut dispatch = Dispatch::restore(vec![plan("soc", &["breach"])], Vec::new(), known, memory);
    assert_eq!(post(&mut dispatch, known, minutes(1)).alerts.len(), 0);
}

#[test]
fn the_gravest_that_was_told_counts_for_the_hour() {
    let mut life = Life::new();
    life.finding = finding(1, Severity::Review, FindingState::Closed);
    life.unsure();
    life.open();
    for (severity, sure) in [(Severity::Breach, false), (Severity::Review, true), (Severity::Breach, true)] {
        life.pass(1);
        life.change(|finding| {
            finding.severity = severity;
            finding.place.certainty = if sure { Certainty::Direct } else { Certainty::Beyond };
        });
    }
    assert_eq!(life.told(), [(0, "unknown"), (1, "unknown"), (2, "Gi1/0/14")], "the breach was told already");
}

#[test]
fn what_is_told_of_one_does_not_make_the_database_forget_another() {
    let mut dispatch = restore(vec![plan("soc", &["breach"])], &[], Vec::new());
    post(&mut dispatch, &[breach(1, FindingState::Open)], minutes(0));
    assert_eq!(post(&mut dispatch, &[breach(2, FindingState::Open)], minutes(10)).forget, minutes(0));
    let mut outbox = Outbox::default();
    let (inventory, estate) = (inventory(Vec::new()), estate());
    let view = View { inventory: &inventory, estate: &estate };
    dispatch.again(|_| None, &view, minutes(60), &mut outbox);
    assert_eq!(post(&mut dispatch, &[breach(3, FindingState::Open)], minutes(61)).forget, minutes(10));
}

#[test]
fn a_daemon_that_was_away_tells_nothing_that_was_told() {
    let mut life = Life::new();
    life.open();
    life.pass(1);
    life.change(|finding| finding.place.site = Some("branch".into()));
    life.minute = 300;
    life.restart();
    life.pass(100);
    assert_eq!(life.told().len(), 2);
}
