//! What the simulated estate is: sites, switches and how they hang together, devices and where they are plugged in.

use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::engine::Engine;
use super::mib::Mib;
use super::product::Product;
use super::{TrueDevice, Truth};
use crate::net::{MacAddr, VlanId};

/// Addresses kept free in each block for what may yet appear there.
pub(super) const SPARE_HOSTS: u8 = 4;

/// A kind of network at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Zone {
    /// Staff and servers: no surveillance equipment belongs here.
    Core,
    /// Where surveillance equipment belongs.
    Surveillance,
    /// Telephones.
    Voice,
    /// Printers and visitors.
    Other,
}

/// One site.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) id: String,
    pub(super) name: String,
    /// The published limb that makes it sensitive; `None` for a standard site.
    pub(super) basis: Option<&'static str>,
    /// Second octet of all its addresses.
    pub(super) octet: u8,
    /// Its VLANs are numbered from here, so that a number means something else next door.
    pub(super) vlan_base: u16,
    /// Its switches; the first is the core and the router.
    pub(super) switches: Vec<usize>,
    /// Its devices.
    pub(super) devices: Vec<usize>,
    /// Camera addresses given out, in the order of the zones.
    pub(super) next_host: [u8; 4],
    /// The same when the estate was laid out: what its address blocks were measured by.
    pub(super) first_hosts: [u8; 4],
}

impl Site {
    /// The VLAN of a zone.
    pub(super) fn vlan(&self, zone: Zone) -> u16 {
        self.vlan_base
            + match zone {
                Zone::Core => 10,
                Zone::Surveillance => 20,
                Zone::Voice => 30,
                Zone::Other => 40,
            }
    }

    /// The VLAN switches are managed in.
    pub(super) fn management(&self) -> u16 {
        self.vlan_base + 1
    }

    /// Every VLAN with its name and zone; management belongs to the core.
    pub(super) fn vlans(&self) -> [(u16, &'static str, Zone); 5] {
        [
            (self.management(), "management", Zone::Core),
            (self.vlan(Zone::Core), "staff", Zone::Core),
            (self.vlan(Zone::Surveillance), "cctv", Zone::Surveillance),
            (self.vlan(Zone::Voice), "voice", Zone::Voice),
            (self.vlan(Zone::Other), "print", Zone::Other),
        ]
    }

    /// The zone of a VLAN.
    pub(super) fn zone(&self, vlan: u16) -> Zone {
        self.vlans().iter().find(|(number, ..)| *number == vlan).map_or(Zone::Other, |(_, _, zone)| *zone)
    }

    /// Third octet of the loopback addresses that cameras of a zone have.
    pub(super) fn camera_octet(zone: Zone) -> u8 {
        match zone {
            Zone::Core => 10,
            Zone::Surveillance => 20,
            Zone::Voice => 30,
            Zone::Other => 40,
        }
    }

    /// Whether a zone's address block has room for one more.
    pub(super) fn has_room(&self, zone: Zone) -> bool {
        let at = |hosts: &[u8; 4]| hosts.get(zone as usize).copied().unwrap_or(u8::MAX);
        at(&self.next_host) < at(&self.first_hosts).saturating_add(SPARE_HOSTS)
    }

    /// The next free camera address in a zone.
    pub(super) fn take_address(&mut self, zone: Zone) -> Option<Ipv4Addr> {
        let next = self.next_host.get_mut(zone as usize)?;
        *next = next.checked_add(1).filter(|host| *host < 255)?;
        Some(Ipv4Addr::new(127, self.octet, Self::camera_octet(zone), *next))
    }
}

/// What kind of box a switch is: how it numbers and names things, which tables it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Make {
    /// ifIndex = base port, both bridge tables, CDP and LLDP.
    Cisco,
    /// Numbered ports, filtering database ids that are not VLANs.
    ProCurve,
    /// Base ports that are not ifIndexes, VLAN-aware table only, LLDP ports numbered in a third way.
    Arista,
    /// BRIDGE-MIB alone: it cannot tell a VLAN.
    DLink,
}

/// Where something hangs on a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attachment {
    /// A physical port, from 1.
    Port(u16),
    /// An aggregate, from 1.
    Lag(u16),
}

impl Make {
    /// ifIndex of a port or aggregate.
    pub(super) fn if_index(self, at: Attachment) -> u32 {
        match (self, at) {
            (_, Attachment::Port(port)) => u32::from(port),
            (Self::Cisco, Attachment::Lag(lag)) => 999 + u32::from(lag),
            (Self::ProCurve, Attachment::Lag(lag)) => 288 + u32::from(lag),
            (_, Attachment::Lag(lag)) => 1_000_000 + u32::from(lag),
        }
    }

