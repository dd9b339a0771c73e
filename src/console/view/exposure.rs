//! Whose equipment is where.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::columns::{sorted_by, table};
use super::pen::{Pen, Piece, Row, Table};
use super::spark::spark;
use super::{grouped, nothing, scope_line, status_word, still_read};
use crate::console::columns::Sheet;
use crate::console::model::Model;
use crate::policy::Status;
use crate::snapshot::{ExposureKey, ExposureRow, Group};

/// Widest bar, in columns: it grows with the screen no further than it can be compared.
const BAR: usize = 24;

/// Columns of the screen that the number after a bar takes.
const NUMBER: usize = 7;

/// How wide bars may be in these columns: their numbers are whole in any case.
fn bar_width(table: &Table<'_>, columns: &[&str], area: Rect) -> usize {
    let narrowest = columns.iter().filter_map(|name| table.width_of(name, area)).min().unwrap_or(0);
    usize::from(narrowest).saturating_sub(NUMBER).min(BAR)
}

/// A bar in eighths of a column, then the number. The longest bar of the table stands for the greatest number.
fn bar(number: usize, greatest: usize, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (number * width * 8).checked_div(greatest).unwrap_or(0).max(usize::from(number > 0));
    let bar = "█".repeat(eighths / 8) + EIGHTHS.get(eighths % 8).copied().unwrap_or_default();
    let filled = eighths.div_ceil(8);
    format!("{bar}{}{:>NUMBER$}", " ".repeat(width.saturating_sub(filled)), grouped(number))
}

pub(super) fn draw(model: &Model, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    let exposure = &model.exposure;
    let count = |name: &str, number: usize, style: Style| Piece::new(format!("{name} {}  ", grouped(number)), style);
    let emphasis = |number: usize, style: Style| if number > 0 { style } else { Style::new() };
    scope_line(
        model,
        pen,
        area,
        &[
            count("RESTRICTED", exposure.restricted, emphasis(exposure.restricted, theme.status(Status::Restricted))),
            count("suspected", exposure.suspected, emphasis(exposure.suspected, theme.status(Status::Suspected))),
            count("unknown", exposure.unknown, emphasis(exposure.unknown, theme.status(Status::Unknown))),
            count("not restricted", exposure.not_restricted, Style::new()),
            // As unknown as the others, without a mark of a maker or a class: last, for there may be thousands.
            count(
                "not identified",
                exposure.not_identified,
                emphasis(exposure.not_identified, theme.status(Status::Unknown)),
            ),
            Piece::new(model.snapshot.policies.join(" "), theme.label()),
            if model.exposure_at.is_none() { sorted_by(model, area.width) } else { Piece::default() },
            Piece::new(if model.snapshot.loosened.is_empty() { "" } else { " (loosened)" }, theme.warn()),
        ],
    );
    let second = Rect { x: area.x + 1, width: area.width - 1, ..area };
    if model.words.exposure.text.is_empty() {
        pen.line(second, area.y + 1, &trend(model, area.width));
    } else if let Some(reading) = still_read(model) {
        // Without a filter the picture told how many there are.
        pen.line(second, area.y + 1, &[reading]);
    }
    if let Some(key) = &model.exposure_at {
        return parts(model, key, pen, Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area });
    }
    let table_area = Rect { y: area.y + 2, height: area.height.saturating_sub(4), ..area };
    let rows = &exposure.rows;
    if rows.is_empty() {
        let told = "nothing was seen that is or may be surveillance equipment (6: what was not seen)";
        return nothing(model, pen, table_area, told);
    }
    // Of what nothing is known there may be a hundred times as much: it has its number, not the longest bar.
    let measured = || rows.iter().filter(|row| row.key.group != Group::NotIdentified);
    let greatest = measured().map(|row| row.sensitive.max(row.standard)).max().unwrap_or(0);
    let list = &model.lists.exposure;
    let columns = model.columns(Sheet::Exposure);
    let table = Table { count: rows.len(), ..table(model, Sheet::Exposure, &columns, list, table_area) };
    let width = bar_width(&table, &["sensitive", "standard"], table_area);
    let cell = |row: &ExposureRow, number: usize| {
        if row.key.group == Group::NotIdentified { grouped(number) } else { bar(number, greatest, width) }
    };
    // Ordinary devices belong on a core network.
    let calm = |row: &ExposureRow| row.status == Status::NotRestricted || row.key.group == Group::NotIdentified;
    pen.table(table_area, &table, |number| {
        let Some(row) = rows.get(number) else { return Row::default() };
        let [surveillance, other, unclassified] = row.elsewhere;
        let indent = if row.key.brand.is_some() { "  " } else { "" };
        let style = theme.status(row.status);
        let alarm = |number: usize| Piece::new(grouped(number), if number > 0 { theme.bad() } else { Style::new() });
        Row {
            mark: Piece::default(),
            cells: vec![
                Piece::new(format!("{indent}{}", row.name), style),
                Piece::new(status_word(row.status), style),
                grouped(row.all).into(),
                Piece::new(cell(row, row.sensitive), style),
                Piece::new(cell(row, row.standard), style),
                grouped(row.elsewhere()).into(),
                if calm(row) { grouped(row.core).into() } else { alarm(row.core) },
                grouped(surveillance).into(),
                grouped(other).into(),
                if unclassified > 0 && !calm(row) {
                    Piece::new(grouped(unclassified), theme.warn())
                } else {
                    grouped(unclassified).into()
                },
                grouped(row.open).into(),
                alarm(row.overdue),
                grouped(row.sites.len()).into(),
            ],
        }
    });
    if let Some(row) = rows.get(list.at()) {
        summary(model, pen, Rect { y: area.bottom() - 2, height: 2, x: area.x + 1, width: area.width - 1 }, row);
    }
}

