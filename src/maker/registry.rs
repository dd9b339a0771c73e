//! The IEEE registry of address blocks: the newest of what is compiled in and what files say comes first, the others
//! fill its gaps.

use std::collections::HashMap;

use jiff::civil::Date;

use crate::net::{MacAddr, Timestamp};

/// The day the registry compiled in (`oui-data` 0.2.4) is at least of: it has blocks that a copy of this day lacks.
const COMPILED: Date = jiff::civil::date(2026, 6, 25);
/// Who holds a block that is given out in smaller ones: no maker.
const AUTHORITY: &str = "IEEE Registration Authority";

/// A registry older than this lacks what was sold since.
const TOO_OLD_MONTHS: i32 = 12;

/// What to say of the registry's age: its day, and a warning where it is past twelve months.
#[must_use]
pub fn registry_words(date: Date, now: Timestamp) -> (String, Option<String>) {
    let today = now.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date();
    let limit = today.checked_sub(jiff::Span::new().months(TOO_OLD_MONTHS)).unwrap_or(date);
    let warning = (date < limit).then(|| {
        format!(
            "the IEEE registry is of {date}, more than {TOO_OLD_MONTHS} months ago: prefixes given out since are unknown. \
             Install or update ieee-data, or name a newer copy in [makers] registry"
        )
    });
    (format!("IEEE registry of {date}"), warning)
}

/// A file of the registry: the text of `oui.csv`, `mam.csv` or `oui36.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryFile {
    /// The day it is of.
    pub date: Date,
    /// Columns Registry, Assignment, Organization Name, Organization Address.
    pub text: String,
}

/// An address block and who registered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// Length of its prefix: 36, 28 or 24.
    pub bits: u8,
    /// Its prefix.
    pub prefix: u64,
    /// The organisation, as it spells itself.
    pub organisation: &'a str,
}

impl std::fmt::Display for Block<'_> {
    /// `44:19:b6`, `1c:ca:e3:7`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = format!("{:0width$x}", self.prefix, width = usize::from(self.bits / 4));
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && index % 2 == 0 {
                f.write_str(":")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// Block assignments.
#[derive(Debug, Clone, Default)]
pub(super) struct Registry {
    /// `(prefix length in bits, prefix) -> organisation`, of files.
    blocks: HashMap<(u8, u64), Box<str>>,
    /// The day of the newest file.
    newest: Option<Date>,
}

impl Registry {
    /// Takes in files. Lines that are none are passed over.
    pub(super) fn read(mut files: Vec<RegistryFile>) -> Self {
        // Of two files the newer has the last word.
        files.sort_by_key(|file| file.date);
        let mut registry = Self::default();
        for file in files {
            registry.read_csv(&file.text);
            registry.newest = Some(file.date);
        }
        registry
    }

    fn read_csv(&mut self, text: &str) {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        for record in reader.records().map_while(Result::ok) {
            let (Some(assignment), Some(organisation)) = (record.get(1), record.get(2)) else { continue };
            if let Some((bits, prefix)) = prefix(assignment) {
                self.blocks.insert((bits, prefix), organisation.trim().into());
            }
        }
    }

    /// The day the registry is of.
    pub(super) fn date(&self) -> Date {
        self.newest.map_or(COMPILED, |date| date.max(COMPILED))
    }

    /// The block an address lies in, by the longest prefix. None for an address that no registry gave out: locally
    /// administered, group, zero.
    pub(super) fn block(&self, mac: MacAddr) -> Option<Block<'_>> {
        if mac.is_local() || mac.is_multicast() || mac.is_zero() {
            return None;
        }
        let named = |block: &Block<'_>| block.organisation != AUTHORITY;
        let of_files = || self.of_files(mac).filter(named);
        let of_program = || compiled(mac).filter(named);
        if self.newest.is_some_and(|date| date >= COMPILED) {
            of_files().or_else(of_program)
        } else {
            of_program().or_else(of_files)
        }
    }

    fn of_files(&self, mac: MacAddr) -> Option<Block<'_>> {
        if self.blocks.is_empty() {
            return None;
        }
        [36u8, 28, 24].into_iter().find_map(|bits| {
            let prefix = mac.as_u64() >> (48 - bits);
            self.blocks.get(&(bits, prefix)).map(|organisation| Block { bits, prefix, organisation })
        })
    }
}

/// A block as registries write it: 6, 7 or 9 hexadecimal digits.
pub(super) fn prefix(digits: &str) -> Option<(u8, u64)> {
    let bits = match digits.len() {
        6 => 24,
        7 => 28,
        9 => 36,
        _ => return None,
    };
    u64::from_str_radix(digits, 16).ok().map(|prefix| (bits, prefix))
}

/// The registries that are compiled in: `prefix TAB organisation`, a line each, in the order of the prefix.
const COMPILED_IN: &str = include_str!(concat!(env!("OUT_DIR"), "/registry.txt"));

