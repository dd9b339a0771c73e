//! Webhooks and commands: receivers that the test starts, well and ill behaved; and none lost through kills.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};

use super::hook::{Hook, Mode};
use super::untold;
use crate::house::{House, PATIENCE};

fn webhook(hook: &Hook) -> String {
    format!(
        "\n[[alert]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"http://{}/in/token-of-ours?x=1\"\nsecurity = \"none\"\n\
         secret = \"a secret\"\ntimeout = \"1s\"\nwhen = [\"breach\", \"action\", \"review\", \"info\"]\n",
        hook.address
    )
}

/// Runs `alert test`: exit status, standard output, standard error.
fn trial(house: &House, name: &str) -> (Option<i32>, String, String) {
    let sent = house.run(&["alert", "test", name]);
    (sent.status.code(), String::from_utf8(sent.stdout).unwrap(), String::from_utf8(sent.stderr).unwrap())
}

#[test]
fn a_webhook_is_signed_goes_where_it_was_sent_and_is_taken_only_where_that_is_said() {
    let (hook, elsewhere) = (Hook::new(), Hook::new());
    let house = House::new(&webhook(&hook));
    let (code, out, words) = trial(&house, "hook");
    assert_eq!(code, Some(0), "{words}");
    // The path may be as good as a password.
    assert!(words.contains(&format!("sent to webhook http://{}\n", hook.address)), "{words}");
    let request = &hook.requests()[0];
    assert_eq!(request.head[0], "POST /in/token-of-ours?x=1 HTTP/1.1");
    assert_eq!(request.header("host"), Some(hook.address.to_string().as_str()));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let body = request.json();
    assert_eq!(body["id"].as_str(), request.header("idempotency-key"));
    let expected = [("version", "1"), ("alert", "\"hook\""), ("kind", "\"test\""), ("severity", "\"info\"")];
    for (key, value) in expected {
        assert_eq!(body[key].to_string(), value, "{body}");
    }
    assert_eq!((body["text"].as_str(), body["findings"].to_string().as_str()), (Some(out.trim_end()), "[]"));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"a secret").unwrap();
    mac.update(request.header("lenswarden-timestamp").unwrap().as_bytes());
    mac.update(b".");
    mac.update(&request.body);
    let signature: String = mac.finalize().into_bytes().iter().map(|octet| format!("{octet:02x}")).collect();
    assert_eq!(request.header("lenswarden-signature"), Some(format!("v1={signature}").as_str()));

    for (mode, parts) in [
        (Mode::Fail, ["was not sent", "it answered 503 Service Unavailable: busy"]),
        (Mode::Redirect(format!("http://{}/", elsewhere.address)), ["307", "redirections are not followed"]),
        (Mode::Hang, ["was not sent", "no end after 1s"]),
        (Mode::Endless, ["was not sent", "it answered 500 Internal Server Error: xxx"]),
    ] {
        hook.set(mode.clone());
        let begun = Instant::now();
        let (code, out, words) = trial(&house, "hook");
        assert_eq!((code, out.as_str()), (Some(2), ""), "{mode:?}: {words}");
        assert!(parts.iter().all(|part| words.contains(part)) && words.len() < 1000, "{mode:?}: {words}");
        assert!(begun.elapsed() < PATIENCE, "{mode:?}");
    }
    assert!(elsewhere.requests().is_empty());
}

/// Bodies that were taken, by their ids: the same id is the same message.
fn taken(hook: &Hook) -> BTreeMap<String, String> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for request in hook.requests() {
        let body = request.json();
        let (id, text) = (body["id"].as_str().unwrap().to_owned(), body["text"].as_str().unwrap().to_owned());
        assert_eq!(request.header("idempotency-key"), Some(id.as_str()));
        if request.taken {
            let before = texts.insert(id, text.clone());
            assert!(before.is_none_or(|before| before == text), "one id, two messages");
        }
    }
    texts
}

