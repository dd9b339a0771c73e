//! Devices in order.

use std::net::IpAddr;

use super::search::at;
use super::strings::Text;
use super::{Addresses, Index, Slot};
use crate::net::DeviceId;
use crate::snapshot::DeviceOrder;
use crate::snapshot::sort::natural;

impl Index {
    /// The rank of each text among those that some devices have.
    fn ranks(&self, slots: &[&Slot], of: impl Fn(&Slot) -> Text) -> Vec<u32> {
        let mut used = vec![false; self.strings.iter().count()];
        for slot in slots {
            if let Some(used) = used.get_mut(of(slot).number()) {
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

    /// Their ids in order.
    pub(super) fn sorted(&self, slots: Vec<&Slot>, order: DeviceOrder, reversed: bool) -> Vec<DeviceId> {
        let rank = |ranks: &[u32], text: Text| at(ranks, text).filter(|rank| *rank > 0);
        let by_text = |slots: Vec<&Slot>, of: fn(&Slot) -> Text| {
            let ranks = self.ranks(&slots, of);
            by_key(slots, |slot| rank(&ranks, of(slot)), reversed)
        };
        match order {
            DeviceOrder::Id => by_key(slots, |slot| Some(slot.id), reversed),
            DeviceOrder::Status => by_key(slots, |slot| Some(slot.status), reversed),
            DeviceOrder::Mac => by_key(slots, |slot| slot.mac, reversed),
            DeviceOrder::Address => by_key(slots, |slot| slot.ips.iter().next(), reversed),
            DeviceOrder::Class => by_key(slots, |slot| Some(slot.class), reversed),
            DeviceOrder::Surveillance => by_key(slots, |slot| Some(slot.surveillance), reversed),
            DeviceOrder::Verdict => by_key(slots, |slot| Some(slot.verdict), reversed),
            DeviceOrder::Vlan => by_key(slots, |slot| slot.vlan, reversed),
            DeviceOrder::NetworkKind => by_key(slots, |slot| slot.network_kind, reversed),
            DeviceOrder::Certainty => by_key(slots, |slot| Some(slot.certainty), reversed),
            DeviceOrder::Since => by_key(slots, |slot| Some(slot.since), reversed),
            DeviceOrder::FirstSeen => by_key(slots, |slot| Some(slot.first_seen), reversed),
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
                let (switches, ports) = (self.ranks(&slots, |slot| slot.switch), self.ranks(&slots, |slot| slot.port));
                let key = |slot: &Slot| Some((rank(&switches, slot.switch)?, slot.if_index, at(&ports, slot.port)));
                by_key(slots, key, reversed)
            }
            DeviceOrder::Port => {
                let (switches, ports) = (self.ranks(&slots, |slot| slot.switch), self.ranks(&slots, |slot| slot.port));
                let key = |slot: &Slot| Some((rank(&ports, slot.port)?, rank(&switches, slot.switch)));
                by_key(slots, key, reversed)
            }
            DeviceOrder::LastSeen => {
                let mut passes = vec![None; self.strings.iter().count()];
                for (switch, pass) in self.seen.switches() {
                    let place = self.strings.find(switch.as_str()).and_then(|text| passes.get_mut(text.number()));
                    if let Some(place) = place {
                        *place = Some(pass);
                    }
                }
                let key = |slot: &Slot| {
                    let one: [IpAddr; 1];
                    let ips = match &slot.ips {
                        Addresses::None => &[],
                        Addresses::One(ip) => {
                            one = [IpAddr::V4(*ip)];
                            one.as_slice()
                        }
                        Addresses::More(ips) => ips.as_slice(),
                    };
                    Some(self.seen.latest(at(&passes, slot.switch).flatten(), slot.gone, ips, slot.first_seen))
                };
                by_key(slots, key, reversed)
            }
        }
    }
}

/// By a key, then by id, whichever way round: the same picture always has the same order. What has no key stands last.
fn by_key<K: Ord>(slots: Vec<&Slot>, key: impl Fn(&Slot) -> Option<K>, reversed: bool) -> Vec<DeviceId> {
    let mut keyed: Vec<(Option<K>, DeviceId)> = slots.into_iter().map(|slot| (key(slot), slot.id)).collect();
    keyed.sort_unstable_by(|(a, one), (b, other)| {
        let ordering = if reversed { b.cmp(a) } else { a.cmp(b) };
        a.is_none().cmp(&b.is_none()).then(ordering).then(one.cmp(other))
    });
    keyed.into_iter().map(|(_, id)| id).collect()
}
