//! systemd's journal: one datagram a message, field by field (systemd.io/JOURNAL_NATIVE_PROTOCOL).

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::net::UnixDatagram;

use super::connect::within;
use super::syslog::level;
use super::word;
use crate::store::Alert;

/// Longest value of a field, in octets: a datagram of all of them stays far below what a socket takes.
const LONGEST: usize = 512;

/// A field. One whose value has a line break is sent with its length (64 bits, little endian): it cannot begin another.
fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    let mut end = value.len().min(LONGEST);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    let value = value.get(..end).unwrap_or_default();
    if value.is_empty() {
        return;
    }
    out.extend(name.as_bytes());
    if value.contains('\n') {
        out.push(b'\n');
        out.extend((value.len() as u64).to_le_bytes());
    } else {
        out.push(b'=');
    }
    out.extend(value.as_bytes());
    out.push(b'\n');
}

fn datagram(alert: &Alert) -> Vec<u8> {
    let mut out = Vec::new();
    let mut put = |name: &str, value: &str| field(&mut out, name, value);
    put("MESSAGE", &alert.text);
    put("PRIORITY", &level(alert.severity).to_string());
    put("SYSLOG_IDENTIFIER", "lenswarden");
    put("LENSWARDEN_ID", &alert.key);
    put("LENSWARDEN_ALERT", &alert.carrier);
    put("LENSWARDEN_KIND", &alert.kind);
    put("LENSWARDEN_SEVERITY", word(alert.severity));
    put("LENSWARDEN_AT", &alert.at.to_string());
    if let ([brief], 0) = (alert.findings.as_slice(), alert.more) {
        let place = &brief.place;
        let text = |value: Option<&dyn std::fmt::Display>| value.map(ToString::to_string).unwrap_or_default();
        put("LENSWARDEN_FINDING", &brief.id.to_string());
        put("LENSWARDEN_POLICY", brief.policy.as_str());
        put("LENSWARDEN_RULE", brief.rule.as_str());
        if let Some(device) = &brief.device {
            put("LENSWARDEN_MAC", &text(device.mac.as_ref().map(|mac| mac as _)));
            put("LENSWARDEN_IP", &text(device.ips.first().map(|ip| ip as _)));
            put("LENSWARDEN_MAKER", &device.maker);
            put("LENSWARDEN_MODEL", &device.model);
        }
        put("LENSWARDEN_ENTRY", brief.entry.as_deref().unwrap_or_default());
        put("LENSWARDEN_SITE", &text(place.site.as_ref().map(|site| site as _)));
        put("LENSWARDEN_OWNER", &place.owner);
        put("LENSWARDEN_SWITCH", &text(place.switch.as_ref().map(|switch| switch as _)));
        put("LENSWARDEN_PORT", &text(place.port.as_ref().map(|port| port as _)));
        put("LENSWARDEN_PORT_TEXT", &place.port_text);
        put("LENSWARDEN_VLAN", &text(place.vlan.as_ref().map(|vlan| vlan as _)));
        put("LENSWARDEN_NETWORK", &text(place.network.as_ref().map(|network| network as _)));
        put("LENSWARDEN_CONTAIN", brief.contain.as_deref().unwrap_or_default());
    }
    out
}

/// In order. The journal takes each or refuses it.
pub(super) async fn send(path: &Path, alerts: &[Alert], limit: Duration) -> Result<(), (usize, io::Error)> {
    let socket = UnixDatagram::unbound().map_err(|error| (0, error))?;
    socket.connect(path).map_err(|error| (0, error))?;
    for (taken, alert) in alerts.iter().enumerate() {
        let datagram = datagram(alert);
        let sent = async { socket.send(&datagram).await };
        within(limit, sent).await.map_err(|error| (taken, error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::trial;
    use crate::net::Timestamp;

    #[test]
    fn a_message_is_its_fields_and_no_value_begins_another() {
        let mut alert = trial("soc", Timestamp(1_795_500_000_000));
        alert.carrier = "soc\nPRIORITY=0".into();
        let sent = datagram(&alert);
        let begins = b"MESSAGE=test alert=soc: a trial, nothing happened\nPRIORITY=6\nSYSLOG_IDENTIFIER=lenswarden\n\
            LENSWARDEN_ID=test-1795500000000\nLENSWARDEN_ALERT\n\x0e\0\0\0\0\0\0\0soc\nPRIORITY=0\nLENSWARDEN_KIND=test\n";
        assert_eq!(String::from_utf8_lossy(&sent[..begins.len()]), String::from_utf8_lossy(begins));
        alert.text = "ü".repeat(5000);
        assert!(datagram(&alert).starts_with(format!("MESSAGE={}\nPRIORITY", "ü".repeat(256)).as_bytes()));
    }
}
