//! The recorder's part in house rules and registers: who is listed, what a rule says now, what ends by the clock.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage::MOST_NAMED;
use super::{Draft, Recorder};
use crate::inventory::{Delta, Device, Place, Registers, Sighting};
use crate::net::{DeviceId, RuleId, SiteId, Timestamp};
use crate::policy::{HOUSE, Subject, Violation};
use crate::review::{FindingState, Measure};
use crate::snapshot::{Gap, RegisterLooked};
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
        let by = Measure {
            policies: &self.policies,
            house: &self.house,
            registers: &self.registers,
            estate: &self.estate,
            catalogue: &self.catalogue,
        };
        by.judge(device, &self.inventory, at)
    }

    /// Judges entries, and puts what that changed into the draft.
    pub(super) fn judge_entries(&mut self, entries: impl IntoIterator<Item = usize>, draft: &mut Draft) {
        for number in entries {
            let Some((register, entry)) = self.registers.entry(number) else { continue };
            let subject = Subject::Entry(entry.id.clone());
            let place = Place { site: entry.site.clone(), ..Place::default() };
            let broken = self.house.judge_entry(register, entry, &self.registers.sighting(number));
            let broken: Vec<Violation> = broken.into_iter().collect();
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

    /// What registers say of each site, and what of that was seen.
    pub(super) fn registers_looked(&self) -> BTreeMap<SiteId, RegisterLooked> {
        let mut sites: BTreeMap<SiteId, RegisterLooked> = BTreeMap::new();
        for register in self.registers.registers() {
            for site in &register.sites {
                let looked = sites
                    .entry(site.clone())
                    .or_insert_with(|| RegisterLooked { changed: register.changed, ..RegisterLooked::default() });
                looked.changed = looked.changed.min(register.changed);
            }
            for fault in &register.faults {
                let Some(looked) = fault.lost.as_ref().and_then(|site| sites.get_mut(site)) else { continue };
                looked.miss(Gap {
                    what: format!("line {} of register {}", fault.line, register.name),
                    why: fault.what.clone(),
                    mend: "mend the row".to_owned(),
                });
            }
        }
        for (site, entries) in self.registers.by_site() {
            let Some(looked) = sites.get_mut(site) else { continue };
            for number in entries {
                let Some((register, entry)) = self.registers.entry(number) else { continue };
                let what = if entry.what.is_empty() { String::new() } else { format!(" ({})", entry.what) };
                let what = format!("{}{what}, line {} of register {}", entry.id.key, entry.line, register.name);
                let (why, mend) = match self.registers.sighting(number) {
                    Sighting::Seen(..) => {
                        looked.listed += 1;
                        looked.found += 1;
                        continue;
                    }
                    Sighting::Never => {
                        ("never seen".to_owned(), "is it plugged in, and is looked at where it should be?")
                    }
                    Sighting::Ambiguous(devices, by) => {
                        let devices: Vec<String> = devices.iter().map(ToString::to_string).collect();
                        let of = if devices.len() == 1 { "device" } else { "devices" };
                        (
                            format!(
                                "by its {} it may be {of} {}, or another entry is as well",
                                by.words(),
                                devices.join(", ")
                            ),
                            "write its MAC address or serial number into the register",
                        )
                    }
                };
                looked.miss(Gap { what, why, mend: mend.to_owned() });
            }
        }
        sites
    }
}

impl RegisterLooked {
    fn miss(&mut self, gap: Gap) {
        self.listed += 1;
        if self.missing.len() < MOST_NAMED {
            self.missing.push(gap);
        }
    }
}
