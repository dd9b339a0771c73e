//! All tables one visit asks for.

use std::collections::BTreeSet;

use super::columns;
use crate::net::{DeviceText, MacAddr, VlanId};
use crate::observation::{ArpRow, Completeness, InventoryRow, SwitchVisit, Table, VisitError, VlanRow};
use crate::snmp::addresses::{media_index, physical_index};
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
use crate::snmp::{
    Ask, Session, Value, WalkEnd, Walked, addresses, alcatel, bridge, cdp, cisco_poe, entity, entity_logical, huawei,
    interfaces, junos, lag, lldp, poe, qbridge, vlan_membership, vrf, vtp,
};

/// IANA private enterprise number of Cisco.
const CISCO: u32 = 9;

/// What the agent said in its default context.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) base_address: Option<MacAddr>,
    pub(super) interfaces: Interfaces,
    pub(super) lag: Lag,
    pub(super) bridge: Bridge,
    pub(super) qbridge: QBridge,
    pub(super) vtp: Vtp,
    pub(super) membership: VlanMembership,
    pub(super) logical: EntityLogical,
    pub(super) huawei: Walked,
    pub(super) alcatel: Alcatel,
    pub(super) junos: Junos,
    pub(super) media: Walked,
    pub(super) physical: Walked,
    pub(super) lldp: Lldp,
    pub(super) cdp: Cdp,
    pub(super) poe: Poe,
    pub(super) cisco_poe: CiscoPoe,
    pub(super) entity: Entity,
    pub(super) vrfs: Vrfs,
}

/// A maker's own tables, asked for where sysObjectID names that maker, or names nobody.
#[derive(Debug)]
struct Private {
    vtp: Vtp,
    membership: VlanMembership,
    logical: EntityLogical,
    huawei: Walked,
    alcatel: Alcatel,
    junos: Junos,
    cisco_poe: CiscoPoe,
    vrfs: Vrfs,
}

async fn private(ask: &Ask<'_, impl Session>, enterprise: Option<u32>) -> Private {
    let is = |maker: u32| enterprise.is_none_or(|own| own == maker);
    let n = Walked::not_needed;
    let huawei = if is(huawei::ENTERPRISE) { huawei::read(ask).await } else { n() };
    let alcatel = if is(alcatel::ENTERPRISE) { alcatel::read(ask).await } else { Alcatel { aos6: n(), global: n() } };
    let junos = if is(junos::ENTERPRISE) {
        junos::read(ask).await
    } else {
        Junos { els: false, names: n(), tags: n(), fdb_ids: n() }
    };
    let vtp = if is(CISCO) {
        vtp::read(ask).await
    } else {
        Vtp { state: n(), kind: n(), name: n(), trunking: n(), native: n(), enabled: [n(), n(), n(), n()] }
    };
    // A Cisco without VTP's list of VLANs has no port in any of them, as far as it tells; its bridges it may list.
    let (membership, cisco_poe) = if vtp.state.rows.is_empty() {
        (VlanMembership { access: n(), voice: n() }, CiscoPoe { part: n() })
    } else {
        tokio::join!(vlan_membership::read(ask), cisco_poe::read(ask))
    };
    let logical = if is(CISCO) && vtp.state.rows.is_empty() {
        entity_logical::read(ask).await
    } else {
        EntityLogical { description: n(), kind: n() }
    };
    let vrfs = vrf::read(ask, is(vrf::ARISTA), is(CISCO)).await;
    Private { vtp, membership, logical, huawei, alcatel, junos, cisco_poe, vrfs }
}

