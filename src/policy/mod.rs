//! Policy packs and rules: a device and its place, judged. Pure.

use serde::{Deserialize, Serialize};

use crate::inventory::{Device, Estate};
use crate::maker::{Catalogue, Evidence};
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

/// A pack in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// Its id.
    pub id: PackId,
    /// Its title.
    pub title: String,
    /// SHA-256 of its text, hex.
    pub hash: String,
}

/// The packs in force.
#[derive(Debug, Clone, Default)]
pub struct Policies {}

impl Policies {
    /// The text of a pack the program ships (`config/policies/*.toml`, compiled in).
    #[must_use]
    pub fn shipped_text(_id: &str) -> Option<&'static str> {
        unimplemented!()
    }

    /// Ids of the packs the program ships.
    #[must_use]
    pub fn shipped_ids() -> Vec<&'static str> {
        unimplemented!()
    }

    /// Reads packs: `(where it came from, its text)`.
    ///
    /// # Errors
    /// Every problem of every pack at once, each as `(where, what and how to mend it)`.
    pub fn parse(_texts: &[(String, String)]) -> Result<Self, Vec<(String, String)>> {
        unimplemented!()
    }

    /// The packs.
    #[must_use]
    pub fn packs(&self) -> &[Pack] {
        &[]
    }

    /// The count word for a device.
    #[must_use]
    pub fn status(&self, _device: &Device, _catalogue: &Catalogue) -> Status {
        unimplemented!()
    }

    /// The rules a device breaks where it is, in a fixed order.
    #[must_use]
    pub fn judge(&self, _device: &Device, _estate: &Estate, _catalogue: &Catalogue) -> Vec<Violation> {
        unimplemented!()
    }
}
