//! `alert`: a trial message, sent by this process itself.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use super::{print, runtime, say};
use crate::alert::{self, Origin};
use crate::config;
use crate::net::Timestamp;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Send a trial message through one carrier at once.
    Test {
        /// The [[alert]]'s name.
        name: String,
    },
}

pub(super) fn run(path: &Path, command: &Command) -> Result<ExitCode> {
    let Command::Test { name } = command;
    let config = config::load(path)?;
    let Some(plan) = config.alerts.iter().find(|plan| plan.name == *name) else {
        let names: Vec<&str> = config.alerts.iter().map(|plan| plan.name.as_str()).collect();
        let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        bail!("there is no [[alert]] '{name}' in {}; there are: {there}", path.display());
    };
    let trial = alert::trial(name, Timestamp::now());
    runtime()?
        .block_on(alert::send(plan, &Origin::here(), std::slice::from_ref(&trial)))
        .context("the trial message was not sent")?;
    print(&trial.text)?;
    say(&format!("sent to {}{}", alert::address(&plan.carrier), alert::receipt(&plan.carrier)));
    Ok(ExitCode::SUCCESS)
}
