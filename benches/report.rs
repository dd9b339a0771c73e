//! What the return of a whole ministry costs: read from the database, made, written in every form. `SITES=40 DEVICES=900`
//! for a small one; `OUT=folder` keeps what was written.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use lenswarden::config::{Basis, NetworkKind, Sensitivity};
use lenswarden::inventory::{Certainty, Device, OwnWords, Place};
use lenswarden::maker::{Attribution, Class, Facts, Surveillance, Verdict};
use lenswarden::net::{DeviceId, FindingId, MacAddr, SiteId, Timestamp, VlanId};
use lenswarden::observation::{CameraStanding, DeviceInformation, Readings};
use lenswarden::policy::{Severity, Status, Subject};
use lenswarden::report::paper::{Frame, Names, write_csv, write_html, write_json, write_text};
use lenswarden::report::returns::Handed;
use lenswarden::review::{Author, Closing, Decision, DecisionKind, Finding, FindingState, Matter};
use lenswarden::snapshot::{Looked, SiteLooked};
use lenswarden::store::{
    Batch, ConfigurationRecord, DaemonRecord, DeviceRecord, NetworkRecord, Reader, SiteRecord, TargetKind,
    TargetRecord, TargetState, Writer,
};

const NOW: Timestamp = Timestamp(1_795_800_000_000);
const DAY: u64 = 86_400;
/// Makers, how many of a hundred devices are theirs, and the count word of their devices.
const MAKERS: [(&str, &str, u64, Status); 9] = [
    ("hikvision", "Hikvision", 22, Status::Restricted),
    ("dahua", "Dahua", 13, Status::Restricted),
    ("uniview", "Uniview", 6, Status::Restricted),
    ("tiandy", "Tiandy", 2, Status::Suspected),
    ("tvt", "TVT", 3, Status::Suspected),
    ("axis", "Axis Communications", 26, Status::NotRestricted),
    ("bosch", "Bosch", 12, Status::NotRestricted),
    ("hanwha", "Hanwha Vision", 11, Status::NotRestricted),
    ("", "", 5, Status::Unknown),
];

fn ago(days: u64) -> Timestamp {
    NOW.minus(Duration::from_secs(days * DAY))
}

fn site(number: u64) -> SiteId {
    format!("site-{number:04}").as_str().into()
}

fn maker(number: u64) -> usize {
    let mut of_hundred = number * 37 % 100;
    for (at, (.., share, _)) in MAKERS.iter().enumerate() {
        if of_hundred < *share {
            return at;
        }
        of_hundred -= share;
    }
    0
}

/// Sites past the first quarter have no restricted device any more.
fn is_gone(number: u64, sites: u64) -> bool {
    let at = number % sites;
    at.is_multiple_of(2) && at > sites / 4
}

fn device(number: u64, sites: u64) -> DeviceRecord {
    let (id, name, _, status) = MAKERS[maker(number)];
    let [.., a, b, c] = number.to_be_bytes();
    let at = number % sites;
    let restricted = matches!(status, Status::Restricted | Status::Suspected);
    let kind = match number % 11 {
        0 => NetworkKind::Core,
        1..7 => NetworkKind::Surveillance,
        _ => NetworkKind::Other,
    };
    let information = DeviceInformation {
        manufacturer: name.into(),
        model: format!("{}-{}", id.to_uppercase().get(..2).unwrap_or("XX"), 2000 + number % 90).as_str().into(),
        firmware: "V5.7.3 build 220112".into(),
        serial: format!("SN{number:012}").as_str().into(),
        ..DeviceInformation::default()
    };
    let device = Device {
        id: DeviceId(number + 1),
        mac: Some(MacAddr([0x44, 0x19, 0xb6, a, b, c])),
        ips: vec![std::net::Ipv4Addr::new(10, a, b, c).into()],
        endpoint: None,
        facts: Facts { information: Some((information, ago(300))), ..Facts::default() },
        attribution: Attribution {
            class: Class::Camera,
            surveillance: Surveillance::Yes,
            maker: (!id.is_empty()).then(|| id.into()),
            name: name.to_owned(),
            verdict: if status == Status::Suspected { Verdict::Suspected } else { Verdict::Confirmed },
            ..Attribution::default()
        },
        hostname: None,
        place: Place {
            switch: Some(format!("{}-sw1", site(at)).as_str().into()),
            port: Some(format!("Gi1/0/{}", number / sites % 48 + 1).into()),
            if_index: Some(1),
            vlan: VlanId::new(u32::try_from(10 + number % 3 * 10).unwrap()),
            network: Some(format!("{}-{}", site(at), ["core", "cctv", "office"][kind as usize % 3]).as_str().into()),
            network_kind: Some(kind),
            site: Some(site(at)),
            certainty: Certainty::Direct,
            since: ago(300 - number % 200),
            gone: (restricted && is_gone(number, sites)).then(|| ago(at * 97 / sites * 2)),
            ..Place::default()
        },
        first_seen: ago(300 - number % 200),
        appeared: number.is_multiple_of(17).then(|| ago(number % 120)),
        own: OwnWords::default(),
    };
    DeviceRecord { device, status, registered: None }
}

