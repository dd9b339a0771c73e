//! The screen: what is exposed, what is where none may be, what waits for a decision; decisions over the control
//! socket. Opens the database read-only.
//!
//! Elm by hand, on one thread: `msg -> update(&mut model, msg) -> (dirty, effect) -> perform`; the screen is drawn only
//! when it may differ, and an idle one sends nothing. A second thread reads the database and goes through all devices
//! (`follow`). Asking the daemon may take long, so each question has a thread of its own whose answer comes back as a
//! message.

mod activity;
mod columns;
mod copy;
pub mod decide;
mod deciding;
mod export;
pub mod faceplate;
mod follow;
pub mod going;
pub mod happened;
pub mod input;
pub mod keymap;
pub mod keys;
mod lean;
pub mod list;
mod listed;
mod model;
mod moves;
mod new_file;
pub mod opening;
pub mod own;
mod per_view;
mod rows;
mod run;
pub mod saved;
pub mod search;
mod sites;
mod tell;
mod terminal;
mod theme;
pub mod typing;
mod update;
mod view;
pub mod what_if;

pub use activity::{Entry, Happening, Page, Told};
pub use export::{Exported, Job};
pub use follow::{Ask, Devices, Follower, Found, Question, Wanted};
pub use model::{Mode, Model, ReviewKey, Trouble, View};
pub use own::Own;
pub use run::{Events, Sources, drive};
pub use theme::Theme;
pub use update::{Effect, Msg, update};
pub use view::view;
pub use what_if::Trial;

use std::path::PathBuf;
use std::sync::mpsc::Receiver;

use anyhow::Context;

/// What the console is started with.
#[derive(Debug)]
pub struct ConsoleOptions {
    /// The database.
    pub database: PathBuf,
    /// Where the daemon takes decisions.
    pub control_socket: PathBuf,
    /// How a change is tried out.
    pub trial: Trial,
    /// No colours, as if `NO_COLOR` were set.
    pub no_color: bool,
    /// Settings and what the screen looked like are kept; else they are only read.
    pub keep: bool,
    /// Lines that whoever started the console shows in the status line.
    pub notices: Option<Receiver<String>>,
}

/// Runs the console until it is quit, the terminal goes away, or SIGTERM or SIGHUP comes. The terminal is restored
/// whatever ends it, a panic included. Returns what should be said then.
///
/// # Errors
/// Standard output is no terminal, or the terminal cannot be used.
pub fn run(options: ConsoleOptions) -> anyhow::Result<Option<String>> {
    if !std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        anyhow::bail!(
            "the console needs a terminal, and standard output is none. Without one: `lenswarden devices`, `findings`, \
             `targets` and `review list`, each with --json; `lenswarden demo --headless`"
        );
    }
    let stop = terminal::stop_signals().context("signals cannot be caught")?;
    let mut events = terminal::TerminalEvents::open().context("the keyboard cannot be read")?;
    let mut own = Own::read(options.keep);
    own.settings.ascii = own.settings.ascii.here();
    let mouse = own.settings.mouse;
    let theme = Theme::new(options.no_color || own.settings.plain);
    let sources = Sources {
        database: options.database,
        control_socket: options.control_socket,
        trial: options.trial,
        notices: options.notices,
        zone: jiff::tz::TimeZone::system(),
        theme,
        own,
    };
    let mut screen = terminal::Screen::enter(&stop, mouse).context("the terminal cannot be set up")?;
    let ended = drive(screen.terminal(), &mut events, sources, &stop);
    let panicked = screen.panicked();
    drop(screen);
    if panicked {
        anyhow::bail!("a part of the program failed; its words stand above");
    }
    ended
}
