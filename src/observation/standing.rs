//! What a camera says beside who it is: its network, its users, what is behind it, the key it shows. And what of that is
//! remembered of it as a target.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::CameraVisit;
use crate::net::{DeviceText, Timestamp};

/// How a camera's network is set (GetDNS, GetNTP, GetNetworkDefaultGateway, GetNetworkProtocols): its own words, of
/// which gateways are often unused factory settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameraNetwork {
    /// Search domains.
    pub domains: Vec<DeviceText>,
    /// Name servers; `None`: it did not tell.
    pub name_servers: Option<Vec<IpAddr>>,
    /// Time servers; `None`: it did not tell.
    pub time_servers: Option<Vec<DeviceText>>,
    /// Default gateways; `None`: it did not tell.
    pub gateways: Option<Vec<IpAddr>>,
    /// Protocols.
    pub protocols: Vec<CameraProtocol>,
}

/// A protocol a camera speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameraProtocol {
    /// `HTTP`, `HTTPS`, `RTSP`.
    pub name: DeviceText,
    /// It is switched on.
    pub enabled: bool,
    /// TCP ports.
    pub ports: Vec<u16>,
}

/// A user a camera has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameraUser {
    /// Its name.
    pub name: DeviceText,
    /// `Administrator`, `Operator`, `User`, `Anonymous`.
    pub level: DeviceText,
}

/// A camera behind a recorder, as the recorder tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BehindCamera {
    /// What it is called there.
    pub name: DeviceText,
    /// Where it is, in words.
    pub location: DeviceText,
    /// Its address.
    pub address: Option<IpAddr>,
}

/// The key of the TLS certificate a camera showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsKey {
    /// SHA-256 of its SubjectPublicKeyInfo, lower-case hex; of the whole certificate where it cannot be taken apart.
    pub sha256: String,
    /// The camera proved that it holds the key. Some certificates cannot be checked.
    pub proved: bool,
}

/// The key a camera is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPin {
    /// The key.
    #[serde(flatten)]
    pub key: TlsKey,
    /// Since when it is shown.
    pub since: Timestamp,
    /// The key before it: another camera answers there, or this one was set up anew.
    pub before: Option<TlsKey>,
}

/// What is remembered of a camera as a target.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameraStanding {
    /// Video sources: lenses of a camera, channels of a recorder.
    pub channels: Option<u16>,
    /// Cameras behind it, as it tells.
    pub behind: Vec<BehindCamera>,
    /// Its TLS key, pinned at first use.
    pub key: Option<KeyPin>,
    /// It speaks no TLS newer than 1.1.
    pub tls_too_old: bool,
    /// It lists its addresses, and the one it answers at is none of them: something between translates, and may hide more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub translated: bool,
}

impl KeyPin {
    /// The pin after a visit that was shown this key. Another key, or the same without the proof there was, is a change.
    fn seen(before: Option<&Self>, shown: &TlsKey, at: Timestamp) -> Self {
        match before {
            Some(pin) if pin.key == *shown => pin.clone(),
            // What could not be checked and now can be is better known, not another.
            Some(pin) if pin.key.sha256 == shown.sha256 && shown.proved => Self { key: shown.clone(), ..pin.clone() },
            Some(pin) => Self { key: shown.clone(), since: at, before: Some(pin.key.clone()) },
            None => Self { key: shown.clone(), since: at, before: None },
        }
    }
}

impl CameraStanding {
    /// What is remembered after a visit. What it was not asked or did not say this time stays as it was.
    #[must_use]
    pub fn after(before: &Self, visit: &CameraVisit) -> Self {
        if !visit.reach.answered() {
            return before.clone();
        }
        let key = match &visit.key {
            Some(shown) => Some(KeyPin::seen(before.key.as_ref(), shown, visit.finished)),
            None => before.key.clone(),
        };
        Self {
            channels: visit.channels.or(before.channels),
            behind: if visit.behind.is_empty() { before.behind.clone() } else { visit.behind.clone() },
            // A handshake that worked says that it has become newer.
            tls_too_old: visit.tls_too_old || (before.tls_too_old && visit.key.is_none()),
            translated: is_translated(visit).unwrap_or(before.translated),
            key,
        }
    }

    /// When it began to show another key than the one it was known by.
    #[must_use]
    pub fn key_changed(&self) -> Option<Timestamp> {
        self.key.as_ref().filter(|pin| pin.before.is_some()).map(|pin| pin.since)
    }

    /// Remarks for a person: what about its security and what is behind it should be known.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if let Some(KeyPin { key, since, before: Some(before) }) = &self.key {
            let how = match (key.sha256 == before.sha256, key.proved) {
                (true, _) => "it no longer proves that it holds its TLS key".to_owned(),
                (false, _) => format!("its TLS key changed from {} to {}", short(before), short(key)),
            };
            remarks.push(format!("{how} at {since}: it was set up anew, or something else answers there"));
        }
        if self.tls_too_old {
            remarks.push("it speaks no TLS newer than 1.1".to_owned());
        }
        if self.translated {
            remarks.push("it has another address than it is asked at: it is behind a router or NAT".to_owned());
        }
        remarks
    }
}

