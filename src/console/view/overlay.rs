//! What stands over the lists: the decision being made, the keys; and what is told while there is no picture.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::pen::{Paragraph, Pen, Piece, wrap};
use super::place_name;
use crate::console::keys::Context;
use crate::console::model::{Mode, Model};

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

pub(super) fn tell(pen: &mut Pen<'_>, area: Rect, text: &str, style: Style) {
    for (y, line) in (area.y + 1..area.bottom()).zip(wrap(text, area.width)) {
        pen.put(area.x, y, area.width, &line, style);
    }
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
        Mode::Decide(form) => super::form::cursor(form, body),
        _ => None,
    }
}
