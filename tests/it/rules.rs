//! Scenarios of house rules, round by round: `tests/scenarios/house/*.toml`. A file says what cameras and switches
//! answer and what registers list, and which findings must then be open.
//!
//! ```toml
//! config = ""                     # put behind the estate below: [house-rules], [[register]]
//! [macs]
//! lobby = "44:19:b6:00:00:01"
//!
//! [[round]]                       # what is not said again stays as it was; everybody is asked in every round
//! after = 1440                    # minutes since the round before; left out: 5
//! [round.camera."10.1.120.7"]     # left out of it: it does not tell
//! is = "lobby"                    # whose MAC address it has
//! # make, model, serial, name, silent = true, also = ["10.1.10.7"], open = true, activated = false,
//! # dns = [], ntp = [], gateway = [], behind = ["10.1.10.9"]
//! [round.switch]
//! sw1 = { fdb = { 3 = "lobby@120" }, arp = { "10.1.120.7" = "lobby" } }
//! [round.register]
//! estates = "…"                   # the file's text
//! [round]
//! open = ["no-password lobby action"]                         # every finding that is open
//! because = { "no-password lobby" = "READ_SYSTEM" }           # in its text or its evidence
//! openings = { "no-password lobby" = 2 }
//! ```

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use lenswarden::config::{self, Config};
use lenswarden::inventory::{Anew, Delta, Estate, Inventory, Registers};
use lenswarden::maker::Catalogue;
use lenswarden::net::{DeviceText, MacAddr, Timestamp};
use lenswarden::observation::{
    Announcement, ArpRow, Authentication, BehindCamera, CameraInterface, CameraVisit, Collection, Completeness,
    DeviceInformation, FdbRow, FdbStatus, OperStatus, Port, Reach, SwitchVisit, Table, TableState, VendorProtocol,
    WithheldReason,
};
use lenswarden::policy::{HouseRules, Policies, Subject};
use lenswarden::review::{Finding, FindingState, Ledger, Measure, rejudge};
use serde::Deserialize;

const ESTATE: &str = r#"
[[site]]
id = "hq"
sensitivity = "standard"
[[site]]
id = "depot"
sensitivity = "standard"
[[network]]
id = "core"
kind = "core"
vlans = [10]
subnets = ["10.1.10.0/24"]
[[network]]
id = "cctv"
kind = "surveillance"
vlans = [120]
subnets = ["10.1.120.0/24"]
"#;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    #[serde(default)]
    config: String,
    macs: BTreeMap<String, MacAddr>,
    round: Vec<Round>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Round {
    #[serde(default = "five")]
    after: i64,
    #[serde(default)]
    camera: BTreeMap<IpAddr, toml::Table>,
    #[serde(default)]
    switch: BTreeMap<String, toml::Table>,
    #[serde(default)]
    register: BTreeMap<String, String>,
    open: Vec<String>,
    #[serde(default)]
    because: BTreeMap<String, String>,
    #[serde(default)]
    openings: BTreeMap<String, u32>,
}

