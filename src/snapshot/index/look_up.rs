//! Going through all devices for what is sought.

use std::collections::BTreeMap;

use super::search::STRIDE;
use super::search::at;
use super::strings::Text;
use super::{Addresses, Index, Slot};
use crate::maker::Surveillance;
use crate::net::DeviceId;
use crate::policy::Status;
use crate::snapshot::look_up::{Clue, Hit, Hits, Rank, Score, Sought};
use crate::snapshot::{ExposureKey, Group};

/// What devices are ordered by: how well they hold what is sought, then how much a person should look.
type Order = (Score, Status, bool, DeviceId);

/// A word, with how well it holds of each text.
struct Judged<'a> {
    clue: &'a Clue,
    texts: Vec<Option<Rank>>,
}

impl Judged<'_> {
    fn rank(&self, slot: &Slot<'_>) -> Option<Rank> {
        let text = |text: Text| at(&self.texts, text).flatten();
        let named = [slot.serial, slot.hostname, slot.port].into_iter().filter_map(text).min();
        let mac = slot.mac.and_then(|mac| self.clue.mac(mac));
        let number = self.clue.number.filter(|number| *number == slot.id.0).map(|_| Rank::Start);
        let own = named.into_iter().chain(mac).chain(self.ip(slot)).chain(number).min();
        own.or_else(|| {
            let beside = [slot.maker_name, slot.brand, slot.model, slot.firmware, slot.site, slot.switch, slot.network];
            beside.into_iter().find_map(text).map(|_| Rank::Beside)
        })
    }

    fn ip(&self, slot: &Slot<'_>) -> Option<Rank> {
        if !self.clue.in_ip {
            return None;
        }
        match slot.ips {
            Addresses::None => None,
            Addresses::One(ip) => self.clue.text(super::search::dotted(ip.octets(), &mut [0; 15])),
            Addresses::More(ips) => ips.iter().filter_map(|ip| self.clue.text(&ip.to_string())).min(),
        }
    }
}

impl Index {
    /// The best devices and makers for what is sought, and how many devices there are; `None`: nobody wants it any more.
    #[must_use]
    pub fn look_up(&self, sought: &Sought, most: usize, stop: &dyn Fn() -> bool) -> Option<Hits> {
        if sought.is_empty() {
            return Some(Hits::default());
        }
        let judged: Vec<Judged<'_>> = sought
            .clues
            .iter()
            .map(|clue| Judged { clue, texts: self.strings.iter().map(|text| clue.text(text)).collect() })
            .collect();
        let mut devices = 0;
        let mut best: Vec<Order> = Vec::new();
        let mut makers: BTreeMap<(Score, &str), ExposureKey> = BTreeMap::new();
        for slots in self.slots.chunks(STRIDE) {
            if stop() {
                return None;
            }
            for slot in slots.iter().filter_map(|packed| self.unpack(packed)) {
                let slot = &slot;
                let words = judged.iter().try_fold(0, |score, word| Some(score + word.rank(slot)? as Score));
                let spaced = sought.spaced(slot.mac).map(|rank| rank as Score);
                if let Some(score) = words.into_iter().chain(spaced).min() {
                    devices += 1;
                    best.push((score, slot.status, slot.gone.is_some(), slot.id));
                    if slot.surveillance != Surveillance::No {
                        self.maker(&judged, slot, &mut makers);
                    }
                }
            }
            if best.len() > most {
                best.sort_unstable();
                best.truncate(most);
            }
        }
        let devices_found = best.into_iter().map(|(score, .., id)| (score, Hit::Device(id)));
        let makers = makers.into_iter().map(|((score, _), key)| (score, Hit::Maker(key))).take(most);
        Some(Hits { best: devices_found.chain(makers).collect(), devices })
    }

    /// The maker of a device, or the brand on it, where that is what is sought.
    fn maker<'a>(
        &'a self,
        judged: &[Judged<'_>],
        slot: &Slot<'_>,
        found: &mut BTreeMap<(Score, &'a str), ExposureKey>,
    ) {
        for (text, branded) in [(slot.maker_name, false), (slot.brand, true)] {
            let rank = |word: &Judged<'_>| at(&word.texts, text).flatten();
            let Some(score) = judged.iter().try_fold(0, |score, word| Some(score + rank(word)? as Score)) else {
                continue;
            };
            let (Some(id), Some(name)) = (self.strings.get(slot.maker), self.strings.get(text)) else { continue };
            found.entry((score, name)).or_insert_with(|| ExposureKey {
                group: Group::Maker(id.into()),
                brand: branded.then(|| name.to_owned()),
            });
        }
    }
}
