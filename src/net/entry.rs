//! What a register's entry goes by.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::DeviceText;

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
