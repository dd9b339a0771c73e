//! Saved filters, and a line that is asked for, over the lists.

use std::cell::Cell;

use ratatui::layout::{Position, Rect};

use super::overlay::window;
use super::pen::{Pen, Piece, Row, Table, columns, wrap};
use crate::console::columns::Column;
use crate::console::model::Model;
use crate::console::saved::{Asking, Wanted};

const COLUMNS: &[Column] =
    &[Column::new("NAME", 16).grow(10), Column::new("WORDS", 24).grow(16), Column::new("MEANS", 34).grow(60)];

/// What stands before what is typed.
const PROMPT: &str = "name: ";

pub(super) fn draw(model: &Model, at: usize, pen: &mut Pen<'_>, area: Rect) {
    window(pen, area, "saved filters");
    let filters = &model.filters;
    if filters.is_empty() {
        let told = "No filter is saved yet. Type one with / and keep it, then come here and press the key for saving.";
        for (y, line) in (area.y + 2..area.bottom()).zip(wrap(told, area.width - 4)) {
            pen.put(area.x + 2, y, area.width - 4, &line, model.theme.label());
        }
        return;
    }
    let offset = Cell::new(0);
    let plain = Table::plain(COLUMNS, &offset, area.width, 2);
    let table = Table { count: filters.len(), selected: Some(at), ..plain };
    let rows = Rect { y: area.y + 1, height: area.height - 1, ..area };
    pen.table(rows, &table, |number| {
        let Some((name, words)) = filters.get(number) else { return Row::default() };
        let means = model.view.means(words).unwrap_or_else(|error| error.to_string());
        let cells = vec![name.clone().into(), words.clone().into(), Piece::new(means, model.theme.label())];
        Row { mark: Piece::default(), cells }
    });
}

pub(super) fn ask(model: &Model, asking: &Asking, pen: &mut Pen<'_>, area: Rect) {
    let Wanted::Name(words) = &asking.wanted;
    let inner = window(pen, area, "save this filter");
    pen.put(inner.x, inner.y + 1, inner.width, words, model.theme.title());
    let typed = asking.input.text();
    pen.line(inner, inner.y + 3, &[Piece::new(PROMPT, model.theme.key()), typed.into()]);
    let there = model.filters.iter().any(|(name, _)| name == typed.trim());
    let told = match &asking.complaint {
        Some(why) => Piece::new(why.clone(), model.theme.bad()),
        None if there => Piece::new("a filter has this name: it is replaced", model.theme.warn()),
        None => Piece::default(),
    };
    pen.put(inner.x, inner.y + 4, inner.width, &told.text, told.style);
}

/// Where the cursor stands.
pub(super) fn cursor(asking: &Asking, body: Rect) -> Position {
    let x = body.x + 2 + columns(PROMPT) + columns(asking.input.before());
    Position { x: x.min(body.right().saturating_sub(1)), y: body.y + 4 }
}
