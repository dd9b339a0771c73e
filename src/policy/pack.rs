//! Policy packs as their files say them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Severity;
use crate::config::{NetworkKind, Sensitivity};
use crate::maker::{Class, Jurisdiction, Verdict};
use crate::net::text::hides_or_moves;
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
    /// When; `None`: no day is known for certain.
    pub date: Option<Date>,
    /// The first day it is in force; `None`: at once.
    pub in_force_from: Option<Date>,
    /// The last day it is in force; `None`: no end is known.
    pub in_force_until: Option<Date>,
    /// Counts the changes of its file.
    pub version: u32,
    /// Where its words are from.
    pub source: String,
    /// What it rests on: a statute, an instruction, an undertaking.
    pub basis: Option<String>,
    /// Who answers for it where it is used.
    pub owner: Option<String>,
    /// Longest acceptance under it, in days; `None`: as long as the configuration lets it.
    pub longest_acceptance: Option<u16>,
    /// What it takes back of the shipped pack of its id, each with who decided so and why.
    pub loosens: Vec<Loosening>,
    /// SHA-256 of its text, hex.
    pub hash: String,
    #[serde(rename = "match")]
    pub(super) whose: Match,
    pub(super) equipment: Vec<Equipment>,
    #[serde(rename = "rule")]
    pub(super) rules: Vec<Rule>,
}

/// Something of a shipped pack that the pack of its id takes back, knowingly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Loosening {
    /// A rule's id, or `match`, `equipment`, `in-force`.
    pub what: String,
    /// Why.
    pub why: String,
    /// Who decided so.
    pub who: String,
}

impl Pack {
    /// The ids of its rules, in their order.
    pub fn rule_ids(&self) -> impl Iterator<Item = &RuleId> {
        self.rules.iter().map(|rule| &rule.id)
    }
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
    /// Classes of equipment it is about; none: whatever the pack is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) class: Vec<Class>,
    /// How sure the maker must be; none: however sure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) verdict: Vec<Verdict>,
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
    #[serde(default, deserialize_with = "date")]
    date: Option<Date>,
    #[serde(default, deserialize_with = "date")]
    in_force_from: Option<Date>,
    #[serde(default, deserialize_with = "date")]
    in_force_until: Option<Date>,
    source: String,
    basis: Option<String>,
    owner: Option<String>,
    version: u32,
    #[serde(rename = "match")]
    whose: Match,
    #[serde(default = "surveillance")]
    equipment: Vec<Equipment>,
    rule: Vec<Rule>,
    longest_acceptance: Option<u16>,
    #[serde(default)]
    loosens: Vec<Loosening>,
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

/// What is wrong with a pack that reads, and how to mend it.
fn problems(file: &File) -> Vec<(String, &'static str)> {
    let mut found: Vec<(String, &'static str)> = Vec::new();
    if file.whose.jurisdiction.is_none() && file.whose.makers.is_empty() {
        found.push(("[match] names nobody".to_owned(), "give a jurisdiction or makers"));
    }
    if file.equipment.is_empty() {
        found.push(("equipment is empty".to_owned(), "leave it out for surveillance equipment"));
    }
    if file.rule.is_empty() {
        found.push(("there is no [[rule]]".to_owned(), "give at least one"));
    }
    if file.in_force_from > file.in_force_until && file.in_force_until.is_some() {
        found.push(("it ends before it begins".to_owned(), "in-force-until is the last day, in-force-from the first"));
    }
    for (index, rule) in file.rule.iter().enumerate() {
        if file.rule.iter().take(index).any(|other| other.id == rule.id) {
            found.push((format!("rule '{}' stands twice", rule.id), "a finding is known by its rule"));
        }
    }
    if file.longest_acceptance.is_some_and(|days| !(1..=180).contains(&days)) {
        found.push((
            "longest-acceptance is no number of days from 1 to 180".to_owned(),
            "left out: as [decisions] says",
        ));
    }
    for loosening in &file.loosens {
        if loosening.why.trim().is_empty() || loosening.who.trim().is_empty() {
            let hint = "why = \"…\" and who = \"…\": both are kept in the change log";
            found.push((format!("[[loosens]] '{}' says not who decided so, or not why", loosening.what), hint));
        }
    }
    // All of it reaches screens and the log.
    let mut texts = vec![file.id.as_str(), &file.title, &file.issuer, &file.source];
    texts.extend(file.basis.iter().chain(&file.owner).map(String::as_str));
    texts.extend(file.rule.iter().flat_map(|rule| [rule.id.as_str(), &rule.text]));
    texts.extend(file.rule.iter().filter_map(|rule| rule.source.as_deref()));
    texts.extend(file.loosens.iter().flat_map(|loosening| [&*loosening.what, &loosening.why, &loosening.who]));
    if let Some(text) = texts.iter().find(|text| text.chars().any(hides_or_moves)) {
        let shown: String = text.chars().filter(|c| !hides_or_moves(*c)).take(40).collect();
        let hint = "no control characters, no marks that turn the direction of text";
        found.push((format!("'{shown}' holds characters that cannot be shown"), hint));
    }
    found
}

/// Reads one pack. The errors are all of it that can be said at once, each with how to mend it.
pub(super) fn parse(text: &str) -> Result<Pack, Vec<(String, &'static str)>> {
    use sha2::{Digest, Sha256};
    let file: File = toml::from_str(text).map_err(|error| vec![(error.to_string(), "")])?;
    let found = problems(&file);
    if !found.is_empty() {
        return Err(found);
    }
    Ok(Pack {
        id: file.id,
        title: file.title,
        issuer: file.issuer,
        date: file.date,
        in_force_from: file.in_force_from,
        in_force_until: file.in_force_until,
        version: file.version,
        source: file.source,
        basis: file.basis,
        owner: file.owner,
        longest_acceptance: file.longest_acceptance,
        loosens: file.loosens,
        hash: Sha256::digest(text.as_bytes()).iter().map(|octet| format!("{octet:02x}")).collect(),
        whose: file.whose,
        equipment: file.equipment,
        rules: file.rule,
    })
}
