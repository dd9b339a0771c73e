//! Coverage and freshness: what share of the estate was really looked at, and how long ago.

use std::time::Duration;

use super::{DaemonRow, Snapshot, TargetRow};
use crate::maker::registry_words;
use crate::net::Timestamp;

/// A visit itself takes its time: nothing is stale sooner, however short the interval.
const LEAST_PATIENCE: Duration = Duration::from_secs(30);

/// How the targets of one kind stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// All that are configured (switches) or known (cameras).
    pub all: usize,
    /// Answering, in full or in part, and not stale.
    pub answering: usize,
    /// They answered when last asked, but that is longer ago than two of their intervals.
    pub stale: usize,
    /// They do not answer.
    pub silent: usize,
    /// They refuse what they are asked with.
    pub refused: usize,
    /// Not visited yet.
    pub waiting: usize,
    /// The oldest last answer of those that ever answered.
    pub oldest: Option<Timestamp>,
}

impl Share {
    /// Answering in per cent, rounded down: 100 means all of them. `None` where there is nothing to look at.
    #[must_use]
    pub fn percent(&self) -> Option<usize> {
        (self.answering * 100).checked_div(self.all)
    }

    fn add(&mut self, target: &TargetRow, stale: bool) {
        self.all += 1;
        match target.state.as_str() {
            "answering" | "partial" if stale => self.stale += 1,
            "answering" | "partial" => self.answering += 1,
            "silent" => self.silent += 1,
            "refused" => self.refused += 1,
            _ => self.waiting += 1,
        }
        self.oldest = match (self.oldest, target.last_ok) {
            (Some(oldest), Some(answer)) => Some(oldest.min(answer)),
            (oldest, answer) => oldest.or(answer),
        };
    }
}

/// Switches and cameras.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Of all configured switches.
    pub switches: Share,
    /// Of all camera addresses that are targets.
    pub cameras: Share,
    /// Cameras behind recorders and encoders that nobody looks at: channels, less those that are targets themselves.
    pub hidden: usize,
    /// Recorders and encoders that do not say how many there are behind them.
    pub mute: usize,
}

impl Coverage {
    /// The oldest answer that the picture rests on: of the switches, which are looked at most often; of the cameras
    /// where there is no switch.
    #[must_use]
    pub fn oldest(&self) -> Option<Timestamp> {
        if self.switches.all > 0 { self.switches.oldest } else { self.cameras.oldest }
    }
}

impl Coverage {
    /// What recorders hide, in words, if there are any.
    #[must_use]
    pub fn behind_recorders(&self) -> Option<String> {
        match (self.hidden, self.mute) {
            (0, 0) => None,
            (hidden, 0) => Some(format!("{hidden} more behind recorders")),
            (hidden, 1) => Some(format!("{hidden} more behind recorders (1 does not say how many)")),
            (hidden, mute) => Some(format!("{hidden} more behind recorders ({mute} do not say how many)")),
        }
    }
}

/// Whether the daemon works, as the database and its lock tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DaemonState {
    /// It holds the writer's lock.
    Running,
    /// It holds the writer's lock, and nothing came of it since, for more than two intervals.
    Silent(Timestamp),
    /// It holds the writer's lock, and cannot write: the disk that holds the database is full.
    DiskFull,
    /// It stopped in good order.
    Stopped(Timestamp),
    /// It said no goodbye and holds no lock: it was killed.
    Killed,
    /// None ever ran on this database.
    Never,
}

impl DaemonRow {
    /// How the daemon is.
    #[must_use]
    pub fn state(&self) -> DaemonState {
        match (self.started, self.stopped, self.absent) {
            (_, Some(stopped), _) => DaemonState::Stopped(stopped),
            (_, None, false) if self.disk_full => DaemonState::DiskFull,
            (_, None, false) => self.silent_since.map_or(DaemonState::Running, DaemonState::Silent),
            (Some(_), None, true) => DaemonState::Killed,
            (None, None, true) => DaemonState::Never,
        }
    }

    /// What keeps the daemon from working.
    #[must_use]
    pub fn ailments(&self) -> Vec<Ailment> {
        let full = self.disk_full && self.state() != DaemonState::DiskFull;
        self.state().ailment().into_iter().chain(full.then_some(DISK_FULL)).collect()
    }
}

