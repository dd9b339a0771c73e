//! Walking a column with GETBULK, and knowing whether its end was seen.

use std::sync::atomic::{AtomicU32, Ordering};

use super::{Oid, Session, SnmpError, Value};

/// How far a walk may go.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most rows accepted of one column.
    pub max_rows: usize,
    /// When the whole visit must be over.
    pub deadline: tokio::time::Instant,
}

/// Repetitions an agent is known to bear, remembered between visits.
#[derive(Debug)]
pub struct Pace(AtomicU32);

/// About what fits into one datagram of 1,400 octets, the longest that every path carries whole.
const FIRST_REPETITIONS: u32 = 40;

impl Default for Pace {
    fn default() -> Self {
        Self(AtomicU32::new(FIRST_REPETITIONS))
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
    pub rows: Vec<(Vec<u32>, Value)>,
    /// How it ended.
    pub end: WalkEnd,
}

/// Walks one column. Repetitions are halved when the agent cannot answer them (tooBig, genErr, silence) down to
/// GETNEXT; OIDs must increase; a reply without a row ends the walk as cut off, never as complete.
pub async fn walk(session: &impl Session, root: &Oid, limits: Limits, pace: &Pace) -> Walked {
    let mut rows: Vec<(Vec<u32>, Value)> = Vec::new();
    let mut last = root.clone();
    let mut repetitions = pace.0.load(Ordering::Relaxed).max(1);
    loop {
        let Ok(reply) = tokio::time::timeout_at(limits.deadline, session.get_bulk(&last, repetitions)).await else {
            return cut(rows, "the visit's deadline has passed".to_owned());
        };
        let reply = match reply {
            Ok(reply) => reply,
            Err(SnmpError::TooBig | SnmpError::Status(_) | SnmpError::Timeout) if repetitions > 0 => {
                // 1 becomes 0, which is GETNEXT: some agents answer that and no GETBULK at all.
                repetitions /= 2;
                pace.0.fetch_min(repetitions.max(1), Ordering::Relaxed);
                continue;
            }
            Err(error) => return cut(rows, error.to_string()),
        };
        if reply.is_empty() {
            return cut(rows, "the agent sent a reply without a row".to_owned());
        }
        for (oid, value) in reply {
            let Some(suffix) = oid.under(root).filter(|_| value != Value::End) else {
                return Walked { rows, end: WalkEnd::Complete };
            };
            if oid <= last {
                return cut(rows, format!("the agent's OIDs do not increase: {oid} after {last}"));
            }
            if rows.len() >= limits.max_rows {
                return cut(rows, format!("more than {} rows", limits.max_rows));
            }
            if value != Value::Missing {
                rows.push((suffix.to_vec(), value));
            }
            last = oid;
        }
    }
}

fn cut(rows: Vec<(Vec<u32>, Value)>, why: String) -> Walked {
    let end = if rows.is_empty() { WalkEnd::Failed(why) } else { WalkEnd::Partial(why) };
    Walked { rows, end }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// An agent of 200 rows under 1.1 with a neighbour at 1.2, and one way to misbehave.
    #[derive(Clone, Copy, PartialEq, Debug)]
    enum Mode {
        Good,
        TooBig,
        GenErr,
        Silent,
        OnlyGetNext,
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

        async fn get_bulk(&self, after: &Oid, repetitions: u32) -> Result<Vec<(Oid, Value)>, SnmpError> {
            self.1.fetch_add(1, Ordering::Relaxed);
            let at = after.under(&Oid::new(&[1, 1])).and_then(|suffix| suffix.first().copied()).unwrap_or(0);
            match self.0 {
                Mode::Dead => return Err(SnmpError::Timeout),
                Mode::TooBig if repetitions > 10 => return Err(SnmpError::TooBig),
                Mode::GenErr if repetitions > 10 => return Err(SnmpError::Status("genErr".into())),
                Mode::Silent if repetitions > 10 => return Err(SnmpError::Timeout),
                Mode::OnlyGetNext if repetitions > 0 => return Err(SnmpError::Status("genErr".into())),
                Mode::Empty if at >= 60 => return Ok(Vec::new()),
                Mode::Loop if at >= 60 => return Ok(vec![(Oid::new(&[1, 1, 5]), Value::Integer(1))]),
                Mode::Same if at >= 60 => return Ok(vec![(after.clone(), Value::Integer(1))]),
                _ => {}
            }
            let row = |number: u32| match number {
                1..=200 => (Oid::new(&[1, 1, number]), Value::Integer(i64::from(number))),
                _ if self.0 == Mode::EndOfView => (Oid::new(&[1, 1, 200]), Value::End),
                _ => (Oid::new(&[1, 2, number]), Value::Integer(0)),
            };
            Ok((1..=repetitions.max(1)).map(|step| row(at + step)).collect())
        }
    }

    async fn run(mode: Mode, max_rows: usize) -> (usize, WalkEnd, u32) {
        let session = Canned(mode, AtomicU32::new(0));
        let limits = Limits { max_rows, deadline: tokio::time::Instant::now() + Duration::from_secs(5) };
        let walked = walk(&session, &Oid::new(&[1, 1]), limits, &Pace::default()).await;
        (walked.rows.len(), walked.end, session.1.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn every_row_comes_however_the_agent_balks() {
        for mode in [Mode::Good, Mode::TooBig, Mode::GenErr, Mode::Silent, Mode::OnlyGetNext, Mode::EndOfView] {
            let (rows, end, _) = run(mode, 1000).await;
            assert_eq!((rows, end), (200, WalkEnd::Complete), "{mode:?}");
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

    #[tokio::test(start_paused = true)]
    async fn the_deadline_ends_a_walk_that_never_would() {
        struct Drip;
        impl Session for Drip {
            async fn get(&self, _: &[Oid]) -> Result<Vec<Value>, SnmpError> {
                Err(SnmpError::Timeout)
            }
            async fn get_bulk(&self, after: &Oid, _: u32) -> Result<Vec<(Oid, Value)>, SnmpError> {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let next = after.under(&Oid::new(&[1, 1])).and_then(|suffix| suffix.first().copied()).unwrap_or(0) + 1;
                Ok(vec![(Oid::new(&[1, 1, next]), Value::Integer(1))])
            }
        }
        let limits = Limits { max_rows: 1000, deadline: tokio::time::Instant::now() + Duration::from_secs(5) };
        let walked = walk(&Drip, &Oid::new(&[1, 1]), limits, &Pace::default()).await;
        assert!(matches!(walked.end, WalkEnd::Partial(why) if why.contains("deadline")));
    }
}
