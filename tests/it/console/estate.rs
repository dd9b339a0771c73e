//! Estates for the console's tests, written through the store as the daemon would.

use std::path::Path;

use lenswarden::config::{Basis, NetworkKind, Sensitivity};
use lenswarden::inventory::{Certainty, Place, Presence, RowChange, SwitchRecord};
use lenswarden::maker::{Attribution, Class, Evidence, Grade, Surveillance, Verdict};
use lenswarden::net::{CycleId, FindingId, NetworkId, PortName, SiteId, TargetName, Timestamp, VlanId};
use lenswarden::observation::{
    Completeness, DeviceInformation, Neighbour, NeighbourProtocol, OperStatus, Port, SystemFacts, Table, TableState,
};
use lenswarden::policy::{Severity, Status};
use lenswarden::review::{Author, Cycle, Decision, DecisionKind, Finding, FindingState, Matter};
use lenswarden::snapshot::{Gap, Looked, RegisterLooked, SiteLooked};
use lenswarden::store::{
    Batch, ConfigurationRecord, DaemonRecord, DeviceRecord, NetworkRecord, SiteRecord, TargetKind, TargetRecord,
    TargetState, Writer,
};

use crate::sample::{self, START, minutes};

/// The moment of the picture: two days after the estate was first seen.
pub(crate) const NOW: Timestamp = Timestamp(START.0 + 2 * 86_400_000);

fn back(minutes: i64) -> Timestamp {
    Timestamp(NOW.0 - minutes * 60_000)
}

