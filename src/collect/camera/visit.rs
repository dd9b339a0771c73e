//! One visit to one camera address: discovery, the device service, what it says.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use super::login::Standing;
use super::{CameraCollector, CredentialLedger, discovered, greeting, seek};
use crate::config::{CameraBlock, Credential};
use crate::net::{DeviceText, Timestamp};
use crate::observation::{CameraVisit, Mark, MarkKind, Reach, TlsKey, VisitError};
use crate::onvif::discovery::{DEVICE_SERVICE, Message};
use crate::onvif::{
    self, Access, Answer, Budget, Element, Endpoint, Lockout, OnvifError, Operation, Payload, Proof, RECORDING_SERVICE,
    Service, access,
};
use crate::probe;

const MAX_MARKS: usize = 32;
const MAX_ERRORS: usize = 32;
const HTTPS: u16 = 443;
const NOT_FOUND: u16 = 404;
/// Where some makers (Axis) have their services; asked only where the usual path is not there.
const OTHER_SERVICE: &str = "/onvif/services";

/// What was found where a device service may be.
enum Look {
    Service(Box<Service>),
    /// A web server that knows no such path.
    NoSuchPath,
    Nothing,
}

/// A visit under way.
pub(super) struct Visit<'a, L> {
    pub(super) collector: &'a CameraCollector,
    pub(super) block: &'a CameraBlock,
    pub(super) credentials: &'a [&'a Credential],
    pub(super) ledger: &'a L,
    pub(super) budget: Budget,
    pub(super) standing: Standing<'a>,
    pub(super) out: CameraVisit,
    /// How near it is to locking us out, by its own words on this visit.
    pub(super) lockout: Lockout,
    /// Operations for everybody that it wants a user for.
    pub(super) guarded: Vec<Operation>,
    /// What spoke WS-Discovery, even if only to complain.
    spoke: bool,
    /// What each port had instead of a device service.
    instead: Vec<String>,
}

