//! The return: what a department hands in when it is asked where it stands with the instruction of 24 November 2022,
//! (a) to (g), from one picture.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use serde::Serialize;

use super::curve::{self, Curve, Stay, Stays};
use super::{
    DeviceRow, Exposure, ExposureOrder, Group, NetworkRow, SiteCounts, SiteCoverage, SiteRow, Snapshot, Tally, group_of,
};
use crate::config::{NetworkKind, Sensitivity};
use crate::net::{DeviceId, SiteId, Timestamp};
use crate::policy::Status;
use crate::review::{Decision, Finding, FindingState};

/// The day of the instruction: what was connected to a sensitive site after it is a breach and no legacy.
pub const INSTRUCTION: Date = date(2022, 11, 24);

/// When a device was installed, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Installed {
    /// First seen since the last return.
    SinceLastReturn,
    /// It appeared after the instruction, where its place was looked at before.
    AfterInstruction,
    /// It was there on the day of the instruction.
    BeforeInstruction,
    /// It was there when its place was first looked at, after the instruction: nobody saw when it came. A register says
    /// that it was installed by the day of the instruction: its statement, no observation.
    BeforeByRegister,
    /// Likewise, after that day.
    AfterByRegister,
    /// Nobody saw when it came, and no register says it.
    NotKnown,
}

impl Installed {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::SinceLastReturn,
        Self::AfterInstruction,
        Self::BeforeInstruction,
        Self::BeforeByRegister,
        Self::AfterByRegister,
        Self::NotKnown,
    ];
}

/// Where a sensitive site stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Restricted or suspected equipment is there.
    Remaining,
    /// It was there and is gone, and too little is looked at to say that none is left.
    GoneNotShown,
    /// It was there, is gone, and enough is looked at.
    Done,
    /// None was ever seen, and too little is looked at.
    NoneNotShown,
    /// None was ever seen, and enough is looked at.
    None,
}

/// A device in the return.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Item<'a> {
    /// The device.
    pub device: &'a DeviceRow,
    /// When it was installed.
    pub installed: Installed,
    /// The gravest finding that stands about it.
    pub finding: Option<&'a Finding>,
}

/// What was considered at a site outside the definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consideration<'a> {
    /// The latest answer to whether it should do as sensitive sites must; `None`: nobody gave one. What was decided of
    /// single devices is none.
    pub answer: Option<&'a Decision>,
    /// Findings that stand and were decided.
    pub decided: usize,
    /// Findings that wait.
    pub waiting: usize,
}

/// A site in the return.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteReturn<'a> {
    /// The site.
    pub site: &'a SiteRow,
    /// Its numbers.
    pub counts: SiteCounts,
    /// Restricted or suspected devices that are on a network set apart for surveillance.
    pub set_apart: usize,
    /// What of it was looked at.
    pub coverage: SiteCoverage,
    /// Where it stands, if it is sensitive.
    pub standing: Option<Standing>,
    /// What was considered, if it is not.
    pub consideration: Option<Consideration<'a>>,
}

/// A network in the return, by what is on it now.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkReturn<'a> {
    /// The network.
    pub network: &'a NetworkRow,
    /// Surveillance equipment, or what may be, by count word: restricted, suspected, unknown, not restricted.
    pub counts: [usize; 4],
}

/// What happened since the last return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happened {
    /// A restricted or suspected device was first seen.
    Appeared,
    /// It was observed gone.
    Gone,
    /// A finding opened.
    Opened,
    /// A finding was decided.
    Decided,
    /// A finding closed.
    Closed,
}

/// One change since the last return.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Changed<'a> {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happened,
    /// The device, where it is one that is known.
    pub device: Option<&'a DeviceRow>,
    /// The finding.
    pub finding: Option<&'a Finding>,
}

impl Changed<'_> {
    /// Where.
    #[must_use]
    pub fn site(&self) -> Option<&SiteId> {
        match self.finding {
            Some(finding) => finding.place.site.as_ref(),
            None => self.device?.place.site.as_ref(),
        }
    }
}

