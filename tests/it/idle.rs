//! The real loop on a real database over a terminal that counts: an idle screen sends nothing, a change shows at once.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode};
use jiff::tz::TimeZone;
use lenswarden::console::own::{Places, state};
use lenswarden::console::{Events, Own, Sources, Theme, drive};
use lenswarden::store::{Batch, Reader, Writer};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use crate::console::{estate, named_key};
use crate::sample;

/// What was sent to the terminal: how much, and what it shows.
#[derive(Clone)]
struct Wire(Arc<Mutex<(usize, vt100::Parser)>>);

impl Wire {
    fn octets(&self) -> usize {
        self.0.lock().unwrap().0
    }

    fn screen(&self) -> String {
        self.0.lock().unwrap().1.screen().contents()
    }
}

impl Write for Wire {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut wire = self.0.lock().unwrap();
        wire.0 += octets.len();
        wire.1.process(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keys that a test presses; `None`: the terminal goes away.
#[derive(Clone, Default)]
struct Keyboard(Arc<Mutex<VecDeque<Option<Event>>>>);

impl Keyboard {
    fn press(&self, name: &str) {
        self.0.lock().unwrap().push_back(Some(Event::Key(named_key(name))));
    }

    fn letter(&self, letter: char) {
        self.0.lock().unwrap().push_back(Some(Event::Key(KeyCode::Char(letter).into())));
    }

    fn hang_up(&self) {
        self.0.lock().unwrap().push_back(None);
    }
}

impl Events for Keyboard {
    fn next(&mut self, wait: Duration) -> io::Result<Option<Event>> {
        let until = Instant::now() + wait;
        loop {
            match self.0.lock().unwrap().pop_front() {
                Some(Some(event)) => return Ok(Some(event)),
                Some(None) => return Err(io::ErrorKind::UnexpectedEof.into()),
                None if Instant::now() >= until => return Ok(None),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

struct Running {
    wire: Wire,
    keyboard: Keyboard,
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<anyhow::Result<()>>,
    notices: std::sync::mpsc::Sender<String>,
}

fn start(database: &std::path::Path) -> Running {
    start_with(database, Own::default())
}

fn start_with(database: &std::path::Path, own: Own) -> Running {
    let wire = Wire(Arc::new(Mutex::new((0, vt100::Parser::new(24, 80, 0)))));
    let (keyboard, stop) = (Keyboard::default(), Arc::new(AtomicBool::new(false)));
    let (notices, receiver) = std::sync::mpsc::channel();
    let sources = Sources {
        database: database.to_owned(),
        control_socket: database.with_file_name("control.sock"),
        trial: lenswarden::console::Trial::new(|words| Err(format!("'{words}' was not tried"))),
        notices: Some(receiver),
        zone: TimeZone::UTC,
        theme: Theme { plain: true },
        own,
    };
    let (writer, mut events, flag) = (wire.clone(), keyboard.clone(), Arc::clone(&stop));
    let thread = std::thread::spawn(move || {
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, 80, 24)) };
        let mut terminal = Terminal::with_options(CrosstermBackend::new(writer), options)?;
        drive(&mut terminal, &mut events, sources, &flag).map(|_| ())
    });
    Running { wire, keyboard, stop, thread, notices }
}

impl Running {
    /// Waits until this text is on the screen; how long it took.
    #[track_caller]
    fn until(&self, text: &str, limit: Duration) -> Duration {
        let begun = Instant::now();
        while !self.wire.screen().contains(text) {
            assert!(begun.elapsed() < limit, "'{text}' is not on\n{}", self.wire.screen());
            std::thread::sleep(Duration::from_millis(5));
        }
        begun.elapsed()
    }
}

impl Running {
    /// Waits until this text is no longer on the screen.
    #[track_caller]
    fn until_gone(&self, text: &str, limit: Duration) {
        let begun = Instant::now();
        while self.wire.screen().contains(text) {
            assert!(begun.elapsed() < limit, "'{text}' is still on\n{}", self.wire.screen());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn columns_and_order_are_there_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lenswarden.db");
    let _daemon = estate::write(&path, &estate::of(20));
    let places = Places { settings: folder.path().join("console.toml"), state: folder.path().join("console.json") };
    let begin = || {
        let state = state::read(&places.state).unwrap();
        start_with(&path, Own { state, places: Some(places.clone()), ..Own::default() })
    };
    let console = begin();
    console.until("quit", 5 * SECOND);
    console.keyboard.letter('4');
    console.until("STATUS▲", 5 * SECOND);
    console.keyboard.letter('C');
    console.until("columns of Devices", 5 * SECOND);
    for name in ["Home", "Down", "Down"] {
        console.keyboard.press(name);
    }
    console.keyboard.letter(' ');
    console.until("no room for PORT, SEEN", 5 * SECOND);
    console.keyboard.press("Enter");
    console.until("IP▲", 5 * SECOND);
    for letter in ['S', 'q', 'q'] {
        console.keyboard.letter(letter);
    }
    console.thread.join().unwrap().unwrap();
    let again = begin();
    again.until("IP▼", 5 * SECOND);
    again.until("no room for PORT, SEEN", 5 * SECOND);
    again.keyboard.letter('q');
    again.thread.join().unwrap().unwrap();
}

#[test]
fn an_idle_console_sends_nothing_and_a_change_shows_within_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lenswarden.db");
    let mut daemon = estate::write(&path, &estate::of(20));
    let console = start(&path);
    console.until("quit", 5 * SECOND);
    console.keyboard.press("Tab");
    console.until("on core networks", 5 * SECOND);
    std::thread::sleep(SECOND);

    let sent = console.wire.octets();
    std::thread::sleep(10 * SECOND);
    assert_eq!(console.wire.octets() - sent, 0, "an idle console sends 0 bytes");

    // A new breach: a camera on a core network.
    let mut breach = sample::finding(4_000, 1, lenswarden::review::FindingState::Open, 1);
    breach.place.network_kind = Some(lenswarden::config::NetworkKind::Core);
    breach.place.switch = Some("new-one".into());
    daemon.commit(&Batch { at: estate::NOW, findings: vec![breach], ..Batch::default() }).unwrap();
    let took = console.until("new-one", SECOND);
    assert!(took < SECOND, "{took:?}");

    console.notices.send("a camera was moved".into()).unwrap();
    console.until("a camera was moved", SECOND);

    console.stop.store(true, Ordering::Relaxed);
    console.thread.join().unwrap().unwrap();
}

#[test]
fn a_database_that_comes_later_is_taken_up_and_lost_input_ends_the_console() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lenswarden.db");
    let console = start(&path);
    console.until("there is no database at", 5 * SECOND);
    console.until("systemctl start lenswarden", 5 * SECOND);
    let writer: Writer = estate::write(&path, &estate::of(20));
    console.until("Hikvision", 5 * SECOND);
    // No daemon listens: whoever wants to decide is told so.
    console.keyboard.press("Tab");
    console.until("on core networks", 5 * SECOND);
    console
        .keyboard
        .0
        .lock()
        .unwrap()
        .push_back(Some(Event::Key(crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Char('r')))));
    console.until("no daemon listens on", 5 * SECOND);
    drop(writer);
    assert!(Reader::open(&path).is_ok());
    console.keyboard.hang_up();
    console.thread.join().unwrap().unwrap();
}

#[test]
fn what_becomes_of_the_daemon_and_of_its_database_is_told_within_a_second_and_is_over_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lenswarden.db");
    let aside = folder.path().join("aside.db");
    let daemon = estate::write(&path, &estate::of(20));
    let console = start(&path);
    console.until("daemon SILENT", 5 * SECOND);
    // What counts is the time that the console takes, not that of a machine which is busy with others.
    let soon = 5 * SECOND;
    drop(daemon);
    console.until("daemon NOT RUNNING", soon);
    console.until("sudo systemctl start lenswarden", soon);
    let daemon = Writer::open(&path).unwrap();
    console.until("daemon SILENT", soon);
    std::fs::rename(&path, &aside).unwrap();
    console.until("What you see is older: there is no database at", soon);
    console.until("lenswarden demo", soon);
    std::fs::rename(&aside, &path).unwrap();
    console.until_gone("What you see is older", soon);
    console.until("daemon SILENT", soon);
    console.stop.store(true, Ordering::Relaxed);
    console.thread.join().unwrap().unwrap();
    drop(daemon);
}

#[test]
fn a_row_that_leaves_is_seen_to_go_and_then_the_console_is_idle_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lenswarden.db");
    let mut daemon = estate::write(&path, &estate::of(20));
    let console = start(&path);
    console.until("quit", 5 * SECOND);
    (0..3).for_each(|_| console.keyboard.press("Tab"));
    console.until("devices of", 5 * SECOND);
    let retired = vec![lenswarden::net::DeviceId(1)];
    daemon.commit(&Batch { at: estate::NOW, retired, ..Batch::default() }).unwrap();
    console.until("- 1 leaves", 5 * SECOND);
    console.until_gone("- 1 leaves", 10 * SECOND);
    std::thread::sleep(SECOND);
    let sent = console.wire.octets();
    std::thread::sleep(3 * SECOND);
    assert_eq!(console.wire.octets() - sent, 0, "nothing is going: nothing is sent");
    console.stop.store(true, Ordering::Relaxed);
    console.thread.join().unwrap().unwrap();
}
