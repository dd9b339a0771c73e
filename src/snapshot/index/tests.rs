//! The index against rows: the same filter, the same order, the same counts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::config::Sensitivity;
use crate::net::SiteId;
use crate::snapshot::sort::natural;
use crate::snapshot::{
    DeviceOrder, ExposureKey, ExposureOrder, Filter, Group, Part, SiteRow, Snapshot, Tally, group_of,
};

const NOW: Timestamp = Timestamp(1_795_500_000_000);

const CLASSES: [Class; 4] = [Class::Camera, Class::Recorder, Class::Intercom, Class::Unknown];
const SURVEILLANCE: [Surveillance; 3] = [Surveillance::Yes, Surveillance::No, Surveillance::Unknown];
const VERDICTS: [Verdict; 3] = [Verdict::Confirmed, Verdict::Suspected, Verdict::Unknown];
const STATUSES: [Status; 4] = [Status::Restricted, Status::Suspected, Status::Unknown, Status::NotRestricted];
const CERTAINTIES: [Certainty; 4] = [Certainty::Direct, Certainty::Shared, Certainty::Beyond, Certainty::Unknown];
const KINDS: [NetworkKind; 3] = [NetworkKind::Core, NetworkKind::Surveillance, NetworkKind::Other];

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A device whose every field has one of few values, so that filters meet them, chosen by bits of a number.
fn device(id: u64, mut bits: u128) -> DeviceRow {
    let mut pick = |count: usize| {
        let at = (bits % count as u128) as usize;
        bits /= count as u128;
        at
    };
    let text = |at: usize| ["", "hik", "Dahua", "DAHUA ÄX-10", "10.1", "core", "unknown"][at];
    let ips: [&[&str]; 5] = [&[], &["10.1.0.77"], &["10.1.0.7"], &["10.1.2.3", "2001:db8::be"], &["2001:db8::10"]];
    DeviceRow {
        id: DeviceId(id),
        mac: ["44:19:b6:01:02:03", "44:19:b6:00:00:0a", ""][pick(3)].parse().ok(),
        ips: ips[pick(5)].iter().map(|ip| ip.parse().unwrap()).collect(),
        class: CLASSES[pick(4)],
        surveillance: SURVEILLANCE[pick(3)],
        maker: some(text(pick(3))).map(Into::into),
        maker_name: text(pick(7)).into(),
        verdict: VERDICTS[pick(3)],
        brand: some(text(pick(5))).map(str::to_owned),
        model: text(pick(7)).into(),
        firmware: text(pick(3)).into(),
        serial: text(pick(7)).into(),
        hostname: some(text(pick(3))).map(Into::into),
        place: Place {
            switch: some(text(pick(4))).map(Into::into),
            port: some(["", "Gi1/0/10", "Gi1/0/2"][pick(3)]).map(Into::into),
            if_index: [None, Some(2), Some(10)][pick(3)],
            vlan: [None, VlanId::new(1), VlanId::new(10), VlanId::new(120)][pick(4)],
            network: some(["", "HQ-core", "cctv"][pick(3)]).map(Into::into),
            network_kind: [None, Some(KINDS[0]), Some(KINDS[1]), Some(KINDS[2])][pick(4)],
            site: some(["", "hq", "Depot", "gone"][pick(4)]).map(Into::into),
            certainty: CERTAINTIES[pick(4)],
            confidence: Confidence::of_percent([0, 45, 98][pick(3)]),
            since: NOW.minus(Duration::from_secs(3600 * pick(3) as u64)),
            gone: [None, None, Some(NOW)][pick(3)],
            ..Place::default()
        },
        status: STATUSES[pick(4)],
        first_seen: NOW.minus(Duration::from_secs(86_400 * pick(9) as u64)),
        appeared: [None, Some(NOW)][pick(2)],
        last_seen: NOW,
        registered: None,
    }
}

