//! Visiting switches: one loop a switch.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use super::beats::Task;
use super::{Shared, offset, targets};
use crate::config::{Config, Switch};
use crate::observation::Collection;

/// The first round comes within seconds of the start; the moments of later ones are spread over the interval.
const FIRST_ROUND: Duration = Duration::from_secs(5);

/// A loop that comes round a moment after its time is not late.
const SLACK: Duration = Duration::from_secs(5);

/// How long a greeting keeps others from theirs: whoever is late waits beside the queue.
const PATIENCE: Duration = Duration::from_millis(250);

/// Visits one switch and hands over what came. `false`: it did not answer in full.
async fn visit(shared: &Shared, config: &Config, target: &Switch) -> bool {
    let Some(credential) = config.credential(&target.credential) else { return false };
    let greeting = shared.switches.greet(&config.snmp, target, credential);
    let Some(greeted) = in_turn(&shared.greetings, greeting).await else { return false };
    let collection = match greeted {
        Ok(greeted) => shared.visit(async { Collection::Switch(greeted.read(&config.snmp).await) }).await,
        Err(over) => shared.hand_over(Collection::Switch(*over)).await,
    };
    collection.is_some_and(|visit| targets::all_answered(&visit))
}

/// Sends a greeting when its turn has come. Waiting for an answer costs nothing: a dead switch must not keep a living
/// one from its turn. `None`: the daemon is stopping.
async fn in_turn<T>(turns: &Semaphore, greeting: impl Future<Output = T>) -> Option<T> {
    let turn = turns.acquire().await.ok()?;
    tokio::pin!(greeting);
    if let Ok(greeted) = tokio::time::timeout(PATIENCE, &mut greeting).await {
        return Some(greeted);
    }
    drop(turn);
    Some(greeting.await)
}

/// Visits one switch again and again. `poke` asks for a visit now.
pub(super) async fn watch(shared: Arc<Shared>, config: Arc<Config>, target: Switch, poke: Arc<Notify>) {
    let every = config.daemon.poll_every;
    let mut wait = offset(&target.name, every.min(FIRST_ROUND));
    // Two intervals, or one and the longest visit: a visit may take as long as it is allowed to.
    let within = (2 * every).max(every + config.snmp.deadline) + SLACK;
    loop {
        shared.beats.note(Task::Switch(target.name.clone()), within);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = poke.notified() => {}
        }
        visit(&shared, &config, &target).await;
        wait = every;
    }
}

/// One visit to every switch. Returns whether all answered.
pub(super) async fn round(shared: &Arc<Shared>, config: &Arc<Config>) -> bool {
    let mut visits = JoinSet::new();
    for target in config.switches.clone() {
        let (shared, config) = (Arc::clone(shared), Arc::clone(config));
        visits.spawn(async move { visit(&shared, &config, &target).await });
    }
    visits.join_all().await.into_iter().all(|answered| answered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_dead_keep_none_of_the_living_waiting() {
        let turns = Arc::new(Semaphore::new(2));
        let begun = tokio::time::Instant::now();
        let mut dead = JoinSet::new();
        for _ in 0..20 {
            let turns = Arc::clone(&turns);
            // Three times two seconds without an answer.
            dead.spawn(
                async move { in_turn(&turns, async { tokio::time::sleep(Duration::from_secs(6)).await }).await },
            );
        }
        tokio::task::yield_now().await;
        assert_eq!(in_turn(&turns, std::future::ready("alive")).await, Some("alive"));
        assert_eq!(
            begun.elapsed(),
            PATIENCE * 10,
            "twenty before it, two at a time, each for as long as patience lasts"
        );
        assert_eq!(dead.join_all().await.len(), 20);
        assert_eq!(begun.elapsed(), PATIENCE * 9 + Duration::from_secs(6), "each of them was waited for to the end");
    }
}
