//! What would become of a decision, by the daemon's own rules on what the screen knows. The daemon has the last word.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::config::{Sensitivity, TwoPersons};
use crate::net::{Author, PackId};
use crate::review::{Actor, Cycle, DecisionRequest, Finding, Ledger, Matter, Refusal, Role, Rules};
use crate::snapshot::Snapshot;

/// Who the daemon says you are, and by what rules is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// You, by the socket's peer.
    pub you: Author,
    /// What you may do.
    pub role: Role,
    /// The calendar day here.
    pub today: Date,
    /// Where two persons are needed to let something stay.
    pub two_persons: TwoPersons,
    /// Longest acceptance and overruling, in days.
    pub longest: u16,
    /// Packs that ask for a shorter one.
    pub packs: BTreeMap<PackId, u16>,
    /// Groups that may decide.
    pub reviewers: Vec<String>,
    /// Groups that may approve.
    pub approvers: Vec<String>,
}

/// What would become of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds at once.
    Holds,
    /// A second person must approve it.
    Waits,
    /// It is refused, and why.
    Refused(String),
}

impl Greeting {
    /// Whether you may decide.
    #[must_use]
    pub fn may_decide(&self) -> bool {
        self.role >= Role::Reviewer
    }

    /// Why you may not, and what to type.
    #[must_use]
    pub fn why_not(&self) -> String {
        let name = &self.you.name;
        let (groups, first) = match self.reviewers.as_slice() {
            [] => return format!("'{name}' may look, not decide: [roles] names no group that may"),
            [first, ..] => (self.reviewers.join(" or "), first),
        };
        format!(
            "'{name}' may look, not decide: that takes membership of group {groups} (sudo usermod -aG {first} {name}, \
             then log in again)"
        )
    }

    /// The rules, where the sites' sensitivity is known from the picture.
    fn rules(&self, snapshot: &Snapshot) -> Rules {
        let standard = snapshot.sites.values().filter(|site| site.sensitivity == Sensitivity::Standard);
        Rules {
            two_persons: self.two_persons,
            standard: standard.map(|site| site.id.clone()).collect(),
            longest: self.longest,
            packs: self.packs.clone(),
        }
    }

    /// The last day of an acceptance under these packs.
    #[must_use]
    pub fn latest(&self, packs: &BTreeSet<PackId>) -> Date {
        let rules = self.rules(&Snapshot::default());
        let each = packs.iter().map(|pack| rules.latest(Some(pack), self.today)).min();
        each.unwrap_or_else(|| rules.latest(None, self.today))
    }

    /// What would become of a decision.
    #[must_use]
    pub fn verdict(&self, request: &DecisionRequest, snapshot: &Snapshot) -> Verdict {
        let mut findings: Vec<Finding> = Vec::new();
        let mut cycles: Vec<Cycle> = Vec::new();
        match &request.on {
            Matter::Finding { finding, .. } => findings.extend(snapshot.findings.get(finding).cloned()),
            Matter::Device { device, .. } => {
                let theirs = snapshot.findings.values().filter(|finding| finding.subject.device() == Some(*device));
                findings.extend(theirs.cloned());
            }
            Matter::Site { site } => {
                let refusal = match snapshot.sites.get(site).map(|site| site.sensitivity) {
                    None => Some(Refusal::NoSuchSite(site.clone())),
                    Some(Sensitivity::Sensitive) => Some(Refusal::Sensitive(site.clone())),
                    Some(Sensitivity::Standard) => None,
                };
                if let Some(refusal) = refusal {
                    return Verdict::Refused(refusal.to_string());
                }
            }
            Matter::Cycle { cycle } => {
                cycles.extend(snapshot.cycles.get(cycle).cloned());
                let items = cycles.iter().flat_map(|cycle| &cycle.items);
                findings.extend(items.filter_map(|id| snapshot.findings.get(id)).cloned());
            }
        }
        let mut ledger = Ledger::restore(findings, cycles);
        let by = Actor { author: self.you.clone(), role: self.role };
        let decided =
            ledger.decide(std::slice::from_ref(request), &by, &self.rules(snapshot), snapshot.as_of, self.today);
        let proposed = request.on.finding().and_then(|id| ledger.finding(id)).map(|it| it.handling.proposed.is_some());
        match decided {
            Err(refusal) => Verdict::Refused(refusal.to_string()),
            Ok(_) if request.decision.lets_it_stay() && proposed == Some(true) => Verdict::Waits,
            Ok(_) => Verdict::Holds,
        }
    }
}
