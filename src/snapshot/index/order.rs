//! Devices in order.

use std::net::IpAddr;

use super::search::at;
use super::shared::Port;
use super::strings::Text;
use super::{Addresses, Index, Slot};
use crate::net::DeviceId;
use crate::snapshot::DeviceOrder;
use crate::snapshot::sort::natural;

impl Index {
    /// The rank of each text among those that some devices have.
    fn ranks(&self, slots: &[u32], of: impl Fn(&Slot<'_>) -> Text) -> Vec<u32> {
        let mut used = vec![false; self.strings.iter().count()];
        for slot in slots.iter().filter_map(|place| self.placed(*place)) {
            if let Some(used) = used.get_mut(of(&slot).number()) {
                *used = true;
            }
        }
        let mut texts: Vec<(&str, usize)> = self
            .strings
            .iter()
            .enumerate()
            .filter(|(number, text)| used.get(*number) == Some(&true) && !text.is_empty())
            .map(|(number, text)| (text, number))
            .collect();
        texts.sort_unstable_by(|(one, _), (other, _)| natural(one, other));
        let mut ranks = vec![0; used.len()];
        for (rank, (_, number)) in (1..).zip(texts) {
            if let Some(place) = ranks.get_mut(number) {
                *place = rank;
            }
        }
        ranks
    }

    /// The device at a place.
    fn placed(&self, place: u32) -> Option<Slot<'_>> {
        self.slots.get(place as usize).and_then(|packed| self.unpack(packed))
    }

    /// The ids of devices by their places, in order.
    pub(super) fn sorted(&self, slots: &[u32], order: DeviceOrder, reversed: bool) -> Vec<DeviceId> {
        let rank = |ranks: &[u32], text: Text| at(ranks, text).filter(|rank| *rank > 0);
        let by_text = |slots: &[u32], of: fn(&Slot<'_>) -> Text| {
            let ranks = self.ranks(slots, of);
            self.by_key(slots, |slot| rank(&ranks, of(slot)), reversed)
        };
        match order {
            DeviceOrder::Id => self.by_key(slots, |slot| Some(slot.id), reversed),
            DeviceOrder::Status => self.by_key(slots, |slot| Some(slot.status), reversed),
            DeviceOrder::Mac => self.by_key(slots, |slot| slot.mac, reversed),
            DeviceOrder::Address => self.by_key(slots, |slot| slot.ips.iter().next(), reversed),
            DeviceOrder::Class => self.by_key(slots, |slot| Some(slot.class), reversed),
            DeviceOrder::Surveillance => self.by_key(slots, |slot| Some(slot.surveillance), reversed),
            DeviceOrder::Verdict => self.by_key(slots, |slot| Some(slot.verdict), reversed),
            DeviceOrder::Vlan => self.by_key(slots, |slot| slot.vlan, reversed),
            DeviceOrder::NetworkKind => self.by_key(slots, |slot| slot.network_kind, reversed),
            DeviceOrder::Certainty => self.by_key(slots, |slot| Some(slot.certainty), reversed),
            DeviceOrder::Since => self.by_key(slots, |slot| Some(slot.since), reversed),
            DeviceOrder::FirstSeen => self.by_key(slots, |slot| Some(slot.first_seen), reversed),
            DeviceOrder::Maker => by_text(slots, |slot| slot.maker_name),
            DeviceOrder::Brand => by_text(slots, |slot| slot.brand),
            DeviceOrder::Model => by_text(slots, |slot| slot.model),
            DeviceOrder::Firmware => by_text(slots, |slot| slot.firmware),
            DeviceOrder::Serial => by_text(slots, |slot| slot.serial),
            DeviceOrder::Hostname => by_text(slots, |slot| slot.hostname),
            DeviceOrder::Site => by_text(slots, |slot| slot.site),
            DeviceOrder::Network => by_text(slots, |slot| slot.network),
            // ifIndex before the name: ports in the switch's own order.
            DeviceOrder::Switch => {
                let (switches, ports) = (self.ranks(slots, |slot| slot.switch), self.ranks(slots, |slot| slot.port));
                let key = |slot: &Slot<'_>| {
                    let port = (Port::new(slot.if_index).rank(), at(&ports, slot.port).unwrap_or(0));
                    Some((rank(&switches, slot.switch)?, port))
                };
                self.by_key(slots, key, reversed)
            }
            DeviceOrder::Port => {
                let (switches, ports) = (self.ranks(slots, |slot| slot.switch), self.ranks(slots, |slot| slot.port));
                let key = |slot: &Slot<'_>| Some((rank(&ports, slot.port)?, at(&switches, slot.switch).unwrap_or(0)));
                self.by_key(slots, key, reversed)
            }
            DeviceOrder::LastSeen => {
                let mut passes = vec![None; self.strings.iter().count()];
                for (switch, pass) in self.seen.switches() {
                    let place = self.strings.find(switch.as_str()).and_then(|text| passes.get_mut(text.number()));
                    if let Some(place) = place {
                        *place = Some(pass);
                    }
                }
                let key = |slot: &Slot<'_>| {
                    let one: [IpAddr; 1];
                    let ips = match slot.ips {
                        Addresses::None => &[],
                        Addresses::One(ip) => {
                            one = [IpAddr::V4(*ip)];
                            one.as_slice()
                        }
                        Addresses::More(ips) => ips.as_slice(),
                    };
                    Some(self.seen.latest(at(&passes, slot.switch).flatten(), slot.gone, ips, slot.first_seen))
                };
                self.by_key(slots, key, reversed)
            }
        }
    }

    /// By a key, then by id, whichever way round: the same picture always has the same order. What has no key stands
    /// last.
    fn by_key<K: Ord>(&self, slots: &[u32], key: impl Fn(&Slot<'_>) -> Option<K>, reversed: bool) -> Vec<DeviceId> {
        let (mut keyed, mut without) = (Vec::with_capacity(slots.len()), Vec::new());
        for place in slots {
            match self.placed(*place).and_then(|slot| key(&slot)) {
                Some(key) => keyed.push((key, *place)),
                None => without.push(*place),
            }
        }
        // By place is by id.
        keyed.sort_unstable_by(|(a, one), (b, other)| {
            let ordering = if reversed { b.cmp(a) } else { a.cmp(b) };
            ordering.then(one.cmp(other))
        });
        let places = keyed.into_iter().map(|(_, place)| place).chain(without);
        places.filter_map(|place| self.slots.get(place as usize).map(|slot| slot.id)).collect()
    }
}
