//! The cells of a row, to copy one of them.

use std::cell::Cell;

use ratatui::layout::Rect;

use super::overlay::window;
use super::pen::{Pen, Piece, Row, Table};
use crate::console::columns::Column;
use crate::console::copy::Menu;
use crate::console::model::Model;

const COLUMNS: &[Column] = &[Column::new("KEY", 3), Column::new("CELL", 13), Column::new("SAYS", 50).grow(200)];

pub(super) fn draw(model: &Model, menu: &Menu, pen: &mut Pen<'_>, area: Rect) {
    window(pen, area, "copy a cell, or y: the row");
    let offset = Cell::new(0);
    let plain = Table::plain(COLUMNS, &offset, area.width, 2);
    let table = Table { count: menu.cells.len(), selected: Some(menu.at), ..plain };
    let rows = Rect { y: area.y + 1, height: area.height - 1, ..area };
    pen.table(rows, &table, |number| {
        let Some((name, says)) = menu.cells.get(number) else { return Row::default() };
        let key = if number < 9 { (number + 1).to_string() } else { String::new() };
        let cells = vec![
            Piece::new(key, model.theme.key()),
            Piece::new(*name, model.theme.label()),
            if says.is_empty() { Piece::new("not known", model.theme.label()) } else { says.as_str().into() },
        ];
        Row { mark: Piece::default(), cells }
    });
}
