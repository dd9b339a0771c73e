//! Laying out an estate of a size from a seed.

use std::net::Ipv4Addr;
use std::sync::atomic::AtomicU32;
use std::sync::{Mutex, OnceLock};

use super::Size;
use super::estate::{Access, Attachment, Device, Estate, Host, Kind, Link, Make, Site, Switch, Unit, Zone};
use super::product::{Dialect, PRODUCTS, Product, product};
use super::random::Random;
use crate::net::MacAddr;

/// How many of everything.
struct Plan {
    sites: usize,
    /// Distribution switches a site, then access switches a site; the core comes on top. By site where few.
    switches: fn(usize) -> (usize, usize),
    devices: fn(usize) -> usize,
    cameras: fn(usize) -> usize,
    /// Cameras of the whole estate whose password is another one.
    strangers: usize,
}

fn plan(size: Size) -> Plan {
    match size {
        Size::Small => Plan {
            sites: 2,
            switches: |site| (0, 1 - site.min(1)),
            devices: |site| if site == 0 { 19 } else { 11 },
            cameras: |site| if site == 0 { 7 } else { 4 },
            strangers: 1,
        },
        Size::Campus => Plan { sites: 4, switches: |_| (2, 12), devices: |_| 750, cameras: |_| 150, strangers: 2 },
        Size::Ministry => {
            Plan { sites: 80, switches: |_| (4, 20), devices: |_| 1250, cameras: |site| 187 + site % 2, strangers: 2 }
        }
    }
}

/// What the first cameras of the first two sites are: each estate has every case, whatever its seed.
const CAST: [&[(&str, Zone)]; 2] = [
    &[
        ("DS-2CD2143G2-I", Zone::Core),
        ("P3245-LVE", Zone::Core),
        ("IPC-HFW2431S-S2", Zone::Surveillance),
        ("CMIP3C42W-28", Zone::Surveillance),
        ("IPC2124LR3-PF28M-D", Zone::Surveillance),
        ("FLEXIDOME IP starlight 8000i", Zone::Surveillance),
        ("M3106-L Mk II", Zone::Surveillance),
        ("I91BM", Zone::Surveillance),
        ("TC-C35XS", Zone::Surveillance),
        ("GX728MF-IR28", Zone::Surveillance),
        ("H4W2PER3", Zone::Core),
        ("IPC-model", Zone::Surveillance),
        ("XNV-6080R", Zone::Surveillance),
    ],
    &[
        ("DS-2DE4425IWG-E", Zone::Surveillance),
        ("H4W2PER3", Zone::Surveillance),
        ("XNV-6080R", Zone::Surveillance),
        ("TC-C35XS", Zone::Core),
        ("IP8M-2496E", Zone::Surveillance),
        ("IB9387-HT", Zone::Surveillance),
        ("Mx-M73A", Zone::Surveillance),
    ],
];

const NAMES: [&str; 10] =
    ["Headquarters", "Depot", "Annex", "Archive", "Laboratory", "Registry", "Barracks", "Court", "Exchange", "Mint"];
const LIMBS: [&str; 4] = ["secret-material", "vetted-staff", "ministers", "socpa-2005"];

impl Estate {
    /// The estate of this size and seed.
    pub(super) fn build(size: Size, seed: u64) -> Self {
        let mut builder = Builder { estate: Self::default(), random: Random::new(seed), serial: 0, strangers: 0 };
        let plan = plan(size);
        builder.strangers = plan.strangers;
        for site in 0..plan.sites {
            builder.site(site);
            let (distribution, access) = (plan.switches)(site);
            builder.tree(site, distribution, access);
            builder.populate(site, (plan.devices)(site), (plan.cameras)(site));
            if let Some(site) = builder.estate.sites.get_mut(site) {
                site.first_hosts = site.next_host;
            }
        }
        builder.estate
    }
}

/// An estate in the making.
struct Builder {
    estate: Estate,
    random: Random,
    /// Devices made so far: no two addresses alike.
    serial: u32,
    strangers: usize,
}

impl Builder {
    fn site(&mut self, index: usize) {
        // Sensitive and standard in turn.
        let basis = if index.is_multiple_of(2) { LIMBS.get(index / 2 % LIMBS.len()).copied() } else { None };
        let name = NAMES.get(index % NAMES.len()).copied().unwrap_or("Site");
        let round = index / NAMES.len();
        let name = if round == 0 { name.to_owned() } else { format!("{name} {}", round + 1) };
        self.estate.sites.push(Site {
            id: name.to_lowercase().replace(' ', "-"),
            name,
            basis,
            octet: u8::try_from(index + 1).unwrap_or(u8::MAX),
            vlan_base: u16::try_from(index % 4 * 10).unwrap_or(0),
            switches: Vec::new(),
            devices: Vec::new(),
            next_host: [0; 4],
            first_hosts: [0; 4],
        });
    }

