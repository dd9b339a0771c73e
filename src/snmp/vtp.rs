//! CISCO-VTP-MIB: VLANs of a Cisco and what its trunks carry.

use std::collections::{BTreeMap, BTreeSet};

use super::qbridge::vlans_of_bits;
use super::{Ask, Group, Index, Session, Walked};
use crate::net::VlanId;

const VLAN_ENTRY: [u32; 13] = [1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 3, 1, 1];
const TRUNK_ENTRY: [u32; 13] = [1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 6, 1, 1];

/// The columns a place needs.
#[derive(Debug)]
pub struct Vtp {
    /// vtpVlanState, by domain and VLAN: 1 is operational.
    pub state: Walked,
    /// vtpVlanType: 1 is Ethernet.
    pub kind: Walked,
    /// vtpVlanName
    pub name: Walked,
    /// vlanTrunkPortDynamicStatus, by ifIndex: 1 is trunking.
    pub trunking: Walked,
    /// vlanTrunkPortNativeVlan, by ifIndex.
    pub native: Walked,
    /// vlanTrunkPortVlansEnabled and its three continuations, 1,024 VLANs each, by ifIndex.
    pub enabled: [Walked; 4],
}

/// Reads them; the rest only where there is a VLAN.
pub async fn read(ask: &Ask<'_, impl Session>) -> Vtp {
    let state = ask.column_if_any(&VLAN_ENTRY, &[2]).await;
    if state.rows.is_empty() {
        let n = || Walked::empty_like(&state);
        return Vtp { kind: n(), name: n(), trunking: n(), native: n(), enabled: [n(), n(), n(), n()], state };
    }
    let trunk = |arcs| ask.seldom(Group::Other, &TRUNK_ENTRY, arcs);
    let (kind, name, trunking, native) = tokio::join!(
        ask.seldom(Group::Other, &VLAN_ENTRY, &[3]),
        ask.seldom(Group::Other, &VLAN_ENTRY, &[4]),
        ask.column(&TRUNK_ENTRY, &[14]),
        trunk(&[5]),
    );
    let enabled = tokio::join!(trunk(&[4]), trunk(&[17]), trunk(&[18]), trunk(&[19]));
    Vtp { state, kind, name, trunking, native, enabled: enabled.into() }
}

impl Vtp {
    /// VLANs that are in operation and Ethernet; 1002 to 1005 are what token ring and FDDI had.
    #[must_use]
    pub fn operational(&self) -> BTreeSet<VlanId> {
        let other: BTreeSet<&[u32]> =
            self.kind.rows.iter().filter(|(_, kind)| kind.number() != Some(1)).map(|(i, _)| i.as_slice()).collect();
        let row = |(index, state): &(Index, super::Value)| match index.as_slice() {
            [_, vlan] if state.number() == Some(1) && !other.contains(index.as_slice()) => VlanId::new(*vlan),
            _ => None,
        };
        self.state.rows.iter().filter_map(row).filter(|vlan| !(1002..=1005).contains(&vlan.get())).collect()
    }

    /// What each trunk carries, by ifIndex. A port that is not trunking has a list too, which is not its own.
    #[must_use]
    pub fn trunks(&self) -> BTreeMap<u32, BTreeSet<VlanId>> {
        let one = |(index, status): &(Index, super::Value)| match index.as_slice() {
            [port] if status.number() == Some(1) => Some(*port),
            _ => None,
        };
        let trunking: BTreeSet<u32> = self.trunking.rows.iter().filter_map(one).collect();
        let mut carried: BTreeMap<u32, BTreeSet<VlanId>> = BTreeMap::new();
        for (column, first) in self.enabled.iter().zip([0, 1024, 2048, 3072]) {
            for (index, bits) in &column.rows {
                if let ([port], Some(octets)) = (index.as_slice(), bits.octets())
                    && trunking.contains(port)
                {
                    carried.entry(*port).or_default().extend(vlans_of_bits(octets, first));
                }
            }
        }
        carried
    }
}
