//! An estate judged anew: what a changed configuration, catalogue or pack does, in the daemon and before it is there.

use std::collections::BTreeSet;

use super::{Closing, FindingState, Ledger};
use crate::inventory::{Anew, Delta, Device, Estate, Inventory, Place, Places, Registers, in_parts};
use crate::maker::Catalogue;
use crate::net::{DeviceId, FindingId, Timestamp};
use crate::policy::{HouseRules, Known, Policies, Status, Subject, Violation};

/// All that devices are judged by.
#[derive(Debug, Clone, Copy)]
pub struct Measure<'a> {
    /// The packs in force.
    pub policies: &'a Policies,
    /// The house rules in force.
    pub house: &'a HouseRules,
    /// Registers, in which every device was looked up.
    pub registers: &'a Registers,
    /// Sites and networks.
    pub estate: &'a Estate,
    /// Makers.
    pub catalogue: &'a Catalogue,
}

impl Measure<'_> {
    /// Every rule a device breaks now, of the packs and of the house.
    #[must_use]
    pub fn judge(&self, device: &Device, inventory: &Inventory, now: Timestamp) -> Vec<Violation> {
        let Self { policies, house, registers, estate, catalogue } = *self;
        let mut broken = policies.judge(device, estate, catalogue);
        broken.extend(house.judge(device, &Known { estate, catalogue, inventory, registers, now }));
        broken
    }
}

/// What judging anew changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rejudged {
    /// Devices whose own record differs: they were placed or attributed anew.
    pub delta: Delta,
    /// The count word of every device, by id.
    pub statuses: Vec<(DeviceId, Status)>,
    /// Findings that differ from before, by id.
    pub findings: Vec<FindingId>,
}

/// Brings a register's entry in line with the house rules. Returns the findings that differ from before.
pub fn judge_entry(
    ledger: &mut Ledger,
    house: &HouseRules,
    registers: &Registers,
    number: usize,
    at: Timestamp,
) -> Vec<FindingId> {
    let Some((register, entry)) = registers.entry(number) else { return Vec::new() };
    let broken = house.judge_entry(register, entry, &registers.sighting(number));
    let place = Place { site: entry.site.clone(), ..Place::default() };
    let broken: Vec<Violation> = broken.into_iter().collect();
    ledger.reconcile((&Subject::Entry(entry.id.clone()), &place), &broken, Closing::Observed, at)
}

/// An entry that is in no register any more has no finding.
fn retire_entries(ledger: &mut Ledger, registers: &Registers, at: Timestamp) -> Vec<FindingId> {
    let entries = registers.numbers().filter_map(|number| registers.entry(number));
    let known: BTreeSet<_> = entries.map(|(_, entry)| &entry.id).collect();
    let gone: BTreeSet<Subject> = (ledger.findings())
        .filter(|finding| finding.state != FindingState::Closed)
        .filter(|finding| finding.subject.entry().is_some_and(|id| !known.contains(id)))
        .map(|finding| finding.subject.clone())
        .collect();
    gone.iter().flat_map(|subject| ledger.retire(subject, at)).collect()
}

/// Judges every device and every entry of a register anew, after `anew` of the devices was found out anew.
pub fn rejudge(
    inventory: &mut Inventory,
    ledger: &mut Ledger,
    by: Measure<'_>,
    anew: &Anew,
    at: Timestamp,
) -> Rejudged {
    let delta = match anew {
        Anew { places: Places::None, makers: false } => Delta::default(),
        _ => inventory.rejudge(by.estate, by.catalogue, anew, at),
    };
    let devices: Vec<&Device> = inventory.devices().collect();
    let judged =
        in_parts(&devices, |device| (by.policies.status(device, by.catalogue), by.judge(device, inventory, at)));
    let mut done = Rejudged { delta, statuses: Vec::with_capacity(devices.len()), findings: Vec::new() };
    for (device, (status, violations)) in devices.into_iter().zip(judged) {
        done.statuses.push((device.id, status));
        done.findings.extend(ledger.reconcile(
            (&Subject::Device(device.id), &device.place),
            &violations,
            Closing::of(device),
            at,
        ));
    }
    for number in by.registers.numbers() {
        done.findings.extend(judge_entry(ledger, by.house, by.registers, number, at));
    }
    done.findings.extend(retire_entries(ledger, by.registers, at));
    done.findings.sort_unstable();
    done
}