impl Tables {
    /// Reads them all, as many at once as the agent is asked at once.
    pub(super) async fn read(ask: &Ask<'_, impl Session>, enterprise: Option<u32>) -> Self {
        // A dozen tables' walks make a large future each: they live on the heap.
        let (base_address, interfaces, lag, bridge, qbridge, private) = tokio::join!(
            bridge::base_address(ask.session),
            Box::pin(interfaces::read(ask)),
            Box::pin(lag::read(ask, enterprise.is_none_or(|own| own == CISCO))),
            Box::pin(bridge::read(ask)),
            Box::pin(qbridge::read(ask)),
            Box::pin(private(ask, enterprise)),
        );
        let (media, physical, lldp, cdp, poe, entity) = tokio::join!(
            Box::pin(addresses::read_media(ask)),
            Box::pin(addresses::read_physical(ask)),
            Box::pin(lldp::read(ask)),
            Box::pin(cdp::read(ask)),
            Box::pin(poe::read(ask)),
            Box::pin(entity::read(ask, !private.cisco_poe.part.rows.is_empty())),
        );
        let Private { vtp, membership, logical, huawei, alcatel, junos, cisco_poe, vrfs } = private;
        Self {
            base_address,
            interfaces,
            lag,
            bridge,
            qbridge,
            vtp,
            membership,
            logical,
            huawei,
            alcatel,
            junos,
            media,
            physical,
            lldp,
            cdp,
            poe,
            cisco_poe,
            entity,
            vrfs,
        }
    }

    /// Writes down how much of each was seen.
    pub(super) fn note(&self, visit: &mut SwitchVisit) {
        let ifs = &self.interfaces;
        let (bridge, qbridge) = (&self.bridge, &self.qbridge);
        let private = [&self.huawei, &self.alcatel.aos6, &self.alcatel.global];
        let seen: [(Table, Vec<&Walked>); 19] = [
            (
                Table::Interfaces,
                vec![&ifs.description, &ifs.kind, &ifs.admin, &ifs.oper, &ifs.address, &ifs.name, &ifs.alias],
            ),
            (Table::BridgePorts, vec![&bridge.base_ports]),
            (Table::Dot1qFdb, vec![&qbridge.ports, &qbridge.status]),
            (Table::Dot1dFdb, vec![&bridge.ports, &bridge.status, &bridge.addresses]),
            (Table::PrivateFdb, private.to_vec()),
            (Table::Vlans, vec![&qbridge.names, &qbridge.fdb_id]),
            (Table::VlanPorts, vec![&qbridge.egress, &qbridge.untagged]),
            (Table::CiscoVlans, vec![&self.vtp.state, &self.membership.access]),
            (Table::JunosVlans, vec![&self.junos.tags, &self.junos.fdb_ids]),
            (Table::Pvid, vec![&qbridge.pvid]),
            (Table::Lag, vec![&self.lag.selected, &self.lag.attached, &self.lag.pagp]),
            (Table::IfStack, vec![&ifs.stack]),
            (Table::Stp, vec![&bridge.stp_state, &bridge.stp_bridge]),
            (Table::Poe, vec![&self.poe.detection, &self.poe.admin]),
            (Table::IpNetToMedia, vec![&self.media]),
            (Table::IpNetToPhysical, vec![&self.physical]),
            (Table::Lldp, vec![&self.lldp.chassis, &self.lldp.port, &self.lldp.system_name, &self.lldp.capabilities]),
            (Table::Cdp, vec![&self.cdp.device, &self.cdp.port, &self.cdp.platform]),
            (Table::Entity, vec![&self.entity.class, &self.entity.model, &self.entity.serial]),
        ];
        for (table, columns) in seen {
            note(visit, table, columns::state(&columns));
        }
        if !self.tells_ports() || !self.tells_vlans() {
            for table in [Table::Dot1qFdb, Table::Dot1dFdb] {
                if let Some(state) =
                    visit.tables.get_mut(&table).filter(|state| state.completeness == Completeness::Complete)
                {
                    state.completeness = Completeness::Partial;
                    state.note = Some("the tables that say which port and VLAN its rows mean were cut off".to_owned());
                }
            }
        }
    }

    /// The tables that say which interface a bridge port is were seen whole. One that was cut off would misread the
    /// forwarding rows.
    pub(super) fn tells_ports(&self) -> bool {
        let ifs = &self.interfaces;
        let bridge = [&self.bridge.base_ports, &self.bridge.base_values];
        let columns = bridge.into_iter().chain([&ifs.description, &ifs.name, &ifs.kind, &ifs.oper]);
        columns.into_iter().all(|column| column.end == WalkEnd::Complete)
    }

