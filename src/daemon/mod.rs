//! The daemon: one small loop a target, one recorder that owns the database, the control socket, the configuration
//! watch, systemd's notify protocol.

use std::future::Future;
use std::path::PathBuf;

/// What the daemon is started with.
#[derive(Debug, Clone)]
pub struct DaemonOptions {
    /// The configuration file.
    pub config: PathBuf,
    /// One round over every target, then end.
    pub once: bool,
}

/// How a daemon ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Stopped in good order; with `once`: every target answered.
    Complete,
    /// With `once`: some targets did not answer.
    Partial,
}

/// Runs until `shutdown` resolves (or, with `once`, until the round is over and committed).
///
/// # Errors
/// The configuration is bad, the database cannot be used, a socket cannot be bound.
pub async fn run(_options: DaemonOptions, _shutdown: impl Future<Output = ()>) -> anyhow::Result<Outcome> {
    unimplemented!()
}
