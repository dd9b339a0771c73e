//! What each site has: its surveillance equipment by count word, and what waits to be decided there.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Snapshot, Tally};
use crate::config::NetworkKind;
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

impl Snapshot {
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
