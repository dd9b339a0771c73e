//! Scenarios of rules, round by round: `tests/scenarios/policies/*.toml`. A file says what is where and which packs are
//! in force; each rule of each shipped pack must be seen to open, to stay through silence, to close by observation, and
//! to open again.
//!
//! ```toml
//! packs = ["uk-gsg-2022"]
//! sites = { hq = "sensitive", depot = "standard" }
//! switches = { a = "hq", b = "depot" }
//! networks = { 10 = "core", 120 = "surveillance" }            # kinds of VLANs, of every site
//! [cameras]
//! hik = ["44:19:b6:00:00:01", "HIKVISION", "DS-2CD2143G2-I"]   # its address, and what it says of itself once it is seen
//!
//! [[round]]                       # what is not said again stays as it was; every switch is asked in every round
//! at = "2022-11-24T12:00:00Z"     # else five minutes after the last one
//! repeat = 3                      # this often, five minutes apart
//! ports = { "a 3" = ["hik@10"] }  # what is learned there
//! # silent = ["a"]                switches that do not answer in this round
//! # sites, networks, packs        as they are from now on; they replace what they name
//! expect = { hik = ["remove-sensitive action open 1"] }        # rule, severity, state, openings; all that there ever were
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use lenswarden::config::{self, Network, NetworkKind, Sensitivity, Site};
use lenswarden::inventory::{Anew, Estate, Inventory, Registers};
use lenswarden::maker::Catalogue;
use lenswarden::net::{MacAddr, TargetName, Timestamp, VlanId};
use lenswarden::observation::{
    CameraInterface, CameraVisit, Collection, Completeness, DeviceInformation, FdbRow, FdbStatus, OperStatus, Port,
    Reach, SwitchVisit, Table, TableState,
};
use lenswarden::policy::{HouseRules, Policies};
use lenswarden::review::{Finding, FindingState, Ledger, Measure, rejudge};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    packs: Vec<String>,
    sites: BTreeMap<String, Sensitivity>,
    switches: BTreeMap<String, String>,
    #[serde(default)]
    networks: BTreeMap<String, NetworkKind>,
    cameras: BTreeMap<String, Vec<String>>,
    round: Vec<Round>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Round {
    at: Option<String>,
    #[serde(default = "once")]
    repeat: u32,
    #[serde(default)]
    ports: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    silent: Vec<String>,
    #[serde(default)]
    sites: BTreeMap<String, Sensitivity>,
    #[serde(default)]
    networks: BTreeMap<String, NetworkKind>,
    packs: Option<Vec<String>>,
    #[serde(default)]
    expect: BTreeMap<String, Vec<String>>,
}

fn once() -> u32 {
    1
}

/// What was seen to happen to a rule's findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Opened,
    StayedThroughSilence,
    ClosedByObservation,
    OpenedAgain,
}

const EVENTS: [Event; 4] = [Event::Opened, Event::StayedThroughSilence, Event::ClosedByObservation, Event::OpenedAgain];

type Seen = BTreeSet<(String, String, Event)>;

struct Play<'a> {
    scenario: &'a Scenario,
    inventory: Inventory,
    ledger: Ledger,
    catalogue: &'a Catalogue,
    packs: Vec<String>,
    sites: BTreeMap<String, Sensitivity>,
    networks: BTreeMap<String, NetworkKind>,
    ports: BTreeMap<String, Vec<String>>,
}

