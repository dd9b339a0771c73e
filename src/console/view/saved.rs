//! Saved filters, and a line that is asked for, over the lists.

use std::cell::Cell;

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::grouped;
use super::overlay::window;
use super::pen::{Pen, Piece, Row, Table, columns, wrap};
use crate::console::columns::Column;
use crate::console::model::{Model, View};
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
    let typed = asking.input.text();
    let (title, of, hint) = match &asking.wanted {
        Wanted::Name(words) => {
            let there = model.filters.iter().any(|(name, _)| name == typed.trim());
            let hint = if there { "a filter has this name: it is replaced" } else { "" };
            ("save this filter", words.clone(), Piece::new(hint, model.theme.warn()))
        }
        Wanted::File => {
            let hint = "It ends in .csv or .json; without a path it lies where lenswarden was started. It is for you alone to read.";
            ("export what is filtered", of_file(model), Piece::new(hint, model.theme.label()))
        }
    };
    let inner = window(pen, area, title);
    pen.put(inner.x, inner.y + 1, inner.width, &of, model.theme.title());
    pen.put(inner.x, inner.y + 3, inner.width, PROMPT, model.theme.key());
    let (shown, _) = window_of(asking, inner.width.saturating_sub(columns(PROMPT)));
    pen.put(inner.x + columns(PROMPT), inner.y + 3, inner.width - columns(PROMPT), &shown, Style::new());
    let told = match &asking.complaint {
        Some(why) => Piece::new(why.clone(), model.theme.bad()),
        None => hint,
    };
    for (y, line) in (inner.y + 4..inner.bottom()).zip(wrap(&told.text, inner.width)) {
        pen.put(inner.x, y, inner.width, &line, told.style);
    }
}

/// Which rows are written: how many, of which filter.
fn of_file(model: &Model) -> String {
    let words = &model.words.of(model.view).text;
    let filter = if words.is_empty() { "no filter".to_owned() } else { format!("filter: {words}") };
    // Of the log all that passes is written, not only what is read by now.
    let rows = match (model.view, model.count_listed()) {
        (View::Activity, _) => "everything in".to_owned(),
        (_, 1) => "1 row of".to_owned(),
        (_, count) => format!("{} rows of", grouped(count)),
    };
    format!("{rows} {}, {filter}", model.view.name())
}

/// What shows of what is typed, and the columns before the cursor: where it is too long, what stands before the cursor.
fn window_of(asking: &Asking, width: u16) -> (String, u16) {
    let mut before = asking.input.before();
    while columns(before) >= width.max(1) {
        before = before.char_indices().nth(1).and_then(|(at, _)| before.get(at..)).unwrap_or_default();
    }
    (format!("{before}{}", asking.input.after()), columns(before))
}

/// Where the cursor stands.
pub(super) fn cursor(asking: &Asking, body: Rect) -> Position {
    let (_, before) = window_of(asking, body.width.saturating_sub(4 + columns(PROMPT)));
    let x = body.x + 2 + columns(PROMPT) + before;
    Position { x: x.min(body.right().saturating_sub(1)), y: body.y + 4 }
}
