//! Visiting a switch over SNMP.

mod rows;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::{AuthProtocol, Credential, CredentialKind, PrivProtocol, SnmpSettings, Switch};
use crate::net::{CredentialId, TargetName, Timestamp};
use crate::observation::{Completeness, Reach, SwitchVisit, SystemFacts, Table, TableState, VisitError};
use crate::snmp::{
    Agent, Limits, Manner, Pace, Security, SecurityAuth, SecurityPriv, SnmpError, Sockets, WalkEnd, addresses, bridge,
    entity, interfaces, neighbours, system,
};

/// An agent and what makes it the same one at the next visit.
#[derive(Debug)]
struct Known {
    address: SocketAddr,
    credential: CredentialId,
    security: CredentialKind,
    agent: Agent,
    pace: Pace,
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

    /// Forgets agents of targets that are no longer configured.
    pub fn keep_only(&self, targets: &[Switch]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|name, _| targets.iter().any(|target| target.name == *name));
    }

    /// The credential in the protocol's terms, its passwords made into keys once.
    fn security(&self, credential: &Credential) -> Result<Security, SnmpError> {
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
    visit.system = Some(SystemFacts {
        name: found.name,
        description: found.description,
        object_id: found.object_id,
        uptime_s: found.uptime_s,
    });
    let (agent, pace) = (&known.agent, &known.pace);
    pace.begin();
    let (base, ifs, lag, bridges, media, physical, lldp, cdp, parts) = tokio::join!(
        bridge::base_address(agent),
        Box::pin(interfaces::read(agent, limits, pace)),
        Box::pin(interfaces::read_lag(agent, limits, pace)),
        Box::pin(bridge::read(agent, limits, pace)),
        Box::pin(addresses::read_media(agent, limits, pace)),
        Box::pin(addresses::read_physical(agent, limits, pace)),
        Box::pin(neighbours::read_lldp(agent, limits, pace)),
        Box::pin(neighbours::read_cdp(agent, limits, pace)),
        Box::pin(entity::read(agent, limits, pace)),
    );
    let mut note = |table: Table, columns: &[&crate::snmp::Walked]| {
        let state = rows::state(columns);
        if let (Completeness::Partial | Completeness::Failed, Some(why)) = (state.completeness, &state.note) {
            visit.errors.push(VisitError { asked: rows::name(table).to_owned(), message: why.clone() });
        }
        visit.tables.insert(table, state);
    };
    note(Table::Interfaces, &[&ifs.description, &ifs.kind, &ifs.admin, &ifs.oper, &ifs.address, &ifs.name, &ifs.alias]);
    note(Table::BridgePorts, &[&bridges.base_ports]);
    note(Table::Dot1qFdb, &[&bridges.dot1q_port, &bridges.dot1q_status]);
    note(Table::Dot1dFdb, &[&bridges.dot1d_port, &bridges.dot1d_status]);
    note(Table::Vlans, &[&bridges.vlan_names, &bridges.vlan_fdb_id]);
    note(Table::Pvid, &[&bridges.pvid]);
    note(Table::Lag, &[&lag]);
    note(Table::IpNetToMedia, &[&media]);
    note(Table::IpNetToPhysical, &[&physical]);
    note(Table::Lldp, &[&lldp.chassis, &lldp.port, &lldp.system_name, &lldp.capabilities]);
    note(Table::Cdp, &[&cdp.device, &cdp.port, &cdp.platform]);
    note(Table::Entity, &[&parts.class, &parts.model, &parts.serial]);
    // A base port table or a list of VLANs that was cut off would misread what it was cut from.
    let mapping = [&bridges.base_ports, &bridges.vlan_fdb_id];
    if mapping.iter().any(|walked| walked.end != WalkEnd::Complete) {
        for table in [Table::Dot1qFdb, Table::Dot1dFdb] {
            if let Some(state) =
                visit.tables.get_mut(&table).filter(|state| state.completeness == Completeness::Complete)
            {
                state.completeness = Completeness::Partial;
                state.note = Some("the tables that say which port and VLAN its rows mean were cut off".to_owned());
            }
        }
    }

    visit.ports = rows::ports(&ifs, &lag, &bridges);
    visit.vlans = rows::vlans(&bridges);
    let (fdb, own) = rows::fdb(&bridges, &visit.ports, &visit.vlans);
    visit.fdb = fdb;
    visit.own_macs = own;
    visit.own_macs.extend(base);
    visit.own_macs.extend(visit.ports.iter().filter_map(|port| port.mac));
    visit.own_macs.retain(|mac| mac.is_device());
    visit.own_macs.sort_unstable();
    visit.own_macs.dedup();
    visit.arp = rows::arp(&media, &physical);
    visit.neighbours = rows::neighbours(&lldp, &cdp, &visit.ports, &bridges);
    visit.inventory = rows::inventory(&parts);
}
