//! One visit to a camera address, taken in: which device it is, and what it says of itself.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::state::Inventory;
use super::{Delta, Device, Estate};
use crate::maker::{Catalogue, Facts};
use crate::net::{DeviceId, DeviceText, MacAddr, TargetName, Timestamp};
use crate::observation::CameraVisit;

impl Inventory {
    pub(super) fn absorb_camera(&mut self, visit: &CameraVisit, estate: &Estate, catalogue: &Catalogue) -> Delta {
        let mut delta = Delta::default();
        let at = visit.finished;
        if !visit.reach.answered() {
            // It is no camera for certain, and no new device. What its web server shows speaks for its maker all the same.
            if let Some(id) = self.shown_by(visit) {
                self.take_in(id, |facts| take_facts(facts, visit, at));
                self.settle(id, estate, catalogue, at);
                delta.devices = self.take_dirty();
            }
            return delta;
        }
        let id = self.device_of_visit(visit, &mut delta);
        if let Some(other) = self.answered.insert(visit.address, id).filter(|other| *other != id) {
            self.leave(other, visit.address);
            self.settle(other, estate, catalogue, at);
        }
        let Some(before) = self.devices.get(&id).cloned() else { return delta };
        let mut now = before.clone();
        take_facts(&mut now.facts, visit, at);
        now.own.take(visit, at);
        let said = |ip: &IpAddr| visit.interfaces.iter().any(|interface| interface.addresses.contains(ip));
        if said(&visit.address) {
            // It lists its addresses, this one among them: what it left is not its any more.
            now.ips.retain(|ip| said(ip) || self.is_bound(&before, *ip));
        }
        if !now.ips.contains(&visit.address) {
            now.ips.push(visit.address);
            now.ips.sort_unstable();
        }
        if let Some(endpoint) = endpoint(visit) {
            now.endpoint = Some(endpoint);
        }
        if visit.hostname.is_some() {
            now.hostname.clone_from(&visit.hostname);
        }
        if now.place.switch.is_none() {
            now.place.site = Some(visit.site.clone());
        }
        if now != before {
            self.dirty.insert(id);
            self.index(&now);
            self.devices.insert(id, now);
        }
        self.settle(id, estate, catalogue, at);
        delta.devices = self.take_dirty();
        delta
    }

    /// Addresses within these subnets that address tables bind to somebody: alive, or not long dead.
    #[must_use]
    pub fn alive_within(&self, subnets: &[IpNet]) -> BTreeSet<IpAddr> {
        let all = subnets.iter().flat_map(|subnet| self.macs_of.range(subnet.network()..=subnet.broadcast()));
        all.filter(|(_, macs)| !macs.is_empty()).map(|(ip, _)| *ip).collect()
    }

    /// Whether a switch's forwarding database, and whether its address table, was seen whole before: what is new in
    /// one that was not is new to us only.
    #[must_use]
    pub fn was_seen_whole(&self, switch: &TargetName) -> (bool, bool) {
        self.switches.get(switch).map_or((false, false), |switch| (switch.seen_whole, switch.addresses_whole))
    }

    /// Addresses that a MAC address is known to have.
    #[must_use]
    pub fn addresses_of(&self, mac: MacAddr) -> Vec<IpAddr> {
        self.device_of(mac).map_or_else(|| self.bound(mac), |device| device.ips.clone())
    }

    /// Whose address table gives this address to this MAC address, and since when: of several the first that did.
    #[must_use]
    pub fn binding(&self, mac: MacAddr, ip: IpAddr) -> Option<(&TargetName, Timestamp)> {
        let switches = self.ips_of.get(&mac).and_then(|bound| bound.get(&ip)).into_iter().flatten();
        let since = |name| {
            let bindings = &self.switches.get(name)?.bindings;
            let of_any_vrf = bindings.range((ip, mac, None)..).take_while(|((of, by, _), _)| (*of, *by) == (ip, mac));
            Some((name, of_any_vrf.map(|(_, binding)| binding.first_seen).min()?))
        };
        switches.filter_map(since).min_by_key(|(_, at)| *at)
    }

    /// Which camera answered at an address last.
    #[must_use]
    pub fn camera_at(&self, address: IpAddr) -> Option<DeviceId> {
        self.answered.get(&address).copied()
    }

    /// A camera that answers elsewhere answers here no longer: the address is not its any more, unless an address
    /// table says so.
    pub fn vacate(
        &mut self,
        id: DeviceId,
        address: IpAddr,
        estate: &Estate,
        catalogue: &Catalogue,
        at: Timestamp,
    ) -> Delta {
        if self.answered.get(&address) == Some(&id) {
            self.answered.remove(&address);
        }
        self.leave(id, address);
        self.settle(id, estate, catalogue, at);
        Delta { devices: self.take_dirty(), ..Delta::default() }
    }

    /// The device that shows marks without speaking ONVIF: the one that address tables alone have at the address.
    fn shown_by(&self, visit: &CameraVisit) -> Option<DeviceId> {
        let macs = self.macs_of.get(&visit.address).filter(|macs| macs.len() == 1 && !visit.marks.is_empty())?;
        macs.first().and_then(|mac| self.by_mac.get(mac)).copied()
    }

