//! Covered with the daemon: see `daemon.rs`. Here: the words on the wire.

use lenswarden::control::{Reply, Request};

#[test]
fn an_author_in_a_request_is_refused_and_unknown_words_too() {
    let decide = r#"{"ask":"decide","decisions":[{"on":{"finding":1,"revision":1},"decision":{"kind":"not-in-scope","reason":"x"}}]}"#;
    serde_json::from_str::<Request>(decide).unwrap();
    for forged in [
        decide.replace(r#""revision":1"#, r#""revision":1,"author":"root""#),
        decide.replace(r#""ask":"decide""#, r#""ask":"decide","author":{"uid":0}"#),
        decide.replace(r#""reason":"x""#, r#""reason":"x","author":"root""#),
        r#"{"ask":"shutdown"}"#.to_owned(),
    ] {
        assert!(serde_json::from_str::<Request>(&forged).is_err(), "{forged}");
    }
}

#[test]
fn replies_survive_the_wire() {
    let reply = Reply::Refused { why: "a reason is needed".into() };
    let line = serde_json::to_string(&reply).unwrap();
    assert!(!line.contains('\n'));
    assert_eq!(serde_json::from_str::<Reply>(&line).unwrap(), reply);
}

#[test]
fn the_unit_lets_the_kernel_name_the_author() {
    // Seen: behind PrivateUsers a peer of uid 1000 is uid 65534, so no decision has an author and nobody may decide.
    let unit = include_str!("../../systemd/lenswarden.service");
    assert!(!unit.lines().any(|line| line.trim_start().starts_with("PrivateUsers")), "{unit}");
    assert!(
        unit.lines().any(|line| line == "Type=notify") && unit.lines().any(|line| line.starts_with("WatchdogSec="))
    );
}
