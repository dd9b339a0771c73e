//! What is where none may be.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Column, Pen, Piece, Row, Table};
use super::{ago, grouped, scope_line, site_of, still_read, text_of};
use crate::console::model::Model;
use crate::inventory::{Certainty, Place};
use crate::net::{EntryId, Timestamp};
use crate::review::FindingState;
use crate::snapshot::{DeviceRow, PlacementKey, word};

const COLUMNS: &[Column] = &[
    Column::new("DEVICE", 17),
    Column::new("MAKER", 9).grow(14),
    Column::new("MODEL", 16).grow(10).from(140),
    Column::new("SITE", 6).keep_sign().grow(12),
    Column::new("SWITCH", 9).keep_end().grow(16),
    Column::new("PORT", 9).keep_end().grow(8),
    Column::new("VLAN", 4).right(),
    Column::new("NETWORK", 8).grow(14),
    Column::new("SINCE", 5).right(),
    Column::new("RULE", 16).grow(4).from(110),
    Column::new("STATE", 12).from(140),
];

/// A device's maker, by the brand on it where that is another.
pub(super) fn maker(row: Option<&DeviceRow>) -> String {
    let Some(row) = row else { return "?".to_owned() };
    match (&row.brand, row.maker_name.as_str()) {
        (Some(brand), "") => format!("? as {brand}"),
        (Some(brand), maker) => format!("{maker} as {brand}"),
        (None, "") => "unknown".to_owned(),
        (None, maker) => maker.to_owned(),
    }
}

/// A port; `~` where the device is somewhere behind it, with others or beyond.
pub(super) fn port(place: &Place) -> String {
    let sign = match place.certainty {
        Certainty::Direct => "",
        Certainty::Shared | Certainty::Beyond => "~",
        Certainty::Unknown => return text_of(place.port.as_ref()),
    };
    format!("{sign}{}", text_of(place.port.as_ref()))
}

/// Cells that a place fills: site, switch, port, VLAN, network.
fn place_cells(model: &Model, place: &Place) -> [Piece; 5] {
    [
        site_of(&model.snapshot, place.site.as_ref()).into(),
        text_of(place.switch.as_ref()).into(),
        port(place).into(),
        text_of(place.vlan.as_ref()).into(),
        text_of(place.network.as_ref()).into(),
    ]
}

/// What people call whom a row is about.
pub(super) fn name(device: Option<&DeviceRow>, entry: Option<&EntryId>) -> String {
    let mac = device.and_then(|row| row.mac).map(|mac| mac.to_string());
    let address = device.and_then(|row| row.ips.first()).map(ToString::to_string);
    mac.or(address).or(entry.map(|entry| entry.key.to_string())).unwrap_or_else(|| "?".to_owned())
}

fn cells(
    model: &Model,
    (device, entry): (Option<&DeviceRow>, Option<&EntryId>),
    place: &Place,
    since: Timestamp,
    rule: Piece,
    state: String,
) -> Vec<Piece> {
    let [site, switch, port, vlan, network] = place_cells(model, place);
    vec![
        name(device, entry).into(),
        maker(device).into(),
        device.map(|row| row.model.to_string()).unwrap_or_default().into(),
        site,
        switch,
        port,
        vlan,
        network,
        ago(model, since).into(),
        rule,
        state.into(),
    ]
}

/// A row for a finding; the same in Placement and in Reviews.
pub(super) fn finding_row(model: &Model, id: crate::net::FindingId) -> Row {
    let theme = model.theme;
    let Some(finding) = model.snapshot.findings.get(&id) else { return Row::default() };
    let device = model.snapshot.device_of(finding);
    let marked = if model.marks.contains(&id) { "*" } else { " " };
    let style = if finding.state == FindingState::Open { theme.severity(finding.severity) } else { Style::new() };
    let mark = Piece::new(format!("{marked}{}", finding.severity.letter()), style);
    let rule = Piece::from(finding.rule.to_string());
    let state = match model.overdue.contains(&id) {
        true => "OVERDUE".to_owned(),
        false if finding.state == FindingState::Open && finding.reopened() => "open again".to_owned(),
        false => finding.standing(),
    };
    Row { mark, cells: cells(model, (device, finding.subject.entry()), &finding.place, finding.since, rule, state) }
}

pub(super) fn draw(model: &Model, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    let placement = &model.placement;
    let count = |number: usize, words: &str, style: Style| {
        Piece::new(format!("{} {words}   ", grouped(number)), if number > 0 { style } else { Style::new() })
    };
    let unclassified = match still_read(model) {
        Some(reading) => reading,
        None => count(placement.unclassified, "on unclassified networks", theme.warn()),
    };
    let mut pieces = vec![count(placement.on_core, "on core networks", theme.bad()), unclassified];
    if placement.other > 0 {
        pieces.push(count(placement.other, "other breaches", theme.bad()));
    }
    if placement.decided > 0 {
        pieces.push(count(placement.decided, "decided", Style::new()));
    }
    scope_line(model, pen, area, &pieces);
    let list = &model.lists.placement;
    if list.order().is_empty() {
        let empty = if model.words.placement.text.is_empty() {
            "nothing stands where none may be, as far as the switches that answered tell"
        } else {
            "nothing passes the filter (Esc clears it)"
        };
        pen.put(area.x + 1, area.y + 2, area.width - 1, empty, theme.warn());
        return;
    }
    let table_area = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let table = Table::of(COLUMNS, list, table_area, 4);
    pen.table(table_area, &table, |number| match list.order().get(number) {
        Some(PlacementKey::Finding(id)) => finding_row(model, *id),
        Some(PlacementKey::Device(id)) => {
            let Some(device) = model.device(*id) else { return Row::default() };
            let none = Piece::new("none can be asked", theme.label());
            let cells =
                cells(model, (Some(&device), None), &device.place, device.place.since, none, word(&device.status));
            Row { mark: Piece::new(" ?", theme.warn()), cells }
        }
        None => Row::default(),
    });
    pen.fade(table_area, list, 0);
}
