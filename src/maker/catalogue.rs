//! The catalogue, compiled from its files and ready to be asked.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::file::{Blocks, BrandLine, ClassLine, Field, File, Known, MakerLine, MarkLine};
use super::organisations::{Organisations, fold};
use super::patterns::{Patterns, Says, anchored, compile};
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
pub struct Lot {
    listed: Option<(u8, u64)>,
    registered: Option<(u8, u64)>,
}

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

/// Reads files into lines, and collects what is wrong with them.
struct Reader<'a> {
    origin: &'a str,
    text: &'a str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, at: &Range<usize>, what: &str, message: impl Into<String>, hint: impl Into<String>) {
        let before = self.text.get(..at.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let place = format!("{}:{line} {what}", self.origin);
        self.problems.push(Problem { place, message: message.into(), hint: hint.into() });
    }

    fn source(&mut self, at: &Range<usize>, what: &str, source: &str) {
        if source.trim().is_empty() {
            self.problem(at, what, "has no source", "source = \"…\": where its facts are from");
        }
    }

    /// A pattern compiles alone, fits what it says it does, and does not fit what it says it does not.
    fn pattern(&mut self, at: &Range<usize>, what: &str, pattern: &str, matches: &[String], misses: &[String]) -> bool {
        let compiled = match compile(&[anchored(pattern)]) {
            Ok(compiled) => compiled,
            Err(error) => {
                let message = format!("'{pattern}' is no regular expression: {error}");
                self.problem(at, what, message, "it must fit the whole text; in TOML's single quotes a \\ stays one");
                return false;
            }
        };
        if compiled.is_match(b"") {
            self.problem(at, what, format!("'{pattern}' fits an empty text"), "say what must be there");
            return false;
        }
        for row in matches.iter().filter(|row| !compiled.is_match(row.as_bytes())) {
            self.problem(at, what, format!("'{pattern}' does not match '{row}'"), "it must fit the whole text");
        }
        for row in misses.iter().filter(|row| compiled.is_match(row.as_bytes())) {
            self.problem(at, what, format!("'{pattern}' matches '{row}', which it is to miss"), "");
        }
        true
    }

    fn marks(&mut self, at: &Range<usize>, what: &str, marks: &[MarkLine]) -> bool {
        let mut good = true;
        for mark in marks {
            good &= self.pattern(at, what, &mark.is, &mark.matches, &mark.misses);
            if mark.source.as_ref().is_some_and(|source| source.trim().is_empty()) {
                self.problem(at, what, format!("'{}' has an empty source", mark.is), "leave it out: the line's counts");
            }
        }
        good
    }
}

/// Lines of all files by what they are called: a later one takes an earlier one's place.
#[derive(Default)]
struct Named {
    makers: BTreeMap<String, MakerLine>,
    brands: BTreeMap<String, BrandLine>,
    classes: Vec<ClassLine>,
}

