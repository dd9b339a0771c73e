//! A switch that nobody here wrote: net-snmp's own agent. What a visit brings home is compared with what net-snmp's
//! `snmpbulkwalk` prints.

use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lenswarden::collect::switch::SwitchCollector;
use lenswarden::config::{Config, Credential, Switch};
use lenswarden::observation::{Completeness, Reach, SwitchVisit, Table};

pub(super) struct Agent {
    process: Child,
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(super) fn free_port(ip: &str) -> u16 {
    UdpSocket::bind((ip, 0)).unwrap().local_addr().unwrap().port()
}

/// A configuration of one switch `s` with this credential.
fn configuration(address: SocketAddr, credential: &str) -> (Config, Switch, Credential) {
    configuration_with(address, credential, "timeout = \"500ms\"\nretries = 1\n")
}

/// The same with these lines under `[snmp]`.
pub(super) fn configuration_with(
    address: SocketAddr,
    credential: &str,
    settings: &str,
) -> (Config, Switch, Credential) {
    let text = format!(
        "[snmp]\n{settings}[[site]]\nid = \"x\"\nsensitivity = \"standard\"\n\
         [[credential]]\nid = \"c\"\n{credential}\n[[switch]]\nname = \"s\"\naddress = \"{address}\"\nsite = \"x\"\ncredential = \"c\"\n"
    );
    let config = lenswarden::config::parse(&text, Path::new("/nowhere/config.toml")).unwrap();
    let (switch, credential) = (config.switches[0].clone(), config.credentials[0].clone());
    (config, switch, credential)
}

pub(super) async fn visit(address: SocketAddr, credential: &str) -> SwitchVisit {
    let (config, switch, credential) = configuration(address, credential);
    SwitchCollector::bind().await.unwrap().visit(&config.snmp, &switch, &credential).await
}

/// The values `snmpbulkwalk` prints under an OID, as `(rest of the OID, value)`.
pub(super) fn bulkwalk(arguments: &[&str], address: SocketAddr, oid: &str) -> BTreeSet<(String, String)> {
    let out = Command::new("snmpbulkwalk")
        .args(arguments)
        .args(["-m", "", "-On", "-OQ", "-Oe", "-OU", "-t", "2", &address.to_string(), oid])
        .output()
        .expect("Debian's package snmp is needed");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let row = |line: &str| {
        let (oid_text, value) = line.split_once(" = ")?;
        let rest = oid_text.strip_prefix(&format!(".{oid}."))?;
        (!value.starts_with("No Such")).then(|| (rest.to_owned(), value.trim_matches('"').trim().to_owned()))
    };
    text.lines().filter_map(row).collect()
}

/// Starts snmpd at an address, with what it keeps between starts in a folder.
fn start(address: SocketAddr, folder: &Path) -> Agent {
    start_with(address, folder, "")
}

/// The same with these lines in its configuration.
pub(super) fn start_with(address: SocketAddr, folder: &Path, lines: &str) -> Agent {
    let configuration = format!(
        "agentaddress udp:{address}\nrocommunity public 127.0.0.0/8\nsysName lab-sw1\n\
         createUser both SHA-256 authpass123 AES privpass123\ncreateUser long SHA-512 authpass123 AES-256 privpass123\n\
         createUser only SHA authpass123\ncreateUser old MD5 authpass123 DES privpass123\n\
         rouser both priv\nrouser long priv\nrouser only auth\nrouser old priv\n\
         {lines}\n"
    );
    // What it keeps it writes into a file of the same name in its persistent folder.
    let (etc, kept) = (folder.join("etc"), folder.join("kept"));
    for folder in [&etc, &kept] {
        std::fs::create_dir_all(folder).unwrap();
    }
    std::fs::write(etc.join("snmpd.conf"), configuration).unwrap();
    let process = Command::new("snmpd")
        .args(["-f", "-Lo", "-I", "-smux,-mteTrigger,-mteTriggerConf", "-p"])
        .arg(folder.join("pid"))
        .env("SNMPCONFPATH", format!("{}:{}", etc.display(), kept.display()))
        .env("SNMP_PERSISTENT_DIR", &kept)
        .env("MIBS", "")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("Debian's package snmpd is needed");
    let agent = Agent { process };
    let begun = Instant::now();
    while bulkwalk(&["-v2c", "-c", "public", "-r0"], address, "1.3.6.1.2.1.1").is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(15), "snmpd never answered");
    }
    agent
}

