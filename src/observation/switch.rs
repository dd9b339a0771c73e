//! What a switch or router said over SNMP.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::{Completeness, Reach, VisitError};
use crate::net::{DeviceText, MacAddr, PortName, SiteId, TargetName, Timestamp, VlanId, VlanRange};

/// One visit to a switch.
#[derive(Debug, Clone, PartialEq)]
pub struct SwitchVisit {
    /// The switch's name in the configuration.
    pub target: TargetName,
    /// Where it was asked.
    pub address: SocketAddr,
    /// Where it stands.
    pub site: SiteId,
    /// When the first request left.
    pub started: Timestamp,
    /// When the last answer came or was given up.
    pub finished: Timestamp,
    /// Whether it answered.
    pub reach: Reach,
    /// SNMPv2-MIB system group.
    pub system: Option<SystemFacts>,
    /// What was asked for and how much of it came.
    pub tables: BTreeMap<Table, TableState>,
    /// IF-MIB interfaces, by ifIndex.
    pub ports: Vec<Port>,
    /// VLANs it knows, with their names.
    pub vlans: Vec<VlanRow>,
    /// Forwarding database: which MAC address was learned on which port.
    pub fdb: Vec<FdbRow>,
    /// ARP and neighbour discovery cache.
    pub arp: Vec<ArpRow>,
    /// LLDP and CDP neighbours.
    pub neighbours: Vec<Neighbour>,
    /// ENTITY-MIB physical parts.
    pub inventory: Vec<InventoryRow>,
    /// How its numbers were read.
    pub readings: Readings,
    /// MAC addresses that are the switch's own (dot1dBaseBridgeAddress, ifPhysAddress), sorted.
    pub own_macs: Vec<MacAddr>,
    /// Requests sent, retries included.
    pub requests: u32,
    /// What went wrong on the way.
    pub errors: Vec<VisitError>,
}

impl SwitchVisit {
    /// A visit that brought nothing home yet.
    #[must_use]
    pub fn new(target: TargetName, address: SocketAddr, site: SiteId, started: Timestamp) -> Self {
        Self {
            target,
            address,
            site,
            started,
            finished: started,
            reach: Reach::Silent("not asked yet".into()),
            system: None,
            tables: BTreeMap::new(),
            ports: Vec::new(),
            vlans: Vec::new(),
            fdb: Vec::new(),
            arp: Vec::new(),
            neighbours: Vec::new(),
            inventory: Vec::new(),
            readings: Readings::default(),
            own_macs: Vec::new(),
            requests: 0,
            errors: Vec::new(),
        }
    }

    /// Whether the forwarding database was seen whole: the table the rows came from, to its end. Where the switch has a
    /// table a VLAN, or its maker's own, and that was not read whole, it was not.
    #[must_use]
    pub fn fdb_complete(&self) -> bool {
        let state = |table| self.tables.get(&table).map(|state: &TableState| state.completeness);
        let cut = |table| matches!(state(table), Some(Completeness::Partial | Completeness::Failed));
        if cut(Table::VlanFdb) || cut(Table::PrivateFdb) {
            return false;
        }
        let sources = [Table::PrivateFdb, Table::VlanFdb, Table::Dot1qFdb, Table::Dot1dFdb];
        // Rows of one table are enough: the others would tell the same with less.
        match sources.into_iter().find(|table| self.fdb.iter().any(|row| row.table == *table)) {
            Some(table) => state(table) == Some(Completeness::Complete),
            None => {
                let mut standard = [Table::Dot1qFdb, Table::Dot1dFdb].into_iter().map(state);
                standard
                    .clone()
                    .all(|state| matches!(state, None | Some(Completeness::Complete | Completeness::Unsupported)))
                    && standard.any(|state| state == Some(Completeness::Complete))
            }
        }
    }
}

/// How a device's numbers were read: its bridge ports as interfaces, its FDB ids as VLANs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readings {
    /// Bridge port to interface; `None`: there was nothing to read.
    pub port: Option<Reading>,
    /// FDB id to VLAN; `None`: there was nothing to read.
    pub vlan: Option<Reading>,
}

