//! The IEEE registry of address blocks: what is compiled in, overridden by newer files where there are some.

use std::collections::HashMap;

use crate::net::MacAddr;

/// Block assignments read from files; blocks not in them come from the registry compiled in.
#[derive(Debug, Clone, Default)]
pub(super) struct Registry {
    /// `(prefix length in bits, prefix) -> organisation`
    blocks: HashMap<(u8, u64), Box<str>>,
}

impl Registry {
    /// Takes in the text of `oui.csv`, `mam.csv` or `oui36.csv` (columns Registry, Assignment, Organization Name,
    /// Organization Address). Lines that are none are passed over.
    pub(super) fn read_csv(&mut self, text: &str) {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        for record in reader.records().map_while(Result::ok) {
            let (Some(assignment), Some(organisation)) = (record.get(1), record.get(2)) else { continue };
            let bits = match assignment.len() {
                6 => 24,
                7 => 28,
                9 => 36,
                _ => continue,
            };
            if let Ok(prefix) = u64::from_str_radix(assignment, 16) {
                self.blocks.insert((bits, prefix), organisation.trim().into());
            }
        }
    }

    /// Who registered the block an address lies in, longest prefix first.
    pub(super) fn organisation(&self, mac: MacAddr) -> Option<&str> {
        if mac.is_local() || mac.is_multicast() || mac.is_zero() {
            return None;
        }
        let found = [36u8, 28, 24].into_iter().find_map(|bits| self.blocks.get(&(bits, mac.as_u64() >> (48 - bits))));
        match found {
            // The 24-bit block of a shared assignment names the registry itself: only the longer one names a maker.
            Some(name) if &**name != "IEEE Registration Authority" => Some(name),
            _ => oui_data::lookup(&mac.to_string()).map(oui_data::OuiData::organization),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac(text: &str) -> MacAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_compiled_registry_knows_the_field() {
        let registry = Registry::default();
        assert!(registry.organisation(mac("44:19:b6:01:02:03")).unwrap().contains("Hikvision"));
        assert!(registry.organisation(mac("ac:cc:8e:01:02:03")).unwrap().contains("Axis"));
        assert_eq!(registry.organisation(mac("46:19:b6:01:02:03")), None, "locally administered");
    }

    #[test]
    fn a_newer_file_wins_and_the_longest_prefix_wins() {
        let mut registry = Registry::default();
        registry.read_csv("Registry,Assignment,Organization Name,Organization Address\nMA-L,4419B6,New Owner,x\n");
        assert_eq!(registry.organisation(mac("44:19:b6:01:02:03")), Some("New Owner"));
        registry.read_csv("Registry,Assignment,Organization Name,Organization Address\nMA-S,4419B6010,Small Owner,x\n");
        assert_eq!(registry.organisation(mac("44:19:b6:01:02:03")), Some("Small Owner"));
        assert_eq!(registry.organisation(mac("44:19:b6:02:02:03")), Some("New Owner"));
        registry.read_csv("garbage\n\"broken");
    }
}
