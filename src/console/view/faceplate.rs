//! A switch's front: its ports in rows, a legend, and what stands on the port under the cursor.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Pen, Piece, columns};
use super::placement::maker;
use super::{grouped, moment, still_read, text_of};
use crate::console::faceplate::{Band, CELL, Pair, Panel, band_of, layout};
use crate::console::model::Model;
use crate::console::theme::Theme;
use crate::net::VlanRange;
use crate::observation::{NeighbourProtocol, Port};
use crate::snapshot::{DeviceRow, Faceplate, Jack, Sign, word};

/// Lines of a row of ports: titles, numbers, the upper ports, the lower ones.
const BAND: u16 = 4;
/// Lines that what stands on a port takes at least.
const BELOW: u16 = 6;

fn style(theme: Theme, sign: Sign) -> Style {
    match sign {
        Sign::RestrictedOnCore | Sign::OnCore | Sign::Restricted => theme.bad(),
        Sign::Suspected => theme.warn(),
        Sign::Unknown => theme.status(crate::policy::Status::Unknown),
        Sign::Camera => theme.good(),
        Sign::Uplink | Sign::Aggregate | Sign::Trunk => theme.label(),
        Sign::Other | Sign::Silent | Sign::Down | Sign::Shut => Style::new(),
    }
}

pub(super) fn draw(model: &Model, panel: &Panel, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    let front = model.faced_front();
    let title = match front.map(|front| front.description.as_str()).filter(|text| !text.is_empty()) {
        Some(description) => format!("{} ── {description}", panel.switch),
        None => panel.switch.to_string(),
    };
    pen.rule(area, area.y, &title);
    let inner = Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 1 };
    let Some(front) = front else {
        let read = model.front.as_ref().is_some_and(|(name, _)| *name == panel.switch);
        let text =
            if read { "nothing is remembered of this switch: did it ever answer?" } else { "it is being read …" };
        pen.put(inner.x, inner.y + 1, inner.width, text, theme.warn());
        return;
    };
    pen.line(inner, inner.y, &summary(model, panel, &front.face));
    let legend = legend(theme, &front.face, inner.width);
    let lines = u16::try_from(legend.len()).unwrap_or(0);
    model.face_width.set(inner.width);
    let bands = layout(&front.face, inner.width);
    let room = usize::from(inner.height.saturating_sub(1 + lines + BELOW) / BAND).max(1);
    let shown = room.min(bands.len());
    model.face_page.set(shown);
    let at = panel.cursor.map_or(0, |port| band_of(&bands, port));
    let offset = model.face_offset.get().min(at).max((at + 1).saturating_sub(shown)).min(bands.len() - shown);
    model.face_offset.set(offset);
    let mut y = inner.y + 1;
    for band in bands.iter().skip(offset).take(shown) {
        self::band(theme, panel, &front.face, band, pen, Rect { y, ..inner });
        y += BAND;
    }
    for line in &legend {
        pen.line(inner, y, line);
        y += 1;
    }
    if bands.len() > shown {
        let text = format!(" rows {} to {} of {} ", offset + 1, offset + shown, bands.len());
        pen.right(area, area.y, area.x, &text, theme.key());
    }
    let below = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    if let Some(jack) = panel.cursor.and_then(|port| front.face.jack(port)) {
        self::jack(model, panel, jack, pen, below);
    }
}

/// How many ports there are, and when they were asked for.
fn summary(model: &Model, panel: &Panel, face: &Faceplate) -> Vec<Piece> {
    let theme = model.theme;
    let mut pieces = vec![Piece::new(format!("{} ports", grouped(face.jacks().count())), theme.title())];
    if face.left_out > 0 {
        let words = if face.left_out == 1 { "interface without a plug is" } else { "interfaces without a plug are" };
        pieces.push(Piece::from(format!(", {} {words} left out", face.left_out)));
    }
    pieces.extend(still_read(model));
    if let Some(target) = model.snapshot.targets.get(&panel.switch) {
        let answered = |at| format!("   answered {}", moment(at, &model.zone));
        let text = target.last_ok.map_or("   never answered".to_owned(), answered);
        pieces.push(Piece::new(text, theme.label()));
    }
    pieces
}

/// What the letters mean, those that are there, and how often.
fn legend(theme: Theme, face: &Faceplate, width: u16) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut used = 0;
    let mut add = |sign: Piece, words: &str| {
        let words = format!(" {words}");
        let wide = columns(&sign.text) + columns(&words);
        if used > 0 && used + 2 + wide > width {
            lines.push(Vec::new());
            used = 0;
        }
        let Some(line) = lines.last_mut() else { return };
        if used > 0 {
            line.push(Piece::from("  "));
            used += 2;
        }
        used += wide;
        line.extend([sign, Piece::new(words, theme.label())]);
    };
    for sign in Sign::ALL {
        let count = face.jacks().filter(|jack| jack.sign == sign).count();
        if count > 0 {
            let letter = if sign == Sign::Down { "[ ]".to_owned() } else { sign.letter().to_string() };
            add(Piece::new(letter, style(theme, sign)), &format!("{} {}", count, sign.words()));
        }
    }
    if face.jacks().any(|jack| jack.standing() > 1) {
        add(Piece::from("+"), "several devices");
    }
    if face.jacks().any(Jack::powers) {
        add(Piece::from("( )"), "gives power");
    }
    lines
}

