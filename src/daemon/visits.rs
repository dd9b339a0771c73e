//! Which switches are due a visit, and when: many traps are one visit.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::net::TargetName;

/// How long more traps are waited for: a port that comes up says several things.
const GATHER: Duration = Duration::from_millis(500);
/// Between two visits of one switch that traps asked for. The last trap of a storm is always followed by a visit.
const AT_MOST_EVERY: Duration = Duration::from_secs(5);

/// Visits that are due, soonest first, and the last one of each switch.
#[derive(Debug, Default)]
pub(super) struct Visits {
    order: BTreeSet<(Instant, TargetName)>,
    due: BTreeSet<TargetName>,
    last: BTreeMap<TargetName, Instant>,
}

impl Visits {
    /// A trap came in.
    pub(super) fn note(&mut self, target: &TargetName, now: Instant) {
        if !self.due.insert(target.clone()) {
            return;
        }
        let earliest = self.last.get(target).map(|last| *last + AT_MOST_EVERY);
        self.order.insert((earliest.unwrap_or(now).max(now + GATHER), target.clone()));
    }

    /// When the next visit is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(due, _)| *due)
    }

    /// Switches to be visited now.
    pub(super) fn take(&mut self, now: Instant) -> Vec<TargetName> {
        let mut targets = Vec::new();
        while let Some((due, target)) = self.order.pop_first() {
            if due > now {
                self.order.insert((due, target));
                break;
            }
            self.due.remove(&target);
            self.last.insert(target.clone(), now);
            targets.push(target);
        }
        targets
    }

    /// Forgets switches that are no longer configured.
    pub(super) fn keep_only(&mut self, configured: impl Fn(&TargetName) -> bool) {
        self.order.retain(|(_, target)| configured(target));
        self.due.retain(|target| configured(target));
        self.last.retain(|target, _| configured(target));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Notes traps at these milliseconds and takes visits when they are due; when the visits of each switch were.
    async fn visits(traps: &[(u64, &str)]) -> Vec<(u64, String)> {
        let (begun, mut visits, mut made) = (Instant::now(), Visits::default(), Vec::new());
        let mut traps = traps.iter().peekable();
        loop {
            let trap = traps.peek().map(|(at, _)| begun + Duration::from_millis(*at));
            let Some(next) = [trap, visits.next()].into_iter().flatten().min() else { return made };
            tokio::time::sleep_until(next).await;
            let now = Instant::now();
            if trap.is_some_and(|trap| trap <= now) {
                visits.note(&traps.next().unwrap().1.into(), now);
            }
            let passed = u64::try_from((now - begun).as_millis()).unwrap();
            made.extend(visits.take(now).into_iter().map(|target| (passed, target.to_string())));
        }
    }

    fn of(visits: &[(u64, String)], target: &str) -> Vec<u64> {
        visits.iter().filter(|(_, name)| name == target).map(|(at, _)| *at).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_together_is_one_visit_half_a_second_after_the_first() {
        let made = visits(&[(0, "a"), (100, "a"), (200, "b"), (499, "a")]).await;
        assert_eq!((of(&made, "a"), of(&made, "b")), (vec![500], vec![700]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_storm_is_a_visit_each_five_seconds_and_its_last_trap_is_followed_by_one() {
        let storm: Vec<(u64, &str)> = (0..12_000).map(|at| (at, "a")).chain([(12_100, "b")]).collect();
        let made = visits(&storm).await;
        assert_eq!((of(&made, "a"), of(&made, "b")), (vec![500, 5500, 10_500, 15_500], vec![12_600]));
        let later = visits(&[(0, "a"), (600, "a"), (30_000, "a")]).await;
        assert_eq!(of(&later, "a"), [500, 5500, 30_500]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_switch_that_is_gone_is_not_due() {
        let (mut visits, now) = (Visits::default(), Instant::now());
        for target in ["a", "b"] {
            visits.note(&target.into(), now);
        }
        visits.keep_only(|target| target.as_str() == "b");
        assert_eq!(visits.take(now + GATHER), ["b".into()]);
        assert_eq!(visits.next(), None);
    }
}
