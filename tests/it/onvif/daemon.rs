//! The daemon over cameras on loopback, and what the command line says of them afterwards.

use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use lenswarden::daemon::{self, DaemonOptions, Outcome};
use lenswarden::lab::Replay;
use lenswarden::snapshot::Snapshot;
use lenswarden::store::{ChangeKind, Reader};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::double;
use super::secure::{Secure, Shows};

/// A folder with a configuration and a database.
pub(super) struct Station {
    folder: tempfile::TempDir,
}

/// How often cameras are visited, how long at most, and how many visits there are at once.
#[derive(Clone, Copy)]
pub(super) struct Pace<'a> {
    pub(super) every: &'a str,
    pub(super) deadline: &'a str,
    pub(super) at_once: usize,
}

impl Station {
    /// Looks for cameras in this block. `more` is the rest of `[[cameras]]`, and what follows it.
    pub(super) fn new(subnet: &str, more: &str) -> Self {
        Self::with(Pace { every: "1s", deadline: "5s", at_once: 256 }, subnet, more)
    }

    /// The same, at another pace.
    pub(super) fn with(pace: Pace<'_>, subnet: &str, more: &str) -> Self {
        let Pace { every, deadline, at_once } = pace;
        let station = Self { folder: tempfile::tempdir().unwrap() };
        let text = format!(
            "[daemon]\ndatabase = {:?}\ncontrol-socket = {:?}\ncameras-every = \"{every}\"\nsweep-every = \"{every}\"\nconcurrency = {at_once}\n\n\
             [onvif]\nconnect-timeout = \"500ms\"\ndeadline = \"{deadline}\"\nprobes-per-second = 2000\n\n\
             [[site]]\nid = \"hq\"\nname = \"Headquarters\"\nsensitivity = \"standard\"\n\n\
             [[cameras]]\nsite = \"hq\"\nsubnets = [\"{subnet}\"]\n{more}",
            station.path("lenswarden.db"),
            station.path("control.sock")
        );
        std::fs::write(station.path("config.toml"), text).unwrap();
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(station.path("config.toml"), private).unwrap();
        station
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the daemon; it ends when the sender is dropped.
    pub(super) fn start(&self) -> (oneshot::Sender<()>, JoinHandle<anyhow::Result<Outcome>>) {
        let (stop, stopped) = oneshot::channel::<()>();
        let options = DaemonOptions { config: self.path("config.toml"), once: false, trap_socket: None };
        let running = tokio::spawn(daemon::run(options, async move {
            let _ = stopped.await;
        }));
        (stop, running)
    }

    /// A daemon that starts, goes one round and stops.
    pub(super) async fn round(&self) -> Outcome {
        let options = DaemonOptions { config: self.path("config.toml"), once: true, trap_socket: None };
        daemon::run(options, std::future::pending()).await.unwrap()
    }

    pub(super) fn reader(&self) -> Reader {
        Reader::open(&self.path("lenswarden.db")).unwrap()
    }

    pub(super) fn look(&self) -> Snapshot {
        self.reader().snapshot().unwrap()
    }

    fn run(&self, words: &[&str]) -> Output {
        let binary = env!("CARGO_BIN_EXE_lenswarden");
        let output = Command::new(binary).arg("--config").arg(self.path("config.toml")).args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// What the program prints for programs.
    fn stdout(&self, words: &[&str]) -> String {
        String::from_utf8(self.run(words).stdout).unwrap()
    }

    /// What the program prints, data and words.
    pub(super) fn says(&self, words: &[&str]) -> String {
        let output = self.run(words);
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    }
}

/// A restart lies between two rounds: what is remembered was in the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_tls_key_is_pinned_over_restarts_and_another_one_is_an_event() {
    let camera = Secure::start(Ipv4Addr::new(127, 92, 0, 1), Shows::Own).await;
    let station = Station::new("127.92.0.1/32", &format!("ports = [1]\ndiscovery-port = {}\n", camera.discovery_port));
    let name = camera.address.to_string();
    let pin = |station: &Station| station.look().targets.get(name.as_str()).unwrap().camera.key.clone().unwrap();
    let logged = |station: &Station| {
        let changes = station.reader().changes(0, 10_000).unwrap();
        changes.iter().filter(|change| change.kind == ChangeKind::Target).count()
    };
    station.round().await;
    let first = pin(&station);
    assert!(first.key.proved && first.before.is_none());
    station.round().await;
    assert_eq!((pin(&station), logged(&station)), (first.clone(), 1), "the same key is no news");

    *camera.shows.lock().unwrap() = Shows::Other;
    station.round().await;
    let second = pin(&station);
    assert_eq!((second.before.as_ref(), logged(&station)), (Some(&first.key), 2), "it stands in the change log");
    assert!(second.since > first.since && second.key.sha256 != first.key.sha256);
    let words = "its TLS key changed from";
    for said in [station.says(&["explain", &name]), station.says(&["targets"])] {
        assert!(said.contains(words), "{said}");
    }
    let json: serde_json::Value = serde_json::from_str(&station.stdout(&["targets", "--json"])).unwrap();
    assert_eq!(json[0]["camera"]["key"]["before"]["sha256"], first.key.sha256);
    let json: serde_json::Value = serde_json::from_str(&station.stdout(&["explain", &name, "--json"])).unwrap();
    assert_eq!(json["cameras"][&name]["key"]["sha256"], second.key.sha256);

    station.round().await;
    assert_eq!((pin(&station), logged(&station)), (second, 2), "one event, not one a round");
    // Whoever only copied the certificate cannot sign with its key.
    *camera.shows.lock().unwrap() = Shows::Copied;
    station.round().await;
    assert!(!pin(&station).key.proved);
    let reader = station.reader();
    assert_eq!(reader.verify(&[], &[]).unwrap().faults, []);
    assert_eq!(reader.state_from_log().unwrap(), reader.state_from_tables().unwrap());
}

/// Sixteen channels, and the cameras on them answer nobody but their recorder.
#[tokio::test(flavor = "multi_thread")]
async fn cameras_behind_a_recorder_stand_in_the_first_line() {
    let folder = tempfile::tempdir().unwrap();
    let reply = |operation: &str, body: &str| {
        let text = double::envelope(&format!("<tds:{operation}Response>{body}</tds:{operation}Response>"));
        std::fs::write(folder.path().join(format!("{operation}-1.xml")), text).unwrap();
    };
    reply("GetDeviceInformation", "<tds:Manufacturer>HIKVISION</tds:Manufacturer><tds:Model>DS-7616NI-K2</tds:Model>");
    reply(
        "GetCapabilities",
        "<tds:Capabilities><tt:Extension><tt:DeviceIO><tt:VideoSources>16</tt:VideoSources></tt:DeviceIO></tt:Extension>\
         </tds:Capabilities>",
    );
    let clock = "GetSystemDateAndTime";
    std::fs::write(folder.path().join(format!("{clock}-1.xml")), double::reply(clock, 0)).unwrap();
    let replay = Replay::start(folder.path(), Ipv4Addr::new(127, 93, 0, 1), 0).unwrap();
    let silence = double::silence().await;
    let ports = (replay.address().port(), silence.local_addr().unwrap().port());
    let station = Station::new("127.93.0.1/32", &format!("ports = [{}]\ndiscovery-port = {}\n", ports.0, ports.1));
    station.round().await;
    assert_eq!(station.look().coverage().hidden, 16);
    let said = station.says(&["targets"]);
    assert!(said.contains("1 of 1 cameras answering (100 %), 16 more behind recorders"), "{said}");
    let said = station.says(&["explain", "127.93.0.1"]);
    assert!(said.contains("class recorder") && said.contains("16 video sources"), "{said}");
    let json: serde_json::Value = serde_json::from_str(&station.stdout(&["targets", "--json"])).unwrap();
    assert_eq!(json[0]["camera"]["channels"], 16);
    let json: serde_json::Value = serde_json::from_str(&station.stdout(&["poll", "127.93.0.1", "--json"])).unwrap();
    assert_eq!(json["channels"], 16);
}
