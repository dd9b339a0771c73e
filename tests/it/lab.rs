//! The simulated estate over the wire: asked by clients that are not its own.

mod cameras;
mod switches;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use lenswarden::lab::{Lab, Size, Truth};
use toml::{Table, Value};

const SEED: u64 = 1;

async fn small() -> Lab {
    Lab::start(Size::Small, SEED).await.unwrap()
}

fn configuration(lab: &Lab) -> Table {
    lab.configuration().parse().unwrap()
}

fn blocks<'a>(configuration: &'a Table, name: &str) -> Vec<&'a Table> {
    configuration[name].as_array().unwrap().iter().map(|block| block.as_table().unwrap()).collect()
}

fn text<'a>(table: &'a Table, key: &str) -> &'a str {
    table[key].as_str().unwrap()
}

/// Name, address and credential of every switch.
fn switches(lab: &Lab) -> Vec<(String, SocketAddr, String)> {
    let configuration = configuration(lab);
    let read = |block: &&Table| {
        (text(block, "name").to_owned(), text(block, "address").parse().unwrap(), text(block, "credential").to_owned())
    };
    blocks(&configuration, "switch").iter().map(read).collect()
}

fn rules_of(truth: &Truth, ip: IpAddr) -> BTreeSet<&str> {
    let device = truth.devices.values().find(|device| device.ip == Some(ip)).unwrap();
    truth.findings.iter().filter(|(_, _, mac)| *mac == device.mac).map(|(_, rule, _)| rule.as_str()).collect()
}

#[tokio::test]
async fn the_same_seed_is_the_same_estate() {
    let strip = |lab: &Lab| {
        let ports = lab.ports();
        let mut text = lab.configuration();
        for port in [ports.snmp, ports.discovery, ports.http] {
            text = text.replace(&port.to_string(), "PORT");
        }
        text
    };
    let (first, second) = (small().await, small().await);
    assert_eq!(first.truth(), second.truth());
    assert_eq!(strip(&first), strip(&second));
    for _ in 0..12 {
        assert_eq!(first.step(), second.step());
        assert_eq!(first.truth(), second.truth());
    }
    assert_ne!(Lab::start(Size::Small, SEED + 1).await.unwrap().truth(), small().await.truth());
}

/// Every host a sweep of the configured blocks asks.
fn swept(lab: &Lab) -> BTreeSet<IpAddr> {
    let configuration = configuration(lab);
    let mut swept = BTreeSet::new();
    for block in blocks(&configuration, "cameras") {
        assert_eq!(block["discovery-port"].as_integer(), Some(i64::from(lab.ports().discovery)));
        assert_eq!(block["ports"].as_array().unwrap(), &[Value::Integer(lab.ports().http.into())]);
        for subnet in block["subnets"].as_array().unwrap() {
            let net: ipnet::Ipv4Net = subnet.as_str().unwrap().parse().unwrap();
            assert!(net.addr().is_loopback() && net.addr() == net.network(), "{net}");
            // No host of a block is its first or last address, which a sweep may leave out.
            swept.extend(net.hosts().map(IpAddr::V4));
        }
    }
    swept
}

fn covered(swept: &BTreeSet<IpAddr>, truth: &Truth) {
    for device in truth.devices.values().filter(|device| device.class != "other") {
        assert!(device.ip.is_some_and(|ip| swept.contains(&ip)), "{device:?}");
    }
}

#[tokio::test]
async fn the_configuration_covers_every_camera_and_only_loopback() {
    let lab = Lab::start(Size::Campus, SEED).await.unwrap();
    let (swept, truth) = (swept(&lab), lab.truth());
    covered(&swept, &truth);
    let cameras = truth.devices.values().filter(|device| device.class == "camera").count();
    assert_eq!((truth.devices.len(), cameras, truth.switches.len()), (3000, 600, 60));
    assert!(swept.len() < 1200, "{} addresses for 600 cameras", swept.len());
}

