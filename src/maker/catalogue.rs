//! The catalogue as its file says it, and as it is asked.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde::Deserialize;

use super::registry::Registry;
use super::{Attribution, Facts, Jurisdiction, ledger};
use crate::net::{MacAddr, MakerId};
use crate::observation::VendorProtocol;

/// The catalogue the program ships.
const SHIPPED: &str = include_str!("../../config/makers.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    maker: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
struct Line {
    id: String,
    name: String,
    jurisdiction: Jurisdiction,
    parent: Option<String>,
    #[serde(default)]
    organisations: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    models: Vec<String>,
    #[serde(default)]
    serials: Vec<String>,
    #[serde(default)]
    firmwares: Vec<String>,
    #[serde(default)]
    realms: Vec<String>,
    #[serde(default)]
    nonces: Vec<String>,
    #[serde(default)]
    servers: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    protocols: Vec<VendorProtocol>,
    #[serde(default)]
    cameras_only: bool,
    #[serde(default)]
    mixed: bool,
    source: String,
}

/// A maker of the catalogue.
#[derive(Debug, Clone)]
pub struct Maker {
    /// Its id.
    pub id: MakerId,
    /// Its name for people.
    pub name: String,
    /// Under whose law it stands.
    pub jurisdiction: Jurisdiction,
    /// The maker that controls it: rules that name makers mean their affiliates too.
    pub parent: Option<MakerId>,
    /// Where the line's facts are from.
    pub source: String,
    /// Its address blocks are nearly always surveillance equipment.
    pub cameras_only: bool,
    /// It mostly makes other things: its prefix is never evidence of a camera.
    pub mixed: bool,
    organisations: Vec<String>,
    pub(super) names: Vec<String>,
    pub(super) models: Vec<Regex>,
    pub(super) serials: Vec<Regex>,
    pub(super) firmwares: Vec<Regex>,
    pub(super) realms: Vec<Regex>,
    pub(super) nonces: Vec<String>,
    pub(super) servers: Vec<Regex>,
    pub(super) scopes: Vec<Regex>,
    pub(super) protocols: Vec<VendorProtocol>,
}

/// Makers, brands and prefixes, ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    makers: Vec<Maker>,
    by_id: BTreeMap<MakerId, usize>,
    registry: Registry,
}

/// Case and blanks folded: registries and devices spell one name in several ways.
pub(super) fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn patterns(id: &str, texts: &[String]) -> Result<Vec<Regex>, String> {
    texts
        .iter()
        .map(|text| Regex::new(&format!("^(?:{text})$")).map_err(|error| format!("maker {id}: '{text}': {error}")))
        .collect()
}

impl Catalogue {
    /// Reads a catalogue.
    ///
    /// # Errors
    /// The first line that cannot be used, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut catalogue = Self::default();
        for line in file.maker {
            let id = MakerId::from(line.id.as_str());
            if catalogue.by_id.insert(id.clone(), catalogue.makers.len()).is_some() {
                return Err(format!("maker {id} stands twice"));
            }
            if line.source.trim().is_empty() {
                return Err(format!("maker {id} has no source"));
            }
            catalogue.makers.push(Maker {
                name: line.name,
                jurisdiction: line.jurisdiction,
                parent: line.parent.map(MakerId::from),
                source: line.source,
                cameras_only: line.cameras_only,
                mixed: line.mixed,
                organisations: line.organisations.iter().map(|name| fold(name)).collect(),
                names: line.names.iter().map(|name| fold(name)).collect(),
                models: patterns(&line.id, &line.models)?,
                serials: patterns(&line.id, &line.serials)?,
                firmwares: patterns(&line.id, &line.firmwares)?,
                realms: patterns(&line.id, &line.realms)?,
                nonces: line.nonces,
                servers: patterns(&line.id, &line.servers)?,
                scopes: patterns(&line.id, &line.scopes)?,
                protocols: line.protocols,
                id,
            });
        }
        match catalogue
            .makers
            .iter()
            .find(|maker| maker.parent.as_ref().is_some_and(|id| catalogue.maker(id).is_none()))
        {
            Some(orphan) => Err(format!("maker {} names a parent that is not in the catalogue", orphan.id)),
            None => Ok(catalogue),
        }
    }

    /// The catalogue the program ships (`config/makers.toml`, compiled in) with the registry compiled in.
    #[must_use]
    pub fn shipped() -> Self {
        // A test reads the shipped text: it parses.
        Self::parse(SHIPPED).unwrap_or_default()
    }

    /// Uses a newer IEEE registry: the text of `oui.csv`, `mam.csv` or `oui36.csv`, any of them, in any order.
    #[must_use]
    pub fn with_registry(mut self, csv: &[String]) -> Self {
        for text in csv {
            self.registry.read_csv(text);
        }
        self
    }

    /// The maker of this id.
    #[must_use]
    pub fn maker(&self, id: &MakerId) -> Option<&Maker> {
        self.by_id.get(id).and_then(|index| self.makers.get(*index))
    }

    /// All makers, in the order of the file.
    pub fn makers(&self) -> impl Iterator<Item = &Maker> {
        self.makers.iter()
    }

    /// The organisation the IEEE registry names for an address: longest prefix of 36, 28 and 24 bits. `None` for a
    /// locally administered or group address.
    #[must_use]
    pub fn organisation(&self, mac: MacAddr) -> Option<&str> {
        self.registry.organisation(mac)
    }

    /// The maker whose organisation this is.
    #[must_use]
    pub fn maker_of_organisation(&self, organisation: &str) -> Option<&Maker> {
        let organisation = fold(organisation);
        self.makers.iter().find(|maker| maker.organisations.iter().any(|name| organisation.starts_with(name.as_str())))
    }

    /// The maker a device means by this name.
    #[must_use]
    pub fn maker_of_name(&self, name: &str) -> Option<&Maker> {
        let name = fold(name);
        self.makers.iter().find(|maker| maker.names.contains(&name))
    }

    /// Whether the block a MAC address lies in is a maker's of surveillance equipment, and not mostly of other things.
    #[must_use]
    pub fn is_camera_prefix(&self, mac: MacAddr) -> bool {
        let maker = self.organisation(mac).and_then(|organisation| self.maker_of_organisation(organisation));
        maker.is_some_and(|maker| !maker.mixed)
    }

    /// Weighs what is known of a device.
    #[must_use]
    pub fn attribute(&self, facts: &Facts) -> Attribution {
        ledger::attribute(self, facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_catalogue_reads_and_every_line_has_a_source() {
        let catalogue = Catalogue::parse(SHIPPED).unwrap();
        assert!(catalogue.makers().count() > 30);
        assert!(catalogue.makers().all(|maker| !maker.source.is_empty()));
    }

    #[test]
    fn a_bad_catalogue_says_which_line() {
        let line = "[[maker]]\nid='a'\nname='A'\njurisdiction='prc'\nsource='s'\n";
        assert!(Catalogue::parse(&format!("{line}{line}")).unwrap_err().contains("maker a stands twice"));
        assert!(Catalogue::parse(&format!("{line}models=['(']")).unwrap_err().contains("maker a: '('"));
        assert!(Catalogue::parse(&format!("{line}parent='b'")).unwrap_err().contains("names a parent"));
        assert!(Catalogue::parse(&line.replace("'s'", "' '")).unwrap_err().contains("no source"));
        assert!(Catalogue::parse(&format!("{line}colour='red'")).is_err());
    }
}
