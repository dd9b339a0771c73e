//! From the columns of MIB tables to the rows of a visit.

use std::collections::{BTreeMap, BTreeSet};

use crate::collect::reading::{PortReading, VlanReading};
use crate::net::{DeviceText, MacAddr, PortName, VlanId};
use crate::observation::{
    ArpRow, Completeness, FdbRow, FdbStatus, InventoryRow, Neighbour, NeighbourProtocol, OperStatus, Port, Table,
    TableState, VlanRow,
};
use crate::snmp::addresses::{media_index, physical_index};
use crate::snmp::bridge::{Bridge, mac_of_index};
use crate::snmp::entity::Entity;
use crate::snmp::interfaces::Interfaces;
use crate::snmp::neighbours::{Cdp, Lldp, cdp_capabilities, lldp_capabilities};
use crate::snmp::{Value, WalkEnd, Walked};

/// A table's name as `poll` prints it.
pub(super) fn name(table: Table) -> &'static str {
    match table {
        Table::System => "system",
        Table::Interfaces => "interfaces",
        Table::BridgePorts => "bridgePorts",
        Table::Dot1qFdb => "dot1qFdb",
        Table::Dot1dFdb => "dot1dFdb",
        Table::Vlans => "vlans",
        Table::Pvid => "pvid",
        Table::Lag => "lag",
        Table::IpNetToMedia => "ipNetToMedia",
        Table::IpNetToPhysical => "ipNetToPhysical",
        Table::Lldp => "lldp",
        Table::Cdp => "cdp",
        Table::Entity => "entity",
    }
}

/// How much of a table was seen: as much as of the column that was seen least.
pub(super) fn state(columns: &[&Walked]) -> TableState {
    let rows = columns.iter().map(|column| column.rows.len()).max().unwrap_or(0);
    let rows = u32::try_from(rows).unwrap_or(u32::MAX);
    let cut = columns.iter().find_map(|column| match &column.end {
        WalkEnd::Complete => None,
        WalkEnd::Partial(why) | WalkEnd::Failed(why) => Some(why.clone()),
    });
    let completeness = match (&cut, rows) {
        (None, 0) => Completeness::Unsupported,
        (None, _) => Completeness::Complete,
        (Some(_), 0) => Completeness::Failed,
        (Some(_), _) => Completeness::Partial,
    };
    TableState { completeness, rows, note: cut }
}

/// A column whose index is one number.
fn by_number<T>(column: &Walked, read: impl Fn(&Value) -> Option<T>) -> BTreeMap<u32, T> {
    let row = |(index, value): &(Vec<u32>, Value)| match index.as_slice() {
        [number] => read(value).map(|value| (*number, value)),
        _ => None,
    };
    column.rows.iter().filter_map(row).collect()
}

fn text(value: &Value) -> Option<DeviceText> {
    value.octets().map(DeviceText::from_octets)
}

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

fn base_ports(bridge: &Bridge) -> BTreeMap<u32, u32> {
    by_number(&bridge.base_ports, Value::index)
}

pub(super) fn ports(ifs: &Interfaces, lag: &Walked, bridge: &Bridge) -> Vec<Port> {
    let (names, descriptions, aliases) =
        (by_number(&ifs.name, text), by_number(&ifs.description, text), by_number(&ifs.alias, text));
    let (oper, admin) = (by_number(&ifs.oper, status), by_number(&ifs.admin, status));
    let (kind, high_speed, speed) = (
        by_number(&ifs.kind, Value::index),
        by_number(&ifs.high_speed, Value::number),
        by_number(&ifs.speed, Value::number),
    );
    let macs = by_number(&ifs.address, |value| value.octets().and_then(MacAddr::from_octets));
    let aggregates = by_number(lag, Value::index);
    let base = base_ports(bridge);
    let pvid: BTreeMap<u32, VlanId> = by_number(&bridge.pvid, Value::index)
        .into_iter()
        .filter_map(|(port, vlan)| Some((base.get(&port).copied().unwrap_or(port), VlanId::new(vlan)?)))
        .collect();
    let indexes: BTreeSet<u32> =
        descriptions.keys().chain(names.keys()).chain(oper.keys()).chain(kind.keys()).copied().collect();
    let port = |index: u32| {
        let own = |map: &BTreeMap<u32, DeviceText>| map.get(&index).cloned().and_then(DeviceText::non_empty);
        let label = own(&names).or_else(|| own(&descriptions));
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
            if_type: kind.get(&index).copied(),
            mac: macs.get(&index).copied().filter(|mac| mac.is_device()),
            pvid: pvid.get(&index).copied(),
            // A port that is in no aggregate names 0, or itself.
            lag: aggregates.get(&index).copied().filter(|aggregate| *aggregate != 0 && *aggregate != index),
            poe: None,
        }
    };
    indexes.into_iter().map(port).collect()
}

