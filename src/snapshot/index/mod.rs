//! Every device, small enough to keep 300,000 of them and to go through all of them between two letters of a filter.
//!
//! About 100 octets a device, and each text once. The words of a [`super::Filter`] mean the same here as for a row
//! ([`super::Filter::device`]); `tests` holds both against each other.

mod look_up;
mod order;
mod search;
mod shared;
mod strings;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

pub use search::Scope;
use shared::{Moment, Number, Port, Shared};
use strings::{Strings, Text};

use super::{DeviceRow, Seen};
use crate::config::NetworkKind;
use crate::inventory::{Certainty, Confidence, Place};
use crate::maker::{Class, Surveillance, Verdict};
use crate::net::{DeviceId, DeviceText, MacAddr, MakerId, NetworkId, PortName, SiteId, TargetName, Timestamp, VlanId};
use crate::policy::Status;

/// Addresses: most devices have one, of four octets, or none.
#[derive(Debug)]
enum Addresses {
    None,
    One(Ipv4Addr),
    #[expect(clippy::box_collection, reason = "two words instead of three, 300,000 times, for what is rare")]
    More(Box<Vec<IpAddr>>),
}

impl Addresses {
    fn new(ips: &[IpAddr]) -> Self {
        match ips {
            [] => Self::None,
            [IpAddr::V4(ip)] => Self::One(*ip),
            more => Self::More(Box::new(more.to_vec())),
        }
    }

    fn iter(&self) -> impl Iterator<Item = IpAddr> + '_ {
        let (one, more) = match self {
            Self::None => (None, None),
            Self::One(ip) => (Some(IpAddr::V4(*ip)), None),
            Self::More(ips) => (None, Some(ips.iter().copied())),
        };
        one.into_iter().chain(more.into_iter().flatten())
    }
}

/// What a device is said to be: many say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Make {
    maker: Text,
    maker_name: Text,
    brand: Text,
    model: Text,
    firmware: Text,
    class: Class,
    surveillance: Surveillance,
    verdict: Verdict,
    status: Status,
}

/// The network that a device stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Spot {
    site: Text,
    network: Text,
    network_kind: Option<NetworkKind>,
    vlan: Option<VlanId>,
}

/// A device as it is kept.
#[derive(Debug)]
struct Packed {
    id: DeviceId,
    ips: Addresses,
    since: Timestamp,
    gone: Moment,
    first_seen: Timestamp,
    appeared: Moment,
    make: Number<Make>,
    spot: Number<Spot>,
    serial: Text,
    hostname: Text,
    switch: Text,
    port: Text,
    if_index: Port,
    mac: Option<MacAddr>,
    certainty: Certainty,
    confidence: Confidence,
}

/// A device as it is looked at.
#[derive(Debug)]
struct Slot<'i> {
    id: DeviceId,
    ips: &'i Addresses,
    since: Timestamp,
    gone: Option<Timestamp>,
    first_seen: Timestamp,
    appeared: Option<Timestamp>,
    maker: Text,
    maker_name: Text,
    brand: Text,
    model: Text,
    firmware: Text,
    serial: Text,
    hostname: Text,
    site: Text,
    switch: Text,
    port: Text,
    network: Text,
    if_index: Option<u32>,
    vlan: Option<VlanId>,
    mac: Option<MacAddr>,
    network_kind: Option<NetworkKind>,
    class: Class,
    surveillance: Surveillance,
    verdict: Verdict,
    status: Status,
    certainty: Certainty,
    confidence: Confidence,
}

/// Every device, and when each was last seen.
#[derive(Debug, Default)]
pub struct Index {
    strings: Strings,
    makes: Shared<Make>,
    spots: Shared<Spot>,
    /// By id.
    slots: Vec<Packed>,
    /// Makers and brands that some device has or had.
    makers: BTreeSet<Text>,
    brands: BTreeSet<Text>,
    /// When targets were last seen whole.
    pub seen: Seen,
}

impl Index {
    /// How many devices it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Makes room for so many devices at once.
    pub fn reserve(&mut self, devices: usize) {
        self.slots.reserve_exact(devices.saturating_sub(self.slots.len()));
    }

    /// Makers that some device has or had.
    pub fn makers(&self) -> impl Iterator<Item = &str> {
        self.makers.iter().filter_map(|text| self.strings.get(*text))
    }

    /// Brands that some device has or had.
    pub fn brands(&self) -> impl Iterator<Item = &str> {
        self.brands.iter().filter_map(|text| self.strings.get(*text))
    }

    /// Takes a device in, or its new state.
    pub fn put(&mut self, row: &DeviceRow) {
        let slot = self.pack(row);
        // New devices have the highest id: most of the time this is the end.
        match self.slots.last() {
            Some(last) if last.id >= row.id => match self.slots.binary_search_by_key(&row.id, |slot| slot.id) {
                Ok(at) => {
                    if let Some(old) = self.slots.get_mut(at) {
                        *old = slot;
                    }
                }
                Err(at) => self.slots.insert(at, slot),
            },
            _ => self.slots.push(slot),
        }
    }

    /// A device is no more.
    pub fn remove(&mut self, id: DeviceId) {
        if let Ok(at) = self.slots.binary_search_by_key(&id, |slot| slot.id) {
            self.slots.remove(at);
        }
    }

