//! The sites in numbers: what the views of sites and of coverage show, counted when they are looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::columns::Sheet;
use super::model::{Model, View};
use crate::net::SiteId;
use crate::snapshot::{Filter, Flow, SiteCounts, SiteCoverage, Tally};

/// The sites, as far as they were counted.
#[derive(Debug, Default)]
pub(super) struct SiteLines {
    /// How all devices count.
    pub(super) tallies: Vec<Tally>,
    /// What that is at each site.
    pub(super) counts: BTreeMap<SiteId, SiteCounts>,
    /// What of each was looked at; `None`: the picture changed since.
    pub(super) coverage: Option<Arc<BTreeMap<SiteId, SiteCoverage>>>,
}

impl Model {
    /// What of each site was looked at.
    pub(super) fn site_coverage(&self) -> Option<&BTreeMap<SiteId, SiteCoverage>> {
        self.site_lines.coverage.as_deref()
    }

    /// Measures coverage, where the picture changed since.
    pub(super) fn measure(&mut self) {
        if self.site_lines.coverage.is_none() {
            self.site_lines.coverage = Some(Arc::new(self.snapshot.coverage_of_sites()));
        }
    }

    /// Takes in how all devices count.
    pub(super) fn count_sites(&mut self, tallies: Vec<Tally>) {
        self.site_lines.counts = self.snapshot.site_counts(&tallies, &self.overdue);
        self.site_lines.tallies = tallies;
        self.list_sites();
    }

    /// Puts the sites that pass in order.
    pub(super) fn list_sites(&mut self) {
        self.measure();
        let nothing = BTreeMap::new();
        let SiteLines { counts, coverage, .. } = &self.site_lines;
        let order = self.order(Sheet::Sites);
        let coverage = coverage.as_deref().unwrap_or(&nothing);
        let filter = &self.words.of(View::Sites).filter;
        self.lists.sites.set(self.snapshot.sites_listed(filter, counts, coverage, order));
    }

    /// Puts what was not seen in order.
    pub(super) fn list_unseen(&mut self) {
        self.measure();
        let nothing = BTreeMap::new();
        let coverage = self.site_lines.coverage.as_deref().unwrap_or(&nothing);
        let unseen = self.snapshot.unseen(coverage, &self.words.coverage.plain);
        self.unseen.clear();
        for (kind, _) in &unseen {
            *self.unseen.entry(*kind).or_default() += 1;
        }
        let (order, reversed) = self.order(Sheet::Coverage);
        let unseen = self.snapshot.unseen_in_order(unseen, order, reversed);
        self.lists.coverage.set(unseen.into_iter().map(|(_, key)| key).collect());
    }

    /// Counts how far removal is, of the whole estate.
    pub(super) fn count_removal(&mut self, tallies: &[Tally], flow: Flow) {
        if self.words.exposure.filter != Filter::default() {
            return;
        }
        self.measure();
        let counts = self.snapshot.site_counts(tallies, &self.overdue);
        let removal = self.site_coverage().map(|coverage| self.snapshot.removal(&counts, coverage, &flow.affected));
        self.movement = removal.map(|removal| (flow, removal));
    }

    /// The sites of the exposure's row that is looked into.
    pub(super) fn list_parts(&mut self) {
        let Some(key) = &self.exposure_at else { return };
        let (order, reversed) = self.order(Sheet::Parts);
        let row = self.exposure.rows.iter().find(|row| row.key == *key);
        let sites = row.map(|row| self.snapshot.parts(row, order, reversed)).unwrap_or_default();
        self.lists.parts.set(sites);
    }
}
