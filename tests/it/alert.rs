//! From a finding to a datagram: the real daemon over the lab, and receivers that are there, not there, and there later.

use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use lenswarden::report::tables::headline;
use lenswarden::review::FindingState;
use lenswarden::snapshot::Snapshot;

mod carriers;
mod hook;
mod operation;
mod receivers;

use crate::house::{House, PATIENCE};

fn soc(address: &str) -> String {
    format!(
        "\n[[alert]]\nname = \"soc\"\nkind = \"syslog\"\naddress = {address:?}\n\
         when = [\"breach\", \"action\", \"review\", \"info\"]\n"
    )
}

/// How many findings a summary tells of.
fn summarised(message: &str) -> usize {
    let count = message.split(" summary findings=").nth(1);
    count.map_or(0, |rest| rest.split_whitespace().next().unwrap().parse().unwrap())
}

/// Open findings that neither a line of their own nor a summary tells of.
fn untold(snapshot: &Snapshot, messages: &[String]) -> usize {
    let number = |message: &String| message.split(" finding=").nth(1)?.split(' ').next()?.parse::<u64>().ok();
    let numbers: Vec<u64> = messages.iter().filter_map(number).collect();
    let summarised: usize = messages.iter().map(|message| summarised(message)).sum();
    let open = snapshot.findings.values().filter(|finding| finding.state == FindingState::Open);
    open.filter(|finding| !numbers.contains(&finding.id.0)).count().saturating_sub(summarised)
}

struct Receiver(UdpSocket);

impl Receiver {
    fn new() -> (Self, String) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let address = socket.local_addr().unwrap().to_string();
        (Self(socket), address)
    }

    fn next(&self) -> Option<String> {
        let mut buffer = [0; 4096];
        let length = self.0.recv(&mut buffer).ok()?;
        Some(String::from_utf8(buffer[..length].to_vec()).unwrap())
    }

    fn until(&self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            if let Some(message) = self.next().filter(|message| is_it(message)) {
                return message;
            }
            assert!(begun.elapsed() < PATIENCE, "never: {what}");
        }
    }
}

#[test]
fn what_is_plugged_into_a_core_port_arrives_at_the_receiver() {
    let (receiver, address) = Receiver::new();
    let house = House::new(&soc(&address));
    let once = house.run(&["daemon", "--once"]);
    assert_eq!(once.status.code(), Some(0), "{}", String::from_utf8_lossy(&once.stderr));
    // A single round sends what it caused before it ends.
    let first: Vec<String> = std::iter::from_fn(|| receiver.next()).collect();
    let before = house.look().unwrap();
    assert!(before.findings.len() > 5);
    assert_eq!(untold(&before, &first), 0, "{first:#?}");
    // Breaches that the estate really has are told as breaches, by rule, address and port.
    for (_, rule, mac) in house.lab.truth().findings.iter().filter(|(_, rule, _)| rule == "no-core-network") {
        let device = &house.lab.truth().devices[mac];
        let said = [format!("breach {rule} finding="), format!("mac={mac} "), format!("port={} ", device.port)];
        let is_it = |message: &&String| said.iter().all(|part| message.contains(part));
        assert!(
            first.iter().any(|message| is_it(&message)) || first.iter().any(|message| summarised(message) > 0),
            "{said:?}: {first:#?}"
        );
    }
    assert_eq!(before.carriers["soc"].waiting, 0);

    let daemon = house.daemon();
    house.until_a_round_is_over();
    let known = house.lab.truth();
    house.lab.step();
    let truth = house.lab.truth();
    let (mac, device) = truth.devices.iter().find(|(mac, _)| !known.devices.contains_key(mac)).unwrap();
    // The core sees it first, somewhere beyond an uplink; when its own switch was asked, a second message has the port.
    let message = receiver.until("the new camera on its port", |message| {
        message.contains(&format!("mac={mac}"))
            && message.contains(" no-core-network finding=")
            && message.contains("place=direct")
    });
    let (header, text) = message.split_once("] ").unwrap();
    let words: Vec<&str> = header.split(' ').collect();
    assert!(["<129>1", "<131>1", "<132>1"].contains(&words[0]), "{message}");
    words[1].parse::<jiff::Timestamp>().unwrap();
    assert_eq!((words[3], words[5], words[6]), ("lenswarden", "no-core-network", "[origin"), "{message}");
    assert_eq!(words[4], daemon.id().to_string());
    for part in [
        format!("site={}", device.site),
        format!("switch={}", device.switch),
        format!("port={}", device.port),
        format!("vlan={}", device.vlan),
        "maker=Hikvision".to_owned(),
    ] {
        assert!(text.contains(&format!(" {part} ")), "{part} in {text}");
    }
    let log = daemon.stop();
    assert!(!log.contains("alerts wait"), "{log}");
}

