//! The carriers: one file each, and the one place that chooses.

use super::syslog;
use crate::config::AlertCarrier;
use crate::store::Alert;

/// Who sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The host's name.
    pub host: String,
    /// The process.
    pub process: u32,
}

impl Origin {
    /// This process on this host.
    #[must_use]
    pub fn here() -> Self {
        let host = nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self { host, process: std::process::id() }
    }
}

/// A carrier did not take everything.
#[derive(Debug, thiserror::Error)]
#[error("{address} does not take what is sent")]
pub struct SendError {
    /// How many of the first were taken.
    pub taken: usize,
    /// Where they were sent to.
    pub address: String,
    /// Why the next was not.
    #[source]
    pub why: std::io::Error,
}

/// Where a carrier sends to, for people.
#[must_use]
pub fn address(carrier: &AlertCarrier) -> String {
    match carrier {
        AlertCarrier::SyslogUdp { address } => format!("syslog {address} (UDP)"),
        AlertCarrier::SyslogLocal { path } => format!("syslog {}", path.display()),
    }
}

/// Sends in order.
///
/// # Errors
/// The first that was not taken, and why; those before it were.
pub async fn send(carrier: &AlertCarrier, origin: &Origin, alerts: &[Alert]) -> Result<(), SendError> {
    let sent = match carrier {
        AlertCarrier::SyslogUdp { address } => syslog::over_udp(*address, origin, alerts).await,
        AlertCarrier::SyslogLocal { path } => syslog::to_socket(path, origin, alerts).await,
    };
    sent.map_err(|(taken, why)| SendError { taken, address: address(carrier), why })
}
