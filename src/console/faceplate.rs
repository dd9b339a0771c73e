//! A switch's front on the screen: where each port is drawn, and how the cursor goes from one to another.

use serde::Serialize;

use super::model::{Mode, Model, View};
use crate::net::{DeviceId, TargetName};
use crate::snapshot::{DeviceRow, Faceplate, Unit};

/// Columns of the screen that a port takes.
pub const CELL: u16 = 3;
/// Ports above each other that stand together before a gap.
const TOGETHER: usize = 6;
/// Columns between two units beside each other.
const BETWEEN: u16 = 2;

/// A switch's front as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Front {
    /// What the switch calls itself.
    pub description: String,
    /// Its ports.
    pub face: Faceplate,
}

/// What is looked at on a switch's front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panel {
    /// The switch.
    pub switch: TargetName,
    /// The ifIndex of the port under the cursor; `None` until the switch was read.
    pub cursor: Option<u32>,
    /// Which of its devices is chosen.
    pub device: usize,
}

/// How the cursor goes over the ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Over {
    Left,
    Right,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
}

/// Two ports above each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Where they stand, from the left edge.
    pub x: u16,
    /// The number of the upper one.
    pub number: u32,
    /// Their ifIndexes; `None`: there is no such port.
    pub ports: [Option<u32>; 2],
}

/// Ports of a unit as far as they fit beside each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// What stands above them.
    pub title: String,
    /// Where they begin.
    pub x: u16,
    /// The ports.
    pub pairs: Vec<Pair>,
}

/// What stands in one row of the screen: a line of titles, one of numbers, two of ports.
pub type Band = Vec<Chunk>;

fn columns(title: &str) -> u16 {
    u16::try_from(unicode_width::UnicodeWidthStr::width(title)).unwrap_or(u16::MAX)
}

/// Where the pair of that place stands within its chunk.
fn offset(at: usize) -> u16 {
    u16::try_from(at * usize::from(CELL) + at / TOGETHER).unwrap_or(u16::MAX)
}

fn chunks(unit: &Unit, width: u16) -> Vec<Chunk> {
    let lowest = unit.jacks.first().map_or(0, |jack| jack.number);
    // Ports are counted from one, or from nought: the odd ones stand above, or the even ones.
    let first = if lowest == 0 { 0 } else { lowest - u32::from(lowest.is_multiple_of(2)) };
    let mut pairs: Vec<Pair> = Vec::new();
    for jack in &unit.jacks {
        let from_first = jack.number.saturating_sub(first);
        let (at, row) = ((from_first / 2) as usize, (from_first % 2) as usize);
        while pairs.len() <= at {
            let number = first + 2 * u32::try_from(pairs.len()).unwrap_or(0);
            pairs.push(Pair { x: 0, number, ports: [None; 2] });
        }
        if let Some(place) = pairs.get_mut(at).and_then(|pair| pair.ports.get_mut(row)) {
            *place = Some(jack.port.if_index);
        }
    }
    let mut most = 1;
    while offset(most) + CELL <= width {
        most += 1;
    }
    // A row that goes on in the next one ends where a gap would be.
    if pairs.len() > most && most > TOGETHER {
        most -= most % TOGETHER;
    }
    let split = pairs.len() > most;
    pairs
        .chunks(most)
        .map(|part| {
            let mut pairs = part.to_vec();
            for (at, pair) in pairs.iter_mut().enumerate() {
                pair.x = offset(at);
            }
            let (from, to) =
                (part.first().map_or(0, |pair| pair.number), part.last().map_or(0, |pair| pair.number + 1));
            let title = if split { format!("{} ({from}-{to})", unit.title) } else { unit.title.clone() };
            Chunk { title, x: 0, pairs }
        })
        .collect()
}

/// Where everything stands on a screen of that width.
#[must_use]
pub fn layout(face: &Faceplate, width: u16) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    let mut end = 0;
    for mut chunk in face.units.iter().flat_map(|unit| chunks(unit, width)) {
        let wide = chunk.pairs.last().map_or(0, |pair| pair.x + CELL).max(columns(&chunk.title).min(width));
        match bands.last_mut() {
            Some(band) if end + BETWEEN + wide <= width => {
                chunk.x = end + BETWEEN;
                band.push(chunk);
                end += BETWEEN + wide;
            }
            _ => {
                bands.push(vec![chunk]);
                end = wide;
            }
        }
    }
    bands
}

