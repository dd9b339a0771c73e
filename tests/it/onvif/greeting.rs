//! What a camera shows everybody beside its device service: its page and its RTSP server.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use lenswarden::collect::camera::CameraCollector;
use lenswarden::config::secret::Secret;
use lenswarden::config::{CameraBlock, Credential, CredentialKind};
use lenswarden::observation::{CameraVisit, MarkKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::double::{self, Act, Asked, Double, Ledger, http, ok, reply};

/// An RTSP server that says this to whoever asks, and what it was asked.
async fn rtsp(says: &'static [u8]) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 1024];
            let read = stream.read(&mut request).await.unwrap_or(0);
            log.lock().unwrap().push(String::from_utf8_lossy(&request[..read]).into_owned());
            let _ = stream.write_all(says).await;
        }
    });
    (port, asked)
}

async fn visit(camera: &Double, rtsp_port: u16) -> CameraVisit {
    let block = CameraBlock { rtsp_port, ..double::block(&[camera.address.port()], 9) };
    CameraCollector::new(&double::settings()).visit(&block, camera.address.ip(), &[], &Ledger::default()).await
}

fn marks(visit: &CameraVisit, kind: MarkKind) -> Vec<&str> {
    visit.marks.iter().filter(|mark| mark.kind == kind).map(|mark| mark.text.as_str()).collect()
}

#[tokio::test]
async fn the_title_of_the_page_and_the_name_of_the_rtsp_server_are_marks() {
    let camera = Double::start(|asked: &Asked| {
        if asked.is_page() {
            return http("200 OK", "Server: Page-Webs\r\n", "<html><head><title>NVR\u{202e} Web</title></head></html>");
        }
        ok(&reply(&asked.operation, 0))
    })
    .await;
    let (port, asked) = rtsp(
        b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nServer: Rtsp Server/3.0\r\n\
        WWW-Authenticate: Digest realm=\"Login to 3K04D2DPAZ5C8B1\", nonce=\"a\"\r\n\r\n",
    )
    .await;
    let seen = visit(&camera, port).await;
    assert!(seen.information.is_some(), "{:?}", seen.errors);
    let [title] = marks(&seen, MarkKind::PageTitle)[..] else { panic!("{:?}", seen.marks) };
    assert!(title.starts_with("NVR") && !title.contains('\u{202e}'), "{title}");
    assert!(marks(&seen, MarkKind::HttpServer).contains(&"Page-Webs"), "{:?}", seen.marks);
    assert_eq!(marks(&seen, MarkKind::RtspServer), ["Rtsp Server/3.0"]);
    assert!(marks(&seen, MarkKind::Realm).contains(&"Login to 3K04D2DPAZ5C8B1"));
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked, [format!("OPTIONS rtsp://127.0.0.1:{port}/ RTSP/1.0\r\nCSeq: 1\r\n\r\n")], "once, and no more");
}

#[tokio::test]
async fn what_everybody_is_shown_is_not_looked_at_again_at_every_visit() {
    let camera = camera_at([127, 0, 0, 1]).await;
    let (port, asked) = rtsp(b"RTSP/1.0 200 OK\r\nServer: R\r\n\r\n").await;
    let block = CameraBlock { rtsp_port: port, ..double::block(&[camera.address.port()], 9) };
    let collector = CameraCollector::new(&double::settings());
    for _ in 0..3 {
        let seen = collector.visit(&block, camera.address.ip(), &[], &Ledger::default()).await;
        assert!(seen.information.is_some(), "{:?}", seen.errors);
    }
    assert_eq!(camera.asked().iter().filter(|asked| asked.is_page()).count(), 1);
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_page_that_leads_elsewhere_never_ends_or_never_comes_costs_nothing() {
    let hostile: [fn() -> Act; 3] = [
        || http("302 Found", "Location: http://127.0.0.2/\r\n", "<title>moved</title>"),
        || Act::Endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(), b"4\r\n<a> \r\n".to_vec()),
        || Act::Hang,
    ];
    for act in hostile {
        let camera =
            Double::start(move |asked: &Asked| if asked.is_page() { act() } else { ok(&reply(&asked.operation, 0)) })
                .await;
        let (port, _) = rtsp(b"HTTP/1.1 400 Bad Request\r\nServer: no\r\n\r\n").await;
        let seen = visit(&camera, port).await;
        assert!(seen.information.is_some() && seen.errors.iter().all(|error| error.asked != "GET /"), "{seen:?}");
        assert!(seen.octets < 256 * 1024, "{}", seen.octets);
        assert_eq!(marks(&seen, MarkKind::RtspServer), [""; 0], "that is no RTSP");
        assert_eq!(camera.asked().iter().filter(|asked| asked.is_page()).count(), 1);
    }
}

