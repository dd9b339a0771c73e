//! Each site in a line: how sensitive it is, what stands there, what waits, and what of it was looked at.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::columns::{sorted_by, table};
use super::pen::{Pen, Piece, Row};
use super::{grouped, nothing, scope_line, site_of};
use crate::config::Sensitivity;
use crate::console::columns::Sheet;
use crate::console::model::Model;
use crate::net::SiteId;
use crate::policy::Status;
use crate::snapshot::{Factor, FactorKind, SiteCounts, SiteCoverage, word};

/// A share in per cent; below what is enough it is told by its sign as well as by its colour.
fn share(model: &Model, factor: Option<&Factor>) -> Piece {
    let least = u64::from(model.snapshot.looked.threshold);
    match factor.map(|factor| (factor.kind, factor.percent())) {
        Some((_, Some(percent))) if percent < least => Piece::new(format!("{percent} %"), model.theme.warn()),
        Some((_, Some(percent))) => Piece::new(format!("{percent} %"), model.theme.good()),
        Some((FactorKind::Register, None)) => "-".into(),
        _ => Piece::new("?", model.theme.warn()),
    }
}

/// Whether the site is not shown to be clean, whatever was found.
fn doubted(coverage: Option<&SiteCoverage>) -> bool {
    coverage.is_none_or(|coverage| !coverage.doubts.is_empty())
}

/// The sum of the sites that are listed.
fn total(model: &Model, order: &[SiteId]) -> SiteCounts {
    let mut sum = SiteCounts::default();
    for counts in order.iter().filter_map(|site| model.site_lines.counts.get(site)) {
        sum.surveillance += counts.surveillance;
        sum.restricted += counts.restricted;
        sum.suspected += counts.suspected;
        sum.unknown += counts.unknown;
        sum.not_restricted += counts.not_restricted;
        sum.on_core += counts.on_core;
        sum.open += counts.open;
        sum.overdue += counts.overdue;
    }
    sum
}

fn totals(model: &Model, pen: &mut Pen<'_>, area: Rect, order: &[SiteId]) {
    let theme = model.theme;
    let is_sensitive =
        |site: &&SiteId| model.snapshot.sites.get(*site).is_some_and(|row| row.sensitivity == Sensitivity::Sensitive);
    let sensitive = order.iter().filter(is_sensitive).count();
    let coverage = model.site_coverage();
    let unclear = order.iter().filter(|site| doubted(coverage.and_then(|all| all.get(*site)))).count();
    let noun = if order.len() == 1 { "site" } else { "sites" };
    let mut first = vec![Piece::from(format!("{} {noun}, {} sensitive   ", grouped(order.len()), grouped(sensitive)))];
    if unclear > 0 {
        first.push(Piece::new(format!("{} NOT shown to be clean (?)", grouped(unclear)), theme.warn()));
    }
    first.push(sorted_by(model, area.width));
    scope_line(model, pen, area, &first);
    let sum = total(model, order);
    let number = |name: &str, number: usize, style: Style| {
        Piece::new(format!("{name} {}  ", grouped(number)), if number > 0 { style } else { Style::new() })
    };
    let pieces = [
        number("cameras", sum.surveillance, Style::new()),
        number("restricted", sum.restricted, theme.status(Status::Restricted)),
        number("suspected", sum.suspected, theme.status(Status::Suspected)),
        number("unknown", sum.unknown, theme.status(Status::Unknown)),
        number("core", sum.on_core, theme.bad()),
        number("open", sum.open, Style::new()),
        number("late", sum.overdue, theme.bad()),
    ];
    pen.line(Rect { x: area.x + 1, width: area.width - 1, ..area }, area.y + 1, &pieces);
}

pub(super) fn draw(model: &Model, pen: &mut Pen<'_>, area: Rect) {
    let list = &model.lists.sites;
    let order = list.order();
    totals(model, pen, area, order);
    let table_area = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    if order.is_empty() {
        let told = "no site is described: [[site]] in the configuration, then `lenswarden check`";
        return nothing(model, pen, table_area, told);
    }
    let columns = model.columns(Sheet::Sites);
    let table = table(model, Sheet::Sites, &columns, list, table_area);
    pen.table(table_area, &table, |number| order.get(number).map(|site| row(model, site)).unwrap_or_default());
}

fn row(model: &Model, site: &SiteId) -> Row {
    let theme = model.theme;
    let Some(of) = model.snapshot.sites.get(site) else { return Row::default() };
    let counts = model.site_lines.counts.get(site).cloned().unwrap_or_default();
    let coverage = model.site_coverage().and_then(|all| all.get(site));
    let number =
        |number: usize, style: Style| Piece::new(grouped(number), if number > 0 { style } else { Style::new() });
    let factor = |kind| share(model, coverage.and_then(|coverage| coverage.factor(kind)));
    let mark = if doubted(coverage) { Piece::new("?", theme.warn()) } else { Piece::default() };
    Row {
        mark,
        cells: vec![
            site_of(&model.snapshot, Some(site)).into(),
            of.name.clone().into(),
            word(&of.sensitivity).into(),
            of.basis.as_ref().map(word).unwrap_or_default().into(),
            number(counts.surveillance, Style::new()),
            number(counts.restricted, theme.status(Status::Restricted)),
            number(counts.suspected, theme.status(Status::Suspected)),
            number(counts.unknown, theme.status(Status::Unknown)),
            number(counts.on_core, theme.bad()),
            number(counts.open, Style::new()),
            number(counts.overdue, theme.bad()),
            factor(FactorKind::Ranges),
            factor(FactorKind::Switches),
            factor(FactorKind::Ports),
            factor(FactorKind::Register),
            coverage.and_then(SiteCoverage::least).map_or_else(|| "?".into(), |percent| format!("{percent} %").into()),
        ],
    }
}
