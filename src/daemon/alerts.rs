//! The senders: one small loop a carrier. What waits is asked of the recorder, which owns the database, and what was
//! taken is told it; neither waits for a carrier.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::Shared;
use super::beats::Task;
use super::recorder::Message;
use crate::alert::{self, Origin};
use crate::config::{AlertPlan, Config};
use crate::net::Timestamp;
use crate::store::{Alert, StoreError, Writer};

/// Most alerts sent between two words with the recorder.
const MOST_AT_ONCE: usize = 32;
/// The pause after a failure, doubled with each one after it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How long a single round gives the carriers before it ends.
const LAST_CALL: Duration = Duration::from_secs(10);

/// Asks the recorder about the outbox.
#[derive(Debug)]
pub(super) enum Question {
    /// What waits for a carrier, oldest first.
    Waiting { carrier: String, reply: oneshot::Sender<Result<Vec<Alert>, StoreError>> },
    /// It took these.
    Delivered { carrier: String, ids: Vec<u64>, reply: oneshot::Sender<Result<(), StoreError>> },
    /// It did not take what waits.
    Failed { carrier: String, why: String },
}

/// The recorder's half.
pub(super) fn answer(writer: &mut Writer, question: Question) {
    let at = Timestamp::now();
    match question {
        Question::Waiting { carrier, reply } => {
            let _ = reply.send(writer.waiting(&carrier, MOST_AT_ONCE));
        }
        Question::Delivered { carrier, ids, reply } => {
            let _ = reply.send(writer.delivered(&carrier, &ids, at, |count| alert::lost(&carrier, count, at)));
        }
        Question::Failed { carrier, why } => {
            if let Err(error) = writer.undelivered(&carrier, &why, at) {
                tracing::error!(%error, alert = carrier, "that it fails could not be recorded");
            }
        }
    }
}

/// Carriers as the outbox knows them.
pub(super) fn carriers(config: &Config) -> Vec<(String, String)> {
    config.alerts.iter().map(|plan| (plan.name.clone(), alert::address(&plan.carrier))).collect()
}

async fn ask<T>(
    recorder: &mpsc::Sender<Message>,
    question: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Question,
) -> anyhow::Result<T> {
    let (reply, answer) = oneshot::channel();
    let gone = "the recorder is gone";
    recorder.send(Message::Outbox(question(reply))).await.ok().context(gone)?;
    Ok(answer.await.context(gone)??)
}

/// Sends all that waits for a carrier. Whatever it took is out of the outbox, also where the next failed.
async fn deliver(plan: &AlertPlan, origin: &Origin, recorder: &mpsc::Sender<Message>) -> anyhow::Result<()> {
    loop {
        let waiting = ask(recorder, |reply| Question::Waiting { carrier: plan.name.clone(), reply }).await?;
        if waiting.is_empty() {
            return Ok(());
        }
        let sent = alert::send(plan, origin, &waiting).await;
        let taken = sent.as_ref().map_or_else(|error| error.taken, |()| waiting.len());
        if taken > 0 {
            let ids = waiting.iter().take(taken).map(|alert| alert.id).collect();
            ask(recorder, |reply| Question::Delivered { carrier: plan.name.clone(), ids, reply }).await?;
        }
        if let Err(error) = sent {
            let error = anyhow::Error::from(error);
            let failed = Question::Failed { carrier: plan.name.clone(), why: format!("{error:#}") };
            recorder.send(Message::Outbox(failed)).await.ok().context("the recorder is gone")?;
            return Err(error);
        }
    }
}

/// Sends for one carrier as long as the daemon runs: what waited when it started, then whatever comes.
pub(super) async fn carry(plan: AlertPlan, shared: Arc<Shared>) {
    let (recorder, mut posted) = (shared.recorder.clone(), shared.posted.clone());
    let origin = Origin::here();
    let mut pause = FIRST_PAUSE;
    loop {
        shared.beats.note(Task::Alerts(plan.name.clone()), 2 * LONGEST_PAUSE);
        match deliver(&plan, &origin, &recorder).await {
            Ok(()) => {
                if pause > FIRST_PAUSE {
                    tracing::info!(alert = plan.name, "alerts are taken again, nothing waits");
                }
                pause = FIRST_PAUSE;
                if matches!(timeout(LONGEST_PAUSE, posted.changed()).await, Ok(Err(_))) {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    alert = plan.name,
                    "alerts wait; trying again in {pause:?}"
                );
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Sends what a single round caused. What no carrier takes in time waits for the next run.
pub(super) async fn last_call(config: &Config, recorder: &mpsc::Sender<Message>) {
    let origin = Origin::here();
    for plan in &config.alerts {
        match tokio::time::timeout(LAST_CALL, deliver(plan, &origin, recorder)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(error = format!("{error:#}"), alert = plan.name, "alerts wait"),
            Err(_) => tracing::error!(alert = plan.name, "alerts wait: not all were taken within {LAST_CALL:?}"),
        }
    }
}
