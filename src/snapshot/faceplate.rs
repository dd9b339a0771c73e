//! A switch's ports as they stand on its front: which belong beside each other, and what stands on each.

use std::collections::{BTreeMap, BTreeSet};

use super::DeviceRow;
use crate::config::NetworkKind;
use crate::inventory::SwitchRecord;
use crate::maker::Surveillance;
use crate::net::Timestamp;
use crate::observation::{Neighbour, OperStatus, Port};
use crate::policy::Status;

/// What a port shows in one letter: the gravest thing that stands on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// Equipment of a restricted maker on a core network.
    RestrictedOnCore,
    /// A camera on a core network.
    OnCore,
    /// Equipment of a restricted maker.
    Restricted,
    /// Perhaps.
    Suspected,
    /// A device of which it is not known what it is, or who made it.
    Unknown,
    /// A camera.
    Camera,
    /// Another device.
    Other,
    /// It leads to another switch: one is heard there, or all that is learned there stands elsewhere.
    Uplink,
    /// Member of an aggregate that leads to no switch that is heard.
    Aggregate,
    /// It carries several VLANs, and nothing is learned on it.
    Trunk,
    /// It has a link, and nothing is learned on it.
    Silent,
    /// It has no link.
    Down,
    /// The administrator shut it.
    Shut,
}

impl Sign {
    /// Every sign, the gravest first.
    pub const ALL: [Self; 13] = [
        Self::RestrictedOnCore,
        Self::OnCore,
        Self::Restricted,
        Self::Suspected,
        Self::Unknown,
        Self::Camera,
        Self::Other,
        Self::Uplink,
        Self::Aggregate,
        Self::Trunk,
        Self::Silent,
        Self::Down,
        Self::Shut,
    ];

    /// Its letter.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::RestrictedOnCore => '!',
            Self::OnCore => 'C',
            Self::Restricted => 'R',
            Self::Suspected => 'S',
            Self::Unknown => '?',
            Self::Camera => 'c',
            Self::Other => 'o',
            Self::Uplink => 'U',
            Self::Aggregate => 'L',
            Self::Trunk => 'T',
            Self::Silent => '.',
            Self::Down => ' ',
            Self::Shut => '-',
        }
    }

    /// It in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::RestrictedOnCore => "restricted on core",
            Self::OnCore => "camera on core",
            Self::Restricted => "restricted",
            Self::Suspected => "suspected",
            Self::Unknown => "unknown",
            Self::Camera => "camera",
            Self::Other => "other device",
            Self::Uplink => "uplink",
            Self::Aggregate => "aggregate",
            Self::Trunk => "trunk",
            Self::Silent => "up, nothing learned",
            Self::Down => "down",
            Self::Shut => "admin down",
        }
    }

    fn of(row: &DeviceRow) -> Self {
        let camera = row.surveillance == Surveillance::Yes;
        let core = row.place.network_kind == Some(NetworkKind::Core);
        match row.status {
            Status::Restricted if core => Self::RestrictedOnCore,
            _ if camera && core => Self::OnCore,
            Status::Restricted => Self::Restricted,
            Status::Suspected => Self::Suspected,
            Status::Unknown => Self::Unknown,
            Status::NotRestricted if camera => Self::Camera,
            Status::NotRestricted => Self::Other,
        }
    }
}

/// A port with what stands on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Jack {
    /// The port.
    pub port: Port,
    /// Where it stands in its unit: the last number of its name, else its place in order.
    pub number: u32,
    /// What it shows.
    pub sign: Sign,
    /// Devices that stand on it, the gravest first; then those that did.
    pub devices: Vec<DeviceRow>,
    /// Whom it hears by LLDP or CDP.
    pub heard: Vec<Neighbour>,
    /// How many addresses are learned on it, or on its aggregate.
    pub learned: usize,
    /// When the last of its devices came or went, or the newest address came.
    pub changed: Option<Timestamp>,
}

impl Jack {
    /// How many devices stand on it now.
    #[must_use]
    pub fn standing(&self) -> usize {
        self.devices.iter().filter(|row| row.place.gone.is_none()).count()
    }

    /// It gives power to what is plugged in.
    #[must_use]
    pub fn powers(&self) -> bool {
        self.port.poe.as_deref() == Some("delivering")
    }
}

