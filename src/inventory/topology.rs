//! Which ports lead to other polled switches. Only what changed is looked at again: a new address on an access switch
//! costs a look at its own port and at one count for each switch that has the address too.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{Inventory, Leads, Seat, SwitchState};
use crate::net::{MacAddr, TargetName};
use crate::observation::NeighbourProtocol;

/// How it is known that a port leads to a switch, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lead {
    /// That switch is heard there by LLDP or CDP.
    Heard,
    /// An address that is that switch's own is learned there.
    Own,
    /// Spanning tree names an address of that switch as the bridge towards the root on that port.
    Tree,
    /// What that switch has on its other ports is learned there.
    Overlap,
}

/// What has to be looked at again before every port is right.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    /// Ports with other evidence than before.
    pub(super) ports: BTreeSet<(TargetName, u32)>,
    /// Ports on which somebody is heard who is polled now, or no longer.
    pub(super) heard: BTreeSet<(TargetName, u32)>,
    /// Switches of which every port is looked at.
    pub(super) whole: BTreeSet<TargetName>,
    /// Pairs of switches, the lesser name first, whose common addresses differ.
    pub(super) pairs: BTreeSet<(TargetName, TargetName)>,
    /// How many addresses a port had before.
    pub(super) crowds: BTreeMap<(TargetName, u32), usize>,
}

/// Two switches, the lesser name first.
fn pair(one: &TargetName, other: &TargetName) -> (TargetName, TargetName) {
    if one < other { (one.clone(), other.clone()) } else { (other.clone(), one.clone()) }
}

/// How many addresses a port has, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Crowd {
    Sole,
    Few,
    Many,
}

impl Crowd {
    pub(super) fn of(count: usize) -> Self {
        match count {
            0 | 1 => Self::Sole,
            2 | 3 => Self::Few,
            _ => Self::Many,
        }
    }
}

/// The switches behind a port, for people: those heard there, else those known by what is learned there.
pub(super) fn words(leads: &Leads) -> String {
    let heard: Vec<&TargetName> =
        leads.iter().filter(|(_, lead)| **lead == Lead::Heard).map(|(name, _)| name).collect();
    let shown = if heard.is_empty() { leads.keys().collect() } else { heard };
    let mut text = shown.iter().take(2).map(|name| name.as_str()).collect::<Vec<_>>().join(" and ");
    if shown.len() > 2 {
        text += " and others";
    }
    text
}

impl SwitchState {
    /// A port with the aggregate it is a member of, or the aggregate with its members.
    pub(super) fn group(&self, port: u32) -> BTreeSet<u32> {
        let ports = &self.record.ports;
        let aggregate = ports.iter().find(|known| known.if_index == port).and_then(|known| known.lag).unwrap_or(port);
        let members = ports.iter().filter(|known| known.lag == Some(aggregate)).map(|known| known.if_index);
        members.chain([port, aggregate]).collect()
    }

    /// Whether a port is an aggregate: it has members, or its type is ieee8023adLag (IANAifType 161).
    pub(super) fn is_aggregate(&self, port: u32) -> bool {
        let ports = &self.record.ports;
        ports.iter().any(|known| known.lag == Some(port) || (known.if_index == port && known.if_type == Some(161)))
    }

    /// Whether a port leads to another polled switch.
    pub(super) fn leads_on(&self, port: u32) -> bool {
        self.leads.get(&port).is_some_and(|leads| !leads.is_empty())
    }

    /// Whether spanning tree keeps a port shut: nothing that is plugged in there is heard, so what is learned is old.
    pub(super) fn is_blocked(&self, port: u32) -> bool {
        let state =
            self.record.ports.iter().find(|known| known.if_index == port).and_then(|known| known.stp.as_deref());
        matches!(state, Some("blocking" | "discarding" | "broken"))
    }

    /// The bridge that spanning tree names on a port and that is not this one.
    pub(super) fn stranger_on(&self, port: u32) -> Option<MacAddr> {
        let port = self.record.ports.iter().find(|known| known.if_index == port)?;
        port.stp_bridge.filter(|bridge| bridge.is_device() && !self.record.own_macs.contains(bridge))
    }

    fn count_foreign(&mut self, port: u32, owner: &TargetName, more: bool) {
        if *owner == self.record.name {
            return;
        }
        let owners = self.foreign.entry(port).or_default();
        let count = owners.entry(owner.clone()).or_default();
        *count = if more { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            owners.remove(owner);
        }
    }
}

