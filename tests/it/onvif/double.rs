//! A camera of our own on loopback: raw TCP, so that it can be as rude as it likes, and a count of everything.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lenswarden::collect::camera::{Attempt, CameraCollector, Claim, CredentialLedger};
use lenswarden::config::secret::Secret;
use lenswarden::config::{CameraBlock, Credential, CredentialKind, OnvifSettings};
use lenswarden::net::{CredentialId, DeviceText, Timestamp};
use lenswarden::observation::CameraVisit;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;

pub(super) const USER: &str = "reader";
pub(super) const PASSWORD: &str = "right: \"täglich\"";

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) head: String,
    pub(super) body: String,
    pub(super) operation: String,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// It is the one look at the page that everybody is shown.
    pub(super) fn is_page(&self) -> bool {
        self.head.starts_with("GET / HTTP/1.1\r\n") && !self.credentialed() && self.body.is_empty()
    }

    /// It carries a credential of any kind.
    pub(super) fn credentialed(&self) -> bool {
        self.header("authorization").is_some() || self.body.contains("UsernameToken")
    }
}

/// What the camera does with a request.
#[derive(Debug, Clone)]
pub(super) enum Act {
    Send(Vec<u8>),
    SendAndClose(Vec<u8>),
    /// Sends this over and over until nobody reads any more.
    Endless(Vec<u8>, Vec<u8>),
    /// Sends the first part, then the second an octet every 50 ms.
    Drip(Vec<u8>, Vec<u8>),
    Hang,
    /// Thinks so long first.
    Later(Duration, Box<Act>),
}

type Handler = Arc<dyn Fn(&Asked) -> Act + Send + Sync>;

/// The camera: stops when dropped.
pub(super) struct Double {
    pub(super) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl Drop for Double {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Double {
    pub(super) async fn start(handler: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), handler).await
    }

    pub(super) async fn start_at(at: SocketAddr, handler: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, handler): (_, Handler) = (Arc::clone(&asked), Arc::new(handler));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&handler), Arc::clone(&log)));
            }
        });
        Self { address, asked, task }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(super) fn attempts(&self) -> usize {
        self.asked().iter().filter(|asked| asked.credentialed()).count()
    }

    /// What it was asked as an ONVIF device.
    pub(super) fn operations(&self) -> Vec<String> {
        self.asked().into_iter().filter(|asked| !asked.is_page()).map(|asked| asked.operation).collect()
    }
}

