//! A connection to a receiver: its name looked up, TCP, and TLS where that is wanted.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::config::{Endpoint, Trust};

/// What is read and written, whatever is underneath.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Ends what takes longer.
pub(super) async fn within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = || io::Error::new(io::ErrorKind::TimedOut, format!("no end after {limit:?}"));
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(late()))
}

/// TLS 1.2 and 1.3, the receiver's certificate checked.
fn settings(trust: &Trust) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match trust {
        // What cannot be read of the system's own is not believed, and that is all.
        Trust::System => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Trust::Authorities { certificates, .. } => {
            roots.add_parsable_certificates(certificates.iter().cloned());
        }
    }
    if roots.is_empty() {
        return Err(io::Error::other("no authority is believed: is ca-certificates installed, or name a ca-file"));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(io::Error::other)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Connects; with TLS once the certificate was found good for the host that was configured.
pub(super) async fn connect(endpoint: &Endpoint, tls: Option<&Trust>) -> io::Result<Box<dyn Stream>> {
    let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
    let _ = stream.set_nodelay(true);
    let Some(trust) = tls else { return Ok(Box::new(stream)) };
    let name = ServerName::try_from(endpoint.host.clone()).map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::new(settings(trust)?));
    Ok(Box::new(connector.connect(name, stream).await?))
}