impl Inventory {
    /// Whose own address this is, if one polled device's alone.
    pub(super) fn owner(&self, mac: MacAddr) -> Option<&TargetName> {
        self.own.get(&mac).filter(|owners| owners.len() == 1).and_then(|owners| owners.first())
    }

    /// Brings the indexes in line with the rows of an address on a switch, which was on these ports before.
    pub(super) fn reseat(&mut self, name: &TargetName, mac: MacAddr, before: &Seat, dirty: &mut Dirty) {
        let owner = self.owner(mac).cloned();
        let Some(switch) = self.switches.get_mut(name) else { return };
        let now = switch.seat_of(mac);
        let steps = |before: &BTreeSet<u32>, now: &BTreeSet<u32>| -> Vec<(u32, bool)> {
            let gone = before.difference(now).map(|port| (*port, false));
            gone.chain(now.difference(before).map(|port| (*port, true))).collect()
        };
        for (port, more) in &steps(&before.all, &now.all) {
            let macs = switch.on_port.entry(*port).or_default();
            dirty.crowds.entry((name.clone(), *port)).or_insert(macs.len());
            if *more {
                macs.insert(mac);
            } else {
                macs.remove(&mac);
            }
            if macs.is_empty() {
                switch.on_port.remove(port);
            }
            if let Some(owner) = &owner {
                switch.count_foreign(*port, owner, *more);
                dirty.ports.insert((name.clone(), *port));
                dirty.pairs.insert(pair(name, owner));
            }
        }
        let remains = switch.rows_of(mac).next().is_some();
        let steps = steps(&before.seen, &now.seen);
        let others: Vec<TargetName> =
            self.seen_on.get(&mac).into_iter().flatten().filter(|other| *other != name).cloned().collect();
        for other in others.into_iter().filter(|_| !steps.is_empty()) {
            let theirs = self.switches.get(&other).map(|switch| switch.seat_of(mac)).unwrap_or_default();
            self.count_shared(name, &other, &steps, &theirs.seen);
            dirty.pairs.insert(pair(name, &other));
        }
        if remains {
            self.seen_on.entry(mac).or_default().insert(name.clone());
        } else if let Some(switches) = self.seen_on.get_mut(&mac) {
            switches.remove(name);
            if switches.is_empty() {
                self.seen_on.remove(&mac);
            }
        }
    }

    /// A polled device has an address of its own, or no longer has it.
    pub(super) fn set_own(&mut self, mac: MacAddr, name: &TargetName, has: bool, dirty: &mut Dirty) {
        let before = self.owner(mac).cloned();
        let owners = self.own.entry(mac).or_default();
        if has {
            owners.insert(name.clone());
        } else {
            owners.remove(name);
        }
        if owners.is_empty() {
            self.own.remove(&mac);
        }
        let now = self.owner(mac).cloned();
        if before == now {
            return;
        }
        for seeing in self.seen_on.get(&mac).cloned().unwrap_or_default() {
            let Some(switch) = self.switches.get_mut(&seeing) else { continue };
            for port in switch.seat_of(mac).all {
                for (owner, more) in [(&before, false), (&now, true)] {
                    if let Some(owner) = owner {
                        switch.count_foreign(port, owner, more);
                        dirty.pairs.insert(pair(&seeing, owner));
                    }
                }
                dirty.ports.insert((seeing.clone(), port));
            }
        }
    }

    /// Looks again at what is dirty. Returns whose place that touches.
    pub(super) fn retie(&mut self, dirty: Dirty) -> BTreeSet<MacAddr> {
        let mut ports: BTreeMap<TargetName, BTreeSet<u32>> = BTreeMap::new();
        for (name, port) in dirty.ports.iter().chain(&dirty.heard) {
            ports.entry(name.clone()).or_default().insert(*port);
        }
        for (first, second) in dirty.pairs {
            for (name, port) in self.compare(&first, &second) {
                ports.entry(name).or_default().insert(port);
            }
        }
        for name in dirty.whole {
            let Some(switch) = self.switches.get(&name) else { continue };
            let heard = switch.record.neighbours.iter().filter_map(|neighbour| neighbour.if_index);
            let known = switch.foreign.keys().chain(switch.leads.keys()).chain(switch.overlap.values());
            let bridged = switch.record.ports.iter().filter(|port| port.stp_bridge.is_some());
            let all = known.copied().chain(heard).chain(bridged.map(|port| port.if_index));
            ports.entry(name.clone()).or_default().extend(all);
        }
        let mut touched = BTreeSet::new();
        for (name, ports) in ports {
            touched.extend(self.classify(&name, &ports));
        }
        for (name, port) in dirty.heard {
            // What is behind an unpolled switch is behind a polled one now, or the other way round.
            let Some(switch) = self.switches.get(&name) else { continue };
            let group = switch.group(port).into_iter().filter(|member| !switch.leads_on(*member));
            touched.extend(group.filter_map(|member| switch.on_port.get(&member)).flatten());
        }
        for ((name, port), before) in dirty.crowds {
            let Some(switch) = self.switches.get(&name) else { continue };
            let macs = switch.on_port.get(&port);
            // On a port that leads to other switches it does not matter how many there are.
            if Crowd::of(before) != Crowd::of(macs.map_or(0, BTreeSet::len)) && !switch.leads_on(port) {
                touched.extend(macs.into_iter().flatten());
            }
        }
        touched
    }

