//! Orders of findings.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::sort::{in_order, turned};
use super::{DeviceOrder, DeviceRow, Said, Snapshot};
use crate::net::FindingId;
use crate::review::Finding;

/// What findings can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum FindingOrder {
    /// As a person should look at them.
    #[default]
    Urgency,
    Device,
    Address,
    Maker,
    Model,
    Firmware,
    Serial,
    Site,
    Switch,
    Port,
    Vlan,
    Network,
    Certainty,
    Since,
    Policy,
    Rule,
    Severity,
    State,
    Due,
    Assignee,
    Tags,
    /// By its number.
    Id,
}

impl FindingOrder {
    /// The same of devices that no finding is about; `None`: they stand in their own order.
    #[must_use]
    pub fn of_devices(self) -> Option<DeviceOrder> {
        Some(match self {
            Self::Device => DeviceOrder::Mac,
            Self::Address => DeviceOrder::Address,
            Self::Maker => DeviceOrder::Maker,
            Self::Model => DeviceOrder::Model,
            Self::Firmware => DeviceOrder::Firmware,
            Self::Serial => DeviceOrder::Serial,
            Self::Site => DeviceOrder::Site,
            Self::Switch => DeviceOrder::Switch,
            Self::Port => DeviceOrder::Port,
            Self::Vlan => DeviceOrder::Vlan,
            Self::Certainty => DeviceOrder::Certainty,
            Self::Since => DeviceOrder::Since,
            Self::State => DeviceOrder::Status,
            _ => return None,
        })
    }
}

/// What of findings is worked out beside them.
#[derive(Debug, Clone, Copy)]
pub struct Pressing<'a> {
    /// What is past its time.
    pub overdue: &'a BTreeSet<FindingId>,
    /// When each is due.
    pub dues: &'a BTreeMap<FindingId, Date>,
}

impl Finding {
    /// How it stands, as lists show it: overdue before all else.
    #[must_use]
    pub fn standing_in_list(&self, overdue: &BTreeSet<FindingId>) -> String {
        match overdue.contains(&self.id) {
            true => "OVERDUE".to_owned(),
            false if self.state == crate::review::FindingState::Open && self.reopened() => "open again".to_owned(),
            false => self.standing(),
        }
    }
}

impl DeviceRow {
    /// Its maker, by the brand on it where that is another; empty: nothing tells.
    #[must_use]
    pub fn maker_in_list(&self) -> String {
        match (&self.brand, self.maker_name.as_str()) {
            (Some(brand), "") => format!("? as {brand}"),
            (Some(brand), maker) => format!("{maker} as {brand}"),
            (None, maker) => maker.to_owned(),
        }
    }
}

/// A device by its address, any other by its name.
fn device<'a>(device: Option<&'a DeviceRow>, finding: &'a Finding) -> Said<'a> {
    let mac = device.and_then(|row| row.mac).and_then(|mac| i64::try_from(mac.as_u64()).ok());
    let address = || device.and_then(|row| row.ips.first()).map(ToString::to_string);
    let name = || address().or_else(|| finding.subject.entry().map(|entry| entry.key.to_string()));
    mac.map_or_else(|| Said::text(name().unwrap_or_default()), Said::Number)
}

