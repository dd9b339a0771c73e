//! LLDP and CDP neighbours, and which of the switch's own ports each is on.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::columns::by_index;
use super::ports::base_ports;
use super::tables::Tables;
use crate::net::{DeviceText, MacAddr};
use crate::observation::{Neighbour, NeighbourProtocol, Port};
use crate::snmp::cdp::cdp_capabilities;
use crate::snmp::lldp::{lldp_capabilities, management_index};
use crate::snmp::{Index, Value, Walked, cdp};

/// An id of LLDP as text: an address in colon notation where its subtype says it is one, or where it can be nothing else.
fn lldp_id(value: &Value, is_mac: bool) -> DeviceText {
    let octets = value.octets().unwrap_or_default();
    let readable = octets.iter().all(|octet| (0x20..0x7f).contains(octet));
    match MacAddr::from_octets(octets) {
        Some(mac) if is_mac || !readable => mac.to_string().as_str().into(),
        // Some agents write the address out: "20-4C-9E-01-02-03".
        _ if is_mac => match value.text().as_str().parse::<MacAddr>() {
            Ok(mac) => mac.to_string().as_str().into(),
            Err(_) => value.text(),
        },
        _ => value.text(),
    }
}

/// The switch's own ports, as LLDP's local port numbers are matched to them.
struct Locals<'a> {
    id: BTreeMap<&'a [u32], &'a Value>,
    description: BTreeMap<&'a [u32], &'a Value>,
    base: BTreeMap<u32, u32>,
    interfaces: BTreeSet<u32>,
    /// Ports of each name, and of each address: one that several have names none of them.
    names: BTreeMap<&'a str, Vec<u32>>,
    macs: BTreeMap<MacAddr, Vec<u32>>,
}

impl<'a> Locals<'a> {
    fn new(tables: &'a Tables, ports: &'a [Port]) -> Self {
        let mut names: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        let mut macs: BTreeMap<MacAddr, Vec<u32>> = BTreeMap::new();
        for port in ports {
            names.entry(port.name.as_str()).or_default().push(port.if_index);
            if let Some(mac) = port.mac {
                macs.entry(mac).or_default().push(port.if_index);
            }
        }
        Self {
            id: by_index(&tables.lldp.local_id),
            description: by_index(&tables.lldp.local_description),
            base: base_ports(&tables.bridge.base_ports),
            interfaces: ports.iter().map(|port| port.if_index).collect(),
            names,
            macs,
        }
    }

    /// A local port number is neither an ifIndex nor a bridge port: what it is called is matched first. `true`: it was
    /// resolved by what it is called.
    fn if_index(&self, number: u32) -> Option<(u32, bool)> {
        let called = [&self.id, &self.description]
            .into_iter()
            .filter_map(|labels| labels.get([number].as_slice()))
            .map(|value| lldp_id(value, false));
        for label in called {
            if let Some([index]) = self.names.get(label.as_str()).map(Vec::as_slice) {
                return Some((*index, true));
            }
            let of_mac = label.as_str().parse::<MacAddr>().ok().and_then(|mac| self.macs.get(&mac));
            if let Some([index]) = of_mac.map(Vec::as_slice) {
                return Some((*index, true));
            }
        }
        let base = self.base.get(&number).copied().filter(|index| *index != 0);
        let itself = || self.interfaces.contains(&number).then_some(number);
        base.or_else(itself).map(|index| (index, false))
    }
}

/// What was heard of one neighbour, with how its local port was resolved.
pub(super) struct Heard {
    pub(super) neighbour: Neighbour,
    /// Its local port is certain without a look at bridge ports: what a reading of those may be judged by.
    pub(super) by_name: bool,
}

fn addresses(management: &Walked, v2: bool) -> BTreeMap<&[u32], Vec<IpAddr>> {
    let mut found: BTreeMap<&[u32], Vec<IpAddr>> = BTreeMap::new();
    for (index, ip) in management.rows.iter().filter_map(|(arcs, _)| management_index(arcs, v2)) {
        if !ip.is_unspecified() {
            found.entry(index).or_default().push(ip);
        }
    }
    found
}

