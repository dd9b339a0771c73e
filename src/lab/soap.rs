//! What a camera answers to an ONVIF device operation, in its maker's manner.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::estate::{Device, Unit};
use super::guard::camera_clock;
use super::product::{Dialect, plain_hex};

const DEVICE_NAMESPACE: &str = "http://www.onvif.org/ver10/device/wsdl";
const MEDIA_NAMESPACE: &str = "http://www.onvif.org/ver10/media/wsdl";

/// Whether everybody may ask this (ONVIF Core §5.12, access class PRE_AUTH).
pub(super) fn open_to_all(operation: &str) -> bool {
    matches!(operation, "GetSystemDateAndTime" | "GetServices" | "GetCapabilities" | "GetHostname")
}

/// The answer's body, or `None` for an operation this camera does not know.
pub(super) fn answer(operation: &str, device: &Device, unit: &Unit, port: u16, now: Timestamp) -> Option<String> {
    let body = match operation {
        "GetSystemDateAndTime" => date_and_time(unit, now),
        "GetServices" if unit.services => {
            let mut services = String::new();
            for (namespace, path) in [(DEVICE_NAMESPACE, unit.product.path()), (MEDIA_NAMESPACE, "/onvif/media")] {
                let _ = write!(
                    services,
                    "<tds:Service><tds:Namespace>{namespace}</tds:Namespace><tds:XAddr>{}</tds:XAddr>\
                     <tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>",
                    address(device, port, path)
                );
            }
            services
        }
        "GetCapabilities" => format!(
            "<tds:Capabilities><tt:Device><tt:XAddr>{}</tt:XAddr></tt:Device>\
             <tt:Media><tt:XAddr>{}</tt:XAddr></tt:Media><tt:Extension><tt:DeviceIO><tt:XAddr>{}</tt:XAddr>\
             <tt:VideoSources>{}</tt:VideoSources></tt:DeviceIO></tt:Extension></tds:Capabilities>",
            address(device, port, unit.product.path()),
            address(device, port, "/onvif/media"),
            address(device, port, "/onvif/deviceIO"),
            unit.product.channels()
        ),
        "GetDeviceInformation" => format!(
            "<tds:Manufacturer>{}</tds:Manufacturer><tds:Model>{}</tds:Model>\
             <tds:FirmwareVersion>{}</tds:FirmwareVersion><tds:SerialNumber>{}</tds:SerialNumber>\
             <tds:HardwareId>{}</tds:HardwareId>",
            escape(unit.product.manufacturer),
            escape(unit.product.model),
            escape(&unit.firmware),
            escape(&unit.serial),
            escape(unit.product.hardware)
        ),
        "GetScopes" => {
            let mut scopes = String::new();
            for scope in unit.product.scopes(device.mac, &unit.serial, &unit.firmware) {
                let _ = write!(
                    scopes,
                    "<tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef><tt:ScopeItem>{}</tt:ScopeItem></tds:Scopes>",
                    escape(&scope)
                );
            }
            scopes
        }
        "GetNetworkInterfaces" => interfaces(device, unit),
        "GetHostname" => {
            let name = match unit.product.dialect {
                Dialect::Axis => format!("axis-{}", plain_hex(device.mac)),
                Dialect::Bosch => String::new(),
                _ => "IPC".to_owned(),
            };
            format!(
                "<tds:HostnameInformation><tt:FromDHCP>false</tt:FromDHCP><tt:Name>{name}</tt:Name>\
                 </tds:HostnameInformation>"
            )
        }
        _ => return None,
    };
    Some(wrap(unit.product.dialect, &format!("<tds:{operation}Response>{body}</tds:{operation}Response>")))
}

/// The address of a service as the camera announces it.
pub(super) fn address(device: &Device, port: u16, path: &str) -> String {
    device.ip.map_or_else(String::new, |ip| format!("http://{ip}:{port}{path}"))
}