impl Snapshot {
    /// Findings that stand in the order in which a person should look, in another one; those that say the same in its
    /// column stay as they stood.
    #[must_use]
    pub fn findings_in_order(
        &self,
        ids: Vec<FindingId>,
        order: FindingOrder,
        reversed: bool,
        pressing: Pressing<'_>,
    ) -> Vec<FindingId> {
        if order == FindingOrder::Urgency {
            return turned(ids, reversed);
        }
        in_order(ids, reversed, |id| {
            let Some(finding) = self.findings.get(id) else { return Said::Nothing };
            let row = self.device_of(finding);
            let place = &finding.place;
            let number = |id: u64| Said::Number(i64::try_from(id).unwrap_or(i64::MAX));
            match order {
                FindingOrder::Urgency => Said::Nothing,
                FindingOrder::Device => device(row, finding),
                FindingOrder::Address => {
                    Said::text(row.and_then(|row| row.ips.first()).map(ToString::to_string).unwrap_or_default())
                }
                FindingOrder::Maker => Said::text(row.map(DeviceRow::maker_in_list).unwrap_or_default()),
                FindingOrder::Model => Said::text(row.map_or("", |row| row.model.as_str())),
                FindingOrder::Firmware => Said::text(row.map_or("", |row| row.firmware.as_str())),
                FindingOrder::Serial => Said::text(row.map_or("", |row| row.serial.as_str())),
                FindingOrder::Site => Said::text(place.site.as_ref().map_or("", |site| site.as_str())),
                FindingOrder::Switch => {
                    let (switch, port) = (place.switch.as_ref(), place.port.as_ref());
                    let port = port.map_or("", |port| port.as_str());
                    switch.map_or(Said::Nothing, |switch| Said::text(format!("{switch} {port}")))
                }
                FindingOrder::Port => Said::text(place.port.as_ref().map_or("", |port| port.as_str())),
                FindingOrder::Vlan => Said::number(place.vlan.map(u16::from)),
                FindingOrder::Network => Said::text(place.network.as_ref().map_or("", |network| network.as_str())),
                FindingOrder::Certainty => Said::Number(place.certainty as i64),
                FindingOrder::Since => Said::Number(finding.since.0),
                FindingOrder::Policy => Said::text(finding.policy.as_str()),
                FindingOrder::Rule => Said::text(finding.rule.as_str()),
                FindingOrder::Severity => Said::Number(finding.severity as i64),
                FindingOrder::State => Said::text(finding.standing_in_list(pressing.overdue)),
                FindingOrder::Due => Said::text(pressing.dues.get(id).map(ToString::to_string).unwrap_or_default()),
                FindingOrder::Assignee => Said::text(finding.handling.assignee.as_deref().unwrap_or_default()),
                FindingOrder::Tags => {
                    Said::text(finding.handling.tags.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
                }
                FindingOrder::Id => number(finding.id.0),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Place;
    use crate::net::{DeviceId, Timestamp, VlanId};
    use crate::policy::{Severity, Subject};
    use crate::review::{FindingState, Handling};

    fn finding(id: u64, port: Option<&str>, vlan: u16) -> Finding {
        Finding {
            id: FindingId(id),
            policy: "p".into(),
            rule: "r".into(),
            severity: Severity::Action,
            subject: Subject::Device(DeviceId(id)),
            text: String::new(),
            state: FindingState::Open,
            since: Timestamp(0),
            closed: None,
            closing: None,
            handling: Handling::default(),
            openings: 1,
            revision: 1,
            place: Place {
                switch: Some("sw-1".into()),
                port: port.map(Into::into),
                vlan: VlanId::new(vlan.into()),
                ..Place::default()
            },
            evidence: Vec::new(),
            decision: None,
        }
    }

    #[test]
    fn a_column_puts_findings_in_order_and_leaves_equal_ones_as_they_stood() {
        let findings = [
            finding(1, Some("Gi1/0/10"), 10),
            finding(2, Some("Gi1/0/9"), 10),
            finding(3, None, 20),
            finding(4, Some("Gi1/0/9"), 7),
        ];
        let snapshot = Snapshot {
            findings: findings.into_iter().map(|finding| (finding.id, finding)).collect(),
            ..Snapshot::default()
        };
        let (overdue, dues) = ([FindingId(4)].into(), [(FindingId(3), jiff::civil::date(2026, 1, 1))].into());
        let pressing = Pressing { overdue: &overdue, dues: &dues };
        let ids = |order, reversed| {
            let stood = [4, 3, 2, 1].map(FindingId).to_vec();
            let sorted = snapshot.findings_in_order(stood, order, reversed, pressing);
            sorted.into_iter().map(|id| id.0).collect::<Vec<_>>()
        };
        assert_eq!(ids(FindingOrder::Urgency, true), [1, 2, 3, 4]);
        assert_eq!(ids(FindingOrder::Port, false), [4, 2, 1, 3]);
        assert_eq!(ids(FindingOrder::Port, true), [1, 4, 2, 3], "what has no port stays last");
        assert_eq!(ids(FindingOrder::Vlan, false), [4, 2, 1, 3]);
        assert_eq!(ids(FindingOrder::Due, false), [3, 4, 2, 1]);
        assert_eq!(ids(FindingOrder::State, false), [3, 2, 1, 4]);
        assert_eq!(ids(FindingOrder::Id, false), [1, 2, 3, 4]);
    }
}
