//! Walking a column with GETBULK, and knowing whether its end was seen.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Index, Oid, Session, SnmpError, Value};

/// How far a walk may go.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most rows accepted of one column.
    pub max_rows: usize,
    /// When the whole visit must be over.
    pub deadline: Instant,
}

/// About what fits into one datagram of 1,400 octets, the longest that every path carries whole.
const FIRST_REPETITIONS: u32 = 40;
/// Rows there is room for at first where nothing is known; it doubles when it is full.
const FIRST_ROWS: usize = 40;
/// How long an agent is asked for less after it could not answer more.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);
/// Columns without a single answer after which the rest of a visit is not asked.
const LOST_COLUMNS: u32 = 2;

/// What an agent is known to bear, remembered between visits.
#[derive(Debug, Default)]
pub struct Pace(Mutex<Borne>);

#[derive(Debug, Default)]
struct Borne {
    /// Most repetitions it answers, and when that was learned.
    repetitions: Option<(u32, Instant)>,
    /// Columns in a row without a single answer.
    silent_columns: u32,
}

impl Pace {
    fn with<T>(&self, act: impl FnOnce(&mut Borne) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A visit begins: an agent that was lost is given another chance.
    pub fn begin(&self) {
        self.with(|borne| borne.silent_columns = 0);
    }

    /// The agent has gone silent in the middle of the visit.
    fn is_lost(&self) -> bool {
        self.with(|borne| borne.silent_columns >= LOST_COLUMNS)
    }

    fn heard(&self, anything: bool) {
        self.with(|borne| borne.silent_columns = if anything { 0 } else { borne.silent_columns.saturating_add(1) });
    }

    fn repetitions(&self) -> u32 {
        self.with(|borne| {
            let fresh = borne.repetitions.filter(|(_, learned)| learned.elapsed() < REMEMBERED);
            borne.repetitions = fresh;
            fresh.map_or(FIRST_REPETITIONS, |(repetitions, _)| repetitions)
        })
    }

    fn lower(&self, to: u32) {
        let to = to.min(self.repetitions());
        self.with(|borne| borne.repetitions = Some((to, Instant::now())));
    }
}

/// How a walk ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalkEnd {
    /// An OID outside the subtree or endOfMibView was seen: there is no further row.
    Complete,
    /// Cut off after some rows.
    Partial(String),
    /// Not a single reply could be used.
    Failed(String),
}

/// A column: what follows its OID, and the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// Rows in the order of the agent.
    pub rows: Vec<(Index, Value)>,
    /// How it ended.
    pub end: WalkEnd,
}

impl Walked {
    /// A column that was not asked for, because another one shows that it can hold nothing.
    #[must_use]
    pub fn empty_like(other: &Self) -> Self {
        Self { rows: Vec::new(), end: other.end.clone() }
    }

    /// A column that need not be asked for.
    #[must_use]
    pub fn not_needed() -> Self {
        Self { rows: Vec::new(), end: WalkEnd::Complete }
    }
}

/// How many repetitions to ask for, after what has happened so far; 0 is GETNEXT.
#[derive(Default)]
struct Size {
    /// Asked for next.
    now: u32,
    /// The size that was answered after a larger one had not been.
    passed: Option<u32>,
    /// Requests in a row that were not answered.
    unanswered: u32,
    /// The last answer was an error that a smaller request may not meet.
    refused: bool,
}

impl Size {
    /// Nothing came back: less is asked for. A lost datagram and one too large to pass look alike; only one that is
    /// lost again at the size tried after a smaller one had passed is put down to its size.
    fn silence(&mut self, pace: &Pace) {
        self.unanswered += 1;
        if let Some(passed) = self.passed.take() {
            pace.lower(passed);
            self.now = passed;
        } else {
            self.now /= 2;
        }
    }

