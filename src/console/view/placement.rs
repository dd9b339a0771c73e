//! What is where none may be.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::columns::{sorted_by, table};
use super::pen::{Pen, Piece, Row};
use super::{ago, grouped, nothing, scope_line, site_of, status_word, still_read, text_of};
use crate::console::columns::Sheet;
use crate::console::model::Model;
use crate::inventory::{Certainty, Place};
use crate::net::{EntryId, FindingId, Timestamp};
use crate::review::FindingState;
use crate::snapshot::{DeviceRow, PlacementKey, word};

/// A device's maker, by the brand on it where that is another.
pub(super) fn maker(row: Option<&DeviceRow>) -> String {
    let Some(row) = row else { return "?".to_owned() };
    Some(row.maker_in_list()).filter(|maker| !maker.is_empty()).unwrap_or_else(|| "unknown".to_owned())
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

/// What people call whom a row is about.
pub(super) fn name(device: Option<&DeviceRow>, entry: Option<&EntryId>) -> String {
    let mac = device.and_then(|row| row.mac).map(|mac| mac.to_string());
    let address = device.and_then(|row| row.ips.first()).map(ToString::to_string);
    mac.or(address).or(entry.map(|entry| entry.key.to_string())).unwrap_or_else(|| "?".to_owned())
}

/// What of a row is its finding's; of a device that no finding is about only some of it.
#[derive(Default)]
struct OfFinding {
    policy: String,
    rule: Piece,
    severity: Piece,
    state: String,
    due: Piece,
    assignee: String,
    tags: String,
    id: String,
}

/// The cells of a row, in the order of the columns of Placement and Reviews.
fn cells(
    model: &Model,
    (device, entry): (Option<&DeviceRow>, Option<&EntryId>),
    place: &Place,
    since: Timestamp,
    finding: OfFinding,
) -> Vec<Piece> {
    let text = |of: fn(&DeviceRow) -> String| device.map(of).unwrap_or_default();
    vec![
        name(device, entry).into(),
        address(device).into(),
        maker(device).into(),
        text(|row| row.model.to_string()).into(),
        text(|row| row.firmware.to_string()).into(),
        text(|row| row.serial.to_string()).into(),
        site_of(&model.snapshot, place.site.as_ref()).into(),
        text_of(place.switch.as_ref()).into(),
        port(place).into(),
        text_of(place.vlan.as_ref()).into(),
        text_of(place.network.as_ref()).into(),
        word(&place.certainty).into(),
        ago(model, since).into(),
        finding.policy.into(),
        finding.rule,
        finding.severity,
        finding.state.into(),
        finding.due,
        finding.assignee.into(),
        finding.tags.into(),
        finding.id.into(),
    ]
}

/// The first IP address of a device.
pub(super) fn address(device: Option<&DeviceRow>) -> String {
    device.and_then(|row| row.ips.first()).map(ToString::to_string).unwrap_or_default()
}

/// A row for a finding; the same in Placement and in Reviews.
pub(super) fn finding_row(model: &Model, id: FindingId) -> Row {
    let theme = model.theme;
    let Some(finding) = model.snapshot.findings.get(&id) else { return Row::default() };
    let device = model.snapshot.device_of(finding);
    let marked = if model.marks.contains(&id) { "*" } else { " " };
    let style = if finding.state == FindingState::Open { theme.severity(finding.severity) } else { Style::new() };
    let mark = Piece::new(format!("{marked}{}", finding.severity.letter()), style);
    let late = if model.overdue.contains(&id) { theme.bad() } else { Style::new() };
    let handling = &finding.handling;
    let of_finding = OfFinding {
        policy: finding.policy.to_string(),
        rule: finding.rule.to_string().into(),
        severity: Piece::new(word(&finding.severity), style),
        state: finding.standing_in_list(&model.overdue),
        due: Piece::new(model.dues.get(&id).map(ToString::to_string).unwrap_or_default(), late),
        assignee: handling.assignee.clone().unwrap_or_default(),
        tags: handling.tags.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
        id: id.to_string(),
    };
    Row { mark, cells: cells(model, (device, finding.subject.entry()), &finding.place, finding.since, of_finding) }
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
    pieces.push(sorted_by(model, area.width));
    scope_line(model, pen, area, &pieces);
    let list = &model.lists.placement;
    if list.order().is_empty() {
        let told = "nothing stands where none may be, as far as the switches that answered tell";
        return nothing(model, pen, Rect { y: area.y + 2, ..area }, told);
    }
    let table_area = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let columns = model.columns(Sheet::Placement);
    let table = table(model, Sheet::Placement, &columns, list, table_area);
    pen.table(table_area, &table, |number| match list.order().get(number) {
        Some(PlacementKey::Finding(id)) => finding_row(model, *id),
        Some(PlacementKey::Device(id)) => {
            let Some(device) = model.device(*id) else { return Row::default() };
            let rule = Piece::new("none can be asked", theme.label());
            let none = OfFinding { rule, state: status_word(device.status).to_owned(), ..OfFinding::default() };
            let cells = cells(model, (Some(&device), None), &device.place, device.place.since, none);
            Row { mark: Piece::new(" ?", theme.warn()), cells }
        }
        None => Row::default(),
    });
    pen.fade(table_area, list, 0);
}
