//! Parts of the exposure: a row at one site.

use super::ExposureKey;
use crate::net::SiteId;

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
