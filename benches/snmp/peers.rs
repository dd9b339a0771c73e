//! The same walks by others: libsnmp's C API, and a process of net-snmp's snmpbulkwalk for each agent.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use super::agent::{AUTH_PASSWORD, COMMUNITY, PRIV_PASSWORD, USER};
use super::measure::{Round, address, children_cpu};
use super::mib::FDB_ENTRY;
use super::walker::Job;

/// Repetitions our walker asks for at first.
const REPETITIONS: u32 = 40;
/// Processes of snmpbulkwalk at once.
const PROCESSES: u32 = 8;

/// Runs a process that prints rounds.
pub(crate) fn rounds(command: &mut Command) -> Vec<Round> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", output.status);
    String::from_utf8(output.stdout).unwrap().lines().filter_map(Round::of).collect()
}

/// The C program, made with the compiler at hand.
///
/// # Errors
/// Why there is none.
pub(crate) fn compile() -> Result<PathBuf, String> {
    let config = Command::new("net-snmp-config").arg("--libs").output();
    let libraries = config.map_err(|error| format!("net-snmp-config (Debian's libsnmp-dev): {error}"))?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/walk.c");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("walk");
    let mut compiler = Command::new("cc");
    compiler.args(["-O2", "-Wall", "-o"]).args([&program, &source]);
    compiler.args(String::from_utf8_lossy(&libraries.stdout).split_whitespace());
    let status = compiler.status().map_err(|error| format!("cc: {error}"))?;
    if status.success() { Ok(program) } else { Err(format!("cc: {status}")) }
}

/// Environment in which net-snmp's library reads no files of this host.
fn alone(command: &mut Command) -> &mut Command {
    command.envs([("MIBS", ""), ("SNMPCONFPATH", "/nonexistent"), ("SNMP_PERSISTENT_DIR", "/nonexistent")])
}

/// Walks by the C program: one session an agent, as many at once.
pub(crate) fn libsnmp(program: &Path, job: &Job) -> Vec<Round> {
    let Job { v3, port, agents, at_once, rounds: times, rows, .. } = *job;
    let numbers = [u32::from(v3), port.into(), agents, at_once, times, rows, REPETITIONS].map(|n| n.to_string());
    rounds(alone(&mut Command::new(program)).args(numbers).args([COMMUNITY, USER, AUTH_PASSWORD, PRIV_PASSWORD]))
}

/// There is an snmpbulkwalk.
pub(crate) fn has_snmpbulkwalk() -> bool {
    Command::new("snmpbulkwalk").arg("-V").stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Walks by a process for each agent. The requests are those the others need for as many rows.
pub(crate) fn snmpbulkwalk(job: &Job, requests: u64) -> Round {
    let begun = (Instant::now(), children_cpu());
    let (next, rows) = (AtomicU32::new(0), AtomicU64::new(0));
    let column = FDB_ENTRY.iter().chain(&[2]).map(ToString::to_string).collect::<Vec<_>>().join(".");
    let repetitions = format!("-Cr{REPETITIONS}");
    let work = || loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= job.agents {
            return;
        }
        let mut command = Command::new("snmpbulkwalk");
        alone(&mut command).args(["-On", "-t5", &repetitions]);
        if job.v3 {
            command.args(["-v3", "-l", "authPriv", "-u", USER, "-a", "SHA-256", "-A", AUTH_PASSWORD]);
            command.args(["-x", "AES", "-X", PRIV_PASSWORD]);
        } else {
            command.args(["-v2c", "-c", COMMUNITY]);
        }
        command.arg(format!("udp:{}:{}", address(number), job.port)).arg(&column);
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = output.stdout.iter().filter(|octet| **octet == b'\n').count() as u64;
        assert_eq!(lines, u64::from(job.rows));
        rows.fetch_add(lines, Ordering::Relaxed);
    };
    std::thread::scope(|scope| {
        for _ in 0..PROCESSES {
            scope.spawn(work);
        }
    });
    let (wall, cpu) = (begun.0.elapsed(), children_cpu() - begun.1);
    Round { wall, cpu, peak: 0, requests, rows: rows.into_inner() }
}
