//! What the views show: asked of the thread that reads, where it goes through all devices; worked out here, where the
//! model has what it takes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::columns::Sheet;
use super::follow::{Ask, Found, Question, Wanted};
use super::going::{Held, hold};
use super::model::{Mode, Model, PerView, ReviewKey, View};
use crate::net::DeviceId;
use crate::review::{Finding, FindingState};
use crate::snapshot::{By, Changes, Filter, FindingOrder, PlacementKey, Pressing, Queue, Snapshot, Tally, TargetRow};
use crate::store::DeviceDetail;

impl Model {
    /// What must be read for the screen, each asked for once.
    #[must_use]
    pub fn questions(&mut self) -> Vec<Question> {
        let mut questions: Vec<Question> = self.question().map(Question::View).into_iter().collect();
        questions.extend(self.search_question());
        let deciding = matches!(self.mode, Mode::Decide(_)) && self.view == View::Devices;
        let shown = self.selected_device().filter(|_| self.shows_detail() || deciding);
        if let Some(wanted) = shown.map(|id| (id, self.snapshot.seq))
            && self.asked_detail != Some(wanted)
        {
            self.asked_detail = Some(wanted);
            questions.push(Question::Detail(wanted.0));
        }
        if let Some(seq) = self.selected_entry().filter(|_| self.shows_detail())
            && self.asked_entry != Some(seq)
        {
            self.asked_entry = Some(seq);
            questions.push(Question::Entry(seq));
        }
        if let Some(switch) = self.faced_switch() {
            let wanted = (switch.clone(), self.snapshot.seq, self.loading.is_none());
            if self.asked_front.as_ref() != Some(&wanted) {
                questions.push(Question::Front(wanted.0.clone()));
                self.asked_front = Some(wanted);
            }
        }
        questions
    }

    fn question(&mut self) -> Option<Box<Ask>> {
        let settled = *self.settled.of(self.view) && self.view != View::Activity;
        if !self.has_picture || settled || self.asked.1 == Some(self.view) {
            return None;
        }
        let wanted = match self.view {
            // Told with the picture.
            View::Exposure if self.is_told() => return None,
            View::Exposure => Wanted::Tallies(self.snapshot.waiting(&self.overdue)),
            // Findings are counted at their sites, not at their devices.
            View::Sites if self.loading.is_none() => Wanted::Tallies(BTreeMap::new()),
            View::Placement => {
                let (order, reversed): (FindingOrder, bool) = self.order(Sheet::Placement);
                Wanted::Unclassified(order.of_devices().map(|order| (order, reversed)))
            }
            View::Devices => {
                let (order, reversed) = self.order(Sheet::Devices);
                Wanted::Devices(self.devices_of.clone(), order, reversed, self.devices_shown())
            }
            View::Activity => {
                let (from, to) = self.log_wanted()?;
                Wanted::Log(from, to, self.words.activity.plain.clone())
            }
            _ => return None,
        };
        self.asked = (self.asked.0 + 1, Some(self.view));
        Some(Box::new(Ask {
            number: self.asked.0,
            filter: self.filter_of_devices(),
            sites: self.snapshot.sites.clone(),
            now: self.snapshot.as_of,
            wanted,
        }))
    }