/// Ports that stand beside each other: those of a module, or of one speed.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// What it is called: its ports' names, from the first to the last.
    pub title: String,
    /// Its ports, by number.
    pub jacks: Vec<Jack>,
}

/// A switch's front.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faceplate {
    /// Units in order: members of a stack, modules, speeds.
    pub units: Vec<Unit>,
    /// Interfaces that are no port: VLANs, aggregates, loopbacks.
    pub left_out: usize,
}

/// A name cut into the word it begins with and the numbers in it.
fn cut(name: &str) -> (String, Vec<u32>) {
    let word: String = name.chars().take_while(|c| !c.is_ascii_digit()).collect();
    let numbers = name.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    (word.trim().to_lowercase(), numbers.map(|digits| digits.parse().unwrap_or(u32::MAX)).collect())
}

/// Words that names of interfaces without a plug begin with, whatever type the switch gives them.
const VIRTUAL: [&str; 22] = [
    "vlan",
    "vl",
    "vlanif",
    "lo",
    "loopback",
    "tunnel",
    "tu",
    "po",
    "port-channel",
    "ae",
    "lag",
    "trk",
    "bond",
    "br",
    "bridge",
    "bridge-aggregation",
    "eth-trunk",
    "irb",
    "null",
    "cpu",
    "cpu interface",
    "default_vlan",
];

/// ifTypes that have a plug (IANAifType-MIB): Ethernet in its old and new numbers. Where the switch tells no type the
/// name does.
fn is_jack(port: &Port) -> bool {
    let (word, _) = cut(port.name.as_str());
    let unit = port.name.as_str().rsplit_once('.').is_some_and(|(rest, unit)| {
        rest.contains(|c: char| c.is_ascii_digit()) && !unit.is_empty() && unit.chars().all(|c| c.is_ascii_digit())
    });
    port.if_type.is_none_or(|kind| matches!(kind, 6 | 26 | 62 | 69 | 117))
        && !VIRTUAL.contains(&word.trim_end_matches([' ', '-', '_', ':', '/']))
        && !unit
}

/// It says that it forwards for others, and not that it is a telephone or a station.
fn is_switch(neighbour: &Neighbour) -> bool {
    let any = |words: &[&str]| neighbour.capabilities.iter().any(|own| words.contains(&own.as_str()));
    any(&["bridge", "router"]) && !any(&["telephone", "station"])
}

/// What a port stands beside: its chassis, the numbers before its last, the word its name begins with.
type Beside = (Option<u32>, Vec<u32>, String);

impl Faceplate {
    /// A switch's front. `learned`: addresses on each port by ifIndex, and when the newest came; `devices`: those whose
    /// place is on it.
    #[must_use]
    pub fn new(
        record: &SwitchRecord,
        learned: &BTreeMap<u32, (usize, Timestamp)>,
        devices: impl IntoIterator<Item = DeviceRow>,
    ) -> Self {
        let mut standing: BTreeMap<u32, Vec<DeviceRow>> = BTreeMap::new();
        for row in devices {
            if let Some(number) = row.place.if_index {
                standing.entry(number).or_default().push(row);
            }
        }
        let mut units: BTreeMap<Beside, Vec<Jack>> = BTreeMap::new();
        let mut left_out = 0;
        for port in &record.ports {
            if !is_jack(port) {
                left_out += 1;
                continue;
            }
            let (word, mut numbers) = cut(port.name.as_str());
            let number = numbers.pop().unwrap_or(0);
            let jack = jack(port, number, record, learned, &standing);
            units.entry((port.chassis, numbers, word)).or_default().push(jack);
        }
        let first = |jacks: &[Jack]| jacks.iter().map(|jack| jack.port.if_index).min();
        let mut units: Vec<(Beside, Vec<Jack>)> = units.into_iter().collect();
        units.sort_by_key(|((chassis, numbers, _), jacks)| (*chassis, numbers.clone(), first(jacks)));
        Self { units: units.into_iter().map(|(_, jacks)| unit(jacks)).collect(), left_out }
    }

    /// Every port in order.
    pub fn jacks(&self) -> impl Iterator<Item = &Jack> {
        self.units.iter().flat_map(|unit| &unit.jacks)
    }

    /// The port with that number.
    #[must_use]
    pub fn jack(&self, if_index: u32) -> Option<&Jack> {
        self.jacks().find(|jack| jack.port.if_index == if_index)
    }
}

