//! A catalogue as its file says it, word for word.

use serde::Deserialize;
use toml::Spanned;

use super::{Class, Jurisdiction};

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) maker: Vec<Spanned<MakerLine>>,
    pub(super) brand: Vec<Spanned<BrandLine>>,
    pub(super) class: Vec<Spanned<ClassLine>>,
}

/// What stands behind the address blocks of a maker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Blocks {
    /// Nearly always surveillance equipment.
    Surveillance,
    /// Other things of the same maker as well.
    #[default]
    Shared,
    /// Mostly other things: a prefix is never evidence of a camera.
    Mixed,
}

/// How well a fact is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Known {
    /// Seen in a source.
    #[default]
    Verified,
    /// Seen for some units, or not for all of it.
    Partial,
    /// Remembered by somebody, seen by nobody: a hint for a person and never more.
    Recalled,
}

/// Where a text was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Field {
    Model,
    Serial,
    Firmware,
    Realm,
    Server,
    Nonce,
    Title,
    Rtsp,
    Scope,
    Soap,
    Subject,
    Isapi,
    IsapiType,
    Host,
    Description,
    /// The maker's own discovery protocol it answers.
    Discovery,
    /// What it calls itself there.
    DiscoveryKind,
}

/// What a pattern says of the class: one of them, or only that it is surveillance equipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(untagged)]
pub(super) enum Said {
    Class(Class),
    Kind(Kind),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    Surveillance,
}

/// One pattern, with rows that prove it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MarkLine {
    #[serde(rename = "in")]
    pub(super) field: Field,
    pub(super) is: String,
    pub(super) class: Option<Said>,
    pub(super) known: Option<Known>,
    #[serde(default)]
    pub(super) matches: Vec<String>,
    #[serde(default)]
    pub(super) misses: Vec<String>,
    pub(super) source: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MakerLine {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) entity: String,
    pub(super) country: String,
    pub(super) jurisdiction: Jurisdiction,
    pub(super) parent: Option<String>,
    #[serde(default)]
    pub(super) blocks: Blocks,
    #[serde(default)]
    pub(super) organisations: Vec<String>,
    #[serde(default)]
    pub(super) prefixes: Vec<String>,
    #[serde(default)]
    pub(super) prefix_hints: Vec<String>,
    #[serde(default)]
    pub(super) enterprises: Vec<u32>,
    #[serde(default)]
    pub(super) names: Vec<String>,
    #[serde(default)]
    pub(super) marks: Vec<MarkLine>,
    #[serde(default)]
    pub(super) source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct BrandLine {
    pub(super) name: String,
    pub(super) made_by: Option<String>,
    #[serde(default)]
    pub(super) known: Known,
    #[serde(default)]
    pub(super) blocks: Blocks,
    #[serde(default)]
    pub(super) organisations: Vec<String>,
    #[serde(default)]
    pub(super) names: Vec<String>,
    #[serde(default)]
    pub(super) marks: Vec<MarkLine>,
    #[serde(default)]
    pub(super) source: String,
}

/// Words that tell a class and no maker.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassLine {
    pub(super) class: Said,
    #[serde(rename = "in")]
    pub(super) fields: Vec<Field>,
    pub(super) is: String,
    #[serde(default)]
    pub(super) matches: Vec<String>,
    #[serde(default)]
    pub(super) misses: Vec<String>,
    #[serde(default)]
    pub(super) source: String,
}
