//! What waits for a decision: the cycles, then the findings.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::columns::{sorted_by, table};
use super::pen::{Pen, Piece, Row, Table};
use super::placement::finding_row;
use super::{grouped, moment, scope_line};
use crate::console::columns::{Column, Sheet};
use crate::console::model::{Model, ReviewKey};
use crate::net::CycleId;
use crate::snapshot::Queue;

const CYCLES: &[Column] = &[
    Column::new("CYCLE", 5).right(),
    Column::new("REVIEW", 18).grow(20),
    Column::new("WAITING", 7).right(),
    Column::new("OF", 6).right(),
    Column::new("DUE", 11),
    Column::new("OWNER", 20).grow(30),
    Column::new("SELECTS", 20).grow(60).from(110),
];

/// Most lines of what is told of a cycle above its items.
const MOST_TOLD: u16 = 6;
/// Most cycles shown above the findings.
const MOST_CYCLES: usize = 5;

fn is_cycle(key: &ReviewKey) -> bool {
    matches!(key, ReviewKey::Cycle(_))
}

pub(super) fn draw(model: &Model, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    let list = &model.lists.reviews;
    let cycles = list.order().iter().take_while(|key| is_cycle(key)).count();
    let findings = list.order().len() - cycles;
    let late = model.overdue.len();
    let mut pieces = vec![];
    if let Some(cycle) = model.items_of.and_then(|id| model.snapshot.cycles.get(&id)) {
        let text = format!("cycle {} {}: {} items   ", cycle.id, cycle.name, grouped(findings - list.going()));
        pieces.push(Piece::new(text, theme.title()));
        pieces.push(Piece::from(format!("due {}, {}", moment(cycle.due, &model.zone), cycle.owner)));
    } else {
        pieces.push(Piece::new(format!("{} wait for a decision   ", grouped(model.waiting)), theme.title()));
        pieces.push(Piece::new(
            format!("{} overdue   ", grouped(late)),
            if late > 0 { theme.bad() } else { Style::new() },
        ));
    }
    if !model.marks.is_empty() {
        pieces.push(Piece::new(format!("   {} marked   ", grouped(model.marks.len())), theme.warn()));
    }
    pieces.push(sorted_by(model, area.width));
    let mut y = area.y;
    if model.items_of.is_none() {
        pen.line(Rect { x: area.x + 1, width: area.width - 1, ..area }, y, &queues(model));
        y += 1;
    }
    scope_line(model, pen, Rect { y, ..area }, &pieces);
    y += 1;
    if let Some(cycle) = model.items_of.and_then(|id| model.snapshot.cycles.get(&id)) {
        let height = MOST_TOLD.min(area.height / 3);
        let told = Rect { x: area.x + 1, y, width: area.width - 1, height };
        let lines = pen.paragraphs(told, &super::cycle::in_short(model, cycle), &std::cell::Cell::new(0));
        y += u16::try_from(lines).unwrap_or(height).min(height);
    }
    let selected = list.selected().map(|_| list.at());
    if cycles > 0 {
        let height = u16::try_from(cycles.min(MOST_CYCLES)).unwrap_or(0).min(area.height / 3).max(1) + 1;
        let table = Table {
            count: cycles,
            selected: selected.filter(|at| *at < cycles),
            ..Table::plain(CYCLES, &model.cycle_offset, area.width, 1)
        };
        pen.table(Rect { y, height, ..area }, &table, |number| match list.order().get(number) {
            Some(ReviewKey::Cycle(id)) => cycle_row(model, *id),
            _ => Row::default(),
        });
        y += height + 1;
    }
    let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    if findings == 0 {
        let empty = match (model.words.reviews.text.is_empty(), model.items_of.is_some()) {
            (false, _) => "nothing passes the filter (Esc clears it)",
            (true, true) => "this cycle has no items",
            (true, false) => match model.queue {
                Queue::Waiting => "nothing waits for a decision",
                Queue::Due => "nothing has a day",
                Queue::Assigned => "nobody is to see to anything",
                Queue::Mine if model.greeting.is_none() => "the daemon did not say who you are: does it run?",
                Queue::Mine => "you are to see to nothing",
                Queue::ToApprove => "nothing was proposed that a second person must approve",
                Queue::Marked => "nothing is marked (Space marks)",
            },
        };
        pen.put(rest.x + 1, rest.y, rest.width - 1, empty, Style::new());
        return;
    }
    let columns = model.columns(Sheet::Reviews);
    let table = Table {
        count: findings,
        selected: selected.and_then(|at| at.checked_sub(cycles)),
        ..table(model, Sheet::Reviews, &columns, list, rest)
    };
    pen.table(rest, &table, |number| match list.order().get(cycles + number) {
        Some(ReviewKey::Finding(id)) => finding_row(model, *id),
        _ => Row::default(),
    });
    pen.fade(rest, list, cycles);
}

/// The queues, each with how many are in it.
fn queues(model: &Model) -> Vec<Piece> {
    let theme = model.theme;
    let me = model.greeting.as_ref().map(|greeting| &greeting.you);
    let mut pieces = Vec::new();
    for queue in Queue::ALL {
        let count = match queue {
            Queue::Marked => model.marks.len(),
            // Nobody said yet who you are.
            Queue::Mine if me.is_none() => 0,
            _ => model.queued.get(&queue).copied().unwrap_or(0),
        };
        let style = if queue == model.queue { theme.selected() } else { theme.label() };
        pieces.push(Piece::new(format!("{} {}", queue.name(), grouped(count)), style));
        pieces.push(Piece::from("  "));
    }
    pieces
}

fn cycle_row(model: &Model, id: CycleId) -> Row {
    let Some(cycle) = model.snapshot.cycles.get(&id) else { return Row::default() };
    let progress = model.snapshot.progress(cycle);
    let due = moment(cycle.due, &model.zone);
    let due = due.rsplit_once(' ').map_or(due.as_str(), |(day, _)| day).to_owned();
    let due = match (progress.overdue, cycle.closed) {
        (true, _) => Piece::new(due, model.theme.bad()),
        (false, Some(_)) => Piece::from("closed"),
        (false, None) => Piece::from(due),
    };
    let waiting = if progress.waiting > 0 { model.theme.warn() } else { Style::new() };
    Row {
        mark: Piece::default(),
        cells: vec![
            cycle.id.to_string().into(),
            cycle.name.clone().into(),
            Piece::new(grouped(progress.waiting), waiting),
            grouped(progress.all).into(),
            due,
            cycle.owner.clone().into(),
            cycle.select.clone().into(),
        ],
    }
}
