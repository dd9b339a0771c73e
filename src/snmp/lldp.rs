//! LLDP-MIB (IEEE 802.1AB-2005) and its successor LLDP-V2-MIB (IEEE 802.1AB-2009), read as one.

use std::net::IpAddr;

use super::{Ask, Group, Session, Walked, addresses};

const LOCAL_ENTRY: [u32; 10] = [1, 0, 8802, 1, 1, 2, 1, 3, 7, 1];
const REMOTE_ENTRY: [u32; 10] = [1, 0, 8802, 1, 1, 2, 1, 4, 1, 1];
const MANAGEMENT_ENTRY: [u32; 10] = [1, 0, 8802, 1, 1, 2, 1, 4, 2, 1];
const V2_REMOTE_ENTRY: [u32; 12] = [1, 3, 111, 2, 802, 1, 1, 13, 1, 4, 1, 1];
const V2_MANAGEMENT_ENTRY: [u32; 12] = [1, 3, 111, 2, 802, 1, 1, 13, 1, 4, 2, 1];

/// LLDP columns. Those of neighbours are by TimeMark, local port and the rest of an index that names one neighbour.
#[derive(Debug)]
pub struct Lldp {
    /// The local port is an ifIndex (LLDP-V2-MIB) and not a number of LLDP's own.
    pub v2: bool,
    /// lldpLocPortId, by local port number; not needed in version 2.
    pub local_id: Walked,
    /// lldpLocPortDesc
    pub local_description: Walked,
    /// lldpRemChassisIdSubtype
    pub chassis_kind: Walked,
    /// lldpRemChassisId
    pub chassis: Walked,
    /// lldpRemPortIdSubtype
    pub port_kind: Walked,
    /// lldpRemPortId
    pub port: Walked,
    /// lldpRemPortDesc
    pub port_description: Walked,
    /// lldpRemSysName
    pub system_name: Walked,
    /// lldpRemSysDesc
    pub system_description: Walked,
    /// lldpRemSysCapEnabled
    pub capabilities: Walked,
    /// lldpRemManAddrIfSubtype: the addresses are in its index.
    pub management: Walked,
}

/// Reads them. Version 2 is asked for where version 1 has nothing, and the other columns where there is a neighbour.
pub async fn read(ask: &Ask<'_, impl Session>) -> Lldp {
    let first = ask.seldom(Group::Lldp, &REMOTE_ENTRY, &[5]).await;
    let second = if first.rows.is_empty() {
        ask.seldom(Group::Lldp, &V2_REMOTE_ENTRY, &[6]).await
    } else {
        Walked::not_needed()
    };
    let v2 = !second.rows.is_empty();
    let chassis = if v2 { second } else { first };
    if chassis.rows.is_empty() {
        let n = || Walked::empty_like(&chassis);
        return Lldp {
            v2,
            local_id: n(),
            local_description: n(),
            chassis_kind: n(),
            port_kind: n(),
            port: n(),
            port_description: n(),
            system_name: n(),
            system_description: n(),
            capabilities: n(),
            management: n(),
            chassis,
        };
    }
    // The columns are the same ones, one further in version 2, whose index has the destination address besides.
    let remote = async |column: u32| {
        if v2 {
            ask.seldom(Group::Lldp, &V2_REMOTE_ENTRY, &[column + 1]).await
        } else {
            ask.seldom(Group::Lldp, &REMOTE_ENTRY, &[column]).await
        }
    };
    let local = async |column: u32| {
        if v2 { Walked::not_needed() } else { ask.seldom(Group::Interfaces, &LOCAL_ENTRY, &[column]).await }
    };
    let management: &[u32] = if v2 { &V2_MANAGEMENT_ENTRY } else { &MANAGEMENT_ENTRY };
    let (local_id, local_description, chassis_kind, port_kind, port, port_description) =
        tokio::join!(local(3), local(4), remote(4), remote(6), remote(7), remote(8));
    let (system_name, system_description, capabilities, management) =
        tokio::join!(remote(9), remote(10), remote(12), ask.seldom(Group::Lldp, management, &[3]));
    Lldp {
        v2,
        local_id,
        local_description,
        chassis_kind,
        chassis,
        port_kind,
        port,
        port_description,
        system_name,
        system_description,
        capabilities,
        management,
    }
}

/// An index of lldpRemManAddrTable: the neighbour's own index, and the address.
#[must_use]
pub fn management_index(arcs: &[u32], v2: bool) -> Option<(&[u32], IpAddr)> {
    // TimeMark, local port, in version 2 six octets of a destination address or its index, remote index.
    let lengths: &[usize] = if v2 { &[4, 9] } else { &[3] };
    lengths.iter().find_map(|length| {
        let (index, rest) = arcs.split_at_checked(*length)?;
        let [_family, count, octets @ ..] = rest else { return None };
        (usize::try_from(*count).ok()? == octets.len()).then_some(())?;
        Some((index, addresses::ip_of_arcs(octets)?))
    })
}

/// Words of LLDP's capability bits (LldpSystemCapabilitiesMap), first bit first.
#[must_use]
pub fn lldp_capabilities(octets: &[u8]) -> Vec<String> {
    let words = ["other", "repeater", "bridge", "wlan-ap", "router", "telephone", "docsis", "station"];
    let first = octets.first().copied().unwrap_or(0);
    words.iter().enumerate().filter(|(bit, _)| first & (0x80 >> bit) != 0).map(|(_, word)| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_management_address_is_found_behind_the_index_of_its_neighbour() {
        let arcs = [100, 26, 3, 1, 4, 10, 0, 0, 9];
        assert_eq!(management_index(&arcs, false), Some((&arcs[..3], "10.0.0.9".parse().unwrap())));
        let indexed = [100, 26, 1, 3, 1, 4, 10, 0, 0, 9];
        assert_eq!(management_index(&indexed, true), Some((&indexed[..4], "10.0.0.9".parse().unwrap())));
        let spelled = [100, 26, 1, 128, 194, 0, 0, 14, 3, 1, 4, 10, 0, 0, 9];
        assert_eq!(management_index(&spelled, true), Some((&spelled[..9], "10.0.0.9".parse().unwrap())));
        assert_eq!(management_index(&arcs[..8], false), None);
        assert_eq!(management_index(&[], false), None);
    }

    #[test]
    fn capabilities_are_words() {
        assert_eq!(lldp_capabilities(&[0x28, 0]), ["bridge", "router"]);
        assert_eq!(lldp_capabilities(&[]), [""; 0]);
    }
}
