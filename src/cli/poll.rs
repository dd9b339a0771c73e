//! `poll`: one target, visited now; nothing is stored.

use std::future::Future;
use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::{coloured, print, print_json, print_painted, runtime, say};
use crate::collect::camera::{Attempt, CameraCollector, Claim, CredentialLedger};
use crate::collect::switch::SwitchCollector;
use crate::config::{CameraBlock, Config, Credential, Switch};
use crate::daemon;
use crate::net::DeviceText;
use crate::observation::{Authentication, CameraVisit, Reach};
use crate::report;

pub(super) fn run(path: &Path, wanted: &str, json: bool, no_color: bool) -> Result<ExitCode> {
    let config = daemon::load(path)?.config;
    let is_it = |switch: &&Switch| {
        switch.name.as_str() == wanted
            || switch.address.to_string() == wanted
            || switch.address.ip().to_string() == wanted
    };
    if let Some(target) = config.switches.iter().find(is_it) {
        return switch(&config, target, json, no_color);
    }
    let address: Option<IpAddr> = wanted.parse().ok();
    if let Some((address, block)) = address.and_then(|address| Some((address, config.camera_block(address)?))) {
        return camera(&config, block, address, json);
    }
    let names: Vec<&str> = config.switches.iter().map(|switch| switch.name.as_str()).take(10).collect();
    anyhow::bail!(
        "'{wanted}' is no switch of {} and in no [[cameras]] block; switches there are: {}",
        path.display(),
        names.join(", ")
    );
}

fn code(reach: &Reach, whole: bool) -> ExitCode {
    match (reach.answered(), whole) {
        (false, _) => ExitCode::from(2),
        (true, false) => ExitCode::from(3),
        (true, true) => ExitCode::SUCCESS,
    }
}

fn switch(config: &Config, target: &Switch, json: bool, no_color: bool) -> Result<ExitCode> {
    let credential = config.credential(&target.credential).context("the switch names no credential")?;
    let visit = runtime()?.block_on(async {
        let collector = SwitchCollector::bind().await?;
        anyhow::Ok(collector.visit(&config.snmp, target, credential).await)
    })?;
    if json {
        print_json(&report::visit::json(&visit))?;
    } else {
        print_painted(&report::visit::text(&visit, coloured(no_color)))?;
    }
    Ok(code(&visit.reach, visit.errors.is_empty()))
}

/// Stands for the ledger where no credential is ever offered: the daemon alone tries one, once, and remembers how it
/// went.
struct NoCredentials;

impl CredentialLedger for NoCredentials {
    fn claim(&self, _: Attempt<'_>) -> impl Future<Output = Claim> + Send {
        std::future::ready(Claim::Stopped)
    }

    fn outcome(&self, _: IpAddr, _: &Credential, _: Result<(), DeviceText>) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

fn camera(config: &Config, block: &CameraBlock, address: IpAddr, json: bool) -> Result<ExitCode> {
    let mut visit: CameraVisit = runtime()?.block_on(async {
        let collector = CameraCollector::new(&config.onvif);
        collector.visit(block, address, &[], &NoCredentials).await
    });
    if !block.credentials.is_empty() && matches!(visit.authentication, Authentication::Withheld { .. }) {
        // It asks for a user, and has one: only not here.
        visit.authentication = Authentication::NotAsked;
    }
    if json {
        print_json(&report::camera::json(&visit))?;
    } else {
        if !block.credentials.is_empty() {
            say(&format!(
                "asked without a password: the daemon alone tries one, once. 'lenswarden explain {address}' tells what \
                 it was told"
            ));
        }
        print(&report::camera::text(&visit))?;
    }
    Ok(code(&visit.reach, visit.errors.is_empty()))
}
