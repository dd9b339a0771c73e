//! Multicast in network namespaces, with peers that nobody here wrote: PyPI's WSDiscovery as the cameras, Debian's wsdd
//! as the computer that is none. The sweep is so slow there that nothing is found by it.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use lenswarden::maker::Verdict;
use lenswarden::net::TargetName;
use lenswarden::onvif::discovery::{self, Message};
use lenswarden::snapshot::Snapshot;
use lenswarden::store::Reader;
use nix::sys::signal::Signal;

use crate::house::PATIENCE;
use crate::namespaces::{Namespaces, run};

const NAMESPACES: [&str; 6] = ["lan", "station", "before", "later", "computer", "oem"];
/// Host numbers in 192.0.2.0/24; the sweep would come to them after minutes.
const HOSTS: [(&str, u8); 5] = [("station", 1), ("before", 200), ("later", 201), ("computer", 202), ("oem", 203)];

fn address(name: &str) -> String {
    HOSTS.iter().find(|(host, _)| *host == name).map(|(_, number)| format!("192.0.2.{number}")).unwrap()
}

fn python() -> String {
    std::env::var("LENSWARDEN_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

fn lan() -> Result<Namespaces, String> {
    run("wsdd --version")?;
    run(&format!("{} -c import(wsdiscovery)", python()).replace("import(wsdiscovery)", "__import__('wsdiscovery')"))?;
    let spaces = Namespaces::new("lm", &NAMESPACES)?;
    spaces.ip("lan", "link add br0 type bridge mcast_snooping 0")?;
    spaces.ip("lan", "link set br0 up")?;
    for (host, _) in HOSTS {
        let lan = spaces.name("lan");
        spaces.ip(host, &format!("link add eth0 type veth peer name {host} netns {lan}"))?;
        spaces.ip("lan", &format!("link set {host} master br0 up"))?;
        spaces.ip(host, &format!("address add {}/24 dev eth0", address(host)))?;
        spaces.ip(host, "link set eth0 up")?;
    }
    Ok(spaces)
}

fn script(spaces: &Namespaces, host: &str, name: &str) -> Command {
    let mut command = spaces.command(host, &python());
    command.arg(format!("{}/tests/it/multicast/{name}", env!("CARGO_MANIFEST_DIR"))).arg(address(host));
    command
}

fn configure(spaces: &Namespaces) {
    let text = format!(
        "[daemon]\ndatabase = {:?}\ncontrol-socket = {:?}\ncameras-every = \"1h\"\nsweep-every = \"1h\"\n\
         [onvif]\nprobes-per-second = 1\ndeadline = \"3s\"\n[discovery]\ninterfaces = [\"eth0\"]\n\
         [[site]]\nid = \"x\"\nsensitivity = \"standard\"\n\
         [[cameras]]\nsite = \"x\"\nsubnets = [\"192.0.2.0/24\"]\nports = [9]\nvendor-queries = [\"sadp\"]\n",
        spaces.path("lenswarden.db"),
        spaces.path("control.sock")
    );
    std::fs::write(spaces.path("config.toml"), text).unwrap();
    std::fs::set_permissions(spaces.path("config.toml"), std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn look(spaces: &Namespaces) -> Option<Snapshot> {
    Reader::open(&spaces.path("lenswarden.db")).and_then(|mut reader| reader.snapshot()).ok()
}

fn state(snapshot: &Snapshot, host: &str) -> Option<String> {
    snapshot.targets.get(&TargetName::from(address(host).as_str())).map(|target| target.state.clone())
}

fn until(spaces: &Namespaces, what: &str, within: Duration, reached: impl Fn(&Snapshot) -> bool) {
    let begun = Instant::now();
    while !look(spaces).is_some_and(|snapshot| reached(&snapshot)) {
        assert!(begun.elapsed() < within, "not within {within:?}: {what}\n{}", spaces.log("daemon.log"));
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("{what}: after {} ms", begun.elapsed().as_millis());
}

fn logged(spaces: &Namespaces, log: &str, words: &str) {
    let begun = Instant::now();
    while !spaces.log(log).contains(words) {
        assert!(begun.elapsed() < PATIENCE, "{log} never says {words}: {}", spaces.log(log));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "needs root, network namespaces, wsdd and PyPI's WSDiscovery"]
fn cameras_are_found_by_probe_and_hello_and_a_bye_is_looked_into() {
    let mut spaces = match lan() {
        Ok(spaces) => spaces,
        Err(why) => return println!("skipped, this host has no such network: {why}"),
    };
    let mut wsdd = spaces.command("computer", "wsdd");
    wsdd.args(["-vvv", "-4", "-i", "eth0", "-n", "PC"]);
    spaces.start("wsdd.log", wsdd);
    let oem = script(&spaces, "oem", "sadp.py");
    spaces.start("oem.log", oem);
    let before = script(&spaces, "before", "publish.py");
    spaces.start("before.log", before);
    logged(&spaces, "before.log", "published");
    logged(&spaces, "wsdd.log", "joined multicast group");

    configure(&spaces);
    let mut daemon = spaces.command("station", env!("CARGO_BIN_EXE_lenswarden"));
    daemon.arg("--config").arg(spaces.path("config.toml")).arg("daemon").env("RUST_LOG", "debug");
    spaces.start("daemon.log", daemon);
    logged(&spaces, "daemon.log", "asking and hearing by multicast");
    let soon = Duration::from_secs(10);
    until(&spaces, "a camera that was there is found by probe", soon, |now| {
        state(now, "before").is_some_and(|state| state != "silent")
    });
    until(&spaces, "a unit that answers SADP to the group alone is known", soon, |now| {
        state(now, "oem").is_some_and(|state| state != "silent")
            && now.devices.values().any(|row| {
                row.verdict == Verdict::Confirmed
                    && row.maker.as_ref().is_some_and(|maker| maker.as_str() == "hikvision")
            })
    });

    // The probes of the start are over; the next are an hour away.
    std::thread::sleep(Duration::from_secs(3));
    let later = script(&spaces, "later", "publish.py");
    let begun = Instant::now();
    spaces.start("later.log", later);
    logged(&spaces, "later.log", "published");
    until(&spaces, "a camera that says Hello is visited", Duration::from_secs(5), |now| {
        state(now, "later").is_some_and(|state| state != "silent")
    });
    println!("from its start: {} ms", begun.elapsed().as_millis());

    // It says Bye. That is looked into, not believed: once a minute, whoever says so.
    spaces.end_last(Signal::SIGTERM);
    until(&spaces, "a camera that said Bye is asked and silent", Duration::from_secs(75), |now| {
        state(now, "later").as_deref() == Some("silent")
    });
    let now = look(&spaces).unwrap();
    assert!(state(&now, "before").is_some_and(|state| state != "silent"));
    // The computer was asked by multicast, said Hello, was looked at, and is no camera; nor is it one by its own words.
    assert!(spaces.log("wsdd.log").contains("Probe message lacks wsd:Types"), "{}", spaces.log("wsdd.log"));
    assert_eq!((state(&now, "computer"), now.targets.len()), (None, 3));
    let mut ask = script(&spaces, "station", "ask.py");
    ask.arg(address("computer"));
    let answer = ask.output().unwrap();
    match discovery::parse(&answer.stdout) {
        Some(Message::Matches(matches)) => assert!(!matches[0].maybe_onvif, "{:?}", matches[0]),
        other => panic!("{other:?} {}", String::from_utf8_lossy(&answer.stderr)),
    }
}
