//! Ways between networks: addresses in two of them, servers in another one, cameras behind a recorder.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::{Broken, Case, observed};
use crate::config::Network;
use crate::inventory::Spot;
use crate::maker::{Class, Evidence};
use crate::net::{NetworkId, Timestamp};

/// Gateways that come from the factory, which cameras go on telling when they lease another (Axis, Reolink, Hikvision,
/// Dahua). One says something only where the camera has an address beside it.
const FACTORY_GATEWAYS: [Ipv4Addr; 4] = [
    Ipv4Addr::new(192, 168, 0, 1),
    Ipv4Addr::new(192, 168, 1, 1),
    Ipv4Addr::new(192, 168, 1, 254),
    Ipv4Addr::new(192, 168, 2, 1),
];
/// Cameras behind a recorder that are named; more are left to the recorder.
const MOST_NAMED: usize = 16;

/// The network an address is in, by its subnets alone.
fn network_of<'a>(case: &Case<'a>, ip: IpAddr) -> Option<&'a Network> {
    let site = case.device.place.site.as_ref();
    case.known.estate.network_of(&Spot { site, ips: &[ip], ..Spot::default() }).map(|(network, _)| network)
}

/// An address that says nothing about a network.
fn is_nowhere(ip: IpAddr) -> bool {
    let link_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local() || ip.is_broadcast(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    link_local || ip.is_unspecified() || ip.is_loopback() || ip.is_multicast()
}

/// An address of the internet (RFC 1918, RFC 6598, RFC 4193, RFC 5737, RFC 3849 leave the others out).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        _ if is_nowhere(ip) => false,
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            let shared = first == 100 && (64..128).contains(&second);
            !(ip.is_private() || ip.is_documentation() || shared || first == 0 || first >= 240)
        }
        IpAddr::V6(ip) => {
            let [first, second, ..] = ip.segments();
            (0x2000..0x4000).contains(&first) && (first, second) != (0x2001, 0x0db8)
        }
    }
}

fn named(network: &Network) -> String {
    format!("network {} ({})", network.id, super::super::word(&network.kind))
}

/// Every address of the device, with who says so and since when.
fn addresses(case: &Case<'_>) -> BTreeMap<IpAddr, (String, String, Timestamp)> {
    let device = case.device;
    let mut found = BTreeMap::new();
    for ip in &device.ips {
        let bound = device.mac.and_then(|mac| case.known.inventory.binding(mac, *ip));
        let (source, who, at) = match bound {
            Some((switch, at)) => ("arp", format!("the address table of {switch}"), at),
            None => ("answer", "its own answer there".to_owned(), device.first_seen),
        };
        found.insert(*ip, (source.to_owned(), who, at));
    }
    if let Some((interfaces, at)) = &device.own.interfaces {
        for (name, ips) in interfaces {
            let who = format!("its own interface {name}");
            found.extend(ips.iter().map(|ip| (*ip, ("onvif".to_owned(), who.clone(), *at))));
        }
    }
    found.retain(|ip, _| !is_nowhere(*ip));
    found
}

/// The networks that it has addresses in, with the evidence for each.
fn homes<'a>(case: &Case<'a>) -> BTreeMap<&'a NetworkId, (&'a Network, Vec<Evidence>)> {
    let mut homes: BTreeMap<&NetworkId, (&Network, Vec<Evidence>)> = BTreeMap::new();
    let own = case.device.place.network.as_ref().and_then(|id| case.known.estate.network(id));
    if own.is_some_and(|network| !network.vrfs.is_empty()) {
        // Its addresses are of a VRF's own address space: other networks' subnets say nothing of them.
        return homes;
    }
    for (ip, (source, who, at)) in addresses(case) {
        if let Some(network) = network_of(case, ip) {
            let (_, evidence) = homes.entry(&network.id).or_insert_with(|| (network, Vec::new()));
            evidence.push(observed(&source, format!("{ip} by {who}, in {}", named(network)), at));
        }
    }
    homes
}

fn in_two(case: &Case<'_>) -> Option<(String, Vec<Evidence>)> {
    let homes = homes(case);
    if homes.len() < 2 {
        return None;
    }
    let names: Vec<String> = homes.values().map(|(network, _)| named(network)).collect();
    Some((names.join(" and "), homes.into_values().flat_map(|(_, evidence)| evidence).collect()))
}

pub(super) fn multi_homed(case: &Case<'_>) -> Option<Broken> {
    let (names, evidence) = in_two(case).filter(|_| case.device.attribution.class != Class::Recorder)?;
    Some(Broken { text: format!("surveillance equipment with addresses in {names}"), evidence })
}

