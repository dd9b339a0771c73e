//! What is told with a cycle's attestation of how much was looked at: by the daemon when it is made, by the console
//! before it is.

use std::collections::BTreeMap;

use super::{FactorKind, Filter, SiteCoverage, Snapshot};
use crate::net::SiteId;
use crate::review::LookedAt;

impl Snapshot {
    /// How much answers, in words.
    #[must_use]
    pub fn answering_words(&self) -> String {
        let of = |switch: bool, what: &str| {
            let all = || self.targets.values().filter(|target| target.switch == switch);
            let answering = all().filter(|target| target.state == "answering").count();
            format!("{answering} of {} {what}", all().count())
        };
        format!("{} and {} answer in full", of(true, "switches"), of(false, "cameras"))
    }

    /// What was looked at of the sites that findings of these filter words can be at: the factors of every site's
    /// coverage, which is `covered`.
    #[must_use]
    pub fn looked_at_of(&self, covered: &BTreeMap<SiteId, SiteCoverage>, select: &str) -> LookedAt {
        let filter = Filter::parse(select).unwrap_or_default();
        let mut looked = LookedAt::default();
        for coverage in covered.values() {
            if !self.sites.get(&coverage.site).is_some_and(|site| filter.may_be_at(site)) {
                continue;
            }
            looked.sites += 1;
            looked.short += usize::from(!coverage.doubts.is_empty());
            for factor in &coverage.factors {
                let part = match factor.kind {
                    FactorKind::Ranges => &mut looked.ranges,
                    FactorKind::Switches => &mut looked.switches,
                    FactorKind::Ports => &mut looked.ports,
                    FactorKind::Register => &mut looked.register,
                };
                *part = part.and(factor.seen, factor.expected, factor.oldest);
            }
        }
        looked
    }
}
