//! The catalogue, compiled from its files and ready to be asked.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::file::{Blocks, BrandLine, Field, Known, MakerLine, MarkLine};
use super::lines::{Named, read};
use super::organisations::{Organisations, fold};
use super::patterns::{Patterns, Says};
use super::registry::{Block, Registry, RegistryFile, prefix};
use super::{Attribution, Facts, Jurisdiction, ledger};
use crate::config::Problem;
use crate::net::{MacAddr, MakerId};

/// The catalogue the program ships.
pub(super) const SHIPPED: &str = include_str!("../../config/makers.toml");

/// A maker or a brand, by its place in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    Maker(usize),
    Brand(usize),
}

/// A maker of the catalogue.
#[derive(Debug, Clone)]
pub struct Maker {
    /// Its id.
    pub id: MakerId,
    /// Its name for people.
    pub name: String,
    /// The company.
    pub entity: String,
    /// Where the company is organised, ISO 3166.
    pub country: String,
    /// Under whose law it stands.
    pub jurisdiction: Jurisdiction,
    /// The maker that controls it: rules that name makers may mean their affiliates too.
    pub parent: Option<MakerId>,
    /// Where the line's facts are from.
    pub source: String,
    pub(super) blocks: Blocks,
    /// The head of its group, itself where it has no parent.
    pub(super) root: usize,
}

impl Maker {
    /// Its address blocks are nearly always surveillance equipment.
    #[must_use]
    pub fn cameras_only(&self) -> bool {
        self.blocks == Blocks::Surveillance
    }
}

/// A name that equipment of other makers is sold under.
#[derive(Debug, Clone)]
pub struct Brand {
    /// The name.
    pub name: String,
    /// Where the line's facts are from.
    pub source: String,
    /// Whose equipment it is, where that is known for most of it.
    pub(super) made_by: Option<usize>,
    pub(super) known: Known,
    pub(super) blocks: Blocks,
}

/// Addresses that are attributed alike where nothing else is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lot(u64);

/// What the files say.
#[derive(Debug, Clone, Default)]
struct Lines {
    makers: Vec<Maker>,
    brands: Vec<Brand>,
    by_id: BTreeMap<MakerId, usize>,
    names: HashMap<String, Owner>,
    organisations: Organisations,
    /// Blocks that are a maker's though somebody else registered them, and whether that may weigh.
    prefixes: HashMap<(u8, u64), (usize, bool)>,
    /// The lengths of their prefixes, longest first.
    prefix_bits: Vec<u8>,
    enterprises: HashMap<u32, usize>,
    patterns: Patterns,
    hash: String,
}

/// Makers, brands and prefixes, ready to be asked. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    lines: Arc<Lines>,
    registry: Arc<Registry>,
    /// Names what it was made from.
    hash: String,
}

impl PartialEq for Catalogue {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
}

impl Lines {
    fn build(named: Named) -> Result<Self, Vec<Problem>> {
        let mut lines = Self::default();
        let mut problems = Vec::new();
        let mut wrong = |what: String, message: String| {
            let place = format!("makers: {what}");
            problems.push(Problem { place, message, hint: "the ids are those of the [[maker]] lines".to_owned() });
        };
        for line in named.makers.values() {
            lines.by_id.insert(MakerId::from(line.id.as_str()), lines.by_id.len());
        }
        // The map iterates in the order of ids, and so do the makers: both count alike.
        let index = |id: &str, lines: &Self| lines.by_id.get(id).copied();
        for (own, line) in named.makers.into_values().enumerate() {
            let parent = line.parent.as_deref().map(|id| (id, index(id, &lines)));
            if let Some((id, None)) = parent {
                wrong(format!("maker '{}'", line.id), format!("its parent '{id}' is not in the catalogue"));
            }
            lines.maker(own, parent.and_then(|(_, at)| at).unwrap_or(own), line);
        }
        for line in named.brands.into_values() {
            let made_by = line.made_by.as_deref().map(|id| (id, index(id, &lines)));
            if let Some((id, None)) = made_by {
                wrong(format!("brand '{}'", line.name), format!("made-by '{id}' is not in the catalogue"));
            }
            lines.brand(made_by.and_then(|(_, at)| at), line);
        }
        for line in named.classes {
            let says = Says { owner: None, class: Some(line.class), weighs: true };
            for field in line.fields {
                lines.patterns.add(field, &line.is, says);
            }
        }
        lines.prefix_bits = lines.prefixes.keys().map(|(bits, _)| *bits).collect();
        lines.prefix_bits.sort_unstable_by(|a, b| b.cmp(a));
        lines.prefix_bits.dedup();
        if let Err(error) = lines.patterns.finish() {
            wrong("patterns".to_owned(), error.to_string());
        }
        if problems.is_empty() { Ok(lines) } else { Err(problems) }
    }

