//! Sweeps: which addresses of a block are asked next, and what is remembered of the answers. A daemon that starts again
//! goes on where the last one stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::Cameras;
use crate::collect::camera::Found;
use crate::config::CameraBlock;
use crate::daemon::beats::Task;
use crate::daemon::recorder::Message;
use crate::net::Timestamp;
use crate::observation::SweepAnswer;
use crate::store::Swept;

/// Addresses asked between two looks at what is alive, and lost at most when the daemon is killed.
const AT_ONCE: usize = 256;
/// How long it may take until what became alive meanwhile is noticed.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long 256 addresses may take at the gentlest pace while others take their turns.
const LEAST_PATIENCE: Duration = Duration::from_secs(1_800);
const SHORTEST_WAIT: Duration = Duration::from_millis(100);

/// How often addresses are asked.
#[derive(Debug, Clone, Copy)]
struct Intervals {
    every: Duration,
    /// Those that seem dead.
    slowly: Duration,
}

/// What is known of a block's addresses.
struct Known<'a> {
    swept: &'a BTreeMap<IpAddr, Swept>,
    /// By the address tables of switches.
    alive: &'a BTreeSet<IpAddr>,
    /// Visited anyway.
    cameras: &'a BTreeSet<IpAddr>,
}

/// What a sweep does next.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    /// Addresses to be asked now: those that are alive first, of these those not asked for longest.
    due: Vec<IpAddr>,
    /// When the next one is due.
    next: Option<Timestamp>,
}

fn plan(block: &CameraBlock, known: &Known<'_>, intervals: Intervals, now: Timestamp) -> Plan {
    // Where address tables show nobody, they show nothing: no switch that was asked routes there.
    let shown = |subnet: &&ipnet::IpNet| known.alive.range(subnet.network()..=subnet.broadcast()).next().is_some();
    let shown: Vec<_> = block.subnets.iter().filter(shown).collect();
    let (mut due, mut next) = (Vec::new(), None);
    for address in block.hosts() {
        if known.cameras.contains(&address) {
            continue;
        }
        let before = known.swept.get(&address);
        let alive = known.alive.contains(&address) || before.is_some_and(|swept| swept.answered.is_some());
        let dead = !alive && shown.iter().any(|subnet| subnet.contains(&address));
        let every = if dead { intervals.slowly } else { intervals.every };
        // A clock that was set back does not keep anybody waiting.
        let at = before.map(|swept| swept.at).filter(|at| *at <= now);
        match at.map(|at| at.plus(every)).filter(|at| *at > now) {
            Some(later) => next = Some(next.map_or(later, |next: Timestamp| next.min(later))),
            None => due.push((!alive, dead, at, address)),
        }
    }
    due.sort_unstable();
    Plan { due: due.into_iter().map(|(_, _, _, address)| address).collect(), next }
}

impl Cameras {
    fn intervals(&self) -> Intervals {
        let daemon = &self.config.daemon;
        Intervals { every: daemon.sweep_every, slowly: daemon.slow_sweep_every.max(daemon.sweep_every) }
    }

    async fn plan(&self, block: &CameraBlock, intervals: Intervals) -> Option<Plan> {
        let (reply, alive) = oneshot::channel();
        self.shared.recorder.send(Message::Alive { subnets: block.subnets.clone(), reply }).await.ok()?;
        let alive = alive.await.ok()?;
        let cameras = self.shared.cameras().clone();
        let swept = self.shared.swept();
        let known = Known { swept: &swept, alive: &alive, cameras: &cameras };
        Some(plan(block, &known, intervals, Timestamp::now()))
    }

    /// Asks these addresses of a block, hands on who answers and keeps what each did. `false`: it is over.
    async fn ask(&self, block: &CameraBlock, addresses: &[IpAddr], found: &mpsc::Sender<Found>) -> bool {
        let Ok(_permit) = self.sweeps.acquire().await else { return false };
        let (sender, mut answers) = mpsc::channel::<Found>(64);
        let found = found.clone();
        // Owned by this half: when it ends early, the other sees it and ends too.
        let handing_on = async move {
            let mut answered: BTreeMap<IpAddr, SweepAnswer> = BTreeMap::new();
            while let Some(answer) = answers.recv().await {
                answered.insert(answer.address, answer.answer);
                if found.send(answer).await.is_err() {
                    break;
                }
            }
            answered
        };
        let (whole, answered) = tokio::join!(self.collector.sweep(block, addresses, sender), handing_on);
        if !whole {
            return false;
        }
        let at = Timestamp::now();
        let row = |address: &IpAddr| Swept {
            address: *address,
            at,
            answered: answered.get(address).map(|answer| (at, *answer)),
        };
        let rows: Vec<Swept> = addresses.iter().map(row).collect();
        {
            let mut swept = self.shared.swept();
            for row in &rows {
                let before = swept.insert(row.address, *row);
                if let (Some(before), Some(now)) = (before, swept.get_mut(&row.address)) {
                    now.answered = now.answered.or(before.answered);
                }
            }
        }
        self.shared.recorder.send(Message::Swept(rows)).await.is_ok()
    }
}

