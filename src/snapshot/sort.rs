//! Orders of rows: a key, then the identity, so that the same picture always has the same order.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::{Snapshot, TargetRow};
use crate::net::TargetName;

/// What devices can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum DeviceOrder {
    #[default]
    Status,
    Mac,
    Address,
    Maker,
    Brand,
    Model,
    Firmware,
    Class,
    Site,
    Port,
    Vlan,
    Network,
    Certainty,
    FirstSeen,
    LastSeen,
}

impl DeviceOrder {
    /// Every column, in the order in which the sort key walks through them.
    pub const ALL: [Self; 15] = [
        Self::Status,
        Self::Mac,
        Self::Address,
        Self::Maker,
        Self::Brand,
        Self::Model,
        Self::Firmware,
        Self::Class,
        Self::Site,
        Self::Port,
        Self::Vlan,
        Self::Network,
        Self::Certainty,
        Self::FirstSeen,
        Self::LastSeen,
    ];

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Mac => "MAC",
            Self::Address => "IP address",
            Self::Maker => "maker",
            Self::Brand => "brand",
            Self::Model => "model",
            Self::Firmware => "firmware",
            Self::Class => "class",
            Self::Site => "site",
            Self::Port => "switch and port",
            Self::Vlan => "VLAN",
            Self::Network => "network",
            Self::Certainty => "certainty",
            Self::FirstSeen => "first seen",
            Self::LastSeen => "last seen",
        }
    }

    /// The next column round.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|order| *order == self).unwrap_or(0);
        Self::ALL.iter().cycle().nth(at + 1).copied().unwrap_or_default()
    }
}

/// What targets can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum TargetOrder {
    /// Refused and silent ones first.
    #[default]
    State,
    Name,
    Site,
    Since,
    LastAnswer,
    Requests,
    Duration,
}

impl TargetOrder {
    /// Every column, in the order in which the sort key walks through them.
    pub const ALL: [Self; 7] =
        [Self::State, Self::Name, Self::Site, Self::Since, Self::LastAnswer, Self::Requests, Self::Duration];

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Name => "name",
            Self::Site => "site",
            Self::Since => "since",
            Self::LastAnswer => "last answer",
            Self::Requests => "requests",
            Self::Duration => "duration",
        }
    }

    /// The next column round.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|order| *order == self).unwrap_or(0);
        Self::ALL.iter().cycle().nth(at + 1).copied().unwrap_or_default()
    }
}

/// How much a person should look at a target: the smaller, the sooner.
fn trouble(snapshot: &Snapshot, target: &TargetRow) -> u8 {
    match target.state.as_str() {
        "refused" => 0,
        "silent" => 1,
        _ if snapshot.is_stale(target) => 2,
        "partial" => 3,
        "waiting" => 4,
        _ => 5,
    }
}

impl Snapshot {
    /// Names of the targets that hold every one of these words, in order.
    #[must_use]
    pub fn sorted_targets(&self, words: &str, order: TargetOrder, reversed: bool) -> Vec<TargetName> {
        let mut rows: Vec<&TargetRow> = self.targets.values().filter(|target| target.holds(words)).collect();
        rows.sort_by(|a, b| {
            let ordering = match order {
                TargetOrder::State => trouble(self, a).cmp(&trouble(self, b)).then(b.switch.cmp(&a.switch)),
                TargetOrder::Name => Ordering::Equal,
                TargetOrder::Site => a.site.cmp(&b.site),
                TargetOrder::Since => a.since.cmp(&b.since),
                TargetOrder::LastAnswer => a.last_ok.cmp(&b.last_ok),
                TargetOrder::Requests => b.requests.cmp(&a.requests),
                TargetOrder::Duration => b.took_ms.cmp(&a.took_ms),
            };
            if reversed { ordering.reverse() } else { ordering }.then_with(|| a.name.cmp(&b.name))
        });
        rows.into_iter().map(|row| row.name.clone()).collect()
    }
}

impl TargetRow {
    /// Every one of these words stands in its name, address, site, kind or state.
    #[must_use]
    pub fn holds(&self, words: &str) -> bool {
        let kind = if self.switch { "switch" } else { "camera" };
        let text = format!("{} {} {} {kind} {}", self.name, self.address, self.site, self.state).to_lowercase();
        words.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_reached_once_round() {
        let mut order = DeviceOrder::default();
        let walked: Vec<DeviceOrder> = (0..DeviceOrder::ALL.len())
            .map(|_| {
                order = order.next();
                order
            })
            .collect();
        assert_eq!(walked.last(), Some(&DeviceOrder::default()));
        assert!(DeviceOrder::ALL.iter().all(|order| walked.contains(order)));
        assert!(TargetOrder::ALL.iter().all(|order| order.next() != *order));
    }
}
