//! The salt of credential fingerprints. It lies beside the database in a file of its own: members of the group may read
//! the database, and with the salt they could try passwords against the fingerprints in it.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::StoreError;
use super::log::hex;

fn path_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".salt");
    PathBuf::from(name)
}

/// Random lower-case hex of 16 octets.
pub(super) fn random_hex() -> std::io::Result<String> {
    let mut octets = [0u8; 16];
    getrandom::fill(&mut octets).map_err(std::io::Error::other)?;
    Ok(hex(&octets))
}

/// Reads the salt, or makes it. Where the file was lost every credential counts as changed: each camera may be asked
/// once more, within the limits that hold for every new credential.
pub(super) fn load(database: &Path) -> Result<String, StoreError> {
    let path = path_of(database);
    let denied = |what| {
        let path = path.clone();
        move |source| StoreError::Denied { path, what, source }
    };
    match std::fs::read_to_string(&path) {
        Ok(text) if text.trim().len() == 32 => return Ok(text.trim().to_owned()),
        Ok(_) => std::fs::remove_file(&path).map_err(denied("written"))?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(denied("read")(error)),
    }
    let salt = random_hex().map_err(denied("written"))?;
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(denied("written"))?;
    file.write_all(salt.as_bytes()).and_then(|()| file.sync_all()).map_err(denied("written"))?;
    Ok(salt)
}
