//! Replies recorded from real cameras. They lie outside the repository: `$LENSWARDEN_SHARED` or `../shared`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lenswarden::net::DeviceText;
use lenswarden::onvif::discovery::{self, Message};
use lenswarden::onvif::{self, Element, Payload};
use lenswarden::probe;

pub(super) fn folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    std::env::var_os("LENSWARDEN_SHARED").map_or_else(beside, PathBuf::from).join("data/onvif")
}

pub(super) fn all() -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder()).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        for file in std::fs::read_dir(entry.path()).unwrap().map(|file| file.unwrap().path()) {
            let name = format!("{}/{}", entry.file_name().display(), file.file_name().unwrap().display());
            found.insert(name, std::fs::read(file).unwrap());
        }
    }
    found
}

fn reply(name: &str) -> Element {
    let octets = std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    match onvif::read(&octets).unwrap_or_else(|error| panic!("{name}: {error}")).payload {
        Payload::Reply(reply) => reply,
        Payload::Fault(fault) => panic!("{name}: {}", fault.text()),
    }
}

#[test]
#[ignore = "needs ../shared"]
fn every_recorded_envelope_is_read_and_is_what_its_name_says() {
    let mut read = 0;
    for (name, octets) in all() {
        let file = name.split('/').next_back().unwrap();
        if !file.ends_with(".xml") || file.contains("SADP") || file.contains("ISAPI") {
            continue;
        }
        let envelope = onvif::read(&octets).unwrap_or_else(|error| panic!("{name}: {error}"));
        match &envelope.payload {
            Payload::Fault(fault) => {
                assert!(file.contains("Fault"), "{name}: {}", fault.text());
                assert_eq!(fault.about_authorization(), file.contains("NotAuthorized"), "{name}: {}", fault.text());
            }
            Payload::Reply(reply) if reply.name == "ProbeMatches" => assert!(file.contains("ProbeMatches"), "{name}"),
            Payload::Reply(reply) => {
                let operation = file.split('-').find(|part| part.starts_with("Get")).unwrap();
                assert_eq!(reply.name, format!("{operation}Response"), "{name}");
            }
        }
        // Cut off anywhere, it is no reply any more.
        for cut in (0..octets.len().saturating_sub(20)).step_by(97) {
            assert!(onvif::read(&octets[..cut]).is_err(), "{name} cut at {cut}");
        }
        read += 1;
    }
    assert!(read >= 120, "only {read} recordings were found");
}

#[test]
#[ignore = "needs ../shared"]
fn who_they_are_is_read_from_recordings_of_seven_makers() {
    let axis = "AXIS-P3818-PVE-11.9.60";
    let bosch = "Bosch-FLEXIDOME-IP-starlight-8000i-7.70.0126";
    let reolink = "REOLINK-E1-Zoom-v3.1.0.2649-23083101";
    let expected = [
        (format!("{axis}/GetDeviceInformation-1.xml"), ["AXIS", "P3818-PVE", "11.9.60", "B8A44FA04F26", "7DB"]),
        (
            format!("{bosch}/GetDeviceInformation-2.xml"),
            ["Bosch", "FLEXIDOME IP starlight 8000i", "7.70.0126", "044518807925140011", "F0009F43"],
        ),
        (
            format!("{reolink}/GetDeviceInformation-1.xml"),
            ["REOLINK", "E1 Zoom", "v3.1.0.2649_23083101", "192168261", "IPC"],
        ),
        // A Uniview unit under another brand, and a Xiongmai one.
        (
            "SUNBA/GetDeviceInformation-2.xml".into(),
            [
                "SUNBA",
                "Performance-Series",
                "QIPC-B2202.3.73.C06290.NB.230628",
                "210231T2H63235000045",
                "Performance-Series",
            ],
        ),
        (
            "SUNBA.405/GetDeviceInformation-1.xml".into(),
            ["H264", "XM530_50X50-WG_8M", "V5.00.R02.L5330747.10010.349917..ONVIF 16.12", "f0d2d8a9c5380a0f", "00001"],
        ),
        (
            "IPD-H4K8M05-BS/GetDeviceInformation-1.xml".into(),
            ["", "IPD-H4K8M05-BS", "V1.04.10-190309", "071D3E36963F", "1.0"],
        ),
        (
            "single/milesight-GetDeviceInformation-1.xml".into(),
            ["Milesight Technology Co.,Ltd.", "MS-C8165-PE", "61.8.0.3-r8", "EM82V102329001403", "V1.0"],
        ),
    ];
    for (name, values) in expected {
        let read = onvif::information(&reply(&name));
        let fields = [&read.manufacturer, &read.model, &read.firmware, &read.serial, &read.hardware];
        assert_eq!(fields.map(DeviceText::as_str), values, "{name}");
    }
    let hostnames = [
        (axis, 1, Some("axis-b8a44fa04f26")),
        (reolink, 1, Some("reolink")),
        ("SUNBA", 2, Some("IPC")),
        ("IPD-H4K8M05-BS", 1, None),
    ];
    for (camera, number, expected) in hostnames {
        let name = onvif::hostname(&reply(&format!("{camera}/GetHostname-{number}.xml")));
        assert_eq!(name.as_ref().map(DeviceText::as_str), expected, "{camera}");
    }
    let clocks = [
        (format!("{axis}/GetSystemDateAndTime-1.xml"), "2026-01-13T19:25:25.000Z"),
        (format!("{bosch}/GetSystemDateAndTime-2.xml"), "2026-01-13T19:25:37.000Z"),
        (format!("{reolink}/GetSystemDateAndTime-1.xml"), "2026-01-13T19:25:12.000Z"),
        ("SUNBA.405/GetSystemDateAndTime-1.xml".into(), "2025-04-27T01:27:42.000Z"),
    ];
    for (name, expected) in clocks {
        assert_eq!(onvif::utc_clock(&reply(&name)).unwrap().to_string(), expected, "{name}");
    }
}

