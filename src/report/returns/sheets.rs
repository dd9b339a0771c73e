//! The return's tables.

use serde_json::{Value, json};

use super::Handed;
use crate::net::text::clean;
use crate::report::cells::{decided, said};
use crate::report::paper::Sheet;
use crate::review::Finding;
use crate::snapshot::{Changed, Day, ExposureRow, Item, NetworkReturn, SiteReturn, word};

pub(super) const DEVICE: &[&str] = &[
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
    "register_installed",
    "register",
    "first_seen",
    "last_seen",
    "finding",
    "rule",
    "state",
    "decision",
    "until",
];
pub(super) const DEVICE_BRIEF: &[&str] = &[
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
    "register_installed",
    "decision",
    "until",
];
pub(super) const SITES: &[&str] = &[
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
pub(super) const NETWORKS: &[&str] =
    &["network", "kind", "site", "restricted", "suspected", "unknown", "not_restricted"];
const MAKERS: &[&str] =
    &["maker", "status", "devices", "at_sensitive_sites", "at_standard_sites", "on_core", "open", "overdue"];
pub(super) const CONTROLS: &[&str] = &[
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
pub(super) const CONTROLS_BRIEF: &[&str] =
    &["finding", "site", "rule", "maker", "decision", "until", "reason", "control", "by", "at", "network_kind"];
pub(super) const COVERAGE: &[&str] =
    &["site", "factor", "seen", "expected", "percent", "oldest_look", "enough", "doubts"];
const CHANGES: &[&str] = &["at", "what", "site", "device", "mac", "maker", "status", "finding", "rule", "state"];
const PROGRESS: &[&str] = &["day", "affected", "done", "percent_done"];

impl Handed<'_> {
    pub(super) fn device_row(&self, item: &Item<'_>) -> Vec<Value> {
        let (row, frame, names) = (item.device, &self.frame, &self.frame.names);
        let place = &row.place;
        let name = |kind: &str, name: Option<String>| Value::String(names.name(kind, &name.unwrap_or_default()));
        let [decision, until, ..] = item.finding.map(decided).unwrap_or_default();
        vec![
            self.frame.site(place.site.as_ref()),
            self.frame.site_name(place.site.as_ref()),
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
            frame.port_of(place.switch.as_ref(), place.port.as_ref()),
            name("vlan", place.vlan.map(|vlan| vlan.to_string())),
            name("network", place.network.as_ref().map(ToString::to_string)),
            json!(place.certainty),
            self.frame.moment(Some(place.since)),
            json!(item.installed),
            row.registered.as_ref().map(|said| said.installed.to_string().into()).unwrap_or_default(),
            frame.called("register", row.registered.as_ref().map(|said| &said.register)),
            self.frame.moment(Some(row.first_seen)),
            self.frame.moment(Some(row.last_seen)),
            item.finding.map(|finding| finding.id.0).into(),
            item.finding.map(|finding| self.frame.rule(finding)).into(),
            item.finding.map(|finding| json!(finding.state)).unwrap_or_default(),
            decision,
            until,
        ]
    }

    pub(super) fn site_row(&self, site: &SiteReturn<'_>) -> Vec<Value> {
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
            self.frame.site(Some(&site.site.id)),
            self.frame.site_name(Some(&site.site.id)),
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
        let words = |text: Option<&str>| Value::String(self.frame.names.words(text.unwrap_or_default()));
        vec![
            self.frame.site(Some(&site.site.id)),
            self.frame.site_name(Some(&site.site.id)),
            if answer.is_some() { "yes" } else { "no" }.into(),
            answer.map(|answer| answer.kind.words()).unwrap_or_default().into(),
            words(answer.and_then(|answer| answer.kind.reason())),
            answer.map(|answer| self.frame.names.name("person", &answer.author.name)).unwrap_or_default().into(),
            self.frame.moment(answer.map(|answer| answer.at)),
            consideration.decided.into(),
            consideration.waiting.into(),
            site.counts.restricted.into(),
            site.counts.suspected.into(),
        ]
    }

    pub(super) fn coverage_rows(&self, site: &SiteReturn<'_>) -> Vec<Vec<Value>> {
        let coverage = &site.coverage;
        let doubts = match coverage.doubts.len() {
            count if self.frame.names.are_redacted() => Value::from(format!("{count} doubts")),
            _ => {
                coverage.doubts.iter().map(|doubt| self.frame.names.words(doubt)).collect::<Vec<_>>().join("; ").into()
            }
        };
        let row = |factor: &crate::snapshot::Factor| {
            vec![
                self.frame.site(Some(&site.site.id)),
                factor.kind.word().into(),
                factor.seen.into(),
                factor.expected.into(),
                factor.percent().into(),
                self.frame.moment(factor.oldest),
                coverage.doubts.is_empty().into(),
                doubts.clone(),
            ]
        };
        coverage.factors.iter().map(row).collect()
    }

    pub(super) fn control_row(&self, finding: &Finding) -> Vec<Value> {
        let (names, device) = (&self.frame.names, self.given.snapshot.device_of(finding));
        let [decision, until, reason, control] = decided(finding);
        let author = finding.decision.as_ref().map(|decision| decision.author.name.as_str()).unwrap_or_default();
        vec![
            finding.id.0.into(),
            self.frame.site(finding.place.site.as_ref()),
            self.frame.rule(finding).into(),
            json!(finding.severity),
            clean(device.map(|row| row.maker_name.as_str()).unwrap_or_default()).into(),
            names.name("mac", &device.and_then(|row| row.mac).map(|mac| mac.to_string()).unwrap_or_default()).into(),
            json!(finding.state),
            decision,
            until,
            names.words(reason.as_str().unwrap_or_default()).into(),
            names.words(control.as_str().unwrap_or_default()).into(),
            names.name("person", author).into(),
            self.frame.moment(finding.decision.as_ref().map(|decision| decision.at)),
            json!(finding.place.network_kind),
        ]
    }

    pub(super) fn network_row(&self, network: &NetworkReturn<'_>) -> Vec<Value> {
        let (row, frame) = (network.network, &self.frame);
        let head = [frame.called("network", Some(&row.id)), json!(row.kind), frame.site(row.site.as_ref())];
        head.into_iter().chain(network.counts.map(Value::from)).collect()
    }

    fn change_row(&self, change: &Changed<'_>) -> Vec<Value> {
        let (names, device) = (&self.frame.names, change.device);
        vec![
            self.frame.moment(Some(change.at)),
            json!(change.what),
            self.frame.site(change.site()),
            device.map(|row| row.id.0).into(),
            names.name("mac", &device.and_then(|row| row.mac).map(|mac| mac.to_string()).unwrap_or_default()).into(),
            clean(device.map(|row| row.maker_name.as_str()).unwrap_or_default()).into(),
            device.map(|row| json!(row.status)).unwrap_or_default(),
            change.finding.map(|finding| finding.id.0).into(),
            change.finding.map(|finding| self.frame.rule(finding)).into(),
            change.finding.map(|finding| json!(finding.state)).unwrap_or_default(),
        ]
    }
}

/// Every table of the return, in the order they are handed in.
pub(super) fn sheets<'a>(handed: &'a Handed<'a>) -> Vec<Sheet<'a>> {
    let given = &handed.given;
    let items = |name, title, items: &'a [Item<'a>]| {
        Sheet::made((name, title), DEVICE, items.len(), move || items.iter().map(|item| handed.device_row(item)))
            .shown_as(DEVICE_BRIEF)
    };
    let standard = || given.sites.iter().filter(|site| site.consideration.is_some());
    let factors = given.sites.iter().map(|site| site.coverage.factors.len()).sum();
    let makers = || given.exposure.rows.iter().filter(|row| row.key.brand.is_none());
    let maker = |row: &ExposureRow| {
        let name = Value::String(clean(&row.name));
        let numbers = [row.all, row.sensitive, row.standard, row.core, row.open, row.overdue];
        [name, word(&row.status).into()].into_iter().chain(numbers.map(Value::from)).collect()
    };
    let days = &given.progress.days;
    let of_day =
        |day: &Day| vec![day.day.to_string().into(), day.affected.into(), day.done.into(), day.percent().into()];
    vec![
        Sheet::made(("sites", "Sites"), SITES, given.sites.len(), || given.sites.iter().map(|it| handed.site_row(it)))
            .shown_as(SITES_BRIEF),
        items("sensitive", "(a) Restricted and suspected equipment at sensitive sites", &given.on_sensitive),
        items("core", "(b) Surveillance equipment of any maker, or what may be, on core networks", &given.on_core),
        Sheet::made(
            ("standard", "(c) Sites outside the definition of sensitive: what was considered"),
            STANDARD,
            standard().count(),
            move || standard().map(|site| handed.standard_row(site)),
        ),
        Sheet::made(("controls", "(d) Decisions in force"), CONTROLS, given.controls.len(), || {
            given.controls.iter().map(|finding| handed.control_row(finding))
        })
        .shown_as(CONTROLS_BRIEF),
        Sheet::made(("coverage_of_sites", "(e) What was looked at"), COVERAGE, factors, || {
            given.sites.iter().flat_map(|site| handed.coverage_rows(site))
        }),
        Sheet::made(("changes", "(f) Changes since the last return"), CHANGES, given.changes.len(), || {
            given.changes.iter().map(|change| handed.change_row(change))
        }),
        Sheet::made(("progress", "(g) Affected sites that are done, in per cent"), PROGRESS, days.len(), move || {
            days.iter().map(of_day)
        })
        .noting(given.progress.words()),
        Sheet::made(("makers", "Makers"), MAKERS, makers().count(), move || makers().map(maker)),
        Sheet::made(("networks", "Networks"), NETWORKS, given.networks.len(), || {
            given.networks.iter().map(|network| handed.network_row(network))
        }),
    ]
}
