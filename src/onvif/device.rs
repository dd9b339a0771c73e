//! Replies of the device service (ONVIF Core §8) as types.

use std::net::IpAddr;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::xml::Element;
use crate::net::{DeviceText, MacAddr, Timestamp};

/// Most scopes, and most interfaces and addresses of one, that are kept.
const MAX_SCOPES: usize = 128;
const MAX_INTERFACES: usize = 32;
const MAX_ADDRESSES: usize = 16;

/// GetDeviceInformation. Any of it may be empty or nonsense.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Information {
    /// Manufacturer
    pub manufacturer: DeviceText,
    /// Model
    pub model: DeviceText,
    /// FirmwareVersion
    pub firmware: DeviceText,
    /// SerialNumber
    pub serial: DeviceText,
    /// HardwareId
    pub hardware: DeviceText,
}

/// One interface of GetNetworkInterfaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// Info/Name
    pub name: DeviceText,
    /// Info/HwAddress, if it is one.
    pub mac: Option<MacAddr>,
    /// Addresses in force.
    pub addresses: Vec<IpAddr>,
}

/// GetDeviceInformationResponse.
#[must_use]
pub fn information(reply: &Element) -> Information {
    let text = |name: &str| DeviceText::new(reply.text_at(&[name]));
    Information {
        manufacturer: text("Manufacturer"),
        model: text("Model"),
        firmware: text("FirmwareVersion"),
        serial: text("SerialNumber"),
        hardware: text("HardwareId"),
    }
}

/// GetScopesResponse: scope items, percent-decoded, each once.
#[must_use]
pub fn scopes(reply: &Element) -> Vec<DeviceText> {
    scope_list(reply.all("Scopes").map(|scope| scope.text_at(&["ScopeItem"])))
}

/// Scope names, percent-decoded, each once, in their order.
#[must_use]
pub fn scope_list<'a>(raw: impl Iterator<Item = &'a str>) -> Vec<DeviceText> {
    let mut kept: Vec<DeviceText> = Vec::new();
    for scope in raw.take(MAX_SCOPES).map(|scope| DeviceText::new(&percent_decode(scope))) {
        if !scope.is_empty() && !kept.contains(&scope) {
            kept.push(scope);
        }
    }
    kept
}

