//! A camera's device service: which operations are asked, and how.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::header::{HeaderMap, SERVER, WWW_AUTHENTICATE};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::digest::{self, Challenge};
use super::http::{Http, Post, Reply};
use super::soap::{self, Envelope};
use super::xml::XmlError;
use super::{Budget, OnvifError, TlsSettings};

/// Operations of the device service that are asked. All of them only read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// GetSystemDateAndTime (ONVIF Core §8, PRE_AUTH): for everybody.
    DateAndTime,
    /// GetServices: for everybody.
    Services,
    /// GetCapabilities: for everybody, where GetServices does not exist.
    Capabilities,
    /// GetDeviceInformation: for users.
    Information,
    /// GetScopes: for users.
    Scopes,
    /// GetNetworkInterfaces: for users.
    Interfaces,
    /// GetHostname: for everybody.
    Hostname,
}

impl Operation {
    /// Its name in the WSDL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DateAndTime => "GetSystemDateAndTime",
            Self::Services => "GetServices",
            Self::Capabilities => "GetCapabilities",
            Self::Information => "GetDeviceInformation",
            Self::Scopes => "GetScopes",
            Self::Interfaces => "GetNetworkInterfaces",
            Self::Hostname => "GetHostname",
        }
    }

    /// Local name of its reply.
    #[must_use]
    pub fn reply(self) -> String {
        format!("{}Response", self.name())
    }

    fn body(self) -> String {
        const NAMESPACE: &str = "http://www.onvif.org/ver10/device/wsdl";
        let name = self.name();
        let inner = match self {
            // Strict devices check both against the schema.
            Self::Services => "<IncludeCapability>false</IncludeCapability>",
            Self::Capabilities => "<Category>All</Category>",
            _ => return format!("<{name} xmlns=\"{NAMESPACE}\"/>"),
        };
        format!("<{name} xmlns=\"{NAMESPACE}\">{inner}</{name}>")
    }
}

/// Where a device service is. The host is always the polled address; nothing a camera says changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The polled address and a port.
    pub address: SocketAddr,
    /// Path of the device service.
    pub path: String,
    /// Over TLS.
    pub tls: bool,
}

/// What a request proves.
#[derive(Debug, Clone, Copy)]
pub enum Proof<'a> {
    /// Nothing: what anybody may ask.
    Nobody,
    /// A WS-Security header ([`super::wsse::token`]).
    Token(&'a str),
    /// An `Authorization` value ([`super::digest::answer`]).
    Digest(&'a [u8]),
}

/// What came back, whatever it is.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Challenges of `WWW-Authenticate`.
    pub challenges: Vec<Challenge>,
    /// The `Server` header, as it came.
    pub server: Option<Vec<u8>>,
    /// The SOAP envelope in the body, or why there is none.
    pub envelope: Result<Envelope, XmlError>,
}

impl Answer {
    fn new(reply: &Reply) -> Self {
        let values = |headers: &HeaderMap, name| -> Vec<Vec<u8>> {
            headers.get_all(name).iter().map(|value| value.as_bytes().to_vec()).collect()
        };
        let offered = values(&reply.headers, WWW_AUTHENTICATE);
        Self {
            status: reply.status,
            challenges: digest::challenges(offered.iter().map(Vec::as_slice)),
            server: values(&reply.headers, SERVER).into_iter().next(),
            envelope: soap::read(&reply.body),
        }
    }
}

/// The device service of one camera: one request at a time.
#[derive(Debug)]
pub struct Service {
    endpoint: Endpoint,
    http: Http,
    budget: Budget,
    requests: u32,
}

impl Service {
    /// Nothing is sent yet. `stream` may be a connection to the endpoint's address that is already there.
    #[must_use]
    pub fn new(
        endpoint: Endpoint,
        tls: Option<TlsSettings>,
        connect_timeout: Duration,
        budget: Budget,
        stream: Option<TcpStream>,
    ) -> Self {
        let tls = tls.filter(|_| endpoint.tls);
        let http = Http::new(endpoint.address, tls, connect_timeout, budget.clone(), stream);
        Self { endpoint, http, budget, requests: 0 }
    }

    /// Where it is.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Requests sent so far.
    #[must_use]
    pub fn requests(&self) -> u32 {
        self.requests
    }

    /// The certificate it showed, DER.
    #[must_use]
    pub fn certificate(&self) -> Option<&[u8]> {
        self.http.leaf.as_deref()
    }

    /// Asks one operation. A request that proves something may take all the time that is left and is never sent a
    /// second time; one that does not gives up after `patience`.
    ///
    /// # Errors
    /// No HTTP reply came. A reply that refuses or makes no sense is an [`Answer`].
    pub async fn ask(
        &mut self,
        operation: Operation,
        proof: Proof<'_>,
        patience: Duration,
    ) -> Result<Answer, OnvifError> {
        let action = operation.name();
        let content_type =
            format!("application/soap+xml; charset=utf-8; action=\"http://www.onvif.org/ver10/device/wsdl/{action}\"");
        let (security, authorization) = match proof {
            Proof::Nobody => (None, None),
            Proof::Token(header) => (Some(header), None),
            Proof::Digest(value) => (None, Some(value)),
        };
        let once = security.is_some() || authorization.is_some();
        let until = if once { self.budget.until() } else { Instant::now() + patience };
        let post = Post {
            path: &self.endpoint.path,
            content_type: &content_type,
            authorization,
            body: soap::write(&operation.body(), security),
            once,
        };
        self.requests += 1;
        self.http.post(&post, until).await.map(|reply| Answer::new(&reply))
    }
}
