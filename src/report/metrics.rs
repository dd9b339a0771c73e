//! The picture as figures for a monitoring system: the text format of Prometheus, version 0.0.4. Labels are sites and
//! closed lists of words, never an address, a name of a device or anything else that it says.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::net::{SiteId, Timestamp};
use crate::review::FindingState;
use crate::snapshot::{DaemonState, Snapshot, TargetRow, word};

/// The media type of the text.
pub const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the daemon alone knows of its work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Messages that wait for the recorder.
    pub queue: usize,
    /// How many may: whoever has another waits.
    pub queue_limit: usize,
    /// Visits under way.
    pub visits: usize,
    /// Its tasks that do not come round.
    pub late: usize,
    /// Cameras at which a credential was refused, and waits for the operator.
    pub credentials_refused: usize,
}

type Labels<'a> = &'a [(&'a str, &'a str)];

/// The text in the making.
#[derive(Default)]
struct Text(String);

impl Text {
    /// Begins a family of gauges. Its unit is the end of its name.
    fn family(&mut self, name: &str, help: &str) {
        // Writing to a String does not fail.
        let _ = writeln!(self.0, "# HELP lenswarden_{name} {help}\n# TYPE lenswarden_{name} gauge");
    }

    fn sample(&mut self, name: &str, labels: Labels<'_>, value: f64) {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "lenswarden_{name}{labels} {value}");
    }

    /// A family of one.
    fn one(&mut self, name: &str, help: &str, value: f64) {
        self.family(name, help);
        self.sample(name, &[], value);
    }
}

/// A label's value as the format wants it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn seconds(at: Timestamp) -> f64 {
    at.0 as f64 / 1000.0
}

const KINDS: [(&str, bool); 2] = [("switch", true), ("camera", false)];
const STATES: [&str; 5] = ["answering", "stale", "silent", "refused", "waiting"];

/// All figures. The snapshot may be one without devices.
#[must_use]
pub fn metrics(snapshot: &Snapshot, work: &Work) -> String {
    let mut text = Text::default();
    let daemon = &snapshot.daemon;
    let up = matches!(daemon.state(), DaemonState::Running | DaemonState::Silent(_));
    text.one("daemon_up", "Whether the daemon runs.", f64::from(u8::from(up)));
    text.family("build_info", "The version of the daemon.");
    text.sample("build_info", &[("version", &daemon.version)], 1.0);
    if let Some(started) = daemon.started {
        text.one("daemon_start_timestamp_seconds", "When the daemon started.", seconds(started));
    }
    text.one(
        "snapshot_timestamp_seconds",
        "When anything last came of the daemon's work: older than two intervals, it is silent.",
        seconds(snapshot.as_of),
    );
    text.one("tasks_late", "Tasks of the daemon that do not come round.", work.late as f64);
    let problem = !daemon.configuration_problem.is_empty();
    text.one("configuration_problem", "Whether it does not work as configured.", f64::from(u8::from(problem)));
    text.one("recorder_queue_length", "What waits to be recorded.", work.queue as f64);
    text.one("recorder_queue_limit", "How much may wait to be recorded.", work.queue_limit as f64);
    text.one("visits_under_way", "Visits under way.", work.visits as f64);
    text.one(
        "credentials_refused",
        "Cameras that refused a credential, which waits for the operator.",
        work.credentials_refused as f64,
    );
    if let Some(date) = snapshot.registry {
        let at = date.to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |day| day.timestamp().as_second());
        text.one("registry_timestamp_seconds", "The day the IEEE registry is of.", at as f64);
    }
    alerts(&mut text, snapshot);
    targets(&mut text, snapshot);
    findings(&mut text, snapshot);
    coverage(&mut text, snapshot);
    text.0
}

fn alerts(text: &mut Text, snapshot: &Snapshot) {
    let carriers = || snapshot.carriers.values();
    let waiting: u64 = carriers().map(|carrier| carrier.waiting).sum();
    let lost: u64 = carriers().map(|carrier| carrier.lost).sum();
    text.one("outbox_alerts_waiting", "Alerts that no carrier has taken yet.", waiting as f64);
    text.one("outbox_alerts_counted_only", "Alerts that found too many waiting.", lost as f64);
    let failing = carriers().filter(|carrier| !carrier.why.is_empty()).count();
    text.one("alert_carriers_failing", "Carriers that do not take what is sent.", failing as f64);
    let wrong = snapshot.conditions.len();
    text.one("conditions", "What is wrong with the work itself and was told: targets lists it.", wrong as f64);
}

