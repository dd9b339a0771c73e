//! A simulated estate on loopback that speaks real SNMP, ONVIF and WS-Discovery, and knows its own truth.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::net::{MacAddr, VlanId};

/// How large the estate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// 3 switches, 30 devices.
    Small,
    /// 60 switches, 3,000 devices of which 600 cameras.
    Campus,
    /// 2,000 switches, 100,000 devices of which 15,000 cameras.
    Ministry,
}

/// Where one device of the estate really is and what it really is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrueDevice {
    /// Its MAC address.
    pub mac: MacAddr,
    /// Its address, if it has one.
    pub ip: Option<IpAddr>,
    /// Its switch.
    pub switch: String,
    /// Its port, as the switch names it.
    pub port: String,
    /// Its VLAN.
    pub vlan: VlanId,
    /// Its site.
    pub site: String,
    /// `camera`, `recorder`, `other`.
    pub class: &'static str,
    /// The maker's id in the catalogue, for surveillance equipment that says it.
    pub maker: Option<&'static str>,
}

/// What is true of the estate now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    /// Devices by MAC address.
    pub devices: BTreeMap<MacAddr, TrueDevice>,
    /// Findings that must be open: `(pack, rule, MAC address)`, sorted.
    pub findings: Vec<(String, String, MacAddr)>,
    /// Switches that answer.
    pub switches: Vec<String>,
}

/// A running lab. Everything it started ends when it is dropped.
#[derive(Debug)]
pub struct Lab {}

impl Lab {
    /// Starts the estate of this size, the same for the same seed. Needs no root and no fixed ports.
    ///
    /// # Errors
    /// Loopback sockets cannot be had.
    pub async fn start(_size: Size, _seed: u64) -> std::io::Result<Self> {
        unimplemented!()
    }

    /// The configuration a daemon needs to watch this estate: everything but `[daemon]`.
    #[must_use]
    pub fn configuration(&self) -> String {
        unimplemented!()
    }

    /// What is true now.
    #[must_use]
    pub fn truth(&self) -> Truth {
        unimplemented!()
    }

    /// Lets the next thing happen (a camera is plugged into a core port, one moves, a switch falls silent, a rogue
    /// unit appears …) and says what it was, for the demo's log.
    pub fn step(&self) -> String {
        unimplemented!()
    }
}
