//! HTTPS with the kind of certificate cameras have: self-signed, expired. And with none that is worth a name.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use base64::prelude::{BASE64_STANDARD, Engine};
use lenswarden::collect::camera::CameraCollector;
use lenswarden::observation::{CameraVisit, MarkKind, Reach};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::double::{self, Asked, Ledger, converse, ok, reply, settings};

/// `CN=cam-7, O=Maker GmbH, C=GB`, made for this test with openssl; valid for one day.
const CERTIFICATE: &str = "MIIBuTCCAV+gAwIBAgIULRCWJdbKM1nUFpiRphQ4OJ6fvmIwCgYIKoZIzj0EAwIwMjELMAkGA1UEBhMCR0IxEzARBgNVBAoMCk1ha2VyIEdtYkgxDjAMBgNVBAMMBWNhbS03MB4XDTI2MTEyNDAyNTU0M1oXDTI2MTEyNTAyNTU0M1owMjELMAkGA1UEBhMCR0IxEzARBgNVBAoMCk1ha2VyIEdtYkgxDjAMBgNVBAMMBWNhbS03MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEvg2/gdgcrCtipWpMuwCmKfswm6gCzZlunWfEwrBLyEuspBzdnAJC3IUlsn1uUkYvnVndQtNrW3ZSJDi++xt126NTMFEwHQYDVR0OBBYEFFN9YHndI/MV8OU9Ko5G1qSfwrkXMB8GA1UdIwQYMBaAFFN9YHndI/MV8OU9Ko5G1qSfwrkXMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAOsY+gNNj3azPhtXq/clGexrQgjYM/RtsRTosBC9OnVXAiA/WnNCorOD8bY2D+ETsqTct9Yx8lrXW8bbKfOcRgUNkQ==";
const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1BOiThfDFPInD9rGi0JtgIHktK6yBO3UA+0F8E4dB+6hRANCAAS+Db+B2BysK2Klaky7AKYp+zCbqALNmW6dZ8TCsEvIS6ykHN2cAkLchSWyfW5SRi+dWd1C02tbdlIkOL77G3Xb";
/// The same names, another key: what a camera shows after it was set up anew, or what stands in its place.
const OTHER_CERTIFICATE: &str = "MIIBuTCCAV+gAwIBAgIUWOJ5VTq62xMWSYDI1G1fCT4BKRowCgYIKoZIzj0EAwIwMjELMAkGA1UEBhMCR0IxEzARBgNVBAoMCk1ha2VyIEdtYkgxDjAMBgNVBAMMBWNhbS03MB4XDTI2MTEyODExMzAzNVoXDTI2MTEyOTExMzAzNVowMjELMAkGA1UEBhMCR0IxEzARBgNVBAoMCk1ha2VyIEdtYkgxDjAMBgNVBAMMBWNhbS03MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEuiutzS/hYhqUq/HMgj1qND1ZBG5tqSIKYsjYc2nc3d/20Y6r6itGUNJcZz/LGkRkhvp9EF19mRGOf+KwvM8mpKNTMFEwHQYDVR0OBBYEFGLiVdLi9FfAtFfRRt/11MmvpwgrMB8GA1UdIwQYMBaAFGLiVdLi9FfAtFfRRt/11MmvpwgrMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgeJTneXF8F7lnj+NnxcJNs8GjBWxdlWQU9m6s4tKV8GMCIQCHOt+nk+IFryJTy+SImHL68WXFevHuD6O7su3Z54QsTw==";
const OTHER_KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgYrIv9ED/d6IQVw+Cz6duRVMiANPJxUDDbETOe6i9UdKhRANCAAS6K63NL+FiGpSr8cyCPWo0PVkEbm2pIgpiyNhzadzd3/bRjqvqK0ZQ0lxnP8saRGSG+n0QXX2ZEY5/4rC8zyak";

