//! When targets were last seen whole: what "last seen" of a device rests on.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::DeviceRow;
use crate::net::{TargetName, Timestamp};

/// The last complete pass of every switch, and the last answer of every camera.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    switches: BTreeMap<TargetName, Timestamp>,
    cameras: BTreeMap<IpAddr, Timestamp>,
}

impl Seen {
    /// Takes in when a target was last seen whole; `None`: never.
    pub fn note(&mut self, target: &TargetName, switch: bool, complete: Option<Timestamp>) {
        self.forget(target);
        let Some(at) = complete else { return };
        if switch {
            self.switches.insert(target.clone(), at);
        } else if let Ok(ip) = target.as_str().parse() {
            self.cameras.insert(ip, at);
        }
    }

    /// A target is no longer one.
    pub fn forget(&mut self, target: &TargetName) {
        self.switches.remove(target);
        if let Ok(ip) = target.as_str().parse() {
            self.cameras.remove(&ip);
        }
    }

    /// The switches with their last complete pass.
    pub(super) fn switches(&self) -> impl Iterator<Item = (&TargetName, Timestamp)> {
        self.switches.iter().map(|(name, at)| (name, *at))
    }

    /// The latest of: the last complete pass of the switch it is on, its own last answer, when it went.
    pub(super) fn latest(
        &self,
        on_switch: Option<Timestamp>,
        gone: Option<Timestamp>,
        ips: &[IpAddr],
        first: Timestamp,
    ) -> Timestamp {
        let answered = ips.iter().filter_map(|ip| self.cameras.get(ip).copied()).max();
        gone.or(on_switch).max(answered).unwrap_or(first).max(first)
    }

    /// When a device was last seen.
    #[must_use]
    pub fn last_seen(&self, row: &DeviceRow) -> Timestamp {
        let on_switch = row.place.switch.as_ref().and_then(|switch| self.switches.get(switch).copied());
        self.latest(on_switch, row.place.gone, &row.ips, row.first_seen)
    }
}
