//! What changed is judged; everything anew where the configuration is another, or a pack comes into force or ends.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Draft, Recorder};
use crate::inventory::{Anew, Delta, Registered};
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
            let (before, device) = (self.statuses.insert(*id, status), device.clone());
            let (registered, differs) = self.follow_register(*id);
            if before != Some(status) || differs || delta.devices.binary_search(id).is_ok() {
                draft.devices.insert(*id, DeviceRecord { device, status, registered });
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

    /// What a register says of when a device was installed, and whether that is something else than was stored.
    fn follow_register(&mut self, id: DeviceId) -> (Option<Registered>, bool) {
        let now = self.registers.installed(id);
        let before = match &now {
            Some(said) => self.registered.insert(id, said.clone()),
            None => self.registered.remove(&id),
        };
        let differs = before != now;
        (now, differs)
    }

    /// Judges every device anew, after `anew` of them was found out anew, and puts what differs into the draft.
    pub(super) fn judge_anew(&mut self, anew: &Anew, draft: &mut Draft) {
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
            rejudge(&mut self.inventory, &mut self.ledger, by, anew, draft.batch.at);
        draft.findings.extend(findings);
        self.follow_overrulings(&delta.devices, draft);
        for (id, status) in statuses {
            let before = self.statuses.insert(id, status);
            let (registered, differs) = self.follow_register(id);
            if before != Some(status) || differs || delta.devices.binary_search(&id).is_ok() {
                let device = self.inventory.device(id).cloned();
                draft.devices.extend(device.map(|device| (id, DeviceRecord { device, status, registered })));
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
        self.judge_anew(&Anew::NOTHING, &mut draft);
        draft.batch.configuration = Some(self.configuration_record());
        let batch = self.finish(draft);
        self.commit_until_it_holds(&batch);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::recorder_with;
    use super::super::{Collection, Work};
    use super::*;
    use crate::observation::{CameraVisit, DeviceInformation, Reach};
    use crate::policy::Policies;
    use crate::review::FindingState;
    use crate::store::{ChangeKind, Reader};

    const PACK: &str = "
        id = 'later'
        title = 't'
        issuer = 'i'
        source = 's'
        version = 1
        in-force-from = 2998-06-01
        in-force-until = 2998-06-30
        [match]
        jurisdiction = 'prc'
        [[rule]]
        id = 'in-use'
        text = 'it is in use'
        who = 'restricted'
        severity = 'breach'
    ";

    #[test]
    fn a_pack_judges_from_the_turn_of_its_first_day_and_each_turn_is_logged_with_what_it_did() {
        let folder = tempfile::tempdir().unwrap();
        let packs = Policies::parse(&[("later.toml".to_owned(), PACK.to_owned())]).unwrap();
        let mut recorder = recorder_with(folder.path(), packs);
        let at = Timestamp(1_795_500_000_000);
        let mut visit = CameraVisit::new("10.1.20.7".parse().unwrap(), "hq".into(), at);
        visit.reach = Reach::Answered;
        visit.information = Some(DeviceInformation {
            manufacturer: "HIKVISION".into(),
            model: "DS-2CD2143G2-I".into(),
            ..DeviceInformation::default()
        });
        recorder.work(Work { visits: vec![Collection::Camera(visit)], ..Work::default() });
        let reader = Reader::open(&folder.path().join("lenswarden.db")).unwrap();
        // What the log holds behind a row: which packs were in force, and how findings stand.
        let mut seen = recorder.seq;
        let mut turn = |day: &str| {
            recorder.turn_to(day.parse().unwrap(), at);
            let changes = reader.changes(seen, 99).unwrap();
            seen = recorder.seq;
            changes.into_iter().map(|change| (change.kind, change.body.unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(turn("2998-05-31"), [], "another day, and nothing else");
        for (day, in_force, state) in
            [("2998-06-01", true, FindingState::Open), ("2998-07-01", false, FindingState::Closed)]
        {
            let changes = turn(day);
            let of =
                |kind| changes.iter().filter(|(found, _)| *found == kind).map(|(_, body)| body).collect::<Vec<_>>();
            assert_eq!(of(ChangeKind::Configuration)[0].contains("[\"later\","), in_force, "{changes:?}");
            assert!(of(ChangeKind::Device)[0].contains(if in_force { "\"restricted\"" } else { "\"not-restricted\"" }));
            let finding: crate::review::Finding = serde_json::from_str(of(ChangeKind::Finding)[0]).unwrap();
            assert_eq!((finding.rule.as_str(), finding.state), ("in-use", state));
            assert_eq!(changes.len(), 3, "{changes:?}");
            assert_eq!(turn(day), [], "once a day");
        }
    }
}
