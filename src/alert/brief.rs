//! What is told of a finding: gathered when it is told, from what is known then.

use crate::inventory::{Certainty, Device, Estate, Inventory, Place, contain};
use crate::maker::Verdict;
use crate::net::DeviceId;
use crate::net::text::clean;
use crate::review::Finding;
use crate::store::{Brief, BriefDevice, BriefPlace, BriefPrevious};

/// Sources of evidence that are named.
const MOST_SOURCES: usize = 8;
/// Addresses that are named.
const MOST_ADDRESSES: usize = 8;
/// Longest text of each field, in characters.
const LONGEST: usize = 128;

/// What alerts are told from.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// What is there.
    pub inventory: &'a Inventory,
    /// What the administrator says of it.
    pub estate: &'a Estate,
}

fn short(text: &str) -> String {
    clean(text).chars().take(LONGEST).collect()
}

fn device(id: DeviceId, known: Option<&Device>) -> BriefDevice {
    let Some(known) = known else {
        return BriefDevice {
            id,
            mac: None,
            ips: Vec::new(),
            maker: String::new(),
            verdict: Verdict::Unknown,
            grade: None,
            model: String::new(),
            first_seen: None,
            evidence: Vec::new(),
        };
    };
    let attribution = &known.attribution;
    let mut evidence: Vec<String> = Vec::new();
    for mark in &attribution.evidence {
        if evidence.len() < MOST_SOURCES && !evidence.contains(&mark.source) {
            evidence.push(mark.source.clone());
        }
    }
    BriefDevice {
        id,
        mac: known.mac,
        ips: known.ips.iter().take(MOST_ADDRESSES).copied().collect(),
        maker: short(&attribution.name),
        verdict: attribution.verdict,
        grade: attribution.evidence.iter().map(|mark| mark.grade).max(),
        model: known.facts.said().map(|(information, _)| short(information.model.as_str())).unwrap_or_default(),
        first_seen: Some(known.first_seen),
        evidence,
    }
}

/// What would cut off this device and nobody else.
fn containment(place: &Place, view: &View<'_>) -> Option<String> {
    let alone = place.certainty == Certainty::Direct;
    let switch = view.inventory.switch(place.switch.as_ref().filter(|_| alone)?)?;
    contain::command(switch.system.as_ref()?, place.port.as_ref()?.as_str())
}

fn place(place: &Place, view: &View<'_>) -> BriefPlace {
    let port = place.switch.as_ref().and_then(|switch| view.inventory.switch(switch)).and_then(|switch| {
        let number = place.if_index?;
        switch.ports.iter().find(|port| port.if_index == number)
    });
    let owner = place.site.as_ref().and_then(|site| view.estate.sites.get(site)).map(|site| short(&site.owner));
    BriefPlace {
        site: place.site.clone(),
        owner: owner.unwrap_or_default(),
        switch: place.switch.clone(),
        port: place.port.clone(),
        port_text: port.map(|port| short(port.alias.as_str())).unwrap_or_default(),
        vlan: place.vlan,
        network: place.network.clone(),
        certainty: place.certainty,
    }
}

/// What is told of a finding.
pub(super) fn of(finding: &Finding, view: &View<'_>) -> Brief {
    let before = finding.place.before.as_ref();
    Brief {
        id: finding.id,
        policy: finding.policy.clone(),
        rule: finding.rule.clone(),
        severity: finding.severity,
        state: finding.state,
        since: finding.since,
        text: short(&finding.text),
        device: finding.subject.device().map(|id| device(id, view.inventory.device(id))),
        entry: finding.subject.entry().map(|entry| short(&entry.to_string())),
        place: place(&finding.place, view),
        previous: before.map(|before| BriefPrevious {
            site: before.site.clone(),
            switch: before.switch.clone(),
            port: before.port.clone(),
            until: before.until,
        }),
        contain: containment(&finding.place, view),
    }
}
