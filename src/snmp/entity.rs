//! ENTITY-MIB (RFC 6933) entPhysicalTable.

use super::{Ask, Group, Index, Session, Value, Walked};

const ENTRY: [u32; 11] = [1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1];

/// Most parts whose names and numbers are asked for: a full stack of line cards.
const MOST_PARTS: usize = 240;

/// Chassis, modules and stacks as words: what a register lists. Fans and sensors are not.
#[must_use]
pub fn part(class: &Value) -> Option<&'static str> {
    match class.number()? {
        3 => Some("chassis"),
        9 => Some("module"),
        11 => Some("stack"),
        _ => None,
    }
}

/// Columns by entPhysicalIndex, of the parts that [`part`] names.
#[derive(Debug)]
pub struct Entity {
    /// entPhysicalClass
    pub class: Walked,
    /// entPhysicalName
    pub name: Walked,
    /// entPhysicalModelName
    pub model: Walked,
    /// entPhysicalSerialNum
    pub serial: Walked,
    /// entPhysicalSoftwareRev
    pub software: Walked,
}

/// Reads them.
pub async fn read(ask: &Ask<'_, impl Session>) -> Entity {
    // A chassis has hundreds of sensors and containers, and a few parts with a serial number: only their cells are
    // asked for.
    let class = ask.seldom_where(Group::Entity, &ENTRY, &[5], |_, class| part(class).is_some()).await;
    let indexes: Vec<Index> = class.rows.iter().map(|(index, _)| index.clone()).take(MOST_PARTS).collect();
    let cells = |arc| ask.seldom_cells(Group::Entity, &ENTRY, arc, &indexes);
    let (name, model, serial, software) = tokio::join!(cells(7), cells(13), cells(11), cells(10));
    Entity { class, name, model, serial, software }
}
