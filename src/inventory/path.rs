//! The way from a device's port towards the core, as far as the switches on it tell.
//!
//! A switch further on shows the device on the port that leads down to it, and one of the two hears the other there by
//! LLDP or CDP. Where none shows it, spanning tree's way to its root is followed, then the only neighbour there is.

use std::collections::BTreeSet;

use super::neighbours::{forwards, keys, name_of, names};
use super::{Place, Presence, SwitchRecord};
use crate::net::{PortName, TargetName};
use crate::observation::{Neighbour, NeighbourProtocol};

/// Most switches on a way: a network has few in a row, and a loop has no end.
const MOST_HOPS: usize = 16;

/// A switch on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// It.
    pub switch: TargetName,
    /// The port that leads down: to the device, or to the hop before. `None`: not told.
    pub down: Option<PortName>,
    /// The port that leads on to the next hop. `None`: not told, or the last.
    pub up: Option<PortName>,
    /// How it is known that the way goes over it; empty for the device's own switch.
    pub because: String,
}

/// The way from a device's port towards the core.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Path {
    /// The switches on it, the device's own first.
    pub hops: Vec<Hop>,
    /// Why it is not known further.
    pub end: String,
}

impl SwitchRecord {
    /// The port with that number.
    fn port_name(&self, if_index: u32) -> PortName {
        let port = self.ports.iter().find(|port| port.if_index == if_index);
        port.map_or_else(|| PortName::from(if_index.to_string()), |port| port.name.clone())
    }

    /// A port with the aggregate it is a member of, or the aggregate with its members.
    fn aggregate(&self, if_index: u32) -> BTreeSet<u32> {
        let own = self.ports.iter().find(|port| port.if_index == if_index).and_then(|port| port.lag);
        let aggregate = own.unwrap_or(if_index);
        let members = self.ports.iter().filter(|port| port.lag == Some(aggregate)).map(|port| port.if_index);
        members.chain([if_index, aggregate]).collect()
    }

    /// Whom it hears that is this switch, on which of its ports.
    fn hears<'a>(&'a self, other: &SwitchRecord) -> impl Iterator<Item = (u32, &'a Neighbour)> + use<'a> {
        let called = names(other);
        self.neighbours.iter().filter_map(move |neighbour| {
            keys(neighbour).iter().any(|key| called.contains(key)).then_some((neighbour.if_index?, neighbour))
        })
    }

    /// The port towards spanning tree's root, where spanning tree tells; `Err`: it tells that this is the root.
    fn root_port(&self) -> Result<Option<u32>, ()> {
        let mut bridges = self.ports.iter().filter_map(|port| Some((port, port.stp_bridge?))).peekable();
        if bridges.peek().is_none() {
            return Ok(None);
        }
        let mut others = bridges.filter(|(_, bridge)| !self.own_macs.contains(bridge)).map(|(port, _)| port).peekable();
        if others.peek().is_none() {
            // It must be known by which addresses it goes itself.
            return if self.own_macs.is_empty() { Ok(None) } else { Err(()) };
        }
        Ok(others.find(|port| port.stp.as_deref() == Some("forwarding")).map(|port| port.if_index))
    }

    /// Switches and routers it hears on the ports that are asked for.
    fn switches_heard(&self, on: impl Fn(u32) -> bool) -> Vec<&Neighbour> {
        let heard = self.neighbours.iter().filter(|neighbour| neighbour.if_index.is_some_and(&on));
        let mut heard: Vec<&Neighbour> = heard.filter(|neighbour| forwards(neighbour)).collect();
        // LLDP and CDP tell of the same neighbour.
        heard.sort_by_key(|neighbour| (neighbour.if_index, neighbour.protocol));
        heard.dedup_by_key(|neighbour| (neighbour.if_index, name_of(neighbour).clone()));
        heard
    }
}

fn protocol(neighbour: &Neighbour) -> &'static str {
    match neighbour.protocol {
        NeighbourProtocol::Lldp => "LLDP",
        NeighbourProtocol::Cdp => "CDP",
    }
}

