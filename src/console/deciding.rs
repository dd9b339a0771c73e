//! Keys and answers that have to do with deciding, taken in.

use super::decide::{Form, Greeting, Item, Stage};
use super::list::Step;
use super::model::{Message, Mode, Model, ReviewKey, View};
use super::update::Effect;
use crate::net::FindingId;
use crate::review::{Attachment, FindingState, Matter};
use crate::snapshot::PlacementKey;

impl Model {
    /// The daemon said who you are, or could not be asked.
    pub(super) fn greeted(&mut self, greeting: Result<Greeting, String>) {
        if let Ok(greeting) = &greeting {
            self.greeting = Some(greeting.clone());
            self.unsettle(View::Reviews);
        }
        if let Mode::Decide(form) = &mut self.mode {
            form.greet(greeting);
        }
    }

    /// Whether the daemon said that you may only look.
    pub(super) fn only_looks(&self) -> bool {
        self.greeting.as_ref().is_some_and(|greeting| !greeting.may_decide())
    }

    /// The daemon answered a decision.
    pub(super) fn decided(&mut self, answer: Result<String, String>) {
        let bad = answer.is_err();
        if !bad {
            self.marks.clear();
        }
        match &mut self.mode {
            // A refusal stays until it is read.
            Mode::Decide(form) if form.stage == Stage::Sending && bad => form.stage = Stage::Answered(answer),
            mode => {
                if matches!(mode, Mode::Decide(form) if form.stage == Stage::Sending) {
                    *mode = Mode::Browse;
                }
                let text = answer.unwrap_or_else(|why| format!("refused: {why}"));
                self.message = Some(Message { bad, text });
            }
        }
    }

    /// What a note is about was hashed.
    pub(super) fn attached(&mut self, typed: String, found: Result<Attachment, String>) {
        if let Mode::Decide(form) = &mut self.mode {
            form.attached(typed, found, &self.snapshot);
        }
    }

    /// Opens the form on what is marked, else on the selected row.
    pub(super) fn decide(&mut self) -> Effect {
        let items = self.to_decide();
        if items.is_empty() {
            let text = match self.view {
                View::Placement => {
                    "no rule is broken here: classify the network in the configuration, then rules can be asked"
                }
                _ => "there is nothing to decide here: choose a finding that is not closed",
            };
            self.message = Some(Message { bad: true, text: text.to_owned() });
            return Effect::None;
        }
        self.mode = Mode::Decide(Box::new(Form::new(items)));
        Effect::Greet
    }

    fn to_decide(&self) -> Vec<Item> {
        let marked = self.findings_listed().into_iter().filter(|id| self.marks.contains(id));
        let mut chosen: Vec<_> = marked.collect();
        if chosen.is_empty() {
            chosen.extend(self.selected_finding());
        }
        if !chosen.is_empty() {
            let findings = chosen.iter().filter_map(|id| self.snapshot.findings.get(id));
            return findings.filter(|finding| finding.state != FindingState::Closed).map(Item::finding).collect();
        }
        // What is marked and hidden by the filter is not decided, and nothing else in its stead.
        if !self.marks.is_empty() {
            return Vec::new();
        }
        let matter = match self.view {
            View::Reviews => match self.lists.reviews.selected() {
                Some(ReviewKey::Cycle(cycle)) => Some(Matter::Cycle { cycle: *cycle }),
                _ => None,
            },
            View::Sites => self.lists.sites.selected().map(|site| Matter::Site { site: site.clone() }),
            View::Devices => self.selected_device().map(|device| Matter::Device { device, seen: [].into() }),
            _ => None,
        };
        matter.into_iter().map(Item::new).collect()
    }

    /// From the form to what would be sent.
    pub(super) fn check_form(&mut self) -> Effect {
        let Mode::Decide(form) = &mut self.mode else { return Effect::None };
        if form.calendar.is_some() {
            form.take_day();
            return Effect::None;
        }
        // A device is overruled against the evidence that was there to see.
        if let Some(Item { on: Matter::Device { device, seen }, .. }) = form.items.first_mut() {
            match &self.detail {
                Some((id, Some(detail))) if id == device => {
                    let evidence = &detail.device.attribution.evidence;
                    *seen = evidence.iter().map(|mark| (mark.source.clone(), mark.text.clone())).collect();
                }
                _ => {
                    let why = "its evidence is still being read: once more".to_owned();
                    form.complaint = Some((form.field, why));
                    return Effect::None;
                }
            }
        }
        form.check(&self.snapshot).map_or(Effect::None, Effect::Attach)
    }

    /// Sends what is confirmed.
    pub(super) fn send(&mut self) -> Effect {
        let Mode::Decide(form) = &mut self.mode else { return Effect::None };
        let Stage::Confirming(decision) = &form.stage else { return Effect::None };
        let requests = form.requests(decision);
        form.stage = Stage::Sending;
        Effect::Decide(requests)
    }

    /// Takes the findings as they are now, and decides again.
    pub(super) fn decide_again(&mut self) {
        if let Mode::Decide(form) = &mut self.mode
            && matches!(form.stage, Stage::Answered(Err(_)))
        {
            form.renew(&self.snapshot);
        }
    }

    /// Marks the selected finding; on the confirmation: leaves an item out.
    pub(super) fn mark(&mut self) {
        if let Mode::Decide(form) = &mut self.mode {
            return form.leave_out();
        }
        let Some(id) = self.selected_finding() else { return };
        if !self.marks.remove(&id) {
            self.marks.insert(id);
        }
        match self.view {
            View::Placement => self.lists.placement.step(Step::Down),
            _ => self.lists.reviews.step(Step::Down),
        }
    }

    /// The next, or the one before, of the review queues.
    pub(super) fn turn_queue(&mut self, forward: bool) {
        self.queue = self.queue.turned(forward);
        self.items_of = None;
        self.lists.reviews.begin();
        self.unsettle(View::Reviews);
    }

    /// The findings in the order of the screen.
    pub(super) fn findings_listed(&self) -> Vec<FindingId> {
        match self.view {
            View::Placement => self.lists.placement.staying().filter_map(PlacementKey::finding).collect(),
            View::Reviews => self.lists.reviews.staying().filter_map(ReviewKey::finding).collect(),
            _ => Vec::new(),
        }
    }
}
