//! Visiting a switch over SNMP.

mod columns;
mod contexts;
mod forwarding;
mod neighbours;
mod ports;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::{AuthProtocol, Credential, CredentialKind, PrivProtocol, SnmpSettings, Switch};
use crate::net::{CredentialId, TargetName, Timestamp};
use crate::observation::{Completeness, Reach, SwitchVisit, SystemFacts, Table, TableState};
use crate::snmp::{
    Agent, Ask, Limits, Manner, Memory, Pace, Security, SecurityAuth, SecurityPriv, SnmpError, Sockets, system,
};
use contexts::{Contexts, Met};
use forwarding::Learned;
use tables::Tables;

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
    /// Contexts it would not answer in, and when that was found.
    shut: Mutex<Option<(String, Instant)>>,
}

impl Known {
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
        let shut = || self.shut.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = match contexts::wanted(tables) {
            Ok(wanted) => wanted,
            Err(why) => return Contexts::none(Met::Shut(why)),
        };
        let before = shut().clone().filter(|(_, found)| found.elapsed() < again && !wanted.is_empty());
        if let Some((why, _)) = before {
            return Contexts::none(Met::Shut(why));
        }
        let mut read = Box::pin(contexts::read(&self.agent, &wanted, limits, &self.pace)).await;
        read.doubt_if_empty(!tables.bridge.ports.rows.is_empty());
        *shut() = match &read.met {
            Met::Shut(why) => Some((why.clone(), Instant::now())),
            Met::NotNeeded | Met::Read => None,
        };
        read
    }
}

/// Visits switches: the sockets all targets share, and what is remembered of each agent between visits.
#[derive(Debug)]
pub struct SwitchCollector {
    sockets: Sockets,
    known: Mutex<BTreeMap<TargetName, Arc<Known>>>,
    securities: Mutex<BTreeMap<CredentialId, (CredentialKind, Security)>>,
}

fn security(kind: &CredentialKind) -> Result<Security, SnmpError> {
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
        Ok(Self { sockets, known: Mutex::default(), securities: Mutex::default() })
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
            learned: Mutex::default(),
            shut: Mutex::default(),
        });
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(target.name.clone(), Arc::clone(&known));
        Ok(known)
    }

    /// Visits one switch within its deadline. The credential must allow the address, else nothing is sent.
    pub async fn visit(&self, settings: &SnmpSettings, target: &Switch, credential: &Credential) -> SwitchVisit {
        let started = Timestamp::now();
        let mut visit = SwitchVisit::new(target.name.clone(), target.address, target.site.clone(), started);
        if credential.allows(target.address.ip()) {
            match self.agent(settings, target, credential) {
                Ok(known) => {
                    let before = known.agent.sent();
                    // Nine tables' walks make a large future: it lives on the heap.
                    Box::pin(ask(&mut visit, &known, settings)).await;
                    visit.requests = known.agent.sent().saturating_sub(before);
                }
                Err(error) => visit.reach = Reach::Refused(error.to_string()),
            }
        } else {
            let why =
                format!("credential '{}' may not be sent to {}: see its allow", credential.id, target.address.ip());
            visit.reach = Reach::Refused(why);
        }
        visit.finished = Timestamp::now();
        visit
    }
}

/// What silence may mean, so that whoever reads it knows where to look.
fn silence(target: &SwitchVisit, known: &Known) -> String {
    let credential = &known.credential;
    let cause = match &known.security {
        CredentialKind::SnmpV1 { .. } | CredentialKind::SnmpV2c { .. } => {
            format!("agents do not answer a wrong community: see credential '{credential}'")
        }
        _ => format!("many agents do not answer a wrong user or password: see credential '{credential}'"),
    };
    format!(
        "no answer from {}: is it up, does a firewall or its access list let this host ask? {cause}",
        target.address
    )
}

async fn ask(visit: &mut SwitchVisit, known: &Known, settings: &SnmpSettings) {
    let deadline = tokio::time::Instant::now() + settings.deadline;
    let limits = Limits { max_rows: settings.max_rows, deadline };
    known.pace.begin();
    // One small question first: a dead device costs no table its timeouts.
    let found = match tokio::time::timeout_at(deadline, system::read(&known.agent)).await {
        Ok(Ok(found)) => found,
        Ok(Err(SnmpError::Timeout)) | Err(_) => {
            visit.reach = Reach::Silent(silence(visit, known));
            return;
        }
        Ok(Err(SnmpError::Refused(why))) => {
            visit.reach = Reach::Refused(format!("{why}: see credential '{}'", known.credential));
            return;
        }
        Ok(Err(error @ SnmpError::Status(_))) => {
            let hint = "may its user or community read the system group, at this security level?";
            visit.reach = Reach::Refused(format!("{error}: {hint} See credential '{}'", known.credential));
            return;
        }
        Ok(Err(error)) => {
            visit.reach = Reach::Silent(error.to_string());
            return;
        }
    };
    visit.reach = Reach::Answered;
    visit.tables.insert(Table::System, TableState { completeness: Completeness::Complete, rows: 1, note: None });
    let (agent, pace, memory) = (&known.agent, &known.pace, &known.memory);
    let due = memory.due(&found, settings.slow_every);
    let tables = Tables::read(&Ask { session: agent, limits, pace, memory, due }, found.enterprise()).await;
    tables.note(visit);
    let contexts = known.contexts(&tables, limits, settings.slow_every).await;
    if let Some(state) = contexts.state.clone() {
        tables::note(visit, Table::VlanFdb, state);
    }

    visit.ports = ports::ports(&tables);
    visit.vlans = tables.vlans();
    let heard = neighbours::neighbours(&tables, &visit.ports);
    let firmware = format!("{} {}", found.object_id, found.description);
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
    visit.arp = tables.arp();
    visit.neighbours = heard.into_iter().map(|heard| heard.neighbour).collect();
    visit.inventory = tables.inventory();
    visit.system = Some(SystemFacts {
        name: found.name,
        description: found.description,
        object_id: found.object_id,
        uptime_s: found.uptime_s,
    });
}
