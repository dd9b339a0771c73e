//! IEEE8023-LAG-MIB (IEEE 802.1AX), and what Cisco had before it.

use super::{Ask, Session, Walked};

const PORT_ENTRY: [u32; 10] = [1, 2, 840, 10006, 300, 43, 1, 2, 1, 1];
/// CISCO-PAGP-MIB pagpEtherChannelEntry
const PAGP_ENTRY: [u32; 12] = [1, 3, 6, 1, 4, 1, 9, 9, 98, 1, 1, 1];

/// Which aggregate each port is in, by ifIndex.
#[derive(Debug)]
pub struct Lag {
    /// dot3adAggPortSelectedAggID: what it has chosen.
    pub selected: Walked,
    /// dot3adAggPortAttachedAggID: what it is attached to.
    pub attached: Walked,
    /// pagpGroupIfIndex: the EtherChannel it is in, by PAgP or by hand. A port that is in none names itself or 0.
    pub pagp: Walked,
}

/// Reads them; PAgP's where the agent may be a Cisco.
pub async fn read(ask: &Ask<'_, impl Session>, cisco: bool) -> Lag {
    let selected = ask.column_if_any(&PORT_ENTRY, &[12]).await;
    let attached =
        if selected.rows.is_empty() { Walked::empty_like(&selected) } else { ask.column(&PORT_ENTRY, &[13]).await };
    let pagp = if cisco { ask.column_if_any(&PAGP_ENTRY, &[1, 8]).await } else { Walked::not_needed() };
    Lag { selected, attached, pagp }
}
