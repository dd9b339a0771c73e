//! Scenarios of placing, round by round: `tests/scenarios/placing/*.toml`. A file says what switches answer and where
//! devices must then be; each is played twice, with the switches asked in one order and in the other.
//!
//! ```toml
//! [macs]                          # the words used below; a switch's own address has the switch's name
//! camera = "44:19:b6:00:00:01"
//!
//! [[round]]                       # what is not said again stays as it was; all switches are asked in every round
//! repeat = 3                      # this often, five minutes apart
//! [round.switch.access]
//! fdb.3 = ["camera@10"]           # port 3 has learned camera in VLAN 10; "camera": the switch tells no VLAN
//! heard.24 = [{ name = "core", is = ["bridge"] }]             # LLDP: chassis = a word, address, cdp = true
//! # own = ["camera"]              other addresses of its own
//! # arp = { "10.1.10.1" = "camera on Vlan10" }
//! # lag = { 25 = "Po1" }          port 25 is a member of Po1
//! # numbers = { 3 = 10103 }       its ifIndex; else a port's number is its name, and others count from 1000
//! # down = ["3"], blocked = ["3"], powered = ["3"], silent = true, cut = true, uptime_s = 60, bridge = false
//! # bridges = { 24 = "core" }     spanning tree's designated bridge of a port
//! [round.expect]
//! camera = "access 3 vlan 10 direct 0.95"                     # "… gone", "nowhere", "nobody"
//! [round.because]
//! camera = "the only device there"
//! [round.before]
//! camera = "access 7 vlan 10"
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use lenswarden::config::{Network, NetworkKind};
use lenswarden::inventory::{Estate, Inventory};
use lenswarden::maker::Catalogue;
use lenswarden::net::{DeviceText, MacAddr, Timestamp, VlanId};
use lenswarden::observation::{
    ArpRow, Collection, Completeness, FdbRow, FdbStatus, Neighbour, NeighbourProtocol, OperStatus, Port, Reach,
    SwitchVisit, SystemFacts, Table, TableState,
};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    macs: BTreeMap<String, MacAddr>,
    round: Vec<Round>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Round {
    #[serde(default = "once")]
    repeat: u32,
    #[serde(default)]
    switch: BTreeMap<String, toml::Table>,
    #[serde(default)]
    expect: BTreeMap<String, String>,
    #[serde(default)]
    because: BTreeMap<String, String>,
    #[serde(default)]
    before: BTreeMap<String, String>,
    unpolled: Option<Vec<String>>,
}

fn once() -> u32 {
    1
}

/// What a switch says, all of it that was ever said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Said {
    fdb: BTreeMap<String, Vec<String>>,
    heard: BTreeMap<String, Vec<Heard>>,
    own: Vec<String>,
    arp: BTreeMap<std::net::IpAddr, String>,
    lag: BTreeMap<String, String>,
    numbers: BTreeMap<String, u32>,
    down: Vec<String>,
    blocked: Vec<String>,
    powered: Vec<String>,
    silent: bool,
    cut: bool,
    uptime_s: Option<u64>,
    bridge: bool,
    bridges: BTreeMap<String, String>,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            fdb: BTreeMap::new(),
            heard: BTreeMap::new(),
            own: Vec::new(),
            arp: BTreeMap::new(),
            lag: BTreeMap::new(),
            numbers: BTreeMap::new(),
            down: Vec::new(),
            blocked: Vec::new(),
            powered: Vec::new(),
            silent: false,
            cut: false,
            uptime_s: None,
            bridge: true,
            bridges: BTreeMap::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Heard {
    #[serde(default)]
    name: String,
    chassis: Option<String>,
    address: Option<std::net::IpAddr>,
    #[serde(default)]
    is: Vec<String>,
    #[serde(default)]
    cdp: bool,
}

/// Ports every switch has.
const PORTS: u32 = 48;

impl Said {
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = (1..=PORTS).map(|number| number.to_string()).collect();
        names.extend(self.fdb.keys().chain(self.lag.values()).chain(self.numbers.keys()).cloned());
        names.extend(self.arp.values().filter_map(|row| Some(row.split_once(" on ")?.1.to_owned())));
        names.sort();
        names.dedup();
        names
    }

    fn number(&self, name: &str) -> u32 {
        let of_word = || 1000 + self.names().iter().position(|known| known == name).unwrap() as u32;
        self.numbers.get(name).copied().or_else(|| name.parse().ok()).unwrap_or_else(of_word)
    }
}

