//! Makers' own discoveries: asked only where a block names them, read from what real units sent.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use lenswarden::collect::camera::{CameraCollector, Found};
use lenswarden::config::{CameraBlock, VendorQuery};
use lenswarden::maker::{Catalogue, Class, Facts, Verdict};
use lenswarden::net::Timestamp;
use lenswarden::observation::{CameraVisit, Reach, SweepAnswer, VendorProtocol};
use lenswarden::probe::{Announcement, dhip, sadp};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::captures::folder;
use super::double::{self, Ledger, settings};

const SADP: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ProbeMatch><Uuid>0</Uuid><Types>inquiry</Types>\
    <DeviceDescription>CMIP0000</DeviceDescription><DeviceSN>CMIP000020200101AAWRF00000001</DeviceSN>\
    <MAC>02-00-00-00-00-07</MAC><DigitalChannelNum>1</DigitalChannelNum>\
    <SoftwareVersion>V5.0.0build 200101</SoftwareVersion><Activated>false</Activated></ProbeMatch>";

fn dhip(body: &str) -> Vec<u8> {
    let mut octets = dhip::search()[..32].to_vec();
    octets.extend(body.bytes());
    octets
}

const DHIP: &str = "{\"mac\":\"02:00:00:00:00:08\",\"method\":\"client.notifyDevInfo\",\"params\":{\"deviceInfo\":\
    {\"DeviceClass\":\"NVR\",\"DeviceType\":\"N1\",\"SerialNo\":\"S\",\"Vendor\":\"Lorex\",\"Version\":\"1\"}}}\n\0";

/// Answers what has the right words in it, from where it was asked; what it was asked.
struct Peer {
    asked: Arc<Mutex<Vec<Vec<u8>>>>,
    task: JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    async fn start(at: &str, port: u16, words: &'static str, answer: Vec<u8>) -> Self {
        let address: IpAddr = at.parse().unwrap();
        let socket = UdpSocket::bind(SocketAddr::new(address, port)).await.unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            let mut buffer = vec![0u8; 65_535];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                log.lock().unwrap().push(buffer[..length].to_vec());
                if String::from_utf8_lossy(&buffer[..length]).contains(words) {
                    let _ = socket.send_to(&answer, from).await;
                }
            }
        });
        Self { asked, task }
    }

    fn asked(&self) -> Vec<Vec<u8>> {
        self.asked.lock().unwrap().clone()
    }
}

async fn block(subnet: &str, queries: &[VendorQuery]) -> (CameraBlock, UdpSocket) {
    let silence = double::silence().await;
    let mut block = double::block(&[9], silence.local_addr().unwrap().port());
    block.subnets = vec![subnet.parse().unwrap()];
    block.vendor_queries = queries.to_vec();
    (block, silence)
}

async fn visit(block: &CameraBlock, address: &str) -> CameraVisit {
    let collector = CameraCollector::new(&settings());
    collector.visit(block, address.parse().unwrap(), &[], &Ledger::default()).await
}

async fn sweep(block: &CameraBlock) -> Vec<Found> {
    let (sender, mut receiver) = mpsc::channel::<Found>(16);
    assert!(CameraCollector::new(&settings()).sweep(block, &block.hosts(), sender).await);
    let mut all = Vec::new();
    while let Some(found) = receiver.recv().await {
        all.push(found);
    }
    all.sort_by_key(|found| found.address);
    all
}

