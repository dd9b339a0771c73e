//! One UDP socket for all agents of an address family: answers are told apart by their numbers, and by where they come
//! from. Nothing but the agent that was asked can answer.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::UdpSocket;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::ber;

/// Receive buffer asked of the kernel: replies of many switches arrive at once.
const RECEIVE_BUFFER: usize = 4 << 20;
/// Longest datagram there is.
const LONGEST: usize = 65_535;
/// Most datagrams kept for one request until they are looked at: who is asked may send anything.
const MOST_CANDIDATES: usize = 16;
/// Pause after the system could not receive.
const PAUSE: Duration = Duration::from_millis(10);

/// Why a request brought nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// No answer that was accepted came in time.
    Timeout,
    /// It could not be sent.
    Io(io::Error),
}

/// A request under way.
struct Waiting {
    asked: SocketAddr,
    /// What came in answer and has not been looked at.
    candidates: Vec<Bytes>,
    waker: Option<Waker>,
}

struct Shared {
    socket: UdpSocket,
    address: SocketAddr,
    waiting: Mutex<HashMap<i32, Waiting>>,
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, HashMap<i32, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliver(&self, datagram: &[u8], from: SocketAddr) {
        let Some(id) = ber::request_id(datagram) else { return };
        let mut all = self.waiting();
        let Some(waiting) = all.get_mut(&id).filter(|waiting| waiting.asked == from) else { return };
        if waiting.candidates.len() < MOST_CANDIDATES {
            waiting.candidates.push(Bytes::copy_from_slice(datagram));
            let waker = waiting.waker.take();
            drop(all);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    async fn receive(&self) {
        let mut buffer = vec![0; LONGEST];
        loop {
            match self.socket.recv_from(&mut buffer).await {
                Ok((length, from)) => self.deliver(buffer.get(..length).unwrap_or_default(), from),
                Err(error) => {
                    tracing::debug!(%error, "a UDP socket cannot receive");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// A request's place among those under way, given up when it is dropped.
struct Place<'a> {
    shared: &'a Shared,
    id: i32,
}

impl<'a> Place<'a> {
    fn take(shared: &'a Shared, id: i32, asked: SocketAddr) -> io::Result<Self> {
        let mut all = shared.waiting();
        if all.contains_key(&id) {
            return Err(io::Error::other("the number of the request is in use"));
        }
        all.insert(id, Waiting { asked, candidates: Vec::new(), waker: None });
        Ok(Self { shared, id })
    }

    async fn next(&self) -> Bytes {
        std::future::poll_fn(|context| {
            let mut all = self.shared.waiting();
            let Some(waiting) = all.get_mut(&self.id) else { return Poll::Pending };
            if waiting.candidates.is_empty() {
                waiting.waker = Some(context.waker().clone());
                Poll::Pending
            } else {
                Poll::Ready(waiting.candidates.remove(0))
            }
        })
        .await
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.shared.waiting().remove(&self.id);
    }
}

/// The task that receives, ended with the last who could wait for it.
struct Receiving(AbortHandle);

impl Drop for Receiving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The socket.
#[derive(Clone)]
pub(super) struct Socket {
    shared: Arc<Shared>,
    _receiving: Arc<Receiving>,
}

impl Socket {
    /// Binds an address and receives from then on.
    ///
    /// # Errors
    /// The system refuses the socket.
    pub(super) fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::DGRAM, None)?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // The system may grant less.
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        let socket = UdpSocket::from_std(socket.into())?;
        let shared = Arc::new(Shared { address: socket.local_addr()?, socket, waiting: Mutex::default() });
        let receiver = Arc::clone(&shared);
        let task = tokio::spawn(async move { receiver.receive().await });
        Ok(Self { shared, _receiving: Arc::new(Receiving(task.abort_handle())) })
    }

    /// Where it is bound.
    pub(super) fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Sends a datagram that nothing answers.
    pub(super) async fn send(&self, datagram: &[u8], to: SocketAddr) -> io::Result<()> {
        self.shared.socket.send_to(datagram, to).await.map(drop)
    }

    /// Sends a request and shows `read` what comes in answer, by number and source, until it makes something of it.
    pub(super) async fn exchange<T>(
        &self,
        datagram: &[u8],
        id: i32,
        to: SocketAddr,
        deadline: Instant,
        mut read: impl FnMut(Bytes) -> Option<T>,
    ) -> Result<T, Failure> {
        let place = Place::take(&self.shared, id, to).map_err(Failure::Io)?;
        let exchanged = tokio::time::timeout_at(deadline, async {
            self.send(datagram, to).await.map_err(Failure::Io)?;
            loop {
                if let Some(answer) = read(place.next().await) {
                    return Ok(answer);
                }
            }
        });
        exchanged.await.unwrap_or(Err(Failure::Timeout))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: u8, payload: u8) -> Vec<u8> {
        vec![0x30, 12, 2, 1, 1, 4, 1, b'c', 0xa2, 4, 2, 2, id, payload]
    }

    fn after(milliseconds: u64) -> Instant {
        Instant::now() + Duration::from_millis(milliseconds)
    }

    #[tokio::test]
    async fn only_who_was_asked_answers_and_only_with_the_number() {
        let socket = Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let agent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let to = agent.local_addr().unwrap();
        let answering = async {
            let mut buffer = [0; 100];
            let (_, from) = agent.recv_from(&mut buffer).await.unwrap();
            stranger.send_to(&message(1, 2), from).await.unwrap();
            agent.send_to(&message(1, 3), from).await.unwrap();
            agent.send_to(b"garbage", from).await.unwrap();
            for _ in 0..100 {
                agent.send_to(&message(1, 2)[..13], from).await.unwrap();
            }
            agent.send_to(&message(1, 2), from).await.unwrap();
        };
        let request = message(1, 2);
        let asking = socket.exchange(&request, 0x0102, to, after(2000), |bytes| Some(bytes.to_vec()));
        let (answer, ()) = tokio::join!(asking, answering);
        assert_eq!(answer.unwrap(), message(1, 2));
        assert!(socket.shared.waiting().is_empty());
    }

    #[tokio::test]
    async fn what_is_not_accepted_is_waited_beyond_until_the_deadline() {
        let socket = Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let agent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let to = agent.local_addr().unwrap();
        let answering = async {
            let mut buffer = [0; 100];
            let (_, from) = agent.recv_from(&mut buffer).await.unwrap();
            for _ in 0..50 {
                agent.send_to(&message(1, 2), from).await.unwrap();
            }
        };
        let mut seen = 0;
        let request = message(1, 2);
        let asking = socket.exchange(&request, 0x0102, to, after(200), |_| {
            seen += 1;
            None::<()>
        });
        let (answer, ()) = tokio::join!(asking, answering);
        assert!(matches!(answer, Err(Failure::Timeout)) && seen > 0);
        assert!(socket.shared.waiting().is_empty());
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_leaves_nothing_and_the_last_user_ends_the_task() {
        let socket = Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let (to, request) = (socket.address(), message(1, 2));
        let asking = socket.exchange(&request, 0x0304, to, after(60_000), |_| None::<()>);
        assert!(tokio::time::timeout(Duration::from_millis(20), asking).await.is_err());
        assert!(socket.shared.waiting().is_empty());
        let place = Place::take(&socket.shared, 7, to).unwrap();
        assert!(Place::take(&socket.shared, 7, to).is_err(), "a number is one request's");
        drop(place);
        let shared = Arc::downgrade(&socket.shared);
        drop(socket);
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(shared.strong_count(), 0);
    }
}
