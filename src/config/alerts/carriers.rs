//! One carrier of each kind, from what is written of it.

use std::ops::Range;
use std::path::{Path, PathBuf};

use hyper::Uri;
use lettre::message::Mailbox;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use toml::Spanned;

use super::{AlertCarrier, Endpoint, Relay, RelaySecurity, Trust, Webhook};
use crate::config::checker::Checker;
use crate::config::file::{self, AlertKind};
use crate::config::secret::{Secret, SecretStore};

/// Where systemd's journal listens (systemd.io/JOURNAL_NATIVE_PROTOCOL).
const JOURNAL: &str = "/run/systemd/journal/socket";
/// Largest file of authorities, in octets: the whole of Debian's is a quarter of it.
const LARGEST_FILE: u64 = 1 << 20;

/// What each kind understands beside what all do.
fn keys_of(kind: AlertKind) -> (&'static str, &'static [&'static str]) {
    match kind {
        AlertKind::Webhook => ("webhook", &["url", "secret", "secret-file", "security", "ca-file"]),
        AlertKind::Smtp => {
            ("smtp", &["server", "security", "ca-file", "user", "password", "password-file", "from", "to"])
        }
        AlertKind::Syslog => ("syslog", &["address", "transport", "ca-file"]),
        AlertKind::Journal => ("journal", &["address"]),
        AlertKind::Command => ("command", &["command"]),
    }
}

/// Keys that are written, each with its place.
fn written_keys(alert: &file::Alert) -> Vec<(&'static str, Range<usize>)> {
    let texts = [
        ("url", &alert.url),
        ("secret", &alert.secret),
        ("secret-file", &alert.secret_file),
        ("address", &alert.address),
        ("transport", &alert.transport),
        ("server", &alert.server),
        ("security", &alert.security),
        ("ca-file", &alert.ca_file),
        ("user", &alert.user),
        ("password", &alert.password),
        ("password-file", &alert.password_file),
        ("from", &alert.from),
    ];
    let mut keys: Vec<_> =
        texts.into_iter().filter_map(|(key, text)| text.as_ref().map(|text| (key, text.span()))).collect();
    keys.extend(alert.to.iter().flatten().take(1).map(|to| ("to", to.span())));
    keys.extend(alert.command.as_ref().map(|command| ("command", command.span())));
    keys
}

/// `None`: there is a problem.
pub(super) fn carrier(
    checker: &mut Checker<'_>,
    written: &Spanned<file::Alert>,
    secrets: &SecretStore,
) -> Option<AlertCarrier> {
    let alert = written.get_ref();
    let (kind, own) = keys_of(alert.kind);
    for (key, span) in written_keys(alert).into_iter().filter(|(key, _)| !own.contains(key)) {
        let message = format!("kind \"{kind}\" has no {key}");
        checker.problem(span, &format!("alert.{key}"), message, format!("it has {}", own.join(", ")));
    }
    match alert.kind {
        AlertKind::Webhook => webhook(checker, written, secrets).map(AlertCarrier::Webhook),
        AlertKind::Smtp => relay(checker, written, secrets).map(|relay| AlertCarrier::Smtp(Box::new(relay))),
        AlertKind::Syslog => syslog(checker, alert),
        AlertKind::Journal => {
            let path = alert.address.as_ref().map_or(JOURNAL, |address| address.get_ref().as_str());
            if !path.starts_with('/') {
                let span = alert.address.as_ref().map_or(0..0, Spanned::span);
                checker.problem(span, "alert.address", format!("'{path}' is no socket's path"), JOURNAL);
            }
            Some(AlertCarrier::Journal { path: PathBuf::from(path) })
        }
        AlertKind::Command => {
            let hint = "command = [\"/usr/local/bin/page\", \"security\"]: a whole path, then its arguments";
            let Some(command) = &alert.command else {
                checker.problem(written.span(), "alert.command", "there is no command", hint);
                return None;
            };
            let arguments = command.get_ref().clone();
            if !arguments.first().is_some_and(|program| program.starts_with('/')) {
                checker.problem(command.span(), "alert.command", "it does not begin with a program's whole path", hint);
                return None;
            }
            Some(AlertCarrier::Command { arguments })
        }
    }
}

/// A host, and its port where one follows.
fn endpoint(text: &str, port: u16) -> Option<Endpoint> {
    if let Ok(address) = text.parse::<std::net::IpAddr>() {
        return Some(Endpoint { host: address.to_string(), port });
    }
    if let Ok(address) = text.parse::<std::net::SocketAddr>() {
        return Some(Endpoint { host: address.ip().to_string(), port: address.port() }).filter(|end| end.port != 0);
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port != 0)?),
        None => (text, port),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    // What is all figures and points is an address that was written wrong, and no name.
    let name = host.chars().all(plain) && host.chars().any(|c| c.is_ascii_alphabetic()) && host.len() <= 253;
    name.then(|| Endpoint { host: host.to_owned(), port })
}

