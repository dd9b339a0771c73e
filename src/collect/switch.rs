//! Visiting a switch over SNMP.

mod columns;
mod contexts;
mod forwarding;
mod neighbours;
mod ports;
mod tables;
#[cfg(test)]
mod tests;
mod vrfs;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::{AuthProtocol, Credential, CredentialKind, PrivProtocol, SnmpSettings, Switch};
use crate::net::{CredentialId, DeviceText, TargetName, Timestamp};
use crate::observation::{Completeness, Reach, Readings, SwitchVisit, SystemFacts, Table, TableState};
use crate::snmp::system::System;
use crate::snmp::{
    Agent, Ask, Due, Limits, Manner, Memory, Pace, Security, SecurityAuth, SecurityPriv, SnmpError, Sockets, system,
};
use contexts::{Contexts, Met};
use forwarding::Learned;
use tables::Tables;
use vrfs::VrfArp;

/// An agent and what makes it the same one at the next visit.
#[derive(Debug)]
struct Known {
    address: SocketAddr,
    credential: CredentialId,
    security: CredentialKind,
    agent: Agent,
    pace: Pace,
    memory: Memory,
    /// Readings learned, and of which firmware.
    learned: Mutex<(String, Learned)>,
    /// Contexts of VLANs it would not answer in.
    vlans: Shut,
    /// Contexts of VRFs it would not answer in.
    vrfs: Shut,
}

/// Why a device would not answer in contexts, and when that was found.
#[derive(Debug, Default)]
struct Shut(Mutex<Option<(String, Instant)>>);

impl Shut {
    /// Why it is not asked again yet.
    fn lately(&self, again: Duration) -> Option<String> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.as_ref().filter(|(_, found)| found.elapsed() < again).map(|(why, _)| why.clone())
    }

    fn found(&self, why: Option<&str>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = why.map(|why| (why.to_owned(), Instant::now()));
    }
}

impl Known {
    /// Its system group, or why there is none.
    async fn greet(&self, settings: &SnmpSettings) -> Result<System, Reach> {
        let credential = &self.credential;
        match tokio::time::timeout(settings.deadline, system::read(&self.agent)).await {
            Ok(Ok(system)) => Ok(system),
            Ok(Err(SnmpError::Timeout)) | Err(_) => Err(Reach::Silent(self.silence())),
            Ok(Err(SnmpError::Refused(why))) => Err(Reach::Refused(format!("{why}: see credential '{credential}'"))),
            Ok(Err(error @ SnmpError::Status(_))) => {
                let hint = "may its user or community read the system group, at this security level?";
                Err(Reach::Refused(format!("{error}: {hint} See credential '{credential}'")))
            }
            Ok(Err(error)) => Err(Reach::Silent(error.to_string())),
        }
    }

    /// What silence may mean, so that whoever reads it knows where to look.
    fn silence(&self) -> String {
        let (credential, address) = (&self.credential, self.address);
        let cause = match &self.security {
            CredentialKind::SnmpV1 { .. } | CredentialKind::SnmpV2c { .. } => {
                format!("agents do not answer a wrong community: see credential '{credential}'")
            }
            _ => format!("many agents do not answer a wrong user or password: see credential '{credential}'"),
        };
        format!("no answer from {address}: is it up, does a firewall or its access list let this host ask? {cause}")
    }

    /// What was learned of a device of this firmware.
    fn learned(&self, firmware: &str) -> Learned {
        let learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        if learned.0 == firmware { learned.1.clone() } else { Learned::default() }
    }

    fn learn(&self, firmware: String, learned: Learned) {
        *self.learned.lock().unwrap_or_else(PoisonError::into_inner) = (firmware, learned);
    }

