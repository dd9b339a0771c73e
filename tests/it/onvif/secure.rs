//! HTTPS with the kind of certificate cameras have: self-signed, expired.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use base64::prelude::{BASE64_STANDARD, Engine};
use lenswarden::collect::camera::CameraCollector;
use lenswarden::observation::{MarkKind, Reach};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, UdpSocket};
use tokio_rustls::TlsAcceptor;

use super::double::{self, Asked, Ledger, converse, ok, reply, settings};

/// `CN=cam-7, O=Maker GmbH, C=GB`, made for this test with openssl; valid for one day.
const CERTIFICATE: &str = "MIIBuTCCAV+gAwIBAgIULRCWJdbKM1nUFpiRphQ4OJ6fvmIwCgYIKoZIzj0EAwIwMjELMAkGA1UEBhMCR0IxEzARBgNVBAoMCk1ha2VyIEdtYkgxDjAMBgNVBAMMBWNhbS03MB4XDTI2MTEyNDAyNTU0M1oXDTI2MTEyNTAyNTU0M1owMjELMAkGA1UEBhMCR0IxEzARBgNVBAoMCk1ha2VyIEdtYkgxDjAMBgNVBAMMBWNhbS03MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEvg2/gdgcrCtipWpMuwCmKfswm6gCzZlunWfEwrBLyEuspBzdnAJC3IUlsn1uUkYvnVndQtNrW3ZSJDi++xt126NTMFEwHQYDVR0OBBYEFFN9YHndI/MV8OU9Ko5G1qSfwrkXMB8GA1UdIwQYMBaAFFN9YHndI/MV8OU9Ko5G1qSfwrkXMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAOsY+gNNj3azPhtXq/clGexrQgjYM/RtsRTosBC9OnVXAiA/WnNCorOD8bY2D+ETsqTct9Yx8lrXW8bbKfOcRgUNkQ==";
const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1BOiThfDFPInD9rGi0JtgIHktK6yBO3UA+0F8E4dB+6hRANCAAS+Db+B2BysK2Klaky7AKYp+zCbqALNmW6dZ8TCsEvIS6ykHN2cAkLchSWyfW5SRi+dWd1C02tbdlIkOL77G3Xb";

fn acceptor() -> TlsAcceptor {
    let decode = |text: &str| BASE64_STANDARD.decode(text).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(decode(KEY)));
    let settings = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(decode(CERTIFICATE))], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(settings))
}

#[tokio::test]
async fn a_camera_behind_an_expired_certificate_is_read_and_its_subject_is_a_mark() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&log);
    let camera = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, log) = (acceptor(), Arc::clone(&seen));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                converse(stream, Arc::new(|asked: &Asked| ok(&reply(&asked.operation, 0))), log).await;
            });
        }
    });
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let discovery = tokio::spawn(async move {
        let answer = format!(
            "<e:Envelope><e:Body><ProbeMatches><ProbeMatch><XAddrs>https://127.0.0.1:{}/</XAddrs></ProbeMatch>             </ProbeMatches></e:Body></e:Envelope>",
            address.port()
        );
        let mut buffer = [0u8; 4096];
        while let Ok((_, from)) = socket.recv_from(&mut buffer).await {
            let _ = socket.send_to(answer.as_bytes(), from).await;
        }
    });
    let block = double::block(&[], port);
    let visit = CameraCollector::new(&settings()).visit(&block, address.ip(), &[], &Ledger::default()).await;
    camera.abort();
    discovery.abort();
    assert_eq!(
        (&visit.reach, visit.port, visit.tls),
        (&Reach::Answered, Some(address.port()), true),
        "{:?}",
        visit.errors
    );
    assert_eq!(visit.information.unwrap().model.as_str(), "D-1");
    let subject = visit.marks.iter().find(|mark| mark.kind == MarkKind::TlsSubject).unwrap();
    assert_eq!(subject.text.as_str(), "C=GB, O=Maker GmbH, CN=cam-7");
    assert_eq!(log.lock().unwrap().len(), 6);
}
