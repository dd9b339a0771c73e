//! What the proof of a long log costs: a million rows written with their signed heads, exported, checked as a file,
//! checked as the live database, pruned. `ROWS=100000` for fewer.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::{Duration, Instant};

use lenswarden::inventory::{Certainty, Device, OwnWords, Place};
use lenswarden::maker::{Attribution, Facts};
use lenswarden::net::{DeviceId, MacAddr, Timestamp, VlanId};
use lenswarden::observation::DeviceInformation;
use lenswarden::policy::Status;
use lenswarden::store::{Batch, DeviceRecord, Reader, Writer, verify_file};

/// Devices that change again and again.
const DEVICES: u64 = 20_000;
const AT_ONCE: u64 = 5_000;

fn record(id: u64, turn: u64) -> DeviceRecord {
    let [.., a, b, c] = id.to_be_bytes();
    let information = DeviceInformation {
        manufacturer: "HIKVISION".into(),
        model: "DS-2CD2143G2-I".into(),
        firmware: "V5.7.3 build 220112".into(),
        serial: format!("DS-2CD2143G2-I20220101AAWR{id:09}").as_str().into(),
        ..DeviceInformation::default()
    };
    let device = Device {
        id: DeviceId(id),
        mac: Some(MacAddr([0x44, 0x19, 0xb6, a, b, c])),
        ips: vec![std::net::Ipv4Addr::new(10, a, b, c).into()],
        endpoint: None,
        facts: Facts { information: Some((information, Timestamp(0))), ..Facts::default() },
        attribution: Attribution::default(),
        hostname: None,
        own: OwnWords::default(),
        place: Place {
            switch: Some(format!("hq-sw{}", id % 300).as_str().into()),
            port: Some(format!("GigabitEthernet1/0/{}", turn % 48 + 1).into()),
            if_index: Some(1),
            vlan: VlanId::new(20),
            site: Some("hq".into()),
            certainty: Certainty::Direct,
            since: Timestamp(0),
            ..Place::default()
        },
        first_seen: Timestamp(0),
        appeared: None,
    };
    DeviceRecord { device, status: Status::Restricted, registered: None }
}

/// Most memory this process ever had, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

fn timed<T>(what: &str, rows: u64, run: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let result = run();
    let took = begun.elapsed();
    println!(
        "{what}: {:.2} s, {:.0} rows/s, at most {} MiB",
        took.as_secs_f64(),
        rows as f64 / took.as_secs_f64(),
        peak()
    );
    result
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len() >> 20
}

fn main() {
    let rows: u64 = std::env::var("ROWS").map_or(1_000_000, |rows| rows.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (database, file) = (folder.path().join("a.db"), folder.path().join("export"));
    let mut writer = Writer::open(&database).unwrap();
    timed("written, signed", rows, || {
        for from in (0..rows).step_by(usize::try_from(AT_ONCE).unwrap()) {
            let devices = (from..from + AT_ONCE).map(|row| record(row % DEVICES + 1, row / DEVICES)).collect();
            let at = Timestamp(i64::try_from(from).unwrap());
            writer.commit(&Batch { at, devices, ..Batch::default() }).unwrap();
        }
    });
    let reader = Reader::open(&database).unwrap();
    let key = reader.signing_key().unwrap().unwrap();
    timed("exported", rows, || {
        let mut out = std::io::BufWriter::with_capacity(1 << 20, File::create(&file).unwrap());
        reader.export(&mut out, None).unwrap();
    });
    println!("database {} MiB, export {} MiB", size(&database), size(&file));
    let verify = || verify_file(BufReader::with_capacity(1 << 20, File::open(&file).unwrap()), &[key], &[], false);
    assert!(timed("file checked", rows, || verify().unwrap()).is_clean());
    assert!(timed("live database checked", rows, || reader.verify(&[key], &[]).unwrap()).is_clean());
    let (begun, mut longest, mut steps) = (Instant::now(), Duration::ZERO, 0);
    loop {
        let step = Instant::now();
        let more = writer.prune(Duration::ZERO, Timestamp(i64::try_from(rows).unwrap())).unwrap();
        longest = longest.max(step.elapsed());
        steps += 1;
        if !more {
            break;
        }
    }
    println!("pruned: {:.2} s in {steps} steps, the longest {longest:.1?}", begun.elapsed().as_secs_f64());
    let verdict = reader.verify(&[key], &[]).unwrap();
    println!("{} bodies of {} rows pruned", verdict.pruned, verdict.rows);
    assert!(verdict.is_clean());
}
