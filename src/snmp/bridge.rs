//! BRIDGE-MIB (RFC 4188) and Q-BRIDGE-MIB (RFC 4363).

use super::{Limits, Oid, Pace, Session, Walked, walk};
use crate::net::MacAddr;

const BRIDGE: [u32; 8] = [1, 3, 6, 1, 2, 1, 17, 1];
const DOT1D_FDB: [u32; 10] = [1, 3, 6, 1, 2, 1, 17, 4, 3, 1];
const Q_BRIDGE: [u32; 9] = [1, 3, 6, 1, 2, 1, 17, 7, 1];

/// The columns a place needs.
#[derive(Debug)]
pub struct Bridge {
    /// dot1dBasePortIfIndex, by bridge port.
    pub base_ports: Walked,
    /// dot1qTpFdbPort, by FDB id and address.
    pub dot1q_port: Walked,
    /// dot1qTpFdbStatus
    pub dot1q_status: Walked,
    /// dot1dTpFdbPort, by address.
    pub dot1d_port: Walked,
    /// dot1dTpFdbStatus
    pub dot1d_status: Walked,
    /// dot1qVlanFdbId, by TimeMark and VLAN.
    pub vlan_fdb_id: Walked,
    /// dot1qVlanStaticName, by VLAN.
    pub vlan_names: Walked,
    /// dot1qPvid, by bridge port.
    pub pvid: Walked,
}

/// dot1dBaseBridgeAddress
///
/// `None` where the agent has none.
pub async fn base_address(session: &impl Session) -> Option<MacAddr> {
    let values = session.get(&[Oid::new(&BRIDGE).join(&[1, 0])]).await.ok()?;
    values.first()?.octets().and_then(MacAddr::from_octets)
}

/// Reads them.
pub async fn read(session: &impl Session, limits: Limits, pace: &Pace) -> Bridge {
    let column = |entry: &[u32], arcs: &[u32]| {
        let root = Oid::new(entry).join(arcs);
        Box::pin(async move { walk(session, &root, limits, pace, None).await })
    };
    // dot1qVlanCurrentTable is asked for TimeMark 0 alone: with others some agents loop for ever.
    let (base_ports, dot1q_port, dot1q_status, dot1d_port, dot1d_status, vlan_fdb_id, vlan_names, pvid) = tokio::join!(
        column(&BRIDGE, &[4, 1, 2]),
        column(&Q_BRIDGE, &[2, 2, 1, 2]),
        column(&Q_BRIDGE, &[2, 2, 1, 3]),
        column(&DOT1D_FDB, &[2]),
        column(&DOT1D_FDB, &[3]),
        column(&Q_BRIDGE, &[4, 2, 1, 3, 0]),
        column(&Q_BRIDGE, &[4, 3, 1, 1]),
        column(&Q_BRIDGE, &[4, 5, 1, 1]),
    );
    Bridge { base_ports, dot1q_port, dot1q_status, dot1d_port, dot1d_status, vlan_fdb_id, vlan_names, pvid }
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