#[tokio::test]
async fn a_camera_with_onvif_switched_off_is_found_and_known_where_its_block_allows_the_question() {
    let hikvision = Peer::start("127.83.0.1", sadp::PORT, "<Types>inquiry</Types>", SADP.into()).await;
    let dahua = Peer::start("127.83.0.2", dhip::PORT, "DHDiscover.search", dhip(DHIP)).await;
    let echo = Peer::start("127.83.0.5", dhip::PORT, "DHDiscover.search", dhip::search()).await;
    let (block, _silence) = block("127.83.0.0/29", &[VendorQuery::Sadp, VendorQuery::Dhip]).await;
    let found = sweep(&block).await;
    let told: Vec<_> = found.iter().map(|found| (found.address.to_string(), found.answer)).collect();
    assert_eq!(told, [("127.83.0.1".into(), SweepAnswer::Vendor), ("127.83.0.2".into(), SweepAnswer::Vendor)]);

    let one = visit(&block, "127.83.0.1").await;
    assert_eq!((&one.reach, one.port, one.spoke_onvif()), (&Reach::Answered, None, false));
    let said = &one.announcements[0];
    assert_eq!((said.protocol, said.activated), (VendorProtocol::Sadp, Some(false)));
    assert_eq!(said.information.serial.as_str(), "CMIP000020200101AAWRF00000001");
    assert_eq!(one.mac().unwrap().to_string(), "02:00:00:00:00:07");
    let other = visit(&block, "127.83.0.2").await;
    assert_eq!((other.announcements[0].protocol, other.announcements[0].kind.as_str()), (VendorProtocol::Dhip, "NVR"));
    // Whoever sends our own question back is nobody.
    assert!(matches!(visit(&block, "127.83.0.5").await.reach, Reach::Silent(_)));

    // Only the questions that read were ever sent, word for word.
    for asked in hikvision.asked() {
        let text = String::from_utf8(asked).unwrap();
        assert!(text.ends_with("</Uuid><Types>inquiry</Types></Probe>") && text.len() == 124, "{text}");
    }
    assert!(dahua.asked().iter().chain(&echo.asked()).all(|asked| *asked == dhip::search()));
}

#[tokio::test]
async fn nothing_of_it_is_sent_where_the_block_does_not_name_it() {
    let hikvision = Peer::start("127.84.0.1", sadp::PORT, "inquiry", SADP.into()).await;
    let dahua = Peer::start("127.84.0.2", dhip::PORT, "search", dhip(DHIP)).await;
    let (mut block, _silence) = block("127.84.0.0/30", &[]).await;
    assert_eq!(sweep(&block).await, []);
    for address in ["127.84.0.1", "127.84.0.2"] {
        assert!(matches!(visit(&block, address).await.reach, Reach::Silent(_)));
    }
    assert_eq!((hikvision.asked().len(), dahua.asked().len()), (0, 0));
    block.vendor_queries = vec![VendorQuery::Dhip];
    assert_eq!(sweep(&block).await.len(), 1);
    assert_eq!(hikvision.asked().len(), 0, "one is not the other");
    assert!(!dahua.asked().is_empty());
}

#[tokio::test]
async fn an_answer_of_another_address_is_not_this_ones() {
    let forger = UdpSocket::bind("127.85.0.2:0").await.unwrap();
    let socket = UdpSocket::bind(("127.85.0.1", sadp::PORT)).await.unwrap();
    let task = tokio::spawn(async move {
        let mut buffer = vec![0u8; 65_535];
        while let Ok((_, from)) = socket.recv_from(&mut buffer).await {
            let _ = forger.send_to(SADP.as_bytes(), from).await;
        }
    });
    let (block, _silence) = block("127.85.0.0/30", &[VendorQuery::Sadp]).await;
    assert!(matches!(visit(&block, "127.85.0.1").await.reach, Reach::Silent(_)));
    task.abort();
}

/// What a device is that told this and nothing else.
fn known_by(protocol: VendorProtocol, said: Announcement) -> Facts {
    let information = lenswarden::observation::DeviceInformation {
        manufacturer: said.manufacturer,
        model: said.model,
        firmware: said.firmware,
        serial: said.serial,
        ..Default::default()
    };
    let announcement = lenswarden::observation::Announcement {
        protocol,
        information,
        kind: said.kind,
        mac: said.mac,
        activated: None,
    };
    Facts { announced: vec![(announcement, Timestamp(1))], ..Facts::default() }
}

