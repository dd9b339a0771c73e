//! `demo --headless`: a simulated estate on loopback, the real daemon over it, and a comparison with the truth.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::ValueEnum;

use super::{print, runtime};
use crate::daemon::{self, DaemonOptions, Outcome};
use crate::lab::{Lab, Size, Truth};
use crate::snapshot::Snapshot;
use crate::store::Reader;

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
struct Folder(std::path::PathBuf);

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

/// Polls the estate once and prints what was found beside what is true. Exit code 1 on a difference.
pub(super) fn run(size: EstateSize) -> Result<ExitCode> {
    let folder = folder()?;
    let size = match size {
        EstateSize::Small => Size::Small,
        EstateSize::Campus => Size::Campus,
        EstateSize::Ministry => Size::Ministry,
    };
    let (database, config) = (folder.0.join("lenswarden.db"), folder.0.join("config.toml"));
    let (truth, outcome, took) = runtime()?.block_on(async {
        let lab = Lab::start(size, 1).await.context("the estate cannot be started")?;
        let daemon =
            format!("[daemon]\ndatabase = {database:?}\ncontrol-socket = {:?}\n\n", folder.0.join("control.sock"));
        write_private(&config, &(daemon + &lab.configuration()))?;
        let begun = Instant::now();
        let options = DaemonOptions { config: config.clone(), once: true };
        let outcome = daemon::run(options, std::future::pending()).await?;
        anyhow::Ok((lab.truth(), outcome, begun.elapsed()))
    })?;
    let snapshot = Reader::open(&database)?.snapshot()?;
    let differences = compare(&truth, &snapshot);
    let answering = snapshot.targets.values().filter(|target| target.last_ok.is_some()).count();
    let octets = std::fs::metadata(&database).map_or(0, |metadata| metadata.len());
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "           found   in truth");
    let _ = writeln!(out, "switches  {answering:>6}   {:>8}", truth.switches.len());
    let _ = writeln!(out, "devices   {:>6}   {:>8}", snapshot.devices.len(), truth.devices.len());
    let _ = writeln!(
        out,
        "findings  {:>6}   (makers that only a camera itself can tell are not asked for yet)",
        snapshot.findings.len()
    );
    let _ = writeln!(out, "one round took {:.1} s, the database has {:.1} MB", took.as_secs_f64(), octets as f64 / 1e6);
    for difference in differences.iter().take(20) {
        let _ = writeln!(out, "DIFFERENT {difference}");
    }
    let _ = writeln!(out, "{} differences in switch, port or VLAN", differences.len());
    print(&out)?;
    Ok(if differences.is_empty() && outcome == Outcome::Complete { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn write_private(path: &std::path::Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(())
}

/// Every device that was missed, misplaced or made up.
fn compare(truth: &Truth, snapshot: &Snapshot) -> Vec<String> {
    let found: std::collections::BTreeMap<_, _> =
        snapshot.devices.values().filter_map(|row| row.mac.map(|mac| (mac, row))).collect();
    let mut differences = Vec::new();
    for (mac, device) in &truth.devices {
        let Some(row) = found.get(mac) else {
            differences.push(format!("{mac}: not found"));
            continue;
        };
        let text = |value: Option<String>| value.unwrap_or_default();
        let switch = text(row.place.switch.as_ref().map(ToString::to_string));
        let port = text(row.place.port.as_ref().map(ToString::to_string));
        // A switch that tells no VLAN may leave it unknown, never wrong.
        let vlan = row.place.vlan == Some(device.vlan)
            || (row.place.vlan.is_none() && truth.vlan_blind.contains(&device.switch));
        if switch != device.switch || port != device.port || !vlan {
            let seen = row.place.vlan.map_or_else(|| "unknown".to_owned(), |vlan| vlan.to_string());
            differences.push(format!(
                "{mac}: found on {switch} {port} VLAN {seen}, is on {} {} VLAN {}",
                device.switch, device.port, device.vlan
            ));
        }
    }
    differences.extend(
        found
            .keys()
            .filter(|mac| !truth.devices.contains_key(mac))
            .map(|mac| format!("{mac}: there is no such device")),
    );
    differences
}
