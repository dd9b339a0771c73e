//! HUAWEI-L2MAM-MIB hwDynFdbTable: learned addresses of VRP switches.

use super::bridge::mac_of_index;
use super::{Ask, Session, Walked};
use crate::net::{MacAddr, VlanId};

/// IANA private enterprise number.
pub const ENTERPRISE: u32 = 2011;

/// Reads hwDynFdbPort, an ifIndex, by address, VLAN and name of a virtual switch instance.
pub async fn read(ask: &Ask<'_, impl Session>) -> Walked {
    ask.long_column(&[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 2, 1, 3, 1], &[4]).await
}

/// Its index: the address and the VLAN.
#[must_use]
pub fn index(arcs: &[u32]) -> Option<(MacAddr, Option<VlanId>)> {
    let (address, rest) = arcs.split_at_checked(6)?;
    Some((mac_of_index(address)?, VlanId::new(*rest.first()?)))
}
