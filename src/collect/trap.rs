//! What a notification is about: whether the switch that sent it is to be visited. Nothing else that a notification
//! says is used: the visit asks the switch itself.

use crate::snmp::Oid;

/// Why a switch is visited now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It started again: coldStart, warmStart.
    Started,
    /// A port came up or went down: linkUp, linkDown.
    Link,
    /// Its spanning tree changed: newRoot, topologyChange.
    Topology,
    /// It learned, lost or moved a MAC address.
    Forwarding,
}

/// Notifications and what they are about.
const MEANINGS: [(&[u32], Reason); 15] = [
    // SNMPv2-MIB (RFC 3418), IF-MIB (RFC 2863), BRIDGE-MIB (RFC 4188).
    (&[1, 3, 6, 1, 6, 3, 1, 1, 5, 1], Reason::Started),
    (&[1, 3, 6, 1, 6, 3, 1, 1, 5, 2], Reason::Started),
    (&[1, 3, 6, 1, 6, 3, 1, 1, 5, 3], Reason::Link),
    (&[1, 3, 6, 1, 6, 3, 1, 1, 5, 4], Reason::Link),
    (&[1, 3, 6, 1, 2, 1, 17, 0, 1], Reason::Topology),
    (&[1, 3, 6, 1, 2, 1, 17, 0, 2], Reason::Topology),
    // CISCO-MAC-NOTIFICATION-MIB: cmnMacChangedNotification, cmnMacMoveNotification.
    (&[1, 3, 6, 1, 4, 1, 9, 9, 215, 2, 0, 1], Reason::Forwarding),
    (&[1, 3, 6, 1, 4, 1, 9, 9, 215, 2, 0, 2], Reason::Forwarding),
    // HP-ICF-MACNOTIFY-MIB: hpicfMacNotifyMacAddressTableChange.
    (&[1, 3, 6, 1, 4, 1, 11, 2, 14, 11, 5, 1, 66, 0, 1], Reason::Forwarding),
    // HH3C-MAC-INFORMATION-MIB (Comware): hh3cMACInformationChangedTrap, …ChangedTrapExt, …MovedTrap.
    (&[1, 3, 6, 1, 4, 1, 25506, 2, 87, 1, 3, 0, 1], Reason::Forwarding),
    (&[1, 3, 6, 1, 4, 1, 25506, 2, 87, 1, 4, 0, 1], Reason::Forwarding),
    (&[1, 3, 6, 1, 4, 1, 25506, 2, 87, 1, 4, 0, 2], Reason::Forwarding),
    // JUNIPER-EX-MAC-NOTIFICATION-MIB: jnxMacChangedNotification.
    (&[1, 3, 6, 1, 4, 1, 2636, 3, 40, 1, 7, 2, 0, 1], Reason::Forwarding),
    // JUNIPER-L2ALD-MIB: jnxl2aldMacMoveThreshold, jnxL2aldMacChangedNotification.
    (&[1, 3, 6, 1, 4, 1, 2636, 3, 48, 1, 0, 4], Reason::Forwarding),
    (&[1, 3, 6, 1, 4, 1, 2636, 3, 48, 1, 0, 5], Reason::Forwarding),
];
/// Comware under HP's own number (HPN-ICF-MAC-INFORMATION-MIB) says the same as under H3C's.
const COMWARE: [&[u32]; 2] = [&[1, 3, 6, 1, 4, 1, 25506], &[1, 3, 6, 1, 4, 1, 11, 2, 14, 11, 15]];

/// Why the sender of a notification is to be visited; `None`: it need not be.
#[must_use]
pub fn reason(trap: &Oid) -> Option<Reason> {
    let [h3c, hp] = COMWARE;
    let trap = match trap.0.strip_prefix(hp) {
        Some(rest) => Oid([h3c, rest].concat()),
        None => trap.clone(),
    };
    MEANINGS.iter().find(|(oid, _)| *oid == trap.0).map(|(_, reason)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Reason> {
        reason(&Oid(text.split('.').map(|arc| arc.parse().unwrap()).collect()))
    }

    #[test]
    fn what_can_have_moved_a_device_is_a_reason_and_nothing_else() {
        assert_eq!(of("1.3.6.1.6.3.1.1.5.1"), Some(Reason::Started));
        assert_eq!(of("1.3.6.1.6.3.1.1.5.4"), Some(Reason::Link));
        assert_eq!(of("1.3.6.1.2.1.17.0.1"), Some(Reason::Topology));
        assert_eq!(of("1.3.6.1.4.1.9.9.215.2.0.1"), Some(Reason::Forwarding));
        assert_eq!(of("1.3.6.1.4.1.11.2.14.11.15.2.87.1.4.0.2"), Some(Reason::Forwarding));
        assert_eq!(of("1.3.6.1.4.1.25506.2.87.1.4.0.2"), Some(Reason::Forwarding));
        // authenticationFailure; a full table; a linkUp with more behind it.
        for other in ["1.3.6.1.6.3.1.1.5.5", "1.3.6.1.4.1.9.9.215.2.0.3", "1.3.6.1.6.3.1.1.5.4.1", "0.0"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
