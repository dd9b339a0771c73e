//! Looking a thing up by whatever of it is known: an address in any notation or a part of it, a name, a serial number, a
//! port, a number. All words must hold of a thing; the better they do, the sooner it stands.

use std::collections::BTreeMap;

use super::filter::contains;
use super::{DeviceRow, ExposureKey, Snapshot};
use crate::net::{CycleId, DeviceId, FindingId, MacAddr, SiteId, TargetName};

/// Most things of one kind that are shown where others are found too.
const EACH: usize = 5;

/// How well a word holds of a thing: the smaller, the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// It is its name, address or number.
    Whole,
    /// That begins with it.
    Start,
    /// It stands somewhere in that.
    Part,
    /// It says where the thing is or of what kind, as for many others.
    Beside,
}

/// The ranks of all words together: the smaller, the better.
pub type Score = u16;

/// Hexadecimal digits of a MAC address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Digits {
    value: u64,
    count: u32,
    /// Written in groups, so that they begin where an octet does.
    grouped: bool,
}

impl Digits {
    /// A MAC address or a part of one, in any notation.
    fn read(text: &str) -> Option<Self> {
        if let Ok(mac) = text.parse::<MacAddr>() {
            return Some(Self { value: number(mac), count: 12, grouped: true });
        }
        let separator = text.chars().find(|c| matches!(c, ':' | '-' | '.' | ' '));
        let groups: Vec<&str> = match separator {
            Some(separator) => text.trim_matches(separator).split(separator).collect(),
            None => vec![text],
        };
        // Groups of two or six, or of four between dots: else it is an address of another kind.
        let (last, whole) = groups.split_last()?;
        let lengths: &[usize] = if separator == Some('.') { &[4] } else { &[2, 6] };
        let length = whole.first().map(|group| group.len());
        let even = length.is_none_or(|length| {
            lengths.contains(&length) && whole.iter().all(|group| group.len() == length) && last.len() <= length
        });
        let digits = groups.concat();
        let count = u32::try_from(digits.len()).ok().filter(|count| (3..=12).contains(count))?;
        let value = u64::from_str_radix(&digits, 16).ok().filter(|_| even && !digits.starts_with('+'))?;
        Some(Self { value, count, grouped: separator.is_some() })
    }

    fn rank(self, mac: MacAddr) -> Option<Rank> {
        let mac = number(mac);
        let mask = (1_u64 << (4 * self.count)) - 1;
        let step = if self.grouped { 2 } else { 1 };
        let before = (0..=12 - self.count).step_by(step);
        let found = before.into_iter().find(|before| (mac >> (4 * (12 - self.count - before))) & mask == self.value)?;
        Some(match found {
            0 if self.count == 12 => Rank::Whole,
            0 => Rank::Start,
            _ => Rank::Part,
        })
    }
}

fn number(mac: MacAddr) -> u64 {
    mac.0.iter().fold(0, |number, octet| number << 8 | u64::from(*octet))
}

/// One word of what is sought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clue {
    /// In lower case.
    text: String,
    digits: Option<Digits>,
    /// `12` or `#12`.
    pub(super) number: Option<u64>,
    /// It may stand in an IP address.
    pub(super) in_ip: bool,
}

impl Clue {
    fn new(text: &str) -> Self {
        let bare = text.strip_prefix('#').unwrap_or(text);
        let digits = bare.bytes().all(|octet| octet.is_ascii_digit());
        Self {
            text: text.to_lowercase(),
            digits: Digits::read(text),
            number: bare.parse().ok().filter(|_| digits),
            in_ip: text.chars().all(|c| matches!(c, ':' | '.') || c.is_ascii_hexdigit()),
        }
    }

    /// How well it holds of a name.
    pub(super) fn text(&self, name: &str) -> Option<Rank> {
        if !contains(name, &self.text) {
            return None;
        }
        let start = name.get(..self.text.len()).is_some_and(|start| start.eq_ignore_ascii_case(&self.text));
        Some(match start {
            true if name.len() == self.text.len() => Rank::Whole,
            true => Rank::Start,
            false => Rank::Part,
        })
    }

