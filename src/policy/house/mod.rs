//! House rules: what a house asks of its surveillance equipment beside the packs. Each is a line of [`RULES`]; what it
//! says rests on what was observed, by whom and when.

mod equipment;
mod listed;
mod network;

use crate::config::register::{Entry, Register};
use crate::config::{HouseRule, HouseSettings, Level};
use crate::inventory::{Device, Estate, Inventory, Registers, Sighting};
use crate::maker::{Catalogue, Evidence, Grade};
use crate::net::{PackId, RuleId, Timestamp};

use super::falls::Falls;
use super::{Severity, Subject, Violation, evidence, is_surveillance};

/// The id that findings of house rules have in the place of a pack's.
pub const HOUSE: &str = "house";

/// What is asked of one device.
struct Case<'a> {
    device: &'a Device,
    settings: &'a HouseSettings,
    known: &'a Known<'a>,
}

/// What a device is judged by, beside what is known of itself.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Sites and networks.
    pub estate: &'a Estate,
    /// Makers.
    pub catalogue: &'a Catalogue,
    /// What address tables say.
    pub inventory: &'a Inventory,
    /// What registers say.
    pub registers: &'a Registers,
    /// When it is judged.
    pub now: Timestamp,
}

/// A rule that is broken.
struct Broken {
    /// In words, for this device.
    text: String,
    /// What was observed.
    evidence: Vec<Evidence>,
}

/// A rule: its id, what it is in words, and how it is asked of a device.
struct Rule {
    rule: HouseRule,
    id: &'static str,
    text: &'static str,
    ask: fn(&Case<'_>) -> Option<Broken>,
}

const RULES: [Rule; 12] = [
    Rule {
        rule: HouseRule::UnclassifiedNetwork,
        id: "unclassified-network",
        text: "surveillance equipment where no network of the configuration is: no rule about networks can be asked",
        ask: equipment::unclassified,
    },
    Rule {
        rule: HouseRule::UnknownMaker,
        id: "unknown-maker",
        text: "surveillance equipment of which nobody can say who made it",
        ask: equipment::unknown_maker,
    },
    Rule {
        rule: HouseRule::NewDevice,
        id: "new-device",
        text: "surveillance equipment that appeared within new-device-within; it closes by itself when that is over",
        ask: equipment::new_device,
    },
    Rule {
        rule: HouseRule::MultiHomed,
        id: "multi-homed",
        text: "surveillance equipment with addresses in two networks (recorders: recorder-bridges)",
        ask: network::multi_homed,
    },
    Rule {
        rule: HouseRule::GatewayOutsideNetwork,
        id: "gateway-outside-network",
        text: "surveillance equipment whose gateway is in another network or on the internet",
        ask: network::gateway_outside,
    },
    Rule {
        rule: HouseRule::DnsOutsideNetwork,
        id: "dns-outside-network",
        text: "surveillance equipment with a name server outside its network that known-servers does not have",
        ask: network::name_server_outside,
    },
    Rule {
        rule: HouseRule::NtpOutsideNetwork,
        id: "ntp-outside-network",
        text: "surveillance equipment with a time server outside its network that known-servers does not have",
        ask: network::time_server_outside,
    },
    Rule {
        rule: HouseRule::NoPassword,
        id: "no-password",
        text: "surveillance equipment that answers anybody what only its users may ask",
        ask: equipment::no_password,
    },
    Rule {
        rule: HouseRule::NotActivated,
        id: "not-activated",
        text: "surveillance equipment on which nobody has set a password: whoever comes first owns it",
        ask: equipment::not_activated,
    },
    Rule {
        rule: HouseRule::RecorderBridges,
        id: "recorder-bridges",
        text: "a recorder in two networks, or with cameras behind it that are in another network",
        ask: network::recorder_bridges,
    },
    Rule {
        rule: HouseRule::NeverSeen,
        id: "never-seen",
        text: "an entry of a register that nothing ever seen fits",
        // Asked of entries, which are no device.
        ask: |_| None,
    },
    Rule {
        rule: HouseRule::NotInRegister,
        id: "not-in-register",
        text: "surveillance equipment that the register of its site does not list",
        ask: listed::not_in_register,
    },
];

/// The house rules in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HouseRules {
    settings: HouseSettings,
}