#[tokio::test]
async fn every_case_the_rules_know_is_there() {
    let lab = small().await;
    let truth = lab.truth();
    let rule = |name: &str| truth.findings.iter().filter(|(_, rule, _)| rule == name).count();
    assert!(rule("no-core-network") >= 3 && rule("remove-sensitive") >= 4 && rule("review-other") >= 3);
    assert_eq!(rule("cease-deployment"), 0, "nothing has appeared yet");
    let maker = |mac| truth.devices[mac].maker;
    let on_core =
        |wanted| truth.findings.iter().any(|(_, rule, mac)| rule == "no-core-network" && maker(mac) == Some(wanted));
    assert!(on_core("axis") && on_core("hikvision") && on_core("tiandy"));
    assert!(truth.findings.is_sorted());
}

#[tokio::test]
async fn what_happens_is_true_from_then_on() {
    let lab = small().await;
    let before = lab.truth();
    let first = lab.step();
    let after = lab.truth();
    let new: Vec<_> = after.devices.keys().filter(|mac| !before.devices.contains_key(mac)).collect();
    assert_eq!(new.len(), 1, "{first}");
    let ip = after.devices[new[0]].ip.unwrap();
    let broken = BTreeSet::from(["cease-deployment", "new-device", "no-core-network", "remove-sensitive"]);
    assert_eq!(rules_of(&after, ip), broken);
    assert!(cameras::is_open(ip, lab.ports().http).await, "{first}");

    let second = lab.step();
    let moved = lab.truth();
    let places = |truth: &Truth| {
        truth.devices.values().map(|d| (d.mac, d.switch.clone(), d.port.clone())).collect::<BTreeSet<_>>()
    };
    assert_eq!(places(&moved).difference(&places(&after)).count(), 1, "{second}");
    assert_eq!(moved.findings, after.findings);

    let third = lab.step();
    let silent = lab.truth();
    assert_eq!(silent.switches.len(), 2, "{third}");
    assert_eq!(silent.devices, moved.devices);
    // What the configuration said at the start covers what happens later.
    let swept = swept(&lab);
    for _ in 0..60 {
        lab.step();
    }
    let late = lab.truth();
    covered(&swept, &late);
    assert!(late.devices.len() > after.devices.len());
    let known = |pack: &str| ["uk-gsg-2022", "house"].contains(&pack);
    assert!(late.findings.iter().all(|(pack, _, mac)| known(pack) && late.devices.contains_key(mac)));
}

#[tokio::test]
async fn nothing_is_left_when_the_lab_is_dropped() {
    let lab = small().await;
    let (ports, address) = (lab.ports(), switches(&lab)[0].1.ip());
    let camera = lab.truth().devices.values().find(|device| device.class == "camera").unwrap().ip.unwrap();
    let taken = || std::net::TcpListener::bind((camera, ports.http)).is_err();
    let busy = || [ports.snmp, ports.discovery].iter().any(|port| std::net::UdpSocket::bind((address, *port)).is_err());
    assert!(taken() && busy());
    drop(lab);
    let limit = Instant::now() + Duration::from_secs(10);
    while taken() || busy() {
        assert!(Instant::now() < limit, "a port is still held");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
#[ignore = "needs 17,500 open files"]
async fn a_ministry_starts_in_seconds() {
    let started = Instant::now();
    let lab = Lab::start(Size::Ministry, SEED).await.unwrap();
    let truth = lab.truth();
    let cameras = truth.devices.values().filter(|device| device.class == "camera").count();
    assert_eq!((truth.devices.len(), cameras, truth.switches.len()), (100_000, 15_000, 2000));
    println!("started in {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    let (rows, requests, elapsed) = switches::walk_all(&lab).await;
    let memory = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = memory.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!("{rows} rows in {requests} requests in {elapsed:?}, {peak}");
}
