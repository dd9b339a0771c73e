//! Traps and informs to the real daemon over the lab, from other programs and by hand: the switch that sends one is
//! visited at once, and nobody else can cause a visit.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use async_snmp::message::CommunityMessage;
use async_snmp::pdu::NotificationPdu;
use async_snmp::{Oid, Retry, UdpTransport, Version};
use lenswarden::config::{CredentialKind, Switch};
use lenswarden::net::Timestamp;
use lenswarden::snmp::notification::{Outcome, Receiver, Senders};
use lenswarden::snmp::{Security, SecurityAuth, SecurityPriv};

use crate::house::{Daemon, House, PATIENCE};

const LINK_UP: &str = "1.3.6.1.6.3.1.1.5.4";
/// A visit follows a trap within this, the half second that more are waited for included.
const SOON: Duration = Duration::from_secs(2);

/// A daemon that visits each switch once an hour, and listens to traps.
struct Station {
    house: House,
    listen: SocketAddr,
    v2c: Switch,
    v3: Switch,
    user: [String; 3],
    community: String,
}

impl Station {
    fn new() -> Self {
        let house = House::new("");
        let config = lenswarden::config::load(&house.path("config.toml")).unwrap();
        let secret = |switch: &Switch| &config.credential(&switch.credential).unwrap().secret;
        let mut found = (None, None);
        for switch in &config.switches {
            match secret(switch) {
                CredentialKind::SnmpV2c { community } => {
                    found.0 = Some((switch.clone(), community.expose().to_owned()));
                }
                CredentialKind::SnmpV3 { user, auth, privacy } => {
                    let password = |secret: &lenswarden::config::secret::Secret| secret.expose().to_owned();
                    let secrets = (password(&auth.as_ref().unwrap().1), password(&privacy.as_ref().unwrap().1));
                    found.1 = Some((switch.clone(), [user.clone(), secrets.0, secrets.1]));
                }
                _ => {}
            }
        }
        let ((v2c, community), (v3, user)) = (found.0.unwrap(), found.1.unwrap());
        // A port that the system gives to nobody who asks for any, at an address of this test alone.
        static STATIONS: AtomicU8 = AtomicU8::new(1);
        let ours = u8::try_from(std::process::id() % 250).unwrap();
        let listen = SocketAddr::from(([127, 77, ours, STATIONS.fetch_add(1, Ordering::Relaxed)], 1162));
        let station = Self { house, listen, v2c, v3, user, community };
        station.configure(&format!("[traps]\nlisten = \"{listen}\"\n"));
        station
    }

    /// The lab's configuration with visits once an hour, and this.
    fn configure(&self, more: &str) {
        self.house.configure("new.toml", &(self.house.lab.configuration() + more));
        let text = std::fs::read_to_string(self.house.path("new.toml")).unwrap().replace("\"1s\"", "\"1h\"");
        std::fs::write(self.house.path("new.toml"), text).unwrap();
        std::fs::rename(self.house.path("new.toml"), self.house.path("config.toml")).unwrap();
    }

    /// Starts the daemon and waits for its first round, and for traps to be taken.
    fn start(&self) -> Daemon {
        let daemon = self.house.daemon();
        self.house.until_a_round_is_over();
        self.until_logged("traps and informs are taken");
        daemon
    }