/// What stands in the registries beside a prefix as they write it.
fn organisation(digits: &str) -> Option<&'static str> {
    let (mut from, mut to) = (0, COMPILED_IN.len());
    // Between two ends of lines, by halves.
    while from < to {
        let middle = from + (to - from) / 2;
        // By octets: the middle may lie within a letter of a name.
        let before = COMPILED_IN.as_bytes().get(..middle)?;
        let start = before.iter().rposition(|octet| *octet == b'\n').map_or(0, |end| end + 1);
        let line = COMPILED_IN.get(start..)?.split('\n').next()?;
        let (prefix, organisation) = line.split_once('\t')?;
        match prefix.cmp(digits) {
            std::cmp::Ordering::Equal => return Some(organisation),
            std::cmp::Ordering::Less => from = start + line.len() + 1,
            std::cmp::Ordering::Greater => to = start,
        }
    }
    None
}

fn compiled(mac: MacAddr) -> Option<Block<'static>> {
    let digits = format!("{:012X}", mac.as_u64());
    [9, 7, 6].into_iter().find_map(|length| {
        let digits = digits.get(..length)?;
        let (bits, prefix) = prefix(digits)?;
        Some(Block { bits, prefix, organisation: organisation(digits)? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_past_twelve_months_is_said_to_be() {
        let now: Timestamp = "2027-06-26T10:00:00Z".parse().unwrap();
        let words = |year, month, of| registry_words(jiff::civil::date(year, month, of), now).1;
        assert_eq!(words(2026, 6, 26), None);
        assert!(words(2026, 6, 25).unwrap().contains("of 2026-06-25"));
    }

    const HEAD: &str = "Registry,Assignment,Organization Name,Organization Address\n";

    fn mac(text: &str) -> MacAddr {
        text.parse().unwrap()
    }

    fn file(year: i16, lines: &str) -> RegistryFile {
        RegistryFile { date: jiff::civil::date(year, 1, 1), text: format!("{HEAD}{lines}") }
    }

    fn who(registry: &Registry, address: &str) -> Option<String> {
        registry.block(mac(address)).map(|block| block.organisation.to_owned())
    }

    #[test]
    fn every_block_that_is_compiled_in_is_found() {
        let mut before = "";
        for line in COMPILED_IN.lines() {
            let (digits, name) = line.split_once('\t').unwrap();
            assert!(before < digits && prefix(digits).is_some(), "{line}");
            assert_eq!(organisation(digits), Some(name), "{line}");
            before = digits;
        }
        assert!(COMPILED_IN.lines().count() > 50_000);
        assert_eq!((organisation("FFFFFF"), organisation(""), organisation("000000000000")), (None, None, None));
    }

    #[test]
    fn the_compiled_registry_knows_the_field_and_the_longest_prefix_wins() {
        let registry = Registry::default();
        assert!(who(&registry, "44:19:b6:01:02:03").unwrap().contains("Hikvision"));
        assert!(who(&registry, "ac:cc:8e:01:02:03").unwrap().contains("Axis"));
        // 28 and 36 bits within blocks of the authority itself.
        let doorbird = registry.block(mac("1c:ca:e3:7f:00:01")).unwrap();
        assert_eq!((doorbird.bits, doorbird.to_string().as_str()), (28, "1c:ca:e3:7"));
        assert!(who(&registry, "8c:1f:64:df:5a:bc").unwrap().starts_with("Concept Pro"));
        assert_eq!(who(&registry, "8c:1f:64:ff:ff:ff").filter(|name| name == AUTHORITY), None);
        for nobody in ["46:19:b6:01:02:03", "01:00:5e:01:02:03", "00:00:00:00:00:00"] {
            assert_eq!(registry.block(mac(nobody)), None, "{nobody}");
        }
        assert_eq!(registry.date(), COMPILED);
    }

    #[test]
    fn the_newest_has_the_last_word_and_older_ones_fill_gaps() {
        let newer = file(2027, "MA-L,4419B6,New Owner,x\n");
        let registry = Registry::read(vec![newer.clone(), file(2026, "MA-L,4419B6,Old Owner,x\nMA-L,02FFFF,No,x\n")]);
        assert_eq!(who(&registry, "44:19:b6:01:02:03").unwrap(), "New Owner");
        assert_eq!(registry.date(), newer.date);
        // What is compiled in is newer than this.
        let old = Registry::read(vec![file(2022, "MA-L,4419B6,Old Owner,x\nMA-L,00FFF1,Gone,x\n")]);
        assert!(who(&old, "44:19:b6:01:02:03").unwrap().contains("Hikvision"));
        assert_eq!(old.date(), COMPILED);
        let small = file(2027, "MA-S,4419B6010,Small Owner,x\nMA-L,4419B6,New Owner,x\n");
        let registry = Registry::read(vec![small]);
        assert_eq!(who(&registry, "44:19:b6:01:02:03").unwrap(), "Small Owner");
        assert_eq!(who(&registry, "44:19:b6:02:02:03").unwrap(), "New Owner");
        assert!(Registry::read(vec![file(2027, "garbage\n\"broken")]).blocks.is_empty());
    }
}