/// One reading, chosen among several by what else the device says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What was chosen (`dot1dBasePortIfIndex`, `ifIndex`, `dot1qVlanFdbId`, `unknowable`, …).
    pub chosen: String,
    /// How well it fits the device's own interfaces, VLANs and neighbours, of 100.
    pub score: u8,
    /// The next best and its score.
    pub runner_up: Option<(String, u8)>,
    /// Rows it was judged by; with few, the usual reading or the one of an earlier visit stands.
    pub rows: u32,
    /// It was judged by enough rows, at this visit or at an earlier one of the same firmware.
    #[serde(default)]
    pub settled: bool,
}

/// SNMPv2-MIB system group (RFC 3418).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemFacts {
    /// sysName
    pub name: DeviceText,
    /// sysDescr
    pub description: DeviceText,
    /// sysObjectID, dotted, without a leading dot.
    pub object_id: String,
    /// sysUpTime in whole seconds.
    pub uptime_s: u64,
}

/// The tables a switch is asked for. Names are those of `poll --json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Table {
    /// SNMPv2-MIB system group.
    System,
    /// IF-MIB ifTable and ifXTable.
    Interfaces,
    /// BRIDGE-MIB dot1dBasePortTable.
    BridgePorts,
    /// Q-BRIDGE-MIB dot1qTpFdbTable.
    Dot1qFdb,
    /// BRIDGE-MIB dot1dTpFdbTable.
    Dot1dFdb,
    /// BRIDGE-MIB dot1dTpFdbTable of each VLAN's own context, as Cisco's IOS has it.
    VlanFdb,
    /// A maker's own table of learned addresses.
    PrivateFdb,
    /// Q-BRIDGE-MIB dot1qVlanStaticTable and dot1qVlanCurrentTable.
    Vlans,
    /// Q-BRIDGE-MIB dot1qPvid.
    Pvid,
    /// Q-BRIDGE-MIB egress and untagged ports of VLANs.
    VlanPorts,
    /// CISCO-VTP-MIB and CISCO-VLAN-MEMBERSHIP-MIB.
    CiscoVlans,
    /// JUNIPER-L2ALD-MIB, JUNIPER-VLAN-MIB.
    JunosVlans,
    /// IEEE8023-LAG-MIB dot3adAggPortSelectedAggID.
    Lag,
    /// IF-MIB ifStackTable.
    IfStack,
    /// BRIDGE-MIB dot1dStpPortTable.
    Stp,
    /// POWER-ETHERNET-MIB pethPsePortTable.
    Poe,
    /// IP-MIB ipNetToMediaTable.
    IpNetToMedia,
    /// IP-MIB ipNetToPhysicalTable.
    IpNetToPhysical,
    /// The same two tables in the contexts of VRFs.
    VrfArp,
    /// LLDP-MIB or LLDP-V2-MIB lldpRemTable.
    Lldp,
    /// CISCO-CDP-MIB cdpCacheTable.
    Cdp,
    /// ENTITY-MIB entPhysicalTable.
    Entity,
}

/// How much of a table was seen, and what of it is worth saying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableState {
    /// How much was seen.
    pub completeness: Completeness,
    /// Rows that came.
    pub rows: u32,
    /// Why it is not complete.
    pub note: Option<String>,
}

/// IF-MIB ifOperStatus and ifAdminStatus.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum OperStatus {
    Up,
    Down,
    Testing,
    #[default]
    Unknown,
    Dormant,
    NotPresent,
    LowerLayerDown,
}

