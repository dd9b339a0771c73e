//! Small tables of our own, one way of each kind of switch to say what it says.

use std::collections::BTreeSet;

use super::contexts::{self, Contexts, Met};
use super::forwarding::{self, Learned};
use super::tables::Tables;
use super::{SwitchCollector, neighbours, ports};
use crate::net::{MacAddr, VlanId};
use crate::observation::{FdbRow, Port, Reading, Readings, SystemFacts, Table};
use crate::snmp::alcatel::Alcatel;
use crate::snmp::bridge::Bridge;
use crate::snmp::cdp::Cdp;
use crate::snmp::cisco_poe::CiscoPoe;
use crate::snmp::entity::Entity;
use crate::snmp::entity_logical::EntityLogical;
use crate::snmp::interfaces::Interfaces;
use crate::snmp::junos::Junos;
use crate::snmp::lag::Lag;
use crate::snmp::lldp::Lldp;
use crate::snmp::poe::Poe;
use crate::snmp::qbridge::QBridge;
use crate::snmp::vlan_membership::VlanMembership;
use crate::snmp::vrf::Vrfs;
use crate::snmp::vtp::Vtp;
use crate::snmp::{Oid, Value, WalkEnd, Walked};

fn n() -> Walked {
    Walked::not_needed()
}

/// A switch that says nothing at all.
fn nothing() -> Tables {
    Tables {
        base_address: None,
        interfaces: Interfaces {
            description: n(),
            kind: n(),
            speed: n(),
            address: n(),
            admin: n(),
            oper: n(),
            last_change: n(),
            name: n(),
            high_speed: n(),
            alias: n(),
            stack: n(),
        },
        lag: Lag { selected: n(), attached: n(), pagp: n() },
        bridge: Bridge {
            base_values: n(),
            base_ports: n(),
            stp_state: n(),
            stp_bridge: n(),
            addresses: n(),
            ports: n(),
            status: n(),
        },
        qbridge: QBridge { ports: n(), status: n(), fdb_id: n(), names: n(), egress: n(), untagged: n(), pvid: n() },
        vtp: Vtp { state: n(), kind: n(), name: n(), trunking: n(), native: n(), enabled: [n(), n(), n(), n()] },
        membership: VlanMembership { access: n(), voice: n() },
        logical: EntityLogical { description: n(), kind: n() },
        huawei: n(),
        alcatel: Alcatel { aos6: n(), global: n() },
        junos: Junos { els: false, names: n(), tags: n(), fdb_ids: n() },
        media: n(),
        physical: n(),
        lldp: Lldp {
            v2: false,
            local_id: n(),
            local_description: n(),
            chassis_kind: n(),
            chassis: n(),
            port_kind: n(),
            port: n(),
            port_description: n(),
            system_name: n(),
            system_description: n(),
            capabilities: n(),
            management: n(),
        },
        cdp: Cdp {
            address: n(),
            version: n(),
            device: n(),
            port: n(),
            platform: n(),
            capabilities: n(),
            system_name: n(),
        },
        poe: Poe { admin: n(), detection: n(), class: n() },
        cisco_poe: CiscoPoe { part: n() },
        entity: Entity { class: n(), name: n(), model: n(), serial: n(), software: n(), alias: n(), contained: n() },
        vrfs: Vrfs { arista: n(), cisco: n() },
    }
}

fn rows(rows: Vec<(Vec<u32>, Value)>) -> Walked {
    let rows = rows.into_iter().map(|(index, value)| (index.into(), value)).collect();
    Walked { rows, end: WalkEnd::Complete }
}

/// A column of numbers by one number.
fn numbers(all: &[(u32, i64)]) -> Walked {
    rows(all.iter().map(|(index, value)| (vec![*index], Value::Integer(*value))).collect())
}

fn octets(all: &[(u32, &[u8])]) -> Walked {
    rows(all.iter().map(|(index, value)| (vec![*index], Value::Octets(value.to_vec()))).collect())
}

fn cut(walked: Walked) -> Walked {
    Walked { end: WalkEnd::Partial("no answer".into()), ..walked }
}

/// Ports `Gi1/0/1` … as ifIndex 10101 …, all up; bridge ports 1 ….
fn access_switch(count: u32) -> Tables {
    let mut tables = nothing();
    let index = |number: u32| 10_100 + number;
    let name = |number: u32| Value::Octets(format!("Gi1/0/{number}").into_bytes());
    tables.interfaces.name = rows((1..=count).map(|number| (vec![index(number)], name(number))).collect());
    let all = |value: i64| -> Vec<(u32, i64)> { (1..=count).map(|number| (index(number), value)).collect() };
    tables.interfaces.kind = numbers(&all(6));
    tables.interfaces.oper = numbers(&all(1));
    let base: Vec<(u32, i64)> = (1..=count).map(|number| (number, i64::from(index(number)))).collect();
    tables.bridge.base_ports = numbers(&base);
    tables
}

