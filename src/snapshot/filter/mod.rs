//! Filter words: `maker:dahua site:hq status:restricted network:core !accepted vlan:10-20 since:7d`.
//!
//! All words must hold; `!` turns one round; a word without a field is looked for in every text of the row. `all` lets
//! everything through, also where a view leaves out what is no surveillance equipment.

mod complete;
mod words;

use std::collections::BTreeMap;
use std::time::Duration;

pub use complete::{Candidate, Completion, Known};

use super::{DeviceRow, SiteRow, word as word_of};
use crate::net::{MacAddr, SiteId, Timestamp, VlanRange};
use crate::review::Finding;

/// Where a finding stands.
const STATES: [&str; 7] = ["open", "remove-by", "isolate-by", "replace-by", "accepted", "not-in-scope", "closed"];

/// A field of a row.
struct Field {
    name: &'static str,
    /// The words it takes; none listed: any text.
    values: &'static [&'static str],
    /// What it is of a row, and how a value is matched.
    says: &'static str,
}

const fn field(name: &'static str, values: &'static [&'static str], says: &'static str) -> Field {
    Field { name, values, says }
}

/// The fields.
const FIELDS: [Field; 24] = [
    field("maker", &[], "who made it: a part of the name"),
    field("brand", &[], "the name on it: a part of it"),
    field("model", &[], "its model: a part of it"),
    field("class", &["camera", "recorder", "encoder", "intercom", "other", "unknown"], "what kind of device it is"),
    field("surveillance", &["yes", "no", "unknown"], "whether it is surveillance equipment"),
    field("site", &[], "where it is: the site's id"),
    field("site.sensitivity", &["sensitive", "standard"], "what kind of site it is at"),
    field("network", &[], "its network: an id or a kind"),
    field("status", &["restricted", "suspected", "unknown", "not-restricted"], "what the policies say of it"),
    field("verdict", &["confirmed", "suspected", "unknown"], "how sure its maker is"),
    field("certainty", &["direct", "shared", "beyond", "unknown"], "how sure its port is"),
    field("severity", &["breach", "action", "review", "info"], "how grave the finding is"),
    field("policy", &[], "whose rule is broken: the pack's id"),
    field("rule", &[], "which rule is broken"),
    field("state", &STATES, "where the finding stands"),
    field("assignee", &[], "who deals with the finding: a part of the name"),
    field("tag", &[], "a tag on the finding"),
    field("switch", &[], "the switch it is on: a part of the name"),
    field("port", &[], "the port it is on: a part of the name"),
    field("vlan", &[], "its VLAN: 10, 10-20 or unknown"),
    field("mac", &[], "its MAC address: how it begins"),
    field("ip", &[], "its IP address: how it begins"),
    field("serial", &[], "its serial number: a part of it"),
    field("entry", &[], "the register's entry: a part of it"),
];

/// Fields that are matched by any part of what a row says.
const BY_PART: [&str; 8] = ["maker", "brand", "model", "switch", "port", "serial", "entry", "assignee"];
/// Fields that are matched by how that begins.
const BY_START: [&str; 2] = ["mac", "ip"];

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    /// Whatever it is, also what a view leaves out of itself.
    All,
    /// Any text of the row holds it.
    Any(String),
    Field(&'static str, String),
    Vlan(VlanRange),
    Since(Duration),
}

/// Filter words, read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Each with whether it is turned round.
    pub(super) words: Vec<(bool, Word)>,
}

/// What is wrong with filter words, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// Offset of the word in the text, in octets.
    pub at: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Whether a text holds another, whatever its case; `part` is in lower case.