fn vlan_ids(bridge: &Bridge) -> impl Iterator<Item = (VlanId, u32)> {
    by_number(&bridge.vlan_fdb_id, Value::index).into_iter().filter_map(|(vlan, id)| Some((VlanId::new(vlan)?, id)))
}

pub(super) fn vlans(bridge: &Bridge) -> Vec<VlanRow> {
    let names = by_number(&bridge.vlan_names, text);
    let mut found: BTreeMap<VlanId, DeviceText> =
        vlan_ids(bridge).map(|(vlan, _)| (vlan, DeviceText::default())).collect();
    found.extend(names.into_iter().filter_map(|(vlan, name)| Some((VlanId::new(vlan)?, name))));
    found.into_iter().map(|(id, name)| VlanRow { id, name }).collect()
}

fn fdb_status(value: Option<&Value>) -> FdbStatus {
    match value.and_then(Value::number) {
        // An agent without a status column lists what it learned.
        Some(3) | None => FdbStatus::Learned,
        Some(4) => FdbStatus::SelfAddress,
        Some(5) => FdbStatus::Mgmt,
        Some(2) => FdbStatus::Invalid,
        Some(_) => FdbStatus::Other,
    }
}

/// Forwarding rows, and the addresses that are the switch's own. The table with VLANs is taken where it has rows.
pub(super) fn fdb(bridge: &Bridge, ports: &[Port], vlans: &[VlanRow]) -> (Vec<FdbRow>, Vec<MacAddr>) {
    let reading = PortReading::new(base_ports(bridge), ports.iter().map(|port| port.if_index).collect());
    let vlan_reading = VlanReading::new(vlan_ids(bridge), vlans.iter().map(|vlan| vlan.id).collect());
    let with_vlans = !bridge.dot1q_port.rows.is_empty();
    let (table, column, states) = if with_vlans {
        (Table::Dot1qFdb, &bridge.dot1q_port, &bridge.dot1q_status)
    } else {
        (Table::Dot1dFdb, &bridge.dot1d_port, &bridge.dot1d_status)
    };
    let states: BTreeMap<&[u32], &Value> = states.rows.iter().map(|(index, value)| (index.as_slice(), value)).collect();
    let mut own = Vec::new();
    let mut rows = Vec::new();
    for (index, value) in &column.rows {
        let (id, address) = match (with_vlans, index.split_first()) {
            (true, Some((id, address))) => (Some(*id), address),
            (true, None) => continue,
            (false, _) => (None, index.as_slice()),
        };
        let (Some(mac), Some(bridge_port)) = (mac_of_index(address), value.index()) else { continue };
        let status = fdb_status(states.get(index.as_slice()).copied());
        if mac.is_multicast() || mac.is_zero() {
            continue;
        }
        if status == FdbStatus::SelfAddress {
            own.push(mac);
        }
        rows.push(FdbRow {
            mac,
            vlan: id.and_then(|id| vlan_reading.vlan(id)),
            if_index: reading.if_index(bridge_port),
            bridge_port,
            status,
            table,
        });
    }
    (rows, own)
}

pub(super) fn arp(media: &Walked, physical: &Walked) -> Vec<ArpRow> {
    let row = |index: Option<(u32, std::net::IpAddr)>, value: &Value| {
        let (if_index, ip) = index?;
        let mac = value.octets().and_then(MacAddr::from_octets).filter(|mac| !mac.is_zero() && !mac.is_multicast())?;
        Some(ArpRow { ip, mac, if_index })
    };
    let from_media = media.rows.iter().filter_map(|(index, value)| row(media_index(index), value));
    let from_physical = physical.rows.iter().filter_map(|(index, value)| row(physical_index(index), value));
    let all: BTreeSet<ArpRow> = from_media.chain(from_physical).collect();
    all.into_iter().collect()
}

/// An id of LLDP as text: an address in colon notation where its subtype says it is one, or where it can be nothing else.
fn lldp_id(value: &Value, is_mac: bool) -> DeviceText {
    let octets = value.octets().unwrap_or_default();
    let readable = octets.iter().all(|octet| (0x20..0x7f).contains(octet));
    match MacAddr::from_octets(octets) {
        Some(mac) if is_mac || !readable => mac.to_string().as_str().into(),
        _ => value.text(),
    }
}

