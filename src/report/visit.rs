//! One visit to a switch, for `poll`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Table;
use crate::net::PortName;
use crate::observation::{Completeness, Reach, SwitchVisit};

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

/// For a person.
#[must_use]
pub fn text(visit: &SwitchVisit) -> String {
    let mut out = format!("{}  {}\n", visit.target, visit.address);
    match &visit.reach {
        Reach::Answered => {}
        Reach::Silent(why) | Reach::Refused(why) => return out + why + "\n",
    }
    if let Some(system) = &visit.system {
        let (days, hours) = (system.uptime_s / 86_400, system.uptime_s % 86_400 / 3600);
        out += &format!("{}  {}\n", system.name, system.description);
        out += &format!("{}  up {days} d {hours} h\n", system.object_id);
    }
    let names = names(visit);
    let word = |text: Option<String>| text.unwrap_or_else(|| "?".to_owned());
    let section = |title: &str, columns: Vec<&'static str>, rows: Vec<Vec<String>>| {
        if rows.is_empty() { String::new() } else { format!("\n{title}\n{}", Table { columns, rows }.text()) }
    };
    let states = visit.tables.iter().map(|(table, state)| {
        let completeness = match state.completeness {
            Completeness::Complete => "complete",
            Completeness::Partial => "partial",
            Completeness::Unsupported => "unsupported",
            Completeness::Failed => "failed",
        };
        let name = json!(table).as_str().unwrap_or_default().to_owned();
        vec![name, completeness.to_owned(), state.rows.to_string(), state.note.clone().unwrap_or_default()]
    });
    out += &section("TABLES", vec!["TABLE", "SEEN", "ROWS", "WHY"], states.collect());
    let readings = [("port", &visit.readings.port), ("VLAN", &visit.readings.vlan)];
    let readings = readings.into_iter().filter_map(|(number, reading)| {
        let reading = reading.as_ref()?;
        let other = reading.runner_up.as_ref().map(|(word, score)| format!("{word} ({score})")).unwrap_or_default();
        Some(vec![
            number.to_owned(),
            reading.chosen.clone(),
            reading.score.to_string(),
            other,
            reading.rows.to_string(),
        ])
    });
    out += &section("READINGS", vec!["NUMBER", "READ AS", "FITS", "ELSE", "ROWS"], readings.collect());
    let plain = |value: Value| value.as_str().unwrap_or_default().to_owned();
    let ports = visit.ports.iter().map(|port| {
        vec![
            port.if_index.to_string(),
            port.name.to_string(),
            plain(json!(port.oper)),
            plain(json!(port.admin)),
            port.speed_mbps.map(|mbps| mbps.to_string()).unwrap_or_default(),
            port.pvid.map(|vlan| vlan.to_string()).unwrap_or_default(),
            port.lag.map(|lag| lag.to_string()).unwrap_or_default(),
            port.stp.clone().unwrap_or_default(),
            port.poe.clone().unwrap_or_default(),
            port.alias.to_string(),
        ]
    });
    let columns = vec!["INDEX", "PORT", "OPER", "ADMIN", "MBIT/S", "PVID", "LAG", "STP", "POE", "TEXT"];
    out += &section("PORTS", columns, ports.collect());
    let vlans = visit.vlans.iter().map(|vlan| vec![vlan.id.to_string(), vlan.name.to_string()]);
    out += &section("VLANS", vec!["VLAN", "NAME"], vlans.collect());
    let fdb = visit.fdb.iter().map(|row| {
        let port = word(row.if_index.and_then(|index| names.get(&index)).map(ToString::to_string));
        vec![row.mac.to_string(), word(row.vlan.map(|vlan| vlan.to_string())), port, plain(json!(row.status))]
    });
    out += &section("FORWARDING", vec!["MAC", "VLAN", "PORT", "STATUS"], fdb.collect());
    let arp = visit.arp.iter().map(|row| vec![row.ip.to_string(), row.mac.to_string(), row.if_index.to_string()]);
    out += &section("ARP", vec!["IP", "MAC", "INTERFACE"], arp.collect());
    let neighbours = visit.neighbours.iter().map(|neighbour| {
        vec![
            word(neighbour.if_index.and_then(|index| names.get(&index)).map(ToString::to_string)),
            plain(json!(neighbour.protocol)),
            neighbour.system_name.to_string(),
            neighbour.chassis.to_string(),
            neighbour.port.to_string(),
            neighbour.capabilities.join(" "),
        ]
    });
    let columns = vec!["PORT", "BY", "NAME", "CHASSIS", "ITS PORT", "IS"];
    out += &section("NEIGHBOURS", columns, neighbours.collect());
    let seconds = visit.finished.since(visit.started).as_secs_f64();
    out + &format!("\n{} requests, {seconds:.2} s\n", visit.requests)
}
