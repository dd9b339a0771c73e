//! The cameras' HTTP side: a listener for each camera address, so that an address without a camera has no open port.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HeaderValue, SERVER, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::envelope::Envelope;
use super::estate::{Access, Device, Estate, Unit};
use super::guard::{self, Check};
use super::product::Dialect;
use super::soap;

/// Most octets of a request that are read.
const MAX_REQUEST: usize = 64 * 1024;
/// Most connections to one camera at once: firmware has few.
const MAX_CONNECTIONS: usize = 10;
const PATIENCE: Duration = Duration::from_secs(10);

/// Binds a camera's port; 0 for any.
pub(super) fn listen(address: Ipv4Addr, port: u16) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((address, port)).into())?;
    socket.listen(16)?;
    TcpListener::from_std(socket.into())
}

/// Serves one camera address until the task is ended; its connections end with it.
pub(super) async fn serve(listener: TcpListener, address: Ipv4Addr, port: u16, estate: Arc<RwLock<Estate>>) {
    accept(listener, move |request| respond(request, address, port, Arc::clone(&estate))).await;
}

/// Answers every request of every connection until the task is ended.
pub(super) async fn accept<F>(listener: TcpListener, answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static)
where
    F: Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors: those of ended connections come back.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        if connections.len() >= MAX_CONNECTIONS {
            connections.join_next().await;
        }
        let service = service_fn(answer.clone());
        connections.spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .serve_connection(TokioIo::new(stream), service);
            // A client that breaks off is the client's affair.
            let _ = connection.await;
        });
    }
}

/// Head and body of a request; `None` where it is too large or does not come.
pub(super) async fn whole(request: Request<Incoming>) -> Option<(Parts, Bytes)> {
    let (head, body) = request.into_parts();
    let read = tokio::time::timeout(PATIENCE, Limited::new(body, MAX_REQUEST).collect()).await;
    Some((head, read.ok()?.ok()?.to_bytes()))
}

async fn respond(
    request: Request<Incoming>,
    address: Ipv4Addr,
    port: u16,
    estate: Arc<RwLock<Estate>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let Some((head, body)) = whole(request).await else { return Ok(plain(StatusCode::BAD_REQUEST)) };
    let authorization = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let estate = estate.read().unwrap_or_else(PoisonError::into_inner);
    let Some((device, unit)) = estate.unit_at(address) else { return Ok(plain(StatusCode::NOT_FOUND)) };
    let ask = Ask { path: head.uri.path(), method: head.method.as_str(), authorization, body: &body, port };
    let mut response = decide(device, unit, &ask);
    if let Some(server) = server(unit.product.dialect) {
        response.headers_mut().insert(SERVER, HeaderValue::from_static(server));
    }
    if unit.product.dialect == Dialect::Dahua {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// What was asked over HTTP.
struct Ask<'a> {
    path: &'a str,
    method: &'a str,
    authorization: Option<&'a str>,
    body: &'a [u8],
    port: u16,
}

fn decide(device: &Device, unit: &Unit, ask: &Ask<'_>) -> Response<Full<Bytes>> {
    let dialect = unit.product.dialect;
    if ask.path != unit.product.path() {
        return plain(StatusCode::NOT_FOUND);
    }
    if ask.method != "POST" {
        return plain(StatusCode::METHOD_NOT_ALLOWED);
    }
    let now = Timestamp::now();
    let Some(envelope) = Envelope::read(ask.body) else {
        return xml(StatusCode::BAD_REQUEST, soap::fault(dialect, "Sender", "WellFormed", "Well-formed XML expected"));
    };
    if !soap::open_to_all(&envelope.operation) {
        match guard::check(unit, envelope.token.as_ref(), ask.authorization, ask.method, now) {
            Check::Granted => {}
            Check::Challenge { stale } => return refuse(device, unit, stale, None),
            Check::Refused(times) => return refuse(device, unit, false, Some(times)),
        }
    }
    match soap::answer(&envelope.operation, device, unit, ask.port, now) {
        Some(body) => xml(StatusCode::OK, body),
        None => {
            let text = format!("Method 'tds:{}' not implemented", envelope.operation);
            let status =
                if dialect == Dialect::Axis { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::BAD_REQUEST };
            xml(status, soap::fault(dialect, "Receiver", "ActionNotSupported", &text))
        }
    }
}

/// A refusal, each maker in its own way; `times`: how often a password was wrong, where one was given.
fn refuse(device: &Device, unit: &Unit, stale: bool, times: Option<u32>) -> Response<Full<Bytes>> {
    let dialect = unit.product.dialect;
    let text = match (dialect, times) {
        (Dialect::Dahua, Some(times)) => format!(
            "Sender not Authorized. Invalid username or password! You still have {} attempt(s).",
            30u32.saturating_sub(times)
        ),
        _ => "Sender not Authorized".to_owned(),
    };
    let fault = soap::fault(dialect, "Sender", "NotAuthorized", &text);
    if unit.access != Access::Digest {
        let status = if dialect == Dialect::Plain { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        return xml(status, fault);
    }
    let mut response = match dialect {
        Dialect::Hikvision => {
            let mut page = plain(StatusCode::UNAUTHORIZED);
            *page.body_mut() = Full::new(Bytes::from_static(
                b"<!DOCTYPE html><html><head><title>Document Error: Unauthorized</title></head><body></body></html>",
            ));
            page.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
            page
        }
        _ => xml(StatusCode::UNAUTHORIZED, fault),
    };
    if let Ok(value) = HeaderValue::from_str(&guard::challenge(device, unit, stale)) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}

fn server(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        Dialect::Hikvision => Some("App-webs/"),
        Dialect::Uniview => Some("Webs"),
        Dialect::Plain => Some("gSOAP/2.8"),
        Dialect::Dahua | Dialect::Axis | Dialect::Bosch => None,
    }
}

pub(super) fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    response
}

pub(super) fn xml(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/soap+xml; charset=utf-8"));
    response
}
