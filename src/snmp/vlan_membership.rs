//! CISCO-VLAN-MEMBERSHIP-MIB: access and voice VLANs of a Cisco's ports.

use super::{Ask, Group, Session, Walked};

/// Columns by ifIndex.
#[derive(Debug)]
pub struct VlanMembership {
    /// vmVlan: the VLAN of an access port.
    pub access: Walked,
    /// vmVoiceVlanId: the VLAN a phone on it is told to tag; 4095 and 4096 mean none.
    pub voice: Walked,
}

/// Reads them.
pub async fn read(ask: &Ask<'_, impl Session>) -> VlanMembership {
    let (access, voice) = tokio::join!(
        ask.column_if_any(&[1, 3, 6, 1, 4, 1, 9, 9, 68, 1, 2, 2, 1], &[2]),
        ask.seldom(Group::Other, &[1, 3, 6, 1, 4, 1, 9, 9, 68, 1, 5, 1, 1], &[1]),
    );
    VlanMembership { access, voice }
}
