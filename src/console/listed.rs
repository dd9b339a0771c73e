//! What a view lists, as rows of the tables that commands print: for the clipboard and for files.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::json;

use super::activity::{Told, VisitOrder, visits, visits_in_order};
use super::columns::Sheet;
use super::follow::Devices;
use super::happened;
use super::model::{Mode, Model, ReviewKey, View};
use crate::net::{CycleId, DeviceId, FindingId, SiteId, TargetName};
use crate::report::lists::{self, Placed};
use crate::report::{Format, Rows, sites, tables};
use crate::review::Finding;
use crate::snapshot::{
    AtSite, Condition, DeviceRow, ExposureKey, ExposureRow, PlacementKey, Plain, SiteCounts, SiteCoverage, SiteRow,
    Snapshot, UnseenKey, UnseenOrder,
};
use crate::store::{Reader, StoreError};

/// Rows of a view: which, and in which order.
#[derive(Debug, Clone)]
pub(super) enum Listed {
    Exposure(Vec<ExposureRow>),
    Parts(ExposureKey, Vec<(Option<SiteId>, AtSite)>),
    Placement(Vec<PlacementKey>),
    Findings(Vec<FindingId>),
    Cycles(Vec<CycleId>),
    Devices(Vec<DeviceId>),
    Sites(Vec<SiteId>, BTreeMap<SiteId, SiteCounts>, Arc<BTreeMap<SiteId, SiteCoverage>>),
    Unseen(Vec<UnseenKey>),
    /// All that was not seen and passes, in order.
    AllUnseen(Plain, Arc<BTreeMap<SiteId, SiteCoverage>>, (UnseenOrder, bool)),
    Told(Vec<Told>),
    /// The last visits that pass, all of them, in order.
    Visits(Plain, (VisitOrder, bool)),
    /// What of the log passes, all of it.
    Log(Plain),
    /// What is wrong with the work itself stands before them.
    Targets(Vec<Condition>, Vec<TargetName>),
}

/// Rows of a view with what they are made of.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) devices: Devices,
    pub(super) listed: Listed,
}

/// A part of a list, as far as there is one.
fn part<T>(all: &[T], at: Range<usize>) -> &[T] {
    let end = at.end.min(all.len());
    all.get(at.start.min(end)..end).unwrap_or_default()
}

impl Source {
    /// How many rows there are, where that is known before they are read.
    pub(super) fn len(&self) -> usize {
        match &self.listed {
            Listed::Exposure(rows) => rows.len(),
            Listed::Parts(_, rows) => rows.len(),
            Listed::Placement(rows) => rows.len(),
            Listed::Findings(rows) => rows.len(),
            Listed::Cycles(rows) => rows.len(),
            Listed::Devices(rows) => rows.len(),
            Listed::Sites(rows, ..) => rows.len(),
            Listed::Unseen(rows) => rows.len(),
            Listed::Told(rows) => rows.len(),
            Listed::Targets(_, rows) => rows.len(),
            Listed::AllUnseen(..) | Listed::Visits(..) | Listed::Log(_) => 0,
        }
    }

    /// Looks up what is not listed yet; what the log says stays to be read.
    pub(super) fn resolve(&mut self) {
        match &self.listed {
            Listed::AllUnseen(words, coverage, (order, reversed)) => {
                let unseen = self.snapshot.unseen(coverage, words);
                let unseen = self.snapshot.unseen_in_order(unseen, *order, *reversed);
                self.listed = Listed::Unseen(unseen.into_iter().map(|(_, key)| key).collect());
            }
            Listed::Visits(words, (order, reversed)) => {
                self.listed = Listed::Told(visits_in_order(visits(&self.snapshot, words), *order, *reversed));
            }
            _ => {}
        }
    }

