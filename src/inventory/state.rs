//! All devices and what is remembered of switches, with the indexes that keep a visit's cost to what it changed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::anew::Anew;
use super::parts::in_parts;
use super::topology::{Dirty, Lead};
use super::{
    AddressBinding, Certainty, Delta, Device, Estate, Merge, OwnWords, Place, Presence, RoutedAddress, SwitchRecord,
};
use crate::maker::{Attribution, Catalogue, Ended, Facts, Overruling};
use crate::net::{DeviceId, DeviceText, MacAddr, PortName, TargetName, Timestamp, VlanId};
use crate::observation::Collection;

/// Complete passes a row must be absent from before it is closed: forwarding tables age out what is merely quiet.
pub(super) const PASSES_TO_CLOSE: u8 = 3;

/// Most addresses of layer 3 an end device is believed to have.
const MOST_ADDRESSES: usize = 16;

/// A row's key on its switch.
pub(super) type RowKey = (MacAddr, Option<VlanId>);

/// A binding's key on its switch: the same addresses in another VRF are another binding.
pub(super) type BindingKey = (IpAddr, MacAddr, Option<DeviceText>);

/// An open forwarding row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) if_index: Option<u32>,
    pub(super) port: PortName,
    pub(super) first_seen: Timestamp,
    /// When it was seen anew: first, or after a complete pass without it.
    pub(super) arrived: Timestamp,
    /// Complete passes in a row without it.
    pub(super) missed: u8,
}

/// An open address binding.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Binding {
    pub(super) first_seen: Timestamp,
    /// The interface it was learned on; `None` until its table was read since the daemon started.
    pub(super) if_index: Option<u32>,
    /// Complete passes in a row without it.
    pub(super) missed: u8,
}

/// The ports an address is on.
#[derive(Debug, Default)]
pub(super) struct Seat {
    pub(super) all: BTreeSet<u32>,
    /// Those whose row the last complete pass had.
    pub(super) seen: BTreeSet<u32>,
}

/// Which switches lie behind a port, and how that is known.
pub(super) type Leads = BTreeMap<TargetName, Lead>;

/// A switch as it is remembered.
#[derive(Debug, Clone)]
pub(super) struct SwitchState {
    pub(super) record: SwitchRecord,
    pub(super) rows: BTreeMap<RowKey, Row>,
    pub(super) bindings: BTreeMap<BindingKey, Binding>,
    /// Who is on a port.
    pub(super) on_port: BTreeMap<u32, BTreeSet<MacAddr>>,
    /// How many addresses of other polled devices are learned on a port, by port and device.
    pub(super) foreign: BTreeMap<u32, BTreeMap<TargetName, u32>>,
    /// How many addresses this switch and another of greater name both have, by their ports here and there.
    pub(super) shared: BTreeMap<TargetName, BTreeMap<(u32, u32), u32>>,
    /// The port that leads to another switch by what both have learned.
    pub(super) overlap: BTreeMap<TargetName, u32>,
    /// Ports that lead to other polled switches. A member of an aggregate has what the aggregate has.
    pub(super) leads: BTreeMap<u32, Leads>,
    /// Since when each neighbour is heard in these words.
    pub(super) heard_since: BTreeMap<(u32, DeviceText), Timestamp>,
    /// Its forwarding database was seen whole before.
    pub(super) seen_whole: bool,
    /// Its address table was seen whole before.
    pub(super) addresses_whole: bool,
    /// When it started, by its own uptime.
    pub(super) started: Option<Timestamp>,
}

/// All devices and what is remembered of switches.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    pub(super) next: u64,
    pub(super) devices: BTreeMap<DeviceId, Device>,
    pub(super) by_mac: BTreeMap<MacAddr, DeviceId>,
    pub(super) by_endpoint: BTreeMap<String, DeviceId>,
    /// Devices whose MAC address is not known, by address.
    pub(super) by_ip: BTreeMap<IpAddr, DeviceId>,
    /// Which camera answered at an address last.
    pub(super) answered: BTreeMap<IpAddr, DeviceId>,
    pub(super) switches: BTreeMap<TargetName, SwitchState>,
    /// Switches that have open rows of an address.
    pub(super) seen_on: BTreeMap<MacAddr, BTreeSet<TargetName>>,
    /// Addresses that are polled devices' own. One that several have is nobody's identity.
    pub(super) own: BTreeMap<MacAddr, BTreeSet<TargetName>>,
    /// Switches whose address tables bind an address of layer 3 to one of layer 2.
    pub(super) ips_of: BTreeMap<MacAddr, BTreeMap<IpAddr, BTreeSet<TargetName>>>,
    pub(super) macs_of: BTreeMap<IpAddr, BTreeSet<MacAddr>>,
    /// Polled devices by what a neighbour table may call them.
    pub(super) called: BTreeMap<String, BTreeSet<TargetName>>,
    /// Switches that hear a neighbour called so. May name one that no longer does.
    pub(super) heard_by: BTreeMap<String, BTreeSet<TargetName>>,
    /// Devices made or changed since the last delta.
    pub(super) dirty: BTreeSet<DeviceId>,
}

