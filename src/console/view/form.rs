//! The decision being made, over the lists: its form, a calendar, what would be sent, the answer.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::overlay::{tell, window};
use super::pen::{Paragraph, Pen, Piece, columns, wrap};
use crate::console::decide::{Calendar, Field, Form, Item, Kind, Stage, Verdict};
use crate::console::model::Model;
use crate::review::{Claim, DecisionKind, Matter, Stage as Step};

/// Where fields of the form begin.
const FIELD: u16 = 11;
/// Most things named above the fields, so that the form fits a small screen.
const MOST_LISTED: u16 = 3;
/// Kinds of decisions in a row of the form, and the columns that each takes.
const KINDS_IN_ROW: usize = 5;
const KIND_WIDTH: u16 = 14;
/// Columns of a calendar.
const CALENDAR: u16 = 22;

/// What is decided on as it is named there.
fn named(model: &Model, item: &Item) -> String {
    let device = |id| {
        let row = model.device(id);
        let name = super::placement::name(row.as_ref(), None);
        format!("device {id} {name} {}", super::placement::maker(row.as_ref()))
    };
    match &item.on {
        Matter::Finding { finding: id, revision } => {
            let Some(finding) = model.snapshot.findings.get(id) else { return format!("finding {id}") };
            let row = model.snapshot.device_of(finding);
            let name = super::placement::name(row, finding.subject.entry());
            format!(
                "{id} {} {} {name} {} at {}, revision {revision}",
                finding.severity.letter(),
                finding.rule,
                super::placement::maker(row),
                super::site_of(&model.snapshot, finding.place.site.as_ref()),
            )
        }
        Matter::Device { device: id, .. } => device(*id),
        Matter::Site { site } => {
            let name = model.snapshot.sites.get(site).map(|row| row.name.as_str()).unwrap_or_default();
            format!("site {} {name}", super::site_of(&model.snapshot, Some(site)))
        }
        Matter::Cycle { cycle } => match model.snapshot.cycles.get(cycle) {
            Some(known) => {
                let progress = model.snapshot.progress(known);
                format!("cycle {cycle} {}: {} of {} wait for a decision", known.name, progress.waiting, progress.all)
            }
            None => format!("cycle {cycle}"),
        },
    }
}

fn things(form: &Form, count: usize) -> String {
    match form.items.first().map(|item| &item.on) {
        Some(Matter::Device { .. }) => "a device".to_owned(),
        Some(Matter::Site { .. }) => "a site".to_owned(),
        Some(Matter::Cycle { .. }) => "a cycle".to_owned(),
        _ if count == 1 => "one finding".to_owned(),
        _ => format!("{count} findings"),
    }
}

/// Draws it.
pub(super) fn draw(model: &Model, form: &Form, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    let inner = window(pen, area, &format!("decide {}", things(form, form.items.len())));
    match &form.stage {
        Stage::Asking => tell(pen, inner, "asking the daemon who you are …", Style::new()),
        Stage::Refused(why) => tell(pen, inner, &format!("You cannot decide now. {why}"), theme.bad()),
        Stage::Attaching => tell(pen, inner, "the hash of what the note is about is computed …", Style::new()),
        Stage::Sending => tell(pen, inner, "sent; waiting for the daemon's answer … (Esc: do not wait)", Style::new()),
        Stage::Answered(Ok(text)) => tell(pen, inner, text, theme.good()),
        Stage::Answered(Err(why)) => refused(model, form, why, pen, inner),
        Stage::Filling => {
            filling(model, form, pen, inner);
            if let Some(calendar) = &form.calendar {
                self::calendar(model, calendar, pen, inner);
            }
        }
        Stage::Confirming(decision) => confirming(model, form, decision, pen, inner),
    }
}

