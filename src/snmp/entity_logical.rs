//! ENTITY-MIB (RFC 6933) entLogicalTable: the bridges a Cisco has, one a VLAN.

use std::collections::BTreeSet;

use super::{Ask, Group, Oid, Session, Value, Walked};
use crate::net::VlanId;

const ENTRY: [u32; 11] = [1, 3, 6, 1, 2, 1, 47, 1, 2, 1, 1];
/// dot1dBridge: what entLogicalType is of a bridge.
const BRIDGE: [u32; 7] = [1, 3, 6, 1, 2, 1, 17];

/// Columns by entLogicalIndex. entLogicalCommunity is not asked for: it is a secret.
#[derive(Debug)]
pub struct EntityLogical {
    /// entLogicalDescr (`vlan505`)
    pub description: Walked,
    /// entLogicalType
    pub kind: Walked,
}

/// Reads them.
pub async fn read(ask: &Ask<'_, impl Session>) -> EntityLogical {
    let kind = ask.seldom(Group::Entity, &ENTRY, &[3]).await;
    let description =
        if kind.rows.is_empty() { Walked::empty_like(&kind) } else { ask.seldom(Group::Entity, &ENTRY, &[2]).await };
    EntityLogical { description, kind }
}

impl EntityLogical {
    /// VLANs that have a bridge; 1002 to 1005 are what token ring and FDDI had.
    #[must_use]
    pub fn bridges(&self) -> BTreeSet<VlanId> {
        let bridge = Oid::new(&BRIDGE);
        let bridges: BTreeSet<&[u32]> = self
            .kind
            .rows
            .iter()
            .filter(|(_, kind)| matches!(kind, Value::Oid(oid) if oid.under(&bridge).is_some()))
            .map(|(index, _)| index.as_slice())
            .collect();
        let vlan = |text: &str| text.strip_prefix("vlan").and_then(|number| number.parse().ok()).and_then(VlanId::new);
        self.description
            .rows
            .iter()
            .filter(|(index, _)| bridges.contains(index.as_slice()))
            .filter_map(|(_, text)| vlan(text.text().as_str().to_ascii_lowercase().as_str()))
            .filter(|vlan| !(1002..=1005).contains(&vlan.get()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snmp::WalkEnd;

    #[test]
    fn a_bridge_of_a_vlan_is_told_by_its_kind_and_its_name() {
        let column = |values: Vec<Value>| Walked {
            rows: values.into_iter().zip(1..).map(|(value, index)| (vec![index].into(), value)).collect(),
            end: WalkEnd::Complete,
        };
        let name = |text: &str| Value::Octets(text.as_bytes().to_vec());
        let kind = || Value::Oid(Box::new(Oid::new(&BRIDGE)));
        let logical = EntityLogical {
            description: column(vec![name("vlan1"), name("vlan1002"), name("VLAN508"), name("vlan7"), name("vlanX")]),
            kind: column(vec![kind(), kind(), kind(), Value::Oid(Box::new(Oid::new(&[1, 3]))), kind()]),
        };
        let vlans: Vec<u16> = logical.bridges().into_iter().map(VlanId::get).collect();
        assert_eq!(vlans, [1, 508]);
    }
}
