//! All devices and what is remembered of switches, with the indexes that keep a visit's cost to what it changed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{AddressBinding, Certainty, Delta, Device, Estate, Merge, Place, Presence, SwitchRecord};
use crate::maker::{Attribution, Catalogue, Facts};
use crate::net::{DeviceId, MacAddr, PortName, TargetName, Timestamp, VlanId};
use crate::observation::Collection;

/// Complete passes a row must be absent from before it is closed: forwarding tables age out what is merely quiet.
pub(super) const PASSES_TO_CLOSE: u8 = 3;

/// A row's key on its switch.
pub(super) type RowKey = (MacAddr, Option<VlanId>);

/// An open forwarding row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) if_index: Option<u32>,
    pub(super) port: PortName,
    pub(super) first_seen: Timestamp,
    /// Complete passes in a row without it.
    pub(super) missed: u8,
}

/// An open address binding.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Binding {
    pub(super) first_seen: Timestamp,
    pub(super) missed: u8,
}

/// A switch as it is remembered.
#[derive(Debug, Clone)]
pub(super) struct SwitchState {
    pub(super) record: SwitchRecord,
    pub(super) rows: BTreeMap<RowKey, Row>,
    pub(super) bindings: BTreeMap<(IpAddr, MacAddr), Binding>,
    /// Who is on a port.
    pub(super) on_port: BTreeMap<u32, BTreeSet<MacAddr>>,
    /// Ports that lead to other polled switches.
    pub(super) infrastructure: BTreeSet<u32>,
    /// Its forwarding database was seen whole before.
    pub(super) seen_whole: bool,
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
    /// Addresses that are polled switches' own.
    pub(super) own: BTreeMap<MacAddr, TargetName>,
    /// Addresses of layer 3 bound to an address of layer 2 by anybody's table.
    pub(super) ips_of: BTreeMap<MacAddr, BTreeMap<IpAddr, u32>>,
    pub(super) macs_of: BTreeMap<IpAddr, BTreeSet<MacAddr>>,
    /// Switches by the names they have here and give themselves.
    pub(super) names: BTreeMap<String, BTreeSet<TargetName>>,
    /// Switches that hear a neighbour of this name or chassis. May name one that no longer does.
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
            infrastructure: BTreeSet::new(),
            seen_whole: false,
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
                inventory.own.insert(*mac, record.name.clone());
            }
            inventory.learn_names(&record);
            inventory.switches.insert(record.name.clone(), SwitchState::new(record));
        }
        for row in presence {
            let Some(switch) = inventory.switches.get_mut(&row.switch) else { continue };
            switch.seen_whole = true;
            if let Some(port) = row.if_index {
                switch.on_port.entry(port).or_default().insert(row.mac);
            }
            inventory.seen_on.entry(row.mac).or_default().insert(row.switch);
            let kept = Row { if_index: row.if_index, port: row.port, first_seen: row.first_seen, missed: 0 };
            switch.rows.insert((row.mac, row.vlan), kept);
        }
        for row in addresses {
            let Some(switch) = inventory.switches.get_mut(&row.switch) else { continue };
            switch.bindings.insert((row.ip, row.mac), Binding { first_seen: row.first_seen, missed: 0 });
            inventory.bind(row.ip, row.mac);
        }
        for device in devices {
            inventory.index(&device);
            if device.facts.onvif.is_some() {
                inventory.answered.extend(device.ips.iter().map(|ip| (*ip, device.id)));
            }
            inventory.devices.insert(device.id, device);
        }
        let names: Vec<TargetName> = inventory.switches.keys().cloned().collect();
        for name in names {
            inventory.classify_ports(&name);
        }
        inventory
    }

    /// Takes in one visit. Cost follows what changed.
    pub fn absorb(&mut self, collection: &Collection, estate: &Estate, catalogue: &Catalogue) -> Delta {
        match collection {
            Collection::Switch(visit) => self.absorb_switch(visit, estate, catalogue),
            Collection::Camera(visit) => self.absorb_camera(visit, estate, catalogue),
        }
    }

    /// Places and attributes every device anew: sites, networks or the catalogue changed.
    pub fn rejudge(&mut self, estate: &Estate, catalogue: &Catalogue, at: Timestamp) -> Delta {
        let ids: Vec<DeviceId> = self.devices.keys().copied().collect();
        for id in ids {
            self.settle(id, estate, catalogue, at);
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

    /// Notes what a switch is called and whom it hears.
    pub(super) fn learn_names(&mut self, record: &SwitchRecord) {
        let given =
            record.system.as_ref().map(|system| system.name.as_str().to_owned()).filter(|name| !name.is_empty());
        for name in given.into_iter().chain([record.name.as_str().to_owned()]) {
            self.names.entry(name).or_default().insert(record.name.clone());
        }
        for neighbour in &record.neighbours {
            for heard in [neighbour.chassis.as_str(), neighbour.system_name.as_str()] {
                self.heard_by.entry(heard.to_owned()).or_default().insert(record.name.clone());
            }
        }
    }

    /// Forgets what a switch is called.
    pub(super) fn forget_names(&mut self, record: &SwitchRecord) {
        let given = record.system.as_ref().map(|system| system.name.as_str());
        for name in given.into_iter().chain([record.name.as_str()]) {
            if let Some(switches) = self.names.get_mut(name) {
                switches.remove(&record.name);
            }
        }
    }

    pub(super) fn bind(&mut self, ip: IpAddr, mac: MacAddr) {
        *self.ips_of.entry(mac).or_default().entry(ip).or_default() += 1;
        self.macs_of.entry(ip).or_default().insert(mac);
    }

    pub(super) fn unbind(&mut self, ip: IpAddr, mac: MacAddr) {
        let Some(bound) = self.ips_of.get_mut(&mac) else { return };
        let Some(count) = bound.get_mut(&ip) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            bound.remove(&ip);
            if let Some(macs) = self.macs_of.get_mut(&ip) {
                macs.remove(&mac);
            }
        }
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
        let device = Device {
            id,
            mac,
            ips: Vec::new(),
            endpoint: None,
            facts: Facts { mac: mac.map(|mac| (mac, at)), ..Facts::default() },
            attribution: Attribution::default(),
            hostname: None,
            place: Place { since: at, certainty: Certainty::Unknown, ..Place::default() },
            first_seen: at,
            appeared,
        };
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
        kept.facts.information = kept.facts.information.take().or(gone.facts.information);
        kept.facts.scopes = kept.facts.scopes.take().or(gone.facts.scopes);
        kept.facts.neighbour = kept.facts.neighbour.take().or(gone.facts.neighbour);
        kept.facts.onvif = kept.facts.onvif.or(gone.facts.onvif);
        if kept.facts.marks.is_empty() {
            kept.facts.marks = gone.facts.marks;
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
        let mut now = before.clone();
        if let Some(bound) = now.mac.and_then(|mac| self.ips_of.get(&mac)) {
            now.ips.extend(bound.keys());
        }
        now.ips.sort_unstable();
        now.ips.dedup();
        now.place = self.place(&now, estate, at);
        now.attribution = catalogue.attribute(&now.facts);
        if now != *before {
            self.dirty.insert(id);
            self.index(&now);
            self.devices.insert(id, now);
        }
    }
}
