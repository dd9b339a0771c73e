//! WS-Discovery over UDP: devices of our own that answer, badly or not at all.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lenswarden::collect::camera::{CameraCollector, Found};
use lenswarden::config::{CameraBlock, OnvifSettings};
use lenswarden::observation::{Reach, SweepAnswer};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::double::{self, Asked, Double, Ledger, ok, reply, settings};

/// Answers probes at one address, the first `deaf` of them not; counts them.
struct Responder {
    probes: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Responder {
    fn start(socket: UdpSocket, deaf: usize, answer: String) -> Self {
        let probes = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&probes);
        let task = tokio::spawn(async move {
            let mut buffer = vec![0u8; 65_535];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let count = {
                    let mut heard = heard.lock().unwrap();
                    heard.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
                    heard.len()
                };
                if count > deaf && !answer.is_empty() {
                    let _ = socket.send_to(answer.as_bytes(), from).await;
                }
            }
        });
        Self { probes, task }
    }
}

fn matches(xaddrs: &str) -> String {
    format!(
        "<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Body><d:ProbeMatches><d:ProbeMatch>\
         <w:EndpointReference><w:Address>urn:uuid:0000-1</w:Address></w:EndpointReference>\
         <d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>onvif://www.onvif.org/name/X%20Y</d:Scopes>\
         <d:XAddrs>{xaddrs}</d:XAddrs></d:ProbeMatch></d:ProbeMatches></e:Body></e:Envelope>"
    )
}

/// A UDP port that is free on every one of these addresses, bound there.
async fn same_port(addresses: &[IpAddr]) -> (u16, Vec<UdpSocket>) {
    for _ in 0..50 {
        let first = UdpSocket::bind((addresses[0], 0)).await.unwrap();
        let port = first.local_addr().unwrap().port();
        let mut sockets = vec![first];
        for address in &addresses[1..] {
            sockets.extend(UdpSocket::bind((*address, port)).await);
        }
        if sockets.len() == addresses.len() {
            return (port, sockets);
        }
    }
    panic!("no port is free on all of {addresses:?}");
}

fn addresses(list: &[&str]) -> Vec<IpAddr> {
    list.iter().map(|text| text.parse().unwrap()).collect()
}

async fn sweep(block: &CameraBlock) -> (bool, BTreeMap<IpAddr, Found>) {
    let collector = CameraCollector::new(&settings());
    let (sender, mut receiver) = mpsc::channel::<Found>(4);
    let listen = async {
        let mut all = BTreeMap::new();
        while let Some(found) = receiver.recv().await {
            let twice = all.insert(found.address, found);
            assert_eq!(twice, None, "each address is reported once");
        }
        all
    };
    let hosts = block.hosts();
    tokio::join!(collector.sweep(block, &hosts, sender), listen)
}

#[tokio::test]
async fn a_sweep_asks_everybody_and_reports_each_answer_once_with_its_true_address() {
    let answering = addresses(&["127.77.0.2", "127.77.0.5", "127.77.0.9", "127.77.0.12", "127.77.1.1"]);
    let (port, sockets) = same_port(&answering).await;
    let bodies = [
        (0, matches("http://127.77.0.2:8000/onvif/device_service")),
        (1, matches("http://198.51.100.7:2020/onvif/service")),
        (
            0,
            "<e:Envelope><e:Body><e:Fault><e:Reason>the xml format error</e:Reason></e:Fault></e:Body></e:Envelope>"
                .into(),
        ),
        (0, "rubbish".to_owned()),
        (0, matches("http://127.77.1.1/")),
    ];
    let responders: Vec<_> =
        sockets.into_iter().zip(bodies).map(|(socket, (deaf, body))| Responder::start(socket, deaf, body)).collect();
    let knocked = TcpListener::bind(("127.77.0.14", 0)).await.unwrap();
    let mut block = double::block(&[knocked.local_addr().unwrap().port()], port);
    block.subnets = vec!["127.77.0.0/28".parse().unwrap()];

    let (whole, found) = sweep(&block).await;
    assert!(whole);
    let list: Vec<String> = found.keys().map(ToString::to_string).collect();
    assert_eq!(list, ["127.77.0.2", "127.77.0.5", "127.77.0.9", "127.77.0.14"]);
    let service = |address: &str| found[&address.parse().unwrap()].discovery.as_ref().and_then(|d| d.service.clone());
    assert_eq!(service("127.77.0.2"), Some((8000, "/onvif/device_service".into(), false)));
    assert_eq!(service("127.77.0.5"), Some((2020, "/onvif/service".into(), false)), "the second round found it");
    assert_eq!(found[&answering[2]].discovery, None, "a fault is an answer");
    let answers = ["127.77.0.2", "127.77.0.9", "127.77.0.14"].map(|text| found[&text.parse().unwrap()].answer);
    assert_eq!(answers, [SweepAnswer::Discovery, SweepAnswer::Discovery, SweepAnswer::OpenPort]);
    let heard = |number: usize| responders[number].probes.lock().unwrap().len();
    assert_eq!([heard(0), heard(1), heard(3)], [1, 2, 2], "those that answered are not asked again");
    assert_eq!(heard(4), 0, "nothing outside the block is asked");
    assert!(responders[1].probes.lock().unwrap()[1].contains("<d:Types>dn:NetworkVideoTransmitter</d:Types>"));
}

