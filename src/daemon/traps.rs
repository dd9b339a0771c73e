//! Traps and informs: a switch that says that something changed is visited at once. What it says is neither stored nor
//! believed: the visit asks.

mod socket;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Shared;
use super::visits::{Rhythm, Visits, until};
use crate::collect::trap;
use crate::config::Config;
use crate::net::TargetName;
use crate::snmp::Security;
use crate::snmp::notification::{Outcome, Receiver, Senders};
use crate::store::EngineStart;
use socket::{Datagram, Socket};

/// How soon it is tried again to listen where it was refused.
const RETRY: Duration = Duration::from_secs(30);
/// How often traps may have one switch visited. A cable pulled and plugged in elsewhere is three visits within seconds.
const RHYTHM: Rhythm =
    Rhythm { at_most_every: Duration::from_secs(5), ahead: Duration::from_secs(10), most_waiting: usize::MAX };
/// How often a line of the log tells of datagrams that were dropped.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// One configured switch as a sender. `senders` begins anew with every configuration: a trap that is sent again then
/// has the switch visited once more, which is all that it can do.
struct Source {
    target: TargetName,
    security: Security,
    senders: Senders,
}

/// Where traps come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// The socket that systemd handed over.
    Handed,
    /// `[traps] listen`
    Listen(SocketAddr),
}

/// Datagrams that were dropped since the log last told.
#[derive(Default)]
struct Dropped {
    count: u64,
    quiet_until: Option<Instant>,
}

impl Dropped {
    fn note(&mut self, from: IpAddr, why: &str, now: Instant) {
        self.count += 1;
        if self.quiet_until.is_none_or(|until| now >= until) {
            tracing::warn!(count = self.count, %from, why, "dropped what came in as traps");
            *self = Self { count: 0, quiet_until: Some(now + TELL_EVERY) };
        }
    }
}

struct Traps {
    shared: Arc<Shared>,
    handed: Option<Arc<std::net::UdpSocket>>,
    open: Option<(Door, Socket)>,
    receiver: Option<Receiver>,
    sources: BTreeMap<IpAddr, Vec<Source>>,
    visits: Visits<TargetName>,
    dropped: Dropped,
}

/// Takes traps under whatever configuration is in force, until the task is ended.
pub(super) async fn watch(shared: Arc<Shared>, handed: Option<Arc<std::net::UdpSocket>>) {
    let mut configs = shared.config.subscribe();
    let mut traps = Traps {
        shared,
        handed,
        open: None,
        receiver: None,
        sources: BTreeMap::new(),
        visits: Visits::new(RHYTHM),
        dropped: Dropped::default(),
    };
    let mut said = String::new();
    loop {
        let config = Arc::clone(&configs.borrow_and_update());
        traps.take_up(&config);
        loop {
            let trouble = match traps.open_door(&config) {
                Ok(()) => String::new(),
                Err(why) => why,
            };
            let shut = !trouble.is_empty();
            if shut && trouble != said {
                tracing::error!("{trouble}");
            }
            said.clone_from(&trouble);
            if !traps.shared.show(|troubles| troubles.traps = trouble).await {
                return;
            }
            tokio::select! {
                changed = configs.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
                () = traps.serve() => {}
                () = tokio::time::sleep(RETRY), if shut => {}
            }
        }
    }
}

impl Traps {
    /// The switches and credentials of a configuration.
    fn take_up(&mut self, config: &Config) {
        self.sources.clear();
        for switch in &config.switches {
            let Some(credential) = config.credential(&switch.credential) else { continue };
            // A visit says why a credential cannot be used.
            let Ok(security) = self.shared.switches.security(credential) else { continue };
            let source = Source { target: switch.name.clone(), security, senders: Senders::default() };
            self.sources.entry(switch.address.ip().to_canonical()).or_default().push(source);
        }
        self.visits.keep_only(|target| config.switches.iter().any(|switch| switch.name == *target));
    }

