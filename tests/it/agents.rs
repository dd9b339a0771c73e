//! Agents that answer wrongly: a true switch of the lab behind a proxy that spoils its answers from some point on. A
//! visit ends in time, says what went wrong, and brings home nothing that is not so.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lenswarden::collect::switch::SwitchCollector;
use lenswarden::config::{self, Config, Credential, CredentialKind, Switch};
use lenswarden::lab::{Lab, Size};
use lenswarden::observation::{Completeness, Reach, SwitchVisit, Table};
use tokio::task::JoinSet;

const DEADLINE: Duration = Duration::from_secs(3);

/// What the proxy does with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoil {
    Truncate,
    Random,
    Empty,
    /// The answer to another question.
    RequestId,
    /// The right answer, from an address that was not asked.
    Source,
    /// One bit in the last octets, which v3 authenticates.
    Bit,
    /// The right answer a thousand times.
    Flood,
}

fn end_of_header(datagram: &[u8], at: usize) -> usize {
    let length = datagram[at + 1];
    at + 2 + if length & 0x80 == 0 { 0 } else { usize::from(length & 0x7f) }
}

/// Where the last octet of a v2c message's request-id is (RFC 3416: SEQUENCE, version, community, PDU, request-id).
fn request_id(datagram: &[u8]) -> usize {
    let version = end_of_header(datagram, 0);
    let community = version + 2 + usize::from(datagram[version + 1]);
    let pdu = community + 2 + usize::from(datagram[community + 1]);
    let number = end_of_header(datagram, pdu);
    number + 1 + usize::from(datagram[number + 1])
}

