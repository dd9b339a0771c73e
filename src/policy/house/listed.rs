//! What registers list, and what they do not.

use super::{Broken, Case, observed};
use crate::config::register::{Entry, Register};
use crate::inventory::Listing;
use crate::maker::Evidence;

/// An entry as evidence. Its line and the file's other rows are left out: they change without it.
pub(super) fn entry(register: &Register, entry: &Entry) -> Evidence {
    let mut marks = Vec::new();
    marks.extend(entry.mac.map(|mac| format!("MAC address {mac}")));
    marks.extend(entry.serial.as_ref().map(|serial| format!("serial number {serial}")));
    marks.extend(entry.ips.iter().map(|ip| format!("address {ip}")));
    marks.extend(entry.name.as_ref().map(|name| format!("name '{name}'")));
    let what = if entry.what.is_empty() { String::new() } else { format!(" ({})", entry.what) };
    let text = format!("it lists {}{what}: {}; nothing seen so far has any of it", entry.id.key, marks.join(", "));
    observed(&source(register), text, register.changed)
}

fn source(register: &Register) -> String {
    format!("register {}", register.name)
}

pub(super) fn not_in_register(case: &Case<'_>) -> Option<Broken> {
    let Listing::Missing(register) = case.known.registers.listing(case.device) else { return None };
    let device = case.device;
    let mut marks = Vec::new();
    marks.extend(device.mac.map(|mac| format!("MAC address {mac}")));
    let said = device.facts.said().map(|(information, _)| &information.serial).filter(|serial| !serial.is_empty());
    marks.extend(said.map(|serial| format!("serial number {serial}")));
    marks.extend(device.ips.iter().map(|ip| format!("address {ip}")));
    marks.extend(device.hostname.as_ref().map(|name| format!("name '{name}'")));
    let doubt = if register.faulty > 0 { "; some of its rows cannot be used" } else { "" };
    let text = format!("nothing it lists has {}{doubt}", marks.join(", "));
    Some(Broken {
        text: format!("surveillance equipment that register {} does not list", register.name),
        evidence: vec![observed(&source(register), text, register.changed)],
    })
}
