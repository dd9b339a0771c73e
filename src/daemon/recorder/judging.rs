//! What changed is judged; everything anew where the configuration is another, or a pack comes into force or ends.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Draft, Recorder};
use crate::inventory::Delta;
use crate::net::{DeviceId, Timestamp};
use crate::policy::Subject;
use crate::review::{Closing, Measure, Rejudged, rejudge};
use crate::store::{Batch, DeviceRecord};

impl Recorder {
    /// Judges the devices, and puts the delta and what the judgement changed into the draft.
    pub(super) fn judge(&mut self, delta: Delta, judged: &[DeviceId], draft: &mut Draft) {
        let at = draft.batch.at;
        for merge in &delta.merged {
            draft.findings.extend(self.ledger.merge(*merge, at));
            draft.devices.remove(&merge.from);
        }
        for id in &delta.retired {
            draft.findings.extend(self.ledger.retire(&Subject::Device(*id), at));
            draft.devices.remove(id);
        }
        let mut judged: BTreeSet<DeviceId> = judged.iter().copied().collect();
        let entries = self.look_up(&delta, &mut judged);
        for id in &judged {
            let Some(device) = self.inventory.device(*id) else { continue };
            let (now, why) = (self.broken(device, at), Closing::of(device));
            let where_it_is = (&Subject::Device(*id), &device.place);
            draft.findings.extend(self.ledger.reconcile(where_it_is, &now, why, at));
            let status = self.policies.status(device, &self.catalogue);
            let before = self.statuses.insert(*id, status);
            if before != Some(status) || delta.devices.binary_search(id).is_ok() {
                draft.devices.insert(*id, DeviceRecord { device: device.clone(), status });
            }
        }
        self.judge_entries(entries, draft);
        self.follow_overrulings(&judged, draft);
        draft.batch.merged.extend(delta.merged);
        draft.batch.retired.extend(delta.retired);
        draft.batch.presence.extend(delta.presence);
        draft.batch.addresses.extend(delta.addresses);
        draft.switches.extend(delta.switches);
    }

    /// Judges every device anew, and puts what differs into the draft. `places`: place and attribute them anew too.
    pub(super) fn judge_anew(&mut self, places: bool, draft: &mut Draft) {
        for device in self.inventory.devices() {
            self.registers.look(device.id, Some(device));
        }
        let by = Measure {
            policies: &self.policies,
            house: &self.house,
            registers: &self.registers,
            estate: &self.estate,
            catalogue: &self.catalogue,
        };
        let Rejudged { delta, statuses, findings } =
            rejudge(&mut self.inventory, &mut self.ledger, by, places, draft.batch.at);
        draft.findings.extend(findings);
        self.follow_overrulings(&delta.devices, draft);
        for (id, status) in statuses {
            let before = self.statuses.insert(id, status);
            if before != Some(status) || delta.devices.binary_search(&id).is_ok() {
                let device = self.inventory.device(id).cloned();
                draft.devices.extend(device.map(|device| (id, DeviceRecord { device, status })));
            }
        }
    }

    /// Another day: other packs may be in force, and then everything is judged anew.
    pub(super) fn turn_to(&mut self, today: Date, at: Timestamp) {
        if self.today == today {
            return;
        }
        self.today = today;
        let policies = self.packs.on(today);
        if policies == self.policies {
            return;
        }
        self.policies = policies;
        let mut draft = Draft { batch: Batch { at, ..Batch::default() }, ..Draft::default() };
        self.judge_anew(false, &mut draft);
        draft.batch.configuration = Some(self.configuration_record());
        let batch = self.finish(draft);
        self.commit_until_it_holds(&batch);
    }
}
