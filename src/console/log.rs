//! The change log as the thread that reads goes through it.

use super::activity::{Page, Told};
use super::tell::{self, Naming};
use crate::net::{SiteId, Timestamp};
use crate::snapshot::Plain;
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
