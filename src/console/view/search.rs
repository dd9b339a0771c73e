//! Something looked up, over the lists.

use std::cell::Cell;

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::overlay::window;
use super::pen::{Pen, Piece, Row, Table, columns, wrap};
use super::placement::{maker, port};
use super::{grouped, site_of, still_read, text_of};
use crate::console::columns::Column;
use crate::console::model::Model;
use crate::console::search::Search;
use crate::net::DeviceId;
use crate::snapshot::{Group, Hit, Sought, word};

/// What stands before what is typed.
const PROMPT: &str = "search: ";

const COLUMNS: &[Column] = &[
    Column::new("", 7),
    Column::new("NAME", 17).grow(20),
    Column::new("WHAT", 22).grow(24),
    Column::new("WHERE", 25).grow(30),
];

/// What may be typed, told while nothing is.
const HELP: &str = "A MAC address in any notation or a part of it, an IP address, a host name, a port, a serial number, a \
                    site, a switch, a maker, a model, the number of a finding, the name of a review. Several words \
                    must all hold: hq-acc-03 gi1/0/14";

pub(super) fn draw(model: &Model, search: &Search, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    let inner = window(pen, area, "search");
    let text = search.input.text();
    pen.line(Rect { height: 1, ..inner }, inner.y, &[Piece::new(PROMPT, theme.key()), text.into()]);
    if text.trim().is_empty() {
        for (y, line) in (inner.y + 2..inner.bottom()).zip(wrap(HELP, inner.width)) {
            pen.put(inner.x, y, inner.width, &line, theme.label());
        }
        return;
    }
    let mut told: Vec<Piece> = still_read(model).into_iter().collect();
    if search.hits.is_empty() && !search.waits {
        told.push(Piece::new("nothing holds all of these words", theme.warn()));
    } else if search.devices > 1 {
        told.push(Piece::new(format!("{} devices", grouped(search.devices)), theme.label()));
    }
    pen.line(inner, inner.y + 1, &told);
    let rows = Rect { x: area.x, width: area.width, y: inner.y + 2, height: inner.height.saturating_sub(2) };
    if search.hits.is_empty() {
        return;
    }
    let sought = Sought::new(text);
    let offset = Cell::new(0);
    let plain = Table::plain(COLUMNS, &offset, rows.width, 2);
    let table = Table { count: search.hits.len(), selected: Some(search.at), ..plain };
    pen.table(rows, &table, |number| {
        let Some(hit) = search.hits.get(number) else { return Row::default() };
        let before = number.checked_sub(1).and_then(|before| search.hits.get(before));
        let kind = if before.is_some_and(|before| before.kind() == hit.kind()) { "" } else { hit.kind() };
        let [name, what, place] = cells(model, &sought, hit);
        Row { mark: Piece::default(), cells: vec![Piece::new(kind, theme.label()), name, what, place] }
    });
}

/// What a thing is called, what it is and where.
fn cells(model: &Model, sought: &Sought, hit: &Hit) -> [Piece; 3] {
    let snapshot = &model.snapshot;
    match hit {
        Hit::Device(id) => device(model, sought, *id),
        Hit::Site(id) => {
            let name = snapshot.sites.get(id).map(|site| site.name.clone()).unwrap_or_default();
            [site_of(snapshot, Some(id)).into(), name.into(), Piece::default()]
        }
        Hit::Target(name) => match snapshot.targets.get(name) {
            Some(target) => {
                let kind = if target.switch { "switch" } else { "camera" };
                let what = format!("{kind}, {}", target.state);
                [name.to_string().into(), what.into(), format!("{} {}", target.site, target.address).into()]
            }
            None => [name.to_string().into(), Piece::default(), Piece::default()],
        },
        Hit::Maker(key) => {
            let Group::Maker(id) = &key.group else { return Default::default() };
            match &key.brand {
                Some(brand) => [brand.clone().into(), format!("brand of {id}").into(), Piece::default()],
                None => [id.to_string().into(), Piece::default(), Piece::default()],
            }
        }
        Hit::Finding(id) => match snapshot.findings.get(id) {
            Some(finding) => {
                let what = format!("{} {}, {}", finding.severity.letter(), finding.rule, finding.standing());
                let device = snapshot.device_of(finding);
                let name = super::placement::name(device, finding.subject.entry());
                let site = site_of(snapshot, finding.place.site.as_ref());
                let style = model.theme.severity(finding.severity);
                [id.to_string().into(), Piece::new(what, style), format!("{name} {site}").into()]
            }
            None => [id.to_string().into(), Piece::default(), Piece::default()],
        },
        Hit::Cycle(id) => match snapshot.cycles.get(id) {
            Some(cycle) => {
                let progress = snapshot.progress(cycle);
                let what = format!("{} of {} wait", grouped(progress.waiting), grouped(progress.all));
                [cycle.name.clone().into(), what.into(), cycle.owner.clone().into()]
            }
            None => [id.to_string().into(), Piece::default(), Piece::default()],
        },
    }
}

fn device(model: &Model, sought: &Sought, id: DeviceId) -> [Piece; 3] {
    let Some(row) = model.device(id) else { return [format!("{id}").into(), Piece::default(), Piece::default()] };
    let name = row.name().unwrap_or_else(|| id.to_string());
    let what = sought.unseen_of(&row).unwrap_or_else(|| match row.maker_name.as_str() {
        "" => word(&row.status).replace('-', " "),
        _ => format!("{} {}", maker(Some(&row)), row.model),
    });
    let place = &row.place;
    let mut parts = vec![site_of(&model.snapshot, place.site.as_ref())];
    if place.switch.is_some() {
        parts.push(format!("{} {}", text_of(place.switch.as_ref()), port(place)));
    }
    parts.extend(row.ips.first().filter(|_| row.mac.is_some()).map(ToString::to_string));
    let style = if place.gone.is_some() { model.theme.warn() } else { Style::new() };
    [name.into(), Piece::new(what, model.theme.status(row.status)), Piece::new(parts.join("  "), style)]
}

/// Where the cursor stands.
pub(super) fn cursor(search: &Search, body: Rect) -> Position {
    let x = body.x + 2 + columns(PROMPT) + columns(search.input.before());
    Position { x: x.min(body.right().saturating_sub(1)), y: body.y + 1 }
}
