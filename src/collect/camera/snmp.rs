//! What a camera that speaks SNMP says of itself: the system group (RFC 3418), and one object of a maker whose cameras
//! have no system group. Only where the block names a community; asked once, and after silence only hours later.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::collect::switch;
use crate::config::{CameraBlock, Credential, CredentialKind};
use crate::net::DeviceText;
use crate::observation::{Mark, MarkKind};
use crate::snmp::{Agent, Manner, Oid, Session as _, Sockets, Value};

/// How one is asked: most cameras speak no SNMP, and all of them are asked.
const MANNER: Manner = Manner { timeout: Duration::from_secs(2), retries: 0, per_target: 1 };
/// When one that was silent is asked again: a community is not told to everybody all day.
const AGAIN: Duration = Duration::from_secs(6 * 3600);
/// Silent addresses that are remembered.
const MOST_SILENT: usize = 100_000;

/// sysDescr, sysObjectID, sysName.
const SYSTEM: [([u32; 9], MarkKind); 3] = [
    ([1, 3, 6, 1, 2, 1, 1, 1, 0], MarkKind::SystemDescription),
    ([1, 3, 6, 1, 2, 1, 1, 2, 0], MarkKind::SystemObject),
    ([1, 3, 6, 1, 2, 1, 1, 5, 0], MarkKind::SystemName),
];
/// The model in Hikvision's own MIB: its cameras have this and no system group.
const HIKVISION_MODEL: [u32; 10] = [1, 3, 6, 1, 4, 1, 39_165, 1, 1, 0];

/// The sockets cameras are asked through, made when the first is asked, and who was silent.
#[derive(Debug, Default)]
pub(super) struct CameraSnmp {
    sockets: OnceCell<Option<Sockets>>,
    silent: Mutex<BTreeMap<IpAddr, Instant>>,
}

impl CameraSnmp {
    fn was_silent(&self, address: IpAddr) -> bool {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        silent.get(&address).is_some_and(|since| since.elapsed() < AGAIN)
    }

    fn note(&self, address: IpAddr, answered: bool) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            silent.remove(&address);
        } else if silent.len() < MOST_SILENT {
            silent.insert(address, Instant::now());
        }
    }

    /// Asks with the first community of the block that may go there: requests sent, and the marks that came.
    pub(super) async fn ask(
        &self,
        block: &CameraBlock,
        address: IpAddr,
        credentials: &[&Credential],
    ) -> (u32, Vec<Mark>) {
        let community = credentials.iter().find(|credential| {
            let kind = matches!(credential.secret, CredentialKind::SnmpV1 { .. } | CredentialKind::SnmpV2c { .. });
            kind && credential.allows(address)
        });
        let Some(community) = community.filter(|_| !self.was_silent(address)) else { return (0, Vec::new()) };
        let sockets = self.sockets.get_or_init(async || Sockets::bind().await.ok()).await;
        let agent = sockets.as_ref().and_then(|sockets| {
            let security = switch::security(&community.secret).ok()?;
            Agent::new(sockets, SocketAddr::new(address, block.snmp_port), &security, MANNER).ok()
        });
        let Some(agent) = agent else { return (0, Vec::new()) };
        let oids: Vec<Oid> = SYSTEM.iter().map(|(oid, _)| Oid::new(oid)).chain([Oid::new(&HIKVISION_MODEL)]).collect();
        let reply = agent.get(&oids).await;
        self.note(address, reply.is_ok());
        let marks = reply.map(|values| marks(&values)).unwrap_or_default();
        (agent.sent(), marks)
    }
}

fn marks(values: &[Value]) -> Vec<Mark> {
    let text = |value: &Value| match value {
        Value::Octets(octets) => DeviceText::from_octets(octets).non_empty(),
        Value::Oid(oid) => DeviceText::new(&oid.to_string()).non_empty(),
        _ => None,
    };
    let (system, own) = values.split_at_checked(SYSTEM.len()).unwrap_or_default();
    let named = system.iter().zip(SYSTEM).filter_map(|(value, (_, kind))| Some(Mark { kind, text: text(value)? }));
    let object = Oid::new(&HIKVISION_MODEL);
    let model = own.iter().filter_map(|value| {
        let text = DeviceText::new(&format!("{object}={}", text(value)?));
        Some(Mark { kind: MarkKind::PrivateObject, text })
    });
    named.chain(model).collect()
}
