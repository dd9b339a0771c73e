//! `explain`: one device, and why it is judged as it is.

mod cameras;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use super::{print, print_json, say, tables::look};
use crate::inventory::Device;
use crate::maker::registry_words;
use crate::net::Timestamp;
use crate::net::text::clean;
use crate::report::rows;
use crate::report::tables::{device_json, finding_json, handling};
use crate::snapshot::Snapshot;
use crate::store::DeviceDetail;

pub(super) fn run(path: &Path, what: &str, as_json: bool) -> Result<ExitCode> {
    let (reader, snapshot) = look(path)?;
    let ids = reader.find(what)?;
    if ids.is_empty() {
        say(&format!("nothing is known of '{what}': a MAC address, IP address, serial number or id"));
        return Ok(ExitCode::from(1));
    }
    for id in ids {
        let Some(detail) = reader.device(id)? else { continue };
        if as_json {
            let findings: Vec<_> = detail.findings.iter().map(|finding| finding_json(finding, &snapshot)).collect();
            let place = &detail.device.place;
            let presence: Vec<_> = detail
                .presence
                .iter()
                .map(|(row, gone)| {
                    let source = rows::source(row, &snapshot);
                    let standing = gone.is_none().then(|| rows::why(row, place.standing(row), &detail.switches));
                    json!({"row": row, "gone": gone, "standing": standing, "table": source.table,
                           "object": source.object, "last_complete": source.whole})
                })
                .collect();
            let addresses: Vec<_> =
                detail.addresses.iter().map(|(row, gone)| json!({"row": row, "gone": gone})).collect();
            print_json(&json!({
                "device": device_json(&detail.device, detail.status, detail.last_seen),
                "cameras": cameras::of(&detail.device, &snapshot).collect::<std::collections::BTreeMap<_, _>>(),
                "reasons": place.reasons, "before": place.before, "path": rows::way(&detail.path), "findings": findings, "decisions": detail.decisions,
                "readings": place.switch.as_ref().and_then(|switch| snapshot.targets.get(switch)).map(|target| &target.readings),
                "presence": presence, "addresses": addresses,
                "registry": snapshot.registry, "registered": detail.registered,
                "changes": detail.history.iter().map(|change| json!({"seq": change.seq, "at": change.at})).collect::<Vec<_>>(),
            }))?;
        } else {
            print(&text(&detail, &snapshot))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn spelled(value: &impl serde::Serialize) -> String {
    json!(value).as_str().unwrap_or_default().to_owned()
}

/// What a person says of the device, or said.
fn overruled(device: &Device) -> String {
    let Some(said) = &device.facts.overruling else { return String::new() };
    let who = format!("{} on {}: {}", said.author, said.at, clean(&said.reason));
    match &said.ended {
        None => format!(
            "overruled until {}: {}, by {who}\n  the evidence below says otherwise, and still stands; new evidence against this ends it\n",
            said.until, said.claim
        ),
        Some(ended) => format!(
            "no longer overruled since {}, {}: it was {} until {}, by {who}\n",
            ended.at,
            clean(&ended.why),
            said.claim,
            said.until
        ),
    }
}

fn text(detail: &DeviceDetail, snapshot: &Snapshot) -> String {
    let device = &detail.device;
    let attribution = &device.attribution;
    let unknown = || "unknown".to_owned();
    let mut out = format!(
        "device {}   {}   {}\n",
        device.id,
        device.mac.map_or_else(unknown, |mac| mac.to_string()),
        device.ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    );
    let maker = if attribution.name.is_empty() { unknown() } else { attribution.name.clone() };
    out += &format!(
        "{}   class {}   maker {maker}, {}{}\n",
        spelled(&detail.status),
        spelled(&attribution.class),
        spelled(&attribution.verdict),
        attribution.brand.as_ref().map(|brand| format!(", sold as {brand}")).unwrap_or_default()
    );
    if let Some((said, _)) = &device.facts.information {
        let said = [
            ("model", &said.model),
            ("firmware", &said.firmware),
            ("serial", &said.serial),
            ("hardware", &said.hardware),
        ];
        let said = said.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name} {text}"));
        out += &format!("{}\n", said.collect::<Vec<_>>().join("   "));
    }
    for (name, camera) in cameras::of(device, snapshot) {
        for line in cameras::standing(camera) {
            out += &format!("{name}: {line}\n");
        }
    }
    out += &overruled(device);
    out += "\nEVIDENCE\n";
    for mark in &attribution.evidence {
        out +=
            &format!("  {:<7} {:<20} {}   since {}\n", spelled(&mark.grade), mark.source, mark.text, mark.observed_at);
    }
    if attribution.evidence.is_empty() {
        out += "  none: nothing it sent speaks for a maker\n";
    }
    if let Some(date) = snapshot.registry {
        let (words, warning) = registry_words(date, Timestamp::now());
        out += &format!("  prefixes by the {words}\n");
        out += &warning.map(|warning| format!("  warning: {warning}\n")).unwrap_or_default();
    }
    let place = &device.place;
    let word = |text: Option<String>| text.unwrap_or_else(unknown);
    out += &format!(
        "\nPLACE ({}, confidence {:.2})\n  switch {}, port {}, VLAN {}, network {}, site {}   since {}\n",
        spelled(&place.certainty),
        place.confidence.value(),
        word(place.switch.as_ref().map(ToString::to_string)),
        word(place.port.as_ref().map(ToString::to_string)),
        word(place.vlan.map(|vlan| vlan.to_string())),
        place.network.as_ref().map_or_else(|| "unclassified".to_owned(), ToString::to_string),
        word(place.site.as_ref().map(ToString::to_string)),
        place.since
    );
    if let Some(gone) = place.gone {
        out += &format!("  observed without it since {gone}\n");
    }
    for reason in &place.reasons {
        out += &format!("  {reason}\n");
    }
    if let Some(before) = &place.before {
        out += &format!(
            "  before that: switch {}, port {}, VLAN {}   from {} until {}\n",
            before.switch,
            word(before.port.as_ref().map(ToString::to_string)),
            word(before.vlan.map(|vlan| vlan.to_string())),
            before.since,
            before.until
        );
    }
    let target = place.switch.as_ref().and_then(|switch| snapshot.targets.get(switch));
    let readings = target.map(|target| &target.readings).into_iter();
    for (number, reading) in readings.flat_map(|readings| [("port", &readings.port), ("VLAN", &readings.vlan)]) {
        let Some(reading) = reading else { continue };
        let other = reading.runner_up.as_ref().map(|(word, score)| format!(", {word} {score}")).unwrap_or_default();
        out += &format!(
            "  its switch's {number} numbers are read as {}: fits {} of 100{other}, by {} rows\n",
            reading.chosen, reading.score, reading.rows
        );
    }
    out += &format!("  first seen {}, last seen {}\n", device.first_seen, detail.last_seen);
    if let Some(said) = &detail.registered {
        out += &format!("  installed {}, says register {}\n", said.installed, clean(&said.register));
    }
    out += "\nPATH\n";
    for line in rows::way(&detail.path) {
        out += &format!("  {line}\n");
    }
    out += "\nFINDINGS\n";
    for finding in &detail.findings {
        out += &format!(
            "  {} {} {}/{} {}{}   since {}   revision {}\n      {}\n",
            finding.id,
            finding.severity.letter(),
            finding.policy,
            finding.rule,
            spelled(&finding.state),
            finding.closing.map(|why| format!(" ({})", spelled(&why))).unwrap_or_default(),
            finding.since,
            finding.revision,
            finding.text
        );
        for mark in finding.observed(attribution) {
            out += &format!("      {}: {}   since {}\n", mark.source, mark.text, mark.observed_at);
        }
        for line in handling(finding) {
            out += &format!("      {}\n", clean(&line));
        }
    }
    if detail.findings.is_empty() {
        let packs = snapshot.policies.join(", ");
        out += &format!("  none under {packs}\n");
    }
    if !detail.decisions.is_empty() {
        out += "\nDECISIONS\n";
    }
    for decision in &detail.decisions {
        let what = clean(&decision.kind.to_string());
        let approver = decision.approver.as_ref().map(|who| format!(", approved by {who}")).unwrap_or_default();
        out += &format!("  {}  {}  {what}  by {}{approver}\n", decision.at, decision.matter, decision.author);
    }
    out += "\nSEEN\n";
    for (row, gone) in &detail.presence {
        let until = gone.map_or_else(|| "still there".to_owned(), |gone| format!("until {gone}"));
        let vlan = row.vlan.map_or_else(unknown, |vlan| vlan.to_string());
        out += &format!("  {} {} VLAN {vlan}   from {} {until}\n", row.switch, row.port, row.first_seen);
        if gone.is_none() {
            let source = rows::source(row, snapshot);
            let whole = source
                .whole
                .map_or_else(|| "not seen whole at its last visit".to_owned(), |at| format!("whole at {at}"));
            out += &format!("      {}\n", rows::why(row, place.standing(row), &detail.switches));
            out += &format!("      {}, {whole}; {}\n", source.table, source.object);
        }
    }
    for (row, gone) in &detail.addresses {
        let until = gone.map_or_else(|| "still there".to_owned(), |gone| format!("until {gone}"));
        let vrf = row.vrf.as_ref().map(|vrf| format!(" VRF {vrf}")).unwrap_or_default();
        out +=
            &format!("  {} has {} in its address table{vrf}   from {} {until}\n", row.switch, row.ip, row.first_seen);
    }
    out
}
