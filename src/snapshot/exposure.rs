//! Exposure: whose equipment is where, by the sensitivity of the site.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::sort::natural;
use super::{AtSite, DeviceRow, Snapshot};
use crate::config::{NetworkKind, Sensitivity};
use crate::maker::{Class, Surveillance, Verdict};
use crate::net::{DeviceId, FindingId, MakerId, NetworkId, SiteId};
use crate::policy::Status;
use crate::review::FindingState;

/// What a device is counted under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// A maker that is believed.
    Maker(MakerId),
    /// Surveillance equipment, or what may be, whose maker nothing tells.
    UnknownMaker,
    /// Nothing tells what it is: neither maker nor class. It may be a camera as well as a printer.
    NotIdentified,
}

/// A row of the exposure table: a group, or the part of it that is sold under one other brand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExposureKey {
    /// The maker.
    pub group: Group,
    /// Only what bears this name; `None`: the whole group.
    pub brand: Option<String>,
}

/// One row's numbers. Devices that are gone are not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExposureRow {
    /// What is counted.
    pub key: ExposureKey,
    /// The maker's name, or what stands in its place.
    pub name: String,
    /// The gravest count word of its devices.
    pub status: Status,
    /// Devices.
    pub all: usize,
    /// At sensitive sites.
    pub sensitive: usize,
    /// At standard sites.
    pub standard: usize,
    /// On core networks.
    pub core: usize,
    /// On networks for surveillance equipment, on others, on such that are not classified.
    pub elsewhere: [usize; 3],
    /// Findings that wait for a decision.
    pub open: usize,
    /// Findings past their time.
    pub overdue: usize,
    /// The same at each site; `None`: the site is not known.
    pub sites: BTreeMap<Option<SiteId>, AtSite>,
    /// Devices whose maker is confirmed, suspected, unknown.
    pub verdicts: [usize; 3],
}

/// The exposure of the estate, or of the part that a filter lets through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exposure {
    /// Groups, each followed by its brands.
    pub rows: Vec<ExposureRow>,
    /// Restricted devices.
    pub restricted: usize,
    /// Suspected.
    pub suspected: usize,
    /// Unknown, among what is or may be surveillance equipment.
    pub unknown: usize,
    /// Not restricted, among what is or may be surveillance equipment.
    pub not_restricted: usize,
    /// Devices of which nothing is known.
    pub not_identified: usize,
    /// Devices that are no longer where they were; not counted above.
    pub gone: usize,
}

/// What rows can be sorted by. Brands stay with their group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExposureOrder {
    /// Restricted makers first, then by how many devices.
    #[default]
    #[serde(rename = "status")]
    Gravity,
    /// By name.
    #[serde(rename = "maker")]
    Name,
    /// Devices.
    All,
    /// At sensitive sites.
    Sensitive,
    /// At standard sites.
    Standard,
    /// At sites that are not described.
    Elsewhere,
    /// On core networks.
    Core,
    /// On networks for surveillance equipment.
    Surveillance,
    /// On other networks.
    Other,
    /// On networks that are not classified.
    Unclassified,
    /// Open findings.
    Open,
    /// Overdue findings.
    Overdue,
    /// Sites.
    Sites,
}

impl ExposureOrder {
    fn compare(self, a: &ExposureRow, b: &ExposureRow) -> Ordering {
        let most = |of: fn(&ExposureRow) -> usize| of(b).cmp(&of(a));
        match self {
            Self::Gravity => gravity(a).cmp(&gravity(b)).then(b.all.cmp(&a.all)),
            Self::Name => Ordering::Equal,
            Self::All => most(|row| row.all),
            Self::Sensitive => most(|row| row.sensitive),
            Self::Standard => most(|row| row.standard),
            Self::Elsewhere => most(ExposureRow::elsewhere),
            Self::Core => most(|row| row.core),
            Self::Surveillance => most(|row| row.elsewhere[0]),
            Self::Other => most(|row| row.elsewhere[1]),
            Self::Unclassified => most(|row| row.elsewhere[2]),
            Self::Open => most(|row| row.open),
            Self::Overdue => most(|row| row.overdue),
            Self::Sites => most(|row| row.sites.len()),
        }
        .then_with(|| natural(&a.name, &b.name))
        .then_with(|| a.key.cmp(&b.key))
    }
}

fn gravity(row: &ExposureRow) -> (Status, bool) {
    (row.status, row.key.group == Group::NotIdentified)
}