#[test]
fn while_nobody_listens_alerts_wait_and_show_and_none_is_lost_by_kill_9() {
    let house = House::new("");
    let path = house.path("log");
    house.configure("config.toml", &(house.lab.configuration() + &soc(path.to_str().unwrap())));
    let mut daemon = house.daemon();
    house.until_a_round_is_over();
    let failing = house.until("the carrier fails", |snapshot| {
        let carrier = &snapshot.carriers["soc"];
        carrier.waiting > 0 && !carrier.why.is_empty()
    });
    assert!(headline(&failing).contains("ALERTS OF soc NOT SENT since"), "{}", headline(&failing));
    let targets = house.run(&["targets"]);
    let words = String::from_utf8(targets.stderr).unwrap();
    assert!(
        words.contains("alert soc: syslog ") && words.contains("FAILING") && words.contains("No such file"),
        "{words}"
    );

    // Between the commit and the sending.
    daemon.kill();
    let stored = house.look().unwrap();
    assert!(stored.carriers["soc"].waiting > 0 && stored.daemon.absent);
    let mut daemon = house.daemon();
    house.until("the daemon runs again", |snapshot| !snapshot.daemon.absent);
    house.lab.step();
    house.until("more waits", |snapshot| snapshot.carriers["soc"].waiting > stored.carriers["soc"].waiting);
    let receiver = UnixDatagram::bind(&path).unwrap();
    receiver.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut messages = Vec::new();
    let begun = Instant::now();
    let done = |messages: &[String]| {
        let snapshot = house.look().unwrap();
        let carrier = &snapshot.carriers["soc"];
        carrier.waiting == 0 && carrier.why.is_empty() && untold(&snapshot, messages) == 0
    };
    while !done(&messages) {
        let mut buffer = [0; 4096];
        if let Ok(length) = receiver.recv(&mut buffer) {
            messages.push(String::from_utf8(buffer[..length].to_vec()).unwrap());
        }
        assert!(begun.elapsed() < PATIENCE, "{messages:#?}");
    }
    assert!(messages[0].starts_with('<') && messages[0].contains(" lenswarden["), "{}", messages[0]);
    assert!(!headline(&house.look().unwrap()).contains("NOT SENT"));
    daemon.kill();
}

#[test]
fn a_trial_message_arrives_and_says_where_it_went() {
    let (receiver, address) = Receiver::new();
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let more = format!(
        "{}\n[[alert]]\nname = \"gone\"\nkind = \"syslog\"\naddress = \"{nobody}\"\n\
         [[alert]]\nname = \"local\"\nkind = \"syslog\"\naddress = \"/nonexistent/log\"\n",
        soc(&address)
    );
    let house = House::new(&more);
    let sent = house.run(&["alert", "test", "soc"]);
    let (out, words) = (String::from_utf8(sent.stdout).unwrap(), String::from_utf8(sent.stderr).unwrap());
    assert_eq!(sent.status.code(), Some(0), "{words}");
    assert!(words.contains(&format!("sent to syslog {address} (UDP); UDP gives no receipt")), "{words}");
    let message = receiver.next().unwrap();
    assert!(message.starts_with("<134>1 ") && message.trim_end().ends_with(out.trim_end()), "{message} / {out}");
    for (name, parts) in [
        ("gone", ["was not sent", &nobody.to_string(), "refused"]),
        ("local", ["was not sent", "/nonexistent/log", "No such file"]),
        ("sock", ["there is no [[alert]] 'sock'", "soc, gone, local", "config.toml"]),
    ] {
        let failed = house.run(&["alert", "test", name]);
        let words = String::from_utf8(failed.stderr).unwrap();
        assert_eq!((failed.status.code(), failed.stdout.len()), (Some(2), 0), "{words}");
        assert!(parts.iter().all(|part| words.contains(part)), "{name}: {words}");
    }
}

#[test]
fn a_carrier_that_is_configured_later_is_told_of_what_happens_from_then_on() {
    let (receiver, address) = Receiver::new();
    let house = House::new("");
    let daemon = house.daemon();
    house.until_a_round_is_over();
    house.configure("config.toml", &(house.lab.configuration() + &soc(&address)));
    let taken = house.until("the carrier is known", |snapshot| snapshot.carriers.contains_key("soc"));
    assert_eq!(taken.carriers["soc"].address, format!("syslog {address} (UDP)"));
    house.lab.step();
    // The work itself may have something to say beside it.
    let message = receiver.until("the first finding", |message| !message.contains(" operation "));
    // What was open before is no news: the first message is about what was plugged in after it.
    let new = house.look().unwrap().findings.values().filter(|finding| finding.since > taken.as_of).count();
    assert!(new > 0 && message.contains("mac=44:19:b6:fe:00:01"), "{message}");
    house.configure("config.toml", &house.lab.configuration());
    house.until("the carrier is gone", |snapshot| snapshot.carriers.is_empty());
    daemon.stop();
}