    /// What must hold of the devices that are asked for; of Sites the words are about the sites.
    fn filter_of_devices(&self) -> Filter {
        if self.view == View::Sites { Filter::default() } else { self.words.of(self.view).filter.clone() }
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
            (View::Exposure, Found::Tallies(tallies, flow)) => {
                self.count_removal(&tallies, flow);
                self.expose(tallies);
            }
            (View::Sites, Found::Tallies(tallies, _)) => self.count_sites(tallies),
            (View::Placement, Found::Devices(devices)) => {
                self.unclassified = devices;
                self.place();
            }
            (View::Activity, Found::Log(page)) => self.take_log(page),
            (View::Devices, Found::Listed(held)) => self.list_devices(held),
            _ => return false,
        }
        *self.settled.of_mut(view) = true;
        true
    }

    fn list_devices(&mut self, held: Held<DeviceId>) {
        // A row of which nothing is known any more has nothing to show.
        let blank: Vec<DeviceId> = held.going.iter().copied().filter(|id| self.device(*id).is_none()).collect();
        let by = self.devices_by();
        self.lists.devices.renew(held, by);
        blank.iter().for_each(|id| self.lists.devices.drop_going(id));
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
        self.snapshot = Arc::new(snapshot);
        self.note_visits();
        self.activity.restart();
        self.asked_entry = None;
        self.loading = Some(tallies.iter().map(|tally| tally.devices).sum());
        self.tallies = tallies;
        (self.asked_detail, self.asked_front) = (None, None);
        self.refreshed();
    }

    /// Takes note of the last visits that the picture knows.
    fn note_visits(&mut self) {
        let every_ms = i64::try_from(self.snapshot.daemon.poll_every_s.saturating_mul(1000)).unwrap_or(i64::MAX);
        self.activity.note(self.snapshot.targets.values(), every_ms);
    }

    /// Takes in what changed.
    pub(super) fn changed(&mut self, changes: Changes) {
        let visited: Vec<TargetRow> = changes.targets.iter().map(|visited| visited.row.clone()).collect();
        Arc::make_mut(&mut self.snapshot).take(changes);
        let every_ms = i64::try_from(self.snapshot.daemon.poll_every_s.saturating_mul(1000)).unwrap_or(i64::MAX);
        self.activity.note(visited.iter(), every_ms);
        self.refreshed();
    }

    /// More devices were read; `None`: all.
    pub(super) fn loaded(&mut self, of: Option<usize>) {
        self.loading = of;
        if of.is_none() {
            self.tallies = Vec::new();
        }
        for view in [View::Exposure, View::Placement, View::Devices, View::Sites] {
            self.unsettle(view);
        }
    }

    /// The picture changed: what is cheap is counted anew, the rest when it is looked at.
    pub(super) fn refreshed(&mut self) {
        self.has_picture = true;
        self.trouble = None;
        self.coverage = self.snapshot.coverage();
        self.site_lines.coverage = None;
        self.overdue = self.snapshot.overdue();
        self.dues = self.snapshot.dues();
        let placement = self.snapshot.placement(&Filter::default(), &[]);
        self.misplaced = placement.on_core + placement.other;
        let open = |finding: &&Finding| finding.state == FindingState::Open;
        self.waiting = self.snapshot.findings.values().filter(open).count();
        let findings = &self.snapshot.findings;
        self.marks.retain(|id| findings.get(id).is_some_and(|finding| finding.state != FindingState::Closed));
        self.settled = PerView::default();
        self.asked.1 = None;
    }

    fn expose(&mut self, tallies: Vec<Tally>) {
        let (order, reversed) = self.order(Sheet::Exposure);
        self.exposure = self.snapshot.exposure(tallies, order, reversed);
        self.lists.exposure.set(self.exposure.rows.iter().map(|row| row.key.clone()).collect());
        self.list_parts();
    }

    fn place(&mut self) {
        self.placement = self.snapshot.placement(&self.words.placement.filter, &self.unclassified);
        // What no rule can be asked of stays below the findings, in an order of its own.
        let (order, reversed): (FindingOrder, bool) = self.order(Sheet::Placement);
        let rows = &self.placement.rows;
        let findings = rows.iter().filter_map(PlacementKey::finding).collect();
        let devices = rows.iter().filter_map(PlacementKey::device).map(PlacementKey::Device);
        let pressing = Pressing { overdue: &self.overdue, dues: &self.dues };
        let findings = self.snapshot.findings_in_order(findings, order, reversed, pressing);
        self.placement.rows = findings.into_iter().map(PlacementKey::Finding).chain(devices).collect();
        let by = format!("{order:?} {reversed} {}", self.words.placement.text);
        let (list, rows) = (&mut self.lists.placement, self.placement.rows.clone());
        let shown = if list.is_by(&by) { list.shown(0) } else { &[] };
        list.renew(hold(shown, list.offset.get(), rows), by);
    }

    /// Brings the rows of the view up to date, as far as that needs nothing read. Costs nothing where picture, filter and
    /// order are the same.
    pub fn settle(&mut self) {
        if *self.settled.of(self.view) {
            return;
        }
        if self.view == View::Reviews && !self.snapshot.cycles.is_empty() {
            // A cycle is told with what was looked at.
            self.measure();
        }
        let (snapshot, overdue) = (&self.snapshot, &self.overdue);
        let filter = &self.words.of(self.view).filter;
        match self.view {
            View::Exposure if self.is_told() => {
                let waiting = snapshot.waiting_tallies(overdue);
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
                let me = self.greeting.as_ref().map(|greeting| &greeting.you);
                let by = By { filter, overdue, dues: &self.dues, me, marks: &self.marks };
                let findings = match self.items_of {
                    Some(cycle) => snapshot.items(cycle, filter, overdue),
                    None => snapshot.queued(self.queue, &by),
                };
                let (order, reversed): (FindingOrder, bool) = self.order(Sheet::Reviews);
                let pressing = Pressing { overdue, dues: &self.dues };
                let findings = snapshot.findings_in_order(findings, order, reversed, pressing);
                self.queued = snapshot.queue_counts(&by);
                let all = self.items_of.is_none() && self.queue == Queue::Waiting;
                let mut cycles: Vec<_> = snapshot.cycles.values().filter(|_| all).collect();
                cycles.sort_by_key(|cycle| (cycle.closed.is_some(), cycle.due, cycle.id));
                let cycles = cycles.into_iter().map(|cycle| ReviewKey::Cycle(cycle.id));
                // A mark that is taken away takes its row away.
                let marks = Some(&self.marks).filter(|_| self.queue == Queue::Marked);
                let (queue, words) = (self.queue, &self.words.reviews.text);
                let by = format!("{order:?} {reversed} {queue:?} {:?} {marks:?} {words}", self.items_of);
                let list = &mut self.lists.reviews;
                // What scrolls are the findings; the cycles stand above them.
                let above = list.order().iter().take_while(|key| matches!(key, ReviewKey::Cycle(_))).count();
                let shown = if list.is_by(&by) { list.shown(above) } else { &[] };
                let findings = findings.into_iter().map(ReviewKey::Finding).collect();
                let mut held = hold(shown, list.offset.get(), findings);
                held.order = cycles.chain(held.order).collect();
                list.renew(held, by);
            }
            View::Sites if self.loading.is_some() => self.count_sites(self.tallies.clone()),
            View::Sites => return self.list_sites(),
            View::Coverage => self.list_unseen(),
            View::Activity if self.words.activity.plain.names("visit") => self.list_visits(),
            View::Activity => return,
            View::Targets => {
                let (order, reversed) = self.order(Sheet::Targets);
                self.lists.targets.set(snapshot.sorted_targets(&self.words.targets.text, order, reversed));
            }
        }
        *self.settled.of_mut(self.view) = true;
    }
}
