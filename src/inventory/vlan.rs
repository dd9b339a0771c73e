//! The VLAN a device is in, where its own switch tells it, and where it does not.

use std::collections::BTreeSet;

use super::estate::Spot;
use super::placing::Candidate;
use super::state::{Inventory, SwitchState};
use super::{Device, Estate};
use crate::net::{MacAddr, VlanId};

/// The VLAN a routed interface is named for (`Vlan505`, `vlan 505`, `VLAN10`, `Vlanif505`, `Vlan-interface505`).
fn routed_vlan(name: &str) -> Option<VlanId> {
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let word: String = name.strip_suffix(digits)?.chars().filter(char::is_ascii_alphabetic).collect();
    let known = ["vlan", "vl", "vlanif", "vlaninterface"];
    let named = known.contains(&word.to_lowercase().as_str()) && digits.chars().all(|c| c.is_ascii_digit());
    named.then(|| digits.parse().ok().and_then(VlanId::new)).flatten()
}

impl SwitchState {
    pub(super) fn routed_vlan(&self, if_index: u32) -> Option<VlanId> {
        let port = self.record.ports.iter().find(|port| port.if_index == if_index)?;
        routed_vlan(port.name.as_str())
    }
}

impl Inventory {
    /// VLANs whose routed interface has an address of this device in its table.
    fn routed_vlans(&self, mac: MacAddr) -> BTreeSet<VlanId> {
        let mut found = BTreeSet::new();
        for ip in self.bound(mac) {
            for router in self.ips_of.get(&mac).and_then(|bound| bound.get(&ip)).into_iter().flatten() {
                let Some(router) = self.switches.get(router) else { continue };
                let interfaces = router.bindings_of(ip, mac).filter_map(|(_, binding)| binding.if_index);
                found.extend(interfaces.filter_map(|index| router.routed_vlan(index)));
            }
        }
        found
    }

    /// Of the rows of a device on its port, the one whose VLAN it is in: still seen first, then the one whose routed
    /// interface has its address, then the one its address belongs to, then as before, then the lowest.
    pub(super) fn choose_row<'a>(
        &self,
        device: &Device,
        estate: &Estate,
        rows: impl Iterator<Item = Candidate<'a>>,
    ) -> Option<Candidate<'a>> {
        let routed = device.mac.map(|mac| self.routed_vlans(mac)).unwrap_or_default();
        let fits = |candidate: &Candidate<'_>| {
            let site = self.switches.get(candidate.switch).map(|state| &state.record.site);
            let spot = Spot { site, switch: Some(candidate.switch), vlan: candidate.vlan, ..Spot::default() };
            estate.network_of(&spot).is_some_and(|(network, _)| {
                network.subnets.iter().any(|net| device.ips.iter().any(|ip| net.contains(ip)))
            })
        };
        let before = |candidate: &Candidate<'_>| {
            let place = &device.place;
            place.vlan == candidate.vlan
                && place.switch.as_ref() == Some(candidate.switch)
                && place.port.as_ref() == Some(&candidate.row.port)
        };
        rows.min_by_key(|candidate| {
            let by_router = candidate.vlan.is_some_and(|vlan| routed.contains(&vlan));
            let told = (candidate.vlan.is_none(), !by_router, !fits(candidate), !before(candidate));
            (candidate.row.missed > 0, told, candidate.vlan)
        })
    }

    /// The VLAN of a device whose switch does not tell it: the only one in which other switches show it on ports that
    /// lead here, else the only one whose routed interface has its address, else what was known of it on this port.
    pub(super) fn infer_vlan(&self, device: &Device, place: &Candidate<'_>, all: &[Candidate<'_>]) -> Option<VlanId> {
        let leads_here = |candidate: &&Candidate<'_>| {
            let leads = self.switches.get(candidate.switch).and_then(|state| state.leads.get(&candidate.if_index));
            leads.is_some_and(|leads| leads.contains_key(place.switch))
        };
        let only = |vlans: BTreeSet<VlanId>| vlans.first().copied().filter(|_| vlans.len() == 1);
        let seen: BTreeSet<VlanId> = all.iter().filter(leads_here).filter_map(|candidate| candidate.vlan).collect();
        let routed = device.mac.map(|mac| self.routed_vlans(mac)).unwrap_or_default();
        let both: BTreeSet<VlanId> = seen.intersection(&routed).copied().collect();
        let was = &device.place;
        let same = was.switch.as_ref() == Some(place.switch) && was.port.as_ref() == Some(&place.row.port);
        only(both)
            .or_else(|| only(seen.clone()))
            .or_else(|| only(routed).filter(|_| seen.is_empty()))
            .or_else(|| was.vlan.filter(|vlan| same && (seen.is_empty() || seen.contains(vlan))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routed_interfaces_are_named_for_their_vlan() {
        let of = |name| routed_vlan(name).map(VlanId::get);
        for name in ["Vlan505", "vlan 505", "VLAN505", "Vl505", "Vlanif505", "Vlan-interface505", "vlan.505"] {
            assert_eq!(of(name), Some(505), "{name}");
        }
        for name in ["Gi1/0/5", "505", "Vlan", "Vlan0", "Vlan5000", "Gi0/0.10", "vlan 5 up", "Loopback5"] {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
