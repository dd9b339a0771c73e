//! A camera that answers with replies recorded from a real one: a folder of `GetDeviceInformation-1.xml`,
//! `Fault-NotAuthorized-GetScopes-1.xml` and the like. Whoever asks is told: what it is that a real device says is the
//! matter here, not whom it tells.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use tokio::task::JoinHandle;

use super::camera::{self, plain, xml};
use super::envelope::Envelope;
use super::product::Dialect;
use super::soap;

/// Largest recorded reply that is read.
const MAX_REPLY: u64 = 4 << 20;

/// A recorded reply, and whether it is a fault.
#[derive(Debug, Clone)]
struct Recorded {
    body: Bytes,
    fault: bool,
}

/// Recorded replies by the operation they answer.
type Recordings = BTreeMap<String, Recorded>;

/// A recorded camera on a loopback address. Ends when dropped.
#[derive(Debug)]
pub struct Replay {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Replay {
    /// Answers at this address with what lies in the folder; port 0 for any.
    ///
    /// # Errors
    /// The folder cannot be read, or the port not be had.
    pub fn start(folder: &Path, address: Ipv4Addr, port: u16) -> io::Result<Self> {
        let recordings = Arc::new(read(folder)?);
        let listener = camera::listen(address, port)?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(camera::accept(listener, move |request| answer(request, Arc::clone(&recordings))));
        Ok(Self { address, task })
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// The folder's replies; of several to one operation the first by name.
fn read(folder: &Path) -> io::Result<Recordings> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    let mut recordings = Recordings::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(operation) = name.split(['-', '.']).find(|part| part.starts_with("Get")) else { continue };
        if std::fs::metadata(&path)?.len() > MAX_REPLY {
            continue;
        }
        let recorded = Recorded { body: Bytes::from(std::fs::read(&path)?), fault: name.starts_with("Fault") };
        recordings.entry(operation.to_owned()).or_insert(recorded);
    }
    Ok(recordings)
}

async fn answer(request: Request<Incoming>, recordings: Arc<Recordings>) -> Result<Response<Full<Bytes>>, Infallible> {
    let Some((_, body)) = camera::whole(request).await else { return Ok(plain(StatusCode::BAD_REQUEST)) };
    let Some(Envelope { operation, .. }) = Envelope::read(&body) else { return Ok(plain(StatusCode::BAD_REQUEST)) };
    Ok(match recordings.get(&operation) {
        Some(Recorded { body, fault: false }) => xml(StatusCode::OK, body.clone()),
        Some(Recorded { body, fault: true }) => xml(StatusCode::BAD_REQUEST, body.clone()),
        None => {
            let text = format!("Method 'tds:{operation}' not implemented");
            xml(StatusCode::BAD_REQUEST, soap::fault(Dialect::Plain, "Receiver", "ActionNotSupported", &text))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_known_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("GetScopes-2.xml", "two"),
            ("GetScopes-1.xml", "one"),
            ("Fault-NotAuthorized-GetDNS-1.xml", "no"),
            ("Fault-1.xml", "any"),
            ("README.md", "words"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let read = read(folder.path()).unwrap();
        let known: Vec<_> = read.iter().map(|(name, it)| (name.as_str(), it.body.as_ref(), it.fault)).collect();
        assert_eq!(known, [("GetDNS", &b"no"[..], true), ("GetScopes", b"one", false)]);
    }
}
