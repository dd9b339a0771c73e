//! The console's lists that no table of a command has alone: as they are copied and exported there.

use serde_json::{Value, json};

use super::Table;
use super::tables::{FINDINGS, finding_cells, finding_json, minute, word as text};
use crate::net::SiteId;
use crate::review::{Cycle, Finding};
use crate::snapshot::{AtSite, DeviceRow, ExposureKey, ExposureRow, Group, Snapshot, Unseen, word};

/// Something where none may be, or where nobody said whether it may.
#[derive(Debug, Clone, Copy)]
pub enum Placed<'a> {
    /// A breach.
    Finding(&'a Finding),
    /// A device on a network that is not classified: no rule can be asked.
    Device(&'a DeviceRow),
}

/// What stands in the place of a finding's state where there is no finding.
const UNCLASSIFIED: &str = "unclassified-network";

/// What is where none may be: the columns of findings, and the device's id.
#[must_use]
pub fn placement<'a>(rows: impl Iterator<Item = Placed<'a>>, snapshot: &Snapshot) -> Table {
    let row = |placed: Placed<'_>| match placed {
        Placed::Finding(finding) => {
            let mut cells = finding_cells(finding, snapshot);
            cells.push(text(finding.subject.device().as_ref()));
            cells
        }
        Placed::Device(row) => {
            let nothing = String::new;
            let place = &row.place;
            vec![
                nothing(),
                nothing(),
                nothing(),
                UNCLASSIFIED.to_owned(),
                text(row.mac.as_ref()),
                row.maker_name.clone(),
                text(place.site.as_ref()),
                text(place.switch.as_ref()),
                text(place.port.as_ref()),
                text(place.vlan.as_ref()),
                text(place.network.as_ref()),
                minute(place.since),
                nothing(),
                row.id.to_string(),
            ]
        }
    };
    Table { columns: FINDINGS.into_iter().chain(["DEVICE"]).collect(), rows: rows.map(row).collect() }
}

/// The same as JSON: a finding's fields; of a device on a network that is not classified those that it has.
#[must_use]
pub fn placement_json(placed: Placed<'_>, snapshot: &Snapshot) -> Value {
    match placed {
        Placed::Finding(finding) => finding_json(finding, snapshot),
        Placed::Device(row) => {
            let mut value = json!({
                "device": row.id, "mac": row.mac, "site": row.place.site, "network": row.place.network,
                "state": UNCLASSIFIED, "since": row.place.since,
            });
            if let Value::Object(fields) = &mut value {
                let none = ["id", "policy", "rule", "severity", "entry", "closing", "handling", "revision", "decision"];
                fields.extend(none.map(|field| (field.to_owned(), Value::Null)));
                fields.insert("evidence".to_owned(), json!([]));
            }
            value
        }
    }
}

/// What a row of the exposure counts, in words that a program can compare.
fn counted(key: &ExposureKey) -> String {
    match &key.group {
        Group::Maker(id) => id.to_string(),
        Group::UnknownMaker => "unknown-maker".to_owned(),
        Group::NotIdentified => "not-identified".to_owned(),
    }
}

/// Exposure: makers, each followed by its other brands.
#[must_use]
pub fn exposure<'a>(rows: impl Iterator<Item = &'a ExposureRow>) -> Table {
    let row = |row: &ExposureRow| {
        let [surveillance, other, unclassified] = row.elsewhere;
        let numbers =
            [row.all, row.sensitive, row.standard, row.core, surveillance, other, unclassified, row.open, row.overdue];
        [counted(&row.key), row.key.brand.clone().unwrap_or_default(), row.name.clone(), word(&row.status)]
            .into_iter()
            .chain(numbers.map(|number| number.to_string()))
            .collect()
    };
    Table {
        columns: vec![
            "MAKER",
            "BRAND",
            "NAME",
            "STATUS",
            "ALL",
            "SENSITIVE",
            "STANDARD",
            "ON CORE",
            "ON SURVEILLANCE",
            "ON OTHER",
            "UNCLASSIFIED",
            "OPEN",
            "OVERDUE",
        ],
        rows: rows.map(row).collect(),
    }
}

