//! Ten thousand random lives of findings against a small model of what must never be: an acceptance that outlives its
//! end, one that a second person had to approve and did not, a removal without proof.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Span;
use jiff::civil::Date;

use super::*;
use crate::inventory::Place;
use crate::net::{DeviceId, FindingId, Timestamp};
use crate::policy::{Severity, Subject, Violation};

const STEPS: u64 = 40;
const HOUR: Duration = Duration::from_secs(3600);
const WEEK: Duration = Duration::from_secs(7 * 86_400);
/// More than a week has hours: neither the time nor the rounds alone are enough.
const ROUNDS: u16 = 180;

/// A small generator of its own: the same lives on every machine (xorshift64*).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % sides
    }
}

/// What is known of one device from outside.
#[derive(Default)]
struct Watched {
    /// Since when it has been gone, without being seen since.
    gone: Option<Timestamp>,
    /// Moments after that at which its switch was seen whole.
    passes: Vec<Timestamp>,
}

impl Watched {
    /// How much of its absence was watched: the stretches between passes that are near enough to each other.
    fn proof(&self) -> Duration {
        let pairs = self.passes.iter().zip(self.passes.iter().skip(1));
        let steps = pairs.map(|(from, to)| if to > from { to.since(*from) } else { Duration::ZERO });
        steps.filter(|step| *step <= HOUR * 3).sum()
    }

    /// How many rounds there were since the clock was set back last.
    fn rounds(&self) -> usize {
        let pairs = self.passes.iter().zip(self.passes.iter().skip(1));
        self.passes.len()
            - pairs.enumerate().filter(|(_, (from, to))| to < from).map(|(at, _)| at + 1).next_back().unwrap_or(0)
    }
}

/// One life.
struct Life {
    dice: Dice,
    ledger: Ledger,
    rules: Rules,
    now: Timestamp,
    last_pass: Option<Timestamp>,
    devices: BTreeMap<u64, Watched>,
    /// Who asked for what lets a finding stay, and who approved, while it may still count.
    asked: BTreeMap<FindingId, u32>,
    approved: BTreeMap<FindingId, (u32, u32)>,
    accepted: u64,
    removed: u64,
}

fn actor(number: u64) -> Actor {
    let uid = u32::try_from(number / 2).unwrap();
    let role = [Role::Reviewer, Role::Approver][number as usize % 2];
    Actor { author: Author { uid, name: format!("p{uid}"), login: None }, role }
}

impl Life {
    fn new(seed: u64) -> Self {
        Self {
            dice: Dice(seed * 2_654_435_761 + 1),
            ledger: Ledger::default(),
            rules: Rules { standard: ["depot".into()].into(), ..Rules::default() },
            now: Timestamp(1_795_500_000_000),
            last_pass: None,
            devices: BTreeMap::new(),
            asked: BTreeMap::new(),
            approved: BTreeMap::new(),
            accepted: 0,
            removed: 0,
        }
    }

