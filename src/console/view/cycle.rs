//! A cycle in full: what was looked at of its sites, who attested it, where its report lies; of one that is open what
//! would be attested now.

use super::moment;
use super::pen::{Paragraph, Piece};
use crate::console::model::Model;
use crate::report::cycle::{counted, shares};
use crate::review::{Cycle, LookedAt, Reporting};

fn line(label: &'static str, text: String) -> Paragraph {
    Paragraph { label, text: text.into() }
}

/// Four factors, and of how many sites too little was looked at.
fn looked_at(model: &Model, looked: &LookedAt) -> [Paragraph; 2] {
    let style = if looked.short > 0 { model.theme.warn() } else { model.theme.good() };
    let sites = if looked.sites == 1 { "1 site".to_owned() } else { format!("{} sites", looked.sites) };
    [
        line("looked at", shares(looked)),
        Paragraph {
            label: "sites",
            text: Piece::new(format!("{sites} it can be about, {} NOT shown to be clean", looked.short), style),
        },
    ]
}

/// What is attested with a cycle that is open, as it is now.
pub(super) fn to_attest(model: &Model, cycle: &Cycle) -> Vec<Paragraph> {
    let mut lines = vec![
        line("stands", counted(cycle, &model.snapshot.findings)),
        line("answers", model.snapshot.answering_words()),
    ];
    if let Some(covered) = model.site_coverage() {
        lines.extend(looked_at(model, &model.snapshot.looked_at_of(covered, &cycle.select)));
    }
    lines
}

/// Where its report lies.
fn report(model: &Model, cycle: &Cycle) -> Option<Paragraph> {
    let text = match (&cycle.report, cycle.closed) {
        (Some(Reporting::Written { at, files }), _) => format!("{}: {}", moment(*at, &model.zone), files.join(", ")),
        (Some(Reporting::Due), _) => "is to be written".to_owned(),
        (None, Some(_)) => format!("none is written; lenswarden report --cycle {} makes one", cycle.id),
        (None, None) => return None,
    };
    Some(line("report", text))
}

/// In short: what stands above the items.
pub(super) fn in_short(model: &Model, cycle: &Cycle) -> Vec<Paragraph> {
    let mut lines = Vec::new();
    match &cycle.attestation {
        Some(told) => {
            let (at, author) = (moment(told.at, &model.zone), &told.author);
            lines.push(line("attested", format!("{at} by {author}: {}", told.statement)));
            lines.extend(told.looked.iter().map(|looked| line("looked at", shares(looked))));
        }
        None => lines.extend(model.site_coverage().map(|covered| {
            line("looked at", format!("{}, now", shares(&model.snapshot.looked_at_of(covered, &cycle.select))))
        })),
    }
    lines.extend(report(model, cycle));
    lines
}

/// All of it.
pub(super) fn in_full(model: &Model, cycle: &Cycle) -> Vec<Paragraph> {
    let Some(told) = &cycle.attestation else {
        let not_yet = line("attested", "not yet; with it would be kept, as it is now:".to_owned());
        return std::iter::once(not_yet).chain(to_attest(model, cycle)).collect();
    };
    let counts = &told.counts;
    let mut lines = vec![
        line("attested", format!("{} by {}: {}", moment(told.at, &model.zone), told.author, told.statement)),
        line(
            "stood",
            format!(
                "{} items: {} wait, {} are to be removed, isolated or replaced, {} accepted, {} not in scope, {} closed",
                counts.items, counts.waiting, counts.to_be_removed, counts.accepted, counts.not_in_scope, counts.closed
            ),
        ),
        line("answered", told.coverage.clone()),
    ];
    lines.extend(told.looked.iter().flat_map(|looked| looked_at(model, looked)));
    lines.push(line("change log", format!("row {}, hash {}", told.seq, told.head)));
    lines.extend(report(model, cycle));
    lines
}
