//! What a changed configuration costs a large estate: every device judged anew, and what differs written in one
//! transaction. 50 sites of 40 switches, 300,300 devices, one in ten a camera.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stderr)]

use std::path::Path;
use std::time::{Duration, Instant};

use lenswarden::config::{self, Network, NetworkKind, Sensitivity, Site};
use lenswarden::inventory::{Anew, Device, Estate, Inventory, Presence, Registers, RowChange, SwitchRecord};
use lenswarden::maker::Catalogue;
use lenswarden::net::{DeviceId, MacAddr, Timestamp, VlanId};
use lenswarden::observation::{
    Collection, Completeness, DeviceInformation, FdbRow, FdbStatus, OperStatus, Port, Reach, SwitchVisit, Table,
    TableState,
};
use lenswarden::policy::{HouseRules, Policies, Status};
use lenswarden::review::{Ledger, Measure, rejudge};
use lenswarden::store::{Batch, DeviceRecord, Writer};

const SITES: u32 = 50;
const SWITCHES: u32 = 39;
const DEVICES: u32 = 154;
const PORTS: u32 = 48;
/// One device in so many is a camera: half of those Hikvision's, a quarter each Dahua's and Axis'.
const CAMERAS: u32 = 10;
const RUNS: usize = 5;

fn mac(number: u32) -> MacAddr {
    let [_, a, b, c] = number.to_be_bytes();
    let [x, y, z] = match (number % CAMERAS, number / CAMERAS % 4) {
        (0, 0 | 1) => [0x44, 0x19, 0xb6],
        (0, 2) => [0x3c, 0xef, 0x8c],
        (0, _) => [0xac, 0xcc, 0x8e],
        // Computers.
        _ => [0x00, 0x14, 0x22],
    };
    MacAddr([x, y, z, a, b, c])
}

/// What a switch answers: three or four devices a port; cameras in VLAN 120, the others in 10.
fn visit(site: u32, switch: u32) -> SwitchVisit {
    let name = format!("site{site:02}-sw{switch:02}");
    let address = "10.0.0.1:161".parse().unwrap();
    let mut visit = SwitchVisit::new(name.as_str().into(), address, format!("s{site}").into(), Timestamp(1_000));
    visit.reach = Reach::Answered;
    for table in [Table::Interfaces, Table::Lldp, Table::Cdp, Table::Dot1qFdb, Table::IpNetToMedia] {
        visit.tables.insert(table, TableState { completeness: Completeness::Complete, rows: 1, note: None });
    }
    let port = |number| Port {
        name: format!("Gi1/0/{number}").into(),
        oper: OperStatus::Up,
        admin: OperStatus::Up,
        ..Port::new(number)
    };
    visit.ports = (1..=PORTS).map(port).collect();
    for number in 0..DEVICES {
        let device = (site * SWITCHES + switch) * DEVICES + number;
        let if_index = number % PORTS + 1;
        visit.fdb.push(FdbRow {
            mac: mac(device),
            vlan: VlanId::new(if device.is_multiple_of(CAMERAS) { 120 } else { 10 }),
            if_index: Some(if_index),
            bridge_port: if_index,
            status: FdbStatus::Learned,
            table: Table::Dot1qFdb,
        });
    }
    visit
}

/// Every site with a network of computers and one of cameras.
fn estate(sensitive: u32, cameras_on_core: u32) -> Estate {
    let site = |number: u32| Site {
        id: format!("s{number}").into(),
        name: format!("site {number}"),
        sensitivity: if number < sensitive { Sensitivity::Sensitive } else { Sensitivity::Standard },
        basis: None,
        owner: String::new(),
        address_ranges: Vec::new(),
    };
    let network = |number: u32, vlan: u16, kind| Network {
        id: format!("s{number}-{vlan}").into(),
        kind,
        site: Some(format!("s{number}").into()),
        switches: Vec::new(),
        vlans: vec![vlan.to_string().parse().unwrap()],
        vrfs: Vec::new(),
        subnets: Vec::new(),
        ports: Vec::new(),
    };
    let of_site = |number: u32| {
        let cameras = if number < cameras_on_core { NetworkKind::Core } else { NetworkKind::Surveillance };
        [network(number, 10, NetworkKind::Core), network(number, 120, cameras)]
    };
    Estate::new(&(0..SITES).map(site).collect::<Vec<_>>(), (0..SITES).flat_map(of_site).collect())
}

