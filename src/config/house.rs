//! `[house-rules]`: what a house asks of its surveillance equipment beside the packs.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::checker::Checker;
use super::file;

/// A house rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HouseRule {
    /// Its place is known, and no network of the configuration holds it.
    UnclassifiedNetwork,
    /// Nobody can say who made it.
    UnknownMaker,
    /// It appeared lately.
    NewDevice,
    /// It has addresses in two networks.
    MultiHomed,
    /// Its gateway is in another network.
    GatewayOutsideNetwork,
    /// A name server of it is in another network.
    DnsOutsideNetwork,
    /// A time server of it is in another network.
    NtpOutsideNetwork,
    /// It tells anybody what it should tell its users.
    NoPassword,
    /// Nobody has set a password on it yet.
    NotActivated,
    /// A recorder stands between two networks.
    RecorderBridges,
    /// A register lists it and it was never seen.
    NeverSeen,
    /// It was seen and the register of its site does not list it.
    NotInRegister,
}

/// How grave a house rule is held to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Level {
    Breach,
    Action,
    Review,
    Info,
    /// It is not asked.
    Off,
}

/// A name server or time server that cameras may have wherever it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownServer {
    /// All within.
    Net(IpNet),
    /// A name, in lower case.
    Name(String),
}

/// `[house-rules]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HouseSettings {
    /// Every rule's level.
    pub levels: BTreeMap<HouseRule, Level>,
    /// How long what appeared is new.
    pub new_device_within: Duration,
    /// Name and time servers that are nobody's finding.
    pub known_servers: Vec<KnownServer>,
}

/// Every rule's level where the configuration gives none.
const DEFAULTS: [(HouseRule, Level); 12] = [
    (HouseRule::UnclassifiedNetwork, Level::Review),
    (HouseRule::UnknownMaker, Level::Review),
    (HouseRule::NewDevice, Level::Info),
    (HouseRule::MultiHomed, Level::Action),
    (HouseRule::GatewayOutsideNetwork, Level::Review),
    (HouseRule::DnsOutsideNetwork, Level::Info),
    (HouseRule::NtpOutsideNetwork, Level::Info),
    (HouseRule::NoPassword, Level::Action),
    (HouseRule::NotActivated, Level::Action),
    (HouseRule::RecorderBridges, Level::Action),
    (HouseRule::NeverSeen, Level::Review),
    (HouseRule::NotInRegister, Level::Review),
];
/// How long what appeared is new, likewise.
const NEW_WITHIN: &str = "30d";

impl Default for HouseSettings {
    fn default() -> Self {
        let new_device_within = Duration::from_secs(30 * 86_400);
        Self { levels: DEFAULTS.into(), new_device_within, known_servers: Vec::new() }
    }
}

impl HouseSettings {
    /// Whether a server is one that cameras may have wherever it is.
    #[must_use]
    pub fn knows_server(&self, text: &str) -> bool {
        let address = text.parse::<IpAddr>();
        self.known_servers.iter().any(|known| match (known, &address) {
            (KnownServer::Net(net), Ok(address)) => net.contains(address),
            (KnownServer::Name(name), Err(_)) => *name == text.to_lowercase(),
            _ => false,
        })
    }

    pub(super) fn check(checker: &mut Checker<'_>, written: &file::HouseRules) -> Self {
        use HouseRule as Rule;
        let levels = [
            (Rule::UnclassifiedNetwork, written.unclassified_network),
            (Rule::UnknownMaker, written.unknown_maker),
            (Rule::NewDevice, written.new_device),
            (Rule::MultiHomed, written.multi_homed),
            (Rule::GatewayOutsideNetwork, written.gateway_outside_network),
            (Rule::DnsOutsideNetwork, written.dns_outside_network),
            (Rule::NtpOutsideNetwork, written.ntp_outside_network),
            (Rule::NoPassword, written.no_password),
            (Rule::NotActivated, written.not_activated),
            (Rule::RecorderBridges, written.recorder_bridges),
            (Rule::NeverSeen, written.never_seen),
            (Rule::NotInRegister, written.not_in_register),
        ];
        let written_levels = levels.into_iter().filter_map(|(rule, level)| Some((rule, level?)));
        let least = Duration::from_secs(3600);
        Self {
            levels: DEFAULTS.into_iter().chain(written_levels).collect(),
            new_device_within: checker.duration(
                "house-rules.new-device-within",
                &written.new_device_within,
                NEW_WITHIN,
                least,
            ),
            known_servers: written.known_servers.iter().filter_map(|server| known_server(checker, server)).collect(),
        }
    }
}

fn known_server(checker: &mut Checker<'_>, written: &Spanned<String>) -> Option<KnownServer> {
    let text = written.get_ref();
    if text.parse::<IpAddr>().is_ok() || text.contains('/') {
        return checker.net("house-rules.known-servers", written).map(KnownServer::Net);
    }
    let is_name = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if text.is_empty() || !is_name {
        let hint = "as in 10.1.0.53, 10.1.0.0/24 or ntp.example.gov.uk";
        checker.problem(written.span(), "house-rules.known-servers", format!("'{text}' is no server"), hint);
        return None;
    }
    Some(KnownServer::Name(text.to_lowercase()))
}