    /// tooBig, genErr: less is asked for. 1 becomes 0: some agents answer GETNEXT and no GETBULK at all.
    fn refusal(&mut self) {
        (self.passed, self.unanswered, self.refused) = (None, 0, true);
        self.now /= 2;
    }

    fn answered(&mut self, pace: &Pace) {
        if std::mem::take(&mut self.refused) {
            pace.lower(self.now);
        }
        let ceiling = pace.repetitions();
        let recovering = std::mem::take(&mut self.unanswered) > 0 || self.passed.is_some();
        if recovering && self.now < ceiling {
            self.passed = Some(self.now);
            self.now = (self.now * 2).clamp(1, ceiling);
        } else {
            self.passed = None;
            self.now = ceiling;
        }
    }
}

/// Walks one column. Less is asked for when the agent cannot answer (tooBig, genErr, silence), down to GETNEXT; OIDs
/// must increase; a reply without a row ends the walk as cut off, never as complete. `expected` is how many rows the
/// column had the last time: asking for many more makes an agent work for nothing.
pub async fn walk(session: &impl Session, root: &Oid, limits: Limits, pace: &Pace, expected: Option<usize>) -> Walked {
    if pace.is_lost() {
        return cut(Vec::new(), "the agent stopped answering".to_owned());
    }
    let most = expected.and_then(|rows| u32::try_from(rows + 1).ok()).unwrap_or(FIRST_REPETITIONS);
    let most = most.min(FIRST_REPETITIONS);
    let size = Size { now: most.min(pace.repetitions()), ..Size::default() };
    let mut column = Column { root: &root.0, max_rows: limits.max_rows, rows: Vec::new(), last: root.0.clone() };
    column.rows.reserve(expected.unwrap_or(FIRST_ROWS).min(limits.max_rows));
    let end = tokio::time::timeout_at(limits.deadline, column.read(session, size, pace)).await;
    match end {
        Ok(Ok(())) => Walked { rows: column.rows, end: WalkEnd::Complete },
        Ok(Err(why)) => cut(column.rows, why),
        Err(_) => cut(column.rows, "the visit's deadline has passed".to_owned()),
    }
}

/// A column as far as it has been read.
struct Column<'a> {
    root: &'a [u32],
    max_rows: usize,
    rows: Vec<(Index, Value)>,
    /// The OID of the last row.
    last: Vec<u32>,
}

/// How the walk of a column ended: its end was seen, or it was cut off and why.
type Ended = Result<(), String>;

impl Column<'_> {
    /// Reads to the end, or until nothing more is to be had.
    async fn read(&mut self, session: &impl Session, mut size: Size, pace: &Pace) -> Ended {
        let mut after = self.last.clone();
        loop {
            let (mut ended, mut bindings) = (None, 0u32);
            let mut each = |oid: &[u32], value: Value| {
                bindings += 1;
                ended = self.take(oid, value);
                if ended.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            match session.get_bulk(&after, size.now, &mut each).await {
                Ok(()) => {}
                Err(SnmpError::TooBig | SnmpError::Status(_) | SnmpError::NoSuchName(_)) if size.now > 0 => {
                    pace.heard(true);
                    size.refusal();
                    continue;
                }
                Err(SnmpError::Timeout) if size.now > 0 || size.unanswered < session.retries() => {
                    size.silence(pace);
                    continue;
                }
                Err(SnmpError::Timeout) => {
                    pace.heard(false);
                    return Err(session.silence().to_string());
                }
                Err(error) => return Err(error.to_string()),
            }
            pace.heard(true);
            if let Some(ended) = ended {
                return ended;
            }
            if bindings == 0 {
                return Err("the agent sent a reply without a row".to_owned());
            }
            size.answered(pace);
            after.clone_from(&self.last);
        }
    }

    /// Takes a binding of a reply; says so if it is the last that is wanted.
    fn take(&mut self, oid: &[u32], value: Value) -> Option<Ended> {
        let Some(suffix) = oid.strip_prefix(self.root).filter(|_| value != Value::End) else { return Some(Ok(())) };
        if suffix <= self.last.get(self.root.len()..).unwrap_or_default() {
            let (oid, last) = (Oid::new(oid), Oid::new(&self.last));
            return Some(Err(format!("the agent's OIDs do not increase: {oid} after {last}")));
        }
        if self.rows.len() >= self.max_rows {
            return Some(Err(format!("more than {} rows", self.max_rows)));
        }
        if value != Value::Missing {
            self.rows.push((suffix.into(), value));
        }
        self.last.clear();
        self.last.extend_from_slice(oid);
        None
    }
}

