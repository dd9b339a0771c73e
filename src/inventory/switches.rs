//! One visit to a switch, taken in: its record, its rows, its ports, the devices they touch.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{Inventory, Row, Seat, SwitchState};
use super::topology::Dirty;
use super::{AddressBinding, Delta, Estate, Presence, RowChange, SwitchRecord};
use crate::maker::Catalogue;
use crate::net::{DeviceId, DeviceText, MacAddr, TargetName, Timestamp};
use crate::observation::{Completeness, Neighbour, NeighbourProtocol, Port, SwitchVisit, SystemFacts, Table};

/// Uptime is told in whole seconds and asked for over a network: a start this much later is another start.
const RESTART_MS: i64 = 60_000;

/// Where and when a visit may have seen a device for the first time.
#[derive(Debug, Clone, Copy)]
struct Sight {
    at: Timestamp,
    /// The switch's forwarding database was seen whole before.
    rows_known: bool,
    /// Its address table was.
    addresses_known: bool,
}

impl Inventory {
    pub(super) fn absorb_switch(&mut self, visit: &SwitchVisit, estate: &Estate, catalogue: &Catalogue) -> Delta {
        let mut delta = Delta::default();
        if !visit.reach.answered() {
            return delta;
        }
        let at = visit.finished;
        let before = self.switches.get(&visit.target);
        let sight = Sight {
            at,
            rows_known: before.is_some_and(|switch| switch.seen_whole),
            addresses_known: before.is_some_and(|switch| switch.addresses_whole),
        };
        let whole_before = sight.rows_known;
        let mut touched: BTreeSet<MacAddr> = BTreeSet::new();
        let mut dirty = Dirty::default();
        self.take_record(visit, &mut delta, &mut touched, &mut dirty);
        if self.numbers_hold(visit) {
            self.take_rows(visit, &mut delta, &mut touched, &mut dirty);
        }
        self.take_bindings(visit, &mut delta, &mut touched);
        if let Some(switch) = self.switches.get(&visit.target).filter(|switch| switch.seen_whole != whole_before) {
            // Its rows are surer than before.
            touched.extend(switch.rows.keys().map(|(mac, _)| *mac));
        }
        touched.extend(self.retie(dirty));
        let shown = shown(&delta);
        for mac in touched {
            if let Some(id) = self.device_for(mac, sight, &mut delta) {
                if shown.contains(&mac) {
                    self.seen_earlier(id, sight);
                }
                self.settle(id, estate, catalogue, at);
            }
        }
        delta.devices = self.take_dirty();
        delta
    }

    /// Whether the interface numbers of a visit's rows mean what is remembered: after a restart they may not, until
    /// the interfaces were read anew.
    fn numbers_hold(&mut self, visit: &SwitchVisit) -> bool {
        let state = visit.tables.get(&Table::Interfaces).map(|state| state.completeness);
        let read = matches!(state, Some(Completeness::Complete | Completeness::Unsupported));
        let Some(switch) = self.switches.get_mut(&visit.target) else { return false };
        let uptime = visit.system.as_ref().and_then(|system| i64::try_from(system.uptime_s).ok());
        let started = uptime.map(|uptime| Timestamp(visit.started.0.saturating_sub(uptime.saturating_mul(1000))));
        let restarted = matches!((switch.started, started), (Some(old), Some(new)) if new.0 > old.0 + RESTART_MS);
        if restarted && !read {
            return false;
        }
        switch.started = started.or(switch.started);
        true
    }

