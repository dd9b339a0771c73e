//! Every device.

use ratatui::layout::Rect;

use super::columns::{sorted_by, table};
use super::pen::{Pen, Piece, Row};
use super::placement::{address, maker, name, port};
use super::{ago, grouped, moment, nothing, scope_line, site_of, status_word, still_read, text_of};
use crate::console::columns::Sheet;
use crate::console::model::Model;
use crate::net::DeviceId;
use crate::snapshot::{Group, word};

pub(super) fn draw(model: &Model, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    let list = &model.lists.devices;
    let order = list.order();
    let mut pieces = vec![Piece::new(format!("{} devices", grouped(order.len() - list.going())), theme.title())];
    if let Some(part) = &model.devices_of {
        let key = &part.row;
        let site = match &part.at {
            None => String::new(),
            Some(None) => " at no known site".to_owned(),
            Some(Some(site)) => format!(" at {site}"),
        };
        let group = match &key.group {
            Group::Maker(id) => id.to_string(),
            Group::UnknownMaker => "unknown maker".to_owned(),
            Group::NotIdentified => "not identified".to_owned(),
        };
        let brand = key.brand.as_ref().map(|brand| format!(" as {brand}")).unwrap_or_default();
        pieces.push(Piece::new(format!(" of: {group}{brand}{site} (Esc goes back)"), theme.warn()));
    } else {
        pieces.push(format!(" of {}", grouped(model.devices.read().len())).into());
        if model.words.devices.text.is_empty() {
            pieces.push(Piece::new(", without what is no camera (/all)", theme.label()));
        }
    }
    pieces.extend(still_read(model));
    pieces.push(sorted_by(model, area.width));
    scope_line(model, pen, area, &pieces);
    if order.is_empty() {
        let below = Rect { y: area.y + 2, ..area };
        if model.loading.is_some() {
            pen.put(below.x + 1, below.y, below.width - 1, "devices are being read", theme.warn());
            return;
        }
        return nothing(model, pen, below, "no device was seen yet: do the switches answer (6 Coverage)?");
    }
    let table_area = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let columns = model.columns(Sheet::Devices);
    let table = table(model, Sheet::Devices, &columns, list, table_area);
    pen.table(table_area, &table, |number| order.get(number).map(|id| row(model, *id)).unwrap_or_default());
    pen.fade(table_area, list, 0);
}

fn row(model: &Model, id: DeviceId) -> Row {
    let Some(row) = model.device(id) else { return Row::default() };
    let place = &row.place;
    let seen =
        if place.gone.is_some() { Piece::new("gone", model.theme.warn()) } else { ago(model, row.last_seen).into() };
    Row {
        mark: Piece::default(),
        cells: vec![
            Piece::new(status_word(row.status), model.theme.status(row.status)),
            name(Some(&row), None).into(),
            address(Some(&row)).into(),
            word(&row.class).into(),
            word(&row.surveillance).into(),
            maker(Some(&row)).into(),
            row.brand.clone().unwrap_or_default().into(),
            word(&row.verdict).into(),
            row.model.to_string().into(),
            row.firmware.to_string().into(),
            row.serial.to_string().into(),
            row.hostname.as_ref().map(ToString::to_string).unwrap_or_default().into(),
            site_of(&model.snapshot, place.site.as_ref()).into(),
            text_of(place.switch.as_ref()).into(),
            port(place).into(),
            text_of(place.vlan.as_ref()).into(),
            text_of(place.network.as_ref()).into(),
            place.network_kind.as_ref().map_or_else(|| "?".to_owned(), word).into(),
            word(&place.certainty).into(),
            ago(model, place.since).into(),
            ago(model, row.first_seen).into(),
            seen,
            row.id.to_string().into(),
        ],
    }
}

/// First and last seen, for the detail.
pub(super) fn times(model: &Model, id: DeviceId) -> String {
    let Some(row) = model.device(id) else { return String::new() };
    let zone = &model.zone;
    format!("first {}, last {}", moment(row.first_seen, zone), moment(row.last_seen, zone))
}
