//! Where a device is: which of the ports that learned its address is the one it is plugged into.
//!
//! The answer follows from the rows that are open, not from the order in which switches were asked. What was believed
//! before counts only where nothing is seen any more: a device that is gone keeps its last certain place.

use super::certainty::{Confidence, Evidence, weight};
use super::neighbours::{is_device, name_of};
use super::past::leaves_certain;
use super::state::{Inventory, Row};
use super::topology::{Crowd, words};
use super::{Certainty, Device, Estate, FormerPlace, Place, Presence, Rival};
use crate::net::{DeviceId, MacAddr, TargetName, Timestamp, VlanId};
use crate::observation::OperStatus;

/// A row that may be the place.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) switch: &'a TargetName,
    pub(super) vlan: Option<VlanId>,
    pub(super) row: &'a Row,
    pub(super) if_index: u32,
    /// The port leads to another polled switch, or spanning tree keeps it shut because a bridge is behind it.
    pub(super) uplink: bool,
}

impl Candidate<'_> {
    fn is_on(&self, other: &Candidate<'_>) -> bool {
        self.switch == other.switch && self.if_index == other.if_index
    }

    fn label(&self) -> String {
        format!("{} port {}", self.switch, self.row.port)
    }
}

/// How a row that shows a device stands to the place it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The place rests on it.
    Chosen,
    /// The same port in another VLAN.
    OtherVlan,
    /// A port that shows it just as well: it cannot be told which is right.
    Rival,
    /// A port on the way to it: other polled switches lie behind.
    Upstream,
    /// The switch's own numbers do not tell which port it is.
    Unresolved,
}

impl Place {
    /// How an open row of the device stands to its place.
    #[must_use]
    pub fn standing(&self, row: &Presence) -> Standing {
        let here = self.switch.as_ref() == Some(&row.switch) && self.port.as_ref() == Some(&row.port);
        let rival = |rival: &Rival| rival.switch == row.switch && rival.port == row.port;
        match (here, row.if_index) {
            (_, None) => Standing::Unresolved,
            // A switch that tells no VLAN has one row for all.
            (true, _) if self.vlan == row.vlan || row.vlan.is_none() => Standing::Chosen,
            (true, _) => Standing::OtherVlan,
            (false, _) if self.rivals.iter().any(rival) => Standing::Rival,
            (false, _) => Standing::Upstream,
        }
    }

    pub(super) fn is_certain(&self) -> bool {
        matches!(self.certainty, Certainty::Direct | Certainty::Shared)
    }

    /// This place as one that was left.
    pub(super) fn former(&self, until: Timestamp) -> Option<FormerPlace> {
        Some(FormerPlace {
            switch: self.switch.clone()?,
            port: self.port.clone(),
            if_index: self.if_index,
            vlan: self.vlan,
            network: self.network.clone(),
            site: self.site.clone(),
            certainty: None,
            since: self.since,
            until,
            before: None,
        })
    }
}

