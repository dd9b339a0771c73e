//! The loop: waits for input, looks at the database, draws what may differ, and does what the update asks for.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossterm::event::{Event, MouseButton, MouseEventKind};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::Backend;

use super::decide::Greeting;
use super::export::Job;
use super::follow::{Follower, Reading};
use super::list::Step;
use super::model::Model;
use super::own::{self, Own};
use super::terminal::copy;
use super::theme::Theme;
use super::update::{Effect, Msg, update};
use super::view::view;
use super::what_if::Trial;
use crate::control::client::{Client, ControlError, attached};
use crate::control::{Reply, Request};
use crate::net::Timestamp;

/// How often what changed in the database is taken in.
const LOOK: Duration = Duration::from_millis(300);
/// How long a screen waits for the answer that it shows: longer, and it is drawn without. The key that asked is to be on
/// the screen within 16 ms.
const PATIENCE: Duration = Duration::from_millis(8);
/// How long the first screen waits for the first picture.
const FIRST: Duration = Duration::from_millis(150);
/// How long an answer that came too late for that may lie before it is taken in.
const LATE: Duration = Duration::from_millis(3);
/// How long an answer of the daemon may lie before it is taken in.
const ANSWER: Duration = Duration::from_millis(40);
/// How long a file that is given up is waited for when the console ends.
const LEAVE: Duration = Duration::from_secs(2);
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
    /// What the person at the screen keeps of their own.
    pub own: Own,
}

/// Asks the daemon, or tries a change out, on a thread of its own: an answer may take a minute, and keys must work
/// meanwhile.
struct Questions {
    socket: PathBuf,
    trial: Trial,
    answers: Receiver<Msg>,
    sender: Sender<Msg>,
    waiting: usize,
    /// The file that is being written, and how it is given up.
    writing: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
}

impl Drop for Questions {
    /// Half a file is not left behind: its thread is waited for, not for ever.
    fn drop(&mut self) {
        let Some((stop, thread)) = self.writing.take() else { return };
        stop.store(true, Ordering::Relaxed);
        let until = Instant::now() + LEAVE;
        while !thread.is_finished() && Instant::now() < until {
            thread::sleep(LATE);
        }
    }
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

    fn export(&mut self, job: Job, database: PathBuf) {
        let (progress, stop) = (self.sender.clone(), job.stop());
        let thread = self.spawn(move || {
            // The console may be gone by now.
            Msg::Exported(job.run(&database, |done| drop(progress.send(Msg::Exporting(done)))))
        });
        self.writing = Some((stop, thread));
    }

    fn start(&mut self, question: impl FnOnce() -> Msg + Send + 'static) {
        self.spawn(question);
    }

    fn spawn(&mut self, question: impl FnOnce() -> Msg + Send + 'static) -> JoinHandle<()> {
        let sender = self.sender.clone();
        self.waiting += 1;
        thread::spawn(move || {
            // The console may be gone by now.
            let _ = sender.send(question());
        })
    }

    fn answer(&mut self) -> Option<Msg> {
        let answer = self.answers.try_recv().ok()?;
        // How far a file is comes before its answer.
        self.waiting = self.waiting.saturating_sub(usize::from(!matches!(answer, Msg::Exporting(_))));
        Some(answer)
    }
}

fn in_words(error: &ControlError) -> String {
    let words = std::error::Error::source(error).map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
    let mend = error.mend();
    if mend.is_empty() { words } else { format!("{words}. {mend}") }
}

fn greeting(client: &mut Client) -> Result<Greeting, ControlError> {
    let today = jiff::Zoned::now().date();
    match client.ask(&Request::Rules)? {
        Reply::Rules { you, two_persons, longest, packs, reviewers, approvers } => {
            Ok(Greeting { you, role: client.role(), today, two_persons, longest, packs, reviewers, approvers })
        }
        other => Err(ControlError::Unreadable(format!("{other:?}"))),
    }
}

fn greet(socket: &std::path::Path) -> Msg {
    let greeting = Client::connect(socket).and_then(|mut client| greeting(&mut client));
    Msg::Greeted(greeting.map_err(|error| in_words(&error)))
}

/// Which reviews there are, and who you are.
fn reviews(socket: &std::path::Path) -> Msg {
    let planned = Client::connect(socket).and_then(|mut client| match client.ask(&Request::Reviews)? {
        Reply::Reviews { reviews } => Ok((greeting(&mut client)?, reviews)),
        other => Err(ControlError::Unreadable(format!("{other:?}"))),
    });
    Msg::Planned(planned.map_err(|error| in_words(&error)))
}

/// Opens the cycle of a review.
fn run_review(socket: &std::path::Path, review: String) -> Msg {
    let opened = Client::connect(socket).and_then(|mut client| match client.ask(&Request::Run { review })? {
        Reply::Opened { cycle, items } => Ok((cycle, items)),
        other => Err(ControlError::Unreadable(format!("{other:?}"))),
    });
    Msg::Opened(opened.map_err(|error| in_words(&error)))
}

