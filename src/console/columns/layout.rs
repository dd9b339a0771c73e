//! How one list is laid out, as it is chosen and remembered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Column;

/// How one list is laid out. Names that this version does not know are passed over, and stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::console) struct Layout {
    /// The column that rows are sorted by; empty: their own order.
    pub(super) by: String,
    /// The other way round.
    pub(super) reversed: bool,
    /// Columns in their order: `+` before the name of one that always shows, `-` before one that never does. Empty: as
    /// they are at first.
    columns: Vec<String>,
    /// What another version keeps here.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// As a list is at first.
pub(super) static FIRST: Layout =
    Layout { by: String::new(), reversed: false, columns: Vec::new(), rest: BTreeMap::new() };

/// Which columns a table has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::console) struct Arranged {
    /// Their numbers, from left to right.
    pub(in crate::console) shown: Vec<usize>,
    /// Those that would show, and for which there is no room.
    pub(in crate::console) no_room: Vec<usize>,
}

/// What was chosen of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Shown,
    Hidden,
}

/// A name as it is kept, and what was chosen of it.
fn read(entry: &str) -> (&str, Option<Choice>) {
    match entry.split_at_checked(1) {
        Some(("+", name)) => (name, Some(Choice::Shown)),
        Some(("-", name)) => (name, Some(Choice::Hidden)),
        _ => (entry, None),
    }
}

/// Most names that are looked through: far more than any list has columns.
const MOST: usize = 100;

impl Layout {
    /// With no more names than may be looked through for every frame.
    pub(in crate::console) fn bounded(mut self) -> Self {
        self.columns.truncate(MOST);
        self
    }

    fn choice(&self, name: &str) -> Option<Choice> {
        self.columns.iter().map(|entry| read(entry)).find(|(known, _)| *known == name)?.1
    }

    /// Whether something was chosen of its columns.
    pub(in crate::console) fn is_chosen(&self) -> bool {
        !self.columns.is_empty()
    }

    /// The columns in their order; one that is not named stands behind the one that it first stood behind.
    pub(in crate::console) fn ordered(&self, columns: &[Column]) -> Vec<usize> {
        let mut order: Vec<usize> = Vec::with_capacity(columns.len());
        for (name, _) in self.columns.iter().map(|entry| read(entry)) {
            let at = columns.iter().position(|column| column.name == name);
            order.extend(at.filter(|at| !order.contains(at)));
        }
        for at in 0..columns.len() {
            if !order.contains(&at) {
                let before = at.checked_sub(1).and_then(|before| order.iter().position(|other| *other == before));
                order.insert(before.map_or(0, |before| before + 1), at);
            }
        }
        order
    }

    /// Whether a column would show in a table of this width.
    pub(in crate::console) fn wants(&self, column: &Column, width: u16) -> bool {
        match self.choice(column.name) {
            _ if column.identity => true,
            Some(Choice::Shown) => true,
            Some(Choice::Hidden) => false,
            None => width >= column.from,
        }
    }

    /// The columns of a table of this width, of which the margin has none. What has no room is left out: what nobody
    /// chose before what was chosen, then what stands on wide screens only, then what stands furthest right.
    pub(in crate::console) fn arrange(&self, columns: &[Column], width: u16, margin: u16) -> Arranged {
        let wide = |at: usize| columns.get(at).map_or(0, |column| usize::from(column.width) + 1);
        let mut wanted = self.ordered(columns);
        wanted.retain(|at| columns.get(*at).is_some_and(|column| self.wants(column, width)));
        let mut by_weight: Vec<(bool, bool, u16, usize, usize)> = Vec::new();
        for (place, at) in wanted.iter().enumerate() {
            if let Some(column) = columns.get(*at) {
                let chosen = self.choice(column.name) == Some(Choice::Shown);
                by_weight.push((!column.identity, !chosen, column.from, place, *at));
            }
        }
        by_weight.sort_unstable();
        let mut room = usize::from(width.saturating_sub(margin)) + 1;
        let mut no_room = Vec::new();
        for (.., at) in by_weight {
            match room.checked_sub(wide(at)) {
                Some(rest) => room = rest,
                // Of a table without even that one nothing would be left.
                None if columns.get(at).is_some_and(|column| column.identity) => room = 0,
                None => no_room.push(at),
            }
        }
        no_room.sort_unstable();
        wanted.retain(|at| !no_room.contains(at));
        Arranged { shown: wanted, no_room }
    }

    /// Names every column, so that each can be moved and chosen.
    fn spell_out(&mut self, columns: &[Column]) {
        let mut next = 0;
        for at in self.ordered(columns) {
            let Some(name) = columns.get(at).map(|column| column.name) else { continue };
            match self.columns.iter().position(|entry| read(entry).0 == name) {
                Some(at) => next = at + 1,
                None => {
                    self.columns.insert(next, name.to_owned());
                    next += 1;
                }
            }
        }
    }

