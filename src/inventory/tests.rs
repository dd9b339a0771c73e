//! Placing and identity, round by round.

use super::*;
use crate::config::{Network, Sensitivity, Site};
use crate::maker::{Catalogue, Verdict};
use crate::observation::{
    ArpRow, CameraVisit, Collection, Completeness, FdbRow, FdbStatus, Mark, MarkKind, Neighbour, NeighbourProtocol,
    OperStatus, Reach, SwitchVisit, Table, TableState,
};

pub(super) fn mac(text: &str) -> MacAddr {
    format!("44:19:b6:00:00:{text}").parse().unwrap()
}

pub(super) fn at(minute: i64) -> Timestamp {
    Timestamp(1_795_500_000_000 + minute * 60_000)
}

fn estate() -> Estate {
    estate_with(NetworkKind::Core)
}

/// Staff's VLAN 10 is of this kind.
fn estate_with(staff: NetworkKind) -> Estate {
    let hq = Site {
        id: "hq".into(),
        name: "HQ".into(),
        sensitivity: Sensitivity::Sensitive,
        basis: None,
        owner: String::new(),
        address_ranges: Vec::new(),
    };
    let network = |id: &str, kind, vlan: &str, subnet: &str| Network {
        id: id.into(),
        kind,
        site: Some("hq".into()),
        switches: Vec::new(),
        vlans: vec![vlan.parse().unwrap()],
        vrfs: Vec::new(),
        subnets: vec![subnet.parse().unwrap()],
        ports: Vec::new(),
    };
    let networks = vec![
        network("core", staff, "10", "10.1.10.0/24"),
        network("cctv", NetworkKind::Surveillance, "120", "10.1.120.0/24"),
    ];
    Estate::new(&[hq], networks)
}

/// `switch`, its own address, and rows `mac vlan port`; port 24 is the uplink, 25 and 26 the members of aggregate 100.
pub(super) fn visit(switch: &str, own: &str, minute: i64, rows: &[(&str, u32, u32)]) -> SwitchVisit {
    let mut visit = SwitchVisit::new(switch.into(), "10.0.0.1:161".parse().unwrap(), "hq".into(), at(minute));
    visit.reach = Reach::Answered;
    visit.own_macs = vec![mac(own)];
    let whole = TableState { completeness: Completeness::Complete, rows: 1, note: None };
    visit.tables = [Table::Interfaces, Table::Dot1qFdb, Table::Lldp, Table::Cdp, Table::IpNetToMedia]
        .map(|table| (table, whole.clone()))
        .into();
    visit.ports = (1..=26)
        .chain([100])
        .map(|index| Port {
            name: format!("Gi1/0/{index}").into(),
            oper: OperStatus::Up,
            admin: OperStatus::Up,
            lag: (25..=26).contains(&index).then_some(100),
            ..Port::new(index)
        })
        .collect();
    let row = |(address, vlan, port): &(&str, u32, u32)| FdbRow {
        mac: mac(address),
        vlan: VlanId::new(*vlan),
        if_index: Some(*port),
        bridge_port: *port,
        status: FdbStatus::Learned,
        table: Table::Dot1qFdb,
    };
    visit.fdb = rows.iter().map(row).collect();
    visit
}

/// A whole visit that changes nothing.
pub(super) fn nothing_new() -> Delta {
    Delta { rows_whole: true, ..Delta::default() }
}

pub(super) struct World {
    pub(super) inventory: Inventory,
    estate: Estate,
    catalogue: Catalogue,
}

impl World {
    pub(super) fn new() -> Self {
        Self { inventory: Inventory::default(), estate: estate(), catalogue: Catalogue::shipped() }
    }

    pub(super) fn see(&mut self, visit: SwitchVisit) -> Delta {
        self.inventory.absorb(&Collection::Switch(visit), &self.estate, &self.catalogue)
    }

    fn camera(&mut self, minute: i64, ip: &str, endpoint: &str, own: Option<&str>) -> Delta {
        let mut visit = CameraVisit::new(ip.parse().unwrap(), "hq".into(), at(minute));
        visit.reach = Reach::Answered;
        visit.discovery = Some(crate::observation::Discovery {
            endpoint: endpoint.into(),
            types: Vec::new(),
            scopes: Vec::new(),
            service: None,
        });
        visit.interfaces = vec![crate::observation::CameraInterface {
            name: "eth0".into(),
            mac: own.map(mac),
            addresses: vec![ip.parse().unwrap()],
        }];
        self.inventory.absorb(&Collection::Camera(visit), &self.estate, &self.catalogue)
    }