impl Play<'_> {
    fn mac(&self, word: &str) -> MacAddr {
        let said = self.scenario.cameras.get(word).unwrap_or_else(|| panic!("[cameras] has no '{word}'"));
        said[0].parse().unwrap()
    }

    fn estate(&self) -> Estate {
        let site = |(id, sensitivity): (&String, &Sensitivity)| Site {
            id: id.as_str().into(),
            name: id.clone(),
            sensitivity: *sensitivity,
            basis: None,
            owner: String::new(),
            address_ranges: Vec::new(),
        };
        let network = |(vlan, kind): (&String, &NetworkKind)| Network {
            id: format!("vlan{vlan}").as_str().into(),
            kind: *kind,
            site: None,
            switches: Vec::new(),
            vlans: vec![vlan.parse().unwrap()],
            vrfs: Vec::new(),
            subnets: Vec::new(),
            ports: Vec::new(),
        };
        let sites: Vec<Site> = self.sites.iter().map(site).collect();
        Estate::new(&sites, self.networks.iter().map(network).collect())
    }

    /// What is learned on a switch's ports: port, word, VLAN.
    fn learned(&self, switch: &str) -> Vec<(u32, &str, u32)> {
        let mut rows = Vec::new();
        for (place, words) in &self.ports {
            let (name, port) = place.split_once(' ').unwrap();
            for row in words.iter().filter(|_| name == switch) {
                let (word, vlan) = row.split_once('@').unwrap();
                rows.push((port.parse().unwrap(), word, vlan.parse().unwrap()));
            }
        }
        rows
    }

    fn visit(&self, switch: &str, site: &str, at: Timestamp) -> SwitchVisit {
        let mut visit = SwitchVisit::new(switch.into(), "10.0.0.1:161".parse().unwrap(), site.into(), at);
        visit.reach = Reach::Answered;
        for table in [Table::Interfaces, Table::Lldp, Table::Cdp, Table::Dot1qFdb, Table::IpNetToMedia] {
            visit.tables.insert(table, TableState { completeness: Completeness::Complete, rows: 1, note: None });
        }
        let port =
            |number: u32| Port { name: number.to_string().as_str().into(), oper: OperStatus::Up, ..Port::new(number) };
        visit.ports = (1..=8).map(port).collect();
        for (port, word, vlan) in self.learned(switch) {
            visit.fdb.push(FdbRow {
                mac: self.mac(word),
                vlan: VlanId::new(vlan),
                if_index: Some(port),
                bridge_port: port,
                status: FdbStatus::Learned,
                table: Table::Dot1qFdb,
            });
        }
        visit
    }

    /// What a camera says of itself; `None`: it has no words.
    fn camera(&self, word: &str, site: &str, at: Timestamp) -> Option<CameraVisit> {
        let said = self.scenario.cameras.get(word)?;
        let number = self.scenario.cameras.keys().position(|other| other == word)?;
        let address = format!("10.1.0.{}", number + 10).parse().unwrap();
        let mut visit = CameraVisit::new(address, site.into(), at);
        visit.reach = Reach::Answered;
        visit.information = Some(DeviceInformation {
            manufacturer: said.get(1)?.as_str().into(),
            model: said.get(2)?.as_str().into(),
            ..DeviceInformation::default()
        });
        let interface = CameraInterface { name: "eth0".into(), mac: Some(self.mac(word)), addresses: vec![address] };
        visit.interfaces = vec![interface];
        Some(visit)
    }

    fn look(&mut self, round: &Round, at: Timestamp) {
        let estate = self.estate();
        let asked = self.scenario.switches.iter().filter(|(switch, _)| !round.silent.contains(switch));
        let mut visits = Vec::new();
        for (switch, site) in asked {
            visits.push(Collection::Switch(self.visit(switch, site, at)));
            for (_, word, _) in self.learned(switch) {
                visits.extend(self.camera(word, site, at).map(Collection::Camera));
            }
        }
        for visit in visits {
            self.inventory.absorb(&visit, &estate, self.catalogue);
        }
        let texts: Vec<_> = self.packs.iter().map(|id| (id.clone(), text_of(id))).collect();
        let packs = Policies::parse(&texts).unwrap();
        let day = at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date();
        let settings = config::parse("", Path::new("/nowhere/config.toml")).unwrap().house;
        let (policies, house, registers) = (packs.on(day), HouseRules::from(&settings), Registers::default());
        let (estate, catalogue) = (&estate, self.catalogue);
        let by = Measure { policies: &policies, house: &house, registers: &registers, estate, catalogue };
        rejudge(&mut self.inventory, &mut self.ledger, by, &Anew::EVERYTHING, at);
        // What is gone is proved to be removed by complete passes of the switch it was on; how long that takes is the
        // ledger's own test.
        let answered = |switch: &TargetName| !round.silent.iter().any(|silent| silent.as_str() == switch.as_str());
        let last_pass = |switch: &TargetName| answered(switch).then_some(at);
        self.ledger.prove((Duration::ZERO, 0), last_pass, |_| None, at);
    }

    fn findings(&self, word: &str) -> Vec<&Finding> {
        let device = self.inventory.device_of(self.mac(word)).map(|device| device.id);
        // House rules have scenarios of their own.
        let of_pack = |finding: &Finding| finding.policy.as_str() != "house";
        let is_its = |finding: &&Finding| device.is_some() && finding.subject.device() == device && of_pack(finding);
        self.ledger.findings().filter(is_its).collect()
    }

    fn differences(&self, number: usize, round: &Round) -> Vec<String> {
        let mut wrong = Vec::new();
        for (word, wanted) in &round.expect {
            let spelled = |finding: &&Finding| {
                let word = |value| serde_json::to_value(value).unwrap().as_str().unwrap().to_owned();
                let Finding { rule, severity, state, openings, .. } = finding;
                let (severity, state) = (word(serde_json::json!(severity)), word(serde_json::json!(state)));
                format!("{rule} {severity} {state} {openings}")
            };
            let mut got: Vec<String> = self.findings(word).iter().map(spelled).collect();
            got.sort();
            if got != *wanted {
                wrong.push(format!("round {number}: {word} has {got:?}, not {wanted:?}"));
            }
        }
        wrong
    }
}

