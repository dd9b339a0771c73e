//! What the views show: asked of the thread that reads, where it goes through all devices; worked out here, where the
//! model has what it takes.

use super::follow::{Ask, Found, Question, Wanted};
use super::model::{Model, ReviewKey, Sorting, View};
use crate::net::DeviceId;
use crate::review::{Finding, FindingState};
use crate::snapshot::{Filter, Snapshot, Tally};
use crate::store::DeviceDetail;

impl Model {
    /// What must be read for the screen, each asked for once.
    #[must_use]
    pub fn questions(&mut self) -> Vec<Question> {
        let mut questions: Vec<Question> = self.question().map(Question::View).into_iter().collect();
        let shown = self.selected_device().filter(|_| self.shows_detail());
        if let Some(wanted) = shown.map(|id| (id, self.snapshot.seq))
            && self.asked_detail != Some(wanted)
        {
            self.asked_detail = Some(wanted);
            questions.push(Question::Detail(wanted.0));
        }
        questions
    }

    fn question(&mut self) -> Option<Box<Ask>> {
        if !self.has_picture || *self.settled.of(self.view) || self.asked.1 == Some(self.view) {
            return None;
        }
        let wanted = match self.view {
            // Told with the picture.
            View::Exposure if self.is_told() => return None,
            View::Exposure => Wanted::Exposure(self.snapshot.waiting(&self.overdue)),
            View::Placement => Wanted::Unclassified,
            View::Devices => {
                let Sorting { by, reversed } = self.device_sorting;
                Wanted::Devices(self.devices_of.clone(), by, reversed)
            }
            View::Reviews | View::Targets => return None,
        };
        self.asked = (self.asked.0 + 1, Some(self.view));
        Some(Box::new(Ask {
            number: self.asked.0,
            filter: self.words.of(self.view).filter.clone(),
            sites: self.snapshot.sites.clone(),
            now: self.snapshot.as_of,
            wanted,
        }))
    }

    /// The exposure is what the picture said: not all devices are read, and none is left out.
    fn is_told(&self) -> bool {
        self.loading.is_some() && self.words.exposure.filter == Filter::default()
    }

    /// Takes in an answer; whether it is the one that the screen waits for.
    pub(super) fn found(&mut self, number: u64, found: Found) -> bool {
        let (asked, Some(view)) = self.asked else { return false };
        if number != asked {
            return false;
        }
        self.asked.1 = None;
        match (view, found) {
            (View::Exposure, Found::Tallies(tallies)) => self.expose(tallies),
            (View::Placement, Found::Devices(devices)) => {
                self.unclassified = devices;
                self.place();
            }
            (View::Devices, Found::Devices(devices)) => self.lists.devices.set(devices),
            _ => return false,
        }
        *self.settled.of_mut(view) = true;
        true
    }

    /// Takes in a device that was read.
    pub(super) fn read(&mut self, id: DeviceId, detail: Option<Box<DeviceDetail>>) {
        self.detail = Some((id, detail));
    }

    /// Something is to come that was not asked for: the first picture, or the rest of the devices.
    pub(super) fn is_to_come(&self) -> bool {
        self.loading.is_some() || (!self.has_picture && self.trouble.is_none())
    }

    /// What a view shows is no longer right.
    pub(super) fn unsettle(&mut self, view: View) {
        *self.settled.of_mut(view) = false;
        if self.asked.1 == Some(view) {
            self.asked.1 = None;
        }
    }

    /// The first picture, or the first after trouble.
    pub(super) fn begin(&mut self, snapshot: Snapshot, tallies: Vec<Tally>) {
        self.snapshot = snapshot;
        self.loading = Some(tallies.iter().map(|tally| tally.devices).sum());
        self.tallies = tallies;
        self.asked_detail = None;
        self.refreshed();
    }

    /// More devices were read; `None`: all.
    pub(super) fn loaded(&mut self, of: Option<usize>) {
        self.loading = of;
        if of.is_none() {
            self.tallies = Vec::new();
        }
        for view in [View::Exposure, View::Placement, View::Devices] {
            self.unsettle(view);
        }
    }

    /// The picture changed: what is cheap is counted anew, the rest when it is looked at.
    pub(super) fn refreshed(&mut self) {
        self.has_picture = true;
        self.trouble = None;
        self.coverage = self.snapshot.coverage();
        self.overdue = self.snapshot.overdue();
        let placement = self.snapshot.placement(&Filter::default(), &[]);
        self.misplaced = placement.on_core + placement.other;
        let open = |finding: &&Finding| finding.state == FindingState::Open;
        self.waiting = self.snapshot.findings.values().filter(open).count();
        let findings = &self.snapshot.findings;
        self.marks.retain(|id| findings.get(id).is_some_and(|finding| finding.state != FindingState::Closed));
        View::ALL.iter().for_each(|view| self.unsettle(*view));
    }

    fn expose(&mut self, tallies: Vec<Tally>) {
        let Sorting { by, reversed } = self.exposure_sorting;
        self.exposure = self.snapshot.exposure(tallies, by, reversed);
        self.lists.exposure.set(self.exposure.rows.iter().map(|row| row.key.clone()).collect());
    }

    fn place(&mut self) {
        self.placement = self.snapshot.placement(&self.words.placement.filter, &self.unclassified);
        self.lists.placement.set(self.placement.rows.clone());
    }

    /// Brings the rows of the view up to date, as far as that needs nothing read. Costs nothing where picture, filter and
    /// order are the same.
    pub fn settle(&mut self) {
        if *self.settled.of(self.view) {
            return;
        }
        let (snapshot, overdue) = (&self.snapshot, &self.overdue);
        let filter = &self.words.of(self.view).filter;
        match self.view {
            View::Exposure if self.is_told() => {
                let waiting = snapshot.waiting(overdue);
                let waiting = waiting.iter().filter_map(|(id, counts)| Some((snapshot.devices.get(id)?, *counts)));
                let waiting: Vec<Tally> = waiting.map(|(row, counts)| Tally::of(row, 0, counts)).collect();
                self.expose(self.tallies.iter().cloned().chain(waiting).collect());
            }
            View::Exposure | View::Devices => return,
            View::Placement => {
                // Findings pass the filter at once; the devices beside them follow.
                if self.placed.as_ref() != Some(filter) {
                    self.placed = Some(filter.clone());
                    self.unclassified.clear();
                }
                return self.place();
            }
            View::Reviews => {
                let findings = match self.items_of {
                    Some(cycle) => snapshot.items(cycle, filter, overdue),
                    None => snapshot.queue(filter, overdue),
                };
                let mut cycles: Vec<_> = snapshot.cycles.values().filter(|_| self.items_of.is_none()).collect();
                cycles.sort_by_key(|cycle| (cycle.closed.is_some(), cycle.due, cycle.id));
                let cycles = cycles.into_iter().map(|cycle| ReviewKey::Cycle(cycle.id));
                self.lists.reviews.set(cycles.chain(findings.into_iter().map(ReviewKey::Finding)).collect());
            }
            View::Targets => {
                let Sorting { by, reversed } = self.target_sorting;
                self.lists.targets.set(snapshot.sorted_targets(&self.words.targets.text, by, reversed));
            }
        }
        *self.settled.of_mut(self.view) = true;
    }
}
