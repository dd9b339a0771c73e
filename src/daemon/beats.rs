//! The heartbeats of what runs for as long as the daemon does: each long-lived task says when it will come round at the
//! latest, and one that does not is late.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::net::{TargetName, Timestamp};

/// How often a task that waits for others comes round in between.
pub(super) const ROUND: Duration = Duration::from_secs(30);

/// A long-lived task.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// The one that owns the database.
    Recorder,
    /// Visits to one switch.
    Switch(TargetName),
    /// Visits to cameras, all of them.
    Cameras,
    /// The sweep of the `[[cameras]]` block of this number.
    Sweep(usize),
    /// What sends for one `[[alert]]`.
    Alerts(String),
    /// The trap listener.
    Traps,
    /// The control socket.
    Control,
    /// The watch on the configuration file.
    Watch,
    /// What serves and writes the figures.
    Metrics,
    /// What writes reports of cycles.
    Reports,
}

impl Task {
    /// It runs under one configuration, and ends with it.
    pub(super) fn is_of_a_configuration(&self) -> bool {
        matches!(self, Self::Switch(_) | Self::Cameras | Self::Sweep(_) | Self::Alerts(_))
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorder => f.write_str("the recorder"),
            Self::Switch(name) => write!(f, "visits to switch {name}"),
            Self::Cameras => f.write_str("visits to cameras"),
            Self::Sweep(block) => write!(f, "the sweep of [[cameras]] number {}", block + 1),
            Self::Alerts(name) => write!(f, "alerts of {name}"),
            Self::Traps => f.write_str("the trap listener"),
            Self::Control => f.write_str("the control socket"),
            Self::Reports => f.write_str("reports of review cycles"),
            Self::Watch => f.write_str("the watch on the configuration"),
            Self::Metrics => f.write_str("the metrics"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Beat {
    at: Timestamp,
    due: Instant,
}

/// A task that did not come round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Late {
    pub(super) task: Task,
    /// It is no more: it cannot come round.
    ended: bool,
    /// When it was last heard of.
    since: Option<Timestamp>,
}

impl Late {
    /// Whether only a new start mends it. A switch whose turn does not come is the fault of the load, and so is a
    /// sweep; a folder that hangs is not mended by a start.
    pub(super) fn is_fatal(&self) -> bool {
        self.ended || !matches!(self.task, Task::Switch(_) | Task::Sweep(_) | Task::Alerts(_) | Task::Reports)
    }
}

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.ended { "ended" } else { "did not come round" };
        write!(f, "{} {what}", self.task)?;
        self.since.map_or(Ok(()), |since| write!(f, " since {since}"))
    }
}

/// Knows when each task was last heard of, and by when it must be again.
#[derive(Debug, Default)]
pub(super) struct Beats {
    beats: Mutex<BTreeMap<Task, Beat>>,
    tasks: Mutex<Vec<(Task, AbortHandle)>>,
}

impl Beats {
    fn beats(&self) -> MutexGuard<'_, BTreeMap<Task, Beat>> {
        self.beats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<(Task, AbortHandle)>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A task is there, and comes round again within this time.
    pub(super) fn note(&self, task: Task, within: Duration) {
        self.beats().insert(task, Beat { at: Timestamp::now(), due: Instant::now() + within });
    }

    /// A task must not end for as long as the configuration is in force that it runs under.
    pub(super) fn keep(&self, task: Task, handle: AbortHandle) {
        self.tasks().push((task, handle));
    }

    /// The tasks of a configuration are ended on purpose: nothing is awaited of them any more.
    pub(super) fn forget(&self, is_over: impl Fn(&Task) -> bool) {
        self.beats().retain(|task, _| !is_over(task));
        self.tasks().retain(|(task, _)| !is_over(task));
    }

    /// Those that did not come round, in order.
    pub(super) fn late(&self) -> Vec<Late> {
        let now = Instant::now();
        let beats = self.beats();
        let mut late: BTreeMap<Task, Late> = BTreeMap::new();
        for (task, beat) in beats.iter().filter(|(_, beat)| beat.due < now) {
            late.insert(task.clone(), Late { task: task.clone(), ended: false, since: Some(beat.at) });
        }
        for (task, _) in self.tasks().iter().filter(|(_, handle)| handle.is_finished()) {
            let since = beats.get(task).map(|beat| beat.at);
            late.insert(task.clone(), Late { task: task.clone(), ended: true, since });
        }
        late.into_values().collect()
    }
}

/// Most of those that are late that are named; more are only counted.
const MOST_NAMED: usize = 5;

/// Those that are late in words: what is shown and stored.
pub(super) fn in_words(late: &[Late]) -> Vec<String> {
    let mut words: Vec<String> = late.iter().take(MOST_NAMED).map(ToString::to_string).collect();
    if let Some(more) = late.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        words.push(format!("and {more} more"));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(beats: &Beats) -> Vec<String> {
        beats.late().iter().map(|late| format!("{}{}", late.task, if late.is_fatal() { "!" } else { "" })).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_come_round_is_late_until_it_does() {
        let beats = Beats::default();
        let minute = Duration::from_secs(60);
        beats.note(Task::Switch("sw1".into()), minute);
        beats.note(Task::Cameras, 2 * minute);
        assert_eq!(words(&beats), [""; 0]);
        tokio::time::advance(minute + Duration::from_secs(1)).await;
        assert_eq!(words(&beats), ["visits to switch sw1"]);
        tokio::time::advance(minute).await;
        assert_eq!(words(&beats), ["visits to switch sw1", "visits to cameras!"]);
        beats.note(Task::Switch("sw1".into()), minute);
        assert_eq!(words(&beats), ["visits to cameras!"]);
        beats.forget(|task| *task == Task::Cameras);
        assert_eq!(words(&beats), [""; 0]);
    }

    #[tokio::test]
    async fn what_ended_is_late_at_once() {
        let beats = Beats::default();
        let task = tokio::spawn(async {});
        beats.keep(Task::Sweep(1), task.abort_handle());
        task.await.unwrap();
        assert_eq!(words(&beats), ["the sweep of [[cameras]] number 2!"]);
        let late = beats.late();
        assert_eq!(in_words(&late), ["the sweep of [[cameras]] number 2 ended"]);
        let many: Vec<Late> = std::iter::repeat_n(late[0].clone(), 7).collect();
        assert_eq!(in_words(&many).last().unwrap(), "and 2 more");
    }
}
