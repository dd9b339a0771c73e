//! Columns of tables as maps, and how much of a table was seen.

use std::collections::BTreeMap;

use crate::net::DeviceText;
use crate::observation::{Completeness, Table, TableState};
use crate::snmp::{Index, Value, WalkEnd, Walked};

/// A table's name as `poll` prints it.
pub(super) fn name(table: Table) -> String {
    serde_json::to_value(table).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// How much of a table was seen: as much as of the column that was seen least.
pub(super) fn state(columns: &[&Walked]) -> TableState {
    let rows = columns.iter().map(|column| column.rows.len()).max().unwrap_or(0);
    let cut = columns.iter().find_map(|column| match &column.end {
        WalkEnd::Complete => None,
        WalkEnd::Partial(why) | WalkEnd::Failed(why) => Some(why.clone()),
    });
    state_of(rows, cut)
}

/// The state of a table of so many rows that was cut for this reason, or was not.
pub(super) fn state_of(rows: usize, cut: Option<String>) -> TableState {
    let rows = u32::try_from(rows).unwrap_or(u32::MAX);
    let completeness = match (&cut, rows) {
        (None, 0) => Completeness::Unsupported,
        (None, _) => Completeness::Complete,
        (Some(_), 0) => Completeness::Failed,
        (Some(_), _) => Completeness::Partial,
    };
    TableState { completeness, rows, note: cut }
}

/// A column whose index is one number.
pub(super) fn by_number<T>(column: &Walked, read: impl Fn(&Value) -> Option<T>) -> BTreeMap<u32, T> {
    let row = |(index, value): &(Index, Value)| match index.as_slice() {
        [number] => read(value).map(|value| (*number, value)),
        _ => None,
    };
    column.rows.iter().filter_map(row).collect()
}

/// A column whose index is two numbers.
pub(super) fn by_pair<T>(column: &Walked, read: impl Fn(&Value) -> Option<T>) -> BTreeMap<(u32, u32), T> {
    let row = |(index, value): &(Index, Value)| match index.as_slice() {
        [one, other] => read(value).map(|value| ((*one, *other), value)),
        _ => None,
    };
    column.rows.iter().filter_map(row).collect()
}

/// A column by its whole index.
pub(super) fn by_index(column: &Walked) -> BTreeMap<&[u32], &Value> {
    column.rows.iter().map(|(index, value)| (index.as_slice(), value)).collect()
}

pub(super) fn text(value: &Value) -> Option<DeviceText> {
    value.octets().map(DeviceText::from_octets)
}
