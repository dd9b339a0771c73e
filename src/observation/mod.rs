//! What one visit to one target brought home: plain data, with what was seen whole and what was not.
//!
//! A visit never fails: a target that does not answer makes a visit whose [`Reach`] says so. Absence of a row
//! means something only in a table that is [`Completeness::Complete`].

mod camera;
mod standing;
mod switch;

pub use camera::{
    Announcement, Authentication, CameraInterface, CameraVisit, DeviceInformation, Discovery, Mark, MarkKind,
    SweepAnswer, VendorProtocol, WithheldReason,
};
pub use standing::{BehindCamera, CameraNetwork, CameraProtocol, CameraStanding, CameraUser, KeyPin, TlsKey};
pub use switch::{
    ArpRow, FdbRow, FdbStatus, InventoryRow, Neighbour, NeighbourProtocol, OperStatus, Port, Reading, Readings,
    SwitchVisit, SystemFacts, Table, TableState, VlanRow,
};

use serde::{Deserialize, Serialize};

/// One visit, whatever was visited.
#[derive(Debug, Clone, PartialEq)]
pub enum Collection {
    /// A switch or router, over SNMP.
    Switch(SwitchVisit),
    /// An address of a `[[cameras]]` block, over ONVIF.
    Camera(CameraVisit),
}

/// Whether a target answered, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "why")]
pub enum Reach {
    /// It answered.
    Answered,
    /// Nothing came back, or nothing that could be used. The text says what an administrator should look at.
    Silent(String),
    /// It refused what it was asked with: a wrong community does not show as this (it is silence), a v3 report does.
    Refused(String),
}

impl Reach {
    /// It answered.
    #[must_use]
    pub fn answered(&self) -> bool {
        *self == Self::Answered
    }
}

/// How much of a table was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completeness {
    /// The end of the subtree was seen: a row that is not here is not there.
    Complete,
    /// Cut off: what is here is true, what is not here is unknown.
    Partial,
    /// The agent has no such table.
    Unsupported,
    /// Nothing of it could be read.
    Failed,
}

/// Trouble met on a visit, in words for the administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitError {
    /// What was being asked (`dot1qFdb`, `GetDeviceInformation`).
    pub asked: String,
    /// What went wrong and what to do about it.
    pub message: String,
}