/// Which certificate is shown and which key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    /// A certificate and its key.
    Own,
    /// Another one and its key.
    Other,
    /// The first certificate, and the other one's key: somebody who copied what everybody can see.
    Copied,
    /// Octets that are no certificate.
    Garbage,
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

fn acceptor(shows: Shows) -> TlsAcceptor {
    let decode = |text: &str| BASE64_STANDARD.decode(text).unwrap();
    let (certificate, key) = match shows {
        Shows::Own => (decode(CERTIFICATE), KEY),
        Shows::Other => (decode(OTHER_CERTIFICATE), OTHER_KEY),
        Shows::Copied => (decode(CERTIFICATE), OTHER_KEY),
        Shows::Garbage => (b"no certificate at all".to_vec(), KEY),
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(decode(key)));
    let key = ring::sign::any_supported_type(&key).unwrap();
    let certified = CertifiedKey::new(vec![CertificateDer::from(certificate)], key);
    let settings = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Always(Arc::new(certified))));
    TlsAcceptor::from(Arc::new(settings))
}

/// A camera behind TLS that WS-Discovery names; ends when dropped.
pub(super) struct Secure {
    pub(super) shows: Arc<Mutex<Shows>>,
    pub(super) address: IpAddr,
    pub(super) discovery_port: u16,
    port: u16,
    log: Arc<Mutex<Vec<Asked>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Secure {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn named(address: Ipv4Addr, port: u16) -> (u16, JoinHandle<()>) {
    let socket = UdpSocket::bind((address, 0)).await.unwrap();
    let discovery_port = socket.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let answer = format!(
            "<e:Envelope><e:Body><ProbeMatches><ProbeMatch><XAddrs>https://{address}:{port}/</XAddrs></ProbeMatch>\
             </ProbeMatches></e:Body></e:Envelope>"
        );
        let mut buffer = [0u8; 4096];
        while let Ok((_, from)) = socket.recv_from(&mut buffer).await {
            let _ = socket.send_to(answer.as_bytes(), from).await;
        }
    });
    (discovery_port, task)
}

impl Secure {
    pub(super) async fn start(address: Ipv4Addr, shows: Shows) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (log, shows) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(shows)));
        let (seen, shown) = (Arc::clone(&log), Arc::clone(&shows));
        let camera = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, log) = (acceptor(*shown.lock().unwrap()), Arc::clone(&seen));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    converse(stream, Arc::new(|asked: &Asked| ok(&reply(&asked.operation, 0))), log).await;
                });
            }
        });
        let (discovery_port, discovery) = named(address, port).await;
        Self { shows, address: address.into(), discovery_port, port, log, tasks: vec![camera, discovery] }
    }

    async fn visit(&self) -> CameraVisit {
        let block = double::block(&[], self.discovery_port);
        CameraCollector::new(&settings()).visit(&block, self.address, &[], &Ledger::default()).await
    }
}

#[tokio::test]
async fn a_camera_behind_an_expired_certificate_is_read_and_its_subject_is_a_mark() {
    let camera = Secure::start(Ipv4Addr::LOCALHOST, Shows::Own).await;
    let visit = camera.visit().await;
    assert_eq!(
        (&visit.reach, visit.port, visit.tls),
        (&Reach::Answered, Some(camera.port), true),
        "{:?}",
        visit.errors
    );
    assert_eq!(visit.information.unwrap().model.as_str(), "D-1");
    let subject = visit.marks.iter().find(|mark| mark.kind == MarkKind::TlsSubject).unwrap();
    assert_eq!(subject.text.as_str(), "C=GB, O=Maker GmbH, CN=cam-7");
    assert_eq!(camera.log.lock().unwrap().len(), 12, "eleven operations and a page");
    let key = visit.key.unwrap();
    // openssl x509 -pubkey | openssl pkey -pubin -outform DER | sha256sum
    assert_eq!((key.sha256.as_str(), key.proved), (OWN_KEY_SHA256, true));
}

const OWN_KEY_SHA256: &str = "a50d81025c9f9a79e9b66feea3b39a0f5e5e03dae03dc6f280dc7d0376899492";

