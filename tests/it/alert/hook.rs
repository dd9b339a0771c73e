//! A receiver of webhooks that does what it is told: takes, fails, hangs, sends away, never stops talking.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    Take,
    Fail,
    Hang,
    Redirect(String),
    Endless,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) head: Vec<String>,
    pub(super) body: Vec<u8>,
    /// It was answered with 200.
    pub(super) taken: bool,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let pairs = self.head.iter().filter_map(|line| line.split_once(": "));
        pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// It ends with the test's process.
pub(super) struct Hook {
    pub(super) address: SocketAddr,
    mode: Arc<Mutex<Mode>>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Hook {
    pub(super) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let hook = Self {
            address: listener.local_addr().unwrap(),
            mode: Arc::new(Mutex::new(Mode::Take)),
            requests: Arc::default(),
        };
        let (mode, requests) = (Arc::clone(&hook.mode), Arc::clone(&hook.requests));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (mode, requests) = (mode.lock().unwrap().clone(), Arc::clone(&requests));
                std::thread::spawn(move || answer(&stream, &mode, &requests));
            }
        });
        hook
    }

    pub(super) fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn answer(mut stream: &TcpStream, mode: &Mode, requests: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let mut request = Request { head, body: Vec::new(), taken: *mode == Mode::Take };
    let length = request.header("content-length").unwrap().parse().unwrap();
    request.body = vec![0; length];
    if reader.read_exact(&mut request.body).is_err() {
        return;
    }
    requests.lock().unwrap().push(request);
    // Whoever asked may be dead by now.
    let _ = match mode {
        Mode::Take => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"),
        Mode::Fail => stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"),
        Mode::Hang => {
            std::thread::sleep(Duration::from_secs(5));
            Ok(())
        }
        Mode::Redirect(to) => stream.write_all(
            format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").as_bytes(),
        ),
        Mode::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 500 Oh\r\n\r\n");
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
            Ok(())
        }
    };
}
