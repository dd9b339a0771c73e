//! A simulated estate on loopback that speaks real SNMP, ONVIF and WS-Discovery, and knows its own truth.
//!
//! Everything of it lies in 127.0.0.0/8: switches at `127.s.1.n`, cameras at `127.s.z.n`, where `s` is the site and
//! `z` the kind of network. Switches answer SNMPv2c and SNMPv3 on one shared UDP port, cameras WS-Discovery on
//! another, and each camera address has a TCP listener of its own, so that an address without a camera refuses.

mod ber;
mod build;
mod camera;
mod configuration;
mod discovery;
mod engine;
mod envelope;
mod estate;
mod guard;
mod mib;
mod neighbours;
mod product;
mod random;
mod replay;
mod script;
mod soap;
mod tables;
mod wire;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use hyper::body::Bytes;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::net::{MacAddr, VlanId};
use engine::{Engine, EngineTime, Security};
use estate::{Estate, Kind, Switch};
use mib::Manner;
pub use replay::Replay;
use script::Script;
use wire::Wire;

/// The pack whose findings the truth names.
const PACK: &str = "uk-gsg-2022";
/// Descriptors the rest of the process needs beside one a camera.
const OTHER_DESCRIPTORS: u64 = 2_000;

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
    /// Switches whose tables name no VLAN: the VLAN of a device there must be believed as it is or not at all.
    pub vlan_blind: Vec<String>,
}

/// Where the estate listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// UDP port of every switch.
    pub snmp: u16,
    /// UDP port of WS-Discovery at every camera.
    pub discovery: u16,
    /// TCP port of the device service at every camera.
    pub http: u16,
}

/// A running lab. Everything it started ends when it is dropped.
#[derive(Debug)]
pub struct Lab {
    estate: Arc<RwLock<Estate>>,
    script: Mutex<Script>,
    ports: Ports,
    runtime: Handle,
    tasks: Mutex<JoinSet<()>>,
}

impl Lab {
    /// Starts the estate of this size, the same for the same seed. Needs no root and no fixed ports.
    ///
    /// # Errors
    /// Loopback sockets cannot be had, or not one for each camera: the limit on open files is too low.
    pub async fn start(size: Size, seed: u64) -> io::Result<Self> {
        let prepare = move || -> io::Result<_> {
            let estate = Estate::build(size, seed);
            Ok((estate, Security::new()?))
        };
        let (estate, security) = tokio::task::spawn_blocking(prepare).await.map_err(io::Error::other)??;
        let addresses = estate.camera_addresses();
        raise_descriptors(addresses.len() as u64 + OTHER_DESCRIPTORS)?;
        let (http, listeners) = listen_everywhere(&addresses)?;
        let (snmp, discovery) = (Wire::bind()?, Wire::bind()?);
        let ports = Ports { snmp: snmp.port()?, discovery: discovery.port()?, http };
        let estate = Arc::new(RwLock::new(estate));
        let mut tasks = JoinSet::new();
        let started = Instant::now();
        let shared = Arc::clone(&estate);
        tasks.spawn(snmp.serve(move |address, datagram| {
            let estate = shared.read().unwrap_or_else(PoisonError::into_inner);
            let (index, switch) = estate.switch_at(address).filter(|(_, switch)| !switch.silent)?;
            ask_switch(&estate, index, switch, &security, started, datagram)
        }));
        let shared = Arc::clone(&estate);
        tasks.spawn(discovery.serve(move |address, datagram| {
            let estate = shared.read().unwrap_or_else(PoisonError::into_inner);
            let (device, unit) = estate.unit_at(address)?;
            discovery::answer(device, unit, datagram, http)
        }));
        for (address, listener) in addresses.into_iter().zip(listeners) {
            tasks.spawn(camera::serve(listener, address, http, Arc::clone(&estate)));
        }
        let script = Mutex::new(Script::new(seed));
        Ok(Self { estate, script, ports, runtime: Handle::current(), tasks: Mutex::new(tasks) })
    }

    /// The configuration a daemon needs to watch this estate: everything but `[daemon]`.
    #[must_use]
    pub fn configuration(&self) -> String {
        configuration::write(&self.estate.read().unwrap_or_else(PoisonError::into_inner), self.ports)
    }

