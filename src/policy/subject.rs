//! Whom a finding is about.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::net::{DeviceId, DeviceText};

/// Whom a finding is about. In a record it is one field among others: `"device": 7` or `"entry": {…}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A device that was seen.
    Device(DeviceId),
    /// An entry of a register, which no device was found for.
    Entry(EntryId),
}

/// An entry of a register, by what stays the same when the rest of its row is corrected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntryId {
    /// The `[[register]]`'s name.
    pub register: String,
    /// What tells it from the register's other entries: its asset tag, else MAC address, serial number, name, address.
    pub key: DeviceText,
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.register, self.key)
    }
}

impl Subject {
    /// The device; `None` for a register's entry.
    #[must_use]
    pub fn device(&self) -> Option<DeviceId> {
        match self {
            Self::Device(id) => Some(*id),
            Self::Entry(_) => None,
        }
    }

    /// The register's entry; `None` for a device.
    #[must_use]
    pub fn entry(&self) -> Option<&EntryId> {
        match self {
            Self::Device(_) => None,
            Self::Entry(id) => Some(id),
        }
    }
}
