//! Policy packs and rules: a device and its place, judged. Pure.

mod pack;
#[cfg(test)]
mod tests;

pub use pack::Pack;
use pack::{Rule, Who};

use serde::{Deserialize, Serialize};

use crate::inventory::{Device, Estate};
use crate::maker::{Catalogue, Class, Evidence, Grade, Jurisdiction, Maker, Surveillance, Verdict};
use crate::net::{DeviceId, PackId, RuleId};

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Must not be.
    Breach,
    /// Should be acted on.
    Action,
    /// A person must decide.
    Review,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The letter that stands for it wherever there may be no colour.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Breach => 'B',
            Self::Action => 'A',
            Self::Review => 'R',
            Self::Info => 'I',
        }
    }
}

/// The four count words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Surveillance equipment whose maker an active pack restricts, confirmed.
    Restricted,
    /// Probably so: one mark, or the class is not sure.
    Suspected,
    /// Not known: a queue, never clean.
    Unknown,
    /// Known, with evidence, not to be restricted.
    NotRestricted,
}

/// A rule broken by a device, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The pack.
    pub pack: PackId,
    /// The rule within it.
    pub rule: RuleId,
    /// How grave.
    pub severity: Severity,
    /// The device.
    pub device: DeviceId,
    /// The rule in words, for this device.
    pub text: String,
    /// What it rests on: maker, class and place, each with when it was seen.
    pub evidence: Vec<Evidence>,
}

/// The packs in force.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policies {
    packs: Vec<Pack>,
}

/// Packs the program ships.
const SHIPPED: [(&str, &str); 2] = [
    ("uk-gsg-2022", include_str!("../../config/policies/uk-gsg-2022.toml")),
    ("us-889", include_str!("../../config/policies/us-889.toml")),
];

/// How surely a pack's restriction falls on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Falls {
    Not,
    /// Something speaks for it and something is missing: a person must look.
    Perhaps,
    Surely,
}

impl Policies {
    /// The text of a pack the program ships (`config/policies/*.toml`, compiled in).
    #[must_use]
    pub fn shipped_text(id: &str) -> Option<&'static str> {
        SHIPPED.iter().find(|(name, _)| *name == id).map(|(_, text)| *text)
    }

    /// Ids of the packs the program ships.
    #[must_use]
    pub fn shipped_ids() -> Vec<&'static str> {
        SHIPPED.iter().map(|(name, _)| *name).collect()
    }

    /// Reads packs: `(where it came from, its text)`.
    ///
    /// # Errors
    /// Every problem of every pack at once, each as `(where, what and how to mend it)`.
    pub fn parse(texts: &[(String, String)]) -> Result<Self, Vec<(String, String)>> {
        let mut packs: Vec<Pack> = Vec::new();
        let mut problems = Vec::new();
        for (origin, text) in texts {
            match pack::parse(text) {
                Ok(pack) if packs.iter().any(|other| other.id == pack.id) => {
                    problems.push((origin.clone(), format!("pack '{}' is there twice", pack.id)));
                }
                Ok(pack) => packs.push(pack),
                Err(found) => problems.extend(found.into_iter().map(|problem| (origin.clone(), problem))),
            }
        }
        if problems.is_empty() { Ok(Self { packs }) } else { Err(problems) }
    }

    /// The packs.
    #[must_use]
    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }

    /// The count word for a device.
    #[must_use]
    pub fn status(&self, device: &Device, catalogue: &Catalogue) -> Status {
        let worst = self.packs.iter().map(|pack| falls(pack, device, catalogue)).max().unwrap_or(Falls::Not);
        let attribution = &device.attribution;
        match worst {
            Falls::Surely => Status::Restricted,
            Falls::Perhaps => Status::Suspected,
            // Clean only by what is known: it is no surveillance equipment, or it is and its maker is sure.
            Falls::Not if attribution.surveillance == Surveillance::No => Status::NotRestricted,
            Falls::Not
                if attribution.surveillance == Surveillance::Yes && attribution.verdict == Verdict::Confirmed =>
            {
                Status::NotRestricted
            }
            Falls::Not => Status::Unknown,
        }
    }

    /// The rules a device breaks where it is, in the order of packs and rules.
    #[must_use]
    pub fn judge(&self, device: &Device, estate: &Estate, catalogue: &Catalogue) -> Vec<Violation> {
        // A device that is gone breaks no rule about being somewhere.
        if device.place.gone.is_some() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for pack in &self.packs {
            let restricted = falls(pack, device, catalogue);
            for rule in &pack.rules {
                let who = match rule.who {
                    Who::Restricted => restricted,
                    Who::AnySurveillance => is_surveillance(device, catalogue),
                };
                if who == Falls::Not || !applies(rule, device, estate) {
                    continue;
                }
                let severity = if who == Falls::Surely { rule.severity } else { rule.severity.max(Severity::Review) };
                found.push(Violation {
                    pack: pack.id.clone(),
                    rule: rule.id.clone(),
                    severity,
                    device: device.id,
                    text: if who == Falls::Surely { rule.text.clone() } else { format!("perhaps: {}", rule.text) },
                    evidence: evidence(device),
                });
            }
        }
        found
    }
}

