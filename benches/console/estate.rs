//! An estate as the daemon would have written it: 50 sites of 120 switches, 300,000 devices, every tenth a camera.

use std::path::Path;

use lenswarden::config::{Basis, NetworkKind, Sensitivity};
use lenswarden::inventory::{Certainty, Device, Place};
use lenswarden::maker::{Attribution, Class, Evidence, Facts, Grade, Surveillance, Verdict};
use lenswarden::net::{DeviceId, FindingId, MacAddr, Timestamp, VlanId};
use lenswarden::observation::{CameraStanding, Completeness, DeviceInformation, Readings, Table, TableState};
use lenswarden::policy::{Severity, Status, Subject};
use lenswarden::review::{Finding, FindingState};
use lenswarden::store::{
    Batch, ConfigurationRecord, DaemonRecord, DeviceRecord, NetworkRecord, SiteRecord, TargetKind, TargetRecord,
    TargetState, Writer,
};

pub(crate) const DEVICES: u64 = 300_000;
pub(crate) const SWITCHES: u64 = 6_000;
pub(crate) const CAMERAS: u64 = 10_000;
pub(crate) const FINDINGS: u64 = 10_000;
const SITES: u64 = 50;
pub(crate) const NOW: Timestamp = Timestamp(1_795_500_000_000);

fn site(number: u64) -> String {
    format!("site{:02}", number % SITES)
}

fn switch(number: u64) -> String {
    format!("{}-sw{:03}", site(number), number / SITES % (SWITCHES / SITES))
}

fn address(id: u64) -> String {
    format!("10.{}.{}.{}", id >> 16 & 255, id >> 8 & 255, id & 255)
}

/// Every tenth is a camera, of one of a dozen makers; the others show little.
pub(crate) fn device(id: u64) -> DeviceRecord {
    const MAKERS: [(&str, &str, Status); 12] = [
        ("hikvision", "Hikvision", Status::Restricted),
        ("dahua", "Dahua", Status::Restricted),
        ("axis", "Axis", Status::NotRestricted),
        ("hanwha", "Hanwha", Status::NotRestricted),
        ("bosch", "Bosch", Status::NotRestricted),
        ("uniview", "Uniview", Status::Restricted),
        ("avigilon", "Avigilon", Status::NotRestricted),
        ("vivotek", "Vivotek", Status::NotRestricted),
        ("mobotix", "Mobotix", Status::NotRestricted),
        ("tiandy", "Tiandy", Status::Restricted),
        ("pelco", "Pelco", Status::NotRestricted),
        ("sony", "Sony", Status::NotRestricted),
    ];
    let camera = id.is_multiple_of(10);
    let (maker, name, status) = MAKERS[(id / 10 % 12) as usize];
    let [.., a, b, c] = id.to_be_bytes();
    let information = DeviceInformation {
        manufacturer: name.into(),
        model: format!("DS-2CD{}G2", 2000 + id / 10 % 180).as_str().into(),
        firmware: format!("V5.{}.{} build 220112", id % 8, id % 30).as_str().into(),
        serial: format!("DS-2CD{id:08}AAWR").as_str().into(),
        ..DeviceInformation::default()
    };
    let evidence = |source: &str, text: String| Evidence {
        source: source.into(),
        text: text.as_str().into(),
        grade: Grade::Strong,
        observed_at: NOW,
        maker: Some(maker.into()),
    };
    let attribution = Attribution {
        maker: Some(maker.into()),
        name: name.to_owned(),
        verdict: Verdict::Confirmed,
        brand: (id.is_multiple_of(70)).then(|| "Honeywell".to_owned()),
        class: if id.is_multiple_of(400) { Class::Recorder } else { Class::Camera },
        surveillance: Surveillance::Yes,
        evidence: vec![
            evidence("onvif manufacturer", format!("it says '{name}'")),
            evidence("ieee prefix", format!("44:19:B6 is assigned to {name}")),
        ],
        overruled: None,
    };
    let (vlan, network, kind) = match id % 17 {
        0 => (10, Some("core"), Some(NetworkKind::Core)),
        1 => (60, None, None),
        2..6 => (120, Some("cctv"), Some(NetworkKind::Surveillance)),
        _ => (200, Some("office"), Some(NetworkKind::Other)),
    };
    let port = (id % 48 + 1) as u32;
    let device = Device {
        id: DeviceId(id),
        mac: Some(MacAddr([0x44, 0x19, 0xb6, a, b, c])),
        ips: vec![address(id).parse().unwrap()],
        endpoint: None,
        facts: Facts { information: camera.then_some((information, NOW)), ..Facts::default() },
        attribution: if camera { attribution } else { Attribution::default() },
        hostname: (id.is_multiple_of(3)).then(|| format!("pc{id:06}").as_str().into()),
        place: Place {
            switch: Some(switch(id).into()),
            port: Some(format!("Gi1/0/{port}").into()),
            if_index: Some(port),
            vlan: VlanId::new(vlan),
            network: network.map(Into::into),
            network_kind: kind,
            site: Some(site(id).into()),
            certainty: if id.is_multiple_of(5) { Certainty::Shared } else { Certainty::Direct },
            since: Timestamp(NOW.0 - id as i64 * 1000),
            reasons: vec!["the only edge port with this address in a complete pass of 14 switches".into()],
            ..Place::default()
        },
        first_seen: Timestamp(NOW.0 - id as i64 * 60_000),
        appeared: None,
        own: lenswarden::inventory::OwnWords::default(),
    };
    DeviceRecord { device, status: if camera { status } else { Status::Unknown }, registered: None }
}

