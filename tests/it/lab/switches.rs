//! The lab's switches, asked by the protocol crate's client and by net-snmp's tools.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use async_snmp::transport::{UdpHandle, UdpTransport};
use async_snmp::v3::UsmConfig;
use async_snmp::{Auth, AuthProtocol, Client, Oid, PrivProtocol, Retry, Value, VarBind};
use lenswarden::lab::Lab;
use lenswarden::net::MacAddr;

use super::{blocks, configuration, small, switches, text};

fn secret(lab: &Lab, credential: &str) -> Auth {
    let configuration = configuration(lab);
    let block = blocks(&configuration, "credential").into_iter().find(|block| text(block, "id") == credential).unwrap();
    if text(block, "kind") == "snmp-v2c" {
        return Auth::v2c(text(block, "community"));
    }
    let password = |key: &str| text(block[key].as_table().unwrap(), "password").to_owned();
    let user = UsmConfig::new(text(block, "user").to_owned());
    user.auth_priv(AuthProtocol::Sha256, password("auth"), PrivProtocol::Aes128, password("priv")).unwrap().into()
}

async fn client(transport: &UdpTransport, address: SocketAddr, auth: Auth) -> Client<UdpHandle> {
    Client::builder((address.ip().to_string(), address.port()), auth)
        .strict_source(true)
        .request_timeout(Duration::from_secs(5))
        .retry(Retry::fixed(2, Duration::ZERO).unwrap())
        .build_with(transport)
        .await
        .unwrap()
}

/// Everything from `root` on, by GETBULK; and how many requests it took.
async fn walk(client: &Client<UdpHandle>, root: &[u32], repetitions: u32) -> (Vec<VarBind>, usize) {
    let root = Oid::from_slice(root);
    let (mut rows, mut at, mut requests) = (Vec::new(), root.clone(), 0);
    for _ in 0..100_000 {
        requests += 1;
        let some = match client.get_bulk(&[at.clone()], 0, repetitions).await {
            Ok(some) => some,
            Err(error) if error.to_string().to_lowercase().contains("big") => {
                client.get_bulk(&[at.clone()], 0, 4).await.unwrap()
            }
            Err(error) => panic!("{error}"),
        };
        assert!(!some.is_empty());
        for row in some {
            if row.value == Value::EndOfMibView || !row.oid.starts_with(&root) {
                return (rows, requests);
            }
            assert!(row.oid > at, "{} after {at}", row.oid);
            at = row.oid.clone();
            rows.push(row);
        }
    }
    panic!("the walk does not end");
}

/// Walks all of every switch.
pub(super) async fn walk_all(lab: &Lab) -> (usize, usize, Duration) {
    let transport = UdpTransport::bind("0.0.0.0:0").await.unwrap();
    let auths: BTreeMap<String, Auth> =
        ["lab-v2c", "lab-v3"].map(|credential| (credential.to_owned(), secret(lab, credential))).into();
    let started = Instant::now();
    let (mut rows, mut requests) = (0, 0);
    for (_, address, credential) in switches(lab) {
        let client = client(&transport, address, auths[&credential].clone()).await;
        for root in [[1, 0], [1, 2], [1, 3]] {
            let (some, asked) = walk(&client, &root, 40).await;
            (rows, requests) = (rows + some.len(), requests + asked);
        }
    }
    (rows, requests, started.elapsed())
}

fn number(value: &Value) -> u32 {
    value.as_u32().unwrap_or_else(|| panic!("{value:?} is no number"))
}

/// A column: index to value.
async fn column(client: &Client<UdpHandle>, root: &[u32]) -> BTreeMap<Vec<u32>, Value> {
    let rows = walk(client, root, 30).await.0;
    rows.into_iter().map(|row| (row.oid.arcs()[root.len()..].to_vec(), row.value)).collect()
}

