//! `[roles]` and `[decisions]`: who may do what, and by what rules is decided.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::checker::Checker;
use super::file;

/// `[roles]`: Unix groups. Root and the daemon's own user may do everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleSettings {
    /// Who may look over the control socket; empty: whoever can connect.
    pub readers: Vec<String>,
    /// Who may decide.
    pub reviewers: Vec<String>,
    /// Who may approve what somebody else proposed.
    pub approvers: Vec<String>,
    /// Who may allow refused credentials again.
    pub administrators: Vec<String>,
}

/// Where two persons are needed to let something stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum TwoPersons {
    Always,
    /// At sensitive sites, and where the site is not known.
    Sensitive,
    Never,
}

/// Fewest rounds and shortest time that prove a removal; both may be more.
const REMOVAL_ROUNDS: u16 = 3;
const REMOVAL_PROOF: Duration = Duration::from_secs(7 * 86_400);

/// `[decisions]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecisionSettings {
    /// Where a second person must approve what lets a device stay as it is.
    pub two_persons: TwoPersons,
    /// Longest acceptance, in days; a pack may ask for less.
    pub longest_acceptance: u16,
    /// How long a device must be on no polled port until its removal is proved.
    pub removal_proof: Duration,
    /// How many complete rounds of the switch it was on must show so meanwhile.
    pub removal_rounds: u16,
}

pub(super) fn roles(written: &file::Roles) -> RoleSettings {
    let groups = |written: &Option<Vec<String>>, default: &[&str]| {
        written.clone().unwrap_or_else(|| default.iter().map(ToString::to_string).collect())
    };
    RoleSettings {
        readers: groups(&written.readers, &[]),
        reviewers: groups(&written.reviewers, &["lenswarden-review"]),
        approvers: groups(&written.approvers, &["lenswarden-approve"]),
        administrators: groups(&written.administrators, &["lenswarden-admin"]),
    }
}

pub(super) fn decisions(checker: &mut Checker<'_>, written: &file::Decisions) -> DecisionSettings {
    DecisionSettings {
        two_persons: written.two_persons.unwrap_or(TwoPersons::Sensitive),
        longest_acceptance: checker.number(
            "decisions.longest-acceptance",
            written.longest_acceptance.as_ref(),
            180,
            1..=180,
        ),
        removal_proof: checker.duration("decisions.removal-proof", &written.removal_proof, "7d", REMOVAL_PROOF),
        removal_rounds: removal_rounds(checker, written.removal_rounds.as_ref()),
    }
}

fn removal_rounds(checker: &mut Checker<'_>, written: Option<&Spanned<i64>>) -> u16 {
    let key = "decisions.removal-rounds";
    if let Some(few) = written.filter(|written| *written.get_ref() < i64::from(REMOVAL_ROUNDS)) {
        let message = format!("{} rounds prove no removal: what was merely quiet is missing in as many", few.get_ref());
        checker.problem(few.span(), key, message, format!("at least {REMOVAL_ROUNDS}"));
        return REMOVAL_ROUNDS;
    }
    checker.number(key, written, REMOVAL_ROUNDS, i64::from(REMOVAL_ROUNDS)..=1000)
}
