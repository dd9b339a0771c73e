//! Recorded replies cut off at every octet and with bits flipped: read or refused, at once, and nothing else.

use std::time::{Duration, Instant};

use lenswarden::onvif::{self, Payload, RECORDING_SERVICE, discovery};

use super::captures::all;

/// A reply is read within this, however broken: a debug build on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(2);
const FLIPS: usize = 10_000;

/// Everything that is ever made of octets from a camera.
fn read(octets: &[u8]) -> bool {
    let _ = discovery::parse(octets);
    let Ok(envelope) = onvif::read(octets) else { return false };
    match &envelope.payload {
        Payload::Fault(fault) => drop((fault.text(), fault.about_authorization(), onvif::lockout(fault.words()))),
        Payload::Reply(reply) => {
            drop((onvif::information(reply), onvif::scopes(reply), onvif::hostname(reply), onvif::utc_clock(reply)));
            drop((onvif::interfaces(reply), onvif::domains(reply), onvif::name_servers(reply)));
            drop((onvif::time_servers(reply), onvif::gateways(reply), onvif::protocols(reply), onvif::users(reply)));
            drop((onvif::channels(reply), onvif::recordings(reply), onvif::service_path(reply, RECORDING_SERVICE)));
        }
    }
    true
}

#[test]
#[ignore = "needs ../shared"]
fn captures_cut_off_at_every_octet_are_no_shorter_replies() {
    let (mut cuts, mut slowest) = (0, Duration::ZERO);
    for (name, octets) in all() {
        let end = octets.iter().rposition(|octet| *octet == b'>').map_or(octets.len(), |at| at + 1);
        for cut in 0..octets.len() {
            let begun = Instant::now();
            let whole = read(&octets[..cut]);
            slowest = slowest.max(begun.elapsed());
            assert!(!whole || cut >= end, "{name} cut at {cut} of {end} was taken for whole");
            cuts += 1;
        }
    }
    println!("{cuts} cuts, the slowest read in {slowest:?}");
    assert!(cuts > 300_000 && slowest < AT_ONCE);
}

#[test]
#[ignore = "needs ../shared"]
fn captures_with_bits_flipped_are_read_or_refused() {
    let files: Vec<_> = all().into_iter().filter(|(_, octets)| !octets.is_empty()).collect();
    // A linear congruential generator (Knuth's MMIX): the same flips on every run.
    let mut state = 7u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let (mut still, mut slowest) = (0, Duration::ZERO);
    for flip in 0..FLIPS {
        let (_, octets) = &files[flip % files.len()];
        let mut octets = octets.clone();
        for _ in 0..=random(4) {
            let at = random(octets.len());
            octets[at] ^= 1 << random(8);
        }
        let begun = Instant::now();
        still += usize::from(read(&octets));
        slowest = slowest.max(begun.elapsed());
    }
    println!("{FLIPS} flips, {still} still read, the slowest in {slowest:?}");
    assert!(still > FLIPS / 10 && still < FLIPS && slowest < AT_ONCE);
}
