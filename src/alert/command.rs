//! A command of the host's own: the alert as JSON on its standard input; exit 0 says that it was taken.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::carrier::Origin;
use super::connect::within;
use super::json;
use crate::net::text::clean;
use crate::store::Alert;

/// Octets of what it says that are told; the rest is read over.
const MOST: usize = 400;

/// A process group that ends with this value: whatever the command left behind goes with it.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        // There may be nobody left, which is as good.
        if let Some(group) = self.0 {
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

/// Reads to the end and keeps the beginning.
async fn beginning(mut from: impl tokio::io::AsyncRead + Unpin) -> String {
    let (mut kept, mut piece) = (Vec::new(), [0; 1024]);
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        let room = MOST.saturating_sub(kept.len());
        kept.extend(piece.get(..read.min(room)).unwrap_or_default());
    }
    clean(&String::from_utf8_lossy(&kept)).trim().to_owned()
}

async fn run(arguments: &[String], alert: &Alert, origin: &Origin) -> io::Result<()> {
    let (program, arguments) = arguments.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let group = Group(child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw));
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let tell = async {
        if let Some(mut stdin) = stdin {
            // A command that does not read all of it is its own affair: its exit status says whether it took it.
            let _ = stdin.write_all(&json::body(alert, origin)).await;
        }
    };
    let end = async {
        let status = child.wait().await;
        // What it started and left holds the pipe open.
        drop(group);
        status
    };
    let hear = async {
        match stderr {
            Some(stderr) => beginning(stderr).await,
            None => String::new(),
        }
    };
    let ((), status, said) = tokio::join!(tell, end, hear);
    let status = status?;
    if status.success() {
        return Ok(());
    }
    let said = if said.is_empty() { said } else { format!(": {said}") };
    Err(io::Error::other(format!("it ended with {status}{said}")))
}

/// In order, a process each.
pub(super) async fn send(
    arguments: &[String],
    origin: &Origin,
    alerts: &[Alert],
    limit: Duration,
) -> Result<(), (usize, io::Error)> {
    for (taken, alert) in alerts.iter().enumerate() {
        within(limit, run(arguments, alert, origin)).await.map_err(|error| (taken, error))?;
    }
    Ok(())
}
