//! Forwarding rows and address bindings of a visit, compared with those before.
//!
//! Both sides are walked in order once; only what differs costs more. A row is closed after three complete passes
//! without it, never because a switch was silent or a table was cut.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::state::{Binding, BindingKey, Inventory, PASSES_TO_CLOSE, Row, RowKey, Seat, SwitchState};
use super::topology::Dirty;
use super::{AddressBinding, Delta, Presence, RowChange};
use crate::net::{MacAddr, PortName, TargetName, Timestamp};
use crate::observation::{Completeness, FdbRow, OperStatus, Port, SwitchVisit, Table};

/// What differs for one key.
enum Step<K, T> {
    /// Only the visit has it, or has it elsewhere.
    Put(K, T),
    /// It is back after a pass without it.
    Back(K),
    /// Only what was known has it.
    Absent(K),
}

/// Walks known and seen keys in order; `same` says whether a known row stands as it is seen.
fn differences<'a, K: Ord + Clone + 'a, V: 'a, T: Copy>(
    known: impl Iterator<Item = (&'a K, &'a V)>,
    seen: &[(K, T)],
    same: impl Fn(&V, T) -> bool,
    missed: impl Fn(&V) -> bool,
) -> Vec<Step<K, T>> {
    let mut steps = Vec::new();
    let mut known = known.peekable();
    let mut seen = seen.iter().peekable();
    loop {
        let order = match (known.peek(), seen.peek()) {
            (None, None) => return steps,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((key, _)), Some((other, _))) => key.cmp(&other),
        };
        let old = if order.is_le() { known.next() } else { None };
        let new = if order.is_ge() { seen.next() } else { None };
        match (old, new) {
            (Some((_, value)), Some((key, row))) if !same(value, *row) => steps.push(Step::Put(key.clone(), *row)),
            (Some((key, value)), Some(_)) if missed(value) => steps.push(Step::Back(key.clone())),
            (Some((key, _)), None) => steps.push(Step::Absent(key.clone())),
            (None, Some((key, row))) => steps.push(Step::Put(key.clone(), *row)),
            _ => {}
        }
    }
}

fn presence(switch: &TargetName, key: RowKey, row: &Row) -> Presence {
    let (mac, vlan) = key;
    let Row { if_index, port, first_seen, .. } = row;
    Presence { switch: switch.clone(), mac, vlan, if_index: *if_index, port: port.clone(), first_seen: *first_seen }
}

impl SwitchState {
    /// Whether an empty forwarding database is believed: several ports that had addresses are still up, and not one
    /// address is left on any. A context that is refused or an agent that still starts looks like that.
    fn is_emptied(&self, seen: usize) -> bool {
        let up =
            |port: &u32| self.record.ports.iter().any(|known| known.if_index == *port && known.oper == OperStatus::Up);
        seen == 0 && self.on_port.keys().filter(|port| up(port)).count() > 1
    }
}

