//! The estate as the administrator describes it: sites and networks.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Place;
use crate::config::{Config, Network, Site};
use crate::net::{DeviceText, NetworkId, PortName, SiteId, TargetName, VlanId};

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

/// An address in the table of a VRF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutedAddress {
    /// The router that has the table.
    pub router: TargetName,
    /// The address.
    pub ip: IpAddr,
    /// The VRF.
    pub vrf: DeviceText,
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
    /// Those of them that are known to be a VRF's.
    pub routed: &'a [RoutedAddress],
}

/// The network of a spot.
enum Found<'a> {
    /// It is on this one, by that.
    On(&'a Network, String),
    /// Its addresses are in VRFs of several networks: it cannot be told which is right.
    Between(Vec<(&'a Network, String)>),
    /// It is on none.
    None,
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

    /// Networks in the order of the configuration.
    pub(super) fn networks(&self) -> &[Network] {
        &self.networks
    }

    fn listed<'a>(&'a self, indexes: Option<&'a Vec<usize>>) -> impl Iterator<Item = &'a Network> + Clone {
        indexes.into_iter().flatten().filter_map(|index| self.networks.get(*index))
    }

    /// The network something is on, and by what. The closest word goes first: its port; its VLAN on this switch, at
    /// this site, anywhere; the VRF its address is in, on this router, at this site, anywhere; its address, by the
    /// longest prefix, at this site, anywhere.
    ///
    /// A VRF stands behind the VLAN: the VLAN is what its own switch says of its port, a VRF holds many VLANs. It stands
    /// before the subnet: it says whose address space an address is of, which the address alone cannot. `None` too where
    /// the VRFs of its addresses are of several networks: which is right is open, and its address would only guess.
    #[must_use]
    pub fn network_of(&self, spot: &Spot<'_>) -> Option<(&Network, String)> {
        match self.find(spot) {
            Found::On(network, by) => Some((network, by)),
            Found::Between(_) | Found::None => None,
        }
    }

    fn find(&self, spot: &Spot<'_>) -> Found<'_> {
        let on_switch = self.listed(spot.switch.and_then(|switch| self.on.get(switch)));
        let is_port = |network: &&Network| {
            network.ports.iter().any(|port| spot.switch == Some(&port.switch) && spot.port == Some(&port.port))
        };
        if let Some(network) = on_switch.clone().find(is_port) {
            return Found::On(network, "its port".to_owned());
        }
        let here = spot.site.and_then(|site| self.at.get(&Some(site.clone())));
        let (here, everywhere) = (self.listed(here), self.listed(self.at.get(&None)));
        if let Some(vlan) = spot.vlan {
            let holds = |network: &&Network| network.vlans.iter().any(|range| range.contains(vlan));
            let named = |network: &&Network| spot.switch.is_some_and(|switch| network.switches.contains(switch));
            if let Some(network) = on_switch.filter(named).find(holds) {
                return Found::On(network, format!("VLAN {vlan} of its switch"));
            }
            let general = |network: &&Network| network.switches.is_empty();
            if let Some(network) = here.clone().filter(general).find(holds) {
                return Found::On(network, format!("VLAN {vlan} of its site"));
            }
            if let Some(network) = everywhere.clone().filter(general).find(holds) {
                return Found::On(network, format!("VLAN {vlan} of every site"));
            }
        }
        let mut by_vrf: BTreeMap<&NetworkId, (&Network, String)> = BTreeMap::new();
        for address in spot.routed {
            let near = |network: &&Network| spot.site.is_some() && network.site.as_ref() == spot.site;
            let in_reach = self.networks.iter().filter(|network| network.site.is_none() || near(network));
            let found = in_reach
                .filter_map(|network| Some((network, closeness(network, address)?)))
                .max_by_key(|(network, (named, length))| (*named, near(network), *length, Reverse(&network.id)));
            if let Some((network, _)) = found {
                by_vrf.entry(&network.id).or_insert_with(|| {
                    let RoutedAddress { router, ip, vrf } = address;
                    (network, format!("VRF {vrf} of {router}, which has its address {ip}"))
                });
            }
        }
        let mut by_vrf: Vec<_> = by_vrf.into_values().collect();
        match by_vrf.pop() {
            Some((network, by)) if by_vrf.is_empty() => return Found::On(network, by),
            Some(last) => {
                by_vrf.push(last);
                return Found::Between(by_vrf);
            }
            None => {}
        }
        let found = Self::by_address(here, spot.ips).or_else(|| Self::by_address(everywhere, spot.ips));
        found.map_or(Found::None, |(network, by)| Found::On(network, by))
    }

    /// The network of this id.
    #[must_use]
    pub fn network(&self, id: &NetworkId) -> Option<&Network> {
        self.networks.iter().find(|network| network.id == *id)
    }

    /// Writes down the network of a place, and returns by what it is on it, or why that is open.
    pub(super) fn name_network(&self, place: &mut Place, ips: &[IpAddr], routed: &[RoutedAddress]) -> Option<String> {
        let Place { site, switch, port, vlan, .. } = &*place;
        let spot = Spot { site: site.as_ref(), switch: switch.as_ref(), port: port.as_ref(), vlan: *vlan, ips, routed };
        let (network, reason) = match self.find(&spot) {
            Found::On(network, by) => (Some(network), Some(format!("{ON} {} by {by}", network.id))),
            Found::Between(networks) => {
                let words: Vec<String> =
                    networks.iter().map(|(network, by)| format!("{} (by {by})", network.id)).collect();
                (None, Some(format!("{OPEN}: {}", words.join(" or "))))
            }
            Found::None => (None, None),
        };
        let network = network.map(|network| (network.id.clone(), network.kind));
        (place.network, place.network_kind) = network.unzip();
        reason
    }

    /// By the subnets of networks that name no VRF: whose address space those of a VRF are of is not known here.
    fn by_address<'a>(networks: impl Iterator<Item = &'a Network>, ips: &[IpAddr]) -> Option<(&'a Network, String)> {
        networks
            .filter(|network| network.vrfs.is_empty())
            .flat_map(|network| network.subnets.iter().map(move |subnet| (network, subnet)))
            .filter(|(_, subnet)| ips.iter().any(|ip| subnet.contains(ip)))
            .max_by_key(|(_, subnet)| subnet.prefix_len())
            .map(|(network, subnet)| (network, format!("its address in {subnet}")))
    }
}

/// How a reason begins that says by what a place is on its network, or why that is open.
const ON: &str = "it is on network";
const OPEN: &str = "which network it is on is open";

/// Whether a reason is one of [`Estate::name_network`].
pub(super) fn is_of_network(reason: &str) -> bool {
    reason.starts_with(ON) || reason.starts_with(OPEN)
}

/// How closely a network names an address of a VRF: whether it names the router, then the length of the subnet, 0 for
/// the whole VRF. `None`: it does not hold it.
fn closeness(network: &Network, address: &RoutedAddress) -> Option<(bool, u8)> {
    let named = network.switches.contains(&address.router);
    let holds = network.vrfs.iter().any(|vrf| vrf == address.vrf.as_str()) && (named || network.switches.is_empty());
    let longest = || network.subnets.iter().filter(|net| net.contains(&address.ip)).map(ipnet::IpNet::prefix_len).max();
    if !holds {
        return None;
    }
    Some((named, if network.subnets.is_empty() { 0 } else { longest()? }))
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
            vrfs: Vec::new(),
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
        let all = Spot {
            site: Some(&hq),
            switch: Some(&sw1),
            port: Some(&gi7),
            vlan: VlanId::new(10),
            ips: &ips,
            routed: &[],
        };
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

    fn routed(router: &str, vrf: &str, ip: &str) -> RoutedAddress {
        RoutedAddress { router: router.into(), ip: ip.parse().unwrap(), vrf: vrf.into() }
    }

    #[test]
    fn a_vrf_goes_behind_the_vlan_and_before_the_subnet() {
        let vrf = |network: Network, vrf: &str| Network { vrfs: vec![vrf.to_owned()], ..network };
        let networks = vec![
            network("core", Some("hq"), &["10"], &["10.1.0.0/16"]),
            vrf(network("cctv", Some("hq"), &[], &[]), "cctv"),
            vrf(network("doors", Some("hq"), &[], &["10.1.2.0/24"]), "cctv"),
            vrf(network("other", None, &[], &["10.1.0.0/16"]), "guest"),
            Network { switches: vec!["r2".into()], ..vrf(network("r2", Some("hq"), &[], &[]), "cctv") },
        ];
        let estate = Estate::new(&[], networks);
        let (hq, depot) = ("hq".into(), "depot".into());
        let found = |site, vlan: u32, all: &[RoutedAddress]| {
            let ips: Vec<IpAddr> = all.iter().map(|address| address.ip).collect();
            let spot = Spot { site: Some(site), vlan: VlanId::new(vlan), ips: &ips, routed: all, ..Spot::default() };
            estate.network_of(&spot).map_or_else(|| "-".to_owned(), |(network, by)| format!("{} by {by}", network.id))
        };
        let one = routed("r1", "cctv", "10.1.9.9");
        assert_eq!(found(&hq, 10, std::slice::from_ref(&one)), "core by VLAN 10 of its site");
        assert_eq!(found(&hq, 0, std::slice::from_ref(&one)), "cctv by VRF cctv of r1, which has its address 10.1.9.9");
        let narrow = routed("r1", "cctv", "10.1.2.9");
        assert_eq!(found(&hq, 0, &[narrow]), "doors by VRF cctv of r1, which has its address 10.1.2.9");
        let named = routed("r2", "cctv", "10.1.2.9");
        assert_eq!(found(&hq, 0, &[named]), "r2 by VRF cctv of r2, which has its address 10.1.2.9");
        // The same address in another address space is another's.
        let guest = routed("r1", "guest", "10.1.9.9");
        assert_eq!(
            found(&hq, 0, std::slice::from_ref(&guest)),
            "other by VRF guest of r1, which has its address 10.1.9.9"
        );
        assert_eq!(
            found(&depot, 0, std::slice::from_ref(&one)),
            "-",
            "a VRF of another site, and no subnet without one"
        );
        // In a VRF that nobody names, the subnet is what is left; one of a VRF is not for it.
        assert_eq!(found(&hq, 0, &[routed("r1", "lab", "10.1.2.9")]), "core by its address in 10.1.0.0/16");
        assert_eq!(found(&hq, 0, &[one.clone(), guest.clone()]), "-", "open, and no subnet guesses");
        let mut place = Place { site: Some("hq".into()), ..Place::default() };
        let why = estate.name_network(&mut place, &[one.ip], &[one, guest]).unwrap();
        let words = "cctv (by VRF cctv of r1, which has its address 10.1.9.9) or other (by VRF guest of r1";
        assert!(why.contains("open") && why.contains(words), "{why}");
        assert_eq!((place.network, place.network_kind), (None, None));
    }
}
