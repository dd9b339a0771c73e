//! The recorder's part in reports of cycles that ended: which are due, what was written, who is told.

use super::Recorder;
use crate::alert::Wrong;
use crate::daemon::reports::{Question, Written};
use crate::net::{CycleId, Timestamp};
use crate::review::Reporting;
use crate::store::Batch;

impl Recorder {
    pub(super) fn answer_reports(&mut self, question: Question) {
        match question {
            Question::Due { reply } => {
                let due = self.ledger.cycles().filter(|cycle| cycle.report == Some(Reporting::Due));
                let plans = &self.config.reviews;
                let due = due.filter_map(|cycle| {
                    let plan = plans.iter().find(|plan| plan.name == cycle.name)?.report.clone()?;
                    Some((cycle.clone(), plan))
                });
                let due: Vec<_> = due.collect();
                // What the configuration asks for no longer is no trouble.
                self.unwritten.retain(|id, _| due.iter().any(|(cycle, _)| cycle.id == *id));
                let _ = reply.send(due);
            }
            Question::Done { cycle, result, reply } => {
                match result {
                    Ok(written) => self.note_report(cycle, &written),
                    Err(why) => {
                        self.unwritten.insert(cycle, why);
                    }
                }
                let _ = reply.send(());
            }
        }
    }

    /// That the report is written stands in the log with the messages that tell so: both or neither.
    fn note_report(&mut self, id: CycleId, written: &Written) {
        let at = Timestamp::now();
        self.unwritten.remove(&id);
        self.ledger.reported(id, written.files.clone(), at);
        let Some(cycle) = self.ledger.cycle(id).cloned() else { return };
        tracing::info!("review cycle {id} is reported: {}", written.files.join(", "));
        let mut batch = Batch { at, ..Batch::default() };
        let plan = self.config.reviews.iter().find(|plan| plan.name == cycle.name);
        if let Some(report) = plan.and_then(|plan| plan.report.as_ref()) {
            self.dispatch.report(&report.alerts, &cycle, &written.text, at, &mut batch.outbox);
        }
        batch.cycles.push(cycle);
        self.commit_until_it_holds(&batch);
    }

    /// Reports that could not be written.
    pub(super) fn unwritten(&self) -> impl Iterator<Item = Wrong> {
        self.unwritten.iter().map(|(cycle, why)| Wrong {
            kind: "report-unwritten",
            subject: cycle.to_string(),
            words: format!("of review cycle {cycle}: {why}"),
        })
    }
}