/// What a restricted device breaks where it is, and what was decided of it.
fn finding(record: &DeviceRecord, sites: u64) -> Option<Finding> {
    let (device, number) = (&record.device, record.device.id.0);
    let sensitive = ((number - 1) % sites).is_multiple_of(2);
    if !matches!(record.status, Status::Restricted | Status::Suspected) {
        return None;
    }
    let name = ["j.smith", "a.okafor", "m.evans"][usize::try_from(number % 3).unwrap()].into();
    let author = Author { uid: 1000, name, login: None };
    let kind = match number % 5 {
        0 => Some(DecisionKind::RemoveBy { by: "2027-01-31".parse().unwrap() }),
        1 => Some(DecisionKind::Accept {
            until: "2027-02-15".parse().unwrap(),
            reason: "stays on for safety until the new mast is up".to_owned(),
            control: "a VLAN of its own, no route".to_owned(),
        }),
        _ => None,
    };
    let matter = Matter::Finding { finding: FindingId(number), revision: 1 };
    let decision = kind.map(|kind| Decision { matter, kind, author, at: ago(number % 50), approver: None });
    let state = match (&device.place.gone, &decision) {
        (Some(_), _) => FindingState::Closed,
        (_, Some(Decision { kind: DecisionKind::RemoveBy { .. }, .. })) => FindingState::RemoveBy,
        (_, Some(_)) => FindingState::Accepted,
        _ => FindingState::Open,
    };
    Some(Finding {
        id: FindingId(number),
        policy: "uk-gsg-2022".into(),
        rule: if sensitive { "remove-sensitive" } else { "review-other" }.into(),
        severity: if sensitive { Severity::Action } else { Severity::Review },
        subject: Subject::Device(device.id),
        text: "equipment of a restricted maker is at a sensitive site".to_owned(),
        state,
        since: device.first_seen,
        closed: device.place.gone,
        closing: device.place.gone.map(|_| Closing::Observed),
        openings: 1,
        revision: 1,
        place: device.place.clone(),
        evidence: Vec::new(),
        decision: decision.filter(|_| state != FindingState::Closed).map(Box::new),
        handling: lenswarden::review::Handling::default(),
    })
}

fn target(number: u64) -> TargetRecord {
    TargetRecord {
        name: format!("{}-sw1", site(number)).as_str().into(),
        kind: TargetKind::Switch,
        address: "10.0.0.1:161".to_owned(),
        site: site(number),
        occupant: None,
        state: if number % 23 == 5 { TargetState::Silent } else { TargetState::Answering },
        since: ago(9),
        why: String::new(),
        last_attempt: Some(NOW),
        last_ok: Some(if number % 23 == 5 { ago(9) } else { NOW }),
        last_complete: Some(NOW),
        requests: 40,
        took_ms: 900,
        tables: BTreeMap::new(),
        readings: Readings::default(),
        camera: CameraStanding::default(),
    }
}

