//! Recordings of real switches, served over the wire, and agents that misbehave. Nothing of them is in this repository:
//! the tests run where `../shared` is, and are ignored elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lenswarden::collect::switch::SwitchCollector;
use lenswarden::observation::{Completeness, NeighbourProtocol, Reach, SwitchVisit, Table};
use lenswarden::snmp::{Agent, Limits, Manner, Oid, Pace, Security, Sockets, WalkEnd, walk};
use serde_json::{Value, json};

use crate::snmp::{bulkwalk, configuration_with, free_port};

pub(crate) const V2C: &str = "kind = \"snmp-v2c\"\ncommunity = \"public\"";
pub(crate) const V3: &str = "kind = \"snmp-v3\"\nuser = \"poller\"\nauth = { protocol = \"sha1\", password = \"authpass1\" }\n\
                  priv = { protocol = \"aes128\", password = \"privpass1\" }";

/// A path that loses, delays, and carries small datagrams only.
pub(crate) const BAD_PATH: [&str; 6] = ["--loss", "2", "--delay-ms", "20", "--max-msg", "484"];
/// Settings with patience for it.
pub(crate) const PATIENT: &str = "timeout = \"500ms\"\nretries = 5\ndeadline = \"5m\"\n";

pub(crate) fn shared() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    std::env::var_os("LENSWARDEN_SHARED").map_or_else(beside, PathBuf::from)
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Agents of recordings, by the folder each was read from.
pub(crate) struct Served {
    _process: Process,
    _folder: tempfile::TempDir,
    pub(crate) agents: Vec<(PathBuf, SocketAddr)>,
}

impl Served {
    fn one(&self) -> SocketAddr {
        self.agents[0].1
    }
}

/// Serves every recording below a folder of `../shared/recordings`.
pub(crate) fn serve(below: &str, options: &[&str]) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("map.tsv");
    let port = free_port("127.1.0.1");
    let process = Command::new("python3")
        .arg(shared().join("tools/simagent.py"))
        .args(["--port", &port.to_string(), "--map"])
        .arg(&map)
        .args(options)
        .arg(shared().join("recordings").join(below))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("python3 is needed");
    let process = Process(process);
    let begun = Instant::now();
    loop {
        let text = std::fs::read_to_string(&map).unwrap_or_default();
        let agent = |line: &str| {
            let mut words = line.split('\t');
            let (ip, _, folder) = (words.next()?, words.next()?, words.next()?);
            Some((PathBuf::from(folder), SocketAddr::new(ip.parse::<IpAddr>().ok()?, port)))
        };
        let agents: Vec<_> = text.lines().filter_map(agent).collect();
        if text.ends_with('\n') && !agents.is_empty() {
            return Served { _process: process, _folder: folder, agents };
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "the recordings were never served");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Visits every agent, some at once, each as its own switch of one collector.
async fn visits(served: &Served, credential: &str, settings: &str) -> Vec<(PathBuf, SwitchVisit)> {
    let collector = Arc::new(SwitchCollector::bind().await.unwrap());
    let permits = Arc::new(tokio::sync::Semaphore::new(8));
    let mut all = tokio::task::JoinSet::new();
    for (number, (folder, address)) in served.agents.iter().cloned().enumerate() {
        let (collector, permits) = (Arc::clone(&collector), Arc::clone(&permits));
        let (config, mut switch, credential) = configuration_with(address, credential, settings);
        switch.name = format!("s{number}").into();
        all.spawn(async move {
            let _permit = permits.acquire().await.unwrap();
            (folder, collector.visit(&config.snmp, &switch, &credential).await)
        });
    }
    let mut all = all.join_all().await;
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    all
}

fn expected(folder: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join("expected.json")).unwrap()).unwrap()
}

/// What `score.py` makes of what `poll --json` prints.
fn score(folder: &Path, visit: &SwitchVisit) -> BTreeMap<String, u64> {
    let printed = lenswarden::report::visit::json(visit);
    let rows = printed["fdb"].as_array().unwrap().iter();
    let rows: Vec<Value> =
        rows.map(|row| json!({"mac": row["mac"], "vlan": row["vlan"], "ifIndex": row["if_index"]})).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), serde_json::to_string(&rows).unwrap()).unwrap();
    let out = Command::new("python3")
        .arg(shared().join("tools/score.py"))
        .args([&folder.join("expected.json"), file.path()])
        .output()
        .unwrap();
    serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&out.stderr)))
}