/// What keeps the daemon from working, and what to type; console and command line say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ailment {
    /// What of the daemon is so: stands after `the daemon` or `it`.
    pub what: &'static str,
    /// Since when.
    pub since: Option<Timestamp>,
    /// What to type.
    pub mend: &'static str,
}

impl Ailment {
    /// In a sentence, with the moment as `moment` writes it.
    #[must_use]
    pub fn words(&self, moment: impl FnOnce(Timestamp) -> String) -> String {
        let since = self.since.map(|at| format!(" since {}", moment(at))).unwrap_or_default();
        format!("The daemon {}{since}: {}", self.what, self.mend)
    }
}

const DISK_FULL: Ailment = Ailment {
    what: "cannot write, the disk that holds the database is full",
    since: None,
    mend: "make room, and it goes on by itself; df -h tells where, journalctl -u lenswarden what it says",
};

impl DaemonState {
    /// What is wrong with it; `None`: nothing.
    #[must_use]
    pub fn ailment(self) -> Option<Ailment> {
        let start = "sudo systemctl start lenswarden";
        let (what, since, mend) = match self {
            Self::Running => return None,
            Self::DiskFull => return Some(DISK_FULL),
            Self::Silent(at) => ("runs, and nothing came of it", Some(at), "journalctl -u lenswarden tells why"),
            Self::Stopped(at) => ("was stopped: nothing is polled", Some(at), start),
            Self::Killed => (
                "ended without a word: nothing is polled",
                None,
                "journalctl -u lenswarden tells why; sudo systemctl start lenswarden",
            ),
            Self::Never => ("never ran on this database", None, start),
        };
        Some(Ailment { what, since, mend })
    }
}

impl Snapshot {
    /// A target answered once, and has not for longer than two of its intervals.
    #[must_use]
    pub fn is_stale(&self, target: &TargetRow) -> bool {
        let every = if target.switch { self.daemon.poll_every_s } else { self.daemon.cameras_every_s };
        let patience = Duration::from_secs(every.saturating_mul(2)).max(LEAST_PATIENCE);
        every > 0 && target.last_ok.is_some_and(|answer| self.as_of.since(answer) > patience)
    }

    /// That the registry prefixes are told by is too old, if it is.
    #[must_use]
    pub fn registry_warning(&self) -> Option<String> {
        registry_words(self.registry?, self.as_of).1
    }

    /// Takes note of the time by the clock of whoever reads: a daemon that hangs says nothing of it. Returns whether that
    /// changes what is shown.
    pub fn read_at(&mut self, now: Timestamp) -> bool {
        let silence = self.silence(now);
        std::mem::replace(&mut self.daemon.silent_since, silence) != silence
    }

    /// Whether all of it that goes by the clock is as it is at a moment.
    #[must_use]
    pub fn is_as_at(&self, now: Timestamp) -> bool {
        self.silence(now) == self.daemon.silent_since
    }

    /// Since when a running daemon brings nothing: a visit, or what it changed, comes within two of the intervals of
    /// what there is to visit.
    fn silence(&self, now: Timestamp) -> Option<Timestamp> {
        let daemon = &self.daemon;
        let started = daemon.started.filter(|_| daemon.stopped.is_none() && !daemon.absent)?;
        let any = |switch| self.targets.values().any(|target| target.switch == switch);
        let intervals = [(any(true), daemon.poll_every_s), (any(false), daemon.cameras_every_s)];
        let every = intervals.into_iter().filter(|(any, every)| *any && *every > 0).map(|(_, every)| every).min()?;
        let patience = Duration::from_secs(every.saturating_mul(2)).max(LEAST_PATIENCE);
        let last = self.as_of.max(started);
        (now.since(last) > patience).then_some(last)
    }

