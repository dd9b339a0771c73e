//! LLDP and CDP: which neighbours a switch hears on which port.

use super::estate::{Attachment, Device, Estate, Kind, Link, Make, Switch};
use super::mib::Draft;
use super::product::{Dialect, plain_hex};
use crate::net::MacAddr;

const LLDP: &[u32] = &[1, 0, 8802, 1, 1, 2, 1];
const CDP_CACHE: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1];

const BY_MAC: u32 = 4;
const PORT_BY_MAC: u32 = 3;
const PORT_BY_NAME: u32 = 5;
const CHASSIS_BY_ADDRESS: u32 = 5;

/// LldpSystemCapabilitiesMap.
const BRIDGE: u8 = 0x20;
const ROUTER: u8 = 0x08;
const TELEPHONE: u8 = 0x04;
const STATION: u8 = 0x01;

/// What a neighbour says of itself.
struct Heard {
    chassis: (u32, Vec<u8>),
    port: (u32, Vec<u8>),
    port_description: String,
    name: String,
    description: String,
    capabilities: u8,
    address: Option<std::net::Ipv4Addr>,
}

/// LLDP-MIB: local ports and remote systems.
pub(super) fn lldp(draft: &mut Draft, estate: &Estate, index: usize, switch: &Switch) {
    let make = switch.make;
    draft.integer(&[LLDP, &[3, 1, 0]], BY_MAC);
    draft.octets(&[LLDP, &[3, 2, 0]], &switch.mac.0);
    draft.octets(&[LLDP, &[3, 3, 0]], switch.name.as_bytes());
    for port in 1..=switch.ports {
        let (number, name) = (make.lldp_port(port), make.port_name(Attachment::Port(port)));
        draft.integer(&[LLDP, &[3, 7, 1, 2, number]], PORT_BY_NAME);
        draft.octets(&[LLDP, &[3, 7, 1, 3, number]], name.as_bytes());
        draft.octets(&[LLDP, &[3, 7, 1, 4, number]], name.as_bytes());
    }
    let mut remote = 0;
    let mut hear = |port: u16, heard: &Heard| {
        remote += 1;
        // A TimeMark that is not zero, as agents have it.
        let key = [switch.uptime / 2, make.lldp_port(port), remote];
        let mut text = |column: u32, value: &[u8]| draft.octets(&[LLDP, &[4, 1, 1, column], &key], value);
        text(5, &heard.chassis.1);
        text(7, &heard.port.1);
        text(8, heard.port_description.as_bytes());
        text(9, heard.name.as_bytes());
        text(10, heard.description.as_bytes());
        text(11, &[heard.capabilities, 0]);
        text(12, &[heard.capabilities, 0]);
        draft.integer(&[LLDP, &[4, 1, 1, 4], &key], heard.chassis.0);
        draft.integer(&[LLDP, &[4, 1, 1, 6], &key], heard.port.0);
        if let Some(address) = heard.address {
            let key = [&key[..], &[1, 4], &address.octets().map(u32::from)].concat();
            draft.integer(&[LLDP, &[4, 2, 1, 3], &key], 2);
            draft.integer(&[LLDP, &[4, 2, 1, 4], &key], 1);
        }
    };
    for link in switch.uplink.iter().chain(&switch.downlinks) {
        let Some(peer) = estate.switches.get(link.peer) else { continue };
        for (here, there) in pairs(switch, peer, link) {
            hear(here, &bridge(peer, there));
        }
    }
    let devices = estate.sites.get(switch.site).into_iter().flat_map(|site| &site.devices);
    for device in devices.filter_map(|at| estate.devices.get(*at)).filter(|device| device.switch == index) {
        if let Some(heard) = end_device(device) {
            hear(device.port, &heard);
        }
    }
}

/// Physical ports of a link, this end and that.
fn pairs(switch: &Switch, peer: &Switch, link: &Link) -> Vec<(u16, u16)> {
    let members = |switch: &Switch, at: Attachment| match at {
        Attachment::Port(port) => vec![port],
        Attachment::Lag(lag) => usize::from(lag)
            .checked_sub(1)
            .and_then(|at| switch.lags.get(at))
            .map_or(Vec::new(), |ports| ports.to_vec()),
    };
    members(switch, link.here).into_iter().zip(members(peer, link.there)).collect()
}

fn bridge(peer: &Switch, port: u16) -> Heard {
    let name = peer.make.port_name(Attachment::Port(port));
    Heard {
        chassis: (BY_MAC, peer.mac.0.to_vec()),
        port: (PORT_BY_NAME, name.clone().into_bytes()),
        port_description: name,
        name: peer.name.clone(),
        description: "Ethernet switch".to_owned(),
        capabilities: if peer.router { BRIDGE | ROUTER } else { BRIDGE },
        address: Some(peer.address),
    }
}

fn end_device(device: &Device) -> Option<Heard> {
    let mac = |mac: MacAddr| mac.0.to_vec();
    match &device.kind {
        Kind::Phone => {
            // Telephones name themselves by their address, which leads with its family number.
            let ip = device.ip?;
            Some(Heard {
                chassis: (CHASSIS_BY_ADDRESS, [&[1][..], &ip.octets()].concat()),
                port: (PORT_BY_MAC, mac(device.mac)),
                port_description: "1".to_owned(),
                name: format!("phone-{}", plain_hex(device.mac)),
                description: "Polycom;VVX-VVX_411;3111-48450-001;SIP/5.9.6".to_owned(),
                capabilities: BRIDGE | TELEPHONE,
                address: None,
            })
        }
        Kind::Surveillance(unit) if unit.product.dialect == Dialect::Axis => Some(Heard {
            chassis: (BY_MAC, mac(device.mac)),
            port: (PORT_BY_MAC, mac(device.mac)),
            port_description: "eth0".to_owned(),
            name: format!("axis-{}", plain_hex(device.mac)),
            description: format!("AXIS {} Network Camera {}", unit.product.model, unit.firmware),
            capabilities: STATION,
            address: device.ip,
        }),
        _ => None,
    }
}

/// CISCO-CDP-MIB: neighbours that speak CDP too.
pub(super) fn cdp(draft: &mut Draft, estate: &Estate, switch: &Switch) {
    for link in switch.uplink.iter().chain(&switch.downlinks) {
        let Some(peer) = estate.switches.get(link.peer).filter(|peer| peer.make == Make::Cisco) else { continue };
        for ((here, there), number) in pairs(switch, peer, link).into_iter().zip(1..) {
            let key = [switch.make.if_index(Attachment::Port(here)), number];
            let mut text = |column: u32, value: &[u8]| draft.octets(&[CDP_CACHE, &[column], &key], value);
            text(4, &peer.address.octets());
            text(5, b"2.5.9.16");
            text(6, peer.name.as_bytes());
            text(7, peer.make.port_name(Attachment::Port(there)).as_bytes());
            text(8, b"Cisco SG350-52");
            text(9, &[0, 0, 0, if peer.router { 0x29 } else { 0x28 }]);
            draft.integer(&[CDP_CACHE, &[3], &key], 1);
        }
    }
}
