//! The control socket and what is decided over it: clients that do as they should not, many at once, a daemon that is
//! killed meanwhile. What was acknowledged stands; what was refused changed nothing.

mod people;
mod stopping;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::time::Duration;

use lenswarden::control::client::Client;
use lenswarden::control::{MAX_LINE, Reply, Request};
use lenswarden::net::FindingId;
use lenswarden::review::{DecisionKind, DecisionRequest, FindingState, Matter, Role};
use lenswarden::store::{ChangeKind, Reader};

use crate::house::House;

/// One connection, by hand.
struct Line(BufReader<UnixStream>);

impl Line {
    fn open(house: &House) -> Self {
        let stream = UnixStream::connect(house.path("control.sock")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self(BufReader::new(stream))
    }

    fn hello(house: &House) -> Self {
        let mut line = Self::open(house);
        assert!(matches!(line.ask(r#"{"ask":"hello","version":2}"#), Some(Reply::Hello { .. })));
        line
    }

    /// Sends a line; `None`: the daemon closed.
    fn ask(&mut self, text: &str) -> Option<Reply> {
        let _ = self.0.get_mut().write_all(format!("{text}\n").as_bytes());
        let mut answer = String::new();
        self.0.read_line(&mut answer).ok().filter(|length| *length > 0)?;
        Some(serde_json::from_str(&answer).unwrap())
    }

    fn refusal(&mut self, text: &str) -> String {
        match self.ask(text) {
            Some(Reply::Refused { why }) => why,
            other => panic!("{text}: {other:?}"),
        }
    }
}

fn note(finding: FindingId, text: String) -> Request {
    let on = Matter::Finding { finding, revision: 0 };
    Request::Decide { decisions: vec![DecisionRequest { on, decision: DecisionKind::Note { text, attachment: None } }] }
}

/// The texts of all notes in the log.
fn notes(house: &House) -> BTreeSet<String> {
    let changes = Reader::open(&house.path("lenswarden.db")).unwrap().changes(0, 10_000_000).unwrap();
    let decisions = changes.into_iter().filter(|change| change.kind == ChangeKind::Decision);
    let decisions = decisions.filter_map(|change| serde_json::from_str(&change.body?).ok());
    let text = |decision: lenswarden::review::Decision| match decision.kind {
        DecisionKind::Note { text, .. } => Some(text),
        _ => None,
    };
    decisions.filter_map(text).collect()
}

fn first_finding(house: &House) -> FindingId {
    let open = |snapshot: &lenswarden::snapshot::Snapshot| {
        snapshot.findings.values().find(|finding| finding.state == FindingState::Open).map(|finding| finding.id)
    };
    open(&house.until("a finding", |snapshot| open(snapshot).is_some())).unwrap()
}

#[test]
fn clients_that_do_as_they_should_not_hurt_nobody() {
    let house = House::new("");
    let _daemon = house.daemon();
    let finding = first_finding(&house);
    assert!(Line::open(&house).refusal(r#"{"ask":"status"}"#).contains("say hello first"));
    assert!(Line::open(&house).refusal(r#"{"ask":"hello","version":1}"#).contains("speaks version 2, you speak 1"));
    let mut line = Line::hello(&house);
    let on = format!(r#""on":{{"finding":{finding},"revision":1}}"#);
    for (forged, why) in [
        (r#"{"ask":"decide","author":"root","decisions":[]}"#.to_owned(), "unknown field `author`"),
        (
            format!(
                r#"{{"ask":"decide","decisions":[{{{on},"author":{{"uid":0}},"decision":{{"kind":"approve"}}}}]}}"#
            ),
            "unknown field `author`",
        ),
        (
            format!(r#"{{"ask":"decide","decisions":[{{{on},"decision":{{"kind":"approve","approver":"root"}}}}]}}"#),
            "unknown field `approver`",
        ),
        (
            format!(
                r#"{{"ask":"decide","decisions":[{{"on":{{"finding":{finding},"revision":1,"uid":0}},"decision":{{"kind":"approve"}}}}]}}"#
            ),
            "did not match any variant",
        ),
        ("\u{1b}[2J nonsense".to_owned(), "that is no request"),
        (r#"{"ask":"decide","decisions":[{"on":{},"decision":{"kind":"approve"}}]}"#.to_owned(), "did not match"),
    ] {
        let refused = line.refusal(&forged);
        assert!(refused.contains(why) && !refused.contains('\u{1b}'), "{forged}: {refused}");
    }
    // Too much, and half of a line: each ends its own connection.
    let mut long = Line::hello(&house);
    assert!(long.refusal(&"x".repeat(MAX_LINE + 1)).contains("at most"));
    assert_eq!(long.ask(r#"{"ask":"status"}"#), None);
    let mut half = Line::hello(&house);
    half.0.get_mut().write_all(br#"{"ask":"decide","decisions":["#).unwrap();
    half.0.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = String::new();
    half.0.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("ends with a line feed"), "{rest}");
    assert_eq!(notes(&house), BTreeSet::new(), "none of it changed anything");
    assert!(matches!(line.ask(r#"{"ask":"status"}"#), Some(Reply::Status { .. })), "and the others are served");
}

#[test]
fn a_thousand_clients_at_once_are_served_or_told_to_wait() {
    let house = House::new("");
    let _daemon = house.daemon();
    let finding = first_finding(&house);
    let served = Mutex::new(BTreeSet::new());
    let turned_away = Mutex::new(0);
    std::thread::scope(|scope| {
        for client in 0..1000 {
            let (house, served, turned_away) = (&house, &served, &turned_away);
            let builder = std::thread::Builder::new().stack_size(256 << 10);
            let run = move || {
                let decided = Client::connect(&house.path("control.sock"))
                    .and_then(|mut client_| client_.ask(&note(finding, format!("client {client}"))));
                match decided {
                    Ok(Reply::Decided { .. }) => {
                        served.lock().unwrap().insert(format!("client {client}"));
                    }
                    _ => *turned_away.lock().unwrap() += 1,
                }
            };
            builder.spawn_scoped(scope, run).unwrap();
        }
    });
    let (served, turned_away) = (served.into_inner().unwrap(), turned_away.into_inner().unwrap());
    assert_eq!(served.len() + turned_away, 1000);
    assert!(served.len() > 100, "{turned_away} were turned away");
    let written = notes(&house);
    assert!(served.is_subset(&written), "{:?}", served.difference(&written).collect::<Vec<_>>());
    let mut after = Client::connect(&house.path("control.sock")).unwrap();
    assert_eq!(after.role(), Role::Administrator);
    assert!(after.ask(&note(finding, "afterwards".into())).is_ok());
}
