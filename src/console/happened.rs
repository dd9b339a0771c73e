//! The change log as it is gone through for the screen and for a file, and its rows as a table.

use serde_json::{Value, json};

pub use super::activity::visits;
use super::activity::{Happening, Page, Told};
use super::tell::{self};
pub use super::tell::{KINDS, Naming};
use crate::net::{SiteId, Timestamp};
use crate::report::tables::minute;
use crate::report::{Table, one_line};
use crate::snapshot::{Plain, word};
use crate::store::{Reader, StoreError};

/// Rows that are read before anything else is looked at.
const PIECE: usize = 100;
/// Rows that pass, for one answer.
const MOST: usize = 200;
/// Rows that are looked through for one answer.
const MOST_LOOKED: usize = 4_000;
/// Alerts that are told beside them.
const MOST_ALERTS: usize = 500;

fn passes(told: &Told, words: &Plain) -> bool {
    words.holds(told.kind, told.site.as_ref().map(SiteId::as_str), &[&told.text])
}

/// The newest rows past `from` and before `to` that hold the words; `None`: nobody wants them any more.
pub(super) fn page(
    reader: &Reader,
    (from, to): (u64, u64),
    words: &Plain,
    name: Naming<'_>,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Page>, StoreError> {
    let mut page = Page { newest: from, oldest: to, ..Page::default() };
    while page.entries.len() < MOST && page.looked < MOST_LOOKED {
        if stop() {
            return Ok(None);
        }
        let rows = reader.recent(from, page.oldest, PIECE)?;
        page.looked += rows.len();
        if let Some(first) = rows.first() {
            page.newest = page.newest.max(first.change.seq);
        }
        if let Some(last) = rows.last() {
            page.oldest = last.change.seq;
        }
        page.entries.extend(rows.iter().map(|row| tell::change(row, name)).filter(|told| passes(told, words)));
        if rows.len() < PIECE {
            page.whole = true;
            break;
        }
    }
    let alerts = reader.told(Timestamp(i64::MIN), MOST_ALERTS)?;
    page.alerts = alerts.iter().map(|told| tell::alert(told, name)).filter(|told| passes(told, words)).collect();
    Ok(Some(page))
}

/// Goes through all of the log for what holds the words, the newest first, alerts at their moments, and hands it over in
/// pieces, one at least; `false`: it was stopped.
///
/// # Errors
/// The log cannot be read, or what `take` says.
pub fn each<E: From<StoreError>>(
    reader: &Reader,
    words: &Plain,
    name: Naming<'_>,
    stop: &dyn Fn() -> bool,
    mut take: impl FnMut(Vec<Told>) -> Result<(), E>,
) -> Result<bool, E> {
    let mut before = u64::MAX;
    let mut alerts: Option<std::iter::Peekable<std::vec::IntoIter<Told>>> = None;
    loop {
        let Some(page) = self::page(reader, (0, before), words, name, stop)? else { return Ok(false) };
        // They are the same for every page.
        let alerts = alerts.get_or_insert_with(|| page.alerts.into_iter().peekable());
        let mut told = Vec::with_capacity(page.entries.len());
        for entry in page.entries {
            told.extend(std::iter::from_fn(|| alerts.next_if(|alert| alert.at > entry.at)));
            told.push(entry);
        }
        before = page.oldest;
        if page.whole {
            told.extend(alerts);
        }
        take(told)?;
        if page.whole {
            return Ok(true);
        }
    }
}

/// Its number in the log; an alert and a visit have none.
fn number(told: &Told) -> Option<u64> {
    match told.key {
        Happening::Change(seq) => Some(seq),
        Happening::Alert(..) | Happening::Visit(_) => None,
    }
}

/// What happened, for people and spreadsheets.
#[must_use]
pub fn table(rows: &[Told]) -> Table {
    let row = |told: &Told| {
        vec![
            number(told).map(|seq| seq.to_string()).unwrap_or_default(),
            told.at.to_string(),
            told.kind.to_owned(),
            told.severity.map(|severity| severity.letter().to_string()).unwrap_or_default(),
            told.site.as_ref().map(ToString::to_string).unwrap_or_default(),
            told.text.clone(),
        ]
    };
    Table { columns: vec!["ROW", "AT", "KIND", "S", "SITE", "WHAT"], rows: rows.iter().map(row).collect() }
}

/// The same as JSON.
#[must_use]
pub fn json(told: &Told) -> Value {
    json!({
        "row": number(told), "at": told.at, "kind": told.kind, "severity": told.severity.map(|severity| word(&severity)),
        "site": told.site, "what": told.text,
    })
}

/// The same as a line for people.
#[must_use]
pub fn line(told: &Told) -> String {
    let site = told.site.as_ref().map(ToString::to_string).unwrap_or_default();
    let letter = told.severity.map_or(' ', crate::policy::Severity::letter);
    one_line(&format!("{}  {letter} {:13}  {site:12}  {}", minute(told.at), told.kind, told.text)).into_owned()
}
