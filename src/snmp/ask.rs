//! Asking one agent for columns: what all tables share, and which of them need not be asked again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::packed::Packed;
use super::system::System;
use super::{Index, Limits, Oid, Pace, Session, Value, WalkEnd, Walked, walk};

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
    whole: Option<Packed>,
}

#[derive(Debug, Clone)]
struct Seen {
    /// When the device started, on our clock.
    started: Option<Instant>,
    /// The stamp of each group, and when the group was read.
    groups: BTreeMap<Group, (u64, Instant)>,
}

/// What a visit must read again. It is settled with [`Memory::settle`] once it was read: a visit that was broken off
/// leaves it due.
#[derive(Debug)]
pub struct Due {
    groups: BTreeSet<Group>,
    seen: Seen,
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
    fn seen(&self) -> MutexGuard<'_, Option<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which groups must be read in this visit, by what the agent said at `now`: all after a restart, those whose stamp
    /// has moved, those older than `every`. A stamp of 0 is what agents say that keep none.
    pub fn due(&self, system: &System, now: Instant, every: Duration) -> Due {
        let started = now.checked_sub(Duration::from_secs(system.uptime_s));
        let seen = self.seen().clone();
        let restarted = match (seen.as_ref().map(|seen| seen.started), started) {
            (Some(Some(before)), Some(started)) => {
                started.saturating_duration_since(before).max(before.saturating_duration_since(started)) > DRIFT
            }
            (Some(None), None) => false,
            _ => true,
        };
        let before = if restarted { None } else { seen };
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
            let young = known.is_some_and(|(_, read)| now.saturating_duration_since(read) < every);
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
        Due { groups: due, seen: Seen { started, groups } }
    }

    /// What was due has been read, or is known to have been cut off.
    pub fn settle(&self, due: Due) {
        *self.seen() = Some(due.seen);
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
    /// What must be read again; `None`: nothing but what is asked for every time.
    pub due: Option<&'a Due>,
}

impl<S: Session> Ask<'_, S> {
    fn columns(&self) -> MutexGuard<'_, BTreeMap<Oid, Kept>> {
        self.memory.columns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn walk(&self, root: &Oid, most: usize) -> Walked {
        let expected = self.columns().get(root).map(|kept| kept.rows);
        let limits = Limits { max_rows: self.limits.max_rows.min(most), ..self.limits };
        // A walk's future is large, and a visit holds dozens.
        Box::pin(walk(self.session, root, limits, self.pace, expected)).await
    }

    /// A column, asked for every time. It has a row a port, a VLAN, a neighbour: not as many as an address table.
    pub async fn column(&self, entry: &[u32], arcs: &[u32]) -> Walked {
        let root = Oid::new(entry).join(arcs);
        let walked = self.walk(&root, MOST_ORDINARY).await;
        self.columns().insert(root, Kept { rows: walked.rows.len(), whole: None });
        walked
    }

    /// A column with a row an address, asked for every time.
    pub async fn long_column(&self, entry: &[u32], arcs: &[u32]) -> Walked {
        let root = Oid::new(entry).join(arcs);
        let walked = self.walk(&root, usize::MAX).await;
        self.columns().insert(root, Kept { rows: walked.rows.len(), whole: None });
        walked
    }

    /// A column, asked for every time it had rows: one that the agent does not have is looked for again only when
    /// [`Group::Other`] is due.
    pub async fn column_if_any(&self, entry: &[u32], arcs: &[u32]) -> Walked {
        let root = Oid::new(entry).join(arcs);
        self.if_any(root, MOST_ORDINARY).await
    }

    async fn if_any(&self, root: Oid, most: usize) -> Walked {
        if let Some(empty) = self.kept(Group::Other, &root) {
            return empty;
        }
        let walked = self.walk(&root, most).await;
        let nothing = walked.rows.is_empty() && walked.end == WalkEnd::Complete;
        let whole = nothing.then(Packed::default);
        self.columns().insert(root, Kept { rows: walked.rows.len(), whole });
        walked
    }

    fn kept(&self, group: Group, root: &Oid) -> Option<Walked> {
        let columns = (!self.due.is_some_and(|due| due.groups.contains(&group))).then(|| self.columns())?;
        let whole = columns.get(root)?.whole.as_ref()?;
        Some(Walked { rows: whole.rows(), end: WalkEnd::Complete })
    }

    fn keep(&self, root: Oid, rows: usize, walked: &Walked) {
        let whole = (walked.end == WalkEnd::Complete).then(|| Packed::new(&walked.rows));
        self.columns().insert(root, Kept { rows, whole });
    }

    /// A column that changes seldom: as it was seen before unless its group is due.
    pub async fn seldom(&self, group: Group, entry: &[u32], arcs: &[u32]) -> Walked {
        self.seldom_where(group, entry, arcs, |_, _| true).await
    }