/// `ca-file`
fn trust(checker: &mut Checker<'_>, alert: &file::Alert) -> Option<Trust> {
    let Some(written) = &alert.ca_file else { return Some(Trust::System) };
    let file = checker.path.parent().unwrap_or(Path::new("")).join(written.get_ref());
    let read = || -> Result<Vec<CertificateDer<'static>>, String> {
        let metadata = std::fs::metadata(&file).map_err(|error| format!("it cannot be read: {error}"))?;
        if metadata.len() > LARGEST_FILE {
            return Err(format!("it is {} octets long", metadata.len()));
        }
        let certificates = CertificateDer::pem_file_iter(&file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let certificates = certificates.map_err(|error| format!("it cannot be read: {error}"))?;
        let mut roots = rustls::RootCertStore::empty();
        for certificate in &certificates {
            roots
                .add(certificate.clone())
                .map_err(|error| format!("a certificate in it is no authority's: {error}"))?;
        }
        if certificates.is_empty() { Err("there is no certificate in it".to_owned()) } else { Ok(certificates) }
    };
    match read() {
        Ok(certificates) => Some(Trust::Authorities { file, certificates }),
        Err(message) => {
            let message = format!("{}: {message}", file.display());
            checker.problem(written.span(), "alert.ca-file", message, "certificates of authorities, as PEM");
            None
        }
    }
}

/// A secret written here or in a file; `Ok(None)`: neither. `Err`: there is a problem.
fn secret(
    checker: &mut Checker<'_>,
    secrets: &SecretStore,
    key: &str,
    here: &file::Text,
    in_file: &file::Text,
) -> Result<Option<Secret>, ()> {
    let read = match (here, in_file) {
        (None, None) => return Ok(None),
        (Some(here), None) => secrets.inline(here.get_ref()).map_err(|trouble| (trouble, here.span())),
        (None, Some(file)) => secrets.file(file.get_ref()).map_err(|trouble| (trouble, file.span())),
        (Some(_), Some(file)) => {
            Err((("both a secret and a file are given".to_owned(), "keep one".to_owned()), file.span()))
        }
    };
    read.map(Some).map_err(|((message, hint), span)| checker.problem(span, key, message, hint))
}

fn webhook(checker: &mut Checker<'_>, written: &Spanned<file::Alert>, secrets: &SecretStore) -> Option<Webhook> {
    let alert = written.get_ref();
    let hint = "url = \"https://hooks.example/lenswarden\"";
    let Some(url) = &alert.url else {
        checker.problem(written.span(), "alert.url", "there is no URL", hint);
        return None;
    };
    let secret = secret(checker, secrets, "alert.secret", &alert.secret, &alert.secret_file);
    let trust = trust(checker, alert);
    let uri = url.get_ref().parse::<Uri>().ok();
    let parts = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.authority()?)));
    let Some((scheme, authority)) = parts.filter(|(scheme, _)| ["http", "https"].contains(scheme)) else {
        checker.problem(url.span(), "alert.url", "it is no URL of http or https", hint);
        return None;
    };
    if authority.as_str().contains('@') {
        let hint = "bodies are signed: secret-file = \"…\"";
        checker.problem(url.span(), "alert.url", "no user and no password may stand in it", hint);
        return None;
    }
    let in_clear = match alert.security.as_ref() {
        None => false,
        Some(written) if written.get_ref() == "none" => true,
        Some(written) => {
            checker.problem(written.span(), "alert.security", "it is left out, or \"none\"", "https needs no word");
            return None;
        }
    };
    if in_clear != (scheme == "http") {
        let (message, hint) = if in_clear {
            ("https is not in the clear", "leave security out")
        } else {
            ("it would go in the clear", "https, or security = \"none\" beside it")
        };
        checker.problem(url.span(), "alert.url", message, hint);
        return None;
    }
    let port = authority.port_u16().unwrap_or(if in_clear { 80 } else { 443 });
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    let path = uri.as_ref().and_then(Uri::path_and_query).map_or("/", |path| path.as_str()).to_owned();
    Some(Webhook {
        endpoint: Endpoint { host, port },
        authority: authority.as_str().to_owned(),
        path,
        tls: trust.filter(|_| !in_clear),
        secret: secret.ok()?,
    })
}

fn mailbox(checker: &mut Checker<'_>, key: &str, written: &Spanned<String>) -> Option<Mailbox> {
    let mailbox = written.get_ref().parse().ok();
    if mailbox.is_none() {
        let message = format!("'{}' is no mail address", written.get_ref());
        checker.problem(written.span(), key, message, "as in soc@example.org or \"SOC <soc@example.org>\"");
    }
    mailbox
}