    /// dot1dBasePort of a port or aggregate.
    pub(super) fn base_port(self, at: Attachment) -> u32 {
        match (self, at) {
            (Self::Arista, Attachment::Port(port)) => 200 + u32::from(port),
            (Self::Arista, Attachment::Lag(lag)) => 400 + u32::from(lag),
            _ => self.if_index(at),
        }
    }

    /// lldpLocPortNum of a port.
    pub(super) fn lldp_port(self, port: u16) -> u32 {
        if self == Self::Arista { 500 + u32::from(port) } else { u32::from(port) }
    }

    /// ifName of a port or aggregate.
    pub(super) fn port_name(self, at: Attachment) -> String {
        match (self, at) {
            (Self::Cisco, Attachment::Port(port)) => format!("gi{port}"),
            (Self::Cisco, Attachment::Lag(lag)) => format!("Po{lag}"),
            (Self::ProCurve, Attachment::Port(port)) => port.to_string(),
            (Self::ProCurve, Attachment::Lag(lag)) => format!("Trk{lag}"),
            (Self::Arista, Attachment::Port(port)) => format!("Ethernet{port}"),
            (Self::Arista, Attachment::Lag(lag)) => format!("Port-Channel{lag}"),
            (Self::DLink, Attachment::Port(port)) => format!("1/{port}"),
            (Self::DLink, Attachment::Lag(lag)) => format!("T{lag}"),
        }
    }
}

/// A link to another switch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    /// Where it leaves this switch.
    pub(super) here: Attachment,
    /// The switch at its other end.
    pub(super) peer: usize,
    /// Where it arrives there.
    pub(super) there: Attachment,
}

/// One switch.
#[derive(Debug)]
pub(super) struct Switch {
    pub(super) name: String,
    pub(super) site: usize,
    pub(super) address: Ipv4Addr,
    pub(super) make: Make,
    pub(super) mac: MacAddr,
    pub(super) serial: String,
    /// Physical ports, from 1.
    pub(super) ports: u16,
    /// Members of each aggregate.
    pub(super) lags: Vec<[u16; 2]>,
    /// Towards the core; `None` for the core itself.
    pub(super) uplink: Option<Link>,
    /// Away from the core.
    pub(super) downlinks: Vec<Link>,
    /// Routes, and so knows which address has which MAC.
    pub(super) router: bool,
    /// Polled with SNMPv3; v2c if not.
    pub(super) v3: bool,
    /// Answers tooBig where others give fewer rows.
    pub(super) too_big: bool,
    /// Answers nothing at present.
    pub(super) silent: bool,
    /// snmpEngineBoots.
    pub(super) boots: u32,
    /// Seconds it had been up when the lab started.
    pub(super) uptime: u32,
    /// Its tables, built when first asked for.
    pub(super) mib: OnceLock<Mib>,
    /// Its SNMPv3 engine, likewise.
    pub(super) engine: OnceLock<Option<Engine>>,
}

impl Switch {
    /// Its own MAC address on a port.
    pub(super) fn port_mac(&self, port: u16) -> MacAddr {
        let [a, b, c, d, e, f] = self.mac.0;
        MacAddr([a, b, c, d, e, f.wrapping_add(u8::try_from(port & 0x7f).unwrap_or(0))])
    }

    /// Names no VLAN in any table.
    pub(super) fn vlan_blind(&self) -> bool {
        self.make == Make::DLink
    }
}

/// How a camera's user is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Not at all.
    Anonymous,
    /// WS-UsernameToken.
    Token,
    /// HTTP digest.
    Digest,
}

/// Surveillance equipment: what it says and how it is asked.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) product: &'static Product,
    pub(super) serial: String,
    pub(super) firmware: String,
    pub(super) endpoint: String,
    pub(super) access: Access,
    /// Somebody set another password than the rest of the estate has.
    pub(super) other_password: bool,
    /// Its clock minus ours, in seconds.
    pub(super) clock_offset: i64,
    /// Answers WS-Discovery.
    pub(super) discoverable: bool,
    /// Knows GetServices; old firmware does not.
    pub(super) services: bool,
    /// Was connected while the estate was being watched.
    pub(super) appeared: bool,
    /// Wrong passwords it was given.
    pub(super) refused: AtomicU32,
    /// Challenges it gave and tokens it took lately.
    pub(super) nonces: Mutex<VecDeque<String>>,
    /// Number of its next challenge.
    pub(super) challenge: AtomicU32,
}

impl Unit {
    /// Remembers a nonce, the last 32 of them.
    pub(super) fn remember(&self, nonce: String) {
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        nonces.push_back(nonce);
        if nonces.len() > 32 {
            nonces.pop_front();
        }
    }

