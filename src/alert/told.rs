//! When a carrier is told of the same again. A rule that somebody breaks at a site is told once while that stands, and at most
//! once an hour if it closes and opens, or moves from port to port, all the time. Nothing new is left out: what happened
//! meanwhile and still stands is told when the hour is over. At once are told what is graver than what was told, and the
//! port where none was sure when it was told.

use std::collections::BTreeMap;
use std::time::Duration;

use super::View;
use super::dispatch::{Dispatch, Port, occasion, place};
use crate::net::{FindingId, PackId, RuleId, SiteId, Timestamp};
use crate::policy::{Severity, Subject};
use crate::review::{Finding, FindingState};
use crate::store::{Outbox, Told};

/// How long the same is not told again.
const AGAIN: Duration = Duration::from_secs(3600);

/// Carrier, pack, rule, whom it is about, at which site.
pub(super) type Matter = (String, PackId, RuleId, Subject, Option<SiteId>);

/// What a carrier was told last of a matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Last {
    pub(super) at: Timestamp,
    /// The gravest of the hour.
    severity: Severity,
    /// Where it was told to be.
    port: Option<Port>,
    /// Which finding it was; `None`: it is no more.
    finding: Option<FindingId>,
}

fn matter(carrier: &str, finding: &Finding) -> Matter {
    let site = finding.place.site.clone();
    (carrier.to_owned(), finding.policy.clone(), finding.rule.clone(), finding.subject.clone(), site)
}

impl Last {
    /// As the database remembers it.
    pub(super) fn restore(told: Told, finding: Option<FindingId>) -> (Matter, Self) {
        let Told { carrier, policy, rule, subject, site, port, severity, at } = told;
        ((carrier, policy, rule, subject, site), Self { at, severity, port, finding })
    }

    /// Whether the hour is over; a clock that was set back by more than that knows nothing of it.
    fn is_over(&self, now: Timestamp) -> bool {
        now.since(self.at).max(self.at.since(now)) >= AGAIN
    }

    /// Whether it is told at once although it was told within the hour: it is graver, or nobody knew the port.
    fn lacks(&self, finding: &Finding) -> bool {
        finding.severity < self.severity || (self.port.is_none() && place(finding).1.is_some())
    }

    /// Whether what stands now is something else than what was told: it opened since, or is surely on another port.
    fn differs(&self, finding: &Finding) -> bool {
        let port = place(finding).1;
        finding.since > self.at || (port.is_some() && port != self.port)
    }
}

impl Dispatch {
    /// Notes that a carrier is told of a finding now. `false`: it was within the hour, and is not.
    pub(super) fn note(&mut self, carrier: &str, finding: &Finding, at: Timestamp, outbox: &mut Outbox) -> bool {
        let key = matter(carrier, finding);
        let last = self.told.get(&key).filter(|last| !last.is_over(at));
        if last.is_some_and(|last| !last.lacks(finding)) {
            return false;
        }
        let severity = last.map_or(finding.severity, |last| last.severity.min(finding.severity));
        let (site, port) = place(finding);
        let now = Last { at, severity, port: port.clone(), finding: Some(finding.id) };
        self.told.insert(key, now);
        let (carrier, policy, rule) = (carrier.to_owned(), finding.policy.clone(), finding.rule.clone());
        outbox.told.push(Told { carrier, policy, rule, subject: finding.subject.clone(), site, port, severity, at });
        true
    }

    /// What the database need not remember any more: all that is older than what is remembered here.
    pub(super) fn forget(&self, at: Timestamp, outbox: &mut Outbox) {
        if !outbox.told.is_empty() {
            outbox.forget = self.told.values().map(|last| last.at).min().unwrap_or(at);
        }
    }

    /// What was told an hour ago, and happened again since, is told again if it still stands.
    pub fn again<'a>(
        &mut self,
        finding: impl Fn(FindingId) -> Option<&'a Finding>,
        view: &View<'_>,
        at: Timestamp,
        outbox: &mut Outbox,
    ) {
        let over: Vec<(Matter, Last)> = self.told.extract_if(.., |_, last| last.is_over(at)).collect();
        if over.is_empty() {
            return;
        }
        let open = self.open_windows(at);
        // A message that named another site since is the last word on it, and may be wrong by now.
        let mut latest: BTreeMap<_, Timestamp> = BTreeMap::new();
        for ((carrier, pack, rule, subject, _), last) in
            self.told.iter().chain(over.iter().map(|(key, last)| (key, last)))
        {
            let known = latest.entry((carrier.clone(), pack.clone(), rule.clone(), subject.clone())).or_insert(last.at);
            *known = last.at.max(*known);
        }
        for plan in self.plans.clone() {
            let of_plan = over.iter().filter(|((carrier, ..), _)| *carrier == plan.name);
            let stands = |((carrier, pack, rule, subject, site), last): &(Matter, Last)| {
                let word = latest.get(&(carrier.clone(), pack.clone(), rule.clone(), subject.clone()));
                let elsewhere = word.is_some_and(|word| *word > last.at);
                let finding = last.finding.and_then(&finding).filter(|finding| finding.state == FindingState::Open)?;
                let asked = plan.when.contains(&occasion(finding.severity)) && finding.place.site == *site;
                Some(finding).filter(|finding| asked && (elsewhere || last.differs(finding)))
            };
            let mut chosen = Vec::new();
            for finding in of_plan.filter_map(stands) {
                if self.note(&plan.name, finding, at, outbox) {
                    self.choose(&plan, finding, &open, &mut chosen, at, outbox);
                }
            }
            let messages = self.messages(&plan.name, &chosen, view, at);
            outbox.alerts.extend(messages);
        }
        self.forget(at, outbox);
    }
}

#[cfg(test)]
mod tests;
