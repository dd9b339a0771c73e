//! Which routing instances (VRFs) have tables of their own, and in which SNMP context: ARISTA-VRF-MIB and
//! CISCO-CONTEXT-MAPPING-MIB.

use std::collections::BTreeMap;

use super::{Ask, Group, Session, Value, Walked};
use crate::net::DeviceText;

/// IANA private enterprise number of Arista.
pub const ARISTA: u32 = 30_065;
/// aristaVrfEntry
const ARISTA_ENTRY: [u32; 12] = [1, 3, 6, 1, 4, 1, ARISTA, 3, 18, 1, 1, 1];
/// cContextMappingEntry
const CISCO_ENTRY: [u32; 13] = [1, 3, 6, 1, 4, 1, 9, 9, 468, 1, 1, 1, 2];
/// Longest name of a context (SnmpAdminString of vacmContextName, RFC 3415).
const LONGEST_NAME: usize = 32;

/// Columns whose index is a name.
#[derive(Debug)]
pub struct Vrfs {
    /// aristaVrfState, by VRF: its name is its context.
    pub arista: Walked,
    /// cContextMappingVrfName, by context; empty where a context is of something else.
    pub cisco: Walked,
}

/// Reads those of the maker that may have them.
pub async fn read(ask: &Ask<'_, impl Session>, arista: bool, cisco: bool) -> Vrfs {
    let n = Walked::not_needed;
    Vrfs {
        arista: if arista { ask.seldom(Group::Other, &ARISTA_ENTRY, &[4]).await } else { n() },
        cisco: if cisco { ask.seldom(Group::Other, &CISCO_ENTRY, &[]).await } else { n() },
    }
}

/// A name as an index has it: its length, then an octet an arc. Only what can be sent as a context is one.
fn name(index: &[u32]) -> Option<String> {
    let (length, octets) = index.split_first()?;
    let octets: Vec<u8> = octets.iter().map(|arc| u8::try_from(*arc).ok()).collect::<Option<_>>()?;
    let fits = usize::try_from(*length).ok() == Some(octets.len()) && (1..=LONGEST_NAME).contains(&octets.len());
    let printable = octets.iter().all(u8::is_ascii_graphic);
    String::from_utf8(octets).ok().filter(|_| fits && printable)
}

impl Vrfs {
    /// VRFs by the context that has their tables.
    #[must_use]
    pub fn contexts(&self) -> BTreeMap<String, DeviceText> {
        let arista = self.arista.rows.iter().filter_map(|(index, _)| {
            let name = name(index)?;
            let vrf = DeviceText::from(name.as_str());
            Some((name, vrf))
        });
        let cisco = self.cisco.rows.iter().filter_map(|(index, vrf)| Some((name(index)?, of_cisco(vrf)?)));
        arista.chain(cisco).collect()
    }
}

fn of_cisco(vrf: &Value) -> Option<DeviceText> {
    vrf.octets().map(DeviceText::from_octets).and_then(DeviceText::non_empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snmp::WalkEnd;

    fn column(rows: &[(&str, Value)]) -> Walked {
        let index = |name: &str| {
            let octets = name.bytes().map(u32::from);
            std::iter::once(u32::try_from(name.len()).unwrap()).chain(octets).collect::<Vec<_>>().into()
        };
        Walked { rows: rows.iter().map(|(name, value)| (index(name), value.clone())).collect(), end: WalkEnd::Complete }
    }

    #[test]
    fn a_context_is_a_vrf_where_the_switch_says_so_and_its_name_can_be_sent() {
        let text = |text: &str| Value::Octets(text.as_bytes().to_vec());
        let mut vrfs = Vrfs {
            arista: column(&[("cctv", Value::Integer(1)), ("two words", Value::Integer(1)), ("", Value::Integer(1))]),
            cisco: column(&[("vlan-1", text("")), ("ctx-mgmt", text("management"))]),
        };
        vrfs.arista.rows.push((vec![5, 65].into(), Value::Integer(1)));
        vrfs.arista.rows.push((vec![1, 300].into(), Value::Integer(1)));
        let contexts: Vec<_> = vrfs.contexts().into_iter().map(|(context, vrf)| (context, vrf.to_string())).collect();
        let expected = [("cctv", "cctv"), ("ctx-mgmt", "management")];
        assert_eq!(contexts, expected.map(|(context, vrf)| (context.to_owned(), vrf.to_owned())));
    }
}
