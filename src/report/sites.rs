//! Sites and their coverage, for people, spreadsheets and scripts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Table;
use super::tables::minute;
use crate::config::Sensitivity;
use crate::net::{DeviceText, SiteId};
use crate::review::DecisionKind;
use crate::snapshot::{Factor, FactorKind, SiteCounts, SiteCoverage, SiteRow, Snapshot, word};

/// Gaps of one kind that are shown for a site.
const MOST_SHOWN: usize = 8;

/// Coverage of sites by id, counted once for all that is told of them ([`Snapshot::coverage_of_sites`]).
pub type Covered = BTreeMap<SiteId, SiteCoverage>;

/// A share with what it is made of: `98 % (49/50)`.
fn share(factor: Option<&Factor>) -> String {
    match factor.and_then(|factor| Some((factor, factor.percent()?))) {
        Some((Factor { seen, expected, .. }, percent)) => format!("{percent} % ({seen}/{expected})"),
        None => "not known".to_owned(),
    }
}

/// A register's share, with the age of its file.
fn listed(factor: Option<&Factor>) -> String {
    match factor.and_then(|factor| factor.oldest) {
        Some(changed) if factor.is_some_and(|factor| factor.expected > 0) => {
            format!("{} of {}", share(factor), minute(changed))
        }
        Some(changed) => format!("nothing listed, {}", minute(changed)),
        None => "no register".to_owned(),
    }
}

fn verdict(coverage: &SiteCoverage) -> String {
    if coverage.doubts.is_empty() { "enough was looked at".to_owned() } else { "NOT shown to be clean".to_owned() }
}

/// Coverage of sites, one line each.
#[must_use]
pub fn coverage<'a>(covered: &Covered, sites: impl Iterator<Item = &'a SiteRow>) -> Table {
    let row = |site: &SiteRow| {
        let coverage = covered.get(&site.id)?;
        let looks = coverage.factors.iter().filter(|factor| factor.kind != FactorKind::Register);
        let oldest = looks.filter_map(|factor| factor.oldest).min();
        Some(vec![
            site.id.to_string(),
            word(&site.sensitivity),
            share(coverage.factor(FactorKind::Ranges)),
            share(coverage.factor(FactorKind::Switches)),
            share(coverage.factor(FactorKind::Ports)),
            listed(coverage.factor(FactorKind::Register)),
            oldest.map_or_else(|| "never".to_owned(), minute),
            verdict(coverage),
            coverage.doubts.join("; "),
        ])
    };
    Table {
        columns: vec!["SITE", "SENSITIVITY", "RANGES", "SWITCHES", "PORTS", "REGISTER", "OLDEST LOOK", "SO", "BECAUSE"],
        rows: sites.filter_map(row).collect(),
    }
}

/// What was not seen, and what to do about each.
#[must_use]
pub fn gaps<'a>(covered: &Covered, sites: impl Iterator<Item = &'a SiteRow>) -> Table {
    let clean = |text: &str| DeviceText::new(text).to_string();
    let mut rows = Vec::new();
    for site in sites {
        for factor in covered.get(&site.id).into_iter().flat_map(|coverage| &coverage.factors) {
            for gap in factor.gaps.iter().take(MOST_SHOWN) {
                let words = [&gap.what, &gap.why, &gap.mend].map(|text| clean(text));
                let head = [site.id.to_string(), factor.kind.word().to_owned()];
                rows.push(head.into_iter().chain(words).collect());
            }
            if let Some(more) = factor.gaps.len().checked_sub(MOST_SHOWN).filter(|more| *more > 0) {
                let words = [format!("and {more} more"), "--json tells them".to_owned(), String::new()];
                rows.push([site.id.to_string(), factor.kind.word().to_owned()].into_iter().chain(words).collect());
            }
        }
    }
    Table { columns: vec!["SITE", "OF", "NOT SEEN", "WHY", "WHAT TO DO"], rows }
}

/// Coverage of a site as JSON.
#[must_use]
pub fn coverage_json(snapshot: &Snapshot, covered: &Covered, site: &SiteRow) -> Option<Value> {
    let coverage = covered.get(&site.id)?;
    let factors: Vec<Value> = coverage
        .factors
        .iter()
        .map(|factor| {
            json!({"kind": factor.kind, "seen": factor.seen, "expected": factor.expected, "percent": factor.percent(),
                   "oldest": factor.oldest, "gaps": factor.gaps})
        })
        .collect();
    Some(
        json!({"site": site.id, "name": site.name, "sensitivity": site.sensitivity, "enough": coverage.doubts.is_empty(),
               "doubts": coverage.doubts, "factors": factors, "as_of": snapshot.as_of}),
    )
}

/// Sites in numbers; `counts`: see [`Snapshot::site_counts`].
#[must_use]
pub fn sites<'a>(
    snapshot: &Snapshot,
    covered: &Covered,
    counts: &BTreeMap<SiteId, SiteCounts>,
    sites: impl Iterator<Item = &'a SiteRow>,
) -> Table {
    let nothing = SiteCounts::default();
    let row = |site: &SiteRow| {
        let counts = counts.get(&site.id).unwrap_or(&nothing);
        let numbers = [
            counts.surveillance,
            counts.restricted,
            counts.suspected,
            counts.unknown,
            counts.on_core,
            counts.open,
            counts.overdue,
        ];
        [site.id.to_string(), site.name.clone(), word(&site.sensitivity)]
            .into_iter()
            .chain(site.basis.iter().map(word).chain(std::iter::repeat(String::new())).take(1))
            .chain(numbers.map(|number| number.to_string()))
            .chain([covered.get(&site.id).map(verdict).unwrap_or_default(), considered(snapshot, site)])
            .collect()
    };
    Table {
        columns: vec![
            "SITE",
            "NAME",
            "SENSITIVITY",
            "BASIS",
            "CAMERAS",
            "RESTRICTED",
            "SUSPECTED",
            "UNKNOWN",
            "ON CORE",
            "OPEN",
            "OVERDUE",
            "COVERAGE",
            "CONSIDERED",
        ],
        rows: sites.map(row).collect(),
    }
}

/// How long an answer holds before it is asked again, in days.
const CONSIDERED_FOR: u64 = 180;

/// Whether a site that is not sensitive was considered: yes or no, when, by whom; of a sensitive one nothing.
#[must_use]
pub fn considered(snapshot: &Snapshot, site: &SiteRow) -> String {
    if site.sensitivity == Sensitivity::Sensitive {
        return String::new();
    }
    let Some(decision) = snapshot.considered.get(&site.id) else { return "never".to_owned() };
    let adopt = matches!(decision.kind, DecisionKind::Consider { adopt: true, .. });
    let age = snapshot.as_of.since(decision.at).as_secs() / 86_400;
    let overdue = if age > CONSIDERED_FOR { ", to be asked again" } else { "" };
    let at = decision.at.to_string();
    let name = DeviceText::new(&decision.author.name);
    format!("{} {} {name}{overdue}", if adopt { "yes" } else { "no" }, at.get(..10).unwrap_or(&at))
}

/// A site as JSON.
#[must_use]
pub fn site_json(snapshot: &Snapshot, covered: &Covered, site: &SiteRow, counts: &SiteCounts) -> Value {
    json!({"id": site.id, "name": site.name, "sensitivity": site.sensitivity, "basis": site.basis, "counts": counts,
           "considered": snapshot.considered.get(&site.id),
           "coverage": coverage_json(snapshot, covered, site)})
}
