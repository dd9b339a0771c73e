//! LLDP-MIB (IEEE 802.1AB-2005) and CISCO-CDP-MIB.

use super::{Limits, Oid, Pace, Session, Walked, walk};

const LLDP: [u32; 8] = [1, 0, 8802, 1, 1, 2, 1, 3];
const LLDP_REMOTE: [u32; 10] = [1, 0, 8802, 1, 1, 2, 1, 4, 1, 1];
const CDP: [u32; 13] = [1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1];

/// LLDP columns; the remote ones by TimeMark, local port number and remote index.
#[derive(Debug)]
pub struct Lldp {
    /// lldpLocPortId, by local port number.
    pub local_id: Walked,
    /// lldpLocPortDesc
    pub local_description: Walked,
    /// lldpRemChassisIdSubtype
    pub chassis_kind: Walked,
    /// lldpRemChassisId
    pub chassis: Walked,
    /// lldpRemPortIdSubtype
    pub port_kind: Walked,
    /// lldpRemPortId
    pub port: Walked,
    /// lldpRemSysName
    pub system_name: Walked,
    /// lldpRemSysDesc
    pub system_description: Walked,
    /// lldpRemSysCapEnabled
    pub capabilities: Walked,
}

/// CDP columns, by ifIndex and device index.
#[derive(Debug)]
pub struct Cdp {
    /// cdpCacheVersion
    pub version: Walked,
    /// cdpCacheDeviceId
    pub device: Walked,
    /// cdpCacheDevicePort
    pub port: Walked,
    /// cdpCachePlatform
    pub platform: Walked,
    /// cdpCacheCapabilities
    pub capabilities: Walked,
}

/// Reads LLDP. The other columns are asked for only where there is a neighbour.
pub async fn read_lldp(session: &impl Session, limits: Limits, pace: &Pace) -> Lldp {
    let column = |entry: &[u32], arcs: &[u32]| {
        let root = Oid::new(entry).join(arcs);
        Box::pin(async move { walk(session, &root, limits, pace, None).await })
    };
    let chassis = column(&LLDP_REMOTE, &[5]).await;
    let nothing = || Walked { rows: Vec::new(), end: chassis.end.clone() };
    if chassis.rows.is_empty() {
        let n = nothing;
        return Lldp {
            local_id: n(),
            local_description: n(),
            chassis_kind: n(),
            port_kind: n(),
            port: n(),
            system_name: n(),
            system_description: n(),
            capabilities: n(),
            chassis,
        };
    }
    let (local_id, local_description, chassis_kind, port_kind, port, system_name, system_description, capabilities) = tokio::join!(
        column(&LLDP, &[7, 1, 3]),
        column(&LLDP, &[7, 1, 4]),
        column(&LLDP_REMOTE, &[4]),
        column(&LLDP_REMOTE, &[6]),
        column(&LLDP_REMOTE, &[7]),
        column(&LLDP_REMOTE, &[9]),
        column(&LLDP_REMOTE, &[10]),
        column(&LLDP_REMOTE, &[12]),
    );
    Lldp {
        local_id,
        local_description,
        chassis_kind,
        chassis,
        port_kind,
        port,
        system_name,
        system_description,
        capabilities,
    }
}

/// Reads CDP.
pub async fn read_cdp(session: &impl Session, limits: Limits, pace: &Pace) -> Cdp {
    let column = |arc: u32| {
        let root = Oid::new(&CDP).join(&[arc]);
        Box::pin(async move { walk(session, &root, limits, pace, None).await })
    };
    let device = column(6).await;
    if device.rows.is_empty() {
        let nothing = || Walked { rows: Vec::new(), end: device.end.clone() };
        return Cdp { version: nothing(), port: nothing(), platform: nothing(), capabilities: nothing(), device };
    }
    let (version, port, platform, capabilities) = tokio::join!(column(5), column(7), column(8), column(9));
    Cdp { version, device, port, platform, capabilities }
}

/// Words of LLDP's capability bits (LldpSystemCapabilitiesMap), first bit first.
#[must_use]
pub fn lldp_capabilities(octets: &[u8]) -> Vec<String> {
    let words = ["other", "repeater", "bridge", "wlan-ap", "router", "telephone", "docsis", "station"];
    let first = octets.first().copied().unwrap_or(0);
    words.iter().enumerate().filter(|(bit, _)| first & (0x80 >> bit) != 0).map(|(_, word)| (*word).to_owned()).collect()
}

/// Words of CDP's capability bits, in LLDP's terms.
#[must_use]
pub fn cdp_capabilities(octets: &[u8]) -> Vec<String> {
    let bits = octets.iter().rev().take(4).rev().fold(0u32, |sum, octet| (sum << 8) | u32::from(*octet));
    let words = [
        (0x01, "router"),
        (0x02, "bridge"),
        (0x08, "bridge"),
        (0x10, "station"),
        (0x40, "repeater"),
        (0x80, "telephone"),
    ];
    let mut found: Vec<String> =
        words.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, word)| (*word).to_owned()).collect();
    found.dedup();
    found
}