impl<'a, L: CredentialLedger> Visit<'a, L> {
    pub(super) fn new(
        collector: &'a CameraCollector,
        block: &'a CameraBlock,
        address: IpAddr,
        credentials: &'a [&'a Credential],
        ledger: &'a L,
    ) -> Self {
        Self {
            collector,
            block,
            credentials,
            ledger,
            budget: Budget::new(collector.settings.max_bytes, collector.settings.deadline),
            standing: Standing::Nobody,
            out: CameraVisit::new(address, block.site.clone(), Timestamp::now()),
            lockout: Lockout::default(),
            guarded: Vec::new(),
            spoke: false,
            instead: Vec::new(),
        }
    }

    pub(super) async fn run(mut self) -> CameraVisit {
        self.discover().await;
        self.ask_vendors().await;
        let found = self.find().await;
        // Anything that answered is asked the little that everybody may ask.
        let (collector, block, address) = (self.collector, self.block, self.out.address);
        let (credentials, budget) = (self.credentials, self.budget.clone());
        let answers = found.is_some() || self.spoke || !self.instead.is_empty();
        let endpoint = self.out.discovery.as_ref().map(|discovery| &discovery.endpoint);
        let greet = answers && collector.greeted.is_due(address, endpoint);
        let others = async {
            if !answers {
                return Default::default();
            }
            let rtsp = async {
                if !greet {
                    return (0, None);
                }
                greeting::rtsp(address, block.rtsp_port, collector.settings.connect_timeout, budget).await
            };
            tokio::join!(rtsp, collector.snmp.ask(block, address, credentials))
        };
        let read = async {
            if let Some(mut service) = found {
                let endpoint = service.endpoint();
                (self.out.port, self.out.tls) = (Some(endpoint.address.port()), endpoint.tls);
                self.read(&mut service).await;
                if greet {
                    self.look_at_page(&mut service).await;
                }
                self.out.requests += service.requests();
            }
        };
        let (((options, greeting), (asked, marks)), ()) = tokio::join!(others, read);
        self.out.requests += options + asked;
        if let Some(greeting) = greeting {
            self.note_rtsp(greeting);
        }
        for Mark { kind, text } in marks {
            self.mark(kind, text);
        }
        self.out.octets = self.budget.spent();
        self.out.reach = self.reach();
        self.out.finished = Timestamp::now();
        self.out
    }

    /// How long a request that proves nothing may wait.
    pub(super) fn patience(&self) -> Duration {
        self.collector.settings.deadline / 2
    }

    pub(super) fn trouble(&mut self, asked: &str, message: String) {
        if self.out.errors.len() < MAX_ERRORS {
            self.out.errors.push(VisitError { asked: asked.to_owned(), message });
        }
    }

    async fn discover(&mut self) {
        let to = SocketAddr::new(self.out.address, self.block.discovery_port);
        match seek::probe(to, &self.budget).await {
            Ok((answer, sent)) => {
                self.out.requests += sent;
                self.spoke = answer.is_some();
                if let Some(Message::Matches(matches)) = answer {
                    self.out.discovery = discovered(&matches, to);
                }
            }
            Err(error) => self.trouble("WS-Discovery", format!("the probe could not be sent: {error}")),
        }
    }

    /// The device service: where discovery says, else on the first of the block's ports that has one.
    async fn find(&mut self) -> Option<Service> {
        let named = self.out.discovery.as_ref().and_then(|discovery| discovery.service.clone());
        let address = self.out.address;
        if let Some((port, path, tls)) = named.clone() {
            let endpoint = Endpoint { address: SocketAddr::new(address, port), path, tls };
            if let Look::Service(service) = self.look(endpoint, None, true).await {
                return Some(*service);
            }
        }
        let known = |port: u16| named.as_ref().is_some_and(|(at, path, _)| *at == port && path == DEVICE_SERVICE);
        let ports: Vec<u16> = self.block.ports.iter().copied().filter(|port| !known(*port)).collect();
        let streams = seek::connect(address, &ports, self.collector.settings.connect_timeout, &self.budget).await;
        for stream in streams {
            let Ok(at) = stream.peer_addr() else { continue };
            let mut endpoint = Endpoint { address: at, path: DEVICE_SERVICE.to_owned(), tls: at.port() == HTTPS };
            match self.look(endpoint.clone(), Some(stream), false).await {
                Look::Service(service) => return Some(*service),
                Look::NoSuchPath => {
                    OTHER_SERVICE.clone_into(&mut endpoint.path);
                    if let Look::Service(service) = self.look(endpoint, None, false).await {
                        return Some(*service);
                    }
                }
                Look::Nothing => {}
            }
        }
        None
    }

    /// Whether a device service answers there. `named` by discovery, it may ask everybody for a password; on a port
    /// that was only tried, anything might, and no password is ever sent to anything.
    async fn look(&mut self, endpoint: Endpoint, stream: Option<TcpStream>, named: bool) -> Look {
        let port = endpoint.address.port();
        if endpoint.tls && self.collector.tls.is_none() {
            self.instead.push(format!("port {port}: TLS cannot be spoken"));
            return Look::Nothing;
        }
        let connect_timeout = self.collector.settings.connect_timeout;
        let tls = self.collector.tls.clone();
        let mut service = Service::new(endpoint, tls, connect_timeout, self.budget.clone(), stream);
        let speaks = self.greet(&mut service, named).await;
        if let Some((certificate, proved)) = service.certificate() {
            if speaks.is_ok() {
                self.out.key = Some(TlsKey { sha256: probe::certificate_key(certificate), proved });
            }
            if let Some(subject) = probe::certificate_subject(certificate) {
                self.mark(MarkKind::TlsSubject, subject);
            }
        }
        match speaks {
            Ok(()) => Look::Service(Box::new(service)),
            Err((instead, status)) => {
                self.instead.push(format!("port {port}: {instead}"));
                self.out.requests += service.requests();
                if status == Some(NOT_FOUND) { Look::NoSuchPath } else { Look::Nothing }
            }
        }
    }

    /// Asks what everybody may ask: the clock, the services. The error says what is there instead, and its HTTP status.
    async fn greet(&mut self, service: &mut Service, named: bool) -> Result<(), (String, Option<u16>)> {
        let (asked_at, before) = (Timestamp::now(), Instant::now());
        let answer = match self.ask(service, Operation::DateAndTime).await {
            Ok(answer) => answer,
            Err(error) => {
                self.out.tls_too_old |= matches!(error, OnvifError::TlsTooOld(_));
                return Err((chain(&error), None));
            }
        };
        let midway = asked_at.plus(before.elapsed() / 2);
        let mut speaks = speaks_onvif(&answer, Operation::DateAndTime);
        let first = access(&answer, Operation::DateAndTime);
        match &first {
            Access::Granted(reply) => {
                self.out.clock_offset_ms = onvif::utc_clock(reply).map(|clock| clock.0.saturating_sub(midway.0));
            }
            _ if answer.envelope.is_ok() => {
                self.trouble(Operation::DateAndTime.name(), format!("its clock is unknown: {}", refusal(&first)));
            }
            Access::NeedsDigest(_) | Access::Unsafe(_) if named => return Ok(()),
            other => return Err((refusal(other), Some(answer.status))),
        }
        for operation in [Operation::Services, Operation::Capabilities] {
            let Ok(answer) = self.ask(service, operation).await else { break };
            speaks |= speaks_onvif(&answer, operation);
            match access(&answer, operation) {
                Access::Granted(reply) => self.take_open(service, operation, &reply),
                Access::NeedsDigest(_) | Access::NeedsToken => self.guarded.push(operation),
                _ => {}
            }
        }
        if speaks { Ok(()) } else { Err(("it speaks SOAP, but not ONVIF".to_owned(), None)) }
    }

    /// Keeps what an operation says that the specification has for everybody.
    pub(super) fn take_open(&mut self, service: &mut Service, operation: Operation, reply: &Element) {
        match operation {
            Operation::Services => {
                if let Some(path) = onvif::service_path(reply, RECORDING_SERVICE) {
                    service.set_recording(path);
                }
            }
            Operation::Capabilities => self.out.channels = onvif::channels(reply),
            Operation::Hostname => self.out.hostname = onvif::hostname(reply),
            _ => {}
        }
    }

    /// Asks without any proof and keeps the marks of the reply.
    pub(super) async fn ask(
        &mut self,
        service: &mut Service,
        operation: Operation,
    ) -> Result<Answer, onvif::OnvifError> {
        let answer = service.ask(operation, Proof::Nobody, self.patience()).await?;
        self.note(&answer);
        Ok(answer)
    }

    /// Keeps the marks of the maker that a reply carries.
    pub(super) fn note(&mut self, answer: &Answer) {
        self.lockout = self.lockout.and(onvif::lockout(&answer.words()));
        self.note_head(answer.server.as_deref(), &answer.challenges);
        if let Ok(envelope) = &answer.envelope {
            for mark in probe::soap(&envelope.namespaces, envelope.standalone) {
                self.mark(MarkKind::Soap, mark);
            }
        }
    }

    pub(super) fn mark(&mut self, kind: MarkKind, text: DeviceText) {
        let mark = Mark { kind, text };
        if self.out.marks.len() < MAX_MARKS && !self.out.marks.contains(&mark) {
            self.out.marks.push(mark);
        }
    }

    fn reach(&self) -> Reach {
        if self.spoke || self.out.port.is_some() || !self.out.announcements.is_empty() {
            return Reach::Answered;
        }
        let udp = self.block.discovery_port;
        if self.instead.is_empty() {
            let ports: Vec<String> = self.block.ports.iter().map(ToString::to_string).collect();
            let ports = ports.join(", ");
            return Reach::Silent(format!("WS-Discovery (UDP {udp}) is silent and TCP {ports} closed or filtered"));
        }
        Reach::Silent(format!("no ONVIF: WS-Discovery (UDP {udp}) is silent; {}", self.instead.join("; ")))
    }
}

/// The reply of the operation, or an envelope that names ONVIF.
fn speaks_onvif(answer: &Answer, operation: Operation) -> bool {
    answer.envelope.as_ref().is_ok_and(|envelope| {
        let named = || envelope.namespaces.iter().any(|name| name.contains("www.onvif.org/ver"));
        matches!(&envelope.payload, Payload::Reply(reply) if reply.name == operation.reply()) || named()
    })
}

fn refusal(access: &Access) -> String {
    match access {
        Access::Granted(_) => "granted".to_owned(),
        Access::NeedsDigest(_) | Access::NeedsToken => "it asks for a user".to_owned(),
        Access::Unsafe(offered) => format!("it asks for a password and offers {offered}"),
        Access::Unsupported => "it has no such operation".to_owned(),
        Access::Failed(why) => why.clone(),
    }
}

/// An error with its causes, once.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
