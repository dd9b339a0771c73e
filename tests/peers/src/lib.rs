//! What tests against cameras of other authors share: a TCP proxy that counts the credentials going through it, a camera
//! of the crate `onvif-server`, and peers that run as processes of their own.

mod camera;
mod peer;

pub use camera::Camera;
pub use peer::Peer;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Passes connections on to a peer and counts what the client sends; stops when dropped.
#[derive(Debug)]
pub struct Counter {
    /// Where to connect to.
    pub address: SocketAddr,
    credentials: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Counter {
    /// Starts on any port of 127.0.0.1, in front of `peer`.
    ///
    /// # Errors
    /// No port is to be had.
    pub async fn start(peer: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (credentials, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (secret, all) = (Arc::clone(&credentials), Arc::clone(&requests));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, peer, Arc::clone(&secret), Arc::clone(&all)));
            }
        });
        Ok(Self { address, credentials, requests, task })
    }

    /// Requests that carried a credential.
    #[must_use]
    pub fn credentials(&self) -> usize {
        self.credentials.load(Ordering::SeqCst)
    }

    /// Requests.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn count(text: &[u8], word: &[u8]) -> usize {
    text.windows(word.len()).filter(|window| window.eq_ignore_ascii_case(word)).count()
}

async fn pass(client: TcpStream, peer: SocketAddr, credentials: Arc<AtomicUsize>, requests: Arc<AtomicUsize>) {
    let Ok(server) = TcpStream::connect(peer).await else { return };
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let up = async {
        // The whole conversation is kept, so that a word cut in two by a read is still counted.
        let (mut seen, mut buffer) = (Vec::new(), [0u8; 8192]);
        let (mut secrets, mut posts) = (0, 0);
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            let Some(octets) = buffer.get(..read) else { break };
            seen.extend_from_slice(octets);
            let now = count(&seen, b"</UsernameToken>") + count(&seen, b"\r\nauthorization:");
            credentials.fetch_add(now - secrets, Ordering::SeqCst);
            secrets = now;
            let now = count(&seen, b"POST /");
            requests.fetch_add(now - posts, Ordering::SeqCst);
            posts = now;
            if to_server.write_all(octets).await.is_err() {
                break;
            }
        }
        let _ = to_server.shutdown().await;
    };
    let down = async {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
        let _ = to_client.shutdown().await;
    };
    tokio::join!(up, down);
}
