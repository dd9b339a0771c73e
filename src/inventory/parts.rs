//! The same asked of very many, on every processor: a changed configuration is asked of a whole estate at once.

use std::num::NonZero;
use std::thread;

/// Fewer than this are done sooner than threads are made.
const WORTH_IT: usize = 2_000;

/// What `work` says of each, in the order of `all`, as if it were asked one after the other.
pub fn in_parts<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let parts = if all.len() < WORTH_IT { 1 } else { thread::available_parallelism().map_or(1, NonZero::get) };
    let work = &work;
    let (first, rest) = all.split_at(all.len().div_ceil(parts));
    thread::scope(|scope| {
        let others: Vec<_> = rest
            .chunks(first.len().max(1))
            .map(|part| (part, scope.spawn(move || part.iter().map(work).collect::<Vec<R>>())))
            .collect();
        let mut done: Vec<R> = first.iter().map(work).collect();
        for (part, other) in others {
            // A thread that failed has said why; its part is asked again here, where that is everybody's failure.
            done.extend(other.join().unwrap_or_else(|_| part.iter().map(work).collect()));
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_answered_in_their_order() {
        for count in [0, 1, WORTH_IT - 1, WORTH_IT, WORTH_IT * 3 + 1] {
            let all: Vec<usize> = (0..count).collect();
            assert_eq!(in_parts(&all, |number| number * 2), all.iter().map(|number| number * 2).collect::<Vec<_>>());
        }
    }
}