fn packs(texts: &[&str]) -> Policies {
    let texts: Vec<_> = texts.iter().map(|text| ("bench".to_owned(), (*text).to_owned())).collect();
    Policies::parse(&texts).unwrap()
}

/// What a camera says of itself, which confirms its maker; `None`: it is none, or its password is not known.
fn information(device: &Device) -> Option<DeviceInformation> {
    let said = |manufacturer: &str, model: &str| DeviceInformation {
        manufacturer: manufacturer.into(),
        model: model.into(),
        ..DeviceInformation::default()
    };
    match device.mac?.0 {
        [0x44, 0x19, 0xb6, ..] => Some(said("HIKVISION", "DS-2CD2143G2-I")),
        [0x3c, 0xef, 0x8c, ..] => Some(said("Dahua", "IPC-HFW2431S-S-S2")),
        [0xac, 0xcc, 0x8e, ..] => Some(said("AXIS", "P3245-LVE")),
        _ => None,
    }
}

/// The estate as a daemon takes it up that starts: placed by its switches, its cameras visited once.
fn inventory(estate: &Estate, catalogue: &Catalogue) -> Inventory {
    let mut inventory = Inventory::default();
    let (mut presence, mut switches): (Vec<Presence>, Vec<SwitchRecord>) = Default::default();
    for site in 0..SITES {
        for switch in 0..SWITCHES {
            let visit = Collection::Switch(visit(site, switch));
            let delta = inventory.absorb(&visit, estate, catalogue);
            let open = |change| if let RowChange::Opened(row) = change { Some(row) } else { None };
            presence.extend(delta.presence.into_iter().filter_map(open));
            switches.extend(delta.switches.iter().filter_map(|name| inventory.switch(name).cloned()));
        }
    }
    let mut devices: Vec<Device> = inventory.devices().cloned().collect();
    for device in &mut devices {
        device.facts.information = information(device).map(|said| (said, Timestamp(1_000)));
        device.facts.onvif = device.facts.information.is_some().then_some(Timestamp(1_000));
    }
    let next = devices.last().map_or(1, |device| device.id.0 + 1);
    Inventory::restore(next, devices, presence, Vec::new(), switches)
}

/// Processor time of this process so far, to 10 ms (`/proc/self/stat`, utime and stime).
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_the_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = behind_the_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// One estate, its findings and its database.
struct World {
    inventory: Inventory,
    ledger: Ledger,
    statuses: Vec<(DeviceId, Status)>,
    writer: Writer,
    at: i64,
}

/// What a change took: judging, and the transaction.
struct Cost {
    judged: Duration,
    written: Duration,
    /// Processor time of both.
    processor: Duration,
    devices: usize,
    findings: usize,
}

impl World {
    fn change(&mut self, by: Measure<'_>, anew: &Anew) -> Cost {
        self.at += 1_000;
        let at = Timestamp(self.at);
        let used = processor();
        let begun = Instant::now();
        let done = rejudge(&mut self.inventory, &mut self.ledger, by, anew, at);
        let differs = |((id, status), before): &(&(DeviceId, Status), Option<&(DeviceId, Status)>)| {
            before.is_none_or(|(_, before)| before != status) || done.delta.devices.binary_search(id).is_ok()
        };
        let before = self.statuses.iter().map(Some).chain(std::iter::repeat(None));
        let changed = done.statuses.iter().zip(before).filter(differs);
        let record = |((id, status), _): (&(DeviceId, Status), _)| {
            Some(DeviceRecord { device: self.inventory.device(*id)?.clone(), status: *status, registered: None })
        };
        let batch = Batch {
            at,
            devices: changed.filter_map(record).collect(),
            findings: done.findings.iter().filter_map(|id| self.ledger.finding(*id).cloned()).collect(),
            ..Batch::default()
        };
        let judged = begun.elapsed();
        let begun = Instant::now();
        self.writer.commit(&batch).unwrap();
        self.statuses = done.statuses;
        let processor = processor() - used;
        Cost {
            judged,
            written: begun.elapsed(),
            processor,
            devices: batch.devices.len(),
            findings: batch.findings.len(),
        }
    }
}