/// The next switch, and by which ports.
struct Next {
    record: SwitchRecord,
    down: Option<PortName>,
    up: Option<PortName>,
    because: String,
}

/// What is known of the way.
#[derive(Debug)]
pub struct Around<'a> {
    /// The open forwarding rows of the device.
    pub rows: Vec<&'a Presence>,
    /// The switches that have them.
    pub switches: Vec<&'a SwitchRecord>,
    /// Those whose address table has the device: they route for it.
    pub routers: BTreeSet<&'a TargetName>,
}

impl Around<'_> {
    /// Switches that show the device on a port that leads down to this one.
    fn shown_beyond(&self, here: &SwitchRecord, passed: &BTreeSet<TargetName>) -> Vec<Next> {
        let mut found = Vec::new();
        for other in self.switches.iter().filter(|other| !passed.contains(&other.name)) {
            let on = self.rows.iter().find(|row| row.switch == other.name).and_then(|row| row.if_index);
            let Some(on) = on else { continue };
            let group = other.aggregate(on);
            let down = other.hears(here).find(|(port, _)| group.contains(port)).map(|(_, heard)| heard);
            let up = here.hears(other).next();
            let Some(heard) = down.or(up.map(|(_, heard)| heard)) else { continue };
            let who = if down.is_some() { &here.name } else { &other.name };
            found.push(Next {
                record: (*other).clone(),
                down: Some(other.port_name(on)),
                up: up.map(|(port, _)| here.port_name(port)),
                because: format!("it shows the device on that port; {} hears {who} there", protocol(heard)),
            });
        }
        found
    }
}

/// The way from a place on. `polled` finds a polled switch by what a neighbour may be called.
pub fn path(
    place: &Place,
    around: &Around<'_>,
    mut polled: impl FnMut(&BTreeSet<String>) -> Option<SwitchRecord>,
) -> Path {
    let Some(name) = &place.switch else {
        return Path { hops: Vec::new(), end: "it is on no switch that is polled".to_owned() };
    };
    let mut hops = vec![Hop { switch: name.clone(), down: place.port.clone(), up: None, because: String::new() }];
    let own = around.switches.iter().find(|record| record.name == *name).map(|record| (*record).clone());
    let Some(mut here) = own.or_else(|| polled(&BTreeSet::from([name.to_string()]))) else {
        return Path { hops, end: format!("nothing is remembered of {name}") };
    };
    let mut passed = BTreeSet::from([name.clone()]);
    loop {
        if hops.len() >= MOST_HOPS {
            return Path { hops, end: format!("more than {MOST_HOPS} switches in a row") };
        }
        let next = match further(&here, around, &passed, place, &mut polled) {
            Ok(next) => next,
            Err(end) => return Path { hops, end },
        };
        passed.insert(next.record.name.clone());
        if let Some(last) = hops.last_mut() {
            last.up = next.up;
        }
        hops.push(Hop { switch: next.record.name.clone(), down: next.down, up: None, because: next.because });
        here = next.record;
    }
}

