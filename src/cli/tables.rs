//! `devices`, `findings`, `targets`, `coverage`, `sites`.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use unicode_width::UnicodeWidthStr;

use super::{Listing, say};
use crate::config;
use crate::net::text::shown;
use crate::report::{Format, Outlet, Rows, Table, sites, tables};
use crate::snapshot::{Filter, FilterError, Snapshot};
use crate::store::Reader;

/// Devices whose records are read at once.
const PIECE: usize = 1_000;

/// The picture as it is now.
pub(super) fn look(path: &Path) -> Result<(Reader, Snapshot)> {
    let daemon = config::load_daemon(path)?;
    let mut reader = Reader::open(&daemon.database)?;
    let mut snapshot = reader.snapshot()?;
    snapshot.read_at(crate::net::Timestamp::now());
    Ok((reader, snapshot))
}

/// Where a table goes: its rows, and the words about it.
pub(super) struct Sinks<'a> {
    pub(super) data: &'a mut dyn Write,
    pub(super) words: &'a mut dyn FnMut(&str),
}

/// A table of the picture.
pub(super) type Print = fn(&Reader, &Snapshot, &Listing, &mut Sinks<'_>) -> Result<ExitCode>;

/// Words that cannot be read, with what is wrong below its place.
pub(super) fn wrong_words(text: &str, error: &FilterError) -> anyhow::Error {
    let before = text.get(..error.at).map_or(error.at, UnicodeWidthStr::width);
    anyhow!("{text}\n{}^ {error}", " ".repeat(before))
}

/// How fresh and how whole the picture is, and what keeps the daemon from working.
pub(super) fn heading(snapshot: &Snapshot, words: &mut dyn FnMut(&str)) {
    words(&tables::headline(snapshot));
    snapshot.daemon.ailments().iter().for_each(|ailment| words(&ailment.words(tables::minute)));
}

/// The same, said.
pub(super) fn head(snapshot: &Snapshot) {
    heading(snapshot, &mut say);
}

pub(super) fn filter(words: &[String]) -> Result<Filter> {
    let text = words.join(" ");
    Filter::parse(&text).map_err(|error| wrong_words(&text, &error))
}

fn text(table: &Table, sinks: &mut Sinks<'_>) -> Result<()> {
    Ok(sinks.data.write_all(shown(&table.text()).as_bytes())?)
}

/// Writes rows in the form that was asked for; the values are made only where they are.
pub(super) fn show(
    listing: &Listing,
    snapshot: &Snapshot,
    sinks: &mut Sinks<'_>,
    table: impl FnOnce() -> Table,
    values: impl FnOnce() -> Vec<serde_json::Value>,
) -> Result<ExitCode> {
    let form = listing.format();
    let rows = match form {
        Format::Text => {
            heading(snapshot, sinks.words);
            text(&table(), sinks)?;
            return Ok(ExitCode::SUCCESS);
        }
        Format::Csv => Rows::Table(table()),
        Format::Json => Rows::Json(values()),
    };
    let mut outlet = Outlet::new(&mut *sinks.data);
    outlet.write(&rows)?;
    outlet.end(form)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn devices(
    reader: &Reader,
    snapshot: &Snapshot,
    listing: &Listing,
    sinks: &mut Sinks<'_>,
) -> Result<ExitCode> {
    let filter = filter(&listing.words)?;
    let chosen = snapshot.devices.values().filter(|row| filter.device(row, &snapshot.sites, snapshot.as_of));
    if listing.format() != Format::Json {
        return show(listing, snapshot, sinks, || tables::devices(chosen), Vec::new);
    }
    let mut outlet = Outlet::new(&mut *sinks.data);
    let chosen: Vec<_> = chosen.collect();
    for piece in chosen.chunks(PIECE) {
        let mut values = Vec::with_capacity(piece.len());
        for row in piece {
            let record = reader.device_record(row.id)?;
            values.extend(record.map(|record| tables::device_json(&record.device, record.status, row.last_seen)));
        }
        outlet.write(&Rows::Json(values))?;
    }
    outlet.end(Format::Json)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn findings(_: &Reader, snapshot: &Snapshot, listing: &Listing, sinks: &mut Sinks<'_>) -> Result<ExitCode> {
    let filter = filter(&listing.words)?;
    let chosen = || {
        let findings = snapshot.findings.values();
        findings.filter(|it| filter.finding(it, snapshot.device_of(it), &snapshot.sites, snapshot.as_of))
    };
    let table = || tables::findings(chosen(), snapshot);
    show(listing, snapshot, sinks, table, || chosen().map(|it| tables::finding_json(it, snapshot)).collect())
}

/// Nothing was chosen: what there is to choose from.
fn no_site(snapshot: &Snapshot) -> String {
    let ids: Vec<String> = snapshot.sites.keys().take(20).map(ToString::to_string).collect();
    format!("no such site; words are site:ID, site.sensitivity:WORD, or part of a name; sites are {}", ids.join(", "))
}

pub(super) fn coverage(_: &Reader, snapshot: &Snapshot, listing: &Listing, sinks: &mut Sinks<'_>) -> Result<ExitCode> {
    let filter = filter(&listing.words)?;
    let chosen = || snapshot.sites.values().filter(|site| filter.site(site));
    let covered = snapshot.coverage_of_sites();
    if listing.format() != Format::Json && chosen().next().is_none() {
        (sinks.words)(&no_site(snapshot));
        return Ok(ExitCode::from(1));
    }
    let values = || chosen().filter_map(|site| sites::coverage_json(snapshot, &covered, site)).collect();
    show(listing, snapshot, sinks, || sites::coverage(&covered, chosen()), values)?;
    let gaps = sites::gaps(&covered, chosen());
    if listing.format() == Format::Text && !gaps.rows.is_empty() {
        sinks.data.write_all(b"\n")?;
        text(&gaps, sinks)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn sites(_: &Reader, snapshot: &Snapshot, listing: &Listing, sinks: &mut Sinks<'_>) -> Result<ExitCode> {
    let filter = filter(&listing.words)?;
    let chosen = || snapshot.sites.values().filter(|site| filter.site(site));
    if listing.format() != Format::Json && chosen().next().is_none() {
        (sinks.words)(&no_site(snapshot));
        return Ok(ExitCode::from(1));
    }
    let covered = snapshot.coverage_of_sites();
    let overdue = snapshot.overdue();
    let counts = snapshot.site_counts(&snapshot.tallies(&overdue), &overdue);
    let value = |site| Some(sites::site_json(snapshot, &covered, site, counts.get(&site.id)?));
    let table = || sites::sites(snapshot, &covered, &counts, chosen());
    show(listing, snapshot, sinks, table, || chosen().filter_map(value).collect())
}

pub(super) fn targets(_: &Reader, snapshot: &Snapshot, listing: &Listing, sinks: &mut Sinks<'_>) -> Result<ExitCode> {
    let words = listing.words.join(" ");
    let chosen = || snapshot.targets.values().filter(|target| target.holds(&words));
    let conditions = || snapshot.conditions.iter().filter(|condition| condition.holds(&words));
    if listing.format() == Format::Text {
        tables::carriers(snapshot).iter().for_each(|line| (sinks.words)(line));
    }
    let values = || conditions().map(tables::condition_json).chain(chosen().map(tables::target_json)).collect();
    show(listing, snapshot, sinks, || tables::targets(conditions(), chosen()), values)
}
