//! The console: ratatui over a read-only database and, for decisions, the control socket.

use std::path::PathBuf;

/// What the console is started with.
#[derive(Debug, Clone)]
pub struct ConsoleOptions {
    /// The database.
    pub database: PathBuf,
    /// The daemon's control socket.
    pub control_socket: PathBuf,
    /// No colours (NO_COLOR or `--no-color`).
    pub plain: bool,
}

/// Runs the console until the user quits or a signal ends it; the terminal is as before on every way out.
///
/// # Errors
/// The database cannot be read or the terminal cannot be used.
pub fn run(_options: &ConsoleOptions) -> anyhow::Result<()> {
    unimplemented!()
}
