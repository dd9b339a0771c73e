//! Model to screen. Changes nothing but scroll offsets.

mod activity;
mod ascii;
mod columns;
mod copy;
mod coverage;
mod cycle;
mod detail;
mod devices;
mod dossier;
mod exposure;
mod faceplate;
mod filter;
mod form;
mod head;
mod opening;
mod overlay;
mod pen;
mod placement;
mod reviews;
mod saved;
mod search;
mod sites;
mod spark;
mod targets;
mod what_if;

use std::borrow::Cow;
use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::columns::Sheet;
use super::keys::{Context, LISTS};
use super::model::{Mode, Model, View};
use crate::config::Sensitivity;
use crate::net::{SiteId, Timestamp};
use crate::policy::Status;
use crate::snapshot::Snapshot;
use pen::{Pen, Piece, wrap};

/// From here on the detail stands beside the list.
const WIDE: u16 = 160;
/// The smallest screen that holds everything.
const SMALLEST: (u16, u16) = (80, 24);

/// Draws the screen.
pub fn view(model: &Model, frame: &mut Frame<'_>) {
    draw(model, frame);
    if model.ascii {
        ascii::fall_back(frame.buffer_mut());
    }
}

fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let mut pen = Pen { buffer: frame.buffer_mut(), theme: model.theme, rows: None };
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let needs = format!("lenswarden needs 80x24, this is {}x{}", area.width, area.height);
        for (y, line) in (area.y..area.bottom()).zip(wrap(&needs, area.width.max(1))) {
            pen.put(area.x, y, area.width, &line, Style::new());
        }
        return;
    }
    let top = head::draw(model, &mut pen, area);
    let foot = foot(model, &mut pen, area);
    let body = Rect { y: top, height: area.bottom().saturating_sub(foot + top), ..area };
    if model.has_picture {
        self::body(model, &mut pen, body);
    } else {
        overlay::no_picture(model, &mut pen, body);
    }
    model.rows_at.set(pen.rows);
    if model.message.is_none() && model.notice.is_none() {
        columns::no_room(model, &mut pen, area);
    }
    match &model.mode {
        Mode::Decide(form) => form::draw(model, form, &mut pen, body),
        Mode::WhatIf(what_if) => what_if::draw(model, what_if, &mut pen, body),
        Mode::Saved(at) => saved::draw(model, *at, &mut pen, body),
        Mode::Copy(menu) => copy::draw(model, menu, &mut pen, body),
        Mode::Opening(opening) => opening::draw(model, opening, &mut pen, body),
        Mode::Columns(at) => columns::draw(model, *at, &mut pen, body),
        Mode::Ask(asking) => saved::ask(model, asking, &mut pen, body),
        Mode::Search(search) => search::draw(model, search, &mut pen, body),
        Mode::Help { of, .. } => overlay::help(model, *of, &mut pen, body),
        Mode::Browse | Mode::Detail | Mode::Pinned { .. } | Mode::Faceplate(_) | Mode::Filter(_) => {}
    }
    if let Some(position) = overlay::cursor(model, area, body) {
        frame.set_cursor_position(position);
    }
}

fn body(model: &Model, pen: &mut Pen<'_>, area: Rect) {
    match model.mode.shown() {
        Mode::Detail | Mode::Pinned { .. } => return detail::draw(model, pen, area),
        Mode::Faceplate(panel) => return faceplate::draw(model, panel, pen, area),
        _ => {}
    }
    let list = if *model.detail_open.of(model.view) && area.width >= WIDE {
        let width = (area.width * 2 / 5).min(100);
        let pane = Rect { x: area.right() - width, width, ..area };
        for y in area.y..area.bottom() {
            pen.put(pane.x - 1, y, 1, "│", model.theme.label());
        }
        detail::draw(model, pen, pane);
        Rect { width: area.width - width - 1, ..area }
    } else if *model.detail_open.of(model.view) {
        // The list keeps what it needs to be a list; the detail takes half, and more where there is more.
        let height = (area.height / 2 + 1).max(9).min(area.height.saturating_sub(6));
        let pane = Rect { y: area.bottom() - height, height, ..area };
        detail::draw(model, pen, pane);
        Rect { height: area.height - height, ..area }
    } else {
        area
    };
    match model.view {
        View::Exposure => exposure::draw(model, pen, list),
        View::Placement => placement::draw(model, pen, list),
        View::Reviews => reviews::draw(model, pen, list),
        View::Devices => devices::draw(model, pen, list),
        View::Sites => sites::draw(model, pen, list),
        View::Coverage => coverage::draw(model, pen, list),
        View::Activity => activity::draw(model, pen, list),
        View::Targets => targets::draw(model, pen, list),
    }
}

