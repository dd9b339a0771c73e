//! How far the affected sites came, day by day.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::returns::{day, is_suspect};
use super::{SiteReturn, Snapshot, Standing};
use crate::net::{FindingId, SiteId, Timestamp};

/// Days that are told, at most.
const MOST_DAYS: usize = 24;

/// A finding that was open at a site, from when until when, by the change log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// The finding.
    pub finding: FindingId,
    /// Where.
    pub site: SiteId,
    /// When it opened there.
    pub from: Timestamp,
    /// When it closed, or was elsewhere; `None`: it is open there.
    pub until: Option<Timestamp>,
}

/// From when until when restricted or suspected equipment was at a site; without an end it is there.
pub(super) type Stays = Vec<(Timestamp, Option<Timestamp>)>;

/// The affected sites at the end of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The day, in UTC.
    pub day: Date,
    /// Sensitive sites where such equipment had been found by then.
    pub affected: usize,
    /// Those of them where none was known any more.
    pub done: usize,
}

impl Day {
    /// In per cent, rounded down.
    #[must_use]
    pub fn percent(&self) -> usize {
        (self.done * 100).checked_div(self.affected).unwrap_or(0)
    }
}

/// How far the affected sites came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Curve {
    /// Some of the days, the first and the last among them.
    pub days: Vec<Day>,
    /// It rests on every opening of every finding, which the change log keeps; else on the latest of each.
    pub by_log: bool,
}

impl Curve {
    /// What it rests on, and what it cannot know.
    #[must_use]
    pub fn words(&self) -> &'static str {
        if self.by_log {
            "Per cent of the sites where such equipment had been found by that day. A site counts as done on a day if none was \
             known there at its end, by every opening and closing in the change log. What was looked at on past days is \
             not kept: a site of which too little is looked at now counts as not done on any day."
        } else {
            "Per cent of the sites where such equipment had been found by that day. The change log has too many rows to \
             be read for this: of a finding that opened several times only the latest opening counts, so that past days may \
             show more done than was. What was looked at on past days is not kept: a site of which too little is looked \
             at now counts as not done on any day."
        }
    }
}

impl Snapshot {
    /// When restricted or suspected equipment was at each sensitive site that ever had some.
    pub(super) fn stays(&self, past: Option<&[Stay]>) -> BTreeMap<SiteId, Stays> {
        let mut stays: BTreeMap<SiteId, Stays> = BTreeMap::new();
        let mut add = |site: Option<&SiteId>, from, until| {
            if let Some(site) = site.filter(|site| self.is_sensitive(Some(site))) {
                stays.entry(site.clone()).or_default().push((from, until));
            }
        };
        for device in self.devices.values().filter(|device| is_suspect(device)) {
            add(device.place.site.as_ref(), device.place.since, device.place.gone);
        }
        // What was moved away or turned into another device left a finding where it was. One that was observed gone is
        // there no longer, though its removal is not proved yet.
        let gone = |id: FindingId| {
            let device = self.device_of(self.findings.get(&id)?).filter(|device| is_suspect(device))?;
            Some(device.place.gone)
        };
        match past {
            Some(past) => {
                for stay in past {
                    if let Some(gone) = gone(stay.finding) {
                        add(Some(&stay.site), stay.from, stay.until.or(gone));
                    }
                }
            }
            None => {
                for finding in self.findings.values() {
                    if let Some(gone) = gone(finding.id) {
                        add(finding.place.site.as_ref(), finding.since, finding.closed.or(gone));
                    }
                }
            }
        }
        stays
    }
}

/// The sites at the end of each of some days, the last being that of the picture.
pub(super) fn days(sites: &[SiteReturn<'_>], stays: &BTreeMap<SiteId, Stays>, as_of: Timestamp) -> Vec<Day> {
    let affected: Vec<(&SiteReturn<'_>, &Stays, Date)> = sites
        .iter()
        .filter_map(|site| {
            let stays = stays.get(&site.site.id)?;
            Some((site, stays, day(stays.iter().map(|(from, _)| *from).min()?)))
        })
        .collect();
    let Some(first) = affected.iter().map(|(.., first)| *first).min() else { return Vec::new() };
    let last = day(as_of).max(first);
    let all = usize::try_from(first.duration_until(last).as_hours() / 24).unwrap_or(0);
    let steps = all.clamp(1, MOST_DAYS - 1);
    let at = |number: usize| {
        let days = i64::try_from(all * number / steps).unwrap_or(0);
        first.saturating_add(jiff::Span::new().days(days))
    };
    let of_day = |of: Date| {
        let there = |(from, until): &(Timestamp, Option<Timestamp>)| {
            day(*from) <= of && until.is_none_or(|until| day(until) > of)
        };
        let known = affected.iter().filter(|(.., first)| *first <= of);
        let done = known.clone().filter(|(site, stays, _)| match of == last {
            true => site.standing == Some(Standing::Done),
            false => site.coverage.doubts.is_empty() && !stays.iter().any(there),
        });
        Day { day: of, affected: known.clone().count(), done: done.count() }
    };
    let mut told: Vec<Day> = (0..=steps).map(at).map(of_day).collect();
    told.dedup_by_key(|day| day.day);
    told
}
