//! Polls the crates `oxvif` (its mock server) and `onvif-server` through a counting proxy.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

use lenswarden::collect::camera::{Attempt, CameraCollector, Claim, CredentialLedger};
use lenswarden::config::secret::Secret;
use lenswarden::config::{CameraBlock, Credential, CredentialKind, OnvifSettings};
use lenswarden::net::{CredentialId, DeviceText, Timestamp};
use lenswarden::observation::{Authentication, CameraVisit, Reach, WithheldReason};
use lenswarden_peers::{Camera, Counter, Peer};
use onvif_server::OnvifServer;
use oxvif::mock::{DiscoveryResponder, MockServer};
use tokio::net::{TcpListener, UdpSocket};

#[derive(Default)]
struct Ledger {
    refused: Mutex<BTreeSet<(IpAddr, CredentialId)>>,
}

impl CredentialLedger for Ledger {
    async fn claim(&self, attempt: Attempt<'_>) -> Claim {
        match self.refused.lock().unwrap().contains(&(attempt.address, attempt.credential.id.clone())) {
            true => Claim::RefusedBefore(Timestamp(0)),
            false => Claim::Go,
        }
    }

    async fn outcome(&self, address: IpAddr, credential: &Credential, result: Result<(), DeviceText>) {
        if result.is_err() {
            self.refused.lock().unwrap().insert((address, credential.id.clone()));
        }
    }
}

fn credential(password: &str) -> Credential {
    Credential {
        id: "c".into(),
        secret: CredentialKind::Onvif { user: "admin".to_owned(), password: Secret::new(password.to_owned()) },
        allow: vec!["127.0.0.0/8".parse().unwrap()],
    }
}

fn collector() -> CameraCollector {
    CameraCollector::new(&OnvifSettings {
        connect_timeout: Duration::from_secs(1),
        deadline: Duration::from_secs(60),
        max_bytes: 2 << 20,
        probes_per_second: 100,
        users: false,
    })
}

fn block(port: u16, discovery_port: u16) -> CameraBlock {
    CameraBlock {
        site: "hq".into(),
        subnets: vec!["127.0.0.1/32".parse().unwrap()],
        credentials: vec!["c".into()],
        ports: vec![port],
        discovery_port,
        rtsp_port: 554,
        snmp_port: 161,
        vendor_queries: Vec::new(),
    }
}

async fn visit(camera: SocketAddr, password: &str, ledger: &Ledger) -> CameraVisit {
    let silence = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let block = block(camera.port(), silence.local_addr().unwrap().port());
    collector().visit(&block, camera.ip(), &[&credential(password)], ledger).await
}

async fn refused_once_over_three_visits(counter: &Counter) {
    let ledger = Ledger::default();
    let first = visit(counter.address, "wrong", &ledger).await;
    assert!(matches!(first.authentication, Authentication::Refused { .. }), "{first:?}");
    assert_eq!(first.information, None);
    for _ in 0..2 {
        let later = visit(counter.address, "wrong", &ledger).await;
        let reason = WithheldReason::RefusedBefore { credential: "c".into(), at: Timestamp(0) };
        assert_eq!(later.authentication, Authentication::Withheld { reason });
    }
    assert_eq!(counter.credentials(), 1, "of {} requests", counter.requests());
}

async fn oxvif() -> (MockServer, Counter) {
    let peer = MockServer::builder().enforce_auth(true).start().await.unwrap();
    let counter = Counter::start((Ipv4Addr::LOCALHOST, peer.port()).into()).await.unwrap();
    (peer, counter)
}

#[tokio::test]
async fn oxvif_is_polled_and_identified() {
    let (_peer, counter) = oxvif().await;
    let visit = visit(counter.address, "admin", &Ledger::default()).await;
    assert_eq!((&visit.reach, &visit.errors), (&Reach::Answered, &vec![]));
    assert_eq!(visit.authentication, Authentication::Accepted { credential: "c".into() });
    assert_eq!(visit.information.as_ref().unwrap().manufacturer.as_str(), "oxvif-mock");
    assert!(!visit.scopes.is_empty() && visit.hostname.is_some());
    assert!(visit.interfaces.iter().any(|interface| interface.mac.is_some()), "{:?}", visit.interfaces);
    assert!(visit.clock_offset_ms.unwrap().abs() < 2_500, "{:?}", visit.clock_offset_ms);
}

#[tokio::test]
async fn oxvif_is_tried_once_with_a_wrong_password() {
    let (_peer, counter) = oxvif().await;
    refused_once_over_three_visits(&counter).await;
}

