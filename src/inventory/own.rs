//! What a device says of its own network, of who may ask it and of what is behind it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::net::{DeviceText, Timestamp};
use crate::observation::{Authentication, BehindCamera, CameraNetwork, CameraVisit};

/// An interface by its name, and its addresses.
pub type Interface = (DeviceText, Vec<IpAddr>);

/// What a device said last, and since when it says so: an unchanged device is an unchanged value. What it did not tell,
/// or was not asked, stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnWords {
    /// Its interfaces (GetNetworkInterfaces).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interfaces: Option<(Vec<Interface>, Timestamp)>,
    /// Name servers, time servers, gateways (GetDNS, GetNTP, GetNetworkDefaultGateway).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<(CameraNetwork, Timestamp)>,
    /// Whether it answered to nobody what only a user may ask (ONVIF's access class READ_SYSTEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<(bool, Timestamp)>,
    /// Cameras behind a recorder (GetRecordings).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind: Option<(Vec<BehindCamera>, Timestamp)>,
}

/// Keeps what was said before where it is the same, with its time.
fn keep<T: PartialEq>(kept: &mut Option<(T, Timestamp)>, said: T, at: Timestamp) {
    if kept.as_ref().is_none_or(|(before, _)| *before != said) {
        *kept = Some((said, at));
    }
}

impl OwnWords {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes over what an answered visit brought.
    pub(super) fn take(&mut self, visit: &CameraVisit, at: Timestamp) {
        if !visit.interfaces.is_empty() {
            let interfaces = visit.interfaces.iter();
            let said = interfaces.map(|interface| (interface.name.clone(), interface.addresses.clone())).collect();
            keep(&mut self.interfaces, said, at);
        }
        let before = self.network.as_ref().map(|(network, _)| network.clone()).unwrap_or_default();
        let network = CameraNetwork {
            name_servers: visit.network.name_servers.clone().or(before.name_servers),
            time_servers: visit.network.time_servers.clone().or(before.time_servers),
            gateways: visit.network.gateways.clone().or(before.gateways),
            ..CameraNetwork::default()
        };
        if network != CameraNetwork::default() {
            keep(&mut self.network, network, at);
        }
        if !visit.behind.is_empty() {
            keep(&mut self.behind, visit.behind.clone(), at);
        }
        match visit.authentication {
            Authentication::NotAsked => {}
            Authentication::NotNeeded => keep(&mut self.open, true, at),
            Authentication::Accepted { .. } | Authentication::Refused { .. } | Authentication::Withheld { .. } => {
                keep(&mut self.open, false, at);
            }
        }
    }

    /// What another record of the same device knew and this one did not.
    pub(super) fn complete(&mut self, other: Self) {
        self.interfaces = self.interfaces.take().or(other.interfaces);
        self.network = self.network.take().or(other.network);
        self.open = self.open.or(other.open);
        self.behind = self.behind.take().or(other.behind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::{Reach, WithheldReason};

    fn said(minute: i64, change: impl Fn(&mut CameraVisit)) -> (CameraVisit, Timestamp) {
        let at = Timestamp(1_795_500_000_000 + minute * 60_000);
        let mut visit = CameraVisit::new(IpAddr::from([10, 1, 20, 7]), "hq".into(), at);
        visit.reach = Reach::Answered;
        change(&mut visit);
        (visit, at)
    }

    #[test]
    fn what_is_said_again_keeps_its_time_and_what_is_not_told_stays() {
        let servers = |last: &[u8]| Some(last.iter().map(|last| IpAddr::from([10, 0, 0, *last])).collect::<Vec<_>>());
        let mut own = OwnWords::default();
        let mut take = |minute, change: &dyn Fn(&mut CameraVisit)| {
            let (visit, at) = said(minute, change);
            own.take(&visit, at);
            own.clone()
        };
        let first = take(0, &|visit| {
            visit.network.name_servers = servers(&[53]);
            visit.authentication = Authentication::NotNeeded;
        });
        assert_eq!(take(1, &|visit| visit.network.name_servers = servers(&[53])), first);
        assert_eq!(take(2, &|_| {}), first, "nothing was asked");
        let emptied = take(3, &|visit| visit.network.name_servers = servers(&[]));
        assert_eq!(
            emptied.network.map(|(network, at)| (network.name_servers, at)),
            Some((servers(&[]), said(3, |_| {}).1))
        );
        let reason = WithheldReason::NoneConfigured;
        let closed = take(4, &|visit| visit.authentication = Authentication::Withheld { reason: reason.clone() });
        assert_eq!((first.open.map(|(open, _)| open), closed.open.map(|(open, _)| open)), (Some(true), Some(false)));
        let read: OwnWords = serde_json::from_str(&serde_json::to_string(&closed).unwrap()).unwrap();
        assert_eq!(read, closed);
    }
}