fn targets(text: &mut Text, snapshot: &Snapshot) {
    let state = |target: &TargetRow| match target.state.as_str() {
        "answering" | "partial" if snapshot.is_stale(target) => "stale",
        "partial" => "answering",
        other => STATES.iter().find(|state| **state == other).copied().unwrap_or("waiting"),
    };
    let of_kind = |switch: bool| snapshot.targets.values().filter(move |target| target.switch == switch);
    text.family("targets", "What is visited, by how it stands.");
    for (kind, switch) in KINDS {
        let sites = snapshot.sites.keys().flat_map(|site| STATES.map(|state| ((site, state), 0_u64)));
        let mut counts: BTreeMap<(&SiteId, &str), u64> = sites.collect();
        for target in of_kind(switch) {
            *counts.entry((&target.site, state(target))).or_default() += 1;
        }
        for ((site, state), count) in counts {
            text.sample("targets", &[("kind", kind), ("site", site.as_str()), ("state", state)], count as f64);
        }
    }
    text.family("oldest_answer_timestamp_seconds", "The oldest last answer of what ever answered.");
    for (kind, switch) in KINDS {
        let mut oldest: BTreeMap<&SiteId, Timestamp> = BTreeMap::new();
        for (site, answer) in of_kind(switch).filter_map(|target| Some((&target.site, target.last_ok?))) {
            oldest.entry(site).and_modify(|oldest| *oldest = answer.min(*oldest)).or_insert(answer);
        }
        for (site, answer) in oldest {
            let labels = [("kind", kind), ("site", site.as_str())];
            text.sample("oldest_answer_timestamp_seconds", &labels, seconds(answer));
        }
    }
    let daemon = &snapshot.daemon;
    let every = [("switch", daemon.poll_every_s), ("camera", daemon.cameras_every_s)];
    text.family("poll_interval_seconds", "How often each target is visited.");
    for (kind, every) in every {
        text.sample("poll_interval_seconds", &[("kind", kind)], every as f64);
    }
    text.family("poll_round_seconds", "The time within which the last visit of each target was made.");
    for (kind, switch) in KINDS {
        let attempts = || of_kind(switch).filter_map(|target| target.last_attempt);
        if let (Some(first), Some(last)) = (attempts().min(), attempts().max()) {
            text.sample("poll_round_seconds", &[("kind", kind)], last.since(first).as_secs_f64());
        }
    }
    text.family("longest_visit_seconds", "The longest of the last visits.");
    for (kind, switch) in KINDS {
        let longest = of_kind(switch).map(|target| target.took_ms).max().unwrap_or(0);
        text.sample("longest_visit_seconds", &[("kind", kind)], longest as f64 / 1000.0);
    }
}

fn findings(text: &mut Text, snapshot: &Snapshot) {
    let mut counts: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    // Closed ones are history, and would only ever grow.
    for finding in snapshot.findings.values().filter(|finding| finding.state != FindingState::Closed) {
        let site = finding.place.site.as_ref().map(ToString::to_string).unwrap_or_default();
        *counts.entry((site, word(&finding.severity), word(&finding.state))).or_default() += 1;
    }
    text.family("findings", "Findings that are not closed; no site: it is not known.");
    for ((site, severity, state), count) in &counts {
        text.sample("findings", &[("site", site), ("severity", severity), ("state", state)], *count as f64);
    }
}

