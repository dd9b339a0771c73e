//! `[[review]]`: reviews that open by a schedule.

use std::time::Duration;

use super::Schedule;
use super::checker::Checker;
use super::file::File;
use super::schedule::{schedule, zone};

/// `[[review]]`: a scheduled review.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewPlan {
    /// Its name.
    pub name: String,
    /// When it opens.
    pub schedule: Schedule,
    /// What it is about, in filter words; empty: every open finding.
    pub select: String,
    /// Who answers for it.
    pub owner: String,
    /// Who is told when a cycle is overdue.
    pub escalate_to: Option<String>,
    /// How long its items may wait.
    pub due: Duration,
}

pub(super) fn reviews(checker: &mut Checker<'_>, file: &File) -> Vec<ReviewPlan> {
    let mut plans = Vec::new();
    for written in &file.review {
        let review = written.get_ref();
        let Some(zone) = zone(checker, "review.time-zone", &review.time_zone) else { continue };
        let due = checker.duration("review.due", &review.due, "30d", Duration::from_secs(60));
        let Some(schedule) = schedule(checker, "review.schedule", &review.schedule, zone) else { continue };
        plans.push(ReviewPlan {
            name: review.name.get_ref().clone(),
            schedule,
            select: review.select.clone(),
            owner: review.owner.clone(),
            escalate_to: review.escalate_to.clone(),
            due,
        });
    }
    plans
}
