//! What was not seen, and what to do about each: the gravest first.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::site_coverage::gap_of;
use super::sort::{in_order, turned};
use super::{Ailment, DaemonState, FactorKind, Gap, Plain, Said, SiteCoverage, Snapshot, TargetRow};
use crate::config::Sensitivity;
use crate::net::{SiteId, TargetName, Timestamp};

/// A register's file that nobody touched for so long says little of what should be there now.
const OLD_REGISTER: Duration = Duration::from_secs(92 * 86_400);

/// What kind of thing was not seen, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum UnseenKind {
    /// The daemon does not work, or not as configured.
    Daemon,
    /// Something is wrong with the work itself.
    Work,
    /// Nobody is told.
    Alerts,
    Switch,
    Neighbour,
    Range,
    Recorder,
    Camera,
    /// It answers, and not all of it was seen.
    Partial,
    Port,
    Register,
    Registry,
}

impl UnseenKind {
    /// Every kind, the gravest first.
    pub const ALL: [Self; 12] = [
        Self::Daemon,
        Self::Work,
        Self::Alerts,
        Self::Switch,
        Self::Neighbour,
        Self::Range,
        Self::Recorder,
        Self::Camera,
        Self::Partial,
        Self::Port,
        Self::Register,
        Self::Registry,
    ];
    /// Their words, as `kind:` takes them, and what each stands for.
    pub const WORDS: [(&'static str, &'static str); 12] = [
        ("daemon", "the daemon does not work, or not as configured"),
        ("work", "something is wrong with the work itself"),
        ("alerts", "a carrier takes no alerts: nobody is told"),
        ("switch", "a switch that gives no answer"),
        ("neighbour", "a switch that is heard of, and not polled"),
        ("range", "addresses that were not looked through"),
        ("recorder", "cameras behind recorders and others"),
        ("camera", "a camera that gives no answer"),
        ("partial", "it answers, and not all of it was seen"),
        ("port", "a port with a link, and no device known on it"),
        ("register", "what a register lists, and nobody saw"),
        ("registry", "the registry that makers are told by is old"),
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        let at = Self::ALL.iter().position(|kind| *kind == self).unwrap_or(0);
        Self::WORDS.get(at).map_or("", |(word, _)| word)
    }

    /// Whether what is seen is itself in doubt because of it.
    #[must_use]
    pub fn is_grave(self) -> bool {
        self <= Self::Alerts
    }
}

/// What things that were not seen can be sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnseenOrder {
    /// The gravest first, sensitive sites before others.
    #[default]
    Kind,
    /// By site.
    Site,
    /// By name.
    What,
    /// The oldest first.
    Since,
    /// By the reason.
    Why,
    /// By what to do: what takes the same stands together.
    Mend,
}

/// What tells one thing that was not seen from the others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnseenKey {
    /// The daemon does not work.
    Daemon,
    /// The configuration file is not the one in force.
    Configuration,
    /// A task of the daemon is late.
    Late(String),
    /// Something is wrong with the work itself: kind and subject.
    Condition(String, String),
    /// A carrier takes no alerts.
    Carrier(String),
    /// A target gives no answer, or not a whole one.
    Target(TargetName),
    /// A part of a site.
    Gap(SiteId, FactorKind, Gap),
    /// Cameras behind others, in words.
    Hidden(SiteId, String),
    /// A register that says little.
    Register(SiteId),
    /// The registry that makers are told by is old.
    Registry,
}

/// Something that was not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// What kind.
    pub kind: UnseenKind,
    /// Where.
    pub site: Option<SiteId>,
    /// What.
    pub what: String,
    /// Why, or how that is known.
    pub why: String,
    /// What to do about it, with what to type.
    pub mend: String,
    /// Since when, where that is known.
    pub since: Option<Timestamp>,
}

/// What to type about something that is wrong with the work itself.
fn mend(kind: &str, subject: &str) -> String {
    match kind {
        "polling-late" => format!("lenswarden targets {}", subject.trim_end_matches('s')),
        "coverage-low" => match subject.split_once(' ') {
            Some((_, site)) => format!("lenswarden coverage site:{site}"),
            None => "lenswarden coverage".to_owned(),
        },
        "credential-refused" => "lenswarden credential list".to_owned(),
        "credential-stopped" => format!("lenswarden credential retry {subject}, once its password is mended"),
        "clock-off" => "timedatectl status".to_owned(),
        "disk-low" => "df -h, then make room".to_owned(),
        "registry-old" => "apt-get install ieee-data, or [makers] registry".to_owned(),
        _ => "journalctl -u lenswarden".to_owned(),
    }
}

