//! What stands over the lists: the decision being made, the keys; and what is told while there is no picture.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::pen::{Paragraph, Pen, Piece, columns, wrap};
use super::place_name;
use crate::console::decide::{Field, Form, Kind, Stage};
use crate::console::keys::Context;
use crate::console::model::{Mode, Model};
use crate::net::FindingId;
use crate::review::{Claim, DecisionKind};

/// Where fields of the form begin.
const FIELD: u16 = 10;

/// An empty box with a title over the body. Returns its inside.
pub(super) fn window(pen: &mut Pen<'_>, area: Rect, title: &str) -> Rect {
    for y in area.y..area.bottom() {
        for x in area.x..area.right() {
            if let Some(cell) = pen.buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
    pen.rule(area, area.y, title);
    Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 1 }
}

pub(super) fn help(model: &Model, of: Context, pen: &mut Pen<'_>, area: Rect) {
    let inner = window(pen, area, &format!("keys in {}", place_name(of)));
    let lines: Vec<Paragraph<_>> =
        model.keys.working_in(of).map(|(label, binding)| Paragraph { label, text: binding.does.into() }).collect();
    // What is wrong with the settings stands where the keys that they change are told.
    let problems = model
        .problems
        .iter()
        .map(|text| Paragraph { label: "!".into(), text: Piece::new(text.clone(), model.theme.bad()) });
    let lines: Vec<Paragraph<_>> = problems.chain(lines).collect();
    let count = pen.paragraphs(inner, &lines, &model.scroll);
    let below = count.saturating_sub(model.scroll.get() + usize::from(inner.height));
    if below > 0 {
        pen.right(area, area.y, area.x, &super::more_lines(below), model.theme.key());
    }
}

/// A finding as it is named where it is decided.
fn named(model: &Model, id: FindingId, revision: u64) -> String {
    let Some(finding) = model.snapshot.findings.get(&id) else { return format!("finding {id}") };
    let device = model.snapshot.device_of(finding);
    let name = super::placement::name(device, finding.subject.entry());
    format!(
        "{id} {} {} {name} {} at {}, revision {revision}",
        finding.severity.letter(),
        finding.rule,
        super::placement::maker(device),
        super::site_of(&model.snapshot, finding.place.site.as_ref()),
    )
}

/// Lists as many findings as there is room for.
fn list(model: &Model, form: &Form, pen: &mut Pen<'_>, area: Rect, most: u16) -> u16 {
    let mut y = area.y;
    let shown = usize::from(most.min(area.height));
    for (id, revision) in form.findings.iter().take(shown) {
        pen.put(area.x, y, area.width, &named(model, *id, *revision), Style::new());
        y += 1;
    }
    let more = form.findings.len().saturating_sub(shown);
    if more > 0 {
        let ids: Vec<String> = form.findings.iter().skip(shown).map(|(id, _)| id.to_string()).collect();
        pen.put(area.x, y, area.width, &format!("and {more} more: {}", ids.join(" ")), model.theme.warn());
        y += 1;
    }
    y
}

pub(super) fn form(model: &Model, form: &Form, pen: &mut Pen<'_>, area: Rect) {
    let count = form.findings.len();
    let title = if count == 1 { "decide one finding".to_owned() } else { format!("decide {count} findings") };
    let inner = window(pen, area, &title);
    match &form.stage {
        Stage::Asking => tell(pen, inner, "asking the daemon who you are …", Style::new()),
        Stage::Refused(why) => tell(pen, inner, &format!("You cannot decide now. {why}"), model.theme.bad()),
        Stage::Sending => tell(pen, inner, "sent; waiting for the daemon's answer … (Esc: do not wait)", Style::new()),
        Stage::Answered(Ok(text)) => tell(pen, inner, text, model.theme.good()),
        Stage::Answered(Err(why)) => {
            tell(pen, inner, &format!("The daemon refused, nothing was changed: {why}"), model.theme.bad());
        }
        Stage::Filling => filling(model, form, pen, inner),
        Stage::Confirming(decision) => confirming(model, form, decision, pen, inner),
    }
}

pub(super) fn tell(pen: &mut Pen<'_>, area: Rect, text: &str, style: Style) {
    for (y, line) in (area.y + 1..area.bottom()).zip(wrap(text, area.width)) {
        pen.put(area.x, y, area.width, &line, style);
    }
}

/// Where a field stands. A kind of decision has some of them; the others' rows stay empty only where one follows.
fn field_row(form: &Form, field: Field, area: Rect) -> u16 {
    let listed = u16::try_from(form.findings.len()).unwrap_or(u16::MAX).min(MOST_LISTED);
    let more = u16::from(form.findings.len() > usize::from(MOST_LISTED));
    let first = area.y + 1 + listed + more + 1;
    let before = form.fields().iter().take_while(|other| **other != field);
    // A day and a claim have a line below them that says what they mean; a control may take two.
    before.fold(first, |row, field| row + if *field == Field::Kind { KIND_ROWS + 1 } else { 3 })
}

/// Kinds of decisions in a row of the form, and the rows they take.
const KINDS_IN_ROW: usize = 4;
const KIND_ROWS: u16 = Kind::ALL.len().div_ceil(KINDS_IN_ROW) as u16;
/// Columns that a kind takes.
const KIND_WIDTH: u16 = 16;

/// Most findings named above the fields, so that the form fits a small screen.
const MOST_LISTED: u16 = 3;

fn filling(model: &Model, form: &Form, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    list(model, form, pen, Rect { y: area.y + 1, ..area }, MOST_LISTED);
    let row = |field| field_row(form, field, area);
    let (kind_row, date_row, claim_row) = (row(Field::Kind), row(Field::Date), row(Field::Claim));
    let (control_row, reason_row) = (row(Field::Control), row(Field::Reason));
    let label = |field: Field| if form.field == field { theme.key() } else { theme.label() };
    pen.put(area.x, kind_row, FIELD, "kind", label(Field::Kind));
    let mut last = area.x;
    for (y, kinds) in (kind_row..).zip(Kind::ALL.chunks(KINDS_IN_ROW)) {
        for (x, kind) in (area.x + FIELD..).step_by(usize::from(KIND_WIDTH)).zip(kinds) {
            let style = if *kind == form.kind { theme.selected() } else { Style::new() };
            let sign = if *kind == form.kind { "•" } else { " " };
            last = pen.put(x, y, KIND_WIDTH, &format!("{sign} {} ", kind.words()), style);
        }
    }
    if form.field == Field::Kind {
        let (x, y) = (last + 2, kind_row + KIND_ROWS - 1);
        pen.put(x, y, area.right().saturating_sub(x), "← → choose", theme.label());
    }
    if form.fields().contains(&Field::Date) {
        pen.put(area.x, date_row, FIELD, "day", label(Field::Date));
        pen.put(area.x + FIELD, date_row, area.width - FIELD, form.date.text(), Style::new());
        let (text, style) = match form.day() {
            Ok(day) => (format!("= {}", day.strftime("%A, %-d %B %Y")), theme.good()),
            Err(why) if form.date.text().is_empty() => (why, theme.label()),
            Err(why) => (why, theme.bad()),
        };
        pen.put(area.x + FIELD, date_row + 1, area.width - FIELD, &text, style);
    }
    if form.fields().contains(&Field::Claim) {
        pen.put(area.x, claim_row, FIELD, "it is", label(Field::Claim));
        pen.put(area.x + FIELD, claim_row, area.width - FIELD, form.claim.text(), Style::new());
        let (text, style) = match form.claim.text().parse::<Claim>() {
            Ok(claim) => (format!("= {claim}"), theme.good()),
            Err(why) if form.claim.text().is_empty() => (why, theme.label()),
            Err(why) => (why, theme.bad()),
        };
        pen.put(area.x + FIELD, claim_row + 1, area.width - FIELD, &text, style);
    }
    if form.fields().contains(&Field::Control) {
        pen.put(area.x, control_row, FIELD, "meanwhile", label(Field::Control));
        let width = area.width - FIELD;
        for (y, line) in (control_row..control_row + 2).zip(wrap(form.control.text(), width)) {
            pen.put(area.x + FIELD, y, width, &line, Style::new());
        }
    }
    if form.fields().contains(&Field::Reason) {
        pen.put(area.x, reason_row, FIELD, "reason", label(Field::Reason));
        let width = area.width - FIELD;
        for (y, line) in (reason_row..area.bottom()).zip(wrap(form.reason.text(), width)) {
            pen.put(area.x + FIELD, y, width, &line, Style::new());
        }
    }
    if let Some(complaint) = &form.complaint {
        pen.put(area.x, area.bottom().saturating_sub(1), area.width, complaint, theme.bad());
    }
}

fn confirming(model: &Model, form: &Form, decision: &DecisionKind, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    let head = format!("'{}' decides. This is sent, and stands in the change log for good:", form.you);
    pen.put(area.x, area.y + 1, area.width, &head, theme.title());
    let mut y = area.y + 3;
    for line in wrap(&decision.to_string(), area.width.saturating_sub(2)) {
        pen.put(area.x + 2, y, area.width - 2, &line, theme.key());
        y += 1;
    }
    y += 1;
    let on = if form.findings.len() == 1 { "on this finding:" } else { "on each of these findings:" };
    pen.put(area.x, y, area.width, on, theme.label());
    let rest = Rect { x: area.x + 2, y: y + 1, width: area.width - 2, height: area.bottom().saturating_sub(y + 1) };
    let most = rest.height.saturating_sub(1);
    list(model, form, pen, rest, most);
}

pub(super) fn no_picture(model: &Model, pen: &mut Pen<'_>, area: Rect) {
    let area = Rect { x: area.x + 2, width: area.width - 4, ..area };
    let (what, hint) = match &model.trouble {
        Some(trouble) => (trouble.what.as_str(), trouble.hint.as_str()),
        None => ("the database is being read …", ""),
    };
    let mut lines: Vec<Piece> =
        wrap(what, area.width).into_iter().map(|line| Piece::new(line, model.theme.bad())).collect();
    lines.push(Piece::default());
    lines.extend(wrap(hint, area.width).into_iter().map(Piece::from));
    if model.trouble.is_some() {
        lines.push(Piece::default());
        lines.push(Piece::new("It is tried again each second.", model.theme.label()));
    }
    for (y, line) in (area.y + 1..area.bottom()).zip(&lines) {
        pen.put(area.x, y, area.width, &line.text, line.style);
    }
}

/// Where the terminal's cursor stands while something is typed.
pub(super) fn cursor(model: &Model, area: Rect, body: Rect) -> Option<Position> {
    match &model.mode {
        Mode::Filter(typing) => Some(super::filter::cursor(model, typing, area)),
        Mode::WhatIf(what_if) => super::what_if::cursor(what_if, body),
        Mode::Ask(asking) => Some(super::saved::cursor(asking, body)),
        Mode::Search(search) => Some(super::search::cursor(search, body)),
        Mode::Decide(form) if form.stage == Stage::Filling => {
            let inner = Rect { x: body.x + 2, y: body.y + 1, width: body.width - 4, height: body.height - 1 };
            let row = field_row(form, form.field, inner);
            let start = inner.x + FIELD;
            match form.field {
                Field::Kind => None,
                Field::Date => Some(Position { x: start + columns(form.date.before()), y: row }),
                Field::Claim => Some(Position { x: start + columns(form.claim.before()), y: row }),
                Field::Control | Field::Reason => {
                    let text = if form.field == Field::Reason { &form.reason } else { &form.control };
                    let lines = wrap(text.before(), inner.width - FIELD);
                    let last = lines.last().map_or(0, |line| columns(line));
                    let below = u16::try_from(lines.len().saturating_sub(1)).unwrap_or(0);
                    Some(Position { x: start + last, y: row + below })
                }
            }
        }
        _ => None,
    }
}
