//! The lab's cameras, asked over plain sockets.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lenswarden::lab::{Lab, TrueDevice};
use sha1::Digest as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::small;

const USER: &str = "lab-reader";
const PASSWORD: &str = "lab-camera-secret";
const LIMIT: Duration = Duration::from_secs(10);

pub(super) async fn is_open(ip: IpAddr, port: u16) -> bool {
    TcpStream::connect((ip, port)).await.is_ok()
}

/// One HTTP exchange: status, headers by lower-case name, body.
async fn post(ip: IpAddr, port: u16, path: &str, extra: &str, body: &str) -> (u16, BTreeMap<String, String>, String) {
    let exchange = async {
        let mut stream = TcpStream::connect((ip, port)).await.unwrap();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {ip}\r\nContent-Type: application/soap+xml\r\n{extra}Content-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = timeout(LIMIT, exchange).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    (head[9..12].parse().unwrap(), headers, body.to_owned())
}

fn envelope(header: &str, operation: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Header>{header}</s:Header><s:Body>\
         <{operation} xmlns=\"http://www.onvif.org/ver10/device/wsdl\"/></s:Body></s:Envelope>"
    )
}

fn security(created: &str, password: &str) -> String {
    let nonce: [u8; 16] = std::array::from_fn(|at| (created.as_bytes()[at % created.len()]) ^ at as u8);
    let hash = sha1::Sha1::new().chain_update(nonce).chain_update(created).chain_update(password).finalize();
    format!(
        "<w:Security xmlns:w=\"w\" xmlns:u=\"u\"><w:UsernameToken><w:Username>{USER}</w:Username><w:Password \
         Type=\"http://docs.oasis-open.org/wss/2004/01/x#PasswordDigest\">{}</w:Password><w:Nonce>{}</w:Nonce>\
         <u:Created>{created}</u:Created></w:UsernameToken></w:Security>",
        BASE64_STANDARD.encode(hash),
        BASE64_STANDARD.encode(nonce)
    )
}

fn element<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!(":{name}>"))?;
    rest.split_once("</").map(|(text, _)| text)
}