pub(super) async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    handler: Handler,
    log: Arc<Mutex<Vec<Asked>>>,
) {
    let mut held = Vec::new();
    while let Some(asked) = receive(&mut stream, &mut held).await {
        log.lock().unwrap().push(asked.clone());
        let act = match handler(&asked) {
            Act::Later(time, act) => {
                tokio::time::sleep(time).await;
                *act
            }
            act => act,
        };
        let sent = match act {
            Act::Later(..) => return,
            Act::Send(octets) => stream.write_all(&octets).await,
            Act::SendAndClose(octets) => {
                let _ = stream.write_all(&octets).await;
                let _ = stream.shutdown().await;
                return;
            }
            Act::Endless(first, again) => {
                let mut sent = stream.write_all(&first).await;
                while sent.is_ok() {
                    sent = stream.write_all(&again).await;
                }
                sent
            }
            Act::Drip(first, slowly) => {
                let mut sent = stream.write_all(&first).await;
                for octet in slowly {
                    if sent.is_err() {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    sent = stream.write_all(&[octet]).await;
                }
                sent
            }
            Act::Hang => {
                // Until the client gives up.
                let mut rest = [0u8; 64];
                while matches!(stream.read(&mut rest).await, Ok(1..)) {}
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn receive<S: AsyncRead + Unpin>(stream: &mut S, held: &mut Vec<u8>) -> Option<Asked> {
    loop {
        if let Some(end) = held.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&held[..end]).into_owned();
            let length = Asked { head: head.clone(), body: String::new(), operation: String::new() };
            let length: usize = length.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
            if held.len() >= end + 4 + length {
                let body = String::from_utf8_lossy(&held[end + 4..end + 4 + length]).into_owned();
                held.drain(..end + 4 + length);
                let inside = body.split_once("XMLSchema\"><").map_or("", |(_, rest)| rest);
                let operation = inside.split([' ', '/', '>']).next().unwrap_or_default().to_owned();
                return Some(Asked { head, body, operation });
            }
        }
        let mut buffer = [0u8; 4096];
        match stream.read(&mut buffer).await {
            Ok(read @ 1..) => held.extend(&buffer[..read]),
            _ => return None,
        }
    }
}

pub(super) fn envelope(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:tds=\"http://www.onvif.org/ver10/device/wsdl\" xmlns:tt=\"http://www.onvif.org/ver10/schema\" \
         xmlns:own=\"http://www.maker.example/ext\"><s:Body>{body}</s:Body></s:Envelope>"
    )
}

pub(super) fn fault(subcode: &str, reason: &str) -> String {
    envelope(&format!(
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:{subcode}</s:Value></s:Subcode></s:Code>\
         <s:Reason><s:Text xml:lang=\"en\">{reason}</s:Text></s:Reason></s:Fault>"
    ))
}

/// The reply to an operation; the clock shows `skew_s` seconds more than ours.
pub(super) fn reply(operation: &str, skew_s: i64) -> String {
    let inner = match operation {
        "GetSystemDateAndTime" => {
            let now = Timestamp(Timestamp::now().0 + skew_s * 1000).to_jiff();
            now.strftime(
                "<tds:SystemDateAndTime><tt:UTCDateTime><tt:Time><tt:Hour>%-H</tt:Hour><tt:Minute>%-M</tt:Minute>\
                 <tt:Second>%-S</tt:Second></tt:Time><tt:Date><tt:Year>%Y</tt:Year><tt:Month>%-m</tt:Month>\
                 <tt:Day>%-d</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime>",
            )
            .to_string()
        }
        "GetDeviceInformation" => {
            "<tds:Manufacturer>Double &amp; Co</tds:Manufacturer><tds:Model>D-1</tds:Model><tds:FirmwareVersion>1.0\
             </tds:FirmwareVersion><tds:SerialNumber>SN1</tds:SerialNumber><tds:HardwareId>88</tds:HardwareId>"
                .to_owned()
        }
        "GetNetworkInterfaces" => {
            "<tds:NetworkInterfaces token=\"eth0\"><tt:Enabled>true</tt:Enabled><tt:Info><tt:Name>eth0</tt:Name>\
             <tt:HwAddress>02:00:5E:10:00:01</tt:HwAddress></tt:Info><tt:IPv4><tt:Enabled>true</tt:Enabled><tt:Config>\
             <tt:Manual><tt:Address>127.0.0.1</tt:Address></tt:Manual><tt:DHCP>false</tt:DHCP></tt:Config></tt:IPv4>\
             </tds:NetworkInterfaces>"
                .to_owned()
        }
        "GetScopes" => {
            "<tds:Scopes><tt:ScopeItem>onvif://www.onvif.org/name/A%20B</tt:ScopeItem></tds:Scopes>".to_owned()
        }
        "GetDNS" => {
            "<tds:DNSInformation><tt:FromDHCP>false</tt:FromDHCP><tt:SearchDomain>factory.example</tt:SearchDomain>\
             <tt:DNSManual><tt:Type>IPv4</tt:Type><tt:IPv4Address>10.0.0.53</tt:IPv4Address></tt:DNSManual>\
             </tds:DNSInformation>"
                .to_owned()
        }
        "GetNTP" => "<tds:NTPInformation><tt:FromDHCP>false</tt:FromDHCP><tt:NTPManual><tt:Type>DNS</tt:Type>\
             <tt:DNSname>time.example</tt:DNSname></tt:NTPManual></tds:NTPInformation>"
            .to_owned(),
        "GetNetworkDefaultGateway" => {
            "<tds:NetworkGateway><tt:IPv4Address>10.0.0.1</tt:IPv4Address></tds:NetworkGateway>".to_owned()
        }
        "GetNetworkProtocols" => {
            "<tds:NetworkProtocols><tt:Name>RTSP</tt:Name><tt:Enabled>true</tt:Enabled><tt:Port>554</tt:Port>\
             </tds:NetworkProtocols>"
                .to_owned()
        }
        "GetUsers" => "<tds:User><tt:Username>admin</tt:Username><tt:Password>never kept</tt:Password>\
             <tt:UserLevel>Administrator</tt:UserLevel></tds:User>"
            .to_owned(),
        "GetHostname" => "<tds:HostnameInformation><tt:Name>cam-1</tt:Name></tds:HostnameInformation>".to_owned(),
        _ => String::new(),
    };
    envelope(&format!("<tds:{operation}Response>{inner}</tds:{operation}Response>"))
}

pub(super) fn http(status: &str, headers: &str, body: &str) -> Act {
    let length = body.len();
    Act::Send(format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}").into_bytes())
}

pub(super) fn ok(body: &str) -> Act {
    http("200 OK", "Content-Type: application/soap+xml\r\nServer: Double-Webs\r\n", body)
}

/// Operations that ONVIF lets everybody ask.
pub(super) fn for_everybody(operation: &str) -> bool {
    matches!(operation, "GetSystemDateAndTime" | "GetServices" | "GetCapabilities" | "GetHostname")
}

/// What was tried where, in memory; refuses what was refused.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) refused: Mutex<BTreeMap<(IpAddr, CredentialId), Timestamp>>,
    pub(super) claims: Mutex<u32>,
    pub(super) outcomes: Mutex<Vec<Result<(), DeviceText>>>,
    pub(super) answer: Option<Claim>,
}

impl CredentialLedger for Ledger {
    async fn claim(&self, attempt: Attempt<'_>) -> Claim {
        *self.claims.lock().unwrap() += 1;
        let refused = self.refused.lock().unwrap().get(&(attempt.address, attempt.credential.id.clone())).copied();
        refused.map(Claim::RefusedBefore).or_else(|| self.answer.clone()).unwrap_or(Claim::Go)
    }

    async fn outcome(&self, address: IpAddr, credential: &Credential, result: Result<(), DeviceText>) {
        if result.is_err() {
            self.refused.lock().unwrap().insert((address, credential.id.clone()), Timestamp::now());
        }
        self.outcomes.lock().unwrap().push(result);
    }
}

pub(super) fn credential(id: &str, password: &str, allow: &str) -> Credential {
    Credential {
        id: CredentialId::from(id),
        secret: CredentialKind::Onvif { user: USER.to_owned(), password: Secret::new(password.to_owned()) },
        allow: vec![allow.parse().unwrap()],
    }
}

pub(super) fn settings() -> OnvifSettings {
    OnvifSettings {
        connect_timeout: Duration::from_millis(500),
        deadline: Duration::from_secs(4),
        max_bytes: 256 * 1024,
        probes_per_second: 2_000,
        users: false,
    }
}

pub(super) fn block(ports: &[u16], discovery_port: u16) -> CameraBlock {
    CameraBlock {
        site: "hq".into(),
        subnets: vec!["127.0.0.1/32".parse().unwrap()],
        credentials: Vec::new(),
        ports: ports.to_vec(),
        discovery_port,
        rtsp_port: 554,
        snmp_port: 161,
        vendor_queries: Vec::new(),
    }
}

/// A port that is free at this address: on a loopback network of one test's own, at all its addresses.
pub(super) fn free_port(address: Ipv4Addr) -> u16 {
    std::net::TcpListener::bind((address, 0)).unwrap().local_addr().unwrap().port()
}

/// Answers WS-Discovery at this address, so that a visit need not wait for silence: the device service is at `port`.
pub(super) async fn announce(address: Ipv4Addr, port: u16, discovery_port: u16) -> JoinHandle<()> {
    let socket = UdpSocket::bind((address, discovery_port)).await.unwrap();
    let answer = envelope(&format!(
        "<ProbeMatches><ProbeMatch><XAddrs>http://{address}:{port}/onvif/device_service</XAddrs></ProbeMatch></ProbeMatches>"
    ));
    tokio::spawn(async move {
        let mut buffer = [0u8; 4096];
        while let Ok((_, from)) = socket.recv_from(&mut buffer).await {
            let _ = socket.send_to(answer.as_bytes(), from).await;
        }
    })
}

/// A UDP port on which nothing answers.
pub(super) async fn silence() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
}

