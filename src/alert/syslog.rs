//! Syslog: RFC 5424 over UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425), and the host's own socket.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UdpSocket, UnixDatagram};

use super::carrier::Origin;
use super::connect::{connect, within};
use crate::config::{Endpoint, Trust};
use crate::policy::Severity;
use crate::store::Alert;

/// local0. Facility 13 ("log audit") is for the audit trail of logging itself, and no classic selector can name it; a
/// site's own program belongs to the local ones, which every syslog daemon can route.
const FACILITY: u8 = 16;
/// How long a refusal may take to come back: UDP itself never says that something arrived.
const REFUSAL: Duration = Duration::from_millis(100);

/// RFC 5424 section 6.2.1: a breach is "action must be taken immediately", the rest falls from there. Emergency stays
/// free: many daemons write it on every terminal.
pub(super) fn level(severity: Severity) -> u8 {
    match severity {
        Severity::Breach => 1,
        Severity::Action => 3,
        Severity::Review => 4,
        Severity::Info => 6,
    }
}

/// PRI (RFC 5424 section 6.2.1).
fn priority(severity: Severity) -> u8 {
    FACILITY * 8 + level(severity)
}

/// A header field: printable ASCII without spaces, at most so long, `-` for none.
fn field(text: &str, longest: usize) -> String {
    let kept: String = text.chars().filter(char::is_ascii_graphic).take(longest).collect();
    if kept.is_empty() { "-".to_owned() } else { kept }
}

/// The message of RFC 5424. Text beyond ASCII is announced by a byte order mark (section 6.4); plain ASCII goes without,
/// as many receivers show the mark.
fn message(alert: &Alert, origin: &Origin) -> Vec<u8> {
    let mark = if alert.text.is_ascii() { "" } else { "\u{feff}" };
    format!(
        "<{}>1 {} {} lenswarden {} {} [origin software=\"lenswarden\" swVersion=\"{}\"] {mark}{}",
        priority(alert.severity),
        alert.at,
        field(&origin.host, 255),
        origin.process,
        field(&alert.kind, 32),
        env!("CARGO_PKG_VERSION"),
        alert.text
    )
    .into_bytes()
}

/// What is read on the host's own socket: the form of syslog(3), with the local time and without a host. journald
/// (systemd issue 19251) and rsyslog's imuxsock take an RFC 5424 header there for text.
fn local_message(alert: &Alert, origin: &Origin) -> Vec<u8> {
    let local = alert.at.to_jiff().to_zoned(jiff::tz::TimeZone::system());
    format!(
        "<{}>{} lenswarden[{}]: {}",
        priority(alert.severity),
        local.strftime("%b %e %H:%M:%S"),
        origin.process,
        alert.text
    )
    .into_bytes()
}

/// One datagram a message. A refusal (nobody listens there) puts all of them in doubt: none counts as taken.
pub(super) async fn over_udp(
    endpoint: &Endpoint,
    origin: &Origin,
    alerts: &[Alert],
    limit: Duration,
) -> Result<(), (usize, io::Error)> {
    let sent = async {
        let mut addresses = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port)).await?;
        let address = addresses.next().ok_or_else(|| io::Error::other("its name has no address"))?;
        let any: SocketAddr = match address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any).await?;
        socket.connect(address).await?;
        for alert in alerts {
            socket.send(&message(alert, origin)).await?;
        }
        match tokio::time::timeout(REFUSAL, socket.recv(&mut [0; 1])).await {
            Ok(Err(refusal)) => Err(refusal),
            _ => Ok(()),
        }
    };
    within(limit, sent).await.map_err(|error| (0, error))
}

/// All in one stream, each with its length before it (octet counting, RFC 6587 section 3.4.1, RFC 5425 section 4.3).
/// Syslog has no receipt. What comes near to one: our half is closed, and the receiver closes its own after it has read
/// the end, so all before. Until it did, none counts as taken.
pub(super) async fn over_stream(
    endpoint: &Endpoint,
    tls: Option<&Trust>,
    origin: &Origin,
    alerts: &[Alert],
    limit: Duration,
) -> Result<(), (usize, io::Error)> {
    let sent = async {
        let mut stream = connect(endpoint, tls).await?;
        for alert in alerts {
            let message = message(alert, origin);
            stream.write_all(format!("{} ", message.len()).as_bytes()).await?;
            stream.write_all(&message).await?;
        }
        stream.flush().await?;
        stream.shutdown().await?;
        // Whatever it says meanwhile is read over.
        let mut ignored = [0; 1024];
        loop {
            match stream.read(&mut ignored).await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                // TLS receivers close without a word of goodbye, after they read ours.
                Err(error) if tls.is_some() && error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    };
    within(limit, sent).await.map_err(|error| (0, error))
}

/// One datagram a message, to a local socket. Its daemon takes each or refuses it.
pub(super) async fn to_socket(
    path: &Path,
    origin: &Origin,
    alerts: &[Alert],
    limit: Duration,
) -> Result<(), (usize, io::Error)> {
    let socket = UnixDatagram::unbound().map_err(|error| (0, error))?;
    socket.connect(path).map_err(|error| (0, error))?;
    for (taken, alert) in alerts.iter().enumerate() {
        let message = local_message(alert, origin);
        let sent = async { socket.send(&message).await };
        within(limit, sent).await.map_err(|error| (taken, error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Timestamp;

    fn alert(text: &str, severity: Severity) -> Alert {
        Alert {
            id: 1,
            key: "k-1".into(),
            carrier: "soc".into(),
            severity,
            kind: "no core\u{7f}-network-and-a-name-that-is-far-too-long".into(),
            at: Timestamp(1_795_500_000_000),
            text: text.into(),
            findings: Vec::new(),
            more: 0,
            body: String::new(),
        }
    }

    #[test]
    fn the_header_is_rfc_5424s_and_every_field_of_it_is_bounded() {
        let origin = Origin { host: "monitor one.example".into(), process: 42 };
        let sent = String::from_utf8(message(&alert("breach x", Severity::Breach), &origin)).unwrap();
        assert_eq!(
            sent,
            format!(
                "<129>1 2026-11-24T06:00:00.000Z monitorone.example lenswarden 42 nocore-network-and-a-name-that-i \
                 [origin software=\"lenswarden\" swVersion=\"{}\"] breach x",
                env!("CARGO_PKG_VERSION")
            )
        );
        let nameless = Origin { host: String::new(), process: 1 };
        assert!(message(&alert("x", Severity::Info), &nameless).starts_with(b"<134>1 2026-11-24T06:00:00.000Z - "));
    }

    #[test]
    fn only_text_beyond_ascii_is_announced_by_a_mark() {
        let origin = Origin { host: "h".into(), process: 1 };
        let sent = message(&alert("Überwachung", Severity::Review), &origin);
        assert!(sent.starts_with(b"<132>"));
        assert!(String::from_utf8(sent).unwrap().ends_with("] \u{feff}Überwachung"));
        let local = String::from_utf8(local_message(&alert("Überwachung", Severity::Action), &origin)).unwrap();
        assert!(local.starts_with("<131>Nov 24 ") && local.ends_with(" lenswarden[1]: Überwachung"), "{local}");
    }
}
