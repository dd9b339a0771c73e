//! The return's tables. A row is made when it is written: three hundred thousand of them are never held at once.

use serde_json::{Value, json};

use super::{Handed, Names};
use crate::net::text::clean;
use crate::net::{DeviceText, PortName, SiteId, Timestamp};
use crate::policy::Policies;
use crate::review::Finding;
use crate::snapshot::{Changed, DeviceRow, Item, SiteReturn, word};

/// Rows of cells: text, numbers, or nothing.
type Rows<'a> = Box<dyn Iterator<Item = Vec<Value>> + 'a>;

/// One table of the return.
pub struct Sheet<'a> {
    /// Its name in files and JSON.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// Its columns, as JSON and CSV name them.
    pub columns: &'static [&'static str],
    /// Those that are shown to people.
    pub brief: &'static [&'static str],
    /// How many rows it has.
    pub count: usize,
    rows: Box<dyn Fn() -> Rows<'a> + 'a>,
}

impl std::fmt::Debug for Sheet<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sheet").field("name", &self.name).field("count", &self.count).finish_non_exhaustive()
    }
}

impl<'a> Sheet<'a> {
    fn new<T: 'a, I>(
        (name, title): (&'static str, &'static str),
        columns: &'static [&'static str],
        brief: &'static [&'static str],
        items: I,
        row: impl Fn(&T) -> Vec<Value> + Copy + 'a,
    ) -> Self
    where
        I: ExactSizeIterator<Item = &'a T> + Clone + 'a,
    {
        let count = items.len();
        Self { name, title, columns, brief, count, rows: Box::new(move || Box::new(items.clone().map(row))) }
    }

    /// Its rows, from the first one.
    #[must_use]
    pub fn rows(&self) -> Rows<'_> {
        (self.rows)()
    }

    /// The first rows as people are shown them, and how many more there are.
    pub(super) fn brief(&self, most: usize) -> (Vec<Vec<String>>, usize) {
        let at: Vec<Option<usize>> =
            self.brief.iter().map(|name| self.columns.iter().position(|column| column == name)).collect();
        let cell = |row: &[Value], (at, name): (&Option<usize>, &&str)| {
            let text = match at.and_then(|at| row.get(at)) {
                Some(Value::Bool(true)) => "yes".to_owned(),
                Some(Value::Bool(false)) => "no".to_owned(),
                value => value.map(text).unwrap_or_default(),
            };
            if MOMENTS.contains(name) { shortened(&text) } else { text }
        };
        let cells = |row: Vec<Value>| at.iter().zip(self.brief).map(|of| cell(&row, of)).collect::<Vec<_>>();
        (self.rows().take(most).map(cells).collect(), self.count.saturating_sub(most))
    }
}

/// A moment as people read it: to the minute.
pub(super) fn shortened(moment: &str) -> String {
    moment.get(..16).unwrap_or(moment).replace('T', " ")
}

/// A cell as text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

const DEVICE: &[&str] = &[
    "site",
    "site_name",
    "device",
    "class",
    "maker",
    "brand",
    "model",
    "firmware",
    "serial",
    "mac",
    "ip",
    "status",
    "switch",
    "port",
    "vlan",
    "network",
    "certainty",
    "since",
    "installed",
    "first_seen",
    "last_seen",
    "finding",
    "rule",
    "state",
    "decision",
    "until",
];
const DEVICE_BRIEF: &[&str] = &[
    "site",
    "maker",
    "model",
    "status",
    "switch",
    "port",
    "vlan",
    "network",
    "since",
    "installed",
    "decision",
    "until",
];
const SITES: &[&str] = &[
    "site",
    "site_name",
    "sensitivity",
    "basis",
    "standing",
    "surveillance",
    "restricted",
    "suspected",
    "unknown",
    "not_restricted",
    "on_core",
    "set_apart",
    "open",
    "overdue",
    "enough_looked_at",
];
const SITES_BRIEF: &[&str] = &[
    "site",
    "site_name",
    "sensitivity",
    "standing",
    "restricted",
    "suspected",
    "unknown",
    "not_restricted",
    "on_core",
    "open",
    "overdue",
    "enough_looked_at",
];
const STANDARD: &[&str] = &[
    "site",
    "site_name",
    "considered",
    "answer",
    "reason",
    "by",
    "at",
    "decided",
    "waiting",
    "restricted",
    "suspected",
];
const NETWORKS: &[&str] = &["network", "kind", "site", "restricted", "suspected", "unknown", "not_restricted"];
const MAKERS: &[&str] =
    &["maker", "status", "devices", "at_sensitive_sites", "at_standard_sites", "on_core", "open", "overdue"];