struct Play<'a> {
    scenario: &'a Scenario,
    inventory: Inventory,
    estate: Estate,
    catalogue: Catalogue,
    said: BTreeMap<String, toml::Table>,
}

impl Play<'_> {
    fn mac(&self, word: &str) -> MacAddr {
        *self.scenario.macs.get(word).unwrap_or_else(|| panic!("[macs] has no '{word}'"))
    }

    fn visit(&self, name: &str, said: &Said, at: Timestamp) -> SwitchVisit {
        let address = "10.0.0.1:161".parse().unwrap();
        let mut visit = SwitchVisit::new(name.into(), address, "x".into(), at);
        if said.silent {
            return visit;
        }
        visit.reach = Reach::Answered;
        let uptime_s = said.uptime_s.unwrap_or_else(|| at.0.unsigned_abs() / 1000);
        visit.system = Some(SystemFacts {
            name: name.into(),
            description: DeviceText::default(),
            object_id: String::new(),
            uptime_s,
        });
        let state = |completeness| TableState { completeness, rows: 1, note: None };
        for table in [Table::Interfaces, Table::Lldp, Table::Cdp, Table::IpNetToMedia] {
            visit.tables.insert(table, state(Completeness::Complete));
        }
        let fdb = match (said.bridge, said.cut) {
            (false, _) => Completeness::Unsupported,
            (true, true) => Completeness::Partial,
            (true, false) => Completeness::Complete,
        };
        visit.tables.insert(Table::Dot1qFdb, state(fdb));
        visit.ports = said.names().iter().map(|name| self.port(name, said)).collect();
        visit.ports.sort_by_key(|port| port.if_index);
        for (port, rows) in &said.fdb {
            for row in rows {
                let (word, vlan) = row.split_once('@').map_or((row.as_str(), None), |(word, vlan)| (word, Some(vlan)));
                visit.fdb.push(FdbRow {
                    mac: self.mac(word),
                    vlan: vlan.map(|vlan| vlan.parse().ok().and_then(VlanId::new).unwrap()),
                    if_index: Some(said.number(port)),
                    bridge_port: said.number(port),
                    status: FdbStatus::Learned,
                    table: Table::Dot1qFdb,
                });
            }
        }
        for (ip, row) in &said.arp {
            let (word, interface) = row.split_once(" on ").unwrap();
            visit.arp.push(ArpRow { ip: *ip, mac: self.mac(word), if_index: said.number(interface), vrf: None });
        }
        for (port, all) in &said.heard {
            visit.neighbours.extend(all.iter().map(|heard| self.neighbour(said.number(port), heard)));
        }
        visit.own_macs =
            said.own.iter().map(|word| self.mac(word)).chain(self.scenario.macs.get(name).copied()).collect();
        visit.own_macs.sort_unstable();
        visit
    }

    fn port(&self, name: &str, said: &Said) -> Port {
        let is_in = |names: &[String]| names.iter().any(|other| other == name);
        Port {
            name: name.into(),
            oper: if is_in(&said.down) { OperStatus::Down } else { OperStatus::Up },
            admin: OperStatus::Up,
            lag: said.lag.get(name).map(|aggregate| said.number(aggregate)),
            poe: is_in(&said.powered).then(|| "delivering".to_owned()),
            stp: is_in(&said.blocked).then(|| "blocking".to_owned()),
            stp_bridge: said.bridges.get(name).map(|word| self.mac(word)),
            ..Port::new(said.number(name))
        }
    }

    fn neighbour(&self, port: u32, heard: &Heard) -> Neighbour {
        let chassis = heard.chassis.as_ref().map(|word| self.mac(word).to_string()).unwrap_or_default();
        Neighbour {
            if_index: Some(port),
            protocol: if heard.cdp { NeighbourProtocol::Cdp } else { NeighbourProtocol::Lldp },
            chassis: chassis.as_str().into(),
            port: DeviceText::default(),
            system_name: heard.name.as_str().into(),
            system_description: DeviceText::default(),
            addresses: heard.address.into_iter().collect(),
            capabilities: heard.is.clone(),
        }
    }

    /// Where a device is, in the words of a scenario.
    fn place(&self, word: &str) -> String {
        let Some(device) = self.inventory.device_of(self.mac(word)) else { return "nobody".to_owned() };
        let place = &device.place;
        let (Some(switch), Some(port)) = (&place.switch, &place.port) else { return "nowhere".to_owned() };
        let vlan = place.vlan.map_or_else(|| "unknown".to_owned(), |vlan| vlan.to_string());
        let certainty = serde_json::to_value(place.certainty).unwrap();
        let certainty = certainty.as_str().unwrap();
        let end = match place.gone {
            Some(_) => "gone".to_owned(),
            None => format!("{:.2}", place.confidence.value()),
        };
        format!("{switch} {port} vlan {vlan} {certainty} {end}")
    }

    fn before(&self, word: &str) -> String {
        let device = self.inventory.device_of(self.mac(word));
        let Some(before) = device.and_then(|device| device.place.before.as_ref()) else { return "nowhere".to_owned() };
        let vlan = before.vlan.map_or_else(|| "unknown".to_owned(), |vlan| vlan.to_string());
        format!("{} {} vlan {vlan}", before.switch, before.port.as_ref().unwrap())
    }

    /// Everything that is not as the round says.
    fn differences(&self, number: usize, round: &Round) -> Vec<String> {
        let mut found = Vec::new();
        let mut check = |what: &str, word: &str, wanted: &str, got: String, same: bool| {
            if !same {
                found.push(format!("round {number}: {word} {what} '{wanted}', got '{got}'"));
            }
        };
        let reasons = |word: &str| {
            let device = self.inventory.device_of(self.mac(word));
            device.map(|device| device.place.reasons.join("; ")).unwrap_or_default()
        };
        for (word, wanted) in &round.expect {
            let got = self.place(word);
            let same = got == *wanted;
            check("expect", word, wanted, if same { got } else { format!("{got}' because '{}", reasons(word)) }, same);
        }
        for (word, wanted) in &round.because {
            let got = reasons(word);
            let same = got.contains(wanted.as_str());
            check("because", word, wanted, got, same);
        }
        for (word, wanted) in &round.before {
            let got = self.before(word);
            let same = got == *wanted;
            check("before", word, wanted, got, same);
        }
        if let Some(wanted) = &round.unpolled {
            let told = self.inventory.unpolled_neighbours();
            let got: Vec<String> = told
                .iter()
                .map(|gap| {
                    let address = gap.addresses.first().map(|ip| format!(" at {ip}")).unwrap_or_default();
                    format!("{}{address} behind {} {}", gap.name, gap.switch, gap.port)
                })
                .collect();
            let same = got == *wanted;
            check("unpolled", "", &format!("{wanted:?}"), format!("{got:?}"), same);
        }
        found
    }
}

