//! Visiting switches: one loop a switch.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::{Shared, offset, targets};
use crate::config::{Config, Switch};
use crate::observation::Collection;

/// The first round comes within seconds of the start; the moments of later ones are spread over the interval.
const FIRST_ROUND: Duration = Duration::from_secs(5);

/// Visits one switch and hands over what came. `false`: it did not answer in full.
async fn visit(shared: &Shared, config: &Config, target: &Switch) -> bool {
    let Some(credential) = config.credential(&target.credential) else { return false };
    let visit = async { Collection::Switch(shared.switches.visit(&config.snmp, target, credential).await) };
    shared.visit(visit).await.is_some_and(|visit| targets::all_answered(&visit))
}

/// Visits one switch again and again. `poke` asks for a visit now.
pub(super) async fn watch(shared: Arc<Shared>, config: Arc<Config>, target: Switch, poke: Arc<Notify>) {
    let every = config.daemon.poll_every;
    let mut wait = offset(&target.name, every.min(FIRST_ROUND));
    loop {
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
