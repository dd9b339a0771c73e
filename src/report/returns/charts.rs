//! The return's charts, as SVG within the page: no script, no image, colours by the page's style sheet.

use maud::{Markup, html};

use crate::net::text::clean;
use crate::policy::Status;
use crate::snapshot::{Day, ExposureRow, Factor, FactorKind};

/// Bars of a chart; the rest is one more, or a line below.
const MOST_MAKERS: usize = 12;
pub(super) const MOST_SITES: usize = 20;

const LABEL: usize = 200;
const BAR: usize = 440;
const ROW: usize = 24;
const WIDTH: usize = 720;

fn scaled(part: usize, whole: usize, width: usize) -> usize {
    (part * width).checked_div(whole).unwrap_or(0)
}

/// A label that fits beside its bar.
fn clipped(text: &str) -> String {
    let most = 30;
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

/// Whose equipment is at sensitive sites, at others, and at sites unknown.
pub(super) fn makers(rows: &[&ExposureRow]) -> Markup {
    let (shown, rest) = rows.split_at(rows.len().min(MOST_MAKERS));
    let parts = |row: &ExposureRow| [row.sensitive, row.standard, row.all.saturating_sub(row.sensitive + row.standard)];
    let tone = |row: &ExposureRow| match row.status {
        Status::Restricted => "bad",
        Status::Suspected => "perhaps",
        Status::Unknown => "unsure",
        Status::NotRestricted => "free",
    };
    let mut bars: Vec<(String, &str, [usize; 3])> =
        shown.iter().map(|row| (clean(&row.name), tone(row), parts(row))).collect();
    if !rest.is_empty() {
        let sum = rest.iter().map(|row| parts(row)).fold([0; 3], |sum, part| {
            std::array::from_fn(|at| sum.get(at).copied().unwrap_or(0) + part.get(at).copied().unwrap_or(0))
        });
        bars.push((format!("{} others", rest.len()), "unsure", sum));
    }
    let most = bars.iter().map(|(.., parts)| parts.iter().sum()).max().unwrap_or(0);
    let height = bars.len() * ROW + 34;
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" {
            title { "Devices by maker: at sensitive sites, at standard sites, at sites that are not known" }
            @for (at, (name, tone, parts)) in bars.iter().enumerate() {
                @let y = at * ROW;
                @let widths = parts.map(|part| scaled(part, most, BAR));
                text x=(LABEL - 8) y=(y + 16) class="label" { (clipped(name)) }
                @let [sensitive, standard, unknown] = widths;
                rect x=(LABEL) y=(y + 4) width=(sensitive) height=(ROW - 8) class=(format!("{tone} dark")) {}
                rect x=(LABEL + sensitive) y=(y + 4) width=(standard) height=(ROW - 8) class=(format!("{tone} light")) {}
                rect x=(LABEL + sensitive + standard) y=(y + 4) width=(unknown) height=(ROW - 8) class=(format!("{tone} faint")) {}
                text x=(LABEL + sensitive + standard + unknown + 6) y=(y + 16) class="number" { (parts.iter().sum::<usize>()) }
            }
            @for (at, (class, words)) in [("dark", "sensitive sites"), ("light", "standard sites"), ("faint", "site not known")].iter().enumerate() {
                rect x=(LABEL + at * 150) y=(height - 18) width="11" height="11" class=(format!("free {class}")) {}
                text x=(LABEL + at * 150 + 17) y=(height - 8) class="key" { (words) }
            }
        }
    }
}

/// Affected sites that were done, in per cent, over time.
pub(super) fn progress(days: &[Day]) -> Markup {
    let (height, left, right, top, bottom) = (200usize, 44usize, 20usize, 12usize, 170usize);
    let (Some(Day { day: first, .. }), Some(end)) = (days.first(), days.last()) else { return html! {} };
    let (last, percent) = (&end.day, &end.percent());
    let span = first.duration_until(*last).as_hours().max(24);
    let x = |day: jiff::civil::Date| {
        let hours = first.duration_until(day).as_hours();
        let along = hours * i64::try_from(WIDTH - left - right).unwrap_or(0) / span;
        left + usize::try_from(along).unwrap_or(0)
    };
    let y = |percent: usize| bottom - scaled(percent.min(100), 100, bottom - top);
    // It stays as it was until the next moment: steps, no slopes.
    let mut steps = String::new();
    let mut before = None;
    for day in days {
        if let Some(before) = before {
            steps += &format!("{},{} ", x(day.day), y(before));
        }
        steps += &format!("{},{} ", x(day.day), y(day.percent()));
        before = Some(day.percent());
    }
    let area = format!("{left},{bottom} {steps}{},{bottom}", x(*last));
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" {
            title { "Affected sites that are done, in per cent, over time" }
            @for mark in [0, 25, 50, 75, 100] {
                line x1=(left) x2=(WIDTH - right) y1=(y(mark)) y2=(y(mark)) class="grid" {}
                text x=(left - 8) y=(y(mark) + 4) class="label" { (mark) " %" }
            }
            polygon points=(area) class="area" {}
            polyline points=(steps.trim_end()) class="line" {}
            circle cx=(x(*last)) cy=(y(*percent)) r="4" class="point" {}
            text x=(left) y=(height - 12) class="key" { (first) }
            text x=(WIDTH - right) y=(height - 12) class="label" { (last) ": " (percent) " %" }
        }
    }
}

/// What of each site was looked at, its factors side by side.
pub(super) fn coverage(sites: &[(String, &[Factor])], threshold: u8) -> Markup {
    let factor = |factors: &[Factor], kind| factors.iter().find(|factor| factor.kind == kind).and_then(Factor::percent);
    // Registers are kept by some only.
    let listed = sites.iter().any(|(_, factors)| factor(factors, FactorKind::Register).is_some());
    let kinds = [FactorKind::Ranges, FactorKind::Switches, FactorKind::Ports, FactorKind::Register];
    let kinds = kinds.get(..if listed { 4 } else { 3 }).unwrap_or_default();
    let width = if listed { 112usize } else { 150 };
    let height = sites.len() * ROW + 26;
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" {
            title { "Coverage of each site in per cent: address ranges, switches, linked ports, entries of registers" }
            @for (at, kind) in kinds.iter().enumerate() {
                text x=(LABEL + at * (width + 20)) y="14" class="key" { (kind.word()) }
            }
            @for (row, (name, factors)) in sites.iter().enumerate() {
                @let y = row * ROW + 22;
                text x=(LABEL - 8) y=(y + 14) class="label" { (clipped(name)) }
                @for (at, kind) in kinds.iter().enumerate() {
                    @let x = LABEL + at * (width + 20);
                    @let percent = factor(factors, *kind);
                    rect x=(x) y=(y + 4) width=(width - 44) height=(ROW - 12) class="track" {}
                    @if let Some(percent) = percent {
                        @let share = usize::try_from(percent).unwrap_or(0).min(100);
                        @let class = if percent >= u64::from(threshold) { "enough" } else { "short" };
                        rect x=(x) y=(y + 4) width=(scaled(share, 100, width - 44)) height=(ROW - 12) class=(class) {}
                        text x=(x + width - 38) y=(y + 14) class="number" { (percent) " %" }
                    } @else {
                        text x=(x + width - 38) y=(y + 14) class="number" { "not known" }
                    }
                }
            }
        }
    }
}