fn jack(
    port: &Port,
    number: u32,
    record: &SwitchRecord,
    learned: &BTreeMap<u32, (usize, Timestamp)>,
    standing: &BTreeMap<u32, Vec<DeviceRow>>,
) -> Jack {
    // What an aggregate has is on each of its members.
    let numbers: Vec<u32> = [Some(port.if_index), port.lag].into_iter().flatten().collect();
    let mut devices: Vec<DeviceRow> =
        numbers.iter().filter_map(|number| standing.get(number)).flatten().cloned().collect();
    devices.sort_by_key(|row| (row.place.gone.is_some(), Sign::of(row), row.id));
    let rows = || numbers.iter().filter_map(|number| learned.get(number));
    let heard =
        record.neighbours.iter().filter(|neighbour| neighbour.if_index.is_some_and(|index| numbers.contains(&index)));
    let heard: Vec<Neighbour> = heard.cloned().collect();
    let moments = devices.iter().flat_map(|row| [Some(row.place.since), row.place.gone]).flatten();
    let changed = moments.chain(rows().map(|(_, newest)| *newest)).max();
    let learned = rows().map(|(count, _)| count).sum();
    let here = devices.iter().find(|row| row.place.gone.is_none());
    let sign = match here {
        Some(row) => Sign::of(row),
        None if port.admin == OperStatus::Down => Sign::Shut,
        None if heard.iter().any(is_switch) || learned > 0 => Sign::Uplink,
        None if !matches!(port.oper, OperStatus::Up | OperStatus::Unknown) => Sign::Down,
        None if port.lag.is_some() => Sign::Aggregate,
        None if port.tagged.iter().any(|range| range.first != range.last) || port.tagged.len() > 1 => Sign::Trunk,
        None => Sign::Silent,
    };
    Jack { port: port.clone(), number, sign, devices, heard, learned, changed }
}

