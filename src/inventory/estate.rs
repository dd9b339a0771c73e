//! The estate as the administrator describes it: sites and networks.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::config::{Config, Network, Site};
use crate::net::{SiteId, VlanId};

/// Sites and networks, ready to be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Estate {
    /// Sites by id.
    pub sites: BTreeMap<SiteId, Site>,
    /// Networks in the order of the configuration.
    pub networks: Vec<Network>,
}

impl From<&Config> for Estate {
    fn from(config: &Config) -> Self {
        Self {
            sites: config.sites.iter().map(|site| (site.id.clone(), site.clone())).collect(),
            networks: config.networks.clone(),
        }
    }
}

impl Estate {
    /// The network a device at this site is on. A VLAN says it where it is known and belongs to one; else the
    /// address does, longest prefix first. A network of the site goes before one of every site.
    #[must_use]
    pub fn network_of(&self, site: Option<&SiteId>, vlan: Option<VlanId>, ips: &[IpAddr]) -> Option<&Network> {
        let here = |network: &&Network| network.site.is_none() || network.site.as_ref() == site;
        let by_vlan = |own: bool| {
            let vlan = vlan?;
            self.networks
                .iter()
                .filter(here)
                .find(|network| network.site.is_some() == own && network.vlans.iter().any(|range| range.contains(vlan)))
        };
        by_vlan(true).or_else(|| by_vlan(false)).or_else(|| {
            self.networks
                .iter()
                .filter(here)
                .flat_map(|network| network.subnets.iter().map(move |subnet| (network, subnet)))
                .filter(|(_, subnet)| ips.iter().any(|ip| subnet.contains(ip)))
                .max_by_key(|(network, subnet)| (network.site.is_some(), subnet.prefix_len()))
                .map(|(network, _)| network)
        })
    }
}
