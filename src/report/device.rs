//! The dossier of one device: all that is known of it, by what, and who decided what.

use serde_json::Value;

use super::cells::{FACTS, NOT_KNOWN, fact, spelled};
use super::paper::{Frame, Paper, Row, Sheet};
use crate::inventory::{AddressBinding, Device, FormerPlace, Place, Presence, Registered};
use crate::net::text::clean;
use crate::net::{DeviceText, Timestamp};
use crate::policy::Status;
use crate::review::{Decision, DecisionKind, Finding, FindingState};

/// All that is known of one device.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    /// Its record.
    pub device: &'a Device,
    /// Its count word.
    pub status: Status,
    /// Last seen.
    pub last_seen: Timestamp,
    /// What a register says of when it was installed.
    pub registered: Option<&'a Registered>,
    /// Its findings, closed ones too.
    pub findings: &'a [Finding],
    /// Every decision ever made on them and on it, oldest first.
    pub decisions: &'a [Decision],
    /// Where it was seen, newest first, each with when it went.
    pub presence: &'a [(Presence, Option<Timestamp>)],
    /// Its address bindings, likewise.
    pub addresses: &'a [(AddressBinding, Option<Timestamp>)],
    /// Rows of the log about it, newest first.
    pub entries: Vec<Entry>,
    /// Rows of the log about it, in all.
    pub entry_count: usize,
}

/// A row of the change log, as an auditor finds it in an export.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its number.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What kind.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// Its hash, lower-case hex.
    pub hash: String,
}

impl Known<'_> {
    /// What it is called in a title: its MAC address, else an address, else its number.
    pub(super) fn name(&self, frame: &Frame<'_>) -> String {
        let device = self.device;
        let mac = device.mac.map(|mac| frame.names.name("mac", &mac.to_string()));
        let ip = device.ips.first().map(|ip| frame.names.name("ip", &ip.to_string()));
        mac.or(ip).unwrap_or_else(|| format!("number {}", device.id))
    }

    /// Whether a decision is the one that holds for its finding, or for the device.
    pub(super) fn holds(&self, decision: &Decision) -> bool {
        let of_finding = self.findings.iter().any(|finding| {
            finding.state != FindingState::Closed
                && finding.decision.as_ref().is_some_and(|it| it.at == decision.at && it.matter == decision.matter)
        });
        let said = self.device.facts.overruling.as_ref();
        of_finding
            || (matches!(decision.kind, DecisionKind::Overrule { .. })
                && said.is_some_and(|said| said.holds() && said.at == decision.at))
    }

    /// It is that device, by its own words and others': who says each.
    pub(super) fn identity(&self, frame: &Frame<'_>) -> Vec<Row> {
        let (device, names) = (self.device, &frame.names);
        let attribution = &device.attribution;
        let first = frame.moment(Some(device.first_seen));
        let said = device.facts.said();
        let own = |text: Option<&DeviceText>, kind: &str| {
            let text = text.map(DeviceText::as_str).unwrap_or_default();
            let serial = said.map(|(said, _)| said.serial.as_str()).unwrap_or_default();
            let host = device.hostname.as_ref().map(DeviceText::as_str).unwrap_or_default();
            let tells = [serial, host].iter().any(|own| !own.is_empty() && text.contains(own));
            match kind {
                "" if tells && names.are_redacted() => names.words(text),
                "" => clean(text),
                kind => names.name(kind, text),
            }
        };
        let by = if device.facts.information.is_some() { "ONVIF" } else { "its maker's discovery" };
        let since = frame.moment(said.map(|(_, at)| at));
        let of_itself = |field: &str, text: String| {
            let (by, since) = if text.is_empty() { ("", Value::Null) } else { (by, since.clone()) };
            fact(field, text, by, since)
        };
        let ips: Vec<String> = device.ips.iter().map(|ip| names.name("ip", &ip.to_string())).collect();
        let maker = match attribution.name.as_str() {
            "" => String::new(),
            name => format!("{} ({})", clean(name), crate::snapshot::word(&attribution.verdict)),
        };
        let mut rows = vec![
            fact(
                "MAC address",
                device.mac.map(|mac| names.name("mac", &mac.to_string())).unwrap_or_default(),
                "forwarding tables",
                first.clone(),
            ),
            fact("IP addresses", ips.join(" "), "address tables, its own answers", Value::Null),
            fact("class", crate::snapshot::word(&attribution.class), "evidence", Value::Null),
            fact("surveillance equipment", crate::snapshot::word(&attribution.surveillance), "evidence", Value::Null),
            fact("maker", maker, "evidence", Value::Null),
            fact("brand", clean(attribution.brand.as_deref().unwrap_or_default()), "evidence", Value::Null),
            of_itself("model", own(said.map(|(said, _)| &said.model), "")),
            of_itself("firmware", own(said.map(|(said, _)| &said.firmware), "")),
            of_itself("hardware", own(said.map(|(said, _)| &said.hardware), "")),
            of_itself("serial number", own(said.map(|(said, _)| &said.serial), "serial")),
            fact("host name", own(device.hostname.as_ref(), "host"), "itself", Value::Null),
            fact("count word", crate::snapshot::word(&self.status), "the policies in force", Value::Null),
            fact("first seen", frame.minute(device.first_seen), "observed", Value::Null),
            fact("last seen", frame.minute(self.last_seen), "observed", Value::Null),
        ];
        let appeared = device.appeared.map(|at| frame.minute(at));
        let came = appeared.unwrap_or_else(|| "not known: it was there when its place was first looked at".to_owned());
        rows.push(fact("came", came, "observed", Value::Null));
        let register = self.registered.map(|it| (it.installed.to_string(), names.name("register", &it.register)));
        let (day, register) = register.unwrap_or_default();
        let source = if register.is_empty() { String::new() } else { format!("statement of register {register}") };
        rows.push(fact("installed, a register says", day, &source, Value::Null));
        rows.extend(device.facts.overruling.as_ref().map(|said| {
            let holds = if said.holds() { "holds until" } else { "no longer holds; was said until" };
            let words = names.words(&format!("{}: {}", said.claim, said.reason));
            let who = frame.person(&said.author);
            let who = who.as_str().unwrap_or_default();
            fact("overruled", format!("{words}; {holds} {}", said.until), who, frame.moment(Some(said.at)))
        }));
        rows
    }

    /// What speaks for maker and class.
    pub(super) fn evidence<'s>(&self, frame: &Frame<'_>) -> Sheet<'s> {
        let names = &frame.names;
        let rows = self.device.attribution.evidence.iter().map(|mark| {
            // A register may be called by its site.
            let own = mark.source.starts_with("register ");
            let source = if own { names.words(&mark.source) } else { clean(&mark.source) };
            let maker = mark.maker.as_ref().map(|maker| clean(maker.as_str()).into()).unwrap_or_default();
            let words = names.words(&mark.text).into();
            vec![spelled(&mark.grade), source.into(), words, maker, frame.moment(Some(mark.observed_at))]
        });
        const COLUMNS: &[&str] = &["grade", "source", "text", "speaks_for", "since"];
        Sheet::of(("evidence", "Evidence for maker and class"), COLUMNS, rows.collect())
            .or("None: nothing it sent speaks for a maker. Unknown is not clean.")
    }
}

