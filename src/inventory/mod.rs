//! What is there and where: devices with a stable identity and a place, built from observations.
//!
//! Pure. Places change only by observation: a switch that does not answer changes nothing.

mod anew;
mod cameras;
mod certainty;
pub mod contain;
mod coverage;
mod estate;
mod neighbours;
#[cfg(test)]
mod order_tests;
mod overlap;
mod own;
mod parts;
mod past;
mod path;
mod person;
mod placing;
mod registers;
mod rows;
mod state;
mod switches;
#[cfg(test)]
mod tests;
mod topology;
mod vlan;
#[cfg(test)]
mod vrf_tests;

pub use anew::{Anew, Places};
pub use certainty::Confidence;
pub use coverage::{PortCoverage, SilentPort};
pub use estate::{Estate, RoutedAddress, Spot};
pub use neighbours::UnpolledNeighbour;
pub use own::{Interface, OwnWords};
pub use parts::in_parts;
pub use path::{Around, Hop, Path, path};
pub use placing::Standing;
pub use registers::{By, Listing, Registered, Registers, Sighting, Touched};
pub use state::Inventory;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::config::NetworkKind;
use crate::maker::{Attribution, Facts};
use crate::net::{DeviceId, DeviceText, MacAddr, Names, NetworkId, PortName, SiteId, TargetName, Timestamp, VlanId};
use crate::observation::{Neighbour, Port, SystemFacts};

/// How sure a place is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// The only device on an edge port.
    Direct,
    /// One of several devices on an edge port (a phone, a small switch, a recorder with cameras behind).
    Shared,
    /// Seen only on ports that lead to other switches: it is somewhere beyond this one.
    Beyond,
    /// Not seen on any switch's port.
    #[default]
    Unknown,
}

/// Where a device is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The switch.
    pub switch: Option<TargetName>,
    /// The port as the switch names it.
    pub port: Option<PortName>,
    /// Its ifIndex.
    pub if_index: Option<u32>,
    /// The VLAN; `None`: unknown.
    pub vlan: Option<VlanId>,
    /// The network of that VLAN or address; `None`: unclassified.
    pub network: Option<NetworkId>,
    /// That network's kind.
    pub network_kind: Option<NetworkKind>,
    /// The site of the switch, else of the camera block that holds the address.
    pub site: Option<SiteId>,
    /// What kind of place it is.
    pub certainty: Certainty,
    /// How sure it is that the device is there, by the evidence in `reasons`: it moves only with them, and is 0 for a
    /// device that is gone.
    #[serde(default)]
    pub confidence: Confidence,
    /// Since when it is there.
    pub since: Timestamp,
    /// Since when that place has been observed without it (three complete passes): `None` while it is there.
    /// A device that is gone keeps its last certain place, marked so.
    pub gone: Option<Timestamp>,
    /// Why this place and not another: what speaks for it, what against.
    pub reasons: Vec<String>,
    /// Other ports that show it at the same time and lead to no other switch: a move under way, a loop, a second
    /// device with the same address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rivals: Vec<Rival>,
    /// Where it was before it moved here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<FormerPlace>>,
}

/// Another port that shows a device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rival {
    /// Since when it shows it.
    pub since: Timestamp,
    /// Its switch.
    pub switch: TargetName,
    /// The port as the switch names it.
    pub port: PortName,
    /// Its ifIndex.
    pub if_index: u32,
    /// The VLAN; `None`: unknown.
    pub vlan: Option<VlanId>,
}

/// Where a device was before it moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerPlace {
    /// The switch.
    pub switch: TargetName,
    /// The port as the switch names it.
    pub port: Option<PortName>,
    /// Its ifIndex then.
    pub if_index: Option<u32>,
    /// The VLAN; `None`: unknown.
    pub vlan: Option<VlanId>,
    /// The network.
    pub network: Option<NetworkId>,
    /// The site.
    pub site: Option<SiteId>,
    /// What kind of place it was, where it is the last certain one: the device is placed for certain nowhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certainty: Option<Certainty>,
    /// Since when it was there.
    pub since: Timestamp,
    /// When it was first seen at the next place; while there is no certain one, when it was observed without it.
    pub until: Timestamp,
    /// Where it was before that; likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<FormerPlace>>,
}

impl Place {
    /// Its names as others hold them too.
    pub fn share(&mut self, names: &mut Names) {
        self.switch.iter_mut().for_each(|name| name.share(names));
        self.port.iter_mut().for_each(|name| name.share(names));
        self.network.iter_mut().for_each(|name| name.share(names));
        self.site.iter_mut().for_each(|name| name.share(names));
    }