    /// What is remembered of the switch itself. Only tables seen to their end replace what was known.
    fn take_record(
        &mut self,
        visit: &SwitchVisit,
        delta: &mut Delta,
        touched: &mut BTreeSet<MacAddr>,
        dirty: &mut Dirty,
    ) {
        let name = &visit.target;
        let before = self.switches.get(name).map(|switch| &switch.record);
        if before.is_some_and(|before| says_nothing_new(visit, before)) {
            return;
        }
        let before = before.cloned();
        let record = record_of(visit, before.as_ref());
        if before.as_ref() == Some(&record) {
            return;
        }
        delta.switches.push(name.clone());
        let own_before: BTreeSet<MacAddr> = before.iter().flat_map(|record| record.own_macs.iter().copied()).collect();
        let own_now: BTreeSet<MacAddr> = record.own_macs.iter().copied().collect();
        let identity = |record: &SwitchRecord| {
            (record.system.as_ref().map(|system| system.name.clone()), record.address, record.bridge)
        };
        if before.as_ref().map(identity) != Some(identity(&record)) || own_before != own_now {
            // Newly known by an address or a name, it may lie behind ports of the others.
            if let Some(before) = &before {
                dirty.heard.extend(self.hearers(before));
                self.forget_names(before);
            }
            dirty.heard.extend(self.hearers(&record));
        }
        if before.as_ref().map(|before| before.bridge) != Some(record.bridge) {
            let seeing = own_now.iter().filter_map(|mac| self.seen_on.get(mac)).flatten();
            dirty.whole.extend(seeing.cloned());
        }
        self.learn_names(&record);
        dirty.whole.insert(name.clone());
        match self.switches.get_mut(name) {
            Some(switch) => switch.record = record.clone(),
            None => {
                self.switches.insert(name.clone(), SwitchState::new(record.clone()));
            }
        }
        self.note_heard(name, before.as_ref(), &record, visit.finished);
        for mac in own_before.symmetric_difference(&own_now) {
            self.set_own(*mac, name, own_now.contains(mac), dirty);
            // What turned out to be a switch's own is no end device any more, and the other way round.
            touched.insert(*mac);
        }
        if let Some(before) = &before {
            touched.extend(self.renumber(name, &before.ports, visit.finished, delta, dirty));
            self.touch_ports(before, &record, touched);
        }
        let retired: Vec<DeviceId> = own_now.iter().filter_map(|mac| self.by_mac.remove(mac)).collect();
        for id in &retired {
            self.devices.remove(id);
        }
        delta.retired.extend(retired);
    }

    /// Since when neighbours are heard in their words: those that were heard before keep their time.
    fn note_heard(&mut self, name: &TargetName, before: Option<&SwitchRecord>, now: &SwitchRecord, at: Timestamp) {
        let key = |neighbour: &Neighbour| Some((neighbour.if_index?, neighbour.system_description.clone()));
        let known: BTreeSet<(u32, DeviceText)> =
            before.into_iter().flat_map(|record| &record.neighbours).filter_map(key).collect();
        let Some(switch) = self.switches.get_mut(name) else { return };
        let old = std::mem::take(&mut switch.heard_since);
        for key in now.neighbours.iter().filter_map(key) {
            let since = old.get(&key).copied().or_else(|| (!known.contains(&key)).then_some(at));
            switch.heard_since.extend(since.map(|since| (key, since)));
        }
    }

    /// Whose place rests on what is now said differently of a port, of a neighbour on it, or of the whole switch.
    fn touch_ports(&self, before: &SwitchRecord, now: &SwitchRecord, touched: &mut BTreeSet<MacAddr>) {
        let Some(switch) = self.switches.get(&now.name) else { return };
        if before.site != now.site {
            touched.extend(switch.rows.keys().map(|(mac, _)| *mac));
            return;
        }
        let mut ports: BTreeSet<u32> = BTreeSet::new();
        let old: BTreeMap<u32, &Port> = before.ports.iter().map(|port| (port.if_index, port)).collect();
        let new: BTreeMap<u32, &Port> = now.ports.iter().map(|port| (port.if_index, port)).collect();
        ports.extend(old.keys().chain(new.keys()).filter(|index| old.get(index) != new.get(index)));
        let gone = before.neighbours.iter().filter(|neighbour| !now.neighbours.contains(neighbour));
        let come = now.neighbours.iter().filter(|neighbour| !before.neighbours.contains(neighbour));
        for port in gone.chain(come).filter_map(|neighbour| neighbour.if_index) {
            ports.extend(switch.group(port));
        }
        touched.extend(ports.iter().filter_map(|port| switch.on_port.get(port)).flatten());
    }