/// What the daemon refused and why, and what is another than it was.
fn refused(model: &Model, form: &Form, why: &str, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    let mut lines: Vec<Piece> = wrap(&format!("The daemon refused: {why}"), area.width)
        .into_iter()
        .map(|line| Piece::new(line, theme.bad()))
        .collect();
    let changes = form.changes(&model.snapshot);
    if !changes.is_empty() {
        lines.extend([Piece::default(), Piece::new("Since the form was opened:", theme.title())]);
        for (id, what) in changes {
            let what = if what.is_empty() { "it was decided or handled meanwhile".to_owned() } else { what.join("; ") };
            lines.extend(wrap(&format!("finding {id}: {what}"), area.width).into_iter().map(Piece::from));
            if let Some(decision) = model.snapshot.findings.get(&id).and_then(|now| now.decision.as_ref()) {
                let text = format!("  it stands at: {}, by {}", decision.kind, decision.author);
                lines.extend(wrap(&text, area.width).into_iter().map(Piece::from));
            }
        }
    }
    lines.extend([
        Piece::default(),
        Piece::new("a takes it as it is now, to decide again with what was typed; Esc leaves it.", theme.label()),
    ]);
    for (y, line) in (area.y + 1..area.bottom()).zip(&lines) {
        pen.put(area.x, y, area.width, &line.text, line.style);
    }
}

/// Lines that a field takes: what is typed, then what it means or what is wrong with it.
fn height(field: Field, form: &Form) -> u16 {
    match field {
        Field::Kind => u16::try_from(form.kinds().len().div_ceil(KINDS_IN_ROW)).unwrap_or(1) + 1,
        Field::Control => 3,
        _ => 2,
    }
}

/// Where each field of this kind of decision stands.
fn rows(form: &Form, area: Rect) -> Vec<(Field, u16)> {
    let listed = u16::try_from(form.items.len()).unwrap_or(u16::MAX).min(MOST_LISTED);
    let more = u16::from(form.items.len() > usize::from(MOST_LISTED));
    let mut y = area.y + 1 + listed + more + 1;
    let mut rows = Vec::new();
    for field in form.kind.fields() {
        rows.push((*field, y));
        y += height(*field, form);
    }
    rows
}

/// Lists as many things as there is room for.
fn list(model: &Model, form: &Form, pen: &mut Pen<'_>, area: Rect) {
    let mut y = area.y;
    let shown = usize::from(MOST_LISTED);
    for item in form.items.iter().take(shown) {
        pen.put(area.x, y, area.width, &named(model, item), Style::new());
        y += 1;
    }
    if form.items.len() > shown {
        let ids: Vec<String> =
            form.items.iter().skip(shown).filter_map(|item| item.on.finding()).map(|id| id.to_string()).collect();
        let text = format!("and {} more: {}", ids.len(), ids.join(" "));
        pen.put(area.x, y, area.width, &text, model.theme.warn());
    }
}

/// What is kept with an attestation, at the foot of the form; how many lines that takes.
fn with_it(model: &Model, form: &Form, pen: &mut Pen<'_>, area: Rect) -> u16 {
    let Some(Matter::Cycle { cycle }) = form.items.first().map(|item| &item.on) else { return 0 };
    let Some(cycle) = model.snapshot.cycles.get(cycle) else { return 0 };
    let title = Paragraph { label: "", text: Piece::new("With it is kept, as it is then; now:", model.theme.title()) };
    let lines: Vec<Paragraph> = std::iter::once(title).chain(super::cycle::to_attest(model, cycle)).collect();
    let width = area.width.saturating_sub(FIELD).max(1);
    let height: usize = lines.iter().map(|line| wrap(&line.text.text, width).len()).sum();
    // The last line is for what is wrong.
    let height = u16::try_from(height).unwrap_or(area.height).min(area.height.saturating_sub(8));
    let at = Rect { y: area.bottom().saturating_sub(height + 1), height, ..area };
    pen.paragraphs(at, &lines, &std::cell::Cell::new(0));
    height + 1
}

fn filling(model: &Model, form: &Form, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    list(model, form, pen, Rect { y: area.y + 1, ..area });
    let kept = if form.kind == Kind::Attest { with_it(model, form, pen, area) } else { 0 };
    for (field, y) in rows(form, area) {
        let here = form.field == field;
        pen.put(area.x, y, FIELD, field.label(form.kind), if here { theme.key() } else { theme.label() });
        let width = area.width - FIELD;
        let last = y + height(field, form) - 1;
        match field {
            Field::Kind => kinds(model, form, pen, Rect { y, ..area }),
            Field::Stage => steps(model, form, pen, Rect { y, ..area }),
            Field::Control | Field::Reason => {
                let until = if field == Field::Control { last } else { area.bottom() - kept };
                for (y, line) in (y..until).zip(wrap(form.input(field).text(), width)) {
                    pen.put(area.x + FIELD, y, width, &line, Style::new());
                }
            }
            _ => {
                pen.put(area.x + FIELD, y, width, form.input(field).text(), Style::new());
            }
        }
        let complaint = form.complaint.as_ref().filter(|(other, _)| *other == field).map(|(_, why)| why.as_str());
        let note = match complaint {
            Some(why) => Some(Piece::new(why, theme.bad())),
            None => note(model, form, field),
        };
        let Some(note) = note else { continue };
        // What does not fit beside its field stands below them all.
        if complaint.is_some() && columns(&note.text) > width {
            let lines = wrap(&note.text, area.width);
            let first = area.bottom().saturating_sub(u16::try_from(lines.len()).unwrap_or(1));
            for (y, line) in (first..area.bottom()).zip(&lines) {
                pen.put(area.x, y, area.width, line, note.style);
            }
            continue;
        }
        // A reason takes what is left; what is wrong with it stands at the end.
        let at = if field == Field::Reason { area.bottom().saturating_sub(1) } else { last };
        pen.put(area.x + FIELD, at, width, &note.text, note.style);
    }
}

