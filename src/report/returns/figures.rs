//! What only the return's page has: its figures in large, and its charts.

use maud::{Markup, html};

use super::{Handed, charts};
use crate::snapshot::{Factor, Standing};

/// The count words, and how far the affected sites are.
pub(super) fn cards(handed: &Handed<'_>) -> Markup {
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

/// Makers, progress, coverage.
pub(super) fn charts(handed: &Handed<'_>) -> Markup {
    let given = &handed.given;
    let makers: Vec<_> = given.exposure.rows.iter().filter(|row| row.key.brand.is_none()).collect();
    html! {
        @if !makers.is_empty() {
            figure { figcaption { "Whose equipment is where" } (charts::makers(&makers)) }
        }
        @if given.progress.days.len() > 1 {
            figure {
                figcaption { "Affected sites that are done" }
                (charts::progress(&given.progress.days))
                p.more { (given.progress.words()) }
            }
        }
        (coverage(handed))
    }
}

/// Sites of which least was looked at first.
fn coverage(handed: &Handed<'_>) -> Markup {
    let least = |factors: &[Factor]| factors.iter().map(|factor| factor.percent().unwrap_or(0)).min().unwrap_or(0);
    let mut sites: Vec<_> = handed.given.sites.iter().collect();
    sites.sort_by_key(|site| (least(&site.coverage.factors), &site.site.id));
    let more = sites.len().saturating_sub(charts::MOST_SITES);
    sites.truncate(charts::MOST_SITES);
    let names = &handed.frame.names;
    let bars: Vec<(String, &[Factor])> = sites
        .iter()
        .map(|site| (names.name("site", site.site.id.as_str()), site.coverage.factors.as_slice()))
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
