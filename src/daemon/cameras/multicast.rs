//! The networks this host is in itself: one task an interface, opened again when it fails.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::collect::camera::{Heard, Neighbourhood};
use crate::config::{Config, VendorQuery};
use crate::daemon::Shared;

/// How soon an interface that is not there is looked for again.
const RETRY: Duration = Duration::from_secs(30);

/// What is wrong, by interface.
type Wrong = Arc<Mutex<BTreeMap<String, String>>>;

/// How often is asked by multicast. Cameras that answer in no other way are to be as fresh as the rest.
pub(super) fn interval(config: &Config) -> Duration {
    config.daemon.sweep_every.min(config.daemon.cameras_every)
}

/// Starts the tasks of a configuration; they end with the set.
pub(super) async fn start(shared: &Arc<Shared>, config: &Config, heard: &mpsc::Sender<Heard>) -> JoinSet<()> {
    let all = [VendorQuery::Sadp, VendorQuery::Dhip];
    let wanted = |query: &VendorQuery| config.cameras.iter().any(|block| block.vendor_queries.contains(query));
    let queries: Vec<VendorQuery> = all.into_iter().filter(wanted).collect();
    shared.show(|troubles| troubles.multicast.clear()).await;
    let wrong = Wrong::default();
    let mut tasks = JoinSet::new();
    for interface in config.discovery.interfaces.clone() {
        let (shared, queries, heard) = (Arc::clone(shared), queries.clone(), heard.clone());
        tasks.spawn(watch(interface, queries, interval(config), heard, shared, Arc::clone(&wrong)));
    }
    tasks
}

async fn watch(
    interface: String,
    queries: Vec<VendorQuery>,
    every: Duration,
    heard: mpsc::Sender<Heard>,
    shared: Arc<Shared>,
    wrong: Wrong,
) {
    loop {
        let ended = match Neighbourhood::open(&interface, &queries) {
            Ok(neighbourhood) => {
                tracing::info!(interface, "asking and hearing by multicast");
                say(&shared, &wrong, &interface, None).await;
                neighbourhood.watch(every, heard.clone()).await
            }
            Err(error) => Err(error),
        };
        let Err(error) = ended else { return };
        let text = format!("[discovery] interfaces: nothing is asked or heard on {interface}: {error}");
        tracing::error!("{text}");
        say(&shared, &wrong, &interface, Some(text)).await;
        tokio::time::sleep(RETRY).await;
    }
}

/// Has it shown what is wrong with an interface, or that nothing is.
async fn say(shared: &Shared, wrong: &Wrong, interface: &str, why: Option<String>) {
    let all = {
        let mut wrong = wrong.lock().unwrap_or_else(PoisonError::into_inner);
        match why {
            Some(why) => wrong.insert(interface.to_owned(), why),
            None => wrong.remove(interface),
        };
        wrong.values().cloned().collect::<Vec<_>>().join("\n")
    };
    shared.show(|troubles| troubles.multicast = all).await;
}