fn band(theme: Theme, panel: &Panel, face: &Faceplate, band: &Band, pen: &mut Pen<'_>, area: Rect) {
    for chunk in band {
        let x = area.x + chunk.x;
        pen.put(x, area.y, area.right().saturating_sub(x), &chunk.title, theme.label());
        for (number, pair) in chunk.pairs.iter().enumerate() {
            // Three digits leave no gap to the next.
            if pair.number < 100 || number.is_multiple_of(2) {
                let text = format!("{:>2}", pair.number);
                let back = columns(&text).saturating_sub(2);
                pen.put((x + pair.x).saturating_sub(back), area.y + 1, CELL + back, &text, theme.label());
            }
            cells(theme, panel, face, pair, pen, x + pair.x, area.y + 2);
        }
    }
}

fn cells(theme: Theme, panel: &Panel, face: &Faceplate, pair: &Pair, pen: &mut Pen<'_>, x: u16, y: u16) {
    for (row, port) in (y..).zip(pair.ports) {
        let Some(jack) = port.and_then(|port| face.jack(port)) else { continue };
        let (open, close) = if jack.powers() { ('(', ')') } else { ('[', ']') };
        let close = if jack.standing() > 1 { '+' } else { close };
        let here = panel.cursor == port;
        let frame = if here { theme.selected() } else { Style::new() };
        let letter = style(theme, jack.sign);
        pen.put(x, row, 1, &open.to_string(), frame);
        pen.put(x + 1, row, 1, &jack.sign.letter().to_string(), if here { letter.patch(frame) } else { letter });
        pen.put(x + 2, row, 1, &close.to_string(), frame);
    }
}

fn ranges(ranges: &[VlanRange]) -> String {
    let range = |range: &VlanRange| match range.first == range.last {
        true => range.first.to_string(),
        false => format!("{}-{}", range.first, range.last),
    };
    ranges.iter().map(range).collect::<Vec<_>>().join(" ")
}

fn about(port: &Port) -> String {
    let mut words = vec![format!("link {}", word(&port.oper))];
    if port.admin == crate::observation::OperStatus::Down {
        words.push("shut by the administrator".to_owned());
    }
    words.extend(port.speed_mbps.filter(|speed| *speed > 0).map(|speed| format!("{} Mbit/s", grouped(speed as usize))));
    words.extend(port.poe.as_ref().map(|state| format!("PoE {state}")));
    words.extend(port.pvid.map(|vlan| format!("VLAN {vlan}")));
    if !port.tagged.is_empty() {
        words.push(format!("tagged {}", ranges(&port.tagged)));
    }
    words.extend(port.voice.map(|vlan| format!("voice {vlan}")));
    words.extend(port.stp.as_ref().map(|state| format!("spanning tree {state}")));
    words.join(", ")
}

/// What stands on the port under the cursor.
fn jack(model: &Model, panel: &Panel, jack: &Jack, pen: &mut Pen<'_>, area: Rect) {
    let theme = model.theme;
    let port = &jack.port;
    let alias = if port.alias.is_empty() { String::new() } else { format!(" ── \"{}\"", port.alias) };
    pen.rule(area, area.y, &format!("{}{alias}", port.name));
    let inner = Rect { x: area.x + 1, width: area.width - 2, ..area };
    let mut lines: Vec<Piece> = vec![Piece::from(about(port))];
    let mut more: Vec<String> = Vec::new();
    more.extend(jack.heard.iter().take(2).map(|heard| {
        let name = if heard.system_name.is_empty() { &heard.chassis } else { &heard.system_name };
        let by = if heard.protocol == NeighbourProtocol::Lldp { "LLDP" } else { "CDP" };
        format!("hears '{name}' {} by {by}", heard.port)
    }));
    if jack.standing() == 0 && jack.learned > 0 {
        more.push(format!("{} addresses are learned here that stand elsewhere: it leads on", grouped(jack.learned)));
    }
    more.extend(jack.changed.map(|at| format!("last change {}", moment(at, &model.zone))));
    if !more.is_empty() {
        lines.push(Piece::new(more.join("; "), theme.label()));
    }
    if jack.devices.is_empty() && jack.learned == 0 {
        lines.push(Piece::from("nothing was ever learned here"));
    }
    let chosen = panel.device.min(jack.devices.len().saturating_sub(1));
    let room = usize::from(inner.height.saturating_sub(1)).saturating_sub(lines.len()).max(1);
    // The chosen one is always among those that show.
    let from = (chosen + 1).saturating_sub(room);
    let mut y = inner.y + 1;
    for line in &lines {
        pen.put(inner.x, y, inner.width, &line.text, line.style);
        y += 1;
    }
    for (number, row) in jack.devices.iter().enumerate().skip(from).take(room) {
        let several = jack.devices.len() > 1;
        let sign = if several && number == chosen {
            "▸ "
        } else if several {
            "  "
        } else {
            ""
        };
        pen.line(inner, y, &[Piece::from(sign), Piece::new(device(model, row), theme.status(row.status))]);
        y += 1;
    }
    let below = jack.devices.len().saturating_sub(from + room);
    if below > 0 {
        pen.right(area, area.y, area.x, &super::more_lines(below), theme.key());
    }
}

fn device(model: &Model, row: &DeviceRow) -> String {
    let name = text_of(row.name().as_ref());
    let gone = row.place.gone.map(|at| format!(", gone since {}", moment(at, &model.zone))).unwrap_or_default();
    let model_name = if row.model.is_empty() { String::new() } else { format!(", {}", row.model) };
    format!(
        "{name} {} {}, VLAN {} {} since {}{gone}{model_name}",
        maker(Some(row)),
        word(&row.status).replace('-', " "),
        text_of(row.place.vlan.as_ref()),
        row.place.network.as_ref().map_or_else(|| "unclassified".to_owned(), ToString::to_string),
        moment(row.place.since, &model.zone)
    )
}
