//! Evidence weighed: every mark that speaks for a maker or a class, and what they add up to.
//!
//! A device's own statement or a mark of its maker's protocol is worth two, any other mark one, a hint nothing.
//! Two make *confirmed*, one *suspected*. A maker under the PRC's law that contradicts a stronger one is never
//! outvoted into silence: the verdict falls to *suspected* and both are shown.

use std::collections::BTreeMap;

use regex_lite::Regex;

use super::catalogue::{Catalogue, Maker, fold};
use super::{Attribution, Class, Evidence, Facts, Grade, Jurisdiction, Surveillance, Verdict};
use crate::net::{MakerId, Timestamp};
use crate::observation::{Announcement, DeviceInformation, MarkKind};

/// What many makers write into ONVIF's Manufacturer: it names nobody.
const GENERIC: [&str; 16] = [
    "",
    "none",
    "onvif",
    "h264",
    "h265",
    "general",
    "private",
    "ipc",
    "ipcam",
    "ip camera",
    "camera",
    "technology",
    "nvt",
    "network camera",
    "onvif_ipnc",
    "unknown",
];

fn is_generic(name: &str) -> bool {
    GENERIC.contains(&fold(name).as_str())
}

/// Which of a maker's patterns a text is held against.
type Patterns = fn(&Maker) -> &[Regex];

/// Marks as they are found.
#[derive(Default)]
struct Ledger {
    evidence: Vec<Evidence>,
    brand: Option<String>,
}

impl Ledger {
    fn add(&mut self, source: &str, text: String, grade: Grade, maker: Option<&Maker>, observed_at: Timestamp) {
        let maker = maker.map(|maker| maker.id.clone());
        self.evidence.push(Evidence { source: source.to_owned(), text, grade, observed_at, maker });
    }
}

/// The one maker whose patterns fit; `None` where none or several do.
fn only<'a>(catalogue: &'a Catalogue, text: &str, patterns: impl Fn(&Maker) -> &[Regex]) -> Option<&'a Maker> {
    if text.is_empty() {
        return None;
    }
    let mut fitting = catalogue.makers().filter(|maker| patterns(maker).iter().any(|pattern| pattern.is_match(text)));
    fitting.next().filter(|_| fitting.next().is_none())
}

fn prefix(ledger: &mut Ledger, catalogue: &Catalogue, facts: &Facts) {
    let Some((mac, at)) = facts.mac else { return };
    let Some(organisation) = catalogue.organisation(mac) else { return };
    let organisation = organisation.split_whitespace().collect::<Vec<_>>().join(" ");
    let maker = catalogue.maker_of_organisation(&organisation);
    // A reseller's or a mixed vendor's block says who sold the network chip, not who made a camera.
    let grade = match maker {
        Some(maker) if !maker.mixed && maker.jurisdiction != Jurisdiction::Reseller => Grade::Mark,
        _ => Grade::Hint,
    };
    if let Some(reseller) = maker.filter(|maker| maker.jurisdiction == Jurisdiction::Reseller) {
        ledger.brand.get_or_insert_with(|| reseller.name.clone());
    }
    ledger.add("ieee prefix", format!("{mac} is registered to {organisation}"), grade, maker, at);
}

fn information(ledger: &mut Ledger, catalogue: &Catalogue, information: &DeviceInformation, at: Timestamp) {
    let manufacturer = information.manufacturer.as_str();
    if !is_generic(manufacturer) {
        let maker = catalogue.maker_of_name(manufacturer);
        let grade = match maker {
            Some(maker) if maker.jurisdiction != Jurisdiction::Reseller => Grade::Strong,
            _ => Grade::Hint,
        };
        if grade == Grade::Hint {
            ledger.brand = Some(maker.map_or_else(|| manufacturer.to_owned(), |maker| maker.name.clone()));
        }
        ledger.add("onvif manufacturer", format!("it calls its maker '{manufacturer}'"), grade, maker, at);
    }
    let (model, serial, firmware) = (&information.model, &information.serial, &information.firmware);
    let grammars: [(&str, &str, Patterns); 3] = [
        ("serial grammar", serial.as_str(), |maker| &maker.serials),
        ("firmware grammar", firmware.as_str(), |maker| &maker.firmwares),
        ("model grammar", model.as_str(), |maker| &maker.models),
    ];
    for (source, text, patterns) in grammars {
        if let Some(maker) = only(catalogue, text, patterns) {
            ledger.add(source, format!("'{text}' has the form {} gives", maker.name), Grade::Mark, Some(maker), at);
        }
    }
}

