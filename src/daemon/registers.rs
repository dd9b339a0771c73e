//! The files of `[[register]]`, read.

use std::io::Read as _;
use std::path::Path;

use crate::config::register::{MOST_OCTETS, Register, RegisterPlan};
use crate::config::{Problem, Site};
use crate::net::Timestamp;

/// Reads the registers of a configuration.
///
/// # Errors
/// Every file that cannot be used, with why and how to mend it. Rows that cannot be used are in
/// [`Register::faults`].
pub fn read(plans: &[RegisterPlan], sites: &[Site]) -> Result<Vec<Register>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut registers = Vec::new();
    for plan in plans {
        match read_one(plan, sites) {
            Ok(register) => registers.push(register),
            Err((message, hint)) => {
                let place = format!("{} register '{}'", plan.file.display(), plan.name);
                problems.push(Problem { place, message, hint });
            }
        }
    }
    if problems.is_empty() { Ok(registers) } else { Err(problems) }
}

fn read_one(plan: &RegisterPlan, sites: &[Site]) -> Result<Register, (String, String)> {
    let unreadable = |error: std::io::Error| {
        (format!("it cannot be read: {error}"), "may the daemon's user read it? file = \"…csv\" names it".to_owned())
    };
    let (octets, changed) = octets(&plan.file).map_err(unreadable)?;
    if octets.len() as u64 > MOST_OCTETS {
        return Err((format!("it is larger than {} MiB", MOST_OCTETS >> 20), "divide it by site".to_owned()));
    }
    plan.read(&octets, changed, sites)
}

/// A file's octets, one more than is allowed at most, and when it was changed.
fn octets(path: &Path) -> std::io::Result<(Vec<u8>, Timestamp)> {
    let file = std::fs::File::open(path)?;
    let changed = file.metadata()?.modified()?;
    let mut octets = Vec::new();
    file.take(MOST_OCTETS + 1).read_to_end(&mut octets)?;
    Ok((octets, jiff::Timestamp::try_from(changed).map_or(Timestamp(0), Timestamp::from_jiff)))
}

/// Rows that cannot be used, a line each, for a person.
#[must_use]
pub fn faults(registers: &[Register]) -> Vec<String> {
    const MOST: usize = 20;
    let of = |register: &Register| {
        let lines = register.faults.iter().take(MOST);
        let mut told: Vec<String> =
            lines.map(|fault| format!("register {} line {}: {}", register.name, fault.line, fault.what)).collect();
        let more = register.faulty.saturating_sub(MOST);
        if more > 0 {
            told.push(format!("register {}: and {more} more such rows", register.name));
        }
        told
    };
    registers.iter().flat_map(of).collect()
}
