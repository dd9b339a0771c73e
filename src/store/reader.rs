//! Everybody else's half: read-only.

use std::path::Path;

use super::{Change, StoreError};
use crate::inventory::{AddressBinding, Device, Presence};
use crate::net::{DeviceId, FindingId, Timestamp};
use crate::policy::Status;
use crate::review::{Decision, Finding};
use crate::snapshot::Snapshot;

/// A read-only view of the database. Works while the daemon writes, and when it is stopped.
#[derive(Debug)]
pub struct Reader {}

/// All that is known of one device.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceDetail {
    /// Its record, evidence included.
    pub device: Device,
    /// Its count word.
    pub status: Status,
    /// Last seen.
    pub last_seen: Timestamp,
    /// Its findings, closed ones too.
    pub findings: Vec<Finding>,
    /// Every decision ever made on them, oldest first.
    pub decisions: Vec<Decision>,
    /// Where it was seen: forwarding rows, newest first, each with when it went.
    pub presence: Vec<(Presence, Option<Timestamp>)>,
    /// Its address bindings, newest first.
    pub addresses: Vec<(AddressBinding, Option<Timestamp>)>,
    /// Its changes in the log, newest first, at most 100.
    pub history: Vec<Change>,
}

impl Reader {
    /// Opens the database read-only. Where the daemon is stopped and left no `-wal` file, it opens with
    /// `immutable=1`, and [`crate::snapshot::DaemonRow::absent`] is set.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open(_path: &Path) -> Result<Self, StoreError> {
        unimplemented!()
    }

    /// The whole picture.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn snapshot(&mut self) -> Result<Snapshot, StoreError> {
        unimplemented!()
    }

    /// Brings a snapshot up to date at the cost of what changed since. `false`: nothing did (one
    /// `PRAGMA data_version` and a look at the writer's lock).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn refresh(&mut self, _snapshot: &mut Snapshot) -> Result<bool, StoreError> {
        unimplemented!()
    }

    /// One device with everything about it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn device(&self, _id: DeviceId) -> Result<Option<DeviceDetail>, StoreError> {
        unimplemented!()
    }

    /// Devices by what people call them: a MAC address in any notation, an IP address, a serial number, an id.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn find(&self, _what: &str) -> Result<Vec<DeviceId>, StoreError> {
        unimplemented!()
    }

    /// Every decision on a finding, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn decisions(&self, _finding: FindingId) -> Result<Vec<Decision>, StoreError> {
        unimplemented!()
    }

    /// Change log rows after `seq`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn changes(&self, _after: u64, _limit: usize) -> Result<Vec<Change>, StoreError> {
        unimplemented!()
    }
}