fn digest(header: &str, method: &str, uri: &str, password: &str) -> String {
    let field = |name: &str| {
        let (_, rest) = header.split_once(&format!("{name}=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let hash = |text: String| -> String { md5::Md5::digest(text).iter().map(|octet| format!("{octet:02x}")).collect() };
    let (realm, nonce) = (field("realm"), field("nonce"));
    let known = hash(format!("{USER}:{realm}:{password}"));
    let response = hash(format!("{known}:{nonce}:00000001:c0ffee:auth:{}", hash(format!("{method}:{uri}"))));
    format!(
        "Authorization: Digest username=\"{USER}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", qop=auth, \
         nc=00000001, cnonce=\"c0ffee\", response=\"{response}\"\r\n"
    )
}

/// Path of the device service, by trying.
async fn service(ip: IpAddr, port: u16) -> &'static str {
    for path in ["/onvif/device_service", "/onvif/services"] {
        if post(ip, port, path, "", &envelope("", "GetSystemDateAndTime")).await.0 == 200 {
            return path;
        }
    }
    panic!("{ip} has no device service");
}

/// What the camera's clock says, as it would be written in a Created.
async fn clock(ip: IpAddr, port: u16, path: &str) -> String {
    let body = post(ip, port, path, "", &envelope("", "GetSystemDateAndTime")).await.2;
    let part = |name: &str| element(&body, name).unwrap().parse::<u32>().unwrap();
    let (year, month, day) = (part("Year"), part("Month"), part("Day"));
    format!("{year}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", part("Hour"), part("Minute"), part("Second"))
}

/// How a camera was asked for its device information, and what it said.
async fn information(lab: &Lab, device: &TrueDevice, password: &str) -> (&'static str, u16, String) {
    let (ip, port) = (device.ip.unwrap(), lab.ports().http);
    let path = service(ip, port).await;
    let ask = async |header: &str, security: &str| {
        post(ip, port, path, header, &envelope(security, "GetDeviceInformation")).await
    };
    let (status, headers, body) = ask("", "").await;
    if element(&body, "Model").is_some() {
        return ("anonymous", status, body);
    }
    if let Some(challenge) = headers.get("www-authenticate") {
        assert_eq!(status, 401);
        let (status, _, body) = ask(&digest(challenge, "POST", path, password), "").await;
        return ("digest", status, body);
    }
    assert!(body.contains("NotAuthorized"), "{body}");
    let created = clock(ip, port, path).await;
    let (status, _, body) = ask("", &security(&created, password)).await;
    ("token", status, body)
}

fn units(lab: &Lab) -> Vec<TrueDevice> {
    lab.truth().devices.into_values().filter(|device| device.class != "other").collect()
}

#[tokio::test]
async fn every_camera_names_itself_to_the_right_user() {
    let lab = small().await;
    let mut methods = BTreeMap::new();
    let mut refused = 0;
    for device in units(&lab) {
        let (method, status, body) = information(&lab, &device, PASSWORD).await;
        *methods.entry(method).or_insert(0) += 1;
        let Some(model) = element(&body, "Model") else {
            assert_eq!(status, 401, "{device:?}: {body}");
            refused += 1;
            assert_eq!(lab.refusals()[&device.ip.unwrap()], 1);
            continue;
        };
        let maker = element(&body, "Manufacturer").unwrap();
        assert!(!model.is_empty() && !maker.is_empty());
        if maker == "LTS" || maker == "ANNKE" {
            assert_eq!(device.maker, Some("hikvision"), "a label is no maker");
        }
    }
    assert_eq!(refused, 1, "one camera has another password");
    assert_eq!(lab.refusals().len(), 1);
    assert!(methods["digest"] > 0 && methods["token"] > 0, "{methods:?}");
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_counted() {
    let lab = small().await;
    for device in units(&lab) {
        let (method, _, body) = information(&lab, &device, "wrong").await;
        assert_eq!(element(&body, "Model").is_none(), method != "anonymous", "{device:?}");
        let expected = (method != "anonymous").then_some(1);
        assert_eq!(lab.refusals().get(&device.ip.unwrap()).copied(), expected, "{device:?}");
    }
}

#[tokio::test]
async fn some_clocks_are_hours_off_and_an_unknown_operation_is_a_fault() {
    let lab = small().await;
    let port = lab.ports().http;
    let now = jiff::Timestamp::now();
    let mut off = 0;
    for device in units(&lab) {
        let ip = device.ip.unwrap();
        let path = service(ip, port).await;
        let clock: jiff::Timestamp = clock(ip, port, path).await.parse().unwrap();
        off += usize::from((clock.as_second() - now.as_second()).abs() > 1800);
        let (status, _, body) = post(ip, port, path, "", &envelope("", "GetUnheardOf")).await;
        assert!(body.contains("Fault") || status == 401, "{status} {body}");
        assert_eq!(post(ip, port, "/elsewhere", "", "x").await.0, 404);
    }
    assert!(off >= 1);
}

#[tokio::test]
async fn a_probe_is_answered_from_the_cameras_own_address() {
    let lab = small().await;
    let asker = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let probe = "<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\" \
        xmlns:w=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
        xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\"><e:Header><w:MessageID>urn:uuid:1-2-3</w:MessageID>\
        </e:Header><e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>";
    let mut silent = 0;
    for device in units(&lab) {
        let ip = device.ip.unwrap();
        asker.send_to(probe.as_bytes(), (ip, lab.ports().discovery)).await.unwrap();
        let mut buffer = [0; 8192];
        let Ok(answer) = timeout(Duration::from_millis(700), asker.recv_from(&mut buffer)).await else {
            silent += 1;
            continue;
        };
        let (length, from) = answer.unwrap();
        assert_eq!(from, (ip, lab.ports().discovery).into());
        let answer = std::str::from_utf8(&buffer[..length]).unwrap();
        assert_eq!(element(answer, "RelatesTo"), Some("urn:uuid:1-2-3"));
        assert!(element(answer, "XAddrs").unwrap().contains(&format!("http://{ip}:{}/onvif/", lab.ports().http)));
    }
    assert_eq!(silent, 1, "one camera keeps quiet");
    asker.send_to(probe.as_bytes(), (Ipv4Addr::new(127, 1, 20, 200), lab.ports().discovery)).await.unwrap();
    let mut buffer = [0; 64];
    assert!(timeout(Duration::from_millis(200), asker.recv_from(&mut buffer)).await.is_err(), "nobody is there");
}

#[tokio::test]
async fn an_address_without_a_camera_has_no_open_port() {
    let lab = small().await;
    assert!(!is_open(IpAddr::V4(Ipv4Addr::new(127, 1, 20, 200)), lab.ports().http).await);
}
