//! WS-Discovery (2005/04, as ONVIF Core §7 uses it): probes, what comes back, and what is announced unasked.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::OnvifError;
use super::device::scope_list;
use super::soap::{Payload, read};
use super::xml::Element;
use crate::net::DeviceText;

/// The path of the device service where nothing names another (ONVIF Core, device service entry point).
pub const DEVICE_SERVICE: &str = "/onvif/device_service";
/// Where everybody who speaks it listens (WS-Discovery 2005/04 §2.4).
pub const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
/// Its UDP port.
pub const PORT: u16 = 3702;
/// The namespace of `tds:Device`: Windows machines and printers are a `Device` of another one.
const DEVICE_NAMESPACE: &str = "http://www.onvif.org/ver10/device/wsdl";
const MAX_MATCHES: usize = 256;
const MAX_TYPES: usize = 16;
const MAX_ENDPOINTS: usize = 16;
const MAX_PATH: usize = 256;

/// What a probe asks for. Devices exist that answer only one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Anything: catches recorders and devices that compare types badly.
    Anything,
    /// `dn:NetworkVideoTransmitter`
    Video,
    /// `tds:Device`
    Device,
}

impl Form {
    /// All of them, in the order they are tried.
    pub const ALL: [Self; 3] = [Self::Anything, Self::Video, Self::Device];
}

/// One ProbeMatch, ResolveMatch or Hello.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    /// EndpointReference/Address
    pub endpoint: DeviceText,
    /// Types, local names.
    pub types: Vec<DeviceText>,
    /// Scopes, percent-decoded.
    pub scopes: Vec<DeviceText>,
    /// XAddrs, taken apart.
    pub addresses: Vec<Transport>,
    /// Whether it may be an ONVIF device by what it says: it names one of ONVIF's types, scopes or paths, or no type
    /// at all. A computer or a printer on the same group names types of its own.
    pub maybe_onvif: bool,
}

/// One of XAddrs. Where it says the device is, which is often wrong: never connected to as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transport {
    /// Host as written, without brackets.
    pub host: String,
    /// Port, or that of the scheme.
    pub port: u16,
    /// Path, beginning with a slash.
    pub path: String,
    /// `https`
    pub tls: bool,
}

/// What a datagram says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// ProbeMatches, or a ResolveMatches or Hello sent in its stead.
    Matches(Vec<Match>),
    /// A fault: something that speaks WS-Discovery is there.
    Fault,
    /// A Bye: it says that it leaves. Anybody can say that of it.
    Bye,
}

impl Match {
    /// Port, path and TLS of the device service at the address that was asked: of the first transport that names
    /// this address, else of the first that is not link-local. The host of the others is ignored.
    #[must_use]
    pub fn service(&self, asked: IpAddr) -> Option<(u16, String, bool)> {
        let host = |transport: &&Transport| transport.host.parse::<IpAddr>().ok();
        let own = self.addresses.iter().find(|transport| host(transport) == Some(asked));
        let usable = || self.addresses.iter().find(|transport| !host(transport).is_some_and(is_link_local));
        own.or_else(usable).map(|found| (found.port, found.path.clone(), found.tls))
    }
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_unspecified(),
        IpAddr::V6(address) => (address.segments().first().copied().unwrap_or(0) & 0xffc0) == 0xfe80,
    }
}

/// A probe with a fresh MessageID.
///
/// # Errors
/// The system gives no randomness.
pub fn probe(form: Form) -> Result<String, OnvifError> {
    // Prefixes exactly so: some devices compare text.
    let types = match form {
        Form::Anything => "",
        Form::Video => "<d:Types>dn:NetworkVideoTransmitter</d:Types>",
        Form::Device => "<d:Types>tds:Device</d:Types>",
    };
    let id = uuid()?;
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:w=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
         xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\" \
         xmlns:dn=\"http://www.onvif.org/ver10/network/wsdl\" \
         xmlns:tds=\"http://www.onvif.org/ver10/device/wsdl\"><e:Header>\
         <w:MessageID>uuid:{id}</w:MessageID>\
         <w:To e:mustUnderstand=\"true\">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>\
         <w:Action e:mustUnderstand=\"true\">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action>\
         <w:ReplyTo><w:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</w:Address></w:ReplyTo>\
         </e:Header><e:Body><d:Probe>{types}</d:Probe></e:Body></e:Envelope>"
    ))
}

