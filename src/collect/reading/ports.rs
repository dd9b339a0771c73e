//! From the port of a forwarding row to an ifIndex.

use std::collections::BTreeMap;

use super::{Choice, Meaning as _, share};
use crate::net::MacAddr;
use crate::observation::Reading;

/// What a port number may mean, the usual meaning first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    /// A bridge port: dot1dBasePortIfIndex of it (RFC 4188).
    Base,
    /// The value of dot1dBasePort in a row that has another index.
    BaseValue,
    /// An ifIndex.
    IfIndex,
    /// A bridge port counted from one where dot1dBasePortTable counts from nought.
    BaseBefore,
    /// An ifIndex less 49152, where ifIndexes start.
    Offset,
    /// The tables that would tell were cut off, and nothing was learned before.
    Unknown,
}

/// Where ifIndexes start on switches that number their bridge ports from 1 and their interfaces from here.
const OFFSET: u32 = 49_152;

impl Meaning {
    const ALL: [Self; 5] = [Self::Base, Self::BaseValue, Self::IfIndex, Self::BaseBefore, Self::Offset];
}

impl super::Meaning for Meaning {
    fn word(self) -> &'static str {
        match self {
            Self::Base => "dot1dBasePortIfIndex",
            Self::BaseValue => "dot1dBasePort value",
            Self::IfIndex => "ifIndex",
            Self::BaseBefore => "dot1dBasePortIfIndex of the port before",
            Self::Offset => "ifIndex less 49152",
            Self::Unknown => "unknown",
        }
    }
}

/// An interface, as far as a reading looks at it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Interface {
    /// ifOperStatus is up; `None` where the device does not tell.
    pub(crate) up: Option<bool>,
    /// Its ifType can have a device behind it: a physical port, an aggregate, or nothing is known of it.
    pub(crate) carries: bool,
}

/// What the device says that bears on the meaning of a port number.
#[derive(Debug, Default)]
pub(crate) struct PortEvidence {
    /// All of it was seen whole. A table that was cut off speaks for readings that are not the device's.
    pub(crate) whole: bool,
    /// dot1dBasePortIfIndex, by index.
    pub(crate) base: BTreeMap<u32, u32>,
    /// The same by the value of dot1dBasePort.
    pub(crate) base_values: BTreeMap<u32, u32>,
    /// The interfaces there are.
    pub(crate) interfaces: BTreeMap<u32, Interface>,
    /// Members of aggregates, and their aggregate.
    pub(crate) aggregates: BTreeMap<u32, u32>,
    /// Addresses of neighbours, and the interface they are heard on: resolved by its name, so not by a bridge port.
    pub(crate) neighbours: Vec<(MacAddr, u32)>,
}

/// Distinct ports, rows or neighbours below which nothing is judged: with few, a wrong reading may fit by chance.
const FLOOR_PORTS: usize = 5;
const FLOOR_ROWS: usize = 10;
const FLOOR_NEIGHBOURS: usize = 3;
/// How much better another reading must fit before the usual one is given up.
const MARGIN: f64 = 0.15;

/// From the port of a forwarding row to an ifIndex.
#[derive(Debug)]
pub(crate) struct PortReading {
    evidence: PortEvidence,
    choice: Choice<Meaning>,
}

impl PortReading {
    /// Judges the meanings by the rows of a table, `(address, port)`. `before` is what was chosen at an earlier visit;
    /// it stands while there are too few rows to judge by.
    pub(crate) fn judge(evidence: PortEvidence, rows: &[(MacAddr, u32)], before: Option<&str>) -> Self {
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        for (_, port) in rows.iter().filter(|(_, port)| *port != 0) {
            *counts.entry(*port).or_default() += 1;
        }
        let total: usize = counts.values().sum();
        let heard = heard(&evidence, rows);
        let mut scored: Vec<(Meaning, f64, f64)> = Meaning::ALL
            .into_iter()
            .filter(|meaning| match meaning {
                Meaning::Base | Meaning::BaseBefore => !evidence.base.is_empty(),
                Meaning::BaseValue => evidence.base_values.keys().any(|value| !evidence.base.contains_key(value)),
                Meaning::IfIndex | Meaning::Offset | Meaning::Unknown => true,
            })
            .map(|meaning| {
                let (score, mapped) = evidence.score(meaning, &counts, total, &heard);
                (meaning, score, mapped)
            })
            .collect();
        let usual = scored.first().copied().unwrap_or((Meaning::IfIndex, 0.0, 0.0));
        // A stable sort: of two that fit equally the more usual one stays in front.
        scored.sort_by(|(_, one, _), (_, other, _)| other.total_cmp(one));
        let best = scored.first().copied().unwrap_or(usual);
        let enough = counts.len() >= FLOOR_PORTS
            || (heard.len() >= FLOOR_NEIGHBOURS && total >= FLOOR_ROWS)
            || (usual.2 == 0.0 && total >= FLOOR_ROWS);
        let judged = enough && evidence.whole;
        let remembered = scored.iter().find(|(meaning, ..)| Some(meaning.word()) == before && !judged).copied();
        let fits = best.1 - usual.1 >= MARGIN && best.2 >= 0.9;
        let (meaning, score, _) = match remembered {
            Some(remembered) => remembered,
            None if !evidence.whole => (Meaning::Unknown, 0.0, 0.0),
            None if judged && fits => best,
            None => usual,
        };
        let runner_up = scored.iter().find(|(other, ..)| *other != meaning).map(|(other, score, _)| (*other, *score));
        let remembered = remembered.is_some();
        Self { evidence, choice: Choice { meaning, score, runner_up, rows: total, judged, remembered } }
    }