fn five() -> i64 {
    5
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Said {
    is: Option<String>,
    make: Option<String>,
    model: Option<String>,
    serial: String,
    name: Option<String>,
    silent: bool,
    also: Vec<IpAddr>,
    open: Option<bool>,
    activated: Option<bool>,
    dns: Option<Vec<IpAddr>>,
    ntp: Option<Vec<String>>,
    gateway: Option<Vec<IpAddr>>,
    behind: Vec<IpAddr>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SwitchSaid {
    fdb: BTreeMap<String, String>,
    arp: BTreeMap<IpAddr, String>,
    silent: bool,
}

struct Play<'a> {
    scenario: &'a Scenario,
    config: Config,
    estate: Estate,
    catalogue: Catalogue,
    inventory: Inventory,
    registers: Registers,
    ledger: Ledger,
}

fn text(word: &str) -> DeviceText {
    DeviceText::new(word)
}

impl Play<'_> {
    fn mac(&self, word: &str) -> MacAddr {
        *self.scenario.macs.get(word).unwrap_or_else(|| panic!("[macs] has no '{word}'"))
    }

    fn camera(&self, address: IpAddr, said: &Said, at: Timestamp) -> CameraVisit {
        let mut visit = CameraVisit::new(address, "hq".into(), at);
        if said.silent {
            return visit;
        }
        visit.reach = Reach::Answered;
        visit.port = Some(80);
        let mac = said.is.as_ref().map(|word| self.mac(word));
        let make = said.make.as_deref().unwrap_or("HIKVISION");
        let model = said.model.as_deref().unwrap_or("DS-2CD2143G0-I");
        let information = DeviceInformation {
            manufacturer: text(make),
            model: text(model),
            serial: text(&said.serial),
            ..DeviceInformation::default()
        };
        visit.scopes = vec![text("onvif://www.onvif.org/type/video_encoder")];
        if let Some(activated) = said.activated {
            visit.hear(Announcement {
                protocol: VendorProtocol::Sadp,
                information: information.clone(),
                kind: text(""),
                mac,
                activated: Some(activated),
            });
        }
        visit.information = Some(information);
        visit.hostname = said.name.as_deref().map(text);
        let interface = |name: &str, address| CameraInterface { name: text(name), mac, addresses: vec![address] };
        visit.interfaces = vec![interface("eth0", address)];
        visit.interfaces.extend(said.also.iter().map(|also| interface("eth1", *also)));
        visit.network.name_servers.clone_from(&said.dns);
        visit.network.time_servers = said.ntp.as_ref().map(|all| all.iter().map(|server| text(server)).collect());
        visit.network.gateways.clone_from(&said.gateway);
        let behind =
            |address: &IpAddr| BehindCamera { name: text("yard"), location: text(""), address: Some(*address) };
        visit.behind = said.behind.iter().map(behind).collect();
        visit.authentication = match said.open {
            None => Authentication::NotAsked,
            Some(true) => Authentication::NotNeeded,
            Some(false) => Authentication::Withheld { reason: WithheldReason::NoneConfigured },
        };
        visit
    }

    fn switch(&self, name: &str, said: &SwitchSaid, at: Timestamp) -> SwitchVisit {
        let mut visit = SwitchVisit::new(name.into(), "10.0.0.1:161".parse().unwrap(), "hq".into(), at);
        if said.silent {
            return visit;
        }
        visit.reach = Reach::Answered;
        let whole = TableState { completeness: Completeness::Complete, rows: 1, note: None };
        for table in [Table::Interfaces, Table::Lldp, Table::Dot1qFdb, Table::IpNetToMedia] {
            visit.tables.insert(table, whole.clone());
        }
        let port =
            |number: u32| Port { name: number.to_string().as_str().into(), oper: OperStatus::Up, ..Port::new(number) };
        visit.ports = (1..=8).map(port).collect();
        for (port, row) in &said.fdb {
            let (word, vlan) = row.split_once('@').unwrap();
            visit.fdb.push(FdbRow {
                mac: self.mac(word),
                vlan: vlan.parse().ok().and_then(lenswarden::net::VlanId::new),
                if_index: port.parse().ok(),
                bridge_port: port.parse().unwrap(),
                status: FdbStatus::Learned,
                table: Table::Dot1qFdb,
            });
        }
        let arp = said.arp.iter();
        visit.arp = arp.map(|(ip, word)| ArpRow { ip: *ip, mac: self.mac(word), if_index: 1, vrf: None }).collect();
        visit
    }

    fn look_up(&mut self, delta: &Delta) {
        for merge in &delta.merged {
            self.registers.look(merge.from, None);
        }
        for device in self.inventory.devices() {
            self.registers.look(device.id, Some(device));
        }
    }

    fn judge(&mut self, at: Timestamp) {
        let (policies, house) = (Policies::default(), HouseRules::from(&self.config.house));
        let (registers, estate, catalogue) = (&self.registers, &self.estate, &self.catalogue);
        let by = Measure { policies: &policies, house: &house, registers, estate, catalogue };
        rejudge(&mut self.inventory, &mut self.ledger, by, &Anew::NOTHING, at);
    }

    /// A finding as a scenario calls it.
    fn named(&self, finding: &Finding) -> String {
        let who = match &finding.subject {
            Subject::Entry(entry) => entry.key.to_string(),
            Subject::Device(id) => {
                let device = self.inventory.device(*id).unwrap();
                let word = self.scenario.macs.iter().find(|(_, mac)| Some(**mac) == device.mac);
                word.map_or_else(|| device.ips[0].to_string(), |(word, _)| word.clone())
            }
        };
        format!("{} {who}", finding.rule)
    }

    fn differences(&self, number: usize, round: &Round) -> Vec<String> {
        let severity = |finding: &Finding| serde_json::to_value(finding.severity).unwrap().as_str().unwrap().to_owned();
        let open = self.ledger.findings().filter(|finding| finding.state != FindingState::Closed);
        let mut got: Vec<String> = open.map(|f| format!("{} {}", self.named(f), severity(f))).collect();
        got.sort();
        let mut wanted = round.open.clone();
        wanted.sort();
        let mut found = Vec::new();
        if got != wanted {
            found.push(format!("round {number}: open {wanted:?}, got {got:?}"));
        }
        for (name, words) in &round.because {
            let finding = self.ledger.findings().find(|finding| self.named(finding) == *name);
            let said = finding.map(|finding| {
                let marks = finding.evidence.iter().map(|mark| format!("{}: {}", mark.source, mark.text));
                marks.chain([finding.text.clone()]).collect::<Vec<_>>()
            });
            if !said.iter().flatten().any(|text| text.contains(words)) {
                found.push(format!("round {number}: {name} because '{words}', got {said:#?}"));
            }
        }
        for (name, times) in &round.openings {
            let finding = self.ledger.findings().find(|finding| self.named(finding) == *name);
            let got = finding.map(|finding| finding.openings);
            if got != Some(*times) {
                found.push(format!("round {number}: {name} opened {times} times, got {got:?}"));
            }
        }
        found
    }
}