/// Where it is, and why that is believed.
fn place(frame: &Frame<'_>, place: &Place) -> Vec<Row> {
    let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
    let network = match &place.network {
        Some(network) => {
            let kind = place.network_kind.as_ref().map(crate::snapshot::word).unwrap_or_default();
            format!("{} ({kind})", frame.names.name("network", network.as_str()))
        }
        None => "unclassified: no [[network]] has it".to_owned(),
    };
    let site = place.site.as_ref().map(|site| {
        let of = frame.snapshot.sites.get(site).map(|row| crate::snapshot::word(&row.sensitivity)).unwrap_or_default();
        format!("{} ({of})", frame.names.name("site", site.as_str()))
    });
    let rest = || Value::Null;
    let mut rows = vec![
        fact("site", site.unwrap_or_default(), "its switch, or the addresses of the site", rest()),
        fact("switch", text(frame.called("switch", place.switch.as_ref())), "forwarding tables", rest()),
        fact("port", text(frame.port_of(place.switch.as_ref(), place.port.as_ref())), "forwarding tables", rest()),
        fact("VLAN", text(frame.called("vlan", place.vlan.as_ref())), "forwarding tables", rest()),
        fact("network", network, "configuration", rest()),
        fact("certainty", crate::snapshot::word(&place.certainty), "topology", rest()),
        fact("confidence", format!("{:.2} of 1", place.confidence.value()), "the reasons below", rest()),
        fact("there since", frame.minute(place.since), "observed", rest()),
    ];
    rows.extend(place.gone.map(|gone| fact("observed without it since", frame.minute(gone), "observed", rest())));
    rows.extend(place.reasons.iter().map(|reason| fact("reason", frame.names.words(reason), "", rest())));
    rows.extend(place.rivals.iter().map(|rival| {
        let port = text(frame.port_of(Some(&rival.switch), Some(&rival.port)));
        let on = format!("{} {port}", frame.names.name("switch", rival.switch.as_str()));
        fact("shown just as well on", on, "forwarding tables", frame.moment(Some(rival.since)))
    }));
    rows
}

