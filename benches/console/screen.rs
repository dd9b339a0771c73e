//! A program on a terminal of its own, and what it sends there.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};

/// So long nothing comes from a screen at rest.
const REST: Duration = Duration::from_millis(150);
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Screen {
    child: Child,
    keys: File,
    sent: Receiver<(Instant, Vec<u8>)>,
    octets: usize,
    last: Instant,
    terminal: vt100::Parser,
}

impl Screen {
    pub(crate) fn start(mut command: Command, (columns, rows): (u16, u16)) -> Self {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).unwrap();
        let end = |fd: &OwnedFd| fd.try_clone().unwrap();
        command.stdin(end(&pty.slave)).stdout(end(&pty.slave)).stderr(pty.slave);
        let child = command.spawn().unwrap();
        drop(command);
        let keys = File::from(pty.master);
        let mut output = keys.try_clone().unwrap();
        let (sender, sent) = channel();
        std::thread::spawn(move || {
            let mut room = [0; 1 << 16];
            // The end of the program is an error on its terminal.
            while let Ok(count @ 1..) = output.read(&mut room) {
                if sender.send((Instant::now(), room[..count].to_vec())).is_err() {
                    return;
                }
            }
        });
        let terminal = vt100::Parser::new(rows, columns, 0);
        Self { child, keys, sent, octets: 0, last: Instant::now(), terminal }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Takes in what comes within so long.
    fn take(&mut self, wait: Duration) -> bool {
        let Ok((at, octets)) = self.sent.recv_timeout(wait) else { return false };
        self.octets += octets.len();
        self.last = at;
        self.terminal.process(&octets);
        true
    }

    pub(crate) fn text(&self) -> String {
        self.terminal.screen().contents()
    }

    /// Waits until the screen is so.
    pub(crate) fn until(&mut self, sign: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        while !sign(&self.text()) {
            assert!(begun.elapsed() < PATIENCE, "it never came:\n{}", self.text());
            self.take(Duration::from_millis(50));
        }
    }

    /// Waits until nothing comes any more; when the last of it came.
    pub(crate) fn rest(&mut self) -> Instant {
        while self.take(REST) {}
        self.last
    }

    pub(crate) fn octets(&self) -> usize {
        self.octets
    }

    fn proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap()
    }

    /// Its processor time (proc(5): fields 14 and 15 of `stat`, in hundredths of a second).
    pub(crate) fn cpu(&self) -> Duration {
        let stat = self.proc("stat");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }

    /// The most memory it ever held, in KiB.
    pub(crate) fn peak(&self) -> usize {
        let status = self.proc("status");
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
