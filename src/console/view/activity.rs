//! What happened, the newest first: the change log in words, what carriers were told, the visits.

use std::collections::BTreeMap;

use ratatui::layout::Rect;
use ratatui::style::Style;
use serde_json::Value;

use super::columns::{sorted_by, table};
use super::pen::{Paragraph, Pen, Piece, Row, Table};
use super::spark::spark;
use super::{grouped, moment, scope_line, site_of, targets};
use crate::console::activity::{Happening, Told};
use crate::console::columns::Sheet;
use crate::console::model::Model;
use crate::net::Timestamp;

/// Fields of an entry's body that are told.
const MOST_FIELDS: usize = 300;
/// How deep they may lie.
const DEEPEST: usize = 12;
/// Characters of one field.
const LONGEST: usize = 400;

/// A moment to the second; of another day than the picture's the day, and to the minute.
fn when(model: &Model, at: Timestamp) -> String {
    let zoned = |at: Timestamp| at.to_jiff().to_zoned(model.zone.clone());
    let then = zoned(at);
    let today = zoned(model.snapshot.as_of).date() == then.date();
    then.strftime(if today { "%H:%M:%S" } else { "%-d %b %H:%M" }).to_string()
}

/// What the visits of the switches take, round by round.
fn rounds(model: &Model, width: u16) -> Vec<Piece> {
    let rounds = &model.activity.rounds;
    let Some(last) = rounds.back() else { return vec![Piece::new("no switch was visited yet", model.theme.label())] };
    let means: Vec<Option<u64>> = rounds.iter().map(|round| Some(round.mean_ms())).collect();
    let since = if rounds.len() == 1 { "1 round".to_owned() } else { format!("{} rounds", rounds.len()) };
    let slowest = last.slowest.as_ref().map(|(ms, name)| format!(", {name} {ms} ms")).unwrap_or_default();
    let noun = if last.visits == 1 { "visit" } else { "visits" };
    let text = format!(
        " {} {noun} of {} ms, {} requests{slowest}   ",
        grouped(usize::try_from(last.visits).unwrap_or(0)),
        last.mean_ms(),
        last.requests.checked_div(last.visits).unwrap_or(0)
    );
    vec![
        Piece::new("switches ", model.theme.label()),
        Piece::new(spark(&means, usize::from(width / 4)), model.theme.title()),
        text.into(),
        Piece::new(format!("({since} seen)"), model.theme.label()),
    ]
}

fn head(model: &Model) -> Vec<Piece> {
    let theme = model.theme;
    if model.words.activity.plain.names("visit") {
        return vec![format!("{} last visits   ", grouped(model.activity.rows.len())).into()];
    }
    let mut pieces: Vec<Piece> =
        vec![format!("{} rows, the last is {}   ", grouped(model.activity.rows.len()), model.snapshot.seq).into()];
    if !model.activity.whole && !model.activity.rows.is_empty() {
        pieces.push(Piece::new(format!("read back to row {}   ", model.activity.oldest), theme.label()));
    }
    for carrier in model.snapshot.carriers.values() {
        let waiting = carrier.waiting + carrier.lost;
        let sent = carrier.last_sent.map_or_else(|| "never".to_owned(), |at| when(model, at));
        let style = if carrier.why.is_empty() { theme.good() } else { theme.bad() };
        pieces.push(Piece::new(format!("{} sent {sent}, {waiting} wait   ", carrier.name), style));
    }
    pieces
}

pub(super) fn draw(model: &Model, pen: &mut Pen<'_>, area: Rect) {
    let mut pieces = head(model);
    pieces.push(sorted_by(model, area.width));
    scope_line(model, pen, area, &pieces);
    pen.line(Rect { x: area.x + 1, width: area.width - 1, ..area }, area.y + 1, &rounds(model, area.width));
    let rows = &model.activity.rows;
    let list = &model.lists.activity;
    let table_area = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    if rows.is_empty() {
        let empty = match (model.words.activity.text.is_empty(), model.settled.activity) {
            (true, true) => "nothing happened yet: no row stands in the change log",
            (false, true) if model.activity.whole => "nothing passes the filter (Esc clears it)",
            (false, true) => "nothing that was looked through passes the filter (End looks further, Esc clears it)",
            (_, false) => "is being read",
        };
        pen.put(area.x + 1, table_area.y, area.width - 1, empty, model.theme.warn());
        return;
    }
    let columns = model.columns(Sheet::Activity);
    let table = Table { count: rows.len(), ..table(model, Sheet::Activity, &columns, list, table_area) };
    pen.table(table_area, &table, |number| rows.get(number).map(|told| row(model, told)).unwrap_or_default());
}

fn row(model: &Model, told: &Told) -> Row {
    let style = told.severity.map(|severity| model.theme.severity(severity)).unwrap_or_default();
    let mark = told.severity.map(|severity| Piece::new(severity.letter().to_string(), style)).unwrap_or_default();
    let number = match &told.key {
        Happening::Change(seq) => seq.to_string(),
        _ => String::new(),
    };
    let site = told.site.as_ref().map(|site| site_of(&model.snapshot, Some(site))).unwrap_or_default();
    Row {
        mark,
        cells: vec![
            when(model, told.at).into(),
            number.into(),
            Piece::new(told.kind, model.theme.label()),
            site.into(),
            Piece::new(told.text.clone(), style),
        ],
    }
}

