//! The estate as the administrator describes it: sites and networks.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Place;
use crate::config::{Config, Network, Site};
use crate::net::{NetworkId, PortName, SiteId, TargetName, VlanId};

/// Sites and networks, ready to be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Estate {
    /// Sites by id.
    pub sites: BTreeMap<SiteId, Site>,
    /// Networks in the order of the configuration.
    networks: Vec<Network>,
    /// Networks of each site, and of every site.
    at: BTreeMap<Option<SiteId>, Vec<usize>>,
    /// Networks that name a switch.
    on: BTreeMap<TargetName, Vec<usize>>,
}

/// What is known of where something is, as far as it tells the network.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spot<'a> {
    /// Its site.
    pub site: Option<&'a SiteId>,
    /// Its switch.
    pub switch: Option<&'a TargetName>,
    /// Its port.
    pub port: Option<&'a PortName>,
    /// Its VLAN.
    pub vlan: Option<VlanId>,
    /// Its addresses.
    pub ips: &'a [IpAddr],
}

impl From<&Config> for Estate {
    fn from(config: &Config) -> Self {
        Self::new(&config.sites, config.networks.clone())
    }
}

impl Estate {
    /// Makes it of sites and networks.
    #[must_use]
    pub fn new(sites: &[Site], networks: Vec<Network>) -> Self {
        let (mut at, mut on): (BTreeMap<_, Vec<_>>, BTreeMap<_, Vec<_>>) = Default::default();
        for (index, network) in networks.iter().enumerate() {
            at.entry(network.site.clone()).or_default().push(index);
            let mut switches: Vec<&TargetName> =
                network.switches.iter().chain(network.ports.iter().map(|port| &port.switch)).collect();
            switches.sort_unstable();
            switches.dedup();
            for switch in switches {
                on.entry(switch.clone()).or_default().push(index);
            }
        }
        let sites = sites.iter().map(|site| (site.id.clone(), site.clone())).collect();
        Self { sites, networks, at, on }
    }

    fn listed<'a>(&'a self, indexes: Option<&'a Vec<usize>>) -> impl Iterator<Item = &'a Network> + Clone {
        indexes.into_iter().flatten().filter_map(|index| self.networks.get(*index))
    }

    /// The network something is on, and by what. The closest word goes first: its port; its VLAN on this switch, at
    /// this site, anywhere; its address, by the longest prefix, at this site, anywhere.
    #[must_use]
    pub fn network_of(&self, spot: &Spot<'_>) -> Option<(&Network, String)> {
        let on_switch = self.listed(spot.switch.and_then(|switch| self.on.get(switch)));
        let is_port = |network: &&Network| {
            network.ports.iter().any(|port| spot.switch == Some(&port.switch) && spot.port == Some(&port.port))
        };
        if let Some(network) = on_switch.clone().find(is_port) {
            return Some((network, "its port".to_owned()));
        }
        let here = spot.site.and_then(|site| self.at.get(&Some(site.clone())));
        let (here, everywhere) = (self.listed(here), self.listed(self.at.get(&None)));
        if let Some(vlan) = spot.vlan {
            let holds = |network: &&Network| network.vlans.iter().any(|range| range.contains(vlan));
            let named = |network: &&Network| spot.switch.is_some_and(|switch| network.switches.contains(switch));
            if let Some(network) = on_switch.filter(named).find(holds) {
                return Some((network, format!("VLAN {vlan} of its switch")));
            }
            let general = |network: &&Network| network.switches.is_empty();
            if let Some(network) = here.clone().filter(general).find(holds) {
                return Some((network, format!("VLAN {vlan} of its site")));
            }
            if let Some(network) = everywhere.clone().filter(general).find(holds) {
                return Some((network, format!("VLAN {vlan} of every site")));
            }
        }
        Self::by_address(here, spot.ips).or_else(|| Self::by_address(everywhere, spot.ips))
    }

    /// Whether a network says by which addresses it is known.
    #[must_use]
    pub fn has_subnets(&self, id: &NetworkId) -> bool {
        self.networks.iter().any(|network| network.id == *id && !network.subnets.is_empty())
    }

