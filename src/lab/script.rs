//! What happens in the estate while it is watched: a fixed opening, then chance.

use std::net::Ipv4Addr;

use super::build::make_unit;
use super::estate::{Device, Estate, Host, Kind, Make, Zone};
use super::product::product;
use super::random::Random;
use crate::net::MacAddr;

/// The things that can happen.
#[derive(Debug, Clone, Copy)]
enum Event {
    PluggedIntoCore,
    Moved,
    SwitchSilent,
    Rogue,
    SwitchBack,
    Firmware,
    Readdressed,
}

const OPENING: [Event; 7] = [
    Event::PluggedIntoCore,
    Event::Moved,
    Event::SwitchSilent,
    Event::Rogue,
    Event::SwitchBack,
    Event::Firmware,
    Event::Readdressed,
];

/// Tries before an event is given up: an estate that is full stays as it is.
const TRIES: usize = 200;

/// The story so far.
#[derive(Debug)]
pub(super) struct Script {
    random: Random,
    steps: usize,
    /// Devices that appeared, for addresses of their own.
    appeared: u16,
}

/// What an event did that concerns the sockets.
#[derive(Debug, Default)]
pub(super) struct Effect {
    /// An address where a camera answers from now on.
    pub(super) opened: Option<Ipv4Addr>,
}

impl Script {
    /// The story of this seed.
    pub(super) fn new(seed: u64) -> Self {
        Self { random: Random::new(seed ^ 0x5354_4550), steps: 0, appeared: 0 }
    }

    /// Lets the next thing happen.
    pub(super) fn step(&mut self, estate: &mut Estate) -> (String, Effect) {
        let scripted = OPENING.get(self.steps).copied();
        self.steps += 1;
        let event = scripted.or_else(|| self.random.pick(&OPENING).copied()).unwrap_or(Event::Firmware);
        let done = match event {
            Event::PluggedIntoCore => {
                self.appear(estate, "DS-2CD2143G2-I", Zone::Core, true, "plugged into a core port")
            }
            Event::Rogue => self.appear(estate, "CMIP3C42W-28", Zone::Other, false, "appeared on the office network"),
            Event::Moved => self.moved(estate).map(|text| (text, Effect::default())),
            Event::SwitchSilent => self.silence(estate).map(|text| (text, Effect::default())),
            Event::SwitchBack => back(estate).map(|text| (text, Effect::default())),
            Event::Firmware => self.firmware(estate).map(|text| (text, Effect::default())),
            Event::Readdressed => self.readdress(estate),
        };
        done.unwrap_or_else(|| ("a quiet moment: nothing changed".to_owned(), Effect::default()))
    }

    /// A port nothing is plugged into, on an access switch that answers and tells VLANs.
    fn free_port(&mut self, estate: &Estate, site: usize, not_on: Option<usize>) -> Option<(usize, u16)> {
        let switches = &estate.sites.get(site)?.switches;
        for _ in 0..TRIES {
            let at = *self.random.pick(switches)?;
            let switch = estate.switches.get(at)?;
            let edge = switch.downlinks.is_empty() || switches.len() < 4;
            if switch.silent || switch.make == Make::DLink || !edge || Some(at) == not_on {
                continue;
            }
            let port = 9 + u16::try_from(self.random.below(40)).unwrap_or(0);
            if !estate.devices.iter().any(|device| device.switch == at && device.port == port) {
                return Some((at, port));
            }
        }
        None
    }

    fn appear(
        &mut self,
        estate: &mut Estate,
        model: &str,
        zone: Zone,
        sensitive: bool,
        what: &str,
    ) -> Option<(String, Effect)> {
        let product = product(model)?;
        // Only where the block of addresses that is swept still has room.
        let sites: Vec<usize> = (0..estate.sites.len())
            .filter(|site| {
                estate.sites.get(*site).is_some_and(|site| site.basis.is_some() == sensitive && site.has_room(zone))
            })
            .collect();
        let site =
            if self.steps <= OPENING.len() { sites.first().copied() } else { self.random.pick(&sites).copied() }?;
        let (switch, port) = self.free_port(estate, site, None)?;
        self.appeared += 1;
        let [high, low] = self.appeared.to_be_bytes();
        // Numbers the estate's own devices do not have: see the check.
        let mac = MacAddr([product.prefix[0], product.prefix[1], product.prefix[2], 0xfe, high, low]);
        if estate.devices.iter().any(|device| device.mac == mac) {
            return None;
        }
        let mut unit = make_unit(product, mac, &mut self.random);
        (unit.appeared, unit.discoverable) = (true, true);
        let device = Device { mac, ip: None, switch, port, vlan: 0, kind: Kind::Surveillance(Box::new(unit)) };
        let index = estate.plug(site, zone, device)?;
        estate.invalidate(site);
        let address = estate.devices.get(index).and_then(|device| device.ip);
        let (switch, port) = (estate.switches.get(switch)?, port);
        let text = format!(
            "{} {model} {mac} {what}: {} port {}",
            product.manufacturer,
            switch.name,
            switch.make.port_name(super::estate::Attachment::Port(port))
        );
        Some((text, Effect { opened: address }))
    }

