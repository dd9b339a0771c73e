//! What share of each site was really looked at: four factors, each with its age and its gaps, never made into one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DeviceRow, Snapshot, TargetRow};
use crate::net::{SiteId, Timestamp};

/// What the daemon counted of each site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// When it counted.
    pub at: Timestamp,
    /// Per cent below which a site is not shown to be clean.
    pub threshold: u8,
    /// The sites.
    pub sites: BTreeMap<SiteId, SiteLooked>,
}

/// What the daemon counted of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteLooked {
    /// IPv4 addresses of its ranges.
    pub addresses: u64,
    /// Those of them that sweeps have asked lately.
    pub asked: u64,
    /// The oldest of these.
    pub oldest: Option<Timestamp>,
    /// Ranges that were not looked through.
    pub unlooked: Vec<Gap>,
    /// Switches, routers and access points that its switches hear and nobody polls.
    pub unpolled: Vec<Gap>,
    /// Ports of its switches that have a link and lead to no polled switch.
    pub linked: u64,
    /// Those on which an address is learned.
    pub known: u64,
    /// Some of the others.
    pub silent: Vec<Gap>,
    /// What registers say there should be; `None`: none speaks of the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register: Option<RegisterLooked>,
}

/// What registers say of a site, and what of that was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterLooked {
    /// Things they list; rows that cannot be used too.
    pub listed: u64,
    /// Those of them that one device is.
    pub found: u64,
    /// When the oldest of their files was changed.
    pub changed: Timestamp,
    /// Some of the others.
    pub missing: Vec<Gap>,
}

/// Something that was not seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Gap {
    /// What.
    pub what: String,
    /// Why, or how that is known.
    pub why: String,
    /// What to do about it.
    pub mend: String,
}

/// What a share is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactorKind {
    /// Addresses of the site's ranges that were looked at.
    Ranges,
    /// Switches that answer, of those configured and those heard.
    Switches,
    /// Linked ports on which it is known who is there.
    Ports,
    /// Entries of the registers that were found.
    Register,
}

impl FactorKind {
    /// As a heading.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ranges => "ranges",
            Self::Switches => "switches",
            Self::Ports => "ports",
            Self::Register => "register",
        }
    }
}

/// One share of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Factor {
    /// What it is of.
    pub kind: FactorKind,
    /// How much of it was seen.
    pub seen: u64,
    /// How much there is.
    pub expected: u64,
    /// The oldest look it rests on; of a register the age of its file.
    pub oldest: Option<Timestamp>,
    /// What was not seen; the first of many.
    pub gaps: Vec<Gap>,
}

impl Factor {
    /// In per cent, rounded down: 100 means all of it. `None`: there is nothing to measure by.
    #[must_use]
    pub fn percent(&self) -> Option<u64> {
        (self.seen * 100).checked_div(self.expected)
    }
}

/// A site's coverage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteCoverage {
    /// The site.
    pub site: SiteId,
    /// Its factors.
    pub factors: Vec<Factor>,
    /// Why the site is not shown to be clean whatever was found; empty: enough was looked at.
    pub doubts: Vec<String>,
    /// Those of them that tell of cameras nobody looked at: behind recorders, behind another address.
    #[serde(skip)]
    pub hidden: Vec<String>,
}

impl SiteCoverage {
    /// The share of this kind.
    #[must_use]
    pub fn factor(&self, kind: FactorKind) -> Option<&Factor> {
        self.factors.iter().find(|factor| factor.kind == kind)
    }
}

/// What of a site its coverage is counted by.
#[derive(Debug, Default)]
pub(super) struct Equipment<'a> {
    /// Switches and cameras that are asked.
    pub(super) targets: Vec<&'a TargetRow>,
    /// Recorders and encoders.
    pub(super) recorders: Vec<&'a DeviceRow>,
}

/// A target that does not answer, with what to do about it.
pub(super) fn gap_of(target: &TargetRow, stale: bool) -> Gap {
    let name = &target.name;
    let (why, mend) = match target.state.as_str() {
        "waiting" => ("not visited yet".to_owned(), "wait for its first visit".to_owned()),
        "refused" if target.switch => {
            (target.why.clone(), format!("lenswarden poll {name}, once its credential is mended"))
        }
        "refused" => (target.why.clone(), "lenswarden credential list, and mend it".to_owned()),
        "answering" | "partial" if stale => {
            (format!("last answer {}", word(target.last_ok)), "is the daemon running?".to_owned())
        }
        _ => (target.why.clone(), format!("lenswarden poll {name}: is it up, and may this host ask it?")),
    };
    Gap { what: name.to_string(), why, mend }
}