/// The foot: what is typed or was said, then the keys. Returns its height.
fn foot(model: &Model, pen: &mut Pen<'_>, area: Rect) -> u16 {
    let theme = model.theme;
    if let Mode::Filter(typing) = &model.mode {
        hints(model, pen, area);
        return filter::foot(model, typing, pen, area);
    }
    let said = match (&model.message, &model.exporting, &model.notice) {
        (Some(message), ..) => {
            Some((Cow::Borrowed(&*message.text), if message.bad { theme.bad() } else { theme.good() }))
        }
        (None, Some(exporting), _) => {
            Some((Cow::Owned(format!("{}; Esc gives it up", exporting.in_words())), theme.label()))
        }
        (None, None, Some(notice)) => Some((Cow::Borrowed(&**notice), theme.label())),
        (None, None, None) => None,
    };
    hints(model, pen, area);
    let Some((text, style)) = said else { return 2 };
    // Where a file lies, or why it does not, is to be read whole.
    let mut lines = wrap(&text, area.width - 1);
    lines.truncate(MOST_SAID);
    let height = u16::try_from(lines.len()).unwrap_or(1);
    for (y, line) in (area.bottom() - 1 - height..).zip(&lines) {
        pen.put(area.x, y, area.width, "", Style::new());
        pen.put(area.x + 1, y, area.width - 1, line, style);
    }
    1 + height
}

/// The keys of this place, as many as fit; help and quit always do.
fn hints(model: &Model, pen: &mut Pen<'_>, area: Rect) {
    let context = model.context();
    let short =
        |label: Cow<'static, str>| if label == "Enter" && !model.ascii { "↵".to_owned() } else { label.into_owned() };
    // Whoever may only look sees what he may not do, and not as something to do: in brackets, without emphasis.
    let withheld = |hint: &str| model.only_looks() && matches!(hint, "decide" | "mark" | "consider" | "new cycle");
    let hints: Vec<(String, &str)> = (model.keys.working_in(context))
        .filter(|(_, binding)| !binding.hint.is_empty())
        .map(|(label, binding)| match withheld(binding.hint) {
            true => (format!("({}", short(label)), binding.hint),
            false => (short(label), binding.hint),
        })
        .collect();
    let width = |hint: &(String, &str)| pen::columns(&hint.0) + pen::columns(hint.1) + 3;
    let is_last = |hint: &&(String, &str)| matches!(hint.1, "help" | "quit");
    let mut room = area.width.saturating_sub(hints.iter().filter(is_last).map(width).sum());
    let mut x = area.x + 1;
    for hint in &hints {
        if !is_last(&hint) {
            match room.checked_sub(width(hint)) {
                Some(rest) => room = rest,
                None => continue,
            }
        }
        let y = area.bottom() - 1;
        let (key, word) = match withheld(hint.1) {
            true => (Style::new(), format!("{})", hint.1)),
            false => (model.theme.key(), hint.1.to_owned()),
        };
        x = pen.put(x, y, area.width, &hint.0, key);
        x = pen.put(x + 1, y, area.width, &word, model.theme.label()) + 2;
    }
}

/// A span of time as the one unit people would name.
fn age(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} m", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// How long before the picture something was.
fn ago(model: &Model, time: Timestamp) -> String {
    age(model.snapshot.as_of.since(time))
}