impl From<&HouseSettings> for HouseRules {
    fn from(settings: &HouseSettings) -> Self {
        Self { settings: settings.clone() }
    }
}

/// Something that was observed.
fn observed(source: &str, text: String, at: Timestamp) -> Evidence {
    Evidence { source: source.to_owned(), text, grade: Grade::Strong, observed_at: at, maker: None }
}

impl HouseRules {
    /// How grave a rule is; `None`: it is off.
    fn severity(&self, rule: HouseRule) -> Option<Severity> {
        match self.settings.levels.get(&rule)? {
            Level::Breach => Some(Severity::Breach),
            Level::Action => Some(Severity::Action),
            Level::Review => Some(Severity::Review),
            Level::Info => Some(Severity::Info),
            Level::Off => None,
        }
    }

    /// Every rule: its id, how grave it is (`None`: off), what it says.
    pub fn rules(&self) -> impl Iterator<Item = (&'static str, Option<Severity>, &'static str)> {
        RULES.iter().map(|rule| (rule.id, self.severity(rule.rule), rule.text))
    }

    /// The house rules a device breaks where it is, in their order. Only surveillance equipment breaks any; of what is
    /// only likely to be some, a person must decide.
    #[must_use]
    pub fn judge(&self, device: &Device, known: &Known<'_>) -> Vec<Violation> {
        let sure = is_surveillance(device, known.catalogue);
        if device.place.gone.is_some() || sure <= Falls::Hinted {
            return Vec::new();
        }
        let case = Case { device, settings: &self.settings, known };
        let mut found = Vec::new();
        for Rule { rule, id, ask, .. } in &RULES {
            let Some(severity) = self.severity(*rule) else { continue };
            let Some(Broken { text, evidence: mut rests_on }) = ask(&case) else { continue };
            rests_on.extend(evidence(device));
            found.push(Violation {
                pack: PackId::from(HOUSE),
                rule: RuleId::from(*id),
                severity: if sure == Falls::Surely { severity } else { severity.max(Severity::Review) },
                subject: Subject::Device(device.id),
                text: if sure == Falls::Surely { text } else { format!("perhaps: {text}") },
                evidence: rests_on,
            });
        }
        found
    }

    /// The house rule that a register's entry breaks.
    #[must_use]
    pub fn judge_entry(&self, register: &Register, entry: &Entry, sighting: &Sighting) -> Option<Violation> {
        let severity = self.severity(HouseRule::NeverSeen).filter(|_| *sighting == Sighting::Never)?;
        Some(Violation {
            pack: PackId::from(HOUSE),
            rule: RuleId::from("never-seen"),
            severity,
            subject: Subject::Entry(entry.id.clone()),
            text: format!("listed in register {} and never seen", register.name),
            evidence: vec![listed::entry(register, entry)],
        })
    }

    /// For whoever decides on it: what the settings are, and every rule.
    #[must_use]
    pub fn describe(&self) -> String {
        let days = self.settings.new_device_within.as_secs() / 86_400;
        let mut out = format!(
            "{HOUSE}   [house-rules] of the configuration\nWhat is asked of surveillance equipment beside the packs\n\
             new-device-within {days} days, {} known servers\n\nRULES\n",
            self.settings.known_servers.len()
        );
        for (id, severity, text) in self.rules() {
            let level = severity.map_or_else(|| "off".to_owned(), |severity| super::word(&severity));
            out += &format!("  {level:<7} {id}\n          {text}\n");
        }
        out
    }
}
