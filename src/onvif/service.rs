//! A camera's device service: which operations are asked, and how.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::header::{HeaderMap, HeaderValue, SERVER, WWW_AUTHENTICATE};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::digest::{self, Challenge};
use super::http::{Get, Http, Post, Reply};
use super::soap::{self, Envelope, Payload};
use super::xml::XmlError;
use super::{Budget, OnvifError, TlsSettings};
use crate::net::DeviceText;

const DEVICE_NAMESPACE: &str = "http://www.onvif.org/ver10/device/wsdl";
/// Namespace of the recording service, as GetServices names it.
pub const RECORDING_SERVICE: &str = "http://www.onvif.org/ver10/recording/wsdl";

/// Operations that are asked: the device service's, and one of the recording service's. All of them only read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// GetSystemDateAndTime (ONVIF Core §8, PRE_AUTH): for everybody.
    DateAndTime,
    /// GetServices: for everybody.
    Services,
    /// GetCapabilities: for everybody. Says how many video sources there are.
    Capabilities,
    /// GetHostname: for everybody.
    Hostname,
    /// GetDeviceInformation (READ_SYSTEM): for users, as are those that follow.
    Information,
    /// GetScopes
    Scopes,
    /// GetNetworkInterfaces
    Interfaces,
    /// GetNetworkDefaultGateway
    Gateway,
    /// GetDNS
    Dns,
    /// GetNTP
    Ntp,
    /// GetNetworkProtocols
    Protocols,
    /// GetUsers (READ_SYSTEM_SECRET): for administrators.
    Users,
    /// GetRecordings of the recording service (ONVIF Recording Control §5): which cameras a recorder records.
    Recordings,
}

impl Operation {
    /// Its name in the WSDL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DateAndTime => "GetSystemDateAndTime",
            Self::Services => "GetServices",
            Self::Capabilities => "GetCapabilities",
            Self::Hostname => "GetHostname",
            Self::Information => "GetDeviceInformation",
            Self::Scopes => "GetScopes",
            Self::Interfaces => "GetNetworkInterfaces",
            Self::Gateway => "GetNetworkDefaultGateway",
            Self::Dns => "GetDNS",
            Self::Ntp => "GetNTP",
            Self::Protocols => "GetNetworkProtocols",
            Self::Users => "GetUsers",
            Self::Recordings => "GetRecordings",
        }
    }

    /// Local name of its reply.
    #[must_use]
    pub fn reply(self) -> String {
        format!("{}Response", self.name())
    }

    fn namespace(self) -> &'static str {
        match self {
            Self::Recordings => RECORDING_SERVICE,
            _ => DEVICE_NAMESPACE,
        }
    }

    fn body(self) -> String {
        let (name, namespace) = (self.name(), self.namespace());
        let inner = match self {
            // Strict devices check both against the schema.
            Self::Services => "<IncludeCapability>false</IncludeCapability>",
            Self::Capabilities => "<Category>All</Category>",
            _ => return format!("<{name} xmlns=\"{namespace}\"/>"),
        };
        format!("<{name} xmlns=\"{namespace}\">{inner}</{name}>")
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

/// The beginning of a page, and what its head says.
#[derive(Debug)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// Challenges of `WWW-Authenticate`.
    pub challenges: Vec<Challenge>,
    /// The `Server` header, as it came.
    pub server: Option<Vec<u8>>,
    /// The body, or its beginning.
    pub body: Vec<u8>,
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
    /// How a body begins that is no envelope.
    pub text: DeviceText,
}

/// The challenges and the `Server` header of a reply's head.
fn head(headers: &HeaderMap) -> (Vec<Challenge>, Option<Vec<u8>>) {
    let offered = headers.get_all(WWW_AUTHENTICATE).iter().map(HeaderValue::as_bytes);
    (digest::challenges(offered), headers.get(SERVER).map(|value| value.as_bytes().to_vec()))
}

impl Answer {
    fn new(reply: &Reply) -> Self {
        let (challenges, server) = head(&reply.headers);
        let envelope = soap::read(&reply.body);
        let text = if envelope.is_ok() { DeviceText::default() } else { DeviceText::from_octets(&reply.body) };
        Self { status: reply.status, challenges, server, envelope, text }
    }

    /// What it says in words, lower case: a fault's, or a body's that is no envelope. Empty where it is a reply.
    #[must_use]
    pub fn words(&self) -> String {
        match self.envelope.as_ref().map(|envelope| &envelope.payload) {
            Ok(Payload::Fault(fault)) => fault.words().to_owned(),
            Ok(Payload::Reply(_)) => String::new(),
            Err(_) => self.text.as_str().to_lowercase(),
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
    /// Path of its recording service.
    recording: Option<String>,
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
        Self { endpoint, http, budget, requests: 0, recording: None }
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

    /// The certificate it showed, DER, and whether it proved that it holds its key.
    #[must_use]
    pub fn certificate(&self) -> Option<(&[u8], bool)> {
        self.http.leaf.as_ref().map(|(leaf, proved)| (leaf.as_slice(), *proved))
    }

    /// Path at which an operation is asked: that of its service, always at the polled address.
    #[must_use]
    pub fn path(&self, operation: Operation) -> &str {
        match operation {
            Operation::Recordings => self.recording.as_deref().unwrap_or(&self.endpoint.path),
            _ => &self.endpoint.path,
        }
    }

    /// Whether it has a recording service.
    #[must_use]
    pub fn has_recording(&self) -> bool {
        self.recording.is_some()
    }

    /// The path of the recording service, as GetServices says.
    pub fn set_recording(&mut self, path: String) {
        self.recording = Some(path);
    }

    /// Gets the page that everybody is shown, without a credential: at most `most` octets of it.
    ///
    /// # Errors
    /// No HTTP reply came.
    pub async fn page(&mut self, most: usize, patience: Duration) -> Result<Page, OnvifError> {
        self.requests += 1;
        let reply = self.http.get(&Get { path: "/", most }, Instant::now() + patience).await?;
        let (challenges, server) = head(&reply.headers);
        Ok(Page { status: reply.status, challenges, server, body: reply.body })
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
        let (namespace, action) = (operation.namespace(), operation.name());
        let content_type = format!("application/soap+xml; charset=utf-8; action=\"{namespace}/{action}\"");
        let (security, authorization) = match proof {
            Proof::Nobody => (None, None),
            Proof::Token(header) => (Some(header), None),
            Proof::Digest(value) => (None, Some(value)),
        };
        let once = security.is_some() || authorization.is_some();
        let until = if once { self.budget.until() } else { Instant::now() + patience };
        let path = self.path(operation).to_owned();
        let post = Post {
            path: &path,
            content_type: &content_type,
            authorization,
            body: soap::write(&operation.body(), security),
            once,
        };
        self.requests += 1;
        self.http.post(&post, until).await.map(|reply| Answer::new(&reply))
    }
}
