//! Cameras that speak HTTP and XML badly, and things that only look like cameras.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lenswarden::observation::{CameraVisit, Reach};
use tokio::task::JoinSet;

use super::double::{Act, Asked, Double, Ledger, PASSWORD, credential, envelope, reply, visit, visit_as_nobody};

fn send(head: &str, body: &[u8]) -> Act {
    Act::SendAndClose([head.replace('\n', "\r\n").as_bytes(), body].concat())
}

fn with_length(head: &str, body: &[u8]) -> Act {
    send(&format!("{head}Content-Length: {}\n\n", body.len()), body)
}

const OK: &str = "HTTP/1.1 200 OK\n";

/// How a reply goes over the wire.
type Wire = fn(&str) -> Act;

/// Every reply of a camera through one malformation of the wire; `false` where nothing can be read.
fn malformations() -> Vec<(&'static str, bool, Wire)> {
    fn chunked(xml: &str) -> Vec<u8> {
        let (one, other) = xml.split_at(xml.len() / 2);
        format!("{:x}\r\n{one}\r\n{:X};ext=1\r\n{other}\r\n0\r\n\r\n", one.len(), other.len()).into_bytes()
    }
    vec![
        ("HTTP/1.0 until it closes", true, |xml| send("HTTP/1.0 200 OK\n\n", xml.as_bytes())),
        ("HTTP/1.1 until it closes", true, |xml| send("HTTP/1.1 200 OK\n\n", xml.as_bytes())),
        ("chunked", true, |xml| send(&format!("{OK}Transfer-Encoding: chunked\n\n"), &chunked(xml))),
        ("chunked, with a length", true, |xml| {
            send(&format!("{OK}Content-Length: 3\nTransfer-Encoding: chunked\n\n"), &chunked(xml))
        }),
        ("text/html", true, |xml| with_length(&format!("{OK}Content-Type: text/html\n"), xml.as_bytes())),
        ("no reason", true, |xml| with_length("HTTP/1.1 200\n", xml.as_bytes())),
        ("only line feeds", true, |xml| {
            Act::SendAndClose(format!("HTTP/1.1 200 OK\nContent-Length: {}\n\n{xml}", xml.len()).into_bytes())
        }),
        ("space before the colon", true, |xml| with_length(&format!("{OK}Server : x\n"), xml.as_bytes())),
        ("folded header", true, |xml| with_length(&format!("{OK}Server: a\n  b\n"), xml.as_bytes())),
        ("garbage line", true, |xml| with_length(&format!("{OK}garbage without colon\n"), xml.as_bytes())),
        ("bad header name", true, |xml| with_length(&format!("{OK}B\u{1}d(name): x\n"), xml.as_bytes())),
        ("length too large", true, |xml| send(&format!("{OK}Content-Length: {}\n\n", xml.len() + 500), xml.as_bytes())),
        ("length a little too small", true, |xml| {
            send(&format!("{OK}Content-Length: {}\n\n", xml.len()), format!("{xml}\r\n").as_bytes())
        }),
        ("no content type and 200 OK", true, |xml| with_length(OK, xml.as_bytes())),
        ("two lengths", true, |xml| with_length(&format!("{OK}Content-Length: {}\n", xml.len()), xml.as_bytes())),
        ("100 Continue first", true, |xml| with_length("HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\n", xml.as_bytes())),
        ("byte order mark", true, |xml| with_length(OK, format!("\u{feff}{xml}").as_bytes())),
        ("space first", true, |xml| with_length(OK, format!("\r\n  {xml}").as_bytes())),
        ("NULs last", true, |xml| with_length(OK, format!("{xml}\0\0\0").as_bytes())),
        ("undeclared prefix of an element", true, |xml| {
            with_length(OK, xml.replace("<s:Body>", "<s:Body><!-- -->").replace("tds:Model", "nope:Model").as_bytes())
        }),
        ("undeclared prefix of an attribute", true, |xml| {
            with_length(OK, xml.replace("Envelope ", "Envelope tad:x=\"1\" ").as_bytes())
        }),
        ("unquoted attribute", true, |xml| with_length(OK, xml.replace("Envelope ", "Envelope a=1 a='2' ").as_bytes())),
        ("control character", true, |xml| with_length(OK, xml.replace("D-1", "D-1\u{8}").as_bytes())),
        ("bare ampersand", true, |xml| with_length(OK, xml.replace("&amp;", "&").as_bytes())),
        ("GB2312", true, |xml| {
            let raw = xml.replace("UTF-8", "GB2312").replace("SN1", "SN1\u{1}");
            let raw: Vec<u8> =
                raw.bytes().flat_map(|octet| if octet == 1 { vec![0xd6, 0xd0] } else { vec![octet] }).collect();
            with_length(OK, &raw)
        }),
        ("Latin-1 said to be UTF-8", true, |xml| {
            let raw = xml.replace("SN1", "SN1\u{1}");
            let raw: Vec<u8> = raw.bytes().map(|octet| if octet == 1 { 0xe9 } else { octet }).collect();
            with_length(OK, &raw)
        }),
        ("document type", false, |xml| {
            with_length(OK, xml.replace("?>", "?><!DOCTYPE x [<!ENTITY a \"b\">]>").as_bytes())
        }),
        ("deep", false, |_| with_length(OK, envelope(&"<a>".repeat(20_000)).as_bytes())),
        ("cut off", false, |xml| with_length(OK, &xml.as_bytes()[..xml.len() - 20])),
        ("length too small", false, |xml| send(&format!("{OK}Content-Length: {}\n\n", xml.len() - 30), xml.as_bytes())),
        ("empty body", false, |_| with_length(OK, b"")),
        ("HTML", false, |_| with_length(OK, b"<html><body>Welcome</body></html>")),
        ("gzip nobody asked for", true, |xml| with_length(&format!("{OK}Content-Encoding: gzip\n"), &gzip(xml))),
        ("gzip that nothing announces", true, |xml| with_length(OK, &gzip(xml))),
        ("gzip cut off", false, |xml| with_length(OK, &gzip(xml)[..40])),
        ("gzip of 4 MB", false, |_| with_length(OK, &gzip(&format!("<E>{}", "x".repeat(4 << 20))))),
        ("gzip that is none", false, |_| with_length(OK, b"\x1f\x8b\x08\0\0")),
        ("entity bomb", false, |xml| {
            let entities: String = (1..20).map(|n| format!("<!ENTITY a{n} '&a{0};&a{0};'>", n - 1)).collect();
            with_length(OK, xml.replace("?>", &format!("?><!DOCTYPE x [<!ENTITY a0 'x'>{entities}]>")).as_bytes())
        }),
        ("a hundred thousand attributes", false, |_| {
            with_length(OK, format!("<E {}", "a='b' ".repeat(1_000_000)).as_bytes())
        }),
        ("a hundred thousand deep", false, |_| with_length(OK, "<a>".repeat(100_000).as_bytes())),
        ("404", false, |_| with_length("HTTP/1.1 404 Not Found\n", b"")),
        ("lower-case status line", false, |xml| with_length("http/1.1 200 OK\n", xml.as_bytes())),
        ("ICY", false, |xml| with_length("ICY 200 OK\n", xml.as_bytes())),
        ("not HTTP", false, |_| Act::SendAndClose(b"220 ftp ready\r\n".to_vec())),
        ("closes at once", false, |_| Act::SendAndClose(Vec::new())),
        ("never answers", false, |_| Act::Hang),
        ("body without end", false, |_| {
            Act::Endless(b"HTTP/1.1 200 OK\r\n\r\n<Envelope><Body>".to_vec(), "<a>x</a>".repeat(1_000).into_bytes())
        }),
        ("chunks without end", false, |_| {
            Act::Endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(), b"4\r\n<a/>\r\n".to_vec())
        }),
        ("text without end", false, |_| {
            Act::Endless(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n<E>".to_vec(), vec![b'x'; 9_000])
        }),
        ("headers without end", false, |_| {
            Act::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-More: more\r\n".repeat(100))
        }),
        ("one header without end", false, |_| Act::Endless(b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'x'; 9_000])),
        ("100 Continue without end", false, |_| Act::Endless(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100))),
        ("a drop at a time", false, |xml| {
            Act::Drip(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", xml.len()).into_bytes(), xml.into())
        }),
    ]
}

