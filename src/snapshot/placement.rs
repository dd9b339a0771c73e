//! Placement: what is where none may be.

use std::collections::{BTreeMap, BTreeSet};

use super::{Filter, Snapshot};
use crate::config::{NetworkKind, Sensitivity};
use crate::net::{DeviceId, FindingId, PackId, RuleId};
use crate::policy::{HOUSE, Severity, Subject};
use crate::review::{Finding, FindingState};

/// A row of the placement table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlacementKey {
    /// A breach that a pack names.
    Finding(FindingId),
    /// A device on a network that the configuration does not classify: no rule can be asked.
    Device(DeviceId),
}

impl PlacementKey {
    /// The finding, where it is one.
    #[must_use]
    pub fn finding(&self) -> Option<FindingId> {
        match self {
            Self::Finding(id) => Some(*id),
            Self::Device(_) => None,
        }
    }

    /// The device that no rule can be asked of, where it is one.
    #[must_use]
    pub fn device(&self) -> Option<DeviceId> {
        match self {
            Self::Device(id) => Some(*id),
            Self::Finding(_) => None,
        }
    }
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

fn on_core(finding: &Finding) -> bool {
    finding.place.network_kind == Some(NetworkKind::Core)
}

/// Every breach that stands; and for a device on a core network of which it is not sure what it is, one finding that
/// says so: of a rule that is broken on core networks only, where there is one.
fn placements(findings: &BTreeMap<FindingId, Finding>) -> Vec<&Finding> {
    let standing = || findings.values().filter(|finding| finding.state != FindingState::Closed);
    let of_any_network: BTreeSet<(&PackId, &RuleId)> =
        standing().filter(|finding| !on_core(finding)).map(|finding| (&finding.policy, &finding.rule)).collect();
    // A house rule says something of equipment, not that it may not be there.
    let places = standing().filter(|finding| finding.policy.as_str() != HOUSE || finding.severity == Severity::Breach);
    let (breaches, others): (Vec<&Finding>, Vec<&Finding>) =
        places.partition(|finding| finding.severity == Severity::Breach);
    let breaching: BTreeSet<&Subject> = breaches.iter().map(|finding| &finding.subject).collect();
    let mut perhaps: BTreeMap<&Subject, &Finding> = BTreeMap::new();
    let rank = |finding: &Finding| (of_any_network.contains(&(&finding.policy, &finding.rule)), finding.id);
    for finding in others.into_iter().filter(|finding| on_core(finding) && !breaching.contains(&finding.subject)) {
        let kept = perhaps.entry(&finding.subject).or_insert(finding);
        if rank(finding) < rank(kept) {
            *kept = finding;
        }
    }
    breaches.into_iter().chain(perhaps.into_values()).collect()
}

impl Snapshot {
    pub(super) fn is_sensitive(&self, site: Option<&crate::net::SiteId>) -> bool {
        site.and_then(|id| self.sites.get(id)).is_some_and(|site| site.sensitivity == Sensitivity::Sensitive)
    }

    /// What is where none may be, as far as a filter lets it through; `unclassified`: the devices on unclassified
    /// networks that it lets through, in order.
    #[must_use]
    pub fn placement(&self, filter: &Filter, unclassified: &[DeviceId]) -> Placement {
        let mut placement = Placement::default();
        let mut breaches: Vec<&Finding> = placements(&self.findings)
            .into_iter()
            .filter(|finding| filter.finding(finding, self.device_of(finding), &self.sites, self.as_of))
            .collect();
        breaches.sort_by_key(|finding| {
            let decided = finding.state != FindingState::Open;
            let elsewhere = !on_core(finding);
            let standard = !self.is_sensitive(finding.place.site.as_ref());
            (decided, elsewhere, finding.severity, standard, std::cmp::Reverse(finding.since), finding.id)
        });
        let mut devices_on_core = BTreeSet::new();
        for finding in &breaches {
            match (finding.state, finding.place.network_kind) {
                (FindingState::Open, Some(NetworkKind::Core)) => {
                    devices_on_core.insert(&finding.subject);
                }
                (FindingState::Open, _) => placement.other += 1,
                _ => placement.decided += 1,
            }
        }
        placement.on_core = devices_on_core.len();
        placement.unclassified = unclassified.len();
        placement.rows = breaches.iter().map(|finding| PlacementKey::Finding(finding.id)).collect();
        placement.rows.extend(unclassified.iter().copied().map(PlacementKey::Device));
        placement
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Place;
    use crate::net::Timestamp;

    fn finding(id: u64, device: u64, rule: &str, severity: Severity, kind: NetworkKind) -> Finding {
        Finding {
            id: FindingId(id),
            policy: "p".into(),
            rule: rule.into(),
            severity,
            subject: Subject::Device(DeviceId(device)),
            text: String::new(),
            state: FindingState::Open,
            since: Timestamp(0),
            closed: None,
            closing: None,
            handling: crate::review::Handling::default(),
            openings: 1,
            revision: 1,
            place: Place { network_kind: Some(kind), ..Place::default() },
            evidence: Vec::new(),
            decision: None,
        }
    }

    #[test]
    fn a_device_that_is_perhaps_on_core_has_one_row_and_every_breach_its_own() {
        let (core, cctv) = (NetworkKind::Core, NetworkKind::Surveillance);
        let mut decided = finding(7, 4, "no-core", Severity::Breach, core);
        decided.state = FindingState::Accepted;
        let findings = [
            finding(1, 1, "remove", Severity::Review, core),
            finding(2, 1, "no-core", Severity::Review, core),
            finding(3, 2, "remove", Severity::Action, cctv),
            finding(4, 3, "cease", Severity::Breach, cctv),
            finding(5, 3, "no-core", Severity::Breach, core),
            finding(6, 3, "remove", Severity::Action, core),
            decided,
        ];
        let snapshot = Snapshot {
            findings: findings.into_iter().map(|finding| (finding.id, finding)).collect(),
            ..Snapshot::default()
        };
        let placement = snapshot.placement(&Filter::default(), &[]);
        let order = [5, 2, 4, 7].map(|id| PlacementKey::Finding(FindingId(id)));
        assert_eq!(placement.rows, order);
        assert_eq!((placement.on_core, placement.other, placement.decided), (2, 1, 1));
    }
}
