//! What waits for a carrier: a message, and what it tells of, field by field.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::inventory::Certainty;
use crate::maker::{Grade, Verdict};
use crate::net::{
    DeviceId, FindingId, MacAddr, NetworkId, PackId, PortName, RuleId, SiteId, TargetName, Timestamp, VlanId,
};
use crate::policy::Severity;
use crate::review::FindingState;

/// One message for one carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Given by the database, never used again; 0 before.
    #[serde(skip)]
    pub id: u64,
    /// The same in whatever database: what a receiver knows a message by that comes twice. Empty before it is given.
    #[serde(skip)]
    pub key: String,
    /// The `[[alert]]` it is for.
    pub carrier: String,
    /// How grave.
    pub severity: Severity,
    /// What kind of message: the rule's id, `summary`, `digest`, `maintenance`, `reminder`, `lost`, `test`, `audit-head`,
    /// `report` (of a review cycle),
    /// or what happened to the work itself (`credential-stopped`).
    pub kind: String,
    /// When it came to be.
    pub at: Timestamp,
    /// One line, cleaned.
    pub text: String,
    /// The findings it tells of; of a great many the first, gravest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Brief>,
    /// Findings it tells of beside these.
    #[serde(default)]
    pub more: usize,
    /// What a carrier that takes more than a line is given beside it, in lines; empty: nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

/// What an alert tells of a finding. All text is cleaned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// The finding.
    pub id: FindingId,
    /// The pack.
    pub policy: PackId,
    /// The rule within it.
    pub rule: RuleId,
    /// How grave.
    pub severity: Severity,
    /// Where it stands.
    pub state: FindingState,
    /// Since when.
    pub since: Timestamp,
    /// The rule in words.
    pub text: String,
    /// The device it is about; `None`: it is about a register's entry.
    pub device: Option<BriefDevice>,
    /// The register's entry it is about, `register/key`; `None`: it is about a device.
    pub entry: Option<String>,
    /// Where it is.
    pub place: BriefPlace,
    /// Where it was before.
    pub previous: Option<BriefPrevious>,
    /// What on its switch would take the port out of service; `None`: nobody knows, or others would be cut off too.
    pub contain: Option<String>,
}

/// What an alert tells of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BriefDevice {
    /// Its number.
    pub id: DeviceId,
    /// Its address on the wire.
    pub mac: Option<MacAddr>,
    /// Its addresses.
    pub ips: Vec<IpAddr>,
    /// Who made it; empty where nobody knows.
    pub maker: String,
    /// How sure that is.
    pub verdict: Verdict,
    /// The strongest piece of evidence.
    pub grade: Option<Grade>,
    /// Its model, as it says; empty where it says none.
    pub model: String,
    /// When it was first seen; `None`: it is not known any more.
    pub first_seen: Option<Timestamp>,
    /// What the verdict rests on, strongest first.
    pub evidence: Vec<String>,
}

/// What an alert tells of a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BriefPlace {
    /// The site.
    pub site: Option<SiteId>,
    /// Who answers for it; empty where nobody is named.
    pub owner: String,
    /// The switch.
    pub switch: Option<TargetName>,
    /// The port.
    pub port: Option<PortName>,
    /// What is written on the port (ifAlias); empty where nothing is.
    pub port_text: String,
    /// The VLAN.
    pub vlan: Option<VlanId>,
    /// The network.
    pub network: Option<NetworkId>,
    /// How sure the port is: `beyond` is a port that only leads there.
    pub certainty: Certainty,
}

/// Where a device was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BriefPrevious {
    /// The site.
    pub site: Option<SiteId>,
    /// The switch.
    pub switch: TargetName,
    /// The port.
    pub port: Option<PortName>,
    /// Until when.
    pub until: Timestamp,
}