/// `%20` and the like (RFC 3986 §2.1); what is no UTF-8 after that is replaced.
fn percent_decode(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = match rest {
            [b'%', high, low, ..] => char::from(*high).to_digit(16).zip(char::from(*low).to_digit(16)),
            _ => None,
        };
        match code.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(octet) => {
                octets.push(octet);
                rest = rest.get(3..).unwrap_or_default();
            }
            None => {
                octets.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// GetHostnameResponse: the name, if it gives one.
#[must_use]
pub fn hostname(reply: &Element) -> Option<DeviceText> {
    DeviceText::new(reply.text_at(&["HostnameInformation", "Name"])).non_empty()
}

/// GetSystemDateAndTimeResponse: the camera's UTC clock. Only UTCDateTime counts: time zones there are junk. Hour
/// 24, minute 60 and second 60 occur and mean the next one.
#[must_use]
pub fn utc_clock(reply: &Element) -> Option<Timestamp> {
    let utc = reply.at(&["SystemDateAndTime", "UTCDateTime"])?;
    let number = |path: [&str; 2], most: i64| {
        utc.text_at(&path).parse::<i64>().ok().filter(|number| (0..=most).contains(number))
    };
    let year = i16::try_from(number(["Date", "Year"], 9000)?).ok()?;
    let month = i8::try_from(number(["Date", "Month"], 12)?).ok()?;
    let day = i8::try_from(number(["Date", "Day"], 31)?).ok()?;
    let midnight = Date::new(year, month, day).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let (hour, minute, second) =
        (number(["Time", "Hour"], 24)?, number(["Time", "Minute"], 60)?, number(["Time", "Second"], 61)?);
    Some(Timestamp(midnight.as_millisecond() + ((hour * 60 + minute) * 60 + second) * 1000))
}

/// GetNetworkInterfacesResponse. An address counts only where it is in force: FromDHCP where DHCP is on (the
/// link-local one if there is none), else Manual; of a disabled interface or protocol none.
#[must_use]
pub fn interfaces(reply: &Element) -> Vec<Interface> {
    reply.all("NetworkInterfaces").take(MAX_INTERFACES).map(interface).collect()
}

fn interface(element: &Element) -> Interface {
    let mut addresses: Vec<IpAddr> = Vec::new();
    if element.text_at(&["Enabled"]) != "false" {
        for protocol in ["IPv4", "IPv6"].iter().filter_map(|name| element.child(name)) {
            for address in in_force(protocol) {
                if addresses.len() < MAX_ADDRESSES && !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
        }
    }
    Interface {
        name: DeviceText::new(element.text_at(&["Info", "Name"])),
        mac: element.text_at(&["Info", "HwAddress"]).parse().ok(),
        addresses,
    }
}

fn in_force(protocol: &Element) -> Vec<IpAddr> {
    let Some(config) = protocol.child("Config").filter(|_| protocol.text_at(&["Enabled"]) != "false") else {
        return Vec::new();
    };
    let read = |kind: &str| -> Vec<IpAddr> {
        config.all(kind).filter_map(|entry| entry.text_at(&["Address"]).parse().ok()).collect()
    };
    // IPv4 has a boolean here, IPv6 one of Auto, Stateful, Stateless, Off.
    match config.text_at(&["DHCP"]) {
        "" | "false" | "0" | "Off" => [read("Manual"), read("FromRA")].concat(),
        _ => {
            let leased = [read("FromDHCP"), read("FromRA")].concat();
            if leased.is_empty() { read("LinkLocal") } else { leased }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::onvif::{Payload, read};

    fn reply(body: &str) -> Element {
        match read(format!("<Envelope><Body>{body}</Body></Envelope>").as_bytes()).unwrap().payload {
            Payload::Reply(reply) => reply,
            Payload::Fault(fault) => panic!("{fault:?}"),
        }
    }

    fn clock(hour: &str, minute: &str, second: &str, date: (&str, &str, &str)) -> Option<String> {
        let (year, month, day) = date;
        let text = format!(
            "<r><SystemDateAndTime><TimeZone><TZ>UTC-1:0</TZ></TimeZone><UTCDateTime><Time><Hour>{hour}</Hour>\
             <Minute>{minute}</Minute><Second>{second}</Second></Time><Date><Year>{year}</Year><Month>{month}</Month>\
             <Day>{day}</Day></Date></UTCDateTime></SystemDateAndTime></r>"
        );
        utc_clock(&reply(&text)).map(|time| time.to_string())
    }

    #[test]
    fn the_clock_is_read_even_where_it_shows_sixty() {
        let date = ("2026", "1", "13");
        assert_eq!(clock("19", "25", "37", date).unwrap(), "2026-01-13T19:25:37.000Z");
        assert_eq!(clock("24", "0", "0", date).unwrap(), "2026-01-14T00:00:00.000Z");
        assert_eq!(clock("1", "60", "60", date).unwrap(), "2026-01-13T02:01:00.000Z");
        for (hour, date) in
            [("", date), ("-1", date), ("25", date), ("1", ("2026", "2", "30")), ("1", ("99999", "1", "1"))]
        {
            assert_eq!(clock(hour, "0", "0", date), None, "{hour} {date:?}");
        }
        assert_eq!(utc_clock(&reply("<r><SystemDateAndTime/></r>")), None);
    }

    #[test]
    fn only_addresses_in_force_count() {
        let config = |dhcp: &str| {
            format!(
                "<r><NetworkInterfaces><Info><Name>eth0</Name><HwAddress>00-07-5f-ca-f8-fa</HwAddress></Info><IPv4>\
                 <Enabled>true</Enabled><Config><Manual><Address>192.168.0.90</Address></Manual><LinkLocal><Address>\
                 169.254.1.1</Address></LinkLocal><FromDHCP><Address>192.168.2.82</Address></FromDHCP>\
                 <DHCP>{dhcp}</DHCP></Config></IPv4></NetworkInterfaces></r>"
            )
        };
        let read = |text: &str| interfaces(&reply(text)).remove(0);
        let addresses = |text: &str| read(text).addresses.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(addresses(&config("true")), ["192.168.2.82"]);
        assert_eq!(addresses(&config("false")), ["192.168.0.90"]);
        assert_eq!(addresses(&config("true").replace("FromDHCP>", "Other>")), ["169.254.1.1"]);
        let off = config("true").replace("<Enabled>true", "<Enabled>false");
        assert!(addresses(&off).is_empty());
        assert_eq!(read(&off).mac, Some(MacAddr([0x00, 0x07, 0x5f, 0xca, 0xf8, 0xfa])));
        let nonsense = config("true").replace("00-07-5f-ca-f8-fa", "41a0bc:41a0bd:41a0be");
        assert_eq!(read(&nonsense).mac, None);
    }

    #[test]
    fn scopes_are_decoded_and_kept_once() {
        let text = "<r><Scopes><ScopeItem>onvif://www.onvif.org/name/AXIS%20P3818</ScopeItem></Scopes><Scopes>\
                    <ScopeItem>odm:name:Camera1</ScopeItem></Scopes><Scopes><ScopeItem>odm:name:Camera1</ScopeItem>\
                    </Scopes><Scopes/></r>";
        let read: Vec<_> = scopes(&reply(text)).iter().map(ToString::to_string).collect();
        assert_eq!(read, ["onvif://www.onvif.org/name/AXIS P3818", "odm:name:Camera1"]);
        for (raw, decoded) in [("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%E4%B8%AD", "中"), ("%ff", "\u{fffd}")] {
            assert_eq!(percent_decode(raw), decoded);
        }
    }

    #[test]
    fn an_empty_hostname_is_none() {
        assert_eq!(hostname(&reply("<r><HostnameInformation><Name/></HostnameInformation></r>")), None);
        let named = reply("<r><HostnameInformation><Name> IPC </Name></HostnameInformation></r>");
        assert_eq!(hostname(&named).unwrap().as_str(), "IPC");
    }

    const WHOLE: &str = "<?xml version='1.0'?><Envelope><Body><r><SystemDateAndTime><UTCDateTime><Time><Hour>1</Hour>\
        <Minute>2</Minute><Second>3</Second></Time><Date><Year>2026</Year><Month>12</Month><Day>31</Day></Date>\
        </UTCDateTime></SystemDateAndTime><Scopes><ScopeItem>a%20b%</ScopeItem></Scopes><NetworkInterfaces><Info>\
        <HwAddress>00:07:5f:ca:f8:fa</HwAddress></Info><IPv4><Config><Manual><Address>10.0.0.1</Address></Manual>\
        </Config></IPv4></NetworkInterfaces><HostnameInformation><Name>x</Name></HostnameInformation></r></Body>\
        </Envelope>";

    proptest! {
        #[test]
        fn cut_off_or_with_bits_flipped_no_reply_makes_it_panic(
            cut in 0usize..900,
            flips in proptest::collection::vec((0usize..900, 0u8..8), 0..4),
        ) {
            let mut octets = WHOLE.as_bytes().to_vec();
            let length = octets.len();
            for (at, bit) in flips {
                octets[at % length] ^= 1 << bit;
            }
            octets.truncate(cut.min(length));
            if let Ok(Payload::Reply(reply)) = read(&octets).map(|envelope| envelope.payload) {
                let _ = (utc_clock(&reply), scopes(&reply), interfaces(&reply), hostname(&reply), information(&reply));
            }
        }
    }
}
