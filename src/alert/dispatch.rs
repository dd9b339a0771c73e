//! From findings that changed to messages: which carrier is told of which, and when it is told again.

use std::collections::BTreeMap;
use std::time::Duration;

use super::told::{Last, Matter};
use super::{View, brief, line, message, word};
use crate::config::{AlertPlan, MaintenanceWindow, Occasion};
use crate::inventory::Certainty;
use crate::net::text::clean;
use crate::net::{FindingId, PortName, SiteId, TargetName, Timestamp};
use crate::policy::Severity;
use crate::review::{Cycle, Finding, FindingState};
use crate::store::{Alert, Condition, Held, Outbox, SignedHead, Told};

/// More than [`MOST_LINES`] messages to one carrier within this become summaries.
const WINDOW: Duration = Duration::from_secs(60);
const MOST_LINES: usize = 20;
/// Most findings of a summary that are told field by field.
const MOST_BRIEFS: usize = 100;

/// What of a finding decides whether a change of it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    state: FindingState,
    severity: Severity,
    place: Where,
}

/// A switch and a port of it.
pub(super) type Port = (TargetName, PortName);
/// The site, and switch and port where they are sure.
type Where = (Option<SiteId>, Option<Port>);

/// Knows how every finding stood when it was last looked at, and what each carrier was told. Holds no clock.
#[derive(Debug, Clone)]
pub struct Dispatch {
    pub(super) plans: Vec<AlertPlan>,
    pub(super) windows: Vec<MaintenanceWindow>,
    before: BTreeMap<FindingId, Standing>,
    /// What each carrier was told within the hour.
    pub(super) told: BTreeMap<Matter, Last>,
    /// Messages to each carrier in its current window: when that began, how many.
    sent: BTreeMap<String, (Timestamp, usize)>,
    /// What each carrier is told later.
    pub(super) held: BTreeMap<(String, FindingId), Held>,
    /// What is wrong with the work itself and was told.
    pub(super) conditions: BTreeMap<(String, String), Condition>,
}

/// What the database remembers of it.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// What carriers were told lately.
    pub told: Vec<Told>,
    /// What they are told later.
    pub held: Vec<Held>,
    /// What is wrong with the work itself.
    pub conditions: Vec<Condition>,
}

/// What a severity is told under.
pub(super) fn occasion(severity: Severity) -> Occasion {
    match severity {
        Severity::Breach => Occasion::Breach,
        Severity::Action => Occasion::Action,
        Severity::Review => Occasion::Review,
        Severity::Info => Occasion::Info,
    }
}

pub(super) fn place(finding: &Finding) -> Where {
    let place = &finding.place;
    let sure = matches!(place.certainty, Certainty::Direct | Certainty::Shared);
    let port = place.switch.clone().zip(place.port.clone()).filter(|_| sure);
    (place.site.clone(), port)
}

fn standing(finding: &Finding, before: Option<&Standing>) -> Standing {
    let (site, port) = place(finding);
    // A port that is no longer sure, and is again a little later, is no news.
    let known = before.filter(|before| before.state == FindingState::Open && before.place.0 == site);
    let port = port.or_else(|| known?.place.1.clone());
    Standing { state: finding.state, severity: finding.severity, place: (site, port) }
}

/// Whether there is something to tell: it opened, it opened again, it is surely somewhere else, or it became graver
/// (what was decided on the lesser matter does not cover that).
fn is_news(before: Option<&Standing>, now: &Finding) -> bool {
    let open = now.state == FindingState::Open;
    let graver = |before: &Standing| now.severity < before.severity;
    match before {
        None => open,
        Some(before) if before.state == FindingState::Closed => open,
        Some(before) if before.state != FindingState::Open => {
            open || (now.state != FindingState::Closed && graver(before))
        }
        Some(before) => {
            let (site, port) = place(now);
            open && (graver(before) || before.place.0 != site || (port.is_some() && before.place.1 != port))
        }
    }
}

impl Dispatch {
    /// As it was when the daemon last committed.
    #[must_use]
    pub fn restore(
        plans: Vec<AlertPlan>,
        windows: Vec<MaintenanceWindow>,
        findings: &[Finding],
        memory: Memory,
    ) -> Self {
        let key = |finding: &Finding| (finding.subject.clone(), finding.policy.clone(), finding.rule.clone());
        let ids: BTreeMap<_, FindingId> = findings.iter().map(|finding| (key(finding), finding.id)).collect();
        let mut told = BTreeMap::new();
        // Of what was told of a matter at several ports the latest counts.
        let mut told_before = memory.told;
        told_before.sort_by_key(|told| told.at);
        for row in told_before {
            let id = ids.get(&(row.subject.clone(), row.policy.clone(), row.rule.clone())).copied();
            let (matter, last) = Last::restore(row, id);
            told.insert(matter, last);
        }
        let key = |held: Held| ((held.carrier.clone(), held.finding), held);
        let condition = |condition: Condition| ((condition.kind.clone(), condition.subject.clone()), condition);
        Self {
            plans,
            windows,
            before: findings.iter().map(|finding| (finding.id, standing(finding, None))).collect(),
            told,
            sent: BTreeMap::new(),
            held: memory.held.into_iter().map(key).collect(),
            conditions: memory.conditions.into_iter().map(condition).collect(),
        }
    }

    /// Takes changed plans into force. What is open already is not news.
    pub fn configure(&mut self, plans: &[AlertPlan], windows: &[MaintenanceWindow]) {
        self.plans = plans.to_vec();
        self.windows = windows.to_vec();
        let plans = &self.plans;
        self.held.retain(|(carrier, _), _| plans.iter().any(|plan| plan.name == *carrier));
    }

