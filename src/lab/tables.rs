//! What a switch of the estate says of itself over SNMP: its MIB tables, made from where things are now.

use super::estate::{Attachment, Estate, Kind, Make, Site, Switch};
use super::mib::{Draft, Mib};
use super::{neighbours, product::plain_hex};
use crate::net::MacAddr;

const SYSTEM: &[u32] = &[1, 3, 6, 1, 2, 1, 1];
const INTERFACES: &[u32] = &[1, 3, 6, 1, 2, 1, 2];
const IF_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1];
const IF_X_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 31, 1, 1, 1];
const IP_NET_TO_MEDIA: &[u32] = &[1, 3, 6, 1, 2, 1, 4, 22, 1];
const BRIDGE: &[u32] = &[1, 3, 6, 1, 2, 1, 17];
const Q_BRIDGE: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 7, 1];
const ENTITY: &[u32] = &[1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1];
const AGG_PORT: &[u32] = &[1, 2, 840, 10006, 300, 43, 1, 2, 1, 1];

const ETHERNET: u32 = 6;
const AGGREGATE: u32 = 161;
const VLAN_INTERFACE: u32 = 136;
const LEARNED: u32 = 3;
const SELF: u32 = 4;

/// The tables of one switch.
pub(super) fn mib(estate: &Estate, index: usize) -> Mib {
    let mut draft = Draft::default();
    if let Some((switch, site)) =
        estate.switches.get(index).and_then(|switch| Some((switch, estate.sites.get(switch.site)?)))
    {
        let ports = ports(estate, index, switch);
        system(&mut draft, switch, site);
        interfaces(&mut draft, switch, site, &ports);
        bridge(&mut draft, switch, site, &ports, &forwarding(estate, index, switch, site));
        if switch.router {
            arp(&mut draft, estate, switch, site);
        }
        neighbours::lldp(&mut draft, estate, index, switch);
        if switch.make == Make::Cisco {
            neighbours::cdp(&mut draft, estate, switch);
        }
    }
    draft.finish()
}

/// A port as it stands: whether something is plugged in, the VLAN of its untagged frames, its label.
struct PortState {
    up: bool,
    pvid: u16,
    alias: String,
    lag: Option<u16>,
}

fn ports(estate: &Estate, index: usize, switch: &Switch) -> Vec<PortState> {
    let fresh = |_| PortState { up: false, pvid: 1, alias: String::new(), lag: None };
    let mut ports: Vec<PortState> = (0..switch.ports).map(fresh).collect();
    let mut set = |port: u16, change: &mut dyn FnMut(&mut PortState)| {
        if let Some(state) = usize::from(port).checked_sub(1).and_then(|at| ports.get_mut(at)) {
            change(state);
        }
    };
    let devices = estate.sites.get(switch.site).into_iter().flat_map(|site| &site.devices);
    for device in devices.filter_map(|at| estate.devices.get(*at)).filter(|device| device.switch == index) {
        set(device.port, &mut |state| {
            state.up = true;
            // What a telephone sends is tagged: the port's own VLAN is the computer's behind it.
            if state.pvid == 1 || !matches!(device.kind, Kind::Phone) {
                state.pvid = device.vlan;
            }
            if let Kind::Surveillance(_) = device.kind {
                state.alias = format!("cctv {}", plain_hex(device.mac).split_at(6).1);
            }
        });
    }
    for link in switch.uplink.iter().chain(&switch.downlinks) {
        let peer = estate.switches.get(link.peer).map_or("", |peer| peer.name.as_str());
        let members = match link.here {
            Attachment::Port(port) => vec![(port, None)],
            Attachment::Lag(lag) => {
                let members = usize::from(lag).checked_sub(1).and_then(|at| switch.lags.get(at)).copied();
                members.into_iter().flatten().map(|port| (port, Some(lag))).collect()
            }
        };
        for (port, lag) in members {
            set(port, &mut |state| {
                (state.up, state.pvid, state.lag) = (true, 1, lag);
                state.alias = format!("link {peer}");
            });
        }
    }
    ports
}

/// What each make says it is: sysObjectID, sysDescr, model, software.
fn identity(make: Make) -> (&'static [u32], &'static str, &'static str, &'static str) {
    match make {
        Make::Cisco => {
            (&[1, 3, 6, 1, 4, 1, 9, 6, 1, 95, 48, 1], "SG350-52 52-Port Gigabit Managed Switch", "SG350-52", "2.5.9.16")
        }
        Make::ProCurve => (
            &[1, 3, 6, 1, 4, 1, 11, 2, 3, 7, 11, 87],
            "ProCurve J9147A Switch 2910al-48G, revision W.15.14.0012, ROM W.14.06",
            "J9147A",
            "W.15.14.0012",
        ),
        Make::Arista => (
            &[1, 3, 6, 1, 4, 1, 30065, 1, 3011, 7010, 427, 48],
            "Arista Networks EOS version 4.22.4M running on an Arista Networks DCS-7010T-48",
            "DCS-7010T-48",
            "4.22.4M",
        ),
        Make::DLink => {
            (&[1, 3, 6, 1, 4, 1, 171, 10, 76, 16], "DGS-1210-52/ME Gigabit Ethernet Switch", "DGS-1210-52", "6.10.B020")
        }
    }
}

