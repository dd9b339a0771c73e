//! The columns of the lists: which there are, which of them show, in which order, and what the rows are sorted by.
//!
//! A column is known by its name: in what is remembered, and where rows are sorted, for the orders of
//! [`crate::snapshot`] bear the names of columns.

pub(super) mod choosing;
mod layout;
pub(super) mod tables;

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub(super) use layout::Layout;

use super::activity::VisitOrder;
use super::model::{Model, View};
use crate::snapshot::{
    DeviceOrder, ExposureOrder, FindingOrder, PartOrder, Queue, SiteOrder, TargetOrder, UnseenOrder,
};

/// What of a text stays where it is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Start,
    /// What tells names apart stands at their end: `…acc-07`.
    End,
    /// The start, and the sign after the last blank: `minist… s`.
    Sign,
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) title: &'static str,
    /// What it is known by; empty where columns are not chosen.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) says: &'static str,
    /// Columns it takes at least.
    pub(super) width: u16,
    /// Columns it may take beyond that.
    pub(super) grow: u16,
    pub(super) right: bool,
    pub(super) keep: Keep,
    /// The narrowest table that has it.
    pub(super) from: u16,
    /// It tells rows apart: it is always there.
    pub(super) identity: bool,
    /// Sorted by it, the greatest stands first.
    pub(super) down: bool,
}

impl Column {
    /// It shows only where it is chosen.
    pub(super) const CHOSEN: u16 = u16::MAX;

    pub(super) const fn new(title: &'static str, width: u16) -> Self {
        Self {
            title,
            name: "",
            says: "",
            width,
            grow: 0,
            right: false,
            keep: Keep::Start,
            from: 0,
            identity: false,
            down: false,
        }
    }

    pub(super) const fn named(self, name: &'static str, says: &'static str) -> Self {
        Self { name, says, ..self }
    }

    pub(super) const fn grow(self, grow: u16) -> Self {
        Self { grow, ..self }
    }

    pub(super) const fn right(self) -> Self {
        Self { right: true, ..self }
    }

    pub(super) const fn keep_end(self) -> Self {
        Self { keep: Keep::End, ..self }
    }

    pub(super) const fn keep_sign(self) -> Self {
        Self { keep: Keep::Sign, ..self }
    }

    pub(super) const fn from(self, from: u16) -> Self {
        Self { from, ..self }
    }

    pub(super) const fn identity(self) -> Self {
        Self { identity: true, ..self }
    }

    pub(super) const fn down(self) -> Self {
        Self { down: true, ..self }
    }

    /// A number of things.
    pub(super) const fn count(self) -> Self {
        self.right().down()
    }
}

/// A list whose columns are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sheet {
    Exposure,
    /// The sites of the exposure's row.
    Parts,
    Placement,
    Reviews,
    Devices,
    Sites,
    Coverage,
    Activity,
    Targets,
}

/// Below this the queue by days, or by names, shows these instead of where a finding stands.
const NARROW: u16 = 110;

impl Sheet {
    pub(super) const ALL: [Self; 9] = [
        Self::Exposure,
        Self::Parts,
        Self::Placement,
        Self::Reviews,
        Self::Devices,
        Self::Sites,
        Self::Coverage,
        Self::Activity,
        Self::Targets,
    ];

    /// What its layout is remembered under.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Exposure => "exposure",
            Self::Parts => "exposure-sites",
            Self::Placement => "placement",
            Self::Reviews => "reviews",
            Self::Devices => "devices",
            Self::Sites => "sites",
            Self::Coverage => "coverage",
            Self::Activity => "activity",
            Self::Targets => "targets",
        }
    }

    /// The list of a view, without a drill-down.
    fn of(view: View) -> Self {
        match view {
            View::Exposure => Self::Exposure,
            View::Placement => Self::Placement,
            View::Reviews => Self::Reviews,
            View::Devices => Self::Devices,
            View::Sites => Self::Sites,
            View::Coverage => Self::Coverage,
            View::Activity => Self::Activity,
            View::Targets => Self::Targets,
        }
    }

    /// Columns before the first one, for the selection's sign and a mark.
    pub(super) fn margin(self) -> u16 {
        match self {
            Self::Exposure | Self::Parts => 1,
            Self::Devices | Self::Coverage | Self::Targets => 2,
            Self::Sites => 3,
            Self::Placement | Self::Reviews | Self::Activity => 4,
        }
    }

    /// Every column it can have, in their first order.
    pub(super) fn columns(self) -> &'static [Column] {
        match self {
            Self::Exposure => tables::EXPOSURE,
            Self::Parts => tables::PARTS,
            Self::Placement => tables::PLACEMENT,
            Self::Reviews => tables::REVIEWS,
            Self::Devices => tables::DEVICES,
            Self::Sites => tables::SITES,
            Self::Coverage => tables::COVERAGE,
            Self::Activity => tables::ACTIVITY,
            Self::Targets => tables::TARGETS,
        }
    }

    /// The name of the order that its rows have where none is chosen; most are a column's.
    pub(super) fn own_order(self) -> &'static str {
        match self {
            Self::Exposure => "status",
            Self::Parts => "devices",
            Self::Placement | Self::Reviews => "urgency",
            Self::Devices => "status",
            Self::Sites => "gravity",
            Self::Coverage => "kind",
            Self::Activity => "when",
            Self::Targets => "state",
        }
    }

    /// Whether its rows can be sorted by what bears this name.
    pub(super) fn sorts(self, name: &str) -> bool {
        match self {
            Self::Exposure => named::<ExposureOrder>(name).is_some(),
            Self::Parts => named::<PartOrder>(name).is_some(),
            Self::Placement | Self::Reviews => named::<FindingOrder>(name).is_some(),
            Self::Devices => named::<DeviceOrder>(name).is_some(),
            Self::Sites => named::<SiteOrder>(name).is_some(),
            Self::Coverage => named::<UnseenOrder>(name).is_some(),
            Self::Activity => named::<VisitOrder>(name).is_some(),
            Self::Targets => named::<TargetOrder>(name).is_some(),
        }
    }
}

