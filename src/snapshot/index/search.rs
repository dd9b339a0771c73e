//! Going through all devices: what passes a filter, in which order, and how many are alike.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::strings::Text;
use super::{Addresses, Index, Slot};
use crate::config::{NetworkKind, Sensitivity};
use crate::maker::{Class, Surveillance, Verdict};
use crate::net::{DeviceId, SiteId, Timestamp};
use crate::policy::Status;
use crate::snapshot::exposure::group;
use crate::snapshot::filter::{Word, contains};
use crate::snapshot::{DeviceOrder, ExposureKey, Filter, Flow, Group, Part, SiteRow, Tally, word};

/// How many devices are gone through between two looks at whether anybody still wants the answer.
pub(super) const STRIDE: usize = 4_096;

/// What is gone through, and whether anybody still wants it.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// What must hold of a device.
    pub filter: &'a Filter,
    /// The sites: how sensitive each is.
    pub sites: &'a BTreeMap<SiteId, SiteRow>,
    /// The moment that spans are counted back from.
    pub now: Timestamp,
    /// Nobody wants the answer any more.
    pub stop: &'a dyn Fn() -> bool,
}

/// Whether a device passes one word.
type Test<'a> = Box<dyn FnMut(&Slot<'_>) -> bool + 'a>;

/// The few values of a list, each judged once.
struct Judged<T>(Vec<(T, bool)>);

impl<T: Copy + PartialEq + Serialize> Judged<T> {
    fn holds(&mut self, value: T, judge: impl Fn(&str) -> bool) -> bool {
        if let Some((_, held)) = self.0.iter().find(|(known, _)| *known == value) {
            return *held;
        }
        let held = judge(&word(&value));
        self.0.push((value, held));
        held
    }
}

/// Whether a value of a list is judged so.
fn listed<'a, T: Copy + PartialEq + Serialize + 'a>(
    of: impl Fn(&Slot<'_>) -> Option<T> + 'a,
    judge: impl Fn(&str) -> bool + 'a,
) -> Test<'a> {
    let mut judged = Judged(Vec::new());
    Box::new(move |slot| of(slot).is_some_and(|value| judged.holds(value, &judge)))
}

/// An address of four octets as text, without allocating: this is done for every device at every letter.
pub(super) fn dotted(ip: [u8; 4], out: &mut [u8; 15]) -> &str {
    let mut length = 0;
    let mut push = |octet: u8| {
        if let Some(place) = out.get_mut(length) {
            *place = octet;
            length += 1;
        }
    };
    for (at, number) in ip.into_iter().enumerate() {
        if at > 0 {
            push(b'.');
        }
        if number >= 100 {
            push(b'0' + number / 100);
        }
        if number >= 10 {
            push(b'0' + number / 10 % 10);
        }
        push(b'0' + number % 10);
    }
    out.get(..length).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
}

/// A MAC address as text, likewise.
fn coloned(mac: [u8; 6], out: &mut [u8; 17]) -> &str {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble & 15)).copied().unwrap_or(b'?');
    for (place, octet) in out.chunks_mut(3).zip(mac) {
        for (place, sign) in place.iter_mut().zip([digit(octet >> 4), digit(octet), b':']) {
            *place = sign;
        }
    }
    std::str::from_utf8(out).unwrap_or_default()
}

fn mac_test<'a>(judge: impl Fn(&str) -> bool + 'a) -> Test<'a> {
    let mut room = [0; 17];
    Box::new(move |slot| slot.mac.is_some_and(|mac| judge(coloned(mac.0, &mut room))))
}

fn ip_test<'a>(judge: impl Fn(&str) -> bool + 'a) -> Test<'a> {
    let mut room = [0; 15];
    Box::new(move |slot| match slot.ips {
        Addresses::None => false,
        Addresses::One(ip) => judge(dotted(ip.octets(), &mut room)),
        Addresses::More(ips) => ips.iter().any(|ip| judge(&ip.to_string())),
    })
}

fn vlan_test<'a>(judge: impl Fn(&str) -> bool + 'a) -> Test<'a> {
    let mut judged: HashMap<Option<u16>, bool> = HashMap::new();
    Box::new(move |slot| {
        let vlan = slot.vlan.map(crate::net::VlanId::get);
        *judged
            .entry(vlan)
            .or_insert_with(|| judge(&vlan.map_or_else(|| "unknown".to_owned(), |vlan| vlan.to_string())))
    })
}