/// One interface. Field names are those of `poll --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// ifIndex
    pub if_index: u32,
    /// ifName, else ifDescr, else the ifIndex as text.
    pub name: PortName,
    /// ifAlias: what the administrator wrote on it.
    pub alias: DeviceText,
    /// ifOperStatus
    pub oper: OperStatus,
    /// ifAdminStatus
    pub admin: OperStatus,
    /// ifHighSpeed, else ifSpeed, in Mbit/s.
    pub speed_mbps: Option<u64>,
    /// ifType (IANAifType-MIB).
    pub if_type: Option<u32>,
    /// ifPhysAddress
    pub mac: Option<MacAddr>,
    /// dot1qPvid: the VLAN of untagged frames.
    pub pvid: Option<VlanId>,
    /// ifIndex of the aggregate this port is a member of.
    pub lag: Option<u32>,
    /// PoE state, where the switch tells (`delivering`, `searching`, `disabled`, `fault`, …).
    pub poe: Option<String>,
    /// VLANs it sends tagged, where the switch tells.
    #[serde(default)]
    pub tagged: Vec<VlanRange>,
    /// VLANs it sends untagged, where the switch tells.
    #[serde(default)]
    pub untagged: Vec<VlanRange>,
    /// vmVoiceVlanId: the VLAN a phone on it is told to tag.
    #[serde(default)]
    pub voice: Option<VlanId>,
    /// dot1dStpPortState (`forwarding`, `blocking`, …).
    #[serde(default)]
    pub stp: Option<String>,
    /// dot1dStpPortDesignatedBridge: the bridge that leads towards the root on this port's segment.
    #[serde(default)]
    pub stp_bridge: Option<MacAddr>,
    /// ifLastChange: sysUpTime in seconds when it last went up or down.
    #[serde(default)]
    pub last_change_s: Option<u64>,
    /// entPhysicalIndex of the chassis it is part of, where the switch is a stack that tells: a row of its inventory.
    #[serde(default)]
    pub chassis: Option<u32>,
}

impl Port {
    /// A port of which nothing is known but its number, by which it is called too.
    #[must_use]
    pub fn new(if_index: u32) -> Self {
        Self {
            if_index,
            name: PortName::from(if_index.to_string()),
            alias: DeviceText::default(),
            oper: OperStatus::Unknown,
            admin: OperStatus::Unknown,
            speed_mbps: None,
            if_type: None,
            mac: None,
            pvid: None,
            lag: None,
            poe: None,
            tagged: Vec::new(),
            untagged: Vec::new(),
            voice: None,
            stp: None,
            stp_bridge: None,
            last_change_s: None,
            chassis: None,
        }
    }
}

/// A VLAN the switch knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VlanRow {
    /// Its number.
    pub id: VlanId,
    /// Its name; empty where the switch has none.
    pub name: DeviceText,
}

/// dot1qTpFdbStatus and dot1dTpFdbStatus (RFC 4363, RFC 4188).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FdbStatus {
    /// Learned from traffic; also where the agent has no status column.
    Learned,
    /// One of the switch's own addresses.
    SelfAddress,
    /// Configured by management.
    Mgmt,
    /// No longer valid, not yet gone.
    Invalid,
    /// Something else.
    Other,
}

impl FdbStatus {
    /// Speaks for a device being on the port.
    #[must_use]
    pub fn is_presence(self) -> bool {
        matches!(self, Self::Learned | Self::Other | Self::Mgmt)
    }
}

/// One row of a forwarding database, its port and VLAN resolved as far as the device tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FdbRow {
    /// The address learned.
    pub mac: MacAddr,
    /// Its VLAN; `None`: the device cannot tell.
    pub vlan: Option<VlanId>,
    /// Its interface; `None`: the bridge port could not be resolved.
    pub if_index: Option<u32>,
    /// The bridge port as the row has it.
    pub bridge_port: u32,
    /// How the row came to be.
    pub status: FdbStatus,
    /// The table it came from.
    pub table: Table,
}

/// One row of an ARP or neighbour discovery cache.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ArpRow {
    /// The address of layer 3.
    pub ip: IpAddr,
    /// The address of layer 2.
    pub mac: MacAddr,
    /// The interface it was learned on.
    pub if_index: u32,
    /// The VRF whose table it stands in, where that has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vrf: Option<DeviceText>,
}

/// How a neighbour made itself known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum NeighbourProtocol {
    Lldp,
    Cdp,
}

