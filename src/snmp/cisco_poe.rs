//! CISCO-POWER-ETHERNET-EXT-MIB cpeExtPsePortTable.

use super::{Ask, Group, Session, Walked};

const ENTRY: [u32; 12] = [1, 3, 6, 1, 4, 1, 9, 9, 402, 1, 2, 1];

/// Columns by group and port, as in pethPsePortTable.
#[derive(Debug)]
pub struct CiscoPoe {
    /// cpeExtPsePortEntPhyIndex: the part in entPhysicalTable that is this port.
    pub part: Walked,
}

/// Reads them.
pub async fn read(ask: &Ask<'_, impl Session>) -> CiscoPoe {
    let part = ask.seldom(Group::Other, &ENTRY, &[11]).await;
    CiscoPoe { part }
}