impl Snapshot {
    /// Everything that was not seen and passes, the gravest first, sensitive sites before others.
    #[must_use]
    pub fn unseen(&self, coverage: &BTreeMap<SiteId, SiteCoverage>, words: &Plain) -> Vec<(UnseenKind, UnseenKey)> {
        let mut keys: Vec<(UnseenKind, bool, UnseenKey)> = Vec::new();
        let mut add = |kind: UnseenKind, site: Option<&SiteId>, key: UnseenKey| {
            if !words.may_be(kind.word()) {
                return;
            }
            let row = (!words.is_empty()).then(|| self.unseen_row(&key)).flatten();
            let passes = row.is_none_or(|row| {
                let texts = [row.what.as_str(), row.why.as_str(), row.mend.as_str()];
                words.holds(kind.word(), row.site.as_ref().map(SiteId::as_str), &texts)
            });
            if passes {
                let sensitive = |site| self.sites.get(site).is_some_and(|it| it.sensitivity == Sensitivity::Sensitive);
                keys.push((kind, !site.is_some_and(sensitive), key));
            }
        };
        if self.daemon.state() != DaemonState::Running {
            add(UnseenKind::Daemon, None, UnseenKey::Daemon);
        }
        for late in &self.daemon.late {
            add(UnseenKind::Daemon, None, UnseenKey::Late(late.clone()));
        }
        if !self.daemon.configuration_problem.is_empty() {
            add(UnseenKind::Daemon, None, UnseenKey::Configuration);
        }
        for condition in &self.conditions {
            let key = UnseenKey::Condition(condition.kind.clone(), condition.subject.clone());
            add(UnseenKind::Work, None, key);
        }
        for carrier in self.carriers.values().filter(|carrier| !carrier.why.is_empty()) {
            add(UnseenKind::Alerts, None, UnseenKey::Carrier(carrier.name.clone()));
        }
        for target in self.targets.values() {
            if let Some(kind) = self.kind_of(target) {
                add(kind, Some(&target.site), UnseenKey::Target(target.name.clone()));
            }
        }
        for (site, coverage) in coverage {
            for factor in &coverage.factors {
                let kind = match factor.kind {
                    FactorKind::Ranges => UnseenKind::Range,
                    FactorKind::Switches => UnseenKind::Neighbour,
                    FactorKind::Ports => UnseenKind::Port,
                    FactorKind::Register => UnseenKind::Register,
                };
                // Switches that are polled stand among the targets already.
                let is_target = |gap: &&Gap| factor.kind == FactorKind::Switches && self.is_gap_of_target(site, gap);
                for gap in factor.gaps.iter().filter(|gap| !is_target(gap)) {
                    add(kind, Some(site), UnseenKey::Gap(site.clone(), factor.kind, gap.clone()));
                }
                if factor.kind == FactorKind::Register && self.is_old_register(factor.oldest) {
                    add(UnseenKind::Register, Some(site), UnseenKey::Register(site.clone()));
                }
            }
            for hidden in &coverage.hidden {
                add(UnseenKind::Recorder, Some(site), UnseenKey::Hidden(site.clone(), hidden.clone()));
            }
        }
        let told = self.conditions.iter().any(|condition| condition.kind == "registry-old");
        if !told && self.registry_warning().is_some() {
            add(UnseenKind::Registry, None, UnseenKey::Registry);
        }
        keys.sort();
        keys.into_iter().map(|(kind, _, key)| (kind, key)).collect()
    }

    /// What was not seen and stands the gravest first, in another order.
    #[must_use]
    pub fn unseen_in_order(
        &self,
        unseen: Vec<(UnseenKind, UnseenKey)>,
        order: UnseenOrder,
        reversed: bool,
    ) -> Vec<(UnseenKind, UnseenKey)> {
        if order == UnseenOrder::Kind {
            return turned(unseen, reversed);
        }
        in_order(unseen, reversed, |(_, key)| {
            let Some(row) = self.unseen_row(key) else { return Said::Nothing };
            match order {
                UnseenOrder::Kind => Said::Nothing,
                UnseenOrder::Site => Said::text(row.site.map(|site| site.as_str().to_owned()).unwrap_or_default()),
                UnseenOrder::What => Said::text(row.what),
                UnseenOrder::Since => Said::number(row.since.map(|since| since.0)),
                UnseenOrder::Why => Said::text(row.why),
                UnseenOrder::Mend => Said::text(row.mend),
            }
        })
    }

    /// How a target counts that gave no answer, or not a whole one.
    fn kind_of(&self, target: &TargetRow) -> Option<UnseenKind> {
        match target.state.as_str() {
            "answering" | "partial" if self.is_stale(target) => {}
            "answering" => return None,
            "partial" => return Some(UnseenKind::Partial),
            _ => {}
        }
        Some(if target.switch { UnseenKind::Switch } else { UnseenKind::Camera })
    }

    fn is_gap_of_target(&self, site: &SiteId, gap: &Gap) -> bool {
        self.targets.get(gap.what.as_str()).is_some_and(|target| {
            target.switch && target.site == *site && *gap == gap_of(target, self.is_stale(target))
        })
    }