    /// A camera that no rule restricts goes to a port of another switch, or of the same one where there is no other.
    fn moved(&mut self, estate: &mut Estate) -> Option<String> {
        for _ in 0..TRIES {
            let at = self.random.below(estate.devices.len());
            let device = estate.devices.get(at)?;
            let home = estate.switches.get(device.switch)?;
            let fit = device.unit().is_some_and(|unit| !unit.product.restricted() && unit.product.class == "camera");
            if !fit || home.silent || home.make == Make::DLink {
                continue;
            }
            let (from, site) = (device.switch, home.site);
            let elsewhere = self.free_port(estate, site, Some(from));
            let Some((switch, port)) = elsewhere.or_else(|| self.free_port(estate, site, None)) else { continue };
            let device = estate.devices.get_mut(at)?;
            (device.switch, device.port) = (switch, port);
            let mac = device.mac;
            estate.invalidate(site);
            let (from, to) = (estate.switches.get(from)?, estate.switches.get(switch)?);
            let name = to.make.port_name(super::estate::Attachment::Port(port));
            return Some(format!("camera {mac} moved from {} to {} port {name}", from.name, to.name));
        }
        None
    }

    fn silence(&mut self, estate: &mut Estate) -> Option<String> {
        for _ in 0..TRIES {
            let at = self.random.below(estate.switches.len());
            let switch = estate.switches.get_mut(at)?;
            if !switch.silent && !switch.router {
                switch.silent = true;
                return Some(format!("switch {} stopped answering", switch.name));
            }
        }
        None
    }

    /// A camera gets another address of its network, as a DHCP server may give it one.
    fn readdress(&mut self, estate: &mut Estate) -> Option<(String, Effect)> {
        for _ in 0..TRIES {
            let at = self.random.below(estate.devices.len());
            let device = estate.devices.get_mut(at)?;
            let site = estate.switches.get(device.switch)?.site;
            let home = estate.sites.get_mut(site)?;
            let zone = home.zone(device.vlan);
            let (Some(before), Some(_), true) = (device.ip, device.unit(), home.has_room(zone)) else { continue };
            let now = home.take_address(zone)?;
            device.ip = Some(now);
            let text = format!("camera {} has another address: {now}, before {before}", device.mac);
            estate.hosts.remove(&before);
            estate.hosts.insert(now, Host::Device(at));
            estate.invalidate(site);
            return Some((text, Effect { opened: Some(now) }));
        }
        None
    }

    fn firmware(&mut self, estate: &mut Estate) -> Option<String> {
        for _ in 0..TRIES {
            let at = self.random.below(estate.devices.len());
            let device = estate.devices.get_mut(at)?;
            let mac = device.mac;
            if let Kind::Surveillance(unit) = &mut device.kind
                && unit.firmware != unit.product.newer
            {
                unit.product.newer.clone_into(&mut unit.firmware);
                let text =
                    format!("{} {} {mac} now runs {}", unit.product.manufacturer, unit.product.model, unit.firmware);
                // Axis says its firmware over LLDP too.
                let site = estate.switches.get(device.switch).map(|switch| switch.site)?;
                estate.invalidate(site);
                return Some(text);
            }
        }
        None
    }
}

fn back(estate: &mut Estate) -> Option<String> {
    let switch = estate.switches.iter_mut().find(|switch| switch.silent)?;
    switch.silent = false;
    Some(format!("switch {} answers again", switch.name))
}

impl Estate {
    /// Addresses where cameras answer.
    pub(super) fn camera_addresses(&self) -> Vec<Ipv4Addr> {
        let mut addresses: Vec<Ipv4Addr> = self
            .hosts
            .iter()
            .filter(|(_, host)| matches!(host, Host::Device(_)))
            .map(|(address, _)| *address)
            .collect();
        addresses.sort();
        addresses
    }
}