fn system(draft: &mut Draft, switch: &Switch, site: &Site) {
    let (object, description, model, software) = identity(switch.make);
    draft.octets(&[SYSTEM, &[1, 0]], description.as_bytes());
    draft.oid(&[SYSTEM, &[2, 0]], object);
    draft.octets(&[SYSTEM, &[4, 0]], b"network operations");
    draft.octets(&[SYSTEM, &[5, 0]], switch.name.as_bytes());
    draft.octets(&[SYSTEM, &[6, 0]], site.name.as_bytes());
    draft.integer(&[SYSTEM, &[7, 0]], if switch.router { 6 } else { 2 });
    let mut part = |column: u32, text: &str| draft.octets(&[ENTITY, &[column, 1]], text.as_bytes());
    part(2, description);
    part(7, "chassis");
    part(10, software);
    part(11, &switch.serial);
    part(13, model);
    draft.integer(&[ENTITY, &[4, 1]], 0);
    draft.integer(&[ENTITY, &[5, 1]], 3);
}

/// ifName of the interface a router has in a VLAN, and its ifIndex.
pub(super) fn routed(make: Make, vlan: u16) -> (u32, String) {
    match make {
        Make::ProCurve => (600 + u32::from(vlan), format!("VLAN{vlan}")),
        _ => (100_000 + u32::from(vlan), format!("Vlan{vlan}")),
    }
}

fn interfaces(draft: &mut Draft, switch: &Switch, site: &Site, ports: &[PortState]) {
    let make = switch.make;
    let mut count = 0;
    let mut add = |index: u32, name: &str, kind: u32, up: bool, mbps: u32, mac: MacAddr, alias: &str| {
        count += 1;
        let at = [index];
        let state = if up { 1 } else { 2 };
        draft.integer(&[IF_ENTRY, &[1], &at], index);
        draft.octets(&[IF_ENTRY, &[2], &at], name.as_bytes());
        draft.integer(&[IF_ENTRY, &[3], &at], kind);
        draft.gauge(&[IF_ENTRY, &[5], &at], mbps.saturating_mul(1_000_000));
        draft.octets(&[IF_ENTRY, &[6], &at], &mac.0);
        draft.integer(&[IF_ENTRY, &[7], &at], 1);
        draft.integer(&[IF_ENTRY, &[8], &at], state);
        draft.ticks(&[IF_ENTRY, &[9], &at], 1200);
        draft.octets(&[IF_X_ENTRY, &[1], &at], name.as_bytes());
        draft.gauge(&[IF_X_ENTRY, &[15], &at], if up { mbps } else { 0 });
        draft.octets(&[IF_X_ENTRY, &[18], &at], alias.as_bytes());
    };
    for (state, number) in ports.iter().zip(1..) {
        let at = Attachment::Port(number);
        let name = make.port_name(at);
        add(make.if_index(at), &name, ETHERNET, state.up, 1000, switch.port_mac(number), &state.alias);
    }
    for (_, number) in switch.lags.iter().zip(1..) {
        let at = Attachment::Lag(number);
        add(make.if_index(at), &make.port_name(at), AGGREGATE, true, 2000, switch.mac, "");
    }
    if switch.router {
        for (vlan, name, _) in site.vlans() {
            let (index, label) = routed(make, vlan);
            add(index, &label, VLAN_INTERFACE, true, 1000, switch.mac, name);
        }
    }
    draft.integer(&[INTERFACES, &[1, 0]], count);
    for (state, number) in ports.iter().zip(1..) {
        if make == Make::DLink {
            break;
        }
        let index = make.if_index(Attachment::Port(number));
        let aggregate = state.lag.map_or(0, |lag| make.if_index(Attachment::Lag(lag)));
        draft.integer(&[AGG_PORT, &[12, index]], aggregate);
        draft.integer(&[AGG_PORT, &[13, index]], aggregate);
    }
}

/// One learned address: VLAN, address, where.
type Learned = (u16, MacAddr, Attachment);

/// Which addresses a switch has learned where: its own devices at their ports, what is below at the link down, what
/// talks across it at the link up. A core or distribution switch sees all that is below it.
fn forwarding(estate: &Estate, index: usize, switch: &Switch, site: &Site) -> Vec<Learned> {
    let mut rows = Vec::new();
    for device in site.devices.iter().filter_map(|at| estate.devices.get(*at)) {
        let at = if device.switch == index {
            Some(Attachment::Port(device.port))
        } else if let Some(below) = estate.below(index, device.switch) {
            Some(below)
        } else {
            // Recorders are talked to from everywhere, others from here and there.
            let recorder = device.unit().is_some_and(|unit| unit.product.class == "recorder");
            let stray = device.mac.as_u64() % 23 == u64::try_from(index).unwrap_or(0) % 23;
            switch.uplink.filter(|_| recorder || stray).map(|link| link.here)
        };
        rows.extend(at.map(|at| (device.vlan, device.mac, at)));
    }
    for other in site.switches.iter().copied().filter(|other| *other != index) {
        let Some(mac) = estate.switches.get(other).map(|other| other.mac) else { continue };
        let router = site.switches.first() == Some(&other);
        let at = estate.below(index, other).or(switch.uplink.filter(|_| router).map(|link| link.here));
        let Some(at) = at else { continue };
        if router {
            rows.extend(site.vlans().into_iter().map(|(vlan, ..)| (vlan, mac, at)));
        } else {
            rows.push((site.management(), mac, at));
        }
    }
    rows
}