/// How the number of restricted devices moved on the last days, what came and went, and how far removal is: of the whole
/// estate.
fn trend(model: &Model, width: u16) -> Vec<Piece> {
    let theme = model.theme;
    let days = &model.snapshot.days;
    let narrow = width < 100;
    let mut pieces = Vec::new();
    if let (Some(first), Some(last)) = (days.first(), days.last()) {
        // A day on which no daemon ran is a gap.
        let now = u64::try_from(model.exposure.restricted).unwrap_or(u64::MAX);
        let span = last.day.duration_until(first.day).as_hours().abs() / 24;
        let of = |back: i64| {
            let day = last.day.saturating_sub(jiff::Span::new().days(back));
            // Today's row is counted now and then: what the table shows is younger.
            if back == 0 { Some(now) } else { days.iter().find(|row| row.day == day).map(|row| row.restricted) }
        };
        let numbers: Vec<Option<u64>> = (0..=span.min(29)).rev().map(of).collect();
        pieces.push(Piece::new(
            spark(&numbers, usize::from(width / if narrow { 8 } else { 6 })),
            theme.status(Status::Restricted),
        ));
        let text = match span {
            0 if narrow => format!(" {now}, counted since {}", first.day.strftime("%-d %b")),
            0 => format!(" restricted {now}, counted since {}", first.day.strftime("%-d %b")),
            _ => format!(" {} → {now} since {}", first.restricted, first.day.strftime("%-d %b")),
        };
        pieces.push(text.into());
    }
    if let Some((flow, removal)) = &model.movement {
        pieces.push(match removal.percent() {
            Some(percent) => {
                let style = if percent == 100 { theme.good() } else { theme.warn() };
                let of = match narrow {
                    true => format!("of {} sites", removal.affected()),
                    false => format!("({}/{} sites)", removal.done, removal.affected()),
                };
                Piece::new(format!("  removed {percent} % {of}"), style)
            }
            None => Piece::new("  no sensitive site is affected", theme.good()),
        });
        let found = if narrow { String::new() } else { format!(" {} first found", grouped(flow.found)) };
        let text = format!("  30 d: {} gone {} came{found}", grouped(flow.gone), grouped(flow.came));
        pieces.push(Piece::new(text, theme.label()));
    }
    pieces
}

