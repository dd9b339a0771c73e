//! Filter words being typed, at the foot: the words, what they mean or what is wrong with them, what the word before the
//! cursor may become.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::pen::{Pen, Piece, columns, wrap};
use crate::console::model::Model;
use crate::console::typing::Typing;

/// What stands below what is typed: what is wrong, or what it means.
fn told(model: &Model, width: u16) -> Vec<Piece> {
    let words = model.words.of(model.view);
    let piece = |line, style| Piece::new(line, style);
    let width = width.saturating_sub(2);
    match &words.wrong {
        Some(error) => wrap(&error.to_string(), width).into_iter().map(|line| piece(line, model.theme.bad())).collect(),
        None => {
            let told = model.view.means(&words.text).unwrap_or_default();
            wrap(&told, width).into_iter().take(2).map(|line| piece(line, model.theme.label())).collect()
        }
    }
}

/// Lines above the hints: what is typed, a caret where something is wrong, what is told, what is offered.
fn height(model: &Model, typing: &Typing, width: u16) -> u16 {
    let caret = u16::from(model.words.of(model.view).wrong.is_some());
    let offers = u16::from(!typing.completion.candidates.is_empty());
    1 + caret + u16::try_from(told(model, width).len()).unwrap_or(0) + offers
}

/// Draws it above the hints; returns its height with them.
pub(super) fn foot(model: &Model, typing: &Typing, pen: &mut Pen<'_>, area: Rect) -> u16 {
    let theme = model.theme;
    let height = height(model, typing, area.width) + 1;
    let mut y = area.bottom() - height;
    pen.line(area, y, &[Piece::new("/", theme.key()), typing.input.text().into()]);
    if let Some(error) = &model.words.of(model.view).wrong {
        y += 1;
        let before = typing.input.text().get(..error.at).map_or(0, columns);
        pen.put((area.x + 1 + before).min(area.right() - 1), y, 1, "^", theme.bad());
    }
    for piece in told(model, area.width) {
        y += 1;
        pen.put(area.x + 1, y, area.width - 1, &piece.text, piece.style);
    }
    offers(typing, pen, Rect { x: area.x + 1, y: y + 1, width: area.width - 1, height: 1 });
    height
}

/// What the word may become, in a line that holds the chosen one, and what that is.
fn offers(typing: &Typing, pen: &mut Pen<'_>, area: Rect) {
    let candidates = &typing.completion.candidates;
    let Some(chosen) = candidates.get(typing.at) else { return };
    let room = area.width.saturating_sub(columns(chosen.says) + 3);
    let width = |from: usize| {
        let shown = candidates.iter().take(typing.at + 1).skip(from);
        shown.map(|candidate| columns(&candidate.word) + 2).sum::<u16>()
    };
    let first = (0..=typing.at).find(|from| width(*from) <= room).unwrap_or(typing.at);
    let mut x = area.x;
    for (number, candidate) in candidates.iter().enumerate().skip(first) {
        if x + columns(&candidate.word) > area.x + room && number != typing.at {
            break;
        }
        let style = if number == typing.at { pen.theme.selected() } else { Style::new() };
        x = pen.put(x, area.y, area.right().saturating_sub(x), &candidate.word, style) + 2;
    }
    pen.right(area, area.y, x, chosen.says, pen.theme.label());
}

/// Where the cursor stands.
pub(super) fn cursor(model: &Model, typing: &Typing, area: Rect) -> Position {
    let x = (area.x + 1 + columns(typing.input.before())).min(area.right() - 1);
    Position { x, y: area.bottom() - height(model, typing, area.width) - 1 }
}
