//! Whom a finding is about.

use serde::{Deserialize, Serialize};

use crate::net::{DeviceId, EntryId};

/// Whom a finding is about. In a record it is one field among others: `"device": 7` or `"entry": {…}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A device that was seen.
    Device(DeviceId),
    /// An entry of a register, which no device was found for.
    Entry(EntryId),
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
