//! The return as one page that stands by itself: no script, nothing loaded from anywhere, good on paper.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::sheets::{Sheet, sheets};
use super::{Handed, charts};
use crate::snapshot::{Factor, Standing};

/// Rows of a table that are shown; CSV and JSON have all.
const MOST_ROWS: usize = 1_000;

const STYLE: &str = include_str!("style.css");

/// Nothing may be loaded, run or sent; the one style sheet is named by its hash.
fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

/// Writes it.
///
/// # Errors
/// It cannot be written.
pub fn write(handed: &Handed<'_>, out: &mut impl Write) -> std::io::Result<()> {
    let given = &handed.given;
    let title = handed.title();
    let (first, rest) = (cards(handed), handed.summary());
    let makers: Vec<_> = given.exposure.rows.iter().filter(|row| row.key.brand.is_none()).collect();
    let head = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                p.freshness { (handed.headline()) }
                h1 { (title) }
                @for term in handed.terms() { p.term { (term) } }
                (first)
                dl.summary {
                    @for (name, words) in rest.iter().filter(|(name, _)| name.len() == 1) {
                        dt { "(" (name) ")" }
                        dd { (words) }
                    }
                }
                @if !makers.is_empty() {
                    figure { figcaption { "Whose equipment is where" } (charts::makers(&makers)) }
                }
                @if given.progress.len() > 1 {
                    figure { figcaption { "Affected sites that are done" } (charts::progress(&given.progress)) }
                }
                (coverage(handed))
                (PreEscaped(MARK))
                footer {
                    p { "lenswarden " (env!("CARGO_PKG_VERSION")) ", change " (given.snapshot.seq) " of the log" }
                    @match &handed.head {
                        Some(head) => p.head { "Signed head of the log, for " code { "lenswarden audit verify --head" } ": " code { (head) } },
                        None => p.head { "The log was not signed yet." },
                    }
                }
            }
        }
    };
    // Tables are written one after the other: a page of all of them is never held as one.
    let page = head.into_string();
    let (before, after) = page.split_once(MARK).unwrap_or((&page, ""));
    out.write_all(before.as_bytes())?;
    for sheet in sheets(handed).iter().filter(|sheet| sheet.count > 0) {
        out.write_all(table(sheet).into_string().as_bytes())?;
    }
    out.write_all(after.as_bytes())
}

/// Where the tables go. What is between angle brackets stands in no escaped text.
const MARK: &str = "<!--tables-->";

/// The count words, and how far the affected sites are.
fn cards(handed: &Handed<'_>) -> Markup {
    let (given, exposure) = (&handed.given, &handed.given.exposure);
    let counts = [
        ("restricted", exposure.restricted),
        ("suspected", exposure.suspected),
        ("unknown", exposure.unknown),
        ("not restricted", exposure.not_restricted),
    ];
    let done = given.done_percent().map_or_else(|| "–".to_owned(), |percent| format!("{percent} %"));
    html! {
        div.cards {
            @for (words, count) in counts {
                div.card { div class=(format!("count {}", words.replace(' ', "-"))) { (count) } div { (words) } }
            }
            div.card.done {
                div.count { (done) }
                div { (given.standing(Standing::Done)) " of " (given.affected()) " affected sites done" }
            }
        }
    }
}

/// Sites of which least was looked at first.
fn coverage(handed: &Handed<'_>) -> Markup {
    let least = |factors: &[Factor]| factors.iter().map(|factor| factor.percent().unwrap_or(0)).min().unwrap_or(0);
    let mut sites: Vec<_> = handed.given.sites.iter().collect();
    sites.sort_by_key(|site| (least(&site.coverage.factors), &site.site.id));
    let more = sites.len().saturating_sub(charts::MOST_SITES);
    sites.truncate(charts::MOST_SITES);
    let bars: Vec<(String, &[Factor])> = sites
        .iter()
        .map(|site| (handed.names.name("site", site.site.id.as_str()), site.coverage.factors.as_slice()))
        .collect();
    html! {
        @if !bars.is_empty() {
            figure {
                figcaption { "What was looked at, the least first" }
                (charts::coverage(&bars, handed.given.snapshot.looked.threshold))
                @if more > 0 { p.more { "and " (more) " more sites of which as much or more was looked at: table (e)" } }
            }
        }
    }
}

fn table(sheet: &Sheet<'_>) -> Markup {
    let (rows, more) = sheet.brief(MOST_ROWS);
    let told = |at: usize| rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.is_empty()));
    let columns: Vec<(usize, &str)> = sheet.brief.iter().copied().enumerate().filter(|(at, _)| told(*at)).collect();
    html! {
        section {
            h2 { (sheet.title) }
            table {
                thead { tr { @for (_, column) in &columns { th { (column.replace('_', " ")) } } } }
                tbody {
                    @for row in &rows {
                        tr { @for (at, _) in &columns {
                            @let cell = row.get(*at).map(String::as_str).unwrap_or_default();
                            td class=[class(cell)] { (cell) }
                        } }
                    }
                }
            }
            @if more > 0 { p.more { "and " (more) " more: CSV and JSON have all" } }
        }
    }
}

/// How a word is shown.
fn class(cell: &str) -> Option<&'static str> {
    match cell {
        "restricted" | "remaining" | "since-last-return" | "breach" | "no" => Some("bad"),
        "suspected" | "unknown" | "gone-not-shown" | "none-not-shown" | "partly" | "not-known" => Some("doubt"),
        "not-restricted" | "done" | "yes" => Some("good"),
        cell if !cell.is_empty() && cell.bytes().all(|digit| digit.is_ascii_digit()) => Some("figure"),
        _ => None,
    }
}
