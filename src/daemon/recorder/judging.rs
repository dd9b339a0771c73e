//! Everything judged anew: another configuration, or a day on which a pack comes into force or ends.

use jiff::civil::Date;

use super::{Draft, Recorder};
use crate::net::Timestamp;
use crate::review::{Measure, Rejudged, rejudge};
use crate::store::{Batch, DeviceRecord};

impl Recorder {
    /// Judges every device anew, and puts what differs into the draft. `places`: place and attribute them anew too.
    pub(super) fn judge_anew(&mut self, places: bool, draft: &mut Draft) {
        let by = Measure { policies: &self.policies, estate: &self.estate, catalogue: &self.catalogue };
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