/// A moment to the minute, in the zone of the screen.
pub(super) fn moment(time: Timestamp, zone: &TimeZone) -> String {
    time.to_jiff().to_zoned(zone.clone()).strftime("%-d %b %Y %H:%M").to_string()
}

fn text_of<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(|| "?".to_owned(), ToString::to_string)
}

/// A site, `s` after it where it is sensitive.
fn site_of(snapshot: &Snapshot, site: Option<&SiteId>) -> String {
    let Some(id) = site else { return "?".to_owned() };
    match snapshot.sites.get(id).map(|site| site.sensitivity) {
        Some(Sensitivity::Sensitive) => format!("{id} s"),
        Some(Sensitivity::Standard) => id.to_string(),
        None => format!("{id} ?"),
    }
}

/// What the policies say of a device, short enough for a column.
fn status_word(status: Status) -> &'static str {
    match status {
        Status::Restricted => "restricted",
        Status::Suspected => "suspected",
        Status::Unknown => "unknown",
        Status::NotRestricted => "not restr.",
    }
}

/// That there is more below what shows.
fn more_lines(count: usize) -> String {
    format!(" {count} more line{} ", if count == 1 { "" } else { "s" })
}

/// A number in groups of three.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// That what is counted is not all yet.
fn still_read(model: &Model) -> Option<Piece> {
    let all = model.loading?;
    let read = model.devices.read().len();
    Some(Piece::new(format!("  {} of {} are read  ", grouped(read), grouped(all)), model.theme.warn()))
}

/// What a filter and a drill-down leave out is said beside what is left.
fn scope_line(model: &Model, pen: &mut Pen<'_>, area: Rect, pieces: &[Piece]) {
    let words = &model.words.of(model.view).text;
    let text = if words.is_empty() { String::new() } else { format!("filter: {words}") };
    // That something is left out must be seen, whatever else the line has to say.
    let kept = pen::columns(&text).min(KEPT_FOR_FILTER);
    let width = area.width - 1 - if kept > 0 { kept + 2 } else { 0 };
    let going = match model.going() {
        0 => None,
        1 => Some(Piece::new("  - 1 leaves  ", model.theme.label())),
        count => Some(Piece::new(format!("  - {} leave  ", grouped(count)), model.theme.label())),
    };
    let pieces: Vec<Piece> = pieces.iter().cloned().chain(going).collect();
    let end = pen.line(Rect { x: area.x + 1, width, ..area }, area.y, &pieces);
    if !text.is_empty() && !pen.right(area, area.y, end, &text, model.theme.warn()) {
        pen.put(end + 2, area.y, area.right().saturating_sub(end + 2), &text, model.theme.warn());
    }
}

/// Why a list is empty: for its filter, or as is told here.
fn nothing(model: &Model, pen: &mut Pen<'_>, area: Rect, told: &str) {
    let filtered = !model.words.of(model.view).text.is_empty();
    let text = if filtered { "nothing passes the filter (Esc clears it)" } else { told };
    pen.put(area.x + 1, area.y, area.width - 1, text, model.theme.warn());
}

/// Lines that what was said has at most.
const MOST_SAID: usize = 4;
/// Columns that the words of a filter have at least.
const KEPT_FOR_FILTER: u16 = 24;

/// The context of what stands under an overlay is what help speaks of.
fn place_name(context: Context) -> &'static str {
    match context {
        Context::Detail => "a detail",
        Context::Dossier => "a site's dossier",
        Context::Faceplate => "a faceplate",
        Context::Outlook => "what if",
        context if LISTS.contains(&context) => context.word(),
        _ => "here",
    }
}

/// The list that is looked at, in words.
fn sheet_name(model: &Model) -> &'static str {
    if model.sheet() == Sheet::Parts { "the maker's sites" } else { model.view.name() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_numbers_read_as_people_say_them() {
        let spans = [(0, "0 s"), (59, "59 s"), (60, "1 m"), (7_199, "1 h"), (172_799, "47 h"), (172_800, "2 d")];
        for (seconds, expected) in spans {
            assert_eq!(age(Duration::from_secs(seconds)), expected);
        }
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