/// Whether a pack's restriction falls on a device, wherever it is.
fn falls(pack: &Pack, device: &Device, catalogue: &Catalogue) -> Falls {
    let attribution = &device.attribution;
    if attribution.surveillance == Surveillance::No {
        return Falls::Not;
    }
    let sure = attribution.verdict == Verdict::Confirmed && attribution.surveillance == Surveillance::Yes;
    let by = |maker: &Maker| {
        let named = pack.whose.makers.contains(&maker.id)
            || maker.parent.as_ref().is_some_and(|id| pack.whose.makers.contains(id));
        let jurisdiction = pack.whose.jurisdiction;
        if named || jurisdiction == Some(maker.jurisdiction) {
            if sure { Falls::Surely } else { Falls::Perhaps }
        } else if jurisdiction == Some(Jurisdiction::Prc) && maker.jurisdiction == Jurisdiction::PrcLinked {
            Falls::Perhaps
        } else {
            Falls::Not
        }
    };
    let believed = attribution.maker.as_ref().and_then(|id| catalogue.maker(id)).map_or(Falls::Not, by);
    if believed != Falls::Not || attribution.verdict == Verdict::Confirmed {
        return believed;
    }
    // Not sure of its maker: any mark of a restricted one keeps the question open.
    let marked =
        attribution.evidence.iter().filter(|mark| mark.grade > Grade::Hint).filter_map(|mark| mark.maker.as_ref());
    let open = marked.filter_map(|id| catalogue.maker(id)).any(|maker| by(maker) != Falls::Not);
    if open { Falls::Perhaps } else { Falls::Not }
}

/// Whether a device is surveillance equipment of whatever maker.
fn is_surveillance(device: &Device, catalogue: &Catalogue) -> Falls {
    let attribution = &device.attribution;
    let camera_maker =
        || attribution.maker.as_ref().and_then(|id| catalogue.maker(id)).is_some_and(|maker| maker.cameras_only);
    match attribution.surveillance {
        Surveillance::Yes => Falls::Surely,
        Surveillance::Unknown if attribution.class == Class::Intercom || camera_maker() => Falls::Perhaps,
        Surveillance::No | Surveillance::Unknown => Falls::Not,
    }
}

/// Whether a rule's conditions hold where the device is.
fn applies(rule: &Rule, device: &Device, estate: &Estate) -> bool {
    let place = &device.place;
    let site =
        |wanted| place.site.as_ref().and_then(|id| estate.sites.get(id)).is_some_and(|site| site.sensitivity == wanted);
    let after = |date: jiff::civil::Date| {
        device.appeared.is_some_and(|at| at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date() > date)
    };
    rule.site.is_none_or(site)
        && rule.network.is_none_or(|kind| place.network_kind == Some(kind))
        && rule.appeared_after.is_none_or(after)
}

/// What a finding rests on: the strongest marks, class and place, none of which moves with the clock.
fn evidence(device: &Device) -> Vec<Evidence> {
    let mut rests_on: Vec<Evidence> = device.attribution.evidence.clone();
    let place = &device.place;
    let word = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_owned());
    rests_on.push(Evidence {
        source: "place".to_owned(),
        text: format!(
            "switch {}, port {}, VLAN {}, network {}, site {}",
            word(place.switch.as_ref().map(ToString::to_string)),
            word(place.port.as_ref().map(ToString::to_string)),
            word(place.vlan.map(|vlan| vlan.to_string())),
            word(place.network.as_ref().map(ToString::to_string)),
            word(place.site.as_ref().map(ToString::to_string)),
        ),
        grade: Grade::Strong,
        observed_at: place.since,
        maker: None,
    });
    rests_on
}
