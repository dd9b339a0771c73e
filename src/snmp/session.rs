//! One agent asked as a small session: shared sockets, one agent a device, the crate's errors as ours.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_snmp::message_size::UDP_RECEIVE_LIMITS;
use async_snmp::transport::{Candidate, RequestRegistration, ResponseIdentity, Transport, alloc_request_id};
use async_snmp::{
    Client, ClientBuilder, DesSaltState, EngineCache, Error, ErrorStatus, PersistedDesSaltState, ReceiveLimits, Retry,
    VarBind,
};
use bytes::Bytes;
use tokio::sync::Semaphore;

use super::community::{Bindings, Community, LONGEST_OCTETS, Operation, Request};
use super::report::{Heard, Report};
use super::security::AskedWith;
use super::socket::{Failure, Socket};
use super::{Context, Oid, Security, Session, SnmpError, Value};

/// Longest request: what every path carries whole.
const SEND_CAPACITY: usize = 1472;

/// The sockets every agent is asked through: one for IPv4, one for IPv6 where there is IPv6.
#[derive(Clone)]
pub struct Sockets {
    v4: Socket,
    v6: Option<Socket>,
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
        let v4 = Socket::bind((Ipv4Addr::UNSPECIFIED, 0).into());
        let v4 = v4.map_err(|error| SnmpError::Other(format!("no UDP socket: {error}")))?;
        Ok(Self { v4, v6: Socket::bind((Ipv6Addr::UNSPECIFIED, 0).into()).ok(), salt: salt()? })
    }
}

/// The crate's way to one agent: the shared socket, listened to on the way. Reports the crate drops are kept as words.
struct Watched {
    socket: Socket,
    agent: SocketAddr,
    heard: Arc<Heard>,
}

impl Transport for Watched {
    async fn send(&self, data: &[u8]) -> async_snmp::Result<()> {
        let network = |source| Box::new(Error::Network { target: self.agent, source });
        self.socket.send(data, self.agent).await.map_err(network)
    }

    /// The crate sends each request once, so there are no numbers of earlier sendings to wait for as well.
    async fn request_with<T, F>(
        &self,
        data: &[u8],
        registration: RequestRegistration,
        mut validate: F,
    ) -> async_snmp::Result<T>
    where
        T: Send,
        F: FnMut(Bytes, SocketAddr) -> async_snmp::Result<Candidate<T>> + Send,
    {
        let (begun, target) = (Instant::now(), self.agent);
        let read = |datagram: Bytes| {
            self.heard.listen(&datagram);
            if registration.evaluate_response_identity(&datagram, true) == ResponseIdentity::Reject {
                return None;
            }
            match validate(datagram, target) {
                Ok(Candidate::Accept(answer)) => Some(Ok(answer)),
                Ok(Candidate::Reject) => None,
                Err(error) => Some(Err(error)),
            }
        };
        let (id, deadline) = (registration.request_id(), registration.deadline());
        self.socket.exchange(data, id, target, deadline, read).await.unwrap_or_else(|failure| {
            Err(Box::new(match failure {
                Failure::Timeout => Error::Timeout { target, elapsed: begun.elapsed(), retries: 0 },
                Failure::Io(source) => Error::Network { target, source },
            }))
        })
    }

    fn peer_addr(&self) -> SocketAddr {
        self.agent
    }

    fn local_addr(&self) -> SocketAddr {
        self.socket.address()
    }

    fn is_reliable(&self) -> bool {
        false
    }

    /// The largest there is: a smaller size announced makes some v3 agents answer genErr.
    fn receive_limits(&self) -> ReceiveLimits {
        UDP_RECEIVE_LIMITS
    }