/// Scores every device of a folder; the rows of all, as `score.py` counts them.
async fn scored(below: &str, options: &[&str], credential: &str, settings: &str) -> BTreeMap<String, u64> {
    let served = serve(below, options);
    let begun = Instant::now();
    let seen = visits(&served, credential, settings).await;
    let wall = begun.elapsed();
    let mut total: BTreeMap<String, u64> = BTreeMap::new();
    for (folder, visit) in &seen {
        assert_eq!(visit.reach, Reach::Answered, "{}", folder.display());
        // A Cisco recorded without its contexts is silent in them, and says so; nothing else is amiss.
        let amiss: Vec<_> = visit.errors.iter().filter(|error| error.asked != "vlanFdb").collect();
        assert!(amiss.is_empty(), "{}: {amiss:?}", folder.display());
        let counts = score(folder, visit);
        let bad = ["port WRONG", "vlan WRONG", "vlan asserted though unknowable", "port given though unresolvable"];
        for key in bad.into_iter().chain(["invented rows"]) {
            assert_eq!(counts.get(key).copied().unwrap_or(0), 0, "{}: {key}: {counts:?}", folder.display());
        }
        for (key, count) in counts {
            *total.entry(key).or_default() += count;
        }
    }
    let requests: u32 = seen.iter().map(|(_, visit)| visit.requests).sum();
    println!("{below} {options:?}: {total:?}, {requests} requests, {:.1} s", wall.as_secs_f64());
    let count = |key: &str| total.get(key).copied().unwrap_or(0);
    assert!(count("row missing") * 100 < count("rows"), "{total:?}");
    assert!(count("port missing") * 100 < count("rows"), "{total:?}");
    assert!(count("vlan missing") * 100 < count("rows") * 4, "{total:?}");
    total
}