fn short(key: &TlsKey) -> &str {
    key.sha256.get(..16).unwrap_or(&key.sha256)
}

/// Whether a camera has another address than it is asked at; `None` where it does not list any of that kind.
fn is_translated(visit: &CameraVisit) -> Option<bool> {
    let listed = visit.interfaces.iter().flat_map(|interface| &interface.addresses);
    // An address of the link alone (RFC 3927) comes beside every other.
    let is_routed = |ip: &IpAddr| !matches!(ip, IpAddr::V4(ip) if ip.is_link_local());
    let listed = listed.filter(|ip| is_routed(ip));
    let mut same_kind = listed.filter(|ip| ip.is_ipv4() == visit.address.is_ipv4()).peekable();
    same_kind.peek().is_some().then(|| !same_kind.any(|ip| *ip == visit.address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::Reach;

    const AT: Timestamp = Timestamp(1_795_500_000_000);

    fn visit(minute: i64, change: impl Fn(&mut CameraVisit)) -> CameraVisit {
        let at = Timestamp(AT.0 + minute * 60_000);
        let mut visit = CameraVisit::new(IpAddr::from([10, 1, 20, 7]), "hq".into(), at);
        visit.reach = Reach::Answered;
        change(&mut visit);
        visit
    }

    fn key(text: &str, proved: bool) -> Option<TlsKey> {
        Some(TlsKey { sha256: text.repeat(32), proved })
    }

    #[test]
    fn a_key_is_pinned_at_first_use_and_another_is_an_event() {
        let show = |before: &CameraStanding, minute, shown: Option<TlsKey>| {
            CameraStanding::after(before, &visit(minute, |visit| visit.key.clone_from(&shown)))
        };
        let first = show(&CameraStanding::default(), 0, key("aa", false));
        assert_eq!((first.key_changed(), first.remarks().len()), (None, 0));
        assert_eq!(show(&first, 1, key("aa", false)), first);
        assert_eq!(show(&first, 1, None), first, "over HTTP it shows none");
        let better = show(&first, 2, key("aa", true));
        assert_eq!((better.key_changed(), better.key.as_ref().map(|pin| pin.since)), (None, Some(AT)));
        let other = show(&better, 3, key("bb", true));
        assert_eq!(other.key_changed(), Some(Timestamp(AT.0 + 180_000)));
        assert!(
            other.remarks()[0].contains("changed from aaaaaaaaaaaaaaaa to bbbbbbbbbbbbbbbb"),
            "{:?}",
            other.remarks()
        );
        assert_eq!(show(&other, 4, key("bb", true)), other, "one event, not one a visit");
        let unproved = show(&better, 5, key("aa", false));
        assert!(unproved.key_changed().is_some() && unproved.remarks()[0].contains("no longer proves"));
    }

    #[test]
    fn a_camera_that_lists_other_addresses_is_behind_something() {
        let listing = |addresses: &[&str]| {
            let addresses = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
            let interface = crate::observation::CameraInterface { name: "eth0".into(), mac: None, addresses };
            visit(0, |visit| visit.interfaces = vec![interface.clone()])
        };
        let after = |before: &CameraStanding, visit| CameraStanding::after(before, &visit);
        let none = CameraStanding::default();
        assert!(!after(&none, listing(&["192.168.1.10", "10.1.20.7"])).translated);
        assert!(!after(&none, listing(&["fe80::1"])).translated, "it is asked by IPv4");
        assert!(!after(&none, listing(&["169.254.1.1"])).translated);
        let behind = after(&none, listing(&["192.168.1.10"]));
        assert!(behind.translated);
        assert!(after(&behind, listing(&[])).translated, "not told is as it was");
        assert!(!after(&behind, listing(&["10.1.20.7"])).translated);
    }

    #[test]
    fn silence_changes_nothing_and_a_newer_tls_ends_the_remark() {
        let old = CameraStanding::after(
            &CameraStanding::default(),
            &visit(0, |visit| (visit.tls_too_old, visit.channels) = (true, Some(8))),
        );
        assert!(old.tls_too_old && old.remarks()[0].contains("1.1"));
        let silent = visit(1, |visit| visit.reach = Reach::Silent("no".into()));
        assert_eq!(CameraStanding::after(&old, &silent), old);
        let later = CameraStanding::after(&old, &visit(2, |_| {}));
        assert_eq!(later, old, "not tried is not new");
        let new = CameraStanding::after(&old, &visit(3, |visit| visit.key = key("aa", true)));
        assert_eq!((new.tls_too_old, new.channels), (false, Some(8)));
    }
}
