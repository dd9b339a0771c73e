//! What is different about a finding, in words, for somebody who saw it as it was.

use super::finding::{Finding, FindingState};
use crate::inventory::Place;

fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn spot(place: &Place) -> String {
    let name = |text: Option<String>| text.unwrap_or_else(|| "?".to_owned());
    let gone = if place.gone.is_some() { ", gone" } else { "" };
    format!(
        "{} {} VLAN {}, site {}{gone}",
        name(place.switch.as_ref().map(ToString::to_string)),
        name(place.port.as_ref().map(ToString::to_string)),
        name(place.vlan.map(|vlan| vlan.to_string())),
        name(place.site.as_ref().map(ToString::to_string)),
    )
}

/// What changed between two looks at a finding.
#[must_use]
pub fn changed(before: &Finding, now: &Finding) -> Vec<String> {
    let mut words = Vec::new();
    if before.state != now.state {
        let why = now.closing.filter(|_| now.state == FindingState::Closed).map(|why| format!(" ({})", word(&why)));
        words.push(format!("it was {}, it is {}{}", word(&before.state), word(&now.state), why.unwrap_or_default()));
    }
    if before.decision != now.decision
        && let Some(decision) = &now.decision
    {
        words.push(format!("{} decided: {}", decision.author.name, decision.kind.words()));
    }
    if before.handling.proposed != now.handling.proposed {
        words.push(match &now.handling.proposed {
            Some(proposed) => format!("{} proposed: {}", proposed.author.name, proposed.kind.words()),
            None => "what was proposed is so no longer".to_owned(),
        });
    }
    if before.openings != now.openings {
        words.push(format!("it opened again at {}", now.since));
    }
    if before.severity != now.severity {
        words.push(format!("it was {}, it is {}", word(&before.severity), word(&now.severity)));
    }
    if !before.place.is_same_spot(&now.place) {
        words.push(format!("it was at {}, it is at {}", spot(&before.place), spot(&now.place)));
    }
    let new = now.evidence.iter().filter(|mark| mark.source != "place");
    let new: Vec<_> = new.filter(|mark| !before.evidence.iter().any(|old| old.text == mark.text)).collect();
    words.extend(new.iter().take(3).map(|mark| format!("new evidence: {}: {}", mark.source, mark.text)));
    if before.handling.assignee != now.handling.assignee || before.handling.due != now.handling.due {
        words.push("it was assigned".to_owned());
    }
    if before.handling.tags != now.handling.tags {
        words.push("its tags are others".to_owned());
    }
    if words.is_empty() {
        words.push("its text or its evidence are others".to_owned());
    }
    words
}