    /// The messages that these changed findings cause, into the outbox of the transaction that writes them.
    pub fn post(&mut self, findings: &[Finding], view: &View<'_>, at: Timestamp, outbox: &mut Outbox) {
        let news: Vec<&Finding> =
            findings.iter().filter(|finding| is_news(self.before.get(&finding.id), finding)).collect();
        for finding in findings {
            let standing = standing(finding, self.before.get(&finding.id));
            self.before.insert(finding.id, standing);
        }
        if news.is_empty() {
            return;
        }
        let open = self.open_windows(at);
        for plan in self.plans.clone() {
            let mut chosen = Vec::new();
            for finding in news.iter().filter(|finding| plan.when.contains(&occasion(finding.severity))) {
                if self.note(&plan.name, finding, at, outbox) {
                    self.choose(&plan, finding, &open, &mut chosen, at, outbox);
                }
            }
            outbox.alerts.extend(self.messages(&plan.name, &chosen, view, at));
        }
        self.forget(at, outbox);
    }

    /// What is told now, or held for later.
    pub(super) fn choose<'a>(
        &mut self,
        plan: &AlertPlan,
        finding: &'a Finding,
        open: &[MaintenanceWindow],
        chosen: &mut Vec<&'a Finding>,
        at: Timestamp,
        outbox: &mut Outbox,
    ) {
        match Self::waits_for(plan, finding, open) {
            Some(window) => self.hold(&plan.name, finding.id, window, at, outbox),
            None => chosen.push(finding),
        }
    }

    /// What must not be forgotten about a finding (an acceptance that ends soon), at once: to every carrier that is told
    /// of findings of its severity, else to whoever is told of the work itself.
    pub fn remind(&self, finding: &Finding, words: &str, view: &View<'_>, at: Timestamp, outbox: &mut Outbox) {
        let brief = brief::of(finding, view);
        let first = format!("reminder {} {}", line::value(words, 120), word(finding.severity));
        let asks = |plan: &&AlertPlan| plan.when.contains(&occasion(finding.severity));
        let mut plans: Vec<&AlertPlan> = self.plans.iter().filter(asks).collect();
        if plans.is_empty() {
            plans.extend(self.operators());
        }
        for plan in plans {
            let text = line::finding(&first, &brief);
            let reminder = message(&plan.name, finding.severity, "reminder", at, text);
            outbox.alerts.push(Alert { findings: vec![brief.clone()], ..reminder });
        }
    }

    /// The report of a review cycle that ended, to these carriers: a line, and its text for those that take more.
    pub fn report(&self, carriers: &[String], cycle: &Cycle, text: &str, at: Timestamp, outbox: &mut Outbox) {
        for plan in self.plans.iter().filter(|plan| carriers.contains(&plan.name)) {
            let line = message(&plan.name, Severity::Info, "report", at, line::report(cycle));
            outbox.alerts.push(Alert { body: text.to_owned(), ..line });
        }
    }

    /// A signed head of the change log, to the carriers that ask for `audit`.
    pub fn head(&self, head: &SignedHead, at: Timestamp, outbox: &mut Outbox) {
        for plan in self.plans.iter().filter(|plan| plan.when.contains(&Occasion::Audit)) {
            let text: String = format!("audit {}", clean(&head.to_string())).chars().take(line::LONGEST).collect();
            outbox.alerts.push(message(&plan.name, Severity::Info, "audit-head", at, text));
        }
    }

    /// Each finding as a line, or all of them as one where the carrier had too many lately.
    pub(super) fn messages(
        &mut self,
        carrier: &str,
        chosen: &[&Finding],
        view: &View<'_>,
        at: Timestamp,
    ) -> Vec<Alert> {
        if chosen.is_empty() {
            return Vec::new();
        }
        let (began, count) = self.sent.entry(carrier.to_owned()).or_insert((at, 0));
        if at.since(*began) >= WINDOW {
            (*began, *count) = (at, 0);
        }
        // A summary of one would say less than its line.
        let messages: Vec<Alert> = if chosen.len() > 1 && *count + chosen.len() > MOST_LINES {
            vec![together(carrier, chosen, ("summary", ""), view, at)]
        } else {
            chosen.iter().map(|finding| alone(carrier, finding, view, at)).collect()
        };
        *count += messages.len();
        messages
    }
}

/// A finding as a message of its own.
pub(super) fn alone(carrier: &str, finding: &Finding, view: &View<'_>, at: Timestamp) -> Alert {
    let brief = brief::of(finding, view);
    let text = line::finding(word(finding.severity), &brief);
    let alone = message(carrier, finding.severity, finding.rule.as_str(), at, text);
    Alert { findings: vec![brief], ..alone }
}

/// Findings as one message, of a kind, with a word on why they come together.
pub(super) fn together(
    carrier: &str,
    findings: &[&Finding],
    (kind, why): (&str, &str),
    view: &View<'_>,
    at: Timestamp,
) -> Alert {
    let mut order = findings.to_vec();
    order.sort_by_key(|finding| (finding.severity, finding.id));
    let gravest = order.first().map_or(Severity::Info, |finding| finding.severity);
    let text = line::summary(&order, gravest, why);
    let together = message(carrier, gravest, kind, at, text);
    let findings: Vec<_> = order.iter().take(MOST_BRIEFS).map(|finding| brief::of(finding, view)).collect();
    Alert { more: order.len() - findings.len(), findings, ..together }
}
