//! Policy packs and rules: a device and its place, judged. Pure.

mod differ;
mod falls;
mod house;
mod pack;
mod subject;
#[cfg(test)]
mod tests;

use differ::word;
pub use differ::{Difference, Loosened};
pub use falls::Verdicts;
use falls::{Falls, falls};
pub use house::{HOUSE, HouseRules, Known};
pub use pack::Pack;
use pack::{Rule, Who};
pub use subject::Subject;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::config::Problem;
use crate::inventory::{Device, Estate};
use crate::maker::{Attribution, Catalogue, Class, Evidence, Grade, Maker, Surveillance};
use crate::net::{PackId, RuleId};

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

/// A rule broken by a subject, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The pack.
    pub pack: PackId,
    /// The rule within it.
    pub rule: RuleId,
    /// How grave.
    pub severity: Severity,
    /// Whom it is about.
    pub subject: Subject,
    /// The rule in words, for this subject.
    pub text: String,
    /// What it rests on: maker, class and place, each with when it was seen.
    pub evidence: Vec<Evidence>,
}

/// Packs that judge together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policies {
    packs: Vec<Pack>,
}

impl From<Pack> for Policies {
    fn from(pack: Pack) -> Self {
        Self { packs: vec![pack] }
    }
}

/// Packs the program ships.
const SHIPPED: [(&str, &str); 7] = [
    ("uk-gsg-2022", include_str!("../../config/policies/uk-gsg-2022.toml")),
    ("us-889", include_str!("../../config/policies/us-889.toml")),
    ("us-fcc-covered", include_str!("../../config/policies/us-fcc-covered.toml")),
    ("ca-2025", include_str!("../../config/policies/ca-2025.toml")),
    ("au-2023", include_str!("../../config/policies/au-2023.toml")),
    ("scot-2023", include_str!("../../config/policies/scot-2023.toml")),
    ("tw-2021", include_str!("../../config/policies/tw-2021.toml")),
];

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

    /// Every pack the program ships.
    #[must_use]
    pub fn shipped() -> Self {
        let texts = SHIPPED.map(|(id, text)| (id.to_owned(), text.to_owned()));
        // A test reads the shipped texts: they have no problems.
        Self::parse(&texts).unwrap_or_default()
    }

    /// What a pack says that differs from the shipped one of its id; `None` where none has that id.
    #[must_use]
    pub fn differences(pack: &Pack) -> Option<Vec<Difference>> {
        Some(differ::differences(pack, &Self::shipped_as(pack)?))
    }

    fn shipped_as(pack: &Pack) -> Option<Pack> {
        Self::shipped_text(pack.id.as_str()).and_then(|text| pack::parse(text).ok())
    }

    /// What packs take back of the shipped ones of their ids without saying so, and what they say that they do not do:
    /// `(pack, what, how to mend it)`.
    #[must_use]
    pub fn unexplained(&self) -> Vec<(PackId, String, String)> {
        let of = |pack: &Pack| {
            let found = differ::unexplained(pack, Self::shipped_as(pack).as_ref());
            found.into_iter().map(|(message, hint)| (pack.id.clone(), message, hint)).collect::<Vec<_>>()
        };
        self.packs.iter().flat_map(of).collect()
    }

    /// What packs take back of the shipped ones of their ids, with who decided so and why.
    #[must_use]
    pub fn loosened(&self) -> Vec<Loosened> {
        let of = |pack: &Pack| {
            let shipped = Self::shipped_as(pack);
            shipped.map(|shipped| differ::loosened(pack, &shipped).collect::<Vec<_>>()).unwrap_or_default()
        };
        self.packs.iter().flat_map(of).collect()
    }

    /// Reads packs: `(where it came from, its text)`.
    ///
    /// # Errors
    /// Every problem of every pack at once.
    pub fn parse(texts: &[(String, String)]) -> Result<Self, Vec<Problem>> {
        let mut packs: Vec<Pack> = Vec::new();
        let mut problems = Vec::new();
        let problem = |place: &String, (message, hint): (String, &str)| Problem {
            place: place.clone(),
            message,
            hint: hint.to_owned(),
        };
        for (origin, text) in texts {
            match pack::parse(text) {
                Ok(pack) if pack.id.as_str() == HOUSE => {
                    let message = format!("'{HOUSE}' is what the house rules are called");
                    problems.push(problem(origin, (message, "give the pack another id")));
                }
                Ok(pack) if packs.iter().any(|other| other.id == pack.id) => {
                    let message = format!("pack '{}' is there twice", pack.id);
                    problems.push(problem(origin, (message, "name it once")));
                }
                Ok(pack) => packs.push(pack),
                Err(found) => problems.extend(found.into_iter().map(|found| problem(origin, found))),
            }
        }
        if problems.is_empty() { Ok(Self { packs }) } else { Err(problems) }
    }

    /// Those of the packs that are in force on this day: the others judge nothing.
    #[must_use]
    pub fn on(&self, day: Date) -> Self {
        let in_force = |pack: &&Pack| {
            pack.in_force_from.is_none_or(|from| from <= day) && pack.in_force_until.is_none_or(|until| day <= until)
        };
        Self { packs: self.packs.iter().filter(in_force).cloned().collect() }
    }

    /// These packs with others: one takes the place of the one of its id.
    #[must_use]
    pub fn with(mut self, others: Self) -> Self {
        for pack in others.packs {
            match self.packs.iter_mut().find(|known| known.id == pack.id) {
                Some(known) => *known = pack,
                None => self.packs.push(pack),
            }
        }
        self
    }

    /// These packs without one.
    #[must_use]
    pub fn without(mut self, id: &str) -> Self {
        self.packs.retain(|pack| pack.id.as_str() != id);
        self
    }

    /// The packs.
    #[must_use]
    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }

    /// The count word for a device.
    #[must_use]
    pub fn status(&self, device: &Device, catalogue: &Catalogue) -> Status {
        falls::status(&self.packs, &device.attribution, catalogue)
    }

    /// Which packs restrict equipment like this, and under which a person must decide.
    #[must_use]
    pub fn verdicts(&self, attribution: &Attribution, catalogue: &Catalogue) -> Verdicts {
        falls::verdicts(&self.packs, attribution, catalogue)
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
            let restricted = falls(pack, &device.attribution, catalogue);
            for rule in &pack.rules {
                let who = match rule.who {
                    Who::Restricted => restricted,
                    Who::AnySurveillance => is_surveillance(device, catalogue),
                };
                let who = who.min(is_of_class(rule, &device.attribution));
                if who <= Falls::Hinted || !applies(rule, device, estate) {
                    continue;
                }
                let severity = if who == Falls::Surely { rule.severity } else { rule.severity.max(Severity::Review) };
                found.push(Violation {
                    pack: pack.id.clone(),
                    rule: rule.id.clone(),
                    severity,
                    subject: Subject::Device(device.id),
                    text: if who == Falls::Surely { rule.text.clone() } else { format!("perhaps: {}", rule.text) },
                    evidence: evidence(device),
                });
            }
        }
        found
    }
}

/// Whether a device is surveillance equipment of whatever maker.
fn is_surveillance(device: &Device, catalogue: &Catalogue) -> Falls {
    let attribution = &device.attribution;
    let camera_maker =
        || attribution.maker.as_ref().and_then(|id| catalogue.maker(id)).is_some_and(Maker::cameras_only);
    match attribution.surveillance {
        Surveillance::Yes => Falls::Surely,
        Surveillance::Unknown if attribution.class != Class::Unknown || camera_maker() => Falls::Likely,
        Surveillance::No | Surveillance::Unknown => Falls::Not,
    }
}

/// Whether a device is of a class that a rule is about.
fn is_of_class(rule: &Rule, attribution: &Attribution) -> Falls {
    if rule.class.is_empty() || rule.class.contains(&attribution.class) {
        Falls::Surely
    } else if attribution.class == Class::Unknown {
        // It may be: doubt is for a person, and never clean.
        Falls::Likely
    } else {
        Falls::Not
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
        && (rule.verdict.is_empty() || rule.verdict.contains(&device.attribution.verdict))
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