fn unit(mut jacks: Vec<Jack>) -> Unit {
    let numbers: BTreeSet<u32> = jacks.iter().map(|jack| jack.number).collect();
    let span = numbers.first().zip(numbers.last()).map_or(0, |(first, last)| last.saturating_sub(*first));
    // Numbers that say nothing of where a port stands: given twice, or with wide gaps.
    if numbers.len() < jacks.len() || span as usize > 2 * jacks.len() + 8 {
        jacks.sort_by_key(|jack| jack.port.if_index);
        for (number, jack) in (1..).zip(&mut jacks) {
            jack.number = number;
        }
    } else {
        jacks.sort_by_key(|jack| jack.number);
    }
    let name = |jack: Option<&Jack>| jack.map(|jack| jack.port.name.to_string()).unwrap_or_default();
    let (first, last) = (name(jacks.first()), name(jacks.last()));
    let digits: String = last.chars().rev().take_while(char::is_ascii_digit).collect();
    let title = match jacks.len() {
        0 | 1 => first,
        _ => format!("{first}-{}", digits.chars().rev().collect::<String>()),
    };
    Unit { title, jacks }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(if_index: u32, name: &str) -> Port {
        Port { name: name.into(), oper: OperStatus::Up, admin: OperStatus::Up, ..Port::new(if_index) }
    }

    fn record(ports: Vec<Port>) -> SwitchRecord {
        SwitchRecord {
            name: "sw".into(),
            site: "hq".into(),
            system: None,
            ports,
            neighbours: Vec::new(),
            own_macs: Vec::new(),
            address: None,
            bridge: true,
        }
    }

    fn titles(names: &[&str]) -> Vec<String> {
        let ports = (1..).zip(names).map(|(number, name)| port(number, name)).collect();
        Faceplate::new(&record(ports), &BTreeMap::new(), []).units.into_iter().map(|unit| unit.title).collect()
    }

    fn range(prefix: &str, numbers: std::ops::RangeInclusive<u32>) -> Vec<String> {
        numbers.map(|number| format!("{prefix}{number}")).collect()
    }

    fn of(groups: &[Vec<String>]) -> Vec<String> {
        titles(&groups.iter().flatten().map(String::as_str).collect::<Vec<_>>())
    }

    #[test]
    fn ports_stand_beside_each_other_by_their_names_whoever_made_the_switch() {
        // Cisco tells a stack's members after each other, and the uplinks of each after its ports.
        assert_eq!(
            of(&[range("Gi1/0/", 1..=48), range("Te1/1/", 1..=4), range("Gi2/0/", 1..=48), range("Te2/1/", 1..=4)]),
            ["Gi1/0/1-48", "Te1/1/1-4", "Gi2/0/1-48", "Te2/1/1-4"]
        );
        assert_eq!(of(&[range("ge-0/0/", 0..=23), range("xe-0/1/", 0..=3)]), ["ge-0/0/0-23", "xe-0/1/0-3"]);
        assert_eq!(of(&[range("", 1..=52)]), ["1-52"]);
        assert_eq!(of(&[range("Port ", 1..=12)]), ["Port 1-12"]);
        assert_eq!(
            of(&[range("Ethernet1/", 1..=36), range("Ethernet2/", 1..=36)]),
            ["Ethernet1/1-36", "Ethernet2/1-36"]
        );
        assert_eq!(of(&[range("A", 1..=24), range("B", 1..=8)]), ["A1-24", "B1-8"]);
        assert_eq!(of(&[range("1:", 1..=2), range("2:", 1..=2)]), ["1:1-2", "2:1-2"]);
        assert_eq!(of(&[vec!["mgmt".into()]]), ["mgmt"]);
    }

    #[test]
    fn what_has_no_plug_is_left_out_and_counted() {
        let mut ports: Vec<Port> = ["Gi0/1", "Vlan10", "Po1", "Loopback0", "ge-0/0/1.0", "Port-channel 2"]
            .iter()
            .zip(1..)
            .map(|(name, number)| port(number, name))
            .collect();
        // A VLAN's interface by its type, whatever it is called (IANAifType l2vlan).
        ports.push(Port { if_type: Some(135), ..port(90, "office") });
        ports.push(Port { if_type: Some(117), ..port(91, "Port 12") });
        let face = Faceplate::new(&record(ports), &BTreeMap::new(), []);
        let names: Vec<&str> = face.jacks().map(|jack| jack.port.name.as_str()).collect();
        assert_eq!((names, face.left_out), (vec!["Port 12", "Gi0/1"], 6));
    }

    #[test]
    fn numbers_that_say_nothing_of_the_place_give_way_to_the_order() {
        let ports = vec![port(1, "p10101"), port(2, "p20202"), port(3, "q1"), port(4, "Q1")];
        let face = Faceplate::new(&record(ports), &BTreeMap::new(), []);
        let numbers: Vec<Vec<u32>> =
            face.units.iter().map(|unit| unit.jacks.iter().map(|jack| jack.number).collect()).collect();
        assert_eq!(numbers, [[1, 2], [1, 2]]);
    }

    #[test]
    fn a_port_without_devices_tells_what_it_is() {
        let heard = Neighbour {
            if_index: Some(2),
            protocol: crate::observation::NeighbourProtocol::Lldp,
            chassis: Default::default(),
            port: Default::default(),
            system_name: "core".into(),
            system_description: Default::default(),
            addresses: Vec::new(),
            capabilities: vec!["bridge".into()],
        };
        let down = |port: Port| Port { oper: OperStatus::Down, ..port };
        let tagged = [10, 20].iter().filter_map(|vlan| crate::net::VlanId::new(*vlan)).collect();
        let ports = vec![
            port(1, "1"),
            port(2, "2"),
            port(3, "3"),
            down(port(4, "4")),
            Port { admin: OperStatus::Down, ..down(port(5, "5")) },
            Port { lag: Some(90), ..port(6, "6") },
            Port { tagged: crate::net::VlanRange::covering(&tagged), ..port(7, "7") },
            Port { lag: Some(91), ..port(8, "8") },
        ];
        let record = SwitchRecord { neighbours: vec![heard], ..record(ports) };
        let learned = BTreeMap::from([(3, (7, Timestamp(5))), (91, (2, Timestamp(6)))]);
        let face = Faceplate::new(&record, &learned, []);
        let letters: String = face.jacks().map(|jack| jack.sign.letter()).collect();
        assert_eq!(letters, ".UU -LTU");
        assert_eq!(face.jack(3).map(|jack| (jack.learned, jack.changed)), Some((7, Some(Timestamp(5)))));
    }

    #[test]
    fn no_two_signs_share_a_letter() {
        let letters: BTreeSet<char> = Sign::ALL.iter().map(|sign| sign.letter()).collect();
        assert_eq!(letters.len(), Sign::ALL.len());
    }
}