/// Where it was before, the latest first.
fn moves<'s>(frame: &Frame<'_>, place: &Place) -> Sheet<'s> {
    const COLUMNS: &[&str] = &["site", "switch", "port", "vlan", "network", "since", "gone"];
    let row = |former: &FormerPlace| {
        vec![
            frame.site(former.site.as_ref()),
            frame.called("switch", Some(&former.switch)),
            frame.port_of(Some(&former.switch), former.port.as_ref()),
            frame.called("vlan", former.vlan.as_ref()),
            frame.called("network", former.network.as_ref()),
            frame.moment(Some(former.since)),
            frame.moment(Some(former.until)),
        ]
    };
    let before = std::iter::successors(place.before.as_deref(), |former| former.before.as_deref());
    Sheet::of(("moves", "Where it was before"), COLUMNS, before.map(row).collect()).or("It was never placed elsewhere.")
}

fn seen<'s>(frame: &Frame<'_>, known: &Known<'_>) -> [Sheet<'s>; 2] {
    let presence = known.presence.iter().map(|(row, gone)| {
        vec![
            frame.called("switch", Some(&row.switch)),
            frame.port_of(Some(&row.switch), Some(&row.port)),
            frame.called("vlan", row.vlan.as_ref()),
            frame.moment(Some(row.first_seen)),
            frame.moment(*gone),
        ]
    });
    let addresses = known.addresses.iter().map(|(row, gone)| {
        vec![
            frame.called("switch", Some(&row.switch)),
            frame.called("ip", Some(&row.ip)),
            frame.called("vrf", row.vrf.as_ref()),
            frame.moment(Some(row.first_seen)),
            frame.moment(*gone),
        ]
    });
    const PRESENCE: &[&str] = &["switch", "port", "vlan", "since", "gone"];
    const ADDRESSES: &[&str] = &["switch", "ip", "vrf", "since", "gone"];
    [
        Sheet::of(
            ("seen", "Forwarding tables that showed it, 100 at most, the latest first"),
            PRESENCE,
            presence.collect(),
        )
        .or("No switch ever showed it."),
        Sheet::of(
            ("addresses", "Address tables that had it, 100 at most, the latest first"),
            ADDRESSES,
            addresses.collect(),
        )
        .or("No address table ever had it."),
    ]
}

/// Rows of the log about it.
fn log<'s>(frame: &Frame<'_>, known: &Known<'_>) -> Sheet<'s> {
    const COLUMNS: &[&str] = &["change", "at", "kind", "subject", "hash"];
    let row = |entry: &Entry| {
        let head = [entry.seq.into(), frame.moment(Some(entry.at)), clean(&entry.kind).into()];
        head.into_iter().chain([clean(&entry.subject).into(), clean(&entry.hash).into()]).collect()
    };
    let more = known.entry_count.saturating_sub(known.entries.len());
    let note = match more {
        0 => "Each row with its hash, as 'lenswarden audit export' has it.".to_owned(),
        more => format!("The latest, each with its hash; {more} earlier ones are in 'lenswarden audit export'."),
    };
    Sheet::of(("log", "Rows of the change log"), COLUMNS, known.entries.iter().map(row).collect()).noting(note)
}

/// The dossier.
#[must_use]
pub fn dossier<'a>(frame: &'a Frame<'a>, known: &Known<'a>) -> Paper<'a> {
    let device = known.device;
    let open = known.findings.iter().filter(|finding| finding.state == FindingState::Open).count();
    let standing = known.findings.iter().filter(|finding| finding.state != FindingState::Closed).count();
    let maker = match device.attribution.name.as_str() {
        "" => NOT_KNOWN.to_owned(),
        name => clean(name),
    };
    let decided = |decision: &&Decision| !matches!(decision.kind, DecisionKind::Note { .. });
    let [seen, addresses] = seen(frame, known);
    Paper {
        terms: frame.terms(),
        summary: vec![
            ("device", format!("{}, number {}", known.name(frame), device.id)),
            ("maker", format!("{maker}, {}", crate::snapshot::word(&device.attribution.verdict))),
            ("count word", crate::snapshot::word(&known.status)),
            (
                "findings",
                format!("{standing} stand, {open} of them wait for a decision; {} in all", known.findings.len()),
            ),
        ],
        fields: vec![("device", device.id.0.into()), ("status", spelled(&known.status))],
        sheets: vec![
            Sheet::of(("identity", "What it is"), FACTS, known.identity(frame)),
            known.evidence(frame),
            Sheet::of(("place", "Where it is"), FACTS, place(frame, &device.place)),
            moves(frame, &device.place),
            seen,
            addresses,
            frame.findings("Findings", known.findings.iter()),
            frame.decisions(("decisions", "Decisions, oldest first"), known.decisions.iter().filter(decided), |it| {
                known.holds(it)
            }),
            frame.notes(known.decisions.iter()),
            log(frame, known),
        ],
        ..frame.paper("lenswarden-device", format!("Device {}: dossier", known.name(frame)))
    }
}
