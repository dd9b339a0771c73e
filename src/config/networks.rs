//! `[[network]]`: what belongs to which network, and that no two claim the same with the same right.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::checker::Checker;
use super::file::{self, File};
use crate::net::{NetworkId, PortName, SiteId, TargetName, VlanRange};

/// What a network is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkKind {
    /// A departmental core network: no surveillance equipment belongs there.
    Core,
    /// A network for surveillance equipment.
    Surveillance,
    /// Anything else that is known.
    Other,
}

/// `[[network]]`: VLANs, VRFs and subnets of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its id.
    pub id: NetworkId,
    /// Core, surveillance or other.
    pub kind: NetworkKind,
    /// The site it belongs to; `None` for every site.
    pub site: Option<SiteId>,
    /// The switches its VLANs, and the routers its VRFs, are of; empty: all of the site.
    pub switches: Vec<TargetName>,
    /// Its VLANs.
    pub vlans: Vec<VlanRange>,
    /// The VRFs its subnets are of, by their names on the router; without subnets it is all of them.
    pub vrfs: Vec<String>,
    /// Its subnets.
    pub subnets: Vec<IpNet>,
    /// Ports that are in it whatever their VLAN.
    pub ports: Vec<NetworkPort>,
}

/// A port that is in a network whatever its VLAN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkPort {
    /// Its switch.
    pub switch: TargetName,
    /// Its name, as the switch gives it.
    pub port: PortName,
}

/// The longest name of a VRF (MplsL3VpnName, RFC 4382, and what Cisco takes).
const LONGEST_VRF: usize = 32;

pub(super) fn networks(checker: &mut Checker<'_>, file: &File, sites: &[String], switches: &[String]) -> Vec<Network> {
    let mut networks: Vec<Network> = Vec::new();
    for written in &file.network {
        let network = written.get_ref();
        let vlans: Vec<VlanRange> = network.vlans.iter().filter_map(|vlan| vlan_range(checker, vlan)).collect();
        let subnets: Vec<IpNet> =
            network.subnets.iter().filter_map(|net| checker.net("network.subnets", net)).collect();
        let vrfs = vrfs(checker, &network.vrfs);
        let empty = network.vlans.is_empty() && network.vrfs.is_empty();
        if empty && network.subnets.is_empty() && network.ports.is_empty() {
            checker.problem(network.id.span(), "network", "it holds nothing", "give it vlans, vrfs, subnets or ports");
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
            vrfs,
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

fn vrfs(checker: &mut Checker<'_>, written: &[Spanned<String>]) -> Vec<String> {
    let mut vrfs: Vec<String> = Vec::new();
    for vrf in written {
        let name = vrf.get_ref();
        let said = !name.is_empty() && name.len() <= LONGEST_VRF && name.bytes().all(|octet| octet.is_ascii_graphic());
        if !said {
            let message = format!("'{name}' is no name of a VRF");
            let hint = "1 to 32 printable characters without spaces, as the router has it";
            checker.problem(vrf.span(), "network.vrfs", message, hint);
        } else if vrfs.contains(name) {
            checker.problem(vrf.span(), "network.vrfs", format!("'{name}' stands there twice"), "take one out");
        } else {
            vrfs.push(name.clone());
        }
    }
    vrfs
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
    // On the same switches it does not matter which site is written beside them.
    let same_reach = same_switches && (same_site || !one.switches.is_empty());
    let common = |a: &VlanRange, b: &VlanRange| {
        let (first, last) = (a.first.max(b.first), a.last.min(b.last));
        (first <= last).then_some(VlanRange { first, last })
    };
    if same_reach {
        let both = one.vlans.iter().find_map(|vlans| other.vlans.iter().find_map(|range| common(vlans, range)));
        if let Some(range) = both {
            return Some((format!("VLAN {range}"), "a VLAN is in one network of a site, or of a switch"));
        }
    }
    let subnet = one.subnets.iter().find(|subnet| other.subnets.contains(subnet));
    if one.vrfs.is_empty() && other.vrfs.is_empty() {
        return subnet.filter(|_| same_site).map(|subnet| {
            (format!("subnet {subnet}"), "a subnet is in one network of a site; one within it may be in another")
        });
    }
    // The same address in another VRF is another; one that names no VRF gives way to one that does.
    let vrf = one.vrfs.iter().find(|vrf| other.vrfs.contains(vrf)).filter(|_| same_reach)?;
    match subnet {
        Some(subnet) => Some((
            format!("subnet {subnet} of VRF {vrf}"),
            "a subnet of a VRF is in one network of a site, or of a router; one within it may be in another",
        )),
        None if one.subnets.is_empty() && other.subnets.is_empty() => {
            Some((format!("VRF {vrf}"), "a VRF is in one network of a site, or of a router, or give it the subnets"))
        }
        None => None,
    }
}
