use proptest::prelude::*;

use super::*;

fn message(xaddrs: &str) -> String {
    format!(
        "<?xml version='1.0'?><s:Envelope><s:Body><d:ProbeMatches><d:ProbeMatch><a:EndpointReference><a:Address>\
         urn:uuid:1</a:Address></a:EndpointReference><d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>\
         <d:Scopes>onvif://www.onvif.org/name/A%20B  onvif://www.onvif.org/location/</d:Scopes>\
         <d:XAddrs>{xaddrs}</d:XAddrs></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
    )
}

fn service(xaddrs: &str, asked: &str) -> Option<(u16, String, bool)> {
    match parse(message(xaddrs).as_bytes()).unwrap() {
        Message::Matches(matches) => matches[0].service(asked.parse().unwrap()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_match_is_read() {
    let Some(Message::Matches(matches)) = parse(message("http://10.0.0.9/x").as_bytes()) else { panic!() };
    let text = |list: &[DeviceText]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(matches[0].endpoint.as_str(), "urn:uuid:1");
    assert_eq!(text(&matches[0].types), ["NetworkVideoTransmitter", "Device"]);
    assert_eq!(text(&matches[0].scopes), ["onvif://www.onvif.org/name/A B", "onvif://www.onvif.org/location/"]);
}

#[test]
fn port_and_path_are_taken_and_the_host_is_not() {
    let default = || DEVICE_SERVICE.to_owned();
    let asked = "10.0.0.9";
    let cases = [
        ("http://10.0.0.9/onvif/services", Some((80, "/onvif/services".into(), false))),
        ("https://10.0.0.9", Some((443, default(), true))),
        ("http://[fe80::1]/a http://10.0.0.9:8000/b", Some((8000, "/b".into(), false))),
        (
            "http://169.254.3.4:81/a http://192.168.1.99:2020/onvif/service",
            Some((2020, "/onvif/service".into(), false)),
        ),
        ("http://203.0.113.7:8106:8106/onvif/x", Some((8106, "/onvif/x".into(), false))),
        ("http://camera.example/evil", Some((80, "/evil".into(), false))),
        ("http://10.0.0.9:0/x", None),
        ("http://10.0.0.9:99999/x", None),
        ("ftp://10.0.0.9/x rubbish", None),
        ("", None),
    ];
    for (xaddrs, expected) in cases {
        assert_eq!(service(xaddrs, asked), expected, "{xaddrs}");
    }
    assert_eq!(service("http://10.0.0.9/ä", asked), Some((80, default(), false)));
    assert_eq!(service("http://[fe80::1]:81/a", "fe80::1"), Some((81, "/a".into(), false)));
}

#[test]
fn faults_count_and_other_messages_do_not() {
    let fault =
        "<e:Envelope><e:Body><e:Fault><e:Reason>the xml format error</e:Reason></e:Fault></e:Body></e:Envelope>";
    assert_eq!(parse(fault.as_bytes()), Some(Message::Fault));
    for other in ["", "M-SEARCH * HTTP/1.1", "<e:Envelope><e:Body><d:Probe/></e:Body></e:Envelope>"] {
        assert_eq!(parse(other.as_bytes()), None, "{other}");
    }
}

#[test]
fn of_many_matches_the_one_at_the_asked_address_is_taken() {
    let at = |host: &str| Match {
        endpoint: DeviceText::new(host),
        addresses: transport(&format!("http://{host}/")).into_iter().collect(),
        maybe_onvif: true,
        ..Match::default()
    };
    let list = [at("10.0.0.1"), at("10.0.0.2")];
    assert_eq!(choose(&list, "10.0.0.2:3702".parse().unwrap()).unwrap().endpoint.as_str(), "10.0.0.2");
    assert_eq!(choose(&list, "10.0.0.3:3702".parse().unwrap()).unwrap().endpoint.as_str(), "10.0.0.1");
}

fn announced(name: &str, declared: &str, inside: &str) -> Option<Message> {
    let text = format!(
        "<s:Envelope xmlns:a=\"http://www.w3.org/2005/08/addressing\" {declared}><s:Body><d:{name}>{inside}</d:{name}>\
         </s:Body></s:Envelope>"
    );
    parse(text.as_bytes())
}

#[test]
fn what_is_no_onvif_device_by_its_own_types_is_told_from_one() {
    let onvif = "xmlns:tds=\"http://www.onvif.org/ver10/device/wsdl\"";
    let cases = [
        ("", "<d:Types>wsdp:Device pub:Computer</d:Types>", false),
        ("", "<d:Types>wsdp:Device wprt:PrintDeviceType</d:Types><d:XAddrs>http://10.0.0.9/wsd</d:XAddrs>", false),
        ("", "<d:Types>dn:NetworkVideoTransmitter</d:Types>", true),
        ("", "<d:Types>tds:Device</d:Types>", true),
        (onvif, "<d:Types>x:Device</d:Types>", true),
        ("", "<d:Types>x:Device</d:Types>", false),
        ("", "<d:Types>x:Y</d:Types><d:Scopes>onvif://www.onvif.org/name/A</d:Scopes>", true),
        ("", "<d:Types>x:Y</d:Types><d:XAddrs>http://10.0.0.9/onvif/device_service</d:XAddrs>", true),
        ("", "<d:Types/>", true),
        ("", "", true),
    ];
    for (declared, inside, maybe) in cases {
        let Some(Message::Matches(matches)) = announced("Hello", declared, inside) else { panic!("{inside}") };
        assert_eq!(matches[0].maybe_onvif, maybe, "{inside}");
        assert_eq!(choose(&matches, "10.0.0.9:3702".parse().unwrap()).is_some(), maybe, "{inside}");
    }
    assert_eq!(announced("Bye", "", ""), Some(Message::Bye));
    assert_eq!(announced("Probe", "", "<d:Types>dn:NetworkVideoTransmitter</d:Types>"), None);
}

#[test]
fn every_probe_has_its_own_id_and_is_well_formed() {
    for form in Form::ALL {
        let (one, other) = (probe(form).unwrap(), probe(form).unwrap());
        assert_ne!(one, other);
        let id = one.split_once("uuid:").unwrap().1.get(..36).unwrap().to_owned();
        assert_eq!((id.get(14..15), id.matches('-').count()), (Some("4"), 4), "{id}");
        assert_eq!(read(one.as_bytes()).map(|envelope| matches!(envelope.payload, Payload::Reply(_))), Ok(true));
    }
}

proptest! {
    #[test]
    fn cut_off_or_with_bits_flipped_it_never_panics(cut in 0usize..700, flips in proptest::collection::vec((0usize..700, 0u8..8), 0..4)) {
        let mut octets = message("http://10.0.0.9:80/a http://[fe80::1]/b").into_bytes();
        let length = octets.len();
        for (at, bit) in flips {
            octets[at % length] ^= 1 << bit;
        }
        octets.truncate(cut.min(length));
        if let Some(Message::Matches(matches)) = parse(&octets) {
            for found in matches {
                let _ = found.service("10.0.0.9".parse().unwrap());
            }
        }
    }

    #[test]
    fn no_transport_address_makes_it_panic(text in "(https?://)?[\\[\\]:/a.0-9ä]{0,30}") {
        let _ = transport(&text);
    }
}
