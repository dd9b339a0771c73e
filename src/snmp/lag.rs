//! IEEE8023-LAG-MIB (IEEE 802.1AX).

use super::{Ask, Session, Walked};

const PORT_ENTRY: [u32; 10] = [1, 2, 840, 10006, 300, 43, 1, 2, 1, 1];

/// Which aggregate each port is in, by ifIndex.
#[derive(Debug)]
pub struct Lag {
    /// dot3adAggPortSelectedAggID: what it has chosen.
    pub selected: Walked,
    /// dot3adAggPortAttachedAggID: what it is attached to.
    pub attached: Walked,
}

/// Reads them.
pub async fn read(ask: &Ask<'_, impl Session>) -> Lag {
    let selected = ask.column_if_any(&PORT_ENTRY, &[12]).await;
    let attached =
        if selected.rows.is_empty() { Walked::empty_like(&selected) } else { ask.column(&PORT_ENTRY, &[13]).await };
    Lag { selected, attached }
}