/// A random UUID (RFC 9562 version 4).
///
/// # Errors
/// The system gives no randomness.
pub fn uuid() -> Result<String, OnvifError> {
    let mut octets = [0u8; 16];
    getrandom::fill(&mut octets).map_err(|_| OnvifError::Request("no randomness"))?;
    let number = u128::from_be_bytes(octets) & !(0xf << 76) & !(0b11 << 62) | (0x4 << 76) | (0b10 << 62);
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    Ok(format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)))
}

/// Reads a datagram, of whichever version of WS-Addressing; `None` where it is neither an answer to a probe nor an
/// announcement.
#[must_use]
pub fn parse(datagram: &[u8]) -> Option<Message> {
    let envelope = read(datagram).ok()?;
    let body = match envelope.payload {
        Payload::Fault(_) => return Some(Message::Fault),
        Payload::Reply(body) => body,
    };
    let one = |element| one(element, &envelope.namespaces);
    let matches = match body.name.as_str() {
        "ProbeMatches" => body.all("ProbeMatch").take(MAX_MATCHES).map(one).collect(),
        "ResolveMatches" => body.all("ResolveMatch").take(MAX_MATCHES).map(one).collect(),
        "Hello" => vec![one(&body)],
        "Bye" => return Some(Message::Bye),
        _ => return None,
    };
    Some(Message::Matches(matches))
}

/// Of several matches in one message that may be an ONVIF device's the one that names the asked address, else the
/// first.
#[must_use]
pub fn choose(matches: &[Match], asked: SocketAddr) -> Option<&Match> {
    let names = |found: &&Match| {
        found.addresses.iter().any(|transport| transport.host.parse::<IpAddr>().ok() == Some(asked.ip()))
    };
    let mut fitting = matches.iter().filter(|found| found.maybe_onvif);
    fitting.clone().find(names).or_else(|| fitting.next())
}

fn one(element: &Element, namespaces: &BTreeSet<String>) -> Match {
    let types: Vec<&str> = element.text_at(&["Types"]).split_whitespace().take(MAX_TYPES).collect();
    let local = |name: &&str| DeviceText::new(name.rsplit(':').next().unwrap_or(name));
    let mut found = Match {
        endpoint: DeviceText::new(element.text_at(&["EndpointReference", "Address"])),
        types: types.iter().map(local).collect(),
        scopes: scope_list(element.text_at(&["Scopes"]).split_whitespace()),
        addresses: element.text_at(&["XAddrs"]).split_whitespace().filter_map(transport).take(MAX_ENDPOINTS).collect(),
        maybe_onvif: true,
    };
    let device =
        |name: &&str| *name == "tds:Device" || namespaces.contains(DEVICE_NAMESPACE) && name.ends_with(":Device");
    let named = found.types.iter().any(|name| name.as_str().starts_with("NetworkVideo")) || types.iter().any(device);
    let scoped = || found.scopes.iter().any(|scope| scope.as_str().to_lowercase().contains("onvif"));
    let placed = || found.addresses.iter().any(|transport| transport.path.to_lowercase().contains("/onvif"));
    found.maybe_onvif = types.is_empty() || named || scoped() || placed();
    found
}

/// Takes one of XAddrs apart; a port given twice (`http://h:81:81/`) counts once.
pub(super) fn transport(text: &str) -> Option<Transport> {
    let (scheme, rest) = text.split_once("://")?;
    let tls = match scheme.to_ascii_lowercase().as_str() {
        "http" => false,
        "https" => true,
        _ => return None,
    };
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let (host, ports) = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?,
        None => authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)),
    };
    let port = match ports.split(':').find(|port| !port.is_empty()) {
        Some(port) => port.parse().ok().filter(|port| *port > 0)?,
        None if tls => 443,
        None => 80,
    };
    let sound = |path: &&str| path.len() <= MAX_PATH && path.bytes().all(|octet| octet.is_ascii_graphic());
    let path = Some(path).filter(|path| path.len() > 1).filter(sound).unwrap_or(DEVICE_SERVICE).to_owned();
    Some(Transport { host: host.to_owned(), port, path, tls })
}

#[cfg(test)]
mod tests;