/// A row's parts at its sites.
fn parts(model: &Model, key: &ExposureKey, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    let Some(row) = model.exposure.rows.iter().find(|row| row.key == *key) else {
        pen.put(area.x + 1, area.y, area.width - 1, "nothing of it is left (Esc: all makers)", theme.warn());
        return;
    };
    let list = &model.lists.parts;
    let order = list.order();
    let sites = if order.len() == 1 { "site" } else { "sites" };
    let of = match (&row.key.brand, &row.key.group) {
        (Some(_), Group::Maker(maker)) => format!("{maker} {}", row.name),
        _ => row.name.clone(),
    };
    let head = [
        Piece::new(of, theme.status(row.status)),
        format!("   {} devices at {} {sites}   ", grouped(row.all), grouped(order.len())).into(),
        Piece::new("(Esc goes back)", theme.label()),
        sorted_by(model, area.width),
    ];
    pen.line(Rect { x: area.x + 1, width: area.width - 1, ..area }, area.y, &head);
    let table_area = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let greatest = row.sites.values().map(|at| at.devices).max().unwrap_or(0);
    let columns = model.columns(Sheet::Parts);
    let table = table(model, Sheet::Parts, &columns, list, table_area);
    let width = bar_width(&table, &["devices"], table_area);
    let alarm = |number: usize| Piece::new(grouped(number), if number > 0 { theme.bad() } else { Style::new() });
    pen.table(table_area, &table, |number| {
        let Some((site, at)) = order.get(number).and_then(|site| Some((site, row.sites.get(site)?))) else {
            return Row::default();
        };
        let described = site.as_ref().and_then(|site| model.snapshot.sites.get(site));
        let calm = row.status == Status::NotRestricted || row.key.group == Group::NotIdentified;
        Row {
            mark: Piece::default(),
            cells: vec![
                if site.is_some() { super::site_of(&model.snapshot, site.as_ref()) } else { "not known".to_owned() }
                    .into(),
                described.map(|site| site.name.clone()).unwrap_or_default().into(),
                Piece::new(bar(at.devices, greatest, width), theme.status(row.status)),
                if calm { grouped(at.core).into() } else { alarm(at.core) },
                grouped(at.open).into(),
                alarm(at.overdue),
            ],
        }
    });
}

/// The selected row in words.
fn summary(model: &Model, pen: &mut Pen<'_>, area: Rect, row: &ExposureRow) {
    let [confirmed, suspected, unknown] = row.verdicts;
    let sure = match row.key.group {
        Group::NotIdentified => "nothing they sent tells what they are: each may be a camera".to_owned(),
        Group::Maker(_) | Group::UnknownMaker => {
            format!("maker confirmed {confirmed}, suspected {suspected}, unknown {unknown}")
        }
    };
    let gone = match model.exposure.gone {
        0 => String::new(),
        gone => format!("; not counted in the table: {} gone", grouped(gone)),
    };
    pen.line(area, area.y, &[Piece::new(row.name.clone(), model.theme.title()), format!("   {sure}{gone}").into()]);
    let mut sites: Vec<_> = row.sites.iter().collect();
    sites.sort_by_key(|(id, count)| (std::cmp::Reverse(count.devices), id.as_ref().map(ToString::to_string)));
    let sites: Vec<String> = sites
        .iter()
        .map(|(id, count)| match id {
            Some(_) => format!("{} {}", super::site_of(&model.snapshot, id.as_ref()), count.devices),
            None => format!("site not known {}", count.devices),
        })
        .collect();
    pen.put(area.x, area.y + 1, area.width, &sites.join("   "), model.theme.label());
}