fn word(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| at.to_string())
}

impl Snapshot {
    /// What of the whole estate was looked at beside its targets, in per cent, rounded down.
    #[must_use]
    pub fn looked_at(&self) -> Vec<(&'static str, u64)> {
        let sum = |of: fn(&SiteLooked) -> u64| self.looked.sites.values().map(of).sum::<u64>();
        let ranges = (sum(|site| site.asked) * 100).checked_div(sum(|site| site.addresses));
        let ports = (sum(|site| site.known) * 100).checked_div(sum(|site| site.linked));
        let registers = || self.looked.sites.values().filter_map(|site| site.register.as_ref());
        let listed = registers().map(|register| register.listed).sum::<u64>();
        let found = registers().map(|register| register.found).sum::<u64>();
        let entries = (found * 100).checked_div(listed);
        [("address ranges", ranges), ("linked ports", ports), ("register entries", entries)]
            .into_iter()
            .filter_map(|(what, percent)| Some((what, percent?)))
            .collect()
    }

    /// Coverage of one site. What cannot be measured is a doubt, not a hundred per cent.
    #[must_use]
    pub fn coverage_of(&self, site: &SiteId) -> SiteCoverage {
        let targets = self.targets.values().filter(|target| target.site == *site).collect();
        let recorders = self.recorders().filter(|device| self.site_of_recorder(device) == Some(site)).collect();
        self.coverage_by(site, &Equipment { targets, recorders })
    }

    /// Coverage of every configured site, in one walk through the estate.
    #[must_use]
    pub fn coverage_of_sites(&self) -> BTreeMap<SiteId, SiteCoverage> {
        let mut sites: BTreeMap<&SiteId, Equipment<'_>> =
            self.sites.keys().map(|site| (site, Equipment::default())).collect();
        for target in self.targets.values() {
            if let Some(at) = sites.get_mut(&target.site) {
                at.targets.push(target);
            }
        }
        for device in self.recorders() {
            if let Some(at) = self.site_of_recorder(device).and_then(|site| sites.get_mut(site)) {
                at.recorders.push(device);
            }
        }
        sites.into_iter().map(|(site, at)| (site.clone(), self.coverage_by(site, &at))).collect()
    }

    fn coverage_by(&self, site: &SiteId, at: &Equipment<'_>) -> SiteCoverage {
        let nothing = SiteLooked::default();
        let looked = self.looked.sites.get(site).unwrap_or(&nothing);
        let switches = self.switches_among(&at.targets, looked);
        // What ports show is as old as the oldest answer of the switches.
        let ports = Factor {
            kind: FactorKind::Ports,
            seen: looked.known,
            expected: looked.linked,
            oldest: switches.oldest,
            gaps: looked.silent.clone(),
        };
        let ranges = Factor {
            kind: FactorKind::Ranges,
            seen: looked.asked,
            expected: looked.addresses,
            oldest: looked.oldest,
            gaps: looked.unlooked.clone(),
        };
        let register = looked.register.as_ref();
        let register = Factor {
            kind: FactorKind::Register,
            seen: register.map_or(0, |register| register.found),
            expected: register.map_or(0, |register| register.listed),
            oldest: register.map(|register| register.changed),
            gaps: register.map(|register| register.missing.clone()).unwrap_or_default(),
        };
        let factors = vec![ranges, switches, ports, register];
        let least = u64::from(self.looked.threshold);
        let doubts = factors.iter().filter_map(|factor| {
            let word = factor.kind.word();
            match (factor.percent(), factor.kind) {
                (Some(percent), _) if percent < least => Some(format!("{word} {percent} %, below {least} %")),
                (Some(_), _) => None,
                (None, FactorKind::Ranges) => Some("no address-ranges are configured to measure by".to_owned()),
                (None, FactorKind::Switches) => Some("no switch is polled".to_owned()),
                (None, FactorKind::Ports) => Some("no linked port was seen".to_owned()),
                // A register says what should be there; without one the others say what was looked at all the same.
                (None, FactorKind::Register) => None,
            }
        });
        let hidden = self.hidden_among(at);
        let doubts = doubts.chain(hidden.iter().cloned()).collect();
        SiteCoverage { site: site.clone(), doubts, hidden, factors }
    }

