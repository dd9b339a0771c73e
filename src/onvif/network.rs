//! GetDNS, GetNTP, GetNetworkDefaultGateway and GetNetworkProtocols as types. What they name is told, never connected
//! to.

use std::net::IpAddr;

use super::xml::Element;
use crate::net::DeviceText;

/// Most entries of any of these lists that are kept.
const MAX_ENTRIES: usize = 16;

/// One protocol of GetNetworkProtocols.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protocol {
    /// Name: `HTTP`, `HTTPS`, `RTSP`.
    pub name: DeviceText,
    /// Enabled
    pub enabled: bool,
    /// Ports; some list a 0 beside the true one, which is left out.
    pub ports: Vec<u16>,
}

/// GetDNSResponse: search domains. Cameras keep what their factory wrote here, whatever the label says.
#[must_use]
pub fn domains(reply: &Element) -> Vec<DeviceText> {
    let Some(information) = reply.child("DNSInformation") else { return Vec::new() };
    let named = information.all("SearchDomain").map(|domain| DeviceText::new(&domain.text));
    kept(named.filter(|domain| !domain.is_empty()))
}

/// GetDNSResponse: name servers in force.
#[must_use]
pub fn name_servers(reply: &Element) -> Vec<IpAddr> {
    let Some(information) = reply.child("DNSInformation") else { return Vec::new() };
    kept(in_force(information, "DNSManual", "DNSFromDHCP").filter_map(address))
}

/// GetNTPResponse: time servers in force, addresses and names.
#[must_use]
pub fn time_servers(reply: &Element) -> Vec<DeviceText> {
    let Some(information) = reply.child("NTPInformation") else { return Vec::new() };
    let server = |entry: &Element| {
        let named = DeviceText::new(entry.text_at(&["DNSname"]));
        address(entry).map(|address| DeviceText::new(&address.to_string())).or(named.non_empty())
    };
    kept(in_force(information, "NTPManual", "NTPFromDHCP").filter_map(server))
}

/// GetNetworkDefaultGatewayResponse. Cameras that lease their address still tell the unused one they were set to.
#[must_use]
pub fn gateways(reply: &Element) -> Vec<IpAddr> {
    let Some(gateway) = reply.child("NetworkGateway") else { return Vec::new() };
    kept(["IPv4Address", "IPv6Address"].iter().flat_map(|name| gateway.all(name)).filter_map(parsed))
}

/// GetNetworkProtocolsResponse.
#[must_use]
pub fn protocols(reply: &Element) -> Vec<Protocol> {
    kept(reply.all("NetworkProtocols").map(|entry| Protocol {
        name: DeviceText::new(entry.text_at(&["Name"])),
        enabled: matches!(entry.text_at(&["Enabled"]), "true" | "1"),
        ports: kept(entry.all("Port").filter_map(|port| port.text.trim().parse().ok()).filter(|port| *port > 0)),
    }))
}

/// What was leased where it says so and anything was, else what was set by hand.
fn in_force<'a>(information: &'a Element, manual: &'a str, leased: &'a str) -> impl Iterator<Item = &'a Element> {
    let from_dhcp = matches!(information.text_at(&["FromDHCP"]), "true" | "1") && information.child(leased).is_some();
    information.all(if from_dhcp { leased } else { manual })
}

fn address(entry: &Element) -> Option<IpAddr> {
    ["IPv4Address", "IPv6Address"].iter().find_map(|name| parsed(entry.child(name)?))
}

fn parsed(element: &Element) -> Option<IpAddr> {
    element.text.trim().parse().ok().filter(|address: &IpAddr| !address.is_unspecified())
}

/// Each once, in their order, bounded.
fn kept<T: PartialEq>(entries: impl Iterator<Item = T>) -> Vec<T> {
    let mut kept = Vec::new();
    for entry in entries {
        if kept.len() < MAX_ENTRIES && !kept.contains(&entry) {
            kept.push(entry);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onvif::reply_of as reply;

    #[test]
    fn names_and_time_in_force_are_read() {
        let dns = |dhcp: &str| {
            reply(&format!(
                "<DNSInformation><FromDHCP>{dhcp}</FromDHCP><SearchDomain>www.maker.example</SearchDomain><SearchDomain/>\
                 <DNSFromDHCP><Type>IPv4</Type><IPv4Address>10.0.0.53</IPv4Address></DNSFromDHCP><DNSManual>\
                 <IPv4Address>8.8.8.8</IPv4Address></DNSManual><DNSManual><IPv4Address>0.0.0.0</IPv4Address></DNSManual>\
                 <DNSManual><IPv4Address>8.8.8.8</IPv4Address></DNSManual></DNSInformation>"
            ))
        };
        let servers = |dhcp: &str| name_servers(&dns(dhcp)).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!((servers("true"), servers("false")), (vec!["10.0.0.53".into()], vec!["8.8.8.8".into()]));
        assert_eq!(domains(&dns("true")), ["www.maker.example".into()]);
        let ntp = reply(
            "<NTPInformation><FromDHCP>true</FromDHCP><NTPManual><Type>DNS</Type><DNSname>time.example</DNSname>\
             </NTPManual><NTPManual><Type>IPv4</Type><IPv4Address>10.0.0.1</IPv4Address></NTPManual></NTPInformation>",
        );
        assert_eq!(time_servers(&ntp), ["time.example".into(), "10.0.0.1".into()]);
        assert!(time_servers(&reply("")).is_empty() && name_servers(&reply("")).is_empty());
    }

    #[test]
    fn gateways_and_ports_are_read() {
        let gateway =
            "<NetworkGateway><IPv4Address>192.168.0.1</IPv4Address><IPv6Address></IPv6Address></NetworkGateway>";
        assert_eq!(gateways(&reply(gateway)), [IpAddr::from([192, 168, 0, 1])]);
        let read = protocols(&reply(
            "<NetworkProtocols><Name>HTTP</Name><Enabled>true</Enabled><Port>80</Port><Port>0</Port></NetworkProtocols>\
             <NetworkProtocols><Name>RTSP</Name><Enabled>false</Enabled><Port>70000</Port></NetworkProtocols>",
        ));
        let expected = [("HTTP", true, vec![80]), ("RTSP", false, vec![])];
        assert_eq!(read, expected.map(|(name, enabled, ports)| Protocol { name: name.into(), enabled, ports }));
    }

    #[test]
    fn lists_without_end_are_cut() {
        let many = "<NetworkProtocols><Name>A</Name><Port>1</Port></NetworkProtocols>";
        assert_eq!(protocols(&reply(&many.repeat(100))).len(), 1);
        let many: String = (1..100).map(|n| format!("<IPv4Address>10.0.0.{n}</IPv4Address>")).collect();
        assert_eq!(gateways(&reply(&format!("<NetworkGateway>{many}</NetworkGateway>"))).len(), MAX_ENTRIES);
    }
}