    /// Changes what a device says of itself.
    fn take_in(&mut self, id: DeviceId, change: impl FnOnce(&mut Facts)) {
        let Some(device) = self.devices.get_mut(&id) else { return };
        let before = device.facts.clone();
        change(&mut device.facts);
        if device.facts != before {
            self.dirty.insert(id);
        }
    }

    /// Whether an ARP table gives this address to this device.
    fn is_bound(&self, device: &Device, ip: IpAddr) -> bool {
        device.mac.and_then(|mac| self.ips_of.get(&mac)).is_some_and(|bound| bound.contains_key(&ip))
    }

    /// Another device answers where this one did.
    fn leave(&mut self, id: DeviceId, ip: IpAddr) {
        let Some(device) = self.devices.get(&id) else { return };
        if !device.ips.contains(&ip) || self.is_bound(device, ip) {
            return;
        }
        if self.by_ip.get(&ip) == Some(&id) {
            self.by_ip.remove(&ip);
        }
        if let Some(device) = self.devices.get_mut(&id) {
            device.ips.retain(|own| *own != ip);
            self.dirty.insert(id);
        }
    }

    /// Which device answered: by its MAC address, by what ARP tables bind its address to, by its endpoint, by its
    /// address; a new one else.
    fn device_of_visit(&mut self, visit: &CameraVisit, delta: &mut Delta) -> DeviceId {
        let bound =
            self.macs_of.get(&visit.address).filter(|macs| macs.len() == 1).and_then(|macs| macs.first().copied());
        // A MAC address that answers for many is a router's or a proxy's, not the camera's.
        let bound = bound.filter(|mac| !self.bound(*mac).is_empty());
        let mac: Option<MacAddr> = visit.mac().or(bound).filter(|mac| mac.is_device() && !self.own.contains_key(mac));
        let endpoint = endpoint(visit);
        let by_endpoint = endpoint.as_ref().and_then(|endpoint| self.by_endpoint.get(endpoint.as_str()).copied());
        // Another endpoint at the same address is another camera.
        let by_ip = self.by_ip.get(&visit.address).copied().filter(|id| {
            let known = self.devices.get(id).and_then(|device| device.endpoint.as_ref());
            known.is_none() || endpoint.is_none() || known == endpoint.as_ref()
        });
        let nameless = |id: &DeviceId| self.devices.get(id).is_some_and(|device| device.mac.is_none());
        let Some(mac) = mac else {
            return by_endpoint.or(by_ip).unwrap_or_else(|| self.create(None, visit.finished, None));
        };
        let other = by_endpoint.filter(nameless).or(by_ip);
        match (self.by_mac.get(&mac).copied(), other) {
            (Some(id), Some(other)) if id != other => {
                delta.merged.extend(self.unite(id, other));
                id.min(other)
            }
            (Some(id), _) => id,
            (None, Some(id)) => {
                if let Some(device) = self.devices.get_mut(&id) {
                    device.mac = Some(mac);
                    device.facts.mac = Some((mac, visit.finished));
                    self.dirty.insert(id);
                }
                id
            }
            (None, None) => self.create(Some(mac), visit.finished, None),
        }
    }
}

fn endpoint(visit: &CameraVisit) -> Option<DeviceText> {
    visit.discovery.as_ref().map(|discovery| discovery.endpoint.clone()).and_then(DeviceText::non_empty)
}

/// Marks kept of a device: as many as one visit brings at most, so that none goes and comes back.
const MOST_MARKS: usize = 32;

/// Takes over what a camera says, keeping the time of what it said before in the same words.
fn take_facts(facts: &mut Facts, visit: &CameraVisit, at: Timestamp) {
    if visit.spoke_onvif() {
        facts.onvif = facts.onvif.or(Some(at));
    }
    for said in &visit.announcements {
        let before = facts.announced.iter().position(|(before, _)| before.protocol == said.protocol);
        match before.and_then(|index| facts.announced.get_mut(index)) {
            Some((before, _)) if before == said => {}
            Some(before) => *before = (said.clone(), at),
            None => facts.announced.push((said.clone(), at)),
        }
    }
    if let Some(said) = &visit.information
        && facts.information.as_ref().is_none_or(|(before, _)| before != said)
    {
        facts.information = Some((said.clone(), at));
    }
    let discovered = visit.discovery.iter().flat_map(|discovery| discovery.scopes.iter().chain(&discovery.types));
    let mut scopes: Vec<DeviceText> = discovered.chain(&visit.scopes).cloned().collect();
    scopes.sort();
    scopes.dedup();
    if !scopes.is_empty() && facts.scopes.as_ref().is_none_or(|(before, _)| *before != scopes) {
        facts.scopes = Some((scopes, at));
    }
    let mut marks: Vec<_> = visit.marks.iter().collect();
    marks.sort();
    marks.dedup();
    for mark in marks {
        if !facts.marks.iter().any(|(known, _)| known == mark) {
            facts.marks.push((mark.clone(), at));
        }
    }
    // A hostile camera may change its words at every visit: what is remembered is bounded.
    let excess = facts.marks.len().saturating_sub(MOST_MARKS);
    facts.marks.drain(..excess);
}
