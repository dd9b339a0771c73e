//! Addresses, VLANs, times, names and text from the network: parse and print, nothing else.

mod entry;
mod mac;
mod name;
mod person;
pub mod text;
mod time;
mod vlan;

pub use entry::EntryId;
pub use mac::{MacAddr, MacError};
pub use name::{
    CredentialId, CycleId, DeviceId, FindingId, MakerId, Names, NetworkId, PackId, PortName, RuleId, SiteId, TargetName,
};
pub use person::{Author, User};
pub use text::DeviceText;
pub use time::Timestamp;
pub use vlan::{VlanId, VlanRange};
