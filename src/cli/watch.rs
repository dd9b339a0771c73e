//! A table that is printed when it is another than it was: over itself on a terminal, one below the other elsewhere.

use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::tables::{Print, Sinks, look};
use super::{Listing, say};
use crate::net::Timestamp;
use crate::net::text::shown;
use crate::snapshot::{Condition, Snapshot};

/// How often the database is asked whether anything changed; a signal or a closed pipe ends the wait.
const LOOK: Duration = Duration::from_millis(300);
/// What depends on the clock (a daemon that became silent, `since:7d`) is looked at so often.
const CLOCK: Duration = Duration::from_secs(30);

/// Prints once, or again whenever it differs until Ctrl-C; the last answer's exit code.
pub(super) fn run(path: &Path, listing: &Listing, print: Print) -> Result<ExitCode> {
    let (mut reader, mut snapshot) = look(path)?;
    let Some(seconds) = listing.watch else {
        let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
        let code = print(&reader, &snapshot, listing, &mut Sinks { data: &mut out, words: &mut say })?;
        out.flush()?;
        return Ok(code);
    };
    let every = Duration::from_secs(seconds.max(1));
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // A second one ends it at once, whatever it waits for.
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .context("signals cannot be caught")?;
    }
    let mut paper: Box<dyn Paper> =
        if io::stdout().is_terminal() { Box::new(Screen::default()) } else { Box::new(Pipe::default()) };
    loop {
        let printed = Instant::now();
        let (mut data, mut words) = (Vec::new(), Vec::new());
        let mut hear = |line: &str| words.push(shown(line).into_owned());
        let code = print(&reader, &snapshot, listing, &mut Sinks { data: &mut data, words: &mut hear })?;
        paper.put(&String::from_utf8_lossy(&data), &words, &standing(&snapshot))?;
        loop {
            if !wait(LOOK)? {
                return Ok(code);
            }
            if stop.load(Ordering::Relaxed) {
                paper.end()?;
                return Ok(code);
            }
            let passed = printed.elapsed();
            if paper.is_stale() || (passed >= every && reader.refresh(&mut snapshot)?) || passed >= every.max(CLOCK) {
                break;
            }
        }
        snapshot.read_at(Timestamp::now());
    }
}

/// How the work itself stands: what of the words must be heard though the table is the same.
fn standing(snapshot: &Snapshot) -> String {
    let wrong: Vec<String> = snapshot.conditions.iter().map(Condition::name).collect();
    let failing = snapshot.carriers.values().filter(|carrier| !carrier.why.is_empty()).count();
    let coverage = snapshot.coverage();
    let answering = (coverage.switches.answering, coverage.cameras.answering);
    format!("{:?} {:?} {wrong:?} {failing} {answering:?}", snapshot.daemon.state(), snapshot.daemon.late)
}

/// Waits, at most so long; whether somebody still reads what is printed.
fn wait(span: Duration) -> Result<bool> {
    let out = io::stdout();
    let mut descriptors = [PollFd::new(out.as_fd(), PollFlags::empty())];
    match poll(&mut descriptors, PollTimeout::try_from(span).unwrap_or(PollTimeout::MAX)) {
        Ok(0) | Err(Errno::EINTR) => Ok(true),
        // Without being asked a descriptor says only that its other end is gone.
        Ok(_) => Ok(false),
        Err(error) => Err(error).context("standard output cannot be watched"),
    }
}

/// What a table is put on.
trait Paper {
    /// Puts it there, if it is another than the one before.
    fn put(&mut self, data: &str, words: &[String], standing: &str) -> Result<()>;

    /// Nothing comes after it.
    fn end(&mut self) -> Result<()> {
        Ok(())
    }

    /// Whether it must be put there anew, whatever it is.
    fn is_stale(&self) -> bool {
        false
    }
}

/// One document after another; words go where words go.
#[derive(Default)]
struct Pipe {
    last: Option<String>,
    standing: String,
}