    fn marks(&mut self, owner: Owner, marks: Vec<MarkLine>, known: Known) {
        for mark in marks {
            let weighs = mark.known.unwrap_or(known) == Known::Verified;
            self.patterns.add(mark.field, &mark.is, Says { owner: Some(owner), class: mark.class, weighs });
        }
    }

    fn maker(&mut self, own: usize, root: usize, line: MakerLine) {
        let owner = Owner::Maker(own);
        for beginning in &line.organisations {
            self.organisations.add(beginning, owner);
        }
        let listed = |digits: &[String], weighs: bool| {
            digits.iter().filter_map(|digits| prefix(digits)).map(move |key| (key, (own, weighs))).collect::<Vec<_>>()
        };
        self.prefixes.extend(listed(&line.prefixes, true));
        self.prefixes.extend(listed(&line.prefix_hints, false));
        self.enterprises.extend(line.enterprises.iter().map(|number| (*number, own)));
        self.names.extend(line.names.iter().map(|name| (fold(name), owner)));
        self.marks(owner, line.marks, Known::Verified);
        self.makers.push(Maker {
            id: line.id.into(),
            name: line.name,
            entity: line.entity,
            country: line.country,
            jurisdiction: line.jurisdiction,
            parent: line.parent.map(MakerId::from),
            source: line.source,
            blocks: line.blocks,
            root,
        });
    }

    fn brand(&mut self, made_by: Option<usize>, line: BrandLine) {
        let owner = Owner::Brand(self.brands.len());
        for beginning in &line.organisations {
            self.organisations.add(beginning, owner);
        }
        self.names.insert(fold(&line.name), owner);
        self.names.extend(line.names.iter().map(|name| (fold(name), owner)));
        self.marks(owner, line.marks, line.known);
        self.brands.push(Brand {
            name: line.name,
            source: line.source,
            made_by,
            known: line.known,
            blocks: line.blocks,
        });
    }
}

impl Catalogue {
    /// Reads catalogue files, `(where it came from, its text)`: a maker or brand of a later file takes the place of one
    /// of the same id or name before it.
    ///
    /// # Errors
    /// Everything that is wrong with them, each with its place and how to mend it.
    pub fn read(files: &[(String, String)]) -> Result<Self, Vec<Problem>> {
        let mut named = Named::default();
        let mut hash = Sha256::new();
        let mut problems = Vec::new();
        for (origin, text) in files {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
            problems.extend(read(origin, text, &mut named));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut lines = Lines::build(named)?;
        lines.hash = hex(hash);
        Ok(Self { hash: lines.hash.clone(), lines: Arc::new(lines), registry: Arc::default() })
    }

    /// The text of the catalogue the program ships (`config/makers.toml`, compiled in).
    #[must_use]
    pub fn shipped_text() -> &'static str {
        SHIPPED
    }

    /// The catalogue the program ships, with the registry compiled in.
    #[must_use]
    pub fn shipped() -> Self {
        static READ: OnceLock<Catalogue> = OnceLock::new();
        // A test reads the shipped text: it has no problems.
        READ.get_or_init(|| Self::read(&[("makers.toml".to_owned(), SHIPPED.to_owned())]).unwrap_or_default()).clone()
    }

