//! From findings that changed to messages: which carrier is told of which, and when it is told again.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{line, word};
use crate::config::{AlertCarrier, AlertPlan};
use crate::inventory::{Certainty, Device};
use crate::net::{DeviceId, FindingId, PackId, PortName, RuleId, SiteId, TargetName, Timestamp};
use crate::policy::{Severity, Subject};
use crate::review::{Finding, FindingState};
use crate::store::{Alert, Outbox, SignedHead, Told};

/// A rule broken by somebody at a site is told again after this, if it opened again meanwhile.
const AGAIN: Duration = Duration::from_secs(3600);
/// More than [`MOST_LINES`] messages to one carrier within this become summaries.
const WINDOW: Duration = Duration::from_secs(60);
const MOST_LINES: usize = 20;

/// What of a finding decides whether a change of it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    state: FindingState,
    severity: Severity,
    place: Where,
}

/// The site, and switch and port where they are sure.
type Where = (Option<SiteId>, Option<(TargetName, PortName)>);

/// Carrier, pack, rule, whom it is about, where: another port is another message, for a message that names a wrong port must be
/// set right.
type Matter = (String, PackId, RuleId, Subject, Where);

/// Knows how every finding stood when it was last looked at, and what each carrier was told. Holds no clock.
#[derive(Debug, Clone)]
pub struct Dispatch {
    plans: Vec<AlertPlan>,
    before: BTreeMap<FindingId, Standing>,
    told: BTreeMap<Matter, (Timestamp, Severity)>,
    /// Messages to each carrier in its current window: when that began, how many.
    sent: BTreeMap<String, (Timestamp, usize)>,
}

fn place(finding: &Finding) -> Where {
    let place = &finding.place;
    let sure = matches!(place.certainty, Certainty::Direct | Certainty::Shared);
    let port = place.switch.clone().zip(place.port.clone()).filter(|_| sure);
    (place.site.clone(), port)
}

fn standing(finding: &Finding) -> Standing {
    Standing { state: finding.state, severity: finding.severity, place: place(finding) }
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
    pub fn restore(plans: Vec<AlertPlan>, findings: &[Finding], told: Vec<Told>) -> Self {
        let matter = |told: Told| {
            let place = (told.site, told.port);
            ((told.carrier, told.policy, told.rule, told.subject, place), (told.at, told.severity))
        };
        Self {
            plans,
            before: findings.iter().map(|finding| (finding.id, standing(finding))).collect(),
            told: told.into_iter().map(matter).collect(),
            sent: BTreeMap::new(),
        }
    }

    /// Takes changed plans into force. What is open already is not news.
    pub fn configure(&mut self, plans: &[AlertPlan]) {
        self.plans = plans.to_vec();
    }

    /// The messages that these changed findings cause, into the outbox of the transaction that writes them.
    pub fn post<'a>(
        &mut self,
        findings: &[Finding],
        device: impl Fn(DeviceId) -> Option<&'a Device>,
        at: Timestamp,
        outbox: &mut Outbox,
    ) {
        let news: Vec<&Finding> =
            findings.iter().filter(|finding| is_news(self.before.get(&finding.id), finding)).collect();
        self.before.extend(findings.iter().map(|finding| (finding.id, standing(finding))));
        if news.is_empty() {
            return;
        }
        outbox.forget = at.minus(AGAIN);
        self.told.retain(|_, (told, _)| *told > outbox.forget);
        for plan in self.plans.clone() {
            let mut chosen = Vec::new();
            for finding in news.iter().filter(|finding| plan.when.iter().any(|when| when == word(finding.severity))) {
                let (policy, rule, severity) = (finding.policy.clone(), finding.rule.clone(), finding.severity);
                let (site, port) = place(finding);
                let subject = finding.subject.clone();
                let place = (site.clone(), port.clone());
                let matter = (plan.name.clone(), policy.clone(), rule.clone(), subject.clone(), place);
                // Told within the hour, and of nothing lesser: that stands.
                if self.told.get(&matter).is_some_and(|(_, told)| *told <= severity) {
                    continue;
                }
                self.told.insert(matter, (at, severity));
                let carrier = plan.name.clone();
                outbox.told.push(Told { carrier, policy, rule, subject, site, port, severity, at });
                chosen.push(*finding);
            }
            outbox.alerts.extend(self.messages(&plan.name, &chosen, &device, at));
        }
    }

    /// Something about the work itself that must not wait for somebody to look: to every carrier, whatever severities it
    /// is for, in the transaction that records it.
    pub fn operational(&self, kind: &str, words: &str, at: Timestamp, outbox: &mut Outbox) {
        outbox.alerts.extend(self.plans.iter().map(|plan| Alert {
            id: 0,
            carrier: plan.name.clone(),
            severity: Severity::Action,
            kind: kind.to_owned(),
            at,
            text: line::operational(kind, words),
        }));
    }

    /// A signed head of the change log, to the carriers that keep what they are told and wake nobody: syslog.
    pub fn head(&self, head: &SignedHead, at: Timestamp, outbox: &mut Outbox) {
        let keeps = |plan: &&AlertPlan| {
            matches!(plan.carrier, AlertCarrier::SyslogUdp { .. } | AlertCarrier::SyslogLocal { .. })
        };
        outbox.alerts.extend(self.plans.iter().filter(keeps).map(|plan| Alert {
            id: 0,
            carrier: plan.name.clone(),
            severity: Severity::Info,
            kind: "audit-head".to_owned(),
            at,
            text: line::operational("audit-head", &head.to_string()),
        }));
    }

    /// Each finding as a line, or all of them as one where the carrier had too many lately.
    fn messages<'a>(
        &mut self,
        carrier: &str,
        chosen: &[&Finding],
        device: &impl Fn(DeviceId) -> Option<&'a Device>,
        at: Timestamp,
    ) -> Vec<Alert> {
        let Some(gravest) = chosen.iter().map(|finding| finding.severity).min() else { return Vec::new() };
        let (began, count) = self.sent.entry(carrier.to_owned()).or_insert((at, 0));
        if at.since(*began) >= WINDOW {
            (*began, *count) = (at, 0);
        }
        let alert = |severity, kind: &str, text| Alert {
            id: 0,
            carrier: carrier.to_owned(),
            severity,
            kind: kind.to_owned(),
            at,
            text,
        };
        // A summary of one would say less than its line.
        let messages: Vec<Alert> = if chosen.len() > 1 && *count + chosen.len() > MOST_LINES {
            vec![alert(gravest, "summary", line::summary(chosen, gravest))]
        } else {
            let one = |finding: &&Finding| {
                let text = line::finding(finding, finding.subject.device().and_then(device));
                alert(finding.severity, finding.rule.as_str(), text)
            };
            chosen.iter().map(one).collect()
        };
        *count += messages.len();
        messages
    }
}