fn scopes(ledger: &mut Ledger, catalogue: &Catalogue, facts: &Facts) {
    let Some((scopes, at)) = &facts.scopes else { return };
    for scope in scopes {
        let scope = scope.as_str();
        if let Some(maker) = only(catalogue, scope, |maker| &maker.scopes) {
            ledger.add("onvif scope", format!("scope '{scope}'"), Grade::Mark, Some(maker), *at);
        }
        let lower = scope.to_lowercase();
        let named =
            ["/name/", "/manufacturer/", "/mfr/"].iter().find_map(|key| lower.split_once(key).map(|(_, value)| value));
        let first = |value: &str| value.split([' ', '/', '_', '-']).next().unwrap_or_default().to_owned();
        if let Some(maker) = named.and_then(|value| catalogue.maker_of_name(&first(value))) {
            if maker.jurisdiction == Jurisdiction::Reseller {
                ledger.brand.get_or_insert_with(|| maker.name.clone());
                ledger.add("onvif scope name", format!("scope '{scope}'"), Grade::Hint, Some(maker), *at);
            } else {
                ledger.add("onvif scope name", format!("scope '{scope}'"), Grade::Mark, Some(maker), *at);
            }
        }
    }
}

fn marks(ledger: &mut Ledger, catalogue: &Catalogue, facts: &Facts) {
    for (mark, at) in &facts.marks {
        let text = mark.text.as_str();
        let (source, grade, maker) = match mark.kind {
            MarkKind::Realm => ("http realm", Grade::Strong, only(catalogue, text, |maker| &maker.realms)),
            MarkKind::HttpServer => ("http server", Grade::Mark, only(catalogue, text, |maker| &maker.servers)),
            MarkKind::Nonce => {
                let named = |maker: &&Maker| maker.nonces.iter().any(|nonce| nonce == text);
                ("digest nonce", Grade::Strong, catalogue.makers().find(named))
            }
            MarkKind::TlsSubject | MarkKind::Soap => continue,
        };
        if let Some(maker) = maker {
            ledger.add(source, format!("'{text}' is a mark of {}", maker.name), grade, Some(maker), *at);
        }
    }
}

fn announcements(ledger: &mut Ledger, catalogue: &Catalogue, facts: &Facts) {
    for (announcement, at) in &facts.announced {
        let Announcement { protocol, information, .. } = announcement;
        let maker = catalogue.makers().find(|maker| maker.protocols.contains(protocol));
        let whose = maker.map_or_else(String::new, |maker| format!(", which only units of {} do", maker.name));
        let fields =
            [("model", &information.model), ("serial", &information.serial), ("firmware", &information.firmware)];
        let said = fields.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("; {name} '{text}'"));
        let text = format!("it answers {protocol}{whose}{}", said.collect::<String>());
        let source = protocol.to_string().to_lowercase();
        ledger.add(&source, text, if maker.is_some() { Grade::Strong } else { Grade::Hint }, maker, *at);
        // The label is the brand's: what made the unit is told by what it answers.
        let label = information.manufacturer.as_str();
        let named = catalogue.maker_of_name(label);
        if !is_generic(label) && named.map(|named| &named.id) != maker.map(|maker| &maker.id) {
            ledger.brand.get_or_insert_with(|| named.map_or_else(|| label.to_owned(), |named| named.name.clone()));
            ledger.add(&source, format!("it calls its maker '{label}'"), Grade::Hint, named, *at);
        }
    }
}

/// What a device is by its maker's own discovery; unknown where that has no word for it that we know.
fn announced_class(kind: &str) -> Class {
    match kind {
        "IPC" | "SD" | "PTZ" | "TPC" | "ITC" => Class::Camera,
        "NVR" | "HCVR" | "XVR" | "DVR" | "EVS" => Class::Recorder,
        "VTO" | "VTH" | "VTS" | "VTT" => Class::Intercom,
        video if video.starts_with("video channels") => Class::Camera,
        _ => Class::Unknown,
    }
}

