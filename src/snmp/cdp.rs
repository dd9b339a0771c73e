//! CISCO-CDP-MIB cdpCacheTable.

use std::net::IpAddr;

use super::{Ask, Session, Walked};

const ENTRY: [u32; 13] = [1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1];

/// CDP columns, by ifIndex and device index.
#[derive(Debug)]
pub struct Cdp {
    /// cdpCacheAddress, of cdpCacheAddressType 1 (IPv4) or 20 (IPv6): told apart by their lengths.
    pub address: Walked,
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
    /// cdpCacheSysName
    pub system_name: Walked,
}

/// Reads them.
pub async fn read(ask: &Ask<'_, impl Session>) -> Cdp {
    let column = async |arc: u32| ask.column(&ENTRY, &[arc]).await;
    let device = column(6).await;
    if device.rows.is_empty() {
        let n = || Walked::empty_like(&device);
        return Cdp {
            address: n(),
            version: n(),
            port: n(),
            platform: n(),
            capabilities: n(),
            system_name: n(),
            device,
        };
    }
    let (address, version, port, platform, capabilities, system_name) =
        tokio::join!(column(4), column(5), column(7), column(8), column(9), column(17));
    Cdp { address, version, device, port, platform, capabilities, system_name }
}

/// The address a neighbour gave; 0.0.0.0 where it gave none.
#[must_use]
pub fn address(octets: &[u8]) -> Option<IpAddr> {
    let ip = <[u8; 4]>::try_from(octets).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from));
    ip.ok().filter(|ip| !ip.is_unspecified())
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
