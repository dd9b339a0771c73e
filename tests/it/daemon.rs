//! Sockets to database: the real daemon over the lab's switches, then over what the lab does next.

mod cameras;
mod metrics;
mod sweeps;

use std::path::{Path, PathBuf};
use std::time::Duration;

use lenswarden::control::client::{Client, ControlError};
use lenswarden::control::{Reply, Request};
use lenswarden::daemon::{self, DaemonOptions, Outcome};
use lenswarden::inventory::Certainty;
use lenswarden::lab::{Lab, Size};
use lenswarden::review::{DecisionKind, DecisionRequest, FindingState, Matter};
use lenswarden::snapshot::Snapshot;
use lenswarden::store::{ChangeKind, Reader};

/// How long anything may take on a machine that is busy with others: a bound, not a wait.
const PATIENCE: Duration = Duration::from_secs(180);

struct House {
    folder: tempfile::TempDir,
    lab: Lab,
}

impl House {
    async fn new() -> Self {
        let house = Self { folder: tempfile::tempdir().unwrap(), lab: Lab::start(Size::Small, 7).await.unwrap() };
        house.configure(&house.lab.configuration());
        house
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The configuration with `[daemon]` before the lab's part. Replaced whole, as an editor does.
    fn configure(&self, rest: &str) {
        self.configure_cameras("2s", "1s", rest);
    }

    fn configure_cameras(&self, sweep_every: &str, cameras_every: &str, rest: &str) {
        let text = format!(
            "[daemon]\ndatabase = {:?}\ncontrol-socket = {:?}\npoll-every = \"1s\"\n\
             cameras-every = \"{cameras_every}\"\nsweep-every = \"{sweep_every}\"\n\n{rest}",
            self.path("lenswarden.db"),
            self.path("control.sock")
        );
        std::fs::write(self.path("new"), text).unwrap();
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(self.path("new"), std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::rename(self.path("new"), self.path("config.toml")).unwrap();
    }

    async fn once(&self) -> Outcome {
        let options = DaemonOptions { config: self.path("config.toml"), once: true, trap_socket: None };
        daemon::run(options, std::future::pending()).await.unwrap()
    }

    fn look(&self) -> Snapshot {
        Reader::open(&self.path("lenswarden.db")).unwrap().snapshot().unwrap()
    }

    /// Starts the daemon; it ends when the sender is dropped.
    fn start(&self) -> (tokio::sync::oneshot::Sender<()>, tokio::task::JoinHandle<anyhow::Result<Outcome>>) {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let options = DaemonOptions { config: self.path("config.toml"), once: false, trap_socket: None };
        let running = tokio::spawn(daemon::run(options, async move {
            let _ = stopped.await;
        }));
        (stop, running)
    }

    async fn until(&self, what: &str, reached: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let begun = std::time::Instant::now();
        loop {
            if let Ok(snapshot) = Reader::open(&self.path("lenswarden.db")).and_then(|mut reader| reader.snapshot())
                && reached(&snapshot)
            {
                return snapshot;
            }
            assert!(begun.elapsed() < PATIENCE, "never: {what}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn switches(snapshot: &Snapshot) -> usize {
    snapshot.targets.values().filter(|target| target.switch).count()
}

async fn connect(path: &Path) -> Client {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || Client::connect(&path)).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_round_finds_every_device_on_its_true_port() {
    let house = House::new().await;
    assert_eq!(house.once().await, Outcome::Complete);
    let (snapshot, truth) = (house.look(), house.lab.truth());
    assert_eq!(snapshot.targets.values().filter(|target| target.switch).count(), truth.switches.len());
    let mut wrong = Vec::new();
    for (mac, device) in &truth.devices {
        let Some(row) = snapshot.devices.values().find(|row| row.mac == Some(*mac)) else {
            wrong.push(format!("{mac} was not found"));
            continue;
        };
        let place = &row.place;
        let got = (place.switch.as_ref().map(ToString::to_string), place.port.as_ref().map(ToString::to_string));
        let vlan_right =
            place.vlan == Some(device.vlan) || (place.vlan.is_none() && truth.vlan_blind.contains(&device.switch));
        if got != (Some(device.switch.clone()), Some(device.port.clone())) || !vlan_right {
            wrong.push(format!("{mac}: {got:?} VLAN {:?}, in truth {device:?}", place.vlan));
        }
        assert!(matches!(place.certainty, Certainty::Direct | Certainty::Shared), "{mac}: {:?}", place.certainty);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let extra: Vec<_> =
        snapshot.devices.values().filter(|row| row.mac.is_none_or(|mac| !truth.devices.contains_key(&mac))).collect();
    assert!(extra.is_empty(), "devices that are none: {extra:#?}");
    assert!(snapshot.daemon.stopped.is_some() && snapshot.daemon.absent);

    // A second round over an unchanged estate writes nothing but that the daemon came and went.
    let seq = snapshot.seq;
    house.once().await;
    let reader = Reader::open(&house.path("lenswarden.db")).unwrap();
    let kinds: Vec<ChangeKind> = reader.changes(seq, 100).unwrap().into_iter().map(|change| change.kind).collect();
    let only = [ChangeKind::Configuration, ChangeKind::Daemon];
    let rejudged = kinds.iter().filter(|kind| !only.contains(kind)).count();
    assert_eq!(rejudged, 0, "{kinds:?}");
    assert_eq!(reader.verify(&[], &[]).unwrap().faults, []);
    assert_eq!(reader.state_from_log().unwrap(), reader.state_from_tables().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_over_the_socket_stands_in_the_log_with_its_author() {
    let house = House::new().await;
    house.configure(&(house.lab.configuration() + "\n[decisions]\ntwo-persons = \"never\"\n"));
    house.once().await;
    let snapshot = house.look();
    let finding =
        snapshot.findings.values().find(|finding| finding.state == FindingState::Open).expect("a finding").clone();
    let (stop, running) = house.start();
    house.until("the daemon runs", |snapshot| !snapshot.daemon.absent && snapshot.daemon.stopped.is_none()).await;
    let mut client = connect(&house.path("control.sock")).await;
    assert!(client.may_decide(), "the daemon's own user may");
    let until = jiff::Zoned::now().date().tomorrow().unwrap();
    let (wanted, seen) = (finding.id, finding.revision);
    let decide = move |revision| Request::Decide {
        decisions: vec![DecisionRequest {
            on: Matter::Finding { finding: wanted, revision },
            decision: DecisionKind::Accept { until, reason: "needed for safety".into(), control: "a guard".into() },
        }],
    };
    let (client, refused, decided) = tokio::task::spawn_blocking(move || {
        let refused = client.ask(&decide(99));
        let decided = client.ask(&decide(seen));
        (client, refused, decided)
    })
    .await
    .unwrap();
    assert!(matches!(refused, Err(ControlError::Refused(why)) if why.contains("changed since you looked")));
    assert!(matches!(decided, Ok(Reply::Decided { .. })), "{decided:?}");
    let uid = nix::unistd::Uid::current().as_raw();
    let after = house.look();
    let decision = after.findings[&finding.id].decision.clone().unwrap();
    assert_eq!((decision.author.uid, decision.author.name.as_str()), (uid, client.who()));
    assert_eq!(after.findings[&finding.id].state, FindingState::Accepted);
    let reader = Reader::open(&house.path("lenswarden.db")).unwrap();
    let logged = reader.changes(0, 100_000).unwrap().into_iter().filter(|change| change.kind == ChangeKind::Decision);
    assert_eq!(logged.filter_map(|change| change.body).filter(|body| body.contains("needed for safety")).count(), 1);
    drop(stop);
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_configuration_is_taken_and_a_bad_one_is_shown() {
    let house = House::new().await;
    let whole = house.lab.configuration();
    let second = whole.match_indices("[[switch]]").nth(1).unwrap().0;
    let third = whole.match_indices("[[switch]]").nth(2).unwrap().0;
    house.configure(&[&whole[..second], &whole[third..]].concat());
    let (stop, running) = house.start();
    house.until("two switches", |snapshot| switches(snapshot) == 2).await;
    house.configure(&whole);
    house
        .until("the third answers", |snapshot| {
            snapshot.targets.values().filter(|target| target.switch && target.state == "answering").count() == 3
        })
        .await;
    house.configure("[[site]]\nid = \"x\"\nsensitivity = \"loud\"\n");
    let bad = house.until("the problem shows", |snapshot| !snapshot.daemon.configuration_problem.is_empty()).await;
    assert!(bad.daemon.configuration_problem.contains("unknown variant `loud`"));
    assert_eq!(switches(&bad), 3, "a bad file changes nothing");
    house.configure(&whole);
    house.until("the problem is over", |snapshot| snapshot.daemon.configuration_problem.is_empty()).await;
    // Only one daemon writes a database.
    let options = DaemonOptions { config: house.path("other.toml"), once: true, trap_socket: None };
    std::fs::write(house.path("other.toml"), format!("[daemon]\ndatabase = {:?}\n", house.path("lenswarden.db")))
        .unwrap();
    let error = daemon::run(options, std::future::pending()).await.unwrap_err();
    assert!(error.to_string().contains("another daemon already uses"), "{error}");
    drop(stop);
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_opens_on_its_schedule_once() {
    let house = House::new().await;
    let review = "\n[[review]]\nname = \"every-minute\"\nschedule = \"* * * * *\"\nowner = \"tests\"\ndue = \"1h\"\n";
    house.configure(&(house.lab.configuration() + review));
    house.once().await;
    let (stop, running) = house.start();
    house.until("the daemon runs", |snapshot| !snapshot.daemon.absent && snapshot.daemon.stopped.is_none()).await;
    let client = connect(&house.path("control.sock")).await;
    let opened = tokio::task::spawn_blocking(move || {
        let mut client = client;
        let planned = client.ask(&Request::Reviews);
        assert!(
            matches!(&planned, Ok(Reply::Reviews { reviews }) if reviews.iter().any(|it| it.name == "every-minute")),
            "{planned:?}"
        );
        client.ask(&Request::Run { review: "every-minute".into() })
    });
    assert!(matches!(opened.await.unwrap(), Ok(Reply::Opened { items, .. }) if items > 0));
    // The schedule's own moment is at most a minute away.
    let begun = std::time::Instant::now();
    while house.look().cycles.values().filter(|cycle| cycle.name == "every-minute").count() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(75), "the schedule never fired");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let scheduled: Vec<_> = house.look().cycles.values().map(|cycle| cycle.scheduled).collect();
    let distinct: std::collections::BTreeSet<_> = scheduled.iter().collect();
    assert_eq!(distinct.len(), scheduled.len());
    drop(stop);
    running.await.unwrap().unwrap();
}