const CONTROLS: &[&str] = &[
    "finding",
    "site",
    "rule",
    "severity",
    "maker",
    "mac",
    "state",
    "decision",
    "until",
    "reason",
    "control",
    "by",
    "at",
    "network_kind",
];
const CONTROLS_BRIEF: &[&str] =
    &["finding", "site", "rule", "maker", "decision", "until", "reason", "control", "by", "at", "network_kind"];
const COVERAGE: &[&str] = &["site", "factor", "seen", "expected", "percent", "oldest_look", "enough", "doubts"];
const CHANGES: &[&str] = &["at", "what", "site", "device", "mac", "maker", "status", "finding", "rule", "state"];
/// Columns that hold moments.
const MOMENTS: &[&str] = &["since", "first_seen", "last_seen", "at", "oldest_look"];
const PROGRESS: &[&str] = &["day", "percent_done"];

/// What a decision says in words: its kind, its last day, its reason, its compensating control. Read from its record, so that every kind is told.
fn decided(finding: &Finding) -> [Value; 4] {
    let record = finding.decision.as_ref().and_then(|decision| serde_json::to_value(&decision.kind).ok());
    let field = |names: &[&str]| names.iter().find_map(|name| record.as_ref()?.get(name).cloned()).unwrap_or_default();
    [field(&["kind"]), field(&["until", "by"]), field(&["reason"]), field(&["control"])]
}

/// A port is one of its switch: two that are called alike are two.
fn port(names: &Names, row: &DeviceRow) -> String {
    let name = row.place.port.as_ref().map(PortName::as_str).unwrap_or_default();
    match &row.place.switch {
        Some(switch) if names.are_redacted() && !name.is_empty() => names.name("port", &format!("{switch}\0{name}")),
        _ => names.name("port", name),
    }
}

/// What a device says of itself where it may hold what tells which one it is.
fn said(names: &Names, row: &DeviceRow, text: &str) -> String {
    let own = [row.serial.as_str(), row.hostname.as_ref().map(DeviceText::as_str).unwrap_or_default()];
    let tells = own.iter().any(|own| !own.is_empty() && text.contains(own));
    if tells && names.are_redacted() { names.words(text) } else { clean(text) }
}

