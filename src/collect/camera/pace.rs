//! How fast addresses are asked: one pace for all sweeps together, however many blocks there are.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How much of the time that nobody used may be caught up with: timers are no finer than a millisecond.
const CATCH_UP: Duration = Duration::from_millis(10);

/// Hands out moments, so many a second.
#[derive(Debug)]
pub(super) struct Pace {
    gap: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(per_second: u32) -> Self {
        let gap = Duration::from_secs_f64(1.0 / f64::from(per_second.max(1)));
        Self { gap, next: Mutex::new(Instant::now()) }
    }

    /// Waits until one more packet may leave.
    pub(super) async fn turn(&self) {
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let turn = (*next).max(now.checked_sub(CATCH_UP).unwrap_or(now));
            *next = turn + self.gap;
            turn
        };
        sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn so_many_a_second_whoever_asks() {
        let pace = std::sync::Arc::new(Pace::new(50));
        let begun = Instant::now();
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let pace = std::sync::Arc::clone(&pace);
            all.spawn(async move {
                for _ in 0..25 {
                    pace.turn().await;
                }
            });
        }
        all.join_all().await;
        let took = begun.elapsed();
        assert!((Duration::from_millis(1_950)..Duration::from_millis(2_050)).contains(&took), "{took:?}");
        // A pause is not saved up for a burst.
        tokio::time::sleep(Duration::from_secs(60)).await;
        let begun = Instant::now();
        for _ in 0..51 {
            pace.turn().await;
        }
        assert!(begun.elapsed() > Duration::from_millis(970), "{:?}", begun.elapsed());
    }
}
