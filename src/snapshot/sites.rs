//! What each site has: its surveillance equipment by count word, and what waits to be decided there.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::sort::{in_order, turned};
use super::{FactorKind, Filter, Said, SiteCoverage, SiteRow, Snapshot, Tally};
use crate::config::{NetworkKind, Sensitivity};
use crate::maker::Surveillance;
use crate::net::{FindingId, SiteId};
use crate::policy::Status;
use crate::review::FindingState;
use crate::snapshot::Group;

/// A site in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SiteCounts {
    /// Surveillance equipment there.
    pub surveillance: usize,
    /// Restricted devices.
    pub restricted: usize,
    /// Suspected of being restricted.
    pub suspected: usize,
    /// With a mark of a maker or a class, and not known well enough.
    pub unknown: usize,
    /// Known, with evidence, not to be restricted.
    pub not_restricted: usize,
    /// Surveillance equipment on a core network.
    pub on_core: usize,
    /// Findings that wait for a decision.
    pub open: usize,
    /// Findings past their time.
    pub overdue: usize,
}

/// What sites can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SiteOrder {
    /// Sensitive ones first, then by what is wrong there.
    #[default]
    Gravity,
    /// By id.
    Site,
    /// By name.
    Name,
    /// Sensitive ones first.
    Sensitivity,
    /// By the limb that makes them sensitive.
    Basis,
    /// Surveillance equipment.
    Cameras,
    /// Restricted devices.
    Restricted,
    /// Suspected ones.
    Suspected,
    /// Unknown ones.
    Unknown,
    /// On core networks.
    Core,
    /// Findings that wait.
    Open,
    /// Findings past their time.
    Overdue,
    /// What was looked at least, by whatever factor.
    Least,
    /// By the address ranges that were looked through, the least first; the others alike.
    Ranges,
    #[allow(missing_docs)]
    Switches,
    #[allow(missing_docs)]
    Ports,
    #[allow(missing_docs)]
    Register,
}

impl SiteCoverage {
    /// The smallest share in per cent that is known.
    #[must_use]
    pub fn least(&self) -> Option<u64> {
        self.factors.iter().filter_map(super::Factor::percent).min()
    }
}

impl Snapshot {
    /// Sites that pass, in order.
    #[must_use]
    pub fn sites_listed(
        &self,
        filter: &Filter,
        counts: &BTreeMap<SiteId, SiteCounts>,
        coverage: &BTreeMap<SiteId, SiteCoverage>,
        (order, reversed): (SiteOrder, bool),
    ) -> Vec<SiteId> {
        let nothing = SiteCounts::default();
        let counts = |row: &SiteRow| counts.get(&row.id).unwrap_or(&nothing);
        let grave = |row: &&SiteRow| {
            let of = counts(row);
            let sensitive = row.sensitivity == Sensitivity::Sensitive;
            Reverse((sensitive, of.on_core, of.restricted, of.suspected, of.overdue, of.open, of.unknown))
        };
        // Stable: by id, where nothing else tells them apart.
        let mut rows: Vec<&SiteRow> = self.sites.values().filter(|row| filter.site(row)).collect();
        rows.sort_by_key(grave);
        let share = |row: &SiteRow, kind| {
            let factor = coverage.get(&row.id).and_then(|coverage| coverage.factor(kind));
            Said::number(factor.and_then(super::Factor::percent).and_then(|percent| u32::try_from(percent).ok()))
        };
        let said = |row: &&SiteRow| match order {
            SiteOrder::Gravity => Said::Nothing,
            SiteOrder::Site => Said::text(row.id.as_str().to_owned()),
            SiteOrder::Name => Said::text(row.name.clone()),
            SiteOrder::Sensitivity => Said::Number(i64::from(row.sensitivity != Sensitivity::Sensitive)),
            SiteOrder::Basis => Said::text(row.basis.as_ref().map(super::word).unwrap_or_default()),
            SiteOrder::Cameras => Said::most(counts(row).surveillance),
            SiteOrder::Restricted => Said::most(counts(row).restricted),
            SiteOrder::Suspected => Said::most(counts(row).suspected),
            SiteOrder::Unknown => Said::most(counts(row).unknown),
            SiteOrder::Core => Said::most(counts(row).on_core),
            SiteOrder::Open => Said::most(counts(row).open),
            SiteOrder::Overdue => Said::most(counts(row).overdue),
            // Of which no share is known was looked at least of all.
            SiteOrder::Least => {
                let least = coverage.get(&row.id).and_then(SiteCoverage::least);
                Said::Number(least.and_then(|percent| i64::try_from(percent).ok()).unwrap_or(-1))
            }
            SiteOrder::Ranges => share(row, FactorKind::Ranges),
            SiteOrder::Switches => share(row, FactorKind::Switches),
            SiteOrder::Ports => share(row, FactorKind::Ports),
            SiteOrder::Register => share(row, FactorKind::Register),
        };
        let rows = match order {
            SiteOrder::Gravity => turned(rows, reversed),
            _ => in_order(rows, reversed, said),
        };
        rows.into_iter().map(|row| row.id.clone()).collect()
    }

    /// Every configured site in numbers, those with nothing too; `tallies`: how all devices count.
    #[must_use]
    pub fn site_counts<'a>(
        &self,
        tallies: impl IntoIterator<Item = &'a Tally>,
        overdue: &BTreeSet<FindingId>,
    ) -> BTreeMap<SiteId, SiteCounts> {
        let mut sites: BTreeMap<SiteId, SiteCounts> =
            self.sites.keys().map(|site| (site.clone(), SiteCounts::default())).collect();
        for tally in tallies {
            // What is gone is nowhere, and what is known to be no surveillance equipment is not counted.
            let Some(group) = tally.group().filter(|_| !tally.gone) else { continue };
            let Some(counts) = tally.site.as_ref().and_then(|site| sites.get_mut(site)) else { continue };
            let devices = tally.devices;
            if tally.surveillance == Surveillance::Yes {
                counts.surveillance += devices;
                counts.on_core += if tally.network_kind == Some(NetworkKind::Core) { devices } else { 0 };
            }
            match tally.status {
                Status::Restricted => counts.restricted += devices,
                Status::Suspected => counts.suspected += devices,
                // What bears no mark at all is a computer or a telephone far more often than a camera.
                Status::Unknown if group != Group::NotIdentified => counts.unknown += devices,
                Status::NotRestricted if group != Group::NotIdentified => counts.not_restricted += devices,
                Status::Unknown | Status::NotRestricted => {}
            }
        }
        for finding in self.findings.values() {
            let Some(counts) = finding.place.site.as_ref().and_then(|site| sites.get_mut(site)) else { continue };
            counts.open += usize::from(finding.state == FindingState::Open);
            counts.overdue += usize::from(overdue.contains(&finding.id));
        }
        sites
    }
}
