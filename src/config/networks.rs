//! `[[network]]`: what belongs to which network, and that no two claim the same with the same right.

use std::collections::BTreeSet;

use ipnet::IpNet;
use toml::Spanned;

use super::checker::Checker;
use super::file::{self, File};
use super::{Network, NetworkPort};
use crate::net::VlanRange;

pub(super) fn networks(checker: &mut Checker<'_>, file: &File, sites: &[String], switches: &[String]) -> Vec<Network> {
    let mut networks: Vec<Network> = Vec::new();
    for written in &file.network {
        let network = written.get_ref();
        let vlans: Vec<VlanRange> = network.vlans.iter().filter_map(|vlan| vlan_range(checker, vlan)).collect();
        let subnets: Vec<IpNet> =
            network.subnets.iter().filter_map(|net| checker.net("network.subnets", net)).collect();
        if network.vlans.is_empty() && network.subnets.is_empty() && network.ports.is_empty() {
            checker.problem(network.id.span(), "network", "it holds nothing", "give it vlans, subnets or ports");
        }
        if let Some(site) = &network.site {
            checker.known("network.site", site, "site", sites);
        }
        for switch in &network.switches {
            checker.known("network.switches", switch, "switch", switches);
        }
        for port in &network.ports {
            checker.known("network.ports", &port.switch, "switch", switches);
        }
        let network = Network {
            id: network.id.get_ref().as_str().into(),
            kind: network.kind,
            site: network.site.as_ref().map(|site| site.get_ref().as_str().into()),
            switches: network.switches.iter().map(|switch| switch.get_ref().as_str().into()).collect(),
            vlans,
            subnets,
            ports: network
                .ports
                .iter()
                .map(|port| NetworkPort {
                    switch: port.switch.get_ref().as_str().into(),
                    port: port.port.get_ref().as_str().into(),
                })
                .collect(),
        };
        for before in &networks {
            if let Some((what, hint)) = claim_of_both(before, &network) {
                let message = format!("{what} is in '{}' already", before.id);
                checker.problem(written.get_ref().id.span(), "network", message, hint);
            }
        }
        networks.push(network);
    }
    networks
}

fn vlan_range(checker: &mut Checker<'_>, vlan: &Spanned<file::Vlan>) -> Option<VlanRange> {
    let text = match vlan.get_ref() {
        file::Vlan::Number(number) => number.to_string(),
        file::Vlan::Range(range) => range.clone(),
    };
    match text.parse::<VlanRange>() {
        Ok(range) => Some(range),
        Err(message) => {
            checker.problem(vlan.span(), "network.vlans", message, "a number or a range: 10, \"20-29\"");
            None
        }
    }
}

/// What two networks claim with the same right, and how to mend it. A smaller subnet within a larger one, a VLAN of a
/// site beside one of every site, a port beside its VLAN are no conflict: the closer one goes first.
fn claim_of_both(one: &Network, other: &Network) -> Option<(String, &'static str)> {
    let port = one.ports.iter().find(|port| other.ports.contains(port));
    if let Some(port) = port {
        return Some((format!("port {} of {}", port.port, port.switch), "a port is in one network"));
    }
    let same_switches = if one.switches.is_empty() || other.switches.is_empty() {
        one.switches.is_empty() && other.switches.is_empty()
    } else {
        let switches: BTreeSet<_> = one.switches.iter().collect();
        other.switches.iter().any(|switch| switches.contains(switch))
    };
    let same_site = one.site == other.site;
    let common = |a: &VlanRange, b: &VlanRange| {
        let (first, last) = (a.first.max(b.first), a.last.min(b.last));
        (first <= last).then_some(VlanRange { first, last })
    };
    // On the same switches it does not matter which site is written beside them.
    if same_switches && (same_site || !one.switches.is_empty()) {
        let both = one.vlans.iter().find_map(|vlans| other.vlans.iter().find_map(|range| common(vlans, range)));
        if let Some(range) = both {
            return Some((format!("VLAN {range}"), "a VLAN is in one network of a site, or of a switch"));
        }
    }
    let subnet = one.subnets.iter().find(|subnet| same_site && other.subnets.contains(subnet));
    subnet.map(|subnet| {
        (format!("subnet {subnet}"), "a subnet is in one network of a site; one within it may be in another")
    })
}
