//! POWER-ETHERNET-MIB (RFC 3621) pethPsePortTable.

use super::{Ask, Group, Session, Walked};

const ENTRY: [u32; 10] = [1, 3, 6, 1, 2, 1, 105, 1, 1, 1];

/// Columns by group and port.
#[derive(Debug)]
pub struct Poe {
    /// pethPsePortAdminEnable
    pub admin: Walked,
    /// pethPsePortDetectionStatus
    pub detection: Walked,
    /// pethPsePortPowerClassifications
    pub class: Walked,
}

/// Reads them.
pub async fn read(ask: &Ask<'_, impl Session>) -> Poe {
    let detection = ask.column_if_any(&ENTRY, &[6]).await;
    if detection.rows.is_empty() {
        return Poe { admin: Walked::empty_like(&detection), class: Walked::empty_like(&detection), detection };
    }
    let (admin, class) = tokio::join!(ask.seldom(Group::Other, &ENTRY, &[3]), ask.seldom(Group::Other, &ENTRY, &[10]));
    Poe { admin, detection, class }
}
