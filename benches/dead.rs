//! What dead switches cost the living: rounds of the daemon over a simulated estate, without and with switches that
//! never answer among them.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

use std::path::Path;
use std::time::{Duration, Instant};

use lenswarden::daemon::{self, DaemonOptions};
use lenswarden::lab::{Lab, Size};
use lenswarden::store::Reader;

const LIVING: usize = 1800;
const DEAD: usize = 200;
const RUNS: usize = 5;

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

/// One round from nothing: how long it took from the first of the living to the last.
async fn round(folder: &Path, text: &str) -> Duration {
    let path = folder.join("config.toml");
    let database = folder.join("lenswarden.db");
    for file in std::fs::read_dir(folder).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
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
    let last = living.iter().map(|target| target.last_attempt.unwrap().0).max().unwrap();
    Duration::from_millis(u64::try_from(last - first).unwrap())
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
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let begun = Instant::now();
            without.push(round(&folder, &(head.clone() + &living.concat())).await);
            with.push(round(&folder, &(head.clone() + &both.concat())).await);
            println!("{:?} without, {:?} with; {:?} in all", without.last(), with.last(), begun.elapsed());
        }
        std::fs::remove_dir_all(&folder).unwrap();
        without.sort_unstable();
        with.sort_unstable();
        let (without, with) = (without[RUNS / 2], with[RUNS / 2]);
        let ratio = with.as_secs_f64() / without.as_secs_f64();
        println!("{LIVING} living switches: {without:?} alone, {with:?} among {DEAD} dead ones: {ratio:.3}");
    });
}
