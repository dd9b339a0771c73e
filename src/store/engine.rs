//! Who this program is as an SNMPv3 engine, and how often it has started as one. It lies beside the database in a file
//! of its own: a start is counted before the database has anything to say, and stays counted if the database is put
//! back from a copy, so that no inform of an earlier start is authentic again (RFC 3414 §2.2.2).

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::StoreError;

/// snmpEngineBoots ends here: an engine that came so far needs another id.
const LAST_BOOTS: u32 = 2_147_483_647;
/// An id of octets drawn at random (RFC 3411 SnmpEngineID, format 5) under the enterprise number that is set aside for
/// examples (RFC 5612): this program has none of its own.
const PREFIX: [u8; 5] = [0x80, 0x00, 0x7e, 0xd9, 0x05];

/// One start of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineStart {
    /// snmpEngineID
    pub id: Vec<u8>,
    /// snmpEngineBoots
    pub boots: u32,
}

impl EngineStart {
    /// Counts a start, on disk before it is used. Where the file was lost the engine has a new id, which senders of
    /// informs find out for themselves.
    ///
    /// # Errors
    /// The file cannot be written, or the system has no random numbers.
    pub fn next(database: &Path) -> Result<Self, StoreError> {
        let path = beside(database, ".engine");
        let before = std::fs::read_to_string(&path).ok().and_then(|text| Self::read(&text));
        let denied = |source| StoreError::Denied { path: path.clone(), what: "written", source };
        let start = match before {
            Some(Self { id, boots }) if boots < LAST_BOOTS - 1 => Self { id, boots: boots + 1 },
            _ => Self { id: new_id().map_err(denied)?, boots: 1 },
        };
        start.write(&path, &beside(database, ".engine.new")).map_err(denied)?;
        Ok(start)
    }

    fn read(text: &str) -> Option<Self> {
        let (id, boots) = text.trim_end().split_once(' ')?;
        let octets = id.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        let id: Vec<u8> = octets.collect::<Option<_>>()?;
        (id.starts_with(&PREFIX) && id.len() <= 32).then_some(Self { id, boots: boots.parse().ok()? })
    }

    fn write(&self, path: &Path, new: &Path) -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(new)?;
        writeln!(file, "{} {}", super::log::hex(&self.id), self.boots)?;
        file.sync_all()?;
        std::fs::rename(new, path)
    }
}

fn new_id() -> std::io::Result<Vec<u8>> {
    let mut drawn = [0u8; 12];
    getrandom::fill(&mut drawn).map_err(std::io::Error::other)?;
    Ok([PREFIX.as_slice(), &drawn].concat())
}

fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_start_counts_and_a_lost_file_is_another_engine() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("lenswarden.db");
        let first = EngineStart::next(&database).unwrap();
        let second = EngineStart::next(&database).unwrap();
        assert_eq!((first.boots, second.boots, &first.id), (1, 2, &second.id));
        assert_eq!(first.id.len(), 17);
        for broken in ["", "nonsense", "80 7", "80007ed905aabb 2147483646"] {
            std::fs::write(beside(&database, ".engine"), broken).unwrap();
            let other = EngineStart::next(&database).unwrap();
            assert!(other.boots == 1 && other.id != first.id, "{broken}: {other:?}");
        }
        assert!(EngineStart::next(&folder.path().join("missing/x.db")).is_err());
    }
}
