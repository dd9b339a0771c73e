//! How much of an estate a changed configuration can touch: the rest need not be placed and attributed anew.

use std::collections::{BTreeMap, BTreeSet};

use super::{Device, Estate, FormerPlace};
use crate::config::Network;
use crate::net::{NetworkId, SiteId, TargetName};

/// What is found out anew of devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anew {
    /// Where they are.
    pub places: Places,
    /// Who made them and what they are.
    pub makers: bool,
}

/// Which devices are placed anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Places {
    /// None: the networks are the same.
    None,
    /// Those that are or were near a network that changed.
    Near(Near),
    /// All of them.
    All,
}

/// Where networks changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Near {
    sites: BTreeSet<SiteId>,
    switches: BTreeSet<TargetName>,
    networks: BTreeSet<NetworkId>,
}

impl Anew {
    /// Everything: it is not known what devices were placed and attributed by.
    pub const EVERYTHING: Self = Self { places: Places::All, makers: true };
    /// Nothing: packs alone, or what sites are, differ.
    pub const NOTHING: Self = Self { places: Places::None, makers: false };
}

impl Places {
    pub(super) fn holds(&self, device: &Device) -> bool {
        match self {
            Self::None => false,
            Self::Near(near) => near.holds(device),
            Self::All => true,
        }
    }
}

impl Near {
    fn add(&mut self, network: &Network) {
        self.sites.extend(network.site.clone());
        self.switches.extend(network.switches.iter().cloned());
        self.switches.extend(network.ports.iter().map(|port| port.switch.clone()));
        self.networks.insert(network.id.clone());
    }

    fn holds(&self, device: &Device) -> bool {
        let place = &device.place;
        let is_near = |site: Option<&SiteId>, switch: Option<&TargetName>, network: Option<&NetworkId>| {
            site.is_some_and(|site| self.sites.contains(site))
                || switch.is_some_and(|switch| self.switches.contains(switch))
                || network.is_some_and(|network| self.networks.contains(network))
        };
        if is_near(place.site.as_ref(), place.switch.as_ref(), place.network.as_ref()) {
            return true;
        }
        let mut former: Option<&FormerPlace> = place.before.as_deref();
        while let Some(was) = former {
            if is_near(was.site.as_ref(), Some(&was.switch), was.network.as_ref()) {
                return true;
            }
            former = was.before.as_deref();
        }
        false
    }
}