pub(super) fn recorder_bridges(case: &Case<'_>) -> Option<Broken> {
    if case.device.attribution.class != Class::Recorder {
        return None;
    }
    if let Some((names, evidence)) = in_two(case) {
        return Some(Broken { text: format!("a recorder with addresses in {names}"), evidence });
    }
    let own = case.device.place.network.as_ref();
    let homes = homes(case);
    let (behind, at) = case.device.own.behind.as_ref()?;
    let mut names = BTreeMap::new();
    let mut evidence = Vec::new();
    for camera in behind {
        let Some(ip) = camera.address.filter(|ip| !is_nowhere(*ip)) else { continue };
        let Some(network) = network_of(case, ip) else { continue };
        // Where its own network is not known, nothing can be another one.
        let known = own.is_some() || !homes.is_empty();
        if known && own != Some(&network.id) && !homes.contains_key(&network.id) {
            names.insert(&network.id, named(network));
            let text = format!("it records {ip} ({}), in {}", camera.name, named(network));
            evidence.push(observed("onvif recordings", text, *at));
        }
    }
    evidence.truncate(MOST_NAMED);
    let names: Vec<String> = names.into_values().collect();
    (!names.is_empty())
        .then(|| Broken { text: format!("a recorder with cameras behind it in {}", names.join(" and ")), evidence })
}

/// Where a server is that is outside the device's network. `None`: it is within, or that cannot be told.
fn outside(case: &Case<'_>, ip: IpAddr) -> Option<String> {
    let own = case.device.place.network.as_ref()?;
    if is_nowhere(ip) || case.device.ips.contains(&ip) {
        return None;
    }
    let home = case.known.estate.network(own)?;
    match network_of(case, ip) {
        // In a VRF's own address space, what other networks' subnets hold says nothing.
        _ if home.subnets.iter().any(|subnet| subnet.contains(&ip)) => None,
        Some(_) if !home.vrfs.is_empty() => None,
        Some(network) if network.id == *own => None,
        Some(network) => Some(format!("in {}", named(network))),
        None if is_public(ip) => Some("on the internet".to_owned()),
        // A network of VLANs alone does not tell which addresses are its own.
        None => (!home.subnets.is_empty()).then(|| "in no network of the configuration".to_owned()),
    }
}

fn broken(case: &Case<'_>, what: &str, operation: &str, found: &[String], at: Timestamp) -> Option<Broken> {
    let own = case.device.place.network.as_ref()?;
    (!found.is_empty()).then(|| Broken {
        text: format!("surveillance equipment in network {own} with {what} {}", found.join(", ")),
        evidence: found
            .iter()
            .map(|server| observed("onvif", format!("{what} {server}, by its own word ({operation})"), at))
            .collect(),
    })
}

pub(super) fn gateway_outside(case: &Case<'_>) -> Option<Broken> {
    let (network, at) = case.device.own.network.as_ref()?;
    let beside = |ip: IpAddr| {
        let there = network_of(case, ip).map(|network| &network.id);
        there.is_some_and(|there| homes(case).contains_key(there))
    };
    let is_factory = |ip: IpAddr| matches!(ip, IpAddr::V4(ip) if FACTORY_GATEWAYS.contains(&ip));
    let found = network.gateways.iter().flatten().filter_map(|ip| {
        // One that no network holds and that is none of the internet's is a setting nobody uses.
        let used = network_of(case, *ip).map_or_else(|| is_public(*ip), |_| !is_factory(*ip) || beside(*ip));
        outside(case, *ip).filter(|_| used).map(|place| format!("{ip} {place}"))
    });
    broken(case, "gateway", "GetNetworkDefaultGateway", &found.collect::<Vec<_>>(), *at)
}

pub(super) fn name_server_outside(case: &Case<'_>) -> Option<Broken> {
    let (network, at) = case.device.own.network.as_ref()?;
    let found = network.name_servers.iter().flatten().filter_map(|ip| {
        let known = case.settings.knows_server(&ip.to_string());
        outside(case, *ip).filter(|_| !known).map(|place| format!("{ip} {place}"))
    });
    broken(case, "name server", "GetDNS", &found.collect::<Vec<_>>(), *at)
}

pub(super) fn time_server_outside(case: &Case<'_>) -> Option<Broken> {
    let (network, at) = case.device.own.network.as_ref()?;
    let found = network.time_servers.iter().flatten().filter_map(|server| {
        if case.settings.knows_server(server.as_str()) {
            return None;
        }
        match server.as_str().parse() {
            Ok(ip) => outside(case, ip).map(|place| format!("{ip} {place}")),
            Err(_) => Some(format!("{server}, a name that no network can be said to hold")),
        }
    });
    broken(case, "time server", "GetNTP", &found.collect::<Vec<_>>(), *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_the_internet_and_what_is_nowhere() {
        let public = ["8.8.8.8", "100.128.0.1", "2001:4860:4860::8888"];
        let inner = ["10.0.0.1", "172.31.0.1", "192.168.0.1", "100.64.0.1", "fd00::1", "2001:db8::1", "203.0.113.9"];
        let nowhere = ["0.0.0.0", "127.0.0.1", "169.254.1.1", "fe80::1", "255.255.255.255", "::1", "224.0.1.1"];
        let parsed = |text: &&str| text.parse::<IpAddr>().unwrap();
        assert!(public.iter().map(parsed).all(is_public));
        assert!(!inner.iter().chain(&nowhere).map(parsed).any(is_public));
        assert!(nowhere.iter().map(parsed).all(is_nowhere) && !inner.iter().map(parsed).any(is_nowhere));
    }
}