    pub(super) fn mac(&self, mac: MacAddr) -> Option<Rank> {
        self.digits?.rank(mac)
    }
}

/// What is sought, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sought {
    pub(super) clues: Vec<Clue>,
    /// All of it is a MAC address with blanks in it.
    spaced: Option<Digits>,
}

/// A thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hit {
    /// A device.
    Device(DeviceId),
    /// A site.
    Site(SiteId),
    /// A switch or a camera that is asked.
    Target(TargetName),
    /// A maker or a brand: a row of the exposure.
    Maker(ExposureKey),
    /// A finding.
    Finding(FindingId),
    /// A review cycle.
    Cycle(CycleId),
}

impl Hit {
    /// Its kind, in a word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Device(_) => "device",
            Self::Site(_) => "site",
            Self::Target(_) => "target",
            Self::Maker(_) => "maker",
            Self::Finding(_) => "finding",
            Self::Cycle(_) => "review",
        }
    }
}

/// What was found among all devices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits {
    /// The best of them, best first.
    pub best: Vec<(Score, Hit)>,
    /// How many devices there are in all.
    pub devices: usize,
}

impl Sought {
    /// Reads what is sought; every text can be read.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let clues: Vec<Clue> = text.split_whitespace().map(Clue::new).collect();
        let spaced = if clues.len() > 1 { Digits::read(text.trim()) } else { None };
        Self { clues, spaced }
    }

    /// Nothing is sought.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clues.is_empty()
    }

    /// All of it is one MAC address with blanks in it, and this is it.
    pub(super) fn spaced(&self, mac: Option<MacAddr>) -> Option<Rank> {
        self.spaced?.rank(mac?)
    }

    /// How well all words hold, each by its best rank.
    pub(super) fn score(&self, rank: impl Fn(&Clue) -> Option<Rank>) -> Option<Score> {
        self.clues.iter().try_fold(0, |score, clue| Some(score + rank(clue)? as Score))
    }

    /// What of a device holds a word and would not be seen in a row: its serial number, or its host name.
    #[must_use]
    pub fn unseen_of(&self, row: &DeviceRow) -> Option<String> {
        let held = |text: &str| self.clues.iter().any(|clue| clue.text(text).is_some());
        if held(row.serial.as_str()) {
            return Some(format!("serial {}", row.serial));
        }
        row.hostname.as_ref().filter(|name| held(name.as_str())).map(|name| format!("host {name}"))
    }

    /// The best of what was found, kinds together: first the kind that holds the best, and at most so many.
    #[must_use]
    pub fn best(mut found: Vec<(Score, Hit)>, most: usize) -> Vec<Hit> {
        // Stable: what was found says which of equals stands first.
        found.sort_by_key(|(score, _)| *score);
        let mut kinds: Vec<(&str, Vec<Hit>)> = Vec::new();
        let mut by_kind: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, hit) in found {
            let at = *by_kind.entry(hit.kind()).or_insert_with(|| {
                kinds.push((hit.kind(), Vec::new()));
                kinds.len() - 1
            });
            if let Some((_, hits)) = kinds.get_mut(at) {
                hits.push(hit);
            }
        }
        let mut room = most;
        let mut shares: Vec<usize> = Vec::new();
        for (_, hits) in &kinds {
            let share = hits.len().min(EACH).min(room);
            room -= share;
            shares.push(share);
        }
        for (share, (_, hits)) in shares.iter_mut().zip(&kinds) {
            let more = room.min(hits.len() - *share);
            *share += more;
            room -= more;
        }
        kinds.into_iter().zip(shares).flat_map(|((_, hits), share)| hits.into_iter().take(share)).collect()
    }
}

