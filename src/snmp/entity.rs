//! ENTITY-MIB (RFC 6933) entPhysicalTable.

use super::{Ask, Group, Session, Walked};

const ENTRY: [u32; 11] = [1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1];

/// Columns by entPhysicalIndex.
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
    let column = |arcs| ask.seldom(Group::Entity, &ENTRY, arcs);
    let class = column(&[5]).await;
    if class.rows.is_empty() {
        let nothing = || Walked::empty_like(&class);
        return Entity { name: nothing(), model: nothing(), serial: nothing(), software: nothing(), class };
    }
    let (name, model, serial, software) = tokio::join!(column(&[7]), column(&[13]), column(&[11]), column(&[10]));
    Entity { class, name, model, serial, software }
}
