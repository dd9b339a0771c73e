//! The crate's client as one small session: shared sockets, one agent a device, its errors as ours.

use std::future::Future;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use async_snmp::transport::{Candidate, RequestRegistration, Transport};
use async_snmp::{
    Client, ClientBuilder, DesSaltState, EngineCache, Error, ErrorStatus, PersistedDesSaltState, Retry, UdpHandle,
    UdpTransport, VarBind,
};
use bytes::Bytes;
use tokio::sync::Semaphore;

use super::report::{Heard, Report};
use super::{Oid, Security, Session, SnmpError, Value};
use crate::net::VlanId;

/// Receive buffer asked of the kernel: replies of many switches arrive at once.
const RECEIVE_BUFFER: usize = 4 << 20;
/// Largest datagram there is: a smaller announced size makes some v3 agents answer genErr.
const LARGEST_DATAGRAM: usize = 65_507;

/// Most octets kept of one value: a PortList of 4,096 ports takes 512, a bitmap of 1,024 VLANs 128.
const LONGEST_OCTETS: usize = 2048;

/// The sockets every agent is asked through: one for IPv4, one for IPv6 where there is IPv6.
#[derive(Clone)]
pub struct Sockets {
    v4: UdpTransport,
    v6: Option<UdpTransport>,
    salt: DesSaltState,
}

impl std::fmt::Debug for Sockets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sockets").finish_non_exhaustive()
    }
}

/// DES wants a number that no other start of this program has had, so that no salt is used twice (RFC 3414 §8.1.1.1):
/// one drawn at random needs no file.
pub(super) fn salt() -> Result<DesSaltState, SnmpError> {
    let other = |error: &dyn std::fmt::Display| SnmpError::Other(format!("no salt for DES: {error}"));
    let drawn = (getrandom::u32().map_err(|error| other(&error))? >> 2).max(1);
    let before = PersistedDesSaltState::new(drawn).map_err(|error| other(&error))?;
    DesSaltState::restart(before, |_| Ok::<(), std::convert::Infallible>(())).map_err(|error| other(&error))
}

impl Sockets {
    /// Binds them to ports of the system's choice.
    ///
    /// # Errors
    /// The system refuses the IPv4 socket.
    pub async fn bind() -> Result<Self, SnmpError> {
        let bind = async |address: &str| {
            let builder = UdpTransport::builder().bind(address).recv_buffer_size(RECEIVE_BUFFER);
            builder.receive_capacity(LARGEST_DATAGRAM).build().await
        };
        let v4 = bind("0.0.0.0:0").await.map_err(|error| SnmpError::Other(format!("no UDP socket: {error}")))?;
        Ok(Self { v4, v6: bind("[::]:0").await.ok(), salt: salt()? })
    }
}

/// The shared socket's handle of one agent, listened to on the way: reports the crate drops are kept as words.
struct Watched {
    socket: UdpHandle,
    heard: Arc<Heard>,
}

impl Transport for Watched {
    async fn send(&self, data: &[u8]) -> async_snmp::Result<()> {
        self.socket.send(data).await
    }

    fn request_with<T, F>(
        &self,
        data: &[u8],
        registration: RequestRegistration,
        mut validate: F,
    ) -> impl Future<Output = async_snmp::Result<T>> + Send
    where
        T: Send,
        F: FnMut(Bytes, SocketAddr) -> async_snmp::Result<Candidate<T>> + Send,
    {
        let heard = Arc::clone(&self.heard);
        self.socket.request_with(data, registration, move |datagram, from| {
            heard.listen(&datagram);
            validate(datagram, from)
        })
    }

    fn peer_addr(&self) -> SocketAddr {
        self.socket.peer_addr()
    }

    fn local_addr(&self) -> SocketAddr {
        self.socket.local_addr()
    }

    fn is_reliable(&self) -> bool {
        self.socket.is_reliable()
    }

    fn receive_limits(&self) -> async_snmp::ReceiveLimits {
        self.socket.receive_limits()
    }

    fn send_capacity(&self) -> usize {
        self.socket.send_capacity()
    }
}

/// How an agent is asked.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// How long one request waits for its answer.
    pub timeout: Duration,
    /// How often an unanswered request is sent again.
    pub retries: u32,
    /// Requests under way at once on one device.
    pub per_target: usize,
}

/// What all contexts of a device share.
struct Device {
    socket: UdpHandle,
    salt: DesSaltState,
    security: Security,
    /// Each device has its own: two switches may have the same engine id.
    engines: Arc<EngineCache>,
    manner: Manner,
    /// Requests under way at once.
    permits: Semaphore,
    sent: AtomicU32,
}

