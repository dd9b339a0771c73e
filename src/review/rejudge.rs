//! An estate judged anew: what a changed configuration, catalogue or pack does, in the daemon and before it is there.

use super::{Closing, Ledger};
use crate::inventory::{Delta, Device, Estate, Inventory};
use crate::maker::Catalogue;
use crate::net::{DeviceId, FindingId, Timestamp};
use crate::policy::{Policies, Status, Subject};

/// All that devices are judged by.
#[derive(Debug, Clone, Copy)]
pub struct Measure<'a> {
    /// The packs in force.
    pub policies: &'a Policies,
    /// Sites and networks.
    pub estate: &'a Estate,
    /// Makers.
    pub catalogue: &'a Catalogue,
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

/// Judges every device anew. `places`: sites, networks or the catalogue may differ from what devices were placed and
/// attributed by, so that is done anew first.
pub fn rejudge(
    inventory: &mut Inventory,
    ledger: &mut Ledger,
    by: Measure<'_>,
    places: bool,
    at: Timestamp,
) -> Rejudged {
    let delta = if places { inventory.rejudge(by.estate, by.catalogue, at) } else { Delta::default() };
    let devices: Vec<&Device> = inventory.devices().collect();
    let judged = by.policies.judge_all(&devices, by.estate, by.catalogue);
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
    done.findings.sort_unstable();
    done
}