impl Snapshot {
    /// Sites, targets, findings and review cycles that hold what is sought. Devices and makers: [`super::Index::look_up`].
    #[must_use]
    pub fn look_up(&self, sought: &Sought) -> Vec<(Score, Hit)> {
        if sought.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        let best = |ranks: [Option<Rank>; 2]| ranks.into_iter().flatten().min();
        for site in self.sites.values() {
            let rank = |clue: &Clue| best([clue.text(site.id.as_str()), clue.text(&site.name)]);
            found.extend(sought.score(rank).map(|score| (score, Hit::Site(site.id.clone()))));
        }
        for target in self.targets.values() {
            let rank = |clue: &Clue| {
                let site = clue.text(target.site.as_str()).map(|_| Rank::Beside);
                best([clue.text(target.name.as_str()), clue.text(&target.address)]).or(site)
            };
            found.extend(sought.score(rank).map(|score| (score, Hit::Target(target.name.clone()))));
        }
        for cycle in self.cycles.values() {
            let rank = |clue: &Clue| clue.text(&cycle.name);
            found.extend(sought.score(rank).map(|score| (score, Hit::Cycle(cycle.id))));
        }
        let number = match sought.clues.as_slice() {
            [clue] => clue.number,
            [word, clue] if word.text == "finding" => clue.number,
            _ => None,
        };
        let finding = number.map(FindingId).filter(|id| self.findings.contains_key(id));
        found.extend(finding.map(|id| (Rank::Whole as Score, Hit::Finding(id))));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_address_is_found_by_any_notation_and_any_part_of_it() {
        let mac: MacAddr = "44:19:b6:0a:02:03".parse().unwrap();
        for (text, rank) in [
            ("44:19:b6:0a:02:03", Rank::Whole),
            ("44-19-B6-0A-02-03", Rank::Whole),
            ("4419.b60a.0203", Rank::Whole),
            ("4419B60A0203", Rank::Whole),
            ("4419b6-0a0203", Rank::Whole),
            ("44:19:b6:a:2:3", Rank::Whole),
            ("44:19:b6", Rank::Start),
            ("44:19:b6:", Rank::Start),
            ("44-19-b", Rank::Start),
            ("4419.b", Rank::Start),
            ("4419b", Rank::Start),
            ("0a:02:03", Rank::Part),
            ("a0203", Rank::Part),
            ("02-03", Rank::Part),
        ] {
            assert_eq!(Sought::new(text).clues[0].mac(mac), Some(rank), "{text}");
        }
        assert_eq!(Sought::new("44 19 b6 0a 02 03").spaced(Some(mac)), Some(Rank::Whole));
        // Not at an octet's start, not of this address, an IP address, too short to mean anything.
        for text in ["41:9b", "44:19:b7", "44.19", "44", "4419b60a020304", "x44:19", "+4419", "é44"] {
            assert_eq!(Sought::new(text).clues[0].mac(mac), None, "{text}");
        }
    }

    #[test]
    fn names_are_ranked_and_kinds_stand_together() {
        let clue = Clue::new("HQ");
        let ranks = ["hq", "hq-acc-01", "old-hq", "depot", "h"].map(|name| clue.text(name));
        assert_eq!(ranks, [Some(Rank::Whole), Some(Rank::Start), Some(Rank::Part), None, None]);
        let device = |score, id| (score, Hit::Device(DeviceId(id)));
        let mut found = vec![device(3, 9), (0, Hit::Site("hq".into())), device(1, 4)];
        found.extend((10..40).map(|id| device(3, id)));
        found.extend((0..9).map(|id| (1, Hit::Target(format!("hq-{id}").into()))));
        let best = Sought::best(found, 20);
        assert_eq!(best.len(), 20);
        let kinds: Vec<&str> = best.iter().map(Hit::kind).collect();
        assert_eq!(
            (kinds[0], kinds[1], &best[1], kinds[14], kinds[15]),
            ("site", "device", &Hit::Device(DeviceId(4)), "device", "target")
        );
        assert_eq!(Sought::best(Vec::new(), 20), []);
    }
}
