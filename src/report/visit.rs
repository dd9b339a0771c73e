//! One visit to a switch, for `poll`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Table, Tone};
use crate::net::{DeviceText, PortName, VlanRange};
use crate::observation::{Completeness, Port, Reach, SwitchVisit};

/// Names of the ports, by ifIndex.
fn names(visit: &SwitchVisit) -> BTreeMap<u32, &PortName> {
    visit.ports.iter().map(|port| (port.if_index, &port.name)).collect()
}

/// As the contract's JSON.
#[must_use]
pub fn json(visit: &SwitchVisit) -> Value {
    let tables: serde_json::Map<String, Value> = visit
        .tables
        .iter()
        .filter_map(|(table, state)| Some((json!(table).as_str()?.to_owned(), json!(state.completeness))))
        .collect();
    let names = names(visit);
    let port_name = |index: Option<u32>| index.and_then(|index| names.get(&index));
    let fdb: Vec<Value> = visit
        .fdb
        .iter()
        .map(|row| {
            json!({"mac": row.mac, "vlan": row.vlan, "if_index": row.if_index, "port": port_name(row.if_index),
                   "bridge_port": row.bridge_port, "status": row.status})
        })
        .collect();
    json!({
        "target": visit.target,
        "address": visit.address,
        "reach": visit.reach,
        "system": visit.system,
        "tables": tables,
        "ports": visit.ports,
        "vlans": visit.vlans,
        "fdb": fdb,
        "arp": visit.arp,
        "neighbours": visit.neighbours,
        "inventory": visit.inventory,
        "readings": visit.readings,
        "requests": visit.requests,
        "seconds": visit.finished.since(visit.started).as_secs_f64(),
        "errors": visit.errors,
    })
}

/// How a cell of these tables is to be taken.
fn tone(column: &str, cell: &str) -> Tone {
    match (column, cell) {
        ("SEEN", "partial") | (_, "?") | ("READ AS", "unknowable" | "unknown") => Tone::Doubt,
        ("SEEN", "failed") | ("POE", "fault" | "other-fault") | ("STP", "broken") => Tone::Bad,
        ("SEEN", "complete") | ("OPER", "up") | ("POE", "delivering") => Tone::Good,
        ("SEEN", "unsupported") | ("OPER" | "ADMIN", _) => Tone::Faint,
        ("STP", "blocking" | "listening" | "learning") => Tone::Doubt,
        ("FITS", score) if score.parse::<u8>().is_ok_and(|score| score < 80) => Tone::Doubt,
        ("STATUS", status) if status != "learned" => Tone::Faint,
        _ => Tone::Plain,
    }
}

/// Seconds as the two largest units, for a person.
fn long(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds % 86_400 / 3600, seconds % 3600 / 60);
    if days > 0 { format!("{days} d {hours} h") } else { format!("{hours} h {minutes} min") }
}

