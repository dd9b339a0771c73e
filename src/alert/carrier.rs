//! The carriers: one file each, and the one place that chooses.

use std::time::Duration;

use super::{command, journal, mail, syslog, webhook};
use crate::config::{AlertCarrier, AlertPlan, RelaySecurity};
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

/// Where a carrier sends to, for people. Of a URL the path is left out: it may be as good as a password.
#[must_use]
pub fn address(carrier: &AlertCarrier) -> String {
    match carrier {
        AlertCarrier::Webhook(webhook) => {
            let scheme = if webhook.tls.is_some() { "https" } else { "http" };
            format!("webhook {scheme}://{}", webhook.authority)
        }
        AlertCarrier::Smtp(relay) => {
            let security = match relay.security {
                RelaySecurity::None => "in the clear",
                RelaySecurity::StartTls(_) => "STARTTLS",
                RelaySecurity::Tls(_) => "TLS",
            };
            format!("mail by {} ({security})", relay.endpoint)
        }
        AlertCarrier::SyslogUdp { endpoint } => format!("syslog {endpoint} (UDP)"),
        AlertCarrier::SyslogStream { endpoint, tls: None } => format!("syslog {endpoint} (TCP)"),
        AlertCarrier::SyslogStream { endpoint, tls: Some(_) } => format!("syslog {endpoint} (TLS)"),
        AlertCarrier::SyslogLocal { path } => format!("syslog {}", path.display()),
        AlertCarrier::Journal { path } => format!("journal {}", path.display()),
        AlertCarrier::Command { arguments } => {
            format!("command {}", arguments.first().map(String::as_str).unwrap_or_default())
        }
    }
}

/// What is not known although a carrier took everything; empty where it gave a receipt.
#[must_use]
pub fn receipt(carrier: &AlertCarrier) -> &'static str {
    match carrier {
        AlertCarrier::SyslogUdp { .. } => "; UDP gives no receipt, so look there",
        AlertCarrier::SyslogStream { .. } => "; syslog gives no receipt beyond that it was read, so look there",
        _ => "",
    }
}

/// Sends in order.
///
/// # Errors
/// The first that was not taken, and why; those before it were.
pub async fn send(plan: &AlertPlan, origin: &Origin, alerts: &[Alert]) -> Result<(), SendError> {
    let limit: Duration = plan.timeout;
    let sent = match &plan.carrier {
        AlertCarrier::Webhook(webhook) => webhook::send(webhook, origin, alerts, limit).await,
        AlertCarrier::Smtp(relay) => mail::send(relay, origin, alerts, limit).await,
        AlertCarrier::SyslogUdp { endpoint } => syslog::over_udp(endpoint, origin, alerts, limit).await,
        AlertCarrier::SyslogStream { endpoint, tls } => {
            syslog::over_stream(endpoint, tls.as_ref(), origin, alerts, limit).await
        }
        AlertCarrier::SyslogLocal { path } => syslog::to_socket(path, origin, alerts, limit).await,
        AlertCarrier::Journal { path } => journal::send(path, alerts, limit).await,
        AlertCarrier::Command { arguments } => command::send(arguments, origin, alerts, limit).await,
    };
    sent.map_err(|(taken, why)| SendError { taken, address: address(&plan.carrier), why })
}
