//! What dead switches cost the living: rounds of the daemon over a simulated estate that it knows, without and with
//! switches that never answer among them.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

use std::path::Path;

use lenswarden::daemon::{self, DaemonOptions};
use lenswarden::lab::{Lab, Size};
use lenswarden::store::Reader;

const LIVING: usize = 1800;
const DEAD: usize = 200;
const RUNS: usize = 7;

/// `[[switch]]` blocks of a configuration, and all before the first `[[site]]`.
fn parts(text: &str) -> (String, Vec<String>) {
    let head = text.split("[[site]]").next().unwrap_or_default().to_owned();
    let sites = text.split("[[").filter(|block| block.starts_with("site]]")).map(|block| format!("[[{block}"));
    let switches = text.split("[[").filter(|block| block.starts_with("switch]]")).map(|block| format!("[[{block}"));
    (head + &sites.collect::<String>(), switches.collect())
}

/// A block like this one, of a switch that nobody is.
fn dead(block: &str, number: usize) -> String {
    let port =
        block.lines().find_map(|line| line.strip_prefix("address = \"")?.trim_end_matches('"').rsplit(':').next());
    let line = |line: &str| match line.split(' ').next() {
        Some("name") => format!("name = \"dead-{number}\""),
        Some("address") => {
            format!("address = \"127.250.{}.{}:{}\"", number / 200, number % 200 + 1, port.unwrap_or("161"))
        }
        _ => line.to_owned(),
    };
    block.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

/// One round: how long it took from the first of the living until half of them were read, nine in ten, all.
async fn round(folder: &Path, text: &str) -> [f64; 3] {
    let path = folder.join("config.toml");
    let database = folder.join("lenswarden.db");
    let control = folder.join("control.sock");
    std::fs::write(&path, format!("[daemon]\ndatabase = {database:?}\ncontrol-socket = {control:?}\n\n{text}"))
        .unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    daemon::run(DaemonOptions { config: path, once: true, trap_socket: None }, std::future::pending()).await.unwrap();
    let snapshot = Reader::open(&database).unwrap().snapshot().unwrap();
    let living: Vec<_> = snapshot.targets.values().filter(|target| target.state != "silent").collect();
    assert_eq!(living.len(), LIVING);
    // The round itself: more switches also take longer to be read from the configuration.
    let first = living.iter().map(|target| target.last_attempt.unwrap().0 - target.took_ms as i64).min().unwrap();
    let mut ends: Vec<i64> = living.iter().map(|target| target.last_attempt.unwrap().0 - first).collect();
    ends.sort_unstable();
    [LIVING / 2, LIVING * 9 / 10, LIVING - 1].map(|at| ends[at] as f64 / 1000.0)
}

fn main() {
    // `cargo test --benches` runs this too: nothing is measured there.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let lab = Lab::start(Size::Ministry, 1).await.unwrap();
        let (head, switches) = parts(&lab.configuration());
        let living: Vec<String> = switches.into_iter().take(LIVING).collect();
        let mut both = Vec::new();
        for (number, block) in living.iter().enumerate() {
            both.push(block.clone());
            if number % (LIVING / DEAD) == 0 {
                both.push(dead(block, number / (LIVING / DEAD)));
            }
        }
        let folder = std::env::temp_dir().join(format!("lenswarden-bench-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let without = head.clone() + &living.concat();
        let with = head + &both.concat();
        // The first round has all devices to take in: what it takes says nothing of waiting for the dead.
        round(&folder, &with).await;
        let (mut alone, mut among) = (Vec::new(), Vec::new());
        for number in 0..RUNS {
            // Neither always comes second.
            if number % 2 == 0 {
                alone.push(round(&folder, &without).await);
                among.push(round(&folder, &with).await);
            } else {
                among.push(round(&folder, &with).await);
                alone.push(round(&folder, &without).await);
            }
            println!("{:?} s alone, {:?} s among dead ones", alone[number], among[number]);
        }
        std::fs::remove_dir_all(&folder).unwrap();
        println!("{LIVING} living switches alone and among {DEAD} dead ones: medians of {RUNS} pairs of rounds");
        for (part, words) in ["half of them were read", "nine in ten", "all"].into_iter().enumerate() {
            let median = |mut all: Vec<f64>| {
                all.sort_by(f64::total_cmp);
                all[RUNS / 2]
            };
            let seconds = median(alone.iter().map(|round: &[f64; 3]| round[part]).collect());
            // What else the machine does changes between pairs more than within one.
            let ratio = median(alone.iter().zip(&among).map(|(alone, among)| among[part] / alone[part]).collect());
            println!("until {words}: {seconds:.2} s alone, {ratio:.3} of it among dead ones");
        }
    });
}
