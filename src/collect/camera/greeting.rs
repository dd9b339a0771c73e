//! What a camera shows everybody beside its device service: the title of its page, the name of its RTSP server. One
//! `GET /` and one RTSP `OPTIONS`; never DESCRIBE, never a path of some maker's.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::CredentialLedger;
use super::visit::Visit;
use crate::net::DeviceText;
use crate::observation::MarkKind;
use crate::onvif::{Budget, Service, challenges};
use crate::probe::{self, RtspGreeting};

/// Longest head of an RTSP reply that is read.
const MAX_HEAD: usize = 4096;
/// How long an RTSP server may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// When a camera is looked at again in this way: what it shows everybody changes with its firmware.
const AGAIN: Duration = Duration::from_secs(6 * 3600);
/// Cameras that are remembered.
const MOST: usize = 100_000;

/// Which cameras were looked at lately, each by its address and what discovery calls it: another one at the same address
/// is looked at at once.
#[derive(Debug, Default)]
pub(super) struct Greeted(Mutex<BTreeMap<(IpAddr, Option<DeviceText>), Instant>>);

impl Greeted {
    /// Whether it is due, which it is not again for hours.
    pub(super) fn is_due(&self, address: IpAddr, endpoint: Option<&DeviceText>) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (address, endpoint.cloned());
        if all.get(&key).is_some_and(|last| last.elapsed() < AGAIN) {
            return false;
        }
        if all.len() >= MOST {
            all.retain(|_, last| last.elapsed() < AGAIN);
        }
        all.insert(key, Instant::now());
        true
    }
}

/// Asks an RTSP server for its options (RFC 2326 §10.1): requests sent, and what it said.
pub(super) async fn rtsp(
    address: IpAddr,
    port: u16,
    connect_timeout: Duration,
    budget: Budget,
) -> (u32, Option<RtspGreeting>) {
    let to = SocketAddr::new(address, port);
    let Ok(Ok(mut stream)) = timeout(connect_timeout, TcpStream::connect(to)).await else { return (0, None) };
    let exchange = async {
        let request = format!("OPTIONS rtsp://{to}/ RTSP/1.0\r\nCSeq: 1\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut head = Vec::new();
        let mut piece = [0u8; 1024];
        while head.len() < MAX_HEAD && !head.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut piece).await {
                Ok(read @ 1..) if budget.take(read) => head.extend_from_slice(piece.get(..read).unwrap_or_default()),
                _ => break,
            }
        }
        probe::rtsp(&head)
    };
    (1, timeout(PATIENCE, exchange).await.ok().flatten())
}

impl<L: CredentialLedger> Visit<'_, L> {
    /// Looks at the page that a web server shows everybody.
    pub(super) async fn look_at_page(&mut self, service: &mut Service) {
        // One that counts attempts is left alone.
        if self.lockout.is_near() {
            return;
        }
        let Ok(page) = service.page(probe::PAGE_OCTETS, self.patience()).await else { return };
        self.note_head(page.server.as_deref(), &page.challenges);
        if let Some(title) = probe::title(&page.body) {
            self.mark(MarkKind::PageTitle, title);
        }
    }

    /// Keeps what an RTSP server said.
    pub(super) fn note_rtsp(&mut self, greeting: RtspGreeting) {
        if let Some(server) = greeting.server {
            self.mark(MarkKind::RtspServer, server);
        }
        self.note_head(None, &challenges(greeting.challenges.iter().map(Vec::as_slice)));
    }

    /// Keeps the marks of a reply's head.
    pub(super) fn note_head(&mut self, server: Option<&[u8]>, challenges: &[crate::onvif::Challenge]) {
        if let Some(server) = server.and_then(probe::server) {
            self.mark(MarkKind::HttpServer, server);
        }
        for challenge in challenges {
            if let Some(realm) = challenge.get("realm").and_then(probe::realm) {
                self.mark(MarkKind::Realm, realm);
            }
            if let Some(structure) = challenge.get("nonce").and_then(probe::nonce) {
                self.mark(MarkKind::Nonce, DeviceText::new(structure));
            }
        }
    }
}