    fn until_logged(&self, words: &str) {
        let begun = Instant::now();
        while !std::fs::read_to_string(self.house.path("daemon.log")).unwrap_or_default().contains(words) {
            assert!(begun.elapsed() < PATIENCE, "never logged: {words}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn last_visit(&self, switch: &Switch) -> Timestamp {
        self.house.look().unwrap().targets[&switch.name].last_attempt.unwrap()
    }

    /// The switch is visited within two seconds of what is done.
    fn visited_by(&self, switch: &Switch, what: &str, cause: impl FnOnce()) {
        let (before, begun) = (self.last_visit(switch), Instant::now());
        cause();
        while self.last_visit(switch) <= before {
            assert!(begun.elapsed() < SOON, "not visited within two seconds: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// None of these causes a visit of any switch but what a last, good trap of the v2c switch causes: traps are read
    /// in the order in which they come.
    fn only_the_last_counts(&self, causes: impl FnOnce()) {
        // The visits of earlier traps are over, and the next is not put off.
        std::thread::sleep(Duration::from_millis(5500));
        let before = self.last_visit(&self.v3);
        let begun = Timestamp::now();
        causes();
        assert!(self.last_visit(&self.v2c) < begun, "the v2c switch was visited");
        self.visited_by(&self.v2c, "the good trap", || drop(self.send(self.v2c.address.ip(), &self.community, false)));
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(self.last_visit(&self.v3), before, "the v3 switch was visited");
    }

    /// Sends a linkUp of SNMPv2c from this address. Returns the socket: an inform is answered there.
    fn send(&self, from: IpAddr, community: &str, inform: bool) -> UdpSocket {
        let trap = Oid::from_slice(&[1, 3, 6, 1, 6, 3, 1, 1, 5, 4]);
        let pdu = if inform {
            NotificationPdu::inform(Version::V2c, 77, 1, &trap, vec![])
        } else {
            NotificationPdu::trap_v2(Version::V2c, 77, 1, &trap, vec![])
        };
        let message = CommunityMessage::v2c(community.as_bytes().to_vec(), pdu.unwrap().into_raw()).unwrap();
        let socket = UdpSocket::bind((from, 0)).unwrap();
        socket.send_to(&message.encode().unwrap(), self.listen).unwrap();
        socket
    }

    /// net-snmp's program with these arguments, from this address; whether it was content.
    fn net_snmp(&self, program: &str, from: IpAddr, arguments: &[&str]) -> bool {
        let out = Command::new(program)
            .args(["-m", "", "-r", "1", "-t", "1", &format!("--clientaddr={from}")])
            .args(arguments)
            .args([&self.listen.to_string(), "", LINK_UP])
            .env("SNMPCONFPATH", self.house.path("."))
            .env("SNMP_PERSISTENT_DIR", self.house.path("."))
            .output()
            .expect("Debian's package snmp is needed");
        out.status.success()
    }

    fn user<'a>(&'a self, auth_password: &'a str) -> Vec<&'a str> {
        let [user, _, privacy] = &self.user;
        vec!["-v3", "-u", user, "-l", "authPriv", "-a", "SHA-256", "-A", auth_password, "-x", "AES", "-X", privacy]
    }
}

#[test]
fn a_trap_of_a_switch_under_its_own_credential_has_it_visited_and_no_other_does() {
    let station = Station::new();
    let daemon = station.start();
    let (v2c, v3) = (station.v2c.address.ip(), station.v3.address.ip());
    let untouched = station.last_visit(&station.v3);
    station.visited_by(&station.v2c, "a trap", || drop(station.send(v2c, &station.community, false)));
    assert_eq!(station.last_visit(&station.v3), untouched);
    station.only_the_last_counts(|| {
        station.send([127, 99, 99, 99].into(), &station.community, false);
        station.send(v2c, "wrong", false);
        station.send(v3, &station.community, false);
        station.send(v3, &station.community, true);
        for noise in [&[][..], &[0x30, 0x82], &[0xff; 9000]] {
            UdpSocket::bind((v2c, 0)).unwrap().send_to(noise, station.listen).unwrap();
        }
        std::thread::sleep(Duration::from_millis(1000));
    });
    let log = daemon.stop();
    assert_eq!(log.matches("dropped what came in as traps").count(), 1, "one line a minute: {log}");
    assert!(!log.contains(&station.community), "{log}");
}

#[test]
fn an_inform_is_answered_once_it_is_authentic() {
    let station = Station::new();
    let _daemon = station.start();
    let mut buffer = [0; 1500];
    station.visited_by(&station.v2c, "an inform of SNMPv2c", || {
        let socket = station.send(station.v2c.address.ip(), &station.community, true);
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let (length, from) = socket.recv_from(&mut buffer).unwrap();
        assert!(from == station.listen && length > 20);
    });
    let wrong = station.send(station.v2c.address.ip(), "wrong", true);
    wrong.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    assert!(wrong.recv_from(&mut buffer).is_err(), "an inform with a wrong community was answered");

    // SNMPv3: the engine is asked for first, then its clock.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let inform = async |auth_password: &str| {
        let [user, _, privacy] = &station.user;
        let transport = UdpTransport::builder().bind(format!("{}:0", station.v3.address.ip())).build().await.unwrap();
        let keys = async_snmp::MasterKeys::new(async_snmp::AuthProtocol::Sha256, auth_password.as_bytes()).unwrap();
        let keys = keys.with_privacy(async_snmp::PrivProtocol::Aes128, privacy.as_bytes()).unwrap();
        let security = async_snmp::UsmConfig::new(user.clone()).with_master_keys(keys).unwrap();
        let client = async_snmp::ClientBuilder::new(async_snmp::Auth::from(security))
            .request_timeout(Duration::from_millis(700))
            .retry(Retry::none())
            .build_with_transport(transport.handle(station.listen).unwrap())
            .unwrap();
        client.send_inform(&Oid::from_slice(&[1, 3, 6, 1, 6, 3, 1, 1, 5, 3]), 1, vec![]).await
    };
    station.visited_by(&station.v3, "an inform of SNMPv3", || runtime.block_on(inform(&station.user[1])).unwrap());
    assert!(runtime.block_on(inform("wrong password")).is_err());
}

#[test]
fn a_storm_is_few_visits_and_its_last_trap_is_followed_by_one() {
    let station = Station::new();
    let _daemon = station.start();
    let socket = UdpSocket::bind((station.v2c.address.ip(), 0)).unwrap();
    let mut visits = std::collections::BTreeSet::from([station.last_visit(&station.v2c)]);
    let begun = Instant::now();
    let mut last_trap = Timestamp::now();
    for number in 0..2000 {
        let trap = Oid::from_slice(&[1, 3, 6, 1, 4, 1, 9, 9, 215, 2, 0, 1]);
        let pdu = NotificationPdu::trap_v2(Version::V2c, number, 1, &trap, vec![]).unwrap().into_raw();
        let message = CommunityMessage::v2c(station.community.clone().into_bytes(), pdu).unwrap();
        last_trap = Timestamp::now();
        socket.send_to(&message.encode().unwrap(), station.listen).unwrap();
        if number % 4 == 0 {
            std::thread::sleep(Duration::from_millis(2));
            visits.insert(station.last_visit(&station.v2c));
        }
    }
    let lasted = begun.elapsed();
    while station.last_visit(&station.v2c) < last_trap {
        visits.insert(station.last_visit(&station.v2c));
        assert!(begun.elapsed() < lasted + Duration::from_secs(8), "no visit after the last trap");
        std::thread::sleep(Duration::from_millis(20));
    }
    visits.insert(station.last_visit(&station.v2c));
    // The first round's, three at once after the first traps, one each five seconds, one after the last.
    let most = 5 + usize::try_from(lasted.as_secs()).unwrap() / 5;
    assert!(visits.len() <= most, "{} visits in {lasted:?}", visits.len() - 1);
}

#[test]
fn traps_come_and_go_with_the_configuration_and_a_port_in_use_is_shown() {
    let station = Station::new();
    let taken = UdpSocket::bind(station.listen).unwrap();
    let _daemon = station.house.daemon();
    station.house.until_a_round_is_over();
    let words = format!("{} cannot be listened on", station.listen);
    station.house.until("the port in use is shown", |snapshot| snapshot.daemon.configuration_problem.contains(&words));
    station.until_logged(&words);
    // Beside a file that was not taken, and after it.
    station.configure("[traps]\nlisten = \"nowhere\"\n");
    station.house.until("both are shown", |snapshot| {
        let problem = &snapshot.daemon.configuration_problem;
        problem.contains(&words) && problem.contains("'nowhere' is no address with a port")
    });
    drop(taken);
    let before = Timestamp::now();
    let other = SocketAddr::new(station.listen.ip(), 1163);
    station.configure(&format!("[traps]\nlisten = \"{other}\"\n"));
    station.house.until("nothing is wrong", |snapshot| snapshot.daemon.configuration_problem.is_empty());
    let station = Station { listen: other, ..station };
    station.until_logged("traps and informs are taken");
    station.house.until("the first round under it", |snapshot| {
        snapshot.targets.values().filter(|target| target.switch).all(|target| target.last_attempt > Some(before))
    });
    station.visited_by(&station.v2c, "a trap at the new port", || {
        drop(station.send(station.v2c.address.ip(), &station.community, false));
    });
    station.configure("");
    station.until_logged("traps are no longer taken");
    UdpSocket::bind(other).expect("the port is free again");
}

#[test]
fn a_socket_that_systemd_hands_over_is_used() {
    let station = Station::new();
    station.configure("");
    let socket = UdpSocket::bind(station.listen).unwrap();
    let log = std::fs::File::create(station.house.path("daemon.log")).unwrap();
    let mut command = station.house.command(&["daemon"]);
    // systemd begins with descriptor 3; here it is the one that can be given without more ado.
    command.env("LISTEN_FDS", "1").env("LISTEN_FDS_FIRST_FD", "0").stdin(Stdio::from(OwnedFd::from(socket)));
    let mut daemon = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
    station.house.until_a_round_is_over();
    station.until_logged("traps and informs are taken");
    station.visited_by(&station.v2c, "a trap to the handed socket", || {
        drop(station.send(station.v2c.address.ip(), &station.community, false));
    });
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

#[test]
#[ignore = "needs snmptrap and snmpinform"]
fn net_snmp_sends_traps_and_informs_of_both_versions() {
    let station = Station::new();
    let _daemon = station.start();
    let (v2c, v3) = (station.v2c.address.ip(), station.v3.address.ip());
    let community = ["-v2c", "-c", &station.community];
    let right = station.user(&station.user[1]);
    let trap: Vec<&str> = ["-e", "0x80001f8804616263"].into_iter().chain(right.iter().copied()).collect();
    for (program, switch, arguments) in [
        ("snmptrap", &station.v2c, community.as_slice()),
        ("snmptrap", &station.v3, &trap),
        ("snmpinform", &station.v2c, &community),
        ("snmpinform", &station.v3, &right),
    ] {
        // Until another visit is not put off.
        std::thread::sleep(Duration::from_millis(5500));
        station.visited_by(switch, &format!("{program} {arguments:?}"), || {
            assert!(station.net_snmp(program, switch.address.ip(), arguments), "{program} {arguments:?}");
        });
    }
    let wrong = station.user("not the password");
    let level = ["-v3", "-u", &station.user[0], "-l", "noAuthNoPriv", "-e", "0x80001f8804616263"];
    let unknown: IpAddr = [127, 99, 99, 99].into();
    station.only_the_last_counts(|| {
        let trap: Vec<&str> = ["-e", "0x80001f8804616263"].into_iter().chain(wrong.iter().copied()).collect();
        assert!(station.net_snmp("snmptrap", v3, &trap));
        assert!(station.net_snmp("snmptrap", v3, &level));
        assert!(station.net_snmp("snmptrap", unknown, &community));
        assert!(station.net_snmp("snmptrap", v2c, &["-v2c", "-c", "wrong"]));
        assert!(!station.net_snmp("snmpinform", v3, &wrong), "a wrong password was answered");
        assert!(!station.net_snmp("snmpinform", unknown, &right), "a stranger was answered");
        assert!(!station.net_snmp("snmpinform", v2c, &["-v2c", "-c", "wrong"]));
    });
}

/// The receiver alone: every pair of protocols, every security level, and none for another's.
#[test]
#[ignore = "needs snmptrap and snmpinform"]
fn net_snmp_is_understood_in_every_protocol() {
    use SecurityAuth as A;
    use SecurityPriv as P;
    let receiver = Receiver::new(b"\x80\x00\x7e\xd9\x05receiver", 3).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // What is heard while net-snmp's program runs.
    let hear = |program: &str, security: &Security, senders: &mut Senders, arguments: &[&str]| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let mut command = Command::new(program);
        command
            .args(["-m", "", "-r", "1", "-t", "1", "-v3", "-u", "user"])
            .args(arguments)
            .args([&socket.local_addr().unwrap().to_string(), "", LINK_UP])
            .env("SNMPCONFPATH", folder.path())
            .env("SNMP_PERSISTENT_DIR", folder.path())
            .stderr(Stdio::null());
        let running = std::thread::spawn(move || command.status().expect("Debian's package snmp is needed"));
        let (mut buffer, mut heard) = ([0; 2000], 0);
        loop {
            match socket.recv_from(&mut buffer) {
                Ok((length, from)) => match receiver.read(&buffer[..length], security, senders, Instant::now()) {
                    Outcome::Authentic { reply, .. } => {
                        heard += 1;
                        reply.map(|reply| socket.send_to(&reply, from).unwrap());
                    }
                    Outcome::Report(report) => drop(socket.send_to(&report, from).unwrap()),
                    Outcome::Refused => {}
                },
                Err(_) if running.is_finished() => return (heard, running.join().unwrap().success()),
                Err(_) => {}
            }
        }
    };
    let (auth, privacy) = ("auth password", "priv password");
    let kinds = [
        (Some((A::Md5, "MD5")), Some((P::Des, "DES"))),
        (Some((A::Sha1, "SHA")), Some((P::Aes128, "AES"))),
        (Some((A::Sha224, "SHA-224")), Some((P::Aes192, "AES-192"))),
        (Some((A::Sha384, "SHA-384")), Some((P::Aes256, "AES-256"))),
        (Some((A::Sha1, "SHA")), Some((P::Aes256, "AES-256"))),
        (Some((A::Sha1, "SHA")), Some((P::Aes256Reeder, "AES-256-C"))),
        (Some((A::Sha512, "SHA-512")), None),
        (None, None),
    ];
    for (number, (a, p)) in kinds.into_iter().enumerate() {
        let security = Security::v3("user", a.map(|(kind, _)| (kind, auth)), p.map(|(kind, _)| (kind, privacy)));
        let (security, mut senders) = (security.unwrap(), Senders::default());
        let level = ["noAuthNoPriv", "authNoPriv", "authPriv"][usize::from(a.is_some()) + usize::from(p.is_some())];
        let mut arguments = vec!["-l", level];
        arguments.extend(a.iter().flat_map(|(_, name)| ["-a", name, "-A", auth]));
        arguments.extend(p.iter().flat_map(|(_, name)| ["-x", name, "-X", privacy]));
        let what = format!("{arguments:?}");
        assert_eq!(hear("snmpinform", &security, &mut senders, &arguments), (1, true), "inform {what}");
        let engine = format!("0x80001f880461626{number}");
        arguments.extend(["-e", &engine]);
        assert_eq!(hear("snmptrap", &security, &mut senders, &arguments), (1, true), "trap {what}");
        let other = Security::v3("user", Some((A::Sha256, auth)), Some((P::Aes128, privacy))).unwrap();
        assert_eq!(hear("snmptrap", &other, &mut senders, &arguments), (0, true), "another credential {what}");
    }
}
