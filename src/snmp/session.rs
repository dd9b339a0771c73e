//! The one place that names the SNMP crate: shared sockets, one agent a device, its errors as ours.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use async_snmp::{
    Auth, AuthProtocol, Client, EngineCache, Error, ErrorStatus, PrivProtocol, Retry, UdpHandle, UdpTransport,
    UsmConfig, VarBind,
};
use tokio::sync::Semaphore;

use super::{Oid, Session, SnmpError, Value};

/// Receive buffer asked of the kernel: replies of many switches arrive at once.
const RECEIVE_BUFFER: usize = 4 << 20;
/// Largest datagram there is: a smaller announced size makes some v3 agents answer genErr.
const LARGEST_DATAGRAM: usize = 65_507;

/// SNMPv3 authentication protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SecurityAuth {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// SNMPv3 privacy protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SecurityPriv {
    Aes128,
    Aes192,
    Aes256,
}

/// What an agent is asked with. Not printed: it holds secrets.
#[derive(Clone)]
pub enum Security {
    /// SNMPv2c.
    Community(String),
    /// SNMPv3 USM.
    User {
        /// User name.
        name: String,
        /// Authentication.
        auth: Option<(SecurityAuth, String)>,
        /// Privacy; only with authentication.
        privacy: Option<(SecurityPriv, String)>,
    },
}

impl std::fmt::Debug for Security {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Security(…)")
    }
}

/// The sockets every agent is asked through: one for IPv4, one for IPv6 where there is IPv6.
#[derive(Clone)]
pub struct Sockets {
    v4: UdpTransport,
    v6: Option<UdpTransport>,
}

impl std::fmt::Debug for Sockets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sockets").finish_non_exhaustive()
    }
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
        Ok(Self { v4, v6: bind("[::]:0").await.ok() })
    }
}

/// One agent: its client and engine cache live as long as it is configured.
pub struct Agent {
    client: Client<UdpHandle>,
    v3: bool,
    retries: u32,
    /// Requests under way at once.
    permits: Semaphore,
    sent: AtomicU32,
    /// It has answered before: silence of a v3 agent may then be a new engine.
    answered: AtomicBool,
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent").field("sent", &self.sent).finish_non_exhaustive()
    }
}

enum Request {
    Get(Vec<async_snmp::Oid>),
    Next(Vec<async_snmp::Oid>),
    Bulk(Vec<async_snmp::Oid>, u32),
}

fn auth_of(security: &Security) -> Result<Auth, SnmpError> {
    let refused = |error: &dyn std::fmt::Display| SnmpError::Other(format!("the credential cannot be used: {error}"));
    let auth_protocol = |protocol| match protocol {
        SecurityAuth::Md5 => AuthProtocol::Md5,
        SecurityAuth::Sha1 => AuthProtocol::Sha1,
        SecurityAuth::Sha224 => AuthProtocol::Sha224,
        SecurityAuth::Sha256 => AuthProtocol::Sha256,
        SecurityAuth::Sha384 => AuthProtocol::Sha384,
        SecurityAuth::Sha512 => AuthProtocol::Sha512,
    };
    let priv_protocol = |protocol| match protocol {
        SecurityPriv::Aes128 => PrivProtocol::Aes128,
        SecurityPriv::Aes192 => PrivProtocol::Aes192Blumenthal,
        SecurityPriv::Aes256 => PrivProtocol::Aes256Blumenthal,
    };
    match security {
        Security::Community(community) => Ok(Auth::v2c(community.clone())),
        Security::User { name, auth, privacy } => {
            let user = UsmConfig::new(name.clone());
            let user = match (auth, privacy) {
                (Some((auth, password)), Some((privacy, key))) => user
                    .auth_priv(auth_protocol(*auth), password.as_str(), priv_protocol(*privacy), key.as_str())
                    .map_err(|error| refused(&error))?,
                (Some((auth, password)), None) => {
                    user.auth(auth_protocol(*auth), password.as_str()).map_err(|error| refused(&error))?
                }
                (None, _) => user,
            };
            Ok(Auth::from(user))
        }
    }
}

