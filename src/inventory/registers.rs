//! Which devices the registers speak of: by MAC address, else serial number, address, name. What could be one of
//! several is told, never guessed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Device;
use crate::config::register::{Entry, Register};
use crate::net::{DeviceId, DeviceText, MacAddr, SiteId};

/// By what an entry and a device are the same; the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// MAC address.
    Mac,
    /// Serial number.
    Serial,
    /// An address of layer 3.
    Address,
    /// Name.
    Name,
}

impl By {
    /// For a person.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Mac => "MAC address",
            Self::Serial => "serial number",
            Self::Address => "IP address",
            Self::Name => "name",
        }
    }
}

/// Whether a register's entry was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// No device ever had what it goes by.
    Never,
    /// This one.
    Seen(DeviceId, By),
    /// It is one of these, or one of these is another entry as well: the register does not tell which.
    Ambiguous(Vec<DeviceId>, By),
}

/// Whether a device is in the register of its site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing<'a> {
    /// No register speaks of its site.
    NoRegister,
    /// An entry is it.
    Listed,
    /// An entry may be it.
    Unsure,
    /// This register speaks of its site and lists nothing that is it.
    Missing(&'a Register),
}

/// What a register says of when a device was installed: its statement, and nothing anybody observed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// What the register is called.
    pub register: String,
    /// The day.
    pub installed: Date,
}

/// Why a device may be an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Claim {
    by: By,
    /// It is no other entry of the register as well.
    alone: bool,
}

/// What of the registers has another answer than before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Entries, by their number.
    pub entries: BTreeSet<usize>,
    /// Devices beside the one that was looked at.
    pub devices: BTreeSet<DeviceId>,
}

/// All registers, with the devices their entries are.
#[derive(Debug, Clone, Default)]
pub struct Registers {
    registers: Vec<Register>,
    /// Every entry: its register, its place there.
    entries: Vec<(usize, usize)>,
    by_mac: BTreeMap<MacAddr, Vec<usize>>,
    by_serial: BTreeMap<String, Vec<usize>>,
    by_address: BTreeMap<IpAddr, Vec<usize>>,
    by_name: BTreeMap<String, Vec<usize>>,
    claims: BTreeMap<usize, BTreeMap<DeviceId, Claim>>,
    claimed: BTreeMap<DeviceId, BTreeMap<usize, Claim>>,
}

fn plain(text: &DeviceText) -> String {
    text.as_str().to_lowercase()
}

fn serial_of(device: &Device) -> Option<String> {
    let said = device.facts.said().map(|(information, _)| plain(&information.serial));
    said.filter(|serial| !serial.is_empty())
}

impl Registers {
    /// These registers, before any device is looked at.
    #[must_use]
    pub fn new(registers: Vec<Register>) -> Self {
        let mut all = Self::default();
        for (register, entries) in registers.iter().map(|register| &register.entries).enumerate() {
            for (place, entry) in entries.iter().enumerate() {
                let number = all.entries.len();
                all.entries.push((register, place));
                if let Some(mac) = entry.mac {
                    all.by_mac.entry(mac).or_default().push(number);
                }
                if let Some(serial) = &entry.serial {
                    all.by_serial.entry(plain(serial)).or_default().push(number);
                }
                for ip in &entry.ips {
                    all.by_address.entry(*ip).or_default().push(number);
                }
                if let Some(name) = &entry.name {
                    all.by_name.entry(plain(name)).or_default().push(number);
                }
            }
        }
        all.registers = registers;
        all
    }

    /// The registers.
    #[must_use]
    pub fn registers(&self) -> &[Register] {
        &self.registers
    }

    /// An entry with its register.
    #[must_use]
    pub fn entry(&self, number: usize) -> Option<(&Register, &Entry)> {
        let (register, place) = self.entries.get(number)?;
        let register = self.registers.get(*register)?;
        Some((register, register.entries.get(*place)?))
    }

    /// Numbers of all entries.
    #[must_use]
    pub fn numbers(&self) -> std::ops::Range<usize> {
        0..self.entries.len()
    }