impl SwitchState {
    pub(super) fn new(record: SwitchRecord) -> Self {
        Self {
            record,
            rows: BTreeMap::new(),
            bindings: BTreeMap::new(),
            on_port: BTreeMap::new(),
            foreign: BTreeMap::new(),
            shared: BTreeMap::new(),
            overlap: BTreeMap::new(),
            leads: BTreeMap::new(),
            heard_since: BTreeMap::new(),
            seen_whole: false,
            addresses_whole: false,
            started: None,
        }
    }

    /// Rows of an address.
    pub(super) fn rows_of(&self, mac: MacAddr) -> impl Iterator<Item = (Option<VlanId>, &Row)> {
        self.rows.range((mac, None)..).take_while(move |((of, _), _)| *of == mac).map(|((_, vlan), row)| (*vlan, row))
    }

    /// Bindings of an address of layer 3 to one of layer 2, by VRF.
    pub(super) fn bindings_of(
        &self,
        ip: IpAddr,
        mac: MacAddr,
    ) -> impl Iterator<Item = (Option<&DeviceText>, &Binding)> {
        let all = self.bindings.range((ip, mac, None)..).take_while(move |(key, _)| (key.0, key.1) == (ip, mac));
        all.map(|((.., vrf), binding)| (vrf.as_ref(), binding))
    }

    /// Ports an address is on.
    pub(super) fn seat_of(&self, mac: MacAddr) -> Seat {
        let all = self.rows_of(mac).filter_map(|(_, row)| row.if_index).collect();
        let seen = self.rows_of(mac).filter(|(_, row)| row.missed == 0).filter_map(|(_, row)| row.if_index).collect();
        Seat { all, seen }
    }
}

impl Device {
    pub(super) fn new(id: DeviceId, mac: Option<MacAddr>, at: Timestamp, appeared: Option<Timestamp>) -> Self {
        Self {
            id,
            mac,
            ips: Vec::new(),
            endpoint: None,
            facts: Facts { mac: mac.map(|mac| (mac, at)), ..Facts::default() },
            attribution: Attribution::default(),
            hostname: None,
            own: OwnWords::default(),
            place: Place { since: at, certainty: Certainty::Unknown, ..Place::default() },
            first_seen: at,
            appeared,
        }
    }
}

impl Inventory {
    /// As it was when the daemon last committed.
    #[must_use]
    pub fn restore(
        next_device: u64,
        devices: Vec<Device>,
        presence: Vec<Presence>,
        addresses: Vec<AddressBinding>,
        switches: Vec<SwitchRecord>,
    ) -> Self {
        let mut inventory = Self { next: next_device, ..Self::default() };
        for record in switches {
            for mac in &record.own_macs {
                inventory.own.entry(*mac).or_default().insert(record.name.clone());
            }
            inventory.learn_names(&record);
            inventory.switches.insert(record.name.clone(), SwitchState::new(record));
        }
        let mut macs: BTreeSet<(TargetName, MacAddr)> = BTreeSet::new();
        for row in presence {
            let Some(switch) = inventory.switches.get_mut(&row.switch) else { continue };
            switch.seen_whole = true;
            macs.insert((row.switch, row.mac));
            let (first_seen, arrived) = (row.first_seen, row.first_seen);
            let kept = Row { if_index: row.if_index, port: row.port, first_seen, arrived, missed: 0 };
            switch.rows.insert((row.mac, row.vlan), kept);
        }
        let mut dirty = Dirty::default();
        for (name, mac) in macs {
            inventory.reseat(&name, mac, &Seat::default(), &mut dirty);
        }
        for row in addresses {
            let Some(switch) = inventory.switches.get_mut(&row.switch) else { continue };
            switch.addresses_whole = true;
            let kept = Binding { first_seen: row.first_seen, if_index: None, missed: 0 };
            switch.bindings.insert((row.ip, row.mac, row.vrf), kept);
            inventory.bind(&row.switch, row.ip, row.mac);
        }
        for device in devices {
            inventory.index(&device);
            if device.facts.onvif.is_some() || !device.facts.announced.is_empty() {
                inventory.answered.extend(device.ips.iter().map(|ip| (*ip, device.id)));
            }
            inventory.devices.insert(device.id, device);
        }
        dirty.whole.extend(inventory.switches.keys().cloned());
        inventory.retie(std::mem::take(&mut dirty));
        let placed: Vec<DeviceId> = inventory.devices.keys().copied().collect();
        for id in placed {
            inventory.recall_missed(id, &mut dirty);
        }
        inventory.retie(dirty);
        inventory
    }

