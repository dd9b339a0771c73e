//! The forwarding rows a place rests on: which object on which switch, so that anybody can ask the switch again.

use std::collections::BTreeMap;

use crate::inventory::{Path, Presence, Standing, SwitchRecord};
use crate::net::{MacAddr, PortName, TargetName, Timestamp};
use crate::observation::{Completeness, Neighbour, NeighbourProtocol, Table};
use crate::snapshot::{Snapshot, word};

/// Where a row stands, as far as the switch's last visit tells.
#[derive(Debug)]
pub struct Source {
    /// The table's name.
    pub table: String,
    /// The object and its instance.
    pub object: String,
    /// When the table was last read to its end.
    pub whole: Option<Timestamp>,
}

/// An address as an index has it.
fn index(mac: MacAddr) -> String {
    mac.0.map(|octet| octet.to_string()).join(".")
}

/// dot1dTpFdbPort of an address (RFC 4188).
fn plain(mac: MacAddr) -> String {
    format!("dot1dTpFdbPort 1.3.6.1.2.1.17.4.3.1.2.{}", index(mac))
}

/// The object that holds a row of a table. `reading`: how the switch's FDB ids are read.
fn object(table: Table, row: &Presence, reading: Option<&str>) -> String {
    let mac = index(row.mac);
    match (table, row.vlan) {
        (Table::VlanFdb, Some(vlan)) => format!("{} of VLAN {vlan}'s context", plain(row.mac)),
        // dot1qTpFdbPort (RFC 4363) is indexed by the FDB id: one that is no VLAN stands in another column.
        (Table::Dot1qFdb, Some(vlan)) if reading == Some("the id is the VLAN") => {
            format!("dot1qTpFdbPort 1.3.6.1.2.1.17.7.1.2.2.1.2.{vlan}.{mac}")
        }
        (Table::Dot1qFdb, Some(vlan)) if reading == Some("dot1qVlanFdbId") => format!(
            "dot1qTpFdbPort 1.3.6.1.2.1.17.7.1.2.2.1.2.ID.{mac}, ID being dot1qVlanFdbId \
             1.3.6.1.2.1.17.7.1.4.2.1.3.TIMEMARK.{vlan}"
        ),
        (Table::Dot1qFdb, _) => format!("dot1qTpFdbPort 1.3.6.1.2.1.17.7.1.2.2.1.2.ID.{mac}"),
        (Table::PrivateFdb, _) => format!("the maker's own table, at {mac}"),
        _ => plain(row.mac),
    }
}

/// The table and the object a row is in.
#[must_use]
pub fn source(row: &Presence, snapshot: &Snapshot) -> Source {
    let target = snapshot.targets.get(&row.switch);
    let found = [Table::PrivateFdb, Table::VlanFdb, Table::Dot1qFdb, Table::Dot1dFdb]
        .into_iter()
        .find_map(|table| Some((table, target?.tables.get(&table).filter(|state| state.rows > 0)?)));
    let Some((table, state)) = found else {
        return Source { table: "forwarding table".to_owned(), object: plain(row.mac), whole: None };
    };
    let reading = target.and_then(|target| target.readings.vlan.as_ref()).map(|reading| reading.chosen.as_str());
    let complete = state.completeness == Completeness::Complete;
    Source {
        table: word(&table),
        object: object(table, row, reading),
        whole: target.and_then(|target| target.last_ok).filter(|_| complete),
    }
}

fn heard_on<'a>(record: &'a SwitchRecord, row: &Presence) -> impl Iterator<Item = &'a Neighbour> {
    // An aggregate hears through its members.
    let members = record.ports.iter().filter(|port| port.lag == row.if_index).map(|port| port.if_index);
    let indexes: Vec<u32> = row.if_index.into_iter().chain(members).collect();
    record.neighbours.iter().filter(move |neighbour| neighbour.if_index.is_some_and(|index| indexes.contains(&index)))
}