    /// Where it listens.
    #[must_use]
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// What is true now.
    #[must_use]
    pub fn truth(&self) -> Truth {
        self.estate.read().unwrap_or_else(PoisonError::into_inner).truth()
    }

    /// How many wrong passwords each camera was given, those that were given none left out.
    #[must_use]
    pub fn refusals(&self) -> BTreeMap<IpAddr, u32> {
        let estate = self.estate.read().unwrap_or_else(PoisonError::into_inner);
        let refused = estate.devices.iter().filter_map(|device| {
            let count = device.unit()?.refused.load(Ordering::Relaxed);
            Some((IpAddr::V4(device.ip?), count)).filter(|_| count > 0)
        });
        refused.collect()
    }

    /// Has no switch answer from now on, or every one again.
    pub fn silence(&self, silent: bool) {
        let mut estate = self.estate.write().unwrap_or_else(PoisonError::into_inner);
        estate.switches.iter_mut().for_each(|switch| switch.silent = silent);
    }

    /// Sets the clock of every camera: its distance from ours in seconds.
    pub fn set_clocks(&self, seconds: i64) {
        let mut estate = self.estate.write().unwrap_or_else(PoisonError::into_inner);
        for device in &mut estate.devices {
            if let Kind::Surveillance(unit) = &mut device.kind {
                unit.clock_offset = seconds;
            }
        }
    }

    /// Lets the next thing happen (a camera is plugged into a core port, one moves, a switch falls silent, a rogue
    /// unit appears …) and says what it was, for the demo's log.
    pub fn step(&self) -> String {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut text, effect) = {
            let mut estate = self.estate.write().unwrap_or_else(PoisonError::into_inner);
            script.step(&mut estate)
        };
        if let Some(address) = effect.opened {
            let _inside = self.runtime.enter();
            match camera::listen(address, self.ports.http) {
                Ok(listener) => {
                    let serve = camera::serve(listener, address, self.ports.http, Arc::clone(&self.estate));
                    self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(serve);
                }
                Err(error) => text.push_str(&format!(" (its web server could not start: {error})")),
            }
        }
        text
    }
}

fn ask_switch(
    estate: &Estate,
    index: usize,
    switch: &Switch,
    security: &Security,
    started: Instant,
    datagram: &[u8],
) -> Option<Vec<u8>> {
    let elapsed = started.elapsed();
    let seconds = switch.uptime.saturating_add(u32::try_from(elapsed.as_secs()).unwrap_or(0));
    let hundredths = u32::try_from(elapsed.as_millis() / 10).unwrap_or(0);
    let manner =
        Manner { uptime: switch.uptime.wrapping_mul(100).wrapping_add(hundredths), limit: 0, too_big: switch.too_big };
    let mib = switch.mib.get_or_init(|| tables::mib(estate, index));
    let datagram = Bytes::copy_from_slice(datagram);
    if switch.v3 {
        let engine = switch.engine.get_or_init(|| Engine::new(security, switch.mac)).as_ref()?;
        let time = EngineTime { boots: switch.boots, seconds };
        engine::answer_user(&datagram, security, engine, time, mib, manner)
    } else {
        engine::answer_community(datagram, mib, manner)
    }
}

/// Raises the soft limit on open files as far as is needed, up to the hard one.
fn raise_descriptors(needed: u64) -> io::Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if needed > hard {
        let text = format!("this estate needs {needed} open files and the limit is {hard}: raise it with ulimit -n");
        return Err(io::Error::other(text));
    }
    if needed > soft {
        setrlimit(Resource::RLIMIT_NOFILE, needed, hard)?;
    }
    Ok(())
}

/// A listener at each address, all on one port that was free at every one of them.
fn listen_everywhere(addresses: &[Ipv4Addr]) -> io::Result<(u16, Vec<TcpListener>)> {
    let mut last = io::Error::other("there is no camera to listen for");
    for _ in 0..16 {
        let Some(first) = addresses.first() else { break };
        let port = camera::listen(*first, 0)?.local_addr()?.port();
        match addresses.iter().map(|address| camera::listen(*address, port)).collect::<io::Result<Vec<_>>>() {
            Ok(listeners) => return Ok((port, listeners)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}