/// `(MAC, port name)` of the learned rows of a switch's forwarding database.
async fn forwarding(client: &Client<UdpHandle>) -> BTreeSet<(MacAddr, String)> {
    let column = async |root: &[u32]| column(client, root).await;
    let names = column(&[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1]).await;
    let base = column(&[1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 2]).await;
    let vlan_aware = column(&[1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1, 2]).await;
    let rows = if vlan_aware.is_empty() { column(&[1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 2]).await } else { vlan_aware };
    let resolve = |(key, port): (Vec<u32>, Value)| {
        let octets: Vec<u8> = key[key.len() - 6..].iter().map(|arc| u8::try_from(*arc).unwrap()).collect();
        let index = base.get(&vec![number(&port)])?;
        let name = names.get(&vec![number(index)])?.as_str()?.to_owned();
        Some((MacAddr::from_octets(&octets)?, name))
    };
    rows.into_iter().filter_map(resolve).collect()
}

#[tokio::test]
async fn every_device_is_on_its_port_in_the_forwarding_database() {
    let lab = small().await;
    let truth = lab.truth();
    let transport = UdpTransport::bind("0.0.0.0:0").await.unwrap();
    let mut versions = BTreeSet::new();
    for (name, address, credential) in switches(&lab) {
        let client = client(&transport, address, secret(&lab, &credential)).await;
        versions.insert(credential);
        let system_name = client.get(&Oid::from_slice(&[1, 3, 6, 1, 2, 1, 1, 5, 0])).await.unwrap();
        assert_eq!(system_name.single().unwrap().value.as_str(), Some(name.as_str()));
        let seen = forwarding(&client).await;
        for device in truth.devices.values().filter(|device| device.switch == name) {
            assert!(seen.contains(&(device.mac, device.port.clone())), "{device:?} is not on {name}");
        }
        let elsewhere = truth.devices.values().filter(|device| device.switch != name);
        for device in elsewhere {
            for (mac, port) in seen.iter().filter(|(mac, _)| *mac == device.mac) {
                assert!(["Po1", "Trk1", "Port-Channel1"].contains(&port.as_str()), "{mac} of another switch at {port}");
            }
        }
    }
    assert_eq!(versions.len(), 2, "one switch at least speaks v2c and one v3");
}

#[tokio::test]
async fn neighbours_addresses_and_aggregates_agree_with_the_estate() {
    let lab = small().await;
    let truth = lab.truth();
    let transport = UdpTransport::bind("0.0.0.0:0").await.unwrap();
    let (mut cameras, mut switch_links, mut members) = (0, 0, 0);
    for (name, address, credential) in switches(&lab) {
        let client = client(&transport, address, secret(&lab, &credential)).await;
        let local = column(&client, &[1, 0, 8802, 1, 1, 2, 1, 3, 7, 1, 3]).await;
        let described = column(&client, &[1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 10]).await;
        let chassis = column(&client, &[1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 5]).await;
        for (key, description) in described {
            let port = local[&vec![key[1]]].as_str().unwrap().to_owned();
            let mac = MacAddr::from_octets(chassis[&key].as_bytes().unwrap());
            match (description.as_str().unwrap(), mac.and_then(|mac| truth.devices.get(&mac))) {
                (text, Some(device)) => {
                    assert!(text.starts_with("AXIS ") && device.maker == Some("axis"), "{text}");
                    assert_eq!((&device.switch, &device.port), (&name, &port));
                    cameras += 1;
                }
                ("Ethernet switch", None) => switch_links += 1,
                (text, None) => assert!(text.starts_with("Polycom"), "{text}"),
            }
        }
        let aggregates = column(&client, &[1, 2, 840, 10006, 300, 43, 1, 2, 1, 1, 13]).await;
        members += aggregates.values().filter(|value| number(value) != 0).count();
        let arp = column(&client, &[1, 3, 6, 1, 2, 1, 4, 22, 1, 2]).await;
        let known: BTreeMap<String, MacAddr> = arp
            .into_iter()
            .map(|(key, mac)| {
                let ip = key[1..].iter().map(u32::to_string).collect::<Vec<_>>().join(".");
                (ip, MacAddr::from_octets(mac.as_bytes().unwrap()).unwrap())
            })
            .collect();
        for device in truth.devices.values().filter(|device| device.switch == name && name.ends_with("core")) {
            assert_eq!(known.get(&device.ip.unwrap().to_string()), Some(&device.mac));
        }
    }
    assert_eq!((switch_links, members), (4, 4), "both ends of one link of two members");
    assert_eq!(cameras, truth.devices.values().filter(|device| device.maker == Some("axis")).count());
}