    fn send_capacity(&self) -> usize {
        SEND_CAPACITY
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
    socket: Socket,
    address: SocketAddr,
    salt: DesSaltState,
    security: Security,
    /// Each device asked as a user has its own: two switches may have the same engine id.
    engines: Option<Arc<EngineCache>>,
    manner: Manner,
    /// Requests under way at once.
    permits: Semaphore,
    sent: AtomicU32,
}

/// One agent, or one context of it: its client and engine cache live as long as it is configured.
pub struct Agent {
    way: Way,
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

/// How requests are made: those with a community here, those of a user by the crate.
enum Way {
    Community(Community),
    User(Box<Client<Watched>>),
}

/// What an answer holds.
enum Answer {
    Read(Bindings),
    Crate(Vec<VarBind>),
}

impl Answer {
    /// Shows each binding in order until enough were seen.
    fn show(self, each: &mut impl FnMut(&[u32], Value) -> ControlFlow<()>) {
        match self {
            Self::Read(bindings) => bindings.show(each),
            Self::Crate(rows) => {
                let _ = rows.into_iter().try_for_each(|row| each(row.oid.arcs(), value_of(row.value)));
            }
        }
    }
}

impl Agent {
    /// Makes an agent of an address.
    ///
    /// # Errors
    /// The credential cannot be used, or there is no socket of that address family.
    pub fn new(sockets: &Sockets, address: SocketAddr, security: &Security, manner: Manner) -> Result<Self, SnmpError> {
        let socket = if address.is_ipv4() { Some(&sockets.v4) } else { sockets.v6.as_ref() };
        let socket = socket.ok_or_else(|| SnmpError::Other("this host has no IPv6".to_owned()))?;
        Self::of(
            Arc::new(Device {
                socket: socket.clone(),
                address,
                salt: sockets.salt.clone(),
                security: security.clone(),
                engines: security.user().map(|_| Arc::new(EngineCache::new())),
                manner,
                permits: Semaphore::new(manner.per_target.max(1)),
                sent: AtomicU32::new(0),
            }),
            None,
        )
    }

    fn of(device: Arc<Device>, context: Option<&Context>) -> Result<Self, SnmpError> {
        let heard = Arc::new(Heard::default());
        let way = match device.security.asked_with(context)? {
            AskedWith::Community(community) => Way::Community(community),
            AskedWith::User(user) => {
                let client = ClientBuilder::new(*user)
                    .request_timeout(device.manner.timeout)
                    .retry(Retry::none())
                    .engine_cache(device.engines.clone().unwrap_or_default())
                    .des_salt_state(device.salt.clone())
                    .build_with_transport(Watched {
                        socket: device.socket.clone(),
                        agent: device.address,
                        heard: Arc::clone(&heard),
                    });
                Way::User(Box::new(client.map_err(|error| SnmpError::Other(error.to_string()))?))
            }
        };
        let (answered, lost) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { way, heard, device, answered, lost })
    }

