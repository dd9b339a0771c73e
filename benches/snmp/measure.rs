//! What a process used, and what is made of several runs.

use std::net::Ipv4Addr;
use std::time::Duration;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::unistd::Pid;

/// Keeps this thread, and what it starts, on one processor; where there is no such one it stays as it was.
pub(crate) fn pin(processor: usize) {
    let mut set = CpuSet::new();
    let _ = set.set(processor).and_then(|()| sched_setaffinity(Pid::from_raw(0), &set));
}

/// Address of an agent by its number.
pub(crate) fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x7f01_0001 + number)
}

fn time(usage: &Usage) -> Duration {
    let [user, system] = [usage.user_time(), usage.system_time()];
    let micros = |time: nix::sys::time::TimeVal| Duration::new(time.tv_sec() as u64, time.tv_usec() as u32 * 1000);
    micros(user) + micros(system)
}

/// Processor time of this process.
pub(crate) fn own_cpu() -> Duration {
    time(&getrusage(UsageWho::RUSAGE_SELF).unwrap())
}

/// Processor time of the children that have ended.
pub(crate) fn children_cpu() -> Duration {
    time(&getrusage(UsageWho::RUSAGE_CHILDREN).unwrap())
}

/// Most memory this process has held, in KiB.
pub(crate) fn own_peak() -> u64 {
    getrusage(UsageWho::RUSAGE_SELF).unwrap().max_rss() as u64
}

/// Datagrams the system has thrown away because a socket's buffer was full (`RcvbufErrors` in /proc/net/snmp).
pub(crate) fn thrown_away() -> u64 {
    let counters = std::fs::read_to_string("/proc/net/snmp").unwrap_or_default();
    let mut lines = counters.lines().filter_map(|line| line.strip_prefix("Udp: "));
    let (Some(names), Some(values)) = (lines.next(), lines.next()) else { return 0 };
    let found = names.split(' ').zip(values.split(' ')).find(|(name, _)| *name == "RcvbufErrors");
    found.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
}

/// One round of walks of all agents.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Round {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// Most memory so far, in KiB.
    pub(crate) peak: u64,
    /// Requests of the walks: discovery of engines is not among them.
    pub(crate) requests: u64,
    pub(crate) rows: u64,
}

impl Round {
    /// The line a measured process prints: microseconds, KiB, counts.
    pub(crate) fn line(&self) -> String {
        let Self { wall, cpu, peak, requests, rows } = self;
        format!("round {} {} {peak} {requests} {rows}", wall.as_micros(), cpu.as_micros())
    }

    /// Such a line again.
    pub(crate) fn of(line: &str) -> Option<Self> {
        let numbers: Option<Vec<u64>> =
            line.strip_prefix("round ")?.split(' ').map(|number| number.parse().ok()).collect();
        let [wall, cpu, peak, requests, rows] = numbers?[..] else { return None };
        let [wall, cpu] = [wall, cpu].map(Duration::from_micros);
        Some(Self { wall, cpu, peak, requests, rows })
    }

    /// Microseconds of processor time a request.
    pub(crate) fn cpu_each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.requests.max(1) as f64
    }
}

/// The middle one.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
