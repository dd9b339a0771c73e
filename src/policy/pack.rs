//! Policy packs as their files say them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Severity;
use crate::config::{NetworkKind, Sensitivity};
use crate::maker::Jurisdiction;
use crate::net::{MakerId, PackId, RuleId};

/// A pack in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Pack {
    /// Its id.
    pub id: PackId,
    /// Its title.
    pub title: String,
    /// Who issued it.
    pub issuer: String,
    /// When.
    pub date: Option<Date>,
    /// Counts the changes of its file.
    pub version: u32,
    /// Where its words are from.
    pub source: String,
    /// SHA-256 of its text, hex.
    pub hash: String,
    #[serde(rename = "match")]
    pub(super) whose: Match,
    pub(super) equipment: Vec<Equipment>,
    #[serde(rename = "rule")]
    pub(super) rules: Vec<Rule>,
}

/// Whose equipment a pack restricts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Match {
    pub(super) jurisdiction: Option<Jurisdiction>,
    #[serde(default)]
    pub(super) makers: Vec<MakerId>,
    /// Whether the makers it names stand for those they control as well.
    #[serde(default = "yes")]
    pub(super) affiliates: bool,
}

fn yes() -> bool {
    true
}

/// A kind of equipment a pack is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Equipment {
    /// Cameras, recorders, encoders.
    Surveillance,
    /// Video intercoms.
    Intercom,
    /// Door terminals and controllers.
    AccessControl,
    /// Switches, routers, access points, phones, radios.
    Telecom,
}

fn surveillance() -> Vec<Equipment> {
    vec![Equipment::Surveillance]
}

/// Which devices a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Who {
    /// Equipment the pack is about, of a maker it restricts.
    Restricted,
    /// Surveillance equipment of any maker.
    AnySurveillance,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Rule {
    pub(super) id: RuleId,
    pub(super) text: String,
    pub(super) who: Who,
    pub(super) site: Option<Sensitivity>,
    pub(super) network: Option<NetworkKind>,
    #[serde(default, deserialize_with = "date")]
    pub(super) appeared_after: Option<Date>,
    pub(super) severity: Severity,
    /// Where the rule is from; left out: the pack's source.
    pub(super) source: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    id: PackId,
    title: String,
    issuer: String,
    #[serde(deserialize_with = "date")]
    date: Option<Date>,
    source: String,
    version: u32,
    #[serde(rename = "match")]
    whose: Match,
    #[serde(default = "surveillance")]
    equipment: Vec<Equipment>,
    rule: Vec<Rule>,
}

/// A TOML date as the calendar's.
fn date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let written = toml::value::Datetime::deserialize(deserializer)?;
    let error = || serde::de::Error::custom(format!("{written} is no date: 2022-11-24"));
    if written.time.is_some() || written.offset.is_some() {
        return Err(error());
    }
    written.to_string().parse().map(Some).map_err(|_: jiff::Error| error())
}

/// Reads one pack. The errors are all of it that can be said at once.
pub(super) fn parse(text: &str) -> Result<Pack, Vec<String>> {
    use sha2::{Digest, Sha256};
    let file: File = toml::from_str(text).map_err(|error| vec![error.to_string()])?;
    let mut problems = Vec::new();
    if file.whose.jurisdiction.is_none() && file.whose.makers.is_empty() {
        problems.push("[match] names nobody: give a jurisdiction or makers".to_owned());
    }
    if file.equipment.is_empty() {
        problems.push("equipment is empty: leave it out for surveillance equipment".to_owned());
    }
    if file.rule.is_empty() {
        problems.push("there is no [[rule]]".to_owned());
    }
    for (index, rule) in file.rule.iter().enumerate() {
        if file.rule.iter().take(index).any(|other| other.id == rule.id) {
            problems.push(format!("rule '{}' stands twice: a finding is known by its rule", rule.id));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Pack {
        id: file.id,
        title: file.title,
        issuer: file.issuer,
        date: file.date,
        version: file.version,
        source: file.source,
        hash: Sha256::digest(text.as_bytes()).iter().map(|octet| format!("{octet:02x}")).collect(),
        whose: file.whose,
        equipment: file.equipment,
        rules: file.rule,
    })
}
