//! `[[alert]]`: who is told of what, by which carrier, at once or gathered.

mod carriers;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;
use rustls::pki_types::CertificateDer;
use toml::Spanned;

use super::checker::Checker;
use super::file::{self, File};
use super::schedule::{Schedule, zone};
use super::secret::{Secret, SecretStore};
use crate::net::Timestamp;

/// What a carrier can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// Findings of severity breach.
    Breach,
    /// Findings of severity action.
    Action,
    /// Findings of severity review.
    Review,
    /// Findings of severity info.
    Info,
    /// The work itself: polling, coverage, credentials, clock, disk, registry.
    Operational,
    /// Heads of the audit chain.
    Audit,
}

impl Occasion {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Breach, Self::Action, Self::Review, Self::Info, Self::Operational, Self::Audit];

    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Breach => "breach",
            Self::Action => "action",
            Self::Review => "review",
            Self::Info => "info",
            Self::Operational => "operational",
            Self::Audit => "audit",
        }
    }
}

/// `[[alert]]`: who is told.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertPlan {
    /// Its name.
    pub name: String,
    /// How it is sent.
    pub carrier: AlertCarrier,
    /// What is sent.
    pub when: BTreeSet<Occasion>,
    /// How long one message may take.
    pub timeout: Duration,
    /// Findings are gathered and sent together; `None`: each at once.
    pub digest: Option<Digest>,
}

/// Findings are gathered.
#[derive(Debug, Clone, PartialEq)]
pub struct Digest {
    /// When what was gathered is sent.
    pub pace: Pace,
    /// What is sent at once all the same.
    pub at_once: BTreeSet<Occasion>,
}

/// When something that goes on is due.
#[derive(Debug, Clone, PartialEq)]
pub enum Pace {
    /// So long after the first.
    Every(Duration),
    /// At these moments.
    At(Schedule),
}

impl Pace {
    /// Whether what waits since then is due.
    #[must_use]
    pub fn is_due(&self, since: Timestamp, at: Timestamp) -> bool {
        match self {
            Self::Every(interval) => at.since(since) >= *interval,
            Self::At(schedule) => schedule.latest(since, at).is_some(),
        }
    }
}

/// A host by name or address, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name or address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Whose certificates are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Those the system believes.
    System,
    /// Those that these authorities signed, and no others.
    Authorities {
        /// Where they were read.
        file: PathBuf,
        /// Their certificates.
        certificates: Vec<CertificateDer<'static>>,
    },
}

/// `kind = "webhook"`
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// Where to.
    pub endpoint: Endpoint,
    /// What stands in `Host`: as in the URL.
    pub authority: String,
    /// Path and query. It may be as good as a password: it is shown nowhere.
    pub path: String,
    /// TLS; `None`: HTTP in the clear.
    pub tls: Option<Trust>,
    /// The key bodies are signed with.
    pub secret: Option<Secret>,
}

/// How a mail server is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelaySecurity {
    /// In the clear.
    None,
    /// STARTTLS, or nothing is sent (RFC 3207).
    StartTls(Trust),
    /// TLS from the first octet (RFC 8314 section 3).
    Tls(Trust),
}

/// `kind = "smtp"`
#[derive(Debug, Clone, PartialEq)]
pub struct Relay {
    /// The mail server.
    pub endpoint: Endpoint,
    /// How it is spoken to.
    pub security: RelaySecurity,
    /// User and password.
    pub login: Option<(String, Secret)>,
    /// Who writes.
    pub from: Mailbox,
    /// To whom.
    pub to: Vec<Mailbox>,
}

/// How an alert is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum AlertCarrier {
    /// JSON, posted.
    Webhook(Webhook),
    /// Mail.
    Smtp(Box<Relay>),
    /// RFC 5424 over UDP (RFC 5426).
    SyslogUdp {
        /// Where to.
        endpoint: Endpoint,
    },
    /// RFC 5424 over TCP with octet counting (RFC 6587 section 3.4.1), or over TLS (RFC 5425).
    SyslogStream {
        /// Where to.
        endpoint: Endpoint,
        /// TLS; `None`: in the clear.
        tls: Option<Trust>,
    },
    /// To the local syslog daemon (`/dev/log`), in the form it reads there.
    SyslogLocal {
        /// The socket.
        path: PathBuf,
    },
    /// To systemd's journal, field by field.
    Journal {
        /// The socket.
        path: PathBuf,
    },
    /// A program of the host's own.
    Command {
        /// Its path and its arguments; no shell reads them.
        arguments: Vec<String>,
    },
}