fn play(scenario: &Scenario) -> Vec<String> {
    let config = config::parse(&format!("{ESTATE}{}", scenario.config), Path::new("/nowhere/config.toml")).unwrap();
    let mut play = Play {
        scenario,
        estate: Estate::from(&config),
        config,
        catalogue: Catalogue::shipped(),
        inventory: Inventory::default(),
        registers: Registers::default(),
        ledger: Ledger::default(),
    };
    let (mut cameras, mut switches) = (BTreeMap::<_, toml::Table>::new(), BTreeMap::<_, toml::Table>::new());
    let mut texts = BTreeMap::new();
    let mut found = Vec::new();
    let mut minute = 0;
    for (number, round) in scenario.round.iter().enumerate() {
        minute += round.after;
        let at = Timestamp(1_795_500_000_000 + minute * 60_000);
        for (address, said) in &round.camera {
            cameras.entry(*address).or_default().extend(said.clone());
        }
        for (name, said) in &round.switch {
            switches.entry(name.clone()).or_default().extend(said.clone());
        }
        texts.extend(round.register.clone());
        if !round.register.is_empty() {
            let plans = play.config.registers.iter();
            let read =
                plans.filter_map(|plan| Some(plan.read(texts.get(&plan.name)?.as_bytes(), at, &play.config.sites)));
            play.registers = Registers::new(read.map(Result::unwrap).collect());
        }
        let mut visits: Vec<Collection> = Vec::new();
        for (name, said) in &switches {
            visits.push(Collection::Switch(play.switch(name, &said.clone().try_into().unwrap(), at)));
        }
        for (address, said) in &cameras {
            visits.push(Collection::Camera(play.camera(*address, &said.clone().try_into().unwrap(), at)));
        }
        for visit in visits {
            let delta = play.inventory.absorb(&visit, &play.estate, &play.catalogue);
            for merge in &delta.merged {
                play.ledger.merge(*merge, at);
            }
            play.look_up(&delta);
        }
        play.look_up(&Delta::default());
        play.judge(at);
        found.extend(play.differences(number + 1, round));
    }
    found
}

#[test]
fn house_rules_open_stay_close_and_open_again_as_the_scenarios_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/house");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 9, "{files:?}");
    let mut found = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let scenario: Scenario = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let name = file.file_name().unwrap().to_str().unwrap();
        found.extend(play(&scenario).into_iter().map(|text| format!("{name}, {text}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
