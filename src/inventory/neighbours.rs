//! Who is heard by LLDP or CDP: a polled switch under one of its names, an unpolled one, the device itself.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::state::{Inventory, SwitchState};
use super::{Device, SwitchRecord};
use crate::net::{DeviceText, MacAddr, PortName, TargetName, Timestamp};
use crate::observation::{Neighbour, NeighbourProtocol, Port};

/// A switch, router or access point that a polled switch hears and nobody polls: what hangs on it cannot be placed
/// closer than the port it is heard on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpolledNeighbour {
    /// The polled switch that hears it.
    pub switch: TargetName,
    /// On which port.
    pub port: PortName,
    /// That port's ifIndex.
    pub if_index: u32,
    /// By which protocol.
    pub protocol: NeighbourProtocol,
    /// What it calls itself: its system name, else its chassis id.
    pub name: DeviceText,
    /// Its description of itself.
    pub description: DeviceText,
    /// The management addresses it gives.
    pub addresses: Vec<IpAddr>,
    /// What it says it is (`bridge`, `router`, `wlan-ap`, …).
    pub capabilities: Vec<String>,
    /// How many addresses are learned on that port.
    pub devices: usize,
}

/// It says that it forwards frames or packets for others, and not that it is a telephone or a station.
pub(super) fn forwards(neighbour: &Neighbour) -> bool {
    let any = |words: &[&str]| neighbour.capabilities.iter().any(|own| words.contains(&own.as_str()));
    any(&["bridge", "router", "wlan-ap"]) && !any(&["telephone", "station"])
}

/// What it calls itself.
pub(super) fn name_of(neighbour: &Neighbour) -> &DeviceText {
    if neighbour.system_name.is_empty() { &neighbour.chassis } else { &neighbour.system_name }
}

/// A name as it is compared: without case, a closing dot, or the serial number that some put behind it in brackets.
fn plain(name: &str) -> Option<String> {
    let name = name.split('(').next().unwrap_or(name).trim().trim_end_matches('.').to_lowercase();
    (!name.is_empty() && name.parse::<IpAddr>().is_err()).then_some(name)
}

/// The first label of a name that has several, marked as cut.
fn cut(name: &str) -> Option<String> {
    name.split_once('.').map(|(label, _)| format!("{label}."))
}

/// Under what a neighbour may be known here, the surest first. A name without a domain meets one with a domain by its
/// first label, and the other way round; two different domains never meet.
pub(super) fn keys(neighbour: &Neighbour) -> Vec<String> {
    let macs = [&neighbour.chassis, &neighbour.port].map(|text| text.as_str().parse::<MacAddr>());
    let mut keys: Vec<String> = macs.into_iter().flatten().map(|mac| mac.to_string()).collect();
    keys.extend(neighbour.addresses.iter().map(ToString::to_string));
    for name in [&neighbour.system_name, &neighbour.chassis].into_iter().filter_map(|text| plain(text.as_str())) {
        let short =
            if name.contains('.') { name.split('.').next().map(str::to_owned) } else { Some(format!("{name}.")) };
        keys.push(name);
        keys.extend(short);
    }
    keys
}

/// Under what a polled device may be found.
pub(super) fn names(record: &SwitchRecord) -> BTreeSet<String> {
    let given = record.system.as_ref().map(|system| system.name.as_str());
    let mut names: BTreeSet<String> = given.into_iter().chain([record.name.as_str()]).filter_map(plain).collect();
    names.extend(names.iter().filter_map(|name| cut(name)).collect::<Vec<_>>());
    names.extend(record.address.map(|address| address.to_string()));
    names.extend(record.own_macs.iter().map(ToString::to_string));
    names
}

impl SwitchState {
    /// Neighbours heard on a port or on a member of its aggregate.
    pub(super) fn heard_on(&self, port: u32) -> impl Iterator<Item = &Neighbour> {
        let group = self.group(port);
        let on_it = move |neighbour: &&Neighbour| neighbour.if_index.is_some_and(|index| group.contains(&index));
        self.record.neighbours.iter().filter(on_it)
    }
}

/// Whether a neighbour is this device: by its MAC address as chassis or port id, or by an address of its own.
pub(super) fn is_device(neighbour: &Neighbour, mac: Option<MacAddr>, ips: &[IpAddr]) -> bool {
    let texts = || [neighbour.chassis.as_str(), neighbour.port.as_str()].into_iter();
    let by_mac = mac.is_some_and(|mac| texts().any(|text| text.parse::<MacAddr>().is_ok_and(|heard| heard == mac)));
    let given = || neighbour.addresses.iter().copied().chain(neighbour.chassis.as_str().parse().ok());
    by_mac || given().any(|ip: IpAddr| ips.contains(&ip))
}

impl Inventory {
    /// Notes what a polled device is called and whom it hears.
    pub(super) fn learn_names(&mut self, record: &SwitchRecord) {
        for name in names(record) {
            self.called.entry(name).or_default().insert(record.name.clone());
        }
        let bridges = record.ports.iter().filter_map(|port| port.stp_bridge).map(|mac| mac.to_string());
        for heard in record.neighbours.iter().flat_map(keys).chain(bridges) {
            self.heard_by.entry(heard).or_default().insert(record.name.clone());
        }
    }