impl Scope<'_> {
    fn sensitive(&self, index: &Index) -> Vec<Option<Sensitivity>> {
        let of = |text: &str| self.sites.get(text).map(|site| site.sensitivity);
        index.strings.iter().map(of).collect()
    }
}

/// A value by text; `None` for no text.
pub(super) fn at<T: Copy>(table: &[T], text: Text) -> Option<T> {
    table.get(text.number()).copied()
}

impl Index {
    /// Whether one of some texts is judged so; each text is judged once.
    fn texts<'a, const N: usize>(
        &self,
        of: impl Fn(&Slot<'_>) -> [Text; N] + 'a,
        judge: impl Fn(&str) -> bool,
    ) -> Test<'a> {
        let judged: Vec<bool> = self.strings.iter().map(judge).collect();
        Box::new(move |slot| of(slot).into_iter().any(|text| at(&judged, text) == Some(true)))
    }

    fn network<'a>(&self, judge: impl Fn(&str) -> bool + Clone + 'a) -> Test<'a> {
        let mut kind = listed(|slot| slot.network_kind, judge.clone());
        let unclassified = judge("unclassified");
        let judged: Vec<bool> = self.strings.iter().map(|text| judge(&text.to_lowercase())).collect();
        Box::new(move |slot| match at(&judged, slot.network) {
            None => unclassified,
            Some(named) => named || kind(slot),
        })
    }

    fn sensitivity<'a>(&self, scope: &Scope<'_>, judge: impl Fn(&str) -> bool + 'a) -> Test<'a> {
        let sensitive = scope.sensitive(self);
        listed(move |slot| at(&sensitive, slot.site).flatten(), judge)
    }

    fn field<'a>(&self, scope: &Scope<'_>, field: &str, wanted: &'a str) -> Test<'a> {
        let part = |text: &str| contains(text, wanted);
        let whole = move |text: &str| text == wanted;
        let begins = move |text: &str| text.starts_with(wanted);
        match field {
            "maker" => self.texts(|slot| [slot.maker, slot.maker_name], part),
            "brand" => self.texts(|slot| [slot.brand], part),
            "model" => self.texts(|slot| [slot.model], part),
            "switch" => self.texts(|slot| [slot.switch], part),
            "port" => self.texts(|slot| [slot.port], part),
            "serial" => self.texts(|slot| [slot.serial], part),
            "site" => self.texts(|slot| [slot.site], |text| text.to_lowercase() == wanted),
            "class" => listed(|slot| Some(slot.class), whole),
            "surveillance" => listed(|slot| Some(slot.surveillance), whole),
            "status" => listed(|slot| Some(slot.status), whole),
            "verdict" => listed(|slot| Some(slot.verdict), whole),
            "certainty" => listed(|slot| Some(slot.certainty), whole),
            "site.sensitivity" => self.sensitivity(scope, whole),
            "network" => self.network(whole),
            "vlan" => vlan_test(whole),
            "mac" => mac_test(begins),
            "ip" => ip_test(begins),
            // The other fields are a finding's.
            _ => Box::new(|_| false),
        }
    }

    /// A word that may stand in any field.
    fn any<'a>(&self, scope: &Scope<'_>, text: &'a str) -> Test<'a> {
        let part = move |value: &str| value.contains(text);
        let mut tests = vec![
            self.texts(
                |slot| {
                    let Slot { maker, maker_name, brand, model, serial, site, switch, port, .. } = *slot;
                    [maker, maker_name, brand, model, serial, site, switch, port]
                },
                |value| contains(value, text),
            ),
            listed(|slot| Some(slot.class), part),
            listed(|slot| Some(slot.surveillance), part),
            listed(|slot| Some(slot.status), part),
            listed(|slot| Some(slot.verdict), part),
            listed(|slot| Some(slot.certainty), part),
            self.sensitivity(scope, part),
            self.network(part),
            vlan_test(part),
        ];
        // Most words cannot stand in an address.
        if text.chars().all(|c| c == ':' || c.is_ascii_hexdigit()) {
            tests.push(mac_test(part));
        }
        if text.chars().all(|c| matches!(c, ':' | '.') || c.is_ascii_hexdigit()) {
            tests.push(ip_test(part));
        }
        Box::new(move |slot| tests.iter_mut().any(|test| test(slot)))
    }

    fn tests<'a>(&self, scope: &Scope<'a>) -> Vec<(bool, Test<'a>)> {
        let now = scope.now;
        let test = |word: &'a Word| -> Test<'a> {
            match word {
                Word::All => Box::new(|_| true),
                Word::Any(text) => self.any(scope, text),
                Word::Field(field, wanted) => self.field(scope, field, wanted),
                Word::Vlan(range) => Box::new(|slot| slot.vlan.is_some_and(|vlan| range.contains(vlan))),
                Word::Since(span) => Box::new(move |slot| now.since(slot.first_seen) <= *span),
            }
        };
        scope.filter.words.iter().map(|(negated, word)| (*negated, test(word))).collect()
    }

    /// Goes through the devices that pass, each with its place; `None`: nobody wants it any more.
    fn each(&self, scope: &Scope<'_>, mut take: impl FnMut(u32, &Slot<'_>)) -> Option<()> {
        let mut tests = self.tests(scope);
        let mut places = 0..u32::MAX;
        for slots in self.slots.chunks(STRIDE) {
            if (scope.stop)() {
                return None;
            }
            for (packed, at) in slots.iter().zip(&mut places) {
                let Some(slot) = self.unpack(packed) else { continue };
                if tests.iter_mut().all(|(negated, test)| test(&slot) != *negated) {
                    take(at, &slot);
                }
            }
        }
        Some(())
    }

    /// Ids of the devices that pass and that a row of the exposure counts, in order; `None`: nobody wants it any more.
    #[must_use]
    pub fn devices(
        &self,
        scope: &Scope<'_>,
        of: Option<&Part>,
        order: DeviceOrder,
        reversed: bool,
    ) -> Option<Vec<DeviceId>> {
        let drill = of.map(|part| Drill::new(self, part));
        let all = scope.filter.asks_for_all();
        let mut slots = Vec::with_capacity(if of.is_none() { self.len() } else { 0 });
        self.each(scope, |place, slot| {
            // What is known to be no camera is left out where nobody asks for it.
            if (all || slot.surveillance != Surveillance::No) && drill.as_ref().is_none_or(|drill| drill.holds(slot)) {
                slots.push(place);
            }
        })?;
        Some(self.sorted(&slots, order, reversed))
    }

    /// Restricted devices that came and went since a moment, of those that pass; `None`: nobody wants it any more.
    #[must_use]
    pub fn flow(&self, scope: &Scope<'_>, since: Timestamp) -> Option<Flow> {
        let mut flow = Flow::default();
        let mut affected = vec![false; self.strings.iter().count()];
        self.each(scope, |_, slot| {
            if !matches!(slot.status, Status::Restricted | Status::Suspected) {
                return;
            }
            if let Some(at) = affected.get_mut(slot.site.number()) {
                *at = true;
            }
            if slot.status == Status::Restricted {
                flow.gone += usize::from(slot.gone.is_some_and(|gone| gone > since));
                match slot.appeared {
                    Some(came) => flow.came += usize::from(came > since),
                    None => flow.found += usize::from(slot.first_seen > since),
                }
            }
        })?;
        let sites = self.strings.iter().zip(affected).filter(|(_, is)| *is).map(|(site, _)| SiteId::from(site));
        flow.affected = sites.collect();
        Some(flow)
    }

    /// Whether a device is restricted, or suspected of being.
    #[must_use]
    pub fn is_suspect(&self, id: DeviceId) -> bool {
        self.slot(id).is_some_and(|slot| matches!(slot.status, Status::Restricted | Status::Suspected))
    }

    /// Devices that pass and stand on networks that the configuration does not classify, in an order, else in that in
    /// which a person should look; `None`: nobody wants it any more.
    #[must_use]
    pub fn unclassified(&self, scope: &Scope<'_>, order: Option<(DeviceOrder, bool)>) -> Option<Vec<DeviceId>> {
        let sensitive = scope.sensitive(self);
        let (mut found, mut slots) = (Vec::new(), Vec::new());
        self.each(scope, |place, slot| {
            let counted = match slot.maker {
                Text::NONE => group_without_maker(slot) == Some(Group::UnknownMaker),
                _ => slot.surveillance != Surveillance::No,
            };
            if !counted || slot.gone.is_some() || slot.network != Text::NONE {
                return;
            }
            if order.is_some() {
                slots.push(place);
            } else {
                let standard = at(&sensitive, slot.site).flatten() != Some(Sensitivity::Sensitive);
                found.push((slot.status, standard, Reverse(slot.since), slot.id));
            }
        })?;
        if let Some((order, reversed)) = order {
            return Some(self.sorted(&slots, order, reversed));
        }
        found.sort_unstable();
        Some(found.into_iter().map(|(.., id)| id).collect())
    }

    /// How many of the devices that pass are alike, and how many findings wait about them (open, overdue); `None`:
    /// nobody wants it any more.
    #[must_use]
    pub fn tally(&self, scope: &Scope<'_>, waiting: &BTreeMap<DeviceId, (usize, usize)>) -> Option<Vec<Tally>> {
        type Alike = (Surveillance, Class, Verdict, Status, [Text; 5], Option<NetworkKind>, bool);
        let mut counted: HashMap<Alike, (usize, usize, usize)> = HashMap::new();
        let mut waiting = waiting.iter().peekable();
        self.each(scope, |_, slot| {
            let alike = (
                slot.surveillance,
                slot.class,
                slot.verdict,
                slot.status,
                [slot.maker, slot.maker_name, slot.brand, slot.site, slot.network],
                slot.network_kind,
                slot.gone.is_some(),
            );
            let (devices, open, overdue) = counted.entry(alike).or_default();
            *devices += 1;
            // Both go by id.
            while waiting.next_if(|(id, _)| **id < slot.id).is_some() {}
            if let Some((_, (more_open, more_overdue))) = waiting.next_if(|(id, _)| **id == slot.id) {
                *open += more_open;
                *overdue += more_overdue;
            }
        })?;
        let text = |text: Text| self.strings.get(text);
        let tally = |(alike, (devices, open, overdue)): (Alike, (usize, usize, usize))| {
            let (surveillance, class, verdict, status, [maker, maker_name, brand, site, network], network_kind, gone) =
                alike;
            Tally {
                surveillance,
                class,
                verdict,
                status,
                maker: text(maker).map(Into::into),
                maker_name: text(maker_name).unwrap_or_default().to_owned(),
                brand: text(brand).map(str::to_owned),
                site: text(site).map(Into::into),
                network: text(network).map(Into::into),
                network_kind,
                gone,
                devices,
                open,
                overdue,
            }
        };
        let mut tallies: Vec<Tally> = counted.into_iter().map(tally).collect();
        tallies.sort_unstable();
        Some(tallies)
    }
}

