//! The recorder's part in house rules and registers: who is listed, what a rule says now, what ends by the clock.

use std::collections::BTreeSet;

use super::{Draft, Recorder};
use crate::inventory::{Delta, Device, Place, Registers};
use crate::net::{DeviceId, RuleId, Timestamp};
use crate::policy::{HOUSE, Known, Subject, Violation};
use crate::review::FindingState;
use crate::store::Batch;

impl Recorder {
    /// Looks up in the registers what changed. Returns the entries that have another answer now; the devices that have
    /// one are put to those that are judged.
    pub(super) fn look_up(&mut self, delta: &Delta, judged: &mut BTreeSet<DeviceId>) -> BTreeSet<usize> {
        let mut entries = BTreeSet::new();
        let gone = delta.merged.iter().map(|merge| merge.from).chain(delta.retired.iter().copied());
        for id in gone.chain(judged.clone()) {
            let touched = self.registers.look(id, self.inventory.device(id));
            entries.extend(touched.entries);
            judged.extend(touched.devices);
        }
        entries
    }

    /// Every rule a device breaks, of the packs and of the house.
    pub(super) fn broken(&self, device: &Device, at: Timestamp) -> Vec<Violation> {
        let known = Known {
            estate: &self.estate,
            catalogue: &self.catalogue,
            inventory: &self.inventory,
            registers: &self.registers,
            now: at,
        };
        let mut broken = self.policies.judge(device, &self.estate, &self.catalogue);
        broken.extend(self.house.judge(device, &known).into_iter().map(|violation| self.with_times(violation)));
        broken
    }

    /// Judges entries, and puts what that changed into the draft.
    pub(super) fn judge_entries(&mut self, entries: impl IntoIterator<Item = usize>, draft: &mut Draft) {
        for number in entries {
            let Some((register, entry)) = self.registers.entry(number) else { continue };
            let subject = Subject::Entry(entry.id.clone());
            let place = Place { site: entry.site.clone(), ..Place::default() };
            let broken = self.house.judge_entry(register, entry, &self.registers.sighting(number));
            let broken: Vec<Violation> = broken.into_iter().map(|violation| self.with_times(violation)).collect();
            draft.findings.extend(self.ledger.reconcile(&subject, &place, &broken, draft.batch.at));
        }
    }

    /// Takes registers into force. An entry that is in none any more has no finding.
    pub(super) fn take_registers(&mut self, registers: Registers, draft: &mut Draft) {
        self.registers = registers;
        let known: BTreeSet<_> = self
            .registers
            .numbers()
            .filter_map(|number| self.registers.entry(number))
            .map(|(_, entry)| &entry.id)
            .collect();
        let gone: BTreeSet<Subject> = (self.ledger.findings())
            .filter(|finding| finding.state != FindingState::Closed)
            .filter(|finding| finding.subject.entry().is_some_and(|id| !known.contains(id)))
            .map(|finding| finding.subject.clone())
            .collect();
        for subject in gone {
            draft.findings.extend(self.ledger.retire(&subject, draft.batch.at));
        }
    }

    /// What a register said before in the same words it says since then, whenever its file was written last.
    fn with_times(&self, mut violation: Violation) -> Violation {
        if let Some(before) = self.ledger.standing(&violation.subject, &violation.pack, &violation.rule) {
            for mark in violation.evidence.iter_mut().filter(|mark| mark.source.starts_with("register ")) {
                let mut same = before.evidence.iter().filter(|old| old.source == mark.source && old.text == mark.text);
                if let Some(old) = same.next() {
                    mark.observed_at = old.observed_at;
                }
            }
        }
        violation
    }

    /// What is new no longer: those findings end with the clock, not with an observation.
    pub(super) fn close_what_is_new_no_longer(&mut self, at: Timestamp) {
        let rule = RuleId::from("new-device");
        let is_over = |device: &Device| {
            let within = self.config.house.new_device_within;
            device.appeared.is_none_or(|appeared| at.since(appeared) >= within)
        };
        let over: Vec<DeviceId> = (self.ledger.findings())
            .filter(|finding| finding.state != FindingState::Closed)
            .filter(|finding| finding.policy.as_str() == HOUSE && finding.rule == rule)
            .filter_map(|finding| self.inventory.device(finding.subject.device()?))
            .filter(|device| is_over(device))
            .map(|device| device.id)
            .collect();
        if over.is_empty() {
            return;
        }
        let mut draft = Draft { batch: Batch { at, ..Batch::default() }, ..Draft::default() };
        self.judge(Delta::default(), &over, &mut draft);
        let batch = self.finish(draft);
        self.commit_until_it_holds(&batch);
    }
}
