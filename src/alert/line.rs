//! The words of an alert: `severity rule key=value …`, at most 300 characters, what must not be missed first.

use std::collections::BTreeMap;

use super::word;
use crate::inventory::{Certainty, Device};
use crate::maker::Verdict;
use crate::net::text::clean;
use crate::policy::Severity;
use crate::review::{Finding, FindingState};

/// Longest line, in characters.
const LONGEST: usize = 300;
/// Longest value of one key, in characters: no device's name pushes the port off the line.
const LONGEST_VALUE: usize = 32;

/// A value as it stands in a line: cleaned, clipped, quoted where it holds anything but letters, digits and `._:/+-`.
/// What a device calls itself cannot close the quotes and go on as another key.
pub(super) fn value(text: &str, longest: usize) -> String {
    let cleaned = clean(text);
    let mut clipped: String = cleaned.chars().take(longest).collect();
    if clipped.len() < cleaned.len() {
        // Not an ellipsis: a line that can be plain ASCII stays so.
        clipped = clipped.chars().take(longest.saturating_sub(3)).collect::<String>() + "...";
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:/+-".contains(c);
    if clipped.is_empty() || !clipped.chars().all(plain) {
        return format!("\"{}\"", clipped.replace('"', "'").replace('\\', "/"));
    }
    clipped
}

/// A line in the making: parts that no longer fit are left out whole.
struct Line(String);

impl Line {
    /// Whether it fit.
    fn part(&mut self, part: &str) -> bool {
        let fits = self.0.chars().count() + 1 + part.chars().count() <= LONGEST;
        if fits {
            self.0.push(' ');
            self.0.push_str(part);
        }
        fits
    }

    fn pair(&mut self, key: &str, text: Option<String>) {
        let text = text.map_or_else(|| "unknown".to_owned(), |text| value(&text, LONGEST_VALUE));
        self.part(&format!("{key}={text}"));
    }
}

/// One finding, and the device it is about where it is still known.
pub(super) fn finding(finding: &Finding, device: Option<&Device>) -> String {
    let place = &finding.place;
    let mut line = Line(format!("{} {}", word(finding.severity), value(finding.rule.as_str(), LONGEST_VALUE)));
    line.part(&format!("finding={}", finding.id));
    if finding.state != FindingState::Open {
        // Graver than what was decided on.
        line.part("decided=before");
    }
    line.pair("site", place.site.as_ref().map(ToString::to_string));
    let (key, address) = match (finding.subject.entry(), device.and_then(|device| device.mac)) {
        (Some(entry), _) => ("entry", Some(entry.to_string())),
        (None, Some(mac)) => ("mac", Some(mac.to_string())),
        (None, None) => ("ip", device.and_then(|device| device.ips.first()).map(ToString::to_string)),
    };
    line.pair(key, address);
    let (switch, port) = (place.switch.as_ref().map(ToString::to_string), place.port.as_ref().map(ToString::to_string));
    if place.certainty == Certainty::Beyond {
        // The port it is seen on leads to other switches: nobody finds it there.
        let seen = switch.into_iter().chain(port).collect::<Vec<_>>().join(" ");
        line.part("switch=unknown port=unknown");
        line.part(&format!("beyond={}", value(&seen, LONGEST_VALUE)));
    } else {
        line.pair("switch", switch);
        line.pair("port", port);
    }
    line.pair("vlan", place.vlan.map(|vlan| vlan.to_string()));
    line.pair("network", place.network.as_ref().map(ToString::to_string));
    let certainty = match place.certainty {
        Certainty::Direct => "direct",
        Certainty::Shared => "shared",
        Certainty::Beyond => "beyond",
        Certainty::Unknown => "unknown",
    };
    line.part(&format!("place={certainty}"));
    line.part(&format!("since={:.0}", finding.since.to_jiff()));
    if let Some(device) = device {
        let attribution = &device.attribution;
        let verdict = match attribution.verdict {
            Verdict::Confirmed => "confirmed",
            Verdict::Suspected => "suspected",
            Verdict::Unknown => "unknown",
        };
        line.pair("maker", Some(attribution.name.clone()).filter(|name| !name.is_empty()));
        line.part(&format!("verdict={verdict}"));
        let model = device.facts.said().map(|(information, _)| information.model.to_string());
        line.pair("model", model.filter(|model| !model.is_empty()));
        let mut sources: Vec<&str> = Vec::new();
        for mark in &attribution.evidence {
            if !sources.contains(&mark.source.as_str()) {
                sources.push(&mark.source);
            }
        }
        // The strongest stand first: as many as there is room for.
        for count in (1..=sources.len()).rev() {
            let more = if count < sources.len() { ", ..." } else { "" };
            let some = sources.iter().take(count).copied().collect::<Vec<_>>().join(", ") + more;
            if line.part(&format!("evidence={}", value(&some, LONGEST))) {
                break;
            }
        }
    }
    line.0
}

/// Something about the work itself: what kind, and in words.
pub(super) fn operational(kind: &str, words: &str) -> String {
    let line = format!("operation {} {}", value(kind, LONGEST_VALUE), clean(words));
    line.chars().take(LONGEST).collect()
}

/// Many findings at once: how many of each rule at each site, most first.
pub(super) fn summary(findings: &[&Finding], gravest: Severity) -> String {
    let mut counts: BTreeMap<(Severity, String, String), usize> = BTreeMap::new();
    for finding in findings {
        let site = finding.place.site.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
        let rule = value(finding.rule.as_str(), LONGEST_VALUE);
        *counts.entry((finding.severity, rule, value(&site, LONGEST_VALUE))).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|((severity, ..), count), ((other, ..), more)| severity.cmp(other).then(more.cmp(count)));
    let mut line = format!("{} summary findings={}", word(gravest), findings.len());
    let end = "; see 'lenswarden findings'";
    let mut left = findings.len();
    for ((severity, rule, site), count) in counts {
        let part = format!(" {} {rule} at {site}: {count},", word(severity));
        // Room for "and 4294967295 more" and the end.
        if line.chars().count() + part.chars().count() + 20 + end.len() > LONGEST {
            break;
        }
        line.push_str(&part);
        left -= count;
    }
    if left > 0 {
        line.push_str(&format!(" and {left} more"));
    }
    line.trim_end_matches(',').to_owned() + end
}
