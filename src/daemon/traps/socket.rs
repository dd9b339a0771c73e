//! The socket traps come in by. An inform is answered from the address that it was sent to: of a host with several,
//! its sender knows only that one.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Octets kept for traps that wait, where the system grants as much.
const BUFFER: usize = 4 << 20;
/// What the system may hand over at once: several datagrams of one sender.
const AT_ONCE: usize = 65_535;
/// Longest datagram taken: a trap has a few hundred octets, an agent's limit is 1,472 or 8,192.
const LONGEST: usize = 8_192;

/// A datagram that came in.
pub(super) struct Datagram {
    pub(super) from: SocketAddr,
    /// The address of this host that it was sent to.
    to: Option<IpAddr>,
    pub(super) contents: Vec<u8>,
}

pub(super) struct Socket {
    socket: UdpSocket,
    state: UdpSocketState,
    buffer: Vec<u8>,
}

impl Socket {
    pub(super) fn bind(address: SocketAddr) -> io::Result<Self> {
        let domain = socket2::Domain::for_address(address);
        let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, None)?;
        socket.bind(&address.into())?;
        Self::new(socket.into())
    }

    /// Of a socket that is bound.
    pub(super) fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(BUFFER);
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        let state = UdpSocketState::new((&socket).into())?;
        Ok(Self { socket, state, buffer: vec![0; AT_ONCE] })
    }

    pub(super) fn address(&self) -> String {
        self.socket.local_addr().map(|address| address.to_string()).unwrap_or_default()
    }

    /// Waits for datagrams. Those that are too long are not among them.
    pub(super) async fn receive(&mut self) -> Vec<Datagram> {
        let Self { socket, state, buffer } = self;
        let mut meta = [RecvMeta::default()];
        let got = socket
            .async_io(Interest::READABLE, || state.recv((&*socket).into(), &mut [IoSliceMut::new(buffer)], &mut meta))
            .await;
        if got.is_err() {
            // A reply of ours that could not be delivered, or worse: no reason to end, nor to spin.
            tokio::time::sleep(Duration::from_millis(50)).await;
            return Vec::new();
        }
        let [meta] = meta;
        let octets = buffer.get(..meta.len).unwrap_or_default();
        let datagrams = octets.chunks(meta.stride.max(1)).filter(|contents| contents.len() <= LONGEST);
        let datagram = |contents: &[u8]| Datagram { from: meta.addr, to: meta.dst_ip, contents: contents.to_vec() };
        datagrams.map(datagram).collect()
    }

    /// Answers at once or not at all: who sent an inform sends it again.
    pub(super) fn reply(&self, datagram: &Datagram, contents: &[u8]) {
        let (destination, src_ip) = (datagram.from, datagram.to);
        let transmit = Transmit { destination, ecn: None, contents, segment_size: None, src_ip };
        let _ = self.socket.try_io(Interest::WRITABLE, || self.state.try_send((&self.socket).into(), &transmit));
    }
}