fn lldp(tables: &Tables, ports: &[Port]) -> Vec<Heard> {
    let lldp = &tables.lldp;
    let locals = Locals::new(tables, ports);
    let (chassis_kind, port_kind) = (by_index(&lldp.chassis_kind), by_index(&lldp.port_kind));
    let port = by_index(&lldp.port);
    let (names, descriptions) = (by_index(&lldp.system_name), by_index(&lldp.system_description));
    let capabilities = by_index(&lldp.capabilities);
    let mut addresses = addresses(&lldp.management, lldp.v2);
    let mut found: BTreeMap<(u32, &[u32]), Heard> = BTreeMap::new();
    for (index, chassis) in &lldp.chassis.rows {
        // TimeMark, local port, and what tells neighbours of one port apart: the latest mark of each is what holds.
        let [_, number, rest @ ..] = index.as_slice() else { continue };
        if rest.is_empty() {
            continue;
        }
        let index = index.as_slice();
        let number_of = |column: &BTreeMap<&[u32], &Value>| column.get(index).and_then(|value| value.number());
        let text = |column: &BTreeMap<&[u32], &Value>| column.get(index).map(|value| value.text()).unwrap_or_default();
        let own = |number: u32| locals.interfaces.contains(&number).then_some((number, true));
        let local = if lldp.v2 { own(*number) } else { locals.if_index(*number) };
        let neighbour = Neighbour {
            if_index: local.map(|(index, _)| index),
            protocol: NeighbourProtocol::Lldp,
            // LldpChassisIdSubtype 4 and LldpPortIdSubtype 3 are MAC addresses.
            chassis: lldp_id(chassis, number_of(&chassis_kind) == Some(4)),
            port: port.get(index).map(|port| lldp_id(port, number_of(&port_kind) == Some(3))).unwrap_or_default(),
            system_name: text(&names),
            system_description: text(&descriptions),
            addresses: addresses.remove(index).unwrap_or_default(),
            capabilities: capabilities
                .get(index)
                .and_then(|value| value.octets())
                .map(lldp_capabilities)
                .unwrap_or_default(),
        };
        found.insert((*number, rest), Heard { neighbour, by_name: local.is_some_and(|(_, by_name)| by_name) });
    }
    found.into_values().collect()
}

fn cdp(tables: &Tables) -> Vec<Heard> {
    let cdp = &tables.cdp;
    let columns = [&cdp.port, &cdp.platform, &cdp.version, &cdp.system_name].map(by_index);
    let [port, platform, version, names] = &columns;
    let (address, capabilities) = (by_index(&cdp.address), by_index(&cdp.capabilities));
    let one = |(index, device): &(Index, Value)| {
        let index = index.as_slice();
        let [if_index, _] = index else { return None };
        let text = |column: &BTreeMap<&[u32], &Value>| column.get(index).map(|value| value.text()).unwrap_or_default();
        let told = [text(platform), text(version)].map(|part| part.as_str().to_owned());
        let octets = |column: &BTreeMap<&[u32], &Value>| {
            column.get(index).and_then(|value| value.octets()).unwrap_or_default().to_vec()
        };
        let neighbour = Neighbour {
            if_index: Some(*if_index),
            protocol: NeighbourProtocol::Cdp,
            chassis: device.text(),
            port: text(port),
            system_name: text(names).non_empty().unwrap_or_else(|| device.text()),
            system_description: told.join(" ").trim().into(),
            addresses: cdp::address(&octets(&address)).into_iter().collect(),
            capabilities: cdp_capabilities(&octets(&capabilities)),
        };
        Some(Heard { neighbour, by_name: true })
    };
    cdp.device.rows.iter().filter_map(one).collect()
}

/// All of them, LLDP's first.
pub(super) fn neighbours(tables: &Tables, ports: &[Port]) -> Vec<Heard> {
    let mut found = lldp(tables, ports);
    found.extend(cdp(tables));
    found
}

/// Addresses a neighbour is certain to send from, and the interface it is heard on.
pub(super) fn witnesses(heard: &[Heard]) -> Vec<(MacAddr, u32)> {
    let mut found = Vec::new();
    for Heard { neighbour, .. } in heard.iter().filter(|heard| heard.by_name) {
        let Some(index) = neighbour.if_index else { continue };
        let ids = [&neighbour.port, &neighbour.chassis].into_iter().filter_map(|id| id.as_str().parse().ok());
        found.extend(ids.filter(|mac: &MacAddr| mac.is_device()).map(|mac| (mac, index)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_an_address_only_where_it_says_so_or_can_be_nothing_else() {
        let octets = |octets: &[u8]| Value::Octets(octets.to_vec());
        assert_eq!(lldp_id(&octets(&[0x44, 0x19, 0xb6, 1, 2, 3]), false).as_str(), "44:19:b6:01:02:03");
        assert_eq!(lldp_id(&octets(b"port14"), false).as_str(), "port14");
        assert_eq!(lldp_id(&octets(b"port14"), true).as_str(), "70:6f:72:74:31:34");
        assert_eq!(lldp_id(&octets(b"20-4C-9E-01-02-03"), true).as_str(), "20:4c:9e:01:02:03");
        assert_eq!(lldp_id(&octets(b"axis-b8a44f2f01d9"), true).as_str(), "axis-b8a44f2f01d9");
    }
}
