//! Interfaces, their aggregates, VLANs, spanning tree and power.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{by_number, by_pair, text};
use super::tables::Tables;
use crate::net::{DeviceText, MacAddr, PortName, VlanId, VlanRange};
use crate::observation::{OperStatus, Port};
use crate::snmp::qbridge::port_list;
use crate::snmp::{Value, Walked};

fn status(value: &Value) -> Option<OperStatus> {
    Some(match value.number()? {
        1 => OperStatus::Up,
        2 => OperStatus::Down,
        3 => OperStatus::Testing,
        5 => OperStatus::Dormant,
        6 => OperStatus::NotPresent,
        7 => OperStatus::LowerLayerDown,
        _ => OperStatus::Unknown,
    })
}

/// ifTypes a device can be behind (IANAifType-MIB): Ethernet in its old and new numbers, wireless, virtual units of
/// Junos, multiplexed trunks, aggregates.
pub(super) fn carries(if_type: Option<u32>) -> bool {
    const CARRYING: [u32; 10] = [6, 7, 26, 53, 54, 62, 69, 71, 117, 161];
    if_type.is_none_or(|kind| CARRYING.contains(&kind))
}

/// ifType ieee8023adLag.
const AGGREGATE: u32 = 161;
/// ifType propMultiplexor: what aggregates are on switches that know no better.
const MULTIPLEXOR: u32 = 54;
/// ifType propVirtual: aggregates of some Ciscos and Extremes.
const VIRTUAL: u32 = 53;

/// Members of aggregates, by ifIndex: dot3ad and PAgP say it outright; ifStackTable where an aggregate lies over ports.
fn aggregates(tables: &Tables, kinds: &BTreeMap<u32, u32>) -> BTreeMap<u32, u32> {
    let mut found: BTreeMap<u32, u32> = BTreeMap::new();
    let is_aggregate = |index: u32| matches!(kinds.get(&index), Some(&AGGREGATE));
    let physical = |index: u32| {
        carries(kinds.get(&index).copied())
            && !matches!(kinds.get(&index), None | Some(&(AGGREGATE | MULTIPLEXOR | VIRTUAL)))
    };
    for ((higher, lower), status) in by_pair(&tables.interfaces.stack, Value::number) {
        // RowStatus active; 0 stands for "nothing above" and "nothing below".
        if status == 1 && higher != 0 && lower != 0 && is_aggregate(higher) && physical(lower) {
            found.insert(lower, higher);
        }
    }
    // A port that is in no aggregate names 0, or itself; one that is detached may still name what it chose.
    for column in [&tables.lag.pagp, &tables.lag.selected, &tables.lag.attached] {
        let chosen = by_number(column, Value::index);
        found.extend(chosen.into_iter().filter(|(port, aggregate)| *aggregate != 0 && aggregate != port));
    }
    found
}

/// dot1dBasePortIfIndex, by bridge port.
pub(super) fn base_ports(column: &Walked) -> BTreeMap<u32, u32> {
    by_number(column, Value::index)
}

fn stp_word(state: u64) -> Option<String> {
    let words = ["disabled", "blocking", "listening", "learning", "forwarding", "broken"];
    let at = usize::try_from(state).ok()?.checked_sub(1)?;
    words.get(at).map(|word| (*word).to_owned())
}

fn poe_word(admin: Option<u64>, detection: u64) -> Option<String> {
    let word = match (admin, detection) {
        (Some(2), _) | (_, 1) => "disabled",
        (_, 2) => "searching",
        (_, 3) => "delivering",
        (_, 4) => "fault",
        (_, 5) => "test",
        (_, 6) => "other-fault",
        _ => return None,
    };
    Some(word.to_owned())
}

/// The last number of a port's name, and the first where there are several: its place and its switch of a stack.
fn numbers(name: &str) -> Option<(Option<u32>, u32)> {
    let parts: Vec<u32> = name.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
    match parts.as_slice() {
        [] => None,
        [only] => Some((None, *only)),
        [first, .., last] => Some((Some(*first), *last)),
    }
}

