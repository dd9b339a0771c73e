//! How the daemon finds cameras: what it asks again and what not, what makes it look at once, what it lets go.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use lenswarden::config;
use lenswarden::maker::Verdict;
use lenswarden::snapshot::Snapshot;
use tokio::net::UdpSocket;

use super::{House, PATIENCE};

/// When sweeps asked each address last, as the database has it.
fn swept(house: &House) -> BTreeMap<String, i64> {
    let read = || -> rusqlite::Result<BTreeMap<String, i64>> {
        let connection = rusqlite::Connection::open(house.path("lenswarden.db"))?;
        let mut statement = connection.prepare("SELECT address, at FROM swept")?;
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    read().unwrap_or_default()
}

async fn until_swept(house: &House, reached: impl Fn(&BTreeMap<String, i64>) -> bool) -> BTreeMap<String, i64> {
    let begun = Instant::now();
    loop {
        let swept = swept(house);
        if reached(&swept) {
            return swept;
        }
        assert!(begun.elapsed() < PATIENCE, "{} addresses were swept", swept.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn camera(snapshot: &Snapshot, address: IpAddr) -> bool {
    snapshot.targets.contains_key(&lenswarden::net::TargetName::from(address.to_string().as_str()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_address_in_a_switchs_table_and_a_camera_on_a_new_port_are_visited_within_five_seconds() {
    let house = House::new().await;
    // No sweep comes within the hour once the first is through.
    house.configure_cameras("1h", "1h", &house.lab.configuration());
    let hosts: usize =
        config::load(&house.path("config.toml")).unwrap().cameras.iter().map(|block| block.hosts().len()).sum();
    let (stop, running) = house.start();
    let before = house.lab.truth().devices;
    let addresses = before.values().filter(|device| device.class != "other" && device.ip.is_some()).count();
    house.until("all cameras", |now| now.targets.values().filter(|target| !target.switch).count() >= addresses).await;
    // Cameras that were known before their turn came are not swept.
    let asked = until_swept(&house, |swept| swept.len() + addresses >= hosts).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let begun = Instant::now();
    house.lab.step();
    let truth = house.lab.truth().devices;
    let new = truth.values().find(|device| !before.contains_key(&device.mac)).unwrap().clone();
    house
        .until("the new camera is identified", |now| {
            now.devices.values().any(|row| row.mac == Some(new.mac) && row.verdict == Verdict::Confirmed)
                && camera(now, new.ip.unwrap())
        })
        .await;
    // A poll of its switch comes first, within a second; the visit follows.
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(6), "{took:?}");
    assert_eq!(swept(&house), asked, "no sweep found it");

    // A camera moves to another port: no table of addresses changes, and its next visit is an hour away.
    let before = house.look();
    house.lab.step();
    let now = house.lab.truth().devices;
    let moved = now
        .values()
        .find(|device| (&truth[&device.mac].switch, &truth[&device.mac].port) != (&device.switch, &device.port));
    let name = lenswarden::net::TargetName::from(moved.unwrap().ip.unwrap().to_string().as_str());
    let begun = Instant::now();
    house.until("it is looked at", |now| now.targets[&name].last_attempt > before.targets[&name].last_attempt).await;
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    drop(stop);
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_answers_elsewhere_leaves_no_silent_target_behind() {
    readdressed(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_one_that_went_while_no_daemon_ran() {
    readdressed(true).await;
}

async fn readdressed(while_stopped: bool) {
    let house = House::new().await;
    // The seventh thing that happens there is that a camera gets another address.
    for _ in 0..6 {
        house.lab.step();
    }
    let (mut stop, mut running) = house.start();
    let before = house.lab.truth().devices;
    let addresses = before.values().filter(|device| device.class != "other" && device.ip.is_some()).count();
    house.until("all cameras", |now| now.targets.values().filter(|target| !target.switch).count() >= addresses).await;
    if while_stopped {
        drop(stop);
        running.await.unwrap().unwrap();
        house.lab.step();
        (stop, running) = house.start();
    } else {
        house.lab.step();
    }
    let after = house.lab.truth().devices;
    let moved = |mac| (before.get(mac).and_then(|device| device.ip), after.get(mac).and_then(|device| device.ip));
    let (mac, old, new) = before
        .keys()
        .find_map(|mac| match moved(mac) {
            (Some(old), Some(new)) if old != new => Some((*mac, old, new)),
            _ => None,
        })
        .unwrap();
    let now = house
        .until("the old address is no target any more and not the camera's", |now| {
            let row = now.devices.values().find(|row| row.mac == Some(mac));
            camera(now, new) && !camera(now, old) && row.is_some_and(|row| row.ips == [new])
        })
        .await;
    assert_eq!(now.devices.values().filter(|row| row.mac == Some(mac)).count(), 1);
    // It stays so, and nothing else was dropped.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let now = house.look();
    assert!(camera(&now, new) && !camera(&now, old));
    assert!(now.targets.values().filter(|target| !target.switch).count() >= addresses);
    drop(stop);
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_goes_on_after_a_restart_where_it_stopped() {
    let house = House::new().await;
    let silence = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = silence.local_addr().unwrap().port();
    let text = format!(
        "[onvif]\nprobes-per-second = 2000\n[[site]]\nid = \"x\"\nsensitivity = \"standard\"\n\
         [[cameras]]\nsite = \"x\"\nsubnets = [\"127.90.0.0/23\"]\nports = [9]\ndiscovery-port = {port}\n"
    );
    house.configure_cameras("1h", "1h", &text);
    let (stop, running) = house.start();
    let first = until_swept(&house, |swept| !swept.is_empty()).await;
    drop(stop);
    running.await.unwrap().unwrap();
    assert_eq!((first.len(), swept(&house).len()), (256, 256));
    let (stop, running) = house.start();
    let all = until_swept(&house, |swept| swept.len() == 510).await;
    drop(stop);
    running.await.unwrap().unwrap();
    assert!(first.iter().all(|(address, at)| all[address] == *at), "asked again, within the hour");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interface_that_is_not_there_is_shown_until_the_file_names_it_no_longer() {
    let house = House::new().await;
    house.configure(&("[discovery]\ninterfaces = [\"nosuch0\"]\n".to_owned() + &house.lab.configuration()));
    let (stop, running) = house.start();
    house
        .until("it is shown", |now| now.daemon.configuration_problem.contains("nothing is asked or heard on nosuch0"))
        .await;
    house.configure(&house.lab.configuration());
    house.until("it is over", |now| now.daemon.configuration_problem.is_empty()).await;
    drop(stop);
    running.await.unwrap().unwrap();
}
