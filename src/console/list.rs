//! A list's selection: an identity, not a row number.

use std::cell::Cell;
use std::collections::HashSet;
use std::hash::Hash;

use serde::Serialize;

/// Neighbours of a row that is gone which are looked for one by one.
const NEAR: usize = 8;

/// Identities in order, and which of them is selected.
#[derive(Debug, Clone)]
pub struct List<I> {
    order: Vec<I>,
    selected: Option<I>,
    /// Where the selected one stands in `order`.
    at: usize,
    /// The first row on the screen: the view moves it so that the selected row shows.
    pub(super) offset: Cell<usize>,
    /// How many rows the screen holds: what a page is.
    pub(super) page: Cell<usize>,
}

impl<I> Default for List<I> {
    fn default() -> Self {
        Self { order: Vec::new(), selected: None, at: 0, offset: Cell::new(0), page: Cell::new(1) }
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

impl<I: Clone + Eq + Hash> List<I> {
    /// Takes a new order. The selection stays on its identity; where that is gone, it goes to the nearest neighbour
    /// that is still there, below before above.
    pub fn set(&mut self, order: Vec<I>) {
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

    /// Forgets order and selection: whatever comes next is looked at from its first row.
    pub fn begin(&mut self) {
        (self.order, self.selected, self.at) = (Vec::new(), None, 0);
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
