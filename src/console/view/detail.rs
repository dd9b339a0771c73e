//! What is selected, in full: who made it and why that is believed, where it is and how sure that is, what is broken,
//! what was decided, where it was before.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Paragraph, Pen, Piece};
use super::{activity, coverage, devices, dossier, moment, site_of, targets, text_of};
use crate::console::keys::Context;
use crate::console::model::{Mode, Model, ReviewKey, View};
use crate::inventory::{Certainty, contain};
use crate::net::{CycleId, DeviceId};
use crate::report::rows;
use crate::review::{Decision, Finding};
use crate::snapshot::word;
use crate::store::DeviceDetail;

/// Most places that it was at before.
const MOST_BEFORE: usize = 20;

/// Draws the detail in a pane, or on the whole body.
pub(super) fn draw(model: &Model, pen: &mut Pen<'_>, area: Rect) {
    let pinned = matches!(model.mode.shown(), Mode::Pinned { .. });
    let (title, paragraphs) = match (model.view, model.selected_device()) {
        (View::Targets, _) if !pinned => match model.lists.targets.selected() {
            Some(name) => targets::detail(model, name),
            None => return,
        },
        (View::Coverage, _) => match model.lists.coverage.selected() {
            Some(key) => coverage::detail(model, key),
            None => return,
        },
        (View::Activity, _) => activity::detail(model),
        (View::Sites, _) => match model.lists.sites.selected() {
            Some(site) => dossier::draw(model, site),
            None => return,
        },
        (_, Some(id)) => device(model, id),
        (_, None) => match (model.lists.reviews.selected(), model.selected_finding()) {
            (Some(ReviewKey::Cycle(id)), _) if model.view == View::Reviews => cycle(model, *id),
            (_, Some(id)) => match model.snapshot.findings.get(&id) {
                Some(finding) => entry(model, finding),
                None => return,
            },
            _ => return,
        },
    };
    pen.rule(area, area.y, &title);
    let inner = Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 1 };
    // A pane starts at the top: only the detail that fills the screen scrolls.
    let top = std::cell::Cell::new(0);
    let full = matches!(
        model.mode,
        Mode::Detail | Mode::Pinned { .. } | Mode::Help { of: Context::Detail | Context::Dossier, .. }
    );
    let scroll = if full { &model.scroll } else { &top };
    let lines = pen.paragraphs(inner, &paragraphs, scroll);
    let below = lines.saturating_sub(scroll.get() + usize::from(inner.height));
    if below > 0 {
        let text = if full { super::more_lines(below) } else { format!("{}↵ ", super::more_lines(below)) };
        pen.right(area, area.y, area.x, &text, model.theme.key());
    }
}

fn cycle(model: &Model, id: CycleId) -> (String, Vec<Paragraph>) {
    let Some(cycle) = model.snapshot.cycles.get(&id) else { return (String::new(), Vec::new()) };
    let progress = model.snapshot.progress(cycle);
    let zone = &model.zone;
    let line = |label, text: String| Paragraph { label, text: text.into() };
    let select = if cycle.select.is_empty() { "every open finding".to_owned() } else { cycle.select.clone() };
    let mut lines = vec![
        line("items", format!("{} of {} wait for a decision", progress.waiting, progress.all)),
        line("due", moment(cycle.due, zone)),
    ];
    if let Some(closed) = cycle.closed {
        lines.push(line("closed", moment(closed, zone)));
    }
    lines.extend(super::cycle::in_full(model, cycle));
    lines.extend([
        line("owner", cycle.owner.clone()),
        line("selects", select),
        line("opened", format!("{}, for {}", moment(cycle.opened, zone), moment(cycle.scheduled, zone))),
    ]);
    (format!("cycle {} {}", cycle.id, cycle.name), lines)
}

fn rule(model: &Model, finding: &Finding) -> Paragraph {
    let text = format!("{} {}/{}: {}", finding.severity.letter(), finding.policy, finding.rule, finding.text);
    Paragraph { label: "rule", text: Piece::new(text, model.theme.severity(finding.severity)) }
}

/// A finding about a register's entry: there is no device to tell of.
fn entry(model: &Model, finding: &Finding) -> (String, Vec<Paragraph>) {
    let title = finding.subject.entry().map(|entry| format!("{} ── register {}", entry.key, entry.register));
    let mut lines = vec![rule(model, finding)];
    let mut label = "evidence";
    for mark in &finding.evidence {
        let text = format!("{}: {} (since {})", mark.source, mark.text, moment(mark.observed_at, &model.zone));
        lines.push(Paragraph { label: std::mem::take(&mut label), text: text.into() });
    }
    let (text, style) = finding_line(model, finding);
    lines.push(Paragraph { label: "finding", text: Piece::new(text, style) });
    if let Some(decision) = &finding.decision {
        lines.push(Paragraph { label: "decision", text: decision_line(model, decision).into() });
    }
    (title.unwrap_or_default(), lines)
}