/// What a device is counted under; `None`: it is known not to be surveillance equipment.
#[must_use]
pub fn group_of(row: &DeviceRow) -> Option<Group> {
    let marked = row.verdict != Verdict::Unknown || row.class != Class::Unknown || row.brand.is_some();
    group(row.surveillance, row.maker.as_ref(), marked, row.status)
}

/// `marked`: a mark of some maker, a brand, a class such as intercom: something speaks for a camera.
pub(super) fn group(
    surveillance: Surveillance,
    maker: Option<&MakerId>,
    marked: bool,
    status: Status,
) -> Option<Group> {
    match (surveillance, maker) {
        (Surveillance::No, _) => None,
        (_, Some(maker)) => Some(Group::Maker(maker.clone())),
        (Surveillance::Yes, None) => Some(Group::UnknownMaker),
        (Surveillance::Unknown, None) => {
            let told = status == Status::Suspected || status == Status::Restricted;
            Some(if marked || told { Group::UnknownMaker } else { Group::NotIdentified })
        }
    }
}

/// Devices that are alike in everything that the exposure counts by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tally {
    /// Whether they are surveillance equipment.
    pub surveillance: Surveillance,
    /// What they are.
    pub class: Class,
    /// How sure their maker is.
    pub verdict: Verdict,
    /// Their count word.
    pub status: Status,
    /// Their maker's id.
    pub maker: Option<MakerId>,
    /// Its name; empty where none is believed.
    pub maker_name: String,
    /// The name on them.
    pub brand: Option<String>,
    /// Their site.
    pub site: Option<SiteId>,
    /// The network they stand on; `None`: not known.
    pub network: Option<NetworkId>,
    /// What that is for.
    pub network_kind: Option<NetworkKind>,
    /// They are gone.
    pub gone: bool,
    /// How many they are.
    pub devices: usize,
    /// Findings about them that wait for a decision.
    pub open: usize,
    /// Findings about them that are past their time.
    pub overdue: usize,
}

impl Tally {
    /// So many devices like this one.
    #[must_use]
    pub fn of(row: &DeviceRow, devices: usize, (open, overdue): (usize, usize)) -> Self {
        Self {
            surveillance: row.surveillance,
            class: row.class,
            verdict: row.verdict,
            status: row.status,
            maker: row.maker.clone(),
            maker_name: row.maker_name.clone(),
            brand: row.brand.clone(),
            site: row.place.site.clone(),
            network: row.place.network.clone(),
            network_kind: row.place.network_kind,
            gone: row.place.gone.is_some(),
            devices,
            open,
            overdue,
        }
    }

    /// What they are counted under; `None`: they are known not to be surveillance equipment.
    #[must_use]
    pub fn group(&self) -> Option<Group> {
        let marked = self.verdict != Verdict::Unknown || self.class != Class::Unknown || self.brand.is_some();
        group(self.surveillance, self.maker.as_ref(), marked, self.status)
    }
}

impl ExposureKey {
    /// Whether a device is counted under this row.
    #[must_use]
    pub fn holds(&self, row: &DeviceRow) -> bool {
        row.place.gone.is_none()
            && group_of(row).is_some_and(|group| group == self.group)
            && (self.brand.is_none() || self.brand == row.brand)
    }
}

impl ExposureRow {
    /// At sites that are not described.
    #[must_use]
    pub fn elsewhere(&self) -> usize {
        self.all - self.sensitive - self.standard
    }

    fn new(key: ExposureKey, tally: &Tally) -> Self {
        let name = match (&key.group, &key.brand) {
            (_, Some(brand)) => format!("as {brand}"),
            (Group::Maker(id), None) if tally.maker_name.is_empty() => id.to_string(),
            (Group::Maker(_), None) => tally.maker_name.clone(),
            (Group::UnknownMaker, None) => "unknown maker".to_owned(),
            (Group::NotIdentified, None) => "not identified".to_owned(),
        };
        Self {
            key,
            name,
            status: Status::NotRestricted,
            all: 0,
            sensitive: 0,
            standard: 0,
            core: 0,
            elsewhere: [0; 3],
            open: 0,
            overdue: 0,
            sites: BTreeMap::new(),
            verdicts: [0; 3],
        }
    }

