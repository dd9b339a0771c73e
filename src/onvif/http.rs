//! One HTTP/1 conversation with one socket address: a POST at a time, no redirects, no proxy, no names to resolve,
//! lenient with the head of what comes back, bounded by the visit's budget.

use std::io::Read as _;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::budget::Metered;
use super::{Budget, OnvifError, TlsSettings, tls};

/// How a gzip stream begins (RFC 1952 §2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Largest head of a reply.
const MAX_HEAD: usize = 64 * 1024;

/// A reply as it came.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// The body, or as much of it as came before the connection broke.
    pub(super) body: Vec<u8>,
}

/// What is asked for with GET: the beginning of a page, without any credential.
#[derive(Debug)]
pub(super) struct Get<'a> {
    pub(super) path: &'a str,
    /// Octets of the body that are read.
    pub(super) most: usize,
}

/// What is posted.
#[derive(Debug)]
pub(super) struct Post<'a> {
    pub(super) path: &'a str,
    pub(super) content_type: &'a str,
    pub(super) authorization: Option<&'a [u8]>,
    pub(super) body: String,
    /// The body or a header carries a credential: it is never sent twice.
    pub(super) once: bool,
}

struct Open {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// A conversation: connects when it must, keeps the connection while the camera does.
pub(super) struct Http {
    address: SocketAddr,
    tls: Option<TlsSettings>,
    connect_timeout: Duration,
    budget: Budget,
    open: Option<Open>,
    /// A stream somebody else connected, for the first request.
    ready: Option<TcpStream>,
    /// The leaf certificate the camera showed, DER, and whether it proved that it holds its key.
    pub(super) leaf: Option<(Vec<u8>, bool)>,
}

impl Http {
    pub(super) fn new(
        address: SocketAddr,
        tls: Option<TlsSettings>,
        connect_timeout: Duration,
        budget: Budget,
        ready: Option<TcpStream>,
    ) -> Self {
        Self { address, tls, connect_timeout, budget, open: None, ready, leaf: None }
    }

    /// Posts and reads the whole reply before `until`. A request that carries no credential is sent once more on a
    /// new connection if a kept one turned out to be closed; one that does only if nothing of it was sent.
    pub(super) async fn post(&mut self, post: &Post<'_>, until: Instant) -> Result<Reply, OnvifError> {
        let request = self.posted(post)?;
        self.send(&request, post.once, usize::MAX, until).await
    }

    /// Gets the beginning of a page before `until`.
    pub(super) async fn get(&mut self, get: &Get<'_>, until: Instant) -> Result<Reply, OnvifError> {
        let request = Request::get(get.path).header(HOST, self.host()).body(Full::default());
        let request = request.map_err(|_| OnvifError::Request("the path is invalid"))?;
        self.send(&request, false, get.most, until).await
    }

    async fn send(
        &mut self,
        request: &Request<Full<Bytes>>,
        only_once: bool,
        most: usize,
        until: Instant,
    ) -> Result<Reply, OnvifError> {
        let until = until.min(self.budget.until());
        let kept = self.open.is_some();
        match self.once(request.clone(), most, until).await {
            Err((OnvifError::Broken(_), unsent)) if kept && (unsent || !only_once) => {
                self.once(request.clone(), most, until).await.map_err(|(error, _)| error)
            }
            other => other.map_err(|(error, _)| error),
        }
    }

    /// One try, of whose reply so many octets of body are read. With the error: whether nothing of the request had
    /// been sent.
    async fn once(
        &mut self,
        request: Request<Full<Bytes>>,
        most: usize,
        until: Instant,
    ) -> Result<Reply, (OnvifError, bool)> {
        if self.budget.exhausted() {
            return Err((OnvifError::TooLarge, true));
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.connect(until).await.map_err(|error| (error, true))?,
        };
        let exchange = async {
            open.sender.ready().await.map_err(|error| (self.kind(error), true))?;
            let sent = open.sender.try_send_request(request).await;
            sent.map_err(|mut error| {
                let unsent = error.take_message().is_some();
                (self.kind(error.into_error()), unsent)
            })
        };
        let response = timeout_at(until, exchange).await.map_err(|_| (OnvifError::Timeout, false))??;
        let (reply, whole) = self.receive(response, most, until).await.map_err(|error| (error, false))?;
        if whole && !open.sender.is_closed() {
            self.open = Some(open);
        }
        Ok(reply)
    }

