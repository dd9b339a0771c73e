//! Who made a device and what it is: a catalogue of makers, and evidence weighed into an [`Attribution`].
//!
//! Pure: the registry's files are read elsewhere and come in as text.

mod catalogue;
#[cfg(test)]
mod catalogue_tests;
mod file;
mod ledger;
mod lines;
mod organisations;
mod overruling;
mod patterns;
mod registry;
#[cfg(test)]
mod tests;
mod weigh;

pub use catalogue::{Brand, Catalogue, Lot, Maker};
pub use overruling::{Claim, Ended, Overruling};
pub use registry::{Block, RegistryFile, registry_words};

use serde::{Deserialize, Serialize};

use crate::net::{DeviceText, MacAddr, MakerId, Timestamp};
use crate::observation::{Announcement, DeviceInformation, Mark};

/// How sure it is who made a device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Two independent marks.
    Confirmed,
    /// One mark, or several that contradict each other.
    Suspected,
    /// None that weighs. Never "clean".
    #[default]
    Unknown,
}

/// How strongly a piece of evidence speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// For a person: weighs nothing (a mixed vendor's prefix, a rebrand nobody verified).
    Hint,
    /// One mark: a model, serial or firmware grammar, an IEEE prefix, a name.
    Mark,
    /// One mark that a label cannot give: of its maker's protocol, or of its private MIB. Goes before the others where
    /// marks contradict each other.
    Strong,
}

/// One piece of evidence for a maker or a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Where it came from (`onvif manufacturer`, `ieee prefix`, `lldp`, `serial grammar`).
    pub source: String,
    /// What was seen, cleaned, and what it says.
    pub text: String,
    /// How strongly it speaks.
    pub grade: Grade,
    /// When it was first observed like this.
    pub observed_at: Timestamp,
    /// The maker it speaks for, if for one.
    pub maker: Option<MakerId>,
}

/// What a device is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Class {
    Camera,
    Recorder,
    Encoder,
    Intercom,
    AccessControl,
    Alarm,
    Radar,
    Speaker,
    Switch,
    Router,
    AccessPoint,
    Phone,
    Radio,
    Printer,
    Computer,
    Other,
    #[default]
    Unknown,
}

/// Classes as they are written.
const CLASSES: [(Class, &str); 17] = [
    (Class::Camera, "camera"),
    (Class::Recorder, "recorder"),
    (Class::Encoder, "encoder"),
    (Class::Intercom, "intercom"),
    (Class::AccessControl, "access-control"),
    (Class::Alarm, "alarm"),
    (Class::Radar, "radar"),
    (Class::Speaker, "speaker"),
    (Class::Switch, "switch"),
    (Class::Router, "router"),
    (Class::AccessPoint, "access-point"),
    (Class::Phone, "phone"),
    (Class::Radio, "radio"),
    (Class::Printer, "printer"),
    (Class::Computer, "computer"),
    (Class::Other, "other"),
    (Class::Unknown, "unknown"),
];

impl Class {
    /// Whether a device of this class is visual surveillance equipment.
    #[must_use]
    pub fn surveillance(self) -> Surveillance {
        match self {
            Self::Camera | Self::Recorder | Self::Encoder => Surveillance::Yes,
            // No text says whether a video intercom or a door terminal with a camera counts: a person must.
            Self::Intercom | Self::AccessControl | Self::Unknown => Surveillance::Unknown,
            _ => Surveillance::No,
        }
    }

    /// The word people and files have for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        CLASSES.iter().find(|(class, _)| *class == self).map_or("unknown", |(_, word)| word)
    }

    /// The class of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        CLASSES.iter().find(|(_, known)| *known == word).map(|(class, _)| *class)
    }

    /// Every class, as people write it.
    pub fn words() -> impl Iterator<Item = &'static str> {
        CLASSES.iter().map(|(_, word)| *word)
    }

    /// The word that `devices --json` has for it: those who read that know six.
    #[must_use]
    pub fn broad(self) -> Self {
        match self {
            Self::Camera | Self::Recorder | Self::Encoder | Self::Intercom | Self::Unknown => self,
            _ => Self::Other,
        }
    }

    /// Whether a device of this class carries others' traffic or speech: telecommunications equipment.
    #[must_use]
    pub fn is_telecom(self) -> bool {
        matches!(self, Self::Switch | Self::Router | Self::AccessPoint | Self::Phone | Self::Radio)
    }
}

/// Whether a device is visual surveillance equipment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Surveillance {
    Yes,
    No,
    #[default]
    Unknown,
}

/// What is known of one device that may speak for its maker and class. Everything carries the time it was first
/// seen like this, so that an unchanged device is an unchanged value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Its MAC address, and since when.
    pub mac: Option<(MacAddr, Timestamp)>,
    /// GetDeviceInformation, and since when.
    pub information: Option<(DeviceInformation, Timestamp)>,
    /// Scopes and types of WS-Discovery and GetScopes, and since when.
    pub scopes: Option<(Vec<DeviceText>, Timestamp)>,
    /// It answered as an ONVIF device, and since when.
    pub onvif: Option<Timestamp>,
    /// Marks that need no password, and since when.
    pub marks: Vec<(Mark, Timestamp)>,
    /// What it told over its maker's own discovery, one a protocol, and since when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub announced: Vec<(Announcement, Timestamp)>,
    /// Its LLDP or CDP system description and capabilities as its switch heard them, and since when.
    pub neighbour: Option<(DeviceText, Vec<String>, Timestamp)>,
    /// What a person said of it, also once that holds no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overruling: Option<Overruling>,
}

impl Facts {
    /// What it says of itself: by ONVIF, else by its maker's own discovery; and since when.
    #[must_use]
    pub fn said(&self) -> Option<(&DeviceInformation, Timestamp)> {
        let onvif = self.information.as_ref().map(|(information, at)| (information, *at));
        let announced = || self.announced.first().map(|(announcement, at)| (&announcement.information, *at));
        onvif.or_else(announced)
    }
}

/// Who made it, what it is, and why that is believed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// The maker, where one is believed.
    pub maker: Option<MakerId>,
    /// Its name for people; empty where no maker is believed.
    pub name: String,
    /// How sure.
    pub verdict: Verdict,
    /// The name on the device, where it differs or is all that is known.
    pub brand: Option<String>,
    /// What it is.
    pub class: Class,
    /// Whether it is visual surveillance equipment.
    pub surveillance: Surveillance,
    /// What of this a person said, in place of what the evidence says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overruled: Option<Claim>,
    /// All evidence, strongest first, contradictions included.
    pub evidence: Vec<Evidence>,
}

/// Under whose law a maker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Jurisdiction {
    /// Subject to the PRC's National Intelligence Law.
    Prc,
    /// Linked to the PRC (a subsidiary elsewhere, Hong Kong): a person must decide.
    PrcLinked,
    /// Elsewhere.
    Elsewhere,
}
