//! Where a device is: which of the ports that learned its address is the one it is plugged into.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::state::{Inventory, Row};
use super::{Certainty, Device, Estate, Place};
use crate::net::{MacAddr, TargetName, Timestamp, VlanId};

/// A row that may be the place.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    switch: &'a TargetName,
    vlan: Option<VlanId>,
    row: &'a Row,
    if_index: u32,
    /// The port leads to another polled switch.
    infrastructure: bool,
}

impl Inventory {
    fn candidates(&self, mac: MacAddr) -> Vec<Candidate<'_>> {
        let mut found = Vec::new();
        for name in self.seen_on.get(&mac).into_iter().flatten() {
            let Some((switch, state)) = self.switches.get_key_value(name) else { continue };
            for ((_, vlan), row) in state.rows.range((mac, None)..).take_while(|((of, _), _)| *of == mac) {
                let Some(if_index) = row.if_index else { continue };
                let infrastructure = state.infrastructure.contains(&if_index);
                found.push(Candidate { switch, vlan: *vlan, row, if_index, infrastructure });
            }
        }
        found
    }

    /// The place of a device by all open rows; the last one, marked gone, where there are none any more.
    pub(super) fn place(&self, device: &Device, estate: &Estate, at: Timestamp) -> Place {
        let before = &device.place;
        let candidates = device.mac.map(|mac| self.candidates(mac)).unwrap_or_default();
        let stays = |candidate: &&Candidate<'_>| {
            before.switch.as_ref() == Some(candidate.switch) && before.if_index == Some(candidate.if_index)
        };
        // A row absent from its switch's last complete pass gives way to one that is not; a present place stays
        // until its own switch was seen without it; else the newest row wins, whatever the order of polling.
        let best = |candidate: &&Candidate<'_>| {
            let place = (candidate.switch.clone(), candidate.if_index, candidate.vlan);
            (candidate.row.missed > 0, !stays(candidate), Reverse(candidate.row.first_seen), place)
        };
        let edge = candidates.iter().filter(|candidate| !candidate.infrastructure).min_by_key(best);
        let Some(port) = edge.or_else(|| candidates.iter().min_by_key(best)).copied() else {
            return self.placeless(device, estate, at);
        };
        let same_port = |other: &&Candidate<'_>| other.switch == port.switch && other.if_index == port.if_index;
        let chosen = self.choose_vlan(device, estate, candidates.iter().filter(same_port).copied()).unwrap_or(port);

        let mut reasons = Vec::new();
        let label = |candidate: &Candidate<'_>| format!("{} port {}", candidate.switch, candidate.row.port);
        let (certainty, why) = self.certainty(&chosen);
        reasons.push(format!("its address was learned on {}: {why}", label(&chosen)));
        let vlans: BTreeSet<VlanId> = candidates.iter().filter(same_port).filter_map(|other| other.vlan).collect();
        for vlan in vlans.iter().filter(|vlan| Some(**vlan) != chosen.vlan) {
            reasons.push(format!("it is on that port in VLAN {vlan} too"));
        }
        if chosen.vlan.is_none() {
            reasons.push("the switch does not tell the VLAN".to_owned());
        }
        for other in candidates.iter().filter(|other| !other.infrastructure && !same_port(other)) {
            let state = if other.row.missed > 0 { "no longer seen on" } else { "also seen on" };
            reasons.push(format!("{state} {}", label(other)));
        }

        let site = self.switches.get(chosen.switch).map(|state| state.record.site.clone());
        let network = estate.network_of(site.as_ref(), chosen.vlan, &device.ips);
        let moved = before.switch.as_ref() != Some(chosen.switch)
            || before.if_index != Some(chosen.if_index)
            || before.vlan != chosen.vlan;
        Place {
            switch: Some(chosen.switch.clone()),
            port: Some(chosen.row.port.clone()),
            if_index: Some(chosen.if_index),
            vlan: chosen.vlan,
            network: network.map(|network| network.id.clone()),
            network_kind: network.map(|network| network.kind),
            site,
            certainty,
            since: if moved { chosen.row.first_seen } else { before.since },
            gone: None,
            reasons,
        }
    }

    /// Of the VLANs a device is in on its port: still seen first, then the one its address belongs to, then the lowest.
    fn choose_vlan<'a>(
        &self,
        device: &Device,
        estate: &Estate,
        rows: impl Iterator<Item = Candidate<'a>>,
    ) -> Option<Candidate<'a>> {
        let fits = |candidate: &Candidate<'_>| {
            let site = self.switches.get(candidate.switch).map(|state| &state.record.site);
            let network = candidate.vlan.and_then(|vlan| estate.network_of(site, Some(vlan), &[]));
            network
                .is_some_and(|network| network.subnets.iter().any(|net| device.ips.iter().any(|ip| net.contains(ip))))
        };
        rows.min_by_key(|candidate| {
            (candidate.row.missed > 0, !fits(candidate), candidate.vlan.is_none(), candidate.vlan)
        })
    }

    fn certainty(&self, candidate: &Candidate<'_>) -> (Certainty, String) {
        if candidate.infrastructure {
            let why = "that port leads to another polled switch, so it is somewhere beyond".to_owned();
            return (Certainty::Beyond, why);
        }
        let state = self.switches.get(candidate.switch);
        let bridge = state.into_iter().flat_map(|state| &state.record.neighbours).find(|neighbour| {
            let leads_on = |word: &String| matches!(word.as_str(), "bridge" | "router" | "wlan-ap");
            let ends = |word: &String| matches!(word.as_str(), "telephone" | "station");
            neighbour.if_index == Some(candidate.if_index)
                && neighbour.capabilities.iter().any(leads_on)
                && !neighbour.capabilities.iter().any(ends)
        });
        if let Some(neighbour) = bridge {
            let name = &neighbour.system_name;
            return (Certainty::Shared, format!("behind '{name}', which is not polled"));
        }
        match state.and_then(|state| state.on_port.get(&candidate.if_index)).map_or(0, BTreeSet::len) {
            0 | 1 => (Certainty::Direct, "it is the only device there".to_owned()),
            _ => (Certainty::Shared, "it is one of several devices there".to_owned()),
        }
    }

    /// No open row: the last place, marked; or what an address alone says.
    fn placeless(&self, device: &Device, estate: &Estate, at: Timestamp) -> Place {
        let before = &device.place;
        if let Some(switch) = &before.switch {
            if self.switches.contains_key(switch) {
                return Place { gone: before.gone.or(Some(at)), ..before.clone() };
            }
            let reason = format!("it was last seen on {switch}, which is no longer polled");
            let certainty = Certainty::Unknown;
            return Place {
                switch: None,
                port: None,
                if_index: None,
                certainty,
                reasons: vec![reason],
                ..before.clone()
            };
        }
        let network = estate.network_of(before.site.as_ref(), None, &device.ips);
        Place {
            network: network.map(|network| network.id.clone()),
            network_kind: network.map(|network| network.kind),
            reasons: vec!["no polled switch has its address in a forwarding table".to_owned()],
            ..before.clone()
        }
    }
}