    /// Takes in one visit. Cost follows what changed.
    pub fn absorb(&mut self, collection: &Collection, estate: &Estate, catalogue: &Catalogue) -> Delta {
        match collection {
            Collection::Switch(visit) => self.absorb_switch(visit, estate, catalogue),
            Collection::Camera(visit) => self.absorb_camera(visit, estate, catalogue),
        }
    }

    /// Finds out anew of every device what a changed configuration or catalogue can have made different.
    pub fn rejudge(&mut self, estate: &Estate, catalogue: &Catalogue, anew: &Anew, at: Timestamp) -> Delta {
        let all: Vec<&Device> = self.devices.values().collect();
        let settled = in_parts(&all, |device| {
            let mut now = None;
            if anew.places.holds(device) {
                now = Some(self.placed(device, estate, at));
            }
            // What is heard at another place speaks for a maker too.
            if anew.makers || now.as_ref().is_some_and(|now| now.facts != device.facts) {
                let mut attributed = now.unwrap_or_else(|| (*device).clone());
                attribute(&mut attributed, catalogue, at);
                now = Some(attributed);
            }
            now.filter(|now| now != *device)
        });
        for device in settled.into_iter().flatten() {
            self.put(device);
        }
        Delta { devices: self.take_dirty(), ..Delta::default() }
    }

    /// One device.
    #[must_use]
    pub fn device(&self, id: DeviceId) -> Option<&Device> {
        self.devices.get(&id)
    }

