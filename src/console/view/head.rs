//! The first lines: coverage, freshness, the daemon, then the views; what is wrong stands below in words.

use ratatui::layout::Rect;

use super::pen::{Pen, Piece, columns, wrap};
use super::{ago, grouped, moment};
use crate::console::model::{Model, View};
use crate::net::DeviceText;
use crate::net::Timestamp;
use crate::snapshot::{DaemonState, Share};

/// Most lines of one thing that is wrong: the lists below must stay lists.
const MOST_LINES: usize = 2;

/// Draws the head; returns the first row below it.
pub(super) fn draw(model: &Model, pen: &mut Pen<'_>, area: Rect) -> u16 {
    let mut y = area.y;
    first_line(model, pen, Rect { height: 1, ..area });
    y += 1;
    views(model, pen, area, y);
    y += 1;
    for (text, bad) in banners(model) {
        let style = if bad { model.theme.bad() } else { model.theme.warn() };
        let lines = wrap(&text, area.width - 1);
        for line in lines.iter().take(MOST_LINES) {
            pen.put(area.x + 1, y, area.width - 1, line, style);
            y += 1;
        }
    }
    pen.rule(area, y, "");
    y + 1
}

fn share(share: &Share, kind: &str, long: bool) -> String {
    let Some(percent) = share.percent() else { return format!("no {kind}") };
    let percent = format!(" {percent} %");
    if long {
        format!("{kind} {} of {} answer{percent}", grouped(share.answering), grouped(share.all))
    } else {
        format!("{kind} {}/{}{percent}", share.answering, share.all)
    }
}

fn first_line(model: &Model, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    if !model.has_picture {
        pen.put(area.x + 1, area.y, area.width, "lenswarden", theme.title());
        pen.put(area.x + 13, area.y, area.width, "no picture yet", theme.bad());
        return;
    }
    let daemon = &model.snapshot.daemon;
    let coverage = model.coverage;
    let whole = |share: &Share| if share.answering == share.all { theme.good() } else { theme.warn() };
    let time = |time| super::moment(time, &model.zone).split(' ').next_back().unwrap_or_default().to_owned();
    let (state, style) = match daemon.state() {
        DaemonState::Running if !daemon.late.is_empty() => ("daemon LATE".to_owned(), theme.bad()),
        DaemonState::Silent(at) => (format!("daemon SILENT since {}", time(at)), theme.bad()),
        DaemonState::Running if daemon.configuration_problem.is_empty() => ("daemon ok".to_owned(), theme.good()),
        DaemonState::Running => ("daemon ok, configuration bad".to_owned(), theme.warn()),
        DaemonState::Stopped(at) => (format!("daemon STOPPED since {}", time(at)), theme.bad()),
        DaemonState::DiskFull => ("daemon waits: DISK FULL".to_owned(), theme.bad()),
        DaemonState::Killed => ("daemon NOT RUNNING".to_owned(), theme.bad()),
        DaemonState::Never => ("no daemon yet".to_owned(), theme.bad()),
    };
    let oldest = coverage.oldest().map_or_else(|| "never".to_owned(), |time| ago(model, time));
    let pieces = |long: bool| {
        let mut pieces = vec![Piece::new(share(&coverage.switches, "switches", long), whole(&coverage.switches))];
        if coverage.cameras.all > 0 {
            pieces.push(Piece::new(share(&coverage.cameras, "cameras", long), whole(&coverage.cameras)));
        }
        let oldest = if long { format!("oldest answer {oldest}") } else { format!("oldest {oldest}") };
        pieces.extend([Piece::from(oldest), Piece::new(state.clone(), style)]);
        pieces
    };
    let width = |pieces: &[Piece]| pieces.iter().map(|piece| columns(&piece.text) + 2).sum::<u16>();
    let host = columns(&daemon.host) + 3;
    let long = pieces(true);
    let pieces = if width(&long) + host < area.width { long } else { pieces(false) };
    // What is left is the host's: the numbers go first.
    let room = area.width.saturating_sub(width(&pieces) + 1);
    let mut x = area.x + 1;
    if room >= 4 {
        x = pen.put(x, area.y, room, &daemon.host, theme.title()) + 2;
    }
    for piece in pieces {
        x = pen.put(x, area.y, area.right().saturating_sub(x), &piece.text, piece.style) + 2;
    }
}

