//! What is told later: findings under maintenance when it is over, those of a digest when it is due.

use std::collections::BTreeMap;
use std::time::Duration;

use super::dispatch::{Dispatch, alone, occasion, together};
use super::{View, line};
use crate::config::{AlertPlan, MaintenanceWindow};
use crate::net::{FindingId, Timestamp};
use crate::review::{Finding, FindingState};
use crate::store::{Held, Outbox};

/// Windows that follow each other without a gap hide nothing for longer.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

impl Dispatch {
    /// Maintenance windows that are open. A schedule is not asked for every finding.
    pub(super) fn open_windows(&self, at: Timestamp) -> Vec<MaintenanceWindow> {
        self.windows.iter().filter(|window| window.when.is_open(at)).cloned().collect()
    }

    /// What the news of a finding waits for: the end of a maintenance window, or the digest (`Some(None)`). `None`: it
    /// is told at once.
    pub(super) fn waits_for(plan: &AlertPlan, finding: &Finding, open: &[MaintenanceWindow]) -> Option<Option<String>> {
        let (site, switch) = (finding.place.site.as_ref(), finding.place.switch.as_ref());
        let covering = open.iter().find(|window| window.covers(site, switch));
        let digest = || plan.digest.as_ref().filter(|digest| !digest.at_once.contains(&occasion(finding.severity)));
        covering.map(|window| Some(window.name.clone())).or_else(|| digest().map(|_| None))
    }

    pub(super) fn hold(
        &mut self,
        carrier: &str,
        finding: FindingId,
        window: Option<String>,
        at: Timestamp,
        outbox: &mut Outbox,
    ) {
        let key = (carrier.to_owned(), finding);
        let since = self.held.get(&key).filter(|held| held.window == window).map_or(at, |held| held.since);
        let held = Held { carrier: carrier.to_owned(), finding, window, since };
        self.held.insert(key, held.clone());
        outbox.aside.held.push(held);
    }

    /// Whether what waits for this, the first of it since then, has waited enough.
    fn is_over(
        plan: &AlertPlan,
        (window, since): (Option<&String>, Timestamp),
        open: &[MaintenanceWindow],
        at: Timestamp,
    ) -> bool {
        match window {
            None => plan.digest.as_ref().is_none_or(|digest| digest.pace.is_due(since, at)),
            Some(name) => !open.iter().any(|window| window.name == *name) || at.since(since) >= LONGEST,
        }
    }

    /// What has waited enough becomes a message: after maintenance what is still open, in a digest all there was.
    pub fn release<'a>(
        &mut self,
        finding: impl Fn(FindingId) -> Option<&'a Finding>,
        view: &View<'_>,
        at: Timestamp,
        outbox: &mut Outbox,
    ) {
        if self.held.is_empty() {
            return;
        }
        let open = self.open_windows(at);
        let mut groups: BTreeMap<(String, Option<String>), Vec<Held>> = BTreeMap::new();
        for held in self.held.values() {
            groups.entry((held.carrier.clone(), held.window.clone())).or_default().push(held.clone());
        }
        for ((carrier, window), group) in groups {
            let Some(plan) = self.plans.iter().find(|plan| plan.name == carrier).cloned() else { continue };
            let Some(since) = group.iter().map(|held| held.since).min() else { continue };
            if !Self::is_over(&plan, (window.as_ref(), since), &open, at) {
                continue;
            }
            let mut ready = Vec::new();
            for held in group {
                self.held.remove(&(carrier.clone(), held.finding));
                let Some(finding) = finding(held.finding) else {
                    outbox.aside.released.push((carrier.clone(), held.finding));
                    continue;
                };
                let again = match &window {
                    Some(_) if finding.state != FindingState::Open => None,
                    // Another window may cover it, and after the last one the digest is still to come.
                    Some(name) => {
                        let next = Self::waits_for(&plan, finding, &open);
                        next.filter(|next| next.as_ref() != Some(name))
                    }
                    None => None,
                };
                match again {
                    Some(next) => self.hold(&carrier, held.finding, next, at, outbox),
                    None => {
                        outbox.aside.released.push((carrier.clone(), held.finding));
                        // What was resolved meanwhile needs nobody's attention.
                        if window.is_none() || finding.state == FindingState::Open {
                            ready.push(finding);
                        }
                    }
                }
            }
            let (kind, why) = match &window {
                Some(name) => ("maintenance", format!(" after=maintenance window={}", line::value(name, 32))),
                None => ("digest", String::new()),
            };
            match ready.as_slice() {
                [] => {}
                [one] => outbox.alerts.push(alone(&carrier, one, view, at)),
                many => outbox.alerts.push(together(&carrier, many, (kind, &why), view, at)),
            }
        }
    }
}

#[cfg(test)]
mod tests;
