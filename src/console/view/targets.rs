//! What is asked, and how it answers.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::columns::{sorted_by, table};
use super::pen::{Paragraph, Pen, Piece, Row};
use super::{ago, grouped, moment, nothing, scope_line, site_of};
use crate::console::columns::Sheet;
use crate::console::model::Model;
use crate::console::theme::Theme;
use crate::net::TargetName;
use crate::observation::Completeness;
use crate::snapshot::{Share, TargetRow, word};

fn state(model: &Model, target: &TargetRow) -> Piece {
    let theme = model.theme;
    match target.state.as_str() {
        "silent" | "refused" => Piece::new(target.state.clone(), theme.bad()),
        "answering" | "partial" if model.snapshot.is_stale(target) => Piece::new("stale", theme.warn()),
        "answering" => Piece::new(target.state.clone(), theme.good()),
        _ => Piece::new(target.state.clone(), theme.warn()),
    }
}

fn share(theme: Theme, share: &Share, kind: &str) -> Vec<Piece> {
    let Some(percent) = share.percent() else { return vec![format!("no {kind}   ").into()] };
    let mut pieces = vec![Piece::new(
        format!("{} of {} {kind} answer ({percent} %)   ", grouped(share.answering), grouped(share.all)),
        if share.answering == share.all { theme.good() } else { theme.warn() },
    )];
    for (count, what) in
        [(share.silent, "silent"), (share.refused, "refused"), (share.stale, "stale"), (share.waiting, "waiting")]
    {
        if count > 0 {
            let style = if what == "waiting" { Style::new() } else { theme.bad() };
            pieces.push(Piece::new(format!("{} {what}   ", grouped(count)), style));
        }
    }
    pieces
}

pub(super) fn draw(model: &Model, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    let mut pieces = share(theme, &model.coverage.switches, "switches");
    pieces.push(sorted_by(model, area.width));
    scope_line(model, pen, area, &pieces);
    let mut y = area.y + 1;
    if model.coverage.cameras.all > 0 {
        pen.line(
            Rect { x: area.x + 1, width: area.width - 1, ..area },
            y,
            &share(theme, &model.coverage.cameras, "cameras"),
        );
        y += 1;
    }
    if let Some(words) = model.coverage.behind_recorders() {
        pen.put(area.x + 1, y, area.width - 1, &words, theme.warn());
        y += 1;
    }
    let list = &model.lists.targets;
    let order = list.order();
    if order.is_empty() {
        let told = "nothing is asked: describe switches in the configuration ([[switch]])";
        return nothing(model, pen, Rect { y: y + 1, ..area }, told);
    }
    let table_area = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    let columns = model.columns(Sheet::Targets);
    let table = table(model, Sheet::Targets, &columns, list, table_area);
    pen.table(table_area, &table, |number| order.get(number).map(|name| row(model, name)).unwrap_or_default());
}

fn row(model: &Model, name: &TargetName) -> Row {
    let Some(target) = model.snapshot.targets.get(name) else { return Row::default() };
    let answer = target.last_ok.map_or_else(|| "never".to_owned(), |time| ago(model, time));
    Row {
        mark: Piece::default(),
        cells: vec![
            target.name.to_string().into(),
            target.kind().into(),
            target.address.clone().into(),
            site_of(&model.snapshot, Some(&target.site)).into(),
            state(model, target),
            ago(model, target.since).into(),
            answer.into(),
            target.requests.to_string().into(),
            target.took_ms.to_string().into(),
            target.why.clone().into(),
        ],
    }
}

/// A target in full.
pub(super) fn detail(model: &Model, name: &TargetName) -> (String, Vec<Paragraph>) {
    let Some(target) = model.snapshot.targets.get(name) else { return (String::new(), Vec::new()) };
    let zone = &model.zone;
    let at = |time: Option<crate::net::Timestamp>| time.map_or_else(|| "never".to_owned(), |time| moment(time, zone));
    let state = state(model, target);
    let mut paragraphs = vec![Paragraph {
        label: "state",
        text: Piece::new(format!("{} since {}", state.text, moment(target.since, zone)), state.style),
    }];
    let mut add = |label, text: String| paragraphs.push(Paragraph { label, text: text.into() });
    if !target.why.is_empty() {
        add("why", target.why.clone());
    }
    add("asked", format!("{}, last answer {}", at(target.last_attempt), at(target.last_ok)));
    add("visit", format!("{} requests, {} ms", target.requests, target.took_ms));
    if let Some(pin) = &target.camera.key {
        add("TLS key", format!("{} since {}", pin.key.sha256, moment(pin.since, zone)));
    }
    if let Some(channels) = target.camera.channels.filter(|channels| *channels > 1) {
        add("sources", format!("{channels} video sources, {} told", target.camera.behind.len()));
    }
    for remark in target.camera.remarks() {
        paragraphs.push(Paragraph { label: "note", text: Piece::new(remark, model.theme.warn()) });
    }
    let mut label = "tables";
    for (table, seen) in &target.tables {
        let note = seen.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        let text = format!("{:<15} {:<11} {:>6} rows{note}", word(table), word(&seen.completeness), seen.rows);
        let style = match seen.completeness {
            Completeness::Complete | Completeness::Unsupported => Style::new(),
            Completeness::Partial | Completeness::Failed => model.theme.warn(),
        };
        paragraphs.push(Paragraph { label, text: Piece::new(text, style) });
        label = "";
    }
    (format!("{} {} at {}", target.kind(), target.name, target.address), paragraphs)
}