/// A row of the exposure as JSON, with its sites.
#[must_use]
pub fn exposure_json(row: &ExposureRow) -> Value {
    let [surveillance, other, unclassified] = row.elsewhere;
    let [confirmed, suspected, unknown] = row.verdicts;
    let sites: Vec<Value> = row.sites.iter().map(|(site, at)| part_json(&row.key, site.as_ref(), at)).collect();
    json!({
        "maker": counted(&row.key), "brand": row.key.brand, "name": row.name, "status": row.status, "all": row.all,
        "sensitive": row.sensitive, "standard": row.standard,
        "networks": {"core": row.core, "surveillance": surveillance, "other": other, "unclassified": unclassified},
        "verdicts": {"confirmed": confirmed, "suspected": suspected, "unknown": unknown},
        "open": row.open, "overdue": row.overdue, "sites": sites,
    })
}

/// A row of the exposure at its sites.
#[must_use]
pub fn parts<'a>(key: &ExposureKey, rows: impl Iterator<Item = (Option<&'a SiteId>, &'a AtSite)>) -> Table {
    let row = |(site, at): (Option<&SiteId>, &AtSite)| {
        let numbers = [at.devices, at.core, at.open, at.overdue];
        [counted(key), key.brand.clone().unwrap_or_default(), text(site)]
            .into_iter()
            .chain(numbers.map(|number| number.to_string()))
            .collect()
    };
    Table {
        columns: vec!["MAKER", "BRAND", "SITE", "ALL", "ON CORE", "OPEN", "OVERDUE"],
        rows: rows.map(row).collect(),
    }
}

/// The same of one site as JSON; no site: where it is not known.
#[must_use]
pub fn part_json(key: &ExposureKey, site: Option<&SiteId>, at: &AtSite) -> Value {
    json!({
        "maker": counted(key), "brand": key.brand, "site": site, "all": at.devices, "core": at.core, "open": at.open,
        "overdue": at.overdue,
    })
}

/// What was not seen, and what to do about each.
#[must_use]
pub fn unseen(rows: impl Iterator<Item = Unseen>) -> Table {
    let row = |unseen: Unseen| {
        let since = unseen.since.map(minute).unwrap_or_default();
        vec![unseen.kind.word().to_owned(), text(unseen.site.as_ref()), unseen.what, since, unseen.why, unseen.mend]
    };
    Table { columns: vec!["KIND", "SITE", "NOT SEEN", "SINCE", "WHY", "WHAT TO DO"], rows: rows.map(row).collect() }
}

/// The same as JSON.
#[must_use]
pub fn unseen_json(unseen: &Unseen) -> Value {
    json!({
        "kind": unseen.kind.word(), "site": unseen.site, "what": unseen.what, "since": unseen.since, "why": unseen.why,
        "mend": unseen.mend,
    })
}

/// Review cycles for people and spreadsheets.
#[must_use]
pub fn cycles<'a>(rows: impl Iterator<Item = &'a Cycle>, snapshot: &Snapshot) -> Table {
    let row = |cycle: &Cycle| {
        let waiting = snapshot.progress(cycle).waiting.to_string();
        let state = cycle.closed.map_or_else(|| "open".to_owned(), |closed| format!("closed {closed}"));
        let (items, due) = (cycle.items.len().to_string(), cycle.due.to_string());
        vec![cycle.id.to_string(), cycle.name.clone(), state, waiting, items, due, cycle.owner.clone()]
    };
    Table { columns: vec!["CYCLE", "REVIEW", "STATE", "WAITING", "OF", "DUE", "OWNER"], rows: rows.map(row).collect() }
}
