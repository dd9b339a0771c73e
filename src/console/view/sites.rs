//! Each site in a line.

use ratatui::layout::Rect;

use super::pen::{Column, Pen, Piece, Row, Table};
use super::{scope_line, site_of};
use crate::console::model::Model;
use crate::net::SiteId;

const COLUMNS: &[Column] = &[Column::new("SITE", 12).keep_sign().grow(20), Column::new("NAME", 20).grow(30)];

pub(super) fn draw(model: &Model, pen: &mut Pen<'_>, area: Rect) {
    let list = &model.lists.sites;
    let order = list.order();
    scope_line(model, pen, area, &[format!("{} sites", super::grouped(order.len())).into()]);
    let table_area = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    list.page.set(usize::from(table_area.height.saturating_sub(1)));
    let table = Table {
        columns: COLUMNS,
        count: order.len(),
        selected: list.selected().map(|_| list.at()),
        offset: &list.offset,
        margin: 2,
    };
    pen.table(table_area, &table, |number| order.get(number).map(|site| row(model, site)).unwrap_or_default());
}

fn row(model: &Model, site: &SiteId) -> Row {
    let name = model.snapshot.sites.get(site).map(|site| site.name.clone()).unwrap_or_default();
    Row { mark: Piece::default(), cells: vec![site_of(&model.snapshot, Some(site)).into(), name.into()] }
}