/// A maker as the estate has it: id, name, brand, what it is under the pack.
type Line = (Option<&'static str>, &'static str, Option<&'static str>, Status, Verdict);

const MAKERS: [Line; 7] = [
    (Some("hikvision"), "Hikvision", None, Status::Restricted, Verdict::Confirmed),
    (Some("dahua"), "Dahua", Some("Honeywell"), Status::Restricted, Verdict::Confirmed),
    (Some("axis"), "Axis", None, Status::NotRestricted, Verdict::Confirmed),
    (Some("hikvision"), "Hikvision", Some("Annke"), Status::Suspected, Verdict::Suspected),
    (Some("dahua"), "Dahua", None, Status::Restricted, Verdict::Confirmed),
    (None, "", None, Status::Unknown, Verdict::Unknown),
    (Some("hanwha"), "Hanwha", None, Status::NotRestricted, Verdict::Confirmed),
];

fn configuration() -> ConfigurationRecord {
    let site = |id: &str, name: &str, basis: Option<Basis>| SiteRecord {
        id: id.into(),
        name: name.into(),
        sensitivity: if basis.is_some() { Sensitivity::Sensitive } else { Sensitivity::Standard },
        basis,
    };
    let network = |id: &str, kind| NetworkRecord { id: id.into(), kind, site: None };
    ConfigurationRecord {
        hash: "00".into(),
        sites: vec![
            site("hq", "Headquarters", Some(Basis::SecretMaterial)),
            site("ministers", "Ministers' house", Some(Basis::Ministers)),
            site("depot", "Depot", None),
        ],
        networks: vec![network("core", NetworkKind::Core), network("cctv", NetworkKind::Surveillance)],
        policies: vec![("uk-gsg-2022".into(), "00".into())],
        switches: 3,
        ..ConfigurationRecord::default()
    }
}

pub(crate) fn daemon() -> DaemonRecord {
    let host = "monitor1".into();
    DaemonRecord {
        host,
        version: "0".into(),
        started: START,
        stopped: None,
        poll_every_s: 300,
        cameras_every_s: 900,
        late: Vec::new(),
    }
}

fn camera(id: u64) -> DeviceRecord {
    let (maker, name, brand, status, verdict) = MAKERS[id as usize % MAKERS.len()];
    let mut record = sample::device(id, id as u32 % 48 + 1);
    record.status = status;
    let device = &mut record.device;
    let information = DeviceInformation {
        manufacturer: name.into(),
        model: "DS-2CD2386G2-IU".into(),
        firmware: "V5.7.3 build 220112".into(),
        serial: format!("S{id:05}").as_str().into(),
        ..DeviceInformation::default()
    };
    device.facts.information = Some((information, START));
    let evidence = |source: &str, text: &str, grade| Evidence {
        source: source.into(),
        text: text.into(),
        grade,
        observed_at: START,
        maker: maker.map(Into::into),
    };
    device.attribution = Attribution {
        maker: maker.map(Into::into),
        name: name.into(),
        verdict,
        brand: brand.map(str::to_owned),
        class: Class::Camera,
        surveillance: Surveillance::Yes,
        overruled: None,
        evidence: match maker {
            Some(_) => vec![
                evidence("onvif manufacturer", &format!("it says '{name}'"), Grade::Strong),
                evidence("ieee prefix", &format!("44:19:B6 is assigned to {name}"), Grade::Mark),
            ],
            None => Vec::new(),
        },
    };
    let site: SiteId = ["hq", "depot", "ministers"][id as usize % 3].into();
    let (vlan, network, kind): (u32, Option<NetworkId>, _) = match id % 11 {
        1 => (10, Some("core".into()), Some(NetworkKind::Core)),
        5 => (60, None, None),
        _ => (120, Some("cctv".into()), Some(NetworkKind::Surveillance)),
    };
    device.place = Place {
        switch: Some(format!("{site}-acc-{:02}", id % 8 + 1).into()),
        vlan: VlanId::new(vlan),
        network,
        network_kind: kind,
        site: Some(site),
        certainty: if id.is_multiple_of(9) { Certainty::Shared } else { Certainty::Direct },
        since: back(id as i64 * 37),
        reasons: vec![
            "the only edge port with this address in a complete pass of 14 switches".into(),
            "sole address on the port, PoE delivers 6.1 W".into(),
        ],
        ..device.place.clone()
    };
    record
}

/// A device that nothing tells anything about, or one that is known to be something else.
fn other(id: u64, known: bool) -> DeviceRecord {
    let mut record = sample::device(id, 1);
    record.device.facts.information = None;
    if known {
        record.status = Status::NotRestricted;
        record.device.attribution.class = Class::Other;
        record.device.attribution.surveillance = Surveillance::No;
    }
    record
}

fn findings(devices: &[DeviceRecord]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for DeviceRecord { device, status, .. } in devices {
        let core = device.place.network_kind == Some(NetworkKind::Core);
        let restricted = matches!(status, Status::Restricted | Status::Suspected);
        let rules = [
            (core, "no-core-network", Severity::Breach, "surveillance equipment is connected to a core network"),
            (
                restricted && device.place.site != Some("depot".into()),
                "remove-sensitive",
                Severity::Action,
                "equipment of a restricted maker is at a sensitive site: consider removing it",
            ),
            (
                restricted && device.place.site == Some("depot".into()),
                "review-other",
                Severity::Review,
                "equipment of a restricted maker is at a site that is not sensitive",
            ),
        ];
        for (_, rule, severity, text) in rules.into_iter().filter(|(broken, ..)| *broken) {
            let id = findings.len() as u64 + 1;
            let mut finding = sample::finding(id, device.id.0, FindingState::Open, 1 + id % 3);
            (finding.rule, finding.severity, finding.text) = (rule.into(), severity, text.into());
            finding.place = device.place.clone();
            finding.evidence = device.attribution.evidence.clone();
            finding.since = device.place.since;
            finding.openings = if id.is_multiple_of(7) { 2 } else { 1 };
            if id.is_multiple_of(5) {
                decide(&mut finding, DecisionKind::RemoveBy { by: "2027-06-30".parse().unwrap() });
            } else if id % 13 == 6 {
                let reason = "the entrance must be watched until the new system is there".into();
                decide(
                    &mut finding,
                    DecisionKind::Accept { until: "2027-03-31".parse().unwrap(), reason, control: "a guard".into() },
                );
            }
            findings.push(finding);
        }
    }
    findings
}

fn decide(finding: &mut Finding, kind: DecisionKind) {
    finding.state = kind.state().unwrap();
    let author = Author { uid: 1000, name: "alice".into(), login: None };
    finding.decision = Some(Box::new(Decision {
        matter: Matter::Finding { finding: finding.id, revision: finding.revision },
        kind,
        author,
        at: back(1_000),
        approver: None,
    }));
}

fn cycles(findings: &[Finding]) -> Vec<Cycle> {
    let cycle = |id, name: &str, due, items: Vec<FindingId>| Cycle {
        id: CycleId(id),
        name: name.into(),
        scheduled: back(5_000),
        opened: back(5_000),
        due,
        owner: "estates-security".into(),
        select: "status:restricted".into(),
        items,
        closed: None,
        escalate_to: None,
        escalated: None,
        revisions: [].into(),
        attestation: None,
        report: None,
    };
    let of = |rule: &'static str| {
        findings.iter().filter(move |finding| finding.rule == rule.into()).map(|finding| finding.id)
    };
    vec![
        cycle(1, "sensitive-sites", back(60), of("remove-sensitive").take(9).collect()),
        cycle(2, "standard-sites", Timestamp(NOW.0 + 20 * 86_400_000), of("review-other").collect()),
    ]
}