const QUICK: &str = "timeout = \"1s\"\nretries = 1\n";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared"]
async fn every_recorded_switch_has_its_ports_and_vlans_right() {
    let total = scored("devices", &[], V2C, QUICK).await;
    assert_eq!(total["rows"], 12_627);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared"]
async fn every_recorded_switch_has_them_right_as_an_snmpv3_user() {
    scored("devices", &[], V3, QUICK).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared"]
async fn every_recorded_switch_has_them_right_over_a_slow_and_lossy_path() {
    scored("devices", &BAD_PATH, V2C, PATIENT).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared"]
async fn every_recorded_switch_has_them_right_as_an_snmpv3_user_over_such_a_path() {
    scored("devices", &BAD_PATH, V3, PATIENT).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared"]
async fn a_cisco_tells_every_vlan_in_its_contexts() {
    for credential in [V2C, V3] {
        let total = scored("networks/malm", &[], credential, QUICK).await;
        assert_eq!((total["port right"], total["vlan right"]), (1741, 575), "{total:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared"]
async fn every_recorded_switch_of_the_networks_has_its_ports_right() {
    scored("networks", &[], V2C, QUICK).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared"]
async fn neighbours_and_aggregates_of_every_recorded_switch_are_on_their_ports() {
    let served = serve("devices", &["--base", "127.2.0.1"]);
    let (mut neighbours, mut members, mut delivering) = (0, 0, 0);
    for (folder, visit) in visits(&served, V2C, QUICK).await {
        let expected = expected(&folder);
        for (protocol, key) in [(NeighbourProtocol::Lldp, "lldp"), (NeighbourProtocol::Cdp, "cdp")] {
            let sorted = |mut ports: Vec<Option<u64>>| {
                ports.sort_unstable();
                ports
            };
            let wanted = expected[key].as_array().unwrap().iter().map(|row| row["ifIndex"].as_u64()).collect();
            let got = visit.neighbours.iter().filter(|neighbour| neighbour.protocol == protocol);
            let got: Vec<Option<u64>> = got.map(|neighbour| neighbour.if_index.map(u64::from)).collect();
            neighbours += got.len();
            assert_eq!(sorted(got), sorted(wanted), "{}: {key}", folder.display());
        }
        let wanted: BTreeMap<u64, u64> = expected["lag"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(member, aggregate)| (member.parse().unwrap(), aggregate.as_u64().unwrap()))
            .collect();
        let got = visit.ports.iter().filter_map(|port| Some((port.if_index.into(), port.lag?.into())));
        let got: BTreeMap<u64, u64> = got.collect();
        members += got.len();
        assert_eq!(got, wanted, "{}: aggregates", folder.display());
        delivering += visit.ports.iter().filter(|port| port.poe.as_deref() == Some("delivering")).count();
        let held = |row: &Value| visit.arp.iter().any(|own| own.ip.to_string() == row["ip"].as_str().unwrap_or(""));
        let group = |row: &Value| u8::from_str_radix(&row["mac"].as_str().unwrap()[..2], 16).unwrap() & 1 == 1;
        let lost: Vec<_> = expected["arp"].as_array().unwrap().iter().filter(|row| !group(row) && !held(row)).collect();
        assert!(lost.is_empty(), "{}: {lost:?}", folder.display());
    }
    println!("{neighbours} neighbours, {members} members of aggregates, {delivering} ports delivering power");
    assert!(neighbours > 300 && members > 40, "{neighbours} {members}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared"]
async fn a_second_visit_asks_for_less_and_finds_the_same() {
    for name in ["arista-7050", "ciscosb-sg350x"] {
        let served = serve(&format!("devices/{name}"), &["--base", "127.3.0.1"]);
        let (config, switch, credential) = configuration_with(served.one(), V2C, QUICK);
        let collector = SwitchCollector::bind().await.unwrap();
        let first = collector.visit(&config.snmp, &switch, &credential).await;
        let second = collector.visit(&config.snmp, &switch, &credential).await;
        assert!(second.requests * 10 < first.requests * 5, "{name}: {} then {}", first.requests, second.requests);
        println!("{name}: {} requests, then {}", first.requests, second.requests);
        assert_eq!((&second.fdb, &second.ports, &second.vlans), (&first.fdb, &first.ports, &first.vlans), "{name}");
        assert_eq!((&second.neighbours, &second.tables), (&first.neighbours, &first.tables), "{name}");
        assert_eq!((&second.inventory, &second.readings), (&first.inventory, &first.readings), "{name}");
    }
}

/// A Cisco that does not let this host into its contexts says so, with what to configure, and is never taken for whole.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared"]
async fn a_cisco_whose_contexts_are_shut_says_what_to_configure() {
    let served = serve("devices/cisco-ios-c3750", &["--base", "127.7.0.1"]);
    let v3 = "context vlan-1 is unknown to it (snmpUnknownContexts): let the user's group in: `snmp-server group";
    for (credential, words) in [(V2C, "it does not answer COMMUNITY@1"), (V3, v3)] {
        let (config, switch, credential) = configuration_with(served.one(), credential, QUICK);
        let collector = SwitchCollector::bind().await.unwrap();
        let first = collector.visit(&config.snmp, &switch, &credential).await;
        let [error] = first.errors.as_slice() else { panic!("{:?}", first.errors) };
        assert!(error.message.contains(words) && !error.message.contains("public"), "{}", error.message);
        assert!(!first.fdb.is_empty() && !first.fdb_complete());
        let second = collector.visit(&config.snmp, &switch, &credential).await;
        assert_eq!(second.errors, first.errors, "it is not asked again at once, and says the same");
        assert!(second.finished.since(second.started) < Duration::from_millis(900));
    }
}

/// Two switches with one engine id, as a cloned configuration makes them, are both asked.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared"]
async fn two_switches_with_one_engine_id_both_answer() {
    let served = ["127.6.0.1", "127.6.1.1"].map(|base| serve("devices/dlink-des3526", &["--base", base]));
    let collector = SwitchCollector::bind().await.unwrap();
    for round in 0..2 {
        for (number, served) in served.iter().enumerate() {
            let (config, mut switch, credential) = configuration_with(served.one(), V3, QUICK);
            switch.name = format!("s{number}").into();
            let seen = collector.visit(&config.snmp, &switch, &credential).await;
            assert_eq!((&seen.reach, &seen.errors), (&Reach::Answered, &Vec::new()), "{round} {number}");
        }
    }
}

/// What we bring home is what net-snmp's own tool prints.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared"]
async fn no_row_of_a_recorded_switch_is_lost_against_snmpbulkwalk() {
    for name in ["hp-procurve-2520", "arista-7050", "dlink-dgs3620"] {
        let served = serve(&format!("devices/{name}"), &["--base", "127.4.0.1"]);
        let (config, switch, credential) = configuration_with(served.one(), V2C, QUICK);
        let seen = SwitchCollector::bind().await.unwrap().visit(&config.snmp, &switch, &credential).await;
        assert_eq!((&seen.reach, &seen.errors), (&Reach::Answered, &Vec::new()), "{name}");
        let walk = |oid: &str| bulkwalk(&["-v2c", "-c", "public"], served.one(), oid);
        let rows = walk("1.3.6.1.2.1.17.7.1.2.2.1.2");
        let device_rows = rows.iter().filter(|(index, _)| {
            let octets: Vec<u32> = index.split('.').skip(1).filter_map(|arc| arc.parse().ok()).collect();
            octets.iter().any(|octet| *octet != 0) && octets[0] & 1 == 0
        });
        assert_eq!(seen.fdb.len(), device_rows.count(), "{name}: forwarding rows");
        let interfaces: BTreeSet<String> = walk("1.3.6.1.2.1.2.2.1.2").into_iter().map(|(index, _)| index).collect();
        let got: BTreeSet<String> = seen.ports.iter().map(|port| port.if_index.to_string()).collect();
        assert!(interfaces.is_subset(&got), "{name}: interfaces");
        assert_eq!(seen.neighbours.len(), walk("1.0.8802.1.1.2.1.4.1.1.5").len(), "{name}: LLDP neighbours");
        assert_eq!(seen.tables[&Table::Dot1qFdb].completeness, Completeness::Complete);
    }
}

/// Walks the one column of an agent that misbehaves in this way: rows, end, seconds.
async fn misbehaving(mode: &str) -> (usize, WalkEnd, f64) {
    let port = free_port("127.5.0.1");
    let process = Command::new("python3")
        .arg(shared().join("tools/bad_agent.py"))
        .args([mode, "127.5.0.1", &port.to_string()])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _process = Process(process);
    let address: SocketAddr = format!("127.5.0.1:{port}").parse().unwrap();
    let column = Oid::new(&[1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 2]);
    let manner = Manner { timeout: Duration::from_millis(300), retries: 1, per_target: 2 };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    let limits = Limits { max_rows: 1000, deadline };
    let sockets = Sockets::bind().await.unwrap();
    for attempt in 0..50 {
        let agent = Agent::new(&sockets, address, &Security::v2c("public"), manner).unwrap();
        let begun = Instant::now();
        let walked = walk(&agent, &column, limits, &Pace::default(), None).await;
        let unborn = matches!(&walked.end, WalkEnd::Failed(why) if why == "no answer") && mode != "othersrc";
        if !unborn || attempt == 49 {
            return (walked.rows.len(), walked.end, begun.elapsed().as_secs_f64());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    unreachable!()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared"]
async fn a_misbehaving_agent_gives_all_its_rows_or_is_said_to_be_cut_off() {
    for mode in ["none", "short", "toobig", "generr", "dropbig", "dup"] {
        let (rows, end, seconds) = misbehaving(mode).await;
        println!("{mode}: {rows} rows, {end:?}, {seconds:.2} s");
        assert_eq!((rows, end), (200, WalkEnd::Complete), "{mode}");
        assert!(seconds < 5.0, "{mode}: {seconds}");
    }
    // All rows, and an end that is no end: the agent says noSuchName of version 1 in version 2.
    let (rows, end, _) = misbehaving("nosuch").await;
    assert!(rows == 200 && end != WalkEnd::Failed(String::new()), "{end:?}");
    for (mode, least, words) in [
        ("loop", 100, "do not increase"),
        ("same", 0, "do not increase"),
        ("empty", 60, "without a row"),
        ("bogus", 60, ""),
        ("othersrc", 0, "no answer"),
    ] {
        let (rows, end, seconds) = misbehaving(mode).await;
        println!("{mode}: {rows} rows, {end:?}, {seconds:.2} s");
        let (WalkEnd::Partial(why) | WalkEnd::Failed(why)) = &end else { panic!("{mode} passed for complete") };
        assert!(why.contains(words) && rows >= least && rows < 200, "{mode}: {rows} {why}");
        assert!(seconds < 10.0, "{mode}: {seconds}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared"]
async fn every_recorded_agent_answers_in_one_round_of_the_daemon() {
    use lenswarden::daemon::{self, DaemonOptions};
    use std::os::unix::fs::PermissionsExt as _;

    let served = serve("", &[]);
    let folder = tempfile::tempdir().unwrap();
    let (config, database) = (folder.path().join("config.toml"), folder.path().join("lenswarden.db"));
    let mut text = format!(
        "[daemon]\ndatabase = {database:?}\ncontrol-socket = {:?}\n\n[[site]]\nid = \"all\"\nsensitivity = \"standard\"\n\n\
         [[credential]]\nid = \"c\"\n{V2C}\n",
        folder.path().join("control.sock")
    );
    for (number, (_, address)) in served.agents.iter().enumerate() {
        let name = format!("s{number}");
        text +=
            &format!("[[switch]]\nname = \"{name}\"\naddress = \"{address}\"\nsite = \"all\"\ncredential = \"c\"\n");
    }
    std::fs::write(&config, text).unwrap();
    std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o600)).unwrap();
    let begun = Instant::now();
    daemon::run(DaemonOptions { config, once: true, trap_socket: None }, std::future::pending()).await.unwrap();
    let wall = begun.elapsed();
    let snapshot = lenswarden::store::Reader::open(&database).unwrap().snapshot().unwrap();
    let silent: Vec<_> = snapshot.targets.values().filter(|target| target.last_ok.is_none()).collect();
    assert!(silent.is_empty() && snapshot.targets.len() == served.agents.len(), "{silent:#?}");
    let requests: u32 = snapshot.targets.values().map(|target| target.requests).sum();
    println!(
        "{} agents, {requests} requests, {} devices, one round in {:.1} s",
        served.agents.len(),
        snapshot.devices.len(),
        wall.as_secs_f64()
    );
}