/// Ends the stepping thread, however the test ends.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn through_failures_and_twenty_kills_every_alert_arrives() {
    let hook = Hook::new();
    let house = House::new(&webhook(&hook));
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stop = Stop(&over);
        // The estate changes all the time, so that alerts are posted all the time.
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                house.lab.step();
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        for kill in 0..20u64 {
            hook.set([Mode::Take, Mode::Fail, Mode::Take, Mode::Hang][usize::try_from(kill % 4).unwrap()].clone());
            let asked = hook.requests().len();
            let before = house.look().map_or(0, |snapshot| snapshot.seq);
            let mut daemon = house.daemon();
            house.until("it writes", |snapshot| snapshot.seq > before && !snapshot.daemon.absent);
            // While it sends: what it had just sent, and what it was about to.
            let begun = Instant::now();
            while hook.requests().len() == asked && begun.elapsed() < Duration::from_secs(2) {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_micros(kill * 104_729 % 50_000));
            daemon.kill();
        }
    });
    hook.set(Mode::Take);
    let daemon = house.daemon();
    house.until_a_round_is_over();
    let begun = Instant::now();
    loop {
        let snapshot = house.look().unwrap();
        let carrier = &snapshot.carriers["hook"];
        let texts: Vec<String> = taken(&hook).into_values().map(|text| format!("{text} ")).collect();
        if carrier.waiting == 0 && carrier.why.is_empty() && untold(&snapshot, &texts) == 0 {
            assert_eq!(carrier.lost, 0);
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{carrier:?}, untold {}", untold(&snapshot, &texts));
        std::thread::sleep(Duration::from_millis(20));
    }
    let requests = hook.requests();
    let finding =
        requests.iter().map(super::hook::Request::json).find(|body| body["findings"][0]["device"]["mac"].is_string());
    let finding = finding.unwrap()["findings"][0].clone();
    for key in ["id", "policy", "rule", "severity", "state", "since", "text", "device", "place", "previous", "contain"]
    {
        assert!(finding.get(key).is_some(), "{key}: {finding}");
    }
    daemon.stop();
}

fn script(house: &House, name: &str, text: &str) -> String {
    let path = house.path(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_command_reads_the_alert_and_what_hangs_fails_or_forks_is_ended_with_all_it_started() {
    let house = House::new("");
    let file = |name: &str| house.path(name).to_str().unwrap().to_owned();
    let commands = [
        ("takes", format!("cat > {}; env > {}", file("alert.json"), file("environment"))),
        ("reads-nothing", "exit 0".to_owned()),
        ("fails", "echo 'pager is \x1b[31mdown' >&2; exit 7".to_owned()),
        ("hangs", "sleep 1000".to_owned()),
        ("forks", format!("sleep 1000 & echo $! > {}; exit 0", file("child"))),
        ("talks", "yes >&2".to_owned()),
    ];
    let mut configuration = house.lab.configuration();
    for (name, text) in &commands {
        let path = script(&house, name, text);
        configuration.push_str(&format!(
            "\n[[alert]]\nname = {name:?}\nkind = \"command\"\ncommand = [{path:?}, \"$HOME; `id`\"]\ntimeout = \"2s\"\n"
        ));
    }
    configuration.push_str("\n[[alert]]\nname = \"gone\"\nkind = \"command\"\ncommand = [\"/nonexistent/page\"]\n");
    house.configure("config.toml", &configuration);
    let (code, out, words) = trial(&house, "takes");
    assert_eq!(code, Some(0), "{words}");
    let body: serde_json::Value = serde_json::from_slice(&std::fs::read(file("alert.json")).unwrap()).unwrap();
    assert_eq!((body["version"].as_u64(), body["text"].as_str()), (Some(1), Some(out.trim_end())));
    let environment = std::fs::read_to_string(file("environment")).unwrap();
    let names: Vec<&str> = environment.lines().filter_map(|line| line.split('=').next()).collect();
    assert!(names.iter().all(|name| ["PATH", "PWD", "SHLVL", "_", "OLDPWD"].contains(name)), "{environment}");
    assert_eq!(trial(&house, "reads-nothing").0, Some(0));
    for (name, part) in [
        ("fails", "it ended with exit status: 7: pager is "),
        ("hangs", "no end after 2s"),
        ("talks", "no end after 2s"),
        ("gone", "No such file"),
    ] {
        let (code, _, words) = trial(&house, name);
        assert!(code == Some(2) && words.contains(part) && !words.contains('\x1b'), "{name}: {words}");
        assert!(words.len() < 1500, "{name}: {} octets", words.len());
    }
    let begun = Instant::now();
    assert_eq!(trial(&house, "forks").0, Some(0));
    assert!(begun.elapsed() < PATIENCE);
    let child = std::fs::read_to_string(file("child")).unwrap().trim().parse().unwrap();
    let begun = Instant::now();
    // Gone, or dead and not yet waited for by whoever adopted it.
    let alive =
        |child: i32| std::fs::read_to_string(format!("/proc/{child}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    while alive(child) {
        assert!(begun.elapsed() < PATIENCE, "what it started lives on");
        std::thread::sleep(Duration::from_millis(5));
    }
}