    /// Entries that a device may be: in each register by the surest mark that fits any. An entry whose surer mark is
    /// another's is another.
    fn candidates(&self, device: &Device) -> BTreeMap<usize, Claim> {
        let serial = serial_of(device);
        let marks = [
            (By::Mac, device.mac.iter().filter_map(|mac| self.by_mac.get(mac)).flatten().copied().collect::<Vec<_>>()),
            (By::Serial, serial.iter().filter_map(|serial| self.by_serial.get(serial)).flatten().copied().collect()),
            (By::Address, device.ips.iter().filter_map(|ip| self.by_address.get(ip)).flatten().copied().collect()),
            (
                By::Name,
                device.hostname.iter().filter_map(|name| self.by_name.get(&plain(name))).flatten().copied().collect(),
            ),
        ];
        let is_another = |entry: &Entry, by: By| {
            let other_mac = by > By::Mac && entry.mac.zip(device.mac).is_some_and(|(one, other)| one != other);
            let listed = entry.serial.as_ref().map(plain);
            let other_serial =
                by > By::Serial && listed.as_ref().zip(serial.as_ref()).is_some_and(|(one, other)| one != other);
            other_mac || other_serial
        };
        let mut found: BTreeMap<usize, (By, BTreeSet<usize>)> = BTreeMap::new();
        for (by, numbers) in marks {
            for number in numbers {
                let Some((register, _)) = self.entries.get(number) else { continue };
                if self.entry(number).is_none_or(|(_, entry)| is_another(entry, by)) {
                    continue;
                }
                let (surest, entries) = found.entry(*register).or_insert_with(|| (by, BTreeSet::new()));
                if *surest == by {
                    entries.insert(number);
                }
            }
        }
        let claims = found.into_values().flat_map(|(by, entries)| {
            let alone = entries.len() == 1;
            entries.into_iter().map(move |number| (number, Claim { by, alone }))
        });
        claims.collect()
    }

    /// Looks a device up anew; `None`: it is no more. Returns what has another answer now.
    pub fn look(&mut self, id: DeviceId, device: Option<&Device>) -> Touched {
        let now = device.map(|device| self.candidates(device)).unwrap_or_default();
        let before = self.claimed.get(&id).cloned().unwrap_or_default();
        if now == before {
            return Touched::default();
        }
        let entries: BTreeSet<usize> = before.keys().chain(now.keys()).copied().collect();
        for number in &entries {
            let claims = self.claims.entry(*number).or_default();
            match now.get(number) {
                Some(claim) => claims.insert(id, *claim),
                None => claims.remove(&id),
            };
        }
        let others = entries.iter().filter_map(|number| self.claims.get(number)).flat_map(BTreeMap::keys);
        let devices = others.copied().filter(|other| *other != id).collect();
        if now.is_empty() {
            self.claimed.remove(&id)
        } else {
            self.claimed.insert(id, now)
        };
        Touched { entries, devices }
    }

    /// Whether an entry may be this device.
    #[must_use]
    pub fn may_list(&self, id: DeviceId) -> bool {
        self.claimed.contains_key(&id)
    }

    /// Whether an entry was seen.
    #[must_use]
    pub fn sighting(&self, number: usize) -> Sighting {
        let claims = self.claims.get(&number);
        let Some(by) = claims.and_then(|claims| claims.values().map(|claim| claim.by).min()) else {
            return Sighting::Never;
        };
        let surest: Vec<(DeviceId, bool)> = (claims.into_iter().flatten())
            .filter(|(_, claim)| claim.by == by)
            .map(|(id, claim)| (*id, claim.alone))
            .collect();
        match surest.as_slice() {
            [(id, true)] => Sighting::Seen(*id, by),
            several => Sighting::Ambiguous(several.iter().map(|(id, _)| *id).collect(), by),
        }
    }

