//! Asking addresses whether a camera is there: unicast probes from one socket a family, twice at those that stay
//! silent, then TCP. Every packet waits for its turn in one pace. Nothing outside the block hears of it.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::pace::Pace;
use super::{CameraCollector, Found, discovered, seek, vendor};
use crate::config::CameraBlock;
use crate::observation::SweepAnswer;
use crate::onvif::discovery::{self, Form, Message};

/// How long answers are waited for after the last probe of a round.
const LISTEN: Duration = Duration::from_millis(1_200);
/// Addresses whose ports are being tried at once: as many as a gentle pace needs where nothing answers.
const CONNECTING: usize = 256;

/// A sweep under way.
pub(super) struct Sweep<'a> {
    collector: &'a CameraCollector,
    block: &'a CameraBlock,
    found: mpsc::Sender<Found>,
    /// Addresses that were reported.
    reported: BTreeSet<IpAddr>,
}

/// What is sent to one address in a round of a sweep.
struct Questions<'a> {
    block: &'a CameraBlock,
    pace: &'a Pace,
    form: Form,
}

impl Questions<'_> {
    async fn send(&self, socket: &UdpSocket, address: IpAddr) {
        let Ok(probe) = discovery::probe(self.form) else { return };
        self.pace.turn().await;
        // A host that cannot be reached is as silent as one that does not answer.
        let _ = socket.send_to(probe.as_bytes(), (address, self.block.discovery_port)).await;
        for query in &self.block.vendor_queries {
            let Ok(question) = vendor::question(*query) else { continue };
            self.pace.turn().await;
            let _ = socket.send_to(&question, (address, vendor::port(*query))).await;
        }
    }
}

impl<'a> Sweep<'a> {
    pub(super) fn new(collector: &'a CameraCollector, block: &'a CameraBlock, found: mpsc::Sender<Found>) -> Self {
        Self { collector, block, found, reported: BTreeSet::new() }
    }

    /// Asks these addresses. `false`: nobody listens any more, and not all were asked.
    pub(super) async fn run(mut self, addresses: &[IpAddr]) -> bool {
        let old = family(addresses, IpAddr::is_ipv4).await;
        let new = family(addresses, IpAddr::is_ipv6).await;
        for form in [Form::Anything, Form::Video] {
            let silent = self.silent(addresses);
            self.round(form, &silent, old.as_ref(), new.as_ref()).await;
        }
        drop((old, new));
        let silent = self.silent(addresses);
        self.knock(silent).await;
        !self.found.is_closed()
    }

    fn silent(&self, addresses: &[IpAddr]) -> Vec<IpAddr> {
        addresses.iter().copied().filter(|address| !self.reported.contains(address)).collect()
    }

    /// Sends one round of questions and listens until answers have had their time.
    async fn round(&mut self, form: Form, to: &[IpAddr], old: Option<&UdpSocket>, new: Option<&UdpSocket>) {
        if to.is_empty() || self.found.is_closed() {
            return;
        }
        let questions = Questions { block: self.block, pace: &self.collector.pace, form };
        let listened_to = self.found.clone();
        let sending = async {
            for address in to {
                let socket = if address.is_ipv4() { old } else { new };
                if let Some(socket) = socket {
                    questions.send(socket, *address).await;
                }
                if listened_to.is_closed() {
                    return;
                }
            }
            tokio::time::sleep(LISTEN).await;
        };
        let hearing = async {
            let (mut old_buffer, mut new_buffer) = (vec![0u8; seek::MAX_DATAGRAM], vec![0u8; seek::MAX_DATAGRAM]);
            loop {
                let received = tokio::select! {
                    received = receive(old, &mut old_buffer) => received.map(|(length, from)| (old_buffer.get(..length), from)),
                    received = receive(new, &mut new_buffer) => received.map(|(length, from)| (new_buffer.get(..length), from)),
                };
                let Some((Some(datagram), from)) = received else { continue };
                if !self.hear(datagram, from).await {
                    return;
                }
            }
        };
        tokio::select! {
            () = sending => {}
            () = hearing => {}
        }
    }

    /// Takes one datagram. `false` when nobody listens any more.
    async fn hear(&mut self, datagram: &[u8], from: SocketAddr) -> bool {
        let address = from.ip();
        let ours = self.block.subnets.iter().any(|subnet| subnet.contains(&address));
        if !ours || self.reported.contains(&address) {
            return true;
        }
        let mut found = Found { address, answer: SweepAnswer::Discovery, discovery: None, announcement: None };
        match discovery::parse(datagram) {
            Some(Message::Matches(matches)) => {
                found.discovery = discovered(&matches, SocketAddr::new(address, self.block.discovery_port));
                if found.discovery.is_none() {
                    return true;
                }
            }
            Some(Message::Fault) => {}
            Some(Message::Bye) => return true,
            None => match vendor::read(datagram, &self.block.vendor_queries) {
                Some(said) => (found.answer, found.announcement) = (SweepAnswer::Vendor, Some(said)),
                None => return true,
            },
        }
        self.report(found).await
    }

    async fn report(&mut self, found: Found) -> bool {
        self.reported.insert(found.address);
        self.found.send(found).await.is_ok()
    }

    /// Tries the block's TCP ports at those that are still silent.
    async fn knock(&mut self, silent: Vec<IpAddr>) {
        let mut waiting = silent.into_iter();
        let mut trying = JoinSet::new();
        loop {
            while trying.len() < CONNECTING && !self.found.is_closed() {
                let Some(address) = waiting.next() else { break };
                let (ports, pace) = (self.block.ports.clone(), Arc::clone(&self.collector.pace));
                let patience = self.collector.settings.connect_timeout;
                trying.spawn(async move { (address, any_open(address, &ports, patience, &pace).await) });
            }
            let Some(tried) = trying.join_next().await else { return };
            let Ok((address, true)) = tried else { continue };
            let found = Found { address, answer: SweepAnswer::OpenPort, discovery: None, announcement: None };
            if !self.report(found).await {
                return;
            }
        }
    }
}

async fn family(addresses: &[IpAddr], is: fn(&IpAddr) -> bool) -> Option<UdpSocket> {
    match addresses.iter().find(|address| is(address)) {
        Some(address) => seek::socket(*address).await.ok(),
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
async fn any_open(address: IpAddr, ports: &[u16], patience: Duration, pace: &Pace) -> bool {
    for port in ports {
        pace.turn().await;
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
