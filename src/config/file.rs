//! What the file says, word for word. Nothing is judged here: that is [`super::check`]'s.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{AuthProtocol, Basis, Level, NetworkKind, PrivProtocol, ReportForm, Sensitivity, TwoPersons, VendorQuery};

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct File {
    pub(super) department: Department,
    pub(super) daemon: Daemon,
    pub(super) snmp: Snmp,
    pub(super) onvif: Onvif,
    pub(super) discovery: Discovery,
    pub(super) traps: Traps,
    pub(super) metrics: Metrics,
    pub(super) coverage: Coverage,
    pub(super) makers: Makers,
    pub(super) privacy: Privacy,
    pub(super) roles: Roles,
    pub(super) decisions: Decisions,
    pub(super) house_rules: HouseRules,
    pub(super) register: Vec<Spanned<Register>>,
    pub(super) site: Vec<Spanned<Site>>,
    pub(super) network: Vec<Spanned<Network>>,
    pub(super) credential: Vec<Spanned<Credential>>,
    pub(super) switch: Vec<Spanned<Switch>>,
    pub(super) cameras: Vec<Spanned<Cameras>>,
    pub(super) policy: Option<Vec<Spanned<Policy>>>,
    pub(super) review: Vec<Spanned<Review>>,
    pub(super) alert: Vec<Spanned<Alert>>,
    pub(super) maintenance: Vec<Spanned<Maintenance>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Department {
    pub(super) name: String,
}

/// A setting that may be left out.
pub(super) type Text = Option<Spanned<String>>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Daemon {
    pub(super) database: Option<String>,
    pub(super) control_socket: Option<String>,
    pub(super) poll_every: Text,
    pub(super) cameras_every: Text,
    pub(super) sweep_every: Text,
    pub(super) slow_sweep_every: Text,
    pub(super) concurrency: Option<Spanned<i64>>,
    pub(super) keep_history: Text,
    pub(super) disk_reserve_mib: Option<Spanned<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Snmp {
    pub(super) timeout: Text,
    pub(super) retries: Option<Spanned<i64>>,
    pub(super) deadline: Text,
    pub(super) per_target: Option<Spanned<i64>>,
    pub(super) max_rows: Option<Spanned<i64>>,
    pub(super) slow_every: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Onvif {
    pub(super) connect_timeout: Text,
    pub(super) deadline: Text,
    pub(super) max_bytes: Option<Spanned<i64>>,
    pub(super) probes_per_second: Option<Spanned<i64>>,
    pub(super) users: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Discovery {
    pub(super) interfaces: Option<Vec<Spanned<String>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Traps {
    pub(super) listen: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Metrics {
    pub(super) listen: Text,
    pub(super) file: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Coverage {
    pub(super) threshold: Option<Spanned<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Makers {
    pub(super) files: Vec<String>,
    pub(super) shipped: Option<Spanned<bool>>,
    pub(super) registry: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Privacy {
    pub(super) forget_after: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct HouseRules {
    pub(super) unclassified_network: Option<Level>,
    pub(super) unknown_maker: Option<Level>,
    pub(super) new_device: Option<Level>,
    pub(super) multi_homed: Option<Level>,
    pub(super) gateway_outside_network: Option<Level>,
    pub(super) dns_outside_network: Option<Level>,
    pub(super) ntp_outside_network: Option<Level>,
    pub(super) no_password: Option<Level>,
    pub(super) not_activated: Option<Level>,
    pub(super) recorder_bridges: Option<Level>,
    pub(super) never_seen: Option<Level>,
    pub(super) not_in_register: Option<Level>,
    pub(super) new_device_within: Text,
    pub(super) known_servers: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Register {
    pub(super) name: Spanned<String>,
    pub(super) file: String,
    pub(super) site: Text,
    pub(super) delimiter: Text,
    #[serde(default)]
    pub(super) columns: Columns,
    #[serde(default)]
    pub(super) only: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Columns {
    pub(super) mac: Option<String>,
    pub(super) serial: Option<String>,
    pub(super) ip: Option<String>,
    pub(super) name: Option<String>,
    pub(super) asset: Option<String>,
    pub(super) site: Option<String>,
    pub(super) manufacturer: Option<String>,
    pub(super) model: Option<String>,
    pub(super) installed: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Roles {
    pub(super) readers: Option<Vec<String>>,
    pub(super) reviewers: Option<Vec<String>>,
    pub(super) approvers: Option<Vec<String>>,
    pub(super) administrators: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Decisions {
    pub(super) two_persons: Option<TwoPersons>,
    pub(super) longest_acceptance: Option<Spanned<i64>>,
    pub(super) removal_proof: Text,
    pub(super) removal_rounds: Option<Spanned<i64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Site {
    pub(super) id: Spanned<String>,
    pub(super) name: Option<String>,
    pub(super) sensitivity: Sensitivity,
    pub(super) basis: Option<Basis>,
    pub(super) owner: Option<String>,
    #[serde(default)]
    pub(super) address_ranges: Vec<Spanned<String>>,
}

/// `10` or `"20-29"`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Vlan {
    Number(i64),
    Range(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Network {
    pub(super) id: Spanned<String>,
    pub(super) kind: NetworkKind,
    pub(super) site: Text,
    #[serde(default)]
    pub(super) vlans: Vec<Spanned<Vlan>>,
    #[serde(default)]
    pub(super) vrfs: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) subnets: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) switches: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) ports: Vec<NetworkPort>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct NetworkPort {
    pub(super) switch: Spanned<String>,
    pub(super) port: Spanned<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum CredentialKind {
    SnmpV1,
    SnmpV2c,
    SnmpV3,
    Onvif,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Keyed<P> {
    pub(super) protocol: P,
    pub(super) password: Option<String>,
    pub(super) password_file: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Credential {
    pub(super) id: Spanned<String>,
    pub(super) kind: CredentialKind,
    pub(super) user: Option<String>,
    pub(super) community: Option<String>,
    pub(super) community_file: Text,
    pub(super) password: Option<String>,
    pub(super) password_file: Text,
    pub(super) auth: Option<Keyed<AuthProtocol>>,
    #[serde(rename = "priv")]
    pub(super) privacy: Option<Keyed<PrivProtocol>>,
    pub(super) allow: Option<Vec<Spanned<String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Switch {
    pub(super) name: Spanned<String>,
    pub(super) address: Spanned<String>,
    pub(super) site: Spanned<String>,
    pub(super) credential: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Cameras {
    pub(super) site: Spanned<String>,
    pub(super) subnets: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) credentials: Vec<Spanned<String>>,
    pub(super) ports: Option<Vec<u16>>,
    pub(super) discovery_port: Option<u16>,
    pub(super) rtsp_port: Option<u16>,
    pub(super) snmp_port: Option<u16>,
    #[serde(default)]
    pub(super) vendor_queries: Vec<VendorQuery>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Policy {
    pub(super) pack: Option<String>,
    pub(super) file: Option<String>,
    pub(super) off: Option<String>,
    pub(super) who: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Review {
    pub(super) name: Spanned<String>,
    pub(super) schedule: Spanned<String>,
    pub(super) time_zone: Text,
    #[serde(default)]
    pub(super) select: String,
    pub(super) owner: String,
    pub(super) escalate_to: Option<String>,
    pub(super) due: Text,
    pub(super) report: Option<Spanned<ReviewReport>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ReviewReport {
    #[serde(default)]
    pub(super) formats: Vec<ReportForm>,
    pub(super) folder: Text,
    #[serde(default)]
    pub(super) alerts: Vec<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AlertKind {
    Webhook,
    Smtp,
    Syslog,
    Journal,
    Command,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Alert {
    pub(super) name: Text,
    pub(super) kind: AlertKind,
    pub(super) when: Option<Spanned<Vec<String>>>,
    pub(super) timeout: Text,
    pub(super) digest: Text,
    pub(super) at_once: Option<Spanned<Vec<String>>>,
    pub(super) time_zone: Text,
    pub(super) url: Text,
    pub(super) secret: Text,
    pub(super) secret_file: Text,
    pub(super) address: Text,
    pub(super) transport: Text,
    pub(super) server: Text,
    pub(super) security: Text,
    pub(super) ca_file: Text,
    pub(super) user: Text,
    pub(super) password: Text,
    pub(super) password_file: Text,
    pub(super) from: Text,
    pub(super) to: Option<Vec<Spanned<String>>>,
    pub(super) command: Option<Spanned<Vec<String>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Maintenance {
    pub(super) name: Spanned<String>,
    pub(super) site: Text,
    #[serde(default)]
    pub(super) switches: Vec<Spanned<String>>,
    pub(super) schedule: Text,
    pub(super) lasts: Text,
    pub(super) from: Text,
    pub(super) until: Text,
    pub(super) time_zone: Text,
}
