//! Where a device was: moves with both places, the last certain place of one that is gone.

use super::certainty::Confidence;
use super::estate::{Spot, is_of_network};
use super::placing::Candidate;
use super::state::Inventory;
use super::topology::Dirty;
use super::{Certainty, Device, Estate, FormerPlace, Place};
use crate::net::{DeviceId, PortName, TargetName, Timestamp, VlanId};

impl Inventory {
    /// The new place with where the device was before.
    pub(super) fn follow(
        &self,
        device: &Device,
        mut now: Place,
        candidates: &[Candidate<'_>],
        estate: &Estate,
        at: Timestamp,
    ) -> Place {
        let before = &device.place;
        now.before.clone_from(&before.before);
        let spot = |place: &Place| (place.switch.clone(), place.port.clone(), place.vlan);
        // A port is left when its switch shows the device there no more; until then only more is known.
        let shows = |switch: &TargetName, port: &PortName, vlan: Option<VlanId>| {
            let mut rows = candidates.iter().filter(|row| row.switch == switch && row.row.port == *port);
            rows.any(|row| row.row.missed == 0 && (row.vlan == vlan || row.vlan.is_none()))
        };
        if before.is_certain() && spot(before) != spot(&now) {
            let still = before.switch.as_ref().zip(before.port.as_ref());
            if still.is_some_and(|(switch, port)| shows(switch, port, before.vlan)) {
                return now;
            }
            let until = if now.is_certain() { now.since } else { before.gone.unwrap_or(at) };
            now.before = before.former(until).map(|mut former| {
                if !now.is_certain() {
                    former.certainty = Some(before.certainty);
                    former.before.clone_from(&before.before);
                }
                Box::new(former)
            });
            return now;
        }
        if !now.is_certain() {
            return now;
        }
        if let Some(last) = now.before.take_if(|former| former.certainty.is_some()) {
            now.before = if (Some(&last.switch), &last.port, last.vlan) == (now.switch.as_ref(), &now.port, now.vlan) {
                last.before
            } else {
                // It has moved, by way of not being placed for certain.
                Some(Box::new(FormerPlace { certainty: None, before: None, until: now.since, ..*last }))
            };
            return now;
        }
        let mut left = before.rivals.iter().filter(|rival| rival.since < now.since);
        if let Some(left) = left.rfind(|rival| !shows(&rival.switch, &rival.port, rival.vlan)) {
            let site = self.switches.get(&left.switch).map(|state| state.record.site.clone());
            let (switch, port) = (Some(&left.switch), Some(&left.port));
            let routed = self.routed(device);
            let spot = Spot { site: site.as_ref(), switch, port, vlan: left.vlan, ips: &device.ips, routed: &routed };
            let network = estate.network_of(&spot).map(|(network, _)| network);
            now.before = Some(Box::new(FormerPlace {
                switch: left.switch.clone(),
                port: Some(left.port.clone()),
                if_index: Some(left.if_index),
                vlan: left.vlan,
                network: network.map(|network| network.id.clone()),
                site,
                certainty: None,
                since: left.since,
                until: now.since,
                before: None,
            }));
        }
        now
    }

    /// No row that could be its place: the last certain one, marked; or what an address alone says.
    pub(super) fn placeless(&self, device: &Device, estate: &Estate, at: Timestamp) -> Place {
        let mut place = self.last_place(device, at);
        // A network that was given another kind since judges what is gone too.
        place.reasons.retain(|reason| !is_of_network(reason));
        let reason = estate.name_network(&mut place, &device.ips, &self.routed(device));
        place.reasons.extend(reason);
        place
    }

    fn last_place(&self, device: &Device, at: Timestamp) -> Place {
        let before = &device.place;
        let Some(name) = &before.switch else {
            let reasons = vec!["no polled switch has its address in a forwarding table".to_owned()];
            return Place { vlan: None, reasons, ..before.clone() };
        };
        let Some(switch) = self.switches.get(name) else {
            return Place {
                switch: None,
                port: None,
                if_index: None,
                certainty: Certainty::Unknown,
                confidence: Confidence::default(),
                reasons: vec![format!("it was last seen on {name}, which is no longer polled")],
                rivals: Vec::new(),
                ..before.clone()
            };
        };
        // Its row is still there, and the switch has not said anew which port that is.
        let mut rows = device.mac.into_iter().flat_map(|mac| switch.rows_of(mac));
        if rows.any(|(_, row)| row.if_index.is_none() && before.port.as_ref() == Some(&row.port)) {
            return before.clone();
        }
        let reasons = vec!["its last certain place; it has been observed without it since".to_owned()];
        let former = before.before.as_deref().filter(|former| self.switches.contains_key(&former.switch));
        let Some((former, certainty)) = former.and_then(|former| Some((former, former.certainty?))) else {
            let gone = before.gone.or(Some(at));
            let reasons = if before.is_certain() { reasons } else { vec!["no switch shows it any more".to_owned()] };
            let confidence = Confidence::default();
            return Place { gone, reasons, confidence, rivals: Vec::new(), ..before.clone() };
        };
        Place {
            switch: Some(former.switch.clone()),
            port: former.port.clone(),
            if_index: former.if_index,
            vlan: former.vlan,
            network: None,
            network_kind: None,
            site: former.site.clone(),
            certainty,
            confidence: Confidence::default(),
            since: former.since,
            gone: Some(former.until),
            reasons,
            rivals: Vec::new(),
            before: former.before.clone(),
        }
    }

    /// Rows are stored without how often they were missed: one that would win over the place that was stored had been
    /// missed, or the device would have been placed by it.
    pub(super) fn recall_missed(&mut self, id: DeviceId, dirty: &mut Dirty) {
        let Some(device) = self.devices.get(&id) else { return };
        let Some(mac) = device.mac.filter(|_| device.place.gone.is_none() && device.place.is_certain()) else { return };
        let mut missed: Vec<(TargetName, Option<VlanId>)> = Vec::new();
        let mut rows = self.candidates(mac);
        if !rows.iter().any(|row| !row.uplink && is_at(row, &device.place)) {
            return;
        }
        while let Some(best) = self.choose(device, &rows).filter(|best| !is_at(best, &device.place)) {
            missed.push((best.switch.clone(), best.vlan));
            rows.retain(|row| (row.switch, row.vlan) != (best.switch, best.vlan));
        }
        for (switch, vlan) in missed {
            let Some(state) = self.switches.get_mut(&switch) else { continue };
            let before = state.seat_of(mac);
            if let Some(row) = state.rows.get_mut(&(mac, vlan)) {
                row.missed = 1;
            }
            self.reseat(&switch, mac, &before, dirty);
        }
    }
}

/// Whether a row is on the port of a place.
fn is_at(row: &Candidate<'_>, place: &Place) -> bool {
    place.switch.as_ref() == Some(row.switch) && place.port.as_ref() == Some(&row.row.port)
}

/// Whether there was a certain place, this or the one before, which no row speaks for any more.
pub(super) fn leaves_certain(before: &Place, candidates: &[Candidate<'_>]) -> bool {
    let former = before.before.as_deref().filter(|former| former.certainty.is_some());
    let (switch, port) = match former {
        _ if before.is_certain() => (before.switch.as_ref(), before.port.as_ref()),
        Some(former) => (Some(&former.switch), former.port.as_ref()),
        None => return false,
    };
    !candidates.iter().any(|row| Some(row.switch) == switch && Some(&row.row.port) == port)
}
