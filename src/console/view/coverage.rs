//! What was not seen, and what to do about each.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::columns::{sorted_by, table};
use super::pen::{Paragraph, Pen, Piece, Row};
use super::{ago, grouped, moment, nothing, scope_line, site_of, targets};
use crate::console::columns::Sheet;
use crate::console::model::Model;
use crate::snapshot::{UnseenKey, UnseenKind};

fn style(model: &Model, kind: UnseenKind) -> Style {
    if kind.is_grave() { model.theme.bad() } else { model.theme.warn() }
}

/// How many of each kind, the gravest first.
fn totals(model: &Model) -> Vec<Piece> {
    if model.unseen.is_empty() && !model.words.coverage.text.is_empty() {
        return vec![Piece::new("nothing of what was not seen passes", model.theme.label())];
    }
    if model.unseen.is_empty() {
        return vec![Piece::new("nothing that is known of was left unseen", model.theme.good())];
    }
    let all: usize = model.unseen.values().sum();
    let mut pieces = vec![format!("{} not seen:  ", grouped(all)).into()];
    for (kind, count) in &model.unseen {
        pieces.push(Piece::new(format!("{} {}  ", kind.word(), grouped(*count)), style(model, *kind)));
    }
    pieces
}

pub(super) fn draw(model: &Model, pen: &mut Pen<'_>, area: Rect) {
    let mut pieces = totals(model);
    pieces.push(sorted_by(model, area.width));
    scope_line(model, pen, area, &pieces);
    let mut line = Vec::new();
    for (kind, percent) in model.snapshot.looked_at() {
        let enough = percent >= u64::from(model.snapshot.looked.threshold);
        let style = if enough { model.theme.good() } else { model.theme.warn() };
        line.push(Piece::new(format!("{kind} {percent} %   "), style));
    }
    if line.is_empty() {
        line.push(Piece::new(
            "address-ranges of [[site]] and registers tell what there is to look at",
            model.theme.label(),
        ));
    }
    pen.line(Rect { x: area.x + 1, width: area.width - 1, ..area }, area.y + 1, &line);
    let list = &model.lists.coverage;
    let order = list.order();
    let table_area = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    if order.is_empty() {
        // Without a filter the first line says so.
        return nothing(model, pen, table_area, "");
    }
    let columns = model.columns(Sheet::Coverage);
    let table = table(model, Sheet::Coverage, &columns, list, table_area);
    pen.table(table_area, &table, |number| order.get(number).map(|key| row(model, key)).unwrap_or_default());
}

fn row(model: &Model, key: &UnseenKey) -> Row {
    let Some(unseen) = model.snapshot.unseen_row(key) else { return Row::default() };
    let site = unseen.site.as_ref().map(|site| site_of(&model.snapshot, Some(site))).unwrap_or_default();
    Row {
        mark: Piece::default(),
        cells: vec![
            Piece::new(unseen.kind.word(), style(model, unseen.kind)),
            site.into(),
            unseen.what.into(),
            unseen.since.map(|since| ago(model, since)).unwrap_or_default().into(),
            unseen.why.into(),
            unseen.mend.into(),
        ],
    }
}

/// One thing in full; of a target all that is known of it, too.
pub(super) fn detail(model: &Model, key: &UnseenKey) -> (String, Vec<Paragraph>) {
    let Some(unseen) = model.snapshot.unseen_row(key) else {
        return ("it is seen by now".to_owned(), Vec::new());
    };
    let line = |label, text: String| Paragraph { label, text: text.into() };
    let mut lines = vec![
        Paragraph { label: "not seen", text: Piece::new(unseen.what.clone(), style(model, unseen.kind)) },
        line("why", unseen.why),
        Paragraph { label: "do", text: Piece::new(unseen.mend, model.theme.key()) },
    ];
    if let Some(site) = &unseen.site {
        let name = model.snapshot.sites.get(site).map(|row| row.name.clone()).unwrap_or_default();
        lines.push(line("site", format!("{}, {name}", site_of(&model.snapshot, Some(site)))));
    }
    if let Some(since) = unseen.since {
        lines.push(line("since", moment(since, &model.zone)));
    }
    if let UnseenKey::Target(name) = key {
        let (_, known) = targets::detail(model, name);
        lines.extend(known.into_iter().filter(|line| line.label != "why"));
    }
    (format!("{} {}", unseen.kind.word(), unseen.what), lines)
}
