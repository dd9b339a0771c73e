//! What of each site's switches was really seen: ports with a link, and whether it is known what is behind them.

use std::collections::BTreeMap;

use super::state::{Inventory, SwitchState};
use crate::net::{DeviceText, PortName, SiteId, TargetName};
use crate::observation::{OperStatus, Port};

/// Silent ports that are named for each site; more are only counted.
const MOST_NAMED: usize = 50;

/// A port that has a link and on which no address was learned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilentPort {
    /// Its switch.
    pub switch: TargetName,
    /// Its name.
    pub port: PortName,
    /// What the administrator wrote on it.
    pub alias: DeviceText,
}

/// The ports of a site with a link that lead to no other polled switch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortCoverage {
    /// All of them. An aggregate is one.
    pub linked: u64,
    /// Those on which an address was learned.
    pub known: u64,
    /// Some of the others.
    pub silent: Vec<SilentPort>,
}

/// ifTypes a device is plugged into (IANAifType-MIB): Ethernet in its old and new numbers, aggregates.
fn is_plugged(port: &Port) -> bool {
    port.if_type.is_none_or(|kind| matches!(kind, 6 | 26 | 62 | 69 | 117 | 161))
}

/// It has a VLAN or takes part in spanning tree: a bridge port, and not one for management alone.
fn is_bridged(port: &Port) -> bool {
    port.pvid.is_some() || port.stp.is_some() || !port.untagged.is_empty() || !port.tagged.is_empty()
}

impl SwitchState {
    fn linked_ports(&self) -> impl Iterator<Item = &Port> {
        let ports = &self.record.ports;
        let tells = ports.iter().any(is_bridged);
        let bridged = move |port: &&Port| {
            // What an aggregate has, its members may not tell.
            !tells || is_bridged(port) || self.is_aggregate(port.if_index)
        };
        ports
            .iter()
            .filter(|port| port.oper == OperStatus::Up && port.lag.is_none() && is_plugged(port))
            .filter(bridged)
            .filter(|port| !self.group(port.if_index).iter().any(|member| self.leads_on(*member)))
    }

    fn is_known(&self, port: &Port) -> bool {
        let learned = |port: &u32| self.on_port.get(port).is_some_and(|macs| !macs.is_empty());
        self.group(port.if_index).iter().any(learned)
    }
}

impl Inventory {
    /// How much is known of the linked ports of each site that has polled bridges.
    #[must_use]
    pub fn port_coverage(&self) -> BTreeMap<SiteId, PortCoverage> {
        let mut found: BTreeMap<SiteId, PortCoverage> = BTreeMap::new();
        for (name, switch) in self.switches.iter().filter(|(_, switch)| switch.record.bridge) {
            let site = found.entry(switch.record.site.clone()).or_default();
            for port in switch.linked_ports() {
                site.linked += 1;
                if switch.is_known(port) {
                    site.known += 1;
                } else if site.silent.len() < MOST_NAMED {
                    site.silent.push(SilentPort {
                        switch: name.clone(),
                        port: port.name.clone(),
                        alias: port.alias.clone(),
                    });
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_port_for_management_is_no_gap_and_an_aggregate_is_one_port() {
        let port = |index: u32, kind: u32, pvid: Option<u32>, lag: Option<u32>| Port {
            oper: OperStatus::Up,
            if_type: Some(kind),
            pvid: pvid.and_then(crate::net::VlanId::new),
            lag,
            ..Port::new(index)
        };
        let record = super::super::SwitchRecord {
            name: "sw".into(),
            site: "hq".into(),
            system: None,
            ports: vec![
                port(1, 6, Some(10), None),
                port(2, 6, Some(10), Some(20)),
                port(3, 6, Some(10), Some(20)),
                port(20, 161, None, None),
                port(30, 6, None, None),
                port(40, 53, Some(10), None),
            ],
            neighbours: Vec::new(),
            own_macs: Vec::new(),
            address: None,
            bridge: true,
        };
        let mut state = SwitchState::new(record);
        let linked = |state: &SwitchState| state.linked_ports().map(|port| port.if_index).collect::<Vec<_>>();
        assert_eq!(linked(&state), [1, 20], "no member, no management port, no VLAN interface");
        assert!(!state.record.ports.iter().any(|port| state.is_known(port)));
        state.on_port.insert(3, BTreeSet::from([crate::net::MacAddr([2, 0, 0, 0, 0, 1])]));
        let known: Vec<u32> =
            state.linked_ports().filter(|port| state.is_known(port)).map(|port| port.if_index).collect();
        assert_eq!(known, [20], "an aggregate has what its members have learned");
    }
}
