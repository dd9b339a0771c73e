//! One credential, one attempt: counted at the camera.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use lenswarden::collect::camera::Claim;
use lenswarden::net::DeviceText;
use lenswarden::observation::{Authentication, CameraVisit, MarkKind, Reach, WithheldReason};

use super::double::{
    self, Act, Asked, Double, Ledger, PASSWORD, credential, fault, http, ok, reply, visit_named as visit,
};
use super::mechanism::{digest_is_right, token_is_right};

const ANYWHERE: &str = "127.0.0.0/8";

fn challenge(parameters: &str, body: &str) -> Act {
    http("401 Unauthorized", &format!("WWW-Authenticate: {parameters}\r\n"), body)
}

/// Digest for all but what is for everybody; a new nonce for every challenge.
async fn digest_camera(more: &'static str) -> Double {
    let (count, current) = (AtomicU32::new(0), Mutex::new(String::new()));
    Double::start(move |asked: &Asked| {
        let nonce = current.lock().unwrap().clone();
        if double::for_everybody(&asked.operation) || digest_is_right(asked, &nonce) {
            current.lock().unwrap().clear();
            return ok(&reply(&asked.operation, 0));
        }
        let fresh = format!("nonce{}", count.fetch_add(1, Ordering::Relaxed));
        current.lock().unwrap().clone_from(&fresh);
        challenge(&format!("Digest realm=\"Login to 4C01\", nonce=\"{fresh}\"{more}"), "<!DOCTYPE html><html></html>")
    })
    .await
}

async fn token_camera(skew_s: i64, status: &'static str) -> Double {
    let seen = Mutex::new(Vec::new());
    Double::start(move |asked: &Asked| {
        if double::for_everybody(&asked.operation) || token_is_right(asked, &mut seen.lock().unwrap(), skew_s) {
            return ok(&reply(&asked.operation, skew_s));
        }
        http(status, "", &fault("NotAuthorized", "Sender not Authorized. You still have 4 attempt(s)."))
    })
    .await
}

fn whole(visit: &CameraVisit) {
    let information = visit.information.as_ref().expect("identified");
    assert_eq!(information.manufacturer.as_str(), "Double & Co");
    assert_eq!(visit.mac().map(|mac| mac.to_string()).as_deref(), Some("02:00:5e:10:00:01"));
    assert_eq!(visit.scopes[0].as_str(), "onvif://www.onvif.org/name/A B");
    assert_eq!(visit.hostname.as_ref().map(DeviceText::as_str), Some("cam-1"));
    assert_eq!((&visit.reach, visit.errors.as_slice()), (&Reach::Answered, &[][..]));
}

