//! What was found, held against what is true.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::lab::{TrueDevice, Truth};
use crate::maker::{Class, Surveillance, Verdict};
use crate::net::MacAddr;
use crate::review::FindingState;
use crate::snapshot::{DeviceRow, SiteLooked, Snapshot};

/// What was found beside what is true.
#[derive(Debug)]
pub(super) struct Comparison {
    /// `(what, found, in truth)`
    counts: Vec<(&'static str, usize, usize)>,
    /// Everything that was missed, wrong or made up.
    pub(super) differences: Vec<String>,
}

/// Differences that are printed; a broken round has thousands of the same.
const SHOWN: usize = 20;

impl Comparison {
    pub(super) fn new(truth: &Truth, snapshot: &Snapshot) -> Self {
        let found: BTreeMap<MacAddr, &DeviceRow> =
            snapshot.devices.values().filter_map(|row| row.mac.map(|mac| (mac, row))).collect();
        let mut differences = Vec::new();
        for (mac, device) in &truth.devices {
            match found.get(mac) {
                Some(row) => {
                    differences.extend(compare(device, row, truth).into_iter().map(|text| format!("{mac}: {text}")));
                }
                None => differences.push(format!("{mac}: not found")),
            }
        }
        let made_up =
            snapshot.devices.values().filter(|row| row.mac.is_none_or(|mac| !truth.devices.contains_key(&mac)));
        differences.extend(
            made_up.map(|row| format!("device {} {:?} {:?}: there is no such device", row.id, row.mac, row.ips)),
        );
        let findings = findings(snapshot);
        let wanted: BTreeSet<_> = truth.findings.iter().cloned().collect();
        let spelled = |(pack, rule, mac): &(String, String, MacAddr)| format!("{pack}/{rule} of {mac}");
        differences.extend(wanted.difference(&findings).map(|missed| format!("{}: not found", spelled(missed))));
        differences.extend(findings.difference(&wanted).map(|more| format!("{}: it is not broken", spelled(more))));
        let answering = snapshot.targets.values().filter(|target| target.switch && target.last_ok.is_some()).count();
        if answering != truth.switches.len() {
            differences.push(format!("{answering} switches answered, {} do", truth.switches.len()));
        }
        let ports: BTreeSet<_> = truth.devices.values().map(|device| (&device.switch, &device.port)).collect();
        let sum = |of: fn(&SiteLooked) -> u64| snapshot.looked.sites.values().map(of).sum::<u64>();
        let (linked, known) = (sum(|site| site.linked), sum(|site| site.known));
        if [linked, known] != [ports.len() as u64; 2] {
            differences.push(format!("{known} of {linked} linked ports are known, there are {}", ports.len()));
        }
        let surveillance = |class: &str| class != "other";
        let counts = vec![
            ("switches", answering, truth.switches.len()),
            ("devices", snapshot.devices.len(), truth.devices.len()),
            (
                "surveillance",
                snapshot.devices.values().filter(|row| row.surveillance == Surveillance::Yes).count(),
                truth.devices.values().filter(|device| surveillance(device.class)).count(),
            ),
            (
                "makers",
                snapshot
                    .devices
                    .values()
                    .filter(|row| row.verdict == Verdict::Confirmed && row.surveillance == Surveillance::Yes)
                    .count(),
                truth.devices.values().filter(|device| device.maker.is_some()).count(),
            ),
            ("linked ports", usize::try_from(known).unwrap_or(usize::MAX), ports.len()),
            ("findings", findings.len(), truth.findings.len()),
        ];
        Self { counts, differences }
    }
}

/// Open findings as `(pack, rule, MAC address)`.
fn findings(snapshot: &Snapshot) -> BTreeSet<(String, String, MacAddr)> {
    let open = snapshot.findings.values().filter(|finding| finding.state != FindingState::Closed);
    open.filter_map(|finding| {
        let mac = snapshot.device_of(finding)?.mac?;
        Some((finding.policy.to_string(), finding.rule.to_string(), mac))
    })
    .collect()
}

/// What is wrong about a device: place, class, maker.
fn compare(device: &TrueDevice, row: &DeviceRow, truth: &Truth) -> Vec<String> {
    let mut wrong = Vec::new();
    let text = |value: Option<String>| value.unwrap_or_default();
    let switch = text(row.place.switch.as_ref().map(ToString::to_string));
    let port = text(row.place.port.as_ref().map(ToString::to_string));
    // A switch that tells no VLAN may leave it unknown, never wrong.
    let vlan =
        row.place.vlan == Some(device.vlan) || (row.place.vlan.is_none() && truth.vlan_blind.contains(&device.switch));
    if switch != device.switch || port != device.port || !vlan {
        let seen = row.place.vlan.map_or_else(|| "unknown".to_owned(), |vlan| vlan.to_string());
        wrong.push(format!(
            "found on {switch} {port} VLAN {seen}, is on {} {} VLAN {}",
            device.switch, device.port, device.vlan
        ));
    }
    if let Some(ip) = device.ip
        && !row.ips.contains(&ip)
    {
        wrong.push(format!("has {:?}, is at {ip}", row.ips));
    }
    let class = match device.class {
        "camera" => row.class == Class::Camera,
        "recorder" => row.class == Class::Recorder,
        // A telephone or a computer may stay unknown.
        _ => row.surveillance != Surveillance::Yes,
    };
    if !class {
        wrong.push(format!("taken for {:?}, is a {}", row.class, device.class));
    }
    let maker = row.maker.as_ref().map(ToString::to_string);
    let right = match device.maker {
        Some(true_maker) => maker.as_deref() == Some(true_maker) && row.verdict == Verdict::Confirmed,
        // What does not tell its maker must stay a question.
        None => device.class == "other" || row.verdict != Verdict::Confirmed,
    };
    if !right {
        let (found, is) = (maker.as_deref().unwrap_or("unknown"), device.maker.unwrap_or("unknown"));
        wrong.push(format!("maker {found} ({:?}), is {is}", row.verdict));
    }
    wrong
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<14} {:>8} {:>10}", "", "found", "in truth")?;
        for (what, found, truth) in &self.counts {
            writeln!(f, "{what:<14} {found:>8} {truth:>10}")?;
        }
        for difference in self.differences.iter().take(SHOWN) {
            writeln!(f, "DIFFERENT {difference}")?;
        }
        writeln!(f, "{} differences", self.differences.len())
    }
}
