//! `exposure`, `placement`, `unseen`, `log`: the console's lists that are no list of one kind of record.

use std::process::ExitCode;

use anyhow::Result;

use super::Listing;
use super::tables::{Sinks, filter, heading, show, wrong_words};
use crate::console::happened;
use crate::net::DeviceId;
use crate::report::lists::{self, Placed};
use crate::report::{Format, Outlet, Rows};
use crate::snapshot::{ExposureOrder, Filter, Index, Kinds, PlacementKey, Plain, Scope, Snapshot, UnseenKind};
use crate::store::Reader;

/// All devices, to be gone through as the console does.
fn index(snapshot: &Snapshot) -> Index {
    let mut index = Index::default();
    index.reserve(snapshot.devices.len());
    snapshot.devices.values().for_each(|row| index.put(row));
    index
}

fn scope<'a>(snapshot: &'a Snapshot, filter: &'a Filter) -> Scope<'a> {
    Scope { filter, sites: &snapshot.sites, now: snapshot.as_of, stop: &|| false }
}

fn plain(words: &[String], kinds: &Kinds) -> Result<Plain> {
    let text = words.join(" ");
    Plain::parse(&text, kinds).map_err(|error| wrong_words(&text, &error))
}

pub(super) fn exposure(_: &Reader, snapshot: &Snapshot, listing: &Listing, sinks: &mut Sinks<'_>) -> Result<ExitCode> {
    let filter = filter(&listing.words)?;
    let waiting = snapshot.waiting(&snapshot.overdue());
    let tallies = index(snapshot).tally(&scope(snapshot, &filter), &waiting).unwrap_or_default();
    let exposure = snapshot.exposure(tallies, ExposureOrder::default(), false);
    let table = || lists::exposure(exposure.rows.iter());
    show(listing, snapshot, sinks, table, || exposure.rows.iter().map(lists::exposure_json).collect())
}

pub(super) fn placement(_: &Reader, snapshot: &Snapshot, listing: &Listing, sinks: &mut Sinks<'_>) -> Result<ExitCode> {
    let filter = filter(&listing.words)?;
    let unclassified = index(snapshot).unclassified(&scope(snapshot, &filter), None).unwrap_or_default();
    let placement = snapshot.placement(&filter, &unclassified);
    let placed = || {
        placement.rows.iter().filter_map(|key| match key {
            PlacementKey::Finding(id) => snapshot.findings.get(id).map(Placed::Finding),
            PlacementKey::Device(id) => snapshot.devices.get(id).map(Placed::Device),
        })
    };
    let table = || lists::placement(placed(), snapshot);
    show(listing, snapshot, sinks, table, || placed().map(|it| lists::placement_json(it, snapshot)).collect())
}

pub(super) fn unseen(_: &Reader, snapshot: &Snapshot, listing: &Listing, sinks: &mut Sinks<'_>) -> Result<ExitCode> {
    let words = plain(&listing.words, UnseenKind::WORDS.as_slice())?;
    let unseen = snapshot.unseen(&snapshot.coverage_of_sites(), &words);
    let rows = || unseen.iter().filter_map(|(_, key)| snapshot.unseen_row(key));
    let values = || rows().map(|row| lists::unseen_json(&row)).collect();
    show(listing, snapshot, sinks, || lists::unseen(rows()), values)
}

pub(super) fn log(reader: &Reader, snapshot: &Snapshot, listing: &Listing, sinks: &mut Sinks<'_>) -> Result<ExitCode> {
    let words = plain(&listing.words, happened::KINDS)?;
    if words.names("visit") {
        let visits = happened::visits(snapshot, &words);
        let values = || visits.iter().map(happened::json).collect();
        return show(listing, snapshot, sinks, || happened::table(&visits), values);
    }
    let name = |id: DeviceId| snapshot.devices.get(&id)?.name();
    let form = listing.format();
    if form == Format::Text {
        heading(snapshot, sinks.words);
        // In lines of their own: the widths of columns would have to wait for the last row.
        happened::each(reader, &words, &name, &|| false, |told| -> Result<()> {
            told.iter().try_for_each(|told| Ok(writeln!(sinks.data, "{}", happened::line(told))?))
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut outlet = Outlet::new(&mut *sinks.data);
    happened::each(reader, &words, &name, &|| false, |told| -> Result<()> {
        Ok(outlet.write(&match form {
            Format::Json => Rows::Json(told.iter().map(happened::json).collect()),
            _ => Rows::Table(happened::table(&told)),
        })?)
    })?;
    outlet.end(form)?;
    Ok(ExitCode::SUCCESS)
}