#[tokio::test]
async fn digest_of_every_kind_is_answered() {
    let kinds = [
        "",
        ", qop=\"auth\"",
        ", qop=\"auth,auth-int\", algorithm=MD5",
        ", algorithm=\"SHA-256\", qop=auth, opaque=\"o\"",
        ", algorithm=MD5-sess, qop=\"auth\"",
    ];
    for kind in kinds {
        let camera = digest_camera(kind).await;
        let ledger = Ledger::default();
        let visit = visit(&camera, &[&credential("c", PASSWORD, ANYWHERE)], &ledger).await;
        assert_eq!(visit.authentication, Authentication::Accepted { credential: "c".into() }, "{kind}");
        whole(&visit);
        // What needs a user: each once, each to a fresh challenge.
        assert_eq!(camera.attempts(), 7, "{kind}");
        assert_eq!(*ledger.outcomes.lock().unwrap(), [Ok(())], "{kind}");
        let named =
            camera.asked().iter().any(|asked| asked.header("authorization").is_some_and(|v| v.contains("algorithm")));
        assert_eq!(named, kind.contains("algorithm"), "only what the challenge named is echoed");
        let realm = visit.marks.iter().find(|mark| mark.kind == MarkKind::Realm).unwrap();
        assert_eq!(realm.text.as_str(), "Login to 4C01");
    }
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_over_two_visits_with_digest() {
    let camera = digest_camera(", qop=\"auth\"").await;
    let (ledger, wrong) = (Ledger::default(), credential("c", "wrong", ANYWHERE));
    let first = visit(&camera, &[&wrong], &ledger).await;
    assert!(matches!(first.authentication, Authentication::Refused { .. }), "{:?}", first.authentication);
    assert_eq!(camera.attempts(), 1);
    let second = visit(&camera, &[&wrong], &ledger).await;
    let withheld =
        matches!(second.authentication, Authentication::Withheld { reason: WithheldReason::RefusedBefore { .. } });
    assert!(withheld, "{:?}", second.authentication);
    assert_eq!(camera.attempts(), 1);
    assert_eq!(second.hostname.as_ref().map(DeviceText::as_str), Some("cam-1"), "what everybody may ask still is");
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_over_two_visits_with_tokens_whatever_the_status() {
    for status in ["200 OK", "400 Bad Request", "401 Unauthorized", "403 Forbidden", "500 Internal Server Error"] {
        let camera = token_camera(0, status).await;
        let (ledger, wrong) = (Ledger::default(), credential("c", "wrong", ANYWHERE));
        let first = visit(&camera, &[&wrong], &ledger).await;
        let Authentication::Refused { text, .. } = &first.authentication else {
            panic!("{status}: {:?}", first.authentication)
        };
        assert!(text.as_str().contains("4 attempt(s)"), "the camera's words are kept: {text}");
        visit(&camera, &[&wrong], &ledger).await;
        assert_eq!((camera.attempts(), ledger.outcomes.lock().unwrap().len()), (1, 1), "{status}");
    }
}

#[tokio::test]
async fn a_camera_whose_clock_is_three_hours_off_takes_the_token() {
    for skew in [-3 * 3600, 3 * 3600, -20 * 365 * 86_400] {
        let camera = token_camera(skew, "400 Bad Request").await;
        let visit = visit(&camera, &[&credential("c", PASSWORD, ANYWHERE)], &Ledger::default()).await;
        assert_eq!(visit.authentication, Authentication::Accepted { credential: "c".into() });
        whole(&visit);
        let measured = visit.clock_offset_ms.unwrap();
        assert!((measured - skew * 1000).abs() < 3_000, "{measured} for {skew}");
    }
}

#[tokio::test]
async fn a_credential_goes_only_where_it_may_and_only_the_first_that_may() {
    let camera = digest_camera("").await;
    let elsewhere = credential("elsewhere", PASSWORD, "10.0.0.0/8");
    let ledger = Ledger::default();
    let one = visit(&camera, &[&elsewhere], &ledger).await;
    let reason = WithheldReason::NotAllowed { credential: "elsewhere".into() };
    assert_eq!(one.authentication, Authentication::Withheld { reason });
    assert_eq!((camera.attempts(), *ledger.claims.lock().unwrap()), (0, 0));
    let (wrong, right) = (credential("wrong", "wrong", ANYWHERE), credential("right", PASSWORD, ANYWHERE));
    let two = visit(&camera, &[&elsewhere, &wrong, &right], &ledger).await;
    assert!(
        matches!(&two.authentication, Authentication::Refused { credential, .. } if credential.as_str() == "wrong")
    );
    assert_eq!(camera.attempts(), 1, "a second credential is never tried");
    let none = visit(&camera, &[], &ledger).await;
    assert_eq!(none.authentication, Authentication::Withheld { reason: WithheldReason::NoneConfigured });
}

#[tokio::test]
async fn what_the_ledger_forbids_is_not_sent() {
    let id = || "c".into();
    for (answer, reason) in [
        (Claim::Stopped, WithheldReason::Stopped { credential: id() }),
        (Claim::Interrupted, WithheldReason::Interrupted { credential: id() }),
        (Claim::Busy, WithheldReason::Busy { credential: id() }),
    ] {
        let camera = token_camera(0, "400 Bad Request").await;
        let ledger = Ledger { answer: Some(answer), ..Ledger::default() };
        let visit = visit(&camera, &[&credential("c", PASSWORD, ANYWHERE)], &ledger).await;
        assert_eq!(visit.authentication, Authentication::Withheld { reason });
        assert_eq!((camera.attempts(), ledger.outcomes.lock().unwrap().len()), (0, 0));
    }
}

#[tokio::test]
async fn a_password_is_never_shown_to_a_camera_that_offers_only_basic() {
    let camera = Double::start(|asked: &Asked| match double::for_everybody(&asked.operation) {
        true => ok(&reply(&asked.operation, 0)),
        false => challenge("Basic realm=\"TP-LINK IP-Camera\"", ""),
    })
    .await;
    let ledger = Ledger::default();
    let visit = visit(&camera, &[&credential("c", PASSWORD, ANYWHERE)], &ledger).await;
    let reason = WithheldReason::Unsafe { offered: "basic".into() };
    assert_eq!(visit.authentication, Authentication::Withheld { reason });
    assert_eq!((camera.attempts(), *ledger.claims.lock().unwrap()), (0, 0));
}

#[tokio::test]
async fn a_stale_nonce_allows_one_more_and_no_third() {
    let count = AtomicU32::new(0);
    let always_stale = Double::start(move |asked: &Asked| {
        if double::for_everybody(&asked.operation) {
            return ok(&reply(&asked.operation, 0));
        }
        let stale = if asked.credentialed() { ", stale=TRUE" } else { "" };
        let nonce = count.fetch_add(1, Ordering::Relaxed);
        challenge(&format!("digest realm=\"r\", nonce=\"n{nonce}\"{stale}"), "")
    })
    .await;
    let ledger = Ledger::default();
    let visit = visit(&always_stale, &[&credential("c", PASSWORD, ANYWHERE)], &ledger).await;
    assert!(matches!(visit.authentication, Authentication::Refused { .. }), "{:?}", visit.authentication);
    assert_eq!(always_stale.attempts(), 2);
    assert!(matches!(ledger.outcomes.lock().unwrap().as_slice(), [Err(_)]));
}

#[tokio::test]
async fn silence_after_a_credential_is_no_refusal_and_is_not_repeated() {
    let rude: [fn() -> Act; 3] = [|| Act::Hang, || Act::SendAndClose(Vec::new()), || ok("<html>busy</html>")];
    for act in rude {
        let camera = Double::start(move |asked: &Asked| {
            if double::for_everybody(&asked.operation) {
                ok(&reply(&asked.operation, 0))
            } else if asked.credentialed() {
                act()
            } else {
                http("400 Bad Request", "", &fault("NotAuthorized", "who are you"))
            }
        })
        .await;
        let ledger = Ledger::default();
        let visit = visit(&camera, &[&credential("c", PASSWORD, ANYWHERE)], &ledger).await;
        assert_eq!(visit.authentication, Authentication::NotAsked);
        assert_eq!(camera.attempts(), 1);
        assert!(ledger.outcomes.lock().unwrap().is_empty());
        assert!(visit.errors.iter().any(|error| error.message.contains("not known")), "{:?}", visit.errors);
    }
}

/// A camera that says this to everybody who gives no right password.
async fn saying(words: &'static str) -> Double {
    let seen = Mutex::new(Vec::new());
    Double::start(move |asked: &Asked| {
        if double::for_everybody(&asked.operation) || token_is_right(asked, &mut seen.lock().unwrap(), 0) {
            return ok(&reply(&asked.operation, 0));
        }
        http("400 Bad Request", "", &fault("NotAuthorized", words))
    })
    .await
}

#[tokio::test]
async fn a_camera_near_its_lock_out_is_not_sent_a_password() {
    for (words, attempts_left) in [
        ("Invalid username or password! You still have 2 attempt(s).", 2),
        ("Invalid username or password! You still have 1 attempt(s).", 1),
        ("Sender not Authorized. The account has been locked.", 0),
    ] {
        let camera = saying(words).await;
        let ledger = Ledger::default();
        let visit = visit(&camera, &[&credential("c", PASSWORD, ANYWHERE)], &ledger).await;
        let reason = WithheldReason::NearLockout { credential: "c".into(), attempts_left };
        assert_eq!(visit.authentication, Authentication::Withheld { reason }, "{words}");
        assert_eq!((camera.attempts(), *ledger.claims.lock().unwrap()), (0, 0), "{words}");
    }
    let camera = saying("Invalid username or password! You still have 3 attempt(s).").await;
    let taken = visit(&camera, &[&credential("c", PASSWORD, ANYWHERE)], &Ledger::default()).await;
    assert_eq!(taken.authentication, Authentication::Accepted { credential: "c".into() });
}

#[tokio::test]
async fn a_401_because_too_many_are_connected_is_no_refusal() {
    let full = "<html><body>Exceeded maximum number of connections</body></html>";
    for status in ["401 Unauthorized", "403 Forbidden", "503 Service Unavailable"] {
        // Full when the password comes: an attempt without an outcome, and no second one on this visit.
        let camera = Double::start(move |asked: &Asked| match (asked.credentialed(), asked.operation.as_str()) {
            (true, _) => http(status, "", full),
            (_, open) if double::for_everybody(open) => ok(&reply(open, 0)),
            _ => challenge("Digest realm=\"Login to 4C01\", nonce=\"n\", qop=\"auth\"", ""),
        })
        .await;
        let ledger = Ledger::default();
        let seen = visit(&camera, &[&credential("c", PASSWORD, ANYWHERE)], &ledger).await;
        assert_eq!(seen.authentication, Authentication::NotAsked, "{status}");
        assert_eq!((camera.attempts(), ledger.outcomes.lock().unwrap().len()), (1, 0), "{status}");
        assert!(seen.errors.iter().any(|error| error.message.contains("too many are connected")), "{:?}", seen.errors);
    }
    // Full before: no password is sent at all.
    let camera = Double::start(move |asked: &Asked| match asked.operation.as_str() {
        open if double::for_everybody(open) => ok(&reply(open, 0)),
        _ => challenge("Digest realm=\"Login to 4C01\", nonce=\"n\"", full),
    })
    .await;
    let ledger = Ledger::default();
    visit(&camera, &[&credential("c", PASSWORD, ANYWHERE)], &ledger).await;
    assert_eq!((camera.attempts(), *ledger.claims.lock().unwrap()), (0, 0));
}

#[tokio::test]
async fn what_everybody_may_ask_never_carries_a_credential() {
    let digest = digest_camera(", qop=\"auth\"").await;
    let token = token_camera(3 * 3600, "400 Bad Request").await;
    for camera in [&digest, &token] {
        let seen = visit(camera, &[&credential("c", PASSWORD, ANYWHERE)], &Ledger::default()).await;
        assert_eq!(seen.authentication, Authentication::Accepted { credential: "c".into() });
        let open: Vec<Asked> =
            camera.asked().into_iter().filter(|asked| double::for_everybody(&asked.operation)).collect();
        assert!(open.len() >= 4 && open.iter().all(|asked| !asked.credentialed()), "{open:?}");
        // Nor both proofs at once.
        let both = |asked: &Asked| asked.header("authorization").is_some() && asked.body.contains("UsernameToken");
        assert!(!camera.asked().iter().any(both));
    }
}

#[tokio::test]
async fn a_user_who_may_not_ask_everything_is_not_pressed() {
    let camera = Double::start(|asked: &Asked| {
        let open = double::for_everybody(&asked.operation);
        match asked.operation.as_str() {
            _ if open => ok(&reply(&asked.operation, 0)),
            "GetDeviceInformation" if asked.credentialed() => ok(&reply(&asked.operation, 0)),
            _ => http("400 Bad Request", "", &fault("NotAuthorized", "not for you")),
        }
    })
    .await;
    let ledger = Ledger::default();
    let visit = visit(&camera, &[&credential("c", PASSWORD, ANYWHERE)], &ledger).await;
    assert_eq!(visit.authentication, Authentication::Accepted { credential: "c".into() });
    assert!(visit.information.is_some() && visit.interfaces.is_empty());
    assert_eq!(camera.attempts(), 2, "the first refusal ends it");
    assert_eq!(*ledger.outcomes.lock().unwrap(), [Ok(())]);
}

#[tokio::test]
async fn a_camera_that_tells_everybody_is_never_sent_a_credential() {
    let camera = Double::start(|asked: &Asked| ok(&reply(&asked.operation, 0))).await;
    let visit = visit(&camera, &[&credential("c", PASSWORD, ANYWHERE)], &Ledger::default()).await;
    assert_eq!(visit.authentication, Authentication::NotNeeded);
    whole(&visit);
    assert_eq!(camera.attempts(), 0);
    let expected = [
        "GetSystemDateAndTime",
        "GetServices",
        "GetCapabilities",
        "GetHostname",
        "GetDeviceInformation",
        "GetNetworkInterfaces",
        "GetScopes",
        "GetDNS",
        "GetNTP",
        "GetNetworkDefaultGateway",
        "GetNetworkProtocols",
    ];
    assert_eq!(camera.operations(), expected);
    for asked in camera.asked().iter().filter(|asked| !asked.is_page()) {
        let action = format!("action=\"http://www.onvif.org/ver10/device/wsdl/{}\"", asked.operation);
        assert!(asked.header("content-type").unwrap().ends_with(&action), "{}", asked.head);
        assert!(asked.header("transfer-encoding").is_none() && asked.header("content-length").is_some());
    }
    let server = visit.marks.iter().find(|mark| mark.kind == MarkKind::HttpServer).unwrap();
    assert_eq!(server.text.as_str(), "Double-Webs");
    assert!(visit.marks.iter().any(|mark| mark.text.as_str() == "http://www.maker.example/ext"));
}