    fn device(&self, address: &str) -> &Device {
        self.inventory.device_of(mac(address)).unwrap()
    }

    /// `switch/port/vlan certainty`, with `gone` where it is.
    fn place(&self, address: &str) -> String {
        let place = &self.device(address).place;
        let word = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        format!(
            "{}/{}/{} {:?}{}",
            word(place.switch.as_ref().map(ToString::to_string)),
            word(place.if_index.map(|index| index.to_string())),
            word(place.vlan.map(|vlan| vlan.to_string())),
            place.certainty,
            if place.gone.is_some() { " gone" } else { "" }
        )
    }
}

#[test]
fn an_unchanged_visit_changes_nothing() {
    let mut world = World::new();
    let rows = [("01", 10, 1), ("02", 120, 2), ("03", 120, 2)];
    let first = world.see(visit("a", "a0", 0, &rows));
    assert_eq!((first.devices.len(), first.presence.len(), first.switches.len()), (3, 3, 1));
    assert_eq!(world.see(visit("a", "a0", 5, &rows)), nothing_new());
    assert_eq!(world.place("01"), "a/1/10 Direct");
    assert_eq!(world.place("02"), "a/2/120 Shared");
    assert_eq!(world.device("01").place.network_kind, Some(NetworkKind::Core));
    assert_eq!(world.device("01").place.since, at(0));
}

#[test]
fn the_edge_port_wins_over_uplinks_in_either_order_of_polling() {
    let access = || visit("access", "a0", 0, &[("01", 10, 1), ("c0", 10, 24)]);
    let core = || visit("core", "c0", 1, &[("01", 10, 7), ("a0", 10, 7)]);
    for order in [[access(), core()], [core(), access()]] {
        let mut world = World::new();
        for visit in order {
            world.see(visit);
        }
        assert_eq!(world.place("01"), "access/1/10 Direct");
        assert!(world.inventory.device_of(mac("a0")).is_none(), "a switch is no end device");
    }
}

#[test]
fn an_address_known_only_behind_an_uplink_is_beyond() {
    let mut world = World::new();
    world.see(visit("access", "a0", 0, &[]));
    world.see(visit("core", "c0", 1, &[("01", 10, 7), ("a0", 10, 7)]));
    assert_eq!(world.place("01"), "core/7/10 Beyond");
}

#[test]
fn a_neighbour_on_a_member_makes_its_aggregate_an_uplink() {
    let mut world = World::new();
    world.see(visit("core", "c0", 0, &[]));
    let mut access = visit("access", "a0", 1, &[("01", 10, 1), ("09", 10, 100)]);
    access.neighbours = vec![Neighbour {
        if_index: Some(25),
        protocol: NeighbourProtocol::Lldp,
        chassis: mac("c0").to_string().as_str().into(),
        port: DeviceText::default(),
        system_name: DeviceText::default(),
        system_description: DeviceText::default(),
        addresses: Vec::new(),
        capabilities: vec!["bridge".into()],
    }];
    world.see(access);
    assert_eq!(world.place("09"), "access/100/10 Beyond");
    assert_eq!(world.place("01"), "access/1/10 Direct");
}

#[test]
fn silence_and_a_cut_table_change_nothing_and_three_whole_passes_close() {
    let mut world = World::new();
    world.see(visit("a", "a0", 0, &[("01", 10, 1)]));
    let mut silent = visit("a", "a0", 5, &[]);
    silent.reach = Reach::Silent("no answer".into());
    assert_eq!(world.see(silent), Delta::default());
    for minute in 6..12 {
        let mut cut = visit("a", "a0", minute, &[]);
        cut.tables.get_mut(&Table::Dot1qFdb).unwrap().completeness = Completeness::Partial;
        assert_eq!(world.see(cut), Delta::default());
    }
    assert_eq!(world.see(visit("a", "a0", 20, &[])), nothing_new());
    assert_eq!(world.see(visit("a", "a0", 25, &[])), nothing_new());
    assert_eq!(world.place("01"), "a/1/10 Direct");
    let third = world.see(visit("a", "a0", 30, &[]));
    assert!(matches!(third.presence.as_slice(), [RowChange::Closed(_, closed)] if *closed == at(30)));
    assert_eq!(world.place("01"), "a/1/10 Direct gone");
    world.see(visit("a", "a0", 35, &[("01", 10, 1)]));
    assert_eq!(world.place("01"), "a/1/10 Direct");
}

