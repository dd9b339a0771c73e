//! BRIDGE-MIB (RFC 4188).

use super::{Ask, Group, Oid, Session, Walked};
use crate::net::MacAddr;

const BASE: [u32; 8] = [1, 3, 6, 1, 2, 1, 17, 1];
const BASE_PORT_ENTRY: [u32; 10] = [1, 3, 6, 1, 2, 1, 17, 1, 4, 1];
const STP_PORT_ENTRY: [u32; 10] = [1, 3, 6, 1, 2, 1, 17, 2, 15, 1];
const FDB_ENTRY: [u32; 10] = [1, 3, 6, 1, 2, 1, 17, 4, 3, 1];

/// The columns a place needs.
#[derive(Debug)]
pub struct Bridge {
    /// dot1dBasePort, by bridge port: the same number again, but for agents that index by something else.
    pub base_values: Walked,
    /// dot1dBasePortIfIndex, by bridge port.
    pub base_ports: Walked,
    /// dot1dStpPortState, by bridge port.
    pub stp_state: Walked,
    /// dot1dStpPortDesignatedBridge, by bridge port: priority and address.
    pub stp_bridge: Walked,
    /// dot1dTpFdbAddress; asked for only where the index is no address.
    pub addresses: Walked,
    /// dot1dTpFdbPort, by address.
    pub ports: Walked,
    /// dot1dTpFdbStatus
    pub status: Walked,
}

/// dot1dBaseBridgeAddress
///
/// `None` where the agent has none.
pub async fn base_address(session: &impl Session) -> Option<MacAddr> {
    let values = session.get(&[Oid::new(&BASE).join(&[1, 0])]).await.ok()?;
    values.first()?.octets().and_then(MacAddr::from_octets)
}

/// Asks for dot1dBaseNumPorts alone: whether this bridge answers at all.
///
/// # Errors
/// What the agent says in place of an answer.
pub async fn probe(session: &impl Session) -> Result<(), super::SnmpError> {
    session.get(&[Oid::new(&BASE).join(&[2, 0])]).await.map(drop)
}

/// Reads them.
pub async fn read(ask: &Ask<'_, impl Session>) -> Bridge {
    let (base_values, base_ports, stp, forwarding) = tokio::join!(
        ask.seldom(Group::Interfaces, &BASE_PORT_ENTRY, &[1]),
        ask.column(&BASE_PORT_ENTRY, &[2]),
        read_stp(ask),
        read_forwarding(ask),
    );
    let ((stp_state, stp_bridge), (addresses, ports, status)) = (stp, forwarding);
    Bridge { base_values, base_ports, stp_state, stp_bridge, addresses, ports, status }
}

/// Reads one VLAN's bridge of a Cisco: its own forwarding rows and its own numbering of ports.
pub async fn read_vlan(ask: &Ask<'_, impl Session>) -> Bridge {
    let (addresses, ports, status) = read_forwarding(ask).await;
    let base_ports =
        if ports.rows.is_empty() { Walked::empty_like(&ports) } else { ask.column(&BASE_PORT_ENTRY, &[2]).await };
    let not_needed = Walked::not_needed;
    let (base_values, stp_state, stp_bridge) = (not_needed(), not_needed(), not_needed());
    Bridge { base_values, base_ports, stp_state, stp_bridge, addresses, ports, status }
}

/// State and designated bridge of each port.
async fn read_stp(ask: &Ask<'_, impl Session>) -> (Walked, Walked) {
    let state = ask.column_if_any(&STP_PORT_ENTRY, &[3]).await;
    let bridge =
        if state.rows.is_empty() { Walked::empty_like(&state) } else { ask.column(&STP_PORT_ENTRY, &[8]).await };
    (state, bridge)
}

/// Columns of dot1dTpFdbTable: addresses, ports, status.
async fn read_forwarding(ask: &Ask<'_, impl Session>) -> (Walked, Walked, Walked) {
    let ports = ask.long_column(&FDB_ENTRY, &[2]).await;
    if ports.rows.is_empty() {
        return (Walked::empty_like(&ports), Walked::empty_like(&ports), ports);
    }
    let status = ask.long_column(&FDB_ENTRY, &[3]).await;
    // Some agents number the rows in place of indexing them by address.
    let numbered = ports.rows.iter().any(|(index, _)| mac_of_index(index).is_none());
    let addresses = if numbered { ask.long_column(&FDB_ENTRY, &[1]).await } else { Walked::not_needed() };
    (addresses, ports, status)
}

/// The address that ends an index: six arcs of one octet each. Some agents put its length before it.
#[must_use]
pub fn mac_of_index(arcs: &[u32]) -> Option<MacAddr> {
    let octets: Option<Vec<u8>> = arcs.iter().map(|arc| u8::try_from(*arc).ok()).collect();
    match octets?.as_slice() {
        [6, octets @ ..] if octets.len() == 6 => MacAddr::from_octets(octets),
        octets => MacAddr::from_octets(octets),
    }
}
