//! What a visit costs the inventory of a large estate: 50 sites of one core and 39 access switches, 300,000 devices.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use lenswarden::inventory::{Certainty, Delta, Estate, Inventory};
use lenswarden::maker::Catalogue;
use lenswarden::net::{DeviceText, MacAddr, Timestamp, VlanId};
use lenswarden::observation::{
    Collection, Completeness, FdbRow, FdbStatus, Neighbour, NeighbourProtocol, OperStatus, Port, Reach, SwitchVisit,
    SystemFacts, Table, TableState,
};

const SITES: u32 = 50;
/// Switches of a site, the core among them.
const SWITCHES: u32 = 40;
/// Devices on an access switch.
const DEVICES: u32 = 154;
/// Ports of an access switch; the last is the uplink.
const PORTS: u32 = 49;

fn device(site: u32, switch: u32, number: u32) -> MacAddr {
    let number = (site * SWITCHES + switch) * DEVICES + number;
    let [_, a, b, c] = number.to_be_bytes();
    MacAddr([0x44, 0x19, 0xb6, a, b, c])
}

fn own(site: u32, switch: u32) -> MacAddr {
    let [_, _, a, b] = (site * SWITCHES + switch).to_be_bytes();
    MacAddr([0x00, 0x1b, 0x54, 0x00, a, b])
}

fn name(site: u32, switch: u32) -> String {
    format!("site{site:02}-sw{switch:02}")
}

fn heard(port: u32, site: u32, switch: u32) -> Neighbour {
    Neighbour {
        if_index: Some(port),
        protocol: NeighbourProtocol::Lldp,
        chassis: own(site, switch).to_string().as_str().into(),
        port: DeviceText::default(),
        system_name: name(site, switch).as_str().into(),
        system_description: "Ethernet switch".into(),
        addresses: Vec::new(),
        capabilities: vec!["bridge".into()],
    }
}

/// What a switch answers. The core, 0, has switch N behind port N; an access switch has three or four devices a port
/// and sees twenty of its neighbour's on the uplink.
fn visit(site: u32, switch: u32, at: i64) -> SwitchVisit {
    let address = "10.0.0.1:161".parse().unwrap();
    let mut visit = SwitchVisit::new(name(site, switch).into(), address, format!("s{site}").into(), Timestamp(at));
    visit.reach = Reach::Answered;
    visit.system = Some(SystemFacts {
        name: name(site, switch).as_str().into(),
        description: "Ethernet switch".into(),
        object_id: "1.3.6.1.4.1.9.1".to_owned(),
        uptime_s: 1000,
    });
    for table in [Table::Interfaces, Table::Lldp, Table::Cdp, Table::Dot1qFdb, Table::IpNetToMedia] {
        visit.tables.insert(table, TableState { completeness: Completeness::Complete, rows: 1, note: None });
    }
    visit.own_macs = vec![own(site, switch)];
    visit.ports = (1..=PORTS).map(port).collect();
    let row = |mac, port| FdbRow {
        mac,
        vlan: VlanId::new(120),
        if_index: Some(port),
        bridge_port: port,
        status: FdbStatus::Learned,
        table: Table::Dot1qFdb,
    };
    if switch == 0 {
        for other in 1..SWITCHES {
            visit.fdb.extend((0..DEVICES).map(|number| row(device(site, other, number), other)));
            visit.fdb.push(row(own(site, other), other));
            visit.neighbours.push(heard(other, site, other));
        }
    } else {
        visit.fdb.extend((0..DEVICES).map(|number| row(device(site, switch, number), number % (PORTS - 1) + 1)));
        let next = switch % (SWITCHES - 1) + 1;
        visit.fdb.extend((0..20).map(|number| row(device(site, next, number), PORTS)));
        visit.fdb.push(row(own(site, 0), PORTS));
        visit.neighbours.push(heard(PORTS, site, 0));
    }
    visit
}

fn port(number: u32) -> Port {
    Port {
        name: format!("Gi1/0/{number}").into(),
        oper: OperStatus::Up,
        admin: OperStatus::Up,
        speed_mbps: Some(1000),
        if_type: Some(6),
        ..Port::new(number)
    }
}

struct World {
    inventory: Inventory,
    estate: Estate,
    catalogue: Catalogue,
}

impl World {
    fn new() -> Self {
        Self { inventory: Inventory::default(), estate: Estate::default(), catalogue: Catalogue::shipped() }
    }

    fn see(&mut self, visit: &Collection) -> Delta {
        self.inventory.absorb(visit, &self.estate, &self.catalogue)
    }
}

fn visits(c: &mut Criterion) {
    let mut world = World::new();
    let begun = Instant::now();
    for site in 0..SITES {
        for switch in (0..SWITCHES).rev() {
            world.see(&Collection::Switch(visit(site, switch, 1_000)));
        }
    }
    let devices = world.inventory.devices().count();
    let direct = world.inventory.devices().filter(|device| device.place.certainty != Certainty::Beyond).count();
    assert_eq!(devices, direct, "every device is on a port of its own");
    eprintln!("{devices} devices taken in from nothing in {:.1} s", begun.elapsed().as_secs_f64());

    let mut group = c.benchmark_group("visit");
    group.sample_size(50).measurement_time(Duration::from_secs(4));
    for (what, switch) in [("access switch, 175 rows, unchanged", 7), ("core switch, 6,045 rows, unchanged", 0)] {
        let same = Collection::Switch(visit(20, switch, 2_000));
        assert_eq!(world.see(&same), Delta::default());
        group.bench_function(what, |b| b.iter(|| black_box(world.see(&same))));
    }
    for (what, switch) in [("access switch, one device moved", 7), ("core switch, one device moved", 0)] {
        let there = visit(20, switch, 2_000);
        let mut here = there.clone();
        // The device goes to another port and back.
        here.fdb[0].if_index = Some(9);
        let (here, there) = (Collection::Switch(here), Collection::Switch(there));
        let mut away = false;
        group.bench_function(what, |b| {
            b.iter(|| {
                away = !away;
                let delta = world.see(if away { &here } else { &there });
                assert_eq!(delta.presence.len(), 2);
                black_box(delta)
            });
        });
        world.see(&there);
    }
    group.finish();
}

criterion_group!(benches, visits);
criterion_main!(benches);