    /// Some rows in a form; of devices JSON has their evidence, which only the database has.
    pub(super) fn rows(&self, at: Range<usize>, form: Format, reader: Option<&Reader>) -> Result<Rows, StoreError> {
        if form != Format::Json {
            return Ok(Rows::Table(self.table(at)));
        }
        let snapshot = &*self.snapshot;
        let values = match &self.listed {
            Listed::Exposure(rows) => part(rows, at).iter().map(lists::exposure_json).collect(),
            Listed::Parts(key, rows) => {
                part(rows, at).iter().map(|(site, at)| lists::part_json(key, site.as_ref(), at)).collect()
            }
            Listed::Placement(rows) => {
                let devices = self.unclassified(part(rows, at.clone()));
                let placed = self.placed(part(rows, at), &devices);
                placed.into_iter().map(|placed| lists::placement_json(placed, snapshot)).collect()
            }
            Listed::Findings(rows) => {
                self.findings(part(rows, at)).map(|finding| tables::finding_json(finding, snapshot)).collect()
            }
            Listed::Cycles(rows) => part(rows, at).iter().map(|id| json!(snapshot.cycles.get(id))).collect(),
            Listed::Devices(rows) => {
                let mut values = Vec::new();
                for row in self.device_rows(part(rows, at)) {
                    let record = reader.map(|reader| reader.device_record(row.id)).transpose()?.flatten();
                    let value =
                        |it: crate::store::DeviceRecord| tables::device_json(&it.device, it.status, row.last_seen);
                    values.extend(record.map(value));
                }
                values
            }
            Listed::Sites(rows, counts, covered) => {
                let value = |site: &SiteRow| Some(sites::site_json(snapshot, covered, site, counts.get(&site.id)?));
                self.sites(part(rows, at)).filter_map(value).collect()
            }
            Listed::Unseen(rows) => {
                let unseen = part(rows, at).iter().filter_map(|key| snapshot.unseen_row(key));
                unseen.map(|unseen| lists::unseen_json(&unseen)).collect()
            }
            Listed::Told(rows) => part(rows, at).iter().map(happened::json).collect(),
            Listed::Targets(conditions, rows) => {
                let before = conditions.iter().filter(|_| at.start == 0).map(tables::condition_json);
                before.chain(self.targets(part(rows, at.clone())).map(tables::target_json)).collect()
            }
            Listed::AllUnseen(..) | Listed::Visits(..) | Listed::Log(_) => Vec::new(),
        };
        Ok(Rows::Json(values))
    }

    /// Some rows as a table.
    pub(super) fn table(&self, at: Range<usize>) -> crate::report::Table {
        let snapshot = &*self.snapshot;
        match &self.listed {
            Listed::Exposure(rows) => lists::exposure(part(rows, at).iter()),
            Listed::Parts(key, rows) => lists::parts(key, part(rows, at).iter().map(|(site, at)| (site.as_ref(), at))),
            Listed::Placement(rows) => {
                let devices = self.unclassified(part(rows, at.clone()));
                lists::placement(self.placed(part(rows, at), &devices).into_iter(), snapshot)
            }
            Listed::Findings(rows) => tables::findings(self.findings(part(rows, at)), snapshot),
            Listed::Cycles(rows) => {
                lists::cycles(part(rows, at).iter().filter_map(|id| snapshot.cycles.get(id)), snapshot)
            }
            Listed::Devices(rows) => tables::devices(self.device_rows(part(rows, at)).iter()),
            Listed::Sites(rows, counts, covered) => sites::sites(snapshot, covered, counts, self.sites(part(rows, at))),
            Listed::Unseen(rows) => lists::unseen(part(rows, at).iter().filter_map(|key| snapshot.unseen_row(key))),
            Listed::Told(rows) => happened::table(part(rows, at)),
            Listed::Targets(conditions, rows) => {
                let before = conditions.iter().filter(|_| at.start == 0);
                tables::targets(before, self.targets(part(rows, at.clone())))
            }
            Listed::AllUnseen(..) | Listed::Visits(..) | Listed::Log(_) => crate::report::Table::default(),
        }
    }

    fn findings<'a>(&'a self, ids: &'a [FindingId]) -> impl Iterator<Item = &'a Finding> {
        ids.iter().filter_map(|id| self.snapshot.findings.get(id))
    }

    fn sites<'a>(&'a self, ids: &'a [SiteId]) -> impl Iterator<Item = &'a SiteRow> {
        ids.iter().filter_map(|id| self.snapshot.sites.get(id))
    }

    fn targets<'a>(&'a self, names: &'a [TargetName]) -> impl Iterator<Item = &'a crate::snapshot::TargetRow> {
        names.iter().filter_map(|name| self.snapshot.targets.get(name))
    }

    fn device_rows(&self, ids: &[DeviceId]) -> Vec<DeviceRow> {
        let index = self.devices.read();
        ids.iter().filter_map(|id| index.get(*id).or_else(|| self.snapshot.devices.get(id).cloned())).collect()
    }

    /// The devices among the rows of Placement.
    fn unclassified(&self, keys: &[PlacementKey]) -> BTreeMap<DeviceId, DeviceRow> {
        let ids: Vec<DeviceId> = keys.iter().filter_map(PlacementKey::device).collect();
        self.device_rows(&ids).into_iter().map(|row| (row.id, row)).collect()
    }

    fn placed<'a>(&'a self, keys: &[PlacementKey], devices: &'a BTreeMap<DeviceId, DeviceRow>) -> Vec<Placed<'a>> {
        let placed = |key: &PlacementKey| match key {
            PlacementKey::Finding(id) => self.snapshot.findings.get(id).map(Placed::Finding),
            PlacementKey::Device(id) => devices.get(id).map(Placed::Device),
        };
        keys.iter().filter_map(placed).collect()
    }
}

impl Model {
    pub(super) fn source(&self, listed: Listed) -> Source {
        Source { snapshot: Arc::clone(&self.snapshot), devices: self.devices.clone(), listed }
    }