fn switch(number: u64) -> TargetRecord {
    let site = ["hq", "depot", "ministers"][number as usize % 3];
    let mut target = sample::target(&format!("{site}-acc-{number:02}"), TargetState::Answering, back(1));
    target.site = site.into();
    target.address = format!("10.{}.0.{number}:161", number % 3 + 1);
    match number {
        7 => {
            (target.state, target.why) =
                (TargetState::Silent, "nothing came back: is UDP 161 open, is the community right?".into());
            (target.since, target.last_ok) = (back(95), Some(back(100)));
        }
        11 => {
            (target.state, target.why) = (TargetState::Refused, "unknown user name (usmStatsUnknownUserNames)".into());
            (target.since, target.last_ok) = (back(2_000), None);
        }
        13 => target.last_ok = Some(back(31)),
        _ => {}
    }
    let note = Some("cut off after 20000 rows".into());
    target.tables.insert(Table::Lldp, TableState { completeness: Completeness::Partial, rows: 20_000, note });
    target
}

/// A distribution switch hears the access switches of its site, each on a port of its own.
fn distribution(site: &str) -> SwitchRecord {
    let ports = (1..=8).map(|number| port(number, &format!("Te1/0/{number}"))).collect();
    let heard = |number: u32| neighbour(number, &format!("{site}-acc-{number:02}"), "Te1/1/1");
    record(&format!("{site}-dist-1"), site, ports, (1..=8).map(heard).collect())
}

fn neighbour(if_index: u32, name: &str, port: &str) -> Neighbour {
    Neighbour {
        if_index: Some(if_index),
        protocol: NeighbourProtocol::Lldp,
        chassis: name.into(),
        port: port.into(),
        system_name: name.into(),
        system_description: "Cisco IOS Software".into(),
        addresses: Vec::new(),
        capabilities: vec!["bridge".into()],
    }
}

fn port(if_index: u32, name: &str) -> Port {
    let mut port = Port { name: name.into(), ..Port::new(if_index) };
    (port.oper, port.admin, port.speed_mbps, port.if_type) = (OperStatus::Up, OperStatus::Up, Some(1_000), Some(6));
    port
}

fn record(name: &str, site: &str, ports: Vec<Port>, neighbours: Vec<Neighbour>) -> SwitchRecord {
    SwitchRecord {
        name: name.into(),
        site: site.into(),
        system: Some(SystemFacts {
            name: name.into(),
            description: "Cisco IOS Software, C9300 Software".into(),
            object_id: "1.3.6.1.4.1.9.1.2494".into(),
            uptime_s: 0,
        }),
        ports,
        neighbours,
        own_macs: Vec::new(),
        address: None,
        bridge: true,
    }
}

/// An access switch: 48 ports that give power to what has a link, two uplinks, two interfaces without a plug.
fn access(site: &str, number: u64) -> SwitchRecord {
    let mut ports: Vec<Port> = (1..=48).map(|number| port(number, &format!("Gi1/0/{number}"))).collect();
    for port in &mut ports {
        match port.if_index % 6 {
            0 => port.oper = OperStatus::Down,
            5 if port.if_index > 40 => (port.oper, port.admin) = (OperStatus::Down, OperStatus::Down),
            _ => port.poe = Some("delivering".into()),
        }
        port.pvid = VlanId::new(120);
        port.alias = format!("CAM {}", port.if_index).as_str().into();
    }
    ports.extend((49..=50).map(|number| port(number, &format!("Te1/1/{}", number - 48))));
    ports.push(Port { if_type: Some(135), ..port(60, "Vlan120") });
    ports.push(Port { if_type: Some(161), ..port(61, "Po1") });
    let up = neighbour(49, &format!("{site}-dist-1"), &format!("Te1/0/{number}"));
    record(&format!("{site}-acc-{number:02}"), site, ports, vec![up])
}

fn switches() -> Vec<SwitchRecord> {
    let of = |site: &'static str| (1..=8).map(move |number| access(site, number)).chain([distribution(site)]);
    ["depot", "hq", "ministers"].into_iter().flat_map(of).collect()
}