/// One that counts wrong passwords is left alone: nothing more than the visit needs.
#[tokio::test]
async fn the_page_of_one_that_counts_attempts_is_not_asked_for() {
    let camera = Double::start(|asked: &Asked| {
        if asked.operation == "GetDeviceInformation" {
            return http("401 Unauthorized", "", "you still have 3 attempt(s)");
        }
        ok(&reply(&asked.operation, 0))
    })
    .await;
    visit(&camera, 9).await;
    assert!(!camera.asked().iter().any(Asked::is_page), "{:?}", camera.operations());
}

fn community(text: &str) -> Credential {
    Credential {
        id: "snmp".into(),
        secret: CredentialKind::SnmpV2c { community: Secret::new(text.to_owned()) },
        allow: vec!["127.21.0.0/16".parse().unwrap()],
    }
}

async fn camera_at(ip: [u8; 4]) -> Double {
    Double::start_at((Ipv4Addr::from(ip), 0).into(), |asked: &Asked| ok(&reply(&asked.operation, 0))).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs snmpd"]
async fn net_snmp_on_a_camera_tells_its_system_group_and_its_makers_own_model() {
    let camera = camera_at([127, 21, 0, 9]).await;
    let address: std::net::SocketAddr = (camera.address.ip(), crate::snmp::free_port("127.21.0.9")).into();
    let folder = tempfile::tempdir().unwrap();
    let lines = "sysDescr Hikvision company products\nsysObjectID 1.3.6.1.4.1.50001\n\
                 override 1.3.6.1.4.1.39165.1.1.0 octet_str DS-2CD2143G2-I";
    let _agent = crate::snmp::start_with(address, folder.path(), lines);
    let block = CameraBlock { snmp_port: address.port(), ..double::block(&[camera.address.port()], 9) };
    let collector = CameraCollector::new(&double::settings());
    let ledger = Ledger::default();
    let seen = collector.visit(&block, camera.address.ip(), &[&community("public")], &ledger).await;
    assert_eq!(marks(&seen, MarkKind::SystemDescription), ["Hikvision company products"]);
    assert_eq!(marks(&seen, MarkKind::SystemObject), ["1.3.6.1.4.1.50001"]);
    assert_eq!(marks(&seen, MarkKind::SystemName), ["lab-sw1"]);
    assert_eq!(marks(&seen, MarkKind::PrivateObject), ["1.3.6.1.4.1.39165.1.1.0=DS-2CD2143G2-I"]);
    // A community that may not go there is not sent.
    let elsewhere = Credential { allow: vec!["10.0.0.0/8".parse().unwrap()], ..community("public") };
    let seen = collector.visit(&block, camera.address.ip(), &[&elsewhere], &ledger).await;
    assert_eq!(marks(&seen, MarkKind::SystemObject), [""; 0]);
}

#[tokio::test]
async fn a_camera_that_speaks_no_snmp_is_told_the_community_once() {
    let camera = camera_at([127, 21, 0, 10]).await;
    let listener = tokio::net::UdpSocket::bind((camera.address.ip(), 0)).await.unwrap();
    let block =
        CameraBlock { snmp_port: listener.local_addr().unwrap().port(), ..double::block(&[camera.address.port()], 9) };
    let collector = CameraCollector::new(&double::settings());
    for _ in 0..3 {
        let seen = collector.visit(&block, camera.address.ip(), &[&community("public")], &Ledger::default()).await;
        assert!(seen.information.is_some(), "{:?}", seen.errors);
    }
    let mut datagram = [0; 2048];
    let mut heard = 0;
    while listener.try_recv(&mut datagram).is_ok() {
        heard += 1;
    }
    assert_eq!(heard, 1, "silence is asked again hours later, not at every visit");
}
