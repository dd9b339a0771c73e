//! Q-BRIDGE-MIB (RFC 4363).

use super::{Ask, Group, Session, Walked};
use crate::net::VlanId;

const FDB_ENTRY: [u32; 12] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1];
const CURRENT_ENTRY: [u32; 12] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 2, 1];
const STATIC_ENTRY: [u32; 12] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 3, 1];
const PORT_ENTRY: [u32; 12] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 5, 1];

/// The columns a place needs.
#[derive(Debug)]
pub struct QBridge {
    /// dot1qTpFdbPort, by FDB id and address.
    pub ports: Walked,
    /// dot1qTpFdbStatus
    pub status: Walked,
    /// dot1qVlanFdbId, by VLAN.
    pub fdb_id: Walked,
    /// dot1qVlanStaticName, by VLAN.
    pub names: Walked,
    /// dot1qVlanCurrentEgressPorts, else dot1qVlanStaticEgressPorts, by VLAN: a PortList of bridge ports.
    pub egress: Walked,
    /// dot1qVlanCurrentUntaggedPorts, else dot1qVlanStaticUntaggedPorts.
    pub untagged: Walked,
    /// dot1qPvid, by bridge port.
    pub pvid: Walked,
}

/// Reads them.
pub async fn read(ask: &Ask<'_, impl Session>) -> QBridge {
    let (forwarding, vlans, pvid) =
        tokio::join!(read_forwarding(ask), read_vlans(ask), ask.column_if_any(&PORT_ENTRY, &[1]));
    let (ports, status) = forwarding;
    let (fdb_id, names, egress, untagged) = vlans;
    QBridge { ports, status, fdb_id, names, egress, untagged, pvid }
}

async fn read_forwarding(ask: &Ask<'_, impl Session>) -> (Walked, Walked) {
    let ports = ask.long_column(&FDB_ENTRY, &[2]).await;
    let status =
        if ports.rows.is_empty() { Walked::empty_like(&ports) } else { ask.long_column(&FDB_ENTRY, &[3]).await };
    (ports, status)
}

async fn read_vlans(ask: &Ask<'_, impl Session>) -> (Walked, Walked, Walked, Walked) {
    let other = Some(Group::Other);
    let (fdb_id, names, egress) = tokio::join!(
        ask.filtered(None, &CURRENT_ENTRY, 3),
        ask.seldom(Group::Other, &STATIC_ENTRY, &[1]),
        ask.filtered(other, &CURRENT_ENTRY, 4),
    );
    if !egress.rows.is_empty() {
        let untagged = ask.filtered(other, &CURRENT_ENTRY, 5).await;
        return (fdb_id, names, egress, untagged);
    }
    let egress = ask.seldom(Group::Other, &STATIC_ENTRY, &[2]).await;
    let untagged = if egress.rows.is_empty() {
        Walked::empty_like(&egress)
    } else {
        ask.seldom(Group::Other, &STATIC_ENTRY, &[4]).await
    };
    (fdb_id, names, egress, untagged)
}

/// Ports of a PortList: one bit a bridge port, the first octet's highest bit being port 1. Junos writes the numbers
/// out as text (`513,4097`).
#[must_use]
pub fn port_list(octets: &[u8]) -> Vec<u32> {
    let written = octets.iter().all(|octet| octet.is_ascii_digit() || *octet == b',');
    if written && octets.contains(&b',') {
        let text = String::from_utf8_lossy(octets);
        return text.split(',').filter_map(|number| number.parse().ok()).filter(|number| *number != 0).collect();
    }
    bits(octets).map(|bit| bit + 1).collect()
}

/// VLANs of a bitmap whose first octet's highest bit is the VLAN `first`.
pub fn vlans_of_bits(octets: &[u8], first: u32) -> impl Iterator<Item = VlanId> {
    bits(octets).filter_map(move |bit| VlanId::new(first + bit))
}

fn bits(octets: &[u8]) -> impl Iterator<Item = u32> {
    let octets = octets.iter().take(1024).zip(0u32..);
    octets.flat_map(|(octet, at)| (0..8).filter(move |bit| octet & (0x80 >> bit) != 0).map(move |bit| at * 8 + bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_ports_is_read_as_bits_or_as_text() {
        assert_eq!(port_list(&[0x80, 0x01, 0xc0]), [1, 16, 17, 18]);
        assert_eq!(port_list(b"513,4097"), [513, 4097]);
        assert_eq!(port_list(b"0,4097"), [4097]);
        assert_eq!(port_list(&[]), [0; 0]);
        let vlans: Vec<u16> = vlans_of_bits(&[0xc0, 0x80], 1024).map(VlanId::get).collect();
        assert_eq!(vlans, [1024, 1025, 1032]);
        assert_eq!(vlans_of_bits(&[0x80], 0).count(), 0, "0 is no VLAN");
    }
}
