//! All that is known of a site: who made what stands there, on which networks, what waits and what was decided, and what
//! of it was not seen.

use std::collections::BTreeMap;

use ratatui::style::Style;

use super::pen::{Paragraph, Piece};
use super::{grouped, moment};
use crate::console::model::Model;
use crate::net::{NetworkId, SiteId};
use crate::policy::Status;
use crate::report::sites::considered;
use crate::review::{Finding, FindingState};
use crate::snapshot::{ExposureOrder, Factor, FactorKind, Group, Tally, word};

/// Findings and decisions that are told one by one.
const MOST: usize = 12;

struct Lines<'a> {
    model: &'a Model,
    lines: Vec<Paragraph>,
}

impl Lines<'_> {
    fn add(&mut self, label: &'static str, text: impl Into<String>, style: Style) {
        // A label stands once, before the first line of its part.
        let repeated = self.lines.iter().rev().find(|line| !line.label.is_empty()).is_some_and(|it| it.label == label);
        self.lines.push(Paragraph { label: if repeated { "" } else { label }, text: Piece::new(text, style) });
    }
}

/// A site's title and its lines.
pub(super) fn draw(model: &Model, site: &SiteId) -> (String, Vec<Paragraph>) {
    let Some(row) = model.snapshot.sites.get(site) else { return (format!("site {site} is no more"), Vec::new()) };
    let theme = model.theme;
    let mut lines = Lines { model, lines: Vec::new() };
    let basis = row.basis.as_ref().map(|basis| format!(" ({})", word(basis))).unwrap_or_default();
    lines.add("site", format!("{}, {}{basis}", row.name, word(&row.sensitivity)), theme.title());
    let counts = model.site_lines.counts.get(site).cloned().unwrap_or_default();
    let text = format!(
        "{} cameras and recorders: {} restricted, {} suspected, {} unknown, {} not restricted; {} on core networks",
        grouped(counts.surveillance),
        grouped(counts.restricted),
        grouped(counts.suspected),
        grouped(counts.unknown),
        grouped(counts.not_restricted),
        grouped(counts.on_core)
    );
    lines.add("there", text, if counts.on_core > 0 { theme.bad() } else { Style::new() });
    match model.site_coverage().and_then(|all| all.get(site)) {
        Some(coverage) if coverage.doubts.is_empty() => lines.add("clean", "enough was looked at", theme.good()),
        Some(coverage) => {
            lines.add("clean", format!("NOT shown to be: {}", coverage.doubts.join("; ")), theme.warn());
        }
        None => {}
    }
    let answer = considered(&model.snapshot, row);
    if !answer.is_empty() {
        let style = if answer == "never" { theme.warn() } else { Style::new() };
        lines.add("considered", answer, style);
    }
    lines.makers(site);
    lines.networks(site);
    lines.findings(site);
    lines.unseen(site);
    (format!("site {site}"), lines.lines)
}

/// Restricted, suspected, unknown, not restricted, in words; what there is none of is left out.
fn by_status(counts: [usize; 4]) -> String {
    let words = ["restricted", "suspected", "unknown", "not restricted"];
    let told: Vec<String> = counts
        .iter()
        .zip(words)
        .filter(|(count, _)| **count > 0)
        .map(|(count, word)| format!("{} {word}", grouped(*count)))
        .collect();
    if told.is_empty() { "nothing".to_owned() } else { told.join(", ") }
}

