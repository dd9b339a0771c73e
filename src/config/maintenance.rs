//! `[[maintenance]]`: when findings at a site or on its switches are recorded and nobody is called for them.

use std::ops::Range;
use std::time::Duration;

use jiff::civil::DateTime;
use toml::Spanned;

use super::checker::Checker;
use super::file::{self, File};
use super::schedule::{Schedule, schedule, zone};
use crate::net::{SiteId, TargetName, Timestamp};

/// Longest window: what is longer hides alerts and maintains nothing.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// `[[maintenance]]`
#[derive(Debug, Clone, PartialEq)]
pub struct MaintenanceWindow {
    /// Its name.
    pub name: String,
    /// The site it is at; `None`: only the switches count.
    pub site: Option<SiteId>,
    /// The switches it is on; empty: the whole site.
    pub switches: Vec<TargetName>,
    /// When.
    pub when: WindowTime,
}

/// When a window is open.
#[derive(Debug, Clone, PartialEq)]
pub enum WindowTime {
    /// Once.
    Once {
        /// From this moment.
        from: Timestamp,
        /// Until this one.
        until: Timestamp,
    },
    /// Again and again.
    Recurring {
        /// It opens.
        schedule: Schedule,
        /// For so long.
        lasts: Duration,
    },
}

impl WindowTime {
    /// Whether it is open at this moment.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        match self {
            Self::Once { from, until } => (*from..*until).contains(&at),
            Self::Recurring { schedule, lasts } => schedule.latest(at.minus(*lasts), at).is_some(),
        }
    }
}

impl MaintenanceWindow {
    /// Whether what is at this site and on this switch falls under it.
    #[must_use]
    pub fn covers(&self, site: Option<&SiteId>, switch: Option<&TargetName>) -> bool {
        let at_site = self.site.as_ref().is_none_or(|own| site == Some(own));
        at_site && (self.switches.is_empty() || switch.is_some_and(|switch| self.switches.contains(switch)))
    }
}

pub(super) fn maintenance(
    checker: &mut Checker<'_>,
    file: &File,
    sites: &[String],
    switches: &[String],
) -> Vec<MaintenanceWindow> {
    checker.unique("maintenance.name", &file.maintenance.iter().map(|own| &own.get_ref().name).collect::<Vec<_>>());
    let mut windows = Vec::new();
    for written in &file.maintenance {
        let window = written.get_ref();
        if let Some(site) = &window.site {
            checker.known("maintenance.site", site, "site", sites);
        }
        for switch in &window.switches {
            checker.known("maintenance.switches", switch, "switch", switches);
        }
        if window.site.is_none() && window.switches.is_empty() {
            let message = "it is nowhere";
            checker.problem(window.name.span(), "maintenance", message, "site = \"…\", or switches = [\"…\"], or both");
        }
        if let Some(when) = when(checker, window) {
            windows.push(MaintenanceWindow {
                name: window.name.get_ref().clone(),
                site: window.site.as_ref().map(|site| site.get_ref().as_str().into()),
                switches: window.switches.iter().map(|switch| switch.get_ref().as_str().into()).collect(),
                when,
            });
        }
    }
    windows
}

fn when(checker: &mut Checker<'_>, window: &file::Maintenance) -> Option<WindowTime> {
    let zone = zone(checker, "maintenance.time-zone", &window.time_zone)?;
    match (&window.schedule, &window.lasts, &window.from, &window.until) {
        (Some(written), Some(lasts), None, None) => {
            let schedule = schedule(checker, "maintenance.schedule", written, zone)?;
            let span = lasts.span();
            let lasts = checker.duration("maintenance.lasts", &window.lasts, "1h", Duration::from_secs(60));
            fits(checker, span, lasts).then_some(WindowTime::Recurring { schedule, lasts })
        }
        (None, None, Some(from), Some(until)) => {
            let (begins, ends) = (moment(checker, from, zone)?, moment(checker, until, zone)?);
            if ends <= begins {
                checker.problem(until.span(), "maintenance.until", "it ends before it begins", "");
                return None;
            }
            let lasts = ends.since(begins);
            fits(checker, until.span(), lasts).then_some(WindowTime::Once { from: begins, until: ends })
        }
        _ => {
            let hint = "schedule = \"0 2 * * 6\" with lasts = \"2h\", or from = \"2027-01-09T22:00\" with until";
            checker.problem(window.name.span(), "maintenance", "it is not said when", hint);
            None
        }
    }
}

fn fits(checker: &mut Checker<'_>, span: Range<usize>, lasts: Duration) -> bool {
    if lasts > LONGEST {
        let hint = "seven days at most: what is hidden for longer is forgotten";
        checker.problem(span, "maintenance", "the window is too long", hint);
    }
    lasts <= LONGEST
}

/// A moment by the clock on the wall of a zone.
fn moment(checker: &mut Checker<'_>, written: &Spanned<String>, zone: &str) -> Option<Timestamp> {
    let local = written.get_ref().parse::<DateTime>().ok();
    let moment = local.and_then(|local| local.in_tz(zone).ok()).map(|moment| Timestamp::from_jiff(moment.timestamp()));
    if moment.is_none() {
        let message = format!("'{}' is no moment", written.get_ref());
        checker.problem(written.span(), "maintenance", message, "the time on the wall there: 2027-01-09T22:00");
    }
    moment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_open_from_its_beginning_up_to_its_end() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        // Saturdays at two by the clock of London, whatever the season.
        let schedule = Schedule::read("0 2 * * 6", "Europe/London").unwrap();
        let weekly = WindowTime::Recurring { schedule, lasts: Duration::from_secs(7200) };
        for (moment, open) in [
            ("2026-07-04T00:59:59Z", false),
            ("2026-07-04T01:00:00Z", true),
            ("2026-07-04T02:59:59Z", true),
            ("2026-07-04T03:00:00Z", false),
            ("2026-12-05T01:59:59Z", false),
            ("2026-12-05T03:59:59Z", true),
            ("2026-12-05T04:00:00Z", false),
            ("2026-12-06T02:30:00Z", false),
        ] {
            assert_eq!(weekly.is_open(at(moment)), open, "{moment}");
        }
        let once = WindowTime::Once { from: at("2026-12-05T22:00:00Z"), until: at("2026-12-06T02:00:00Z") };
        assert!(once.is_open(at("2026-12-05T22:00:00Z")) && !once.is_open(at("2026-12-06T02:00:00Z")));
    }

    #[test]
    fn a_window_covers_its_site_or_its_switches_and_nothing_unknown() {
        let window = |site: Option<&str>, switches: &[&str]| MaintenanceWindow {
            name: "w".into(),
            site: site.map(SiteId::from),
            switches: switches.iter().map(|name| TargetName::from(*name)).collect(),
            when: WindowTime::Once { from: Timestamp(0), until: Timestamp(1) },
        };
        let (hq, sw1): (SiteId, TargetName) = ("hq".into(), "sw1".into());
        assert!(window(Some("hq"), &[]).covers(Some(&hq), None) && !window(Some("hq"), &[]).covers(None, Some(&sw1)));
        assert!(window(None, &["sw1"]).covers(None, Some(&sw1)) && !window(None, &["sw1"]).covers(Some(&hq), None));
        assert!(!window(Some("branch"), &["sw1"]).covers(Some(&hq), Some(&sw1)));
    }
}
