//! SNMPv2-MIB system group (RFC 3418), and the stamps that tell whether other tables have changed.

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
    /// ifTableLastChange (RFC 2863), in hundredths of sysUpTime's second.
    pub interfaces_changed: Option<u64>,
    /// entLastChangeTime (RFC 6933)
    pub entity_changed: Option<u64>,
    /// lldpStatsRemTablesLastChangeTime (IEEE 802.1AB-2005)
    pub lldp_changed: Option<u64>,
}

impl System {
    /// The enterprise of sysObjectID (IANA private enterprise number), which tells whose private tables to ask for.
    #[must_use]
    pub fn enterprise(&self) -> Option<u32> {
        self.object_id.strip_prefix("1.3.6.1.4.1.")?.split('.').next()?.parse().ok()
    }
}

/// Reads it in one GET: the first thing any agent is asked.
///
/// # Errors
/// See [`SnmpError`].
pub async fn read(session: &impl Session) -> Result<System, SnmpError> {
    let object = |arc: u32| Oid::new(&[1, 3, 6, 1, 2, 1, 1, arc, 0]);
    let stamps = [
        Oid::new(&[1, 3, 6, 1, 2, 1, 31, 1, 5, 0]),
        Oid::new(&[1, 3, 6, 1, 2, 1, 47, 1, 4, 1, 0]),
        Oid::new(&[1, 0, 8802, 1, 1, 2, 1, 2, 1, 0]),
    ];
    let [interfaces, entity, lldp] = stamps;
    let values = session.get(&[object(3), object(5), object(1), object(2), interfaces, entity, lldp]).await?;
    let at = |index: usize| values.get(index).unwrap_or(&Value::Missing);
    Ok(System {
        uptime_s: at(0).number().unwrap_or(0) / 100,
        name: at(1).text(),
        description: at(2).text(),
        object_id: match at(3) {
            Value::Oid(oid) => oid.to_string(),
            _ => String::new(),
        },
        interfaces_changed: at(4).number(),
        entity_changed: at(5).number(),
        lldp_changed: at(6).number(),
    })
}