#[tokio::test]
async fn a_sweep_ends_when_nobody_listens() {
    let silence = double::silence().await;
    let mut block = double::block(&[1], silence.local_addr().unwrap().port());
    block.subnets = vec!["127.78.0.0/16".parse().unwrap()];
    let (sender, receiver) = mpsc::channel::<Found>(1);
    drop(receiver);
    let collector = CameraCollector::new(&settings());
    let hosts = block.hosts();
    let sweep = collector.sweep(&block, &hosts, sender);
    let whole = tokio::time::timeout(Duration::from_secs(5), sweep).await.unwrap();
    assert!(!whole, "it is not taken for swept");
    let mut buffer = [0u8; 2048];
    assert!(silence.try_recv_from(&mut buffer).is_err(), "nobody was asked");
}

#[tokio::test]
async fn a_sweep_sends_no_faster_than_its_pace_udp_and_tcp_together() {
    let mut block = double::block(&[9], double::silence().await.local_addr().unwrap().port());
    block.subnets = vec!["127.80.0.0/27".parse().unwrap()];
    let collector = CameraCollector::new(&OnvifSettings { probes_per_second: 60, ..settings() });
    let (sender, _receiver) = mpsc::channel::<Found>(4);
    let begun = std::time::Instant::now();
    assert!(collector.sweep(&block, &block.hosts(), sender).await);
    // 30 addresses, two probes and one port each; the answers' time after each round of probes is not waited for twice.
    let least = Duration::from_secs_f64(90.0 / 60.0) + 2 * Duration::from_millis(1_200) - Duration::from_millis(200);
    assert!(begun.elapsed() >= least, "{:?} < {least:?}", begun.elapsed());
}

#[tokio::test]
async fn a_computer_that_speaks_ws_discovery_is_no_camera() {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let computer = "<e:Envelope xmlns:w=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\"><e:Body><d:ProbeMatches>\
        <d:ProbeMatch><w:EndpointReference><w:Address>urn:uuid:2</w:Address></w:EndpointReference><d:Types>wsdp:Device \
        pub:Computer</d:Types></d:ProbeMatch></d:ProbeMatches></e:Body></e:Envelope>";
    let responder = Responder::start(socket, 0, computer.to_owned());
    let block = double::block(&[9], port);
    let (_, found) = sweep(&block).await;
    assert_eq!(found.len(), 0);
    let visit = CameraCollector::new(&settings()).visit(&block, block.hosts()[0], &[], &Ledger::default()).await;
    assert!(matches!(visit.reach, Reach::Silent(_)), "{:?}", visit.reach);
    assert_eq!(responder.probes.lock().unwrap().len(), 5, "every form was tried");
}

#[tokio::test]
async fn a_visit_goes_to_the_named_port_and_path_at_the_asked_address_only() {
    let elsewhere = Double::start(|asked: &Asked| ok(&reply(&asked.operation, 0))).await;
    let camera = Double::start(|asked: &Asked| match asked.head.starts_with("POST /odd/path HTTP/1.1") {
        true => ok(&reply(&asked.operation, 0)),
        false => double::http("404 Not Found", "", ""),
    })
    .await;
    // The host is another one, on which a whole camera waits: only port and path count.
    let named = format!("http://127.0.0.99:{}/odd/path", camera.address.port());
    let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let responder = Responder::start(socket, 0, matches(&named));
    let block = double::block(&[elsewhere.address.port()], port);
    let visit = CameraCollector::new(&settings()).visit(&block, camera.address.ip(), &[], &Ledger::default()).await;
    assert_eq!((visit.reach, visit.port), (Reach::Answered, Some(camera.address.port())));
    assert!(visit.information.is_some());
    let discovery = visit.discovery.unwrap();
    assert_eq!(discovery.scopes[0].as_str(), "onvif://www.onvif.org/name/X Y");
    assert_eq!(elsewhere.asked().len(), 0);
    assert_eq!(responder.probes.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn discovery_alone_is_an_answer_and_other_forms_of_the_probe_are_tried() {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let responder = Responder::start(socket, 2, matches(""));
    let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let block = double::block(&[closed.port()], port);
    let visit = CameraCollector::new(&settings()).visit(&block, closed.ip(), &[], &Ledger::default()).await;
    assert_eq!((visit.reach, visit.port, visit.requests), (Reach::Answered, None, 3));
    assert_eq!(visit.discovery.unwrap().service, None);
    assert!(responder.probes.lock().unwrap()[2].contains("<d:Types>tds:Device</d:Types>"));
}

#[tokio::test]
async fn an_answer_from_another_address_is_not_this_ones() {
    let asked = addresses(&["127.79.0.1", "127.79.0.2"]);
    let (port, mut sockets) = same_port(&asked).await;
    let (forger, heard) = (sockets.pop().unwrap(), sockets.pop().unwrap());
    let task = tokio::spawn(async move {
        let mut buffer = vec![0u8; 65_535];
        while let Ok((_, from)) = heard.recv_from(&mut buffer).await {
            let _ = forger.send_to(matches("http://127.79.0.1/").as_bytes(), from as SocketAddr).await;
        }
    });
    let block = double::block(&[9], port);
    let visit = CameraCollector::new(&settings()).visit(&block, asked[0], &[], &Ledger::default()).await;
    task.abort();
    assert!(matches!(visit.reach, Reach::Silent(_)), "{:?}", visit.reach);
    assert_eq!(visit.discovery, None);
}
