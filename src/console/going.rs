//! Rows that left a list because the data changed: each stays in its place for a moment, marked, before it goes, so
//! that whoever looks at it sees it go. Only what is on the screen is held, and only where the same is asked as before:
//! a row that a filter, another order or a key takes away goes at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use super::columns::Sheet;
use super::model::{Model, View};
use crate::net::{DeviceId, Timestamp};
use crate::snapshot::{DeviceOrder, DeviceRow};

/// How long a row stays that left.
pub(super) const STAYS: Duration = Duration::from_secs(2);

/// A new order that holds what was on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held<I> {
    /// The order, with those that left in their places.
    pub order: Vec<I>,
    /// Those that left.
    pub going: Vec<I>,
    /// Where the first of the screen stands now.
    pub first: Option<usize>,
}

/// Holds the rows that were on the screen, which began with row `first`, in a new order.
#[must_use]
pub fn hold<I: Clone + Eq + Hash>(shown: &[I], first: usize, order: Vec<I>) -> Held<I> {
    let Some(top) = shown.first() else { return Held { order, going: Vec::new(), first: None } };
    let mut places: HashMap<&I, Option<usize>> = shown.iter().map(|id| (id, None)).collect();
    for (at, id) in order.iter().enumerate() {
        if let Some(place) = places.get_mut(id) {
            *place = Some(at);
        }
    }
    let stays = |id: &I| places.get(id).copied().flatten();
    // Behind the one that it stood behind; what stood at the top, before the first that stays.
    let mut behind = shown.iter().find_map(stays).unwrap_or_else(|| first.min(order.len()));
    let mut left: Vec<(usize, &I)> = Vec::new();
    for id in shown {
        match stays(id) {
            Some(at) => behind = at + 1,
            None => left.push((behind, id)),
        }
    }
    if left.is_empty() {
        let first = stays(top);
        return Held { order, going: Vec::new(), first };
    }
    let going: Vec<I> = left.iter().map(|(_, id)| (*id).clone()).collect();
    left.sort_by_key(|(at, _)| *at);
    let mut with = Vec::with_capacity(order.len() + left.len());
    let mut rest = order.into_iter();
    let mut taken = 0;
    for (at, id) in left {
        with.extend(rest.by_ref().take(at - taken));
        taken = at;
        with.push(id.clone());
    }
    with.extend(rest);
    let first = with.iter().position(|id| id == top);
    Held { order: with, going, first }
}

impl Model {
    /// What the rows of the devices are asked by: where that is another, none is held.
    pub(super) fn devices_by(&self) -> String {
        let order: (DeviceOrder, bool) = self.order(Sheet::Devices);
        format!("{order:?} {:?} {}", self.devices_of, self.words.devices.text)
    }

    /// Devices on the screen that are to be held in the answer to a question, and the number of the first row.
    pub(super) fn devices_shown(&self) -> (Vec<DeviceId>, usize) {
        let list = &self.lists.devices;
        // While they are read, what is not there yet has not left.
        let same = self.loading.is_none() && list.is_by(&self.devices_by());
        (if same { list.shown(0).to_vec() } else { Vec::new() }, list.offset.get())
    }

    /// What is known of devices that are no more is kept while their rows go.
    pub(super) fn keep_left(&mut self, left: Vec<DeviceRow>) {
        self.left.extend(left.into_iter().map(|row| (row.id, row)));
    }

    /// Lets go what stayed long enough; whether the screen may differ.
    pub(super) fn let_go(&mut self, now: Timestamp) -> bool {
        let lists = &mut self.lists;
        let gone = lists.devices.let_go(now) | lists.placement.let_go(now) | lists.reviews.let_go(now);
        // Rows that are still to be listed may need it.
        if self.asked.1.is_none() && lists.devices.going() == 0 && lists.placement.going() == 0 {
            self.left.clear();
        }
        gone
    }

    /// How many rows of this view are going.
    pub(super) fn going(&self) -> usize {
        match self.view {
            View::Placement => self.lists.placement.going(),
            View::Reviews => self.lists.reviews.going(),
            View::Devices => self.lists.devices.going(),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(shown: &[u32], first: usize, order: &[u32]) -> (Vec<u32>, Vec<u32>, Option<usize>) {
        let Held { order, going, first } = hold(shown, first, order.to_vec());
        (order, going, first)
    }

    #[test]
    fn what_left_stands_where_it_stood_and_the_first_row_stays_the_first() {
        assert_eq!(held(&[3, 4, 5], 2, &[1, 2, 3, 5, 6]), (vec![1, 2, 3, 4, 5, 6], vec![4], Some(2)));
        // One came above, one left above: the screen is where it was.
        assert_eq!(held(&[3, 4, 5], 2, &[9, 1, 2, 3, 4, 5]), (vec![9, 1, 2, 3, 4, 5], vec![], Some(3)));
        assert_eq!(held(&[3, 4, 5], 2, &[2, 3, 4, 5]), (vec![2, 3, 4, 5], vec![], Some(1)));
        // At the top, at the end, all of them.
        assert_eq!(held(&[1, 2, 3], 0, &[2, 3]), (vec![1, 2, 3], vec![1], Some(0)));
        assert_eq!(held(&[3, 4], 2, &[1, 2]), (vec![1, 2, 3, 4], vec![3, 4], Some(2)));
        assert_eq!(held(&[7, 8], 0, &[]), (vec![7, 8], vec![7, 8], Some(0)));
        assert_eq!(held(&[7, 8], 5, &[1, 2]), (vec![1, 2, 7, 8], vec![7, 8], Some(2)));
        // What stands elsewhere now has not left.
        assert_eq!(held(&[1, 2, 3], 0, &[3, 1]), (vec![3, 1, 2], vec![2], Some(1)));
        assert_eq!(held(&[], 0, &[1]), (vec![1], vec![], None));
    }
}
