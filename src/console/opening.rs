//! A review's cycle opened now: the reviews of the configuration to choose from, what the chosen one's would hold, the
//! daemon's answer.

use super::decide::Greeting;
use super::list::Step;
use super::model::{Message, Mode, Model, View};
use super::update::Effect;
use crate::control::Planned;
use crate::net::CycleId;
use crate::review::FindingState;
use crate::snapshot::{Filter, Queue};

/// How far it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Progress {
    /// The daemon is asked which there are, and whether you may.
    #[default]
    Asking,
    /// You may not, the daemon is not there, or it refused: why.
    Refused(String),
    /// One is chosen.
    Choosing,
    /// The chosen one would hold so many findings; its open cycles, if there are any.
    Sure(usize, Vec<CycleId>),
    /// It was sent.
    Sending,
}

/// A cycle being opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opening {
    /// The reviews of the configuration in force.
    pub reviews: Vec<Planned>,
    /// Which of them is selected.
    pub at: usize,
    /// How far it is.
    pub progress: Progress,
}

impl Opening {
    /// The one that is selected.
    #[must_use]
    pub fn chosen(&self) -> Option<&Planned> {
        self.reviews.get(self.at)
    }

    pub(super) fn step(&mut self, step: Step) {
        self.at = step.among(self.at, self.reviews.len());
    }
}

impl Model {
    /// Asks which reviews there are.
    pub(super) fn new_cycle(&mut self) -> Effect {
        self.mode = Mode::Opening(Opening::default());
        Effect::Reviews
    }

    /// The daemon said which there are and who you are, or could not be asked.
    pub(super) fn planned(&mut self, answer: Result<(Greeting, Vec<Planned>), String>) {
        let Mode::Opening(opening) = &mut self.mode else { return };
        if opening.progress != Progress::Asking {
            return;
        }
        opening.progress = match answer {
            Err(why) => Progress::Refused(why),
            Ok((greeting, _)) if !greeting.may_decide() => Progress::Refused(greeting.why_not()),
            Ok((_, reviews)) if reviews.is_empty() => {
                Progress::Refused("no [[review]] stands in the configuration: it says what one is about".to_owned())
            }
            Ok((_, reviews)) => {
                opening.reviews = reviews;
                Progress::Choosing
            }
        };
    }

    /// The selected one is chosen: what its cycle would hold.
    pub(super) fn choose_review(&mut self) {
        let Mode::Opening(opening) = &self.mode else { return };
        let Some(chosen) = opening.chosen().filter(|_| opening.progress == Progress::Choosing) else { return };
        let snapshot = &self.snapshot;
        let filter = Filter::parse(&chosen.select).unwrap_or_default();
        let holds = snapshot.findings.values().filter(|finding| {
            let device = snapshot.device_of(finding);
            finding.state != FindingState::Closed && filter.finding(finding, device, &snapshot.sites, snapshot.as_of)
        });
        let open = snapshot.cycles.values().filter(|cycle| cycle.closed.is_none() && cycle.name == chosen.name);
        let sure = Progress::Sure(holds.count(), open.map(|cycle| cycle.id).collect());
        if let Mode::Opening(opening) = &mut self.mode {
            opening.progress = sure;
        }
    }

    /// Opens the chosen one's.
    pub(super) fn open_cycle(&mut self) -> Effect {
        let Mode::Opening(opening) = &mut self.mode else { return Effect::None };
        let Some(name) = opening.chosen().map(|chosen| chosen.name.clone()) else { return Effect::None };
        opening.progress = Progress::Sending;
        Effect::Run(name)
    }

    /// The daemon opened it, or refused.
    pub(super) fn opened(&mut self, answer: Result<(CycleId, usize), String>) {
        match (answer, &mut self.mode) {
            (Err(why), Mode::Opening(opening)) if opening.progress == Progress::Sending => {
                opening.progress = Progress::Refused(format!("The daemon refused: {why}"));
            }
            (Err(why), _) => self.message = Some(Message { bad: true, text: format!("refused: {why}") }),
            (Ok((cycle, items)), _) => {
                if matches!(self.mode, Mode::Opening(_)) {
                    self.mode = Mode::Browse;
                }
                // It stands above what waits.
                (self.queue, self.items_of) = (Queue::Waiting, None);
                self.unsettle(View::Reviews);
                let findings = if items == 1 { "1 finding".to_owned() } else { format!("{items} findings") };
                let text = format!("cycle {cycle} is open with {findings}");
                self.message = Some(Message { bad: false, text });
            }
        }
    }
}