/// Visits a double whose discovery is silent.
pub(super) async fn visit(camera: &Double, credentials: &[&Credential], ledger: &Ledger) -> CameraVisit {
    let silence = silence().await;
    let block = block(&[camera.address.port()], silence.local_addr().unwrap().port());
    CameraCollector::new(&settings()).visit(&block, camera.address.ip(), credentials, ledger).await
}

pub(super) async fn visit_as_nobody(camera: &Double) -> CameraVisit {
    visit(camera, &[], &Ledger::default()).await
}

/// Visits a double that discovery names.
pub(super) async fn visit_named(camera: &Double, credentials: &[&Credential], ledger: &Ledger) -> CameraVisit {
    let socket = silence().await;
    let block = block(&[], socket.local_addr().unwrap().port());
    let answer = envelope(&format!(
        "<ProbeMatches><ProbeMatch><XAddrs>http://{}/onvif/device_service</XAddrs></ProbeMatch></ProbeMatches>",
        camera.address
    ));
    let collector = CameraCollector::new(&settings());
    let visit = collector.visit(&block, camera.address.ip(), credentials, ledger);
    let discovery = async {
        let mut buffer = [0u8; 4096];
        while let Ok((_, from)) = socket.recv_from(&mut buffer).await {
            let _ = socket.send_to(answer.as_bytes(), from).await;
        }
    };
    tokio::select! {
        visit = visit => visit,
        () = discovery => panic!("discovery stopped"),
    }
}