    /// The device of a MAC address, made or united where need be. A switch's own address is none.
    fn device_for(&mut self, mac: MacAddr, sight: Sight, delta: &mut Delta) -> Option<DeviceId> {
        let at = sight.at;
        if self.own.contains_key(&mac) || !mac.is_device() {
            return None;
        }
        let bound = self.bound(mac);
        // A camera known by its address alone gets its MAC address, if that address is this one's alone.
        let alone = |ip: &std::net::IpAddr| self.macs_of.get(ip).is_some_and(|macs| macs.len() == 1);
        let by_address = bound.iter().filter(|ip| alone(ip)).find_map(|ip| self.by_ip.get(ip).copied());
        match (self.by_mac.get(&mac).copied(), by_address) {
            (Some(id), None) => Some(id),
            (Some(id), Some(other)) => {
                delta.merged.extend(self.unite(id, other));
                Some(id.min(other))
            }
            (None, Some(id)) => {
                let device = self.devices.get_mut(&id)?;
                device.mac = Some(mac);
                device.facts.mac = Some((mac, at));
                let device = device.clone();
                self.index(&device);
                self.dirty.insert(id);
                Some(id)
            }
            (None, None) => {
                let rows = self.seen_on.contains_key(&mac);
                (rows || !bound.is_empty()).then(|| self.create(Some(mac), at, self.appeared(mac, sight)))
            }
        }
    }

    /// When a device that a visit shows must have appeared: an earlier whole pass had not shown it there.
    fn appeared(&self, mac: MacAddr, sight: Sight) -> Option<Timestamp> {
        let known = if self.seen_on.contains_key(&mac) { sight.rows_known } else { sight.addresses_known };
        known.then_some(sight.at)
    }

    /// A visit that ended earlier came in later: the earliest sight of a device counts, whatever the order.
    fn seen_earlier(&mut self, id: DeviceId, sight: Sight) {
        let Some(device) = self.devices.get(&id).filter(|device| sight.at < device.first_seen) else { return };
        let appeared = device.mac.and_then(|mac| self.appeared(mac, sight));
        let Some(device) = self.devices.get_mut(&id) else { return };
        let first = std::mem::replace(&mut device.first_seen, sight.at);
        device.appeared = appeared;
        if let Some((_, since)) = &mut device.facts.mac {
            *since = sight.at.min(*since);
        }
        if device.place.switch.is_none() && device.place.since == first {
            device.place.since = sight.at;
        }
        self.dirty.insert(id);
    }

    /// A switch is no longer polled: its rows end here, and what was on it is no longer placed.
    pub fn forget_switch(&mut self, name: &TargetName, estate: &Estate, catalogue: &Catalogue, at: Timestamp) -> Delta {
        let mut delta = Delta::default();
        let Some(switch) = self.switches.get_mut(name) else { return delta };
        let record = switch.record.clone();
        let rows = std::mem::take(&mut switch.rows);
        let bindings = std::mem::take(&mut switch.bindings);
        let mut touched: BTreeSet<MacAddr> = BTreeSet::new();
        let mut dirty = Dirty::default();
        let mut seats: BTreeMap<MacAddr, Seat> = BTreeMap::new();
        for ((mac, vlan), row) in rows {
            let seat = seats.entry(mac).or_default();
            seat.all.extend(row.if_index);
            seat.seen.extend(row.if_index.filter(|_| row.missed == 0));
            let Row { if_index, port, first_seen, .. } = row;
            delta
                .presence
                .push(RowChange::Closed(Presence { switch: name.clone(), mac, vlan, if_index, port, first_seen }, at));
        }
        for (mac, ports) in seats {
            touched.insert(mac);
            self.reseat(name, mac, &ports, &mut dirty);
        }
        for ((ip, mac, vrf), row) in bindings {
            touched.insert(mac);
            self.unbind(name, ip, mac);
            let binding = AddressBinding { switch: name.clone(), ip, mac, vrf, first_seen: row.first_seen };
            delta.addresses.push(RowChange::Closed(binding, at));
        }
        for mac in &record.own_macs {
            self.set_own(*mac, name, false, &mut dirty);
            touched.insert(*mac);
        }
        dirty.heard.extend(self.hearers(&record));
        self.forget_names(&record);
        self.switches.remove(name);
        for (other, switch) in &mut self.switches {
            switch.shared.remove(name);
            if switch.overlap.remove(name).is_some() {
                dirty.whole.insert(other.clone());
            }
        }
        touched.extend(self.retie(dirty));
        let sight = Sight { at, rows_known: false, addresses_known: false };
        for mac in touched {
            if let Some(id) = self.device_for(mac, sight, &mut delta).or_else(|| self.by_mac.get(&mac).copied()) {
                self.settle(id, estate, catalogue, at);
            }
        }
        delta.devices = self.take_dirty();
        delta
    }
}

