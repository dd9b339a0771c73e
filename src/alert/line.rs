//! The words of an alert: `severity rule key=value …`, at most 300 characters. Where not all fits, what matters least is
//! left out, each part whole.

use std::collections::BTreeMap;

use super::word;
use crate::inventory::Certainty;
use crate::maker::{Grade, Verdict};
use crate::net::text::clean;
use crate::net::{NetworkId, PortName, SiteId, TargetName, Timestamp};
use crate::policy::Severity;
use crate::review::{Cycle, Finding, FindingState, Reporting};
use crate::store::{Brief, BriefDevice};

/// Longest line, in characters.
pub(super) const LONGEST: usize = 300;
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

/// A moment to the minute, UTC.
fn minute(time: Timestamp) -> String {
    let text = time.to_string();
    format!("{}Z", text.get(..16).unwrap_or(&text))
}

/// How much a part matters: the first that do not fit are the last of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// What, where and who.
    Must,
    /// What to do about it.
    Containment,
    /// Since when, and how sure.
    Since,
    /// Whom to call, where it came from.
    Context,
    /// What else is known.
    More,
}

/// A line in the making: parts in the order they are read.
struct Line(Vec<(Weight, String)>);

impl Line {
    fn part(&mut self, weight: Weight, part: String) {
        self.0.push((weight, part));
    }

    fn pair(&mut self, weight: Weight, key: &str, text: &str) {
        self.part(weight, format!("{key}={}", value(text, LONGEST_VALUE)));
    }

    /// `unknown` where there is nothing: that a port is not known must be said.
    fn known(&mut self, key: &str, text: Option<&str>) {
        self.pair(Weight::Must, key, text.unwrap_or("unknown"));
    }

    /// What there is.
    fn some(&mut self, weight: Weight, key: &str, text: &str) {
        if !text.is_empty() {
            self.pair(weight, key, text);
        }
    }

    /// Who made it, how sure that is, since when it is known. `since`: when the finding opened.
    fn device(&mut self, device: &BriefDevice, since: Timestamp) {
        use Weight::{Context, More, Since};
        self.some(Since, "maker", &device.maker);
        self.part(
            Since,
            match device.verdict {
                Verdict::Confirmed => "verdict=confirmed",
                Verdict::Suspected => "verdict=suspected",
                Verdict::Unknown => "verdict=unknown",
            }
            .to_owned(),
        );
        if let Some(grade) = device.grade {
            let word = match grade {
                Grade::Strong => "strong",
                Grade::Mark => "mark",
                Grade::Hint => "hint",
            };
            self.part(Since, format!("grade={word}"));
        }
        self.some(More, "model", &device.model);
        // Where it was known before it broke the rule.
        let first_seen = device.first_seen.filter(|first| minute(*first) != minute(since));
        self.some(Context, "first-seen", &first_seen.map(minute).unwrap_or_default());
    }

    /// The parts that fit, weightiest first, as they are read.
    fn text(self) -> String {
        let mut order: Vec<usize> = (0..self.0.len()).collect();
        order.sort_by_key(|index| self.0.get(*index).map(|(weight, _)| *weight));
        let mut room = LONGEST + 1;
        let mut kept = Vec::new();
        for index in order {
            let Some((_, part)) = self.0.get(index) else { continue };
            let length = part.chars().count() + 1;
            if length <= room {
                room -= length;
                kept.push(index);
            }
        }
        kept.sort_unstable();
        kept.iter().filter_map(|index| self.0.get(*index)).map(|(_, part)| part.as_str()).collect::<Vec<_>>().join(" ")
    }
}

fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Direct => "direct",
        Certainty::Shared => "shared",
        Certainty::Beyond => "beyond",
        Certainty::Unknown => "unknown",
    }
}

