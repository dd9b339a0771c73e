//! What is asked, and what is made of the answers: the operations of the device service, and what a recorder tells.

use std::net::IpAddr;

use lenswarden::collect::camera::CameraCollector;
use lenswarden::config::OnvifSettings;
use lenswarden::net::DeviceText;
use lenswarden::observation::{Authentication, BehindCamera, CameraUser, CameraVisit, MarkKind, Reach};

use super::double::{
    self, Asked, Double, Ledger, PASSWORD, credential, envelope, fault, http, ok, reply, silence, visit,
    visit_as_nobody,
};

const RECORDING: &str = "http://www.onvif.org/ver10/recording/wsdl";

#[tokio::test]
async fn every_operation_brings_its_facts_home() {
    let camera = Double::start(|asked: &Asked| ok(&reply(&asked.operation, 0))).await;
    let visit = visit_as_nobody(&camera).await;
    let network = &visit.network;
    assert_eq!(network.domains, ["factory.example".into()]);
    assert_eq!(network.name_servers, Some(vec![IpAddr::from([10, 0, 0, 53])]));
    assert_eq!(network.time_servers, Some(vec!["time.example".into()]));
    assert_eq!(network.gateways, Some(vec![IpAddr::from([10, 0, 0, 1])]));
    let protocol = network.protocols.first().unwrap();
    assert_eq!((protocol.name.as_str(), protocol.enabled, protocol.ports.as_slice()), ("RTSP", true, &[554][..]));
    let domain = visit.marks.iter().find(|mark| mark.kind == MarkKind::Domain).unwrap();
    assert_eq!(domain.text.as_str(), "factory.example");
    assert_eq!((visit.users, visit.channels, visit.behind.len()), (None, None, 0));
    assert!(!camera.operations().contains(&"GetUsers".to_owned()), "users are not asked for unless configured");
}

#[tokio::test]
async fn users_are_asked_for_where_it_is_configured_and_their_passwords_are_not_kept() {
    let camera = Double::start(|asked: &Asked| ok(&reply(&asked.operation, 0))).await;
    let silence = silence().await;
    let block = double::block(&[camera.address.port()], silence.local_addr().unwrap().port());
    let settings = OnvifSettings { users: true, ..double::settings() };
    let visit = CameraCollector::new(&settings).visit(&block, camera.address.ip(), &[], &Ledger::default()).await;
    let expected = [CameraUser { name: "admin".into(), level: "Administrator".into() }];
    assert_eq!(visit.users.as_deref(), Some(&expected[..]));
    assert!(!format!("{visit:?}").contains("never kept"));
    assert_eq!(camera.operations().last().map(String::as_str), Some("GetUsers"));
}

#[tokio::test]
async fn an_operation_it_does_not_have_is_no_trouble() {
    // As gSOAP says it, as the specification does, with either status.
    for (status, missing) in [
        ("400 Bad Request", fault("ActionNotSupported", "Optional Action Not Implemented")),
        (
            "500 Internal Server Error",
            envelope(
                "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text>Method 'tds:GetNTP' not \
                 implemented: method name or namespace not recognized</s:Text></s:Reason></s:Fault>",
            ),
        ),
    ] {
        let camera = Double::start(move |asked: &Asked| match asked.operation.as_str() {
            "GetDNS" | "GetNTP" | "GetServices" => http(status, "", &missing),
            operation => ok(&reply(operation, 0)),
        })
        .await;
        let visit = visit_as_nobody(&camera).await;
        assert_eq!((&visit.reach, visit.errors.len()), (&Reach::Answered, 0), "{:?}", visit.errors);
        assert_eq!(visit.unsupported, ["GetDNS", "GetNTP"], "{status}");
        assert!(visit.information.is_some());
    }
}