/// What a note is about: a path, or a URL and the hash of its content.
fn attach(typed: &str) -> Msg {
    let (reference, sha256) = match typed.rsplit_once(char::is_whitespace) {
        Some((url, hash)) if url.contains("://") => (url.trim(), Some(hash)),
        _ => (typed, None),
    };
    let found = attached(reference, sha256);
    Msg::Attached(typed.to_owned(), found)
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

fn keep(path: Option<PathBuf>, name: &str, words: Option<&str>) -> Msg {
    let Some(path) = path else { return Msg::Kept(Err("nothing is written here".to_owned())) };
    let done = if words.is_some() { "is saved in" } else { "is no more in" };
    Msg::Kept(own::keep_filter(&path, name, words).map(|_| format!("'{name}' {done} {}", path.display())))
}

/// Asks what the screen needs, and takes in what was read: for a short while also what is still to come. Returns whether
/// the screen may differ.
fn take_in(model: &mut Model, reading: &mut Reading) -> bool {
    let mut dirty = false;
    // Nothing is shown yet: no key waits.
    let first = !model.has_picture && model.trouble.is_none();
    let until = Instant::now() + if first { FIRST } else { PATIENCE };
    loop {
        for question in model.questions() {
            reading.ask(question);
        }
        let awaited = reading.is_waited_for() || (!model.has_picture && model.trouble.is_none());
        let patience = if awaited { until } else { Instant::now() };
        match reading.next(patience.saturating_duration_since(Instant::now())) {
            Some(msg) => dirty |= update(model, msg).0,
            None => return dirty,
        }
    }
}

/// Runs the console on this terminal with these events until it ends or `stop` is set. Returns what should be said when
/// the terminal is given back.
///
/// # Errors
/// The terminal cannot be written to.
pub fn drive<B, E>(
    terminal: &mut Terminal<B>,
    events: &mut E,
    sources: Sources,
    stop: &AtomicBool,
) -> anyhow::Result<Option<String>>
where
    B: Backend,
    B::Error: Send + Sync + 'static,
    E: Events,
{
    let mut model = Model::new(sources.theme, sources.zone.clone());
    model.take_settings(sources.own.settings.clone());
    model.resume(&sources.own.state);
    let (before, places) = (sources.own.state.clone(), sources.own.places.clone());
    live(terminal, events, &mut model, sources, stop)?;
    let after = model.state();
    let changed = places.filter(|_| after != before);
    Ok(changed.and_then(|places| own::state::write(&places.state, &after).err()))
}

fn live<B, E>(
    terminal: &mut Terminal<B>,
    events: &mut E,
    model: &mut Model,
    sources: Sources,
    stop: &AtomicBool,
) -> anyhow::Result<()>
where
    B: Backend,
    B::Error: Send + Sync + 'static,
    E: Events,
{
    let places = sources.own.places;
    let mut reading = Reading::start(Follower::new(&sources.database, model.devices.clone()));
    let (sender, answers) = channel();
    let mut questions =
        Questions { socket: sources.control_socket, trial: sources.trial, answers, sender, waiting: 0, writing: None };
    let mut notices = sources.notices;
    // Whoever may only look sees so from the start; where no daemon answers yet, it is asked again before deciding.
    questions.ask(greet);
    let mut dirty = true;
    while !stop.load(Ordering::Relaxed) {
        dirty |= take_in(model, &mut reading);
        // A daemon that hangs says nothing of it: the clock does.
        let mut happened = vec![Msg::Clock(Timestamp::now())];
        happened.extend(std::iter::from_fn(|| questions.answer()));
        happened.extend(notices.iter_mut().filter_map(|notices| notices.try_iter().last()).map(Msg::Notice));
        for msg in happened {
            dirty |= update(model, msg).0;
        }
        if dirty && !stop.load(Ordering::Relaxed) {
            model.settle();
            terminal.draw(|frame| view(model, frame))?;
            dirty = false;
        }
        let mut wait = LOOK;
        if questions.waiting > 0 {
            wait = wait.min(ANSWER);
        }
        if reading.is_waited_for() || model.is_to_come() {
            wait = wait.min(LATE);
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
                Event::Mouse(mouse) => match mouse.kind {
                    MouseEventKind::ScrollUp => Msg::Wheel(Step::Up),
                    MouseEventKind::ScrollDown => Msg::Wheel(Step::Down),
                    MouseEventKind::Down(MouseButton::Left) => Msg::Click(mouse.row),
                    _ => continue,
                },
                Event::FocusGained | Event::FocusLost => continue,
            };
            let (changed, effect) = update(model, msg);
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
                Effect::Reviews => questions.ask(reviews),
                Effect::Run(review) => questions.ask(move |socket| run_review(socket, review)),
                Effect::Attach(typed) => questions.start(move || attach(&typed)),
                Effect::Keep(name, words) => {
                    let path = places.as_ref().map(|places| places.settings.clone());
                    questions.start(move || keep(path, &name, words.as_deref()));
                }
                Effect::Copy(text) => copy(&text)?,
                Effect::Export => {
                    if let Some(job) = model.take_job() {
                        questions.export(job, sources.database.clone());
                    }
                }
                Effect::Try(words) => questions.try_out(words),
                Effect::Decide(decisions) => {
                    questions.ask(move |socket| decide(socket, &Request::Decide { decisions }));
                }
            }
        }
    }
    Ok(())
}