/// The interface of each PoE port, which has a group and a number of its own. A Cisco names the part it is; elsewhere
/// the number is an ifIndex if all of them are, and else stands last in the port's name with the group first.
fn poe_ports(tables: &Tables, ports: &[Port]) -> BTreeMap<(u32, u32), u32> {
    let asked: Vec<(u32, u32)> = by_pair(&tables.poe.detection, Value::number).into_keys().collect();
    let parts = by_pair(&tables.cisco_poe.part, Value::index);
    if !parts.is_empty() {
        let of_part = tables.entity.interfaces();
        return parts.into_iter().filter_map(|(port, part)| Some((port, *of_part.get(&part)?))).collect();
    }
    let ethernet: BTreeMap<u32, &str> = ports
        .iter()
        .filter(|port| matches!(port.if_type, Some(6 | 62 | 117)))
        .map(|port| (port.if_index, port.name.as_str()))
        .collect();
    if asked.iter().all(|(group, number)| *group == 1 && ethernet.contains_key(number)) {
        return asked.into_iter().map(|(group, number)| ((group, number), number)).collect();
    }
    let one_group = asked.iter().all(|(group, _)| Some(*group) == asked.first().map(|(group, _)| *group));
    // Ports by the numbers in their names: the first where there are several groups, and the last.
    let mut named: BTreeMap<(Option<u32>, u32), Vec<u32>> = BTreeMap::new();
    for (index, name) in &ethernet {
        if let Some((first, last)) = numbers(name) {
            named.entry((if one_group { None } else { first }, last)).or_default().push(*index);
        }
    }
    let fitting = |(group, number): (u32, u32)| {
        let key = (if one_group { None } else { Some(group) }, number);
        match named.get(&key).map(Vec::as_slice) {
            Some([index]) => Some(((group, number), *index)),
            _ => None,
        }
    };
    asked.into_iter().filter_map(fitting).collect()
}

/// VLANs each interface sends tagged and untagged.
#[derive(Default)]
struct Members {
    tagged: BTreeSet<VlanId>,
    untagged: BTreeSet<VlanId>,
}

fn members(tables: &Tables, base: &BTreeMap<u32, u32>) -> BTreeMap<u32, Members> {
    let mut found: BTreeMap<u32, Members> = BTreeMap::new();
    let lists = |column: &Walked| -> BTreeMap<u32, BTreeSet<u32>> {
        by_number(column, |value| value.octets().map(|octets| port_list(octets).into_iter().collect()))
    };
    let untagged = lists(&tables.qbridge.untagged);
    for (vlan, ports) in lists(&tables.qbridge.egress) {
        let Some(id) = VlanId::new(vlan) else { continue };
        for port in ports {
            let Some(index) = base.get(&port) else { continue };
            let members = found.entry(*index).or_default();
            if untagged.get(&vlan).is_some_and(|ports| ports.contains(&port)) {
                members.untagged.insert(id);
            } else {
                members.tagged.insert(id);
            }
        }
    }
    let operational = tables.vtp.operational();
    let native = by_number(&tables.vtp.native, |value| value.index().and_then(VlanId::new));
    for (index, carried) in tables.vtp.trunks() {
        let members = found.entry(index).or_default();
        let native = native.get(&index).copied();
        for vlan in carried.intersection(&operational) {
            if Some(*vlan) == native {
                members.untagged.insert(*vlan)
            } else {
                members.tagged.insert(*vlan)
            };
        }
    }
    for (index, vlan) in by_number(&tables.membership.access, |value| value.index().and_then(VlanId::new)) {
        found.entry(index).or_default().untagged.insert(vlan);
    }
    found
}

/// The VLAN of untagged frames of each interface: dot1qPvid, and what Cisco says in its own tables.
pub(super) fn pvids(tables: &Tables, base: &BTreeMap<u32, u32>) -> BTreeMap<u32, VlanId> {
    let vlan = |value: &Value| value.index().and_then(VlanId::new);
    let mut found: BTreeMap<u32, VlanId> = by_number(&tables.qbridge.pvid, vlan)
        .into_iter()
        .map(|(port, vlan)| (base.get(&port).copied().unwrap_or(port), vlan))
        .collect();
    let trunks = tables.vtp.trunks();
    let native = by_number(&tables.vtp.native, vlan);
    found.extend(native.into_iter().filter(|(index, _)| trunks.contains_key(index)));
    found.extend(by_number(&tables.membership.access, vlan));
    found
}