impl Inventory {
    pub(super) fn candidates(&self, mac: MacAddr) -> Vec<Candidate<'_>> {
        let mut found = Vec::new();
        for name in self.seen_on.get(&mac).into_iter().flatten() {
            let Some((switch, state)) = self.switches.get_key_value(name) else { continue };
            for (vlan, row) in state.rows_of(mac) {
                let Some(if_index) = row.if_index else { continue };
                found.push(Candidate {
                    switch,
                    vlan,
                    row,
                    if_index,
                    uplink: state.leads_on(if_index) || state.is_blocked(if_index),
                });
            }
        }
        found
    }

    /// How near to a device a port is: heard there by name, alone there, one of a few, one of many.
    fn distance(&self, device: &Device, candidate: &Candidate<'_>) -> u8 {
        let Some(state) = self.switches.get(candidate.switch) else { return u8::MAX };
        if state.heard_on(candidate.if_index).any(|neighbour| is_device(neighbour, device.mac, &device.ips)) {
            return 0;
        }
        if self.unpolled_on(candidate.switch, candidate.if_index, device).is_some() {
            return 4;
        }
        match self.crowd(candidate) {
            Crowd::Sole => 1,
            Crowd::Few => 2,
            Crowd::Many => 3,
        }
    }

    fn crowd(&self, candidate: &Candidate<'_>) -> Crowd {
        let macs = self.switches.get(candidate.switch).and_then(|state| state.on_port.get(&candidate.if_index));
        Crowd::of(macs.map_or(0, std::collections::BTreeSet::len))
    }

    /// The row a device is placed by. A row absent from its switch's last complete pass gives way to one that is not;
    /// of those that are seen, ports that lead to no other switch go first, then the nearest port, then the one it
    /// came to first: it is left when its own switch was seen without it.
    pub(super) fn choose<'a>(&self, device: &Device, candidates: &[Candidate<'a>]) -> Option<Candidate<'a>> {
        // Of what is seen no more, the place it came to last.
        let order = |candidate: &&Candidate<'a>, distance: u8| {
            let place = (candidate.switch, candidate.if_index, candidate.vlan);
            let (missed, arrived) = (candidate.row.missed > 0, candidate.row.arrived.0);
            if missed { (missed, 0, -arrived, place) } else { (missed, distance, arrived, place) }
        };
        let edges = candidates.iter().filter(|candidate| !candidate.uplink);
        edges
            .min_by_key(|candidate| order(candidate, self.distance(device, candidate)))
            .or_else(|| candidates.iter().min_by_key(|candidate| order(candidate, 0)))
            .copied()
    }

    /// The place of a device by all open rows; the last certain one, marked gone, where there are none any more.
    pub(super) fn place(&self, device: &Device, estate: &Estate, at: Timestamp) -> Place {
        let before = &device.place;
        let candidates = device.mac.map(|mac| self.candidates(mac)).unwrap_or_default();
        let Some(port) = self.choose(device, &candidates) else {
            return self.placeless(device, estate, at);
        };
        if port.uplink && port.row.missed > 0 && leaves_certain(before, &candidates) {
            // Only rows that are going too are left of it.
            return self.placeless(device, estate, at);
        }
        let here = candidates.iter().filter(|other| other.is_on(&port)).copied();
        let chosen = self.choose_row(device, estate, here).unwrap_or(port);
        let vlan = chosen.vlan.or_else(|| self.infer_vlan(device, &chosen, &candidates));
        let mut rivals: Vec<Rival> = Vec::new();
        for other in candidates.iter().filter(|other| !other.uplink && !other.is_on(&chosen) && other.row.missed == 0) {
            rivals.push(Rival {
                since: other.row.first_seen,
                switch: other.switch.clone(),
                port: other.row.port.clone(),
                if_index: other.if_index,
                vlan: other.vlan,
            });
        }
        rivals.sort_unstable();
        rivals.dedup();
        if chosen.row.missed > 0 || chosen.uplink {
            rivals.clear();
        }
        let (certainty, confidence, reasons) = if chosen.uplink {
            self.on_the_way(&chosen, &candidates)
        } else {
            self.at_the_edge(device, &chosen, vlan, &candidates, &rivals)
        };
        let site = self.switches.get(chosen.switch).map(|state| state.record.site.clone());
        let mut now = Place {
            switch: Some(chosen.switch.clone()),
            port: Some(chosen.row.port.clone()),
            if_index: Some(chosen.if_index),
            vlan,
            network: None,
            network_kind: None,
            site,
            certainty,
            confidence,
            since: chosen.row.first_seen,
            gone: None,
            reasons,
            rivals,
            before: None,
        };
        let reason = estate.name_network(&mut now, &device.ips, &self.routed(device));
        now.reasons.extend(reason);
        self.follow(device, now, &candidates, estate, at)
    }

    /// Where an address is by the rows that are open now, whoever has it: a polled switch's own address is placed like
    /// any other, though it is no end device.
    #[must_use]
    pub fn place_of(&self, mac: MacAddr, estate: &Estate, at: Timestamp) -> Place {
        match self.device_of(mac) {
            Some(device) => device.place.clone(),
            None => self.place(&Device::new(DeviceId(0), Some(mac), at, None), estate, at),
        }
    }

    /// What is known of a port that leads to no other switch.
    fn at_the_edge(
        &self,
        device: &Device,
        chosen: &Candidate<'_>,
        vlan: Option<VlanId>,
        candidates: &[Candidate<'_>],
        rivals: &[Rival],
    ) -> (Certainty, Confidence, Vec<String>) {
        let mut evidence = Evidence::default();
        let label = chosen.label();
        evidence.add(weight::ONLY_EDGE, format!("its address was learned on {label}, which leads to no other switch"));
        let state = self.switches.get(chosen.switch);
        let heard = state.is_some_and(|state| {
            state.heard_on(chosen.if_index).any(|neighbour| is_device(neighbour, device.mac, &device.ips))
        });
        let unpolled = self.unpolled_on(chosen.switch, chosen.if_index, device);
        let crowd = self.crowd(chosen);
        let mut certainty = Certainty::Shared;
        if heard {
            certainty = Certainty::Direct;
            evidence.add(weight::HEARD, "the switch hears it there by LLDP or CDP".to_owned());
        }
        if let Some(neighbour) = unpolled {
            let name = name_of(neighbour);
            let address = neighbour.addresses.first().map(|ip| format!(" at {ip}")).unwrap_or_default();
            let reason = format!("behind '{name}'{address}, which is not polled: add it to place it closer");
            evidence.add(weight::BEHIND_UNPOLLED, reason);
        } else if crowd == Crowd::Sole {
            certainty = Certainty::Direct;
            evidence.add(weight::SOLE, "it is the only device there".to_owned());
        } else {
            let phone = state.into_iter().flat_map(|state| state.heard_on(chosen.if_index)).find(|neighbour| {
                neighbour.capabilities.iter().any(|word| word == "telephone")
                    && !is_device(neighbour, device.mac, &device.ips)
            });
            let beside = match phone {
                Some(phone) if crowd == Crowd::Few => format!(", behind telephone '{}'", name_of(phone)),
                _ if heard => ": what else is there hangs on it or beside it".to_owned(),
                _ => String::new(),
            };
            let weight = if crowd == Crowd::Many { weight::MANY } else { 0.0 };
            evidence.add(weight, format!("it is one of several devices there{beside}"));
        }
        let port = state.and_then(|state| state.record.ports.iter().find(|port| port.if_index == chosen.if_index));
        if let Some(port) = port {
            if port.poe.as_deref().is_some_and(|word| word.starts_with("deliver")) && crowd == Crowd::Sole {
                evidence.add(weight::POWERED, "the port powers what is plugged in".to_owned());
            }
            if matches!(port.oper, OperStatus::Down | OperStatus::NotPresent | OperStatus::LowerLayerDown) {
                evidence.add(weight::PORT_DOWN, "the port is down".to_owned());
            }
        }
        if let Some(bridge) = state.and_then(|state| state.stranger_on(chosen.if_index)).filter(|_| unpolled.is_none())
        {
            let reason = format!("spanning tree names bridge {bridge} on that port, which is not polled");
            evidence.add(weight::STRANGE_BRIDGE, reason);
        }
        if state.is_some_and(|state| !state.seen_whole) {
            evidence.add(weight::NOT_WHOLE, "the switch's table was never seen to its end".to_owned());
        }
        match (chosen.vlan, vlan) {
            (Some(_), _) => {}
            (None, Some(vlan)) => {
                let reason = format!("the switch does not tell the VLAN; others show it in VLAN {vlan}");
                evidence.reasons.push(reason);
            }
            (None, None) => {
                let untagged = port.and_then(|port| port.pvid);
                let guess = untagged.map(|vlan| format!("; untagged frames there are in VLAN {vlan}"));
                let reason = format!("the switch does not tell the VLAN{}", guess.unwrap_or_default());
                evidence.add(weight::NO_VLAN, reason);
            }
        }
        let mut others: Vec<VlanId> = Vec::new();
        others.extend(candidates.iter().filter(|other| other.is_on(chosen)).filter_map(|other| other.vlan));
        others.retain(|other| Some(*other) != chosen.vlan);
        evidence.reasons.extend(others.iter().map(|other| format!("it is on that port in VLAN {other} too")));
        let mut confidence = evidence.confidence();
        let mut reasons = evidence.reasons;
        if !rivals.is_empty() {
            let aggregate = |candidate: &Candidate<'_>| {
                self.switches.get(candidate.switch).is_some_and(|state| state.is_aggregate(candidate.if_index))
            };
            let on_rival = |other: &&Candidate<'_>| !other.uplink && !other.is_on(chosen) && other.row.missed == 0;
            let both = aggregate(chosen)
                && candidates
                    .iter()
                    .filter(on_rival)
                    .all(|other| aggregate(other) && other.switch != chosen.switch && other.vlan == chosen.vlan);
            for rival in rivals {
                reasons.push(format!("also seen on {} port {}", rival.switch, rival.port));
            }
            if both {
                reasons.push("all are aggregates in one VLAN: one link to several switches, all are right".to_owned());
            } else {
                let why = "a move under way, a loop, or a second device with this address: which port is right is open";
                reasons.push(why.to_owned());
                confidence = confidence.min(Confidence::DOUBTFUL);
            }
        }
        (certainty, confidence, reasons)
    }

    /// What is known where every port that shows it leads to other switches.
    fn on_the_way(&self, chosen: &Candidate<'_>, candidates: &[Candidate<'_>]) -> (Certainty, Confidence, Vec<String>) {
        let leads = |candidate: &Candidate<'_>| {
            self.switches.get(candidate.switch).and_then(|state| state.leads.get(&candidate.if_index))
        };
        let behind = leads(chosen);
        let way =
            behind.map_or_else(|| "spanning tree blocks".to_owned(), |leads| format!("leads to {}", words(leads)));
        let mut reasons = vec![format!("its address was learned on {}, which {way}", chosen.label())];
        let facing = candidates.iter().find(|other| {
            let there = behind.is_some_and(|leads| leads.contains_key(other.switch));
            other.row.missed == 0 && there && leads(other).is_some_and(|leads| leads.contains_key(chosen.switch))
        });
        if let Some(other) = facing {
            let between = format!("{} faces it and shows it too: it hangs between them, or beyond both", other.label());
            reasons.push(between);
            return (Certainty::Beyond, Confidence::DOUBTFUL, reasons);
        }
        reasons.push("no polled switch shows it on a port of its own: it is somewhere beyond".to_owned());
        (Certainty::Beyond, Confidence::BEYOND, reasons)
    }
}
