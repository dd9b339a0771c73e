//! `demo`: a simulated estate on loopback, the real daemon over it, and on top the console or, headless, a comparison
//! of what was found with the truth.

mod compare;
mod screen;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::ValueEnum;

use super::{print, runtime};
use crate::daemon::{self, DaemonOptions, Outcome};
use crate::lab::{Lab, Size};
use crate::store::Reader;
use compare::Comparison;

/// The demo is the same at every start.
const SEED: u64 = 1;

/// How large the estate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum EstateSize {
    /// 3 switches, 30 devices.
    Small,
    /// 60 switches, 3,000 devices.
    Campus,
    /// 2,000 switches, 100,000 devices.
    Ministry,
}

/// A folder that goes when the demo ends, however it ends in good order.
struct Folder(PathBuf);

impl Folder {
    fn config(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    fn database(&self) -> PathBuf {
        self.0.join("lenswarden.db")
    }

    fn control_socket(&self) -> PathBuf {
        self.0.join("control.sock")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing may be left behind, and nothing can be done where the system says no.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn folder() -> Result<Folder> {
    use std::os::unix::fs::DirBuilderExt;
    let mut random = [0u8; 8];
    getrandom::fill(&mut random).map_err(std::io::Error::other)?;
    let path = std::env::temp_dir().join(format!("lenswarden-demo-{:016x}", u64::from_be_bytes(random)));
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&path)
        .with_context(|| format!("{} cannot be made", path.display()))?;
    Ok(Folder(path))
}

/// Runs the demo: on a screen, or without one as a test that exits with 1 on a difference.
pub(super) fn run(size: EstateSize, headless: bool, no_color: bool) -> Result<ExitCode> {
    let size = match size {
        EstateSize::Small => Size::Small,
        EstateSize::Campus => Size::Campus,
        EstateSize::Ministry => Size::Ministry,
    };
    if headless { self::headless(size) } else { screen::run(size, no_color) }
}

/// A folder of its own with a configuration over a lab that runs: database, socket and all in it.
async fn prepare(size: Size, intervals: &str) -> Result<(Folder, Lab)> {
    let folder = folder()?;
    let lab = Lab::start(size, SEED).await.context("the estate cannot be started")?;
    let daemon = format!(
        "[daemon]\ndatabase = {:?}\ncontrol-socket = {:?}\n{intervals}\n",
        folder.database(),
        folder.control_socket()
    );
    write_private(&folder.config(), &(daemon + &lab.configuration()))?;
    Ok((folder, lab))
}

/// Polls the estate once and prints what was found beside what is true. Exit code 1 on a difference.
fn headless(size: Size) -> Result<ExitCode> {
    let (folder, truth, outcome, took) = runtime()?.block_on(async {
        let (folder, lab) = prepare(size, "").await?;
        let begun = Instant::now();
        let options = DaemonOptions { config: folder.config(), once: true, trap_socket: None };
        let outcome = daemon::run(options, std::future::pending()).await?;
        anyhow::Ok((folder, lab.truth(), outcome, begun.elapsed()))
    })?;
    let snapshot = Reader::open(&folder.database())?.snapshot()?;
    let octets = std::fs::metadata(folder.database()).map_or(0, |metadata| metadata.len());
    let comparison = Comparison::new(&truth, &snapshot);
    let (took, megabytes) = (took.as_secs_f64(), octets as f64 / 1e6);
    print(&format!("{comparison}one round took {took:.1} s, the database has {megabytes:.1} MB\n"))?;
    Ok(if comparison.differences.is_empty() && outcome == Outcome::Complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn write_private(path: &std::path::Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(())
}