    fn covered(&self) -> Arc<BTreeMap<SiteId, SiteCoverage>> {
        self.site_lines.coverage.clone().unwrap_or_default()
    }

    /// The parts of the exposure's row that is looked into, in order.
    fn parts_listed(&self, key: &ExposureKey, sites: &[Option<SiteId>]) -> Listed {
        let row = self.exposure.rows.iter().find(|row| row.key == *key);
        let at = |site: &Option<SiteId>| Some((site.clone(), *row?.sites.get(site)?));
        Listed::Parts(key.clone(), sites.iter().filter_map(at).collect())
    }

    /// How many rows the view lists.
    pub(super) fn count_listed(&self) -> usize {
        let lists = &self.lists;
        match self.view {
            View::Exposure if self.exposure_at.is_some() => lists.parts.order().len(),
            View::Exposure => self.exposure.rows.len(),
            View::Placement => lists.placement.order().len() - lists.placement.going(),
            View::Reviews => self.findings_listed().len(),
            View::Devices => lists.devices.order().len() - lists.devices.going(),
            View::Sites => lists.sites.order().len(),
            View::Coverage => lists.coverage.order().len(),
            View::Activity => self.activity.rows.len(),
            View::Targets => lists.targets.order().len(),
        }
    }

    /// What the view lists: the first so many rows.
    pub(super) fn listed(&self, most: usize) -> Listed {
        let lists = &self.lists;
        match self.view {
            View::Exposure => match &self.exposure_at {
                Some(key) => self.parts_listed(key, part(lists.parts.order(), 0..most)),
                None => Listed::Exposure(part(&self.exposure.rows, 0..most).to_vec()),
            },
            View::Placement => Listed::Placement(lists.placement.staying().take(most).copied().collect()),
            View::Reviews => Listed::Findings(part(&self.findings_listed(), 0..most).to_vec()),
            View::Devices => Listed::Devices(lists.devices.staying().take(most).copied().collect()),
            View::Sites => self.sites_listed(part(lists.sites.order(), 0..most)),
            View::Coverage => Listed::Unseen(part(lists.coverage.order(), 0..most).to_vec()),
            View::Activity => Listed::Told(part(&self.activity.rows, 0..most).to_vec()),
            View::Targets => {
                let conditions = self.snapshot.conditions.iter();
                let conditions = conditions.filter(|it| it.holds(&self.words.targets.text)).cloned();
                Listed::Targets(conditions.collect(), part(lists.targets.order(), 0..most).to_vec())
            }
        }
    }

    /// All that passes the view's filter, what the list itself has not read included.
    pub(super) fn listed_whole(&self) -> Listed {
        match self.view {
            View::Coverage => {
                let order = self.order(Sheet::Coverage);
                Listed::AllUnseen(self.words.coverage.plain.clone(), self.covered(), order)
            }
            View::Activity if self.words.activity.plain.names("visit") => {
                Listed::Visits(self.words.activity.plain.clone(), self.order(Sheet::Activity))
            }
            View::Activity => Listed::Log(self.words.activity.plain.clone()),
            _ => self.listed(usize::MAX),
        }
    }

    fn sites_listed(&self, sites: &[SiteId]) -> Listed {
        Listed::Sites(sites.to_vec(), self.site_lines.counts.clone(), self.covered())
    }

    /// The row that is selected.
    pub(super) fn listed_row(&self) -> Option<Listed> {
        match self.mode.shown() {
            Mode::Pinned { device, .. } => return Some(Listed::Devices(vec![*device])),
            Mode::Faceplate(_) => return self.device_on_port().map(|device| Listed::Devices(vec![device])),
            _ => {}
        }
        let lists = &self.lists;
        Some(match self.view {
            View::Exposure => match &self.exposure_at {
                Some(key) => self.parts_listed(key, std::slice::from_ref(lists.parts.selected()?)),
                None => {
                    let key = lists.exposure.selected()?;
                    Listed::Exposure(vec![self.exposure.rows.iter().find(|row| row.key == *key)?.clone()])
                }
            },
            View::Placement => Listed::Placement(vec![*lists.placement.selected()?]),
            View::Reviews => match lists.reviews.selected()? {
                ReviewKey::Cycle(id) => Listed::Cycles(vec![*id]),
                ReviewKey::Finding(id) => Listed::Findings(vec![*id]),
            },
            View::Devices => Listed::Devices(vec![*lists.devices.selected()?]),
            View::Sites => self.sites_listed(std::slice::from_ref(lists.sites.selected()?)),
            View::Coverage => Listed::Unseen(vec![lists.coverage.selected()?.clone()]),
            View::Activity => {
                let key = lists.activity.selected()?;
                Listed::Told(vec![self.activity.rows.iter().find(|told| told.key == *key)?.clone()])
            }
            View::Targets => Listed::Targets(Vec::new(), vec![lists.targets.selected()?.clone()]),
        })
    }
}
