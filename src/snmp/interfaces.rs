//! IF-MIB (RFC 2863).

use super::{Ask, Group, Session, Walked};

/// Columns of ifTable.
const IF_ENTRY: [u32; 9] = [1, 3, 6, 1, 2, 1, 2, 2, 1];
/// Columns of ifXTable.
const IFX_ENTRY: [u32; 10] = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1];
/// Columns of ifStackTable.
const STACK_ENTRY: [u32; 10] = [1, 3, 6, 1, 2, 1, 31, 1, 2, 1];

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
    /// ifLastChange, in hundredths of sysUpTime's second.
    pub last_change: Walked,
    /// ifName
    pub name: Walked,
    /// ifHighSpeed
    pub high_speed: Walked,
    /// ifAlias
    pub alias: Walked,
    /// ifStackStatus, by the higher and the lower interface, where there are both.
    pub stack: Walked,
}

/// Reads them.
pub async fn read(ask: &Ask<'_, impl Session>) -> Interfaces {
    let seldom = |column| ask.seldom(Group::Interfaces, &IF_ENTRY, column);
    let (description, kind, address) = tokio::join!(seldom(&[2]), seldom(&[3]), seldom(&[6]));
    let (speed, admin, oper, last_change) = tokio::join!(
        ask.column(&IF_ENTRY, &[5]),
        ask.column(&IF_ENTRY, &[7]),
        ask.column(&IF_ENTRY, &[8]),
        ask.column(&IF_ENTRY, &[9]),
    );
    let (name, high_speed, alias, stack) = tokio::join!(
        ask.seldom(Group::Interfaces, &IFX_ENTRY, &[1]),
        ask.column_if_any(&IFX_ENTRY, &[15]),
        ask.seldom(Group::Interfaces, &IFX_ENTRY, &[18]),
        // Most rows say that nothing is above or below (0).
        ask.seldom_where(Group::Interfaces, &STACK_ENTRY, &[3], |index, _| !index.contains(&0)),
    );
    Interfaces { description, kind, speed, address, admin, oper, last_change, name, high_speed, alias, stack }
}