/// Whether a table that was asked for was read to its end, or the agent has none.
fn is_whole(visit: &SwitchVisit, table: Table) -> bool {
    let state = visit.tables.get(&table).map(|state| state.completeness);
    matches!(state, Some(Completeness::Complete | Completeness::Unsupported))
}

/// Addresses that a visit shows anew.
fn shown(delta: &Delta) -> BTreeSet<MacAddr> {
    let rows = delta.presence.iter().filter_map(|change| match change {
        RowChange::Opened(row) => Some(row.mac),
        RowChange::Closed(..) => None,
    });
    let bindings = delta.addresses.iter().filter_map(|change| match change {
        RowChange::Opened(row) => Some(row.mac),
        RowChange::Closed(..) => None,
    });
    rows.chain(bindings).collect()
}

const HEARD: [(NeighbourProtocol, Table); 2] =
    [(NeighbourProtocol::Lldp, Table::Lldp), (NeighbourProtocol::Cdp, Table::Cdp)];

fn has_bridge(visit: &SwitchVisit) -> bool {
    !visit.fdb.is_empty() || visit.fdb_complete()
}

/// The record as this visit leaves it.
fn record_of(visit: &SwitchVisit, before: Option<&SwitchRecord>) -> SwitchRecord {
    let mut record = SwitchRecord {
        name: visit.target.clone(),
        site: visit.site.clone(),
        system: visit.system.clone().map(|system| SystemFacts { uptime_s: 0, ..system }),
        ports: visit.ports.clone(),
        neighbours: visit.neighbours.clone(),
        own_macs: visit.own_macs.clone(),
        address: Some(visit.address.ip()),
        bridge: has_bridge(visit),
    };
    let Some(before) = before else { return record };
    record.system = record.system.or_else(|| before.system.clone());
    record.bridge |= before.bridge;
    if !is_whole(visit, Table::Interfaces) {
        record.ports.clone_from(&before.ports);
        record.own_macs.clone_from(&before.own_macs);
    }
    for (protocol, table) in HEARD {
        if !is_whole(visit, table) {
            record.neighbours.retain(|neighbour| neighbour.protocol != protocol);
            let kept = before.neighbours.iter().filter(|neighbour| neighbour.protocol == protocol);
            record.neighbours.extend(kept.cloned());
        }
    }
    record
}

/// Whether a whole visit says what is known: the usual case, found out without a copy.
fn says_nothing_new(visit: &SwitchVisit, before: &SwitchRecord) -> bool {
    let system = match (&visit.system, &before.system) {
        (Some(now), Some(before)) => {
            (&now.name, &now.description, &now.object_id) == (&before.name, &before.description, &before.object_id)
        }
        (now, _) => now.is_none(),
    };
    let tables = is_whole(visit, Table::Interfaces) && HEARD.iter().all(|(_, table)| is_whole(visit, *table));
    system
        && tables
        && visit.site == before.site
        && Some(visit.address.ip()) == before.address
        && (before.bridge || !has_bridge(visit))
        && visit.ports == before.ports
        && visit.neighbours == before.neighbours
        && visit.own_macs == before.own_macs
}
