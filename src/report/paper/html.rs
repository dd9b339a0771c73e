//! A report as one page that stands by itself: no script, nothing loaded from anywhere, good on paper.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::text::label;
use super::{Paper, Sheet};

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
pub fn write(paper: &Paper<'_>, out: &mut impl Write) -> std::io::Result<()> {
    let head = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { (paper.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                p.freshness { (paper.headline) }
                h1 { (paper.title) }
                @for term in &paper.terms { p.term { (term) } }
                (paper.cards)
                @if !paper.summary.is_empty() {
                    dl.summary { @for (name, words) in &paper.summary { dt { (label(name)) } dd { (words) } } }
                }
                (paper.charts)
                (PreEscaped(MARK))
                footer {
                    p { "lenswarden " (env!("CARGO_PKG_VERSION")) ", change " (paper.frame.snapshot.seq) " of the log" }
                    @match &paper.frame.head {
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
    for sheet in paper.sheets.iter().filter(|sheet| sheet.is_shown()) {
        out.write_all(table(sheet).into_string().as_bytes())?;
    }
    out.write_all(after.as_bytes())
}

/// Columns of a table that fits on paper held upright.
const UPRIGHT: usize = 6;

/// Where the tables go. What is between angle brackets stands in no escaped text.
const MARK: &str = "<!--tables-->";

fn table(sheet: &Sheet<'_>) -> Markup {
    let (rows, more) = sheet.brief(MOST_ROWS);
    let told = |at: usize| rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.is_empty()));
    let columns: Vec<(usize, &str)> = sheet.brief.iter().copied().enumerate().filter(|(at, _)| told(*at)).collect();
    let wide = columns.len() > UPRIGHT;
    html! {
        section.wide[wide] {
            h2 { (sheet.title) }
            @if !sheet.note.is_empty() { p.note { (sheet.note) } }
            @if rows.is_empty() { p.more { (sheet.without) } } @else {
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
            }
            @if more > 0 { p.more { "and " (more) " more: CSV and JSON have all" } }
        }
    }
}

/// Longest word that is not broken, in octets: a maker's name, a day.
const WHOLE: usize = 10;

/// How a word is shown.
fn class(cell: &str) -> Option<&'static str> {
    match cell {
        "restricted" | "remaining" | "since-last-return" | "breach" | "no" => Some("bad"),
        "suspected" | "unknown" | "gone-not-shown" | "none-not-shown" | "partly" | "not-known" => Some("doubt"),
        "not-restricted" | "done" | "yes" => Some("good"),
        cell if cell.starts_with("not known") || cell.starts_with("to be filled in") => Some("doubt"),
        cell if !cell.is_empty() && cell.bytes().all(|digit| digit.is_ascii_digit()) => Some("figure"),
        // A word that fits is not broken, however many columns there are.
        cell if !cell.is_empty() && cell.len() <= WHOLE && !cell.contains(' ') => Some("whole"),
        _ => None,
    }
}