/// A port's place: its line (two for each band), its column.
fn spots(bands: &[Band]) -> Vec<(usize, u16, u32)> {
    let mut spots = Vec::new();
    for (number, band) in bands.iter().enumerate() {
        for row in 0..2 {
            for (chunk, pair) in band.iter().flat_map(|chunk| chunk.pairs.iter().map(move |pair| (chunk, pair))) {
                let port = pair.ports.get(row).copied().flatten();
                spots.extend(port.map(|port| (number * 2 + row, chunk.x + pair.x, port)));
            }
        }
    }
    spots
}

/// The band a port stands in.
#[must_use]
pub fn band_of(bands: &[Band], port: u32) -> usize {
    spots(bands).iter().find(|(_, _, other)| *other == port).map_or(0, |(line, ..)| line / 2)
}

impl Panel {
    /// Nothing of the switch is read yet.
    #[must_use]
    pub fn new(switch: TargetName, cursor: Option<u32>) -> Self {
        Self { switch, cursor, device: 0 }
    }

    /// Moves the cursor; `page`: how many bands a page has.
    pub fn go(&mut self, over: Over, face: &Faceplate, width: u16, page: usize) {
        let spots = spots(&layout(face, width));
        let here = spots.iter().find(|(_, _, port)| Some(*port) == self.cursor).copied();
        let Some((line, x, _)) = here else {
            self.cursor = spots.first().map(|(_, _, port)| *port);
            return;
        };
        let lines = spots.last().map_or(0, |(line, ..)| line + 1);
        let nearest = |wanted: usize| {
            let on_it = spots.iter().filter(move |(other, ..)| *other == wanted);
            on_it.min_by_key(|(_, other, _)| other.abs_diff(x)).map(|(_, _, port)| *port)
        };
        let above = || (0..line).rev().find_map(nearest);
        let below = || (line + 1..lines).find_map(nearest);
        let by_page = 2 * page.max(1);
        let at = spots.iter().position(|(_, _, port)| Some(*port) == self.cursor).unwrap_or(0);
        let to = match over {
            Over::Left => at.checked_sub(1).and_then(|at| spots.get(at)).map(|(_, _, port)| *port),
            Over::Right => spots.get(at + 1).map(|(_, _, port)| *port),
            Over::Up => above(),
            Over::Down => below(),
            Over::PageUp => nearest(line.saturating_sub(by_page)).or_else(above),
            Over::PageDown => nearest((line + by_page).min(lines.saturating_sub(1))).or_else(below),
            Over::First => spots.first().map(|(_, _, port)| *port),
            Over::Last => spots.last().map(|(_, _, port)| *port),
        };
        if let Some(port) = to {
            (self.cursor, self.device) = (Some(port), 0);
        }
    }

    /// The switch was read: the cursor stands on a port that it has, the first where something stands.
    pub fn settle(&mut self, face: &Faceplate) {
        if self.cursor.is_some_and(|port| face.jack(port).is_some()) {
            return;
        }
        let first = face.jacks().find(|jack| jack.standing() > 0).or_else(|| face.jacks().next());
        (self.cursor, self.device) = (first.map(|jack| jack.port.if_index), 0);
    }
}

impl Model {
    /// The switch and the port that the selected row stands on.
    pub(super) fn selected_switch(&self) -> Option<(TargetName, Option<u32>)> {
        if self.view == View::Targets {
            let name = self.lists.targets.selected()?;
            return self.snapshot.targets.get(name).filter(|target| target.switch).map(|_| (name.clone(), None));
        }
        let place = self.device(self.selected_device()?)?.place;
        Some((place.switch?, place.if_index))
    }

    /// The switch whose front is looked at.
    pub(super) fn faced_switch(&self) -> Option<&TargetName> {
        match self.mode.shown() {
            Mode::Faceplate(panel) | Mode::Pinned { panel, .. } => Some(&panel.switch),
            _ => None,
        }
    }

    /// A switch was read.
    pub(super) fn faced(&mut self, name: TargetName, front: Option<Box<Front>>) {
        if let (Mode::Faceplate(panel), Some(front)) = (&mut self.mode, &front)
            && panel.switch == name
        {
            panel.settle(&front.face);
        }
        self.front = Some((name, front));
    }

    /// What was read of the switch that is looked at.
    pub(super) fn faced_front(&self) -> Option<&Front> {
        let (name, front) = self.front.as_ref()?;
        front.as_deref().filter(|_| self.faced_switch() == Some(name))
    }

    /// Moves the cursor over the ports.
    pub(super) fn go_over(&mut self, over: Over) {
        if let (Mode::Faceplate(panel), Some((name, Some(front)))) = (&mut self.mode, &self.front)
            && panel.switch == *name
        {
            panel.go(over, &front.face, self.face_width.get(), self.face_page.get());
        }
    }

