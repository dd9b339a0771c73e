//! A whole visit of one switch, as the daemon makes it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use lenswarden::collect::switch::SwitchCollector;
use lenswarden::config::secret::Secret;
use lenswarden::config::{Credential, CredentialKind, SnmpSettings, Switch};
use lenswarden::observation::Reach;

use super::agent::COMMUNITY;
use super::measure::address;

/// Visits the switch for the first time and says how long it took and how many requests there were.
pub(crate) fn first(port: u16, per_target: usize) -> (Duration, u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let collector = SwitchCollector::bind().await.unwrap();
        let second = Duration::from_secs(1);
        let settings = SnmpSettings {
            timeout: second,
            retries: 1,
            deadline: 60 * second,
            per_target,
            max_rows: 100_000,
            slow_every: 3600 * second,
        };
        let target = Switch {
            name: "switch".into(),
            address: SocketAddr::from((address(0), port)),
            site: "site".into(),
            credential: "read".into(),
        };
        let community = Secret::new(COMMUNITY.to_owned());
        let secret = CredentialKind::SnmpV2c { community };
        let credential = Credential { id: "read".into(), secret, allow: vec!["127.0.0.0/8".parse().unwrap()] };
        let begun = Instant::now();
        let visit = collector.visit(&settings, &target, &credential).await;
        assert_eq!((visit.reach, visit.ports.len(), visit.fdb.len()), (Reach::Answered, 52, 199));
        (begun.elapsed(), visit.requests)
    })
}
