//! What is due a visit that something asked for, and when: many words about one target are one visit.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

/// How long more words about a target are waited for: a port that comes up says several things.
const GATHER: Duration = Duration::from_millis(500);

/// How often something may have one target visited.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rhythm {
    /// Between two visits of one target that are asked for without end. The last word of a storm is always followed by
    /// a visit.
    pub(super) at_most_every: Duration,
    /// How far ahead of that pace a target may be.
    pub(super) ahead: Duration,
    /// Most targets that wait. What is beyond is left to the rounds: whoever floods us gains nothing.
    pub(super) most_waiting: usize,
}

/// Visits that are due, soonest first, and until when each target has had its share.
#[derive(Debug)]
pub(super) struct Visits<T> {
    rhythm: Rhythm,
    order: BTreeSet<(Instant, T)>,
    due: BTreeSet<T>,
    /// When the next visit would be due if they were evenly spaced (the generic cell rate algorithm's own time).
    even: BTreeMap<T, Instant>,
}

impl<T: Ord + Clone> Visits<T> {
    pub(super) fn new(rhythm: Rhythm) -> Self {
        Self { rhythm, order: BTreeSet::new(), due: BTreeSet::new(), even: BTreeMap::new() }
    }

    /// Something was said of a target. `false`: too many others wait.
    pub(super) fn note(&mut self, target: &T, now: Instant) -> bool {
        if self.due.contains(target) {
            return true;
        }
        if self.due.len() >= self.rhythm.most_waiting {
            return false;
        }
        self.due.insert(target.clone());
        let earliest = self.even.get(target).and_then(|even| even.checked_sub(self.rhythm.ahead));
        self.order.insert((earliest.unwrap_or(now).max(now + GATHER), target.clone()));
        true
    }

    /// When the next visit is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(due, _)| *due)
    }

    /// Targets to be visited now.
    pub(super) fn take(&mut self, now: Instant) -> Vec<T> {
        let mut targets = Vec::new();
        while let Some((due, target)) = self.order.pop_first() {
            if due > now {
                self.order.insert((due, target));
                break;
            }
            self.due.remove(&target);
            let even = self.even.get(&target).copied().unwrap_or(now).max(now);
            self.even.insert(target.clone(), even + self.rhythm.at_most_every);
            targets.push(target);
        }
        if self.even.len() > self.rhythm.most_waiting {
            self.even.retain(|_, even| *even > now);
        }
        targets
    }

    /// Forgets targets that are no longer configured.
    pub(super) fn keep_only(&mut self, configured: impl Fn(&T) -> bool) {
        self.order.retain(|(_, target)| configured(target));
        self.due.retain(|target| configured(target));
        self.even.retain(|target, _| configured(target));
    }
}

/// Waits for the moment; for ever where there is none.
pub(super) async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::TargetName;

    const RHYTHM: Rhythm =
        Rhythm { at_most_every: Duration::from_secs(5), ahead: Duration::from_secs(10), most_waiting: 1_000 };

    fn none() -> Visits<TargetName> {
        Visits::new(RHYTHM)
    }

    /// Notes traps at these milliseconds and takes visits when they are due; when the visits of each switch were.
    async fn visits(traps: &[(u64, &str)]) -> Vec<(u64, String)> {
        let (begun, mut visits, mut made) = (Instant::now(), none(), Vec::new());
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
    async fn a_storm_is_three_visits_and_one_each_five_seconds_and_its_last_trap_is_followed_by_one() {
        let storm: Vec<(u64, &str)> = (0..12_000).map(|at| (at, "a")).chain([(12_100, "b")]).collect();
        let made = visits(&storm).await;
        assert_eq!((of(&made, "a"), of(&made, "b")), (vec![500, 1001, 1502, 5500, 10_500, 15_500], vec![12_600]));
        let later = visits(&[(0, "a"), (600, "a"), (30_000, "a")]).await;
        assert_eq!(of(&later, "a"), [500, 1100, 30_500]);
        let plugged_again = visits(&[(0, "a"), (2000, "a"), (4000, "a"), (6000, "a")]).await;
        assert_eq!(of(&plugged_again, "a"), [500, 2500, 4500, 6500], "each within a second");
    }

    #[tokio::test(start_paused = true)]
    async fn a_switch_that_is_gone_is_not_due() {
        let (mut visits, now) = (none(), Instant::now());
        for target in ["a", "b"] {
            visits.note(&target.into(), now);
        }
        visits.keep_only(|target| target.as_str() == "b");
        assert_eq!(visits.take(now + GATHER), ["b".into()]);
        assert_eq!(visits.next(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_targets_waits_only_so_long_and_is_forgotten() {
        let (mut visits, now) = (Visits::new(RHYTHM), Instant::now());
        let noted = (0..5_000u32).filter(|target| visits.note(target, now)).count();
        assert_eq!((noted, visits.take(now + GATHER).len()), (1_000, 1_000));
        assert!(visits.note(&4_999, now));
        visits.take(now + GATHER + 2 * RHYTHM.at_most_every);
        assert_eq!(visits.even.len(), 1, "those of long ago are not kept");
    }
}