fn device(model: &Model, id: DeviceId) -> (String, Vec<Paragraph>) {
    let snapshot = &model.snapshot;
    let Some(row) = model.device(id) else { return (format!("device {id} is no more"), Vec::new()) };
    let name = text_of(row.name().as_ref());
    let place = format!("{} {}", text_of(row.place.switch.as_ref()), text_of(row.place.port.as_ref()));
    let title = format!("{name} ── {place}");
    let mut lines = Vec::new();
    if let Some(finding) = model.selected_finding().and_then(|id| snapshot.findings.get(&id)) {
        lines.push(rule(model, finding));
    }
    let mut is: Vec<String> = [super::placement::maker(Some(&row)), row.model.to_string(), row.firmware.to_string()]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    if !row.serial.is_empty() {
        is.push(format!("serial {}", row.serial));
    }
    is.extend(row.hostname.iter().map(|name| format!("calls itself {name}")));
    is.extend(row.ips.iter().map(ToString::to_string));
    lines.push(Paragraph { label: "is", text: is.join(", ").into() });
    let status = word(&row.status).replace('-', " ");
    let read = model.detail.as_ref().filter(|(read, _)| *read == id).and_then(|(_, detail)| detail.as_deref());
    let text = format!(
        "{status}: class {}, surveillance {}, maker {}{}",
        word(&row.class),
        word(&row.surveillance),
        word(&row.verdict),
        read.map(by_what).unwrap_or_default()
    );
    lines.push(Paragraph { label: "judged", text: Piece::new(text, model.theme.status(row.status)) });
    match &model.detail {
        Some((read, Some(detail))) if *read == id => known(model, detail, &mut lines),
        Some((read, None)) if *read == id => {
            lines.push(Paragraph { label: "evidence", text: "it is no longer in the database".into() });
        }
        _ => lines.push(Paragraph { label: "evidence", text: "is being read".into() }),
    }
    lines.push(Paragraph { label: "seen", text: devices::times(model, id).into() });
    (title, lines)
}

/// By what it is judged so, each kind of evidence once.
fn by_what(detail: &DeviceDetail) -> String {
    let mut sources: Vec<&str> = Vec::new();
    for mark in &detail.device.attribution.evidence {
        if !sources.contains(&mark.source.as_str()) {
            sources.push(&mark.source);
        }
    }
    if sources.is_empty() { String::new() } else { format!(", by {}", sources.join(", ")) }
}

/// What only the device's own record tells: where it is and why there, then who made it, then what was decided.
fn known(model: &Model, detail: &DeviceDetail, lines: &mut Vec<Paragraph>) {
    placed(model, detail, lines);
    let mut add = |label, text: String, style: Style| lines.push(Paragraph { label, text: Piece::new(text, style) });
    let zone = &model.zone;
    let mut label = "evidence";
    for mark in &detail.device.attribution.evidence {
        let text = format!(
            "{:<6} {}: {} (since {})",
            word(&mark.grade),
            mark.source,
            mark.text,
            moment(mark.observed_at, zone)
        );
        add(std::mem::take(&mut label), text, Style::new());
    }
    if detail.device.attribution.evidence.is_empty() {
        add("evidence", "none: nothing it sent speaks for a maker".to_owned(), model.theme.warn());
    }
    let mut label = "rows";
    let open = || detail.presence.iter().filter(|(_, gone)| gone.is_none()).map(|(row, _)| row);
    for row in open() {
        let source = rows::source(row, &model.snapshot);
        let vlan = text_of(row.vlan.as_ref());
        let why = rows::why(row, detail.device.place.standing(row), &detail.switches);
        let text = format!("{} {} VLAN {vlan}, from {}: {why}", row.switch, row.port, moment(row.first_seen, zone));
        add(std::mem::take(&mut label), text, Style::new());
        let whole = source
            .whole
            .map_or("not seen whole at its last visit".to_owned(), |at| format!("seen whole at {}", moment(at, zone)));
        add("", format!("  {}, {whole}; {}", source.table, source.object), Style::new());
    }
    if open().next().is_none() {
        add("rows", "no switch has it in its forwarding table now".to_owned(), model.theme.warn());
    }
    let mut label = "before";
    for (row, gone) in detail.presence.iter().filter_map(|(row, gone)| Some((row, (*gone)?))).take(MOST_BEFORE) {
        let vlan = text_of(row.vlan.as_ref());
        let text = format!(
            "{} {} VLAN {vlan}, {} to {}",
            row.switch,
            row.port,
            moment(row.first_seen, zone),
            moment(gone, zone)
        );
        add(std::mem::take(&mut label), text, Style::new());
    }
    let mut label = "findings";
    for finding in &detail.findings {
        let (text, style) = finding_line(model, finding);
        add(std::mem::take(&mut label), text, style);
        for mark in finding.observed(&detail.device.attribution) {
            let at = moment(mark.observed_at, zone);
            add("", format!("  {}: {} (since {at})", mark.source, mark.text), Style::new());
        }
        for line in crate::report::tables::handling(finding) {
            add("", format!("  {line}"), Style::new());
        }
    }
    let mut label = "decisions";
    for decision in &detail.decisions {
        add(std::mem::take(&mut label), decision_line(model, decision), Style::new());
    }
}