#[test]
#[ignore = "needs ../shared"]
fn where_they_are_is_read_from_recordings() {
    let interface = |name: &str| onvif::interfaces(&reply(name)).remove(0);
    let expected = [
        ("AXIS-P3818-PVE-11.9.60/GetNetworkInterfaces-1.xml", "b8:a4:4f:a0:4f:26", "192.168.2.82"),
        (
            "Bosch-FLEXIDOME-IP-starlight-8000i-7.70.0126/GetNetworkInterfaces-2.xml",
            "00:07:5f:ca:f8:fa",
            "192.168.2.200",
        ),
        ("REOLINK-E1-Zoom-v3.1.0.2649-23083101/GetNetworkInterfaces-1.xml", "ec:71:db:46:5a:f7", "192.168.2.61"),
        ("single/hikvision-GetNetworkInterfaces-1.xml", "28:57:be:65:7d:d5", "192.168.68.111"),
    ];
    for (name, mac, address) in expected {
        let read = interface(name);
        assert_eq!(read.mac.map(|mac| mac.to_string()).as_deref(), Some(mac), "{name}");
        assert_eq!(read.addresses.first().map(ToString::to_string).as_deref(), Some(address), "{name}");
    }
    let scopes = onvif::scopes(&reply("AXIS-P3818-PVE-11.9.60/GetScopes-1.xml"));
    assert!(scopes.iter().any(|scope| scope.as_str() == "onvif://www.onvif.org/name/AXIS P3818-PVE"), "{scopes:?}");
    let scopes = onvif::scopes(&reply("REOLINK-E1-Zoom-v3.1.0.2649-23083101/GetScopes-1.xml"));
    assert!(scopes.iter().any(|scope| scope.as_str() == "odm:name:Camera1"), "{scopes:?}");
}