    /// Whether both say the same of where the device is, whatever the reasons and however sure.
    #[must_use]
    pub fn is_same_spot(&self, other: &Self) -> bool {
        let spot = |place: &Self| {
            let ids = (place.switch.clone(), place.port.clone(), place.network.clone(), place.site.clone());
            (ids, place.if_index, place.vlan, place.network_kind, place.certainty, place.since, place.gone)
        };
        spot(self) == spot(other)
    }
}

/// An end device. One value holds all that the change log must carry of it; nothing here moves with the clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Stable, never used again.
    pub id: DeviceId,
    /// Its MAC address, if known.
    pub mac: Option<MacAddr>,
    /// Its addresses, sorted.
    pub ips: Vec<IpAddr>,
    /// WS-Discovery endpoint reference, if it has one.
    pub endpoint: Option<DeviceText>,
    /// What is known of it that speaks for maker and class.
    pub facts: Facts,
    /// Who made it and what it is.
    pub attribution: Attribution,
    /// Host name it gives itself.
    pub hostname: Option<DeviceText>,
    /// What it says of its network, of who may ask it, of what is behind it.
    #[serde(default, skip_serializing_if = "OwnWords::is_empty")]
    pub own: OwnWords,
    /// Where it is.
    pub place: Place,
    /// First seen anywhere.
    pub first_seen: Timestamp,
    /// When it appeared where an earlier complete pass of the same switch had not shown it, or at an address that
    /// had not answered before: evidence that it was connected then. `None`: it was there when we first looked.
    pub appeared: Option<Timestamp>,
}

/// A MAC address in a switch's forwarding database for as long as it stays there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Presence {
    /// The switch.
    pub switch: TargetName,
    /// The address.
    pub mac: MacAddr,
    /// The VLAN; `None`: the device cannot tell.
    pub vlan: Option<VlanId>,
    /// The interface; `None`: unresolved.
    pub if_index: Option<u32>,
    /// The interface's name.
    pub port: PortName,
    /// When the row was first seen.
    pub first_seen: Timestamp,
}

/// An IP address that a router's ARP table or a camera gave to a MAC address, for as long as it does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AddressBinding {
    /// The switch or router whose table it is in.
    pub switch: TargetName,
    /// Layer 3.
    pub ip: IpAddr,
    /// Layer 2.
    pub mac: MacAddr,
    /// The VRF whose table it stands in, where that has one of its own: the same address in another VRF is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vrf: Option<DeviceText>,
    /// When it was first seen.
    pub first_seen: Timestamp,
}

/// What is remembered of a switch between visits, beside its rows: written only when it changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwitchRecord {
    /// Its name in the configuration.
    pub name: TargetName,
    /// Where it stands.
    pub site: SiteId,
    /// System group; `uptime_s` is kept at 0 here, it moves with the clock.
    pub system: Option<SystemFacts>,
    /// Its ports.
    pub ports: Vec<Port>,
    /// Its neighbours.
    pub neighbours: Vec<Neighbour>,
    /// Its own MAC addresses.
    pub own_macs: Vec<MacAddr>,
    /// Where it is asked, by which others' neighbour tables may know it.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// It forwards frames: it has, or had, a forwarding database. A polled host or plain router has none.
    #[serde(default = "bridges")]
    pub bridge: bool,
}

/// What is believed of a record that does not tell: most polled devices are switches.
fn bridges() -> bool {
    true
}

/// A row that appeared or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowChange<T> {
    /// It is there now.
    Opened(T),
    /// It is gone: observed without it.
    Closed(T, Timestamp),
}

/// Two devices turned out to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// The id that is no more.
    pub from: DeviceId,
    /// The id that stays.
    pub into: DeviceId,
}

/// What one collection changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delta {
    /// Devices whose record differs from before, in order of id; new ones too.
    pub devices: Vec<DeviceId>,
    /// Devices that became another one.
    pub merged: Vec<Merge>,
    /// Devices that turned out to be a polled switch's own interface.
    pub retired: Vec<DeviceId>,
    /// Forwarding rows that appeared or went.
    pub presence: Vec<RowChange<Presence>>,
    /// Address bindings that appeared or went.
    pub addresses: Vec<RowChange<AddressBinding>>,
    /// Switches whose record differs from before.
    pub switches: Vec<TargetName>,
    /// The switch's forwarding database was seen to its end and is believed: what it does not show is not there.
    pub rows_whole: bool,
}
