//! Makers' own discoveries, where a block names them: one datagram each, that reads and changes nothing.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::visit::Visit;
use super::{CredentialLedger, seek};
use crate::config::VendorQuery;
use crate::observation::{Announcement, DeviceInformation, VendorProtocol};
use crate::onvif::discovery;
use crate::probe::{self, dhip, sadp};

/// How long answers are waited for before the question is sent once more.
const PATIENCE: Duration = Duration::from_millis(400);
const TIMES: usize = 2;

/// UDP port of a query.
pub(super) fn port(query: VendorQuery) -> u16 {
    match query {
        VendorQuery::Sadp => sadp::PORT,
        VendorQuery::Dhip => dhip::PORT,
    }
}

/// Multicast group of a query.
pub(super) fn group(query: VendorQuery) -> Ipv4Addr {
    match query {
        VendorQuery::Sadp => sadp::GROUP,
        VendorQuery::Dhip => dhip::GROUP,
    }
}

/// The question itself.
pub(super) fn question(query: VendorQuery) -> io::Result<Vec<u8>> {
    match query {
        VendorQuery::Sadp => discovery::uuid().map(|uuid| sadp::inquiry(&uuid).into_bytes()).map_err(io::Error::other),
        VendorQuery::Dhip => Ok(dhip::search()),
    }
}

/// A datagram as an answer to one of these queries.
pub(super) fn read(datagram: &[u8], queries: &[VendorQuery]) -> Option<Announcement> {
    queries.iter().find_map(|query| {
        let (protocol, said) = match query {
            VendorQuery::Sadp => (VendorProtocol::Sadp, sadp::parse(datagram)?),
            VendorQuery::Dhip => (VendorProtocol::Dhip, dhip::parse(datagram)?),
        };
        let probe::Announcement { manufacturer, model, serial, firmware, kind, mac, activated } = said;
        let information = DeviceInformation { manufacturer, model, firmware, serial, ..DeviceInformation::default() };
        Some(Announcement { protocol, information, kind, mac, activated })
    })
}

impl<L: CredentialLedger> Visit<'_, L> {
    /// Asks by the makers' own discoveries that the block names. Answers count only from the address that was asked.
    pub(super) async fn ask_vendors(&mut self) {
        let queries = &self.block.vendor_queries;
        if queries.is_empty() {
            return;
        }
        let address = self.out.address;
        let Ok(socket) = seek::socket(address).await else { return };
        let mut buffer = vec![0u8; seek::MAX_DATAGRAM];
        let mut waited_for = queries.clone();
        for _ in 0..TIMES {
            for query in &waited_for {
                let Ok(question) = question(*query) else { continue };
                // What cannot be sent is as silent as what is not answered.
                let _ = socket.send_to(&question, SocketAddr::new(address, port(*query))).await;
                self.out.requests += 1;
            }
            let until = (Instant::now() + PATIENCE).min(self.budget.until());
            while !waited_for.is_empty() {
                let (length, from) = match timeout_at(until, socket.recv_from(&mut buffer)).await {
                    Err(_) => break,
                    // A port that is closed there: the other may be open.
                    Ok(Err(_)) => continue,
                    Ok(Ok(received)) => received,
                };
                if !self.budget.take(length) {
                    return;
                }
                let datagram = buffer.get(..length).unwrap_or_default();
                let Some(said) = read(datagram, queries).filter(|_| from.ip() == address) else { continue };
                waited_for.retain(|query| {
                    !matches!(
                        (query, said.protocol),
                        (VendorQuery::Sadp, VendorProtocol::Sadp) | (VendorQuery::Dhip, VendorProtocol::Dhip)
                    )
                });
                self.out.hear(said);
            }
        }
    }
}
