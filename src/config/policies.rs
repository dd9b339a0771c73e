//! `[[policy]]`: which packs are in force, and which shipped one is not, and why.

use std::path::{Path, PathBuf};

use toml::Spanned;

use super::checker::Checker;
use super::file;

/// The shipped pack that is in force where there is no `[[policy]]`: to do without it must be said.
pub const DEFAULT_PACK: &str = "uk-gsg-2022";

/// `[[policy]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyChoice {
    /// A pack the program ships.
    Shipped(String),
    /// A pack in a file.
    File(PathBuf),
    /// A shipped pack that is not to be in force.
    Off {
        /// Its id.
        pack: String,
        /// Why.
        why: String,
        /// Who decided so.
        who: String,
    },
}

pub(super) fn check(checker: &mut Checker<'_>, written: Option<&Vec<Spanned<file::Policy>>>) -> Vec<PolicyChoice> {
    let Some(written) = written else { return vec![PolicyChoice::Shipped(DEFAULT_PACK.to_owned())] };
    let folder = checker.path.parent().unwrap_or(Path::new("")).to_owned();
    let mut choices = Vec::new();
    for policy in written {
        let file::Policy { pack, file, off, who } = policy.get_ref();
        let said = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        match (pack, file, off, who) {
            (Some(pack), None, None, None) => choices.push(PolicyChoice::Shipped(pack.clone())),
            (None, Some(file), None, None) => choices.push(PolicyChoice::File(folder.join(file))),
            (Some(pack), None, off, who) => match (said(off), said(who)) {
                (Some(why), Some(who)) => choices.push(PolicyChoice::Off { pack: pack.clone(), why, who }),
                _ => {
                    let hint =
                        "off = \"why it is not in force\", who = \"who decided so\"; both are kept in the change log";
                    checker.problem(policy.span(), "policy", format!("'{pack}' is off without why and who"), hint);
                }
            },
            _ => {
                let hint = "pack = \"uk-gsg-2022\", or file = \"own.toml\"";
                checker.problem(policy.span(), "policy", "give either pack or file; off and who go with pack", hint);
            }
        }
    }
    choices
}
