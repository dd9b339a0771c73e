//! WS-Security UsernameToken with a password digest (OASIS UsernameToken Profile 1.0 §3.1, ONVIF Core §5.12.1).

use base64::prelude::{BASE64_STANDARD, Engine};
use quick_xml::escape::escape;
use sha1::{Digest, Sha1};

use super::OnvifError;
use crate::net::Timestamp;

/// A security header for one request. `created` is the time on the camera's own clock: most accept only seconds to
/// minutes of difference. It is written in Zulu form because some refuse `+00:00`.
///
/// # Errors
/// The system gives no randomness.
pub fn token(user: &str, password: &str, created: Timestamp) -> Result<String, OnvifError> {
    let mut nonce = [0u8; 20];
    getrandom::fill(&mut nonce).map_err(|_| OnvifError::Request("no randomness"))?;
    Ok(with_nonce(user, password, created, &nonce))
}

fn with_nonce(user: &str, password: &str, created: Timestamp, nonce: &[u8]) -> String {
    const UTILITY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    const EXTENSION: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    const PROFILE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0";
    const MESSAGE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0";
    let created = created.to_jiff().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let digest = Sha1::new().chain_update(nonce).chain_update(&created).chain_update(password).finalize();
    format!(
        "<Security s:mustUnderstand=\"1\" xmlns=\"{EXTENSION}\"><UsernameToken><Username>{}</Username>\
         <Password Type=\"{PROFILE}#PasswordDigest\">{}</Password>\
         <Nonce EncodingType=\"{MESSAGE}#Base64Binary\">{}</Nonce>\
         <Created xmlns=\"{UTILITY}\">{created}</Created></UsernameToken></Security>",
        escape(user),
        BASE64_STANDARD.encode(digest),
        BASE64_STANDARD.encode(nonce)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_onvif_programmers_guide() {
        let nonce = BASE64_STANDARD.decode("LKqI6G/AikKCQrN0zqZFlg==").unwrap();
        let created: Timestamp = "2010-09-16T07:50:45Z".parse().unwrap();
        let token = with_nonce("user<&>", "userpassword", created, &nonce);
        assert!(token.contains(">tuOSpGlFlIXsozq4HFNeeGeFLEI=</Password>"), "{token}");
        assert!(token.contains(">2010-09-16T07:50:45Z</Created>"), "{token}");
        assert!(token.contains("<Username>user&lt;&amp;&gt;</Username>"), "{token}");
        assert!(!token.contains("userpassword"));
    }

    #[test]
    fn no_two_tokens_are_alike() {
        let time = Timestamp(0);
        assert_ne!(token("u", "p", time).unwrap(), token("u", "p", time).unwrap());
    }
}
