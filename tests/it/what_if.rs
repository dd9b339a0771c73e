//! What a change would do, said before it does it, against what the daemon then does.

use std::collections::{BTreeMap, BTreeSet};

use lenswarden::net::FindingId;
use lenswarden::policy::{Policies, Severity};
use lenswarden::review::{Finding, FindingState};
use lenswarden::store::Reader;
use serde_json::Value;

use crate::house::House;

fn spoken(output: std::process::Output) -> (i32, String, String) {
    let text = |octets| String::from_utf8(octets).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn findings(house: &House) -> BTreeMap<FindingId, Finding> {
    Reader::open(&house.path("lenswarden.db")).unwrap().snapshot().unwrap().findings
}

/// What would become of findings: rule, device, turn and severity.
type Turns = BTreeSet<(String, u64, String, String)>;

fn said(answer: &Value) -> Turns {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = answer["findings"].as_array().unwrap().iter();
    all.map(|row| (text(&row["rule"]), row["device"].as_u64().unwrap(), text(&row["turn"]), text(&row["severity"])))
        .collect()
}

/// The same, by what is in the database before and after.
fn happened(before: &BTreeMap<FindingId, Finding>, after: &BTreeMap<FindingId, Finding>) -> Turns {
    let open = |finding: Option<&Finding>| finding.is_some_and(|finding| finding.state != FindingState::Closed);
    let mut turns = Turns::new();
    for (id, now) in after {
        let was = before.get(id);
        let turn = match (open(was), open(Some(now))) {
            (false, true) => "opens",
            (true, false) => "closes",
            (true, true) if was.is_some_and(|was| (was.severity, &was.text) != (now.severity, &now.text)) => "changes",
            _ => continue,
        };
        let severity = serde_json::to_value(now.severity).unwrap().as_str().unwrap().to_owned();
        turns.insert((now.rule.to_string(), now.subject.device().unwrap().0, turn.to_owned(), severity));
    }
    turns
}

fn ask(house: &House, arguments: &[&str]) -> Value {
    let (code, out, words) = spoken(house.run(&[&["policy", "what-if", "--json"], arguments].concat()));
    assert_eq!((code, words.as_str()), (0, ""), "{out}");
    serde_json::from_str(&out).unwrap()
}

fn round(house: &House) {
    let (code, _, words) = spoken(house.run(&["daemon", "--once"]));
    assert_eq!(code, 0, "{words}");
}

#[test]
fn what_is_said_of_a_pack_is_what_the_daemon_then_does() {
    let house = House::new("");
    round(&house);
    let before = findings(&house);
    assert_eq!(ask(&house, &[])["opens"], 0, "as it is, nothing would change");
    let own = Policies::shipped_text("uk-gsg-2022").unwrap().replace("site = \"standard\"\n", "");
    let own = own.replacen("severity = \"action\"", "severity = \"breach\"", 1);
    let rule = own.find("[[rule]]\nid = \"no-core-network\"").unwrap();
    let next = own.find("[[rule]]\nid = \"remove-sensitive\"").unwrap();
    let said_why = "[[loosens]]\nwhat = \"no-core-network\"\nwhy = \"tried out\"\nwho = \"J. Smith\"\n";
    let own = [&own[..rule], &own[next..], said_why].concat();
    std::fs::write(house.path("own.toml"), own).unwrap();
    let file = house.path("own.toml");
    let answer = ask(&house, &[file.to_str().unwrap(), "--add", "ca-2025"]);
    assert_eq!(answer["notes"], Value::Array(Vec::new()));
    let told = said(&answer);
    let count = |turn: &str| told.iter().filter(|(_, _, was, _)| was == turn).count() as u64;
    for (turn, key) in [("opens", "opens"), ("changes", "changes"), ("closes", "closes")] {
        assert!(count(turn) > 0 && answer[key] == count(turn), "{turn}: {answer}");
    }
    let grouped =
        |key: &str| answer["groups"].as_array().unwrap().iter().map(|row| row[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!((grouped("opens"), grouped("closes")), (count("opens"), count("closes")));
    assert_eq!(findings(&house), before, "nothing was changed by asking");

    let text = std::fs::read_to_string(house.path("config.toml")).unwrap();
    let packs = "[[policy]]\nfile = \"own.toml\"\n[[policy]]\npack = \"ca-2025\"\n";
    let changed = text.replace("[[policy]]\npack = \"uk-gsg-2022\"\n", packs);
    assert_ne!(changed, text);
    std::fs::write(house.path("config.toml"), changed).unwrap();
    round(&house);
    assert_eq!(told, happened(&before, &findings(&house)));
}

#[test]
fn what_is_said_of_sites_and_networks_is_what_the_daemon_then_does() {
    let house = House::new("");
    round(&house);
    let before = findings(&house);
    let text = std::fs::read_to_string(house.path("config.toml")).unwrap();
    let changed = text.replace("sensitivity = \"standard\"", "sensitivity = \"sensitive\"\nbasis = \"ministers\"");
    let changed = changed.replace("kind = \"surveillance\"", "kind = \"core\"");
    assert_ne!(changed, text);
    std::fs::write(house.path("config.toml"), changed).unwrap();
    let answer = ask(&house, &[]);
    assert!(answer["notes"][0].as_str().unwrap().contains("is not the configuration that the daemon took last"));
    let told = said(&answer);
    assert!(told.iter().any(|(rule, ..)| rule == "no-core-network"), "{answer}");
    assert!(told.iter().any(|(rule, _, turn, _)| rule == "review-other" && turn == "closes"), "{answer}");
    round(&house);
    assert_eq!(told, happened(&before, &findings(&house)));
    assert_eq!(said(&ask(&house, &[])), Turns::new());
}

#[test]
fn a_decision_that_would_fall_is_named_and_a_pack_judges_on_its_day() {
    let house = House::new("\n[decisions]\ntwo-persons = \"never\"\n");
    let daemon = house.daemon();
    house.until_a_round_is_over();
    let chosen = findings(&house)
        .into_values()
        .find(|finding| finding.severity == Severity::Action && finding.policy.as_str() == "uk-gsg-2022");
    let chosen = chosen.unwrap();
    let id = chosen.id.to_string();
    let decide = [
        "review",
        "decide",
        &id,
        "--accept-until",
        "+30d",
        "--reason",
        "the last one of its kind",
        "--control",
        "none",
    ];
    let (code, _, words) = spoken(house.run(&decide));
    assert_eq!(code, 0, "{words}");
    // The daemon runs; so it does when it is stopped.
    for stopped in [false, true] {
        let (code, out, words) =
            spoken(house.run(&["policy", "what-if", "--remove", "uk-gsg-2022", "--add", "us-889"]));
        assert_eq!(code, 0, "{words}");
        assert!(words.contains("; 1 decision would be void"), "stopped: {stopped}: {words}");
        assert!(words.contains("would refuse it: 'uk-gsg-2022', which is in force unless"), "{words}");
        assert!(words.contains("devices: ") && out.contains("us-889/covered-equipment"), "{words}{out}");
        assert!(out.contains("accept until "), "{out}");
        if !stopped {
            // Only the first time round.
            let (_, out, _) = spoken(house.run(&["policy", "what-if", "--remove", "uk-gsg-2022", "--csv"]));
            assert!(out.starts_with("WOULD,SEVERITY,RULE,MAC,MAKER,SITE,SWITCH,PORT,NETWORK,VOID,TEXT"), "{out}");
        }
    }
    daemon.stop();
    let later =
        Policies::shipped_text("us-889").unwrap().replace("in-force-from = 2019-08-13", "in-force-from = 2999-01-01");
    let later = later.replace("id = \"us-889\"", "id = \"ours\"");
    std::fs::write(house.path("later.toml"), later).unwrap();
    let file = house.path("later.toml");
    let (code, _, words) = spoken(house.run(&["policy", "what-if", file.to_str().unwrap()]));
    assert!(
        code == 0 && words.contains("pack ours judges nothing on ") && words.contains("0 findings would open"),
        "{words}"
    );
    let (_, _, words) = spoken(house.run(&["policy", "what-if", file.to_str().unwrap(), "--on", "2999-01-01"]));
    assert!(!words.contains("0 findings would open"), "{words}");
    let (code, _, words) = spoken(house.run(&["policy", "what-if", "--remove", "us-889"]));
    assert!(code == 2 && words.contains("'us-889' cannot be taken out: there are uk-gsg-2022"), "{words}");
}