    fn is_old_register(&self, changed: Option<Timestamp>) -> bool {
        changed.is_some_and(|changed| self.as_of.since(changed) > OLD_REGISTER)
    }

    /// One of them in full; `None`: it is there no longer.
    #[must_use]
    pub fn unseen_row(&self, key: &UnseenKey) -> Option<Unseen> {
        let row =
            |kind, what: String, why: String, mend: String| Unseen { kind, site: None, what, why, mend, since: None };
        let restart = || "sudo systemctl restart lenswarden".to_owned();
        let journal = || "journalctl -u lenswarden".to_owned();
        Some(match key {
            UnseenKey::Daemon => {
                let Ailment { what, since, mend } = self.daemon.state().ailment()?;
                let (why, mend) = (format!("it {what}"), mend.to_owned());
                Unseen { since, ..row(UnseenKind::Daemon, "the daemon".to_owned(), why, mend) }
            }
            UnseenKey::Late(late) => {
                let why = "a task of the daemon did not come round".to_owned();
                row(UnseenKind::Daemon, late.clone(), why, format!("{}; where it stays late: {}", journal(), restart()))
            }
            UnseenKey::Configuration => {
                let why = self.daemon.configuration_problem.replace('\n', " ");
                row(UnseenKind::Daemon, "the configuration file".to_owned(), why, "lenswarden check".to_owned())
            }
            UnseenKey::Condition(kind, subject) => {
                let is_it = |it: &&super::Condition| it.kind == *kind && it.subject == *subject;
                let condition = self.conditions.iter().find(is_it)?;
                let what = format!("{kind} {subject}");
                let row =
                    row(UnseenKind::Work, what.trim_end().to_owned(), condition.words.clone(), mend(kind, subject));
                Unseen { since: Some(condition.since), ..row }
            }
            UnseenKey::Carrier(name) => {
                let carrier = self.carriers.get(name)?;
                let waiting = carrier.waiting + carrier.lost;
                let why = format!("{waiting} alerts wait: {}", carrier.why);
                let row = row(UnseenKind::Alerts, name.clone(), why, format!("lenswarden alert test {name}"));
                Unseen { since: Some(carrier.since), ..row }
            }
            UnseenKey::Target(name) => {
                let target = self.targets.get(name)?;
                let kind = self.kind_of(target)?;
                let Gap { what, why, mend } = if kind == UnseenKind::Partial {
                    let mend = format!("lenswarden poll {name}");
                    Gap { what: name.to_string(), why: partly(target), mend }
                } else {
                    gap_of(target, self.is_stale(target))
                };
                Unseen { kind, site: Some(target.site.clone()), what, why, mend, since: Some(target.since) }
            }
            UnseenKey::Gap(site, factor, gap) => {
                let kind = match factor {
                    FactorKind::Ranges => UnseenKind::Range,
                    FactorKind::Switches => UnseenKind::Neighbour,
                    FactorKind::Ports => UnseenKind::Port,
                    FactorKind::Register => UnseenKind::Register,
                };
                let Gap { what, why, mend } = gap.clone();
                Unseen { site: Some(site.clone()), ..row(kind, what, why, mend) }
            }
            UnseenKey::Hidden(site, words) => {
                let mend =
                    "put their addresses into a [[cameras]] block, or give it the recorder's credential".to_owned();
                let row = row(UnseenKind::Recorder, words.clone(), "they are seen only through it".to_owned(), mend);
                Unseen { site: Some(site.clone()), ..row }
            }
            UnseenKey::Register(site) => {
                let changed = self.looked.sites.get(site)?.register.as_ref()?.changed;
                let why = format!("its file was last changed {changed}");
                let mend = "export it anew into the file of [[register]]".to_owned();
                let row = row(UnseenKind::Register, "an old register".to_owned(), why, mend);
                Unseen { site: Some(site.clone()), since: Some(changed), ..row }
            }
            UnseenKey::Registry => {
                let what = "makers of new prefixes".to_owned();
                row(UnseenKind::Registry, what, self.registry_warning()?, mend("registry-old", ""))
            }
        })
    }
}

/// Which tables of a target were not seen whole.
fn partly(target: &TargetRow) -> String {
    use crate::observation::Completeness;
    let cut = |(table, state): (&crate::observation::Table, &crate::observation::TableState)| match state.completeness {
        Completeness::Partial | Completeness::Failed => {
            let note = state.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
            Some(format!("{} {}{note}", super::word(table), super::word(&state.completeness)))
        }
        Completeness::Complete | Completeness::Unsupported => None,
    };
    let tables: Vec<String> = target.tables.iter().filter_map(cut).collect();
    if tables.is_empty() { target.why.clone() } else { tables.join(", ") }
}
