//! Filter words: `maker:dahua site:hq status:restricted network:core !accepted vlan:10-20 since:7d`.

use std::collections::BTreeMap;

use super::{DeviceRow, SiteRow};
use crate::net::{SiteId, Timestamp};
use crate::review::Finding;

/// Filter words, read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {}

/// What is wrong with filter words, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// Offset of the word in the text, in octets.
    pub at: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Filter {
    /// Reads filter words; an empty text lets everything through.
    ///
    /// # Errors
    /// An unknown field or value, with its place.
    pub fn parse(_text: &str) -> Result<Self, FilterError> {
        unimplemented!()
    }

    /// Whether a device passes.
    #[must_use]
    pub fn device(&self, _row: &DeviceRow, _sites: &BTreeMap<SiteId, SiteRow>, _now: Timestamp) -> bool {
        unimplemented!()
    }

    /// Whether a finding passes, by its own fields and its device's.
    #[must_use]
    pub fn finding(
        &self,
        _finding: &Finding,
        _device: Option<&DeviceRow>,
        _sites: &BTreeMap<SiteId, SiteRow>,
        _now: Timestamp,
    ) -> bool {
        unimplemented!()
    }
}
