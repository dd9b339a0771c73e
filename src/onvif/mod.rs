//! ONVIF, as far as it is needed to learn what a camera is: SOAP 1.2 over HTTP, WS-Security and HTTP digest,
//! WS-Discovery, and the device-management operations that read as typed replies.
//!
//! Written by hand because of what it must never do: follow a redirect, resolve a name, connect to any address but
//! the one polled, read more than its budget, or send a credential twice. Operations change nothing on a camera.
//! Sources: ONVIF Core Specification 19.12 (§5.12 security, §7 discovery, §8 device management), WS-Discovery
//! 2005/04, OASIS WS-UsernameToken 1.0, RFC 7616 and RFC 2617 (digest).

mod access;
mod budget;
mod device;
pub mod digest;
pub mod discovery;
mod holdings;
mod http;
mod lockout;
mod network;
mod service;
mod soap;
mod tls;
pub mod wsse;
mod xml;

pub use access::{Access, Verdict, access, verdict};
pub use budget::Budget;
pub use device::{Information, Interface, hostname, information, interfaces, scope_list, scopes, utc_clock};
pub use digest::{Challenge, challenges};
pub use holdings::{Recording, User, channels, recordings, service_path, users};
pub use lockout::{Lockout, connections_full, lockout};
pub use network::{Protocol, domains, gateways, name_servers, protocols, time_servers};
pub use service::{Answer, Endpoint, Operation, Page, Proof, RECORDING_SERVICE, Service};
pub use soap::{Envelope, Fault, Payload, read};
pub use tls::{TlsSettings, settings as tls_settings};
pub use xml::{Element, XmlError};

/// Why an operation brought no answer.
#[derive(Debug, thiserror::Error)]
pub enum OnvifError {
    /// TCP said no.
    #[error("no TCP connection")]
    Connect(#[source] std::io::Error),
    /// The TLS handshake failed.
    #[error("no TLS connection")]
    Tls(#[source] std::io::Error),
    /// The TLS handshake failed because nothing newer than TLS 1.1 is spoken there.
    #[error("it speaks no TLS newer than 1.1, which is not safe and not spoken here")]
    TlsTooOld(#[source] std::io::Error),
    /// Time ran out.
    #[error("no answer in time")]
    Timeout,
    /// The connection broke before there was an answer.
    #[error("the connection broke before an answer came")]
    Broken(#[source] hyper::Error),
    /// Something answers there, in another protocol or with a head too large.
    #[error("what answers there does not speak HTTP")]
    NotHttp(#[source] hyper::Error),
    /// The byte budget of the visit is used up.
    #[error("it sends more than one visit may read (onvif.max-bytes)")]
    TooLarge,
    /// No randomness, no valid header: nothing was sent.
    #[error("the request could not be made: {0}")]
    Request(&'static str),
}

/// The reply whose elements are these.
#[cfg(test)]
fn reply_of(body: &str) -> Element {
    match read(format!("<Envelope><Body><r>{body}</r></Body></Envelope>").as_bytes()).unwrap().payload {
        Payload::Reply(reply) => reply,
        Payload::Fault(fault) => panic!("{fault:?}"),
    }
}
