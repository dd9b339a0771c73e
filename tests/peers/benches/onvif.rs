//! A full poll of fifty authenticated mock cameras of the crate `oxvif`, one after the other and all at once, by
//! lenswarden and by the Python package `onvif-zeep-async`, on the same mocks in the same run.
//!
//! `cargo bench --manifest-path tests/peers/Cargo.toml`. Prints a table; figures of one run stand in benches/README.md.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lenswarden::collect::camera::{Attempt, CameraCollector, Claim, CredentialLedger};
use lenswarden::config::secret::Secret;
use lenswarden::config::{CameraBlock, Credential, CredentialKind, OnvifSettings};
use lenswarden::net::DeviceText;
use lenswarden::observation::CameraVisit;
use lenswarden_peers::Peer;
use nix::sys::resource::{UsageWho, getrusage};
use tokio::task::JoinSet;

const CAMERAS: &str = "50";
const SAMPLES: usize = 15;
const PACKAGE: &str = "onvif-zeep-async==4.3.0";

/// Every attempt is the first.
struct Anything;

impl CredentialLedger for Anything {
    async fn claim(&self, _: Attempt<'_>) -> Claim {
        Claim::Go
    }

    async fn outcome(&self, _: IpAddr, _: &Credential, _: Result<(), DeviceText>) {}
}

/// How long, and how much of a processor, in seconds.
#[derive(Debug, Clone, Copy)]
struct Cost {
    wall: f64,
    processor: f64,
}

fn processor() -> f64 {
    let used = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    [used.user_time(), used.system_time()].iter().map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6).sum()
}

/// What another process has used so far, to a hundredth of a second (proc(5), fields 14 and 15 of `stat`).
fn processor_of(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The shortest of several, and the cheapest: what else runs on the machine only adds.
fn least(costs: &[Cost]) -> Cost {
    let of = |value: fn(&Cost) -> f64| costs.iter().map(value).fold(f64::INFINITY, f64::min);
    Cost { wall: of(|cost| cost.wall), processor: of(|cost| cost.processor) }
}

fn is_whole(visit: &CameraVisit) {
    let complete = visit.information.is_some()
        && visit.errors.is_empty()
        && visit.hostname.is_some()
        && !visit.scopes.is_empty()
        && !visit.interfaces.is_empty()
        && !visit.network.protocols.is_empty();
    assert!(complete, "{visit:?}");
}

/// Ours: sequential, concurrent; and what the mocks themselves used of a processor in a concurrent round.
fn ours(ports: &[(u16, u16)], mocks: u32) -> ([Cost; 2], f64) {
    let collector = Arc::new(CameraCollector::new(&OnvifSettings {
        connect_timeout: Duration::from_secs(3),
        deadline: Duration::from_secs(10),
        max_bytes: 2 << 20,
        probes_per_second: 50,
        users: false,
    }));
    let visit = |port: u16, discovery_port: u16| {
        let collector = Arc::clone(&collector);
        async move {
            let block = CameraBlock {
                site: "hq".into(),
                subnets: vec!["127.0.0.1/32".parse().unwrap()],
                credentials: vec!["c".into()],
                ports: vec![port],
                discovery_port,
                rtsp_port: 554,
                snmp_port: 161,
                vendor_queries: Vec::new(),
            };
            let password = Secret::new("admin".to_owned());
            let credential = Credential {
                id: "c".into(),
                secret: CredentialKind::Onvif { user: "admin".to_owned(), password },
                allow: vec!["127.0.0.0/8".parse().unwrap()],
            };
            collector.visit(&block, IpAddr::V4(Ipv4Addr::LOCALHOST), &[&credential], &Anything).await
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (mut sequential, mut concurrent, mut theirs) = (Vec::new(), Vec::new(), 0.0);
    // The first of each warms caches on both sides.
    for sample in 0..=SAMPLES {
        let (begun, before) = (Instant::now(), processor());
        for (port, discovery_port) in ports {
            is_whole(&runtime.block_on(visit(*port, *discovery_port)));
        }
        let one = Cost { wall: begun.elapsed().as_secs_f64(), processor: processor() - before };
        let served = processor_of(mocks);
        let (begun, before) = (Instant::now(), processor());
        let mut visits = JoinSet::new();
        for (port, discovery_port) in ports {
            visits.spawn_on(visit(*port, *discovery_port), runtime.handle());
        }
        for visited in runtime.block_on(visits.join_all()) {
            is_whole(&visited);
        }
        let all = Cost { wall: begun.elapsed().as_secs_f64(), processor: processor() - before };
        if sample > 0 {
            sequential.push(one);
            concurrent.push(all);
            theirs += processor_of(mocks) - served;
        }
    }
    ([least(&sequential), least(&concurrent)], theirs / SAMPLES as f64)
}

/// Python's: sequential, concurrent. The error says why it cannot be had here.
fn theirs(ports: &[(u16, u16)]) -> Result<[Cost; 2], String> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let home = here.join("target/zeep");
    let run = |command: &mut Command| {
        let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(output.stdout) } else { Err(format!("{command:?}: {words}")) }
    };
    if !home.join("bin/python").exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    }
    run(Command::new(home.join("bin/pip")).args(["install", "--quiet", PACKAGE]))?;
    let numbers = ports.iter().map(|(port, _)| port.to_string());
    let script = here.join("benches/compare.py");
    let samples = SAMPLES.to_string();
    let said = run(Command::new(home.join("bin/python")).arg(script).arg(samples).args(numbers))?;
    let said = String::from_utf8_lossy(&said).into_owned();
    let costs: Vec<(String, Cost)> = said
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let kind = words.next()?.to_owned();
            Some((kind, Cost { wall: words.next()?.parse().ok()?, processor: words.next()?.parse().ok()? }))
        })
        .collect();
    let of = |kind: &str| {
        let found: Vec<Cost> = costs.iter().filter(|(name, _)| name == kind).map(|(_, cost)| *cost).collect();
        if found.len() == SAMPLES { Ok(least(&found)) } else { Err(format!("it said {said}")) }
    };
    Ok([of("sequential")?, of("concurrent")?])
}