fn gzip(text: &str) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap()
}

#[tokio::test]
async fn malformed_answers_are_read_where_they_can_be_and_end_in_time_where_not() {
    let mut visits = JoinSet::new();
    for (name, readable, wire) in malformations() {
        visits.spawn(async move {
            let camera = Double::start(move |asked: &Asked| wire(&reply(&asked.operation, 0))).await;
            let start = Instant::now();
            (name, readable, visit_as_nobody(&camera).await, start.elapsed())
        });
    }
    while let Some(visited) = visits.join_next().await {
        let (name, readable, visit, took) = visited.unwrap();
        assert!(took < Duration::from_secs(6), "{name} took {took:?}");
        if readable {
            assert_eq!(visit.reach, Reach::Answered, "{name}: {:?}", visit.errors);
            let information = visit.information.unwrap_or_else(|| panic!("{name}: {:?}", visit.errors));
            assert_eq!(information.hardware.as_str(), "88", "{name}");
            assert!(information.manufacturer.as_str().starts_with("Double &"), "{name}: {}", information.manufacturer);
            assert!(information.serial.as_str().starts_with("SN1"), "{name}: {}", information.serial);
        } else {
            let Reach::Silent(why) = &visit.reach else { panic!("{name} was taken for a camera") };
            assert!(why.contains("port "), "{name}: {why}");
            assert_eq!(visit.information, None, "{name}");
        }
    }
}