fn date_and_time(unit: &Unit, now: Timestamp) -> String {
    let clock = camera_clock(unit, now).to_zoned(TimeZone::UTC);
    let moment = format!(
        "<tt:Time><tt:Hour>{}</tt:Hour><tt:Minute>{}</tt:Minute><tt:Second>{}</tt:Second></tt:Time>\
         <tt:Date><tt:Year>{}</tt:Year><tt:Month>{}</tt:Month><tt:Day>{}</tt:Day></tt:Date>",
        clock.hour(),
        clock.minute(),
        clock.second(),
        clock.year(),
        clock.month(),
        clock.day()
    );
    let local = match unit.product.dialect {
        Dialect::Bosch => String::new(),
        _ => format!("<tt:LocalDateTime>{moment}</tt:LocalDateTime>"),
    };
    format!(
        "<tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>\
         <tt:TimeZone><tt:TZ>CST-8</tt:TZ></tt:TimeZone><tt:UTCDateTime>{moment}</tt:UTCDateTime>{local}\
         </tds:SystemDateAndTime>"
    )
}

fn interfaces(device: &Device, unit: &Unit) -> String {
    let ip = device.ip.map_or_else(String::new, |ip| ip.to_string());
    let hardware = match unit.product.dialect {
        Dialect::Dahua => device.mac.to_string(),
        Dialect::Bosch => device.mac.to_string().replace(':', "-"),
        _ => device.mac.to_string().to_uppercase(),
    };
    let entry = |tag: &str, ip: &str| {
        format!("<tt:{tag}><tt:Address>{ip}</tt:Address><tt:PrefixLength>24</tt:PrefixLength></tt:{tag}>")
    };
    // Axis keeps its factory address beside the one in force.
    let config = match unit.product.dialect {
        Dialect::Axis => {
            format!("{}{}<tt:DHCP>true</tt:DHCP>", entry("Manual", "192.168.0.90"), entry("FromDHCP", &ip))
        }
        Dialect::Bosch => format!("{}<tt:DHCP>true</tt:DHCP>", entry("LinkLocal", &ip) + &entry("FromDHCP", &ip)),
        _ => format!("{}<tt:DHCP>false</tt:DHCP>", entry("Manual", &ip)),
    };
    format!(
        "<tds:NetworkInterfaces token=\"eth0\"><tt:Enabled>true</tt:Enabled><tt:Info><tt:Name>eth0</tt:Name>\
         <tt:HwAddress>{hardware}</tt:HwAddress><tt:MTU>1500</tt:MTU></tt:Info><tt:IPv4><tt:Enabled>true</tt:Enabled>\
         <tt:Config>{config}</tt:Config></tt:IPv4></tds:NetworkInterfaces>"
    )
}

/// A SOAP fault and the HTTP status it comes with.
pub(super) fn fault(dialect: Dialect, code: &str, subcode: &str, text: &str) -> String {
    let prefix = prefix(dialect);
    wrap(
        dialect,
        &format!(
            "<{prefix}:Fault><{prefix}:Code><{prefix}:Value>{prefix}:{code}</{prefix}:Value><{prefix}:Subcode>\
             <{prefix}:Value>ter:{subcode}</{prefix}:Value></{prefix}:Subcode></{prefix}:Code><{prefix}:Reason>\
             <{prefix}:Text xml:lang=\"en\">{}</{prefix}:Text></{prefix}:Reason></{prefix}:Fault>",
            escape(text)
        ),
    )
}

/// The prefix a maker's firmware gives SOAP.
pub(super) fn prefix(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Hikvision => "env",
        Dialect::Dahua | Dialect::Bosch => "s",
        Dialect::Uniview | Dialect::Axis => "SOAP-ENV",
        Dialect::Plain => "soap",
    }
}

fn wrap(dialect: Dialect, body: &str) -> String {
    let prefix = prefix(dialect);
    let (declaration, header) = match dialect {
        Dialect::Dahua => (r#"<?xml version="1.0" encoding="utf-8" standalone="yes" ?>"#, "<s:Header/>".to_owned()),
        _ => (r#"<?xml version="1.0" encoding="UTF-8"?>"#, String::new()),
    };
    format!(
        "{declaration}<{prefix}:Envelope xmlns:{prefix}=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:tds=\"{DEVICE_NAMESPACE}\" xmlns:tt=\"http://www.onvif.org/ver10/schema\" \
         xmlns:ter=\"http://www.onvif.org/ver10/error\">{header}<{prefix}:Body>{body}</{prefix}:Body></{prefix}:Envelope>"
    )
}

/// Text as XML content.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
