//! A real switch that nobody here wrote: Linux bridges in a network namespace, one a VLAN, asked through net-snmp's
//! agent (IF-MIB its own, the bridges' tables by pass_persist) and lldpd (AgentX). Cameras and the daemon stand in
//! namespaces of their own: no address of the host is used, and it needs no cable.

use std::ops::{Deref, DerefMut};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use lenswarden::config::NetworkKind;
use lenswarden::inventory::Certainty;
use lenswarden::net::MacAddr;
use lenswarden::snapshot::Snapshot;
use lenswarden::store::Reader;

use crate::house::PATIENCE;
use crate::namespaces::{Namespaces, run};

/// Of a maker that is restricted.
const CAMERAS: [&str; 2] = ["44:19:b6:0a:0b:01", "44:19:b6:0a:0b:02"];
const SWITCH: &str = "192.0.2.2";
const STATION: &str = "192.0.2.1";
const USER: [&str; 8] = ["-u", "monitor", "-a", "SHA-256", "-A", "authpass123", "-x", "AES"];
const NAMESPACES: [&str; 6] = ["switch", "station", "patch", "camera0", "camera1", "upstairs"];
/// Between two visits that traps ask for.
const CALM: Duration = Duration::from_millis(6000);

struct Networks {
    spaces: Namespaces,
}

impl Deref for Networks {
    type Target = Namespaces;

    fn deref(&self) -> &Namespaces {
        &self.spaces
    }
}

impl DerefMut for Networks {
    fn deref_mut(&mut self) -> &mut Namespaces {
        &mut self.spaces
    }
}

impl Networks {
    /// The switch with five ports, nothing plugged in; why not, where there can be none.
    fn new() -> Result<Self, String> {
        for needed in ["snmpd -v", "snmptrap -V", "lldpd -v", "python3 -V", "bridge -V"] {
            run(needed)?;
        }
        let networks = Self { spaces: Namespaces::new("lw", &NAMESPACES)? };
        for vlan in [10, 20] {
            networks.ip("switch", &format!("link add br{vlan} type bridge"))?;
            networks.ip("switch", &format!("link set br{vlan} up"))?;
        }
        for (port, vlan) in [(1, 10), (2, 20), (3, 10), (4, 20), (5, 10)] {
            let patch = networks.name("patch");
            networks.ip("switch", &format!("link add p{port} type veth peer name c{port} netns {patch}"))?;
            networks.ip("switch", &format!("link set p{port} master br{vlan} up"))?;
        }
        let station = networks.name("station");
        networks.ip("switch", &format!("link add m0 type veth peer name m0 netns {station}"))?;
        for (name, address) in [("switch", SWITCH), ("station", STATION)] {
            networks.ip(name, &format!("address add {address}/30 dev m0"))?;
            networks.ip(name, "link set m0 up")?;
        }
        Ok(networks)
    }

    fn script(name: &str) -> String {
        format!("{}/tests/it/bridge/{name}", env!("CARGO_MANIFEST_DIR"))
    }

    /// The switch's agent and what speaks LLDP on both sides of port 5.
    fn power_on(&mut self) {
        let (etc, kept) = (self.path("etc"), self.path("kept"));
        for folder in [&etc, &kept] {
            std::fs::create_dir_all(folder).unwrap();
        }
        let configuration = format!(
            "agentaddress udp:{SWITCH}:161\nmaster agentx\nagentXSocket tcp:127.0.0.1:705\nsysName sw1\n\
             createUser monitor SHA-256 authpass123 AES privpass123\nrouser monitor priv\n\
             pass_persist .1.3.6.1.2.1.17 /usr/bin/env python3 {}\n",
            Self::script("mib.py")
        );
        std::fs::write(etc.join("snmpd.conf"), configuration).unwrap();
        let mut snmpd = self.command("switch", "snmpd");
        snmpd.args(["-f", "-Lo", "-I", "-smux,-mteTrigger,-mteTriggerConf", "-p"]).arg(self.path("snmpd.pid"));
        snmpd.env("SNMPCONFPATH", format!("{}:{}", etc.display(), kept.display()));
        snmpd.env("SNMP_PERSISTENT_DIR", &kept).env("MIBS", "");
        self.start("snmpd.log", snmpd);
        self.cable("c5", "upstairs", "02:00:00:00:00:05");
        // lldpd keeps its separated process there.
        std::fs::create_dir_all("/run/lldpd").unwrap();
        for (namespace, port) in [("switch", "p5"), ("upstairs", "eth0")] {
            let socket = self.path(&format!("{namespace}.lldpd"));
            let mut lldpd = self.command(namespace, "lldpd");
            lldpd.args(["-d", "-I", port, "-C", port, "-S", &format!("{namespace} by Linux"), "-u"]).arg(&socket);
            if namespace == "switch" {
                lldpd.args(["-x", "-X", "tcp:127.0.0.1:705"]);
            }
            self.start(&format!("lldpd-{namespace}.log"), lldpd);
        }
        for camera in ["camera0", "camera1"] {
            let mut frames = self.command(camera, "python3");
            frames.arg(Self::script("camera.py"));
            self.start(&format!("{camera}.log"), frames);
        }
    }

