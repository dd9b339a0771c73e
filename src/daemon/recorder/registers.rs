//! The recorder's part in house rules and registers: who is listed, what a rule says now, what ends by the clock.

use std::collections::{BTreeMap, BTreeSet};

use super::coverage::MOST_NAMED;
use super::{Draft, Recorder};
use crate::inventory::{Delta, Device, Sighting};
use crate::net::{DeviceId, RuleId, SiteId, Timestamp};
use crate::policy::{HOUSE, Violation};
use crate::review::{FindingState, Measure, judge_entry};
use crate::snapshot::{Gap, RegisterLooked};

impl Recorder {
    /// Looks up in the registers what changed. Returns the entries that have another answer now; the devices that have
    /// one are put to those that are judged.
    pub(super) fn look_up(&mut self, delta: &Delta, judged: &mut BTreeSet<DeviceId>) -> BTreeSet<usize> {
        let mut entries = BTreeSet::new();
        let gone = delta.merged.iter().map(|merge| merge.from).chain(delta.retired.iter().copied());
        for id in gone.chain(judged.clone()) {
            let touched = self.registers.look(id, self.inventory.device(id));
            entries.extend(touched.entries);
            judged.extend(touched.devices);
        }
        entries
    }

    /// Every rule a device breaks, of the packs and of the house.
    pub(super) fn broken(&self, device: &Device, at: Timestamp) -> Vec<Violation> {
        let by = Measure {
            policies: &self.policies,
            house: &self.house,
            registers: &self.registers,
            estate: &self.estate,
            catalogue: &self.catalogue,
        };
        by.judge(device, &self.inventory, at)
    }

    /// Judges entries, and puts what that changed into the draft.
    pub(super) fn judge_entries(&mut self, entries: impl IntoIterator<Item = usize>, draft: &mut Draft) {
        let at = draft.batch.at;
        for number in entries {
            draft.findings.extend(judge_entry(&mut self.ledger, &self.house, &self.registers, number, at));
        }
    }

    /// What is new no longer: those findings end with the clock, not with an observation.
    pub(super) fn end_what_is_new(&mut self, draft: &mut Draft) {
        let at = draft.batch.at;
        let rule = RuleId::from("new-device");
        let is_over = |device: &Device| {
            let within = self.config.house.new_device_within;
            device.appeared.is_none_or(|appeared| at.since(appeared) >= within)
        };
        let over: Vec<DeviceId> = (self.ledger.findings())
            .filter(|finding| finding.state != FindingState::Closed)
            .filter(|finding| finding.policy.as_str() == HOUSE && finding.rule == rule)
            .filter_map(|finding| self.inventory.device(finding.subject.device()?))
            .filter(|device| is_over(device))
            .map(|device| device.id)
            .collect();
        self.judge(Delta::default(), &over, draft);
    }

    /// What registers say of each site, and what of that was seen.
    pub(super) fn registers_looked(&self) -> BTreeMap<SiteId, RegisterLooked> {
        let mut sites: BTreeMap<SiteId, RegisterLooked> = BTreeMap::new();
        for register in self.registers.registers() {
            for site in &register.sites {
                let looked = sites
                    .entry(site.clone())
                    .or_insert_with(|| RegisterLooked { changed: register.changed, ..RegisterLooked::default() });
                looked.changed = looked.changed.min(register.changed);
            }
            for fault in &register.faults {
                let Some(looked) = fault.lost.as_ref().and_then(|site| sites.get_mut(site)) else { continue };
                looked.miss(Gap {
                    what: format!("line {} of register {}", fault.line, register.name),
                    why: fault.what.clone(),
                    mend: "mend the row".to_owned(),
                });
            }
        }
        for (site, entries) in self.registers.by_site() {
            let Some(looked) = sites.get_mut(site) else { continue };
            for number in entries {
                let Some((register, entry)) = self.registers.entry(number) else { continue };
                let what = if entry.what.is_empty() { String::new() } else { format!(" ({})", entry.what) };
                let what = format!("{}{what}, line {} of register {}", entry.id.key, entry.line, register.name);
                let (why, mend) = match self.registers.sighting(number) {
                    Sighting::Seen(..) => {
                        looked.listed += 1;
                        looked.found += 1;
                        continue;
                    }
                    Sighting::Never => {
                        ("never seen".to_owned(), "is it plugged in, and is looked at where it should be?")
                    }
                    Sighting::Ambiguous(devices, by) => {
                        let devices: Vec<String> = devices.iter().map(ToString::to_string).collect();
                        let of = if devices.len() == 1 { "device" } else { "devices" };
                        (
                            format!(
                                "by its {} it may be {of} {}, or another entry is as well",
                                by.words(),
                                devices.join(", ")
                            ),
                            "write its MAC address or serial number into the register",
                        )
                    }
                };
                looked.miss(Gap { what, why, mend: mend.to_owned() });
            }
        }
        sites
    }
}