    fn add(&mut self, tally: &Tally, sensitivity: Option<Sensitivity>) {
        let devices = tally.devices;
        self.status = self.status.min(tally.status);
        self.all += devices;
        match sensitivity {
            Some(Sensitivity::Sensitive) => self.sensitive += devices,
            Some(Sensitivity::Standard) => self.standard += devices,
            None => {}
        }
        let core = if tally.network_kind == Some(NetworkKind::Core) { devices } else { 0 };
        let [surveillance, other, unclassified] = &mut self.elsewhere;
        *match tally.network_kind {
            Some(NetworkKind::Core) => &mut self.core,
            Some(NetworkKind::Surveillance) => surveillance,
            Some(NetworkKind::Other) => other,
            None => unclassified,
        } += devices;
        self.open += tally.open;
        self.overdue += tally.overdue;
        let at = self.sites.entry(tally.site.clone()).or_default();
        (at.devices, at.core) = (at.devices + devices, at.core + core);
        (at.open, at.overdue) = (at.open + tally.open, at.overdue + tally.overdue);
        let [confirmed, suspected, unknown] = &mut self.verdicts;
        match tally.verdict {
            Verdict::Confirmed => *confirmed += devices,
            Verdict::Suspected => *suspected += devices,
            Verdict::Unknown => *unknown += devices,
        }
    }
}

impl Exposure {
    fn count(&mut self, tally: &Tally, group: &Group) {
        let devices = tally.devices;
        match tally.status {
            _ if *group == Group::NotIdentified => self.not_identified += devices,
            Status::Restricted => self.restricted += devices,
            Status::Suspected => self.suspected += devices,
            Status::Unknown => self.unknown += devices,
            Status::NotRestricted => self.not_restricted += devices,
        }
    }
}

impl Snapshot {
    /// Of each device, its findings that wait for a decision and those past their time; devices without either are
    /// left out.
    #[must_use]
    pub fn waiting(&self, overdue: &BTreeSet<FindingId>) -> BTreeMap<DeviceId, (usize, usize)> {
        let mut waiting: BTreeMap<DeviceId, (usize, usize)> = BTreeMap::new();
        for finding in self.findings.values() {
            let Some(device) = finding.subject.device() else { continue };
            let late = overdue.contains(&finding.id);
            if finding.state == FindingState::Open || late {
                let (open, overdue) = waiting.entry(device).or_default();
                *open += usize::from(finding.state == FindingState::Open);
                *overdue += usize::from(late);
            }
        }
        waiting
    }

    /// The findings that wait about devices it holds, beside counts of devices that have none of them.
    #[must_use]
    pub fn waiting_tallies(&self, overdue: &BTreeSet<FindingId>) -> Vec<Tally> {
        let waiting = self.waiting(overdue);
        let of = |(id, counts): (&DeviceId, &_)| Some(Tally::of(self.devices.get(id)?, 0, *counts));
        waiting.iter().filter_map(of).collect()
    }

    /// How the devices it holds count, each with its findings that wait; of a picture that is whole, all there are.
    #[must_use]
    pub fn tallies(&self, overdue: &BTreeSet<FindingId>) -> Vec<Tally> {
        let waiting = self.waiting(overdue);
        let counts = |row: &DeviceRow| waiting.get(&row.id).copied().unwrap_or_default();
        self.devices.values().map(|row| Tally::of(row, 1, counts(row))).collect()
    }