    /// Forgets what a polled device is called. Returns who hears a neighbour by one of these names.
    pub(super) fn forget_names(&mut self, record: &SwitchRecord) {
        for name in names(record) {
            if let Some(switches) = self.called.get_mut(&name) {
                switches.remove(&record.name);
                if switches.is_empty() {
                    self.called.remove(&name);
                }
            }
        }
    }

    /// Ports of switches on which a neighbour is heard, or a bridge named by spanning tree, that may be this device.
    pub(super) fn hearers(&self, record: &SwitchRecord) -> BTreeSet<(TargetName, u32)> {
        let names = names(record);
        let hearers: BTreeSet<&TargetName> =
            names.iter().filter_map(|name| self.heard_by.get(name)).flatten().collect();
        let mut found = BTreeSet::new();
        for (name, switch) in hearers.into_iter().filter_map(|name| self.switches.get_key_value(name)) {
            let may_be = |neighbour: &&Neighbour| keys(neighbour).iter().any(|key| names.contains(key));
            let ports = switch.record.neighbours.iter().filter(may_be).filter_map(|neighbour| neighbour.if_index);
            let names_it = |port: &&Port| port.stp_bridge.is_some_and(|mac| record.own_macs.contains(&mac));
            let bridged = switch.record.ports.iter().filter(names_it).map(|port| port.if_index);
            found.extend(ports.chain(bridged).map(|port| (name.clone(), port)));
        }
        found
    }

    /// The polled device that a switch hears. A name that several have, or the switch itself, is nobody's.
    pub(super) fn resolve(&self, at: &TargetName, neighbour: &Neighbour) -> Option<&TargetName> {
        let one = |key: String| self.called.get(&key).filter(|named| named.len() == 1).and_then(|named| named.first());
        keys(neighbour).into_iter().find_map(one).filter(|peer| *peer != at)
    }

    /// The unpolled switch or access point that is heard on a port, other than the device in question.
    pub(super) fn unpolled_on(&self, name: &TargetName, port: u32, device: &Device) -> Option<&Neighbour> {
        let heard = self.switches.get(name)?.heard_on(port);
        let mut unpolled: Vec<&Neighbour> = heard
            .filter(|neighbour| forwards(neighbour) && self.resolve(name, neighbour).is_none())
            .filter(|neighbour| !is_device(neighbour, device.mac, &device.ips))
            .collect();
        unpolled.sort_by_key(|neighbour| (name_of(neighbour).as_str(), neighbour.protocol));
        unpolled.first().copied()
    }

    /// Switches, routers and access points that polled switches hear and nobody polls, by switch and port: gaps in
    /// what can be placed.
    #[must_use]
    pub fn unpolled_neighbours(&self) -> Vec<UnpolledNeighbour> {
        let mut found: Vec<UnpolledNeighbour> = Vec::new();
        for (name, switch) in &self.switches {
            for neighbour in switch.record.neighbours.iter().filter(|neighbour| forwards(neighbour)) {
                let Some(if_index) = neighbour.if_index.filter(|_| self.resolve(name, neighbour).is_none()) else {
                    continue;
                };
                let port = switch.record.ports.iter().find(|port| port.if_index == if_index);
                let learned = switch.group(if_index);
                found.push(UnpolledNeighbour {
                    switch: name.clone(),
                    port: port.map_or_else(|| PortName::from(if_index.to_string()), |port| port.name.clone()),
                    if_index,
                    protocol: neighbour.protocol,
                    name: name_of(neighbour).clone(),
                    description: neighbour.system_description.clone(),
                    addresses: neighbour.addresses.clone(),
                    capabilities: neighbour.capabilities.clone(),
                    devices: learned.iter().filter_map(|port| switch.on_port.get(port)).map(BTreeSet::len).sum(),
                });
            }
        }
        // LLDP and CDP tell of the same neighbour: once is enough.
        found.sort_by(|a, b| {
            (&a.switch, a.if_index, &a.name, a.protocol).cmp(&(&b.switch, b.if_index, &b.name, b.protocol))
        });
        found.dedup_by(|later, first| {
            (&later.switch, later.if_index, &later.name) == (&first.switch, first.if_index, &first.name)
        });
        found
    }

    /// What a device is heard to say of itself on the port it is on, and since when in these words.
    pub(super) fn heard_at_its_port(
        &self,
        device: &Device,
        at: Timestamp,
    ) -> Option<(DeviceText, Vec<String>, Timestamp)> {
        let (name, port) = (device.place.switch.as_ref()?, device.place.if_index?);
        let switch = self.switches.get(name)?;
        if device.place.gone.is_some() || !switch.on_port.get(&port)?.contains(&device.mac?) {
            return None;
        }
        let mut heard: Vec<&Neighbour> =
            switch.heard_on(port).filter(|neighbour| is_device(neighbour, device.mac, &[])).collect();
        heard.sort_by_key(|neighbour| (neighbour.protocol, neighbour.if_index));
        let heard = heard.first()?;
        let (text, words) = (heard.system_description.clone(), heard.capabilities.clone());
        let known = device.facts.neighbour.as_ref().filter(|(told, by, _)| (told, by) == (&text, &words));
        let key = (heard.if_index?, text.clone());
        let since = known.map(|(.., since)| *since).or_else(|| switch.heard_since.get(&key).copied());
        Some((text, words, since.unwrap_or(at)))
    }
}
