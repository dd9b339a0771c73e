//! From an FDB id to a VLAN.

use std::collections::{BTreeMap, BTreeSet};

use super::{Choice, Meaning as _, share};
use crate::net::VlanId;
use crate::observation::Reading;

/// What an FDB id may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    /// dot1qVlanFdbId has it (RFC 4363).
    Table,
    /// It is the VLAN.
    Identity,
    /// It is Junos' internal number of a VLAN in its upper half, or jnxL2aldVlanFdbId has it.
    Internal,
    /// Nothing tells.
    Unknowable,
}

impl Meaning {
    const READ: [Self; 3] = [Self::Table, Self::Internal, Self::Identity];
}

impl super::Meaning for Meaning {
    fn word(self) -> &'static str {
        match self {
            Self::Table => "dot1qVlanFdbId",
            Self::Identity => "the id is the VLAN",
            Self::Internal => "jnxL2aldVlanTag of the id >> 16",
            Self::Unknowable => "unknowable",
        }
    }
}

/// What the device says that bears on the meaning of an FDB id.
#[derive(Debug, Default)]
pub(crate) struct VlanEvidence {
    /// All of it was seen whole. A table that was cut off speaks for readings that are not the device's.
    pub(crate) whole: bool,
    /// Rows of dot1qVlanFdbId: FDB id to the VLANs that have it.
    pub(crate) table: BTreeMap<u32, BTreeSet<VlanId>>,
    /// FDB ids of Junos, as its own tables tag them.
    pub(crate) internal: BTreeMap<u32, VlanId>,
    /// VLANs the device lists anywhere.
    pub(crate) known: BTreeSet<VlanId>,
    /// dot1qPvid, by ifIndex.
    pub(crate) pvid: BTreeMap<u32, VlanId>,
}

/// Rows and ports below which nothing is judged.
const FLOOR_ROWS: usize = 5;
const FLOOR_PORTS: usize = 3;

/// From an FDB id to a VLAN.
#[derive(Debug)]
pub(crate) struct VlanReading {
    evidence: VlanEvidence,
    choice: Choice<Meaning>,
}

impl VlanReading {
    /// Judges the meanings by the rows of a table, `(FDB id, interface)`. `before` is what was chosen at an earlier
    /// visit; it stands while there are too few rows to judge by.
    pub(crate) fn judge(evidence: VlanEvidence, rows: &[(u32, Option<u32>)], before: Option<&str>) -> Self {
        let mut ids: BTreeMap<u32, usize> = BTreeMap::new();
        let mut on_port: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for (id, index) in rows {
            *ids.entry(*id).or_default() += 1;
            if let Some(index) = index {
                on_port.entry(*index).or_default().insert(*id);
            }
        }
        // Ports with one id only are mostly access ports, and their PVID is then the VLAN of that id.
        let single: Vec<(u32, VlanId)> = on_port
            .iter()
            .filter_map(|(index, ids)| Some((*ids.first().filter(|_| ids.len() == 1)?, *evidence.pvid.get(index)?)))
            .collect();
        let facts = |meaning| evidence.facts(meaning, &ids, rows.len(), &single);
        let table = facts(Meaning::Table);
        let identity = facts(Meaning::Identity);
        let internal = facts(Meaning::Internal);
        let judged = rows.len() >= FLOOR_ROWS && evidence.whole;

        // An id the table gives to several VLANs contradicts no port that is in one of them.
        let against = |(id, pvid): &&(u32, VlanId)| evidence.table.get(id).is_some_and(|vlans| !vlans.contains(pvid));
        let contradicted = share(single.iter().filter(against).count(), single.len());
        let disproved = single.len() >= FLOOR_PORTS && contradicted >= 0.5 && identity.agreement >= 0.5;
        // Id 1 for everything is what agents say that do not know: true only if the ports' own VLANs bear it out.
        let one_id = ids.len() == 1 && ids.keys().all(|id| *id <= 1);
        let blind = |facts: &Facts| {
            let contradicted = single.len() >= FLOOR_PORTS && facts.agreement < 0.5;
            one_id && (contradicted || (single.is_empty() && evidence.known.len() > 1))
        };
        let meaning = if !evidence.whole {
            Meaning::Unknowable
        } else if !evidence.internal.is_empty() && internal.mapped >= 0.9 {
            Meaning::Internal
        } else if table.covered >= 0.9 && !disproved {
            // Shared ids stay unknown: the table says itself that they are several VLANs.
            if blind(&table) { Meaning::Unknowable } else { Meaning::Table }
        } else if identity.mapped > 0.0 && !blind(&identity) {
            Meaning::Identity
        } else {
            Meaning::Unknowable
        };
        let all = [Meaning::Table, Meaning::Identity, Meaning::Internal, Meaning::Unknowable];
        let remembered = all.into_iter().find(|meaning| Some(meaning.word()) == before && !judged);
        let meaning = remembered.unwrap_or(meaning);
        let score = facts(meaning).score;
        let runner_up = Meaning::READ
            .into_iter()
            .filter(|other| *other != meaning)
            .map(|other| (other, facts(other).score))
            .filter(|(_, score)| *score > 0.0)
            .max_by(|(_, one), (_, other)| one.total_cmp(other));
        let remembered = remembered.is_some();
        Self { evidence, choice: Choice { meaning, score, runner_up, rows: rows.len(), judged, remembered } }
    }

