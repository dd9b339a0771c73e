//! A webhook: one POST a message, signed, to the URL that was configured and no other.

use std::io;
use std::pin::pin;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::Builder;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper_util::rt::TokioIo;
use sha2::Sha256;

use super::carrier::Origin;
use super::connect::{connect, within};
use super::json;
use crate::config::Webhook;
use crate::config::secret::Secret;
use crate::net::Timestamp;
use crate::net::text::clean;
use crate::store::Alert;

/// Octets read of an answer.
const MOST: usize = 16 * 1024;
/// Characters of a refusal that are told.
const MOST_WORDS: usize = 120;

/// `v1=` and the HMAC-SHA256 of the time, a full stop and the body, lower-case hex: who has the secret can tell that
/// the body is ours, and by the time that it is not an old one sent again.
fn signature(secret: &Secret, seconds: i64, body: &[u8]) -> io::Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).map_err(io::Error::other)?;
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    let octets = mac.finalize().into_bytes();
    Ok(octets.iter().fold("v1=".to_owned(), |text, octet| text + &format!("{octet:02x}")))
}

fn request(webhook: &Webhook, alert: &Alert, origin: &Origin) -> io::Result<Request<Full<Bytes>>> {
    let body = json::body(alert, origin);
    let seconds = Timestamp::now().0.div_euclid(1000);
    let mut request = Request::post(&webhook.path)
        .header(HOST, &webhook.authority)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("lenswarden/", env!("CARGO_PKG_VERSION")))
        .header("Idempotency-Key", &alert.key)
        .header("Lenswarden-Timestamp", seconds);
    if let Some(secret) = &webhook.secret {
        request = request.header("Lenswarden-Signature", signature(secret, seconds, &body)?);
    }
    request.body(Full::new(Bytes::from(body))).map_err(io::Error::other)
}

/// Only an answer of 2xx says that it was taken. A redirection is none: a receiver that moved is configured anew.
async fn post(webhook: &Webhook, alert: &Alert, origin: &Origin) -> io::Result<()> {
    let stream = connect(&webhook.endpoint, webhook.tls.as_ref()).await?;
    let handshake = Builder::new().max_buf_size(MOST).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(io::Error::other)?;
    let exchange = async {
        let response = sender.send_request(request(webhook, alert, origin)?).await.map_err(io::Error::other)?;
        let (head, mut incoming) = response.into_parts();
        if head.status.is_success() {
            return Ok(());
        }
        let mut body = Vec::new();
        while body.len() < MOST
            && let Some(Ok(frame)) = incoming.frame().await
        {
            body.extend(frame.into_data().unwrap_or_default());
        }
        let words: String = clean(&String::from_utf8_lossy(&body)).chars().take(MOST_WORDS).collect();
        let redirection = if head.status.is_redirection() { " (redirections are not followed)" } else { "" };
        let words = if words.trim().is_empty() { String::new() } else { format!(": {words}") };
        Err(io::Error::other(format!("it answered {}{redirection}{words}", head.status)))
    };
    // The connection is driven until the exchange is over. Its own end says nothing: what it read before is there.
    let (mut exchange, mut connection) = (pin!(exchange), pin!(connection));
    tokio::select! {
        biased;
        result = &mut exchange => return result,
        _ = &mut connection => {}
    }
    exchange.await
}

/// In order, each in its own time.
pub(super) async fn send(
    webhook: &Webhook,
    origin: &Origin,
    alerts: &[Alert],
    limit: Duration,
) -> Result<(), (usize, io::Error)> {
    for (taken, alert) in alerts.iter().enumerate() {
        within(limit, post(webhook, alert, origin)).await.map_err(|error| (taken, error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_over_time_and_body() {
        // printf '%s' '1795500000.{"version":1}' | openssl dgst -sha256 -hmac 'a secret'
        let secret = Secret::new("a secret".into());
        let signed = signature(&secret, 1_795_500_000, b"{\"version\":1}").unwrap();
        assert_eq!(signed, "v1=8fceb8a843aff2ba9afdaeb537fc53774860d2e3b2d559921322d5953649e5bd");
        assert_ne!(signature(&secret, 1_795_500_001, b"{\"version\":1}").unwrap(), signed);
    }
}