/// What a field means as it stands, or what it wants.
fn note(model: &Model, form: &Form, field: Field) -> Option<Piece> {
    let theme = model.theme;
    let empty = form.input(field).text().is_empty();
    match field {
        Field::Kind => Some(Piece::new(form.kind.does(), theme.label())),
        Field::Date if empty && form.kind == Kind::Assign => Some(Piece::new("may stay empty", theme.label())),
        Field::Date => Some(match form.day() {
            Ok(day) => Piece::new(format!("= {}", day.strftime("%A, %-d %B %Y")), theme.good()),
            Err(why) if empty => Piece::new(why, theme.label()),
            Err(why) => Piece::new(why, theme.bad()),
        }),
        Field::Claim => Some(match form.input(field).text().parse::<Claim>() {
            Ok(claim) => Piece::new(format!("= {claim}"), theme.good()),
            Err(why) if empty => Piece::new(why, theme.label()),
            Err(why) => Piece::new(why, theme.bad()),
        }),
        Field::Who if empty => Some(Piece::new("a name; empty: nobody in particular", theme.label())),
        Field::Attachment if empty => {
            Some(Piece::new("a file's path, or a URL and the SHA-256 of its content; may stay empty", theme.label()))
        }
        Field::Control if empty => Some(Piece::new("what is done about the risk meanwhile", theme.label())),
        _ => None,
    }
}

fn kinds(model: &Model, form: &Form, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    // The kinds are many: they begin where their label ends.
    let first = area.x + 5;
    for (y, row) in (area.y..).zip(form.kinds().chunks(KINDS_IN_ROW)) {
        for (x, kind) in (first..).step_by(usize::from(KIND_WIDTH)).zip(row) {
            let (sign, style) = if *kind == form.kind { ("•", theme.selected()) } else { (" ", Style::new()) };
            pen.put(x, y, KIND_WIDTH, &format!("{sign}{} ", kind.words()), style);
        }
    }
    if form.field == Field::Kind {
        pen.put(area.x, area.y + 1, 4, "← →", theme.label());
    }
}

fn steps(model: &Model, form: &Form, pen: &mut Pen<'_>, area: Rect) {
    let steps = [(Step::Planned, "planned"), (Step::Ordered, "ordered"), (Step::Removed, "removed")];
    for (x, (step, word)) in (area.x + FIELD..).step_by(usize::from(KIND_WIDTH)).zip(steps) {
        let (sign, style) = if step == form.step { ("•", model.theme.selected()) } else { (" ", Style::new()) };
        pen.put(x, area.y, KIND_WIDTH, &format!("{sign}{word} "), style);
    }
}