/// A shipped pack, or one of `tests/scenarios/policies/packs`.
fn text_of(id: &str) -> String {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/policies/packs").join(format!("{id}.toml"));
    Policies::shipped_text(id).map_or_else(|| std::fs::read_to_string(own).unwrap(), str::to_owned)
}

fn play(scenario: &Scenario, catalogue: &Catalogue, seen: &mut Seen) -> Vec<String> {
    let mut play = Play {
        scenario,
        inventory: Inventory::default(),
        ledger: Ledger::default(),
        catalogue,
        packs: scenario.packs.clone(),
        sites: scenario.sites.clone(),
        networks: scenario.networks.clone(),
        ports: BTreeMap::new(),
    };
    let mut wrong = Vec::new();
    let mut at: Timestamp = "2026-11-26T10:00:00Z".parse().unwrap();
    for (number, round) in scenario.round.iter().enumerate() {
        play.ports.extend(round.ports.clone());
        play.sites.extend(round.sites.clone());
        play.networks.extend(round.networks.clone());
        let same_measure = round.packs.is_none() && round.sites.is_empty() && round.networks.is_empty();
        if let Some(packs) = &round.packs {
            play.packs.clone_from(packs);
        }
        let before: BTreeMap<_, Finding> =
            play.ledger.findings().map(|finding| (finding.id, finding.clone())).collect();
        let start = round.at.as_ref().map(|at| at.parse::<Timestamp>().unwrap());
        for time in 0..round.repeat {
            at = match start {
                Some(start) if time == 0 => start,
                _ => Timestamp(at.0 + 300_000),
            };
            play.look(round, at);
        }
        wrong.extend(play.differences(number + 1, round));
        for finding in play.ledger.findings().filter(|_| same_measure) {
            let was = before.get(&finding.id);
            let closed = |finding: &Finding| finding.state == FindingState::Closed;
            let event = match was {
                None if !closed(finding) => Event::Opened,
                Some(was) if closed(was) && !closed(finding) => Event::OpenedAgain,
                Some(was) if !closed(was) && closed(finding) => Event::ClosedByObservation,
                Some(was) if was == finding && !closed(was) && silent(finding, round) => Event::StayedThroughSilence,
                _ => continue,
            };
            seen.insert((finding.policy.to_string(), finding.rule.to_string(), event));
        }
    }
    wrong
}

/// Whether the switch a finding's device is on did not answer.
fn silent(finding: &Finding, round: &Round) -> bool {
    finding.place.switch.as_ref().is_some_and(|switch| round.silent.iter().any(|name| name == switch.as_str()))
}

#[test]
fn rules_open_stay_close_and_open_again_as_the_scenarios_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/policies");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    let catalogue = Catalogue::shipped();
    let (mut wrong, mut seen) = (Vec::new(), Seen::new());
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let scenario: Scenario = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        wrong.extend(play(&scenario, &catalogue, &mut seen).into_iter().map(|text| format!("{name}, {text}")));
    }
    // No rule of a shipped pack goes without.
    for pack in Policies::shipped().packs() {
        for rule in pack.rule_ids() {
            for event in EVENTS {
                if !seen.contains(&(pack.id.to_string(), rule.to_string(), event)) {
                    wrong.push(format!("no scenario in which {}/{rule} was {event:?}", pack.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
