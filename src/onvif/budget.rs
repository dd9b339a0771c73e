//! What one visit to one camera may cost: octets read and time, all requests together.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Octets and time left. Clones share the octets.
#[derive(Debug, Clone)]
pub struct Budget {
    whole: usize,
    octets: Arc<AtomicUsize>,
    until: Instant,
}

impl Budget {
    /// So many octets, within this time from now.
    #[must_use]
    pub fn new(octets: usize, time: Duration) -> Self {
        Self { whole: octets, octets: Arc::new(AtomicUsize::new(octets)), until: Instant::now() + time }
    }

    /// Takes octets. `false` where there were not that many: then none are left.
    #[must_use]
    pub fn take(&self, octets: usize) -> bool {
        let spend = |left: usize| Some(left.saturating_sub(octets));
        self.octets.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_ok_and(|left| left > octets)
    }

    /// Octets taken so far.
    #[must_use]
    pub fn spent(&self) -> usize {
        self.whole.saturating_sub(self.octets.load(Ordering::Relaxed))
    }

    /// No octets are left.
    #[must_use]
    pub fn exhausted(&self) -> bool {
        self.octets.load(Ordering::Relaxed) == 0
    }

    /// When time is up.
    #[must_use]
    pub fn until(&self) -> Instant {
        self.until
    }

    /// Time left.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}

/// A TCP stream whose every octet read is taken from the budget: head, body, handshake and all.
#[derive(Debug)]
pub(super) struct Metered {
    stream: TcpStream,
    budget: Budget,
}

impl Metered {
    pub(super) fn new(stream: TcpStream, budget: Budget) -> Self {
        Self { stream, budget }
    }
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, into))?;
        let read = into.filled().len().saturating_sub(before);
        if read > 0 && !self.budget.take(read) {
            return Poll::Ready(Err(io::Error::other("the octet budget of the visit is used up")));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_run_out_once_and_for_every_clone() {
        let budget = Budget::new(10, Duration::from_secs(1));
        let other = budget.clone();
        assert!(budget.take(9) && !budget.exhausted());
        assert_eq!(other.spent(), 9);
        assert!(!other.take(5));
        assert!(budget.exhausted() && !budget.take(1));
        assert_eq!(budget.spent(), 10);
    }
}
