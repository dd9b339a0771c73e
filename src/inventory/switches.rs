//! One visit to a switch, taken in: rows compared with those before, ports classified, devices settled.

use std::collections::BTreeSet;

use super::state::{Binding, Inventory, PASSES_TO_CLOSE, Row, RowKey, SwitchState};
use super::{AddressBinding, Delta, Estate, Presence, RowChange, SwitchRecord};
use crate::maker::Catalogue;
use crate::net::{DeviceId, MacAddr, PortName, TargetName, Timestamp};
use crate::observation::{Completeness, NeighbourProtocol, SwitchVisit, SystemFacts, Table};

impl Inventory {
    pub(super) fn absorb_switch(&mut self, visit: &SwitchVisit, estate: &Estate, catalogue: &Catalogue) -> Delta {
        let mut delta = Delta::default();
        if !visit.reach.answered() {
            return delta;
        }
        let at = visit.finished;
        let known_before = self.switches.get(&visit.target).is_some_and(|switch| switch.seen_whole);
        let mut touched: BTreeSet<MacAddr> = BTreeSet::new();
        self.take_record(visit, &mut delta, &mut touched);
        self.take_rows(visit, at, &mut delta, &mut touched);
        self.take_bindings(visit, at, &mut delta, &mut touched);
        touched.extend(self.classify_ports(&visit.target));
        if visit.fdb_complete()
            && let Some(switch) = self.switches.get_mut(&visit.target)
        {
            switch.seen_whole = true;
        }

        for mac in touched {
            if let Some(id) = self.device_for(mac, at, known_before.then_some(at), &mut delta) {
                self.hear_neighbour(&visit.target, mac, id, at);
                self.settle(id, estate, catalogue, at);
            }
        }
        delta.devices = self.take_dirty();
        delta
    }

    /// What is remembered of the switch itself. Only tables seen to their end replace what was known.
    fn take_record(&mut self, visit: &SwitchVisit, delta: &mut Delta, touched: &mut BTreeSet<MacAddr>) {
        let state = |table: Table| visit.tables.get(&table).map(|state| state.completeness);
        let whole = |table| matches!(state(table), Some(Completeness::Complete | Completeness::Unsupported));
        let before = self.switches.get(&visit.target).map(|switch| switch.record.clone());
        let mut record = SwitchRecord {
            name: visit.target.clone(),
            site: visit.site.clone(),
            system: visit.system.clone().map(|system| SystemFacts { uptime_s: 0, ..system }),
            ports: visit.ports.clone(),
            neighbours: visit.neighbours.clone(),
            own_macs: visit.own_macs.clone(),
        };
        if let Some(before) = &before {
            record.system = record.system.or_else(|| before.system.clone());
            if !whole(Table::Interfaces) {
                record.ports.clone_from(&before.ports);
                record.own_macs.clone_from(&before.own_macs);
            }
            for (protocol, table) in [(NeighbourProtocol::Lldp, Table::Lldp), (NeighbourProtocol::Cdp, Table::Cdp)] {
                if !whole(table) {
                    record.neighbours.retain(|neighbour| neighbour.protocol != protocol);
                    let kept = before.neighbours.iter().filter(|neighbour| neighbour.protocol == protocol);
                    record.neighbours.extend(kept.cloned());
                }
            }
        }
        if before.as_ref() == Some(&record) {
            return;
        }
        delta.switches.push(visit.target.clone());
        let own_before: BTreeSet<MacAddr> = before.iter().flat_map(|record| record.own_macs.iter().copied()).collect();
        let own_now: BTreeSet<MacAddr> = record.own_macs.iter().copied().collect();
        for mac in own_before.difference(&own_now) {
            self.own.remove(mac);
        }
        for mac in &own_now {
            self.own.insert(*mac, visit.target.clone());
        }
        if let Some(before) = &before {
            self.forget_names(before);
        }
        self.learn_names(&record);
        // A switch newly known by address or name may make ports of the others lead somewhere.
        let mut others: BTreeSet<TargetName> = BTreeSet::new();
        let renamed = before.as_ref().map(|record| &record.system) != Some(&record.system);
        if own_before != own_now || renamed {
            for mac in own_before.symmetric_difference(&own_now) {
                others.extend(self.seen_on.get(mac).into_iter().flatten().cloned());
                others.extend(self.heard_by.get(mac.to_string().as_str()).into_iter().flatten().cloned());
            }
            let given = record.system.as_ref().map(|system| system.name.as_str());
            for name in given.into_iter().chain([record.name.as_str()]) {
                others.extend(self.heard_by.get(name).into_iter().flatten().cloned());
            }
            others.remove(&visit.target);
        }
        match self.switches.get_mut(&visit.target) {
            Some(switch) => {
                switch.record = record;
                // Port names, the site or neighbours may differ: everything on this switch is looked at again.
                touched.extend(switch.rows.keys().map(|(mac, _)| *mac));
            }
            None => {
                self.switches.insert(visit.target.clone(), SwitchState::new(record));
            }
        }
        for other in others {
            touched.extend(self.classify_ports(&other));
        }
        // Addresses that turned out to be a switch's own are no end devices any more, and the other way round.
        touched.extend(own_before.symmetric_difference(&own_now));
        delta.retired.extend(own_now.iter().filter_map(|mac| self.by_mac.get(mac).copied()));
        for id in &delta.retired {
            self.devices.remove(id);
        }
        for mac in &own_now {
            self.by_mac.remove(mac);
        }
    }

