//! The terminal: entered, left on every path, and listened to.

use std::fs::File;
use std::io::{self, IsTerminal, Stdout, Write as _, stdin, stdout};
use std::os::fd::{AsFd, BorrowedFd};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossterm::cursor::{MoveTo, Show};
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event};
use crossterm::execute;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ratatui::Terminal;
use signal_hook::consts::{SIGHUP, SIGTERM};

use super::lean::Lean;
use super::run::Events;

/// SIGTERM and SIGHUP as a flag. A second one ends the program at once, whatever it is doing.
pub(super) fn stop_signals() -> io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGHUP] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&stop))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

/// Puts text into the terminal's clipboard (OSC 52, xterm's control sequences): over SSH too, and nothing answers.
pub(super) fn copy(text: &str) -> io::Result<()> {
    let mut out = stdout().lock();
    write!(out, "\x1b]52;c;{}\x07", STANDARD.encode(text))?;
    out.flush()
}

type Hook = dyn Fn(&panic::PanicHookInfo<'_>) + Sync + Send;

/// The terminal while the console has it. Dropping it gives it back.
pub(super) struct Screen {
    terminal: Terminal<Lean<Stdout>>,
    hook: Arc<Hook>,
    panicked: Arc<AtomicBool>,
}

/// Gives the terminal back. Each step is tried whatever became of the others: there is nobody to tell. A terminal without
/// a second screen is left empty, not with half of ours.
fn restore() {
    let _ = disable_raw_mode();
    let _ = execute!(
        stdout(),
        DisableMouseCapture,
        DisableBracketedPaste,
        Clear(ClearType::All),
        MoveTo(0, 0),
        LeaveAlternateScreen,
        Show
    );
}

impl Screen {
    /// Takes the terminal. From here on a panic, of whatever thread, gives it back before it is printed, and sets
    /// `stop`: nothing is drawn over its words.
    pub(super) fn enter(stop: &Arc<AtomicBool>, mouse: bool) -> io::Result<Self> {
        let hook: Arc<Hook> = Arc::from(panic::take_hook());
        let panicked = Arc::new(AtomicBool::new(false));
        let (earlier, stop, first) = (Arc::clone(&hook), Arc::clone(stop), Arc::clone(&panicked));
        panic::set_hook(Box::new(move |info| {
            stop.store(true, Ordering::SeqCst);
            if !first.swap(true, Ordering::SeqCst) {
                restore();
            }
            earlier(info);
        }));
        enable_raw_mode()?;
        let made = execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, Clear(ClearType::All))
            .and_then(|()| if mouse { execute!(stdout(), EnableMouseCapture) } else { Ok(()) })
            .and_then(|()| Terminal::new(Lean::new(stdout())));
        match made {
            Ok(terminal) => Ok(Self { terminal, hook, panicked }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Some thread panicked, and said so on the terminal.
    pub(super) fn panicked(&self) -> bool {
        self.panicked.load(Ordering::SeqCst)
    }

    pub(super) fn terminal(&mut self) -> &mut Terminal<Lean<Stdout>> {
        &mut self.terminal
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if !self.panicked() {
            restore();
        }
        // The hook may not be changed from within a panic.
        if !thread::panicking() {
            let hook = Arc::clone(&self.hook);
            panic::set_hook(Box::new(move |info| hook(info)));
        }
    }
}

/// Keys, pasted text and new sizes of the terminal.
///
/// crossterm 0.29 reads a terminal that was hung up in a loop without end. So the descriptor is watched here first, and
/// crossterm is asked only while it lives.
pub(super) struct TerminalEvents {
    /// Where keys come from when standard input is no terminal; crossterm opens the same.
    tty: Option<File>,
}

impl TerminalEvents {
    pub(super) fn open() -> io::Result<Self> {
        let tty = if stdin().is_terminal() { None } else { Some(File::open("/dev/tty")?) };
        Ok(Self { tty })
    }

    fn descriptor<'a>(&'a self, stdin: &'a io::Stdin) -> BorrowedFd<'a> {
        self.tty.as_ref().map_or_else(|| stdin.as_fd(), File::as_fd)
    }

    /// Waits until something can be read.
    ///
    /// # Errors
    /// The terminal is gone.
    fn watch(&self, wait: Duration) -> io::Result<()> {
        let stdin = stdin();
        let mut descriptors = [PollFd::new(self.descriptor(&stdin), PollFlags::POLLIN)];
        let timeout = PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX);
        match poll(&mut descriptors, timeout) {
            // A signal: a new size, or the end.
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
        let is_gone = |descriptor: &PollFd<'_>| descriptor.revents().is_some_and(|events| events.intersects(gone));
        if descriptors.iter().any(is_gone) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

impl Events for TerminalEvents {
    fn next(&mut self, wait: Duration) -> io::Result<Option<Event>> {
        // First what crossterm has read already, then what comes.
        for wait in [Duration::ZERO, wait] {
            self.watch(wait)?;
            if crossterm::event::poll(Duration::ZERO)? {
                return crossterm::event::read().map(Some);
            }
        }
        Ok(None)
    }
}