impl Estate {
    /// Which devices must be placed anew when this estate becomes another one. What sites are plays no part in that:
    /// a device's site is that of its switch.
    #[must_use]
    pub fn places_until(&self, now: &Self) -> Places {
        let by_id = |of: &Self| -> BTreeMap<NetworkId, Network> {
            of.networks().iter().map(|network| (network.id.clone(), network.clone())).collect()
        };
        let (were, are) = (by_id(self), by_id(now));
        let same = |network: &&Network| were.get(&network.id) == are.get(&network.id);
        let order = |of: &Self| of.networks().iter().filter(same).map(|network| network.id.clone()).collect::<Vec<_>>();
        // Where two hold the same, the first one of the file is right.
        if order(self) != order(now) {
            return Places::All;
        }
        let mut near = Near::default();
        for network in self.networks().iter().chain(now.networks()).filter(|network| !same(network)) {
            if network.site.is_none() {
                return Places::All;
            }
            near.add(network);
        }
        if near == Near::default() { Places::None } else { Places::Near(near) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Inventory;
    use super::super::tests::{at, visit};
    use super::*;
    use crate::config::{NetworkKind, NetworkPort};
    use crate::maker::Catalogue;
    use crate::net::DeviceId;
    use crate::observation::{Collection, SwitchVisit};

    fn network(id: &str, kind: NetworkKind, site: Option<&str>, vlan: &str) -> Network {
        Network {
            id: id.into(),
            kind,
            site: site.map(Into::into),
            switches: Vec::new(),
            vlans: vec![vlan.parse().unwrap()],
            vrfs: Vec::new(),
            subnets: Vec::new(),
            ports: Vec::new(),
        }
    }

    /// Networks as files of one estate have them, one after the other.
    fn estates() -> Vec<Estate> {
        use NetworkKind::{Core, Other, Surveillance};
        let hq = |kind, vlan| network("hq-staff", kind, Some("hq"), vlan);
        let depot = |kind, vlan| network("depot-staff", kind, Some("depot"), vlan);
        let port = NetworkPort { switch: "b".into(), port: "Gi1/0/2".into() };
        let by_port =
            Network { vlans: Vec::new(), ports: vec![port], ..network("port", Surveillance, Some("hq"), "1") };
        let on_switch = Network { switches: vec!["a".into()], ..network("a-only", Other, Some("hq"), "10") };
        let lists = vec![
            vec![],
            vec![hq(Core, "10")],
            vec![hq(Other, "10")],
            vec![hq(Core, "20")],
            vec![hq(Core, "10"), depot(Core, "10")],
            vec![hq(Core, "10"), depot(Surveillance, "10"), by_port.clone()],
            vec![hq(Core, "10-20"), network("second", Other, Some("hq"), "10"), depot(Core, "20")],
            vec![network("second", Other, Some("hq"), "10"), hq(Core, "10-20"), depot(Core, "20")],
            vec![network("all", Surveillance, None, "10"), on_switch],
            vec![network("all", Core, None, "10-20"), by_port],
        ];
        lists.into_iter().map(|list| Estate::new(&[], list)).collect()
    }

    fn at_site(site: &str, mut visit: SwitchVisit) -> Collection {
        visit.site = site.into();
        Collection::Switch(visit)
    }

    /// Two sites; one device moved from the one to the other, one is gone.
    fn inventory(estate: &Estate, catalogue: &Catalogue) -> Inventory {
        let mut inventory = Inventory::default();
        let first =
            at_site("depot", visit("b", "b0", 0, &[("01", 10, 1), ("02", 10, 2), ("03", 20, 3), ("04", 10, 4)]));
        inventory.absorb(&first, estate, catalogue);
        for minute in 1..=4 {
            let here = at_site("hq", visit("a", "a0", minute, &[("11", 10, 1), ("12", 20, 2), ("01", 10, 3)]));
            let there = at_site("depot", visit("b", "b0", minute, &[("02", 10, 2), ("03", 20, 3)]));
            inventory.absorb(&here, estate, catalogue);
            inventory.absorb(&there, estate, catalogue);
        }
        inventory
    }

    #[test]
    fn what_a_change_cannot_touch_is_left_and_nothing_else_is() {
        let (estates, catalogue) = (estates(), Catalogue::shipped());
        let mut kinds = BTreeSet::new();
        for before in &estates {
            for after in &estates {
                let places = before.places_until(after);
                kinds.insert(match &places {
                    Places::None => "none",
                    Places::Near(_) => "near",
                    Places::All => "all",
                });
                assert_eq!(places == Places::None, before == after);
                let (mut some, mut all) = (inventory(before, &catalogue), inventory(before, &catalogue));
                let delta = some.rejudge(after, &catalogue, &Anew { places, makers: false }, at(9));
                assert_eq!(delta, all.rejudge(after, &catalogue, &Anew::EVERYTHING, at(9)));
                assert!(some.devices().eq(all.devices()), "{before:?} to {after:?}");
            }
        }
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["all", "near", "none"]);
    }

    #[test]
    fn a_network_of_one_site_leaves_the_others_alone() {
        let [_, core, other, ..] = &estates()[..] else { panic!() };
        let inventory = inventory(core, &Catalogue::shipped());
        let places = core.places_until(other);
        let held: Vec<DeviceId> =
            inventory.devices().filter(|device| places.holds(device)).map(|device| device.id).collect();
        let at_hq = |device: &&Device| device.place.site == Some("hq".into());
        assert_eq!(held, inventory.devices().filter(at_hq).map(|device| device.id).collect::<Vec<_>>());
        assert!(!held.is_empty() && held.len() < inventory.devices().count());
    }
}
