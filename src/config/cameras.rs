//! Where cameras are looked for: `[[cameras]]` and `[discovery]`.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

use crate::net::{CredentialId, SiteId};

/// `[discovery]`: what is asked and heard by multicast, on networks that this host is in itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiscoverySettings {
    /// The interfaces by name; none: nothing is sent or heard by multicast.
    pub interfaces: Vec<String>,
}

/// A maker's own discovery that the addresses of a block may be asked by. Reading only, and off unless named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VendorQuery {
    /// Hikvision's SADP, `inquiry`.
    Sadp,
    /// Dahua's DHIP, `DHDiscover.search`.
    Dhip,
}

/// `[[cameras]]`: where cameras are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraBlock {
    /// The site these addresses belong to.
    pub site: SiteId,
    /// The addresses looked at.
    pub subnets: Vec<IpNet>,
    /// What cameras may be asked with, in order; empty: only what needs no password.
    pub credentials: Vec<CredentialId>,
    /// TCP ports tried for ONVIF where discovery named none.
    pub ports: Vec<u16>,
    /// UDP port of WS-Discovery: 3702 but in a lab.
    pub discovery_port: u16,
    /// TCP port of RTSP: 554 but in a lab.
    pub rtsp_port: u16,
    /// UDP port of SNMP: 161 but in a lab.
    pub snmp_port: u16,
    /// Makers' own discoveries that are asked too.
    pub vendor_queries: Vec<VendorQuery>,
}

/// Most addresses of one block that are looked at.
const MOST_HOSTS: usize = 1 << 17;

impl CameraBlock {
    /// The host addresses of its subnets, each once, in the order in which they are written.
    #[must_use]
    pub fn hosts(&self) -> Vec<IpAddr> {
        let mut seen = BTreeSet::new();
        let all = self.subnets.iter().flat_map(IpNet::hosts);
        all.take(MOST_HOSTS).filter(|address| seen.insert(*address)).collect()
    }
}