    /// Coverage and freshness.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        let mut coverage = Coverage::default();
        for target in self.targets.values() {
            let share = if target.switch { &mut coverage.switches } else { &mut coverage.cameras };
            share.add(target, self.is_stale(target));
        }
        for device in self.recorders() {
            match self.hidden_behind(device) {
                Some(hidden) => coverage.hidden += hidden,
                None => coverage.mute += 1,
            }
        }
        coverage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_500_000_000);

    fn target(name: &str, switch: bool, state: &str, minutes_ago: Option<u64>) -> TargetRow {
        TargetRow {
            name: name.into(),
            switch,
            address: String::new(),
            site: "hq".into(),
            state: state.into(),
            since: NOW,
            why: String::new(),
            last_attempt: Some(NOW),
            last_ok: minutes_ago.map(|minutes| NOW.minus(Duration::from_secs(minutes * 60))),
            requests: 0,
            took_ms: 0,
            tables: [].into(),
            readings: crate::observation::Readings::default(),
            camera: crate::observation::CameraStanding::default(),
        }
    }

    fn estate() -> Snapshot {
        let targets = [
            target("a", true, "answering", Some(1)),
            target("b", true, "partial", Some(10)),
            target("c", true, "answering", Some(11)),
            target("d", true, "silent", Some(90)),
            target("e", true, "refused", None),
            target("f", true, "waiting", None),
            target("10.0.0.1", false, "answering", Some(60)),
            target("10.0.0.2", false, "refused", None),
        ];
        let daemon = DaemonRow { poll_every_s: 300, started: Some(NOW), ..DaemonRow::default() };
        let targets = targets.into_iter().map(|target| (target.name.clone(), target)).collect();
        Snapshot { as_of: NOW, daemon, targets, ..Snapshot::default() }
    }

    #[test]
    fn both_kinds_are_counted_and_two_intervals_make_stale() {
        let coverage = estate().coverage();
        let Share { all, answering, stale, silent, refused, waiting, oldest } = coverage.switches;
        assert_eq!((all, answering, stale, silent, refused, waiting), (6, 2, 1, 1, 1, 1));
        assert_eq!(oldest, Some(NOW.minus(Duration::from_secs(90 * 60))));
        assert_eq!((coverage.cameras.all, coverage.cameras.answering, coverage.cameras.refused), (2, 1, 1));
        assert_eq!(coverage.oldest(), oldest);
    }

    #[test]
    fn per_cent_never_flatters() {
        let share = |answering, all| Share { all, answering, ..Share::default() }.percent();
        assert_eq!(share(1999, 2000), Some(99));
        assert_eq!((share(0, 0), share(3, 3), share(0, 3)), (None, Some(100), Some(0)));
    }

    #[test]
    fn a_daemon_that_brings_nothing_for_two_intervals_is_silent() {
        let mut estate = estate();
        let at = |seconds| NOW.plus(Duration::from_secs(seconds));
        estate.daemon.cameras_every_s = 900;
        assert_eq!([600, 601].map(|seconds| estate.silence(at(seconds))), [None, Some(NOW)]);
        estate.daemon.started = Some(at(100));
        assert_eq!(estate.silence(at(601)), None, "it has just started");
        estate.targets.retain(|_, target| !target.switch);
        assert_eq!([1_900, 1_901].map(|seconds| estate.silence(at(seconds))), [None, Some(at(100))]);
        estate.daemon.stopped = Some(at(200));
        assert_eq!(estate.silence(at(9_000)), None, "it stopped, which is said otherwise");
        let row = DaemonRow { started: Some(NOW), silent_since: Some(NOW), ..DaemonRow::default() };
        assert_eq!(row.state(), DaemonState::Silent(NOW));
        assert_eq!(DaemonRow { absent: true, ..row }.state(), DaemonState::Killed);
    }

    #[test]
    fn a_registry_of_long_ago_is_a_warning() {
        let of = |year| Snapshot { registry: Some(jiff::civil::date(year, 11, 1)), as_of: NOW, ..Snapshot::default() };
        assert_eq!((of(2026).registry_warning(), Snapshot::default().registry_warning()), (None, None));
        assert!(of(2025).registry_warning().unwrap().contains("2025-11-01"));
    }

    #[test]
    fn a_daemon_is_never_taken_for_alive() {
        let row = |started, stopped, absent| DaemonRow { started, stopped, absent, ..DaemonRow::default() }.state();
        assert_eq!(row(Some(NOW), None, false), DaemonState::Running);
        assert_eq!(row(Some(NOW), None, true), DaemonState::Killed);
        assert_eq!(row(Some(NOW), Some(NOW), true), DaemonState::Stopped(NOW));
        assert_eq!(row(None, None, true), DaemonState::Never);
    }
}