/// A device's rows: on its own port, and on its site's distribution switch.
fn shown(record: &DeviceRecord) -> Vec<RowChange<Presence>> {
    let place = &record.device.place;
    let (Some(switch), Some(port), Some(mac)) = (&place.switch, &place.port, record.device.mac) else {
        return Vec::new();
    };
    let number = switch.as_str().rsplit_once('-').and_then(|(_, number)| number.parse::<u32>().ok()).unwrap();
    let site = place.site.as_ref().unwrap();
    let row = |switch: TargetName, port: PortName, if_index| Presence {
        switch,
        mac,
        vlan: place.vlan,
        if_index: Some(if_index),
        port,
        first_seen: place.since,
    };
    let here = row(switch.clone(), port.clone(), place.if_index.unwrap());
    let beyond = row(format!("{site}-dist-1").into(), format!("Te1/0/{number}").into(), number);
    vec![RowChange::Opened(here), RowChange::Opened(beyond)]
}

fn camera_target(number: u64) -> TargetRecord {
    let name = format!("10.1.20.{number}");
    let mut target = sample::target(&name, TargetState::Answering, back(3));
    (target.kind, target.address, target.tables) = (TargetKind::Camera, name, [].into());
    if number == 2 {
        target.state = TargetState::Refused;
        target.why = "it refused the credential 'onvif-reader'; it is not tried again".into();
    }
    target
}

/// What the daemon counted of the sites: enough of one, not of the others.
fn looked() -> Looked {
    let gap = |what: &str, why: &str, mend: &str| Gap { what: what.into(), why: why.into(), mend: mend.into() };
    let hq = SiteLooked {
        addresses: 512,
        asked: 512,
        oldest: Some(back(40)),
        linked: 96,
        known: 95,
        silent: vec![gap(
            "hq-acc-03 Gi1/0/9",
            "it has a link, and no address is learned on it",
            "look at what is plugged in",
        )],
        register: Some(RegisterLooked {
            listed: 40,
            found: 38,
            changed: back(9 * 1440),
            missing: vec![gap("A-0017", "axis p3245, 10.1.0.9", "is it still there?")],
        }),
        ..SiteLooked::default()
    };
    let depot = SiteLooked {
        addresses: 256,
        asked: 128,
        oldest: Some(back(300)),
        unlooked: vec![gap(
            "10.2.0.128/25",
            "no [[cameras]] block covers it",
            "add it to subnets of a [[cameras]] block",
        )],
        unpolled: vec![gap("dep-sw-9", "heard by depot-acc-02 on Gi1/0/48 (LLDP)", "add it as [[switch]]")],
        linked: 48,
        known: 40,
        ..SiteLooked::default()
    };
    Looked { at: back(5), threshold: 95, sites: [("hq".into(), hq), ("depot".into(), depot)].into() }
}

/// A database that nobody wrote anything into but its daemon, which started.
pub(crate) fn empty() -> Batch {
    Batch { at: NOW, daemon: Some(daemon()), ..Batch::default() }
}

/// This many cameras, with everything that belongs to them.
pub(crate) fn of(cameras: u64) -> Batch {
    let mut devices: Vec<DeviceRecord> = (1..=cameras).map(camera).collect();
    devices.extend((cameras + 1..=cameras + cameras / 2 + 2).map(|id| other(id, id.is_multiple_of(2))));
    let findings = findings(&devices);
    let decisions = findings.iter().filter_map(|finding| finding.decision.as_deref().cloned()).collect();
    let earlier = Presence { first_seen: START, ..sample::presence(1, 40) };
    let mut presence = vec![RowChange::Opened(earlier.clone()), RowChange::Closed(earlier, minutes(900))];
    presence.extend(devices.iter().take(cameras as usize).flat_map(shown));
    Batch {
        at: NOW,
        presence,
        switches: switches(),
        cycles: cycles(&findings),
        targets: (1..=cameras.min(16)).map(switch).chain((1..=cameras.min(5)).map(camera_target)).collect(),
        devices,
        findings,
        decisions,
        looked: Some(looked()),
        configuration: Some(configuration()),
        daemon: Some(daemon()),
        ..Batch::default()
    }
}

/// Writes an estate. The writer's lock is held for as long as what is returned lives: a daemon runs.
pub(crate) fn write(path: &Path, batch: &Batch) -> Writer {
    let mut writer = Writer::open(path).unwrap();
    writer.commit(batch).unwrap();
    writer
}
