//! One row of observations, whatever form it came in.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::maker::Facts;
use crate::net::{DeviceText, MacAddr, Timestamp};
use crate::observation::{DeviceInformation, Mark, MarkKind};
use crate::{onvif, probe};

/// Most values of one list that are looked at.
const MOST_VALUES: usize = 256;
/// Columns a CSV may have, beside those of `onvif.`, `isapi.` and `vendor_mib.`; the first of them make a header.
const COLUMNS: [&str; 22] = [
    "mac",
    "id",
    "observed_at",
    "manufacturer",
    "model",
    "firmware",
    "serial",
    "hardware",
    "scopes",
    "lldp_sysdescr",
    "lldp_sysname",
    "lldp_portdesc",
    "lldp_capabilities",
    "snmp_sysdescr",
    "snmp_sysname",
    "sysobjectid",
    "http_server",
    "www_authenticate",
    "realm",
    "html_title",
    "rtsp_server",
    "tls_subject",
];

/// What a row says.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) id: Option<DeviceText>,
    pub(super) facts: Facts,
    information: DeviceInformation,
    scopes: Vec<DeviceText>,
    neighbour: (DeviceText, Vec<String>),
    speaks_onvif: bool,
}

/// Whether a line is a CSV's header: its columns are names that are known here.
pub(super) fn is_header(line: &str) -> bool {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(line.as_bytes());
    let Some(Ok(record)) = reader.records().next() else { return false };
    record.iter().any(|name| name != "id" && is_known(&name.to_lowercase()))
}

fn is_known(name: &str) -> bool {
    COLUMNS.contains(&name) || ["onvif.", "isapi.", "vendor_mib."].iter().any(|head| name.starts_with(head))
}

