//! What was found, held against what is true.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::lab::{TrueDevice, Truth};
use crate::maker::{Class, Surveillance, Verdict};
use crate::net::MacAddr;
use crate::review::FindingState;
use crate::snapshot::{DeviceRow, FactorKind, Snapshot};

/// What was found beside what is true.
#[derive(Debug)]
pub(super) struct Comparison {
    /// `(what, found, in truth)`
    counts: Vec<(&'static str, usize, usize)>,
    /// Everything that was missed, wrong or made up.
    pub(super) differences: Vec<String>,
}

/// Addresses of each site of the lab that no block holds: the switches' own.
const UNSWEPT: u64 = 4;

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
        let (covered, ports) = coverage(snapshot, truth, &mut differences);
        let surveillance = |class: &str| class != "other";
        let right = |(mac, device): &(&MacAddr, &TrueDevice)| {
            found.get(*mac).is_some_and(|row| surveillance(device.class) && is_class(row, device))
        };
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
            (
                "classes",
                truth.devices.iter().filter(right).count(),
                truth.devices.values().filter(|device| surveillance(device.class)).count(),
            ),
            ("linked ports", covered, ports),
            ("findings", findings.len(), truth.findings.len()),
        ];
        Self { counts, differences }
    }
}

/// Holds what each site's coverage says against what there is; returns linked ports that are known, and all there are.
fn coverage(snapshot: &Snapshot, truth: &Truth, differences: &mut Vec<String>) -> (usize, usize) {
    let mut ports: BTreeMap<&str, BTreeSet<_>> = BTreeMap::new();
    for device in truth.devices.values() {
        ports.entry(&device.site).or_default().insert((&device.switch, &device.port));
    }
    let (mut known, mut all) = (0, 0);
    for (site, ports) in ports {
        let coverage = snapshot.coverage_of(&site.into());
        for factor in &coverage.factors {
            let whole = factor.expected.max(1);
            // A single round looks at everything once, but where the switches themselves are.
            let (seen, there_is) = match factor.kind {
                FactorKind::Ports => (ports.len() as u64, ports.len() as u64),
                FactorKind::Switches => (whole, whole),
                FactorKind::Ranges => (whole.saturating_sub(UNSWEPT), whole),
                // The simulated estate keeps none.
                FactorKind::Register => (0, 0),
            };
            if (factor.seen, factor.expected) != (seen, there_is) {
                let (what, found, expected) = (factor.kind.word(), factor.seen, factor.expected);
                differences
                    .push(format!("coverage of {site}: {found} of {expected} {what}, it is {seen} of {there_is}"));
            }
            if factor.kind == FactorKind::Ports {
                known += usize::try_from(factor.seen).unwrap_or(usize::MAX);
            }
        }
        all += ports.len();
    }
    (known, all)
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

/// Whether it is taken for what it is.
fn is_class(row: &DeviceRow, device: &TrueDevice) -> bool {
    match device.class {
        "camera" => row.class == Class::Camera,
        "recorder" => row.class == Class::Recorder,
        // A telephone or a computer may stay unknown.
        _ => row.surveillance != Surveillance::Yes,
    }
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
    let site = text(row.place.site.as_ref().map(ToString::to_string));
    if site != device.site {
        wrong.push(format!("found at site '{site}', is at {}", device.site));
    }
    if !is_class(row, device) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{DeviceId, FindingId, SiteId, Timestamp, VlanId};
    use crate::policy::{Severity, Status, Subject};
    use crate::review::Finding;
    use crate::snapshot::{Looked, SiteLooked, TargetRow};

    const NOW: Timestamp = Timestamp(1_795_500_000_000);

    fn mac() -> MacAddr {
        "44:19:b6:00:00:01".parse().unwrap()
    }

    fn truth() -> Truth {
        let device = TrueDevice {
            mac: mac(),
            ip: Some("10.1.20.7".parse().unwrap()),
            switch: "sw1".to_owned(),
            port: "gi1".to_owned(),
            vlan: VlanId::new(10).unwrap(),
            site: "hq".to_owned(),
            class: "camera",
            maker: Some("hikvision"),
        };
        Truth {
            devices: [(mac(), device)].into(),
            findings: vec![("pack".to_owned(), "rule".to_owned(), mac())],
            switches: vec!["sw1".to_owned()],
            vlan_blind: Vec::new(),
        }
    }

    fn found() -> Snapshot {
        let place = crate::inventory::Place {
            switch: Some("sw1".into()),
            port: Some("gi1".into()),
            vlan: VlanId::new(10),
            site: Some("hq".into()),
            ..crate::inventory::Place::default()
        };
        let device = DeviceRow {
            id: DeviceId(1),
            mac: Some(mac()),
            ips: vec!["10.1.20.7".parse().unwrap()],
            class: Class::Camera,
            surveillance: Surveillance::Yes,
            maker: Some("hikvision".into()),
            maker_name: "Hikvision".to_owned(),
            verdict: Verdict::Confirmed,
            brand: None,
            model: "".into(),
            firmware: "".into(),
            serial: "".into(),
            hostname: None,
            place,
            status: Status::Unknown,
            first_seen: NOW,
            appeared: None,
            last_seen: NOW,
            registered: None,
        };
        let target = TargetRow {
            name: "sw1".into(),
            switch: true,
            address: String::new(),
            site: "hq".into(),
            state: "answering".to_owned(),
            since: NOW,
            why: String::new(),
            last_attempt: Some(NOW),
            last_ok: Some(NOW),
            requests: 0,
            took_ms: 0,
            tables: [].into(),
            readings: crate::observation::Readings::default(),
            camera: crate::observation::CameraStanding::default(),
        };
        let finding = Finding {
            id: FindingId(1),
            policy: "pack".into(),
            rule: "rule".into(),
            severity: Severity::Breach,
            subject: Subject::Device(DeviceId(1)),
            text: String::new(),
            state: FindingState::Open,
            since: NOW,
            closed: None,
            openings: 1,
            revision: 1,
            place: crate::inventory::Place::default(),
            evidence: Vec::new(),
            closing: None,
            handling: crate::review::Handling::default(),
            decision: None,
        };
        let looked = SiteLooked { addresses: 12, asked: 8, linked: 1, known: 1, ..SiteLooked::default() };
        Snapshot {
            as_of: NOW,
            devices: [(device.id, device)].into(),
            findings: [(finding.id, finding)].into(),
            targets: [(target.name.clone(), target)].into(),
            looked: Looked { at: NOW, threshold: 95, sites: [("hq".into(), looked)].into() },
            ..Snapshot::default()
        }
    }

    #[test]
    fn what_is_found_as_it_is_has_no_difference_and_everything_else_has_one() {
        let differences = |snapshot: &Snapshot| Comparison::new(&truth(), snapshot).differences;
        assert_eq!(differences(&found()), [""; 0]);
        type Break = fn(&mut Snapshot);
        fn device(snapshot: &mut Snapshot) -> &mut DeviceRow {
            snapshot.devices.get_mut(&DeviceId(1)).unwrap()
        }
        fn looked(snapshot: &mut Snapshot) -> &mut SiteLooked {
            snapshot.looked.sites.get_mut(&SiteId::from("hq")).unwrap()
        }
        let breaks: [(&str, Break); 15] = [
            ("found on", |it| device(it).place.switch = Some("sw2".into())),
            ("found on", |it| device(it).place.port = Some("gi2".into())),
            ("found on", |it| device(it).place.vlan = None),
            ("found at site 'depot'", |it| device(it).place.site = Some("depot".into())),
            ("is at 10.1.20.7", |it| device(it).ips.clear()),
            ("taken for Recorder, is a camera", |it| device(it).class = Class::Recorder),
            ("maker dahua", |it| device(it).maker = Some("dahua".into())),
            ("maker hikvision (Suspected)", |it| device(it).verdict = Verdict::Suspected),
            ("there is no such device", |it| device(it).mac = Some("44:19:b6:00:00:02".parse().unwrap())),
            ("pack/rule of 44:19:b6:00:00:01: not found", |it| it.findings.clear()),
            ("pack/more of 44:19:b6:00:00:01: it is not broken", |it| {
                it.findings.values_mut().for_each(|finding| finding.rule = "more".into());
            }),
            ("coverage of hq: 7 of 12 ranges, it is 8 of 12", |it| looked(it).asked = 7),
            ("coverage of hq: 0 of 1 ports, it is 1 of 1", |it| looked(it).known = 0),
            ("coverage of hq: 2 of 2 ports, it is 1 of 1", |it| (looked(it).linked, looked(it).known) = (2, 2)),
            ("coverage of hq: 0 of 1 switches, it is 1 of 1", |it| {
                it.targets.values_mut().for_each(|target| target.state = "silent".to_owned());
            }),
        ];
        for (words, change) in breaks {
            let mut broken = found();
            change(&mut broken);
            let found = differences(&broken);
            assert!(found.iter().any(|difference| difference.contains(words)), "{words}: {found:?}");
        }
    }

    #[test]
    fn the_counts_are_of_what_was_found() {
        let mut snapshot = found();
        let counts = |snapshot: &Snapshot| Comparison::new(&truth(), snapshot).counts;
        assert!(counts(&snapshot).iter().all(|(_, found, truth)| found == truth), "{:?}", counts(&snapshot));
        snapshot.devices.values_mut().for_each(|row| row.class = Class::Recorder);
        let wrong: Vec<_> = counts(&snapshot).into_iter().filter(|(_, found, truth)| found != truth).collect();
        assert_eq!(wrong, [("classes", 0, 1)]);
    }
}
