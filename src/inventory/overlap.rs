//! Two switches that have learned the same addresses face each other: what one has on its other ports the other has on
//! the port that leads there. It tells the way between switches that hear no neighbour and whose own addresses nobody
//! learns, as where they are managed out of band.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::state::Inventory;
use crate::net::TargetName;

/// How many addresses two switches have on a port here and a port there.
type Matrix = BTreeMap<(u32, u32), u32>;

/// Addresses that must speak for a port.
const LEAST: u32 = 2;
/// Ports there that must speak for a port here where it is not known which one faces us: what shares a port moves
/// together, and shows for a while on a port of each switch.
const LEAST_PORTS: usize = 2;

/// The port here that leads to the other switch: what that one has on ports that do not face us is learned there.
///
/// Where nothing tells which ports there face us, the one that has most of what is common is taken for it and left out,
/// so that two switches below a third, which both learn what is above them, prove nothing by that.
fn facing(matrix: &Matrix, turn: impl Fn(&(u32, u32)) -> (u32, u32), facing_us: &BTreeSet<u32>) -> Option<u32> {
    let mut there: BTreeMap<u32, u32> = BTreeMap::new();
    for (cell, count) in matrix {
        *there.entry(turn(cell).1).or_default() += count;
    }
    let (most, _) = there.into_iter().max_by_key(|(port, count)| (*count, Reverse(*port)))?;
    let known = !facing_us.is_empty();
    let is_ours = |port: u32| if known { facing_us.contains(&port) } else { port == most };
    let mut here: BTreeMap<u32, (u32, usize)> = BTreeMap::new();
    for (cell, count) in matrix.iter().filter(|(cell, _)| !is_ours(turn(cell).1)) {
        let (addresses, ports) = here.entry(turn(cell).0).or_default();
        *addresses += count;
        *ports += 1;
    }
    let all: u32 = here.values().map(|(addresses, _)| addresses).sum();
    let (port, (addresses, ports)) = here.into_iter().max_by_key(|(port, speaking)| (*speaking, Reverse(*port)))?;
    // Four of five: what has just moved contradicts for a while.
    let enough = addresses >= LEAST && (known || ports >= LEAST_PORTS) && addresses * 5 >= all * 4;
    enough.then_some(port)
}

impl Inventory {
    /// Counts an address that came to (`true`) or left ports of one switch and is on these ports of another.
    pub(super) fn count_shared(
        &mut self,
        name: &TargetName,
        other: &TargetName,
        steps: &[(u32, bool)],
        theirs: &BTreeSet<u32>,
    ) {
        let (first, second) = if name < other { (name, other) } else { (other, name) };
        let Some(switch) = self.switches.get_mut(first) else { return };
        let matrix = switch.shared.entry(second.clone()).or_default();
        for (mine, more) in steps {
            for their in theirs {
                let cell = if name < other { (*mine, *their) } else { (*their, *mine) };
                let count = matrix.entry(cell).or_default();
                *count = if *more { *count + 1 } else { count.saturating_sub(1) };
                if *count == 0 {
                    matrix.remove(&cell);
                }
            }
        }
    }

    /// Finds the ports by which two switches face each other. Returns the ports for which that is new.
    pub(super) fn compare(&mut self, first: &TargetName, second: &TargetName) -> Vec<(TargetName, u32)> {
        let Some(matrix) = self.switches.get(first).and_then(|switch| switch.shared.get(second)) else {
            return Vec::new();
        };
        // Ports of one on which the other's own address is learned face it.
        let known = |name: &TargetName, peer: &TargetName| -> BTreeSet<u32> {
            let foreign = self.switches.get(name).into_iter().flat_map(|switch| &switch.foreign);
            foreign.filter(|(_, owners)| owners.contains_key(peer)).map(|(port, _)| *port).collect()
        };
        let found = [
            (first, second, facing(matrix, |cell| *cell, &known(second, first))),
            (second, first, facing(matrix, |(a, b)| (*b, *a), &known(first, second))),
        ];
        let mut changed = Vec::new();
        for (name, peer, port) in found {
            let Some(switch) = self.switches.get_mut(name) else { continue };
            let before = match port {
                Some(port) => switch.overlap.insert(peer.clone(), port),
                None => switch.overlap.remove(peer),
            };
            if before != port {
                changed.extend(before.into_iter().chain(port).map(|port| (name.clone(), port)));
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(cells: &[((u32, u32), u32)]) -> (Option<u32>, Option<u32>) {
        let matrix: Matrix = cells.iter().copied().collect();
        let unknown = BTreeSet::new();
        (facing(&matrix, |cell| *cell, &unknown), facing(&matrix, |(a, b)| (*b, *a), &unknown))
    }

    #[test]
    fn what_a_switch_has_on_its_other_ports_shows_the_way_to_it() {
        // Port 7 here has what is on ports 1 to 4 there; port 24 there has what is on ports 1 and 2 here.
        let cells = [((7, 1), 1), ((7, 2), 1), ((7, 3), 1), ((7, 4), 1), ((1, 24), 1), ((2, 24), 2), ((3, 24), 1)];
        assert_eq!(both(&cells), (Some(7), Some(24)));
    }

    #[test]
    fn what_both_learn_from_a_third_proves_nothing() {
        assert_eq!(both(&[((24, 24), 50), ((3, 7), 1)]), (None, None));
        assert_eq!(both(&[((24, 1), 2)]), (None, None), "which of the two is the way cannot be told");
    }

    #[test]
    fn what_moves_with_the_port_it_shares_is_no_way() {
        assert_eq!(both(&[((24, 24), 3), ((10, 10), 2)]), (None, None));
    }

    #[test]
    fn where_it_is_known_which_port_there_faces_us_one_other_is_enough() {
        let matrix: Matrix = [((1, 49), 3), ((2, 50), 20)].into();
        assert_eq!(facing(&matrix, |cell| *cell, &[50].into()), Some(1));
        assert_eq!(facing(&matrix, |cell| *cell, &BTreeSet::new()), None);
    }

    #[test]
    fn contradictions_of_more_than_a_fifth_are_no_proof() {
        let cells = [((7, 1), 1), ((7, 2), 1), ((7, 3), 1), ((8, 4), 1), ((8, 5), 1)];
        assert_eq!(both(&cells).0, None);
    }
}
