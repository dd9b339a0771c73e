//! A list's selection: an identity, not a row number; and rows that are going.

use std::cell::Cell;
use std::collections::HashSet;
use std::hash::Hash;

use serde::Serialize;

use super::going::{Held, STAYS};
use crate::net::Timestamp;

/// Neighbours of a row that is gone which are looked for one by one.
const NEAR: usize = 8;

/// Identities in order, and which of them is selected.
#[derive(Debug, Clone)]
pub struct List<I> {
    order: Vec<I>,
    selected: Option<I>,
    /// Where the selected one stands in `order`.
    at: usize,
    /// Those of the order that left, and when that was first seen.
    going: Vec<(I, Option<Timestamp>)>,
    /// What the order was asked by.
    by: Option<String>,
    /// The first row on the screen: the view moves it so that the selected row shows.
    pub(super) offset: Cell<usize>,
    /// How many rows the screen holds: what a page is.
    pub(super) page: Cell<usize>,
}

impl<I> Default for List<I> {
    fn default() -> Self {
        Self {
            order: Vec::new(),
            selected: None,
            at: 0,
            going: Vec::new(),
            by: None,
            offset: Cell::new(0),
            page: Cell::new(1),
        }
    }
}

/// How the selection moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Step {
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
}

impl Step {
    /// Where it leads from a place among so few that all of them show: a page is to the first or the last.
    pub(super) fn among(self, at: usize, count: usize) -> usize {
        let last = count.saturating_sub(1);
        match self {
            Self::Up => at.saturating_sub(1),
            Self::Down => (at + 1).min(last),
            Self::PageUp | Self::Home => 0,
            Self::PageDown | Self::End => last,
        }
    }
}

impl<I: Clone + Eq + Hash> List<I> {
    /// Takes a new order. The selection stays on its identity; where that is gone, it goes to the nearest neighbour
    /// that is still there, below before above.
    pub fn set(&mut self, order: Vec<I>) {
        (self.going, self.by) = (Vec::new(), None);
        self.reorder(order);
    }

    fn reorder(&mut self, order: Vec<I>) {
        let before = std::mem::replace(&mut self.order, order);
        let Some(selected) = self.selected.clone() else { return self.select_at(0) };
        if let Some(at) = self.order.iter().position(|id| *id == selected) {
            return self.select_at(at);
        }
        // Most of the time the next few are still there; then no set of 300,000 is made.
        let near = before.iter().skip(self.at).take(NEAR).find_map(|id| self.order.iter().position(|it| it == id));
        if let Some(at) = near {
            return self.select_at(at);
        }
        let left: HashSet<&I> = self.order.iter().collect();
        let below = before.iter().skip(self.at).find(|id| left.contains(id));
        let neighbour = below.or_else(|| before.iter().take(self.at).rev().find(|id| left.contains(id)));
        let at = neighbour.and_then(|id| self.order.iter().position(|other| other == id));
        self.select_at(at.unwrap_or(0));
    }

    /// Takes a new order of what was asked by `by`, in which the rows of the screen are held.
    pub fn renew(&mut self, held: Held<I>, by: String) {
        let Held { order, going, first } = held;
        let since = |id: &I| self.going.iter().find(|(other, _)| other == id).and_then(|(_, since)| *since);
        self.going = going.into_iter().map(|id| (since(&id), id)).map(|(since, id)| (id, since)).collect();
        self.by = Some(by);
        self.reorder(order);
        // What comes at the top of a list that is looked at from its top is to be seen.
        if let Some(first) = first.filter(|_| self.offset.get() > 0) {
            self.offset.set(first);
        }
    }

    /// Whether the order was asked by this.
    #[must_use]
    pub fn is_by(&self, by: &str) -> bool {
        self.by.as_deref() == Some(by)
    }

    /// The rows on the screen; the first `above` of the list are no part of what scrolls.
    #[must_use]
    pub fn shown(&self, above: usize) -> &[I] {
        let from = (above + self.offset.get()).min(self.order.len());
        let to = (from + self.page.get()).min(self.order.len());
        self.order.get(from..to).unwrap_or_default()
    }

    /// How many rows are going.
    #[must_use]
    pub fn going(&self) -> usize {
        self.going.len()
    }

    /// Whether a row is going.
    #[must_use]
    pub fn is_going(&self, id: &I) -> bool {
        self.going.iter().any(|(other, _)| other == id)
    }

    /// Lets go what stayed long enough; whether anything did.
    pub fn let_go(&mut self, now: Timestamp) -> bool {
        let mut due = Vec::new();
        for (id, since) in &mut self.going {
            let since = *since.get_or_insert(now);
            // A clock that was set back makes nothing stay.
            if now < since || now.since(since) >= STAYS {
                due.push(id.clone());
            }
        }
        due.iter().for_each(|id| self.drop_going(id));
        !due.is_empty()
    }

    /// Lets one go: what is below moves up, what is selected stays, and where it was this one, its neighbour is.
    pub fn drop_going(&mut self, id: &I) {
        self.going.retain(|(other, _)| other != id);
        let Some(at) = self.order.iter().position(|other| other == id) else { return };
        self.order.remove(at);
        if at < self.offset.get() {
            self.offset.set(self.offset.get() - 1);
        }
        if at < self.at {
            self.at -= 1;
        } else if self.selected.as_ref() == Some(id) {
            self.select_at(at);
        }
    }