impl Paper for Pipe {
    fn put(&mut self, data: &str, words: &[String], standing: &str) -> Result<()> {
        // The words have the moment in them: they alone are no other table, and are said when the work stands otherwise.
        let same = self.last.as_deref() == Some(data);
        if same && self.standing == standing {
            return Ok(());
        }
        standing.clone_into(&mut self.standing);
        words.iter().for_each(|line| say(line));
        if same {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        if self.last.is_some() && !data.is_empty() {
            out.write_all(b"\n")?;
        }
        out.write_all(data.as_bytes())?;
        out.flush()?;
        self.last = Some(data.to_owned());
        Ok(())
    }
}

/// A screen: lines that differ are painted, the others stay.
#[derive(Default)]
struct Screen {
    size: (u16, u16),
    lines: Vec<String>,
}

fn size() -> (u16, u16) {
    crossterm::terminal::size().unwrap_or((80, 24))
}

impl Paper for Screen {
    fn put(&mut self, data: &str, words: &[String], _: &str) -> Result<()> {
        let size = size();
        // Of the words none is left out: how the daemon is stands at their end.
        let words = words.iter().flat_map(|line| wrapped(line, size.0));
        let lines = fitted(words.chain(data.lines().map(str::to_owned)), size);
        let mut painted = String::new();
        if self.size != size {
            // To the top, everything from there on empty.
            painted += "\x1b[H\x1b[2J";
            self.lines.clear();
        }
        painted += &differing(&self.lines, &lines);
        (self.size, self.lines) = (size, lines);
        if !painted.is_empty() {
            let mut out = io::stdout().lock();
            out.write_all(painted.as_bytes())?;
            out.flush()?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        // Ctrl-C stands on the line below the table.
        Ok(io::stdout().lock().write_all(b"\n")?)
    }

    fn is_stale(&self) -> bool {
        self.size != size()
    }
}

/// As many lines as there are, each cut to the width; what is left out is counted in the last. The line below them stays
/// empty: there the cursor rests.
fn fitted(lines: impl Iterator<Item = String>, (width, height): (u16, u16)) -> Vec<String> {
    let mut lines: Vec<String> = lines.map(|line| cut(&line, width)).collect();
    let room = usize::from(height).saturating_sub(1);
    if lines.len() > room && room > 0 {
        let more = lines.len() - (room - 1);
        lines.truncate(room - 1);
        lines.push(cut(&format!("… {more} more rows: without --watch, or in the console"), width));
    }
    lines
}

/// A line as several, broken at its blanks.
fn wrapped(line: &str, width: u16) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        match lines.last_mut() {
            Some(last) if last.is_empty() => last.push_str(word),
            Some(last) if last.width() + 1 + word.width() <= usize::from(width) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn cut(line: &str, width: u16) -> String {
    let mut room = usize::from(width);
    let fits = |c: &char| {
        let taken = room.checked_sub(c.width().unwrap_or(0));
        room = taken.unwrap_or(0);
        taken.is_some()
    };
    line.chars().take_while(fits).collect()
}

/// What paints the lines that differ, and leaves the cursor below the last.
fn differing(before: &[String], now: &[String]) -> String {
    use std::fmt::Write as _;
    let mut painted = String::new();
    for (number, line) in now.iter().enumerate().filter(|(number, line)| before.get(*number) != Some(*line)) {
        // Writing to a String cannot fail.
        let _ = write!(painted, "\x1b[{};1H{line}\x1b[K", number + 1);
    }
    let fewer = before.len() > now.len();
    if fewer || !painted.is_empty() {
        let _ = write!(painted, "\x1b[{};1H{}", now.len() + 1, if fewer { "\x1b[J" } else { "" });
    }
    painted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_gets_what_differs_and_no_more_than_it_holds() {
        let lines = |text: &str, size| fitted(text.lines().map(str::to_owned), size);
        let before = lines("HEAD\nabcdef\n摄像机\nx", (5, 24));
        assert_eq!(before, ["HEAD", "abcde", "摄像", "x"]);
        assert_eq!(differing(&before, &before), "");
        let now = lines("HEAD\nabcdef\ny", (5, 24));
        assert_eq!(differing(&before, &now), "\x1b[3;1Hy\x1b[K\x1b[4;1H\x1b[J");
        assert_eq!(differing(&now, &lines("HEAD\nabcdef\ny\nz", (5, 24))), "\x1b[4;1Hz\x1b[K\x1b[5;1H");
        let many = lines("1\n2\n3\n4\n5", (30, 4));
        assert_eq!(many, ["1", "2", "… 3 more rows: without --watch"]);
        assert_eq!(wrapped("one two, three ab", 8), ["one two,", "three ab"]);
    }
}
