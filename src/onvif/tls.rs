//! TLS as cameras have it: certificates are self-signed, expired or malformed, so none is refused. What counts is the
//! key: whether the camera proved that it holds it, and whether it is the key it showed before. What is read over it is
//! evidence, not truth; a password goes over it only as a digest.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, ClientConfig, DigitallySignedStruct, Error, PeerIncompatible, SignatureScheme};

use super::OnvifError;

/// Settings for TLS to cameras, built once.
pub type TlsSettings = Arc<ClientConfig>;

/// TLS 1.2 and 1.3, any certificate. Sessions are never resumed: every connection proves its key anew.
///
/// # Errors
/// The cryptography provider supports neither version.
pub fn settings() -> Result<TlsSettings, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(AnyCertificate { provider: Arc::clone(&provider), proved: Arc::default() });
    let mut settings = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    // The name would be an address, which is never sent anyway.
    settings.enable_sni = false;
    settings.resumption = Resumption::disabled();
    Ok(Arc::new(settings))
}

/// Whether the camera proved, on one connection, that it holds the key of the certificate it showed.
#[derive(Debug, Clone, Default)]
pub(super) struct Proved(Arc<AtomicBool>);

impl Proved {
    pub(super) fn holds(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The settings for one connection, and where it will stand whether its key was proved.
pub(super) fn for_connection(settings: &TlsSettings) -> (TlsSettings, Proved) {
    let proved = Proved::default();
    let mut own = ClientConfig::clone(settings);
    let provider = Arc::clone(own.crypto_provider());
    own.dangerous().set_certificate_verifier(Arc::new(AnyCertificate { provider, proved: Arc::clone(&proved.0) }));
    (Arc::new(own), proved)
}

/// What a handshake that failed says: TLS older than 1.2, or something else.
pub(super) fn failure(error: io::Error) -> OnvifError {
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let too_old = matches!(
        cause,
        Some(
            Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                    | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            ) | Error::AlertReceived(AlertDescription::ProtocolVersion | AlertDescription::InsufficientSecurity)
        )
    );
    if too_old { OnvifError::TlsTooOld(error) } else { OnvifError::Tls(error) }
}

#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
    proved: Arc<AtomicBool>,
}

impl AnyCertificate {
    /// A signature that does not hold, or that cannot be checked (a certificate that does not parse, a key too short
    /// for anybody to trust) ends nothing: it is remembered that nothing was proved.
    fn note(&self, checked: &Result<HandshakeSignatureValid, Error>) -> HandshakeSignatureValid {
        self.proved.store(checked.is_ok(), Ordering::Release);
        HandshakeSignatureValid::assertion()
    }
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        Ok(self.note(&verify_tls12_signature(message, certificate, signed, known)))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        Ok(self.note(&verify_tls13_signature(message, certificate, signed, known)))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cause: Error) -> OnvifError {
        failure(io::Error::new(io::ErrorKind::InvalidData, cause))
    }

    #[test]
    fn a_version_too_old_is_told_from_other_failures() {
        let old = [
            Error::AlertReceived(AlertDescription::ProtocolVersion),
            Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13),
        ];
        for cause in old {
            assert!(matches!(of(cause), OnvifError::TlsTooOld(_)));
        }
        let others = [
            Error::AlertReceived(AlertDescription::HandshakeFailure),
            Error::AlertReceived(AlertDescription::InternalError),
            Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon),
        ];
        for cause in others {
            assert!(matches!(of(cause), OnvifError::Tls(_)));
        }
        assert!(matches!(failure(io::Error::other("reset")), OnvifError::Tls(_)));
    }
}