/// All of it, by ifIndex.
pub(super) fn ports(tables: &Tables) -> Vec<Port> {
    let ifs = &tables.interfaces;
    let (names, descriptions, aliases) =
        (by_number(&ifs.name, text), by_number(&ifs.description, text), by_number(&ifs.alias, text));
    let (oper, admin) = (by_number(&ifs.oper, status), by_number(&ifs.admin, status));
    let kinds = by_number(&ifs.kind, Value::index);
    let (high_speed, speed) = (by_number(&ifs.high_speed, Value::number), by_number(&ifs.speed, Value::number));
    let last_change = by_number(&ifs.last_change, Value::number);
    let macs = by_number(&ifs.address, |value| value.octets().and_then(MacAddr::from_octets));
    let base = base_ports(&tables.bridge.base_ports);
    let (aggregates, pvid, members) = (aggregates(tables, &kinds), pvids(tables, &base), members(tables, &base));
    let voice = by_number(&tables.membership.voice, |value| value.index().and_then(VlanId::new));
    let stp: BTreeMap<u32, String> = by_number(&tables.bridge.stp_state, Value::number)
        .into_iter()
        .filter_map(|(port, state)| Some((*base.get(&port)?, stp_word(state)?)))
        .collect();
    // BridgeId: two octets of priority before the address.
    let designated = |value: &Value| value.octets()?.get(2..8).and_then(MacAddr::from_octets);
    let stp_bridge: BTreeMap<u32, MacAddr> = by_number(&tables.bridge.stp_bridge, designated)
        .into_iter()
        .filter_map(|(port, mac)| Some((*base.get(&port)?, mac)))
        .collect();
    let chassis = tables.entity.chassis();
    let indexes: BTreeSet<u32> =
        descriptions.keys().chain(names.keys()).chain(oper.keys()).chain(kinds.keys()).copied().collect();
    let port = |index: u32| {
        let own = |map: &BTreeMap<u32, DeviceText>| map.get(&index).cloned().and_then(DeviceText::non_empty);
        let label = own(&names).or_else(|| own(&descriptions));
        let ranges = |pick: fn(&Members) -> &BTreeSet<VlanId>| {
            members.get(&index).map(|members| VlanRange::covering(pick(members))).unwrap_or_default()
        };
        Port {
            if_index: index,
            name: label.map_or_else(|| PortName::from(index.to_string()), |label| PortName::from(label.as_str())),
            alias: aliases.get(&index).cloned().unwrap_or_default(),
            oper: oper.get(&index).copied().unwrap_or_default(),
            admin: admin.get(&index).copied().unwrap_or_default(),
            speed_mbps: high_speed
                .get(&index)
                .copied()
                .filter(|mbps| *mbps > 0)
                .or_else(|| speed.get(&index).map(|bps| bps / 1_000_000)),
            if_type: kinds.get(&index).copied(),
            mac: macs.get(&index).copied().filter(|mac| mac.is_device()),
            pvid: pvid.get(&index).copied(),
            lag: aggregates.get(&index).copied(),
            poe: None,
            tagged: ranges(|members| &members.tagged),
            untagged: ranges(|members| &members.untagged),
            voice: voice.get(&index).copied(),
            stp: stp.get(&index).cloned(),
            stp_bridge: stp_bridge.get(&index).copied().filter(|mac| mac.is_device()),
            last_change_s: last_change.get(&index).map(|ticks| ticks / 100),
            chassis: chassis.get(&index).copied(),
        }
    };
    let mut ports: Vec<Port> = indexes.into_iter().map(port).collect();
    let detection = by_pair(&tables.poe.detection, Value::number);
    let poe_admin = by_pair(&tables.poe.admin, Value::number);
    let poe: BTreeMap<u32, String> = poe_ports(tables, &ports)
        .into_iter()
        .filter_map(|(at, index)| Some((index, poe_word(poe_admin.get(&at).copied(), *detection.get(&at)?)?)))
        .collect();
    for port in &mut ports {
        port.poe = poe.get(&port.if_index).cloned();
    }
    ports
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_name_ends_in_its_place() {
        assert_eq!(numbers("Gi2/0/14"), Some((Some(2), 14)));
        assert_eq!(numbers("port14"), Some((None, 14)));
        assert_eq!(numbers("mgmt"), None);
    }

    #[test]
    fn words_of_states() {
        assert_eq!([0, 2, 5, 7].map(stp_word), [None, Some("blocking".into()), Some("forwarding".into()), None]);
        let words = [(Some(1), 3), (Some(2), 3), (None, 2), (None, 9)].map(|(admin, state)| poe_word(admin, state));
        assert_eq!(words, [Some("delivering".into()), Some("disabled".into()), Some("searching".into()), None]);
    }
}