#[tokio::test]
async fn fifty_of_oxvif_are_polled_at_once_each_with_one_login() {
    let (mut mocks, mut visits) = (Vec::new(), tokio::task::JoinSet::new());
    for _ in 0..50 {
        let (peer, counter) = oxvif().await;
        let address = counter.address;
        visits.spawn(async move { (address.port(), visit(address, "admin", &Ledger::default()).await) });
        mocks.push((peer, counter));
    }
    while let Some(visited) = visits.join_next().await {
        let (port, visit) = visited.unwrap();
        assert_eq!((&visit.reach, visit.port), (&Reach::Answered, Some(port)), "{:?}", visit.errors);
        assert_eq!(visit.authentication, Authentication::Accepted { credential: "c".into() });
        assert_eq!((visit.errors.as_slice(), visit.unsupported.as_slice()), (&[][..], &[][..]));
        let information = visit.information.unwrap();
        assert!(!information.model.is_empty() && !information.serial.is_empty() && !information.firmware.is_empty());
        assert!(!visit.network.protocols.is_empty() && visit.network.gateways.as_ref().is_some_and(|all| !all.is_empty()), "{:?}", visit.network);
    }
    // It wants a user for everything but its clock: each of the eleven others once, as that user.
    for (_, counter) in &mocks {
        assert_eq!(counter.credentials(), 11, "of {} requests", counter.requests());
    }
}

#[tokio::test]
async fn oxvif_is_found_by_its_discovery_responder() {
    let (peer, _counter) = oxvif().await;
    let device = oxvif::discovery::DiscoveredDevice {
        endpoint: "urn:uuid:7c1f0f0e-0000-4000-8000-000000000001".into(),
        types: vec!["dn:NetworkVideoTransmitter".into()],
        scopes: vec!["onvif://www.onvif.org/name/Mock%20Camera".into()],
        xaddrs: vec![peer.device_url().into()],
    };
    let responder = DiscoveryResponder::spawn("127.0.0.1:0", false, device).await.unwrap();
    let block = block(1, responder.local_addr().port());
    let (sender, mut found) = tokio::sync::mpsc::channel(4);
    assert!(collector().sweep(&block, &block.hosts(), sender).await);
    let found = found.recv().await.unwrap();
    assert_eq!(found.address, IpAddr::V4(Ipv4Addr::LOCALHOST));
    let discovery = found.discovery.unwrap();
    assert_eq!(discovery.scopes[0].as_str(), "onvif://www.onvif.org/name/Mock Camera");
    assert_eq!(discovery.service.map(|(port, _, _)| port), Some(peer.port()));
    let ledger = Ledger::default();
    let visit = collector().visit(&block, found.address, &[&credential("admin")], &ledger).await;
    assert_eq!((visit.port, visit.information.unwrap().manufacturer.as_str()), (Some(peer.port()), "oxvif-mock"));
}

async fn onvif_server() -> Counter {
    let server = OnvifServer::builder()
        .port(0)
        .advertised_host("127.0.0.1")
        .device_service(Camera)
        .media_service(Camera)
        .auth("admin", "right")
        .build()
        .unwrap();
    let router = server.into_router().unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Counter::start(address).await.unwrap()
}

#[tokio::test]
async fn onvif_server_is_polled_and_identified() {
    let counter = onvif_server().await;
    let visit = visit(counter.address, "right", &Ledger::default()).await;
    assert_eq!(visit.reach, Reach::Answered);
    assert_eq!(visit.authentication, Authentication::Accepted { credential: "c".into() }, "{:?}", visit.errors);
    let information = visit.information.unwrap();
    assert_eq!([information.manufacturer.as_str(), information.model.as_str()], ["Peer & Sons", "P-1"]);
    assert!(visit.clock_offset_ms.unwrap().abs() < 2_500, "{:?}", visit.clock_offset_ms);
    // It lacks several operations and says so: no trouble.
    assert_eq!(visit.errors, [], "{:?}", visit.unsupported);
    assert!(visit.unsupported.contains(&"GetNetworkInterfaces".to_owned()), "{:?}", visit.unsupported);
}

#[tokio::test]
async fn onvif_server_is_tried_once_with_a_wrong_password() {
    refused_once_over_three_visits(&onvif_server().await).await;
}

/// The clock of a camera after a power cut. Skipped with a reason where there is no `faketime`.
#[tokio::test]
async fn onvif_server_whose_clock_is_three_hours_off_takes_the_token() {
    for (faked, hours) in [("-3h", -3i64), ("+3h", 3)] {
        let peer = match Peer::start("onvif_server", &[], Some(faked)) {
            Ok(peer) => peer,
            Err(why) => {
                println!("skipped: {why}");
                return;
            }
        };
        let port: u16 = peer.lines().first().unwrap().parse().unwrap();
        let visit = visit((Ipv4Addr::LOCALHOST, port).into(), "right", &Ledger::default()).await;
        let offset = visit.clock_offset_ms.unwrap();
        assert!((offset - hours * 3_600_000).abs() < 5_000, "it is not {hours} hours off but {offset} ms");
        assert_eq!(visit.authentication, Authentication::Accepted { credential: "c".into() }, "{:?}", visit.errors);
        assert_eq!(visit.information.unwrap().model.as_str(), "P-1");
    }
}
