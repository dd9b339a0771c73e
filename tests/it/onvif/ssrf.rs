//! A camera that names other addresses, in every spelling: nothing but the polled address ever hears of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::{Arc, Mutex};

use lenswarden::collect::camera::CameraCollector;
use lenswarden::observation::{CameraVisit, Reach};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;

use super::double::{self, Asked, Double, Ledger, PASSWORD, credential, envelope, ok, reply};

const POLLED: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Set where the test runs in a network namespace in which every address is its own.
const EVERYWHERE: &str = "LENSWARDEN_TEST_EVERY_ADDRESS";

/// Somewhere else, in the spellings that have got past checks of other programs. `{p}`: the port that is listened on.
const PLACES: [&str; 32] = [
    "127.0.0.2:{p}",
    "2130706434:{p}",
    "0177.0.0.2:{p}",
    "0x7f.0.0.2:{p}",
    "0x7f000002:{p}",
    "127.2:{p}",
    "[::1]:{p}",
    "[::ffff:127.0.0.2]:{p}",
    "[::ffff:7f00:2]:{p}",
    "[::127.0.0.2]:{p}",
    "[64:ff9b::7f00:2]:{p}",
    "[::1%25lo]:{p}",
    "[fe80::1%25lo]:{p}",
    "[fe80::1%lo]:{p}",
    "localhost:{p}",
    "LOCALHOST.:{p}",
    "127.0.0.2.nip.io:{p}",
    "camera-7.rebinding.example:{p}",
    "127.0.0.1@127.0.0.2:{p}",
    "127.0.0.1:80@127.0.0.2:{p}",
    "127.0.0.2:{p}#@127.0.0.1",
    "127.0.0.2:{p}?@127.0.0.1",
    "127.0.0.1\\@127.0.0.2:{p}",
    "\u{2460}\u{2461}\u{2466}.0.0.2:{p}",
    "127\u{3002}0\u{3002}0\u{3002}2:{p}",
    "127.0.0.2%00.127.0.0.1:{p}",
    "127.0.0.2:{p}:{p}",
    "0.0.0.0:{p}",
    "[::]:{p}",
    "169.254.169.254",
    "10.1.0.1:{p}",
    "192.168.1.64",
];

/// Listeners on every address; they count who was called at another address than the polled one.
struct Ears {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Ears {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Ears {
    async fn open() -> Self {
        // Bound to every address of both families.
        let first = TcpListener::bind("[::]:0").await.unwrap();
        let port = first.local_addr().unwrap().port();
        let mut ears = Self { port, heard: Arc::default(), tasks: Vec::new() };
        ears.listen(first);
        ears.receive(UdpSocket::bind(format!("[::]:{port}")).await.unwrap());
        if std::env::var_os(EVERYWHERE).is_some() {
            for port in [80, 443, 554, 8000, 8080] {
                ears.listen(TcpListener::bind(format!("[::]:{port}")).await.unwrap());
            }
            for port in [53, 3702, 37020, 37810] {
                ears.receive(UdpSocket::bind(format!("[::]:{port}")).await.unwrap());
            }
        }
        ears
    }

    fn listen(&mut self, listener: TcpListener) {
        let heard = Arc::clone(&self.heard);
        self.tasks.push(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A port that was named, at the address that was polled, may be tried. It is closed at once.
                let called = stream.local_addr().unwrap();
                if called.ip().to_canonical() != IpAddr::V4(POLLED) {
                    heard.lock().unwrap().push(format!("TCP {called}"));
                }
            }
        }));
    }

    fn receive(&mut self, socket: UdpSocket) {
        let heard = Arc::clone(&self.heard);
        self.tasks.push(tokio::spawn(async move {
            let mut buffer = [0u8; 2048];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                heard.lock().unwrap().push(format!("UDP, {length} octets from {from}"));
            }
        }));
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// A camera that names a place wherever ONVIF has room for one.
async fn naming(url: String) -> Double {
    Double::start(move |asked: &Asked| {
        let url = escaped(&url);
        let services = ["device", "recording", "media", "events"].map(|name| {
            format!(
                "<tds:Service><tds:Namespace>http://www.onvif.org/ver10/{name}/wsdl</tds:Namespace><tds:XAddr>{url}\
                 </tds:XAddr></tds:Service>"
            )
        });
        let item = format!("<RecordingItem><Configuration><Source><Address>{url}</Address></Source></Configuration></RecordingItem>");
        ok(&match asked.operation.as_str() {
            "GetServices" => envelope(&format!("<tds:GetServicesResponse>{}</tds:GetServicesResponse>", services.concat())),
            "GetCapabilities" => envelope(&format!(
                "<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Device><tt:XAddr>{url}</tt:XAddr></tt:Device>\
                 <tt:Extension><tt:DeviceIO><tt:XAddr>{url}</tt:XAddr><tt:VideoSources>4</tt:VideoSources></tt:DeviceIO>\
                 </tt:Extension></tds:Capabilities></tds:GetCapabilitiesResponse>"
            )),
            "GetRecordings" => envelope(&format!("<GetRecordingsResponse>{item}</GetRecordingsResponse>")),
            "GetNetworkDefaultGateway" => envelope(
                "<tds:GetNetworkDefaultGatewayResponse><tds:NetworkGateway><tt:IPv4Address>127.0.0.2</tt:IPv4Address>\
                 </tds:NetworkGateway></tds:GetNetworkDefaultGatewayResponse>",
            ),
            other => reply(other, 0),
        })
    })
    .await
}

