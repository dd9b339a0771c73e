//! JUNIPER-L2ALD-MIB jnxL2aldVlanTable (ELS) and JUNIPER-VLAN-MIB jnxExVlanTable (before it): what the numbers that
//! stand in Junos' FDB ids and VLAN indexes are tagged as.

use super::{Ask, Group, Session, Walked};

/// IANA private enterprise number.
pub const ENTERPRISE: u32 = 2636;

const L2ALD_ENTRY: [u32; 13] = [1, 3, 6, 1, 4, 1, 2636, 3, 48, 1, 3, 1, 1];
const EX_VLAN_ENTRY: [u32; 14] = [1, 3, 6, 1, 4, 1, 2636, 3, 40, 1, 5, 1, 5, 1];

/// Columns by the internal number of a VLAN.
#[derive(Debug)]
pub struct Junos {
    /// It is jnxL2aldVlanTable: FDB ids have the internal number in their upper half. Before it, they were that number.
    pub els: bool,
    /// jnxL2aldVlanName or jnxExVlanName
    pub names: Walked,
    /// jnxL2aldVlanTag or jnxExVlanTag
    pub tags: Walked,
    /// jnxL2aldVlanFdbId
    pub fdb_ids: Walked,
}

/// Reads them.
pub async fn read(ask: &Ask<'_, impl Session>) -> Junos {
    let tags = ask.seldom(Group::Other, &L2ALD_ENTRY, &[3]).await;
    if !tags.rows.is_empty() {
        let (names, fdb_ids) =
            tokio::join!(ask.seldom(Group::Other, &L2ALD_ENTRY, &[2]), ask.seldom(Group::Other, &L2ALD_ENTRY, &[5]),);
        return Junos { els: true, names, tags, fdb_ids };
    }
    let (names, tags) =
        tokio::join!(ask.seldom(Group::Other, &EX_VLAN_ENTRY, &[2]), ask.seldom(Group::Other, &EX_VLAN_ENTRY, &[5]),);
    Junos { els: false, names, tags, fdb_ids: Walked::not_needed() }
}