/// One finding; `first` is what the line begins with.
pub(super) fn finding(first: &str, brief: &Brief) -> String {
    use Weight::{Containment, Context, More, Must, Since};
    let place = &brief.place;
    let mut line = Line(Vec::new());
    line.part(Must, format!("{first} {}", value(brief.rule.as_str(), LONGEST_VALUE)));
    line.part(Must, format!("finding={}", brief.id));
    if brief.state == FindingState::Closed {
        line.part(Must, "now=closed".to_owned());
    } else if brief.state != FindingState::Open {
        // Graver than what was decided on.
        line.part(Must, "decided=before".to_owned());
    }
    line.known("site", place.site.as_ref().map(SiteId::as_str));
    let device = brief.device.as_ref();
    match (&brief.entry, device.and_then(|device| device.mac)) {
        (Some(entry), _) => line.known("entry", Some(entry)),
        (None, Some(mac)) => line.known("mac", Some(&mac.to_string())),
        (None, None) => {
            let ip = device.and_then(|device| device.ips.first()).map(ToString::to_string);
            line.known("ip", ip.as_deref());
        }
    }
    let (switch, port) = (place.switch.as_ref().map(TargetName::as_str), place.port.as_ref().map(PortName::as_str));
    if place.certainty == Certainty::Beyond {
        // The port it is seen on leads to other switches: nobody finds it there.
        let seen = switch.into_iter().chain(port).collect::<Vec<_>>().join(" ");
        line.part(Must, "switch=unknown port=unknown".to_owned());
        line.pair(Must, "beyond", &seen);
    } else {
        line.known("switch", switch);
        line.known("port", port);
        line.some(Since, "text", &place.port_text);
    }
    line.known("vlan", place.vlan.map(|vlan| vlan.to_string()).as_deref());
    line.known("network", place.network.as_ref().map(NetworkId::as_str));
    line.part(Must, format!("place={}", certainty(place.certainty)));
    line.part(Since, format!("since={}", minute(brief.since)));
    if let Some(device) = device {
        line.device(device, brief.since);
    }
    if let Some(before) = &brief.previous {
        let port = before.port.as_ref().map(|port| format!(" {port}")).unwrap_or_default();
        line.pair(Context, "before", &format!("{}{port}", before.switch));
    }
    line.some(Context, "owner", &place.owner);
    line.some(More, "evidence", &device.map(|device| device.evidence.join(", ")).unwrap_or_default());
    if let Some(command) = &brief.contain {
        line.part(Containment, format!("contain={}", value(command, 80)));
    }
    line.text()
}

/// The report of a review cycle that ended: who attested, what stood in it, where the report is.
pub(super) fn report(cycle: &Cycle) -> String {
    use Weight::{Containment, Context, Must, Since};
    let mut line = Line(Vec::new());
    line.part(Must, format!("report review={} cycle={}", value(&cycle.name, 64), cycle.id));
    if let Some(told) = &cycle.attestation {
        let counts = &told.counts;
        line.part(Must, format!("items={} to-be-removed={}", counts.items, counts.to_be_removed));
        line.part(Must, format!("accepted={} not-in-scope={}", counts.accepted, counts.not_in_scope));
        line.part(Must, format!("closed={}", counts.closed));
        line.pair(Must, "attested-by", &told.author.name);
        line.part(Since, format!("at={}", minute(told.at)));
        let looked = told.looked.as_ref();
        line.some(Context, "short-of-coverage", &looked.map(|it| it.short.to_string()).unwrap_or_default());
    }
    if let Some(Reporting::Written { files, .. }) = &cycle.report {
        for file in files {
            line.part(Containment, format!("file={}", value(file, 160)));
        }
    }
    line.text()
}

/// Something about the work itself: what kind, and in words.
pub(super) fn operational(kind: &str, words: &str) -> String {
    let line = format!("operation {} {}", value(kind, LONGEST_VALUE), clean(words));
    line.chars().take(LONGEST).collect()
}

/// Many findings at once: how many of each rule at each site, most first. `why` they come together, where there is more
/// to it than that they are many.
pub(super) fn summary(findings: &[&Finding], gravest: Severity, why: &str) -> String {
    let mut counts: BTreeMap<(Severity, String, String), usize> = BTreeMap::new();
    for finding in findings {
        let site = finding.place.site.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
        let rule = value(finding.rule.as_str(), LONGEST_VALUE);
        *counts.entry((finding.severity, rule, value(&site, LONGEST_VALUE))).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|((severity, ..), count), ((other, ..), more)| severity.cmp(other).then(more.cmp(count)));
    let mut line = format!("{} summary findings={}{why}", word(gravest), findings.len());
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