fn port(ports: &[Port], index: u32) -> &Port {
    ports.iter().find(|port| port.if_index == index).unwrap()
}

fn vlan(number: u32) -> VlanId {
    VlanId::new(number).unwrap()
}

fn not_needed() -> Contexts {
    Contexts::none(Met::NotNeeded)
}

fn read(tables: &Tables, contexts: &Contexts) -> Vec<FdbRow> {
    let ports = ports::ports(tables);
    let vlans = tables.vlans();
    forwarding::read(tables, contexts, &ports, &vlans, Vec::new(), &Learned::default()).rows
}

/// An index of dot1dTpFdbTable: an address that ends in these two octets.
fn address(high: u32, low: u32) -> Vec<u32> {
    vec![0x44, 0x19, 0xb6, 1, high, low]
}

#[test]
fn members_of_aggregates_are_told_by_dot3ad_or_by_what_lies_over_what() {
    let mut tables = access_switch(4);
    tables
        .interfaces
        .kind
        .rows
        .extend([(vec![5001].into(), Value::Integer(161)), (vec![505].into(), Value::Integer(53))]);
    let stacked = [(5001, 10_101), (5001, 10_102), (505, 10_103)];
    tables.interfaces.stack = rows(stacked.map(|(high, low)| (vec![high, low], Value::Integer(1))).to_vec());
    tables.lag.selected = numbers(&[(10_101, 5001), (10_103, 5001), (10_104, 10_104), (10_102, 0)]);
    let ports = ports::ports(&tables);
    let lags = [10_101, 10_102, 10_103, 10_104].map(|index| port(&ports, index).lag);
    assert_eq!(lags, [Some(5001), Some(5001), Some(5001), None], "an SVI over a port is no aggregate");
}

#[test]
fn vlans_of_ports_are_told_by_lists_of_bits_by_trunks_and_by_access_ports() {
    let mut tables = access_switch(4);
    tables.qbridge.pvid = numbers(&[(1, 10), (2, 0), (3, 20)]);
    tables.qbridge.egress = octets(&[(10, &[0xc0]), (20, &[0x60])]);
    tables.qbridge.untagged = octets(&[(10, &[0x80]), (20, &[0x20])]);
    let found = ports::ports(&tables);
    let text = |index: u32| {
        let port = port(&found, index);
        let words =
            |ranges: &[crate::net::VlanRange]| ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        format!("{:?} t{} u{}", port.pvid.map(VlanId::get), words(&port.tagged), words(&port.untagged))
    };
    assert_eq!([10_101, 10_102, 10_103].map(text), ["Some(10) t u10", "None t10,20 u", "Some(20) t u20"]);

    let mut cisco = access_switch(3);
    cisco.vtp.state = rows([1, 508, 950].map(|vlan| (vec![1, vlan], Value::Integer(1))).to_vec());
    cisco.vtp.kind = rows([1, 508, 950].map(|vlan| (vec![1, vlan], Value::Integer(1))).to_vec());
    cisco.vtp.trunking = numbers(&[(10_103, 1), (10_102, 2)]);
    cisco.vtp.native = numbers(&[(10_103, 1), (10_102, 1)]);
    let mut bits = vec![0u8; 128];
    for vlan in [1usize, 508, 700] {
        bits[vlan / 8] |= 0x80 >> (vlan % 8);
    }
    cisco.vtp.enabled[0] = octets(&[(10_103, &bits), (10_102, &bits)]);
    cisco.membership.access = numbers(&[(10_101, 508), (10_102, 508)]);
    cisco.membership.voice = numbers(&[(10_101, 950), (10_102, 4096)]);
    let found = ports::ports(&cisco);
    let seen = |index: u32| {
        let port = port(&found, index);
        (port.pvid, port.voice, port.tagged.len(), port.untagged.len())
    };
    assert_eq!(seen(10_101), (Some(vlan(508)), Some(vlan(950)), 0, 1));
    assert_eq!(seen(10_102), (Some(vlan(508)), None, 0, 1), "its list of trunk VLANs is not in force");
    assert_eq!(seen(10_103), (Some(vlan(1)), None, 1, 1), "700 is not in operation");
}