/// One agent, or one VLAN's context of it: its client and engine cache live as long as it is configured.
pub struct Agent {
    client: Client<Watched>,
    heard: Arc<Heard>,
    device: Arc<Device>,
    /// It has answered before: silence of a v3 agent may then be a new engine.
    answered: AtomicBool,
    /// The last request was not answered.
    lost: AtomicBool,
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent").field("sent", &self.sent()).finish_non_exhaustive()
    }
}

enum Request {
    Get(Vec<async_snmp::Oid>),
    Next(Vec<async_snmp::Oid>),
    Bulk(Vec<async_snmp::Oid>, u32),
}

impl Agent {
    /// Makes an agent of an address.
    ///
    /// # Errors
    /// The credential cannot be used, or there is no socket of that address family.
    pub fn new(sockets: &Sockets, address: SocketAddr, security: &Security, manner: Manner) -> Result<Self, SnmpError> {
        let socket = if address.is_ipv4() { Some(&sockets.v4) } else { sockets.v6.as_ref() };
        let socket = socket.ok_or_else(|| SnmpError::Other("this host has no IPv6".to_owned()))?;
        let socket = socket.handle(address).map_err(|error| SnmpError::Other(error.to_string()))?;
        Self::of(
            Arc::new(Device {
                socket: socket.strict_source(true),
                salt: sockets.salt.clone(),
                security: security.clone(),
                engines: Arc::new(EngineCache::new()),
                manner,
                permits: Semaphore::new(manner.per_target.max(1)),
                sent: AtomicU32::new(0),
            }),
            None,
        )
    }

    fn of(device: Arc<Device>, vlan: Option<VlanId>) -> Result<Self, SnmpError> {
        let heard = Arc::new(Heard::default());
        let client = ClientBuilder::new(device.security.auth(vlan)?)
            .request_timeout(device.manner.timeout)
            .retry(Retry::none())
            .engine_cache(Arc::clone(&device.engines))
            .des_salt_state(device.salt.clone())
            .build_with_transport(Watched { socket: device.socket.clone(), heard: Arc::clone(&heard) })
            .map_err(|error| SnmpError::Other(error.to_string()))?;
        let (answered, lost) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { client, heard, device, answered, lost })
    }

    /// The same device's bridge of one VLAN, as Cisco's IOS has it: community `community@VLAN`, context `vlan-VLAN`.
    /// It shares the device's requests under way, its count of requests and its engine.
    ///
    /// # Errors
    /// The credential cannot be used.
    pub fn in_vlan(&self, vlan: VlanId) -> Result<Self, SnmpError> {
        Self::of(Arc::clone(&self.device), Some(vlan))
    }

    /// It is asked as an SNMPv3 user.
    #[must_use]
    pub fn is_v3(&self) -> bool {
        self.device.security.user().is_some()
    }

    /// Requests sent to the device so far, retries included.
    #[must_use]
    pub fn sent(&self) -> u32 {
        self.device.sent.load(Ordering::Relaxed)
    }

    async fn send(&self, request: &Request) -> async_snmp::Result<Vec<VarBind>> {
        match request {
            Request::Get(oids) => self.client.get_many(oids).await.map(|reply| reply.varbinds),
            Request::Next(oids) => self.client.get_next_many(oids).await.map(|reply| reply.varbinds),
            Request::Bulk(oids, repetitions) => self.client.get_bulk(oids, 0, *repetitions).await,
        }
    }

    /// Sends a request once.
    async fn attempt(&self, request: &Request) -> Result<Vec<VarBind>, SnmpError> {
        let Ok(_permit) = self.device.permits.acquire().await else { return Err(SnmpError::Timeout) };
        // A replaced switch or a stack whose master changed has another engine, and says nothing.
        if self.lost.swap(false, Ordering::Relaxed) && self.answered.load(Ordering::Relaxed) {
            self.device.sent.fetch_add(1, Ordering::Relaxed);
            let _ = self.client.rediscover_engine().await;
        }
        self.device.sent.fetch_add(1, Ordering::Relaxed);
        let reply = self.send(request).await;
        match reply {
            Ok(reply) => {
                self.heard.forget();
                self.answered.store(true, Ordering::Relaxed);
                Ok(reply)
            }
            Err(error) => {
                let error = self.translate(&error);
                if error == SnmpError::Timeout {
                    self.lost.store(self.device.security.user().is_some(), Ordering::Relaxed);
                }
                Err(error)
            }
        }
    }

    /// Sends a request until it is answered or the retries are used up.
    async fn exchange(&self, request: &Request) -> Result<Vec<VarBind>, SnmpError> {
        let mut attempts = 0;
        loop {
            match self.attempt(request).await {
                Err(SnmpError::Timeout) if attempts < self.device.manner.retries => attempts += 1,
                Err(SnmpError::Timeout) => return Err(self.silence()),
                answer => return answer,
            }
        }
    }

    /// Silence, or what was reported in its place.
    fn silence(&self) -> SnmpError {
        match (self.heard.last(), self.device.security.user()) {
            (Some(Report::UnknownContext), _) => SnmpError::UnknownContext,
            (Some(report), Some((user, privacy))) => SnmpError::Refused(report.words(user, privacy)),
            _ => SnmpError::Timeout,
        }
    }

    fn translate(&self, error: &Error) -> SnmpError {
        match error {
            Error::SharedOperation { source, .. } => self.translate(source),
            Error::Exchange { source, .. } => self.translate(source),
            Error::Timeout { .. } | Error::ConstructionTimeout { .. } => SnmpError::Timeout,
            Error::Snmp { status: ErrorStatus::TooBig, .. } => SnmpError::TooBig,
            Error::Snmp { status: ErrorStatus::NoSuchName, index, .. } => SnmpError::NoSuchName(*index),
            Error::Snmp { status, .. } => SnmpError::Status(status.to_string()),
            Error::Auth { .. } => SnmpError::Refused("the agent's answer fails authentication".to_owned()),
            Error::Report { status, .. } => match (Report::authenticated(status), self.device.security.user()) {
                (Some(Report::UnknownContext), _) => SnmpError::UnknownContext,
                (Some(report), Some((user, privacy))) => SnmpError::Refused(report.words(user, privacy)),
                _ => SnmpError::Refused(format!("the agent reports {status}")),
            },
            other => SnmpError::Other(crate::net::text::clean(&other.to_string())),
        }
    }
}