    fn today(&self) -> Date {
        self.now.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    fn pick(&mut self) -> Option<(FindingId, u64)> {
        let all: Vec<(FindingId, u64)> = self.ledger.findings().map(|finding| (finding.id, finding.revision)).collect();
        let at = self.dice.roll(all.len().max(1) as u64) as usize;
        all.get(at).copied()
    }

    fn kind(&mut self) -> DecisionKind {
        let until = self.today().saturating_add(Span::new().days(self.dice.roll(200) as i64 - 5));
        match self.dice.roll(11) {
            0..=3 => DecisionKind::Accept {
                until,
                reason: "r".into(),
                control: ["c", ""][self.dice.roll(9) as usize / 8].into(),
            },
            4 => DecisionKind::RemoveBy { by: until },
            5 => DecisionKind::ReplaceBy { by: until },
            6 => DecisionKind::Stage { stage: Stage::Removed },
            7 => DecisionKind::Reopen { reason: "r".into() },
            8 => DecisionKind::Reject { reason: "r".into() },
            _ => DecisionKind::Approve {},
        }
    }

    fn decide(&mut self) {
        let Some((finding, revision)) = self.pick() else { return };
        let revision = if self.dice.roll(8) == 0 { revision + 1 } else { revision };
        let (by, kind) = (actor(self.dice.roll(6)), self.kind());
        let before = self.ledger.clone();
        let request = DecisionRequest { on: Matter::Finding { finding, revision }, decision: kind.clone() };
        let (now, today) = (self.now, self.today());
        let known = before.finding(finding).map(|finding| finding.revision);
        match self.ledger.decide(&[request], &by, &self.rules, now, today) {
            Err(_) => assert_eq!(self.ledger, before, "refused and changed all the same"),
            Ok(_) => {
                assert_eq!(known, Some(revision), "decided on what nobody saw");
                match kind {
                    // What was approved before holds until this is.
                    DecisionKind::Accept { .. } => {
                        self.asked.insert(finding, by.author.uid);
                    }
                    DecisionKind::Approve {} => {
                        assert_eq!(by.role, Role::Approver);
                        let asked = self.asked[&finding];
                        self.approved.insert(finding, (asked, by.author.uid));
                    }
                    _ => {}
                }
            }
        }
    }

    fn observe(&mut self) {
        let number = self.dice.roll(3) + 1;
        let site = ["depot", "hq"][self.dice.roll(2) as usize];
        let there = Place { site: Some(site.into()), switch: Some("sw1".into()), ..Place::default() };
        let watched = self.devices.entry(number).or_default();
        let (place, rules) = match self.dice.roll(5) {
            0 | 1 if self.last_pass.is_some() => {
                let before = self.ledger.findings_of(&Subject::Device(DeviceId(number))).next();
                let place = before.map_or(there, |finding| finding.place.clone());
                let gone = *watched.gone.get_or_insert(self.now);
                (Place { gone: Some(gone), ..place }, 0)
            }
            _ => {
                *watched = Watched::default();
                (there, self.dice.roll(3))
            }
        };
        let broken = |rule: u64| Violation {
            pack: "p".into(),
            rule: format!("r{rule}").into(),
            severity: [Severity::Breach, Severity::Review][rule as usize % 2],
            subject: Subject::Device(DeviceId(number)),
            text: String::new(),
            evidence: Vec::new(),
        };
        let broken: Vec<Violation> = (0..rules).map(broken).collect();
        self.ledger.reconcile((&Subject::Device(DeviceId(number)), &place), &broken, Closing::Observed, self.now);
    }

    /// Time passes; the switch may have been silent for it, or answered every hour.
    fn pass(&mut self) {
        let hours = [1, 24, 24 * 8, 24 * 40][self.dice.roll(4) as usize];
        if self.dice.roll(12) == 0 {
            // The clock is set back.
            self.now = self.now.minus(HOUR * hours);
        } else {
            let silent = self.dice.roll(3) == 0;
            for hour in 1..=hours {
                self.now = self.now.plus(HOUR);
                if !silent || hour == hours {
                    self.watch();
                }
            }
        }
        let (now, today) = (self.now, self.today());
        for id in self.ledger.prove((WEEK, ROUNDS), |_| self.last_pass, |_| None, now) {
            let finding = self.ledger.finding(id).unwrap();
            assert_eq!(finding.closing, Some(Closing::Removed));
            let device = finding.subject.device().unwrap();
            let seen = &self.devices[&device.0];
            assert!(seen.proof() >= WEEK && seen.rounds() >= ROUNDS.into(), "no proof: {finding:?}");
            self.removed += 1;
        }
        self.ledger.tick(now, today);
    }

    /// The switch is seen whole, as the recorder tells the ledger of it.
    fn watch(&mut self) {
        self.ledger.watched(&"sw1".into(), self.last_pass, self.now, HOUR * 3, ROUNDS);
        self.last_pass = Some(self.now);
        for watched in self.devices.values_mut().filter(|watched| watched.gone.is_some()) {
            watched.passes.push(self.now);
        }
    }

    fn check(&mut self) {
        let today = self.today();
        for finding in self.ledger.findings() {
            if finding.state == FindingState::Accepted {
                self.accepted += 1;
                let decision = finding.decision.as_ref().unwrap();
                let DecisionKind::Accept { until, ref control, .. } = decision.kind else { panic!("{finding:?}") };
                let decided = decision.at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date();
                assert!(until <= latest_acceptance(decided) && !control.is_empty(), "{finding:?}");
                if self.rules.takes_two(finding.place.site.as_ref()) {
                    let (asked, approved) = self.approved[&finding.id];
                    assert_ne!(asked, approved, "{finding:?}");
                    assert_eq!(decision.author.uid, asked);
                    assert_eq!(decision.approver.as_ref().map(|who| who.uid), Some(approved));
                }
            }
        }
        // After the clock was asked nothing accepted is past its day.
        let (mut asked, now) = (self.ledger.clone(), self.now);
        asked.tick(now, today);
        for finding in asked.findings().filter(|finding| finding.state == FindingState::Accepted) {
            assert!(finding.decision.as_ref().unwrap().kind.until() >= Some(today), "{finding:?}");
        }
    }
}

#[test]
fn random_lives_keep_the_rules() {
    live(0..500);
}

#[test]
#[ignore = "takes some seconds: run by .ci/run"]
fn ten_thousand_random_lives_keep_the_rules() {
    live(500..10_500);
}

fn live(seeds: std::ops::Range<u64>) {
    let count = seeds.end - seeds.start;
    let (mut accepted, mut removed) = (0, 0);
    for seed in seeds {
        let mut life = Life::new(seed);
        for _ in 0..STEPS {
            match life.dice.roll(10) {
                0..=4 => life.decide(),
                5..=7 => life.observe(),
                _ => life.pass(),
            }
            life.check();
        }
        accepted += life.accepted;
        removed += life.removed;
    }
    // They lived through what they are about.
    assert!(accepted > count && removed > count / 100, "{accepted} {removed}");
}
