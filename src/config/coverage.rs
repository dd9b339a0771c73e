//! `[coverage]`: how much must have been looked at.

use super::checker::Checker;
use super::file;

/// `[coverage]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoverageSettings {
    /// Per cent below which a site is not shown to be clean.
    pub threshold: u8,
}

pub(super) fn coverage(checker: &mut Checker<'_>, written: &file::Coverage) -> CoverageSettings {
    CoverageSettings { threshold: checker.number("coverage.threshold", written.threshold.as_ref(), 95, 1..=100) }
}