fn oid_of(oid: &Oid) -> async_snmp::Oid {
    async_snmp::Oid::from_slice(&oid.0)
}

fn value_of(value: async_snmp::Value) -> Value {
    use async_snmp::Value as V;
    match value {
        V::Integer(number) => Value::Integer(i64::from(number)),
        V::OctetString(octets) | V::Opaque(octets) => {
            Value::Octets(octets.get(..LONGEST_OCTETS).unwrap_or(&octets).to_vec())
        }
        V::ObjectIdentifier(oid) => Value::Oid(Oid::new(oid.arcs())),
        V::IpAddress(address) => Value::Ip(address),
        V::Counter32(number) | V::Gauge32(number) | V::UInteger32(number) | V::TimeTicks(number) => {
            Value::Unsigned(u64::from(number))
        }
        V::Counter64(number) => Value::Unsigned(number),
        V::EndOfMibView => Value::End,
        _ => Value::Missing,
    }
}

impl Session for Agent {
    async fn get(&self, oids: &[Oid]) -> Result<Vec<Value>, SnmpError> {
        let mut asked: Vec<_> = oids.iter().map(oid_of).collect();
        let reply = loop {
            match self.exchange(&Request::Get(asked.clone())).await {
                // SNMPv1 answers nothing at all where one object is missing, and says which.
                Err(SnmpError::NoSuchName(index)) if asked.len() > 1 => {
                    let missing = usize::try_from(index).ok().and_then(|index| index.checked_sub(1));
                    match missing.filter(|missing| *missing < asked.len()) {
                        Some(missing) => drop(asked.remove(missing)),
                        None => return Err(SnmpError::NoSuchName(index)),
                    }
                }
                Err(SnmpError::NoSuchName(_)) => break Vec::new(),
                reply => break reply?,
            }
        };
        let find = |oid: &async_snmp::Oid| reply.iter().find(|varbind| varbind.oid == *oid);
        Ok(oids
            .iter()
            .map(|oid| find(&oid_of(oid)).map_or(Value::Missing, |varbind| value_of(varbind.value.clone())))
            .collect())
    }

    async fn get_bulk(
        &self,
        after: &[u32],
        repetitions: u32,
        each: &mut (impl FnMut(&[u32], Value) -> ControlFlow<()> + Send),
    ) -> Result<(), SnmpError> {
        let from = vec![async_snmp::Oid::from_slice(after)];
        let bulk = repetitions > 0 && !self.device.security.is_v1();
        let request = if bulk { Request::Bulk(from, repetitions) } else { Request::Next(from) };
        match self.attempt(&request).await {
            Ok(rows) => {
                let _ = rows.into_iter().try_for_each(|row| each(row.oid.arcs(), value_of(row.value)));
                Ok(())
            }
            // The end of everything, as SNMPv1 says it.
            Err(SnmpError::NoSuchName(_)) if self.device.security.is_v1() => {
                let _ = each(after, Value::End);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn retries(&self) -> u32 {
        self.device.manner.retries
    }

    fn silence(&self) -> SnmpError {
        Self::silence(self)
    }
}