fn sites() -> BTreeMap<SiteId, SiteRow> {
    let site = |id: &str, sensitivity| SiteRow { id: id.into(), name: id.into(), sensitivity, basis: None };
    let sites = [site("hq", Sensitivity::Sensitive), site("Depot", Sensitivity::Standard)];
    sites.into_iter().map(|site| (site.id.clone(), site)).collect()
}

fn seen() -> Seen {
    let mut seen = Seen::default();
    seen.note(&"hik".into(), true, Some(NOW.minus(Duration::from_secs(60))));
    seen.note(&"Dahua".into(), true, Some(NOW.minus(Duration::from_secs(600_000))));
    seen.note(&"10.1.0.7".into(), false, Some(NOW));
    seen
}

fn devices() -> impl Strategy<Value = Vec<DeviceRow>> {
    let row = |(id, bits)| {
        let mut row = device(id, bits);
        row.last_seen = seen().last_seen(&row);
        row
    };
    prop::collection::btree_map(1u64..500, any::<u128>(), 0..60).prop_map(move |all| all.into_iter().map(row).collect())
}

fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "maker:hik",
        "maker:ahu",
        "brand:hik",
        "brand:äx",
        "model:10.1",
        "model:ÄX",
        "class:camera",
        "class:unknown",
        "surveillance:yes",
        "surveillance:unknown",
        "site:hq",
        "site:depot",
        "site:d",
        "site.sensitivity:sensitive",
        "network:core",
        "network:hq-core",
        "network:unclassified",
        "network:other",
        "status:restricted",
        "status:not-restricted",
        "verdict:confirmed",
        "certainty:beyond",
        "severity:breach",
        "policy:p",
        "rule:r",
        "state:open",
        "open",
        "accepted",
        "switch:dahua",
        "port:gi1/0/1",
        "vlan:unknown",
        "vlan:10",
        "vlan:2-200",
        "mac:44:19:b6:0",
        "mac:19",
        "ip:10.1.0.7",
        "ip:2001",
        "serial:core",
        "entry:x",
        "since:3d",
        "since:9w",
        "hik",
        "Core",
        "b6:01",
        "0.7",
        "10",
        "unk",
        "e",
        "ä",
        "sens",
        "unclass",
        "20",
        "camera",
        "9:b",
        ".",
        "1.0.77",
    ]);
    let word = (word, any::<bool>()).prop_map(|(word, turned)| if turned { format!("!{word}") } else { word.into() });
    prop::collection::vec(word, 0..4).prop_map(|words| words.join(" "))
}

fn index(rows: &[DeviceRow]) -> Index {
    let mut index = Index { seen: seen(), ..Index::default() };
    // In any order, and some of them in an older state first.
    for row in rows.iter().rev().step_by(2) {
        index.put(&device(row.id.0, 7));
    }
    rows.iter().for_each(|row| index.put(row));
    index
}

/// Orders, and what a row says in each; what says nothing stands last.
type Key = fn(&DeviceRow) -> Option<(u64, String, u32, String)>;

fn text(text: &str) -> Option<(u64, String, u32, String)> {
    (!text.is_empty()).then(|| (0, text.to_owned(), 0, String::new()))
}

fn number(number: u64) -> Option<(u64, String, u32, String)> {
    Some((number, String::new(), 0, String::new()))
}

fn name<T: ToString>(name: Option<&T>) -> String {
    name.map(ToString::to_string).unwrap_or_default()
}