/// Where it is, how sure that is, what else shows it, the way to the core, and what would cut it off.
fn placed(model: &Model, detail: &DeviceDetail, lines: &mut Vec<Paragraph>) {
    let zone = &model.zone;
    let place = &detail.device.place;
    let mut add = |label, text: String, style: Style| lines.push(Paragraph { label, text: Piece::new(text, style) });
    let switch = place.switch.as_ref().and_then(|name| detail.switches.get(name));
    let port = switch
        .zip(place.if_index)
        .and_then(|(switch, number)| switch.ports.iter().find(|port| port.if_index == number));
    let network = place.network.as_ref().map_or_else(|| "unclassified".to_owned(), ToString::to_string);
    add(
        "place",
        format!(
            "{} {:.2}: switch {}, port {}, VLAN {}, network {network}, site {}, since {}",
            word(&place.certainty),
            place.confidence.value(),
            text_of(place.switch.as_ref()),
            text_of(place.port.as_ref()),
            text_of(place.vlan.as_ref()),
            site_of(&model.snapshot, place.site.as_ref()),
            moment(place.since, zone)
        ),
        Style::new(),
    );
    if let Some(gone) = place.gone {
        add("gone", format!("observed without it since {}", moment(gone, zone)), model.theme.warn());
    }
    if let Some(port) = port {
        let power = port.poe.as_ref().map(|state| format!(", PoE {state}")).unwrap_or_default();
        let alias =
            if port.alias.is_empty() { "nothing is written on it".to_owned() } else { format!("\"{}\"", port.alias) };
        add("port text", format!("{alias}; {}{power}", word(&port.oper)), Style::new());
    }
    match detail.path.hops.as_slice() {
        [] | [_] => add("path", detail.path.end.clone(), Style::new()),
        _ => add("path", rows::way_in_short(&detail.path), Style::new()),
    }
    let alone = place.certainty == Certainty::Direct && place.gone.is_none();
    let system = switch.and_then(|switch| switch.system.as_ref()).filter(|_| alone);
    let command = system.zip(place.port.as_ref()).and_then(|(system, port)| contain::command(system, port.as_str()));
    if let Some(command) = command {
        add("contain", format!("{command}   (text: nothing is sent)"), Style::new());
    }
    let mut label = "because";
    for reason in &place.reasons {
        add(std::mem::take(&mut label), reason.clone(), Style::new());
    }
    let mut label = "or";
    for rival in &place.rivals {
        let vlan = text_of(rival.vlan.as_ref());
        let since = moment(rival.since, zone);
        let text = format!(
            "{} {} VLAN {vlan} shows it just as well since {since}: which is right is open",
            rival.switch, rival.port
        );
        add(std::mem::take(&mut label), text, model.theme.warn());
    }
    if detail.path.hops.len() > 1 {
        let mut label = "way";
        for line in rows::way(&detail.path) {
            add(std::mem::take(&mut label), line, Style::new());
        }
    }
}

fn finding_line(model: &Model, finding: &Finding) -> (String, Style) {
    let state = finding.closing.map_or_else(|| word(&finding.state), |why| format!("closed ({})", word(&why)));
    let again = if finding.reopened() { format!(", opened {} times", finding.openings) } else { String::new() };
    let text = format!(
        "{} {} {}: {state} since {}{again}, revision {}",
        finding.id,
        finding.severity.letter(),
        finding.rule,
        moment(finding.since, &model.zone),
        finding.revision
    );
    (text, model.theme.severity(finding.severity))
}

fn decision_line(model: &Model, decision: &Decision) -> String {
    format!("{}, {}: {}, by {}", moment(decision.at, &model.zone), decision.matter, decision.kind, decision.author)
}
