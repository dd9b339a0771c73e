//! How a device's numbers are to be read: bridge port to interface, FDB id to VLAN.
//!
//! What a number means differs from vendor to vendor; each reading here is tried against what the device itself
//! says elsewhere, and where nothing bears it out the answer is unknown.

use std::collections::{BTreeMap, BTreeSet};

use crate::net::VlanId;

/// From a bridge port to an ifIndex.
#[derive(Debug, Clone, Default)]
pub(super) struct PortReading {
    base: BTreeMap<u32, u32>,
    interfaces: BTreeSet<u32>,
}

impl PortReading {
    /// `base` is dot1dBasePortIfIndex; `interfaces` are the ifIndexes there are.
    pub(super) fn new(base: BTreeMap<u32, u32>, interfaces: BTreeSet<u32>) -> Self {
        Self { base, interfaces }
    }

    /// The interface of a bridge port. Without any base port table the number is taken for an ifIndex, if it is one.
    pub(super) fn if_index(&self, bridge_port: u32) -> Option<u32> {
        if bridge_port == 0 {
            return None;
        }
        if self.base.is_empty() {
            return self.interfaces.contains(&bridge_port).then_some(bridge_port);
        }
        self.base.get(&bridge_port).copied().filter(|index| *index != 0)
    }
}

/// From an FDB id to a VLAN.
#[derive(Debug, Clone, Default)]
pub(super) struct VlanReading {
    by_id: BTreeMap<u32, BTreeSet<VlanId>>,
    known: BTreeSet<VlanId>,
}

impl VlanReading {
    /// `ids` are rows of dot1qVlanFdbId as `(VLAN, id)`; `known` the VLANs the device lists.
    pub(super) fn new(ids: impl Iterator<Item = (VlanId, u32)>, known: BTreeSet<VlanId>) -> Self {
        let mut by_id: BTreeMap<u32, BTreeSet<VlanId>> = BTreeMap::new();
        for (vlan, id) in ids {
            by_id.entry(id).or_default().insert(vlan);
        }
        Self { by_id, known }
    }

    /// The VLAN of an FDB id. One that several VLANs share tells none; without a table of ids the number is a VLAN
    /// only if the device lists that VLAN.
    pub(super) fn vlan(&self, id: u32) -> Option<VlanId> {
        match self.by_id.get(&id) {
            Some(vlans) if vlans.len() == 1 => vlans.first().copied(),
            Some(_) => None,
            None => VlanId::new(id).filter(|vlan| self.known.contains(vlan)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vlan(number: u32) -> VlanId {
        VlanId::new(number).unwrap()
    }

    #[test]
    fn a_bridge_port_is_read_by_the_base_table_and_never_guessed_beside_it() {
        let reading = PortReading::new([(1, 10001), (2, 0)].into(), [1, 2, 10001].into());
        assert_eq!([0, 1, 2, 3].map(|port| reading.if_index(port)), [None, Some(10001), None, None]);
        let bare = PortReading::new(BTreeMap::new(), [5].into());
        assert_eq!([5, 6].map(|port| bare.if_index(port)), [Some(5), None]);
    }

    #[test]
    fn a_shared_or_unlisted_fdb_id_tells_no_vlan() {
        let ids = [(vlan(10), 1), (vlan(20), 2), (vlan(30), 2)];
        let reading = VlanReading::new(ids.into_iter(), [vlan(10), vlan(20), vlan(30), vlan(40)].into());
        assert_eq!([1, 2, 40, 50].map(|id| reading.vlan(id)), [Some(vlan(10)), None, Some(vlan(40)), None]);
    }
}
