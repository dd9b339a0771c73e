//! What visits mean for cameras: which address is worth a look now, and which camera target is a camera's former address.

use std::net::IpAddr;

use super::{Draft, Recorder};
use crate::daemon::Lead;
use crate::inventory::{Delta, RowChange};
use crate::net::TargetName;
use crate::observation::CameraVisit;
use crate::store::{Batch, Occupant, Swept, TargetKind, TargetRecord, TargetState};

impl Recorder {
    /// Every address that a sweep ever asked.
    pub(in crate::daemon) fn take_swept(&mut self) -> Vec<Swept> {
        std::mem::take(&mut self.swept)
    }

    /// Tells of it. What nobody takes in time is left to the rounds.
    fn tell(&self, lead: Lead) {
        let _ = self.leads.try_send(lead);
    }

    /// A new entry of an address table, and a new MAC address with a camera maker's prefix on a port, are worth a look
    /// at the address: where an earlier pass had shown the table without it. `known`: of the forwarding database, of
    /// the address table.
    pub(super) fn look_at_newcomers(&self, delta: &Delta, known: (bool, bool)) {
        let (rows_known, addresses_known) = known;
        let in_block = |address: &IpAddr| self.config.camera_block(*address).is_some();
        if addresses_known {
            for change in &delta.addresses {
                if let RowChange::Opened(binding) = change
                    && in_block(&binding.ip)
                {
                    self.tell(Lead::Look(binding.ip));
                }
            }
        }
        if rows_known {
            for change in &delta.presence {
                if let RowChange::Opened(row) = change
                    && self.catalogue.is_camera_prefix(row.mac)
                {
                    let addresses = self.inventory.addresses_of(row.mac);
                    addresses.into_iter().filter(in_block).for_each(|address| self.tell(Lead::Look(address)));
                }
            }
        }
    }

    pub(super) fn index_addresses(&mut self) {
        for target in self.targets.values() {
            if let Some(occupant) = target.occupant {
                self.addresses.entry(occupant.device).or_default().insert(target.name.clone());
            }
        }
    }

    /// Devices became one: their targets are the one's.
    pub(super) fn follow_merges(&mut self, delta: &Delta, draft: &mut Draft) {
        for merge in &delta.merged {
            let names = self.addresses.remove(&merge.from).unwrap_or_default();
            for name in &names {
                if let Some(target) = self.targets.get_mut(name) {
                    target.occupant = target.occupant.map(|before| Occupant { device: merge.into, ..before });
                    draft.targets.insert(name.clone(), target.clone());
                }
            }
            if !names.is_empty() {
                self.addresses.entry(merge.into).or_default().extend(names);
            }
        }
    }

    /// Notes which device answered at a camera target. A target that is silent while its device answers at another
    /// address is dropped: it is no camera that fails to answer. The device and its history stay.
    pub(super) fn settle_camera(&mut self, visit: &CameraVisit, mut record: TargetRecord, draft: &mut Draft) {
        if visit.reach.answered() {
            let device = self.inventory.camera_at(visit.address);
            let before = record.occupant.map(|occupant| occupant.device);
            if device != before {
                if let Some(names) = before.and_then(|before| self.addresses.get_mut(&before)) {
                    names.remove(&record.name);
                }
                if let Some(device) = device {
                    self.addresses.entry(device).or_default().insert(record.name.clone());
                }
                record.occupant = device.map(|device| Occupant { device, since: visit.finished });
                self.targets.insert(record.name.clone(), record.clone());
                draft.targets.insert(record.name.clone(), record.clone());
            }
        }
        let Some(Occupant { device, .. }) = record.occupant else { return };
        let names = self.addresses.get(&device).filter(|names| names.len() > 1);
        let targets: Vec<&TargetRecord> =
            names.into_iter().flatten().filter_map(|name| self.targets.get(name)).collect();
        for name in left_behind(&targets) {
            tracing::info!(address = %name, "a camera answers at another address now");
            if let Ok(address) = name.as_str().parse() {
                let delta = self.inventory.vacate(device, address, &self.estate, &self.catalogue, draft.batch.at);
                let judged = delta.devices.clone();
                self.judge(delta, &judged, draft);
                self.tell(Lead::Gone(address));
            }
            self.drop_target(&name, draft);
        }
    }

    /// Another TLS key than the one a camera was known by stands in the change log, with its target; whoever is told of
    /// anything is told of it, once.
    pub(super) fn tell_of_key(&self, before: Option<&TargetRecord>, now: &TargetRecord, batch: &mut Batch) {
        let changed = now.camera.key_changed();
        if changed.is_some() && before.is_none_or(|before| before.camera.key_changed() != changed) {
            let text = format!("camera {}: {}", now.name, now.camera.remarks().join("; "));
            tracing::warn!("{text}");
            self.dispatch.operational("tls-key-changed", &text, batch.at, &mut batch.outbox);
        }
    }

    /// A target is none any more.
    pub(super) fn drop_target(&mut self, name: &TargetName, draft: &mut Draft) {
        if let Some(target) = self.targets.remove(name).filter(|target| target.kind == TargetKind::Camera)
            && let Some(names) = target.occupant.and_then(|occupant| self.addresses.get_mut(&occupant.device))
        {
            names.remove(name);
        }
        draft.targets.remove(name);
        draft.batch.dropped_targets.push(name.clone());
    }
}

/// Of one device's targets those that it left: silent, and the device has come to another address after it last
/// answered here. Two addresses at which it answered in turns are two that it has.
fn left_behind(targets: &[&TargetRecord]) -> Vec<TargetName> {
    let answering = targets.iter().filter(|target| target.state != TargetState::Silent);
    let came = answering.filter_map(|target| target.occupant.map(|occupant| occupant.since)).max();
    let silent = targets.iter().filter(|target| target.state == TargetState::Silent);
    let left = silent.filter(|target| came.is_some_and(|came| target.last_ok.is_none_or(|last| last < came)));
    left.map(|target| target.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{DeviceId, Timestamp};
    use crate::observation::Readings;

    /// A target: silent or not, since when the device answers there, when it last did.
    fn target(name: &str, silent: bool, since: i64, last_ok: i64) -> TargetRecord {
        TargetRecord {
            name: name.into(),
            kind: TargetKind::Camera,
            address: name.to_owned(),
            site: "hq".into(),
            occupant: Some(Occupant { device: DeviceId(7), since: Timestamp(since) }),
            state: if silent { TargetState::Silent } else { TargetState::Answering },
            since: Timestamp(0),
            why: String::new(),
            last_attempt: None,
            last_ok: Some(Timestamp(last_ok)),
            last_complete: None,
            requests: 0,
            took_ms: 0,
            tables: [].into(),
            readings: Readings::default(),
            camera: crate::observation::CameraStanding::default(),
        }
    }

    fn left(targets: &[TargetRecord]) -> Vec<String> {
        left_behind(&targets.iter().collect::<Vec<_>>()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_address_is_left_when_its_device_came_to_another_afterwards() {
        let (old, new) = (target("a", true, 1, 10), target("b", false, 20, 30));
        assert_eq!(left(&[old.clone(), new.clone()]), ["a"]);
        assert_eq!(left(&[target("a", false, 1, 10), new.clone()]), [""; 0], "it answers at both");
        assert_eq!(left(&[old.clone(), target("b", true, 20, 30)]), [""; 0], "it answers nowhere");
        assert_eq!(left(&[old]), [""; 0]);
        // Two units that cannot be told apart answered in turns: one that falls silent stays in sight.
        assert_eq!(left(&[target("a", true, 1, 25), new]), [""; 0]);
    }
}
