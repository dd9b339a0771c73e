//! A table that is printed again and again: over itself on a terminal, one below the other elsewhere.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::print;

/// How soon a signal ends it.
const SLICE: Duration = Duration::from_millis(50);
/// To the top, everything from there on empty.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Prints once, or every so many seconds until Ctrl-C; the last answer's exit code.
pub(super) fn run(every: Option<u64>, table: impl Fn() -> Result<ExitCode>) -> Result<ExitCode> {
    let Some(seconds) = every else { return table() };
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).context("signals cannot be caught")?;
    }
    let terminal = std::io::stdout().is_terminal();
    let mut first = true;
    loop {
        if terminal {
            print_bare(CLEAR)?;
        } else if !std::mem::take(&mut first) {
            print("")?;
        }
        let code = table()?;
        let until = Instant::now() + Duration::from_secs(seconds.max(1));
        while Instant::now() < until {
            if stop.load(Ordering::Relaxed) {
                return Ok(code);
            }
            std::thread::sleep(SLICE);
        }
    }
}

/// Without an end of the line.
fn print_bare(text: &str) -> Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