    /// The interface of a port; `None`: nothing tells which it is.
    pub(crate) fn if_index(&self, port: u32) -> Option<u32> {
        let read = self.evidence.read(self.choice.meaning, port);
        // Beside bridge ports, the numbers above all of them: an aggregate's or the processor's own ifIndex.
        let above = || self.evidence.base.keys().next_back().is_some_and(|last| port > *last);
        let beside = self.choice.meaning == Meaning::Base && self.evidence.whole;
        let direct = || (beside && above() && self.evidence.exists(port)).then_some(port);
        read.or_else(direct)
    }

    /// What is to be remembered from now on.
    pub(crate) fn learned(&self) -> Option<String> {
        self.choice.learned()
    }

    /// For the visit; `None` where there was no row to read.
    pub(crate) fn reading(&self) -> Option<Reading> {
        self.choice.reading()
    }
}

/// Rows whose address is that of a neighbour: the port they are on, and the interface the neighbour is heard on.
fn heard(evidence: &PortEvidence, rows: &[(MacAddr, u32)]) -> Vec<(u32, u32)> {
    let known: BTreeMap<MacAddr, u32> = evidence.neighbours.iter().copied().collect();
    let row = |(mac, port): &(MacAddr, u32)| Some((*port, *known.get(mac)?));
    let mut heard: Vec<(u32, u32)> = rows.iter().filter(|(_, port)| *port != 0).filter_map(row).collect();
    heard.sort_unstable();
    heard.dedup();
    heard
}

impl PortEvidence {
    fn exists(&self, index: u32) -> bool {
        self.interfaces.contains_key(&index)
    }

    fn read(&self, meaning: Meaning, port: u32) -> Option<u32> {
        if port == 0 {
            return None;
        }
        let index = match meaning {
            Meaning::Base => self.base.get(&port).copied(),
            Meaning::BaseValue => self.base_values.get(&port).copied(),
            Meaning::IfIndex => self.exists(port).then_some(port),
            Meaning::BaseBefore => self.base.get(&(port - 1)).copied(),
            Meaning::Offset => port.checked_add(OFFSET).filter(|index| self.exists(*index)),
            Meaning::Unknown => None,
        };
        index.filter(|index| *index != 0)
    }

    fn aggregate(&self, index: u32) -> u32 {
        self.aggregates.get(&index).copied().unwrap_or(index)
    }

