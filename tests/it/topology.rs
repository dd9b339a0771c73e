//! Recorded networks of several switches, polled over the wire: every address on the port where it really is. The answer
//! is scored by `../shared/tools/score.py --topo`, which knows the truth.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use lenswarden::collect::switch::SwitchCollector;
use lenswarden::inventory::{Estate, Inventory};
use lenswarden::maker::Catalogue;
use lenswarden::net::{MacAddr, Timestamp};
use lenswarden::observation::{Collection, Reach, SwitchVisit};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::recordings::{BAD_PATH, PATIENT, V2C, V3, serve, shared};
use crate::snmp::configuration_with;

/// Polls every agent of a network once, all at the same time. A switch has its folder's name.
async fn poll(network: &str, options: &[&str], credential: &str, settings: &str) -> Vec<Collection> {
    let served = serve(&format!("networks/{network}"), options);
    let collector = Arc::new(SwitchCollector::bind().await.unwrap());
    let mut visits = JoinSet::new();
    for (folder, address) in &served.agents {
        let (config, mut switch, credential) = configuration_with(*address, credential, settings);
        switch.name = folder.file_name().unwrap().to_str().unwrap().into();
        let collector = Arc::clone(&collector);
        visits.spawn(async move { collector.visit(&config.snmp, &switch, &credential).await });
    }
    let mut visits = visits.join_all().await;
    visits.sort_by(|one, other| one.target.cmp(&other.target));
    let answered = |visit: SwitchVisit| {
        assert_eq!(visit.reach, Reach::Answered, "{}", visit.target);
        Collection::Switch(visit)
    };
    visits.into_iter().map(answered).collect()
}

fn taken_in<'a>(visits: impl Iterator<Item = &'a Collection>) -> Inventory {
    let mut inventory = Inventory::default();
    for visit in visits {
        inventory.absorb(visit, &Estate::default(), &Catalogue::shipped());
    }
    inventory
}

fn topology(network: &str) -> Value {
    let path = shared().join("recordings/networks").join(network).join("topology.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// One best place an address, in the words of `score.py`.
fn answer(inventory: &Inventory, topology: &Value) -> Vec<Value> {
    let macs = topology["attachments"].as_array().unwrap().iter().map(|row| row["mac"].as_str().unwrap());
    macs.filter_map(|text| {
        let mac: MacAddr = text.parse().unwrap();
        let place = inventory.place_of(mac, &Estate::default(), Timestamp(0));
        let device = place.switch?.to_string();
        Some(json!({
            "mac": text, "device": device, "ifIndex": place.if_index, "ifName": place.port,
            "class": place.certainty, "confidence": place.confidence, "why": place.reasons,
        }))
    })
    .collect()
}

/// The scorer's counts.
fn score(network: &str, got: &[Value]) -> BTreeMap<String, u64> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("got.json");
    std::fs::write(&path, serde_json::to_string(got).unwrap()).unwrap();
    let out = Command::new("python3")
        .arg(shared().join("tools/score.py"))
        .arg("--topo")
        .arg(shared().join("recordings/networks").join(network).join("topology.json"))
        .arg(&path)
        .output()
        .expect("python3 is needed");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// What differs, with what was believed and why.
fn differences(topology: &Value, got: &[Value]) -> Vec<String> {
    let rows: BTreeMap<&str, &Value> = got.iter().map(|row| (row["mac"].as_str().unwrap(), row)).collect();
    let mut found = Vec::new();
    for row in topology["attachments"].as_array().unwrap() {
        let got = rows.get(row["mac"].as_str().unwrap());
        let right = match (row.get("device"), got) {
            (Some(device), Some(got)) => {
                *device == got["device"] && (row["ifIndex"] == got["ifIndex"] || row["ifName"] == got["ifName"])
            }
            (Some(_), None) => false,
            (None, got) => got.is_none_or(|got| got["confidence"].as_f64().unwrap() < 0.5),
        };
        if !right {
            found.push(format!("{row}\n      got {got:?}"));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared"]
async fn every_address_of_a_recorded_network_is_on_its_port_and_nothing_doubtful_is_certain() {
    placed(&[], V2C, "").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared"]
async fn and_as_an_snmpv3_user_over_a_slow_and_lossy_path() {
    placed(&BAD_PATH, V3, PATIENT).await;
}

async fn placed(options: &[&str], credential: &str, settings: &str) {
    for network in ["fiveswitch", "malm", "nms17216", "nms7467", "nms7918"] {
        let visits = poll(network, options, credential, settings).await;
        let inventory = taken_in(visits.iter());
        let topology = topology(network);
        let got = answer(&inventory, &topology);
        assert_eq!(got, answer(&taken_in(visits.iter().rev()), &topology), "{network}: the order of polling matters");
        let counts = score(network, &got);
        let count = |name: &str| counts.get(name).copied().unwrap_or(0);
        let differences = differences(&topology, &got);
        println!("{network}: {counts:?}");
        for unpolled in inventory.unpolled_neighbours() {
            println!("{network}: unpolled {unpolled:?}");
        }
        for difference in differences.iter().take(10) {
            println!("  {difference}");
        }
        let placed = count("place right") + count("place WRONG") + count("place missing");
        assert_eq!((count("place WRONG"), count("false certainty")), (0, 0), "{network}");
        assert!(count("place right") * 100 >= placed * 98, "{network}: {counts:?}");
    }
}