impl Handed<'_> {
    fn site_cell(&self, site: Option<&SiteId>) -> Value {
        self.names.name("site", site.map(SiteId::as_str).unwrap_or_default()).into()
    }

    /// What people call a site: where names are withheld, its pseudonym once more.
    fn site_name(&self, site: Option<&SiteId>) -> Value {
        let row = site.and_then(|id| self.given.snapshot.sites.get(id));
        match row {
            Some(row) if !self.names.are_redacted() => self.names.name("site", &row.name).into(),
            _ => self.site_cell(site),
        }
    }

    fn day(&self, at: Option<Timestamp>) -> Value {
        at.map(|at| Value::String(self.names.moment(at))).unwrap_or_default()
    }

    fn device_row(&self, item: &Item<'_>) -> Vec<Value> {
        let (row, names) = (item.device, &self.names);
        let place = &row.place;
        let name = |kind: &str, name: Option<String>| Value::String(names.name(kind, &name.unwrap_or_default()));
        let [decision, until, ..] = item.finding.map(decided).unwrap_or_default();
        vec![
            self.site_cell(place.site.as_ref()),
            self.site_name(place.site.as_ref()),
            row.id.0.into(),
            json!(row.class),
            clean(&row.maker_name).into(),
            clean(row.brand.as_deref().unwrap_or_default()).into(),
            said(names, row, row.model.as_str()).into(),
            said(names, row, row.firmware.as_str()).into(),
            name("serial", Some(row.serial.as_str().to_owned())),
            name("mac", row.mac.map(|mac| mac.to_string())),
            name("ip", row.ips.first().map(ToString::to_string)),
            json!(row.status),
            name("switch", place.switch.as_ref().map(ToString::to_string)),
            port(names, row).into(),
            name("vlan", place.vlan.map(|vlan| vlan.to_string())),
            name("network", place.network.as_ref().map(ToString::to_string)),
            json!(place.certainty),
            self.day(Some(place.since)),
            json!(item.installed),
            self.day(Some(row.first_seen)),
            self.day(Some(row.last_seen)),
            item.finding.map(|finding| finding.id.0).into(),
            item.finding.map(|finding| rule(names, finding)).into(),
            item.finding.map(|finding| json!(finding.state)).unwrap_or_default(),
            decision,
            until,
        ]
    }

    fn site_row(&self, site: &SiteReturn<'_>) -> Vec<Value> {
        let counts = &site.counts;
        let numbers = [
            counts.surveillance,
            counts.restricted,
            counts.suspected,
            counts.unknown,
            counts.not_restricted,
            counts.on_core,
            site.set_apart,
            counts.open,
            counts.overdue,
        ];
        let head = [
            self.site_cell(Some(&site.site.id)),
            self.site_name(Some(&site.site.id)),
            json!(site.site.sensitivity),
            json!(site.site.basis),
            json!(site.standing),
        ];
        let enough = Value::Bool(site.coverage.doubts.is_empty());
        head.into_iter().chain(numbers.map(Value::from)).chain([enough]).collect()
    }

    fn standard_row(&self, site: &SiteReturn<'_>) -> Vec<Value> {
        let Some(consideration) = &site.consideration else { return Vec::new() };
        let answer = consideration.answer;
        let words = |text: Option<&str>| Value::String(self.names.words(text.unwrap_or_default()));
        vec![
            self.site_cell(Some(&site.site.id)),
            self.site_name(Some(&site.site.id)),
            if answer.is_some() { "yes" } else { "no" }.into(),
            answer.map(|answer| answer.kind.words()).unwrap_or_default().into(),
            words(answer.and_then(|answer| answer.kind.reason())),
            answer.map(|answer| self.names.name("person", &answer.author.name)).unwrap_or_default().into(),
            self.day(answer.map(|answer| answer.at)),
            consideration.decided.into(),
            consideration.waiting.into(),
            site.counts.restricted.into(),
            site.counts.suspected.into(),
        ]
    }

    fn coverage_rows(&self, site: &SiteReturn<'_>) -> Vec<Vec<Value>> {
        let coverage = &site.coverage;
        let doubts = match coverage.doubts.len() {
            count if self.names.are_redacted() => Value::from(format!("{count} doubts")),
            _ => coverage.doubts.iter().map(|doubt| self.names.words(doubt)).collect::<Vec<_>>().join("; ").into(),
        };
        let row = |factor: &crate::snapshot::Factor| {
            vec![
                self.site_cell(Some(&site.site.id)),
                factor.kind.word().into(),
                factor.seen.into(),
                factor.expected.into(),
                factor.percent().into(),
                self.day(factor.oldest),
                coverage.doubts.is_empty().into(),
                doubts.clone(),
            ]
        };
        coverage.factors.iter().map(row).collect()
    }

    fn control_row(&self, finding: &Finding) -> Vec<Value> {
        let (names, device) = (&self.names, self.given.snapshot.device_of(finding));
        let [decision, until, reason, control] = decided(finding);
        let author = finding.decision.as_ref().map(|decision| decision.author.name.as_str()).unwrap_or_default();
        vec![
            finding.id.0.into(),
            self.site_cell(finding.place.site.as_ref()),
            rule(names, finding).into(),
            json!(finding.severity),
            clean(device.map(|row| row.maker_name.as_str()).unwrap_or_default()).into(),
            names.name("mac", &device.and_then(|row| row.mac).map(|mac| mac.to_string()).unwrap_or_default()).into(),
            json!(finding.state),
            decision,
            until,
            names.words(reason.as_str().unwrap_or_default()).into(),
            names.words(control.as_str().unwrap_or_default()).into(),
            names.name("person", author).into(),
            self.day(finding.decision.as_ref().map(|decision| decision.at)),
            json!(finding.place.network_kind),
        ]
    }

    fn change_row(&self, change: &Changed<'_>) -> Vec<Value> {
        let (names, device) = (&self.names, change.device);
        vec![
            self.day(Some(change.at)),
            json!(change.what),
            self.site_cell(change.site()),
            device.map(|row| row.id.0).into(),
            names.name("mac", &device.and_then(|row| row.mac).map(|mac| mac.to_string()).unwrap_or_default()).into(),
            clean(device.map(|row| row.maker_name.as_str()).unwrap_or_default()).into(),
            device.map(|row| json!(row.status)).unwrap_or_default(),
            change.finding.map(|finding| finding.id.0).into(),
            change.finding.map(|finding| rule(names, finding)).into(),
            change.finding.map(|finding| json!(finding.state)).unwrap_or_default(),
        ]
    }
}