    /// Reads the bridges of VLANs. A switch that would not let us in is asked again only after a while.
    async fn contexts(&self, tables: &Tables, limits: Limits, again: Duration) -> Contexts {
        let wanted = match contexts::wanted(tables) {
            Ok(wanted) => wanted,
            Err(why) => return Contexts::none(Met::Shut(why)),
        };
        if let Some(why) = self.vlans.lately(again).filter(|_| !wanted.is_empty()) {
            return Contexts::none(Met::Shut(why));
        }
        let mut read = Box::pin(contexts::read(&self.agent, &wanted, limits, &self.pace)).await;
        read.doubt_if_empty(!tables.bridge.ports.rows.is_empty());
        self.vlans.found(match &read.met {
            Met::Shut(why) => Some(why),
            Met::NotNeeded | Met::Read => None,
        });
        read
    }

    /// Reads the address tables of VRFs, in the same way.
    async fn vrfs(&self, tables: &Tables, limits: Limits, again: Duration) -> VrfArp {
        let wanted = match vrfs::wanted(tables, self.agent.is_v3()) {
            Ok(wanted) if wanted.is_empty() => return VrfArp::default(),
            Ok(wanted) => wanted,
            Err(state) => return VrfArp { rows: Vec::new(), state: Some(state) },
        };
        if let Some(why) = self.vrfs.lately(again) {
            return VrfArp::shut(why);
        }
        let read = Box::pin(vrfs::read(&self.agent, wanted, limits, &self.pace)).await;
        self.vrfs.found(read.is_shut());
        read
    }
}

/// Visits switches: the sockets all targets share, and what is remembered of each agent between visits.
#[derive(Debug)]
pub struct SwitchCollector {
    sockets: Sockets,
    known: Mutex<BTreeMap<TargetName, Arc<Known>>>,
    /// What was learned of switches before this program started, and of which firmware.
    recalled: Mutex<BTreeMap<TargetName, (String, Learned)>>,
    securities: Mutex<BTreeMap<CredentialId, (CredentialKind, Security)>>,
}

/// What tells one firmware from another: sysObjectID and sysDescr.
fn firmware(object_id: &str, description: &DeviceText) -> String {
    format!("{object_id} {description}")
}

pub(super) fn security(kind: &CredentialKind) -> Result<Security, SnmpError> {
    let auth = |protocol| match protocol {
        AuthProtocol::Md5 => SecurityAuth::Md5,
        AuthProtocol::Sha1 => SecurityAuth::Sha1,
        AuthProtocol::Sha224 => SecurityAuth::Sha224,
        AuthProtocol::Sha256 => SecurityAuth::Sha256,
        AuthProtocol::Sha384 => SecurityAuth::Sha384,
        AuthProtocol::Sha512 => SecurityAuth::Sha512,
    };
    let privacy = |protocol| match protocol {
        PrivProtocol::Des => SecurityPriv::Des,
        PrivProtocol::TripleDes => SecurityPriv::TripleDes,
        PrivProtocol::Aes128 => SecurityPriv::Aes128,
        PrivProtocol::Aes192 => SecurityPriv::Aes192,
        PrivProtocol::Aes256 => SecurityPriv::Aes256,
        PrivProtocol::Aes192Reeder => SecurityPriv::Aes192Reeder,
        PrivProtocol::Aes256Reeder => SecurityPriv::Aes256Reeder,
    };
    match kind {
        CredentialKind::SnmpV1 { community } => Ok(Security::v1(community.expose())),
        CredentialKind::SnmpV2c { community } => Ok(Security::v2c(community.expose())),
        CredentialKind::SnmpV3 { user, auth: a, privacy: p } => Security::v3(
            user,
            a.as_ref().map(|(protocol, secret)| (auth(*protocol), secret.expose())),
            p.as_ref().map(|(protocol, secret)| (privacy(*protocol), secret.expose())),
        ),
        CredentialKind::Onvif { .. } => Err(SnmpError::Other("the credential is for cameras".to_owned())),
    }
}