/// A month; a day that may not be chosen is a dot.
fn calendar(model: &Model, calendar: &Calendar, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    let weeks = calendar.weeks();
    let height = u16::try_from(weeks.len()).unwrap_or(6) + 3;
    let x = area.right().saturating_sub(CALENDAR + 1);
    for y in area.y..(area.y + height).min(area.bottom()) {
        for x in x.saturating_sub(1)..area.right() {
            if let Some(cell) = pen.buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
    pen.put(x, area.y, CALENDAR, &calendar.day.strftime("%B %Y").to_string(), theme.title());
    pen.put(x, area.y + 1, CALENDAR, "Mo Tu We Th Fr Sa Su", theme.label());
    for (y, week) in (area.y + 2..area.bottom()).zip(&weeks) {
        for (x, day) in (x..).step_by(3).zip(week) {
            let Some(day) = day else { continue };
            let text = if calendar.allows(*day) { format!("{:>2}", day.day()) } else { " ·".to_owned() };
            let style = if *day == calendar.day { theme.selected() } else { Style::new() };
            pen.put(x, y, 2, &text, style);
        }
    }
    if let Some(last) = calendar.last {
        pen.put(x, area.y + height - 1, CALENDAR, &format!("until {last}"), theme.label());
    }
}

/// What becomes of those that are sent, in a sentence.
fn outcome(form: &Form) -> String {
    let all = form.items.len();
    let (holds, waits, refused) = form.counts();
    if all == 1 {
        return match waits {
            1 => "It needs a second person: it is proposed, and waits for somebody else's approval.".to_owned(),
            _ => "It takes effect at once.".to_owned(),
        };
    }
    let mut parts = vec![format!("{holds} of {all} take effect at once")];
    if waits > 0 {
        parts.push(format!("{waits} need a second person"));
    }
    if refused > 0 {
        parts.push(format!("{refused} would be refused and are left out"));
    }
    format!("{}.", parts.join("; "))
}

fn confirming(model: &Model, form: &Form, decision: &DecisionKind, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    let you = form.greeting.as_ref().map(|greeting| greeting.you.name.clone()).unwrap_or_default();
    let head = format!("'{you}' decides. This is sent, and stands in the change log for good:");
    pen.put(area.x, area.y + 1, area.width, &head, theme.title());
    let mut y = area.y + 3;
    for line in wrap(&decision.to_string(), area.width.saturating_sub(2)).into_iter().take(6) {
        pen.put(area.x + 2, y, area.width - 2, &line, theme.key());
        y += 1;
    }
    y += 1;
    let (_, waits, refused) = form.counts();
    let style = if waits + refused > 0 { theme.warn() } else { theme.good() };
    pen.put(area.x, y, area.width, &outcome(form), style);
    let rest = Rect { y: y + 2, height: area.bottom().saturating_sub(y + 3), ..area };
    let room = usize::from(rest.height).max(1);
    let from = (form.at + 1).saturating_sub(room);
    for (y, (number, item)) in (rest.y..).zip(form.items.iter().enumerate().skip(from).take(room)) {
        let here = number == form.at && form.items.len() > 1;
        let (sign, style) = match &item.verdict {
            Some(Verdict::Refused(_)) => ("refused", theme.bad()),
            _ if item.left_out => ("left out", theme.label()),
            Some(Verdict::Waits) => ("2nd person", theme.warn()),
            Some(Verdict::Holds) | None => ("at once", theme.good()),
        };
        pen.put(rest.x, y, 1, if here { "▸" } else { " " }, Style::new());
        pen.put(rest.x + 2, y, 10, sign, style);
        pen.put(rest.x + 13, y, rest.width - 13, &named(model, item), Style::new());
        if here {
            pen.buffer.set_style(Rect { y, height: 1, ..rest }, theme.selected());
        }
    }
    if matches!(decision, DecisionKind::Attest { .. }) {
        with_it(model, form, pen, area);
    }
    let below = form.items.len().saturating_sub(from + room);
    let why = match form.items.get(form.at).and_then(|item| item.verdict.as_ref()) {
        Some(Verdict::Refused(why)) => why.clone(),
        _ if below > 0 => super::more_lines(below),
        _ => String::new(),
    };
    pen.put(area.x, area.bottom().saturating_sub(1), area.width, &why, theme.label());
}

/// Where the terminal's cursor stands while a field is typed in.
pub(super) fn cursor(form: &Form, body: Rect) -> Option<Position> {
    if form.stage != Stage::Filling || form.calendar.is_some() {
        return None;
    }
    let inner = Rect { x: body.x + 2, y: body.y + 1, width: body.width - 4, height: body.height - 1 };
    let (_, y) = rows(form, inner).into_iter().find(|(field, _)| *field == form.field)?;
    let start = inner.x + FIELD;
    match form.field {
        Field::Kind | Field::Stage => None,
        Field::Control | Field::Reason => {
            let lines = wrap(form.input(form.field).before(), inner.width - FIELD);
            let last = lines.last().map_or(0, |line| columns(line));
            let below = u16::try_from(lines.len().saturating_sub(1)).unwrap_or(0);
            Some(Position { x: start + last, y: y + below })
        }
        field => Some(Position { x: start + columns(form.input(field).before()), y }),
    }
}