#[tokio::test]
async fn a_key_is_told_from_another_from_a_copy_and_from_garbage() {
    let camera = Secure::start(Ipv4Addr::LOCALHOST, Shows::Other).await;
    let show = async |shows: Shows| {
        *camera.shows.lock().unwrap() = shows;
        let visit = camera.visit().await;
        assert_eq!(visit.reach, Reach::Answered, "{shows:?}");
        visit.key.unwrap()
    };
    let (other, copied) = (show(Shows::Other).await, show(Shows::Copied).await);
    assert!(other.proved && other.sha256 != OWN_KEY_SHA256);
    assert_eq!((copied.sha256.as_str(), copied.proved), (OWN_KEY_SHA256, false), "it signed with another key");
    assert!(!show(Shows::Garbage).await.proved);
}

/// Answers every TLS hello with these octets.
async fn old_tls(answer: Vec<u8>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0u8; 4096];
            let _ = stream.read(&mut hello).await;
            let _ = stream.write_all(&answer).await;
            let _ = stream.read(&mut hello).await;
        }
    });
    (address, task)
}

#[tokio::test]
async fn tls_too_old_is_a_fact_and_another_failure_is_none() {
    // ServerHello of TLS 1.0 (RFC 2246 §7.4.1.3) with TLS_RSA_WITH_AES_128_CBC_SHA; the alerts protocol_version and
    // handshake_failure.
    let mut hello = vec![0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    hello.extend([7u8; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    let alert = |description: u8| vec![0x15, 3, 1, 0, 2, 2, description];
    for (answer, too_old) in
        [(hello, true), (alert(70), true), (alert(40), false), (b"HTTP/1.1 400 \r\n".to_vec(), false)]
    {
        let (address, camera) = old_tls(answer).await;
        let (discovery_port, discovery) = named(Ipv4Addr::LOCALHOST, address.port()).await;
        let block = double::block(&[], discovery_port);
        let visit = CameraCollector::new(&settings()).visit(&block, address.ip(), &[], &Ledger::default()).await;
        assert_eq!((visit.tls_too_old, visit.key.is_none(), visit.port), (too_old, true, None));
        assert_eq!(visit.reach, Reach::Answered, "it did speak WS-Discovery");
        camera.abort();
        discovery.abort();
    }
}

/// A peer nobody here wrote: skipped with a reason where this openssl no longer speaks TLS 1.0.
#[tokio::test]
async fn tls_too_old_is_told_of_openssl_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, label: &str, text: &str| {
        let pem = format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n");
        std::fs::write(folder.path().join(name), pem).unwrap();
    };
    file("cert.pem", "CERTIFICATE", CERTIFICATE);
    file("key.pem", "PRIVATE KEY", KEY);
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap().port();
    let serve = |version: &str| {
        std::process::Command::new("openssl")
            .args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-cert", "cert.pem", "-key", "key.pem", "-www"])
            .args([version, "-cipher", "ALL:@SECLEVEL=0", "-quiet"])
            .current_dir(folder.path())
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
    };
    let (discovery_port, discovery) = named(Ipv4Addr::LOCALHOST, port).await;
    for (version, too_old) in [("-tls1", true), ("-tls1_2", false)] {
        let Ok(mut server) = serve(version) else {
            println!("skipped: there is no openssl here");
            return;
        };
        let begun = std::time::Instant::now();
        while tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
            if let Ok(Some(status)) = server.try_wait() {
                println!("skipped: openssl s_server {version} ended with {status}");
                return;
            }
            assert!(begun.elapsed() < std::time::Duration::from_secs(10), "openssl never listened");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let block = double::block(&[], discovery_port);
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let visit = CameraCollector::new(&settings()).visit(&block, address, &[], &Ledger::default()).await;
        let _ = server.kill();
        let _ = server.wait();
        assert_eq!(visit.tls_too_old, too_old, "{version}: {visit:?}");
    }
    discovery.abort();
}