#[test]
fn an_answer_proves_the_platform_whatever_the_label() {
    let catalogue = Catalogue::shipped();
    let told = |facts: &Facts| {
        let found = catalogue.attribute(facts);
        (found.maker.map(|id| id.to_string()), found.verdict, found.class, found.brand)
    };
    let facts = known_by(VendorProtocol::Sadp, sadp::parse(SADP.as_bytes()).unwrap());
    assert_eq!(told(&facts), (Some("hikvision".into()), Verdict::Confirmed, Class::Camera, Some("LTS".into())));
    let evidence = &catalogue.attribute(&facts).evidence[0];
    assert!(evidence.source == "sadp" && evidence.text.contains("model 'CMIP0000'"), "{evidence:?}");
    let facts = known_by(VendorProtocol::Dhip, dhip::parse(&dhip(DHIP)).unwrap());
    let (maker, verdict, class, brand) = told(&facts);
    // One mark alone: a label that is not Dahua's and numbers of no form.
    assert_eq!((maker.as_deref(), verdict, class), (Some("dahua"), Verdict::Suspected, Class::Recorder));
    assert!(brand.unwrap().contains("Lorex"));
    assert_eq!(catalogue.attribute(&Facts::default()).verdict, Verdict::Unknown);
}

#[test]
#[ignore = "needs ../shared"]
fn recorded_answers_are_read_and_cut_off_anywhere_harm_nothing() {
    let read = |name: &str| std::fs::read(folder().join("single").join(name)).unwrap();
    let sadp_all = [
        ("hikvision-SADP-1.xml", "DS-2CD2385G1-I", "58:50:ed:1f:e3:85", Some(true)),
        ("hikvision-SADP-3.xml", "DS-2CD2432F-IW", "c0:56:e3:fe:42:92", None),
        ("hikvision-SADP-4.xml", "DS-2CD5026EFWD-A", "64:db:8b:08:cf:45", Some(true)),
    ];
    let catalogue = Catalogue::shipped();
    for (name, model, mac, activated) in sadp_all {
        let octets = read(name);
        let said = sadp::parse(&octets).unwrap();
        assert_eq!((said.model.as_str(), said.mac.unwrap().to_string().as_str()), (model, mac), "{name}");
        assert_eq!((said.activated, said.kind.as_str()), (activated, "video channels: 1"), "{name}");
        assert!(said.serial.as_str().starts_with(model) && said.firmware.as_str().starts_with("V5."), "{name}");
        let found = catalogue.attribute(&known_by(VendorProtocol::Sadp, said));
        assert_eq!(
            (found.maker.unwrap().as_str(), found.verdict, found.class),
            ("hikvision", Verdict::Confirmed, Class::Camera)
        );
        (0..octets.len()).for_each(|cut| drop(sadp::parse(&octets[..cut])));
        assert_eq!(dhip::parse(&octets), None);
    }
    let dhip_all = [
        ("dahua-DHIP-notifyDevInfo-1.bin", "IPC-HDW1431T1-S4", "Private", Class::Camera),
        ("dahua-DHIP-notifyDevInfo-2.bin", "IPC-HDW5421S", "Dahua", Class::Camera),
        ("dahua-DHIP-notifyDevInfo-4.bin", "VTO2000A", "General", Class::Intercom),
        ("dahua-DHIP-notifyDevInfo-5.bin", "SS 3530 MF FACE W", "Intelbras", Class::Unknown),
        // Its JSON is broken: it is an answer all the same.
        ("dahua-DHIP-anonymised-1.bin", "", "", Class::Unknown),
    ];
    for (name, model, vendor, class) in dhip_all {
        let octets = read(name);
        let said = dhip::parse(&octets).unwrap();
        assert_eq!((said.model.as_str(), said.manufacturer.as_str()), (model, vendor), "{name}");
        assert_eq!(said.mac.is_some() && !said.serial.is_empty(), !model.is_empty(), "{name}");
        let found = catalogue.attribute(&known_by(VendorProtocol::Dhip, said));
        assert_eq!(
            (found.maker.unwrap().as_str(), found.verdict, found.class),
            ("dahua", if model.is_empty() { Verdict::Suspected } else { Verdict::Confirmed }, class),
            "{name}"
        );
        assert_eq!(found.brand.as_deref(), (vendor == "Intelbras").then_some("Intelbras"), "{name}");
        (0..octets.len()).for_each(|cut| drop(dhip::parse(&octets[..cut])));
        assert_eq!(sadp::parse(&octets), None);
    }
}