    /// The same, of rows that are wanted alone: the others are not kept.
    pub async fn seldom_where(
        &self,
        group: Group,
        entry: &[u32],
        arcs: &[u32],
        wanted: impl Fn(&[u32], &Value) -> bool,
    ) -> Walked {
        let root = Oid::new(entry).join(arcs);
        if let Some(kept) = self.kept(group, &root) {
            return kept;
        }
        let mut walked = self.walk(&root, MOST_ORDINARY).await;
        let rows = walked.rows.len();
        walked.rows.retain(|(index, value)| wanted(index, value));
        self.keep(root, rows, &walked);
        walked
    }

    /// A few cells of a column that changes seldom, by GET: those of rows that another column has shown to be wanted.
    pub async fn seldom_cells(&self, group: Group, entry: &[u32], arc: u32, indexes: &[Index]) -> Walked {
        let root = Oid::new(entry).join(&[arc]);
        if let Some(kept) = self.kept(group, &root) {
            return kept;
        }
        let mut walked = Walked::not_needed();
        for some in indexes.chunks(CELLS) {
            let oids: Vec<Oid> = some.iter().map(|index| root.join(index)).collect();
            let reply = tokio::time::timeout_at(self.limits.deadline, self.session.get(&oids)).await;
            match reply.unwrap_or(Err(super::SnmpError::Timeout)) {
                Ok(values) => {
                    let rows = some.iter().cloned().zip(values);
                    walked.rows.extend(rows.filter(|(_, value)| *value != Value::Missing));
                }
                Err(error) => {
                    walked.end = WalkEnd::Partial(error.to_string());
                    break;
                }
            }
        }
        let rows = walked.rows.len();
        self.keep(root, rows, &walked);
        walked
    }

    /// A column indexed by TimeFilter (RFC 4502) and then by what is wanted: `after_mark` of its index arcs. Asked for
    /// the mark 0 alone, because many agents repeat the table for ever under other marks; where there is nothing under
    /// 0, whatever marks there are, each row once.
    pub async fn filtered(&self, group: Option<Group>, entry: &[u32], column: u32) -> Walked {
        let read = async |arcs: &[u32]| match group {
            Some(group) => self.seldom(group, entry, arcs).await,
            None => self.column_if_any(entry, arcs).await,
        };
        let at_zero = read(&[column, 0]).await;
        if !at_zero.rows.is_empty() || at_zero.end != WalkEnd::Complete {
            return at_zero;
        }
        let all = self.if_any(Oid::new(entry).join(&[column]), MOST_MARKED).await;
        let (seen, mut rows) = (all.rows.len(), BTreeMap::new());
        for (index, value) in all.rows {
            if let Some((_, rest)) = index.split_first() {
                rows.insert(Index::from(rest), value);
            }
        }
        // Each row came many times: all there are have been seen, though the marks go on.
        let end = if seen >= MOST_MARKED && rows.len() * 2 <= seen { WalkEnd::Complete } else { all.end };
        Walked { rows: rows.into_iter().collect(), end }
    }
}