/// Two networks, as an administrator has them: what a VLAN means.
fn estate() -> Estate {
    let network = |id: &str, kind, vlan: &str, subnet: &str| Network {
        id: id.into(),
        kind,
        site: None,
        switches: Vec::new(),
        vlans: vec![vlan.parse().unwrap()],
        vrfs: Vec::new(),
        subnets: vec![subnet.parse().unwrap()],
        ports: Vec::new(),
    };
    let networks = vec![
        network("core", NetworkKind::Core, "10", "10.1.10.0/24"),
        network("cctv", NetworkKind::Surveillance, "120", "10.1.120.0/24"),
    ];
    Estate::new(&[], networks)
}

fn play(scenario: &Scenario, backwards: bool) -> Vec<String> {
    let mut play = Play {
        scenario,
        inventory: Inventory::default(),
        estate: estate(),
        catalogue: Catalogue::shipped(),
        said: BTreeMap::new(),
    };
    let mut found = Vec::new();
    let mut minute = 0;
    for (number, round) in scenario.round.iter().enumerate() {
        for (name, said) in &round.switch {
            play.said.entry(name.clone()).or_default().extend(said.clone());
        }
        for _ in 0..round.repeat {
            let at = Timestamp(1_795_500_000_000 + minute * 300_000);
            minute += 1;
            let mut visits: Vec<SwitchVisit> = Vec::new();
            for (name, said) in &play.said {
                visits.push(play.visit(name, &said.clone().try_into().unwrap(), at));
            }
            if backwards {
                visits.reverse();
            }
            for visit in visits {
                play.inventory.absorb(&Collection::Switch(visit), &play.estate, &play.catalogue);
            }
        }
        found.extend(play.differences(number + 1, round));
    }
    found
}

#[test]
fn devices_are_placed_as_the_scenarios_say_in_either_order_of_polling() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/placing");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 14, "{files:?}");
    let mut found = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let scenario: Scenario = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for backwards in [false, true] {
            let name = file.file_name().unwrap().to_str().unwrap();
            let order = if backwards { " backwards" } else { "" };
            found.extend(play(&scenario, backwards).into_iter().map(|text| format!("{name}{order}, {text}")));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