/// A view's name where the screen is narrow.
fn short(view: View) -> &'static str {
    match view {
        View::Exposure => "Expose",
        View::Placement => "Place",
        View::Reviews => "Review",
        View::Devices => "Device",
        View::Sites => "Sites",
        View::Coverage | View::Targets => "Cover",
        View::Activity => "Log",
    }
}

fn views(model: &Model, pen: &mut Pen<'_>, area: Rect, y: u16) {
    let name = |number: usize, view: View, name: &str| {
        let count = match view {
            View::Placement => model.misplaced,
            View::Reviews => model.waiting,
            _ => 0,
        };
        let count = if count > 0 { format!(" {}", grouped(count)) } else { String::new() };
        (view, format!("{number} {name}{count}"))
    };
    let all = |of: fn(View) -> &'static str| -> Vec<(View, String)> {
        (1..).zip(View::ALL).map(|(number, view)| name(number, view, of(view))).collect()
    };
    let width = |names: &[(View, String)]| names.iter().map(|(_, name)| columns(name) + 2).sum::<u16>();
    let long = all(View::name);
    // The moment stands beside them: day, month, time.
    let names = if width(&long) + 14 < area.width { long } else { all(short) };
    let mut x = area.x + 1;
    for (view, text) in &names {
        let style = if *view == model.view.numbered() { model.theme.selected() } else { model.theme.label() };
        x = pen.put(x, y, area.right().saturating_sub(x), text, style) + 2;
    }
    // Nothing was committed yet: there is no moment.
    if !model.has_picture || model.snapshot.as_of == Timestamp::default() {
        return;
    }
    let as_of = moment(model.snapshot.as_of, &model.zone);
    let words: Vec<&str> = as_of.split(' ').collect();
    let [day, month, _, time] = words.as_slice() else { return };
    for text in [
        format!("as of {as_of}"),
        format!("as of {day} {month} {time}"),
        format!("{day} {month} {time}"),
        (*time).to_owned(),
    ] {
        if pen.right(area, y, x, &text, model.theme.label()) {
            break;
        }
    }
}

/// What is wrong, and what to type; whether it is grave.
fn banners(model: &Model) -> Vec<(String, bool)> {
    let mut banners = Vec::new();
    if !model.has_picture {
        return banners;
    }
    if model.devices.stands_still() {
        let at = moment(model.snapshot.as_of, &model.zone);
        banners.push((format!("It stands still: this is how it was at {at}; z lets it go on"), false));
    }
    if let Some(trouble) = &model.trouble {
        banners.push((format!("What you see is older: {}", trouble.what), true));
        banners.push((trouble.hint.clone(), true));
    }
    let ailments = model.snapshot.daemon.ailments();
    banners.extend(ailments.iter().map(|ailment| (ailment.words(|at| moment(at, &model.zone)), true)));
    if !model.snapshot.daemon.late.is_empty() {
        banners.push((format!("Late: {}", model.snapshot.daemon.late.join("; ")), true));
    }
    banners.extend(model.snapshot.registry_warning().map(|warning| (warning, false)));
    let problem = &model.snapshot.daemon.configuration_problem;
    if !problem.is_empty() {
        let problem = problem.replace('\n', " ");
        banners.push((format!("Not as configured (`lenswarden check`): {problem}"), false));
    }
    // The age of the registry has a line of its own.
    let wrong = model.snapshot.conditions.iter().filter(|condition| condition.kind != "registry-old");
    let wrong: Vec<String> = wrong
        .map(|condition| DeviceText::new(&format!("{}: {}", condition.name(), condition.words)).to_string())
        .collect();
    if !wrong.is_empty() {
        banners.push((format!("Not in order (`lenswarden targets`): {}", wrong.join("; ")), true));
    }
    for carrier in model.snapshot.carriers.values().filter(|carrier| !carrier.why.is_empty()) {
        let (name, since) = (DeviceText::new(&carrier.name), moment(carrier.since, &model.zone));
        let (waiting, why) = (
            grouped(usize::try_from(carrier.waiting + carrier.lost).unwrap_or(usize::MAX)),
            DeviceText::new(&carrier.why),
        );
        banners.push((format!("Alerts over {name} are not sent since {since}, {waiting} wait: {why}"), true));
    }
    banners
}
