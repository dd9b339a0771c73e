//! The recorder's part in alerts: findings into the outbox, what waited out of where it waited, and whether the work
//! itself goes on as it should.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::Recorder;
use crate::alert::{View, Wrong};
use crate::net::{SiteId, TargetName, Timestamp};
use crate::observation::Collection;
use crate::snapshot::Looked;
use crate::store::{Batch, Outbox, Stored, TargetKind, TargetRecord, TargetState};

/// Looking may take a hundredth of the recorder's time: each second in a small estate, more seldom in a large one.
const SHARE: u32 = 100;
/// The wall clock may move so far against the one that only runs.
const LEAP: Duration = Duration::from_secs(60);
/// After a leap the clock must have run as it should for so long.
const CALM: Duration = Duration::from_secs(600);
/// Cameras' clocks may be so far off together.
const FAR: i64 = 300_000;
/// So far from the middle one a clock still agrees with it.
const NEAR: i64 = 60_000;
/// Fewer clocks say nothing.
const FEWEST_CLOCKS: usize = 5;
/// Fewer silent targets are matters of their own.
const FEWEST: usize = 2;
/// Names in a message.
const MOST_NAMED: usize = 5;

/// What the looks before this one remember.
pub(super) struct Operation {
    /// When it was looked last, by both clocks.
    looked: (Timestamp, Instant),
    pause: Duration,
    /// The clock leapt: until when that counts, and how.
    leapt: Option<(Instant, String)>,
    /// By how many milliseconds cameras' clocks are ahead of ours.
    clocks: BTreeMap<TargetName, i64>,
    /// Shares of sites that once were enough.
    enough: BTreeSet<(SiteId, &'static str)>,
    /// Since when shares are too low.
    low: BTreeMap<(SiteId, &'static str), Timestamp>,
}

/// Shares of a site in per cent, where there is something to measure by.
fn shares(looked: &Looked) -> impl Iterator<Item = ((SiteId, &'static str), u64)> {
    looked.sites.iter().flat_map(|(id, site)| {
        let shares = [("ranges", site.asked, site.addresses), ("ports", site.known, site.linked)];
        let percent = |seen: u64, of: u64| (seen * 100).checked_div(of);
        shares.into_iter().filter_map(move |(what, seen, of)| Some(((id.clone(), what), percent(seen, of)?)))
    })
}

/// Whether this many of so many do not answer: a fifth of the switches begins it and a tenth keeps it up, of cameras,
/// which people switch off, a half and a quarter.
fn many(late: usize, of: usize, kind: TargetKind, already: bool) -> bool {
    let fraction = match (kind, already) {
        (TargetKind::Switch, false) => 5,
        (TargetKind::Switch, true) => 10,
        (TargetKind::Camera, false) => 2,
        (TargetKind::Camera, true) => 4,
    };
    late > 0 && (late == of || (late >= FEWEST && late * fraction >= of))
}

/// The middle one of many clocks, where at least half agree with it and it is far from ours.
fn common_offset(offsets: impl Iterator<Item = i64>) -> Option<i64> {
    let mut offsets: Vec<i64> = offsets.collect();
    offsets.sort_unstable();
    let middle = offsets.get(offsets.len() / 2).copied()?;
    let agree = offsets.iter().filter(|offset| offset.abs_diff(middle) <= NEAR.unsigned_abs()).count();
    (offsets.len() >= FEWEST_CLOCKS && agree * 2 > offsets.len() && middle.abs() > FAR).then_some(middle)
}

fn seconds(milliseconds: i64) -> String {
    let direction = if milliseconds < 0 { "back" } else { "forward" };
    format!("{} s {direction}", milliseconds.unsigned_abs() / 1000)
}

impl Operation {
    pub(super) fn new(stored: &Stored, at: Timestamp) -> Self {
        let known = stored.looked.clone().unwrap_or_default();
        let enough = shares(&known).filter(|(_, percent)| *percent >= u64::from(known.threshold));
        let last = stored.daemon.as_ref().map(|daemon| daemon.stopped.unwrap_or(daemon.started));
        let last = last.unwrap_or_default().max(known.at);
        // Before anything was ever seen to run: the database knows a later time than this clock.
        let behind = last.since(at);
        let leapt = (behind > LEAP).then(|| {
            let words = format!("the clock shows {at}, and the database was last written at {last}");
            (Instant::now() + CALM, words)
        });
        // Told already: its end must be told too.
        let told = stored.conditions.iter().filter(|condition| condition.kind == "coverage-low");
        let told = told.filter_map(|condition| condition.subject.split_once(' '));
        let told = told.filter_map(|(what, site)| {
            let what = ["ranges", "ports"].into_iter().find(|known| *known == what)?;
            Some((SiteId::from(site), what))
        });
        let low = told.map(|key| (key, Timestamp(0))).collect::<BTreeMap<_, _>>();
        Self {
            looked: (at, Instant::now()),
            pause: Duration::ZERO,
            leapt,
            clocks: BTreeMap::new(),
            enough: enough.map(|(key, _)| key).chain(low.keys().cloned()).collect(),
            low,
        }
    }

    /// What a visit says of the clock.
    pub(super) fn note(&mut self, visit: &Collection) {
        if let Collection::Camera(visit) = visit
            && let Some(offset) = visit.clock_offset_ms
        {
            self.clocks.insert(super::targets::camera_name(visit.address), offset);
        }
    }

    /// Whether the wall clock moved as far as time passed.
    fn run_clock(&mut self, at: Timestamp) {
        let (before, steady) = self.looked;
        let now = Instant::now();
        let passed = i64::try_from(now.duration_since(steady).as_millis()).unwrap_or(i64::MAX);
        let leap = (at.0 - before.0).saturating_sub(passed);
        if leap.unsigned_abs() > u64::try_from(LEAP.as_millis()).unwrap_or(u64::MAX) {
            let words = format!("the clock was set {}: it shows {at} now", seconds(leap));
            tracing::warn!("{words}");
            self.leapt = Some((now + CALM, words));
        }
        if self.leapt.as_ref().is_some_and(|(until, _)| *until <= now) {
            self.leapt = None;
        }
        self.looked = (at, now);
    }
}

impl Recorder {
    /// Puts the alerts that the batch's findings cause beside them.
    pub(super) fn post_alerts(&mut self, batch: &mut Batch) {
        let view = View { inventory: &self.inventory, estate: &self.estate };
        self.dispatch.post(&batch.findings, &view, batch.at, &mut batch.outbox);
    }

    /// What waited enough goes out; what is wrong with the work itself is told.
    pub(super) fn watch_operation(&mut self, at: Timestamp) {
        let (_, looked) = self.operation.looked;
        if looked.elapsed() < self.operation.pause {
            return;
        }
        let begun = Instant::now();
        self.operation.run_clock(at);
        let mut batch = Batch { at, ..Batch::default() };
        let view = View { inventory: &self.inventory, estate: &self.estate };
        let ledger = &self.ledger;
        self.dispatch.again(|id| ledger.finding(id), &view, at, &mut batch.outbox);
        self.dispatch.release(|id| ledger.finding(id), &view, at, &mut batch.outbox);
        self.operate(at, &mut batch.outbox);
        self.commit_until_it_holds(&batch);
        self.operation.pause = begun.elapsed() * SHARE;
    }

    /// All that is wrong with the work itself, for whoever is told of it.
    pub(super) fn operate(&mut self, at: Timestamp, outbox: &mut Outbox) {
        if self.coverage.looked.sites.is_empty() {
            // Not counted yet: nothing would be low, and what was told would seem over.
            self.count_looked(at, true);
        }
        let mut wrong = Vec::new();
        wrong.extend(self.late(TargetKind::Switch, at));
        wrong.extend(self.late(TargetKind::Camera, at));
        self.low_coverage(at, &mut wrong);
        self.refused_credentials(&mut wrong);
        let one = |kind, words| Wrong { kind, subject: String::new(), words };
        wrong.extend(self.clock(at).map(|words| one("clock-off", words)));
        wrong.extend(self.low_disk().map(|words| one("disk-low", words)));
        wrong.extend(self.unwritten());
        let (_, registry) = crate::maker::registry_words(self.catalogue.registry_date(), at);
        wrong.extend(registry.map(|words| one("registry-old", words)));
        self.dispatch.operate(wrong, at, outbox);
    }

    /// Many targets of a kind gave no answer for two intervals and a visit.
    fn late(&self, kind: TargetKind, at: Timestamp) -> Option<Wrong> {
        let (what, limit) = match kind {
            TargetKind::Switch => ("switches", self.config.daemon.poll_every * 2 + self.config.snmp.deadline),
            TargetKind::Camera => ("cameras", self.config.daemon.cameras_every * 2 + self.config.onvif.deadline),
        };
        let already = self.dispatch.is_wrong("polling-late", what);
        let open: Vec<_> = self.config.maintenance.iter().filter(|window| window.when.is_open(at)).collect();
        let excused =
            |target: &TargetRecord| open.iter().any(|window| window.covers(Some(&target.site), Some(&target.name)));
        let (mut of, mut late) = (0, Vec::new());
        for target in self.targets.values().filter(|target| target.kind == kind) {
            of += 1;
            // While no daemon ran there was nobody to answer; what was told before is over when they answer.
            let since = if already { Timestamp::default() } else { self.daemon.started };
            let last = target.last_ok.unwrap_or_default().max(since);
            if at.since(last) > limit && !excused(target) {
                late.push(target.name.to_string());
            }
        }
        many(late.len(), of, kind, already).then(|| {
            let words =
                format!("{} of {of} {what} gave no answer for {} s: {}", late.len(), limit.as_secs(), named(&late));
            Wrong { kind: "polling-late", subject: what.to_owned(), words }
        })
    }

    /// Shares of sites that were enough once, and have not been for three intervals.
    fn low_coverage(&mut self, at: Timestamp, wrong: &mut Vec<Wrong>) {
        let Looked { threshold, .. } = self.coverage.looked;
        let patience = self.config.daemon.poll_every * 3;
        let shares: BTreeMap<_, _> = shares(&self.coverage.looked).collect();
        self.operation.enough.retain(|key| shares.contains_key(key));
        self.operation.low.retain(|key, _| shares.contains_key(key));
        for (key, percent) in shares {
            if percent >= u64::from(threshold) {
                self.operation.low.remove(&key);
                self.operation.enough.insert(key);
            } else if self.operation.enough.contains(&key) {
                let since = *self.operation.low.entry(key.clone()).or_insert(at);
                let (site, what) = key;
                if at.since(since) >= patience {
                    let words =
                        format!("{percent} % of the {what} of site {site} are looked at, {threshold} % must be");
                    wrong.push(Wrong { kind: "coverage-low", subject: format!("{what} {site}"), words });
                }
            }
        }
    }

    fn refused_credentials(&self, wrong: &mut Vec<Wrong>) {
        for credential in &self.config.credentials {
            let fingerprint = credential.fingerprint(self.writer.salt());
            let id = &credential.id;
            if self.credentials.is_stopped(id, &fingerprint) {
                let words = format!(
                    "credential {id} was refused by several cameras within an hour: it is sent nowhere until \
                     'lenswarden credential retry {id}' or its password changes"
                );
                wrong.push(Wrong { kind: "credential-stopped", subject: id.to_string(), words });
                continue;
            }
            let of = self.config.switches.iter().filter(|switch| switch.credential == *id);
            let refused = of.filter_map(|switch| self.targets.get(&switch.name));
            let refused = refused.filter(|target| target.state == TargetState::Refused);
            let mut refused: Vec<String> = refused.map(|target| target.name.to_string()).collect();
            refused
                .extend(self.credentials.refusals(id, &fingerprint).iter().map(|refusal| refusal.address.to_string()));
            if !refused.is_empty() {
                let words = format!("credential {id} is refused by {}: {}", refused.len(), named(&refused));
                wrong.push(Wrong { kind: "credential-refused", subject: id.to_string(), words });
            }
        }
    }

    fn clock(&self, at: Timestamp) -> Option<String> {
        if let Some((_, words)) = &self.operation.leapt {
            return Some(words.clone());
        }
        let known = |(name, offset): (&TargetName, &i64)| self.targets.contains_key(name).then_some(*offset);
        let known: Vec<i64> = self.operation.clocks.iter().filter_map(known).collect();
        if known.len() < FEWEST_CLOCKS
            && at.since(self.daemon.started) < CALM
            && self.dispatch.is_wrong("clock-off", "")
        {
            return Some("it was off before this daemon started, and not enough cameras were asked since".to_owned());
        }
        let offset = common_offset(known.into_iter())?;
        let way = if offset > 0 { "behind" } else { "ahead of" };
        Some(format!(
            "this host's clock is {} s {way} the clocks of the cameras, which agree",
            offset.unsigned_abs() / 1000
        ))
    }

    fn low_disk(&self) -> Option<String> {
        let folder = self.config.daemon.database.parent()?;
        let system = nix::sys::statvfs::statvfs(folder).ok()?;
        let free = system.blocks_available() * system.fragment_size();
        let reserve = self.config.daemon.disk_reserve;
        // A little more must be free again before it is over: a disk that is nearly full breathes.
        let enough = if self.dispatch.is_wrong("disk-low", "") { reserve + reserve / 8 } else { reserve };
        (free < enough).then(|| {
            format!(
                "{} MiB are free for the database in {}, {} are its reserve",
                free >> 20,
                folder.display(),
                reserve >> 20
            )
        })
    }
}

fn named(names: &[String]) -> String {
    let more = names.len().saturating_sub(MOST_NAMED);
    let first = names.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{first} and {more} more") } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_a_fifth_of_the_switches_or_half_of_the_cameras_and_it_ends_at_half_of_that() {
        use TargetKind::{Camera, Switch};
        for (late, of, kind, already, expected) in [
            (0, 0, Switch, false, false),
            (1, 1, Switch, false, true),
            (1, 3, Switch, false, false),
            (2, 10, Switch, false, true),
            (2, 11, Switch, false, false),
            (2, 11, Switch, true, true),
            (10, 101, Switch, true, false),
            (49, 100, Camera, false, false),
            (50, 100, Camera, false, true),
            (25, 100, Camera, true, true),
            (24, 100, Camera, true, false),
        ] {
            assert_eq!(many(late, of, kind, already), expected, "{late} of {of}, {kind:?}, {already}");
        }
    }

    #[test]
    fn clocks_that_agree_with_each_other_and_not_with_ours_are_believed() {
        let common = |offsets: &[i64]| common_offset(offsets.iter().copied());
        assert_eq!(common(&[3_600_000, 3_601_000, 3_599_000, 0, 3_600_500]), Some(3_600_000));
        assert_eq!(common(&[3_600_000, 3_601_000, 3_599_000, 3_600_500]), None, "too few");
        assert_eq!(common(&[3_600_000, -7_200_000, 400_000, 0, 90_000_000]), None, "each has its own");
        assert_eq!(common(&[200_000; 9]), None, "near enough");
        assert_eq!(common(&[-3_600_000; 9]), Some(-3_600_000));
    }

    #[test]
    fn a_clock_that_leaps_is_seen_and_one_that_runs_is_not() {
        let start = Timestamp(1_795_500_000_000);
        let mut operation = Operation::new(&Stored::default(), start);
        operation.run_clock(start.plus(Duration::from_secs(30)));
        assert!(operation.leapt.is_none());
        operation.run_clock(start.plus(Duration::from_secs(7200)));
        assert!(operation.leapt.as_ref().unwrap().1.contains(" s forward"), "{:?}", operation.leapt);
        operation.run_clock(start);
        assert!(operation.leapt.as_ref().unwrap().1.contains(" s back"));
        let looked = Looked { at: start.plus(Duration::from_secs(3600)), ..Looked::default() };
        let stored = Stored { looked: Some(looked), ..Stored::default() };
        assert!(Operation::new(&stored, start).leapt.is_some());
    }
}