fn estate(sites: u64) -> Batch {
    let networks = (0..sites).flat_map(|number| {
        [("core", NetworkKind::Core), ("cctv", NetworkKind::Surveillance), ("office", NetworkKind::Other)].map(
            |(name, kind)| NetworkRecord {
                id: format!("{}-{name}", site(number)).as_str().into(),
                kind,
                site: Some(site(number)),
            },
        )
    });
    let looked = |number: u64| SiteLooked {
        addresses: 1024,
        asked: 1024 - number % 7 * 20,
        oldest: Some(NOW),
        linked: 40,
        known: 40 - number % 5 / 2,
        ..SiteLooked::default()
    };
    Batch {
        at: NOW,
        targets: (0..sites).map(target).collect(),
        configuration: Some(ConfigurationRecord {
            hash: "00".to_owned(),
            department: "Department for Examples".to_owned(),
            sites: (0..sites)
                .map(|number| SiteRecord {
                    id: site(number),
                    name: format!("Office No. {number}"),
                    sensitivity: if number % 2 == 0 { Sensitivity::Sensitive } else { Sensitivity::Standard },
                    basis: (number % 2 == 0).then_some(Basis::VettedStaff),
                })
                .collect(),
            networks: networks.collect(),
            policies: vec![("uk-gsg-2022".to_owned(), "00".to_owned())],
            ..ConfigurationRecord::default()
        }),
        daemon: Some(DaemonRecord {
            host: "monitor".to_owned(),
            version: "0".to_owned(),
            started: ago(30),
            stopped: None,
            poll_every_s: 300,
            cameras_every_s: 900,
            late: Vec::new(),
        }),
        looked: Some(Looked {
            at: NOW,
            threshold: 95,
            sites: (0..sites).map(|number| (site(number), looked(number))).collect(),
        }),
        ..Batch::default()
    }
}

/// A line of `/proc/self/status`, in MiB.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let value = status.lines().find_map(|found| found.strip_prefix(line)).unwrap();
    value.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let result = run();
    println!(
        "{what}: {:.2} s, {} MiB now, {} MiB at most",
        begun.elapsed().as_secs_f64(),
        memory("VmRSS:"),
        memory("VmHWM:")
    );
    result
}

fn main() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (sites, devices) = (number("SITES", 2_000), number("DEVICES", 300_000));
    let folder = tempfile::tempdir().unwrap();
    let out = std::env::var_os("OUT").map_or_else(|| folder.path().join("out"), PathBuf::from);
    std::fs::create_dir_all(&out).unwrap();
    let database = folder.path().join("a.db");
    let mut writer = Writer::open(&database).unwrap();
    writer.commit(&estate(sites)).unwrap();
    for from in (0..devices).step_by(5_000) {
        let devices: Vec<DeviceRecord> =
            (from..(from + 5_000).min(devices)).map(|number| device(number, sites)).collect();
        let findings = devices.iter().filter_map(|record| finding(record, sites)).collect();
        writer.commit(&Batch { at: NOW, devices, findings, ..Batch::default() }).unwrap();
    }
    let head = writer.signed_head().unwrap().map(|head| head.to_string());
    drop(writer);
    // The kernel counts anew from here: what it took to write the database is not the report's.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    println!("{devices} devices, {sites} sites, {} MiB before", memory("VmRSS:"));
    let mut reader = Reader::open(&database).unwrap();
    let (snapshot, tallies) = timed("picture read", || reader.returned().unwrap());
    let begun = Instant::now();
    let past = timed("openings read", || reader.stays().unwrap());
    for (names, name) in [(Names::full(), "full"), (Names::redacted(b"key"), "redacted")] {
        let given = timed("return made", || snapshot.to_return(&tallies, Some(ago(90)), None, past.as_deref()));
        let frame = Frame { snapshot: &snapshot, names, made: NOW, head: head.clone() };
        let handed = Handed { frame, given };
        let paper = handed.paper();
        let file = |ending: &str| BufWriter::new(File::create(out.join(format!("{name}.{ending}"))).unwrap());
        timed("text", || write_text(&paper, &mut file("txt")).unwrap());
        timed("html", || write_html(&paper, &mut file("html")).unwrap());
        timed("json", || {
            let mut out = file("json");
            write_json(&paper, &mut out).unwrap();
            out.flush().unwrap();
        });
        let tables = out.join(name);
        std::fs::create_dir_all(&tables).unwrap();
        timed("csv", || write_csv(&paper, |name| Ok(BufWriter::new(File::create(tables.join(name))?))).unwrap());
        println!("{name}: all forms after {:.2} s", begun.elapsed().as_secs_f64());
    }
}
