//! One of this package's examples as a process of its own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A running example; it ends when dropped, because its standard input does.
#[derive(Debug)]
pub struct Peer {
    process: Child,
    lines: Vec<String>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // Where it does not mind that, it is not kept.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where cargo puts examples: beside the folder this test or benchmark runs from.
fn path(example: &str) -> Result<PathBuf, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let built = this.parent().and_then(|deps| deps.parent()).map(|profile| profile.join("examples").join(example));
    built.filter(|path| path.exists()).ok_or_else(|| format!("the example {example} is not built"))
}

impl Peer {
    /// Starts an example, with its clock off by so much where that is wanted, and reads what it says up to `ready`, or
    /// its one line.
    ///
    /// # Errors
    /// Why it cannot be had here, in words.
    pub fn start(example: &str, arguments: &[&str], clock: Option<&str>) -> Result<Self, String> {
        let path = path(example)?;
        let mut command = match clock {
            Some(offset) => {
                let mut faketime = Command::new("faketime");
                faketime.args(["-f", offset]).arg(path);
                faketime
            }
            None => Command::new(path),
        };
        let started = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = started.map_err(|error| match clock {
            Some(_) => format!("there is no faketime here ({error})"),
            None => error.to_string(),
        })?;
        let output = process.stdout.take().ok_or("its output is not piped")?;
        let wanted = if arguments.is_empty() { 1 } else { usize::MAX };
        let said = BufReader::new(output).lines().map_while(Result::ok).take(wanted);
        let lines = said.take_while(|line| line != "ready").collect::<Vec<_>>();
        if lines.is_empty() {
            return Err(format!("{example} said nothing: {:?}", process.wait()));
        }
        Ok(Self { process, lines })
    }

    /// What it said first.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}