const ORDERS: [(DeviceOrder, Key); 23] = [
    (DeviceOrder::Status, |row| number(row.status as u64)),
    (DeviceOrder::Mac, |row| number(row.mac?.as_u64())),
    (DeviceOrder::Address, |row| {
        row.ips.first().map(|ip| (u64::from(ip.is_ipv6()), format!("{:?}", octets(ip)), 0, String::new()))
    }),
    (DeviceOrder::Class, |row| number(row.class as u64)),
    (DeviceOrder::Surveillance, |row| number(row.surveillance as u64)),
    (DeviceOrder::Maker, |row| text(&row.maker_name)),
    (DeviceOrder::Brand, |row| text(row.brand.as_deref()?)),
    (DeviceOrder::Verdict, |row| number(row.verdict as u64)),
    (DeviceOrder::Model, |row| text(row.model.as_str())),
    (DeviceOrder::Firmware, |row| text(row.firmware.as_str())),
    (DeviceOrder::Serial, |row| text(row.serial.as_str())),
    (DeviceOrder::Hostname, |row| text(row.hostname.as_ref()?.as_str())),
    (DeviceOrder::Site, |row| text(row.place.site.as_ref()?.as_str())),
    (DeviceOrder::Switch, |row| {
        let switch = row.place.switch.as_ref()?.to_string();
        let index = row.place.if_index.map_or(0, |index| index + 1);
        Some((0, switch, index, name(row.place.port.as_ref())))
    }),
    (DeviceOrder::Port, |row| Some((0, row.place.port.as_ref()?.to_string(), 0, name(row.place.switch.as_ref())))),
    (DeviceOrder::Vlan, |row| number(u64::from(u16::from(row.place.vlan?)))),
    (DeviceOrder::Network, |row| text(row.place.network.as_ref()?.as_str())),
    (DeviceOrder::NetworkKind, |row| number(row.place.network_kind? as u64)),
    (DeviceOrder::Certainty, |row| number(row.place.certainty as u64)),
    (DeviceOrder::Since, |row| number(row.place.since.0 as u64)),
    (DeviceOrder::FirstSeen, |row| number(row.first_seen.0 as u64)),
    (DeviceOrder::LastSeen, |row| number(row.last_seen.0 as u64)),
    (DeviceOrder::Id, |row| number(row.id.0)),
];