#[test]
fn power_is_on_the_port_that_the_part_the_number_or_the_name_tells() {
    let delivering = |tables: &Tables| -> Vec<u32> {
        let ports = ports::ports(tables);
        ports.iter().filter(|port| port.poe.as_deref() == Some("delivering")).map(|port| port.if_index).collect()
    };
    let states =
        |all: &[(u32, u32, i64)]| rows(all.iter().map(|(g, p, s)| (vec![*g, *p], Value::Integer(*s))).collect());
    let mut tables = access_switch(4);
    tables.poe.detection = states(&[(1, 1, 2), (1, 3, 3), (1, 9, 3)]);
    assert_eq!(delivering(&tables), [10_103], "by the last number of the name; 9 is nowhere");
    tables.poe.admin = states(&[(1, 3, 2)]);
    assert_eq!(delivering(&tables), [0; 0], "switched off");

    tables.poe.admin = n();
    tables.cisco_poe.part = states(&[(1, 3, 1013)]);
    let port_of = Oid::new(&[1, 3, 6, 1, 2, 1, 2, 2, 1, 1, 10_104]);
    tables.entity.alias = rows(vec![(vec![1013, 0], Value::Oid(Box::new(port_of)))]);
    assert_eq!(delivering(&tables), [10_104], "the part it is goes before the name");

    let mut plain = nothing();
    plain.interfaces.kind = numbers(&[(49, 6), (50, 6)]);
    plain.interfaces.name = octets(&[(49, b"gi1"), (50, b"gi2")]);
    plain.poe.detection = states(&[(1, 49, 3), (1, 50, 2)]);
    assert_eq!(delivering(&plain), [49], "all numbers are interfaces");
}

#[test]
fn contexts_are_asked_of_vlans_in_operation_that_have_a_port() {
    let mut tables = access_switch(2);
    let wanted =
        |tables: &Tables| -> Vec<u16> { contexts::wanted(tables).unwrap().into_iter().map(VlanId::get).collect() };
    assert_eq!(wanted(&tables), [0; 0], "no Cisco");
    let states = [(1, 1), (10, 1), (20, 1), (30, 2), (1002, 1)];
    tables.vtp.state = rows(states.map(|(vlan, state)| (vec![1, vlan], Value::Integer(state))).to_vec());
    assert_eq!(wanted(&tables), [1, 10, 20], "nothing tells which have ports");
    tables.membership.access = numbers(&[(10_101, 10), (10_102, 30)]);
    assert_eq!(wanted(&tables), [10]);
    let mut unsure = access_switch(2);
    unsure.vtp.state = tables.vtp.state.clone();
    unsure.membership.access = cut(numbers(&[(10_101, 10)]));
    assert_eq!(wanted(&unsure), [1, 10, 20], "a list of members that was cut off leaves none out");
    unsure.vtp.state = cut(tables.vtp.state.clone());
    assert!(contexts::wanted(&unsure).unwrap_err().contains("cut off"));
    tables.qbridge.ports = rows(vec![([vec![10], address(0, 1)].concat(), Value::Integer(1))]);
    assert_eq!(wanted(&tables), [0; 0], "one table has all VLANs");
    let mut listed = access_switch(1);
    listed.logical.kind = rows(vec![(vec![1], Value::Oid(Box::new(Oid::new(&[1, 3, 6, 1, 2, 1, 17]))))]);
    listed.logical.description = octets(&[(1, b"vlan508")]);
    assert_eq!(wanted(&listed), [508]);
}

#[test]
fn each_vlan_has_its_own_numbering_of_ports() {
    let tables = access_switch(4);
    let bridge = |port: u32, index: i64, last: u32| Bridge {
        base_values: n(),
        base_ports: numbers(&[(port, index)]),
        stp_state: n(),
        stp_bridge: n(),
        addresses: n(),
        ports: rows(vec![(address(0, last), Value::Integer(i64::from(port))), (address(1, last), Value::Integer(9))]),
        status: n(),
    };
    let bridges = vec![(vlan(10), bridge(3, 10_101, 1)), (vlan(20), bridge(3, 10_104, 2))];
    let found = read(&tables, &Contexts { met: Met::Read, bridges, state: None });
    let seen: Vec<_> = found.iter().map(|row| (row.mac.0[5], row.vlan.map(VlanId::get), row.if_index)).collect();
    let expected = [(1, Some(10), Some(10_101)), (2, Some(20), Some(10_104)), (1, Some(10), None), (2, Some(20), None)];
    assert_eq!(seen, expected, "a port that is in no table of its VLAN is not looked for in another");
    assert!(found.iter().all(|row| row.table == Table::VlanFdb));
}