/// What a device is, by its own words first, then by what its switch heard of it.
fn class(facts: &Facts) -> (Class, Option<Evidence>) {
    let seen = |class: Class, source: &str, text: String, at: Timestamp| {
        let evidence = Evidence { source: source.to_owned(), text, grade: Grade::Strong, observed_at: at, maker: None };
        (class, Some(evidence))
    };
    if let Some((information, at)) = facts.said() {
        let model = information.model.as_str();
        let upper = model.to_uppercase();
        let starts = |heads: &[&str]| heads.iter().any(|head| upper.starts_with(head));
        let says = |words: &[&str]| words.iter().any(|word| upper.contains(word));
        let found = if starts(&["DS-K", "VTO", "VTH", "DH-VTO", "DHI-VTO", "ASI", "ASC"]) || says(&["INTERCOM"]) {
            Some(Class::Intercom)
        } else if says(&["NVR", "DVR", "XVR", "RECORDER", "DIVAR"]) || starts(&["DS-7", "DS-8", "DS-9", "XRN-", "RLN"])
        {
            Some(Class::Recorder)
        } else if says(&["ENCODER"]) {
            Some(Class::Encoder)
        } else {
            None
        };
        if let Some(class) = found {
            return seen(class, "model", format!("model '{model}'"), at);
        }
    }
    for (announcement, at) in &facts.announced {
        let class = announced_class(announcement.kind.as_str());
        if class != Class::Unknown {
            let source = announcement.protocol.to_string().to_lowercase();
            return seen(class, &source, format!("it calls itself '{}'", announcement.kind), *at);
        }
    }
    if let Some(at) = facts.onvif {
        return seen(Class::Camera, "onvif", "it answers as an ONVIF device".to_owned(), at);
    }
    if let Some((description, capabilities, at)) = &facts.neighbour {
        if description.as_str().to_lowercase().contains("network camera") {
            return seen(Class::Camera, "lldp", format!("its switch heard '{description}'"), *at);
        }
        let telling = ["telephone", "bridge", "router", "wlan-ap"];
        if let Some(capability) = capabilities.iter().find(|capability| telling.contains(&capability.as_str())) {
            return seen(Class::Other, "lldp", format!("its switch heard that it is a {capability}"), *at);
        }
    }
    (Class::Unknown, None)
}

/// Weighs what is known of a device.
pub(super) fn attribute(catalogue: &Catalogue, facts: &Facts) -> Attribution {
    let mut ledger = Ledger::default();
    if let Some((said, at)) = &facts.information {
        information(&mut ledger, catalogue, said, *at);
    }
    announcements(&mut ledger, catalogue, facts);
    marks(&mut ledger, catalogue, facts);
    scopes(&mut ledger, catalogue, facts);
    prefix(&mut ledger, catalogue, facts);
    let Ledger { mut evidence, brand } = ledger;
    evidence
        .sort_by(|a, b| b.grade.cmp(&a.grade).then_with(|| a.source.cmp(&b.source)).then_with(|| a.text.cmp(&b.text)));

    let (maker, verdict) = weigh(catalogue, &evidence);
    let (class, why) = class(facts);
    evidence.extend(why);
    let surveillance = match class {
        Class::Camera | Class::Recorder | Class::Encoder => Surveillance::Yes,
        Class::Other => Surveillance::No,
        // No text says whether a video intercom counts: a person must.
        Class::Intercom | Class::Unknown => Surveillance::Unknown,
    };
    Attribution {
        name: maker.map(|maker| maker.name.clone()).unwrap_or_default(),
        brand: brand.filter(|brand| maker.is_none_or(|maker| maker.name != *brand)),
        maker: maker.map(|maker| maker.id.clone()),
        verdict,
        class,
        surveillance,
        evidence,
    }
}

/// Adds up the marks by family (a maker and those it controls).
fn weigh<'a>(catalogue: &'a Catalogue, evidence: &[Evidence]) -> (Option<&'a Maker>, Verdict) {
    let mut families: BTreeMap<MakerId, (u32, BTreeMap<MakerId, u32>)> = BTreeMap::new();
    let mut sources: Vec<(&str, &MakerId)> = Vec::new();
    for mark in evidence {
        let weight = match mark.grade {
            Grade::Strong => 2,
            Grade::Mark => 1,
            Grade::Hint => continue,
        };
        let Some(maker) = mark.maker.as_ref().and_then(|id| catalogue.maker(id)) else { continue };
        // The same kind of mark twice is one mark: only independent ones add up.
        if sources.contains(&(mark.source.as_str(), &maker.id)) {
            continue;
        }
        if let Some(id) = mark.maker.as_ref() {
            sources.push((mark.source.as_str(), id));
        }
        let family = families.entry(maker.parent.clone().unwrap_or_else(|| maker.id.clone())).or_default();
        family.0 += weight;
        *family.1.entry(maker.id.clone()).or_default() += weight;
    }
    let prc = |id: &MakerId| catalogue.maker(id).is_some_and(|maker| maker.jurisdiction == Jurisdiction::Prc);
    // On a tie the one that a person must look at goes first.
    let Some((root, (weight, members))) = families.iter().max_by_key(|(id, (weight, _))| (*weight, prc(id))) else {
        return (None, Verdict::Unknown);
    };
    let contradicted =
        families.iter().any(|(id, (other, _))| id != root && (*other >= *weight || (prc(id) && !prc(root))));
    let verdict = if *weight >= 2 && !contradicted { Verdict::Confirmed } else { Verdict::Suspected };
    let strongest = members.iter().max_by_key(|(id, weight)| (**weight, *id == root)).map(|(id, _)| id);
    (strongest.and_then(|id| catalogue.maker(id)), verdict)
}