#[test]
fn a_move_follows_the_first_whole_pass_without_it_in_either_order() {
    let quiet = |minute| visit("a", "a0", minute, &[]);
    let arrived = |minute| visit("b", "b0", minute, &[("01", 10, 3)]);
    let start = || {
        let mut world = World::new();
        world.see(visit("a", "a0", 0, &[("01", 120, 1)]));
        world.see(visit("b", "b0", 0, &[]));
        world
    };
    let mut new_first = start();
    new_first.see(arrived(5));
    assert_eq!(new_first.place("01"), "a/1/120 Direct", "its own switch has not been asked yet");
    new_first.see(quiet(6));
    let mut old_first = start();
    old_first.see(quiet(5));
    assert_eq!(old_first.place("01"), "a/1/120 Direct", "missed once is not gone");
    old_first.see(arrived(6));
    for world in [new_first, old_first] {
        assert_eq!(world.place("01"), "b/3/10 Direct");
        assert_eq!(world.device("01").appeared, None, "it was known before");
    }
}

#[test]
fn what_comes_after_a_whole_pass_has_appeared() {
    let mut world = World::new();
    world.see(visit("a", "a0", 0, &[("01", 10, 1)]));
    world.see(visit("a", "a0", 5, &[("01", 10, 1), ("02", 10, 2)]));
    assert_eq!(world.device("01").appeared, None);
    assert_eq!(world.device("02").appeared, Some(at(5)));
}

#[test]
fn a_camera_known_by_address_is_united_with_its_mac_address() {
    let mut world = World::new();
    world.camera(0, "10.1.120.9", "urn:uuid:1", None);
    world.see(visit("a", "a0", 1, &[("01", 120, 1)]));
    assert_eq!(world.inventory.devices().count(), 2);
    let mut router = visit("r", "f0", 2, &[]);
    router.arp = vec![ArpRow { ip: "10.1.120.9".parse().unwrap(), mac: mac("01"), if_index: 1, vrf: None }];
    let delta = world.see(router);
    assert_eq!(delta.merged, [Merge { from: DeviceId(2), into: DeviceId(1) }]);
    assert_eq!(world.place("01"), "a/1/120 Direct");
    let camera = world.device("01");
    assert_eq!((camera.id, camera.ips.len(), camera.facts.onvif), (DeviceId(1), 1, Some(at(0))));
    assert_eq!(world.camera(9, "10.1.120.9", "urn:uuid:1", None), Delta::default());
    assert_eq!(world.camera(9, "10.1.120.9", "urn:uuid:1", Some("01")), Delta::default());
    // Ids are never used again.
    world.see(visit("a", "a0", 10, &[("01", 120, 1), ("05", 120, 2)]));
    assert_eq!(world.device("05").id, DeviceId(3));
}

#[test]
fn an_address_goes_with_the_camera_that_answers_there() {
    let mut world = World::new();
    world.camera(0, "10.1.120.9", "urn:uuid:1", Some("01"));
    // It moves, and says so; another comes to where it was.
    world.camera(1, "10.1.120.10", "urn:uuid:1", Some("01"));
    let at = |world: &World, own: &str| world.device(own).ips.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(at(&world, "01"), ["10.1.120.10"]);
    world.camera(2, "10.1.120.10", "urn:uuid:2", Some("02"));
    assert_eq!((at(&world, "01"), at(&world, "02")), (vec![], vec!["10.1.120.10".to_owned()]));
    // What a router's table says of an address stands until the table says otherwise.
    let mut router = visit("r", "f0", 3, &[]);
    router.arp = vec![ArpRow { ip: "10.1.120.10".parse().unwrap(), mac: mac("02"), if_index: 1, vrf: None }];
    world.see(router);
    world.camera(4, "10.1.120.10", "urn:uuid:3", Some("03"));
    assert_eq!(at(&world, "02"), ["10.1.120.10"]);
}

