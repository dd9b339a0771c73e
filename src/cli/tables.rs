//! `devices`, `findings`, `targets`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, anyhow};

use super::{Listing, print, print_json, say};
use crate::config;
use crate::net::Timestamp;
use crate::report::{Format, Table, sites, tables};
use crate::snapshot::{Condition, Filter, Snapshot};
use crate::store::Reader;

/// The picture as it is now.
pub(super) fn look(path: &Path) -> Result<(Reader, Snapshot)> {
    let daemon = config::load_daemon(path)?;
    let mut reader = Reader::open(&daemon.database)?;
    let mut snapshot = reader.snapshot()?;
    snapshot.read_at(crate::net::Timestamp::now());
    Ok((reader, snapshot))
}

/// How fresh and how whole the picture is, and what keeps the daemon from working.
pub(super) fn head(snapshot: &Snapshot) {
    say(&tables::headline(snapshot));
    snapshot.daemon.ailments().iter().for_each(|ailment| say(&ailment.words(tables::minute)));
}

fn filter(words: &[String]) -> Result<Filter> {
    let text = words.join(" ");
    Filter::parse(&text).map_err(|error| anyhow!("{text}\n{}^ {error}", " ".repeat(error.at)))
}

fn show(listing: &Listing, snapshot: &Snapshot, table: &Table) -> Result<ExitCode> {
    if listing.format() == Format::Csv {
        print(&table.csv())?;
    } else {
        head(snapshot);
        print(&table.text())?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn devices(path: &Path, listing: &Listing) -> Result<ExitCode> {
    let filter = filter(&listing.words)?;
    let (reader, snapshot) = look(path)?;
    let now = Timestamp::now();
    let chosen = snapshot.devices.values().filter(|row| filter.device(row, &snapshot.sites, now));
    if listing.format() != Format::Json {
        return show(listing, &snapshot, &tables::devices(chosen));
    }
    let ids: std::collections::BTreeMap<_, _> = chosen.map(|row| (row.id, row.last_seen)).collect();
    let records = reader.device_records()?;
    let rows: Vec<_> = records
        .iter()
        .filter_map(|record| Some(tables::device_json(&record.device, record.status, *ids.get(&record.device.id)?)))
        .collect();
    print_json(&rows)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn findings(path: &Path, listing: &Listing) -> Result<ExitCode> {
    let filter = filter(&listing.words)?;
    let (_, snapshot) = look(path)?;
    let now = Timestamp::now();
    let chosen = snapshot
        .findings
        .values()
        .filter(|finding| filter.finding(finding, snapshot.device_of(finding), &snapshot.sites, now));
    if listing.format() == Format::Json {
        print_json(&chosen.map(|finding| tables::finding_json(finding, &snapshot)).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    show(listing, &snapshot, &tables::findings(chosen, &snapshot))
}

/// Nothing was chosen: what there is to choose from.
fn no_site(snapshot: &Snapshot) -> String {
    let ids: Vec<String> = snapshot.sites.keys().take(20).map(ToString::to_string).collect();
    format!("no such site; words are site:ID, site.sensitivity:WORD, or part of a name; sites are {}", ids.join(", "))
}

pub(super) fn coverage(path: &Path, listing: &Listing) -> Result<ExitCode> {
    let filter = filter(&listing.words)?;
    let (_, snapshot) = look(path)?;
    let chosen = || snapshot.sites.values().filter(|site| filter.site(site));
    let covered = snapshot.coverage_of_sites();
    if listing.format() == Format::Json {
        let rows = chosen().filter_map(|site| sites::coverage_json(&snapshot, &covered, site));
        print_json(&rows.collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    if chosen().next().is_none() {
        say(&no_site(&snapshot));
        return Ok(ExitCode::from(1));
    }
    show(listing, &snapshot, &sites::coverage(&covered, chosen()))?;
    let gaps = sites::gaps(&covered, chosen());
    if listing.format() == Format::Text && !gaps.rows.is_empty() {
        print(&format!("\n{}", gaps.text()))?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn sites(path: &Path, listing: &Listing) -> Result<ExitCode> {
    let filter = filter(&listing.words)?;
    let (_, snapshot) = look(path)?;
    let chosen = || snapshot.sites.values().filter(|site| filter.site(site));
    let covered = snapshot.coverage_of_sites();
    if listing.format() == Format::Json {
        let overdue = snapshot.overdue();
        let counts = snapshot.site_counts(&snapshot.tallies(&overdue), &overdue);
        let rows = chosen().filter_map(|site| Some(sites::site_json(&snapshot, &covered, site, counts.get(&site.id)?)));
        print_json(&rows.collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    if chosen().next().is_none() {
        say(&no_site(&snapshot));
        return Ok(ExitCode::from(1));
    }
    show(listing, &snapshot, &sites::sites(&snapshot, &covered, chosen()))
}

pub(super) fn targets(path: &Path, listing: &Listing) -> Result<ExitCode> {
    let (_, snapshot) = look(path)?;
    let words = listing.words.join(" ");
    let chosen = snapshot.targets.values().filter(|target| target.holds(&words));
    let holds = |condition: &&Condition| condition.name().contains(&words);
    let conditions = snapshot.conditions.iter().filter(holds);
    if listing.format() == Format::Json {
        let entries = conditions.map(tables::condition_json).chain(chosen.map(tables::target_json));
        print_json(&entries.collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    if listing.format() == Format::Text {
        tables::carriers(&snapshot).iter().for_each(|line| say(line));
    }
    show(listing, &snapshot, &tables::targets(conditions, chosen))
}
