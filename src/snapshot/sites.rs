//! What each site has: its surveillance equipment by count word, and what waits to be decided there.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Filter, SiteCoverage, SiteRow, Snapshot, Tally};
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
pub enum SiteOrder {
    /// Sensitive ones first, then by what is wrong there.
    #[default]
    Gravity,
    /// By id.
    Site,
    /// Surveillance equipment.
    Cameras,
    /// Restricted devices.
    Restricted,
    /// On core networks.
    OnCore,
    /// Findings that wait.
    Open,
    /// Findings past their time.
    Overdue,
    /// What was looked at least.
    Coverage,
}

impl SiteOrder {
    /// Every order, as the sort key walks through them.
    pub const ALL: [Self; 8] = [
        Self::Gravity,
        Self::Site,
        Self::Cameras,
        Self::Restricted,
        Self::OnCore,
        Self::Open,
        Self::Overdue,
        Self::Coverage,
    ];

    /// The next one round.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|order| *order == self).unwrap_or(0);
        Self::ALL.iter().cycle().nth(at + 1).copied().unwrap_or_default()
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gravity => "gravity",
            Self::Site => "site",
            Self::Cameras => "cameras",
            Self::Restricted => "restricted devices",
            Self::OnCore => "devices on core networks",
            Self::Open => "open findings",
            Self::Overdue => "overdue findings",
            Self::Coverage => "coverage, the least first",
        }
    }
}

/// The smallest share that is known; a site of which none is known was looked at least of all.
fn least(coverage: Option<&SiteCoverage>) -> u64 {
    coverage.and_then(|coverage| coverage.factors.iter().filter_map(super::Factor::percent).min()).unwrap_or(0)
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
        let grave = |row: &SiteRow| {
            let of = counts(row);
            let sensitive = row.sensitivity == Sensitivity::Sensitive;
            Reverse((sensitive, of.on_core, of.restricted, of.suspected, of.overdue, of.open, of.unknown))
        };
        let most = |of: fn(&SiteCounts) -> usize, a: &SiteRow, b: &SiteRow| of(counts(b)).cmp(&of(counts(a)));
        let compare = |a: &&SiteRow, b: &&SiteRow| {
            let (one, other) = (a, b);
            let ordering = match order {
                SiteOrder::Gravity => grave(one).cmp(&grave(other)),
                SiteOrder::Site => Ordering::Equal,
                SiteOrder::Cameras => most(|of| of.surveillance, one, other),
                SiteOrder::Restricted => most(|of| of.restricted, one, other),
                SiteOrder::OnCore => most(|of| of.on_core, one, other),
                SiteOrder::Open => most(|of| of.open, one, other),
                SiteOrder::Overdue => most(|of| of.overdue, one, other),
                SiteOrder::Coverage => least(coverage.get(&one.id)).cmp(&least(coverage.get(&other.id))),
            };
            let ordering = ordering.then_with(|| one.id.cmp(&other.id));
            if reversed { ordering.reverse() } else { ordering }
        };
        let mut rows: Vec<&SiteRow> = self.sites.values().filter(|row| filter.site(row)).collect();
        rows.sort_by(compare);
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
