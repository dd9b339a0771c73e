//! What a person says of a device in place of what its marks say: until a day, for a reason, and only as long as nothing
//! new speaks against it.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::catalogue::{Catalogue, Maker};
use super::file::{Kind, Said};
use super::ledger::{self, Ledger};
use super::weigh::Rung;
use super::{Attribution, Class, Evidence, Facts, Grade, Surveillance, Verdict};
use crate::net::{Author, MakerId, Timestamp};

/// What is said of a device; what is left out stays as the marks say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<MakerId>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// Whether it is visual surveillance equipment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surveillance: Option<bool>,
}

impl Claim {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it says that the device is, or is not, surveillance equipment.
    fn says_surveillance(&self) -> Surveillance {
        match self.surveillance {
            Some(true) => Surveillance::Yes,
            Some(false) => Surveillance::No,
            None => self.class.map_or(Surveillance::Unknown, Class::surveillance),
        }
    }
}

impl std::fmt::Display for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut said: Vec<String> = Vec::new();
        said.extend(self.maker.as_ref().map(|maker| format!("made by {maker}")));
        said.extend(self.class.map(|class| format!("class {}", class.word())));
        let surveillance = |yes| if yes { "surveillance equipment" } else { "no surveillance equipment" }.to_owned();
        said.extend(self.surveillance.map(surveillance));
        f.write_str(&said.join(", "))
    }
}

impl std::str::FromStr for Claim {
    type Err = String;

    /// As it is typed: `maker:axis class:camera surveillance:no`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut claim = Self::default();
        let wanted = || "what is it? maker:axis, class:phone, surveillance:no".to_owned();
        for word in text.split_whitespace() {
            match word.split_once(':') {
                Some(("maker", maker)) if !maker.is_empty() => claim.maker = Some(maker.into()),
                Some(("class", word)) => {
                    let class = Class::of_word(word).filter(|class| *class != Class::Unknown);
                    claim.class = Some(class.ok_or_else(|| format!("there is no class '{word}'"))?);
                }
                Some(("surveillance", "yes")) => claim.surveillance = Some(true),
                Some(("surveillance", "no")) => claim.surveillance = Some(false),
                _ => return Err(wanted()),
            }
        }
        if claim.is_empty() { Err(wanted()) } else { Ok(claim) }
    }
}

/// How an overruling ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// Why, in words.
    pub why: String,
}

/// A person's word on a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overruling {
    /// What is said.
    pub claim: Claim,
    /// Last day it holds.
    pub until: Date,
    /// Why.
    pub reason: String,
    /// Who says it.
    pub author: Author,
    /// When it was said.
    pub at: Timestamp,
    /// Every mark that was there when it was said, by source and text: another one that speaks against it ends it.
    pub known: BTreeSet<(String, String)>,
    /// Of how many days before its end was last reminded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded: Option<u8>,
    /// Set once it holds no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

