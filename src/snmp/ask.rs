//! Asking one agent for columns: what all tables share, and which of them need not be asked again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::system::System;
use super::{Limits, Oid, Pace, Session, WalkEnd, Walked, walk};

/// Tables that change seldom, by what tells that they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Names, kinds and addresses of interfaces, their stacking: ifTableLastChange.
    Interfaces,
    /// Physical parts: entLastChangeTime.
    Entity,
    /// LLDP neighbours: lldpStatsRemTablesLastChangeTime.
    Lldp,
    /// VLAN names and members, power limits: nothing but their age.
    Other,
}

const GROUPS: [Group; 4] = [Group::Interfaces, Group::Entity, Group::Lldp, Group::Other];

#[derive(Debug, Default)]
struct Kept {
    /// How many rows the column had.
    rows: usize,
    /// The column itself, where it changes seldom and was seen whole.
    whole: Option<Walked>,
}

#[derive(Debug)]
struct Seen {
    /// When the device started, on our clock.
    started: Option<Instant>,
    /// The stamp of each group, and when the group was read.
    groups: BTreeMap<Group, (u64, Instant)>,
}

/// What is remembered of one agent's tables between visits.
#[derive(Debug, Default)]
pub struct Memory {
    columns: Mutex<BTreeMap<Oid, Kept>>,
    seen: Mutex<Option<Seen>>,
}

/// How far the start of a device may seem to wander between visits: its clock and ours are not the same.
const DRIFT: Duration = Duration::from_secs(60);

impl Memory {
    /// Which groups must be read in this visit: all after a restart, those whose stamp has moved, those older than
    /// `every`. A stamp of 0 is what agents say that keep none.
    pub fn due(&self, system: &System, every: Duration) -> BTreeSet<Group> {
        let now = Instant::now();
        let started = now.checked_sub(Duration::from_secs(system.uptime_s));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let restarted = match (seen.as_ref().map(|seen| seen.started), started) {
            (Some(Some(before)), Some(started)) => {
                started.saturating_duration_since(before).max(before.saturating_duration_since(started)) > DRIFT
            }
            (Some(None), None) => false,
            _ => true,
        };
        let before = if restarted { None } else { seen.take() };
        let mut groups = BTreeMap::new();
        let mut due = BTreeSet::new();
        for group in GROUPS {
            let stamp = match group {
                Group::Interfaces => system.interfaces_changed,
                Group::Entity => system.entity_changed,
                Group::Lldp => system.lldp_changed,
                Group::Other => None,
            };
            let known = before.as_ref().and_then(|seen| seen.groups.get(&group)).copied();
            let young = known.is_some_and(|(_, read)| read.elapsed() < every);
            let unchanged = match (group, stamp.filter(|stamp| *stamp != 0), known) {
                (_, Some(stamp), Some((last, _))) => stamp == last,
                // Neighbours come and go: without a stamp they are asked for every time.
                (Group::Lldp, None, _) => false,
                (_, None, Some(_)) => true,
                (_, _, None) => false,
            };
            match known.filter(|_| young && unchanged) {
                Some(known) => drop(groups.insert(group, known)),
                None => {
                    due.insert(group);
                    groups.insert(group, (stamp.unwrap_or(0), now));
                }
            }
        }
        *seen = Some(Seen { started, groups });
        due
    }
}

/// One visit's questions to one agent.
#[derive(Debug)]
pub struct Ask<'a, S> {
    /// Who is asked.
    pub session: &'a S,
    /// How far each walk may go.
    pub limits: Limits,
    /// What the agent bears.
    pub pace: &'a Pace,
    /// What it said before.
    pub memory: &'a Memory,
    /// What must be read again.
    pub due: BTreeSet<Group>,
}

impl<S: Session> Ask<'_, S> {
    async fn walk(&self, root: Oid, keep: bool) -> Walked {
        let columns = || self.memory.columns.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = columns().get(&root).map(|kept| kept.rows);
        // A walk's future is large, and a visit holds dozens.
        let walked = Box::pin(walk(self.session, &root, self.limits, self.pace, expected)).await;
        let whole = (keep && walked.end == WalkEnd::Complete).then(|| walked.clone());
        columns().insert(root, Kept { rows: walked.rows.len(), whole });
        walked
    }

    /// A column, asked for every time.
    pub async fn column(&self, entry: &[u32], arcs: &[u32]) -> Walked {
        self.walk(Oid::new(entry).join(arcs), false).await
    }

    /// A column that changes seldom: as it was seen before unless its group is due.
    pub async fn seldom(&self, group: Group, entry: &[u32], arcs: &[u32]) -> Walked {
        let root = Oid::new(entry).join(arcs);
        if !self.due.contains(&group) {
            let columns = self.memory.columns.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(whole) = columns.get(&root).and_then(|kept| kept.whole.clone()) {
                return whole;
            }
        }
        self.walk(root, true).await
    }

    /// A column indexed by TimeFilter (RFC 4502) and then by what is wanted: `after_mark` of its index arcs. Asked for
    /// the mark 0 alone, because many agents repeat the table for ever under other marks; where there is nothing under
    /// 0, whatever marks there are, each row once.
    pub async fn filtered(&self, group: Option<Group>, entry: &[u32], column: u32) -> Walked {
        let read = async |arcs: &[u32]| match group {
            Some(group) => self.seldom(group, entry, arcs).await,
            None => self.column(entry, arcs).await,
        };
        let at_zero = read(&[column, 0]).await;
        if !at_zero.rows.is_empty() || at_zero.end != WalkEnd::Complete {
            return at_zero;
        }
        let bounded = Limits { max_rows: self.limits.max_rows.min(MOST_MARKED), ..self.limits };
        let root = Oid::new(entry).join(&[column]);
        let all = Box::pin(walk(self.session, &root, bounded, self.pace, None)).await;
        let mut rows = BTreeMap::new();
        for (index, value) in all.rows {
            if let Some((_, rest)) = index.split_first() {
                rows.insert(rest.to_vec(), value);
            }
        }
        Walked { rows: rows.into_iter().collect(), end: all.end }
    }
}

/// Most rows read of a table whose marks never end.
const MOST_MARKED: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn system(uptime_s: u64, stamps: [Option<u64>; 3]) -> System {
        System {
            name: "s".into(),
            description: "d".into(),
            object_id: String::new(),
            uptime_s,
            interfaces_changed: stamps[0],
            entity_changed: stamps[1],
            lldp_changed: stamps[2],
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_not_changed_is_not_asked_again() {
        let hour = Duration::from_secs(3600);
        let memory = Memory::default();
        tokio::time::advance(Duration::from_secs(100_000)).await;
        let stamps = [Some(5), Some(7), Some(9)];
        assert_eq!(memory.due(&system(1000, stamps), hour).len(), 4, "a first visit asks for everything");
        tokio::time::advance(Duration::from_secs(300)).await;
        assert_eq!(memory.due(&system(1300, stamps), hour), BTreeSet::new());
        let moved = [Some(6), Some(7), Some(9)];
        assert_eq!(memory.due(&system(1300, moved), hour), [Group::Interfaces].into());
        let none = [None, Some(0), Some(0)];
        assert_eq!(memory.due(&system(1310, none), hour), [Group::Lldp].into(), "no stamp: neighbours every time");
        assert_eq!(memory.due(&system(20, moved), hour).len(), 4, "it has started again");
        tokio::time::advance(Duration::from_secs(3700)).await;
        assert_eq!(memory.due(&system(3720, moved), hour).len(), 4, "old");
    }
}