impl SwitchCollector {
    /// Binds the shared sockets.
    ///
    /// # Errors
    /// The system refuses a socket.
    pub async fn bind() -> std::io::Result<Self> {
        let sockets = Sockets::bind().await.map_err(std::io::Error::other)?;
        let (known, recalled, securities) = Default::default();
        Ok(Self { sockets, known, recalled, securities })
    }

    fn recalled(&self) -> MutexGuard<'_, BTreeMap<TargetName, (String, Learned)>> {
        self.recalled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up how the numbers of a switch were read before this program started. It stands for the firmware that it
    /// was learned of, and while there are too few rows to judge by.
    pub fn recall(&self, switch: TargetName, system: &SystemFacts, readings: &Readings) {
        let learned = (firmware(&system.object_id, &system.description), Learned::of(readings));
        self.recalled().insert(switch, learned);
    }

    /// Forgets agents of targets that are no longer configured, and credentials that none of them names.
    pub fn keep_only(&self, targets: &[Switch]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|name, _| targets.iter().any(|target| target.name == *name));
        let mut securities = self.securities.lock().unwrap_or_else(PoisonError::into_inner);
        securities.retain(|credential, _| targets.iter().any(|target| target.credential == *credential));
    }

    /// The credential in the protocol's terms, its passwords made into keys once.
    ///
    /// # Errors
    /// It is no SNMP credential, or its passwords make no keys.
    pub fn security(&self, credential: &Credential) -> Result<Security, SnmpError> {
        let mut all = self.securities.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get(&credential.id).filter(|(kind, _)| *kind == credential.secret) {
            Some((_, security)) => Ok(security.clone()),
            None => {
                let security = security(&credential.secret)?;
                all.insert(credential.id.clone(), (credential.secret.clone(), security.clone()));
                Ok(security)
            }
        }
    }

    fn agent(
        &self,
        settings: &SnmpSettings,
        target: &Switch,
        credential: &Credential,
    ) -> Result<Arc<Known>, SnmpError> {
        if !credential.allows(target.address.ip()) {
            let (id, ip) = (&credential.id, target.address.ip());
            return Err(SnmpError::Refused(format!("credential '{id}' may not be sent to {ip}: see its allow")));
        }
        let same = |known: &Arc<Known>| {
            known.address == target.address && known.credential == credential.id && known.security == credential.secret
        };
        let found = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&target.name)
            .filter(|known| same(known))
            .cloned();
        if let Some(found) = found {
            return Ok(found);
        }
        let manner = Manner { timeout: settings.timeout, retries: settings.retries, per_target: settings.per_target };
        let agent = Agent::new(&self.sockets, target.address, &self.security(credential)?, manner)?;
        let known = Arc::new(Known {
            address: target.address,
            credential: credential.id.clone(),
            security: credential.secret.clone(),
            agent,
            pace: Pace::default(),
            memory: Memory::default(),
            learned: Mutex::new(self.recalled().remove(&target.name).unwrap_or_default()),
            vlans: Shut::default(),
            vrfs: Shut::default(),
        });
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(target.name.clone(), Arc::clone(&known));
        Ok(known)
    }

    /// Visits one switch: a greeting, then its tables within the deadline.
    pub async fn visit(&self, settings: &SnmpSettings, target: &Switch, credential: &Credential) -> SwitchVisit {
        match self.greet(settings, target, credential).await {
            Ok(greeted) => greeted.read(settings).await,
            Err(over) => *over,
        }
    }

    /// Asks a switch one small question: a dead one costs no table its timeouts. The credential must allow the address,
    /// else nothing is sent.
    ///
    /// # Errors
    /// It did not answer, or not as it should: the whole of the visit, over before it began.
    pub async fn greet(
        &self,
        settings: &SnmpSettings,
        target: &Switch,
        credential: &Credential,
    ) -> Result<Greeted, Box<SwitchVisit>> {
        let started = Timestamp::now();
        let visit = |reach| SwitchVisit {
            reach,
            ..SwitchVisit::new(target.name.clone(), target.address, target.site.clone(), started)
        };
        let over =
            |reach, requests| Err(Box::new(SwitchVisit { requests, finished: Timestamp::now(), ..visit(reach) }));
        let known = match self.agent(settings, target, credential) {
            Ok(known) => known,
            Err(error) => return over(Reach::Refused(error.to_string()), 0),
        };
        let before = known.agent.sent();
        match known.greet(settings).await {
            Ok(system) => Ok(Greeted { visit: visit(Reach::Answered), known, system, heard: Instant::now(), before }),
            Err(reach) => over(reach, known.agent.sent().saturating_sub(before)),
        }
    }
}

