//! Mail: what waits, several in one, over STARTTLS or TLS.

use std::error::Error;
use std::io;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::carrier::Origin;
use super::connect::within;
use super::{line, word};
use crate::config::{Relay, RelaySecurity, Trust};
use crate::net::text::clean;
use crate::policy::Severity;
use crate::store::Alert;

/// Findings of a summary that are written out.
const MOST_LINES: usize = 50;
/// Characters of a refusal that are told.
const MOST_WORDS: usize = 300;

fn subject(alerts: &[Alert]) -> String {
    if let [alert] = alerts {
        let site = match alert.findings.as_slice() {
            [brief] => brief.place.site.as_ref().map(|site| format!(" at {}", line::value(site.as_str(), 64))),
            _ => None,
        };
        let kind = line::value(&alert.kind, 64);
        return format!("lenswarden: {} {kind}{}", word(alert.severity), site.unwrap_or_default());
    }
    let severities = [Severity::Breach, Severity::Action, Severity::Review, Severity::Info];
    let counts = severities.into_iter().filter_map(|severity| {
        let count = alerts.iter().filter(|alert| alert.severity == severity).count();
        (count > 0).then(|| format!("{count} {}", word(severity)))
    });
    format!("lenswarden: {} alerts ({})", alerts.len(), counts.collect::<Vec<_>>().join(", "))
}

/// Plain text: each alert's line, and of one that tells of several findings a line each.
fn text(alerts: &[Alert], origin: &Origin) -> String {
    let mut text = String::new();
    for alert in alerts {
        text.push_str(&format!("{}\n{}\n", alert.at, alert.text));
        if alert.findings.len() > 1 {
            for brief in alert.findings.iter().take(MOST_LINES) {
                text.push_str(&format!("  - {}\n", line::finding(word(brief.severity), brief)));
            }
            let more = alert.more + alert.findings.len().saturating_sub(MOST_LINES);
            if more > 0 {
                text.push_str(&format!("  and {more} more\n"));
            }
        }
        if !alert.body.is_empty() {
            text.push_str(&format!("\n{}\n", alert.body));
        }
        text.push('\n');
    }
    text.push_str(&format!("--\nlenswarden on {}; see 'lenswarden findings'\n", origin.host));
    text
}

/// A mail that is sent twice is the same mail, by its number.
fn mail(relay: &Relay, origin: &Origin, alerts: &[Alert]) -> Result<Message, lettre::error::Error> {
    let keys = [alerts.first(), alerts.last()].map(|alert| alert.map_or("", |alert| alert.key.as_str()));
    let mut builder = Message::builder()
        .from(relay.from.clone())
        .subject(subject(alerts))
        .date_now()
        .message_id(Some(format!("<{}.{}@lenswarden.invalid>", keys[0], keys[1])));
    for to in &relay.to {
        let to: Mailbox = to.clone();
        builder = builder.to(to);
    }
    let mut mail = builder.header(ContentType::TEXT_PLAIN).body(text(alerts, origin))?;
    // RFC 3834 section 5: no out-of-office answers.
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    mail.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
    Ok(mail)
}

fn parameters(relay: &Relay, trust: &Trust) -> Result<TlsParameters, lettre::transport::smtp::Error> {
    let mut builder = TlsParameters::builder(relay.endpoint.host.clone());
    if let Trust::Authorities { certificates, .. } = trust {
        builder = builder.certificate_store(CertificateStore::None);
        for certificate in certificates {
            builder = builder.add_root_certificate(Certificate::from_der(certificate.to_vec())?);
        }
    }
    builder.build()
}

/// An error and what is behind it, in a line.
fn words(error: &dyn Error) -> io::Error {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    // The server's own words are in it.
    io::Error::other(clean(&text).chars().take(MOST_WORDS).collect::<String>())
}

/// All in one mail: taken or not.
pub(super) async fn send(
    relay: &Relay,
    origin: &Origin,
    alerts: &[Alert],
    limit: Duration,
) -> Result<(), (usize, io::Error)> {
    let sent = async {
        let tls = match &relay.security {
            RelaySecurity::None => Tls::None,
            RelaySecurity::StartTls(trust) => Tls::Required(parameters(relay, trust).map_err(|error| words(&error))?),
            RelaySecurity::Tls(trust) => Tls::Wrapper(parameters(relay, trust).map_err(|error| words(&error))?),
        };
        let nameless = origin.host.is_empty();
        let hello = if nameless { ClientId::default() } else { ClientId::Domain(origin.host.clone()) };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&relay.endpoint.host)
            .port(relay.endpoint.port)
            .hello_name(hello)
            .timeout(Some(limit))
            .tls(tls);
        if let Some((user, password)) = &relay.login {
            transport = transport.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        let mail = mail(relay, origin, alerts).map_err(|error| words(&error))?;
        transport.build().send(mail).await.map(drop).map_err(|error| words(&error))
    };
    within(limit, sent).await.map_err(|error| (0, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::message;
    use crate::net::Timestamp;

    #[test]
    fn a_report_is_carried_whole_beside_its_line_and_the_next_alert_after_it() {
        let line = |text: &str| message("mail", Severity::Info, "report", Timestamp(0), text.to_owned());
        let report =
            Alert { body: "Review x, cycle 3\n\n finding  rule\n".to_owned(), ..line("report review=x cycle=3") };
        let text = text(&[report, line("another")], &Origin::here());
        let parts = ["report review=x cycle=3\n\nReview x, cycle 3\n\n finding  rule\n", "\nanother\n", "--\n"];
        let places: Vec<_> = parts.iter().map(|part| text.find(part)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{text}");
    }
}