    /// How well a meaning fits, and the share of rows it maps at all. Half of the fit is by port and half by row: one
    /// uplink holds most rows of many switches, and each edge port only one.
    fn score(&self, meaning: Meaning, ports: &BTreeMap<u32, usize>, total: usize, heard: &[(u32, u32)]) -> (f64, f64) {
        let (mut mapped_rows, mut points, mut row_points) = (0, 0.0, 0.0);
        for (port, rows) in ports {
            let Some(index) = self.read(meaning, *port) else { continue };
            let fit = match self.interfaces.get(&index) {
                // The device has no such interface in any table: an empty place, but one the device names itself.
                None => 0.2,
                Some(Interface { carries: false, .. }) => 0.3,
                Some(Interface { up: Some(true), .. }) => 1.0,
                Some(Interface { up: None, .. }) => 0.8,
                // Addresses stay on a port for minutes after it went down, but not on most ports of a switch.
                Some(Interface { up: Some(false), .. }) => 0.4,
            };
            mapped_rows += rows;
            points += fit;
            row_points += fit * share(*rows, total);
        }
        let fit = 0.5 * points / f64::from(u32::try_from(ports.len().max(1)).unwrap_or(u32::MAX)) + 0.5 * row_points;
        let mapped = share(mapped_rows, total);
        if heard.is_empty() {
            return (fit, mapped);
        }
        let agrees = |(port, index): &&(u32, u32)| {
            self.read(meaning, *port).is_some_and(|read| self.aggregate(read) == self.aggregate(*index))
        };
        let agreement = share(heard.iter().filter(agrees).count(), heard.len());
        (0.5 * fit + 0.5 * agreement, mapped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac(last: u32) -> MacAddr {
        let [_, _, high, low] = last.to_be_bytes();
        MacAddr([0x44, 0x19, 0xb6, 0, high, low])
    }

    fn up(indexes: impl IntoIterator<Item = u32>) -> BTreeMap<u32, Interface> {
        indexes.into_iter().map(|index| (index, Interface { up: Some(true), carries: true })).collect()
    }

    /// One row a port.
    fn rows(ports: impl IntoIterator<Item = u32>) -> Vec<(MacAddr, u32)> {
        ports.into_iter().zip(0..).map(|(port, number)| (mac(number), port)).collect()
    }

    fn chosen(evidence: PortEvidence, rows: &[(MacAddr, u32)], ports: &[u32]) -> (String, Vec<Option<u32>>) {
        let reading = PortReading::judge(evidence, rows, None);
        (reading.reading().unwrap().chosen, ports.iter().map(|port| reading.if_index(*port)).collect())
    }

    #[test]
    fn the_base_table_is_used_where_it_fits() {
        let base: BTreeMap<u32, u32> = (1..=8).map(|port| (port, 10_000 + port)).collect();
        let evidence = PortEvidence { whole: true, base, interfaces: up(10_001..=10_008), ..PortEvidence::default() };
        let (word, read) = chosen(evidence, &rows(1..=8), &[0, 1, 8, 9]);
        assert_eq!((word.as_str(), read), ("dot1dBasePortIfIndex", vec![None, Some(10_001), Some(10_008), None]));
    }

    #[test]
    fn numbers_that_are_interfaces_in_spite_of_a_base_table_are_found_by_what_is_up() {
        // Bridge ports 21.. stand for interfaces in another order; the rows have the interfaces themselves.
        let base = [(21, 10), (22, 8), (23, 17), (9, 30), (10, 31), (11, 32), (12, 33)].into();
        let mut interfaces = up([9, 10, 11, 12, 17, 18, 21, 22]);
        interfaces.insert(8, Interface { up: Some(false), carries: true });
        let evidence = PortEvidence { whole: true, base, interfaces, ..PortEvidence::default() };
        let (word, read) = chosen(evidence, &rows([22, 21, 18, 17, 12, 11, 10, 9]), &[22, 21]);
        assert_eq!((word.as_str(), read), ("ifIndex", vec![Some(22), Some(21)]));
    }

    #[test]
    fn neighbours_decide_where_everything_is_up() {
        // Counted from nought: both readings map every row to a port that is up, and one is a port off.
        let base: BTreeMap<u32, u32> = (0..48).map(|port| (port, port + 1)).collect();
        let table = rows(1..=40);
        let neighbours = table.iter().take(4).map(|(mac, port)| (*mac, *port)).collect();
        let evidence =
            PortEvidence { whole: true, base, interfaces: up(1..=48), neighbours, ..PortEvidence::default() };
        let (_, read) = chosen(evidence, &table, &[1, 40]);
        assert_eq!(read, [Some(1), Some(40)]);
    }

    #[test]
    fn a_port_of_an_aggregate_agrees_with_a_neighbour_on_its_member() {
        let base: BTreeMap<u32, u32> = [(1, 101), (2, 102), (3, 103), (50, 1000)].into();
        let table: Vec<_> = (0..12).map(|number| (mac(number), 50)).collect();
        let neighbours = (0..4).map(|number| (mac(number), 101)).collect();
        let aggregates = [(101, 1000)].into();
        let interfaces = up([50, 101, 102, 103, 1000]);
        let evidence =
            PortEvidence { whole: true, base, interfaces, aggregates, neighbours, ..PortEvidence::default() };
        assert_eq!(chosen(evidence, &table, &[50]).1, [Some(1000)]);
    }

    #[test]
    fn the_port_before_the_value_and_the_offset_are_found_when_nothing_else_maps() {
        let base = [(553, 9000), (953, 9001), (955, 9002)].into();
        let evidence = PortEvidence { whole: true, base, interfaces: up(9000..9003), ..PortEvidence::default() };
        let (word, read) = chosen(evidence, &rows([554, 954, 956, 554, 954, 956, 554, 554, 554, 554]), &[554, 553]);
        assert_eq!((word.as_str(), read[0]), ("dot1dBasePortIfIndex of the port before", Some(9000)));

        let base: BTreeMap<u32, u32> = (1..=4).map(|port| (port, port)).chain([(55, 55)]).collect();
        let base_values = (1..=4).map(|port| (port, port)).chain([(32_768, 55)]).collect();
        let interfaces = up([1, 2, 3, 4, 55]);
        let evidence = PortEvidence { whole: true, base, base_values, interfaces, ..PortEvidence::default() };
        let (word, read) = chosen(evidence, &rows([1, 2, 3, 4, 32_768, 32_768, 32_768]), &[4, 32_768]);
        assert_eq!((word.as_str(), read), ("dot1dBasePort value", vec![Some(4), Some(55)]));

        let base = (49_153..=49_170).map(|port| (port, port)).collect();
        let evidence = PortEvidence { whole: true, base, interfaces: up(49_153..=49_170), ..PortEvidence::default() };
        let (word, read) = chosen(evidence, &rows(1..=12), &[12, 30]);
        assert_eq!((word.as_str(), read), ("ifIndex less 49152", vec![Some(49_164), None]));
    }

    #[test]
    fn with_few_rows_the_usual_reading_or_the_one_learned_before_stands() {
        let base: BTreeMap<u32, u32> = [(4097, 513), (4102, 530), (4104, 512)].into();
        let few = rows([4104, 4102, 4105]);
        let evidence = || PortEvidence {
            whole: true,
            base: base.clone(),
            interfaces: up([512, 513, 530]),
            ..PortEvidence::default()
        };
        let reading = PortReading::judge(evidence(), &few, None);
        assert_eq!([4104, 4102, 4105].map(|port| reading.if_index(port)), [Some(512), Some(530), None]);
        assert_eq!(reading.learned(), None, "too little to remember");
        let again = PortReading::judge(evidence(), &few, Some("ifIndex"));
        assert_eq!(again.if_index(4104), None);
        assert_eq!(again.reading().unwrap().chosen, "ifIndex");
        assert_eq!(PortReading::judge(evidence(), &[], None).reading(), None);
    }

    #[test]
    fn a_number_above_all_bridge_ports_may_be_an_interface_and_one_among_them_never() {
        let base: BTreeMap<u32, u32> = [(1, 1), (2, 2), (4, 4)].into();
        let evidence =
            PortEvidence { whole: true, base, interfaces: up([1, 2, 3, 4, 8193]), ..PortEvidence::default() };
        let reading = PortReading::judge(evidence, &rows([1, 2, 8193]), None);
        assert_eq!([3, 8193, 8194].map(|port| reading.if_index(port)), [None, Some(8193), None]);
    }

    #[test]
    fn tables_that_were_cut_off_speak_for_no_reading() {
        // Of a base table only the first rows came: the numbers of the rest happen to be interfaces.
        let base: BTreeMap<u32, u32> = (1..=4).map(|port| (port, 100 + port)).collect();
        let evidence = || PortEvidence { base: base.clone(), interfaces: up(1..=148), ..PortEvidence::default() };
        let first = PortReading::judge(evidence(), &rows(1..=48), None);
        assert_eq!([2, 40].map(|port| first.if_index(port)), [None, None]);
        assert_eq!((first.learned(), first.reading().unwrap().chosen.as_str()), (None, "unknown"));
        let later = PortReading::judge(evidence(), &rows(1..=48), Some("dot1dBasePortIfIndex"));
        assert_eq!([2, 40].map(|port| later.if_index(port)), [Some(102), None]);
    }

    #[test]
    fn an_interface_that_can_carry_nothing_speaks_for_no_reading() {
        // 1 and 2 are a loopback and a processor port that are up; the bridge's ports are elsewhere.
        let base: BTreeMap<u32, u32> = (1..=8).map(|port| (port, 1_000_000 + port)).collect();
        let mut interfaces = up(1_000_001..=1_000_008);
        for index in 1..=8 {
            interfaces.insert(index, Interface { up: Some(true), carries: false });
        }
        let evidence = PortEvidence { whole: true, base, interfaces, ..PortEvidence::default() };
        assert_eq!(chosen(evidence, &rows(1..=8), &[1]).1, [Some(1_000_001)]);
    }
}