fn cut(rows: Vec<(Index, Value)>, why: String) -> Walked {
    let end = if rows.is_empty() { WalkEnd::Failed(why) } else { WalkEnd::Partial(why) };
    Walked { rows, end }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// An agent of 200 rows under 1.1 with a neighbour at 1.2, and one way to misbehave.
    #[derive(Clone, Copy, PartialEq, Debug)]
    enum Mode {
        Good,
        TooBig,
        GenErr,
        Silent,
        Lossy,
        OnlyGetNext,
        SilentGetBulk,
        Empty,
        Loop,
        Same,
        EndOfView,
        Dead,
    }

    struct Canned(Mode, AtomicU32);

    impl Session for Canned {
        async fn get(&self, _: &[Oid]) -> Result<Vec<Value>, SnmpError> {
            Err(SnmpError::Timeout)
        }

        fn retries(&self) -> u32 {
            1
        }

        async fn get_bulk(
            &self,
            after: &[u32],
            repetitions: u32,
            each: &mut (impl FnMut(&[u32], Value) -> ControlFlow<()> + Send),
        ) -> Result<(), SnmpError> {
            let number = self.1.fetch_add(1, Ordering::Relaxed);
            let at = after.strip_prefix(&[1, 1]).and_then(|suffix| suffix.first().copied()).unwrap_or(0);
            match self.0 {
                Mode::Dead => return Err(SnmpError::Timeout),
                Mode::TooBig if repetitions > 10 => return Err(SnmpError::TooBig),
                Mode::GenErr if repetitions > 10 => return Err(SnmpError::Status("genErr".into())),
                Mode::Silent if repetitions > 10 => return Err(SnmpError::Timeout),
                Mode::Lossy if number % 3 == 1 => return Err(SnmpError::Timeout),
                Mode::SilentGetBulk if repetitions > 0 => return Err(SnmpError::Timeout),
                Mode::OnlyGetNext if repetitions > 0 => return Err(SnmpError::Status("genErr".into())),
                Mode::Empty if at >= 60 => return Ok(()),
                Mode::Loop if at >= 60 => {
                    let _ = each(&[1, 1, 5], Value::Integer(1));
                    return Ok(());
                }
                Mode::Same if at >= 60 => {
                    let _ = each(after, Value::Integer(1));
                    return Ok(());
                }
                _ => {}
            }
            let mut row = |number: u32| match number {
                1..=200 => each(&[1, 1, number], Value::Integer(i64::from(number))),
                _ if self.0 == Mode::EndOfView => each(&[1, 1, 200], Value::End),
                _ => each(&[1, 2, number], Value::Integer(0)),
            };
            let _ = (1..=repetitions.max(1)).try_for_each(|step| row(at + step));
            Ok(())
        }
    }

    async fn run(mode: Mode, max_rows: usize) -> (usize, WalkEnd, u32) {
        let session = Canned(mode, AtomicU32::new(0));
        let limits = Limits { max_rows, deadline: Instant::now() + Duration::from_secs(5) };
        let walked = walk(&session, &Oid::new(&[1, 1]), limits, &Pace::default(), None).await;
        (walked.rows.len(), walked.end, session.1.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn every_row_comes_however_the_agent_balks() {
        let modes = [
            (Mode::Good, 6),
            (Mode::EndOfView, 6),
            (Mode::Lossy, 12),
            (Mode::TooBig, 23),
            (Mode::GenErr, 23),
            (Mode::Silent, 26),
            (Mode::OnlyGetNext, 210),
            (Mode::SilentGetBulk, 210),
        ];
        for (mode, most) in modes {
            let (rows, end, requests) = run(mode, 1000).await;
            assert_eq!((rows, end), (200, WalkEnd::Complete), "{mode:?}");
            assert!(requests <= most, "{mode:?} took {requests} requests");
        }
    }

    #[tokio::test]
    async fn a_short_read_is_never_complete() {
        for (mode, word) in
            [(Mode::Empty, "without a row"), (Mode::Loop, "do not increase"), (Mode::Same, "do not increase")]
        {
            let (rows, end, requests) = run(mode, 1000).await;
            assert!(matches!(&end, WalkEnd::Partial(why) if why.contains(word)), "{mode:?} {end:?}");
            assert!((60..200).contains(&rows) && requests < 10, "{mode:?} {rows} {requests}");
        }
        assert!(matches!(run(Mode::Good, 50).await, (50, WalkEnd::Partial(why), _) if why.contains("more than 50")));
        assert_eq!(run(Mode::Dead, 1000).await.1, WalkEnd::Failed("no answer".into()));
    }

    #[tokio::test]
    async fn what_an_agent_bears_is_remembered_and_a_lost_one_is_left_alone() {
        let limits = Limits { max_rows: 1000, deadline: Instant::now() + Duration::from_secs(5) };
        let pace = Pace::default();
        for (mode, least, most) in [(Mode::Silent, 22, 26), (Mode::Silent, 20, 21), (Mode::Good, 20, 21)] {
            let session = Canned(mode, AtomicU32::new(0));
            walk(&session, &Oid::new(&[1, 1]), limits, &pace, None).await;
            let requests = session.1.load(Ordering::Relaxed);
            assert!((least..=most).contains(&requests), "{mode:?} took {requests}");
        }
        let dead = Canned(Mode::Dead, AtomicU32::new(0));
        for _ in 0..50 {
            walk(&dead, &Oid::new(&[1, 1]), limits, &pace, None).await;
        }
        assert!(dead.1.load(Ordering::Relaxed) < 20, "{:?}", dead.1);
        pace.begin();
        let back = walk(&Canned(Mode::Good, AtomicU32::new(0)), &Oid::new(&[1, 1]), limits, &pace, None).await;
        assert_eq!((back.rows.len(), back.end), (200, WalkEnd::Complete));
        let few = Canned(Mode::Good, AtomicU32::new(0));
        walk(&few, &Oid::new(&[1, 1]), limits, &Pace::default(), Some(3)).await;
        assert_eq!(few.1.load(Ordering::Relaxed), 6, "a table that grew is not read in small pieces");
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_ends_a_walk_that_never_would() {
        struct Drip;
        impl Session for Drip {
            async fn get(&self, _: &[Oid]) -> Result<Vec<Value>, SnmpError> {
                Err(SnmpError::Timeout)
            }
            fn retries(&self) -> u32 {
                1
            }
            async fn get_bulk(
                &self,
                after: &[u32],
                _: u32,
                each: &mut (impl FnMut(&[u32], Value) -> ControlFlow<()> + Send),
            ) -> Result<(), SnmpError> {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let next = after.strip_prefix(&[1, 1]).and_then(|suffix| suffix.first().copied()).unwrap_or(0) + 1;
                let _ = each(&[1, 1, next], Value::Integer(1));
                Ok(())
            }
        }
        let limits = Limits { max_rows: 1000, deadline: Instant::now() + Duration::from_secs(5) };
        let walked = walk(&Drip, &Oid::new(&[1, 1]), limits, &Pace::default(), None).await;
        assert!(matches!(walked.end, WalkEnd::Partial(why) if why.contains("deadline")));
    }
}