/// A recorder as nobody, or for a user; what it records stands under a path of its own.
async fn recorder(guarded: bool) -> Double {
    Double::start(move |asked: &Asked| {
        let path = asked.head.split(' ').nth(1).unwrap_or_default();
        let body = match asked.operation.as_str() {
            "GetServices" => envelope(&format!(
                "<tds:GetServicesResponse><tds:Service><tds:Namespace>{RECORDING}</tds:Namespace>\
                 <tds:XAddr>http://192.0.2.1:9/onvif/recording</tds:XAddr></tds:Service></tds:GetServicesResponse>"
            )),
            "GetCapabilities" => envelope(
                "<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Extension><tt:DeviceIO><tt:VideoSources>8\
                 </tt:VideoSources></tt:DeviceIO></tt:Extension></tds:Capabilities></tds:GetCapabilitiesResponse>",
            ),
            "GetRecordings" if path == "/onvif/recording" => {
                let item = |id: u8| {
                    format!(
                        "<RecordingItem><Configuration><tt:Source><tt:SourceId>s{id}</tt:SourceId><tt:Name>Gate {id}\
                         </tt:Name><tt:Location>hall</tt:Location><tt:Address>rtsp://u:p@10.1.30.{id}/x</tt:Address>\
                         </tt:Source></Configuration></RecordingItem>"
                    )
                };
                envelope(&format!("<GetRecordingsResponse>{}{}</GetRecordingsResponse>", item(1), item(2)))
            }
            "GetRecordings" => return http("404 Not Found", "", ""),
            other => reply(other, 0),
        };
        let open = double::for_everybody(&asked.operation);
        if guarded && !open && !super::mechanism::digest_is_right(asked, "n") {
            return http("401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n", "");
        }
        ok(&body)
    })
    .await
}

fn tells_of_eight(visit: &CameraVisit) {
    assert_eq!((visit.channels, visit.errors.len()), (Some(8), 0), "{:?}", visit.errors);
    let behind = |number: u8| BehindCamera {
        name: DeviceText::new(&format!("Gate {number}")),
        location: "hall".into(),
        address: Some(IpAddr::from([10, 1, 30, number])),
    };
    assert_eq!(visit.behind, [behind(1), behind(2)]);
    assert!(!format!("{visit:?}").contains("u:p"), "a password in an address is not kept");
}

#[tokio::test]
async fn a_recorder_tells_how_many_channels_it_has_and_which_cameras() {
    let open = recorder(false).await;
    tells_of_eight(&visit_as_nobody(&open).await);
    let guarded = recorder(true).await;
    let seen = visit(&guarded, &[&credential("c", PASSWORD, "127.0.0.0/8")], &Ledger::default()).await;
    assert_eq!(seen.authentication, Authentication::Accepted { credential: "c".into() });
    tells_of_eight(&seen);
    let nobody = visit_as_nobody(&guarded).await;
    assert_eq!((nobody.channels, nobody.behind.len()), (Some(8), 0), "the number needs no password");
    assert_eq!(guarded.attempts(), 8, "what needs a user, each once; as nobody, none");
}

#[tokio::test]
async fn what_it_keeps_from_nobody_by_the_specification_is_asked_as_its_user_where_it_does() {
    let camera = Double::start(|asked: &Asked| {
        let open = asked.operation == "GetSystemDateAndTime";
        if !open && !super::mechanism::digest_is_right(asked, "n") {
            return http("401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n", "");
        }
        ok(&match asked.operation.as_str() {
            "GetCapabilities" => envelope(
                "<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Extension><tt:DeviceIO><tt:VideoSources>4\
                 </tt:VideoSources></tt:DeviceIO></tt:Extension></tds:Capabilities></tds:GetCapabilitiesResponse>",
            ),
            other => reply(other, 0),
        })
    })
    .await;
    let seen = double::visit_named(&camera, &[&credential("c", PASSWORD, "127.0.0.0/8")], &Ledger::default()).await;
    assert_eq!(seen.authentication, Authentication::Accepted { credential: "c".into() });
    assert_eq!((seen.channels, seen.hostname.as_ref().map(DeviceText::as_str)), (Some(4), Some("cam-1")));
    let nobody = double::visit_named(&camera, &[], &Ledger::default()).await;
    assert_eq!((nobody.channels, nobody.hostname), (None, None));
}

#[tokio::test]
async fn nothing_is_ever_asked_for_a_medium_or_an_event() {
    let recorder = recorder(true).await;
    visit(&recorder, &[&credential("c", PASSWORD, "127.0.0.0/8")], &Ledger::default()).await;
    let all = recorder.asked();
    assert_eq!(all.iter().filter(|asked| asked.is_page()).count(), 1, "one page is looked at, once");
    for asked in all.iter().filter(|asked| !asked.is_page()) {
        let reads = asked.operation.starts_with("Get");
        let media =
            ["Stream", "Snapshot", "Profile", "Replay", "Event"].iter().any(|word| asked.operation.contains(word));
        assert!(reads && !media, "{}", asked.operation);
        assert!(!asked.body.contains("PullPoint") && !asked.body.contains("media/wsdl"), "{}", asked.body);
    }
}