    /// Finds the switches behind these ports and behind their aggregates. Returns whose place that touches.
    fn classify(&mut self, name: &TargetName, ports: &BTreeSet<u32>) -> BTreeSet<MacAddr> {
        let Some(switch) = self.switches.get(name) else { return BTreeSet::new() };
        let mut heard: BTreeMap<u32, BTreeSet<TargetName>> = BTreeMap::new();
        for neighbour in &switch.record.neighbours {
            let Some(port) = neighbour.if_index else { continue };
            let Some(peer) = self.resolve(name, neighbour) else { continue };
            // CDP passes through switches that do not speak it: where the peer's own address is learned on another
            // port and not on this one, the peer is there.
            if neighbour.protocol == NeighbourProtocol::Cdp {
                let group = switch.group(port);
                let on = |wanted: bool| {
                    let learned = switch.foreign.iter().filter(|(port, _)| group.contains(port) == wanted);
                    learned.into_iter().any(|(_, owners)| owners.contains_key(peer))
                };
                if on(false) && !on(true) {
                    continue;
                }
            }
            heard.entry(port).or_default().insert(peer.clone());
        }
        let tree: Vec<(u32, &TargetName)> = switch
            .record
            .ports
            .iter()
            .filter_map(|port| Some((port.if_index, self.owner(port.stp_bridge?)?)))
            .filter(|(_, peer)| *peer != name)
            .collect();
        let bridges = |peer: &&TargetName| self.switches.get(*peer).is_some_and(|state| state.record.bridge);
        // Common addresses are the weakest proof: devices that move from one switch to another look alike for a while.
        // They count where nothing better tells the way to that switch, and are looked at again with what does.
        let told: BTreeSet<&TargetName> =
            heard.values().flatten().chain(switch.foreign.values().flat_map(BTreeMap::keys)).collect();
        let ports: BTreeSet<u32> = ports.iter().chain(switch.overlap.values()).copied().collect();
        let mut found: Vec<(u32, Leads)> = Vec::new();
        let mut done: BTreeSet<u32> = BTreeSet::new();
        for port in &ports {
            if done.contains(port) {
                continue;
            }
            let group = switch.group(*port);
            let mut leads = Leads::new();
            for member in &group {
                let own = switch.foreign.get(member).into_iter().flat_map(BTreeMap::keys).map(|peer| (peer, Lead::Own));
                let heard = heard.get(member).into_iter().flatten().map(|peer| (peer, Lead::Heard));
                let tree = tree.iter().filter(|(port, _)| port == member).map(|(_, peer)| (*peer, Lead::Tree));
                let overlap = switch.overlap.iter().filter(|(peer, port)| *port == member && !told.contains(peer));
                let evidence = heard.chain(own).chain(tree).chain(overlap.map(|(peer, _)| (peer, Lead::Overlap)));
                for (peer, lead) in evidence.filter(|(peer, _)| bridges(peer)) {
                    let best = leads.entry(peer.clone()).or_insert(lead);
                    *best = lead.min(*best);
                }
            }
            found.extend(group.iter().map(|member| (*member, leads.clone())));
            done.extend(group);
        }
        let mut touched = BTreeSet::new();
        let Some(switch) = self.switches.get_mut(name) else { return touched };
        for (port, leads) in found {
            let before = if leads.is_empty() { switch.leads.remove(&port) } else { switch.leads.insert(port, leads) };
            let now = switch.leads.get(&port);
            if before.as_ref().map(words) != now.map(words) {
                touched.extend(switch.on_port.get(&port).into_iter().flatten());
            }
        }
        touched
    }
}
