//! Forwarding rows: which address is on which interface, in which VLAN.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{by_index, by_number};
use super::contexts::{Contexts, Met};
use super::ports::{base_ports, carries, pvids};
use super::tables::Tables;
use crate::collect::reading::{Interface, PortEvidence, PortReading, VlanEvidence, VlanReading};
use crate::net::{MacAddr, VlanId};
use crate::observation::{FdbRow, FdbStatus, OperStatus, Port, Reading, Readings, Table, VlanRow};
use crate::snmp::bridge::{Bridge, mac_of_index};
use crate::snmp::junos::Junos;
use crate::snmp::{Index, Value, WalkEnd, alcatel, huawei};

/// What was learned of a device's readings at an earlier visit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Learned {
    pub(super) port: Option<String>,
    pub(super) vlan: Option<String>,
}

impl Learned {
    /// What a visit's readings leave to be remembered.
    pub(super) fn of(readings: &Readings) -> Self {
        let settled = |reading: &Option<Reading>| {
            reading.as_ref().filter(|reading| reading.settled).map(|reading| reading.chosen.clone())
        };
        Self { port: settled(&readings.port), vlan: settled(&readings.vlan) }
    }
}

/// Everything the forwarding tables told.
#[derive(Debug, Default)]
pub(super) struct Forwarding {
    pub(super) rows: Vec<FdbRow>,
    /// Addresses of rows that say they are the switch's own.
    pub(super) own: Vec<MacAddr>,
    pub(super) readings: Readings,
    pub(super) learned: Learned,
}

/// A row before its port is read.
struct Raw {
    mac: MacAddr,
    /// The FDB id, where the table has one.
    id: Option<u32>,
    port: u32,
    status: FdbStatus,
}

fn status(value: Option<&Value>) -> FdbStatus {
    match value.and_then(Value::number) {
        // An agent without a status column lists what it learned.
        Some(3) | None => FdbStatus::Learned,
        Some(4) => FdbStatus::SelfAddress,
        Some(5) => FdbStatus::Mgmt,
        Some(2) => FdbStatus::Invalid,
        Some(_) => FdbStatus::Other,
    }
}

/// Rows of dot1qTpFdbTable. An agent that leaves the FDB id out of the index has rows without one.
fn dot1q(tables: &Tables) -> Vec<Raw> {
    let states = by_index(&tables.qbridge.status);
    let row = |(index, value): &(Index, Value)| {
        let (id, address) = match index.as_slice() {
            address if address.len() == 6 => (None, address),
            [id, address @ ..] => (Some(*id), address),
            [] => return None,
        };
        let status = status(states.get(index.as_slice()).copied());
        Some(Raw { mac: mac_of_index(address)?, id, port: value.index()?, status })
    };
    tables.qbridge.ports.rows.iter().filter_map(row).collect()
}

/// Rows of dot1dTpFdbTable, whose index is the address, or a number with the address in a column.
fn dot1d(bridge: &Bridge) -> Vec<Raw> {
    let (states, addresses) = (by_index(&bridge.status), by_index(&bridge.addresses));
    let row = |(index, value): &(Index, Value)| {
        let written =
            || addresses.get(index.as_slice()).and_then(|value| value.octets()).and_then(MacAddr::from_octets);
        let mac = mac_of_index(index).or_else(written)?;
        Some(Raw { mac, id: None, port: value.index()?, status: status(states.get(index.as_slice()).copied()) })
    };
    bridge.ports.rows.iter().filter_map(row).collect()
}

/// Rows of a maker's own table: interface and VLAN stand in it as they are.
fn private(tables: &Tables, interfaces: &BTreeSet<u32>) -> Vec<FdbRow> {
    let row = |mac: MacAddr, vlan: Option<VlanId>, port: u32| FdbRow {
        mac,
        vlan,
        if_index: Some(port).filter(|port| interfaces.contains(port)),
        bridge_port: port,
        status: FdbStatus::Learned,
        table: Table::PrivateFdb,
    };
    let huawei = tables.huawei.rows.iter().filter_map(|(index, value)| {
        let (mac, vlan) = huawei::index(index)?;
        Some(row(mac, vlan, value.index()?))
    });
    let alcatel = tables.alcatel.aos6.rows.iter().chain(&tables.alcatel.global.rows).filter_map(|(index, _)| {
        let (port, vlan, mac) = alcatel::index(index)?;
        Some(row(mac, vlan, port))
    });
    huawei.chain(alcatel).collect()
}

fn interfaces(ports: &[Port]) -> BTreeMap<u32, Interface> {
    let one = |port: &Port| {
        let up = match port.oper {
            OperStatus::Up | OperStatus::Dormant => Some(true),
            OperStatus::Unknown => None,
            _ => Some(false),
        };
        (port.if_index, Interface { up, carries: carries(port.if_type) })
    };
    ports.iter().map(one).collect()
}