    fn switches_among(&self, targets: &[&TargetRow], looked: &SiteLooked) -> Factor {
        let (mut seen, mut expected, mut oldest, mut gaps) = (0, 0, None, Vec::new());
        for target in targets.iter().filter(|target| target.switch) {
            expected += 1;
            let stale = self.is_stale(target);
            if !stale && matches!(target.state.as_str(), "answering" | "partial") {
                seen += 1;
                oldest = [oldest, target.last_ok].into_iter().flatten().min();
            } else {
                gaps.push(gap_of(target, stale));
            }
        }
        expected += looked.unpolled.len() as u64;
        gaps.extend(looked.unpolled.iter().cloned());
        Factor { kind: FactorKind::Switches, seen, expected, oldest, gaps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sensitivity;
    use crate::snapshot::{DaemonRow, SiteRow};

    const NOW: Timestamp = Timestamp(1_795_500_000_000);

    fn gap(what: &str) -> Gap {
        Gap { what: what.to_owned(), why: String::new(), mend: String::new() }
    }

    fn estate(looked: SiteLooked, states: &[&str]) -> Snapshot {
        let target = |(number, state): (usize, &&str)| TargetRow {
            name: format!("sw{number}").as_str().into(),
            switch: true,
            address: String::new(),
            site: "hq".into(),
            state: (*state).to_owned(),
            since: NOW,
            why: "no answer".to_owned(),
            last_attempt: Some(NOW),
            last_ok: (*state == "answering").then_some(NOW),
            requests: 0,
            took_ms: 0,
            tables: [].into(),
            readings: crate::observation::Readings::default(),
            camera: crate::observation::CameraStanding::default(),
        };
        let site = SiteRow { id: "hq".into(), name: "HQ".to_owned(), sensitivity: Sensitivity::Sensitive, basis: None };
        Snapshot {
            as_of: NOW,
            daemon: DaemonRow { poll_every_s: 300, started: Some(NOW), ..DaemonRow::default() },
            sites: [(site.id.clone(), site)].into(),
            targets: states.iter().enumerate().map(target).map(|target| (target.name.clone(), target)).collect(),
            looked: Looked { at: NOW, threshold: 95, sites: [("hq".into(), looked)].into() },
            ..Snapshot::default()
        }
    }

    #[test]
    fn the_factors_stand_apart_and_each_below_the_threshold_is_a_doubt() {
        let looked = SiteLooked {
            addresses: 1000,
            asked: 949,
            linked: 40,
            known: 40,
            unpolled: vec![gap("core-sw3")],
            register: Some(RegisterLooked { listed: 41, found: 1, changed: Timestamp(5), missing: vec![gap("A2")] }),
            ..SiteLooked::default()
        };
        let seen = estate(looked, &["answering", "answering", "silent"]).coverage_of(&"hq".into());
        let shares: Vec<_> = seen.factors.iter().map(|factor| (factor.kind, factor.percent())).collect();
        let expected = [
            (FactorKind::Ranges, Some(94)),
            (FactorKind::Switches, Some(50)),
            (FactorKind::Ports, Some(100)),
            (FactorKind::Register, Some(2)),
        ];
        assert_eq!(shares, expected);
        let doubts = ["ranges 94 %, below 95 %", "switches 50 %, below 95 %", "register 2 %, below 95 %"];
        assert_eq!(seen.doubts, doubts);
        assert_eq!(seen.factor(FactorKind::Register).unwrap().oldest, Some(Timestamp(5)), "the age of its file");
        let gaps: Vec<_> =
            seen.factor(FactorKind::Switches).unwrap().gaps.iter().map(|gap| gap.what.as_str()).collect();
        assert_eq!(gaps, ["sw2", "core-sw3"], "one that is heard and not polled is expected too");
    }

    #[test]
    fn what_cannot_be_measured_is_a_doubt() {
        let seen = estate(SiteLooked::default(), &[]).coverage_of(&"hq".into());
        assert_eq!(seen.doubts.len(), 3, "{:?}", seen.doubts);
        let all = SiteLooked { addresses: 10, asked: 10, linked: 5, known: 5, ..SiteLooked::default() };
        assert_eq!(estate(all.clone(), &["answering"]).coverage_of(&"hq".into()).doubts, [""; 0]);
        let mut old = estate(all, &["answering"]);
        old.as_of = Timestamp(NOW.0 + 3_600_000);
        let doubts = old.coverage_of(&"hq".into()).doubts;
        assert_eq!(doubts, ["switches 0 %, below 95 %"], "an answer of an hour ago is none");
    }
}