impl Row {
    /// A JSON object: the observations, or an object that has them under `observations`.
    pub(super) fn from_json(text: &str, at: Timestamp, ignored: &mut BTreeSet<String>) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
        let Value::Object(object) = value else { return Err("a JSON object is expected".to_owned()) };
        let mut row = Self::default();
        let at = match object.get("observed_at") {
            Some(Value::String(text)) => text.parse().map_err(|_| format!("observed_at: '{text}' is no time"))?,
            Some(_) => return Err("observed_at: a text is expected".to_owned()),
            None => at,
        };
        row.id = match object.get("id") {
            Some(Value::String(id)) => Some(DeviceText::new(id)),
            Some(Value::Number(id)) => Some(DeviceText::new(&id.to_string())),
            _ => None,
        };
        let nested = object.get("observations");
        let observations = match nested {
            Some(Value::Object(observations)) => observations,
            Some(_) => return Err("observations: an object is expected".to_owned()),
            None => &object,
        };
        for (key, value) in observations {
            if nested.is_none() && matches!(key.as_str(), "id" | "observed_at") {
                continue;
            }
            row.speaks_onvif |= key == "onvif";
            if !row.value(key, value, at)? {
                ignored.insert(crate::net::text::clean(key));
            }
        }
        Ok(row.finish(at))
    }

    /// A CSV row under its columns.
    pub(super) fn from_record(
        columns: &[String],
        record: &csv::StringRecord,
        at: Timestamp,
        ignored: &mut BTreeSet<String>,
    ) -> Result<Self, String> {
        if record.len() != columns.len() {
            return Err(format!("{} values under {} columns", record.len(), columns.len()));
        }
        let mut row = Self::default();
        let cells = || columns.iter().map(String::as_str).zip(record.iter()).filter(|(_, value)| !value.is_empty());
        let at = match cells().find(|(key, _)| *key == "observed_at") {
            Some((_, text)) => text.parse().map_err(|_| format!("observed_at: '{text}' is no time"))?,
            None => at,
        };
        for (key, value) in cells() {
            match key {
                "observed_at" => {}
                "id" => row.id = Some(DeviceText::new(value)),
                "scopes" | "onvif.scopes" | "lldp_capabilities" => {
                    for value in value.split_whitespace().take(MOST_VALUES) {
                        row.text(key, value, at)?;
                    }
                }
                key => {
                    if !row.text(key, value, at)? {
                        ignored.insert(crate::net::text::clean(key));
                    }
                }
            }
            row.speaks_onvif |= key.starts_with("onvif.");
        }
        Ok(row.finish(at))
    }

    fn value(&mut self, key: &str, value: &Value, at: Timestamp) -> Result<bool, String> {
        match value {
            Value::Null => Ok(true),
            Value::String(text) => self.text(key, text, at),
            Value::Number(number) => self.text(key, &number.to_string(), at),
            Value::Array(values) => {
                let mut known = true;
                for value in values.iter().take(MOST_VALUES) {
                    let Value::String(text) = value else { return Err(format!("{key}: texts are expected")) };
                    known &= self.text(key, text, at)?;
                }
                Ok(known)
            }
            Value::Object(values) if matches!(key, "onvif" | "isapi" | "vendor_mib") => {
                let mut known = true;
                for (name, value) in values.iter().take(MOST_VALUES) {
                    if value.is_object() {
                        return Err(format!("{key}.{name}: a text is expected"));
                    }
                    known &= self.value(&format!("{key}.{name}"), value, at)?;
                }
                Ok(known)
            }
            Value::Object(_) if !is_known(key) => Ok(false),
            Value::Object(_) | Value::Bool(_) => Err(format!("{key}: a text is expected")),
        }
    }

    /// One observation. `false`: it is not one that is known here.
    fn text(&mut self, key: &str, text: &str, at: Timestamp) -> Result<bool, String> {
        let cleaned = || DeviceText::new(text);
        let key = key.strip_prefix("onvif.").unwrap_or(key);
        let kind = match key {
            "mac" => {
                let mac: MacAddr = text.parse().map_err(|error| format!("mac: {error}"))?;
                self.facts.mac = Some((mac, at));
                return Ok(true);
            }
            "manufacturer" => return set(&mut self.information.manufacturer, cleaned()),
            "model" => return set(&mut self.information.model, cleaned()),
            "firmware" => return set(&mut self.information.firmware, cleaned()),
            "serial" => return set(&mut self.information.serial, cleaned()),
            "hardware" => return set(&mut self.information.hardware, cleaned()),
            "scopes" => {
                self.scopes.extend(onvif::scope_list(std::iter::once(text)));
                return Ok(true);
            }
            "lldp_sysdescr" => return set(&mut self.neighbour.0, cleaned()),
            "lldp_capabilities" => {
                self.neighbour.1.push(cleaned().as_str().to_lowercase());
                return Ok(true);
            }
            "www_authenticate" => {
                self.challenge(text, at);
                return Ok(true);
            }
            // Known, and no evidence: a port's name is the switch's or anybody's; the rest of ISAPI repeats the label.
            "lldp_portdesc" | "isapi.systemContact" | "isapi.serial_prefix" => return Ok(true),
            "lldp_sysname" | "snmp_sysname" => MarkKind::SystemName,
            "snmp_sysdescr" => MarkKind::SystemDescription,
            "sysobjectid" => MarkKind::SystemObject,
            "http_server" => MarkKind::HttpServer,
            "realm" => MarkKind::Realm,
            "html_title" => MarkKind::PageTitle,
            "rtsp_server" => MarkKind::RtspServer,
            "tls_subject" => MarkKind::TlsSubject,
            "isapi.deviceType" => MarkKind::IsapiType,
            "isapi.namespace" => MarkKind::IsapiNamespace,
            key => match key.strip_prefix("vendor_mib.") {
                Some(oid) => {
                    self.mark(MarkKind::PrivateObject, DeviceText::new(&format!("{oid}={text}")), at);
                    return Ok(true);
                }
                None => return Ok(false),
            },
        };
        self.mark(kind, cleaned(), at);
        Ok(true)
    }

    fn mark(&mut self, kind: MarkKind, text: DeviceText, at: Timestamp) {
        if !text.is_empty() && self.facts.marks.len() < MOST_VALUES {
            self.facts.marks.push((Mark { kind, text }, at));
        }
    }

    fn challenge(&mut self, header: &str, at: Timestamp) {
        for challenge in onvif::digest::challenges(std::iter::once(header.as_bytes())) {
            if let Some(realm) = challenge.get("realm").and_then(probe::realm) {
                self.mark(MarkKind::Realm, realm, at);
            }
            if let Some(structure) = challenge.get("nonce").and_then(probe::nonce) {
                self.mark(MarkKind::Nonce, DeviceText::new(structure), at);
            }
        }
    }

    fn finish(mut self, at: Timestamp) -> Self {
        if self.information != DeviceInformation::default() {
            self.facts.information = Some((std::mem::take(&mut self.information), at));
        }
        if !self.scopes.is_empty() {
            self.facts.scopes = Some((std::mem::take(&mut self.scopes), at));
        }
        if !self.neighbour.0.is_empty() || !self.neighbour.1.is_empty() {
            let (description, capabilities) = std::mem::take(&mut self.neighbour);
            self.facts.neighbour = Some((description, capabilities, at));
        }
        self.facts.onvif = (self.speaks_onvif || self.facts.scopes.is_some()).then_some(at);
        self
    }
}

fn set(field: &mut DeviceText, text: DeviceText) -> Result<bool, String> {
    *field = text;
    Ok(true)
}