async fn counting() -> Double {
    Double::start(|asked: &Asked| super::double::ok(&reply(&asked.operation, 0))).await
}

fn nothing_learned(visit: &CameraVisit) {
    assert!(matches!(visit.reach, Reach::Silent(_)), "{:?}", visit.reach);
    assert_eq!(visit.information, None);
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let elsewhere = Arc::new(counting().await);
    for status in ["302 Found", "307 Temporary Redirect"] {
        let target = elsewhere.address;
        let camera = Double::start(move |_: &Asked| {
            super::double::http(status, &format!("Location: http://{target}/onvif/device_service\r\n"), "")
        })
        .await;
        let visit = visit_as_nobody(&camera).await;
        nothing_learned(&visit);
        let Reach::Silent(why) = visit.reach else { panic!() };
        assert!(why.contains("redirect"), "{why}");
    }
    assert_eq!(elsewhere.asked().len(), 0);
}

#[tokio::test]
async fn a_service_that_names_another_host_moves_nothing() {
    let elsewhere = counting().await;
    let target = elsewhere.address;
    let camera = Double::start(move |asked: &Asked| {
        let xml = match asked.operation.as_str() {
            "GetServices" | "GetCapabilities" => envelope(&format!(
                "<tds:{0}Response><tds:Service><tds:Namespace>http://www.onvif.org/ver10/device/wsdl</tds:Namespace>\
                 <tds:XAddr>http://{target}/onvif/device_service</tds:XAddr></tds:Service></tds:{0}Response>",
                asked.operation
            )),
            other => reply(other, 0),
        };
        super::double::ok(&xml)
    })
    .await;
    let visit = visit(&camera, &[&credential("c", PASSWORD, "127.0.0.0/8")], &Ledger::default()).await;
    assert!(visit.information.is_some());
    assert_eq!(elsewhere.asked().len(), 0);
}

#[tokio::test]
async fn no_password_goes_to_a_web_server_that_asks_for_one() {
    let printer = Double::start(|_: &Asked| {
        super::double::http("401 Unauthorized", "WWW-Authenticate: Digest realm=\"printer\", nonce=\"n\"\r\n", "")
    })
    .await;
    let soap = Double::start(|_: &Asked| {
        let text =
            "<s:Envelope><s:Body><s:Fault><faultstring>Not authorized</faultstring></s:Fault></s:Body></s:Envelope>";
        super::double::http("500 Error", "", text)
    })
    .await;
    for other in [&printer, &soap] {
        let visit = visit(other, &[&credential("c", PASSWORD, "127.0.0.0/8")], &Ledger::default()).await;
        nothing_learned(&visit);
        assert_eq!(other.attempts(), 0);
    }
}

#[tokio::test]
async fn a_closed_port_and_a_silent_host_are_silence() {
    let camera = counting().await;
    let gone = camera.address;
    drop(camera);
    let silence = super::double::silence().await;
    let block = super::double::block(&[gone.port()], silence.local_addr().unwrap().port());
    let collector = lenswarden::collect::camera::CameraCollector::new(&super::double::settings());
    let visit = collector.visit(&block, gone.ip(), &[], &Ledger::default()).await;
    nothing_learned(&visit);
    assert_eq!(visit.requests, 3, "the three forms of the probe");
}