    /// Devices on the port under the cursor, those that stood there too.
    fn devices_on_port(&self) -> Option<(usize, &[DeviceRow])> {
        let Mode::Faceplate(panel) = &self.mode else { return None };
        let jack = self.faced_front()?.face.jack(panel.cursor?)?;
        Some((panel.device.min(jack.devices.len().saturating_sub(1)), &jack.devices))
    }

    /// The chosen device on the port under the cursor.
    pub(super) fn device_on_port(&self) -> Option<DeviceId> {
        let (at, devices) = self.devices_on_port()?;
        devices.get(at).map(|row| row.id)
    }

    /// Chooses the next device on the port under the cursor.
    pub(super) fn next_on_port(&mut self) {
        let next = self.devices_on_port().map(|(at, devices)| (at + 1) % devices.len().max(1));
        if let (Mode::Faceplate(panel), Some(next)) = (&mut self.mode, next) {
            panel.device = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::inventory::SwitchRecord;
    use crate::observation::Port;

    fn face(names: &[(&str, std::ops::RangeInclusive<u32>)]) -> Faceplate {
        let names = names.iter().flat_map(|(prefix, numbers)| numbers.clone().map(move |it| format!("{prefix}{it}")));
        let ports = (1..).zip(names).map(|(number, name)| Port { name: name.into(), ..Port::new(number) }).collect();
        let record = SwitchRecord {
            name: "sw".into(),
            site: "hq".into(),
            system: None,
            ports,
            neighbours: Vec::new(),
            own_macs: Vec::new(),
            address: None,
            bridge: true,
        };
        Faceplate::new(&record, &BTreeMap::new(), [])
    }

    #[test]
    fn forty_eight_ports_fit_beside_each_other_at_80_columns_and_a_chassis_takes_bands() {
        let bands = layout(&face(&[("Gi1/0/", 1..=48), ("Te1/1/", 1..=4)]), 78);
        assert_eq!(bands.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1]);
        let pairs = &bands[0][0].pairs;
        assert_eq!((pairs.len(), pairs[0].ports, pairs[23].ports), (24, [Some(1), Some(2)], [Some(47), Some(48)]));
        assert!(pairs[23].x + CELL <= 78, "{:?}", pairs[23]);
        let small = layout(&face(&[("gi", 1..=24), ("te", 1..=4)]), 78);
        assert_eq!(small.iter().map(Vec::len).collect::<Vec<_>>(), [2], "what fits stands beside it");
        let wide = layout(&face(&[("Ethernet1/", 1..=96)]), 78);
        let titles: Vec<&str> = wide.iter().flatten().map(|chunk| chunk.title.as_str()).collect();
        assert_eq!(titles, ["Ethernet1/1-96 (1-48)", "Ethernet1/1-96 (49-96)"]);
    }

    #[test]
    fn every_port_of_every_switch_stands_inside_and_nowhere_twice() {
        for names in [
            vec![("ge-0/0/", 0..=47), ("xe-0/1/", 0..=3)],
            vec![("", 1..=52)],
            vec![("x", 7..=7)],
            vec![("Gi1/0/", 1..=48), ("Gi2/0/", 1..=48), ("Gi3/0/", 1..=24)],
            (0..8).map(|_| ("Ethernet1/", 1..=1)).collect(),
        ] {
            let face = face(&names);
            for width in [20, 78, 118, 198] {
                let spots = spots(&layout(&face, width));
                let mut ports: Vec<u32> = spots.iter().map(|(_, _, port)| *port).collect();
                ports.sort_unstable();
                ports.dedup();
                assert_eq!(ports.len(), face.jacks().count(), "{names:?} at {width}");
                assert!(spots.iter().all(|(_, x, _)| x + CELL <= width), "{names:?} at {width}");
            }
        }
    }

    #[test]
    fn the_cursor_goes_over_the_ports_and_stays_on_them() {
        let face = face(&[("Gi1/0/", 1..=48), ("Te1/1/", 1..=4)]);
        let mut panel = Panel::new("sw".into(), None);
        panel.settle(&face);
        for (over, expected) in [
            (Over::Left, 1),
            (Over::Right, 3),
            (Over::Down, 4),
            (Over::Right, 6),
            (Over::Down, 51),
            (Over::Down, 52),
            (Over::Down, 52),
            (Over::Up, 51),
            (Over::Up, 4),
            (Over::PageDown, 52),
            (Over::PageUp, 4),
            (Over::Last, 52),
            (Over::First, 1),
        ] {
            panel.go(over, &face, 78, 1);
            assert_eq!(panel.cursor, Some(expected), "{over:?}");
        }
    }
}
