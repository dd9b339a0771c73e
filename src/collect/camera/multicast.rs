//! One network that this host is in itself: probes by multicast, and what devices announce unasked. All of it only says
//! which address is worth a visit; where a datagram came from is the truth, and what it says of addresses is not read.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{seek, vendor};
use crate::config::VendorQuery;
use crate::observation::Announcement;
use crate::onvif::discovery::{self, Form, Message};

/// Each question is asked so often, so far apart: multicast is not sent again by anybody else.
const TIMES: usize = 2;
const APART: Duration = Duration::from_millis(400);
/// Between two datagrams of one socket: a storm is heard in part, and costs little.
const BREATH: Duration = Duration::from_millis(1);

/// An address that was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Where the datagram came from.
    pub address: IpAddr,
    /// What it told over its maker's own discovery, if it was that.
    pub announcement: Option<Announcement>,
}

/// The sockets of one interface.
#[derive(Debug)]
pub struct Neighbourhood {
    /// Probes leave here and are answered here.
    asker: Arc<UdpSocket>,
    /// Hello and Bye are sent to the group.
    ear: Arc<UdpSocket>,
    /// Vendors' devices answer to the asker or to the group: both arrive here.
    vendors: Vec<(VendorQuery, Arc<UdpSocket>)>,
}

impl Neighbourhood {
    /// Opens the sockets on an interface. Needs no privilege.
    ///
    /// # Errors
    /// There is no such interface, or another program holds a port and does not share it.
    pub fn open(interface: &str, queries: &[VendorQuery]) -> io::Result<Self> {
        let index = nix::net::if_::if_nametoindex(interface)?;
        let vendors = queries.iter().map(|query| {
            let socket = bind(interface, index, vendor::port(*query), Some(vendor::group(*query)))?;
            Ok((*query, Arc::new(socket)))
        });
        Ok(Self {
            asker: Arc::new(bind(interface, index, 0, None)?),
            ear: Arc::new(bind(interface, index, discovery::PORT, Some(discovery::GROUP))?),
            vendors: vendors.collect::<io::Result<_>>()?,
        })
    }

    /// Asks at once and then each time so long has passed, and tells who is heard, until something fails. It ends too
    /// when nobody listens.
    ///
    /// # Errors
    /// The interface is gone, or a socket is broken.
    pub async fn watch(self, every: Duration, heard: mpsc::Sender<Heard>) -> io::Result<()> {
        let mut ears = JoinSet::new();
        ears.spawn(listen(Arc::clone(&self.asker), Vec::new(), heard.clone()));
        ears.spawn(listen(Arc::clone(&self.ear), Vec::new(), heard.clone()));
        for (query, socket) in &self.vendors {
            ears.spawn(listen(Arc::clone(socket), vec![*query], heard.clone()));
        }
        let asking = async {
            loop {
                self.ask().await?;
                tokio::time::sleep(every).await;
            }
        };
        let asking: io::Result<Infallible> = tokio::select! {
            failed = asking => failed,
            Some(ended) = ears.join_next() => match ended {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => Err(error),
                Err(error) => Err(io::Error::other(error)),
            },
        };
        asking.map(|_| ())
    }

    /// Sends every form of the probe and the vendors' questions.
    async fn ask(&self) -> io::Result<()> {
        for _ in 0..TIMES {
            for form in Form::ALL {
                let probe = discovery::probe(form).map_err(io::Error::other)?;
                let to = SocketAddr::from((discovery::GROUP, discovery::PORT));
                self.asker.send_to(probe.as_bytes(), to).await?;
            }
            for (query, socket) in &self.vendors {
                let to = SocketAddr::from((vendor::group(*query), vendor::port(*query)));
                socket.send_to(&vendor::question(*query)?, to).await?;
            }
            tokio::time::sleep(APART).await;
        }
        Ok(())
    }
}

/// A socket that sends and hears on one interface only, beside other programs on the same port.
fn bind(interface: &str, index: u32, port: u16, group: Option<Ipv4Addr>) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    if port != 0 {
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
    }
    socket.bind_device(Some(interface.as_bytes()))?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
    // Never beyond this network, and not to ourselves.
    socket.set_multicast_ttl_v4(1)?;
    socket.set_multicast_loop_v4(false)?;
    if let Some(group) = group {
        socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(index))?;
    }
    UdpSocket::from_std(socket.into())
}

/// Tells who is heard on one socket until nobody listens.
async fn listen(socket: Arc<UdpSocket>, queries: Vec<VendorQuery>, heard: mpsc::Sender<Heard>) -> io::Result<()> {
    let mut buffer = vec![0u8; seek::MAX_DATAGRAM];
    while !heard.is_closed() {
        let (length, from) = socket.recv_from(&mut buffer).await?;
        let datagram = buffer.get(..length).unwrap_or_default();
        let announcement = vendor::read(datagram, &queries);
        if (announcement.is_some() || (queries.is_empty() && is_worth_a_visit(datagram)))
            && heard.send(Heard { address: from.ip(), announcement }).await.is_err()
        {
            break;
        }
        tokio::time::sleep(BREATH).await;
    }
    Ok(())
}

/// Whether a device that may be a camera says that it is there. That one says that it leaves is no reason to believe
/// it: it is looked at.
fn is_worth_a_visit(datagram: &[u8]) -> bool {
    match discovery::parse(datagram) {
        Some(Message::Matches(matches)) => matches.iter().any(|found| found.maybe_onvif),
        Some(Message::Bye | Message::Fault) => true,
        None => false,
    }
}