    async fn receive(
        &self,
        response: Response<Incoming>,
        most: usize,
        until: Instant,
    ) -> Result<(Reply, bool), OnvifError> {
        let (head, mut incoming) = response.into_parts();
        let mut body = Vec::new();
        let mut whole = true;
        while let Some(frame) = timeout_at(until, incoming.frame()).await.map_err(|_| OnvifError::Timeout)? {
            match frame {
                Ok(frame) => body.extend(frame.into_data().unwrap_or_default()),
                Err(_) if self.budget.exhausted() => return Err(OnvifError::TooLarge),
                // The length was wrong or the connection broke: the document may be whole all the same.
                Err(_) => {
                    whole = false;
                    break;
                }
            }
            if body.len() >= most {
                whole = false;
                break;
            }
        }
        if body.starts_with(&GZIP) {
            body = self.unzip(&body)?;
        }
        Ok((Reply { status: head.status.as_u16(), headers: head.headers, body }, whole))
    }

    /// Some devices compress what nobody asked them to. What comes out is taken from the budget like what came in.
    fn unzip(&self, body: &[u8]) -> Result<Vec<u8>, OnvifError> {
        let mut reader = flate2::read::MultiGzDecoder::new(body);
        let (mut out, mut piece) = (Vec::new(), [0u8; 8192]);
        // Where it is cut off or broken, what came out before may be whole all the same.
        while let Ok(read @ 1..) = reader.read(&mut piece) {
            if !self.budget.take(read) {
                return Err(OnvifError::TooLarge);
            }
            out.extend_from_slice(piece.get(..read).unwrap_or_default());
        }
        Ok(out)
    }

    /// The `Host` header: the address itself, nothing a camera says.
    fn host(&self) -> String {
        let usual = if self.tls.is_some() { 443 } else { 80 };
        match (self.address.port() == usual, self.address.ip()) {
            (false, _) => self.address.to_string(),
            (true, std::net::IpAddr::V6(address)) => format!("[{address}]"),
            (true, address) => address.to_string(),
        }
    }

    fn posted(&self, post: &Post<'_>) -> Result<Request<Full<Bytes>>, OnvifError> {
        let mut request = Request::post(post.path).header(HOST, self.host()).header(CONTENT_TYPE, post.content_type);
        if let Some(value) = post.authorization {
            let mut value = HeaderValue::from_bytes(value).map_err(|_| OnvifError::Request("a header is invalid"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request.body(Full::new(Bytes::from(post.body.clone()))).map_err(|_| OnvifError::Request("the path is invalid"))
    }

    async fn connect(&mut self, until: Instant) -> Result<Open, OnvifError> {
        let until = until.min(Instant::now() + self.connect_timeout);
        let stream = match self.ready.take() {
            Some(stream) => stream,
            None => timeout_at(until, TcpStream::connect(self.address))
                .await
                .map_err(|_| OnvifError::Timeout)?
                .map_err(OnvifError::Connect)?,
        };
        // One small request, one answer: nothing is gained by waiting for more to send.
        let _ = stream.set_nodelay(true);
        let stream = Metered::new(stream, self.budget.clone());
        let Some(settings) = self.tls.clone() else { return self.handshake(stream).await };
        let name = ServerName::IpAddress(self.address.ip().into());
        let (settings, proved) = tls::for_connection(&settings);
        let stream = timeout_at(until, TlsConnector::from(settings).connect(name, stream))
            .await
            .map_err(|_| OnvifError::Timeout)?
            .map_err(tls::failure)?;
        let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        self.leaf = shown.map(|leaf| (leaf.as_ref().to_vec(), proved.holds()));
        self.handshake(stream).await
    }

    async fn handshake<S>(&self, stream: S) -> Result<Open, OnvifError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, connection) = Builder::new()
            .allow_obsolete_multiline_headers_in_responses(true)
            .ignore_invalid_headers_in_responses(true)
            .allow_spaces_after_header_name_in_responses(true)
            .max_buf_size(MAX_HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.kind(error))?;
        let driver = tokio::spawn(async move {
            // What went wrong reaches the request that is waiting.
            let _ = connection.await;
        });
        Ok(Open { sender, driver })
    }

    fn kind(&self, error: hyper::Error) -> OnvifError {
        if self.budget.exhausted() {
            OnvifError::TooLarge
        } else if error.is_parse() {
            OnvifError::NotHttp(error)
        } else {
            OnvifError::Broken(error)
        }
    }
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").field("address", &self.address).field("tls", &self.tls.is_some()).finish_non_exhaustive()
    }
}
