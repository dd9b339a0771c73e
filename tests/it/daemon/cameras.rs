//! The daemon over the lab's cameras: found, identified, tried once.

use std::net::IpAddr;

use lenswarden::control::{Reply, Request};
use lenswarden::daemon::Outcome;
use lenswarden::maker::{Surveillance, Verdict};
use lenswarden::snapshot::Snapshot;
use lenswarden::store::{CredentialState, Reader};

use super::{House, connect};

const RIGHT: &str = "lab-camera-secret";

fn cameras(snapshot: &Snapshot) -> usize {
    snapshot.targets.values().filter(|target| !target.switch).count()
}

/// Cameras that want a user.
fn guarded(house: &House) -> Vec<IpAddr> {
    let tries = Reader::open(&house.path("lenswarden.db")).unwrap().credentials().unwrap();
    tries.iter().map(|attempt| attempt.address).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_round_finds_and_identifies_every_camera() {
    let house = House::new().await;
    assert_eq!(house.once().await, Outcome::Complete);
    let (snapshot, truth) = (house.look(), house.lab.truth());
    let surveillance = || truth.devices.values().filter(|device| device.class != "other");
    assert_eq!(cameras(&snapshot), surveillance().filter(|device| device.ip.is_some()).count());
    for device in surveillance() {
        let row = snapshot.devices.values().find(|row| row.mac == Some(device.mac)).unwrap();
        assert_eq!(row.surveillance, Surveillance::Yes, "{device:?}");
        assert_eq!(row.maker.as_ref().map(ToString::to_string).as_deref(), device.maker, "{device:?}");
        assert_eq!(row.verdict == Verdict::Confirmed, device.maker.is_some(), "{device:?}");
        assert_eq!(row.ips, device.ip.into_iter().collect::<Vec<_>>(), "{device:?}");
    }
    // One camera of the lab has a password of its own.
    assert_eq!(house.lab.refusals().into_values().collect::<Vec<_>>(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_reaches_three_cameras_once_and_none_again_until_the_operator_acts() {
    let house = House::new().await;
    let right = house.lab.configuration();
    let soc = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    soc.set_read_timeout(Some(std::time::Duration::from_millis(500))).unwrap();
    let alert =
        format!("\n[[alert]]\nname = \"soc\"\nkind = \"syslog\"\naddress = \"{}\"\n", soc.local_addr().unwrap());
    house.configure(&(right.replace(RIGHT, "rotated-away-secret") + &alert));
    for _ in 0..3 {
        assert_eq!(house.once().await, Outcome::Complete, "a refusal is an answer");
    }
    let refused = house.lab.refusals();
    assert_eq!((refused.len(), refused.values().copied().max()), (3, Some(1)), "{refused:?}");
    // Whoever is told of breaches is told of that too, once.
    let mut told = Vec::new();
    let mut datagram = [0; 2048];
    while let Ok(length) = soc.recv(&mut datagram) {
        told.push(String::from_utf8_lossy(&datagram[..length]).into_owned());
    }
    let stops: Vec<_> = told.iter().filter(|line| line.contains("operation credential-stopped")).collect();
    assert!(stops.len() == 1 && stops[0].contains("lenswarden credential retry lab-onvif"), "{stops:?}");
    let snapshot = house.look();
    let waits = |snapshot: &Snapshot| snapshot.targets.values().filter(|target| target.state == "refused").count();
    assert!(waits(&snapshot) > 3);
    let why =
        snapshot.targets.values().map(|target| target.why.as_str()).find(|why| why.contains("stopped everywhere"));
    assert!(why.unwrap().contains("lenswarden credential retry lab-onvif"));

    // Running on, with a new round each second, sends nothing more.
    let (stop, running) = house.start();
    house
        .until("three more rounds", |now| {
            now.targets.values().filter(|target| !target.switch && target.last_ok > Some(snapshot.as_of)).count() > 3
        })
        .await;
    assert_eq!(house.lab.refusals(), refused);
    // The operator allows it again at one camera: one more attempt there.
    let address = *refused.keys().next().unwrap();
    let retry = async || {
        let mut client = connect(&house.path("control.sock")).await;
        let request = Request::Retry { credential: "lab-onvif".into(), address: Some(address) };
        let answer = tokio::task::spawn_blocking(move || client.ask(&request)).await.unwrap();
        assert!(matches!(answer, Ok(Reply::Done { count: 1 })), "{answer:?}");
        std::time::Instant::now()
    };
    let begun = retry().await;
    let mut asked = begun;
    while house.lab.refusals().get(&address) != Some(&2) {
        assert!(begun.elapsed() < super::PATIENCE, "the retry was never made");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        // An attempt that a busy machine did not bring to its camera in time stays claimed: it is the operator's again.
        let tries = Reader::open(&house.path("lenswarden.db")).unwrap().credentials().unwrap();
        let claimed = tries.iter().any(|it| it.address == address && it.state == CredentialState::Claimed);
        if claimed && asked.elapsed() > std::time::Duration::from_secs(30) {
            asked = retry().await;
        }
    }
    // The right password is another credential: it is tried at once, and taken everywhere.
    house.configure(&right);
    house.until("all answer but one with a password of its own", |snapshot| waits(snapshot) == 1).await;
    assert_eq!(house.lab.refusals().values().sum::<u32>(), 3 + 1 + 1);
    let tries = Reader::open(&house.path("lenswarden.db")).unwrap().credentials().unwrap();
    let taken = tries.iter().filter(|attempt| attempt.state == CredentialState::Accepted).count();
    assert_eq!(taken + 1, tries.len(), "{tries:?}");
    drop(stop);
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_in_the_middle_of_logging_in_cost_no_second_attempt() {
    let house = House::new().await;
    house.once().await;
    let before = house.lab.refusals();
    assert!(guarded(&house).len() > 3);
    house.configure(&house.lab.configuration().replace(RIGHT, "another-wrong-secret"));
    for restart in 0..20u64 {
        let (stop, running) = house.start();
        tokio::time::sleep(std::time::Duration::from_millis(restart * 37 % 400)).await;
        drop(stop);
        running.await.unwrap().unwrap();
    }
    let now = house.lab.refusals();
    let more: Vec<u32> =
        now.iter().map(|(address, count)| count - before.get(address).unwrap_or(&0)).filter(|more| *more > 0).collect();
    assert!(more.len() <= 3 && more.iter().all(|count| *count == 1), "{before:?} {now:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cameras_come_with_a_sweep_and_go_with_their_block() {
    let house = House::new().await;
    let (stop, running) = house.start();
    let before = house.lab.truth().devices;
    house.until("all cameras", |snapshot| cameras(snapshot) >= 12).await;
    // The first thing that happens in a lab: a camera is plugged into a core port.
    house.lab.step();
    let truth = house.lab.truth();
    let new = truth.devices.values().find(|device| !before.contains_key(&device.mac)).unwrap().clone();
    let seen = house
        .until("the new camera is identified and placed", |snapshot| {
            snapshot
                .devices
                .values()
                .any(|row| row.mac == Some(new.mac) && row.verdict == Verdict::Confirmed && row.place.switch.is_some())
        })
        .await;
    assert!(seen.targets.values().any(|target| Some(target.name.to_string()) == new.ip.map(|ip| ip.to_string())));
    let configuration = house.lab.configuration();
    let without: Vec<&str> = configuration.split("\n[[").filter(|part| !part.starts_with("cameras]]")).collect();
    house.configure(&without.join("\n[["));
    let gone = house.until("no camera is a target", |snapshot| cameras(snapshot) == 0).await;
    assert_eq!(gone.devices.len(), seen.devices.len(), "devices stay: nobody saw them go");
    drop(stop);
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_rotated_in_its_file_is_taken_on_sighup() {
    let house = House::new().await;
    let secret = |text: &str| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(house.path("secret"), text).unwrap();
        std::fs::set_permissions(house.path("secret"), std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    secret("not-the-secret");
    let inline = format!("password = \"{RIGHT}\"");
    let configuration = house.lab.configuration();
    assert!(configuration.contains(&inline));
    house.configure(&configuration.replace(&inline, "password-file = \"secret\""));
    let (stop, running) = house.start();
    let refused = |snapshot: &Snapshot| snapshot.targets.values().filter(|target| target.state == "refused").count();
    house.until("the wrong secret is refused", |snapshot| refused(snapshot) > 3).await;
    secret(RIGHT);
    let pid = std::process::id().to_string();
    assert!(std::process::Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    house.until("the right one is taken", |snapshot| refused(snapshot) == 1 && cameras(snapshot) > 10).await;
    drop(stop);
    running.await.unwrap().unwrap();
}
