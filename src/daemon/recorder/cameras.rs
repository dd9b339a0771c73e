//! What visits mean for cameras: which address is worth a look now, and which camera target is a camera's former address.

use std::net::IpAddr;

use super::{Draft, Recorder};
use crate::daemon::Lead;
use crate::inventory::{Delta, RowChange};
use crate::net::{DeviceId, TargetName};
use crate::observation::CameraVisit;
use crate::store::{Swept, TargetKind, TargetRecord, TargetState};

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
            if let Some(device) = target.device {
                self.addresses.entry(device).or_default().insert(target.name.clone());
            }
        }
    }

    /// Devices became one: their targets are the one's.
    pub(super) fn follow_merges(&mut self, delta: &Delta, draft: &mut Draft) {
        for merge in &delta.merged {
            let names = self.addresses.remove(&merge.from).unwrap_or_default();
            for name in &names {
                if let Some(target) = self.targets.get_mut(name) {
                    target.device = Some(merge.into);
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
            if device != record.device {
                if let Some(names) = record.device.and_then(|before| self.addresses.get_mut(&before)) {
                    names.remove(&record.name);
                }
                if let Some(device) = device {
                    self.addresses.entry(device).or_default().insert(record.name.clone());
                }
                record.device = device;
                self.targets.insert(record.name.clone(), record.clone());
                draft.targets.insert(record.name.clone(), record.clone());
            }
        }
        let Some(device) = record.device else { return };
        for name in self.left_behind(device) {
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

    /// Silent targets of a device that answered elsewhere after each of them did.
    fn left_behind(&self, device: DeviceId) -> Vec<TargetName> {
        let names = self.addresses.get(&device).filter(|names| names.len() > 1);
        let targets: Vec<&TargetRecord> =
            names.into_iter().flatten().filter_map(|name| self.targets.get(name)).collect();
        let answering = targets.iter().filter(|target| target.state != TargetState::Silent);
        let Some(last) = answering.filter_map(|target| target.last_ok).max() else { return Vec::new() };
        let silent = targets.iter().filter(|target| target.state == TargetState::Silent && target.last_ok < Some(last));
        silent.map(|target| target.name.clone()).collect()
    }

    /// A target is none any more.
    pub(super) fn drop_target(&mut self, name: &TargetName, draft: &mut Draft) {
        if let Some(target) = self.targets.remove(name).filter(|target| target.kind == TargetKind::Camera)
            && let Some(names) = target.device.and_then(|device| self.addresses.get_mut(&device))
        {
            names.remove(name);
        }
        draft.targets.remove(name);
        draft.batch.dropped_targets.push(name.clone());
    }
}
