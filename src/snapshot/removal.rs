//! How the number of devices moves, and how far their removal is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{SiteCounts, SiteCoverage, Snapshot, Standing};
use crate::config::Sensitivity;
use crate::net::SiteId;

/// How the estate stood on a day, as the daemon counted it last on that day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayRow {
    /// The day.
    pub day: Date,
    /// Restricted devices.
    pub restricted: u64,
    /// Suspected of being restricted.
    pub suspected: u64,
    /// Not known well enough.
    pub unknown: u64,
    /// Known not to be restricted.
    pub not_restricted: u64,
}

/// Restricted devices that came and went since a moment, and every site where restricted or suspected ones are or were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flow {
    /// Observed gone since.
    pub gone: usize,
    /// Connected since, where the place was looked at before.
    pub came: usize,
    /// First seen since, where nobody saw when they were connected.
    pub found: usize,
    /// Sites where such equipment is or was.
    pub affected: BTreeSet<SiteId>,
}

/// Sensitive sites where restricted or suspected equipment is or was, by where they stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removal {
    /// It is there.
    pub remaining: usize,
    /// It is gone, and too little is looked at to say that none is left.
    pub not_shown: usize,
    /// It is gone, and enough is looked at.
    pub done: usize,
}

impl Removal {
    /// All of them.
    #[must_use]
    pub fn affected(&self) -> usize {
        self.remaining + self.not_shown + self.done
    }

    /// Those that are done, in per cent, rounded down. `None`: no site is affected.
    #[must_use]
    pub fn percent(&self) -> Option<usize> {
        (self.done * 100).checked_div(self.affected())
    }
}

impl Standing {
    /// Where a sensitive site stands: by what is there, whether there ever was any, and whether enough is looked at.
    #[must_use]
    pub fn of(counts: &SiteCounts, affected: bool, enough: bool) -> Self {
        match (counts.restricted + counts.suspected > 0, affected, enough) {
            (true, _, _) => Self::Remaining,
            (_, true, false) => Self::GoneNotShown,
            (_, true, true) => Self::Done,
            (_, false, false) => Self::NoneNotShown,
            (_, false, true) => Self::None,
        }
    }
}

impl Snapshot {
    /// How far removal is at the sensitive sites.
    #[must_use]
    pub fn removal(
        &self,
        counts: &BTreeMap<SiteId, SiteCounts>,
        coverage: &BTreeMap<SiteId, SiteCoverage>,
        affected: &BTreeSet<SiteId>,
    ) -> Removal {
        let mut removal = Removal::default();
        let nothing = SiteCounts::default();
        for site in self.sites.values().filter(|site| site.sensitivity == Sensitivity::Sensitive) {
            let enough = coverage.get(&site.id).is_some_and(|coverage| coverage.doubts.is_empty());
            let counts = counts.get(&site.id).unwrap_or(&nothing);
            match Standing::of(counts, affected.contains(&site.id), enough) {
                Standing::Remaining => removal.remaining += 1,
                Standing::GoneNotShown => removal.not_shown += 1,
                Standing::Done => removal.done += 1,
                Standing::NoneNotShown | Standing::None => {}
            }
        }
        removal
    }
}
