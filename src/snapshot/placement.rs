//! Placement: what is where none may be.

use std::collections::BTreeSet;

use super::exposure::{Group, group_of};
use super::{DeviceRow, Filter, Snapshot};
use crate::config::{NetworkKind, Sensitivity};
use crate::net::{DeviceId, FindingId};
use crate::policy::Severity;
use crate::review::{Finding, FindingState};

/// A row of the placement table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlacementKey {
    /// A breach that a pack names.
    Finding(FindingId),
    /// A device on a network that the configuration does not classify: no rule can be asked.
    Device(DeviceId),
}

/// What is where none may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placement {
    /// Open breaches, decided breaches, then what stands on unclassified networks.
    pub rows: Vec<PlacementKey>,
    /// Devices with an undecided finding on a core network.
    pub on_core: usize,
    /// Other breaches that wait for a decision.
    pub other: usize,
    /// Breaches that were decided and still stand.
    pub decided: usize,
    /// Devices on unclassified networks.
    pub unclassified: usize,
}

/// A breach; or, where a device's class is not sure, the finding that it is perhaps one on a core network.
fn is_placement(finding: &Finding) -> bool {
    finding.state != FindingState::Closed
        && (finding.severity == Severity::Breach
            || (finding.severity == Severity::Review && finding.place.network_kind == Some(NetworkKind::Core)))
}

fn is_unclassified(row: &DeviceRow) -> bool {
    row.place.gone.is_none()
        && row.place.network.is_none()
        && group_of(row).is_some_and(|group| group != Group::NotIdentified)
}

impl Snapshot {
    fn is_sensitive(&self, site: Option<&crate::net::SiteId>) -> bool {
        site.and_then(|id| self.sites.get(id)).is_some_and(|site| site.sensitivity == Sensitivity::Sensitive)
    }

    /// What is where none may be, as far as a filter lets it through.
    #[must_use]
    pub fn placement(&self, filter: &Filter) -> Placement {
        let mut placement = Placement::default();
        let mut breaches: Vec<&Finding> = self
            .findings
            .values()
            .filter(|finding| is_placement(finding))
            .filter(|finding| filter.finding(finding, self.devices.get(&finding.device), &self.sites, self.as_of))
            .collect();
        breaches.sort_by_key(|finding| {
            let decided = finding.state != FindingState::Open;
            let elsewhere = finding.place.network_kind != Some(NetworkKind::Core);
            let standard = !self.is_sensitive(finding.place.site.as_ref());
            (decided, elsewhere, finding.severity, standard, std::cmp::Reverse(finding.since), finding.id)
        });
        let mut on_core = BTreeSet::new();
        for finding in &breaches {
            match (finding.state, finding.place.network_kind) {
                (FindingState::Open, Some(NetworkKind::Core)) => {
                    on_core.insert(finding.device);
                }
                (FindingState::Open, _) => placement.other += 1,
                _ => placement.decided += 1,
            }
        }
        placement.on_core = on_core.len();
        let mut unclassified: Vec<&DeviceRow> = self
            .devices
            .values()
            .filter(|row| is_unclassified(row) && filter.device(row, &self.sites, self.as_of))
            .collect();
        unclassified.sort_by_key(|row| {
            let standard = !self.is_sensitive(row.place.site.as_ref());
            (row.status, standard, std::cmp::Reverse(row.place.since), row.id)
        });
        placement.unclassified = unclassified.len();
        placement.rows = breaches.iter().map(|finding| PlacementKey::Finding(finding.id)).collect();
        placement.rows.extend(unclassified.iter().map(|row| PlacementKey::Device(row.id)));
        placement
    }
}
