//! Looking for cameras in the subnets of a block: paced unicast probes from one socket a family, twice for those
//! that stay silent, then TCP. Multicast is not needed, so nothing outside the block hears of it.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use super::{Found, discovered, seek};
use crate::config::{CameraBlock, OnvifSettings};
use crate::onvif::discovery::{self, Form, Message};

/// How long answers are waited for after the last probe of a round.
const LISTEN: Duration = Duration::from_millis(1_200);
/// TCP connections being made at once.
const CONNECTING: usize = 64;
/// Most addresses of one block that are asked: a /12 of IPv4, a corner of an IPv6 subnet.
const MAX_ADDRESSES: usize = 1 << 20;

/// A sweep under way.
pub(super) struct Sweep<'a> {
    settings: &'a OnvifSettings,
    block: &'a CameraBlock,
    found: mpsc::Sender<Found>,
    /// Addresses that were reported.
    reported: BTreeSet<IpAddr>,
}

impl<'a> Sweep<'a> {
    pub(super) fn new(settings: &'a OnvifSettings, block: &'a CameraBlock, found: mpsc::Sender<Found>) -> Self {
        Self { settings, block, found, reported: BTreeSet::new() }
    }

    pub(super) async fn run(mut self) -> u64 {
        let hosts = hosts(self.block);
        let (old, new) = (family(&hosts, IpAddr::is_ipv4).await, family(&hosts, IpAddr::is_ipv6).await);
        let mut asked = 0;
        for form in [Form::Anything, Form::Video] {
            let silent: Vec<IpAddr> = hosts.iter().copied().filter(|host| !self.reported.contains(host)).collect();
            let sent = self.round(form, &silent, old.as_ref(), new.as_ref()).await;
            asked = asked.max(sent);
        }
        drop((old, new));
        asked.max(self.knock(&hosts).await)
    }

    /// Sends one round of probes and listens. Returns how many were sent.
    async fn round(&mut self, form: Form, to: &[IpAddr], old: Option<&UdpSocket>, new: Option<&UdpSocket>) -> u64 {
        let Ok(message) = discovery::probe(form) else { return 0 };
        if to.is_empty() || self.found.is_closed() {
            return 0;
        }
        let rate = f64::from(self.settings.probes_per_second.max(1));
        let mut pace = interval(Duration::from_secs_f64(1.0 / rate));
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut left = to.iter();
        let mut asked = 0;
        let mut until = None;
        let (mut old_buffer, mut new_buffer) = (vec![0u8; seek::MAX_DATAGRAM], vec![0u8; seek::MAX_DATAGRAM]);
        loop {
            let received = tokio::select! {
                _ = pace.tick(), if until.is_none() => {
                    let Some(address) = left.next() else {
                        until = Some(Instant::now() + LISTEN);
                        continue;
                    };
                    let socket = if address.is_ipv4() { old } else { new };
                    if let Some(socket) = socket {
                        // A host that cannot be reached is as silent as one that does not answer.
                        let _ = socket.send_to(message.as_bytes(), (*address, self.block.discovery_port)).await;
                        asked += 1;
                    }
                    continue;
                }
                () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => return asked,
                received = receive(old, &mut old_buffer) => received.map(|(length, from)| (old_buffer.get(..length), from)),
                received = receive(new, &mut new_buffer) => received.map(|(length, from)| (new_buffer.get(..length), from)),
            };
            let Some((Some(datagram), from)) = received else { continue };
            if !self.hear(datagram, from).await {
                return asked;
            }
        }
    }

    /// Takes one datagram. `false` when nobody listens any more.
    async fn hear(&mut self, datagram: &[u8], from: SocketAddr) -> bool {
        let address = from.ip();
        let ours = self.block.subnets.iter().any(|subnet| subnet.contains(&address));
        if !ours || self.reported.contains(&address) {
            return true;
        }
        match discovery::parse(datagram) {
            Some(Message::Matches(matches)) => {
                let discovery = discovered(&matches, SocketAddr::new(address, self.block.discovery_port));
                self.report(Found { address, discovery }).await
            }
            Some(Message::Fault) => self.report(Found { address, discovery: None }).await,
            None => true,
        }
    }

    async fn report(&mut self, found: Found) -> bool {
        self.reported.insert(found.address);
        self.found.send(found).await.is_ok()
    }

    /// Tries the block's TCP ports at those that are still silent. Returns how many were tried.
    async fn knock(&mut self, hosts: &[IpAddr]) -> u64 {
        let silent: Vec<IpAddr> = hosts.iter().copied().filter(|host| !self.reported.contains(host)).collect();
        let mut waiting = silent.into_iter();
        let mut trying = JoinSet::new();
        let mut asked = self.reported.len() as u64;
        loop {
            while trying.len() < CONNECTING && !self.found.is_closed() {
                let Some(address) = waiting.next() else { break };
                let (ports, patience) = (self.block.ports.clone(), self.settings.connect_timeout);
                trying.spawn(async move { (address, any_open(address, &ports, patience).await) });
                asked += 1;
            }
            let Some(tried) = trying.join_next().await else { return asked };
            if let Ok((address, true)) = tried
                && !self.report(Found { address, discovery: None }).await
            {
                return asked;
            }
        }
    }
}

/// The host addresses of the block's subnets, each once.
fn hosts(block: &CameraBlock) -> Vec<IpAddr> {
    let mut seen = BTreeSet::new();
    let all = block.subnets.iter().flat_map(ipnet::IpNet::hosts);
    all.take(MAX_ADDRESSES).filter(|address| seen.insert(*address)).collect()
}

async fn family(hosts: &[IpAddr], is: fn(&IpAddr) -> bool) -> Option<UdpSocket> {
    match hosts.iter().find(|host| is(host)) {
        Some(host) => seek::socket(*host).await.ok(),
        None => None,
    }
}

/// One datagram; never ready without a socket.
async fn receive(socket: Option<&UdpSocket>, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
    match socket {
        Some(socket) => match socket.recv_from(buffer).await {
            Ok(received) => Some(received),
            // An ICMP error of some host; wait a little in case it is the socket that is broken.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(1)).await;
                None
            }
        },
        None => std::future::pending().await,
    }
}

/// Whether one of the ports takes a connection, which is closed at once. A host that the network says is not there
/// is not asked for the next port.
async fn any_open(address: IpAddr, ports: &[u16], patience: Duration) -> bool {
    for port in ports {
        match timeout(patience, TcpStream::connect((address, *port))).await {
            Ok(Ok(_)) => return true,
            Ok(Err(error)) if matches!(error.kind(), ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => {
                return false;
            }
            _ => {}
        }
    }
    false
}