    /// A device as a row, without what a register says of it: no list shows that.
    #[must_use]
    pub fn get(&self, id: DeviceId) -> Option<DeviceRow> {
        self.slot(id).map(|slot| self.row(&slot))
    }

    /// The devices whose place, or last place, is on a switch.
    #[must_use]
    pub fn on_switch(&self, switch: &TargetName) -> Vec<DeviceRow> {
        let Some(name) = self.strings.find(switch.as_str()) else { return Vec::new() };
        let on_it = self.slots.iter().filter(|slot| slot.switch == name);
        on_it.filter_map(|slot| Some(self.row(&self.unpack(slot)?))).collect()
    }

    fn pack(&mut self, row: &DeviceRow) -> Packed {
        let strings = &mut self.strings;
        let mut keep = |text: Option<&str>| text.map_or(Text::NONE, |text| strings.keep(text));
        let place = &row.place;
        let make = Make {
            maker: keep(row.maker.as_ref().map(MakerId::as_str)),
            maker_name: keep(Some(&row.maker_name)),
            brand: keep(row.brand.as_deref()),
            model: keep(Some(row.model.as_str())),
            firmware: keep(Some(row.firmware.as_str())),
            class: row.class,
            surveillance: row.surveillance,
            verdict: row.verdict,
            status: row.status,
        };
        let spot = Spot {
            site: keep(place.site.as_ref().map(SiteId::as_str)),
            network: keep(place.network.as_ref().map(NetworkId::as_str)),
            network_kind: place.network_kind,
            vlan: place.vlan,
        };
        self.makers.extend(Some(make.maker).filter(|maker| *maker != Text::NONE));
        self.brands.extend(Some(make.brand).filter(|brand| *brand != Text::NONE));
        Packed {
            id: row.id,
            ips: Addresses::new(&row.ips),
            since: place.since,
            gone: Moment::new(place.gone),
            first_seen: row.first_seen,
            appeared: Moment::new(row.appeared),
            make: self.makes.keep(make),
            spot: self.spots.keep(spot),
            serial: keep(Some(row.serial.as_str())),
            hostname: keep(row.hostname.as_ref().map(DeviceText::as_str)),
            switch: keep(place.switch.as_ref().map(TargetName::as_str)),
            port: keep(place.port.as_ref().map(PortName::as_str)),
            if_index: Port::new(place.if_index),
            mac: row.mac,
            certainty: place.certainty,
            confidence: place.confidence,
        }
    }

    fn slot(&self, id: DeviceId) -> Option<Slot<'_>> {
        let at = self.slots.binary_search_by_key(&id, |slot| slot.id).ok()?;
        self.slots.get(at).and_then(|slot| self.unpack(slot))
    }

    /// A device in full; there is always what it shares with others.
    fn unpack<'i>(&'i self, packed: &'i Packed) -> Option<Slot<'i>> {
        let Make { maker, maker_name, brand, model, firmware, class, surveillance, verdict, status } =
            *self.makes.get(packed.make)?;
        let Spot { site, network, network_kind, vlan } = *self.spots.get(packed.spot)?;
        let Packed { id, since, first_seen, serial, hostname, switch, port, mac, certainty, confidence, .. } = *packed;
        Some(Slot {
            id,
            ips: &packed.ips,
            since,
            gone: packed.gone.get(),
            first_seen,
            appeared: packed.appeared.get(),
            maker,
            maker_name,
            brand,
            model,
            firmware,
            serial,
            hostname,
            site,
            switch,
            port,
            network,
            if_index: packed.if_index.get(),
            vlan,
            mac,
            network_kind,
            class,
            surveillance,
            verdict,
            status,
            certainty,
            confidence,
        })
    }

    fn row(&self, slot: &Slot<'_>) -> DeviceRow {
        let text = |text: Text| self.strings.get(text);
        let device_text = |text: Text| DeviceText::new(self.strings.get(text).unwrap_or_default());
        let mut row = DeviceRow {
            id: slot.id,
            mac: slot.mac,
            ips: slot.ips.iter().collect(),
            class: slot.class,
            surveillance: slot.surveillance,
            maker: text(slot.maker).map(Into::into),
            maker_name: text(slot.maker_name).unwrap_or_default().to_owned(),
            verdict: slot.verdict,
            brand: text(slot.brand).map(str::to_owned),
            model: device_text(slot.model),
            firmware: device_text(slot.firmware),
            serial: device_text(slot.serial),
            hostname: text(slot.hostname).map(DeviceText::new),
            place: Place {
                switch: text(slot.switch).map(Into::into),
                port: text(slot.port).map(Into::into),
                if_index: slot.if_index,
                vlan: slot.vlan,
                network: text(slot.network).map(Into::into),
                network_kind: slot.network_kind,
                site: text(slot.site).map(Into::into),
                certainty: slot.certainty,
                confidence: slot.confidence,
                since: slot.since,
                gone: slot.gone,
                ..Place::default()
            },
            status: slot.status,
            first_seen: slot.first_seen,
            appeared: slot.appeared,
            last_seen: slot.first_seen,
            registered: None,
        };
        row.last_seen = self.seen.last_seen(&row);
        row
    }
}
