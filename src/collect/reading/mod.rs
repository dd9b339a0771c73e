//! How a device's numbers are to be read: bridge port to interface, FDB id to VLAN.
//!
//! What a number means differs from vendor to vendor. Each reading is tried against what the device itself says
//! elsewhere: which interfaces there are and which of them are up, on which port a neighbour's own address is, which
//! VLANs there are and which of them a port has untagged. No list of vendors decides; where nothing bears a reading
//! out, the answer is unknown.

mod ports;
mod vlans;

use crate::observation::Reading;
pub(super) use ports::{Interface, PortEvidence, PortReading};
pub(super) use vlans::{VlanEvidence, VlanReading};

/// Something that a number may mean.
trait Meaning: Copy {
    /// As a visit tells it, and remembers it.
    fn word(self) -> &'static str;
}

/// What a device's numbers were taken to mean, and how well that was borne out.
#[derive(Debug)]
struct Choice<M> {
    meaning: M,
    /// How well it fits: 0 to 1.
    score: f64,
    runner_up: Option<(M, f64)>,
    rows: usize,
    /// Judged by enough rows of this visit.
    judged: bool,
    /// It stands from an earlier visit that had enough.
    remembered: bool,
}

impl<M: Meaning> Choice<M> {
    /// What is to be remembered from now on.
    fn learned(&self) -> Option<String> {
        self.judged.then(|| self.meaning.word().to_owned())
    }

    /// For the visit; `None` where there was no row to read.
    fn reading(&self) -> Option<Reading> {
        (self.rows > 0).then(|| Reading {
            chosen: self.meaning.word().to_owned(),
            score: percent(self.score),
            runner_up: self.runner_up.map(|(meaning, score)| (meaning.word().to_owned(), percent(score))),
            rows: u32::try_from(self.rows).unwrap_or(u32::MAX),
            settled: self.judged || self.remembered,
        })
    }
}

/// A share as a score of 100.
fn percent(share: f64) -> u8 {
    // Between 0 and 100 by construction: the cast cannot cut anything off.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let score = (share * 100.0).round().clamp(0.0, 100.0) as u8;
    score
}

/// One number as a share of another; nothing of nothing is 0.
fn share(part: usize, whole: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if whole == 0 { 0.0 } else { number(part) / number(whole) }
}
