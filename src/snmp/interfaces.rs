//! IF-MIB (RFC 2863) and IEEE8023-LAG-MIB.

use super::{Limits, Oid, Pace, Session, Walked, walk};

/// Columns of ifTable.
pub const IF_ENTRY: [u32; 9] = [1, 3, 6, 1, 2, 1, 2, 2, 1];
/// Columns of ifXTable.
pub const IFX_ENTRY: [u32; 10] = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1];
/// dot3adAggPortSelectedAggID, the aggregate a port has chosen; dot3adAggPortAttachedAggID follows it.
pub const LAG_SELECTED: [u32; 12] = [1, 2, 840, 10006, 300, 43, 1, 2, 1, 1, 12, 0];

/// The columns a place needs, each by ifIndex.
#[derive(Debug)]
pub struct Interfaces {
    /// ifDescr
    pub description: Walked,
    /// ifType
    pub kind: Walked,
    /// ifSpeed
    pub speed: Walked,
    /// ifPhysAddress
    pub address: Walked,
    /// ifAdminStatus
    pub admin: Walked,
    /// ifOperStatus
    pub oper: Walked,
    /// ifName
    pub name: Walked,
    /// ifHighSpeed
    pub high_speed: Walked,
    /// ifAlias
    pub alias: Walked,
}

/// Reads them.
pub async fn read(session: &impl Session, limits: Limits, pace: &Pace) -> Interfaces {
    let column = |entry: &[u32], arc: u32| {
        let root = Oid::new(entry).join(&[arc]);
        Box::pin(async move { walk(session, &root, limits, pace, None).await })
    };
    let (description, kind, speed, address, admin, oper, name, high_speed, alias) = tokio::join!(
        column(&IF_ENTRY, 2),
        column(&IF_ENTRY, 3),
        column(&IF_ENTRY, 5),
        column(&IF_ENTRY, 6),
        column(&IF_ENTRY, 7),
        column(&IF_ENTRY, 8),
        column(&IFX_ENTRY, 1),
        column(&IFX_ENTRY, 15),
        column(&IFX_ENTRY, 18),
    );
    Interfaces { description, kind, speed, address, admin, oper, name, high_speed, alias }
}

/// Reads which aggregate each port has chosen.
pub async fn read_lag(session: &impl Session, limits: Limits, pace: &Pace) -> Walked {
    let root = Oid::new(LAG_SELECTED.get(..11).unwrap_or_default());
    walk(session, &root, limits, pace, None).await
}
