//! Address spaces that overlap: the same address in two VRFs is two, through rounds and a restart.

use std::collections::BTreeSet;

use super::tests::{at, mac, visit};
use super::*;
use crate::config::Network;
use crate::maker::Catalogue;
use crate::observation::{ArpRow, Collection, Completeness, SwitchVisit, Table, TableState};

fn estate() -> Estate {
    let network = |id: &str, kind, vrf: Option<&str>, subnet: Option<&str>| Network {
        id: id.into(),
        kind,
        site: None,
        switches: Vec::new(),
        vlans: Vec::new(),
        vrfs: vrf.map(str::to_owned).into_iter().collect(),
        subnets: subnet.iter().map(|subnet| subnet.parse().unwrap()).collect(),
        ports: Vec::new(),
    };
    let networks = vec![
        network("core", NetworkKind::Core, None, Some("10.1.0.0/16")),
        network("cctv", NetworkKind::Surveillance, Some("cameras"), None),
        network("guests", NetworkKind::Other, Some("guest"), None),
    ];
    Estate::new(&[], networks)
}

/// A router that shows rows `mac ip vrf`, and no device on a port.
fn router(minute: i64, rows: &[(&str, &str, Option<&str>)]) -> SwitchVisit {
    let mut router = visit("r", "f0", minute, &[]);
    let whole = TableState { completeness: Completeness::Complete, rows: 1, note: None };
    router.tables.insert(Table::VrfArp, whole);
    let row = |(own, ip, vrf): &(&str, &str, Option<&str>)| ArpRow {
        ip: ip.parse().unwrap(),
        mac: mac(own),
        if_index: 1,
        vrf: vrf.map(Into::into),
    };
    router.arp = rows.iter().map(row).collect();
    router
}

/// What restarts between all visits, as the daemon restores it.
struct World {
    inventory: Inventory,
    open: BTreeSet<AddressBinding>,
    switch: Option<SwitchRecord>,
}

impl World {
    fn see(&mut self, visit: SwitchVisit) -> Delta {
        let delta = self.inventory.absorb(&Collection::Switch(visit), &estate(), &Catalogue::shipped());
        for change in &delta.addresses {
            match change {
                RowChange::Opened(row) => assert!(self.open.insert(row.clone()), "{row:?} was open"),
                RowChange::Closed(row, _) => assert!(self.open.remove(row), "{row:?} was not open"),
            }
        }
        self.switch = self.inventory.switch(&"r".into()).cloned();
        delta
    }

    fn restart(&mut self) {
        let devices = self.inventory.devices().cloned().collect();
        let addresses = self.open.iter().cloned().collect();
        self.inventory = Inventory::restore(9, devices, Vec::new(), addresses, self.switch.iter().cloned().collect());
    }

    /// Network and why.
    fn network(&self, own: &str) -> (Option<String>, Vec<String>) {
        let place = &self.inventory.device_of(mac(own)).unwrap().place;
        (place.network.as_ref().map(ToString::to_string), place.reasons.clone())
    }
}

#[test]
fn the_same_address_in_two_vrfs_is_two_devices_on_two_networks() {
    let mut world = World { inventory: Inventory::default(), open: BTreeSet::new(), switch: None };
    let rows = [("01", "10.1.2.3", Some("cameras")), ("02", "10.1.2.3", Some("guest")), ("03", "10.1.2.3", None)];
    world.see(router(0, &rows));
    let networks = |world: &World| ["01", "02", "03"].map(|own| world.network(own).0.unwrap());
    assert_eq!(networks(&world), ["cctv", "guests", "core"]);
    world.restart();
    assert_eq!(world.see(router(1, &rows)), super::tests::nothing_new(), "nothing changed over a restart");
    world.inventory.rejudge(&estate(), &Catalogue::shipped(), &super::Anew::EVERYTHING, at(2));
    assert_eq!(networks(&world), ["cctv", "guests", "core"]);
    let (_, why) = world.network("01");
    let words = "it is on network cctv by VRF cameras of r, which has its address 10.1.2.3";
    assert!(why.iter().any(|why| why == words), "{why:?}");
}

#[test]
fn one_device_in_two_vrfs_is_on_neither_until_it_leaves_one() {
    let mut world = World { inventory: Inventory::default(), open: BTreeSet::new(), switch: None };
    let (camera, guest) = (("01", "10.1.2.3", Some("cameras")), ("01", "10.1.2.3", Some("guest")));
    world.see(router(0, &[camera]));
    assert_eq!(world.network("01").0.as_deref(), Some("cctv"));
    world.see(router(1, &[camera, guest]));
    assert_eq!(world.open.len(), 2);
    let (network, why) = world.network("01");
    assert_eq!(network, None, "and not core, by its address");
    assert!(why.iter().any(|why| why.contains("is open") && why.contains("cctv") && why.contains("guests")), "{why:?}");
    world.restart();
    for minute in 2..5 {
        world.see(router(minute, &[guest]));
    }
    assert_eq!((world.network("01").0.as_deref(), world.open.len()), (Some("guests"), 1));
    assert_eq!(world.inventory.device_of(mac("01")).unwrap().ips.len(), 1, "the address is its still");
}

#[test]
fn a_binding_stored_before_vrfs_were_is_noted_anew_and_the_old_one_goes() {
    let old = serde_json::json!({
        "switch": "r", "ip": "10.1.2.3", "mac": "44:19:b6:00:00:01", "first_seen": at(0),
    });
    let old: AddressBinding = serde_json::from_value(old).unwrap();
    let mut world = World { inventory: Inventory::default(), open: BTreeSet::new(), switch: None };
    world.see(router(0, &[("01", "10.1.2.3", None)]));
    assert_eq!(world.network("01").0.as_deref(), Some("core"));
    world.open = [old].into();
    world.restart();
    let now = ("01", "10.1.2.3", Some("cameras"));
    world.see(router(1, &[now]));
    assert_eq!(world.network("01").0.as_deref(), Some("cctv"), "at once");
    world.see(router(2, &[now]));
    world.see(router(3, &[now]));
    assert_eq!(world.open.iter().map(|row| row.vrf.as_ref().unwrap().as_str()).collect::<Vec<_>>(), ["cameras"]);
    assert_eq!(world.network("01").0.as_deref(), Some("cctv"));
}