    fn take_rows(&mut self, visit: &SwitchVisit, at: Timestamp, delta: &mut Delta, touched: &mut BTreeSet<MacAddr>) {
        let Some(switch) = self.switches.get_mut(&visit.target) else { return };
        let names: std::collections::BTreeMap<u32, &PortName> =
            switch.record.ports.iter().map(|port| (port.if_index, &port.name)).collect();
        let row_of = |key: RowKey, row: &Row| Presence {
            switch: visit.target.clone(),
            mac: key.0,
            vlan: key.1,
            if_index: row.if_index,
            port: row.port.clone(),
            first_seen: row.first_seen,
        };
        let mut now: BTreeSet<RowKey> = BTreeSet::new();
        let mut affected: BTreeSet<u32> = BTreeSet::new();
        for seen in visit.fdb.iter().filter(|row| row.status.is_presence() && row.mac.is_device()) {
            let key = (seen.mac, seen.vlan);
            if !now.insert(key) {
                continue;
            }
            if let Some(row) = switch.rows.get_mut(&key) {
                if row.if_index == seen.if_index || seen.if_index.is_none() {
                    if row.missed > 0 {
                        row.missed = 0;
                        touched.insert(seen.mac);
                    }
                    continue;
                }
                delta.presence.push(RowChange::Closed(row_of(key, row), at));
                affected.extend(row.if_index);
            }
            let port = match seen.if_index {
                Some(index) => {
                    names.get(&index).map_or_else(|| PortName::from(index.to_string()), |name| (*name).clone())
                }
                None => PortName::from(format!("bridge port {}", seen.bridge_port)),
            };
            let row = Row { if_index: seen.if_index, port, first_seen: at, missed: 0 };
            delta.presence.push(RowChange::Opened(row_of(key, &row)));
            affected.extend(row.if_index);
            switch.rows.insert(key, row);
            touched.insert(seen.mac);
            self.seen_on.entry(seen.mac).or_default().insert(visit.target.clone());
        }
        if visit.fdb_complete() {
            let absent: Vec<RowKey> = switch.rows.keys().filter(|key| !now.contains(key)).copied().collect();
            for key in absent {
                let Some(row) = switch.rows.get_mut(&key) else { continue };
                row.missed += 1;
                touched.insert(key.0);
                if row.missed >= PASSES_TO_CLOSE {
                    delta.presence.push(RowChange::Closed(row_of(key, row), at));
                    affected.extend(row.if_index);
                    switch.rows.remove(&key);
                }
            }
        }
        if affected.is_empty() {
            return;
        }
        // Whoever shares a port with what came or went may no longer be alone on it, or be alone now.
        let mut on_port: std::collections::BTreeMap<u32, BTreeSet<MacAddr>> = std::collections::BTreeMap::new();
        for ((mac, _), row) in &switch.rows {
            if let Some(port) = row.if_index {
                on_port.entry(port).or_default().insert(*mac);
            }
        }
        for port in affected {
            touched.extend(switch.on_port.get(&port).into_iter().chain(on_port.get(&port)).flatten());
        }
        switch.on_port = on_port;
        for mac in touched.iter() {
            let still = switch.rows.range((*mac, None)..).next().is_some_and(|((of, _), _)| of == mac);
            if let Some(switches) = self.seen_on.get_mut(mac).filter(|_| !still) {
                switches.remove(&visit.target);
            }
        }
    }

