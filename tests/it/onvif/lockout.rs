//! The proof that no camera is ever locked: a wrong password in the configuration, a thousand rounds of the real daemon,
//! twenty restarts, and cameras that count.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lenswarden::control::client::Client;
use lenswarden::control::{Reply, Request};
use tokio::task::JoinHandle;

use super::daemon::Station;
use super::double::{self, Asked, Double, fault, http, ok, reply};

const LIVES: usize = 20;
const ROUNDS: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(30);
/// Cameras of the credential that is refused everywhere, and of the one that two cameras have.
const FLEET: u8 = 5;
const PAIR: u8 = 2;

/// A camera that refuses every password and counts.
struct Counting {
    visits: Arc<AtomicUsize>,
    attempts: Arc<AtomicUsize>,
    _camera: Double,
    discovery: JoinHandle<()>,
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.discovery.abort();
    }
}

impl Counting {
    /// Over HTTP digest or by tokens, at this address and ports.
    async fn start(address: Ipv4Addr, port: u16, discovery_port: u16, digest: bool) -> Self {
        let (visits, attempts) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (visited, tried) = (Arc::clone(&visits), Arc::clone(&attempts));
        let nonce = AtomicUsize::new(0);
        let camera = Double::start_at(SocketAddr::from((address, port)), move |asked: &Asked| {
            visited.fetch_add(usize::from(asked.operation == "GetSystemDateAndTime"), Ordering::SeqCst);
            tried.fetch_add(usize::from(asked.credentialed()), Ordering::SeqCst);
            if double::for_everybody(&asked.operation) {
                return ok(&reply(&asked.operation, 0));
            }
            let no = fault("NotAuthorized", "Sender not Authorized");
            if !digest {
                return http("400 Bad Request", "", &no);
            }
            let fresh = nonce.fetch_add(1, Ordering::SeqCst);
            let challenge = format!("WWW-Authenticate: Digest realm=\"r\", nonce=\"n{fresh}\", qop=\"auth\"\r\n");
            http("401 Unauthorized", &challenge, &no)
        })
        .await;
        let discovery = double::announce(address, port, discovery_port).await;
        Self { visits, attempts, _camera: camera, discovery }
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }

    fn attempts(&self) -> usize {
        self.attempts.load(Ordering::SeqCst)
    }
}

/// Asks the daemon for visits to all cameras, so often, each after all have begun the one before.
async fn rounds(mut client: Client, cameras: &[Counting], count: usize) {
    for _ in 0..count {
        let before: Vec<usize> = cameras.iter().map(Counting::visits).collect();
        let begun = Instant::now();
        while cameras.iter().zip(&before).any(|(camera, before)| camera.visits() == *before) {
            assert!(begun.elapsed() < PATIENCE, "a camera is no longer visited");
            let asking = tokio::task::spawn_blocking(move || {
                let asked = client.ask(&Request::Poll { target: None });
                (client, asked)
            });
            let asked;
            (client, asked) = asking.await.unwrap();
            assert!(matches!(asked, Ok(Reply::Done { .. })), "{asked:?}");
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_over_a_thousand_rounds_and_twenty_restarts_is_sent_once() {
    let port = double::free_port(Ipv4Addr::new(127, 94, 0, 1));
    let discovery_port = double::silence().await.local_addr().unwrap().port();
    let mut fleet = Vec::new();
    for number in 1..=FLEET {
        let address = Ipv4Addr::new(127, 94, 0, number);
        fleet.push(Counting::start(address, port, discovery_port, number % 2 == 0).await);
    }
    for number in 1..=PAIR {
        let address = Ipv4Addr::new(127, 95, 0, number);
        fleet.push(Counting::start(address, port, discovery_port, number % 2 == 0).await);
    }
    let ports = format!("ports = [{port}]\ndiscovery-port = {discovery_port}\n");
    let credential = |id: &str| {
        format!("[[credential]]\nid = \"{id}\"\nkind = \"onvif\"\nuser = \"reader\"\npassword = \"wrong-{id}\"\n")
    };
    let station = Station::new(
        "127.94.0.0/29",
        &format!(
            "credentials = [\"fleet\"]\n{ports}\n[[cameras]]\nsite = \"hq\"\nsubnets = [\"127.95.0.0/30\"]\n\
             credentials = [\"pair\"]\n{ports}\n{}{}",
            credential("fleet"),
            credential("pair")
        ),
    );
    for life in 0..LIVES {
        let (stop, running) = station.start();
        let begun = Instant::now();
        let path = station.path("control.sock");
        let client = loop {
            let path = path.clone();
            match tokio::task::spawn_blocking(move || Client::connect(&path)).await.unwrap() {
                Ok(client) => break client,
                Err(error) => assert!(begun.elapsed() < PATIENCE, "life {life}: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        if life == 0 {
            while fleet.iter().any(|camera| camera.visits() == 0) {
                assert!(begun.elapsed() < PATIENCE, "not all were found");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        rounds(client, &fleet, ROUNDS / LIVES).await;
        drop(stop);
        running.await.unwrap().unwrap();
    }
    let visits: Vec<usize> = fleet.iter().map(Counting::visits).collect();
    assert!(visits.iter().all(|visits| *visits >= ROUNDS), "{visits:?}");
    let (fleet, pair) = fleet.split_at(usize::from(FLEET));
    let attempts = |cameras: &[Counting]| cameras.iter().map(Counting::attempts).collect::<Vec<_>>();
    let stopped = attempts(fleet);
    assert!(stopped.iter().all(|attempts| *attempts <= 1), "never twice at one camera: {stopped:?}");
    assert_eq!(stopped.iter().sum::<usize>(), 3, "three refusals stop it everywhere: {stopped:?}");
    assert_eq!(attempts(pair), [1, 1], "exactly once where nothing stops it");
}