/// Words that name occasions.
fn occasions(
    checker: &mut Checker<'_>,
    key: &str,
    written: Option<&Spanned<Vec<String>>>,
    default: &[Occasion],
) -> BTreeSet<Occasion> {
    let Some(written) = written else { return default.iter().copied().collect() };
    let mut found = BTreeSet::new();
    for word in written.get_ref() {
        match Occasion::ALL.into_iter().find(|occasion| occasion.word() == word) {
            Some(occasion) => {
                found.insert(occasion);
            }
            None => {
                let words = Occasion::ALL.map(Occasion::word).join(", ");
                checker.problem(written.span(), key, format!("'{word}' is nothing that alerts are about"), words);
            }
        }
    }
    if written.get_ref().is_empty() {
        checker.problem(
            written.span(),
            key,
            "nothing would ever be sent",
            Occasion::ALL.map(Occasion::word).join(", "),
        );
    }
    found
}

/// `digest`, `at-once`, `time-zone`
fn digest(checker: &mut Checker<'_>, alert: &file::Alert) -> Option<Digest> {
    let Some(written) = &alert.digest else {
        let beside = [alert.at_once.as_ref().map(Spanned::span), alert.time_zone.as_ref().map(Spanned::span)];
        for span in beside.into_iter().flatten() {
            checker.problem(span, "alert.digest", "it has a meaning only beside digest", "digest = \"daily\"");
        }
        return None;
    };
    let zone = zone(checker, "alert.time-zone", &alert.time_zone)?;
    let at_once = occasions(checker, "alert.at-once", alert.at_once.as_ref(), &[]);
    let text = written.get_ref();
    let pace = match Schedule::read(text, zone) {
        Some(schedule) => Pace::At(schedule),
        None if text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(' ') => {
            Pace::Every(checker.duration("alert.digest", &alert.digest, "1d", Duration::from_secs(1)))
        }
        None => {
            let hint = "daily, weekly, monthly, a cron line (\"0 8 * * 1-5\") or a time (\"6h\")";
            checker.problem(written.span(), "alert.digest", format!("'{text}' is no schedule"), hint);
            return None;
        }
    };
    Some(Digest { pace, at_once })
}

pub(super) fn alerts(checker: &mut Checker<'_>, file: &File, secrets: &SecretStore) -> Vec<AlertPlan> {
    let mut plans: Vec<AlertPlan> = Vec::new();
    for (number, written) in file.alert.iter().enumerate() {
        let alert = written.get_ref();
        let name = alert.name.as_ref().map_or_else(|| format!("alert-{}", number + 1), |name| name.get_ref().clone());
        if plans.iter().any(|plan| plan.name == name) || name.trim().is_empty() {
            let span = alert.name.as_ref().map_or_else(|| written.span(), Spanned::span);
            let hint = "each needs a name of its own: what waits for it is kept under it";
            checker.problem(span, "alert.name", format!("'{name}' stands twice or is empty"), hint);
        }
        let when = occasions(checker, "alert.when", alert.when.as_ref(), &[Occasion::Breach]);
        let timeout = checker.duration("alert.timeout", &alert.timeout, "10s", Duration::from_millis(100));
        if let Some(span) = alert.timeout.as_ref().map(Spanned::span)
            && timeout > Duration::from_secs(300)
        {
            checker.problem(span, "alert.timeout", "nobody should wait so long", "five minutes at most");
        }
        let digest = digest(checker, alert);
        if let Some(carrier) = carriers::carrier(checker, written, secrets) {
            plans.push(AlertPlan { name, carrier, when, timeout, digest });
        }
    }
    plans
}