    /// The VLAN of an FDB id; `None`: the device does not tell.
    pub(crate) fn vlan(&self, id: u32) -> Option<VlanId> {
        self.evidence.read(self.choice.meaning, id)
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

/// How well a meaning fits.
struct Facts {
    /// Share of rows whose id it has an answer for, if only that the id is shared.
    covered: f64,
    /// Share of rows it gives a VLAN for.
    mapped: f64,
    /// Share of single-VLAN ports whose PVID it agrees with.
    agreement: f64,
    /// All of it.
    score: f64,
}

impl VlanEvidence {
    fn read(&self, meaning: Meaning, id: u32) -> Option<VlanId> {
        match meaning {
            Meaning::Table => match self.table.get(&id) {
                Some(vlans) => vlans.first().filter(|_| vlans.len() == 1).copied(),
                // An id the table lacks is a VLAN only if the device lists that VLAN.
                None => VlanId::new(id).filter(|vlan| self.known.contains(vlan)),
            },
            Meaning::Identity => VlanId::new(id),
            Meaning::Internal => self.internal.get(&id).copied(),
            Meaning::Unknowable => None,
        }
    }

    fn facts(&self, meaning: Meaning, ids: &BTreeMap<u32, usize>, rows: usize, single: &[(u32, VlanId)]) -> Facts {
        let of = |fits: &dyn Fn(u32) -> bool| {
            share(ids.iter().filter(|(id, _)| fits(**id)).map(|(_, rows)| rows).sum(), rows)
        };
        let mapped = of(&|id| self.read(meaning, id).is_some());
        let covered = match meaning {
            Meaning::Table => of(&|id| self.table.contains_key(&id)),
            _ => mapped,
        };
        let listed = of(&|id| self.read(meaning, id).is_some_and(|vlan| self.known.contains(&vlan)));
        let agrees = |(id, pvid): &&(u32, VlanId)| self.read(meaning, *id) == Some(*pvid);
        let agreement = share(single.iter().filter(agrees).count(), single.len());
        let listed = if self.known.is_empty() { mapped } else { listed };
        let score = if single.is_empty() { listed } else { 0.5 * listed + 0.5 * agreement };
        Facts { covered, mapped, agreement, score }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vlan(number: u32) -> VlanId {
        VlanId::new(number).unwrap()
    }

    fn set(numbers: &[u32]) -> BTreeSet<VlanId> {
        numbers.iter().map(|number| vlan(*number)).collect()
    }

    fn table(rows: &[(u32, u32)]) -> BTreeMap<u32, BTreeSet<VlanId>> {
        let mut table: BTreeMap<u32, BTreeSet<VlanId>> = BTreeMap::new();
        for (number, id) in rows {
            table.entry(*id).or_default().insert(vlan(*number));
        }
        table
    }

    fn pvid(rows: &[(u32, u32)]) -> BTreeMap<u32, VlanId> {
        rows.iter().map(|(index, number)| (*index, vlan(*number))).collect()
    }

    fn chosen(evidence: VlanEvidence, rows: &[(u32, Option<u32>)], ids: &[u32]) -> (String, Vec<Option<u16>>) {
        let reading = VlanReading::judge(evidence, rows, None);
        let word = reading.reading().unwrap().chosen;
        (word, ids.iter().map(|id| reading.vlan(*id).map(VlanId::get)).collect())
    }

    #[test]
    fn ids_of_the_table_are_read_by_it_and_shared_ones_are_unknown() {
        let evidence = || VlanEvidence {
            whole: true,
            table: table(&[(10, 1), (20, 2), (30, 2)]),
            known: set(&[10, 20, 30, 40]),
            ..VlanEvidence::default()
        };
        let rows: Vec<_> = (0..20).map(|row| (1 + row % 2, Some(row))).collect();
        let (word, read) = chosen(evidence(), &rows, &[1, 2, 40, 50]);
        assert_eq!((word.as_str(), read), ("dot1qVlanFdbId", vec![Some(10), None, Some(40), None]));
    }

    #[test]
    fn a_table_that_the_ports_own_vlans_disprove_is_not_believed() {
        // The rows are indexed by VLAN although the table numbers the VLANs otherwise.
        let evidence = VlanEvidence {
            whole: true,
            table: table(&[(10, 20), (20, 30), (30, 10)]),
            known: set(&[10, 20, 30]),
            pvid: pvid(&[(1, 10), (2, 20), (3, 30)]),
            ..VlanEvidence::default()
        };
        let rows = [(10, Some(1)), (20, Some(2)), (30, Some(3)), (10, Some(9)), (20, Some(9))];
        let (word, read) = chosen(evidence, &rows, &[10, 30]);
        assert_eq!((word.as_str(), read), ("the id is the VLAN", vec![Some(10), Some(30)]));
    }

    #[test]
    fn without_a_table_the_id_is_the_vlan_unless_it_is_always_the_same() {
        let known = || set(&[1, 10, 20]);
        let rows = [(10, Some(1)), (20, Some(2)), (10, Some(3)), (20, None), (30, None)];
        let evidence = VlanEvidence { whole: true, known: known(), ..VlanEvidence::default() };
        assert_eq!(chosen(evidence, &rows, &[10, 30, 5000]).1, [Some(10), Some(30), None]);

        let blind: Vec<_> = (1..=9).map(|index| (1, Some(index))).collect();
        let ports: Vec<_> = (1..=9).map(|index| (index, if index == 1 { 1 } else { 20 })).collect();
        let evidence = VlanEvidence { whole: true, known: known(), pvid: pvid(&ports), ..VlanEvidence::default() };
        assert_eq!(chosen(evidence, &blind, &[1]), ("unknowable".into(), vec![None]));
        let evidence = VlanEvidence { whole: true, known: known(), ..VlanEvidence::default() };
        assert_eq!(chosen(evidence, &blind, &[1]).1, [None], "no port tells, and there are other VLANs");
        let shared = VlanEvidence {
            whole: true,
            table: table(&[(1, 1), (508, 1)]),
            known: set(&[1, 508]),
            pvid: pvid(&ports),
            ..VlanEvidence::default()
        };
        assert_eq!(chosen(shared, &blind, &[1]).1, [None]);

        // All VLANs share one id, and every port has the VLAN of that number untagged: still nothing is told.
        let ports: Vec<_> = (1..=9).map(|index| (index, 1)).collect();
        let shared = VlanEvidence {
            whole: true,
            table: table(&[(1, 1), (507, 1), (508, 1)]),
            known: set(&[1, 507, 508]),
            pvid: pvid(&ports),
            ..VlanEvidence::default()
        };
        assert_eq!(chosen(shared, &blind, &[1]).1, [None]);

        // A switch that really has one VLAN says so twice.
        let ports: Vec<_> = (1..=9).map(|index| (index, 1)).collect();
        let evidence = VlanEvidence { whole: true, known: known(), pvid: pvid(&ports), ..VlanEvidence::default() };
        assert_eq!(chosen(evidence, &blind, &[1]).1, [Some(1)]);
    }

    #[test]
    fn tables_that_were_cut_off_speak_for_no_reading() {
        // The table of ids is missing: read as VLANs, they would be the wrong ones.
        let evidence = || VlanEvidence { known: set(&[1, 2, 10, 20]), ..VlanEvidence::default() };
        let rows: Vec<_> = (0..20).map(|row| (1 + row % 2, Some(row))).collect();
        assert_eq!(chosen(evidence(), &rows, &[1, 2]), ("unknowable".into(), vec![None, None]));
        let later = VlanReading::judge(evidence(), &rows, Some("the id is the VLAN"));
        assert_eq!((later.vlan(2), later.learned()), (Some(vlan(2)), None));
    }

    #[test]
    fn internal_numbers_are_read_by_their_own_table() {
        let internal = [(5 << 16, vlan(4002)), (8 << 16, vlan(3856))].into();
        let evidence = VlanEvidence { whole: true, internal, known: set(&[3856, 4002]), ..VlanEvidence::default() };
        let rows = [(5 << 16, None), (8 << 16, Some(512))];
        let (word, read) = chosen(evidence, &rows, &[5 << 16, 8 << 16, 9 << 16]);
        assert_eq!((word.contains(">> 16"), read), (true, vec![Some(4002), Some(3856), None]));
    }

    #[test]
    fn with_few_rows_the_reading_learned_before_stands() {
        let evidence = || VlanEvidence { whole: true, known: set(&[1, 20]), ..VlanEvidence::default() };
        let reading = VlanReading::judge(evidence(), &[(20, Some(1)), (1, Some(2))], Some("unknowable"));
        assert_eq!((reading.vlan(20), reading.learned()), (None, None));
        assert_eq!(VlanReading::judge(evidence(), &[], None).reading(), None);
    }
}