fn bridge(draft: &mut Draft, switch: &Switch, site: &Site, ports: &[PortState], learned: &[Learned]) {
    let make = switch.make;
    draft.octets(&[BRIDGE, &[1, 1, 0]], &switch.mac.0);
    let single = ports.iter().zip(1..).filter(|(state, _)| state.lag.is_none());
    let bridged: Vec<(Attachment, u16)> = single
        .map(|(state, number)| (Attachment::Port(number), state.pvid))
        .chain(switch.lags.iter().zip(1..).map(|(_, number)| (Attachment::Lag(number), 1)))
        .collect();
    draft.integer(&[BRIDGE, &[1, 2, 0]], u32::try_from(bridged.len()).unwrap_or(0));
    for (at, pvid) in bridged {
        let base = make.base_port(at);
        draft.integer(&[BRIDGE, &[1, 4, 1, 1, base]], base);
        draft.integer(&[BRIDGE, &[1, 4, 1, 2, base]], make.if_index(at));
        if !switch.vlan_blind() {
            draft.gauge(&[Q_BRIDGE, &[4, 5, 1, 1, base]], u32::from(pvid));
        }
    }
    let index = |mac: MacAddr| mac.0.map(u32::from);
    // Without VLANs in its key a table has one row an address.
    if make != Make::Arista {
        let mut add = |mac: MacAddr, port: u32, status: u32| {
            draft.octets(&[BRIDGE, &[4, 3, 1, 1], &index(mac)], &mac.0);
            draft.integer(&[BRIDGE, &[4, 3, 1, 2], &index(mac)], port);
            draft.integer(&[BRIDGE, &[4, 3, 1, 3], &index(mac)], status);
        };
        for (_, mac, at) in learned {
            add(*mac, make.base_port(*at), LEARNED);
        }
        add(switch.mac, 0, SELF);
    }
    if switch.vlan_blind() {
        return;
    }
    let vlans = site.vlans();
    let database = |vlan: u16| match make {
        // Filtering databases are numbered as they come, not by VLAN.
        Make::ProCurve => vlans.iter().zip(2..).find(|((number, ..), _)| *number == vlan).map_or(1, |(_, id)| id),
        _ => u32::from(vlan),
    };
    for (vlan, mac, at) in learned {
        let key = [&[database(*vlan)][..], &index(*mac)].concat();
        draft.integer(&[Q_BRIDGE, &[2, 2, 1, 2], &key], make.base_port(*at));
        draft.integer(&[Q_BRIDGE, &[2, 2, 1, 3], &key], LEARNED);
    }
    let own = [&[database(site.management())][..], &index(switch.mac)].concat();
    draft.integer(&[Q_BRIDGE, &[2, 2, 1, 2], &own], 0);
    draft.integer(&[Q_BRIDGE, &[2, 2, 1, 3], &own], SELF);
    let default = (1, "default");
    let named = vlans.iter().map(|(vlan, name, _)| (*vlan, *name)).filter(|(vlan, _)| *vlan != 1);
    for (vlan, name) in std::iter::once(default).chain(named) {
        let id = u32::from(vlan);
        draft.gauge(&[Q_BRIDGE, &[4, 2, 1, 3, 0, id]], database(vlan));
        draft.integer(&[Q_BRIDGE, &[4, 2, 1, 6, 0, id]], 2);
        draft.octets(&[Q_BRIDGE, &[4, 3, 1, 1, id]], name.as_bytes());
        draft.integer(&[Q_BRIDGE, &[4, 3, 1, 5, id]], 1);
    }
}

fn arp(draft: &mut Draft, estate: &Estate, switch: &Switch, site: &Site) {
    let mut add = |interface: u32, ip: std::net::Ipv4Addr, mac: MacAddr| {
        let key = [&[interface][..], &ip.octets().map(u32::from)].concat();
        draft.integer(&[IP_NET_TO_MEDIA, &[1], &key], interface);
        draft.octets(&[IP_NET_TO_MEDIA, &[2], &key], &mac.0);
        draft.address(&[IP_NET_TO_MEDIA, &[3], &key], ip);
        draft.integer(&[IP_NET_TO_MEDIA, &[4], &key], 3);
    };
    for device in site.devices.iter().filter_map(|at| estate.devices.get(*at)) {
        if let Some(ip) = device.ip {
            add(routed(switch.make, device.vlan).0, ip, device.mac);
        }
    }
    for other in site.switches.iter().filter_map(|at| estate.switches.get(*at)).filter(|other| !other.router) {
        add(routed(switch.make, site.management()).0, other.address, other.mac);
    }
}