    /// Whether a nonce was remembered.
    pub(super) fn remembers(&self, nonce: &str) -> bool {
        self.nonces.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|known| known == nonce)
    }

    /// Counts a wrong password and says how many there were.
    pub(super) fn count_refusal(&self) -> u32 {
        self.refused.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// What a device is.
#[derive(Debug)]
pub(super) enum Kind {
    Surveillance(Box<Unit>),
    Phone,
    Computer,
    Printer,
}

/// An end device.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) mac: MacAddr,
    pub(super) ip: Option<Ipv4Addr>,
    pub(super) switch: usize,
    pub(super) port: u16,
    pub(super) vlan: u16,
    pub(super) kind: Kind,
}

impl Device {
    /// What it is as surveillance equipment, if it is that.
    pub(super) fn unit(&self) -> Option<&Unit> {
        match &self.kind {
            Kind::Surveillance(unit) => Some(unit),
            _ => None,
        }
    }
}

/// What answers at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    Switch(usize),
    Device(usize),
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Estate {
    pub(super) sites: Vec<Site>,
    pub(super) switches: Vec<Switch>,
    pub(super) devices: Vec<Device>,
    pub(super) hosts: HashMap<Ipv4Addr, Host>,
}

impl Estate {
    /// The switch at this address.
    pub(super) fn switch_at(&self, address: Ipv4Addr) -> Option<(usize, &Switch)> {
        match self.hosts.get(&address)? {
            Host::Switch(index) => self.switches.get(*index).map(|switch| (*index, switch)),
            Host::Device(_) => None,
        }
    }

    /// The surveillance equipment at this address.
    pub(super) fn unit_at(&self, address: Ipv4Addr) -> Option<(&Device, &Unit)> {
        match self.hosts.get(&address)? {
            Host::Device(index) => self.devices.get(*index).and_then(|device| Some((device, device.unit()?))),
            Host::Switch(_) => None,
        }
    }

    /// The next switch on the way from one switch down to another, if the other is below.
    pub(super) fn below(&self, from: usize, to: usize) -> Option<Attachment> {
        let mut at = to;
        // No tree of ours is deeper; a bound all the same.
        for _ in 0..8 {
            let link = self.switches.get(at)?.uplink?;
            if link.peer == from {
                return Some(link.there);
            }
            at = link.peer;
        }
        None
    }

    /// Forgets the tables of a site's switches: something moved there.
    pub(super) fn invalidate(&mut self, site: usize) {
        for switch in self.switches.iter_mut().filter(|switch| switch.site == site) {
            switch.mib = OnceLock::new();
        }
    }

    /// Everything a daemon that sees all should believe.
    pub(super) fn truth(&self) -> Truth {
        let mut truth = Truth::default();
        for device in &self.devices {
            let (Some(switch), Some(vlan)) = (self.switches.get(device.switch), VlanId::new(u32::from(device.vlan)))
            else {
                continue;
            };
            let Some(site) = self.sites.get(switch.site) else { continue };
            let unit = device.unit();
            truth.devices.insert(
                device.mac,
                TrueDevice {
                    mac: device.mac,
                    ip: device.ip.map(Into::into),
                    switch: switch.name.clone(),
                    port: switch.make.port_name(Attachment::Port(device.port)),
                    vlan,
                    site: site.id.clone(),
                    class: unit.map_or("other", |unit| unit.product.class),
                    maker: unit.and_then(|unit| unit.product.maker),
                },
            );
            let Some(unit) = unit else { continue };
            let mut add = |rule: &str| truth.findings.push((super::PACK.to_owned(), rule.to_owned(), device.mac));
            if site.zone(device.vlan) == Zone::Core {
                add("no-core-network");
            }
            let mut house = |rule: &str| truth.findings.push(("house".to_owned(), rule.to_owned(), device.mac));
            if unit.appeared {
                house("new-device");
            }
            if unit.product.maker.is_none() {
                house("unknown-maker");
            }
            if unit.access == Access::Anonymous {
                house("no-password");
            }
            let mut add = |rule: &str| truth.findings.push((super::PACK.to_owned(), rule.to_owned(), device.mac));
            match (unit.product.restricted(), site.basis) {
                (true, Some(_)) => {
                    add("remove-sensitive");
                    if unit.appeared {
                        add("cease-deployment");
                    }
                }
                (true, None) => add("review-other"),
                (false, _) => {}
            }
        }
        truth.findings.sort();
        truth.switches =
            self.switches.iter().filter(|switch| !switch.silent).map(|switch| switch.name.clone()).collect();
        truth.vlan_blind =
            self.switches.iter().filter(|switch| switch.vlan_blind()).map(|switch| switch.name.clone()).collect();
        truth
    }
}
