//! What is remembered of a device as a camera.

use crate::inventory::Device;
use crate::net::TargetName;
use crate::observation::CameraStanding;
use crate::snapshot::Snapshot;

/// What is remembered of a device at each address it answers at as a camera.
pub(super) fn of<'a>(
    device: &'a Device,
    snapshot: &'a Snapshot,
) -> impl Iterator<Item = (&'a TargetName, &'a CameraStanding)> {
    let target = |ip: &std::net::IpAddr| snapshot.targets.get(&TargetName::from(ip.to_string().as_str()));
    device.ips.iter().filter_map(target).filter(|target| !target.switch).map(|target| (&target.name, &target.camera))
}

/// A camera's key, and what is behind it, in lines.
pub(super) fn standing(camera: &CameraStanding) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(pin) = &camera.key {
        let proved = if pin.key.proved { "" } else { ", not proved" };
        lines.push(format!("TLS key {} since {}{proved}", pin.key.sha256, pin.since));
    }
    lines.extend(camera.remarks());
    if let Some(channels) = camera.channels.filter(|channels| *channels > 1) {
        lines.push(format!("{channels} video sources"));
    }
    for behind in &camera.behind {
        let address = behind.address.map_or_else(|| "address unknown".to_owned(), |address| address.to_string());
        lines.push(format!("behind it: {address}  {}  {}", behind.name, behind.location));
    }
    lines
}
