//! The loop: waits for input, looks at the database, draws what may differ, and does what the update asks for.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crossterm::event::Event;
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::Backend;

use super::decide::Greeting;
use super::model::{Model, Trouble};
use super::theme::Theme;
use super::update::{Effect, Msg, update};
use super::view::view;
use super::what_if::Trial;
use crate::control::client::{Client, ControlError};
use crate::control::{Reply, Request};
use crate::store::{Reader, StoreError};

/// How often the database is asked whether anything changed: one PRAGMA and a look at a lock.
const LOOK: Duration = Duration::from_millis(300);
/// How often a database that cannot be read is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How long an answer of the daemon may lie before it is taken in.
const ANSWER: Duration = Duration::from_millis(40);
/// Most events taken in before the screen is drawn.
const BURST: usize = 256;

/// Where keys come from.
pub trait Events {
    /// The next event, waiting at most so long for one.
    ///
    /// # Errors
    /// There will be no more: the terminal is gone.
    fn next(&mut self, wait: Duration) -> io::Result<Option<Event>>;
}

/// What the console reads, and how it shows it.
#[derive(Debug)]
pub struct Sources {
    /// The database.
    pub database: PathBuf,
    /// Where the daemon takes decisions.
    pub control_socket: PathBuf,
    /// How a change is tried out.
    pub trial: Trial,
    /// Lines for the status line.
    pub notices: Option<Receiver<String>>,
    /// The zone that times are shown in.
    pub zone: TimeZone,
    /// The look.
    pub theme: Theme,
}

/// The database as it is followed.
struct Watch {
    path: PathBuf,
    reader: Option<Reader>,
    due: Instant,
}

impl Watch {
    /// Looks whether anything changed, when it is time to.
    fn look(&mut self, model: &mut Model) -> Option<Msg> {
        if Instant::now() < self.due {
            return None;
        }
        let looked = match &mut self.reader {
            Some(reader) => reader.refresh(&mut model.snapshot).map(|changed| {
                let late = model.snapshot.read_at(crate::net::Timestamp::now());
                changed || late
            }),
            None => Reader::open(&self.path).and_then(|mut reader| {
                model.snapshot = reader.snapshot()?;
                model.snapshot.read_at(crate::net::Timestamp::now());
                self.reader = Some(reader);
                Ok(true)
            }),
        };
        self.due = Instant::now() + if looked.is_ok() { LOOK } else { RETRY };
        match looked {
            Ok(true) => Some(Msg::Refreshed),
            Ok(false) => None,
            Err(error) => {
                self.reader = None;
                Some(Msg::Trouble(trouble(&error)))
            }
        }
    }

    fn read(&self, model: &Model) -> Option<Msg> {
        let id = model.wants_detail()?;
        Some(match self.reader.as_ref()?.device(id) {
            Ok(detail) => Msg::Detail(id, detail.map(Box::new)),
            Err(error) => Msg::Trouble(trouble(&error)),
        })
    }
}

/// What is wrong with the database, and what to type.
fn trouble(error: &StoreError) -> Trouble {
    let mut what = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        what = format!("{what}: {cause}");
        source = cause.source();
    }
    let hint = match error {
        StoreError::Missing(_) => {
            "Start the daemon: sudo systemctl start lenswarden. To look round without one: lenswarden demo"
        }
        StoreError::Denied { .. } => {
            "Members of the group lenswarden may read: sudo usermod -aG lenswarden YOU, then log in again"
        }
        StoreError::Older { .. } => "sudo systemctl restart lenswarden",
        StoreError::Newer { .. } => "Use the lenswarden that the daemon was started from: systemctl cat lenswarden",
        StoreError::Locked(_) | StoreError::Full(_) | StoreError::Key(_) | StoreError::Database { .. } => {
            "Is [daemon] database in the configuration the right file? journalctl -u lenswarden tells what the daemon says"
        }
    };
    Trouble { what, hint: hint.to_owned() }
}

/// Asks the daemon, or tries a change out, on a thread of its own: an answer may take a minute, and keys must work
/// meanwhile.
struct Questions {
    socket: PathBuf,
    trial: Trial,
    answers: Receiver<Msg>,
    sender: Sender<Msg>,
    waiting: usize,
}

impl Questions {
    fn ask(&mut self, question: impl FnOnce(&std::path::Path) -> Msg + Send + 'static) {
        let socket = self.socket.clone();
        self.start(move || question(&socket));
    }