pub(super) fn contains(text: &str, part: &str) -> bool {
    // Nearly every text is ASCII: nothing need be allocated.
    if !text.is_ascii() {
        return text.to_lowercase().contains(part);
    }
    if text.bytes().all(|octet| !octet.is_ascii_uppercase()) {
        return text.contains(part);
    }
    part.is_empty() || text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.len().checked_sub(1)?);
    let seconds = match unit {
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

fn read(word: &str) -> Result<Word, String> {
    let Some((field, value)) =
        word.split_once(':').filter(|(field, _)| field.chars().all(|c| c.is_ascii_alphabetic() || c == '.'))
    else {
        // A decision's state is so often asked for that it needs no field.
        let lower = word.to_lowercase();
        if lower == "all" {
            return Ok(Word::All);
        }
        let state = STATES.into_iter().find(|state| *state == lower);
        return Ok(state.map_or_else(|| Word::Any(lower.clone()), |_| Word::Field("state", lower.clone())));
    };
    let value = value.to_lowercase();
    if field == "since" {
        return duration(&value).map(Word::Since).ok_or_else(|| format!("'{value}' is no span: 30m, 12h, 7d, 4w"));
    }
    let Some(Field { name: field, values, .. }) = FIELDS.iter().find(|known| known.name == field) else {
        let names: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
        return Err(format!("there is no field '{field}'; there are {}, since", names.join(", ")));
    };
    if value.is_empty() {
        return Err(format!("'{field}:' needs a value"));
    }
    if *field == "vlan" && value != "unknown" {
        return value.parse().map(Word::Vlan);
    }
    if !values.is_empty() && !values.contains(&value.as_str()) {
        return Err(format!("'{value}' is no {field}; there are {}", values.join(", ")));
    }
    // A whole address in any notation; of a part, how an address is written here.
    let mac = value.parse::<MacAddr>().ok().filter(|_| *field == "mac");
    Ok(Word::Field(field, mac.map_or(value, |mac| mac.to_string())))
}

impl Filter {
    /// Reads filter words; an empty text lets everything through.
    ///
    /// # Errors
    /// An unknown field or value, with its place.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut words = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
            let at = text.len() - rest.len() + start;
            let word: &str = rest.get(start..).unwrap_or_default();
            let end = word.find(char::is_whitespace).unwrap_or(word.len());
            let (word, after) = word.split_at(end);
            let (negated, bare) = word.strip_prefix('!').map_or((false, word), |bare| (true, bare));
            words.push((negated, read(bare).map_err(|message| FilterError { at, message })?));
            rest = after;
        }
        Ok(Self { words })
    }

    /// Whether what is no surveillance equipment is asked for too: by `all`, by what it is, or by an address.
    #[must_use]
    pub fn asks_for_all(&self) -> bool {
        let asks = |word: &Word| match word {
            Word::All => true,
            Word::Field(field, _) => ["class", "surveillance", "mac", "ip", "serial"].contains(field),
            _ => false,
        };
        self.words.iter().any(|(negated, word)| !negated && asks(word))
    }

    /// Whether a device passes.
    #[must_use]
    pub fn device(&self, row: &DeviceRow, sites: &BTreeMap<SiteId, SiteRow>, now: Timestamp) -> bool {
        self.words.iter().all(|(negated, word)| holds(word, None, Some(row), sites, now) != *negated)
    }

    /// Whether a site passes: by its id and its sensitivity, a word without a field by its id and its name.
    #[must_use]
    pub fn site(&self, row: &SiteRow) -> bool {
        let holds = |word: &Word| match word {
            Word::All => true,
            Word::Any(text) => {
                row.id.to_string().to_lowercase().contains(text) || row.name.to_lowercase().contains(text)
            }
            Word::Field("site", id) => row.id.to_string().to_lowercase() == *id,
            Word::Field("site.sensitivity", value) => word_of(&row.sensitivity) == *value,
            _ => false,
        };
        self.words.iter().all(|(negated, word)| holds(word) != *negated)
    }

    /// Whether what passes can be at a site: words that say nothing of sites let all through.
    #[must_use]
    pub fn may_be_at(&self, row: &SiteRow) -> bool {
        let of_sites = |word: &Word| matches!(word, Word::Field("site" | "site.sensitivity", _));
        let words = self.words.iter().filter(|(_, word)| of_sites(word)).cloned().collect();
        Self { words }.site(row)
    }

    /// Whether a finding passes, by its own fields and those of its device where it is about one.
    #[must_use]
    pub fn finding(
        &self,
        finding: &Finding,
        device: Option<&DeviceRow>,
        sites: &BTreeMap<SiteId, SiteRow>,
        now: Timestamp,
    ) -> bool {
        self.words.iter().all(|(negated, word)| holds(word, Some(finding), device, sites, now) != *negated)
    }
}

