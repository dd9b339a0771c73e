//! A review's cycle being opened, over the lists.

use std::cell::Cell;
use std::time::Duration;

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::overlay::{tell, window};
use super::pen::{Paragraph, Pen, Piece, Row, Table};
use super::{age, grouped};
use crate::console::columns::Column;
use crate::console::model::Model;
use crate::console::opening::{Opening, Progress};
use crate::control::Planned;
use crate::net::CycleId;
use crate::snapshot::Filter;

const COLUMNS: &[Column] = &[
    Column::new("REVIEW", 20).grow(20),
    Column::new("OWNER", 18).grow(20),
    Column::new("DUE IN", 6).right(),
    Column::new("SELECTS", 28).grow(60),
];

pub(super) fn draw(model: &Model, opening: &Opening, pen: &mut Pen<'_>, area: Rect) {
    let inner = window(pen, area, "open a cycle now");
    match (&opening.progress, opening.chosen()) {
        (Progress::Asking, _) => tell(pen, inner, "asking the daemon which reviews there are …", Style::new()),
        (Progress::Refused(why), _) => {
            tell(pen, inner, &format!("No cycle is opened. {why}"), model.theme.bad());
        }
        (Progress::Sure(findings, open), Some(chosen)) => sure(model, chosen, (*findings, open), pen, inner),
        (Progress::Sending, _) => {
            tell(pen, inner, "sent; waiting for the daemon's answer … (Esc: do not wait)", Style::new());
        }
        (Progress::Choosing | Progress::Sure(..), _) => choose(opening, pen, area),
    }
}

fn choose(opening: &Opening, pen: &mut Pen<'_>, area: Rect) {
    let offset = Cell::new(0);
    let (count, selected) = (opening.reviews.len(), Some(opening.at));
    let table = Table { count, selected, ..Table::plain(COLUMNS, &offset, area.width, 2) };
    pen.table(Rect { y: area.y + 1, height: area.height - 1, ..area }, &table, |number| {
        let Some(review) = opening.reviews.get(number) else { return Row::default() };
        let due = age(Duration::from_secs(review.due_s));
        let cells = vec![review.name.clone().into(), review.owner.clone().into(), due.into(), selects(review).into()];
        Row { mark: Piece::default(), cells }
    });
}

/// What it is about, as the file says it.
fn selects(review: &Planned) -> String {
    if review.select.is_empty() { "every open finding".to_owned() } else { review.select.clone() }
}

/// What would be opened.
fn sure(model: &Model, chosen: &Planned, (findings, open): (usize, &[CycleId]), pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    let means = Filter::parse(&chosen.select).map_or_else(|error| error.to_string(), |filter| filter.in_words());
    let selects = if chosen.select.is_empty() { selects(chosen) } else { format!("{}: {means}", chosen.select) };
    let mut lines = vec![
        Paragraph { label: "review", text: Piece::new(chosen.name.clone(), theme.key()) },
        Paragraph { label: "selects", text: selects.into() },
        Paragraph { label: "holds", text: format!("{} findings, as they are now", grouped(findings)).into() },
        Paragraph { label: "owner", text: chosen.owner.clone().into() },
        Paragraph { label: "due", text: format!("in {}", age(Duration::from_secs(chosen.due_s))).into() },
    ];
    if !open.is_empty() {
        let ids: Vec<String> = open.iter().map(ToString::to_string).collect();
        let text = format!("cycle {} of this review is open: this is another beside it", ids.join(", "));
        lines.push(Paragraph { label: "beside", text: Piece::new(text, theme.warn()) });
    }
    let head = "This is sent, and stands in the change log for good:";
    pen.put(area.x, area.y + 1, area.width, head, theme.title());
    let rest = Rect { y: area.y + 3, height: area.height.saturating_sub(3), ..area };
    pen.paragraphs(rest, &lines, &Cell::new(0));
}