    /// Shows a column that does not show, or hides it; back again, it is as it was at first.
    pub(super) fn toggle(&mut self, columns: &[Column], column: &Column, width: u16) {
        let shows = self.wants(column, width);
        let at_first = width >= column.from;
        self.spell_out(columns);
        let sign = match (shows, at_first) {
            (true, true) => "-",
            (false, false) => "+",
            (true, false) | (false, true) => "",
        };
        if let Some(entry) = self.columns.iter_mut().find(|entry| read(entry).0 == column.name) {
            *entry = format!("{sign}{}", column.name);
        }
        self.forget_what_is_as_at_first(columns);
    }

    /// Moves a column to the left or to the right, past the next one. Whether there was one.
    pub(super) fn shift(&mut self, columns: &[Column], at: usize, left: bool) -> bool {
        let order = self.ordered(columns);
        let place = |of: usize| order.iter().position(|other| *other == of);
        let neighbour = place(at)
            .and_then(|place| if left { place.checked_sub(1) } else { Some(place + 1) })
            .and_then(|place| order.get(place).copied());
        let name = |of: usize| columns.get(of).map(|column| column.name);
        let (Some(one), Some(other)) = (name(at), neighbour.and_then(name)) else { return false };
        self.spell_out(columns);
        let entry = |name: &str| self.columns.iter().position(|entry| read(entry).0 == name);
        if let (Some(one), Some(other)) = (entry(one), entry(other)) {
            self.columns.swap(one, other);
        }
        self.forget_what_is_as_at_first(columns);
        true
    }

    /// What is as it was at first is not kept: a later version may know better.
    fn forget_what_is_as_at_first(&mut self, columns: &[Column]) {
        if self.columns.iter().map(String::as_str).eq(columns.iter().map(|column| column.name)) {
            self.reset();
        }
    }

    /// The columns as they were at first.
    pub(super) fn reset(&mut self) {
        self.columns.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::new("A", 10).named("a", ""),
        Column::new("B", 10).named("b", "").identity(),
        Column::new("C", 10).named("c", "").from(40),
        Column::new("D", 10).named("d", "").from(Column::CHOSEN),
        Column::new("E", 10).named("e", ""),
    ];

    fn names(numbers: &[usize]) -> String {
        numbers.iter().map(|at| COLUMNS[*at].name).collect()
    }

    fn shown(layout: &Layout, width: u16) -> (String, String) {
        let arranged = layout.arrange(COLUMNS, width, 1);
        (names(&arranged.shown), names(&arranged.no_room))
    }

    fn layout(columns: &[&str]) -> Layout {
        Layout { columns: columns.iter().map(|name| (*name).to_owned()).collect(), ..Layout::default() }
    }

    #[test]
    fn what_nobody_chose_follows_the_width_and_what_was_chosen_stays() {
        assert_eq!(shown(&layout(&[]), 39), ("abe".into(), String::new()));
        assert_eq!(shown(&layout(&[]), 50), ("abce".into(), String::new()));
        assert_eq!(shown(&layout(&["e", "+c", "-a", "b"]), 39), ("ecb".into(), String::new()));
        // The one that tells rows apart is hidden by nobody.
        assert_eq!(shown(&layout(&["-b", "-a", "-e", "-c"]), 80), ("b".into(), String::new()));
    }

    #[test]
    fn where_there_is_no_room_what_was_chosen_stays_longest_and_the_identity_always() {
        assert_eq!(shown(&layout(&["a", "b", "c", "+d", "e"]), 39), ("abd".into(), "e".into()));
        assert_eq!(shown(&layout(&["+a", "b", "+c", "+d", "+e"]), 39), ("abe".into(), "cd".into()));
        assert_eq!(shown(&layout(&[]), 4), ("b".into(), "ae".into()));
    }

    #[test]
    fn columns_are_moved_shown_and_hidden_and_names_of_another_version_stay() {
        let mut chosen = layout(&["moon", "-a", "b", "+sun"]);
        assert_eq!(names(&chosen.ordered(COLUMNS)), "abcde");
        assert!(chosen.shift(COLUMNS, 2, true) && chosen.shift(COLUMNS, 0, false) && !chosen.shift(COLUMNS, 4, false));
        assert_eq!(names(&chosen.ordered(COLUMNS)), "cabde");
        chosen.toggle(COLUMNS, &COLUMNS[3], 80);
        chosen.toggle(COLUMNS, &COLUMNS[0], 80);
        assert_eq!(shown(&chosen, 80), ("cabde".into(), String::new()));
        for name in ["moon", "+sun", "+d", "a"] {
            assert!(chosen.columns.iter().any(|entry| entry == name), "{name} {:?}", chosen.columns);
        }
        let mut twice = layout(&[]);
        for at in [2, 3, 0] {
            twice.toggle(COLUMNS, &COLUMNS[at], 39);
            assert!(twice.is_chosen());
            twice.toggle(COLUMNS, &COLUMNS[at], 39);
            assert!(!twice.is_chosen(), "{:?}", twice.columns);
        }
    }

    #[test]
    fn a_column_that_is_not_named_stands_where_it_stood() {
        assert_eq!(names(&layout(&["e", "b"]).ordered(COLUMNS)), "aebcd");
        assert_eq!(names(&layout(&["c", "c", "", "é", "+"]).ordered(COLUMNS)), "abcde");
    }
}