    /// Listens where the configuration says; what is in the way otherwise.
    fn open_door(&mut self, config: &Config) -> Result<(), String> {
        let wanted = if self.handed.is_some() { Some(Door::Handed) } else { config.traps.listen.map(Door::Listen) };
        if self.open.as_ref().map(|(door, _)| *door) == wanted {
            return Ok(());
        }
        // Let go first: the new place may be within the old one.
        self.open = None;
        let Some(door) = wanted else {
            tracing::info!("traps are no longer taken");
            return Ok(());
        };
        self.be_an_engine(config)?;
        let opened = match (door, &self.handed) {
            (Door::Listen(address), _) => Socket::bind(address).map_err(|error| {
                let hint = "does another program take traps there? Ports under 1024 are lenswarden-traps.socket's";
                format!("[traps] listen: {address} cannot be listened on: {error} ({hint})")
            }),
            (Door::Handed, Some(handed)) => handed
                .try_clone()
                .and_then(Socket::new)
                .map_err(|error| format!("traps: the socket handed over by systemd cannot be used: {error}")),
            (Door::Handed, None) => return Ok(()),
        };
        let socket = opened?;
        tracing::info!(at = %socket.address(), "traps and informs are taken");
        self.open = Some((door, socket));
        Ok(())
    }

    /// Counts this start as the engine that informs are sent to: once, when it is first needed.
    fn be_an_engine(&mut self, config: &Config) -> Result<(), String> {
        if self.receiver.is_some() {
            return Ok(());
        }
        let unable = |error: &dyn std::fmt::Display| format!("traps cannot be taken: {error}");
        let start = EngineStart::next(&config.daemon.database).map_err(|error| unable(&error))?;
        self.receiver = Some(Receiver::new(&start.id, start.boots).map_err(|error| unable(&error))?);
        Ok(())
    }

    /// Takes traps and asks for the visits they are due, for ever. It may be cut short between any two datagrams.
    async fn serve(&mut self) {
        loop {
            let due = self.visits.next();
            tokio::select! {
                datagrams = receive(&mut self.open) => {
                    let now = Instant::now();
                    for datagram in datagrams {
                        if let Some(reply) = self.hear(&datagram, now)
                            && let Some((_, socket)) = &self.open
                        {
                            socket.reply(&datagram, &reply);
                        }
                    }
                }
                () = until(due) => {
                    for target in self.visits.take(Instant::now()) {
                        self.shared.poke(Some(target.as_str()));
                    }
                }
            }
        }
    }

    /// Takes one datagram. What its sender waits for.
    fn hear(&mut self, datagram: &Datagram, now: Instant) -> Option<Vec<u8>> {
        let from = datagram.from.ip().to_canonical();
        let receiver = self.receiver.as_ref()?;
        let Some(sources) = self.sources.get_mut(&from) else {
            self.dropped.note(from, "no configured switch has this address", now);
            return None;
        };
        let (mut reply, mut refused) = (None, true);
        for Source { target, security, senders } in sources {
            match receiver.read(&datagram.contents, security, senders, now.into_std()) {
                Outcome::Authentic { trap, reply: answer } => {
                    if let Some(reason) = trap::reason(&trap) {
                        tracing::debug!(%target, ?reason, "a trap asks for a visit");
                        self.visits.note(target, now);
                    }
                    (reply, refused) = (answer, false);
                }
                Outcome::Report(report) => {
                    reply = reply.or(Some(report));
                    refused = false;
                }
                Outcome::Refused => {}
            }
        }
        if refused {
            self.dropped.note(from, "it is no notification under the credential of this switch", now);
        }
        reply
    }
}

async fn receive(open: &mut Option<(Door, Socket)>) -> Vec<Datagram> {
    match open {
        Some((_, socket)) => socket.receive().await,
        None => std::future::pending().await,
    }
}