fn main() {
    // `cargo test --benches` runs this too, and wants no figures.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (before, sensitive, on_core) = (estate(10, 0), estate(11, 0), estate(10, 1));
    let catalogue = Catalogue::shipped();
    let more = "[[maker]]\nid='acme'\nname='Acme'\nentity='Acme Ltd'\ncountry='GB'\njurisdiction='elsewhere'\nsource='bench'\n";
    let texts = [Catalogue::shipped_text(), more].map(|text| ("makers.toml".to_owned(), text.to_owned()));
    let other_catalogue = Catalogue::read(&texts).unwrap();
    let uk = Policies::shipped_text("uk-gsg-2022").unwrap();
    let softer = uk
        .replace("severity = \"action\"", "severity = \"review\"")
        .replace("severity = \"breach\"", "severity = \"action\"");
    let (policies, softer) = (packs(&[uk]), packs(&[&softer]));
    let both = packs(&[uk, Policies::shipped_text("ca-2025").unwrap()]);

    let inventory = inventory(&before, &catalogue);
    let writer = Writer::open(&folder.path().join("bench.db")).unwrap();
    let mut world = World { inventory, ledger: Ledger::default(), statuses: Vec::new(), writer, at: 1_000_000 };
    let settings = config::parse("", Path::new("/nowhere/config.toml")).unwrap().house;
    let (house, registers) = (HouseRules::from(&settings), Registers::default());
    let base =
        Measure { policies: &policies, house: &house, registers: &registers, estate: &before, catalogue: &catalogue };
    let first = world.change(base, &Anew::EVERYTHING);
    eprintln!(
        "{} devices, {} findings; all of them judged in {:.2} s and written in {:.2} s",
        first.devices,
        first.findings,
        first.judged.as_secs_f64(),
        first.written.as_secs_f64()
    );
    eprintln!(
        "| change | judged, s | written, s | together, s | processor, s | devices | findings |\n|---|---|---|---|---|---|---|"
    );
    let near = |estate: &Estate| Anew { places: before.places_until(estate), makers: false };
    let changes = [
        ("nothing: the same file again", base, Anew::NOTHING),
        ("a rule's severity", Measure { policies: &softer, ..base }, Anew::NOTHING),
        ("a site becomes sensitive", Measure { estate: &sensitive, ..base }, near(&sensitive)),
        ("a site's cameras are on a core network", Measure { estate: &on_core, ..base }, near(&on_core)),
        (
            "a maker more in the catalogue",
            Measure { catalogue: &other_catalogue, ..base },
            Anew { makers: true, ..Anew::NOTHING },
        ),
        ("everything found out anew, as when the daemon starts", base, Anew::EVERYTHING),
        ("a pack more", Measure { policies: &both, ..base }, Anew::NOTHING),
    ];
    for (what, by, anew) in changes {
        let mut costs: Vec<Cost> = Vec::new();
        for _ in 0..RUNS {
            costs.push(world.change(by, &anew));
            // And back, which is the same change the other way round.
            world.change(base, &anew);
        }
        costs.sort_by_key(|cost| cost.judged + cost.written);
        let Some(median) = costs.get(RUNS / 2) else { continue };
        eprintln!(
            "| {what} | {:.2} | {:.2} | {:.2} | {:.2} | {} | {} |",
            median.judged.as_secs_f64(),
            median.written.as_secs_f64(),
            (median.judged + median.written).as_secs_f64(),
            median.processor.as_secs_f64(),
            median.devices,
            median.findings
        );
    }
}