impl Inventory {
    /// Takes in the forwarding rows of a visit.
    pub(super) fn take_rows(
        &mut self,
        visit: &SwitchVisit,
        delta: &mut Delta,
        touched: &mut BTreeSet<MacAddr>,
        dirty: &mut Dirty,
    ) {
        let (name, at) = (&visit.target, visit.finished);
        let Some(switch) = self.switches.get_mut(name) else { return };
        let is_row = |row: &&FdbRow| row.status.is_presence() && row.mac.is_device();
        let mut seen: Vec<(RowKey, &FdbRow)> =
            visit.fdb.iter().filter(is_row).map(|row| ((row.mac, row.vlan), row)).collect();
        seen.sort_by_key(|(key, _)| *key);
        seen.dedup_by_key(|(key, _)| *key);
        let same = |row: &Row, seen: &FdbRow| row.if_index == seen.if_index || seen.if_index.is_none();
        let steps = differences(switch.rows.iter(), &seen, same, |row| row.missed > 0);
        let whole = visit.fdb_complete() && !switch.is_emptied(seen.len());
        let puts = steps.iter().any(|step| matches!(step, Step::Put(..)));
        let ports = switch.record.ports.iter().filter(|_| puts);
        let names: BTreeMap<u32, PortName> = ports.map(|port| (port.if_index, port.name.clone())).collect();
        let mut before: BTreeMap<MacAddr, Seat> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Put(key, row) => {
                    before.entry(key.0).or_insert_with(|| switch.seat_of(key.0));
                    let port = match row.if_index {
                        Some(index) => names.get(&index).cloned().unwrap_or_else(|| index.to_string().into()),
                        None => PortName::from(format!("bridge port {}", row.bridge_port)),
                    };
                    let old = switch.rows.remove(&key);
                    if let Some(old) = &old {
                        delta.presence.push(RowChange::Closed(presence(name, key, old), at));
                    }
                    // The same port under another number, or resolved at last, is no new row.
                    let kept = old.filter(|old| old.port == port);
                    let first_seen = kept.as_ref().map_or(at, |old| old.first_seen);
                    let arrived = kept.map_or(at, |old| old.arrived);
                    let new = Row { if_index: row.if_index, port, first_seen, arrived, missed: 0 };
                    delta.presence.push(RowChange::Opened(presence(name, key, &new)));
                    switch.rows.insert(key, new);
                    touched.insert(key.0);
                }
                Step::Back(key) => {
                    before.entry(key.0).or_insert_with(|| switch.seat_of(key.0));
                    if let Some(row) = switch.rows.get_mut(&key) {
                        row.missed = 0;
                        row.arrived = at;
                        touched.insert(key.0);
                    }
                }
                Step::Absent(key) if whole => {
                    before.entry(key.0).or_insert_with(|| switch.seat_of(key.0));
                    let Some(row) = switch.rows.get_mut(&key) else { continue };
                    row.missed += 1;
                    touched.insert(key.0);
                    if row.missed >= PASSES_TO_CLOSE {
                        delta.presence.push(RowChange::Closed(presence(name, key, row), at));
                        switch.rows.remove(&key);
                    }
                }
                Step::Absent(_) => {}
            }
        }
        if whole {
            switch.seen_whole = true;
            delta.rows_whole = true;
        }
        for (mac, seat) in before {
            self.reseat(name, mac, &seat, dirty);
        }
    }

    /// Takes in the address table of a visit.
    pub(super) fn take_bindings(&mut self, visit: &SwitchVisit, delta: &mut Delta, touched: &mut BTreeSet<MacAddr>) {
        let (name, at) = (&visit.target, visit.finished);
        let Some(switch) = self.switches.get_mut(name) else { return };
        let rows = visit.arp.iter().filter(|row| row.mac.is_device());
        let mut seen: Vec<(BindingKey, u32)> =
            rows.map(|row| ((row.ip, row.mac, row.vrf.clone()), row.if_index)).collect();
        seen.sort_unstable();
        seen.dedup_by(|(later, _), (key, _)| later == key);
        let same = |binding: &Binding, index: u32| binding.if_index == Some(index);
        let steps = differences(switch.bindings.iter(), &seen, same, |binding| binding.missed > 0);
        let state = |table| visit.tables.get(&table).map(|state| state.completeness);
        let tables = [state(Table::IpNetToMedia), state(Table::IpNetToPhysical)];
        let vrfs = state(Table::VrfArp);
        let whole = tables.contains(&Some(Completeness::Complete))
            && tables
                .iter()
                .chain([&vrfs])
                .all(|state| !matches!(state, Some(Completeness::Partial | Completeness::Failed)));
        let binding = |(ip, mac, vrf): BindingKey, first_seen| {
            let switch = name.clone();
            AddressBinding { switch, ip, mac, vrf, first_seen }
        };
        let (mut opened, mut closed) = (Vec::new(), Vec::new());
        for step in steps {
            match step {
                Step::Put(key, index) => match switch.bindings.get_mut(&key) {
                    Some(known) => {
                        // Which interface it was is not stored: the first pass after a start only fills it in.
                        if known.if_index.replace(index).is_some() {
                            touched.insert(key.1);
                        }
                        known.missed = 0;
                    }
                    None => {
                        opened.push((key.0, key.1));
                        delta.addresses.push(RowChange::Opened(binding(key.clone(), at)));
                        switch.bindings.insert(key, Binding { first_seen: at, if_index: Some(index), missed: 0 });
                    }
                },
                Step::Back(key) => {
                    if let Some(known) = switch.bindings.get_mut(&key) {
                        known.missed = 0;
                    }
                }
                Step::Absent(key) if whole => {
                    let Some(known) = switch.bindings.get_mut(&key) else { continue };
                    known.missed += 1;
                    if known.missed >= PASSES_TO_CLOSE {
                        delta.addresses.push(RowChange::Closed(binding(key.clone(), known.first_seen), at));
                        switch.bindings.remove(&key);
                        closed.push((key.0, key.1));
                    }
                }
                Step::Absent(_) => {}
            }
        }
        for (ip, mac) in opened {
            self.bind(name, ip, mac);
            touched.insert(mac);
        }
        for (ip, mac) in closed {
            self.unbind(name, ip, mac);
            touched.insert(mac);
            if let Some(device) = self.by_mac.get(&mac).and_then(|id| self.devices.get_mut(id)) {
                let bound = self.ips_of.get(&mac);
                let before = device.ips.len();
                device.ips.retain(|own| *own != ip || bound.is_some_and(|bound| bound.contains_key(own)));
                if device.ips.len() != before {
                    self.dirty.insert(device.id);
                }
            }
        }
        if whole && let Some(switch) = self.switches.get_mut(name) {
            switch.addresses_whole = true;
        }
    }

    /// An interface has another number than before (a reboot, a changed stack): rows go with its name. Rows of a port
    /// that is not there any more wait, without a number, for it to come back or for three passes without them.
    pub(super) fn renumber(
        &mut self,
        name: &TargetName,
        before: &[Port],
        at: Timestamp,
        delta: &mut Delta,
        dirty: &mut Dirty,
    ) -> BTreeSet<MacAddr> {
        let Some(switch) = self.switches.get_mut(name) else { return BTreeSet::new() };
        let mut numbers: BTreeMap<&PortName, Option<u32>> = BTreeMap::new();
        for port in &switch.record.ports {
            // A name that several ports have tells nothing.
            numbers.entry(&port.name).and_modify(|number| *number = None).or_insert(Some(port.if_index));
        }
        let names: BTreeMap<u32, &PortName> =
            switch.record.ports.iter().map(|port| (port.if_index, &port.name)).collect();
        let known: BTreeSet<&PortName> = before.iter().map(|port| &port.name).collect();
        let mut moves: Vec<(RowKey, Option<u32>, PortName)> = Vec::new();
        for (key, row) in &switch.rows {
            let Some(index) = row.if_index else { continue };
            let now = names.get(&index).copied();
            match numbers.get(&row.port) {
                _ if now == Some(&row.port) => {}
                Some(Some(number)) => moves.push((*key, Some(*number), row.port.clone())),
                Some(None) => {}
                // The number stays and the name is a new one: the port was given another name.
                None => match now.filter(|now| !known.contains(now)) {
                    Some(now) => moves.push((*key, Some(index), now.clone())),
                    None => moves.push((*key, None, row.port.clone())),
                },
            }
        }
        let mut seats: BTreeMap<MacAddr, Seat> = BTreeMap::new();
        for (key, if_index, port) in moves {
            seats.entry(key.0).or_insert_with(|| switch.seat_of(key.0));
            let Some(row) = switch.rows.get_mut(&key) else { continue };
            delta.presence.push(RowChange::Closed(presence(name, key, row), at));
            (row.if_index, row.port) = (if_index, port);
            delta.presence.push(RowChange::Opened(presence(name, key, row)));
        }
        let touched = seats.keys().copied().collect();
        for (mac, ports) in seats {
            self.reseat(name, mac, &ports, dirty);
        }
        touched
    }
}
