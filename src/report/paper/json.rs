//! A report as JSON: `config/schema` has a description of each.

use std::io::Write;

use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Paper, Sheet};

/// The version of every form.
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

impl Serialize for Paper<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let frame = self.frame;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("format", self.format)?;
        map.serialize_entry("version", &VERSION)?;
        map.serialize_entry("department", &frame.snapshot.department)?;
        map.serialize_entry("redacted", &frame.names.are_redacted())?;
        map.serialize_entry("as_of", &frame.names.moment(self.as_of))?;
        map.serialize_entry("made", &frame.names.moment(frame.made))?;
        map.serialize_entry("head", &frame.head)?;
        map.serialize_entry("policies", &frame.packs())?;
        map.serialize_entry("loosened", &frame.loosened())?;
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        for sheet in &self.sheets {
            map.serialize_entry(sheet.name, &Objects(sheet))?;
        }
        map.end()
    }
}

/// Writes it.
///
/// # Errors
/// It cannot be written.
pub fn write(paper: &Paper<'_>, out: &mut impl Write) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, paper)?;
    out.write_all(b"\n")
}