fn ranges(ranges: &[VlanRange]) -> String {
    ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn plain(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn tables(visit: &SwitchVisit) -> Table {
    let states = visit.tables.iter().map(|(table, state)| {
        let completeness = match state.completeness {
            Completeness::Complete => "complete",
            Completeness::Partial => "partial",
            Completeness::Unsupported => "unsupported",
            Completeness::Failed => "failed",
        };
        vec![
            plain(&json!(table)),
            completeness.to_owned(),
            state.rows.to_string(),
            state.note.clone().unwrap_or_default(),
        ]
    });
    Table { columns: vec!["TABLE", "SEEN", "ROWS", "WHY"], rows: states.collect() }
}

fn readings(visit: &SwitchVisit) -> Table {
    let readings = [("port", &visit.readings.port), ("VLAN", &visit.readings.vlan)];
    let rows = readings.into_iter().filter_map(|(number, reading)| {
        let reading = reading.as_ref()?;
        let other = reading.runner_up.as_ref().map(|(word, score)| format!("{word} ({score})")).unwrap_or_default();
        Some(vec![
            number.to_owned(),
            reading.chosen.clone(),
            reading.score.to_string(),
            other,
            reading.rows.to_string(),
            if reading.settled { "yes" } else { "too few rows" }.to_owned(),
        ])
    });
    Table { columns: vec!["NUMBER", "READ AS", "FITS", "ELSE", "ROWS", "SETTLED"], rows: rows.collect() }
}

fn ports(visit: &SwitchVisit) -> Table {
    let names = names(visit);
    let serials: BTreeMap<u32, &DeviceText> = visit.inventory.iter().map(|part| (part.index, &part.serial)).collect();
    let uptime = visit.system.as_ref().map(|system| system.uptime_s);
    let row = |port: &Port| {
        let untagged = ranges(&port.untagged);
        let pvid = port.pvid.map(|vlan| vlan.to_string()).unwrap_or_default();
        let since = port.last_change_s.and_then(|change| uptime?.checked_sub(change));
        let aggregate = |index| names.get(&index).map_or_else(|| index.to_string(), ToString::to_string);
        vec![
            port.if_index.to_string(),
            port.name.to_string(),
            plain(&json!(port.oper)),
            plain(&json!(port.admin)),
            since.map(long).unwrap_or_default(),
            port.speed_mbps.map(|mbps| mbps.to_string()).unwrap_or_default(),
            if untagged == pvid { String::new() } else { untagged },
            pvid,
            ranges(&port.tagged),
            port.voice.map(|vlan| vlan.to_string()).unwrap_or_default(),
            port.lag.map(aggregate).unwrap_or_default(),
            port.stp.clone().unwrap_or_default(),
            port.poe.clone().unwrap_or_default(),
            port.chassis.and_then(|part| serials.get(&part)).map(ToString::to_string).unwrap_or_default(),
            port.alias.to_string(),
        ]
    };
    let columns = vec![
        "INDEX", "PORT", "OPER", "ADMIN", "FOR", "MBIT/S", "UNTAGGED", "PVID", "TAGGED", "VOICE", "LAG", "STP", "POE",
        "CHASSIS", "TEXT",
    ];
    Table { columns, rows: visit.ports.iter().map(row).collect() }
}

fn forwarding(visit: &SwitchVisit) -> Table {
    let names = names(visit);
    let rows = visit.fdb.iter().map(|row| {
        let port = row.if_index.and_then(|index| names.get(&index)).map(ToString::to_string);
        vec![row.mac.to_string(), word(row.vlan.map(|vlan| vlan.to_string())), word(port), plain(&json!(row.status))]
    });
    Table { columns: vec!["MAC", "VLAN", "PORT", "STATUS"], rows: rows.collect() }
}

fn arp(visit: &SwitchVisit) -> Table {
    let names = names(visit);
    let rows = visit.arp.iter().map(|row| {
        let interface = names.get(&row.if_index).map_or_else(|| row.if_index.to_string(), ToString::to_string);
        let vrf = row.vrf.as_ref().map(ToString::to_string).unwrap_or_default();
        vec![row.ip.to_string(), row.mac.to_string(), interface, vrf]
    });
    Table { columns: vec!["IP", "MAC", "INTERFACE", "VRF"], rows: rows.collect() }
}

fn neighbours(visit: &SwitchVisit) -> Table {
    let names = names(visit);
    let rows = visit.neighbours.iter().map(|neighbour| {
        vec![
            word(neighbour.if_index.and_then(|index| names.get(&index)).map(ToString::to_string)),
            plain(&json!(neighbour.protocol)),
            neighbour.system_name.to_string(),
            neighbour.chassis.to_string(),
            neighbour.port.to_string(),
            neighbour.capabilities.join(" "),
        ]
    });
    Table { columns: vec!["PORT", "BY", "NAME", "CHASSIS", "ITS PORT", "IS"], rows: rows.collect() }
}

fn parts(visit: &SwitchVisit) -> Table {
    let rows = visit.inventory.iter().map(|part| {
        let texts = [&part.name, &part.model, &part.serial, &part.software].map(ToString::to_string);
        std::iter::once(part.class.clone()).chain(texts).collect()
    });
    Table { columns: vec!["PART", "NAME", "MODEL", "SERIAL", "SOFTWARE"], rows: rows.collect() }
}

fn word(text: Option<String>) -> String {
    text.unwrap_or_else(|| "?".to_owned())
}

/// For a person, in colours or without.
#[must_use]
pub fn text(visit: &SwitchVisit, colours: bool) -> String {
    let mut out = format!("{}  {}\n", visit.target, visit.address);
    match &visit.reach {
        Reach::Answered => {}
        Reach::Silent(why) | Reach::Refused(why) => return out + why + "\n",
    }
    if let Some(system) = &visit.system {
        out += &format!("{}  {}\n", system.name, system.description);
        out += &format!("{}  up {}\n", system.object_id, long(system.uptime_s));
    }
    let vlans = visit.vlans.iter().map(|vlan| vec![vlan.id.to_string(), vlan.name.to_string()]);
    let sections = [
        ("TABLES", tables(visit)),
        ("READINGS", readings(visit)),
        ("PARTS", parts(visit)),
        ("PORTS", ports(visit)),
        ("VLANS", Table { columns: vec!["VLAN", "NAME"], rows: vlans.collect() }),
        ("FORWARDING", forwarding(visit)),
        ("ARP", arp(visit)),
        ("NEIGHBOURS", neighbours(visit)),
    ];
    for (title, table) in sections.into_iter().filter(|(_, table)| !table.rows.is_empty()) {
        let table = table.without_empty_columns();
        out += &format!("\n{title}\n{}", if colours { table.painted(tone) } else { table.text() });
    }
    let seconds = visit.finished.since(visit.started).as_secs_f64();
    out + &format!("\n{} requests, {seconds:.2} s\n", visit.requests)
}