#[tokio::test]
async fn a_switch_that_fell_silent_is_silent() {
    let lab = small().await;
    for _ in 0..3 {
        lab.step();
    }
    let answering = lab.truth().switches;
    let transport = UdpTransport::bind("0.0.0.0:0").await.unwrap();
    for (name, address, credential) in switches(&lab) {
        let client = Client::builder((address.ip().to_string(), address.port()), secret(&lab, &credential))
            .request_timeout(Duration::from_millis(500))
            .retry(Retry::none())
            .build_with(&transport)
            .await
            .unwrap();
        let answer = client.get(&Oid::from_slice(&[1, 3, 6, 1, 2, 1, 1, 3, 0])).await;
        assert_eq!(answer.is_ok(), answering.contains(&name), "{name}: {answer:?}");
    }
}

#[tokio::test]
async fn a_wrong_community_and_a_wrong_password_get_nothing() {
    let lab = small().await;
    let transport = UdpTransport::bind("0.0.0.0:0").await.unwrap();
    let wrong = UsmConfig::new("lab-monitor");
    let wrong: Auth =
        wrong.auth_priv(AuthProtocol::Sha256, "not-the-password", PrivProtocol::Aes128, "not-either").unwrap().into();
    for (_, address, credential) in switches(&lab) {
        let auth = if credential == "lab-v2c" { Auth::v2c("public") } else { wrong.clone() };
        let client = Client::builder((address.ip().to_string(), address.port()), auth)
            .request_timeout(Duration::from_millis(300))
            .retry(Retry::none())
            .build_with(&transport)
            .await
            .unwrap();
        assert!(client.get(&Oid::from_slice(&[1, 3, 6, 1, 2, 1, 1, 3, 0])).await.is_err());
    }
}

/// Rows as `snmpbulkwalk -On -Oq` prints them, OIDs only.
fn bulkwalk(address: SocketAddr, credential: &str, root: &str) -> Vec<String> {
    let mut command = Command::new("snmpbulkwalk");
    if credential == "lab-v2c" {
        command.args(["-v2c", "-c", "lab-read"]);
    } else {
        command.args(["-v3", "-l", "authPriv", "-u", "lab-monitor", "-a", "SHA-256", "-A", "lab-auth-secret"]);
        command.args(["-x", "AES", "-X", "lab-priv-secret"]);
    }
    let output = command.args(["-On", "-Oq", "-Cr10", &address.to_string(), root]).output().unwrap();
    let (out, errors) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned());
    assert!(output.status.success() && !errors.contains("not increasing"), "{errors}");
    let rows = out.lines().filter(|line| !line.contains("No more variables left"));
    rows.filter_map(|line| line.strip_prefix('.')).map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs snmp tools"]
async fn net_snmp_walks_the_same_rows() {
    let lab = small().await;
    let transport = UdpTransport::bind("0.0.0.0:0").await.unwrap();
    for (name, address, credential) in switches(&lab) {
        let client = client(&transport, address, secret(&lab, &credential)).await;
        for root in [&[1, 3, 6, 1, 2, 1][..], &[1, 0, 8802], &[1, 2, 840, 10006], &[1, 3, 6, 1, 4, 1, 9, 9, 23]] {
            let ours: Vec<String> = walk(&client, root, 25).await.0.iter().map(|row| row.oid.to_string()).collect();
            let dotted = root.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
            let theirs = bulkwalk(address, &credential, &dotted);
            let theirs = if ours.is_empty() { Vec::new() } else { theirs };
            let differ = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs);
            assert_eq!((differ, ours.len()), (None, theirs.len()), "{name} {dotted}");
        }
    }
}
