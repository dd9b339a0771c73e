//! What a maker's own discovery protocol told of one device.

use crate::net::{DeviceText, MacAddr};

/// An answer to SADP or DHIP: that it came at all is the mark of a platform, whatever the label says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announcement {
    /// The label: empty in SADP, in DHIP often another brand's or `General`.
    pub manufacturer: DeviceText,
    /// Model.
    pub model: DeviceText,
    /// Serial number.
    pub serial: DeviceText,
    /// Firmware version.
    pub firmware: DeviceText,
    /// What kind of device it calls itself (`IPC`, `NVR`, `VTO`); in SADP how many video channels it has, if any.
    pub kind: DeviceText,
    /// Its MAC address, if it is one.
    pub mac: Option<MacAddr>,
    /// Whether somebody has set a password; `None` where it does not say.
    pub activated: Option<bool>,
}