/// The return.
#[derive(Debug, Clone, PartialEq)]
pub struct Return<'a> {
    /// What it is of.
    pub snapshot: &'a Snapshot,
    /// When the last return was; `None`: there is none to compare with.
    pub since: Option<Timestamp>,
    /// Only this site.
    pub only: Option<SiteId>,
    /// Makers and count words.
    pub exposure: Exposure,
    /// Every site: (c), (e), (g).
    pub sites: Vec<SiteReturn<'a>>,
    /// Every network.
    pub networks: Vec<NetworkReturn<'a>>,
    /// (a) Restricted and suspected devices at sensitive sites.
    pub on_sensitive: Vec<Item<'a>>,
    /// (b) Surveillance equipment of whatever maker, and what may be, on core networks.
    pub on_core: Vec<Item<'a>>,
    /// (d) Findings that stand and were decided: what holds in the meantime.
    pub controls: Vec<&'a Finding>,
    /// (f)
    pub changes: Vec<Changed<'a>>,
    /// (g) Affected sites that were done, over time.
    pub progress: Curve,
}

impl Return<'_> {
    /// Sensitive sites that stand so.
    #[must_use]
    pub fn standing(&self, standing: Standing) -> usize {
        self.sites.iter().filter(|site| site.standing == Some(standing)).count()
    }

    /// Sensitive sites where restricted or suspected equipment is or was.
    #[must_use]
    pub fn affected(&self) -> usize {
        [Standing::Remaining, Standing::GoneNotShown, Standing::Done]
            .map(|standing| self.standing(standing))
            .iter()
            .sum()
    }

    /// Affected sites that are done, in per cent, rounded down. `None`: no site is affected.
    #[must_use]
    pub fn done_percent(&self) -> Option<usize> {
        (self.standing(Standing::Done) * 100).checked_div(self.affected())
    }

    /// Devices at sensitive sites by when they were installed.
    #[must_use]
    pub fn installed(&self, installed: Installed) -> usize {
        self.on_sensitive.iter().filter(|item| item.installed == installed).count()
    }
}

