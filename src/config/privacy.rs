//! `[privacy]`: what is not kept.

use std::time::Duration;

use super::checker::Checker;
use super::file;

/// `[privacy]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrivacySettings {
    /// How long after it was last seen a device that is no surveillance equipment is remembered.
    pub forget_after: Duration,
}

pub(super) fn privacy(checker: &mut Checker<'_>, written: &file::Privacy) -> PrivacySettings {
    let day = Duration::from_secs(86_400);
    PrivacySettings { forget_after: checker.duration("privacy.forget-after", &written.forget_after, "30d", day) }
}
