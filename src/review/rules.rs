//! By what rules is decided, and who may.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::LONGEST_ACCEPTANCE;
use crate::config::TwoPersons;
use crate::net::{Author, PackId, SiteId};

/// What somebody may do: each may also do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Look.
    Reader,
    /// Decide, assign, note; propose what a second person must approve; open and end cycles.
    Reviewer,
    /// Approve what somebody else proposed.
    Approver,
    /// Allow refused credentials again.
    Administrator,
}

impl Role {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Reviewer => "reviewer",
            Self::Approver => "approver",
            Self::Administrator => "administrator",
        }
    }
}

/// Somebody, and what he may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub author: Author,
    /// What.
    pub role: Role,
}

/// By what rules is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Where two persons are needed to let something stay.
    pub two_persons: TwoPersons,
    /// Sites that are not sensitive.
    pub standard: BTreeSet<SiteId>,
    /// Longest acceptance and overruling, in days.
    pub longest: u16,
    /// Packs that ask for a shorter one.
    pub packs: BTreeMap<PackId, u16>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            two_persons: TwoPersons::Sensitive,
            standard: BTreeSet::new(),
            longest: LONGEST_ACCEPTANCE,
            packs: BTreeMap::new(),
        }
    }
}

impl Rules {
    /// Whether two persons are needed at a site. One that is not known may be a sensitive one.
    #[must_use]
    pub fn takes_two(&self, site: Option<&SiteId>) -> bool {
        match self.two_persons {
            TwoPersons::Always => true,
            TwoPersons::Never => false,
            TwoPersons::Sensitive => site.is_none_or(|site| !self.standard.contains(site)),
        }
    }

    /// How many days an acceptance may last that is decided under a pack.
    #[must_use]
    pub fn longest(&self, pack: Option<&PackId>) -> u16 {
        let asked = pack.and_then(|pack| self.packs.get(pack)).copied().unwrap_or(u16::MAX);
        asked.min(self.longest).min(LONGEST_ACCEPTANCE)
    }

    /// The last day of an acceptance that is decided today.
    #[must_use]
    pub fn latest(&self, pack: Option<&PackId>, today: Date) -> Date {
        today.saturating_add(Span::new().days(i64::from(self.longest(pack))))
    }
}