impl Overruling {
    /// Whether it holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.ended.is_none()
    }

    /// It as the first piece of evidence.
    fn evidence(&self) -> Evidence {
        let Self { claim, until, reason, author, .. } = self;
        Evidence {
            source: "operator".to_owned(),
            text: format!("{} says until {until}: {claim}; {reason}", author.name),
            grade: Grade::Strong,
            observed_at: self.at,
            maker: claim.maker.clone(),
        }
    }

    /// What is believed in place of what the marks say. They all stay in the evidence.
    pub(super) fn over(&self, marks: Attribution, catalogue: &Catalogue) -> Attribution {
        let claim = &self.claim;
        let mut told = Attribution { overruled: Some(claim.clone()), ..marks };
        if let Some(maker) = claim.maker.as_ref().and_then(|id| catalogue.maker(id)) {
            (told.maker, told.verdict) = (Some(maker.id.clone()), Verdict::Confirmed);
            told.name.clone_from(&maker.name);
            told.brand = told.brand.filter(|brand| *brand != maker.name);
        }
        if let Some(class) = claim.class {
            (told.class, told.surveillance) = (class, class.surveillance());
        }
        match claim.surveillance {
            Some(false) => {
                told.surveillance = Surveillance::No;
                if told.class.surveillance() == Surveillance::Yes {
                    told.class = Class::Other;
                }
            }
            Some(true) => {
                told.surveillance = Surveillance::Yes;
                if told.class.surveillance() == Surveillance::No {
                    told.class = Class::Unknown;
                }
            }
            None => {}
        }
        told.evidence.insert(0, self.evidence());
        told
    }

    fn is_new(&self, source: &str, text: &str) -> bool {
        !self.known.contains(&(source.to_owned(), text.to_owned()))
    }

    /// Whether a mark of this maker speaks against what was said.
    fn denies_maker(&self, maker: &Maker, catalogue: &Catalogue) -> bool {
        match self.claim.maker.as_ref() {
            Some(said) => catalogue.maker(said).is_none_or(|said| said.root != maker.root),
            None => self.claim.says_surveillance() == Surveillance::No && maker.cameras_only(),
        }
    }

    /// Whether a mark of this class does. A weak one only where it turns the question round.
    fn denies_class(&self, said: Said, rung: Rung) -> bool {
        let surveillance = match said {
            Said::Class(class) => class.surveillance(),
            Said::Kind(Kind::Surveillance) => Surveillance::Yes,
        };
        let claimed = self.claim.says_surveillance();
        let opposite = matches!(
            (claimed, surveillance),
            (Surveillance::Yes, Surveillance::No) | (Surveillance::No, Surveillance::Yes)
        );
        let another = |class| class != Class::Unknown && self.claim.class.is_some_and(|claimed| claimed != class);
        opposite || (rung <= Rung::Model && matches!(said, Said::Class(class) if another(class)))
    }

    /// The first mark that was not there when this was said and speaks against it.
    fn denied_by(&self, ledger: &Ledger<'_>) -> Option<String> {
        let told = |source: &str, text: &str| format!("new evidence against it, {source}: {text}");
        let makers = ledger.pieces.iter().filter(|piece| piece.grade > Grade::Hint).filter(|piece| {
            let maker = piece.maker.and_then(|index| ledger.catalogue.maker_at(index));
            maker.is_some_and(|maker| self.denies_maker(maker, ledger.catalogue))
        });
        let mut makers = makers.map(|piece| (piece.source, piece.text.as_str()));
        let classes = ledger.classes.iter().filter(|mark| self.denies_class(mark.said, mark.rung));
        let mut classes = classes.map(|mark| (mark.source, mark.text.as_str()));
        let new = |(source, text): &(&str, &str)| self.is_new(source, text);
        makers.find(new).or_else(|| classes.find(new)).map(|(source, text)| told(source, text))
    }
}

impl Catalogue {
    /// Every mark that speaks for a maker or a class of a device, by source and text.
    #[must_use]
    pub fn marks(&self, facts: &Facts) -> BTreeSet<(String, String)> {
        let ledger = ledger::read(self, facts);
        let pieces = ledger.pieces.iter().map(|piece| (piece.source.to_owned(), piece.text.clone()));
        let classes = ledger.classes.iter().map(|mark| (mark.source.to_owned(), mark.text.clone()));
        pieces.chain(classes).collect()
    }

    /// Why what a person said of a device can hold no longer; `None`: nothing speaks against it that was not there
    /// when it was said.
    #[must_use]
    pub fn contrary(&self, facts: &Facts) -> Option<String> {
        let overruling = facts.overruling.as_ref().filter(|overruling| overruling.holds())?;
        match &overruling.claim.maker {
            Some(maker) if self.maker(maker).is_none() => {
                Some(format!("the catalogue of makers has no '{maker}' any more"))
            }
            _ => overruling.denied_by(&ledger::read(self, facts)),
        }
    }
}