/// An LLDP or CDP neighbour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbour {
    /// The local interface; `None`: the local port number could not be resolved.
    pub if_index: Option<u32>,
    /// LLDP or CDP.
    pub protocol: NeighbourProtocol,
    /// lldpRemChassisId or cdpCacheDeviceId: a MAC address in colon notation where it is one, cleaned text elsewhere.
    pub chassis: DeviceText,
    /// lldpRemPortId or cdpCacheDevicePort.
    pub port: DeviceText,
    /// lldpRemSysName or cdpCacheSysName.
    pub system_name: DeviceText,
    /// lldpRemSysDesc or cdpCacheVersion and cdpCachePlatform.
    pub system_description: DeviceText,
    /// Management addresses it gave.
    pub addresses: Vec<IpAddr>,
    /// LLDP system capabilities that are enabled (`bridge`, `router`, `telephone`, `station`, `wlan-ap`, …).
    pub capabilities: Vec<String>,
}

/// A physical part (ENTITY-MIB entPhysicalTable).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryRow {
    /// entPhysicalIndex
    pub index: u32,
    /// entPhysicalClass as a word (`chassis`, `module`, `stack`).
    pub class: String,
    /// entPhysicalName
    pub name: DeviceText,
    /// entPhysicalModelName
    pub model: DeviceText,
    /// entPhysicalSerialNum
    pub serial: DeviceText,
    /// entPhysicalSoftwareRev
    pub software: DeviceText,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(tables: &[(Table, Completeness)], rows_of: Option<Table>) -> SwitchVisit {
        let address = "10.0.0.1:161".parse().unwrap();
        let mut visit = SwitchVisit::new("s".into(), address, "x".into(), Timestamp::now());
        let state = |completeness| TableState { completeness, rows: 1, note: None };
        visit.tables = tables.iter().map(|(table, completeness)| (*table, state(*completeness))).collect();
        visit.fdb = rows_of
            .map(|table| FdbRow {
                mac: MacAddr([0x44, 0x19, 0xb6, 1, 2, 3]),
                vlan: None,
                if_index: Some(1),
                bridge_port: 1,
                status: FdbStatus::Learned,
                table,
            })
            .into_iter()
            .collect();
        visit
    }

    #[test]
    fn a_table_is_whole_only_if_the_one_its_rows_came_from_is() {
        use Completeness::{Complete, Failed, Partial, Unsupported};
        use Table::{Dot1dFdb, Dot1qFdb, PrivateFdb, VlanFdb};
        type Case = (&'static [(Table, Completeness)], Option<Table>, bool);
        let cases: &[Case] = &[
            (&[(Dot1qFdb, Complete), (Dot1dFdb, Failed)], Some(Dot1qFdb), true),
            (&[(Dot1qFdb, Partial), (Dot1dFdb, Complete)], Some(Dot1qFdb), false),
            (&[(Dot1qFdb, Unsupported), (Dot1dFdb, Complete)], Some(Dot1dFdb), true),
            (&[(Dot1qFdb, Failed), (Dot1dFdb, Complete)], None, false),
            (&[(Dot1qFdb, Unsupported), (Dot1dFdb, Unsupported)], None, false),
            (&[(Dot1qFdb, Unsupported), (Dot1dFdb, Complete)], None, true),
            // The default VLAN was seen whole, the others not at all.
            (&[(Dot1dFdb, Complete), (VlanFdb, Failed)], Some(Dot1dFdb), false),
            (&[(Dot1dFdb, Complete), (VlanFdb, Partial)], Some(VlanFdb), false),
            (&[(Dot1dFdb, Complete), (VlanFdb, Complete)], Some(VlanFdb), true),
            (&[(Dot1qFdb, Complete), (PrivateFdb, Failed)], Some(Dot1qFdb), false),
            (&[(Dot1qFdb, Unsupported), (PrivateFdb, Complete)], Some(PrivateFdb), true),
        ];
        for (tables, rows_of, whole) in cases {
            assert_eq!(visit(tables, *rows_of).fdb_complete(), *whole, "{tables:?} {rows_of:?}");
        }
    }
}
