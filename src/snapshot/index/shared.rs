//! What keeps 300,000 devices small: values that many share are kept once, and "none" takes no room of its own.

use std::collections::HashMap;
use std::hash::Hash;
use std::marker::PhantomData;

use crate::net::Timestamp;

/// The number of a value of a [`Shared`].
#[derive(Debug)]
pub(super) struct Number<T>(u32, PhantomData<T>);

impl<T> Clone for Number<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Number<T> {}

/// Values, each once. None is ever let go: there are as many as there ever were kinds of it.
#[derive(Debug)]
pub(super) struct Shared<T> {
    all: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self { all: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Copy + Eq + Hash> Shared<T> {
    /// Keeps a value.
    pub(super) fn keep(&mut self, value: T) -> Number<T> {
        let next = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(value).or_insert(next);
        if number == next {
            self.all.push(value);
        }
        Number(number, PhantomData)
    }

    /// A value that is kept.
    pub(super) fn get(&self, number: Number<T>) -> Option<&T> {
        self.all.get(number.0 as usize)
    }
}

/// A moment or none, in eight octets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(i64);

impl Moment {
    /// No clock ever shows this.
    const NONE: i64 = i64::MIN;

    pub(super) fn new(at: Option<Timestamp>) -> Self {
        Self(at.map_or(Self::NONE, |at| at.0))
    }

    pub(super) fn get(self) -> Option<Timestamp> {
        Some(Timestamp(self.0)).filter(|at| at.0 != Self::NONE)
    }
}

/// An ifIndex or none, in four octets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Port(u32);

impl Port {
    /// An `InterfaceIndex` has 31 bits (IF-MIB).
    const NONE: u32 = u32::MAX;

    pub(super) fn new(if_index: Option<u32>) -> Self {
        Self(if_index.unwrap_or(Self::NONE))
    }

    /// What it is ordered by: none comes first.
    pub(super) fn rank(self) -> u32 {
        self.0.wrapping_add(1)
    }

    pub(super) fn get(self) -> Option<u32> {
        Some(self.0).filter(|if_index| *if_index != Self::NONE)
    }
}