    /// The exposure of devices that were counted.
    #[must_use]
    pub fn exposure(&self, tallies: impl IntoIterator<Item = Tally>, order: ExposureOrder, reversed: bool) -> Exposure {
        let mut exposure = Exposure::default();
        let mut rows: BTreeMap<ExposureKey, ExposureRow> = BTreeMap::new();
        for tally in tallies {
            let Some(group) = tally.group() else { continue };
            if tally.gone {
                exposure.gone += tally.devices;
                continue;
            }
            exposure.count(&tally, &group);
            let sensitivity = tally.site.as_ref().and_then(|id| self.sites.get(id)).map(|site| site.sensitivity);
            let brands = std::iter::once(None).chain(tally.brand.clone().map(Some));
            for brand in brands {
                let key = ExposureKey { group: group.clone(), brand };
                let counted = rows.entry(key).or_insert_with_key(|key| ExposureRow::new(key.clone(), &tally));
                counted.add(&tally, sensitivity);
            }
        }
        let (mut groups, mut brands): (Vec<ExposureRow>, Vec<ExposureRow>) =
            rows.into_values().partition(|row| row.key.brand.is_none());
        let compare = |a: &ExposureRow, b: &ExposureRow| {
            let ordering = order.compare(a, b);
            if reversed { ordering.reverse() } else { ordering }
        };
        groups.sort_by(compare);
        brands.sort_by(compare);
        for row in groups {
            let group = row.key.group.clone();
            exposure.rows.push(row);
            exposure.rows.extend(brands.iter().filter(|brand| brand.key.group == group).cloned());
        }
        exposure
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sensitivity;
    use crate::inventory::Place;
    use crate::net::{DeviceText, Timestamp};
    use crate::snapshot::{Filter, SiteRow};

    fn device(id: u64, maker: Option<&str>, status: Status, surveillance: Surveillance) -> DeviceRow {
        DeviceRow {
            id: DeviceId(id),
            mac: None,
            ips: Vec::new(),
            class: Class::Unknown,
            surveillance,
            maker: maker.map(Into::into),
            maker_name: maker.unwrap_or_default().to_owned(),
            verdict: Verdict::Unknown,
            brand: None,
            model: DeviceText::default(),
            firmware: DeviceText::default(),
            serial: DeviceText::default(),
            hostname: None,
            place: Place { site: Some("hq".into()), ..Place::default() },
            status,
            first_seen: Timestamp(0),
            appeared: None,
            last_seen: Timestamp(0),
            registered: None,
        }
    }

    fn exposure(devices: Vec<DeviceRow>, words: &str) -> Exposure {
        let site = |id: &str, sensitivity| SiteRow { id: id.into(), name: id.into(), sensitivity, basis: None };
        let sites = [site("hq", Sensitivity::Sensitive), site("depot", Sensitivity::Standard)];
        let snapshot = Snapshot {
            sites: sites.into_iter().map(|site| (site.id.clone(), site)).collect(),
            devices: devices.into_iter().map(|row| (row.id, row)).collect(),
            ..Snapshot::default()
        };
        let filter = Filter::parse(words).unwrap();
        let passing = snapshot.devices.values().filter(|row| filter.device(row, &snapshot.sites, snapshot.as_of));
        snapshot.exposure(passing.map(|row| Tally::of(row, 1, (0, 0))), ExposureOrder::default(), false)
    }

    fn names(exposure: &Exposure) -> Vec<(&str, usize)> {
        exposure.rows.iter().map(|row| (row.name.as_str(), row.all)).collect()
    }

    #[test]
    fn unknown_is_never_hidden_and_ordinary_devices_never_drown_it() {
        let mut rebranded = device(3, Some("dahua"), Status::Restricted, Surveillance::Yes);
        rebranded.brand = Some("Honeywell".into());
        let mut core = device(2, Some("dahua"), Status::Restricted, Surveillance::Yes);
        core.place.network_kind = Some(NetworkKind::Core);
        core.place.site = Some("depot".into());
        let mut intercom = device(7, None, Status::Unknown, Surveillance::Unknown);
        intercom.class = Class::Intercom;
        let mut gone = device(9, Some("dahua"), Status::Restricted, Surveillance::Yes);
        gone.place.gone = Some(Timestamp(1));
        let exposure = exposure(
            vec![
                device(1, Some("axis"), Status::NotRestricted, Surveillance::Yes),
                core,
                rebranded,
                device(4, None, Status::Unknown, Surveillance::Unknown),
                device(5, None, Status::NotRestricted, Surveillance::No),
                device(6, None, Status::Unknown, Surveillance::Yes),
                intercom,
                gone,
            ],
            "",
        );
        let expected = [("dahua", 2), ("as Honeywell", 1), ("unknown maker", 2), ("not identified", 1), ("axis", 1)];
        assert_eq!(names(&exposure), expected);
        assert_eq!((exposure.restricted, exposure.unknown, exposure.not_restricted), (2, 2, 1));
        assert_eq!((exposure.not_identified, exposure.gone), (1, 1));
        let dahua = &exposure.rows[0];
        assert_eq!((dahua.sensitive, dahua.standard, dahua.core), (1, 1, 1));
    }

    #[test]
    fn a_row_holds_exactly_the_devices_it_counts() {
        let mut rebranded = device(2, Some("dahua"), Status::Restricted, Surveillance::Yes);
        rebranded.brand = Some("Honeywell".into());
        let devices = vec![device(1, Some("dahua"), Status::Restricted, Surveillance::Yes), rebranded];
        for row in exposure(devices.clone(), "").rows {
            assert_eq!(devices.iter().filter(|device| row.key.holds(device)).count(), row.all, "{}", row.name);
        }
        assert_eq!(names(&exposure(devices, "brand:honey")), [("dahua", 1), ("as Honeywell", 1)]);
    }
}
