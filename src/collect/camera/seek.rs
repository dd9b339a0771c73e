//! Looking for a device service at one address: a WS-Discovery probe, open TCP ports.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::onvif::Budget;
use crate::onvif::discovery::{self, Form, Message};

/// How long an answer is waited for before the next form of the probe is sent.
const PATIENCE: Duration = Duration::from_millis(400);
/// Once one port is open, how long the others may still take.
const LINGER: Duration = Duration::from_millis(250);
/// Largest UDP datagram.
pub(super) const MAX_DATAGRAM: usize = 65_535;

/// Opens a UDP socket of the address's family, on any port.
pub(super) async fn socket(address: IpAddr) -> std::io::Result<UdpSocket> {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    UdpSocket::bind((any, 0)).await
}

/// Probes one address, one form after the other until it answers. Answers count only from that address, from
/// whatever port. Returns the answer and how many probes were sent.
pub(super) async fn probe(to: SocketAddr, budget: &Budget) -> std::io::Result<(Option<Message>, u32)> {
    let socket = socket(to.ip()).await?;
    let mut buffer = vec![0u8; MAX_DATAGRAM];
    let mut sent = 0;
    let mut fault = None;
    for form in Form::ALL {
        let message = discovery::probe(form).map_err(std::io::Error::other)?;
        socket.send_to(message.as_bytes(), to).await?;
        sent += 1;
        let until = (Instant::now() + PATIENCE).min(budget.until());
        while let Ok(received) = timeout_at(until, socket.recv_from(&mut buffer)).await {
            let (length, from) = received?;
            if !budget.take(length) {
                return Ok((fault, sent));
            }
            let datagram = buffer.get(..length).unwrap_or_default();
            match discovery::parse(datagram).filter(|_| from.ip() == to.ip()) {
                // A computer or a printer there is passed over: beside it may be a camera.
                Some(Message::Matches(matches)) if matches.iter().any(|found| found.maybe_onvif) => {
                    return Ok((Some(Message::Matches(matches)), sent));
                }
                Some(Message::Fault) => {
                    // This form is not understood there: the next one may be.
                    fault = Some(Message::Fault);
                    break;
                }
                _ => {}
            }
        }
    }
    Ok((fault, sent))
}

/// Connects to all these ports at once and returns the connections made, in the order of the ports. Nothing is sent.
pub(super) async fn connect(address: IpAddr, ports: &[u16], patience: Duration, budget: &Budget) -> Vec<TcpStream> {
    let mut tries = JoinSet::new();
    for (rank, port) in ports.iter().enumerate() {
        let to = SocketAddr::new(address, *port);
        tries.spawn(async move { (rank, TcpStream::connect(to).await) });
    }
    let mut until = (Instant::now() + patience).min(budget.until());
    let mut open = Vec::new();
    while let Ok(Some(joined)) = timeout_at(until, tries.join_next()).await {
        if let Ok((rank, Ok(stream))) = joined {
            open.push((rank, stream));
            until = until.min(Instant::now() + LINGER);
        }
    }
    open.sort_by_key(|(rank, _)| *rank);
    open.into_iter().map(|(_, stream)| stream).collect()
}