    /// Writes down the network of a place, and returns by what it is on it.
    pub(super) fn name_network(&self, place: &mut Place, ips: &[IpAddr]) -> Option<String> {
        let Place { site, switch, port, vlan, .. } = &*place;
        let spot = Spot { site: site.as_ref(), switch: switch.as_ref(), port: port.as_ref(), vlan: *vlan, ips };
        let found = self.network_of(&spot).map(|(network, by)| (network.id.clone(), network.kind, by));
        place.network = found.as_ref().map(|(id, ..)| id.clone());
        place.network_kind = found.as_ref().map(|(_, kind, _)| *kind);
        found.map(|(.., by)| by)
    }

    fn by_address<'a>(networks: impl Iterator<Item = &'a Network>, ips: &[IpAddr]) -> Option<(&'a Network, String)> {
        networks
            .flat_map(|network| network.subnets.iter().map(move |subnet| (network, subnet)))
            .filter(|(_, subnet)| ips.iter().any(|ip| subnet.contains(ip)))
            .max_by_key(|(_, subnet)| subnet.prefix_len())
            .map(|(network, subnet)| (network, format!("its address in {subnet}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{NetworkKind, NetworkPort};

    fn network(id: &str, site: Option<&str>, vlans: &[&str], subnets: &[&str]) -> Network {
        Network {
            id: id.into(),
            kind: NetworkKind::Other,
            site: site.map(Into::into),
            switches: Vec::new(),
            vlans: vlans.iter().map(|range| range.parse().unwrap()).collect(),
            subnets: subnets.iter().map(|subnet| subnet.parse().unwrap()).collect(),
            ports: Vec::new(),
        }
    }

    #[test]
    fn the_closest_word_goes_first() {
        let port = NetworkPort { switch: "sw1".into(), port: "gi7".into() };
        let networks = vec![
            network("everywhere", None, &["1-4094"], &["10.0.0.0/8"]),
            network("site", Some("hq"), &["10-20"], &["10.1.0.0/16"]),
            Network { switches: vec!["sw1".into()], ..network("switch", Some("hq"), &["10"], &[]) },
            Network { ports: vec![port], ..network("port", Some("hq"), &[], &[]) },
            network("narrow", Some("hq"), &[], &["10.1.2.0/24"]),
        ];
        let estate = Estate::new(&[], networks);
        let (hq, depot, sw1, sw2) = ("hq".into(), "depot".into(), "sw1".into(), "sw2".into());
        let (gi7, gi8) = ("gi7".into(), "gi8".into());
        let ips = ["10.1.2.3".parse().unwrap()];
        let all = Spot { site: Some(&hq), switch: Some(&sw1), port: Some(&gi7), vlan: VlanId::new(10), ips: &ips };
        let found = |spot: Spot<'_>| estate.network_of(&spot).map(|(network, by)| (network.id.to_string(), by));
        let expected = |id: &str, by: &str| Some((id.to_owned(), by.to_owned()));
        assert_eq!(found(all), expected("port", "its port"));
        assert_eq!(found(Spot { port: Some(&gi8), ..all }), expected("switch", "VLAN 10 of its switch"));
        let elsewhere = Spot { switch: Some(&sw2), ..all };
        assert_eq!(found(elsewhere), expected("site", "VLAN 10 of its site"), "a port of that name on another switch");
        assert_eq!(found(Spot { site: Some(&depot), ..elsewhere }), expected("everywhere", "VLAN 10 of every site"));
        let unknown = Spot { vlan: None, ..elsewhere };
        assert_eq!(found(unknown), expected("narrow", "its address in 10.1.2.0/24"));
        let far = ["10.9.0.1".parse().unwrap()];
        assert_eq!(found(Spot { ips: &far, ..unknown }), expected("everywhere", "its address in 10.0.0.0/8"));
        assert_eq!(found(Spot { ips: &[], ..unknown }), None, "unclassified");
    }
}