/// Why a row is the place, or is not. `switches`: records of the switches that have such rows.
#[must_use]
pub fn why(row: &Presence, standing: Standing, switches: &BTreeMap<TargetName, SwitchRecord>) -> String {
    match standing {
        Standing::Chosen => "the place rests on this".to_owned(),
        Standing::OtherVlan => "the same port in another VLAN".to_owned(),
        Standing::Rival => "refused: shows it just as well, which is right is open".to_owned(),
        Standing::Unresolved => "refused: the switch's numbers do not tell which port it is".to_owned(),
        Standing::Upstream => {
            let mut heard: Vec<String> = Vec::new();
            for neighbour in switches.get(&row.switch).into_iter().flat_map(|record| heard_on(record, row)) {
                let name = [&neighbour.system_name, &neighbour.chassis].into_iter().find(|name| !name.is_empty());
                let protocol = if neighbour.protocol == NeighbourProtocol::Lldp { "LLDP" } else { "CDP" };
                let words = name.map(|name| format!("'{name}' by {protocol}"));
                heard.extend(words.filter(|words| !heard.contains(words)));
            }
            let mut text = "refused: the port is on the way, other switches lie behind it".to_owned();
            if !heard.is_empty() {
                heard.truncate(3);
                text += &format!(" (it hears {})", heard.join(", "));
            }
            text
        }
    }
}

/// The way from a device's port towards the core, a switch a line, and why it ends.
#[must_use]
pub fn way(path: &Path) -> Vec<String> {
    let port = |port: Option<&PortName>| port.map_or_else(|| "?".to_owned(), ToString::to_string);
    let mut lines: Vec<String> = Vec::new();
    for (number, hop) in path.hops.iter().enumerate() {
        let up =
            if number + 1 < path.hops.len() { format!(", on by {}", port(hop.up.as_ref())) } else { String::new() };
        let because = if hop.because.is_empty() { String::new() } else { format!(" ({})", hop.because) };
        lines.push(format!("{} {}{up}{because}", hop.switch, port(hop.down.as_ref())));
    }
    lines.push(format!("ends there: {}", path.end));
    lines
}

/// The same in one line, by the switches' names and ports.
#[must_use]
pub fn way_in_short(path: &Path) -> String {
    let mut out = String::new();
    for (number, hop) in path.hops.iter().enumerate() {
        let down = hop.down.as_ref().map(|port| format!(" {port}")).unwrap_or_default();
        let up = hop.up.as_ref().map(|port| format!(" {port}")).unwrap_or_default();
        match number {
            0 => out += &format!("{}{up}", hop.switch),
            _ if number + 1 < path.hops.len() => out += &format!(" → {}{down} ·{up}", hop.switch),
            _ => out += &format!(" → {}{down}", hop.switch),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::VlanId;

    #[test]
    fn a_row_names_the_object_anybody_can_ask_the_switch_for() {
        let row = |vlan: Option<u32>| Presence {
            switch: "sw1".into(),
            mac: MacAddr([0x44, 0x19, 0xb6, 1, 2, 255]),
            vlan: vlan.and_then(VlanId::new),
            if_index: Some(5),
            port: "gi5".into(),
            first_seen: Timestamp(0),
        };
        let object = |table, vlan, reading| object(table, &row(vlan), reading);
        assert_eq!(object(Table::Dot1dFdb, None, None), "dot1dTpFdbPort 1.3.6.1.2.1.17.4.3.1.2.68.25.182.1.2.255");
        assert_eq!(
            object(Table::Dot1qFdb, Some(20), Some("the id is the VLAN")),
            "dot1qTpFdbPort 1.3.6.1.2.1.17.7.1.2.2.1.2.20.68.25.182.1.2.255"
        );
        let by_table = object(Table::Dot1qFdb, Some(20), Some("dot1qVlanFdbId"));
        assert!(by_table.contains(".2.2.1.2.ID.68.25.182.1.2.255") && by_table.ends_with("TIMEMARK.20"), "{by_table}");
        assert!(object(Table::VlanFdb, Some(20), None).ends_with("255 of VLAN 20's context"));
        assert!(!object(Table::Dot1qFdb, None, Some("unknowable")).contains("VLAN"), "what is unknown is not named");
    }
}