/// FDB ids of Junos as its own tables tag them: jnxL2aldVlanFdbId outright, else by the internal number.
fn internal(junos: &Junos) -> BTreeMap<u32, VlanId> {
    let tags = by_number(&junos.tags, |value| value.index().and_then(VlanId::new));
    let ids = by_number(&junos.fdb_ids, Value::index);
    let by_internal = |(number, tag): (&u32, &VlanId)| {
        let id = if junos.els { u32::from(u16::try_from(*number).ok()?) << 16 } else { *number };
        Some((id, *tag))
    };
    let mut found: BTreeMap<u32, VlanId> = tags.iter().filter_map(by_internal).collect();
    let outright = |(number, tag): (&u32, &VlanId)| Some((*ids.get(number).filter(|id| **id != 0)?, *tag));
    found.extend(tags.iter().filter_map(outright));
    found
}

/// Whether the default context of this switch is VLAN 1's bridge alone: its bridge has no port whose access VLAN is
/// another, and there are such ports, in operation, that it lacks.
fn default_is_vlan_1(tables: &Tables, ports: &[Port], base: &BTreeMap<u32, u32>) -> bool {
    let access = by_number(&tables.membership.access, |value| value.index().and_then(VlanId::new));
    let bridged: BTreeSet<u32> = base.values().copied().collect();
    let up: BTreeSet<u32> = ports.iter().filter(|port| port.oper == OperStatus::Up).map(|port| port.if_index).collect();
    let whole = [&tables.membership.access, &tables.bridge.base_ports, &tables.interfaces.oper];
    if whole.iter().any(|column| column.end != WalkEnd::Complete) {
        return false;
    }
    let elsewhere = || access.iter().filter(|(_, vlan)| vlan.get() != 1);
    elsewhere().all(|(index, _)| !bridged.contains(index)) && elsewhere().any(|(index, _)| up.contains(index))
}

/// Reads the forwarding rows: from a maker's own table where it has more, from the contexts of a Cisco, from the table
/// with VLANs where it has rows, and else from the one without.
pub(super) fn read(
    tables: &Tables,
    contexts: &Contexts,
    ports: &[Port],
    vlans: &[VlanRow],
    neighbours: Vec<(MacAddr, u32)>,
    before: &Learned,
) -> Forwarding {
    let base = base_ports(&tables.bridge.base_ports);
    let base_values = by_number(&tables.bridge.base_values, Value::index)
        .into_iter()
        .filter_map(|(index, value)| Some((value, *base.get(&index)?)))
        .collect();
    let aggregates = ports.iter().filter_map(|port| Some((port.if_index, port.lag?))).collect();
    let evidence = PortEvidence {
        whole: tables.tells_ports(),
        base: base.clone(),
        base_values,
        interfaces: interfaces(ports),
        aggregates,
        neighbours,
    };
    let known: BTreeSet<u32> = ports.iter().map(|port| port.if_index).collect();

    let with_vlans = dot1q(tables);
    let own_table = private(tables, &known);
    if !own_table.is_empty() && own_table.len() >= with_vlans.len() {
        return finish(own_table, Readings::default(), before.clone());
    }
    if contexts.met == Met::Read {
        return finish(of_contexts(contexts, &known), Readings::default(), before.clone());
    }
    let without_ids = with_vlans.iter().filter(|row| row.id.is_none()).count();
    let plain = dot1d(&tables.bridge);
    // An agent that forgets the FDB id mixes up the rest too: the plain table is the right one there.
    let use_plain = with_vlans.is_empty() || (without_ids * 2 > with_vlans.len() && !plain.is_empty());
    let (raw, table) = if use_plain { (plain, Table::Dot1dFdb) } else { (with_vlans, Table::Dot1qFdb) };

    let of_devices = || raw.iter().filter(|row| row.status.is_presence() && row.mac.is_device());
    let judged: Vec<(MacAddr, u32)> = of_devices().map(|row| (row.mac, row.port)).collect();
    let port_reading = PortReading::judge(evidence, &judged, before.port.as_deref());
    let mut by_id: BTreeMap<u32, BTreeSet<VlanId>> = BTreeMap::new();
    for (vlan, id) in by_number(&tables.qbridge.fdb_id, Value::index) {
        by_id.entry(id).or_default().extend(VlanId::new(vlan));
    }
    let vlan_evidence = VlanEvidence {
        whole: tables.tells_vlans(),
        table: by_id,
        internal: internal(&tables.junos),
        known: vlans.iter().map(|vlan| vlan.id).collect(),
        pvid: pvids(tables, &base),
    };
    let with_ids: Vec<(u32, Option<u32>)> =
        of_devices().filter_map(|row| Some((row.id?, port_reading.if_index(row.port)))).collect();
    let vlan_reading = VlanReading::judge(vlan_evidence, &with_ids, before.vlan.as_deref());
    let default = (use_plain && default_is_vlan_1(tables, ports, &base)).then(|| VlanId::new(1)).flatten();
    let rows = raw
        .iter()
        .map(|row| FdbRow {
            mac: row.mac,
            vlan: row.id.map_or(default, |id| vlan_reading.vlan(id)),
            if_index: port_reading.if_index(row.port),
            bridge_port: row.port,
            status: row.status,
            table,
        })
        .collect();
    let learned = Learned {
        port: port_reading.learned().or_else(|| before.port.clone()),
        vlan: vlan_reading.learned().or_else(|| before.vlan.clone()),
    };
    let readings = Readings { port: port_reading.reading(), vlan: vlan_reading.reading() };
    finish(rows, readings, learned)
}