/// The order of this name.
fn named<O: DeserializeOwned>(name: &str) -> Option<O> {
    serde_json::from_value(Value::String(name.to_owned())).ok()
}

impl Model {
    /// The list that is looked at.
    pub(super) fn sheet(&self) -> Sheet {
        match self.view {
            View::Exposure if self.exposure_at.is_some() => Sheet::Parts,
            view => Sheet::of(view),
        }
    }

    /// The columns of a list as things are: a queue by days shows the days on narrow screens too.
    pub(super) fn columns(&self, sheet: Sheet) -> Cow<'static, [Column]> {
        let columns = sheet.columns();
        let instead = match self.queue {
            _ if sheet != Sheet::Reviews || self.items_of.is_some() => return Cow::Borrowed(columns),
            Queue::Due => "due",
            Queue::Assigned | Queue::Mine => "assignee",
            Queue::Waiting | Queue::ToApprove | Queue::Marked => return Cow::Borrowed(columns),
        };
        let change = |column: &Column| match column.name {
            name if name == instead => column.from(0),
            "state" => column.from(NARROW),
            _ => *column,
        };
        Cow::Owned(columns.iter().map(change).collect())
    }

    /// How a list is laid out.
    pub(super) fn layout(&self, sheet: Sheet) -> &Layout {
        self.layouts.get(&sheet).unwrap_or(&layout::FIRST)
    }

    /// What a list is sorted by, and whether the other way round.
    pub(super) fn order<O: DeserializeOwned + Default>(&self, sheet: Sheet) -> (O, bool) {
        let layout = self.layout(sheet);
        (named(&layout.by).unwrap_or_default(), layout.reversed)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_column_has_a_name_of_its_own_says_what_it_is_and_sorts() {
        for sheet in Sheet::ALL {
            let names: BTreeSet<&str> = sheet.columns().iter().map(|column| column.name).collect();
            assert_eq!(names.len(), sheet.columns().len(), "{sheet:?}");
            assert_eq!(sheet.columns().iter().filter(|column| column.identity).count(), 1, "{sheet:?}");
            assert!(sheet.sorts(sheet.own_order()) && !sheet.sorts("moon"), "{sheet:?}");
            for column in sheet.columns() {
                assert!(!column.says.is_empty() && !column.name.is_empty(), "{sheet:?} {}", column.title);
                assert!(column.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", column.name);
                // Rows of a log have no other order than the one they were written in.
                assert!(sheet.sorts(column.name) || column.name == "row", "{sheet:?} {}", column.name);
            }
        }
        let names = |sheet: Sheet| sheet.columns().iter().map(|column| column.name).collect::<Vec<_>>();
        assert_eq!(names(Sheet::Placement), names(Sheet::Reviews), "their rows are made in one place");
    }

    /// A layout in which every column was chosen.
    fn all(sheet: Sheet) -> Layout {
        let names: Vec<String> = sheet.columns().iter().map(|column| format!("+{}", column.name)).collect();
        serde_json::from_value(serde_json::json!({ "columns": names })).unwrap()
    }

    #[test]
    fn what_shows_of_itself_fits_whatever_the_width() {
        for sheet in Sheet::ALL {
            for width in 80..240 {
                let arranged = Layout::default().arrange(sheet.columns(), width, sheet.margin());
                assert!(arranged.no_room.is_empty(), "{sheet:?} {width}: {:?}", arranged.no_room);
                // Whatever is chosen, what shows fits, and the rest is named.
                let arranged = all(sheet).arrange(sheet.columns(), width, sheet.margin());
                let columns = arranged.shown.iter().map(|at| sheet.columns()[*at].width + 1);
                assert!(columns.sum::<u16>() <= width - sheet.margin() + 1, "{sheet:?} {width}");
                assert_eq!(arranged.shown.len() + arranged.no_room.len(), sheet.columns().len());
            }
        }
    }
}