#[test]
#[ignore = "needs ../shared"]
fn discovery_answers_and_marks_are_read_from_recordings() {
    let one = |name: &str| {
        let octets = std::fs::read(folder().join(name)).unwrap();
        let Some(Message::Matches(mut matches)) = discovery::parse(&octets) else { panic!("{name}") };
        matches.remove(0)
    };
    let hikvision = one("single/hikvision-ProbeMatches-2.xml");
    assert_eq!(hikvision.endpoint.as_str(), "urn:uuid:aa85c000-6324-11b3-819e-5850ed1fe385");
    assert!(
        hikvision.scopes.iter().any(|scope| scope.as_str() == "onvif://www.onvif.org/name/HIKVISION DS-2CD2385G1-I")
    );
    let service = Some((80, "/onvif/device_service".to_owned(), false));
    assert_eq!(hikvision.service("192.168.124.40".parse().unwrap()), service);
    let bare = one("single/smarteye-ProbeMatches-1.xml");
    assert!(bare.types.is_empty());
    assert_eq!(bare.service("10.9.8.7".parse().unwrap()), service);

    let marks = |name: &str| {
        let envelope = onvif::read(&std::fs::read(folder().join(name)).unwrap()).unwrap();
        probe::soap(&envelope.namespaces, envelope.standalone).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(marks("single/dahua-GetCapabilities-1.xml"), [probe::STANDALONE_ENVELOPE]);
    let own = marks("single/hikvision-ProbeMatches-2.xml");
    assert!(own.contains(&"http://www.hikvision.com/2011/event/topics".to_owned()), "{own:?}");
    assert!(marks("AXIS-P3818-PVE-11.9.60/GetHostname-1.xml").iter().all(|mark| mark.contains("www.axis.com")));
    assert!(marks("Bosch-FLEXIDOME-IP-starlight-8000i-7.70.0126/GetHostname-2.xml").is_empty());

    let refused = std::fs::read(folder().join("single/dahua-Fault-NotAuthorized-1.xml")).unwrap();
    let Payload::Fault(fault) = onvif::read(&refused).unwrap().payload else { panic!() };
    assert!(fault.about_authorization() && fault.text().as_str().contains("22 attempt(s)"));
}

/// Letters and digits alone, small.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What a recorded reply is made of, by the operation it answers; `about` is what the index and the folder call it.
fn facts_hold(name: &str, operation: &str, about: &str) {
    let reply = || reply(name);
    match operation {
        "GetDeviceInformation" => {
            let said = onvif::information(&reply());
            let model = bare(said.model.as_str().split('_').next().unwrap_or_default());
            assert!(!model.is_empty() && bare(about).contains(&model), "{name}: {model} is not in {about}");
            assert!(!said.firmware.is_empty() && !said.serial.is_empty() && !said.hardware.is_empty(), "{name}");
        }
        "GetSystemDateAndTime" => {
            let clock = onvif::utc_clock(&reply()).unwrap_or_else(|| panic!("{name}"));
            assert!((2018..=2026).contains(&clock.to_jiff().strftime("%Y").to_string().parse().unwrap()), "{name}");
        }
        "GetCapabilities" => {
            let expected = reply().at(&["Capabilities", "Extension", "DeviceIO", "VideoSources"]).map(|_| 1);
            assert_eq!(onvif::channels(&reply()), expected, "{name}: cameras with one lens, or they do not say");
        }
        "GetServices" => {
            let device = onvif::service_path(&reply(), "http://www.onvif.org/ver10/device/wsdl");
            assert!(device.is_some_and(|path| path.starts_with("/onvif/")), "{name}");
        }
        "GetHostname" => drop(onvif::hostname(&reply())),
        "GetDNS" => {
            let (servers, domains) = (onvif::name_servers(&reply()), onvif::domains(&reply()));
            assert!(!servers.is_empty() || !domains.is_empty(), "{name}");
        }
        "GetNTP" => {
            // Two have none: one says 0.0.0.0, one that its address is 'NTP'.
            let servers = onvif::time_servers(&reply()).len();
            assert_eq!(servers, usize::from(!name.starts_with("SUNBA")), "{name}");
        }
        "GetNetworkInterfaces" => {
            let interfaces = onvif::interfaces(&reply());
            assert!(interfaces.iter().any(|it| it.mac.is_some() && !it.addresses.is_empty()), "{name}: {interfaces:?}");
        }
        "GetNetworkDefaultGateway" => assert_eq!(onvif::gateways(&reply()).len(), 1, "{name}"),
        "GetNetworkProtocols" => {
            let protocols = onvif::protocols(&reply());
            let http = protocols.iter().find(|it| it.name.as_str() == "HTTP").unwrap_or_else(|| panic!("{name}"));
            assert!(http.enabled && http.ports.len() == 1, "{name}: {http:?}");
        }
        "GetScopes" => assert!(onvif::scopes(&reply()).len() > 3, "{name}"),
        "GetUsers" => {
            let users = onvif::users(&reply());
            assert!(users.iter().any(|user| user.level.as_str() == "Administrator"), "{name}: {users:?}");
            assert!(!format!("{users:?}").contains("REDACTED"), "{name}");
        }
        "ProbeMatches" => {
            let octets = std::fs::read(folder().join(name)).unwrap();
            let Some(Message::Matches(matches)) = discovery::parse(&octets) else { panic!("{name}") };
            assert!(matches.iter().all(|it| !it.endpoint.is_empty() && !it.addresses.is_empty()), "{name}");
        }
        // Never asked for: what they say of themselves in passing is read, and that is all.
        "GetServiceCapabilities" | "GetDiscoveryMode" | "GetEndpointReference" => drop(reply()),
        fault if fault.ends_with("fault") || fault.starts_with("Fault") => {
            let octets = std::fs::read(folder().join(name)).unwrap();
            let Payload::Fault(fault) = onvif::read(&octets).unwrap().payload else { panic!("{name}") };
            assert_eq!(fault.about_authorization(), name.contains("NotAuthorized"), "{name}: {}", fault.text());
        }
        // Other protocols: none of them is taken for ONVIF.
        other => {
            let octets = std::fs::read(folder().join(name)).unwrap();
            assert!(onvif::read(&octets).is_err() && discovery::parse(&octets).is_none(), "{name}: {other}");
        }
    }
}

#[test]
#[ignore = "needs ../shared"]
fn every_capture_gives_the_facts_its_index_names() {
    let index = std::fs::read_to_string(folder().join("INDEX.md")).unwrap();
    let files = all();
    let mut told = 0;
    for line in index.lines() {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let (Some(name), Some(operation)) = (columns.first(), columns.get(2)) else { continue };
        if !files.contains_key(*name) {
            continue;
        }
        facts_hold(name, operation, line);
        told += 1;
    }
    assert_eq!(told, files.len(), "every capture stands in the index");
    assert!(told >= 140, "only {told} captures");
}