/// Each VLAN's bridge has a numbering of ports of its own.
fn of_contexts(contexts: &Contexts, known: &BTreeSet<u32>) -> Vec<FdbRow> {
    let of_vlan = |(vlan, bridge): &(VlanId, Bridge)| {
        let base = base_ports(&bridge.base_ports);
        let row = |row: Raw| FdbRow {
            mac: row.mac,
            vlan: Some(*vlan),
            if_index: base.get(&row.port).copied().filter(|index| known.contains(index)),
            bridge_port: row.port,
            status: row.status,
            table: Table::VlanFdb,
        };
        dot1d(bridge).into_iter().map(row).collect::<Vec<_>>()
    };
    contexts.bridges.iter().flat_map(of_vlan).collect()
}

/// One row for each address, VLAN and place; nothing that is nobody's address.
fn finish(rows: Vec<FdbRow>, readings: Readings, learned: Learned) -> Forwarding {
    let rows = rows.into_iter().filter(|row| !row.mac.is_zero() && !row.mac.is_multicast());
    let keyed: BTreeMap<_, FdbRow> =
        rows.map(|row| ((row.mac, row.vlan, row.if_index, row.bridge_port, row.status), row)).collect();
    let rows: Vec<FdbRow> = keyed.into_values().collect();
    let own = rows.iter().filter(|row| row.status == FdbStatus::SelfAddress).map(|row| row.mac).collect();
    Forwarding { rows, own, readings, learned }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snmp::Walked;

    fn column(rows: &[(&[u32], Value)]) -> Walked {
        let rows = rows.iter().map(|(index, value)| (Index::from(*index), value.clone())).collect();
        Walked { rows, end: WalkEnd::Complete }
    }

    fn tag(number: i64) -> Value {
        Value::Integer(number)
    }

    #[test]
    fn ids_of_junos_are_in_the_upper_half_since_els_and_the_number_itself_before() {
        let tags = || column(&[(&[5], tag(4002)), (&[70_000], tag(7)), (&[8], tag(3856))]);
        let vlan = |number| VlanId::new(number).unwrap();
        let names = Walked::not_needed;
        let els = Junos { els: true, names: names(), tags: tags(), fdb_ids: column(&[(&[8], tag(99))]) };
        let expected = [(5 << 16, vlan(4002)), (8 << 16, vlan(3856)), (99, vlan(3856))];
        assert_eq!(internal(&els), expected.into());
        let before = Junos { els: false, names: names(), tags: tags(), fdb_ids: names() };
        assert_eq!(internal(&before).get(&5), Some(&vlan(4002)));
    }

    fn bridge(addresses: Walked, ports: Walked) -> Bridge {
        let none = Walked::not_needed;
        let (stp_state, stp_bridge) = (none(), none());
        let (base_values, base_ports, status) = (none(), none(), none());
        Bridge { base_values, base_ports, stp_state, stp_bridge, addresses, ports, status }
    }

    #[test]
    fn an_address_is_the_index_with_or_without_its_length_or_stands_in_a_column() {
        let ports = column(&[
            (&[0x44, 0x19, 0xb6, 1, 2, 3], tag(4)),
            (&[6, 0x44, 0x19, 0xb6, 1, 2, 4], tag(5)),
            (&[17], tag(6)),
            (&[18], tag(7)),
            (&[0x44, 0x19, 0xb6, 1, 2, 300], tag(8)),
        ]);
        let addresses = column(&[(&[17], Value::Octets(vec![0x44, 0x19, 0xb6, 1, 2, 5]))]);
        let rows: Vec<_> = dot1d(&bridge(addresses, ports)).iter().map(|row| (row.mac.0[5], row.port)).collect();
        assert_eq!(rows, [(3, 4), (4, 5), (5, 6)]);
    }

    #[test]
    fn rows_are_one_for_each_address_vlan_and_place_and_nobodys_are_dropped() {
        let row = |last: u8, first: u8| FdbRow {
            mac: MacAddr([first, 0x19, 0xb6, 1, 2, last]),
            vlan: None,
            if_index: Some(1),
            bridge_port: 1,
            status: if last == 9 { FdbStatus::SelfAddress } else { FdbStatus::Learned },
            table: Table::Dot1dFdb,
        };
        let rows = vec![row(2, 0x44), row(1, 0x44), row(2, 0x44), row(3, 0x45), row(9, 0x44)];
        let read = finish(rows, Readings::default(), Learned::default());
        let lasts: Vec<u8> = read.rows.iter().map(|row| row.mac.0[5]).collect();
        assert_eq!((lasts, read.own.len()), (vec![1, 2, 9], 1), "sorted, once, no group address");
    }
}
