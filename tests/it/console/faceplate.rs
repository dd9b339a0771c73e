//! A switch's front, and the place of a device in full.

use lenswarden::console::keys::Context;
use lenswarden::net::DeviceId;
use lenswarden::store::{Batch, DeviceRecord};

use super::{Desk, SIZES, estate};

fn desk(size: (u16, u16)) -> Desk {
    Desk::new(&estate::of(120), size, false)
}

/// A batch that says only what became of these devices.
fn devices(devices: Vec<DeviceRecord>) -> Batch {
    Batch { at: estate::NOW, devices, ..Batch::default() }
}

fn record(id: u64) -> DeviceRecord {
    estate::of(120).devices.into_iter().find(|record| record.device.id == DeviceId(id)).unwrap()
}

#[test]
fn the_front_of_a_switch_in_every_size() {
    for size in SIZES {
        let mut desk = desk(size);
        desk.type_in("2f");
        assert_eq!(desk.model.context(), Context::Faceplate);
        insta::assert_snapshot!(format!("faceplate_{}x{}", size.0, size.1), desk.screen());
    }
}

#[test]
fn the_cursor_goes_over_the_ports_and_enter_tells_of_the_device_there() {
    let mut desk = desk(SIZES[0]);
    desk.type_in("4/switch:depot-acc-02<Enter>f<Home>");
    desk.shows("Gi1/0/1 ── \"CAM 1\"");
    desk.type_in("<Down>");
    desk.shows("Gi1/0/2 ── \"CAM 2\"");
    desk.shows("link up, 1,000 Mbit/s, PoE delivering, VLAN 120");
    desk.shows("44:19:b6:00:00:01 Dahua as Honeywell restricted, VLAN 10 core since 26 Nov");
    desk.type_in("<End>");
    desk.shows("Te1/1/2");
    desk.shows("nothing was ever learned here");
    desk.type_in("<Left>");
    desk.shows("hears 'depot-dist-1' Te1/0/2 by LLDP");
    desk.type_in("<Home><Down><Enter>");
    assert_eq!(desk.model.context(), Context::Detail);
    desk.shows("44:19:b6:00:00:01 ── depot-acc-02 Gi1/0/2");
    desk.type_in("?<Esc>");
    desk.shows("44:19:b6:00:00:01 ── depot-acc-02 Gi1/0/2");
    desk.type_in("<Esc>");
    assert_eq!(desk.model.context(), Context::Faceplate);
    desk.shows("Gi1/0/2 ── \"CAM 2\"");
    desk.type_in("<Esc>");
    assert_eq!(desk.model.context(), Context::Devices);
}

#[test]
fn several_devices_on_a_port_are_gone_through_and_the_gravest_gives_the_letter() {
    let mut desk = desk(SIZES[1]);
    // An ordinary camera comes to the restricted one's port, a third one left it.
    let mut second = record(2);
    second.device.place = record(1).device.place;
    let mut third = record(3);
    third.device.place = record(1).device.place;
    third.device.place.gone = Some(estate::NOW);
    desk.commit(&devices(vec![second, third]));
    desk.type_in("4/switch:depot-acc-02<Enter>f<Home><Down>");
    desk.shows("(!+");
    desk.shows("+ several devices");
    desk.shows("▸ 44:19:b6:00:00:01");
    desk.shows("gone since");
    desk.type_in("<Tab><Enter>");
    desk.shows("44:19:b6:00:00:02 ── depot-acc-02 Gi1/0/2");
    desk.type_in("<Esc><Tab><Tab><Tab><Tab>");
    desk.shows("▸ 44:19:b6:00:00:01");
}

#[test]
fn the_front_follows_what_happens_while_it_is_looked_at() {
    let mut desk = desk(SIZES[0]);
    desk.type_in("4/switch:depot-acc-02<Enter>f<Home><Down>");
    desk.shows("1 restricted on core");
    let mut moved = record(1);
    moved.device.place.network_kind = Some(lenswarden::config::NetworkKind::Surveillance);
    moved.device.place.network = Some("cctv".into());
    desk.commit(&devices(vec![moved]));
    desk.lacks("restricted on core");
    desk.shows("VLAN 10 cctv");
}

#[test]
fn a_chassis_goes_on_below_and_its_rows_follow_the_cursor() {
    let mut batch = estate::of(6);
    let record = batch.switches.iter_mut().find(|record| record.name == "hq-acc-04".into()).unwrap();
    let template = record.ports[0].clone();
    record.ports = (1..=8u32)
        .flat_map(|slot| (1..=48u32).map(move |number| (slot, number)))
        .map(|(slot, number)| lenswarden::observation::Port {
            if_index: slot * 100 + number,
            name: format!("Ethernet{slot}/{number}").as_str().into(),
            ..template.clone()
        })
        .collect();
    let mut desk = Desk::new(&batch, SIZES[0], false);
    desk.type_in("4/switch:hq-acc-04<Enter>f<Home>");
    desk.shows("384 ports");
    desk.shows("Ethernet1/1-48");
    desk.shows("rows 1 to 2 of 8");
    desk.lacks("Ethernet3/1-48");
    desk.type_in("<PgDn><PgDn>");
    desk.shows("rows 4 to 5 of 8");
    desk.shows("── Ethernet5/1 ");
    desk.type_in("<End>");
    desk.shows("rows 7 to 8 of 8");
    desk.shows("── Ethernet8/48 ");
    desk.type_in("<PgUp>");
    desk.shows("── Ethernet6/48 ");
}

#[test]
fn what_stands_on_no_switch_has_no_front_and_says_so() {
    let mut desk = desk(SIZES[0]);
    let mut lost = record(1);
    lost.device.place = lenswarden::inventory::Place::default();
    desk.commit(&devices(vec![lost]));
    desk.type_in("4/mac:44:19:b6:00:00:01<Enter>f");
    desk.shows("no switch shows this: there is no front to look at");
    // A switch that was never read.
    let mut elsewhere = record(1);
    elsewhere.device.place.switch = Some("nobody-sw1".into());
    desk.commit(&devices(vec![elsewhere]));
    desk.type_in("f");
    desk.shows("nothing is remembered of this switch");
    desk.type_in("<Down><Enter><Tab><Esc>");
    assert_eq!(desk.model.context(), Context::Devices);
}

#[test]
fn a_place_tells_its_port_the_way_to_the_core_its_rows_and_what_would_cut_it_off() {
    let mut desk = desk((120, 60));
    desk.type_in("4/mac:44:19:b6:00:00:01<Enter><Enter><Enter>");
    desk.shows("\"CAM 2\"; up, PoE delivering");
    desk.shows("depot-acc-02 Te1/1/1 → depot-dist-1 Te1/0/2");
    desk.shows("ends there: depot-dist-1 hears");
    desk.shows("interface Gi1/0/2 ; shutdown   (text: nothing is sent)");
    desk.shows("the place rests on this");
    desk.shows("behind it (it hears 'depot-acc-02' by LLDP)");
    desk.shows("hq-sw1 Gi1/0/40 VLAN 10, ");
    insta::assert_snapshot!("place_whole", desk.screen());
}