/// The day of a moment, in UTC.
pub(super) fn day(at: Timestamp) -> Date {
    at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Whether a device is restricted, or suspected of being so.
pub(super) fn is_suspect(device: &DeviceRow) -> bool {
    matches!(device.status, Status::Restricted | Status::Suspected)
}

fn installed(device: &DeviceRow, since: Option<Timestamp>) -> Installed {
    let appeared = device.appeared.filter(|at| day(*at) > INSTRUCTION);
    if since.is_some_and(|since| device.appeared.unwrap_or(device.first_seen) > since) {
        Installed::SinceLastReturn
    } else if appeared.is_some() {
        Installed::AfterInstruction
    } else if day(device.first_seen) <= INSTRUCTION {
        Installed::BeforeInstruction
    } else {
        match device.registered.as_ref().map(|said| said.installed <= INSTRUCTION) {
            Some(true) => Installed::BeforeByRegister,
            Some(false) => Installed::AfterByRegister,
            None => Installed::NotKnown,
        }
    }
}

impl Snapshot {
    /// The return since the last one, of the whole estate or of one site. It holds the devices that a return names one
    /// by one; `tallies`: how all devices count. `past`: where each finding was open, by the change log; `None`: it has
    /// too much to be read, and the findings' latest openings are taken.
    #[must_use]
    pub fn to_return(
        &self,
        tallies: &[Tally],
        since: Option<Timestamp>,
        only: Option<SiteId>,
        past: Option<&[Stay]>,
    ) -> Return<'_> {
        let within = |site: Option<&SiteId>| only.is_none() || site == only.as_ref();
        let overdue = self.overdue();
        let standing = self.gravest();
        let item =
            |device| Item { device, installed: installed(device, since), finding: standing.get(&device.id).copied() };
        let here = || self.devices.values().filter(|row| row.place.gone.is_none() && within(row.place.site.as_ref()));
        let at_sensitive = |row: &&DeviceRow| is_suspect(row) && self.is_sensitive(row.place.site.as_ref());
        let on_core = |row: &&DeviceRow| {
            row.place.network_kind == Some(NetworkKind::Core)
                && group_of(row).is_some_and(|group| group != Group::NotIdentified)
        };
        let order =
            |item: &Item<'_>| (item.device.place.site.clone(), item.installed, item.device.status, item.device.id);
        let mut on_sensitive: Vec<Item<'_>> = here().filter(at_sensitive).map(item).collect();
        let mut on_core: Vec<Item<'_>> = here().filter(on_core).map(item).collect();
        on_sensitive.sort_by_cached_key(order);
        on_core.sort_by_cached_key(order);
        let mut controls: Vec<&Finding> =
            self.findings.values().filter(|finding| within(finding.place.site.as_ref())).collect();
        controls.retain(|finding| finding.state != FindingState::Closed && finding.decision.is_some());
        controls.sort_by_cached_key(|finding| (finding.place.site.clone(), finding.severity, finding.id));
        let stays = self.stays(past);
        let sites = self.site_returns(only.as_ref(), &self.site_counts(tallies, &overdue), &stays);
        Return {
            snapshot: self,
            since,
            progress: Curve { days: curve::days(&sites, &stays, self.as_of), by_log: past.is_some() },
            networks: self.network_returns(tallies, only.as_ref()),
            exposure: self.exposure(
                tallies
                    .iter()
                    .cloned()
                    .chain(self.waiting_tallies(&overdue))
                    .filter(|tally| within(tally.site.as_ref())),
                ExposureOrder::Gravity,
                false,
            ),
            changes: since.map(|since| self.changes_since(since, &within)).unwrap_or_default(),
            only,
            sites,
            on_sensitive,
            on_core,
            controls,
        }
    }

    /// Surveillance equipment, and what may be, at a site now.
    #[must_use]
    pub fn equipment_at(&self, site: &SiteId) -> Vec<Item<'_>> {
        let standing = self.gravest();
        let told = |row: &&DeviceRow| group_of(row).is_some_and(|group| group != Group::NotIdentified);
        let here = |row: &&DeviceRow| row.place.gone.is_none() && row.place.site.as_ref() == Some(site);
        let item =
            |device| Item { device, installed: installed(device, None), finding: standing.get(&device.id).copied() };
        let mut items: Vec<Item<'_>> = self.devices.values().filter(here).filter(told).map(item).collect();
        items.sort_by_key(|item| (item.device.status, item.device.id));
        items
    }

    /// The gravest finding that stands about each device.
    fn gravest(&self) -> BTreeMap<DeviceId, &Finding> {
        let mut gravest: BTreeMap<DeviceId, &Finding> = BTreeMap::new();
        for finding in self.findings.values().filter(|finding| finding.state != FindingState::Closed) {
            let Some(device) = finding.subject.device() else { continue };
            let kept = gravest.entry(device).or_insert(finding);
            if (finding.severity, finding.id) < (kept.severity, kept.id) {
                *kept = finding;
            }
        }
        gravest
    }

    fn site_returns(
        &self,
        only: Option<&SiteId>,
        counts: &BTreeMap<SiteId, SiteCounts>,
        stays: &BTreeMap<SiteId, Stays>,
    ) -> Vec<SiteReturn<'_>> {
        let mut apart: BTreeMap<&SiteId, usize> = BTreeMap::new();
        for row in self.devices.values().filter(|row| is_suspect(row) && row.place.gone.is_none()) {
            if let Some(site) =
                row.place.site.as_ref().filter(|_| row.place.network_kind == Some(NetworkKind::Surveillance))
            {
                *apart.entry(site).or_default() += 1;
            }
        }
        let mut coverages = self.coverage_of_sites();
        let mut considered = self.considerations();
        let wanted = self.sites.values().filter(|site| only.is_none_or(|only| site.id == *only));
        let site = |site: &'_ SiteRow| {
            let (counts, coverage) = (counts.get(&site.id).cloned().unwrap_or_default(), coverages.remove(&site.id));
            let coverage = coverage.unwrap_or_else(|| self.coverage_of(&site.id));
            let enough = coverage.doubts.is_empty();
            let standing = Standing::of(&counts, stays.contains_key(&site.id), enough);
            let sensitive = site.sensitivity == Sensitivity::Sensitive;
            let consideration = considered.remove(&site.id).unwrap_or_default();
            (sensitive.then_some(standing), (!sensitive).then_some(consideration), counts, coverage)
        };
        let mut site = site;
        wanted
            .map(|row| {
                let (standing, consideration, counts, coverage) = site(row);
                let set_apart = apart.get(&row.id).copied().unwrap_or(0);
                SiteReturn { site: row, counts, set_apart, coverage, standing, consideration }
            })
            .collect()
    }

    /// What people said of each site, and of what stands there.
    fn considerations(&self) -> BTreeMap<SiteId, Consideration<'_>> {
        let mut sites: BTreeMap<SiteId, Consideration<'_>> = BTreeMap::new();
        for (site, answer) in &self.considered {
            sites.entry(site.clone()).or_default().answer = Some(answer);
        }
        for finding in self.findings.values().filter(|finding| finding.state != FindingState::Closed) {
            let Some(site) = &finding.place.site else { continue };
            let of = sites.entry(site.clone()).or_default();
            if finding.decision.is_some() && finding.state != FindingState::Open {
                of.decided += 1;
            } else {
                of.waiting += 1;
            }
        }
        sites
    }

    fn network_returns(&self, tallies: &[Tally], only: Option<&SiteId>) -> Vec<NetworkReturn<'_>> {
        let mut counts: BTreeMap<_, [usize; 4]> = BTreeMap::new();
        for tally in tallies.iter().filter(|tally| !tally.gone) {
            let told = tally.group().is_some_and(|group| group != Group::NotIdentified);
            let wanted = only.is_none() || tally.site.as_ref() == only;
            if let Some(network) = tally.network.as_ref().filter(|_| told && wanted) {
                let [restricted, suspected, unknown, not] = counts.entry(network).or_default();
                *match tally.status {
                    Status::Restricted => restricted,
                    Status::Suspected => suspected,
                    Status::Unknown => unknown,
                    Status::NotRestricted => not,
                } += tally.devices;
            }
        }
        let of_site = |network: &&NetworkRow| only.is_none() || network.site.is_none() || network.site.as_ref() == only;
        let network = |network| NetworkReturn { network, counts: counts.get(&network.id).copied().unwrap_or_default() };
        self.networks.values().filter(of_site).map(network).collect()
    }

    fn changes_since(&self, since: Timestamp, within: &dyn Fn(Option<&SiteId>) -> bool) -> Vec<Changed<'_>> {
        let mut changes = Vec::new();
        for device in self.devices.values().filter(|row| is_suspect(row) && within(row.place.site.as_ref())) {
            let moments = [(Happened::Appeared, Some(device.first_seen)), (Happened::Gone, device.place.gone)];
            let told = moments.into_iter().filter_map(|(what, at)| Some((what, at?)));
            changes.extend(told.map(|(what, at)| Changed { at, what, device: Some(device), finding: None }));
        }
        for finding in self.findings.values().filter(|finding| within(finding.place.site.as_ref())) {
            let decided = finding.decision.as_ref().map(|decision| decision.at);
            let moments = [
                (Happened::Opened, Some(finding.since)),
                (Happened::Decided, decided),
                (Happened::Closed, finding.closed),
            ];
            let told = moments.into_iter().filter_map(|(what, at)| Some((what, at?)));
            let device = self.device_of(finding);
            changes.extend(told.map(|(what, at)| Changed { at, what, device, finding: Some(finding) }));
        }
        changes.retain(|change| change.at > since);
        let key = |change: &Changed<'_>| {
            (std::cmp::Reverse(change.at), change.what, change.finding.map(|it| it.id), change.device.map(|it| it.id))
        };
        changes.sort_by_key(key);
        changes
    }
}
