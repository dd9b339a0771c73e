//! What walks over SNMP cost, and how others do the same in the same run: libsnmp's C API and snmpbulkwalk. The agents
//! are a simulator in a process of its own.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod agent;
mod measure;
mod mib;
mod peers;
mod simulator;
mod visit;
mod walker;

use std::path::Path;
use std::time::Duration;

use measure::{Round, median, thrown_away};
use simulator::Simulator;
use walker::Job;

/// Time an agent takes for a request, where it takes any.
const THINK: Duration = Duration::from_millis(20);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some(simulator::MARK) => simulator::run(&arguments[2..]),
        Some(walker::MARK) => walker::run(&arguments[2..]),
        _ => {}
    }
    // `cargo test --all-targets` runs it without: then there is nothing to do.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let runs = std::env::var("RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(5);
    let wanted = |part: &str| {
        let named: Vec<_> = arguments.iter().skip(1).filter(|argument| !argument.starts_with('-')).collect();
        named.is_empty() || named.iter().any(|name| *name == part)
    };
    measure::pin(0);
    let program = peers::compile().map_err(|why| println!("libsnmp's C API is left out: {why}")).ok();
    if wanted("peers") {
        against_peers(program.as_deref(), runs);
    }
    if wanted("estate") {
        estate(program.as_deref(), runs);
    }
    if wanted("switch") {
        one_switch(runs);
    }
}

fn name(v3: bool) -> &'static str {
    if v3 { "authPriv" } else { "v2c" }
}

/// The head of a table of rounds.
fn head(title: &str) {
    println!("\n{title}\n");
    println!("| | walked by | CPU µs/request | ours/theirs | wall s | peak MiB | requests | lost |");
    println!("|---|---|---|---|---|---|---|---|");
}

/// A line of it, with how many datagrams were thrown away meanwhile; says how much a request cost.
fn line(what: &str, v3: bool, rounds: &[Round], ours: Option<f64>, lost: u64) -> f64 {
    let each = median(rounds.iter().map(Round::cpu_each));
    let wall = median(rounds.iter().map(|round| round.wall.as_secs_f64()));
    let peak = median(rounds.iter().map(|round| round.peak as f64)) / 1024.0;
    let ratio = ours.map_or(String::new(), |ours| format!("{:.2}", ours / each));
    let requests = rounds[0].requests;
    println!("| {} | {what} | {each:.1} | {ratio} | {wall:.2} | {peak:.0} | {requests} | {lost} |", name(v3));
    each
}

/// 500 agents of 500 rows that answer at once.
fn against_peers(program: Option<&Path>, runs: usize) {
    head(&format!("500 agents x 500 rows, 500 at once, no think time; medians of {runs}"));
    let mut simulator = Simulator::start(500, Duration::ZERO);
    for v3 in [false, true] {
        let port = simulator.port;
        let job = Job { v3, port, agents: 500, at_once: 500, rounds: 2, rows: 500, columns: 1, per_target: 2 };
        let (mut ours, mut theirs, mut processes) = (Vec::new(), Vec::new(), Vec::new());
        let mut lost = [0; 3];
        for run in 0..runs {
            let (before, mut thrown) = (simulator.answered(), thrown_away());
            let mut count = |lost: &mut u64| *lost += thrown_away() - std::mem::replace(&mut thrown, thrown_away());
            ours.push(job.walked_by_us());
            count(&mut lost[0]);
            let requests: u64 = ours[run].iter().map(|round| round.requests).sum();
            // Discovery, and nothing sent twice.
            let extra = simulator.answered() - before - requests;
            assert!(extra <= if v3 { 2 * 500 } else { 0 }, "{extra} requests too many");
            if let Some(program) = program {
                theirs.push(peers::libsnmp(program, &job));
                count(&mut lost[1]);
                assert_eq!(ours[run][0].requests, theirs[run][0].requests);
            }
            if peers::has_snmpbulkwalk() {
                processes.push(peers::snmpbulkwalk(&job, ours[run][0].requests));
                count(&mut lost[2]);
            }
        }
        for (round, kind) in [(0, "first round"), (1, "second round")] {
            let of = |all: &[Vec<Round>]| all.iter().map(|rounds| rounds[round]).collect::<Vec<_>>();
            let base = line(&format!("lenswarden, {kind}"), v3, &of(&ours), None, lost[0]);
            if !theirs.is_empty() {
                line(&format!("libsnmp, {kind}"), v3, &of(&theirs), Some(base), lost[1]);
            }
            if round == 0 && !processes.is_empty() {
                line("snmpbulkwalk, 8 at once", v3, &processes, Some(base), lost[2]);
            }
        }
    }
}

/// 5,000 agents that think, from nothing known.
fn estate(program: Option<&Path>, runs: usize) {
    head(&format!("5,000 agents x 31 requests x 20 ms, from cold; medians of {runs}"));
    let one_column = Simulator::start(1_230, THINK);
    let two_columns = Simulator::start(610, THINK);
    let job =
        Job { v3: false, port: 0, agents: 5_000, at_once: 1_000, rounds: 1, rows: 1_230, columns: 1, per_target: 2 };
    let jobs = [
        ("one column, 1,000 at once", Job { port: one_column.port, ..job }),
        ("two columns, 256 at once", Job { port: two_columns.port, rows: 610, columns: 2, at_once: 256, ..job }),
    ];
    for v3 in [false, true] {
        for (what, job) in jobs {
            let before = thrown_away();
            let rounds: Vec<_> = (0..runs).map(|_| Job { v3, ..job }.walked_by_us()[0]).collect();
            let ours = line(&format!("lenswarden, {what}"), v3, &rounds, None, thrown_away() - before);
            // libsnmp waits for each engine by itself: 5,000 would take minutes.
            if let Some(program) = program.filter(|_| !v3 && job.columns == 1) {
                let before = thrown_away();
                let rounds: Vec<_> = (0..runs).map(|_| peers::libsnmp(program, &job)[0]).collect();
                line(&format!("libsnmp, {what}"), v3, &rounds, Some(ours), thrown_away() - before);
            }
        }
    }
}

/// One switch: six columns of five requests, and a whole first visit.
fn one_switch(runs: usize) {
    let simulator = Simulator::start(199, THINK);
    let port = simulator.port;
    println!("\none switch, 20 ms a request; medians of {runs}\n");
    println!(
        "| | what | at once | requests | wall ms | round trips' time per 10 requests |\n|---|---|---|---|---|---|"
    );
    let row = |v3: bool, what: &str, at_once: u32, requests: u64, wall: f64| {
        let trips = wall / THINK.as_secs_f64() * 10.0 / requests as f64;
        println!("| {} | {what} | {at_once} | {requests} | {:.0} | {trips:.1} |", name(v3), wall * 1e3);
    };
    for v3 in [false, true] {
        for per_target in [1, 2, 4, 6] {
            let job = Job { v3, port, agents: 1, at_once: 1, rounds: 2, rows: 199, columns: 6, per_target };
            // The second round: the engine is known.
            let rounds: Vec<_> = (0..runs).map(|_| job.walked_by_us()[1]).collect();
            let wall = median(rounds.iter().map(|round| round.wall.as_secs_f64()));
            row(v3, "six columns", per_target, rounds[0].requests, wall);
        }
    }
    for per_target in [1, 2, 4, 6] {
        let visits: Vec<_> = (0..runs).map(|_| visit::first(port, per_target as usize)).collect();
        let wall = median(visits.iter().map(|(wall, _)| wall.as_secs_f64()));
        row(false, "first visit", per_target, visits[0].1.into(), wall);
    }
}