    fn take_bindings(
        &mut self,
        visit: &SwitchVisit,
        at: Timestamp,
        delta: &mut Delta,
        touched: &mut BTreeSet<MacAddr>,
    ) {
        let Some(switch) = self.switches.get_mut(&visit.target) else { return };
        let binding = |ip, mac, first_seen| AddressBinding { switch: visit.target.clone(), ip, mac, first_seen };
        let now: BTreeSet<_> =
            visit.arp.iter().filter(|row| row.mac.is_device()).map(|row| (row.ip, row.mac)).collect();
        let mut opened = Vec::new();
        let mut closed = Vec::new();
        for (ip, mac) in &now {
            match switch.bindings.get_mut(&(*ip, *mac)) {
                Some(row) => row.missed = 0,
                None => {
                    switch.bindings.insert((*ip, *mac), Binding { first_seen: at, missed: 0 });
                    delta.addresses.push(RowChange::Opened(binding(*ip, *mac, at)));
                    opened.push((*ip, *mac));
                }
            }
        }
        let state = |table| visit.tables.get(&table).map(|state| state.completeness);
        let tables = [state(Table::IpNetToMedia), state(Table::IpNetToPhysical)];
        let whole = tables.contains(&Some(Completeness::Complete))
            && tables.iter().all(|state| !matches!(state, Some(Completeness::Partial | Completeness::Failed)));
        if whole {
            let absent: Vec<_> = switch.bindings.keys().filter(|key| !now.contains(key)).copied().collect();
            for (ip, mac) in absent {
                let Some(row) = switch.bindings.get_mut(&(ip, mac)) else { continue };
                row.missed += 1;
                if row.missed >= PASSES_TO_CLOSE {
                    delta.addresses.push(RowChange::Closed(binding(ip, mac, row.first_seen), at));
                    switch.bindings.remove(&(ip, mac));
                    closed.push((ip, mac));
                }
            }
        }
        for (ip, mac) in opened {
            self.bind(ip, mac);
            touched.insert(mac);
        }
        for (ip, mac) in closed {
            self.unbind(ip, mac);
            touched.insert(mac);
            if let Some(device) = self.by_mac.get(&mac).and_then(|id| self.devices.get_mut(id)) {
                let bound = self.ips_of.get(&mac);
                device.ips.retain(|own| *own != ip || bound.is_some_and(|bound| bound.contains_key(own)));
            }
        }
    }

    /// Finds the ports of a switch that lead to other polled switches. Returns whose place that touches.
    pub(super) fn classify_ports(&mut self, name: &TargetName) -> BTreeSet<MacAddr> {
        let Some(switch) = self.switches.get(name) else { return BTreeSet::new() };
        let mut ports: BTreeSet<u32> = BTreeSet::new();
        let others = |mac: &MacAddr| self.own.get(mac).is_some_and(|owner| owner != name);
        ports.extend(switch.on_port.iter().filter(|(_, macs)| macs.iter().any(others)).map(|(port, _)| *port));
        for neighbour in &switch.record.neighbours {
            let Some(port) = neighbour.if_index else { continue };
            let by_mac = neighbour.chassis.as_str().parse().is_ok_and(|mac: MacAddr| others(&mac));
            let called = self.names.get(neighbour.system_name.as_str());
            let by_name = called.is_some_and(|switches| switches.iter().any(|other| other != name));
            if by_mac || by_name {
                ports.insert(port);
            }
        }
        // A member speaks for its aggregate and the aggregate for its members.
        let lags = || switch.record.ports.iter().filter_map(|port| Some((port.if_index, port.lag?)));
        let aggregates: BTreeSet<u32> = lags()
            .filter(|(member, aggregate)| ports.contains(member) || ports.contains(aggregate))
            .map(|(_, aggregate)| aggregate)
            .collect();
        ports.extend(lags().filter(|(_, aggregate)| aggregates.contains(aggregate)).map(|(member, _)| member));
        ports.extend(aggregates);
        let turned: Vec<u32> = ports.symmetric_difference(&switch.infrastructure).copied().collect();
        let touched = turned.iter().filter_map(|port| switch.on_port.get(port)).flatten().copied().collect();
        if let Some(switch) = self.switches.get_mut(name) {
            switch.infrastructure = ports;
        }
        touched
    }

