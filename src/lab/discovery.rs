//! The cameras' half of WS-Discovery, asked by unicast (WS-Discovery 2005/04).

use super::envelope::Envelope;
use super::estate::{Device, Unit};
use super::product::Dialect;
use super::soap::{address, escape, prefix};

/// The ProbeMatch of a camera, if it answers this probe.
pub(super) fn answer(device: &Device, unit: &Unit, datagram: &[u8], port: u16) -> Option<Vec<u8>> {
    if !unit.discoverable {
        return None;
    }
    let probe = Envelope::read(datagram).filter(|envelope| envelope.operation == "Probe")?;
    let wanted = |kind: &str| matches!(kind.rsplit(':').next(), Some("NetworkVideoTransmitter" | "Device"));
    if !probe.types.split_whitespace().all(wanted) {
        return None;
    }
    let dialect = unit.product.dialect;
    let soap = prefix(dialect);
    let types = match dialect {
        Dialect::Dahua => "dn:NetworkVideoTransmitter",
        _ => "dn:NetworkVideoTransmitter tds:Device",
    };
    let scopes = unit.product.scopes(device.mac, &unit.serial, &unit.firmware).join(" ");
    let service = address(device, port, unit.product.path());
    // Some add an address nobody else can reach.
    let service = match dialect {
        Dialect::Axis => format!("{service} http://169.254.20.7/onvif/services"),
        Dialect::Hikvision => format!("{service} http://[fe80::1]/onvif/device_service"),
        _ => service,
    };
    let reply = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><{soap}:Envelope xmlns:{soap}=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:wsa=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
         xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\" \
         xmlns:dn=\"http://www.onvif.org/ver10/network/wsdl\" xmlns:tds=\"http://www.onvif.org/ver10/device/wsdl\">\
         <{soap}:Header><wsa:MessageID>urn:uuid:{id}</wsa:MessageID><wsa:RelatesTo>{relates}</wsa:RelatesTo>\
         <wsa:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:To>\
         <wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</wsa:Action></{soap}:Header>\
         <{soap}:Body><d:ProbeMatches><d:ProbeMatch><wsa:EndpointReference><wsa:Address>{endpoint}</wsa:Address>\
         </wsa:EndpointReference><d:Types>{types}</d:Types><d:Scopes>{scopes}</d:Scopes><d:XAddrs>{service}</d:XAddrs>\
         <d:MetadataVersion>10</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches></{soap}:Body></{soap}:Envelope>",
        id = unit.endpoint.rsplit(':').next().unwrap_or_default(),
        relates = escape(&probe.message_id),
        endpoint = unit.endpoint,
        scopes = escape(&scopes),
    );
    Some(reply.into_bytes())
}