impl Lines<'_> {
    /// What stands at the site and is or may be surveillance equipment, of which something is known.
    fn there(&self, site: &SiteId) -> Vec<&'_ Tally> {
        let here = |tally: &&Tally| {
            tally.site.as_ref() == Some(site)
                && !tally.gone
                && tally.group().is_some_and(|group| group != Group::NotIdentified)
        };
        self.model.site_lines.tallies.iter().filter(here).collect()
    }

    fn makers(&mut self, site: &SiteId) {
        let tallies: Vec<Tally> = self.there(site).into_iter().cloned().collect();
        for row in self.model.snapshot.exposure(tallies, ExposureOrder::Gravity, false).rows {
            let indent = if row.key.brand.is_some() { "  " } else { "" };
            let core = if row.core > 0 { format!(", {} on core networks", grouped(row.core)) } else { String::new() };
            let status = word(&row.status).replace('-', " ");
            let text = format!("{indent}{:<18} {:>5}  {status}{core}", row.name, grouped(row.all));
            self.add("makers", text, self.model.theme.status(row.status));
        }
    }

    fn networks(&mut self, site: &SiteId) {
        let mut networks: BTreeMap<Option<NetworkId>, [usize; 4]> = BTreeMap::new();
        for row in self.model.snapshot.networks.values().filter(|row| row.site.as_ref() == Some(site)) {
            networks.entry(Some(row.id.clone())).or_default();
        }
        for tally in self.there(site) {
            let [restricted, suspected, unknown, not] = networks.entry(tally.network.clone()).or_default();
            *match tally.status {
                Status::Restricted => restricted,
                Status::Suspected => suspected,
                Status::Unknown => unknown,
                Status::NotRestricted => not,
            } += tally.devices;
        }
        for (network, counts) in networks {
            let (name, kind) = match &network {
                Some(id) => {
                    let kind = self.model.snapshot.networks.get(id).map(|row| word(&row.kind)).unwrap_or_default();
                    (id.to_string(), kind)
                }
                None => ("unclassified".to_owned(), "[[network]] says which it is".to_owned()),
            };
            let some = counts.iter().sum::<usize>() > 0;
            let style = match kind.as_str() {
                "core" if some => self.model.theme.bad(),
                _ if network.is_none() => self.model.theme.warn(),
                _ => Style::new(),
            };
            self.add("networks", format!("{name} ({kind}): {}", by_status(counts)), style);
        }
    }

    fn findings(&mut self, site: &SiteId) {
        let snapshot = &self.model.snapshot;
        let here: Vec<&Finding> =
            snapshot.findings.values().filter(|finding| finding.place.site.as_ref() == Some(site)).collect();
        let mut open: Vec<&Finding> =
            here.iter().copied().filter(|finding| finding.state == FindingState::Open).collect();
        open.sort_by_key(|finding| (finding.severity, finding.since, finding.id));
        let name = |finding: &Finding| {
            let device = snapshot.device_of(finding);
            let mac = device.and_then(|row| row.mac).map(|mac| mac.to_string());
            let ip = device.and_then(|row| row.ips.first()).map(ToString::to_string);
            let entry = finding.subject.entry().map(ToString::to_string);
            mac.or(ip).or(entry).unwrap_or_else(|| format!("finding {}", finding.id))
        };
        let place = |finding: &Finding| {
            let port = finding.place.port.as_ref().map(|port| format!(" {port}")).unwrap_or_default();
            finding.place.switch.as_ref().map(|switch| format!(", {switch}{port}")).unwrap_or_default()
        };
        for finding in open.iter().take(MOST) {
            let late = if self.model.overdue.contains(&finding.id) { ", OVERDUE" } else { "" };
            let text =
                format!("{} {}: {}{}{late}", finding.severity.letter(), name(finding), finding.text, place(finding));
            self.add("open", text, self.model.theme.severity(finding.severity));
        }
        self.more("open", open.len(), "r shows them");
        let mut decided: Vec<&Finding> = here;
        decided.retain(|finding| finding.state != FindingState::Closed && finding.state != FindingState::Open);
        decided.sort_by_key(|finding| {
            (finding.decision.as_ref().and_then(|decision| decision.kind.until()), finding.severity, finding.id)
        });
        for finding in decided.iter().take(MOST) {
            let Some(decision) = &finding.decision else { continue };
            let late = if self.model.overdue.contains(&finding.id) { "OVERDUE " } else { "" };
            let at = moment(decision.at, &self.model.zone);
            let text = format!("{late}{}: {}, {at} by {}", name(finding), decision.kind.words(), decision.author.name);
            let style = if late.is_empty() { Style::new() } else { self.model.theme.bad() };
            self.add("decided", text, style);
        }
        self.more("decided", decided.len(), "lenswarden findings tells them");
    }

    fn more(&mut self, label: &'static str, all: usize, where_from: &str) {
        if all > MOST {
            self.add(label, format!("and {} more: {where_from}", grouped(all - MOST)), self.model.theme.label());
        }
    }

    fn unseen(&mut self, site: &SiteId) {
        let Some(coverage) = self.model.site_coverage().and_then(|all| all.get(site)) else { return };
        for factor in &coverage.factors {
            let (text, style) = self.share(factor);
            self.add("looked at", text, style);
        }
        for factor in &coverage.factors {
            for gap in &factor.gaps {
                let text = format!("{}: {}: {} → {}", factor.kind.word(), gap.what, gap.why, gap.mend);
                self.add("not seen", text, self.model.theme.warn());
            }
        }
    }

    fn share(&self, factor: &Factor) -> (String, Style) {
        let theme = self.model.theme;
        let word = factor.kind.word();
        let Some(percent) = factor.percent() else {
            let none = match factor.kind {
                FactorKind::Register => "no register speaks of the site",
                _ => "there is nothing to measure by",
            };
            return (format!("{word}: {none}"), theme.label());
        };
        let age = factor.oldest.map_or_else(
            || "never looked".to_owned(),
            |at| match factor.kind {
                FactorKind::Register => format!("its file is of {}", moment(at, &self.model.zone)),
                _ => format!("oldest look {}", moment(at, &self.model.zone)),
            },
        );
        let enough = percent >= u64::from(self.model.snapshot.looked.threshold);
        let text = format!("{word}: {percent} % ({} of {}), {age}", factor.seen, factor.expected);
        (text, if enough { theme.good() } else { theme.warn() })
    }
}