fn target(name: String, kind: TargetKind, site: String) -> TargetRecord {
    let whole = TableState { completeness: Completeness::Complete, rows: 7, note: None };
    let tables: &[Table] = match kind {
        TargetKind::Switch => &[Table::Interfaces, Table::Lldp, Table::Cdp, Table::Dot1qFdb, Table::IpNetToMedia],
        TargetKind::Camera => &[],
    };
    TargetRecord {
        address: format!("{name}:161"),
        name: name.into(),
        kind,
        site: site.into(),
        occupant: None,
        state: TargetState::Answering,
        since: NOW,
        why: String::new(),
        last_attempt: Some(NOW),
        last_ok: Some(NOW),
        last_complete: Some(NOW),
        requests: 31,
        took_ms: 800,
        tables: tables.iter().map(|table| (*table, whole.clone())).collect(),
        readings: Readings::default(),
        camera: CameraStanding::default(),
    }
}

fn finding(id: u64) -> Finding {
    let about = device(id * 10).device;
    let core = id.is_multiple_of(3);
    Finding {
        id: FindingId(id),
        policy: "uk-gsg-2022".into(),
        rule: if core { "no-core-network" } else { "remove" }.into(),
        severity: if core { Severity::Breach } else { Severity::Action },
        subject: Subject::Device(about.id),
        text: "surveillance equipment of a restricted maker at a sensitive site".into(),
        state: FindingState::Open,
        since: NOW,
        closed: None,
        closing: None,
        openings: 1,
        revision: 1,
        place: about.place,
        evidence: Vec::new(),
        decision: None,
        handling: lenswarden::review::Handling::default(),
    }
}

fn configuration() -> ConfigurationRecord {
    let sensitivity =
        |number: u64| if number.is_multiple_of(4) { Sensitivity::Sensitive } else { Sensitivity::Standard };
    let site = |number: u64| SiteRecord {
        id: site(number).into(),
        name: format!("Site {number}"),
        sensitivity: sensitivity(number),
        basis: (number.is_multiple_of(4)).then_some(Basis::SecretMaterial),
    };
    let network = |id: &str, kind| NetworkRecord { id: id.into(), kind, site: None };
    ConfigurationRecord {
        hash: "00".into(),
        sites: (0..SITES).map(site).collect(),
        networks: vec![
            network("core", NetworkKind::Core),
            network("cctv", NetworkKind::Surveillance),
            network("office", NetworkKind::Other),
        ],
        policies: vec![("uk-gsg-2022".into(), "00".into())],
        switches: SWITCHES as u32,
        ..ConfigurationRecord::default()
    }
}

/// Writes it; the writer lives on as the daemon would.
pub(crate) fn write(path: &Path) -> Writer {
    let mut writer = Writer::open(path).unwrap();
    let daemon = DaemonRecord {
        host: "monitor1".into(),
        version: "0".into(),
        started: NOW,
        stopped: None,
        // Its moment is a fixed one: by today's clock nothing of it is late.
        poll_every_s: 1 << 40,
        cameras_every_s: 1 << 40,
        late: Vec::new(),
    };
    let switches = (0..SWITCHES).map(|number| target(switch(number), TargetKind::Switch, site(number)));
    let cameras = (1..=CAMERAS).map(|number| target(address(number * 10), TargetKind::Camera, site(number * 10)));
    let first = Batch {
        at: NOW,
        configuration: Some(configuration()),
        daemon: Some(daemon),
        targets: switches.chain(cameras).collect(),
        ..Batch::default()
    };
    writer.commit(&first).unwrap();
    let ids: Vec<u64> = (1..=DEVICES).collect();
    for ids in ids.chunks(10_000) {
        let devices = ids.iter().map(|id| device(*id)).collect();
        writer.commit(&Batch { at: NOW, devices, ..Batch::default() }).unwrap();
    }
    let findings = (1..=FINDINGS).map(finding).collect();
    writer.commit(&Batch { at: NOW, findings, ..Batch::default() }).unwrap();
    writer
}