    /// All devices, by id.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.devices.values()
    }

    /// What is remembered of a switch.
    #[must_use]
    pub fn switch(&self, name: &TargetName) -> Option<&SwitchRecord> {
        self.switches.get(name).map(|switch| &switch.record)
    }

    /// Which device has this MAC address.
    #[must_use]
    pub fn device_of(&self, mac: MacAddr) -> Option<&Device> {
        self.by_mac.get(&mac).and_then(|id| self.devices.get(id))
    }

    pub(super) fn bind(&mut self, switch: &TargetName, ip: IpAddr, mac: MacAddr) {
        self.ips_of.entry(mac).or_default().entry(ip).or_default().insert(switch.clone());
        self.macs_of.entry(ip).or_default().insert(mac);
    }

    /// A switch's table shows a binding no more; in another VRF it may show it still.
    pub(super) fn unbind(&mut self, switch: &TargetName, ip: IpAddr, mac: MacAddr) {
        if self.switches.get(switch).is_some_and(|switch| switch.bindings_of(ip, mac).next().is_some()) {
            return;
        }
        let Some(bound) = self.ips_of.get_mut(&mac) else { return };
        let Some(switches) = bound.get_mut(&ip) else { return };
        switches.remove(switch);
        if switches.is_empty() {
            bound.remove(&ip);
            if let Some(macs) = self.macs_of.get_mut(&ip) {
                macs.remove(&mac);
            }
        }
    }

    /// Addresses that tables bind to a MAC address. One that answers for many is a router or a proxy: none of them
    /// is its own.
    pub(super) fn bound(&self, mac: MacAddr) -> Vec<IpAddr> {
        let bound = self.ips_of.get(&mac).filter(|bound| bound.len() <= MOST_ADDRESSES);
        bound.into_iter().flat_map(|bound| bound.keys().copied()).collect()
    }

    /// The VRFs that tables have a device's addresses in.
    pub(super) fn routed(&self, device: &Device) -> Vec<RoutedAddress> {
        let Some(mac) = device.mac else { return Vec::new() };
        let mut routed = Vec::new();
        for ip in self.bound(mac) {
            for name in self.ips_of.get(&mac).and_then(|bound| bound.get(&ip)).into_iter().flatten() {
                let vrfs = self.switches.get(name).into_iter().flat_map(|switch| switch.bindings_of(ip, mac));
                let of = |vrf: &DeviceText| RoutedAddress { router: name.clone(), ip, vrf: vrf.clone() };
                routed.extend(vrfs.filter_map(|(vrf, _)| vrf.map(of)));
            }
        }
        routed
    }

    pub(super) fn index(&mut self, device: &Device) {
        match device.mac {
            Some(mac) => {
                self.by_mac.insert(mac, device.id);
                self.by_ip.retain(|_, id| *id != device.id);
            }
            None => self.by_ip.extend(device.ips.iter().map(|ip| (*ip, device.id))),
        }
        if let Some(endpoint) = &device.endpoint {
            self.by_endpoint.insert(endpoint.as_str().to_owned(), device.id);
        }
    }

    /// A new device.
    pub(super) fn create(&mut self, mac: Option<MacAddr>, at: Timestamp, appeared: Option<Timestamp>) -> DeviceId {
        let id = DeviceId(self.next.max(1));
        self.next = id.0 + 1;
        let device = Device::new(id, mac, at, appeared);
        self.index(&device);
        self.devices.insert(id, device);
        self.dirty.insert(id);
        id
    }

    /// Two devices are one: the older id stays, with what both knew.
    pub(super) fn unite(&mut self, a: DeviceId, b: DeviceId) -> Option<Merge> {
        let (into, from) = (a.min(b), a.max(b));
        let gone = self.devices.remove(&from)?;
        let kept = self.devices.get_mut(&into)?;
        kept.mac = kept.mac.or(gone.mac);
        kept.facts.mac = kept.facts.mac.or(gone.facts.mac);
        kept.ips.extend(gone.ips.iter().copied());
        kept.endpoint = kept.endpoint.take().or(gone.endpoint);
        kept.hostname = kept.hostname.take().or(gone.hostname);
        kept.own.complete(gone.own);
        kept.facts.information = kept.facts.information.take().or(gone.facts.information);
        kept.facts.scopes = kept.facts.scopes.take().or(gone.facts.scopes);
        kept.facts.neighbour = kept.facts.neighbour.take().or(gone.facts.neighbour);
        kept.facts.onvif = kept.facts.onvif.or(gone.facts.onvif);
        // A person's word that still holds goes before one that does not.
        let holds = |said: &Overruling| said.holds();
        if !kept.facts.overruling.as_ref().is_some_and(holds) && gone.facts.overruling.is_some() {
            kept.facts.overruling = gone.facts.overruling;
        }
        if kept.facts.marks.is_empty() {
            kept.facts.marks = gone.facts.marks;
        }
        if kept.facts.announced.is_empty() {
            kept.facts.announced = gone.facts.announced;
        }
        kept.first_seen = kept.first_seen.min(gone.first_seen);
        if kept.place.switch.is_none() {
            kept.place = gone.place;
        }
        let kept = kept.clone();
        self.by_mac.retain(|_, id| *id != from);
        self.by_endpoint.retain(|_, id| *id != from);
        self.by_ip.retain(|_, id| *id != from);
        self.answered.values_mut().filter(|id| **id == from).for_each(|id| *id = into);
        self.index(&kept);
        self.dirty.insert(into);
        Some(Merge { from, into })
    }

    /// The devices made or changed since this was last asked, by id.
    pub(super) fn take_dirty(&mut self) -> Vec<DeviceId> {
        let dirty = std::mem::take(&mut self.dirty);
        dirty.into_iter().filter(|id| self.devices.contains_key(id)).collect()
    }

    /// Brings a device in line with what is known now; notes it where that differs from before.
    pub(super) fn settle(&mut self, id: DeviceId, estate: &Estate, catalogue: &Catalogue, at: Timestamp) {
        let Some(before) = self.devices.get(&id) else { return };
        let mut now = self.placed(before, estate, at);
        attribute(&mut now, catalogue, at);
        if now != *before {
            self.put(now);
        }
    }

    /// A device where it is known to be now, with what is heard there. What other devices are known to be plays no part.
    fn placed(&self, before: &Device, estate: &Estate, at: Timestamp) -> Device {
        let mut now = before.clone();
        if let Some(mac) = now.mac {
            let bound = self.bound(mac);
            let many = self.ips_of.get(&mac).filter(|_| bound.is_empty());
            now.ips
                .retain(|ip| !many.is_some_and(|many| many.contains_key(ip)) || self.answered.get(ip) == Some(&now.id));
            now.ips.extend(bound);
        }
        now.ips.sort_unstable();
        now.ips.dedup();
        now.place = self.place(&now, estate, at);
        if let Some(heard) = self.heard_at_its_port(&now, at) {
            now.facts.neighbour = Some(heard);
        }
        now
    }

    /// A device that differs from before.
    fn put(&mut self, now: Device) {
        self.dirty.insert(now.id);
        self.index(&now);
        self.devices.insert(now.id, now);
    }
}

/// Who made a device and what it is, by what is known of it now. What a person said of it ends where new evidence speaks
/// against that.
fn attribute(device: &mut Device, catalogue: &Catalogue, at: Timestamp) {
    if let Some(why) = catalogue.contrary(&device.facts)
        && let Some(said) = device.facts.overruling.as_mut()
    {
        said.ended = Some(Ended { at, why });
    }
    device.attribution = catalogue.attribute(&device.facts);
}