/// The next hop after this switch, or why there is none.
fn further(
    here: &SwitchRecord,
    around: &Around<'_>,
    passed: &BTreeSet<TargetName>,
    place: &Place,
    polled: &mut impl FnMut(&BTreeSet<String>) -> Option<SwitchRecord>,
) -> Result<Next, String> {
    let name = &here.name;
    let mut shown = around.shown_beyond(here, passed);
    if !shown.is_empty() {
        let mut next = shown.remove(0);
        if !shown.is_empty() {
            let others: Vec<&str> = shown.iter().map(|other| other.record.name.as_str()).collect();
            next.because += &format!("; {} just as well", others.join(" and "));
        }
        return Ok(next);
    }
    if around.routers.contains(name) {
        return Err(format!("{name} routes for it: its address table has the device"));
    }
    let root = here.root_port().map_err(|()| format!("{name} is the root of its spanning tree"))?;
    // The first switch's port to the device is no way on, and neither is one that was come by.
    let behind: BTreeSet<u32> =
        if place.switch.as_ref() == Some(name) { place.if_index.into_iter().collect() } else { BTreeSet::new() };
    let group = root.map(|port| here.aggregate(port));
    let heard =
        here.switches_heard(|port| !behind.contains(&port) && group.as_ref().is_none_or(|group| group.contains(&port)));
    let mut unseen = Vec::new();
    for neighbour in heard {
        let called: BTreeSet<String> = keys(neighbour).into_iter().collect();
        match polled(&called) {
            Some(record) if passed.contains(&record.name) => {}
            found => unseen.push((neighbour, found)),
        }
    }
    match unseen.as_mut_slice() {
        [] if here.neighbours.is_empty() => Err(format!("neither LLDP nor CDP tells whom {name} hears")),
        [] => Err(format!("{name} hears no other switch")),
        [(neighbour, found)] => {
            let heard = format!("'{}' by {}", name_of(neighbour), protocol(neighbour));
            let port = neighbour.if_index.map(|port| here.port_name(port));
            let on = port.as_ref().map(|port| format!(" on {port}")).unwrap_or_default();
            let Some(record) = found.take() else {
                return Err(format!("{name} hears {heard}{on}, which is not polled"));
            };
            let tree = if root.is_some() { "towards spanning tree's root" } else { "the only switch it hears" };
            let down = record.hears(here).next().map(|(port, _)| record.port_name(port));
            let because = format!("{name} hears {heard}, {tree}; it does not show the device");
            Ok(Next { record, down, up: port, because })
        }
        several => {
            let names: Vec<String> = several.iter().take(3).map(|(heard, _)| name_of(heard).to_string()).collect();
            let more = if several.len() > 3 { " and others" } else { "" };
            Err(format!("{name} hears {}{more}: which of them leads to the core is not told", names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{MacAddr, Timestamp};
    use crate::observation::Port;

    const MAC: MacAddr = MacAddr([0x44, 0x19, 0xb6, 0, 0, 1]);

    fn neighbour(if_index: u32, name: &str) -> Neighbour {
        Neighbour {
            if_index: Some(if_index),
            protocol: NeighbourProtocol::Lldp,
            chassis: Default::default(),
            port: Default::default(),
            system_name: name.into(),
            system_description: Default::default(),
            addresses: Vec::new(),
            capabilities: vec!["bridge".into()],
        }
    }

    fn switch(name: &str, hears: &[(u32, &str)]) -> SwitchRecord {
        SwitchRecord {
            name: name.into(),
            site: "hq".into(),
            system: None,
            ports: (1..=50).map(|number| Port { name: format!("Gi{number}").into(), ..Port::new(number) }).collect(),
            neighbours: hears.iter().map(|(port, name)| neighbour(*port, name)).collect(),
            own_macs: vec![MacAddr([2, 0, 0, 0, 0, name.len() as u8])],
            address: None,
            bridge: true,
        }
    }

    fn row(switch: &str, port: u32) -> Presence {
        Presence {
            switch: switch.into(),
            mac: MAC,
            vlan: None,
            if_index: Some(port),
            port: format!("Gi{port}").into(),
            first_seen: Timestamp(0),
        }
    }

    fn place() -> Place {
        Place { switch: Some("acc".into()), port: Some("Gi7".into()), if_index: Some(7), ..Place::default() }
    }

    fn walk(rows: &[Presence], switches: &[&SwitchRecord], routers: &[TargetName], polled: &[&SwitchRecord]) -> Path {
        let around =
            Around { rows: rows.iter().collect(), switches: switches.to_vec(), routers: routers.iter().collect() };
        path(&place(), &around, |called| {
            polled.iter().find(|record| names(record).iter().any(|name| called.contains(name))).map(|it| (*it).clone())
        })
    }

    fn spelled(path: &Path) -> String {
        let port = |port: &Option<PortName>| port.as_ref().map_or("?".to_owned(), ToString::to_string);
        let hops: Vec<String> =
            path.hops.iter().map(|hop| format!("{} {}>{}", hop.switch, port(&hop.down), port(&hop.up))).collect();
        hops.join(" ")
    }

    #[test]
    fn the_way_goes_over_the_switches_that_show_the_device_and_hear_each_other() {
        let access = switch("acc", &[(49, "dist.example")]);
        let dist = switch("dist", &[(3, "acc"), (48, "core-1")]);
        let core = switch("core-1", &[(9, "dist"), (10, "other")]);
        let rows = [row("acc", 7), row("core-1", 9), row("dist", 3)];
        let found = walk(&rows, &[&access, &core, &dist], &["core-1".into()], &[]);
        assert_eq!(spelled(&found), "acc Gi7>Gi49 dist Gi3>Gi48 core-1 Gi9>?");
        assert_eq!(found.end, "core-1 routes for it: its address table has the device");
        assert!(found.hops[1].because.contains("LLDP hears acc there"), "{}", found.hops[1].because);
    }

    #[test]
    fn where_no_switch_beyond_shows_it_the_only_neighbour_or_spanning_tree_leads_on() {
        let access = switch("acc", &[(49, "dist")]);
        let mut dist = switch("dist", &[(3, "acc"), (4, "acc-2"), (48, "core-1")]);
        let found = walk(&[row("acc", 7)], &[&access], &[], &[&access, &dist]);
        assert_eq!(spelled(&found), "acc Gi7>Gi49 dist Gi3>?");
        assert_eq!(found.end, "dist hears acc-2, core-1: which of them leads to the core is not told");
        // Port 48 is towards the root: another bridge is named there.
        dist.ports[47].stp_bridge = Some(MacAddr([2, 9, 9, 9, 9, 9]));
        dist.ports[47].stp = Some("forwarding".into());
        let found = walk(&[row("acc", 7)], &[&access], &[], &[&access, &dist]);
        assert_eq!(found.end, "dist hears 'core-1' by LLDP on Gi48, which is not polled");
        // Every port names the switch itself: it is the root.
        dist.ports[47].stp_bridge = Some(dist.own_macs[0]);
        let found = walk(&[row("acc", 7)], &[&access], &[], &[&access, &dist]);
        assert_eq!(found.end, "dist is the root of its spanning tree");
    }

    #[test]
    fn where_knowledge_ends_is_said_with_the_reason() {
        let deaf = switch("acc", &[]);
        assert_eq!(walk(&[row("acc", 7)], &[&deaf], &[], &[]).end, "neither LLDP nor CDP tells whom acc hears");
        let hears = switch("acc", &[(49, "dist")]);
        let found = walk(&[row("acc", 7)], &[&hears], &[], &[]);
        assert_eq!(found.end, "acc hears 'dist' by LLDP on Gi49, which is not polled");
        // What hangs on the device's own port is no way to the core.
        let behind = switch("acc", &[(7, "desk-switch")]);
        assert_eq!(walk(&[row("acc", 7)], &[&behind], &[], &[]).end, "acc hears no other switch");
        assert_eq!(walk(&[row("acc", 7)], &[], &[], &[]).end, "nothing is remembered of acc");
        let around = Around { rows: Vec::new(), switches: Vec::new(), routers: BTreeSet::new() };
        assert_eq!(path(&Place::default(), &around, |_| None).end, "it is on no switch that is polled");
    }

    #[test]
    fn an_aggregate_is_heard_on_its_members_and_a_loop_ends() {
        let access = switch("acc", &[(49, "dist")]);
        let mut dist = switch("dist", &[(3, "acc")]);
        dist.ports[2].lag = Some(40);
        let rows = [row("acc", 7), row("dist", 40)];
        assert_eq!(spelled(&walk(&rows, &[&access, &dist], &[], &[])), "acc Gi7>Gi49 dist Gi40>?");
        // Two that hear each other and show each other nothing.
        let found = walk(&[row("acc", 7)], &[&access], &[], &[&access, &dist]);
        assert_eq!(found.end, "dist hears no other switch");
    }
}