/// Most rows of a column with a row a port, a VLAN or a neighbour.
const MOST_ORDINARY: usize = 20_000;
/// Most rows read of a table whose marks never end: a VLAN has one under each.
const MOST_MARKED: usize = 9_000;
/// Cells asked for in one GET: more the crate would divide among several.
const CELLS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snmp::SnmpError;
    use std::ops::ControlFlow;

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

    /// An agent with three VLANs under every time mark for ever, from this one on.
    struct Marked(u32);

    impl Session for Marked {
        async fn get(&self, oids: &[Oid]) -> Result<Vec<Value>, SnmpError> {
            Ok(oids.iter().map(|oid| Value::Unsigned(u64::from(*oid.0.last().unwrap()))).collect())
        }

        async fn get_bulk(
            &self,
            after: &[u32],
            repetitions: u32,
            each: &mut (impl FnMut(&[u32], Value) -> ControlFlow<()> + Send),
        ) -> Result<(), SnmpError> {
            let all = (self.0..).flat_map(|mark| [10, 20, 30].map(|vlan| [1, 1, 3, mark, vlan]));
            let mut rows = all.skip_while(|oid| oid.as_slice() <= after).take(repetitions.max(1) as usize);
            let _ = rows.try_for_each(|oid| each(&oid, Value::Integer(7)));
            Ok(())
        }

        fn retries(&self) -> u32 {
            0
        }
    }

    struct Silent;

    impl Session for Silent {
        async fn get(&self, _: &[Oid]) -> Result<Vec<Value>, SnmpError> {
            Err(SnmpError::Timeout)
        }

        async fn get_bulk(
            &self,
            _: &[u32],
            _: u32,
            _: &mut (impl FnMut(&[u32], Value) -> ControlFlow<()> + Send),
        ) -> Result<(), SnmpError> {
            Err(SnmpError::Timeout)
        }

        fn retries(&self) -> u32 {
            0
        }
    }

    fn due(groups: impl IntoIterator<Item = Group>) -> Due {
        Due { groups: groups.into_iter().collect(), seen: Seen { started: None, groups: BTreeMap::new() } }
    }

    #[tokio::test]
    async fn time_marks_that_never_end_are_read_once() {
        let (pace, memory) = (Pace::default(), Memory::default());
        let limits = Limits { max_rows: 100_000, deadline: Instant::now() + Duration::from_secs(30) };
        for first in [0, 8168] {
            let session = Marked(first);
            let ask = Ask { session: &session, limits, pace: &pace, memory: &memory, due: None };
            let walked = ask.filtered(None, &[1, 1], 3).await;
            let vlans: Vec<_> = walked.rows.iter().map(|(index, _)| index.clone()).collect();
            assert_eq!(
                (vlans, walked.end),
                ([10, 20, 30].map(|vlan| vec![vlan].into()).to_vec(), WalkEnd::Complete),
                "{first}"
            );
        }
    }

    #[tokio::test]
    async fn a_table_that_is_not_there_is_looked_for_again_only_when_due() {
        let (pace, memory, session) = (Pace::default(), Memory::default(), Marked(0));
        let limits = Limits { max_rows: 100_000, deadline: Instant::now() + Duration::from_secs(30) };
        let ask = |due| Ask { session: &session, limits, pace: &pace, memory: &memory, due };
        let nothing = Walked::not_needed();
        let other = due([Group::Other]);
        assert_eq!(ask(Some(&other)).column_if_any(&[1, 1], &[2]).await, nothing);
        assert!(memory.columns.lock().unwrap()[&Oid::new(&[1, 1, 2])].whole.is_some());
        assert_eq!(ask(None).column_if_any(&[1, 1], &[2]).await, nothing);
        let silent = Ask { session: &Silent, limits, pace: &pace, memory: &memory, due: Some(&other) };
        assert_ne!(silent.column_if_any(&[1, 1], &[2]).await.end, WalkEnd::Complete);
        assert!(memory.columns.lock().unwrap()[&Oid::new(&[1, 1, 2])].whole.is_none(), "cut off is not absent");
    }

    #[tokio::test]
    async fn cells_are_asked_for_once_until_they_are_due() {
        let (pace, memory, session) = (Pace::default(), Memory::default(), Marked(0));
        let limits = Limits { max_rows: 100_000, deadline: Instant::now() + Duration::from_secs(30) };
        let ask = |due| Ask { session: &session, limits, pace: &pace, memory: &memory, due };
        let indexes: Vec<Index> = (1..=30).map(|index| vec![index].into()).collect();
        let entity = due([Group::Entity]);
        let first = ask(Some(&entity)).seldom_cells(Group::Entity, &[1, 1], 5, &indexes).await;
        assert_eq!((first.rows.len(), first.rows[29].1.number()), (30, Some(30)));
        let again = ask(None).seldom_cells(Group::Entity, &[1, 1], 5, &[]).await;
        assert_eq!(again, first, "as it was seen before");
        let again = ask(Some(&entity)).seldom_cells(Group::Entity, &[1, 1], 5, &[]).await;
        assert_eq!(again.rows, []);
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_not_changed_is_not_asked_again() {
        let hour = Duration::from_secs(3600);
        let memory = Memory::default();
        tokio::time::advance(Duration::from_secs(100_000)).await;
        let stamps = [Some(5), Some(7), Some(9)];
        let asked = |uptime_s, stamps| {
            let due = memory.due(&system(uptime_s, stamps), Instant::now(), hour);
            let groups = due.groups.clone();
            memory.settle(due);
            groups
        };
        assert_eq!(asked(1000, stamps).len(), 4, "a first visit asks for everything");
        tokio::time::advance(Duration::from_secs(300)).await;
        assert_eq!(asked(1300, stamps), BTreeSet::new());
        let moved = [Some(6), Some(7), Some(9)];
        let broken_off = memory.due(&system(1300, moved), Instant::now(), hour).groups;
        assert_eq!(broken_off, [Group::Interfaces].into());
        assert_eq!(asked(1300, moved), broken_off, "a visit that was broken off has read nothing");
        let none = [None, Some(0), Some(0)];
        assert_eq!(asked(1310, none), [Group::Lldp].into(), "no stamp: neighbours every time");
        assert_eq!(asked(20, moved).len(), 4, "it has started again");
        tokio::time::advance(Duration::from_secs(3700)).await;
        assert_eq!(asked(3720, moved).len(), 4, "old");
    }
}
