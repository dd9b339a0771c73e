//! Finding cameras in a subnet and visiting one.

mod greeting;
mod login;
mod multicast;
mod pace;
mod read;
mod seek;
mod snmp;
mod sweep;
mod vendor;
mod visit;

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::config::{CameraBlock, Credential, OnvifSettings};
use crate::net::{DeviceText, Timestamp};
use crate::observation::{Announcement, CameraVisit, Discovery, SweepAnswer};
use crate::onvif::{self, TlsSettings, discovery};
pub use multicast::{Heard, Neighbourhood};
use pace::Pace;

/// Answer to the question whether a credential may be tried at a camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Use it: the attempt has been committed to disk, or the camera took it before.
    Go,
    /// The camera refused it before.
    RefusedBefore(Timestamp),
    /// Several cameras refused it: stopped everywhere until the operator acts.
    Stopped,
    /// Earlier attempts ended without an outcome too often.
    Interrupted,
    /// Too many other attempts with it had not ended yet when patience did. Nothing was recorded: ask again later.
    Busy,
}

/// An attempt that is about to be made with a credential.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The camera's address.
    pub address: IpAddr,
    /// Its WS-Discovery endpoint reference: the same camera at another address is still the same camera.
    pub endpoint: Option<&'a DeviceText>,
    /// What is to be tried.
    pub credential: &'a Credential,
    /// How long the answer may take.
    pub patience: Duration,
}

/// Remembers which credential was tried where, across restarts. The daemon's is in the database.
pub trait CredentialLedger: Send + Sync {
    /// May this credential be sent to this camera now? Returns only after the attempt is safely recorded.
    fn claim(&self, attempt: Attempt<'_>) -> impl Future<Output = Claim> + Send;
    /// How the attempt ended: `Ok` if it was taken, `Err` with the camera's words if it was refused. A timeout or
    /// a broken connection is no outcome and is not reported.
    fn outcome(
        &self,
        address: IpAddr,
        credential: &Credential,
        result: Result<(), DeviceText>,
    ) -> impl Future<Output = ()> + Send;
}

/// An address that answered a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The UDP or TCP source address, which is the truth.
    pub address: IpAddr,
    /// What it answered with.
    pub answer: SweepAnswer,
    /// What WS-Discovery said, if it was that which answered.
    pub discovery: Option<Discovery>,
    /// What its maker's own discovery said, if it was that.
    pub announcement: Option<Announcement>,
}

/// Visits cameras.
#[derive(Debug)]
pub struct CameraCollector {
    settings: OnvifSettings,
    /// `None` where the cryptography provider has no TLS version: then no HTTPS is spoken.
    tls: Option<TlsSettings>,
    pace: Arc<Pace>,
    snmp: snmp::CameraSnmp,
    greeted: greeting::Greeted,
}

impl CameraCollector {
    /// Makes a collector; TLS settings are built once.
    #[must_use]
    pub fn new(settings: &OnvifSettings) -> Self {
        let pace = Arc::new(Pace::new(settings.probes_per_second));
        Self {
            settings: settings.clone(),
            tls: onvif::tls_settings().ok(),
            pace,
            snmp: snmp::CameraSnmp::default(),
            greeted: greeting::Greeted::default(),
        }
    }

    /// Asks these addresses of a block whether they speak WS-Discovery (unicast probe), answer one of the vendor
    /// queries that the block names, or have one of its ports open, and sends what answers. All sweeps of one collector
    /// share one pace. `false`: the receiver is gone, and not all were asked.
    pub async fn sweep(&self, block: &CameraBlock, addresses: &[IpAddr], found: mpsc::Sender<Found>) -> bool {
        sweep::Sweep::new(self, block, found).run(addresses).await
    }

    /// Visits one address within its deadline and budget. `credentials` are those of the block, in order; at most
    /// one is tried. What discovery says is always asked anew: the answer of an earlier sweep may be another
    /// device's.
    pub async fn visit<L: CredentialLedger>(
        &self,
        block: &CameraBlock,
        address: IpAddr,
        credentials: &[&Credential],
        ledger: &L,
    ) -> CameraVisit {
        visit::Visit::new(self, block, address, credentials, ledger).run().await
    }
}

/// What a WS-Discovery answer from this address says of the device there.
fn discovered(matches: &[discovery::Match], asked: SocketAddr) -> Option<Discovery> {
    let found = discovery::choose(matches, asked)?;
    Some(Discovery {
        endpoint: found.endpoint.clone(),
        types: found.types.clone(),
        scopes: found.scopes.clone(),
        service: found.service(asked.ip()),
    })
}