/// Asks the addresses of a block again and again, each when it is due.
pub(super) async fn watch(cameras: Arc<Cameras>, number: usize, found: mpsc::Sender<Found>) {
    let Some(block) = cameras.config.cameras.get(number) else { return };
    // Sweeps share one pace and take turns: what comes round within two of the intervals is in time.
    let within = (2 * cameras.config.daemon.sweep_every).max(LEAST_PATIENCE);
    loop {
        cameras.shared.beats.note(Task::Sweep(number), within);
        let Some(Plan { due, next }) = cameras.plan(block, cameras.intervals()).await else { return };
        if let Some(first) = due.get(..due.len().min(AT_ONCE)).filter(|first| !first.is_empty()) {
            if !cameras.ask(block, first, &found).await {
                return;
            }
            continue;
        }
        let wait = next.map_or(LONGEST_WAIT, |next| next.since(Timestamp::now()));
        tokio::time::sleep(wait.clamp(SHORTEST_WAIT, LONGEST_WAIT)).await;
    }
}

/// Asks every address of a block once, whenever that was done before.
pub(super) async fn once(cameras: Arc<Cameras>, block: usize, found: mpsc::Sender<Found>) {
    let Some(block) = cameras.config.cameras.get(block) else { return };
    let intervals = Intervals { every: Duration::ZERO, slowly: Duration::ZERO };
    let Some(Plan { due, .. }) = cameras.plan(block, intervals).await else { return };
    for addresses in due.chunks(AT_ONCE) {
        if !cameras.ask(block, addresses, &found).await {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_500_000_000);
    const INTERVALS: Intervals = Intervals { every: Duration::from_secs(3_600), slowly: Duration::from_secs(21_600) };

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 1, 20, last])
    }

    fn block(subnets: &[&str]) -> CameraBlock {
        CameraBlock {
            site: "hq".into(),
            subnets: subnets.iter().map(|subnet| subnet.parse().unwrap()).collect(),
            credentials: Vec::new(),
            ports: Vec::new(),
            discovery_port: 3702,
            rtsp_port: 554,
            snmp_port: 161,
            vendor_queries: Vec::new(),
        }
    }

    fn asked(last: u8, minutes_ago: u64, answered: bool) -> (IpAddr, Swept) {
        let at = NOW.minus(Duration::from_secs(minutes_ago * 60));
        let answered = answered.then_some((at, SweepAnswer::OpenPort));
        (address(last), Swept { address: address(last), at, answered })
    }

    fn due(block: &CameraBlock, swept: &[(IpAddr, Swept)], alive: &[u8], cameras: &[u8]) -> (Vec<u8>, Option<u64>) {
        let swept = swept.iter().copied().collect();
        let (alive, cameras) = [alive, cameras].map(|list| list.iter().map(|last| address(*last)).collect()).into();
        let known = Known { swept: &swept, alive: &alive, cameras: &cameras };
        let Plan { due, next } = plan(block, &known, INTERVALS, NOW);
        let last = |address: &IpAddr| match address {
            IpAddr::V4(address) => address.octets()[3],
            IpAddr::V6(_) => panic!(),
        };
        (due.iter().map(last).collect(), next.map(|next| next.since(NOW).as_secs() / 60))
    }

    #[test]
    fn the_living_come_first_and_cameras_are_left_to_their_own_visits() {
        let block = block(&["10.1.20.0/29"]);
        assert_eq!(due(&block, &[], &[], &[]), (vec![1, 2, 3, 4, 5, 6], None));
        assert_eq!(due(&block, &[], &[5, 3], &[3]), (vec![5, 1, 2, 4, 6], None));
        let swept = [asked(4, 500, true), asked(6, 700, false)];
        assert_eq!(due(&block, &swept, &[5], &[]).0, [5, 4, 1, 2, 3, 6], "what answered once may again");
    }

    #[test]
    fn a_new_start_goes_on_where_the_last_one_stopped() {
        let block = block(&["10.1.20.0/29"]);
        let swept = [asked(1, 10, false), asked(2, 59, true), asked(3, 61, false), asked(4, 600, false)];
        assert_eq!(due(&block, &swept, &[], &[]), (vec![5, 6, 4, 3], Some(1)));
        // Where tables show others alive, the silent that they do not show are asked every six hours.
        assert_eq!(due(&block, &swept, &[6], &[]), (vec![6, 5, 4], Some(1)));
        let swept: Vec<_> = (1..=6).map(|last| asked(last, 61, false)).collect();
        assert_eq!(due(&block, &swept, &[6], &[]), (vec![6], Some(299)));
    }

    #[test]
    fn tables_say_something_of_the_subnets_only_in_which_they_show_somebody() {
        let block = block(&["10.1.20.0/30", "10.1.20.8/30"]);
        let swept: Vec<_> = [1, 2, 9, 10].map(|last| asked(last, 61, false)).into();
        assert_eq!(due(&block, &swept, &[1], &[]), (vec![1, 9, 10], Some(299)));
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nobody_waiting() {
        let block = block(&["10.1.20.0/30"]);
        let mut future = asked(1, 0, false);
        future.1.at = NOW.plus(Duration::from_secs(86_400));
        assert_eq!(due(&block, &[future, asked(2, 1, false)], &[], &[]), (vec![1], Some(59)));
    }
}