fn holds(
    word: &Word,
    finding: Option<&Finding>,
    device: Option<&DeviceRow>,
    sites: &BTreeMap<SiteId, SiteRow>,
    now: Timestamp,
) -> bool {
    let place = finding.map(|finding| &finding.place).or(device.map(|device| &device.place));
    let site = place.and_then(|place| place.site.as_ref());
    match word {
        Word::Vlan(range) => place.and_then(|place| place.vlan).is_some_and(|vlan| range.contains(vlan)),
        Word::Since(span) => {
            let since = finding.map(|finding| finding.since).or(device.map(|device| device.first_seen));
            since.is_some_and(|since| now.since(since) <= *span)
        }
        Word::All => true,
        Word::Any(text) => FIELDS
            .iter()
            .any(|field| values(field.name, finding, device, site, sites).iter().any(|value| value.contains(text))),
        Word::Field(field, wanted) => {
            let found = values(field, finding, device, site, sites);
            // Names are matched by any part of them, words of a list only whole.
            match *field {
                field if BY_PART.contains(&field) => found.iter().any(|value| value.contains(wanted)),
                field if BY_START.contains(&field) => found.iter().any(|value| value.starts_with(wanted)),
                _ => found.contains(wanted),
            }
        }
    }
}

/// What a row says in a field, in lower case.
fn values(
    field: &str,
    finding: Option<&Finding>,
    device: Option<&DeviceRow>,
    site: Option<&SiteId>,
    sites: &BTreeMap<SiteId, SiteRow>,
) -> Vec<String> {
    let place = finding.map(|finding| &finding.place).or(device.map(|device| &device.place));
    let of_device = |value: fn(&DeviceRow) -> String| device.map(value).into_iter().collect::<Vec<_>>();
    let found = match field {
        "maker" => device.map_or_else(Vec::new, |row| {
            row.maker.iter().map(ToString::to_string).chain([row.maker_name.clone()]).collect()
        }),
        "brand" => device.and_then(|row| row.brand.clone()).into_iter().collect(),
        "model" => of_device(|row| row.model.to_string()),
        "class" => of_device(|row| word_of(&row.class)),
        "surveillance" => of_device(|row| word_of(&row.surveillance)),
        "status" => of_device(|row| word_of(&row.status)),
        "verdict" => of_device(|row| word_of(&row.verdict)),
        "serial" => of_device(|row| row.serial.to_string()),
        "mac" => device.and_then(|row| row.mac).map(|mac| mac.to_string()).into_iter().collect(),
        "ip" => device.map_or_else(Vec::new, |row| row.ips.iter().map(ToString::to_string).collect()),
        "site" => site.map(ToString::to_string).into_iter().collect(),
        "site.sensitivity" => {
            site.and_then(|id| sites.get(id)).map(|site| word_of(&site.sensitivity)).into_iter().collect()
        }
        "network" => match place {
            Some(place) if place.network.is_some() => place
                .network
                .iter()
                .map(ToString::to_string)
                .chain(place.network_kind.map(|kind| word_of(&kind)))
                .collect(),
            _ => vec!["unclassified".to_owned()],
        },
        "certainty" => place.map(|place| word_of(&place.certainty)).into_iter().collect(),
        "switch" => place.and_then(|place| place.switch.as_ref()).map(ToString::to_string).into_iter().collect(),
        "port" => place.and_then(|place| place.port.as_ref()).map(ToString::to_string).into_iter().collect(),
        "vlan" => {
            vec![place.and_then(|place| place.vlan).map_or_else(|| "unknown".to_owned(), |vlan| vlan.to_string())]
        }
        "severity" => finding.map(|finding| word_of(&finding.severity)).into_iter().collect(),
        "policy" => finding.map(|finding| finding.policy.to_string()).into_iter().collect(),
        "rule" => finding.map(|finding| finding.rule.to_string()).into_iter().collect(),
        "entry" => finding.and_then(|finding| finding.subject.entry()).map(ToString::to_string).into_iter().collect(),
        "state" => finding.map(|finding| word_of(&finding.state)).into_iter().collect(),
        "assignee" => finding.and_then(|finding| finding.handling.assignee.clone()).into_iter().collect(),
        "tag" => finding.into_iter().flat_map(|finding| finding.handling.tags.iter().cloned()).collect(),
        _ => Vec::new(),
    };
    found.into_iter().map(|value: String| value.to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{NetworkKind, Sensitivity};
    use crate::inventory::Place;
    use crate::maker::{Class, Surveillance, Verdict};
    use crate::net::{DeviceId, DeviceText, VlanId};
    use crate::policy::Status;

    const NOW: Timestamp = Timestamp(1_795_500_000_000);

    fn row() -> DeviceRow {
        DeviceRow {
            id: DeviceId(1),
            mac: "44:19:b6:01:02:03".parse().ok(),
            ips: vec!["10.1.0.77".parse().unwrap()],
            class: Class::Camera,
            surveillance: Surveillance::Yes,
            maker: Some("hikvision".into()),
            maker_name: "Hikvision".into(),
            verdict: Verdict::Confirmed,
            brand: None,
            model: "DS-2CD2386".into(),
            firmware: DeviceText::default(),
            serial: "S1".into(),
            hostname: None,
            place: Place {
                site: Some("hq".into()),
                vlan: VlanId::new(15),
                network: Some("hq-core".into()),
                network_kind: Some(NetworkKind::Core),
                ..Place::default()
            },
            status: Status::Restricted,
            first_seen: NOW.minus(Duration::from_secs(6 * 86_400)),
            appeared: None,
            last_seen: NOW,
            registered: None,
        }
    }

    fn passes(words: &str) -> bool {
        let hq = SiteRow { id: "hq".into(), name: "HQ".into(), sensitivity: Sensitivity::Sensitive, basis: None };
        Filter::parse(words).unwrap().device(&row(), &[(hq.id.clone(), hq)].into(), NOW)
    }

    #[test]
    fn words_hold_together_and_turn_round() {
        let good = "maker:hik site:hq site.sensitivity:sensitive status:restricted network:core vlan:10-20 since:7d !class:recorder";
        for words in [
            "",
            good,
            "network:hq-core",
            "ds-2cd",
            "10.1.0",
            "mac:44:19:b6",
            "mac:4419.b601.0203",
            "ip:10.1.",
            "!nothing-like-it",
        ] {
            assert!(passes(words), "{words}");
        }
        for words in [
            "maker:dahua",
            "!maker:hik",
            "vlan:16-20",
            "since:5d",
            "status:suspected",
            "network:unclassified",
            "!network:core",
            "open",
        ] {
            assert!(!passes(words), "{words}");
        }
    }

    #[test]
    fn a_bad_word_is_named_with_its_place() {
        let cases = [
            ("maker:x colour:red", 8, "no field 'colour'"),
            ("status:clean", 0, "there are restricted, suspected"),
            ("a since:soon", 2, "is no span"),
            ("vlan:9-1", 0, "runs backwards"),
            ("site:", 0, "needs a value"),
        ];
        for (words, at, part) in cases {
            let error = Filter::parse(words).unwrap_err();
            assert!(error.at == at && error.message.contains(part), "{words}: {error:?}");
        }
    }
}