impl RegisterLooked {
    fn miss(&mut self, gap: Gap) {
        self.listed += 1;
        if self.missing.len() < MOST_NAMED {
            self.missing.push(gap);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio::sync::mpsc;

    use super::super::Work;
    use super::*;
    use crate::config;
    use crate::config::register::Register;
    use crate::daemon::InForce;
    use crate::maker::Catalogue;
    use crate::net::{MacAddr, VlanId};
    use crate::observation::{
        Collection, Completeness, FdbRow, FdbStatus, OperStatus, Port, Reach, SwitchVisit, Table, TableState,
    };
    use crate::policy::Policies;
    use crate::store::{Batch, Reader, Writer};

    const CONFIGURATION: &str = "
        [[site]]
        id = 'hq'
        sensitivity = 'standard'
        [[credential]]
        id = 'c'
        kind = 'snmp-v2c'
        community = 'x'
        [[switch]]
        name = 'sw1'
        address = '10.1.0.2'
        site = 'hq'
        credential = 'c'
        [[register]]
        name = 'estates'
        file = 'r.csv'
        site = 'hq'
        [house-rules]
        unclassified-network = 'off'
        unknown-maker = 'off'
    ";

    fn in_force(register: &str) -> InForce {
        let config = config::parse(CONFIGURATION, Path::new("/nowhere/config.toml")).unwrap();
        let registers: Vec<Register> = (config.registers.iter())
            .map(|plan| plan.read(register.as_bytes(), Timestamp(7), &config.sites).unwrap())
            .collect();
        InForce { config, policies: Policies::default(), catalogue: Catalogue::shipped(), registers }
    }

    /// Hikvision's own cameras, as a switch's table shows them.
    fn visit(at: Timestamp, cameras: &[u8]) -> Collection {
        let mut visit = SwitchVisit::new("sw1".into(), "10.1.0.2:161".parse().unwrap(), "hq".into(), at);
        visit.reach = Reach::Answered;
        for table in [Table::Interfaces, Table::Dot1qFdb] {
            let whole = TableState { completeness: Completeness::Complete, rows: 1, note: None };
            visit.tables.insert(table, whole);
        }
        let port =
            |number: u32| Port { name: number.to_string().as_str().into(), oper: OperStatus::Up, ..Port::new(number) };
        visit.ports = (1..=8).map(port).collect();
        let row = |number: &u8| FdbRow {
            mac: MacAddr([0x44, 0x19, 0xb6, 0, 0, *number]),
            vlan: VlanId::new(10),
            if_index: Some(u32::from(*number)),
            bridge_port: u32::from(*number),
            status: FdbStatus::Learned,
            table: Table::Dot1qFdb,
        };
        visit.fdb = cameras.iter().map(row).collect();
        Collection::Switch(visit)
    }

    fn open(recorder: &Recorder) -> Vec<String> {
        let open = recorder.ledger.findings().filter(|finding| finding.state != FindingState::Closed);
        let mut open: Vec<String> = open
            .map(|finding| match (finding.subject.entry(), finding.subject.device()) {
                (Some(entry), _) => format!("{} {}", finding.rule, entry.key),
                (_, device) => format!("{} {}", finding.rule, device.map_or(0, |id| id.0)),
            })
            .collect();
        open.sort();
        open
    }

    /// What is new ends, at this time.
    fn end(recorder: &mut Recorder, at: Timestamp) {
        let mut draft = Draft { batch: Batch { at, ..Batch::default() }, ..Draft::default() };
        recorder.end_what_is_new(&mut draft);
    }

    const BOTH: &str = "name,mac\none,44:19:b6:00:00:01\ntwo,44:19:b6:00:00:02\n";

    #[test]
    fn registers_and_the_clock_open_and_close_findings_as_the_recorder_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l.db");
        let start = || {
            let (leads, _) = mpsc::channel(9);
            Recorder::start(Writer::open(&path).unwrap(), in_force(BOTH), "here".to_owned(), leads).unwrap()
        };
        let mut recorder = start();
        assert_eq!(open(&recorder), ["never-seen 44:19:b6:00:00:01", "never-seen 44:19:b6:00:00:02"]);
        let now = Timestamp::now();
        let see = |recorder: &mut Recorder, cameras: &[u8]| {
            recorder.work(Work { visits: vec![visit(now, cameras)], ..Work::default() });
        };
        see(&mut recorder, &[1]);
        assert_eq!(open(&recorder), ["never-seen 44:19:b6:00:00:02"], "the first look makes nothing new");
        see(&mut recorder, &[1, 3]);
        assert_eq!(open(&recorder), ["never-seen 44:19:b6:00:00:02", "new-device 2", "not-in-register 2"]);
        recorder.count_looked(now, true);
        let looked = recorder.registers_looked().remove("hq").unwrap();
        assert_eq!((looked.listed, looked.found, looked.changed, looked.missing.len()), (2, 1, Timestamp(7), 1));
        // The same file again, and a restart, say nothing new.
        let before: Vec<_> = recorder.ledger.findings().cloned().collect();
        let batch = recorder.configure(in_force(BOTH), false);
        assert!(batch.findings.is_empty(), "{:?}", batch.findings);
        drop(recorder);
        let mut recorder = start();
        assert_eq!(recorder.ledger.findings().cloned().collect::<Vec<_>>(), before);
        let mut reader = Reader::open(&path).unwrap();
        let site = reader.snapshot().unwrap().looked.sites.remove("hq").unwrap();
        assert_eq!(site.register, Some(looked));
        // An entry that is taken out has no finding.
        let batch = recorder.configure(in_force("name,mac\none,44:19:b6:00:00:01\n"), false);
        recorder.commit_until_it_holds(&batch);
        assert_eq!(open(&recorder), ["new-device 2", "not-in-register 2"]);
        // The clock alone ends what is new.
        end(&mut recorder, now);
        assert_eq!(open(&recorder).len(), 2);
        end(&mut recorder, now.plus(std::time::Duration::from_secs(31 * 86_400)));
        assert_eq!(open(&recorder), ["not-in-register 2"]);
    }
}