    /// Forgets order and selection: whatever comes next is looked at from its first row.
    pub fn begin(&mut self) {
        (self.order, self.selected, self.at) = (Vec::new(), None, 0);
        (self.going, self.by) = (Vec::new(), None);
        self.offset.set(0);
    }

    /// Selects by row number; past the end: the last row.
    pub fn select_at(&mut self, at: usize) {
        self.at = at.min(self.order.len().saturating_sub(1));
        self.selected = self.order.get(self.at).cloned();
    }

    /// Selects by row number, if there is such a row.
    pub fn pick(&mut self, at: usize) {
        if at < self.order.len() {
            self.select_at(at);
        }
    }

    /// Selects an identity, if it is there.
    pub fn select(&mut self, id: &I) {
        if let Some(at) = self.order.iter().position(|other| other == id) {
            self.select_at(at);
        }
    }

    /// Selects an identity that is still to come: the next order has it, or the selection goes to its first row.
    pub fn want(&mut self, id: I) {
        self.begin();
        self.selected = Some(id);
    }

    /// Moves the selection.
    pub fn step(&mut self, step: Step) {
        let page = self.page.get().max(1);
        self.select_at(match step {
            Step::Up => self.at.saturating_sub(1),
            Step::Down => self.at.saturating_add(1),
            Step::PageUp => self.at.saturating_sub(page),
            Step::PageDown => self.at.saturating_add(page),
            Step::Home => 0,
            Step::End => usize::MAX,
        });
    }

    /// The identities in order.
    #[must_use]
    pub fn order(&self) -> &[I] {
        &self.order
    }

    /// The identities in order, without those that are going.
    pub fn staying(&self) -> impl Iterator<Item = &I> {
        self.order.iter().filter(|id| self.going.is_empty() || !self.is_going(id))
    }

    /// The selected one.
    #[must_use]
    pub fn selected(&self) -> Option<&I> {
        self.selected.as_ref()
    }

    /// Its row number.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(order: &[u32], at: usize) -> List<u32> {
        let mut list = List::default();
        list.set(order.to_vec());
        list.select_at(at);
        list
    }

    #[test]
    fn the_selection_is_an_identity() {
        let mut list = list(&[1, 2, 3, 4], 2);
        list.set(vec![9, 8, 1, 2, 3, 4]);
        assert_eq!((list.selected(), list.at()), (Some(&3), 4));
    }

    #[test]
    fn a_row_that_goes_hands_the_selection_to_its_neighbour() {
        let mut gone = list(&[1, 2, 3, 4], 2);
        gone.set(vec![1, 2, 4]);
        assert_eq!(gone.selected(), Some(&4));
        gone.set(vec![1, 2]);
        assert_eq!(gone.selected(), Some(&2));
        gone.set(vec![7, 8]);
        assert_eq!(gone.selected(), Some(&7));
        gone.set(vec![]);
        assert_eq!(gone.selected(), None);
    }

    #[test]
    fn a_row_that_left_stays_for_a_moment_and_hands_the_selection_on_when_it_goes() {
        let at = |ms: i64| Timestamp(1_000_000 + ms);
        let mut list = list(&[1, 2, 3, 4, 5, 6], 3);
        list.page.set(3);
        list.offset.set(2);
        let renew = |list: &mut List<u32>, order: &[u32]| {
            let held = super::super::going::hold(list.shown(0), list.offset.get(), order.to_vec());
            list.renew(held, "all".to_owned());
        };
        renew(&mut list, &[2, 3, 5, 6]);
        assert!(list.is_by("all") && list.is_going(&4) && !list.is_going(&1), "{list:?}");
        assert_eq!((list.order(), list.selected(), list.offset.get()), (&[2, 3, 4, 5, 6][..], Some(&4), 1));
        assert!(!list.let_go(at(0)) && !list.let_go(at(1_999)), "it is looked at first, then it stays");
        // Another change makes it stay no longer.
        renew(&mut list, &[3, 5, 6]);
        assert_eq!(list.order(), [3, 4, 5, 6]);
        assert!(list.let_go(at(2_000)) && list.going() == 0);
        assert_eq!((list.order(), list.selected(), list.at()), (&[3, 5, 6][..], Some(&5), 1));
        // One that is back does not go.
        renew(&mut list, &[3, 6]);
        assert!(list.is_going(&5));
        renew(&mut list, &[3, 5, 6]);
        assert_eq!((list.going(), list.order()), (0, &[3, 5, 6][..]));
        // Asked by something else, nothing is held; and a clock that is set back holds nothing.
        renew(&mut list, &[3, 6]);
        list.set(vec![3]);
        assert_eq!((list.order(), list.going(), list.is_by("all")), (&[3][..], 0, false));
        list.set(vec![3, 4]);
        renew(&mut list, &[3]);
        assert!(!list.let_go(at(9_000)) && list.let_go(at(0)));
    }

    #[test]
    fn steps_stay_inside() {
        let mut list = list(&[1, 2, 3, 4, 5], 0);
        list.page.set(3);
        for (step, expected) in [
            (Step::Up, 1),
            (Step::PageDown, 4),
            (Step::PageDown, 5),
            (Step::Down, 5),
            (Step::PageUp, 2),
            (Step::Home, 1),
            (Step::End, 5),
        ] {
            list.step(step);
            assert_eq!(list.selected(), Some(&expected), "{step:?}");
        }
    }
}
