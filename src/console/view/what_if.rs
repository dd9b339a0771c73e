//! A change tried out, over the lists.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::overlay::{tell, window};
use super::pen::{Pen, Piece, columns, wrap};
use crate::console::model::Model;
use crate::console::what_if::{Progress, WhatIf};
use crate::net::DeviceText;
use crate::policy::Severity;
use crate::report::outlook;
use crate::review::{Outlook, Shift, Turn};

/// What stands before what is typed.
const PROMPT: &str = "what if: ";

pub(super) fn draw(model: &Model, what_if: &WhatIf, pen: &mut Pen<'_>, area: Rect) {
    let words = what_if.input.text();
    let theme = model.theme;
    match &what_if.progress {
        Progress::Typing => {
            let inner = window(pen, area, "what if");
            let prompt = Piece::new(PROMPT, theme.key());
            pen.line(inner, inner.y + 1, &[prompt, words.into()]);
            let help = "A pack's file, new or in place of the one of its id; +PACK or -PACK: with a shipped one, without \
                        one; several may follow each other. Nothing: the configuration file as it stands now. What \
                        would open, change and close is shown, and nothing is changed.";
            for (y, line) in (inner.y + 3..inner.bottom()).zip(wrap(help, inner.width)) {
                pen.put(inner.x, y, inner.width, &line, theme.label());
            }
        }
        Progress::Judging => {
            let inner = window(pen, area, &title(words));
            tell(pen, inner, "every device is judged by it … (Esc: do not wait)", Style::new());
        }
        Progress::Judged(Err(why)) => {
            let inner = window(pen, area, &title(words));
            tell(pen, inner, &format!("This cannot be told. {why}"), theme.bad());
        }
        Progress::Judged(Ok(found)) => {
            let inner = window(pen, area, &title(words));
            judged(model, found, pen, area, inner);
        }
    }
}

fn title(words: &str) -> String {
    if words.trim().is_empty() { "what if: the configuration file".to_owned() } else { format!("what if: {words}") }
}

/// Where the cursor stands while it is typed.
pub(super) fn cursor(what_if: &WhatIf, body: Rect) -> Option<Position> {
    let x = body.x + 2 + columns(PROMPT) + columns(what_if.input.before());
    let typing = what_if.progress == Progress::Typing;
    typing.then_some(Position { x: x.min(body.right().saturating_sub(1)), y: body.y + 2 })
}

/// What is told above the findings: all in one line, then what must be known, then the counts.
fn summary(model: &Model, found: &Outlook, width: u16) -> Vec<Piece> {
    let theme = model.theme;
    let mut lines: Vec<Piece> = vec![Piece::new(outlook::headline(found), theme.title())];
    lines.extend(outlook::statuses(found).map(Piece::from));
    for note in &found.notes {
        lines.extend(wrap(note, width).into_iter().map(|line| Piece::new(line, theme.warn())));
    }
    if !found.shifts.is_empty() {
        lines.push(Piece::default());
        let table = outlook::tallies(found).text();
        lines.extend(
            table
                .lines()
                .enumerate()
                .map(|(at, line)| Piece::new(line.trim_start(), if at == 0 { theme.label() } else { Style::new() })),
        );
        lines.push(Piece::default());
    }
    lines
}

fn judged(model: &Model, found: &Outlook, pen: &mut Pen<'_>, area: Rect, inner: Rect) {
    let summary = summary(model, found, inner.width);
    let void = found.shifts.iter().filter(|shift| shift.falls.is_some()).count();
    let count = summary.len() + found.shifts.len() + void;
    let height = usize::from(inner.height);
    let from = model.scroll.get().min(count.saturating_sub(height));
    model.scroll.set(from);
    let shifts = found.shifts.iter().flat_map(|shift| lines(model, shift));
    // What is above the screen is passed over, not written.
    let all = summary.into_iter().map(|line| -> Line<'_> { Box::new(move || vec![line.clone()]) }).chain(shifts);
    for (y, line) in (inner.y..inner.bottom()).zip(all.skip(from)) {
        pen.line(inner, y, &line());
    }
    let below = count.saturating_sub(from + height);
    if below > 0 {
        pen.right(area, area.y, area.x, &super::more_lines(below), model.theme.key());
    }
}

/// A line that is written when it is on the screen.
type Line<'a> = Box<dyn Fn() -> Vec<Piece> + 'a>;

/// A finding, and below it the decision that would be void.
fn lines<'a>(model: &'a Model, shift: &'a Shift) -> impl Iterator<Item = Line<'a>> {
    let decision = shift.falls.as_ref().map(|decision| -> Line<'a> {
        let indent = " ".repeat(14);
        Box::new(move || vec![Piece::new(format!("{indent}void: {}", outlook::decision(decision)), model.theme.warn())])
    });
    let finding: Line<'a> = Box::new(move || pieces(model, shift));
    std::iter::once(finding).chain(decision)
}

fn pieces(model: &Model, shift: &Shift) -> Vec<Piece> {
    let theme = model.theme;
    let Shift { turn, finding, severity_before, mac, maker, .. } = shift;
    let style = match (turn, finding.severity) {
        (Turn::Closes, _) => theme.label(),
        (_, Severity::Breach) => theme.bad(),
        (_, Severity::Action | Severity::Review) => theme.warn(),
        (_, Severity::Info) => Style::new(),
    };
    let before = severity_before.map_or(' ', Severity::letter);
    let site = super::site_of(&model.snapshot, finding.place.site.as_ref());
    let mac = mac.map_or_else(|| "?".to_owned(), |mac| mac.to_string());
    let arrow = if severity_before.is_some() { '→' } else { ' ' };
    vec![
        Piece::new(format!("{:<8}", turn.word()), style),
        Piece::new(format!("{before}{arrow}{} ", finding.severity.letter()), style),
        format!("{mac} {} at {site}, {}", DeviceText::new(maker), finding.rule).into(),
    ]
}