fn main() {
    // `cargo test` runs benchmarks too, to see that they work; this one is for figures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mocks = match Peer::start("mocks", &[CAMERAS], None) {
        Ok(mocks) => mocks,
        Err(why) => {
            println!("{why}: cargo build --release --examples");
            return;
        }
    };
    let ports: Vec<(u16, u16)> = mocks
        .lines()
        .iter()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(port, discovery)| (port.parse().unwrap(), discovery.parse().unwrap()))
        .collect();
    let (ours, served) = ours(&ports, mocks.id());
    println!("{:<12} {:<18} {:>10} {:>12} {:>12}", CAMERAS, "full poll", "seconds", "cameras/s", "CPU seconds");
    let line = |who: &str, how: &str, cost: Cost| {
        let rate = ports.len() as f64 / cost.wall;
        println!("{how:<12} {who:<18} {:>10.4} {rate:>12.0} {:>12.4}", cost.wall, cost.processor);
    };
    line("lenswarden", "sequential", ours[0]);
    line("lenswarden", "concurrent", ours[1]);
    println!("{:<12} {:<18} {:>10} {:>12} {served:>12.4}", "", "the mocks meanwhile", "", "");
    match theirs(&ports) {
        Ok(theirs) => {
            line("onvif-zeep-async", "sequential", theirs[0]);
            line("onvif-zeep-async", "concurrent", theirs[1]);
            for (how, index) in [("sequential", 0), ("concurrent", 1)] {
                let (rate, processor) =
                    (theirs[index].wall / ours[index].wall, theirs[index].processor / ours[index].processor);
                println!("{how}: {rate:.1} times its rate at 1/{processor:.1} of its CPU");
            }
        }
        Err(why) => println!("onvif-zeep-async was not measured: {why}"),
    }
}