#[test]
fn the_default_context_is_vlan_1_only_if_its_ports_prove_it() {
    let mut tables = access_switch(4);
    tables.bridge.base_ports = numbers(&[(1, 10_101), (2, 10_102)]);
    tables.bridge.ports = rows((1..=8).map(|last| (address(0, last), Value::Integer(1))).collect());
    let seen = |tables: &Tables| -> BTreeSet<Option<u16>> {
        read(tables, &not_needed()).iter().map(|row| row.vlan.map(VlanId::get)).collect()
    };
    assert_eq!(seen(&tables), [None].into());
    tables.membership.access = numbers(&[(10_101, 1), (10_103, 20), (10_104, 20)]);
    assert_eq!(seen(&tables), [Some(1)].into(), "ports of VLAN 20 are up, and not in this bridge");
    tables.membership.access = numbers(&[(10_101, 1), (10_102, 20), (10_103, 20)]);
    assert_eq!(seen(&tables), [None].into(), "a port of VLAN 20 is in it");
    tables.membership.access = cut(numbers(&[(10_101, 1), (10_103, 20)]));
    assert_eq!(seen(&tables), [None].into());
}

#[test]
fn a_makers_own_table_goes_first_where_it_has_more() {
    let mut tables = access_switch(4);
    tables.huawei =
        rows((1..=6).map(|last| ([address(0, last), vec![545, 1, 48]].concat(), Value::Integer(10_103))).collect());
    let found = read(&tables, &not_needed());
    assert_eq!(found.len(), 6);
    assert!(
        found
            .iter()
            .all(|row| { (row.vlan, row.if_index, row.table) == (Some(vlan(545)), Some(10_103), Table::PrivateFdb) })
    );
    tables.qbridge.ports =
        rows((1..=9).map(|last| ([vec![10], address(0, last)].concat(), Value::Integer(1))).collect());
    assert!(read(&tables, &not_needed()).iter().all(|row| row.table == Table::Dot1qFdb));
}

#[test]
fn an_index_without_the_fdb_id_hands_over_to_the_plain_table() {
    let mut tables = access_switch(8);
    tables.qbridge.ports = rows((1..=8).map(|last| (address(0, last), Value::Integer(7))).collect());
    assert!(read(&tables, &not_needed()).iter().all(|row| (row.vlan, row.if_index) == (None, Some(10_107))));
    tables.bridge.ports = rows((1..=8).map(|last| (address(0, last), Value::Integer(2))).collect());
    let found = read(&tables, &not_needed());
    assert!(found.iter().all(|row| (row.table, row.if_index) == (Table::Dot1dFdb, Some(10_102))), "{found:?}");
}

#[test]
fn base_ports_or_vlans_that_were_cut_off_leave_rows_unresolved() {
    let mut tables = access_switch(8);
    tables.qbridge.ports = rows(
        (1..=8).map(|last| ([vec![10 + last], address(0, last)].concat(), Value::Integer(i64::from(last)))).collect(),
    );
    assert!(read(&tables, &not_needed()).iter().all(|row| row.vlan.is_some() && row.if_index.is_some()));
    let whole = tables.bridge.base_ports.clone();
    tables.bridge.base_ports = cut(whole.clone());
    assert!(read(&tables, &not_needed()).iter().all(|row| row.if_index.is_none()));
    tables.bridge.base_ports = whole;
    tables.qbridge.fdb_id = Walked { rows: Vec::new(), end: WalkEnd::Failed("no answer".into()) };
    assert!(read(&tables, &not_needed()).iter().all(|row| row.vlan.is_none() && row.if_index.is_some()));
}

#[test]
fn a_local_lldp_port_is_matched_by_what_it_is_called_before_any_number() {
    let mut tables = access_switch(4);
    let remote = |local: u32, mark: u32| (vec![mark, local, 1], Value::Octets(vec![0x44, 0x19, 0xb6, 0, 0, 9]));
    tables.lldp.chassis = rows(vec![remote(1, 5), remote(2, 5), remote(26, 7), remote(10_104, 7), remote(77, 9)]);
    tables.lldp.chassis_kind = rows(vec![(vec![5, 1, 1], Value::Integer(4))]);
    // Number 1 is called what bridge port 3 is; number 26 is described so.
    tables.lldp.local_id = octets(&[(1, b"Gi1/0/3"), (26, b"26")]);
    tables.lldp.local_description = octets(&[(26, b"Gi1/0/4")]);
    tables.lldp.management = rows(vec![(vec![5, 1, 1, 1, 4, 10, 0, 0, 9], Value::Integer(2))]);
    let ports = ports::ports(&tables);
    let heard = neighbours::neighbours(&tables, &ports);
    let seen: Vec<_> = heard.iter().map(|heard| (heard.neighbour.if_index, heard.by_name)).collect();
    let expected =
        [(Some(10_103), true), (Some(10_102), false), (Some(10_104), true), (None, false), (Some(10_104), false)];
    assert_eq!(seen, expected);
    assert_eq!(heard[0].neighbour.addresses, ["10.0.0.9".parse::<std::net::IpAddr>().unwrap()]);
    let witnesses = neighbours::witnesses(&heard);
    assert_eq!(witnesses[0], (MacAddr([0x44, 0x19, 0xb6, 0, 0, 9]), 10_103));
    assert!(witnesses.iter().all(|(_, index)| [10_103, 10_104].contains(index)), "bridge ports bear no witness");
}