/// An address so that its text stands as it does.
fn octets(ip: &std::net::IpAddr) -> String {
    let octets = match ip {
        std::net::IpAddr::V4(ip) => ip.octets().to_vec(),
        std::net::IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    octets.iter().map(|octet| format!("{octet:03}")).collect()
}

/// How two rows stand to each other, as a list of rows would say it.
fn compare(key: Key, a: &DeviceRow, b: &DeviceRow, reversed: bool) -> std::cmp::Ordering {
    let (one, other) = (key(a), key(b));
    let said = one.is_none().cmp(&other.is_none());
    let ordering = match (one, other) {
        (Some((number, text, index, more)), Some((another, other, place, others))) => number
            .cmp(&another)
            .then_with(|| natural(&text, &other))
            .then(index.cmp(&place))
            .then_with(|| natural(&more, &others)),
        _ => std::cmp::Ordering::Equal,
    };
    said.then(if reversed { ordering.reverse() } else { ordering }).then(a.id.cmp(&b.id))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_row_comes_back_as_it_was_put(rows in devices()) {
        let mut index = index(&rows);
        for row in &rows {
            prop_assert_eq!(index.get(row.id), Some(row.clone()));
        }
        for row in rows.iter().step_by(2) {
            index.remove(row.id);
            prop_assert_eq!(index.get(row.id), None);
        }
        prop_assert_eq!(index.len(), rows.len() / 2);
    }

    #[test]
    fn filters_mean_the_same_of_rows_and_of_the_index(rows in devices(), words in words(), at in 0..ORDERS.len(), reversed: bool) {
        let (sites, filter) = (sites(), Filter::parse(&words).unwrap());
        let (order, key) = ORDERS[at];
        let mut passing: Vec<&DeviceRow> = rows.iter().filter(|row| filter.device(row, &sites, NOW)).collect();
        let all = passing.clone();
        passing.retain(|row| filter.asks_for_all() || group_of(row).is_some());
        passing.sort_by(|a, b| compare(key, a, b, reversed));
        let index = index(&rows);
        let scope = Scope { filter: &filter, sites: &sites, now: NOW, stop: &|| false };
        let expected: Vec<DeviceId> = passing.iter().map(|row| row.id).collect();
        prop_assert_eq!(index.devices(&scope, None, order, reversed), Some(expected), "{}", words);

        let sensitive = |row: &DeviceRow| {
            row.place.site.as_ref().and_then(|id| sites.get(id)).is_some_and(|site| site.sensitivity == Sensitivity::Sensitive)
        };
        let mut unclassified: Vec<&DeviceRow> = all
            .iter()
            .copied()
            .filter(|row| row.place.gone.is_none() && row.place.network.is_none())
            .filter(|row| group_of(row).is_some_and(|group| group != Group::NotIdentified))
            .collect();
        unclassified.sort_by_key(|row| (row.status, !sensitive(row), std::cmp::Reverse(row.place.since), row.id));
        let expected: Vec<DeviceId> = unclassified.iter().map(|row| row.id).collect();
        prop_assert_eq!(index.unclassified(&scope, None), Some(expected), "{}", words);
        unclassified.sort_by(|a, b| compare(key, a, b, reversed));
        let expected: Vec<DeviceId> = unclassified.iter().map(|row| row.id).collect();
        prop_assert_eq!(index.unclassified(&scope, Some((order, reversed))), Some(expected), "{}", words);
    }

    #[test]
    fn the_exposure_counts_the_same_and_each_of_its_rows_holds_what_it_counts(rows in devices(), words in words()) {
        let (sites, filter) = (sites(), Filter::parse(&words).unwrap());
        let waiting: BTreeMap<DeviceId, (usize, usize)> = (1..500).step_by(3).map(|id| (DeviceId(id), (1, 2))).collect();
        let passing: Vec<&DeviceRow> = rows.iter().filter(|row| filter.device(row, &sites, NOW)).collect();
        let snapshot = Snapshot { sites: sites.clone(), ..Snapshot::default() };
        let one = |row: &&DeviceRow| Tally::of(row, 1, waiting.get(&row.id).copied().unwrap_or_default());
        // Names and such that do not agree within a group are the first one's: not what is counted here.
        let numbers = |tallies: Vec<Tally>| {
            let mut exposure = snapshot.exposure(tallies, ExposureOrder::Name, false);
            exposure.rows.iter_mut().for_each(|row| row.name.clear());
            exposure.rows.sort_by(|a, b| a.key.cmp(&b.key));
            exposure
        };
        let index = index(&rows);
        let scope = Scope { filter: &filter, sites: &sites, now: NOW, stop: &|| false };
        let counted = numbers(index.tally(&scope, &waiting).unwrap());
        prop_assert_eq!(&counted, &numbers(passing.iter().map(one).collect()), "{}", words);
        for row in &counted.rows {
            let key: &ExposureKey = &row.key;
            let held: BTreeSet<DeviceId> = passing.iter().filter(|row| key.holds(row)).map(|row| row.id).collect();
            let found = index.devices(&scope, Some(&Part { row: key.clone(), at: None }), DeviceOrder::Mac, false).unwrap();
            prop_assert_eq!(found.len(), row.all);
            prop_assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), held);
            prop_assert_eq!(row.core + row.elsewhere.iter().sum::<usize>(), row.all);
            for (site, at) in &row.sites {
                let part = Part { row: key.clone(), at: Some(site.clone()) };
                let found = index.devices(&scope, Some(&part), DeviceOrder::Mac, false).unwrap();
                prop_assert_eq!(found.len(), at.devices);
            }
            let nowhere = Part { row: key.clone(), at: Some(Some("nowhere".into())) };
            prop_assert!(index.devices(&scope, Some(&nowhere), DeviceOrder::Mac, false).unwrap().is_empty());
        }
    }
}

#[test]
fn nobody_waits_for_an_answer_that_is_no_longer_wanted() {
    let index = index(&[device(1, 0)]);
    let (filter, sites) = (Filter::default(), sites());
    let scope = Scope { filter: &filter, sites: &sites, now: NOW, stop: &|| true };
    assert_eq!(index.devices(&scope, None, DeviceOrder::Mac, false), None);
    assert_eq!(index.tally(&scope, &BTreeMap::new()), None);
}
