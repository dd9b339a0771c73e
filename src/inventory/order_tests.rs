//! The order in which switches are asked does not matter: any order of the visits of a round gives the same inventory.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::tests::{World, mac, visit};
use super::*;
use crate::observation::{ArpRow, NeighbourProtocol, SwitchVisit};

/// Switches of a small network: `core` has `left` behind port 7 and `right` behind port 8; each has its uplink at 24.
const SWITCHES: [(&str, &str); 3] = [("core", "c0"), ("left", "a0"), ("right", "b0")];
const DEVICES: [&str; 6] = ["01", "02", "03", "04", "05", "06"];

/// Where a device is in one round: its switch (`None`: unplugged), its port there, whether the others know it. The last
/// two devices share a port, as a telephone and what is plugged into it, and move together.
type Seat = (Option<usize>, u32, bool, bool);

fn neighbour(port: u32, chassis: &str) -> Neighbour {
    Neighbour {
        if_index: Some(port),
        protocol: NeighbourProtocol::Lldp,
        chassis: mac(chassis).to_string().as_str().into(),
        port: DeviceText::default(),
        system_name: DeviceText::default(),
        system_description: DeviceText::default(),
        addresses: Vec::new(),
        capabilities: vec!["bridge".into()],
    }
}

/// The port by which one switch sees what is on another.
fn way(here: usize, there: usize) -> u32 {
    match (here, there) {
        (0, 1) => 7,
        (0, 2) => 8,
        _ => 24,
    }
}

/// What each switch says in a round, at its own minute.
fn round(number: i64, minutes: &[i64], seats: &[Seat], managed: bool) -> Vec<SwitchVisit> {
    let mut visits = Vec::new();
    for (here, (name, own)) in SWITCHES.iter().enumerate() {
        // Something that stays: a table without any row would not be believed.
        let mut rows: Vec<(&str, u32, u32)> = vec![(["11", "12", "13"][here], 10, 20)];
        for (device, (at, port, elsewhere, stale)) in DEVICES.iter().zip(seats) {
            match at {
                Some(at) if *at == here => rows.push((device, 10, *port)),
                Some(at) if *elsewhere => rows.push((device, 10, way(here, *at))),
                None if *stale && here == 0 => rows.push((device, 10, 7)),
                _ => {}
            }
        }
        for (there, (_, peer)) in SWITCHES.iter().enumerate().filter(|(there, _)| managed && *there != here) {
            rows.push((peer, 10, way(here, there)));
        }
        let mut visit = visit(name, own, number * 10 + minutes[here], &rows);
        if here == 0 {
            let arp = |(device, at): (&&str, usize)| ArpRow {
                ip: format!("10.1.10.{}", at + 1).parse().unwrap(),
                mac: mac(device),
                if_index: 1,
                vrf: None,
            };
            visit.arp = DEVICES.iter().zip(0..).filter(|(_, at)| at % 2 == 0).map(arp).collect();
        }
        if !managed {
            visit.neighbours =
                if here == 0 { vec![neighbour(7, "a0"), neighbour(8, "b0")] } else { vec![neighbour(24, "c0")] };
        }
        visits.push(visit);
    }
    visits
}

/// Devices by address, their numbers aside.
fn picture(world: &World) -> BTreeMap<MacAddr, Device> {
    let plain = |device: &Device| (device.mac.unwrap(), Device { id: DeviceId(0), ..device.clone() });
    world.inventory.devices().map(plain).collect()
}

fn seats() -> impl Strategy<Value = Vec<Seat>> {
    let seat =
        |port: std::ops::Range<u32>| (proptest::option::weighted(0.8, 0..3usize), port, any::<bool>(), any::<bool>());
    (seat(1..3), seat(3..5), seat(5..7), seat(7..9), seat(10..12)).prop_map(|(a, b, c, d, pair)| {
        // Ports 7 and 8 of the core are ways to the others.
        let d = if d.0 == Some(0) { (d.0, d.1 + 2, d.2, d.3) } else { d };
        vec![a, b, c, d, pair, pair]
    })
}

/// When each switch answers in a round, and in which order that comes in.
type Timing = (Vec<i64>, Vec<usize>);

/// Where everything is, for as many rounds as a row needs to be closed: a device that moves on before that leaves rows
/// on two switches, and which of them was its place is told by the order.
fn phases() -> impl Strategy<Value = Vec<(Vec<Seat>, Vec<Timing>)>> {
    let timing = || (Just(vec![1i64, 4, 7]).prop_shuffle(), Just(vec![0usize, 1, 2]).prop_shuffle());
    proptest::collection::vec((seats(), proptest::collection::vec(timing(), 3)), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_order_of_the_visits_of_a_round_gives_the_same_inventory(phases in phases(), managed: bool) {
        let (mut sorted, mut shuffled) = (World::new(), World::new());
        let rounds = phases.iter().flat_map(|(seats, timings)| timings.iter().map(move |timing| (seats, timing)));
        for (number, (seats, (minutes, order))) in rounds.enumerate() {
            let visits = round(number as i64, minutes, seats, managed);
            for visit in &visits {
                sorted.see(visit.clone());
            }
            for at in order {
                shuffled.see(visits[*at].clone());
            }
            prop_assert_eq!(picture(&sorted), picture(&shuffled), "round {}", number);
        }
    }
}