#[test]
fn lldp_version_2_is_on_interfaces_and_a_neighbour_with_two_marks_is_one() {
    let mut tables = access_switch(2);
    tables.lldp.v2 = true;
    let chassis = |mark: u32, local: u32, name: &[u8]| (vec![mark, local, 1, 3], Value::Octets(name.to_vec()));
    tables.lldp.chassis = rows(vec![chassis(5, 10_101, b"old"), chassis(8, 10_101, b"new"), chassis(8, 7, b"nowhere")]);
    let heard = neighbours::neighbours(&tables, &ports::ports(&tables));
    let seen: Vec<_> =
        heard.iter().map(|heard| (heard.neighbour.if_index, heard.neighbour.chassis.as_str().to_owned())).collect();
    assert_eq!(seen, [(None, "nowhere".to_owned()), (Some(10_101), "new".to_owned())]);
}

#[test]
fn addresses_of_both_tables_are_told_once_and_groups_never() {
    let mut tables = nothing();
    let mac = |last: u8| Value::Octets(vec![0x44, 0x19, 0xb6, 0, 0, last]);
    tables.media = rows(vec![
        (vec![3, 10, 0, 0, 1], mac(1)),
        (vec![3, 10, 0, 0, 2], Value::Octets(b"44:19:b6:0:0:2".to_vec())),
        (vec![3, 224, 0, 0, 1], Value::Octets(vec![1, 0, 0x5e, 0, 0, 1])),
        (vec![3, 10, 0, 0, 3], Value::Octets(vec![0x44, 0x19])),
    ]);
    tables.physical = rows(vec![
        (vec![3, 1, 4, 10, 0, 0, 1], mac(1)),
        ([vec![3, 2, 16], vec![0xfe, 0x80], vec![0; 13], vec![9]].concat(), mac(1)),
    ]);
    let found: Vec<_> = tables.arp().iter().map(|row| (row.ip.to_string(), row.mac.0[5])).collect();
    let expected = [("10.0.0.1", 1), ("10.0.0.2", 2), ("fe80::9", 1)];
    assert_eq!(found, expected.map(|(ip, last)| (ip.to_owned(), last)));
}

/// After a restart a switch is read as it was, until another firmware or enough rows say otherwise.
#[tokio::test]
async fn what_was_learned_before_a_restart_stands_for_its_firmware() {
    let text = "[[site]]\nid = \"hq\"\nsensitivity = \"standard\"\n[[credential]]\nid = \"c\"\nkind = \"snmp-v2c\"\ncommunity = \"public\"\n\
                [[switch]]\nname = \"sw\"\naddress = \"127.0.0.1\"\nsite = \"hq\"\ncredential = \"c\"\n";
    let config = crate::config::parse(text, std::path::Path::new("/nowhere/config.toml")).unwrap();
    let (switch, credential) = (&config.switches[0], &config.credentials[0]);
    let reading = |chosen: &str, settled| {
        Some(Reading { chosen: chosen.to_owned(), score: 100, runner_up: None, rows: 40, settled })
    };
    let readings = Readings { port: reading("ifIndex", true), vlan: reading("the id is the VLAN", false) };
    let system = SystemFacts {
        name: "sw".into(),
        description: "Version 7".into(),
        object_id: "1.3.6.1.4.1.9".to_owned(),
        uptime_s: 5,
    };
    let collector = SwitchCollector::bind().await.unwrap();
    collector.recall(switch.name.clone(), &system, &readings);
    let known = collector.agent(&config.snmp, switch, credential).unwrap();
    let learned = known.learned("1.3.6.1.4.1.9 Version 7");
    assert_eq!(
        learned,
        Learned { port: Some("ifIndex".to_owned()), vlan: None },
        "only what enough rows had borne out"
    );
    assert_eq!(known.learned("1.3.6.1.4.1.9 Version 8"), Learned::default());
}