fn read(origin: &str, text: &str, named: &mut Named) -> Vec<Problem> {
    let mut reader = Reader { origin, text, problems: Vec::new() };
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let at = error.span().unwrap_or(0..0);
            reader.problem(&at, "catalogue", error.message(), "config/makers.toml explains every key at its head");
            return reader.problems;
        }
    };
    let mut here = Vec::new();
    for line in file.maker {
        let at = line.span();
        let line = line.into_inner();
        let what = format!("maker '{}'", line.id);
        reader.source(&at, &what, &line.source);
        for digits in line.prefixes.iter().chain(&line.prefix_hints).filter(|digits| prefix(digits).is_none()) {
            reader.problem(&at, &what, format!("'{digits}' is no block"), "6, 7 or 9 hexadecimal digits");
        }
        if here.contains(&what) {
            reader.problem(&at, &what, "stands twice in this file", "one line a maker");
        }
        if reader.marks(&at, &what, &line.marks) {
            named.makers.insert(line.id.clone(), line);
        }
        here.push(what);
    }
    for line in file.brand {
        let at = line.span();
        let line = line.into_inner();
        let what = format!("brand '{}'", line.name);
        reader.source(&at, &what, &line.source);
        if here.contains(&what) {
            reader.problem(&at, &what, "stands twice in this file", "one line a brand");
        }
        if reader.marks(&at, &what, &line.marks) {
            named.brands.insert(line.name.clone(), line);
        }
        here.push(what);
    }
    for line in file.class {
        let at = line.span();
        let line = line.into_inner();
        reader.source(&at, "class", &line.source);
        if reader.pattern(&at, "class", &line.is, &line.matches, &line.misses) {
            named.classes.push(line);
        }
    }
    reader.problems
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

    /// The lot an address belongs to: addresses of one lot are attributed alike where nothing else is known.
    #[must_use]
    pub fn lot(&self, mac: MacAddr) -> Lot {
        Lot { listed: self.listed_key(mac), registered: self.block(mac).map(|block| (block.bits, block.prefix)) }
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
        let keys = [36u8, 28, 24].map(|bits| (bits, mac.as_u64() >> (48 - bits)));
        keys.into_iter().find(|key| self.lines.prefixes.contains_key(key))
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

#[cfg(test)]
mod tests {
    use toml::Spanned;

    use super::*;

    const LINE: &str = "[[maker]]\nid='a'\nname='A'\nentity='A Ltd'\ncountry='GB'\njurisdiction='prc'\nsource='s'\n";

    fn problems(text: &str) -> Vec<String> {
        let read = Catalogue::read(&[("own.toml".to_owned(), text.to_owned())]);
        read.unwrap_err().into_iter().map(|problem| format!("{}: {}", problem.place, problem.message)).collect()
    }

    #[test]
    fn the_shipped_catalogue_has_no_problems() {
        let read = Catalogue::read(&[("makers.toml".to_owned(), SHIPPED.to_owned())]);
        let catalogue = read.unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert!(catalogue.makers().count() > 100 && catalogue.brands().count() > 50);
        assert!(catalogue.makers().all(|maker| !maker.source.trim().is_empty()));
        assert!(catalogue.brands().all(|brand| !brand.source.trim().is_empty()));
    }

    #[test]
    fn every_shipped_pattern_has_a_row_it_matches_and_a_near_miss_and_every_line_a_source() {
        let file: File = toml::from_str(SHIPPED).unwrap();
        let mut bare = Vec::new();
        let mut lacks = |line: &str, lacking: bool| bare.extend(lacking.then(|| line.to_owned()));
        for line in file.class {
            let line = line.into_inner();
            lacks(&line.is, line.matches.is_empty() || line.misses.is_empty() || line.source.trim().is_empty());
        }
        let makers =
            file.maker.into_iter().map(|line| line.into_inner()).map(|line| (line.id, line.source, line.marks));
        let brands =
            file.brand.into_iter().map(|line| line.into_inner()).map(|line| (line.name, line.source, line.marks));
        for (name, source, marks) in makers.chain(brands) {
            lacks(&name, source.trim().is_empty());
            for mark in marks {
                lacks(&format!("{name}: {}", mark.is), mark.matches.is_empty() || mark.misses.is_empty());
            }
        }
        // That rows fit and near misses do not is checked wherever a catalogue is read.
        assert!(bare.is_empty(), "{bare:#?}");
    }

    #[test]
    fn a_recalled_rebrand_is_never_more_than_a_hint() {
        let file: File = toml::from_str(SHIPPED).unwrap();
        let recalled = file.brand.iter().map(Spanned::get_ref).filter(|line| line.known == Known::Recalled);
        let mut seen = 0;
        for line in recalled {
            assert!(line.marks.iter().all(|mark| mark.known != Some(Known::Verified)), "{}", line.name);
            let information = crate::observation::DeviceInformation {
                manufacturer: line.name.as_str().into(),
                ..crate::observation::DeviceInformation::default()
            };
            let facts = Facts { information: Some((information, crate::net::Timestamp(0))), ..Facts::default() };
            let found = Catalogue::shipped().attribute(&facts);
            assert_eq!((found.maker, found.verdict), (None, super::super::Verdict::Unknown), "{}", line.name);
            assert_eq!(found.brand.as_deref(), Some(line.name.as_str()));
            seen += 1;
        }
        assert!(seen > 30);
    }

    #[test]
    fn a_bad_catalogue_says_all_that_is_wrong_and_where() {
        let twice = problems(&format!("{LINE}{LINE}"));
        assert_eq!(twice, ["own.toml:8 maker 'a': stands twice in this file"]);
        assert!(problems(&format!("{LINE}marks=[{{in='model',is='('}}]"))[0].contains("'(' is no regular expression"));
        assert!(problems(&format!("{LINE}marks=[{{in='model',is='a*'}}]"))[0].contains("fits an empty text"));
        assert!(problems(&format!("{LINE}parent='b'"))[0].contains("its parent 'b' is not in the catalogue"));
        assert!(problems(&LINE.replace("'s'", "' '"))[0].contains("has no source"));
        assert!(problems(&format!("{LINE}colour='red'"))[0].starts_with("own.toml:8 catalogue: unknown field"));
        assert!(problems(&format!("{LINE}prefixes=['44:19:b6']"))[0].contains("'44:19:b6' is no block"));
        let rows = problems(&format!("{LINE}marks=[{{in='model',is='A\\d',matches=['B1'],misses=['a1']}}]"));
        assert_eq!(rows.len(), 2, "{rows:?}");
        let orphan = "[[brand]]\nname='B'\nmade-by='nobody'\nsource='s'\n";
        assert!(problems(orphan)[0].contains("made-by 'nobody' is not in the catalogue"));
        assert!(problems("[[class]]\nclass='camera'\nin=['model']\nis='x'\n")[0].contains("has no source"));
    }

    #[test]
    fn a_later_file_takes_the_place_of_a_line_and_leaves_the_others() {
        let files =
            |own: &str| [("makers.toml".to_owned(), SHIPPED.to_owned()), ("own.toml".to_owned(), own.to_owned())];
        let own = LINE.replace("'a'", "'axis'").replace("'A'", "'Own Axis'");
        let catalogue = Catalogue::read(&files(&own)).unwrap();
        assert_eq!(catalogue.maker(&"axis".into()).unwrap().name, "Own Axis");
        assert_eq!(catalogue.makers().count(), Catalogue::shipped().makers().count());
        assert_ne!(catalogue, Catalogue::shipped());
    }
}
