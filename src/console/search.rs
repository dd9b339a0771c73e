//! Something looked up: what is typed, what was found, and the way to it.

use super::follow::{MOST_HITS, Question};
use super::input::Input;
use super::list::Step;
use super::model::{Message, Mode, Model, ReviewKey, View};
use crate::maker::Surveillance;
use crate::net::{DeviceId, FindingId};
use crate::review::FindingState;
use crate::snapshot::{Hit, Hits, Sought};

/// What is looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// What is typed.
    pub input: Input,
    /// What was found, the best first.
    pub hits: Vec<Hit>,
    /// How many devices there are in all.
    pub devices: usize,
    /// Which of them is selected.
    pub at: usize,
    /// The question that was asked last: its number and what is sought.
    asked: (u64, Sought),
    /// Its answer is to come.
    pub waits: bool,
    /// The best is to be gone to when the answer comes.
    go: bool,
    /// What was there before.
    pub over: Box<Mode>,
}

impl Search {
    pub(super) fn over(mode: Mode) -> Self {
        Self { over: Box::new(mode), ..Self::default() }
    }

    pub(super) fn step(&mut self, step: Step) {
        self.at = step.among(self.at, self.hits.len());
    }
}

impl Model {
    /// What is to be looked up, asked for once.
    pub(super) fn search_question(&mut self) -> Option<Question> {
        let Mode::Search(search) = &mut self.mode else { return None };
        let sought = Sought::new(search.input.text());
        if sought == search.asked.1 {
            return None;
        }
        self.searched += 1;
        search.asked = (self.searched, sought.clone());
        search.waits = true;
        Some(Question::LookUp(self.searched, sought))
    }

    /// Takes in what was found; whether it is what the screen waits for.
    pub(super) fn looked_up(&mut self, number: u64, found: Hits) -> bool {
        let Mode::Search(search) = &mut self.mode else { return false };
        if search.asked.0 != number {
            return false;
        }
        let mut all = self.snapshot.look_up(&search.asked.1);
        all.extend(found.best);
        (search.hits, search.devices) = (Sought::best(all, MOST_HITS), found.devices);
        (search.at, search.waits) = (0, false);
        if search.go {
            self.go_to_hit();
        }
        true
    }

    /// Goes to what is selected; where the answer to what is typed is not here yet, as soon as it is.
    pub(super) fn go_to_hit(&mut self) {
        let Mode::Search(search) = &mut self.mode else { return };
        let sought = Sought::new(search.input.text());
        search.go = search.waits || sought != search.asked.1;
        if search.go {
            return;
        }
        if let Some(hit) = search.hits.get(search.at).cloned() {
            self.go_to(hit);
        }
    }

    /// Shows a thing in its view: selected, its detail open, and nothing left out that hides it.
    fn go_to(&mut self, hit: Hit) {
        match hit {
            Hit::Device(id) => self.go_to_device(id),
            Hit::Maker(key) => {
                self.turn_to(View::Exposure);
                self.lists.exposure.want(key);
            }
            Hit::Target(name) => {
                self.turn_to(View::Targets);
                self.lists.targets.want(name);
                self.detail_open.targets = true;
            }
            Hit::Cycle(id) => {
                self.turn_to(View::Reviews);
                self.lists.reviews.want(ReviewKey::Cycle(id));
            }
            Hit::Finding(id) => self.go_to_finding(id),
            Hit::Site(id) => {
                self.turn_to(View::Sites);
                self.lists.sites.want(id);
                self.detail_open.sites = true;
            }
        }
    }

    fn go_to_device(&mut self, id: DeviceId) {
        let hidden = self.device(id).is_some_and(|row| row.surveillance == Surveillance::No);
        self.turn_to(View::Devices);
        if hidden {
            self.words.devices.set("all", View::Devices);
        }
        self.devices_of = None;
        self.lists.devices.want(id);
        self.detail_open.devices = true;
    }

    /// A finding stands where it waits; one that waits for nothing is shown with its device.
    fn go_to_finding(&mut self, id: FindingId) {
        let Some(finding) = self.snapshot.findings.get(&id) else { return };
        if finding.state == FindingState::Open || self.overdue.contains(&id) {
            self.turn_to(View::Reviews);
            self.lists.reviews.want(ReviewKey::Finding(id));
            self.detail_open.reviews = true;
            return;
        }
        let text =
            format!("finding {id} waits for nothing ({}): lenswarden review show --finding {id}", finding.standing());
        match finding.subject.device() {
            Some(device) => self.go_to_device(device),
            None => self.mode = Mode::Browse,
        }
        self.message = Some(Message { bad: false, text });
    }

    /// Another view, with nothing left out.
    fn turn_to(&mut self, view: View) {
        self.marks.clear();
        self.mode = Mode::Browse;
        self.view = view;
        self.words.of_mut(view).set("", view);
        match view {
            View::Devices => self.devices_of = None,
            View::Exposure => self.exposure_at = None,
            View::Reviews => self.items_of = None,
            _ => {}
        }
        self.unsettle(view);
    }
}
