//! IP-MIB (RFC 4293): ipNetToMediaTable and ipNetToPhysicalTable.

use std::net::{IpAddr, Ipv6Addr};

use super::{Ask, Oid, Session, SnmpError, Walked};

/// Reads ipNetToMediaPhysAddress, by ifIndex and IPv4 address.
pub async fn read_media(ask: &Ask<'_, impl Session>) -> Walked {
    ask.long_column(&[1, 3, 6, 1, 2, 1, 4, 22, 1], &[2]).await
}

/// Asks for ipForwarding, to see whether the agent answers at all where it is asked.
///
/// # Errors
/// It does not.
pub async fn probe(session: &impl Session) -> Result<(), SnmpError> {
    session.get(&[Oid::new(&[1, 3, 6, 1, 2, 1, 4, 1, 0])]).await.map(drop)
}

/// Reads ipNetToPhysicalPhysAddress, by ifIndex, address type and address.
pub async fn read_physical(ask: &Ask<'_, impl Session>) -> Walked {
    ask.long_column(&[1, 3, 6, 1, 2, 1, 4, 35, 1], &[4]).await
}

fn octets(arcs: &[u32]) -> Option<Vec<u8>> {
    arcs.iter().map(|arc| u8::try_from(*arc).ok()).collect()
}

fn ip_of(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(IpAddr::from),
        // ipv4z and ipv6z carry a zone behind the address.
        8 => octets.get(..4).and_then(|v4| <[u8; 4]>::try_from(v4).ok()).map(IpAddr::from),
        16 | 20 => octets.get(..16).and_then(|v6| <[u8; 16]>::try_from(v6).ok()).map(|v6| Ipv6Addr::from(v6).into()),
        _ => None,
    }
}

/// The address that these arcs of an index are, one octet an arc.
#[must_use]
pub fn ip_of_arcs(arcs: &[u32]) -> Option<IpAddr> {
    ip_of(&octets(arcs)?)
}

/// The index of ipNetToMediaTable: `(ifIndex, address)`.
#[must_use]
pub fn media_index(arcs: &[u32]) -> Option<(u32, IpAddr)> {
    let (if_index, address) = arcs.split_first()?;
    Some((*if_index, ip_of(&octets(address)?)?))
}

/// The index of ipNetToPhysicalTable: `(ifIndex, address)`. InetAddressType and a length stand between.
#[must_use]
pub fn physical_index(arcs: &[u32]) -> Option<(u32, IpAddr)> {
    let [if_index, _kind, length, address @ ..] = arcs else { return None };
    if usize::try_from(*length).ok()? != address.len() {
        return None;
    }
    Some((*if_index, ip_of(&octets(address)?)?))
}