fn snmpd() -> (Agent, SocketAddr, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port("127.21.0.1");
    let address: SocketAddr = format!("127.21.0.1:{port}").parse().unwrap();
    (start(address, folder.path()), address, folder)
}

/// Interface numbers and names a visit brought, as `snmpbulkwalk` would print them.
fn names(visit: &SwitchVisit) -> BTreeSet<(String, String)> {
    visit.ports.iter().map(|port| (port.if_index.to_string(), port.name.to_string())).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs snmpd"]
async fn net_snmp_answers_v2c_and_v3_alike() {
    let (_agent, address, _folder) = snmpd();
    let v2c = ["-v2c", "-c", "public"];
    let expected = bulkwalk(&v2c, address, "1.3.6.1.2.1.31.1.1.1.1");
    assert!(!expected.is_empty());
    let v3 = |user: &str, auth: &str, privacy: Option<&str>| {
        let privacy =
            privacy.map(|protocol| format!("\npriv = {{ protocol = \"{protocol}\", password = \"privpass123\" }}"));
        let auth = format!("auth = {{ protocol = \"{auth}\", password = \"authpass123\" }}");
        format!("kind = \"snmp-v3\"\nuser = \"{user}\"\n{auth}{}", privacy.unwrap_or_default())
    };
    let credentials = [
        "kind = \"snmp-v2c\"\ncommunity = \"public\"".to_owned(),
        v3("both", "sha256", Some("aes128")),
        v3("long", "sha512", Some("aes256")),
        v3("only", "sha1", None),
        v3("old", "md5", Some("des")),
        "kind = \"snmp-v1\"\ncommunity = \"public\"".to_owned(),
    ];
    for credential in credentials {
        let seen = visit(address, &credential).await;
        assert_eq!(seen.reach, Reach::Answered, "{credential}");
        assert_eq!(seen.errors, [], "{credential}");
        assert_eq!(names(&seen), expected, "{credential}");
        assert_eq!(seen.system.unwrap().name.as_str(), "lab-sw1");
        assert_eq!(seen.tables[&Table::Interfaces].completeness, Completeness::Complete);
        assert_eq!(seen.tables[&Table::Dot1qFdb].completeness, Completeness::Unsupported);
    }
    let begun = Instant::now();
    match visit(address, "kind = \"snmp-v2c\"\ncommunity = \"wrong\"").await.reach {
        Reach::Silent(why) => assert!(why.contains("wrong community"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert!(begun.elapsed() < Duration::from_secs(15));
}

/// What an agent says when it will not answer is in its target's words, whatever it cannot prove.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs snmpd"]
async fn net_snmp_refuses_and_the_cause_is_named() {
    let (_agent, address, _folder) = snmpd();
    let v3 = |user: &str, auth: &str, privacy: &str| format!("kind = \"snmp-v3\"\nuser = \"{user}\"\n{auth}{privacy}");
    let auth =
        |password: &str, protocol: &str| format!("auth = {{ protocol = \"{protocol}\", password = \"{password}\" }}\n");
    let privacy =
        |password: &str, protocol: &str| format!("priv = {{ protocol = \"{protocol}\", password = \"{password}\" }}\n");
    let (right_auth, right_priv) = (auth("authpass123", "sha256"), privacy("privpass123", "aes128"));
    let causes = [
        (v3("nobody", &right_auth, &right_priv), vec!["unknown user 'nobody'", "usmStatsUnknownUserNames"]),
        (
            v3("both", &auth("authpass124", "sha256"), &right_priv),
            vec!["wrong authentication password", "WrongDigests"],
        ),
        (v3("both", &auth("authpass123", "sha512"), &right_priv), vec!["wrong authentication password or protocol"]),
        (v3("only", &auth("authpass123", "sha1"), &right_priv), vec!["security level", "UnsupportedSecLevels"]),
        (v3("both", &right_auth, &privacy("privpass124", "aes128")), vec!["privacy password or protocol"]),
        (v3("both", &right_auth, ""), vec!["authorizationError"]),
    ];
    for (credential, words) in causes {
        let begun = Instant::now();
        let seen = visit(address, &credential).await;
        let Reach::Refused(why) = &seen.reach else { panic!("{credential}: {:?}", seen.reach) };
        for word in words {
            assert!(why.contains(word), "{credential}: {why}");
        }
        assert!(seen.tables.is_empty() && begun.elapsed() < Duration::from_secs(15), "{credential}");
    }
}

/// A switch that started again, and one that was replaced by another at the same address, answer at the next visit.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs snmpd"]
async fn net_snmp_started_again_or_replaced_is_answered_by_the_same_collector() {
    let (mut agent, address, folder) = snmpd();
    let credential = "kind = \"snmp-v3\"\nuser = \"both\"\n\
                      auth = { protocol = \"sha256\", password = \"authpass123\" }\n\
                      priv = { protocol = \"aes128\", password = \"privpass123\" }";
    let (config, switch, credential) = configuration(address, credential);
    let collector = SwitchCollector::bind().await.unwrap();
    let before = collector.visit(&config.snmp, &switch, &credential).await;
    assert_eq!((&before.reach, &before.errors), (&Reach::Answered, &Vec::new()));
    let other = tempfile::tempdir().unwrap();
    for (what, folder) in [("started again", folder.path()), ("replaced", other.path())] {
        // Ended kindly, so that it writes its count of starts down.
        let ended = Command::new("kill").arg(agent.process.id().to_string()).status().unwrap();
        assert!(ended.success());
        agent.process.wait().unwrap();
        agent = start(address, folder);
        let after = collector.visit(&config.snmp, &switch, &credential).await;
        assert_eq!((&after.reach, &after.errors), (&Reach::Answered, &Vec::new()), "{what}");
        assert_eq!(names(&after), names(&before), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_switch_costs_one_question_and_a_forbidden_one_none() {
    let port = free_port("127.21.0.9");
    let address: SocketAddr = format!("127.21.0.9:{port}").parse().unwrap();
    let community = "kind = \"snmp-v2c\"\ncommunity = \"public\"";
    let seen = visit(address, community).await;
    assert!(matches!(&seen.reach, Reach::Silent(why) if why.contains(&address.to_string())), "{:?}", seen.reach);
    assert_eq!((seen.requests, seen.tables.len()), (2, 0), "the question and one retry");

    let listener = UdpSocket::bind("127.21.0.10:0").unwrap();
    listener.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let (config, switch, mut credential) = configuration(listener.local_addr().unwrap(), community);
    credential.allow.clear();
    let collector = SwitchCollector::bind().await.unwrap();
    let seen = collector.visit(&config.snmp, &switch, &credential).await;
    assert!(matches!(&seen.reach, Reach::Refused(why) if why.contains("may not be sent")), "{:?}", seen.reach);
    assert!(listener.recv(&mut [0; 100]).is_err(), "something was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_truncated_answers_are_silence() {
    let socket = UdpSocket::bind("127.21.0.11:0").unwrap();
    let address = socket.local_addr().unwrap();
    let answering = std::thread::spawn(move || {
        socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
        let mut buffer = [0; 2000];
        let mut answers = 0;
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            for bad in [&b"\x30\x82"[..], b"", &buffer[..length / 2], &[0xff; 1400]] {
                socket.send_to(bad, from).unwrap();
                answers += 1;
            }
        }
        answers
    });
    let seen = visit(address, "kind = \"snmp-v2c\"\ncommunity = \"public\"").await;
    assert!(matches!(seen.reach, Reach::Silent(_)), "{:?}", seen.reach);
    assert!(answering.join().unwrap() >= 4);
}