    /// Takes the loose end of a cable into a namespace.
    fn cable(&self, end: &str, namespace: &str, mac: &str) {
        let to = self.name(namespace);
        self.ip("patch", &format!("link set {end} netns {to} name eth0")).unwrap();
        self.ip(namespace, &format!("link set eth0 address {mac} up")).unwrap();
    }

    fn plug(&self, camera: usize, port: u32) {
        self.cable(&format!("c{port}"), &format!("camera{camera}"), CAMERAS[camera]);
    }

    fn unplug(&self, camera: usize, port: u32) {
        let (from, patch) = (format!("camera{camera}"), self.name("patch"));
        self.ip(&from, "link set eth0 down").unwrap();
        self.ip(&from, &format!("link set eth0 netns {patch} name c{port}")).unwrap();
    }

    fn configure(&self, poll_every: &str, more: &str) {
        let text = format!(
            "[daemon]\ndatabase = {:?}\ncontrol-socket = {:?}\npoll-every = \"{poll_every}\"\n{more}\
             [[site]]\nid = \"x\"\nsensitivity = \"standard\"\n\
             [[network]]\nid = \"offices\"\nkind = \"core\"\nvlans = [10]\n\
             [[network]]\nid = \"cameras\"\nkind = \"surveillance\"\nvlans = [20]\n\
             [[credential]]\nid = \"c\"\nkind = \"snmp-v3\"\nuser = \"monitor\"\n\
             auth = {{ protocol = \"sha256\", password = \"authpass123\" }}\n\
             priv = {{ protocol = \"aes128\", password = \"privpass123\" }}\n\
             [[switch]]\nname = \"sw1\"\naddress = \"{SWITCH}\"\nsite = \"x\"\ncredential = \"c\"\n",
            self.path("lenswarden.db"),
            self.path("control.sock")
        );
        std::fs::write(self.path("new.toml"), text).unwrap();
        std::fs::set_permissions(self.path("new.toml"), std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::rename(self.path("new.toml"), self.path("config.toml")).unwrap();
    }

    fn lenswarden(&self, arguments: &[&str]) -> Command {
        let mut command = self.command("station", env!("CARGO_BIN_EXE_lenswarden"));
        command.arg("--config").arg(self.path("config.toml")).args(arguments);
        command
    }

    fn look(&self) -> Option<Snapshot> {
        Reader::open(&self.path("lenswarden.db")).and_then(|mut reader| reader.snapshot()).ok()
    }

    fn until(&self, what: &str, within: Duration, reached: impl Fn(&Snapshot) -> bool) -> Duration {
        let begun = Instant::now();
        while !self.look().is_some_and(|snapshot| reached(&snapshot)) {
            if begun.elapsed() > within {
                let seen = self.look();
                let places = seen.iter().flat_map(|seen| seen.devices.values()).map(|row| (row.mac, &row.place));
                panic!("not within {within:?}: {what}\n{:#?}\n{}", places.collect::<Vec<_>>(), self.log("daemon.log"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        begun.elapsed()
    }

    /// Two visits are over: the second began after this call.
    fn until_polled(&self) {
        for _ in 0..2 {
            let last = |snapshot: &Snapshot| snapshot.targets["sw1"].last_attempt;
            let before = self.look().and_then(|snapshot| last(&snapshot));
            self.until("a visit", PATIENCE, |snapshot| last(snapshot) > before);
        }
    }
}

/// Whether a camera stands there, surely and now.
fn stands(snapshot: &Snapshot, camera: usize, port: &str, vlan: u16) -> bool {
    let mac: MacAddr = CAMERAS[camera].parse().unwrap();
    let kind = if vlan == 10 { NetworkKind::Core } else { NetworkKind::Surveillance };
    snapshot.devices.values().any(|row| {
        let place = &row.place;
        row.mac == Some(mac)
            && place.port.as_ref().is_some_and(|name| name.as_str() == port)
            && place.vlan.is_some_and(|id| id.get() == vlan)
            && place.network_kind == Some(kind)
            && place.certainty == Certainty::Direct
            && place.gone.is_none()
    })
}

/// What a poll of the switch brings, as it is printed.
fn poll(networks: &Networks) -> serde_json::Value {
    let out = networks.lenswarden(&["poll", "sw1", "--json"]).output().unwrap();
    serde_json::from_slice(&out.stdout).unwrap_or_default()
}

#[test]
#[ignore = "needs root, network namespaces, snmpd and lldpd"]
fn a_software_switch_is_seen_as_it_is() {
    let mut networks = match Networks::new() {
        Ok(networks) => networks,
        Err(why) => return println!("skipped, this host has no software switch: {why}"),
    };
    networks.power_on();
    networks.configure("1s", "");
    let begun = Instant::now();
    while poll(&networks)["neighbours"].as_array().is_none_or(Vec::is_empty) {
        assert!(begun.elapsed() < PATIENCE, "{:#}\n{}", poll(&networks), networks.log("lldpd-switch.log"));
        std::thread::sleep(Duration::from_millis(200));
    }
    let seen = poll(&networks);
    let neighbour = &seen["neighbours"][0];
    let of_port = |number: &serde_json::Value| {
        let ports = seen["ports"].as_array().unwrap();
        ports.iter().find(|port| port["if_index"] == *number).map(|port| port["name"].clone())
    };
    assert_eq!(of_port(&neighbour["if_index"]), Some("p5".into()), "{neighbour:#}");
    assert_eq!(neighbour["system_description"], "upstairs by Linux", "{neighbour:#}");
    assert_eq!(seen["errors"], serde_json::json!([]));

    // By polling alone.
    let daemon = networks.lenswarden(&["daemon"]);
    networks.start("daemon.log", daemon);
    networks.until("the daemon", PATIENCE, |snapshot| snapshot.targets.contains_key("sw1"));
    let polled = |what: &str, reached: &dyn Fn(&Snapshot) -> bool| {
        networks.until_polled();
        assert!(reached(&networks.look().unwrap()), "not within one poll: {what}\n{:#}", poll(&networks));
    };
    let frames = || std::thread::sleep(Duration::from_millis(400));
    networks.plug(0, 1);
    networks.plug(1, 2);
    frames();
    polled("two cameras plugged in", &|now| stands(now, 0, "p1", 10) && stands(now, 1, "p2", 20));
    networks.unplug(0, 1);
    networks.plug(0, 3);
    frames();
    polled("a camera moved to another port", &|now| stands(now, 0, "p3", 10) && stands(now, 1, "p2", 20));
    networks.ip("switch", "link set p3 master br20").unwrap();
    frames();
    polled("a camera's port moved to another VLAN", &|now| stands(now, 0, "p3", 20));
    networks.unplug(0, 3);
    let mac: MacAddr = CAMERAS[0].parse().unwrap();
    // Three passes without it, none fewer: forwarding tables forget what is merely quiet.
    networks.until("a camera unplugged", PATIENCE, |now| {
        now.devices.values().any(|row| row.mac == Some(mac) && row.place.gone.is_some())
    });
    networks.ip("switch", "link set p3 master br10").unwrap();

    // By traps alone.
    let kept = networks.path("kept-by-snmptrap");
    std::fs::create_dir_all(&kept).unwrap();
    let mut notify = networks.command("switch", "python3");
    notify.arg(Networks::script("notify.py")).args(["-v3", "-l", "authPriv", "-X", "privpass123"]).args(USER);
    notify.args(["-e", "0x80007ed9057377310a", &format!("{STATION}:162")]);
    notify.env("SNMPCONFPATH", &kept).env("SNMP_PERSISTENT_DIR", &kept);
    networks.start("notify.log", notify);
    networks.configure("1h", &format!("[traps]\nlisten = \"{STATION}:162\"\n"));
    let logged = |log: &Path, words: &str, times: usize| {
        let begun = Instant::now();
        while std::fs::read_to_string(log).unwrap_or_default().matches(words).count() < times {
            assert!(begun.elapsed() < PATIENCE, "{} never says {words}", log.display());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    logged(&networks.path("daemon.log"), "traps and informs are taken", 1);
    logged(&networks.path("notify.log"), "watching", 2);
    // The first round under the new configuration comes within five seconds.
    std::thread::sleep(CALM);
    let soon = Duration::from_secs(2);
    let told = |what: &str, reached: &dyn Fn(&Snapshot) -> bool| {
        let took = networks.until(what, soon, reached);
        println!("{what}: seen after {} ms", took.as_millis());
        std::thread::sleep(CALM);
    };
    networks.plug(0, 1);
    told("plugged in", &|now| stands(now, 0, "p1", 10));
    let last = |snapshot: &Snapshot| snapshot.targets["sw1"].last_attempt;
    let before = last(&networks.look().unwrap());
    networks.unplug(0, 1);
    told("unplugged: the switch is visited", &|now| last(now) > before);
    networks.plug(0, 3);
    told("plugged in at another port", &|now| stands(now, 0, "p3", 10));
    networks.ip("switch", "link set p3 master br20").unwrap();
    told("its port moved to another VLAN", &|now| stands(now, 0, "p3", 20));
    networks.unplug(0, 3);
    networks.plug(0, 4);
    told("moved to another port at once", &|now| stands(now, 0, "p4", 20) && stands(now, 1, "p2", 20));
    assert!(!networks.log("daemon.log").contains("dropped"), "{}", networks.log("daemon.log"));
}