    fn try_out(&mut self, words: String) {
        let trial = self.trial.clone();
        self.start(move || {
            let answer = trial.of(&words);
            Msg::Tried(words, answer)
        });
    }

    fn start(&mut self, question: impl FnOnce() -> Msg + Send + 'static) {
        let sender = self.sender.clone();
        self.waiting += 1;
        thread::spawn(move || {
            // The console may be gone by now.
            let _ = sender.send(question());
        });
    }

    fn answer(&mut self) -> Option<Msg> {
        let answer = self.answers.try_recv().ok()?;
        self.waiting = self.waiting.saturating_sub(1);
        Some(answer)
    }
}

fn in_words(error: &ControlError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

fn greet(socket: &std::path::Path) -> Msg {
    let today = jiff::Zoned::now().date();
    let greeting = Client::connect(socket).map(|client| Greeting {
        you: client.who().to_owned(),
        may_decide: client.may_decide(),
        today,
    });
    Msg::Greeted(greeting.map_err(|error| in_words(&error)))
}

fn decide(socket: &std::path::Path, request: &Request) -> Msg {
    let answer = Client::connect(socket).and_then(|mut client| client.ask(request));
    Msg::Decided(match answer {
        Ok(Reply::Decided { findings, seq }) if findings.len() == 1 => Ok(format!("decided: change {seq} of the log")),
        Ok(Reply::Decided { findings, seq }) => {
            Ok(format!("{} findings are decided: change {seq} of the log is the last", findings.len()))
        }
        Ok(other) => Err(format!("the daemon answered something else: {other:?}")),
        Err(error) => Err(in_words(&error)),
    })
}

/// Runs the console on this terminal with these events until it ends or `stop` is set.
///
/// # Errors
/// The terminal cannot be written to.
pub fn drive<B, E>(
    terminal: &mut Terminal<B>,
    events: &mut E,
    sources: Sources,
    stop: &AtomicBool,
) -> anyhow::Result<()>
where
    B: Backend,
    B::Error: Send + Sync + 'static,
    E: Events,
{
    let mut model = Model::new(sources.theme, sources.zone);
    let mut watch = Watch { path: sources.database, reader: None, due: Instant::now() };
    let (sender, answers) = channel();
    let mut questions = Questions { socket: sources.control_socket, trial: sources.trial, answers, sender, waiting: 0 };
    let mut notices = sources.notices;
    let mut dirty = true;
    while !stop.load(Ordering::Relaxed) {
        let mut happened: Vec<Msg> = watch.look(&mut model).into_iter().collect();
        happened.extend(std::iter::from_fn(|| questions.answer()));
        happened.extend(notices.iter_mut().filter_map(|notices| notices.try_iter().last()).map(Msg::Notice));
        for msg in happened {
            dirty |= update(&mut model, msg).0;
        }
        if dirty && !stop.load(Ordering::Relaxed) {
            model.settle();
            if let Some(msg) = watch.read(&model) {
                update(&mut model, msg);
            }
            terminal.draw(|frame| view(&model, frame))?;
            dirty = false;
        }
        let mut wait = watch.due.saturating_duration_since(Instant::now()).min(LOOK);
        if questions.waiting > 0 {
            wait = wait.min(ANSWER);
        }
        // What was typed in one go is drawn in one go.
        for _ in 0..BURST {
            let event = match events.next(std::mem::take(&mut wait)) {
                Ok(Some(event)) => event,
                Ok(None) => break,
                // Nobody is there any more: an end like any other.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            let msg = match event {
                Event::Key(key) => Msg::Key(key),
                Event::Paste(text) => Msg::Paste(text),
                Event::Resize(..) => Msg::Resized,
                Event::FocusGained | Event::FocusLost | Event::Mouse(_) => continue,
            };
            let (changed, effect) = update(&mut model, msg);
            dirty |= changed;
            match effect {
                Effect::None => {}
                Effect::Quit => return Ok(()),
                Effect::Repaint => {
                    // Terminal::clear asks where the cursor is and waits in vain on terminals that do not say.
                    terminal.backend_mut().clear()?;
                    terminal.swap_buffers();
                }
                Effect::Greet => questions.ask(greet),
                Effect::Try(words) => questions.try_out(words),
                Effect::Decide(decisions) => {
                    questions.ask(move |socket| decide(socket, &Request::Decide { decisions }));
                }
            }
        }
    }
    Ok(())
}
