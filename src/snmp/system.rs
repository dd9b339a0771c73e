//! SNMPv2-MIB system group (RFC 3418).

use super::{Oid, Session, SnmpError, Value};
use crate::net::DeviceText;

/// The system group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// sysName
    pub name: DeviceText,
    /// sysDescr
    pub description: DeviceText,
    /// sysObjectID, dotted.
    pub object_id: String,
    /// sysUpTime in whole seconds.
    pub uptime_s: u64,
}

/// Reads it in one GET: the first thing any agent is asked.
///
/// # Errors
/// See [`SnmpError`].
pub async fn read(session: &impl Session) -> Result<System, SnmpError> {
    let object = |arc: u32| Oid::new(&[1, 3, 6, 1, 2, 1, 1, arc, 0]);
    let values = session.get(&[object(3), object(5), object(1), object(2)]).await?;
    let at = |index: usize| values.get(index).unwrap_or(&Value::Missing);
    Ok(System {
        uptime_s: at(0).number().unwrap_or(0) / 100,
        name: at(1).text(),
        description: at(2).text(),
        object_id: match at(3) {
            Value::Oid(oid) => oid.to_string(),
            _ => String::new(),
        },
    })
}