/// A camera that sends everybody elsewhere.
async fn sending(status: &'static str, url: String) -> Double {
    Double::start(move |_: &Asked| {
        let headers = format!(
            "Location: {url}\r\nContent-Location: {url}\r\nRefresh: 0; url={url}\r\nAlt-Svc: h2=\"{url}\"\r\nLink: <{url}>\r\n"
        );
        double::http(status, &headers, "<Envelope><Header><ReplyTo><Address>x</Address></ReplyTo></Header></Envelope>")
    })
    .await
}

/// Visits it; discovery there names the place too.
async fn visit(camera: &Double, url: &str) -> CameraVisit {
    let socket = UdpSocket::bind((POLLED, 0)).await.unwrap();
    let block = double::block(&[camera.address.port()], socket.local_addr().unwrap().port());
    let answer = format!(
        "<Envelope><Header><ReplyTo><Address>{0}</Address></ReplyTo></Header><Body><ProbeMatches><ProbeMatch>\
         <EndpointReference><Address>{0}</Address></EndpointReference><XAddrs>{0}</XAddrs></ProbeMatch></ProbeMatches>\
         </Body></Envelope>",
        escaped(url)
    );
    let credential = credential("c", PASSWORD, "127.0.0.0/8");
    let (credentials, ledger) = ([&credential], Ledger::default());
    let collector = CameraCollector::new(&double::settings());
    let visit = collector.visit(&block, IpAddr::V4(POLLED), &credentials, &ledger);
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

#[tokio::test]
async fn an_address_that_a_camera_names_is_never_called() {
    let ears = Ears::open().await;
    let statuses = ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"];
    let mut forms = 0;
    for (number, place) in PLACES.iter().enumerate() {
        let place = place.replace("{p}", &ears.port.to_string());
        let url = format!("http://{place}/onvif/device_service");
        let camera = naming(url.clone()).await;
        let seen = visit(&camera, &url).await;
        assert_eq!(seen.reach, Reach::Answered, "{url}: {:?}", seen.errors);
        assert_eq!(seen.port, Some(camera.address.port()), "{url}: the polled address is asked in its stead");
        let camera = sending(statuses[number % statuses.len()], url.clone()).await;
        let seen = visit(&camera, &url).await;
        assert_eq!((seen.port, seen.information), (None, None), "{url}");
        forms += 2;
    }
    for scheme in ["https", "HTTP", "file", "gopher", "ftp", "rtsp", "soap.udp"] {
        let url = format!("{scheme}://127.0.0.2:{}/onvif/device_service", ears.port);
        let camera = naming(url.clone()).await;
        visit(&camera, &url).await;
        forms += 1;
    }
    for url in ["//127.0.0.2:{p}/x", "http:/127.0.0.2:{p}/x", "http:\\\\127.0.0.2:{p}\\x", "127.0.0.2:{p}"] {
        let url = url.replace("{p}", &ears.port.to_string());
        let camera = sending("302 Found", url.clone()).await;
        visit(&camera, &url).await;
        forms += 1;
    }
    assert!(forms >= 60, "{forms} forms");
    // What was sent late is heard late.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(ears.heard(), Vec::<String>::new());
    // The ears do hear.
    let elsewhere = SocketAddr::from(([127, 0, 0, 2], ears.port));
    drop(tokio::net::TcpStream::connect(elsewhere).await.unwrap());
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let heard = ears.heard();
    assert!(matches!(heard.as_slice(), [one] if one.contains("127.0.0.2")), "{heard:?}");
}

/// The same where every address there is lies on this machine: link-local, private, public, the name server's.
#[test]
#[ignore = "needs a network namespace"]
fn an_address_that_a_camera_names_is_never_called_whichever_it_is() {
    const OWN_EVERYTHING: &str = "ip link set lo up && ip route add local 0.0.0.0/0 dev lo && ip -6 route add local ::/0 \
        dev lo && exec \"$0\" --exact onvif::ssrf::an_address_that_a_camera_names_is_never_called --nocapture";
    let allowed = Command::new("unshare").args(["-rn", "true"]).status().is_ok_and(|status| status.success());
    if !allowed {
        println!("skipped: no network namespace may be made here");
        return;
    }
    let this = std::env::current_exe().unwrap();
    let status = Command::new("unshare")
        .args(["-rn", "sh", "-c", OWN_EVERYTHING])
        .arg(this)
        .env(EVERYWHERE, "1")
        .status()
        .unwrap();
    assert!(status.success());
}
