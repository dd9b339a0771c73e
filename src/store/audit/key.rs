//! The key the log's head is signed with: Ed25519 (RFC 8032), made at the first start, in a file of its own beside the
//! database that only the daemon's own user can read. Who may read the database cannot sign.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::store::StoreError;
use crate::store::log::hex;

/// What stands before the 32 octets of a key in its SubjectPublicKeyInfo (RFC 8410 §4).
const PUBLIC_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const PUBLIC: &str = "PUBLIC KEY";
const PRIVATE: &str = "PRIVATE KEY";
/// No file of a key is longer, in octets.
const LONGEST_FILE: usize = 4096;

/// Why a text is no public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is no Ed25519 public key in PEM: 'lenswarden audit key' prints one")]
pub struct BadKey;

/// The half of the key that everybody may have: heads are checked with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads PEM (RFC 7468) with a SubjectPublicKeyInfo (RFC 8410).
    ///
    /// # Errors
    /// It is something else.
    pub fn from_pem(text: &str) -> Result<Self, BadKey> {
        let octets = from_pem(text, PUBLIC).ok_or(BadKey)?;
        let key = octets.strip_prefix(&PUBLIC_PREFIX).ok_or(BadKey)?;
        key.try_into().map(Self).map_err(|_| BadKey)
    }

    /// As PEM, the form OpenSSL reads.
    #[must_use]
    pub fn pem(&self) -> String {
        to_pem(&[PUBLIC_PREFIX.as_slice(), &self.0].concat(), PUBLIC)
    }

    /// A short name people can compare: the first 8 octets of the key's SHA-256, in hex.
    #[must_use]
    pub fn name(&self) -> String {
        hex(Sha256::digest(self.0).get(..8).unwrap_or_default())
    }

    /// Whether the private half signed this.
    #[must_use]
    pub(super) fn signed(&self, statement: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(statement.as_bytes(), signature).is_ok()
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.pem())
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_pem(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

fn to_pem(octets: &[u8], label: &str) -> String {
    let text = STANDARD.encode(octets);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn from_pem(text: &str, label: &str) -> Option<Vec<u8>> {
    if text.len() > LONGEST_FILE {
        return None;
    }
    let inner = text.trim().strip_prefix(&format!("-----BEGIN {label}-----"))?;
    let inner = inner.strip_suffix(&format!("-----END {label}-----"))?;
    STANDARD.decode(inner.split_whitespace().collect::<String>()).ok()
}

/// The daemon's half.
pub(in crate::store) struct SigningKey(Ed25519KeyPair);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public().name()).finish()
    }
}

fn path_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

impl SigningKey {
    /// Reads the key, or makes it. A lost one is replaced, and the log tells of the new one; a damaged one is not
    /// thrown away: somebody may have a copy.
    pub(in crate::store) fn load(database: &Path) -> Result<Self, StoreError> {
        let path = path_of(database);
        let denied = |what, source| StoreError::Denied { path: path.clone(), what, source };
        match std::fs::read(&path) {
            Ok(octets) => {
                let text = Zeroizing::new(String::from_utf8(octets).unwrap_or_default());
                Self::read(&text).ok_or_else(|| StoreError::Key(path.clone()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let (key, text) = Self::new().map_err(|error| denied("written", error))?;
                write(&path, &text).map_err(|error| denied("written", error))?;
                Ok(key)
            }
            Err(error) => Err(denied("read", error)),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let document = Zeroizing::new(from_pem(text, PRIVATE)?);
        Ed25519KeyPair::from_pkcs8(&document).ok().map(Self)
    }

    fn new() -> std::io::Result<(Self, Zeroizing<String>)> {
        let failed = || std::io::Error::other("the system has no random numbers");
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| failed())?;
        let text = Zeroizing::new(to_pem(document.as_ref(), PRIVATE));
        Ok((Self::read(&text).ok_or_else(failed)?, text))
    }

    pub(in crate::store) fn public(&self) -> PublicKey {
        // RFC 8032 §5.1.5: 32 octets.
        PublicKey(self.0.public_key().as_ref().try_into().unwrap_or_default())
    }

    pub(super) fn sign(&self, statement: &str) -> Vec<u8> {
        self.0.sign(statement.as_bytes()).as_ref().to_vec()
    }
}

/// Written whole or not at all: half a key would keep the daemon from starting.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn made_once_kept_for_oneself_and_never_replaced_while_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        let made = SigningKey::load(&database).unwrap().public();
        assert_eq!(SigningKey::load(&database).unwrap().public(), made);
        let mode = std::fs::metadata(path_of(&database)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

        let whole = std::fs::read_to_string(path_of(&database)).unwrap();
        for damaged in ["", "nonsense", &whole[..whole.len() / 2], &whole.replacen("MF", "MG", 1), &"x".repeat(9999)] {
            std::fs::write(path_of(&database), damaged).unwrap();
            let error = SigningKey::load(&database).unwrap_err().to_string();
            assert!(error.contains("put it back from a copy"), "{error}");
        }
        std::fs::remove_file(path_of(&database)).unwrap();
        assert_ne!(SigningKey::load(&database).unwrap().public(), made);
    }

    #[test]
    fn a_public_key_is_read_as_it_is_printed_and_nothing_else_is() {
        let key = SigningKey::new().unwrap().0.public();
        assert_eq!(PublicKey::from_pem(&format!("\n{}\n", key.pem())), Ok(key));
        let private = SigningKey::new().unwrap().1;
        for other in ["", "lenswarden", private.as_str(), &key.pem().replacen("MCo", "MCo=", 1), &key.pem()[1..]] {
            assert_eq!(PublicKey::from_pem(other), Err(BadKey), "{other}");
        }
    }
}
