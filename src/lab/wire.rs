//! One UDP socket that answers from whichever loopback address it was asked at.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Octets kept for datagrams that wait, where the system grants as much.
const BUFFER: usize = 4 << 20;
/// Longest datagram.
const DATAGRAM: usize = 65_535;

/// A socket for a whole estate.
#[derive(Debug)]
pub(super) struct Wire {
    socket: UdpSocket,
    state: UdpSocketState,
}

impl Wire {
    /// Binds any free port. Only what comes from and goes to loopback is ever handed on.
    pub(super) fn bind() -> io::Result<Self> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
        // Needs Linux 5.7 without privilege; the check on every datagram stands in any case.
        let _ = socket.bind_device(Some(b"lo"));
        let _ = socket.set_recv_buffer_size(BUFFER);
        socket.set_nonblocking(true)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into())?;
        let socket = UdpSocket::from_std(socket.into())?;
        let state = UdpSocketState::new((&socket).into())?;
        Ok(Self { socket, state })
    }

    /// Its port.
    pub(super) fn port(&self) -> io::Result<u16> {
        Ok(self.socket.local_addr()?.port())
    }

    /// Answers datagrams until the task is ended.
    pub(super) async fn serve<A>(self, mut answer: A)
    where
        A: FnMut(Ipv4Addr, &[u8]) -> Option<Vec<u8>> + Send,
    {
        let mut storage = vec![vec![0u8; DATAGRAM]; BATCH_SIZE.min(8)];
        loop {
            let mut meta = [RecvMeta::default(); BATCH_SIZE];
            let mut buffers: Vec<IoSliceMut<'_>> = storage.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
            let got = self
                .socket
                .async_io(Interest::READABLE, || self.state.recv((&self.socket).into(), &mut buffers, &mut meta))
                .await;
            drop(buffers);
            let Ok(count) = got else {
                // An error that a reply of ours caused (a peer that went away); the next datagram is another matter.
                tokio::task::yield_now().await;
                continue;
            };
            for (meta, buffer) in meta.iter().zip(&storage).take(count) {
                let (Some(IpAddr::V4(here)), true) = (meta.dst_ip, meta.addr.ip().is_loopback()) else { continue };
                if !here.is_loopback() {
                    continue;
                }
                // Several datagrams of one sender may arrive as one.
                for datagram in buffer.get(..meta.len).unwrap_or_default().chunks(meta.stride.max(1)) {
                    if let Some(reply) = answer(here, datagram) {
                        self.send(here, meta.addr, &reply).await;
                    }
                }
            }
        }
    }

    async fn send(&self, from: Ipv4Addr, to: SocketAddr, contents: &[u8]) {
        let transmit =
            Transmit { destination: to, ecn: None, contents, segment_size: None, src_ip: Some(IpAddr::V4(from)) };
        // Like any network, this one may lose a datagram: there is nothing to do about an error.
        let _ =
            self.socket.async_io(Interest::WRITABLE, || self.state.try_send((&self.socket).into(), &transmit)).await;
    }
}