impl Agent {
    /// Makes an agent of an address. Each has an engine cache of its own: two switches may have the same engine id.
    ///
    /// # Errors
    /// The credential cannot be used, or there is no socket of that address family.
    pub async fn new(
        sockets: &Sockets,
        address: SocketAddr,
        security: &Security,
        timeout: Duration,
        retries: u32,
        per_target: usize,
    ) -> Result<Self, SnmpError> {
        let socket = if address.is_ipv4() { Some(&sockets.v4) } else { sockets.v6.as_ref() };
        let socket = socket.ok_or_else(|| SnmpError::Other("this host has no IPv6".to_owned()))?;
        let client = Client::builder(address, auth_of(security)?)
            .strict_source(true)
            .request_timeout(timeout)
            .retry(Retry::none())
            .engine_cache(Arc::new(EngineCache::new()))
            .build_with(socket)
            .await
            .map_err(|error| SnmpError::Other(error.to_string()))?;
        Ok(Self {
            client,
            v3: matches!(security, Security::User { .. }),
            retries,
            permits: Semaphore::new(per_target.max(1)),
            sent: AtomicU32::new(0),
            answered: AtomicBool::new(false),
        })
    }

    /// Requests sent so far, retries included.
    #[must_use]
    pub fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    async fn send(&self, request: &Request) -> async_snmp::Result<Vec<VarBind>> {
        match request {
            Request::Get(oids) => self.client.get_many(oids).await.map(|reply| reply.varbinds),
            Request::Next(oids) => self.client.get_next_many(oids).await.map(|reply| reply.varbinds),
            Request::Bulk(oids, repetitions) => self.client.get_bulk(oids, 0, *repetitions).await,
        }
    }

    /// Sends a request until it is answered or the retries are used up.
    async fn exchange(&self, request: &Request) -> Result<Vec<VarBind>, SnmpError> {
        let Ok(_permit) = self.permits.acquire().await else { return Err(SnmpError::Timeout) };
        for attempt in 0..=self.retries {
            self.sent.fetch_add(1, Ordering::Relaxed);
            let result = self.send(request).await.map_err(|error| translate(&error));
            match result {
                Err(SnmpError::Timeout) if attempt < self.retries => {
                    // A replaced switch or a stack whose master changed has another engine, and says nothing.
                    if self.v3 && self.answered.load(Ordering::Relaxed) {
                        let _ = self.client.rediscover_engine().await;
                    }
                }
                Ok(reply) => {
                    self.answered.store(true, Ordering::Relaxed);
                    return Ok(reply);
                }
                Err(error) => return Err(error),
            }
        }
        Err(SnmpError::Timeout)
    }
}

fn translate(error: &Error) -> SnmpError {
    match error {
        Error::SharedOperation { source, .. } => translate(source),
        Error::Exchange { source, .. } => translate(source),
        Error::Timeout { .. } | Error::ConstructionTimeout { .. } => SnmpError::Timeout,
        Error::Snmp { status: ErrorStatus::TooBig, .. } => SnmpError::TooBig,
        Error::Snmp { status, .. } => SnmpError::Status(status.to_string()),
        Error::Auth { .. } => SnmpError::Refused("the agent's answer fails authentication".to_owned()),
        Error::Report { status, .. } => SnmpError::Refused(format!("the agent reports {status}")),
        other => SnmpError::Other(crate::net::text::clean(&other.to_string())),
    }
}

fn oid_of(oid: &Oid) -> async_snmp::Oid {
    async_snmp::Oid::from_slice(&oid.0)
}

fn value_of(value: async_snmp::Value) -> Value {
    use async_snmp::Value as V;
    match value {
        V::Integer(number) => Value::Integer(i64::from(number)),
        V::OctetString(octets) | V::Opaque(octets) => Value::Octets(octets.to_vec()),
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
        let wanted: Vec<_> = oids.iter().map(oid_of).collect();
        let reply = self.exchange(&Request::Get(wanted.clone())).await?;
        let find = |oid: &async_snmp::Oid| reply.iter().find(|varbind| varbind.oid == *oid);
        Ok(wanted
            .iter()
            .map(|oid| find(oid).map_or(Value::Missing, |varbind| value_of(varbind.value.clone())))
            .collect())
    }

    async fn get_bulk(&self, after: &Oid, repetitions: u32) -> Result<Vec<(Oid, Value)>, SnmpError> {
        let after = vec![oid_of(after)];
        let request = if repetitions == 0 { Request::Next(after) } else { Request::Bulk(after, repetitions) };
        let rows = self.exchange(&request).await?;
        Ok(rows.into_iter().map(|row| (Oid::new(row.oid.arcs()), value_of(row.value))).collect())
    }
}