fn relay(checker: &mut Checker<'_>, written: &Spanned<file::Alert>, secrets: &SecretStore) -> Option<Relay> {
    let alert = written.get_ref();
    let trust = trust(checker, alert);
    let word = alert.security.as_ref().map_or("starttls", |word| word.get_ref().as_str());
    let (security, port) = match word {
        "starttls" => (trust.map(RelaySecurity::StartTls), 587),
        "tls" => (trust.map(RelaySecurity::Tls), 465),
        "none" => (Some(RelaySecurity::None), 25),
        _ => {
            let span = alert.security.as_ref().map_or(0..0, Spanned::span);
            checker.problem(span, "alert.security", format!("there is no '{word}'"), "starttls, tls or none");
            return None;
        }
    };
    let password = secret(checker, secrets, "alert.password", &alert.password, &alert.password_file).ok()?;
    let login = match (&alert.user, password) {
        (Some(user), Some(password)) => Some((user.get_ref().clone(), password)),
        (None, None) => None,
        (Some(user), None) => {
            checker.problem(user.span(), "alert.password", "a user and no password", "password-file = \"…\"");
            return None;
        }
        (None, Some(_)) => {
            checker.problem(written.span(), "alert.user", "a password and no user", "user = \"…\"");
            return None;
        }
    };
    if login.is_some() && word == "none" {
        checker.problem(written.span(), "alert.security", "a password never goes in the clear", "starttls or tls");
        return None;
    }
    let endpoint = alert.server.as_ref().and_then(|server| endpoint(server.get_ref(), port));
    if endpoint.is_none() {
        let span = alert.server.as_ref().map_or_else(|| written.span(), Spanned::span);
        checker.problem(span, "alert.server", "there is no mail server", "server = \"mail.example.org:587\"");
    }
    let from = alert.from.as_ref().and_then(|from| mailbox(checker, "alert.from", from));
    if alert.from.is_none() {
        checker.problem(written.span(), "alert.from", "nobody writes", "from = \"lenswarden@example.org\"");
    }
    let to = alert.to.as_deref().unwrap_or_default();
    let found: Vec<Mailbox> = to.iter().filter_map(|to| mailbox(checker, "alert.to", to)).collect();
    if to.is_empty() {
        checker.problem(written.span(), "alert.to", "it goes to nobody", "to = [\"soc@example.org\"]");
    }
    Some(Relay { endpoint: endpoint?, security: security?, login, from: from?, to: found })
}

/// Where syslog messages go: an address, a socket's path, or the host's own `/dev/log`.
fn syslog(checker: &mut Checker<'_>, alert: &file::Alert) -> Option<AlertCarrier> {
    let transport = alert.transport.as_ref().map(|word| word.get_ref().as_str());
    if let Some(word) = &alert.transport
        && !["udp", "tcp", "tls"].contains(&word.get_ref().as_str())
    {
        let message = format!("there is no '{}'", word.get_ref());
        checker.problem(word.span(), "alert.transport", message, "udp, tcp or tls");
        return None;
    }
    if let Some(file) = alert.ca_file.as_ref().filter(|_| transport != Some("tls")) {
        checker.problem(file.span(), "alert.ca-file", "only TLS has certificates", "transport = \"tls\"");
    }
    let local = match &alert.address {
        None => Some("/dev/log"),
        Some(address) => Some(address.get_ref().as_str()).filter(|path| path.starts_with('/')),
    };
    if let Some(path) = local {
        if let Some(word) = &alert.transport {
            let hint = "address = \"10.1.0.5:514\" beside it, or neither";
            checker.problem(word.span(), "alert.transport", "a local socket has none", hint);
        }
        return Some(AlertCarrier::SyslogLocal { path: PathBuf::from(path) });
    }
    let written = alert.address.as_ref()?;
    // RFC 5426 section 3.3 and RFC 5425 section 4.1; TCP has no port of its own, rsyslog's is that of UDP.
    let Some(endpoint) = endpoint(written.get_ref(), if transport == Some("tls") { 6514 } else { 514 }) else {
        let hint =
            "an address or a host's name, a port may follow: 10.1.0.5:514; or a socket's path; left out: /dev/log";
        checker.problem(written.span(), "alert.address", format!("'{}' is no address", written.get_ref()), hint);
        return None;
    };
    match transport {
        Some("tcp") => Some(AlertCarrier::SyslogStream { endpoint, tls: None }),
        Some("tls") => Some(AlertCarrier::SyslogStream { endpoint, tls: Some(trust(checker, alert)?) }),
        _ => Some(AlertCarrier::SyslogUdp { endpoint }),
    }
}
