//! ALCATEL-IND1-MAC-ADDRESS-MIB of OmniSwitches: slMacAddressTable (AOS 6) and slMacAddressGlobalTable (AOS 7 and 8).

use super::bridge::mac_of_index;
use super::{Ask, Session, Walked};
use crate::net::{MacAddr, VlanId};

/// IANA private enterprise number.
pub const ENTERPRISE: u32 = 6486;

const AOS6_ENTRY: [u32; 15] = [1, 3, 6, 1, 4, 1, 6486, 800, 1, 2, 1, 8, 1, 1, 1];
const GLOBAL_ENTRY: [u32; 16] = [1, 3, 6, 1, 4, 1, 6486, 801, 1, 2, 1, 8, 1, 1, 8, 1];

/// The columns of the table the switch has.
#[derive(Debug)]
pub struct Alcatel {
    /// slMacAddressManagement, by ifIndex, VLAN and address.
    pub aos6: Walked,
    /// slMacAddressGblManagement, by domain, locale, origin (ifIndex), service (VLAN), sub-service and address.
    pub global: Walked,
}

/// Reads them.
pub async fn read(ask: &Ask<'_, impl Session>) -> Alcatel {
    let aos6 = ask.long_column(&AOS6_ENTRY, &[1, 3]).await;
    let global = if aos6.rows.is_empty() { ask.long_column(&GLOBAL_ENTRY, &[7]).await } else { Walked::not_needed() };
    Alcatel { aos6, global }
}

/// An index of either table: ifIndex, VLAN, address. Only the domain of VLANs (1) is told; services are not VLANs.
#[must_use]
pub fn index(arcs: &[u32]) -> Option<(u32, Option<VlanId>, MacAddr)> {
    match arcs {
        [port, vlan, address @ ..] if address.len() == 6 => Some((*port, VlanId::new(*vlan), mac_of_index(address)?)),
        [domain, _locale, port, vlan, _sub, address @ ..] if address.len() == 6 => {
            Some((*port, VlanId::new(*vlan).filter(|_| *domain == 1), mac_of_index(address)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_index_are_read() {
        let mac = MacAddr([0, 1, 2, 3, 4, 5]);
        assert_eq!(index(&[1001, 11, 0, 1, 2, 3, 4, 5]), Some((1001, VlanId::new(11), mac)));
        assert_eq!(index(&[1, 1, 1001, 11, 0, 0, 1, 2, 3, 4, 5]), Some((1001, VlanId::new(11), mac)));
        assert_eq!(index(&[2, 1, 1001, 11, 0, 0, 1, 2, 3, 4, 5]), Some((1001, None, mac)), "a service");
        assert_eq!(index(&[1001, 11, 0, 1, 2, 3, 4]), None);
        assert_eq!(index(&[1001, 11, 0, 1, 2, 3, 4, 256]), None);
    }
}