    /// What registers say of when a device was installed; where several do, the latest day: that is the one to answer
    /// for. Nothing where it is not sure that an entry is this device.
    #[must_use]
    pub fn installed(&self, id: DeviceId) -> Option<Registered> {
        let mine = |number: &&usize| matches!(self.sighting(**number), Sighting::Seen(seen, _) if seen == id);
        let said = self.claimed.get(&id)?.keys().filter(mine).filter_map(|number| {
            let (register, entry) = self.entry(*number)?;
            Some(Registered { register: register.name.clone(), installed: entry.installed? })
        });
        said.max_by_key(|said| said.installed)
    }

    /// Whether a device is in the register of its site.
    #[must_use]
    pub fn listing(&self, device: &Device) -> Listing<'_> {
        let mut unsure = false;
        for number in self.claimed.get(&device.id).into_iter().flat_map(BTreeMap::keys) {
            match self.sighting(*number) {
                Sighting::Seen(id, _) if id == device.id => return Listing::Listed,
                Sighting::Ambiguous(ids, _) => unsure |= ids.contains(&device.id),
                Sighting::Seen(..) | Sighting::Never => {}
            }
        }
        let speaks =
            |register: &&Register| device.place.site.as_ref().is_some_and(|site| register.sites.contains(site));
        match self.registers.iter().find(speaks) {
            _ if unsure => Listing::Unsure,
            Some(register) => Listing::Missing(register),
            None => Listing::NoRegister,
        }
    }

    /// Entries of each site that registers speak of.
    #[must_use]
    pub fn by_site(&self) -> BTreeMap<&SiteId, Vec<usize>> {
        let mut sites: BTreeMap<&SiteId, Vec<usize>> = BTreeMap::new();
        for site in self.registers.iter().flat_map(|register| &register.sites) {
            sites.entry(site).or_default();
        }
        for number in self.numbers() {
            if let Some(site) = self.entry(number).and_then(|(_, entry)| entry.site.as_ref()) {
                sites.entry(site).or_default().push(number);
            }
        }
        sites
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Place;
    use crate::net::{EntryId, Timestamp};
    use crate::observation::DeviceInformation;

    fn entry(key: &str, mac: &str, serial: &str, ip: &str, name: &str) -> Entry {
        Entry {
            id: EntryId { register: "estates".into(), key: key.into() },
            line: 2,
            mac: mac.parse().ok(),
            serial: DeviceText::new(serial).non_empty(),
            ips: ip.parse().into_iter().collect(),
            name: DeviceText::new(name).non_empty(),
            site: Some("hq".into()),
            what: DeviceText::default(),
            installed: None,
        }
    }

    fn device(id: u64, mac: &str, serial: &str, ip: &str, name: &str) -> Device {
        let mut device = Device::new(DeviceId(id), mac.parse().ok(), Timestamp(1), None);
        device.ips = ip.parse().into_iter().collect();
        device.hostname = DeviceText::new(name).non_empty();
        let information = DeviceInformation { serial: serial.into(), ..DeviceInformation::default() };
        device.facts.information = Some((information, Timestamp(1)));
        device.place = Place { site: Some("hq".into()), ..Place::default() };
        device
    }

    fn registers(entries: Vec<Entry>) -> Registers {
        let sites = ["hq".into()].into();
        Registers::new(vec![Register { name: "estates".into(), sites, entries, ..Register::default() }])
    }

    const MAC: &str = "44:19:b6:00:00:01";
    const OTHER: &str = "44:19:b6:00:00:02";

    #[test]
    fn the_surest_mark_counts_and_a_contradicted_one_does_not() {
        let mut all = registers(vec![entry("A1", MAC, "S1", "10.1.0.7", "lobby")]);
        let cases = [
            (device(1, MAC, "S9", "", ""), Sighting::Seen(DeviceId(1), By::Mac)),
            (device(1, "", "s1", "", ""), Sighting::Seen(DeviceId(1), By::Serial)),
            (device(1, "", "", "10.1.0.7", ""), Sighting::Seen(DeviceId(1), By::Address)),
            (device(1, "", "", "", "Lobby"), Sighting::Seen(DeviceId(1), By::Name)),
            // Another device has come to its address, or bears its name.
            (device(1, OTHER, "", "10.1.0.7", "lobby"), Sighting::Never),
            (device(1, "", "S2", "10.1.0.7", "lobby"), Sighting::Never),
        ];
        for (device, expected) in cases {
            all.look(device.id, Some(&device));
            assert_eq!(all.sighting(0), expected, "{device:?}");
            let listed = matches!(expected, Sighting::Seen(..));
            assert_eq!(all.listing(&device) == Listing::Listed, listed);
        }
    }

    #[test]
    fn a_day_is_said_of_a_device_that_an_entry_surely_is_and_of_several_days_the_latest() {
        let day = |text: &str| text.parse().ok();
        let one = Entry { installed: day("2019-05-31"), ..entry("A1", MAC, "", "", "") };
        let other = Entry { installed: day("2023-01-01"), ..entry("B7", "", "", "10.1.0.7", "") };
        let mut all = Registers::new(
            [("estates", one.clone()), ("contractor", other)]
                .map(|(name, entry)| Register { name: name.into(), entries: vec![entry], ..Register::default() })
                .into(),
        );
        let device = device(1, MAC, "", "10.1.0.7", "");
        all.look(device.id, Some(&device));
        let said = all.installed(device.id).unwrap();
        assert_eq!((said.register.as_str(), Some(said.installed)), ("contractor", day("2023-01-01")));
        let mut twice = registers(vec![one, Entry { installed: day("2020-01-01"), ..entry("A2", MAC, "", "", "") }]);
        twice.look(device.id, Some(&device));
        assert_eq!(twice.installed(device.id), None, "it may be either");
    }

    #[test]
    fn what_could_be_several_is_nobody_s_and_no_accusation() {
        let mut all = registers(vec![entry("A1", "", "", "10.1.0.7", ""), entry("A2", "", "", "10.1.0.7", "")]);
        let one = device(1, MAC, "", "10.1.0.7", "");
        assert_eq!(all.look(one.id, Some(&one)).entries, [0, 1].into());
        assert_eq!(all.sighting(0), Sighting::Ambiguous(vec![DeviceId(1)], By::Address));
        assert_eq!(all.listing(&one), Listing::Unsure);

        let mut all = registers(vec![entry("A1", "", "", "", "cam")]);
        let (one, two) = (device(1, MAC, "", "", "cam"), device(2, OTHER, "", "", "cam"));
        all.look(one.id, Some(&one));
        assert_eq!(all.listing(&one), Listing::Listed);
        let touched = all.look(two.id, Some(&two));
        assert_eq!(
            (touched.entries, touched.devices),
            ([0].into(), [one.id].into()),
            "who was it before is asked anew"
        );
        assert_eq!((all.listing(&one), all.listing(&two)), (Listing::Unsure, Listing::Unsure));
        assert_eq!(all.look(two.id, Some(&two)), Touched::default(), "nothing changed");
        all.look(two.id, None);
        assert_eq!((all.sighting(0), all.listing(&one)), (Sighting::Seen(one.id, By::Name), Listing::Listed));
    }

    #[test]
    fn who_had_only_the_address_gives_way_to_who_has_the_mac_address() {
        let mut all = registers(vec![entry("A1", MAC, "", "10.1.0.7", "")]);
        let guest = device(1, "", "", "10.1.0.7", "");
        all.look(guest.id, Some(&guest));
        assert_eq!(all.sighting(0), Sighting::Seen(guest.id, By::Address));
        let own = device(2, MAC, "", "", "");
        assert_eq!(all.look(own.id, Some(&own)).devices, [guest.id].into());
        assert_eq!(all.sighting(0), Sighting::Seen(own.id, By::Mac));
        assert!(matches!(all.listing(&guest), Listing::Missing(register) if register.name == "estates"));
        let elsewhere = Device { place: Place::default(), ..guest };
        assert_eq!(all.listing(&elsewhere), Listing::NoRegister, "its site is in no register");
    }
}