/// A proxy before an agent; ends when dropped.
struct Proxy {
    address: SocketAddr,
    over: Arc<AtomicBool>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

impl Proxy {
    /// The first `good` answers pass as they are.
    fn start(agent: SocketAddr, spoil: Spoil, good: usize) -> Self {
        let front = UdpSocket::bind("127.22.0.1:0").unwrap();
        let stranger = UdpSocket::bind("127.22.0.2:0").unwrap();
        let back = UdpSocket::bind("127.22.0.1:0").unwrap();
        back.connect(agent).unwrap();
        front.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        back.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        let address = front.local_addr().unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        std::thread::spawn(move || {
            let (mut buffer, mut count, mut noise) = (vec![0; 65_536], 0, 1u32);
            while !ended.load(Ordering::Relaxed) {
                let Ok((length, asker)) = front.recv_from(&mut buffer) else { continue };
                let _ = back.send(&buffer[..length]);
                let Ok(length) = back.recv(&mut buffer) else { continue };
                count += 1;
                let answer = &mut buffer[..length];
                if count <= good {
                    let _ = front.send_to(answer, asker);
                    continue;
                }
                let _ = match spoil {
                    Spoil::Truncate => front.send_to(&answer[..length * 2 / 3], asker),
                    Spoil::Empty => front.send_to(&[], asker),
                    Spoil::Random => {
                        for octet in answer.iter_mut() {
                            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                            *octet = noise.to_be_bytes()[0];
                        }
                        front.send_to(answer, asker)
                    }
                    Spoil::RequestId => {
                        let at = request_id(answer);
                        answer[at] ^= 0x55;
                        front.send_to(answer, asker)
                    }
                    Spoil::Source => stranger.send_to(answer, asker),
                    Spoil::Bit => {
                        answer[length - 3] ^= 0x10;
                        front.send_to(answer, asker)
                    }
                    Spoil::Flood => (0..1000).try_fold(0, |_, _| front.send_to(answer, asker)),
                };
            }
        });
        Self { address, over }
    }
}

/// The lab's configuration and its first switch with such a credential.
fn switch_with(lab: &Lab, v3: bool) -> (Config, Switch, Credential) {
    let text = lab
        .configuration()
        .replace("timeout = \"2s\"\nretries = 2", "timeout = \"200ms\"\nretries = 1\ndeadline = \"3s\"");
    let config = config::parse(&text, Path::new("/nowhere/config.toml")).unwrap();
    let is_it = |switch: &&Switch| {
        let credential = config.credential(&switch.credential).unwrap();
        matches!(credential.secret, CredentialKind::SnmpV3 { .. }) == v3
    };
    let switch = config.switches.iter().find(is_it).unwrap().clone();
    let credential = config.credential(&switch.credential).unwrap().clone();
    (config, switch, credential)
}

async fn visit(config: &Config, switch: &Switch, credential: &Credential) -> SwitchVisit {
    let begun = Instant::now();
    let seen = SwitchCollector::bind().await.unwrap().visit(&config.snmp, switch, credential).await;
    assert!(begun.elapsed() < DEADLINE + Duration::from_secs(2), "{:?}", begun.elapsed());
    seen
}

/// Every forwarding row is one of the true ones; what could not be resolved is left open, not guessed.
fn is_part_of(part: &SwitchVisit, whole: &SwitchVisit) -> bool {
    part.fdb.iter().all(|row| {
        whole.fdb.iter().any(|truth| {
            let vlan = row.vlan.is_none() || row.vlan == truth.vlan;
            row.mac == truth.mac && vlan && (row.if_index.is_none() || row.if_index == truth.if_index)
        })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn spoiled_answers_are_silence_or_a_part_and_never_believed() {
    let lab = Lab::start(Size::Small, 7).await.unwrap();
    for v3 in [false, true] {
        let (config, switch, credential) = switch_with(&lab, v3);
        let whole = visit(&config, &switch, &credential).await;
        assert_eq!((&whole.reach, whole.errors.len()), (&Reach::Answered, 0));
        assert!(!whole.fdb.is_empty());
        let spoils =
            [Spoil::Truncate, Spoil::Random, Spoil::Empty, Spoil::RequestId, Spoil::Source, Spoil::Bit, Spoil::Flood];
        // A v2c answer has nothing that a changed bit breaks, and a v3 request-id is inside what is encrypted.
        let other = if v3 { Spoil::RequestId } else { Spoil::Bit };
        let mut visits = JoinSet::new();
        for spoil in spoils.into_iter().filter(|spoil| *spoil != other) {
            for good in [0, 8] {
                let (config, switch, credential) = (config.clone(), switch.clone(), credential.clone());
                visits.spawn(async move {
                    let proxy = Proxy::start(switch.address, spoil, good);
                    let behind = Switch { address: proxy.address, ..switch };
                    (spoil, good, visit(&config, &behind, &credential).await)
                });
            }
        }
        while let Some(visited) = visits.join_next().await {
            let (spoil, good, seen) = visited.unwrap();
            let told = format!("{spoil:?} after {good}, v3 {v3}: {:?} {:?}", seen.reach, seen.errors);
            assert!(is_part_of(&seen, &whole), "{told}");
            if spoil == Spoil::Flood {
                continue;
            }
            if good == 0 {
                // A spoiled answer of an SNMPv3 agent may look like a report.
                let (Reach::Silent(why) | Reach::Refused(why)) = &seen.reach else { panic!("{told}") };
                assert!(why.contains("credential '"), "{told}");
                assert!(
                    v3 || matches!(seen.reach, Reach::Silent(_)) && why.contains(&seen.address.to_string()),
                    "{told}"
                );
                assert!(seen.tables.is_empty() && seen.fdb.is_empty(), "{told}");
            } else {
                assert_eq!(seen.reach, Reach::Answered, "{told}");
                assert!(!seen.errors.is_empty(), "{told}");
                let complete = [Table::Dot1qFdb, Table::Dot1dFdb]
                    .iter()
                    .filter_map(|table| seen.tables.get(table))
                    .any(|state| state.completeness == Completeness::Complete);
                assert!(!complete, "{told}: {:?}", seen.tables);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_community_and_a_wrong_password_say_which_credential_to_look_at() {
    let lab = Lab::start(Size::Small, 7).await.unwrap();
    for (v3, wrong, word) in [
        (false, "community = \"wrong\"", "agents do not answer a wrong community: see credential 'lab-v2c'"),
        (
            true,
            "password = \"not this one\"",
            "a wrong authentication password or protocol of user 'lab-monitor' (usmStatsWrongDigests): see credential 'lab-v3'",
        ),
    ] {
        let (config, switch, credential) = switch_with(&lab, v3);
        assert_eq!(visit(&config, &switch, &credential).await.reach, Reach::Answered);
        let kind = if v3 {
            "kind=\"snmp-v3\"\nuser=\"lab-monitor\"\nauth={protocol=\"sha256\","
        } else {
            "kind=\"snmp-v2c\"\n"
        };
        let end = if v3 { "}\npriv={protocol=\"aes128\",password=\"nor this one\"}\n" } else { "\n" };
        let text = format!("[[credential]]\nid=\"{}\"\n{kind}{wrong}{end}allow=[\"127.0.0.0/8\"]\n", credential.id);
        let bad = config::parse(&text, Path::new("/nowhere/config.toml")).unwrap().credentials[0].clone();
        let seen = visit(&config, &switch, &bad).await;
        match &seen.reach {
            Reach::Silent(why) | Reach::Refused(why) => assert!(why.contains(word), "{why}"),
            Reach::Answered => panic!("{wrong} was taken"),
        }
        assert!(seen.fdb.is_empty() && seen.tables.is_empty());
    }
}
