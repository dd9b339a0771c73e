//! `[makers]`: whom equipment is attributed to.

use std::path::{Path, PathBuf};

use super::checker::Checker;
use super::file;

/// `[makers]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MakerSettings {
    /// Catalogues of the operator's own: a maker or brand in a later one takes the place of one before.
    pub files: Vec<PathBuf>,
    /// The shipped catalogue comes first.
    pub shipped: bool,
    /// Files of the IEEE registry, or folders of them, beside Debian's.
    pub registry: Vec<PathBuf>,
}

impl Default for MakerSettings {
    fn default() -> Self {
        Self { files: Vec::new(), shipped: true, registry: Vec::new() }
    }
}

impl MakerSettings {
    pub(super) fn check(checker: &mut Checker<'_>, makers: &file::Makers) -> Self {
        let folder = checker.path.parent().unwrap_or(Path::new("")).to_owned();
        let beside = |names: &[String]| names.iter().map(|name| folder.join(name)).collect::<Vec<_>>();
        let shipped = makers.shipped.as_ref().is_none_or(|shipped| *shipped.get_ref());
        if let Some(written) = makers.shipped.as_ref().filter(|_| !shipped && makers.files.is_empty()) {
            let hint = "name a catalogue of your own in files, or leave shipped out";
            checker.problem(written.span(), "makers.shipped", "without the shipped catalogue there is none", hint);
        }
        Self { files: beside(&makers.files), shipped, registry: beside(&makers.registry) }
    }
}