/// A switch that has answered, and waits to be read.
#[derive(Debug)]
pub struct Greeted {
    visit: SwitchVisit,
    known: Arc<Known>,
    system: System,
    /// When it answered.
    heard: Instant,
    /// Requests sent to it before this visit.
    before: u32,
}

impl Greeted {
    /// Reads its tables, within the deadline from now on.
    pub async fn read(self, settings: &SnmpSettings) -> SwitchVisit {
        let Self { mut visit, known, mut system, heard, before } = self;
        let limits = Limits { max_rows: settings.max_rows, deadline: Instant::now() + settings.deadline };
        known.pace.begin();
        let due = known.memory.due(&system, heard, settings.slow_every);
        // It may have waited for its turn: what is read is of this moment, and so is how long the switch has been up.
        visit.started = Timestamp::now();
        system.uptime_s += heard.elapsed().as_secs();
        // Nine tables' walks make a large future: it lives on the heap.
        Box::pin(read(&mut visit, &known, system, limits, &due, settings.slow_every)).await;
        known.memory.settle(due);
        visit.requests = known.agent.sent().saturating_sub(before);
        visit.finished = Timestamp::now();
        visit
    }
}

async fn read(
    visit: &mut SwitchVisit,
    known: &Known,
    system: System,
    limits: Limits,
    due: &Due,
    contexts_again: Duration,
) {
    visit.tables.insert(Table::System, TableState { completeness: Completeness::Complete, rows: 1, note: None });
    let (agent, pace, memory) = (&known.agent, &known.pace, &known.memory);
    let ask = Ask { session: agent, limits, pace, memory, due: Some(due) };
    let tables = Tables::read(&ask, system.enterprise()).await;
    tables.note(visit);
    let contexts = known.contexts(&tables, limits, contexts_again).await;
    if let Some(state) = contexts.state.clone() {
        tables::note(visit, Table::VlanFdb, state);
    }
    let vrfs = known.vrfs(&tables, limits, contexts_again).await;
    if let Some(state) = vrfs.state.clone() {
        tables::note(visit, Table::VrfArp, state);
    }

    visit.ports = ports::ports(&tables);
    visit.vlans = tables.vlans();
    let heard = neighbours::neighbours(&tables, &visit.ports);
    let firmware = firmware(&system.object_id, &system.description);
    let before = known.learned(&firmware);
    let witnesses = neighbours::witnesses(&heard);
    let read = forwarding::read(&tables, &contexts, &visit.ports, &visit.vlans, witnesses, &before);
    known.learn(firmware, read.learned);
    (visit.fdb, visit.own_macs, visit.readings) = (read.rows, read.own, read.readings);
    visit.own_macs.extend(tables.base_address);
    visit.own_macs.extend(visit.ports.iter().filter_map(|port| port.mac));
    visit.own_macs.retain(|mac| mac.is_device());
    visit.own_macs.sort_unstable();
    visit.own_macs.dedup();
    visit.arp = tables.arp().into_iter().chain(vrfs.rows).collect();
    visit.neighbours = heard.into_iter().map(|heard| heard.neighbour).collect();
    visit.inventory = tables.inventory();
    visit.system = Some(SystemFacts {
        name: system.name,
        description: system.description,
        object_id: system.object_id,
        uptime_s: system.uptime_s,
    });
}