#[test]
fn a_web_server_without_onvif_speaks_for_the_maker_of_the_device_and_makes_none() {
    let mut world = World::new();
    let mut router = visit("r", "f0", 0, &[("01", 120, 1)]);
    router.arp = vec![ArpRow { ip: "10.1.120.9".parse().unwrap(), mac: mac("01"), if_index: 1, vrf: None }];
    world.see(router);
    assert_eq!(world.device("01").attribution.verdict, Verdict::Suspected, "its prefix alone");
    let silent = |ip: &str, minute| {
        let mut visit = CameraVisit::new(ip.parse().unwrap(), "hq".into(), at(minute));
        visit.reach = Reach::Silent("no ONVIF".into());
        visit.marks = vec![Mark { kind: MarkKind::HttpServer, text: "App-webs/".into() }];
        Collection::Camera(visit)
    };
    let estate = estate();
    let mut changed = |visit: &Collection| world.inventory.absorb(visit, &estate, &Catalogue::shipped()).devices.len();
    assert_eq!(changed(&silent("10.1.120.9", 1)), 1);
    assert_eq!(changed(&silent("10.1.120.9", 2)), 0, "the same marks change nothing");
    assert_eq!(changed(&silent("10.1.120.77", 2)), 0, "nobody is known to be there");
    let device = world.device("01");
    assert_eq!((device.attribution.verdict, device.facts.onvif), (Verdict::Confirmed, None));
    assert_eq!(world.inventory.devices().count(), 1);
}

#[test]
fn an_address_that_a_table_forgets_is_a_change_of_the_device() {
    let mut world = World::new();
    let router = |minute, bound: &[&str]| {
        let mut router = visit("r", "f0", minute, &[("01", 120, 1)]);
        let row = |ip: &&str| ArpRow { ip: ip.parse().unwrap(), mac: mac("01"), if_index: 1, vrf: None };
        router.arp = bound.iter().map(row).collect();
        router
    };
    world.see(router(0, &["10.1.120.9", "10.1.120.10"]));
    let id = world.device("01").id;
    let deltas: Vec<_> = (1..5).map(|minute| world.see(router(minute, &["10.1.120.10"])).devices).collect();
    assert_eq!(deltas, [vec![], vec![], vec![id], vec![]]);
    assert_eq!(world.device("01").ips.len(), 1);
    let subnet = ["10.1.120.8/29".parse().unwrap()];
    assert_eq!(world.inventory.alive_within(&subnet), ["10.1.120.10".parse().unwrap()].into());
    assert_eq!(world.inventory.was_seen_whole(&"r".into()), (true, true));
}

#[test]
fn a_restored_inventory_goes_on_as_if_never_stopped() {
    let rounds: Vec<Vec<SwitchVisit>> = vec![
        vec![
            visit("a", "a0", 0, &[("01", 10, 1), ("c0", 10, 24)]),
            visit("core", "c0", 0, &[("01", 10, 7), ("a0", 10, 7)]),
        ],
        vec![visit("a", "a0", 5, &[("01", 10, 2), ("02", 120, 3), ("c0", 10, 24)])],
        vec![visit("core", "c0", 6, &[("01", 10, 7), ("a0", 10, 7), ("02", 120, 7)])],
    ];
    let mut whole = World::new();
    let mut stopped = World::new();
    let (mut presence, mut switches) = (std::collections::BTreeSet::new(), std::collections::BTreeMap::new());
    for visit in rounds.concat() {
        let expected = whole.see(visit.clone());
        let got = stopped.see(visit);
        assert_eq!(got, expected);
        for change in got.presence {
            match change {
                RowChange::Opened(row) => presence.insert(row),
                RowChange::Closed(row, _) => presence.remove(&row),
            };
        }
        for name in got.switches {
            switches.insert(name.clone(), stopped.inventory.switch(&name).unwrap().clone());
        }
        let devices: Vec<Device> = stopped.inventory.devices().cloned().collect();
        let records = switches.values().cloned().collect();
        stopped.inventory = Inventory::restore(
            stopped.inventory.next,
            devices,
            presence.iter().cloned().collect(),
            Vec::new(),
            records,
        );
    }
    assert!(whole.inventory.devices().eq(stopped.inventory.devices()));
}

#[test]
fn a_reclassified_network_places_anew() {
    let mut world = World::new();
    world.see(visit("a", "a0", 0, &[("01", 10, 1)]));
    world.estate = estate_with(NetworkKind::Other);
    let delta = world.inventory.rejudge(&world.estate, &world.catalogue, &Anew::EVERYTHING, at(9));
    assert_eq!(delta.devices, [world.device("01").id]);
    assert_eq!(world.device("01").place.network_kind, Some(NetworkKind::Other));
    assert_eq!(world.device("01").place.since, at(0), "it did not move");
}

#[test]
fn a_switch_no_longer_polled_takes_its_places_with_it_and_closes_nothing_as_gone() {
    let mut world = World::new();
    world.see(visit("a", "a0", 0, &[("01", 10, 1)]));
    let delta = world.inventory.forget_switch(&"a".into(), &world.estate, &world.catalogue, at(5));
    assert_eq!(delta.presence.len(), 1);
    assert_eq!(world.place("01"), "-/-/10 Unknown");
}