    /// The device of a MAC address, made or united where need be. A switch's own address is none.
    fn device_for(
        &mut self,
        mac: MacAddr,
        at: Timestamp,
        appeared: Option<Timestamp>,
        delta: &mut Delta,
    ) -> Option<DeviceId> {
        if self.own.contains_key(&mac) || !mac.is_device() {
            return None;
        }
        let bound: Vec<_> = self.ips_of.get(&mac).into_iter().flat_map(|bound| bound.keys().copied()).collect();
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
                let rows = self.seen_on.get(&mac).is_some_and(|switches| !switches.is_empty());
                (rows || !bound.is_empty()).then(|| self.create(Some(mac), at, appeared.filter(|_| rows)))
            }
        }
    }

    /// What the switch heard of a device by LLDP or CDP on the port that has its address.
    fn hear_neighbour(&mut self, name: &TargetName, mac: MacAddr, id: DeviceId, at: Timestamp) {
        let Some(switch) = self.switches.get(name) else { return };
        let is_it = |text: &str| text.parse::<MacAddr>().is_ok_and(|heard| heard == mac);
        let heard = switch.record.neighbours.iter().find(|neighbour| {
            let on_its_port =
                neighbour.if_index.and_then(|port| switch.on_port.get(&port)).is_some_and(|macs| macs.contains(&mac));
            on_its_port && (is_it(neighbour.chassis.as_str()) || is_it(neighbour.port.as_str()))
        });
        let Some(heard) = heard else { return };
        let facts = (heard.system_description.clone(), heard.capabilities.clone());
        let Some(device) = self.devices.get_mut(&id) else { return };
        let same =
            device.facts.neighbour.as_ref().is_some_and(|(text, words, _)| (text, words) == (&facts.0, &facts.1));
        if !same {
            device.facts.neighbour = Some((facts.0, facts.1, at));
            self.dirty.insert(id);
        }
    }

    /// A switch is no longer polled: its rows end here, and what was on it is no longer placed.
    pub fn forget_switch(&mut self, name: &TargetName, estate: &Estate, catalogue: &Catalogue, at: Timestamp) -> Delta {
        let mut delta = Delta::default();
        let Some(switch) = self.switches.remove(name) else { return delta };
        self.forget_names(&switch.record);
        let mut touched: BTreeSet<MacAddr> = BTreeSet::new();
        for ((mac, vlan), row) in switch.rows {
            touched.insert(mac);
            if let Some(switches) = self.seen_on.get_mut(&mac) {
                switches.remove(name);
            }
            let Row { if_index, port, first_seen, .. } = row;
            delta
                .presence
                .push(RowChange::Closed(Presence { switch: name.clone(), mac, vlan, if_index, port, first_seen }, at));
        }
        for ((ip, mac), row) in switch.bindings {
            touched.insert(mac);
            self.unbind(ip, mac);
            let binding = AddressBinding { switch: name.clone(), ip, mac, first_seen: row.first_seen };
            delta.addresses.push(RowChange::Closed(binding, at));
        }
        self.own.retain(|_, owner| owner != name);
        let others: Vec<TargetName> = self.switches.keys().cloned().collect();
        for other in others {
            touched.extend(self.classify_ports(&other));
        }
        for mac in touched {
            if let Some(id) = self.by_mac.get(&mac).copied() {
                self.settle(id, estate, catalogue, at);
            }
        }
        delta.devices = self.take_dirty();
        delta
    }
}