fn coverage(text: &mut Text, snapshot: &Snapshot) {
    let sites = snapshot.coverage_of_sites();
    let mut families = [
        ("coverage_ratio", "The share of a site that was looked at, by what it is of; none: not known.", Vec::new()),
        ("coverage_expected", "How much of a site there is to look at.", Vec::new()),
        ("coverage_oldest_timestamp_seconds", "The oldest look that a share rests on.", Vec::new()),
    ];
    for site in sites.values() {
        for factor in &site.factors {
            let ratio = (factor.expected > 0).then(|| factor.seen as f64 / factor.expected as f64);
            let values = [ratio, Some(factor.expected as f64), factor.oldest.map(seconds)];
            for ((.., samples), value) in families.iter_mut().zip(values) {
                samples.extend(value.map(|value| (site.site.as_str(), word(&factor.kind), value)));
            }
        }
    }
    for (name, help, samples) in &families {
        text.family(name, help);
        for (site, factor, value) in samples {
            text.sample(name, &[("site", site), ("factor", factor)], *value);
        }
    }
    let least = f64::from(snapshot.looked.threshold) / 100.0;
    text.one("coverage_threshold_ratio", "Below this a site is not shown to be clean.", least);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sensitivity;
    use crate::snapshot::{CarrierRow, DaemonRow, Looked, SiteLooked, SiteRow};

    const NOW: Timestamp = Timestamp(1_795_500_000_000);

    fn target(name: &str, switch: bool, state: &str, minutes_ago: u64) -> TargetRow {
        let at = Some(NOW.minus(std::time::Duration::from_secs(minutes_ago * 60)));
        TargetRow {
            name: name.into(),
            switch,
            address: String::new(),
            site: "hq".into(),
            state: state.into(),
            since: NOW,
            why: String::new(),
            last_attempt: at,
            last_ok: at.filter(|_| state != "silent"),
            requests: 0,
            took_ms: 1_500,
            tables: [].into(),
            readings: crate::observation::Readings::default(),
            camera: crate::observation::CameraStanding::default(),
        }
    }

    fn estate() -> Snapshot {
        let site = |id: &str| {
            let row = SiteRow { id: id.into(), name: id.into(), sensitivity: Sensitivity::Standard, basis: None };
            (row.id.clone(), row)
        };
        let targets = [
            target("sw1", true, "answering", 1),
            target("sw2", true, "partial", 2),
            target("sw3", true, "answering", 11),
            target("10.1.20.7", false, "silent", 4),
        ];
        let looked = SiteLooked { addresses: 8, asked: 6, oldest: Some(NOW), ..SiteLooked::default() };
        let carrier = CarrierRow { why: "no".into(), waiting: 3, lost: 2, ..CarrierRow::default() };
        Snapshot {
            as_of: NOW,
            daemon: DaemonRow { version: "0.1".into(), started: Some(NOW), poll_every_s: 300, ..DaemonRow::default() },
            sites: [site("hq"), site("a\"b\\c\nd")].into(),
            targets: targets.into_iter().map(|target| (target.name.clone(), target)).collect(),
            carriers: [("soc".to_owned(), carrier)].into(),
            registry: Some(jiff::civil::date(2026, 6, 25)),
            looked: Looked { at: NOW, threshold: 95, sites: [("hq".into(), looked)].into() },
            ..Snapshot::default()
        }
    }

    #[test]
    fn figures_are_those_of_the_picture_and_name_nothing_but_sites() {
        let work = Work { queue: 3, queue_limit: 256, late: 1, ..Work::default() };
        let text = metrics(&estate(), &work);
        let lines = [
            "lenswarden_daemon_up 1",
            "lenswarden_build_info{version=\"0.1\"} 1",
            "lenswarden_snapshot_timestamp_seconds 1795500000",
            "lenswarden_tasks_late 1",
            "lenswarden_recorder_queue_length 3",
            "lenswarden_registry_timestamp_seconds 1782345600",
            "lenswarden_outbox_alerts_waiting 3",
            "lenswarden_alert_carriers_failing 1",
            "lenswarden_conditions 0",
            "lenswarden_targets{kind=\"switch\",site=\"hq\",state=\"answering\"} 2",
            "lenswarden_targets{kind=\"switch\",site=\"hq\",state=\"stale\"} 1",
            "lenswarden_targets{kind=\"camera\",site=\"hq\",state=\"silent\"} 1",
            "lenswarden_targets{kind=\"camera\",site=\"a\\\"b\\\\c\\nd\",state=\"silent\"} 0",
            "lenswarden_oldest_answer_timestamp_seconds{kind=\"switch\",site=\"hq\"} 1795499340",
            "lenswarden_poll_round_seconds{kind=\"switch\"} 600",
            "lenswarden_longest_visit_seconds{kind=\"switch\"} 1.5",
            "lenswarden_coverage_ratio{site=\"hq\",factor=\"ranges\"} 0.75",
            "lenswarden_coverage_threshold_ratio 0.95",
        ];
        for line in lines {
            assert!(text.lines().any(|it| it == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("10.1.20.7") && !text.contains("sw1"), "{text}");
        assert!(!text.contains("NaN"), "what is not known has no sample");
        let stopped = Snapshot { daemon: DaemonRow { stopped: Some(NOW), ..estate().daemon }, ..estate() };
        assert!(metrics(&stopped, &work).contains("lenswarden_daemon_up 0\n"));
    }
}