/// A rule of a pack the program ships is told; what an own one is called may name a site.
fn rule(names: &Names, finding: &Finding) -> String {
    policy(names, finding.policy.as_str(), &format!("{}/{}", finding.policy, finding.rule))
}

pub(super) fn policy(names: &Names, pack: &str, told: &str) -> String {
    if Policies::shipped_ids().contains(&pack) { told.to_owned() } else { names.name("policy", told) }
}

/// Every table of the return, in the order they are handed in.
#[must_use]
pub fn sheets<'a>(handed: &'a Handed<'a>) -> Vec<Sheet<'a>> {
    let given = &handed.given;
    let items = |name, title, items: &'a [Item<'a>]| {
        Sheet::new((name, title), DEVICE, DEVICE_BRIEF, items.iter(), move |item| handed.device_row(item))
    };
    let standard: Vec<&SiteReturn<'_>> = given.sites.iter().filter(|site| site.consideration.is_some()).collect();
    let factors = given.sites.iter().map(|site| site.coverage.factors.len()).sum();
    let makers: Vec<_> = given.exposure.rows.iter().filter(|row| row.key.brand.is_none()).collect();
    let network = move |network: &crate::snapshot::NetworkReturn<'_>| {
        let row = network.network;
        let head = [
            handed.names.name("network", row.id.as_str()).into(),
            json!(row.kind),
            handed.site_cell(row.site.as_ref()),
        ];
        head.into_iter().chain(network.counts.map(Value::from)).collect()
    };
    vec![
        Sheet::new(("sites", "Sites"), SITES, SITES_BRIEF, given.sites.iter(), |site| handed.site_row(site)),
        items("sensitive", "(a) Restricted and suspected equipment at sensitive sites", &given.on_sensitive),
        items("core", "(b) Surveillance equipment of any maker, or what may be, on core networks", &given.on_core),
        Sheet {
            name: "standard",
            title: "(c) Sites outside the definition of sensitive: what was considered",
            columns: STANDARD,
            brief: STANDARD,
            count: standard.len(),
            rows: Box::new(move || Box::new(standard.clone().into_iter().map(|site| handed.standard_row(site)))),
        },
        Sheet {
            name: "controls",
            title: "(d) Decisions in force",
            columns: CONTROLS,
            brief: CONTROLS_BRIEF,
            count: given.controls.len(),
            rows: Box::new(move || Box::new(given.controls.iter().map(|finding| handed.control_row(finding)))),
        },
        Sheet {
            name: "coverage_of_sites",
            title: "(e) What was looked at",
            columns: COVERAGE,
            brief: COVERAGE,
            count: factors,
            rows: Box::new(move || Box::new(given.sites.iter().flat_map(|site| handed.coverage_rows(site)))),
        },
        Sheet::new(
            ("changes", "(f) Changes since the last return"),
            CHANGES,
            CHANGES,
            given.changes.iter(),
            |change| handed.change_row(change),
        ),
        Sheet::new(
            ("progress", "(g) Affected sites that are done, in per cent"),
            PROGRESS,
            PROGRESS,
            given.progress.iter(),
            |(day, percent)| vec![day.to_string().into(), (*percent).into()],
        ),
        Sheet {
            name: "makers",
            title: "Makers",
            columns: MAKERS,
            brief: MAKERS,
            count: makers.len(),
            rows: Box::new(move || {
                Box::new(makers.clone().into_iter().map(|row| {
                    let name = Value::String(clean(&row.name));
                    let numbers = [row.all, row.sensitive, row.standard, row.core, row.open, row.overdue];
                    [name, word(&row.status).into()].into_iter().chain(numbers.map(Value::from)).collect()
                }))
            }),
        },
        Sheet::new(("networks", "Networks"), NETWORKS, NETWORKS, given.networks.iter(), network),
    ]
}
