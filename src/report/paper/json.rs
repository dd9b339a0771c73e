//! The return as JSON: `config/schema/return-1.json` describes it.

use std::io::Write;

use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::Handed;
use super::sheets::{Sheet, policy, sheets};
use crate::snapshot::{Installed, Share, Standing};

/// What the form is called.
const FORMAT: &str = "lenswarden-return";
/// Its version.
const VERSION: u32 = 1;

/// A sheet as an array of objects, each made when it is written.
struct Objects<'s, 'a>(&'s Sheet<'a>);

/// A row by the names of its columns.
struct Object<'a>(&'a [&'static str], Vec<Value>);

impl Serialize for Objects<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_seq(Some(self.0.count))?;
        for row in self.0.rows() {
            all.serialize_element(&Object(self.0.columns, row))?;
        }
        all.end()
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0.iter().zip(&self.1) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for Handed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let given = &self.given;
        let (snapshot, exposure) = (given.snapshot, &given.exposure);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("format", FORMAT)?;
        map.serialize_entry("version", &VERSION)?;
        map.serialize_entry("department", &snapshot.department)?;
        map.serialize_entry("redacted", &self.names.are_redacted())?;
        map.serialize_entry("as_of", &self.names.moment(snapshot.as_of))?;
        map.serialize_entry("made", &self.names.moment(self.made))?;
        map.serialize_entry("since", &given.since.map(|since| self.names.moment(since)))?;
        map.serialize_entry("site", &given.only.as_ref().map(|site| self.names.name("site", site.as_str())))?;
        map.serialize_entry("head", &self.head)?;
        let packs: Vec<String> = snapshot.policies.iter().map(|pack| policy(&self.names, pack, pack)).collect();
        map.serialize_entry("policies", &packs)?;
        let coverage = snapshot.coverage();
        let share = |share: &Share| {
            json!({"all": share.all, "answering": share.answering, "percent": share.percent(),
                   "oldest": share.oldest.map(|at| self.names.moment(at))})
        };
        let hidden = coverage.hidden;
        map.serialize_entry(
            "coverage",
            &json!({"switches": share(&coverage.switches), "cameras": share(&coverage.cameras), "behind_recorders": hidden}),
        )?;
        map.serialize_entry(
            "devices",
            &json!({"restricted": exposure.restricted, "suspected": exposure.suspected, "unknown": exposure.unknown,
                    "not_restricted": exposure.not_restricted, "not_identified": exposure.not_identified}),
        )?;
        map.serialize_entry(
            "installed",
            &json!({"since_last_return": given.installed(Installed::SinceLastReturn),
                    "after_instruction": given.installed(Installed::AfterInstruction),
                    "before_instruction": given.installed(Installed::BeforeInstruction),
                    "not_known": given.installed(Installed::NotKnown)}),
        )?;
        map.serialize_entry(
            "affected_sites",
            &json!({"affected": given.affected(), "done": given.standing(Standing::Done),
                    "remaining": given.standing(Standing::Remaining),
                    "gone_not_shown": given.standing(Standing::GoneNotShown), "percent_done": given.done_percent()}),
        )?;
        for sheet in sheets(self) {
            map.serialize_entry(sheet.name, &Objects(&sheet))?;
        }
        map.end()
    }
}

/// Writes it.
///
/// # Errors
/// It cannot be written.
pub fn write(handed: &Handed<'_>, out: &mut impl Write) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, handed)?;
    out.write_all(b"\n")
}