/// What a device without a maker is counted under; one with a maker is counted under that, if at all.
fn group_without_maker(slot: &Slot<'_>) -> Option<Group> {
    let marked = slot.verdict != Verdict::Unknown || slot.class != Class::Unknown || slot.brand != Text::NONE;
    group(slot.surveillance, None, marked, slot.status)
}

/// A row of the exposure, looked for among devices.
struct Drill<'a> {
    key: &'a ExposureKey,
    /// The site; inside, `None`: no device is there.
    site: Option<Option<Text>>,
    maker: Option<Text>,
    brand: Option<Text>,
}

impl<'a> Drill<'a> {
    fn new(index: &Index, part: &'a Part) -> Self {
        let key = &part.row;
        let site = part.at.as_ref().map(|site| match site {
            Some(site) => index.strings.find(site.as_str()),
            None => Some(Text::NONE),
        });
        let find = |text: &str| index.strings.find(text).unwrap_or(Text::NONE);
        let maker = match &key.group {
            Group::Maker(id) => Some(find(id.as_str())),
            Group::UnknownMaker | Group::NotIdentified => None,
        };
        Self { key, site, maker, brand: key.brand.as_deref().map(find) }
    }

    fn holds(&self, slot: &Slot<'_>) -> bool {
        let branded = self.brand.is_none_or(|brand| brand == slot.brand && brand != Text::NONE);
        let of_group = match self.maker {
            Some(maker) => maker != Text::NONE && slot.maker == maker && slot.surveillance != Surveillance::No,
            None => slot.maker == Text::NONE && group_without_maker(slot).as_ref() == Some(&self.key.group),
        };
        let there = self.site.is_none_or(|site| site == Some(slot.site));
        slot.gone.is_none() && branded && of_group && there
    }
}