    /// Uses files of the IEEE registry as well: the newest has the last word.
    #[must_use]
    pub fn with_registry(mut self, files: Vec<RegistryFile>) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.lines.hash.as_bytes());
        for file in &files {
            hash.update(file.date.to_string().as_bytes());
            hash.update((file.text.len() as u64).to_be_bytes());
            hash.update(file.text.as_bytes());
        }
        self.hash = hex(hash);
        self.registry = Arc::new(Registry::read(files));
        self
    }

    /// Names what the catalogue was made from: SHA-256, hex.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The day its IEEE registry is of.
    #[must_use]
    pub fn registry_date(&self) -> Date {
        self.registry.date()
    }

    /// The maker of this id.
    #[must_use]
    pub fn maker(&self, id: &MakerId) -> Option<&Maker> {
        self.lines.by_id.get(id).and_then(|index| self.lines.makers.get(*index))
    }

    /// All makers, in the order of their ids.
    pub fn makers(&self) -> impl Iterator<Item = &Maker> {
        self.lines.makers.iter()
    }

    /// All brands, in the order of their names.
    pub fn brands(&self) -> impl Iterator<Item = &Brand> {
        self.lines.brands.iter()
    }

    /// The block of the IEEE registry an address lies in: longest prefix of 36, 28 and 24 bits. `None` for a locally
    /// administered or group address.
    #[must_use]
    pub fn block(&self, mac: MacAddr) -> Option<Block<'_>> {
        self.registry.block(mac)
    }

    /// Whether the block a MAC address lies in is of a maker or brand of surveillance equipment, and not mostly of other
    /// things.
    #[must_use]
    pub fn is_camera_prefix(&self, mac: MacAddr) -> bool {
        let organisation = self.block(mac).and_then(|block| self.owner_of_organisation(block.organisation));
        let blocks = match organisation {
            Some(Owner::Maker(maker)) => self.maker_at(maker).map(|maker| maker.blocks),
            Some(Owner::Brand(brand)) => self.brand_at(brand).map(|brand| brand.blocks),
            None => None,
        };
        blocks.is_some_and(|blocks| blocks != Blocks::Mixed) || self.listed(mac).is_some_and(|(_, weighs)| weighs)
    }

    /// The lot an address belongs to: addresses of one lot are attributed alike where nothing else is known.
    #[must_use]
    pub fn lot(&self, mac: MacAddr) -> Lot {
        // The block it is registered in, else the one it is listed by: 36 bits and their number fit, and a flag.
        let pack = |(bits, prefix): (u8, u64)| (prefix << 8) | u64::from(bits);
        let listed = self.listed_key(mac);
        let registered = self.block(mac).map(|block| (block.bits, block.prefix));
        let key = registered.or(listed).map_or(0, pack);
        Lot(key | if listed.is_some() { 1 << 63 } else { 0 })
    }

    pub(super) fn maker_at(&self, index: usize) -> Option<&Maker> {
        self.lines.makers.get(index)
    }

    pub(super) fn brand_at(&self, index: usize) -> Option<&Brand> {
        self.lines.brands.get(index)
    }

    /// Whose an address is by the catalogue's own list of blocks, and whether that may weigh.
    pub(super) fn listed(&self, mac: MacAddr) -> Option<(usize, bool)> {
        self.listed_key(mac).and_then(|key| self.lines.prefixes.get(&key).copied())
    }

    fn listed_key(&self, mac: MacAddr) -> Option<(u8, u64)> {
        if mac.is_local() || mac.is_multicast() {
            return None;
        }
        let mut keys = self.lines.prefix_bits.iter().map(|bits| (*bits, mac.as_u64() >> (48 - *bits)));
        keys.find(|key| self.lines.prefixes.contains_key(key))
    }

    /// Whose organisation this is.
    pub(super) fn owner_of_organisation(&self, organisation: &str) -> Option<Owner> {
        self.lines.organisations.owner(organisation)
    }

    /// Whom a device means by this name.
    pub(super) fn owner_of_name(&self, name: &str) -> Option<Owner> {
        self.lines.names.get(&fold(name)).copied()
    }

    /// Whose private MIB this is (IANA enterprise numbers).
    pub(super) fn owner_of_enterprise(&self, number: u32) -> Option<usize> {
        self.lines.enterprises.get(&number).copied()
    }

    pub(super) fn ask(&self, field: Field, text: &str) -> Vec<Says> {
        self.lines.patterns.ask(field, text)
    }

    /// Weighs what is known of a device.
    #[must_use]
    pub fn attribute(&self, facts: &Facts) -> Attribution {
        ledger::attribute(self, facts)
    }
}
