//! Our walker, in a process of its own and on one thread.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lenswarden::snmp::{
    Agent, Limits, Manner, Oid, Pace, Security, SecurityAuth, SecurityPriv, Sockets, WalkEnd, walk,
};
use tokio::task::JoinSet;

use super::agent::{AUTH_PASSWORD, COMMUNITY, PRIV_PASSWORD, USER};
use super::measure::{self, Round, address, own_cpu, own_peak};
use super::mib::{FDB_COLUMNS, FDB_ENTRY};

/// What makes this executable the walker.
pub(crate) const MARK: &str = "--walk";

/// What is walked, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job {
    /// SNMPv3 authPriv in place of v2c.
    pub(crate) v3: bool,
    pub(crate) port: u16,
    pub(crate) agents: u32,
    /// Agents walked at once.
    pub(crate) at_once: u32,
    /// How often all are walked.
    pub(crate) rounds: u32,
    /// Rows of a column.
    pub(crate) rows: u32,
    /// Columns of an agent walked at once.
    pub(crate) columns: u32,
    /// Requests under way at once on an agent.
    pub(crate) per_target: u32,
}

impl Job {
    /// As arguments.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let Self { v3, port, agents, at_once, rounds, rows, columns, per_target } = *self;
        [u32::from(v3), port.into(), agents, at_once, rounds, rows, columns, per_target].map(|n| n.to_string()).into()
    }

    fn of(arguments: &[String]) -> Self {
        let numbers: Vec<u32> = arguments.iter().map(|argument| argument.parse().unwrap()).collect();
        let [v3, port, agents, at_once, rounds, rows, columns, per_target] = numbers[..] else { panic!("{numbers:?}") };
        let port = u16::try_from(port).unwrap();
        Self { v3: v3 == 1, port, agents, at_once, rounds, rows, columns, per_target }
    }

    /// Runs this executable as the walker.
    pub(crate) fn walked_by_us(&self) -> Vec<Round> {
        super::peers::rounds(Command::new(std::env::current_exe().unwrap()).arg(MARK).args(self.arguments()))
    }
}

fn security(v3: bool) -> Security {
    if v3 {
        let (auth, privacy) = ((SecurityAuth::Sha256, AUTH_PASSWORD), (SecurityPriv::Aes128, PRIV_PASSWORD));
        Security::v3(USER, Some(auth), Some(privacy)).unwrap()
    } else {
        Security::v2c(COMMUNITY)
    }
}

/// Walks the columns of one agent at once, which had so many rows the last time, and counts their rows.
async fn visit(agent: &Agent, job: Job, expected: Option<usize>) -> u64 {
    let limits = Limits { max_rows: 100_000, deadline: tokio::time::Instant::now() + Duration::from_secs(60) };
    let pace = Pace::default();
    let column = async |column: u32| {
        let root = Oid::new(&FDB_ENTRY).join(&[column]);
        let walked = walk(agent, &root, limits, &pace, expected).await;
        assert_eq!((walked.rows.len() as u64, walked.end), (job.rows.into(), WalkEnd::Complete));
        walked.rows.len() as u64
    };
    let mut columns = FDB_COLUMNS.map(column);
    // On the heap, so that a visit of one column is not as large as one of six.
    let mut next = || Box::pin(columns.next().unwrap());
    match job.columns {
        1 => next().await,
        2 => {
            let (a, b) = tokio::join!(next(), next());
            a + b
        }
        6 => {
            let (a, b, c, d, e, f) = tokio::join!(next(), next(), next(), next(), next(), next());
            a + b + c + d + e + f
        }
        other => panic!("no job of {other} columns"),
    }
}

/// Does the job and prints a line for each round.
pub(crate) fn run(arguments: &[String]) {
    measure::pin(0);
    let job = Job::of(arguments);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut begun = (Instant::now(), own_cpu());
        let sockets = Sockets::bind().await.unwrap();
        let security = security(job.v3);
        let manner = Manner { timeout: Duration::from_secs(5), retries: 1, per_target: job.per_target as usize };
        let agents = (0..job.agents).map(|number| {
            let address = SocketAddr::from((address(number), job.port));
            Agent::new(&sockets, address, &security, manner).unwrap()
        });
        let agents: Arc<Vec<Agent>> = Arc::new(agents.collect());
        let mut sent = 0;
        for round in 0..job.rounds {
            // As a visit remembers from the one before.
            let expected = (round > 0).then_some(job.rows as usize);
            let next = Arc::new(AtomicUsize::new(0));
            let mut visits = JoinSet::new();
            for _ in 0..job.at_once {
                let (agents, next) = (Arc::clone(&agents), Arc::clone(&next));
                visits.spawn(async move {
                    let mut rows = 0;
                    while let Some(agent) = agents.get(next.fetch_add(1, Ordering::Relaxed)) {
                        rows += visit(agent, job, expected).await;
                    }
                    rows
                });
            }
            let rows = visits.join_all().await.iter().sum();
            let before = std::mem::replace(&mut sent, agents.iter().map(|agent| u64::from(agent.sent())).sum());
            let (wall, cpu) = (begun.0.elapsed(), own_cpu() - begun.1);
            println!("{}", Round { wall, cpu, peak: own_peak(), requests: sent - before, rows }.line());
            begun = (Instant::now(), own_cpu());
        }
    });
}
