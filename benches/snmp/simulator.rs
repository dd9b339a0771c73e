//! The simulator: a process of its own with one socket that answers for all of 127/8, each answer from the address
//! that was asked.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, IoSliceMut, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};

use super::agent::Agents;
use super::mib::Mib;

/// What makes this executable the simulator.
pub(crate) const MARK: &str = "--simulate";

/// A request that waits for its time.
struct Waiting {
    due: Instant,
    from: SocketAddr,
    asked: Ipv4Addr,
    datagram: Vec<u8>,
}

struct Wire {
    socket: UdpSocket,
    state: UdpSocketState,
    agents: Agents,
    answered: Arc<AtomicU64>,
}

impl Wire {
    fn answer(&mut self, request: &Waiting) {
        let Some(contents) = self.agents.answer(request.asked, &request.datagram) else { return };
        self.answered.fetch_add(1, Ordering::Relaxed);
        let src_ip = Some(IpAddr::V4(request.asked));
        let transmit =
            Transmit { destination: request.from, ecn: None, contents: &contents, segment_size: None, src_ip };
        // A full buffer of the other side loses it, as a network does.
        let _ = self.state.try_send((&self.socket).into(), &transmit);
    }
}

/// Runs until standard input ends. Arguments: addresses in the forwarding table, think time in milliseconds. Prints
/// its port; for every line it reads, how many requests it has answered.
pub(crate) fn run(arguments: &[String]) -> ! {
    super::measure::pin(1);
    let addresses = arguments[0].parse().unwrap();
    let think = Duration::from_millis(arguments[1].parse().unwrap());
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let state = UdpSocketState::new((&socket).into()).unwrap();
    let _ = state.set_recv_buffer_size((&socket).into(), 8 << 20);
    let port = socket.local_addr().unwrap().port();
    let answered = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&answered);
    std::thread::spawn(move || {
        let mut out = std::io::stdout();
        writeln!(out, "{port}").unwrap();
        for _ in std::io::stdin().lines() {
            writeln!(out, "{}", count.load(Ordering::Relaxed)).unwrap();
        }
        std::process::exit(0);
    });
    serve(&mut Wire { socket, state, agents: Agents::new(Mib::switch(addresses)), answered }, think)
}

fn serve(wire: &mut Wire, think: Duration) -> ! {
    let mut waiting: VecDeque<Waiting> = VecDeque::new();
    let mut storage = vec![vec![0u8; 65_535]; BATCH_SIZE];
    loop {
        let left = waiting.front().map(|first| first.due.saturating_duration_since(Instant::now()));
        let mut polled = [PollFd::new(wire.socket.as_fd(), PollFlags::POLLIN)];
        let _ = ppoll(&mut polled, left.map(Into::into), None);
        let mut meta = [RecvMeta::default(); BATCH_SIZE];
        let mut buffers: Vec<IoSliceMut<'_>> = storage.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
        let count = wire.state.recv((&wire.socket).into(), &mut buffers, &mut meta).unwrap_or(0);
        let due = Instant::now() + think;
        for (meta, buffer) in meta.iter().zip(&storage).take(count) {
            let Some(IpAddr::V4(asked)) = meta.dst_ip else { continue };
            if !(asked.is_loopback() && meta.addr.ip().is_loopback()) {
                continue;
            }
            for datagram in buffer[..meta.len].chunks(meta.stride.max(1)) {
                waiting.push_back(Waiting { due, from: meta.addr, asked, datagram: datagram.to_vec() });
            }
        }
        let now = Instant::now();
        while waiting.front().is_some_and(|first| first.due <= now) {
            let Some(request) = waiting.pop_front() else { break };
            wire.answer(&request);
        }
    }
}

/// A simulator under way.
pub(crate) struct Simulator {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Where it answers.
    pub(crate) port: u16,
}

impl Simulator {
    /// Starts this executable as one.
    pub(crate) fn start(addresses: u32, think: Duration) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([MARK.to_owned(), addresses.to_string(), think.as_millis().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        Self { child, input, output, port: line.trim().parse().unwrap() }
    }

    /// Requests answered so far.
    pub(crate) fn answered(&mut self) -> u64 {
        self.input.write_all(b"\n").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim().parse().unwrap()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // Its input ends with this process in any case; this ends it now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
