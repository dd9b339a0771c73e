//! Parts of the exposure: a row at one site.

use serde::{Deserialize, Serialize};

use super::sort::{in_order, turned};
use super::{ExposureKey, ExposureRow, Said, Snapshot};
use crate::net::SiteId;

/// What a row's parts can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartOrder {
    /// Most devices first.
    #[default]
    Devices,
    /// By the site's id.
    Site,
    /// By its name.
    Name,
    /// On core networks.
    Core,
    /// Open findings.
    Open,
    /// Overdue findings.
    Overdue,
}

/// A row's part at one site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AtSite {
    /// Devices.
    pub devices: usize,
    /// On core networks.
    pub core: usize,
    /// Findings that wait for a decision.
    pub open: usize,
    /// Findings past their time.
    pub overdue: usize,
}

/// What of a row is looked at: all of it, or its part at one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The row.
    pub row: ExposureKey,
    /// Only at this site, or where the site is not known.
    pub at: Option<Option<SiteId>>,
}

impl Snapshot {
    /// The sites of a row of the exposure, in order.
    #[must_use]
    pub fn parts(&self, row: &ExposureRow, order: PartOrder, reversed: bool) -> Vec<Option<SiteId>> {
        let mut sites: Vec<(&Option<SiteId>, &AtSite)> = row.sites.iter().collect();
        sites.sort_by_key(|(site, at)| (std::cmp::Reverse(at.devices), *site));
        let name = |site: &SiteId| self.sites.get(site).map(|row| row.name.as_str()).unwrap_or_default();
        let sites = match order {
            PartOrder::Devices => turned(sites, reversed),
            _ => in_order(sites, reversed, |(site, at)| match order {
                PartOrder::Devices => Said::Nothing,
                PartOrder::Site => Said::text(site.as_ref().map_or("", |site| site.as_str())),
                PartOrder::Name => Said::text(site.as_ref().map_or("", name)),
                PartOrder::Core => Said::most(at.core),
                PartOrder::Open => Said::most(at.open),
                PartOrder::Overdue => Said::most(at.overdue),
            }),
        };
        sites.into_iter().map(|(site, _)| site.clone()).collect()
    }
}