    /// The same device in a context. It shares the device's requests under way, its count of requests and its engine.
    ///
    /// # Errors
    /// The credential cannot be used.
    pub fn in_context(&self, context: &Context) -> Result<Self, SnmpError> {
        Self::of(Arc::clone(&self.device), Some(context))
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

    async fn by_community(&self, community: &Community, request: &Request<'_>) -> Result<Answer, SnmpError> {
        let (id, to) = (alloc_request_id(), self.device.address);
        let datagram = community.request(id, request);
        let deadline = tokio::time::Instant::now() + self.device.manner.timeout;
        let read = |reply: Bytes| community.answer(id, &reply);
        match self.device.socket.exchange(&datagram, id, to, deadline, read).await {
            Ok(answer) => answer.map(Answer::Read),
            Err(Failure::Timeout) => Err(SnmpError::Timeout),
            Err(Failure::Io(error)) => Err(SnmpError::Other(format!("network error communicating with {to}: {error}"))),
        }
    }

    async fn by_user(&self, client: &Client<Watched>, request: &Request<'_>) -> Result<Answer, SnmpError> {
        // A replaced switch or a stack whose master changed has another engine, and says nothing.
        if self.lost.swap(false, Ordering::Relaxed) && self.answered.load(Ordering::Relaxed) {
            self.device.sent.fetch_add(1, Ordering::Relaxed);
            let _ = client.rediscover_engine().await;
        }
        let oids: Vec<_> = request.oids.iter().map(|oid| async_snmp::Oid::from_slice(oid)).collect();
        let reply = match request.operation {
            Operation::Get => client.get_many(&oids).await.map(|reply| reply.varbinds),
            Operation::Next => client.get_next_many(&oids).await.map(|reply| reply.varbinds),
            Operation::Bulk(repetitions) => client.get_bulk(&oids, 0, repetitions).await,
        };
        match reply {
            Ok(reply) => {
                self.heard.forget();
                self.answered.store(true, Ordering::Relaxed);
                Ok(Answer::Crate(reply))
            }
            Err(error) => {
                let error = self.translate(&error);
                self.lost.store(error == SnmpError::Timeout, Ordering::Relaxed);
                Err(error)
            }
        }
    }

    /// Sends a request once.
    async fn attempt(&self, request: &Request<'_>) -> Result<Answer, SnmpError> {
        let Ok(_permit) = self.device.permits.acquire().await else { return Err(SnmpError::Timeout) };
        self.device.sent.fetch_add(1, Ordering::Relaxed);
        match &self.way {
            Way::Community(community) => self.by_community(community, request).await,
            Way::User(client) => self.by_user(client, request).await,
        }
    }

    /// Sends a request until it is answered or the retries are used up.
    async fn exchange(&self, request: &Request<'_>) -> Result<Answer, SnmpError> {
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

pub(super) fn value_of(value: async_snmp::Value) -> Value {
    use async_snmp::Value as V;
    match value {
        V::Integer(number) => Value::Integer(i64::from(number)),
        V::OctetString(octets) | V::Opaque(octets) => {
            Value::Octets(octets.get(..LONGEST_OCTETS).unwrap_or(&octets).to_vec())
        }
        V::ObjectIdentifier(oid) => Value::Oid(Box::new(Oid::new(oid.arcs()))),
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
        let mut asked: Vec<&[u32]> = oids.iter().map(|oid| oid.0.as_slice()).collect();
        let reply = loop {
            match self.exchange(&Request { operation: Operation::Get, oids: &asked }).await {
                // SNMPv1 answers nothing at all where one object is missing, and says which.
                Err(SnmpError::NoSuchName(index)) if asked.len() > 1 => {
                    let missing = usize::try_from(index).ok().and_then(|index| index.checked_sub(1));
                    match missing.filter(|missing| *missing < asked.len()) {
                        Some(missing) => drop(asked.remove(missing)),
                        None => return Err(SnmpError::NoSuchName(index)),
                    }
                }
                Err(SnmpError::NoSuchName(_)) => return Ok(oids.iter().map(|_| Value::Missing).collect()),
                reply => break reply?,
            }
        };
        let mut values: Vec<_> = oids.iter().map(|_| Value::Missing).collect();
        let mut found = vec![false; oids.len()];
        reply.show(&mut |oid, value| {
            for ((asked, place), found) in oids.iter().zip(&mut values).zip(&mut found) {
                if asked.0 == oid && !std::mem::replace(found, true) {
                    *place = value.clone();
                }
            }
            ControlFlow::Continue(())
        });
        Ok(values)
    }

    async fn get_bulk(
        &self,
        after: &[u32],
        repetitions: u32,
        each: &mut (impl FnMut(&[u32], Value) -> ControlFlow<()> + Send),
    ) -> Result<(), SnmpError> {
        let v1 = matches!(&self.way, Way::Community(community) if community.is_v1());
        let bulk = repetitions > 0 && !v1;
        let operation = if bulk { Operation::Bulk(repetitions) } else { Operation::Next };
        match self.attempt(&Request { operation, oids: &[after] }).await {
            Ok(answer) => {
                answer.show(each);
                Ok(())
            }
            // The end of everything, as SNMPv1 says it.
            Err(SnmpError::NoSuchName(_)) if v1 => {
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