/// Columns of a table by their whole index.
fn find<'a>(column: &'a Walked, index: &[u32]) -> Option<&'a Value> {
    let at = column.rows.binary_search_by(|(own, _)| own.as_slice().cmp(index)).ok()?;
    column.rows.get(at).map(|(_, value)| value)
}

pub(super) fn neighbours(lldp: &Lldp, cdp: &Cdp, ports: &[Port], bridge: &Bridge) -> Vec<Neighbour> {
    let base = base_ports(bridge);
    let local = |number: u32| {
        // A local port number is neither an ifIndex nor a bridge port: what it is called is matched first.
        let called = |column: &Walked| find(column, &[number]).map(|value| lldp_id(value, false));
        let by_name = |label: &DeviceText| {
            !label.is_empty() && ports.iter().filter(|port| port.name.as_str() == label.as_str()).count() == 1
        };
        let named = [called(&lldp.local_id), called(&lldp.local_description)].into_iter().flatten().find(by_name);
        let port = named.and_then(|label| ports.iter().find(|port| port.name.as_str() == label.as_str()));
        let mac = called(&lldp.local_id).and_then(|label| label.as_str().parse::<MacAddr>().ok());
        let own_mac = |mac: MacAddr| {
            let mut fitting = ports.iter().filter(|port| port.mac == Some(mac));
            fitting.next().filter(|_| fitting.next().is_none())
        };
        port.or_else(|| mac.and_then(own_mac))
            .map(|port| port.if_index)
            .or_else(|| base.get(&number).copied())
            .or_else(|| ports.iter().any(|port| port.if_index == number).then_some(number))
    };
    let value = |column: &Walked, index: &[u32]| find(column, index).map(Value::text).unwrap_or_default();
    let mut found = Vec::new();
    for (index, chassis) in &lldp.chassis.rows {
        let [_, number, _] = index.as_slice() else { continue };
        let subtype = |column: &Walked| find(column, index).and_then(Value::number);
        found.push(Neighbour {
            if_index: local(*number),
            protocol: NeighbourProtocol::Lldp,
            // LldpChassisIdSubtype 4 and LldpPortIdSubtype 3 are MAC addresses.
            chassis: lldp_id(chassis, subtype(&lldp.chassis_kind) == Some(4)),
            port: find(&lldp.port, index)
                .map(|port| lldp_id(port, subtype(&lldp.port_kind) == Some(3)))
                .unwrap_or_default(),
            system_name: value(&lldp.system_name, index),
            system_description: value(&lldp.system_description, index),
            addresses: Vec::new(),
            capabilities: find(&lldp.capabilities, index)
                .and_then(Value::octets)
                .map(lldp_capabilities)
                .unwrap_or_default(),
        });
    }
    for (index, device) in &cdp.device.rows {
        let [if_index, _] = index.as_slice() else { continue };
        let platform = [value(&cdp.platform, index), value(&cdp.version, index)].map(|part| part.as_str().to_owned());
        found.push(Neighbour {
            if_index: Some(*if_index),
            protocol: NeighbourProtocol::Cdp,
            chassis: device.text(),
            port: value(&cdp.port, index),
            system_name: device.text(),
            system_description: platform.join(" ").trim().into(),
            addresses: Vec::new(),
            capabilities: find(&cdp.capabilities, index)
                .and_then(Value::octets)
                .map(cdp_capabilities)
                .unwrap_or_default(),
        });
    }
    found
}

pub(super) fn inventory(entity: &Entity) -> Vec<InventoryRow> {
    let words = [
        "",
        "other",
        "unknown",
        "chassis",
        "backplane",
        "container",
        "power-supply",
        "fan",
        "sensor",
        "module",
        "port",
        "stack",
        "cpu",
    ];
    let text_of = |column: &Walked, index: u32| find(column, &[index]).map(Value::text).unwrap_or_default();
    by_number(&entity.class, Value::number)
        .into_iter()
        .filter_map(|(index, class)| {
            let class = usize::try_from(class).ok().and_then(|class| words.get(class)).copied().unwrap_or("unknown");
            // Chassis, modules and stacks are what a register lists; fans and sensors are not.
            matches!(class, "chassis" | "module" | "stack").then(|| InventoryRow {
                index,
                class: class.to_owned(),
                name: text_of(&entity.name, index),
                model: text_of(&entity.model, index),
                serial: text_of(&entity.serial, index),
                software: text_of(&entity.software, index),
            })
        })
        .collect()
}