    /// The same of the tables that say which VLAN an FDB id is.
    pub(super) fn tells_vlans(&self) -> bool {
        let qbridge = [&self.qbridge.fdb_id, &self.qbridge.names, &self.qbridge.pvid];
        let columns = qbridge.into_iter().chain([&self.junos.tags, &self.junos.fdb_ids]);
        columns.into_iter().all(|column| column.end == WalkEnd::Complete)
    }

    /// VLANs the switch lists, in whichever of its tables.
    pub(super) fn vlans(&self) -> Vec<VlanRow> {
        let mut found = std::collections::BTreeMap::new();
        let listed = [&self.qbridge.fdb_id, &self.qbridge.egress]
            .into_iter()
            .flat_map(|column| columns::by_number(column, |_| Some(())).into_keys())
            .filter_map(VlanId::new);
        found.extend(listed.map(|vlan| (vlan, DeviceText::default())));
        let names = columns::by_number(&self.junos.names, columns::text);
        for (number, tag) in columns::by_number(&self.junos.tags, Value::index) {
            found.extend(VlanId::new(tag).map(|vlan| (vlan, names.get(&number).cloned().unwrap_or_default())));
        }
        let names = columns::by_pair(&self.vtp.name, columns::text);
        let cisco = names.into_iter().filter_map(|((_, vlan), name)| Some((VlanId::new(vlan)?, name)));
        found.extend(cisco.filter(|(vlan, _)| !(1002..=1005).contains(&vlan.get())));
        let names = columns::by_number(&self.qbridge.names, columns::text);
        found.extend(names.into_iter().filter_map(|(vlan, name)| Some((VlanId::new(vlan)?, name))));
        found.into_iter().map(|(id, name)| VlanRow { id, name }).collect()
    }

    /// ARP and neighbour discovery of the default context.
    pub(super) fn arp(&self) -> BTreeSet<ArpRow> {
        arp_of(&self.media, &self.physical, None)
    }

    /// Chassis, modules and stacks: what a register lists. Fans and sensors are not.
    pub(super) fn inventory(&self) -> Vec<InventoryRow> {
        let texts = |column: &Walked| columns::by_number(column, columns::text);
        let entity = &self.entity;
        let (names, models) = (texts(&entity.name), texts(&entity.model));
        let (serials, software) = (texts(&entity.serial), texts(&entity.software));
        columns::by_number(&entity.class, entity::part)
            .into_iter()
            .map(|(index, class)| InventoryRow {
                index,
                class: class.to_owned(),
                name: names.get(&index).cloned().unwrap_or_default(),
                model: models.get(&index).cloned().unwrap_or_default(),
                serial: serials.get(&index).cloned().unwrap_or_default(),
                software: software.get(&index).cloned().unwrap_or_default(),
            })
            .collect()
    }
}

/// Rows of ARP and neighbour discovery, of both generations of the table.
pub(super) fn arp_of(media: &Walked, physical: &Walked, vrf: Option<&DeviceText>) -> BTreeSet<ArpRow> {
    let row = |index: Option<(u32, std::net::IpAddr)>, value: &Value| {
        let (if_index, ip) = index?;
        // Some agents write the address out.
        let written = || value.text().as_str().parse().ok();
        let mac = value.octets().and_then(MacAddr::from_octets).or_else(written);
        let mac = mac.filter(|mac| !mac.is_zero() && !mac.is_multicast())?;
        Some(ArpRow { ip, mac, if_index, vrf: vrf.cloned() })
    };
    let from_media = media.rows.iter().filter_map(|(index, value)| row(media_index(index), value));
    let from_physical = physical.rows.iter().filter_map(|(index, value)| row(physical_index(index), value));
    from_media.chain(from_physical).collect()
}

/// Writes down how much of a table was seen; what was cut is an error for the administrator too.
pub(super) fn note(visit: &mut SwitchVisit, table: Table, state: crate::observation::TableState) {
    if let (Completeness::Partial | Completeness::Failed, Some(why)) = (state.completeness, &state.note) {
        visit.errors.push(VisitError { asked: columns::name(table), message: why.clone() });
    }
    visit.tables.insert(table, state);
}
