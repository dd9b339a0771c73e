//! What a verdict costs: bare MAC addresses, rows of observations, and devices judged again in the inventory.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr)]

use std::fmt::Write;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lenswarden::cli::identify::{self, Judge};
use lenswarden::maker::{Catalogue, Facts};
use lenswarden::net::{MacAddr, Timestamp};
use lenswarden::observation::{DeviceInformation, Mark, MarkKind};
use lenswarden::policy::Policies;
use lenswarden::report::Format;

const ROWS: u32 = 100_000;

/// A stream of numbers that looks like chance (xorshift).
fn chance(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Blocks of makers of cameras, of network equipment and phones, of small makers with short blocks, and of nobody.
const BLOCKS: [[u8; 3]; 10] = [
    [0x44, 0x19, 0xb6],
    [0x3c, 0xef, 0x8c],
    [0xac, 0xcc, 0x8e],
    [0x00, 0x1b, 0x54],
    [0x00, 0xe0, 0xfc],
    [0x48, 0xea, 0x63],
    [0x8c, 0x1f, 0x64],
    [0x00, 0x07, 0x5f],
    [0x46, 0x19, 0xb6],
    [0x9c, 0x8e, 0xcd],
];

/// Addresses of a real network: many of few blocks.
fn of_blocks() -> String {
    let mut state = 7;
    let mut rows = String::new();
    for _ in 0..ROWS {
        let [a, b, c, d, ..] = chance(&mut state).to_be_bytes();
        let [x, y, z] = BLOCKS[usize::from(d) % BLOCKS.len()];
        writeln!(rows, "{}", MacAddr([x, y, z, a, b, c])).unwrap();
    }
    rows
}

/// Addresses of every block there may be: the worst there is.
fn of_chance() -> String {
    let mut state = 11;
    let mut rows = String::new();
    for _ in 0..ROWS {
        let [a, b, c, d, e, f, ..] = chance(&mut state).to_be_bytes();
        writeln!(rows, "{}", MacAddr([a & 0xfc, b, c, d, e, f])).unwrap();
    }
    rows
}

fn observations() -> String {
    let mut rows = String::new();
    for number in 0..ROWS / 10 {
        writeln!(
            rows,
            "{{\"observations\": {{\"mac\": \"44:19:b6:00:{:02x}:{:02x}\", \"onvif\": {{\"manufacturer\": \"HIKVISION\", \
             \"model\": \"DS-2CD2143G2-I\", \"firmware\": \"V5.5.83 build 190221\"}}, \"www_authenticate\": \
             \"Digest realm=\\\"IP Camera(C{number})\\\", nonce=\\\"{number:x}\\\"\"}}}}",
            number >> 8 & 255,
            number & 255,
        )
        .unwrap();
    }
    rows
}

fn camera() -> Facts {
    let at = Timestamp(0);
    let information = DeviceInformation {
        manufacturer: "HIKVISION".into(),
        model: "DS-2CD2143G2-I".into(),
        firmware: "V5.5.83 build 190221".into(),
        serial: "DS-2CD2143G2-I20190612AAWRD12345678".into(),
        hardware: "88".into(),
    };
    let scopes =
        ["type/video_encoder", "Profile/Streaming", "name/HIKVISION%20DS-2CD2143G2-I", "hardware/DS-2CD2143G2-I"];
    Facts {
        mac: Some((MacAddr([0x44, 0x19, 0xb6, 1, 2, 3]), at)),
        information: Some((information, at)),
        scopes: Some((scopes.map(|scope| format!("onvif://www.onvif.org/{scope}").as_str().into()).to_vec(), at)),
        onvif: Some(at),
        marks: vec![(Mark { kind: MarkKind::Realm, text: "IP Camera(C1234)".into() }, at)],
        ..Facts::default()
    }
}

fn verdicts(c: &mut Criterion) {
    let judge = Judge { catalogue: Catalogue::shipped(), policies: Policies::shipped(), at: Timestamp(0) };
    let mut group = c.benchmark_group("identify");
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    let run = |rows: &str| {
        let mut output = std::io::BufWriter::with_capacity(1 << 16, std::io::sink());
        let tally = identify::stream(&mut rows.as_bytes(), &mut output, &judge, Format::Json, &mut |_| {}).unwrap();
        assert_eq!(tally.bad, 0);
        black_box(tally)
    };
    for (what, rows) in [("MAC addresses of ten blocks", of_blocks()), ("MAC addresses of all blocks", of_chance())] {
        group.throughput(Throughput::Elements(u64::from(ROWS)));
        group.bench_function(what, |b| b.iter(|| run(&rows)));
    }
    let rows = observations();
    group.throughput(Throughput::Elements(u64::from(ROWS / 10)));
    group.bench_function("observations of cameras", |b| b.iter(|| run(&rows)));
    group.finish();

    let mut group = c.benchmark_group("attribute");
    group.throughput(Throughput::Elements(1));
    let bare = Facts { mac: Some((MacAddr([0x44, 0x19, 0xb6, 1, 2, 3]), Timestamp(0))), ..Facts::default() };
    for (what, facts) in [("an address", bare), ("a camera", camera())] {
        group.bench_function(what, |b| b.iter(|| black_box(judge.catalogue.attribute(&facts))));
    }
    group.finish();
}

criterion_group!(benches, verdicts);
criterion_main!(benches);