    fn switch(&mut self, site: usize, name: &str, make: Make) -> usize {
        let index = self.estate.switches.len();
        let Some(home) = self.estate.sites.get_mut(site) else { return index };
        let host = u8::try_from(home.switches.len() + 1).unwrap_or(u8::MAX);
        let address = Ipv4Addr::new(127, home.octet, 1, host);
        let prefix = match make {
            Make::Cisco => [0x00, 0x1b, 0x54],
            Make::ProCurve => [0x94, 0x18, 0x82],
            Make::Arista => [0x00, 0x1c, 0x73],
            Make::DLink => [0x1c, 0x7e, 0xe5],
        };
        let [.., high, low] = u32::try_from(index).unwrap_or(0).to_be_bytes();
        self.estate.hosts.insert(address, Host::Switch(index));
        home.switches.push(index);
        self.estate.switches.push(Switch {
            name: format!("{}-{name}", home.id),
            site,
            address,
            make,
            mac: MacAddr([prefix[0], prefix[1], prefix[2], high, low, 0]),
            serial: self.random.text(11, b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"),
            ports: 52,
            lags: Vec::new(),
            uplink: None,
            downlinks: Vec::new(),
            router: host == 1,
            v3: index % 3 != 2,
            too_big: index % 7 == 1,
            silent: false,
            boots: 1 + u32::try_from(self.random.below(40)).unwrap_or(0),
            uptime: 86_400 + u32::try_from(self.random.below(20_000_000)).unwrap_or(0),
            mib: OnceLock::new(),
            engine: OnceLock::new(),
        });
        index
    }

    /// Core, distribution and access switches of a site, each hanging on one above it.
    fn tree(&mut self, site: usize, distribution: usize, access: usize) {
        let makes = [Make::Cisco, Make::Arista, Make::ProCurve];
        let core_make = makes.get(site % makes.len()).copied().unwrap_or(Make::Cisco);
        let core = self.switch(site, "core", core_make);
        let mut above = vec![core];
        for number in 1..=distribution {
            let make = self.random.pick(&makes).copied().unwrap_or(Make::Arista);
            let index = self.switch(site, &format!("dist{number}"), make);
            self.connect(core, index, true);
            above.push(index);
        }
        let parents: Vec<usize> = if distribution == 0 { vec![core] } else { above.split_off(1) };
        for number in 1..=access {
            // A minority tells no VLAN at all.
            let make = if number % 8 == 5 {
                Make::DLink
            } else {
                makes.get((number + site) % makes.len()).copied().unwrap_or(Make::ProCurve)
            };
            let index = self.switch(site, &format!("sw{number}"), make);
            let parent = parents.get(number % parents.len()).copied().unwrap_or(core);
            self.connect(parent, index, make != Make::DLink && number % 2 == 1);
        }
    }

    /// Links two switches: the upper one uses ports from its first, the lower one from its last.
    fn connect(&mut self, upper: usize, lower: usize, aggregate: bool) {
        let there = {
            let Some(switch) = self.estate.switches.get_mut(upper) else { return };
            let used: u16 =
                switch.downlinks.iter().map(|link| if matches!(link.here, Attachment::Lag(_)) { 2 } else { 1 }).sum();
            attach(switch, aggregate, used + 1)
        };
        let here = {
            let Some(switch) = self.estate.switches.get_mut(lower) else { return };
            let first = switch.ports - 1;
            attach(switch, aggregate, first)
        };
        if let Some(switch) = self.estate.switches.get_mut(upper) {
            switch.downlinks.push(Link { here: there, peer: lower, there: here });
        }
        if let Some(switch) = self.estate.switches.get_mut(lower) {
            switch.uplink = Some(Link { here, peer: upper, there });
        }
    }

    /// Puts a site's devices on its access switches; on its core where it has no others.
    fn populate(&mut self, site: usize, devices: usize, cameras: usize) {
        let Some(home) = self.estate.sites.get(site) else { return };
        let edge: Vec<usize> = home
            .switches
            .iter()
            .copied()
            .filter(|index| {
                self.estate
                    .switches
                    .get(*index)
                    .is_some_and(|switch| switch.downlinks.is_empty() || home.switches.len() < 4)
            })
            .collect();
        let mut ports: Vec<std::ops::Range<u16>> = edge
            .iter()
            .map(|index| {
                let taken = self.estate.switches.get(*index).is_some_and(|switch| !switch.downlinks.is_empty());
                if taken { 5..49 } else { 1..49 }
            })
            .collect();
        let recorders = 1 + devices / 500;
        let mut turn = 0;
        let mut place = |turn: &mut usize| {
            for _ in 0..edge.len() {
                let at = *turn % edge.len().max(1);
                *turn += 1;
                if let Some(port) = ports.get_mut(at).and_then(Iterator::next) {
                    return edge.get(at).map(|switch| (*switch, port));
                }
            }
            None
        };
        for number in 0..cameras {
            if let (Some((product, zone)), Some((switch, port))) = (self.cast(site, number), place(&mut turn)) {
                self.unit(site, switch, port, zone, product, number);
            }
        }
        for number in 0..recorders {
            let models = ["DS-7616NI-K2", "NVR4216-4KS2", "XRN-1620B1"];
            let model = models.get((site + number) % models.len()).copied().unwrap_or("XRN-1620B1");
            if let (Some(product), Some((switch, port))) = (product(model), place(&mut turn)) {
                self.unit(site, switch, port, Zone::Surveillance, product, usize::MAX);
            }
        }
        let mut left = devices.saturating_sub(cameras + recorders);
        while left > 0 {
            let Some((switch, port)) = place(&mut turn) else { break };
            if left >= 2 && self.random.percent(75) {
                // A telephone, and the computer of its desk behind it.
                self.plain(site, switch, port, Zone::Voice, Kind::Phone);
                self.plain(site, switch, port, Zone::Core, Kind::Computer);
                left -= 2;
            } else if self.random.percent(60) {
                self.plain(site, switch, port, Zone::Core, Kind::Computer);
                left -= 1;
            } else {
                self.plain(site, switch, port, Zone::Other, Kind::Printer);
                left -= 1;
            }
        }
    }

    /// Which product, and where it was put.
    fn cast(&mut self, site: usize, number: usize) -> Option<(&'static Product, Zone)> {
        if let Some((model, zone)) = CAST.get(site).and_then(|cast| cast.get(number)) {
            return Some((product(model)?, *zone));
        }
        let cameras: Vec<&'static Product> = PRODUCTS.iter().filter(|product| product.class == "camera").collect();
        let drawn = self.random.pick(&cameras).copied()?;
        // What nothing is known of is rare and stays where it belongs.
        let chosen = if drawn.maker.is_some() || self.random.percent(20) { drawn } else { product("P3245-LVE")? };
        let zone = if chosen.maker.is_some() && self.random.percent(2) { Zone::Core } else { Zone::Surveillance };
        Some((chosen, zone))
    }

    fn mac(&mut self, prefix: [u8; 3]) -> MacAddr {
        self.serial += 1;
        // An odd factor permutes the 24-bit numbers: no two alike, none in a row.
        let [_, d, e, f] = (self.serial.wrapping_mul(0x9e_3779) & 0xff_ffff).to_be_bytes();
        MacAddr([prefix[0], prefix[1], prefix[2], d, e, f])
    }

    fn unit(&mut self, site: usize, switch: usize, port: u16, zone: Zone, product: &'static Product, number: usize) {
        let mac = self.mac(product.prefix);
        let mut unit = make_unit(product, mac, &mut self.random);
        let scripted = CAST.get(site).is_some_and(|cast| number < cast.len());
        if scripted {
            // The cases everybody must get right stand in every estate.
            unit.discoverable = product.model != "M3106-L Mk II";
            unit.clock_offset = if product.dialect == Dialect::Uniview { -3 * 3600 } else { 0 };
            let stranger = ["DS-2DE4425IWG-E", "P3245-LVE"].contains(&product.model);
            if stranger && self.strangers > usize::from(site == 0) {
                self.strangers -= 1;
                unit.other_password = true;
                unit.access = Access::Digest;
            }
        }
        let device = Device { mac, ip: None, switch, port, vlan: 0, kind: Kind::Surveillance(Box::new(unit)) };
        self.estate.plug(site, zone, device);
    }

    fn plain(&mut self, site: usize, switch: usize, port: u16, zone: Zone, kind: Kind) {
        let prefix = match kind {
            Kind::Phone => [0x00, 0x04, 0xf2],
            Kind::Printer => [0x00, 0x17, 0xc8],
            _ => [0x18, 0x66, 0xda],
        };
        let mac = self.mac(prefix);
        let Some(home) = self.estate.sites.get(site) else { return };
        let number = home.devices.len();
        let net = match zone {
            Zone::Core => 16,
            Zone::Surveillance => 32,
            Zone::Voice => 48,
            Zone::Other => 64,
        };
        let octet = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
        let ip = Ipv4Addr::new(10, home.octet, octet(net + number / 250), octet(1 + number % 250));
        let vlan = home.vlan(zone);
        let device = Device { mac, ip: Some(ip), switch, port, vlan, kind };
        let index = self.estate.devices.len();
        self.estate.devices.push(device);
        if let Some(home) = self.estate.sites.get_mut(site) {
            home.devices.push(index);
        }
    }
}

/// A unit of a product, with everything about it drawn.
pub(super) fn make_unit(product: &'static Product, mac: MacAddr, random: &mut Random) -> Unit {
    let serial = product.serial(mac, random);
    let endpoint = product.endpoint(mac, random);
    let relabelled = product.maker.is_some_and(|maker| !product.manufacturer.eq_ignore_ascii_case(maker));
    let access = match product.dialect {
        // Under another's label the challenge is what gives the maker away.
        Dialect::Hikvision | Dialect::Dahua if relabelled => Access::Digest,
        Dialect::Hikvision | Dialect::Dahua | Dialect::Axis => {
            if random.percent(60) {
                Access::Digest
            } else {
                Access::Token
            }
        }
        Dialect::Bosch => {
            if random.percent(50) {
                Access::Anonymous
            } else {
                Access::Digest
            }
        }
        Dialect::Uniview => Access::Token,
        Dialect::Plain if product.maker.is_none() => Access::Anonymous,
        Dialect::Plain => {
            if random.percent(40) {
                Access::Digest
            } else {
                Access::Token
            }
        }
    };
    let hours = [-9, -5, 1, 7, 24 * 400].get(random.below(5)).copied().unwrap_or(0);
    Unit {
        product,
        serial,
        firmware: product.firmware.to_owned(),
        endpoint,
        access,
        other_password: false,
        clock_offset: if random.percent(4) { hours * 3600 } else { 0 },
        discoverable: !random.percent(3),
        services: !random.percent(10),
        appeared: false,
        refused: AtomicU32::new(0),
        nonces: Mutex::default(),
        challenge: AtomicU32::new(u32::try_from(random.below(1_000_000)).unwrap_or(0)),
    }
}

impl Estate {
    /// Plugs a device into a zone of a site: it gets the zone's VLAN and an address there.
    pub(super) fn plug(&mut self, site: usize, zone: Zone, mut device: Device) -> Option<usize> {
        let index = self.devices.len();
        let home = self.sites.get_mut(site)?;
        let address = home.take_address(zone)?;
        device.vlan = home.vlan(zone);
        device.ip = Some(address);
        home.devices.push(index);
        self.hosts.insert(address, Host::Device(index));
        self.devices.push(device);
        Some(index)
    }
}

/// Puts a link on a switch: a new aggregate of two ports, or one port.
fn attach(switch: &mut Switch, aggregate: bool, first: u16) -> Attachment {
    if !aggregate {
        return Attachment::Port(first);
    }
    switch.lags.push([first, first + 1]);
    Attachment::Lag(u16::try_from(switch.lags.len()).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn an_estate_has_exactly_what_its_size_says() {
        for (size, switches, devices, cameras) in
            [(Size::Small, 3, 30, 11), (Size::Campus, 60, 3000, 600), (Size::Ministry, 2000, 100_000, 15_000)]
        {
            let estate = Estate::build(size, 42);
            let units: Vec<&Unit> = estate.devices.iter().filter_map(Device::unit).collect();
            assert_eq!((estate.switches.len(), estate.devices.len()), (switches, devices), "{size:?}");
            assert_eq!(units.iter().filter(|unit| unit.product.class == "camera").count(), cameras, "{size:?}");
            let strangers = units.iter().filter(|unit| unit.other_password).count();
            assert!((1..=2).contains(&strangers), "a third refusal would stop the credential everywhere");
            let macs: HashSet<MacAddr> = estate.devices.iter().map(|device| device.mac).collect();
            assert_eq!(macs.len(), devices, "{size:?}");
        }
    }

    #[test]
    fn a_port_holds_one_device_or_a_telephone_and_its_computer() {
        let estate = Estate::build(Size::Campus, 7);
        let mut ports: std::collections::BTreeMap<(usize, u16), Vec<&Device>> = std::collections::BTreeMap::new();
        for device in &estate.devices {
            ports.entry((device.switch, device.port)).or_default().push(device);
        }
        for ((switch, port), devices) in ports {
            assert!((1..=48).contains(&port));
            let switch = &estate.switches[switch];
            let used = switch.uplink.iter().chain(&switch.downlinks).any(|link| link.here == Attachment::Port(port));
            assert!(!used && !switch.lags.iter().flatten().any(|member| *member == port), "{} {port}", switch.name);
            assert!(devices.len() == 1 || (devices.len() == 2 && matches!(devices[0].kind, Kind::Phone)));
        }
    }
}