/// What is selected, in full: an entry of the log with its number, its hash and its fields.
pub(super) fn detail(model: &Model) -> (String, Vec<Paragraph>) {
    let Some(told) = model.activity.rows.get(model.lists.activity.at()) else { return (String::new(), Vec::new()) };
    let theme = model.theme;
    let style = told.severity.map(|severity| theme.severity(severity)).unwrap_or_default();
    let line = |label, text: String| Paragraph { label, text: text.into() };
    let mut lines = vec![
        Paragraph { label: "what", text: Piece::new(told.text.clone(), style) },
        line("when", format!("{} ({})", moment(told.at, &model.zone), told.at)),
    ];
    let seq = match &told.key {
        Happening::Change(seq) => *seq,
        Happening::Alert(..) => return (format!("alert of {}", moment(told.at, &model.zone)), lines),
        Happening::Visit(name) => {
            let (title, known) = targets::detail(model, name);
            lines.extend(known);
            return (title, lines);
        }
    };
    let title = format!("row {seq} of the change log");
    let Some((_, entry)) = model.entry.as_ref().filter(|(read, _)| *read == seq) else {
        lines.push(line("row", "is being read".to_owned()));
        return (title, lines);
    };
    let Some(entry) = entry else {
        lines.push(line("row", "it is no longer in the database".to_owned()));
        return (title, lines);
    };
    let change = &entry.logged.change;
    let fields = |body: Option<&String>| body.map(|body| flat(body)).unwrap_or_default();
    let (now, before) = (fields(change.body.as_ref()), fields(entry.logged.before.as_ref()));
    if !before.is_empty() {
        let differs = now.iter().filter(|(name, value)| before.get(*name) != Some(value));
        for (number, (name, value)) in differs.enumerate() {
            let was = before.get(name).map_or("nothing", String::as_str);
            let text = Piece::new(format!("{name}: {value}, was {was}"), theme.title());
            lines.push(Paragraph { label: if number == 0 { "differs" } else { "" }, text });
        }
        let gone = before.iter().filter(|(name, _)| !now.contains_key(*name));
        lines.extend(gone.map(|(name, was)| line("", format!("{name}: nothing, was {was}"))));
    }
    lines.push(line("row", format!("{seq} {} {}", told.kind, change.subject)));
    lines.push(line("hash", entry.logged.hash.clone()));
    lines.push(line("before", entry.logged.previous.clone()));
    match &entry.head {
        Some(head) => lines.push(line("head", format!("{head} (lenswarden audit head)"))),
        None => lines.push(Paragraph { label: "head", text: Piece::new("nothing is signed yet", theme.warn()) }),
    }
    if change.body.is_none() {
        lines.push(Paragraph {
            label: "body",
            text: Piece::new("is pruned; its hash still vouches for it", theme.warn()),
        });
    }
    for (number, (name, value)) in now.iter().take(MOST_FIELDS).enumerate() {
        lines.push(line(if number == 0 { "body" } else { "" }, format!("{name}: {value}")));
    }
    if now.len() > MOST_FIELDS {
        let more = grouped(now.len() - MOST_FIELDS);
        lines.push(Paragraph { label: "", text: Piece::new(format!("and {more} more fields"), Style::new()) });
    }
    (title, lines)
}

/// A body as fields by their way through it; what is empty is left out.
fn flat(body: &str) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    match serde_json::from_str::<Value>(body) {
        Ok(value) => put(&mut fields, String::new(), &value, 0),
        // Of a key the body is its text.
        Err(_) => {
            fields.insert("text".to_owned(), body.chars().take(LONGEST).collect());
        }
    }
    fields
}

fn put(fields: &mut BTreeMap<String, String>, name: String, value: &Value, depth: usize) {
    let below = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        Value::Null => {}
        _ if depth > DEEPEST => {
            fields.insert(name, "…".to_owned());
        }
        Value::Object(parts) => {
            for (part, value) in parts {
                // The numbers of a list's parts stand in their order.
                put(fields, below(part), value, depth + 1);
            }
        }
        Value::Array(parts) => {
            for (number, value) in parts.iter().enumerate() {
                put(fields, below(&format!("{:>02}", number + 1)), value, depth + 1);
            }
        }
        Value::String(text) => {
            if !text.is_empty() {
                fields.insert(
                    if name.is_empty() { "text".to_owned() } else { name },
                    text.chars().take(LONGEST).collect(),
                );
            }
        }
        Value::Bool(_) | Value::Number(_) => {
            fields.insert(name, value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_fields_one_a_line() {
        let fields =
            flat(r#"{"id": 7, "place": {"port": "Gi1/0/4", "gone": null}, "ips": ["10.0.0.1", "10.0.0.2"], "x": ""}"#);
        let told: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(told, ["id=7", "ips.01=10.0.0.1", "ips.02=10.0.0.2", "place.port=Gi1/0/4"]);
        assert_eq!(flat("no json").get("text").map(String::as_str), Some("no json"));
        let deep = format!("{}1{}", "[".repeat(60), "]".repeat(60));
        assert_eq!(flat(&deep).values().collect::<Vec<_>>(), ["…"]);
    }
}
