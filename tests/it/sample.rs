//! Small records for tests that need some.

use lenswarden::inventory::{Certainty, Device, OwnWords, Place, Presence};
use lenswarden::maker::{Attribution, Facts};
use lenswarden::net::{DeviceId, FindingId, MacAddr, Timestamp, VlanId};
use lenswarden::observation::{CameraStanding, Completeness, DeviceInformation, Readings, Table, TableState};
use lenswarden::policy::{Severity, Status, Subject};
use lenswarden::review::{Finding, FindingState, Handling};
use lenswarden::store::{DeviceRecord, TargetKind, TargetRecord, TargetState};

pub(crate) const START: Timestamp = Timestamp(1_795_500_000_000);

pub(crate) fn minutes(count: i64) -> Timestamp {
    Timestamp(START.0 + count * 60_000)
}

pub(crate) fn mac(number: u64) -> MacAddr {
    let octets = number.to_be_bytes();
    MacAddr([0x44, 0x19, 0xb6, octets[5], octets[6], octets[7]])
}

pub(crate) fn device(id: u64, port: u32) -> DeviceRecord {
    let information = DeviceInformation { serial: format!("S{id}").as_str().into(), ..DeviceInformation::default() };
    let device = Device {
        id: DeviceId(id),
        mac: Some(mac(id)),
        ips: vec![format!("10.1.0.{}", id % 250 + 1).parse().unwrap()],
        endpoint: None,
        facts: Facts { information: Some((information, START)), ..Facts::default() },
        attribution: Attribution::default(),
        hostname: None,
        own: OwnWords::default(),
        place: Place {
            switch: Some("hq-sw1".into()),
            port: Some(format!("Gi1/0/{port}").into()),
            if_index: Some(port),
            vlan: VlanId::new(10),
            site: Some("hq".into()),
            certainty: Certainty::Direct,
            since: START,
            ..Place::default()
        },
        first_seen: START,
        appeared: None,
    };
    DeviceRecord { device, status: Status::Unknown, registered: None }
}

pub(crate) fn finding(id: u64, device: u64, state: FindingState, revision: u64) -> Finding {
    Finding {
        id: FindingId(id),
        policy: "uk-gsg-2022".into(),
        rule: "no-core-network".into(),
        severity: Severity::Breach,
        subject: Subject::Device(DeviceId(device)),
        text: "surveillance equipment on a core network".into(),
        state,
        since: START,
        closed: None,
        closing: None,
        handling: Handling::default(),
        openings: 1,
        revision,
        place: Place::default(),
        evidence: Vec::new(),
        decision: None,
    }
}

pub(crate) fn target(name: &str, state: TargetState, at: Timestamp) -> TargetRecord {
    let whole = TableState { completeness: Completeness::Complete, rows: 7, note: None };
    TargetRecord {
        name: name.into(),
        kind: TargetKind::Switch,
        address: "10.1.0.2:161".into(),
        site: "hq".into(),
        occupant: None,
        state,
        since: START,
        why: String::new(),
        last_attempt: Some(at),
        last_ok: Some(at),
        last_complete: Some(at),
        requests: 31,
        took_ms: 800,
        tables: [(Table::Dot1qFdb, whole)].into(),
        readings: Readings::default(),
        camera: CameraStanding::default(),
    }
}

pub(crate) fn presence(id: u64, port: u32) -> Presence {
    Presence {
        switch: "hq-sw1".into(),
        mac: mac(id),
        vlan: VlanId::new(10),
        if_index: Some(port),
        port: format!("Gi1/0/{port}").into(),
        first_seen: START,
    }
}
